"""How the installation stands, asked beside the pool: the figures must be there when requests hold all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.engine import Database
from app.infrastructure.database.repositories.jobs import DEPTHS, depth
from app.infrastructure.database.tables.jobs import schedules
from app.infrastructure.database.tables.shared import outbox
from app.usecases.ports.jobs import Depth

MOST_COUNTED: Final = 10_000
# Counting all of a backlog would slow down just when it is long.
_SOME = select(outbox.c.id).limit(MOST_COUNTED).subquery()
_WAITING = prepare(select(func.count()).select_from(_SOME), "count waiting events")
_OLDEST = prepare(select(outbox.c.occurred_at).order_by(outbox.c.id).limit(1), "select oldest waiting event")
_SCHEDULES = prepare(select(schedules.c.name, schedules.c.next_at).order_by(schedules.c.name), "select times")


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
    return list(map(depth, database.ask(DEPTHS)))
