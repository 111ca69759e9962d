"""What stock costs as it comes, goes, comes back and changes its warehouse (ERP-07)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest

from app.domain.shared.ids import InventoryId, ProductId, TransferId, WarehouseId
from app.domain.shared.money import Amount, Price, Quantity, amount, price, quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    Cost,
    Holding,
    Level,
    Movement,
    MovementKind,
    NegativeCost,
    NotEnoughStock,
    Occasion,
    QuantityNotPositive,
    StockShort,
    Warehouse,
)

pytestmark = pytest.mark.fast
PRODUCT: Final = ProductId(7)
OCCASION: Final = Occasion(
    kind=MovementKind.TRANSFER, on=date(2026, 11, 21), at=datetime(2026, 11, 21, 9, tzinfo=UTC), reason="why"
)


def q(text: str) -> Quantity:
    return quantity(Decimal(text))


def p(text: str) -> Price:
    return price(Decimal(text))


def a(text: str) -> Amount:
    return amount(Decimal(text))


def cost(there: str = "0", value: str = "0", average: str = "0", tracking: Tracking = Tracking.NONE) -> Cost:
    return Cost(product=PRODUCT, quantity=q(there), value=a(value), average=p(average), tracking=tracking)


def held(
    level: str = "0",
    shared: Cost | None = None,
    *,
    place: int = 1,
    reserved: str = "0",
    minimum: str | None = None,
    allow_negative: bool = False,
) -> Holding:
    """Give a holding whose cost is of this level alone unless ``shared`` with others."""
    warehouse = Warehouse(id=WarehouseId(place), ref=f"W{place}", name="W", allow_negative=allow_negative)
    here = Level(
        warehouse=warehouse.id,
        product=PRODUCT,
        quantity=q(level),
        reserved=q(reserved),
        minimum=None if minimum is None else q(minimum),
    )
    return Holding(warehouse, here, shared or cost(level, average="1"))


def numbers(one: Cost) -> tuple[object, ...]:
    return one.quantity, one.value, one.average


def seen(*values: object) -> tuple[object, ...]:
    """Give values to be compared with plain numbers."""
    return values


def equal(one: Cost, there: str, value: str, average: str) -> bool:
    return numbers(one) == (Decimal(there), Decimal(value), Decimal(average))


# --- rounding -------------------------------------------------------------------------------------------------------


def test_stock_that_is_there_is_never_worth_less_than_nothing() -> None:
    """ERP-07: eight pieces at 0.00006 leave for 0.0001 each; the tenth of a cent was only worth six."""
    one = cost()
    one.move(q("10"), p("0.00006"))
    values = [one.move(q("-1"), None) for _ in range(8)]
    assert sum(values) == Decimal("-0.0006")
    assert seen(one.quantity, one.value) == (2, 0)


def test_a_free_receipt_after_rounding_leaves_no_average_below_zero() -> None:
    one = cost()
    one.move(q("10"), p("0.00006"))
    for _ in range(9):
        one.move(q("-1"), None)
    one.move(q("2"), p("0"))
    assert equal(one, "3", "0", "0")


# --- at and below zero ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moves", "ends"),
    [
        ([("-2", None)], ("-2", "-6", "3")),
        ([("-2", None), ("1", "9")], ("-1", "-3", "3")),
        ([("-2", None), ("2", "9")], ("0", "0", "3")),
        ([("-2", None), ("3", "9")], ("1", "9", "9")),
        ([("-2", None), ("3", None)], ("1", "3", "3")),
        ([("-2", None), ("2", "9"), ("1", "5")], ("1", "5", "5")),
    ],
)
def test_below_zero_the_last_cost_stands_until_something_is_there_again(
    moves: list[tuple[str, str | None]], ends: tuple[str, str, str]
) -> None:
    """Design 3: the receipt that crosses zero revalues only the part above it."""
    one = cost(average="3")
    for moved, paid in moves:
        one.move(q(moved), None if paid is None else p(paid))
    assert equal(one, *ends)


# --- what comes back ------------------------------------------------------------------------------------------------


def test_what_comes_back_brings_the_value_it_left_with() -> None:
    """ERP-07: sent at 2, the rest bought anew at 5, and back: both values are there, the average is their mean."""
    one = cost("4", "20", "5")
    assert one.take_back(q("1"), a("2")) == 2
    assert equal(one, "5", "22", "4.4")


@pytest.mark.parametrize(
    ("there", "ends"),
    [("-5", ("-3", "-9", "3")), ("-2", ("0", "0", "3")), ("-1", ("1", "4", "4"))],
)
def test_what_comes_back_below_zero_follows_the_rules_of_a_receipt(there: str, ends: tuple[str, str, str]) -> None:
    one = cost(there, str(Decimal(there) * 3), "3")
    before = one.value
    grew = one.take_back(q("2"), a("8"))
    assert equal(one, *ends)
    assert grew == one.value - before


@pytest.mark.parametrize("wrong", ["0", "-1"])
def test_nothing_cannot_come_back(wrong: str) -> None:
    one = held("1")
    with pytest.raises(QuantityNotPositive) as caught:
        one.take_back(q(wrong), a("1"), OCCASION)
    assert caught.value.at == ("quantity",)
    assert one.level.quantity == 1


def test_what_comes_back_is_never_worth_less_than_nothing() -> None:
    one = held("1")
    with pytest.raises(NegativeCost) as caught:
        one.take_back(q("1"), a("-0.0001"), OCCASION)
    assert caught.value.at == ("value",)
    assert numbers(one.cost) == (1, 0, 1)


# --- from one warehouse to another ----------------------------------------------------------------------------------


def pair(level: str, there: str, **how: bool) -> tuple[Holding, Holding]:
    """Give two warehouses with one product at 3.33333333; ``how`` is of the first."""
    shared = cost(str(Decimal(level) + Decimal(there)), "10", "3.33333333")
    return held(level, shared, **how), held(there, shared, place=2)  # type: ignore[arg-type]


def test_a_transfer_leaves_the_cost_as_it_is() -> None:
    source, target = pair("2", "1")
    before = numbers(source.cost)
    out, into = source.hand_over(target, q("2"), OCCASION)
    assert numbers(source.cost) == before
    assert seen(out.warehouse, out.quantity, out.level, out.value) == (1, -2, 0, Decimal("-6.6667"))
    assert seen(into.warehouse, into.quantity, into.level, into.value) == (2, 2, 3, Decimal("6.6667"))
    assert out.unit_cost == into.unit_cost == p("3.33333333")


def test_more_than_is_there_is_not_transferred_and_neither_side_moves() -> None:
    source, target = pair("2", "1")
    with pytest.raises(NotEnoughStock) as caught:
        source.hand_over(target, q("2.000001"), OCCASION)
    assert caught.value.facts["available"] == 2
    assert caught.value.facts["warehouse"] == 1
    assert seen(source.level.quantity, target.level.quantity) == (2, 1)


def test_a_transfer_out_of_a_bottomless_warehouse_tells_of_what_orders_miss() -> None:
    source, target = pair("1", "0", allow_negative=True)
    source.level.reserved = q("1")
    source.hand_over(target, q("3"), OCCASION)
    assert [seen(short.warehouse, short.short_by) for short in source.told] == [(1, 3)]
    assert target.told == []


# --- what is promised, and what is always to be there ---------------------------------------------------------------


def test_an_adjustment_takes_what_is_promised_and_tells() -> None:
    """ERP-07: what is not there cannot be kept for anybody."""
    one = held("5", reserved="4")
    one.adjust(q("-3"), OCCASION)
    assert one.told == [StockShort(product=PRODUCT, warehouse=WarehouseId(1), short_by=q("2"))]
    assert seen(one.level.quantity, one.level.reserved) == (2, 4)


@pytest.mark.parametrize("tracking", [Tracking.LOT, Tracking.SERIAL])
@pytest.mark.parametrize(
    "leave",
    [
        lambda one: one.debit(q("2"), OCCASION),
        lambda one: one.adjust(q("-2"), OCCASION),
        lambda one: one.hand_over(held(shared=one.cost, place=2), q("2"), OCCASION),
    ],
    ids=["debit", "adjust", "transfer"],
)
def test_a_piece_that_is_known_by_its_lot_is_never_missing(
    leave: Callable[[Holding], object], tracking: Tracking
) -> None:
    """Whatever the warehouse allows: there is no lot to take it from."""
    one = held("1", cost("1", average="1", tracking=tracking), allow_negative=True)
    with pytest.raises(NotEnoughStock):
        leave(one)
    assert one.level.quantity == 1


def moved_to(one: Holding, level: str) -> Movement:
    return one.adjust(quantity(Decimal(level) - one.level.quantity), OCCASION)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("9", "8", False),
        ("9", "7.999999", True),
        ("8", "7", True),
        ("7.999999", "7", False),
        ("3", "7", False),
        ("3", "8", False),
        ("12", "12", False),
        ("7", "7", False),
    ],
)
def test_only_the_movement_that_crosses_the_minimum_tells(before: str, after: str, *, told: bool) -> None:
    """ERP-07: once for each crossing; exactly the minimum is enough."""
    one = held(before, minimum="8")
    event = one.fell(moved_to(one, after))
    assert (event is not None) is told
    if event is not None:
        assert seen(event.level, event.minimum, event.warehouse) == (q(after), 8, 1)


def test_a_movement_carries_all_of_its_occasion() -> None:
    """What is left out here is lost from the ledger for good."""
    occasion = Occasion(
        kind=MovementKind.COUNT,
        on=date(2026, 1, 2),
        at=OCCASION.at,
        reason="Year end",
        transfer=TransferId(3),
        inventory=InventoryId(5),
    )
    movement = held("5").adjust(q("1"), occasion)
    assert (movement.transfer, movement.inventory, movement.shipment, movement.return_id) == (3, 5, None, None)
    assert (movement.on, movement.reason, movement.kind) == (date(2026, 1, 2), "Year end", MovementKind.COUNT)
