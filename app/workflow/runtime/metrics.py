"""What each state costs: how often it was visited, how it ended, how long that took (ORC-07)."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ..kernel import events as e
from ..kernel.events import Event
from ..kernel.frames import Branch, Frame
from .store import Key

OPEN: Final = 100_000
"""Visits under way that are remembered; beyond it the oldest are left out of the durations."""


class Figures(msgspec.Struct):
    """Of one state of one machine; durations in milliseconds, from its entry to its exit or to its failure.

    ``failed`` counts visits that no retry saved, ``attempts`` the tasks scheduled. ``timed`` counts the durations that
    ``total`` and ``longest`` are made of: a visit whose beginning is not known has none.
    """

    succeeded: int = 0
    failed: int = 0
    attempts: int = 0
    timed: int = 0
    total: int = 0
    longest: int = 0

    @property
    def mean(self) -> float | None:
        """Give the mean duration, None before there is one."""
        return self.total / self.timed if self.timed else None

    @property
    def success_rate(self) -> float | None:
        """Give the share of visits that ended well, None before one has ended."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None


class Metrics:
    """A listener that counts. Any thread may read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._figures: dict[tuple[str, str], Figures] = {}
        self._open: dict[tuple[Key, int], tuple[str, int | None]] = {}

    def told(self, key: Key, machine: str, events: Sequence[Event]) -> None:
        """Count the events of a commit."""
        with self._lock:
            for place, event in enumerate(events):
                if isinstance(event, e.StateEntered):
                    self._remember(key, event.branch, event.state, event.at)
                elif isinstance(event, e.StateExited):
                    self._leave(key, machine, event, well=not _caught(events, place))
                elif isinstance(event, e.StateFailed):
                    self._fail(key, machine, event, again=_is_tried_again(events, place))
                elif isinstance(event, e.TaskScheduled):
                    self._attempt(key, machine, event)

    def returned(self, key: Key, machine: str, frame: Frame) -> None:
        """Remember since when an execution is where it is: another process may have brought it there."""
        del machine
        if frame.is_over:
            # What it was in has failed, and was counted.
            return
        with self._lock:
            for branch in filter(_is_visiting, frame.branches.values()):
                self._remember(key, branch.id, branch.state, branch.since or None)

    def figures(self) -> Mapping[tuple[str, str], Figures]:
        """Give a copy of all, by machine and state."""
        with self._lock:
            return {place: msgspec.structs.replace(figures) for place, figures in self._figures.items()}

    def _remember(self, key: Key, branch: int, state: str, since: int | None) -> None:
        self._open[key, branch] = (state, since)
        if len(self._open) > OPEN:
            del self._open[next(iter(self._open))]

    def _attempt(self, key: Key, machine: str, event: e.TaskScheduled) -> None:
        known = self._open.get((key, event.branch))
        if known is not None:
            self._of(machine, known[0]).attempts += 1

    def _fail(self, key: Key, machine: str, event: e.StateFailed, *, again: bool) -> None:
        if not again:
            self._leave(key, machine, event, well=False)

    def _leave(self, key: Key, machine: str, event: e.StateExited | e.StateFailed, *, well: bool) -> None:
        known = self._open.pop((key, event.branch), None)
        if isinstance(event, e.StateExited) and not well:
            # Its failure was counted just before.
            return
        figures = self._of(machine, event.state)
        if well:
            figures.succeeded += 1
        else:
            figures.failed += 1
        if known is not None and known[0] == event.state and known[1] is not None:
            took = event.at - known[1]
            figures.timed += 1
            figures.total += took
            figures.longest = max(figures.longest, took)

    def _of(self, machine: str, state: str) -> Figures:
        return self._figures.setdefault((machine, state), Figures())


def _is_visiting(branch: Branch) -> bool:
    """Tell whether a branch is in a state whose outcome is still to come; a compensation is none."""
    return branch.entered and branch.undo is None and branch.failure is None


def _is_tried_again(events: Sequence[Event], place: int) -> bool:
    for event in events[place + 1 :]:
        if isinstance(event, e.RetryScheduled):
            return True
        if not isinstance(event, e.BranchAborted):
            return False
    return False


def _caught(events: Sequence[Event], place: int) -> bool:
    """Tell whether a state is left because something caught its failure."""
    left = events[place]
    before = next((event for event in reversed(events[:place]) if not isinstance(event, e.BranchAborted)), None)
    return (
        isinstance(before, e.StateFailed)
        and isinstance(left, e.StateExited)
        and before.branch == left.branch
        and before.state == left.state
    )
