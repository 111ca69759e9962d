"""What is done with warehouses and the stock in them."""

from __future__ import annotations

from app.usecases.stock.movements import LEVELS, MOVEMENTS, ListLevels, ListMovements, Moved, MoveStock, StockMove
from app.usecases.stock.warehouses import WAREHOUSES, ChangeWarehouse, CreateWarehouse, ListWarehouses, ReadWarehouse

__all__ = [
    "LEVELS",
    "MOVEMENTS",
    "WAREHOUSES",
    "ChangeWarehouse",
    "CreateWarehouse",
    "ListLevels",
    "ListMovements",
    "ListWarehouses",
    "MoveStock",
    "Moved",
    "ReadWarehouse",
    "StockMove",
]
