"""Invoices and payments in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.billing.invoices import SqlInvoices
from app.infrastructure.database.repositories.billing.payments import SqlPayments

__all__ = ["SqlInvoices", "SqlPayments"]
