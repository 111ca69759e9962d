"""Inventories and their count sheets in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, and_, bindparam, delete, func, insert, select, update

from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import InventoryId, LocationId, ProductId, WarehouseId
from app.domain.shared.money import Quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import Counted, Inventory, SheetLine
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.repositories.documents import by_id, locking, provisional
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys, update_rows
from app.infrastructure.database.tables.stock import (
    inventories,
    inventory_counts,
    inventory_lines,
    lot_levels,
    stock_costs,
    stock_levels,
    stock_places,
)
from app.usecases.context import Context

_HEADER: Final = ("warehouse_id", "location_id", "date", "note", "blind", "zero_uncounted", "value")
_COLUMNS: Final = ("id", "version", "ref", "status", *_HEADER)
_LINE: Final = (
    "position",
    "product_id",
    "lot_id",
    "location_id",
    "expected",
    "booked",
    "counted",
    "counted_by",
    "counted_at",
    "variance",
    "value",
)
_COUNTED: Final = ("booked", "counted", "counted_by", "counted_at")
_LAST_PLACE: Final = 2**63
_OWNER: Final = ("company_id", "inventory_id")
_MINE: Final = (inventories.c.company_id == bindparam("company_id"), inventories.c.id == bindparam("document"))
_ON_SHEET: Final = (
    inventory_lines.c.company_id == bindparam("company_id"),
    inventory_lines.c.inventory_id == bindparam("inventory"),
)

_GET = prepare(by_id(inventories, _COLUMNS))
_LOCK = locking(inventories, _COLUMNS)
_INSERT = prepare(
    insert(inventories).values({name: bindparam(name) for name in ("company_id", "version", "status", *_HEADER)})
)
_REF = prepare(update(inventories).where(*_MINE).values(ref=bindparam("provisional")), "update inventories.ref")
_UPDATE = prepare(
    update(inventories)
    .where(*_MINE, inventories.c.version == bindparam("seen"))
    .values(version=bindparam("now"), status=bindparam("status"), ref=bindparam("ref"), value=bindparam("value"))
)
_LINES = prepare(
    select(*(inventory_lines.c[name] for name in _LINE)).where(*_ON_SHEET).order_by(inventory_lines.c.position)
)
_LINES_OF = prepare_many(
    lambda n: (
        select(*(inventory_lines.c[name] for name in _LINE))
        .where(*_ON_SHEET, keys(inventory_lines.c.product_id, "product", n))
        .order_by(inventory_lines.c.position)
    ),
    pads=True,
)
_LAST = prepare(select(func.max(inventory_lines.c.position)).where(*_ON_SHEET), "select inventory_lines.last")
_NEW_LINES = prepare_many(insert_rows(inventory_lines, _LINE, common=_OWNER))
_CLEAR = prepare(delete(inventory_lines).where(*_ON_SHEET))
_SAVE_COUNTS = prepare_many(update_rows(inventory_lines, _COUNTED, match=("position",), common=_OWNER))
_KEEP_COUNTS = prepare_many(
    insert_rows(inventory_counts, ("position", "quantity", "counted_by", "counted_at"), common=_OWNER)
)
_SAVE_VARIANCES = prepare_many(update_rows(inventory_lines, ("variance", "value"), match=("position",), common=_OWNER))
_BOOKED = prepare_many(
    lambda n: select(stock_levels.c.product_id, stock_levels.c.quantity).where(
        stock_levels.c.company_id == bindparam("company_id"),
        stock_levels.c.warehouse_id == bindparam("warehouse"),
        keys(stock_levels.c.product_id, "product", n),
    ),
    "select stock_levels.booked",
    pads=True,
)


def _expected() -> Select[Any]:
    """Give product, lot, place and quantity of all that ought to be in a warehouse."""
    by_product = and_(
        stock_costs.c.company_id == stock_levels.c.company_id, stock_costs.c.product_id == stock_levels.c.product_id
    )
    lot_there = and_(
        lot_levels.c.company_id == stock_levels.c.company_id,
        lot_levels.c.warehouse_id == stock_levels.c.warehouse_id,
        lot_levels.c.product_id == stock_levels.c.product_id,
    )
    placed = and_(
        stock_places.c.company_id == stock_levels.c.company_id,
        stock_places.c.warehouse_id == stock_levels.c.warehouse_id,
        stock_places.c.product_id == stock_levels.c.product_id,
    )
    return (
        select(
            stock_levels.c.product_id,
            lot_levels.c.lot_id,
            stock_places.c.location_id,
            func.coalesce(lot_levels.c.quantity, stock_levels.c.quantity, type_=stock_levels.c.quantity.type),
            stock_costs.c.tracking,
        )
        .join_from(stock_levels, stock_costs, by_product)
        .outerjoin(lot_levels, lot_there)
        .outerjoin(stock_places, placed)
        .where(
            stock_levels.c.company_id == bindparam("company_id"),
            stock_levels.c.warehouse_id == bindparam("warehouse"),
        )
    )


_ALL = prepare(_expected(), "select expected")
_IN_PLACES = prepare_many(
    lambda n: _expected().where(keys(stock_places.c.location_id, "location", n)), "select expected.places", pads=True
)
_OF_PRODUCTS = prepare_many(
    lambda n: _expected().where(keys(stock_levels.c.product_id, "product", n)), "select expected.products", pads=True
)


class SqlInventories:
    """Inventories of the context's company, in rows of ``inventories``, their lines and the counts of these."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def get(self, inventory: InventoryId, *, lock: bool = False) -> Inventory:
        """Give an inventory, locked until the end of the transaction if asked. Raises NotFound."""
        held = Lock.document("inventory", [inventory]) if lock else None
        row = self._session.one(_LOCK if lock else _GET, lock=held, company_id=self._company, document=inventory)
        if row is None:
            raise NotFound(kind="inventory", id=inventory)
        header = dict(zip(_COLUMNS, row, strict=True))
        return Inventory(state=header.pop("status"), **header)

    def add(self, inventory: Inventory, lines: Sequence[SheetLine]) -> None:
        """Store a new inventory with the products it is about; set its id, and its ref to ``(PROV<id>)``."""
        header = {"version": 1, "status": inventory.state, **{name: getattr(inventory, name) for name in _HEADER}}
        inventory.id = InventoryId(self._session.insert(_INSERT, company_id=self._company, **header))
        inventory.ref, inventory.version = provisional(inventory.id), 1
        self._session.run(_REF, company_id=self._company, document=inventory.id, provisional=inventory.ref)
        self.append(inventory.id, lines)

    def save(self, inventory: Inventory) -> None:
        """Store state, ref and value and move the version. Raises Stale."""
        seen = inventory.version
        values = {"now": seen + 1, "status": inventory.state, "ref": inventory.ref, "value": inventory.value}
        if not self._session.run(_UPDATE, company_id=self._company, document=inventory.id, seen=seen, **values):
            raise Stale(seen=seen)
        inventory.version = seen + 1

    def lines(self, inventory: InventoryId, products: Iterable[ProductId] | None = None) -> list[SheetLine]:
        """Give the lines of an inventory by position, or those of some products."""
        mine: dict[str, Any] = {"company_id": self._company, "inventory": inventory}
        if products is None:
            rows = self._session.all(_LINES, **mine)
        else:
            wanted = [{"product": product} for product in sorted(set(products))]
            rows = self._session.all_of(_LINES_OF, wanted, **mine)
        return [SheetLine(**dict(zip(_LINE, row, strict=True))) for row in rows]

    def expected(self, inventory: Inventory, locations: Iterable[LocationId] | None) -> list[SheetLine]:
        """Give a line, without a position, for each product and lot that ought to be there now."""
        mine: dict[str, Any] = {"company_id": self._company, "warehouse": inventory.warehouse_id}
        named = sorted({line.product_id for line in self.lines(inventory.id)})
        if named:
            rows = self._session.all_of(_OF_PRODUCTS, [{"product": one} for one in named], **mine)
        elif locations is not None:
            rows = self._session.all_of(_IN_PLACES, [{"location": one} for one in sorted(locations)], **mine)
        else:
            rows = self._session.all(_ALL, **mine)
        # Sorted here: databases disagree about where nothing comes.
        rows.sort(key=lambda row: (row[2] or _LAST_PLACE, row[0], row[1] or 0))
        return [
            SheetLine(position=0, product_id=row[0], lot_id=row[1], location_id=row[2], expected=row[3])
            for row in rows
            if row[1] is not None or row[4] is Tracking.NONE  # of a tracked product only its lots are counted
        ]

    def write(self, inventory: InventoryId, lines: Sequence[SheetLine]) -> None:
        """Put ``lines`` in the place of all there were."""
        self._session.run(_CLEAR, company_id=self._company, inventory=inventory)
        self.append(inventory, lines)

    def append(self, inventory: InventoryId, lines: Sequence[SheetLine]) -> None:
        """Add lines to the sheet."""
        rows = [{name: getattr(line, name) for name in _LINE} for line in lines]
        self._session.many(_NEW_LINES, rows, company_id=self._company, inventory_id=inventory)

    def last_position(self, inventory: InventoryId) -> int:
        """Give the position of the last line, 0 without lines."""
        return int(self._session.scalar(_LAST, company_id=self._company, inventory=inventory) or 0)

    def save_counts(self, inventory: InventoryId, lines: Sequence[SheetLine], counted: Sequence[Counted]) -> None:
        """Store what was counted on lines, and keep each count."""
        owner = {"company_id": self._company, "inventory_id": inventory}
        rows = [{"position": line.position, **{name: getattr(line, name) for name in _COUNTED}} for line in lines]
        self._session.many(_SAVE_COUNTS, rows, **owner)
        kept = [
            {"position": one.position, "quantity": one.quantity, "counted_by": one.by, "counted_at": one.at}
            for one in counted
        ]
        self._session.many(_KEEP_COUNTS, kept, **owner)

    def save_variances(self, inventory: InventoryId, lines: Sequence[SheetLine]) -> None:
        """Store the variances of lines and their values."""
        rows = [{"position": line.position, "variance": line.variance, "value": line.value} for line in lines]
        self._session.many(_SAVE_VARIANCES, rows, company_id=self._company, inventory_id=inventory)

    def booked(self, warehouse: WarehouseId, products: Iterable[ProductId]) -> Mapping[ProductId, Quantity]:
        """Give how much of each product is in a warehouse, without a lock."""
        wanted = [{"product": product} for product in sorted(set(products))]
        return dict(self._session.all_of(_BOOKED, wanted, company_id=self._company, warehouse=warehouse))
