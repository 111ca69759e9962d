"""What is done with orders over HTTP after they were validated."""

from __future__ import annotations

from typing import Any

from tests.support.office import Office, Reply


def ship(office: Office, order: int, wanted: str) -> None:
    """Ship so much of the first line."""
    body = {"lines": [{"position": 1, "quantity": wanted}]}
    shipment = office.make(f"/orders/{order}/shipments", body)["id"]
    office.act(f"/shipments/{shipment}/validate")


def invoice(office: Office, order: int, wanted: str | None = None) -> None:
    """Invoice so much of the first line, or all that is left."""
    body = {} if wanted is None else {"lines": [{"position": 1, "quantity": wanted}]}
    made = office.make(f"/orders/{order}/invoices", body)["id"]
    office.act(f"/invoices/{made}/validate")


def amend(office: Office, order: dict[str, Any], body: dict[str, Any]) -> Reply:
    """Amend an order as it was seen."""
    return office.post(f"/orders/{order['id']}/amend", body, if_match=f'"{order["version"]}"')


def events(office: Office, order: int) -> list[str]:
    """Give what was told of an order, oldest first."""
    office.served.container.dispatch()
    return [one["event"] for one in office.items(f"/orders/{order}/audit?limit=100")][::-1]
