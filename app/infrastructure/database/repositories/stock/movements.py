"""Levels, costs and movements of stock in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import and_, bindparam, case, or_, select, update

from app.domain.shared.ids import MovementId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import Amount, Quantity
from app.domain.stock import Cost, Holding, Level, Levels, Movement, MovementKind, Waiting, Warehouse
from app.infrastructure.database.compiled import PreparedMany, prepare, prepare_many
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import by_clustered_key, insert_rows, keys, update_rows
from app.infrastructure.database.tables.sales import order_lines as ol
from app.infrastructure.database.tables.sales import orders
from app.infrastructure.database.tables.stock import stock_costs, stock_levels, stock_movements
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack
from app.usecases.ports.stock import Gone

_COST_NAMES: Final = ("product", "quantity", "value", "average", "tracking")
MOST_SERVED: Final = 500
_LEVEL: Final = ("quantity", "reserved", "minimum")
_COST: Final = ("product_id", "quantity", "value", "average", "tracking")
# Both locks run over the clustered key, in its order: two documents that need the same rows wait, they never deadlock.
_LOCK_COSTS = prepare_many(
    lambda n: (
        select(*(stock_costs.c[name] for name in _COST))
        .where(stock_costs.c.company_id == bindparam("company_id"), keys(stock_costs.c.product_id, "product_id", n))
        .order_by(stock_costs.c.product_id)
        .with_for_update()
    ),
    "lock stock_costs",
    pads=True,
)
_LOCK_LEVELS = prepare_many(
    lambda n: (
        # The index by product holds the whole key too; for several products InnoDB takes either, and would lock both.
        by_clustered_key(
            select(*(stock_levels.c[name] for name in ("product_id", *_LEVEL)))
            .where(
                stock_levels.c.company_id == bindparam("company_id"),
                stock_levels.c.warehouse_id == bindparam("warehouse_id"),
                keys(stock_levels.c.product_id, "product_id", n),
            )
            .order_by(stock_levels.c.product_id)
            .with_for_update(),
            stock_levels,
        )
    ),
    "lock stock_levels",
    pads=True,
)
_PLACE: Final = ("warehouse_id", "product_id")


def _there(index: int) -> Any:
    """Give the condition that a level is the one named by the parameters of row ``index``."""
    c = stock_levels.c
    return and_(*(c[name] == bindparam(f"{name}__{index}", type_=c[name].type) for name in _PLACE))


def _chosen(name: str, rows: int) -> Any:
    """Give the value of a column that is the parameter of the row whose level it is."""
    column = stock_levels.c[name]
    return case(
        *((_there(index), bindparam(f"{name}__{index}", type_=column.type)) for index in range(rows)), else_=column
    )


_LOCK_PLACES = prepare_many(
    lambda n: by_clustered_key(
        select(*(stock_levels.c[name] for name in (*_PLACE, *_LEVEL)))
        .where(stock_levels.c.company_id == bindparam("company_id"), or_(*map(_there, range(n))))
        .order_by(stock_levels.c.warehouse_id, stock_levels.c.product_id)
        .with_for_update(),
        stock_levels,
    ),
    "lock stock_levels.places",
    pads=True,
)
_SAVE_PLACES = prepare_many(
    lambda n: (
        update(stock_levels)
        .where(stock_levels.c.company_id == bindparam("company_id"), or_(*map(_there, range(n))))
        .values({name: _chosen(name, n) for name in ("quantity", "reserved")})
    ),
    "update stock_levels.places",
)
_NEW_COSTS = prepare_many(insert_rows(stock_costs, _COST))
_NEW_LEVELS = prepare_many(insert_rows(stock_levels, (*_PLACE, "quantity", "reserved")))
_SAVE_COSTS = prepare_many(update_rows(stock_costs, ("quantity", "value", "average"), match=("product_id",)))
_SAVE_LEVELS = prepare_many(
    update_rows(stock_levels, ("quantity", "reserved"), match=("product_id",), common=("company_id", "warehouse_id"))
)
# Lines are written by who has their level locked, so that a receipt need not lock the orders it serves.
_WAITING = prepare_many(
    lambda n: (
        select(ol.c.order_id, ol.c.position, ol.c.product_id, ol.c.reserved, ol.c.back_ordered)
        .select_from(ol.join(orders, and_(orders.c.company_id == ol.c.company_id, orders.c.id == ol.c.order_id)))
        .where(
            ol.c.company_id == bindparam("company_id"),
            ol.c.warehouse_id == bindparam("warehouse_id"),
            keys(ol.c.product_id, "product_id", n),
            ol.c.back_ordered > 0,
        )
        .order_by(orders.c.date, ol.c.order_id, ol.c.position)
        .limit(MOST_SERVED)
    ),
    "select order_lines that wait",
    pads=True,
)
_PROMISE = prepare_many(
    update_rows(ol, ("reserved", "back_ordered"), match=("order_id", "position"), apart=2),
    "update order_lines.reserved",
)
_MOVED: Final = (
    "warehouse_id",
    "product_id",
    "kind",
    "quantity",
    "level",
    "unit_cost",
    "value",
    "reason",
    "shipment_id",
    "transfer_id",
    "inventory_id",
    "return_id",
    "date",
    "at",
)
_NEW_MOVEMENTS = prepare_many(insert_rows(stock_movements, _MOVED))
_GONE = prepare(
    select(*(stock_movements.c[name] for name in (*_PLACE, "quantity", "value")))
    .where(
        stock_movements.c.company_id == bindparam("company_id"),
        stock_movements.c.shipment_id == bindparam("shipment"),
        stock_movements.c.kind == bindparam("kind"),
    )
    .order_by(stock_movements.c.id),
    "select stock_movements.gone",
)


class SqlStock:
    """Levels, costs and the ledger of the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def hold(self, warehouse: Warehouse, products: Iterable[ProductId]) -> Mapping[ProductId, Holding]:
        """Give each product's level and cost, locked until the end of the transaction."""
        wanted = sorted(set(products))
        costs = self._costs(wanted)
        levels = self._levels(warehouse.id, wanted)
        return {product: Holding(warehouse, levels[product], costs[product]) for product in wanted}

    def hold_all(
        self, wanted: Iterable[tuple[Warehouse, ProductId]]
    ) -> Mapping[tuple[WarehouseId, ProductId], Holding]:
        """Give levels in several warehouses with their costs, locked; holdings of one product share its cost."""
        places = {(place.id, product): place for place, product in wanted}
        if len({place for place, _ in places}) == 1:
            ((here, place),) = {key[0]: place for key, place in places.items()}.items()
            held = self.hold(place, (product for _, product in places))
            return {(here, product): holding for product, holding in held.items()}
        costs = self._costs(sorted({product for _, product in places}))
        levels = self._places(sorted(places))
        return {key: Holding(place, levels[key], costs[key[1]]) for key, place in sorted(places.items())}

    def gone(self, shipment: ShipmentId) -> Sequence[Gone]:
        """Give what left with a shipment, in the order of its movements."""
        rows = self._session.all(_GONE, company_id=self._company, shipment=shipment, kind=MovementKind.SHIPMENT)
        return [
            Gone(warehouse=row[0], product=row[1], quantity=Quantity(-row[2]), value=Amount(-row[3])) for row in rows
        ]

    def lock(self, wanted: Mapping[WarehouseId, Iterable[ProductId]]) -> None:
        """Lock the costs and levels of products in several warehouses; holding them again then waits for nobody."""
        places = {place: sorted(set(products)) for place, products in sorted(wanted.items())}
        self._costs(sorted({product for products in places.values() for product in products}))
        for place, products in places.items():
            self._levels(place, products)

    def levels(self, wanted: Mapping[WarehouseId, Iterable[ProductId]]) -> Levels:
        """Give the levels of products in several warehouses, locked until the end of the transaction."""
        return {
            (place, product): level
            for place, products in sorted(wanted.items())
            for product, level in self._levels(place, sorted(set(products))).items()
        }

    def save_levels(self, levels: Iterable[Level]) -> None:
        """Store what locked levels became, without a movement: only what is reserved may differ."""
        held = sorted(levels, key=lambda one: (one.warehouse, one.product))
        if not held:
            return
        first = held[0].warehouse
        if held[-1].warehouse == first:
            rows = list(map(_promised_row, held))
            self._session.many(_SAVE_LEVELS, rows, company_id=self._company, warehouse_id=first)
        else:
            self._session.many(_SAVE_PLACES, list(map(_level_row, held)), company_id=self._company)

    def waiting(self, levels: Iterable[Level]) -> Sequence[Waiting]:
        """Give the lines that wait for the products of locked levels, by date of order, at most ``MOST_SERVED``."""
        by_place: dict[WarehouseId, list[ProductId]] = {}
        for level in levels:
            by_place.setdefault(level.warehouse, []).append(level.product)
        return [
            Waiting(
                warehouse=place, order=row[0], position=row[1], product=row[2], reserved=row[3], back_ordered=row[4]
            )
            for place, products in sorted(by_place.items())
            for row in self._session.all_of(
                _WAITING, _wanted(sorted(products)), company_id=self._company, warehouse_id=place
            )
        ]

    def promise(self, served: Sequence[Waiting]) -> None:
        """Store what lines that waited have reserved now. Their levels are locked, and saved by the caller."""
        rows = [
            {
                "order_id": line.order,
                "position": line.position,
                "reserved": line.reserved,
                "back_ordered": line.back_ordered,
            }
            for line in sorted(served, key=lambda one: (one.order, one.position))
        ]
        self._session.many(_PROMISE, rows, company_id=self._company)

    def post(self, holdings: Iterable[Holding], movements: Sequence[Movement]) -> Sequence[Movement]:
        """Store what the held levels and costs became and append ``movements``; they come back with their ids."""
        if not movements:
            return []
        held = sorted(holdings, key=lambda holding: (holding.level.warehouse, holding.level.product))
        costs = {h.cost.product: h.cost for h in held}
        rows = [_cost_change(cost) for _, cost in sorted(costs.items())]
        self._session.many(_SAVE_COSTS, rows, company_id=self._company)
        self.save_levels(holding.level for holding in held)
        ids = self._session.insert_many(_NEW_MOVEMENTS, list(map(_movement_row, movements)), company_id=self._company)
        return [replace(movement, id=MovementId(key)) for movement, key in zip(movements, ids, strict=True)]

    def _costs(self, products: Sequence[ProductId]) -> dict[ProductId, Cost]:
        rows = self._session.all_of(_LOCK_COSTS, _wanted(products), lock=Lock.cost(products), company_id=self._company)
        found = {row[0]: Cost(**dict(zip(_COST_NAMES, row, strict=True))) for row in rows}
        missing = {product: Cost(product=product) for product in products if product not in found}
        if missing:
            self._make(_NEW_COSTS, list(map(_cost_row, missing.values())))
        return found | missing

    def _levels(self, warehouse: WarehouseId, products: Sequence[ProductId]) -> dict[ProductId, Level]:
        lock, held = Lock.level(warehouse, products), _wanted(products)
        rows = self._session.all_of(_LOCK_LEVELS, held, lock=lock, company_id=self._company, warehouse_id=warehouse)
        found = {row[0]: _level(warehouse, *row) for row in rows}
        missing = {product: Level(warehouse=warehouse, product=product) for product in products if product not in found}
        if missing:
            self._make(_NEW_LEVELS, list(map(_level_row, missing.values())))
        return found | missing

    def _places(self, wanted: Sequence[tuple[WarehouseId, ProductId]]) -> dict[tuple[WarehouseId, ProductId], Level]:
        keys_wanted = [dict(zip(_PLACE, key, strict=True)) for key in wanted]
        lock = Lock.places(wanted)
        rows = self._session.all_of(_LOCK_PLACES, keys_wanted, lock=lock, company_id=self._company)
        found = {(row[0], row[1]): _level(*row) for row in rows}
        missing = {key: Level(warehouse=key[0], product=key[1]) for key in wanted if key not in found}
        if missing:
            self._make(_NEW_LEVELS, list(map(_level_row, missing.values())))
        return found | missing

    def _make(self, statement: PreparedMany, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows not met before; our own insert locks them. Raises RolledBack when another was first."""
        try:
            self._session.many(statement, rows, company_id=self._company)
        except ConstraintViolated as violated:
            raise RolledBack from violated


def _wanted(products: Iterable[ProductId]) -> list[dict[str, ProductId]]:
    return [{"product_id": product} for product in products]


def _cost_row(cost: Cost) -> dict[str, Any]:
    return {**_cost_change(cost), "tracking": cost.tracking}


def _cost_change(cost: Cost) -> dict[str, Any]:
    return {
        "product_id": cost.product,
        "quantity": cost.quantity,
        "value": cost.value,
        "average": cost.average,
    }


def _level_row(level: Level) -> dict[str, Any]:
    return {"warehouse_id": level.warehouse, **_promised_row(level)}


def _promised_row(level: Level) -> dict[str, Any]:
    return {"product_id": level.product, "quantity": level.quantity, "reserved": level.reserved}


def _level(
    warehouse: WarehouseId, product: ProductId, there: Quantity, reserved: Quantity, minimum: Quantity | None
) -> Level:
    return Level(warehouse=warehouse, product=product, quantity=there, reserved=reserved, minimum=minimum)


def _movement_row(movement: Movement) -> dict[str, Any]:
    return {
        "warehouse_id": movement.warehouse,
        "product_id": movement.product,
        "kind": movement.kind,
        "quantity": movement.quantity,
        "level": movement.level,
        "unit_cost": movement.unit_cost,
        "value": movement.value,
        "reason": movement.reason,
        "shipment_id": movement.shipment,
        "transfer_id": movement.transfer,
        "inventory_id": movement.inventory,
        "return_id": movement.return_id,
        "date": movement.on,
        "at": movement.at,
    }
