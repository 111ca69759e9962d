"""Searching by words gives the rows a naive reading gives, on every database, in few statements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.catalogue import Product
from app.domain.parties import Address, Party
from app.domain.shared.money import Price, Rate
from app.domain.shared.search import FIELDS, Searched, matches, wanted, words_of
from app.infrastructure.database.engine import Database
from app.infrastructure.database.repositories import search
from app.infrastructure.database.repositories.listing import SOURCES
from app.infrastructure.database.tables.billing import invoices, payments
from app.infrastructure.database.tables.catalogue import products
from app.infrastructure.database.tables.parties import contacts, third_parties
from app.infrastructure.database.tables.sales import orders, proposals
from app.infrastructure.database.tables.shipping import returns, shipments
from app.infrastructure.database.tables.stock import warehouses
from app.infrastructure.database.work import SqlWorks
from app.usecases.catalogue import PRODUCTS
from app.usecases.context import Context
from app.usecases.parties import PARTIES
from app.usecases.ports.listing import Filter, Listing, Operator, Query, Sort
from app.usecases.sales import ORDERS
from app.usecases.stock import LEVELS
from tests.support.databases import company_context, statements, tracing

pytestmark = pytest.mark.fast

ODD = "\N{LATIN SMALL LETTER DOTLESS I}aAáÁaeEéiIİßsSœŒøłŁñçÇ0159-_.%'\"\\@ \t東京日本\u0301\u0308ǅﬁ½①٣क्षि😀ΣςЖж"
TEXTS = st.one_of(
    st.text(st.sampled_from(ODD), min_size=1, max_size=12),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
    st.sampled_from(["jean.dupont@example.com", "FA2611-00001", "Straße", "STRASSE", "ISTANBUL", "L'Oréal", "a b a b"]),
)


def party(name: str, **others: Any) -> Party:
    return Party(name=name, customer=True, **others)


def texts_of(one: Party) -> list[str | None]:
    return [one.address.city if field == "city" else getattr(one, field) for field in FIELDS[Searched.PARTY]]


def found(works: SqlWorks, context: Context, text: str, limit: int = 200, **others: Any) -> list[int]:
    """Give the ids of third parties that ``text`` finds, page by page."""
    words = wanted(text)
    assert words is not None
    query = Query(words=words, sort=(Sort(field="id"),), limit=limit, total=True, **others)
    ids: list[int] = []
    while True:
        with works.reading(context) as work:
            page = work.lists.page(PARTIES, query)
        ids += [int(str(row[0])) for row in page.rows]
        if not page.more:
            assert page.total == len(ids)
            return ids
        query = replace(query, after=(ids[-1],))


@pytest.mark.parametrize("listed", [1024, 1])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), asked=st.lists(TEXTS, min_size=1, max_size=3))
def test_any_text_finds_what_a_naive_reading_finds(
    works: SqlWorks, listed: int, names: Sequence[tuple[str, str]], asked: Sequence[str]
) -> None:
    """Demand 13: same rows on three databases, as listed ids and walked alike, each the naive model's."""
    context = company_context(works)
    people = []
    for at, (name, city) in enumerate(names):
        if name.strip():
            one = party(name, customer_code=f"C{at}", phone=f"+33 1 0{at}", address=Address(city=city))
            with works.writing(context) as work:
                work.parties.add(one)
                work.commit()
            people.append(one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "LISTED", listed)
        search._hits_statement.cache_clear()
        for text in [*asked, " ".join(asked), *(name for name, _ in names), names[0][0][:1], "c0", "3310"]:
            words = wanted(text)
            if words is None:
                continue
            right = [one.id for one in people if matches(words, words_of(Searched.PARTY, texts_of(one)))]
            assert found(works, context, text, limit=2) == right, text
    search._hits_statement.cache_clear()


def test_words_follow_what_they_are_words_of(works: SqlWorks, context: Context, database: Database) -> None:
    """One statement for a new object, two for another name, none for what is not searched."""
    one = party("Élan Vert", customer_code="C1")
    with tracing(database) as traces, works.writing(context) as work:
        work.parties.add(one)
        work.commit()
    assert statements(traces)[1:] == ["insert search_words[3]", "insert outbox[1]"]
    assert found(works, context, "elan c1") == [one.id]
    with tracing(database) as traces, works.writing(context) as work:
        stored = work.parties.get(one.id)
        stored.change({"payment_days": 3, "archived": True})
        work.parties.save(stored)
        work.commit()
    assert statements(traces) == ["select third_parties", "update third_parties", "insert outbox[1]"]
    with tracing(database) as traces, works.writing(context) as work:
        stored = work.parties.get(one.id)
        stored.change({"name": "Elan Rouge", "email": "vert@example.com"})
        work.parties.save(stored)
        work.commit()
    assert statements(traces)[2:] == ["insert search_words[3]", "insert outbox[1]"], (
        "vert stays: it is in the address now"
    )
    with works.writing(context) as work:
        stored = work.parties.get(one.id)
        stored.change({"email": None})
        work.parties.save(stored)
        work.parties.save(stored)
        work.commit()
    assert found(works, context, "rouge elan") == [one.id]
    assert found(works, context, "vert") == found(works, context, "example") == []


def test_what_was_not_read_first_is_stored_with_its_words_all_the_same(works: SqlWorks, context: Context) -> None:
    one = party("Before", customer_code="C1")
    with works.writing(context) as work:
        work.parties.add(one)
        work.commit()
    with works.writing(context) as work:
        one.name = "After"
        work.parties.save(one)
        work.commit()
    assert found(works, context, "after") == [one.id]
    assert found(works, context, "before") == []


def test_what_is_undone_leaves_no_words(works: SqlWorks, context: Context) -> None:
    with works.writing(context) as work:
        work.parties.add(party("Undone", customer_code="C1"))
    assert found(works, context, "undone") == []


def test_search_goes_with_filters_sorts_and_pages(works: SqlWorks, context: Context) -> None:
    """Demand 12: all of a query's conditions hold together, in both ways of reading, page by page."""
    with works.writing(context) as work:
        for n in range(12):
            product = Product(
                ref=f"R-{n}",
                name=f"Chair {'red' if n % 2 else 'blue'}",
                unit_price=Price(Decimal(n % 3)),
                vat_rate=Rate(Decimal(20)),
            )
            work.products.add(product)
        work.commit()
    sort = (Sort(field="unit_price", descending=True), Sort(field="ref", descending=True), Sort(field="id"))
    least = Filter(field="unit_price", operator=Operator.GTE, value=Decimal(1))
    for listed in (1024, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search, "LISTED", listed)
            search._hits_statement.cache_clear()
            seen: list[object] = []
            after: tuple[object, ...] | None = None
            while after is not None or not seen:
                asked = Query(words=("chair", "red"), filters=(least,), sort=sort, limit=2, after=after, total=True)
                with works.reading(context) as work:
                    page = work.lists.page(PRODUCTS, asked)
                assert page.total == 4
                seen += [row[1] for row in page.rows]
                last = page.rows[-1]
                after = (last[4], last[1], last[0]) if page.more else None
            assert seen == ["R-5", "R-11", "R-7", "R-1"]
    search._hits_statement.cache_clear()


def test_every_list_is_found_by_fields_that_are_there() -> None:
    """What is said to be searched is what the tables have."""
    for kind, fields in FIELDS.items():
        assert set(fields) <= set(BACKFILLED[kind].c.keys())
    assert set(BACKFILLED) == set(Searched)


BACKFILLED = {
    Searched.PARTY: third_parties,
    Searched.PRODUCT: products,
    Searched.WAREHOUSE: warehouses,
    Searched.PROPOSAL: proposals,
    Searched.ORDER: orders,
    Searched.SHIPMENT: shipments,
    Searched.INVOICE: invoices,
    Searched.PAYMENT: payments,
    Searched.CONTACT: contacts,
    Searched.RETURN: returns,
}
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN", "mariadb": "EXPLAIN"}


@pytest.mark.parametrize("listing", [PARTIES, ORDERS, LEVELS], ids=lambda listing: listing.name)
@pytest.mark.parametrize("words", [("ab",), ("abc", "ab")], ids=len)
def test_words_are_found_by_their_index(
    works: SqlWorks, context: Context, database: Database, listing: Listing, words: tuple[str, ...]
) -> None:
    """Each look-up of words is a range of the key, or one place of the index by object, on each database."""
    statement = search._hits_statement(SOURCES[listing.name], listing.search, len(words)).on(database.dialect)
    given = statement.arguments({"company": context.company, **search.bounds(words)})
    raw = database.connection()
    try:
        cursor: Any = raw.cursor()
        sql = f"{EXPLAIN[database.dialect.name]} {statement.sql}"
        if database.dialect.name == "postgresql":
            sql = re.sub(r"\$(\d+)", lambda found: f"${found[1]}", sql)
            pg: Any = raw.dbapi_connection
            result = pg.pgconn.exec_params(sql.encode(), [str(value).encode() for value in given])
            plan = "\n".join(result.get_value(at, 0).decode() for at in range(result.ntuples))
            assert "Seq Scan on search_words" not in plan
            assert "pk_search_words" in plan
        else:
            cursor.execute(sql, tuple(given))
            rows = [" ".join(map(str, row)) for row in cursor.fetchall()]
            plan = "\n".join(rows)
            of_words = [row for row in rows if re.search(r"\bw\d*(_\d+)?\b|search_words", row)]
            assert of_words
            assert all("PRIMARY" in row or "ix_search_words" in row for row in of_words), plan
    finally:
        raw.close()
