"""Rows of any table, made of what its columns demand, past the application."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Table, func, insert, inspect, select

from app.infrastructure.database.types import Choice, CodePoint, Day, Flag, JsonText, Moment, Scaled

_numbers: Final = count(1)


def put_row(connection: Connection, table: Table, company: int, party: int, **given: Any) -> dict[str, Any]:
    """Insert a row with the values ``given`` and whatever else it needs; give its values, the id among them.

    Rows that it has to name are inserted as well; a third party that is to be named is ``party``.
    """
    values: dict[str, Any] = {"company_id": company, **given}
    for tie in table.foreign_key_constraints:
        for column, named in _open(tie, values):
            needed = named.table.name
            parent = {"id": party} if needed == "third_parties" else put_row(connection, named.table, company, party)
            values[column.name] = parent[named.name]
    for column in table.columns:
        if not column.nullable and column.name not in values and column.identity is None:
            values[column.name] = _sample(column)
    connection.execute(insert(table).values(values))
    if "id" in table.c and "id" not in values:
        values["id"] = connection.scalar(select(func.max(table.c.id)))
    return values


def naming(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Give each table and column whose foreign key, in the database as it is, leads to the id of ``table``."""
    found = inspect(connection)
    return sorted(
        (name, column)
        for name in found.get_table_names()
        for tie in found.get_foreign_keys(name)
        if tie["referred_table"] == table
        for column, referred in zip(tie["constrained_columns"], tie["referred_columns"], strict=True)
        if referred == "id"
    )


def _open(tie: ForeignKeyConstraint, values: dict[str, Any]) -> Iterator[tuple[Column[Any], Column[Any]]]:
    for one in tie.elements:
        if not one.parent.nullable and one.parent.name not in values:
            yield one.parent, one.column


def _sample(column: Column[Any]) -> object:
    kind = column.type
    if isinstance(kind, Choice):
        return next(iter(kind.members))
    if isinstance(kind, JsonText):
        return []
    if isinstance(kind, CodePoint):
        return str(next(_numbers)) if kind.length is None or kind.length > 8 else "EUR"[: kind.length]
    plain = {
        Scaled: Decimal(1),
        Day: date(2026, 11, 21),
        Moment: datetime(2026, 11, 21, tzinfo=UTC),
        Flag: False,
    }
    return next((value for made, value in plain.items() if isinstance(kind, made)), 1)
