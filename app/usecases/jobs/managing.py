"""What persons do with the jobs of their company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from app.domain.jobs import Job, JobState
from app.domain.shared.ids import JobId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.jobs.running import OnDead
from app.usecases.ports.jobs import Depth
from app.usecases.ports.listing import FieldKind, ListField, Listing, Page, Query, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase

CANCELED: Final = "job_canceled"
JOBS: Final = Listing(
    name="jobs",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="kind", kind=FieldKind.TEXT),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(JobState)),
        ListField(name="priority", kind=FieldKind.COUNT),
        ListField(name="due_at", kind=FieldKind.INSTANT),
        ListField(name="attempts", kind=FieldKind.COUNT),
        ListField(name="error", kind=FieldKind.TEXT),
        ListField(name="request_id", kind=FieldKind.TEXT),
        ListField(name="actor_id", kind=FieldKind.ID, nullable=True),
        ListField(name="created_at", kind=FieldKind.INSTANT),
        ListField(name="started_at", kind=FieldKind.INSTANT, nullable=True),
        ListField(name="ended_at", kind=FieldKind.INSTANT, nullable=True),
        ListField(name="payload", kind=FieldKind.JSON, filterable=False),
    ),
    default_sort=(Sort(field="id", descending=True),),
)

_ACTOR: Final = [field.name for field in JOBS.fields].index("actor_id")


class ListJobs(ListCase):
    """List jobs, newest first."""

    __slots__ = ()
    right = Right.JOBS_READ
    listing = JOBS

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give the page asked for; what the program itself asked for is nobody's."""
        page = ListCase.execute(self, work, context, query)
        return replace(page, rows=[(*row[:_ACTOR], row[_ACTOR] or None, *row[_ACTOR + 1 :]) for row in page.rows])


@dataclass(frozen=True, slots=True)
class ReadJob:
    """Show one job. Raises NotFound."""

    right: ClassVar[Right] = Right.JOBS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: JobId) -> Job:
        """Give the job."""
        return work.jobs.get(request)


@dataclass(frozen=True, slots=True)
class CountJobs:
    """Count the jobs that are not done, by kind and state, with the time at which the oldest of them was due."""

    right: ClassVar[Right] = Right.JOBS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Depth]:
        """Give the counts."""
        return work.jobs.depths()


@dataclass(frozen=True, slots=True)
class RetryJob:
    """Have a job done after all that is dead or was called off, at once and with all its attempts.

    Raises NotFound, InvalidTransition, JobAlreadyThere.
    """

    clock: Clock
    right: ClassVar[Right] = Right.JOBS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: JobId) -> Job:
        """Give the waiting job."""
        job = work.jobs.get(request, lock=True)
        retried = job.retry(self.clock.now())
        work.jobs.save(job)
        work.outbox.add(retried)
        return job


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Call off a job that nobody has begun; ``on_dead`` is by kind. Raises NotFound, InvalidTransition."""

    clock: Clock
    on_dead: Mapping[str, OnDead] = field(default_factory=dict)
    right: ClassVar[Right] = Right.JOBS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: JobId) -> Job:
        """Give the canceled job."""
        found = work.jobs.get(request)
        if (on_dead := self.on_dead.get(found.kind)) is not None:
            on_dead(work, found.payload, CANCELED)
        job = work.jobs.get(request, lock=True)
        canceled = job.cancel(self.clock.now())
        work.jobs.save(job)
        work.outbox.add(canceled)
        return job
