"""What is done with invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final

from app.domain.billing import (
    AbandonReason,
    CloseReason,
    Invoice,
    InvoiceChanged,
    InvoiceDeleted,
    InvoiceKind,
    InvoiceLine,
    InvoiceState,
    NothingToInvoice,
    NotReplaceable,
)
from app.domain.fields import Values
from app.domain.parties import DueAmount, Party, instalments
from app.domain.sales import LineQuantity, Order
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId, OrderId, PartyId, PaymentTermsId, UserId
from app.domain.shared.money import Quantity, Rate
from app.domain.shared.numbering import Number
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.usecases.billing.ties import release
from app.usecases.context import Context
from app.usecases.custom import drop, fill, keep, refill
from app.usecases.parties import representative, within_credit
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, LineDraft, ListCase, Numbering, Versioned, buyer, customer, priced, valuation

INVOICES = Listing(
    name="invoices",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(InvoiceKind)),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="source_id", kind=FieldKind.ID, nullable=True),
        ListField(name="template_id", kind=FieldKind.ID, nullable=True),
        ListField(name="order_id", kind=FieldKind.ID, nullable=True),
        ListField(name="proposal_id", kind=FieldKind.ID, nullable=True),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="due_date", kind=FieldKind.DATE, sortable=True),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(InvoiceState)),
        ListField(name="representative_id", kind=FieldKind.ID, nullable=True),
        ListField(name="currency", kind=FieldKind.TEXT),
        ListField(name="total_net", kind=FieldKind.AMOUNT),
        ListField(name="total_vat", kind=FieldKind.AMOUNT),
        ListField(name="total_gross", kind=FieldKind.AMOUNT, sortable=True),
        ListField(name="paid", kind=FieldKind.AMOUNT),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.INVOICE), Found(Searched.PARTY, "party_id")),
)

HEADER: Final = ("date", "due_date", "note", "custom")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """An invoice as asked for: ``date`` None is today, ``due_date`` None follows the customer's payment terms.

    ``representative_id`` None is the customer's first representative.
    """

    kind: InvoiceKind = InvoiceKind.STANDARD
    party_id: PartyId
    date: Day | None = None
    due_date: Day | None = None
    currency: str | None = None
    rate: Rate | None = None
    representative_id: UserId | None = None
    note: str = ""
    lines: tuple[LineDraft, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInvoiceDraft:
    """An invoice of an order as asked for: ``lines`` None is all that is left to invoice."""

    order_id: OrderId
    kind: InvoiceKind = InvoiceKind.STANDARD
    date: Day | None = None
    due_date: Day | None = None
    note: str = ""
    lines: tuple[LineQuantity, ...] | None = None
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandonment:
    """Which invoice is given up, and why."""

    invoice_id: InvoiceId
    reason: AbandonReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Which invoice counts as paid though a rest is due, and why."""

    invoice_id: InvoiceId
    reason: CloseReason


def due_date(work: Work, context: Context, party: Party, on: Day) -> Day:
    """Give the day an invoice of ``on`` is due: by the customer's terms, after its payment days, or the company's."""
    if party.payment_terms_id is not None:
        return work.terms.get(party.payment_terms_id).due_date(on)
    days = context.settings.payment_days if party.payment_days is None else party.payment_days
    return on + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class CreateInvoice:
    """Enter an invoice as a draft, whole or not at all.

    Raises UnknownReference, NotACustomer, PartyArchived, ProductArchived, and what makes lines unsound, with ``at``.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InvoiceDraft) -> Invoice:
        """Give the draft with its id and totals."""
        party = customer(work, request.party_id)
        on = request.date or self.clock.today(context.zone)
        representative(work, context, request.representative_id, "representative_id")
        valued = valuation(context, request.currency, request.rate)
        invoice = Invoice(
            kind=request.kind,
            party_id=party.id,
            date=on,
            due_date=request.due_date or due_date(work, context, party, on),
            payment_terms_id=terms(party, request.due_date),
            representative_id=request.representative_id or party.representative_id,
            valuation=valued,
            note=request.note,
            lines=priced(work, request.lines, InvoiceLine, valued, party, on),
        )
        return enter(work, context, invoice, request.custom)


@dataclass(frozen=True, slots=True)
class InvoiceOrder:
    """Enter an invoice of what is left of an order, or part of it, as a draft.

    Raises NotFound, Anonymised, OrderNotOpen, NothingToInvoice, OverInvoiced, UnknownReference.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderInvoiceDraft) -> Invoice:
        """Give the draft with its id and totals."""
        order = work.orders.get(request.order_id)
        party = payer(work, order.party_id)
        on = request.date or self.clock.today(context.zone)
        invoice = Invoice(
            kind=request.kind,
            party_id=order.party_id,
            order_id=order.id,
            date=on,
            due_date=request.due_date or due_date(work, context, party, on),
            payment_terms_id=terms(party, request.due_date),
            representative_id=order.representative_id,
            valuation=order.valuation,
            note=request.note,
            lines=_order_lines(order, request.lines),
        )
        return enter(work, context, invoice, request.custom)


def terms(party: Party, named: Day | None) -> PaymentTermsId | None:
    """Give the terms an invoice is paid by: none when its due date was named."""
    return party.payment_terms_id if named is None else None


def payer(work: Work, party_id: PartyId) -> Party:
    """Give the customer of a document that another one follows, held until it is stored. Raises Anonymised."""
    party = work.parties.get(party_id, hold=True)
    party.known()
    return party


def enter(work: Work, context: Context, invoice: Invoice, sent: Values) -> Invoice:
    """Price and store a draft with the custom values sent for it."""
    invoice.price()
    custom = fill(work, context, ObjectKind.INVOICES, sent)
    invoice.custom = custom.values
    work.invoices.add(invoice)
    keep(work, ObjectKind.INVOICES, invoice.id, custom)
    work.outbox.add(invoice.created())
    return invoice


def _left(order: Order) -> list[LineQuantity]:
    left = [LineQuantity(position=line.position, quantity=line.to_invoice) for line in order.lines if line.to_invoice]
    if not left:
        raise NothingToInvoice(order=order.id)
    return left


def _order_lines(order: Order, wanted: Sequence[LineQuantity] | None) -> list[InvoiceLine]:
    wanted = _left(order) if wanted is None else wanted
    order.invoiceable(wanted)
    lines = []
    for position, part in enumerate(wanted, 1):
        line = order.line(part.position)
        lines.append(
            InvoiceLine(
                position=position,
                order_position=line.position,
                product_id=line.product_id,
                kind=line.kind,
                description=line.description,
                quantity=part.quantity,
                unit=line.unit if part.quantity == line.quantity else None,
                entered_quantity=line.entered_quantity if part.quantity == line.quantity else None,
                unit_price=line.unit_price,
                discount=line.discount,
                vat_rate=line.vat_rate,
                unit_cost=line.unit_cost,
            )
        )
    return lines


@dataclass(frozen=True, slots=True)
class ReadInvoice:
    """Show one invoice. Raises NotFound."""

    right: ClassVar[Right] = Right.INVOICES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: InvoiceId) -> Invoice:
        """Give the invoice with its lines."""
        return work.invoices.get(request)


@dataclass(frozen=True, slots=True)
class ReadInstalments:
    """Show when how much of an invoice is due, by the terms it was made under. Raises NotFound."""

    right: ClassVar[Right] = Right.INVOICES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: InvoiceId) -> tuple[Invoice, Sequence[DueAmount]]:
        """Give the invoice and its instalments; none is due after the invoice's due date, where the last one falls."""
        invoice = work.invoices.get(request)
        gross, until = invoice.totals.gross, invoice.due_date
        if invoice.payment_terms_id is None:
            return invoice, [DueAmount(until, gross)]
        plan = work.terms.get(invoice.payment_terms_id).instalments
        split = instalments(plan, gross, invoice.date, invoice.valuation.currency)
        last = max(one.due_date for one in split)
        return invoice, [
            one._replace(due_date=until if one.due_date == last else min(one.due_date, until)) for one in split
        ]


@dataclass(frozen=True, slots=True)
class ChangeInvoice:
    """Change dates, note or lines of a draft; ``lines`` replaces all lines.

    Raises NotFound, Stale, InvoiceNotDraft, LinesOfOrder, LinesOfSource, and as CreateInvoice.
    """

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Invoice:
        """Give the draft as it is now."""
        invoice = work.invoices.get(InvoiceId(request.id), lock=True)
        request.matches(invoice.version)
        invoice.editable()
        before = invoice.custom
        changes, custom = refill(work, ObjectKind.INVOICES, request.changes, before)
        self._apply(work, invoice, changes)
        invoice.price()
        work.invoices.save(invoice)
        keep(work, ObjectKind.INVOICES, invoice.id, custom, before)
        work.outbox.add(InvoiceChanged(id=invoice.id))
        return invoice

    def _apply(self, work: Work, invoice: Invoice, changes: Mapping[str, object]) -> None:
        for name in HEADER:
            if name in changes:
                setattr(invoice, name, changes[name])
        if "due_date" in changes:
            invoice.payment_terms_id = None
        elif "date" in changes and invoice.payment_terms_id is not None:
            invoice.due_date = work.terms.get(invoice.payment_terms_id).due_date(invoice.date)
        if isinstance(lines := changes.get("lines"), tuple):
            invoice.relined()
            party = buyer(work, invoice.party_id, lines)
            invoice.lines = priced(work, lines, InvoiceLine, invoice.valuation, party, invoice.date)


@dataclass(frozen=True, slots=True)
class DeleteInvoice:
    """Delete a draft. What it charges or takes back is free again. Raises NotFound, Stale, InvoiceNotDraft."""

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the invoice."""
        invoice = work.invoices.get(InvoiceId(request.id), lock=True)
        request.matches(invoice.version)
        invoice.editable()
        release(work, invoice)
        work.invoices.delete(invoice)
        drop(work, ObjectKind.INVOICES, invoice.id, invoice.custom)
        work.outbox.add(InvoiceDeleted(id=invoice.id))


@dataclass(frozen=True, slots=True)
class ValidateInvoice:
    """Make a draft final: it gets the next number of its series, without a gap, and its link in the hash chain.

    What a replacement replaces is abandoned with it. A pro forma gets a number only.

    Raises NotFound, InvalidTransition, OverInvoiced, OrderNotOpen, NotReplaceable, DateBeforeLast, CreditLimitExceeded.
    """

    numbering: Numbering
    right: ClassVar[Right] = Right.INVOICES_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InvoiceId) -> Invoice:
        """Give the validated invoice."""
        invoice = work.invoices.get(request, lock=True)
        invoice.can_validate()
        if invoice.kind is InvoiceKind.REPLACEMENT:
            self._replace(work, invoice)
        if invoice.order_id is not None:
            self._count(work, invoice, invoice.order_id)
        elif invoice.kind.sealed and invoice.totals.gross > 0:  # an order was asked for when it was validated
            owing = invoice.totals.company_gross
            within_credit(
                work, context, self.numbering.clock, invoice.party_id, invoice.credit_limit, owing, invoice.valuation
            )
        finish(self.numbering, work, context, invoice)
        return invoice

    def _replace(self, work: Work, invoice: Invoice) -> None:
        """Abandon what the invoice replaces."""
        assert invoice.source_id is not None  # noqa: S101 - tells mypy; a replacement is made of its source
        source = work.invoices.replaced(invoice.source_id)
        replaceable(work, source)
        abandoned = source.abandon(AbandonReason.REPLACED)
        work.invoices.save_settlements([source])
        work.outbox.add(abandoned)

    def _count(self, work: Work, invoice: Invoice, order_id: OrderId) -> None:
        """Count what is invoiced of the order, or no longer; a replacement charges what its source had charged."""
        if invoice.kind not in {InvoiceKind.STANDARD, InvoiceKind.CREDIT_NOTE}:
            return
        parts = [
            LineQuantity(position=line.order_position, quantity=Quantity(abs(line.quantity)))
            for line in invoice.lines
            if line.order_position is not None
        ]
        order = work.orders.get(order_id, lock=True)
        counted = order.credit(parts) if invoice.kind is InvoiceKind.CREDIT_NOTE else order.invoice(parts)
        work.orders.save_progress(order)
        if counted is not None:
            work.outbox.add(counted)


def finish(numbering: Numbering, work: Work, context: Context, invoice: Invoice) -> None:
    """Give a draft its number and its link; nothing may be locked after this. Raises DateBeforeLast."""
    kind = invoice.kind.series
    work.papers.freeze(ObjectKind.INVOICES, invoice.id)
    if invoice.kind.sealed:
        series, number = numbering.take(work, context, kind, invoice.date)
        validated = invoice.validate(number)
        invoice.link = numbering.link(work, series, invoice.content())
    else:
        ref = numbering.fast(work, context, kind, invoice.date)
        validated = invoice.validate(Number(ref=ref, number=0, period="", date=invoice.date))
    paid = invoice.pay_if_nothing_due()
    work.invoices.save_validated(invoice)
    work.outbox.add(validated)
    if paid is not None:
        work.outbox.add(paid)


def replaceable(work: Work, source: Invoice) -> None:
    """Pass only an invoice on which nothing was paid or credited. Raises WrongKind, NotReplaceable."""
    source.must_be(InvoiceKind.STANDARD, InvoiceKind.REPLACEMENT)
    if source.state is not InvoiceState.VALIDATED or source.paid or work.invoices.credited(source.id):
        raise NotReplaceable(invoice=source.id, state=source.state.value)


@dataclass(frozen=True, slots=True)
class AbandonInvoice:
    """Give up what is left due of a validated invoice. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.INVOICES_ABANDON
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Abandonment) -> Invoice:
        """Give the abandoned invoice."""
        invoice = work.invoices.get(request.invoice_id, lock=True)
        abandoned = invoice.abandon(request.reason)
        work.invoices.save_settlements([invoice])
        work.outbox.add(abandoned)
        return invoice


@dataclass(frozen=True, slots=True)
class CloseInvoice:
    """Count a validated invoice as paid and give up what is left due, with a reason.

    Raises NotFound, InvalidTransition.
    """

    right: ClassVar[Right] = Right.INVOICES_ABANDON
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Closing) -> Invoice:
        """Give the paid invoice."""
        invoice = work.invoices.get(request.invoice_id, lock=True)
        closed = invoice.close(request.reason)
        work.invoices.save_settlements([invoice])
        work.outbox.add(closed)
        return invoice


@dataclass(frozen=True, slots=True)
class ReopenInvoice:
    """Claim again what was given up of an invoice, abandoned or closed with a reason.

    Raises NotFound, and InvalidTransition for one that was paid in full or replaced.
    """

    right: ClassVar[Right] = Right.INVOICES_ABANDON
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InvoiceId) -> Invoice:
        """Give the unpaid invoice."""
        invoice = work.invoices.get(request, lock=True)
        reopened = invoice.reopen()
        work.invoices.save_settlements([invoice])
        work.outbox.add(reopened)
        return invoice


class ListInvoices(ListCase):
    """List invoices, newest first."""

    __slots__ = ()
    right = Right.INVOICES_READ
    listing = INVOICES
