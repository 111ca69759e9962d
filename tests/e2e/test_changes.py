"""Changing things: every field that can be changed is, nothing else is touched, and nobody overwrites anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.support.api import described
from tests.support.office import ON_SQLITE, Office, free_line
from tests.support.workflows import OTHER, workflow

pytestmark = pytest.mark.fast

SCHEMAS: Final = described().openapi()["components"]["schemas"]


@dataclass(frozen=True)
class Resource:
    """How one kind of object is made, and for each of its fields a value unlike the first, and one that is refused."""

    change: str
    make: Callable[[Office], dict[str, Any]]
    path: str
    values: Mapping[str, Any]
    refused: Mapping[str, Any]


def _party(office: Office) -> dict[str, Any]:
    body = {
        "name": "Old",
        "customer": True,
        "supplier": True,
        "email": "old@example.com",
        "phone": "1",
        "tax_id": "FR40303265045",
        "address": {"street": "1 old road", "postal_code": "1", "city": "Oldtown", "region": "O", "country": "FR"},
        "payment_days": 10,
    }
    return office.make("/third-parties", body)


def _product(office: Office) -> dict[str, Any]:
    body = {"ref": "OLD", "name": "Old", "unit_price": "1", "cost_price": "1", "vat_rate": "1", "description": "Old"}
    return office.make("/products", body)


def _warehouse(office: Office) -> dict[str, Any]:
    return office.make("/warehouses", {"ref": "OLD", "name": "Old"})


def _proposal(office: Office) -> dict[str, Any]:
    fields: dict[str, Any] = {"date": "2026-11-01", "valid_until": "2026-11-09", "external_ref": "old", "note": "Old"}
    return office.proposal([free_line("1")], validated=False, **fields)


def _order(office: Office) -> dict[str, Any]:
    fields = {"date": "2026-11-01", "delivery_date": "2026-11-09", "external_ref": "old", "note": "Old"}
    return office.order([free_line("1")], validated=False, **fields)


def _invoice(office: Office) -> dict[str, Any]:
    return office.invoice(validated=False, date="2026-11-01", due_date="2026-11-09", note="Old")


def _user(office: Office) -> dict[str, Any]:
    body = {"email": f"old{office.company}@example.com", "name": "Old", "role_ids": [_role(office)["id"]]}
    made: dict[str, Any] = office.get(f"/users/{office.make('/users', body)['id']}").body
    return made


def _role(office: Office) -> dict[str, Any]:
    return office.make("/roles", {"name": "Old", "rights": ["orders.read"]})


PARTY: Final = Resource(
    "PartyChange",
    _party,
    "/third-parties",
    {
        "name": "New",
        "customer_code": "C-NEW",
        "supplier_code": "S-NEW",
        "email": "new@example.com",
        "phone": "+33 1",
        "tax_id": "FR23334175221",
        "locale": "de",
        "address": {"street": "2 new road", "postal_code": "2", "city": "Newtown", "region": "N", "country": "DE"},
        "payment_days": 0,
        "credit_limit": "100",
        "archived": True,
    },
    {
        "name": "",
        "customer": None,
        "supplier": 1,
        "customer_code": "x" * 41,
        "supplier_code": "",
        "email": "x" * 255,
        "phone": "x" * 41,
        "tax_id": "x" * 41,
        "locale": "xx",
        "address": "here",
        "payment_days": -1,
        "payment_terms_id": 0,
        "credit_limit": "-1",
        "representative_ids": "everybody",
        "price_list_id": 0,
        "archived": "yes",
    },
)
PRODUCT: Final = Resource(
    "ProductChange",
    _product,
    "/products",
    {
        "ref": "NEW",
        "name": "New",
        "kind": "service",
        "description": "",
        "unit_price": "2.12345678",
        "cost_price": "0",
        "vat_rate": "5.5",
        "archived": True,
        "tracking": "lot",
    },
    {
        "ref": "x" * 61,
        "name": None,
        "kind": "idea",
        "description": None,
        "unit_price": 1.5,
        "cost_price": "-1",
        "gross_unit_price": "-1",
        "vat_rate": "100.01",
        "vat_category": "Standard",
        "unit": "kg",
        "archived": None,
        "tracking": "maybe",
    },
)
WAREHOUSE: Final = Resource(
    "WarehouseChange",
    _warehouse,
    "/warehouses",
    {"ref": "NEW", "name": "New", "allow_negative": True, "archived": True},
    {"ref": "", "name": " ", "allow_negative": "no", "archived": None},
)
PROPOSAL: Final = Resource(
    "ProposalChange",
    _proposal,
    "/proposals",
    {"date": "2026-11-02", "valid_until": "2026-12-24", "external_ref": "new", "note": ""},
    {
        "party_id": "7",
        "date": None,
        "valid_until": "2026-10-31",
        "currency": "XXX",
        "rate": "2",
        "external_ref": "",
        "note": None,
        "lines": [],
    },
)
ORDER: Final = Resource(
    "OrderChange",
    _order,
    "/orders",
    {"date": "2026-11-02", "delivery_date": None, "external_ref": "new", "note": ""},
    {
        "party_id": "7",
        "date": None,
        "delivery_date": "2026-10-31",
        "currency": "XXX",
        "rate": "2",
        "external_ref": "",
        "note": None,
        "lines": [],
    },
)
INVOICE: Final = Resource(
    "InvoiceChange",
    _invoice,
    "/invoices",
    {"date": "2026-11-02", "due_date": "2026-12-24", "note": ""},
    {"date": None, "due_date": "2026-10-31", "note": 5, "lines": []},
)
USER: Final = Resource(
    "UserChange",
    _user,
    "/users",
    {"name": "New", "locale": "fr", "active": False, "role_ids": []},
    {"name": "", "locale": "xx", "active": None, "role_ids": None},
)
ROLE: Final = Resource(
    "RoleChange", _role, "/roles", {"name": "New", "rights": ["stock.read"]}, {"name": " ", "rights": None}
)
WORKFLOW: Final = Resource("WorkflowChange", workflow, "/workflows", {"definition": OTHER}, {"definition": 7})
ALL: Final = (PARTY, PRODUCT, WAREHOUSE, PROPOSAL, ORDER, INVOICE, USER, ROLE, WORKFLOW)
# What changes together with others, and has a test of its own below.
APART: Final = {
    "PartyChange": {"customer", "supplier", "payment_terms_id", "representative_ids", "price_list_id"},
    "ProductChange": {"gross_unit_price", "vat_category", "unit"},
    "ProposalChange": {"party_id", "currency", "rate", "lines"},
    "OrderChange": {"party_id", "currency", "rate", "lines"},
}


# What a change moves besides the field that was sent.
ALONG: Final[dict[str, set[str]]] = {"WorkflowChange": {"revision", "updated_at"}}


def each(what: str) -> pytest.MarkDecorator:
    """Parametrise by every field of every resource with its value."""
    cases = [(one, name, value) for one in ALL for name, value in getattr(one, what).items()]
    return pytest.mark.parametrize(
        ("resource", "field", "value"), cases, ids=[f"{one.change}.{name}" for one, name, _ in cases]
    )


def by_name(resource: Resource) -> str:
    return resource.change


def test_every_field_that_can_be_changed_is_tried() -> None:
    """Demand 16: a new field must be read back, and refused when it is wrong."""
    for one in ALL:
        fields = SCHEMAS[one.change]["properties"].keys() - {"custom"}  # tried by kind in test_fields
        apart = APART.get(one.change, set()) | ({"lines"} if one is INVOICE else set())
        assert one.values.keys() == fields - apart
        assert one.refused.keys() == fields


@ON_SQLITE
@each("values")
def test_a_field_sent_is_the_only_one_that_changes(office: Office, resource: Resource, field: str, value: Any) -> None:
    """Demand 16: PATCH never says 200 for nothing, and touches only what was sent."""
    made = resource.make(office)
    path = f"{resource.path}/{made['id']}"
    reply = office.patch(path, {field: value}, made["version"])
    assert reply.status == 200
    assert reply.headers["etag"] == f'"{made["version"] + 1}"'
    along = {name: reply[name] for name in ALONG.get(resource.change, ())}
    assert all(made[name] < new for name, new in along.items())
    assert reply.body == {**made, field: value, "version": made["version"] + 1, **along}
    assert office.get(path).body == reply.body


@ON_SQLITE
@each("refused")
def test_a_value_that_is_not_acceptable_changes_nothing(
    office: Office, resource: Resource, field: str, value: Any
) -> None:
    """Demand 16: refused with a pointer to the field."""
    made = resource.make(office)
    path = f"{resource.path}/{made['id']}"
    reply = office.patch(path, {field: value}, made["version"])
    assert reply.status == 422
    assert reply.pointers == [f"/{field}"]
    assert office.get(path).body == made


@ON_SQLITE
@pytest.mark.parametrize("resource", ALL, ids=by_name)
def test_a_field_that_cannot_be_changed_is_refused(office: Office, resource: Resource) -> None:
    """Demand 16: unknown and read-only fields are 422, not ignored."""
    made = resource.make(office)
    path = f"{resource.path}/{made['id']}"
    shown = made.keys() - SCHEMAS[resource.change]["properties"].keys()
    assert {"id", "version"} <= shown
    for field in (*sorted(shown), "colour"):
        reply = office.patch(path, {field: made.get(field)}, made["version"])
        assert reply.status == 422
        assert [(one["pointer"], one["code"]) for one in reply["errors"]] == [(f"/{field}", "validation.unknown_field")]
    assert office.get(path).body == made


@ON_SQLITE
@pytest.mark.parametrize("resource", ALL, ids=by_name)
def test_a_change_is_made_to_the_version_that_was_seen(office: Office, resource: Resource) -> None:
    """ERP-15: 428 without If-Match, 412 for a stale one, on PATCH."""
    made = resource.make(office)
    path = f"{resource.path}/{made['id']}"
    field, value = next((name, new) for name, new in resource.values.items() if name in {"name", "note", "definition"})
    assert office.send("PATCH", path, {field: value}).refusal == (428, "request.precondition_required")
    assert office.patch(path, {field: value}, made["version"] + 1).refusal == (412, "stale")
    changed = office.patch(path, {field: value}, made["version"])
    assert changed.status == 200
    assert office.patch(path, {field: "late"}, made["version"]).refusal == (412, "stale")
    assert office.get(path).body == changed.body


@ON_SQLITE
def test_a_draft_is_deleted_as_it_was_seen(office: Office) -> None:
    """ERP-15: 428 without If-Match, 412 for a stale one, on DELETE."""
    goods = office.order([{"product_id": office.product(), "quantity": "1"}])
    shipment = office.make(f"/orders/{goods['id']}/shipments", {})
    drafts = {"orders": _order(office), "invoices": _invoice(office), "shipments": shipment}
    drafts |= {"roles": office.make("/roles", {"name": "Draft", "rights": []}), "users": _user(office)}
    for name, draft in drafts.items():
        path = f"/{name}/{draft['id']}"
        assert office.send("DELETE", path).refusal == (428, "request.precondition_required")
        assert office.delete(path, draft["version"] + 1).refusal == (412, "stale")
        assert office.get(path).body == draft


@ON_SQLITE
@pytest.mark.parametrize("resource", ALL, ids=by_name)
def test_a_change_of_nothing_answers_what_is_there(office: Office, resource: Resource) -> None:
    made = resource.make(office)
    reply = office.patch(f"{resource.path}/{made['id']}", {}, made["version"])
    assert reply.status == 200
    assert {**reply.body, "version": 0} == {**made, "version": 0}


# --- what changes together ------------------------------------------------------------------------------------------


@ON_SQLITE
def test_only_the_named_parts_of_an_address_change(office: Office) -> None:
    """Demand 16: RFC 7396 merges objects; null empties a part, or all of it."""
    made = _party(office)
    path = f"/third-parties/{made['id']}"
    moved = office.patch(path, {"address": {"city": "Lyon", "region": None}}, made["version"])
    assert moved["address"] == {**made["address"], "city": "Lyon", "region": ""}
    emptied = office.patch(path, {"address": None}, moved["version"])
    assert set(emptied["address"].values()) == {""}
    assert office.get(path).body == emptied.body


@ON_SQLITE
def test_a_third_party_becomes_what_it_is_said_to_be(office: Office) -> None:
    """A role comes with its code and goes with it."""
    made = office.make("/third-parties", {"name": "Both", "customer": True})
    path = f"/third-parties/{made['id']}"
    assert made["supplier_code"] is None
    both = office.patch(path, {"supplier": True}, made["version"])
    assert both["supplier"]
    assert both["supplier_code"].startswith("SU")
    reply = office.patch(path, {"customer": False}, both["version"])
    assert reply.refusal == (422, "parties.code_without_role")
    only = office.patch(path, {"customer": False, "customer_code": None}, both["version"])
    assert (only["customer"], only["customer_code"]) == (False, None)
    assert office.patch(path, {"supplier": False, "supplier_code": None}, only["version"]).pointers == ["/customer"]
    assert office.get(path).body == only.body


def test_a_value_in_use_is_not_taken_twice(office: Office) -> None:
    """ERP-07: on each database, and the pointer says which value."""
    party, product, order = _party(office), _product(office), _order(office)
    (place,) = office.items("/warehouses")
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("/third-parties", "customer_code", {"name": "x", "customer": True, "customer_code": party["customer_code"]}),
        ("/third-parties", "supplier_code", {"name": "x", "supplier": True, "supplier_code": party["supplier_code"]}),
        ("/products", "ref", {"ref": product["ref"], "name": "x", "unit_price": "1", "vat_rate": "1"}),
        ("/warehouses", "ref", {"ref": place["ref"], "name": "x"}),
        (
            "/orders",
            "external_ref",
            {"party_id": party["id"], "external_ref": order["external_ref"], "lines": [free_line("1")]},
        ),
    ]
    for path, field, body in cases:
        reply = office.post(path, body)
        assert reply.refusal == (409, "taken")
        assert reply.pointers == [f"/{field}"]
        other = office.make(path, {**body, field: "FREE"})
        again = office.patch(f"{path}/{other['id']}", {field: body[field]}, other["version"])
        assert again.refusal == (409, "taken")
        assert again.pointers == [f"/{field}"]


def test_a_draft_gets_another_customer_currency_and_lines(office: Office) -> None:
    """Demand 16: what follows from others is computed anew, on each database."""
    made = _order(office)
    path = f"/orders/{made['id']}"
    customer = office.customer()
    moved = office.patch(path, {"party_id": customer}, made["version"])
    assert moved.body == {**made, "party_id": customer, "version": moved["version"]}
    assert office.patch(path, {"currency": "USD"}, moved["version"]).pointers == ["/rate"]
    dollars = office.patch(path, {"currency": "USD", "rate": "0.9"}, moved["version"])
    assert (dollars["currency"], dollars["rate"]) == ("USD", "0.9")
    assert (dollars["total_gross"], dollars["company_gross"]) == ("1.00", "0.90")
    cheaper = office.patch(path, {"rate": "0.8"}, dollars["version"])
    assert (cheaper["currency"], cheaper["company_gross"]) == ("USD", "0.80")
    lines = [free_line("2"), free_line("3", quantity="2", discount="50"), free_line("4")]
    longer = office.patch(path, {"lines": lines}, cheaper["version"])
    assert [line["net"] for line in longer["lines"]] == ["2.00", "3.00", "4.00"]
    assert longer["total_gross"] == "9.00"
    shorter = office.patch(path, {"lines": lines[2:]}, longer["version"])
    assert [(line["position"], line["net"]) for line in shorter["lines"]] == [(1, "4.00")]
    assert office.get(path).body == shorter.body


def test_the_lines_of_a_draft_invoice_are_replaced(office: Office) -> None:
    made = _invoice(office)
    path = f"/invoices/{made['id']}"
    changed = office.patch(path, {"lines": [free_line("7", vat_rate="20")]}, made["version"])
    assert (changed["total_net"], changed["total_vat"]) == ("7.00", "1.40")
    assert changed["vat"] == [{"rate": "20", "base": "7.00", "vat": "1.40"}]
    assert office.get(path).body == changed.body


def test_texts_are_kept_to_their_last_character(office: Office) -> None:
    """ERP-06: full length, beyond the basic plane, on each database."""
    wide = "\N{GRINNING FACE}"
    party = {"name": wide * 200, "customer": True, "customer_code": wide * 40, "phone": wide * 40, "tax_id": wide * 40}
    address = {"street": wide * 300, "postal_code": wide * 20, "city": wide * 100, "region": wide * 100, "country": ""}
    made = office.make("/third-parties", {**party, "address": address})
    assert {name: made[name] for name in party} == party
    assert office.get(f"/third-parties/{made['id']}")["address"] == address
    product = {"ref": wide * 60, "name": wide * 200, "description": wide * 10_000, "unit_price": "1", "vat_rate": "1"}
    shown = office.make("/products", product)
    assert {name: shown[name] for name in product} == product
    line = free_line("1", description=wide * 10_000)
    order = office.order([line], party_id=made["id"], external_ref=wide * 60, note=wide * 10_000)
    assert office.get(f"/orders/{order['id']}").body == order
    assert order["lines"][0]["description"] == line["description"]
