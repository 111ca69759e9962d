"""Attributes, combinations of their values, and the variant a product gives for each."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import prod
from typing import Any, Final

import pytest

from app.domain.catalogue import (
    MOST_VALUES,
    MOST_VARIANTS,
    Attribute,
    AttributeValue,
    BadValues,
    Chosen,
    Combination,
    DoubleAttribute,
    NegativePrice,
    Product,
    TooManyVariants,
    Trait,
    UnknownValue,
    ValueInUse,
    VariantTooLong,
    combinations,
)
from app.domain.shared.errors import DomainError, Required, UnknownReference
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Overflow, Price, Rate
from app.domain.shared.tracking import Tracking

pytestmark = pytest.mark.fast


def attribute(id_: int, *values: str, **extra: str) -> Attribute:
    listed = tuple(AttributeValue(value=one, price_extra=Price(Decimal(extra.get(one, "0")))) for one in values)
    return Attribute(id=id_, name=f"A{id_}", values=listed)


def known(*attributes: Attribute) -> Mapping[int, Attribute]:
    return {one.id: one for one in attributes}


SHIRT: Final = known(attribute(1, "red", "blue"), attribute(2, "M", "L", "XL", L="1.5", XL="2.25"))


# --- attributes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [(), ("red", "red"), ("red", ""), ("red", " "), tuple(map(str, range(MOST_VALUES + 1)))],
    ids=["none", "twice", "empty", "blank", "too many"],
)
def test_an_attribute_has_different_values_each_a_text(values: tuple[str, ...]) -> None:
    with pytest.raises(BadValues) as refused:
        attribute(1, *values)
    assert refused.value.at == ("values",)


@pytest.mark.parametrize("count", [1, MOST_VALUES])
def test_an_attribute_has_from_one_to_two_hundred_values(count: int) -> None:
    assert len(attribute(1, *map(str, range(count))).values) == count


def test_values_that_differ_in_case_differ() -> None:
    assert [one.value for one in attribute(1, "xl", "XL").values] == ["xl", "XL"]


def test_an_attribute_has_a_name() -> None:
    with pytest.raises(Required) as refused:
        attribute(1, "red").change({"name": " "})
    assert refused.value.at == ("name",)


def test_a_value_in_use_stays_and_the_first_that_would_go_is_told() -> None:
    """ERP-07: whatever the variants have, the attribute offers."""
    with pytest.raises(ValueInUse) as refused:
        attribute(1, "red", "blue").keeps({"red", "green", "black"})
    assert (refused.value.at, refused.value.facts) == (("values",), {"value": "black"})


def test_values_nobody_has_may_go() -> None:
    attribute(1, "red", "blue").keeps({"red"})
    attribute(1, "red").keeps(())


# --- combinations -----------------------------------------------------------------------------------------------------


def chosen(*columns: int | tuple[int, tuple[str, ...]]) -> list[Chosen]:
    pairs = [(one, None) if isinstance(one, int) else one for one in columns]
    return [Chosen(attribute_id=id_, values=values) for id_, values in pairs]


def test_every_value_meets_every_other_in_the_order_chosen() -> None:
    made = combinations(chosen(2, (1, ("blue", "red"))), SHIRT)
    assert [one.suffix for one in made] == ["M-blue", "M-red", "L-blue", "L-red", "XL-blue", "XL-red"]


def test_what_values_cost_is_added_up() -> None:
    dear = known(*SHIRT.values(), attribute(3, "silk", silk="10.00000001"))
    made = combinations(chosen((1, ("red",)), 2, 3), dear)
    assert [str(one.extra) for one in made] == ["10.00000001", "11.50000001", "12.25000001"]


def test_a_value_named_twice_counts_once() -> None:
    made = combinations(chosen((1, ("red", "blue", "red"))), SHIRT)
    assert [one.suffix for one in made] == ["red", "blue"]


def test_the_order_of_attributes_makes_no_other_variant() -> None:
    """ERP-07: red and M is M and red."""
    there, back = combinations(chosen(1, 2), SHIRT), combinations(chosen(2, 1), SHIRT)
    assert {one.key for one in there} == {one.key for one in back}
    assert {frozenset(one.traits) for one in there} == {frozenset(one.traits) for one in back}


@pytest.mark.parametrize(
    ("columns", "error", "at"),
    [
        ((1, 9), UnknownReference, ("attributes", 1, "attribute_id")),
        ((1, 2, 1), DoubleAttribute, ("attributes", 2, "attribute_id")),
        (((2, ("M", "S")),), UnknownValue, ("attributes", 0, "values", 1)),
        (((1, ("Red",)),), UnknownValue, ("attributes", 0, "values", 0)),
        ((1, (2, ("red",))), UnknownValue, ("attributes", 1, "values", 0)),
    ],
)
def test_a_choice_that_is_none_is_refused_at_its_place(
    columns: tuple[Any, ...], error: type[DomainError], at: tuple[str | int, ...]
) -> None:
    with pytest.raises(error) as refused:
        combinations(chosen(*columns), SHIRT)
    assert refused.value.at == at


@pytest.mark.parametrize("counts", [(MOST_VARIANTS,), (10, 10), (2, 5, 10), (1, 1, 1)])
def test_up_to_a_hundred_variants_are_made_at_once(counts: tuple[int, ...]) -> None:
    attributes = known(*(attribute(at, *map(str, range(count))) for at, count in enumerate(counts)))
    assert len(combinations(chosen(*attributes), attributes)) == prod(counts)


@pytest.mark.parametrize("counts", [(MOST_VARIANTS + 1,), (3, 34), (200,) * 10])
def test_more_than_a_hundred_are_refused_before_one_is_made(counts: tuple[int, ...]) -> None:
    """Two hundred values to the tenth would never end."""
    attributes = known(*(attribute(at, *map(str, range(count))) for at, count in enumerate(counts)))
    with pytest.raises(TooManyVariants) as refused:
        combinations(chosen(*attributes), attributes)
    assert refused.value.at == ("attributes",)
    assert refused.value.facts == {"count": prod(counts), "most": MOST_VARIANTS}


def test_a_value_with_the_marks_of_a_key_is_not_taken_for_two() -> None:
    """ERP-07: by its key the database tells a variant from its likes; ``|2=`` in a value is no second attribute."""
    attributes = known(attribute(1, "a", "a|2=b"), attribute(2, "b|2=c", "c"))
    keys = [one.key for one in combinations(chosen(1, 2), attributes)]
    assert len(set(keys)) == len(keys)


# --- variants ---------------------------------------------------------------------------------------------------------


def product(**fields: Any) -> Product:
    given = {"ref": "SHIRT", "name": "Shirt", "unit_price": Decimal(20), "vat_rate": Decimal(20), **fields}
    return Product(**{"id": ProductId(7), "version": 3, **given})


def combination(*values: str, extra: str = "0") -> Combination:
    traits = tuple(Trait(attribute_id=at, value=value) for at, value in enumerate(values, 1))
    return Combination(traits=traits, extra=Price(Decimal(extra)), key="|".join(values))


def test_a_variant_begins_as_a_copy_with_a_ref_of_its_own() -> None:
    parent = product(
        description="Cotton", cost_price=Decimal(8), unit="PCE", tracking=Tracking.LOT, custom={"origin": "PT"}
    )
    made = parent.variant(combination("red", "XL"))
    assert (made.id, made.version, made.parent_id, made.combination) == (0, 0, 7, "red|XL")
    assert (made.ref, made.name) == ("SHIRT-red-XL", "Shirt red-XL")
    alike = ("description", "cost_price", "unit", "tracking", "custom", "unit_price", "vat_rate", "kind")
    assert [getattr(made, name) for name in alike] == [getattr(parent, name) for name in alike]


def test_a_variant_of_a_kit_is_no_kit() -> None:
    """Its components are not copied."""
    assert not product(kit=True).variant(combination("red")).kit


@pytest.mark.parametrize(("extra", "price"), [("2.25", "22.25"), ("-20", "0"), ("0", "20")])
def test_a_variant_costs_what_its_values_add(extra: str, price: str) -> None:
    assert product().variant(combination("red", extra=extra)).unit_price == Decimal(price)


def test_a_gross_price_stays_one_while_nothing_is_added_to_it() -> None:
    gross = product(gross_unit_price=Decimal(24))
    assert gross.variant(combination("red")).gross_unit_price == 24
    dearer = gross.variant(combination("red", extra="5"))
    assert (dearer.gross_unit_price, dearer.net(Rate(Decimal(20)))) == (None, Decimal(25))


@pytest.mark.parametrize(
    ("price", "extra", "error"),
    [("1", "-1.00000001", NegativePrice), ("9999999999", "1", Overflow), ("9999999999", "9999999999", Overflow)],
)
def test_a_price_that_values_make_unsound_is_refused(price: str, extra: str, error: type[DomainError]) -> None:
    with pytest.raises(error):
        product(unit_price=Decimal(price)).variant(combination("red", extra=extra))


@pytest.mark.parametrize(("ref", "name"), [("R" * 56, "N"), ("R", "N" * 196)])
def test_a_ref_and_name_with_their_traits_are_as_long_as_any(ref: str, name: str) -> None:
    """ERP-07: the last length that fits and the first that does not; never cut off, nor left to the database."""
    made = product(ref=ref, name=name).variant(combination("red"))
    assert (len(made.ref), len(made.name)) in {(60, 5), (5, 200)}
    with pytest.raises(VariantTooLong) as refused:
        product(ref=ref, name=name).variant(combination("blue"))
    assert refused.value.at == ("attributes",)
