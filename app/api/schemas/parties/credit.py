"""What a customer owes, who looks after it, and merging, on the wire."""

from collections.abc import Sequence

from pydantic import Field

from app.api.schemas.shared import Id, In, Number, Out
from app.domain.identity import Member
from app.domain.shared.ids import PartyId
from app.domain.shared.money import Amount, plain
from app.usecases.parties import Merge, Owing


class OutstandingOut(Out):
    """What a customer owes, in the company's currency."""

    party_id: int = Field(description="Id of the third party", examples=[7])
    currency: str = Field(description="ISO 4217 code of the company's currency", examples=["EUR"])
    unpaid: Number = Field(description="Left due of validated invoices", examples=["886.92"])
    overdue: Number = Field(description="The part of it that was due before today", examples=["0.00"])
    ordered: Number = Field(description="Ordered and not invoiced yet, gross", examples=["120.00"])
    total: Number = Field(description="Unpaid and ordered", examples=["1006.92"])
    credit_limit: Number | None = Field(description="What the customer may owe; null: no limit")
    left: Number | None = Field(description="What may still be sold on credit; null: no limit")

    @classmethod
    def of(cls, owing: Owing) -> "OutstandingOut":
        """Show what a customer owes."""
        owed, limit = owing.outstanding, owing.party.credit_limit

        def shown(value: Amount) -> str:
            return plain(value, owing.digits)

        left = owed.left(limit)
        return cls.model_construct(
            party_id=owing.party.id,
            currency=owing.currency,
            unpaid=shown(owed.unpaid),
            overdue=shown(owed.overdue),
            ordered=shown(owed.ordered),
            total=shown(owed.total),
            credit_limit=None if limit is None else plain(limit),
            left=None if left is None else plain(left),
        )


class MergeIn(In):
    """Into whom a third party is merged."""

    into: Id = Field(description="Id of the third party that stays")

    def to_domain(self, party_id: int) -> Merge:
        """Give what is to be merged."""
        return Merge(party=PartyId(party_id), into=PartyId(self.into))


class RepresentativeOut(Out):
    """A user who looks after a third party."""

    user_id: int = Field(description="Id of the user", examples=[2])
    name: str = Field(description="Name", examples=["Inès Martin"])
    email: str = Field(description="E-mail address")
    active: bool = Field(description="Whether the user works in the company now")


class RepresentativesOut(Out):
    """The representatives of a third party; the first is who new documents name."""

    items: list[RepresentativeOut] = Field(description="The representatives, in their order")

    @classmethod
    def of(cls, members: Sequence[Member]) -> "RepresentativesOut":
        """Show representatives."""
        items = [
            RepresentativeOut.model_construct(user_id=one.id, name=one.name, email=one.user.email, active=one.active)
            for one in members
        ]
        return cls.model_construct(items=items)
