"""The time, and waiting: the only place that reads the machine's clocks and the only one with chance in it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

import structlog

REMEASURE_SECONDS: Final = 60.0
FIRST_PAUSE_SECONDS: Final = 0.005
LONGEST_PAUSE_SECONDS: Final = 0.2
_log = structlog.get_logger(source="app.clock")


class OffsetClock:
    """The time of a reference, usually the database's, so that all processes agree on what is due.

    ``measure`` gives the reference's present instant, UTC. It is asked when the time is first needed, and again in the
    background when that is a minute ago; in between the time follows this machine's monotonic clock, so it does not
    jump when the machine's clock is set. Without ``measure``, or when it fails at first, the machine's own clock is the
    reference.
    """

    def __init__(self, measure: Callable[[], datetime] | None = None) -> None:
        self._measure = measure or _machine
        self._measuring = threading.Lock()
        self._reference: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """Give the reference's present instant, UTC."""
        at, then = self._reference or self._first()
        elapsed = time.monotonic() - then
        if elapsed > REMEASURE_SECONDS and self._measuring.acquire(blocking=False):
            # Whoever asks may hold the last free connection, which measuring needs: never wait for it here.
            threading.Thread(target=self._again, name="clock", daemon=True).start()
        return at + timedelta(seconds=elapsed)

    def _first(self) -> tuple[datetime, float]:
        with self._measuring:
            if self._reference is None:
                self._reference = self._taken() or (_machine(), time.monotonic())
            return self._reference

    def _again(self) -> None:
        try:
            assert self._reference is not None  # noqa: S101 - only called once the time was known
            at, then = self._reference
            now = time.monotonic()
            # A reference that does not answer leaves the time going on as it did; it is asked again in a minute.
            self._reference = self._taken() or (at + timedelta(seconds=now - then), now)
        finally:
            self._measuring.release()

    def _taken(self) -> tuple[datetime, float] | None:
        """Ask the reference; its answer counts for the middle of the round trip."""
        before = time.monotonic()
        try:
            at = self._measure()
        except Exception:  # noqa: BLE001 - whatever the reference has, the time goes on
            _log.warning("the reference clock does not answer", exc_info=True)
            return None
        return at, (before + time.monotonic()) / 2

    def today(self, zone: tzinfo) -> date:
        """Give the legal date in ``zone``."""
        return self.now().astimezone(zone).date()

    def monotonic(self) -> float:
        """Give seconds of this machine's monotonic clock."""
        return time.monotonic()


def _machine() -> datetime:
    return datetime.now(UTC)


def pause(attempt: int) -> None:
    """Wait before the attempt after ``attempt`` failed ones: twice as long each time up to 0.2 s, less a random part.

    The random part keeps transactions that collided once from colliding again in step.
    """
    longest = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
    time.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


def wait(seconds: float) -> None:
    """Wait so many seconds, neither more nor less."""
    time.sleep(seconds)
