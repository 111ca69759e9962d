"""VAT by date, and net and gross prices that follow from each other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalogue import (
    BadPeriod,
    BadRate,
    BadVatCategory,
    VatRate,
    VatRatesOverlap,
    gross_of,
    net_of,
    rates_on,
    vat_category,
    within,
)
from app.domain.shared.errors import Invalid
from app.domain.shared.money import Overflow, Price, Rate

pytestmark = pytest.mark.fast
FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)


def vat(id_: int = 0, first: date = FIRST, last: date | None = LAST, **fields: Any) -> VatRate:
    given = {"country": "FR", "category": "standard", "rate": Rate(Decimal(20)), **fields}
    return VatRate(id=id_, valid_from=first, valid_until=last, **given)


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"category": "Standard"}, BadVatCategory, "category"),
        ({"rate": Decimal("-0.00000001")}, BadRate, "rate"),
        ({"rate": Decimal("100.00000001")}, BadRate, "rate"),
        ({"first": date(2026, 7, 1)}, BadPeriod, "valid_until"),
        ({"last": date(2025, 12, 31)}, BadPeriod, "valid_until"),
    ],
    ids=repr,
)
def test_an_unsound_rate_is_refused_at_its_field(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    with pytest.raises(error) as refused:
        vat(**wrong)
    assert refused.value.at == (field,)


@pytest.mark.parametrize(
    "sound", [{"rate": Decimal(0)}, {"rate": Decimal(100)}, {"last": FIRST}, {"last": None}], ids=repr
)
def test_a_rate_of_nothing_of_everything_and_of_one_day_are_sound(sound: dict[str, Any]) -> None:
    vat(**sound)


@pytest.mark.parametrize("name", ["a", "reduced_2", "x" * 20])
def test_a_category_is_a_small_word(name: str) -> None:
    vat_category("vat_category", name)


@pytest.mark.parametrize("name", ["", "x" * 21, "2nd", "_a", "Reduced", "re duced", "reduced\n", "réduit"])
def test_what_is_no_category_is_refused(name: str) -> None:
    with pytest.raises(BadVatCategory) as refused:
        vat_category("vat_category", name)
    assert (refused.value.at, refused.value.facts) == (("vat_category",), {"value": name})


# --- no two on one day ------------------------------------------------------------------------------------------------


def test_a_shared_day_is_told_with_the_first_day_of_the_other_rate() -> None:
    """ERP-07: which days are shared, tests/unit/test_prices.py tries on any."""
    with pytest.raises(VatRatesOverlap) as refused:
        vat(2, LAST, None).apart([vat(1)])
    assert (refused.value.at, refused.value.facts) == (("valid_from",), {"valid_from": FIRST})


@pytest.mark.parametrize("other", [{"country": "DE"}, {"category": "reduced"}])
def test_other_countries_and_categories_are_not_in_the_way(other: dict[str, Any]) -> None:
    vat(2).apart([vat(1, **other)])


def test_a_rate_is_not_in_its_own_way() -> None:
    """It is among those of its country when it is changed."""
    vat(1, last=date(2026, 12, 31)).apart([vat(1), vat(2, date(2027, 1, 1), None)])


# --- the rates of a day -----------------------------------------------------------------------------------------------

LAWS: Final = [
    vat(1, date(2000, 4, 1), date(2013, 12, 31), rate=Rate(Decimal("19.6"))),
    vat(2, date(2014, 1, 1), None),
    vat(3, date(2014, 1, 1), None, category="reduced", rate=Rate(Decimal(10))),
]


@pytest.mark.parametrize(
    ("on", "rates"),
    [
        (date(2000, 3, 31), {}),
        (date(2000, 4, 1), {"standard": "19.6"}),
        (date(2013, 12, 31), {"standard": "19.6"}),
        (date(2014, 1, 1), {"standard": "20", "reduced": "10"}),
        (date(9999, 12, 31), {"standard": "20", "reduced": "10"}),
    ],
)
def test_each_category_has_the_rate_of_the_day(on: date, rates: dict[str, str]) -> None:
    """ERP-07: the day before, the first, the last, the day after."""
    assert rates_on(LAWS, on) == {name: Decimal(rate) for name, rate in rates.items()}


@pytest.mark.parametrize(
    ("first", "last", "inside"),
    [
        (None, None, True),
        (FIRST, None, True),
        (None, FIRST, True),
        (date(2026, 1, 2), None, False),
        (None, date(2025, 12, 31), False),
    ],
)
def test_an_open_end_never_ends(first: date | None, last: date | None, *, inside: bool) -> None:
    assert within(FIRST, first, last) is inside


# --- net and gross ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gross", "rate", "net"),
    [
        ("120", "20", "100"),
        ("10", "20", "8.33333333"),
        ("20", "20", "16.66666667"),
        ("0", "20", "0"),
        ("7.5", "0", "7.5"),
        ("5", "100", "2.5"),
        ("0.00000001", "100", "0.00000001"),
        ("9999999999.99999999", "0", "9999999999.99999999"),
    ],
)
def test_net_is_gross_without_its_vat_rounded_half_up(gross: str, rate: str, net: str) -> None:
    assert net_of(Price(Decimal(gross)), Rate(Decimal(rate))) == Decimal(net)


@pytest.mark.parametrize(
    ("net", "rate", "gross"),
    [("8.33333333", "20", "10"), ("100", "5.5", "105.5"), ("0.00000049", "0", "0"), ("0.0000005", "0", "0.000001")],
)
def test_gross_is_shown_with_six_decimals(net: str, rate: str, gross: str) -> None:
    assert gross_of(Price(Decimal(net)), Rate(Decimal(rate))) == Decimal(gross)


def test_a_gross_price_too_large_to_keep_is_refused() -> None:
    with pytest.raises(Overflow):
        gross_of(Price(Decimal(9999999999)), Rate(Decimal(20)))


@given(gross=st.decimals(0, 9999999999, places=8), rate=st.decimals(0, 100, places=8))
def test_net_is_never_further_off_than_half_its_last_decimal(gross: Decimal, rate: Decimal) -> None:
    """ERP-07: held against fractions, for any price and any rate."""
    exact = Fraction(gross) * 100 / (100 + Fraction(rate))
    assert abs(Fraction(net_of(Price(gross), Rate(rate))) - exact) <= Fraction(1, 2 * 10**8)
