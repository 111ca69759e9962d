"""Lots in SQL, and how much of them is where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, or_, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import LotId, MovementId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.money import Quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import ZERO, Holding, Lot, LotMoved, Shelf
from app.infrastructure.database.compiled import Prepared, prepare, prepare_many
from app.infrastructure.database.constraints import taken
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys, update_rows
from app.infrastructure.database.tables.shipping import returns
from app.infrastructure.database.tables.stock import lot_levels, lots, movement_lots, stock_costs, stock_levels
from app.infrastructure.database.tables.stock import stock_movements as m
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack
from app.usecases.ports.stock import LotAway

_FIELDS: Final = ("product_id", "code", "expires_on", "made_on", "blocked")
_NAMES: Final = ("id", "version", *_FIELDS)
_COLUMNS: Final = tuple(lots.c[name] for name in _NAMES)
_MINE: Final = lots.c.company_id == bindparam("company_id")
_HERE: Final = lot_levels.c.company_id == bindparam("company_id")
_SAME: Final = and_(lots.c.company_id == lot_levels.c.company_id, lots.c.id == lot_levels.c.lot_id)
_PLACE: Final = ("company_id", "warehouse_id")

_GET = prepare(select(*_COLUMNS).where(_MINE, lots.c.id == bindparam("lot")))
_OF = prepare_many(lambda n: select(*_COLUMNS).where(_MINE, keys(lots.c.id, "lot", n)), pads=True)
_INSERT = prepare(insert(lots).values({name: bindparam(name) for name in ("company_id", "version", *_FIELDS)}))
_NEW_LOTS = prepare_many(insert_rows(lots, _FIELDS, common=("company_id", "version")))
_UPDATE = prepare(
    update(lots)
    .where(_MINE, lots.c.id == bindparam("lot"), lots.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in _FIELDS}})
)
_BY_CODES = prepare_many(
    lambda n: select(*_COLUMNS).where(
        _MINE,
        or_(
            *(
                and_(
                    lots.c.product_id == bindparam(f"product_id__{at}", type_=lots.c.product_id.type),
                    lots.c.code == bindparam(f"code__{at}", type_=lots.c.code.type),
                )
                for at in range(n)
            )
        ),
    ),
    pads=True,
)
_ON_SHELVES = prepare_many(
    lambda n: (
        select(lot_levels.c.warehouse_id, lot_levels.c.quantity, *_COLUMNS)
        .join_from(lot_levels, lots, _SAME)
        .where(
            _HERE,
            lot_levels.c.warehouse_id == bindparam("warehouse_id"),
            keys(lot_levels.c.product_id, "product_id", n),
        )
    ),
    pads=True,
)
_ANYWHERE = prepare_many(
    lambda n: (
        select(lot_levels.c.lot_id, func.sum(lot_levels.c.quantity, type_=lot_levels.c.quantity.type))
        .where(_HERE, keys(lot_levels.c.lot_id, "lot", n))
        .group_by(lot_levels.c.lot_id)
    ),
    pads=True,
)
_LEVELS = prepare_many(
    lambda n: select(lot_levels.c.lot_id, lot_levels.c.quantity).where(
        _HERE, lot_levels.c.warehouse_id == bindparam("warehouse_id"), keys(lot_levels.c.lot_id, "lot", n)
    ),
    pads=True,
)
_NEW = prepare_many(insert_rows(lot_levels, ("product_id", "lot_id", "quantity"), common=_PLACE))
_MOVE = prepare_many(update_rows(lot_levels, ("quantity",), match=("lot_id", "product_id"), common=_PLACE))
_EMPTY = prepare_many(
    lambda n: delete(lot_levels).where(
        _HERE,
        lot_levels.c.warehouse_id == bindparam("warehouse_id"),
        keys(lot_levels.c.product_id, "product_id", n),
        keys(lot_levels.c.lot_id, "lot_id", n),
    ),
    pads=True,
)
_MOVED = prepare_many(insert_rows(movement_lots, ("movement_id", "lot_id", "quantity")))

_OF_MOVEMENT: Final = and_(m.c.company_id == movement_lots.c.company_id, m.c.id == movement_lots.c.movement_id)


def _away(document: ColumnElement[bool], name: str) -> Prepared:
    """Prepare the sums of what the movements of a document did to lots, the other way round."""
    moved = func.sum(movement_lots.c.quantity, type_=movement_lots.c.quantity.type)
    return prepare(
        select(m.c.warehouse_id, moved, *_COLUMNS)
        .join_from(movement_lots, m, _OF_MOVEMENT)
        .join(lots, and_(lots.c.company_id == movement_lots.c.company_id, lots.c.id == movement_lots.c.lot_id))
        .where(m.c.company_id == bindparam("company_id"), document)
        .group_by(m.c.warehouse_id, *_COLUMNS)
        .order_by(m.c.warehouse_id, lots.c.id),
        name,
    )


_RETURNS_OF: Final = select(returns.c.id).where(
    returns.c.company_id == bindparam("company_id"), returns.c.shipment_id == bindparam("shipment")
)
_AWAY = _away(
    or_(m.c.shipment_id == bindparam("shipment"), m.c.return_id.in_(_RETURNS_OF)), "select movement_lots of shipment"
)
_CAME = _away(m.c.return_id == bindparam("back"), "select movement_lots of return")

_COST: Final = (stock_costs.c.company_id == bindparam("company_id"), stock_costs.c.product_id == bindparam("product"))
_LOCK_COST = prepare(select(stock_costs.c.tracking).where(*_COST).with_for_update(), "lock stock_costs")
_NEW_COST = prepare(
    insert(stock_costs).values(
        company_id=bindparam("company_id"),
        product_id=bindparam("product"),
        tracking=bindparam("tracking"),
        quantity=bindparam("zero"),
        value=bindparam("zero_value"),
        average=bindparam("zero_average"),
    )
)
_TRACK = prepare(update(stock_costs).where(*_COST).values(tracking=bindparam("new_tracking")))
_IN_STOCK = prepare(
    select(stock_levels.c.warehouse_id)
    .where(
        stock_levels.c.company_id == bindparam("company_id"),
        stock_levels.c.product_id == bindparam("product"),
        stock_levels.c.quantity != bindparam("zero"),
    )
    .limit(1),
    "select stock_levels.any",
)


class SqlLots:
    """Lots of the context's company, in rows of ``lots``, ``lot_levels`` and ``movement_lots``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, lot: LotId) -> Lot:
        """Give a lot. Raises NotFound."""
        row = self._session.one(_GET, company_id=self._company, lot=lot)
        if row is None:
            raise NotFound(kind="lot", id=lot)
        return _lot(row)

    def of(self, wanted: Iterable[LotId]) -> Mapping[LotId, Lot]:
        """Give lots by id."""
        rows = self._session.all_of(_OF, [{"lot": one} for one in sorted(set(wanted))], company_id=self._company)
        return {LotId(row[0]): _lot(row) for row in rows}

    def add(self, lot: Lot) -> None:
        """Store a new lot and set its id. Raises Taken for the code."""
        with taken(_codes(lot)):
            lot.id = LotId(self._session.insert(_INSERT, company_id=self._company, version=1, **_values(lot)))
        lot.version = 1

    def add_many(self, lots: Sequence[Lot]) -> None:
        """Store lots met for the first time and set their ids. Raises RolledBack when somebody else was first."""
        try:
            made = self._session.insert_many(_NEW_LOTS, list(map(_values, lots)), company_id=self._company, version=1)
        except ConstraintViolated as violated:
            raise RolledBack from violated
        for lot, key in zip(lots, made, strict=True):
            lot.id, lot.version = LotId(key), 1

    def save(self, lot: Lot) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        seen, now = lot.version, lot.version + 1
        with taken(_codes(lot)):
            stored = self._session.run(
                _UPDATE, company_id=self._company, lot=lot.id, seen=seen, now=now, **_values(lot)
            )
        if not stored:
            raise Stale(seen=seen)
        lot.version = now

    def track(self, product: ProductId, tracking: Tracking) -> bool:
        """Say from now on how a product is tracked, its cost locked; False when some of it is in stock."""
        key: dict[str, Any] = {"company_id": self._company, "product": product}
        known = self._session.one(_LOCK_COST, lock=Lock.cost([product]), **key)
        if known is None:
            zeros = dict.fromkeys(("zero", "zero_value", "zero_average"), ZERO)
            try:
                self._session.run(_NEW_COST, **key, tracking=tracking, **zeros)
            except ConstraintViolated as violated:  # somebody moves the first of it just now
                raise RolledBack from violated
            return True
        if self._session.one(_IN_STOCK, **key, zero=Quantity(ZERO)) is not None:
            return False
        self._session.run(_TRACK, **key, new_tracking=tracking)
        return True

    def by_codes(self, codes: Mapping[ProductId, Iterable[str]]) -> Sequence[Lot]:
        """Give the lots of products that are called so."""
        wanted = [{"product_id": product, "code": code} for product in sorted(codes) for code in sorted(codes[product])]
        return [_lot(row) for row in self._session.all_of(_BY_CODES, wanted, company_id=self._company)]

    def levels(self, warehouse: WarehouseId, wanted: Iterable[LotId]) -> Mapping[LotId, Quantity]:
        """Give how much of each lot is in a warehouse; those of which there is nothing are left out."""
        rows = [{"lot": one} for one in sorted(set(wanted))]
        found = self._session.all_of(_LEVELS, rows, company_id=self._company, warehouse_id=warehouse)
        return {LotId(row[0]): row[1] for row in found}

    def away(self, shipment: ShipmentId) -> Sequence[LotAway]:
        """Give the lots that left with a shipment and did not come back by its returns; those put back are below zero.

        What a return put into another warehouse than it left from counts there.
        """
        return list(map(_lot_away, self._session.all(_AWAY, company_id=self._company, shipment=shipment)))

    def came(self, back: ReturnId) -> Sequence[LotAway]:
        """Give the lots that a return put into stock, below zero."""
        return list(map(_lot_away, self._session.all(_CAME, company_id=self._company, back=back)))

    def shelves(
        self, holdings: Iterable[Holding], codes: Mapping[ProductId, Iterable[str]]
    ) -> Mapping[tuple[WarehouseId, ProductId], Shelf]:
        """Give the lots of held tracked products: those that are there, and those called by ``codes``."""
        found: dict[tuple[WarehouseId, ProductId], Shelf] = {}
        for held in holdings:
            if held.cost.tracking is not Tracking.NONE:
                place, product = held.level.warehouse, held.level.product
                found[place, product] = Shelf(warehouse=place, product=product, tracking=held.cost.tracking)
        for place in sorted({place for place, _ in found}):
            wanted = [{"product_id": product} for at, product in sorted(found) if at == place]
            for row in self._session.all_of(_ON_SHELVES, wanted, company_id=self._company, warehouse_id=place):
                lot = _lot(row[2:])
                shelf = found[place, lot.product_id]
                shelf.lots[lot.id] = lot
                shelf.here[lot.id] = shelf.stored[lot.id] = row[1]
        named = self.by_codes(codes)
        for lot in named:
            for shelf in found.values():
                if shelf.product == lot.product_id:
                    shelf.lots.setdefault(lot.id, lot)
        self._count_serials(found.values(), named)
        return found

    def _count_serials(self, shelves: Iterable[Shelf], named: Iterable[Lot]) -> None:
        """Say of serial numbers that were named whether they are anywhere."""
        serial = [shelf for shelf in shelves if shelf.tracking is Tracking.SERIAL]
        products = {shelf.product for shelf in serial}
        asked = [{"lot": lot.id} for lot in sorted(named, key=lambda one: one.id) if lot.product_id in products]
        totals: dict[LotId, Quantity] = dict(self._session.all_of(_ANYWHERE, asked, company_id=self._company))
        for shelf in serial:
            shelf.anywhere.update(totals)

    def save_shelves(self, shelves: Iterable[Shelf], moved: Mapping[MovementId, Sequence[LotMoved]]) -> None:
        """Store what became of lots, and what each movement did to them."""
        for shelf in sorted(shelves, key=lambda one: (one.warehouse, one.product)):
            self._save(shelf)
        rows = [
            {"movement_id": movement, "lot_id": one.lot.id, "quantity": one.quantity}
            for movement, parts in moved.items()
            for one in parts
        ]
        self._session.many(_MOVED, rows, company_id=self._company)

    def _save(self, shelf: Shelf) -> None:
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        gone: list[dict[str, Any]] = []
        for lot, here in shelf.here.items():
            row = {"product_id": shelf.product, "lot_id": lot}
            before = shelf.stored.get(lot)
            if here == before:
                continue
            if not here:
                gone.append(row)
            else:
                (new if before is None else changed).append({**row, "quantity": here})
        place: dict[str, Any] = {"company_id": self._company, "warehouse_id": shelf.warehouse}
        self._session.many(_EMPTY, gone, **place)
        self._session.many(_MOVE, changed, **place)
        self._session.many(_NEW, new, **place)
        shelf.stored = {lot: here for lot, here in shelf.here.items() if here}


def _values(lot: Lot) -> dict[str, Any]:
    return {name: getattr(lot, name) for name in _FIELDS}


def _codes(lot: Lot) -> dict[str, tuple[str, object]]:
    return {"uq_lots_company_id_product_id_code": ("code", lot.code)}


def _lot_away(row: tuple[Any, ...]) -> LotAway:
    return LotAway(warehouse=row[0], quantity=Quantity(-row[1]), lot=_lot(row[2:]))


def _lot(row: tuple[Any, ...]) -> Lot:
    return Lot(**dict(zip(_NAMES, row, strict=True)))
