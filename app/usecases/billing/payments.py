"""What is done with payments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.billing import (
    Allocation,
    CreditUsed,
    Invoice,
    InvoicePaid,
    NothingPaid,
    Payment,
    PaymentMethod,
)
from app.domain.fields import Filled, Values
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, NotFound, UnknownReference
from app.domain.shared.events import Event
from app.domain.shared.ids import BankAccountId, InvoiceId, PartyId, PaymentId
from app.domain.shared.money import Amount, Currency, Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.custom import fill, keep
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import as_of_now
from app.usecases.shared import ListCase, Numbering, bank_account, valuation

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
        ListField(name="credit_left", kind=FieldKind.AMOUNT),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.PAYMENT), Found(Searched.PARTY, "party_id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one invoice gets of a payment, or what is taken of the credit that payment ``credit_of`` left.

    An amount of None is all that is due, or left.
    """

    invoice_id: InvoiceId | None = None
    credit_of: PaymentId | None = None
    amount: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """A payment as asked for: ``date`` None is today, ``rate`` None the first part's own.

    ``amount`` None is what the parts add up to; what is above that is the customer's credit.
    """

    date: Day | None = None
    method: PaymentMethod = PaymentMethod.TRANSFER
    rate: Rate | None = None
    amount: Amount | None = None
    reference: str = ""
    account_id: BankAccountId | None = None
    parts: tuple[Part, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A payment to be undone, and why; ``date`` None is today, or the payment's own when that is later."""

    payment_id: PaymentId
    date: Day | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a payment changed: invoices, payments whose credits it used, the one it reversed; and what that caused."""

    invoices: Collection[Invoice]
    sources: Collection[Payment] = ()
    events: Sequence[Event] = ()
    reversed: Payment | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What ends the entry of every payment: its number and link, then set-wise writes only."""

    clock: Clock
    numbering: Numbering

    def enter(self, work: Work, context: Context, payment: Payment, touched: Touched, custom: Filled) -> None:
        """Take number and link of ``payment``, and store it with what it settled."""
        payment.custom = custom.values
        series, number = self.numbering.take(work, context, SeriesKind.PAYMENT, payment.date)
        payment.take(number)
        payment.link = self.numbering.link(work, series, payment.content())
        work.payments.add(payment)
        work.invoices.save_settlements(touched.invoices)
        keep(work, ObjectKind.PAYMENTS, payment.id, custom)
        work.outbox.add(payment.received())
        for event in touched.events:
            work.outbox.add(event)
        for source in touched.sources:
            if taken := payment.used_of(source.id):
                used = CreditUsed(id=source.id, payment=payment.id, amount=taken, left=source.credit_left)
                work.outbox.add(used)
        if touched.reversed is not None:
            work.outbox.add(touched.reversed.reversed(payment))
        work.payments.save_credits(touched.sources)


@dataclass(frozen=True, slots=True)
class _Pay(Entry):
    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: PaymentDraft) -> Payment:
        """Settle the parts on their locked invoices, then give the payment with its number and link."""
        if not request.parts:
            raise NothingPaid(at=("allocations",))
        invoices = work.invoices.lock_headers({part.invoice_id for part in request.parts if part.invoice_id})
        sources = work.payments.lock({part.credit_of for part in request.parts if part.credit_of})
        payment: Payment | None = None
        settled: list[InvoicePaid | None] = []
        for index, part in enumerate(request.parts):
            try:
                if part.credit_of is not None:
                    source = self._credit(sources, part.credit_of)
                    payment = payment or self._start(context, request, source.party_id, source.currency, source.rate)
                    payment.use(source, part.amount)
                else:
                    invoice = self._find(invoices, part.invoice_id)
                    valued = invoice.valuation
                    payment = payment or self._start(context, request, invoice.party_id, valued.currency, valued.rate)
                    rest = None if request.amount is None else Amount(request.amount - payment.amount)
                    settled.append(payment.pay(invoice, part.amount, rest))
            except DomainError as error:
                raise error.within(*self._at(index)) from None
        assert payment is not None  # noqa: S101 - tells mypy; there is at least one part
        payment.close(request.amount)
        if payment.account_id is not None:
            bank_account(work, payment.account_id).serves(payment.currency)
        if payment.amount < 0:
            as_of_now(work, context, Right.PAYMENTS_OUT).require(Right.PAYMENTS_OUT)
        custom = fill(work, context, ObjectKind.PAYMENTS, request.custom)
        touched = Touched(invoices=invoices.values(), sources=sources.values(), events=tuple(filter(None, settled)))
        self.enter(work, context, payment, touched, custom)
        return payment

    def lock_all(self, work: Work, context: Context, requests: Sequence[PaymentDraft]) -> None:
        """Lock the invoices and credits that ``requests`` are about, then the series that number them."""
        parts = [part for request in requests for part in request.parts]
        work.invoices.lock_headers({part.invoice_id for part in parts if part.invoice_id})
        work.payments.lock({part.credit_of for part in parts if part.credit_of})
        self.numbering.lock_all(work, context, SeriesKind.PAYMENT, {request.date for request in requests})

    def _find(self, invoices: Mapping[InvoiceId, Invoice], wanted: InvoiceId | None) -> Invoice:
        """Give the locked invoice. Raises UnknownReference."""
        if wanted is None or wanted not in invoices:
            raise UnknownReference(at=("invoice_id",), kind="invoice", value=wanted)
        return invoices[wanted]

    def _credit(self, sources: Mapping[PaymentId, Payment], wanted: PaymentId) -> Payment:
        """Give the locked payment whose credit is used. Raises UnknownReference."""
        if wanted not in sources:
            raise UnknownReference(at=("credit_of",), kind="payment", value=wanted)
        return sources[wanted]

    def _at(self, index: int) -> tuple[str | int, ...]:
        """Give where the part stands in the caller's input."""
        return ("allocations", index)

    def _start(self, context: Context, draft: PaymentDraft, party: PartyId, currency: Currency, rate: Rate) -> Payment:
        valued = valuation(context, currency.code, rate if draft.rate is None else draft.rate)
        return Payment(
            party_id=party,
            date=draft.date or self.clock.today(context.zone),
            method=draft.method,
            reference=draft.reference,
            account_id=draft.account_id,
            currency=valued.currency,
            rate=valued.rate,
            company_currency=valued.company_currency,
        )


@dataclass(frozen=True, slots=True)
class PayInvoice(_Pay):
    """Enter a payment of one invoice, in part or in full; of a credit note it is a refund, below zero.

    Raises NotFound, Overpaid, InvoiceNotOpen, PaymentNotPositive, RefundNotNegative, AllocatedMore; for a refund,
    MissingRight without the right to pay money out.
    """

    def _find(self, invoices: Mapping[InvoiceId, Invoice], wanted: InvoiceId | None) -> Invoice:
        """Give the locked invoice, which the caller's path names. Raises NotFound."""
        if wanted is None or wanted not in invoices:
            raise NotFound(kind="invoice", id=wanted)
        return invoices[wanted]

    def _at(self, index: int) -> tuple[str | int, ...]:
        """Give the root."""
        return ()


@dataclass(frozen=True, slots=True)
class CreatePayment(_Pay):
    """Enter a payment of several invoices of one customer and currency; an offset settles them with credits.

    Raises NothingPaid, UnknownReference, MixedPayment, PaidTwice, CreditTwice, Overpaid, CreditExceeded,
    InvoiceNotOpen, PaymentNotPositive, RefundNotNegative, DatedBefore, AllocatedMore, OffsetNotZero, NothingMoved; when
    money is given back, MissingRight without the right to pay money out.
    """


@dataclass(frozen=True, slots=True)
class ReversePayment(Entry):
    """Undo a payment by another: its invoices are due again, the credit it left is gone, what it used is back.

    Raises NotFound, PaymentReversedBefore, ReversalFinal, DatedBefore, CreditAlreadyUsed, and InvoiceNotOpen for an
    abandoned invoice.
    """

    right: ClassVar[Right] = Right.PAYMENTS_OUT
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Reversal) -> Payment:
        """Give the reversing payment."""
        payment = work.payments.get(request.payment_id)
        invoices = work.invoices.lock_headers({part.invoice_id for part in payment.allocations})
        locked = work.payments.lock({payment.id, *(use.credit_of for use in payment.uses)})
        original = locked[payment.id]
        original.allocations, original.uses = payment.allocations, payment.uses
        reversal = original.reverse(request.date or max(original.date, self.clock.today(context.zone)), request.reason)
        unpaid = [
            invoices[part.invoice_id].take_back(part.amount, part.company_amount) for part in _by_invoice(original)
        ]
        for use in reversal.uses:
            locked[use.credit_of].spend(use.amount, use.company_amount)
        touched = Touched(
            invoices=invoices.values(),
            sources=locked.values(),
            events=tuple(filter(None, unpaid)),
            reversed=original,
        )
        self.enter(work, context, reversal, touched, Filled())
        return reversal


def _by_invoice(payment: Payment) -> Iterable[Allocation]:
    """Give what was allocated to each invoice in one sum, differences with it."""
    sums: dict[InvoiceId, Allocation] = {}
    for part in payment.allocations:
        before = sums.get(part.invoice_id)
        sums[part.invoice_id] = part if before is None else before.plus(part)
    return sums.values()


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
