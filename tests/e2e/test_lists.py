"""Lists over HTTP on real rows: filters, sorts, cursors that neither miss nor repeat while rows come in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count as counting
from itertools import cycle, islice
from itertools import product as pairs
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import settings

from app.api.listing import ListProvided
from app.api.route import API, Endpoint
from app.api.switchboard import endpoints
from app.usecases.ports.listing import FieldKind, ListField, Listing, Operator
from tests.support.api import described
from tests.support.office import ON_SQLITE, Office, Served, free_line
from tests.support.rows import rows_in_every_list

pytestmark = pytest.mark.fast

LISTINGS: Final[list[tuple[str, Listing]]] = [
    (one.path.removeprefix(API), one.entry.listing)
    for one in endpoints(described())
    if isinstance(one.entry, ListProvided) and "{" not in one.path
]


def by_path(value: object) -> str | None:
    return value if isinstance(value, str) else ""


@pytest.fixture(scope="module")
def full(served: Served) -> Office:
    """Give a company with several rows in every list; many of them are equal in what they are sorted by."""
    office = served.company()
    for n, kind in enumerate(("orders", "products", "orders", "invoices", "products")):
        field = {"kind": kind, "name": f"f{n}", "label": f"L{n % 2}", "type": "text"}
        office.make("/custom-fields", field)
    places = [office.warehouse() for _ in range(3)]
    products = [office.product(name=f"Thing {n % 2}", unit_price=str(n % 3)) for n in range(5)]
    for product in products:
        for place in places:
            body = {"kind": "receive", "product_id": product, "warehouse_id": place, "quantity": str(product % 3 + 1)}
            office.act("/stock-movements", body)
    for n in range(4):
        office.make("/users", {"email": f"u{n}-{office.company}@example.com", "name": f"User {n % 2}"})
    customers = [
        office.customer(name=f"Client {n % 2}", email=None if n % 2 else f"c{n}@example.com") for n in range(4)
    ]
    keys = [office.make("/api-keys", {"name": f"Key {n % 2}", "scopes": ["orders.read"]})["id"] for n in range(4)]
    office.act(f"/api-keys/{keys[1]}/revoke")
    scopes = {"scopes": ["workflows.read"]}
    ways = [office.make("/aws-credentials", {"name": f"Way {n % 2}", **scopes})["id"] for n in range(4)]
    office.act(f"/aws-credentials/{ways[1]}/revoke")
    for n in range(5):
        day = f"2026-11-{10 + n // 2}"
        lines = [{"product_id": products[n], "quantity": "1", "unit_price": "10"}, free_line(str(n % 2))]
        office.proposal(lines, party_id=customers[n % 4], date=day, valid_until="2099-01-01", validated=n != 4)
        order = office.order(lines, party_id=customers[n % 4], date=day, validated=n != 4)
        if n == 4:
            continue
        shipment = office.make(f"/orders/{order['id']}/shipments", {"date": day})
        office.act(f"/shipments/{shipment['id']}/validate")
        invoice = office.make(f"/orders/{order['id']}/invoices", {"date": day})
        office.act(f"/invoices/{invoice['id']}/validate")
        office.make(f"/invoices/{invoice['id']}/payments", {"method": "card", "amount": "5", "date": day})
    rows_in_every_list(office, 3)
    office.served.container.dispatch()
    return office


def crawl(office: Office, path: str, query: str = "", limit: int = 2) -> Iterator[dict[str, Any]]:
    """Give all rows page by page."""
    after = ""
    while True:
        page = office.get(f"{path}?limit={limit}{query}{after}")
        assert page.status == 200, page.body
        yield from page["items"]
        if page["next"] is None:
            assert "link" not in page.headers
            return
        assert f'after={page["next"]}>; rel="next"' in page.headers["link"]
        after = f"&after={page['next']}"


def key_of(listing: Listing, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in listing.key)


def value(listing: Listing, row: dict[str, Any], name: str) -> Any:
    field = listing.field(name)
    assert field is not None
    numbers = {FieldKind.AMOUNT, FieldKind.QUANTITY, FieldKind.PRICE, FieldKind.RATE}
    return Decimal(row[name]) if field.kind in numbers and row[name] is not None else row[name]


@pytest.mark.parametrize(("path", "listing"), LISTINGS, ids=by_path)
def test_every_sort_gives_every_row_once_in_order(full: Office, path: str, listing: Listing) -> None:
    """Demand 13: page by page, both ways, by each field and by several, on each database."""
    everything = list(crawl(full, path, limit=200))
    assert len(everything) >= 3
    assert full.get(f"{path}?total=true&limit=1")["total"] == len(everything)
    sortable = [field.name for field in listing.fields if field.sortable]
    sorts = [(name,) for name in sortable] + [(first, second) for first in sortable for second in sortable[:2]]
    for names in {one for one in sorts if len(set(one)) == len(one)}:
        for sign in ("", "-"):
            rows = list(crawl(full, path, f"&sort={sign}{','.join(names)}"))
            assert sorted(key_of(listing, row) for row in rows) == sorted(key_of(listing, row) for row in everything)
            firsts = [value(listing, row, names[0]) for row in rows]
            assert firsts == sorted(firsts, reverse=sign == "-")
            for group in set(firsts):
                rest = [value(listing, row, names[-1]) for row in rows if value(listing, row, names[0]) == group]
                assert rest == sorted(rest)


HOLDS: Final = {
    Operator.EQ: lambda left, right: left == right,
    Operator.NE: lambda left, right: left != right,
    Operator.LT: lambda left, right: left < right,
    Operator.LTE: lambda left, right: left <= right,
    Operator.GT: lambda left, right: left > right,
    Operator.GTE: lambda left, right: left >= right,
}


def holds(left: Any, operator: Operator, right: Any) -> bool:
    """Tell whether a row belongs; one without the value has another one, and is neither above nor below."""
    return operator is Operator.NE if left is None else bool(HOLDS[operator](left, right))


@pytest.mark.parametrize(("path", "listing"), LISTINGS, ids=by_path)
def test_every_filter_gives_the_rows_it_says(full: Office, path: str, listing: Listing) -> None:
    """Demand 12: each field with each operator, held against all rows, on each database."""
    everything = list(crawl(full, path, limit=200))
    for field in listing.fields:
        here = [row for row in everything if row[field.name] is not None]
        if not here or not field.filterable:
            continue
        sample = here[len(here) // 2][field.name]
        text = {True: "true", False: "false"}.get(sample, sample) if isinstance(sample, bool) else sample
        wanted = value(listing, here[len(here) // 2], field.name)
        for operator in field.operators:
            name = field.name if operator is Operator.EQ else f"{field.name}_{operator.value}"
            found = list(crawl(full, path, f"&{name}={text}", limit=200))
            right = [row for row in everything if holds(value(listing, row, field.name), operator, wanted)]
            assert [key_of(listing, row) for row in found] == [key_of(listing, row) for row in right], name


@pytest.mark.parametrize(("path", "listing"), LISTINGS, ids=by_path)
def test_an_unknown_filter_is_refused_by_name(full: Office, path: str, listing: Listing) -> None:
    """Demand 12: fails loudly, with what there is."""
    for query in ("colour=red", "sort=colour", "limit=0", "after=x", "id_like=7"):
        reply = full.get(f"{path}?{query}")
        assert reply.status == 400
        assert reply["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_crawl_neither_misses_nor_repeats_rows_while_others_come_in(served: Served) -> None:
    """Demand 13: rows inserted before, within and after the page do not move the others, on each database."""
    office = served.company()
    names = [f"{n:02}" for n in range(0, 20, 2)]
    there = {office.customer(name=name) for name in names}
    seen: list[int] = []
    for count, row in enumerate(crawl(office, "/third-parties", "&sort=name", limit=3)):
        seen.append(row["id"])
        for name in ("00", names[min(count, 9)], f"{count * 2 + 3:02}", "99"):
            if count < 10:
                office.customer(name=name)
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_newest_first_does_not_show_what_came_after_the_first_page(served: Served) -> None:
    """Demand 13: the default order of documents."""
    office = served.company()
    party = office.customer()
    made = [office.order([free_line("1")], party_id=party, validated=False)["id"] for _ in range(5)]
    seen = []
    for row in crawl(office, "/orders", limit=2):
        seen.append(row["id"])
        office.order([free_line("1")], party_id=party, validated=False)
    assert seen == made[::-1]


def test_an_empty_list_is_no_error(served: Served) -> None:
    """Design 4: 200 and no items."""
    office = served.company()
    for path, listing in LISTINGS:
        # A company begins with roles, and with somebody who has one.
        nobody = f"?id={2**63 - 1}" if listing.name in {"users", "roles"} else ""
        assert office.get(path + nobody).body == {"items": [], "next": None}


def test_texts_are_compared_alike_on_every_database(served: Served) -> None:
    """ERP-06: by code points, so that pages and filters have the same rows everywhere."""
    office = served.company()
    names = ["Zoë", "apfel", "Äpfel", "Apfel", "zoe", "Zoe", "öl", "apfel ", "日本", "😀", "a%b", "a_b", "ab"]
    for name in names:
        office.customer(name=name)
    stripped = sorted(name.strip() for name in names)
    rows = list(crawl(office, "/third-parties", "&sort=name", limit=3))
    assert [row["name"] for row in rows] == stripped
    assert [row["name"] for row in office.items("/third-parties?name=Apfel")] == ["Apfel"]
    assert [row["name"] for row in office.items("/third-parties?name=a%25b")] == ["a%b"]


# --- while others write ---------------------------------------------------------------------------------------------


def writing(office: Office, stop: threading.Event, turns: threading.Semaphore, failed: list[BaseException]) -> None:
    """Enter rows of every kind, once for each turn given, until told to stop."""
    try:
        place = office.items("/warehouses")[0]["id"]
        for n in counting():
            turns.acquire()
            if stop.is_set():
                return
            party = office.customer(name=f"Client {n % 3}")
            product = office.product(name=f"Thing {n % 3}", unit_price=str(n % 3))
            body = {"kind": "receive", "product_id": product, "warehouse_id": place, "quantity": "3"}
            office.act("/stock-movements", body)
            lines = [{"product_id": product, "quantity": "1", "unit_price": str(n % 4)}]
            day = f"2026-11-{10 + n % 5}"
            office.proposal(lines, party_id=party, date=day, valid_until="2099-01-01")
            order = office.order(lines, party_id=party, date=day)
            shipment = office.make(f"/orders/{order['id']}/shipments", {})
            office.act(f"/shipments/{shipment['id']}/validate")
            invoice = office.make(f"/orders/{order['id']}/invoices", {})
            office.act(f"/invoices/{invoice['id']}/validate")
            if invoice["total_gross"] != "0.00":
                office.make(f"/invoices/{invoice['id']}/payments", {"method": "card", "amount": "0.10"})
            if n % 5 == 0:
                office.warehouse()
    except BaseException as error:  # noqa: BLE001 - the test tells it
        failed.append(error)


SEARCHES: Final = {"/products": "thing", "/stock-movements": "thing", "/stock-levels": "thing", "/warehouses": "w"}


def test_no_crawl_misses_or_repeats_a_row_while_others_write(full: Office) -> None:
    """Demand 13: every list, every field to sort by, both ways, with and without a search, on each database."""
    there = {path: {key_of(listing, row) for row in crawl(full, path, limit=200)} for path, listing in LISTINGS}
    found = {
        path: {key_of(listing, row) for row in crawl(full, path, search_of(path), 200)}
        for path, listing in LISTINGS
        if listing.search
    }
    writer, stop, failed = Office(full.served, full.company, full.headers), threading.Event(), list[BaseException]()
    turns = threading.Semaphore(0)
    thread = threading.Thread(target=writing, args=(writer, stop, turns, failed))
    writer._refs = counting(10_000)
    thread.start()
    crawls = [
        (path, listing, name, f"{search}&sort={sign}{name}", wanted[path])
        for path, listing in LISTINGS
        for search, wanted in (("", there), *([(search_of(path), found)] if listing.search else []))
        for name in (field.name for field in listing.fields if field.sortable)
        for sign in ("", "-")
    ]
    try:
        for at, (path, listing, name, query, wanted) in enumerate(crawls):
            if name == "ref" and path in NUMBERED:
                continue  # a draft's reference changes with its validation, and its place with it
            if at % 10 == 0:
                turns.release()  # there are more crawls than rows ought to come
            rows = [key_of(listing, row) for row in crawl(full, path, query, 5)]
            assert len(rows) == len(set(rows)), (path, query)
            assert wanted <= set(rows), (path, query)
    finally:
        stop.set()
        turns.release()
        thread.join(60)
    assert not failed


NUMBERED: Final = {"/proposals", "/orders", "/shipments", "/invoices"}


def search_of(path: str) -> str:
    return f"&q={SEARCHES.get(path, 'client')}"


# --- what is refused ------------------------------------------------------------------------------------------------

BAD: Final[dict[FieldKind, tuple[str, ...]]] = {
    FieldKind.ID: ("", "0", "-1", "1.0", "9223372036854775808", "9" * 400, "1e3", "%D9%A3", "%00", "1%00", "true"),
    FieldKind.TEXT: ("a%00b", "%00", "x" * 1001),
    FieldKind.CHOICE: ("", "colour", "%00", "x" * 5000),
    FieldKind.FLAG: ("", "1", "TRUE", "%00"),
    FieldKind.DATE: ("", "2026-02-30", "20261121", "0000-01-01", "2026-11-21T00:00:00Z", "%00"),
    FieldKind.INSTANT: ("", "2026-11-21", "2026-11-21T25:00:00Z", "2026-11-21T10:00:00", "%00"),
    FieldKind.COUNT: ("", "-1", "1.0", "9223372036854775808", "9" * 400, "1e3", "%D9%A3", "%00", "1%00", "true"),
    FieldKind.AMOUNT: ("", "NaN", "Infinity", "1e400", "9" * 19, "1.123456789", "1,5", "0x1", "%00", "--1"),
    FieldKind.QUANTITY: ("", "NaN", "1e400", "9" * 19, "0.0000001", "%00"),
    FieldKind.PRICE: ("", "NaN", "1e400", "9" * 19, "0.000000001", "%00"),
    FieldKind.RATE: ("", "NaN", "1e400", "9" * 19, "0.000000001", "%00"),
}


def paired(field: ListField, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give values with the parameters a field filters by: each once in the quick run, all pairs in the full run."""
    operators = sorted(field.operators) if field.filterable else []
    names = [field.name if one is Operator.EQ else f"{field.name}_{one.value}" for one in operators]
    if settings.default is settings.get_profile("full"):
        yield from pairs(values, names)
    elif values and names:
        yield from islice(zip(cycle(values), cycle(names), strict=False), max(len(values), len(names)))


@pytest.mark.parametrize(("path", "listing"), LISTINGS, ids=by_path)
@ON_SQLITE
def test_no_value_of_a_filter_is_answered_by_surprise(full: Office, path: str, listing: Listing) -> None:
    """Demand 12: each field with each operator and values that are none: 400 by name, before a database is asked."""
    for field in listing.fields:
        for at, (bad, name) in enumerate(paired(field, BAD[field.kind] if field.filterable else ())):
            where = f"{path}:export?format=csv&" if at % 2 else f"{path}?"
            reply = full.get(f"{where}{name}={bad}")
            assert reply.status == 400, (where, name, bad)
            assert reply["errors"][0]["parameter"] == name
        if field.filterable:
            reply = full.get(f"{path}?{field.name}=1&{field.name}=1")
            assert (reply.status, reply["errors"][0]["code"]) == (400, "validation.repeated")


@pytest.mark.parametrize(("path", "listing"), LISTINGS, ids=by_path)
@ON_SQLITE
def test_no_value_of_the_other_parameters_is_answered_by_surprise(full: Office, path: str, listing: Listing) -> None:
    """Demand 12: paging, sorting and searching refuse what they do not understand, by name."""
    bad = {
        "q": ("", "%00", "a%00b", "%25%5F", "x" * 201, "+".join("abcdefghi"), "\N{GRINNING FACE}"),
        "limit": ("", "0", "201", "-1", "1.5", "9" * 40, "%00", "%D9%A3"),
        "sort": ("", "%00", "id,id", ",", "id,", "--id", "id;drop"),
        "after": ("", "x", "%00", "bnVsbA", "W10", "WyJpZCJd", "x" * 9000),
        "total": ("", "1", "TRUE", "%00"),
    }
    for name, values in bad.items():
        for value_ in values:
            reply = full.get(f"{path}?{name}={value_}")
            assert (reply.status, reply["errors"][0]["parameter"]) == (400, name), (name, value_)


@pytest.mark.parametrize(("path", "listing"), LISTINGS, ids=by_path)
def test_what_is_odd_but_right_is_answered(full: Office, path: str, listing: Listing) -> None:
    """The ends of each kind of value, and texts that mean something to SQL: 200, with nothing or something."""
    ends = {
        FieldKind.ID: ("1", "9223372036854775807"),
        FieldKind.TEXT: ("", "%27", "%25", "_", "\\", "\U0010ffff", "%E2%80%AE", "x" * 1000),
        FieldKind.DATE: ("0001-01-01", "9999-12-31"),
        FieldKind.INSTANT: ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
        FieldKind.AMOUNT: ("-0", "99999999999999.9999", "-99999999999999.9999"),
        FieldKind.QUANTITY: ("0.000001", "-999999999999.999999"),
        FieldKind.PRICE: ("0.00000001", "9999999999.99999999"),
        FieldKind.RATE: ("0.00000001", "9999999999.99999999"),
    }
    for field in listing.fields:
        for end, name in paired(field, ends.get(field.kind, ())):
            reply = full.get(f"{path}?{name}={end}&total=true")
            assert reply.status == 200, (name, end, reply.body)
    for query in ("q=%27%22a", "q=a%25", "q=%5Ca_b", "q=a%E2%80%AEb", "q=9%3B--") if listing.search else ():
        assert full.get(f"{path}?{query}").status == 200


# --- conditional reads ----------------------------------------------------------------------------------------------

OBJECTS: Final = [
    (one, one.path.removeprefix(API).partition("/{")[0])
    for one in endpoints(described())
    if one.verb == "GET" and one.path.startswith(API) and one.path.endswith("_id}") and one.path.count("{") == 1
]


# Where the objects are listed that have no list of the whole company.
WITHIN: Final = {"/prices": "/price-lists", "/locations": "/warehouses"}


def listed(office: Office, path: str) -> list[dict[str, Any]]:
    """Give objects of one kind; those of the first that has any, when they are listed by what they belong to."""
    if path not in WITHIN:
        return office.items(path)
    owners = office.items(WITHIN[path])
    return next(rows for one in owners if (rows := office.items(f"{WITHIN[path]}/{one['id']}{path}")))


# The engine moves them on, and nobody changes them against a version that was seen: they are acted on.
UNVERSIONED: Final = {"/executions"}
VERSIONED: Final = [(endpoint, path) for endpoint, path in OBJECTS if path not in UNVERSIONED]


@pytest.mark.parametrize(("endpoint", "path"), VERSIONED, ids=by_path)
@ON_SQLITE
def test_an_object_is_sent_again_only_when_it_differs(full: Office, endpoint: Endpoint, path: str) -> None:
    """RFC 9110, 13.1.2: every object answers 304 for its ETag, weak or among others, and 200 for another."""
    one = f"{path}/{listed(full, path)[0]['id']}"
    whole = full.get(one)
    tag = whole.headers["etag"]
    assert (whole.status, whole["version"]) == (200, int(tag.strip('"')))
    for same in (tag, f"W/{tag}", f'"999999", {tag}', "*"):
        again = full.get(one, if_none_match=same)
        assert (again.status, again.body, again.headers["etag"]) == (304, None, tag)
    for other in ('"999999"', f'"{tag}', "x", '""'):
        assert full.get(one, if_none_match=other).status == 200


@pytest.mark.parametrize("path", sorted(UNVERSIONED))
@ON_SQLITE
def test_an_object_without_a_version_is_sent_whole_each_time(full: Office, path: str) -> None:
    """RFC 9110, 13.1.2: what has no ETag is never told to be the same."""
    one = f"{path}/{listed(full, path)[0]['id']}"
    whole = full.get(one)
    assert whole.status == 200
    assert "etag" not in whole.headers
    assert "version" not in whole.body
    for tag in ('"1"', "*"):
        again = full.get(one, if_none_match=tag)
        assert (again.status, again.body) == (200, whole.body)


# --- searching ------------------------------------------------------------------------------------------------------


def found(office: Office, path: str, text: str) -> list[int]:
    """Give the ids of the rows ``text`` finds; of stock the ids of products."""
    rows = office.items(f"{path}?q={quote(text)}&limit=200")
    return [row["id"] if "id" in row else row["product_id"] for row in rows]


def test_documents_are_found_by_their_numbers_and_their_customer(served: Served) -> None:
    """Demand 13: from the moment they have a number, on each database; drafts by what they are called elsewhere."""
    office = served.company()
    office.warehouse()
    party, other = office.customer(name="Café Élan", email="jean@example.com"), office.customer(name="Durand")
    product = office.product("9", name="Bürostuhl")
    lines = [{"product_id": product, "quantity": "1", "unit_price": "10"}]
    draft = office.make("/orders", {"party_id": party, "lines": lines, "external_ref": "WEB/7-Z"})["id"]
    office.make("/orders", {"party_id": other, "lines": lines, "external_ref": "WEB/8"})
    assert found(office, "/orders", "web 7") == found(office, "/orders", "CAFE web z") == [draft]
    assert found(office, "/orders", "prov") == []
    order = office.act(f"/orders/{draft}/validate")
    assert found(office, "/orders", order["ref"]) == found(office, "/orders", f"elan {order['ref'][-4:]}") == [draft]
    assert found(office, "/orders", f"durand {order['ref']}") == []
    shipment = office.make(f"/orders/{draft}/shipments", {})["id"]
    shipped = office.act(f"/shipments/{shipment}/validate")
    invoice = office.make(f"/orders/{draft}/invoices", {})["id"]
    assert found(office, "/invoices", "jean") == [invoice]
    billed = office.act(f"/invoices/{invoice}/validate")
    paid = office.make(f"/invoices/{invoice}/payments", {"method": "card"})
    for path, key, ref in (
        ("/shipments", shipment, shipped["ref"]),
        ("/invoices", invoice, billed["ref"]),
        ("/payments", paid["id"], paid["ref"]),
    ):
        assert found(office, path, ref) == found(office, path, f"example {ref.lower()}") == [key], path
        assert found(office, path, f"{ref} durand") == []
    for path in ("/stock-movements", "/stock-levels"):
        assert set(found(office, path, "burostuhl")) != set()
        assert found(office, path, "tisch") == []
    assert found(office, "/products", "BÜRO") == [product]


def test_what_is_deleted_or_renamed_is_not_found_any_more(served: Served) -> None:
    office = served.company()
    party = office.customer(name="Before")
    draft = office.make("/orders", {"party_id": party, "lines": [free_line("1")], "external_ref": "GONE-1"})
    assert found(office, "/orders", "gone") == [draft["id"]]
    changed = office.patch(f"/orders/{draft['id']}", {"external_ref": "LEFT-1"}, draft["version"])
    assert (found(office, "/orders", "gone"), found(office, "/orders", "left")) == ([], [draft["id"]])
    office.patch(f"/third-parties/{party}", {"name": "After"}, 1)
    assert (found(office, "/orders", "before"), found(office, "/orders", "after")) == ([], [draft["id"]])
    assert office.delete(f"/orders/{draft['id']}", changed["version"]).status == 204
    words = served.container.database.connection()
    try:
        cursor: Any = words.cursor()
        cursor.execute("SELECT count(*) FROM search_words WHERE kind = 'order' AND word = 'left'")
        assert cursor.fetchone()[0] == 0
    finally:
        words.close()
