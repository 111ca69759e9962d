"""Where reservations, several warehouses and lots meet: what leaves and comes back is counted once, everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_stock_depth import levels, lot, lots_of, receive, shipped
from tests.support.office import Office

pytestmark = pytest.mark.fast


def promised(office: Office, product: int) -> dict[int, tuple[str, str]]:
    """Give what is there and what of it is reserved, by warehouse."""
    rows = office.items(f"/stock-levels?product_id={product}")
    return {row["warehouse_id"]: (row["quantity"], row["reserved"]) for row in rows}


def line_of(office: Office, order: int) -> dict[str, Any]:
    """Give the only line of an order."""
    (line,) = office.get(f"/orders/{order}")["lines"]
    return dict(line)


def milk_of(office: Office) -> int:
    """Enter a product tracked by lots, three of one that expires soon and three of one that does late."""
    milk = office.product(tracking="lot")
    soon, late = lot("soon", "3", expires_on="2099-01-31"), lot("late", "3", expires_on="2099-12-31")
    receive(office, milk, "6", lots=[soon, late], unit_cost="2")
    return milk


def test_a_canceled_shipment_puts_the_same_lots_back(office: Office) -> None:
    """ERP-07: levels stay the sum of their lots; on each database."""
    here, milk = office.items("/warehouses")[0]["id"], milk_of(office)
    before = lots_of(office, milk)
    shipment = shipped(office, milk, "4")
    assert lots_of(office, milk) == {(here, "late"): "2"}
    office.act(f"/shipments/{shipment['id']}/cancel")
    assert lots_of(office, milk) == before == {(here, "soon"): "3", (here, "late"): "3"}
    assert levels(office, milk) == {here: "6"}
    moved = office.items(f"/lot-movements?shipment_id={shipment['id']}")
    assert sorted((one["kind"], one["code"], one["quantity"]) for one in moved) == [
        ("shipment", "late", "-1"),
        ("shipment", "soon", "-3"),
        ("shipment_cancel", "late", "1"),
        ("shipment_cancel", "soon", "3"),
    ]


def test_returns_bring_back_the_lots_that_left_and_never_more_of_one(office: Office) -> None:
    """ERP-07: in parts, what expires first comes first; a canceled return takes the same lots out again."""
    here, milk = office.items("/warehouses")[0]["id"], milk_of(office)
    shipment = shipped(office, milk, "4")
    path = f"/shipments/{shipment['id']}/returns"
    position = shipment["lines"][0]["position"]

    def back(quantity: str) -> int:
        body = {"reason": "sour", "lines": [{"position": position, "quantity": quantity}]}
        return int(office.act(f"/returns/{office.make(path, body)['id']}/validate")["id"])

    back("2")
    assert lots_of(office, milk) == {(here, "soon"): "2", (here, "late"): "2"}
    last = back("2")
    assert lots_of(office, milk) == {(here, "soon"): "3", (here, "late"): "3"}
    office.act(f"/returns/{last}/cancel")
    assert lots_of(office, milk) == {(here, "soon"): "2", (here, "late"): "2"}
    assert levels(office, milk) == {here: "4"}


def test_what_comes_back_without_its_lot_is_refused_and_nothing_stored(office: Office) -> None:
    milk, party = milk_of(office), office.customer()
    body = {"party_id": party, "reason": "found", "lines": [{"product_id": milk, "quantity": "1"}]}
    draft = office.make("/returns", body)
    assert office.post(f"/returns/{draft['id']}/validate").refusal == (422, "stock.lots_required")
    assert office.get(f"/returns/{draft['id']}")["status"] == "draft"
    assert list(levels(office, milk).values()) == ["6"]


def test_a_canceled_shipment_serves_who_waits_in_order_of_their_dates(office: Office) -> None:
    """Design 3: what becomes available is reserved for back-orders, the order that lost its goods among them."""
    here, desk = office.items("/warehouses")[0]["id"], office.product()
    receive(office, desk, "5")
    goods = [{"product_id": desk, "quantity": "5"}]
    first = office.order(goods, date="2026-11-01")["id"]
    shipment = office.make(f"/orders/{first}/shipments", {})["id"]
    office.act(f"/shipments/{shipment}/validate")
    second = office.order([{"product_id": desk, "quantity": "3"}], date="2026-11-02")["id"]
    assert (line_of(office, second)["reserved"], line_of(office, second)["back_ordered"]) == ("0", "3")
    office.act(f"/shipments/{shipment}/cancel")
    assert (line_of(office, first)["reserved"], line_of(office, first)["shipped"]) == ("5", "0")
    assert (line_of(office, second)["reserved"], line_of(office, second)["back_ordered"]) == ("0", "3")
    assert promised(office, desk) == {here: ("5", "5")}
    office.act(f"/orders/{first}/cancel")
    assert (line_of(office, second)["reserved"], line_of(office, second)["back_ordered"]) == ("3", "0")
    assert promised(office, desk) == {here: ("5", "3")}


def test_a_line_shipped_from_two_warehouses_gives_back_what_it_did_not_take(office: Office) -> None:
    """ERP-07: reserved in one, shipped from both: what was promised and not taken is free for others."""
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    desk = office.product()
    receive(office, desk, "4")
    receive(office, desk, "4", warehouse_id=there)
    order = office.order([{"product_id": desk, "quantity": "4"}])["id"]
    assert promised(office, desk) == {here: ("4", "4"), there: ("4", "0")}
    lines = [
        {"position": 1, "quantity": "1", "warehouse_id": here},
        {"position": 1, "quantity": "3", "warehouse_id": there},
    ]
    shipment = office.make(f"/orders/{order}/shipments", {"lines": lines})["id"]
    office.act(f"/shipments/{shipment}/validate")
    assert promised(office, desk) == {here: ("3", "0"), there: ("1", "0")}
    assert (line_of(office, order)["shipped"], line_of(office, order)["reserved"]) == ("4", "0")
    office.act(f"/shipments/{shipment}/cancel")
    assert line_of(office, order)["shipped"] == "0"
    assert promised(office, desk) == {here: ("4", "4"), there: ("4", "0")}


def test_goods_promised_to_others_cannot_leave_but_by_their_own_order(office: Office) -> None:
    """CT-02: a debit, a transfer and another order's shipment leave alone what is reserved."""
    here, desk = office.items("/warehouses")[0]["id"], office.product()
    receive(office, desk, "3")
    order = office.order([{"product_id": desk, "quantity": "2"}])["id"]
    debit = {"kind": "debit", "product_id": desk, "quantity": "2"}
    assert office.post("/stock-movements", debit).refusal == (409, "stock.not_enough")
    ways = {"from_warehouse_id": here, "to_warehouse_id": office.warehouse()}
    moved = office.post("/stock-transfers", {**ways, "lines": [{"product_id": desk, "quantity": "2"}]})
    assert moved.refusal == (409, "stock.not_enough")
    other = office.order([{"product_id": desk, "quantity": "3"}])["id"]
    draft = office.make(f"/orders/{other}/shipments", {})["id"]
    assert office.post(f"/shipments/{draft}/validate").refusal == (409, "stock.not_enough")
    office.act(f"/shipments/{office.make(f'/orders/{order}/shipments', {})['id']}/validate")
    assert promised(office, desk) == {here: ("1", "1")}


def test_a_credit_note_lets_the_order_be_invoiced_again(office: Office) -> None:
    """What is credited of an order is not billed any more."""
    order = office.order([{"product_id": office.product(), "quantity": "2"}])["id"]
    invoice = office.make(f"/orders/{order}/invoices", {})["id"]
    office.act(f"/invoices/{invoice}/validate")
    assert office.get(f"/orders/{order}")["billed"] is True
    credit = office.make(f"/invoices/{invoice}/credit-notes", {"reopen_order": True})["id"]
    office.act(f"/invoices/{credit}/validate")
    assert (office.get(f"/orders/{order}")["billed"], line_of(office, order)["invoiced"]) == (False, "0")
    again = office.make(f"/orders/{order}/invoices", {})["id"]
    assert office.act(f"/invoices/{again}/validate")["total_gross"] == office.get(f"/invoices/{invoice}")["total_gross"]
    assert office.get(f"/orders/{order}")["billed"] is True
