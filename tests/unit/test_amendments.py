"""Amendments: which lines a binding order may come to have, and what is kept of what it was (ERP-07)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sales import (
    BelowProgress,
    LineInProgress,
    LineTwice,
    Order,
    OrderLine,
    OrderState,
    Revision,
    content_of,
    last_position,
    replace_lines,
)
from app.domain.shared.errors import DomainError, UnknownReference
from app.domain.shared.ids import OrderId, UserId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import currency, rate
from tests.support.sales import HERE, order, order_line, priced_order, valuation

pytestmark = pytest.mark.fast
TWO: Final = (order_line(1), order_line(2))


def amended(one: Order, *lines: OrderLine, last: int | None = None) -> list[int]:
    """Replace the lines, and give the positions there are then."""
    replace_lines(one, lines, last_position(one, None) if last is None else last)
    return [line.position for line in one.lines]


def revision(content: Mapping[str, object], number: int = 1) -> Revision:
    """Give what an order was."""
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return Revision(order=OrderId(5), number=number, reason="", actor=UserId(1), at=at, content=content)


def progressed(**done: Any) -> Order:
    """Give an order of two lines, with the first of which something was done."""
    return order(OrderState.IN_SHIPMENT, order_line(1, quantity="4", **done), order_line(2))


# --- which lines ----------------------------------------------------------------------------------------------------


def test_lines_that_are_named_stay_at_their_positions_and_the_others_go() -> None:
    one = order(OrderState.VALIDATED, *(order_line(at) for at in (1, 2, 3)))
    assert amended(one, order_line(3), order_line(1)) == [3, 1]


def test_new_lines_come_after_all_there_are_in_the_order_they_were_asked_for() -> None:
    one = order(OrderState.VALIDATED, *deepcopy(TWO))
    assert amended(one, order_line(-1), order_line(1), order_line(-2)) == [3, 1, 4]


def test_a_line_takes_what_was_done_of_it_along_and_its_new_values() -> None:
    one = progressed(shipped="1", invoiced="2")
    amended(one, order_line(1, quantity="3", cost="9"), order_line(2))
    found = one.lines[0]
    assert [found.shipped, found.invoiced, found.quantity, found.unit_price] == [1, 2, 3, 9]


@pytest.mark.parametrize(
    ("done", "least"),
    [
        ({"shipped": "3"}, "3"),
        ({"invoiced": "3"}, "3"),
        ({"shipped": "1", "invoiced": "3"}, "3"),
        ({"shipped": "2.5"}, "2.5"),
    ],
    ids=repr,
)
def test_a_quantity_goes_down_to_what_was_done_and_no_further(done: dict[str, Any], least: str) -> None:
    """ERP-07: at the border exactly, and one millionth below."""
    one = progressed(**done)
    amended(one, order_line(1, quantity=least), order_line(2))
    assert one.lines[0].quantity == Decimal(least)
    below = order_line(1, quantity=str(Decimal(least) - Decimal("0.000001")))
    with pytest.raises(BelowProgress) as caught:
        amended(progressed(**done), order_line(2), below)
    assert caught.value.at == ("lines", 1, "quantity")
    assert caught.value.facts == {"position": 1, "least": Decimal(least)}


@pytest.mark.parametrize("done", [{"shipped": "0.5"}, {"invoiced": "0.5"}], ids=repr)
def test_a_line_of_which_something_was_done_is_not_removed(done: dict[str, Any]) -> None:
    one = progressed(**done)
    before = deepcopy(one)
    with pytest.raises(LineInProgress) as caught:
        amended(one, order_line(2))
    assert caught.value.at == ("lines",)
    expected = {"shipped": Decimal(0), "invoiced": Decimal(0)} | {name: Decimal(value) for name, value in done.items()}
    assert caught.value.facts == {"position": 1, **expected}
    assert one == before


def test_a_line_that_stands_twice_is_named_where_it_stands_again() -> None:
    with pytest.raises(LineTwice) as caught:
        amended(order(OrderState.VALIDATED, *deepcopy(TWO)), order_line(2), order_line(1), order_line(2))
    assert (caught.value.at, caught.value.facts) == (("lines", 2, "position"), {"position": 2})


# --- kits -----------------------------------------------------------------------------------------------------------


def kit_order() -> Order:
    """Give an order of a kit with two components, and a line beside it."""
    lines = [
        order_line(1, LineKind.SERVICE),
        order_line(2, kit_position=1),
        order_line(3, kit_position=1),
        order_line(4),
    ]
    return order(OrderState.VALIDATED, *lines)


def test_the_components_of_a_new_kit_belong_to_it_where_it_comes_to_stand() -> None:
    one = order(OrderState.VALIDATED, *deepcopy(TWO))
    new = [
        order_line(-1),
        order_line(-2, LineKind.SERVICE),
        order_line(-3, kit_position=-2),
        order_line(-4, kit_position=-2),
    ]
    assert amended(one, order_line(1), *new) == [1, 3, 4, 5, 6]
    assert [line.kit_position for line in one.lines] == [None, None, None, 4, 4]


def test_two_new_kits_keep_their_components_apart() -> None:
    one = order(OrderState.VALIDATED, order_line(1))
    kits = [order_line(-1, LineKind.SERVICE), order_line(-3, LineKind.SERVICE)]
    amended(one, *kits, order_line(-2, kit_position=-1), order_line(-4, kit_position=-3))
    assert [(line.position, line.kit_position) for line in one.lines] == [(2, None), (3, None), (4, 2), (5, 3)]


def test_a_component_does_not_stay_without_its_kit() -> None:
    """It costs nothing: the customer would get it for nothing."""
    one = kit_order()
    with pytest.raises(UnknownReference) as caught:
        amended(one, order_line(4), order_line(2, kit_position=1))
    assert (caught.value.at, caught.value.facts["value"]) == (("lines", 1, "position"), 1)


# --- positions over several amendments ------------------------------------------------------------------------------


def test_the_last_position_is_remembered_by_revisions() -> None:
    one = order(OrderState.VALIDATED, order_line(1))
    assert last_position(one, revision({"last_position": 9, "lines": [{"position": 1}]})) == 9


def test_the_last_position_of_a_revision_that_did_not_remember_is_that_of_its_lines() -> None:
    """Revisions kept before positions were remembered."""
    one = order(OrderState.VALIDATED, order_line(1))
    assert last_position(one, revision({"lines": [{"position": 1}, {"position": 4}]})) == 4


@given(st.lists(st.tuples(st.integers(0, 3), st.sets(st.integers(0, 5))), min_size=1, max_size=8))
def test_no_position_ever_means_two_lines(amendments: list[tuple[int, set[int]]]) -> None:
    """ERP-07: whatever is added and removed; drafts of shipments and invoices name lines by position."""
    one, latest = priced_order(OrderState.VALIDATED, order_line(1), order_line(2)), None
    ever = {1, 2}
    for added, removed in amendments:
        last = last_position(one, latest)
        latest = revision(json.loads(json.dumps(content_of(one, last))))
        kept = [line for index, line in enumerate(one.lines) if index not in removed] or one.lines[:1]
        before = {line.position for line in kept}
        replace_lines(one, [*(replace(line) for line in kept), *(order_line(-at) for at in range(1, added + 1))], last)
        one.price()
        new = {line.position for line in one.lines} - before
        assert len(new) == added
        assert not new & ever
        ever |= new


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_what_is_kept_of_an_order_is_plain_text_numbers_and_lists() -> None:
    """ERP-07: it is stored as JSON and shown for years; a decimal never becomes a binary fraction."""
    line = order_line(1, quantity="1.5", cost="3.333", discount=rate(Decimal("12.5")), warehouse_id=HERE)
    one = priced_order(OrderState.VALIDATED, line, delivery_date=date(2026, 12, 1), external_ref="X", note="n")
    kept = content_of(one, 4)
    assert kept == json.loads(json.dumps(kept))
    assert kept == {
        "last_position": 4,
        "delivery_date": "2026-12-01",
        "external_ref": "X",
        "note": "n",
        "total_net": "4.37",
        "total_vat": "0.87",
        "total_gross": "5.24",
        "lines": [
            {
                "position": 1,
                "product_id": 1,
                "kind": "goods",
                "description": "Thing",
                "quantity": "1.5",
                "unit_price": "3.333",
                "discount": "12.5",
                "vat_rate": "20",
                "net": "4.37",
                "warehouse_id": 1,
            }
        ],
    }


@pytest.mark.parametrize(("code", "net"), [("EUR", "20.00"), ("JPY", "20"), ("BHD", "20.000")])
def test_amounts_are_kept_with_the_digits_of_the_documents_currency(code: str, net: str) -> None:
    one = priced_order(OrderState.VALIDATED, valuation=valuation(currency=currency(code), rate=rate(Decimal(2))))
    assert content_of(one, 1)["total_net"] == net


# --- when -----------------------------------------------------------------------------------------------------------


WRONG: Final = {
    "too little": [order_line(1, quantity="0.5"), order_line(2)],
    "removed": [order_line(2)],
    "twice": [order_line(1, quantity="4"), order_line(1, quantity="4")],
    "unknown": [order_line(1, quantity="4"), order_line(9)],
    "without its kit": [order_line(1, quantity="4"), order_line(2, kit_position=8)],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_refused_amendment_leaves_the_lines_of_the_order(wrong: str) -> None:
    one = progressed(shipped="1")
    before = deepcopy(one)
    with pytest.raises(DomainError):
        amended(one, *deepcopy(WRONG[wrong]))
    assert one == before
