"""What stock, orders and promises become when goods are called back, sent back, or sent again (ERP-07)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_goods_come_back import line_of, milk_of, promised
from tests.e2e.test_stock_depth import levels, lots_of, receive
from tests.support.office import ON_SQLITE, Office

pytestmark = [pytest.mark.fast, ON_SQLITE]


def ordered(office: Office, product: int, wanted: str, **fields: Any) -> int:
    """Enter and validate an order of one line."""
    return int(office.order([{"product_id": product, "quantity": wanted}], **fields)["id"])


def sent(office: Office, order: int, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ship an order, or what of it is named."""
    draft = office.make(f"/orders/{order}/shipments", body or {})
    return office.act(f"/shipments/{draft['id']}/validate")


def came(office: Office, shipment: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Take a shipment back, or what of it is named."""
    draft = office.make(f"/shipments/{shipment['id']}/returns", {"reason": "x", **fields})
    return office.act(f"/returns/{draft['id']}/validate")


def waits(office: Office, order: int) -> tuple[str, str]:
    """Give what of the only line is reserved and back-ordered."""
    line = line_of(office, order)
    return line["reserved"], line["back_ordered"]


def here(office: Office) -> int:
    return int(office.items("/warehouses")[0]["id"])


def kit_of(office: Office, **parts: str) -> tuple[int, list[int]]:
    """Enter a kit of new products, so much of each; there are nine of each."""
    inside = [office.product("9") for _ in parts]
    kit = office.product()
    components = [{"component_id": one, "quantity": much} for one, much in zip(inside, parts.values(), strict=True)]
    version = office.get(f"/products/{kit}")["version"]
    assert office.put(f"/products/{kit}/components", {"components": components}, version).status == 200
    return kit, inside


def test_an_order_closed_short_is_promised_all_it_lacks_once_its_shipment_is_called_off(office: Office) -> None:
    """It is in force again: what was given up waits, and is served before who ordered later."""
    product = office.product("5")
    order = ordered(office, product, "5")
    shipment = sent(office, order, {"lines": [{"position": 1, "quantity": "2"}]})
    office.act(f"/orders/{order}/close-short", {"reason": "No more wanted"})
    later = ordered(office, product, "4")
    assert (waits(office, order), waits(office, later)) == (("0", "0"), ("3", "1"))
    office.act(f"/shipments/{shipment['id']}/cancel")
    assert office.get(f"/orders/{order}")["status"] == "validated"
    assert (waits(office, order), waits(office, later)) == (("2", "3"), ("3", "1"))
    office.act(f"/orders/{later}/cancel")
    assert waits(office, order) == ("5", "0")


def test_lines_that_never_left_are_in_force_again_too(office: Office) -> None:
    """Closed short, the second line had given its promise back."""
    one, other = office.product("2"), office.product("3")
    order = office.order([{"product_id": one, "quantity": "2"}, {"product_id": other, "quantity": "3"}])["id"]
    shipment = sent(office, order, {"lines": [{"position": 1, "quantity": "2"}]})
    office.act(f"/orders/{order}/close-short", {"reason": "x"})
    assert promised(office, other) == {here(office): ("3", "0")}
    office.act(f"/shipments/{shipment['id']}/cancel")
    assert [line["reserved"] for line in office.get(f"/orders/{order}")["lines"]] == ["2", "3"]
    assert promised(office, other) == {here(office): ("3", "3")}


def test_a_shipment_from_elsewhere_called_off_leaves_the_order_promised_where_it_was(office: Office) -> None:
    """Nobody waits for what is there: the goods go back to where they were, the promise to where it had been made."""
    there, product = office.warehouse(), office.product("3")
    receive(office, product, "3", warehouse_id=there)
    order = ordered(office, product, "3")
    shipment = sent(office, order, {"warehouse_id": there})
    assert promised(office, product) == {here(office): ("3", "0"), there: ("0", "0")}
    office.act(f"/shipments/{shipment['id']}/cancel")
    assert waits(office, order) == ("3", "0")
    assert promised(office, product) == {here(office): ("3", "3"), there: ("3", "0")}


def test_goods_too_cheap_to_count_can_be_called_back(office: Office) -> None:
    """Ten-thousandths are rounded each time; the last shipment does not leave for less than nothing."""
    screw = office.product()
    receive(office, screw, "4", unit_cost="0.00006")
    shipments = [sent(office, ordered(office, screw, "1")) for _ in range(4)]
    for shipment in reversed(shipments):
        office.act(f"/shipments/{shipment['id']}/cancel")
    assert office.level(screw) == "4"


def test_what_comes_back_is_promised_to_who_waits_and_then_cannot_be_taken_out_again(office: Office) -> None:
    """A refused cancellation changes nothing of return, shipment or order."""
    product = office.product("2")
    first = ordered(office, product, "2")
    shipment = sent(office, first)
    second = ordered(office, product, "2")
    back = came(office, shipment)
    assert (waits(office, second), waits(office, first)) == (("2", "0"), ("0", "0"))
    assert office.post(f"/returns/{back['id']}/cancel").refusal == (409, "stock.not_enough")
    assert office.get(f"/returns/{back['id']}").body == back
    assert [line["returned"] for line in office.get(f"/shipments/{shipment['id']}")["lines"]] == ["2"]
    assert line_of(office, first)["returned"] == "2"
    office.act(f"/orders/{second}/cancel")
    assert office.act(f"/returns/{back['id']}/cancel")["status"] == "canceled"
    assert promised(office, product) == {here(office): ("0", "0")}


def test_lots_that_came_back_and_went_again_are_put_back_by_the_cancellation(office: Office) -> None:
    """The same lots, whatever way they went in between."""
    milk = milk_of(office)
    before = lots_of(office, milk)
    shipment = sent(office, ordered(office, milk, "4"))
    out = lots_of(office, milk)
    office.act(f"/returns/{came(office, shipment)['id']}/cancel")
    assert lots_of(office, milk) == out
    office.act(f"/shipments/{shipment['id']}/cancel")
    assert lots_of(office, milk) == before


def test_all_that_is_left_goes_back_to_where_each_line_came_from(office: Office) -> None:
    there, product = office.warehouse(), office.product("3")
    receive(office, product, "3", warehouse_id=there)
    lines = [{"position": 1, "quantity": "3"}, {"position": 1, "quantity": "2", "warehouse_id": there}]
    shipment = sent(office, ordered(office, product, "5"), {"lines": lines})
    came(office, shipment, lines=[{"position": 2, "quantity": "1", "scrap": True}])
    back = came(office, shipment)
    told = [(line["shipment_position"], line["quantity"], line["warehouse_id"]) for line in back["lines"]]
    assert told == [(1, "3", here(office)), (2, "1", there)]
    assert levels(office, product) == {here(office): "3", there: "2"}


def test_what_the_whole_return_scraps_is_scrap_unless_its_line_names_a_warehouse(office: Office) -> None:
    """Broken goods are not put on the shelf because the lines were named one by one."""
    product = office.product("5")
    shipment = sent(office, ordered(office, product, "3"))
    lines = [{"position": 1, "quantity": "1"}, {"position": 1, "quantity": "1", "warehouse_id": here(office)}]
    back = came(office, shipment, scrap=True, lines=lines)
    assert [line["scrap"] for line in back["lines"]] == [True, False]
    assert [line["scrap"] for line in came(office, shipment, scrap=True)["lines"]] == [True]
    assert office.level(product) == "3"


def test_the_order_is_delivered_with_the_last_shipment_that_is_on_its_way(office: Office) -> None:
    """ERP-07, SH: neither a draft nor what was called off keeps it open; what is left to ship does."""
    order = ordered(office, office.product("9"), "5")
    one, other, wrong = (
        sent(office, order, {"lines": [{"position": 1, "quantity": much}]})["id"] for much in ("2", "2", "1")
    )
    office.act(f"/shipments/{wrong}/cancel")
    for shipment in (one, other):
        office.act(f"/shipments/{shipment}/close")
    assert office.get(f"/orders/{order}")["status"] == "in_shipment"
    last = sent(office, order)["id"]
    office.act(f"/shipments/{last}/close")
    assert office.get(f"/orders/{order}")["status"] == "delivered"


def test_a_kit_leaves_and_comes_back_as_its_parts(office: Office) -> None:
    """Its own line is no goods; the order is complete when the last part of the last kit has left."""
    kit, (leg, top) = kit_of(office, legs="4", top="1")
    order = office.order([{"product_id": kit, "quantity": "2"}])["id"]
    path = f"/orders/{order}/shipments"
    refused = office.post(path, {"lines": [{"position": 2, "quantity": "1"}, {"position": 1, "quantity": "1"}]})
    assert (refused.refusal, refused.pointers) == ((422, "sales.line_not_shippable"), ["/lines/1/position"])
    legs = sent(office, order, {"lines": [{"position": 2, "quantity": "8"}]})
    assert office.get(f"/orders/{order}")["status"] == "in_shipment"
    tops = sent(office, order)
    assert [(line["product_id"], line["quantity"]) for line in tops["lines"]] == [(top, "2")]
    came(office, legs, lines=[{"position": 1, "quantity": "4"}])
    counted = [(line["shipped"], line["returned"]) for line in office.get(f"/orders/{order}")["lines"]]
    assert counted == [("0", "0"), ("8", "4"), ("2", "0")]
    office.act(f"/shipments/{tops['id']}/cancel")
    assert (office.level(leg), office.level(top)) == ("5", "9")
    assert [line["reserved"] for line in office.get(f"/orders/{order}")["lines"]] == ["0", "0", "2"]
