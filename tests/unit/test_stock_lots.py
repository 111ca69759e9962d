"""Lots on a shelf, transfers, minimum stock and inventories: rules without a database (ERP-07)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest

from app.domain.shared.errors import DomainError
from app.domain.shared.ids import InventoryId, LocationId, LotId, ProductId, UserId, WarehouseId
from app.domain.shared.money import Amount, Price, Quantity, quantity
from app.domain.shared.states import InvalidTransition
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    INVENTORY,
    Cost,
    Holding,
    Inventory,
    InventoryState,
    Level,
    Lot,
    LotPart,
    LotUnusable,
    MovementKind,
    NotEnoughInLots,
    NotEnoughStock,
    Occasion,
    SerialInStock,
    SheetLine,
    Shelf,
    Warehouse,
    spread,
    within,
)
from tests.support.lifecycles import declared, refused

pytestmark = pytest.mark.fast
PRODUCT: Final = ProductId(7)
TODAY: Final = date(2026, 11, 21)
NOW: Final = datetime(2026, 11, 21, 9, tzinfo=UTC)


def q(text: str) -> Quantity:
    return quantity(Decimal(text))


def shelf(*lots: tuple[str, str, str | None], tracking: Tracking = Tracking.LOT) -> Shelf:
    made = Shelf(warehouse=WarehouseId(1), product=PRODUCT, tracking=tracking)
    for at, (code, here, expires) in enumerate(lots, 1):
        day = None if expires is None else date.fromisoformat(expires)
        made.lots[LotId(at)] = Lot(id=LotId(at), product_id=PRODUCT, code=code, expires_on=day)
        made.here[LotId(at)] = q(here)
    return made


def codes(shelf: Shelf, taken: str, *named: LotPart) -> list[tuple[str, Decimal]]:
    return [(one.lot.code, one.quantity) for one in shelf.take(q(taken), named, TODAY)]


def test_what_expires_first_leaves_first_then_the_oldest() -> None:
    kept = shelf(("none", "2", None), ("late", "2", "2027-01-02"), ("soon", "2", "2026-11-21"), ("also", "2", None))
    assert codes(kept, "6.5") == [("soon", -2), ("late", -2), ("none", -2), ("also", Decimal("-0.5"))]
    assert {lot: str(here) for lot, here in kept.here.items()}[LotId(4)] == "1.5"


def test_expired_and_blocked_lots_stay() -> None:
    kept = shelf(("old", "5", "2026-11-20"), ("bad", "5", None), ("good", "1", None))
    kept.lots[LotId(2)].blocked = True
    with pytest.raises(NotEnoughInLots) as caught:
        kept.take(q("2"), (), TODAY)
    assert caught.value.facts["usable"] == 1
    with pytest.raises(LotUnusable):
        shelf(("old", "5", "2026-11-20")).take(q("1"), [LotPart(code="old", quantity=q("1"))], TODAY)
    moved = shelf(("old", "5", "2026-11-20")).take(q("1"), [LotPart(code="old", quantity=q("1"))], TODAY, any_lot=True)
    assert [one.quantity for one in moved] == [-1]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([LotPart(code="a", quantity=q("3"))], "stock.lot_short"),
        ([LotPart(code="x", quantity=q("3"))], "stock.lot_short"),
        ([LotPart(code="a", quantity=q("1"))], "stock.lots_differ"),
        ([LotPart(code="a", quantity=q("-1"))], "stock.lot_quantity_not_positive"),
        ([LotPart(code="a", quantity=q("1")), LotPart(code="a", quantity=q("2"))], "stock.lot_twice"),
    ],
)
def test_lots_named_wrongly_are_not_taken(parts: list[LotPart], code: str) -> None:
    with pytest.raises(DomainError) as caught:
        shelf(("a", "2", None), ("b", "2", None)).take(q("3"), parts, TODAY)
    assert caught.value.code == code


def test_a_serial_number_that_is_anywhere_cannot_come_again() -> None:
    kept = shelf(("S1", "0", None), tracking=Tracking.SERIAL)
    kept.anywhere[LotId(1)] = q("1")
    with pytest.raises(SerialInStock):
        kept.put(q("1"), [LotPart(code="S1", quantity=q("1"))])
    with pytest.raises(SerialInStock):
        kept.adjust(kept.lots[LotId(1)], q("1"))


def holding(level: str, *, minimum: str | None = None, tracking: Tracking = Tracking.NONE) -> Holding:
    place = Warehouse(id=WarehouseId(1), ref="W", name="W", allow_negative=True)
    least = None if minimum is None else q(minimum)
    cost = Cost(product=PRODUCT, quantity=q(level), average=Price(Decimal("0.00005")), tracking=tracking)
    return Holding(place, Level(warehouse=place.id, product=PRODUCT, quantity=q(level), minimum=least), cost)


def occasion(kind: MovementKind) -> Occasion:
    return Occasion(kind=kind, on=TODAY, at=NOW)


def test_a_tracked_product_is_never_missing_even_where_others_may_be() -> None:
    assert holding("1").debit(q("2"), occasion(MovementKind.DEBIT)).level == -1
    with pytest.raises(NotEnoughStock):
        holding("1", tracking=Tracking.LOT).debit(q("2"), occasion(MovementKind.DEBIT))


def test_a_transfer_is_worth_nothing_even_at_half_of_the_last_digit() -> None:
    """Out and in rounded each by itself would differ by a ten-thousandth."""
    source = holding("3")
    target = Holding(
        Warehouse(id=WarehouseId(2), ref="X", name="X"),
        Level(warehouse=WarehouseId(2), product=PRODUCT),
        source.cost,
    )
    out, into = source.hand_over(target, q("1"), occasion(MovementKind.TRANSFER))
    assert [out.value, into.value, source.cost.value] == [Decimal("-0.0001"), Decimal("0.0001"), Decimal(0)]
    assert [out.level, into.level, source.cost.quantity] == [q("2"), q("1"), q("3")]


def test_falling_below_the_minimum_is_told_once() -> None:
    held = holding("10", minimum="8")
    told = [held.fell(held.debit(q("2"), occasion(MovementKind.DEBIT))) for _ in range(3)]
    assert [event is not None for event in told] == [False, True, False]
    assert told[1] is not None
    assert told[1].facts() == {"product": 7, "warehouse": 1, "level": Decimal(6), "minimum": Decimal(8)}
    assert holding("10").fell(held.debit(q("2"), occasion(MovementKind.DEBIT))) is None


def inventory(state: InventoryState) -> Inventory:
    return Inventory(id=InventoryId(1), ref="IN", warehouse_id=WarehouseId(1), date=TODAY, state=state)


def fire(one: Inventory, name: str) -> None:
    steps = {"open": lambda: one.open("IN1"), "post": lambda: one.post([]), "cancel": one.cancel}
    steps[name]()


@pytest.mark.parametrize(("state", "name"), refused(INVENTORY))
def test_an_inventory_refuses_what_its_state_does_not_allow(state: InventoryState, name: str) -> None:
    one = inventory(state)
    with pytest.raises(InvalidTransition):
        fire(one, name)
    assert one == inventory(state)


@pytest.mark.parametrize(("state", "name", "target"), declared(INVENTORY))
def test_an_inventory_goes_where_its_life_cycle_leads(state: InventoryState, name: str, target: InventoryState) -> None:
    one = inventory(state)
    fire(one, name)
    assert one.state is target


def test_a_line_differs_from_the_books_of_the_moment_it_was_counted() -> None:
    line = SheetLine(position=1, product_id=PRODUCT, expected=q("10"))
    assert line.difference(zero_uncounted=False) is None
    assert line.difference(zero_uncounted=True) == -10
    counted = line.count(q("6"), q("7"), UserId(3), NOW)
    assert [counted.quantity, line.difference(zero_uncounted=True)] == [q("6"), q("-1")]
    assert (counted.position, counted.by) == (1, UserId(3))


def test_a_place_holds_all_that_stand_in_it() -> None:
    tree = {LocationId(1): None, LocationId(2): LocationId(1), LocationId(3): LocationId(2), LocationId(4): None}
    assert within(LocationId(1), tree) == {1, 2, 3}


@pytest.mark.parametrize(
    ("value", "quantities", "shares"),
    [
        ("10", ["1", "1", "1"], ["3.3333", "3.3333", "3.3334"]),
        ("10", ["4", "0"], ["10", "0"]),
        ("0", ["5", "-5"], ["0", "0"]),
        ("-6", ["3", "-5"], ["9", "-15"]),
    ],
)
def test_a_value_is_shared_by_quantity_and_never_loses_a_digit(
    value: str, quantities: list[str], shares: list[str]
) -> None:
    found = spread(Amount(Decimal(value)), [q(one) for one in quantities])
    assert found == [Decimal(one) for one in shares]
