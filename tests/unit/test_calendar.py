"""Cron expressions through the nights in which clocks change, and those that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from app.domain.jobs import BadSchedule
from app.infrastructure.calendar import CronCalendar

pytestmark = pytest.mark.fast
PARIS: Final = "Europe/Paris"
SAO_PAULO: Final = "America/Sao_Paulo"


def times(cron: str, zone: str, after: str, count: int) -> list[str]:
    """Give the next so many times, as UTC without seconds."""
    at, found = datetime.fromisoformat(after).replace(tzinfo=UTC), []
    for _ in range(count):
        at = CronCalendar().following(cron, zone, at)
        assert at.tzinfo is UTC
        found.append(f"{at:%Y-%m-%d %H:%M}")
    return found


def test_a_time_comes_every_day_at_the_same_hour_of_its_zone() -> None:
    """Summer and winter: three in the morning in Paris is one or two o'clock UTC."""
    assert times("0 3 * * *", PARIS, "2026-07-01 12:00", 2) == ["2026-07-02 01:00", "2026-07-03 01:00"]
    assert times("0 3 * * *", PARIS, "2026-12-01 12:00", 2) == ["2026-12-02 02:00", "2026-12-03 02:00"]


def test_a_time_that_the_clocks_leave_out_comes_right_after_it() -> None:
    """In the night of 29 March 2026 there is no 02:30 in Paris: it comes at 03:00, which is 01:00 UTC, and once."""
    found = times("30 2 * * *", PARIS, "2026-03-28 00:00", 3)
    assert found == ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]


def test_a_time_that_comes_twice_counts_once() -> None:
    """In the night of 25 October 2026 it is 02:30 twice in Paris; the first one is meant."""
    found = times("30 2 * * *", PARIS, "2026-10-24 12:00", 2)
    assert found == ["2026-10-25 00:30", "2026-10-26 01:30"]


def test_midnight_that_never_was_comes_an_hour_later() -> None:
    """São Paulo, 4 November 2018: clocks went from 24:00 to 01:00, so that the day began at 03:00 UTC."""
    found = times("0 0 * * *", SAO_PAULO, "2018-11-03 12:00", 2)
    assert found == ["2018-11-04 03:00", "2018-11-05 02:00"]


def test_an_hour_before_midnight_that_came_twice_counts_once() -> None:
    """São Paulo, 17 February 2018: it was 23:30 twice, at 01:30 and 02:30 UTC of the 18th."""
    found = times("30 23 * * *", SAO_PAULO, "2018-02-16 12:00", 3)
    assert found == ["2018-02-17 01:30", "2018-02-18 01:30", "2018-02-19 02:30"]


def test_since_clocks_stand_still_in_sao_paulo_the_hour_is_always_the_same() -> None:
    """Brazil gave summer time up in 2019."""
    found = times("0 0 1 */3 *", SAO_PAULO, "2026-01-15 00:00", 4)
    assert {one[-5:] for one in found} == {"03:00"}


def test_what_comes_every_so_many_minutes_goes_on_through_the_change() -> None:
    """Every half hour is every half hour of real time, in both nights."""
    for night in ("2026-03-29 00:00", "2026-10-25 00:00"):
        start = datetime.fromisoformat(night).replace(tzinfo=UTC)
        expected = [f"{start + timedelta(minutes=30 * n):%Y-%m-%d %H:%M}" for n in range(1, 7)]
        assert times("*/30 * * * *", PARIS, night, 6) == expected


def test_the_time_is_always_after_the_instant() -> None:
    """Asked at a time itself, the calendar gives the next one."""
    assert times("0 3 * * *", "UTC", "2026-11-21 03:00", 1) == ["2026-11-22 03:00"]
    assert times("0 3 * * *", "UTC", "2026-11-21 02:59", 1) == ["2026-11-21 03:00"]


def test_the_last_day_of_a_month_and_days_of_the_week_are_understood() -> None:
    assert times("0 8 L * *", "UTC", "2028-02-01 00:00", 2) == ["2028-02-29 08:00", "2028-03-31 08:00"]
    assert times("0 8 * * MON-FRI", "UTC", "2026-11-20 09:00", 1) == ["2026-11-23 08:00"]


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "* * * *",
        "* * * * * *",
        "0 3 * * * 2026",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "x * * * *",
        "@daily",
        "-1 * * * *",
        "0 3 * * *; rm",
    ],
)
def test_what_is_not_five_fields_of_cron_is_refused(cron: str) -> None:
    with pytest.raises(BadSchedule) as refused:
        times(cron, "UTC", "2026-11-21 00:00", 1)
    assert refused.value.facts == {"cron": cron, "zone": "UTC"}


@pytest.mark.parametrize("cron", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"])
def test_a_date_that_never_comes_is_refused(cron: str) -> None:
    """A schedule that will never do anything is a mistake, told when it is made."""
    with pytest.raises(BadSchedule):
        times(cron, "UTC", "2026-11-21 00:00", 1)


def test_a_date_that_seldom_comes_is_waited_for() -> None:
    assert times("0 0 29 2 *", "UTC", "2026-11-21 00:00", 2) == ["2028-02-29 00:00", "2032-02-29 00:00"]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe/", "Europe"])
def test_a_zone_that_is_nowhere_is_refused(zone: str) -> None:
    with pytest.raises(BadSchedule):
        times("0 3 * * *", zone, "2026-11-21 00:00", 1)
