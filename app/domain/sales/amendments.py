"""Amendments: how a binding order is changed, with what it was before kept as a numbered revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.sales.order_events import OrderEvent
from app.domain.sales.order_lines import OrderLine
from app.domain.sales.orders import Order
from app.domain.shared.errors import Conflict, Invalid
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


def content_of(order: Order) -> dict[str, object]:
    """Give what an amendment may change, and the totals that follow, as plain values: numbers are decimal strings."""
    own = order.valuation.currency.digits
    return {
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


def replace_lines(order: Order, lines: Sequence[OrderLine]) -> None:
    """Let ``lines`` be the order's: those with a position of the order are that line, the others are new.

    What was shipped, invoiced and reserved of a line goes with it. Raises LineTwice, UnknownReference, BelowProgress,
    LineInProgress with ``at``.
    """
    kept: set[int] = set()
    following = max(line.position for line in order.lines) + 1
    for index, line in enumerate(lines):
        if not line.position:
            line.position, following = following, following + 1
            continue
        before = order.line(line.position, at=("lines", index, "position"))
        if line.position in kept:
            raise LineTwice(at=("lines", index, "position"), position=line.position)
        kept.add(line.position)
        _progress(before, line, index)
    for line in order.lines:
        if line.position not in kept and (line.shipped or line.invoiced):
            raise LineInProgress(at=("lines",), position=line.position, shipped=line.shipped, invoiced=line.invoiced)
    order.lines = list(lines)


def _progress(before: OrderLine, line: OrderLine, index: int) -> None:
    least = Quantity(max(before.shipped, before.invoiced))
    if line.quantity < least:
        raise BelowProgress(at=("lines", index, "quantity"), position=line.position, least=least)
    line.shipped, line.invoiced = before.shipped, before.invoiced
