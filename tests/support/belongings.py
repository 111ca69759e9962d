"""One object of each kind that a company can own, and the paths of endpoints filled with their ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from tests.support.office import Office

MISSING: Final = 999_999_999
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def belongings(office: Office) -> dict[str, Any]:
    """Enter one object of each kind; give their ids by the names that paths give them."""
    product = office.product("5")
    order = office.order([{"product_id": product, "quantity": "1"}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    invoice = office.invoice("10")
    payment = office.make(f"/invoices/{invoice['id']}/payments", {"amount": "1", "method": "cash"})
    place = office.items("/warehouses")[0]
    key = office.make("/api-keys", {"name": "k", "scopes": ["orders.read"]})
    (session,) = office.items("/me/sessions")
    role = office.make("/roles", {"name": "theirs", "rights": []})["id"]
    user = office.make("/users", {"email": f"theirs{office.company}@example.com", "name": "T", "role_ids": [role]})
    field = office.make("/custom-fields", {"kind": "orders", "name": "size", "label": "Size", "type": "integer"})
    owners = {
        "third-parties": order["party_id"],
        "products": product,
        "warehouses": place["id"],
        "orders": order["id"],
        "shipments": shipment["id"],
        "invoices": invoice["id"],
        "payments": payment["id"],
    }
    files = {kind: office.upload(f"/{kind}/{owner}/attachments", b"proof")["id"] for kind, owner in owners.items()}
    office.served.container.dispatch()
    return {
        "kind": "orders",
        "object_id": order["id"],
        "field_id": field["id"],
        "attachment_id": files["orders"],
        **{f"{kind}/attachment_id": file for kind, file in files.items()},
        "key_id": key["id"],
        "session_id": session["id"],
        "user_id": user["id"],
        "role_id": role,
        "party_id": order["party_id"],
        "product_id": product,
        "warehouse_id": place["id"],
        "order_id": order["id"],
        "shipment_id": shipment["id"],
        "invoice_id": invoice["id"],
        "payment_id": payment["id"],
    }


def filled(path: str, value: Callable[[str], Any]) -> str:
    """Give ``path`` with each of its parameters replaced by what ``value`` gives for its name.

    Each kind of object has attachments of its own: theirs are asked for as ``orders/attachment_id``.
    """
    noun = path.split("/")[3]

    def one(found: re.Match[str]) -> str:
        return str(value(f"{noun}/{found[1]}" if found[1] == "attachment_id" else found[1]))

    return _PARAMETER.sub(one, path)


def plain(told: str, path: str) -> str:
    """Give ``told`` with the ids of ``path`` replaced by one word, so that answers about two objects compare."""
    wanted = "|".join(sorted(set(re.findall(r"(?<=/)[0-9]+", path)), reverse=True))
    return re.sub(rf"\b(?:{wanted})\b", "ID", told) if wanted else told
