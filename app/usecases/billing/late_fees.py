"""What is done about invoices paid late."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Final

from app.domain.billing import Invoice, InvoiceLine, LateFee, NothingLate, late_fee
from app.domain.fields import Values
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Amount, Price, Quantity, Rate, plain
from app.domain.shared.rights import Right
from app.usecases.billing.invoices import due_date, enter, payer
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work

ONE: Final = Quantity(Decimal(1))
NO_VAT: Final = Rate(Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeeRequest:
    """Of which invoice, to which day; None is today."""

    invoice_id: InvoiceId
    on: Day | None = None
    note: str = ""
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadLateFee:
    """Show what being late costs by the company's settings. Raises NotFound, WrongKind, InvoiceNotIssued."""

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: LateFeeRequest) -> tuple[Invoice, LateFee]:
        """Give the invoice and its late fee."""
        invoice = work.invoices.get(request.invoice_id)
        return invoice, _fee(work, context, invoice, request.on or self.clock.today(context.zone))


@dataclass(frozen=True, slots=True)
class ChargeLateFee:
    """Enter an invoice of the late fee that is not charged yet, as a draft without VAT.

    Raises NotFound, WrongKind, InvoiceNotIssued, NothingLate, Anonymised.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: LateFeeRequest) -> Invoice:
        """Give the draft with its id and totals."""
        source = work.invoices.get(request.invoice_id, lock=True)
        today = self.clock.today(context.zone)
        fee = _fee(work, context, source, request.on or today)
        if not fee.left:
            raise NothingLate(invoice=source.id)
        party = payer(work, source.party_id)
        charge = Invoice(
            source_id=source.id,
            party_id=party.id,
            date=today,
            due_date=due_date(work, context, party, today),
            payment_terms_id=party.payment_terms_id,
            representative_id=source.representative_id,
            valuation=source.valuation,
            note=request.note,
            lines=_lines(source, fee),
        )
        return enter(work, context, charge, request.custom)


def _fee(work: Work, context: Context, invoice: Invoice, on: Day) -> LateFee:
    settings = work.companies.get(context.company).settings  # those of the caller may be half a minute old
    settled, charged = work.invoices.settled(invoice.id), work.invoices.charged(invoice.id)
    return late_fee(invoice, settled, on, settings.late_fee_percent, settings.late_fee_fixed, charged)


def _lines(source: Invoice, fee: LateFee) -> list[InvoiceLine]:
    """Charge interest and fixed sum; once something was charged, what came since."""
    interest = f"{source.ref}: {plain(fee.percent)} %, {fee.days} d, {source.due_date} - {fee.on}"
    parts: list[tuple[str, Amount]] = [(interest, fee.left if fee.charged else fee.interest)]
    if not fee.charged:
        parts.append((source.ref, fee.fixed))
    return [
        InvoiceLine(
            position=position,
            kind=LineKind.SERVICE,
            description=description,
            quantity=ONE,
            unit_price=Price(amount),
            vat_rate=NO_VAT,
        )
        for position, (description, amount) in enumerate(((told, part) for told, part in parts if part), 1)
    ]
