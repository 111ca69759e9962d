"""What is done with orders to banks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.domain.banking import InvoiceInOrder, SepaKind, SepaLine, SepaOrder, SepaState
from app.domain.billing import Invoice, Payment
from app.domain.fields import Filled
from app.domain.parties import PartyAccount
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, Invalid, UnknownReference
from app.domain.shared.ids import InvoiceId, PartyId, PaymentId, SepaOrderId
from app.domain.shared.money import Amount, Rate
from app.domain.shared.rights import Right
from app.usecases.billing import Entry, Touched
from app.usecases.context import Context
from app.usecases.ports.banking import SepaFiles
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import as_of_now
from app.usecases.shared import ListCase, bank_account, valuation

SEPA_ORDERS = Listing(
    name="sepa-orders",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(SepaKind)),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(SepaState)),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="account_id", kind=FieldKind.ID),
        ListField(name="amount", kind=FieldKind.AMOUNT),
        ListField(name="message_id", kind=FieldKind.TEXT, nullable=True),
    ),
    default_sort=(Sort(field="id", descending=True),),
)


class NoSuchPosition(Invalid):
    """The order has no line at this position."""

    code = "banking.no_such_position"


@dataclass(frozen=True, slots=True, kw_only=True)
class SepaSettlement:
    """What the bank did: carried the order out on ``date`` (None: today), all but the positions ``returned``.

    ``rate`` None is each invoice's own.
    """

    order_id: SepaOrderId
    date: Day | None = None
    rate: Rate | None = None
    returned: tuple[int, ...] = ()

    def carried_out(self, order: SepaOrder) -> list[SepaLine]:
        """Give the lines of ``order`` that were not returned. Raises NoSuchPosition."""
        positions = {line.position for line in order.lines}
        for index, position in enumerate(self.returned):
            if position not in positions:
                raise NoSuchPosition(at=("returned", index), position=position)
        return [line for line in order.lines if line.position not in self.returned]


@dataclass(frozen=True, slots=True, kw_only=True)
class SepaFile:
    """What goes to the bank, and the name it is kept under."""

    name: str
    content: bytes


def _paid_out(work: Work, context: Context, order: SepaOrder) -> None:
    """Pass only who may pay money out now, when the order does. Raises MissingRight."""
    if order.kind is SepaKind.CREDIT_TRANSFER:
        as_of_now(work, context, Right.PAYMENTS_OUT).require(Right.PAYMENTS_OUT)


@dataclass(frozen=True, slots=True)
class CreateSepaOrder:
    """Enter an order to the bank as a draft: unpaid invoices to collect, or credit notes to pay.

    An invoice is in one open order only; a line without an account takes the customer's preferred one. Raises
    UnknownReference, InvoiceInOrder, NotInEuro, WrongWay, InvoiceNotOpen, FractionOfMinorUnit, Overpaid, Required,
    BadIban, BadBic, AccountArchived, AccountCurrency; for credit transfers, MissingRight without the right to pay
    money out.
    """

    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: SepaOrder) -> SepaOrder:
        """Store ``request`` and give it back with its id."""
        _paid_out(work, context, request)
        request.draw_on(bank_account(work, request.account_id))
        invoices = work.invoices.lock_headers({line.invoice_id for line in request.lines})
        held = set(work.sepa_orders.held(invoices))
        preferred: dict[PartyId, PartyAccount | None] = {}
        for index, line in enumerate(request.lines):
            try:
                self._complete(work, line, invoices.get(line.invoice_id), preferred)
                line.check(request.kind)
                self._draw(invoices, held, line, request.kind)
            except DomainError as error:
                raise error.within("lines", index) from None
        work.sepa_orders.add(request)
        work.outbox.add(request.created())
        return request

    @staticmethod
    def _complete(
        work: Work, line: SepaLine, invoice: Invoice | None, preferred: dict[PartyId, PartyAccount | None]
    ) -> None:
        """Let a line without an account take the one its customer prefers; each customer is asked for it once."""
        if line.iban or invoice is None:
            return
        party = invoice.party_id
        if party not in preferred:
            preferred[party] = next((one for one in work.party_accounts.of(party) if one.preferred), None)
        line.take(preferred[party])

    @staticmethod
    def _draw(invoices: Mapping[InvoiceId, Invoice], held: set[InvoiceId], line: SepaLine, kind: SepaKind) -> None:
        invoice = invoices.get(line.invoice_id)
        if invoice is None:
            raise UnknownReference(at=("invoice_id",), kind="invoice", value=line.invoice_id)
        if invoice.id in held:
            raise InvoiceInOrder(at=("invoice_id",), invoice=invoice.ref)
        held.add(invoice.id)
        line.draws(invoice, kind)


@dataclass(frozen=True, slots=True)
class ReadSepaOrder:
    """Show one order to the bank. Raises NotFound."""

    right: ClassVar[Right] = Right.PAYMENTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: SepaOrderId) -> SepaOrder:
        """Give the order with its lines."""
        return work.sepa_orders.get(request)


@dataclass(frozen=True, slots=True)
class GenerateSepaOrder:
    """Make the order's file: it gets its message id and is ready for the bank.

    Raises NotFound, InvalidTransition; for credit transfers, MissingRight without the right to pay money out.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: SepaOrderId) -> SepaOrder:
        """Give the order as it is now."""
        order = work.sepa_orders.get(request, lock=True)
        _paid_out(work, context, order)
        generated = order.generate(self.clock.now())
        work.sepa_orders.save(order)
        work.outbox.add(generated)
        return order


@dataclass(frozen=True, slots=True)
class ReadSepaFile:
    """Give the file for the bank: pain.008 for direct debits, pain.001 for credit transfers; always the same bytes.

    Raises NotFound, NoFileYet; for credit transfers, MissingRight without the right to pay money out.
    """

    files: SepaFiles
    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: SepaOrderId) -> SepaFile:
        """Give name and content."""
        order = work.sepa_orders.get(request)
        _paid_out(work, context, order)
        order.has_file()
        return SepaFile(name=f"{order.message_id}.xml", content=self.files.write(order))


@dataclass(frozen=True, slots=True)
class CancelSepaOrder:
    """Give an order up before it is settled: its invoices are free for another. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: SepaOrderId) -> SepaOrder:
        """Give the canceled order."""
        order = work.sepa_orders.get(request, lock=True)
        canceled = order.cancel()
        work.sepa_orders.save(order)
        work.outbox.add(canceled)
        return order


@dataclass(frozen=True, slots=True)
class SettleSepaOrder(Entry):
    """Enter the payments of an order that the bank has carried out, all but those it returned.

    Raises NotFound, InvalidTransition, NoSuchPosition, Overpaid and InvoiceNotOpen for an invoice settled otherwise
    meanwhile; for credit transfers, MissingRight without the right to pay money out.
    """

    right: ClassVar[Right] = Right.PAYMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: SepaSettlement) -> SepaOrder:
        """Give the settled order with the payments of its lines."""
        # What it is about never changes; its state is read again under its lock, which comes after the invoices'.
        lines = work.sepa_orders.get(request.order_id).lines
        invoices = work.invoices.lock_headers({line.invoice_id for line in lines})
        order = work.sepa_orders.get(request.order_id, lock=True)
        _paid_out(work, context, order)
        order.can_settle()
        carried = request.carried_out(order)
        made = [self._pay(context, request, order, line, invoices[line.invoice_id]) for line in carried]
        for line, (payment, touched) in zip(carried, made, strict=True):
            self.enter(work, context, payment, touched, Filled())
            line.payment_id = payment.id
        settled = order.settle(_ids(order.lines))
        work.sepa_orders.save(order)
        work.outbox.add(settled)
        return order

    def _pay(
        self, context: Context, request: SepaSettlement, order: SepaOrder, line: SepaLine, invoice: Invoice
    ) -> tuple[Payment, Touched]:
        own = invoice.valuation
        valued = valuation(context, own.currency.code, own.rate if request.rate is None else request.rate)
        payment = Payment(
            party_id=invoice.party_id,
            date=request.date or self.clock.today(context.zone),
            method=order.kind.method,
            reference=order.message_id or "",
            account_id=order.account_id,
            currency=valued.currency,
            rate=valued.rate,
            company_currency=valued.company_currency,
        )
        out = order.kind is SepaKind.CREDIT_TRANSFER
        try:
            paid = payment.pay(invoice, Amount(-line.amount) if out else line.amount)
        except DomainError as error:
            raise error.within("lines", line.position - 1) from None
        payment.close(None)
        return payment, Touched(invoices=[invoice], events=() if paid is None else (paid,))


def _ids(lines: Collection[SepaLine]) -> list[PaymentId]:
    return [line.payment_id for line in lines if line.payment_id is not None]


class ListSepaOrders(ListCase):
    """List orders to the bank, newest first."""

    __slots__ = ()
    right = Right.PAYMENTS_READ
    listing = SEPA_ORDERS
