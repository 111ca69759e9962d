"""Chores are done when due, at once when woken, again after a failure, and never after the end."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from typing import Any

import pytest

from app.domain.shared.errors import NotFound
from app.worker.chores import REST_S, Chore, Chores
from tests.support.clock import FakeClock

pytestmark = pytest.mark.fast


class Turns:
    """Every turn is ours."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def take(self, chore: Chore, *, at_once: bool = False) -> bool:
        self.taken.append(f"{chore.name} at once" if at_once else chore.name)
        return True


def chores(clock: FakeClock, *given: Chore, enabled: bool = True) -> Chores:
    turns: Any = Turns()
    return Chores(given, turns, clock, threading.Event(), enabled=enabled)


def test_a_chore_is_done_once_a_period_and_at_once_when_woken() -> None:
    """ERP-09: commits of this process need not wait for the second to pass."""
    clock, done = FakeClock(), []
    mine = chores(
        clock, Chore(name="a", every=timedelta(seconds=1), run=lambda: done.append(1), shared=False, woken=True)
    )
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


def test_a_failing_chore_is_tried_again_later_and_later_and_harms_no_other() -> None:
    clock, other = FakeClock(), []
    failed: list[float] = []

    def fail() -> None:
        failed.append(clock.monotonic())
        raise ValueError

    mine = chores(
        clock,
        Chore(name="bad", every=timedelta(seconds=1), run=fail, shared=False, woken=True),
        Chore(name="good", every=timedelta(seconds=1), run=lambda: other.append(1), shared=False),
    )
    for _ in range(20):
        mine.turn()
        mine.told.set()  # waking does not hurry a chore that fails
        clock.advance(1)
    assert [b - a for a, b in itertools.pairwise(failed)] == [2, 4, 8]
    assert len(other) == 20


def test_shared_chores_ask_for_their_turn() -> None:
    clock = FakeClock()
    mine = chores(clock, Chore(name="daily", every=timedelta(days=1), run=lambda: None))
    mine.turn()
    assert mine.run("daily")
    assert mine.turns.taken == ["daily", "daily at once"]  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        mine.run("nothing")


def test_the_thread_does_what_it_is_told_and_ends_within_a_second() -> None:
    """ERP-09: the end of the server waits for no chore."""
    done, hold = threading.Event(), threading.Event()
    quick = Chore(name="a", every=timedelta(hours=1), run=done.set, shared=False)
    mine = chores(FakeClock(), quick)
    mine.start()
    assert done.wait(10)
    mine.stop()
    assert not [one for one in threading.enumerate() if one.name == "chores"]
    stuck = chores(FakeClock(), Chore(name="b", every=timedelta(hours=1), run=lambda: hold.wait(20), shared=False))
    stuck.start()
    stuck.stop()
    hold.set()
    assert REST_S < 1


def test_chores_switched_off_start_no_thread() -> None:
    mine = chores(FakeClock(), enabled=False)
    mine.start()
    assert not [one for one in threading.enumerate() if one.name == "chores" and one.is_alive() and not one.daemon]
    mine.stop()
