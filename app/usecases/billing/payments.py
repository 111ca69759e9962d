"""What is done with payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.billing import (
    Invoice,
    InvoicePaid,
    NothingPaid,
    Payment,
    PaymentMethod,
)
from app.domain.fields import Values
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, NotFound, UnknownReference
from app.domain.shared.ids import InvoiceId, PaymentId
from app.domain.shared.money import Amount, Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.custom import fill, keep
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, Numbering, valuation

PAYMENTS = Listing(
    name="payments",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="method", kind=FieldKind.CHOICE, choices=tuple(PaymentMethod)),
        ListField(name="currency", kind=FieldKind.TEXT),
        ListField(name="amount", kind=FieldKind.AMOUNT, sortable=True),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.PAYMENT), Found(Searched.PARTY, "party_id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one invoice gets of a payment; None is all that is due."""

    invoice_id: InvoiceId
    amount: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """A payment as asked for: ``date`` None is today, ``rate`` None the first invoice's own."""

    date: Day | None = None
    method: PaymentMethod = PaymentMethod.TRANSFER
    rate: Rate | None = None
    parts: tuple[Part, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Pay:
    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: PaymentDraft) -> Payment:
        """Settle the parts on their locked invoices, then give the payment with its number and link."""
        if not request.parts:
            raise NothingPaid(at=("allocations",))
        invoices = work.invoices.lock_headers({part.invoice_id for part in request.parts})
        payment: Payment | None = None
        settled: list[InvoicePaid | None] = []
        for index, part in enumerate(request.parts):
            try:
                invoice = self._find(invoices, part.invoice_id)
                payment = payment or self._start(context, request, invoice)
                settled.append(payment.pay(invoice, part.amount))
            except DomainError as error:
                raise error.within(*self._at(index)) from None
        assert payment is not None  # noqa: S101 - tells mypy; there is at least one part
        custom = fill(work, context, ObjectKind.PAYMENTS, request.custom)
        payment.custom = custom.values
        series, number = self.numbering.take(work, context, SeriesKind.PAYMENT, payment.date)
        payment.take(number)
        payment.link = self.numbering.link(work, series, payment.content())
        work.payments.add(payment)
        work.invoices.save_settlements(invoices.values())
        keep(work, ObjectKind.PAYMENTS, payment.id, custom)
        work.outbox.add(payment.received())
        for paid in filter(None, settled):
            work.outbox.add(paid)
        return payment

    def lock_all(self, work: Work, context: Context, requests: Sequence[PaymentDraft]) -> None:
        """Lock the invoices that ``requests`` pay, then the series that number them."""
        work.invoices.lock_headers({part.invoice_id for request in requests for part in request.parts})
        self.numbering.lock_all(work, context, SeriesKind.PAYMENT, {request.date for request in requests})

    def _find(self, invoices: Mapping[InvoiceId, Invoice], wanted: InvoiceId) -> Invoice:
        """Give the locked invoice. Raises UnknownReference."""
        if wanted not in invoices:
            raise UnknownReference(at=("invoice_id",), kind="invoice", value=wanted)
        return invoices[wanted]

    def _at(self, index: int) -> tuple[str | int, ...]:
        """Give where the part stands in the caller's input."""
        return ("allocations", index)

    def _start(self, context: Context, draft: PaymentDraft, invoice: Invoice) -> Payment:
        code = invoice.valuation.currency.code
        rate = invoice.valuation.rate if draft.rate is None else draft.rate
        valued = valuation(context, code, rate)
        return Payment(
            party_id=invoice.party_id,
            date=draft.date or self.clock.today(context.zone),
            method=draft.method,
            currency=valued.currency,
            rate=valued.rate,
            company_currency=valued.company_currency,
        )


@dataclass(frozen=True, slots=True)
class PayInvoice(_Pay):
    """Enter a payment of one invoice, in part or in full.

    Raises NotFound, Overpaid, InvoiceNotOpen, PaymentNotPositive.
    """

    def _find(self, invoices: Mapping[InvoiceId, Invoice], wanted: InvoiceId) -> Invoice:
        """Give the locked invoice, which the caller's path names. Raises NotFound."""
        if wanted not in invoices:
            raise NotFound(kind="invoice", id=wanted)
        return invoices[wanted]

    def _at(self, index: int) -> tuple[str | int, ...]:
        """Give the root."""
        return ()


@dataclass(frozen=True, slots=True)
class CreatePayment(_Pay):
    """Enter a payment of several invoices of one customer and currency.

    Raises NothingPaid, UnknownReference, MixedPayment, PaidTwice, Overpaid, InvoiceNotOpen, PaymentNotPositive.
    """


@dataclass(frozen=True, slots=True)
class ReadPayment:
    """Show one payment. Raises NotFound."""

    right: ClassVar[Right] = Right.PAYMENTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: PaymentId) -> Payment:
        """Give the payment with its allocations."""
        return work.payments.get(request)


class ListPayments(ListCase):
    """List payments, newest first."""

    __slots__ = ()
    right = Right.PAYMENTS_READ
    listing = PAYMENTS
