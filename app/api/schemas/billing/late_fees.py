"""Late fees on the wire."""

from typing import Any

from pydantic import Field

from app.api.schemas.shared import CUSTOM_IN, CustomValues, Day, In, Number, Out, Text
from app.domain.billing import Invoice, LateFee
from app.domain.shared.ids import InvoiceId
from app.domain.shared.money import plain
from app.usecases.billing import LateFeeRequest


class LateFeeIn(In):
    """An invoice of a late fee."""

    on: Day | None = Field(None, description="To which day interest runs; left out: today", examples=["2026-12-31"])
    note: Text = Field("", max_length=10_000, description="Note")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, invoice_id: int) -> LateFeeRequest:
        """Give the invoice asked for."""
        return LateFeeRequest(invoice_id=InvoiceId(invoice_id), on=self.on, note=self.note, custom=self.custom)


class LateFeeOut(Out):
    """What being late costs, in the invoice's currency."""

    invoice_id: int = Field(description="Id of the invoice", examples=[7])
    on: Day = Field(description="To which day interest runs", examples=["2026-12-31"])
    currency: str = Field(description="ISO 4217 code of the invoice's currency", examples=["EUR"])
    days: int = Field(description="Days after the due date with something due", examples=[31])
    percent: Number = Field(description="Interest in per cent a year, actual/365", examples=["8"])
    interest: Number = Field(description="Simple interest", examples=["6.79"])
    fixed: Number = Field(description="Fixed sum", examples=["40.00"])
    total: Number = Field(description="Both", examples=["46.79"])
    charged: Number = Field(description="What invoices of late fees ask for already", examples=["0.00"])

    @classmethod
    def of(cls, found: tuple[Invoice, LateFee]) -> "LateFeeOut":
        """Show the late fee of an invoice."""
        invoice, fee = found
        digits = invoice.valuation.currency.digits
        amounts: dict[str, Any] = {
            name: plain(getattr(fee, name), digits) for name in ("interest", "fixed", "total", "charged")
        }
        return cls.model_construct(
            invoice_id=invoice.id,
            on=fee.on,
            currency=invoice.valuation.currency.code,
            days=fee.days,
            percent=plain(fee.percent),
            **amounts,
        )
