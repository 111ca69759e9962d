"""What jobs need from outside: rows that are written with the business change, and a way to tell who still lives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.jobs import Job, NewJob, Schedule, Worker
from app.domain.shared.ids import JobId, WorkerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How many jobs of a kind are in a state, and since when the longest-due of them is."""

    kind: str
    state: str
    count: int
    oldest_due_at: datetime | None = None


class Jobs(Protocol):
    """Jobs of the context's company."""

    def add(self, job: NewJob) -> None:
        """Have a job done once the transaction has committed; nothing when one for the same thing is there already."""
        ...

    def get(self, job: JobId, *, lock: bool = False) -> Job:
        """Give a job. Raises NotFound."""
        ...

    def save(self, job: Job) -> None:
        """Store a changed job and move its version.

        Raises Stale, and JobAlreadyThere when it would wait beside another for the same thing.
        """
        ...

    def depths(self) -> Sequence[Depth]:
        """Count the jobs that have not ended well, by kind and state."""
        ...


class Queue(Protocol):
    """Jobs of all companies, as workers see them."""

    def due(self, kinds: Collection[str], now: datetime, most: int) -> Sequence[tuple[JobId, str]]:
        """Give jobs that could be claimed, with their kinds: at most so many of each, the more urgent first."""
        ...

    def claim(self, jobs: Collection[JobId], worker: WorkerId) -> Sequence[Job]:
        """Claim those of ``jobs`` that nobody else has taken meanwhile, and give them."""
        ...

    def held(self, worker: WorkerId) -> Sequence[Job]:
        """Give all jobs that a worker has claimed or begun, locked."""
        ...

    def get(self, job: JobId) -> Job | None:
        """Give a job, locked until the end of the transaction."""
        ...

    def save(self, job: Job) -> bool:
        """Store a changed job and move its version; False when somebody else has."""
        ...

    def depths(self) -> Sequence[Depth]:
        """Count the jobs that have not ended well, by kind and state, over all companies."""
        ...

    def enter(self, worker: Worker) -> WorkerId:
        """Enter a worker and give its id."""
        ...

    def seen(self, worker: WorkerId, now: datetime) -> bool:
        """Note that a worker lives; False when somebody took it for dead."""
        ...

    def workers(self) -> Sequence[Worker]:
        """Give all workers that were entered and have not left."""
        ...

    def leave(self, worker: WorkerId) -> None:
        """Remove a worker; it holds no job any more."""
        ...

    def schedules(self) -> Mapping[str, Schedule]:
        """Give all schedules by name."""
        ...

    def schedule(self, schedule: Schedule) -> None:
        """Enter a schedule, or change the one of its name."""
        ...

    def advance(self, schedule: Schedule, following: datetime) -> bool:
        """Move a schedule on from its ``next_at``; False when another process has."""
        ...


class Liveness(Protocol):
    """Locks that end with the process that holds them, whatever ends it."""

    def hold(self, worker: WorkerId) -> None:
        """Take the lock of a worker and keep it until ``release`` or the end of the process. Raises Unavailable."""
        ...

    def holds(self) -> bool:
        """Tell whether the lock is still held: a lost connection loses it."""
        ...

    def dead(self, worker: WorkerId) -> bool:
        """Tell whether nobody holds the lock of a worker. Raises Unavailable."""
        ...

    def release(self) -> None:
        """Give the lock back."""
        ...


class Calendar(Protocol):
    """Reads cron expressions."""

    def following(self, cron: str, zone: str, after: datetime) -> datetime:
        """Give the first time of ``cron`` in ``zone`` after an instant, UTC. Raises BadSchedule."""
        ...
