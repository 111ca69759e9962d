"""What the use cases of invoices and payments need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from app.domain.billing import Invoice, Payment
from app.domain.shared.ids import InvoiceId, PaymentId


class Invoices(Protocol):
    """Invoices of the context's company, always whole."""

    def get(self, invoice: InvoiceId, *, lock: bool = False) -> Invoice:
        """Give an invoice, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def lock_headers(self, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, Invoice]:
        """Give those that exist without their lines, locked in order of id by one statement."""
        ...

    def add(self, invoice: Invoice) -> None:
        """Store a new invoice, set its id, and its ref to ``(PROV<id>)``."""
        ...

    def save(self, invoice: Invoice) -> None:
        """Store a changed draft whole and move the version. Raises Stale."""
        ...

    def save_validated(self, invoice: Invoice) -> None:
        """Store state, dates, number and link of a draft that became final, and its VAT per rate. Raises Stale."""
        ...

    def save_settlements(self, invoices: Iterable[Invoice]) -> None:
        """Store state, reason and what was paid of locked invoices, set-wise. Raises Stale."""
        ...

    def delete(self, invoice: Invoice) -> None:
        """Remove a draft of that version. Raises Stale."""
        ...


class Payments(Protocol):
    """Payments of the context's company; they are only ever added."""

    def get(self, payment: PaymentId) -> Payment:
        """Give a payment with its allocations. Raises NotFound."""
        ...

    def add(self, payment: Payment) -> None:
        """Store a new payment with its allocations and set its id."""
        ...
