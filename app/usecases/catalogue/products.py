"""What is done with products themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from app.domain.catalogue import GTIN, NoVatRate, Product, ProductKind, UnknownUnit, rates_on
from app.domain.shared.ids import ProductId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.tracking import Tracking
from app.domain.stock import TrackingInUse
from app.usecases.context import Context
from app.usecases.custom import fill, keep, refill
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Page, Query, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, ListCase

PRODUCTS = Listing(
    name="products",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(ProductKind)),
        ListField(name="unit_price", kind=FieldKind.PRICE, sortable=True),
        ListField(name="cost_price", kind=FieldKind.PRICE),
        ListField(name="gross_unit_price", kind=FieldKind.PRICE, nullable=True),
        ListField(name="vat_rate", kind=FieldKind.RATE, nullable=True),
        ListField(name="vat_category", kind=FieldKind.TEXT, nullable=True),
        ListField(name="unit", kind=FieldKind.TEXT, nullable=True),
        ListField(name="kit", kind=FieldKind.FLAG),
        ListField(name="parent_id", kind=FieldKind.ID, nullable=True),
        ListField(name="archived", kind=FieldKind.FLAG),
        ListField(name="tracking", kind=FieldKind.CHOICE, choices=tuple(Tracking)),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id"),),
    search=(Found(Searched.PRODUCT),),
    links=(ListField(name="barcode", kind=FieldKind.TEXT), ListField(name="category_id", kind=FieldKind.ID)),
)


def settle(work: Work, clock: Clock, context: Context, product: Product) -> None:
    """Let a gross price's net follow from it at today's VAT, and see that the product's unit is there.

    Raises NoVatRate, UnknownUnit.
    """
    if product.unit is not None and not work.pricing.units([product.unit]):
        raise UnknownUnit(at=("unit",), value=product.unit)
    if product.vat_category is None and not product.price_includes_vat:
        return
    today = clock.today(context.zone)
    rates = {} if product.vat_category is None else rates_on(work.pricing.vat_rates(), today)
    rate = product.rate(rates)
    if rate is None:
        raise NoVatRate(at=("vat_category",), category=product.vat_category, on=today)
    product.settle(rate)


PRICING: Final = frozenset({"unit_price", "gross_unit_price", "vat_rate", "vat_category", "unit"})
_EITHER: Final = (("vat_rate", "vat_category"), ("vat_category", "vat_rate"))


def replaced(changes: Mapping[str, object]) -> dict[str, object]:
    """Give ``changes`` where one of two that exclude each other takes the other's place."""
    whole = dict(changes)
    if "unit_price" in whole:
        whole.setdefault("gross_unit_price", None)
    for one, other in _EITHER:
        if whole.get(one) is not None:
            whole.setdefault(other, None)
    return whole


@dataclass(frozen=True, slots=True)
class CreateProduct:
    """Enter a product. Raises Taken for a ref in use, NoVatRate, UnknownUnit."""

    clock: Clock
    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Product) -> Product:
        """Store ``request`` and give it back with its id."""
        settle(work, self.clock, context, request)
        custom = fill(work, context, ObjectKind.PRODUCTS, request.custom)
        request.custom = custom.values
        work.products.add(request)
        if request.tracking is not Tracking.NONE:
            work.lots.track(request.id, request.tracking)
        keep(work, ObjectKind.PRODUCTS, request.id, custom)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadProduct:
    """Show one product. Raises NotFound."""

    right: ClassVar[Right] = Right.PRODUCTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ProductId) -> Product:
        """Give the product."""
        return work.products.get(request)


@dataclass(frozen=True, slots=True)
class ChangeProduct:
    """Change the fields sent of a product. Raises NotFound, Stale, Taken, TrackingInUse, and what is unsound.

    A net price takes the place of a gross one, a rate that of a category, and the other way round.
    """

    clock: Clock
    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Product:
        """Give the product as it is now."""
        product = work.products.get(ProductId(request.id))
        request.matches(product.version)
        before = product.custom
        changes, custom = refill(work, ObjectKind.PRODUCTS, request.changes, before)
        changed = product.change(replaced(changes))
        if changed is not None:
            if not PRICING.isdisjoint(changed.fields):
                settle(work, self.clock, context, product)
            if "tracking" in changed.fields and not work.lots.track(product.id, product.tracking):
                raise TrackingInUse(at=("tracking",), product=product.id)
            work.products.save(product)
            keep(work, ObjectKind.PRODUCTS, product.id, custom, before)
            work.outbox.add(changed)
        return product


class ListProducts(ListCase):
    """List products; those of a ``category_id`` include its subcategories'."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = PRODUCTS

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give the page asked for, a barcode being found however long it is written."""
        filters = tuple(
            replace(one, value=str(one.value).zfill(GTIN)) if one.field == "barcode" else one for one in query.filters
        )
        return ListCase.execute(self, work, context, replace(query, filters=filters))
