"""One transaction on one connection: prepared statements in, rows out, errors in our own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Never

from sqlalchemy.pool import PoolProxiedConnection

from app.domain.shared.errors import DeadlineExceeded, OutcomeUnknown, Unavailable
from app.infrastructure.database.compiled import Compiled, Prepared, PreparedMany, Row, arguments_of_rows
from app.infrastructure.database.dialects import Dialect, Ids
from app.infrastructure.database.engine import Database
from app.infrastructure.database.failures import ConstraintViolated, DriverErrors, Failure, FailureKind
from app.infrastructure.database.history import History
from app.infrastructure.database.locks import Lock, Trace, TraceKind
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

# A deadline this close to the usual limit of a statement is not worth telling the database.
SLACK_S: Final = 1.0
# PostgreSQL keeps the plan of a prepared statement until statistics change. One made while a table was small may take
# any of its indexes, all being alike then, and would walk the whole of the wrong one when the table has grown. So each
# connection forgets its plans after this many transactions: a millisecond's planning, shared by all of them.
PLANS_LAST: Final = 500
USES: Final = "uses"
Rows = Sequence[Mapping[str, Any]]


class Session:
    """Runs prepared statements in one transaction of ``context``; not for use by two threads at once.

    Errors of the driver come out as RolledBack (run the whole again), DeadlineExceeded, Unavailable, ConstraintViolated
    (for the repository to name), or as they are when the statement is wrong. After any of them the transaction only
    ends.
    """

    __slots__ = (
        "_around",
        "_connection",
        "_context",
        "_cursor",
        "_database",
        "_deadline",
        "_driver",
        "_failed",
        "_limit",
        "_number",
        "_raw",
        "_trace",
        "_watched",
        "_writing",
        "dialect",
        "history",
    )

    def __init__(
        self, database: Database, connection: PoolProxiedConnection, context: Context, *, writing: bool
    ) -> None:
        self._database = database
        self._driver = database.driver
        self.dialect: Dialect = database.dialect
        self._connection = connection
        self._raw: Any = connection.dbapi_connection
        self._context = context
        self._deadline = context.deadline
        self._writing = writing
        self._around = database.around
        self._trace = database.trace
        self._number = next(database.sessions) if self._trace is not None else 0
        self._failed = False
        self._watched = False
        self._limit: float | None = None
        self._cursor: Any = None
        self.history: History | None = History() if writing else None

    def begin(self, *, alone: bool = False) -> None:
        """Begin the transaction; ``alone`` is one statement that is its own.

        Raises RolledBack, DeadlineExceeded, Unavailable.
        """
        self._context.check()
        if self._deadline is not None:
            left = self._deadline.remaining()
            if left < self._database.settings.db_statement_timeout_s - SLACK_S:
                self._limit = left
        if not self.dialect.row_locks:
            self._watched = True
            self._driver.watch(self._raw, self._stopped)
        try:
            if not alone:
                self._driver.begin(self._raw, writing=self._writing, limit=self._limit, replan=self._used_up())
            self._cursor = self._driver.cursor(self._raw)
        except DriverErrors as error:
            self._fail(error, None)
        self._tell(TraceKind.BEGIN)

    def all(self, prepared: Prepared, /, *, lock: Lock | None = None, **given: Any) -> list[Row]:
        """Give all rows; ``lock`` notes what the statement locks."""
        return self._rows(prepared.on(self.dialect), given, lock)

    def one(self, prepared: Prepared, /, *, lock: Lock | None = None, **given: Any) -> Row | None:
        """Give the first row, if there is one."""
        rows = self._rows(prepared.on(self.dialect), given, lock)
        return rows[0] if rows else None

    def scalar(self, prepared: Prepared, /, *, lock: Lock | None = None, **given: Any) -> Any:
        """Give the first column of the first row, None without rows."""
        rows = self._rows(prepared.on(self.dialect), given, lock)
        return rows[0][0] if rows else None

    def run(self, prepared: Prepared, /, **given: Any) -> int:
        """Execute, and give the number of rows matched (not only those that became different)."""
        compiled = prepared.on(self.dialect)
        matched = self._count(compiled, compiled.arguments(given))
        if compiled.tracked is not None and matched and self.history is not None:
            self.history.note(compiled.tracked, given)
        return matched

    def insert(self, prepared: Prepared, /, **given: Any) -> int:
        """Insert one row and give the id the database counted."""
        key = self._counted(prepared, given)
        written = prepared.on(self.dialect).tracked
        if written is not None and self.history is not None:
            self.history.note(written, given, key)
        return key

    def all_of(self, prepared: PreparedMany, rows: Rows, /, *, lock: Lock | None = None, **common: Any) -> list[Row]:
        """Give the rows of a statement for many keys, in as few statements as its limit allows; none for no keys.

        Keys that are locked come in the order of ``rows``, so these must be sorted.
        """
        found: list[Row] = []
        for part in _parts(rows, prepared.max_rows):
            compiled, arguments = self._sized(prepared, part, common)
            rows_found = self._fetch(compiled, arguments, lock)
            if compiled.tracked is not None and self.history is not None:
                self.history.note(compiled.tracked, common, rows_found)
            found += rows_found
            lock = None
        return found

    def many(self, prepared: PreparedMany, rows: Rows, /, **common: Any) -> int:
        """Execute for many rows, in as few statements as its limit allows, and give the number of rows matched."""
        matched = 0
        for part in _parts(rows, prepared.max_rows):
            compiled, arguments = self._sized(prepared, part, common)
            matched += self._count(compiled, arguments)
            if compiled.tracked is not None and self.history is not None:
                self.history.note_rows(compiled.tracked, part, common)
        return matched

    def insert_many(self, prepared: PreparedMany, rows: Rows, /, **common: Any) -> list[int]:
        """Insert many rows and give the ids the database counted, in order of ``rows``."""
        ids: list[int] = []
        for part in _parts(rows, prepared.max_rows):
            compiled, arguments = self._sized(prepared, part, common)
            if compiled.returns_rows:
                # Ids are counted up in order of the rows, but nobody promises that they are returned so.
                counted = sorted(int(row[0]) for row in self._fetch(compiled, arguments, None))
            else:
                self._count(compiled, arguments)
                told = int(self._cursor.lastrowid)
                first = told if self.dialect.ids is Ids.FIRST else told - len(part) + 1
                counted = list(range(first, first + len(part)))
            if compiled.tracked is not None and self.history is not None:
                self.history.note_rows(compiled.tracked, part, common, counted)
            ids += counted
        return ids

    def count_aside(self, prepared: Prepared, /, **given: Any) -> int:
        """Run a statement that counts in a transaction of its own, and give the new value.

        On a server it has a connection outside the pool's limit, so that it never waits for its own transaction's, and
        whoever counts next need not wait for this one to commit.
        """
        if not self.dialect.side_transactions:
            return self._counted(prepared, given)
        aside = Session(self._database, self._database.side_connection(), self._context, writing=True)
        try:
            aside.begin(alone=True)
            counted = aside._counted(prepared, given)
        except Exception:
            aside.end()
            raise
        except BaseException:
            aside.end(broken=True)
            raise
        aside.end()
        return counted

    def _counted(self, prepared: Prepared, given: Mapping[str, Any]) -> int:
        compiled = prepared.on(self.dialect)
        if compiled.returns_rows:
            return int(self._rows(compiled, given, None)[0][0])
        self._count(compiled, compiled.arguments(given))
        return int(self._cursor.lastrowid)

    def allow_scans(self) -> None:
        """Let what follows in this transaction read whole tables and join them by hashing (reports)."""
        try:
            self._driver.allow_scans(self._raw, writing=self._writing)
        except DriverErrors as error:
            self._fail(error, None)

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """Give the driver's connection for statements that are not ours; their errors come out as those of ours do."""
        try:
            yield self._raw
        except DriverErrors as error:
            self._fail(error, None)

    def commit(self) -> None:
        """Make it durable. Raises RolledBack, or OutcomeUnknown when the connection went with the answer."""
        if self._failed:
            raise RuntimeError("a statement failed and its error was dropped: the transaction cannot be committed")
        if self._around is None:
            self._commit()
        else:
            with self._around("commit"):
                self._commit()
        self._tell(TraceKind.COMMIT)

    def _commit(self) -> None:
        try:
            kept = self._driver.commit(self._raw)
        except DriverErrors as error:
            self._failed = True
            failure = self._database.read_failure(error, None)
            self._database.tally.add(failure.kind)
            if failure.kind is FailureKind.LOST:
                self._database.lost(self._connection)
                self._raw = None
                raise OutcomeUnknown from error
            if failure.kind is FailureKind.BUG:
                raise
            raise RolledBack from error
        if not kept:
            self._database.tally.add(FailureKind.RETRY)
            raise RolledBack

    def end(self, *, broken: bool = False) -> None:
        """Undo what was not committed and give the connection back; ``broken`` throws the connection away.

        Interrupted in the middle of a round trip (Ctrl-C), nobody knows what a connection would answer next.
        """
        raw, self._raw = self._raw, None
        # A cursor's unfinished statement would keep SQLite's write lock; and who holds us, with the cursor, may be the
        # traceback of the interruption itself. There is no round trip to be in the middle of: it always rolls back.
        self._cursor = None
        if raw is None or (broken and self.dialect.row_locks):
            if raw is not None:
                self._connection.invalidate()
            self._connection.close()
            return
        try:
            self._driver.release(raw, limited=self._watched or self._limit is not None)
            self._driver.rollback(raw)
            self._tell(TraceKind.ROLLBACK)
        except DriverErrors:
            self._database.lost(self._connection)
        except BaseException:
            self._connection.invalidate()
            raise
        finally:
            self._connection.close()

    def _rows(self, compiled: Compiled, given: Mapping[str, Any], lock: Lock | None) -> list[Row]:
        rows = self._fetch(compiled, compiled.arguments(given), lock)
        if compiled.tracked is not None and rows and self.history is not None and not compiled.writes:
            self.history.note(compiled.tracked, given, rows)
        return rows

    def _fetch(self, compiled: Compiled, arguments: Sequence[Any], lock: Lock | None) -> list[Row]:
        self._before(compiled, lock)
        if self._around is None:
            return self._fetched(compiled, arguments)
        with self._around(compiled.name):
            return self._fetched(compiled, arguments)

    def _fetched(self, compiled: Compiled, arguments: Sequence[Any]) -> list[Row]:
        try:
            self._driver.execute(self._cursor, compiled.sql, arguments, prepare=compiled.prepare, limit=self._limit)
            return compiled.converted(self._cursor.fetchall())
        except DriverErrors as error:
            self._fail(error, compiled)

    def _count(self, compiled: Compiled, arguments: Sequence[Any]) -> int:
        self._before(compiled, None)
        if self._around is None:
            return self._matched(compiled, arguments)
        with self._around(compiled.name):
            return self._matched(compiled, arguments)

    def _matched(self, compiled: Compiled, arguments: Sequence[Any]) -> int:
        try:
            self._driver.execute(self._cursor, compiled.sql, arguments, prepare=compiled.prepare, limit=self._limit)
        except DriverErrors as error:
            self._fail(error, compiled)
        return int(self._cursor.rowcount)

    def _sized(self, prepared: PreparedMany, rows: Rows, common: Mapping[str, Any]) -> tuple[Compiled, Sequence[Any]]:
        sized = prepared.sized(len(rows))
        compiled = sized.on(self.dialect)
        return compiled, arguments_of_rows(compiled, rows, common, sized.size)

    def _before(self, compiled: Compiled, lock: Lock | None) -> None:
        if self._deadline is not None:
            self._context.check()
        if compiled.writes and not self._writing:
            raise RuntimeError(f"{compiled.name} in a transaction that only reads")
        if self._trace is not None:
            self._tell(TraceKind.STATEMENT, compiled, lock)

    def _used_up(self) -> bool:
        """Count this use of the connection, and tell whether its plans have served long enough."""
        info = self._connection.info
        uses = info[USES] = info.get(USES, 0) + 1
        return bool(uses % PLANS_LAST == 0)

    def _stopped(self) -> bool:
        """Tell SQLite whether to break off: nobody waits any more."""
        return self._context.token.cancelled or (self._deadline is not None and self._deadline.remaining() <= 0)

    def _fail(self, error: Exception, compiled: Compiled | None) -> Never:
        """Raise what the driver's error means."""
        self._failed = True
        failure: Failure = self._database.read_failure(error, compiled.table if compiled is not None else None)
        self._database.tally.add(failure.kind)
        if failure.kind is FailureKind.LOST:
            self._database.lost(self._connection)
            self._raw = None
            raise RolledBack from error
        if failure.kind is FailureKind.RETRY:
            raise RolledBack from error
        if failure.kind is FailureKind.TIMEOUT:
            self._context.check()
            raise DeadlineExceeded from error
        if failure.kind is FailureKind.UNAVAILABLE:
            raise Unavailable from error
        if failure.violated is not None:
            raise ConstraintViolated(failure.violated, failure.constraint) from error
        raise error

    def _tell(self, kind: TraceKind, compiled: Compiled | None = None, lock: Lock | None = None) -> None:
        if self._trace is not None:
            self._trace(
                Trace(
                    session=self._number,
                    kind=kind,
                    name="" if compiled is None else compiled.name,
                    sql="" if compiled is None else compiled.sql,
                    locks=() if lock is None else lock.positions(),
                )
            )


def _parts(rows: Rows, most: int) -> Iterable[Rows]:
    if len(rows) <= most:
        return (rows,) if rows else ()
    return (rows[start : start + most] for start in range(0, len(rows), most))
