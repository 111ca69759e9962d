"""PostgreSQL statements over libpq itself, as psycopg wraps it: our texts and values need none of its cursor's work.

A prepared statement of one row took 31 µs of the client's CPU through psycopg's cursor, 17 by one call of libpq.
What psycopg does better stays its own: opening connections, errors, and turning rows into Python's values.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

PLANS: Final = 2000
_TEXT: Final = pq.Format.TEXT
_BINARY: Final = pq.Format.BINARY
_ROWS: Final = pq.ExecStatus.TUPLES_OK
_DONE: Final = pq.ExecStatus.COMMAND_OK


class Statements:
    """The statements one connection has prepared, by their text; the least used are forgotten.

    They outlive transactions that are undone, so nothing here needs to be.
    """

    def __init__(self) -> None:
        self._names: OrderedDict[str, bytes] = OrderedDict()
        self._made = 0

    def name(self, pgconn: pq.abc.PGconn, sql: str) -> bytes:
        """Give the name under which the server knows ``sql``, having it prepared at first. Raises its errors."""
        name = self._names.get(sql)
        if name is not None:
            self._names.move_to_end(sql)
            return name
        self._made += 1
        name = b"tramita_%d" % self._made
        _sound(pgconn.prepare(name, sql.encode()))
        self._names[sql] = name
        if len(self._names) > PLANS:
            _sound(pgconn.exec_(b"DEALLOCATE " + self._names.popitem(last=False)[1]))
        return name


class PgConnection(psycopg.Connection[Any]):
    """A connection that knows its prepared statements."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.statements = Statements()


class PgCursor:
    """Runs one statement after the other; ``rowcount`` and ``fetchall`` tell of the last."""

    __slots__ = ("_connection", "_reader", "_result", "rowcount")

    def __init__(self, connection: PgConnection) -> None:
        self._connection = connection
        self._reader: Any = None
        self._result: pq.abc.PGresult | None = None
        self.rowcount = 0

    def execute(self, sql: str, arguments: Sequence[Any], *, prepare: bool) -> None:
        """Run ``sql`` with ``arguments`` for $1, $2 ... and wait for its end. Raises psycopg's errors.

        Values go as text of no declared type, which the statement's own casts and columns give them: so a NULL or a
        larger number does not make another plan of the same statement. Bytes go as they are.
        """
        values: list[Any] = [
            None if value is None else (_WRITE.get(type(value)) or _writer(value))(value) for value in arguments
        ]
        formats = [_BINARY if type(value) is bytes else _TEXT for value in arguments] if _has_bytes(arguments) else None
        pgconn = self._connection.pgconn
        if prepare:
            name = self._connection.statements.name(pgconn, sql)
            result = pgconn.exec_prepared(name, values, formats)
        else:
            result = pgconn.exec_params(sql.encode(), values, None, formats)
        self._result = _sound(result)
        told = result.ntuples if result.status == _ROWS else result.command_tuples
        self.rowcount = -1 if told is None else told

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give the rows of the last statement."""
        if self._result is None or not self._result.ntuples:
            return []
        if self._reader is None:
            self._reader = Transformer(self._connection)
        self._reader.set_pgresult(self._result)
        rows: list[tuple[Any, ...]] = self._reader.load_rows(0, self._result.ntuples, tuple)
        return rows


def simple(connection: psycopg.Connection[Any], sql: str) -> bytes | None:
    """Run statements without parameters in one round trip and give what the server says of the last. Raises errors."""
    return _sound(connection.pgconn.exec_(sql.encode())).command_status


def _sound(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in (_ROWS, _DONE):
        return result
    if result.error_field(pq.DiagnosticField.SQLSTATE) is None:
        # It is libpq that speaks: the server has gone.
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)


def _has_bytes(arguments: Sequence[Any]) -> bool:
    return any(type(value) is bytes for value in arguments)


def _text(value: str) -> bytes:
    # The server would take the rest of a text after NUL for not there.
    if "\0" in value:
        raise psycopg.DataError("a text with NUL cannot be stored")
    return str.encode(value)


_WRITE: Final[Mapping[type, Callable[[Any], bytes]]] = {
    str: _text,
    int: lambda value: b"%d" % value,
    Decimal: lambda value: str(value).encode(),
    bool: lambda value: b"t" if value else b"f",
    datetime: lambda value: value.isoformat().encode(),
    date: lambda value: value.isoformat().encode(),
    UUID: lambda value: value.hex.encode(),
    bytes: lambda value: value,
}


def _writer(value: object) -> Callable[[Any], bytes]:
    """Find the writer of a subclass (the states of documents are StrEnums)."""
    for kind in type(value).__mro__:
        if kind in _WRITE:
            return _WRITE[kind]
    raise psycopg.ProgrammingError(f"no column takes a {type(value).__name__}")
