"""What is done with the places inside warehouses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import NotStocked
from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import LocationId, ProductId, WarehouseId
from app.domain.shared.rights import Right
from app.domain.stock import Location, ProductsPlaced
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Operator, Page, Query, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase

LOCATIONS = Listing(
    name="locations",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="warehouse_id", kind=FieldKind.ID),
        ListField(name="parent_id", kind=FieldKind.ID, nullable=True),
        ListField(name="code", kind=FieldKind.TEXT, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT),
        ListField(name="archived", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="code"), Sort(field="id")),
)
PLACES = Listing(
    name="stock-places",
    fields=(
        ListField(name="warehouse_id", kind=FieldKind.ID, sortable=True),
        ListField(name="product_id", kind=FieldKind.ID, sortable=True),
        ListField(name="location_id", kind=FieldKind.ID),
    ),
    default_sort=(Sort(field="warehouse_id"), Sort(field="product_id")),
    key=("warehouse_id", "product_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Products that get their place in a location."""

    location_id: LocationId
    product_ids: tuple[ProductId, ...]


@dataclass(frozen=True, slots=True)
class CreateLocation:
    """Enter a place inside a warehouse. Raises NotFound, Taken, LocationElsewhere, WarehouseArchived."""

    right: ClassVar[Right] = Right.WAREHOUSES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Location) -> Location:
        """Store ``request`` and give it back with its id."""
        work.warehouses.get(request.warehouse_id).serves()
        _stands(work, request)
        work.locations.add(request)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadLocation:
    """Show one location. Raises NotFound."""

    right: ClassVar[Right] = Right.WAREHOUSES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: LocationId) -> Location:
        """Give the location."""
        return work.locations.get(request)


@dataclass(frozen=True, slots=True)
class ChangeLocation:
    """Change the fields sent of a location. Raises NotFound, Stale, Taken, LocationInCircle, LocationElsewhere."""

    right: ClassVar[Right] = Right.WAREHOUSES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Location:
        """Give the location as it is now."""
        location = work.locations.get(LocationId(request.id))
        request.matches(location.version)
        changed = location.change(request.changes)
        if changed is not None:
            if "parent_id" in changed.fields:
                _stands(work, location)
            work.locations.save(location)
            work.outbox.add(changed)
        return location


def _stands(work: Work, location: Location) -> None:
    if location.parent_id is None:
        return
    tree = work.locations.tree(location.warehouse_id)
    if location.parent_id not in tree:
        named_location(work, location.parent_id, "parent_id")
    location.stands_in({**tree, location.id: location.parent_id} if location.id else tree)


def named_location(work: Work, wanted: LocationId, name: str) -> Location:
    """Give the location that a field called ``name`` means. Raises UnknownReference."""
    try:
        return work.locations.get(wanted)
    except NotFound as error:
        raise UnknownReference(at=(name,), kind="location", value=wanted) from error


def check_stocked(work: Work, products: Sequence[ProductId]) -> None:
    """Pass only products that are kept in stock. Raises UnknownReference, NotStocked within ``product_ids``."""
    known = work.products.of(products)
    for index, product in enumerate(products):
        if product not in known:
            raise UnknownReference(at=("product_ids", index), kind="product", value=product)
        if not known[product].stocked:
            raise NotStocked(at=("product_ids", index), product=product)


@dataclass(frozen=True, slots=True)
class PlaceProducts:
    """Give products their place in a location, instead of where they had it in its warehouse.

    Raises NotFound, UnknownReference, NotStocked, LocationArchived.
    """

    right: ClassVar[Right] = Right.WAREHOUSES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Placement) -> Location:
        """Give the location."""
        location = work.locations.get(request.location_id)
        location.serves()
        check_stocked(work, request.product_ids)
        work.locations.place(location, request.product_ids)
        work.outbox.add(ProductsPlaced(id=location.id, products=tuple(sorted(set(request.product_ids)))))
        return location


class ListLocations(ListCase):
    """List the places inside a warehouse by code. Raises NotFound."""

    __slots__ = ()
    right = Right.WAREHOUSES_READ
    listing = LOCATIONS

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give one page; the query names the warehouse."""
        named = [one for one in query.filters if (one.field, one.operator) == ("warehouse_id", Operator.EQ)]
        work.warehouses.get(WarehouseId(int(str(named[-1].value))))
        return ListCase.execute(self, work, context, query)


class ListPlaces(ListCase):
    """List where products have their place."""

    __slots__ = ()
    right = Right.WAREHOUSES_READ
    listing = PLACES
