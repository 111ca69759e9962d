"""Portable statements: about many rows at once (for ``prepare_many``), and inserts that may meet their row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Executable,
    Insert,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
    values,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from app.infrastructure.database.dialects import Dialect
from app.infrastructure.database.types import Flag


def keys(column: ColumnElement[Any], name: str, count: int) -> ColumnElement[bool]:
    """Give ``column IN (:name__0, ... :name__<count-1>)``."""
    return column.in_([bindparam(f"{name}__{index}", type_=column.type) for index in range(count)])


def by_clustered_key(reading: Select[Any], table: Table) -> Select[Any]:
    """Let MariaDB and MySQL find the rows that ``reading`` locks by the primary key alone; others do as before.

    InnoDB locks an entry of the index it reads before the row itself. Whoever has the row and then needs the entry, as
    the check of a foreign key does, would wait for it in a circle.
    """
    hint = "FORCE INDEX (PRIMARY)"
    return reading.with_hint(table, hint, "mariadb").with_hint(table, hint, "mysql")


def insert_rows(
    table: Table, columns: Sequence[str], *, common: Sequence[str] = ("company_id",)
) -> Callable[[int], Insert]:
    """Give the builder of one INSERT of n rows; ``common`` columns have the same value in all of them."""

    def build(count: int) -> Insert:
        return insert(table).values(
            [
                {name: _parameter(table, name) for name in common}
                | {name: _parameter(table, name, index) for name in columns}
                for index in range(count)
            ]
        )

    return build


def insert_document(
    header: Table, columns: Sequence[str], lines: Table, line_columns: Sequence[str], *, owner: str
) -> Callable[[int], Insert]:
    """Give the builder of one statement that inserts a draft with n lines, for databases with writable CTEs.

    It counts the id, sets ``ref`` to ``(PROV<id>)`` and gives the id in every row; the lines keep it in ``owner``.
    ``columns`` have neither id nor ref nor company_id.
    """
    counted = literal_column(f"nextval(pg_get_serial_sequence('{header.name}', 'id'))", header.c.id.type)
    names = ("company_id", *columns)

    def build(count: int) -> Insert:
        new = select(counted.label("id")).cte("new")
        draft = select(new.c.id, func.concat("(PROV", new.c.id, ")"), *(_typed(header, name) for name in names))
        stored = insert(header).from_select(["id", "ref", *names], draft, include_defaults=False)
        head = stored.returning(header.c.id).cte("head")
        given = values(*(column(name, lines.c[name].type) for name in line_columns), name="given").data(
            [tuple(_typed(lines, name, index) for name in line_columns) for index in range(count)]
        )
        rows = select(_parameter(lines, "company_id"), head.c.id, *given.c).select_from(head.join(given, true()))
        whole = insert(lines).from_select(["company_id", owner, *line_columns], rows, include_defaults=False)
        return whole.returning(lines.c[owner])

    return build


def update_rows(
    table: Table,
    columns: Sequence[str],
    *,
    match: Sequence[str],
    common: Sequence[str] = ("company_id",),
    versioned: bool = False,
    apart: int = 1,
    seen: Mapping[str, str] | None = None,
) -> Callable[[int], Executable]:
    """Give the builder of one UPDATE of n rows, each with values of its own.

    A row is found by ``match`` and the ``common`` columns; with ``("id", "version")`` stale rows are not matched, so
    compare the count. The first ``apart`` of ``match`` tell rows apart. ``versioned`` moves the version by one.
    ``seen`` names columns that must still hold what a parameter of another name says, else the row is not matched.
    """
    keyed = match[:apart]

    def build(count: int) -> Executable:
        rows = range(count)
        values: dict[str, Any] = {
            name: case(
                *((_same(table, keyed, index), _parameter(table, name, index)) for index in rows),
                else_=table.c[name],
            )
            for name in columns
        }
        if versioned:
            values["version"] = table.c.version + 1
        where = [table.c[name] == _parameter(table, name) for name in common]
        return update(table).where(*where, _any_of(table, match, count, seen or {})).values(values)

    return build


def insert_missing(dialect: Dialect, table: Table, values: Mapping[str, Any]) -> Executable:
    """Give an INSERT that does nothing when the row is there already."""
    if dialect.on_conflict:
        unless_there: Executable = _insert(dialect, table).values(values).on_conflict_do_nothing()
        return unless_there
    # Not INSERT IGNORE: of several that wait for the first, each would share a lock on the row and then want it alone.
    key = next(iter(table.primary_key.columns))
    return mysql.insert(table).values(values).on_duplicate_key_update({key.name: key})


def count_up(dialect: Dialect, table: Table, values: Mapping[str, Any], column: str) -> Executable:
    """Give the statement that inserts a row, or adds one to ``column`` of the row already there.

    The new value comes back as the only row where inserts return rows, and as the id of the inserted row elsewhere.
    """
    if dialect.on_conflict:
        upsert = _insert(dialect, table).values(values)
        key = [part.name for part in table.primary_key.columns]
        counted = upsert.on_conflict_do_update(index_elements=key, set_={column: table.c[column] + 1})
        telling: Executable = counted.returning(table.c[column])
        return telling
    told = {**values, column: func.last_insert_id(values[column])}
    return mysql.insert(table).values(told).on_duplicate_key_update({column: func.last_insert_id(table.c[column] + 1)})


def delete_due(dialect: Dialect, table: Table, column: ColumnElement[Any]) -> Executable:
    """Give the DELETE of the ``:batch`` rows whose ``column`` is oldest, of those not after ``:due``.

    It finds them by the column's index, and locks no more than them; on PostgreSQL it leaves out what others hold.
    """
    due = bindparam("due", type_=column.type)
    size = bindparam("batch", type_=Integer())
    if dialect.delete_limit:
        # Not as a subquery: MySQL and MariaDB would read the whole table and look each row up in it.
        words = f"DELETE FROM {table.name} WHERE {column.key} <= :due ORDER BY {column.key} LIMIT :batch"  # noqa: S608 - names of our own tables
        return sql_text(words).bindparams(due, size)
    if dialect.physical_rows:
        place: ColumnElement[Any] = literal_column(dialect.physical_rows)
        oldest = select(place).select_from(table).where(column <= due).order_by(column).limit(size)
        # As an array: joined, the planner would read the whole table to find its rows again.
        rows = func.array(oldest.with_for_update(skip_locked=True).scalar_subquery())
        return delete(table).where(place == func.any(rows))
    key = tuple(table.primary_key.columns)
    return delete(table).where(tuple_(*key).in_(select(*key).where(column <= due).order_by(column).limit(size)))


class bytes_at(FunctionElement[int]):  # noqa: N801 - a function in SQL, named like one
    """The place of the second bytes within the first, counted from 1; 0 when they are not there."""

    type: TypeEngine[int] = Integer()
    inherit_cache: bool | None = True


@compiles(bytes_at)
def _instr(element: bytes_at, compiler: SQLCompiler, **options: Any) -> str:
    within, sought = element.clauses
    return f"instr({compiler.process(within, **options)}, {compiler.process(sought, **options)})"


@compiles(bytes_at, "postgresql")
def _position(element: bytes_at, compiler: SQLCompiler, **options: Any) -> str:
    within, sought = element.clauses
    return f"position({compiler.process(sought, **options)} IN {compiler.process(within, **options)})"


def _insert(dialect: Dialect, table: Table) -> Any:
    """Give the INSERT of SQLAlchemy's that knows ON CONFLICT in the words of ``dialect``."""
    return (postgresql if dialect.name == "postgresql" else sqlite).insert(table)


def _any_of(table: Table, match: Sequence[str], count: int, seen: Mapping[str, str]) -> ColumnElement[bool]:
    if len(match) == 1 and not seen:
        return keys(table.c[match[0]], match[0], count)
    return or_(*(_same(table, match, index, seen) for index in range(count)))


def _same(table: Table, names: Sequence[str], index: int, seen: Mapping[str, str] | None = None) -> ColumnElement[bool]:
    held = (
        table.c[name] == bindparam(f"{given}__{index}", type_=table.c[name].type)
        for name, given in (seen or {}).items()
    )
    return and_(*(table.c[name] == _parameter(table, name, index) for name in names), *held)


def _typed(table: Table, name: str, index: int | None = None) -> ColumnElement[Any]:
    """Give a parameter that says its type where no column does: SQLAlchemy casts all but flags."""
    given = _parameter(table, name, index)
    return cast(given, Boolean()) if isinstance(table.c[name].type, Flag) else given


def _parameter(table: Table, name: str, index: int | None = None) -> BindParameter[Any]:
    return bindparam(name if index is None else f"{name}__{index}", type_=table.c[name].type)
