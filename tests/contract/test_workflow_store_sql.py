"""What the stores of executions promise that memory cannot show: strangers' locks, deaths, lost lines, schemas."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from app.workflow.runtime.store import Query, RefusedError, StoreUnavailableError
from app.workflow.stores.sql import schema
from app.workflow.stores.sql.server import TRIES, Line, write_lock
from app.workflow.stores.sql.store import SqlStore
from tests.support.databases import empty_database
from tests.support.servers import free_port
from tests.support.workflow.stores import LATER, NOW, Bench, append, benches, ids, key, letter, new, plain_engine, row

pytestmark = pytest.mark.fast
ROOT = Path(__file__).resolve().parents[2]
DATABASES = ("sqlite", "postgresql", "mariadb")
shared_bench, bench = benches(*DATABASES)
SERVERS = pytest.mark.parametrize("shared_bench", ["postgresql", "mariadb"], indirect=True)
COLUMNS = {
    "workflow_awaiting": "place namespace execution name correlation taken fresh",
    "workflow_executions": "namespace id machine edition name principal seed created input version status owner due"
    " claims started ended events error checkpoint parent reference state",
    "workflow_history": "namespace id version first_event last_event body",
    "workflow_inbox": "place namespace id execution body",
    "workflow_offers": "place namespace resource execution branch entry attempt",
    "workflow_messages": "place namespace id name correlation expires fresh delivered body",
    "workflow_ends": "place namespace execution status at error",
    "workflow_schema": "id version",
    "workflow_workers": "id name entered lease",
}


@pytest.fixture
def store(bench: Bench) -> Any:
    return bench.open()


@SERVERS
def test_a_row_that_a_stranger_holds_stalls_no_other(bench: Bench, store: Any) -> None:
    """ORC-05."""
    for number in range(4):
        store.start(new(number))
    worker = store.enter(NOW, LATER, "w")
    with bench.engine.begin() as stranger:
        stranger.exec_driver_sql("SELECT 1 FROM workflow_executions WHERE namespace = 'a' AND id = 'e1' FOR UPDATE")
        assert store.commit([append(number, 1) for number in range(3)]) == {key(0), key(2)}
        assert ids(store.claim(worker, NOW, 10)) == ["e3"]
    assert store.commit([append(1, 1)]) == {key(1)}


@SERVERS
@pytest.mark.parametrize("shape", ["connection", "raw", "cursor"])
def test_a_commit_alone_passes_over_a_row_that_a_stranger_holds(bench: Bench, store: Any, shape: str) -> None:
    """ORC-05: in a caller's transaction too nobody waits for somebody else's lock."""
    store.start(new())
    with bench.engine.begin() as stranger:
        stranger.exec_driver_sql("SELECT 1 FROM workflow_executions WHERE namespace = 'a' AND id = 'e1' FOR UPDATE")
        assert store.commit([append()]) == set()
        with bench.transaction(shape) as transaction:
            assert store.commit([append()], transaction) == set()
    with bench.transaction(shape) as transaction:
        assert store.commit([append()], transaction) == {key()}
        assert store.commit([append()], transaction) == set()
        assert store.commit([append(version=2)], transaction) == {key()}
    assert [(page.version, page.first) for page in store.history(key(), 0, 10)] == [(1, 1), (2, 3)]


@pytest.mark.parametrize("text", ["back\\slash", "it's", "a \\' b", "100 % %s ?", '{"n":"\\\\"}', "line\nend"])
@pytest.mark.parametrize("size", [1, 10_000])
def test_a_checkpoint_is_read_as_it_was_written(bench: Bench, store: Any, text: str, size: int) -> None:
    """ORC-02: on the store's own connections and on a caller's, which may write quotes in another way."""
    store.start(new())
    store.commit([append(checkpoint=text * size, history=text)])
    assert store.load([key()])[0].checkpoint == text * size
    with bench.transaction() as transaction:
        store.commit([append(version=2, checkpoint=text, history=text * size)], transaction)
    assert store.load([key()])[0].checkpoint == text
    assert store.pages(key(), [1, 2]) == {1: text, 2: text * size}


def test_a_group_with_long_checkpoints_is_written_whole(bench: Bench, store: Any) -> None:
    """ORC-02: however many statements a group takes, it is one commit."""
    sizes = {0: 10, 1: 60_000, 2: 60_000, 3: 250_000, 4: 10}
    for number in sizes:
        store.start(new(number))
    group = [append(number, checkpoint=str(number) * size) for number, size in sizes.items()]
    assert store.commit(group) == set(map(key, sizes))
    assert {row.key: row.checkpoint for row in store.load(map(key, sizes))} == {
        append.key: append.checkpoint for append in group
    }


def test_what_a_killed_process_held_is_taken_over_at_once(bench: Bench, store: Any) -> None:
    """ORC-02, ORC-06: kill -9 is known by the lock that went with the process, not by waiting."""
    for number in range(3):
        store.start(new(number))
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.support.workflow.hold", bench.url, str(NOW), str(LATER)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    killed, claimed = map(int, holder.stdout.readline().split())
    assert claimed == 3
    worker = store.enter(NOW, LATER, "w")
    assert store.bury(NOW) == []
    assert store.claim(worker, NOW, 10) == []
    holder.kill()
    holder.communicate()
    buried: list[int] = []
    while not buried:  # a server sees the end of a line when it comes to it
        buried = store.bury(NOW)
    assert buried == [killed]
    assert sorted(ids(store.claim(worker, NOW, 10))) == ["e0", "e1", "e2"]
    assert store.commit([append(0, 1, owner=worker)]) == {key(0)}


@contextmanager
def refusing_poison(bench: Bench) -> Iterator[None]:
    """Have the database itself refuse a checkpoint."""
    table = "workflow_executions"
    if bench.kind == "sqlite":
        make = (
            f"CREATE TRIGGER poison BEFORE UPDATE ON {table} WHEN NEW.checkpoint = 'poison'"
            " BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
        drop = "DROP TRIGGER poison"
    else:
        make = f"ALTER TABLE {table} ADD CONSTRAINT poison CHECK (checkpoint <> 'poison')"
        drop = f"ALTER TABLE {table} DROP CONSTRAINT poison"
    with bench.engine.begin() as connection:
        connection.exec_driver_sql(make)
    try:
        yield
    finally:
        with bench.engine.begin() as connection:
            connection.exec_driver_sql(drop)


def test_what_the_database_refuses_is_found_and_the_rest_is_written(bench: Bench, store: Any) -> None:
    """ORC-05: one bad row of a group harms no other."""
    for number in range(9):
        store.start(new(number))
    poisoned = {2, 3, 8}
    given = [append(number, 1, checkpoint="poison" if number in poisoned else "fine") for number in range(9)]
    with refusing_poison(bench):
        with pytest.raises(RefusedError) as refused:
            store.commit(given)
        with undone_by_refusal(bench) as connection, pytest.raises(RefusedError):
            store.commit([given[2]], connection)
    assert set(refused.value.refused) == {key(number) for number in poisoned}
    assert refused.value.written == {key(number) for number in range(9) if number not in poisoned}
    assert [row(store, number).version for number in range(9)] == [int(n not in poisoned) for n in range(9)]
    assert bench.count("history") == 6


@contextmanager
def undone_by_refusal(bench: Bench) -> Iterator[Any]:
    with bench.engine.connect() as connection:
        yield connection
        connection.rollback()


@SERVERS
def test_a_line_lost_in_the_middle_of_a_commit_leaves_nothing(bench: Bench, store: Any) -> None:
    """ORC-02: nobody knows at first; read again it is all there or nothing is, and it is written again."""
    store.start(new(1))
    store.start(new(2))
    store.commit([append(1, 1), append(2, 1)])
    insert = "INSERT INTO workflow_history VALUES ('a', 'e2', 2, 3, 4, 'x')"
    waiting, kill, lives = {
        "postgresql": (
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
            "SELECT pg_terminate_backend({})",
            "SELECT 1 FROM pg_stat_activity WHERE pid = {}",
        ),
        "mariadb": (
            "SELECT id FROM information_schema.processlist WHERE info LIKE 'INSERT INTO workflow_history%%'",
            "KILL {}",
            "SELECT 1 FROM information_schema.processlist WHERE id = {}",
        ),
    }[bench.kind]
    with bench.engine.connect() as stranger, ThreadPoolExecutor(1) as thread, bench.engine.connect() as looking:
        stranger.exec_driver_sql(insert)
        commit = thread.submit(store.commit, [append(1, 2), append(2, 2)])
        found: Any = None
        while found is None:
            found = looking.exec_driver_sql(waiting).scalar()
            looking.rollback()
        looking.exec_driver_sql(kill.format(found))
        with pytest.raises(StoreUnavailableError):
            commit.result()
        stranger.rollback()
        while looking.exec_driver_sql(lives.format(found)).scalar() is not None:
            # What it had locked would be passed by.
            looking.rollback()
    assert [row(store, number).version for number in (1, 2)] == [1, 1]
    assert bench.count("history") == 2
    assert store.commit([append(1, 2), append(2, 2)]) == {key(1), key(2)}
    assert bench.count("history") == 4


def deadlock(kind: str) -> Exception:
    """Give what the driver raises when the database has undone a transaction."""
    if kind == "postgresql":
        return psycopg.errors.DeadlockDetected()
    if kind == "mariadb":
        return pymysql.err.OperationalError(1213, "Deadlock found")
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorname = "SQLITE_BUSY"
    return error


@pytest.mark.parametrize("failures", [TRIES - 1, TRIES])
def test_what_the_database_undid_is_done_again_a_few_times(
    bench: Bench, store: Any, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    written = failures < TRIES
    store.start(new(1))
    group, left = store._commits.group, [deadlock(bench.kind)] * failures

    def failing(line: Line, appends: Any) -> Any:
        done = group(line, appends)
        if left:
            raise left.pop()
        return done

    if bench.kind != "postgresql":
        name = "_together" if bench.kind == "sqlite" else "group"
        monkeypatch.setattr(store._commits, name, failing)
        if written:
            assert store.commit([append(1, 1)]) == {key(1)}
        else:
            with pytest.raises(StoreUnavailableError):
                store.commit([append(1, 1)])
        assert row(store).version == int(written)
        return

    def late(line: Line) -> str:
        if left:
            raise left.pop()
        line.run("UPDATE workflow_executions SET version = 1")
        return "done"

    if written:
        assert store._server.transact(late) == "done"
    else:
        with pytest.raises(StoreUnavailableError):
            store._server.transact(late)
    assert row(store).version == int(written)


@pytest.mark.parametrize("shared_bench", ["mariadb"], indirect=True)
def test_what_no_packet_holds_is_refused_and_the_line_stays(store: Any) -> None:
    for number in (1, 2):
        store.start(new(number))
    with pytest.raises(RefusedError) as refused:
        store.commit([append(1, 1, checkpoint='"' * 9_000_000), append(2, 1, checkpoint="x" * 9_000_000)])
    assert set(refused.value.refused) == {key(1)}
    assert refused.value.written == {key(2)}


@pytest.mark.parametrize("shared_bench", ["postgresql"], indirect=True)
def test_a_commit_is_planned_for_a_table_that_grows(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """ORC-02: a plan made while the tables were empty reads none of them whole."""
    plans: list[str] = []
    ask = Line.ask

    def explained(line: Line, sql: str, *values: Any) -> Any:
        plans.extend(plan[0] for plan in ask(line, f"EXPLAIN {sql}", *values))
        return []

    monkeypatch.setattr(Line, "ask", explained)
    given: dict[str, Any] = {"consumed": ("l",), "awaits": (("a", "b"),), "forgets": (("c", "d"),), "starts": (new(3),)}
    given["posts"] = (letter("l", 1),)
    store.commit([append(1, 1, new=new(1)), append(2, 2, **given)])
    text = "\n".join(plans)
    assert text.count("Index") >= 5
    assert "Seq Scan" not in text


def test_a_commit_finds_its_rows_by_their_key_before_the_server_knows_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ORC-02: other indexes begin with the namespace too, and to a planner that knows nothing seem as good."""
    plans: list[str] = []
    ask = Line.ask

    def explained(line: Line, sql: str, *values: Any) -> Any:
        if "json_to_recordset" not in sql:
            return ask(line, sql, *values)
        plans.extend(plan[0] for plan in ask(line, f"EXPLAIN {sql}", *values))
        return []

    with empty_database("postgresql", tmp_path) as url:
        schema.migrate(plain_engine(url))
        store = SqlStore(url)
        store.commit([append(number, 1, new=new(number)) for number in range(600)])
        monkeypatch.setattr(Line, "ask", explained)
        store.commit([append(number, 2) for number in range(2)])
        store.close()
    assert "workflow_executions_pkey" in "\n".join(plans)
    assert "ix_workflow_executions" not in "\n".join(plans)


@pytest.mark.parametrize("shared_bench", ["sqlite", "postgresql"], indirect=True)
def test_what_is_acknowledged_is_on_disk(bench: Bench, store: Any) -> None:
    """ORC-02."""
    asked = {
        "sqlite": ("PRAGMA synchronous", "PRAGMA journal_mode", [(2,), ("wal",)]),
        "postgresql": ("SHOW synchronous_commit", "SHOW enable_seqscan", [("on",), ("off",)]),
    }[bench.kind]
    seen = store._server.transact(lambda line: [*line.ask(asked[0]), *line.ask(asked[1])], begin=False, kept=True)
    assert seen == asked[2]


# Who cannot be reached, or is not what we know


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.load([key(1)]),
        lambda store: store.commit([append(1, 1)]),
        lambda store: store.enter(NOW, LATER, "w"),
        lambda store: store.start(new(1)),
        lambda store: store.renew(1, LATER),
    ],
    ids=["load", "commit", "enter", "start", "renew"],
)
def test_a_server_that_is_not_there_is_unavailable(ask: Callable[[Any], None]) -> None:
    store = SqlStore(f"postgresql+psycopg://tramita@127.0.0.1:{free_port()}/nowhere")
    with pytest.raises(StoreUnavailableError):
        ask(store)
    store.close()


def test_a_database_nobody_migrated_refuses_no_data(tmp_path: Path) -> None:
    """An installation that was set up wrong is no fault of any execution."""
    store = SqlStore(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.commit([append(1, 1), append(2, 1)])
    store.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "oracle://a/b"])
def test_a_database_that_cannot_serve_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="file"):
        SqlStore(url)


def test_a_file_has_one_write_lock_in_a_process(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    lock = write_lock(tmp_path / "a.db")
    assert write_lock(tmp_path / "link" / "a.db") is lock
    assert write_lock(tmp_path / "b.db") is not lock
    store = SqlStore(f"sqlite:///{tmp_path / 'a.db'}")
    assert store._server._lock is lock  # type: ignore[attr-defined] # SQLite's has it
    store.close()


# The schema


def test_all_databases_have_the_same_tables(bench: Bench) -> None:
    found = inspect(bench.engine)
    tables = {name: " ".join(column["name"] for column in found.get_columns(name)) for name in found.get_table_names()}
    assert {name: columns for name, columns in tables.items() if name.startswith(schema.PREFIX)} == COLUMNS
    indexes = {index["name"] for name in tables for index in found.get_indexes(name)}
    wanted = {match[2] for statement in (*schema._FIRST, *schema._OFFERS) if (match := schema._INDEX.match(statement))}
    assert wanted <= indexes


def test_migrating_again_changes_nothing(bench: Bench, store: Any) -> None:
    store.start(new(1))
    schema.migrate(bench.engine)
    schema.migrate(bench.engine)
    with bench.engine.connect() as connection:
        assert schema.version(connection) == len(schema.STEPS)
    assert ids(store.find(Query("a"))) == ["e1"]


@pytest.mark.parametrize("kind", DATABASES)
def test_a_database_of_an_older_version_goes_forward_with_its_data(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-06: several who migrate at once take each step once, one that was interrupted is taken up again."""

    def another(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE workflow_executions ADD COLUMN later INTEGER DEFAULT 7 NOT NULL")

    with empty_database(kind, tmp_path) as url:
        engine = plain_engine(url)
        with engine.connect() as connection:
            assert schema.version(connection) is None
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(schema.migrate, [engine, plain_engine(url), plain_engine(url)]))
        store = SqlStore(url)
        store.start(new(1))
        with engine.begin() as connection:
            on = " ON workflow_executions" if kind == "mariadb" else ""
            for name in ("due", "reference"):
                connection.exec_driver_sql(f"DROP INDEX ix_workflow_executions_{name}{on}")
            connection.exec_driver_sql("UPDATE workflow_schema SET version = 0")
        monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, another))
        with engine.begin() as connection:
            schema.migrate_on(connection, len(schema.STEPS))
            assert schema.version(connection) == len(schema.STEPS)
        indexes = {index["name"] for index in inspect(engine).get_indexes("workflow_executions")}
        assert indexes >= {"ix_workflow_executions_due", "ix_workflow_executions_reference"}
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT id, later FROM workflow_executions")
            assert list(map(tuple, rows)) == [("e1", 7)]
        assert store.commit([append(1, 1), append(2, 1, new=new(2))]) == {key(1), key(2)}
        store.close()


def test_a_step_that_fails_is_not_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (*schema.STEPS, lambda connection: connection.exec_driver_sql("ALTER TABLE nowhere ADD x INTEGER"))
    monkeypatch.setattr(schema, "STEPS", steps)
    with bench.engine.connect() as connection:
        with pytest.raises(DBAPIError):
            schema.migrate_on(connection, len(steps))
        connection.rollback()
        assert schema.version(connection) == len(steps) - 1
