"""One database as the store sees it: its connections, how a transaction runs on one, what the driver's errors mean.

Statements run on the driver's own cursors; ``?`` stands for a value in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection

from ...runtime.store import StoreUnavailableError
from .liveness import FileLocks, Locks, SessionLocks

_T = TypeVar("_T")
_Row = tuple[Any, ...]
PATIENCE_S: Final = 20
"""How long to wait for a lock, or for a connection."""
TRIES: Final = 5
_SMALLEST_PACKET: Final = 1_048_576
_CLASS: Final = 0x74666C77
"""The first half of our advisory locks' keys on PostgreSQL: "tflw"."""
_write_locks: Final[WeakValueDictionary[str, Any]] = WeakValueDictionary()
_making: Final = Lock()


def write_lock(file: Path) -> Any:
    """Give this process's lock for writing to a SQLite file, the same to everybody who asks while it is in use.

    Threads in BEGIN IMMEDIATE starve each other in SQLite's busy handler; in a queue of their own they do not. So all
    who write to a file must take it: measured beside a busy engine, 4 writers without it failed after 5 s.
    """
    with _making:
        path = str(file.resolve())
        lock: Any = _write_locks.get(path)
        if lock is None:
            lock = _write_locks[path] = Lock()
        return lock


class Meaning(Enum):
    """What an error of a driver asks for."""

    LOST = auto()  # nobody knows what has happened
    AGAIN = auto()  # nothing has happened: a deadlock, a lock waited for too long
    DATA = auto()  # one of the values
    BUG = auto()  # anything else: a wrong statement, no such table


class Line:
    """A cursor on an open connection."""

    __slots__ = ("_cursor", "_write")

    def __init__(self, cursor: Any, write: Callable[[str], str]) -> None:
        self._cursor = cursor
        self._write = write

    def ask(self, sql: str, *values: Any) -> list[_Row]:
        """Give the rows of a statement."""
        self._cursor.execute(self._write(sql), values)
        return list(self._cursor.fetchall())

    def run(self, sql: str, *values: Any) -> int:
        """Run a statement; give how many rows it matched."""
        self._cursor.execute(self._write(sql), values)
        return int(self._cursor.rowcount)

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement for each of the rows; give how many it matched in all."""
        self._cursor.executemany(self._write(sql), rows)
        return int(self._cursor.rowcount)


def line_of(connection: Any, write: Callable[[str], str]) -> Line:
    """Give the line of a caller's: a connection of SQLAlchemy's, one of the driver's, or a cursor on one."""
    if hasattr(connection, "exec_driver_sql"):
        connection = connection.connection
    return Line(connection.cursor() if hasattr(connection, "cursor") else connection, write)


class Server:
    """Connections to one database, ours alone: each commits by itself unless a transaction was begun on it.

    One connection is kept for commits, so that its prepared statements stay; the others come from a pool.
    """

    begin = "BEGIN"
    share = ""
    """What makes a SELECT take rows for itself and skip those that others have."""
    latest = ""
    """What makes a SELECT see what was committed after the caller's transaction began."""
    by_due = ""
    """What leads to the index by the instant due where the database would not find it by itself."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, url: URL) -> None:
        self.url = url
        self._engine = create_engine(
            url,
            isolation_level="AUTOCOMMIT",
            connect_args=dict(self.arguments),
            pool_size=4,
            max_overflow=8,
            pool_timeout=PATIENCE_S,
            pool_use_lifo=True,
            pool_reset_on_return=None,
        )
        event.listen(self._engine, "connect", self._set_up)
        dbapi: Any = self._engine.dialect.loaded_dbapi
        self.dbapi = dbapi
        self.errors: tuple[type[Exception], ...] = (dbapi.Error,)
        self.failures = (*self.errors, DBAPIError, PoolTimeout)
        """The errors of a driver, and those of connecting."""
        self.write = _percent if dbapi.paramstyle in {"format", "pyformat"} else _as_it_is
        self._keeping = Lock()
        self._kept: PoolProxiedConnection | None = None

    def transact(self, work: Callable[[Line], _T], *, begin: bool = True, kept: bool = False) -> _T:
        """Give what ``work`` gives on a connection, run again from the start when the database undid it.

        ``begin`` runs it in a transaction; without, each statement is one. ``kept`` takes the connection kept for
        commits. Raises StoreUnavailableError, or errors of the driver that are not about the connection.
        """
        for tried in range(1, TRIES + 1):
            try:
                with self._turn(begin=begin), self._checked_out(kept=kept) as connection:
                    return self._once(connection, work, begin=begin)
            except self.errors as error:
                if self.meaning(error) is not Meaning.AGAIN:
                    raise
                if tried == TRIES:
                    raise StoreUnavailableError(str(error)) from error
        raise AssertionError

    def _once(self, connection: PoolProxiedConnection, work: Callable[[Line], _T], *, begin: bool) -> _T:
        try:
            line = Line(connection.cursor(), self.write)
            if begin:
                line.run(self.begin)
            result = work(line)
            if begin:
                line.run("COMMIT")
        except BaseException as error:
            ours = isinstance(error, self.errors)
            if (ours and self.meaning(error) is Meaning.LOST) or not isinstance(error, Exception):
                # Interrupted in the middle of a round trip, nobody knows what it would answer next.
                connection.invalidate()
            elif begin:
                self._undo(connection)
            if ours and self.meaning(error) is Meaning.LOST:
                raise StoreUnavailableError(str(error)) from error
            raise
        return result

    def _undo(self, connection: PoolProxiedConnection) -> None:
        try:
            connection.cursor().execute("ROLLBACK")
        except self.errors:
            connection.invalidate()

    def meaning(self, error: BaseException) -> Meaning:
        """Tell what an error of the driver asks for."""
        if self._engine.dialect.is_disconnect(error, None, None):  # type: ignore[arg-type] # asked about errors alone
            return Meaning.LOST
        if isinstance(error, (self.dbapi.DataError, self.dbapi.IntegrityError)):
            return Meaning.DATA
        return Meaning.BUG

    def too_large(self, *texts: str) -> str:
        """Tell why one of the texts cannot be sent, or give an empty text."""
        del texts
        return ""

    def locks(self) -> Locks:
        """Give the locks by which workers tell that they live."""
        raise NotImplementedError

    def connect(self) -> Any:
        """Open a connection of the driver's outside the pool."""
        connection = self._engine.raw_connection()
        connection.detach()
        return connection.dbapi_connection

    def close(self) -> None:
        """Close the connections."""
        with self._keeping:
            if self._kept is not None:
                self._kept.close()
                self._kept = None
        self._engine.dispose()

    def _set_up(self, connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for statement in self.settings:
            cursor.execute(statement)
        cursor.close()

    @contextmanager
    def _turn(self, *, begin: bool) -> Iterator[None]:
        """Wait for the right to write, where only one may."""
        del begin
        yield

    @contextmanager
    def _checked_out(self, *, kept: bool) -> Iterator[PoolProxiedConnection]:
        if not kept:
            connection = self._checkout()
            try:
                yield connection
            finally:
                connection.close()
            return
        with self._keeping:
            if self._kept is None or not self._kept.is_valid:
                self._kept = self._checkout()
            yield self._kept

    def _checkout(self) -> PoolProxiedConnection:
        try:
            return self._engine.raw_connection()
        except self.failures as error:
            raise StoreUnavailableError(str(error)) from error


class Postgres(Server):
    """PostgreSQL through psycopg."""

    share = " FOR UPDATE SKIP LOCKED"
    # A statement prepared on a small table would keep a plan that reads all of it when it has grown: 125 commits a
    # second instead of 16,000.
    settings: ClassVar[tuple[str, ...]] = (
        "SET enable_seqscan = off",
        "SET enable_hashjoin = off",
        "SET enable_mergejoin = off",
        "SET jit = off",
        "SET default_transaction_isolation = 'read committed'",
        "SET synchronous_commit = on",
        f"SET lock_timeout = '{PATIENCE_S}s'",
    )
    _STATES: ClassVar[Mapping[str, Meaning]] = {
        **dict.fromkeys(("40P01", "40001", "55P03"), Meaning.AGAIN),
        **dict.fromkeys(("57P01", "57P02", "57P03", "57014", "25006"), Meaning.LOST),
    }
    _CLASSES: ClassVar[Mapping[str, Meaning]] = {
        **dict.fromkeys(("08", "53"), Meaning.LOST),
        **dict.fromkeys(("22", "23", "54", "P0"), Meaning.DATA),
    }

    def meaning(self, error: BaseException) -> Meaning:
        """Read the SQLSTATE."""
        state: str = getattr(error, "sqlstate", None) or ""
        found = self._STATES.get(state) or self._CLASSES.get(state[:2])
        if found is not None:
            return found
        if not state and isinstance(error, self.dbapi.OperationalError):
            # libpq itself says so: the server has gone.
            return Meaning.LOST
        return super().meaning(error)

    def locks(self) -> Locks:
        """Give advisory locks of a session."""
        return SessionLocks(
            self.connect,
            self.failures,
            take=lambda number: f"SELECT pg_try_advisory_lock({_CLASS}, {number})",
            give=lambda number: f"SELECT pg_advisory_unlock({_CLASS}, {number})",
        )


class Mysql(Server):
    """MariaDB, or MySQL 8, through PyMySQL."""

    share = " FOR UPDATE SKIP LOCKED"
    latest = " LOCK IN SHARE MODE"
    # Most of what nobody holds sleeps: by that index it would read all of them.
    by_due = " FORCE INDEX (ix_workflow_executions_due)"
    arguments: ClassVar[Mapping[str, Any]] = {"charset": "utf8mb4"}
    # Where a backslash means nothing the driver need only double quotes, which JSON has few of: else it looks at each
    # character by itself, 3 ms for 100 kB.
    settings: ClassVar[tuple[str, ...]] = (
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
        "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
        f"SET innodb_lock_wait_timeout = {PATIENCE_S}",
    )
    _AGAIN: Final = frozenset({1213, 1205, 1020})
    _LOST: Final = frozenset(
        {0, 1021, 1040, 1041, 1053, 1079, 1080, 1114, 1129, 1203, 1290, 1317, 1792, 1836, 1927, 1969, 2002, 2003, 2006,
         2013, 2014, 2055, 3024, 4031}
    )  # fmt: skip
    _DATA: Final = frozenset({1153, 1264, 1301, 1366, 1406, 1644, 3819, 4025})

    def meaning(self, error: BaseException) -> Meaning:
        """Read the number."""
        number = error.args[0] if error.args and isinstance(error.args[0], int) else None
        if number in self._AGAIN:
            return Meaning.AGAIN
        if number in self._LOST:
            return Meaning.LOST
        if number in self._DATA:
            return Meaning.DATA
        return super().meaning(error)

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self._packet: int | None = None

    def too_large(self, *texts: str) -> str:
        """Tell why one of the texts cannot be sent: of a larger packet the server says nothing but that it has gone."""
        longest = max(map(len, texts), default=0)
        if longest < _SMALLEST_PACKET // 8:
            return ""
        if self._packet is None:
            self._packet = int(self.transact(lambda line: line.ask("SELECT @@max_allowed_packet"), begin=False)[0][0])
        # Each quote and backslash of JSON is sent as two characters.
        sent = max(len(text.encode()) + text.count('"') + text.count("\\") for text in texts) + 4_096
        return f"{sent} bytes are more than the server takes, {self._packet}" if sent > self._packet else ""

    def locks(self) -> Locks:
        """Give named locks of a session; a name is the server's, not the database's, and has at most 64 characters."""
        name = "workflow." + (self.url.database or "").replace("'", "").replace("\\", "")[-36:]
        return SessionLocks(
            self.connect,
            self.failures,
            take=lambda number: f"SELECT GET_LOCK('{name}.{number}', 0)",
            give=lambda number: f"SELECT RELEASE_LOCK('{name}.{number}')",
        )


class Sqlite(Server):
    """SQLite through the standard library, on a file."""

    begin = "BEGIN IMMEDIATE"
    arguments: ClassVar[Mapping[str, Any]] = {"timeout": PATIENCE_S, "check_same_thread": False}
    settings: ClassVar[tuple[str, ...]] = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")

    def __init__(self, url: URL) -> None:
        if url.database in {None, "", ":memory:"}:
            raise ValueError("the store needs a file: another connection would see another database in memory")
        super().__init__(url)
        self._file = Path(url.database or "")
        self._lock = write_lock(self._file)

    def meaning(self, error: BaseException) -> Meaning:
        """Read the name of the error."""
        name: str = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Meaning.AGAIN
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
            return Meaning.LOST
        return super().meaning(error)

    def locks(self) -> Locks:
        """Give locks on files beside the database's."""
        return FileLocks(lambda number: self._file.with_name(f"{self._file.name}.engine-{number}"))

    @contextmanager
    def _turn(self, *, begin: bool) -> Iterator[None]:
        if begin and not self._lock.acquire(timeout=PATIENCE_S):
            raise StoreUnavailableError("somebody in this process does not stop writing")
        try:
            yield
        finally:
            if begin:
                self._lock.release()


def server_of(url: str | URL) -> Server:
    """Give the server behind a URL of SQLAlchemy's. Raises ValueError for a database we do not know."""
    made = make_url(url)
    backend = made.get_backend_name()
    if backend == "postgresql":
        return Postgres(made)
    if backend in {"mysql", "mariadb"}:
        return Mysql(made)
    if backend == "sqlite":
        return Sqlite(made)
    raise ValueError(f"no support for {backend} here: use postgresql, mariadb, mysql, or sqlite with a file")


@cache
def _percent(sql: str) -> str:
    return sql.replace("?", "%s")


def _as_it_is(sql: str) -> str:
    return sql
