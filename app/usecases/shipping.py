"""What is done with shipments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from app.domain.fields import Values
from app.domain.sales import LineQuantity, Order, OrderState
from app.domain.shared.dates import Day
from app.domain.shared.ids import OrderId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import Quantity
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.domain.shipping import NothingToShip, Shipment, ShipmentDeleted, ShipmentLine, ShipmentState
from app.domain.stock import MovementKind, Occasion
from app.usecases.context import Context
from app.usecases.custom import drop, fill, keep
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, Numbering, Versioned, warehouse

SHIPMENTS = Listing(
    name="shipments",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="order_id", kind=FieldKind.ID),
        ListField(name="party_id", kind=FieldKind.ID),
        ListField(name="warehouse_id", kind=FieldKind.ID),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(ShipmentState)),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.SHIPMENT), Found(Searched.PARTY, "party_id")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDraft:
    """A shipment as asked for: ``lines`` None is all that is left to ship, ``date`` None today."""

    order_id: OrderId
    warehouse_id: WarehouseId | None = None
    date: Day | None = None
    lines: tuple[LineQuantity, ...] | None = None
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateShipment:
    """Enter a shipment of an order as a draft; stock moves when it is validated.

    Raises NotFound, InvalidTransition, NothingToShip, OverShipped, LineNotShippable, UnknownReference, NoWarehouse.
    """

    clock: Clock
    right: ClassVar[Right] = Right.SHIPMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentDraft) -> Shipment:
        """Give the draft with its id."""
        order = work.orders.get(request.order_id)
        order.can_ship()
        place = warehouse(work, context, request.warehouse_id)
        shipment = Shipment(
            order_id=order.id,
            party_id=order.party_id,
            warehouse_id=place.id,
            date=request.date or self.clock.today(context.zone),
            lines=_lines(order, request.lines),
        )
        shipment.check()
        custom = fill(work, context, ObjectKind.SHIPMENTS, request.custom)
        shipment.custom = custom.values
        work.shipments.add(shipment)
        keep(work, ObjectKind.SHIPMENTS, shipment.id, custom)
        work.outbox.add(shipment.created())
        return shipment


def _lines(order: Order, wanted: Sequence[LineQuantity] | None) -> list[ShipmentLine]:
    if wanted is None:
        wanted = _left(order)
    order.shippable(wanted)
    lines = []
    for part in wanted:
        product = order.line(part.position).product_id
        if product is not None:
            lines.append(ShipmentLine(position=part.position, product_id=product, quantity=part.quantity))
    return lines


def _left(order: Order) -> list[LineQuantity]:
    left = [LineQuantity(position=line.position, quantity=line.to_ship) for line in order.lines if line.to_ship]
    if not left:
        raise NothingToShip(order=order.id)
    return left


@dataclass(frozen=True, slots=True)
class ReadShipment:
    """Show one shipment. Raises NotFound."""

    right: ClassVar[Right] = Right.SHIPMENTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ShipmentId) -> Shipment:
        """Give the shipment with its lines."""
        return work.shipments.get(request)


@dataclass(frozen=True, slots=True)
class DeleteShipment:
    """Delete a draft. Raises NotFound, Stale, ShipmentNotDraft."""

    right: ClassVar[Right] = Right.SHIPMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove the shipment."""
        shipment = work.shipments.get(ShipmentId(request.id), lock=True)
        request.matches(shipment.version)
        shipment.editable()
        work.shipments.delete(shipment)
        drop(work, ObjectKind.SHIPMENTS, shipment.id, shipment.custom)
        work.outbox.add(ShipmentDeleted(id=shipment.id))


@dataclass(frozen=True, slots=True)
class ValidateShipment:
    """Let the goods go: stock is debited and the order counts them as shipped.

    Raises NotFound, InvalidTransition, OverShipped, NotEnoughStock, WarehouseArchived.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.SHIPMENTS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentId) -> Shipment:
        """Give the validated shipment."""
        order = work.orders.get(work.shipments.order_of(request), lock=True)
        shipment = work.shipments.get(request, lock=True)
        shipment.can_validate()
        shipped = order.ship([LineQuantity(position=line.position, quantity=line.quantity) for line in shipment.lines])
        validated = shipment.validate(self.numbering.fast(work, context, SeriesKind.SHIPMENT, shipment.date))
        self._debit(work, context, shipment)
        work.orders.save_progress(order)
        work.shipments.save(shipment)
        work.outbox.add(validated)
        work.outbox.add(shipped)
        return shipment

    def _debit(self, work: Work, context: Context, shipment: Shipment) -> None:
        # Summed per product first: a product on several lines is checked and debited once.
        needs: defaultdict[ProductId, Decimal] = defaultdict(Decimal)
        for line in shipment.lines:
            needs[line.product_id] += line.quantity
        place = warehouse(work, context, shipment.warehouse_id)
        occasion = Occasion(
            kind=MovementKind.SHIPMENT,
            on=shipment.date,
            at=self.clock.now(),
            reason=shipment.ref,
            shipment=shipment.id,
        )
        holdings = work.stock.hold(place, needs)
        movements = [holdings[product].debit(Quantity(needs[product]), occasion) for product in sorted(needs)]
        work.stock.post(holdings.values(), movements)
        for movement in movements:
            work.outbox.add(movement.moved())


@dataclass(frozen=True, slots=True)
class CloseShipment:
    """Note that a shipment arrived; after the last one the order is delivered. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.SHIPMENTS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentId) -> Shipment:
        """Give the closed shipment."""
        order = work.orders.get(work.shipments.order_of(request), lock=True)
        shipment = work.shipments.get(request, lock=True)
        closed = shipment.close()
        work.shipments.save(shipment)
        work.outbox.add(closed)
        last = order.complete and work.shipments.all_closed(order.id, but=shipment.id)
        if last and order.state is OrderState.IN_SHIPMENT:
            delivered = order.close()
            work.orders.save(order, lines=False)
            work.outbox.add(delivered)
        return shipment


class ListShipments(ListCase):
    """List shipments, newest first."""

    __slots__ = ()
    right = Right.SHIPMENTS_READ
    listing = SHIPMENTS
