"""Portable statements about many rows at once, to be given to ``prepare_many``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Executable, Table, and_, bindparam, case, insert, or_, update


def keys(column: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    """Give ``column IN (:name__0, ... :name__<count-1>)``."""
    return column.in_([bindparam(f"{name}__{index}", type_=column.type) for index in range(count)])


def insert_rows(
    table: Table, columns: Sequence[str], *, common: Sequence[str] = ("company_id",)
) -> Callable[[int], Executable]:
    """Give the builder of one INSERT of n rows; ``common`` columns have the same value in all of them."""

    def build(count: int) -> Executable:
        return insert(table).values(
            [
                {name: _parameter(table, name) for name in common}
                | {name: _parameter(table, name, index) for name in columns}
                for index in range(count)
            ]
        )

    return build


def update_rows(
    table: Table,
    columns: Sequence[str],
    *,
    match: Sequence[str],
    common: Sequence[str] = ("company_id",),
    versioned: bool = False,
) -> Callable[[int], Executable]:
    """Give the builder of one UPDATE of n rows, each with values of its own.

    A row is found by ``match`` (``("id", "version")`` also refuses stale ones: compare the count) and the ``common`` columns.
    The first of ``match`` alone tells rows apart. ``versioned`` moves the version by one.
    """
    key = table.c[match[0]]

    def build(count: int) -> Executable:
        rows = range(count)
        values: dict[str, Any] = {
            name: case(
                *((key == _parameter(table, match[0], index), _parameter(table, name, index)) for index in rows),
                else_=table.c[name],
            )
            for name in columns
        }
        if versioned:
            values["version"] = table.c.version + 1
        where = [table.c[name] == _parameter(table, name) for name in common]
        return update(table).where(*where, _any_of(table, match, count)).values(values)

    return build


def _any_of(table: Table, match: Sequence[str], count: int) -> ColumnElement[bool]:
    if len(match) == 1:
        return keys(table.c[match[0]], match[0], count)
    return or_(*(and_(*(table.c[name] == _parameter(table, name, index) for name in match)) for index in range(count)))


def _parameter(table: Table, name: str, index: int | None = None) -> BindParameter[Any]:
    return bindparam(name if index is None else f"{name}__{index}", type_=table.c[name].type)
