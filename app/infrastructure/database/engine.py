"""The connections: a pool opened at start-up, set up once per connection, never asked whether they still live.

A connection that turns out dead makes all of its age suspect; they are replaced as they come up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from sqlalchemy import URL, NullPool, create_engine, literal_column, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from app.domain.shared.errors import Busy, Unavailable
from app.infrastructure.database.compiled import Prepared, Row, compile_all
from app.infrastructure.database.dialects import Dialect, dialect_of
from app.infrastructure.database.drivers import Driver, driver_of, side_driver_of
from app.infrastructure.database.failures import READERS, DriverErrors, FailureKind
from app.infrastructure.database.locks import Tracer
from app.infrastructure.database.migrate import head
from app.infrastructure.database.types import COUNTER, INSTANT, text
from app.settings import Returning, Settings
from app.usecases.ports.shared import RolledBack
from app.workflow.stores.sql.schema import STEPS
from app.workflow.stores.sql.server import write_lock

EPOCH: Final = "epoch"
WAITED: Final = "waited"
TIMED_OUT: Final = "timed_out"
WRITE_LOCK: Final = "write_lock"
Around = Callable[[str], AbstractContextManager[object]]


class Tally:
    """Counts what seldom happens, by name, from any thread."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Count one."""
        with self._turn:
            self._counts[name] += 1

    def read(self) -> Counter[str]:
        """Give what was counted so far; 0 for any other name."""
        with self._turn:
            return self._counts.copy()


class Database:
    """One database: its dialect, its pool, and on SQLite the one write lock of this process.

    ``trace`` is told every statement, lock and end of a transaction. ``around`` gives the block in which a statement of
    that name runs. ``tally`` counts waits for a connection and what the driver's errors meant. ``open`` connects;
    before that only a mysql:// URL makes one connection, to ask the server whether it is MariaDB.
    """

    def __init__(self, settings: Settings, trace: Tracer | None = None) -> None:
        self.settings = settings
        # What runs beside the requests does not wait for their connections, nor they for its.
        self._beside = settings.jobs_at_once + 1 if settings.jobs else 0
        self.trace = trace
        self.around: Around | None = None
        self.tally = Tally()
        self.url: URL = make_url(settings.database_url)
        self.dialect: Dialect = dialect_of(
            self.url,
            mariadb=self.url.get_backend_name() == "mysql" and _is_mariadb(self.url),
            returning=settings.db_returning is Returning.AUTO,
        )
        self.driver: Driver = driver_of(self.dialect, self.url, settings)
        self.read_failure = READERS[self.dialect.name]
        self.sessions = count(1)
        # The workflow engine writes to the same file.
        self._write_lock: Lock | None = None if self.dialect.row_locks else write_lock(Path(self.url.database or ""))
        self._epoch = 0
        self._pool = self._new_pool(self.driver)
        self._side = self._new_pool(side_driver_of(self.dialect, self.url, settings))

    @classmethod
    def of(cls, settings: Settings, trace: Tracer | None = None) -> Self:
        """Give the open database of ``settings``. Raises Unavailable when it cannot be reached."""
        database = cls(settings, trace)
        try:
            database.open()
        except BaseException:
            database.close()
            raise
        return database

    def open(self) -> None:
        """Fill the pool. Raises Unavailable when the database cannot be reached."""
        held = [self.connection() for _ in range(self.settings.db_pool_size)]
        for connection in held:
            connection.close()

    def prepare(self) -> None:
        """Compile every statement now, for a program that will run most of them; others are compiled as they come."""
        compile_all(self.dialect)

    def close(self) -> None:
        """Close the connections that are not in use; a second call does nothing."""
        self._pool.dispose()
        self._side.dispose()

    def connection(self) -> PoolProxiedConnection:
        """Give a connection from the pool. Raises Busy after the pool's time-out, Unavailable when none can be made."""
        return self._checkout(self._pool)

    def side_connection(self) -> PoolProxiedConnection:
        """Give a connection outside the pool's limit, for a second transaction beside one that holds a connection."""
        return self._checkout(self._side)

    def lost(self, connection: PoolProxiedConnection) -> None:
        """Take a dead connection out; all others of its age go when they come up."""
        if connection.info.get(EPOCH) == self._epoch:
            self._epoch += 1
        connection.invalidate()

    def hold_write_lock(self, seconds: float) -> Lock | None:
        """Take SQLite's write lock of this process and give it, to be released; None on servers. Raises RolledBack."""
        lock = self._write_lock
        if lock is not None and not lock.acquire(timeout=seconds):
            self.tally.add(WRITE_LOCK)
            raise RolledBack
        return lock

    def connections(self) -> tuple[int, int]:
        """Give how many connections requests may hold at once, and how many they hold now."""
        return self.settings.db_pool_size + self.settings.db_pool_overflow, self._pool.checkedout()

    def now(self) -> datetime:
        """Give the database's present instant, UTC: the clock all processes share. Raises Unavailable."""
        moment: datetime = self._ask_one(_now(self.dialect))
        return moment

    def analyze(self) -> None:
        """Let a planner that keeps plans see how much was just loaded, and make them anew.

        Only PostgreSQL keeps them. Failing is no loss: its autovacuum does the same within minutes.
        """
        if not self.dialect.analyze:
            return
        connection = self.connection()
        try:
            cursor = self.driver.cursor(connection.dbapi_connection)
            self.driver.execute(cursor, self.dialect.analyze, (), prepare=False, limit=None)
        except DriverErrors:
            self.lost(connection)
        finally:
            connection.close()

    def readiness(self) -> dict[str, bool]:
        """Tell whether the database answers, and whether its schema is the one this version was made for."""
        try:
            revision, steps = self._ask_one(_REVISION), self._ask_one(_STEPS)
        except Unavailable:
            return {"database": False, "migrations": False}
        except DriverErrors:
            # It answers, but has no such table: nobody has migrated it yet.
            return {"database": True, "migrations": False}
        return {"database": True, "migrations": revision == head() and steps == len(STEPS)}

    def _ask_one(self, prepared: Prepared) -> Any:
        rows = self.ask(prepared)
        return rows[0][0] if rows else None

    def ask(self, prepared: Prepared, /, **given: Any) -> list[Row]:
        """Give the rows of a statement outside any transaction. Raises Unavailable when the connection is dead.

        Probes, figures and the clock ask beside the pool: requests may hold all of it, and the service is well all the
        same.
        """
        compiled = prepared.on(self.dialect)
        connection = self.side_connection()
        try:
            cursor = self.driver.cursor(connection.dbapi_connection)
            self.driver.execute(cursor, compiled.sql, compiled.arguments(given), prepare=True, limit=None)
            return compiled.converted(cursor.fetchall())
        except DriverErrors as error:
            if self.read_failure(error, None).kind is FailureKind.BUG:
                raise
            self.lost(connection)
            raise Unavailable from error
        finally:
            connection.close()

    def _checkout(self, pool: QueuePool) -> PoolProxiedConnection:
        if pool is self._pool and not pool.checkedin() and pool.checkedout() >= self.connections()[0]:
            self.tally.add(WAITED)
        while True:
            try:
                connection = pool.connect()
            except PoolTimeout as error:
                self.tally.add(TIMED_OUT)
                raise Busy from error
            except DriverErrors as error:
                raise Unavailable from error
            # What is noted on a connection goes with it: a new one in its place is of this age.
            if connection.info.setdefault(EPOCH, self._epoch) == self._epoch:
                return connection
            connection.invalidate()
            connection.close()

    def _new_pool(self, driver: Driver) -> QueuePool:
        connect: Callable[[], Any] = driver.connect
        return QueuePool(
            connect,
            pool_size=self.settings.db_pool_size + self._beside,
            max_overflow=self.settings.db_pool_overflow,
            timeout=self.settings.db_pool_timeout_s,
            recycle=self.settings.db_pool_lifetime_s,
            # Sessions end their transactions themselves; the pool's own rollback would be a round trip more.
            reset_on_return=None,
            use_lifo=True,
        )


@cache
def _now(dialect: Dialect) -> Prepared:
    return Prepared(select(literal_column(dialect.now, INSTANT)), "now")


_REVISION: Final = Prepared(
    select(literal_column("version_num", text(32))).select_from(table("alembic_version")), "revision"
)

_STEPS: Final = Prepared(select(literal_column("version", COUNTER)).select_from(table("workflow_schema")), "steps")


def _is_mariadb(url: URL) -> bool:
    """Ask the server whether it is MariaDB. Raises Unavailable when it does not answer."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect():
            return bool(getattr(engine.dialect, "is_mariadb", False))
    except Exception as error:
        raise Unavailable from error
    finally:
        engine.dispose()
