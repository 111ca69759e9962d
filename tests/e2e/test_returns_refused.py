"""What is refused of shipments and returns, where it says so, and that nothing of it is kept (ERP-07, ERP-13)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.domain.shared.rights import Right
from tests.e2e.test_returns_stock import came, here, ordered, sent
from tests.e2e.test_shipping import CARRIER
from tests.support.office import ON_SQLITE, Office

pytestmark = [pytest.mark.fast, ON_SQLITE]

WRITER: Final = frozenset({Right.RETURNS_READ, Right.RETURNS_WRITE, Right.SHIPMENTS_READ, Right.SHIPMENTS_WRITE})


def shut(office: Office, place: int) -> None:
    """Archive a warehouse."""
    version = office.get(f"/warehouses/{place}")["version"]
    assert office.patch(f"/warehouses/{place}", {"archived": True}, version).status == 200


def shipment_of(office: Office, much: str = "3") -> dict[str, Any]:
    return sent(office, ordered(office, office.product("9"), much))


@pytest.mark.parametrize(
    ("body", "refusal", "pointers"),
    [
        ({"lines": [{"position": 2, "quantity": "1"}]}, (422, "unknown_reference"), ["/lines/0/position"]),
        ({"lines": [{"position": 1, "quantity": "4"}]}, (409, "shipping.over_returned"), []),
        (
            {"lines": [{"position": 1, "quantity": "-1"}]},
            (422, "shipping.returned_not_positive"),
            ["/lines/0/quantity"],
        ),
        (
            {"lines": [{"position": 1, "quantity": "-2"}, {"position": 1, "quantity": "5"}]},
            (422, "shipping.returned_not_positive"),
            ["/lines/0/quantity"],
        ),
        (
            {"lines": [{"position": 1, "quantity": "1"}, {"position": 1, "quantity": "1", "warehouse_id": 10**9}]},
            (422, "unknown_reference"),
            ["/lines/1/warehouse_id"],
        ),
        ({"warehouse_id": 10**9}, (422, "unknown_reference"), ["/warehouse_id"]),
        ({"scrap": True, "warehouse_id": 1}, (422, "shipping.scrap_has_no_warehouse"), ["/scrap"]),
    ],
    ids=["line", "more", "less", "less then more", "warehouse", "warehouse of all", "scrap to a warehouse"],
)
def test_a_return_that_cannot_be_is_refused_where_it_is_wrong_and_not_kept(
    office: Office, body: dict[str, Any], refusal: tuple[int, str], pointers: list[str]
) -> None:
    shipment = shipment_of(office)
    refused = office.post(f"/shipments/{shipment['id']}/returns", {"reason": "x", **body})
    assert refused.refusal == refusal
    if refusal[0] == 422:
        assert refused.pointers == pointers
    assert office.items("/returns") == []


def test_nothing_is_entered_to_come_back_to_a_warehouse_that_is_archived(office: Office) -> None:
    """Told when the draft is entered, for the line that names it; not first when the goods are at the door."""
    there, shipment = office.warehouse(), shipment_of(office)
    shut(office, there)
    path = f"/shipments/{shipment['id']}/returns"
    lines = [{"position": 1, "quantity": "1"}, {"position": 1, "quantity": "1", "warehouse_id": there}]
    for body in ({"lines": lines}, {"warehouse_id": there}):
        assert office.post(path, {"reason": "x", **body}).refusal == (409, "stock.warehouse_archived")
    loose = {"product_id": office.product(), "quantity": "1", "warehouse_id": there}
    refused = office.post("/returns", {"party_id": office.customer(), "reason": "x", "lines": [loose]})
    assert refused.refusal == (409, "stock.warehouse_archived")
    assert office.items("/returns") == []


def test_goods_whose_warehouse_was_archived_since_stay_out_until_one_in_use_is_named(office: Office) -> None:
    there, product = office.warehouse(), office.product()
    office.act("/stock-movements", {"kind": "receive", "product_id": product, "quantity": "2", "warehouse_id": there})
    shipment = sent(office, ordered(office, product, "2"), {"warehouse_id": there})
    path = f"/shipments/{shipment['id']}"
    draft = office.make(f"{path}/returns", {"reason": "x"})
    shut(office, there)
    assert office.post(f"/returns/{draft['id']}/validate").refusal == (409, "stock.warehouse_archived")
    assert office.post(f"{path}/cancel").refusal == (409, "stock.warehouse_archived")
    assert office.post(f"{path}/returns", {"reason": "x"}).refusal == (409, "stock.warehouse_archived")
    assert office.get(path).body == shipment
    assert came(office, shipment, warehouse_id=here(office))["lines"][0]["warehouse_id"] == here(office)


@pytest.mark.parametrize("step", ["validate", "close", "cancel"])
def test_who_may_enter_may_not_let_goods_in_or_out(office: Office, step: str) -> None:
    """ERP-13: rights to write and to validate are two."""
    shipment = shipment_of(office)
    clerk = office.served.clerk(office.company, WRITER)
    draft = clerk.make(f"/shipments/{shipment['id']}/returns", {"reason": "x"})
    for path in (f"/returns/{draft['id']}", f"/shipments/{shipment['id']}"):
        refused = clerk.post(f"{path}/{step}")
        assert refused.refusal == (403, "rights.missing")
        assert clerk.get(path)["status"] in {"draft", "validated"}


def test_parcels_are_followed_anew_with_another_carrier_and_nowhere_without_one(office: Office) -> None:
    """The numbers stay; what the carrier changes later does not touch what was sent."""
    slow = {"name": "Slow", "tracking_url": "https://slow.example/{tracking}"}
    one, other = (office.make("/carriers", body)["id"] for body in (CARRIER, slow))
    order = ordered(office, office.product("9"), "2")
    body = {"carrier_id": one, "parcels": [{"tracking_number": "A 1"}]}
    shipment = sent(office, order, body)
    path = f"/shipments/{shipment['id']}"
    moved = office.patch(path, {"carrier_id": other}, shipment["version"])
    assert moved["parcels"][0]["tracking_url"] == "https://slow.example/A%201"
    office.patch(f"/carriers/{other}", {"tracking_url": "", "archived": True}, 1)
    assert office.get(path).body == moved.body
    refused = office.patch(path, {"carrier_id": 10**9}, moved["version"])
    assert (refused.refusal, refused.pointers) == ((422, "unknown_reference"), ["/carrier_id"])
    alone = office.patch(path, {"carrier_id": None}, moved["version"])
    told = [(one["tracking_number"], one["tracking_url"]) for one in alone["parcels"]]
    assert (told, alone["carrier_id"]) == ([("A 1", None)], None)
    assert office.patch(path, {"parcels": []}, alone["version"])["parcels"] == []


def test_lines_of_a_draft_are_not_taken_from_under_what_is_packed(office: Office) -> None:
    product = office.product("9")
    order = office.order([{"product_id": product, "quantity": "2"}, {"product_id": product, "quantity": "3"}])["id"]
    contents = [{"position": 2, "quantity": "3"}]
    draft = office.make(f"/orders/{order}/shipments", {"parcels": [{"contents": contents}]})
    path = f"/shipments/{draft['id']}"
    for much, code in (("2", "shipping.over_packed"), ("", "unknown_reference")):
        lines = [{"position": 1, "quantity": "1"}, *([{"position": 2, "quantity": much}] if much else [])]
        assert office.patch(path, {"lines": lines}, draft["version"]).refusal == (422, code)
    assert office.get(path).body == draft
    lines = [{"position": 1, "quantity": "1"}]
    assert office.patch(path, {"lines": lines, "parcels": []}, draft["version"]).status == 200


def test_a_shipment_of_a_line_that_the_order_no_longer_has_does_not_leave(office: Office) -> None:
    """The order was amended after the draft was entered: what the line is now is something else, or nothing."""
    one, other = office.product("9"), office.product("9")
    order = office.order([{"product_id": one, "quantity": "2"}, {"product_id": other, "quantity": "2"}])
    draft = office.make(f"/orders/{order['id']}/shipments", {})
    kept = {"lines": [{"position": 1}]}
    office.post(f"/orders/{order['id']}/amend", kept, if_match=f'"{order["version"]}"')
    refused = office.post(f"/shipments/{draft['id']}/validate")
    assert refused.refusal == (422, "unknown_reference")
    assert (office.level(one), office.level(other)) == ("9", "9")
