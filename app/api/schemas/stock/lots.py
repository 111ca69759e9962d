"""Lots and serial numbers on the wire."""

from datetime import date
from typing import Any

from pydantic import Field

from app.api.schemas.shared import Change, Day, Flag, Id, In, Number, Out, QuantityIn, Text
from app.domain.shared.ids import ProductId
from app.domain.shared.money import plain
from app.domain.stock import Lot, LotMoved, LotPart
from app.usecases.shared import Change as Changes

CODE = "Lot or serial number, unique for the product"


class NamedLotIn(In):
    """So much of one lot."""

    code: Text = Field(min_length=1, max_length=60, description=CODE, examples=["L-2026-11"])
    quantity: QuantityIn = Field(description="How much of it, above zero; 1 of a serial number", examples=["40"])

    def to_domain(self) -> LotPart:
        """Give the part."""
        return LotPart(code=self.code, quantity=self.quantity)


class ArrivingLotIn(NamedLotIn):
    """So much of one lot; the dates are kept when it comes for the first time, and must agree later."""

    expires_on: Day | None = Field(None, description="Last day on which it may leave", examples=["2027-06-30"])
    made_on: Day | None = Field(None, description="Day on which it was made", examples=["2026-11-01"])

    def to_domain(self) -> LotPart:
        """Give the part."""
        return LotPart(code=self.code, quantity=self.quantity, expires_on=self.expires_on, made_on=self.made_on)


class LotMovedOut(Out):
    """What a movement did to one lot."""

    lot_id: int = Field(description="Id of the lot", examples=[5])
    code: str = Field(description=CODE, examples=["L-2026-11"])
    quantity: Number = Field(description="How much; below zero when it went", examples=["40"])

    @classmethod
    def of(cls, moved: LotMoved) -> "LotMovedOut":
        """Show what moved."""
        return cls.model_construct(lot_id=moved.lot.id, code=moved.lot.code, quantity=plain(moved.quantity))


class LotIn(In):
    """A lot, or a piece with its serial number, of a tracked product."""

    product_id: Id = Field(description="Id of the product", examples=[3])
    code: Text = Field(min_length=1, max_length=60, description=CODE, examples=["L-2026-11"])
    expires_on: Day | None = Field(None, description="Last day on which it may leave", examples=["2027-06-30"])
    made_on: Day | None = Field(None, description="Day on which it was made", examples=["2026-11-01"])
    blocked: Flag = Field(default=False, description="Whether it is kept back")

    def to_domain(self) -> Lot:
        """Give the lot."""
        values: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        return Lot(**{**values, "product_id": ProductId(self.product_id)})


class LotChange(Change):
    """New values for some fields of a lot."""

    code: Text = Field("", min_length=1, max_length=60, description=CODE, examples=["L-2026-12"])
    expires_on: Day | None = Field(None, description="Last day on which it may leave")
    made_on: Day | None = Field(None, description="Day on which it was made")
    blocked: Flag = Field(default=False, description="Whether it is kept back")

    def to_domain(self, lot_id: int, version: int) -> Changes:
        """Give the change to the lot seen at ``version``."""
        return Changes(id=lot_id, version=version, changes=self.sent())


class LotOut(Out):
    """A lot."""

    id: int = Field(description="Id", examples=[5])
    product_id: int = Field(description="Id of the product", examples=[3])
    code: str = Field(description=CODE, examples=["L-2026-11"])
    expires_on: date | None = Field(description="Last day on which it may leave", examples=["2027-06-30"])
    made_on: date | None = Field(description="Day on which it was made", examples=["2026-11-01"])
    blocked: bool = Field(description="Whether it is kept back")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, lot: Lot) -> "LotOut":
        """Show a lot."""
        return cls.model_construct(**{name: getattr(lot, name) for name in cls.model_fields})
