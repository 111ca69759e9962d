"""What is done to make an invoice of another: replacements, and invoices of pro formas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.billing import Invoice, InvoiceKind
from app.domain.fields import Values
from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId
from app.domain.shared.rights import Right
from app.usecases.billing.invoices import due_date, enter, payer, replaceable, terms
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDraft:
    """An invoice made of another one, as asked for."""

    invoice_id: InvoiceId
    date: Day | None = None
    due_date: Day | None = None
    note: str | None = None
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplaceInvoice:
    """Copy an unpaid invoice as the draft of its replacement; when that is validated the invoice is abandoned.

    Raises NotFound, WrongKind, NotReplaceable, Anonymised.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: CopyDraft) -> Invoice:
        """Give the draft with its id and totals."""
        source = work.invoices.get(request.invoice_id, lock=True)
        replaceable(work, source)
        return _copy(self.clock, work, context, source, InvoiceKind.REPLACEMENT, request)


@dataclass(frozen=True, slots=True)
class InvoiceProForma:
    """Enter the invoice of a pro forma as a draft. Raises NotFound, WrongKind, InvoiceNotIssued, Anonymised."""

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: CopyDraft) -> Invoice:
        """Give the draft with its id and totals."""
        source = work.invoices.get(request.invoice_id, lock=True)
        source.must_be(InvoiceKind.PRO_FORMA)
        source.issued()
        return _copy(self.clock, work, context, source, InvoiceKind.STANDARD, request)


def _copy(
    clock: Clock, work: Work, context: Context, source: Invoice, kind: InvoiceKind, request: CopyDraft
) -> Invoice:
    """Enter a draft that says what ``source`` does."""
    party = payer(work, source.party_id)
    on = request.date or clock.today(context.zone)
    copied = Invoice(
        kind=kind,
        source_id=source.id,
        party_id=party.id,
        order_id=source.order_id,
        proposal_id=source.proposal_id,
        date=on,
        due_date=request.due_date or due_date(work, context, party, on),
        payment_terms_id=terms(party, request.due_date),
        representative_id=source.representative_id,
        valuation=source.valuation,
        note=source.note if request.note is None else request.note,
        lines=source.lines,
    )
    return enter(work, context, copied, request.custom)
