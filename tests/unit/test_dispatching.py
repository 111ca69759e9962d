"""Events are numbered each second, at once when woken, again after a failure, and never after the end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from app.worker.dispatching import REST_S, STOP_S, Dispatching
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fast


def dispatching(clock: FakeClock, dispatch: Callable[[], object], *, enabled: bool = True) -> Dispatching:
    return Dispatching(dispatch, clock, threading.Event(), enabled=enabled)


def numbering() -> set[threading.Thread]:
    """Give the threads of this process that number events; servers of other tests have theirs."""
    return {one for one in threading.enumerate() if one.name == "dispatch"}


def test_events_are_numbered_once_a_second_and_at_once_when_woken() -> None:
    """ERP-09: commits of this process need not wait for the second to pass."""
    clock, done = FakeClock(), []
    mine = dispatching(clock, lambda: done.append(1))
    assert mine.turn() == 1
    assert mine.turn() == 1
    assert len(done) == 1
    mine.told.set()
    mine.turn()
    assert len(done) == 2
    assert not mine.told.is_set()
    clock.advance(1)
    mine.turn()
    assert len(done) == 3


def test_what_fails_is_tried_again_later_and_later_and_soon_again_once_it_went_well() -> None:
    clock, broken = FakeClock(), [True]
    tried: list[float] = []
    told: list[bool] = []

    def dispatch() -> None:
        tried.append(clock.monotonic())
        if broken:
            raise ValueError

    mine = dispatching(clock, dispatch)
    mine.ended = lambda *, well: told.append(well)
    for _ in range(20):
        mine.turn()
        mine.told.set()  # waking does not hurry what fails
        clock.advance(1)
    assert [b - a for a, b in itertools.pairwise(tried)] == [2, 4, 8]
    broken.clear()
    clock.advance(60)
    assert mine.turn() == 1
    assert told == [False] * 4 + [True]


def test_the_thread_does_what_it_is_told_and_ends_within_a_second() -> None:
    """ERP-09: the end of the server waits for nobody who numbers events."""
    done, hold = threading.Event(), threading.Event()
    others = numbering()
    mine = dispatching(FakeClock(), done.set)
    mine.start()
    assert done.wait(10)
    mine.stop()
    assert numbering() <= others
    stuck = dispatching(FakeClock(), lambda: hold.wait(20))
    stuck.start()
    (left,) = numbering() - others
    stuck.stop()
    hold.set()
    left.join(10)
    assert not left.is_alive()
    assert REST_S < STOP_S


def test_switched_off_it_starts_no_thread() -> None:
    others = numbering()
    mine = dispatching(FakeClock(), list, enabled=False)
    mine.start()
    assert numbering() <= others
    mine.stop()
