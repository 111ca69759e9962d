"""Units of measure on the wire."""

from decimal import Decimal

from pydantic import Field

from app.api.schemas.catalogue.records import given, shown
from app.api.schemas.shared import Change, In, Number, Out, RateIn, Text, UnitCode, Whole
from app.domain.catalogue import Dimension, Unit
from app.domain.shared.money import Rate
from app.usecases.shared import Change as Changes

ONE = Rate(Decimal(1))


class UnitIn(In):
    """A new unit."""

    code: UnitCode = Field(description="Unique code, best that of UN/ECE Recommendation 20", examples=["KGM"])
    name: Text = Field(description="Name", examples=["Kilogram"], min_length=1, max_length=100)
    dimension: Dimension = Field(description="What it measures", examples=["mass"])
    factor: RateIn = Field(ONE, description="How many of its dimension's base unit it is", examples=["1"])
    decimals: Whole = Field(0, description="Decimals that quantities in it may have", examples=[3], ge=0, le=6)

    def to_domain(self) -> Unit:
        """Give the unit."""
        return Unit(**given(self))


class UnitChange(Change):
    """New values for some fields of a unit."""

    name: Text = Field("", description="Name", examples=["Kilogram"], min_length=1, max_length=100)
    decimals: Whole = Field(0, description="Decimals that quantities in it may have", examples=[3], ge=0, le=6)

    def to_domain(self, record_id: int, version: int) -> Changes:
        """Give the change to the unit seen at ``version``."""
        return Changes(id=record_id, version=version, changes=self.sent())


class UnitOut(Out):
    """A unit."""

    id: int = Field(description="Id", examples=[4])
    code: str = Field(description="Unique code, best that of UN/ECE Recommendation 20", examples=["KGM"])
    name: str = Field(description="Name", examples=["Kilogram"])
    dimension: Dimension = Field(description="What it measures", examples=["mass"])
    factor: Number = Field(description="How many of its dimension's base unit it is", examples=["1"])
    decimals: int = Field(description="Decimals that quantities in it may have", examples=[3])
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, record: Unit) -> "UnitOut":
        """Show a unit."""
        return cls.model_construct(**shown(record, cls.model_fields))
