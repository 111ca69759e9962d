"""How orders go from state to state, and what that does to the stock promised to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from app.domain.sales import FollowerKind, Order, OrderEvent, OrderLine, OrderState, numbered
from app.domain.shared.events import Event
from app.domain.shared.ids import OrderId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import Amount
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.usecases.context import Context
from app.usecases.parties import within_credit
from app.usecases.ports.shared import Clock, Work
from app.usecases.sales.approvals import Approving
from app.usecases.shared import Numbering
from app.usecases.stock.posting import release


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortClosing:
    """Which order is closed though goods are left to ship, and why."""

    order_id: OrderId
    reason: str


@dataclass(frozen=True, slots=True)
class ValidateOrder:
    """Make a draft binding; it gets its number, and what is available of its goods is reserved for it.

    The rest is back-ordered, unless the company takes no back-orders. An order above the amount that the company wants
    approved stays a draft, and its approval is asked for. Raises NotFound, InvalidTransition, NotInStock,
    CreditLimitExceeded, ApprovalNotInstalled.
    """

    numbering: Numbering
    approving: Approving | None = None
    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the order, validated or waiting for approval."""
        order = work.orders.get(request, lock=True)
        order.can_validate()
        if self.approving is not None and self.approving.withholds(work, context, order):
            return order
        goods = reserve(work, context, order)
        owing = order.totals.company_gross
        within_credit(work, context, self.numbering.clock, order.party_id, order.credit_limit, owing, order.valuation)
        number = None if numbered(order) else self.numbering.fast(work, context, SeriesKind.ORDER, order.date)
        validated = order.validate(order.ref if number is None else number)
        if goods:
            work.orders.save_reserved(order)
        else:
            work.orders.save(order, lines=False)
        work.papers.freeze(ObjectKind.ORDERS, order.id)
        work.outbox.add(validated)
        return order


def reserve(work: Work, context: Context, order: Order) -> bool:
    """Reserve what is available of what is left to ship; say whether the order has goods at all.

    A line of goods that names no warehouse comes from the company's default one; without one it is back-ordered until
    it is amended. Raises NotInStock when that leaves back-orders, which the company does not take.
    """
    goods = place(work, context, order.lines)
    levels = work.stock.levels(order.places())
    order.reserve(levels)
    if not context.settings.allow_backorder:
        order.in_stock()
    promised = {line.place for line in goods if line.reserved}
    work.stock.save_levels(level for place, level in levels.items() if place in promised)
    return bool(goods)


def place(work: Work, context: Context, lines: Iterable[OrderLine]) -> list[OrderLine]:
    """Let goods that name no warehouse come from the company's default one; give the lines of goods."""
    goods = [line for line in lines if line.kind is LineKind.GOODS]
    if any(line.warehouse_id is None for line in goods):
        default = context.settings.default_warehouse
        if default is None:  # the settings of the caller may be half a minute old
            default = work.companies.get(context.company).settings.default_warehouse
        for line in goods:
            line.warehouse_id = default if line.warehouse_id is None else line.warehouse_id
    return goods


def let_go(work: Work, order: Order, event: OrderEvent) -> Order:
    """Store an order that wants no more goods, and give what was reserved for it to who waits."""
    levels = work.stock.levels(order.places())
    held = {line.place for line in order.lines if line.reserved}
    order.free(levels)
    if order.has_goods:
        work.orders.save_reserved(order)
    else:
        work.orders.save(order, lines=False)
    release(work, [level for place, level in levels.items() if place in held])
    work.outbox.add(event)
    return order


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Call off an order of which nothing was shipped or invoiced; what was reserved for it is free again.

    Raises NotFound, InvalidTransition.
    """

    right: ClassVar[Right] = Right.ORDERS_CANCEL
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the canceled order."""
        order = work.orders.get(request, lock=True)
        return let_go(work, order, order.cancel())


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """Call an order delivered when no goods are left to ship. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the delivered order."""
        order = work.orders.get(request, lock=True)
        return _keep(work, order, order.close())


@dataclass(frozen=True, slots=True)
class CloseOrderShort:
    """Call an order delivered though goods are left to ship, saying why; what was reserved for it is free again.

    Raises NotFound, InvalidTransition when nothing is left, Required.
    """

    right: ClassVar[Right] = Right.ORDERS_CANCEL
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: ShortClosing) -> Order:
        """Give the delivered order."""
        order = work.orders.get(request.order_id, lock=True)
        return let_go(work, order, order.close_short(request.reason))


@dataclass(frozen=True, slots=True)
class ReopenOrder:
    """Put a closed order, or a canceled one with a number, in force again; it is reserved for as when validated.

    A proposal has one order: a canceled one stays so when there is another, or the proposal is no longer signed.

    Raises NotFound, InvalidTransition, ProposalNotSigned, ProposalFollowed, NotInStock, CreditLimitExceeded.
    """

    clock: Clock
    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the order, validated or in shipment."""
        order = work.orders.get(request, lock=True)
        before, canceled = order.uncharged, order.state is OrderState.CANCELED
        reopened = order.reopen()
        if canceled and order.proposal_id is not None:
            work.proposals.get(order.proposal_id, lock=True).becomes(FollowerKind.ORDER)
        more = Amount(order.uncharged - before)
        goods = reserve(work, context, order)
        within_credit(work, context, self.clock, order.party_id, order.credit_limit, more, order.valuation)
        if goods:
            work.orders.save_reserved(order)
        else:
            work.orders.save(order, lines=False)
        work.outbox.add(reopened)
        return order


@dataclass(frozen=True, slots=True)
class RedraftOrder:
    """Make an order a draft again, as long as nothing followed on it; it keeps its number.

    Raises NotFound, InvalidTransition, OrderFollowed.
    """

    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the draft."""
        order = work.orders.get(request, lock=True)
        work.papers.thaw(ObjectKind.ORDERS, order.id)
        return let_go(work, order, order.redraft(followed=work.orders.followed(order.id)))


@dataclass(frozen=True, slots=True)
class BillOrder:
    """Count an order as wholly invoiced, whatever was. Raises NotFound, OrderNotOpen."""

    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the order."""
        order = work.orders.get(request, lock=True)
        return _keep(work, order, order.bill())


@dataclass(frozen=True, slots=True)
class UnbillOrder:
    """Count an order as not wholly invoiced. Raises NotFound, OrderNotOpen."""

    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: OrderId) -> Order:
        """Give the order."""
        order = work.orders.get(request, lock=True)
        return _keep(work, order, order.unbill())


def _keep(work: Work, order: Order, event: Event | None) -> Order:
    if event is not None:
        work.orders.save(order, lines=False)
        work.outbox.add(event)
    return order
