"""What belongs to a company refers to what belongs to the same company: the database itself sees to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Connection, ForeignKeyConstraint, Table, UniqueConstraint, insert
from sqlalchemy.exc import IntegrityError

from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    Bytes,
    Choice,
    CodePoint,
    Day,
    Flag,
    Identifier,
    JsonText,
    Moment,
    Scaled,
)

pytestmark = pytest.mark.fast

COMPANY: Final = "company_id"
_numbers: Final = count(1)


def owned() -> list[Table]:
    """Give every table whose rows belong to companies."""
    return [table for table in metadata.sorted_tables if COMPANY in table.c]


def references() -> Iterator[ForeignKeyConstraint]:
    """Give every foreign key from one such table to another."""
    for table in owned():
        for key in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
            if COMPANY in key.referred_table.c:
                yield key


REFERENCES: Final = list(references())


def by_name(key: ForeignKeyConstraint) -> str:
    return f"{key.parent.name}.{'+'.join(c.name for c in key.columns)}"


def referred(key: ForeignKeyConstraint) -> dict[str, str]:
    """Give the referring columns by the columns they refer to."""
    return {element.column.name: element.parent.name for element in key.elements}


def test_there_are_references_to_check() -> None:
    assert len(REFERENCES) >= 20
    assert {"order_lines", "membership_roles", "stock_movements"} <= {key.parent.name for key in REFERENCES}


@pytest.mark.parametrize("table", owned(), ids=lambda table: str(table.name))
def test_a_row_always_says_whose_it_is(table: Table) -> None:
    """ERP-13: company_id is never null."""
    assert not table.c[COMPANY].nullable


@pytest.mark.parametrize("key", REFERENCES, ids=by_name)
def test_a_reference_between_rows_of_companies_includes_the_company(key: ForeignKeyConstraint) -> None:
    """ERP-13: (company_id, x_id), and what is referred to is unique by just that."""
    assert referred(key).get(COMPANY) == COMPANY
    there = key.referred_table
    uniques = [there.primary_key, *(one for one in there.constraints if isinstance(one, UniqueConstraint))]
    assert referred(key).keys() in [{column.name for column in one.columns} for one in uniques]


@pytest.mark.parametrize("table", owned(), ids=lambda table: str(table.name))
def test_an_id_of_something_in_the_company_is_a_foreign_key(table: Table) -> None:
    """ERP-13: a column that names a row of another table must not be left to the program's good will."""
    nouns = {f"{one.name.removesuffix('s')}_id": one.name for one in owned()}
    nouns |= {"party_id": "third_parties", "supplier_id": "third_parties", "customer_id": "third_parties"}
    covered = {column.name for key in table.foreign_key_constraints for column in key.columns}
    told = {"api_key_id"} if table.name in {"journal", "outbox"} else set()  # what happened outlives what it is about
    assert not {column.name for column in table.c if column.name in nouns} - covered - told


# --- on the databases themselves --------------------------------------------------------------------------------------


class Fabric:
    """Makes rows from nothing but the tables' descriptions: whatever they refer to is made first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._made: dict[tuple[str, int], dict[str, Any]] = {}

    def company(self) -> int:
        """Make a company and give its id."""
        return int(self._insert(metadata.tables["companies"], {})["id"])

    def row(self, table: Table, company: int) -> dict[str, Any]:
        """Give a row of ``table`` that belongs to ``company``, made if there is none yet."""
        known = (table.name, company)
        if known not in self._made:
            self._made[known] = self._insert(table, self.values(table, company))
        return self._made[known]

    def values(self, table: Table, company: int) -> dict[str, Any]:
        """Give what the foreign keys of a row say."""
        given: dict[str, Any] = {COMPANY: company} if COMPANY in table.c else {}
        for key in table.foreign_key_constraints:
            there = key.referred_table
            if there is table:
                continue  # a row may do without its like
            parent = {"id": company} if there.name == "companies" else self.row(there, company)
            given |= {mine: parent[theirs] for theirs, mine in referred(key).items()}
        return given

    def insert(self, table: Table, given: Mapping[str, Any]) -> None:
        """Insert a row with the values given."""
        self._insert(table, given)

    def _insert(self, table: Table, given: Mapping[str, Any]) -> dict[str, Any]:
        row = dict(given)
        for column in table.c:
            if column.name not in row and not (column.nullable or column.info.get("identity")):
                row[column.name] = sample(column.type)
        made = self._connection.execute(insert(table).values(row))
        if "id" in table.c and "id" not in row:
            row["id"] = next(iter(made.inserted_primary_key or ()))
        return row


def sample(kind: Any) -> Any:
    """Give a value of a column's type, unlike any given before where the type allows."""
    number = next(_numbers)
    if isinstance(kind, Choice):
        return next(iter(kind.members))
    if isinstance(kind, JsonText):
        return {}
    samples: dict[type, Any] = {
        CodePoint: str(number)[-(getattr(kind, "length", None) or 9) :],
        Flag: True,
        Bytes: b"x",
        Day: date(2026, 1, 1),
        Moment: datetime(2026, 1, 1, tzinfo=UTC),
        Identifier: UUID(int=number),
        Scaled: Decimal(1),
    }
    return next((value for cls, value in samples.items() if isinstance(kind, cls)), number)


@pytest.fixture(scope="module")
def connection(database_url: str) -> Iterator[Connection]:
    engine = plain_engine(database_url)
    with engine.connect() as made:
        if engine.dialect.name == "sqlite":
            made.exec_driver_sql("ROLLBACK")
            made.exec_driver_sql("PRAGMA foreign_keys = ON")
            made.exec_driver_sql("BEGIN IMMEDIATE")
        yield made
        made.rollback()
    engine.dispose()


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
@pytest.mark.parametrize("key", REFERENCES, ids=by_name)
def test_the_database_refuses_a_reference_into_another_company(
    connection: Connection, key: ForeignKeyConstraint
) -> None:
    """ERP-13: by raw SQL, past everything the program checks; and lets the same row refer to its own company."""
    fabric = Fabric(connection)
    with connection.begin_nested() as all_of_it:
        ours, theirs = fabric.company(), fabric.company()
        table = key.table
        good = fabric.values(table, ours)
        target = fabric.row(key.referred_table, theirs)
        bad = good | {mine: target[other] for other, mine in referred(key).items() if mine != COMPANY}
        assert bad != good
        assert bad[COMPANY] == ours
        with pytest.raises(IntegrityError) as refused, connection.begin_nested():
            fabric.insert(table, bad)
        assert "foreign key" in str(refused.value).lower()
        fabric.insert(table, good)
        all_of_it.rollback()
