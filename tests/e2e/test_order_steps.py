"""What becomes of orders after validation, through HTTP: closed, reopened, drafts again, billed, amended (ERP-07)."""

from __future__ import annotations

import pytest

from tests.support.office import ON_SQLITE, Office, free_line
from tests.support.steps import amend, events, invoice, ship

pytestmark = [pytest.mark.fast, ON_SQLITE]


def level(office: Office, product: int) -> tuple[str, str]:
    """Give quantity and reserved of a product kept in one warehouse."""
    (row,) = office.items(f"/stock-levels?product_id={product}")
    return row["quantity"], row["reserved"]


def test_an_order_with_a_rest_is_closed_for_a_reason_and_reopened(office: Office) -> None:
    """ERP-07: closing gives back what was reserved; reopening reserves anew, in the state it was in."""
    product = office.product("5")
    order = office.order([{"product_id": product, "quantity": "4"}])["id"]
    ship(office, order, "1")
    assert office.post(f"/orders/{order}/cancel").refusal == (409, "state.invalid_transition")
    assert office.post(f"/orders/{order}/close").refusal == (409, "state.invalid_transition")
    assert office.post(f"/orders/{order}/close-short", {"reason": ""}).status == 422
    closed = office.act(f"/orders/{order}/close-short", {"reason": "discontinued"})
    assert (closed["status"], closed["lines"][0]["reserved"], level(office, product)) == ("delivered", "0", ("4", "0"))
    assert office.post(f"/orders/{order}/close-short", {"reason": "x"}).refusal == (409, "state.invalid_transition")
    again = office.act(f"/orders/{order}/reopen")
    assert (again["status"], again["lines"][0]["reserved"], level(office, product)) == ("in_shipment", "3", ("4", "3"))
    ship(office, order, "3")
    assert office.act(f"/orders/{order}/close")["status"] == "delivered"
    told = events(office, order)
    assert "sales.order_closed_short" in told
    assert "sales.order_reopened" in told


def test_a_canceled_order_is_reopened_when_it_has_a_number(office: Office) -> None:
    product = office.product("2")
    order = office.order([{"product_id": product, "quantity": "2"}])
    office.act(f"/orders/{order['id']}/cancel")
    assert level(office, product) == ("2", "0")
    again = office.act(f"/orders/{order['id']}/reopen")
    assert (again["status"], again["ref"], level(office, product)) == ("validated", order["ref"], ("2", "2"))
    draft = office.order([free_line("1")], validated=False)["id"]
    office.act(f"/orders/{draft}/cancel")
    assert office.post(f"/orders/{draft}/reopen").refusal == (409, "state.invalid_transition")


def test_an_order_nothing_followed_becomes_a_draft_again_and_keeps_its_number(office: Office) -> None:
    product = office.product("2")
    order = office.order([{"product_id": product, "quantity": "2"}])
    path = f"/orders/{order['id']}"
    shipment = office.make(f"{path}/shipments", {})
    assert office.post(f"{path}/redraft").refusal == (409, "sales.order_followed")
    assert level(office, product) == ("2", "2")
    office.delete(f"/shipments/{shipment['id']}", shipment["version"])
    draft = office.act(f"{path}/redraft")
    assert (draft["status"], draft["ref"], level(office, product)) == ("draft", order["ref"], ("2", "0"))
    assert office.delete(path, draft["version"]).refusal == (409, "sales.order_numbered")
    changed = office.patch(path, {"lines": [{"product_id": product, "quantity": "1"}]}, draft["version"])
    assert changed.status == 200
    again = office.act(f"{path}/validate")
    assert (again["ref"], again["lines"][0]["reserved"], level(office, product)) == (order["ref"], "1", ("2", "1"))


def test_a_shipment_of_lines_that_are_no_more_is_refused(office: Office) -> None:
    """A draft shipment entered while the order became another one does not ship the wrong product."""
    one, other = office.product("2"), office.product("2")
    order = office.order([{"product_id": one, "quantity": "1"}, {"product_id": other, "quantity": "1"}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})["id"]
    assert amend(office, order, {"lines": [{"position": 1}, {"product_id": one, "quantity": "2"}]}).status == 200
    assert office.post(f"/shipments/{shipment}/validate").refusal == (422, "unknown_reference")
    assert (level(office, one), level(office, other)) == (("2", "2"), ("2", "0"))


def test_an_order_is_billed_when_all_is_invoiced_or_somebody_says_so(office: Office) -> None:
    order = office.order([free_line("1", quantity="4")])["id"]
    invoice(office, order, "3")
    assert office.get(f"/orders/{order}")["billed"] is False
    invoice(office, order)
    assert office.get(f"/orders/{order}")["billed"] is True
    assert [row["id"] for row in office.items("/orders?billed=true")] == [order]
    assert office.act(f"/orders/{order}/unbill")["billed"] is False
    version = office.act(f"/orders/{order}/bill")["version"]
    assert office.act(f"/orders/{order}/bill")["version"] == version
    draft = office.order([free_line("1")], validated=False)["id"]
    for step in ("bill", "unbill"):
        assert office.post(f"/orders/{draft}/{step}").refusal == (409, "sales.order_not_open")
    assert events(office, order)[-3:] == ["sales.order_billed", "sales.order_unbilled", "sales.order_billed"]


def test_an_amendment_changes_a_binding_order_and_keeps_what_it_was(office: Office) -> None:
    """ERP-07: quantities, a new line, a line less; stock is reserved anew and the former content can be read."""
    one, other = office.product("9"), office.product("3")
    lines = [{"product_id": one, "quantity": "4"}, {"product_id": other, "quantity": "1"}, free_line("7")]
    order = office.order(lines, note="before")
    asked = {
        "reason": "customer called",
        "note": "after",
        "lines": [{"position": 1, "quantity": "6", "discount": "50"}, {"position": 3}, free_line("5")],
    }
    amended = amend(office, order, asked)
    assert amended.status == 200, amended.body
    shown = [(line["position"], line["quantity"], line["net"], line["reserved"]) for line in amended["lines"]]
    assert shown == [(1, "6", "30.00", "6"), (3, "1", "7.00", "0"), (4, "1", "5.00", "0")]
    assert amended["lines"] == office.get(f"/orders/{order['id']}")["lines"]
    assert (amended["note"], amended["total_net"], amended["ref"]) == ("after", "42.00", order["ref"])
    assert (level(office, one), level(office, other)) == (("9", "6"), ("3", "0"))
    assert amend(office, order, asked).status == 412
    assert amend(office, amended.body, {"delivery_date": "2027-01-01"}).status == 200
    newer, older = office.items(f"/orders/{order['id']}/revisions")
    assert (newer["number"], newer["note"], newer["total_net"]) == (2, "after", "42.00")
    assert (older["number"], older["reason"], older["note"]) == (1, "customer called", "before")
    assert [(line["position"], line["quantity"]) for line in older["lines"]] == [(1, "4"), (2, "1"), (3, "1")]
    assert older["total_net"] == order["total_net"]
    page = office.get(f"/orders/{order['id']}/revisions?limit=1")
    assert office.get(f"/orders/{order['id']}/revisions?after={page['next']}")["items"] == [older]
    assert "sales.order_amended" in events(office, order["id"])
    ship(office, order["id"], "6")
    invoice(office, order["id"])


def test_an_amendment_takes_nothing_back_that_was_done(office: Office) -> None:
    """ERP-07: not below what was shipped or invoiced; a refusal leaves no revision and no reservation behind."""
    product = office.product("9")
    order = office.order([{"product_id": product, "quantity": "4"}, free_line("7"), free_line("8")])
    ship(office, order["id"], "2")
    invoice(office, order["id"], "3")
    now = office.get(f"/orders/{order['id']}").body
    two = {"position": 2}
    for lines, code, pointers in (
        ([{"position": 1, "quantity": "2"}, two], "sales.below_progress", 409),
        ([two], "sales.line_in_progress", 409),
        ([{"position": 1}, {"position": 1}], "sales.line_twice", 422),
        ([{"position": 1}, {"position": 9}], "unknown_reference", 422),
        ([{"position": 1}, {"product_id": 10**9, "quantity": "1"}], "unknown_reference", 422),
        ([{"position": 1}, {"product_id": product}], "required", 422),
        ([{"position": 1}, {**two, "warehouse_id": 10**9}], "sales.warehouse_of_no_goods", 422),
    ):
        refused = amend(office, now, {"lines": lines})
        assert refused.refusal == (pointers, code)
    assert amend(office, now, {"lines": [{"position": 1, "product_id": product}]}).status == 422
    assert office.items(f"/orders/{order['id']}/revisions") == []
    assert level(office, product) == ("7", "2")
    least = amend(office, now, {"lines": [{"position": 1, "quantity": "3"}, two]})
    assert [line["reserved"] for line in least["lines"]] == ["1", "0"]
    draft = office.order([free_line("1")], validated=False)
    assert amend(office, draft, {"note": "x"}).refusal == (409, "state.invalid_transition")


def test_an_amendment_gives_what_it_frees_to_who_waits(office: Office) -> None:
    product = office.product("4")
    order = office.order([{"product_id": product, "quantity": "4"}])
    waiting = office.order([{"product_id": product, "quantity": "3"}])["id"]
    invoice(office, order["id"])
    assert amend(office, office.get(f"/orders/{order['id']}").body, {"note": "same"})["billed"] is True
    now = office.get(f"/orders/{order['id']}").body
    more = amend(office, now, {"lines": [{"position": 1, "quantity": "5"}]})
    assert (more["billed"], more["lines"][0]["back_ordered"]) == (False, "1")
    free = office.order([{"product_id": product, "quantity": "1"}])
    assert free["lines"][0]["back_ordered"] == "1"
    assert amend(office, more.body, {"lines": [{"position": 1, "quantity": "4"}]}).status == 200
    closed = office.act(f"/orders/{order['id']}/close-short", {"reason": "gone"})
    assert closed["status"] == "delivered"
    assert office.get(f"/orders/{waiting}")["lines"][0]["reserved"] == "3"
    assert office.get(f"/orders/{free['id']}")["lines"][0]["reserved"] == "1"
