"""Transfers, places, rules of minimum stock, count sheets and the value of warehouses: what is sound (ERP-07)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.ids import (
    InventoryId,
    LocationId,
    OrderId,
    ProductId,
    StockRuleId,
    UserId,
    WarehouseId,
)
from app.domain.shared.money import Amount, Quantity, amount, quantity
from app.domain.stock import (
    Inventory,
    InventoryNotOpen,
    InventoryState,
    Level,
    Location,
    LocationElsewhere,
    LocationInCircle,
    SheetLine,
    StockRule,
    Waiting,
    serve,
    spread,
    within,
)

pytestmark = pytest.mark.fast
HERE: Final = WarehouseId(1)
THERE: Final = WarehouseId(2)
PRODUCT: Final = ProductId(7)
TODAY: Final = date(2026, 11, 21)
NOW: Final = datetime(2026, 11, 21, 9, tzinfo=UTC)


def q(text: str) -> Quantity:
    return quantity(Decimal(text))


def a(text: str) -> Amount:
    return amount(Decimal(text))


# --- rules of minimum stock -----------------------------------------------------------------------------------------


def rule(minimum: str, desired: str) -> StockRule:
    return StockRule(id=StockRuleId(4), warehouse_id=HERE, product_id=PRODUCT, minimum=q(minimum), desired=q(desired))


@pytest.mark.parametrize(
    ("available", "ordered"),
    [("5", "0"), ("5.000001", "0"), ("4.999999", "5.000001"), ("0", "10"), ("-3", "13"), ("50", "0")],
)
def test_what_is_missing_is_ordered_once_the_minimum_is_not_there(available: str, ordered: str) -> None:
    """ERP-07: not before, and then up to what is desired, what orders were promised too much included."""
    assert rule("5", "10").to_order(Decimal(available)) == q(ordered)


# --- places ---------------------------------------------------------------------------------------------------------


def location(parent: int | None = None, key: int = 9) -> Location:
    above = None if parent is None else LocationId(parent)
    return Location(id=LocationId(key), warehouse_id=HERE, parent_id=above, code="A-1")


def tree(**parents: int | None) -> dict[LocationId, LocationId | None]:
    """Give parents by ids written ``l1``."""
    return {LocationId(int(name[1:])): None if above is None else LocationId(above) for name, above in parents.items()}


@pytest.mark.parametrize(
    ("parent", "parents"),
    [
        (9, tree(l9=9)),
        (2, tree(l1=9, l2=1, l9=2)),
        (1, tree(l1=2, l2=1, l9=1)),
    ],
    ids=["in itself", "in what stands in it", "in a circle of others"],
)
def test_a_place_does_not_stand_in_itself(parent: int, parents: dict[LocationId, LocationId | None]) -> None:
    with pytest.raises(LocationInCircle) as caught:
        location(parent).stands_in(parents)
    assert caught.value.at == ("parent_id",)


def test_a_place_stands_where_it_likes_in_its_own_warehouse_only() -> None:
    location().stands_in({})
    location(2).stands_in(tree(l1=None, l2=1, l9=2))
    location(2, key=0).stands_in(tree(l1=None, l2=1))
    with pytest.raises(LocationElsewhere) as caught:
        location(3).stands_in(tree(l1=None, l2=1))
    assert caught.value.facts == {"location": 3, "warehouse": 1}


def test_what_is_within_a_place_ends_even_where_places_stand_in_a_circle() -> None:
    assert within(LocationId(1), tree(l1=3, l2=1, l3=2, l4=None)) == {1, 2, 3}
    assert within(LocationId(4), tree(l1=None, l4=1)) == {4}
    assert within(LocationId(8), tree(l1=None)) == {8}


# --- count sheets ---------------------------------------------------------------------------------------------------


def line(expected: str | None = None) -> SheetLine:
    return SheetLine(position=2, product_id=PRODUCT, expected=None if expected is None else q(expected))


@pytest.mark.parametrize(
    ("expected", "booked", "counted", "differs"),
    [
        ("10", "10", "10", "0"),
        ("10", "7", "8", "1"),
        ("10", "7", "0", "-7"),
        ("0", "0", "0.000001", "0.000001"),
        ("-2", "-2", "0", "2"),
        (None, "0", "3", "3"),
    ],
)
@pytest.mark.parametrize("zero_uncounted", [False, True])
def test_a_count_differs_from_what_was_booked_when_it_was_taken(
    expected: str | None, booked: str, counted: str, differs: str, *, zero_uncounted: bool
) -> None:
    """ERP-07: not from what was expected, for goods moved between."""
    one = line(expected)
    one.count(q(counted), q(booked), UserId(3), NOW)
    assert one.difference(zero_uncounted=zero_uncounted) == q(differs)


@pytest.mark.parametrize(("expected", "gone"), [("10", "-10"), ("-2", "2"), ("0", None), (None, None)])
def test_what_nobody_counted_is_gone_only_where_that_was_asked_for(expected: str | None, gone: str | None) -> None:
    assert line(expected).difference(zero_uncounted=False) is None
    assert line(expected).difference(zero_uncounted=True) == (None if gone is None else q(gone))


def inventory(state: InventoryState = InventoryState.DRAFT) -> Inventory:
    return Inventory(id=InventoryId(6), ref="(PROV6)", warehouse_id=HERE, date=TODAY, state=state)


@pytest.mark.parametrize("state", InventoryState)
def test_counts_are_taken_only_while_the_inventory_is_open(state: InventoryState) -> None:
    one = inventory(state)
    if state is InventoryState.OPEN:
        one.takes_counts()
        return
    with pytest.raises(InventoryNotOpen) as caught:
        one.takes_counts()
    assert caught.value.facts == {"inventory": 6, "state": state.value}


def valued(variance: str | None, value: str | None) -> SheetLine:
    one = line("10")
    one.variance, one.value = None if variance is None else q(variance), None if value is None else a(value)
    return one


def test_a_posted_inventory_is_worth_the_variances_and_tells_how_many_there_were() -> None:
    one = inventory(InventoryState.OPEN)
    posted = one.post([valued("-1", "-2.5"), valued("0", "0"), valued(None, None), valued("3", "1"), valued("2", "0")])
    assert (one.value, one.state) == (Decimal("-1.5"), InventoryState.POSTED)
    assert posted.facts() == {"id": 6, "variances": 3, "value": Decimal("-1.5")}


# --- who waits for stock --------------------------------------------------------------------------------------------


def waits(order: int, product: int, wanted: str, place: WarehouseId = HERE) -> Waiting:
    return Waiting(
        order=OrderId(order),
        position=1,
        warehouse=place,
        product=ProductId(product),
        reserved=q("0"),
        back_ordered=q(wanted),
    )


def level(product: int, there: str, reserved: str = "0", place: WarehouseId = HERE) -> Level:
    return Level(warehouse=place, product=ProductId(product), quantity=q(there), reserved=q(reserved))


@given(
    st.integers(-5, 20),
    st.integers(0, 10),
    st.lists(st.integers(1, 8), max_size=8),
)
def test_promises_never_exceed_what_is_there_and_nobody_waits_for_what_is_free(
    there: int, reserved: int, wanted: list[int]
) -> None:
    """ERP-07: and no more is given than was waited for."""
    one = level(1, str(there), str(reserved))
    free = max(there - reserved, 0)
    served = serve({(HERE, ProductId(1)): one}, [waits(at, 1, str(each)) for at, each in enumerate(wanted)])
    given_out = sum(each.reserved for each in served)
    assert given_out == min(free, sum(wanted)) == one.reserved - reserved
    assert all(each.reserved + each.back_ordered == wanted[each.order] for each in served)
    assert [each.order for each in served] == list(range(len(served)))


# --- what the stock of a warehouse is worth -------------------------------------------------------------------------


@given(
    st.decimals(0, 10**6, places=4),
    st.lists(st.decimals(0, 10**4, places=6), min_size=1, max_size=6),
)
def test_shares_sum_exactly_and_none_is_off_by_more_than_rounding(value: Decimal, there: list[Decimal]) -> None:
    """ERP-07: what a warehouse without stock is worth is nothing, as long as another one has some."""
    shares = spread(a(str(value)), [q(str(one)) for one in there])
    assert sum(shares) == value
    whole = sum(there)
    if not whole:
        return
    for share, one in zip(shares, there, strict=True):
        assert one or not share
        assert abs(share - value * one / whole) <= Decimal("0.0001") * len(there)
