"""Templates: the days of a recurrence at the edges of months, years and the calendar, and what a change may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    BadRecurrence,
    Every,
    InvoiceTemplate,
    NothingDue,
    Recurrence,
    TemplateLine,
    TemplatePaused,
    TemplateResumed,
    TemplateState,
)
from app.domain.shared.ids import InvoiceId, InvoiceTemplateId, PartyId
from app.domain.shared.money import quantity, rate

pytestmark = pytest.mark.fast
DAY: Final = timedelta(days=1)
LINE: Final = TemplateLine(
    product_id=None,
    kind=None,
    description="Rent {period}",
    quantity=quantity(Decimal(1)),
    unit_price=None,
    discount=rate(Decimal(0)),
    vat_rate=None,
)


def recurs(every: Every, first: str, step: int = 1, **ends: Any) -> Recurrence:
    return Recurrence(every=every, step=step, first=date.fromisoformat(first), **ends)


def template(first: str = "2026-01-31", **others: Any) -> InvoiceTemplate:
    """Give a monthly template that was planned."""
    ends = {name: others.pop(name) for name in ("until", "count") if name in others}
    fields: dict[str, Any] = {"id": InvoiceTemplateId(4), "label": "Rent", "party_id": PartyId(1), "lines": (LINE,)}
    made = InvoiceTemplate(**fields | {"recurrence": recurs(Every.MONTH, first, **ends)} | others)
    made.plan()
    return made


def days_of(recurrence: Recurrence, most: int = 100) -> list[date]:
    """Give its days up to the last, at most so many."""
    found = (recurrence.day(number) for number in range(most))
    return [day for day in found if day is not None]


@pytest.mark.parametrize(
    ("every", "first", "step", "told"),
    [
        (Every.MONTH, "2026-08-31", 6, "2027-02-28"),
        (Every.MONTH, "2027-08-31", 6, "2028-02-29"),
        (Every.MONTH, "2026-12-31", 1, "2027-01-31"),
        (Every.MONTH, "2026-11-30", 1, "2026-12-30"),
        (Every.MONTH, "2026-03-31", 12, "2027-03-31"),
        (Every.MONTH, "2026-01-28", 1, "2026-02-28"),
        (Every.YEAR, "2028-02-29", 4, "2032-02-29"),
        (Every.YEAR, "2096-02-29", 4, "2100-02-28"),
        (Every.YEAR, "2027-02-28", 1, "2028-02-28"),
        (Every.WEEK, "2026-12-28", 1, "2027-01-04"),
        (Every.WEEK, "2028-02-25", 1, "2028-03-03"),
        (Every.DAY, "2027-02-28", 1, "2027-03-01"),
        (Every.DAY, "2028-02-28", 1, "2028-02-29"),
    ],
)
def test_the_second_day_at_the_edge_of_a_month_or_year(every: Every, first: str, step: int, told: str) -> None:
    """ERP-07: the last day of a shorter month; 28 February stays the 28th in a leap year."""
    assert recurs(every, first, step).day(1) == date.fromisoformat(told)


def test_the_last_day_counts_and_the_one_after_does_not() -> None:
    """A day on ``until`` itself is made, also where the month shortened it."""
    until = date(2026, 4, 30)
    assert days_of(recurs(Every.MONTH, "2026-01-31", until=until))[-1] == until
    assert len(days_of(recurs(Every.MONTH, "2026-01-31", until=until - DAY))) == 3


@pytest.mark.parametrize(("count", "until", "made"), [(2, "2026-12-31", 2), (9, "2026-03-31", 3), (3, "2026-03-31", 3)])
def test_whichever_end_comes_first_ends_it(count: int, until: str, made: int) -> None:
    recurrence = recurs(Every.MONTH, "2026-01-31", count=count, until=date.fromisoformat(until))
    assert len(days_of(recurrence)) == made


def test_the_last_week_of_the_calendar_is_reached() -> None:
    assert recurs(Every.WEEK, "9999-12-24").day(1) == date.max


def test_the_last_period_is_whole() -> None:
    """What ends the template does not shorten what its last invoice is for."""
    ending = recurs(Every.MONTH, "2026-01-01", until=date(2026, 1, 15), count=1)
    assert ending.period(0) == "2026-01-01 - 2026-01-31"


def walked(first: date, months: int) -> Iterator[date]:
    """Give the day ``first`` has in each later month, or the month's last, going day by day."""
    day, counted = first, 0
    while counted < months:
        day += DAY
        if day.day == first.day or (day.day < first.day and (day + DAY).day == 1):
            counted += 1
            yield day


@given(st.dates(date(2023, 1, 1), date(2033, 1, 1)), st.integers(1, 14))
def test_months_are_those_one_finds_in_a_calendar(first: date, months: int) -> None:
    """ERP-07: walked day by day through short months and leap years."""
    recurrence = Recurrence(every=Every.MONTH, step=1, first=first)
    assert days_of(recurrence, months + 1) == [first, *walked(first, months)]


@given(
    st.sampled_from(Every),
    st.integers(1, 14),
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
)
def test_periods_follow_each_other_without_a_gap(every: Every, step: int, first: date) -> None:
    """Nobody pays for a day twice, or not at all."""
    recurrence = Recurrence(every=every, step=step, first=first)
    for number in range(6):
        following = recurrence.day(number + 1)
        assert following is not None
        assert recurrence.period(number).endswith(str(following - DAY))
        assert recurrence.period(number).startswith(str(recurrence.day(number)))


@pytest.mark.parametrize(
    ("ends", "at"),
    [
        ({"count": 2}, "count"),
        ({"count": 2, "until": date(2099, 1, 1)}, "count"),
        ({"count": 9, "until": date(2026, 2, 27)}, "until"),
        ({"until": date(2026, 2, 27)}, "until"),
    ],
)
def test_a_change_that_leaves_no_day_names_what_ends_it(ends: dict[str, Any], at: str) -> None:
    """After two were made, on 31 January and 28 February."""
    one = template(made=2)
    one.recurrence = replace(one.recurrence, **ends)
    with pytest.raises(BadRecurrence) as caught:
        one.plan()
    assert (caught.value.at, caught.value.facts["made"]) == ((at,), 2)


@pytest.mark.parametrize("ends", [{"count": 3}, {"until": date(2026, 3, 31)}, {"count": None, "until": None}])
def test_a_change_that_leaves_days_keeps_the_next_one(ends: dict[str, Any]) -> None:
    """What was made is not made again: the third day is next."""
    one = template(made=2)
    one.recurrence = replace(one.recurrence, **ends)
    one.plan()
    assert one.next_date == date(2026, 3, 31)


def test_it_is_due_from_its_day_on_and_days_are_made_up_one_by_one() -> None:
    """ERP-07: three months late it owes the first of them first."""
    one = template()
    with pytest.raises(NothingDue) as caught:
        one.due(date(2026, 1, 30))
    assert (caught.value.facts["next_date"], caught.value.facts["state"]) == (date(2026, 1, 31), "active")
    made = []
    for _ in range(3):
        made.append(one.due(date(2026, 4, 1)))
        one.run(InvoiceId(1))
    assert made == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    with pytest.raises(NothingDue):
        one.due(date(2026, 4, 29))
    assert one.due(date(2026, 4, 30)) == date(2026, 4, 30)


def test_a_pause_tells_what_was_in_the_way_and_changes_no_day() -> None:
    one = template()
    assert one.pause("parties.archived") == TemplatePaused(id=InvoiceTemplateId(4), reason="parties.archived")
    assert one.resume() == TemplateResumed(id=InvoiceTemplateId(4))
    assert (one.next_date, one.made, one.state) == (date(2026, 1, 31), 0, TemplateState.ACTIVE)


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("{period}", "2026"),
        ("{period}: rent {period}", "2026: rent 2026"),
        ("Rent", "Rent"),
        ("{Period} {other}", "{Period} {other}"),
        (None, None),
    ],
)
def test_the_period_is_filled_in_wherever_it_stands(description: str | None, told: str | None) -> None:
    assert replace(LINE, description=description).described("2026") == told
