"""What documents share on the wire: lines, VAT, totals."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.api.schemas.shared import Day, Id, In, Number, Out, PriceIn, QuantityIn, RateIn, Text, UnitCode, Whole
from app.domain.sales import LineQuantity
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import LineKind, PricedLine, Valuation
from app.domain.shared.money import Price, plain
from app.domain.shared.totals import Totals, VatLine, VatMode
from app.usecases.shared import LineDraft


class LineIn(In):
    """One line. What is left out comes from the product; a line without one says description, price and VAT itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"product_id": 3, "quantity": "2", "discount": "5"}]})

    product_id: Id | None = Field(None, description="Id of the product", examples=[3])
    kind: Literal[LineKind.SERVICE, LineKind.FREIGHT] | None = Field(
        None, description="Only for a line without a product; left out: service", examples=["freight"]
    )
    description: Text | None = Field(
        None, min_length=1, max_length=10_000, description="Text; left out: the product's name"
    )
    quantity: QuantityIn = Field(description="Quantity, above zero", examples=["2"])
    unit: UnitCode | None = Field(None, description="Unit of the quantity; left out: the product's own")
    unit_price: PriceIn | None = Field(
        None,
        description="Net price of one stock unit in the document's currency; left out: what the customer pays",
        examples=["389"],
    )
    gross_unit_price: PriceIn | None = Field(
        None, description="The same with VAT, in place of `unit_price`", examples=[None]
    )
    discount: RateIn | None = Field(None, description="Discount in per cent, 0 to 100", examples=["5"])
    vat_rate: RateIn | None = Field(None, description="VAT in per cent; left out: the product's", examples=["20"])

    @field_validator("kind")
    @classmethod
    def _free(cls, kind: LineKind | None, info: ValidationInfo) -> LineKind | None:
        """Refuse a kind beside a product, which has one of its own: it would be ignored."""
        if kind is not None and info.data.get("product_id") is not None:
            raise PydanticCustomError("kind_of_product", "the product says what the line is")
        return kind

    @field_validator("gross_unit_price")
    @classmethod
    def _one_price(cls, gross: Price | None, info: ValidationInfo) -> Price | None:
        """Refuse a gross price beside a net one."""
        if gross is not None and info.data.get("unit_price") is not None:
            raise PydanticCustomError("net_or_gross", "a net or a gross price, not both")
        return gross

    def to_domain(self) -> LineDraft:
        """Give the line asked for."""
        fields: dict[str, Any] = {} if self.discount is None else {"discount": self.discount}
        return LineDraft(
            product_id=None if self.product_id is None else ProductId(self.product_id),
            kind=self.kind,
            description=self.description,
            quantity=self.quantity,
            unit=self.unit,
            unit_price=self.unit_price,
            gross_unit_price=self.gross_unit_price,
            vat_rate=self.vat_rate,
            **fields,
        )


class PartIn(In):
    """So much of one line of the order."""

    position: Whole = Field(ge=1, le=1_000_000, description="Position of the order's line, from 1", examples=[1])
    quantity: QuantityIn = Field(description="Quantity, above zero", examples=["1"])

    def to_domain(self) -> LineQuantity:
        """Give the part."""
        return LineQuantity(position=self.position, quantity=self.quantity)


class LineOut(Out):
    """One line with its amounts."""

    position: int = Field(description="Place in the document, from 1", examples=[1])
    product_id: int | None = Field(description="Id of the product", examples=[3])
    kind: LineKind = Field(description="What the line charges for; only goods are shipped")
    description: str = Field(description="Text", examples=["Oak desk 140 cm"])
    quantity: Number = Field(description="Quantity in stock units", examples=["2"])
    unit: str | None = Field(description="Unit it was entered in; null: the stock unit")
    entered_quantity: Number | None = Field(description="Quantity in that unit")
    kit_position: int | None = Field(description="Position of the kit it belongs to")
    unit_price: Number = Field(description="Net price of one unit in the document's currency", examples=["389"])
    discount: Number = Field(description="Discount in per cent", examples=["5"])
    vat_rate: Number = Field(description="VAT in per cent", examples=["20"])
    net: Number = Field(description="Net amount in the document's currency", examples=["739.10"])
    company_net: Number = Field(description="Net amount in the company's currency", examples=["739.10"])
    unit_cost: Number = Field(description="What a unit cost then, in the company's currency", examples=["210"])
    company_cost: Number = Field(description="What all of it cost, in the company's currency", examples=["420.00"])


class VatOut(Out):
    """VAT at one rate."""

    rate: Number = Field(description="VAT in per cent", examples=["20"])
    base: Number = Field(description="Net amount it is taken of, in the document's currency", examples=["739.10"])
    vat: Number = Field(description="Tax in the document's currency", examples=["147.82"])


class ValuedOut(Out):
    """A document with amounts: what it is, how it counts, and its totals in both currencies."""

    id: int = Field(description="Id", examples=[12])
    ref: str = Field(description="Number; (PROV<id>) for a draft", examples=["CO2611-0001"])
    party_id: int = Field(description="Id of the customer", examples=[7])
    date: Day = Field(description="Legal date", examples=["2026-11-21"])
    currency: str = Field(description="ISO 4217 code of the document's currency", examples=["EUR"])
    rate: Number = Field(description="Company's currency per unit of the document's", examples=["1"])
    company_currency: str = Field(description="ISO 4217 code of the company's currency", examples=["EUR"])
    vat_mode: VatMode = Field(description="Where VAT is rounded: per rate or per line")
    total_net: Number = Field(description="Net in the document's currency", examples=["739.10"])
    total_vat: Number = Field(description="VAT in the document's currency", examples=["147.82"])
    total_gross: Number = Field(description="Gross in the document's currency", examples=["886.92"])
    company_net: Number = Field(description="Net in the company's currency", examples=["739.10"])
    company_vat: Number = Field(description="VAT in the company's currency", examples=["147.82"])
    company_gross: Number = Field(description="Gross in the company's currency", examples=["886.92"])
    vat: list[VatOut] = Field(description="VAT per rate, lowest rate first")


def valued(valuation: Valuation, totals: Totals, vat: tuple[VatLine, ...]) -> dict[str, Any]:
    """Give the fields of ``ValuedOut`` that say how a document counts."""
    own, company = valuation.currency.digits, valuation.company_currency.digits
    return {
        "currency": valuation.currency.code,
        "rate": plain(valuation.rate),
        "company_currency": valuation.company_currency.code,
        "vat_mode": valuation.vat_mode,
        "total_net": plain(totals.net, own),
        "total_vat": plain(totals.vat, own),
        "total_gross": plain(totals.gross, own),
        "company_net": plain(totals.company_net, company),
        "company_vat": plain(totals.company_vat, company),
        "company_gross": plain(totals.company_gross, company),
        "vat": [
            VatOut.model_construct(rate=plain(v.rate), base=plain(v.base, own), vat=plain(v.vat, own)) for v in vat
        ],
    }


def priced(line: PricedLine, valuation: Valuation) -> Mapping[str, Any]:
    """Give the fields of ``LineOut``."""
    return {
        "position": line.position,
        "product_id": line.product_id,
        "kind": line.kind,
        "description": line.description,
        "quantity": plain(line.quantity),
        "unit": line.unit,
        "entered_quantity": None if line.entered_quantity is None else plain(line.entered_quantity),
        "kit_position": line.kit_position,
        "unit_price": plain(line.unit_price),
        "discount": plain(line.discount),
        "vat_rate": plain(line.vat_rate),
        "net": plain(line.net, valuation.currency.digits),
        "company_net": plain(line.company_net, valuation.company_currency.digits),
        "unit_cost": plain(line.unit_cost),
        "company_cost": plain(line.company_cost, valuation.company_currency.digits),
    }
