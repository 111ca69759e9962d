"""Events are given their numbers beside the requests, by a thread of every process (ERP-09).

What it raises is logged and tried again later; it never ends the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from app.usecases.ports.shared import Clock

EVERY_S: Final = 1.0
# After it was woken it rests this long, so that a busy server numbers the events of many commits at once.
REST_S: Final = 0.25
LONGEST_BACKOFF_S: Final = 60.0
STOP_S: Final = 1.0
_log = structlog.get_logger(source="app.dispatch")


class Ended(Protocol):
    """Hears of each round in this process, and whether it went well."""

    def __call__(self, *, well: bool) -> None:
        """Hear of one."""
        ...


def _unheard(*, well: bool) -> None:
    pass


@dataclass(slots=True)
class Dispatching:
    """Calls ``dispatch`` each second in a thread, and as soon as a commit of this process left events.

    ``told`` is set by whoever leaves events behind; setting it takes a microsecond, as it is on the way of requests.
    ``ended`` hears of each round.
    """

    dispatch: Callable[[], object]
    clock: Clock
    told: threading.Event
    enabled: bool = True
    ended: Ended = _unheard
    _failures: int = 0
    _due_at: float = float("-inf")
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to number events in a thread, unless it is switched off."""
        if self.enabled and self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._loop, name="dispatch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Start nothing more and wait up to a second for what runs; a daemon thread never holds the process up."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        self.told.set()
        if thread is not None:
            thread.join(STOP_S)

    def turn(self) -> float:
        """Do a round if one is due, and give the seconds until the next."""
        woken = self.told.is_set()
        self.told.clear()
        if self._due_at <= self.clock.monotonic() or (woken and not self._failures):
            self._due_at = self._round() + self.clock.monotonic()
        return max(0.0, self._due_at - self.clock.monotonic())

    def _round(self) -> float:
        """Have the waiting events numbered, and give the seconds until the next round."""
        try:
            self.dispatch()
        except Exception:  # noqa: BLE001 - whatever it is, the next round may go well
            self._failures += 1
            wait = min(EVERY_S * (1 << min(self._failures, 10)), LONGEST_BACKOFF_S)
            _log.exception("events could not be numbered", failures=self._failures, again_in_s=wait)
            self.ended(well=False)
            return wait
        self._failures = 0
        self.ended(well=True)
        return EVERY_S

    def _loop(self) -> None:
        while not self._stopping.is_set():
            wait = self.turn()
            if not self._stopping.wait(min(wait, REST_S)):
                self.told.wait(max(0.0, wait - REST_S))
