"""Carriers on the wire."""

from pydantic import Field

from app.api.schemas.shared import Change, Flag, In, Out, Text
from app.domain.shipping import Carrier
from app.usecases.shared import Change as Changes

TEMPLATE = "https address with {tracking} where the tracking number stands; empty: none"
EXAMPLE = "https://carrier.example/follow?parcel={tracking}"


class CarrierIn(In):
    """A new carrier."""

    name: Text = Field(min_length=1, max_length=100, description="Unique name", examples=["Rapid Parcel"])
    tracking_url: Text = Field("", max_length=500, description=TEMPLATE, examples=[EXAMPLE])

    def to_domain(self) -> Carrier:
        """Give the carrier."""
        return Carrier(name=self.name, tracking_url=self.tracking_url)


class CarrierChange(Change):
    """New values for some fields of a carrier."""

    name: Text = Field("", min_length=1, max_length=100, description="Unique name", examples=["Rapid Parcel"])
    tracking_url: Text = Field("", max_length=500, description=TEMPLATE, examples=[EXAMPLE])
    archived: Flag = Field(default=False, description="Whether it takes no new shipments")

    def to_domain(self, carrier_id: int, version: int) -> Changes:
        """Give the change to the carrier seen at ``version``."""
        return Changes(id=carrier_id, version=version, changes=self.sent())


class CarrierOut(Out):
    """A carrier."""

    id: int = Field(description="Id", examples=[2])
    name: str = Field(description="Unique name", examples=["Rapid Parcel"])
    tracking_url: str = Field(description=TEMPLATE, examples=[EXAMPLE])
    archived: bool = Field(description="Whether it takes no new shipments")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, carrier: Carrier) -> "CarrierOut":
        """Show a carrier."""
        return cls.model_construct(**{name: getattr(carrier, name) for name in cls.model_fields})
