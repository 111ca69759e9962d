"""On which days a template makes invoices, and what it may do when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    TEMPLATE,
    BadRecurrence,
    Every,
    InvoiceTemplate,
    NothingDue,
    Recurrence,
    TemplateInUse,
    TemplateLine,
    TemplateOver,
    TemplateState,
)
from app.domain.shared.errors import DomainError, Required
from app.domain.shared.ids import InvoiceId, PartyId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import quantity, rate
from app.domain.shared.states import InvalidTransition
from tests.support.lifecycles import declared, refused

pytestmark = pytest.mark.fast
FIRST: Final = date(2026, 1, 31)
LINE: Final = TemplateLine(
    product_id=None,
    kind=None,
    description="Hosting {period}",
    quantity=quantity(Decimal(1)),
    unit_price=None,
    discount=rate(Decimal(0)),
    vat_rate=None,
)


def days(every: Every, first: date, count: int, step: int = 1) -> list[str]:
    found = [Recurrence(every=every, step=step, first=first).day(number) for number in range(count)]
    return [str(day) for day in found]


def template(state: TemplateState = TemplateState.ACTIVE, **others: Any) -> InvoiceTemplate:
    recurrence = Recurrence(every=Every.MONTH, step=1, first=FIRST, count=2)
    fields: dict[str, Any] = {"label": "H", "party_id": PartyId(1), "recurrence": recurrence, "lines": (LINE,)}
    made = InvoiceTemplate(**fields | others)
    made.plan()
    made.state = state
    return made


def test_a_month_that_lacks_the_day_gives_its_last_and_the_next_gives_it_back() -> None:
    assert days(Every.MONTH, FIRST, 5) == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert days(Every.MONTH, date(2027, 12, 30), 4) == ["2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"]
    assert days(Every.MONTH, date(2026, 11, 30), 3, step=3) == ["2026-11-30", "2027-02-28", "2027-05-30"]


def test_the_leap_day_comes_back_in_leap_years() -> None:
    assert days(Every.YEAR, date(2028, 2, 29), 5) == [
        "2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29",
    ]  # fmt: skip
    assert days(Every.YEAR, date(2096, 2, 29), 2, step=4) == ["2096-02-29", "2100-02-28"]


def test_days_and_weeks_are_counted_across_years() -> None:
    assert days(Every.DAY, date(2027, 12, 30), 3) == ["2027-12-30", "2027-12-31", "2028-01-01"]
    assert days(Every.WEEK, date(2028, 2, 15), 3, step=2) == ["2028-02-15", "2028-02-29", "2028-03-14"]


def test_it_ends_after_the_last_day_or_count_and_before_the_calendar_does() -> None:
    ending = Recurrence(every=Every.MONTH, step=1, first=FIRST, until=date(2026, 2, 28))
    assert [ending.day(number) for number in range(3)] == [FIRST, date(2026, 2, 28), None]
    assert Recurrence(every=Every.DAY, step=1, first=FIRST, count=1).day(1) is None
    assert Recurrence(every=Every.YEAR, step=1000, first=FIRST).day(8) is None
    assert Recurrence(every=Every.WEEK, step=1000, first=FIRST).day(100_000) is None


def test_the_period_goes_to_the_day_before_the_next() -> None:
    months = Recurrence(every=Every.MONTH, step=1, first=FIRST, count=2)
    assert months.period(0) == "2026-01-31 - 2026-02-27"
    assert months.period(1) == "2026-02-28 - 2026-03-30"
    assert Recurrence(every=Every.DAY, step=1, first=FIRST).period(0) == "2026-01-31"
    assert LINE.described("May {x}") == "Hosting May {x}"


@given(
    every=st.sampled_from(Every),
    step=st.integers(1, 30),
    first=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    number=st.integers(0, 200),
)
def test_days_grow_and_months_keep_their_day_where_they_can(every: Every, step: int, first: date, number: int) -> None:
    """Each day follows the one before; it is the first one's day, or the last of its month."""
    recurrence = Recurrence(every=every, step=step, first=first)
    day, following = recurrence.day(number), recurrence.day(number + 1)
    assert day is not None
    assert following is not None
    assert day < following
    if every in {Every.MONTH, Every.YEAR}:
        assert day.day == first.day or (day.day < first.day and (day + timedelta(days=1)).day == 1)


STEPS: Final[dict[str, Callable[[InvoiceTemplate], object]]] = {
    "pause": lambda one: one.pause(),
    "resume": lambda one: one.resume(),
    "run": lambda one: one.run(InvoiceId(1)),
    "end": lambda one: one.end(),
}


@pytest.mark.parametrize(("state", "step"), refused(TEMPLATE))
def test_every_step_is_refused_from_every_other_state(state: TemplateState, step: str) -> None:
    one = template(state)
    with pytest.raises(InvalidTransition):
        STEPS[step](one)
    assert (one.state, one.made) == (state, 0)


@pytest.mark.parametrize(("state", "step", "target"), declared(TEMPLATE))
def test_every_declared_step_leads_to_its_state(state: TemplateState, step: str, target: TemplateState) -> None:
    one = template(state)
    if step == "end":
        one.next_date = None
    STEPS[step](one)
    assert one.state is target


def test_it_makes_each_day_once_and_ends_with_the_last() -> None:
    one = template()
    with pytest.raises(NothingDue):
        one.due(FIRST - timedelta(days=1))
    assert one.due(FIRST) == FIRST
    assert one.run(InvoiceId(8)).facts() == {"id": 0, "invoice": 8, "occurrence": FIRST}
    assert (one.made, one.next_date) == (1, date(2026, 2, 28))
    with pytest.raises(InvalidTransition):
        one.end()
    one.run(InvoiceId(9))
    assert one.next_date is None
    with pytest.raises(InvalidTransition):
        one.run(InvoiceId(10))
    one.end()
    with pytest.raises(TemplateOver):
        one.changeable()
    with pytest.raises(TemplateInUse):
        one.deletable()


@pytest.mark.parametrize(
    ("error", "at", "others"),
    [
        (Required, ("label",), {"label": " "}),
        (NoLines, ("lines",), {"lines": ()}),
        (BadRecurrence, ("count",), {"made": 2}),
        (
            BadRecurrence,
            ("until",),
            {"recurrence": Recurrence(every=Every.DAY, step=1, first=FIRST, until=date(2026, 1, 30))},
        ),
    ],
)
def test_an_unsound_template_names_the_field(
    error: type[DomainError], at: tuple[str, ...], others: dict[str, Any]
) -> None:
    with pytest.raises(error) as caught:
        template(**others)
    assert caught.value.at == at


def test_a_paused_template_makes_nothing() -> None:
    with pytest.raises(NothingDue):
        template(TemplateState.PAUSED).due(date(2027, 1, 1))
