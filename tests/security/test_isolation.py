"""What belongs to another company does not exist, and what the caller lacks the right for is not done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from app.api.create import create_app
from app.api.export import ExportProvided
from app.api.listing import ListProvided
from app.api.route import API, Endpoint
from app.api.switchboard import endpoints
from app.domain.identity import ReadyRole
from app.domain.shared.rights import ALL_RIGHTS, Right
from tests.support.api import container
from tests.support.belongings import belongings
from tests.support.office import ON_SQLITE, Office, Served, free_line

pytestmark = pytest.mark.fast

DOCUMENT: Final = create_app(container()).openapi()
SCHEMAS: Final = DOCUMENT["components"]["schemas"]
ENDPOINTS: Final = [one for one in endpoints(create_app(container())) if one.path.startswith(API)]
ON_ONE: Final = [one for one in ENDPOINTS if "{" in one.path]
GUARDED: Final = [one for one in ENDPOINTS if one.entry is not None and one.entry.right is not None]
EXPORTS: Final = [one for one in ENDPOINTS if isinstance(one.entry, ExportProvided)]
LISTS: Final = [one for one in ENDPOINTS if isinstance(one.entry, ListProvided) and one not in ON_ONE]

AT_FIRST: Final = {f"{API}/warehouses": 1, f"{API}/users": 1, f"{API}/roles": len(ReadyRole)}
"""What a new company has, by list."""

BODIES: Final[Mapping[str, Any]] = {
    "change_user": {"name": "x"},
    "change_role": {"name": "x"},
    "change_third_party": {"name": "x"},
    "change_product": {"name": "x"},
    "change_warehouse": {"name": "x"},
    "change_order": {"note": "x"},
    "create_shipment": {},
    "invoice_order": {},
    "change_invoice": {"note": "x"},
    "abandon_invoice": {"reason": "abandon"},
    "pay_invoice": {"method": "cash"},
    "change_api_key": {"name": "x"},
    "change_custom_field": {"label": "x"},
}


def name_of(endpoint: Endpoint) -> str:
    return endpoint.name


def everything(office: Office, ids: Mapping[str, Any]) -> list[Any]:
    """Give all that can be read of the objects and all lists."""
    reads = [
        one.path.format(**ids) + ("?format=ndjson" if isinstance(one.entry, ExportProvided) else "")
        for one in ENDPOINTS
        if one.verb == "GET" and not one.path.endswith("sales")
    ]
    bodies = [office.get(path.removeprefix(API)).body for path in reads]
    return [{**body, "request_id": ""} if isinstance(body, dict) else body for body in bodies]


@pytest.fixture(scope="module")
def theirs(served: Served) -> tuple[Office, dict[str, Any]]:
    office = served.company()
    office.warehouse()
    return office, belongings(office)


@pytest.mark.parametrize("endpoint", ON_ONE, ids=name_of)
@ON_SQLITE
def test_an_object_of_another_company_is_not_there(
    office: Office, theirs: tuple[Office, dict[str, Any]], endpoint: Endpoint
) -> None:
    """ERP-13: 404 for every route with an id, whatever is done, and nothing is done."""
    owner, ids = theirs
    before = everything(owner, ids)
    path = endpoint.path.format(**ids).removeprefix(API)
    headers = {"if_match": '"0"'} if endpoint.verb in {"PATCH", "DELETE"} else {}
    reply = office.send(endpoint.verb, path, BODIES.get(endpoint.name), **headers)
    assert reply.refusal == (404, "not_found")
    assert everything(owner, ids) == before


@ON_SQLITE
def test_an_object_that_never_was_is_told_in_the_same_words(
    office: Office, theirs: tuple[Office, dict[str, Any]]
) -> None:
    """ERP-13: the answer does not give away which ids are taken."""
    _, ids = theirs
    told = []
    for order in (ids["order_id"], 999_999_999):
        body = office.get(f"/orders/{order}").body
        told.append(re.sub(rf"\b{order}\b", "ID", str({**body, "request_id": ""})))
    assert told[0] == told[1]


@pytest.mark.parametrize("endpoint", LISTS, ids=name_of)
@ON_SQLITE
def test_lists_show_the_own_company_only(
    office: Office, theirs: tuple[Office, dict[str, Any]], endpoint: Endpoint
) -> None:
    """ERP-13: also when the other's id is asked for."""
    _, ids = theirs
    entry = endpoint.entry
    assert isinstance(entry, ListProvided)
    path = endpoint.path.removeprefix(API)
    total = office.get(f"{path}?total=true")["total"]
    assert total == AT_FIRST.get(endpoint.path, 0)
    for field in entry.listing.fields:
        if field.name in ids and field.name.endswith("_id"):
            assert office.items(f"{path}?{field.name}={ids[field.name]}") == []


@pytest.mark.parametrize("endpoint", EXPORTS, ids=name_of)
@ON_SQLITE
def test_exports_and_searches_show_the_own_company_only(
    office: Office, theirs: tuple[Office, dict[str, Any]], endpoint: Endpoint
) -> None:
    """ERP-13: the same words in two companies find each its own."""
    owner, ids = theirs
    path = endpoint.path.removeprefix(API) + "?format=ndjson"
    assert owner.get(path).body
    assert len(office.get(path).body.splitlines()) == AT_FIRST.get(endpoint.path.removesuffix(":export"), 0)
    party = owner.get(f"/third-parties/{ids['party_id']}")
    assert owner.items(f"/third-parties?q={party['customer_code']}")
    assert office.items(f"/third-parties?q={party['customer_code']}") == []


# Each reference a body can hold: where it is sent, and what for.
Made = Callable[[Office], str]


def _order(office: Office) -> str:
    return f"/orders/{office.order([free_line('1')], validated=False)['id']}"


def _shipments(office: Office) -> str:
    return f"/orders/{office.order([{'product_id': office.product(), 'quantity': '1'}])['id']}/shipments"


def _invoice(office: Office) -> str:
    return f"/invoices/{office.invoice(validated=False)['id']}"


def _user(office: Office) -> str:
    return f"/users/{office.make('/users', {'email': f'u{office.company}@example.com', 'name': 'U'})['id']}"


def _lines(product: int) -> list[dict[str, Any]]:
    return [free_line("1"), {"product_id": product, "quantity": "1"}]


REFERENCES: Final[Mapping[tuple[str, str], tuple[Made, Callable[[Office, dict[str, Any]], Any], str]]] = {
    ("OrderIn", "party_id"): (
        lambda _: "/orders",
        lambda _, ids: {"party_id": ids["party_id"], "lines": [free_line("1")]},
        "/party_id",
    ),
    ("OrderIn", "product_id"): (
        lambda _: "/orders",
        lambda office, ids: {"party_id": office.customer(), "lines": _lines(ids["product_id"])},
        "/lines/1/product_id",
    ),
    ("OrderChange", "party_id"): (_order, lambda _, ids: {"party_id": ids["party_id"]}, "/party_id"),
    ("OrderChange", "product_id"): (_order, lambda _, ids: {"lines": _lines(ids["product_id"])}, "/lines/1/product_id"),
    ("InvoiceIn", "party_id"): (
        lambda _: "/invoices",
        lambda _, ids: {"party_id": ids["party_id"], "lines": [free_line("1")]},
        "/party_id",
    ),
    ("InvoiceIn", "product_id"): (
        lambda _: "/invoices",
        lambda office, ids: {"party_id": office.customer(), "lines": _lines(ids["product_id"])},
        "/lines/1/product_id",
    ),
    ("InvoiceChange", "product_id"): (
        _invoice,
        lambda _, ids: {"lines": _lines(ids["product_id"])},
        "/lines/1/product_id",
    ),
    ("ShipmentIn", "warehouse_id"): (
        _shipments,
        lambda _, ids: {"warehouse_id": ids["warehouse_id"]},
        "/warehouse_id",
    ),
    ("StockMoveIn", "product_id"): (
        lambda _: "/stock-movements",
        lambda _, ids: {"kind": "receive", "product_id": ids["product_id"], "quantity": "1"},
        "/product_id",
    ),
    ("StockMoveIn", "warehouse_id"): (
        lambda _: "/stock-movements",
        lambda office, ids: {
            "kind": "receive",
            "product_id": office.product(),
            "warehouse_id": ids["warehouse_id"],
            "quantity": "1",
        },
        "/warehouse_id",
    ),
    ("UserIn", "role_ids"): (
        lambda _: "/users",
        lambda office, ids: {
            "email": f"x{office.company}@example.com",
            "name": "X",
            "role_ids": [office.items("/roles")[0]["id"], ids["role_id"]],
        },
        "/role_ids/1",
    ),
    ("UserChange", "role_ids"): (_user, lambda _, ids: {"role_ids": [ids["role_id"]]}, "/role_ids/0"),
    ("SettingsChange", "default_warehouse_id"): (
        lambda _: "/company/settings",
        lambda _, ids: {"default_warehouse_id": ids["warehouse_id"]},
        "/default_warehouse_id",
    ),
    ("PaymentIn", "invoice_id"): (
        lambda _: "/payments",
        lambda _, ids: {"method": "cash", "allocations": [{"invoice_id": ids["invoice_id"]}]},
        "/allocations/0/invoice_id",
    ),
}


def ids_in(schema: Mapping[str, Any]) -> Iterator[str]:
    """Give the names of ids within a schema and those it refers to."""
    for name, field in schema.get("properties", {}).items():
        if name.endswith(("_id", "_ids")) and "integer" in str(field):
            yield name
        for inner in re.findall(r"#/components/schemas/(\w+)", str(field)):
            yield from ids_in(DOCUMENT["components"]["schemas"][inner])


def test_every_reference_a_body_can_hold_is_tried() -> None:
    """ERP-13: a new field that names an object must be tried with another company's."""
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        if "requestBody" in operation and "application/json" in operation["requestBody"]["content"]
    }
    schemas = DOCUMENT["components"]["schemas"]
    found = {(body, name) for body in bodies for name in ids_in(schemas[body])}
    batches = {(body, name) for body, name in found if body.endswith("BatchIn")}
    assert found - batches == REFERENCES.keys()
    assert {(body.replace("BatchIn", "In"), name) for body, name in batches} <= REFERENCES.keys()


@pytest.mark.parametrize(("body", "name"), REFERENCES)
@ON_SQLITE
def test_an_object_of_another_company_cannot_be_referred_to(
    office: Office, theirs: tuple[Office, dict[str, Any]], body: str, name: str
) -> None:
    """ERP-13: refused with a pointer, and nothing is stored."""
    path_of, build, pointer = REFERENCES[body, name]
    path = path_of(office)
    sent = build(office, theirs[1])
    lists = [one.path.removeprefix(API) for one in LISTS]
    before = [office.get(one).body for one in lists]
    reply = office.patch(path, sent, office.get(path)["version"]) if "Change" in body else office.post(path, sent)
    assert reply.refusal == (422, "unknown_reference")
    assert reply.pointers == [pointer]
    assert [office.get(one).body for one in lists] == before


@pytest.mark.parametrize(("body", "name"), [one for one in REFERENCES if f"{one[0][:-2]}BatchIn" in SCHEMAS])
@pytest.mark.parametrize("mode", ["atomic", "each"])
@ON_SQLITE
def test_nor_in_a_batch(office: Office, theirs: tuple[Office, dict[str, Any]], body: str, name: str, mode: str) -> None:
    """ERP-13: the same refusal, at the item's place."""
    path_of, build, pointer = REFERENCES[body, name]
    reply = office.post(f"{path_of(office)}:batch", {"mode": mode, "items": [build(office, theirs[1])]})
    problem = reply.body if mode == "atomic" else reply["items"][0]["problem"]
    assert (problem["status"], problem["code"]) == (422, "unknown_reference")
    assert [one["pointer"] for one in problem["errors"]] == [f"/items/0{pointer}"]


# --- rights ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clerks(served: Served) -> dict[tuple[Right, bool], Office]:
    """Give, by right, somebody who holds it alone, and somebody who holds all others."""
    company = served.company().company
    made = {}
    for right in Right:
        made[right, True] = served.clerk(company, frozenset({right}))
        made[right, False] = served.clerk(company, ALL_RIGHTS - {right})
    return made


@pytest.mark.parametrize("endpoint", GUARDED, ids=name_of)
@ON_SQLITE
def test_an_endpoint_needs_its_right_and_no_other(clerks: dict[tuple[Right, bool], Office], endpoint: Endpoint) -> None:
    """ERP-13: 403 without it, whatever else is held; let in with it alone."""
    assert endpoint.entry is not None
    assert endpoint.entry.right is not None
    right = endpoint.entry.right
    path = re.sub(r"\{\w+\}", "1", endpoint.path).removeprefix(API)
    refused = clerks[right, False].send(endpoint.verb, path)
    assert refused.refusal == (403, "rights.missing")
    assert refused["facts"] == {"right": right.value}
    assert clerks[right, True].send(endpoint.verb, path).status not in {401, 403}


def test_every_right_guards_an_endpoint() -> None:
    """A right that opens nothing is a promise to administrators that nobody keeps."""
    assert {one.entry.right for one in GUARDED if one.entry is not None} == ALL_RIGHTS
