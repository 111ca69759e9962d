"""What is done with invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final

from app.domain.billing import (
    AbandonReason,
    Invoice,
    InvoiceChanged,
    InvoiceDeleted,
    InvoiceLine,
    InvoiceState,
    LinesOfOrder,
    NothingToInvoice,
)
from app.domain.fields import Values
from app.domain.parties import Party
from app.domain.sales import LineQuantity, Order
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId, OrderId, PartyId
from app.domain.shared.money import Rate
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.custom import drop, fill, keep, refill
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, LineDraft, ListCase, Numbering, Versioned, customer, priced, valuation

INVOICES = Listing(
    name="invoices",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="order_id", kind=FieldKind.ID, nullable=True),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="due_date", kind=FieldKind.DATE, sortable=True),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(InvoiceState)),
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
    """An invoice as asked for: ``date`` None is today, ``due_date`` None follows the customer's payment days."""

    party_id: PartyId
    date: Day | None = None
    due_date: Day | None = None
    currency: str | None = None
    rate: Rate | None = None
    note: str = ""
    lines: tuple[LineDraft, ...]
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInvoiceDraft:
    """An invoice of an order as asked for: ``lines`` None is all that is left to invoice."""

    order_id: OrderId
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


def due_date(context: Context, party: Party, on: Day) -> Day:
    """Give the day an invoice of ``on`` is due: after the customer's payment days, or the company's."""
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
        valued = valuation(context, request.currency, request.rate)
        invoice = Invoice(
            party_id=party.id,
            date=on,
            due_date=request.due_date or due_date(context, party, on),
            valuation=valued,
            note=request.note,
            lines=priced(work, request.lines, InvoiceLine, valued),
        )
        return _enter(work, context, invoice, request.custom)


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
        party = work.parties.get(order.party_id, hold=True)
        party.known()
        on = request.date or self.clock.today(context.zone)
        invoice = Invoice(
            party_id=order.party_id,
            order_id=order.id,
            date=on,
            due_date=request.due_date or due_date(context, party, on),
            valuation=order.valuation,
            note=request.note,
            lines=_order_lines(order, request.lines),
        )
        return _enter(work, context, invoice, request.custom)


def _enter(work: Work, context: Context, invoice: Invoice, sent: Values) -> Invoice:
    """Price and store a draft with the custom values sent for it."""
    invoice.price()
    custom = fill(work, context, ObjectKind.INVOICES, sent)
    invoice.custom = custom.values
    work.invoices.add(invoice)
    keep(work, ObjectKind.INVOICES, invoice.id, custom)
    work.outbox.add(invoice.created())
    return invoice


def _order_lines(order: Order, wanted: Sequence[LineQuantity] | None) -> list[InvoiceLine]:
    if wanted is None:
        wanted = [
            LineQuantity(position=line.position, quantity=line.to_invoice) for line in order.lines if line.to_invoice
        ]
        if not wanted:
            raise NothingToInvoice(order=order.id)
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
class ChangeInvoice:
    """Change dates, note or lines of a draft; ``lines`` replaces all lines.

    Raises NotFound, Stale, InvoiceNotDraft, LinesOfOrder, and as CreateInvoice.
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
        if isinstance(lines := changes.get("lines"), tuple):
            if invoice.order_id is not None:
                raise LinesOfOrder(at=("lines",), invoice=invoice.id, order=invoice.order_id)
            invoice.lines = priced(work, lines, InvoiceLine, invoice.valuation)


@dataclass(frozen=True, slots=True)
class DeleteInvoice:
    """Delete a draft. Raises NotFound, Stale, InvoiceNotDraft."""

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the invoice."""
        invoice = work.invoices.get(InvoiceId(request.id), lock=True)
        request.matches(invoice.version)
        invoice.editable()
        work.invoices.delete(invoice)
        drop(work, ObjectKind.INVOICES, invoice.id, invoice.custom)
        work.outbox.add(InvoiceDeleted(id=invoice.id))


@dataclass(frozen=True, slots=True)
class ValidateInvoice:
    """Make a draft final: it gets the next number of its series, without a gap, and its link in the hash chain.

    Raises NotFound, InvalidTransition, OverInvoiced, OrderNotOpen, DateBeforeLast.
    """

    numbering: Numbering
    right: ClassVar[Right] = Right.INVOICES_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InvoiceId) -> Invoice:
        """Give the validated invoice."""
        invoice = work.invoices.get(request, lock=True)
        invoice.can_validate()
        if invoice.order_id is not None:
            self._count(work, invoice, invoice.order_id)
        series, number = self.numbering.take(work, context, SeriesKind.INVOICE, invoice.date)
        validated = invoice.validate(number)
        invoice.link = self.numbering.link(work, series, invoice.content())
        paid = invoice.pay_if_nothing_due()
        work.invoices.save_validated(invoice)
        work.outbox.add(validated)
        if paid is not None:
            work.outbox.add(paid)
        return invoice

    def _count(self, work: Work, invoice: Invoice, order_id: OrderId) -> None:
        order = work.orders.get(order_id, lock=True)
        order.invoice(
            [
                LineQuantity(position=line.order_position, quantity=line.quantity)
                for line in invoice.lines
                if line.order_position is not None
            ]
        )
        work.orders.save_progress(order)


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


class ListInvoices(ListCase):
    """List invoices, newest first."""

    __slots__ = ()
    right = Right.INVOICES_READ
    listing = INVOICES
