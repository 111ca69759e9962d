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
from app.domain.shared.ids import InvoiceId, ReturnId
from app.domain.shared.rights import Right
from app.domain.shipping import Return
from app.usecases.billing.invoices import enter, payer
from app.usecases.billing.ties import came_back, returned
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteDraft:
    """A credit note as asked for: ``lines`` or ``amounts``; neither takes back all that is not credited yet.

    With neither, a note that names a return takes back what came back with it.
    ``description`` is the text of amounts. ``reopen_order`` lets what is taken back be invoiced again.
    """

    invoice_id: InvoiceId
    date: Day | None = None
    note: str = ""
    lines: tuple[Part, ...] | None = None
    amounts: tuple[RatePart, ...] | None = None
    description: str = ""
    return_id: ReturnId | None = None
    reopen_order: bool = False
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreditInvoice:
    """Enter a credit note of an invoice as a draft: of all that is left, of parts of lines, or of amounts by VAT rate.

    Drafts count as well, so that all together never take back more than was invoiced; a deposit that an invoice has
    deducted is taken back with that one; a return is credited once. Raises NotFound, WrongKind, InvoiceNotIssued,
    DepositDeducted, Anonymised, NothingToCredit, OverCredited, CreditNotPositive, PositionTwice, RateTwice,
    UnknownReference, ReturnElsewhere, ReturnNotBack, ReturnCreditedBefore, Required.
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
        back = None if request.return_id is None else returned(work, source, request.return_id)
        party = payer(work, source.party_id)
        lines = _lines(work, source, request, back)
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
        made = enter(work, context, note, request.custom)
        if back is not None:
            credited = back.credit(made.id)
            work.returns.save(back)
            work.outbox.add(credited)
        return made


def _lines(work: Work, source: Invoice, request: CreditNoteDraft, back: Return | None) -> list[InvoiceLine]:
    making = CreditNoteLines(source, work.invoices.credited(source.id))
    if request.lines is not None:
        lines = making.parts(request.lines)
    elif request.amounts is not None:
        lines = making.amounts(request.amounts, request.description)
    elif back is not None:
        lines = making.returned(came_back(work, back))
    else:
        lines = making.whole()
    if not request.reopen_order:
        for line in lines:
            line.order_position = None
    return lines
