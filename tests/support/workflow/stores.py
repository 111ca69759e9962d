"""Stores to prove what all of them promise: one database for each kind and process of the tests, emptied in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from sqlalchemy import Engine, NullPool, create_engine, event

from app.workflow.kernel.status import Status
from app.workflow.runtime.store import Append, Key, Letter, Message, NewExecution, Row, Store
from app.workflow.stores.memory import MemoryStore
from app.workflow.stores.sql.liveness import SessionLocks
from app.workflow.stores.sql.schema import migrate
from app.workflow.stores.sql.store import SqlStore
from tests.support.databases import empty_database

KINDS: Final = ("memory", "sqlite", "postgresql", "mariadb")
TABLES: Final = ("executions", "history", "workers", "inbox", "messages", "awaiting", "offers", "ends")
NOW: Final = 1_800_000_000_000
LATER: Final = NOW + 60_000
NEVER: Final = NOW * 2


class Bench:
    """One kind of store, with as many openings of it as a test needs: each is a process of its own to the others."""

    def __init__(self, kind: str, url: str = "") -> None:
        self.kind = kind
        self.url = url
        self._memory = MemoryStore()
        self._opened: list[SqlStore] = []
        self._idle: list[SqlStore] = []
        self._engine: Engine | None = None
        if url:
            self._engine = plain_engine(url)
            migrate(self._engine)

    @property
    def engine(self) -> Engine:
        """Give a way past the store."""
        assert self._engine is not None
        return self._engine

    def open(self) -> Any:
        """Give the store; in memory it is the same one each time."""
        if not self.url:
            return self._memory
        store = self._idle.pop() if self._idle else SqlStore(self.url)
        self._opened.append(store)
        return store

    def kill(self, store: Any, worker: int) -> None:
        """Let the lock of a worker go as its death would."""
        if isinstance(store, MemoryStore):
            store.lose(worker)
            return
        locks = store._locks
        locks.close()
        if isinstance(locks, SessionLocks):
            # The server sees a line that was closed when it comes to it: this waits for it.
            take = locks._take(worker).replace("try_", "").replace(", 0)", ", 20)")
            with self.engine.connect() as connection:
                connection.exec_driver_sql(take)
                connection.exec_driver_sql(locks._give(worker))

    @contextmanager
    def transaction(self, shape: str = "connection") -> Iterator[Any]:
        """Give a caller's transaction: SQLAlchemy's ``connection``, a ``raw`` one of the driver's, a ``cursor``."""
        if not self.url:
            with self._memory.transaction() as transaction:
                yield transaction
            return
        with self.engine.begin() as connection:
            raw = connection.connection
            yield {"connection": connection, "raw": raw.dbapi_connection, "cursor": raw.cursor()}[shape]

    def clear(self) -> None:
        """Empty it; what was opened serves the next test."""
        for store in self._opened:
            store._locks.close()
        self._idle += self._opened
        self._opened.clear()
        self._memory = MemoryStore()
        if self.url:
            with self.engine.begin() as connection:
                for table in TABLES:
                    connection.exec_driver_sql(f"DELETE FROM workflow_{table}")

    def close(self) -> None:
        """Close what was opened."""
        self.clear()
        while self._idle:
            self._idle.pop().close()

    def count(self, table: str) -> int:
        """Give how many rows a table has."""
        with self.engine.connect() as connection:
            return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM workflow_{table}").scalar_one())


@contextmanager
def bench_of(kind: str, folder: Path) -> Iterator[Bench]:
    """Give a bench on a database of its own."""
    if kind == "memory":
        yield Bench(kind)
        return
    with empty_database(kind, folder) as url:
        bench = Bench(kind, url)
        yield bench
        bench.close()


def benches(*kinds: str, scope: Literal["session", "module"] = "session") -> tuple[Any, Any]:
    """Give the fixtures ``shared_bench``, one of each kind for a scope, and ``bench``, which each test finds empty."""

    @pytest.fixture(scope=scope, params=kinds)
    def shared_bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
        with bench_of(request.param, tmp_path_factory.mktemp("engine")) as made:
            yield made

    @pytest.fixture
    def bench(shared_bench: Bench) -> Iterator[Bench]:
        yield shared_bench
        shared_bench.clear()

    return shared_bench, bench


class Rollback(Exception):
    """What a caller's transaction ends by in tests."""


@contextmanager
def undone(block: Any) -> Iterator[Any]:
    """Give what ``block`` gives, and have it end by an exception."""
    with suppress(Rollback), block as given:
        yield given
        raise Rollback


def plain_engine(url: str, **pool: Any) -> Engine:
    """Give an engine at READ COMMITTED, whose transactions on SQLite write from the start; without a ``pool`` else."""
    pool = pool or {"poolclass": NullPool}
    if not url.startswith("sqlite"):
        return create_engine(url, isolation_level="READ COMMITTED", **pool)
    engine = create_engine(url, connect_args={"timeout": 5}, **pool)

    def own(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    event.listen(engine, "connect", own)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def key(number: int | str = 1, namespace: str = "a") -> Key:
    """Give a key."""
    return Key(namespace, f"e{number}")


def new(number: int | str = 1, namespace: str = "a", **others: Any) -> NewExecution:
    """Give an execution to be."""
    given: dict[str, Any] = {"machine": "orders", "edition": 1, "input": '{"n":1}', "created": NOW, "seed": "s"}
    return NewExecution(key(number, namespace), **(given | others))


def append(number: int | str = 1, version: int = 1, namespace: str = "a", **others: Any) -> Append:
    """Give a commit."""
    given: dict[str, Any] = {
        "status": Status.RUNNING,
        "owner": None,
        "due": None,
        "checkpoint": f"c{version}",
        "history": f"h{version}",
        "events": 2,
        "started": NOW,
    }
    return Append(key(number, namespace), version, **(given | others))


def ended(number: int | str = 1, version: int = 1, at: int = LATER, namespace: str = "a", **others: Any) -> Append:
    """Give the commit that ends an execution."""
    return append(number, version, namespace, **({"status": Status.SUCCEEDED, "ended": at} | others))


def letter(name: str = "l1", number: int | str = 1, namespace: str = "a", body: str = '"x"') -> Letter:
    """Give a letter."""
    return Letter(key(number, namespace), name, body)


def message(name: str = "m1", about: str = "paid", correlation: str = "42", **others: Any) -> Message:
    """Give a message."""
    given: dict[str, Any] = {"namespace": "a", "body": '"x"', "expires": LATER}
    return Message(**(given | {"id": name, "name": about, "key": correlation} | others))


def row(store: Store, number: int | str = 1, namespace: str = "a") -> Row:
    """Give the one row of an execution."""
    (found,) = store.load([key(number, namespace)])
    return found


def ids(rows: list[Row]) -> list[str]:
    """Give the ids of rows, in their order."""
    return [found.key.id for found in rows]
