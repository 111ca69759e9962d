"""How a binding order is changed, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from app.domain.sales import Order, OrderAmended, OrderLine, Revision, content_of, replace_lines
from app.domain.shared.errors import DomainError, Required
from app.domain.shared.ids import OrderId, ProductId, WarehouseId
from app.domain.shared.money import Amount
from app.domain.shared.rights import Right
from app.domain.stock import NOTHING
from app.usecases.context import Context
from app.usecases.parties import within_credit
from app.usecases.ports.shared import Clock, Work
from app.usecases.sales.order_steps import place
from app.usecases.sales.orders import placed
from app.usecases.shared import Change, LineDraft, buyer, priced
from app.usecases.stock.posting import serve_waiting

AMENDED: Final = ("delivery_date", "external_ref", "note")
"""The fields of the header that an amendment may change; customer, date and currency are what was agreed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A line of the order as it is to be: that at ``position`` with the values of ``changes``, or a new one.

    ``changes`` has fields of a line; those it does not have stay as they are, or for a new line come from the product.
    """

    position: int | None
    changes: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment(Change):
    """What is to change of a binding order, and why; ``changes["lines"]`` is all its lines as LineChange."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """Change a binding order that is not closed; what it was is kept as a revision, and stock is reserved anew.

    Lines that are not named are removed, unless something of them was shipped or invoiced. An order that counts as
    billed no longer does when that leaves something to invoice.

    Raises NotFound, Stale, InvalidTransition, BelowProgress, LineInProgress, LineTwice, UnknownReference, NotInStock,
    CreditLimitExceeded, and what makes lines unsound.
    """

    clock: Clock
    right: ClassVar[Right] = Right.ORDERS_VALIDATE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Amendment) -> Order:
        """Give the order as it is now."""
        order = work.orders.get(OrderId(request.id), lock=True)
        request.matches(order.version)
        order.amend()
        before, owed, limit = content_of(order), order.uncharged, order.credit_limit
        lines = amended_lines(work, order, request.changes)
        place(work, context, lines)
        levels = work.stock.levels(_places(order, lines))
        order = work.orders.get(order.id)  # again: from here nobody else reserves for it
        order.free(levels)
        self._apply(order, request.changes, lines)
        order.reserve(levels)
        if not context.settings.allow_backorder:
            order.in_stock()
        more = Amount(order.uncharged - owed)
        within_credit(work, context, self.clock, order.party_id, limit, more, order.valuation)
        revision = self._keep(work, context, request, before)
        unbilled = order.unbill() if any(line.to_invoice for line in order.lines) else None
        order.lines.sort(key=lambda line: line.position)
        work.orders.save(order)
        serve_waiting(work, levels.values())
        work.stock.save_levels(levels.values())
        work.outbox.add(OrderAmended(id=order.id, revision=revision.number, reason=revision.reason))
        if unbilled is not None:
            work.outbox.add(unbilled)
        return order

    @staticmethod
    def _apply(order: Order, changes: Mapping[str, object], lines: Sequence[OrderLine]) -> None:
        for name in AMENDED:
            if name in changes:
                setattr(order, name, changes[name])
        replace_lines(order, lines)
        order.price()

    def _keep(self, work: Work, context: Context, request: Amendment, before: Mapping[str, object]) -> Revision:
        revision = Revision(
            order=OrderId(request.id),
            number=work.orders.last_revision(OrderId(request.id)) + 1,
            reason=request.reason,
            actor=context.actor,
            at=self.clock.now(),
            content=before,
        )
        work.orders.keep(revision)
        return revision


def amended_lines(work: Work, order: Order, changes: Mapping[str, object]) -> list[OrderLine]:
    """Give the lines the order is to have, new ones at position 0.

    Raises UnknownReference, Required, and what makes lines unsound, with ``at``.
    """
    if "lines" not in changes:
        return [_fresh(line, {}) for line in order.lines]
    asked = cast("Sequence[LineChange]", changes["lines"])
    indices = [index for index, change in enumerate(asked) if change.position is None]
    made = dict(zip(indices, _new_lines(work, order, asked, indices), strict=True))
    for index, change in enumerate(asked):
        if change.position is not None:
            before = order.line(change.position, at=("lines", index, "position"))
            made[index] = _fresh(before, change.changes)
    wanted = [
        (index, cast("WarehouseId | None", change.changes.get("warehouse_id")), made[index])
        for index, change in enumerate(asked)
    ]
    placed(work, wanted)
    return [made[index] for index in range(len(asked))]


def _fresh(line: OrderLine, changes: Mapping[str, object]) -> OrderLine:
    """Give the same line with other values, and nothing reserved yet."""
    nothing = {"reserved": NOTHING, "back_ordered": NOTHING, "held": NOTHING}
    return replace(line, **{**changes, **nothing})  # type: ignore[arg-type]


def _new_lines(work: Work, order: Order, asked: Sequence[LineChange], indices: Sequence[int]) -> Sequence[OrderLine]:
    for index in indices:
        if "quantity" not in asked[index].changes:
            raise Required(at=("lines", index, "quantity"))
    drafts = [LineDraft(**asked[index].changes) for index in indices]  # type: ignore[arg-type]
    try:
        lines = priced(work, drafts, OrderLine, order.valuation, buyer(work, order.party_id, drafts), order.date)
    except DomainError as error:
        if error.at[:1] == ("lines",):  # told by place among the new ones
            error.at = ("lines", indices[int(error.at[1])], *error.at[2:])
        raise
    for line in lines:
        line.position = 0
    return lines


def _places(order: Order, lines: Sequence[OrderLine]) -> Mapping[WarehouseId, set[ProductId]]:
    found: dict[WarehouseId, set[ProductId]] = {}
    for line in (*order.lines, *lines):
        if line.place is not None:
            found.setdefault(line.place[0], set()).add(line.place[1])
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionsQuery:
    """Which revisions of an order: at most ``limit``, those numbered below ``before``, the newest when None."""

    order_id: OrderId
    before: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class ListOrderRevisions:
    """List what an order was before each of its amendments, newest first. Raises NotFound."""

    right: ClassVar[Right] = Right.ORDERS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: RevisionsQuery) -> Sequence[Revision]:
        """Give one revision more than asked for, when there is one."""
        order = work.orders.get(request.order_id)
        return work.orders.revisions(order.id, before=request.before, limit=request.limit + 1)
