"""Chores: small things done now and then beside the requests, by a thread of every server process.

A chore that is shared is done by one process among all: its turn is a row that processes claim, and a turn whose
process died is taken over when its lease is over. What a chore raises is logged and tried again later; it never ends
the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from structlog.contextvars import bound_contextvars

from app.domain.shared.errors import NotFound
from app.usecases.chores import Claim, ClaimTurn, EndTurn, ListTurns, Outcome
from app.usecases.context import system_context
from app.usecases.ports.chores import Turn
from app.usecases.ports.shared import Clock
from app.usecases.run import Runner

# After it was woken a chore rests this long, so that a busy server does it for many commits at once.
REST_S: Final = 0.25
# How often a shared chore looks whether its turn has come.
LOOK_S: Final = 30.0
LONGEST_BACKOFF_S: Final = 60.0
# A process that died with a turn keeps it from the others for so long. What runs longer may run twice at once, which
# every shared chore allows.
LEASE: Final = timedelta(minutes=15)
STOP_S: Final = 1.0
_log = structlog.get_logger(source="app.chores")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to ``run`` as often as ``every`` says.

    ``shared``: once per period among all processes. ``woken``: also as soon as a commit of this process left events.
    """

    name: str
    every: timedelta
    run: Callable[[], object]
    shared: bool = True
    woken: bool = False


@dataclass(frozen=True, slots=True)
class Turns:
    """Runs one shared chore when this process gets the turn."""

    runner: Runner
    clock: Clock

    def take(self, chore: Chore, *, at_once: bool = False) -> bool:
        """Run the chore if it is its turn, or ``at_once``, and tell whether it ran. Raises what the chore raises."""
        context = system_context("chores")
        claim = Claim(name=chore.name, lease=LEASE, at_once=at_once)
        turn = self.runner.call(context, ClaimTurn(self.clock), lambda: claim)
        if turn is None:
            return False
        well = False
        try:
            chore.run()
            well = True
        finally:
            outcome = Outcome(turn=turn, every=chore.every, well=well)
            self.runner.call(context, EndTurn(self.clock), lambda: outcome)
        return True

    def all(self) -> Sequence[Turn]:
        """Give how all shared chores stand."""
        return self.runner.call(system_context("chores"), ListTurns(), lambda: None)


@dataclass(slots=True)
class _Next:
    """When a chore is looked at again, by the monotonic clock, and how often it failed in a row."""

    at: float
    failures: int = 0


class Ended(Protocol):
    """Hears of each run of a chore in this process: when it ended, and whether well."""

    def __call__(self, chore: str, at: datetime, *, well: bool) -> None:
        """Hear of one."""
        ...


def _unheard(chore: str, at: datetime, *, well: bool) -> None:
    pass


@dataclass(slots=True)
class Chores:
    """All chores of this process, and the thread that runs them one after the other.

    ``told`` is set by whoever leaves events behind; setting it takes a microsecond, as it is on the way of requests.
    ``ended`` hears of each run.
    """

    chores: Sequence[Chore]
    turns: Turns
    clock: Clock
    told: threading.Event
    enabled: bool = True
    ended: Ended = _unheard
    _next: dict[str, _Next] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Run chores in a thread from now on, unless they are switched off."""
        if self.enabled and self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._loop, name="chores", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Start nothing more and wait up to a second for what runs; a daemon thread never holds the process up."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        self.told.set()
        if thread is not None:
            thread.join(STOP_S)

    def run(self, name: str) -> bool:
        """Run the chore called ``name`` now and tell whether it ran here. Raises NotFound, and what it raises."""
        chore = next((one for one in self.chores if one.name == name), None)
        if chore is None:
            raise NotFound(kind="chore", id=name)
        if chore.shared:
            return self.turns.take(chore, at_once=True)
        chore.run()
        return True

    def turn(self) -> float:
        """Run what is due and give the seconds until something is."""
        woken = self.told.is_set()
        self.told.clear()
        for chore in self.chores:
            due = self._next.setdefault(chore.name, _Next(at=self.clock.monotonic()))
            if due.at <= self.clock.monotonic() or (woken and chore.woken and not due.failures):
                self._try(chore, due)
            if self._stopping.is_set():
                break
        now = self.clock.monotonic()
        return max(0.0, min((due.at - now for due in self._next.values()), default=LOOK_S))

    def _try(self, chore: Chore, due: _Next) -> None:
        period = chore.every.total_seconds()
        with bound_contextvars(chore=chore.name):
            try:
                ran = True
                if chore.shared:
                    ran = self.turns.take(chore)
                    period = min(period, LOOK_S)
                else:
                    chore.run()
                due.failures = 0
                if ran:
                    self.ended(chore.name, self.clock.now(), well=True)
            except Exception:  # noqa: BLE001 - a chore may raise anything, and is tried again
                due.failures += 1
                period = min(max(period, REST_S) * 2 ** min(due.failures, 10), LONGEST_BACKOFF_S)
                _log.exception("a chore failed", failures=due.failures, again_in_s=period)
                self.ended(chore.name, self.clock.now(), well=False)
        due.at = self.clock.monotonic() + period

    def _loop(self) -> None:
        while not self._stopping.is_set():
            wait = self.turn()
            if not self._stopping.wait(min(wait, REST_S)):
                self.told.wait(max(0.0, wait - REST_S))
