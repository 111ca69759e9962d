"""Orders on the wire."""

from __future__ import annotations

from app.api.schemas.sales.orders import SOME_DAY, OrderChange, OrderIn, OrderLineOut, OrderOut

__all__ = ["SOME_DAY", "OrderChange", "OrderIn", "OrderLineOut", "OrderOut"]
