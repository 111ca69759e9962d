"""What is done with warehouses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.shared.ids import WarehouseId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.stock import Warehouse
from app.usecases.context import Context
from app.usecases.custom import fill, keep, refill
from app.usecases.identity import adopt
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase

WAREHOUSES = Listing(
    name="warehouses",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="allow_negative", kind=FieldKind.FLAG),
        ListField(name="archived", kind=FieldKind.FLAG),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id"),),
    search=(Found(Searched.WAREHOUSE),),
)


@dataclass(frozen=True, slots=True)
class CreateWarehouse:
    """Enter a warehouse; the company's first one becomes its default. Raises Taken for a ref in use."""

    right: ClassVar[Right] = Right.WAREHOUSES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Warehouse) -> Warehouse:
        """Store ``request`` and give it back with its id."""
        custom = fill(work, context, ObjectKind.WAREHOUSES, request.custom)
        request.custom = custom.values
        work.warehouses.add(request)
        keep(work, ObjectKind.WAREHOUSES, request.id, custom)
        company = work.companies.get(context.company)
        if company.settings.default_warehouse is None:
            adopt(work, company, replace(company.settings, default_warehouse=request.id))
        return request


@dataclass(frozen=True, slots=True)
class ReadWarehouse:
    """Show one warehouse. Raises NotFound."""

    right: ClassVar[Right] = Right.WAREHOUSES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: WarehouseId) -> Warehouse:
        """Give the warehouse."""
        return work.warehouses.get(request)


@dataclass(frozen=True, slots=True)
class ChangeWarehouse:
    """Change the fields sent of a warehouse. Raises NotFound, Stale, Taken, Required."""

    right: ClassVar[Right] = Right.WAREHOUSES_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Warehouse:
        """Give the warehouse as it is now."""
        place = work.warehouses.get(WarehouseId(request.id))
        request.matches(place.version)
        before = place.custom
        changes, custom = refill(work, ObjectKind.WAREHOUSES, request.changes, before)
        if place.change(changes):
            work.warehouses.save(place)
            keep(work, ObjectKind.WAREHOUSES, place.id, custom, before)
        return place


class ListWarehouses(ListCase):
    """List warehouses."""

    __slots__ = ()
    right = Right.WAREHOUSES_READ
    listing = WAREHOUSES
