"""Templates of invoices on the wire."""

from decimal import Decimal
from typing import Final

from pydantic import Field

from app.api.schemas.documents import LineIn
from app.api.schemas.shared import (
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Day,
    Flag,
    Id,
    In,
    Number,
    Out,
    RateIn,
    Text,
    Whole,
)
from app.domain.billing import Every, InvoiceTemplate, Recurrence, TemplateLine, TemplateState
from app.domain.shared.ids import PartyId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import plain
from app.usecases.shared import Change as Changes

MOST: Final = 100_000


def _line(line: LineIn) -> TemplateLine:
    asked = line.to_domain()
    return TemplateLine(
        product_id=asked.product_id,
        kind=asked.kind,
        description=asked.description,
        quantity=asked.quantity,
        unit=asked.unit,
        unit_price=asked.unit_price,
        gross_unit_price=asked.gross_unit_price,
        discount=asked.discount,
        vat_rate=asked.vat_rate,
    )


class InvoiceTemplateIn(In):
    """A new template: what its invoices say, and on which days they are made.

    `{period}` in the description of a line stands for the days from one invoice to the day before the next.
    """

    label: Text = Field(min_length=1, max_length=200, description="What people call it", examples=["Hosting"])
    party_id: Id = Field(description="Id of the customer", examples=[7])
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="ISO 4217 code; left out: the company's", examples=["EUR"]
    )
    rate: RateIn | None = Field(
        None, description="Company's currency per unit of a foreign currency; needed for one", examples=["1.1"]
    )
    note: Text = Field("", max_length=10_000, description="Note on each invoice")
    every: Every = Field(description="What the steps are counted in", examples=["month"])
    step: Whole = Field(1, ge=1, le=1000, description="Each how many of them", examples=[1])
    first: Day = Field(description="Day of the first; a day that a month lacks is its last", examples=["2026-01-31"])
    until: Day | None = Field(None, description="No invoice for a day after this", examples=["2028-12-31"])
    count: Whole | None = Field(None, ge=1, le=MOST, description="How many invoices at most", examples=[12])
    auto_validate: Flag = Field(default=False, description="Whether each invoice is validated when it is made")
    lines: list[LineIn] = Field(min_length=1, description="Lines, in order; what is left out comes from the product")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> InvoiceTemplate:
        """Give the template asked for."""
        return InvoiceTemplate(
            label=self.label,
            party_id=PartyId(self.party_id),
            recurrence=Recurrence(
                every=self.every, step=self.step, first=self.first, until=self.until, count=self.count
            ),
            currency=self.currency,
            rate=self.rate,
            note=self.note,
            auto_validate=self.auto_validate,
            custom=self.custom,
            lines=tuple(_line(line) for line in self.lines),
        )


class InvoiceTemplateChange(Change):
    """New values for some fields of a template; ``lines`` replaces all lines."""

    label: Text = Field("", min_length=1, max_length=200, description="What people call it")
    note: Text = Field("", max_length=10_000, description="Note on each invoice")
    until: Day | None = Field(None, description="No invoice for a day after this; null: without end")
    count: Whole | None = Field(None, ge=1, le=MOST, description="How many invoices at most; null: without end")
    auto_validate: Flag = Field(default=False, description="Whether each invoice is validated when it is made")
    lines: list[LineIn] = Field([], min_length=1, description="Lines, in order")

    def to_domain(self, template_id: int, version: int) -> Changes:
        """Give the change to the template seen at ``version``."""
        changes = self.sent()
        if "lines" in changes:
            changes["lines"] = tuple(_line(line) for line in self.lines)
        return Changes(id=template_id, version=version, changes=changes)


class TemplateLineOut(Out):
    """One line; what is null comes from the product on the day."""

    product_id: int | None = Field(description="Id of the product", examples=[3])
    kind: LineKind | None = Field(description="What a line without a product charges for")
    description: str | None = Field(description="Text", examples=["Hosting {period}"])
    quantity: Number = Field(description="Quantity", examples=["1"])
    unit: str | None = Field(description="Unit of the quantity; null: the product's own")
    unit_price: Number | None = Field(description="Net price of one unit in the invoice's currency", examples=["29"])
    gross_unit_price: Number | None = Field(description="The same with VAT, in its place")
    discount: Number = Field(description="Discount in per cent", examples=["0"])
    vat_rate: Number | None = Field(description="VAT in per cent", examples=["20"])

    @classmethod
    def of(cls, line: TemplateLine) -> "TemplateLineOut":
        """Show a line."""
        return cls.model_construct(
            product_id=line.product_id,
            kind=line.kind,
            description=line.description,
            quantity=plain(line.quantity),
            unit=line.unit,
            unit_price=_plain(line.unit_price),
            gross_unit_price=_plain(line.gross_unit_price),
            discount=plain(line.discount),
            vat_rate=_plain(line.vat_rate),
        )


class InvoiceTemplateOut(Out):
    """A template of invoices that come again."""

    id: int = Field(description="Id", examples=[4])
    label: str = Field(description="What people call it", examples=["Hosting"])
    party_id: int = Field(description="Id of the customer", examples=[7])
    currency: str | None = Field(description="ISO 4217 code; null: the company's", examples=["EUR"])
    rate: Number | None = Field(description="Company's currency per unit of a foreign currency", examples=["1.1"])
    note: str = Field(description="Note on each invoice")
    every: Every = Field(description="What the steps are counted in")
    step: int = Field(description="Each how many of them", examples=[1])
    first: Day = Field(description="Day of the first", examples=["2026-01-31"])
    until: Day | None = Field(description="No invoice for a day after this", examples=["2028-12-31"])
    count: int | None = Field(description="How many invoices at most", examples=[12])
    auto_validate: bool = Field(description="Whether each invoice is validated when it is made")
    status: TemplateState = Field(description="Whether it makes invoices")
    made: int = Field(description="How many it has made", examples=[1])
    next_date: Day | None = Field(description="Its next day; null after the last", examples=["2026-02-28"])
    lines: list[TemplateLineOut] = Field(description="Lines, in order")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, template: InvoiceTemplate) -> "InvoiceTemplateOut":
        """Show a template."""
        days = template.recurrence
        return cls.model_construct(
            id=template.id,
            label=template.label,
            party_id=template.party_id,
            currency=template.currency,
            rate=_plain(template.rate),
            note=template.note,
            every=days.every,
            step=days.step,
            first=days.first,
            until=days.until,
            count=days.count,
            auto_validate=template.auto_validate,
            status=template.state,
            made=template.made,
            next_date=template.next_date,
            lines=[TemplateLineOut.of(line) for line in template.lines],
            custom=template.custom,
            version=template.version,
        )


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
