"""A clock that tests move."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

START = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


class FakeClock:
    """Stands still until told otherwise; both its times move together."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """Give the present instant, UTC."""
        return self._now

    def today(self, zone: tzinfo) -> date:
        """Give the legal date in ``zone``."""
        return self._now.astimezone(zone).date()

    def monotonic(self) -> float:
        """Give seconds that never go back."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both times on."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set(self, now: datetime) -> None:
        """Put the clock to ``now`` without any time passing."""
        self._now = now
