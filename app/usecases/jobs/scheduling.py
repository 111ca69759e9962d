"""Jobs that come again: each time of a schedule is asked for once, whoever looks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.jobs import NewJob, Schedule
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.jobs import Calendar
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A schedule as the program knows it; see ``Schedule``."""

    name: str
    cron: str
    kind: str
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class PlanJobs:
    """Enter the schedules that the program knows; one whose times were changed begins anew."""

    clock: Clock
    calendar: Calendar
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Sequence[Planned]) -> int:
        """Give how many are new or changed. Raises BadSchedule."""
        there = work.queue.schedules()
        changed = 0
        for one in request:
            known = there.get(one.name)
            if known is not None and (known.cron, known.zone, known.kind) == (one.cron, one.zone, one.kind):
                continue
            following = self.calendar.following(one.cron, one.zone, self.clock.now())
            work.queue.schedule(Schedule(name=one.name, cron=one.cron, zone=one.zone, kind=one.kind, next_at=following))
            changed += 1
        return changed


@dataclass(frozen=True, slots=True)
class ListSchedules:
    """Give all schedules that were ever entered."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Mapping[str, Schedule]:
        """Give them by name."""
        return work.queue.schedules()


@dataclass(frozen=True, slots=True)
class DueSchedules:
    """Look which schedules have come to their time."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Schedule]:
        """Give them by name."""
        now = self.clock.now()
        return [one for one in work.queue.schedules().values() if one.next_at <= now]


@dataclass(frozen=True, slots=True)
class AskForScheduled:
    """Ask for the job of a schedule that is due, and move the schedule on past now."""

    clock: Clock
    calendar: Calendar
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Schedule) -> bool:
        """Tell whether it was ours to ask: of several processes one is told so."""
        now = self.clock.now()
        following = self.calendar.following(request.cron, request.zone, max(now, request.next_at))
        if not work.queue.advance(request, following):
            return False
        at = request.next_at.isoformat()
        work.jobs.add(NewJob(kind=request.kind, payload={"at": at}, unique=f"{request.name}@{at}"))
        return True
