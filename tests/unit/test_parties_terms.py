"""Payment terms: days, ends of months, and amounts that add up."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parties import BadInstalments, DueTooLate, Instalment, PaymentTerms, TermsArchived, instalments
from app.domain.shared.errors import Required
from app.domain.shared.ids import PaymentTermsId
from app.domain.shared.money import Amount, currency, rate

pytestmark = pytest.mark.fast


def part(percent: object = 100, days: int = 0, **fields: Any) -> Instalment:
    return Instalment(percent=rate(Decimal(str(percent))), days=days, **fields)


@pytest.mark.parametrize(
    ("one", "on", "due"),
    [
        (part(days=30), "2026-11-21", "2026-12-21"),
        (part(end_of_month=True), "2026-11-21", "2026-11-30"),
        (part(days=30, end_of_month=True), "2026-01-31", "2026-03-31"),
        (part(days=30, end_of_month=True), "2026-01-15", "2026-02-28"),
        (part(days=30, end_of_month=True, day_of_month=10), "2026-11-21", "2027-01-10"),
        (part(days=10, day_of_month=31), "2026-02-01", "2026-02-28"),
        (part(day_of_month=21), "2026-11-21", "2026-11-21"),
        (part(day_of_month=20), "2026-12-21", "2027-01-20"),
        (part(day_of_month=30), "2024-01-31", "2024-02-29"),
        (part(end_of_month=True, day_of_month=31), "2026-01-01", "2026-01-31"),
    ],
)
def test_an_instalment_is_due_on_its_day(one: Instalment, on: str, due: str) -> None:
    assert one.due(date.fromisoformat(on)) == date.fromisoformat(due)


@pytest.mark.parametrize("one", [part(days=3650), part(day_of_month=1)])
def test_a_day_beyond_the_calendar_is_refused(one: Instalment) -> None:
    with pytest.raises(DueTooLate):
        one.due(date(9999, 12, 31))


def test_terms_are_due_with_their_last_instalment() -> None:
    terms = PaymentTerms(name="x", instalments=(part(40, 60), part(60, 30)))
    assert terms.due_date(date(2026, 11, 1)) == date(2026, 12, 31)


@pytest.mark.parametrize("plan", [(), (part(99),), (part(50), part("50.00000001")), (part(100), part(0))])
def test_instalments_that_are_not_the_whole_make_no_terms(plan: tuple[Instalment, ...]) -> None:
    with pytest.raises(BadInstalments):
        PaymentTerms(name="x", instalments=plan)


def test_terms_need_a_name_and_archived_ones_are_not_given() -> None:
    with pytest.raises(Required):
        PaymentTerms(name=" ", instalments=(part(),))
    terms = PaymentTerms(id=PaymentTermsId(3), name="x", instalments=(part(),))
    assert terms.change({"name": "x"}) is None
    terms.usable()
    assert terms.change({"archived": True}) is not None
    with pytest.raises(TermsArchived):
        terms.usable()


@st.composite
def plans(draw: st.DrawFn) -> list[Instalment]:
    """Give percentages that add up to 100."""
    cuts = sorted(draw(st.sets(st.integers(1, 9999), max_size=11)))
    edges = [0, *cuts, 10_000]
    return [part(Decimal(b - a) / 100, draw(st.integers(0, 90))) for a, b in itertools.pairwise(edges)]


@given(plans(), st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_amounts_add_up_to_the_total_and_are_off_by_less_than_a_unit_each(
    plan: list[Instalment], units: int, code: str
) -> None:
    """ERP-07: exactly, whatever the split; compared with plain fractions."""
    money = currency(code)
    gross = Amount(units * money.unit)
    split = instalments(plan, gross, date(2026, 11, 21), money)
    assert sum(one.amount for one in split) == gross
    for due, one in zip(split, plan, strict=True):
        exact = Fraction(gross) * Fraction(one.percent) / 100
        assert abs(Fraction(due.amount) - exact) <= Fraction(money.unit)
        assert due.amount * gross >= 0
