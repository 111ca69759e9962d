"""What is done with lots and serial numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import LotId, ShipmentId
from app.domain.shared.rights import Right
from app.domain.shared.tracking import Tracking
from app.domain.stock import Lot, LotsNotTracked, MovementKind
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Operator, Page, Query, Sort
from app.usecases.ports.shared import Work
from app.usecases.shared import Change, ListCase

LOTS = Listing(
    name="lots",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="product_id", kind=FieldKind.ID),
        ListField(name="code", kind=FieldKind.TEXT, sortable=True),
        ListField(name="expires_on", kind=FieldKind.DATE, nullable=True),
        ListField(name="made_on", kind=FieldKind.DATE, nullable=True),
        ListField(name="blocked", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="id"),),
)
LOT_LEVELS = Listing(
    name="lot-levels",
    fields=(
        ListField(name="warehouse_id", kind=FieldKind.ID, sortable=True),
        ListField(name="product_id", kind=FieldKind.ID, sortable=True),
        ListField(name="lot_id", kind=FieldKind.ID, sortable=True),
        ListField(name="code", kind=FieldKind.TEXT),
        ListField(name="expires_on", kind=FieldKind.DATE, nullable=True),
        ListField(name="blocked", kind=FieldKind.FLAG),
        ListField(name="quantity", kind=FieldKind.QUANTITY),
    ),
    default_sort=(Sort(field="warehouse_id"), Sort(field="product_id"), Sort(field="lot_id")),
    key=("warehouse_id", "product_id", "lot_id"),
)
LOT_MOVEMENTS = Listing(
    name="lot-movements",
    fields=(
        ListField(name="movement_id", kind=FieldKind.ID, sortable=True),
        ListField(name="lot_id", kind=FieldKind.ID, sortable=True),
        ListField(name="code", kind=FieldKind.TEXT),
        ListField(name="product_id", kind=FieldKind.ID),
        ListField(name="warehouse_id", kind=FieldKind.ID),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(MovementKind)),
        ListField(name="quantity", kind=FieldKind.QUANTITY),
        ListField(name="date", kind=FieldKind.DATE),
        ListField(name="at", kind=FieldKind.INSTANT),
        ListField(name="reason", kind=FieldKind.TEXT),
        ListField(name="shipment_id", kind=FieldKind.ID, nullable=True),
        ListField(name="order_id", kind=FieldKind.ID, nullable=True),
        ListField(name="party_id", kind=FieldKind.ID, nullable=True),
        ListField(name="transfer_id", kind=FieldKind.ID, nullable=True),
        ListField(name="inventory_id", kind=FieldKind.ID, nullable=True),
    ),
    default_sort=(Sort(field="movement_id"), Sort(field="lot_id")),
    key=("movement_id", "lot_id"),
)


@dataclass(frozen=True, slots=True)
class CreateLot:
    """Enter a lot before it comes. Raises UnknownReference, LotsNotTracked, Taken for the product's code."""

    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Lot) -> Lot:
        """Store ``request`` and give it back with its id."""
        try:
            product = work.products.get(request.product_id)
        except NotFound as error:
            raise UnknownReference(at=("product_id",), kind="product", value=request.product_id) from error
        if product.tracking is Tracking.NONE:
            raise LotsNotTracked(at=("product_id",), product=product.id)
        work.lots.add(request)
        work.outbox.add(request.created())
        return request


@dataclass(frozen=True, slots=True)
class ReadLot:
    """Show one lot. Raises NotFound."""

    right: ClassVar[Right] = Right.STOCK_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: LotId) -> Lot:
        """Give the lot."""
        return work.lots.get(request)


@dataclass(frozen=True, slots=True)
class ChangeLot:
    """Change code or dates of a lot, block it or let it go. Raises NotFound, Stale, Taken, LotDatesBackwards."""

    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Lot:
        """Give the lot as it is now."""
        lot = work.lots.get(LotId(request.id))
        request.matches(lot.version)
        changed = lot.change(request.changes)
        if changed is not None:
            work.lots.save(lot)
            work.outbox.add(changed)
        return lot


class ListLots(ListCase):
    """List lots."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = LOTS


class ListLotLevels(ListCase):
    """List which lots are where; only those of which something is there."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = LOT_LEVELS


class ListLotMovements(ListCase):
    """List what movements did to lots, oldest first."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = LOT_MOVEMENTS


class TraceLot(ListCase):
    """List where a lot came from and where it went, with shipments and customers, oldest first. Raises NotFound."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = LOT_MOVEMENTS

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give one page; the query names the lot."""
        work.lots.get(LotId(_wanted(query, "lot_id")))
        return ListCase.execute(self, work, context, query)


class ListShipmentLots(ListCase):
    """List the lots that went with a shipment. Raises NotFound."""

    __slots__ = ()
    right = Right.SHIPMENTS_READ
    listing = LOT_MOVEMENTS

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give one page; the query names the shipment."""
        work.shipments.order_of(ShipmentId(_wanted(query, "shipment_id")))
        return ListCase.execute(self, work, context, query)


def _wanted(query: Query, field: str) -> int:
    """Give the id that the path gave: it stands last, whatever else was asked for."""
    return next(int(str(one.value)) for one in query.filters[::-1] if (one.field, one.operator) == (field, Operator.EQ))
