"""What is done with orders."""

from __future__ import annotations

from app.usecases.sales.orders import (
    HEADER,
    ORDERS,
    CancelOrder,
    ChangeOrder,
    CloseOrder,
    CreateOrder,
    DeleteOrder,
    ListOrders,
    OrderDraft,
    ReadOrder,
    ValidateOrder,
)

__all__ = [
    "HEADER",
    "ORDERS",
    "CancelOrder",
    "ChangeOrder",
    "CloseOrder",
    "CreateOrder",
    "DeleteOrder",
    "ListOrders",
    "OrderDraft",
    "ReadOrder",
    "ValidateOrder",
]
