"""Shipments: goods of an order that leave one or more warehouses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.parties import Address
from app.domain.sales import LineQuantity
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, UnknownReference
from app.domain.shared.events import Event
from app.domain.shared.ids import CarrierId, OrderId, PartyId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import Quantity
from app.domain.shared.states import advance
from app.domain.shipping.parcels import Parcel, check_parcels
from app.workflow.kernel.lifecycle import Lifecycle, Transition

ZERO: Final = Decimal(0)
ANY_TIME: Final = frozenset({"carrier_id", "method", "parcels"})
"""What may still be changed once the goods are gone: how they travel, not what they are."""


class ShipmentState(StrEnum):
    """Where a shipment stands."""

    DRAFT = "draft"
    VALIDATED = "validated"
    CLOSED = "closed"
    CANCELED = "canceled"


class ShipmentNotDraft(Conflict):
    """Only a draft can be deleted, or changed in more than how it travels."""

    code = "shipping.shipment_not_draft"


class ShipmentNotSent(Conflict):
    """Only what has left can come back."""

    code = "shipping.shipment_not_sent"


class OverReturned(Conflict):
    """More would come back than was shipped."""

    code = "shipping.over_returned"


class NothingToShip(Conflict):
    """Nothing of the order is left to ship."""

    code = "shipping.nothing_to_ship"


class ShippedTwice(Invalid):
    """One line of the order stands twice in the shipment from the same warehouse."""

    code = "shipping.line_twice"


class ShippedQuantityNotPositive(Invalid):
    """The quantity shipped must be above zero."""

    code = "shipping.quantity_not_positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentEvent(Event):
    """What all events of a shipment share."""

    aggregate: ClassVar[str] = "shipment"
    id: ShipmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentCreated(ShipmentEvent):
    """A shipment was entered as a draft."""

    name: ClassVar[str] = "shipping.shipment_created"
    order: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentChanged(ShipmentEvent):
    """A draft was changed, or how a shipment travels."""

    name: ClassVar[str] = "shipping.shipment_changed"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDeleted(ShipmentEvent):
    """A draft was deleted."""

    name: ClassVar[str] = "shipping.shipment_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentValidated(ShipmentEvent):
    """A shipment left the warehouse and its goods the stock."""

    name: ClassVar[str] = "shipping.shipment_validated"
    ref: str
    order: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentClosed(ShipmentEvent):
    """A shipment arrived."""

    name: ClassVar[str] = "shipping.shipment_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentCanceled(ShipmentEvent):
    """A shipment was called off and its goods put back where they had been."""

    name: ClassVar[str] = "shipping.shipment_canceled"
    order: OrderId


@dataclass(slots=True, kw_only=True)
class ShipmentLine:
    """So much of one line of the order from one warehouse; ``returned`` is what came back of it."""

    position: int
    order_position: int
    product_id: ProductId
    warehouse_id: WarehouseId
    quantity: Quantity
    returned: Quantity = Quantity(ZERO)

    @property
    def to_return(self) -> Quantity:
        """What can still come back."""
        return Quantity(self.quantity - self.returned)


def nothing_returned(shipment: Shipment) -> bool:
    """Tell whether nothing of it came back."""
    return not any(line.returned for line in shipment.lines)


@dataclass(slots=True, kw_only=True)
class Shipment:
    """Goods of one order. ``ref`` is ``(PROV<id>)`` until validated.

    ``warehouse_id`` is where lines come from that name none. ``delivery_address`` None is the customer's until the
    shipment is validated, which freezes it.
    """

    id: ShipmentId = ShipmentId(0)
    ref: str = ""
    order_id: OrderId
    party_id: PartyId
    warehouse_id: WarehouseId
    date: Day
    state: ShipmentState = ShipmentState.DRAFT
    lines: list[ShipmentLine] = field(default_factory=list)
    delivery_address: Address | None = None
    delivered_on: Day | None = None
    carrier_id: CarrierId | None = None
    method: str = ""
    parcels: tuple[Parcel, ...] = ()
    custom: Mapping[str, object] = field(default_factory=dict)
    version: int = 0

    def check(self) -> None:
        """Pass only a sound shipment.

        Raises NoLines, ShippedTwice, ShippedQuantityNotPositive, and what makes a parcel unsound.
        """
        if not self.lines:
            raise NoLines(at=("lines",))
        seen: set[tuple[int, WarehouseId]] = set()
        for index, line in enumerate(self.lines):
            place = (line.order_position, line.warehouse_id)
            if place in seen:
                raise ShippedTwice(at=("lines", index, "position"), position=line.order_position)
            seen.add(place)
            if line.quantity <= 0:
                raise ShippedQuantityNotPositive(at=("lines", index, "quantity"), value=line.quantity)
        check_parcels(self.parcels, {line.position: line.quantity for line in self.lines})

    def created(self) -> ShipmentCreated:
        """Give the event of its entry, once it has an id."""
        return ShipmentCreated(id=self.id, order=self.order_id)

    def editable(self) -> None:
        """Pass only a draft. Raises ShipmentNotDraft."""
        if self.state is not ShipmentState.DRAFT:
            raise ShipmentNotDraft(shipment=self.id, state=self.state.value)

    def changeable(self, fields: Sequence[str]) -> None:
        """Pass only fields that may be changed as the shipment stands. Raises ShipmentNotDraft with ``at``."""
        if self.state is ShipmentState.DRAFT:
            return
        gone = self.state is ShipmentState.CANCELED
        for name in fields:
            if gone or name not in ANY_TIME:
                raise ShipmentNotDraft(at=(name,), shipment=self.id, state=self.state.value)

    def parts(self) -> list[LineQuantity]:
        """Give what it takes of each line of the order."""
        return [
            LineQuantity(position=line.order_position, quantity=line.quantity, warehouse=line.warehouse_id)
            for line in self.lines
        ]

    def line(self, position: int, *, at: tuple[str | int, ...] = ()) -> ShipmentLine:
        """Give the line at ``position``. Raises UnknownReference."""
        found = next((line for line in self.lines if line.position == position), None)
        if found is None:
            raise UnknownReference(at=at, kind="shipment line", value=position)
        return found

    def returnable(self, wanted: Sequence[LineQuantity]) -> None:
        """Pass only what can still come back; positions are the shipment's.

        Raises ShipmentNotSent, OverReturned, UnknownReference with ``at``.
        """
        if self.state not in {ShipmentState.VALIDATED, ShipmentState.CLOSED}:
            raise ShipmentNotSent(shipment=self.id, state=self.state.value)
        left: dict[int, Decimal] = {}
        for index, part in enumerate(wanted):
            line = self.line(part.position, at=("lines", index, "position"))
            rest = left.get(part.position, line.to_return)
            if part.quantity > rest:
                raise OverReturned(at=("lines", index, "quantity"), position=part.position, left=rest)
            left[part.position] = rest - part.quantity

    def take_back(self, returned: Sequence[LineQuantity]) -> None:
        """Count ``returned`` as come back. Raises ShipmentNotSent, OverReturned, UnknownReference."""
        self.returnable(returned)
        for part in returned:
            line = self.line(part.position)
            line.returned = Quantity(line.returned + part.quantity)

    def send_again(self, returned: Sequence[LineQuantity]) -> None:
        """Undo what ``take_back`` counted."""
        for part in returned:
            line = self.line(part.position)
            line.returned = Quantity(line.returned - part.quantity)

    def can_validate(self) -> None:
        """Pass only a shipment that may be validated. Raises InvalidTransition."""
        advance(SHIPMENT, self.state, "validate", self)

    def validate(self, ref: str, home: Address) -> ShipmentValidated:
        """Let the goods go under the shipment's number, to ``home`` unless told where. Raises InvalidTransition."""
        self.state = advance(SHIPMENT, self.state, "validate", self)
        self.ref = ref
        if self.delivery_address is None:
            self.delivery_address = home
        return ShipmentValidated(id=self.id, ref=ref, order=self.order_id)

    def close(self, on: Day) -> ShipmentClosed:
        """Note that the goods arrived, ``on`` or on the shipment's own day when that is later.

        Raises InvalidTransition.
        """
        self.state = advance(SHIPMENT, self.state, "close", self)
        self.delivered_on = max(on, self.date)
        return ShipmentClosed(id=self.id)

    def cancel(self) -> ShipmentCanceled:
        """Call it off. Raises InvalidTransition once it arrived or something of it came back."""
        self.state = advance(SHIPMENT, self.state, "cancel", self)
        return ShipmentCanceled(id=self.id, order=self.order_id)


SHIPMENT: Final = Lifecycle[ShipmentState](
    "shipment",
    ShipmentState,
    initial=ShipmentState.DRAFT,
    transitions=(
        Transition("validate", ShipmentState.DRAFT, ShipmentState.VALIDATED),
        Transition("close", ShipmentState.VALIDATED, ShipmentState.CLOSED),
        Transition("cancel", ShipmentState.VALIDATED, ShipmentState.CANCELED, guard=nothing_returned),
    ),
)
