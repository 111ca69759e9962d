"""What the use cases of stock need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.stock import Holding, Movement, Warehouse


class Warehouses(Protocol):
    """Warehouses of the context's company."""

    def get(self, warehouse: WarehouseId) -> Warehouse:
        """Give a warehouse. Raises NotFound."""
        ...

    def by_ref(self, ref: str) -> Warehouse | None:
        """Give the warehouse called ``ref``."""
        ...

    def add(self, warehouse: Warehouse) -> None:
        """Store a new warehouse and set its id. Raises Taken for the ref."""
        ...

    def save(self, warehouse: Warehouse) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...


class Stock(Protocol):
    """Levels, costs and the ledger of the context's company."""

    def hold(self, warehouse: Warehouse, products: Iterable[ProductId]) -> Mapping[ProductId, Holding]:
        """Give each product's level and cost locked until the end of the transaction.

        Rows that are not there yet are made first, set-wise in key order; then the cost rows are locked by product,
        then the level rows by (warehouse, product), so that two debits never deadlock (ERP-07).
        """
        ...

    def lock(self, wanted: Mapping[WarehouseId, Iterable[ProductId]]) -> None:
        """Lock the costs and levels of products in several warehouses; holding them again then waits for nobody.

        The order is that of ``hold``: all costs by product, then all levels by (warehouse, product).
        """
        ...

    def post(self, holdings: Iterable[Holding], movements: Sequence[Movement]) -> Sequence[Movement]:
        """Store what the held levels and costs became and append ``movements``; they come back with their ids."""
        ...
