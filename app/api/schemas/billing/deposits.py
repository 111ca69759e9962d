"""Deposits on the wire."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.schemas.shared import CUSTOM_IN, AmountIn, CustomValues, Day, Id, In, RateIn, Text
from app.domain.shared.ids import InvoiceId, OrderId
from app.usecases.billing import Deduction, DepositDraft


class DepositIn(In):
    """A new deposit on an order: a percentage of it, or a gross amount."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"percent": "30"}]})

    percent: RateIn | None = Field(None, description="Per cent of the order's gross, above 0 to 100", examples=["30"])
    amount: AmountIn | None = Field(None, description="Gross amount in the order's currency", examples=["120"])
    rate: RateIn | None = Field(None, description="Company's currency per unit; left out: the order's own")
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    due_date: Day | None = Field(None, description="Day it is due; left out: after the customer's payment days")
    note: Text = Field("", max_length=10_000, description="Note")
    description: Text = Field("", max_length=10_000, description="Text of its lines; left out: the order's number")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Refuse both ways at once, and none."""
        if (self.percent is None) == (self.amount is None):
            raise PydanticCustomError("percent_or_amount", "percent or amount")
        return self

    def to_domain(self, order_id: int) -> DepositDraft:
        """Give the deposit asked for."""
        return DepositDraft(
            order_id=OrderId(order_id),
            percent=self.percent,
            amount=self.amount,
            rate=self.rate,
            date=self.date,
            due_date=self.due_date,
            note=self.note,
            description=self.description,
            custom=self.custom,
        )


class DeductionIn(In):
    """A paid deposit to be deducted."""

    deposit_id: Id = Field(description="Id of the deposit", examples=[7])

    def to_domain(self, invoice_id: int) -> Deduction:
        """Give the deduction asked for."""
        return Deduction(invoice_id=InvoiceId(invoice_id), deposit_id=InvoiceId(self.deposit_id))
