"""How many SQL statements each endpoint takes: few, and not more for more lines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pyotp
import pytest

from app.api.batch import BatchProvided
from app.api.create import create_app
from app.api.export import ExportProvided
from app.api.route import API
from app.api.switchboard import endpoints
from app.domain.shared.objects import ObjectKind
from tests.support.api import PASSWORD, container
from tests.support.databases import statements, tracing
from tests.support.office import ON_SQLITE, Office, Reply, free_line

pytestmark = pytest.mark.fast

ALL: Final = [
    one
    for one in endpoints(create_app(container()))
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
    "create_third_party": 4,
    "read_third_party": 1,
    "change_third_party": 5,
    "list_third_parties": 1,
    "create_product": 3,
    "read_product": 1,
    "change_product": 5,
    "list_products": 1,
    "create_warehouse": 5,
    "read_warehouse": 1,
    "change_warehouse": 5,
    "list_warehouses": 1,
    "move_stock": 8,
    "list_stock_movements": 1,
    "list_stock_levels": 1,
    "create_order": 6,
    "read_order": 2,
    "change_order": 7,
    "delete_order": 5,
    "validate_order": 6,
    "cancel_order": 4,
    "close_order": 4,
    "list_orders": 1,
    "create_shipment": 8,
    "read_shipment": 2,
    "delete_shipment": 5,
    "validate_shipment": 17,
    "close_shipment": 8,
    "list_shipments": 1,
    "create_invoice": 5,
    "invoice_order": 7,
    "read_invoice": 2,
    "change_invoice": 6,
    "delete_invoice": 5,
    "validate_invoice": 8,
    "abandon_invoice": 4,
    "list_invoices": 1,
    "pay_invoice": 8,
    "create_payment": 8,
    "read_payment": 2,
    "list_payments": 1,
    "report_sales": 1,
    "report_vat": 1,
    "report_receivables": 1,
    "report_unpaid": 1,
    "report_statement": 3,
    "list_chain_heads": 1,
    "verify_chains": 12,
    "anonymise_third_party": 14,
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
    "read_changes": 2,
    "list_audit": 2,
    "list_object_audit": 3,
}
"""By endpoint, on SQLite, without an Idempotency-Key (a look-up and a write more); raise one for a reason only.

What gets a name or a number has its words written, by one statement; a name that changes takes one for the words that
go and one for those that come."""


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
    body: dict[str, Any] = {"ref": f"R{lines}", "name": "x", "unit_price": "1", "vat_rate": "20"}
    product = meter("create_product", "POST", "/products", body)["id"]
    meter("read_product", "GET", f"/products/{product}")
    meter("change_product", "PATCH", f"/products/{product}", {"name": "y"}, 1)
    place = meter("create_warehouse", "POST", "/warehouses", {"ref": f"W{lines}", "name": "x"})["id"]
    meter("read_warehouse", "GET", f"/warehouses/{place}")
    meter("change_warehouse", "PATCH", f"/warehouses/{place}", {"name": "y"}, 1)
    body = {"kind": "receive", "product_id": products[0], "quantity": "1", "warehouse_id": places[0]["id"]}
    meter("move_stock", "POST", "/stock-movements", body)
    _orders(meter, party, [{"product_id": one, "quantity": "1"} for one in products])
    _invoices(meter, party, lines)
    for name in ("third_parties", "products", "warehouses", "stock_movements", "stock_levels"):
        meter(f"list_{name}", "GET", f"/{name.replace('_', '-')}?limit={lines}")
    for name in ("orders", "shipments", "invoices", "payments"):
        meter(f"list_{name}", "GET", f"/{name}?limit={lines}")
    _fields(meter, lines)
    meter("report_sales", "GET", "/reports/sales?by=product")
    for name in ("vat", "receivables", "unpaid"):
        meter(f"report_{name}", "GET", f"/reports/{name}")
    meter("report_statement", "GET", f"/third-parties/{party}/statement?date_from=2026-01-01")
    meter("list_chain_heads", "GET", "/chains")
    meter("verify_chains", "GET", "/chains/verification")
    gone = meter.office.customer()
    meter("anonymise_third_party", "POST", f"/third-parties/{gone}/anonymise")
    office.served.container.dispatch()
    meter("read_changes", "GET", f"/changes?limit={lines}")
    meter("list_audit", "GET", f"/audit?limit={lines}")
    meter("list_object_audit", "GET", f"/third-parties/{party}/audit")
    meter("me", "GET", "/me")
    _access(meter, lines)
    _people(meter, lines)
    _company(meter)
    return meter.counts


def _access(meter: Meter, lines: int) -> None:
    """Use sessions, keys, passwords and a second factor; there are as many keys as lines."""
    office = meter.office
    body = {"name": "k", "scopes": ["orders.read"]}
    keys = [meter("create_api_key", "POST", "/api-keys", body)["id"] for _ in range(lines)]
    meter("list_api_keys", "GET", f"/api-keys?limit={lines}")
    meter("read_api_key", "GET", f"/api-keys/{keys[0]}")
    meter("change_api_key", "PATCH", f"/api-keys/{keys[0]}", {"name": "l"}, 1)
    meter("revoke_api_key", "POST", f"/api-keys/{keys[0]}/revoke")
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
    meter("change_settings", "PATCH", "/company/settings", {"payment_days": days}, settings["version"])
    meter("list_settings_versions", "GET", "/company/settings/versions")


def _orders(meter: Meter, party: int, lines: list[dict[str, Any]]) -> None:
    body = {"party_id": party, "lines": lines}
    draft = meter("create_order", "POST", "/orders", body)
    draft = meter("change_order", "PATCH", f"/orders/{draft['id']}", {"lines": lines[::-1]}, draft["version"])
    meter("read_order", "GET", f"/orders/{draft['id']}")
    meter("delete_order", "DELETE", f"/orders/{draft['id']}", version=draft["version"])
    office = meter.office
    canceled = office.order(lines, party_id=party)["id"]
    meter("cancel_order", "POST", f"/orders/{canceled}/cancel")
    order = office.order(lines, party_id=party, validated=False)["id"]
    meter("validate_order", "POST", f"/orders/{order}/validate")
    wrong = meter("create_shipment", "POST", f"/orders/{order}/shipments", {})
    meter("delete_shipment", "DELETE", f"/shipments/{wrong['id']}", version=wrong["version"])
    shipment = office.make(f"/orders/{order}/shipments", {})["id"]
    meter("read_shipment", "GET", f"/shipments/{shipment}")
    meter("validate_shipment", "POST", f"/shipments/{shipment}/validate")
    meter("close_order", "POST", f"/orders/{order}/close")
    meter("close_shipment", "POST", f"/shipments/{shipment}/close")
    meter("invoice_order", "POST", f"/orders/{order}/invoices", {})


def _invoices(meter: Meter, party: int, lines: int) -> None:
    office = meter.office
    body = {"party_id": party, "lines": [free_line("1") for _ in range(lines)]}
    draft = meter("create_invoice", "POST", "/invoices", body)
    draft = meter("change_invoice", "PATCH", f"/invoices/{draft['id']}", {"lines": body["lines"]}, draft["version"])
    meter("read_invoice", "GET", f"/invoices/{draft['id']}")
    meter("delete_invoice", "DELETE", f"/invoices/{draft['id']}", version=draft["version"])
    invoices = [office.make("/invoices", body)["id"] for _ in range(lines)]
    for invoice in invoices:
        meter("validate_invoice", "POST", f"/invoices/{invoice}/validate")
    payment = meter("pay_invoice", "POST", f"/invoices/{invoices[0]}/payments", {"method": "cash"})
    meter("read_payment", "GET", f"/payments/{payment['id']}")
    meter("abandon_invoice", "POST", f"/invoices/{invoices[1]}/abandon", {"reason": "abandon"})
    allocations = [{"invoice_id": one} for one in invoices[2:]]
    meter("create_payment", "POST", "/payments", {"method": "cash", "allocations": allocations})


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


@ON_SQLITE
def test_no_endpoint_takes_more_statements_for_more_lines(office: Office) -> None:
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
