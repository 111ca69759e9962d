"""Warehouses and the stock in them on the wire."""

from __future__ import annotations

from app.api.schemas.stock.inventories import (
    CountedLineOut,
    CountLineIn,
    CountsIn,
    CountsOut,
    InventoryIn,
    InventoryOut,
)
from app.api.schemas.stock.locations import (
    LocationChange,
    LocationIn,
    LocationOut,
    PlacementIn,
)
from app.api.schemas.stock.lots import (
    ArrivingLotIn,
    LotChange,
    LotIn,
    LotMovedOut,
    LotOut,
    NamedLotIn,
)
from app.api.schemas.stock.movements import (
    MovedOut,
    MovementOut,
    StockMoveIn,
)
from app.api.schemas.stock.rules import (
    StockRuleChange,
    StockRuleIn,
    StockRuleOut,
)
from app.api.schemas.stock.transfers import (
    TransferIn,
    TransferLineIn,
    TransferLineOut,
    TransferOut,
)
from app.api.schemas.stock.warehouses import (
    WarehouseChange,
    WarehouseIn,
    WarehouseOut,
)

__all__ = [
    "ArrivingLotIn",
    "CountLineIn",
    "CountedLineOut",
    "CountsIn",
    "CountsOut",
    "InventoryIn",
    "InventoryOut",
    "LocationChange",
    "LocationIn",
    "LocationOut",
    "LotChange",
    "LotIn",
    "LotMovedOut",
    "LotOut",
    "MovedOut",
    "MovementOut",
    "NamedLotIn",
    "PlacementIn",
    "StockMoveIn",
    "StockRuleChange",
    "StockRuleIn",
    "StockRuleOut",
    "TransferIn",
    "TransferLineIn",
    "TransferLineOut",
    "TransferOut",
    "WarehouseChange",
    "WarehouseIn",
    "WarehouseOut",
]
