"""Orders: what is owed of them, promised to them, and counted when goods and invoices come and go (ERP-07)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sales import (
    NotInStock,
    Order,
    OrderLine,
    OrderNotOpen,
    OrderState,
    OverInvoiced,
    OverShipped,
)
from app.domain.shared.errors import UnknownReference
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import currency, rate
from app.domain.shared.states import InvalidTransition
from app.domain.shared.totals import VatMode
from tests.support.sales import HERE, THERE, level, levels, much, order, order_line, part, priced_order, valuation

pytestmark = pytest.mark.fast
NOT_OPEN: Final = [OrderState.DRAFT, OrderState.CANCELED]


def here(position: int = 1, **others: Any) -> OrderLine:
    """Give a line of 2 that comes from a warehouse."""
    return order_line(position, warehouse_id=HERE, **others)


# --- what is not invoiced yet ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [OrderState.VALIDATED, OrderState.IN_SHIPMENT])
def test_all_of_an_order_in_force_counts_until_it_is_invoiced(state: OrderState) -> None:
    one = priced_order(state, order_line(1), order_line(2, LineKind.SERVICE))
    assert one.uncharged == one.totals.company_gross == 48
    one.invoice([part(1, "0.5")])
    assert one.uncharged == 42
    one.invoice([part(1, "1.5"), part(2, "2")])
    assert one.uncharged == 0


def test_the_rest_is_rounded_as_a_document_of_its_own() -> None:
    """Three thirds of a cent line: what is left is what an invoice of it would charge."""
    one = priced_order(OrderState.VALIDATED, order_line(1, cost="0.335", quantity="3", vat_rate=rate(Decimal(0))))
    one.invoice([part(1, "1")])
    assert one.uncharged == Decimal("0.67")


def test_the_rest_counts_in_the_companys_currency() -> None:
    dollars = valuation(currency=currency("USD"), rate=rate(Decimal("0.9")))
    one = priced_order(OrderState.VALIDATED, order_line(1, vat_rate=rate(Decimal(0))), valuation=dollars)
    one.invoice([part(1, "1")])
    assert [one.totals.gross, one.uncharged] == [20, 9]


def test_the_rest_is_rounded_where_the_document_rounds() -> None:
    lines = [order_line(at, cost="0.13", quantity="2", vat_rate=rate(Decimal(10))) for at in (1, 2)]
    per_line = priced_order(OrderState.VALIDATED, *deepcopy(lines), valuation=valuation(vat_mode=VatMode.PER_LINE))
    per_rate = priced_order(OrderState.VALIDATED, *deepcopy(lines))
    for one in (per_line, per_rate):
        one.invoice([part(1, "1"), part(2, "1")])
    assert [per_line.uncharged, per_rate.uncharged] == [Decimal("0.28"), Decimal("0.29")]


def test_goods_given_up_by_a_short_closing_are_not_owed_and_what_was_shipped_is() -> None:
    """ERP-07: a credit limit must not be used up by what will never be delivered."""
    one = priced_order(OrderState.IN_SHIPMENT, order_line(1, shipped="0.5"), order_line(2, LineKind.SERVICE))
    assert one.uncharged == 48
    one.close_short("gone")
    assert one.uncharged == 6 + 24
    one.invoice([part(2, "2")])
    assert one.uncharged == 6


def test_a_reopened_order_owes_its_rest_again() -> None:
    one = priced_order(OrderState.IN_SHIPMENT, order_line(1, shipped="1"))
    one.close_short("gone")
    assert one.uncharged == 12
    one.reopen()
    assert one.uncharged == 24


# --- what is promised -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stock", "reserved", "back_ordered"),
    [("0", 0, 2), ("1.5", Decimal("1.5"), Decimal("0.5")), ("2", 2, 0), ("9", 2, 0)],
)
def test_what_is_there_is_promised_and_the_rest_waits(stock: str, reserved: Decimal, back_ordered: Decimal) -> None:
    one, found = order(OrderState.DRAFT, here()), levels(level(1, stock))
    one.reserve(found)
    assert (one.lines[0].reserved, one.lines[0].back_ordered) == (reserved, back_ordered)
    assert found[HERE, ProductId(1)].reserved == reserved


def test_two_lines_of_one_product_share_what_is_there_in_their_order() -> None:
    one = order(OrderState.DRAFT, here(1, product_id=ProductId(7)), here(2, product_id=ProductId(7)))
    one.reserve(levels(level(7, "3")))
    assert [[each.reserved, each.back_ordered] for each in one.lines] == [[2, 0], [1, 1]]


def test_nothing_is_promised_where_more_was_promised_than_there_is() -> None:
    """A count took what was promised: available is below zero."""
    one, found = order(OrderState.DRAFT, here()), levels(level(1, "1", reserved="3"))
    one.reserve(found)
    assert [one.lines[0].reserved, found[HERE, ProductId(1)].reserved] == [0, 3]


def test_only_what_is_left_to_ship_is_promised() -> None:
    one = order(OrderState.IN_SHIPMENT, here(shipped="1.5"))
    one.reserve(levels(level(1, "9")))
    assert [one.lines[0].reserved, one.lines[0].back_ordered] == [Decimal("0.5"), 0]


@pytest.mark.parametrize("kind", [LineKind.SERVICE, LineKind.FREIGHT])
def test_what_is_not_goods_is_neither_promised_nor_waited_for(kind: LineKind) -> None:
    one = order(OrderState.DRAFT, order_line(1, kind))
    one.reserve({})
    assert [one.lines[0].reserved, one.lines[0].back_ordered] == [0, 0]
    assert one.lines[0].place is None


@pytest.mark.parametrize("nowhere", [{"warehouse_id": None}, {"product_id": None, "warehouse_id": HERE}], ids=repr)
def test_goods_from_nowhere_wait(nowhere: dict[str, Any]) -> None:
    one = order(OrderState.DRAFT, order_line(1, **nowhere))
    one.reserve({})
    assert [one.lines[0].reserved, one.lines[0].back_ordered] == [0, 2]
    assert one.places() == {}


def test_freeing_gives_back_what_is_promised_and_no_more_than_that() -> None:
    one, found = order(OrderState.VALIDATED, here(reserved="1.5", back_ordered="0.5")), levels(level(1, "4", HERE, "3"))
    one.free(found)
    assert [one.lines[0].reserved, one.lines[0].back_ordered] == [0, 0]
    assert found[HERE, ProductId(1)].reserved == Decimal("1.5")


def test_a_company_without_back_orders_is_told_every_line_that_is_short() -> None:
    lines = [here(1, reserved="2"), here(2, reserved="0.5", back_ordered="1.5"), here(4, back_ordered="2")]
    with pytest.raises(NotInStock) as caught:
        order(OrderState.VALIDATED, *lines).in_stock()
    assert caught.value.at == ("lines", 1, "quantity")
    assert caught.value.facts == {
        "position": 2,
        "wanted": 2,
        "available": Decimal("0.5"),
        "lines": [
            {"position": 2, "wanted": 2, "available": Decimal("0.5")},
            {"position": 4, "wanted": 2, "available": 0},
        ],
    }


# --- goods that leave, and come back --------------------------------------------------------------------------------


def test_what_leaves_from_its_warehouse_uses_what_was_promised_there() -> None:
    one = order(OrderState.VALIDATED, here(reserved="1.5", back_ordered="0.5", held=much("1.5")))
    _, own = one.ship([part(1, "1", HERE)])
    assert own == {(HERE, 1): 1}
    assert (one.lines[0].reserved, one.lines[0].back_ordered) == (Decimal("0.5"), Decimal("0.5"))
    assert one.freed(own) == {}


def test_what_leaves_from_elsewhere_is_first_what_waited_and_then_frees_what_was_promised() -> None:
    one = order(OrderState.VALIDATED, here(reserved="1.5", back_ordered="0.5", held=much("1.5")))
    _, own = one.ship([part(1, "1", THERE)])
    assert own == {}
    assert [one.lines[0].reserved, one.lines[0].back_ordered] == [1, 0]
    assert one.freed(own) == {(HERE, 1): Decimal("0.5")}


def test_only_named_lines_that_are_promised_or_awaited_elsewhere_are_told() -> None:
    lines = [
        here(1, reserved="1"),
        here(2, back_ordered="1"),
        here(3),
        here(4, reserved="1"),
        order_line(5, LineKind.SERVICE),
    ]
    one = order(OrderState.VALIDATED, *lines)
    assert one.awaited_elsewhere({1, 2, 3, 5}, ()) == {HERE: {1, 2}}
    assert one.awaited_elsewhere({1, 2, 3, 5}, {(HERE, ProductId(1))}) == {HERE: {2}}


def test_goods_of_a_canceled_shipment_wait_again_beside_what_waited() -> None:
    one = order(OrderState.IN_SHIPMENT, here(quantity="4", shipped="2", reserved="1", back_ordered="1"))
    one.unship([part(1, "1")])
    assert [one.lines[0].shipped, one.lines[0].reserved, one.lines[0].back_ordered] == [1, 1, 2]


def test_an_order_closed_short_waits_for_all_of_its_rest_when_a_shipment_is_called_off() -> None:
    """ERP-07: it is in force again, so nothing left to ship may be neither promised nor awaited."""
    one = order(OrderState.IN_SHIPMENT, here(1, quantity="4", shipped="2"), here(2), order_line(3, LineKind.SERVICE))
    one.close_short("gone")
    one.unship([part(1, "1")])
    assert one.state is OrderState.IN_SHIPMENT
    assert [line.back_ordered for line in one.lines] == [line.to_ship for line in one.lines] == [3, 2, 0]


# --- steps and their refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "shipped", "after"),
    [
        (OrderState.DELIVERED, "0", OrderState.VALIDATED),
        (OrderState.DELIVERED, "0.000001", OrderState.IN_SHIPMENT),
        (OrderState.CANCELED, "0", OrderState.VALIDATED),
    ],
)
def test_a_reopened_order_stands_where_its_goods_do(state: OrderState, shipped: str, after: OrderState) -> None:
    one = order(state, order_line(shipped=shipped), ref="CO2611-0001")
    assert one.reopen().facts() == {"id": 5, "state": after}
    assert one.state is after


REFUSED: Final[dict[str, Callable[[Order], object]]] = {
    "bill": Order.bill,
    "unbill": Order.unbill,
    "invoice": lambda one: one.invoice([part(1, "1")]),
    "deposit": lambda one: one.invoiceable(()),
}


@pytest.mark.parametrize("state", NOT_OPEN)
@pytest.mark.parametrize("act", REFUSED)
def test_what_is_not_in_force_is_not_billed_in_any_way(state: OrderState, act: str) -> None:
    one = order(state, billed=True)
    before = deepcopy(one)
    with pytest.raises(OrderNotOpen) as caught:
        REFUSED[act](one)
    assert (caught.value.facts, one) == ({"order": 5, "state": state.value}, before)


def test_one_line_twice_in_an_invoice_is_no_more_than_it_has() -> None:
    one = order(OrderState.VALIDATED)
    with pytest.raises(OverInvoiced) as caught:
        one.invoice([part(1, "1.5"), part(1, "0.6")])
    assert (caught.value.at, caught.value.facts) == (("lines", 1, "quantity"), {"position": 1, "left": Decimal("0.5")})
    assert one.lines[0].invoiced == 0


@pytest.mark.parametrize("positions", [(1, 3, 4), (2, 3), (9,), (3, 1)])
def test_a_line_is_found_by_its_position_whatever_an_amendment_left(positions: tuple[int, ...]) -> None:
    one = order(OrderState.VALIDATED, *(order_line(at) for at in positions))
    assert [one.line(at).position for at in positions] == list(positions)
    for stranger in {0, -1, 1, 2, 3, 4, 10} - set(positions):
        with pytest.raises(UnknownReference) as caught:
            one.line(stranger, at=("x",))
        assert (caught.value.at, caught.value.facts) == (("x",), {"kind": "order line", "value": stranger})


# --- any run of events ----------------------------------------------------------------------------------------------

PARTS = st.lists(
    st.tuples(
        st.sampled_from(["ship", "unship", "invoice", "credit"]), st.integers(1, 2), st.sampled_from(["0.5", "1", "2"])
    ),
    max_size=12,
)


def _fits(one: Order, step: str, at: int, wanted: str) -> bool:
    """Tell whether what is taken back was done before; nobody asks for it otherwise."""
    done = {"unship": one.line(at).shipped, "credit": one.line(at).invoiced}.get(step)
    return done is None or much(wanted) <= done


def _do(one: Order, step: str, at: int, wanted: str) -> None:
    place = HERE if at == 1 else THERE
    getattr(one, step)([part(at, wanted, place if step == "ship" else None)])


@given(PARTS)
def test_whatever_is_shipped_and_invoiced_in_whatever_order_stays_within_what_was_ordered(
    steps: list[tuple[str, int, str]],
) -> None:
    """ERP-07: and each step is whole or changes nothing."""
    one = priced_order(OrderState.VALIDATED, here(1, quantity="3"), here(2, quantity="2"))
    one.reserve(levels(level(1, "2"), level(2, "9")))
    for step, at, wanted in steps:
        if not _fits(one, step, at, wanted):
            continue
        before = deepcopy(one)
        try:
            _do(one, step, at, wanted)
        except (OverShipped, OverInvoiced, InvalidTransition):
            assert one == before
        for line in one.lines:
            assert 0 <= line.shipped <= line.quantity
            assert 0 <= line.invoiced <= line.quantity
            assert line.reserved + line.back_ordered == line.to_ship
            assert line.reserved >= 0 <= line.back_ordered
        assert (one.uncharged == 0) == (not any(line.to_invoice for line in one.lines))
        assert one.billed is (one.uncharged == 0)
        assert (one.state is OrderState.IN_SHIPMENT) == any(line.shipped for line in one.lines)
