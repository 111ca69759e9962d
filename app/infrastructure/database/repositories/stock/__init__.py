"""Warehouses and the stock in them in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.stock.inventories import SqlInventories
from app.infrastructure.database.repositories.stock.locations import SqlLocations
from app.infrastructure.database.repositories.stock.lots import SqlLots
from app.infrastructure.database.repositories.stock.movements import SqlStock
from app.infrastructure.database.repositories.stock.reports import SqlStockReports
from app.infrastructure.database.repositories.stock.rules import SqlStockRules
from app.infrastructure.database.repositories.stock.transfers import SqlTransfers
from app.infrastructure.database.repositories.stock.warehouses import SqlWarehouses

__all__ = [
    "SqlInventories",
    "SqlLocations",
    "SqlLots",
    "SqlStock",
    "SqlStockReports",
    "SqlStockRules",
    "SqlTransfers",
    "SqlWarehouses",
]
