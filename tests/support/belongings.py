"""One object of each kind that a company can own, and the paths of endpoints filled with their ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

from PIL import Image

from app.domain.jobs import NewJob
from tests.support.catalogue import ids
from tests.support.credits import OWN_ACCOUNT, debit_of
from tests.support.jobs import asked
from tests.support.office import Office
from tests.support.posts import ACCOUNT, TERMS, template
from tests.support.workflows import aliased, started

MISSING: Final = 999_999_999
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def picture() -> bytes:
    """Give a small picture."""
    made = BytesIO()
    Image.new("RGB", (4, 4), "navy").save(made, "PNG")
    return made.getvalue()


def belongings(office: Office) -> dict[str, Any]:
    """Enter one object of each kind; give their ids by the names that paths give them."""
    product = office.product("5")
    proposal = office.proposal([{"product_id": product, "quantity": "1"}])
    order = office.order([{"product_id": product, "quantity": "1"}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    party = order["party_id"]
    lines = [{"product_id": product, "quantity": "1"}]
    back = office.make("/returns", {"party_id": party, "reason": "x", "lines": lines})
    carrier = office.make("/carriers", {"name": "Rapid"})
    invoice = office.invoice("10")
    payment = office.make(f"/invoices/{invoice['id']}/payments", {"amount": "1", "method": "cash"})
    place = office.items("/warehouses")[0]
    kept = _kept(office, place["id"])
    key = office.make("/api-keys", {"name": "k", "scopes": ["orders.read"]})
    credential = office.make("/aws-credentials", {"name": "k", "scopes": ["workflows.read"]})
    (session,) = office.items("/me/sessions")
    role = office.make("/roles", {"name": "theirs", "rights": []})["id"]
    user = office.make("/users", {"email": f"theirs{office.company}@example.com", "name": "T", "role_ids": [role]})
    field = office.make("/custom-fields", {"kind": "orders", "name": "size", "label": "Size", "type": "integer"})
    party = order["party_id"]
    terms = office.make("/payment-terms", TERMS)
    contact = office.make(f"/third-parties/{party}/contacts", {"name": "x"})
    address = office.make(f"/third-parties/{party}/addresses", {"label": "x", "kind": "other"})
    account = office.make(f"/third-parties/{party}/bank-accounts", ACCOUNT)
    own = office.make("/bank-accounts", {**OWN_ACCOUNT, "label": "Theirs"})["id"]
    cheque = office.make(f"/invoices/{office.invoice('3')['id']}/payments", {"method": "cheque"})["id"]
    deposit = office.make("/cheque-deposits", {"account_id": own, "payments": [cheque]})["id"]
    sepa = office.make("/sepa-orders", debit_of(own, office.invoice("4")["id"]))["id"]
    office.act(f"/sepa-orders/{sepa}/generate")
    mail = office.make(f"/orders/{order['id']}/send", {"to": ["them@client.example"]})["id"]
    seen = office.get("/company/settings")["version"]
    office.upload("/company/logo", picture(), "logo.png", "image/png", verb="PUT", if_match=f'"{seen}"')
    owners = {
        "third-parties": order["party_id"],
        "products": product,
        "warehouses": place["id"],
        "proposals": proposal["id"],
        "orders": order["id"],
        "shipments": shipment["id"],
        "invoices": invoice["id"],
        "payments": payment["id"],
    }
    files = {kind: office.upload(f"/{kind}/{owner}/attachments", b"proof")["id"] for kind, owner in owners.items()}
    workflow = int(aliased(office, led_elsewhere=True).split("/")[2])
    office.served.container.dispatch()
    return {
        "workflow_id": workflow,
        "execution_id": started(office, office.get(f"/workflows/{workflow}")["name"], reference="orders/7"),
        "number": 1,
        "alias": "live",
        "kind": "orders",
        "object_id": order["id"],
        **kept,
        "field_id": field["id"],
        "attachment_id": files["orders"],
        **{f"{kind}/attachment_id": file for kind, file in files.items()},
        "key_id": key["id"],
        "credential_id": credential["id"],
        "session_id": session["id"],
        "user_id": user["id"],
        "role_id": role,
        **ids(office, product, party),
        "party_id": party,
        "terms_id": terms["id"],
        "payment_terms_id": terms["id"],
        "contact_id": contact["id"],
        "address_id": address["id"],
        "account_id": account["id"],
        "product_id": product,
        "warehouse_id": place["id"],
        "proposal_id": proposal["id"],
        "order_id": order["id"],
        "shipment_id": shipment["id"],
        "return_id": back["id"],
        "carrier_id": carrier["id"],
        "invoice_id": invoice["id"],
        "template_id": template(office, party_id=order["party_id"]),
        "payment_id": payment["id"],
        "bank_account_id": own,
        "deposit_id": deposit,
        "sepa_order_id": sepa,
        "mail_id": mail,
        "job_id": asked(office, NewJob(kind="belonging"))[0],
    }


def _kept(office: Office, place: int) -> dict[str, Any]:
    """Enter what there is of stock beside movements."""
    milk, bread = office.product(tracking="lot"), office.product("3")
    body = {"kind": "receive", "product_id": milk, "quantity": "1", "lots": [{"code": "L1", "quantity": "1"}]}
    lot = office.act("/stock-movements", body)["lots"][0]["lot_id"]
    location = office.make(f"/warehouses/{place}/locations", {"code": "A"})["id"]
    office.act(f"/locations/{location}/products", {"product_ids": [bread]})
    inventory = office.make("/inventories", {"product_ids": [bread]})["id"]
    office.act(f"/inventories/{inventory}/open")
    office.act(f"/inventories/{inventory}/counts", {"lines": [{"product_id": bread, "quantity": "3"}]})
    lines = [{"product_id": bread, "quantity": "1"}]
    ways = {"from_warehouse_id": place, "to_warehouse_id": office.warehouse()}
    return {
        "lot_id": lot,
        "location_id": location,
        "rule_id": office.make("/stock-rules", {"product_id": bread, "minimum": "1", "desired": "2"})["id"],
        "transfer_id": office.make("/stock-transfers", {**ways, "lines": lines})["id"],
        "inventory_id": inventory,
    }


def filled(path: str, value: Callable[[str], Any]) -> str:
    """Give ``path`` with each of its parameters replaced by what ``value`` gives for its name.

    Each kind of object has attachments of its own: theirs are asked for as ``orders/attachment_id``.
    """
    noun = path.split("/")[3]

    def one(found: re.Match[str]) -> str:
        return str(value(f"{noun}/{found[1]}" if found[1] == "attachment_id" else found[1]))

    return _PARAMETER.sub(one, path)


_IDS: Final = re.compile(r"(?<=/)[0-9]+(?![0-9a-z-])|(?<=/executions/)[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/aliases/)[^/]+")


def plain(told: str, path: str) -> str:
    """Give ``told`` with the ids of ``path`` replaced by one word, so that answers about two objects compare."""
    wanted = "|".join(sorted(set(_IDS.findall(path)), reverse=True))
    return re.sub(rf"\b(?:{wanted})\b", "ID", told) if wanted else told
