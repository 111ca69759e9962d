"""Jobs, workers and schedules in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

from sqlalchemy import Executable, Integer, bindparam, delete, func, insert, literal, or_, select, union_all, update

from app.domain.jobs import ENDED, HELD, Job, JobAlreadyThere, JobState, NewJob, Priority, Schedule, Worker
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import CompanyId, JobId, UserId, WorkerId
from app.infrastructure.database.compiled import Row, prepare, prepare_many
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import by_clustered_key, insert_missing, insert_rows, keys, update_rows
from app.infrastructure.database.tables.jobs import job_workers as w
from app.infrastructure.database.tables.jobs import jobs as t
from app.infrastructure.database.tables.jobs import schedules as s
from app.usecases.context import Context
from app.usecases.ports.jobs import Depth
from app.usecases.ports.shared import RolledBack

KEPT: Final = timedelta(days=30)
"""How long a job that ended well, or was called off, is kept."""
_PENDING: Final = "uq_jobs_company_id_kind_pending_key"
_FIELDS: Final = (
    "kind",
    "payload",
    "unique_key",
    "priority",
    "status",
    "due_at",
    "attempts",
    "worker_id",
    "error",
    "actor_id",
    "request_id",
    "trace",
    "locale",
    "created_at",
    "started_at",
    "ended_at",
    "version",
)
_COLUMNS: Final = tuple(t.c[name] for name in ("id", "company_id", *_FIELDS))
_STORED: Final = ("status", "due_at", "attempts", "worker_id", "error", "started_at", "ended_at")
_DERIVED: Final = ("pending_key", "expires_at")
_NEW: Final = ("kind", "payload", "unique_key", "pending_key", "priority", "due_at")
_COMMON: Final = (
    "company_id",
    "status",
    "attempts",
    "error",
    "actor_id",
    "request_id",
    "trace",
    "locale",
    "created_at",
    "version",
)
_ALIVE: Final = or_(*(t.c.status == state for state in JobState if state is not JobState.DONE))

_INSERT = prepare_many(insert_rows(t, _NEW, common=_COMMON))
_THERE = prepare_many(
    lambda n: select(t.c.kind, t.c.pending_key).where(
        t.c.company_id == bindparam("company_id"), keys(t.c.pending_key, "pending_key", n)
    ),
    pads=True,
)
_GET = prepare(select(*_COLUMNS).where(t.c.company_id == bindparam("company_id"), t.c.id == bindparam("job")))
_LOCK_ONE = prepare(
    by_clustered_key(
        select(*_COLUMNS)
        .where(t.c.company_id == bindparam("company_id"), t.c.id == bindparam("job"))
        .with_for_update(),
        t,
    ),
    "lock jobs",
)
_LOCK_ANY = prepare(select(*_COLUMNS).where(t.c.id == bindparam("job")).with_for_update(), "lock jobs.any")
_SAVE = prepare(
    update(t)
    .where(t.c.id == bindparam("job"), t.c.version == bindparam("seen"))
    .values({"version": bindparam("now"), **{name: bindparam(name) for name in (*_STORED, *_DERIVED)}})
)
_CLAIMED = prepare_many(update_rows(t, ("status", "worker_id"), match=("id", "version"), common=(), versioned=True))


def _due(count: int) -> Executable:
    """Give the one look at the heads of ``count`` queues, each of one kind and priority."""
    heads = [
        select(t.c.id, t.c.kind)
        .where(
            t.c.status == JobState.WAITING,
            t.c.kind == bindparam(f"kind__{at}", type_=t.c.kind.type),
            t.c.priority == bindparam(f"priority__{at}", type_=t.c.priority.type),
            t.c.due_at <= bindparam("now", type_=t.c.due_at.type),
        )
        .order_by(t.c.due_at, t.c.id)
        .limit(bindparam("most", type_=Integer()))
        .subquery()
        for at in range(count)
    ]
    return union_all(*(select(head.c.id, head.c.kind, literal(at).label("place")) for at, head in enumerate(heads)))


_DUE = prepare_many(_due, "select jobs.due")
_FREE = prepare_many(
    lambda n: by_clustered_key(
        select(*_COLUMNS)
        .where(keys(t.c.id, "id", n), t.c.status == JobState.WAITING)
        .order_by(t.c.id)
        .with_for_update(skip_locked=True),
        t,
    ),
    "lock jobs.free",
    pads=True,
)
_OF_WORKER = prepare(select(t.c.id).where(t.c.worker_id == bindparam("worker")).order_by(t.c.id))
_HELD = prepare_many(
    lambda n: by_clustered_key(
        select(*_COLUMNS).where(keys(t.c.id, "id", n)).order_by(t.c.id).with_for_update(),
        t,
    ),
    "lock jobs.held",
    pads=True,
)
_DEPTH: Final = (t.c.kind, t.c.status, func.count(), func.min(t.c.due_at))
DEPTHS: Final = prepare(
    select(*_DEPTH).where(_ALIVE).group_by(t.c.status, t.c.kind).order_by(t.c.status, t.c.kind),
    "count jobs.all",
)
_DEPTHS_HERE = prepare(
    select(*_DEPTH)
    .where(_ALIVE, t.c.company_id == bindparam("company_id"))
    .group_by(t.c.status, t.c.kind)
    .order_by(t.c.status, t.c.kind),
    "count jobs",
)
_WORKER: Final = ("name", "started_at", "seen_at")
_ENTER = prepare(insert(w).values({name: bindparam(name) for name in _WORKER}))
_SEEN = prepare(update(w).where(w.c.id == bindparam("worker")).values(seen_at=bindparam("now")))
_WORKERS = prepare(select(w.c.id, *(w.c[name] for name in _WORKER)).order_by(w.c.id))
_LEAVE = prepare(delete(w).where(w.c.id == bindparam("worker")))
_SCHEDULE: Final = ("name", "cron", "zone", "kind", "next_at")
_SCHEDULES = prepare(select(*(s.c[name] for name in _SCHEDULE)).order_by(s.c.name))
_ADD_SCHEDULE = prepare(
    lambda dialect: insert_missing(dialect, s, {name: bindparam(name, type_=s.c[name].type) for name in _SCHEDULE}),
    "make schedules",
)
_CHANGE_SCHEDULE = prepare(
    update(s)
    .where(s.c.name == bindparam("schedule"))
    .values({name: bindparam(f"new_{name}", type_=s.c[name].type) for name in _SCHEDULE[1:]})
)
_ADVANCE = prepare(
    update(s)
    .where(s.c.name == bindparam("schedule"), s.c.next_at == bindparam("seen", type_=s.c.next_at.type))
    .values(next_at=bindparam("following", type_=s.c.next_at.type))
)


class SqlJobs:
    """Jobs of the context's company, in rows of ``jobs``; new ones are written by ``flush``, when all else is."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._context = context
        self._new: list[NewJob] = []

    def add(self, job: NewJob) -> None:
        """Enter a job with the transaction; nothing is entered beside another for the same thing."""
        self._new.append(job)

    def flush(self, now: datetime, trace: str = "") -> bool:
        """Write the new jobs, which go on with ``trace``, and tell whether there were any."""
        asked, self._new = self._new, []
        new = {(job.kind, job.unique or at): job for at, job in enumerate(asked)}
        there = self._there([job for job in new.values() if job.unique])
        # In the order of their keys: of two transactions that enter the same two, one waits for the other.
        rows = [self._row(job, now) for job in sorted(new.values(), key=_place) if _place(job) not in there]
        try:
            self._session.many(_INSERT, rows, **self._common(now, trace))
        except ConstraintViolated as violated:
            if violated.constraint != _PENDING:
                raise
            raise RolledBack from violated  # somebody entered the same just now: the next attempt sees it
        return bool(rows)

    def get(self, job: JobId, *, lock: bool = False) -> Job:
        """Give a job. Raises NotFound."""
        given: dict[str, Any] = {"company_id": self._context.company, "job": job}
        row = self._session.one(_LOCK_ONE, lock=Lock.job([job]), **given) if lock else self._session.one(_GET, **given)
        if row is None:
            raise NotFound(kind="job", id=job)
        return _job(row)

    def save(self, job: Job) -> None:
        """Store a changed job and move its version. Raises Stale, JobAlreadyThere."""
        try:
            saved = _save(self._session, job)
        except ConstraintViolated as violated:
            if violated.constraint != _PENDING:
                raise
            raise JobAlreadyThere(kind=job.kind, unique=job.unique) from violated
        if not saved:
            raise Stale(seen=job.version)

    def depths(self) -> Sequence[Depth]:
        """Count the jobs that have not ended well, by kind and state."""
        return list(map(depth, self._session.all(_DEPTHS_HERE, company_id=self._context.company)))

    def _there(self, jobs: Sequence[NewJob]) -> frozenset[tuple[str, str]]:
        if not jobs:
            return frozenset()
        rows = [{"pending_key": job.unique} for job in jobs]
        found = self._session.all_of(_THERE, rows, company_id=self._context.company)
        return frozenset((row[0], row[1]) for row in found)

    def _row(self, job: NewJob, now: datetime) -> dict[str, Any]:
        return {
            "kind": job.kind,
            "payload": job.payload,
            "unique_key": job.unique,
            "pending_key": job.unique or None,
            "priority": int(job.priority),
            "due_at": job.due_at or now,
        }

    def _common(self, now: datetime, trace: str) -> dict[str, Any]:
        context = self._context
        return {
            "company_id": context.company,
            "status": JobState.WAITING,
            "attempts": 0,
            "error": "",
            "actor_id": context.actor,
            "request_id": context.request_id,
            "trace": trace,
            "locale": context.locale,
            "created_at": now,
            "version": 1,
        }


class SqlQueue:
    """Jobs of all companies, workers and schedules."""

    def __init__(self, session: Session, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def due(self, kinds: Collection[str], now: datetime, most: int) -> Sequence[tuple[JobId, str]]:
        """Give jobs that could be claimed, with their kinds: at most so many of each, the more urgent first."""
        heads = [{"kind": kind, "priority": int(priority)} for priority, kind in product(Priority, sorted(kinds))]
        found = self._session.all_of(_DUE, heads, now=now, most=most)
        taken: dict[str, int] = {}
        due = []
        for job, kind, _ in sorted(found, key=lambda row: row[2]):
            taken[kind] = taken.get(kind, 0) + 1
            if taken[kind] <= most:
                due.append((JobId(job), str(kind)))
        return due

    def claim(self, jobs: Collection[JobId], worker: WorkerId) -> Sequence[Job]:
        """Claim those of ``jobs`` that nobody else has taken meanwhile, and give them."""
        rows = self._session.all_of(_FREE, [{"id": job} for job in sorted(jobs)], lock=Lock.job(sorted(jobs)))
        claimed = [_job(row) for row in rows]
        for job in claimed:
            job.claim(worker)
        values = [{"id": j.id, "version": j.version, "status": j.state, "worker_id": j.worker} for j in claimed]
        if self._session.many(_CLAIMED, values) != len(claimed):
            raise RolledBack
        for job in claimed:
            job.version += 1
        return claimed

    def held(self, worker: WorkerId) -> Sequence[Job]:
        """Give all jobs that a worker has claimed or begun, locked."""
        ids = [row[0] for row in self._session.all(_OF_WORKER, worker=worker)]
        rows = self._session.all_of(_HELD, [{"id": job} for job in ids], lock=Lock.job(ids))
        return [job for job in map(_job, rows) if job.worker == worker and job.state in HELD]

    def get(self, job: JobId) -> Job | None:
        """Give a job, locked until the end of the transaction."""
        row = self._session.one(_LOCK_ANY, lock=Lock.job([job]), job=job)
        return None if row is None else _job(row)

    def save(self, job: Job) -> bool:
        """Store a changed job and move its version; False when somebody else has."""
        return _save(self._session, job)

    def depths(self) -> Sequence[Depth]:
        """Count the jobs that have not ended well, by kind and state, over all companies."""
        return list(map(depth, self._session.all(DEPTHS)))

    def enter(self, worker: Worker) -> WorkerId:
        """Enter a worker and give its id."""
        return WorkerId(self._session.insert(_ENTER, **{name: getattr(worker, name) for name in _WORKER}))

    def seen(self, worker: WorkerId, now: datetime) -> bool:
        """Note that a worker lives; False when somebody took it for dead."""
        return bool(self._session.run(_SEEN, worker=worker, now=now))

    def workers(self) -> Sequence[Worker]:
        """Give all workers that were entered and have not left."""
        return [
            Worker(id=WorkerId(row[0]), **dict(zip(_WORKER, row[1:], strict=True)))
            for row in self._session.all(_WORKERS)
        ]

    def leave(self, worker: WorkerId) -> None:
        """Remove a worker; it holds no job any more."""
        self._session.run(_LEAVE, worker=worker)

    def schedules(self) -> Mapping[str, Schedule]:
        """Give all schedules by name."""
        return {row[0]: Schedule(**dict(zip(_SCHEDULE, row, strict=True))) for row in self._session.all(_SCHEDULES)}

    def schedule(self, schedule: Schedule) -> None:
        """Enter a schedule, or change the one of its name."""
        values = {name: getattr(schedule, name) for name in _SCHEDULE}
        self._session.run(_ADD_SCHEDULE, **values)
        name = values.pop("name")
        self._session.run(_CHANGE_SCHEDULE, schedule=name, **{f"new_{key}": value for key, value in values.items()})

    def advance(self, schedule: Schedule, following: datetime) -> bool:
        """Move a schedule on from its ``next_at``; False when another process has."""
        given = {"schedule": schedule.name, "seen": schedule.next_at, "following": following}
        return bool(self._session.run(_ADVANCE, **given))


def _place(job: NewJob) -> tuple[str, str]:
    return job.kind, job.unique


def _save(session: Session, job: Job) -> bool:
    ended = job.state in ENDED
    expires = job.ended_at + KEPT if job.ended_at is not None and job.state is not JobState.DEAD else None
    saved = session.run(
        _SAVE,
        job=job.id,
        seen=job.version,
        now=job.version + 1,
        pending_key=None if ended or not job.unique else job.unique,
        expires_at=expires,
        status=job.state,
        worker_id=job.worker,
        **{name: getattr(job, name) for name in _STORED if name not in {"status", "worker_id"}},
    )
    if saved:
        job.version += 1
    return bool(saved)


def depth(row: Row) -> Depth:
    """Give one row of the counts of jobs."""
    kind, state, count, oldest = row
    return Depth(kind=kind, state=state, count=count, oldest_due_at=oldest)


def _job(row: Row) -> Job:
    given = dict(zip(("id", "company", *_FIELDS), row, strict=True))
    return Job(
        id=JobId(given.pop("id")),
        company=CompanyId(given.pop("company")),
        worker=None if (worker := given.pop("worker_id")) is None else WorkerId(worker),
        actor=UserId(given.pop("actor_id")),
        unique=given.pop("unique_key"),
        state=given.pop("status"),
        priority=Priority(given.pop("priority")),
        **given,
    )
