"""Products on the wire."""

from decimal import Decimal

from pydantic import Field

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
)
from app.domain.catalogue import Product, ProductKind
from app.domain.shared.money import Price, Rate, plain
from app.usecases.shared import Change as Changes

FREE = Price(Decimal(0))
UNTAXED = Rate(Decimal(0))


class ProductIn(In):
    """A new product."""

    ref: Text = Field(min_length=1, max_length=60, description="Unique reference", examples=["DESK-140"])
    name: Text = Field(min_length=1, max_length=200, description="Name", examples=["Oak desk 140 cm"])
    kind: ProductKind = Field(ProductKind.GOODS, description="Goods are kept in stock, services are not")
    description: Text = Field("", max_length=10_000, description="Longer text")
    unit_price: PriceIn = Field(description="Net price of one unit in the company's currency", examples=["389.00"])
    cost_price: PriceIn = Field(FREE, description="Cost of one unit in the company's currency", examples=["210.50"])
    vat_rate: RateIn = Field(description="VAT in per cent", examples=["20"])
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> Product:
        """Give the product."""
        return Product(**{name: getattr(self, name) for name in type(self).model_fields})


class ProductChange(Change):
    """New values for some fields of a product."""

    ref: Text = Field("", min_length=1, max_length=60, description="Unique reference", examples=["DESK-160"])
    name: Text = Field("", min_length=1, max_length=200, description="Name")
    kind: ProductKind = Field(ProductKind.GOODS, description="Goods are kept in stock, services are not")
    description: Text = Field("", max_length=10_000, description="Longer text")
    unit_price: PriceIn = Field(FREE, description="Net price of one unit in the company's currency")
    cost_price: PriceIn = Field(FREE, description="Cost of one unit in the company's currency")
    vat_rate: RateIn = Field(UNTAXED, description="VAT in per cent")
    archived: Flag = Field(default=False, description="Whether it takes no new documents")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

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
    unit_price: Number = Field(description="Net price of one unit in the company's currency", examples=["389"])
    cost_price: Number = Field(description="Cost of one unit in the company's currency", examples=["210.5"])
    vat_rate: Number = Field(description="VAT in per cent", examples=["20"])
    archived: bool = Field(description="Whether it takes no new documents")
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
            cost_price=plain(product.cost_price),
            vat_rate=plain(product.vat_rate),
            archived=product.archived,
            custom=product.custom,
            version=product.version,
        )
