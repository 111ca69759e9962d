"""One good request for every route that posts and every route that changes, for tests generated from the routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tests.support.office import Office, free_line


class Sent(NamedTuple):
    """A good request: where, with what body, and what other body would be as good; None where there is no body."""

    path: str
    body: Any = None
    other: Any = None


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
}
"""By endpoint: what makes its object ready and gives a request that succeeds once."""


class Changeable(NamedTuple):
    """An object that may be changed: its path, and a new value for each field that may be, with how it reads back.

    ``first`` is what must be so before a field can be changed.
    """

    path: str
    values: dict[str, Any]
    shown: dict[str, Any]
    nullable: frozenset[str] = frozenset()
    first: Mapping[str, dict[str, Any]] = MappingProxyType({})


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
    return Changeable(
        f"/third-parties/{made['id']}",
        values,
        {"address": address},
        frozenset({"email", "phone", "tax_id", "payment_days"}),
        {
            "customer_code": {"customer": True},
            "supplier": {"customer": True, "supplier": False, "supplier_code": None},
        },
    )


def _catalogued(office: Office) -> Changeable:
    values = {
        "ref": "NEW",
        "name": "New name",
        "description": "New text",
        "kind": "service",
        "stocked": False,
        "unit_price": "77.5",
        "cost_price": "5",
        "vat_rate": "5.5",
        "archived": True,
        "unit": "kg",
    }
    return Changeable(f"/products/{office.product()}", values, {})


def _place(office: Office) -> Changeable:
    values = {"ref": "NEW", "name": "New name", "allow_negative": True, "archived": True}
    return Changeable(f"/warehouses/{office.warehouse()}", values, {})


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
    return Changeable(f"/orders/{order['id']}", values, {}, frozenset({"delivery_date", "external_ref"}))


def _draft_of_invoice(office: Office) -> Changeable:
    values = {"date": "2026-01-02", "due_date": "2027-02-03", "note": "New note", "lines": [free_line("5")]}
    return Changeable(f"/invoices/{_draft_invoice(office)}", values, {})


CHANGES: Final[Mapping[str, Callable[[Office], Changeable]]] = {
    "change_third_party": _party,
    "change_product": _catalogued,
    "change_warehouse": _place,
    "change_order": _draft_order,
    "change_invoice": _draft_of_invoice,
}
"""By endpoint: an object to change, and what may be changed about it."""
