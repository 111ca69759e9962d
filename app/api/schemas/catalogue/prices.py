"""Price lists and prices on the wire."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from app.api.schemas.catalogue.records import given, shown
from app.api.schemas.shared import Change, Day, Flag, Id, In, Number, Out, PriceIn, QuantityIn, RateIn, Text
from app.domain.catalogue import PriceList, PriceRow, PriceSource
from app.domain.shared.ids import PartyId, ProductId
from app.domain.shared.money import Quantity, plain
from app.usecases.catalogue import Quoted
from app.usecases.shared import Change as Changes

NONE = Quantity(Decimal(0))
Code = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]


class PriceListIn(In):
    """A new price list."""

    name: Text = Field(description="Name", examples=["Wholesale"], min_length=1, max_length=100)
    currency: Code = Field(description="ISO 4217 code", examples=["EUR"])
    includes_vat: Flag = Field(default=False, description="Whether its prices include VAT", examples=[False])
    valid_from: Day | None = Field(None, description="First day, null: always", examples=["2026-01-01"])
    valid_until: Day | None = Field(None, description="Last day, null: for ever", examples=[None])

    def to_domain(self) -> PriceList:
        """Give the price list."""
        return PriceList(**given(self))


class PriceListChange(Change):
    """New values for some fields of a price list."""

    name: Text = Field("", description="Name", examples=["Wholesale"], min_length=1, max_length=100)
    includes_vat: Flag = Field(default=False, description="Whether its prices include VAT", examples=[False])
    valid_from: Day | None = Field(None, description="First day, null: always", examples=["2026-01-01"])
    valid_until: Day | None = Field(None, description="Last day, null: for ever", examples=[None])

    def to_domain(self, record_id: int, version: int) -> Changes:
        """Give the change to the price list seen at ``version``."""
        return Changes(id=record_id, version=version, changes=self.sent())


class PriceListOut(Out):
    """A price list."""

    id: int = Field(description="Id", examples=[4])
    name: str = Field(description="Name", examples=["Wholesale"])
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])
    includes_vat: bool = Field(description="Whether its prices include VAT", examples=[False])
    valid_from: Day | None = Field(description="First day, null: always", examples=["2026-01-01"])
    valid_until: Day | None = Field(description="Last day, null: for ever", examples=[None])
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, record: PriceList) -> "PriceListOut":
        """Show a price list."""
        return cls.model_construct(**shown(record, cls.model_fields))


class ListPriceIn(In):
    """A price on a list: `price`, or `discount` off the product's own."""

    product_id: Id = Field(description="Id of the product", examples=[3])
    min_quantity: QuantityIn = Field(NONE, description="Quantity in stock units it begins at", examples=["10"])
    price: PriceIn | None = Field(None, description="Price of one stock unit", examples=["349"])
    discount: RateIn | None = Field(None, description="Per cent off the product's own price", examples=[None])

    def to_domain(self, price_list_id: int) -> PriceRow:
        """Give the price."""
        return PriceRow(
            price_list_id=price_list_id,
            product_id=ProductId(self.product_id),
            min_quantity=self.min_quantity,
            price=self.price,
            discount=self.discount,
        )


class PartyPriceIn(ListPriceIn):
    """A price agreed with a customer: `price`, or `discount` off the product's own."""

    currency: Code | None = Field(None, description="ISO 4217 code of `price`; left out: the company's")
    includes_vat: Flag = Field(default=False, description="Whether `price` includes VAT")
    valid_from: Day | None = Field(None, description="First day, null: always")
    valid_until: Day | None = Field(None, description="Last day, null: for ever")

    def to_party(self, party_id: int, currency: str) -> PriceRow:
        """Give the price."""
        return PriceRow(
            party_id=PartyId(party_id),
            product_id=ProductId(self.product_id),
            min_quantity=self.min_quantity,
            price=self.price,
            discount=self.discount,
            currency=self.currency or currency,
            includes_vat=self.includes_vat,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class PriceChange(Change):
    """New values for some fields of a price; product, list and customer stay."""

    min_quantity: QuantityIn = Field(NONE, description="Quantity in stock units it begins at", examples=["20"])
    price: PriceIn | None = Field(None, description="Price of one stock unit", examples=["329"])
    discount: RateIn | None = Field(None, description="Per cent off the product's own price", examples=[None])

    def to_domain(self, price_id: int, version: int) -> Changes:
        """Give the change to the price seen at ``version``."""
        return Changes(id=price_id, version=version, changes=self.sent())


class PriceOut(Out):
    """A price on a list or of a customer."""

    id: int = Field(description="Id", examples=[9])
    price_list_id: int | None = Field(description="Id of the list")
    party_id: int | None = Field(description="Id of the customer")
    product_id: int = Field(description="Id of the product", examples=[3])
    min_quantity: Number = Field(description="Quantity in stock units it begins at", examples=["10"])
    price: Number | None = Field(description="Price of one stock unit", examples=["349"])
    discount: Number | None = Field(description="Per cent off the product's own price", examples=[None])
    currency: str | None = Field(description="ISO 4217 code; null: the list's")
    includes_vat: bool = Field(description="Whether a customer's price includes VAT")
    valid_from: Day | None = Field(description="First day of a customer's price")
    valid_until: Day | None = Field(description="Last day of a customer's price")
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, record: PriceRow) -> "PriceOut":
        """Show a price."""
        return cls.model_construct(**shown(record, cls.model_fields))


class QuotedOut(Out):
    """What a line would charge, and why."""

    product_id: int = Field(description="Id of the product", examples=[3])
    party_id: int | None = Field(description="Id of the customer", examples=[7])
    quantity: Number = Field(description="Quantity in stock units", examples=["12"])
    on: Day = Field(description="Day it is for", examples=["2026-11-21"])
    currency: str = Field(description="ISO 4217 code of the amounts", examples=["EUR"])
    source: PriceSource = Field(description="Where the price comes from", examples=["price_list"])
    price_id: int | None = Field(description="Id of the price that was taken", examples=[9])
    min_quantity: Number | None = Field(description="Quantity that price begins at", examples=["10"])
    discount: Number | None = Field(description="Per cent off the product's own price")
    own_unit_price: Number = Field(description="The product's own net price in the company's currency")
    unit_price: Number = Field(description="Net price of one stock unit", examples=["349"])
    gross_unit_price: Number = Field(description="The same with VAT", examples=["418.8"])
    vat_rate: Number = Field(description="VAT in per cent", examples=["20"])
    net: Number = Field(description="Net amount of the line", examples=["4188.00"])
    vat: Number = Field(description="VAT of the line", examples=["837.60"])
    gross: Number = Field(description="Gross amount of the line", examples=["5025.60"])

    @classmethod
    def of(cls, quoted: Quoted) -> "QuotedOut":
        """Show a price that was found."""
        asked, found, currency = quoted.enquiry, quoted.found, quoted.valued.currency
        return cls.model_construct(
            product_id=asked.product_id,
            party_id=asked.party_id,
            quantity=plain(asked.quantity),
            on=quoted.on,
            currency=currency.code,
            source=found.source,
            price_id=found.row,
            min_quantity=None if found.min_quantity is None else plain(found.min_quantity),
            discount=None if found.discount is None else plain(found.discount),
            own_unit_price=plain(quoted.own),
            unit_price=plain(found.unit_price),
            gross_unit_price=plain(quoted.gross),
            vat_rate=plain(quoted.vat_rate),
            net=plain(quoted.totals.net, currency.digits),
            vat=plain(quoted.totals.vat, currency.digits),
            gross=plain(quoted.totals.gross, currency.digits),
        )
