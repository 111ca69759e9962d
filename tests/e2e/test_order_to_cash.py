"""From an order to a paid invoice over HTTP, in whole and in parts, and what is refused on the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.domain.identity import CompanySettings
from app.domain.shared.money import currency
from app.domain.shared.totals import VatMode
from tests.support.office import ON_SQLITE, Office, Reply, Served, free_line, together

pytestmark = pytest.mark.fast


def test_an_order_is_shipped_invoiced_and_paid(office: Office) -> None:
    """ERP-01, ERP-15: every step of order to cash by its endpoint, on each database."""
    goods, service = office.product("10"), office.product(kind="service", unit_price="7.50", vat_rate="5.5")
    party = office.customer(payment_days=10)
    lines = [
        {"product_id": goods, "quantity": "3", "discount": "10"},
        {"product_id": service, "quantity": "2"},
        {**free_line("4.90"), "kind": "freight", "vat_rate": "20"},
    ]
    made = office.make("/orders", {"party_id": party, "date": "2026-11-20", "external_ref": "PO 7", "lines": lines})
    assert made["status"] == "draft"
    assert made["ref"] == f"(PROV{made['id']})"
    assert [line["net"] for line in made["lines"]] == ["27.00", "15.00", "4.90"]
    assert [line["kind"] for line in made["lines"]] == ["goods", "service", "freight"]
    assert made["vat"] == [
        {"rate": "5.5", "base": "15.00", "vat": "0.83"},
        {"rate": "20", "base": "31.90", "vat": "6.38"},
    ]
    assert (made["total_net"], made["total_vat"], made["total_gross"]) == ("46.90", "7.21", "54.11")

    path = f"/orders/{made['id']}"
    assert office.act(f"{path}/validate")["ref"] == "CO2611-0001"
    shipment = office.make(f"{path}/shipments", {"date": "2026-11-20"})
    assert [line["quantity"] for line in shipment["lines"]] == ["3"]
    assert office.level(goods) == "10"
    assert office.act(f"/shipments/{shipment['id']}/validate")["ref"] == "SH2611-0001"
    assert office.level(goods) == "7"
    assert office.get(path)["status"] == "in_shipment"
    assert office.act(f"/shipments/{shipment['id']}/close")["status"] == "closed"
    assert office.get(path)["status"] == "delivered"

    invoice = office.make(f"{path}/invoices", {"date": "2026-11-20"})
    assert invoice["due_date"] == "2026-11-30"
    assert invoice["order_id"] == made["id"]
    validated = office.act(f"/invoices/{invoice['id']}/validate")
    assert (validated["ref"], validated["status"], validated["due"]) == ("FA2611-0001", "validated", "54.11")
    assert len(validated["link"]) == 64
    payment = office.post(f"/invoices/{invoice['id']}/payments", {"method": "card", "date": "2026-11-21"})
    assert payment.status == 201
    assert payment.headers["location"] == f"/api/v1/payments/{payment['id']}"
    assert (payment["ref"], payment["amount"], payment["method"]) == ("PAY2611-0001", "54.11", "card")
    paid = office.get(f"/invoices/{invoice['id']}").body
    assert (paid["status"], paid["paid"], paid["due"]) == ("paid", "54.11", "0.00")
    assert office.get(f"/payments/{payment['id']}").body == payment.body
    order = office.get(path).body
    assert [line["shipped"] for line in order["lines"]] == ["3", "0", "0"]
    assert [line["invoiced"] for line in order["lines"]] == ["3", "2", "1"]
    report = office.get("/reports/sales?by=product").body
    assert report["totals"]["net"] == "46.90"
    assert sum(Decimal(row["net"]) for row in report["rows"]) == Decimal("46.90")


def test_a_created_document_says_where_it_is(office: Office) -> None:
    """ERP-15: Location and ETag lead to the object, also from an endpoint of another one."""
    reply = office.post("/orders", {"party_id": office.customer(), "lines": [free_line("1")]})
    assert reply.headers["location"] == f"/api/v1/orders/{reply['id']}"
    office.act(f"/orders/{reply['id']}/validate")
    invoice = office.post(f"/orders/{reply['id']}/invoices", {})
    assert invoice.headers["location"] == f"/api/v1/invoices/{invoice['id']}"
    again = office.get(f"/invoices/{invoice['id']}")
    assert again.headers["etag"] == invoice.headers["etag"] == f'"{invoice["version"]}"'
    assert office.get(f"/invoices/{invoice['id']}", if_none_match=again.headers["etag"]).status == 304


# --- in parts -------------------------------------------------------------------------------------------------------


@ON_SQLITE
def test_an_order_is_shipped_in_parts_and_never_beyond(office: Office) -> None:
    """CT-02: what is left to ship is counted when a shipment is validated, not when it is entered."""
    product = office.product("100")
    order = office.order([{"product_id": product, "quantity": "5"}])
    path = f"/orders/{order['id']}/shipments"
    first = office.make(path, {"lines": [{"position": 1, "quantity": "3.5"}]})
    second = office.make(path, {"lines": [{"position": 1, "quantity": "3"}]})
    office.act(f"/shipments/{first['id']}/validate")
    late = office.post(f"/shipments/{second['id']}/validate")
    assert late.refusal == (409, "sales.over_shipped")
    assert Decimal(late["facts"]["left"]) == Decimal("1.5")
    assert office.post(path, {"lines": [{"position": 1, "quantity": "2"}]}).pointers == ["/lines/0/quantity"]
    assert office.level(product) == "96.5"
    rest = office.make(path, {})
    (left,) = rest["lines"]
    assert (left["position"], left["product_id"], left["quantity"]) == (1, product, "1.5")
    office.act(f"/shipments/{rest['id']}/validate")
    assert office.post(path, {}).refusal == (409, "shipping.nothing_to_ship")
    assert office.delete(f"/shipments/{second['id']}", second["version"]).status == 204
    assert office.get(f"/shipments/{second['id']}").status == 404


@ON_SQLITE
def test_the_order_is_delivered_with_its_last_shipment(office: Office) -> None:
    product = office.product("9")
    order = office.order([{"product_id": product, "quantity": "2"}])
    path = f"/orders/{order['id']}"
    shipments = [
        office.make(f"{path}/shipments", {"lines": [{"position": 1, "quantity": "1"}]})["id"] for _ in range(2)
    ]
    for shipment in shipments:
        office.act(f"/shipments/{shipment}/validate")
    office.act(f"/shipments/{shipments[1]}/close")
    assert office.get(path)["status"] == "in_shipment"
    office.act(f"/shipments/{shipments[0]}/close")
    assert office.get(path)["status"] == "delivered"


@ON_SQLITE
def test_an_order_is_invoiced_in_parts_and_never_beyond(office: Office) -> None:
    """CT-02: neither one invoice, nor two drafts, nor one line named twice charge more than was ordered."""
    order = office.order([free_line("10", quantity="4"), free_line("3")])
    path = f"/orders/{order['id']}/invoices"
    three = {"lines": [{"position": 1, "quantity": "3"}]}
    first, second = office.make(path, three), office.make(path, three)
    office.act(f"/invoices/{first['id']}/validate")
    assert office.post(f"/invoices/{second['id']}/validate").refusal == (409, "sales.over_invoiced")
    assert office.get(f"/invoices/{second['id']}")["status"] == "draft"
    twice = office.post(path, {"lines": [{"position": 2, "quantity": "1"}, {"position": 2, "quantity": "1"}]})
    assert twice.refusal == (409, "sales.over_invoiced")
    assert twice.pointers == ["/lines/1/quantity"]
    assert office.post(path, {"lines": [{"position": 3, "quantity": "1"}]}).pointers == ["/lines/0/position"]
    rest = office.make(path, {})
    assert [(line["order_position"], line["quantity"]) for line in rest["lines"]] == [(1, "1"), (2, "1")]
    office.act(f"/invoices/{rest['id']}/validate")
    assert office.post(path, {}).refusal == (409, "billing.nothing_to_invoice")


@ON_SQLITE
def test_an_invoice_of_an_order_keeps_charging_for_its_lines(office: Office) -> None:
    """CT-02: lines of its own would let the order be invoiced twice."""
    order = office.order([free_line("10")])
    draft = office.make(f"/orders/{order['id']}/invoices", {})
    reply = office.patch(f"/invoices/{draft['id']}", {"lines": [free_line("99")]}, draft["version"])
    assert reply.refusal == (409, "billing.lines_of_order")
    changed = office.patch(f"/invoices/{draft['id']}", {"note": "Thank you"}, draft["version"])
    assert (changed.status, changed["note"], changed["lines"]) == (200, "Thank you", draft["lines"])


@ON_SQLITE
def test_more_than_there_is_does_not_leave_the_warehouse(office: Office) -> None:
    """CT-02: needs are summed per product, and a refused shipment moves nothing and counts nothing."""
    scarce, plenty = office.product("3"), office.product("9")
    lines = [{"product_id": product, "quantity": "2"} for product in (plenty, scarce, scarce)]
    order = office.order(lines)
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    assert office.post(f"/shipments/{shipment['id']}/validate").refusal == (409, "stock.not_enough")
    assert (office.level(scarce), office.level(plenty)) == ("3", "9")
    assert office.get(f"/orders/{order['id']}").body == order


# --- payments -------------------------------------------------------------------------------------------------------


@ON_SQLITE
def test_an_invoice_is_paid_in_parts_and_never_beyond(office: Office) -> None:
    """CT-02: never paid above what is due."""
    invoice = office.invoice("100")
    path = f"/invoices/{invoice['id']}"
    office.make(f"{path}/payments", {"amount": "99.99", "method": "cash"})
    over = office.post(f"{path}/payments", {"amount": "0.02", "method": "cash"})
    assert over.refusal == (409, "billing.overpaid")
    assert over.pointers == ["/amount"]
    assert office.get(path)["due"] == "0.01"
    assert office.post(f"{path}/payments", {"amount": "0.001", "method": "cash"}).pointers == ["/amount"]
    assert office.post(f"{path}/payments", {"amount": "-1", "method": "cash"}).pointers == ["/amount"]
    assert office.make(f"{path}/payments", {"method": "cheque"})["amount"] == "0.01"
    assert office.get(path)["status"] == "paid"
    assert office.post(f"{path}/payments", {"method": "cash"}).refusal == (409, "billing.invoice_not_open")


@ON_SQLITE
def test_one_payment_settles_several_invoices(office: Office) -> None:
    """ERP-15: all or none, and the pointer names the one that is to blame."""
    party = office.customer()
    first, second = (office.invoice(gross, party_id=party)["id"] for gross in ("10", "20"))
    stranger = office.invoice("5")["id"]
    draft = office.invoice("5", party_id=party, validated=False)["id"]

    def pay(*parts: tuple[int, str | None]) -> Reply:
        allocations = [{"invoice_id": one, **({} if amount is None else {"amount": amount})} for one, amount in parts]
        return office.post("/payments", {"method": "transfer", "allocations": allocations})

    assert pay((first, "10"), (stranger, "5")).pointers == ["/allocations/1/invoice_id"]
    assert pay((first, "5"), (first, "5")).pointers == ["/allocations/1/invoice_id"]
    assert pay((first, None), (second, "20.01")).pointers == ["/allocations/1/amount"]
    assert pay((first, None), (draft, None)).refusal == (409, "billing.invoice_not_open")
    assert pay((first, None), (999_999_999, None)).pointers == ["/allocations/1/invoice_id"]
    assert office.get(f"/invoices/{first}")["paid"] == "0.00"
    done = pay((second, "15"), (first, None))
    assert done.status == 201
    assert done["amount"] == "25.00"
    assert [(part["invoice_id"], part["amount"]) for part in done["allocations"]] == [
        (second, "15.00"),
        (first, "10.00"),
    ]
    assert office.get(f"/invoices/{first}")["status"] == "paid"
    assert office.get(f"/invoices/{second}")["due"] == "5.00"
    assert [row["ref"] for row in office.items("/payments")] == [done["ref"]]


@ON_SQLITE
def test_what_will_not_be_paid_is_abandoned(office: Office) -> None:
    invoice = office.invoice("10")
    path = f"/invoices/{invoice['id']}"
    assert office.post(f"{path}/abandon", {"reason": "whim"}).pointers == ["/reason"]
    abandoned = office.act(f"{path}/abandon", {"reason": "badcustomer"})
    assert (abandoned["status"], abandoned["abandon_reason"]) == ("abandoned", "badcustomer")
    assert office.post(f"{path}/payments", {"method": "cash"}).refusal == (409, "billing.invoice_not_open")


@ON_SQLITE
def test_a_free_invoice_is_paid_at_once(office: Office) -> None:
    assert office.invoice("0")["status"] == "paid"


# --- states ---------------------------------------------------------------------------------------------------------


@ON_SQLITE
def test_a_validated_document_is_not_changed_or_deleted(office: Office) -> None:
    """ERP-07: posted documents are corrected by others, never edited."""
    order, invoice = office.order([free_line("1")]), office.invoice("1")
    for path, seen, code in (
        (f"/orders/{order['id']}", order, "sales.order_not_draft"),
        (f"/invoices/{invoice['id']}", invoice, "billing.invoice_not_draft"),
    ):
        assert office.patch(path, {"note": "x"}, seen["version"]).refusal == (409, code)
        assert office.delete(path, seen["version"]).refusal == (409, code)
        assert office.get(path).body == seen


@ON_SQLITE
def test_an_order_is_canceled_or_closed_only_when_nothing_hangs_on_it(office: Office) -> None:
    product = office.product("5")
    goods = [{"product_id": product, "quantity": "1"}]
    canceled, shipped, services = office.order(goods), office.order(goods), office.order([free_line("1")])
    assert office.act(f"/orders/{canceled['id']}/cancel")["status"] == "canceled"
    shipment = office.make(f"/orders/{shipped['id']}/shipments", {})
    assert office.post(f"/orders/{shipped['id']}/close").refusal == (409, "state.invalid_transition")
    office.act(f"/shipments/{shipment['id']}/validate")
    assert office.post(f"/orders/{shipped['id']}/cancel").refusal == (409, "state.invalid_transition")
    assert office.act(f"/orders/{shipped['id']}/close")["status"] == "delivered"
    assert office.act(f"/orders/{services['id']}/close")["status"] == "delivered"
    assert office.post(f"/orders/{canceled['id']}/shipments", {}).refusal == (409, "state.invalid_transition")
    assert office.post(f"/orders/{canceled['id']}/invoices", {}).refusal == (409, "sales.order_not_open")


@ON_SQLITE
def test_drafts_are_deleted_with_their_lines(office: Office) -> None:
    order = office.order([free_line("1")], validated=False)
    invoice = office.invoice("1", validated=False)
    for path, version in (
        (f"/orders/{order['id']}", order["version"]),
        (f"/invoices/{invoice['id']}", invoice["version"]),
    ):
        assert office.delete(path, version).status == 204
        assert office.get(path).status == 404


@pytest.mark.parametrize("what", ["orders", "shipments", "invoices"])
def test_of_two_validations_at_once_one_wins_and_one_is_told(office: Office, what: str) -> None:
    """CT-02: a double click validates once, on each database."""
    if what == "orders":
        made: Any = office.order([free_line("1")], validated=False)
    elif what == "shipments":
        order = office.order([{"product_id": office.product("5"), "quantity": "1"}])
        made = office.make(f"/orders/{order['id']}/shipments", {})
    else:
        made = office.invoice("1", validated=False)
    replies = together(2, lambda _: office.post(f"/{what}/{made['id']}/validate"))
    won, lost = sorted(replies, key=lambda reply: reply.status)
    assert won.status == 200
    assert lost.refusal == (409, "state.invalid_transition")
    assert lost["facts"]["state"] == "validated"
    assert office.get(f"/{what}/{made['id']}").body == won.body


def test_payments_at_once_never_pay_above_what_is_due(office: Office) -> None:
    """CT-02: on each database."""
    invoice = office.invoice("10")
    path = f"/invoices/{invoice['id']}"
    replies = together(4, lambda _: office.post(f"{path}/payments", {"amount": "4", "method": "cash"}))
    assert sorted(reply.status for reply in replies) == [201, 201, 409, 409]
    assert {reply["code"] for reply in replies if reply.status == 409} == {"billing.overpaid"}
    assert office.get(path)["paid"] == "8.00"


# --- money ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "price", "net", "vat", "gross"),
    [
        ("JPY", "33.5", "101", "20", "121"),
        ("EUR", "33.335", "100.01", "20.00", "120.01"),
        ("KWD", "1.1115", "3.335", "0.667", "4.002"),
    ],
)
def test_a_currency_keeps_its_digits_from_order_to_payment(
    served: Served, code: str, price: str, net: str, vat: str, gross: str
) -> None:
    """ERP-07: currencies with 0, 2 and 3 digits, half up, end to end on each database."""
    office = served.company(CompanySettings(currency=currency(code)))
    office.warehouse()
    order = office.order([free_line(price, quantity="3", vat_rate="20")])
    assert (order["currency"], order["total_net"], order["total_vat"], order["total_gross"]) == (code, net, vat, gross)
    draft = office.make(f"/orders/{order['id']}/invoices", {})
    invoice = office.act(f"/invoices/{draft['id']}/validate")
    assert (invoice["total_gross"], invoice["due"], invoice["company_gross"]) == (gross, gross, gross)
    payment = office.make(f"/invoices/{invoice['id']}/payments", {"method": "transfer"})
    assert (payment["amount"], payment["company_amount"]) == (gross, gross)
    (row,) = office.items("/invoices")
    assert (row["total_net"], row["total_vat"], row["total_gross"], row["paid"]) == (net, vat, gross, gross)
    assert office.get("/reports/sales?by=month")["totals"]["net"] == net


def test_a_document_in_a_foreign_currency_counts_in_the_companys_too(office: Office) -> None:
    """ERP-07: both amounts have their own digits, and what rates differ by is booked as such."""
    party = office.customer()
    body = {"party_id": party, "currency": "JPY", "lines": [free_line("1001", vat_rate="10")]}
    assert office.post("/invoices", body).pointers == ["/rate"]
    draft = office.make("/invoices", {**body, "rate": "0.0062"})
    assert (draft["total_net"], draft["total_vat"], draft["total_gross"]) == ("1001", "100", "1101")
    assert (draft["company_net"], draft["company_vat"], draft["company_gross"]) == ("6.21", "0.62", "6.83")
    assert draft["lines"][0]["company_net"] == "6.21"
    office.act(f"/invoices/{draft['id']}/validate")
    paid = office.make(f"/invoices/{draft['id']}/payments", {"method": "transfer", "rate": "0.007"})
    shown = [(part["kind"], part["amount"], part["company_amount"]) for part in paid["allocations"]]
    assert shown == [("settlement", "1101", "7.71"), ("exchange_difference", "0", "-0.88")]
    assert office.get(f"/payments/{paid['id']}").body == paid


@ON_SQLITE
def test_vat_is_rounded_where_the_company_says(served: Served) -> None:
    """ERP-07: per rate (EN 16931) or per line."""
    lines = [free_line("0.13", vat_rate="20") for _ in range(3)]
    found = {}
    for mode in VatMode:
        office = served.company(CompanySettings(vat_mode=mode))
        order = office.order(lines, validated=False)
        assert order["vat_mode"] == mode.value
        found[mode] = order["total_vat"]
    assert found == {VatMode.PER_RATE: "0.08", VatMode.PER_LINE: "0.09"}
