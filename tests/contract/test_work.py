"""A Work keeps what it promises on every database: whole or not at all, events, answers, numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any, ClassVar

import pytest
from sqlalchemy import bindparam, func, select

from app.domain.shared.errors import DeadlineExceeded, Taken
from app.domain.shared.events import Event
from app.domain.shared.ids import UserId
from app.domain.stock import Warehouse
from app.infrastructure.clock import pause
from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import TraceKind
from app.infrastructure.database.tables.shared import answers, outbox, series
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.context import Context, Deadline
from app.usecases.ports.shared import Answer, AnswerExists, IdempotencyKey, RolledBack
from app.usecases.run import Runner
from tests.support.clock import FakeClock
from tests.support.databases import statements, tracing

pytestmark = pytest.mark.fast

OUTBOX = Prepared(
    select(
        outbox.c.name,
        outbox.c.aggregate,
        outbox.c.aggregate_id,
        outbox.c.actor_id,
        outbox.c.request_id,
        outbox.c.payload,
        outbox.c.occurred_at,
    )
    .where(outbox.c.company_id == bindparam("company"), outbox.c.name == "test.proved")
    .order_by(outbox.c.id),
    "outbox",
)
KEY = IdempotencyKey(key="k-1", route="POST /x", body_hash="a" * 64)
ANSWER = Answer(body='{"né":1}'.encode(), version=3, location="/api/v1/x/1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved(Event):
    name: ClassVar[str] = "test.proved"
    aggregate: ClassVar[str] = "test"
    id: int
    amount: Decimal
    on: date
    tags: tuple[str, ...] = ()


def events(works: SqlWorks, context: Context) -> list[tuple[Any, ...]]:
    with works.reading(context) as work:
        return work.session.all(OUTBOX, company=context.company)


def warehouses(works: SqlWorks, context: Context, ref: str) -> Warehouse | None:
    with works.reading(context) as work:
        return work.warehouses.by_ref(ref)


def test_events_are_written_with_the_transaction_in_order(works: SqlWorks, context: Context, clock: FakeClock) -> None:
    with works.writing(context) as work:
        for number in range(3):
            work.outbox.add(Proved(id=number, amount=Decimal("1.50"), on=date(2026, 1, 2), tags=("a",)))
        work.commit()
    payload = {"amount": "1.50", "on": "2026-01-02", "tags": ["a"]}
    assert events(works, context) == [
        ("test.proved", "test", number, context.actor, "test", {"id": number, **payload}, clock.now())
        for number in range(3)
    ]


def test_leaving_without_commit_undoes_everything(works: SqlWorks, context: Context) -> None:
    with works.writing(context) as work:
        work.warehouses.add(Warehouse(ref="W", name="W"))
        work.outbox.add(Proved(id=1, amount=Decimal(1), on=date(2026, 1, 2)))
    assert warehouses(works, context, "W") is None
    assert events(works, context) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_undoes_everything_and_gives_the_connection_and_the_lock_back(
    works: SqlWorks, context: Context, database: Database, error: type[BaseException]
) -> None:
    held = []  # as a traceback may hold them

    def fail() -> None:
        with works.writing(context) as work:
            held.append(work)
            work.warehouses.add(Warehouse(ref="W", name="W"))
            raise error

    for _ in range(database.settings.db_pool_size * 2):
        with pytest.raises(error):
            fail()
    assert warehouses(works, context, "W") is None


def test_an_answer_is_found_as_it_was_given_for_24_hours(works: SqlWorks, context: Context, clock: FakeClock) -> None:
    with works.writing(context) as work:
        assert work.answers.find(KEY) is None
        work.answers.add(KEY, ANSWER)
        work.outbox.add(Proved(id=1, amount=Decimal(1), on=date(2026, 1, 2)))
        work.commit()
    with works.reading(context) as work:
        stored = work.answers.find(KEY)
        assert stored is not None
        assert (stored.body_hash, stored.answer) == (KEY.body_hash, ANSWER)
        assert work.answers.find(replace(KEY, key="K-1")) is None
        assert work.answers.find(replace(KEY, route="POST /y")) is None
    with works.reading(replace(context, actor=UserId(2))) as work:
        assert work.answers.find(KEY) is None
    clock.advance(24 * 3600)
    with works.writing(context) as work:
        assert work.answers.find(KEY) is None
        work.answers.add(KEY, replace(ANSWER, version=None, location=None))
        work.commit()
    with works.reading(context) as work:
        again = work.answers.find(KEY)
        assert again is not None
        assert again.answer == Answer(body=ANSWER.body)


def test_the_second_answer_under_a_key_undoes_its_transaction(works: SqlWorks, context: Context) -> None:
    with works.writing(context) as work:
        work.answers.add(KEY, ANSWER)
        work.commit()

    def again() -> None:
        with works.writing(context) as work:
            work.warehouses.add(Warehouse(ref="W", name="W"))
            work.outbox.add(Proved(id=1, amount=Decimal(1), on=date(2026, 1, 2)))
            work.answers.add(KEY, ANSWER)
            work.commit()

    with pytest.raises(AnswerExists):
        again()
    assert warehouses(works, context, "W") is None
    assert events(works, context) == []


def test_answer_and_events_are_the_last_writes(works: SqlWorks, context: Context, database: Database) -> None:
    with tracing(database) as traces, works.writing(context) as work:
        work.outbox.add(Proved(id=1, amount=Decimal(1), on=date(2026, 1, 2)))
        work.answers.add(KEY, ANSWER)
        work.warehouses.add(Warehouse(ref="W", name="W"))
        work.commit()
    together = ["insert answers, outbox[2]"]
    apart = ["insert outbox[2]", "insert answers"]
    first = ["insert warehouses", "insert search_words[1]"]
    assert statements(traces) == [*first, *(together if database.dialect.writable_cte else apart)]
    assert [trace.kind for trace in traces if trace.kind is not TraceKind.STATEMENT] == [
        TraceKind.BEGIN,
        TraceKind.COMMIT,
        TraceKind.ROLLBACK,
    ]


def test_a_violated_name_is_taken(works: SqlWorks, context: Context) -> None:
    with works.writing(context) as work:
        work.warehouses.add(Warehouse(ref="W", name="W"))
        work.commit()
    with pytest.raises(Taken) as caught, works.writing(context) as work:
        work.warehouses.add(Warehouse(ref="W", name="W"))
    assert caught.value.at == ("ref",)


def test_a_series_starts_at_one_and_keeps_counter_date_and_link(works: SqlWorks, context: Context) -> None:
    with works.writing(context) as work:
        fresh = work.series.lock("invoice", "2026-11")
        assert (fresh.next, fresh.last_date) == (1, None)
        fresh.next, fresh.last_date = 2, date(2026, 11, 21)
        fresh.seal("f" * 64)
        work.series.save(fresh)
        work.commit()
    with works.writing(context) as work:
        kept = work.series.lock("invoice", "2026-11")
        assert (kept.next, kept.last_date, kept.last_hash) == (2, date(2026, 11, 21), "f" * 64)
        assert work.series.lock("invoice", "2026-12").next == 1


def test_a_fast_number_is_never_given_twice_even_when_its_transaction_is_undone(
    works: SqlWorks, context: Context, database: Database
) -> None:
    with works.writing(context) as work:
        first = work.series.fast("customer", "")
        work.commit()
    with works.writing(context) as work:
        undone = work.series.fast("customer", "")
    with works.writing(context) as work:
        third = work.series.fast("customer", "")
        work.commit()
    assert (first, undone) == (1, 2)
    assert third == (3 if database.dialect.side_transactions else 2)


def in_parallel(count: int, task: Callable[[int], Any]) -> list[Any]:
    barrier = threading.Barrier(count)

    def together(number: int) -> Any:
        barrier.wait()
        return task(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(together, range(count)))


def retrying(works: SqlWorks, context: Context, do: Callable[[SqlWork], Any]) -> Any:
    """Do it as the runner would."""
    for attempt in range(40):
        try:
            with works.writing(context) as work:
                result = do(work)
                work.commit()
                return result
        except RolledBack:
            pause(attempt)
    raise AssertionError("never got through")


def test_numbers_taken_by_many_at_once_are_consecutive(works: SqlWorks, context: Context) -> None:
    """A new period is made and locked by all of them at once; no number is lost or given twice."""

    def take(work: SqlWork) -> int:
        taken = work.series.lock("invoice", "2026")
        taken.next += 1
        work.series.save(taken)
        return taken.next - 1

    numbers = in_parallel(4, lambda _: [retrying(works, context, take) for _ in range(10)])
    assert sorted(chain.from_iterable(numbers)) == list(range(1, 41))


def test_fast_numbers_taken_by_many_at_once_differ_and_never_wait_for_the_pool(
    works: SqlWorks, context: Context, database: Database
) -> None:
    """Each of as many transactions as the pool has connections takes its number beside it."""

    def take(work: SqlWork) -> list[int]:
        return [work.series.fast("customer", "2026") for _ in range(10)]

    numbers = in_parallel(database.settings.db_pool_size, lambda _: retrying(works, context, take))
    assert len(set(chain.from_iterable(numbers))) == 10 * database.settings.db_pool_size


def test_twins_under_one_key_have_one_effect(works: SqlWorks, context: Context) -> None:
    def do(number: int) -> str:
        try:
            with works.writing(context) as work:
                work.warehouses.add(Warehouse(ref=f"W{number}", name="W"))
                work.answers.add(KEY, ANSWER)
                work.commit()
        except (AnswerExists, RolledBack):
            return "second"
        return "first"

    assert sorted(in_parallel(4, do)) == ["first", *["second"] * 3]
    made = [number for number in range(4) if warehouses(works, context, f"W{number}") is not None]
    assert len(made) == 1


def test_the_runner_keeps_and_replays_an_answer(works: SqlWorks, context: Context) -> None:
    @dataclass(frozen=True, slots=True)
    class AddWarehouse:
        right: ClassVar[None] = None
        writes: ClassVar[bool] = True

        def execute(self, work: Any, _context: Context, request: Warehouse) -> Warehouse:
            work.warehouses.add(request)
            return request

    runner = Runner(works, pause)

    def run() -> Answer:
        return runner.run(
            context,
            AddWarehouse(),
            lambda: Warehouse(ref="R", name="R"),
            lambda made: Answer(body=str(made.id).encode()),
            KEY,
        )

    first = run()
    assert run() == replace(first, replayed=True)


def test_nothing_is_begun_once_nobody_waits(works: SqlWorks, context: Context, clock: FakeClock) -> None:
    """ERP-08: a request past its deadline does not touch the database."""
    late = replace(context, deadline=Deadline(1, clock.monotonic))
    clock.advance(1)
    with pytest.raises(DeadlineExceeded), works.writing(late):
        pytest.fail("began")
    with works.writing(context) as work:
        work.warehouses.add(Warehouse(ref="free", name="the lock was given back"))


def test_rows_of_shared_tables_are_the_companys_own(works: SqlWorks, context: Context) -> None:
    count = Prepared(
        select(func.count()).select_from(series).where(series.c.company_id == bindparam("company")), "count"
    )
    kept = Prepared(
        select(func.count()).select_from(answers).where(answers.c.company_id == bindparam("company")), "count"
    )
    with works.writing(context) as work:
        work.series.lock("order", "")
        work.answers.add(KEY, ANSWER)
        work.commit()
    with works.reading(context) as work:
        assert work.session.scalar(count, company=context.company) == 1
        assert work.session.scalar(kept, company=context.company) == 1
