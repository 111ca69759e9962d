"""What is done to take an invoice back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.billing import (
    CREDITABLE,
    CreditNoteLines,
    DepositDeducted,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    Part,
    RatePart,
)
from app.domain.fields import Values
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId
from app.domain.shared.rights import Right
from app.usecases.billing.invoices import enter, payer
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteDraft:
    """A credit note as asked for: ``lines`` or ``amounts``; neither takes back all that is not credited yet.

    ``description`` is the text of amounts. ``reopen_order`` lets what is taken back be invoiced again.
    """

    invoice_id: InvoiceId
    date: Day | None = None
    note: str = ""
    lines: tuple[Part, ...] | None = None
    amounts: tuple[RatePart, ...] | None = None
    description: str = ""
    reopen_order: bool = False
    custom: Values = field(default_factory=dict)

    def taken_back(self, making: CreditNoteLines) -> list[InvoiceLine]:
        """Let ``making`` give the lines asked for. Raises as it does."""
        if self.lines is not None:
            return making.parts(self.lines)
        if self.amounts is not None:
            return making.amounts(self.amounts, self.description)
        return making.whole()


@dataclass(frozen=True, slots=True)
class CreditInvoice:
    """Enter a credit note of an invoice as a draft: of all that is left, of parts of lines, or of amounts by VAT rate.

    Drafts count as well, so that all together never take back more than was invoiced; a deposit that an invoice has
    deducted is taken back with that one. Raises NotFound, WrongKind, InvoiceNotIssued, DepositDeducted, Anonymised,
    NothingToCredit, OverCredited, CreditNotPositive, PositionTwice, RateTwice,
    UnknownReference.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: CreditNoteDraft) -> Invoice:
        """Give the draft with its id and totals, which are below zero."""
        source = work.invoices.get(request.invoice_id, lock=True)
        source.must_be(*CREDITABLE)
        source.issued()
        if source.kind is InvoiceKind.DEPOSIT and work.invoices.deducted(source.id):
            raise DepositDeducted(deposit=source.id)
        party = payer(work, source.party_id)
        lines = request.taken_back(CreditNoteLines(source, work.invoices.credited(source.id)))
        if not request.reopen_order:
            for line in lines:
                line.order_position = None
        on = request.date or self.clock.today(context.zone)
        note = Invoice(
            kind=InvoiceKind.CREDIT_NOTE,
            source_id=source.id,
            party_id=party.id,
            order_id=source.order_id if request.reopen_order else None,
            date=on,
            due_date=on,
            representative_id=source.representative_id,
            valuation=source.valuation,
            note=request.note,
            lines=lines,
        )
        return enter(work, context, note, request.custom)
