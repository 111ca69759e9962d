"""Shipments over HTTP: several warehouses, canceled, sent back, followed; each number checked against the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from tests.support.office import ON_SQLITE, Office

pytestmark = [pytest.mark.fast, ON_SQLITE]

CARRIER: Final = {"name": "Rapid", "tracking_url": "https://rapid.example/follow?parcel={tracking}&lang=fr"}


def receive(office: Office, product: int, place: int, quantity: str, cost: str) -> None:
    body = {"kind": "receive", "product_id": product, "warehouse_id": place, "quantity": quantity, "unit_cost": cost}
    office.act("/stock-movements", body)


def levels(office: Office, product: int) -> dict[int, str]:
    return {row["warehouse_id"]: row["quantity"] for row in office.items(f"/stock-levels?product_id={product}")}


def moves(office: Office, product: int) -> list[tuple[str, str, str]]:
    """Give kind, quantity and value of each movement, the oldest first."""
    rows = office.items(f"/stock-movements?product_id={product}&sort=id")
    return [(row["kind"], row["quantity"], f"{Decimal(row['value']):.2f}") for row in rows]


def shipped(office: Office, lines: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Order, ship and let go."""
    order = office.order(lines)
    shipment = office.make(f"/orders/{order['id']}/shipments", fields)
    return office.act(f"/shipments/{shipment['id']}/validate")


def test_one_line_is_shipped_from_two_warehouses_and_canceled_to_where_it_came_from(office: Office) -> None:
    """ERP-07: each warehouse gets back what it gave, for the value it left with, whatever the average is now."""
    here, there = (row["id"] for row in (office.items("/warehouses")[0], {"id": office.warehouse()}))
    product = office.product()
    receive(office, product, here, "3", "4")
    receive(office, product, there, "3", "6")
    order = office.order([{"product_id": product, "quantity": "5"}])
    lines = [{"position": 1, "quantity": "3"}, {"position": 1, "quantity": "2", "warehouse_id": there}]
    draft = office.make(f"/orders/{order['id']}/shipments", {"lines": lines})
    assert [(line["position"], line["order_position"], line["warehouse_id"]) for line in draft["lines"]] == [
        (1, 1, here),
        (2, 1, there),
    ]
    office.act(f"/shipments/{draft['id']}/validate")
    assert levels(office, product) == {here: "0", there: "1"}
    assert office.get(f"/orders/{order['id']}")["lines"][0]["shipped"] == "5"
    receive(office, product, here, "9", "100")
    canceled = office.act(f"/shipments/{draft['id']}/cancel")
    assert canceled["status"] == "canceled"
    assert levels(office, product) == {here: "12", there: "3"}
    assert moves(office, product)[2:] == [
        ("shipment", "-3", "-15.00"),
        ("shipment", "-2", "-10.00"),
        ("receive", "9", "900.00"),
        ("shipment_cancel", "3", "15.00"),
        ("shipment_cancel", "2", "10.00"),
    ]
    again = office.get(f"/orders/{order['id']}")
    assert (again["status"], again["lines"][0]["shipped"]) == ("validated", "0")
    assert office.post(f"/shipments/{draft['id']}/cancel").refusal == (409, "state.invalid_transition")


def test_a_second_shipment_keeps_the_order_in_shipment_and_one_that_arrived_stays(office: Office) -> None:
    order = office.order([{"product_id": office.product("9"), "quantity": "5"}])
    path = f"/orders/{order['id']}/shipments"
    one, two = (office.make(path, {"lines": [{"position": 1, "quantity": n}]})["id"] for n in ("2", "3"))
    for shipment in (one, two):
        office.act(f"/shipments/{shipment}/validate")
    office.act(f"/orders/{order['id']}/close")
    office.act(f"/shipments/{one}/cancel")
    again = office.get(f"/orders/{order['id']}")
    assert (again["status"], again["lines"][0]["shipped"]) == ("in_shipment", "3")
    closed = office.act(f"/shipments/{two}/close")
    assert closed["delivered_on"] >= closed["date"]
    refused = office.post(f"/shipments/{two}/cancel")
    assert refused.refusal == (409, "state.invalid_transition")


def test_more_than_the_line_has_is_refused_however_it_is_split(office: Office) -> None:
    there = office.warehouse()
    order = office.order([{"product_id": office.product("9"), "quantity": "5"}])
    path = f"/orders/{order['id']}/shipments"
    lines = [{"position": 1, "quantity": "3"}, {"position": 1, "quantity": "3", "warehouse_id": there}]
    reply = office.post(path, {"lines": lines})
    assert (reply.refusal, reply.body["facts"]["left"]) == ((409, "sales.over_shipped"), "2.000000")
    reply = office.post(path, {"lines": [{"position": 1, "quantity": "1", "warehouse_id": 999_999}]})
    assert (reply.refusal, reply.pointers) == ((422, "unknown_reference"), ["/lines/0/warehouse_id"])
    reply = office.post(path, {"lines": [{"position": 1, "quantity": "1"}] * 2})
    assert (reply.refusal, reply.pointers) == ((422, "shipping.line_twice"), ["/lines/1/position"])


def test_goods_come_back_in_parts_that_add_up_to_what_left(office: Office) -> None:
    """ERP-07: the thirds of 10.00 are 3.3333, 3.3334, 3.3333; the scrapped one gains nothing and is counted."""
    product = office.product()
    place = office.items("/warehouses")[0]["id"]
    receive(office, product, place, "3", "3.33333333")
    shipment = shipped(office, [{"product_id": product, "quantity": "3"}])
    path = f"/shipments/{shipment['id']}/returns"
    first, scrapped = (
        office.act(f"/returns/{office.make(path, {'reason': 'Broken', 'lines': [line]})['id']}/validate")
        for line in ({"position": 1, "quantity": "1"}, {"position": 1, "quantity": "1", "scrap": True})
    )
    assert [back["lines"][0]["value"] for back in (first, scrapped)] == ["3.3333", "0"]
    assert first["ref"].startswith("RE")
    rest = office.make(path, {"reason": "Broken"})
    assert office.post(path, {"reason": "x", "lines": [{"position": 1, "quantity": "2"}]}).refusal == (
        409,
        "shipping.over_returned",
    )
    rest = office.act(f"/returns/{rest['id']}/validate")
    assert rest["lines"][0]["value"] == "3.3333"
    assert office.post(path, {"reason": "x"}).refusal == (409, "shipping.nothing_to_return")
    order = office.get(f"/orders/{shipment['order_id']}")
    assert (order["lines"][0]["shipped"], order["lines"][0]["returned"]) == ("3", "3")
    assert office.level(product) == "2"
    assert office.post(f"/shipments/{shipment['id']}/cancel").refusal == (409, "state.invalid_transition")
    assert [row["return_id"] for row in office.items(f"/stock-movements?product_id={product}&kind=return")] == [
        rest["id"],
        first["id"],
    ]


def test_a_canceled_return_goes_out_again_and_may_come_back_once_more(office: Office) -> None:
    product = office.product("5")
    shipment = shipped(office, [{"product_id": product, "quantity": "2"}])
    path = f"/shipments/{shipment['id']}/returns"
    back = office.act(f"/returns/{office.make(path, {'reason': 'x'})['id']}/validate")
    assert office.level(product) == "5"
    assert office.act(f"/returns/{back['id']}/cancel")["status"] == "canceled"
    assert office.level(product) == "3"
    assert office.get(f"/orders/{shipment['order_id']}")["lines"][0]["returned"] == "0"
    again = office.make(path, {"reason": "x"})
    assert office.act(f"/returns/{again['id']}/cancel")["status"] == "canceled"
    again = office.act(f"/returns/{office.make(path, {'reason': 'x'})['id']}/validate")
    assert office.act(f"/returns/{again['id']}/close")["status"] == "closed"
    for step in ("validate", "close", "cancel"):
        assert office.post(f"/returns/{again['id']}/{step}").refusal == (409, "state.invalid_transition")
    office.act("/stock-movements", {"kind": "debit", "product_id": product, "quantity": "5"})
    assert office.level(product) == "0"


def test_what_has_not_left_cannot_come_back(office: Office) -> None:
    order = office.order([{"product_id": office.product("5"), "quantity": "2"}])
    draft = office.make(f"/orders/{order['id']}/shipments", {})
    reply = office.post(f"/shipments/{draft['id']}/returns", {"reason": "x"})
    assert reply.refusal == (409, "shipping.shipment_not_sent")
    office.act(f"/shipments/{draft['id']}/validate")
    back = office.make(f"/shipments/{draft['id']}/returns", {"reason": "x"})
    office.act(f"/shipments/{draft['id']}/cancel")
    assert office.post(f"/returns/{back['id']}/validate").refusal == (409, "shipping.shipment_not_sent")
    assert office.delete(f"/returns/{back['id']}", back["version"]).status == 204


def test_goods_of_no_shipment_come_in_at_their_cost_or_at_the_average(office: Office) -> None:
    product, fresh, service = office.product("2"), office.product(), office.product(kind="service")
    lines = [
        {"product_id": product, "quantity": "2", "unit_cost": "7"},
        {"product_id": product, "quantity": "1"},
        {"product_id": fresh, "quantity": "1"},
    ]
    body = {"party_id": office.customer(), "reason": "Found in the attic", "lines": lines}
    back = office.act(f"/returns/{office.make('/returns', body)['id']}/validate")
    assert [line["value"] for line in back["lines"]] == ["14", "5.5", "4"]
    assert office.level(product) == "5"
    for wrong, code, pointer in (
        ({"product_id": service, "quantity": "1"}, "catalogue.not_stocked", "/lines/0/product_id"),
        ({"product_id": product, "quantity": "0"}, "shipping.returned_not_positive", "/lines/0/quantity"),
        (
            {"product_id": product, "quantity": "1", "unit_cost": "-1"},
            "shipping.return_cost_negative",
            "/lines/0/unit_cost",
        ),
        (
            {
                "product_id": product,
                "quantity": "1",
                "scrap": True,
                "warehouse_id": office.items("/warehouses")[0]["id"],
            },
            "shipping.scrap_has_no_warehouse",
            "/lines/0/scrap",
        ),
    ):
        reply = office.post("/returns", {**body, "lines": [wrong]})
        assert (reply.refusal, reply.pointers) == ((422, code), [pointer])
    reply = office.post("/returns", {**body, "reason": " "})
    assert reply.status == 422


def test_a_parcel_is_followed_where_its_carrier_says(office: Office) -> None:
    """The number is escaped: whatever it holds, the address stays the carrier's."""
    carrier = office.make("/carriers", CARRIER)["id"]
    order = office.order([{"product_id": office.product("9"), "quantity": "5"}])
    contents = [{"position": 1, "quantity": "3"}]
    parcels: list[dict[str, Any]] = [{"weight": "2.4", "length": "60", "contents": contents}, {"weight": "1"}]
    draft = office.make(
        f"/orders/{order['id']}/shipments", {"carrier_id": carrier, "method": "express", "parcels": parcels}
    )
    assert [parcel["position"] for parcel in draft["parcels"]] == [1, 2]
    done = office.act(f"/shipments/{draft['id']}/validate")
    parcels[0]["tracking_number"] = "A/1&x=#?"
    reply = office.patch(f"/shipments/{draft['id']}", {"parcels": parcels, "method": "slow"}, done["version"])
    assert reply.status == 200
    assert reply["parcels"][0]["tracking_url"] == "https://rapid.example/follow?parcel=A%2F1%26x%3D%23%3F&lang=fr"
    assert (reply["parcels"][0]["contents"], reply["parcels"][1]["tracking_url"]) == (
        [{"position": 1, "quantity": "3"}],
        None,
    )
    assert office.get(f"/shipments/{draft['id']}").body == reply.body
    for field, value in {"date": "2026-01-01", "warehouse_id": 1, "delivery_address": None, "custom": {}}.items():
        refused = office.patch(f"/shipments/{draft['id']}", {"method": "x", field: value}, reply["version"])
        assert (refused.refusal, refused.pointers) == ((409, "shipping.shipment_not_draft"), [f"/{field}"])


@pytest.mark.parametrize(
    ("parcel", "code", "pointer"),
    [
        ({"weight": "0"}, "shipping.measure_not_positive", "/parcels/0/weight"),
        ({"height": "-1"}, "shipping.measure_not_positive", "/parcels/0/height"),
        (
            {"contents": [{"position": 1, "quantity": "0"}]},
            "shipping.packed_not_positive",
            "/parcels/0/contents/0/quantity",
        ),
        ({"contents": [{"position": 1, "quantity": "6"}]}, "shipping.over_packed", "/parcels/0/contents/0/quantity"),
        ({"contents": [{"position": 9, "quantity": "1"}]}, "unknown_reference", "/parcels/0/contents/0/position"),
    ],
)
def test_an_unsound_parcel_is_refused_where_it_is_wrong(
    office: Office, parcel: dict[str, Any], code: str, pointer: str
) -> None:
    order = office.order([{"product_id": office.product("9"), "quantity": "5"}])
    reply = office.post(f"/orders/{order['id']}/shipments", {"parcels": [parcel]})
    assert (reply.refusal, reply.pointers) == ((422, code), [pointer])


@pytest.mark.parametrize(
    "template",
    [
        "http://rapid.example/{tracking}",
        "https://rapid.example/",
        "https://{tracking}.example/",
        "https://rapid.example@evil.example/{tracking}",
        "https://rapid.example/{tracking}/{tracking}",
        "https://rapid.example/{tracking}/{other}",
        "https://rapid.example:port/{tracking}",
        "javascript:alert({tracking})",
        "https:///{tracking}",
        "https://rapid.example/a b/{tracking}",
    ],
)
def test_a_carrier_whose_address_could_lead_elsewhere_is_refused(office: Office, template: str) -> None:
    reply = office.post("/carriers", {"name": "x", "tracking_url": template})
    assert (reply.refusal, reply.pointers) == ((422, "shipping.bad_tracking_url"), ["/tracking_url"])


def test_an_archived_carrier_takes_no_new_shipments(office: Office) -> None:
    carrier = office.make("/carriers", CARRIER)
    assert office.post("/carriers", CARRIER).refusal == (409, "taken")
    office.patch(f"/carriers/{carrier['id']}", {"archived": True}, carrier["version"])
    order = office.order([{"product_id": office.product("9"), "quantity": "5"}])
    reply = office.post(f"/orders/{order['id']}/shipments", {"carrier_id": carrier["id"]})
    assert reply.refusal == (409, "shipping.carrier_archived")


def test_the_address_is_the_customers_when_the_goods_leave_unless_told(office: Office) -> None:
    """ERP-07: what the customer moves to later, or what is erased, is another matter."""
    product = office.product("9")
    party = office.customer(address={"city": "Lyon", "street": "1 rue A"})
    order = office.order([{"product_id": product, "quantity": "5"}], party_id=party)
    path = f"/orders/{order['id']}/shipments"
    one, two = (
        office.make(path, {"lines": [{"position": 1, "quantity": "1"}], **more})
        for more in ({}, {"delivery_address": {"city": "Nice"}})
    )
    assert (one["delivery_address"], two["delivery_address"]["city"]) == (None, "Nice")
    for draft in (one, two):
        office.act(f"/shipments/{draft['id']}/validate")
    version = office.get(f"/third-parties/{party}")["version"]
    office.patch(f"/third-parties/{party}", {"address": {"city": "Paris"}}, version)
    cities = [office.get(f"/shipments/{draft['id']}")["delivery_address"]["city"] for draft in (one, two)]
    assert cities == ["Lyon", "Nice"]


def test_a_draft_is_changed_and_its_lines_follow_its_warehouse(office: Office) -> None:
    there, third = office.warehouse(), office.warehouse()
    product = office.product("9")
    order = office.order([{"product_id": product, "quantity": "5"}])
    lines = [{"position": 1, "quantity": "1"}, {"position": 1, "quantity": "1", "warehouse_id": third}]
    draft = office.make(f"/orders/{order['id']}/shipments", {"lines": lines})
    path = f"/shipments/{draft['id']}"
    moved = office.patch(path, {"warehouse_id": there}, draft["version"])
    assert [line["warehouse_id"] for line in moved["lines"]] == [there, third]
    reply = office.patch(path, {"lines": [{"position": 1, "quantity": "6"}]}, moved["version"])
    assert reply.refusal == (409, "sales.over_shipped")
    reply = office.patch(path, {"lines": [{"position": 1, "quantity": "4"}], "date": "2026-10-01"}, moved["version"])
    assert [(line["quantity"], line["warehouse_id"]) for line in reply["lines"]] == [("4", there)]
    assert office.post(f"{path}/validate").refusal == (409, "stock.not_enough")


def test_an_erased_customer_leaves_no_address_on_shipments(office: Office) -> None:
    """ERP-13: neither on the shipment nor in what its journal shows."""
    party = office.customer(address={"city": "Lyon", "street": "77 rue Secrète"})
    order = office.order([{"product_id": office.product("9"), "quantity": "1"}], party_id=party)
    shipment = office.make(f"/orders/{order['id']}/shipments", {})["id"]
    for step in ("validate", "close"):
        office.act(f"/shipments/{shipment}/{step}")
    office.act(f"/third-parties/{party}/anonymise")
    assert office.get(f"/shipments/{shipment}")["delivery_address"] is None
    office.served.container.dispatch()
    told = [one for one in office.items("/audit?limit=200") if "Secrète" in str(one)]
    assert told == []
