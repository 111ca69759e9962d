"""Totals of any document: equal to the sum of what is shown, in every currency and both modes (ERP-07)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.money import Amount, Currency, currency, plain, price, quantity, rate
from app.domain.shared.totals import LineInput, VatMode, compute

pytestmark = pytest.mark.fast

CURRENCIES = st.sampled_from([currency(code) for code in ("JPY", "EUR", "KWD", "CLF")])
MODES = st.sampled_from(VatMode)
EXCHANGES = st.decimals("0.00000001", 1000, places=8).map(rate)
PERCENTAGES = st.decimals(0, 100, places=8) | st.sampled_from([Decimal(0), Decimal("5.5"), Decimal(100)])
VAT_RATES = st.sampled_from([Decimal(text) for text in ("0", "2.1", "5.5", "10", "19", "20", "20.0")])
LINES = st.builds(
    LineInput,
    st.decimals(-1000, 1000, places=6).map(quantity),
    st.decimals(0, 10000, places=8).map(price),
    PERCENTAGES.map(rate),
    VAT_RATES.map(rate),
    st.none(),
)
DOCUMENTS = st.lists(LINES, max_size=12)


def half_up(exact: Fraction, digits: int) -> Fraction:
    """Round as taught at school: by halves away from zero, without the decimal module."""
    scaled = abs(exact) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if exact >= 0 else -whole, 10**digits)


def shown(values: Iterable[Decimal], unit: Currency) -> Decimal:
    """Add up what a person reads on the document."""
    return sum((Decimal(plain(value, unit.digits)) for value in values), Decimal(0))


@given(DOCUMENTS, CURRENCIES, MODES)
def test_totals_equal_the_sum_of_what_is_shown(lines: list[LineInput], unit: Currency, mode: VatMode) -> None:
    amounts = compute(lines, unit, mode, rate=Decimal(1), company_currency=unit)
    totals = amounts.totals
    assert totals.net == shown((line.net for line in amounts.lines), unit)
    assert totals.net == shown((vat.base for vat in amounts.vat), unit)
    assert totals.vat == shown((vat.vat for vat in amounts.vat), unit)
    assert totals.gross == totals.net + totals.vat
    if mode is VatMode.PER_LINE:
        assert totals.vat == shown((line.vat for line in amounts.lines if line.vat is not None), unit)


@given(DOCUMENTS, CURRENCIES, MODES)
def test_each_rate_stands_once_with_the_sum_of_its_lines(lines: list[LineInput], unit: Currency, mode: VatMode) -> None:
    amounts = compute(lines, unit, mode, rate=Decimal(1), company_currency=unit)
    rates = [vat.rate for vat in amounts.vat]
    assert rates == sorted({line.vat_rate for line in lines})
    for vat in amounts.vat:
        own = [computed for line, computed in zip(lines, amounts.lines, strict=True) if line.vat_rate == vat.rate]
        assert vat.base == sum(computed.net for computed in own)


@given(DOCUMENTS, CURRENCIES, MODES)
def test_every_amount_is_the_exact_one_rounded_once(lines: list[LineInput], unit: Currency, mode: VatMode) -> None:
    """Computed a second time in fractions, which know no rounding."""
    amounts = compute(lines, unit, mode, rate=Decimal(1), company_currency=unit)
    for line, computed in zip(lines, amounts.lines, strict=True):
        exact = Fraction(line.quantity) * Fraction(line.unit_price) * (100 - Fraction(line.discount)) / 100
        assert Fraction(computed.net) == half_up(exact, unit.digits)
        if computed.vat is not None:
            taken = Fraction(computed.net) * Fraction(line.vat_rate) / 100
            assert Fraction(computed.vat) == half_up(taken, unit.digits)
    for vat in amounts.vat:
        if mode is VatMode.PER_RATE:
            assert Fraction(vat.vat) == half_up(Fraction(vat.base) * Fraction(vat.rate) / 100, unit.digits)


@given(DOCUMENTS, CURRENCIES, MODES, EXCHANGES, CURRENCIES)
def test_company_amounts_add_up_as_well(
    lines: list[LineInput], unit: Currency, mode: VatMode, exchange: Decimal, company: Currency
) -> None:
    amounts = compute(lines, unit, mode, rate=exchange, company_currency=company)
    totals = amounts.totals
    assert totals.company_net == shown((line.company_net for line in amounts.lines), company)
    assert totals.company_gross == totals.company_net + totals.company_vat
    for line in amounts.lines:
        assert Fraction(line.company_net) == half_up(Fraction(line.net) * Fraction(exchange), company.digits)


@given(DOCUMENTS, CURRENCIES, MODES, EXCHANGES, CURRENCIES)
def test_turning_every_quantity_around_turns_every_amount_around(
    lines: list[LineInput], unit: Currency, mode: VatMode, exchange: Decimal, company: Currency
) -> None:
    turned = [line._replace(quantity=quantity(-line.quantity)) for line in lines]
    there = compute(lines, unit, mode, rate=exchange, company_currency=company)
    back = compute(turned, unit, mode, rate=exchange, company_currency=company)
    assert [-line.net for line in there.lines] == [line.net for line in back.lines]
    assert [(vat.rate, -vat.base, -vat.vat) for vat in there.vat] == [(v.rate, v.base, v.vat) for v in back.vat]
    assert -there.totals.gross == back.totals.gross
    assert -there.totals.company_gross == back.totals.company_gross


@given(DOCUMENTS, CURRENCIES, MODES)
def test_the_order_of_the_lines_does_not_matter(lines: list[LineInput], unit: Currency, mode: VatMode) -> None:
    there = compute(lines, unit, mode, rate=Decimal(1), company_currency=unit)
    back = compute(lines[::-1], unit, mode, rate=Decimal(1), company_currency=unit)
    assert (there.lines[::-1], there.vat, there.totals) == (back.lines, back.vat, back.totals)


@given(st.decimals(-(10**9), 10**9, places=8), CURRENCIES)
def test_rounding_is_half_up_on_both_sides_of_zero(exact: Decimal, unit: Currency) -> None:
    rounded: Amount = unit.round(exact)
    assert Fraction(rounded) == half_up(Fraction(exact), unit.digits)
    assert unit.round(-exact) == -rounded
    assert unit.round(rounded) == rounded


@given(st.integers(-(10**9), 10**9), CURRENCIES)
def test_the_very_half_goes_away_from_zero(minor: int, unit: Currency) -> None:
    half = (Decimal(minor) + (Decimal("0.5") if minor >= 0 else Decimal("-0.5"))) * unit.unit
    assert unit.round(half) == (minor + (1 if minor >= 0 else -1)) * unit.unit


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**10) + 1, max_value=10**10 - 1, places=8))
def test_what_is_written_plainly_reads_back_the_same(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert plain(Decimal(text)) == text
