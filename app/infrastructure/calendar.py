"""Cron expressions, read by cronsim: right through the nights in which clocks change, as Debian's cron has it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from app.domain.jobs import BadSchedule


class CronCalendar:
    """Times of cron expressions."""

    def following(self, cron: str, zone: str, after: datetime) -> datetime:
        """Give the first time of ``cron`` in ``zone`` after an instant, UTC. Raises BadSchedule."""
        try:
            return next(CronSim(cron, after.astimezone(ZoneInfo(zone)))).astimezone(UTC)
        except (CronSimError, StopIteration) as error:
            raise BadSchedule(cron=cron) from error
