"""The breaker by itself (ERP-12)."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.mail import MailSuspended
from app.infrastructure.mail.breaker import Breaker
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fast


def suspended(breaker: Breaker) -> int | None:
    """Give the seconds it says to wait, None when it lets through."""
    try:
        breaker.check()
    except MailSuspended as error:
        return error.retry_after
    return None


def test_it_opens_at_the_last_of_so_many_failures_in_a_row() -> None:
    breaker = Breaker(3, 60.0, FakeClock())
    seen = []
    for _ in range(3):
        breaker.failed()
        seen.append(breaker.open)
    assert seen == [False, False, True]
    assert suspended(breaker) == 60


def test_a_send_that_went_through_ends_the_row() -> None:
    breaker = Breaker(2, 60.0, FakeClock())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert not breaker.open


def test_it_says_how_long_it_stays_open_in_whole_seconds_and_never_zero() -> None:
    clock = FakeClock()
    breaker = Breaker(1, 60.0, clock)
    breaker.failed()
    seen = []
    for step in (0.0, 0.5, 59.0, 0.25):
        clock.advance(step)
        seen.append(suspended(breaker))
    assert seen == [60, 60, 1, 1]
    clock.advance(0.25)
    assert suspended(breaker) is None


def test_closed_again_it_counts_from_nothing() -> None:
    """ERP-12: there is no half-open state, in which one more failure would do."""
    clock = FakeClock()
    breaker = Breaker(2, 60.0, clock)
    breaker.failed()
    breaker.failed()
    clock.advance(60.0)
    breaker.failed()
    assert not breaker.open
    breaker.failed()
    assert breaker.open


def test_how_sends_end_that_were_under_way_changes_nothing() -> None:
    """ERP-12: it closes at the time fixed when it opened, neither later nor earlier."""
    clock = FakeClock()
    breaker = Breaker(1, 60.0, clock)
    breaker.failed()
    clock.advance(30.0)
    breaker.failed()
    breaker.succeeded()
    assert suspended(breaker) == 30
    clock.advance(30.0)
    assert suspended(breaker) is None


def test_threads_count_together() -> None:
    """ERP-12: one breaker for the process, and no failure is lost between two threads."""
    breaker = Breaker(4000, 60.0, FakeClock())
    together = Barrier(4)

    def fail() -> None:
        together.wait()
        for _ in range(1000):
            breaker.failed()

    threads = [Thread(target=fail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert breaker.open


@given(st.lists(st.sampled_from(["failed", "succeeded", "later"]), max_size=60))
def test_it_does_what_the_rule_says_whatever_happens(steps: list[str]) -> None:
    """ERP-12: against the rule written down as plainly as can be: deterministic under an injected clock."""
    clock = FakeClock()
    breaker = Breaker(3, 60.0, clock)
    row, closes = 0, 0.0
    for step in steps:
        if step == "later":
            clock.advance(25.0)
        elif clock.monotonic() >= closes:
            getattr(breaker, step)()
            row = row + 1 if step == "failed" else 0
            if row == 3:
                row, closes = 0, clock.monotonic() + 60.0
        else:
            getattr(breaker, step)()
        assert breaker.open is (clock.monotonic() < closes)
