"""Levels, costs and movements of stock in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import bindparam, select

from app.domain.shared.ids import MovementId, ProductId, WarehouseId
from app.domain.stock import Cost, Holding, Level, Movement, Warehouse
from app.infrastructure.database.compiled import PreparedMany, prepare_many
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys, update_rows
from app.infrastructure.database.tables.stock import stock_costs, stock_levels, stock_movements
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

_BY_KEY: Final = "FORCE INDEX (PRIMARY)"
# Both locks run over the clustered key, in its order: two documents that need the same rows wait, they never deadlock.
_LOCK_COSTS = prepare_many(
    lambda n: (
        select(stock_costs.c.product_id, stock_costs.c.quantity, stock_costs.c.value, stock_costs.c.average)
        .where(stock_costs.c.company_id == bindparam("company_id"), keys(stock_costs.c.product_id, "product_id", n))
        .order_by(stock_costs.c.product_id)
        .with_for_update()
    ),
    "lock stock_costs",
    pads=True,
)
_LOCK_LEVELS = prepare_many(
    lambda n: (
        select(stock_levels.c.product_id, stock_levels.c.quantity)
        .where(
            stock_levels.c.company_id == bindparam("company_id"),
            stock_levels.c.warehouse_id == bindparam("warehouse_id"),
            keys(stock_levels.c.product_id, "product_id", n),
        )
        .order_by(stock_levels.c.product_id)
        .with_for_update()
        # The index by product holds the whole key too; for several products InnoDB takes either, and would lock both.
        .with_hint(stock_levels, _BY_KEY, "mariadb")
        .with_hint(stock_levels, _BY_KEY, "mysql")
    ),
    "lock stock_levels",
    pads=True,
)
_NEW_COSTS = prepare_many(insert_rows(stock_costs, ("product_id", "quantity", "value", "average")))
_NEW_LEVELS = prepare_many(insert_rows(stock_levels, ("product_id", "quantity"), common=("company_id", "warehouse_id")))
_SAVE_COSTS = prepare_many(update_rows(stock_costs, ("quantity", "value", "average"), match=("product_id",)))
_SAVE_LEVELS = prepare_many(
    update_rows(stock_levels, ("quantity",), match=("product_id",), common=("company_id", "warehouse_id"))
)
_MOVED: Final = ("product_id", "kind", "quantity", "level", "unit_cost", "value", "reason", "shipment_id", "date", "at")
_NEW_MOVEMENTS = prepare_many(insert_rows(stock_movements, _MOVED, common=("company_id", "warehouse_id")))


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

    def lock(self, wanted: Mapping[WarehouseId, Iterable[ProductId]]) -> None:
        """Lock the costs and levels of products in several warehouses; holding them again then waits for nobody."""
        places = {place: sorted(set(products)) for place, products in sorted(wanted.items())}
        self._costs(sorted({product for products in places.values() for product in products}))
        for place, products in places.items():
            self._levels(place, products)

    def post(self, holdings: Iterable[Holding], movements: Sequence[Movement]) -> Sequence[Movement]:
        """Store what the held levels and costs became and append ``movements``; they come back with their ids."""
        held = sorted(holdings, key=lambda holding: holding.level.product)
        if not movements:
            return []
        place = held[0].level.warehouse
        self._session.many(_SAVE_COSTS, [_cost_row(h.cost) for h in held], company_id=self._company)
        levels = [_level_row(h.level) for h in held]
        self._session.many(_SAVE_LEVELS, levels, company_id=self._company, warehouse_id=place)
        rows = list(map(_movement_row, movements))
        ids = self._session.insert_many(_NEW_MOVEMENTS, rows, company_id=self._company, warehouse_id=place)
        return [replace(movement, id=MovementId(key)) for movement, key in zip(movements, ids, strict=True)]

    def _costs(self, products: Sequence[ProductId]) -> dict[ProductId, Cost]:
        rows = self._session.all_of(_LOCK_COSTS, _wanted(products), lock=Lock.cost(products), company_id=self._company)
        found = {row[0]: Cost(product=row[0], quantity=row[1], value=row[2], average=row[3]) for row in rows}
        missing = {product: Cost(product=product) for product in products if product not in found}
        if missing:
            self._make(_NEW_COSTS, list(map(_cost_row, missing.values())))
        return found | missing

    def _levels(self, warehouse: WarehouseId, products: Sequence[ProductId]) -> dict[ProductId, Level]:
        lock, held = Lock.level(warehouse, products), _wanted(products)
        rows = self._session.all_of(_LOCK_LEVELS, held, lock=lock, company_id=self._company, warehouse_id=warehouse)
        found = {row[0]: Level(warehouse=warehouse, product=row[0], quantity=row[1]) for row in rows}
        missing = {product: Level(warehouse=warehouse, product=product) for product in products if product not in found}
        if missing:
            self._make(_NEW_LEVELS, list(map(_level_row, missing.values())), warehouse_id=warehouse)
        return found | missing

    def _make(self, statement: PreparedMany, rows: Sequence[Mapping[str, Any]], **common: WarehouseId) -> None:
        """Insert rows not met before; our own insert locks them. Raises RolledBack when another was first."""
        try:
            self._session.many(statement, rows, company_id=self._company, **common)
        except ConstraintViolated as violated:
            raise RolledBack from violated


def _wanted(products: Iterable[ProductId]) -> list[dict[str, ProductId]]:
    return [{"product_id": product} for product in products]


def _cost_row(cost: Cost) -> dict[str, Any]:
    return {
        "product_id": cost.product,
        "quantity": cost.quantity,
        "value": cost.value,
        "average": cost.average,
    }


def _level_row(level: Level) -> dict[str, Any]:
    return {"product_id": level.product, "quantity": level.quantity}


def _movement_row(movement: Movement) -> dict[str, Any]:
    return {
        "product_id": movement.product,
        "kind": movement.kind,
        "quantity": movement.quantity,
        "level": movement.level,
        "unit_cost": movement.unit_cost,
        "value": movement.value,
        "reason": movement.reason,
        "shipment_id": movement.shipment,
        "date": movement.on,
        "at": movement.at,
    }
