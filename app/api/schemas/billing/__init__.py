"""Invoices and payments on the wire."""

from __future__ import annotations

from app.api.schemas.billing.invoices import (
    SOME_DAY,
    AbandonIn,
    InvoiceChange,
    InvoiceIn,
    InvoiceLineOut,
    InvoiceOut,
    OrderInvoiceIn,
)
from app.api.schemas.billing.payments import AllocationIn, AllocationOut, InvoicePaymentIn, PaymentIn, PaymentOut

__all__ = [
    "SOME_DAY",
    "AbandonIn",
    "AllocationIn",
    "AllocationOut",
    "InvoiceChange",
    "InvoiceIn",
    "InvoiceLineOut",
    "InvoiceOut",
    "InvoicePaymentIn",
    "OrderInvoiceIn",
    "PaymentIn",
    "PaymentOut",
]
