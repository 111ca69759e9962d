"""The book of jobs as a worker keeps it: every step is a use case in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from app.domain.jobs import Job, JobState, Schedule, Worker
from app.domain.shared.ids import JobId, WorkerId
from app.usecases import jobs
from app.usecases.context import Context, system_context
from app.usecases.jobs import Claim, Failure, OnDead, Planned, Wanted
from app.usecases.ports.jobs import Calendar
from app.usecases.ports.shared import Clock
from app.usecases.run import Runner, UseCase

Request = TypeVar("Request")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class JobBook:
    """What the pool writes down; every method blocks, and raises Unavailable while there is no database."""

    runner: Runner
    clock: Clock
    calendar: Calendar

    def enter(self, name: str) -> WorkerId:
        """Enter this process."""
        return self._call(jobs.EnterWorker(self.clock), lambda: name)

    def seen(self, worker: WorkerId) -> bool:
        """Note that this process lives; False when others took it for dead."""
        return self._call(jobs.SeeWorker(self.clock), lambda: worker)

    def workers(self) -> Sequence[Worker]:
        """Give all workers."""
        return self._call(jobs.ListWorkers(), lambda: None)

    def free(self, worker: WorkerId) -> int:
        """Let others do what a dead worker held."""
        return self._call(jobs.FreeJobs(), lambda: worker)

    def leave(self, worker: WorkerId) -> None:
        """Take this process out."""
        self._call(jobs.LeaveWorker(), lambda: worker)

    def due(self, kinds: Collection[str], most: int) -> Sequence[tuple[JobId, str]]:
        """Look what could be claimed."""
        return self._call(jobs.LookForJobs(self.clock), lambda: Wanted(kinds=kinds, most=most))

    def claim(self, wanted: Collection[JobId], worker: WorkerId) -> Sequence[Job] | None:
        """Claim jobs; None when others took this process for dead."""
        return self._call(jobs.ClaimJobs(self.clock), lambda: Claim(jobs=wanted, worker=worker))

    def start(self, job: Job, most: int, on_dead: OnDead | None = None) -> Job:
        """Begin an attempt. Raises JobLost."""
        return self.runner.call(of(job), jobs.StartJob(self.clock, most, on_dead), lambda: replace(job))

    def fail(self, failure: Failure, on_dead: OnDead | None = None) -> JobState:
        """Write down how an attempt failed. Raises JobLost when the job is not ours any more."""
        return self.runner.call(of(failure.job), jobs.FailJob(self.clock, on_dead), lambda: failure)

    def hand_back(self, held: Sequence[Job]) -> int:
        """Give jobs back."""
        return self._call(jobs.HandBackJobs(), lambda: held) if held else 0

    def plan(self, schedules: Sequence[Planned]) -> None:
        """Enter the schedules the program knows."""
        self._call(jobs.PlanJobs(self.clock, self.calendar), lambda: schedules)

    def ask_for_scheduled(self) -> int:
        """Ask for what has come to its time; give how many jobs that were."""
        due: Sequence[Schedule] = self._call(jobs.DueSchedules(self.clock), lambda: None)
        case = jobs.AskForScheduled(self.clock, self.calendar)
        return sum(self._call(case, lambda one=one: one) for one in due)  # type: ignore[misc]

    def _call(self, case: UseCase[Request, Result], build: Callable[[], Request]) -> Result:
        return self.runner.call(system_context("jobs"), case, build)


def of(job: Job) -> Context:
    """Give the context in which the job itself is written about: its company's, nobody's rights."""
    return replace(system_context(job.request_id, job.locale), company=job.company, actor=job.actor)
