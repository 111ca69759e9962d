"""What is done with deposits: charging and deducting them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from app.domain.billing import Invoice, InvoiceKind, deduct, deposit_lines, deposit_of
from app.domain.fields import Values
from app.domain.shared.dates import Day
from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import InvoiceId, OrderId
from app.domain.shared.money import Rate
from app.domain.shared.rights import Right
from app.usecases.billing.invoices import due_date, enter, payer, terms
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import valuation


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositDraft:
    """A deposit on an order as asked for: ``percent`` of its gross, or a gross ``amount``; ``rate`` None is its own."""

    order_id: OrderId
    percent: Rate | None = None
    amount: Decimal | None = None
    rate: Rate | None = None
    date: Day | None = None
    due_date: Day | None = None
    note: str = ""
    description: str = ""
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChargeDeposit:
    """Enter a deposit on an order as a draft, split by the order's VAT rates.

    Raises NotFound, Anonymised, OrderNotOpen, BadDeposit, BadExchangeRate.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: DepositDraft) -> Invoice:
        """Give the draft with its id and totals."""
        order = work.orders.get(request.order_id)
        order.invoiceable(())
        party = payer(work, order.party_id)
        valued = order.valuation
        if request.rate is not None:
            valued = valuation(context, valued.currency.code, request.rate)
        gross = deposit_of(request.percent, request.amount, order.totals, valued)
        on = request.date or self.clock.today(context.zone)
        deposit = Invoice(
            kind=InvoiceKind.DEPOSIT,
            party_id=party.id,
            order_id=order.id,
            date=on,
            due_date=request.due_date or due_date(work, context, party, on),
            payment_terms_id=terms(party, request.due_date),
            representative_id=order.representative_id,
            valuation=valued,
            note=request.note,
            lines=deposit_lines(gross, order.vat, valued, request.description or order.ref),
        )
        return enter(work, context, deposit, request.custom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """Which deposit is deducted on which draft."""

    invoice_id: InvoiceId
    deposit_id: InvoiceId


@dataclass(frozen=True, slots=True)
class DeductDeposit:
    """Deduct a paid deposit, or what is not credited of it, on a draft invoice of the same customer and currency.

    Raises NotFound, UnknownReference, InvoiceNotDraft, WrongKind, DepositDiffers, DepositNotPaid, DepositDeducted,
    NothingToCredit, DepositTooLarge.
    """

    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Deduction) -> Invoice:
        """Give the draft with the deducted lines."""
        locked = work.invoices.lock_headers({request.invoice_id, request.deposit_id})
        if request.invoice_id not in locked:
            raise NotFound(kind="invoice", id=request.invoice_id)
        if request.deposit_id not in locked:
            raise UnknownReference(at=("deposit_id",), kind="invoice", value=request.deposit_id)
        invoice, deposit = work.invoices.get(request.invoice_id), work.invoices.get(request.deposit_id)
        credited = work.invoices.credited(deposit.id)
        taken = deduct(invoice, deposit, deducted=work.invoices.deducted(deposit.id), credited=credited)
        work.invoices.save(invoice)
        work.outbox.add(taken)
        return invoice
