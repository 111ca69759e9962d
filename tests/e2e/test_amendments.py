"""Orders amended, closed short and reopened over HTTP: stock, invoices, credit and offers beside them (ERP-07)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.identity import CompanySettings
from app.domain.shared.rights import Right
from tests.support.office import ON_SQLITE, Office, Reply, Served, free_line
from tests.support.steps import amend, events, invoice, ship

pytestmark = pytest.mark.fast


def read(office: Office, order: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = office.get(f"/orders/{order['id']}").body
    return found


def lines_of(office: Office, order: dict[str, Any], *lines: Mapping[str, Any]) -> dict[str, Any]:
    """Amend the lines, and give the order as it is then."""
    reply = amend(office, order, {"lines": lines})
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.body
    return found


def column(order: Mapping[str, Any], *names: str) -> list[Any]:
    """Give fields of all lines."""
    return [tuple(line[name] for name in names) if names[1:] else line[names[0]] for line in order["lines"]]


def unchanged(office: Office, order: Mapping[str, Any]) -> None:
    """Check that an order is as it was seen, with no revision of what it is."""
    assert read(office, order) == order
    assert office.items(f"/orders/{order['id']}/revisions") == []


def promised(office: Office, product: int) -> list[str]:
    """Give what is reserved of a product in each warehouse, the first one first."""
    return [row["reserved"] for row in office.items(f"/stock-levels?product_id={product}&sort=warehouse_id")]


def code_of(reply: Reply) -> tuple[int, str, list[str]]:
    return (*reply.refusal, reply.pointers)


# --- what a line says -----------------------------------------------------------------------------------------------


@ON_SQLITE
def test_a_line_is_amended_by_a_gross_price_at_its_own_rate_or_the_one_sent_with_it(office: Office) -> None:
    order = office.order([{"product_id": office.product("5"), "quantity": "1"}])
    order = lines_of(office, order, {"position": 1, "gross_unit_price": "24"})
    assert (column(order, "unit_price"), order["total_gross"]) == (["20"], "24.00")
    order = lines_of(office, order, {"position": 1, "gross_unit_price": "11", "vat_rate": "10"})
    assert (column(order, "unit_price"), order["total_gross"]) == (["10"], "11.00")


@ON_SQLITE
def test_a_quantity_is_amended_in_the_unit_sent_with_it_or_in_stock_units(office: Office) -> None:
    """A customer who takes three cases in place of two is not promised three bottles."""
    case = office.make("/units", {"code": "CS", "name": "Case", "dimension": "count"})["code"]
    product = office.product("50")
    office.put(f"/products/{product}/packagings", {"packagings": [{"unit": case, "quantity": "12"}]}, 1)
    order = office.order([{"product_id": product, "quantity": "2", "unit": case}])
    said = ("quantity", "unit", "entered_quantity", "reserved")
    order = lines_of(office, order, {"position": 1, "quantity": "3", "unit": case})
    assert column(order, *said) == [("36", case, "3", "36")]
    order = lines_of(office, order, {"position": 1, "discount": "5"})
    assert column(order, *said) == [("36", case, "3", "36")]
    order = lines_of(office, order, {"position": 1, "quantity": "7"})
    assert column(order, *said) == [("7", None, None, "7")]
    for wrong, refused in (
        ({"quantity": "3", "unit": "KGM"}, (422, "catalogue.unknown_unit", ["/lines/0/unit"])),
        ({"unit": case}, (422, "required", ["/lines/0/quantity"])),
    ):
        assert code_of(amend(office, order, {"lines": [{"position": 1, **wrong}]})) == refused
    assert read(office, order) == order


@ON_SQLITE
def test_a_new_line_costs_what_the_customer_pays_in_the_orders_currency(office: Office) -> None:
    product = office.product("5")
    party = office.customer()
    office.make(f"/third-parties/{party}/prices", {"product_id": product, "price": "9"})
    order = office.order([free_line("1")], party_id=party, currency="USD", rate="0.5")
    order = lines_of(office, order, {"position": 1}, {"product_id": product, "quantity": "1"})
    assert column(order, "unit_price") == ["1", "18"]
    assert (order["total_net"], order["company_net"]) == ("19.00", "9.50")


@ON_SQLITE
def test_a_new_kit_brings_its_components_and_they_are_promised(office: Office) -> None:
    kit, part = office.product(), office.product("9")
    office.put(f"/products/{kit}/components", {"components": [{"component_id": part, "quantity": "2"}]}, 1)
    order = office.order([free_line("1")])
    order = lines_of(office, order, {"product_id": kit, "quantity": "3"}, {"position": 1}, free_line("7"))
    assert column(order, "position", "kit_position", "quantity", "reserved", "net") == [
        (1, None, "1", "0", "1.00"),
        (2, None, "3", "0", "30.00"),
        (3, None, "1", "0", "7.00"),
        (4, 2, "6", "6", "0.00"),
    ]
    refused = amend(office, order, {"lines": [{"position": 1}, {"position": 4}]})
    assert code_of(refused) == (422, "unknown_reference", ["/lines/1/position"])
    order = lines_of(office, order, {"position": 1})
    assert promised(office, part) == ["0"]


@ON_SQLITE
def test_what_is_wrong_with_a_line_is_told_where_it_was_asked_for_beside_a_kit(office: Office) -> None:
    kit, part = office.product(), office.product("9")
    office.put(f"/products/{kit}/components", {"components": [{"component_id": part, "quantity": "2"}]}, 1)
    order = office.order([free_line("1")])
    new = {"product_id": kit, "quantity": "1"}
    for wrong, where in (
        ({"position": 1, "discount": "101"}, "/lines/1/discount"),
        ({"position": 1, "quantity": "0"}, "/lines/1/quantity"),
        (free_line("-1"), "/lines/1/unit_price"),
        ({"product_id": 10**9, "quantity": "1"}, "/lines/1/product_id"),
        ({"product_id": part, "quantity": "1", "warehouse_id": 10**9}, "/lines/1/warehouse_id"),
    ):
        refused = amend(office, order, {"lines": [new, wrong]})
        assert (refused.status, refused.pointers[:1]) == (422, [where]), refused.body
    unchanged(office, order)


# --- what follows on lines ------------------------------------------------------------------------------------------


@ON_SQLITE
@pytest.mark.parametrize("what", ["invoices", "shipments"])
def test_a_draft_of_a_line_that_is_gone_never_means_one_that_came_later(office: Office, what: str) -> None:
    """ERP-07: several amendments later, too; the same product at another price is another line."""
    product = office.product("9")
    line = {"product_id": product, "quantity": "1"}
    order = office.order([line, {**line, "unit_price": "7"}])
    draft = office.make(f"/orders/{order['id']}/{what}", {})["id"]
    order = lines_of(office, order, {"position": 1})
    order = amend(office, order, {"note": "later"}).body
    order = lines_of(office, order, {"position": 1}, {**line, "unit_price": "1000"})
    assert column(order, "position") == [1, 3]
    assert office.post(f"/{what}/{draft}/validate").refusal == (422, "unknown_reference")
    assert column(read(office, order), "shipped", "invoiced") == [("0", "0"), ("0", "0")]


@ON_SQLITE
def test_an_order_cut_down_to_what_was_done_is_closed_and_billed(office: Office) -> None:
    """ERP-07: nothing is left to invoice, so no invoice will ever say that it is billed."""
    order = office.order([{"product_id": office.product("9"), "quantity": "4"}, free_line("7")])
    ship(office, order["id"], "3")
    invoice(office, order["id"], "3")
    order = lines_of(office, read(office, order), {"position": 1, "quantity": "3"})
    assert (order["status"], order["billed"], order["lines"][0]["reserved"]) == ("in_shipment", True, "0")
    assert events(office, order["id"])[-2:] == ["sales.order_amended", "sales.order_billed"]
    assert office.act(f"/orders/{order['id']}/close")["status"] == "delivered"


@ON_SQLITE
def test_what_was_called_billed_by_hand_stays_so_until_lines_change(office: Office) -> None:
    order = office.order([free_line("7")])
    order = office.act(f"/orders/{order['id']}/bill")
    order = amend(office, order, {"delivery_date": "2099-01-01"}).body
    assert order["billed"] is True
    order = lines_of(office, order, {"position": 1, "quantity": "2"})
    assert order["billed"] is False
    assert events(office, order["id"])[-1] == "sales.order_unbilled"


# --- stock and credit -----------------------------------------------------------------------------------------------


def test_a_line_moved_to_another_warehouse_is_promised_there_and_frees_what_it_had(office: Office) -> None:
    """ERP-07: on every database; who waits in the first warehouse is served."""
    there = office.warehouse()
    product = office.product("4")
    office.act("/stock-movements", {"kind": "receive", "product_id": product, "quantity": "3", "warehouse_id": there})
    order = office.order([{"product_id": product, "quantity": "4"}])
    waiting = office.order([{"product_id": product, "quantity": "2"}])
    order = lines_of(office, order, {"position": 1, "warehouse_id": there})
    assert column(order, "warehouse_id", "reserved", "back_ordered") == [(there, "3", "1")]
    assert column(read(office, waiting), "reserved", "back_ordered") == [("2", "0")]
    assert promised(office, product) == ["2", "3"]


@ON_SQLITE
def test_a_company_without_back_orders_refuses_more_than_there_is_and_changes_nothing(served: Served) -> None:
    office = served.company(CompanySettings(allow_backorder=False))
    office.warehouse()
    product = office.product("4")
    order = office.order([free_line("1"), {"product_id": product, "quantity": "3"}])
    refused = amend(office, order, {"lines": [{"position": 2, "quantity": "5"}, {"position": 1}]})
    assert code_of(refused) == (409, "sales.not_in_stock", ["/lines/0/quantity"])
    assert promised(office, product) == ["3"]
    unchanged(office, order)
    assert promised(office, product) == ["3"]
    lines_of(office, order, {"position": 2, "quantity": "4"}, {"position": 1})


def test_an_amendment_goes_up_to_the_credit_limit_and_not_beyond(office: Office) -> None:
    """ERP-07: on every database; what is refused leaves no revision, no promise and no event."""
    product = office.product("9", unit_price="10", vat_rate="0")
    party = office.customer(credit_limit="50")
    order = office.order([{"product_id": product, "quantity": "2"}], party_id=party)
    office.order([free_line("10")], party_id=party)
    refused = amend(office, order, {"lines": [{"position": 1, "quantity": "4.01"}]})
    assert refused.refusal == (409, "parties.credit_limit_exceeded")
    unchanged(office, order)
    assert promised(office, product) == ["2"]
    order = lines_of(office, order, {"position": 1, "quantity": "4"})
    assert office.get(f"/third-parties/{party}/outstanding")["left"] == "0"
    assert events(office, order["id"]).count("sales.order_amended") == 1


@ON_SQLITE
def test_an_order_above_a_limit_that_was_lowered_may_still_be_made_smaller(office: Office) -> None:
    party = office.customer(credit_limit="100")
    order = office.order([free_line("90")], party_id=party)
    version = office.get(f"/third-parties/{party}")["version"]
    assert office.patch(f"/third-parties/{party}", {"credit_limit": "20"}, version).status == 200
    refused = amend(office, order, {"lines": [{"position": 1, "unit_price": "90.01"}]})
    assert refused.refusal == (409, "parties.credit_limit_exceeded")
    assert lines_of(office, order, {"position": 1, "unit_price": "80"})["total_gross"] == "80.00"


def test_goods_given_up_free_the_customers_credit_and_are_awaited_when_a_shipment_is_called_off(office: Office) -> None:
    """ERP-07: on every database; an order in force again has every rest promised where there is stock."""
    one, other = office.product("9", vat_rate="0"), office.product("9", vat_rate="0")
    party = office.customer(credit_limit="100")
    lines = [{"product_id": one, "quantity": "4"}, {"product_id": other, "quantity": "4"}]
    order = office.order(lines, party_id=party)
    body = {"lines": [{"position": 1, "quantity": "1"}]}
    shipments = [office.make(f"/orders/{order['id']}/shipments", body)["id"] for _ in range(2)]
    for shipment in shipments:
        office.act(f"/shipments/{shipment}/validate")
    office.act(f"/orders/{order['id']}/close-short", {"reason": "gone"})
    assert office.get(f"/third-parties/{party}/outstanding")["ordered"] == "20.00"
    office.act(f"/shipments/{shipments[1]}/cancel")
    found = read(office, order)
    assert found["status"] == "in_shipment"
    assert column(found, "shipped", "reserved", "back_ordered") == [("1", "3", "0"), ("0", "4", "0")]
    assert (promised(office, one), promised(office, other)) == (["3"], ["4"])
    assert office.get(f"/third-parties/{party}/outstanding")["ordered"] == "80.00"


@ON_SQLITE
def test_an_order_closed_short_is_not_reopened_beyond_the_limit(office: Office) -> None:
    product = office.product("9", vat_rate="0")
    party = office.customer(credit_limit="50")
    order = office.order([{"product_id": product, "quantity": "4"}], party_id=party)["id"]
    closed = office.act(f"/orders/{order}/close-short", {"reason": "gone"})
    office.order([free_line("20")], party_id=party)
    assert office.post(f"/orders/{order}/reopen").refusal == (409, "parties.credit_limit_exceeded")
    assert office.get(f"/orders/{order}").body == closed
    assert promised(office, product) == ["0"]


# --- who, when, and what else is refused ----------------------------------------------------------------------------


@ON_SQLITE
def test_an_amendment_needs_the_right_to_bind_and_its_history_the_right_to_read(office: Office) -> None:
    order = office.order([free_line("1")])
    writer = office.served.clerk(
        office.company, frozenset({Right.ORDERS_READ, Right.ORDERS_WRITE, Right.ORDERS_CANCEL})
    )
    assert amend(writer, order, {"note": "x"}).status == 403
    unchanged(writer, order)
    binder = office.served.clerk(office.company, frozenset({Right.ORDERS_VALIDATE}))
    assert amend(binder, order, {"note": "x"}).status == 200
    assert binder.get(f"/orders/{order['id']}/revisions").status == 403


@ON_SQLITE
def test_an_amendment_names_the_version_it_was_made_of(office: Office) -> None:
    order = office.order([free_line("1")])
    assert office.post(f"/orders/{order['id']}/amend", {"note": "x"}).status == 428
    assert amend(office, {**order, "version": order["version"] - 1}, {"note": "x"}).status == 412
    unchanged(office, order)


@ON_SQLITE
def test_a_foreign_companys_order_is_neither_amended_nor_its_history_read(office: Office) -> None:
    order = office.order([free_line("1")])
    stranger = office.served.company()
    assert amend(stranger, order, {"note": "x"}).refusal == (404, "not_found")
    assert stranger.get(f"/orders/{order['id']}/revisions").refusal == (404, "not_found")
    unchanged(office, order)


@ON_SQLITE
def test_an_amendment_is_refused_at_its_field_for_days_and_references(office: Office) -> None:
    office.order([free_line("1")], external_ref="X")
    order = office.order([free_line("1")], date="2026-11-21")
    early = amend(office, order, {"delivery_date": "2026-11-20"})
    assert code_of(early) == (422, "sales.delivery_before_order", ["/delivery_date"])
    taken = amend(office, order, {"external_ref": "X"})
    assert (taken.status, taken.pointers) == (409, ["/external_ref"])
    unchanged(office, order)


# --- offers and their orders ----------------------------------------------------------------------------------------


def test_a_canceled_order_of_an_offer_that_has_another_stays_canceled(office: Office) -> None:
    """ERP-07: on every database; one offer is not delivered twice, and goods stay promised to one order."""
    product = office.product("9")
    path = f"/proposals/{office.proposal([{'product_id': product, 'quantity': '2'}], signed=True)['id']}"
    first = office.make(f"{path}/orders", {})
    office.act(f"/orders/{first['id']}/validate")
    office.act(f"/orders/{first['id']}/cancel")
    second = office.make(f"{path}/orders", {})
    office.act(f"/orders/{second['id']}/validate")
    refused = office.post(f"/orders/{first['id']}/reopen")
    assert refused.refusal == (409, "sales.proposal_followed")
    assert (read(office, first)["status"], promised(office, product)) == ("canceled", ["2"])
    office.act(f"/orders/{second['id']}/cancel")
    assert office.act(f"/orders/{first['id']}/reopen")["status"] == "validated"
    assert office.post(f"{path}/orders", {}).refusal == (409, "sales.proposal_followed")


@ON_SQLITE
def test_a_canceled_order_of_an_offer_that_is_no_longer_signed_stays_canceled(office: Office) -> None:
    path = f"/proposals/{office.proposal([free_line('1')], signed=True)['id']}"
    order = office.make(f"{path}/orders", {})
    office.act(f"/orders/{order['id']}/validate")
    office.act(f"/orders/{order['id']}/cancel")
    office.act(f"{path}/reopen", {})
    assert office.post(f"/orders/{order['id']}/reopen").refusal == (409, "sales.proposal_not_signed")
    office.act(f"{path}/sign", {})
    assert office.act(f"/orders/{order['id']}/reopen")["status"] == "validated"


@ON_SQLITE
def test_an_offer_is_not_reopened_until_a_day_before_its_date(office: Office) -> None:
    made = office.proposal([free_line("1")], date="2099-01-01", valid_until="2099-02-01")
    refused = office.act(f"/proposals/{made['id']}/refuse", {"reason": "no"})
    reply = office.post(f"/proposals/{made['id']}/reopen", {"valid_until": "2098-12-31"})
    assert code_of(reply) == (422, "sales.validity_before_date", ["/valid_until"])
    assert office.get(f"/proposals/{made['id']}").body == refused
