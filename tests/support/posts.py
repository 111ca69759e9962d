"""One good request for every route that posts and every route that changes, for tests generated from the routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.domain.shared.objects import ObjectKind
from tests.support.office import Office, Reply, free_line


class Sent(NamedTuple):
    """A good request: where, with what body, and what other body would be as good; None where there is no body.

    A body of bytes is a file.
    """

    path: str
    body: Any = None
    other: Any = None


def post(office: Office, path: str, body: Any, **headers: str) -> Reply:
    """Send a body as ``Sent`` has them."""
    if isinstance(body, bytes):
        return office.upload(path, body, **headers)
    return office.post(path, body, **headers)


def _order(office: Office, *, validated: bool = False) -> int:
    return int(office.order([{"product_id": office.product("9"), "quantity": "1"}], validated=validated)["id"])


def _shipment(office: Office) -> int:
    return int(office.make(f"/orders/{_order(office, validated=True)}/shipments", {})["id"])


def _validated_shipment(office: Office) -> int:
    shipment = _shipment(office)
    office.act(f"/shipments/{shipment}/validate")
    return shipment


def _closable(office: Office) -> int:
    return int(office.order([free_line("1")])["id"])


def _due(office: Office) -> int:
    return int(office.invoice("100")["id"])


def _paid(office: Office) -> int:
    return int(office.make(f"/invoices/{_due(office)}/payments", {"amount": "1"})["id"])


def _draft_invoice(office: Office) -> int:
    return int(office.invoice("100", validated=False)["id"])


def _document(office: Office) -> dict[str, Any]:
    return {"party_id": office.customer(), "lines": [free_line("1")]}


def _product(ref: str) -> dict[str, Any]:
    return {"ref": ref, "name": "x", "unit_price": "1", "vat_rate": "20"}


def _move(office: Office) -> dict[str, Any]:
    return {"kind": "receive", "product_id": office.product(), "quantity": "1"}


def _payment(office: Office) -> dict[str, Any]:
    return {"method": "cash", "allocations": [{"invoice_id": _due(office), "amount": "1"}]}


def _noted(path: str, body: dict[str, Any], **changes: Any) -> Sent:
    return Sent(path, body, {**body, **changes})


def _batched(path: str, body: dict[str, Any], **changes: Any) -> Sent:
    return Sent(f"{path}:batch", {"items": [body]}, {"items": [{**body, **changes}]})


def _key(office: Office) -> int:
    return int(office.make("/api-keys", {"name": "k", "scopes": ["orders.read"]})["id"])


def _attached(kind: ObjectKind, office: Office) -> Sent:
    return Sent(f"/{kind}/{OBJECTS[kind](office)}/attachments", b"proof", b"other proof")


_FIELD: Final = {"kind": "products", "name": "size", "label": "Size", "type": "integer"}
OBJECTS: Final[Mapping[ObjectKind, Callable[[Office], int]]] = {
    ObjectKind.THIRD_PARTIES: Office.customer,
    ObjectKind.PRODUCTS: Office.product,
    ObjectKind.WAREHOUSES: Office.warehouse,
    ObjectKind.ORDERS: _order,
    ObjectKind.SHIPMENTS: _shipment,
    ObjectKind.INVOICES: _due,
    ObjectKind.PAYMENTS: _paid,
}
"""By kind: what enters an object and gives its id."""

POSTS: Final[Mapping[str, Callable[[Office], Sent]]] = {
    "create_third_party": lambda _: _noted("/third-parties", {"name": "x", "customer": True}, name="y"),
    "create_product": lambda _: _noted("/products", _product("T1"), ref="T2"),
    "create_warehouse": lambda _: _noted("/warehouses", {"ref": "T1", "name": "x"}, ref="T2"),
    "move_stock": lambda office: _noted("/stock-movements", _move(office), quantity="2"),
    "create_order": lambda office: _noted("/orders", _document(office), note="y"),
    "validate_order": lambda office: Sent(f"/orders/{_order(office)}/validate"),
    "cancel_order": lambda office: Sent(f"/orders/{_order(office)}/cancel"),
    "close_order": lambda office: Sent(f"/orders/{_closable(office)}/close"),
    "create_shipment": lambda office: _noted(
        f"/orders/{_order(office, validated=True)}/shipments",
        {},
        lines=[{"position": 1, "quantity": "1"}],
    ),
    "validate_shipment": lambda office: Sent(f"/shipments/{_shipment(office)}/validate"),
    "close_shipment": lambda office: Sent(f"/shipments/{_validated_shipment(office)}/close"),
    "create_invoice": lambda office: _noted("/invoices", _document(office), note="y"),
    "invoice_order": lambda office: _noted(f"/orders/{_closable(office)}/invoices", {}, note="y"),
    "validate_invoice": lambda office: Sent(f"/invoices/{_draft_invoice(office)}/validate"),
    "abandon_invoice": lambda office: _noted(
        f"/invoices/{_due(office)}/abandon", {"reason": "abandon"}, reason="badcustomer"
    ),
    "pay_invoice": lambda office: _noted(f"/invoices/{_due(office)}/payments", {"amount": "1"}, amount="2"),
    "create_payment": lambda office: _noted("/payments", _payment(office), method="card"),
    "batch_third_parties": lambda _: _batched("/third-parties", {"name": "x", "customer": True}, name="y"),
    "batch_products": lambda _: _batched("/products", _product("T1"), ref="T2"),
    "batch_warehouses": lambda _: _batched("/warehouses", {"ref": "T1", "name": "x"}, ref="T2"),
    "batch_stock_movements": lambda office: _batched("/stock-movements", _move(office), quantity="2"),
    "batch_orders": lambda office: _batched("/orders", _document(office), note="y"),
    "batch_invoices": lambda office: _batched("/invoices", _document(office), note="y"),
    "batch_payments": lambda office: _batched("/payments", _payment(office), method="card"),
    "create_role": lambda _: _noted("/roles", {"name": "x", "rights": ["orders.read"]}, name="y"),
    "revoke_api_key": lambda office: Sent(f"/api-keys/{_key(office)}/revoke"),
    "define_custom_field": lambda _: _noted("/custom-fields", _FIELD, name="width"),
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
        field = next(name for name in ("note", "name", "label", "payment_days") if name in self.values)
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
        "tax_id": "FR99",
        "address": {"city": "Lyon"},
        "payment_days": 10,
        "archived": True,
    }
    body = {"name": "x", "supplier": True, "address": {"street": "s", "country": "FR"}}
    address = {"street": "s", "postal_code": "", "city": "Lyon", "region": "", "country": "FR"}
    made = office.make("/third-parties", body)
    given = Changeable(
        f"/third-parties/{made['id']}",
        values,
        {"address": address},
        frozenset({"email", "phone", "tax_id", "payment_days"}),
        {
            "customer_code": {"customer": True},
            "supplier": {"customer": True, "supplier": False, "supplier_code": None},
        },
    )
    return _with_custom(office, ObjectKind.THIRD_PARTIES, given)


def _catalogued(office: Office) -> Changeable:
    values = {
        "ref": "NEW",
        "name": "New name",
        "description": "New text",
        "kind": "service",
        "unit_price": "77.5",
        "cost_price": "5",
        "vat_rate": "5.5",
        "archived": True,
    }
    return _with_custom(office, ObjectKind.PRODUCTS, Changeable(f"/products/{office.product()}", values, {}))


def _place(office: Office) -> Changeable:
    values = {"ref": "NEW", "name": "New name", "allow_negative": True, "archived": True}
    return _with_custom(office, ObjectKind.WAREHOUSES, Changeable(f"/warehouses/{office.warehouse()}", values, {}))


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
        "default_warehouse_id": office.warehouse(),
    }
    nullable = frozenset({"default_warehouse_id"})
    return Changeable("/company/settings", values, {"masks": {**masks, "invoice": mask}}, nullable)


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


CHANGES: Final[Mapping[str, Callable[[Office], Changeable]]] = {
    "change_third_party": _party,
    "change_product": _catalogued,
    "change_warehouse": _place,
    "change_order": _draft_order,
    "change_invoice": _draft_of_invoice,
    "change_api_key": _own_key,
    "change_user": _colleague,
    "change_role": _role,
    "change_company": _company,
    "change_settings": _settings,
    "change_custom_field": _custom_field,
}
"""By endpoint: an object to change, and what may be changed about it."""
