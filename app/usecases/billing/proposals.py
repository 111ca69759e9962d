"""Invoices of proposals, where there is no order in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.billing import Invoice, InvoiceLine
from app.domain.fields import Values
from app.domain.sales import FollowerKind
from app.domain.shared.dates import Day
from app.domain.shared.ids import ProposalId
from app.domain.shared.rights import Right
from app.usecases.billing.invoices import due_date, enter, payer, terms
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.sales import signed_lines, tie


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalInvoiceDraft:
    """An invoice of a proposal as asked for."""

    proposal_id: ProposalId
    date: Day | None = None
    due_date: Day | None = None
    note: str = ""
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InvoiceProposal:
    """Enter an invoice of all that a customer signed, as a draft; once only, unless that invoice is deleted.

    Raises NotFound, ProposalNotSigned, ProposalFollowed, Anonymised, DueBeforeDate.
    """

    clock: Clock
    right: ClassVar[Right] = Right.INVOICES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ProposalInvoiceDraft) -> Invoice:
        """Give the draft with its id and totals."""
        proposal = work.proposals.get(request.proposal_id, lock=True)
        proposal.becomes(FollowerKind.INVOICE)
        party = payer(work, proposal.party_id)
        on = request.date or self.clock.today(context.zone)
        invoice = Invoice(
            party_id=proposal.party_id,
            proposal_id=proposal.id,
            date=on,
            due_date=request.due_date or due_date(work, context, party, on),
            payment_terms_id=terms(party, request.due_date),
            representative_id=party.representative_id,
            valuation=proposal.valuation,
            note=request.note,
            lines=signed_lines(proposal, InvoiceLine),
        )
        entered = enter(work, context, invoice, request.custom)
        tie(work, proposal, FollowerKind.INVOICE, entered.id)
        return entered
