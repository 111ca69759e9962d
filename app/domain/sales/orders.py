"""Orders of customers, from draft to delivered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.domain.sales.approvals import Approval
from app.domain.sales.order_events import (
    OrderBilled,
    OrderCanceled,
    OrderClosedShort,
    OrderCreated,
    OrderDelivered,
    OrderRedrafted,
    OrderReopened,
    OrderShipped,
    OrderState,
    OrderUnbilled,
    OrderUnshipped,
    OrderValidated,
)
from app.domain.sales.order_lines import ZERO, LineQuantity, OrderLine
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid, Required, UnknownReference
from app.domain.shared.ids import OrderId, PartyId, ProductId, ProposalId, UserId, WarehouseId
from app.domain.shared.lines import LineKind, Valuation, price_lines
from app.domain.shared.money import Amount, Quantity
from app.domain.shared.states import advance
from app.domain.shared.totals import LineInput, Totals, VatLine, compute
from app.domain.stock import Levels, Place
from app.workflow.kernel.lifecycle import Lifecycle, Transition


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


class OrderNumbered(Conflict):
    """The draft had been validated and has a number: it is canceled, not deleted."""

    code = "sales.order_numbered"


class OrderFollowed(Conflict):
    """There are shipments or invoices of the order, which hold on to its lines."""

    code = "sales.order_followed"


class NotInStock(Conflict):
    """Less is available than was ordered, and the company takes no back-orders."""

    code = "sales.not_in_stock"


class WarehouseOfNoGoods(Invalid):
    """Only a line of goods comes from a warehouse."""

    code = "sales.warehouse_of_no_goods"


class DeliveryBeforeOrder(Invalid):
    """The delivery date lies before the order date."""

    code = "sales.delivery_before_order"


def numbered(order: Order) -> bool:
    """Tell whether the order has its number, which it keeps for ever."""
    return not order.ref.startswith("(PROV")


def nothing_shipped(order: Order) -> bool:
    """Tell whether no goods have left yet."""
    return not any(line.shipped for line in order.lines)


def something_shipped(order: Order) -> bool:
    """Tell whether goods have left."""
    return not nothing_shipped(order)


def something_to_ship(order: Order) -> bool:
    """Tell whether goods are left to ship."""
    return not fully_shipped(order)


def untouched(order: Order) -> bool:
    """Tell whether nothing was shipped or invoiced yet."""
    return not any(line.shipped or line.invoiced for line in order.lines)


def fully_shipped(order: Order) -> bool:
    """Tell whether no goods are left to ship."""
    return not any(line.to_ship for line in order.lines)


@dataclass(slots=True, kw_only=True)
class Order:
    """What a customer ordered. ``ref`` is ``(PROV<id>)`` until validated; ``external_ref`` is the other side's own.

    ``credit_limit`` is the customer's, told to whoever locks the order. ``billed`` says that it is wholly invoiced, or
    that somebody said so. ``approval`` is there where somebody asked for it.
    """

    id: OrderId = OrderId(0)
    ref: str = ""
    external_ref: str | None = None
    party_id: PartyId
    proposal_id: ProposalId | None = None
    date: Day
    delivery_date: Day | None = None
    valuation: Valuation
    state: OrderState = OrderState.DRAFT
    representative_id: UserId | None = None
    credit_limit: Amount | None = None
    billed: bool = False
    note: str = ""
    lines: list[OrderLine] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    vat: tuple[VatLine, ...] = ()
    custom: Mapping[str, object] = field(default_factory=dict)
    approval: Approval | None = None
    version: int = 0

    @property
    def uncharged(self) -> Amount:
        """What is not invoiced yet, gross in the company's currency; nothing of a draft or a canceled order.

        The rest of each line is priced as a document of its own, so an order invoiced to the last line leaves zero.
        Goods that a closed order will not ship any more are not owed.
        """
        if self.state in {OrderState.DRAFT, OrderState.CANCELED}:
            return Amount(ZERO)
        closed = self.state is OrderState.DELIVERED
        if not any(line.invoiced or (closed and line.to_ship) for line in self.lines):
            return self.totals.company_gross
        owed = [(Quantity(line.to_invoice - (line.to_ship if closed else ZERO)), line) for line in self.lines]
        rest = [LineInput(left, line.unit_price, line.discount, line.vat_rate) for left, line in owed if left > 0]
        value = self.valuation
        amounts = compute(
            rest, value.currency, value.vat_mode, rate=value.rate, company_currency=value.company_currency
        )
        return amounts.totals.company_gross

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

    def deletable(self) -> None:
        """Pass only a draft that never had a number. Raises OrderNotDraft, OrderNumbered."""
        self.editable()
        if numbered(self):
            raise OrderNumbered(order=self.id, ref=self.ref)

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

    def places(self) -> dict[WarehouseId, set[ProductId]]:
        """Give the warehouses the goods are to come from, with the products."""
        found: dict[WarehouseId, set[ProductId]] = {}
        for line in self.lines:
            if line.place is not None:
                found.setdefault(line.place[0], set()).add(line.place[1])
        return found

    def reserve(self, levels: Levels) -> None:
        """Reserve what is available of what is left to ship, line by line; the rest is back-ordered."""
        for line in self.lines:
            line.reserve(levels)

    def in_stock(self) -> None:
        """Pass only an order of which nothing is back-ordered. Raises NotInStock with every line that is short."""
        short = [line for line in self.lines if line.back_ordered]
        if short:
            lines = [{"position": line.position, "wanted": line.to_ship, "available": line.reserved} for line in short]
            first = short[0]
            raise NotInStock(
                at=("lines", self.lines.index(first), "quantity"),
                position=first.position,
                wanted=first.to_ship,
                available=first.reserved,
                lines=lines,
            )

    @property
    def has_goods(self) -> bool:
        """Whether any line is of goods."""
        return any(line.kind is LineKind.GOODS for line in self.lines)

    def free(self, levels: Levels) -> None:
        """Give back all that is reserved; nothing is back-ordered any more."""
        for line in self.lines:
            line.free(levels)

    def cancel(self) -> OrderCanceled:
        """Call the order off. Raises InvalidTransition once something was shipped or invoiced."""
        self.state = advance(ORDER, self.state, "cancel", self)
        return OrderCanceled(id=self.id)

    def ship(self, shipped: Sequence[LineQuantity]) -> tuple[OrderShipped, Mapping[Place, Quantity]]:
        """Count ``shipped`` as gone from its warehouses; give the event, and what of it was reserved there, by place.

        Raises InvalidTransition, OverShipped, LineNotShippable, UnknownReference.
        """
        state = advance(ORDER, self.state, "ship", self)
        self.shippable(shipped)
        own: dict[Place, Quantity] = {}
        for part in shipped:
            line = self.line(part.position)
            used = line.ship(part.quantity, part.warehouse)
            if used and line.place is not None:
                own[line.place] = Quantity(own.get(line.place, Quantity(ZERO)) + used)
        self.state = state
        return OrderShipped(id=self.id, complete=fully_shipped(self)), own

    def awaited_elsewhere(
        self, positions: Collection[int], places: Collection[Place]
    ) -> dict[WarehouseId, set[ProductId]]:
        """Give where else than at ``places`` the goods of lines are promised or awaited, with the products."""
        found: dict[WarehouseId, set[ProductId]] = {}
        for line in self.lines:
            if line.position not in positions or line.place is None or line.place in places:
                continue
            if line.awaited:
                found.setdefault(line.place[0], set()).add(line.place[1])
        return found

    def freed(self, own: Mapping[Place, Quantity]) -> dict[Place, Quantity]:
        """Give what was reserved when the order was read, is not any more, and was not ``own`` that left, by place."""
        found: dict[Place, Quantity] = {}
        for line in self.lines:
            if line.place is not None:
                found[line.place] = Quantity(found.get(line.place, ZERO) + line.held - line.reserved)
        left = {place: Quantity(freed - own.get(place, ZERO)) for place, freed in found.items()}
        return {place: freed for place, freed in left.items() if freed}

    def unship(self, taken_back: Sequence[LineQuantity]) -> OrderUnshipped:
        """Count ``taken_back``, shipped before, as not shipped; it waits for stock again. Raises InvalidTransition.

        So does what a closed order had given up: it is in force again.
        """
        shipped = sum(line.shipped for line in self.lines) - sum(part.quantity for part in taken_back)
        closed = self.state is OrderState.DELIVERED
        self.state = advance(ORDER, self.state, "unship" if shipped else "unship_all", self)
        for part in taken_back:
            self.line(part.position).unship(part.quantity)
        if closed:
            for line in self.lines:
                line.wait()
        return OrderUnshipped(id=self.id)

    def take_back(self, returned: Sequence[LineQuantity]) -> None:
        """Count ``returned`` as come back from the customer; below zero undoes it."""
        for part in returned:
            line = self.line(part.position)
            line.returned = Quantity(line.returned + part.quantity)

    def close(self) -> OrderDelivered:
        """Call the order done. Raises InvalidTransition while goods are left to ship."""
        self.state = advance(ORDER, self.state, "close", self)
        return OrderDelivered(id=self.id)

    def close_short(self, reason: str) -> OrderClosedShort:
        """Call the order done though goods are left to ship. Raises Required, InvalidTransition when none are."""
        state = advance(ORDER, self.state, "close_short", self)
        if not reason.strip():
            raise Required(at=("reason",))
        self.state = state
        return OrderClosedShort(id=self.id, reason=reason)

    def reopen(self) -> OrderReopened:
        """Put a closed order, or a canceled one with a number, in force again. Raises InvalidTransition."""
        resumed = self.state is OrderState.DELIVERED and something_shipped(self)
        self.state = advance(ORDER, self.state, "resume" if resumed else "reopen", self)
        return OrderReopened(id=self.id, state=self.state)

    def redraft(self, *, followed: bool = False) -> OrderRedrafted:
        """Make it a draft again. ``followed`` says that there are shipments or invoices of it.

        Raises InvalidTransition once something was shipped or invoiced, OrderFollowed.
        """
        state = advance(ORDER, self.state, "redraft", self)
        if followed:
            raise OrderFollowed(order=self.id)
        self.state = state
        return OrderRedrafted(id=self.id)

    def bill(self) -> OrderBilled | None:
        """Count it as wholly invoiced, None when it did already. Raises OrderNotOpen."""
        self.in_force()
        if self.billed:
            return None
        self.billed = True
        return OrderBilled(id=self.id)

    def unbill(self) -> OrderUnbilled | None:
        """Count it as not wholly invoiced, None when it did not before. Raises OrderNotOpen."""
        self.in_force()
        if not self.billed:
            return None
        self.billed = False
        return OrderUnbilled(id=self.id)

    def invoice(self, invoiced: Sequence[LineQuantity]) -> OrderBilled | None:
        """Count ``invoiced`` as invoiced; give the event when that is all now.

        Raises OrderNotOpen, OverInvoiced, UnknownReference.
        """
        self.invoiceable(invoiced)
        for part in invoiced:
            line = self.line(part.position)
            line.invoiced = Quantity(line.invoiced + part.quantity)
        return self.bill() if not any(line.to_invoice for line in self.lines) else None

    def amend(self) -> None:
        """Pass only a binding order that is not closed: it may be amended. Raises InvalidTransition."""
        self.state = advance(ORDER, self.state, "amend", self)

    def in_force(self) -> None:
        """Pass only an order that is neither a draft nor canceled. Raises OrderNotOpen."""
        if self.state in {OrderState.DRAFT, OrderState.CANCELED}:
            raise OrderNotOpen(order=self.id, state=self.state.value)

    def credit(self, credited: Sequence[LineQuantity]) -> OrderUnbilled | None:
        """Take ``credited`` back from what was invoiced, so that it can be invoiced again; it is then not billed."""
        for part in credited:
            line = self.line(part.position)
            line.invoiced = Quantity(line.invoiced - part.quantity)
        was, self.billed = self.billed, False
        return OrderUnbilled(id=self.id) if was and credited else None

    def shippable(self, wanted: Sequence[LineQuantity]) -> None:
        """Pass only what is left to ship. Raises LineNotShippable, OverShipped, UnknownReference with ``at``."""
        left: dict[int, Quantity] = {}  # a line may be shipped from several warehouses at once
        for index, part in enumerate(wanted):
            line = self.line(part.position, at=("lines", index, "position"))
            if line.kind is not LineKind.GOODS:
                raise LineNotShippable(at=("lines", index, "position"), position=part.position)
            rest = left.get(part.position, line.to_ship)
            if part.quantity > rest:
                raise OverShipped(at=("lines", index, "quantity"), position=part.position, left=rest)
            left[part.position] = Quantity(rest - part.quantity)

    def invoiceable(self, wanted: Sequence[LineQuantity]) -> None:
        """Pass only what is left to invoice. Raises OrderNotOpen, OverInvoiced, UnknownReference with ``at``."""
        self.in_force()
        left: dict[int, Quantity] = {}  # a line may stand several times in one invoice
        for index, part in enumerate(wanted):
            line = self.line(part.position, at=("lines", index, "position"))
            rest = left.get(part.position, line.to_invoice)
            if part.quantity > rest:
                raise OverInvoiced(at=("lines", index, "quantity"), position=part.position, left=rest)
            left[part.position] = Quantity(rest - part.quantity)

    def line(self, position: int, *, at: tuple[str | int, ...] = ()) -> OrderLine:
        """Give the line at ``position``; an amendment may have left gaps. Raises UnknownReference."""
        if 1 <= position <= len(self.lines) and self.lines[position - 1].position == position:
            return self.lines[position - 1]
        for line in self.lines:
            if line.position == position:
                return line
        raise UnknownReference(at=at, kind="order line", value=position)


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
        Transition("unship", OrderState.IN_SHIPMENT, OrderState.IN_SHIPMENT),
        Transition("unship", OrderState.DELIVERED, OrderState.IN_SHIPMENT),
        Transition("unship_all", OrderState.IN_SHIPMENT, OrderState.VALIDATED),
        Transition("unship_all", OrderState.DELIVERED, OrderState.VALIDATED),
        Transition("close_short", OrderState.VALIDATED, OrderState.DELIVERED, guard=something_to_ship),
        Transition("close_short", OrderState.IN_SHIPMENT, OrderState.DELIVERED, guard=something_to_ship),
        Transition("redraft", OrderState.VALIDATED, OrderState.DRAFT, guard=untouched),
        Transition("amend", OrderState.VALIDATED, OrderState.VALIDATED),
        Transition("amend", OrderState.IN_SHIPMENT, OrderState.IN_SHIPMENT),
        Transition("reopen", OrderState.DELIVERED, OrderState.VALIDATED, guard=nothing_shipped),
        Transition("reopen", OrderState.CANCELED, OrderState.VALIDATED, guard=numbered),
        Transition("resume", OrderState.DELIVERED, OrderState.IN_SHIPMENT, guard=something_shipped),
    ),
)
