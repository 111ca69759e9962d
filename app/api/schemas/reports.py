"""Reports on the wire."""

from pydantic import Field

from app.api.schemas.shared import Number, Out
from app.domain.shared.money import currency, plain
from app.usecases.ports.reports import SalesBy
from app.usecases.reports import Sales


class SalesRowOut(Out):
    """Sales of one customer, product or month."""

    code: str = Field(
        description="Customer code, product ref (empty: lines without a product), or month", examples=["2026-11"]
    )
    name: str = Field(description="Name of the customer or product", examples=[""])
    invoices: int = Field(description="How many invoices", examples=[3])
    net: Number = Field(description="Net sales in the company's currency", examples=["739.10"])


class SalesOut(Out):
    """Net sales of validated and paid invoices."""

    by: SalesBy = Field(description="What sales are summed by")
    currency: str = Field(description="ISO 4217 code of the company's currency", examples=["EUR"])
    rows: list[SalesRowOut] = Field(description="Rows, by code")
    total: Number = Field(description="Sum of the rows", examples=["739.10"])

    @classmethod
    def of(cls, sales: Sales) -> "SalesOut":
        """Show the report."""
        digits = currency(sales.currency).digits
        rows = [
            SalesRowOut.model_construct(code=r.code, name=r.name, invoices=r.invoices, net=plain(r.net, digits))
            for r in sales.rows
        ]
        return cls.model_construct(by=sales.by, currency=sales.currency, rows=rows, total=plain(sales.total, digits))
