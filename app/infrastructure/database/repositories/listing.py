"""Pages of lists by keyset: a page starts where the last one ended, so its cost does not grow with its distance."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.dialects import Dialect
from app.infrastructure.database.repositories.search import LISTED, Candidates, bounds, candidates, column_of, probe
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import keys
from app.infrastructure.database.tables.access import api_keys, aws_credentials
from app.infrastructure.database.tables.banking import bank_accounts, cheque_deposits, sepa_orders
from app.infrastructure.database.tables.billing import invoice_templates, invoices, payments
from app.infrastructure.database.tables.catalogue import (
    attributes,
    categories,
    party_categories,
    price_lists,
    prices,
    product_barcodes,
    product_categories,
    products,
    units,
    vat_rates,
)
from app.infrastructure.database.tables.fields import custom_fields, custom_values
from app.infrastructure.database.tables.identity import members, roles
from app.infrastructure.database.tables.jobs import jobs
from app.infrastructure.database.tables.journal import journal
from app.infrastructure.database.tables.mail import mails
from app.infrastructure.database.tables.parties import contacts, payment_terms, third_parties
from app.infrastructure.database.tables.processes import executions, state_machines
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shipping import carriers, returns, shipments
from app.infrastructure.database.tables.stock import (
    count_sheets,
    inventories,
    inventory_counts,
    locations,
    lot_trace,
    lots,
    lots_here,
    stock_levels,
    stock_movements,
    stock_places,
    stock_rules,
    stock_transfers,
    warehouses,
)
from app.infrastructure.database.types import COUNTER, KEY
from app.usecases.context import Context
from app.usecases.ports.listing import Found, Listing, Operator, Page, Query, Sort

SHAPES: Final = 1024
LAST: Final = "\U0010ffff"
"""Behind whatever a text may go on with."""
_SIZES: Final = (1, 4, 16, 64, 256, LISTED)
# A list shows columns of its table, or of what is joined to look like one, under their own names.
SOURCES: Final[Mapping[str, FromClause]] = {
    "third-parties": third_parties,
    "contacts": contacts,
    "payment-terms": payment_terms,
    "products": products,
    "price-lists": price_lists,
    "prices": prices,
    "vat-rates": vat_rates,
    "units": units,
    "categories": categories,
    "attributes": attributes,
    "warehouses": warehouses,
    "stock-movements": stock_movements,
    "stock-levels": stock_levels,
    "stock-transfers": stock_transfers,
    "lots": lots,
    "lot-levels": lots_here,
    "lot-movements": lot_trace,
    "locations": locations,
    "stock-places": stock_places,
    "stock-rules": stock_rules,
    "inventories": inventories,
    "inventory-lines": count_sheets,
    "inventory-counts": inventory_counts,
    "proposals": proposals,
    "orders": orders,
    "shipments": shipments,
    "returns": returns,
    "carriers": carriers,
    "invoices": invoices,
    "invoice-templates": invoice_templates,
    "payments": payments,
    "bank-accounts": bank_accounts,
    "cheque-deposits": cheque_deposits,
    "sepa-orders": sepa_orders,
    "mails": mails,
    "api-keys": api_keys,
    "aws-credentials": aws_credentials,
    "users": members,
    "roles": roles,
    "custom-fields": custom_fields,
    "audit": journal,
    "jobs": jobs,
    "workflows": state_machines,
    "executions": executions,
}


def _barcoded(name: str) -> Select[tuple[int]]:
    """Give the products with the barcode called ``name``."""
    b = product_barcodes.c
    return select(b.product_id).where(
        b.company_id == bindparam("company"), b.gtin == bindparam(name, type_=b.gtin.type)
    )


def _sorted(table: Table, owner: str) -> Callable[[str], Select[tuple[int]]]:
    """Give what gives the objects that stand in the category called ``name`` or below it."""

    def build(name: str) -> Select[tuple[int]]:
        c = categories.c
        mine = c.company_id == bindparam("company")
        tree = select(c.id).where(mine, c.id == bindparam(name, type_=c.id.type)).cte(f"tree_{name}", recursive=True)
        tree = tree.union(select(c.id).where(mine, c.parent_id == tree.c.id))
        return select(table.c[owner]).where(
            table.c.company_id == bindparam("company"), table.c.category_id.in_(select(tree.c.id))
        )

    return build


def _beginning(name: str) -> Select[tuple[str]]:
    """Give the executions whose own name begins with the text called ``name``."""
    e = executions.c
    first = bindparam(name, type_=e.name.type)
    mine = e.company_id == bindparam("company", type_=e.company_id.type)
    return select(e.id).where(mine, e.name >= first, e.name < first + LAST)


# A list is filtered by what hangs on its rows.
LINKS: Final[Mapping[tuple[str, str], Callable[[str], Select[tuple[Any]]]]] = {
    ("executions", "name_prefix"): _beginning,
    ("products", "barcode"): _barcoded,
    ("products", "category_id"): _sorted(product_categories, "product_id"),
    ("third-parties", "category_id"): _sorted(party_categories, "party_id"),
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
        if (shape.listing, name) in LINKS:
            where.append(table.c.id.in_(LINKS[shape.listing, name](f"filter_{at}")))
        else:
            where.append(_COMPARE[operator](table.c[name], _bound(f"filter_{at}", table.c[name])))
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


def _bound(name: str, column: ColumnElement[Any]) -> BindParameter[Any]:
    """Give the parameter that ``column`` is compared with; a number too large for its column is no error."""
    return bindparam(name, type_=KEY if column.type is COUNTER else column.type)


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
    values = [_bound(f"after_{at}", column) for at, column in enumerate(columns)]
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
