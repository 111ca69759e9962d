"""How the installation stands, asked beside the pool: the figures must be there when requests hold all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, or_, select

from app.domain.jobs import JobState
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.engine import Database
from app.infrastructure.database.tables.jobs import jobs, schedules
from app.infrastructure.database.tables.shared import outbox
from app.usecases.ports.jobs import Depth

MOST_COUNTED: Final = 10_000
# Counting all of a backlog would slow down just when it is long.
_SOME = select(outbox.c.id).limit(MOST_COUNTED).subquery()
_WAITING = prepare(select(func.count()).select_from(_SOME), "count waiting events")
_OLDEST = prepare(select(outbox.c.occurred_at).order_by(outbox.c.id).limit(1), "select oldest waiting event")
_SCHEDULES = prepare(select(schedules.c.name, schedules.c.next_at).order_by(schedules.c.name), "select times")
_JOBS = prepare(
    select(jobs.c.kind, jobs.c.status, func.count(), func.min(jobs.c.due_at))
    .where(or_(*(jobs.c.status == state for state in JobState if state is not JobState.DONE)))
    .group_by(jobs.c.status, jobs.c.kind),
    "count jobs of all",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Events that wait for a number, counted up to ``MOST_COUNTED``, and when the first of them was written."""

    events: int
    oldest: datetime | None


def backlog(database: Database) -> Backlog:
    """Give the events of all companies that wait for a number. Raises Unavailable."""
    ((events,),) = database.ask(_WAITING)
    oldest = database.ask(_OLDEST)
    return Backlog(events=int(events), oldest=oldest[0][0] if oldest else None)


def schedule_times(database: Database) -> Mapping[str, datetime]:
    """Give when the next job of each schedule is asked for, by name. Raises Unavailable."""
    return dict(database.ask(_SCHEDULES))


def job_depths(database: Database) -> Sequence[Depth]:
    """Give how many jobs of all companies have not ended well, by kind and state. Raises Unavailable."""
    return [
        Depth(kind=kind, state=state, count=count, oldest_due_at=oldest)
        for kind, state, count, oldest in database.ask(_JOBS)
    ]
