"""What is done with invoices and payments."""

from __future__ import annotations

from app.usecases.billing.invoices import (
    HEADER,
    INVOICES,
    AbandonInvoice,
    Abandonment,
    ChangeInvoice,
    CreateInvoice,
    DeleteInvoice,
    InvoiceDraft,
    InvoiceOrder,
    ListInvoices,
    OrderInvoiceDraft,
    ReadInvoice,
    ValidateInvoice,
    due_date,
)
from app.usecases.billing.payments import (
    PAYMENTS,
    CreatePayment,
    ListPayments,
    Part,
    PayInvoice,
    PaymentDraft,
    ReadPayment,
)

__all__ = [
    "HEADER",
    "INVOICES",
    "PAYMENTS",
    "AbandonInvoice",
    "Abandonment",
    "ChangeInvoice",
    "CreateInvoice",
    "CreatePayment",
    "DeleteInvoice",
    "InvoiceDraft",
    "InvoiceOrder",
    "ListInvoices",
    "ListPayments",
    "OrderInvoiceDraft",
    "Part",
    "PayInvoice",
    "PaymentDraft",
    "ReadInvoice",
    "ReadPayment",
    "ValidateInvoice",
    "due_date",
]
