"""Units of measure, a product's own packagings, and exact conversion between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.catalogue.records import Record, named
from app.domain.shared.errors import Invalid
from app.domain.shared.money import EXACT, QUANTITY_DECIMALS, Quantity, Rate, quantity

_CODE: Final = re.compile(r"[A-Z0-9]{2,8}")
ONE: Final = Decimal(1)


class Dimension(StrEnum):
    """What a unit measures; only units of the same dimension convert into each other."""

    COUNT = "count"
    MASS = "mass"
    LENGTH = "length"
    AREA = "area"
    VOLUME = "volume"
    TIME = "time"
    ENERGY = "energy"


class BadUnitCode(Invalid):
    """The code of a unit is 2 to 8 capital letters and digits, as in UN/ECE Recommendation 20."""

    code = "catalogue.bad_unit_code"


class BadFactor(Invalid):
    """A unit's factor, or what a packaging holds, is not above zero."""

    code = "catalogue.bad_factor"


class BadDecimals(Invalid):
    """A unit has 0 to 6 decimals."""

    code = "catalogue.bad_decimals"


class UnitDoesNotFit(Invalid):
    """The product is not counted in that unit: it is neither a packaging of it nor of its unit's dimension."""

    code = "catalogue.unit_does_not_fit"


class InexactQuantity(Invalid):
    """The quantity is not a whole number of the unit's smallest parts."""

    code = "catalogue.inexact_quantity"


class DoubleUnit(Invalid):
    """A unit is named twice."""

    code = "catalogue.double_unit"


@dataclass(slots=True, kw_only=True)
class Unit(Record):
    """A unit of measure: so many (``factor``) of its dimension's base; quantities in it have so many ``decimals``."""

    noun: ClassVar[str] = "unit"
    code: str
    name: str
    dimension: Dimension
    factor: Rate = Rate(ONE)
    decimals: int = 0

    def check(self) -> None:
        """Pass only a sound one. Raises BadUnitCode, Required, BadFactor, BadDecimals."""
        if not _CODE.fullmatch(self.code):
            raise BadUnitCode(at=("code",), value=self.code)
        named(self.name)
        if self.factor <= 0:
            raise BadFactor(at=("factor",), value=self.factor)
        if not 0 <= self.decimals <= QUANTITY_DECIMALS:
            raise BadDecimals(at=("decimals",), value=self.decimals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaging:
    """A unit as one product is packed: it holds ``quantity`` of the product's stock unit."""

    unit: str
    quantity: Quantity


def check_packagings(stock_unit: str | None, packagings: Iterable[Packaging], units: Mapping[str, Unit]) -> None:
    """Pass only packagings in different known units that hold something. Raises Invalid leaves at their index."""
    seen = {stock_unit}
    for index, one in enumerate(packagings):
        if one.unit not in units:
            raise UnknownUnit(at=(index, "unit"), value=one.unit)
        if one.unit in seen:
            raise DoubleUnit(at=(index, "unit"), value=one.unit)
        if one.quantity <= 0:
            raise BadFactor(at=(index, "quantity"), value=one.quantity)
        seen.add(one.unit)


class UnknownUnit(Invalid):
    """The company has no such unit."""

    code = "catalogue.unknown_unit"


def in_stock_units(
    entered: Quantity,
    unit: str,
    stock_unit: str | None,
    packagings: Iterable[Packaging],
    units: Mapping[str, Unit],
) -> Quantity:
    """Give ``entered`` of ``unit`` in the product's stock unit, exactly.

    A product without a unit of its own is counted in pieces, and comes only in its packagings. Raises UnknownUnit,
    UnitDoesNotFit, InexactQuantity, Overflow at ``unit`` or ``quantity``.
    """
    if unit not in units:
        raise UnknownUnit(at=("unit",), value=unit)
    _whole(entered, units[unit].decimals, unit)
    if unit == stock_unit:
        return entered
    packed = next((one.quantity for one in packagings if one.unit == unit), None)
    own = None if stock_unit is None else units.get(stock_unit)
    if packed is not None:
        counted = EXACT.multiply(entered, packed)
    elif own is not None and own.dimension is units[unit].dimension:
        counted = EXACT.divide(EXACT.multiply(entered, units[unit].factor), own.factor)
    else:
        raise UnitDoesNotFit(at=("unit",), value=unit)
    _whole(counted, QUANTITY_DECIMALS if own is None else own.decimals, stock_unit or unit)
    try:
        return quantity(counted.normalize(EXACT))
    except Invalid as error:
        raise error.within("quantity") from None


def _whole(value: Decimal, decimals: int, unit: str) -> None:
    if value != value.quantize(ONE.scaleb(-decimals), context=EXACT):
        raise InexactQuantity(at=("quantity",), unit=unit, decimals=decimals)
