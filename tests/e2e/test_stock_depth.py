"""Stock in depth over HTTP: transfers, lots, places, minimum stock, inventories and what it all was worth."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.office import ON_SQLITE, Office

pytestmark = pytest.mark.fast


def receive(office: Office, product: int, quantity: str, **fields: Any) -> dict[str, Any]:
    body = {"kind": "receive", "product_id": product, "quantity": quantity, **fields}
    return office.act("/stock-movements", body)


def lot(code: str, quantity: str, **dates: str) -> dict[str, str]:
    return {"code": code, "quantity": quantity, **dates}


def levels(office: Office, product: int) -> dict[int, str]:
    return {row["warehouse_id"]: row["quantity"] for row in office.items(f"/stock-levels?product_id={product}")}


def lots_of(office: Office, product: int) -> dict[tuple[int, str], str]:
    rows = office.items(f"/lot-levels?product_id={product}")
    return {(row["warehouse_id"], row["code"]): row["quantity"] for row in rows}


def shipped(office: Office, product: int, quantity: str) -> dict[str, Any]:
    order = office.order([{"product_id": product, "quantity": quantity}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    return office.act(f"/shipments/{shipment['id']}/validate")


# --- transfers ------------------------------------------------------------------------------------------------------


def test_a_transfer_moves_goods_at_one_value(office: Office) -> None:
    """ERP-07: out and in by the same transfer, worth zero together; the average cost stays; on each database."""
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    desk, chair = office.product(), office.product()
    receive(office, desk, "3", unit_cost="0.33333333")
    receive(office, chair, "10", unit_cost="7")
    body = {
        "from_warehouse_id": here,
        "to_warehouse_id": there,
        "date": "2026-11-20",
        "reason": "shop window",
        "lines": [{"product_id": chair, "quantity": "4"}, {"product_id": desk, "quantity": "1.5"}],
    }
    made = office.make("/stock-transfers", body)
    assert made["ref"] == "TR2611-0001"
    assert [(line["position"], line["product_id"], line["value"]) for line in made["lines"]] == [
        (1, chair, "28.00"),
        (2, desk, "0.50"),
    ]
    assert office.get(f"/stock-transfers/{made['id']}").body == made
    (listed,) = office.items(f"/stock-transfers?to_warehouse_id={there}")
    assert (listed["ref"], listed["value"]) == ("TR2611-0001", "28.50")
    moves = office.items(f"/stock-movements?transfer_id={made['id']}")
    assert {(one["kind"], one["date"], one["reason"]) for one in moves} == {("transfer", "2026-11-20", "shop window")}
    assert sorted((one["warehouse_id"], one["quantity"], one["value"]) for one in moves) == sorted(
        [(here, "-4", "-28.00"), (there, "4", "28.00"), (here, "-1.5", "-0.50"), (there, "1.5", "0.50")]
    )
    assert levels(office, chair) == {here: "6", there: "4"}
    assert office.get("/reports/stock-value")["totals"]["value"] == "71.00"


@ON_SQLITE
def test_a_transfer_is_done_whole_or_not_at_all(office: Office) -> None:
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    some, none = office.product("5"), office.product()
    ways = {"from_warehouse_id": here, "to_warehouse_id": there}

    def refused(lines: list[dict[str, Any]], **others: int) -> tuple[tuple[int, str], list[str]]:
        reply = office.post("/stock-transfers", {**ways, "lines": lines, **others})
        return reply.refusal, reply.pointers

    line = {"product_id": some, "quantity": "1"}
    missing = [line, {"product_id": none, "quantity": "1"}]
    assert refused(missing) == ((409, "stock.not_enough"), ["/lines/1/quantity"])
    assert refused([line, line]) == ((422, "stock.transferred_twice"), ["/lines/1/product_id"])
    assert refused([line], to_warehouse_id=here) == ((422, "stock.same_warehouse"), ["/to_warehouse_id"])
    assert refused([{**line, "quantity": "0"}]) == ((422, "stock.quantity_not_positive"), ["/lines/0/quantity"])
    service = office.product(kind="service")
    assert refused([{**line, "product_id": service}]) == ((422, "catalogue.not_stocked"), ["/lines/0/product_id"])
    parts = [{**line, "lots": [lot("A", "1")]}]
    assert refused(parts) == ((422, "stock.lots_not_tracked"), ["/lines/0/lots"])
    assert levels(office, some)[here] == "5"
    assert office.items("/stock-transfers") == []


# --- lots -----------------------------------------------------------------------------------------------------------


def test_lots_leave_by_their_expiry_and_are_traced_to_customers(office: Office) -> None:
    """ERP-07: first expired first out, the expired and the blocked stay; from where and to whom; on each database."""
    here = office.items("/warehouses")[0]["id"]
    milk = office.product(tracking="lot")
    came = receive(
        office,
        milk,
        "9",
        lots=[
            lot("never", "2"),
            lot("late", "3", expires_on="2099-12-31", made_on="2026-11-01"),
            lot("soon", "2", expires_on="2099-01-31"),
            lot("old", "1", expires_on="2000-01-31"),
            lot("bad", "1", expires_on="2098-01-31"),
        ],
    )
    assert [(one["code"], one["quantity"]) for one in came["lots"]][:2] == [("never", "2"), ("late", "3")]
    bad = next(one for one in office.items(f"/lots?product_id={milk}") if one["code"] == "bad")
    assert office.patch(f"/lots/{bad['id']}", {"blocked": True}, 1)["blocked"]
    shipment = shipped(office, milk, "4")
    went = office.items(f"/shipments/{shipment['id']}/lots")
    assert [(one["code"], one["quantity"]) for one in went] == [("late", "-2"), ("soon", "-2")]
    assert lots_of(office, milk) == {(here, "never"): "2", (here, "late"): "1", (here, "old"): "1", (here, "bad"): "1"}
    late = went[0]["lot_id"]
    trace = office.items(f"/lots/{late}/movements")
    assert [(one["kind"], one["quantity"], one["party_id"]) for one in trace] == [
        ("receive", "3", None),
        ("shipment", "-2", shipment["party_id"]),
    ]
    assert (trace[1]["shipment_id"], trace[1]["order_id"]) == (shipment["id"], shipment["order_id"])
    debit = {"kind": "debit", "product_id": milk, "quantity": "4"}
    refused = office.post("/stock-movements", debit)
    assert refused.refusal == (409, "stock.not_enough_in_lots")
    assert refused["facts"]["usable"] == "3.000000"
    for code in ("old", "bad"):
        named = office.post("/stock-movements", {**debit, "quantity": "1", "lots": [lot(code, "1")]})
        assert (named.refusal, named.pointers) == ((409, "stock.lot_unusable"), ["/lots/0/code"])
    assert levels(office, milk) == {here: "5"}
    counted = {"kind": "count", "product_id": milk, "quantity": "3", "lots": [lot("never", "1"), lot("late", "2")]}
    told = office.act("/stock-movements", counted)
    assert {one["code"]: one["quantity"] for one in told["lots"]} == {
        "never": "-1",
        "late": "1",
        "old": "-1",
        "bad": "-1",
    }
    assert told["level"] == "3"


@ON_SQLITE
def test_a_count_that_only_exchanges_lots_is_an_entry_of_nothing(office: Office) -> None:
    """ERP-07: the ledger of lots stays whole although the level does not move."""
    milk = office.product(tracking="lot")
    receive(office, milk, "3", lots=[lot("a", "2"), lot("b", "1")])
    counted = {"kind": "count", "product_id": milk, "quantity": "3", "lots": [lot("a", "1"), lot("b", "2")]}
    told = office.act("/stock-movements", counted)
    assert (told["movement"]["quantity"], told["movement"]["value"], told["level"]) == ("0", "0.00", "3")
    assert [(one["code"], one["quantity"]) for one in told["lots"]] == [("a", "-1"), ("b", "1")]
    assert office.act("/stock-movements", counted)["movement"] is None


@ON_SQLITE
@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"lots": []}, "stock.lots_required", "/lots"),
        ({"lots": [lot("a", "1")]}, "stock.lots_differ", "/lots"),
        ({"lots": [lot("a", "1"), lot("a", "1")]}, "stock.lot_twice", "/lots/1/code"),
        ({"lots": [lot("a", "2"), lot("b", "0")]}, "stock.lot_quantity_not_positive", "/lots/1/quantity"),
        ({"lots": [lot(" ", "2")]}, "request.invalid_body", "/lots/0/code"),
        (
            {"lots": [lot("a", "2", expires_on="2026-01-01", made_on="2026-01-02")]},
            "stock.lot_dates_backwards",
            "/lots/0/expires_on",
        ),
    ],
)
def test_lots_that_are_not_right_are_refused(office: Office, body: dict[str, Any], code: str, pointer: str) -> None:
    product = office.product(tracking="lot")
    reply = office.post("/stock-movements", {"kind": "receive", "product_id": product, "quantity": "2", **body})
    assert (reply.refusal, reply.pointers) == ((422, code), [pointer])
    assert office.items(f"/lots?product_id={product}") == []


@ON_SQLITE
def test_a_lot_keeps_its_dates_and_untracked_goods_have_none(office: Office) -> None:
    product, plain = office.product(tracking="lot"), office.product("3")
    receive(office, product, "1", lots=[lot("a", "1", expires_on="2099-01-01")])
    body = {"kind": "receive", "product_id": product, "quantity": "1", "lots": [lot("a", "1", expires_on="2099-01-02")]}
    other = office.post("/stock-movements", body)
    assert (other.refusal, other.pointers) == ((409, "stock.lot_dates_differ"), ["/lots/0/expires_on"])
    receive(office, product, "1", lots=[lot("a", "1")])
    named = office.post("/stock-movements", {**body, "product_id": plain})
    assert (named.refusal, named.pointers) == ((422, "stock.lots_not_tracked"), ["/lots"])
    entered = office.post("/lots", {"product_id": plain, "code": "x"})
    assert (entered.refusal, entered.pointers) == ((422, "stock.lots_not_tracked"), ["/product_id"])
    twice = office.post("/lots", {"product_id": product, "code": "a"})
    assert (twice.refusal, twice.pointers) == ((409, "taken"), ["/code"])


def test_a_serial_number_is_one_piece_in_one_place(office: Office) -> None:
    """ERP-07: on each database."""
    here, there = office.items("/warehouses")[0]["id"], office.warehouse(allow_negative=True)
    machine = office.product(tracking="serial")
    receive(office, machine, "2", lots=[lot("S1", "1"), lot("S2", "1")])
    again = {"kind": "receive", "product_id": machine, "quantity": "1", "warehouse_id": there}
    reply = office.post("/stock-movements", {**again, "lots": [lot("S2", "1")]})
    assert (reply.refusal, reply.pointers) == ((409, "stock.serial_in_stock"), ["/lots/0/code"])
    two = office.post("/stock-movements", {**again, "quantity": "2", "lots": [lot("S3", "2")]})
    assert (two.refusal, two.pointers) == ((422, "stock.serial_not_one"), ["/lots/0/quantity"])
    line = {"product_id": machine, "quantity": "1", "lots": [lot("S2", "1")]}
    office.make("/stock-transfers", {"from_warehouse_id": here, "to_warehouse_id": there, "lines": [line]})
    assert lots_of(office, machine) == {(here, "S1"): "1", (there, "S2"): "1"}
    short = office.post(
        "/stock-movements", {"kind": "debit", "product_id": machine, "quantity": "2", "warehouse_id": there}
    )
    assert short.refusal == (409, "stock.not_enough")  # whatever the warehouse allows
    shipped(office, machine, "1")
    receive(office, machine, "1", lots=[lot("S1", "1")])
    assert lots_of(office, machine) == {(here, "S1"): "1", (there, "S2"): "1"}


@ON_SQLITE
def test_tracking_changes_only_while_nothing_is_in_stock(office: Office) -> None:
    product = office.product("2")
    path = f"/products/{product}"
    refused = office.patch(path, {"tracking": "lot"}, 1)
    assert (refused.refusal, refused.pointers) == ((409, "stock.tracking_in_use"), ["/tracking"])
    office.act("/stock-movements", {"kind": "debit", "product_id": product, "quantity": "2"})
    assert office.patch(path, {"tracking": "lot"}, 1)["tracking"] == "lot"
    receive(office, product, "1", lots=[lot("a", "1")])
    assert office.patch(path, {"tracking": "none"}, 2).refusal == (409, "stock.tracking_in_use")
    service = office.post(
        "/products", {"ref": "S", "name": "x", "kind": "service", "unit_price": "1", "vat_rate": "0", "tracking": "lot"}
    )
    assert (service.refusal, service.pointers) == ((422, "catalogue.not_stocked"), ["/tracking"])


# --- minimum stock --------------------------------------------------------------------------------------------------


def below(office: Office) -> list[str]:
    """Give the levels of which somebody was told that they are too low, oldest first."""
    office.served.container.dispatch()
    return [one["facts"]["level"] for one in office.items("/audit?event=stock.below_minimum")][::-1]


def test_what_falls_below_its_minimum_is_told_once_and_to_be_ordered(office: Office) -> None:
    """ERP-07: on each database."""
    product = office.product("12")
    rule = office.make("/stock-rules", {"product_id": product, "minimum": "10", "desired": "50"})
    debit = {"kind": "debit", "product_id": product, "quantity": "2"}
    office.act("/stock-movements", debit)
    assert office.get("/reports/stock-to-order")["rows"] == []
    office.act("/stock-movements", debit)
    office.act("/stock-movements", debit)
    (row,) = office.get("/reports/stock-to-order")["rows"]
    assert (row["product_id"], row["available"], row["minimum"], row["to_order"]) == (product, "6", "10", "44")
    receive(office, product, "9")
    shipped(office, product, "8")
    assert below(office) == ["8.000000", "7.000000"]
    changed = office.patch(f"/stock-rules/{rule['id']}", {"minimum": "3"}, 1)
    assert office.get("/reports/stock-to-order")["rows"] == []
    assert office.delete(f"/stock-rules/{rule['id']}", changed["version"]).status == 204
    office.act("/stock-movements", {**debit, "quantity": "7"})
    assert len(below(office)) == 2


@ON_SQLITE
def test_a_rule_that_makes_no_sense_is_refused(office: Office) -> None:
    body = {"product_id": office.product(), "minimum": "10", "desired": "50"}
    least = office.post("/stock-rules", {**body, "minimum": "-1"})
    assert (least.refusal, least.pointers) == ((422, "stock.negative_minimum"), ["/minimum"])
    most = office.post("/stock-rules", {**body, "desired": "9"})
    assert (most.refusal, most.pointers) == ((422, "stock.desired_below_minimum"), ["/desired"])
    office.make("/stock-rules", body)
    assert office.post("/stock-rules", body).refusal == (409, "taken")


# --- places and inventories -----------------------------------------------------------------------------------------


def sheet(office: Office, inventory: int) -> list[dict[str, Any]]:
    return office.items(f"/inventory-lines?inventory_id={inventory}")


def test_an_inventory_sets_right_what_was_counted_and_keeps_what_moved_since(office: Office) -> None:
    """ERP-07: the variance of each count is applied to the level at posting; on each database."""
    desk, chair, lamp, sofa = office.product("10"), office.product("5"), office.product("7"), office.product()
    made = office.make("/inventories", {"note": "Year end", "date": "2026-11-20"})
    assert (made["ref"], made["status"]) == (f"(PROV{made['id']})", "draft")
    path = f"/inventories/{made['id']}"
    assert office.post(f"{path}/counts", {"lines": [{"product_id": desk, "quantity": "1"}]}).refusal == (
        409,
        "stock.inventory_not_open",
    )
    assert office.act(f"{path}/open")["ref"] == "IN2611-0001"
    assert [(one["product_id"], one["expected"]) for one in sheet(office, made["id"])] == [
        (desk, "10"),
        (chair, "5"),
        (lamp, "7"),
    ]
    office.act("/stock-movements", {"kind": "debit", "product_id": desk, "quantity": "3"})
    first = [{"product_id": desk, "quantity": "5"}, {"product_id": chair, "quantity": "5"}]
    told = office.act(f"{path}/counts", {"lines": first})
    assert [(one["position"], one["counted"]) for one in told["lines"]] == [(1, "5"), (2, "5")]
    office.act(
        f"{path}/counts", {"lines": [{"product_id": desk, "quantity": "6"}, {"product_id": sofa, "quantity": "2"}]}
    )
    receive(office, desk, "4")
    posted = office.act(f"{path}/post")
    assert (posted["status"], posted["value"]) == ("posted", "4.00")
    assert [office.level(one) for one in (desk, chair, lamp, sofa)] == ["10", "5", "7", "2"]
    assert [(one["booked"], one["counted"], one["variance"], one["value"]) for one in sheet(office, made["id"])] == [
        ("7", "6", "-1", "-4.00"),
        ("5", "5", "0", "0.00"),
        (None, None, None, None),
        ("0", "2", "2", "8.00"),
    ]
    counts = office.items(f"/inventory-counts?inventory_id={made['id']}")
    assert [(one["position"], one["quantity"]) for one in counts] == [(1, "5"), (2, "5"), (1, "6"), (4, "2")]
    assert {one["counted_by"] for one in counts} == {office.get("/me")["user"]}
    moves = office.items(f"/stock-movements?inventory_id={made['id']}")
    assert {(one["kind"], one["date"]) for one in moves} == {("count", "2026-11-20")}
    assert office.post(f"{path}/post").refusal == (409, "state.invalid_transition")


@ON_SQLITE
def test_who_counts_blind_is_not_told_what_is_expected(office: Office) -> None:
    """ERP-07: neither shown, nor found by a filter, nor exported, until it is posted."""
    product = office.product("10")
    made = office.make("/inventories", {"blind": True, "zero_uncounted": True})
    path = f"/inventories/{made['id']}"
    office.act(f"{path}/open")
    (line,) = sheet(office, made["id"])
    assert line["expected"] is None
    assert office.items(f"/inventory-lines?inventory_id={made['id']}&expected=10") == []
    exported = office.get(f"/inventory-lines:export?format=csv&inventory_id={made['id']}").body
    assert "10" not in exported.splitlines()[1].split(",")[5:7]
    assert office.act(f"{path}/post")["value"] == "-40.00"
    assert [(one["expected"], one["variance"]) for one in sheet(office, made["id"])] == [("10", "-10")]
    assert office.level(product) == "0"


def test_tracked_products_are_counted_by_lot(office: Office) -> None:
    """ERP-07: level = sum of lots before and after; on each database."""
    here = office.items("/warehouses")[0]["id"]
    milk, machine = office.product(tracking="lot"), office.product(tracking="serial")
    receive(office, milk, "5", lots=[lot("a", "3"), lot("b", "2")])
    receive(office, machine, "2", lots=[lot("S1", "1"), lot("S2", "1")])
    made = office.make("/inventories", {"product_ids": [machine, milk, office.product()]})
    path = f"/inventories/{made['id']}"
    office.act(f"{path}/open")
    assert [one["expected"] for one in sheet(office, made["id"])] == ["3", "2", "1", "1", "0"]

    def count(product: int, quantity: str, **fields: str) -> Any:
        return office.post(f"{path}/counts", {"lines": [{"product_id": product, "quantity": quantity, **fields}]})

    assert count(milk, "1").refusal == (422, "stock.count_by_lot")
    assert count(office.product(), "1", lot="a").refusal == (422, "stock.count_by_lot")
    assert count(machine, "2", lot="S1").refusal == (422, "stock.serial_count")
    assert count(milk, "-1", lot="a").refusal == (422, "stock.negative_quantity")
    for product, quantity, code in ((milk, "1", "a"), (milk, "4", "c"), (machine, "0", "S2"), (machine, "1", "S9")):
        assert count(product, quantity, lot=code).status == 200
    office.act(f"{path}/post")
    assert lots_of(office, milk) == {(here, "a"): "1", (here, "b"): "2", (here, "c"): "4"}
    assert lots_of(office, machine) == {(here, "S1"): "1", (here, "S9"): "1"}
    assert (office.level(milk), office.level(machine)) == ("7", "2")


@ON_SQLITE
def test_an_inventory_of_a_location_is_of_what_is_placed_there_or_inside(office: Office) -> None:
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    near, far, other = office.product("1"), office.product("2"), office.product("3")
    aisle = office.make(f"/warehouses/{here}/locations", {"code": "A"})
    shelf = office.make(f"/warehouses/{here}/locations", {"code": "A-1", "parent_id": aisle["id"]})
    office.act(f"/locations/{shelf['id']}/products", {"product_ids": [far, near]})
    office.act(f"/locations/{aisle['id']}/products", {"product_ids": [near]})
    places = {one["product_id"]: one["location_id"] for one in office.items("/stock-places")}
    assert places == {near: aisle["id"], far: shelf["id"]}
    made = office.make("/inventories", {"location_id": aisle["id"]})
    office.act(f"/inventories/{made['id']}/open")
    lines = sheet(office, made["id"])
    assert [(one["product_id"], one["location_id"]) for one in lines] == [(near, aisle["id"]), (far, shelf["id"])]
    found = {"product_id": other, "quantity": "3", "location_id": shelf["id"]}
    office.act(f"/inventories/{made['id']}/counts", {"lines": [found]})
    assert sheet(office, made["id"])[2]["location_id"] == shelf["id"]
    assert office.act(f"/inventories/{made['id']}/cancel")["status"] == "canceled"
    assert office.level(other) == "3"
    elsewhere = office.post("/inventories", {"warehouse_id": there, "location_id": aisle["id"]})
    assert (elsewhere.refusal, elsewhere.pointers) == ((422, "stock.location_elsewhere"), ["/location_id"])
    both = office.post("/inventories", {"location_id": aisle["id"], "product_ids": [near]})
    assert both.refusal == (422, "stock.inventory_scope")
    circle = office.patch(f"/locations/{aisle['id']}", {"parent_id": shelf["id"]}, 1)
    assert (circle.refusal, circle.pointers) == ((422, "stock.location_in_circle"), ["/parent_id"])
    office.patch(f"/locations/{shelf['id']}", {"archived": True}, 1)
    closed = office.post(f"/locations/{shelf['id']}/products", {"product_ids": [near]})
    assert closed.refusal == (409, "stock.location_archived")


@ON_SQLITE
def test_a_variance_that_the_level_no_longer_bears_is_refused_whole(office: Office) -> None:
    """ERP-07: whoever took the goods after the count must be seen, not hidden by a level below zero."""
    product, other = office.product("10"), office.product("1")
    made = office.make("/inventories", {})
    path = f"/inventories/{made['id']}"
    office.act(f"{path}/open")
    lines = [{"product_id": other, "quantity": "5"}, {"product_id": product, "quantity": "2"}]
    office.act(f"{path}/counts", {"lines": lines})
    office.act("/stock-movements", {"kind": "debit", "product_id": product, "quantity": "9"})
    assert office.post(f"{path}/post").refusal == (409, "stock.not_enough")
    assert (office.level(other), office.get(path)["status"]) == ("1", "open")
    office.act(f"{path}/counts", {"lines": [{"product_id": product, "quantity": "0"}]})
    office.act(f"{path}/post")
    assert (office.level(other), office.level(product)) == ("5", "0")


# --- value ----------------------------------------------------------------------------------------------------------


def test_stock_and_its_value_are_known_for_any_day(office: Office) -> None:
    """ERP-07: from the movements until then; today it is what levels and costs say; on each database."""
    here, there = office.items("/warehouses")[0]["id"], office.warehouse()
    desk = office.product()
    receive(office, desk, "10", unit_cost="2")
    ways = {"from_warehouse_id": here, "to_warehouse_id": there}
    line = {"product_id": desk, "quantity": "3"}
    office.make("/stock-transfers", {**ways, "date": "2020-01-31", "lines": [line]})

    def worth(query: str) -> tuple[list[tuple[int, str, str]], str]:
        told = office.get(f"/reports/stock-value{query}")
        return [(one["warehouse_id"], one["quantity"], one["value"]) for one in told["rows"]], told["totals"]["value"]

    assert worth("") == ([(here, "7", "14.00"), (there, "3", "6.00")], "20.00")
    assert worth(f"?warehouse_id={there}") == ([(there, "3", "6.00")], "6.00")
    assert worth("?on=2019-12-31") == ([], "0.00")
    assert [row[:2] for row in worth("?on=2020-01-31")[0]] == [(here, "-3"), (there, "3")]
    assert office.get("/reports/stock-value?warehouse_id=999999999").refusal == (400, "unknown_reference")
