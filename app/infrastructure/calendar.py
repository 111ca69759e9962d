"""Cron expressions, read by cronsim: right through the nights in which clocks change, as Debian's cron has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from app.domain.jobs import BadSchedule

FIELDS: Final = 5
"""Cronsim would take a sixth for seconds, and nobody looks that often."""
_NO_ZONE: Final = (KeyError, ValueError, OSError)
"""What ZoneInfo raises: for a name that is none, for one that leads elsewhere, for one that is a folder."""


class CronCalendar:
    """Times of cron expressions."""

    def following(self, cron: str, zone: str, after: datetime) -> datetime:
        """Give the first time of ``cron`` in ``zone`` after an instant, UTC. Raises BadSchedule."""
        if len(cron.split()) != FIELDS:
            raise BadSchedule(cron=cron, zone=zone)
        try:
            return next(CronSim(cron, after.astimezone(ZoneInfo(zone)))).astimezone(UTC)
        except (CronSimError, StopIteration, *_NO_ZONE) as error:
            raise BadSchedule(cron=cron, zone=zone) from error
