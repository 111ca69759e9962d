"""Kits: what a list of components may say, and what a kit comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from app.domain.catalogue import (
    DEEPEST,
    BadComponent,
    Component,
    Contents,
    KitCycle,
    KitTooDeep,
    check_components,
    exploded,
)
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Overflow, Quantity, TooManyDecimals

pytestmark = pytest.mark.fast
Parts = Mapping[int, Sequence[tuple[int, str]]]


def component(id_: int, much: str = "1") -> Component:
    return Component(component_id=ProductId(id_), quantity=Quantity(Decimal(much)))


def contents(kits: Parts) -> Contents:
    return {ProductId(kit): [component(*part) for part in parts] for kit, parts in kits.items()}


def come_to(kits: Parts, wanted: str = "1") -> list[tuple[int, Any]]:
    """Give what so much of kit 1 consists of."""
    return [(int(one), much) for one, much in exploded(ProductId(1), Quantity(Decimal(wanted)), contents(kits))]


@pytest.mark.parametrize(
    ("second", "error", "field", "value"),
    [
        (component(2), BadComponent, "component_id", 2),
        (component(3, "0"), BadComponent, "quantity", 0),
        (component(3, "-0.000001"), BadComponent, "quantity", Decimal("-0.000001")),
        (component(1), KitCycle, "component_id", 1),
    ],
    ids=repr,
)
def test_an_unsound_component_is_refused_at_its_place(
    second: Component, error: type[DomainError], field: str, value: object
) -> None:
    """ERP-07: named twice, of nothing, or the kit itself."""
    with pytest.raises(error) as refused:
        check_components(ProductId(1), [component(2), second])
    assert refused.value.at == (1, field)
    assert value in refused.value.facts.values()


def test_different_components_pass_and_so_do_none() -> None:
    check_components(ProductId(1), [component(2, "0.000001"), component(3, "4")])
    check_components(ProductId(1), [])


def test_goods_come_in_the_order_in_which_they_are_met() -> None:
    kits = {1: [(5, "1"), (2, "1"), (3, "1")], 2: [(4, "1"), (3, "1")]}
    assert come_to(kits) == [(5, 1), (4, 1), (3, 2)]


def test_what_stands_in_two_kits_is_added_up() -> None:
    kits = {1: [(2, "2"), (3, "0.5"), (9, "1")], 2: [(9, "1.5")], 3: [(9, "3")]}
    assert come_to(kits, "2") == [(9, Decimal(11))]


def test_a_kit_may_stand_twice_in_another_if_not_in_itself() -> None:
    """A diamond is no ring."""
    kits = {1: [(2, "1"), (3, "1")], 2: [(4, "1")], 3: [(4, "1")], 4: [(9, "1")]}
    assert come_to(kits) == [(9, 2)]


def test_a_kit_without_components_is_goods() -> None:
    """Its last component was taken away, and it is one no more."""
    assert come_to({1: [(2, "3")], 2: []}) == [(2, 3)]


@pytest.mark.parametrize(
    "ring", [{1: [(1, "1")]}, {1: [(2, "1")], 2: [(1, "1")]}, {1: [(2, "1")], 2: [(3, "1")], 3: [(2, "1")]}]
)
def test_a_ring_is_refused_and_named(ring: Parts) -> None:
    """ERP-07: also one that the kit asked for is not in."""
    with pytest.raises(KitCycle) as refused:
        come_to(ring)
    assert refused.value.facts["product"] in ring


def chain(length: int) -> Parts:
    """Give so many kits, each in the one before."""
    return {at: [(at + 1, "1")] for at in range(1, length + 1)}


def test_kits_stand_in_kits_eight_deep_and_no_deeper() -> None:
    assert come_to(chain(DEEPEST)) == [(DEEPEST + 1, 1)]
    with pytest.raises(KitTooDeep) as refused:
        come_to(chain(DEEPEST + 1))
    assert refused.value.facts == {"product": 1}


def test_a_part_too_small_to_count_is_refused() -> None:
    with pytest.raises(TooManyDecimals):
        come_to({1: [(2, "0.001")], 2: [(3, "0.0001")]})


def test_more_than_can_be_counted_is_refused_in_one_line_and_in_the_sum() -> None:
    with pytest.raises(Overflow):
        come_to({1: [(2, "1000000")]}, "1000000")
    with pytest.raises(Overflow):
        come_to({1: [(2, "1"), (3, "1")], 2: [(9, "600000000000")], 3: [(9, "600000000000")]})
