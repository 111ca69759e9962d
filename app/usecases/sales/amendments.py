"""How a binding order is changed, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from app.domain.catalogue import net_of
from app.domain.sales import (
    Order,
    OrderAmended,
    OrderEvent,
    OrderLine,
    Revision,
    content_of,
    last_position,
    replace_lines,
)
from app.domain.shared.errors import DomainError, Required
from app.domain.shared.ids import OrderId, ProductId, WarehouseId
from app.domain.shared.money import Amount, Price, Quantity, Rate
from app.domain.shared.rights import Right
from app.domain.stock import NOTHING
from app.usecases.context import Context
from app.usecases.parties import within_credit
from app.usecases.ports.shared import Clock, Work
from app.usecases.sales.order_steps import place
from app.usecases.sales.orders import ordered, placed
from app.usecases.shared import Change, Known, LineDraft, buyer
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
        latest = next(iter(work.orders.revisions(order.id, before=None, limit=1)), None)
        last, owed, limit = last_position(order, latest), order.uncharged, order.credit_limit
        before = content_of(order, last)
        lines = amended_lines(work, order, request.changes)
        place(work, context, lines)
        levels = work.stock.levels(_places(order, lines))
        order = work.orders.get(order.id)  # again: from here nobody else reserves for it
        order.free(levels)
        self._apply(order, request.changes, lines, last)
        order.reserve(levels)
        if not context.settings.allow_backorder:
            order.in_stock()
        more = Amount(order.uncharged - owed)
        within_credit(work, context, self.clock, order.party_id, limit, more, order.valuation)
        revision = self._revision(context, request, before, 1 if latest is None else latest.number + 1)
        work.orders.keep(revision)
        billing = self._billing(order, request.changes)
        order.lines.sort(key=lambda line: line.position)
        work.orders.save(order)
        serve_waiting(work, levels.values())
        work.stock.save_levels(levels.values())
        work.outbox.add(OrderAmended(id=order.id, revision=revision.number, reason=revision.reason))
        if billing is not None:
            work.outbox.add(billing)
        return order

    @staticmethod
    def _apply(order: Order, changes: Mapping[str, object], lines: Sequence[OrderLine], last: int) -> None:
        for name in AMENDED:
            if name in changes:
                setattr(order, name, changes[name])
        replace_lines(order, lines, last)
        order.price()

    @staticmethod
    def _billing(order: Order, changes: Mapping[str, object]) -> OrderEvent | None:
        """Say whether all is invoiced, where the lines may have changed that."""
        if "lines" not in changes:
            return None
        return order.unbill() if any(line.to_invoice for line in order.lines) else order.bill()

    def _revision(self, context: Context, request: Amendment, before: Mapping[str, object], number: int) -> Revision:
        return Revision(
            order=OrderId(request.id),
            number=number,
            reason=request.reason,
            actor=context.actor,
            at=self.clock.now(),
            content=before,
        )


def amended_lines(work: Work, order: Order, changes: Mapping[str, object]) -> list[OrderLine]:
    """Give the lines the order is to have: those asked for in their order, then the components of new kits.

    New lines are at positions below 1. Raises UnknownReference, Required, and what makes lines unsound, with ``at``.
    """
    if "lines" not in changes:
        return [_fresh(line, {}) for line in order.lines]
    asked = cast("Sequence[LineChange]", changes["lines"])
    made = _kept_lines(work, order, asked)
    new = _new_lines(work, order, asked, [index for index, change in enumerate(asked) if change.position is None])
    made.update(new[0])
    return [*(made[index] for index in range(len(asked))), *new[1]]


def _kept_lines(work: Work, order: Order, asked: Sequence[LineChange]) -> dict[int, OrderLine]:
    """Give the lines of the order that stay, by place among those asked for."""
    lines = {
        index: order.line(change.position, at=("lines", index, "position"))
        for index, change in enumerate(asked)
        if change.position is not None
    }
    drafts = {index: _measured(line, asked[index].changes) for index, line in lines.items()}
    wanted = [draft for draft in drafts.values() if draft is not None]
    known = Known.of(work, wanted, None, None, order.valuation) if wanted else None
    made: dict[int, OrderLine] = {}
    for index, line in lines.items():
        try:
            made[index] = _fresh(line, _values(line, asked[index].changes, drafts[index], known))
        except DomainError as error:
            raise error.within("lines", index) from None
    named = [(index, cast("WarehouseId | None", asked[index].changes.get("warehouse_id"))) for index in made]
    placed(work, [(index, warehouse, made[index]) for index, warehouse in named])
    return made


def _measured(line: OrderLine, changes: Mapping[str, object]) -> LineDraft | None:
    """Give what is asked of a product's line in another unit than its own, None where there is nothing to convert."""
    unit, quantity = changes.get("unit"), changes.get("quantity")
    if line.product_id is None or unit is None or quantity is None:
        return None
    return LineDraft(product_id=line.product_id, quantity=cast("Quantity", quantity), unit=str(unit))


def _values(
    line: OrderLine, changes: Mapping[str, object], draft: LineDraft | None, known: Known | None
) -> dict[str, object]:
    """Give the values that change of a line; as in a new one a quantity is in stock units, or in the unit beside it."""
    values = dict(changes)
    gross = values.pop("gross_unit_price", None)
    if gross is not None:
        values["unit_price"] = net_of(cast("Price", gross), cast("Rate", values.get("vat_rate", line.vat_rate)))
    if "quantity" in values:
        unit = values.setdefault("unit", line.unit if line.product_id is None else None)
        values["entered_quantity"] = None if unit is None else values["quantity"]
        if line.product_id is not None and draft is not None and known is not None:
            values["quantity"] = known.counted(draft, known.products[line.product_id])
    elif "unit" in values:
        raise Required(at=("quantity",))
    return values


def _fresh(line: OrderLine, changes: Mapping[str, object]) -> OrderLine:
    """Give the same line with other values, and nothing reserved yet."""
    nothing = {"reserved": NOTHING, "back_ordered": NOTHING, "held": NOTHING}
    return replace(line, **{**changes, **nothing})  # type: ignore[arg-type]


def _new_lines(
    work: Work, order: Order, asked: Sequence[LineChange], indices: Sequence[int]
) -> tuple[dict[int, OrderLine], list[OrderLine]]:
    """Give the new lines by place among those asked for, and the components of those that are kits."""
    for index in indices:
        if "quantity" not in asked[index].changes:
            raise Required(at=("lines", index, "quantity"))
    drafts = [LineDraft(**asked[index].changes) for index in indices]  # type: ignore[arg-type]
    try:
        lines = ordered(work, drafts, order.valuation, buyer(work, order.party_id, drafts), order.date)
    except DomainError as error:
        if error.at[:1] == ("lines",):  # told by place among the new ones
            error.at = ("lines", indices[int(error.at[1])], *error.at[2:])
        raise
    for line in lines:
        line.position = -line.position
        line.kit_position = None if line.kit_position is None else -line.kit_position
    heads = [line for line in lines if line.kit_position is None]
    return dict(zip(indices, heads, strict=True)), [line for line in lines if line.kit_position is not None]


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
