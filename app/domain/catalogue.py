"""The catalogue: goods, which are kept in stock, and services, which are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from app.domain.shared.errors import Conflict, Invalid, Required
from app.domain.shared.events import Event
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Price, Rate


class ProductKind(StrEnum):
    """Whether there is something to put on a shelf."""

    GOODS = "goods"
    SERVICE = "service"


class NegativePrice(Invalid):
    """A price or cost is below zero."""

    code = "catalogue.negative_price"


class BadRate(Invalid):
    """A percentage lies outside 0 to 100."""

    code = "catalogue.bad_rate"


class NotStocked(Invalid):
    """A service has no stock."""

    code = "catalogue.not_stocked"


class ProductArchived(Conflict):
    """The product is archived and takes no new documents."""

    code = "catalogue.archived"


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
    """Something sold. Prices and costs are net, per unit, in the company's currency; ``vat_rate`` is a percentage.

    ``average_cost`` is that of its stock, None where there is none or it was not asked for.
    """

    id: ProductId = ProductId(0)
    ref: str
    name: str
    kind: ProductKind = ProductKind.GOODS
    description: str = ""
    unit_price: Price
    cost_price: Price = Price(Decimal(0))
    vat_rate: Rate
    archived: bool = False
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
        """Pass only a sound product. Raises Required, NegativePrice, BadRate."""
        for name in ("ref", "name"):
            if not getattr(self, name).strip():
                raise Required(at=(name,))
        for name in ("unit_price", "cost_price"):
            if getattr(self, name) < 0:
                raise NegativePrice(at=(name,))
        if not 0 <= self.vat_rate <= 100:
            raise BadRate(at=("vat_rate",), value=self.vat_rate)

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
