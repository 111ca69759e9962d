"""The figures of the database are told on each of them, and when it is hard pressed as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pytest

from app.domain.jobs import NewJob, Schedule
from app.domain.shared.errors import Busy
from app.domain.shared.events import Event
from app.infrastructure.database.engine import Database
from app.infrastructure.database.figures import (
    LATE_S,
    backlog,
    job_depths,
    overdue,
    schedule_times,
    waiting_for_executions,
)
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.watching.metrics import Metrics
from app.settings import Settings
from app.usecases.context import Context, system_context
from app.usecases.ports.shared import RolledBack
from app.workflow.runtime.store import SUSPECT, Key, Letter, NewExecution, Offer
from app.workflow.stores.sql.store import SqlStore
from tests.support import scrapes
from tests.support.clock import FakeClock
from tests.support.databases import context_of
from tests.support.jobs import fresh

pytestmark = pytest.mark.fast
CONNECTIONS = "tramita_pool_connections"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    name: ClassVar[str] = "test.noted"
    aggregate: ClassVar[str] = "note"
    id: int


@pytest.fixture
def narrow(database_settings: Settings) -> Iterator[Database]:
    """Give the shared database with room for two, who wait neither long for a connection nor for a lock."""
    settings = database_settings.model_copy(
        update={"db_pool_size": 2, "db_pool_timeout_s": 0.05, "db_lock_timeout_s": 1.0}
    )
    opened = Database.of(settings)
    yield opened
    opened.close()


@pytest.fixture
def metrics(narrow: Database, clock: FakeClock) -> Metrics:
    return Metrics(clock, narrow)


def test_events_that_wait_for_a_number_are_counted_with_the_age_of_the_first(
    database: Database, works: SqlWorks, context: Context, metrics: Metrics, clock: FakeClock
) -> None:
    """ERP-14: a change feed that stands still is seen before anybody misses it."""
    before = backlog(database)
    with works.writing(context) as work:
        for key in (1, 2, 3):
            work.outbox.add(Noted(id=key))
        work.commit()
    assert backlog(database).events == before.events + 3
    # Another test's event may be the first, from a day yet to come.
    first = before.oldest or clock.now()
    clock.advance(90 + max(0.0, (first - clock.now()).total_seconds()))
    assert scrapes.value(metrics.registry, "tramita_journal_events_waiting") == before.events + 3
    age = scrapes.value(metrics.registry, "tramita_journal_oldest_event_age_seconds")
    assert age == pytest.approx((clock.now() - first).total_seconds())


def test_schedules_tell_when_their_next_job_is_asked_for(
    database: Database, works: SqlWorks, clock: FakeClock, metrics: Metrics
) -> None:
    """ERP-14: a time that has passed tells that no process does jobs."""
    name = fresh("nightly")
    with works.writing(system_context("test")) as work:
        work.queue.schedule(Schedule(name=name, cron="0 3 * * *", zone="UTC", kind="x", next_at=clock.now()))
        work.commit()
    assert schedule_times(database)[name] == clock.now()
    told = scrapes.value(metrics.registry, "tramita_schedule_next_timestamp_seconds", schedule=name)
    assert told == pytest.approx(clock.now().timestamp())


def test_jobs_that_have_not_ended_well_are_counted_by_kind_and_state(
    narrow: Database, works: SqlWorks, context: Context, metrics: Metrics, clock: FakeClock
) -> None:
    """ERP-14: depth and age of the queue, over all companies."""
    kind = f"kind-{context.company}"
    with works.writing(context) as work:
        for _ in range(2):
            work.jobs.add(NewJob(kind=kind))
        work.commit()
    metrics.queue_of(partial(job_depths, narrow))
    clock.advance(120)
    assert scrapes.value(metrics.registry, "tramita_jobs", kind=kind, state="waiting") == 2
    assert scrapes.value(metrics.registry, "tramita_job_oldest_age_seconds", kind=kind, state="waiting") == 120


@pytest.fixture
def store(database_settings: Settings, context: Context) -> Iterator[SqlStore]:
    """Give the engine's own store in the product's database; what was left in it would keep other engines busy."""
    opened = SqlStore(database_settings.database_url)
    yield opened
    opened.close()
    with plain_engine(database_settings.database_url).begin() as connection:
        for name in ("inbox", "offers", "executions"):
            connection.exec_driver_sql(f"DELETE FROM workflow_{name} WHERE namespace = '{context.company}'")


def test_executions_that_should_go_on_are_counted_with_those_that_are_stuck(
    database_settings: Settings,
    narrow: Database,
    store: SqlStore,
    metrics: Metrics,
    context: Context,
    clock: FakeClock,
) -> None:
    """ORC-07, SAGA-04: one is due, one has been for too long, one cost its worker its life, one has ended."""
    now = int(clock.now().timestamp() * 1000)
    before = overdue(narrow, now)
    named = [Key(str(context.company), name) for name in ("due", "late", "suspect", "gone", "later")]
    ages = {"late": LATE_S * 1000 + 1, "later": -1}
    for key in named:
        store.start(NewExecution(key, "m", 1, "{}", now - ages.get(key.id, 1), "seed", name=key.id))
    with plain_engine(database_settings.database_url).begin() as connection:
        mine = f"namespace = '{context.company}'"
        connection.exec_driver_sql(f"UPDATE workflow_executions SET claims = {SUSPECT} WHERE {mine} AND id = 'suspect'")
        connection.exec_driver_sql(f"UPDATE workflow_executions SET ended = {now} WHERE {mine} AND id = 'gone'")
    found = overdue(narrow, now)
    assert (found.count, found.late, found.suspect) == (before.count + 3, before.late + 1, before.suspect + 1)
    assert scrapes.value(metrics.registry, "tramita_executions_due") == found.count
    assert scrapes.value(metrics.registry, "tramita_executions_stuck", reason="late") == found.late
    assert scrapes.value(metrics.registry, "tramita_executions_stuck", reason="suspect") == found.suspect
    oldest = min(now - LATE_S * 1000 - 1, before.oldest or now)
    assert scrapes.value(metrics.registry, "tramita_execution_oldest_due_age_seconds") == (now - oldest) / 1000


def test_what_waits_for_executions_and_for_workers_is_counted(
    narrow: Database, store: SqlStore, metrics: Metrics, context: Context, clock: FakeClock
) -> None:
    """ORC-07: letters nobody has read, tasks nobody has taken."""
    letters, tasks = waiting_for_executions(narrow)
    key = Key(str(context.company), "reads")
    store.start(NewExecution(key, "m", 1, "{}", int(clock.now().timestamp() * 1000), "seed"))
    store.post([Letter(key, f"{context.company}-{number}", "{}") for number in range(2)])
    store.offer([Offer(key, 0, 1, 1, "activity")])
    assert waiting_for_executions(narrow) == (letters + 2, tasks + 1)
    assert scrapes.value(metrics.registry, "tramita_execution_letters_waiting") == letters + 2
    assert scrapes.value(metrics.registry, "tramita_execution_tasks_waiting") == tasks + 1


def test_figures_are_told_while_requests_hold_every_connection(
    narrow: Database, metrics: Metrics, context: Context
) -> None:
    """ERP-14: they are wanted most when nothing else gets through; who waited, and in vain, is counted."""
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(SqlWorks(narrow, FakeClock()).reading(context))
        assert scrapes.value(metrics.registry, f"{CONNECTIONS}_in_use") == 2
        with pytest.raises(Busy), SqlWorks(narrow, FakeClock()).reading(context):
            pass
        told = scrapes.read(metrics.registry)
        assert told["tramita_journal_events_waiting"].samples
        assert told["tramita_schedule_next_timestamp_seconds"].type == "gauge"
    assert scrapes.value(metrics.registry, CONNECTIONS) == 2
    assert scrapes.value(metrics.registry, f"{CONNECTIONS}_in_use") == 0
    assert scrapes.value(metrics.registry, "tramita_pool_waits_total") == 1
    assert scrapes.value(metrics.registry, "tramita_pool_timeouts_total") == 1


def test_a_lock_that_is_not_had_in_time_is_counted_by_what_it_meant(
    narrow: Database, metrics: Metrics, context: Context
) -> None:
    """ERP-14: on servers the transaction is to be run again, on SQLite the one write lock was not to be had."""
    works = SqlWorks(narrow, FakeClock())
    with works.writing(context) as first:
        first.companies.lock(context.company)
        with suppress(RolledBack), works.writing(context) as second:
            second.companies.lock(context.company)
            raise AssertionError("two had the same lock")
    kind = "retry" if narrow.dialect.row_locks else "write_lock"
    assert scrapes.value(metrics.registry, "tramita_database_failures_total", kind=kind) == 1


def test_a_constraint_that_holds_is_no_failure_of_the_database(narrow: Database, metrics: Metrics) -> None:
    """ERP-14: people try what is not allowed all day."""
    narrow.tally.add("refused")
    found = scrapes.read(metrics.registry)["tramita_database_failures"]
    assert "refused" not in {sample.labels["kind"] for sample in found.samples}
    assert sum(sample.value for sample in found.samples) == 0


def test_statements_run_within_the_block_of_their_name(narrow: Database, context: Context) -> None:
    """ERP-14: what a trace is made of; a transaction begun before keeps to what it was begun with."""
    names: list[str] = []

    def around(name: str) -> ExitStack:
        names.append(name)
        return ExitStack()

    narrow.around = around
    with SqlWorks(narrow, FakeClock()).writing(context_of(context.company)) as work:
        work.outbox.add(Noted(id=1))
        work.queue.schedules()
        work.commit()
    assert names[0] == "select schedules"
    assert names[-1] == "commit"
    assert any(name.startswith("insert outbox") for name in names)
