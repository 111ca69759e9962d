"""What goes wrong between us and a database comes out in our own words, and leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, func, literal, select, text, update

from app.domain.shared.errors import Busy, Cancelled, DeadlineExceeded, OutcomeUnknown, Unavailable
from app.domain.stock import Warehouse
from app.infrastructure.clock import OffsetClock
from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.stock import warehouses
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.settings import Settings
from app.usecases.context import CancellationToken, Context, Deadline
from app.usecases.ports.shared import RolledBack
from tests.support.databases import company_context, settings_for

pytestmark = pytest.mark.fast
ON_SERVERS = pytest.mark.parametrize("database_kind", ["postgresql", "mariadb"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
NAME = Prepared(
    update(warehouses)
    .where(warehouses.c.company_id == bindparam("company"), warehouses.c.ref == bindparam("ref"))
    .values(name=bindparam("new")),
    "name",
)
HALF = Decimal("0.5")
monotonic = OffsetClock().monotonic


@contextmanager
def opened(settings: Settings, **others: Any) -> Iterator[Database]:
    """Give the same database opened with other settings."""
    own = settings_for(settings.database_url, settings.data_dir, **{"db_pool_size": 2, **others})
    database = Database.of(own)
    yield database
    database.close()


def name(work: SqlWork, ref: str, new: str) -> None:
    work.session.run(NAME, company=work.context.company, ref=ref, new=new)


def two_warehouses(works: SqlWorks) -> Context:
    context = company_context(works)
    with works.writing(context) as work:
        work.warehouses.add(Warehouse(ref="A", name="A"))
        work.warehouses.add(Warehouse(ref="B", name="B"))
        work.commit()
    return context


def names(works: SqlWorks, context: Context) -> list[str]:
    with works.reading(context) as work:
        found = [work.warehouses.by_ref(ref) for ref in "AB"]
    return [one.name for one in found if one is not None]


def kill(session: Session, database: Database) -> None:
    """End the session's connection from the server's side."""
    pid = session.scalar(PID[database.dialect.name])
    end = f"SELECT pg_terminate_backend({pid})" if database.dialect.name == "postgresql" else f"KILL {pid}"
    with plain_engine(database.settings.database_url).connect() as other:
        other.exec_driver_sql(end)


PID = {
    "postgresql": Prepared(select(func.pg_backend_pid()), "pid"),
    "mariadb": Prepared(select(func.connection_id()), "pid"),
}


@ON_SERVERS
def test_one_of_two_in_a_deadlock_is_rolled_back_and_may_run_again(works: SqlWorks) -> None:
    context = two_warehouses(works)
    both_hold_one = threading.Barrier(2)
    outcomes: list[str] = []

    def cross(first: str, second: str) -> None:
        try:
            with works.writing(context) as work:
                name(work, first, "crossed")
                both_hold_one.wait()
                name(work, second, "crossed")
                work.commit()
        except RolledBack:
            outcomes.append("rolled back")
        else:
            outcomes.append("committed")

    threads = [threading.Thread(target=cross, args=pair) for pair in (("A", "B"), ("B", "A"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["committed", "rolled back"]
    assert names(works, context) == ["crossed", "crossed"]


@ON_SERVERS
def test_waiting_too_long_for_a_lock_rolls_back(database: Database, works: SqlWorks) -> None:
    context = two_warehouses(works)
    with opened(database.settings, db_lock_timeout_s=1) as impatient:
        others = SqlWorks(impatient, OffsetClock())
        with works.writing(context) as holder:
            name(holder, "A", "held")
            with pytest.raises(RolledBack), others.writing(context) as work:
                name(work, "A", "late")
            holder.commit()
    assert names(works, context) == ["held", "B"]


@ON_SQLITE
def test_waiting_too_long_for_sqlites_write_lock_rolls_back(database: Database, works: SqlWorks) -> None:
    """The same whether another thread holds it, or another process (here: another Database)."""
    context = two_warehouses(works)
    with opened(database.settings, db_lock_timeout_s=0.05) as impatient:
        others = SqlWorks(impatient, OffsetClock())
        with works.writing(context) as holder:
            name(holder, "A", "held")
            with pytest.raises(RolledBack), others.writing(context):
                pytest.fail("two writers")
            holder.commit()
        with others.writing(context), pytest.raises(RolledBack), others.writing(context):
            pytest.fail("two writers")
    assert names(works, context) == ["held", "B"]


@ON_SERVERS
def test_a_lost_connection_rolls_back_and_the_next_transaction_works(database: Database) -> None:
    with opened(database.settings) as own:
        works = SqlWorks(own, OffsetClock())
        context = two_warehouses(works)

        def lose() -> None:
            with works.writing(context) as work:
                name(work, "A", "lost")
                kill(work.session, own)
                name(work, "B", "lost")

        with pytest.raises(RolledBack):
            lose()
        assert names(works, context) == ["A", "B"]


@ON_SERVERS
def test_connections_as_old_as_a_lost_one_are_replaced(database: Database) -> None:
    """After a restart of the server one request is undone, not one for each connection in the pool."""
    with opened(database.settings, db_pool_size=3) as own:
        works = SqlWorks(own, OffsetClock())
        context = two_warehouses(works)
        with works.reading(context) as one, works.reading(context) as two, works.reading(context) as three:
            sessions = [work.session for work in (one, two, three)]
            for victim in sessions[:2]:
                kill(victim, own)
            kill(sessions[2], own)
        with pytest.raises(RolledBack):
            names(works, context)
        assert names(works, context) == ["A", "B"]


@ON_SERVERS
def test_a_connection_lost_while_committing_leaves_the_outcome_unknown(database: Database) -> None:
    with opened(database.settings) as own:
        works = SqlWorks(own, OffsetClock())
        context = two_warehouses(works)

        def lose() -> None:
            with works.writing(context) as work:
                name(work, "A", "lost")
                kill(work.session, own)
                work.session.commit()

        with pytest.raises(OutcomeUnknown):
            lose()
        assert names(works, context) == ["A", "B"]


@ON_SERVERS
def test_a_deadline_ends_a_statement_in_the_server(database: Database, works: SqlWorks) -> None:
    """ERP-08: a request does not hold a connection longer than anybody waits."""
    sleep = func.pg_sleep(20) if database.dialect.name == "postgresql" else func.sleep(20)
    slow = Prepared(select(sleep, literal(1)), "slow")
    hurried = replace(company_context(works), deadline=Deadline(0.3, monotonic))
    for opener in (works.reading, works.writing):
        before = monotonic()
        with pytest.raises(DeadlineExceeded), opener(hurried) as work:
            work.session.all(slow)
        assert monotonic() - before < 10
        hurried = replace(hurried, deadline=Deadline(0.3, monotonic))
    with works.reading(company_context(works)) as work:
        short = func.pg_sleep(HALF) if database.dialect.name == "postgresql" else func.sleep(HALF)
        assert work.session.one(Prepared(select(short, literal(1)), "short")) is not None


COUNTING = Prepared(
    select(func.count()).select_from(
        text("(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n)")
    ),
    "count for ever",
)


@ON_SQLITE
def test_a_deadline_ends_a_statement_of_sqlite(works: SqlWorks) -> None:
    """ERP-08."""
    hurried = replace(company_context(works), deadline=Deadline(0.2, monotonic))
    with pytest.raises(DeadlineExceeded), works.reading(hurried) as work:
        work.session.all(COUNTING)


@ON_SQLITE
def test_a_caller_who_gives_up_ends_a_statement_of_sqlite(works: SqlWorks) -> None:
    """ERP-08, CT-03."""
    token = CancellationToken()
    waiting = replace(company_context(works), token=token)
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    with pytest.raises(Cancelled), works.reading(waiting) as work:
        work.session.all(COUNTING)
    timer.join()


def test_a_full_pool_is_busy(database: Database) -> None:
    """ERP-05: pool size and the wait for it are settings."""
    with opened(database.settings, db_pool_size=1, db_pool_timeout_s=0.05) as small:
        works = SqlWorks(small, OffsetClock())
        context = company_context(works)
        with works.reading(context), pytest.raises(Busy), works.reading(context):
            pytest.fail("a second connection")
        with works.reading(context) as work:
            assert work.warehouses.by_ref("A") is None


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://x:y@127.0.0.1:1/x", "mysql+pymysql://x:y@127.0.0.1:1/x", "sqlite:////nowhere/x.db"]
)
def test_a_database_that_cannot_be_reached_is_unavailable(url: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        Database.of(settings_for(url, tmp_path))


@pytest.mark.parametrize("url", ["oracle://x", "sqlite://", "sqlite:///:memory:"])
def test_a_database_we_cannot_serve_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sqlite"):
        Database(settings_for(url, tmp_path))


def test_connections_are_set_up_as_the_design_says(database: Database) -> None:
    """Isolation, time zone, durability and limits, as each database calls them."""
    connection = database.connection()
    try:
        raw: Any = connection.dbapi_connection
        cursor = raw.cursor()

        def ask(sql: str) -> object:
            cursor.execute(sql)
            return cursor.fetchone()[0]

        if database.dialect.name == "postgresql":
            found = [ask(f"SHOW {name}") for name in ("transaction_isolation", "TimeZone", "application_name")]
            assert found == ["read committed", "UTC", "tramita"]
            assert [ask(f"SHOW {name}") for name in ("statement_timeout", "lock_timeout")] == ["30s", "20s"]
            assert ask("SHOW synchronous_commit") == "on"
        elif database.dialect.name == "mariadb":
            assert [ask("SELECT @@tx_isolation"), ask("SELECT @@time_zone")] == ["READ-COMMITTED", "+00:00"]
            assert "STRICT_ALL_TABLES" in str(ask("SELECT @@sql_mode"))
            assert [ask("SELECT @@innodb_lock_wait_timeout"), ask("SELECT @@max_statement_time")] == [20, 30]
            assert ask("SELECT @@character_set_connection") == "utf8mb4"
        else:
            pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            assert [ask(f"PRAGMA {name}") for name in pragmas] == ["wal", 2, 1, 20_000]
    finally:
        connection.close()
