"""What is done with products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import Product, ProductKind
from app.domain.shared.ids import ProductId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.usecases.context import Context
from app.usecases.custom import fill, keep, refill
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Work
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
        ListField(name="vat_rate", kind=FieldKind.RATE),
        ListField(name="archived", kind=FieldKind.FLAG),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id"),),
    search=(Found(Searched.PRODUCT),),
)


@dataclass(frozen=True, slots=True)
class CreateProduct:
    """Enter a product. Raises Taken for a ref in use."""

    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Product) -> Product:
        """Store ``request`` and give it back with its id."""
        custom = fill(work, context, ObjectKind.PRODUCTS, request.custom)
        request.custom = custom.values
        work.products.add(request)
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
    """Change the fields sent of a product. Raises NotFound, Stale, Taken, and what makes a product unsound."""

    right: ClassVar[Right] = Right.PRODUCTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Product:
        """Give the product as it is now."""
        product = work.products.get(ProductId(request.id))
        request.matches(product.version)
        before = product.custom
        changes, custom = refill(work, ObjectKind.PRODUCTS, request.changes, before)
        changed = product.change(changes)
        if changed is not None:
            work.products.save(product)
            keep(work, ObjectKind.PRODUCTS, product.id, custom, before)
            work.outbox.add(changed)
        return product


class ListProducts(ListCase):
    """List products."""

    __slots__ = ()
    right = Right.PRODUCTS_READ
    listing = PRODUCTS
