"""One good request for every route that posts and every route that changes, for tests generated from the routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.domain.jobs import NewJob
from app.domain.sales import Approval
from app.domain.shared.ids import UserId
from app.domain.shared.objects import ObjectKind
from tests.support.catalogue import KINDS, Kind, price_list, unit, variants, vat_rate
from tests.support.credits import OWN_ACCOUNT, debit_of
from tests.support.jobs import asked, fresh
from tests.support.office import Office, Reply, free_line
from tests.support.workflows import OTHER, PASS, aliased, failed, started, workflow


class Sent(NamedTuple):
    """A good request: where, with what body, and what other body would be as good; None where there is no body.

    A body of bytes is a file; ``headers`` is what is sent beside it.
    """

    path: str
    body: Any = None
    other: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


TO_SOMEBODY: Final = {"to": ["somebody@client.example"]}


def post(office: Office, path: str, body: Any, **headers: str) -> Reply:
    """Send a body as ``Sent`` has them."""
    if isinstance(body, bytes):
        return office.upload(path, body, **headers)
    return office.post(path, body, **headers)


def _proposal(office: Office, *, signed: bool = False, **fields: Any) -> int:
    return int(office.proposal([free_line("1")], signed=signed, **fields)["id"])


def _refused(office: Office) -> int:
    proposal = _proposal(office)
    office.act(f"/proposals/{proposal}/refuse", {"reason": "x"})
    return proposal


def _lapsed(office: Office) -> int:
    proposal = _proposal(office)
    office.lapse(proposal)
    return proposal


def _order(office: Office, *, validated: bool = False) -> int:
    return int(office.order([{"product_id": office.product("9"), "quantity": "1"}], validated=validated)["id"])


def awaiting(office: Office, draft: int) -> int:
    """Give a draft that waits for approval now; no execution asks for it."""
    order = office.get(f"/orders/{draft}")
    container = office.served.container
    approval = Approval(
        order=order["id"],
        order_version=order["version"],
        execution="x",
        asked_by=UserId(1),
        asked_at=container.clock.now(),
    )
    with container.works.writing(container.context_of(office.company)) as work:
        work.approvals.add(approval)
        work.commit()
    return int(order["id"])


def _shipment(office: Office) -> int:
    return int(office.make(f"/orders/{_order(office, validated=True)}/shipments", {})["id"])


def _validated_shipment(office: Office) -> int:
    shipment = _shipment(office)
    office.act(f"/shipments/{shipment}/validate")
    return shipment


def _return(office: Office) -> int:
    return int(office.make(f"/shipments/{_validated_shipment(office)}/returns", {"reason": "x"})["id"])


def _validated_return(office: Office) -> int:
    made = _return(office)
    office.act(f"/returns/{made}/validate")
    return made


def _free_return(office: Office) -> dict[str, Any]:
    lines = [{"product_id": office.product(), "quantity": "1"}]
    return {"party_id": office.customer(), "reason": "x", "lines": lines}


def _closable(office: Office) -> int:
    return int(office.order([free_line("1")])["id"])


def _closed(office: Office) -> int:
    return int(office.act(f"/orders/{_closable(office)}/close")["id"])


def _billed(office: Office) -> int:
    return int(office.act(f"/orders/{_closable(office)}/bill")["id"])


def _due(office: Office) -> int:
    return int(office.invoice("100")["id"])


def _given_up(office: Office) -> int:
    return int(office.act(f"/invoices/{_due(office)}/abandon", {"reason": "abandon"})["id"])


def _pro_forma(office: Office) -> int:
    made = office.make("/invoices", {**_document(office), "kind": "pro_forma"})["id"]
    return int(office.act(f"/invoices/{made}/validate")["id"])


def _late(office: Office) -> int:
    """Enter an invoice long due, of a company that asks for late fees."""
    settings = office.get("/company/settings")
    if settings["late_fee_fixed"] != "40":
        office.patch("/company/settings", {"late_fee_fixed": "40"}, settings["version"])
    return int(office.invoice("100", date="2026-01-01", due_date="2026-01-31")["id"])


def _deduction(office: Office) -> Sent:
    draft = office.make("/invoices", _document(office))
    body = {"kind": "deposit", "party_id": draft["party_id"], "lines": [free_line("1")]}
    paid = [_paid_deposit(office, body) for _ in range(2)]
    return _noted(f"/invoices/{draft['id']}/deductions", {"deposit_id": paid[0]}, deposit_id=paid[1])


def _paid_deposit(office: Office, body: dict[str, Any]) -> int:
    made = office.make("/invoices", body)["id"]
    office.act(f"/invoices/{made}/validate")
    office.make(f"/invoices/{made}/payments", {"method": "cash"})
    return int(made)


def _monthly(office: Office) -> dict[str, Any]:
    return {**_document(office), "label": "x", "every": "month", "first": "2026-01-31"}


def template(office: Office, **fields: Any) -> int:
    """Enter a template of a monthly invoice and give its id."""
    line = {"description": "Rent", "quantity": "1", "unit_price": "10", "vat_rate": "20"}
    body = {"label": "Rent", "every": "month", "first": "2026-01-31", "lines": [line], **fields}
    return int(office.make("/invoice-templates", {"party_id": office.customer(), **body})["id"])


def _paused(office: Office) -> int:
    return int(office.act(f"/invoice-templates/{template(office)}/pause")["id"])


def _paid(office: Office) -> int:
    return int(office.make(f"/invoices/{_due(office)}/payments", {"amount": "1"})["id"])


def _own_account(office: Office) -> int:
    found = office.items("/bank-accounts")
    return int((found[0] if found else office.make("/bank-accounts", OWN_ACCOUNT))["id"])


def _cheques(office: Office) -> dict[str, Any]:
    cheque = office.make(f"/invoices/{_due(office)}/payments", {"method": "cheque"})["id"]
    return {"account_id": _own_account(office), "payments": [cheque]}


def _mail(office: Office) -> int:
    return int(office.make(f"/invoices/{_due(office)}/send", TO_SOMEBODY)["id"])


def _canceled_mail(office: Office) -> int:
    return int(office.act(f"/mails/{_mail(office)}/cancel")["id"])


def _sepa_order(office: Office) -> int:
    return int(office.make("/sepa-orders", debit_of(_own_account(office), _due(office)))["id"])


def _generated(office: Office) -> int:
    return int(office.act(f"/sepa-orders/{_sepa_order(office)}/generate")["id"])


def _changed_account(office: Office) -> Changeable:
    values = {
        "label": "New",
        "holder": "New holder",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFF",
        "creditor_id": "",
        "archived": True,
    }
    return Changeable(f"/bank-accounts/{_own_account(office)}", values, values)


def _draft_invoice(office: Office) -> int:
    return int(office.invoice("100", validated=False)["id"])


def _document(office: Office) -> dict[str, Any]:
    return {"party_id": office.customer(), "lines": [free_line("1")]}


def _product(ref: str) -> dict[str, Any]:
    return {"ref": ref, "name": "x", "unit_price": "1", "vat_rate": "20"}


def _move(office: Office) -> dict[str, Any]:
    return {"kind": "receive", "product_id": office.product(), "quantity": "1"}


def _transfer(office: Office) -> dict[str, Any]:
    here, lines = office.items("/warehouses")[0]["id"], [{"product_id": office.product("5"), "quantity": "1"}]
    return {"from_warehouse_id": here, "to_warehouse_id": office.warehouse(), "lines": lines}


def _lot(office: Office) -> dict[str, Any]:
    return {"product_id": office.product(tracking="lot"), "code": "L1"}


def _rule(office: Office) -> dict[str, Any]:
    return {"product_id": office.product(), "minimum": "1", "desired": "2"}


def _location(office: Office) -> int:
    place = office.items("/warehouses")[0]["id"]
    return int(office.make(f"/warehouses/{place}/locations", {"code": _named_anew(office)})["id"])


def _inventory(office: Office, *, opened: bool = True) -> str:
    office.product("5")
    path = f"/inventories/{office.make('/inventories', {})['id']}"
    if opened:
        office.act(f"{path}/open")
    return path


def _payment(office: Office) -> dict[str, Any]:
    return {"method": "cash", "allocations": [{"invoice_id": _due(office), "amount": "1"}]}


def _noted(path: str, body: dict[str, Any], **changes: Any) -> Sent:
    return Sent(path, body, {**body, **changes})


def _batched(path: str, body: dict[str, Any], **changes: Any) -> Sent:
    return Sent(f"{path}:batch", {"items": [body]}, {"items": [{**body, **changes}]})


def _record(kind: Kind, office: Office) -> Sent:
    body = kind.body(office)
    return Sent(kind.path(office), body, {**body, **kind.other(office)})


def _changed_record(kind: Kind, office: Office) -> Changeable:
    return Changeable(kind.made(office), kind.values(office), {}, kind.nullable)


def _key(office: Office) -> int:
    return int(office.make("/api-keys", {"name": "k", "scopes": ["orders.read"]})["id"])


def _credential(office: Office) -> int:
    return int(office.make("/aws-credentials", {"name": "k", "scopes": ["workflows.read"]})["id"])


def _job(office: Office) -> int:
    return asked(office, NewJob(kind=fresh("posted")))[0]


def _canceled_job(office: Office) -> int:
    return int(office.act(f"/jobs/{_job(office)}/cancel")["id"])


def _attached(kind: ObjectKind, office: Office) -> Sent:
    return Sent(f"/{kind}/{OBJECTS[kind](office)}/attachments", b"proof", b"other proof")


TERMS: Final = {"name": "x", "instalments": [{"percent": "100", "days": 30}]}
ACCOUNT: Final = {"holder": "x", "iban": "DE89370400440532013000"}
_FIELD: Final = {"kind": "products", "name": "size", "label": "Size", "type": "integer"}
OBJECTS: Final[Mapping[ObjectKind, Callable[[Office], int]]] = {
    ObjectKind.THIRD_PARTIES: Office.customer,
    ObjectKind.PRODUCTS: Office.product,
    ObjectKind.WAREHOUSES: Office.warehouse,
    ObjectKind.PROPOSALS: _proposal,
    ObjectKind.ORDERS: _order,
    ObjectKind.SHIPMENTS: _shipment,
    ObjectKind.INVOICES: _due,
    ObjectKind.PAYMENTS: _paid,
}
"""By kind: what enters an object and gives its id."""

POSTS: Final[Mapping[str, Callable[[Office], Sent]]] = {
    "create_third_party": lambda _: _noted("/third-parties", {"name": "x", "customer": True}, name="y"),
    "create_product": lambda _: _noted("/products", _product("T1"), ref="T2"),
    **{f"create_{noun}": partial(_record, kind) for noun, kind in KINDS.items()},
    "make_variants": lambda office: Sent(*variants(office)),
    "create_warehouse": lambda _: _noted("/warehouses", {"ref": "T1", "name": "x"}, ref="T2"),
    "move_stock": lambda office: _noted("/stock-movements", _move(office), quantity="2"),
    "transfer_stock": lambda office: _noted("/stock-transfers", _transfer(office), reason="y"),
    "create_lot": lambda office: _noted("/lots", _lot(office), code="L2"),
    "create_location": lambda office: _noted(
        f"/warehouses/{office.items('/warehouses')[0]['id']}/locations", {"code": "T1"}, code="T2"
    ),
    "place_products": lambda office: _noted(
        f"/locations/{_location(office)}/products",
        {"product_ids": [office.product()]},
        product_ids=[office.product()],
    ),
    "create_stock_rule": lambda office: _noted("/stock-rules", _rule(office), minimum="2"),
    "create_inventory": lambda _: _noted("/inventories", {"note": "x"}, note="y"),
    "open_inventory": lambda office: Sent(f"{_inventory(office, opened=False)}/open"),
    "count_inventory": lambda office: _noted(
        f"{_inventory(office)}/counts",
        {"lines": [{"product_id": office.product(), "quantity": "1"}]},
        lines=[{"product_id": office.product(), "quantity": "2"}],
    ),
    "post_inventory": lambda office: Sent(f"{_inventory(office)}/post"),
    "cancel_inventory": lambda office: Sent(f"{_inventory(office)}/cancel"),
    "create_proposal": lambda office: _noted("/proposals", _document(office), note="y"),
    "validate_proposal": lambda office: Sent(f"/proposals/{_proposal(office, validated=False)}/validate"),
    "sign_proposal": lambda office: _noted(f"/proposals/{_proposal(office)}/sign", {}, options=[]),
    "refuse_proposal": lambda office: _noted(f"/proposals/{_proposal(office)}/refuse", {"reason": "x"}, reason="y"),
    "expire_proposal": lambda office: Sent(f"/proposals/{_lapsed(office)}/expire"),
    "reopen_proposal": lambda office: _noted(f"/proposals/{_refused(office)}/reopen", {}, valid_until="2099-01-01"),
    "cancel_proposal": lambda office: Sent(f"/proposals/{_proposal(office)}/cancel"),
    "bill_proposal": lambda office: Sent(f"/proposals/{_proposal(office, signed=True)}/bill"),
    "revise_proposal": lambda office: Sent(f"/proposals/{_proposal(office)}/revise"),
    "copy_proposal": lambda office: _noted(f"/proposals/{_proposal(office)}/copy", {}, fresh_prices=True),
    "order_proposal": lambda office: _noted(f"/proposals/{_proposal(office, signed=True)}/orders", {}, note="y"),
    "invoice_proposal": lambda office: _noted(f"/proposals/{_proposal(office, signed=True)}/invoices", {}, note="y"),
    "create_order": lambda office: _noted("/orders", _document(office), note="y"),
    "validate_order": lambda office: Sent(f"/orders/{_order(office)}/validate"),
    "approve_order": lambda office: Sent(f"/orders/{awaiting(office, _order(office))}/approve"),
    "refuse_order": lambda office: _noted(
        f"/orders/{awaiting(office, _order(office))}/refuse", {"reason": "x"}, reason="y"
    ),
    "cancel_order": lambda office: Sent(f"/orders/{_order(office)}/cancel"),
    "close_order": lambda office: Sent(f"/orders/{_closable(office)}/close"),
    "close_order_short": lambda office: _noted(
        f"/orders/{_order(office, validated=True)}/close-short", {"reason": "x"}, reason="y"
    ),
    "reopen_order": lambda office: Sent(f"/orders/{_closed(office)}/reopen"),
    "redraft_order": lambda office: Sent(f"/orders/{_order(office, validated=True)}/redraft"),
    "bill_order": lambda office: Sent(f"/orders/{_closable(office)}/bill"),
    "unbill_order": lambda office: Sent(f"/orders/{_billed(office)}/unbill"),
    "amend_order": lambda office: _noted(f"/orders/{_closable(office)}/amend", {"note": "x"}, note="y")._replace(
        headers={"if_match": '"2"'}
    ),
    "create_shipment": lambda office: _noted(
        f"/orders/{_order(office, validated=True)}/shipments",
        {},
        lines=[{"position": 1, "quantity": "1"}],
    ),
    "validate_shipment": lambda office: Sent(f"/shipments/{_shipment(office)}/validate"),
    "cancel_shipment": lambda office: Sent(f"/shipments/{_validated_shipment(office)}/cancel"),
    "return_shipment": lambda office: _noted(
        f"/shipments/{_validated_shipment(office)}/returns", {"reason": "x"}, reason="y"
    ),
    "create_return": lambda office: _noted("/returns", _free_return(office), reason="y"),
    "validate_return": lambda office: Sent(f"/returns/{_return(office)}/validate"),
    "close_return": lambda office: Sent(f"/returns/{_validated_return(office)}/close"),
    "cancel_return": lambda office: Sent(f"/returns/{_validated_return(office)}/cancel"),
    "create_carrier": lambda _: _noted("/carriers", {"name": "x"}, name="y"),
    "close_shipment": lambda office: Sent(f"/shipments/{_validated_shipment(office)}/close"),
    "create_invoice": lambda office: _noted("/invoices", _document(office), note="y"),
    "invoice_order": lambda office: _noted(f"/orders/{_closable(office)}/invoices", {}, note="y"),
    "validate_invoice": lambda office: Sent(f"/invoices/{_draft_invoice(office)}/validate"),
    "abandon_invoice": lambda office: _noted(
        f"/invoices/{_due(office)}/abandon", {"reason": "abandon"}, reason="badcustomer"
    ),
    "close_invoice": lambda office: _noted(
        f"/invoices/{_due(office)}/close", {"reason": "bankcharge"}, reason="discount_vat"
    ),
    "reopen_invoice": lambda office: Sent(f"/invoices/{_given_up(office)}/reopen"),
    "credit_invoice": lambda office: _noted(f"/invoices/{_due(office)}/credit-notes", {}, note="y"),
    "charge_deposit": lambda office: _noted(f"/orders/{_closable(office)}/deposits", {"amount": "1"}, note="y"),
    "deduct_deposit": _deduction,
    "replace_invoice": lambda office: _noted(f"/invoices/{_due(office)}/replacement", {}, note="y"),
    "invoice_pro_forma": lambda office: _noted(f"/invoices/{_pro_forma(office)}/invoice", {}, note="y"),
    "charge_late_fee": lambda office: _noted(f"/invoices/{_late(office)}/late-fee-invoice", {}, note="y"),
    "create_invoice_template": lambda office: _noted("/invoice-templates", _monthly(office), note="y"),
    "pause_invoice_template": lambda office: Sent(f"/invoice-templates/{template(office)}/pause"),
    "resume_invoice_template": lambda office: Sent(f"/invoice-templates/{_paused(office)}/resume"),
    "run_invoice_template": lambda office: Sent(f"/invoice-templates/{template(office)}/run"),
    "pay_invoice": lambda office: _noted(f"/invoices/{_due(office)}/payments", {"amount": "1"}, amount="2"),
    "create_payment": lambda office: _noted("/payments", _payment(office), method="card"),
    "reverse_payment": lambda office: _noted(f"/payments/{_paid(office)}/reverse", {"reason": "x"}, reason="y"),
    "write_off_invoice": lambda office: _noted(f"/invoices/{_due(office)}/write-off", {}, date="2026-12-01"),
    "create_bank_account": lambda _: _noted("/bank-accounts", OWN_ACCOUNT, label="y"),
    "create_cheque_deposit": lambda office: _noted("/cheque-deposits", _cheques(office), date="2026-12-01"),
    "create_sepa_order": lambda office: _noted(
        "/sepa-orders", debit_of(_own_account(office), _due(office)), date="2026-12-01"
    ),
    "generate_sepa_order": lambda office: Sent(f"/sepa-orders/{_sepa_order(office)}/generate"),
    "settle_sepa_order": lambda office: _noted(f"/sepa-orders/{_generated(office)}/settle", {}, date="2026-12-01"),
    "cancel_sepa_order": lambda office: Sent(f"/sepa-orders/{_sepa_order(office)}/cancel"),
    "send_proposal": lambda office: _noted(
        f"/proposals/{office.proposal([free_line('5')])['id']}/send", TO_SOMEBODY, subject="y"
    ),
    "send_order": lambda office: _noted(f"/orders/{_closable(office)}/send", TO_SOMEBODY, subject="y"),
    "send_shipment": lambda office: _noted(f"/shipments/{_validated_shipment(office)}/send", TO_SOMEBODY, subject="y"),
    "send_statement": lambda office: _noted(
        f"/third-parties/{office.customer()}/statement/send", TO_SOMEBODY, subject="y"
    ),
    "send_invoice": lambda office: _noted(f"/invoices/{_due(office)}/send", TO_SOMEBODY, subject="y"),
    "resend_mail": lambda office: Sent(f"/mails/{_canceled_mail(office)}/resend"),
    "cancel_mail": lambda office: Sent(f"/mails/{_mail(office)}/cancel"),
    "batch_third_parties": lambda _: _batched("/third-parties", {"name": "x", "customer": True}, name="y"),
    "batch_products": lambda _: _batched("/products", _product("T1"), ref="T2"),
    "batch_warehouses": lambda _: _batched("/warehouses", {"ref": "T1", "name": "x"}, ref="T2"),
    "batch_stock_movements": lambda office: _batched("/stock-movements", _move(office), quantity="2"),
    "batch_proposals": lambda office: _batched("/proposals", _document(office), note="y"),
    "batch_orders": lambda office: _batched("/orders", _document(office), note="y"),
    "batch_invoices": lambda office: _batched("/invoices", _document(office), note="y"),
    "batch_payments": lambda office: _batched("/payments", _payment(office), method="card"),
    "cancel_job": lambda office: Sent(f"/jobs/{_job(office)}/cancel"),
    "retry_job": lambda office: Sent(f"/jobs/{_canceled_job(office)}/retry"),
    "create_workflow": lambda _: _noted("/workflows", {"name": "x", "definition": PASS}, name="y"),
    "publish_workflow": lambda office: _noted(f"/workflows/{workflow(office)['id']}/versions", {}, description="y"),
    "roll_back_alias": lambda office: Sent(f"{aliased(office, led_elsewhere=True)}/rollback"),
    "start_execution": lambda office: _noted("/executions", {"workflow": workflow(office)["name"]}, reference="y"),
    "stop_execution": lambda office: _noted(f"/executions/{_execution(office)}/stop", {}, error="y"),
    "redrive_execution": lambda office: Sent(f"/executions/{failed(office)}/redrive"),
    "retry_execution": lambda office: _noted(f"/executions/{failed(office)}/retry", {"state": "A"}, input="y"),
    "migrate_execution": lambda office: _noted(f"/executions/{_published_run(office)}/migrate", {}, version=1),
    "tell_execution": lambda office: _noted(f"/executions/{_execution(office)}/messages", {"key": "k"}, value="y"),
    "send_message": lambda _: _noted("/messages", {"key": "k"}, value="y"),
    "create_role": lambda _: _noted("/roles", {"name": "x", "rights": ["orders.read"]}, name="y"),
    "revoke_api_key": lambda office: Sent(f"/api-keys/{_key(office)}/revoke"),
    "revoke_aws_credential": lambda office: Sent(f"/aws-credentials/{_credential(office)}/revoke"),
    "define_custom_field": lambda _: _noted("/custom-fields", _FIELD, name="width"),
    "merge_third_party": lambda office: _noted(
        f"/third-parties/{office.customer()}/merge", {"into": office.customer()}, into=office.customer()
    ),
    "create_payment_terms": lambda _: _noted("/payment-terms", TERMS, name="y"),
    "add_contact": lambda office: _noted(f"/third-parties/{office.customer()}/contacts", {"name": "x"}, name="y"),
    "add_third_party_address": lambda office: _noted(
        f"/third-parties/{office.customer()}/addresses", {"label": "x", "kind": "other"}, label="y"
    ),
    "add_third_party_bank_account": lambda office: _noted(
        f"/third-parties/{office.customer()}/bank-accounts", ACCOUNT, holder="y"
    ),
    "anonymise_third_party": lambda office: Sent(f"/third-parties/{office.customer()}/anonymise"),
    **{f"attach_to_{kind.aggregate}": partial(_attached, kind) for kind in ObjectKind},
}
"""By endpoint: what makes its object ready and gives a request that succeeds once."""


class Changeable(NamedTuple):
    """An object that may be changed: its path, and a new value for each field that may be, with how it reads back.

    ``first`` is what must be so before a field can be changed; ``nullable`` are the fields that null empties, and
    ``empty`` says how they read then, when not as null.
    """

    path: str
    values: dict[str, Any]
    shown: dict[str, Any]
    nullable: frozenset[str] = frozenset()
    first: Mapping[str, dict[str, Any]] = MappingProxyType({})
    empty: Mapping[str, Any] = MappingProxyType({})

    @property
    def easy(self) -> dict[str, Any]:
        """A change of one field."""
        names = (
            "note",
            "name",
            "label",
            "holder",
            "payment_days",
            "rate",
            "min_quantity",
            "code",
            "minimum",
            "method",
            "definition",
        )
        field = next(name for name in names if name in self.values)
        return {field: self.values[field]}


def _with_custom(office: Office, kind: ObjectKind, given: Changeable) -> Changeable:
    """Add a custom field to what may be changed about an object of ``kind``."""
    if not office.items(f"/custom-fields?kind={kind}"):
        office.make("/custom-fields", {**_FIELD, "kind": kind})
    values = {**given.values, "custom": {"size": 7}}
    return given._replace(values=values, nullable=given.nullable | {"custom"}, empty={"custom": {}})


def _party(office: Office) -> Changeable:
    values = {
        "name": "New name",
        "customer": True,
        "supplier": True,
        "customer_code": "NC-1",
        "supplier_code": "NS-1",
        "email": "new@example.com",
        "phone": "+33 1 00 00 00 00",
        "tax_id": "FR40303265045",
        "locale": "fr",
        "address": {"city": "Lyon"},
        "payment_days": 10,
        "price_list_id": price_list(office),
        "payment_terms_id": office.make("/payment-terms", {**TERMS, "name": _named_anew(office)})["id"],
        "credit_limit": "1000.5",
        "representative_ids": [office.get("/me")["user"]],
        "archived": True,
    }
    body = {"name": "x", "supplier": True, "address": {"street": "s", "country": "FR"}}
    address = {"street": "s", "postal_code": "", "city": "Lyon", "region": "", "country": "FR"}
    made = office.make("/third-parties", body)
    given = Changeable(
        f"/third-parties/{made['id']}",
        values,
        {"address": address},
        frozenset(
            {"email", "phone", "tax_id", "locale", "payment_days", "price_list_id", "payment_terms_id", "credit_limit"}
        ),
        {
            "customer_code": {"customer": True},
            "supplier": {"customer": True, "supplier": False, "supplier_code": None},
        },
    )
    return _with_custom(office, ObjectKind.THIRD_PARTIES, given)


def _terms(office: Office) -> Changeable:
    made = office.make("/payment-terms", {**TERMS, "name": _named_anew(office)})
    return Changeable(f"/payment-terms/{made['id']}", {"name": _named_anew(office), "archived": True}, {})


def _contact(office: Office) -> Changeable:
    made = office.make(f"/third-parties/{office.customer()}/contacts", {"name": "x"})
    values = {
        "name": "New name",
        "job": "New job",
        "email": "new@example.com",
        "phone": "+33 1",
        "active": False,
        "roles": ["sales"],
    }
    return Changeable(f"/contacts/{made['id']}", values, {}, frozenset({"email", "phone"}))


def _address(office: Office) -> Changeable:
    path = f"/third-parties/{office.customer()}/addresses"
    made = office.make(path, {"label": "x", "kind": "other", "address": {"street": "s"}})
    values = {"label": "New label", "kind": "billing", "preferred": True, "address": {"city": "Lyon"}}
    address = {"street": "s", "postal_code": "", "city": "Lyon", "region": "", "country": ""}
    empty = dict.fromkeys(address, "")
    return Changeable(
        f"{path}/{made['id']}", values, {"address": address}, frozenset({"address"}), empty={"address": empty}
    )


def _account(office: Office) -> Changeable:
    path = f"/third-parties/{office.customer()}/bank-accounts"
    made = office.make(path, {**ACCOUNT, "mandate_ref": "M1", "mandate_date": "2026-01-01"})
    values = {
        "holder": "New holder",
        "iban": "FR1420041010050500013M02606",
        "bic": "DEUTDEFFXXX",
        "preferred": True,
        "mandate_ref": "M2",
        "mandate_date": "2026-02-02",
    }
    return Changeable(f"{path}/{made['id']}", values, {})


def _catalogued(office: Office) -> Changeable:
    if not office.items("/vat-rates?category=reduced"):
        vat_rate(office, "reduced", "5.5")
    values = {
        "ref": "NEW",
        "name": "New name",
        "description": "New text",
        "kind": "service",
        "unit_price": "77.5",
        "cost_price": "5",
        "gross_unit_price": "99.9",
        "vat_rate": "5.5",
        "vat_category": "reduced",
        "unit": unit(office),
        "archived": True,
        "tracking": "serial",
    }
    given = Changeable(f"/products/{office.product()}", values, {}, frozenset({"unit", "gross_unit_price"}))
    return _with_custom(office, ObjectKind.PRODUCTS, given)


def _place(office: Office) -> Changeable:
    values = {"ref": "NEW", "name": "New name", "allow_negative": True, "archived": True}
    return _with_custom(office, ObjectKind.WAREHOUSES, Changeable(f"/warehouses/{office.warehouse()}", values, {}))


def _known_lot(office: Office) -> Changeable:
    made = office.make("/lots", _lot(office))
    values = {"code": "NEW", "expires_on": "2027-02-03", "made_on": "2026-01-02", "blocked": True}
    return Changeable(f"/lots/{made['id']}", values, {}, frozenset({"expires_on", "made_on"}))


def _inside(office: Office) -> Changeable:
    values = {"code": "NEW", "name": "New name", "parent_id": _location(office), "archived": True}
    return Changeable(f"/locations/{_location(office)}", values, {}, frozenset({"parent_id"}))


def _least(office: Office) -> Changeable:
    made = office.make("/stock-rules", {**_rule(office), "desired": "9"})
    return Changeable(f"/stock-rules/{made['id']}", {"minimum": "3", "desired": "7"}, {})


def _draft_proposal(office: Office) -> Changeable:
    proposal = office.proposal([free_line("1")], validated=False, currency="USD", rate="2")
    values = {
        "party_id": office.customer(),
        "date": "2026-01-02",
        "valid_until": "2027-02-03",
        "currency": "USD",
        "rate": "3.5",
        "external_ref": "EXT",
        "note": "New note",
        "lines": [free_line("5"), {**free_line("6"), "optional": True}],
    }
    given = Changeable(f"/proposals/{proposal['id']}", values, {}, frozenset({"external_ref"}))
    return _with_custom(office, ObjectKind.PROPOSALS, given)


def _draft_order(office: Office) -> Changeable:
    order = office.order([free_line("1")], validated=False, currency="USD", rate="2")
    values = {
        "party_id": office.customer(),
        "date": "2026-01-02",
        "delivery_date": "2027-02-03",
        "currency": "USD",
        "rate": "3.5",
        "external_ref": "EXT",
        "note": "New note",
        "lines": [free_line("5"), free_line("6")],
    }
    given = Changeable(f"/orders/{order['id']}", values, {}, frozenset({"delivery_date", "external_ref"}))
    return _with_custom(office, ObjectKind.ORDERS, given)


def _draft_of_invoice(office: Office) -> Changeable:
    values = {"date": "2026-01-02", "due_date": "2027-02-03", "note": "New note", "lines": [free_line("5")]}
    return _with_custom(office, ObjectKind.INVOICES, Changeable(f"/invoices/{_draft_invoice(office)}", values, {}))


def _draft_shipment(office: Office) -> Changeable:
    order = office.order([{"product_id": office.product("9"), "quantity": "5"}])
    made = office.make(f"/orders/{order['id']}/shipments", {"lines": [{"position": 1, "quantity": "1"}]})
    place = office.warehouse()
    address = {"street": "s", "postal_code": "1", "city": "Lyon", "region": "", "country": "FR"}
    parcel = {"weight": "2", "length": "3", "width": "4", "height": "5", "tracking_number": "T"}
    line = {"position": 1, "order_position": 1, "product_id": made["lines"][0]["product_id"], "returned": "0"}
    values = {
        "warehouse_id": place,
        "date": "2026-01-02",
        "lines": [{"position": 1, "quantity": "2", "warehouse_id": place}],
        "delivery_address": address,
        "carrier_id": office.make("/carriers", {"name": _named_anew(office)})["id"],
        "method": "express",
        "parcels": [{**parcel, "contents": [{"position": 1, "quantity": "1"}]}],
    }
    shown = {
        "lines": [{**line, "quantity": "2", "warehouse_id": place}],
        "parcels": [{**values["parcels"][0], "position": 1, "tracking_url": None}],
    }
    nullable = frozenset({"delivery_address", "carrier_id"})
    return _with_custom(office, ObjectKind.SHIPMENTS, Changeable(f"/shipments/{made['id']}", values, shown, nullable))


def _carrier(office: Office) -> Changeable:
    values = {"name": _named_anew(office), "tracking_url": "https://x.example/{tracking}", "archived": True}
    return Changeable(f"/carriers/{office.make('/carriers', {'name': _named_anew(office)})['id']}", values, {})


def _template(office: Office) -> Changeable:
    lines = [free_line("5")]
    values = {
        "label": "New",
        "note": "New note",
        "until": "2030-01-01",
        "count": 9,
        "auto_validate": True,
        "lines": lines,
    }
    return Changeable(f"/invoice-templates/{template(office)}", values, {}, frozenset({"until", "count"}))


def _own_key(office: Office) -> Changeable:
    return Changeable(f"/api-keys/{_key(office)}", {"name": "New name"}, {})


def _named_anew(office: Office) -> str:
    return f"N{next(office._refs)}"


def _colleague(office: Office) -> Changeable:
    role = office.make("/roles", {"name": _named_anew(office), "rights": []})["id"]
    email = f"{_named_anew(office)}-{office.company}@example.com"
    user = office.make("/users", {"email": email, "name": "Bob", "role_ids": []})
    values = {"name": "New name", "locale": "fr", "active": False, "role_ids": [role]}
    return Changeable(f"/users/{user['id']}", values, {})


def _role(office: Office) -> Changeable:
    made = office.make("/roles", {"name": _named_anew(office), "rights": ["orders.read"]})
    values = {"name": _named_anew(office), "rights": ["invoices.read", "orders.write"]}
    return Changeable(f"/roles/{made['id']}", values, {})


def _company(_: Office) -> Changeable:
    return Changeable("/company", {"name": "New name", "country": "DE"}, {})


def _settings(office: Office) -> Changeable:
    masks = office.get("/company/settings")["masks"]
    mask = {"pattern": "NEW{yy}-{0000}", "reset": "year"}
    values = {
        "zone": "Asia/Tokyo",
        "currency": "JPY",
        "vat_mode": "per_line",
        "masks": {"invoice": mask},
        "late_date": "today",
        "payment_days": 10,
        "proposal_days": 11,
        "default_warehouse_id": office.warehouse(),
        "allow_backorder": False,
        "late_fee_percent": "8.5",
        "late_fee_fixed": "40",
        "approval_above": "40",
        "mail_from": "sales@acme.example",
        "mail_name": "Acme",
        "mail_reply_to": "answers@acme.example",
        "notify": ["order.validated"],
        "letterhead": {"city": "Lyon", "footer": ["Acme", "Lyon"]},
    }
    head = {**office.get("/company/settings")["letterhead"], "city": "Lyon", "footer": ["Acme", "Lyon"]}
    nullable = frozenset({"default_warehouse_id", "approval_above"})
    return Changeable("/company/settings", values, {"masks": {**masks, "invoice": mask}, "letterhead": head}, nullable)


def _custom_field(office: Office) -> Changeable:
    body = {"kind": "orders", "name": f"f{next(office._refs)}", "label": "x", "type": "choice"}
    made = office.make("/custom-fields", {**body, "choices": ["red", "blue"]})
    values = {
        "label": "New label",
        "choices": ["red", "green"],
        "required": True,
        "default": "blue",
        "position": 3,
        "archived": True,
    }
    return Changeable(f"/custom-fields/{made['id']}", values, {}, frozenset({"default"}))


def _execution(office: Office) -> str:
    return started(office, workflow(office)["name"])


def _published_run(office: Office) -> str:
    return started(office, workflow(office, publish=True)["name"])


def _workflow(office: Office) -> Changeable:
    return Changeable(f"/workflows/{workflow(office)['id']}", {"definition": OTHER}, {})


CHANGES: Final[Mapping[str, Callable[[Office], Changeable]]] = {
    "change_third_party": _party,
    "change_payment_terms": _terms,
    "change_contact": _contact,
    "change_third_party_address": _address,
    "change_third_party_bank_account": _account,
    "change_product": _catalogued,
    **{
        f"change_{noun}": partial(_changed_record, KINDS[kind])
        for noun, kind in {**dict(zip(KINDS, KINDS, strict=True)), "price": "party_price"}.items()
        if noun not in {"list_price", "party_price"}
    },
    "change_warehouse": _place,
    "change_lot": _known_lot,
    "change_location": _inside,
    "change_stock_rule": _least,
    "change_proposal": _draft_proposal,
    "change_order": _draft_order,
    "change_shipment": _draft_shipment,
    "change_carrier": _carrier,
    "change_invoice": _draft_of_invoice,
    "change_invoice_template": _template,
    "change_bank_account": _changed_account,
    "change_api_key": _own_key,
    "change_user": _colleague,
    "change_role": _role,
    "change_company": _company,
    "change_settings": _settings,
    "change_custom_field": _custom_field,
    "change_workflow": _workflow,
}
"""By endpoint: an object to change, and what may be changed about it."""
