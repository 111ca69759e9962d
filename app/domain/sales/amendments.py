"""Amendments: how a binding order is changed, with what it was before kept as a numbered revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from app.domain.sales.order_events import OrderEvent
from app.domain.sales.order_lines import OrderLine
from app.domain.sales.orders import Order
from app.domain.shared.errors import Conflict, Invalid, UnknownReference
from app.domain.shared.ids import OrderId, UserId
from app.domain.shared.money import Quantity, plain


class BelowProgress(Conflict):
    """Less would be ordered than was shipped or invoiced already."""

    code = "sales.below_progress"


class LineInProgress(Conflict):
    """The line was shipped or invoiced, wholly or in part, and stays."""

    code = "sales.line_in_progress"


class LineTwice(Invalid):
    """One line of the order stands twice in the amendment."""

    code = "sales.line_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended(OrderEvent):
    """A binding order was changed; what it was is its revision of that number."""

    name: ClassVar[str] = "sales.order_amended"
    revision: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """An order as it was before its ``number``-th amendment; ``content`` is as ``content_of`` gives it."""

    order: OrderId
    number: int
    reason: str
    actor: UserId
    at: datetime
    content: Mapping[str, object]


def last_position(order: Order, latest: Revision | None) -> int:
    """Give the highest position that a line of the order has or had; ``latest`` is its newest revision.

    Documents name lines by position: one that is gone must not come to mean another line.
    """
    now = max(line.position for line in order.lines)
    if latest is None:
        return now
    content: Mapping[str, Any] = latest.content
    return int(max(now, content.get("last_position", 0), *(line["position"] for line in content["lines"])))


def content_of(order: Order, last: int) -> dict[str, object]:
    """Give what an amendment may change, and the totals that follow, as plain values: numbers are decimal strings.

    ``last`` is the ``last_position``, kept for the next amendment.
    """
    own = order.valuation.currency.digits
    return {
        "last_position": last,
        "delivery_date": None if order.delivery_date is None else order.delivery_date.isoformat(),
        "external_ref": order.external_ref,
        "note": order.note,
        "total_net": plain(order.totals.net, own),
        "total_vat": plain(order.totals.vat, own),
        "total_gross": plain(order.totals.gross, own),
        "lines": [_line(line, own) for line in order.lines],
    }


def _line(line: OrderLine, digits: int) -> dict[str, object]:
    return {
        "position": line.position,
        "product_id": line.product_id,
        "kind": line.kind.value,
        "description": line.description,
        "quantity": plain(line.quantity),
        "unit_price": plain(line.unit_price),
        "discount": plain(line.discount),
        "vat_rate": plain(line.vat_rate),
        "net": plain(line.net, digits),
        "warehouse_id": line.warehouse_id,
    }


def replace_lines(order: Order, lines: Sequence[OrderLine], last: int) -> None:
    """Let ``lines`` be the order's: those with a position of the order are that line, those below 1 are new.

    New lines get the positions after ``last``, and a new kit comes before its components. What was shipped, invoiced
    and reserved of a line goes with it. Raises LineTwice, UnknownReference, also for a component without its kit,
    BelowProgress, LineInProgress with ``at``.
    """
    kept: set[int] = set()
    given: dict[int | None, int] = {}
    for index, line in enumerate(lines):
        if line.position < 1:
            last += 1
            given[line.position] = last
            line.position, line.kit_position = last, given.get(line.kit_position)
            continue
        before = order.line(line.position, at=("lines", index, "position"))
        if line.position in kept:
            raise LineTwice(at=("lines", index, "position"), position=line.position)
        kept.add(line.position)
        _progress(before, line, index)
    for index, line in enumerate(lines):
        if line.kit_position is not None and line.kit_position not in {*kept, *given.values()}:
            raise UnknownReference(at=("lines", index, "position"), kind="order line", value=line.kit_position)
    for line in order.lines:
        if line.position not in kept and (line.shipped or line.invoiced):
            raise LineInProgress(at=("lines",), position=line.position, shipped=line.shipped, invoiced=line.invoiced)
    order.lines = list(lines)


def _progress(before: OrderLine, line: OrderLine, index: int) -> None:
    least = Quantity(max(before.shipped, before.invoiced))
    if line.quantity < least:
        raise BelowProgress(at=("lines", index, "quantity"), position=line.position, least=least)
    line.shipped, line.invoiced = before.shipped, before.invoiced
