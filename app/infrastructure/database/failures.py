"""What the drivers' errors mean: the one reader per database (design: never shown as a success, never leaked)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psycopg
import pymysql
from sqlalchemy import MetaData, PrimaryKeyConstraint, Table, UniqueConstraint

DriverErrors = (psycopg.Error, pymysql.err.MySQLError, sqlite3.Error)


class FailureKind(StrEnum):
    """What to do about an error."""

    RETRY = "retry"  # the database undid the transaction, or it must be undone: run it again
    TIMEOUT = "timeout"  # the time allowed for the statement ran out, or it was interrupted
    LOST = "lost"  # the connection is gone
    REFUSED = "refused"  # a constraint holds
    UNAVAILABLE = "unavailable"  # no space, no connections, read-only
    BUG = "bug"  # anything else: a wrong statement


class Constraint(StrEnum):
    """What kind of constraint refused."""

    UNIQUE = "unique"
    FOREIGN_KEY = "foreign_key"
    CHECK = "check"
    NOT_NULL = "not_null"


@dataclass(frozen=True, slots=True)
class Failure:
    """The reading of one error; ``constraint`` is the name by the naming convention where the database tells it."""

    kind: FailureKind
    violated: Constraint | None = None
    constraint: str | None = None


class ConstraintViolated(Exception):
    """A constraint refused a statement; repositories turn it into a domain error.

    ``constraint`` is its name, None where SQLite does not tell it (foreign keys of a table that has several).
    """

    def __init__(self, kind: Constraint, constraint: str | None) -> None:
        super().__init__(f"{kind.value} {constraint or ''}".strip())
        self.kind = kind
        self.constraint = constraint


_PG_KINDS: Final[Mapping[str, FailureKind]] = {
    "40P01": FailureKind.RETRY,
    "40001": FailureKind.RETRY,
    "55P03": FailureKind.RETRY,
    "57014": FailureKind.TIMEOUT,
    "57P01": FailureKind.LOST,
    "57P02": FailureKind.LOST,
    "57P03": FailureKind.UNAVAILABLE,
    "25006": FailureKind.UNAVAILABLE,
    "25P03": FailureKind.LOST,
    "53100": FailureKind.UNAVAILABLE,
    "53200": FailureKind.UNAVAILABLE,
    "53300": FailureKind.UNAVAILABLE,
}
_PG_CONSTRAINTS: Final[Mapping[str, Constraint]] = {
    "23505": Constraint.UNIQUE,
    "23503": Constraint.FOREIGN_KEY,
    "23001": Constraint.FOREIGN_KEY,
    "23514": Constraint.CHECK,
    "23502": Constraint.NOT_NULL,
}


def read_postgresql(error: Exception, table: Table | None) -> Failure:  # noqa: ARG001 - one signature for all readers
    """Read an error of psycopg by its SQLSTATE."""
    state: str = getattr(error, "sqlstate", None) or ""
    if state in _PG_CONSTRAINTS and isinstance(error, psycopg.Error):
        return Failure(FailureKind.REFUSED, _PG_CONSTRAINTS[state], error.diag.constraint_name)
    if state in _PG_KINDS:
        return Failure(_PG_KINDS[state])
    if not state or state.startswith("08"):
        # libpq itself tells of a broken connection, without a SQLSTATE; psycopg then has only the base class for it.
        lost = isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
        return Failure(FailureKind.LOST if lost or type(error) is psycopg.DatabaseError else FailureKind.BUG)
    return Failure(FailureKind.BUG)


UNNUMBERED: Final = -1
_MY_KINDS: Final[Mapping[int, FailureKind]] = {
    1213: FailureKind.RETRY,  # deadlock
    1205: FailureKind.RETRY,  # lock wait timeout
    1020: FailureKind.RETRY,  # row changed since it was read (snapshot isolation of newer MariaDB)
    1969: FailureKind.TIMEOUT,  # max_statement_time
    3024: FailureKind.TIMEOUT,  # max_execution_time
    1317: FailureKind.TIMEOUT,  # query killed
    **dict.fromkeys((0, 1053, 1079, 1080, 1927, 2006, 2013, 2014, 2055, 4031), FailureKind.LOST),
    **dict.fromkeys((1021, 1040, 1041, 1114, 1129, 1203, 1290, 1792, 1836, 2002, 2003), FailureKind.UNAVAILABLE),
}
_MY_CONSTRAINTS: Final[Mapping[int, Constraint]] = {
    1062: Constraint.UNIQUE,
    1586: Constraint.UNIQUE,
    **dict.fromkeys((1216, 1217, 1451, 1452), Constraint.FOREIGN_KEY),
    **dict.fromkeys((3819, 4025), Constraint.CHECK),
    **dict.fromkeys((1048, 1364), Constraint.NOT_NULL),
}
_MY_NAMES: Final[Mapping[Constraint, re.Pattern[str]]] = {
    Constraint.UNIQUE: re.compile(r"for key '(?:[^']*\.)?([^'.]+)'$"),
    Constraint.FOREIGN_KEY: re.compile(r"CONSTRAINT `([^`]+)`"),
    Constraint.CHECK: re.compile(r"(?:CONSTRAINT `|Check constraint ')(?:[^`'.]+\.)?([^`'.]+)[`']"),
}


def read_mysql(error: Exception, table: Table | None) -> Failure:
    """Read an error of PyMySQL by its number; MariaDB's and MySQL's messages both name the constraint."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else UNNUMBERED
    if number in _MY_KINDS:
        return Failure(_MY_KINDS[number])
    if number not in _MY_CONSTRAINTS:
        lost = isinstance(error, pymysql.err.InterfaceError)
        return Failure(FailureKind.LOST if lost else FailureKind.BUG)
    violated = _MY_CONSTRAINTS[number]
    pattern = _MY_NAMES.get(violated)
    found = pattern.search(str(error.args[1])) if pattern is not None and len(error.args) > 1 else None
    name = found.group(1) if found else None
    if name == "PRIMARY":
        name = None if table is None else f"pk_{table.name}"
    return Failure(FailureKind.REFUSED, violated, name)


_LITE_KINDS: Final[Mapping[int, FailureKind]] = {
    sqlite3.SQLITE_BUSY: FailureKind.RETRY,
    sqlite3.SQLITE_LOCKED: FailureKind.RETRY,
    sqlite3.SQLITE_INTERRUPT: FailureKind.TIMEOUT,
    sqlite3.SQLITE_FULL: FailureKind.UNAVAILABLE,
    sqlite3.SQLITE_IOERR: FailureKind.UNAVAILABLE,
    sqlite3.SQLITE_CANTOPEN: FailureKind.UNAVAILABLE,
    sqlite3.SQLITE_READONLY: FailureKind.UNAVAILABLE,
    sqlite3.SQLITE_NOMEM: FailureKind.UNAVAILABLE,
}
_LITE_CONSTRAINTS: Final[Mapping[int, Constraint]] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Constraint.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Constraint.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_ROWID: Constraint.UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Constraint.FOREIGN_KEY,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER: Constraint.FOREIGN_KEY,
    sqlite3.SQLITE_CONSTRAINT_CHECK: Constraint.CHECK,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: Constraint.NOT_NULL,
}


def read_sqlite(error: Exception, table: Table | None) -> Failure:
    """Read an error of SQLite by its extended code; a unique constraint is found again by the columns it names."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return Failure(FailureKind.BUG)
    if code in _LITE_CONSTRAINTS:
        violated = _LITE_CONSTRAINTS[code]
        return Failure(FailureKind.REFUSED, violated, _sqlite_name(str(error), violated, table))
    return Failure(_LITE_KINDS.get(code & 0xFF, FailureKind.BUG))


def _sqlite_name(message: str, violated: Constraint, table: Table | None) -> str | None:
    told = message.partition(": ")[2]
    if violated is Constraint.CHECK:
        return told
    if violated is Constraint.UNIQUE and table is not None:
        return _unique_names(table.metadata).get(tuple(told.split(", ")))
    if violated is Constraint.FOREIGN_KEY and table is not None:
        names = {key.name for key in table.foreign_key_constraints if isinstance(key.name, str)}
        return names.pop() if len(names) == 1 else None
    return None


def _unique_names(metadata: MetaData) -> Mapping[tuple[str, ...], str]:
    """Give the name of each primary key and unique constraint by its columns as SQLite writes them."""
    names: dict[tuple[str, ...], str] = {}
    for table in metadata.tables.values():
        unique = [item for item in table.constraints if isinstance(item, (PrimaryKeyConstraint, UniqueConstraint))]
        indexes = [index for index in table.indexes if index.unique]
        for item in (*unique, *indexes):
            columns = tuple(f"{table.name}.{column.name}" for column in item.columns)
            names[columns] = str(item.name or f"pk_{table.name}")
    return names


READERS: Final[Mapping[str, Callable[[Exception, Table | None], Failure]]] = {
    "postgresql": read_postgresql,
    "mariadb": read_mysql,
    "mysql": read_mysql,
    "sqlite": read_sqlite,
}
