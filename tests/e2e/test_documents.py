"""Documents travel whole: one bad value refuses all, and is pointed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select

from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.tables.shared import metadata
from app.settings import Settings
from tests.support.office import ON_SQLITE, Office, Served, free_line, serving

pytestmark = pytest.mark.fast


def rows(served: Served) -> Mapping[str, int]:
    """Give how many rows each table has."""
    with plain_engine(served.container.settings.database_url).connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("path", ["/orders", "/invoices"])
def test_a_document_of_a_hundred_lines_with_a_bad_one_stores_nothing(served: Served, office: Office, path: str) -> None:
    """Demand 1: no row of any table, and the pointer names the line, on each database."""
    body: dict[str, Any] = {"party_id": office.customer(), "lines": [free_line("1") for _ in range(100)]}
    before = rows(served)
    for field, value, status in (
        ("quantity", "0", 422),
        ("quantity", "-1", 422),
        ("unit_price", "-0.01", 422),
        ("discount", "101", 422),
        ("vat_rate", "-1", 422),
        ("product_id", 999_999_999, 422),
        ("unit_price", "999999999", 201),
        ("quantity", "99999999999", 422),
    ):
        line = {**free_line("999999999" if field == "quantity" else "1"), field: value}
        reply = office.post(path, {**body, "lines": [*body["lines"][:57], line, *body["lines"][58:]]})
        assert reply.status == status, (field, value, reply.body)
        if status == 201:
            office.delete(f"{path}/{reply['id']}", reply["version"])
            before = rows(served)
        elif value != "99999999999":
            assert reply.pointers == [f"/lines/57/{field}"]
        else:
            assert reply.pointers == ["/lines/57"]
        assert rows(served) == before
    assert len(office.make(path, body)["lines"]) == 100


@ON_SQLITE
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("quantity", 1.5, "validation.number"),
        ("quantity", 1e3, "validation.number"),
        ("quantity", True, "validation.number"),
        ("quantity", "1e3", "validation.number"),
        ("quantity", "NaN", "validation.number"),
        ("quantity", "1,5", "validation.number"),
        ("quantity", " 1", "validation.number"),
        ("quantity", "", "validation.number"),
        ("quantity", None, "validation.number"),
        ("quantity", "0.1234567", "validation.decimals"),
        ("quantity", "1234567890123", "validation.digits"),
        ("unit_price", 9.8, "validation.number"),
        ("unit_price", "0.123456789", "validation.decimals"),
        ("discount", 5.0, "validation.number"),
        ("vat_rate", [20], "validation.number"),
        ("product_id", "7", "validation.number"),
        ("product_id", 0, "validation.range"),
        ("kind", "gift", "validation.choice"),
        ("kind", "goods", "validation.choice"),
        ("description", "", "validation.too_short"),
        ("description", "x" * 10_001, "validation.too_long"),
        ("description", "\0", "validation.value"),
        ("net", "1", "validation.unknown_field"),
    ],
)
def test_a_value_of_a_line_in_the_wrong_form_is_named(office: Office, field: str, value: Any, code: str) -> None:
    """ERP-15: binary fractions are refused, not rounded; the pointer leads to the very value."""
    lines = [free_line("1"), free_line("1"), {**free_line("1"), field: value}]
    for path in ("/orders", "/invoices"):
        reply = office.post(path, {"party_id": 1, "lines": lines})
        assert reply.status == 422
        assert [(one["pointer"], one["code"]) for one in reply["errors"]] == [(f"/lines/2/{field}", code)]


@ON_SQLITE
def test_every_wrong_value_is_named_at_once(office: Office) -> None:
    body = {"date": "tomorrow", "lines": [{"quantity": 1.5}, {"unit_price": "x", "quantity": "1"}], "colour": "red"}
    assert set(office.post("/orders", body).pointers) == {
        "/party_id",
        "/date",
        "/lines/0/quantity",
        "/lines/1/unit_price",
        "/colour",
    }


@ON_SQLITE
def test_numbers_may_be_decimal_strings_or_integers(office: Office) -> None:
    """ERP-15: both are exact."""
    line = {"description": "Work", "quantity": 2, "unit_price": "1.50", "vat_rate": 20, "discount": 0}
    made = office.order([line], validated=False)["lines"][0]
    assert (made["quantity"], made["unit_price"], made["vat_rate"], made["net"]) == ("2", "1.5", "20", "3.00")


@ON_SQLITE
def test_numbers_are_written_plainly(office: Office) -> None:
    """ERP-15: quantities, prices and rates without trailing zeros or exponent; amounts with the currency's digits."""
    line = free_line("0.00000001", quantity="100000.000000", vat_rate="5.50", discount="0.0")
    shown = office.order([line], validated=False)["lines"][0]
    assert (shown["unit_price"], shown["quantity"]) == ("0.00000001", "100000")
    assert (shown["vat_rate"], shown["discount"], shown["net"]) == ("5.5", "0", "0.00")


@ON_SQLITE
def test_a_line_takes_from_its_product_what_it_does_not_say(office: Office) -> None:
    product = office.product(name="Desk", unit_price="12.5", vat_rate="5.5")
    plain, own = office.order(
        [
            {"product_id": product, "quantity": "1"},
            {"product_id": product, "quantity": "1", "description": "Mine", "unit_price": "1", "vat_rate": "0"},
        ],
        validated=False,
    )["lines"]
    assert (plain["description"], plain["unit_price"], plain["vat_rate"]) == ("Desk", "12.5", "5.5")
    assert (own["description"], own["unit_price"], own["vat_rate"]) == ("Mine", "1", "0")


@ON_SQLITE
@pytest.mark.parametrize("field", ["description", "unit_price", "vat_rate"])
def test_a_line_without_a_product_says_everything_itself(office: Office, field: str) -> None:
    line = {name: value for name, value in free_line("1").items() if name != field}
    reply = office.post("/orders", {"party_id": office.customer(), "lines": [free_line("1"), line]})
    assert reply.refusal == (422, "required")
    assert reply.pointers == [f"/lines/1/{field}"]


@ON_SQLITE
def test_a_kind_beside_a_product_is_refused_rather_than_ignored(office: Office) -> None:
    """Demand 16: nothing that was sent is silently dropped."""
    line = {"product_id": office.product(), "kind": "service", "quantity": "1"}
    assert office.post("/orders", {"party_id": office.customer(), "lines": [line]}).pointers == ["/lines/0/kind"]


@ON_SQLITE
def test_only_customers_in_use_and_products_in_use_get_new_documents(office: Office) -> None:
    supplier = office.make("/third-parties", {"name": "S", "supplier": True})["id"]
    gone = office.make("/third-parties", {"name": "G", "customer": True})
    office.patch(f"/third-parties/{gone['id']}", {"archived": True}, gone["version"])
    product = office.product()
    office.patch(f"/products/{product}", {"archived": True}, office.get(f"/products/{product}")["version"])
    for path in ("/orders", "/invoices"):
        to_supplier = office.post(path, {"party_id": supplier, "lines": [free_line("1")]})
        assert to_supplier.refusal == (422, "parties.not_a_customer")
        to_gone = office.post(path, {"party_id": gone["id"], "lines": [free_line("1")]})
        assert to_gone.refusal == (409, "parties.archived")
        assert to_supplier.pointers == to_gone.pointers == ["/party_id"]
        of_gone = office.post(
            path, {"party_id": office.customer(), "lines": [{"product_id": product, "quantity": "1"}]}
        )
        assert of_gone.refusal == (409, "catalogue.archived")
        assert of_gone.pointers == ["/lines/0/product_id"]


@ON_SQLITE
def test_a_document_has_no_more_lines_than_the_limit(database_settings: Settings) -> None:
    """ERP-05: LINES_LIMIT, told by number."""
    with serving(database_settings.model_copy(update={"lines_limit": 3})) as served:
        office = served.company()
        office.warehouse()
        party = office.customer()
        body = {"party_id": party, "lines": [free_line("1")] * 3}
        parts = {"lines": [{"position": 1, "quantity": "0.1"}] * 4}
        order, invoice = office.make("/orders", body), office.make("/invoices", body)
        more = {"lines": [free_line("1")] * 4}
        replies = [
            office.post("/orders", {**body, **more}),
            office.post("/invoices", {**body, **more}),
            office.patch(f"/orders/{order['id']}", more, order["version"]),
            office.patch(f"/invoices/{invoice['id']}", more, invoice["version"]),
            office.post(f"/orders/{order['id']}/shipments", parts),
            office.post(f"/orders/{order['id']}/invoices", parts),
        ]
        for reply in replies:
            assert reply.refusal == (422, "request.too_many_lines")
            assert (reply.pointers, reply["facts"]) == (["/lines"], {"limit": 3})
        allocations = [{"invoice_id": invoice["id"]}] * 4
        assert office.post("/payments", {"method": "cash", "allocations": allocations}).pointers == ["/allocations"]


@ON_SQLITE
def test_a_document_without_lines_is_refused(office: Office) -> None:
    for path in ("/orders", "/invoices"):
        assert office.post(path, {"party_id": office.customer(), "lines": []}).pointers == ["/lines"]
    assert office.post("/payments", {"method": "cash", "allocations": []}).pointers == ["/allocations"]


@ON_SQLITE
def test_problems_are_told_in_the_callers_language(office: Office) -> None:
    """ERP-17: titles, details and the words within them, by Accept-Language."""
    order = office.order([free_line("1")])
    reply = office.post(f"/orders/{order['id']}/validate", accept_language="pt-BR")
    assert reply.headers["content-language"] == "pt-BR"
    assert reply["title"] == "Passo impossível"
    english = office.post(f"/orders/{order['id']}/validate")
    assert english["code"] == reply["code"]
    assert english["detail"] != reply["detail"]
    body = {"party_id": 1, "lines": [{"quantity": 1.5}]}
    (problem,) = office.post("/orders", body, accept_language="pt")["errors"]
    assert "número" in problem["detail"]


# --- stock ----------------------------------------------------------------------------------------------------------


def test_stock_is_received_debited_and_counted(office: Office) -> None:
    """CT-02: the ledger tells each movement with its value, on each database."""
    product = office.product()

    def move(kind: str, quantity: str, **fields: Any) -> dict[str, Any]:
        return office.act("/stock-movements", {"kind": kind, "product_id": product, "quantity": quantity, **fields})

    received = move("receive", "10", unit_cost="2.5", reason="delivery 1")
    assert (received["level"], received["movement"]["value"], received["movement"]["reason"]) == (
        "10",
        "25.00",
        "delivery 1",
    )
    assert move("receive", "10", unit_cost="3.5")["movement"]["value"] == "35.00"
    debited = move("debit", "0.5")
    assert (debited["level"], debited["movement"]["unit_cost"], debited["movement"]["value"]) == ("19.5", "3", "-1.50")
    assert move("count", "19.5")["movement"] is None
    assert move("count", "20")["movement"]["quantity"] == "0.5"
    ledger = office.items(f"/stock-movements?product_id={product}&sort=id")
    assert [(row["kind"], row["quantity"], row["level"], row["value"]) for row in ledger] == [
        ("receive", "10", "10", "25.00"),
        ("receive", "10", "20", "35.00"),
        ("debit", "-0.5", "19.5", "-1.50"),
        ("count", "0.5", "20", "1.50"),
    ]
    assert office.level(product) == "20"


@ON_SQLITE
def test_a_movement_that_makes_no_sense_is_refused(office: Office) -> None:
    goods, service = office.product("1"), office.product(kind="service")

    def refusal(**body: Any) -> tuple[str, list[str]]:
        reply = office.post("/stock-movements", {"kind": "debit", "product_id": goods, "quantity": "1", **body})
        return reply["code"], reply.pointers

    assert refusal(quantity="1.5") == ("stock.not_enough", ["/quantity"])
    assert refusal(quantity="0") == ("stock.quantity_not_positive", ["/quantity"])
    assert refusal(kind="receive", quantity="-1") == ("stock.quantity_not_positive", ["/quantity"])
    assert refusal(kind="count", quantity="-1") == ("stock.negative_quantity", ["/quantity"])
    assert refusal(kind="receive", unit_cost="-1") == ("stock.negative_cost", ["/unit_cost"])
    assert refusal(unit_cost="1") == ("stock.cost_only_on_receipt", ["/unit_cost"])
    assert refusal(product_id=service) == ("catalogue.not_stocked", ["/product_id"])
    assert refusal(kind="shipment")[1] == ["/kind"]
    assert office.level(goods) == "1"


@ON_SQLITE
def test_a_warehouse_may_let_more_leave_than_is_there(office: Office) -> None:
    place, product = office.warehouse(allow_negative=True), office.product()
    body = {"kind": "debit", "product_id": product, "quantity": "2", "warehouse_id": place}
    assert office.act("/stock-movements", body)["level"] == "-2"


@ON_SQLITE
def test_the_first_warehouse_is_the_default_at_once(served: Served) -> None:
    """What the caller was known to be half a minute ago does not hide it."""
    office = served.company()
    product = office.product()
    body = {"kind": "receive", "product_id": product, "quantity": "2"}
    assert office.post("/stock-movements", body).refusal == (422, "stock.no_warehouse")
    place = office.warehouse()
    office.warehouse()
    assert office.act("/stock-movements", body)["warehouse_id"] == place
