"""Jobs: work that was asked for with a business change and is done beside it, once, whoever dies in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import ClassVar, Final

from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import CompanyId, JobId, UserId, WorkerId
from app.domain.shared.states import advance
from app.workflow.kernel.lifecycle import Lifecycle, Transition

FIRST_DELAY: Final = timedelta(seconds=5)
LONGEST_DELAY: Final = timedelta(minutes=10)
LONGEST_ERROR: Final = 500


class JobState(StrEnum):
    """Where a job stands. ``claimed``: a worker has it and has not begun; ``dead``: it waits for a person."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"
    CANCELED = "canceled"


JOB: Final = Lifecycle(
    "job",
    JobState,
    initial=JobState.WAITING,
    transitions=(
        Transition("claim", JobState.WAITING, JobState.CLAIMED),
        Transition("start", JobState.CLAIMED, JobState.RUNNING),
        Transition("finish", JobState.RUNNING, JobState.DONE),
        Transition("hand_back", JobState.CLAIMED, JobState.WAITING),
        Transition("hand_back", JobState.RUNNING, JobState.WAITING),
        Transition("give_up", JobState.RUNNING, JobState.DEAD),
        Transition("cancel", JobState.WAITING, JobState.CANCELED),
        Transition("retry", JobState.DEAD, JobState.WAITING),
        Transition("retry", JobState.CANCELED, JobState.WAITING),
    ),
)
ENDED: Final = frozenset({JobState.DONE, JobState.DEAD, JobState.CANCELED})
HELD: Final = frozenset({JobState.CLAIMED, JobState.RUNNING})


class Priority(IntEnum):
    """Which of several due jobs of a kind comes first."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


class JobLost(Conflict):
    """The job is not this worker's any more: it was handed to another, or ended."""

    code = "jobs.lost"


class BadSchedule(Invalid):
    """The cron expression has not five fields of cron, names no time that ever comes, or its time zone is none."""

    code = "jobs.bad_schedule"


class JobAlreadyThere(Conflict):
    """Another job for the same thing is waiting or at work."""

    code = "jobs.already_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent(Event):
    """What all events of a job share."""

    aggregate: ClassVar[str] = "job"
    id: JobId
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDied(JobEvent):
    """A job failed for good, and waits for a person."""

    name: ClassVar[str] = "jobs.died"
    attempts: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetried(JobEvent):
    """A person had a job that was dead or canceled done after all."""

    name: ClassVar[str] = "jobs.retried"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCanceled(JobEvent):
    """A person called off a job that nobody had begun."""

    name: ClassVar[str] = "jobs.canceled"


class Postponed(Exception):
    """What a job needs is away until an instant: it is done then, and has used up no attempt.

    ``reason`` is a code for people.
    """

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """Work to be done once the transaction has committed, of a ``kind`` that workers know.

    ``payload`` names what it is about by ids, never secrets or whole documents. While a job with the same ``unique``
    text of the same kind waits or is at work, a second one is not entered. ``due_at`` None is at once.
    """

    kind: str
    payload: Mapping[str, object] = field(default_factory=dict)
    unique: str = ""
    priority: Priority = Priority.NORMAL
    due_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Job:
    """One job. ``attempts`` counts how often it was begun; ``worker`` holds it while it is claimed or running.

    ``actor`` and ``request_id`` are of who asked for it, ``trace`` is the trace context it came from (W3C
    traceparent). The company 0 is the installation itself.
    """

    id: JobId = JobId(0)
    company: CompanyId
    kind: str
    payload: Mapping[str, object]
    unique: str = ""
    priority: Priority = Priority.NORMAL
    state: JobState = JobState.WAITING
    due_at: datetime
    attempts: int = 0
    worker: WorkerId | None = None
    error: str = ""
    actor: UserId
    request_id: str
    trace: str = ""
    locale: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    version: int = 1

    def claim(self, worker: WorkerId) -> None:
        """Put it into a worker's buffer. Raises InvalidTransition, as all steps do."""
        self._advance("claim")
        self.worker = worker

    def start(self, now: datetime) -> None:
        """Begin an attempt."""
        self._advance("start")
        self.attempts += 1
        self.started_at = now

    def finish(self, now: datetime) -> None:
        """End it well."""
        self._end("finish", now)
        self.error = ""

    def hand_back(self, due_at: datetime | None = None, error: str = "", *, counted: bool = True) -> None:
        """Let another worker do it, from ``due_at`` on; ``counted`` says whether the attempt was one."""
        if self.state is JobState.RUNNING and not counted:
            self.attempts -= 1
        self._advance("hand_back")
        self.worker = None
        self.due_at = due_at or self.due_at
        self.error = error[:LONGEST_ERROR] or self.error

    def give_up(self, now: datetime, error: str) -> JobDied:
        """Keep it for a person."""
        self._end("give_up", now)
        self.error = error[:LONGEST_ERROR]
        return JobDied(id=self.id, kind=self.kind, attempts=self.attempts, error=self.error)

    def cancel(self, now: datetime) -> JobCanceled:
        """Call it off before anybody begins."""
        self._end("cancel", now)
        return JobCanceled(id=self.id, kind=self.kind)

    def retry(self, now: datetime) -> JobRetried:
        """Have it done after all, with all its attempts again."""
        self._advance("retry")
        self.due_at, self.attempts, self.ended_at = now, 0, None
        return JobRetried(id=self.id, kind=self.kind)

    def _advance(self, step: str) -> None:
        self.state = advance(JOB, self.state, step)

    def _end(self, step: str, now: datetime) -> None:
        self._advance(step)
        self.ended_at, self.worker = now, None


def delay(failures: int) -> timedelta:
    """Give how long a job waits after so many failed attempts: 5 s, 10 s, 20 s ... up to 10 minutes."""
    return min(FIRST_DELAY * (1 << min(max(failures, 1) - 1, 20)), LONGEST_DELAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One incarnation of a process that does jobs; it holds its liveness lock for as long as it lives."""

    id: WorkerId
    name: str
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A job that comes again: ``cron`` has five fields (minute, hour, day of month, month, day of week) in ``zone``.

    A time that a change of clocks leaves out comes right after it, one that comes twice counts once. What was missed
    while nobody worked is made up for once, not for each time.
    """

    name: str
    cron: str
    zone: str
    kind: str
    next_at: datetime
