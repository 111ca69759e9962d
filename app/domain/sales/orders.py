"""Orders of customers, from draft to delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, UnknownReference
from app.domain.shared.events import Event
from app.domain.shared.ids import OrderId, PartyId
from app.domain.shared.lines import LineKind, PricedLine, Valuation, price_lines
from app.domain.shared.money import Amount, Quantity
from app.domain.shared.states import advance
from app.domain.shared.totals import Totals, VatLine
from app.workflow.kernel.lifecycle import Lifecycle, Transition

ZERO: Final = Decimal(0)


class OrderState(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"
    VALIDATED = "validated"
    IN_SHIPMENT = "in_shipment"
    DELIVERED = "delivered"
    CANCELED = "canceled"


class OrderNotDraft(Conflict):
    """Only a draft can be changed or deleted."""

    code = "sales.order_not_draft"


class OrderNotOpen(Conflict):
    """The order is not validated, or already closed."""

    code = "sales.order_not_open"


class LineNotShippable(Invalid):
    """The line is not for goods, so there is nothing to ship."""

    code = "sales.line_not_shippable"


class OverShipped(Conflict):
    """More would be shipped than was ordered."""

    code = "sales.over_shipped"


class OverInvoiced(Conflict):
    """More would be invoiced than was ordered."""

    code = "sales.over_invoiced"


class DeliveryBeforeOrder(Invalid):
    """The delivery date lies before the order date."""

    code = "sales.delivery_before_order"


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
class OrderShipped(OrderEvent):
    """Goods of an order left, some or all."""

    name: ClassVar[str] = "sales.order_shipped"
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(OrderEvent):
    """All of an order is done."""

    name: ClassVar[str] = "sales.order_delivered"


@dataclass(slots=True, kw_only=True)
class OrderLine(PricedLine):
    """A line of an order with what has become of it so far."""

    shipped: Quantity = Quantity(ZERO)
    invoiced: Quantity = Quantity(ZERO)

    @property
    def to_ship(self) -> Quantity:
        """What is left to ship; always 0 for what is not goods."""
        return Quantity(self.quantity - self.shipped) if self.kind is LineKind.GOODS else Quantity(ZERO)

    @property
    def to_invoice(self) -> Quantity:
        """What is left to invoice."""
        return Quantity(self.quantity - self.invoiced)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuantity:
    """So much of one line of an order, named by its position; the amounts of a shipment or invoice."""

    position: int
    quantity: Quantity


def untouched(order: Order) -> bool:
    """Tell whether nothing was shipped or invoiced yet."""
    return not any(line.shipped or line.invoiced for line in order.lines)


def fully_shipped(order: Order) -> bool:
    """Tell whether no goods are left to ship."""
    return not any(line.to_ship for line in order.lines)


@dataclass(slots=True, kw_only=True)
class Order:
    """What a customer ordered. ``ref`` is ``(PROV<id>)`` until validated; ``external_ref`` is the other side's own."""

    id: OrderId = OrderId(0)
    ref: str = ""
    external_ref: str | None = None
    party_id: PartyId
    date: Day
    delivery_date: Day | None = None
    valuation: Valuation
    state: OrderState = OrderState.DRAFT
    note: str = ""
    lines: list[OrderLine] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    vat: tuple[VatLine, ...] = ()
    custom: Mapping[str, object] = field(default_factory=dict)
    version: int = 0

    def price(self) -> None:
        """Check dates and lines, and compute every amount of the order. Raises Invalid leaves with ``at``."""
        if self.delivery_date is not None and self.delivery_date < self.date:
            raise DeliveryBeforeOrder(at=("delivery_date",), date=self.date, delivery_date=self.delivery_date)
        amounts = price_lines(self.lines, self.valuation)
        self.totals, self.vat = amounts.totals, amounts.vat

    def created(self) -> OrderCreated:
        """Give the event of its entry, once it has an id."""
        return OrderCreated(id=self.id, party=self.party_id)

    def editable(self) -> None:
        """Pass only a draft. Raises OrderNotDraft."""
        if self.state is not OrderState.DRAFT:
            raise OrderNotDraft(order=self.id, state=self.state.value)

    def can_validate(self) -> None:
        """Pass only an order that may be validated. Raises InvalidTransition."""
        advance(ORDER, self.state, "validate", self)

    def validate(self, ref: str) -> OrderValidated:
        """Make the draft binding under its number. Raises InvalidTransition."""
        self.state = advance(ORDER, self.state, "validate", self)
        self.ref = ref
        return OrderValidated(id=self.id, ref=ref, party=self.party_id, gross=self.totals.gross)

    @property
    def complete(self) -> bool:
        """Whether no goods are left to ship."""
        return fully_shipped(self)

    def can_ship(self) -> None:
        """Pass only an order goods may leave for. Raises InvalidTransition."""
        advance(ORDER, self.state, "ship", self)

    def cancel(self) -> OrderCanceled:
        """Call the order off. Raises InvalidTransition once something was shipped or invoiced."""
        self.state = advance(ORDER, self.state, "cancel", self)
        return OrderCanceled(id=self.id)

    def ship(self, shipped: Sequence[LineQuantity]) -> OrderShipped:
        """Count ``shipped`` as gone. Raises InvalidTransition, OverShipped, LineNotShippable, UnknownReference."""
        state = advance(ORDER, self.state, "ship", self)
        self.shippable(shipped)
        for part in shipped:
            line = self.line(part.position)
            line.shipped = Quantity(line.shipped + part.quantity)
        self.state = state
        return OrderShipped(id=self.id, complete=fully_shipped(self))

    def close(self) -> OrderDelivered:
        """Call the order done. Raises InvalidTransition while goods are left to ship."""
        self.state = advance(ORDER, self.state, "close", self)
        return OrderDelivered(id=self.id)

    def invoice(self, invoiced: Sequence[LineQuantity]) -> None:
        """Count ``invoiced`` as invoiced. Raises OrderNotOpen, OverInvoiced, UnknownReference."""
        self.invoiceable(invoiced)
        for part in invoiced:
            line = self.line(part.position)
            line.invoiced = Quantity(line.invoiced + part.quantity)

    def shippable(self, wanted: Sequence[LineQuantity]) -> None:
        """Pass only what is left to ship. Raises LineNotShippable, OverShipped, UnknownReference with ``at``."""
        for index, part in enumerate(wanted):
            line = self.line(part.position, at=("lines", index, "position"))
            if line.kind is not LineKind.GOODS:
                raise LineNotShippable(at=("lines", index, "position"), position=part.position)
            if part.quantity > line.to_ship:
                raise OverShipped(at=("lines", index, "quantity"), position=part.position, left=line.to_ship)

    def invoiceable(self, wanted: Sequence[LineQuantity]) -> None:
        """Pass only what is left to invoice. Raises OrderNotOpen, OverInvoiced, UnknownReference with ``at``."""
        if self.state in {OrderState.DRAFT, OrderState.CANCELED}:
            raise OrderNotOpen(order=self.id, state=self.state.value)
        left: dict[int, Decimal] = {}  # a line may stand several times in one invoice
        for index, part in enumerate(wanted):
            line = self.line(part.position, at=("lines", index, "position"))
            rest = left.get(part.position, line.to_invoice)
            if part.quantity > rest:
                raise OverInvoiced(at=("lines", index, "quantity"), position=part.position, left=rest)
            left[part.position] = rest - part.quantity

    def line(self, position: int, *, at: tuple[str | int, ...] = ()) -> OrderLine:
        """Give the line at ``position``, counted from 1. Raises UnknownReference."""
        if not 1 <= position <= len(self.lines):
            raise UnknownReference(at=at, kind="order line", value=position)
        return self.lines[position - 1]


ORDER: Final = Lifecycle[OrderState](
    "order",
    OrderState,
    initial=OrderState.DRAFT,
    transitions=(
        Transition("validate", OrderState.DRAFT, OrderState.VALIDATED),
        Transition("cancel", OrderState.DRAFT, OrderState.CANCELED),
        Transition("cancel", OrderState.VALIDATED, OrderState.CANCELED, guard=untouched),
        Transition("ship", OrderState.VALIDATED, OrderState.IN_SHIPMENT),
        Transition("ship", OrderState.IN_SHIPMENT, OrderState.IN_SHIPMENT),
        Transition("close", OrderState.VALIDATED, OrderState.DELIVERED, guard=fully_shipped),
        Transition("close", OrderState.IN_SHIPMENT, OrderState.DELIVERED, guard=fully_shipped),
    ),
)
