"""Lists give the same pages on every database, and every row once."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from app.api.listing import ListProvided
from app.api.switchboard import endpoints
from app.domain.catalogue import Product
from app.domain.parties import Party
from app.domain.shared.money import Price, Rate
from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.engine import Database
from app.infrastructure.database.repositories.listing import SOURCES, Shape, Shapes
from app.infrastructure.database.work import SqlWorks
from app.usecases.catalogue import PRODUCTS
from app.usecases.context import Context
from app.usecases.journal import JOURNAL
from app.usecases.parties import PARTIES
from app.usecases.ports.listing import Filter, Listing, Operator, Query, Sort
from tests.support.api import described
from tests.support.databases import company_context, statements, tracing

pytestmark = pytest.mark.fast
ENTRIES = [one.entry for one in endpoints(described())]
SHOWN = {entry.listing.name: entry.listing for entry in ENTRIES if isinstance(entry, ListProvided)}
# What the audit shows of actors is looked up beside the list.
LISTINGS = [listing for _, listing in sorted({**SHOWN, JOURNAL.name: JOURNAL}.items())]
REFS = ["a", "B", "á", "a ", "Z", "z", "b1", "b10", "b2", "_", "%", "0"]


@pytest.fixture
def stocked(works: SqlWorks) -> Context:
    """Give a company with twelve products, several of the same price; another company has its own."""
    other = company_context(works)
    context = company_context(works)
    for owner in (context, other):
        with works.writing(owner) as work:
            for number, ref in enumerate(REFS):
                price = Price(Decimal(number % 3))
                work.products.add(Product(ref=ref, name=f"n{number % 4}", unit_price=price, vat_rate=Rate(Decimal(20))))
            work.commit()
    return context


def column(works: SqlWorks, context: Context, query: Query, name: str = "ref") -> list[object]:
    """Give one column of all rows of the list of products, page by page."""
    at = [field.name for field in PRODUCTS.fields].index(name)
    keys = [[field.name for field in PRODUCTS.fields].index(sort.field) for sort in query.sort]
    found: list[object] = []
    after: tuple[object, ...] | None = None
    while True:
        with works.reading(context) as work:
            wanted = {item.name: getattr(query, item.name) for item in fields(query)} | {"after": after}
            page = work.lists.page(PRODUCTS, Query(**wanted))
        assert len(page.rows) <= query.limit
        found += [row[at] for row in page.rows]
        if not page.more:
            return found
        after = tuple(page.rows[-1][key] for key in keys)


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_one_key_hold_every_row_once_in_order(
    works: SqlWorks, stocked: Context, limit: int, *, descending: bool
) -> None:
    query = Query(sort=(Sort(field="ref", descending=descending), Sort(field="id")), limit=limit)
    assert column(works, stocked, query) == sorted(REFS, reverse=descending)


@pytest.mark.parametrize("limit", [1, 3, 5])
@pytest.mark.parametrize(("first", "second"), [(False, False), (True, True), (True, False), (False, True)])
def test_pages_by_two_keys_of_any_direction_hold_every_row_once(
    works: SqlWorks, stocked: Context, limit: int, *, first: bool, second: bool
) -> None:
    query = Query(sort=(Sort(field="unit_price", descending=first), Sort(field="id", descending=second)), limit=limit)
    ranks = {ref: ((-1 if first else 1) * (at % 3), (-1 if second else 1) * at) for at, ref in enumerate(REFS)}
    assert column(works, stocked, query) == sorted(REFS, key=lambda ref: ranks[ref])


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (Operator.EQ, "a", {"a"}),
        (Operator.NE, "a", set(REFS) - {"a"}),
        (Operator.LT, "a", {ref for ref in REFS if ref < "a"}),
        (Operator.LTE, "a", {ref for ref in REFS if ref <= "a"}),
        (Operator.GT, "b1", {ref for ref in REFS if ref > "b1"}),
        (Operator.GTE, "b1", {ref for ref in REFS if ref >= "b1"}),
    ],
)
def test_text_is_filtered_by_code_point(
    works: SqlWorks, stocked: Context, operator: Operator, value: str, expected: set[str]
) -> None:
    query = Query(filters=(Filter(field="ref", operator=operator, value=value),), sort=(Sort(field="id"),))
    assert set(column(works, stocked, query)) == expected


def test_filters_hold_together_and_total_counts_all_that_match(works: SqlWorks, stocked: Context) -> None:
    filters = (
        Filter(field="unit_price", operator=Operator.GTE, value=Decimal("1.00")),
        Filter(field="archived", operator=Operator.EQ, value=False),
        Filter(field="kind", operator=Operator.EQ, value="goods"),
    )
    query = Query(filters=filters, sort=(Sort(field="id"),), limit=3, total=True)
    with works.reading(stocked) as work:
        page = work.lists.page(PRODUCTS, query)
    assert (len(page.rows), page.more, page.total) == (3, True, 8)


def test_what_is_unset_differs_from_every_value(works: SqlWorks, context: Context) -> None:
    with works.writing(context) as work:
        work.parties.add(Party(name="with", customer=True, customer_code="C1", email="x@example.com"))
        work.parties.add(Party(name="without", customer=True, customer_code="C2"))
        work.commit()
    unlike = Filter(field="email", operator=Operator.NE, value="x@example.com")
    with works.reading(context) as work:
        page = work.lists.page(PARTIES, Query(filters=(unlike,), sort=(Sort(field="id"),)))
    assert [row[1] for row in page.rows] == ["without"]


def test_a_page_costs_one_statement_and_a_total_one_more(works: SqlWorks, stocked: Context, database: Database) -> None:
    for total, expected in ((False, ["list products"]), (True, ["count products", "list products"])):
        with tracing(database) as traces, works.reading(stocked) as work:
            work.lists.page(PRODUCTS, Query(sort=(Sort(field="id"),), total=total))
        assert statements(traces) == expected


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_every_list_can_be_filtered_and_sorted_by_what_it_says(
    works: SqlWorks, context: Context, listing: Listing
) -> None:
    values = {"id": 1, "text": "a", "flag": True, "amount": Decimal(1), "quantity": Decimal(1)}
    values |= {"price": Decimal(1), "rate": Decimal(1), "count": 1, "company_amount": Decimal(1)}
    with works.reading(context) as work:
        assert work.lists.page(listing, Query(sort=listing.default_sort)).rows == []
        for field in listing.fields:
            if field.sortable:
                last = tuple(Sort(field=key) for key in listing.key if key != field.name)
                work.lists.page(listing, Query(sort=(Sort(field=field.name, descending=True), *last)))
            if field.kind.value in values:
                for operator in field.operators:
                    condition = Filter(field=field.name, operator=operator, value=values[field.kind.value])
                    work.lists.page(listing, Query(filters=(condition,), sort=listing.default_sort, total=True))


def test_every_list_is_read_from_a_table_of_companies() -> None:
    assert {listing.name for listing in LISTINGS} == set(SOURCES)
    assert all("company_id" in table.c for table in SOURCES.values())


def test_statements_of_shapes_are_bounded() -> None:
    """Callers choose what is filtered: that must not fill the memory."""
    shapes = Shapes(most=3)
    made: list[Prepared] = [
        shapes.get(Shape("products", ("id",), (), (Sort(field=name),), after=False))
        for name in ("id", "ref", "name", "unit_price", "id")
    ]
    assert len(shapes) == 3
    assert made[0] is not made[4]
    assert shapes.get(Shape("products", ("id",), (), (Sort(field="id"),), after=False)) is made[4]
