"""Invoices of proposals on the wire."""

from pydantic import Field

from app.api.schemas.shared import CUSTOM_IN, CustomValues, Day, In, Text
from app.domain.shared.ids import ProposalId
from app.usecases.billing import ProposalInvoiceDraft


class ProposalInvoiceIn(In):
    """A new invoice of a signed proposal."""

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    due_date: Day | None = Field(None, description="Day it is due; left out: after the customer's payment days")
    note: Text = Field("", max_length=10_000, description="Note")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, proposal_id: int) -> ProposalInvoiceDraft:
        """Give the invoice asked for."""
        return ProposalInvoiceDraft(
            proposal_id=ProposalId(proposal_id),
            date=self.date,
            due_date=self.due_date,
            note=self.note,
            custom=self.custom,
        )
