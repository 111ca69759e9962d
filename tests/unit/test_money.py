"""Currencies and numbers: what is kept, what is refused, how it is rounded and written."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from app.domain.shared.currencies import MINOR_UNITS
from app.domain.shared.money import (
    Currency,
    NotANumber,
    Overflow,
    TooManyDecimals,
    UnknownCurrency,
    amount,
    convert,
    currency,
    plain,
    price,
    quantity,
    rate,
    total,
)

pytestmark = pytest.mark.fast

KINDS: list[tuple[Callable[[Decimal], Decimal], int]] = [(amount, 4), (quantity, 6), (price, 8), (rate, 8)]
EUR, JPY, KWD = Currency("EUR", 2), Currency("JPY", 0), Currency("KWD", 3)


@pytest.mark.parametrize(("code", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("BRL", 2)])
def test_a_currency_knows_its_minor_unit(code: str, digits: int) -> None:
    """ERP-07: currencies with 0, 2 and 3 digits."""
    found = currency(code)
    assert (found.code, found.digits, found.unit) == (code, digits, Decimal(10) ** -digits)


def test_a_currency_is_looked_up_once() -> None:
    assert currency("USD") is currency("USD")


@pytest.mark.parametrize("code", ["", "EU", "eur", "XXX", "XAU", "HRK", "DEM", "EUR "])
def test_what_is_no_active_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency) as caught:
        currency(code)
    assert (caught.value.code, caught.value.facts) == ("money.unknown_currency", {"value": code})


def test_currency_codes_are_three_letters_with_units_an_amount_can_keep() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in MINOR_UNITS)
    assert set(MINOR_UNITS.values()) == {0, 2, 3, 4}


@pytest.mark.parametrize(
    ("unit", "exact", "rounded"),
    [
        (EUR, "0.005", "0.01"),
        (EUR, "0.0049999999", "0.00"),
        (EUR, "1.115", "1.12"),
        (EUR, "1.125", "1.13"),
        (EUR, "-0.005", "-0.01"),
        (EUR, "-1.125", "-1.13"),
        (JPY, "0.5", "1"),
        (JPY, "1.5", "2"),
        (JPY, "2.5", "3"),
        (JPY, "-2.5", "-3"),
        (KWD, "0.0005", "0.001"),
        (KWD, "12.3444999", "12.344"),
    ],
)
def test_halves_are_rounded_away_from_zero(unit: Currency, exact: str, rounded: str) -> None:
    """ERP-07: half up to the currency's minor unit, on both sides of zero."""
    assert str(unit.round(Decimal(exact))) == rounded


def test_what_rounds_to_nothing_has_no_sign() -> None:
    """Databases know no negative zero: a document must look the same before and after it was stored."""
    assert str(EUR.round(Decimal("-0.004"))) == "0.00"
    assert not amount(Decimal("-0.0")).is_signed()


@pytest.mark.parametrize("exact", ["99999999999999.995", "1e14", "-1e14", "1e70", "1e500"])
def test_rounding_refuses_what_cannot_be_kept(exact: str) -> None:
    with pytest.raises(Overflow):
        EUR.round(Decimal(exact))


@pytest.mark.parametrize("exact", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_rounding_refuses_what_is_no_number(exact: str) -> None:
    with pytest.raises(NotANumber):
        EUR.round(Decimal(exact))


@pytest.mark.parametrize(("check", "decimals"), KINDS)
def test_the_largest_number_of_each_kind_fits_a_scaled_64_bit_integer(
    check: Callable[[Decimal], Decimal], decimals: int
) -> None:
    largest = Decimal(10**18 - 1).scaleb(-decimals)
    assert check(largest) == largest
    assert check(-largest) == -largest
    assert int(largest.scaleb(decimals)) < 2**63


@pytest.mark.parametrize(("check", "decimals"), KINDS)
def test_a_number_with_a_digit_too_many_overflows(check: Callable[[Decimal], Decimal], decimals: int) -> None:
    for value in (Decimal(10 ** (18 - decimals)), -Decimal(10 ** (18 - decimals)), Decimal("1e500"), Decimal(10**90)):
        with pytest.raises(Overflow) as caught:
            check(value)
        assert caught.value.facts == {"value": str(value), "digits": 18 - decimals}
        assert caught.value.at == ()


@pytest.mark.parametrize(("check", "decimals"), KINDS)
def test_a_number_with_a_decimal_too_many_is_refused_and_never_rounded(
    check: Callable[[Decimal], Decimal], decimals: int
) -> None:
    fine = Decimal(1).scaleb(-decimals)
    assert check(fine) == fine
    for value in (fine / 10, 1 + fine / 10, Decimal("1e-999999")):
        with pytest.raises(TooManyDecimals) as caught:
            check(value)
        assert caught.value.facts == {"value": str(value), "decimals": decimals}


@pytest.mark.parametrize(("check", "_decimals"), KINDS)
@pytest.mark.parametrize("value", ["NaN", "sNaN", "-NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(check: Callable[[Decimal], Decimal], _decimals: int, value: str) -> None:
    with pytest.raises(NotANumber):
        check(Decimal(value))


def test_an_overlong_number_overflows_whatever_its_decimals() -> None:
    """Neither checking nor rounding answers with an error of the decimal module."""
    with pytest.raises(Overflow):
        amount(Decimal("1" * 70 + ".00001"))


def test_decimals_that_are_zeros_do_not_count() -> None:
    assert str(amount(Decimal("12.500000000"))) == "12.5000"
    assert str(quantity(Decimal("3.00"))) == "3.00"


def test_exponents_are_written_out() -> None:
    assert str(amount(Decimal("1E+3"))) == "1000"
    assert str(amount(Decimal("0E+999999"))) == "0"


def test_conversion_rounds_to_the_target_currency() -> None:
    assert convert(Decimal("10.00"), Decimal("161.235"), JPY) == 1612
    assert convert(Decimal(1), Decimal("0.33335"), KWD) == Decimal("0.333")
    assert convert(Decimal("-2.50"), Decimal(1), JPY) == -3


def test_conversion_is_exact_before_it_is_rounded() -> None:
    """The product has more digits than Python's default context keeps."""
    assert convert(Decimal("10000000000000.0001"), Decimal("1.00000005"), EUR) == Decimal("10000000500000.00")


def test_conversion_refuses_what_cannot_be_kept() -> None:
    with pytest.raises(Overflow):
        convert(Decimal("99999999999999.99"), Decimal(2), EUR)


def test_a_total_of_nothing_is_zero() -> None:
    assert total(()) == 0


def test_a_total_that_cannot_be_kept_is_refused() -> None:
    assert total((Decimal(10**14 - 1), Decimal("0.9999"))) == Decimal("99999999999999.9999")
    with pytest.raises(Overflow):
        total((Decimal("99999999999999.9999"), Decimal("0.0001")))


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        ("12.000000", None, "12"),
        ("9.80", None, "9.8"),
        ("100", None, "100"),
        ("1E+2", None, "100"),
        ("0.00000001", None, "0.00000001"),
        ("-3.10", None, "-3.1"),
        ("0.000", None, "0"),
        ("-0.00", None, "0"),
        ("0", 2, "0.00"),
        ("12", 2, "12.00"),
        ("12.3400", 2, "12.34"),
        ("1612", 0, "1612"),
        ("1612.0000", 0, "1612"),
        ("0.5", 3, "0.500"),
        ("-7.1", 2, "-7.10"),
        ("-0.004", 2, "0.00"),
        ("99999999999999.9999", 4, "99999999999999.9999"),
    ],
)
def test_numbers_are_written_plainly(value: str, digits: int | None, text: str) -> None:
    """Amounts show their currency's digits, quantities and prices only those they need; never an exponent."""
    assert plain(Decimal(value), digits) == text
