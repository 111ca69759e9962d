"""The states of orders, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.shared.events import Event
from app.domain.shared.ids import OrderId, PartyId
from app.domain.shared.money import Amount


class OrderState(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"
    VALIDATED = "validated"
    IN_SHIPMENT = "in_shipment"
    DELIVERED = "delivered"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(Event):
    """What all events of an order share."""

    aggregate: ClassVar[str] = "order"
    id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCreated(OrderEvent):
    """An order was entered as a draft."""

    name: ClassVar[str] = "sales.order_created"
    party: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(OrderEvent):
    """A draft was changed."""

    name: ClassVar[str] = "sales.order_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDeleted(OrderEvent):
    """A draft was deleted."""

    name: ClassVar[str] = "sales.order_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderValidated(OrderEvent):
    """An order became binding and got its number."""

    name: ClassVar[str] = "sales.order_validated"
    ref: str
    party: PartyId
    gross: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled(OrderEvent):
    """An order was canceled before anything was shipped or invoiced."""

    name: ClassVar[str] = "sales.order_canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReserved(OrderEvent):
    """Stock came, and back-ordered lines of an order, those at ``positions``, were promised all or some of it."""

    name: ClassVar[str] = "sales.order_reserved"
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped(OrderEvent):
    """Goods of an order left, some or all."""

    name: ClassVar[str] = "sales.order_shipped"
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnshipped(OrderEvent):
    """A shipment was called off: its goods are to be shipped again."""

    name: ClassVar[str] = "sales.order_unshipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(OrderEvent):
    """All of an order is done."""

    name: ClassVar[str] = "sales.order_delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderClosedShort(OrderEvent):
    """An order was closed with goods left to ship, which nobody waits for any more."""

    name: ClassVar[str] = "sales.order_closed_short"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReopened(OrderEvent):
    """A closed or canceled order is in force again."""

    name: ClassVar[str] = "sales.order_reopened"
    state: OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRedrafted(OrderEvent):
    """An order nothing had followed on became a draft again; it keeps its number."""

    name: ClassVar[str] = "sales.order_redrafted"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBilled(OrderEvent):
    """All of an order is invoiced, or counts as such."""

    name: ClassVar[str] = "sales.order_billed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnbilled(OrderEvent):
    """An order counts as not wholly invoiced again."""

    name: ClassVar[str] = "sales.order_unbilled"
