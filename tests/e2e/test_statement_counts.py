"""How many SQL statements each endpoint takes: few, and not more for more lines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pyotp
import pytest
from schwifty import IBAN
from stdnum.ean import calc_check_digit

from app.api.batch import BatchProvided
from app.api.drawing import SUFFIXES
from app.api.export import ExportProvided
from app.api.route import API
from app.api.switchboard import endpoints
from app.domain.jobs import NewJob
from app.domain.shared.objects import ObjectKind
from tests.support.api import PASSWORD, described
from tests.support.catalogue import KINDS, category, unit, variants
from tests.support.credits import OWN_ACCOUNT, debit_of
from tests.support.databases import statements, tracing
from tests.support.jobs import asked
from tests.support.office import ON_SQLITE, Office, Reply, free_line
from tests.support.posts import awaiting
from tests.support.printers import picture
from tests.support.workflows import OTHER, PASS, failed, routed

pytestmark = pytest.mark.fast

ALL: Final = [
    one
    for one in endpoints(described())
    if one.path.startswith(API) and not isinstance(one.entry, BatchProvided)  # as many as its items' single posts
]
EXPORTS: Final = [one for one in ALL if isinstance(one.entry, ExportProvided)]
ENDPOINTS: Final = {one.name for one in ALL if one not in EXPORTS}


MOST: Final = {
    "me": 0,
    "list_own_sessions": 1,
    "end_own_session": 3,
    "change_password": 19,
    "enrol_second_factor": 6,
    "confirm_second_factor": 3,
    "disable_second_factor": 14,
    "reset_password": 9,
    "create_api_key": 4,
    "list_api_keys": 1,
    "read_api_key": 1,
    "change_api_key": 5,
    "revoke_api_key": 5,
    "create_aws_credential": 4,
    "list_aws_credentials": 1,
    "read_aws_credential": 1,
    "rotate_aws_credential": 5,
    "revoke_aws_credential": 5,
    "my_companies": 1,
    "list_rights": 0,
    "create_user": 12,
    "read_user": 1,
    "change_user": 14,
    "remove_user": 11,
    "list_users": 1,
    "create_role": 6,
    "read_role": 1,
    "change_role": 7,
    "delete_role": 8,
    "list_roles": 1,
    "read_company": 1,
    "change_company": 5,
    "read_settings": 1,
    "change_settings": 8,
    "list_settings_versions": 1,
    "set_logo": 9,
    "read_logo": 2,
    "drop_logo": 7,
    "print_inventory": 9,
    "print_proposal": 12,
    "print_order": 9,
    "print_shipment": 11,
    "print_invoice": 11,
    "print_statement": 11,
    "create_third_party": 4,
    "read_third_party": 1,
    "change_third_party": 5,
    "list_third_parties": 1,
    "list_representatives": 2,
    "read_outstanding": 2,
    "merge_third_party": 25,
    "create_payment_terms": 3,
    "read_payment_terms": 2,
    "change_payment_terms": 4,
    "list_payment_terms": 1,
    "add_contact": 5,
    "list_party_contacts": 2,
    "list_contacts": 1,
    "read_contact": 1,
    "change_contact": 6,
    "remove_contact": 5,
    "add_third_party_address": 5,
    "list_third_party_addresses": 2,
    "read_third_party_address": 1,
    "change_third_party_address": 5,
    "remove_third_party_address": 4,
    "add_third_party_bank_account": 5,
    "list_third_party_bank_accounts": 2,
    "read_third_party_bank_account": 1,
    "change_third_party_bank_account": 5,
    "remove_third_party_bank_account": 4,
    "create_product": 3,
    "read_product": 1,
    "change_product": 5,
    "list_products": 1,
    "create_price_list": 2,
    "read_price_list": 1,
    "change_price_list": 3,
    "list_price_lists": 1,
    "delete_price_list": 3,
    "create_list_price": 4,
    "create_party_price": 4,
    "list_list_prices": 2,
    "list_party_prices": 2,
    "read_price": 1,
    "change_price": 3,
    "delete_price": 3,
    "create_vat_rate": 4,
    "read_vat_rate": 1,
    "change_vat_rate": 5,
    "list_vat_rates": 1,
    "delete_vat_rate": 3,
    "create_unit": 2,
    "read_unit": 1,
    "change_unit": 3,
    "list_units": 1,
    "delete_unit": 3,
    "create_category": 4,
    "read_category": 1,
    "change_category": 5,
    "list_categories": 1,
    "delete_category": 3,
    "create_attribute": 4,
    "read_attribute": 2,
    "change_attribute": 8,
    "list_attributes": 1,
    "delete_attribute": 5,
    "find_price": 3,
    "make_variants": 13,
    "read_variants": 3,
    "set_barcodes": 6,
    "read_barcodes": 2,
    "set_packagings": 6,
    "read_packagings": 2,
    "set_components": 7,
    "read_components": 2,
    "set_supplier_prices": 6,
    "read_supplier_prices": 2,
    "set_product_categories": 6,
    "read_product_categories": 2,
    "set_party_categories": 6,
    "read_party_categories": 2,
    "create_warehouse": 5,
    "read_warehouse": 1,
    "change_warehouse": 5,
    "list_warehouses": 1,
    "move_stock": 9,
    "list_stock_movements": 1,
    "list_stock_levels": 1,
    "transfer_stock": 17,
    "read_stock_transfer": 2,
    "list_stock_transfers": 1,
    "create_lot": 3,
    "read_lot": 1,
    "change_lot": 3,
    "list_lots": 1,
    "trace_lot": 2,
    "list_shipment_lots": 2,
    "list_lot_levels": 1,
    "list_lot_movements": 1,
    "create_location": 4,
    "read_location": 1,
    "change_location": 4,
    "list_locations": 2,
    "place_products": 5,
    "list_stock_places": 1,
    "create_stock_rule": 7,
    "read_stock_rule": 1,
    "change_stock_rule": 6,
    "delete_stock_rule": 6,
    "list_stock_rules": 1,
    "create_inventory": 6,
    "read_inventory": 1,
    "open_inventory": 9,
    "count_inventory": 10,
    "post_inventory": 13,
    "cancel_inventory": 3,
    "list_inventories": 1,
    "list_inventory_lines": 1,
    "list_inventory_counts": 1,
    "report_stock_value": 2,
    "report_stock_to_order": 1,
    "create_proposal": 6,
    "read_proposal": 3,
    "change_proposal": 8,  # what the customer pays may have to be looked up anew
    "delete_proposal": 5,
    "validate_proposal": 9,
    "sign_proposal": 5,
    "refuse_proposal": 5,
    "expire_proposal": 5,
    "reopen_proposal": 5,
    "cancel_proposal": 5,
    "bill_proposal": 5,
    "revise_proposal": 9,
    "copy_proposal": 9,
    "order_proposal": 9,
    "invoice_proposal": 9,
    "list_proposals": 1,
    "create_order": 6,
    "read_order": 2,
    "change_order": 8,  # what the customer pays may have to be looked up anew
    "delete_order": 5,
    "validate_order": 11,  # one of them because whoever signed in before the first warehouse knows no default one
    "approve_order": 7,
    "refuse_order": 7,
    "cancel_order": 8,
    "close_order": 4,
    "close_order_short": 8,
    "reopen_order": 7,
    "redraft_order": 10,
    "bill_order": 4,
    "unbill_order": 4,
    "amend_order": 17,
    "list_order_revisions": 3,
    "list_orders": 1,
    "create_shipment": 8,
    "read_shipment": 2,
    "change_shipment": 14,
    "delete_shipment": 5,
    "validate_shipment": 18,
    "close_shipment": 8,
    "cancel_shipment": 18,
    "list_shipments": 1,
    "return_shipment": 8,
    "create_return": 8,
    "read_return": 2,
    "delete_return": 5,
    "validate_return": 26,
    "close_return": 5,
    "cancel_return": 22,
    "list_returns": 1,
    "create_carrier": 3,
    "read_carrier": 1,
    "change_carrier": 3,
    "list_carriers": 1,
    "create_invoice": 5,
    "invoice_order": 7,
    "read_invoice": 2,
    "read_instalments": 2,
    "change_invoice": 6,
    "delete_invoice": 9,  # of a credit note that named a return, which is locked and saved
    "validate_invoice": 9,
    "abandon_invoice": 4,
    "close_invoice": 4,
    "reopen_invoice": 4,
    "credit_invoice": 14,  # of a return: it and its shipment are read, and it is saved
    "charge_deposit": 7,
    "deduct_deposit": 11,
    "replace_invoice": 8,
    "invoice_pro_forma": 7,
    "read_late_fee": 5,
    "charge_late_fee": 10,
    "create_invoice_template": 5,
    "read_invoice_template": 2,
    "change_invoice_template": 7,
    "delete_invoice_template": 4,
    "pause_invoice_template": 4,
    "resume_invoice_template": 4,
    "run_invoice_template": 14,
    "list_invoice_templates": 1,
    "list_invoices": 1,
    "pay_invoice": 8,
    "create_payment": 8,
    "read_payment": 2,
    "list_payments": 1,
    "reverse_payment": 15,
    "read_credits": 3,
    "write_off_invoice": 4,
    "create_bank_account": 4,
    "read_bank_account": 1,
    "change_bank_account": 5,
    "list_bank_accounts": 1,
    "create_cheque_deposit": 7,
    "read_cheque_deposit": 2,
    "list_cheque_deposits": 1,
    "create_sepa_order": 6,
    "read_sepa_order": 2,
    "generate_sepa_order": 4,
    "download_sepa_file": 2,
    "settle_sepa_order": 14,
    "cancel_sepa_order": 5,
    "list_sepa_orders": 1,
    "send_proposal": 8,
    "send_order": 7,
    "send_shipment": 7,
    "send_invoice": 7,
    "send_statement": 7,
    "read_mail": 1,
    "resend_mail": 5,
    "cancel_mail": 3,
    "list_mails": 1,
    "report_sales": 1,
    "report_vat": 1,
    "report_receivables": 1,
    "report_unpaid": 1,
    "report_statement": 3,
    "list_chain_heads": 1,
    "list_workflow_resources": 0,
    "verify_chains": 22,
    "anonymise_third_party": 27,
    "define_custom_field": 3,
    "read_custom_field": 1,
    "change_custom_field": 3,
    "delete_custom_field": 4,
    "list_custom_fields": 1,
    **{
        name.format(kind.aggregate): most
        for kind in ObjectKind
        for name, most in (
            ("attach_to_{}", 6),
            ("list_{}_attachments", 2),
            ("read_{}_attachment", 1),
            ("download_{}_attachment", 1),
            ("delete_{}_attachment", 4),
        )
    },
    "list_jobs": 1,
    "count_jobs": 1,
    "read_job": 1,
    "cancel_job": 4,
    "retry_job": 3,
    "list_workflows": 1,
    "create_workflow": 12,
    "judge_workflow": 0,
    "read_workflow": 4,
    "change_workflow": 12,
    "delete_workflow": 7,
    "list_workflow_versions": 2,
    "publish_workflow": 9,
    "delete_workflow_version": 9,
    "list_workflow_aliases": 2,
    "set_alias": 12,
    "roll_back_alias": 7,
    "delete_workflow_alias": 8,
    "measure_states": 1,
    "draw_workflow": 1,
    "draw_workflow_svg": 1,
    "draw_workflow_mermaid": 1,
    "list_executions": 1,
    "start_execution": 3,
    "measure_executions": 1,
    "list_stuck_executions": 0,
    "read_execution": 0,
    "read_execution_history": 0,
    "read_timeline": 0,
    "draw_execution": 0,
    "draw_execution_svg": 0,
    "draw_execution_mermaid": 0,
    "stop_execution": 2,
    "redrive_execution": 2,
    "retry_execution": 3,
    "migrate_execution": 3,
    "tell_execution": 0,
    "send_message": 0,
    "read_changes": 2,
    "list_audit": 2,
    "list_object_audit": 3,
}
"""By endpoint, on SQLite, without an Idempotency-Key (a look-up and a write more); raise one for a reason only.

What gets a name or a number has its words written, by one statement; a name that changes takes one for the words that
go and one for those that come."""


IBANS: Final = {3: "7630006000011234567890189", 5: "1420041010050500013M02606", 50: "7630001007941234567890185"}


class Meter:
    """Sends requests and keeps how many statements each took, by endpoint."""

    def __init__(self, office: Office, counts: dict[str, int] | None = None) -> None:
        self.office = office
        self.counts = {} if counts is None else counts

    def __call__(self, name: str, verb: str, path: str, body: Any = None, version: int | None = None) -> Reply:
        headers = {} if version is None else {"if_match": f'"{version}"'}
        reply = self.counted(name, lambda: self.office.send(verb, path, body, **headers))
        assert reply.status < 300, reply.body
        return reply

    def counted(self, name: str, send: Callable[[], Reply]) -> Reply:
        """Count the statements of one request, whatever the answer is."""
        with tracing(self.office.served.container.database) as traces:
            reply = send()
        self.counts[name] = len(statements(traces))
        return reply


def measured(office: Office, lines: int, meter_of: type[Meter] = Meter) -> dict[str, int]:
    """Do everything once with documents of so many lines, half of them for goods."""
    meter = meter_of(office)
    places: list[dict[str, Any]] = office.items("/warehouses")
    products = [office.product("99") for _ in range(lines)]
    party = meter("create_third_party", "POST", "/third-parties", {"name": "C", "customer": True})["id"]
    meter("read_third_party", "GET", f"/third-parties/{party}")
    meter("change_third_party", "PATCH", f"/third-parties/{party}", {"name": "D"}, 1)
    _belongings(meter, party, lines)
    body: dict[str, Any] = {"ref": f"R{lines}", "name": "x", "unit_price": "1", "vat_rate": "20"}
    product = meter("create_product", "POST", "/products", body)["id"]
    meter("read_product", "GET", f"/products/{product}")
    _catalogue(meter, products, party)
    meter("change_product", "PATCH", f"/products/{product}", {"name": "y"}, 1)
    place = meter("create_warehouse", "POST", "/warehouses", {"ref": f"W{lines}", "name": "x"})["id"]
    meter("read_warehouse", "GET", f"/warehouses/{place}")
    meter("change_warehouse", "PATCH", f"/warehouses/{place}", {"name": "y"}, 1)
    body = {"kind": "receive", "product_id": products[0], "quantity": "1", "warehouse_id": places[0]["id"]}
    meter("move_stock", "POST", "/stock-movements", body)
    _stock(meter, products)
    _proposals(meter, party, [{"product_id": one, "quantity": "1"} for one in products])
    _orders(meter, party, [{"product_id": one, "quantity": "1"} for one in products])
    _invoices(meter, party, lines)
    _kinds(meter, party, lines)
    _templates(meter, party, lines)
    for name in ("third_parties", "products", "warehouses", "stock_movements", "stock_levels"):
        meter(f"list_{name}", "GET", f"/{name.replace('_', '-')}?limit={lines}")
    for name in ("proposals", "orders", "shipments", "invoices", "payments"):
        meter(f"list_{name}", "GET", f"/{name}?limit={lines}")
    _fields(meter, lines)
    meter("report_sales", "GET", "/reports/sales?by=product")
    for name in ("vat", "receivables", "unpaid"):
        meter(f"report_{name}", "GET", f"/reports/{name}")
    meter("report_statement", "GET", f"/third-parties/{party}/statement?date_from=2026-01-01")
    meter("print_statement", "GET", f"/third-parties/{party}/statement/pdf?date_from=2026-01-01")
    meter("list_chain_heads", "GET", "/chains")
    meter("list_workflow_resources", "GET", "/workflows/resources")
    meter("verify_chains", "GET", "/chains/verification")
    gone = meter.office.customer()
    meter("anonymise_third_party", "POST", f"/third-parties/{gone}/anonymise")
    office.served.container.dispatch()
    meter("read_changes", "GET", f"/changes?limit={lines}")
    meter("list_audit", "GET", f"/audit?limit={lines}")
    meter("list_object_audit", "GET", f"/third-parties/{party}/audit")
    meter("me", "GET", "/me")
    _access(meter, lines)
    _jobs(meter, lines)
    _workflows(meter, lines)
    _people(meter, lines)
    _company(meter)
    return meter.counts


LISTED: Final = {
    ("prices", "price-lists"): "list_list_prices",
    ("prices", "third-parties"): "list_party_prices",
    **{(one, one): f"list_{one.replace('-', '_')}" for one in ("price-lists", "vat-rates", "units", "categories")},
    ("attributes", "attributes"): "list_attributes",
}


def _catalogue(meter: Meter, products: list[int], party: int) -> None:
    """Enter, show, change, list and delete one of each kind; what hangs on a product has as many parts as lines."""
    office = meter.office
    for noun, kind in KINDS.items():
        path, body = kind.path(office), kind.body(office)
        made = meter(f"create_{noun}", "POST", path, body)
        one = f"{kind.one or path}/{made['id']}"
        noun = "price" if kind.one else noun  # noqa: PLW2901 - two ways to enter the same
        meter(f"read_{noun}", "GET", one)
        changed = dict([next(iter(kind.values(office).items()))])
        meter(f"change_{noun}", "PATCH", one, changed, 1)
        meter(LISTED[path.split("/")[-1], path.split("/")[1]], "GET", path)
        meter(f"delete_{noun}", "DELETE", one, version=2)
    meter("find_price", "GET", f"/products/{products[0]}/price?party_id={party}")
    path, body, _ = variants(office)
    meter("make_variants", "POST", path, body)
    meter("read_variants", "GET", path)
    _hanging(meter, products, party)


def _hanging(meter: Meter, products: list[int], party: int) -> None:
    office = meter.office
    kit, codes = office.product(), [f"{len(products):03d}{n:04d}" for n in range(len(products))]
    supplier = office.customer(supplier=True)
    sorted_ = {"category_ids": [category(office) for _ in products]}
    hanging: dict[str, dict[str, Any]] = {
        "barcodes": {"barcodes": [f"{one}{calc_check_digit(one)}" for one in codes]},
        "packagings": {"packagings": [{"unit": unit(office), "quantity": "2"} for _ in products]},
        "components": {"components": [{"component_id": one, "quantity": "2"} for one in products]},
        "supplier_prices": {
            "supplier_prices": [
                {"supplier_id": supplier, "price": "1", "currency": "EUR", "min_quantity": str(at)}
                for at, _ in enumerate(products)
            ]
        },
        "product_categories": sorted_,
        "party_categories": {"category_ids": [category(office, "customer") for _ in products]},
    }
    for name, body in hanging.items():
        owner = f"/third-parties/{party}" if name.startswith("party") else f"/products/{kit}"
        path = f"{owner}/{next(iter(body)).replace('_ids', '').replace('category', 'categories').replace('_', '-')}"
        version = office.get(path)["version"]
        meter(f"set_{name}", "PUT", path, body, version)
        meter(f"read_{name}", "GET", path)


def _iban(number: int) -> str:
    return str(IBAN.generate("DE", "37040044", f"{number}"))


def _belongings(meter: Meter, party: int, lines: int) -> None:
    """Enter, change and remove what belongs to a third party, of which there is as much as documents have lines."""
    office, path = meter.office, f"/third-parties/{party}"
    plan = [{"percent": "1", "days": n} for n in range(lines - 1)] + [{"percent": str(101 - lines), "days": 99}]
    terms = meter("create_payment_terms", "POST", "/payment-terms", {"name": f"T{lines}", "instalments": plan})["id"]
    meter("read_payment_terms", "GET", f"/payment-terms/{terms}")
    meter("change_payment_terms", "PATCH", f"/payment-terms/{terms}", {"archived": True}, 1)
    meter("list_payment_terms", "GET", f"/payment-terms?limit={lines}")
    kinds = (
        ("third_party_address", "addresses", {"label": "x", "kind": "other"}, {"label": "y"}),
        ("third_party_bank_account", "bank-accounts", {"holder": "x"}, {"holder": "y"}),
        ("contact", "contacts", {"name": "x"}, {"name": "y"}),
    )
    for noun, kind, body, change in kinds:
        made = [
            meter(f"add_{noun}", "POST", f"{path}/{kind}", body | ({"iban": _iban(n)} if "holder" in body else {}))
            for n in range(lines)
        ]
        one = f"/contacts/{made[-1]['id']}" if kind == "contacts" else f"{path}/{kind}/{made[-1]['id']}"
        many = {"contact": "party_contacts", "third_party_address": "third_party_addresses"}.get(noun, f"{noun}s")
        meter(f"list_{many}", "GET", f"{path}/{kind}")
        meter(f"read_{noun}", "GET", one)
        meter(f"change_{noun}", "PATCH", one, change, 1)
        meter(f"remove_{noun}", "DELETE", one, version=2)
    meter("list_contacts", "GET", f"/contacts?limit={lines}")
    meter("read_outstanding", "GET", f"{path}/outstanding")
    gone = office.customer(representative_ids=[office.get("/me")["user"]])
    meter("list_representatives", "GET", f"/third-parties/{gone}/representatives")
    for _ in range(lines):
        office.make("/orders", {"party_id": gone, "lines": [free_line("1")]})
    meter("merge_third_party", "POST", f"/third-parties/{gone}/merge", {"into": office.customer()})


def _stock(meter: Meter, products: list[int]) -> None:
    """Transfer, place and count as many products as lines, all of them sold without lots."""
    office = meter.office
    here, there = office.items("/warehouses")[0]["id"], office.warehouse(ref=f"T{len(products)}")
    lines = [{"product_id": one, "quantity": "1"} for one in products]
    half = lines[: (len(lines) + 1) // 2]  # each leaves two events, of which a hundred are written at once
    body = {"from_warehouse_id": here, "to_warehouse_id": there, "lines": half}
    made = meter("transfer_stock", "POST", "/stock-transfers", body)["id"]
    meter("read_stock_transfer", "GET", f"/stock-transfers/{made}")
    milk = office.product(tracking="lot")
    lot = meter("create_lot", "POST", "/lots", {"product_id": milk, "code": "a"})["id"]
    meter("read_lot", "GET", f"/lots/{lot}")
    meter("change_lot", "PATCH", f"/lots/{lot}", {"code": "b"}, 1)
    meter("trace_lot", "GET", f"/lots/{lot}/movements")
    shipment = office.make(f"/orders/{office.order(lines[:1])['id']}/shipments", {})["id"]
    meter("list_shipment_lots", "GET", f"/shipments/{shipment}/lots")
    outer = meter("create_location", "POST", f"/warehouses/{there}/locations", {"code": "A"})["id"]
    path = f"/locations/{office.make(f'/warehouses/{there}/locations', {'code': 'B'})['id']}"
    meter("read_location", "GET", path)
    meter("change_location", "PATCH", path, {"parent_id": outer}, 1)
    meter("list_locations", "GET", f"/warehouses/{there}/locations")
    meter("place_products", "POST", f"{path}/products", {"product_ids": products})
    rule = {"product_id": products[0], "warehouse_id": there, "minimum": "1", "desired": "2"}
    path = f"/stock-rules/{meter('create_stock_rule', 'POST', '/stock-rules', rule)['id']}"
    meter("read_stock_rule", "GET", path)
    meter("change_stock_rule", "PATCH", path, {"desired": "3"}, 1)
    meter("delete_stock_rule", "DELETE", path, version=2)
    given_up = office.make("/inventories", {"warehouse_id": there})["id"]
    meter("cancel_inventory", "POST", f"/inventories/{given_up}/cancel")
    body = {"warehouse_id": there, "product_ids": products}
    path = f"/inventories/{meter('create_inventory', 'POST', '/inventories', body)['id']}"
    meter("read_inventory", "GET", path)
    meter("print_inventory", "GET", f"{path}/pdf")
    meter("open_inventory", "POST", f"{path}/open")
    counts = [{"product_id": one, "quantity": "2"} for one in products]
    meter("count_inventory", "POST", f"{path}/counts", {"lines": counts})
    meter("post_inventory", "POST", f"{path}/post")
    for noun in ("stock-transfers", "lots", "lot-levels", "lot-movements", "stock-places", "stock-rules"):
        meter(f"list_{noun.replace('-', '_')}", "GET", f"/{noun}")
    for noun in ("inventories", "inventory-lines", "inventory-counts"):
        meter(f"list_{noun.replace('-', '_')}", "GET", f"/{noun}")
    meter("report_stock_value", "GET", f"/reports/stock-value?warehouse_id={there}")
    meter("report_stock_to_order", "GET", "/reports/stock-to-order")


def _access(meter: Meter, lines: int) -> None:
    """Use sessions, keys, passwords and a second factor; there are as many keys as lines."""
    office = meter.office
    body = {"name": "k", "scopes": ["orders.read"]}
    keys = [meter("create_api_key", "POST", "/api-keys", body)["id"] for _ in range(lines)]
    meter("list_api_keys", "GET", f"/api-keys?limit={lines}")
    meter("read_api_key", "GET", f"/api-keys/{keys[0]}")
    meter("change_api_key", "PATCH", f"/api-keys/{keys[0]}", {"name": "l"}, 1)
    meter("revoke_api_key", "POST", f"/api-keys/{keys[0]}/revoke")
    body = {"name": "k", "scopes": ["workflows.read"]}
    ways = [meter("create_aws_credential", "POST", "/aws-credentials", body)["id"] for _ in range(lines)]
    meter("list_aws_credentials", "GET", f"/aws-credentials?limit={lines}")
    meter("read_aws_credential", "GET", f"/aws-credentials/{ways[0]}")
    meter("rotate_aws_credential", "POST", f"/aws-credentials/{ways[0]}/rotate")
    meter("revoke_aws_credential", "POST", f"/aws-credentials/{ways[0]}/revoke")
    clerk = office.served.clerk(office.company, frozenset())
    member = clerk.get("/me")["user"]
    own = Meter(clerk, meter.counts)
    given = own("enrol_second_factor", "POST", "/me/second-factor")
    code = pyotp.TOTP(given["secret"]).at(office.served.container.clock.now())
    own("confirm_second_factor", "POST", "/me/second-factor/confirm", {"code": code})
    own("disable_second_factor", "POST", "/me/second-factor/disable", {"password": PASSWORD})
    own("change_password", "POST", "/me/password", {"old": PASSWORD, "new": "quite another long password"})
    (session,) = own("list_own_sessions", "GET", "/me/sessions")["items"]
    own("end_own_session", "DELETE", f"/me/sessions/{session['id']}", version=session["version"])
    meter("reset_password", "POST", f"/users/{member}/reset-password")


def _jobs(meter: Meter, lines: int) -> None:
    """See to jobs; there are as many as lines."""
    jobs = asked(meter.office, *[NewJob(kind=f"counted.{lines}", unique=f"{n}") for n in range(lines)])
    meter("list_jobs", "GET", f"/jobs?limit={lines}")
    meter("count_jobs", "GET", "/jobs/counts")
    path = f"/jobs/{jobs[0]}"
    meter("read_job", "GET", path)
    meter("cancel_job", "POST", f"{path}/cancel")
    meter("retry_job", "POST", f"{path}/retry")


def _workflows(meter: Meter, lines: int) -> None:
    """Do all there is to do with a workflow and as many executions as lines; what the engine asks is its own."""
    office = meter.office
    meter("judge_workflow", "POST", "/workflows/validate", {"definition": PASS})
    made = meter(
        "create_workflow", "POST", "/workflows", {"name": f"metered-{lines}", "definition": PASS, "publish": True}
    )
    path = f"/workflows/{made['id']}"
    meter("list_workflows", "GET", f"/workflows?limit={lines}")
    meter("read_workflow", "GET", path)
    meter("change_workflow", "PATCH", path, {"definition": OTHER}, 1)
    meter("publish_workflow", "POST", f"{path}/versions", {})
    meter("list_workflow_versions", "GET", f"{path}/versions")
    alias = f"{path}/aliases/live"
    meter("set_alias", "PUT", alias, routed((1, 100)), 3)
    meter("set_alias", "PUT", alias, routed((2, 100)), 4)
    meter("list_workflow_aliases", "GET", f"{path}/aliases")
    meter("roll_back_alias", "POST", f"{alias}/rollback")
    meter("delete_workflow_alias", "DELETE", alias, version=6)
    meter("delete_workflow_version", "DELETE", f"{path}/versions/1", version=7)
    redriven = failed(office)
    meter("redrive_execution", "POST", f"/executions/{redriven}/redrive")
    meter("retry_execution", "POST", f"/executions/{failed(office)}/retry", {"state": "A"})
    execution = ""
    for _ in range(lines):
        execution = meter("start_execution", "POST", "/executions", {"workflow": made["name"]})["id"]
    meter("list_executions", "GET", f"/executions?limit={lines}")
    meter("measure_executions", "GET", "/executions/statistics")
    meter("measure_states", "GET", f"{path}/states")
    meter("list_stuck_executions", "GET", "/executions/stuck")
    one = f"/executions/{execution}"
    meter("read_execution", "GET", one)
    meter("read_execution_history", "GET", f"{one}/history")
    meter("read_timeline", "GET", f"{one}/timeline")
    for suffix, name in SUFFIXES.items():
        meter(f"draw_workflow{name}", "GET", f"{path}/diagram{suffix}")
        meter(f"draw_execution{name}", "GET", f"{one}/diagram{suffix}")
    meter("tell_execution", "POST", f"{one}/messages", {"key": "k"})
    meter("migrate_execution", "POST", f"{one}/migrate", {"version": 2})
    meter("send_message", "POST", "/messages", {"key": "k"})
    meter("stop_execution", "POST", f"{one}/stop", {})
    meter("delete_workflow", "DELETE", path, version=8)


def _people(meter: Meter, lines: int) -> None:
    """Users with as many roles as documents have lines."""
    meter("my_companies", "GET", "/me/companies")
    meter("list_rights", "GET", "/rights")
    office = meter.office
    rights = ["orders.read"]
    roles = [office.make("/roles", {"name": f"{lines}-{n}", "rights": rights})["id"] for n in range(lines)]
    role = meter("create_role", "POST", "/roles", {"name": f"{lines}", "rights": rights})["id"]
    meter("read_role", "GET", f"/roles/{role}")
    meter("change_role", "PATCH", f"/roles/{role}", {"rights": []}, 1)
    meter("delete_role", "DELETE", f"/roles/{role}", version=2)
    body = {"email": f"u{lines}-{office.company}@example.com", "name": "U", "role_ids": roles[1:]}
    user = meter("create_user", "POST", "/users", body)
    path = f"/users/{user['id']}"
    meter("read_user", "GET", path)
    user = meter("change_user", "PATCH", path, {"role_ids": roles, "active": False, "locale": "fr"}, user["version"])
    meter("remove_user", "DELETE", path, version=user["version"])
    meter("list_users", "GET", f"/users?limit={lines}")
    meter("list_roles", "GET", f"/roles?limit={lines}")


def _company(meter: Meter) -> None:
    version = meter("read_company", "GET", "/company")["version"]
    meter("change_company", "PATCH", "/company", {"name": f"Acme {version}"}, version)
    settings = meter("read_settings", "GET", "/company/settings")
    days = settings["payment_days"] + 1
    fees = {"late_fee_percent": "8", "late_fee_fixed": str(days)}
    meter("change_settings", "PATCH", "/company/settings", {"payment_days": days, **fees}, settings["version"])
    meter("list_settings_versions", "GET", "/company/settings/versions")
    _logo(meter, settings["version"] + 1)


def _logo(meter: Meter, version: int) -> None:
    sent = picture(size=(version + 1, 10))  # another one each time
    form = {"verb": "PUT", "if_match": f'"{version}"'}
    stored = meter.counted("set_logo", lambda: meter.office.upload("/company/logo", sent, **form))
    assert stored.status == 200, stored.body
    meter("read_logo", "GET", "/company/logo")
    meter("drop_logo", "DELETE", "/company/logo", None, version + 1)


def _proposals(meter: Meter, party: int, lines: list[dict[str, Any]]) -> None:
    body = {"party_id": party, "lines": lines}
    draft = meter("create_proposal", "POST", "/proposals", body)
    draft = meter("change_proposal", "PATCH", f"/proposals/{draft['id']}", {"lines": lines[::-1]}, draft["version"])
    meter("delete_proposal", "DELETE", f"/proposals/{draft['id']}", version=draft["version"])
    office = meter.office
    path = f"/proposals/{office.proposal(lines, party_id=party, validated=False)['id']}"
    meter("validate_proposal", "POST", f"{path}/validate")
    meter("refuse_proposal", "POST", f"{path}/refuse", {"reason": "x"})
    meter("reopen_proposal", "POST", f"{path}/reopen", {})
    meter("sign_proposal", "POST", f"{path}/sign", {})
    meter("order_proposal", "POST", f"{path}/orders", {})
    meter("invoice_proposal", "POST", f"{path}/invoices", {})
    meter("read_proposal", "GET", path)
    meter("print_proposal", "GET", f"{path}/pdf")
    meter("bill_proposal", "POST", f"{path}/bill")
    meter("copy_proposal", "POST", f"{path}/copy", {})
    other = office.proposal(lines, party_id=party)["id"]
    meter("revise_proposal", "POST", f"/proposals/{other}/revise")
    meter("cancel_proposal", "POST", f"/proposals/{other}/cancel")
    lapsed = office.proposal(lines, party_id=party)["id"]
    office.lapse(lapsed)
    meter("expire_proposal", "POST", f"/proposals/{lapsed}/expire")


def _orders(meter: Meter, party: int, lines: list[dict[str, Any]]) -> None:
    body = {"party_id": party, "lines": lines}
    draft = meter("create_order", "POST", "/orders", body)
    draft = meter("change_order", "PATCH", f"/orders/{draft['id']}", {"lines": lines[::-1]}, draft["version"])
    meter("read_order", "GET", f"/orders/{draft['id']}")
    meter("print_order", "GET", f"/orders/{draft['id']}/pdf")
    meter("delete_order", "DELETE", f"/orders/{draft['id']}", version=draft["version"])
    office = meter.office
    answers: dict[str, dict[str, Any] | None] = {"approve": None, "refuse": {"reason": "x"}}
    for name, answer in answers.items():
        waits = awaiting(office, office.order(lines, party_id=party, validated=False)["id"])
        meter(f"{name}_order", "POST", f"/orders/{waits}/{name}", answer)
    canceled = office.order(lines, party_id=party)["id"]
    meter("cancel_order", "POST", f"/orders/{canceled}/cancel")
    order = office.order(lines, party_id=party, validated=False)["id"]
    meter("validate_order", "POST", f"/orders/{order}/validate")
    meter("redraft_order", "POST", f"/orders/{order}/redraft")
    office.act(f"/orders/{order}/validate")
    meter("close_order_short", "POST", f"/orders/{order}/close-short", {"reason": "gone"})
    version = meter("reopen_order", "POST", f"/orders/{order}/reopen")["version"]
    more = [{"position": at, "quantity": "2"} for at in range(1, len(lines) + 1)]
    meter("amend_order", "POST", f"/orders/{order}/amend", {"lines": [*more, *lines]}, version)
    meter("list_order_revisions", "GET", f"/orders/{order}/revisions")
    meter("bill_order", "POST", f"/orders/{order}/bill")
    meter("unbill_order", "POST", f"/orders/{order}/unbill")
    wrong = meter("create_shipment", "POST", f"/orders/{order}/shipments", {})
    meter("delete_shipment", "DELETE", f"/shipments/{wrong['id']}", version=wrong["version"])
    shipment = office.make(f"/orders/{order}/shipments", {})["id"]
    meter("read_shipment", "GET", f"/shipments/{shipment}")
    meter("print_shipment", "GET", f"/shipments/{shipment}/pdf")
    meter("validate_shipment", "POST", f"/shipments/{shipment}/validate")
    meter("send_shipment", "POST", f"/shipments/{shipment}/send", {"to": ["ana@client.example"]})
    meter("cancel_shipment", "POST", f"/shipments/{shipment}/cancel")
    _shipping(meter, order, party, lines)
    shipment = office.make(f"/orders/{order}/shipments", {})["id"]
    office.act(f"/shipments/{shipment}/validate")
    meter("close_order", "POST", f"/orders/{order}/close")
    meter("close_shipment", "POST", f"/shipments/{shipment}/close")
    meter("invoice_order", "POST", f"/orders/{order}/invoices", {})


def _shipping(meter: Meter, order: int, party: int, goods: list[dict[str, Any]]) -> None:
    """Change a shipment from two warehouses with parcels; take back all of it, and as much of no shipment."""
    office = meter.office
    here, there = (one["id"] for one in office.items("/warehouses?sort=id&limit=2"))
    for line in goods:
        move = {"kind": "receive", "product_id": line["product_id"], "quantity": "9"}
        office.act("/stock-movements", {**move, "warehouse_id": there})
    carrier = meter("create_carrier", "POST", "/carriers", {"name": f"C{len(goods)}"})["id"]
    meter("read_carrier", "GET", f"/carriers/{carrier}")
    meter("change_carrier", "PATCH", f"/carriers/{carrier}", {"tracking_url": "https://x.example/{tracking}"}, 1)
    meter("list_carriers", "GET", "/carriers")
    made = office.make(f"/orders/{order}/shipments", {})
    places = [here, there] * len(goods)
    lines = [{"position": at + 1, "quantity": "1", "warehouse_id": places[at]} for at in range(len(goods))]
    parcels = [{"weight": "1", "tracking_number": "x"} for _ in goods]
    body = {"lines": lines, "parcels": parcels, "carrier_id": carrier}
    path = f"/shipments/{made['id']}"
    meter("change_shipment", "PATCH", path, body, made["version"])
    office.act(f"{path}/validate")
    wrong = meter("return_shipment", "POST", f"{path}/returns", {"reason": "x"})
    meter("delete_return", "DELETE", f"/returns/{wrong['id']}", version=wrong["version"])
    back = office.make(f"{path}/returns", {"reason": "x"})["id"]
    meter("read_return", "GET", f"/returns/{back}")
    meter("validate_return", "POST", f"/returns/{back}/validate")
    _credited(meter, order, back, len(goods))
    meter("cancel_return", "POST", f"/returns/{back}/cancel")
    free = {"party_id": party, "reason": "x", "lines": goods}
    other = meter("create_return", "POST", "/returns", free)["id"]
    office.act(f"/returns/{other}/validate")
    meter("close_return", "POST", f"/returns/{other}/close")
    meter("list_returns", "GET", f"/returns?limit={len(goods)}")
    office.act(f"{path}/cancel")


def _credited(meter: Meter, order: int, back: int, lines: int) -> None:
    """Credit what came back by its return, and delete the draft; the most that either takes."""
    parts = [{"position": at, "quantity": "1"} for at in range(1, lines + 1)]
    made = meter.office.make(f"/orders/{order}/invoices", {"lines": parts})["id"]
    meter.office.act(f"/invoices/{made}/validate")
    note = meter("credit_invoice", "POST", f"/invoices/{made}/credit-notes", {"return_id": back})
    meter("delete_invoice", "DELETE", f"/invoices/{note['id']}", version=note["version"])


def _invoices(meter: Meter, party: int, lines: int) -> None:
    office = meter.office
    body = {"party_id": party, "lines": [free_line("1") for _ in range(lines)]}
    draft = meter("create_invoice", "POST", "/invoices", body)
    draft = meter("change_invoice", "PATCH", f"/invoices/{draft['id']}", {"lines": body["lines"]}, draft["version"])
    meter("read_invoice", "GET", f"/invoices/{draft['id']}")
    meter("print_invoice", "GET", f"/invoices/{draft['id']}/pdf")
    meter("read_instalments", "GET", f"/invoices/{draft['id']}/instalments")
    office.delete(f"/invoices/{draft['id']}", draft["version"])
    invoices = [office.make("/invoices", body)["id"] for _ in range(lines)]
    for invoice in invoices:
        meter("validate_invoice", "POST", f"/invoices/{invoice}/validate")
    payment = meter("pay_invoice", "POST", f"/invoices/{invoices[0]}/payments", {"method": "cash"})
    meter("read_payment", "GET", f"/payments/{payment['id']}")
    meter("abandon_invoice", "POST", f"/invoices/{invoices[1]}/abandon", {"reason": "abandon"})
    allocations = [{"invoice_id": one} for one in invoices[2:]]
    meter("create_payment", "POST", "/payments", {"method": "cash", "allocations": allocations})
    _banking(meter, party, lines)


def _banking(meter: Meter, party: int, lines: int) -> None:
    """Reversals, credits, cheques and orders to the bank; a settled order has a payment of its own for each line."""
    office = meter.office
    invoices = [office.invoice(party_id=party)["id"] for _ in range(lines)]
    allocations = [{"invoice_id": one} for one in invoices]
    paid = office.make("/payments", {"amount": str(100 * lines + 1), "allocations": allocations})["id"]
    meter("read_credits", "GET", f"/third-parties/{party}/credits")
    meter("reverse_payment", "POST", f"/payments/{paid}/reverse", {"reason": "x"})
    account = meter("create_bank_account", "POST", "/bank-accounts", {**OWN_ACCOUNT, "iban": f"FR{IBANS[lines]}"})["id"]
    meter("read_bank_account", "GET", f"/bank-accounts/{account}")
    meter("change_bank_account", "PATCH", f"/bank-accounts/{account}", {"label": "y"}, 1)
    meter("list_bank_accounts", "GET", "/bank-accounts?limit=1")
    cheques = [office.make(f"/invoices/{one}/payments", {"method": "cheque", "amount": "1"})["id"] for one in invoices]
    body = {"account_id": account, "payments": cheques}
    deposit = meter("create_cheque_deposit", "POST", "/cheque-deposits", body)["id"]
    meter("read_cheque_deposit", "GET", f"/cheque-deposits/{deposit}")
    meter("list_cheque_deposits", "GET", "/cheque-deposits?limit=1")
    canceled = meter("create_sepa_order", "POST", "/sepa-orders", debit_of(account, *invoices))["id"]
    meter("read_sepa_order", "GET", f"/sepa-orders/{canceled}")
    meter("cancel_sepa_order", "POST", f"/sepa-orders/{canceled}/cancel")
    order = office.make("/sepa-orders", debit_of(account, invoices[0]))["id"]
    meter("generate_sepa_order", "POST", f"/sepa-orders/{order}/generate")
    meter("download_sepa_file", "GET", f"/sepa-orders/{order}/file")
    meter("settle_sepa_order", "POST", f"/sepa-orders/{order}/settle", {})
    meter("list_sepa_orders", "GET", "/sepa-orders?limit=1")
    to = {"to": ["ana@client.example"]}
    order = office.order([free_line("5")])["id"]
    meter("send_proposal", "POST", f"/proposals/{office.proposal([free_line('5')])['id']}/send", to)
    meter("send_order", "POST", f"/orders/{order}/send", to)
    mail = meter("send_invoice", "POST", f"/invoices/{office.invoice('5')['id']}/send", to)["id"]
    meter("send_statement", "POST", f"/third-parties/{office.customer()}/statement/send", to)
    meter("read_mail", "GET", f"/mails/{mail}")
    meter("cancel_mail", "POST", f"/mails/{mail}/cancel")
    meter("resend_mail", "POST", f"/mails/{mail}/resend")
    meter("list_mails", "GET", "/mails?limit=1")
    meter("write_off_invoice", "POST", f"/invoices/{invoices[0]}/write-off", {})


def _kinds(meter: Meter, party: int, lines: int) -> None:
    """Take back, replace, deduct and close invoices of so many lines."""
    office = meter.office
    wanted = [free_line("1") for _ in range(lines)]
    body = {"party_id": party, "lines": wanted}

    def issued(**fields: Any) -> int:
        made = office.make("/invoices", {**body, **fields})["id"]
        return int(office.act(f"/invoices/{made}/validate")["id"])

    settings = office.get("/company/settings")
    if settings["late_fee_fixed"] == "0":
        office.patch("/company/settings", {"late_fee_fixed": "40"}, settings["version"])
    one, late = issued(), issued(date="2026-01-01", due_date="2026-01-31")
    meter("close_invoice", "POST", f"/invoices/{one}/close", {"reason": "bankcharge"})
    meter("reopen_invoice", "POST", f"/invoices/{one}/reopen")
    meter("replace_invoice", "POST", f"/invoices/{one}/replacement", {})
    office.make(f"/invoices/{one}/credit-notes", {})
    meter("invoice_pro_forma", "POST", f"/invoices/{issued(kind='pro_forma')}/invoice", {})
    order = office.order(wanted, party_id=party)["id"]
    deposit = meter("charge_deposit", "POST", f"/orders/{order}/deposits", {"percent": "50"})["id"]
    office.act(f"/invoices/{deposit}/validate")
    office.make(f"/invoices/{deposit}/payments", {"method": "cash"})
    draft = office.make("/invoices", body)["id"]
    meter("deduct_deposit", "POST", f"/invoices/{draft}/deductions", {"deposit_id": deposit})
    meter("read_late_fee", "GET", f"/invoices/{late}/late-fee")
    meter("charge_late_fee", "POST", f"/invoices/{late}/late-fee-invoice", {})


def _templates(meter: Meter, party: int, lines: int) -> None:
    wanted = [free_line("1") for _ in range(lines)]
    body = {"label": "T", "party_id": party, "every": "day", "first": "2026-01-01", "lines": wanted}
    for _ in range(lines - 1):
        meter.office.make("/invoice-templates", body)
    made = meter("create_invoice_template", "POST", "/invoice-templates", body)["id"]
    path = f"/invoice-templates/{made}"
    meter("read_invoice_template", "GET", path)
    meter("change_invoice_template", "PATCH", path, {"lines": wanted[::-1], "auto_validate": True}, 1)
    meter("pause_invoice_template", "POST", f"{path}/pause")
    meter("resume_invoice_template", "POST", f"{path}/resume")
    meter("run_invoice_template", "POST", f"{path}/run")
    wrong = meter.office.make("/invoice-templates", body)["id"]
    meter("delete_invoice_template", "DELETE", f"/invoice-templates/{wrong}", version=1)
    meter("list_invoice_templates", "GET", f"/invoice-templates?limit={lines}")


def _fields(meter: Meter, lines: int) -> None:
    body = {"kind": "products", "name": f"f{lines}", "label": "F", "type": "text"}
    made = meter("define_custom_field", "POST", "/custom-fields", body)["id"]
    meter("read_custom_field", "GET", f"/custom-fields/{made}")
    meter("change_custom_field", "PATCH", f"/custom-fields/{made}", {"label": "G"}, 1)
    meter("delete_custom_field", "DELETE", f"/custom-fields/{made}", version=2)
    meter("list_custom_fields", "GET", "/custom-fields")
    for kind in ObjectKind:
        owner = meter.office.items(f"/{kind}?limit=1")[0]["id"]
        path, noun = f"/{kind}/{owner}/attachments", kind.aggregate
        sent = [meter.counted(f"attach_to_{noun}", partial(meter.office.upload, path, b"x")) for _ in range(3)]
        one = f"{path}/{sent[0]['id']}"
        meter(f"list_{noun}_attachments", "GET", path)
        meter(f"read_{noun}_attachment", "GET", one)
        meter(f"download_{noun}_attachment", "GET", f"{one}/content")
        meter.counted(f"delete_{noun}_attachment", partial(meter.office.delete, one, 1))


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let who calls be looked up once: in between more time may pass than that is remembered for."""
    monkeypatch.setattr("app.api.callers.CACHE_SECONDS", 3600.0)


@ON_SQLITE
def test_no_endpoint_takes_more_statements_for_more_lines(unhurried: None, office: Office) -> None:
    """Demand 14: 5 lines and 50 lines take the same number, for every endpoint."""
    measured(office, 3)  # series begin with their first number, and who calls is looked up once
    few, many = measured(office, 5), measured(office, 50)
    assert few.keys() == ENDPOINTS == MOST.keys()
    assert many == few
    beyond = {name: (count, MOST[name]) for name, count in few.items() if count > MOST[name]}
    assert beyond == {}, str(sorted(beyond.items()))


@ON_SQLITE
def test_a_search_takes_one_statement_more_than_the_list(office: Office) -> None:
    """Demand 14: the rows found, then the page; nothing more when nothing is found; an export is pages."""
    office.order([free_line("1")], party_id=office.customer(name="Dupont Frères"))
    meter = Meter(office)
    for path in ("/third-parties", "/orders"):
        meter("found", "GET", f"{path}?q=dupont+fr")
        meter("nothing", "GET", f"{path}?q=durand&total=true")
        meter("total", "GET", f"{path}?q=dupont&total=true")
        meter("export", "GET", f"{path}:export?format=csv")
        assert meter.counts == {"found": 2, "nothing": 1, "total": 3, "export": 1}
