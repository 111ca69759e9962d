"""Stock: warehouses, levels, average cost, and the movements that are the truth behind both."""

from __future__ import annotations

from app.domain.stock.movements import (
    ZERO,
    Cost,
    CostOnlyOnReceipt,
    Holding,
    Level,
    Movement,
    MovementKind,
    NegativeCost,
    NegativeQuantity,
    NotEnoughStock,
    Occasion,
    QuantityNotPositive,
    StockMoved,
)
from app.domain.stock.warehouses import NoWarehouse, Warehouse, WarehouseArchived

__all__ = [
    "ZERO",
    "Cost",
    "CostOnlyOnReceipt",
    "Holding",
    "Level",
    "Movement",
    "MovementKind",
    "NegativeCost",
    "NegativeQuantity",
    "NoWarehouse",
    "NotEnoughStock",
    "Occasion",
    "QuantityNotPositive",
    "StockMoved",
    "Warehouse",
    "WarehouseArchived",
]
