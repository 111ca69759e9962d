"""Reservations and back-orders through HTTP (ERP-07): who was promised what, and who is served when stock comes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.domain.identity import CompanySettings
from tests.support.office import ON_SQLITE, Office, Served

pytestmark = [pytest.mark.fast, ON_SQLITE]


def level(office: Office, product: int) -> tuple[str, str, str]:
    """Give quantity, reserved and available of a product kept in one warehouse."""
    (row,) = office.items(f"/stock-levels?product_id={product}")
    return row["quantity"], row["reserved"], row["available"]


def promised(office: Office, order: dict[str, Any]) -> list[tuple[str, str]]:
    """Give reserved and back-ordered of each line."""
    lines = office.get(f"/orders/{order['id']}")["lines"]
    return [(line["reserved"], line["back_ordered"]) for line in lines]


def ordered(office: Office, product: int, wanted: str, **fields: Any) -> dict[str, Any]:
    """Enter and validate an order of one line."""
    return office.order([{"product_id": product, "quantity": wanted}], **fields)


def receive(office: Office, product: int, moved: str, kind: str = "receive") -> None:
    """Move stock by hand."""
    office.act("/stock-movements", {"kind": kind, "product_id": product, "quantity": moved})


def ship(office: Office, order: dict[str, Any], body: dict[str, Any] | None = None) -> Any:
    """Enter a shipment and validate it."""
    shipment = office.make(f"/orders/{order['id']}/shipments", body or {})
    return office.post(f"/shipments/{shipment['id']}/validate")


def test_validating_reserves_what_is_available_and_the_rest_is_back_ordered(office: Office) -> None:
    """ERP-07: nobody else gets what is promised; the order itself does."""
    product = office.product("5")
    first, second = ordered(office, product, "3"), ordered(office, product, "4")
    assert (promised(office, first), promised(office, second)) == ([("3", "0")], [("2", "2")])
    assert level(office, product) == ("5", "5", "0")
    refused = office.post("/stock-movements", {"kind": "debit", "product_id": product, "quantity": "1"})
    assert refused.refusal == (409, "stock.not_enough")
    assert Decimal(refused["facts"]["available"]) == 0
    assert ship(office, second).refusal == (409, "stock.not_enough")
    assert ship(office, first).status == 200
    assert level(office, product) == ("2", "2", "0")
    assert ship(office, second, {"lines": [{"position": 1, "quantity": "2"}]}).status == 200
    assert level(office, product) == ("0", "0", "0")
    assert promised(office, second) == [("0", "2")]


def test_what_comes_goes_to_who_ordered_first(office: Office) -> None:
    """ERP-07: by date of order, then by id; also what a cancellation or a count gives back."""
    product = office.product("1")
    late = ordered(office, product, "2", date="2026-11-20")
    early = ordered(office, product, "2", date="2026-11-19")
    receive(office, product, "2")
    assert (promised(office, early), promised(office, late)) == ([("2", "0")], [("1", "1")])
    office.act(f"/orders/{early['id']}/cancel")
    assert (promised(office, early), promised(office, late)) == ([("0", "0")], [("2", "0")])
    assert level(office, product) == ("3", "2", "1")
    third = ordered(office, product, "5")
    receive(office, product, "9", "count")
    assert promised(office, third) == [("5", "0")]
    assert level(office, product) == ("9", "7", "2")


def test_a_company_without_back_orders_refuses_what_is_not_in_stock(served: Served) -> None:
    office = served.company(CompanySettings(allow_backorder=False))
    office.warehouse()
    one, other = office.product("5"), office.product("1")
    lines = [{"product_id": one, "quantity": "5"}, {"product_id": other, "quantity": "2"}]
    draft = office.order(lines, validated=False)
    refused = office.post(f"/orders/{draft['id']}/validate")
    assert refused.refusal == (409, "sales.not_in_stock")
    (short,) = refused["facts"]["lines"]
    assert (short["position"], Decimal(short["wanted"]), Decimal(short["available"])) == (2, Decimal(2), Decimal(1))
    assert (level(office, one), level(office, other)) == (("5", "0", "5"), ("1", "0", "1"))
    receive(office, other, "1")
    assert office.act(f"/orders/{draft['id']}/validate")["lines"][1]["reserved"] == "2"


def test_a_count_below_what_is_promised_is_told(office: Office) -> None:
    """ERP-07: StockShort names product, warehouse and by how much."""
    product = office.product("5")
    order = ordered(office, product, "4")
    receive(office, product, "1", "count")
    assert level(office, product) == ("1", "4", "-3")
    assert ship(office, order).refusal == (409, "stock.not_enough")
    receive(office, product, "4", "count")
    assert ship(office, order).status == 200
    office.served.container.dispatch()
    told = [one for one in office.items("/changes?limit=500") if one["event"] == "stock.short"]
    assert [(one["kind"], one["id"]) for one in told] == [("products", product)]


def test_goods_shipped_from_another_warehouse_give_the_promise_back(office: Office) -> None:
    """ERP-07: what was reserved where it was not taken from goes to who waits there."""
    other = office.warehouse()
    product = office.product("3")
    office.act("/stock-movements", {"kind": "receive", "product_id": product, "quantity": "3", "warehouse_id": other})
    order, waiting = ordered(office, product, "3"), ordered(office, product, "2")
    assert ship(office, order, {"warehouse_id": other}).status == 200
    assert (promised(office, order), promised(office, waiting)) == ([("0", "0")], [("2", "0")])
    rows = {row["warehouse_id"]: row for row in office.items(f"/stock-levels?product_id={product}")}
    assert (rows[other]["quantity"], rows[other]["reserved"]) == ("0", "0")
    assert [row["reserved"] for place, row in rows.items() if place != other] == ["2"]


def test_a_line_names_its_warehouse(office: Office) -> None:
    other, product = office.warehouse(), office.product("5")
    line = {"product_id": product, "quantity": "1", "warehouse_id": other}
    assert office.order([line])["lines"][0]["back_ordered"] == "1"
    party = office.customer()
    for wrong, code in (({"warehouse_id": 10**9}, "unknown_reference"),):
        refused = office.post("/orders", {"party_id": party, "lines": [{**line, **wrong}]})
        assert refused.refusal == (422, code)
        assert refused.pointers == ["/lines/0/warehouse_id"]
    free = {"description": "x", "quantity": "1", "unit_price": "1", "vat_rate": "0", "warehouse_id": other}
    assert office.post("/orders", {"party_id": party, "lines": [free]})["code"] == "sales.warehouse_of_no_goods"


def test_goods_of_a_company_without_a_warehouse_wait_until_one_is_named(served: Served) -> None:
    """Nothing to reserve in: the order is binding all the same, and nothing of it is left over when it is canceled."""
    office = served.company()
    product = office.product()
    order = office.order([{"product_id": product, "quantity": "2"}])
    assert [(line["warehouse_id"], line["back_ordered"]) for line in order["lines"]] == [(None, "2")]
    place = office.warehouse()
    office.act("/stock-movements", {"kind": "receive", "product_id": product, "quantity": "2", "warehouse_id": place})
    assert promised(office, order) == [("0", "2")]
    named = {"lines": [{"position": 1, "warehouse_id": place}]}
    amended = office.post(f"/orders/{order['id']}/amend", named, if_match=f'"{order["version"]}"')
    assert [line["reserved"] for line in amended["lines"]] == ["2"]
    other = office.order([{"product_id": product, "quantity": "1"}])
    office.act(f"/orders/{order['id']}/cancel")
    assert (promised(office, order), promised(office, other)) == ([("0", "0")], [("1", "0")])
