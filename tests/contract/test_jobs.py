"""Jobs keep what they promise on every database: with the business change or not at all, to one worker, once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from app.domain.jobs import Job, JobAlreadyThere, JobState, NewJob, Priority, Schedule, Worker
from app.domain.shared.errors import NotFound, Stale, Unavailable
from app.domain.shared.ids import JobId, WorkerId
from app.domain.shared.states import InvalidTransition
from app.infrastructure.clock import pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.liveness import WorkerLiveness, liveness_of
from app.infrastructure.database.repositories.jobs import KEPT
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context, system_context
from app.usecases.jobs import CancelJob, Claim, ClaimJobs, CountJobs, FreeJobs, HandBackJobs, RetryJob
from app.usecases.ports.shared import RolledBack, Work
from app.usecases.retention import Due, PurgeBatch
from app.usecases.run import Runner
from app.workflow.stores.sql.liveness import SessionLocks
from tests.support.clock import FakeClock
from tests.support.databases import company_context
from tests.support.jobs import ask, fresh, stand, states

pytestmark = pytest.mark.fast
SYSTEM = system_context("test")


@pytest.fixture
def runner(works: SqlWorks) -> Runner:
    return Runner(works, pause)


@pytest.fixture
def worker(works: SqlWorks, clock: FakeClock) -> WorkerId:
    return entered(works, clock)


def entered(works: SqlWorks, clock: FakeClock) -> WorkerId:
    with works.writing(SYSTEM) as work:
        worker = work.queue.enter(Worker(id=WorkerId(0), name="w", started_at=clock.now(), seen_at=clock.now()))
        work.commit()
    return worker


def due(works: SqlWorks, clock: FakeClock, *kinds: str, most: int = 10) -> list[JobId]:
    with works.reading(SYSTEM) as work:
        return [job for job, _ in work.queue.due(kinds, clock.now(), most)]


def claimed(works: SqlWorks, jobs: list[JobId], worker: WorkerId) -> list[Job]:
    case = ClaimJobs(FakeClock())
    got: Sequence[Job] | None = Runner(works, pause).call(SYSTEM, case, lambda: Claim(jobs=jobs, worker=worker))
    return list(got or ())


def test_a_job_is_there_when_its_change_is_committed_and_never_else(works: SqlWorks, context: Context) -> None:
    """ERP-09: a job is a row of the business transaction."""
    kind = fresh("undone")
    with works.writing(context) as work:
        work.jobs.add(NewJob(kind=kind))
    assert stand(works, context, [kind]) == []
    (job,) = ask(works, context, NewJob(kind=kind, payload={"order": 7}))
    (found,) = stand(works, context, [kind])
    assert (found.id, found.state, found.payload, found.attempts) == (job, JobState.WAITING, {"order": 7}, 0)
    assert (found.actor, found.request_id, found.locale) == (context.actor, context.request_id, context.locale)


def test_jobs_come_by_urgency_then_by_the_time_they_are_due(
    works: SqlWorks, context: Context, clock: FakeClock
) -> None:
    kind, later = fresh("order"), clock.now() + timedelta(minutes=1)
    low, high, delayed, old, normal = ask(
        works,
        context,
        NewJob(kind=kind, priority=Priority.LOW, due_at=clock.now() - timedelta(days=1)),
        NewJob(kind=kind, priority=Priority.HIGH),
        NewJob(kind=kind, due_at=later),
        NewJob(kind=kind, due_at=clock.now() - timedelta(seconds=1)),
        NewJob(kind=kind),
    )
    assert due(works, clock, kind) == [high, old, normal, low]
    assert due(works, clock, kind, most=2) == [high, old]
    clock.advance(60)
    assert due(works, clock, kind) == [high, old, normal, delayed, low]
    assert due(works, clock, fresh("other")) == []


def test_each_kind_gives_its_own_so_that_none_waits_behind_another(
    works: SqlWorks, context: Context, clock: FakeClock
) -> None:
    many, few = fresh("many"), fresh("few")
    ask(works, context, *[NewJob(kind=many)] * 5)
    (one,) = ask(works, context, NewJob(kind=few))
    found = due(works, clock, many, few, most=2)
    assert len(found) == 3
    assert one in found


def test_two_jobs_for_the_same_thing_are_one_until_it_has_ended(
    works: SqlWorks, context: Context, clock: FakeClock, worker: WorkerId
) -> None:
    kind = fresh("unique")
    asked = NewJob(kind=kind, unique="order:7")
    assert len(ask(works, context, asked, asked, NewJob(kind=kind, unique="order:8"))) == 2
    assert len(ask(works, context, asked)) == 2
    other = company_context(works)
    assert len(ask(works, other, asked)) == 1  # another company's is another thing
    first = stand(works, context, [kind])[0]
    (job,) = claimed(works, [first.id], worker)
    end(works, job, clock)
    assert len(ask(works, context, asked)) == 3


def end(works: SqlWorks, job: Job, clock: FakeClock) -> None:
    with works.writing(SYSTEM) as work:
        job.start(clock.now())
        assert work.queue.save(job)
        job.finish(clock.now())
        assert work.queue.save(job)
        work.commit()


def test_of_two_that_ask_for_the_same_at_once_one_is_heard(works: SqlWorks, context: Context, runner: Runner) -> None:
    """CT-02: whoever comes second finds it there, and neither is refused."""
    kind = fresh("twins")

    class Ask:
        right = None
        writes = True

        def execute(self, work: Work, _context: Context, _request: None) -> None:
            work.jobs.add(NewJob(kind=kind, unique="same"))

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(runner.call, context, Ask(), lambda: None) for _ in range(6)]:
            done.result()
    assert len(stand(works, context, [kind])) == 1


def test_a_job_is_claimed_by_one_worker(works: SqlWorks, context: Context, clock: FakeClock) -> None:
    """ERP-09: of several that look at the same jobs each gets others, and none is left out or given twice."""
    kind = fresh("contended")
    jobs = ask(works, context, *[NewJob(kind=kind) for _ in range(12)])
    workers = [entered(works, clock) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        taken = list(threads.map(lambda worker: claimed(works, jobs, worker), workers))
    got = [job.id for part in taken for job in part]
    rest = claimed(works, jobs, workers[0])  # who was locked out by a twin's transaction leaves them for the next look
    assert sorted([*got, *(job.id for job in rest)]) == jobs
    held = {job.id: job.worker for job in stand(works, context, [kind])}
    for worker, part in zip(workers, taken, strict=True):
        assert all(held[job.id] == worker for job in part)


def test_who_saw_an_older_job_changes_nothing(
    works: SqlWorks, context: Context, worker: WorkerId, runner: Runner, clock: FakeClock
) -> None:
    """ORC-05 in small: the version is the fence against a worker that was taken for dead."""
    kind = fresh("fence")
    (job,) = claimed(works, ask(works, context, NewJob(kind=kind)), worker)
    assert runner.call(SYSTEM, FreeJobs(), lambda: worker) == 1
    assert runner.call(SYSTEM, HandBackJobs(), lambda: [job]) == 0
    with works.writing(SYSTEM) as work:
        job.start(clock.now())
        assert not work.queue.save(job)
    (waiting,) = stand(works, context, [kind])
    assert (waiting.state, waiting.worker, waiting.attempts) == (JobState.WAITING, None, 0)
    with works.reading(SYSTEM) as work:
        assert worker not in {one.id for one in work.queue.workers()}


def test_who_was_taken_for_dead_claims_nothing(
    works: SqlWorks, context: Context, worker: WorkerId, runner: Runner
) -> None:
    """ERP-09: what it claimed nobody would ever free."""
    kind = fresh("gone")
    jobs = ask(works, context, NewJob(kind=kind))
    runner.call(SYSTEM, FreeJobs(), lambda: worker)
    assert runner.call(SYSTEM, ClaimJobs(FakeClock()), lambda: Claim(jobs=jobs, worker=worker)) is None
    assert states(works, context, [kind]) == [JobState.WAITING]


def test_persons_call_off_what_waits_and_have_dead_jobs_done(
    works: SqlWorks, context: Context, clock: FakeClock, runner: Runner, worker: WorkerId
) -> None:
    kind = fresh("persons")
    (job,) = ask(works, context, NewJob(kind=kind, unique="x"))
    canceled = runner.call(context, CancelJob(clock), lambda: job)
    assert (canceled.state, canceled.ended_at) == (JobState.CANCELED, clock.now())
    with pytest.raises(InvalidTransition):
        runner.call(context, CancelJob(clock), lambda: job)
    clock.advance(5)
    assert runner.call(context, RetryJob(clock), lambda: job).due_at == clock.now()
    (held,) = claimed(works, [job], worker)
    with pytest.raises(InvalidTransition):
        runner.call(context, CancelJob(clock), lambda: job)
    with works.writing(SYSTEM) as work:
        held.start(clock.now())
        assert work.queue.save(held)
        held.give_up(clock.now(), "mail.refused")
        assert work.queue.save(held)
        work.commit()
    (dead,) = stand(works, context, [kind])
    assert (dead.state, dead.error, dead.attempts) == (JobState.DEAD, "mail.refused", 1)
    again = runner.call(context, RetryJob(clock), lambda: job)
    assert (again.state, again.attempts, again.ended_at) == (JobState.WAITING, 0, None)


def test_a_job_is_not_retried_beside_another_for_the_same_thing(
    works: SqlWorks, context: Context, clock: FakeClock, runner: Runner
) -> None:
    kind = fresh("beside")
    (first,) = ask(works, context, NewJob(kind=kind, unique="x"))
    runner.call(context, CancelJob(clock), lambda: first)
    ask(works, context, NewJob(kind=kind, unique="x"))
    with pytest.raises(JobAlreadyThere):
        runner.call(context, RetryJob(clock), lambda: first)
    assert states(works, context, [kind]) == [JobState.CANCELED, JobState.WAITING]


def test_nobody_sees_or_touches_jobs_of_another_company(works: SqlWorks, context: Context, runner: Runner) -> None:
    kind = fresh("foreign")
    (job,) = ask(works, context, NewJob(kind=kind))
    other = company_context(works)
    for case in (CancelJob(FakeClock()), RetryJob(FakeClock())):
        with pytest.raises(NotFound):
            runner.call(other, case, lambda: job)
    assert runner.call(other, CountJobs(), lambda: None) == []
    with works.writing(context) as work:
        seen = work.jobs.get(job)
        with pytest.raises(Stale):
            work.jobs.save(replace(seen, version=9))


def test_jobs_that_are_not_done_are_counted_by_kind_and_state(
    works: SqlWorks, context: Context, clock: FakeClock, runner: Runner, worker: WorkerId
) -> None:
    kind, before = fresh("count"), clock.now() - timedelta(hours=1)
    first, second, _ = ask(works, context, NewJob(kind=kind), NewJob(kind=kind, due_at=before), NewJob(kind=kind))
    (held,) = claimed(works, [first], worker)
    end(works, held, clock)
    (depth,) = runner.call(context, CountJobs(), lambda: None)
    assert (depth.kind, depth.state, depth.count, depth.oldest_due_at) == (kind, "waiting", 2, before)
    claimed(works, [second], worker)
    assert [(one.state, one.count) for one in runner.call(context, CountJobs(), lambda: None)] == [
        ("claimed", 1),
        ("waiting", 1),
    ]


def test_what_ended_well_goes_after_thirty_days_and_what_is_dead_stays(
    works: SqlWorks, context: Context, clock: FakeClock, runner: Runner, worker: WorkerId
) -> None:
    kind = fresh("kept")
    jobs = ask(works, context, NewJob(kind=kind), NewJob(kind=kind))
    done, dead = claimed(works, jobs, worker)
    end(works, done, clock)
    with works.writing(SYSTEM) as work:
        dead.start(clock.now())
        assert work.queue.save(dead)
        dead.give_up(clock.now(), "x")
        assert work.queue.save(dead)
        work.commit()
    clock.advance(KEPT.total_seconds())
    runner.call(SYSTEM, PurgeBatch(), lambda: Due(name="jobs", by=clock.now(), batch=500))
    assert states(works, context, [kind]) == [JobState.DEAD]


def test_a_time_of_a_schedule_is_passed_by_one(works: SqlWorks, clock: FakeClock) -> None:
    schedule = Schedule(name=fresh("daily"), cron="0 3 * * *", zone="UTC", kind="x", next_at=clock.now())
    with works.writing(SYSTEM) as work:
        work.queue.schedule(schedule)
        work.commit()
    following = clock.now() + timedelta(days=1)

    def advance(_: int) -> bool:
        try:
            with works.writing(SYSTEM) as work:
                won = work.queue.advance(schedule, following)
                work.commit()
                return won
        except RolledBack:
            return False

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(advance, range(3))) == [False, False, True]
    with works.reading(SYSTEM) as work:
        assert work.queue.schedules()[schedule.name].next_at == following


def test_a_lock_is_held_by_who_lives(database: Database, works: SqlWorks, clock: FakeClock) -> None:
    """CT-04: a worker that is gone is known to be so at once."""
    worker, other = entered(works, clock), entered(works, clock)
    mine, theirs = liveness_of(database), liveness_of(database)
    assert not mine.holds()
    mine.hold(worker)
    assert mine.holds()
    assert not theirs.dead(worker)
    assert theirs.dead(other)
    mine.release()
    assert not mine.holds()
    assert theirs.dead(worker)
    theirs.hold(worker)
    theirs.release()


@pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"], indirect=True)
def test_a_line_on_which_a_question_failed_keeps_no_lock(database: Database, works: SqlWorks, clock: FakeClock) -> None:
    """CT-04: who believes to have lost its lock has lost it, also when the line still stands."""
    worker = entered(works, clock)
    mine, theirs = liveness_of(database), liveness_of(database)
    assert isinstance(mine, WorkerLiveness)
    locks = mine._locks
    assert isinstance(locks, SessionLocks)
    mine.hold(worker)
    locks._take = lambda _: "SELECT nonsense"
    with pytest.raises(Unavailable):
        mine.dead(WorkerId(worker + 1))
    assert not mine.holds()
    look = Event()
    while not theirs.dead(worker):  # the server takes a moment to end a session
        look.wait(0.01)
    theirs.release()
