"""Prepared statements do the same on every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, MetaData, Table, UniqueConstraint, bindparam, delete, func, insert, select, update

from app.domain.shared.ids import CompanyId
from app.infrastructure.database.compiled import Prepared, PreparedMany
from app.infrastructure.database.engine import Database
from app.infrastructure.database.failures import Constraint, ConstraintViolated
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_rows, keys, update_rows
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    AMOUNT,
    BYTES,
    COUNTER,
    DAY,
    FLAG,
    INSTANT,
    JSON_TEXT,
    KEY,
    LONG_TEXT,
    PRICE,
    QUANTITY,
    UUID_KEY,
    NotStorableError,
    choice,
    identity,
    text,
)
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack
from tests.support.databases import context_of

pytestmark = pytest.mark.fast


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


things = Table(
    "contract_things",
    MetaData(naming_convention=metadata.naming_convention),
    identity(),
    Column("company_id", KEY, nullable=False),
    Column("name", text(40)),
    Column("note", LONG_TEXT),
    Column("colour", choice(Colour)),
    Column("amount", AMOUNT),
    Column("quantity", QUANTITY),
    Column("price", PRICE),
    Column("day", DAY),
    Column("at", INSTANT),
    Column("token", UUID_KEY),
    Column("flag", FLAG),
    Column("body", BYTES),
    Column("facts", JSON_TEXT),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "name"),
)
parts = Table(
    "contract_parts",
    things.metadata,
    identity(),
    Column("thing_id", KEY, nullable=False),
)
NAMES = [column.name for column in things.columns if column.name != "id"]
INSERT = Prepared(insert(things).values({name: bindparam(name) for name in NAMES}), "insert")
ALL = Prepared(
    select(*(things.c[name] for name in NAMES)).where(things.c.id == bindparam("id")),
    "all",
)
INSERT_MANY = PreparedMany(
    insert_rows(things, ("name", "amount", "version")), "insert many", max_rows=7, pads=False, needs=""
)
UPDATE_MANY = PreparedMany(
    update_rows(things, ("amount", "name"), match=("id", "version"), versioned=True),
    "update many",
    max_rows=7,
    pads=False,
    needs="",
)
BY_KEYS = PreparedMany(
    lambda n: (
        select(things.c.id, things.c.name, things.c.amount, things.c.version)
        .where(things.c.company_id == bindparam("company_id"), keys(things.c.id, "id", n))
        .order_by(things.c.id)
    ),
    "by keys",
    max_rows=8,
    pads=True,
    needs="",
)
VALUES = {
    "company_id": 1,
    "name": "100 % näïve 'quoted' \\ $1 ? %s :x",
    "note": "long " * 20_000,
    "colour": Colour.BLUE,
    "amount": Decimal("-99999999999999.9999"),
    "quantity": Decimal("0.000001"),
    "price": Decimal("1234567890.12345678"),
    "day": date(2026, 2, 28),
    "at": datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "token": UUID("01932b0e-7d3a-7c1f-8000-000000000001"),
    "flag": True,
    "body": bytes(range(256)) * 400,
    "facts": {"amount": Decimal("1.50"), "tags": ["a", "b"]},
    "version": 1,
}
NOTHING = {**dict.fromkeys(NAMES), "company_id": 2, "version": 0}


@pytest.fixture(scope="module", autouse=True)
def _tables(database: Database) -> None:
    with plain_engine(database.settings.database_url).begin() as connection:
        things.metadata.drop_all(connection)
        things.metadata.create_all(connection)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    opened = Session(database, database.connection(), context_of(CompanyId(1)), writing=True)
    opened.begin()
    yield opened
    opened.end()


def test_every_type_comes_back_as_it_went_in(session: Session) -> None:
    key = session.insert(INSERT, **VALUES)
    row = dict(zip(NAMES, session.one(ALL, id=key) or (), strict=True))
    expected = VALUES | {"at": VALUES["at"], "facts": {"amount": "1.50", "tags": ["a", "b"]}}
    assert row == expected
    assert row["at"].tzinfo is UTC
    assert isinstance(row["flag"], bool)
    assert isinstance(row["colour"], Colour)
    assert [str(row[name]) for name in ("amount", "quantity", "price")] == [
        "-99999999999999.9999",
        "0.000001",
        "1234567890.12345678",
    ]


def test_null_comes_back_as_none_in_every_type(session: Session) -> None:
    key = session.insert(INSERT, **NOTHING)
    assert dict(zip(NAMES, session.one(ALL, id=key) or (), strict=True)) == NOTHING


@pytest.mark.parametrize("value", ["0.00001", "100000000000000", "NaN", "Infinity"])
def test_a_number_that_would_lose_a_digit_is_refused_not_rounded(session: Session, value: str) -> None:
    with pytest.raises(NotStorableError):
        session.insert(INSERT, **NOTHING | {"amount": Decimal(value)})


def test_a_naive_instant_is_refused(session: Session) -> None:
    with pytest.raises(NotStorableError):
        session.insert(INSERT, **NOTHING | {"at": datetime(2026, 1, 1)})  # noqa: DTZ001 - what is refused


def test_sums_and_comparisons_of_amounts_are_exact(session: Session) -> None:
    rows = [{"name": f"s{i}", "amount": Decimal("0.1"), "version": 1} for i in range(30)]
    session.insert_many(INSERT_MANY, rows, company_id=77)
    total = Prepared(select(func.sum(things.c.amount)).where(things.c.company_id == bindparam("company_id")), "sum")
    more = Prepared(
        select(func.count()).select_from(things).where(things.c.company_id == 77, things.c.amount >= Decimal("0.1")),
        "more",
    )
    assert session.scalar(total, company_id=77) == Decimal("3.0")
    assert session.scalar(total, company_id=78) is None
    assert session.scalar(more) == 30


def test_text_sorts_and_differs_by_code_point(session: Session) -> None:
    names = ["a", "A", "á", "a ", "ab", "Z", "z", "a\t", "ß", "ss"]
    rows = [{"name": name, "amount": None, "version": 1} for name in names]
    session.insert_many(INSERT_MANY, rows, company_id=5)
    order = Prepared(select(things.c.name).where(things.c.company_id == 5).order_by(things.c.name), "order")
    found = Prepared(select(things.c.name).where(things.c.company_id == 5, things.c.name == bindparam("name")), "eq")
    assert [row[0] for row in session.all(order)] == sorted(names)
    assert [row[0] for row in session.all(found, name="a")] == ["a"]


def test_many_rows_get_their_ids_in_order_across_statements(session: Session) -> None:
    rows = [{"name": f"n{i}", "amount": Decimal(i), "version": 1} for i in range(20)]
    ids = session.insert_many(INSERT_MANY, rows, company_id=6)
    assert ids == sorted(set(ids))
    stored = session.all_of(BY_KEYS, [{"id": key} for key in ids], company_id=6)
    assert [(row[0], row[1], row[2]) for row in stored] == [
        (key, row["name"], row["amount"]) for key, row in zip(ids, rows, strict=True)
    ]


def test_no_rows_mean_no_statement(session: Session) -> None:
    assert session.insert_many(INSERT_MANY, [], company_id=6) == []
    assert session.many(UPDATE_MANY, [], company_id=6) == 0
    assert session.all_of(BY_KEYS, [], company_id=6) == []


def test_many_rows_are_changed_each_to_its_own_and_stale_ones_do_not_count(session: Session) -> None:
    rows = [{"name": f"u{i}", "amount": Decimal(0), "version": 1} for i in range(5)]
    ids = session.insert_many(INSERT_MANY, rows, company_id=8)
    changes = [
        {"id": key, "version": 1 if at else 9, "amount": Decimal(at), "name": None} for at, key in enumerate(ids)
    ]
    assert session.many(UPDATE_MANY, changes, company_id=8) == 4
    stored = session.all_of(BY_KEYS, [{"id": key} for key in ids], company_id=8)
    assert [(row[1], row[2], row[3]) for row in stored] == [
        ("u0", Decimal(0), 1),
        *((None, Decimal(at), 2) for at in range(1, 5)),
    ]


def test_an_update_to_the_same_values_still_counts_as_matched(session: Session) -> None:
    key = session.insert(INSERT, **VALUES)
    touch = Prepared(
        update(things).where(things.c.id == bindparam("key")).values(name=bindparam("same")),
        "touch",
    )
    assert session.run(touch, key=key, same=VALUES["name"]) == 1
    assert session.run(touch, key=key + 1, same="x") == 0


@pytest.mark.parametrize(("given", "missing"), [({}, "id"), ({"id": 1, "more": 2}, "more")])
def test_a_missing_or_unknown_parameter_is_refused(session: Session, given: dict[str, Any], missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        session.all(ALL, **given)


def test_a_unique_violation_is_named_alike(session: Session) -> None:
    session.insert(INSERT, **VALUES)
    with pytest.raises(ConstraintViolated) as caught:
        session.insert(INSERT, **VALUES)
    assert (caught.value.kind, caught.value.constraint) == (Constraint.UNIQUE, "uq_contract_things_company_id_name")
    with pytest.raises(RuntimeError):
        session.commit()


def test_a_check_violation_is_named_alike(session: Session) -> None:
    with pytest.raises(ConstraintViolated) as caught:
        session.insert(INSERT, **NOTHING | {"colour": "green"})
    assert (caught.value.kind, caught.value.constraint) == (Constraint.CHECK, "ck_contract_things_colour")


def test_a_null_where_none_may_be_is_told(session: Session) -> None:
    with pytest.raises(ConstraintViolated) as caught:
        session.insert(INSERT, **NOTHING | {"company_id": None})
    assert caught.value.kind is Constraint.NOT_NULL


def test_a_reading_transaction_writes_nothing(database: Database) -> None:
    reading = Session(database, database.connection(), context_of(CompanyId(1)), writing=False)
    reading.begin()
    with pytest.raises(RuntimeError):
        reading.run(Prepared(delete(things), "delete"))
    reading.end()


def test_the_id_of_a_deleted_last_row_is_not_given_again(session: Session) -> None:
    key = session.insert(INSERT, **NOTHING)
    session.run(Prepared(delete(things).where(things.c.id == bindparam("id")), "delete"), id=key)
    assert session.insert(INSERT, **NOTHING) > key


def test_what_is_not_committed_is_gone(database: Database, context: Context) -> None:
    count = Prepared(select(func.count()).select_from(things).where(things.c.company_id == bindparam("company")), "n")
    for commit in (False, True):
        writing = Session(database, database.connection(), context, writing=True)
        writing.begin()
        writing.insert(INSERT, **NOTHING | {"company_id": context.company})
        if commit:
            writing.commit()
        writing.end()
        reading = Session(database, database.connection(), context, writing=False)
        reading.begin()
        assert reading.scalar(count, company=context.company) == int(commit)
        reading.end()


def test_a_wrong_statement_is_a_bug_and_comes_out_as_it_is(session: Session, database: Database) -> None:
    wrong = Prepared(select(Table("no_such_table", MetaData(), Column("x", KEY)).c.x), "wrong")
    with pytest.raises(Exception, match="no_such_table") as caught:
        session.all(wrong)
    assert not isinstance(caught.value, (RolledBack, ConstraintViolated))
