"""Pieces and lots over several documents: each is in one place, and comes back to where it left (ERP-07)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.test_stock_depth import levels, lot, lots_of, receive, shipped
from tests.support.office import ON_SQLITE, Office, Reply

pytestmark = pytest.mark.fast


def told(office: Office, name: str) -> list[dict[str, Any]]:
    """Give the facts of the events called so, oldest first."""
    office.served.container.dispatch()
    return [one["facts"] for one in office.items(f"/audit?event={name}")][::-1]


def returned(office: Office, shipment: Mapping[str, Any], *quantities: str) -> int:
    """Enter the return of so much of each line of a shipment, as a draft."""
    lines = [
        {"position": line["position"], "quantity": quantity}
        for line, quantity in zip(shipment["lines"], quantities, strict=False)
    ]
    return int(office.make(f"/shipments/{shipment['id']}/returns", {"reason": "sour", "lines": lines})["id"])


def counted(office: Office, lines: list[dict[str, Any]], **fields: Any) -> str:
    """Open an inventory, count, and give its path."""
    path = f"/inventories/{office.make('/inventories', fields)['id']}"
    office.act(f"{path}/open")
    office.act(f"{path}/counts", {"lines": lines})
    return path


def test_lots_shipped_from_two_warehouses_come_back_each_to_its_own(office: Office) -> None:
    """ERP-07: what expires first does not come back first to a warehouse that never had it; on each database."""
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    milk = office.product(tracking="lot")
    receive(office, milk, "2", lots=[lot("late", "2", expires_on="2099-12-31")])
    receive(office, milk, "3", lots=[lot("soon", "3", expires_on="2099-01-31")], warehouse_id=there)
    before = lots_of(office, milk)
    order = office.order([{"product_id": milk, "quantity": "5"}])
    lines = [
        {"position": 1, "quantity": "2", "warehouse_id": here},
        {"position": 1, "quantity": "3", "warehouse_id": there},
    ]
    shipment = office.make(f"/orders/{order['id']}/shipments", {"lines": lines})
    office.act(f"/shipments/{shipment['id']}/validate")
    assert lots_of(office, milk) == {}
    office.act(f"/shipments/{shipment['id']}/cancel")
    assert lots_of(office, milk) == before == {(here, "late"): "2", (there, "soon"): "3"}


@ON_SQLITE
def test_a_piece_that_was_received_anew_does_not_come_back_a_second_time(office: Office) -> None:
    """ERP-07: neither by calling the shipment off nor by a return; nothing is stored of either."""
    here, machine = office.items("/warehouses")[0]["id"], office.product(tracking="serial")
    receive(office, machine, "1", lots=[lot("S1", "1")])
    shipment = shipped(office, machine, "1")
    receive(office, machine, "1", lots=[lot("S1", "1")])
    back = returned(office, shipment, "1")
    for path in (f"/shipments/{shipment['id']}/cancel", f"/returns/{back}/validate"):
        assert office.post(path).refusal == (409, "stock.serial_in_stock")
    assert (lots_of(office, machine), levels(office, machine)) == ({(here, "S1"): "1"}, {here: "1"})
    assert office.get(f"/shipments/{shipment['id']}")["status"] == "validated"


@ON_SQLITE
def test_a_return_of_two_lines_of_one_product_is_called_off_whole(office: Office) -> None:
    """ERP-07: each line takes out its part of the lots that came, and all of them together what came."""
    here, milk = office.items("/warehouses")[0]["id"], office.product(tracking="lot")
    receive(office, milk, "4", lots=[lot("a", "3"), lot("b", "1")])
    order = office.order([{"product_id": milk, "quantity": "2"}, {"product_id": milk, "quantity": "2"}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    shipment = office.act(f"/shipments/{shipment['id']}/validate")
    back = returned(office, shipment, "1.5", "2")
    office.act(f"/returns/{back}/validate")
    assert lots_of(office, milk) == {(here, "a"): "3", (here, "b"): "0.5"}
    assert office.act(f"/returns/{back}/cancel")["status"] == "canceled"
    assert (lots_of(office, milk), levels(office, milk)) == ({}, {here: "0"})


@ON_SQLITE
def test_a_return_whose_lot_was_sold_meanwhile_is_not_called_off(office: Office) -> None:
    """ERP-07: another lot of the product is not the one that came."""
    here, milk = office.items("/warehouses")[0]["id"], office.product(tracking="lot")
    receive(office, milk, "1", lots=[lot("a", "1")])
    back = returned(office, shipped(office, milk, "1"), "1")
    office.act(f"/returns/{back}/validate")
    receive(office, milk, "1", lots=[lot("b", "1")])
    office.act("/stock-movements", {"kind": "debit", "product_id": milk, "quantity": "1", "lots": [lot("a", "1")]})
    assert office.post(f"/returns/{back}/cancel").refusal == (409, "stock.lot_short")
    assert (lots_of(office, milk), office.get(f"/returns/{back}")["status"]) == ({(here, "b"): "1"}, "validated")


@ON_SQLITE
def test_a_lot_taken_for_another_is_set_right_without_a_false_alarm(office: Office) -> None:
    """ERP-07: the level never fell, so neither its minimum nor an order was missed."""
    here, milk = office.items("/warehouses")[0]["id"], office.product(tracking="lot")
    receive(office, milk, "3", lots=[lot("a", "3")])
    office.make("/stock-rules", {"product_id": milk, "minimum": "2", "desired": "5"})
    office.order([{"product_id": milk, "quantity": "3"}])
    lines = [{"product_id": milk, "quantity": "0", "lot": "a"}, {"product_id": milk, "quantity": "3", "lot": "b"}]
    office.act(f"{counted(office, lines)}/post")
    assert (lots_of(office, milk), levels(office, milk)) == ({(here, "b"): "3"}, {here: "3"})
    assert told(office, "stock.below_minimum") == told(office, "stock.short") == []


@ON_SQLITE
def test_what_was_counted_before_lots_were_known_is_not_posted_without_them(office: Office) -> None:
    """ERP-07: the level would be more than its lots; the session is given up, and the goods counted by lot."""
    milk = office.product()
    path = counted(office, [{"product_id": milk, "quantity": "5"}], product_ids=[milk])
    office.patch(f"/products/{milk}", {"tracking": "lot"}, 1)
    assert office.post(f"{path}/post").refusal == (422, "stock.count_by_lot")
    assert (lots_of(office, milk), office.get(path)["status"]) == ({}, "open")
    assert office.act(f"{path}/cancel")["status"] == "canceled"


@ON_SQLITE
def test_lots_counted_while_there_were_some_are_not_posted_once_there_are_none(office: Office) -> None:
    milk = office.product(tracking="lot")
    path = counted(office, [{"product_id": milk, "quantity": "5", "lot": "a"}])
    office.patch(f"/products/{milk}", {"tracking": "none"}, 1)
    assert office.post(f"{path}/post").refusal == (422, "stock.count_by_lot")


@ON_SQLITE
@pytest.mark.parametrize("name", ["from_warehouse_id", "to_warehouse_id"])
def test_a_transfer_names_the_warehouse_that_takes_no_part_in_it(office: Office, name: str) -> None:
    """ERP-07: archived, of another company, or of nobody; and no number is shown for what was refused."""
    here, there, product = office.items("/warehouses")[0]["id"], office.warehouse(), office.product("5")
    archived, foreign = office.warehouse(), office.served.company().warehouse()
    office.patch(f"/warehouses/{archived}", {"archived": True}, 1)
    ways = {"from_warehouse_id": here, "to_warehouse_id": there}
    line = {"product_id": product, "quantity": "1"}

    def refused(place: int) -> Reply:
        return office.post("/stock-transfers", {**ways, name: place, "lines": [line]})

    for place, refusal in (
        (archived, (409, "stock.warehouse_archived")),
        (foreign, (422, "unknown_reference")),
        (10**15, (422, "unknown_reference")),
    ):
        assert (refused(place).refusal, refused(place).pointers) == (refusal, [f"/{name}"])
    assert levels(office, product) == {here: "5"}


@ON_SQLITE
def test_a_place_stands_in_its_own_warehouse_only(office: Office) -> None:
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    aisle = office.make(f"/warehouses/{here}/locations", {"code": "A"})
    for parent, code in ((aisle["id"], "stock.location_elsewhere"), (10**15, "unknown_reference")):
        reply = office.post(f"/warehouses/{there}/locations", {"code": "A-1", "parent_id": parent})
        assert (reply.refusal, reply.pointers) == ((422, code), ["/parent_id"])
    assert office.items(f"/warehouses/{there}/locations") == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("line", "code", "pointer"),
    [
        ({"lot": "a"}, "stock.count_by_lot", "/lines/1/lot"),
        ({"quantity": "-1"}, "stock.negative_quantity", "/lines/1/quantity"),
        ({"product_id": 10**15}, "unknown_reference", "/lines/1/product_id"),
        ({"location_id": 10**15}, "unknown_reference", "/lines/1/location_id"),
        ({"product_id": None}, "stock.counted_twice", "/lines/1/product_id"),
    ],
)
def test_of_counts_with_one_that_is_wrong_none_is_taken(
    office: Office, line: dict[str, Any], code: str, pointer: str
) -> None:
    """ERP-07: the refusal names the line, and the sheet stays as it was."""
    one, two = office.product("5"), office.product()
    path = counted(office, [{"product_id": one, "quantity": "4"}])
    wrong = {"product_id": two, "quantity": "1", **line}
    wrong["product_id"] = wrong["product_id"] or one
    reply = office.post(f"{path}/counts", {"lines": [{"product_id": one, "quantity": "9"}, wrong]})
    assert (reply.refusal, reply.pointers) == ((422, code), [pointer])
    (kept,) = office.items(f"/inventory-lines?inventory_id={path.rpartition('/')[2]}")
    assert kept["counted"] == "4"


@ON_SQLITE
def test_what_moved_after_the_sheet_and_was_not_counted_stays_gone(office: Office) -> None:
    """ERP-07: with everything uncounted taken for missing, what was expected is taken off what is left."""
    product = office.product("10")
    path = f"/inventories/{office.make('/inventories', {'zero_uncounted': True})['id']}"
    office.act(f"{path}/open")
    receive(office, product, "3")
    office.act(f"{path}/post")
    assert office.level(product) == "3"


@ON_SQLITE
def test_what_was_shipped_from_elsewhere_and_called_off_is_promised_where_it_waits(office: Office) -> None:
    """ERP-07: nobody waits for what is there; the goods go back to where they left, the order to its own warehouse."""
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    desk = office.product("4")
    receive(office, desk, "4", warehouse_id=there)
    order = office.order([{"product_id": desk, "quantity": "4"}])["id"]
    line = {"position": 1, "quantity": "4", "warehouse_id": there}
    shipment = office.make(f"/orders/{order}/shipments", {"lines": [line]})["id"]
    office.act(f"/shipments/{shipment}/validate")
    office.act(f"/shipments/{shipment}/cancel")
    (kept,) = office.get(f"/orders/{order}")["lines"]
    assert (kept["reserved"], kept["back_ordered"]) == ("4", "0")
    assert levels(office, desk) == {here: "4", there: "4"}
