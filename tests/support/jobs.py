"""Pools of jobs in this process, each with a loop of its own in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

from sqlalchemy import bindparam, select

from app.bootstrap import Container
from app.domain.jobs import Job, JobState, NewJob
from app.domain.shared.ids import JobId, UserId
from app.infrastructure.calendar import CronCalendar
from app.infrastructure.clock import pause
from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.engine import Database
from app.infrastructure.database.liveness import liveness_of
from app.infrastructure.database.tables.jobs import jobs
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context, Deadline, system_context
from app.usecases.jobs import Claim, ClaimJobs, EnterWorker, FailJob, Failure, LeaveWorker, Planned, StartJob
from app.usecases.ports.jobs import Liveness
from app.usecases.ports.shared import Clock
from app.usecases.run import Runner
from app.worker.book import JobBook
from app.worker.kinds import Attempt, JobKind
from app.worker.pool import Pool, PoolSettings, PoolTools
from tests.support.office import Office

WAIT_S: Final = 60.0
"""Longer than anything takes; a test that waits so long has failed."""
_numbers = count(1)
_IDS = Prepared(
    select(jobs.c.id).where(jobs.c.company_id == bindparam("company_id")).order_by(jobs.c.id), "ids of jobs"
)


def fresh(name: str) -> str:
    """Give a kind that no other test asks for: all of them share the queue."""
    return f"{name}.{next(_numbers)}"


def ask(works: SqlWorks, context: Context, *new: NewJob) -> list[JobId]:
    """Ask for jobs in one transaction, and give the ids of the company's jobs of these kinds, oldest first."""
    with works.writing(context) as work:
        for job in new:
            work.jobs.add(job)
        work.commit()
    return [job.id for job in stand(works, context, {job.kind for job in new})]


def stand(works: SqlWorks, context: Context, kinds: Iterable[str]) -> list[Job]:
    """Give the company's jobs of some kinds by id, as they stand."""
    wanted = set(kinds)
    with works.reading(context) as work:
        rows = work.session.all(_IDS, company_id=context.company)
        return [job for job in (work.jobs.get(JobId(row[0])) for row in rows) if job.kind in wanted]


def asked(office: Office, *new: NewJob, by: int | None = None) -> list[JobId]:
    """Ask for jobs ``by`` who is signed in; give the ids of the company's jobs of these kinds, oldest first."""
    container = office.served.container
    assert isinstance(container.works, SqlWorks)
    actor = UserId(office.get("/me")["user"] if by is None else by)
    return ask(container.works, replace(container.context_of(office.company), actor=actor), *new)


def kill(office: Office, job: JobId, error: str = "unavailable") -> None:
    """Let a waiting job fail for good, as a worker does."""
    runner, clock, system = office.served.container.runner, office.served.container.clock, system_context("test")
    worker = runner.call(system, EnterWorker(clock), lambda: "test")
    claimed = runner.call(system, ClaimJobs(clock), lambda: Claim(jobs=[job], worker=worker))
    assert claimed
    (held,) = claimed
    acting = replace(system, company=office.company)
    begun = runner.call(acting, StartJob(clock, 1), lambda: held)
    failure = Failure(job=begun, error=error, most=1)
    assert runner.call(acting, FailJob(clock), lambda: failure) is JobState.DEAD
    runner.call(system, LeaveWorker(), lambda: worker)


def states(works: SqlWorks, context: Context, kinds: Iterable[str]) -> list[JobState]:
    """Give the states of the company's jobs of some kinds, by id."""
    return [job.state for job in stand(works, context, kinds)]


@dataclass
class Gate:
    """Holds jobs until it is opened, and tells how many have come."""

    come: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    open: threading.Event = field(default_factory=threading.Event)
    most: int = 0
    _at: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _attempt: Attempt) -> None:
        with self._turn:
            self._at += 1
            self.most = max(self.most, self._at)
        self.come.release()
        assert self.open.wait(WAIT_S)
        with self._turn:
            self._at -= 1

    def wait_for(self, number: int) -> None:
        """Wait until so many more have come."""
        for _ in range(number):
            assert self.come.acquire(timeout=WAIT_S)


@dataclass
class Ends:
    """Hears how attempts end, and waits for so many of them."""

    heard: list[tuple[str, str]] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, kind: str, outcome: str, _seconds: float) -> None:
        with self._more:
            self.heard.append((kind, outcome))
            self._more.notify_all()

    def wait_for(self, number: int, outcome: str | None = None) -> list[str]:
        """Give the outcomes heard, once there are so many (of one kind of outcome, if named)."""
        with self._more:
            assert self._more.wait_for(lambda: self._count(outcome) >= number, WAIT_S), self.heard
            return [one for _, one in self.heard]

    def _count(self, outcome: str | None) -> int:
        return sum(outcome in {None, one} for _, one in self.heard)


@dataclass
class Running:
    """A pool at work, what it hears, and the end of its thread."""

    pool: Pool
    ends: Ends
    thread: threading.Thread
    loop: asyncio.AbstractEventLoop

    def drain(self) -> None:
        """Let it come to its end; its time runs from now on."""
        heard = threading.Event()

        def drain() -> None:
            self.pool.drain()
            heard.set()

        self.loop.call_soon_threadsafe(drain)
        assert heard.wait(WAIT_S)

    def over(self) -> None:
        """Wait for its end."""
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()

    def stop(self) -> None:
        """Let it come to its end, and wait."""
        if self.thread.is_alive():
            self.drain()
            self.over()


def context_for(clock: Clock) -> Callable[[Job, float], Context]:
    """Give what gives the context of a job: that of its company, with nobody's rights."""

    def give(job: Job, seconds: float) -> Context:
        deadline = Deadline(seconds, clock.monotonic)
        return replace(system_context(job.request_id), company=job.company, actor=job.actor, deadline=deadline)

    return give


@contextmanager
def pool_at_work(
    database: Database,
    clock: Clock,
    kinds: Sequence[JobKind],
    *,
    works: SqlWorks | None = None,
    liveness: Liveness | None = None,
    schedules: Sequence[Planned] = (),
    **settings: Any,
) -> Iterator[Running]:
    """Run a pool in a thread until the end of the block."""
    runner = Runner(works or SqlWorks(database, clock), pause)
    ends = Ends()
    tools = PoolTools(
        book=JobBook(runner, clock, CronCalendar()),
        kinds={kind.name: kind for kind in kinds},
        liveness=liveness or liveness_of(database),
        runner=runner,
        clock=clock,
        context=context_for(clock),
        schedules=schedules,
        told=ends,
    )
    loop = asyncio.new_event_loop()
    pool = Pool(tools, PoolSettings(name="test", **({"poll_s": 0.02} | settings)))
    thread = threading.Thread(target=lambda: loop.run_until_complete(pool.run()), daemon=True)
    running = Running(pool, ends, thread, loop)
    thread.start()
    entered = threading.Event()
    while not pool.working:
        entered.wait(0.01)
    try:
        yield running
    finally:
        running.stop()
        loop.close()


def work_off(container: Container, attempts: int = 1) -> list[tuple[str, str]]:
    """Do jobs until so many attempts have ended; give the kind of each and how it ended."""

    async def run() -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        loop = asyncio.get_running_loop()

        def told(kind: str, outcome: str, _seconds: float) -> None:
            seen.append((kind, outcome))
            if len(seen) >= attempts:
                loop.call_soon_threadsafe(pool.drain)

        pool = Pool(replace(container.pool.tools, told=told), container.pool.settings)
        await pool.run()
        return seen

    return asyncio.run(run())


def do_chore(container: Container, name: str) -> None:
    """Do a chore now, as ``tramita chores run`` does."""
    container.chores.named(name).run(system_context("test"))
