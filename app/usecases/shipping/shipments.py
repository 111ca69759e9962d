"""What is done with shipments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import ClassVar, Final

from app.domain.fields import Values
from app.domain.parties import Address
from app.domain.sales import LineQuantity, Order, OrderState
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, NotFound, UnknownReference
from app.domain.shared.ids import CarrierId, OrderId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import Quantity
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.series import SeriesKind
from app.domain.shipping import (
    Carrier,
    NothingToShip,
    Parcel,
    Shipment,
    ShipmentChanged,
    ShipmentDeleted,
    ShipmentLine,
    ShipmentState,
)
from app.domain.stock import NOTHING, Holding, Movement, MovementKind, NotEnoughStock, Occasion, Place, Warehouse
from app.usecases.context import Context
from app.usecases.custom import drop, fill, keep, refill
from app.usecases.ports.listing import CUSTOM_VALUES, FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, ListCase, Numbering, Versioned, warehouse
from app.usecases.stock import issue, restore
from app.usecases.stock.posting import release, serve_waiting

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
        ListField(name="carrier_id", kind=FieldKind.ID, nullable=True),
        ListField(name="method", kind=FieldKind.TEXT),
        ListField(name="delivered_on", kind=FieldKind.DATE, nullable=True),
        CUSTOM_VALUES,
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.SHIPMENT), Found(Searched.PARTY, "party_id")),
)


HEADER: Final = ("date", "custom", "delivery_address", "method")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(LineQuantity):
    """So much of one line of the order from one warehouse, None the shipment's."""

    warehouse_id: WarehouseId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDraft:
    """A shipment as asked for: ``lines`` None is all that is left to ship, ``date`` None today.

    ``delivery_address`` None is the customer's when the shipment is validated.
    """

    order_id: OrderId
    warehouse_id: WarehouseId | None = None
    date: Day | None = None
    lines: Sequence[LineQuantity] | None = None
    delivery_address: Address | None = None
    carrier_id: CarrierId | None = None
    method: str = ""
    parcels: tuple[Parcel, ...] = ()
    custom: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateShipment:
    """Enter a shipment of an order as a draft; stock moves when it is validated.

    Raises NotFound, InvalidTransition, NothingToShip, OverShipped, LineNotShippable, UnknownReference, NoWarehouse,
    WarehouseArchived, CarrierArchived, and what makes a shipment unsound.
    """

    clock: Clock
    right: ClassVar[Right] = Right.SHIPMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentDraft) -> Shipment:
        """Give the draft with its id."""
        order = work.orders.get(request.order_id)
        order.can_ship()
        place = warehouse(work, context, request.warehouse_id)
        carrier = carrier_of(work, request.carrier_id)
        shipment = Shipment(
            order_id=order.id,
            party_id=order.party_id,
            warehouse_id=place.id,
            date=request.date or self.clock.today(context.zone),
            lines=_lines(work, order, request.lines, place),
            delivery_address=request.delivery_address,
            carrier_id=request.carrier_id,
            method=request.method,
            parcels=followed(request.parcels, carrier),
        )
        shipment.check()
        custom = fill(work, context, ObjectKind.SHIPMENTS, request.custom)
        shipment.custom = custom.values
        work.shipments.add(shipment)
        keep(work, ObjectKind.SHIPMENTS, shipment.id, custom)
        work.outbox.add(shipment.created())
        return shipment


def carrier_of(work: Work, carrier_id: CarrierId | None) -> Carrier | None:
    """Give the carrier named, None for none. Raises UnknownReference, CarrierArchived."""
    if carrier_id is None:
        return None
    try:
        carrier = work.carriers.get(carrier_id)
    except NotFound as error:
        raise UnknownReference(at=("carrier_id",), kind="carrier", value=carrier_id) from error
    carrier.serves()
    return carrier


def followed(parcels: Iterable[Parcel], carrier: Carrier | None) -> tuple[Parcel, ...]:
    """Give the parcels numbered from 1, with where ``carrier`` lets them be followed."""
    return tuple(
        replace(parcel, position=position, tracking_url=carrier.follow(parcel.tracking_number) if carrier else None)
        for position, parcel in enumerate(parcels, 1)
    )


def _lines(work: Work, order: Order, wanted: Sequence[LineQuantity] | None, place: Warehouse) -> list[ShipmentLine]:
    if wanted is None:
        wanted = _left(order)
    order.shippable(wanted)
    named = [part.warehouse_id if isinstance(part, Part) else None for part in wanted]
    _known(work, named, place)
    lines: list[ShipmentLine] = []
    for part, other in zip(wanted, named, strict=True):
        product = order.line(part.position).product_id
        if product is not None:
            line = ShipmentLine(
                position=len(lines) + 1,
                order_position=part.position,
                product_id=product,
                warehouse_id=place.id if other is None else other,
                quantity=part.quantity,
            )
            lines.append(line)
    return lines


def _known(work: Work, named: Sequence[WarehouseId | None], place: Warehouse) -> None:
    """Pass only warehouses in use. Raises UnknownReference, WarehouseArchived with ``at``."""
    others = {other for other in named if other is not None} - {place.id}
    if not others:
        return
    found = work.warehouses.of(others)
    for index, other in enumerate(named):
        if other is None or other == place.id:
            continue
        if other not in found:
            raise UnknownReference(at=("lines", index, "warehouse_id"), kind="warehouse", value=other)
        try:
            found[other].serves()
        except DomainError as error:
            raise error.within("lines", index) from None


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
class ChangeShipment:
    """Change the fields sent of a draft, or how a shipment travels; ``lines`` and ``parcels`` replace all.

    A new warehouse of the shipment is that of the lines that had the old one. Raises NotFound, Stale, ShipmentNotDraft,
    and as CreateShipment.
    """

    right: ClassVar[Right] = Right.SHIPMENTS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> Shipment:
        """Give the shipment as it is now."""
        shipment = work.shipments.get(ShipmentId(request.id), lock=True)
        request.matches(shipment.version)
        shipment.changeable(tuple(request.changes))
        before = shipment.custom
        changes, custom = refill(work, ObjectKind.SHIPMENTS, request.changes, before)
        for name in HEADER:
            if name in changes:
                setattr(shipment, name, changes[name])
        self._place(work, context, shipment, changes)
        self._pack(work, shipment, changes)
        shipment.check()
        relined = not {"lines", "warehouse_id"}.isdisjoint(changes)
        work.shipments.save(shipment, lines=relined, parcels=not {"parcels", "carrier_id"}.isdisjoint(changes))
        keep(work, ObjectKind.SHIPMENTS, shipment.id, custom, before)
        work.outbox.add(ShipmentChanged(id=shipment.id, fields=tuple(sorted(changes))))
        return shipment

    def _place(self, work: Work, context: Context, shipment: Shipment, changes: Mapping[str, object]) -> None:
        before = shipment.warehouse_id
        if isinstance(other := changes.get("warehouse_id"), int):
            shipment.warehouse_id = warehouse(work, context, WarehouseId(other)).id
            for line in shipment.lines:
                line.warehouse_id = shipment.warehouse_id if line.warehouse_id == before else line.warehouse_id
        if isinstance(wanted := changes.get("lines"), tuple):
            place = warehouse(work, context, shipment.warehouse_id)
            shipment.lines = _lines(work, work.orders.get(shipment.order_id), wanted, place)

    def _pack(self, work: Work, shipment: Shipment, changes: Mapping[str, object]) -> None:
        if {"parcels", "carrier_id"}.isdisjoint(changes):
            return
        if "carrier_id" in changes:
            named = changes["carrier_id"]
            shipment.carrier_id = CarrierId(named) if isinstance(named, int) else None
            carrier = carrier_of(work, shipment.carrier_id)
        else:
            carrier = None if shipment.carrier_id is None else work.carriers.get(shipment.carrier_id)
        parcels = changes.get("parcels", shipment.parcels)
        shipment.parcels = followed(parcels if isinstance(parcels, tuple) else (), carrier)


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


def places(work: Work, wanted: Iterable[WarehouseId]) -> Mapping[WarehouseId, Warehouse]:
    """Give warehouses that documents name, by one statement. Raises WarehouseArchived."""
    found = work.warehouses.of(wanted)
    for place in found.values():
        place.serves()
    return found


@dataclass(frozen=True, slots=True)
class ValidateShipment:
    """Let the goods go: stock is debited and the order counts them as shipped; the address is frozen.

    Of tracked products the lots that expire first go. Raises NotFound, InvalidTransition, OverShipped, NotEnoughStock,
    NotEnoughInLots, WarehouseArchived.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.SHIPMENTS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentId) -> Shipment:
        """Give the validated shipment."""
        origin = work.shipments.origin(request)
        order = work.orders.get(origin.order, lock=True)
        shipment = work.shipments.get(request, lock=True)
        shipment.can_validate()
        for index, line in enumerate(shipment.lines):
            if order.line(line.order_position, at=("lines", index)).product_id != line.product_id:
                raise UnknownReference(at=("lines", index), kind="order line", value=line.order_position)
        needs = _needs(shipment)
        elsewhere = order.awaited_elsewhere({line.order_position for line in shipment.lines}, needs)
        shipped, own = order.ship(shipment.parts())
        freed = order.freed(own)
        ref = self.numbering.fast(work, context, SeriesKind.SHIPMENT, shipment.date)
        validated = shipment.validate(ref, origin.address)
        holdings = self._held(work, needs, elsewhere)
        for place in needs.keys() & freed.keys():
            holdings[place].level.release(freed[place])
        try:
            movements = self._debit(shipment, holdings, needs, own)
        except NotEnoughStock:
            work.orders.still_held(order)
            raise
        work.orders.save_reserved(order)
        self._free(work, holdings, elsewhere, freed)
        issue(work, holdings.values(), movements)
        work.shipments.save(shipment)
        work.papers.freeze(ObjectKind.SHIPMENTS, shipment.id)
        work.outbox.add(validated)
        work.outbox.add(shipped)
        return shipment

    @staticmethod
    def _held(
        work: Work, needs: Mapping[Place, Decimal], elsewhere: Mapping[WarehouseId, set[ProductId]]
    ) -> Mapping[Place, Holding]:
        """Hold what is to leave, and lock where else the order waits for it, all levels in their order."""
        found = places(work, {place for place, _ in needs})
        if elsewhere:
            wanted = {place: set(products) for place, products in elsewhere.items()}
            for place, product in needs:
                wanted.setdefault(place, set()).add(product)
            work.stock.lock(wanted)
        return work.stock.hold_all([(found[place], product) for place, product in needs])

    @staticmethod
    def _free(
        work: Work,
        holdings: Mapping[Place, Holding],
        elsewhere: Mapping[WarehouseId, set[ProductId]],
        freed: Mapping[Place, Quantity],
    ) -> None:
        """Promise what the order had reserved and did not take to who waits for it."""
        serve_waiting(work, [holdings[place].level for place in sorted(holdings.keys() & freed.keys())])
        if not elsewhere:
            return
        levels = work.stock.levels(elsewhere)
        for place in levels.keys() & freed.keys():
            levels[place].release(freed[place])
        release(work, levels.values())

    def _debit(
        self,
        shipment: Shipment,
        holdings: Mapping[Place, Holding],
        needs: Mapping[Place, Decimal],
        own: Mapping[Place, Quantity],
    ) -> list[Movement]:
        occasion = Occasion(
            kind=MovementKind.SHIPMENT,
            on=shipment.date,
            at=self.clock.now(),
            reason=shipment.ref,
            shipment=shipment.id,
        )
        return [
            holdings[place].debit(Quantity(needs[place]), occasion, own.get(place, NOTHING)) for place in sorted(needs)
        ]


def _needs(shipment: Shipment) -> dict[Place, Decimal]:
    """Sum what leaves: a product on several lines is checked and debited once in each warehouse."""
    needs: defaultdict[Place, Decimal] = defaultdict(Decimal)
    for line in shipment.lines:
        needs[line.warehouse_id, line.product_id] += line.quantity
    return dict(needs)


@dataclass(frozen=True, slots=True)
class CloseShipment:
    """Note that a shipment arrived; after the last one the order is delivered. Raises NotFound, InvalidTransition."""

    clock: Clock
    right: ClassVar[Right] = Right.SHIPMENTS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentId) -> Shipment:
        """Give the closed shipment."""
        order = work.orders.get(work.shipments.order_of(request), lock=True)
        shipment = work.shipments.get(request, lock=True)
        closed = shipment.close(self.clock.today(context.zone))
        work.shipments.save(shipment)
        work.outbox.add(closed)
        last = order.complete and work.shipments.all_closed(order.id, but=shipment.id)
        if last and order.state is OrderState.IN_SHIPMENT:
            delivered = order.close()
            work.orders.save(order, lines=False)
            work.outbox.add(delivered)
        return shipment


@dataclass(frozen=True, slots=True)
class CancelShipment:
    """Call off a shipment that has not arrived: its goods are put back for what they left with, and are to be shipped.

    What was invoiced of the order stays invoiced. Raises NotFound, InvalidTransition, WarehouseArchived.
    """

    clock: Clock
    right: ClassVar[Right] = Right.SHIPMENTS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShipmentId) -> Shipment:
        """Give the canceled shipment."""
        order = work.orders.get(work.shipments.order_of(request), lock=True)
        shipment = work.shipments.get(request, lock=True)
        canceled = shipment.cancel()
        waiting = {line.order_position for line in shipment.lines}
        if order.state is OrderState.DELIVERED:  # what it had given up is in force again
            waiting = {line.position for line in order.lines}
        unshipped = order.unship(shipment.parts())
        self._put_back(work, context, order, shipment, waiting)
        work.shipments.save(shipment)
        work.outbox.add(canceled)
        work.outbox.add(unshipped)
        return shipment

    def _put_back(
        self, work: Work, context: Context, order: Order, shipment: Shipment, waiting: Collection[int]
    ) -> None:
        """Put the goods back; the order, which waits for them again, is served with whoever else waits."""
        gone = work.stock.gone(shipment.id)
        elsewhere = order.awaited_elsewhere(waiting, {(part.warehouse, part.product) for part in gone})
        if elsewhere:
            wanted = {place: set(products) for place, products in elsewhere.items()}
            for part in gone:
                wanted.setdefault(part.warehouse, set()).add(part.product)
            work.stock.lock(wanted)
        found = places(work, {part.warehouse for part in gone})
        occasion = Occasion(
            kind=MovementKind.SHIPMENT_CANCEL,
            on=self.clock.today(context.zone),
            at=self.clock.now(),
            reason=shipment.ref,
            shipment=shipment.id,
        )
        holdings = work.stock.hold_all([(found[part.warehouse], part.product) for part in gone])
        movements = [
            holdings[part.warehouse, part.product].take_back(part.quantity, part.value, occasion) for part in gone
        ]
        work.orders.save_reserved(order)
        if elsewhere:
            release(work, work.stock.levels(elsewhere).values())
        restore(work, holdings.values(), movements, shipment.id)


class ListShipments(ListCase):
    """List shipments, newest first."""

    __slots__ = ()
    right = Right.SHIPMENTS_READ
    listing = SHIPMENTS
