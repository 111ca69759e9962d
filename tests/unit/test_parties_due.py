"""When instalments are due, held against a calendar walked day by day, and what they come to."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parties import (
    MOST_DAYS,
    BadInstalments,
    DueTooLate,
    Instalment,
    PaymentTerms,
    TermsArchived,
    instalments,
)
from app.domain.shared.ids import PaymentTermsId
from app.domain.shared.money import amount, currency, rate

pytestmark = pytest.mark.fast

DAY: Final = timedelta(days=1)
EURO: Final = currency("EUR")
DAYS: Final = st.dates(date(1999, 1, 1), date(2101, 12, 31))
PLANS: Final = st.builds(
    Instalment,
    percent=st.just(rate(Decimal(100))),
    days=st.integers(0, 400),
    end_of_month=st.booleans(),
    day_of_month=st.none() | st.integers(1, 31),
)


def part(percent: object = 100, days: int = 0, **fields: Any) -> Instalment:
    return Instalment(percent=rate(Decimal(str(percent))), days=days, **fields)


def is_last(day: date) -> bool:
    return (day + DAY).month != day.month


def walked(one: Instalment, on: date) -> date:
    """Find the day as one would with a finger on a calendar."""
    for _ in range(one.days):
        on += DAY
    while one.end_of_month and not is_last(on):
        on += DAY
    wanted = one.day_of_month
    while wanted is not None and on.day != wanted and not (is_last(on) and on.day < wanted):
        on += DAY
    return on


@given(PLANS, DAYS)
def test_a_day_is_the_one_a_walk_through_the_calendar_finds(one: Instalment, on: date) -> None:
    """ERP-07: whatever the days, the end of the month and the day of the month together."""
    assert one.due(on) == walked(one, on)


@given(PLANS, DAYS, st.integers(0, 60))
def test_a_later_invoice_is_never_due_before_an_earlier_one(one: Instalment, on: date, later: int) -> None:
    assert one.due(on) <= one.due(on + timedelta(days=later))


@pytest.mark.parametrize(
    ("days", "on", "due"),
    [
        (0, "2024-02-28", "2024-02-29"),
        (0, "2023-02-28", "2023-02-28"),
        (0, "2100-02-28", "2100-02-28"),
        (0, "2000-02-01", "2000-02-29"),
        (1, "2024-02-29", "2024-03-31"),
        (1, "2024-02-28", "2024-02-29"),
        (1, "2023-12-31", "2024-01-31"),
        (30, "2024-01-30", "2024-02-29"),
        (30, "2024-01-31", "2024-03-31"),
        (30, "2023-01-30", "2023-03-31"),
        (60, "2024-12-31", "2025-03-31"),
        (365, "2023-03-01", "2024-02-29"),
        (MOST_DAYS, "2024-02-29", "2034-02-28"),
    ],
)
def test_the_end_of_the_month_is_that_of_the_month_reached(days: int, on: str, due: str) -> None:
    """ERP-07: leap years, centuries and turns of the year."""
    assert part(days=days, end_of_month=True).due(date.fromisoformat(on)).isoformat() == due


@pytest.mark.parametrize(
    ("one", "on", "due"),
    [
        (part(days=1), date(9999, 12, 30), date(9999, 12, 31)),
        (part(end_of_month=True), date(9999, 12, 1), date(9999, 12, 31)),
        (part(day_of_month=31), date(9999, 12, 1), date(9999, 12, 31)),
        (part(days=30, end_of_month=True), date(9999, 12, 1), date(9999, 12, 31)),
    ],
)
def test_the_last_day_of_the_calendar_can_still_be_reached(one: Instalment, on: date, due: date) -> None:
    assert one.due(on) == due


@pytest.mark.parametrize(
    "one", [part(days=1), part(days=MOST_DAYS, end_of_month=True), part(day_of_month=30), part(day_of_month=1)]
)
def test_what_lies_beyond_the_calendar_is_refused_at_the_date(one: Instalment) -> None:
    """A careless date is a refusal that names it, not a fault."""
    with pytest.raises(DueTooLate) as refused:
        one.due(date(9999, 12, 31))
    assert refused.value.at == ("date",)
    assert refused.value.facts == {"date": date(9999, 12, 31), "days": one.days}


def test_one_instalment_too_late_makes_the_whole_too_late() -> None:
    plan = (part(50), part(50, 2))
    with pytest.raises(DueTooLate):
        PaymentTerms(name="x", instalments=plan).due_date(date(9999, 12, 30))
    with pytest.raises(DueTooLate):
        instalments(plan, amount(Decimal(1)), date(9999, 12, 30), EURO)


# --- amounts --------------------------------------------------------------------------------------------------------

THIRDS: Final = ("33.33", "33.33", "33.34")
TENTHS: Final = ("10",) * 10


@pytest.mark.parametrize(
    ("code", "gross", "percents", "amounts"),
    [
        ("EUR", "100.00", THIRDS, ("33.33", "33.33", "33.34")),
        ("EUR", "0.01", ("50", "50"), ("0.01", "0")),
        ("EUR", "0.02", THIRDS, ("0.01", "0", "0.01")),
        ("EUR", "0.03", THIRDS, ("0.01", "0.01", "0.01")),
        ("EUR", "0.05", TENTHS, ("0.01", "0") * 5),
        ("EUR", "-0.01", ("50", "50"), ("-0.01", "0")),
        ("EUR", "-100.00", THIRDS, ("-33.33", "-33.33", "-33.34")),
        ("EUR", "0", ("50", "50"), ("0", "0")),
        ("EUR", "19.99", ("30", "70"), ("6.00", "13.99")),
        ("EUR", "1234.56", ("0.00000001", "99.99999999"), ("0", "1234.56")),
        ("JPY", "100", THIRDS, ("33", "34", "33")),
        ("JPY", "1", ("49.99999999", "50.00000001"), ("0", "1")),
        ("KWD", "10.001", ("50", "50"), ("5.001", "5.000")),
        ("EUR", "99999999999999.99", ("50", "50"), ("50000000000000.00", "49999999999999.99")),
    ],
)
def test_amounts_are_exact_to_the_minor_unit(
    code: str, gross: str, percents: tuple[str, ...], amounts: tuple[str, ...]
) -> None:
    """ERP-07: each running sum is rounded half up, so that nothing is lost and the last takes the rest."""
    plan = [part(one) for one in percents]
    split = instalments(plan, amount(Decimal(gross)), date(2026, 11, 21), currency(code))
    assert [one.amount for one in split] == [Decimal(one) for one in amounts]
    assert sum(one.amount for one in split) == Decimal(gross)


def test_instalments_stay_in_the_order_of_the_plan_even_when_due_earlier() -> None:
    split = instalments([part(40, 60), part(60, 30)], amount(Decimal(10)), date(2026, 1, 1), EURO)
    assert [tuple(one) for one in split] == [(date(2026, 3, 2), 4), (date(2026, 1, 31), 6)]


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=12).filter(lambda parts: sum(parts) <= 100),
    st.integers(-(10**7), 10**7),
)
def test_a_plan_cut_finer_never_moves_what_was_due_before(parts: list[int], cents: int) -> None:
    """The sum of the first instalments is that of the whole they were cut from: nobody pays more by paying in parts."""
    rest = [100 - sum(parts)] if sum(parts) < 100 else []
    gross, on = amount(Decimal(cents).scaleb(-2)), date(2026, 11, 21)
    fine = [one.amount for one in instalments([part(one) for one in parts + rest], gross, on, EURO)]
    for count in range(1, len(parts)):
        first = sum(parts[:count])
        coarse = instalments([part(first), part(100 - first)], gross, on, EURO)
        assert sum(fine[:count]) == coarse[0].amount


# --- terms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percents", "at", "total"),
    [
        ((), ("instalments",), "0"),
        (("99.99999999",), ("instalments",), "99.99999999"),
        (("100.00000001",), ("instalments",), "100.00000001"),
        (("50", "50", "50"), ("instalments",), "150"),
        (("0", "100"), ("instalments", 0, "percent"), "0"),
        (("100", "0"), ("instalments", 1, "percent"), "0"),
        (("101", "-1"), ("instalments", 1, "percent"), "-1"),
        (("-1", "101"), ("instalments", 0, "percent"), "-1"),
    ],
)
def test_bad_percentages_are_refused_where_they_are(
    percents: tuple[str, ...], at: tuple[object, ...], total: str
) -> None:
    with pytest.raises(BadInstalments) as refused:
        PaymentTerms(name="x", instalments=tuple(part(one) for one in percents))
    assert refused.value.at == at
    assert refused.value.facts == {"total": Decimal(total)}


def terms(**fields: Any) -> PaymentTerms:
    return PaymentTerms(**{"id": PaymentTermsId(3), "name": "30 days", "instalments": (part(days=30),), **fields})


def test_archived_terms_are_given_to_nobody_until_they_are_used_again() -> None:
    one = terms(archived=True)
    with pytest.raises(TermsArchived) as refused:
        one.usable()
    assert (refused.value.at, refused.value.facts) == (("payment_terms_id",), {"terms": 3})
    assert one.due_date(date(2026, 1, 1)) == date(2026, 1, 31)  # invoices made under them go on
    one.change({"archived": False})
    one.usable()


def test_a_calendar_day_may_be_later_than_more_days() -> None:
    """The end of a month may come after a plain later day: dates are compared, not the numbers of days."""
    plan = (part(50, 2, end_of_month=True), part(50, 10))
    assert terms(instalments=plan).due_date(date(2026, 1, 1)) == date(2026, 1, 31)
