"""The clock that follows the database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.infrastructure.clock import OffsetClock, pause

pytestmark = pytest.mark.fast

REFERENCE = datetime(2031, 5, 1, 23, 30, tzinfo=UTC)


class Machine:
    """The machine's monotonic clock, moved by hand; sleeping moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 100.0
        self.slept: list[float] = []
        monkeypatch.setattr("app.infrastructure.clock.time.monotonic", lambda: self.seconds)
        monkeypatch.setattr("app.infrastructure.clock.time.sleep", self.slept.append)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_the_reference_tells_the_time_and_the_machine_carries_it_on(machine: Machine) -> None:
    """Design: due times are compared with the database's time."""
    clock = OffsetClock(lambda: REFERENCE)
    assert clock.now() == REFERENCE
    machine.seconds += 10
    assert clock.now() == REFERENCE + timedelta(seconds=10)


def test_the_reference_counts_for_the_middle_of_the_round_trip(machine: Machine) -> None:
    def slow() -> datetime:
        machine.seconds += 4
        return REFERENCE

    assert OffsetClock(slow).now() == REFERENCE + timedelta(seconds=2)


def test_nothing_is_measured_before_the_time_is_asked_for(machine: Machine) -> None:
    asked: list[int] = []

    def measure() -> datetime:
        asked.append(1)
        return REFERENCE

    clock = OffsetClock(measure)
    assert not asked
    clock.now()
    clock.now()
    assert len(asked) == 1


def test_after_a_minute_the_reference_is_asked_again_in_the_background(machine: Machine) -> None:
    answers = iter([REFERENCE, REFERENCE + timedelta(hours=1)])
    asked = threading.Semaphore(0)

    def measure() -> datetime:
        asked.release()
        return next(answers)

    clock = OffsetClock(measure)
    clock.now()
    machine.seconds += 61
    assert clock.now() == REFERENCE + timedelta(seconds=61)
    assert asked.acquire(timeout=5)
    assert asked.acquire(timeout=5)
    clock._measuring.acquire()  # held until the new reference stands
    assert clock.now() == REFERENCE + timedelta(hours=1)


def test_a_reference_that_fails_later_leaves_the_time_going_on(machine: Machine) -> None:
    answers = iter([REFERENCE])
    clock = OffsetClock(lambda: next(answers))
    clock.now()
    machine.seconds += 61
    clock.now()
    clock._measuring.acquire()
    machine.seconds += 1
    assert clock.now() == REFERENCE + timedelta(seconds=62)


def test_a_reference_that_fails_at_first_is_replaced_by_the_machine_s_clock(machine: Machine) -> None:
    def broken() -> datetime:
        raise ConnectionError

    assert OffsetClock(broken).now().tzinfo is UTC
    assert OffsetClock().now().tzinfo is UTC


def test_the_legal_date_is_that_of_the_zone(machine: Machine) -> None:
    clock = OffsetClock(lambda: REFERENCE)
    assert clock.today(ZoneInfo("UTC")).isoformat() == "2031-05-01"
    assert clock.today(ZoneInfo("Europe/Paris")).isoformat() == "2031-05-02"
    assert clock.monotonic() == machine.seconds


def test_pauses_grow_are_bounded_and_never_all_the_same(machine: Machine) -> None:
    for attempt in range(1, 12):
        pause(attempt)
    for attempt, slept in enumerate(machine.slept, start=1):
        longest = min(0.005 * 2**attempt, 0.2)
        assert longest / 2 <= slept <= longest
    assert len(set(machine.slept[-5:])) > 1
