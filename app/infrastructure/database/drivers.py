"""The three drivers: how a connection is made and set up, and how a transaction begins and ends on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Protocol

import psycopg
import pymysql
from psycopg import pq
from sqlalchemy import URL

from app.infrastructure.database.dialects import Dialect
from app.infrastructure.database.postgres import PLANS, PgConnection, PgCursor, simple
from app.settings import Settings

APPLICATION: Final = "tramita"
SCANS: Final = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")


class Driver(Protocol):
    """What a session needs of a database driver. Connections are the driver's own; times are seconds."""

    def connect(self) -> Any:
        """Open a connection, set up for short transactions that we begin and end ourselves."""
        ...

    def cursor(self, connection: Any) -> Any:
        """Give a cursor that takes the statements as compiled."""
        ...

    def execute(self, cursor: Any, sql: str, arguments: Any, *, prepare: bool, limit: float | None) -> None:
        """Run one statement."""
        ...

    def begin(self, connection: Any, *, writing: bool, limit: float | None, replan: bool) -> None:
        """Begin a transaction whose statements take at most ``limit``; ``replan`` forgets the plans made so far."""
        ...

    def allow_scans(self, connection: Any, *, writing: bool) -> None:
        """Let the planner read whole tables until the transaction ends."""
        ...

    def commit(self, connection: Any) -> bool:
        """End the transaction; False when the database undid it instead."""
        ...

    def rollback(self, connection: Any) -> None:
        """Undo what was begun, if anything was."""
        ...

    def watch(self, connection: Any, stop: Callable[[], bool]) -> None:
        """Let ``stop`` end a running statement where it runs in this process."""
        ...

    def release(self, connection: Any, *, limited: bool) -> None:
        """Take back what a transaction with a limit has set, and the watch."""
        ...


@dataclass(frozen=True, slots=True)
class PostgresDriver:
    """psycopg 3, in autocommit: a transaction that only reads needs no BEGIN at READ COMMITTED."""

    dialect: Dialect
    url: URL
    settings: Settings
    side: bool = False

    def connect(self) -> PgConnection:
        """Open and set up a connection.

        Sequential scans and the joins that need them are off: short statements never want them, and a plan made while a
        table was small would keep them when it has grown. Reports switch them on for their transaction. (Which of
        several indexes a plan takes is as much of a trap: so plans are made anew now and then, see ``Session``.)
        """
        arguments, keywords = self.dialect.sql().create_connect_args(self.url)
        connection = PgConnection.connect(
            *arguments,
            **keywords,
            autocommit=True,
            client_encoding="utf8",
            connect_timeout=self.settings.db_connect_timeout_s,
            application_name=APPLICATION,
        )
        wanted = {
            "timezone": "UTC",
            "default_transaction_isolation": "read committed",
            "statement_timeout": f"{_milliseconds(self.settings.db_statement_timeout_s)}",
            "lock_timeout": f"{_milliseconds(self.settings.db_lock_timeout_s)}",
            "idle_in_transaction_session_timeout": f"{_milliseconds(self.settings.request_timeout_s * 2)}",
            **dict.fromkeys(SCANS, "off"),
            "jit": "off",
            "synchronous_commit": "off" if self.side else "on",
        }
        simple(connection, "; ".join(f"SET {name} = '{value}'" for name, value in wanted.items()))
        return connection

    def cursor(self, connection: PgConnection) -> PgCursor:
        """Give a cursor that takes $1, $2 as they are."""
        return PgCursor(connection)

    def execute(
        self,
        cursor: Any,
        sql: str,
        arguments: Any,
        *,
        prepare: bool,
        limit: float | None,  # noqa: ARG002 - set at BEGIN
    ) -> None:
        """Run one statement, prepared on the server unless it is too seldom the same."""
        cursor.execute(sql, arguments, prepare=prepare)

    def begin(self, connection: psycopg.Connection[Any], *, writing: bool, limit: float | None, replan: bool) -> None:
        """Begin where a transaction is needed; all that is to be said goes in one round trip."""
        words = ["DISCARD PLANS"] if replan else []
        if writing or limit is not None:
            words.append("BEGIN" if writing else "BEGIN READ ONLY")
        if limit is not None:
            words.append(f"SET LOCAL statement_timeout = {_milliseconds(limit)}")
        if words:
            simple(connection, "; ".join(words))

    def allow_scans(self, connection: psycopg.Connection[Any], *, writing: bool) -> None:
        """Switch on what is off for short statements, in one round trip."""
        begun = writing or connection.pgconn.transaction_status != pq.TransactionStatus.IDLE
        begin = "" if begun else "BEGIN READ ONLY; "
        simple(connection, begin + "; ".join(f"SET LOCAL {name} = on" for name in SCANS))

    def commit(self, connection: psycopg.Connection[Any]) -> bool:
        """Commit; the server answers ROLLBACK when a statement had failed."""
        if connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
            return True
        return simple(connection, "COMMIT") == b"COMMIT"

    def rollback(self, connection: psycopg.Connection[Any]) -> None:
        """Undo what was begun."""
        if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            simple(connection, "ROLLBACK")

    def watch(self, connection: psycopg.Connection[Any], stop: Callable[[], bool]) -> None:
        """Do nothing: statements run in the server, under its own time limit."""

    def release(self, connection: psycopg.Connection[Any], *, limited: bool) -> None:
        """Do nothing: the limit ended with the transaction."""


@dataclass(frozen=True, slots=True)
class MysqlDriver:
    """PyMySQL, in autocommit, for MariaDB and MySQL."""

    dialect: Dialect
    url: URL
    settings: Settings

    def connect(self) -> pymysql.Connection[Any]:
        """Open and set up a connection; matched rows are counted, not changed ones."""
        arguments, keywords = self.dialect.sql().create_connect_args(self.url)
        keywords.setdefault("charset", "utf8mb4")
        keywords["client_flag"] = keywords.get("client_flag", 0) | pymysql.constants.CLIENT.FOUND_ROWS
        connection: pymysql.Connection[Any] = pymysql.connect(
            *arguments,
            **keywords,
            autocommit=True,
            connect_timeout=self.settings.db_connect_timeout_s,
            program_name=APPLICATION,
        )
        seconds = self.settings.db_statement_timeout_s
        limit = (
            f"max_statement_time = {seconds}"
            if self.dialect.statement_limit
            else f"max_execution_time = {_milliseconds(seconds)}"
        )
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(
                "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,"
                "NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
                f" innodb_lock_wait_timeout = {max(1, ceil(self.settings.db_lock_timeout_s))}, {limit}"
            )
        return connection

    def cursor(self, connection: pymysql.Connection[Any]) -> Any:
        """Give a plain cursor."""
        return connection.cursor()

    def execute(
        self,
        cursor: Any,
        sql: str,
        arguments: Any,
        *,
        prepare: bool,  # noqa: ARG002 - the client puts the values in
        limit: float | None,
    ) -> None:
        """Run one statement; on MariaDB it carries its own time limit."""
        if limit is not None and self.dialect.statement_limit:
            sql = f"SET STATEMENT max_statement_time = {max(limit, 0.001):.3f} FOR {sql}"
        cursor.execute(sql, arguments)

    def begin(
        self,
        connection: pymysql.Connection[Any],
        *,
        writing: bool,
        limit: float | None,
        replan: bool,  # noqa: ARG002 - statements are planned at each execution
    ) -> None:
        """Begin to write; reads at READ COMMITTED need no transaction."""
        if limit is not None and not self.dialect.statement_limit:
            connection.query(f"SET SESSION max_execution_time = {_milliseconds(limit)}")
        if writing:
            connection.begin()

    def allow_scans(self, connection: pymysql.Connection[Any], *, writing: bool) -> None:
        """Do nothing: plans are made for each execution."""

    def commit(self, connection: pymysql.Connection[Any]) -> bool:
        """Commit."""
        connection.commit()
        return True

    def rollback(self, connection: pymysql.Connection[Any]) -> None:
        """Undo; costs nothing where the server said that no transaction is open."""
        status: int = getattr(connection, "server_status", 0)
        if status & pymysql.constants.SERVER_STATUS.SERVER_STATUS_IN_TRANS:
            connection.rollback()

    def watch(self, connection: pymysql.Connection[Any], stop: Callable[[], bool]) -> None:
        """Do nothing: statements run in the server, under its own time limit."""

    def release(self, connection: pymysql.Connection[Any], *, limited: bool) -> None:
        """Give MySQL its usual limit back; on MariaDB each statement carried its own."""
        if limited and not self.dialect.statement_limit:
            usual = _milliseconds(self.settings.db_statement_timeout_s)
            connection.query(f"SET SESSION max_execution_time = {usual}")


@dataclass(frozen=True, slots=True)
class SqliteDriver:
    """The standard library's SQLite, its own transaction control off."""

    dialect: Dialect
    url: URL
    settings: Settings

    def connect(self) -> sqlite3.Connection:
        """Open and set up a connection. A lock of another process is waited for by the busy timeout."""
        connection = sqlite3.connect(
            self.url.database or "",
            timeout=self.settings.db_lock_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=PLANS,
        )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        return connection

    def cursor(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        """Give a cursor."""
        return connection.cursor()

    def execute(
        self,
        cursor: sqlite3.Cursor,
        sql: str,
        arguments: Any,
        *,
        prepare: bool,  # noqa: ARG002 - always, by the connection
        limit: float | None,  # noqa: ARG002 - the watch ends what takes too long
    ) -> None:
        """Run one statement; the connection keeps it prepared."""
        cursor.execute(sql, arguments)

    def begin(
        self,
        connection: sqlite3.Connection,
        *,
        writing: bool,
        limit: float | None,  # noqa: ARG002 - the watch ends what takes too long
        replan: bool,  # noqa: ARG002 - plans follow the schema alone
    ) -> None:
        """Begin; a writer takes the lock at once, so that it never has to upgrade."""
        connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def allow_scans(self, connection: sqlite3.Connection, *, writing: bool) -> None:
        """Do nothing: plans are made for each execution."""

    def commit(self, connection: sqlite3.Connection) -> bool:
        """Commit."""
        connection.execute("COMMIT")
        return True

    def rollback(self, connection: sqlite3.Connection) -> None:
        """Undo what was begun; SQLite itself ends a transaction after some errors."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def watch(self, connection: sqlite3.Connection, stop: Callable[[], bool]) -> None:
        """Ask ``stop`` every few thousand steps of a statement."""
        connection.set_progress_handler(stop, 20_000)

    def release(self, connection: sqlite3.Connection, *, limited: bool) -> None:
        """Stop asking."""
        if limited:
            connection.set_progress_handler(None, 0)


def _milliseconds(seconds: float) -> int:
    """Give whole milliseconds, at least 1: 0 would mean no limit."""
    return max(1, int(seconds * 1000))


def driver_of(dialect: Dialect, url: URL, settings: Settings) -> Driver:
    """Give the driver for ``dialect``."""
    if dialect.name == "postgresql":
        return PostgresDriver(dialect, url, settings)
    if dialect.name == "sqlite":
        return SqliteDriver(dialect, url, settings)
    return MysqlDriver(dialect, url, settings)


def side_driver_of(dialect: Dialect, url: URL, settings: Settings) -> Driver:
    """Give the driver for short transactions beside the main one, whose commit makes theirs durable."""
    if dialect.synchronous_commit:
        return PostgresDriver(dialect, url, settings, side=True)
    return driver_of(dialect, url, settings)
