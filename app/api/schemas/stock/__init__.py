"""Warehouses and stock movements on the wire."""

from __future__ import annotations

from app.api.schemas.stock.movements import MovedOut, MovementOut, StockMoveIn
from app.api.schemas.stock.warehouses import WarehouseChange, WarehouseIn, WarehouseOut

__all__ = ["MovedOut", "MovementOut", "StockMoveIn", "WarehouseChange", "WarehouseIn", "WarehouseOut"]
