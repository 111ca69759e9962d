"""What is past its time goes, in small transactions, while business goes on; what is not past it stays."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest

from app.domain.shared.errors import Cancelled, DeadlineExceeded
from app.domain.shared.ids import CompanyId
from app.infrastructure.clock import pause
from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import TraceKind
from app.infrastructure.database.repositories.retention import _PURGE, KEPT
from app.infrastructure.database.repositories.shared import _FIND
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.ids import new_name
from app.usecases.context import CancellationToken, Context, Deadline
from app.usecases.retention import BATCH, Due, Purge, PurgeBatch
from app.usecases.run import Runner
from tests.support.clock import FakeClock
from tests.support.databases import context_of, tracing
from tests.support.growth import attempts_of, count_of, old_answers, old_attempts, old_events, old_jobs
from tests.support.office import Office, Served, free_line, serving
from tests.support.processes import ON_EACH

AGES: Final = {"sign_in_attempts": timedelta(days=30)}
YEAR: Final = timedelta(days=365)
NOBODY: Final = context_of(CompanyId(0))


@dataclass
class Purging:
    """A purge that counts its retries and batches."""

    works: SqlWorks
    clock: FakeClock
    batch: int = BATCH
    batches: list[int] = field(default_factory=list)
    retries: int = 0

    def __call__(self, context: Context | None = None) -> dict[str, int]:
        purge = Purge(Runner(self.works, self._again), self.clock, AGES, self.batches.append, self.batch)
        return dict(purge(context or NOBODY))

    def _again(self, attempt: int) -> None:
        self.retries += 1
        pause(attempt)


@pytest.fixture
def purging(works: SqlWorks, clock: FakeClock) -> Purging:
    """Give a purge by a clock that is years ahead of nobody: only what the test made is due."""
    made = Purging(works, clock)
    made()
    made.batches.clear()
    return made


@ON_EACH
def test_what_is_due_goes_and_nothing_else(database: Database, context: Context, purging: Purging) -> None:
    """Design 3: answers on their date, others so long after theirs as their age says."""
    now = purging.clock.now()
    company, mark = context.company, f"due{context.company}"
    old_answers(database, company, 7, now)
    old_attempts(database, f"{mark}-a", 5, now - timedelta(days=30))
    old_attempts(database, f"{mark}-b", 3, now - timedelta(days=29, hours=23))
    old_jobs(database, company, 4, now)
    old_jobs(database, company, 2, now + timedelta(seconds=1))
    old_jobs(database, company, 1, None)
    assert purging() == {"answers": 7, "sessions": 0, "sign_in_attempts": 5, "jobs": 4, "papers": 0}
    assert count_of(database, "answers", company) == 0
    assert count_of(database, "jobs", company) == 3
    assert attempts_of(database, f"{mark}-b") == 3
    assert set(purging().values()) == {0}


@ON_EACH
def test_answers_not_past_their_time_stay(database: Database, context: Context, purging: Purging) -> None:
    old_answers(database, context.company, 4, purging.clock.now() + timedelta(seconds=1))
    assert purging()["answers"] == 0
    purging.clock.advance(1)
    assert purging()["answers"] == 4


@ON_EACH
def test_each_batch_is_bounded_and_its_own_transaction(database: Database, context: Context, purging: Purging) -> None:
    """All rows have the same date, as after a bulk import: also then no batch is larger than asked for."""
    old_answers(database, context.company, 25, purging.clock.now() - YEAR)
    purging.batch = 10
    with tracing(database) as traces:
        assert purging()["answers"] == 25
    assert purging.batches == [10, 10, 5, 0, 0, 0, 0]
    commits = [trace.session for trace in traces if trace.kind is TraceKind.COMMIT]
    deletes = [trace.session for trace in traces if trace.name.startswith("purge")]
    assert commits == deletes
    assert len(set(deletes)) == 7


@ON_EACH
def test_a_purge_that_is_cut_short_goes_on_from_there(database: Database, context: Context, purging: Purging) -> None:
    """The deadline is looked at between batches; what went stays gone, the rest goes the next time."""
    old_answers(database, context.company, 30, purging.clock.now() - YEAR)
    purging.batch = 10
    token = CancellationToken()
    deadline = Deadline(100, purging.clock.monotonic)
    impatient = context_of(CompanyId(0), deadline=deadline, token=token)

    def stop(_gone: int) -> None:
        purging.clock.advance(60)

    purge = Purge(Runner(purging.works, pause), purging.clock, AGES, stop, 10)
    with pytest.raises(DeadlineExceeded):
        purge(impatient)
    assert count_of(database, "answers", context.company) == 10
    token.cancel()
    with pytest.raises(Cancelled):
        purge(context_of(CompanyId(0), token=token))
    assert purging()["answers"] == 10


@ON_EACH
def test_two_purges_at_once_share_the_work(database: Database, context: Context, purging: Purging) -> None:
    """Replicas that start the daily round together do not fail each other."""
    old_answers(database, context.company, 3_000, purging.clock.now() - YEAR)
    others = [Purging(purging.works, purging.clock, batch=100) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        gone = [made["answers"] for made in pool.map(lambda one: one(), others)]
    assert count_of(database, "answers", context.company) == 0
    assert sum(gone) == 3_000


@pytest.mark.fast
def test_what_is_kept_for_a_time_is_found_by_an_index_that_begins_with_its_date() -> None:
    """Without it every batch would read the whole table."""
    for kept in KEPT:
        begins = [next(iter(index.columns)) for index in kept.table.indexes]
        assert kept.column in begins, kept.table.name


def plan(database: Database, prepared: Prepared, given: dict[str, Any]) -> str:
    """Give the database's own plan of a prepared statement, lower case."""
    compiled = prepared.on(database.dialect)
    explain = "EXPLAIN QUERY PLAN " if database.dialect.name == "sqlite" else "EXPLAIN "
    connection = database.connection()
    try:
        cursor = database.driver.cursor(connection.dbapi_connection)
        database.driver.begin(connection.dbapi_connection, writing=True, limit=None, replan=False)
        database.driver.execute(cursor, explain + compiled.sql, compiled.arguments(given), prepare=False, limit=None)
        return str(cursor.fetchall()).lower()
    finally:
        database.driver.rollback(connection.dbapi_connection)
        connection.close()


SCANS: Final = re.compile(r"seq scan|scan (?:answers|sign_in_attempts|sessions|jobs|papers)(?! using)|'all'")
"""What a plan says that reads a whole table, on each database."""


@ON_EACH
def test_a_batch_is_found_by_the_index_of_its_date(database: Database, context: Context, purging: Purging) -> None:
    """Cost must not grow with the table: most of it is not due."""
    now = purging.clock.now()
    old_answers(database, context.company, 20_000, now + YEAR)
    old_attempts(database, f"plan{context.company}", 20_000, now)
    old_jobs(database, context.company, 20_000, now + YEAR)
    database.analyze()
    for kept in KEPT:
        name = kept.table.name
        if name == "sessions":
            continue  # few rows here: whole tables of few rows are read as they are
        shown = plan(database, _PURGE[name], {"due": now - timedelta(days=40), "batch": BATCH})
        assert not SCANS.search(shown), shown
        assert f"ix_{name}_{kept.column.name}" in shown, shown
    purging.clock.advance(2 * YEAR.total_seconds())
    Purging(purging.works, purging.clock)()


# --- under load -----------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(database_settings: Any) -> Iterator[Served]:
    """Serve the application with eight connections, for eight people."""
    with serving(database_settings.model_copy(update={"db_pool_size": 9})) as made:
        yield made


def sell(office: Office, product: int) -> list[int]:
    """Take an order to cash, each request under a key of its own; give the statuses."""
    statuses = []

    def post(path: str, body: Any = None) -> Any:
        reply = office.post(path, body, idempotency_key=new_name())
        statuses.append(reply.status)
        return reply.body

    lines = [{"product_id": product, "quantity": "1"}, free_line("5")]
    order = post("/orders", {"party_id": office.customer(), "lines": lines})["id"]
    post(f"/orders/{order}/validate")
    shipment = post(f"/orders/{order}/shipments", {})["id"]
    post(f"/shipments/{shipment}/validate")
    invoice = post(f"/orders/{order}/invoices", {})["id"]
    post(f"/invoices/{invoice}/validate")
    post(f"/invoices/{invoice}/payments", {"method": "cash"})
    return statuses


ROWS: Final = 60_000


@pytest.mark.full
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_eight_people_sell_while_a_hundred_thousand_rows_are_purged(busy: Served) -> None:
    """Design 3: no request fails, no deadlock comes through, a repeated request is still answered from what is kept."""
    container = busy.container
    database = container.database
    office = busy.company()
    office.warehouse()
    product = office.product("10000")
    now = container.clock.now()
    old_answers(database, office.company, ROWS, now - timedelta(hours=1))
    old_attempts(database, f"load{office.company}", ROWS, now - YEAR)
    kept = office.post("/third-parties", {"name": "Kept", "customer": True}, idempotency_key="kept")
    done = threading.Event()
    gone: dict[str, int] = {}

    def purge() -> None:
        try:
            gone.update(container.purge())
        finally:
            done.set()

    def seller(_index: int) -> list[int]:
        statuses: list[int] = []
        while not done.is_set() or len(statuses) < 14:
            statuses += sell(office, product)
        return statuses

    with ThreadPoolExecutor(9) as pool:
        sellers = [pool.submit(seller, index) for index in range(8)]
        purged = pool.submit(purge)
        statuses = [status for one in sellers for status in one.result(600)]
        purged.result(600)
    assert set(statuses) <= {200, 201}, sorted(set(statuses))
    assert gone["answers"] >= ROWS
    assert gone["sign_in_attempts"] >= ROWS
    again = office.post("/third-parties", {"name": "Kept", "customer": True}, idempotency_key="kept")
    assert again.body == kept.body
    assert count_of(database, "answers", office.company) == len(statuses) + 1
    assert office.level(product) == str(10_000 - len(statuses) // 7)


@pytest.mark.timeout(900)  # a million rows on a busy machine
@pytest.mark.full
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
def test_a_million_old_rows_cost_a_sale_no_statement_and_no_scan(busy: Served) -> None:
    """Design 7: cost must not grow with table size."""
    database = busy.container.database
    office = busy.company()
    office.warehouse()
    product = office.product("100")

    def counted() -> list[str]:
        with tracing(database) as traces:
            assert set(sell(office, product)) <= {200, 201}
        return [trace.name for trace in traces if trace.kind is TraceKind.STATEMENT]

    sell(office, product)
    before = counted()
    now = busy.container.clock.now()
    old_answers(database, office.company, 1_000_000, now + YEAR)
    old_events(database, office.company, 1_000_000, now - YEAR)
    database.analyze()
    sell(office, product)  # who calls was looked up too long ago to count
    more = Counter(counted()) - Counter(
        before
    )  # it may be fewer: what is known of the company is looked up now and then
    assert more == Counter()
    place = {"company_id": office.company, "actor_id": 1, "route": "POST /api/v1/old", "key": "old-77"}
    shown = plan(database, _FIND, place)
    assert not SCANS.search(shown), shown
    assert "primary" in shown or "pk_answers" in shown or "autoindex_answers" in shown, shown
    due = Due(name="answers", by=now - YEAR, batch=BATCH)
    assert busy.container.call(PurgeBatch(), lambda: due) == 0
