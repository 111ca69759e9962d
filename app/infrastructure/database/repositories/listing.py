"""Pages of lists by keyset: a page starts where the last one ended, so its cost does not grow with its distance."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, FromClause, Integer, Table, and_, bindparam, exists, func, or_, select, tuple_

from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.dialects import Dialect
from app.infrastructure.database.repositories.search import LISTED, Candidates, bounds, candidates, column_of, probe
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.access import api_keys
from app.infrastructure.database.tables.billing import invoices, payments
from app.infrastructure.database.tables.catalogue import products
from app.infrastructure.database.tables.fields import custom_fields, custom_values
from app.infrastructure.database.tables.identity import members, roles
from app.infrastructure.database.tables.journal import journal
from app.infrastructure.database.tables.parties import third_parties
from app.infrastructure.database.tables.sales import orders
from app.infrastructure.database.tables.shipping import shipments
from app.infrastructure.database.tables.stock import stock_levels, stock_movements, warehouses
from app.usecases.context import Context
from app.usecases.ports.listing import Found, Listing, Operator, Page, Query, Sort

SHAPES: Final = 1024
_SIZES: Final = (1, 4, 16, 64, 256, LISTED)
# A list shows columns of its table, or of what is joined to look like one, under their own names.
SOURCES: Final[Mapping[str, FromClause]] = {
    "third-parties": third_parties,
    "products": products,
    "warehouses": warehouses,
    "stock-movements": stock_movements,
    "stock-levels": stock_levels,
    "orders": orders,
    "shipments": shipments,
    "invoices": invoices,
    "payments": payments,
    "api-keys": api_keys,
    "users": members,
    "roles": roles,
    "custom-fields": custom_fields,
    "audit": journal,
}
_COMPARE: Final[Mapping[Operator, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]]] = {
    Operator.EQ: lambda column, value: column == value,
    Operator.NE: lambda column, value: column.is_distinct_from(value),
    Operator.LT: lambda column, value: column < value,
    Operator.LTE: lambda column, value: column <= value,
    Operator.GT: lambda column, value: column > value,
    Operator.GTE: lambda column, value: column >= value,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """All that decides the text of a page's statement; the values are its parameters.

    ``listed`` ids are given of ``column``, and ``words`` words are probed for in the ways ``search``.
    """

    listing: str
    fields: tuple[str, ...]
    filters: tuple[tuple[str, Operator], ...]
    sort: tuple[Sort, ...]
    after: bool
    count: bool = False
    matching: tuple[tuple[str, Operator], ...] = ()
    column: str = ""
    listed: int = 0
    words: int = 0
    search: tuple[Found, ...] = ()


class Shapes:
    """Statements by shape, the least used ones forgotten: callers choose the shapes, so their number must not grow."""

    def __init__(self, most: int = SHAPES) -> None:
        self._most = most
        self._known: OrderedDict[Shape, Prepared] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, shape: Shape) -> Prepared:
        """Give the statement of ``shape``."""
        with self._lock:
            prepared = self._known.get(shape)
            if prepared is None:
                prepared = self._known[shape] = _prepared(shape)
                if len(self._known) > self._most:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(shape)
            return prepared


_SHAPES: Final = Shapes()


class SqlLists:
    """Readers of flat rows, within the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def page(self, listing: Listing, query: Query) -> Page:
        """Give one page of ``listing``, and the count of all that match when asked.

        With words it takes one statement more, seldom a few (see ``candidates``); none but that when nothing matches.
        """
        if query.custom:
            raise RuntimeError("conditions on custom fields are resolved before a list is read")
        given: dict[str, Any] = {"company": self._company}
        given.update((f"filter_{at}", wanted.value) for at, wanted in enumerate(query.filters))
        for at, one in enumerate(query.matching):
            given |= {f"custom_field_{at}": one.entry.field, f"custom_{at}": getattr(one.entry, one.column)}
        asked = Shape(
            listing.name,
            tuple(field.name for field in listing.fields),
            tuple((wanted.field, wanted.operator) for wanted in query.filters),
            query.sort,
            query.after is not None,
            matching=tuple((wanted.column, wanted.operator) for wanted in query.matching),
        )
        if query.words:
            searched = cast("Table", SOURCES[listing.name])  # what is joined is not searched
            found = candidates(self._session, searched, listing, self._company, query.words)
            if found.ids is not None and not found.ids:
                return Page(rows=[], more=False, total=0 if query.total else None)
            asked = self._searching(asked, listing, found, given)
        total = None
        if query.total:
            counted = replace(asked, fields=(), sort=(), after=False, count=True)
            total = int(self._session.scalar(_SHAPES.get(counted), **given))
        given["limit"] = query.limit + 1
        given.update((f"after_{at}", value) for at, value in enumerate(query.after or ()))
        rows = self._session.all(_SHAPES.get(asked), **given)
        return Page(rows=rows[: query.limit], more=len(rows) > query.limit, total=total)

    @staticmethod
    def _searching(asked: Shape, listing: Listing, found: Candidates, given: dict[str, Any]) -> Shape:
        """Add the rows found, and the words still to be probed, to what is asked and given."""
        given.update(bounds(found.words))
        shape = replace(asked, words=len(found.words), search=listing.search if found.words else ())
        if found.ids is None:
            return shape
        size = next(size for size in _SIZES if size >= len(found.ids))
        # The last id fills what is left of the few sizes there are statements for.
        given.update((f"listed__{at}", found.ids[min(at, len(found.ids) - 1)]) for at in range(size))
        return replace(shape, column=column_of(listing), listed=size)


def _prepared(shape: Shape) -> Prepared:
    table = SOURCES[shape.listing]
    where = [table.c.company_id == bindparam("company")]
    for at, (name, operator) in enumerate(shape.filters):
        where.append(_COMPARE[operator](table.c[name], bindparam(f"filter_{at}", type_=table.c[name].type)))
    where += [_matching(table, at, *condition) for at, condition in enumerate(shape.matching)]
    if shape.listed:
        where.append(keys(table.c[shape.column], "listed", shape.listed))
    if shape.listed and table is stock_levels:
        # By a key for each warehouse, of which there are few, instead of passing all of the company's.
        places = select(warehouses.c.id).where(warehouses.c.company_id == bindparam("company"))
        where.append(table.c.warehouse_id.in_(places))
    columns = {way.column: table.c[way.column] for way in shape.search}
    where += [probe(shape.search, columns, at) for at in range(shape.words)]
    if shape.count:
        counted = select(func.count()).select_from(table).where(*where)
        return Prepared(counted, f"count {shape.listing}", rows=shape.listed or None)
    order = [table.c[s.field].desc() if s.descending else table.c[s.field].asc() for s in shape.sort]
    page = select(*(table.c[name] for name in shape.fields)).order_by(*order).limit(bindparam("limit", type_=Integer()))

    def build(dialect: Dialect) -> Any:
        beyond = [_beyond(table, shape.sort, dialect)] if shape.after else []
        return page.where(*where, *beyond)

    return Prepared(build, f"list {shape.listing}", rows=shape.listed or None)


def _matching(table: FromClause, at: int, column: str, operator: Operator) -> ColumnElement[bool]:
    """Give the condition that a row has a custom value like the one asked for.

    What is unset differs from every value. A list of ids, not EXISTS, lets the database begin with the index of values
    where that is the shorter way.
    """
    v, value = custom_values.c, custom_values.c[column]
    sought = bindparam(f"custom_{at}", type_=value.type)
    mine = and_(
        v.company_id == bindparam("company"), v.field_id == bindparam(f"custom_field_{at}", type_=v.field_id.type)
    )
    if operator is Operator.NE:
        return ~exists().where(mine, v.object_id == table.c.id, value == sought).correlate(table)
    return table.c.id.in_(select(v.object_id).where(mine, _COMPARE[operator](value, sought)))


def _beyond(table: FromClause, sort: Sequence[Sort], dialect: Dialect) -> ColumnElement[bool]:
    """Give the condition that a row comes after the cursor's.

    The first key's bound stands in front by itself: not every optimiser finds a range in a row comparison or an OR.
    """
    columns = [table.c[key.field] for key in sort]
    values = [bindparam(f"after_{at}", type_=column.type) for at, column in enumerate(columns)]
    first = columns[0] <= values[0] if sort[0].descending else columns[0] >= values[0]
    same_direction = len({key.descending for key in sort}) == 1
    if len(sort) == 1:
        return columns[0] < values[0] if sort[0].descending else columns[0] > values[0]
    if same_direction and dialect.row_comparison:
        here, there = tuple_(*columns), tuple_(*values)
        return here < there if sort[0].descending else here > there
    steps = []
    for at, key in enumerate(sort):
        step = columns[at] < values[at] if key.descending else columns[at] > values[at]
        steps.append(and_(*(column == value for column, value in zip(columns[:at], values[:at], strict=True)), step))
    return and_(first, or_(*steps))
