"""Warehouses, levels, costs and movements in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.stock.movements import SqlStock
from app.infrastructure.database.repositories.stock.warehouses import SqlWarehouses

__all__ = ["SqlStock", "SqlWarehouses"]
