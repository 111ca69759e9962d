"""Shipments: goods of an order that leave a warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import OrderId, PartyId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import Quantity
from app.domain.shared.states import advance
from app.workflow.kernel.lifecycle import Lifecycle, Transition


class ShipmentState(StrEnum):
    """Where a shipment stands."""

    DRAFT = "draft"
    VALIDATED = "validated"
    CLOSED = "closed"


class ShipmentNotDraft(Conflict):
    """Only a draft can be deleted."""

    code = "shipping.shipment_not_draft"


class NothingToShip(Conflict):
    """Nothing of the order is left to ship."""

    code = "shipping.nothing_to_ship"


class ShippedTwice(Invalid):
    """One line of the order stands twice in the shipment."""

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
class ShipmentLine:
    """So much of one line of the order; ``position`` is the order line's."""

    position: int
    product_id: ProductId
    quantity: Quantity


@dataclass(slots=True, kw_only=True)
class Shipment:
    """Goods of one order from one warehouse. ``ref`` is ``(PROV<id>)`` until validated."""

    id: ShipmentId = ShipmentId(0)
    ref: str = ""
    order_id: OrderId
    party_id: PartyId
    warehouse_id: WarehouseId
    date: Day
    state: ShipmentState = ShipmentState.DRAFT
    lines: list[ShipmentLine] = field(default_factory=list)
    custom: Mapping[str, object] = field(default_factory=dict)
    version: int = 0

    def check(self) -> None:
        """Pass only a sound shipment. Raises NoLines, ShippedTwice, ShippedQuantityNotPositive."""
        if not self.lines:
            raise NoLines(at=("lines",))
        seen: set[int] = set()
        for index, line in enumerate(self.lines):
            if line.position in seen:
                raise ShippedTwice(at=("lines", index, "position"), position=line.position)
            seen.add(line.position)
            if line.quantity <= 0:
                raise ShippedQuantityNotPositive(at=("lines", index, "quantity"), value=line.quantity)

    def created(self) -> ShipmentCreated:
        """Give the event of its entry, once it has an id."""
        return ShipmentCreated(id=self.id, order=self.order_id)

    def editable(self) -> None:
        """Pass only a draft. Raises ShipmentNotDraft."""
        if self.state is not ShipmentState.DRAFT:
            raise ShipmentNotDraft(shipment=self.id, state=self.state.value)

    def can_validate(self) -> None:
        """Pass only a shipment that may be validated. Raises InvalidTransition."""
        advance(SHIPMENT, self.state, "validate", self)

    def validate(self, ref: str) -> ShipmentValidated:
        """Let the goods go under the shipment's number. Raises InvalidTransition."""
        self.state = advance(SHIPMENT, self.state, "validate", self)
        self.ref = ref
        return ShipmentValidated(id=self.id, ref=ref, order=self.order_id)

    def close(self) -> ShipmentClosed:
        """Note that the goods arrived. Raises InvalidTransition."""
        self.state = advance(SHIPMENT, self.state, "close", self)
        return ShipmentClosed(id=self.id)


SHIPMENT: Final = Lifecycle[ShipmentState](
    "shipment",
    ShipmentState,
    initial=ShipmentState.DRAFT,
    transitions=(
        Transition("validate", ShipmentState.DRAFT, ShipmentState.VALIDATED),
        Transition("close", ShipmentState.VALIDATED, ShipmentState.CLOSED),
    ),
)
