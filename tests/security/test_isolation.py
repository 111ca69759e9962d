"""What belongs to another company does not exist, and what the caller lacks the right for is not done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from app.api.export import ExportProvided
from app.api.listing import ListProvided
from app.api.route import API, Endpoint
from app.api.switchboard import endpoints
from app.domain.identity import ReadyRole
from app.domain.shared.rights import ALL_RIGHTS, Right
from tests.support.api import described
from tests.support.belongings import belongings
from tests.support.catalogue import category, price_list
from tests.support.credits import OWN_ACCOUNT, debit_of
from tests.support.office import ON_SQLITE, Office, Served, free_line
from tests.support.posts import template
from tests.support.rows import company_rows

pytestmark = pytest.mark.fast

DOCUMENT: Final = described().openapi()
SCHEMAS: Final = DOCUMENT["components"]["schemas"]
ENDPOINTS: Final = [one for one in endpoints(described()) if one.path.startswith(API)]
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
    "change_payment_terms": {"name": "x"},
    "add_contact": {"name": "x"},
    "change_contact": {"name": "x"},
    "add_third_party_address": {"label": "x", "kind": "other"},
    "change_third_party_address": {"label": "x"},
    "add_third_party_bank_account": {"holder": "x", "iban": "DE89370400440532013000"},
    "change_third_party_bank_account": {"holder": "x"},
    "merge_third_party": {"into": 999_999_999},
    "change_product": {"name": "x"},
    "change_price_list": {"name": "x"},
    "change_price": {"price": "1"},
    "change_vat_rate": {"rate": "1"},
    "change_unit": {"name": "x"},
    "change_category": {"name": "x"},
    "change_attribute": {"name": "x"},
    "create_list_price": {"product_id": 1, "price": "1"},
    "create_party_price": {"product_id": 1, "price": "1"},
    "set_barcodes": {"barcodes": []},
    "set_packagings": {"packagings": []},
    "set_components": {"components": []},
    "set_supplier_prices": {"supplier_prices": []},
    "set_product_categories": {"category_ids": []},
    "set_party_categories": {"category_ids": []},
    "make_variants": {"attributes": [{"attribute_id": 1}]},
    "change_warehouse": {"name": "x"},
    "change_lot": {"code": "x"},
    "create_location": {"code": "x"},
    "change_location": {"name": "x"},
    "place_products": {"product_ids": [1]},
    "change_stock_rule": {"minimum": "1"},
    "count_inventory": {"lines": [{"product_id": 1, "quantity": "1"}]},
    "change_proposal": {"note": "x"},
    "sign_proposal": {},
    "refuse_proposal": {"reason": "x"},
    "reopen_proposal": {},
    "copy_proposal": {},
    "order_proposal": {},
    "invoice_proposal": {},
    "change_order": {"note": "x"},
    "close_order_short": {"reason": "x"},
    "amend_order": {"note": "x"},
    "refuse_order": {"reason": "x"},
    "retry_execution": {"state": "A"},
    "migrate_execution": {},
    "create_shipment": {},
    "change_shipment": {"method": "x"},
    "return_shipment": {"reason": "x"},
    "change_carrier": {"name": "x"},
    "invoice_order": {},
    "change_invoice": {"note": "x"},
    "abandon_invoice": {"reason": "abandon"},
    "close_invoice": {"reason": "bankcharge"},
    "credit_invoice": {},
    "charge_deposit": {"percent": "50"},
    "deduct_deposit": {"deposit_id": 1},
    "replace_invoice": {},
    "invoice_pro_forma": {},
    "charge_late_fee": {},
    "change_invoice_template": {"note": "x"},
    "write_off_invoice": {},
    "pay_invoice": {"method": "cash"},
    "reverse_payment": {"reason": "x"},
    "change_bank_account": {"label": "x"},
    "settle_sepa_order": {},
    "send_proposal": {},
    "send_order": {},
    "send_shipment": {},
    "send_invoice": {},
    "send_statement": {},
    "change_api_key": {"name": "x"},
    "change_custom_field": {"label": "x"},
    "change_workflow": {"definition": {}},
    "publish_workflow": {},
    "stop_execution": {},
    "tell_execution": {"key": "k"},
    "set_alias": {"routes": [{"version": 1, "weight": 100}]},
}


def name_of(endpoint: Endpoint) -> str:
    return endpoint.name


@pytest.fixture(scope="module")
def theirs(served: Served) -> tuple[Office, dict[str, Any]]:
    office = served.company()
    office.warehouse()
    return office, belongings(office)


@pytest.fixture(scope="module")
def before(theirs: tuple[Office, dict[str, Any]]) -> dict[str, list[Any]]:
    """Give what the other company had before anybody tried anything: it has it all the time."""
    return company_rows(theirs[0])


@pytest.mark.parametrize("endpoint", ON_ONE, ids=name_of)
@ON_SQLITE
def test_an_object_of_another_company_is_not_there(
    office: Office, theirs: tuple[Office, dict[str, Any]], before: dict[str, list[Any]], endpoint: Endpoint
) -> None:
    """ERP-13: 404 for every route with an id, whatever is done, and nothing is done."""
    owner, ids = theirs
    path = endpoint.path.format(**ids).removeprefix(API)
    versioned = endpoint.verb in {"PATCH", "PUT", "DELETE"} or endpoint.name == "amend_order"
    headers = {"if_match": '"0"'} if versioned else {}
    reply = office.send(endpoint.verb, path, BODIES.get(endpoint.name), **headers)
    assert reply.refusal == (404, "not_found")
    assert company_rows(owner) == before


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


def _party(office: Office) -> str:
    return f"/third-parties/{office.customer()}"


def _proposal(office: Office) -> str:
    return f"/proposals/{office.proposal([free_line('1')], validated=False)['id']}"


def _order(office: Office) -> str:
    return f"/orders/{office.order([free_line('1')], validated=False)['id']}"


def _shipments(office: Office) -> str:
    return f"/orders/{office.order([{'product_id': office.product(), 'quantity': '1'}])['id']}/shipments"


def _shipment(office: Office) -> str:
    return f"/shipments/{office.make(_shipments(office), {})['id']}"


def _shipment_returns(office: Office) -> str:
    order = office.order([{"product_id": office.product("1"), "quantity": "1"}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})["id"]
    office.act(f"/shipments/{shipment}/validate")
    return f"/shipments/{shipment}/returns"


def _returned(office: Office, **fields: Any) -> dict[str, Any]:
    line = {"product_id": fields.pop("product_id", None) or office.product(), "quantity": "1"}
    return {"party_id": office.customer(), "reason": "x", "lines": [line], **fields}


def _invoice(office: Office) -> str:
    return f"/invoices/{office.invoice(validated=False)['id']}"


def _due(office: Office) -> int:
    return int(office.invoice()["id"])


def _user(office: Office) -> str:
    return f"/users/{office.make('/users', {'email': f'u{office.company}@example.com', 'name': 'U'})['id']}"


def _place(office: Office) -> int:
    return int(office.items("/warehouses")[0]["id"])


def _locations(office: Office) -> str:
    return f"/warehouses/{_place(office)}/locations"


def _location(office: Office) -> str:
    return f"/locations/{office.make(_locations(office), {'code': 'own'})['id']}"


def _inventory(office: Office) -> str:
    path = f"/inventories/{office.make('/inventories', {})['id']}"
    office.act(f"{path}/open")
    return path


def _transfer(office: Office, product_id: int | None = None, **others: int) -> dict[str, Any]:
    line = {"product_id": office.product("1") if product_id is None else product_id, "quantity": "1"}
    return {"from_warehouse_id": _place(office), "to_warehouse_id": office.warehouse(), **others, "lines": [line]}


def _binding(office: Office) -> str:
    return f"/orders/{office.order([free_line('1')])['id']}/amend"


def _goods(office: Office, ids: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"product_id": office.product(), "quantity": "1", "warehouse_id": ids["warehouse_id"]}]


def _lines(product: int) -> list[dict[str, Any]]:
    return [free_line("1"), {"product_id": product, "quantity": "1"}]


def _monthly(party: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"label": "x", "party_id": party, "every": "month", "first": "2026-01-31", "lines": lines}


REFERENCES: Final[Mapping[tuple[str, str], tuple[Made, Callable[[Office, dict[str, Any]], Any], str]]] = {
    ("ProposalIn", "party_id"): (
        lambda _: "/proposals",
        lambda _, ids: {"party_id": ids["party_id"], "lines": [free_line("1")]},
        "/party_id",
    ),
    ("ProposalIn", "product_id"): (
        lambda _: "/proposals",
        lambda office, ids: {"party_id": office.customer(), "lines": _lines(ids["product_id"])},
        "/lines/1/product_id",
    ),
    ("ProposalChange", "party_id"): (_proposal, lambda _, ids: {"party_id": ids["party_id"]}, "/party_id"),
    ("ProposalChange", "product_id"): (
        _proposal,
        lambda _, ids: {"lines": _lines(ids["product_id"])},
        "/lines/1/product_id",
    ),
    ("OrderIn", "party_id"): (
        lambda _: "/orders",
        lambda _, ids: {"party_id": ids["party_id"], "lines": [free_line("1")]},
        "/party_id",
    ),
    ("OrderIn", "representative_id"): (
        lambda _: "/orders",
        lambda office, ids: {
            "party_id": office.customer(),
            "representative_id": ids["user_id"],
            "lines": [free_line("1")],
        },
        "/representative_id",
    ),
    ("InvoiceIn", "representative_id"): (
        lambda _: "/invoices",
        lambda office, ids: {
            "party_id": office.customer(),
            "representative_id": ids["user_id"],
            "lines": [free_line("1")],
        },
        "/representative_id",
    ),
    ("PartyIn", "payment_terms_id"): (
        lambda _: "/third-parties",
        lambda _, ids: {"name": "x", "customer": True, "payment_terms_id": ids["terms_id"]},
        "/payment_terms_id",
    ),
    ("PartyIn", "representative_ids"): (
        lambda _: "/third-parties",
        lambda _, ids: {"name": "x", "customer": True, "representative_ids": [ids["user_id"]]},
        "/representative_ids/0",
    ),
    ("PartyChange", "payment_terms_id"): (
        _party,
        lambda _, ids: {"payment_terms_id": ids["terms_id"]},
        "/payment_terms_id",
    ),
    ("PartyChange", "representative_ids"): (
        _party,
        lambda _, ids: {"representative_ids": [ids["user_id"]]},
        "/representative_ids/0",
    ),
    ("OrderIn", "product_id"): (
        lambda _: "/orders",
        lambda office, ids: {"party_id": office.customer(), "lines": _lines(ids["product_id"])},
        "/lines/1/product_id",
    ),
    ("OrderChange", "party_id"): (_order, lambda _, ids: {"party_id": ids["party_id"]}, "/party_id"),
    ("OrderChange", "product_id"): (_order, lambda _, ids: {"lines": _lines(ids["product_id"])}, "/lines/1/product_id"),
    ("OrderIn", "warehouse_id"): (
        lambda _: "/orders",
        lambda office, ids: {"party_id": office.customer(), "lines": _goods(office, ids)},
        "/lines/0/warehouse_id",
    ),
    ("OrderChange", "warehouse_id"): (
        _order,
        lambda office, ids: {"lines": _goods(office, ids)},
        "/lines/0/warehouse_id",
    ),
    ("AmendIn", "product_id"): (_binding, lambda _, ids: {"lines": _lines(ids["product_id"])}, "/lines/1/product_id"),
    ("AmendIn", "warehouse_id"): (
        _binding,
        lambda office, ids: {"lines": _goods(office, ids)},
        "/lines/0/warehouse_id",
    ),
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
    ("PartyIn", "price_list_id"): (
        lambda _: "/third-parties",
        lambda _, ids: {"name": "x", "customer": True, "price_list_id": ids["price_list_id"]},
        "/price_list_id",
    ),
    ("PartyChange", "price_list_id"): (
        lambda office: f"/third-parties/{office.customer()}",
        lambda _, ids: {"price_list_id": ids["price_list_id"]},
        "/price_list_id",
    ),
    ("ListPriceIn", "product_id"): (
        lambda office: f"/price-lists/{price_list(office)}/prices",
        lambda _, ids: {"product_id": ids["product_id"], "price": "1"},
        "/product_id",
    ),
    ("PartyPriceIn", "product_id"): (
        lambda office: f"/third-parties/{office.customer()}/prices",
        lambda _, ids: {"product_id": ids["product_id"], "price": "1"},
        "/product_id",
    ),
    ("CategoryIn", "parent_id"): (
        lambda _: "/categories",
        lambda _, ids: {"kind": "product", "name": "x", "parent_id": ids["category_id"]},
        "/parent_id",
    ),
    ("CategoryChange", "parent_id"): (
        lambda office: f"/categories/{category(office)}",
        lambda _, ids: {"parent_id": ids["category_id"]},
        "/parent_id",
    ),
    ("VariantsIn", "attribute_id"): (
        lambda office: f"/products/{office.product()}/variants",
        lambda _, ids: {"attributes": [{"attribute_id": ids["attribute_id"]}]},
        "/attributes/0/attribute_id",
    ),
    ("ComponentsIn", "component_id"): (
        lambda office: f"/products/{office.product()}/components",
        lambda _, ids: {"components": [{"component_id": ids["product_id"], "quantity": "1"}]},
        "/components/0/component_id",
    ),
    ("SupplierPricesIn", "supplier_id"): (
        lambda office: f"/products/{office.product()}/supplier-prices",
        lambda _, ids: {"supplier_prices": [{"supplier_id": ids["party_id"], "price": "1", "currency": "EUR"}]},
        "/supplier_prices/0/supplier_id",
    ),
    ("SortedIn", "category_ids"): (
        lambda office: f"/products/{office.product()}/categories",
        lambda office, ids: {"category_ids": [category(office), ids["category_id"]]},
        "/category_ids/1",
    ),
    ("DeductionIn", "deposit_id"): (
        lambda office: f"{_invoice(office)}/deductions",
        lambda _, ids: {"deposit_id": ids["invoice_id"]},
        "/deposit_id",
    ),
    ("CreditNoteIn", "return_id"): (
        lambda office: f"/invoices/{_due(office)}/credit-notes",
        lambda _, ids: {"return_id": ids["return_id"]},
        "/return_id",
    ),
    ("InvoiceTemplateIn", "party_id"): (
        lambda _: "/invoice-templates",
        lambda _, ids: _monthly(ids["party_id"], [free_line("1")]),
        "/party_id",
    ),
    ("InvoiceTemplateIn", "product_id"): (
        lambda _: "/invoice-templates",
        lambda office, ids: _monthly(office.customer(), _lines(ids["product_id"])),
        "/lines/1/product_id",
    ),
    ("InvoiceTemplateChange", "product_id"): (
        lambda office: f"/invoice-templates/{template(office)}",
        lambda _, ids: {"lines": _lines(ids["product_id"])},
        "/lines/1/product_id",
    ),
    ("ShipmentIn", "warehouse_id"): (
        _shipments,
        lambda _, ids: {"warehouse_id": ids["warehouse_id"]},
        "/warehouse_id",
    ),
    ("ShipmentIn", "carrier_id"): (_shipments, lambda _, ids: {"carrier_id": ids["carrier_id"]}, "/carrier_id"),
    ("ShipmentChange", "warehouse_id"): (
        _shipment,
        lambda _, ids: {"warehouse_id": ids["warehouse_id"]},
        "/warehouse_id",
    ),
    ("ShipmentChange", "carrier_id"): (_shipment, lambda _, ids: {"carrier_id": ids["carrier_id"]}, "/carrier_id"),
    ("ShipmentReturnIn", "warehouse_id"): (
        _shipment_returns,
        lambda _, ids: {
            "reason": "x",
            "lines": [{"position": 1, "quantity": "1", "warehouse_id": ids["warehouse_id"]}],
        },
        "/lines/0/warehouse_id",
    ),
    ("ReturnIn", "party_id"): (
        lambda _: "/returns",
        lambda office, ids: _returned(office, party_id=ids["party_id"]),
        "/party_id",
    ),
    ("ReturnIn", "product_id"): (
        lambda _: "/returns",
        lambda office, ids: _returned(office, product_id=ids["product_id"]),
        "/lines/0/product_id",
    ),
    ("ReturnIn", "warehouse_id"): (
        lambda _: "/returns",
        lambda office, ids: _returned(office, warehouse_id=ids["warehouse_id"]),
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
    ("TransferIn", "from_warehouse_id"): (
        lambda _: "/stock-transfers",
        lambda office, ids: _transfer(office, from_warehouse_id=ids["warehouse_id"]),
        "/from_warehouse_id",
    ),
    ("TransferIn", "to_warehouse_id"): (
        lambda _: "/stock-transfers",
        lambda office, ids: _transfer(office, to_warehouse_id=ids["warehouse_id"]),
        "/to_warehouse_id",
    ),
    ("TransferIn", "product_id"): (
        lambda _: "/stock-transfers",
        lambda office, ids: _transfer(office, product_id=ids["product_id"]),
        "/lines/0/product_id",
    ),
    ("LotIn", "product_id"): (
        lambda _: "/lots",
        lambda _, ids: {"product_id": ids["product_id"], "code": "x"},
        "/product_id",
    ),
    ("LocationIn", "parent_id"): (
        _locations,
        lambda _, ids: {"code": "x", "parent_id": ids["location_id"]},
        "/parent_id",
    ),
    ("LocationChange", "parent_id"): (_location, lambda _, ids: {"parent_id": ids["location_id"]}, "/parent_id"),
    ("PlacementIn", "product_ids"): (
        lambda office: f"{_location(office)}/products",
        lambda _, ids: {"product_ids": [ids["product_id"]]},
        "/product_ids/0",
    ),
    ("StockRuleIn", "product_id"): (
        lambda _: "/stock-rules",
        lambda _, ids: {"product_id": ids["product_id"], "minimum": "1", "desired": "1"},
        "/product_id",
    ),
    ("StockRuleIn", "warehouse_id"): (
        lambda _: "/stock-rules",
        lambda office, ids: {
            "product_id": office.product(),
            "warehouse_id": ids["warehouse_id"],
            "minimum": "1",
            "desired": "1",
        },
        "/warehouse_id",
    ),
    ("InventoryIn", "warehouse_id"): (
        lambda _: "/inventories",
        lambda _, ids: {"warehouse_id": ids["warehouse_id"]},
        "/warehouse_id",
    ),
    ("InventoryIn", "location_id"): (
        lambda _: "/inventories",
        lambda _, ids: {"location_id": ids["location_id"]},
        "/location_id",
    ),
    ("InventoryIn", "product_ids"): (
        lambda _: "/inventories",
        lambda office, ids: {"product_ids": [office.product(), ids["product_id"]]},
        "/product_ids/1",
    ),
    ("CountsIn", "product_id"): (
        lambda office: f"{_inventory(office)}/counts",
        lambda _, ids: {"lines": [{"product_id": ids["product_id"], "quantity": "1"}]},
        "/lines/0/product_id",
    ),
    ("CountsIn", "location_id"): (
        lambda office: f"{_inventory(office)}/counts",
        lambda office, ids: {
            "lines": [{"product_id": office.product(), "location_id": ids["location_id"], "quantity": "1"}]
        },
        "/lines/0/location_id",
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
    ("SettingsChange", "bank_account_id"): (
        lambda _: "/company/settings",
        lambda _, ids: {"letterhead": {"bank_account_id": ids["bank_account_id"]}},
        "/letterhead/bank_account_id",
    ),
    ("PaymentIn", "invoice_id"): (
        lambda _: "/payments",
        lambda _, ids: {"method": "cash", "allocations": [{"invoice_id": ids["invoice_id"]}]},
        "/allocations/0/invoice_id",
    ),
    ("PaymentIn", "account_id"): (
        lambda _: "/payments",
        lambda office, ids: {"allocations": [{"invoice_id": _due(office)}], "account_id": ids["bank_account_id"]},
        "/account_id",
    ),
    ("InvoicePaymentIn", "account_id"): (
        lambda office: f"/invoices/{_due(office)}/payments",
        lambda _, ids: {"account_id": ids["bank_account_id"]},
        "/account_id",
    ),
    ("ChequeDepositIn", "account_id"): (
        lambda _: "/cheque-deposits",
        lambda _, ids: {"account_id": ids["bank_account_id"], "payments": [ids["payment_id"]]},
        "/account_id",
    ),
    ("SepaOrderIn", "account_id"): (
        lambda _: "/sepa-orders",
        lambda office, ids: debit_of(ids["bank_account_id"], _due(office)),
        "/account_id",
    ),
    ("SepaOrderIn", "invoice_id"): (
        lambda _: "/sepa-orders",
        lambda office, ids: debit_of(office.make("/bank-accounts", OWN_ACCOUNT)["id"], ids["invoice_id"]),
        "/lines/0/invoice_id",
    ),
}


REPLACED: Final = {"ComponentsIn", "SupplierPricesIn", "SortedIn"}


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
    if "Change" in body:
        reply = office.patch(path, sent, office.get(path)["version"])
    elif body in REPLACED:
        reply = office.put(path, sent, office.get(path)["version"])
    else:
        headers = {"if_match": '"2"'} if body == "AmendIn" else {}
        reply = office.post(path, sent, **headers)
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
