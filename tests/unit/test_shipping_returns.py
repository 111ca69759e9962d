"""Returns: what is sound, what can still come back, and what it is worth when it does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sales import LineQuantity
from app.domain.shared.errors import DomainError, Required, UnknownReference
from app.domain.shared.ids import OrderId, PartyId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import Amount, Quantity, amount, plain, price, quantity
from app.domain.shipping import (
    OverReturned,
    Return,
    ReturnCostNegative,
    ReturnedQuantityNotPositive,
    ReturnLine,
    ReturnState,
    Shipment,
    ShipmentLine,
    ShipmentState,
    Worth,
)
from app.domain.stock import Cost, Holding, Level, MovementKind, NegativeCost, Occasion, QuantityNotPositive, Warehouse

pytestmark = pytest.mark.fast

TODAY: Final = date(2026, 11, 21)
PLACE: Final = WarehouseId(3)
GOODS: Final = ProductId(4)
GONE: Final = Occasion(kind=MovementKind.SHIPMENT, on=TODAY, at=datetime(2026, 11, 21, tzinfo=UTC))


def q(value: str | int) -> Quantity:
    return quantity(Decimal(value))


def shown(*values: Decimal) -> tuple[str, ...]:
    return tuple(map(plain, values))


def back_line(much: str = "1", at: int | None = None, **fields: Any) -> ReturnLine:
    kept = {"position": 1, "product_id": GOODS, "warehouse_id": PLACE, "quantity": q(much), "shipment_position": at}
    return ReturnLine(**{**kept, **fields})


def back(*lines: ReturnLine, **fields: Any) -> Return:
    kept = {"id": ReturnId(6), "party_id": PartyId(1), "date": TODAY, "reason": "Broken", "lines": list(lines)}
    return Return(**{**kept, **fields})


def sent(*quantities: str, state: ShipmentState = ShipmentState.VALIDATED) -> Shipment:
    """Give a shipment of so much on each line."""
    lines = [
        ShipmentLine(position=at, order_position=at, product_id=GOODS, warehouse_id=PLACE, quantity=q(much))
        for at, much in enumerate(quantities, 1)
    ]
    return Shipment(
        id=ShipmentId(8),
        order_id=OrderId(5),
        party_id=PartyId(1),
        warehouse_id=PLACE,
        date=TODAY,
        state=state,
        lines=lines,
    )


def parts(*wanted: tuple[int, str]) -> list[LineQuantity]:
    return [LineQuantity(position=at, quantity=q(much)) for at, much in wanted]


@pytest.mark.parametrize(
    ("one", "error", "at"),
    [
        (back(back_line(), reason=""), Required, ("reason",)),
        (back(back_line(), reason=" \t"), Required, ("reason",)),
        (back(), NoLines, ("lines",)),
        (back(back_line(), back_line("0")), ReturnedQuantityNotPositive, ("lines", 1, "quantity")),
        (back(back_line("-0.000001")), ReturnedQuantityNotPositive, ("lines", 0, "quantity")),
        (
            back(back_line(), back_line(unit_cost=price(Decimal("-0.01")))),
            ReturnCostNegative,
            ("lines", 1, "unit_cost"),
        ),
    ],
    ids=["no reason", "blank reason", "no lines", "nothing", "less than nothing", "negative cost"],
)
def test_an_unsound_return_is_refused_where_it_is_wrong(
    one: Return, error: type[DomainError], at: tuple[str | int, ...]
) -> None:
    with pytest.raises(error) as caught:
        one.check()
    assert caught.value.at == at


def test_a_return_takes_of_its_shipment_what_its_lines_name() -> None:
    """Scrap counts as come back; goods of no shipment take nothing of one."""
    one = back(back_line("2", 1), back_line("1", 1, warehouse_id=None), back_line("3", 2), back_line("9"))
    assert one.parts() == parts((1, "2"), (1, "1"), (2, "3"))


def test_its_events_tell_customer_number_and_shipment() -> None:
    one = back(back_line(), shipment_id=ShipmentId(8))
    assert one.created().facts() == {"id": 6, "party": 1}
    assert one.validate("RE1").facts() == {"id": 6, "ref": "RE1", "shipment": 8}
    assert (one.ref, one.close().facts()) == ("RE1", {"id": 6})
    assert back(back_line()).validate("RE2").facts()["shipment"] is None
    assert back(back_line(), state=ReturnState.VALIDATED).cancel().facts() == {"id": 6}


# --- what of a shipment can come back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [ShipmentState.VALIDATED, ShipmentState.CLOSED])
def test_goods_come_back_whether_they_arrived_or_not(state: ShipmentState) -> None:
    one = sent("3", "1", state=state)
    one.take_back(parts((1, "1"), (2, "1"), (1, "0.5")))
    assert [(line.returned, line.to_return) for line in one.lines] == [(q("1.5"), q("1.5")), (q("1"), q("0"))]


@pytest.mark.parametrize(
    ("wanted", "error", "at", "facts"),
    [
        (parts((1, "3.000001")), OverReturned, (0, "quantity"), {"position": 1, "left": q("3")}),
        (parts((1, "2"), (2, "1"), (1, "2")), OverReturned, (2, "quantity"), {"position": 1, "left": q("1")}),
        (parts((1, "1"), (3, "1")), UnknownReference, (1, "position"), {"kind": "shipment line", "value": 3}),
    ],
    ids=["more", "more in parts", "no such line"],
)
def test_what_cannot_come_back_is_refused_where_it_stands_and_nothing_counted(
    wanted: list[LineQuantity], error: type[DomainError], at: tuple[str | int, ...], facts: dict[str, object]
) -> None:
    one = sent("3", "1")
    with pytest.raises(error) as caught:
        one.take_back(wanted)
    assert (caught.value.at, caught.value.facts) == (("lines", *at), facts)
    assert [line.returned for line in one.lines] == [0, 0]


PARTS: Final = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 4)), max_size=4)


@given(steps=st.lists(PARTS, max_size=5))
def test_whatever_comes_back_and_goes_again_never_more_than_left_is_back(
    steps: Sequence[list[tuple[int, int]]],
) -> None:
    """ERP-07: a refusal changes nothing; sending the same again undoes it wholly."""
    one = sent("5", "3")
    taken: list[list[LineQuantity]] = []
    for step in steps:
        before = [line.returned for line in one.lines]
        wanted = parts(*((at, str(much)) for at, much in step))
        try:
            one.take_back(wanted)
        except OverReturned:
            assert [line.returned for line in one.lines] == before
        else:
            taken.append(wanted)
        assert all(0 <= line.returned <= line.quantity for line in one.lines)
    for wanted in taken:
        one.send_again(wanted)
    assert [line.returned for line in one.lines] == [0, 0]


# --- what it is worth -------------------------------------------------------------------------------------------------


PORTIONS: Final = st.lists(st.integers(1, 9), min_size=1, max_size=8)


@given(portions=PORTIONS, value=st.decimals(min_value=0, max_value=10**9, places=4))
def test_the_values_of_what_comes_back_add_up_to_what_left(portions: Sequence[int], value: Decimal) -> None:
    """ERP-07: none below zero, none further from its exact share than rounding, and nothing left over."""
    worth = Worth(quantity=Decimal(sum(portions)), value=value)
    taken = [worth.take(q(portion)) for portion in portions]
    assert sum(taken) == value
    assert min(taken) >= 0
    for portion, one in zip(portions, taken, strict=True):
        assert abs(one - value * portion / sum(portions)) <= Decimal("0.0001")


def test_what_came_back_before_has_had_its_share() -> None:
    """A third of 10.00 came back as 3.3333: the next third is 3.3334, wherever it is put."""
    worth = Worth(quantity=Decimal(3), value=Decimal(10), returned=Decimal(1))
    assert (worth.take(q("1")), worth.take(q("1"))) == (Decimal("3.3334"), Decimal("3.3333"))


def holding(there: str = "0", unit_cost: str = "0") -> Holding:
    """Give a product of which there is so much at that cost."""
    held = Holding(Warehouse(id=PLACE, ref="W", name="W"), Level(warehouse=PLACE, product=GOODS), Cost(product=GOODS))
    if Decimal(there):
        held.receive(q(there), price(Decimal(unit_cost)), GONE)
    return held


def test_goods_put_back_raise_the_stock_by_what_they_left_with() -> None:
    """The average follows: two at 4 and one put back for 10 are three worth 18."""
    held = holding("2", "4")
    moved = held.take_back(q("1"), amount(Decimal(10)), GONE)
    assert shown(moved.quantity, moved.value, moved.unit_cost, moved.level) == ("1", "10", "10", "3")
    assert shown(held.cost.value, held.cost.average, held.level.quantity) == ("18", "6", "3")


def test_goods_put_back_where_more_is_missing_than_comes_are_worth_what_the_rest_is() -> None:
    """Below zero the last cost stands: what stock gained is not what the goods left with."""
    held = holding("1", "4")
    held.warehouse.allow_negative = True
    held.debit(q("4"), GONE)
    moved = held.take_back(q("2"), amount(Decimal(100)), GONE)
    assert shown(moved.value, held.cost.quantity, held.cost.value, held.cost.average) == ("8", "-1", "-4", "4")
    held.take_back(q("3"), amount(Decimal(30)), GONE)
    assert shown(held.cost.quantity, held.cost.value, held.cost.average) == ("2", "20", "10")


@pytest.mark.parametrize(
    ("much", "value", "error"),
    [("0", "1", QuantityNotPositive), ("-1", "1", QuantityNotPositive), ("1", "-0.0001", NegativeCost)],
)
def test_nothing_is_put_back_for_less_than_nothing(much: str, value: str, error: type[DomainError]) -> None:
    held = holding("2", "4")
    with pytest.raises(error):
        held.take_back(q(much), amount(Decimal(value)), GONE)
    assert shown(held.level.quantity, held.cost.value) == ("2", "8")


@given(
    unit_cost=st.sampled_from([Decimal(cost) for cost in ("0", "0.00006", "0.00009", "0.00015", "0.33333333")]),
    sizes=st.lists(st.integers(1, 3), min_size=1, max_size=14),
)
def test_what_leaves_in_small_parts_leaves_for_something_and_can_all_be_put_back(
    unit_cost: Decimal, sizes: Sequence[int]
) -> None:
    """ERP-07: rounding never makes a debit gain value, nor what is left worth less than nothing."""
    held = holding(str(sum(sizes)), str(unit_cost))
    whole, gone = held.cost.value, []
    for size in sizes:
        gone.append(held.debit(q(size), GONE))
        assert held.cost.value >= 0
        assert gone[-1].value <= 0
    assert shown(held.cost.quantity, held.cost.value) == ("0", "0")
    for one in reversed(gone):
        held.take_back(Quantity(-one.quantity), Amount(-one.value), GONE)
    assert (held.level.quantity, held.cost.value) == (q(sum(sizes)), whole)
