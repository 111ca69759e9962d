"""Orders in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.sales.orders import SqlOrders

__all__ = ["SqlOrders"]
