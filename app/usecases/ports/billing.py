"""What the use cases of invoices and payments need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from app.domain.billing import Credited, Invoice, InvoiceTemplate, OpenCredit, Payment, Settled
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId, InvoiceTemplateId, PartyId, PaymentId
from app.domain.shared.money import Amount


class Invoices(Protocol):
    """Invoices of the context's company, always whole."""

    def get(self, invoice: InvoiceId, *, lock: bool = False) -> Invoice:
        """Give an invoice, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def replaced(self, invoice: InvoiceId) -> Invoice:
        """Give the invoice that one already locked replaces, locked as well. Raises NotFound."""
        ...

    def credited(self, invoice: InvoiceId) -> Sequence[Credited]:
        """Give what credit notes, drafts among them, take back of an invoice, summed by its lines."""
        ...

    def deducted(self, deposit: InvoiceId) -> bool:
        """Tell whether an invoice, or its draft, deducts the deposit and no credit note gave it back."""
        ...

    def settled(self, invoice: InvoiceId) -> Sequence[Settled]:
        """Give what payments allocated to an invoice, by day."""
        ...

    def charged(self, invoice: InvoiceId) -> Amount:
        """Give what invoices of late fees ask for on account of an invoice, their drafts too."""
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


class InvoiceTemplates(Protocol):
    """Templates of invoices that come again, of the context's company, always whole."""

    def get(self, template: InvoiceTemplateId, *, lock: bool = False) -> InvoiceTemplate:
        """Give a template, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def due(self, today: Day, most: int) -> Sequence[InvoiceTemplateId]:
        """Give up to ``most`` active templates with an invoice to make up to ``today``, the longest waiting first."""
        ...

    def add(self, template: InvoiceTemplate) -> None:
        """Store a new template and set its id."""
        ...

    def save(self, template: InvoiceTemplate, *, lines: bool = True) -> None:
        """Store a changed template, its lines too unless they stay, and move the version. Raises Stale."""
        ...

    def delete(self, template: InvoiceTemplate) -> None:
        """Remove a template of that version. Raises Stale."""
        ...


class Payments(Protocol):
    """Payments of the context's company; they are only ever added, and what is left of their credit used up."""

    def get(self, payment: PaymentId) -> Payment:
        """Give a payment with its allocations. Raises NotFound."""
        ...

    def lock(self, payments: Iterable[PaymentId]) -> Mapping[PaymentId, Payment]:
        """Give those that exist without their parts, locked in order of id by one statement; none asks nothing."""
        ...

    def open_credits(self, party: PartyId) -> Sequence[OpenCredit]:
        """Give what a customer's payments and credit notes have left, at most 200 of each, oldest first."""
        ...

    def save_credits(self, payments: Iterable[Payment]) -> None:
        """Store what is left of the credit of locked payments, and what reversed them, set-wise. Raises Stale."""
        ...

    def add(self, payment: Payment) -> None:
        """Store a new payment with its allocations and set its id."""
        ...
