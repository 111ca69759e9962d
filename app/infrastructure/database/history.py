"""What a transaction did to objects: before and after, told by the statements themselves.

An object is a row of a table with ``id`` and ``version`` (unless the table says ``info={"told": False}``); its parts
are the rows of tables keyed by its id and a ``position``. A statement that reads or writes such rows is recognised when
it is compiled; the session notes each one that ran, which costs no more than appending to a list, and only at commit
is it worked out what changed. So a repository need not do anything, and cannot forget it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, Column, ColumnElement, Delete, Executable, Insert, Select, Table, Update
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression

Row = tuple[Any, ...]
Values = Mapping[str, Any]
# A change of one of these is told, its value never. An address is somebody's, and to be forgotten with them.
SECRET: Final = re.compile(
    r"password|passwd|secret|totp|otp_|token|hash|recovery|private|api_key$|_key$|delivery_address"
)
HIDDEN: Final = "(hidden)"
LONGEST: Final = 500
MOST_PARTS: Final = 50
_PLUMBING: Final = frozenset({"id", "company_id", "version", "settings_version", "rights_version"})
_COUNTED: Final = frozenset({"version", "settings_version"})
_NUMBERED: Final = re.compile(r"__\d+$")


class Verb(StrEnum):
    """What a statement does to rows."""

    READ = "read"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a statement says about objects of ``kind``, or about their ``part`` (``lines``).

    ``key`` is the parameter that names the object, ``columns`` what a read gives in order, ``values`` which column is
    written from which parameter, ``constants`` what the statement itself writes. ``counts`` says that it moves a
    version.
    """

    verb: Verb
    kind: str
    part: str
    key: str
    columns: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, Any], ...] = ()
    counts: bool = False


def tracked(statement: Executable, sources: Sequence[Any] = ()) -> Tracked | None:
    """Recognise a statement that reads from ``sources``; None for one of no object known by its id."""
    if isinstance(statement, Select):
        return _read(statement, sources)
    if isinstance(statement, Insert | Update | Delete) and isinstance(statement.table, Table):
        return _write(statement, statement.table)
    return None


@cache
def _owner(table: Table) -> tuple[str, str] | None:
    """Give the kind of the objects a table holds or holds parts of, and the column of their id."""
    if not table.info.get("told", True):
        return None
    keys = [column.name for column in table.primary_key.columns]
    if keys == ["id"]:
        return (table.name.replace("_", "-"), "id") if "version" in table.c else None
    if "position" not in keys:
        return None
    owners = [name for name in keys if name not in {"company_id", "position"}]
    if len(owners) != 1:
        return None
    target = next((k.column.table for k in table.c[owners[0]].foreign_keys), None)
    return None if target is None else (target.name.replace("_", "-"), owners[0])


def _part(table: Table, key: str) -> str:
    return "" if key == "id" else table.name.removeprefix(f"{key.removesuffix('_id')}_")


def _read(statement: Select[Any], sources: Sequence[Any]) -> Tracked | None:
    table = sources[0] if len(sources) == 1 else None
    owner = _owner(table) if isinstance(table, Table) else None
    columns = list(statement.exported_columns)
    if owner is None or table is None:
        return None
    kind, key = owner
    # What is computed beside the row's own columns has no name here.
    names = tuple(str(c.name) if isinstance(c, Column) and c.table is table else "" for c in columns)
    part = _part(table, key) if isinstance(table, Table) else ""
    if not part:
        # Without its version, only something is asked about an object; it is not what a change starts from.
        whole = "id" in names and ("version" in names or "version" not in table.c)
        return Tracked(Verb.READ, kind, part, "", columns=names) if whole else None
    named = _parameter(statement.whereclause, table.c[key])
    if named is None or "position" not in names:
        return None
    return Tracked(Verb.READ, kind, part, named, columns=names)


def _write(statement: Insert | Update | Delete, table: Table) -> Tracked | None:
    owner = _owner(table)
    if owner is None or getattr(statement, "select", None) is not None:
        return None
    kind, key = owner
    part = _part(table, key)
    if isinstance(statement, Insert):
        values, constants, counts = _written(statement)
        return Tracked(Verb.INSERT, kind, part, key, values=values, constants=constants, counts=counts)
    named = _parameter(statement.whereclause, table.c[key])
    if named is None:
        return None
    if isinstance(statement, Delete):
        return Tracked(Verb.DELETE, kind, part, named)
    values, constants, counts = _written(statement)
    return Tracked(Verb.UPDATE, kind, part, named, values=values, constants=constants, counts=counts)


def _written(
    statement: Insert | Update,
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, Any], ...], bool]:
    """Give columns with their parameters, columns with their constants, and whether a version is among them."""
    several = statement._multi_values  # noqa: SLF001 - SQLAlchemy shows nobody what a statement writes
    given: Mapping[Any, Any] = several[0][0] if several else statement._values or {}  # type: ignore[assignment]  # noqa: SLF001 - likewise
    values: list[tuple[str, str]] = []
    constants: list[tuple[str, Any]] = []
    counts = False
    for column, value in given.items():
        name = str(column if isinstance(column, str) else column.name)  # not SQLAlchemy's subclass of str
        counts = counts or name in _COUNTED
        if not isinstance(value, BindParameter):
            # Of many rows each has its own value under the column's name; a version counted up in SQL has none.
            if not name.endswith("version"):
                values.append((name, name))
        elif value.required:
            values.append((name, _NUMBERED.sub("", value.key)))
        else:
            constants.append((name, value.value))
    return tuple(values), tuple(constants), counts


def _parameter(where: Any, column: ColumnElement[Any]) -> str | None:
    """Give the parameter that ``column`` is compared with for equality, or the name shared by those of a list."""
    for part in visitors.iterate(where) if where is not None else ():
        if not isinstance(part, BinaryExpression) or part.left is not column:
            continue
        if part.operator not in {operators.eq, operators.in_op}:
            continue
        for inner in visitors.iterate(part.right):
            if isinstance(inner, BindParameter) and inner.required:
                return _NUMBERED.sub("", inner.key)
    return None


def _named(statement: Tracked, row: Row) -> dict[str, Any]:
    return {name: value for name, value in zip(statement.columns, row, strict=True) if name}


@dataclass(slots=True, kw_only=True)
class Touched:
    """What happened to one object in a transaction. ``changes`` has ``[before, after]`` by field."""

    kind: str
    id: int
    version: int | None = None
    created: bool = False
    deleted: bool = False
    counts: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]] = field(default_factory=dict)

    def changes(self) -> dict[str, Any]:
        """Give what became different, secrets hidden, long texts cut, parts by position."""
        changed = dict(_differences(self.before, self.after, whole=self.created or self.deleted))
        for part, (before, after) in self.parts.items():
            rows = _rows(before, {} if self.deleted else after)
            if rows:
                changed[part] = rows
        return changed

    @property
    def told(self) -> bool:
        """Whether others must hear of it: the object is new, gone, or has another version."""
        return self.created or self.deleted or self.counts


class History:
    """What statements ran, in order; ``touched`` works out what they did."""

    __slots__ = ("_notes", "_reads")

    def __init__(self) -> None:
        self._notes: list[tuple[Tracked, Values, Any]] = []
        self._reads: dict[tuple[str, str], list[tuple[Tracked, Values, Sequence[Row]]]] = {}

    def note(self, statement: Tracked, given: Values, result: Any = None) -> None:
        """Keep one statement: a read with its rows, an insert with the id counted, another write without."""
        self._notes.append((statement, given, result))

    def note_rows(self, statement: Tracked, rows: Sequence[Values], common: Values, ids: Sequence[int] = ()) -> None:
        """Keep a write of many rows, each with its values under the names of columns."""
        self._notes.append((statement, common, (rows, ids)))

    def touched(self) -> dict[tuple[str, int], Touched]:
        """Give what was written, by kind and id."""
        found: dict[tuple[str, int], Touched] = {}
        for statement, given, result in self._notes:
            if statement.verb is Verb.READ:
                self._reads.setdefault((statement.kind, statement.part), []).append((statement, given, result))
            elif isinstance(result, tuple):
                rows, ids = result
                for at, row in enumerate(rows):
                    self._apply(found, statement, {**given, **row}, ids[at] if ids else None)
            else:
                self._apply(found, statement, given, result)
        self._notes.clear()
        return found

    def _apply(
        self, found: dict[tuple[str, int], Touched], statement: Tracked, given: Values, counted: int | None
    ) -> None:
        key = counted if counted is not None else given.get(statement.key)
        if key is None:
            return
        place = (statement.kind, int(key))
        touched = found.get(place)
        if touched is None:
            touched = found[place] = self._known(place, created=statement.verb is Verb.INSERT and not statement.part)
        if statement.part:
            self._apply_part(touched, statement, given)
            return
        touched.counts = touched.counts or statement.counts
        if statement.verb is Verb.DELETE:
            self._delete(touched)
        else:
            self._write(touched, statement, given)

    def _delete(self, touched: Touched) -> None:
        touched.deleted, touched.after = True, {}
        for kind, part in self._reads:
            if kind == touched.kind and part and part not in touched.parts:
                touched.parts[part] = (self._parts(touched, part), {})

    @staticmethod
    def _write(touched: Touched, statement: Tracked, given: Values) -> None:
        written = dict(statement.constants)
        written.update((column, given[name]) for column, name in statement.values if name in given)
        touched.after.update(written)
        if "version" in written:
            touched.version = written["version"]
        elif statement.counts and "settings_version" not in written:
            touched.version = None if touched.version is None else touched.version + 1

    def _apply_part(self, touched: Touched, statement: Tracked, given: Values) -> None:
        parts = touched.parts.get(statement.part)
        if parts is None:
            before = {} if touched.created else self._parts(touched, statement.part)
            parts = touched.parts[statement.part] = (before, {at: dict(row) for at, row in before.items()})
        if statement.verb is Verb.DELETE and "position" not in given:
            parts[1].clear()
            return
        position = given.get("position")
        if position is None:
            return
        row = {column: given[name] for column, name in statement.values if name in given}
        for plumbing in ("company_id", "position", statement.key):
            row.pop(plumbing, None)
        if statement.verb is Verb.DELETE:
            parts[1].pop(position, None)
        elif statement.verb is Verb.INSERT:
            parts[1][position] = row
        else:
            parts[1].setdefault(position, {}).update(row)

    def _known(self, place: tuple[str, int], *, created: bool) -> Touched:
        """Give the object as it was last read before its first write."""
        kind, key = place
        touched = Touched(kind=kind, id=key, created=created)
        if created:
            return touched
        for statement, _, rows in reversed(self._reads.get((kind, ""), ())):
            at = statement.columns.index("id")
            for row in rows:
                if row[at] == key:
                    touched.before = _named(statement, row)
                    touched.after = dict(touched.before)
                    touched.version = touched.before.get("version")
                    return touched
        return touched

    def _parts(self, touched: Touched, part: str) -> dict[int, dict[str, Any]]:
        for statement, given, rows in reversed(self._reads.get((touched.kind, part), ())):
            if given.get(statement.key) == touched.id:
                read = (_named(statement, row) for row in rows)
                return {row.pop("position"): row for row in read}
        return {}


def _differences(before: Values, after: Values, *, whole: bool = False) -> Iterator[tuple[str, list[Any]]]:
    """Give the fields that differ; of an object new or gone (``whole``) those that hold something."""
    for name in (*after, *(name for name in before if name not in after)):
        was, now = before.get(name), after.get(name)
        if name in _PLUMBING or _alike(was, now) or (whole and was in (None, "") and now in (None, "")):
            continue
        yield from _told(name, was, now, whole=whole)


def _alike(was: Any, now: Any) -> bool:
    if isinstance(was, list | tuple) and isinstance(now, list | tuple):
        return [*was] == [*now]
    return bool(was == now)


def _told(name: str, was: Any, now: Any, *, whole: bool) -> Iterator[tuple[str, list[Any]]]:
    """Give one difference; that of documents by their inner fields, that of bytes not at all."""
    if not secret(name) and (isinstance(was, Mapping) or isinstance(now, Mapping)):
        inner = _differences(was or {}, now or {}, whole=whole)
        yield from ((f"{name}.{field}", pair) for field, pair in inner)
    elif not isinstance(was, bytes) and not isinstance(now, bytes):
        yield name, [_shown(name, was), _shown(name, now)]


def _rows(before: Mapping[int, Values], after: Mapping[int, Values]) -> list[dict[str, Any]]:
    """Give the positions that differ, in order, at most ``MOST_PARTS`` and then the number left out."""
    changed = []
    for position in sorted(before.keys() | after.keys()):
        was, now = before.get(position, {}), after.get(position, {})
        fields = dict(_differences(was, now, whole=not was or not now))
        if fields:
            changed.append({"position": position, **fields})
    if len(changed) > MOST_PARTS:
        return [*changed[:MOST_PARTS], {"more": len(changed) - MOST_PARTS}]
    return changed


@cache
def secret(name: str) -> bool:
    """Tell whether values of a field are never shown."""
    return SECRET.search(name) is not None


def _shown(name: str, value: Any) -> Any:
    if value is None:
        return None
    if secret(name):
        return HIDDEN
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value
