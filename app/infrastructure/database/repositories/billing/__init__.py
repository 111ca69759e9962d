"""Invoices and payments in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.billing.invoices import SqlInvoices
from app.infrastructure.database.repositories.billing.payments import SqlPayments
from app.infrastructure.database.repositories.billing.templates import SqlInvoiceTemplates

__all__ = ["SqlInvoiceTemplates", "SqlInvoices", "SqlPayments"]
