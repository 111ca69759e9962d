"""Products: goods, which are kept in stock, and services, which are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.catalogue.records import NegativePrice, percentage
from app.domain.catalogue.variants import Combination, VariantTooLong
from app.domain.catalogue.vat import gross_of, net_of, vat_category
from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Price, Rate, price
from app.domain.shared.tracking import Tracking

LONGEST_REF: Final = 60
LONGEST_NAME: Final = 200


class ProductKind(StrEnum):
    """Whether there is something to put on a shelf."""

    GOODS = "goods"
    SERVICE = "service"


class NotStocked(Invalid):
    """A service has no stock."""

    code = "catalogue.not_stocked"


class ProductArchived(Conflict):
    """The product is archived and takes no new documents."""

    code = "catalogue.archived"


class RateOrCategory(Invalid):
    """A product has a VAT rate of its own or a VAT category, one of them."""

    code = "catalogue.rate_or_category"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCreated(Event):
    """A product was entered."""

    name: ClassVar[str] = "catalogue.product_created"
    aggregate: ClassVar[str] = "product"
    id: ProductId
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChanged(Event):
    """Some fields of a product were changed."""

    name: ClassVar[str] = "catalogue.product_changed"
    aggregate: ClassVar[str] = "product"
    id: ProductId
    fields: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Product:
    """Something sold. Prices and costs are net, per stock unit, in the company's currency; rates per cent.

    ``gross_unit_price`` is there when the price was entered with VAT; ``unit_price`` then follows from it. A
    ``vat_category`` stands in for a rate of its own. A ``kit`` has components, a variant its ``parent_id`` and the
    ``combination`` that tells it from the others. ``average_cost`` is that of its stock, None where there is none or it
    was not asked for.
    """

    id: ProductId = ProductId(0)
    ref: str
    name: str
    kind: ProductKind = ProductKind.GOODS
    description: str = ""
    unit_price: Price
    gross_unit_price: Price | None = None
    cost_price: Price = Price(Decimal(0))
    vat_rate: Rate | None = None
    vat_category: str | None = None
    unit: str | None = None
    kit: bool = False
    parent_id: ProductId | None = None
    combination: str | None = None
    archived: bool = False
    tracking: Tracking = Tracking.NONE
    custom: Mapping[str, object] = field(default_factory=dict)
    version: int = 0
    average_cost: Price | None = None

    def __post_init__(self) -> None:
        self.check()

    @property
    def unit_cost(self) -> Price:
        """What a unit costs: on average in stock, else what the catalogue says."""
        return self.average_cost or self.cost_price

    @property
    def stocked(self) -> bool:
        """Whether the product is kept in stock."""
        return self.kind is ProductKind.GOODS

    def check(self) -> None:
        """Pass only a sound product. Raises Required, NegativePrice, BadRate, RateOrCategory, NotStocked."""
        for name in ("ref", "name"):
            if not getattr(self, name).strip():
                raise Required(at=(name,))
        for name in ("unit_price", "gross_unit_price", "cost_price"):
            if (getattr(self, name) or 0) < 0:
                raise NegativePrice(at=(name,))
        if (self.vat_rate is None) is (self.vat_category is None):
            raise RateOrCategory(at=("vat_rate",))
        if self.vat_rate is not None:
            percentage("vat_rate", self.vat_rate)
        if self.vat_category is not None:
            vat_category("vat_category", self.vat_category)
        if self.tracking is not Tracking.NONE and not self.stocked:
            raise NotStocked(at=("tracking",), product=self.id)

    @property
    def price_includes_vat(self) -> bool:
        """Whether the price was entered with VAT."""
        return self.gross_unit_price is not None

    def rate(self, rates: Mapping[str, Rate]) -> Rate | None:
        """Give the VAT rate, that of its category if it has one; None when there is no such."""
        return self.vat_rate if self.vat_category is None else rates.get(self.vat_category)

    def net(self, vat_rate: Rate) -> Price:
        """Give the net unit price at a rate of VAT."""
        return self.unit_price if self.gross_unit_price is None else net_of(self.gross_unit_price, vat_rate)

    def gross(self, vat_rate: Rate) -> Price:
        """Give the gross unit price at a rate of VAT."""
        return gross_of(self.unit_price, vat_rate) if self.gross_unit_price is None else self.gross_unit_price

    def settle(self, vat_rate: Rate) -> None:
        """Let the net price follow from a gross one."""
        self.unit_price = self.net(vat_rate)

    def variant(self, one: Combination) -> Product:
        """Give a variant of it, which then goes its own way; what its traits cost is added to the net price.

        Raises VariantTooLong, NegativePrice, Overflow.
        """
        ref, name = f"{self.ref}-{one.suffix}", f"{self.name} {one.suffix}"
        if len(ref) > LONGEST_REF or len(name) > LONGEST_NAME:
            raise VariantTooLong(at=("attributes",), value=ref)
        return replace(
            self,
            id=ProductId(0),
            version=0,
            ref=ref,
            name=name,
            unit_price=price(self.unit_price + one.extra),
            gross_unit_price=None if one.extra else self.gross_unit_price,
            kit=False,
            parent_id=self.id,
            combination=one.key,
        )

    def created(self) -> ProductCreated:
        """Give the event of its entry, once it has an id."""
        return ProductCreated(id=self.id, ref=self.ref)

    def change(self, changes: Mapping[str, object]) -> ProductChanged | None:
        """Set the named fields; None when nothing differs. Raises as ``check`` does; the product is then of no use."""
        changed = tuple(name for name, value in changes.items() if getattr(self, name) != value)
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return ProductChanged(id=self.id, fields=changed) if changed else None

    def sells(self) -> None:
        """Pass only a product that takes new documents. Raises ProductArchived."""
        if self.archived:
            raise ProductArchived(at=("product_id",), product=self.id)
