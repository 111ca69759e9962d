"""Proposals on the wire."""

from pydantic import ConfigDict, Field

from app.api.schemas.documents import LineIn, LineOut, ValuedOut, priced, valued
from app.api.schemas.sales.orders import SOME_DAY
from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Day,
    Flag,
    Id,
    In,
    RateIn,
    Text,
    Whole,
)
from app.domain.sales import FollowerKind, Proposal, ProposalState
from app.domain.shared.ids import PartyId, ProposalId
from app.usecases.sales import (
    Copying,
    ProposalDraft,
    ProposalLineDraft,
    ProposalOrderDraft,
    Refusal,
    Reopening,
    Signature,
)
from app.usecases.shared import Change as Changes


class ProposalLineIn(LineIn):
    """One line of a proposal."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"product_id": 3, "quantity": "2", "discount": "5", "optional": False}]}
    )

    optional: Flag = Field(default=False, description="Shown with its price, but in the totals only once it is chosen")

    def to_domain(self) -> ProposalLineDraft:
        """Give the line asked for."""
        line = super().to_domain()
        return ProposalLineDraft(
            product_id=line.product_id,
            kind=line.kind,
            description=line.description,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            gross_unit_price=line.gross_unit_price,
            discount=line.discount,
            vat_rate=line.vat_rate,
            optional=self.optional,
        )


class ProposalIn(In):
    """A new proposal with all its lines; it is a draft until validated."""

    party_id: Id = Field(description="Id of the customer", examples=[7])
    date: Day | None = Field(None, description="Date of the offer; left out: today", examples=["2026-11-21"])
    valid_until: Day | None = Field(
        None, description="Last day of the offer; left out: after the company's `proposal_days`"
    )
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="ISO 4217 code; left out: the company's", examples=["EUR"]
    )
    rate: RateIn | None = Field(
        None, description="Company's currency per unit of a foreign currency; needed for one", examples=["1.1"]
    )
    external_ref: Text | None = Field(
        None, min_length=1, max_length=60, description="The customer's own reference, such as that of the inquiry"
    )
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[ProposalLineIn] = Field(min_length=1, description="Lines, in order")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> ProposalDraft:
        """Give the proposal asked for."""
        return ProposalDraft(
            party_id=PartyId(self.party_id),
            date=self.date,
            valid_until=self.valid_until,
            currency=self.currency,
            rate=self.rate,
            external_ref=self.external_ref,
            note=self.note,
            lines=tuple(line.to_domain() for line in self.lines),
            custom=self.custom,
        )


class ProposalChange(Change):
    """New values for some fields of a draft; ``lines`` replaces all lines."""

    party_id: Id = Field(0, description="Id of the customer")
    date: Day = Field(SOME_DAY, description="Date of the offer")
    valid_until: Day = Field(SOME_DAY, description="Last day of the offer")
    currency: str = Field("", pattern="^[A-Z]{3}$", description="ISO 4217 code")
    rate: RateIn | None = Field(None, description="Company's currency per unit of a foreign currency")
    external_ref: Text | None = Field(None, min_length=1, max_length=60, description="The customer's own reference")
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[ProposalLineIn] = Field([], min_length=1, description="Lines, in order")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

    def to_domain(self, proposal_id: int, version: int) -> Changes:
        """Give the change to the draft seen at ``version``."""
        changes = self.sent()
        if "lines" in changes:
            changes["lines"] = tuple(line.to_domain() for line in self.lines)
        return Changes(id=proposal_id, version=version, changes=changes)


class SignatureIn(In):
    """That the customer accepts."""

    options: list[Whole] = Field(
        default_factory=list, max_length=1000, description="Positions of the options chosen", examples=[[3]]
    )

    def to_domain(self, proposal_id: int) -> Signature:
        """Give what is signed."""
        return Signature(proposal_id=ProposalId(proposal_id), options=tuple(self.options))


class RefusalIn(In):
    """That the customer declines."""

    reason: Text = Field(min_length=1, max_length=1000, description="Why", examples=["Too late"])

    def to_domain(self, proposal_id: int) -> Refusal:
        """Give what is refused."""
        return Refusal(proposal_id=ProposalId(proposal_id), reason=self.reason)


class ReopeningIn(In):
    """That the offer stands again."""

    valid_until: Day | None = Field(
        None, description="Its last day from now on; left out: as it was", examples=["2026-12-31"]
    )

    def to_domain(self, proposal_id: int) -> Reopening:
        """Give what is reopened."""
        return Reopening(proposal_id=ProposalId(proposal_id), valid_until=self.valid_until)


class ProposalCopyIn(In):
    """How a proposal is copied."""

    fresh_prices: Flag = Field(
        default=False, description="Whether prices and VAT are the products' of today", examples=[True]
    )

    def to_domain(self, proposal_id: int) -> Copying:
        """Give what is copied."""
        return Copying(proposal_id=ProposalId(proposal_id), fresh_prices=self.fresh_prices)


class ProposalOrderIn(In):
    """A new order of a signed proposal."""

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    delivery_date: Day | None = Field(None, description="Promised day of delivery", examples=["2026-12-01"])
    external_ref: Text | None = Field(
        None, min_length=1, max_length=60, description="The customer's or importer's own reference, unique"
    )
    note: Text = Field("", max_length=10_000, description="Note")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, proposal_id: int) -> ProposalOrderDraft:
        """Give the order asked for."""
        return ProposalOrderDraft(
            proposal_id=ProposalId(proposal_id),
            date=self.date,
            delivery_date=self.delivery_date,
            external_ref=self.external_ref,
            note=self.note,
            custom=self.custom,
        )


class ProposalLineOut(LineOut):
    """One line of a proposal."""

    optional: bool = Field(description="Whether it is in the totals only once it is chosen")
    chosen: bool = Field(description="Whether the option was chosen when the proposal was signed")


class ProposalOut(ValuedOut):
    """A proposal."""

    external_ref: str | None = Field(description="The customer's own reference")
    valid_until: Day = Field(description="Last day of the offer", examples=["2026-12-21"])
    status: ProposalState = Field(description="Where the proposal stands; validated means open", examples=["draft"])
    revision: int = Field(description="Which version of the offer it is, from 1", examples=[1])
    revises_id: int | None = Field(description="Id of the version before", examples=[11])
    refusal: str = Field(description="Why it was refused")
    signed_on: Day | None = Field(description="Day it was signed", examples=["2026-12-01"])
    order_ids: list[int] = Field(description="Ids of the orders made from it, canceled ones too", examples=[[12]])
    invoice_ids: list[int] = Field(description="Ids of the invoices made from it", examples=[[13]])
    note: str = Field(description="Note")
    lines: list[ProposalLineOut] = Field(description="Lines, in order")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, proposal: Proposal) -> "ProposalOut":
        """Show a proposal."""
        lines = [
            ProposalLineOut.model_construct(
                **priced(line, proposal.valuation), optional=line.optional, chosen=line.chosen
            )
            for line in proposal.lines
        ]
        return cls.model_construct(
            **valued(proposal.valuation, proposal.totals, proposal.vat),
            id=proposal.id,
            ref=proposal.ref,
            external_ref=proposal.external_ref,
            party_id=proposal.party_id,
            date=proposal.date,
            valid_until=proposal.valid_until,
            status=proposal.state,
            revision=proposal.revision,
            revises_id=proposal.revises_id,
            refusal=proposal.refusal,
            signed_on=proposal.signed_on,
            order_ids=[one.id for one in proposal.followers if one.kind is FollowerKind.ORDER],
            invoice_ids=[one.id for one in proposal.followers if one.kind is FollowerKind.INVOICE],
            note=proposal.note,
            lines=lines,
            custom=proposal.custom,
            version=proposal.version,
        )
