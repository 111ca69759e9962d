"""Parcels: nothing is packed that is not shipped, and each is followed by its own number."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.errors import DomainError, UnknownReference
from app.domain.shared.money import Quantity, quantity
from app.domain.shipping import (
    MEASURES,
    Carrier,
    MeasureNotPositive,
    OverPacked,
    Packed,
    PackedQuantityNotPositive,
    Parcel,
)
from app.domain.shipping.parcels import check_parcels
from app.usecases.shipping.shipments import followed

pytestmark = pytest.mark.fast

LEAST: Final = "0.000001"


def q(value: str) -> Quantity:
    return quantity(Decimal(value))


SHIPPED: Final = {1: q("5"), 2: q("0.5")}


def box(*contents: tuple[int, str], **fields: Any) -> Parcel:
    """Give a parcel with so much of the lines at these positions."""
    packed = tuple(Packed(position=at, quantity=q(much)) for at, much in contents)
    return Parcel(position=0, contents=packed, **fields)


@pytest.mark.parametrize(
    "parcels",
    [
        [],
        [box()],
        [box((1, "5"), (2, "0.5"))],
        [box((1, "2")), box((1, "3"), (2, LEAST))],
        [box((1, "2"), (1, "3"))],
        [box(weight=q(LEAST), length=q("1"), width=q("2"), height=q("3"))],
        [box((1, "1"), weight=q("2"))] * 5,
    ],
    ids=["none", "empty", "all", "in two", "twice in one", "measured", "five alike"],
)
def test_parcels_may_hold_what_is_shipped_or_less(parcels: list[Parcel]) -> None:
    check_parcels(parcels, SHIPPED)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("value", ["0", "-0.000001", "-7"])
def test_each_measure_is_above_zero(name: str, value: str) -> None:
    with pytest.raises(MeasureNotPositive) as caught:
        check_parcels([box(), box(**{name: q(value)})], SHIPPED)
    assert (caught.value.at, caught.value.facts) == (("parcels", 1, name), {"value": q(value)})


@pytest.mark.parametrize(
    ("parcels", "error", "at"),
    [
        ([box((1, "5.000001"))], OverPacked, (0, "contents", 0, "quantity")),
        ([box((1, "3")), box((2, "0.5"), (1, "2.5"))], OverPacked, (1, "contents", 1, "quantity")),
        ([box((2, "0.3"), (2, "0.3"))], OverPacked, (0, "contents", 1, "quantity")),
        ([box((1, "0"))], PackedQuantityNotPositive, (0, "contents", 0, "quantity")),
        ([box((1, "5"), (1, "-1"), (1, "1"))], PackedQuantityNotPositive, (0, "contents", 1, "quantity")),
        ([box((3, "1"))], UnknownReference, (0, "contents", 0, "position")),
        ([box(), box((1, "1"), (0, "1"))], UnknownReference, (1, "contents", 1, "position")),
    ],
    ids=["more", "more in all", "more in one", "nothing", "taken out again", "unknown", "line zero"],
)
def test_what_cannot_be_packed_is_refused_where_it_stands(
    parcels: list[Parcel], error: type[DomainError], at: tuple[str | int, ...]
) -> None:
    with pytest.raises(error) as caught:
        check_parcels(parcels, SHIPPED)
    assert caught.value.at == ("parcels", *at)


AMOUNTS: Final = st.decimals(min_value=Decimal(LEAST), max_value=Decimal(3), places=6).map(Quantity)
PACKED: Final = st.builds(Packed, position=st.integers(1, 2), quantity=AMOUNTS)
BOXES: Final = st.lists(st.builds(Parcel, position=st.just(0), contents=st.lists(PACKED, max_size=3).map(tuple)))


@given(parcels=BOXES)
def test_however_it_is_packed_it_is_refused_exactly_when_a_line_has_less(parcels: list[Parcel]) -> None:
    packed: defaultdict[int, Decimal] = defaultdict(Decimal)
    for part in (part for parcel in parcels for part in parcel.contents):
        packed[part.position] += part.quantity
    fits = all(much <= SHIPPED[at] for at, much in packed.items())
    try:
        check_parcels(parcels, SHIPPED)
    except OverPacked:
        assert not fits
    else:
        assert fits


def test_each_parcel_is_followed_by_its_own_number() -> None:
    rapid = Carrier(name="Rapid", tracking_url="https://rapid.example/{tracking}")
    numbers = ("A", None, "B/1")
    found = followed([box((1, "1"), tracking_number=number, weight=q("2")) for number in numbers], rapid)
    urls = ["https://rapid.example/A", None, "https://rapid.example/B%2F1"]
    assert [one.tracking_url for one in found] == urls
    assert {(one.contents, one.weight) for one in found} == {((Packed(position=1, quantity=q("1")),), q("2"))}
