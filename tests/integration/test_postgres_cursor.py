"""Statements over libpq: values arrive as they left, errors are psycopg's, other threads go on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
import pytest

from app.infrastructure.database import postgres
from app.infrastructure.database.postgres import PgConnection, PgCursor
from tests.support.servers import require

pytestmark = pytest.mark.fast


class Colour(StrEnum):
    RED = "red"


@pytest.fixture
def connection() -> Iterator[PgConnection]:
    url = require("postgresql").replace("postgresql+psycopg://", "postgresql://")
    with PgConnection.connect(url, autocommit=True, client_encoding="utf8") as opened:
        yield opened


def echo(connection: PgConnection, kind: str, value: Any, *, prepare: bool = True) -> Any:
    cursor = PgCursor(connection)
    cursor.execute(f"SELECT $1::{kind}", [value], prepare=prepare)
    return cursor.fetchall()[0][0]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", 2**63 - 1),
        ("bigint", -7),
        ("numeric", Decimal("-0.00000001")),
        ("numeric", Decimal("1E+3")),
        ("text", "naïve 日本 'quoted' $1 %s"),
        ("text", ""),
        ("text", None),
        ("boolean", True),
        ("boolean", False),
        ("date", date(2026, 11, 21)),
        ("timestamptz", datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)),
        ("uuid", UUID("01a1fdd1-5542-7193-931e-7681c4f35e44")),
        ("bytea", b"\x00\xff{}"),
        ("bytea", b""),
        ("text", Colour.RED),
    ],
)
@pytest.mark.parametrize("prepare", [True, False])
def test_a_value_comes_back_as_it_went(connection: PgConnection, kind: str, value: Any, *, prepare: bool) -> None:
    assert echo(connection, kind, value, prepare=prepare) == value


def test_a_text_with_nul_is_refused_before_the_server_would_cut_it(connection: PgConnection) -> None:
    with pytest.raises(psycopg.DataError):
        echo(connection, "text", "cut\0off")


def test_what_no_column_takes_is_refused(connection: PgConnection) -> None:
    with pytest.raises(psycopg.ProgrammingError):
        echo(connection, "text", object())


def test_an_error_tells_its_state_and_its_constraint(connection: PgConnection) -> None:
    cursor = PgCursor(connection)
    cursor.execute("CREATE TEMPORARY TABLE held (id INT CONSTRAINT pk_held PRIMARY KEY)", [], prepare=False)
    cursor.execute("INSERT INTO held VALUES ($1)", [1], prepare=True)
    assert cursor.rowcount == 1
    with pytest.raises(psycopg.errors.UniqueViolation) as caught:
        cursor.execute("INSERT INTO held VALUES ($1)", [1], prepare=True)
    assert caught.value.sqlstate == "23505"
    assert caught.value.diag.constraint_name == "pk_held"


def test_a_lost_connection_is_an_operational_error(connection: PgConnection) -> None:
    cursor = PgCursor(connection)
    with pytest.raises(psycopg.OperationalError):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())", [], prepare=False)
    with pytest.raises(psycopg.OperationalError):
        cursor.execute("SELECT 1", [], prepare=True)


def test_statements_prepared_in_an_undone_transaction_stay_known(connection: PgConnection) -> None:
    postgres.simple(connection, "BEGIN")
    assert echo(connection, "int", 1) == 1
    postgres.simple(connection, "ROLLBACK")
    assert echo(connection, "int", 2) == 2


def test_the_least_used_statement_is_forgotten(connection: PgConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PLANS", 2)
    cursor = PgCursor(connection)
    for number in (1, 2, 1, 3, 1, 2):
        cursor.execute(f"SELECT {number}", [], prepare=True)
        assert cursor.fetchall() == [(number,)]
    cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY 1", [], prepare=False)
    assert cursor.fetchall() == [("SELECT 1",), ("SELECT 2",)]


def test_other_threads_go_on_while_a_statement_waits(connection: PgConnection) -> None:
    """The one call waits without the interpreter: here for a lock that only another thread gives back."""
    postgres.simple(connection, "SELECT pg_advisory_lock(4711)")
    url = require("postgresql").replace("postgresql+psycopg://", "postgresql://")
    with PgConnection.connect(url, autocommit=True) as other, ThreadPoolExecutor(1) as thread:
        waits = thread.submit(PgCursor(other).execute, "SELECT pg_advisory_lock(4711)", [], prepare=False)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
        cursor = PgCursor(connection)
        cursor.execute(waiting, [], prepare=True)
        while cursor.fetchall() == [(0,)]:
            cursor.execute(waiting, [], prepare=True)
        postgres.simple(connection, "SELECT pg_advisory_unlock(4711)")
        waits.result(timeout=10)
