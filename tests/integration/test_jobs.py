"""The pool on real databases: every job once, whoever stops, dies or is taken for dead (ERP-09, CT-04)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.jobs import Job, JobState, NewJob, Postponed, Worker
from app.domain.parties import Party
from app.domain.shared.errors import Invalid, Unavailable
from app.domain.shared.ids import WorkerId
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.liveness import liveness_of
from app.infrastructure.database.work import Ears, SqlWork, SqlWorks
from app.usecases.context import Context, system_context
from app.usecases.jobs import FreeJobs, Planned
from app.usecases.ports.shared import Work
from app.usecases.run import Runner
from app.worker import pool as pools
from app.worker.book import JobBook
from app.worker.kinds import Attempt, JobKind
from tests.support.clock import FakeClock
from tests.support.databases import looking
from tests.support.jobs import WAIT_S, Gate, ask, fresh, pool_at_work, stand, states

pytestmark = pytest.mark.fast
SYSTEM = system_context("test")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Enter:
    """A business change that can be counted: a third party by name."""

    right = None
    writes = True

    def execute(self, work: Work, _context: Context, request: str) -> None:
        work.parties.add(Party(name=request, customer=True, customer_code=request))


def effects(database: Database, context: Context) -> list[str]:
    """Give the codes of the third parties that jobs entered, read past the application."""
    with looking(database.settings.database_url).connect() as connection:
        found = connection.execute(
            text("SELECT customer_code FROM third_parties WHERE company_id = :company ORDER BY customer_code"),
            {"company": context.company},
        )
        return [row[0] for row in found]


def entering(name: Callable[[Attempt], str] = lambda attempt: f"J{attempt.job.id}") -> Callable[[Attempt], None]:
    return lambda attempt: attempt.finish(Enter(), lambda: name(attempt))


def nothing(_attempt: Attempt) -> None:
    """Do nothing, well."""


def test_jobs_are_done_once_by_several_pools(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """ERP-09: two processes' pools share the queue."""
    kind = JobKind(name=fresh("enter"), run=entering())
    jobs = ask(works, context, *[NewJob(kind=kind.name) for _ in range(20)])
    with pool_at_work(database, clock, [kind]) as one, pool_at_work(database, clock, [kind]) as other:
        pause_between = Event()
        while set(states(works, context, [kind.name])) != {JobState.DONE}:
            pause_between.wait(0.01)
        assert len(one.ends.heard) + len(other.ends.heard) <= 20
    assert effects(database, context) == sorted(f"J{job}" for job in jobs)
    assert {job.attempts for job in stand(works, context, [kind.name])} == {1}


def test_a_commit_wakes_the_pool(database: Database, context: Context, clock: FakeClock) -> None:
    kind = JobKind(name=fresh("woken"), run=nothing)
    with pool_at_work(database, clock, [kind], poll_s=WAIT_S) as running:
        works = SqlWorks(database, clock, Ears(jobs=running.pool.wake))
        ask(works, context, NewJob(kind=kind.name))
        assert running.ends.wait_for(1) == ["done"]


def test_no_more_run_at_once_than_they_may(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """ERP-09: bounded in all, and by kind, and a slow kind leaves room to others."""
    slow, quick = Gate(), Gate()
    quick.open.set()
    kinds = [
        JobKind(name=fresh("slow"), run=slow, at_once=2),
        JobKind(name=fresh("quick"), run=quick, at_once=3),
    ]
    ask(works, context, *[NewJob(kind=kinds[0].name) for _ in range(30)])
    with pool_at_work(database, clock, kinds, at_once=3, buffer=25) as running:
        slow.wait_for(2)
        ask(works, context, *[NewJob(kind=kinds[1].name) for _ in range(4)])
        running.ends.wait_for(4)
        assert running.pool.held <= 25
        assert slow.most == 2
        slow.open.set()
        running.ends.wait_for(34)
    assert slow.most == 2
    assert quick.most == 1


def test_what_is_refused_is_kept_for_a_person_and_what_may_pass_is_tried_again(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """Backoff between attempts, the last of which is the last; an error of the business is not tried again."""

    def raising(error: Callable[[], Exception]) -> Callable[[Attempt], None]:
        def run(_attempt: Attempt) -> None:
            raise error()

        return run

    refused = JobKind(name=fresh("refused"), run=raising(Invalid), attempts=3)
    away = JobKind(name=fresh("away"), run=raising(Unavailable), attempts=3)
    broken = JobKind(name=fresh("broken"), run=raising(lambda: RuntimeError("password=hunter2")), attempts=2)
    kinds = [refused, away, broken]
    ask(works, context, *[NewJob(kind=kind.name) for kind in kinds])
    waits = {away.name: [5, 10], broken.name: [5]}
    with pool_at_work(database, clock, kinds) as running:
        for tried, seconds in ((3, 5), (5, 10), (6, 0)):
            running.ends.wait_for(tried)
            for kind in (away, broken):
                (job,) = stand(works, context, [kind.name])
                if waits[kind.name][job.attempts - 1 :]:
                    expected = timedelta(seconds=waits[kind.name][job.attempts - 1])
                    assert (job.state, job.due_at - clock.now()) == (JobState.WAITING, expected)
            clock.advance(seconds)
    found = {job.kind: job for job in stand(works, context, [kind.name for kind in kinds])}
    assert [(found[kind.name].state, found[kind.name].attempts, found[kind.name].error) for kind in kinds] == [
        (JobState.DEAD, 1, "invalid"),
        (JobState.DEAD, 3, "unavailable"),
        (JobState.DEAD, 2, "RuntimeError"),
    ]


def test_what_waits_for_something_uses_up_no_attempt(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """ERP-12: a job waits for the breaker."""
    until, runs = clock.now() + timedelta(minutes=5), []

    def run(_attempt: Attempt) -> None:
        runs.append(clock.now())
        if clock.now() < until:
            raise Postponed(until, "mail.suspended")

    kind = JobKind(name=fresh("postponed"), run=run, attempts=1)
    ask(works, context, NewJob(kind=kind.name))
    with pool_at_work(database, clock, [kind]) as running:
        running.ends.wait_for(1)
        (job,) = stand(works, context, [kind.name])
        assert (job.state, job.due_at, job.attempts, job.error) == (JobState.WAITING, until, 0, "mail.suspended")
        clock.advance(300)
        running.ends.wait_for(2)
    assert states(works, context, [kind.name]) == [JobState.DONE]
    assert len(runs) == 2


def test_an_attempt_that_takes_too_long_has_failed_and_its_late_end_changes_nothing(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """ERP-10: jobs that wait for the world outside end after their time."""
    gate = Gate()

    def run(attempt: Attempt) -> None:
        gate(attempt)
        attempt.finish(Enter(), lambda: "LATE")

    kind = JobKind(name=fresh("hangs"), run=run, seconds=0.05, attempts=1)
    ask(works, context, NewJob(kind=kind.name))
    with pool_at_work(database, clock, [kind]) as running:
        gate.wait_for(1)
        until_dead = Event()
        while states(works, context, [kind.name]) != [JobState.DEAD]:
            until_dead.wait(0.01)
        gate.open.set()
        assert running.ends.wait_for(1) == ["lost"]
    (job,) = stand(works, context, [kind.name])
    assert (job.error, job.attempts) == ("timeout", 1)
    assert effects(database, context) == []


class Away(SqlWorks):
    """A database that takes nothing while it is away, and tells when somebody found that out."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        super().__init__(database, clock)
        self.away = Event()
        self.missed = Event()

    def writing(self, context: Context) -> SqlWork:
        if self.away.is_set():
            if context.company:
                self.missed.set()
            raise Unavailable
        return super().writing(context)


def test_a_failure_that_cannot_be_written_down_is_written_when_it_can(
    database: Database, works: SqlWorks, context: Context, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERP-09: a job at which nobody is does not stay running while its worker lives."""
    monkeypatch.setattr(pools, "RETRY_S", 0.01)
    flaky = Away(database, clock)

    def run(_attempt: Attempt) -> None:
        flaky.away.set()
        raise ValueError("secret")

    kind = JobKind(name=fresh("unwritten"), run=run)
    ask(works, context, NewJob(kind=kind.name))
    with pool_at_work(database, clock, [kind], works=flaky):
        assert flaky.missed.wait(WAIT_S)
        assert states(works, context, [kind.name]) == [JobState.RUNNING]
        flaky.away.clear()
        look = Event()
        while states(works, context, [kind.name]) != [JobState.WAITING]:
            look.wait(0.01)
    (job,) = stand(works, context, [kind.name])
    assert (job.error, job.attempts) == ("ValueError", 1)


def test_an_attempt_whose_beginning_cannot_be_written_down_was_none(
    database: Database, works: SqlWorks, context: Context, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "RETRY_S", 0.01)
    flaky, runs = Away(database, clock), list[Attempt]()
    kind = JobKind(name=fresh("unbegun"), run=runs.append, attempts=1)
    (job,) = ask(works, context, NewJob(kind=kind.name))
    start = JobBook.start

    def beginning(*given: Any) -> Job:
        if not flaky.missed.is_set():
            flaky.away.set()
        return start(*given)

    monkeypatch.setattr(JobBook, "start", beginning)
    with pool_at_work(database, clock, [kind], works=flaky) as running:
        assert flaky.missed.wait(WAIT_S)
        flaky.away.clear()
        running.ends.wait_for(1, "done")
    (done,) = stand(works, context, [kind.name])
    assert (done.id, done.attempts, len(runs)) == (job, 1, 1)


def test_what_is_claimed_is_worked_off_before_the_pool_ends(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """ERP-09, CT-04: jobs that run and jobs in the buffer are done after the signal, and no others are claimed."""
    gate = Gate()

    def run(attempt: Attempt) -> None:
        gate(attempt)
        attempt.finish(Enter(), lambda: f"J{attempt.job.id}")

    kind = JobKind(name=fresh("drained"), run=run, at_once=5)
    jobs = ask(works, context, *[NewJob(kind=kind.name) for _ in range(50)])
    with pool_at_work(database, clock, [kind], at_once=5, buffer=50) as running:
        gate.wait_for(5)
        found = states(works, context, [kind.name])
        assert (found.count(JobState.RUNNING), found.count(JobState.CLAIMED)) == (5, 45)
        running.drain()
        running.drain()  # a second one changes nothing
        (late,) = set(ask(works, context, NewJob(kind=kind.name))) - set(jobs)
        gate.open.set()
        running.over()
    assert effects(database, context) == sorted(f"J{job}" for job in jobs)
    assert {job.id for job in stand(works, context, [kind.name]) if job.state is JobState.WAITING} == {late}


def test_what_does_not_fit_into_the_drain_is_handed_back_and_done_by_the_next(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """ERP-09: what is unfinished runs at the next start; what its thread does too late is undone."""
    gate = Gate()

    def run(attempt: Attempt) -> None:
        gate(attempt)
        attempt.finish(Enter(), lambda: f"J{attempt.job.id}")

    kind = JobKind(name=fresh("overrun"), run=run, at_once=2)
    jobs = ask(works, context, *[NewJob(kind=kind.name) for _ in range(6)])
    with pool_at_work(database, clock, [kind], at_once=2) as running:
        gate.wait_for(2)
        running.drain()
        clock.advance(15)
        running.over()
    given = stand(works, context, [kind.name])
    assert {(job.state, job.attempts, job.worker) for job in given} == {(JobState.WAITING, 0, None)}
    gate.open.set()
    assert sorted(running.ends.wait_for(2)) == ["lost", "lost"]
    assert effects(database, context) == []
    with pool_at_work(database, clock, [kind]) as after:
        after.ends.wait_for(6, "done")
    assert effects(database, context) == sorted(f"J{job}" for job in jobs)


def test_a_starting_worker_frees_at_once_what_a_killed_process_held(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """CT-04: kill -9 is known by the lock that went with the process, not by waiting."""
    with works.writing(SYSTEM) as work:
        killed = work.queue.enter(Worker(id=WorkerId(0), name="k", started_at=clock.now(), seen_at=clock.now()))
        work.commit()
    kind = JobKind(name=fresh("taken over"), run=entering())
    (job,) = ask(works, context, NewJob(kind=kind.name))
    with works.writing(SYSTEM) as work:
        (held,) = work.queue.claim([job], killed)
        held.start(clock.now())
        assert work.queue.save(held)
        work.commit()
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.support.hold", str(killed)],
        cwd=ROOT,
        env=_environment(database),
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    look = liveness_of(database)
    assert not look.dead(killed)
    look.release()
    with pool_at_work(database, clock, [kind]) as running:
        assert states(works, context, [kind.name]) == [JobState.RUNNING]  # who lives keeps what it holds
        holder.kill()
        holder.communicate()
        clock.advance(2)  # a look around every two seconds
        running.ends.wait_for(1)
    (done,) = stand(works, context, [kind.name])
    assert (done.state, done.attempts) == (JobState.DONE, 2)
    assert effects(database, context) == [f"J{job}"]


def _environment(database: Database) -> dict[str, str]:
    url = database.settings.database_url
    return {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(database.settings.data_dir), "PYTHONPATH": str(ROOT)}


def test_a_worker_taken_for_dead_does_nothing_twice_and_goes_on(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """ERP-09: who was cut off finds its jobs gone, what it was doing is undone, and it enters anew."""
    gate = Gate()

    def run(attempt: Attempt) -> None:
        if attempt.job.attempts == 1:
            gate(attempt)
        attempt.finish(Enter(), lambda: f"J{attempt.job.id}")

    kind = JobKind(name=fresh("zombie"), run=run, at_once=1)
    jobs = ask(works, context, *[NewJob(kind=kind.name) for _ in range(3)])
    with pool_at_work(database, clock, [kind], at_once=1) as zombie:
        gate.wait_for(1)
        with works.reading(SYSTEM) as work:
            mine = max(one.id for one in work.queue.workers())
        assert Runner(works, pause).call(SYSTEM, FreeJobs(), lambda: mine) == 3
        gate.open.set()
        assert zombie.ends.wait_for(1)[0] == "lost"
        clock.advance(10)
        zombie.pool.wake()
        zombie.ends.wait_for(3, "done")
    assert effects(database, context) == sorted(f"J{job}" for job in jobs)


def test_a_job_whose_workers_die_of_it_is_given_up(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    kind = JobKind(name=fresh("deadly"), run=nothing, attempts=2)
    (job,) = ask(works, context, NewJob(kind=kind.name))
    with works.writing(context) as work:
        seen = work.jobs.get(job, lock=True)
        work.jobs.save(replace(seen, attempts=2))
        work.commit()
    with pool_at_work(database, clock, [kind]) as running:
        assert running.ends.wait_for(1) == ["dead"]
    (dead,) = stand(works, context, [kind.name])
    assert (dead.error, dead.attempts) == ("worn_out", 2)


def test_kinds_of_one_lane_share_their_bound(
    works: SqlWorks, database: Database, context: Context, clock: FakeClock
) -> None:
    """What takes long keeps the threads free for what does not."""
    long, quick, lane = Gate(), Gate(), fresh("lane")
    quick.open.set()
    slow = [JobKind(name=fresh("long"), run=long, at_once=1, lane=lane) for _ in range(3)]
    other = JobKind(name=fresh("quick"), run=quick)
    ask(works, context, *(NewJob(kind=kind.name) for kind in slow), NewJob(kind=other.name))
    with pool_at_work(database, clock, [*slow, other], at_once=3) as running:
        long.wait_for(1)
        quick.wait_for(1)
        running.ends.wait_for(1)
        long.open.set()
        running.ends.wait_for(4)
    assert long.most == 1


def test_a_schedule_is_run_once_each_time_by_several_pools(
    works: SqlWorks, database: Database, clock: FakeClock
) -> None:
    """Exactly one job per occurrence among many processes; what was missed is made up for once."""
    kind = JobKind(name=fresh("scheduled"), run=nothing)
    clock.set(datetime(2026, 10, 24, 22, 0, tzinfo=UTC))
    planned = [Planned(name=fresh("nightly"), cron="30 2 * * *", kind=kind.name, zone="Europe/Paris")]
    with (
        pool_at_work(database, clock, [kind], schedules=planned),
        pool_at_work(database, clock, [kind], schedules=planned),
    ):
        look = Event()
        for expected, days in ((1, 1), (2, 1), (3, 3)):
            clock.advance(days * 86_400)
            while states(works, SYSTEM, [kind.name]) != [JobState.DONE] * expected:
                look.wait(0.02)
                clock.advance(1)  # whoever has just come back from so long a sleep tries again soon
    # 02:30 comes twice in the night of the 25th, as +02:00 and as +01:00: it is the first that counts.
    assert [job.payload["at"] for job in stand(works, SYSTEM, [kind.name])] == [
        "2026-10-25T00:30:00+00:00",
        "2026-10-26T01:30:00+00:00",
        "2026-10-27T01:30:00+00:00",
    ]
