"""How workers do jobs: claim, begin, end; and what becomes of the jobs of one that died.

Every step stores the job under the version it was seen in. Who was taken for dead, and is not, finds a newer version:
its step is refused with JobLost, and what it did in the same transaction is undone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar

from app.domain.jobs import Job, JobLost, JobState, Worker, delay
from app.domain.shared.ids import JobId, WorkerId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.jobs import Depth
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import UseCase

WORN_OUT = "worn_out"
Request = TypeVar("Request")
Result = TypeVar("Result")


class OnDead(Protocol):
    """What a kind of job has done in the transaction in which one of its jobs is given up or called off.

    Locks are taken in their order, jobs last: it comes before the job is locked, and is undone when the job goes on.
    """

    def __call__(self, work: Work, payload: Mapping[str, object], reason: str, /) -> None:
        """Do it; ``reason`` is a code or the name of an exception. Raises nothing of the business."""
        ...


@dataclass(frozen=True, slots=True)
class EnterWorker:
    """Enter a process that does jobs, by a name for people."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: str) -> WorkerId:
        """Give its id."""
        now = self.clock.now()
        return work.queue.enter(Worker(id=WorkerId(0), name=request[:120], started_at=now, seen_at=now))


@dataclass(frozen=True, slots=True)
class SeeWorker:
    """Note that a worker lives."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: WorkerId) -> bool:
        """Tell whether it is still entered; a worker that was taken for dead has no job any more."""
        return work.queue.seen(request, self.clock.now())


@dataclass(frozen=True, slots=True)
class ListWorkers:
    """Give all workers that were entered and have not left."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Worker]:
        """Give the workers by id."""
        return work.queue.workers()


@dataclass(frozen=True, slots=True)
class LeaveWorker:
    """Remove a worker that has handed its jobs back."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: WorkerId) -> None:
        """Remove it."""
        work.queue.leave(request)


@dataclass(frozen=True, slots=True)
class FreeJobs:
    """Let others do the jobs of a worker that died, at once, and remove it."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: WorkerId) -> int:
        """Give how many jobs were freed; an attempt that was under way counts as one."""
        work.queue.leave(request)  # first: from now on it claims nothing that would be overlooked
        jobs = work.queue.held(request)
        for job in jobs:
            job.hand_back()
            work.queue.save(job)
        return len(jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Asks for jobs of some kinds, at most so many of each."""

    kinds: Collection[str]
    most: int


@dataclass(frozen=True, slots=True)
class LookForJobs:
    """Look which jobs could be claimed, without holding anybody up."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Wanted) -> Sequence[tuple[JobId, str]]:
        """Give the jobs with their kinds."""
        return work.queue.due(request.kinds, self.clock.now(), request.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Asks for jobs on behalf of a worker."""

    jobs: Collection[JobId]
    worker: WorkerId


@dataclass(frozen=True, slots=True)
class ClaimJobs:
    """Claim jobs; those that another worker has taken meanwhile are left out."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Claim) -> Sequence[Job] | None:
        """Give the jobs claimed; None when the worker was taken for dead: nobody would free what it claims."""
        if not work.queue.seen(request.worker, self.clock.now()):
            return None
        return work.queue.claim(request.jobs, request.worker)


@dataclass(frozen=True, slots=True)
class StartJob:
    """Begin an attempt at a claimed job, or give the job up when its workers died at it ``most`` times."""

    clock: Clock
    most: int
    on_dead: OnDead | None = None
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Job) -> Job:
        """Give the job, running or dead. Raises JobLost."""
        spent = request.attempts >= self.most
        request.start(self.clock.now())
        if spent:
            request.attempts -= 1
            _give_up(work, request, self.clock.now(), WORN_OUT, self.on_dead)
        _keep(work, request)
        return request


@dataclass(frozen=True, slots=True)
class EndAttempt(Generic[Request, Result]):
    """Do ``case`` and end the job well, both or neither: what the case does to the database happens once.

    Raises JobLost when the job is another worker's by now, and what the case raises.
    """

    clock: Clock
    job: Job
    case: UseCase[Request, Result] | None = None

    @property
    def right(self) -> Right | None:
        """What the case needs."""
        return None if self.case is None else self.case.right

    @property
    def writes(self) -> bool:
        """It always writes: the job."""
        return True

    @property
    def fresh(self) -> bool:
        """Whether rights are read anew, as the case asks."""
        return bool(getattr(self.case, "fresh", False))

    def execute(self, work: Work, context: Context, request: Request) -> Result | None:
        """Give what the case gives."""
        result = None if self.case is None else self.case.execute(work, context, request)
        job = replace(self.job)
        job.finish(self.clock.now())
        _keep(work, job)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an attempt failed: ``error`` is a code or the name of an exception, never its text.

    ``lasting``: no later attempt would do better. ``until``: it was no attempt, and is made again then.
    """

    job: Job
    error: str
    most: int
    lasting: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailJob:
    """Have a job done again later, or keep it for a person after its last attempt."""

    clock: Clock
    on_dead: OnDead | None = None
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Failure) -> JobState:
        """Give the job's state. Raises JobLost when it is not ours any more, or was done after all."""
        job, now = replace(request.job), self.clock.now()
        if request.until is not None:
            job.hand_back(request.until, request.error, counted=False)
        elif request.lasting or job.attempts >= request.most:
            _give_up(work, job, now, request.error, self.on_dead)
        else:
            job.hand_back(now + delay(job.attempts), request.error)
        _keep(work, job)
        return job.state


@dataclass(frozen=True, slots=True)
class HandBackJobs:
    """Give jobs back that were not finished, as if they had not been begun."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Sequence[Job]) -> int:
        """Give how many were ours to give back."""
        given = 0
        for held in sorted(request, key=lambda one: one.id):  # the order in which others lock them
            job = work.queue.get(held.id)
            if job is not None and job.version == held.version:
                job.hand_back(counted=False)
                given += work.queue.save(job)
        return given


@dataclass(frozen=True, slots=True)
class CountAllJobs:
    """Count the jobs of all companies that are not done, for those who run the installation."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Depth]:
        """Give the counts by kind and state."""
        return work.queue.depths()


def _give_up(work: Work, job: Job, now: datetime, error: str, on_dead: OnDead | None) -> None:
    """Keep a job for a person, and have its kind take note."""
    if on_dead is not None:
        on_dead(work, job.payload, error)
    work.outbox.add(job.give_up(now, error))


def _keep(work: Work, job: Job) -> None:
    """Store a job that must still be ours. Raises JobLost."""
    if not work.queue.save(job):
        raise JobLost(id=job.id)
