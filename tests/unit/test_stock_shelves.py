"""Lots and serial numbers on a shelf: what comes, goes, is counted and comes back, piece by piece (ERP-07)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.errors import DomainError
from app.domain.shared.ids import LotId, ProductId, WarehouseId
from app.domain.shared.money import Quantity, quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    Lot,
    LotDatesDiffer,
    LotMoved,
    LotPart,
    LotQuantityNotPositive,
    LotsDiffer,
    LotShort,
    LotTwice,
    LotUnusable,
    NotEnoughInLots,
    SerialInStock,
    SerialNotOne,
    Shelf,
    check_parts,
    first_out,
)

pytestmark = pytest.mark.fast
PRODUCT: Final = ProductId(7)
TODAY: Final = date(2026, 11, 21)


def q(text: str) -> Quantity:
    return quantity(Decimal(text))


def part(code: str, moved: str, **dates: date) -> LotPart:
    return LotPart(code=code, quantity=q(moved), **dates)


def shelf(tracking: Tracking = Tracking.LOT, **here: str) -> Shelf:
    """Give a shelf with so much of lots, which are numbered as they come and never expire."""
    made = Shelf(warehouse=WarehouseId(1), product=PRODUCT, tracking=tracking)
    for number, (code, there) in enumerate(here.items(), 1):
        made.lots[LotId(number)] = Lot(id=LotId(number), product_id=PRODUCT, code=code)
        if there != "0":
            made.here[LotId(number)] = made.stored[LotId(number)] = q(there)
    return made


def serials(*here: str, away: Sequence[str] = ()) -> Shelf:
    """Give a shelf with pieces that are here, and know of others that stand in another warehouse."""
    made = shelf(Tracking.SERIAL, **dict.fromkeys(here, "1"), **dict.fromkeys(away, "0"))
    made.anywhere.update(dict.fromkeys(made.lots, q("1")))
    return made


def there(one: Shelf) -> dict[str, str]:
    """Give what is on a shelf by code, nothing left out that was touched."""
    return {one.lots[lot].code: f"{here.normalize():f}" for lot, here in one.here.items()}


def told(moved: Sequence[LotMoved]) -> list[tuple[str, str]]:
    return [(one.lot.code, f"{one.quantity.normalize():f}") for one in moved]


# --- a lot ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expires", "blocked", "leaves"),
    [(None, False, True), (None, True, False), (0, False, True), (-1, False, False), (1, True, False)],
)
def test_a_lot_leaves_until_its_last_day_unless_it_is_blocked(
    expires: int | None, *, blocked: bool, leaves: bool
) -> None:
    day = None if expires is None else TODAY + timedelta(expires)
    assert Lot(product_id=PRODUCT, code="a", expires_on=day, blocked=blocked).leaves(TODAY) is leaves


@pytest.mark.parametrize("name", ["expires_on", "made_on"])
@pytest.mark.parametrize(
    ("known", "said", "agrees"),
    [(TODAY, TODAY, True), (TODAY, None, True), (None, None, True), (None, TODAY, False), (TODAY, date.max, False)],
)
def test_what_is_said_of_a_known_lot_is_what_is_known(
    name: str, known: date | None, said: date | None, *, agrees: bool
) -> None:
    """A lot whose date is not known does not get one by the way: somebody would have sold it by then."""
    lot = Lot(product_id=PRODUCT, code="a", **{name: known})  # type: ignore[arg-type]
    named = LotPart(code="a", quantity=q("1"), **{name: said})
    if agrees:
        lot.agrees(named)
        return
    with pytest.raises(LotDatesDiffer) as caught:
        lot.agrees(named, ("lots", 2))
    assert caught.value.at == ("lots", 2, name)
    assert caught.value.facts == {"lot": "a", "known": known}


# --- the lots that are named ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "serial", "error", "at"),
    [
        ([part("a", "1"), part("b", "2"), part("a", "1")], False, LotTwice, ("lots", 2, "code")),
        ([part("a", "1"), part("b", "0")], False, LotQuantityNotPositive, ("lots", 1, "quantity")),
        ([part("a", "-1")], True, LotQuantityNotPositive, ("lots", 0, "quantity")),
        ([part("a", "1"), part("b", "2")], True, SerialNotOne, ("lots", 1, "quantity")),
        ([part("a", "0.5")], True, SerialNotOne, ("lots", 0, "quantity")),
    ],
)
def test_parts_that_make_no_sense_are_refused_where_they_stand(
    named: list[LotPart], error: type[DomainError], at: tuple[Any, ...], *, serial: bool
) -> None:
    with pytest.raises(error) as caught:
        check_parts(named, serial=serial)
    assert caught.value.at == at


ACTS: Final[dict[str, Callable[[Shelf, Quantity, Sequence[LotPart]], object]]] = {
    "take": lambda one, moved, named: one.take(moved, named, TODAY),
    "put": lambda one, moved, named: one.put(moved, named),
    "count": lambda one, moved, named: one.count(moved, named),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("whole", ["2.999999", "3.000001"])
def test_the_lots_named_add_up_to_the_whole(act: str, whole: str) -> None:
    one = shelf(a="5", b="5")
    with pytest.raises(LotsDiffer) as caught:
        ACTS[act](one, q(whole), [part("a", "1"), part("b", "2")])
    assert caught.value.facts == {"quantity": q(whole), "lots": 3}
    assert there(one) == {"a": "5", "b": "5"}


@pytest.mark.parametrize("act", ACTS)
def test_a_lot_nobody_knows_neither_comes_nor_goes(act: str) -> None:
    with pytest.raises(LotShort) as caught:
        ACTS[act](shelf(a="5"), q("3"), [part("a", "1"), part("x", "2")])
    assert caught.value.at[:2] == ("lots", 1)
    assert (caught.value.facts["lot"], caught.value.facts["available"]) == ("x", 0)


# --- taking out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["blocked", "expired"])
def test_a_lot_that_may_not_be_sold_may_be_put_elsewhere(why: str) -> None:
    """ERP-07: a transfer takes it when it is named, and never by itself."""
    one = shelf(a="2")
    lot = one.lots[LotId(1)]
    lot.blocked, lot.expires_on = why == "blocked", TODAY - timedelta(1) if why == "expired" else None
    with pytest.raises(LotUnusable) as caught:
        one.take(q("1"), [part("a", "1")], TODAY)
    assert caught.value.at == ("lots", 0, "code")
    with pytest.raises(NotEnoughInLots):
        one.take(q("1"), (), TODAY, any_lot=True)
    assert told(one.take(q("1"), [part("a", "1")], TODAY, any_lot=True)) == [("a", "-1")]


# --- putting in -----------------------------------------------------------------------------------------------------


def test_a_piece_comes_once_and_again_when_it_was_away() -> None:
    one = serials("S1", away=["S2"])
    for code in ("S1", "S2"):
        with pytest.raises(SerialInStock) as caught:
            one.put(q("1"), [part(code, "1")])
        assert (caught.value.at, caught.value.facts) == (("lots", 0, "code"), {"serial": code})
    one.anywhere[LotId(2)] = q("0")
    assert told(one.put(q("1"), [part("S2", "1")])) == [("S2", "1")]


# --- counting -------------------------------------------------------------------------------------------------------


def test_a_count_tells_only_what_differed_and_what_is_not_named_is_gone() -> None:
    one = shelf(a="2", b="3", c="1", d="0")
    assert told(one.count(q("5"), [part("c", "1"), part("b", "1"), part("d", "3")])) == [
        ("a", "-2"),
        ("b", "-2"),
        ("d", "3"),
    ]
    assert there(one) == {"a": "0", "b": "1", "c": "1", "d": "3"}


def test_a_lot_is_adjusted_down_to_nothing_and_no_further() -> None:
    one = shelf(a="2")
    lot = one.lots[LotId(1)]
    with pytest.raises(LotShort) as caught:
        one.adjust(lot, q("-2.000001"))
    assert caught.value.facts == {"lot": "a", "wanted": q("2.000001"), "available": 2}
    assert told(one.adjust(lot, q("-2"))) == [("a", "-2")]
    assert one.adjust(lot, q("0")) == []


# --- from shelf to shelf, and back from a customer ------------------------------------------------------------------


def test_a_piece_that_came_again_cannot_come_back_from_where_it_was_sent() -> None:
    """ERP-07: whoever received it anew has it; one of the two entries is wrong, and the second one is refused."""
    one = serials("S1", away=["S2"])
    for lot in one.lots.values():
        with pytest.raises(SerialInStock) as caught:
            one.take_back([LotMoved(lot=lot, quantity=q("-1"))])
        assert caught.value.facts == {"serial": lot.code}
    one.anywhere.clear()
    assert told(one.take_back([LotMoved(lot=one.lots[LotId(2)], quantity=q("-1"))])) == [("S2", "1")]


def test_of_a_lot_comes_back_what_left_although_more_came_meanwhile() -> None:
    one = shelf(a="2")
    one.anywhere[LotId(1)] = q("2")
    assert told(one.take_back([LotMoved(lot=one.lots[LotId(1)], quantity=q("-3"))])) == [("a", "3")]
    assert there(one) == {"a": "5"}


# --- whatever happens -----------------------------------------------------------------------------------------------

WHOLE: Final = st.integers(1, 6).map(lambda whole: quantity(Decimal(whole)))
STEPS: Final = st.lists(
    st.tuples(st.sampled_from(["take", "named", "put", "count", "adjust"]), st.sampled_from("abc"), WHOLE), max_size=20
)


def step(one: Shelf, what: str, code: str, moved: Quantity) -> Sequence[LotMoved]:
    named = [LotPart(code=code, quantity=moved)]
    match what:
        case "take":
            return one.take(moved, (), TODAY)
        case "named":
            return one.take(moved, named, TODAY)
        case "put":
            return one.put(moved, named)
        case "count":
            return one.count(moved, named)
        case _:
            return one.adjust(one.by_code()[code], quantity(moved - 3))


def _without_nothing(by_lot: Mapping[LotId, Decimal]) -> dict[LotId, Decimal]:
    return {lot: here for lot, here in by_lot.items() if here}


@given(STEPS)
def test_a_shelf_holds_what_its_movements_say_and_never_less_than_nothing(
    steps: list[tuple[str, str, Quantity]],
) -> None:
    """ERP-07: also when some were refused, which is why taking by expiry is tried on a copy as a transaction is."""
    one = shelf(a="0", b="0", c="0")
    sums: dict[LotId, Decimal] = {}
    for what, code, moved in steps:
        before = dict(one.here)
        try:
            happened = step(one, what, code, moved)
        except DomainError:
            one.here = before
            continue
        for each in happened:
            assert each.quantity
            sums[each.lot.id] = sums.get(each.lot.id, Decimal(0)) + each.quantity
        assert {key: here for key, here in one.here.items() if here} == {
            key: all_ for key, all_ in sums.items() if all_
        }
        assert all(here >= 0 for here in one.here.values())


@given(st.lists(st.tuples(WHOLE, st.none() | st.integers(-1, 3)), min_size=1, max_size=6), st.data())
def test_what_leaves_by_expiry_leaves_nothing_behind_that_expires_sooner(
    lots: list[tuple[Quantity, int | None]], data: st.DataObject
) -> None:
    """ERP-07: first expired, first out, and of each all before any of the next."""
    one = shelf(Tracking.LOT, **{f"l{at}": str(there) for at, (there, _) in enumerate(lots)})
    for lot, (_, days) in zip(one.lots.values(), lots, strict=True):
        lot.expires_on = None if days is None else TODAY + timedelta(days)
    usable = [lot for lot in one.lots.values() if lot.leaves(TODAY)]
    most = int(sum(one.here[lot.id] for lot in usable))
    if not most:
        return
    moved = one.take(quantity(Decimal(data.draw(st.integers(1, most)))), (), TODAY)
    last = max(first_out(each.lot) for each in moved)
    assert all(one.here[lot.id] == 0 for lot in usable if first_out(lot) < last)
    assert {each.lot.id for each in moved} <= {lot.id for lot in usable}
