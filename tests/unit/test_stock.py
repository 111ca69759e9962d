"""Stock: what may move, what it costs, and what is left (ERP-07)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest

from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import OrderId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import Overflow, Price, Quantity, TooManyDecimals, price, quantity
from app.domain.stock import (
    Cost,
    Holding,
    Level,
    MovementKind,
    NegativeCost,
    NegativeQuantity,
    NotEnoughStock,
    Occasion,
    QuantityNotPositive,
    Waiting,
    Warehouse,
    WarehouseArchived,
    serve,
)

pytestmark = pytest.mark.fast
PRODUCT: Final = ProductId(7)
PLACE: Final = WarehouseId(3)
OCCASION: Final = Occasion(
    kind=MovementKind.DEBIT,
    on=date(2026, 11, 21),
    at=datetime(2026, 11, 21, 9, tzinfo=UTC),
    reason="why",
    shipment=ShipmentId(9),
)


def q(text: str) -> Quantity:
    return quantity(Decimal(text))


def p(text: str) -> Price:
    return price(Decimal(text))


def holding(level: str = "0", value: str = "0", average: str = "0", *, allow_negative: bool = False) -> Holding:
    place = Warehouse(id=PLACE, ref="W", name="W", allow_negative=allow_negative)
    cost = Cost(product=PRODUCT, quantity=q(level), value=Decimal(value), average=p(average))  # type: ignore[arg-type]
    return Holding(place, Level(warehouse=PLACE, product=PRODUCT, quantity=q(level)), cost)


def state(held: Holding) -> tuple[str, str, str, str]:
    """Give level, quantity, value and average as numbers without trailing zeros."""
    numbers = (held.level.quantity, held.cost.quantity, held.cost.value, held.cost.average)
    return tuple(f"{number.normalize():f}" for number in numbers)  # type: ignore[return-value]


def test_a_debit_takes_from_the_level_at_average_cost() -> None:
    held = holding("10", "25", "2.5")
    movement = held.debit(q("4"), OCCASION)
    assert state(held) == ("6", "6", "15", "2.5")
    assert (movement.quantity, movement.level) == (q("-4"), q("6"))
    assert (movement.unit_cost, movement.value) == (p("2.5"), Decimal(-10))
    assert (movement.product, movement.warehouse, movement.kind) == (PRODUCT, PLACE, MovementKind.DEBIT)
    assert (movement.on, movement.at, movement.reason) == (OCCASION.on, OCCASION.at, "why")
    assert movement.shipment == ShipmentId(9)


def test_the_event_of_a_movement_tells_what_moved_and_what_is_left() -> None:
    event = holding("10", "25", "2.5").debit(q("4"), OCCASION).moved()
    assert (event.aggregate_id(), event.name) == (7, "stock.moved")
    assert event.facts() == {
        "product": 7,
        "warehouse": 3,
        "kind": "debit",
        "quantity": Decimal(-4),
        "level": Decimal(6),
    }


def test_exactly_what_is_there_may_leave_and_its_value_is_gone_too() -> None:
    held = holding("3", "0.0001", "0.00003333")
    assert held.debit(q("3"), OCCASION).value == Decimal("-0.0001")
    assert state(held) == ("0", "0", "0", "0.00003333")


def test_more_than_is_there_cannot_leave() -> None:
    held = holding("3", "9", "3")
    with pytest.raises(NotEnoughStock) as caught:
        held.debit(q("3.000001"), OCCASION)
    assert caught.value.facts == {
        "product": PRODUCT,
        "warehouse": PLACE,
        "wanted": Decimal("3.000001"),
        "available": Decimal(3),
    }
    assert caught.value.at == ("quantity",)
    assert state(held) == ("3", "3", "9", "3")


def test_a_warehouse_that_allows_it_goes_below_zero_at_the_last_cost() -> None:
    held = holding("3", "9", "3", allow_negative=True)
    assert held.debit(q("5"), OCCASION).value == -15
    assert state(held) == ("-2", "-2", "-6", "3")


def test_a_receipt_moves_the_average() -> None:
    held = holding("10", "20", "2")
    movement = held.receive(q("5"), p("5"), OCCASION)
    assert state(held) == ("15", "15", "45", "3")
    assert (movement.unit_cost, movement.value) == (p("5"), Decimal(25))


def test_a_receipt_without_a_cost_comes_in_at_the_average() -> None:
    held = holding("10", "20", "2")
    assert held.receive(q("5"), None, OCCASION).value == 10
    assert state(held) == ("15", "15", "30", "2")


def test_a_receipt_that_crosses_zero_revalues_the_positive_part_only() -> None:
    held = holding("-4", "-8", "2", allow_negative=True)
    movement = held.receive(q("10"), p("5"), OCCASION)
    assert state(held) == ("6", "6", "30", "5")
    assert movement.value == 38


@pytest.mark.parametrize(("received", "level", "value"), [("3", "-1", "-2"), ("4", "0", "0")])
def test_at_or_below_zero_the_last_cost_stands(received: str, level: str, value: str) -> None:
    held = holding("-4", "-8", "2", allow_negative=True)
    held.receive(q(received), p("5"), OCCASION)
    assert state(held) == (level, level, value, "2")


def test_a_free_receipt_dilutes_the_average() -> None:
    held = holding("1", "3", "3")
    held.receive(q("2"), p("0"), OCCASION)
    assert state(held) == ("3", "3", "3", "1")


@pytest.mark.parametrize(("counted", "moved"), [("12", 2), ("0", -10), ("9.5", Decimal("-0.5"))])
def test_a_count_moves_the_difference_at_average_cost(counted: str, moved: Decimal) -> None:
    held = holding("10", "20", "2")
    movement = held.count(q(counted), OCCASION)
    assert movement is not None
    assert (movement.quantity, movement.value) == (moved, moved * 2)
    assert held.level.quantity == q(counted)


def test_a_count_that_finds_the_level_right_moves_nothing() -> None:
    held = holding("10", "20", "2")
    assert held.count(q("10"), OCCASION) is None
    assert state(held) == ("10", "10", "20", "2")


@pytest.mark.parametrize("wrong", ["0", "-1", "-0.000001"])
def test_a_quantity_that_moves_must_be_above_zero(wrong: str) -> None:
    for act in (holding("5").debit, lambda taken, occasion: holding().receive(taken, None, occasion)):
        with pytest.raises(QuantityNotPositive) as caught:
            act(q(wrong), OCCASION)
        assert caught.value.at == ("quantity",)


def test_a_count_or_cost_below_zero_is_refused() -> None:
    with pytest.raises(NegativeQuantity):
        holding("5").count(q("-1"), OCCASION)
    with pytest.raises(NegativeCost) as caught:
        holding().receive(q("1"), p("-0.01"), OCCASION)
    assert caught.value.at == ("unit_cost",)


def test_what_no_column_can_hold_is_refused_before_it_is_stored() -> None:
    held = holding("999999999999", "1", "1")
    with pytest.raises(Overflow):
        held.receive(q("1"), None, OCCASION)
    with pytest.raises(Overflow):
        holding().receive(q("999999999999"), p("9999999999"), OCCASION)
    with pytest.raises(TooManyDecimals):
        q("0.0000001")


def test_a_warehouse_needs_a_ref_and_a_name() -> None:
    for name in ("ref", "name"):
        with pytest.raises(Required) as caught:
            Warehouse(**{"ref": "W", "name": "W", name: "  "})  # type: ignore[arg-type]
        assert caught.value.at == (name,)


def test_a_warehouse_tells_whether_it_was_changed() -> None:
    place = Warehouse(ref="W", name="W")
    assert place.change({"name": "W", "ref": "W"}) is False
    assert place.change({"name": "North", "allow_negative": True}) is True
    assert (place.name, place.allow_negative) == ("North", True)
    with pytest.raises(Invalid):
        place.change({"name": ""})


def test_an_archived_warehouse_takes_no_movements() -> None:
    Warehouse(ref="W", name="W").serves()
    with pytest.raises(WarehouseArchived):
        Warehouse(ref="W", name="W", archived=True).serves()


def promised(level: str, reserved: str, *, allow_negative: bool = False) -> Holding:
    held = holding(level, allow_negative=allow_negative)
    held.level.reserved = q(reserved)
    return held


@pytest.mark.parametrize(
    ("level", "reserved", "own", "taken", "fits"),
    [
        ("5", "3", "0", "2", True),
        ("5", "3", "0", "3", False),
        ("5", "3", "3", "5", True),
        ("5", "5", "2", "2", True),
        ("5", "5", "2", "3", False),
        ("3", "5", "2", "2", True),  # promised more than there is: who comes first gets what was promised
        ("1", "5", "2", "2", False),
        ("0", "0", "0", "1", False),
    ],
)
def test_a_debit_takes_what_is_its_own_and_what_is_available_and_no_more(
    level: str, reserved: str, own: str, taken: str, *, fits: bool
) -> None:
    """ERP-07: refused, nothing is changed; done, the own reservation is used up first."""
    held = promised(level, reserved)
    if not fits:
        with pytest.raises(NotEnoughStock):
            held.debit(q(taken), OCCASION, q(own))
        assert (held.level.quantity, held.level.reserved) == (q(level), q(reserved))
        return
    held.debit(q(taken), OCCASION, q(own))
    assert held.level.quantity == q(level) - q(taken)
    assert held.level.reserved == q(reserved) - min(q(own), q(taken))
    assert held.told == []


def test_what_is_promised_and_not_there_is_told_each_time_it_becomes_more() -> None:
    """ERP-07: by a count, or by a debit where stock may be negative; not by what makes it less."""
    held = promised("5", "4", allow_negative=True)
    held.count(q("1"), OCCASION)
    held.count(q("2"), OCCASION)
    held.debit(q("2"), OCCASION, q("2"))
    held.debit(q("1"), OCCASION)
    assert [(short.product, short.warehouse, short.short_by) for short in held.told] == [
        (PRODUCT, PLACE, q("3")),
        (PRODUCT, PLACE, q("3")),
    ]
    assert held.level.available == q("-3")


def test_a_level_promises_what_is_available_and_never_below_nothing() -> None:
    level = promised("5", "4").level
    assert (level.reserve(q("3")), level.reserved) == (q("1"), q("5"))
    assert level.reserve(q("3")) == 0
    level.quantity = q("2")
    assert (level.reserve(q("1")), level.reserved) == (q("0"), q("5"))
    level.release(q("4"))
    assert (level.reserve(q("9")), level.available) == (q("1"), q("0"))


def test_who_waits_is_served_in_turn_the_last_one_in_part() -> None:
    """ERP-07: by the order given; one product's shortage is nobody else's."""
    levels = {(PLACE, PRODUCT): promised("4", "1").level}
    waits = [
        Waiting(order=OrderId(at), position=1, warehouse=PLACE, product=PRODUCT, reserved=q("1"), back_ordered=q("2"))
        for at in (7, 3, 9)
    ]
    served = serve(levels, waits)
    assert [(one.order, one.reserved, one.back_ordered) for one in served] == [(7, q("3"), 0), (3, q("2"), q("1"))]
    assert levels[PLACE, PRODUCT].available == 0
