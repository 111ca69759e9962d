"""Transfers, places, rules of minimum stock, count sheets and the value of warehouses: what is sound (ERP-07)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.errors import DomainError, Required
from app.domain.shared.ids import (
    InventoryId,
    LocationId,
    OrderId,
    ProductId,
    StockRuleId,
    TransferId,
    UserId,
    WarehouseId,
)
from app.domain.shared.lines import NoLines
from app.domain.shared.money import Amount, Quantity, amount, quantity
from app.domain.stock import (
    DesiredBelowMinimum,
    Inventory,
    InventoryNotOpen,
    InventoryState,
    Level,
    Location,
    LocationArchived,
    LocationElsewhere,
    LocationInCircle,
    NegativeMinimum,
    NegativeQuantity,
    QuantityNotPositive,
    SameWarehouse,
    SheetLine,
    StockRule,
    Transfer,
    TransferLine,
    TransferredTwice,
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


# --- transfers ------------------------------------------------------------------------------------------------------


def transfer(*lines: tuple[int, str], to: WarehouseId = THERE) -> Transfer:
    return Transfer(
        id=TransferId(5),
        ref="TR1",
        from_warehouse_id=HERE,
        to_warehouse_id=to,
        date=TODAY,
        lines=[
            TransferLine(position=at, product_id=ProductId(product), quantity=q(moved))
            for at, (product, moved) in enumerate(lines, 1)
        ],
    )


@pytest.mark.parametrize(
    ("wrong", "error", "at"),
    [
        (transfer((1, "1"), to=HERE), SameWarehouse, ("to_warehouse_id",)),
        (transfer(), NoLines, ("lines",)),
        (transfer((1, "1"), (2, "1"), (1, "2")), TransferredTwice, ("lines", 2, "product_id")),
        (transfer((1, "1"), (2, "0")), QuantityNotPositive, ("lines", 1, "quantity")),
        (transfer((1, "-0.000001")), QuantityNotPositive, ("lines", 0, "quantity")),
    ],
)
def test_a_transfer_that_makes_no_sense_is_refused_where_it_does_not(
    wrong: Transfer, error: type[DomainError], at: tuple[Any, ...]
) -> None:
    with pytest.raises(error) as caught:
        wrong.check()
    assert caught.value.at == at


def test_a_sound_transfer_tells_where_it_went_and_is_worth_its_lines() -> None:
    sound = transfer((1, "1"), (2, "0.000001"))
    sound.check()
    assert sound.value == 0
    sound.lines[0].value, sound.lines[1].value = a("1.0001"), a("0.0002")
    assert sound.value == Decimal("1.0003")
    assert sound.done().facts() == {"id": 5, "ref": "TR1", "source": 1, "target": 2}


# --- rules of minimum stock -----------------------------------------------------------------------------------------


def rule(minimum: str, desired: str) -> StockRule:
    return StockRule(id=StockRuleId(4), warehouse_id=HERE, product_id=PRODUCT, minimum=q(minimum), desired=q(desired))


@pytest.mark.parametrize(
    ("minimum", "desired", "error"),
    [
        ("0", "0", None),
        ("5", "5", None),
        ("-0.000001", "5", NegativeMinimum),
        ("5", "4.999999", DesiredBelowMinimum),
        ("-2", "-1", NegativeMinimum),
    ],
)
def test_a_rule_orders_up_to_no_less_than_its_minimum(
    minimum: str, desired: str, error: type[DomainError] | None
) -> None:
    one = rule(minimum, desired)
    if error is None:
        one.check()
        return
    with pytest.raises(error) as caught:
        one.check()
    assert caught.value.at == (("minimum",) if error is NegativeMinimum else ("desired",))


def test_a_changed_rule_says_so_and_is_held_against_what_it_keeps() -> None:
    one = rule("5", "10")
    assert one.change({"minimum": q("5"), "desired": q("10")}) is False
    assert one.change({"minimum": q("10")}) is True
    with pytest.raises(DesiredBelowMinimum):
        one.change({"minimum": q("10.000001")})


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


def test_a_place_has_a_code_when_it_is_made_and_when_it_is_changed() -> None:
    with pytest.raises(Required) as caught:
        Location(warehouse_id=HERE, code=" ")
    assert caught.value.at == ("code",)
    with pytest.raises(Required):
        location().change({"code": ""})


def test_a_place_tells_which_of_its_fields_were_changed() -> None:
    one = location()
    assert one.change({"code": "A-1", "parent_id": None}) is None
    event = one.change({"code": "A-1", "name": "Aisle", "archived": True})
    assert event is not None
    assert event.facts() == {"id": 9, "fields": ("name", "archived")}
    assert location(key=3).created().facts() == {"id": 3, "warehouse": 1, "code": "A-1"}


def test_an_archived_place_takes_no_products() -> None:
    one = location()
    one.serves()
    one.archived = True
    with pytest.raises(LocationArchived) as caught:
        one.serves()
    assert caught.value.facts == {"location": 9}


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


def test_the_last_count_of_a_line_stands_with_who_took_it_and_when() -> None:
    one = line("10")
    one.count(q("6"), q("10"), UserId(3), NOW)
    last = one.count(q("8"), q("9"), UserId(4), NOW + timedelta(hours=1))
    assert (one.counted, one.booked, one.counted_by, one.counted_at) == (8, 9, 4, NOW + timedelta(hours=1))
    assert (last.position, last.quantity, last.by, last.at) == (2, 8, 4, NOW + timedelta(hours=1))
    assert one.difference(zero_uncounted=False) == -1


def test_a_count_below_zero_leaves_the_line_as_it_was() -> None:
    one = line("10")
    with pytest.raises(NegativeQuantity) as caught:
        one.count(q("-0.000001"), q("10"), UserId(3), NOW)
    assert caught.value.at == ("quantity",)
    assert (one.counted, one.booked, one.counted_by) == (None, None, None)


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


def test_an_inventory_of_which_everything_was_right_is_worth_nothing_not_unknown() -> None:
    one = inventory(InventoryState.OPEN)
    assert one.value is None
    assert one.post([valued("0", "0")]).variances == 0
    assert one.value == 0


def test_the_events_of_an_inventory_say_what_happened_to_it() -> None:
    one = inventory()
    assert one.created().facts() == {"id": 6, "warehouse": 1}
    assert one.open("IN1").facts() == {"id": 6, "ref": "IN1"}
    assert one.ref == "IN1"
    assert one.counts([4, 1, 3]).positions == (1, 3, 4)
    assert one.cancel().facts() == {"id": 6}
    assert one.ref == "IN1"


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


def test_what_is_there_is_promised_of_each_product_in_each_warehouse_by_itself() -> None:
    levels = [level(1, "3"), level(2, "1"), level(1, "5", place=THERE)]
    by_place = {(one.warehouse, one.product): one for one in levels}
    served = serve(by_place, [waits(1, 1, "4"), waits(2, 2, "1"), waits(3, 1, "4", THERE), waits(4, 1, "1")])
    assert [(one.order, one.reserved, one.back_ordered) for one in served] == [(1, 3, 1), (2, 1, 0), (3, 4, 0)]
    assert [one.available for one in levels] == [0, 0, 1]


def test_nobody_is_served_from_what_is_promised_to_more_than_there_is() -> None:
    short = level(1, "2", "5")
    assert serve({(HERE, ProductId(1)): short}, [waits(1, 1, "1")]) == []
    assert short.reserved == 5


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


@pytest.mark.parametrize(
    ("value", "quantities", "shares"),
    [
        ("0.0001", ["1", "1", "0"], ["0.0001", "0", "0"]),
        ("-0.0001", ["1", "1"], ["-0.0001", "0"]),
        ("7", ["0", "0"], ["0", "7"]),
        ("7", ["0", "5", "-5"], ["0", "0", "7"]),
        ("10", ["0.000001", "0.000002"], ["3.3333", "6.6667"]),
        ("99999999999999.9999", ["1", "2"], ["33333333333333.3333", "66666666666666.6666"]),
    ],
)
def test_what_rounding_leaves_goes_to_the_last_warehouse_that_has_any(
    value: str, quantities: list[str], shares: list[str]
) -> None:
    """ERP-07: also where nothing is left in all and a value is, as on a day between two corrections."""
    assert spread(a(value), [q(one) for one in quantities]) == [Decimal(one) for one in shares]


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
