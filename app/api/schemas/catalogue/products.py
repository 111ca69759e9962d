"""Products on the wire."""

from decimal import Decimal
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.schemas.catalogue.vat import Category
from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Flag,
    In,
    Number,
    Out,
    PriceIn,
    RateIn,
    Text,
    UnitCode,
)
from app.domain.catalogue import Product, ProductKind
from app.domain.shared.money import Price, plain
from app.domain.shared.tracking import Tracking
from app.usecases.shared import Change as Changes

FREE = Price(Decimal(0))


class ProductIn(In):
    """A new product."""

    ref: Text = Field(min_length=1, max_length=60, description="Unique reference", examples=["DESK-140"])
    name: Text = Field(min_length=1, max_length=200, description="Name", examples=["Oak desk 140 cm"])
    kind: ProductKind = Field(ProductKind.GOODS, description="Goods are kept in stock, services are not")
    description: Text = Field("", max_length=10_000, description="Longer text")
    unit_price: PriceIn | None = Field(
        None, description="Net price of one stock unit in the company's currency", examples=["389.00"]
    )
    gross_unit_price: PriceIn | None = Field(
        None, description="The same with VAT, in place of `unit_price`", examples=[None]
    )
    cost_price: PriceIn = Field(FREE, description="Cost of one unit in the company's currency", examples=["210.50"])
    vat_rate: RateIn | None = Field(None, description="VAT in per cent", examples=["20"])
    vat_category: Category | None = Field(None, description="Category of VAT, in place of `vat_rate`", examples=[None])
    unit: UnitCode | None = Field(None, description="Unit it is stocked in; null: pieces", examples=[None])
    tracking: Tracking = Field(Tracking.NONE, description="Whether its stock is known by lot or serial number")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> Product:
        """Give the product."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        if self.unit_price is None:
            values["unit_price"] = self.gross_unit_price  # until the VAT is known
        return Product(**values)

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        """Refuse two prices, and none."""
        if (self.unit_price is None) is (self.gross_unit_price is None):
            raise PydanticCustomError("net_or_gross", "a net or a gross price")
        return self


class ProductChange(Change):
    """New values for some fields of a product."""

    ref: Text = Field("", min_length=1, max_length=60, description="Unique reference", examples=["DESK-160"])
    name: Text = Field("", min_length=1, max_length=200, description="Name")
    kind: ProductKind = Field(ProductKind.GOODS, description="Goods are kept in stock, services are not")
    description: Text = Field("", max_length=10_000, description="Longer text")
    unit_price: PriceIn = Field(FREE, description="Net price of one stock unit in the company's currency")
    gross_unit_price: PriceIn | None = Field(None, description="The same with VAT, in place of `unit_price`")
    cost_price: PriceIn = Field(FREE, description="Cost of one unit in the company's currency")
    vat_rate: RateIn | None = Field(None, description="VAT in per cent")
    vat_category: Category | None = Field(None, description="Category of VAT, in place of `vat_rate`")
    unit: UnitCode | None = Field(None, description="Unit it is stocked in; null: pieces")
    archived: Flag = Field(default=False, description="Whether it takes no new documents")
    tracking: Tracking = Field(Tracking.NONE, description="Changes only while none of it is in stock")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        """Refuse two prices."""
        if self.gross_unit_price is not None and "unit_price" in self.model_fields_set:
            raise PydanticCustomError("net_or_gross", "a net or a gross price, not both")
        return self

    def to_domain(self, product_id: int, version: int) -> Changes:
        """Give the change to the product seen at ``version``."""
        return Changes(id=product_id, version=version, changes=self.sent())


class ProductOut(Out):
    """A product."""

    id: int = Field(description="Id", examples=[3])
    ref: str = Field(description="Unique reference", examples=["DESK-140"])
    name: str = Field(description="Name", examples=["Oak desk 140 cm"])
    kind: ProductKind = Field(description="Goods are kept in stock, services are not")
    description: str = Field(description="Longer text")
    unit_price: Number = Field(description="Net price of one stock unit in the company's currency", examples=["389"])
    gross_unit_price: Number | None = Field(description="Price with VAT, if it was entered so; the net one follows")
    price_includes_vat: bool = Field(description="Whether the price was entered with VAT")
    cost_price: Number = Field(description="Cost of one unit in the company's currency", examples=["210.5"])
    vat_rate: Number | None = Field(description="VAT in per cent; null: that of the category", examples=["20"])
    vat_category: str | None = Field(description="Category of VAT")
    unit: str | None = Field(description="Unit it is stocked in; null: pieces")
    kit: bool = Field(description="Whether it has components")
    parent_id: int | None = Field(description="Id of the product it is a variant of")
    archived: bool = Field(description="Whether it takes no new documents")
    tracking: Tracking = Field(description="Whether its stock is known by lot or serial number")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, product: Product) -> "ProductOut":
        """Show a product."""
        return cls.model_construct(
            id=product.id,
            ref=product.ref,
            name=product.name,
            kind=product.kind,
            description=product.description,
            unit_price=plain(product.unit_price),
            gross_unit_price=None if product.gross_unit_price is None else plain(product.gross_unit_price),
            price_includes_vat=product.price_includes_vat,
            cost_price=plain(product.cost_price),
            vat_rate=None if product.vat_rate is None else plain(product.vat_rate),
            vat_category=product.vat_category,
            unit=product.unit,
            kit=product.kit,
            parent_id=product.parent_id,
            archived=product.archived,
            tracking=product.tracking,
            custom=product.custom,
            version=product.version,
        )
