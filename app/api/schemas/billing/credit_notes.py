"""Credit notes on the wire."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.schemas.shared import (
    CUSTOM_IN,
    AmountIn,
    CustomValues,
    Day,
    Flag,
    Id,
    In,
    QuantityIn,
    RateIn,
    Text,
    Whole,
)
from app.domain.billing import Part, RatePart
from app.domain.shared.ids import InvoiceId, ReturnId
from app.usecases.billing import CreditNoteDraft


class CreditPartIn(In):
    """So much of one line of the invoice."""

    position: Whole = Field(ge=1, le=1_000_000, description="Position of the invoice's line, from 1", examples=[1])
    quantity: QuantityIn = Field(description="Quantity, above zero", examples=["1"])

    def to_domain(self) -> Part:
        """Give the part."""
        return Part(self.position, self.quantity)


class CreditAmountIn(In):
    """So much of what was charged at one VAT rate."""

    vat_rate: RateIn = Field(description="VAT in per cent, one of the invoice's", examples=["20"])
    net: AmountIn = Field(description="Net amount, above zero, in the invoice's currency", examples=["10.50"])

    def to_domain(self) -> RatePart:
        """Give the part."""
        return RatePart(self.vat_rate, self.net)


class CreditNoteIn(In):
    """A new credit note of an invoice: of lines, or of amounts; of neither it takes back all that is left.

    With a return and neither it takes back what came back with that.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lines": [{"position": 1, "quantity": "2"}], "note": "Two came broken"}]}
    )

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[CreditPartIn] | None = Field(None, min_length=1, description="Which lines are taken back")
    amounts: list[CreditAmountIn] | None = Field(None, min_length=1, description="Which amounts are taken back")
    description: Text = Field("", max_length=10_000, description="Text of amounts; left out: the invoice's number")
    return_id: Id | None = Field(None, description="Id of the return it gives the money back for", examples=[4])
    reopen_order: Flag = Field(default=False, description="Whether the order may be invoiced for it again")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Refuse both ways at once."""
        if self.lines is not None and self.amounts is not None:
            raise PydanticCustomError("lines_or_amounts", "lines or amounts, not both")
        return self

    def to_domain(self, invoice_id: int) -> CreditNoteDraft:
        """Give the credit note asked for."""
        return CreditNoteDraft(
            invoice_id=InvoiceId(invoice_id),
            date=self.date,
            note=self.note,
            lines=None if self.lines is None else tuple(part.to_domain() for part in self.lines),
            amounts=None if self.amounts is None else tuple(part.to_domain() for part in self.amounts),
            description=self.description,
            return_id=None if self.return_id is None else ReturnId(self.return_id),
            reopen_order=self.reopen_order,
            custom=self.custom,
        )
