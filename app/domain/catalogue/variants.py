"""Variants: one product in several colours, sizes or whatever else tells them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product as combined
from typing import ClassVar, Final

from app.domain.catalogue.records import Record, named
from app.domain.shared.errors import Conflict, Invalid, UnknownReference
from app.domain.shared.money import Price

MOST_VARIANTS: Final = 100
MOST_VALUES: Final = 200


class BadValues(Invalid):
    """An attribute has 1 to 200 different values, each a text."""

    code = "catalogue.bad_values"


class ValueInUse(Conflict):
    """A variant has the value, which therefore stays."""

    code = "catalogue.value_in_use"


class UnknownValue(Invalid):
    """The attribute has no such value."""

    code = "catalogue.unknown_value"


class DoubleAttribute(Invalid):
    """The attribute is named twice."""

    code = "catalogue.double_attribute"


class VariantOfVariant(Conflict):
    """A variant has no variants of its own."""

    code = "catalogue.variant_of_variant"


class OtherAttributes(Conflict):
    """The product's variants differ by other attributes."""

    code = "catalogue.other_attributes"


class VariantTooLong(Invalid):
    """The reference or name of a variant would be longer than one can be."""

    code = "catalogue.variant_too_long"


class TooManyVariants(Invalid):
    """So many variants are not made at once."""

    code = "catalogue.too_many_variants"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeValue:
    """One value, and what it adds to the net price of a product."""

    value: str
    price_extra: Price = Price(Decimal(0))


@dataclass(slots=True, kw_only=True)
class Attribute(Record):
    """Something products differ in, with the values it can have."""

    noun: ClassVar[str] = "attribute"
    name: str
    values: tuple[AttributeValue, ...] = field(default=())

    def check(self) -> None:
        """Pass only one with different values. Raises Required, BadValues."""
        named(self.name)
        texts = [one.value for one in self.values]
        if not 1 <= len(texts) <= MOST_VALUES or len(set(texts)) < len(texts) or not all(map(str.strip, texts)):
            raise BadValues(at=("values",))

    def keeps(self, used: Iterable[str]) -> None:
        """Pass only one that has every value in use. Raises ValueInUse."""
        for value in sorted(set(used) - {one.value for one in self.values}):
            raise ValueInUse(at=("values",), value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Values of one attribute to make variants of; None are all of them."""

    attribute_id: int
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """The value that a variant has of one attribute."""

    attribute_id: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """What makes one variant: its traits, what they cost, and a key that is the same for the same traits."""

    traits: tuple[Trait, ...]
    extra: Price
    key: str

    @property
    def suffix(self) -> str:
        """What the traits are called in names and references: ``red-XL``."""
        return "-".join(one.value for one in self.traits)


def combinations(chosen: Sequence[Chosen], attributes: Mapping[int, Attribute]) -> list[Combination]:
    """Give every combination of the chosen values, in their order.

    Raises UnknownReference, UnknownValue, DoubleAttribute at their index, TooManyVariants.
    """
    columns = [_values(index, one, chosen, attributes) for index, one in enumerate(chosen)]
    count = 1
    for column in columns:
        count *= len(column)
    if count > MOST_VARIANTS:
        raise TooManyVariants(at=("attributes",), count=count, most=MOST_VARIANTS)
    return [_combination(chosen, row) for row in combined(*columns)]


def _combination(chosen: Sequence[Chosen], row: Sequence[AttributeValue]) -> Combination:
    """Give what one value of each chosen attribute makes."""
    traits = tuple(Trait(attribute_id=one.attribute_id, value=two.value) for one, two in zip(chosen, row, strict=True))
    extra = Price(sum((one.price_extra for one in row), Decimal(0)))
    return Combination(traits=traits, extra=extra, key=_key(traits))


def _key(traits: Iterable[Trait]) -> str:
    """Give what tells traits apart: a bar in a value is doubled, so that it is not taken for the one between two."""
    ordered = sorted(traits, key=lambda one: one.attribute_id)
    return "|".join(f"{one.attribute_id}={one.value.replace('|', '||')}" for one in ordered)


def _values(
    index: int, one: Chosen, chosen: Sequence[Chosen], attributes: Mapping[int, Attribute]
) -> list[AttributeValue]:
    at = ("attributes", index)
    attribute = attributes.get(one.attribute_id)
    if attribute is None:
        raise UnknownReference(at=(*at, "attribute_id"), kind="attribute", value=one.attribute_id)
    if any(other.attribute_id == one.attribute_id for other in chosen[:index]):
        raise DoubleAttribute(at=(*at, "attribute_id"), value=one.attribute_id)
    if one.values is None:
        return list(attribute.values)
    known = {value.value: value for value in attribute.values}
    for place, value in enumerate(one.values):
        if value not in known:
            raise UnknownValue(at=(*at, "values", place), value=value)
    return [known[value] for value in dict.fromkeys(one.values)]
