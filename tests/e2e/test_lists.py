"""Lists over HTTP on real rows: filters, sorts, cursors that neither miss nor repeat while rows come in."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest

from app.api.create import create_app
from app.api.listing import ListProvided
from app.api.route import API
from app.api.switchboard import endpoints
from app.usecases.ports.listing import FieldKind, Listing, Operator
from tests.support.api import container
from tests.support.office import Office, Served, free_line

pytestmark = pytest.mark.fast

LISTINGS: Final[list[tuple[str, Listing]]] = [
    (one.path.removeprefix(API), one.entry.listing)
    for one in endpoints(create_app(container()))
    if isinstance(one.entry, ListProvided)
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
    for n in range(5):
        day = f"2026-11-{10 + n // 2}"
        lines = [{"product_id": products[n], "quantity": "1", "unit_price": "10"}, free_line(str(n % 2))]
        order = office.order(lines, party_id=customers[n % 4], date=day, validated=n != 4)
        if n == 4:
            continue
        shipment = office.make(f"/orders/{order['id']}/shipments", {"date": day})
        office.act(f"/shipments/{shipment['id']}/validate")
        invoice = office.make(f"/orders/{order['id']}/invoices", {"date": day})
        office.act(f"/invoices/{invoice['id']}/validate")
        office.make(f"/invoices/{invoice['id']}/payments", {"method": "card", "amount": "5", "date": day})
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
