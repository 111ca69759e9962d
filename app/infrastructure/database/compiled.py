"""Statements built with SQLAlchemy once, compiled once per dialect, and run on the driver's own cursor.

What is left of SQLAlchemy at run time is a text, the order of its parameters, and the few conversions that the bound
and the returned types need. Executing through Core would cost as much again as the statement itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from threading import Lock
from typing import Any, Final

from sqlalchemy import BindParameter, Executable, Join, Table, TextClause
from sqlalchemy import Dialect as SqlDialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.expression import Insert
from sqlalchemy.types import NullType

from app.infrastructure.database.dialects import Dialect, Ids
from app.infrastructure.database.history import Tracked, tracked

Row = tuple[Any, ...]
Converter = Callable[[Any], Any]
Statement = Executable | Callable[[Dialect], Executable]
MAX_ROWS: Final = 100
# A statement for many rows is too seldom of the same size to be worth a prepared plan on the server.
PREPARED_ROWS: Final = 24


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in one database's words.

    ``order`` names the parameters as they stand in ``sql``, ``constants`` those that the statement itself gives
    (already converted), ``expected`` the number the caller gives. ``bind`` and ``rows`` are what needs converting, by
    position.
    """

    sql: str
    name: str
    order: tuple[str, ...]
    pick: Callable[[Mapping[str, Any]], Sequence[Any]]
    constants: Mapping[str, Any]
    expected: int
    bind: tuple[tuple[int, Converter], ...]
    rows: tuple[tuple[int, Converter], ...]
    returns_rows: bool
    writes: bool
    table: Table | None
    tracked: Tracked | None = None
    prepare: bool = True

    def arguments(self, given: Mapping[str, Any]) -> Sequence[Any]:
        """Give the driver's arguments in order. Raises TypeError when a parameter is missing or unknown."""
        if len(given) != self.expected:
            raise TypeError(f"{self.name} takes {self.names()}, got {sorted(given)}")
        try:
            picked = self.pick({**self.constants, **given} if self.constants else given)
        except KeyError as error:
            raise TypeError(f"{self.name} takes {self.names()}, not given: {error.args[0]}") from None
        if not self.bind:
            return picked
        values = list(picked)
        for position, convert in self.bind:
            values[position] = convert(values[position])
        return values

    def names(self) -> list[str]:
        """Give the names of the parameters the caller gives, sorted."""
        return sorted(set(self.order) - set(self.constants))

    def converted(self, rows: Sequence[Row]) -> list[Row]:
        """Give the driver's rows with the values the domain knows; the rows themselves where nothing differs."""
        if not self.rows:
            return rows if isinstance(rows, list) else list(rows)
        made = []
        for row in rows:
            values = list(row)
            for position, convert in self.rows:
                values[position] = convert(values[position])
            made.append(tuple(values))
        return made


class Prepared:
    """A statement built at import, compiled for a dialect at start-up or first use.

    An INSERT into a table with a key the database counts gives that key back through ``Session.insert``.
    """

    __slots__ = ("_compiled", "_name", "_rows", "_statement", "needs")

    def __init__(self, statement: Statement, name: str, *, rows: int | None = None, needs: str = "") -> None:
        self._statement = statement
        self._compiled: dict[Dialect, Compiled] = {}
        self._name = name
        self._rows = rows
        self.needs = needs

    @property
    def name(self) -> str:
        """What traces call the statement; worked out when it is first asked for, which most starts never do."""
        if not self._name:
            self._name = _name(self._statement)
        return self._name

    @property
    def size(self) -> int:
        """The number of rows or keys the statement is for."""
        return self._rows or 1

    def on(self, dialect: Dialect) -> Compiled:
        """Give the statement in the words of ``dialect``."""
        compiled = self._compiled.get(dialect)
        if compiled is None:
            # Two threads may both compile; the results are equal, the later one stays.
            statement = self._statement
            built = statement if isinstance(statement, Executable) else statement(dialect)
            compiled = _compile(built, self.name, dialect, self._rows)
            self._compiled[dialect] = compiled
        return compiled


class PreparedMany:
    """A statement for n rows or keys, compiled for each n that is met; the session cuts what has over ``max_rows``.

    ``build(n)`` names the parameters of row i ``<name>__<i>``; what all rows share has no number.
    """

    __slots__ = ("_build", "_by_size", "_lock", "_name", "max_rows", "needs", "pads")

    def __init__(self, build: Callable[[int], Executable], name: str, *, max_rows: int, pads: bool, needs: str) -> None:
        self._build = build
        self._by_size: dict[int, Prepared] = {}
        self._lock = Lock()
        self._name = name
        self.max_rows = max_rows
        self.pads = pads
        self.needs = needs

    @property
    def name(self) -> str:
        """What traces call the statement."""
        if not self._name:
            self._name = _name(self._build(1))
        return self._name

    def sized(self, count: int) -> Prepared:
        """Give the statement for ``count`` rows; a padding one may be for more."""
        size = self._padded(count) if self.pads else count
        prepared = self._by_size.get(size)
        if prepared is None:
            with self._lock:
                prepared = self._by_size.get(size)
                if prepared is None:
                    prepared = Prepared(self._build(size), f"{self.name}[{size}]", rows=size)
                    self._by_size[size] = prepared
        return prepared

    def _padded(self, count: int) -> int:
        return min(1 << (count - 1).bit_length(), self.max_rows)

    def on(self, dialect: Dialect) -> Compiled:
        """Give the statement for one row: what start-up compiles to see that it is sound."""
        return self.sized(1).on(dialect)


_REGISTRY: Final[list[Prepared | PreparedMany]] = []


def prepare(statement: Statement, name: str = "", *, needs: str = "") -> Prepared:
    """Register a statement of a module; ``name`` tells it in traces (default: its verb and table).

    One that differs between databases is a function of the dialect's capabilities, and then needs a name. ``needs``
    names the capability without which it is never run.
    """
    prepared = Prepared(statement, name, needs=needs)
    _REGISTRY.append(prepared)
    return prepared


def prepare_many(
    build: Callable[[int], Executable],
    name: str = "",
    *,
    max_rows: int = MAX_ROWS,
    pads: bool = False,
    needs: str = "",
) -> PreparedMany:
    """Register a statement whose text depends on the number of rows or keys.

    ``pads=True`` is for lists of keys, where repeating the last key changes nothing: sizes are then powers of two, so
    that the server keeps few plans.
    """
    prepared = PreparedMany(build, name, max_rows=max_rows, pads=pads, needs=needs)
    _REGISTRY.append(prepared)
    return prepared


def compile_all(dialect: Dialect) -> int:
    """Compile every registered statement, so that a wrong one shows at start-up; give their number."""
    wanted = [prepared for prepared in _REGISTRY if not prepared.needs or getattr(dialect, prepared.needs)]
    for prepared in wanted:
        prepared.on(dialect)
    return len(wanted)


def arguments_of_rows(
    compiled: Compiled, rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any], size: int
) -> Sequence[Any]:
    """Give the driver's arguments of a statement for ``size`` rows; the last row fills what padding leaves open."""
    given = dict(common)
    last = len(rows) - 1
    for index in range(size):
        for name, value in rows[min(index, last)].items():
            given[f"{name}__{index}"] = value
    return compiled.arguments(given)


def _compile(statement: Executable, name: str, dialect: Dialect, rows: int | None) -> Compiled:
    sql = dialect.sql()
    adapted = _with_key(statement, dialect, many=rows is not None)
    compiled = adapted.compile(dialect=sql, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"{name} is not a statement that can be prepared")
    order = tuple(compiled.positiontup or ())
    constants = _constants(compiled, sql)
    converters = _bind_converters(compiled, sql)
    names = set(order) - set(constants)
    columns = _columns(adapted)
    return Compiled(
        sql=str(compiled),
        name=name,
        order=order,
        pick=_picker(order),
        constants=constants,
        expected=len(names),
        bind=tuple((at, converters[key]) for at, key in enumerate(order) if key in converters and key in names),
        rows=_row_converters(columns, sql),
        returns_rows=bool(columns),
        writes=isinstance(adapted, UpdateBase),
        table=adapted.table if isinstance(adapted, UpdateBase) and isinstance(adapted.table, Table) else None,
        tracked=tracked(statement, _sources(compiled)),
        prepare=(rows or 1) <= PREPARED_ROWS,
    )


def _with_key(statement: Executable, dialect: Dialect, *, many: bool) -> Executable:
    """Make an INSERT give the counted key back where the driver does not tell it by itself."""
    # Asked of a copy: a statement remembers its columns, and what is made of it with RETURNING would remember them too.
    if not isinstance(statement, Insert) or _columns(statement.inline()):
        return statement
    key = statement.table.primary_key.columns.get("id")  # type: ignore[attr-defined]
    asked = dialect.ids is Ids.RETURNING if many else dialect.returning_key
    if key is None or not key.info.get("identity"):
        return statement.inline()
    return statement.returning(key) if asked else statement.inline()


def _columns(statement: Executable) -> list[Any]:
    """Give the columns of the rows a statement returns; none for one that returns no rows."""
    if isinstance(statement, TextClause):
        return []
    return list(statement.exported_columns) if hasattr(statement, "exported_columns") else []


def _sources(compiled: SQLCompiler) -> Sequence[Any]:
    """Give what a SELECT reads from; asking the statement itself would compile it a second time."""
    return getattr(compiled.compile_state, "froms", ())


def _bind_converters(compiled: SQLCompiler, sql: SqlDialect) -> dict[str, Converter]:
    found = {name: _bind_converter(bind, sql) for name, bind in compiled.binds.items()}
    return {name: convert for name, convert in found.items() if convert is not None}


def _bind_converter(bind: BindParameter[Any], sql: SqlDialect) -> Converter | None:
    if isinstance(bind.type, NullType):
        raise TypeError(f"parameter {bind.key} has no type: its value would not be converted")
    return bind.type.dialect_impl(sql).bind_processor(sql)


def _row_converters(columns: Iterable[Any], sql: SqlDialect) -> tuple[tuple[int, Converter], ...]:
    found = ((at, column.type.dialect_impl(sql).result_processor(sql, None)) for at, column in enumerate(columns))
    return tuple((at, convert) for at, convert in found if convert is not None)


def _constants(compiled: SQLCompiler, sql: SqlDialect) -> dict[str, Any]:
    """Give the values that stand in the statement itself, as the driver takes them."""
    given: dict[str, Any] = {}
    for name, bind in compiled.binds.items():
        if not bind.required and name in compiled.params:
            convert = _bind_converter(bind, sql)
            value = compiled.params[name]
            given[name] = convert(value) if convert is not None else value
    return given


def _picker(order: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if not order:
        return lambda _: ()
    if len(order) == 1:
        only = order[0]
        return lambda given: (given[only],)
    return itemgetter(*order)


def _name(statement: Statement) -> str:
    """Give a name for traces: verb and first table."""
    if isinstance(statement, UpdateBase):
        return f"{type(statement).__name__.lower()} {statement.table.description}"
    sources: Sequence[Any] = getattr(statement, "get_final_froms", list)()
    if not sources:
        return "select"
    first = sources[0]
    while isinstance(first, Join):
        first = first.left
    return f"select {getattr(first, 'description', first)}"
