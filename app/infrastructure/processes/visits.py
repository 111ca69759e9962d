"""Stays in states, out of the events of an execution."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.usecases.ports.workflows import Visit
from app.workflow.kernel import events as e

OPEN: Final = "open"


_OfBranch = e.TaskScheduled | e.StateFailed | e.StateExited | e.WaitStarted | e.SignalAwaited | e.ChildrenStarted


@dataclass(slots=True)
class _Stay:
    state: str
    branch: int
    entered: int
    left: int | None = None
    outcome: str = OPEN
    attempts: int = 0
    error: str = ""

    def shown(self) -> Visit:
        return Visit(**{name: getattr(self, name) for name in self.__slots__})


class Visits:
    """Follows an execution. What a redrive takes up again is a stay of its own."""

    def __init__(self) -> None:
        self._all: list[_Stay] = []
        self._last: dict[int, _Stay] = {}
        """By branch."""

    def follow(self, events: Iterable[e.Event]) -> None:
        """Go on with these."""
        for event in events:
            heard = _HEARD.get(type(event))
            if heard is not None:
                heard(self, event)

    def shown(self) -> list[Visit]:
        """Give all stays in the order in which they began."""
        return [stay.shown() for stay in self._all]

    def entered(self, event: e.StateEntered) -> None:
        """Begin a stay."""
        self._begin(event.branch, event.state, event.at)

    def scheduled(self, event: e.TaskScheduled) -> None:
        """Count an attempt."""
        stay = self._stay(event)
        if stay is not None:
            stay.attempts += 1

    def waited(self, event: _OfBranch) -> None:
        """Take note that a state goes on."""
        self._stay(event)

    def failed(self, event: e.StateFailed) -> None:
        """Note an error; it is the end of the stay unless the state is tried again or the error caught."""
        stay = self._stay(event)
        if stay is not None:
            stay.error = event.error
            if not event.outcome:
                self._end(stay, "failed", event.at)

    def exited(self, event: e.StateExited) -> None:
        """End a stay well, or by a way that catches the error."""
        stay = self._stay(event)
        if stay is not None:
            self._end(stay, "caught" if stay.error and event.transition.startswith("catch:") else "succeeded", event.at)

    def given_up(self, event: e.BranchAborted) -> None:
        """End the stay of a branch whose siblings have decided otherwise."""
        stay = self._last.get(event.branch)
        if stay is not None and stay.outcome == OPEN:
            self._end(stay, "aborted", event.at)

    def over(self, event: Any) -> None:
        """End whatever is open with the execution."""
        for stay in self._last.values():
            if stay.outcome == OPEN:
                self._end(stay, "aborted", event.at)

    def _stay(self, event: _OfBranch) -> _Stay | None:
        """Give the stay that something happens in: of one that has ended a redrive makes another."""
        last = self._last.get(event.branch)
        if last is None or last.outcome == OPEN:
            return last
        return self._begin(event.branch, last.state, event.at)

    def _begin(self, branch: int, state: str, at: int) -> _Stay:
        stay = _Stay(state, branch, at)
        self._last[branch] = stay
        self._all.append(stay)
        return stay

    @staticmethod
    def _end(stay: _Stay, outcome: str, at: int) -> None:
        stay.outcome, stay.left = outcome, at


_HEARD: Final[Mapping[type[e.Event], Callable[[Visits, Any], None]]] = {
    e.StateEntered: Visits.entered,
    e.TaskScheduled: Visits.scheduled,
    e.StateFailed: Visits.failed,
    e.WaitStarted: Visits.waited,
    e.SignalAwaited: Visits.waited,
    e.ChildrenStarted: Visits.waited,
    e.StateExited: Visits.exited,
    e.BranchAborted: Visits.given_up,
    e.ExecutionFailed: Visits.over,
    e.ExecutionTimedOut: Visits.over,
    e.ExecutionAborted: Visits.over,
}
