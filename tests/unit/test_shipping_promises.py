"""What shipping does to what an order was promised: lines reserve, ship, wait again, and no piece is counted twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sales import LineQuantity, Order, OrderLine, OrderState
from app.domain.shared.ids import OrderId, PartyId, ProductId, WarehouseId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import Quantity, currency, price, quantity, rate
from app.domain.shared.totals import VatMode
from app.domain.stock import Level, Place, Waiting, serve

pytestmark = pytest.mark.fast

HERE, THERE, FAR = (WarehouseId(n) for n in (1, 2, 3))
CHAIR, TABLE = ProductId(11), ProductId(12)
EUR: Final = currency("EUR")


def q(value: str | int) -> Quantity:
    return quantity(Decimal(value))


def line(wanted: str = "5", *, position: int = 1, product: ProductId = CHAIR, **fields: Any) -> OrderLine:
    """Give a line of goods that come from here, of which nothing is reserved."""
    given: dict[str, Any] = {
        "position": position,
        "product_id": product,
        "kind": LineKind.GOODS,
        "description": "Chair",
        "quantity": q(wanted),
        "unit_price": price(Decimal(10)),
        "vat_rate": rate(Decimal(20)),
        "warehouse_id": HERE,
    }
    return OrderLine(**given | fields)


def promised(reserved: str, waiting: str = "0", **fields: Any) -> OrderLine:
    """Give a line of which that is reserved, as it was read, and that back-ordered."""
    wanted = str(q(reserved) + q(waiting) + fields.get("shipped", q(0)))
    kept = {"reserved": q(reserved), "held": q(reserved), "back_ordered": q(waiting)}
    return line(wanted, **kept | fields)


def order(*lines: OrderLine, state: OrderState = OrderState.VALIDATED) -> Order:
    valuation = Valuation(currency=EUR, rate=rate(Decimal(1)), company_currency=EUR, vat_mode=VatMode.PER_RATE)
    return Order(
        id=OrderId(5),
        ref="CO1",
        party_id=PartyId(1),
        date=date(2026, 11, 21),
        valuation=valuation,
        state=state,
        lines=list(lines),
    )


def part(wanted: str, *, position: int = 1, place: WarehouseId | None = HERE) -> LineQuantity:
    return LineQuantity(position=position, quantity=q(wanted), warehouse=place)


def shelves(*there: tuple[WarehouseId, ProductId, str]) -> dict[Place, Level]:
    """Give levels with so much of each product, promised to nobody."""
    return {
        (place, product): Level(warehouse=place, product=product, quantity=q(much)) for place, product, much in there
    }


def counts(one: OrderLine) -> tuple[str, str, str]:
    """Give what is shipped, reserved and back-ordered of a line."""
    return tuple(f"{value.normalize():f}" for value in (one.shipped, one.reserved, one.back_ordered))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("there", "reserved", "waiting"), [("9", "5", "0"), ("5", "5", "0"), ("2.5", "2.5", "2.5"), ("0", "0", "5")]
)
def test_a_line_is_promised_what_there_is_and_waits_for_the_rest(there: str, reserved: str, waiting: str) -> None:
    """ERP-07, CO: validating reserves stock."""
    levels, one = shelves((HERE, CHAIR, there)), line("5")
    one.reserve(levels)
    assert counts(one) == ("0", reserved, waiting)
    assert levels[HERE, CHAIR].available == q(there) - q(reserved)


def test_two_lines_of_one_product_are_promised_each_its_own_in_turn() -> None:
    one = order(line("2"), line("2", position=2))
    one.reserve(levels := shelves((HERE, CHAIR, "3")))
    assert [counts(each) for each in one.lines] == [("0", "2", "0"), ("0", "1", "1")]
    assert levels[HERE, CHAIR].available == 0


def test_a_line_that_comes_from_nowhere_yet_waits_for_all_of_it() -> None:
    one = line("5", warehouse_id=None)
    one.reserve({})
    assert counts(one) == ("0", "0", "5")
    one.free({})
    assert counts(one) == ("0", "0", "0")


@pytest.mark.parametrize("kind", [LineKind.SERVICE, LineKind.FREIGHT])
def test_what_is_not_goods_waits_for_nothing(kind: LineKind) -> None:
    one = line("5", kind=kind)
    one.reserve({})
    assert (counts(one), one.place) == (("0", "0", "0"), None)


def test_a_line_given_up_gives_its_promise_back_and_waits_no_more() -> None:
    levels, one = shelves((HERE, CHAIR, "9")), promised("2", "3")
    levels[HERE, CHAIR].reserved = q("4")
    one.free(levels)
    assert (counts(one), levels[HERE, CHAIR].reserved) == (("0", "0", "0"), q("2"))


@pytest.mark.parametrize(
    ("gone", "place", "left", "used"),
    [
        ("2", HERE, ("2", "1", "2"), "2"),  # its own promise first
        ("3", HERE, ("3", "0", "2"), "3"),
        ("4", HERE, ("4", "0", "1"), "3"),  # more than was promised: somebody's found stock
        ("5", HERE, ("5", "0", "0"), "3"),
        ("1", THERE, ("1", "3", "1"), "0"),  # from elsewhere what waits goes first
        ("2", THERE, ("2", "3", "0"), "0"),
        ("4", THERE, ("4", "1", "0"), "0"),  # and then the promise is more than is left
        ("5", THERE, ("5", "0", "0"), "0"),
    ],
)
def test_shipping_uses_the_promise_where_it_was_made(
    gone: str, place: WarehouseId, left: tuple[str, str, str], used: str
) -> None:
    """ERP-07: of 5, 3 are reserved here and 2 wait."""
    one = promised("3", "2")
    assert one.ship(q(gone), place) == q(used)
    assert counts(one) == left


STEPS: Final = st.lists(st.tuples(st.booleans(), st.integers(1, 8), st.sampled_from([HERE, THERE])), max_size=12)


@given(there=st.integers(0, 9), steps=STEPS)
def test_whatever_leaves_and_comes_back_a_line_is_promised_or_waits_for_exactly_the_rest(
    there: int, steps: Sequence[tuple[bool, int, WarehouseId]]
) -> None:
    """ERP-07: shipped + reserved + back-ordered = ordered, and none of them ever below zero."""
    one = line("8")
    one.reserve(shelves((HERE, CHAIR, str(there))))
    for away, much, place in steps:
        before = one.reserved
        if away:
            used = one.ship(q(min(much, int(one.to_ship))), place)
            assert 0 <= used <= before
        else:
            one.unship(q(min(much, int(one.shipped))))
            assert one.reserved == before
        assert one.shipped + one.reserved + one.back_ordered == 8
        assert min(one.shipped, one.reserved, one.back_ordered) >= 0


def test_an_order_tells_what_of_a_shipment_was_its_own_by_place() -> None:
    """Two lines of one product take from one promise; what was not promised there is not its own."""
    one = order(
        promised("3", "2"), promised("1", position=2), promised("2", "2", position=3, product=TABLE, warehouse_id=THERE)
    )
    event, own = one.ship([part("4"), part("1", position=2), part("3", position=3, place=THERE)])
    assert own == {(HERE, CHAIR): q("4"), (THERE, TABLE): q("2")}
    assert event.facts() == {"id": 5, "complete": False}
    assert one.state is OrderState.IN_SHIPMENT


def test_what_is_promised_and_not_taken_is_free_where_it_was_promised() -> None:
    one = order(promised("3"), promised("4", position=2, product=TABLE))
    _, own = one.ship([part("1"), part("2", place=THERE), part("1", position=2)])
    assert one.freed(own) == {(HERE, CHAIR): q("2")}


def test_goods_are_awaited_where_a_line_that_moved_has_a_promise_or_waits() -> None:
    one = order(
        promised("3"),
        promised("0", "2", position=2, product=TABLE, warehouse_id=THERE),
        promised("2", position=3, product=TABLE, warehouse_id=FAR),
        line("4", position=4, product=TABLE, shipped=q("4")),
        line("4", position=5, product=TABLE, warehouse_id=None),
    )
    every = {1, 2, 3, 4, 5}
    assert one.awaited_elsewhere(every, ()) == {HERE: {CHAIR}, THERE: {TABLE}, FAR: {TABLE}}
    assert one.awaited_elsewhere(every, {(HERE, CHAIR), (FAR, TABLE)}) == {THERE: {TABLE}}
    assert one.awaited_elsewhere({1, 4}, {(THERE, CHAIR)}) == {HERE: {CHAIR}}


def test_an_order_closed_short_waits_for_all_it_had_given_up_once_goods_are_put_back() -> None:
    """It is in force again, so every line is promised or waits for what is left; services wait for nothing."""
    given_up = [line("5", shipped=q("2")), line("3", position=2, product=TABLE)]
    one = order(*given_up, line("1", position=3, kind=LineKind.SERVICE), state=OrderState.DELIVERED)
    one.unship([part("2")])
    assert [counts(each) for each in one.lines] == [("0", "0", "5"), ("0", "0", "3"), ("0", "0", "0")]


def test_an_open_order_waits_for_no_more_than_what_was_put_back() -> None:
    """Orders from before there were reservations wait for nothing of their own."""
    one = order(line("5", shipped=q("2")), line("3", position=2), state=OrderState.IN_SHIPMENT)
    one.unship([part("1")])
    assert [counts(each) for each in one.lines] == [("1", "0", "1"), ("0", "0", "0")]


def waiting(at: int, much: str, *, product: ProductId = CHAIR, place: WarehouseId = HERE) -> Waiting:
    return Waiting(
        order=OrderId(at), position=1, warehouse=place, product=product, reserved=q("1"), back_ordered=q(much)
    )


@given(
    there=st.integers(0, 12),
    held=st.integers(0, 12),
    waits=st.lists(st.integers(1, 5), max_size=6),
)
def test_serving_promises_all_there_is_in_turn_and_never_more(there: int, held: int, waits: Sequence[int]) -> None:
    """ERP-07: who comes later gets nothing while somebody before waits."""
    levels = shelves((HERE, CHAIR, str(there)))
    levels[HERE, CHAIR].reserved = q(held)
    free = max(there - held, 0)
    served = {one.order: one for one in serve(levels, [waiting(at, str(much)) for at, much in enumerate(waits, 1)])}
    given: Mapping[int, Decimal] = {at: served[at].reserved - 1 if at in served else Decimal(0) for at in _ids(waits)}
    assert sum(given.values()) == min(free, sum(waits)) == levels[HERE, CHAIR].reserved - held
    short = [at for at in _ids(waits) if given[at] < waits[at - 1]]
    assert all(given[at] == 0 for at in short[1:])
    assert all(served[at].back_ordered == waits[at - 1] - given[at] for at in served)


def _ids(waits: Sequence[int]) -> list[OrderId]:
    return [OrderId(at) for at in range(1, len(waits) + 1)]
