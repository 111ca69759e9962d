"""What of the database can be said without one: statements, names, errors' meanings, the lock order, reports."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from sqlalchemy import Column, MetaData, Table, bindparam, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from app.infrastructure.database import work
from app.infrastructure.database.compiled import _REGISTRY, Prepared, PreparedMany, compile_all
from app.infrastructure.database.dialects import MARIADB, MARIADB_PLAIN, MYSQL, POSTGRESQL, SQLITE, Dialect, dialect_of
from app.infrastructure.database.failures import Constraint, Failure, FailureKind, read_mysql, read_postgresql
from app.infrastructure.database.locks import Lock, LockOrder, Trace, TraceKind
from app.infrastructure.database.reporting import FOLDER, report_statement
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import AMOUNT, KEY, Scaled

pytestmark = pytest.mark.fast
LOCKED_BY_KEY = (
    "lock invoices",
    "lock orders",
    "lock payments",
    "lock proposals",
    "lock shipments",
    "lock stock_levels",
)
DIALECTS = (POSTGRESQL, MARIADB, MARIADB_PLAIN, MYSQL, SQLITE)
EACH = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: f"{one.name}-{one.ids}")
t = Table("t", MetaData(), Column("id", KEY, primary_key=True), Column("a", AMOUNT))


@EACH
def test_every_statement_of_every_repository_compiles(dialect: Dialect) -> None:
    """ERP-03: also for MySQL, which the tests have no server of."""
    assert work.SqlWorks is not None
    assert compile_all(dialect) > 50


def test_documents_and_levels_are_locked_by_the_index_that_holds_their_rows() -> None:
    """ERP-03: on MariaDB a row found by another index is locked there first, against who has it and needs the entry."""
    locks = [one for one in _REGISTRY if one.name.startswith(LOCKED_BY_KEY)]
    assert len(locks) >= 9
    assert [one.name for one in locks if "FORCE INDEX (PRIMARY)" not in one.on(MARIADB).sql] == []
    assert [one.name for one in locks if "FORCE INDEX" in one.on(POSTGRESQL).sql + one.on(SQLITE).sql] == []


def test_traces_call_a_statement_the_same_in_every_process() -> None:
    """A join has no name of its own but the places of its tables in memory."""
    assert [one.name for one in _REGISTRY if "(" in one.name] == []
    assert "select products[1]" in {one.sized(1).name for one in _REGISTRY if isinstance(one, PreparedMany)}


@EACH
def test_every_table_can_be_created(dialect: Dialect) -> None:
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect.sql()))
        for index in table.indexes:
            assert re.match("CREATE (UNIQUE )?INDEX", str(CreateIndex(index).compile(dialect=dialect.sql())))


def test_names_of_constraints_are_alike_on_every_database() -> None:
    """PostgreSQL cuts at 63 characters, others later or never: a longer name would not be found again."""
    prepare = POSTGRESQL.sql().identifier_preparer
    for table in metadata.sorted_tables:
        for item in (*table.constraints, *table.indexes):
            shown: Any = item
            name = prepare.format_index(shown) if item in table.indexes else prepare.format_constraint(shown)
            assert name is not None
            assert 0 < len(name.strip('"')) <= 63
            assert not re.search(r"_[0-9a-f]{4}$", name)


def test_a_text_of_the_statement_itself_survives_every_parameter_style() -> None:
    sql = {
        dialect.name: Prepared(select(t.c.id).where(t.c.a == bindparam("a")), "x").on(dialect).sql
        for dialect in DIALECTS
    }
    assert sql["postgresql"].endswith("t.a = $1::NUMERIC(18, 4)")
    assert sql["mariadb"].endswith("t.a = %s")
    assert sql["sqlite"].endswith("t.a = ?")


@EACH
def test_a_constant_is_converted_once_and_a_parameter_each_time(dialect: Dialect) -> None:
    compiled = Prepared(select(t.c.a).where(t.c.a > Decimal("1.5"), t.c.a < bindparam("top")), "x").on(dialect)
    whole = dialect is SQLITE
    assert list(compiled.arguments({"top": Decimal(2)})) == ([15000, 20000] if whole else [Decimal("1.5"), Decimal(2)])
    assert compiled.names() == ["top"]
    assert compiled.converted([(12345,)]) == ([(Decimal("1.2345"),)] if whole else [(12345,)])


def test_a_parameter_without_a_type_is_refused() -> None:
    """Its value would go to the driver as it is: a Decimal as a float on SQLite."""
    with pytest.raises(TypeError, match="no type"):
        Prepared(insert(t).values([{"a": bindparam("a")}, {"a": bindparam("b")}]), "x").on(SQLITE)
    assert Prepared(select(t.c.id).where(keys(t.c.a, "a", 2)), "x").on(SQLITE).expected == 2


@pytest.mark.parametrize(
    ("url", "mariadb", "returning", "expected"),
    [
        ("postgresql+psycopg://h/d", False, True, POSTGRESQL),
        ("mysql+pymysql://h/d", True, True, MARIADB),
        ("mysql+pymysql://h/d", True, False, MARIADB_PLAIN),
        ("mariadb+pymysql://h/d", False, True, MARIADB),
        ("mysql+pymysql://h/d", False, True, MYSQL),
        ("sqlite:////tmp/x.db", False, True, SQLITE),
    ],
)
def test_capabilities_follow_from_the_url(url: str, expected: Dialect, *, mariadb: bool, returning: bool) -> None:
    assert dialect_of(make_url(url), mariadb=mariadb, returning=returning) is expected


@pytest.mark.parametrize(
    ("number", "message", "expected"),
    [
        (1213, "Deadlock found", Failure(FailureKind.RETRY)),
        (1205, "Lock wait timeout exceeded", Failure(FailureKind.RETRY)),
        (3024, "maximum statement execution time exceeded", Failure(FailureKind.TIMEOUT)),
        (2006, "server has gone away", Failure(FailureKind.LOST)),
        (1040, "Too many connections", Failure(FailureKind.UNAVAILABLE)),
        (1064, "You have an error in your SQL syntax", Failure(FailureKind.BUG)),
        (
            1062,
            "Duplicate entry '1-x' for key 'uq_t_a'",
            Failure(FailureKind.REFUSED, Constraint.UNIQUE, "uq_t_a"),
        ),
        (
            1062,
            "Duplicate entry 'it's for key 'x'' for key 't.uq_t_a'",
            Failure(FailureKind.REFUSED, Constraint.UNIQUE, "uq_t_a"),
        ),
        (1062, "Duplicate entry '1' for key 'PRIMARY'", Failure(FailureKind.REFUSED, Constraint.UNIQUE, "pk_t")),
        (1062, "Duplicate entry '1' for key 't.PRIMARY'", Failure(FailureKind.REFUSED, Constraint.UNIQUE, "pk_t")),
        (
            1452,
            "Cannot add or update a child row: a foreign key constraint fails (`d`.`t`, CONSTRAINT `fk_t_a` FOREIGN",
            Failure(FailureKind.REFUSED, Constraint.FOREIGN_KEY, "fk_t_a"),
        ),
        (4025, "CONSTRAINT `ck_t_a` failed for `d`.`t`", Failure(FailureKind.REFUSED, Constraint.CHECK, "ck_t_a")),
        (3819, "Check constraint 'ck_t_a' is violated.", Failure(FailureKind.REFUSED, Constraint.CHECK, "ck_t_a")),
        (1048, "Column 'a' cannot be null", Failure(FailureKind.REFUSED, Constraint.NOT_NULL)),
    ],
)
def test_errors_of_mariadb_and_mysql_are_read(number: int, message: str, expected: Failure) -> None:
    assert read_mysql(pymysql.err.OperationalError(number, message), t) == expected


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("40P01", FailureKind.RETRY),
        ("40001", FailureKind.RETRY),
        ("55P03", FailureKind.RETRY),
        ("57014", FailureKind.TIMEOUT),
        ("57P01", FailureKind.LOST),
        ("08006", FailureKind.LOST),
        ("53300", FailureKind.UNAVAILABLE),
        ("23505", FailureKind.REFUSED),
        ("42601", FailureKind.BUG),
    ],
)
def test_errors_of_postgresql_are_read(state: str, kind: FailureKind) -> None:
    assert read_postgresql(psycopg.errors.lookup(state)("x"), t).kind is kind


def test_a_connection_that_broke_without_a_word_is_lost() -> None:
    assert read_postgresql(psycopg.OperationalError("closed"), t).kind is FailureKind.LOST
    assert read_postgresql(psycopg.DatabaseError("server closed the connection"), t).kind is FailureKind.LOST
    assert read_postgresql(psycopg.DataError("a text with NUL"), t).kind is FailureKind.BUG
    assert read_mysql(pymysql.err.InterfaceError(0, ""), t).kind is FailureKind.LOST


def traced(*locks: Lock) -> LockOrder:
    order = LockOrder()
    for lock in locks:
        order(Trace(session=1, kind=TraceKind.STATEMENT, locks=lock.positions()))
    order(Trace(session=1, kind=TraceKind.COMMIT))
    return order


def test_locks_in_the_written_order_are_no_breach() -> None:
    """ERP-07."""
    locks = (
        Lock.document("invoice", [7]),
        Lock.document("order", [1, 2]),
        Lock.document("shipment", [1]),
        Lock.cost([1, 3]),
        Lock.level(1, [1, 3]),
        Lock.level(2, [1]),
        Lock.credit(4),
        Lock.series("invoice", "2026"),
        Lock.cost([1]),
    )
    assert traced(*locks).breaches == []


@pytest.mark.parametrize(
    "locks",
    [
        (Lock.document("order", [1]), Lock.document("invoice", [1])),
        (Lock.document("order", [2, 1]),),
        (Lock.level(1, [1]), Lock.cost([1])),
        (Lock.level(2, [1]), Lock.level(1, [5])),
        (Lock.series("invoice", ""), Lock.level(1, [1])),
    ],
)
def test_a_lock_out_of_order_is_a_breach(locks: tuple[Lock, ...]) -> None:
    """ERP-07."""
    assert len(traced(*locks).breaches) == 1


def reports() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


@pytest.mark.parametrize("name", reports())
def test_a_report_only_sums_and_compares(name: str) -> None:
    """ERP-06: SQLite would answer a float, or a number of another scale, to anything else."""
    source = re.sub(r"--[^\n]*", "", Path(FOLDER, f"{name}.sql").read_text(encoding="utf-8"))
    source = re.sub(r"COUNT\(\*\)", "", source, flags=re.IGNORECASE)
    source = re.sub(r"'[^']*'", "", source)
    assert not re.search(r"[*/%]|\bAVG\b|\bROUND\b|\bTOTAL\b", source, re.IGNORECASE)
    assert ":company" in source


@EACH
def test_a_report_gives_its_columns_in_their_types(dialect: Dialect) -> None:
    kinds = {"company": int, "by": str, "date_from": str, "date_to": str}
    statement = report_statement("sales", kinds)
    names = [column.name for column in statement.exported_columns]
    assert names == ["code", "name", "invoices", "net", "cost", "margin"]
    assert isinstance(list(statement.exported_columns)[-1].type, Scaled)
    assert Prepared(statement, "sales").on(dialect).names() == sorted(kinds)
