"""Currencies, and the four kinds of number the business counts in.

All are ``Decimal``. Each kind has a fixed number of decimals and 18 digits in all, so that every database can keep it
exactly as a 64-bit integer: amounts 4, quantities 6, prices and rates 8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final, NewType

from app.domain.shared.currencies import MINOR_UNITS
from app.domain.shared.errors import Invalid

Amount = NewType("Amount", Decimal)
Quantity = NewType("Quantity", Decimal)
Price = NewType("Price", Decimal)
Rate = NewType("Rate", Decimal)

DIGITS: Final = 18
AMOUNT_DECIMALS: Final = 4
QUANTITY_DECIMALS: Final = 6
PRICE_DECIMALS: Final = 8
RATE_DECIMALS: Final = 8
EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
"""Wide enough that a product of three of our numbers is exact."""
_UNITS: Final = tuple(Decimal(1).scaleb(-digits) for digits in range(DIGITS + 1))


class UnknownCurrency(Invalid):
    """The currency code is not in ISO 4217."""

    code = "money.unknown_currency"


class NotANumber(Invalid):
    """The value is infinite or not a number."""

    code = "money.not_a_number"


class TooManyDecimals(Invalid):
    """The value has more decimals than can be kept."""

    code = "money.too_many_decimals"


class Overflow(Invalid):
    """The value is too large to be kept."""

    code = "money.overflow"


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of ISO 4217; ``digits`` is its minor unit: 0 for JPY, 2 for EUR, 3 for KWD."""

    code: str
    digits: int
    unit: Decimal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", Decimal(1).scaleb(-self.digits))

    def round(self, exact: Decimal) -> Amount:
        """Round half up (away from zero) to the minor unit. Raises Overflow, NotANumber."""
        if not exact.is_finite():
            raise NotANumber(value=str(exact))
        # Checked twice: what is far too large cannot be quantized, and rounding up may carry into one more digit.
        rounded = _fitting(exact, AMOUNT_DECIMALS).quantize(self.unit, ROUND_HALF_UP, EXACT)
        return Amount(_fitting(rounded, AMOUNT_DECIMALS))


@lru_cache(maxsize=256)
def currency(code: str) -> Currency:
    """Give the currency called ``code``, three capital letters. Raises UnknownCurrency."""
    digits = MINOR_UNITS.get(code)
    if digits is None:
        raise UnknownCurrency(value=code)
    return Currency(code, digits)


def amount(value: Decimal) -> Amount:
    """Check an amount of money. Raises NotANumber, TooManyDecimals, Overflow."""
    return Amount(_checked(value, AMOUNT_DECIMALS))


def quantity(value: Decimal) -> Quantity:
    """Check a quantity. Raises NotANumber, TooManyDecimals, Overflow."""
    return Quantity(_checked(value, QUANTITY_DECIMALS))


def price(value: Decimal) -> Price:
    """Check a price per unit. Raises NotANumber, TooManyDecimals, Overflow."""
    return Price(_checked(value, PRICE_DECIMALS))


def rate(value: Decimal) -> Rate:
    """Check a percentage or an exchange rate. Raises NotANumber, TooManyDecimals, Overflow."""
    return Rate(_checked(value, RATE_DECIMALS))


def convert(value: Decimal, exchange: Decimal, target: Currency) -> Amount:
    """Give ``value`` at ``exchange`` (units of ``target`` per unit), rounded half up. Raises Overflow."""
    return target.round(EXACT.multiply(value, exchange))


def total(values: Iterable[Decimal]) -> Amount:
    """Add amounts up, zero for none. Raises Overflow."""
    return Amount(_fitting(sum(values, Decimal(0)), AMOUNT_DECIMALS))


def plain(value: Decimal, digits: int | None = None) -> str:
    """Write a number as JSON carries it: no exponent; ``digits`` decimals, or as few as it needs when None.

    Zero has no sign, also when it is what rounding left.
    """
    if digits is not None:
        value = value.quantize(_UNITS[digits], ROUND_HALF_UP, EXACT)
    text = format(value or value.copy_abs(), "f")
    return text.rstrip("0").rstrip(".") if digits is None and "." in text else text


def _checked(value: Decimal, decimals: int) -> Decimal:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise NotANumber(value=str(value))
    # Size first: what is far too large cannot be quantized.
    value = _fitting(value, decimals)
    if -decimals <= exponent <= 0:
        return value
    cut = value.quantize(Decimal(1).scaleb(0 if exponent > 0 else -decimals), context=EXACT)
    if cut != value:
        raise TooManyDecimals(value=str(value), decimals=decimals)
    return cut


def _fitting(value: Decimal, decimals: int) -> Decimal:
    """Pass what 18 digits can hold beside ``decimals``: more would overflow the scaled 64-bit column."""
    if not value:
        return value.copy_abs()  # databases know no negative zero
    if value.adjusted() >= DIGITS - decimals:
        raise Overflow(value=str(value), digits=DIGITS - decimals)
    return value
