"""How the installation stands, asked beside the pool: the figures must be there when requests hold all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, bindparam, case, column, func, select, table

from app.infrastructure.database.compiled import Prepared, prepare
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


LATE_S: Final = 300
"""Seconds after which an execution that should go on is late; as many as REST takes for stuck by itself."""
# The engine's own tables: an index leads to what is due, and nothing else is looked at.
_e = table("workflow_executions", column("due", BigInteger), column("claims"), column("ended")).c
_DUE = (
    select(_e.due, _e.claims)
    .where(_e.due <= bindparam("now"), _e.ended.is_(None))
    .order_by(_e.due)
    .limit(MOST_COUNTED)
    .subquery()
)
_OVERDUE = prepare(
    select(
        func.count(),
        func.count(case((_DUE.c.due < bindparam("late"), 1))),
        func.count(case((_DUE.c.claims > 0, 1))),
        func.min(_DUE.c.due),
    ).select_from(_DUE),
    "count due executions",
)


def _counted(name: str) -> Prepared:
    some = select(column("place")).select_from(table(name)).limit(MOST_COUNTED).subquery()
    return prepare(select(func.count()).select_from(some), f"count {name}")


_LETTERS, _TASKS = _counted("workflow_inbox"), _counted("workflow_offers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Executions that should go on, counted up to ``MOST_COUNTED``; the instant of the oldest is in milliseconds.

    ``late`` should have for more than ``LATE_S``, ``suspect`` were held by a worker that died.
    """

    count: int
    late: int
    suspect: int
    oldest: int | None


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


def overdue(database: Database, now: int) -> Overdue:
    """Give the executions of all companies that should go on at an instant in milliseconds. Raises Unavailable."""
    ((count, late, suspect, oldest),) = database.ask(_OVERDUE, now=now, late=now - LATE_S * 1000)
    return Overdue(count=int(count), late=int(late), suspect=int(suspect), oldest=oldest)


def waiting_for_executions(database: Database) -> tuple[int, int]:
    """Give how many letters no execution has read, and tasks no worker has taken, of all companies.

    Each is counted up to ``MOST_COUNTED``. Raises Unavailable.
    """
    ((letters,),), ((tasks,),) = database.ask(_LETTERS), database.ask(_TASKS)
    return int(letters), int(tasks)


def schedule_times(database: Database) -> Mapping[str, datetime]:
    """Give when the next job of each schedule is asked for, by name. Raises Unavailable."""
    return dict(database.ask(_SCHEDULES))


def job_depths(database: Database) -> Sequence[Depth]:
    """Give how many jobs of all companies have not ended well, by kind and state. Raises Unavailable."""
    return list(map(depth, database.ask(DEPTHS)))
