"""Rates of VAT on the wire."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from app.api.schemas.catalogue.records import SOME_DAY, given, shown
from app.api.schemas.shared import Change, Day, In, Number, Out, RateIn
from app.domain.catalogue import VatRate
from app.domain.shared.money import Rate
from app.usecases.shared import Change as Changes

ZERO = Rate(Decimal(0))
Category = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,19}$", examples=["standard"])]
CountryCode = Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["FR"])]


class VatRateIn(In):
    """A new rate of VAT."""

    country: CountryCode = Field(description="ISO 3166-1 alpha-2 code", examples=["FR"])
    category: Category = Field(description="Category, as products name it", examples=["standard"])
    rate: RateIn = Field(description="VAT in per cent", examples=["20"])
    valid_from: Day = Field(description="First day", examples=["2026-01-01"])
    valid_until: Day | None = Field(None, description="Last day, null: for ever", examples=[None])

    def to_domain(self) -> VatRate:
        """Give the rate of VAT."""
        return VatRate(**given(self))


class VatRateChange(Change):
    """New values for some fields of a rate of VAT."""

    rate: RateIn = Field(ZERO, description="VAT in per cent", examples=["20"])
    valid_from: Day = Field(SOME_DAY, description="First day", examples=["2026-01-01"])
    valid_until: Day | None = Field(None, description="Last day, null: for ever", examples=[None])

    def to_domain(self, record_id: int, version: int) -> Changes:
        """Give the change to the rate of VAT seen at ``version``."""
        return Changes(id=record_id, version=version, changes=self.sent())


class VatRateOut(Out):
    """A rate of VAT."""

    id: int = Field(description="Id", examples=[4])
    country: str = Field(description="ISO 3166-1 alpha-2 code", examples=["FR"])
    category: str = Field(description="Category, as products name it", examples=["standard"])
    rate: Number = Field(description="VAT in per cent", examples=["20"])
    valid_from: Day = Field(description="First day", examples=["2026-01-01"])
    valid_until: Day | None = Field(description="Last day, null: for ever", examples=[None])
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, record: VatRate) -> "VatRateOut":
        """Show a rate of VAT."""
        return cls.model_construct(**shown(record, cls.model_fields))
