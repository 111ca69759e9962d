"""Reports over HTTP: the same sums on each database, as JSON and as files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import BytesIO, StringIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from app.domain.shared.ids import CompanyId
from app.usecases.chains import CompareBalances
from app.usecases.ports.chains import Disagreement
from tests.support.office import ON_SQLITE, Office, free_line

pytestmark = pytest.mark.fast


def invoice(office: Office, party: int, day: str, due: str, net: str, **more: Any) -> int:
    """Make a final invoice of one line without an order."""
    body = {"party_id": party, "date": day, "due_date": due, "lines": [{**free_line(net), "vat_rate": "20"}], **more}
    draft = office.make("/invoices", body)
    return int(office.act(f"/invoices/{draft['id']}/validate")["id"])


def pay(office: Office, invoice_id: int, day: str, amount: str | None = None, rate: str | None = None) -> None:
    """Enter a payment of one invoice."""
    body = {"date": day, "amount": amount, "rate": rate, "method": "transfer"}
    sent = {name: value for name, value in body.items() if value is not None}
    office.make(f"/invoices/{invoice_id}/payments", sent)


def contradictions(office: Office) -> Sequence[Disagreement]:
    """Give where the books contradict themselves."""
    container = office.served.container
    context = container.context_of(CompanyId(office.company))
    with container.works.reading(context) as work:
        return CompareBalances().execute(work, context, None)


def picked(report: Any, *names: str) -> list[tuple[Any, ...]]:
    """Give some columns of a report's rows."""
    return [tuple(row[name] for name in names) for row in report["rows"]]


def test_sales_are_summed_with_cost_and_margin(office: Office) -> None:
    """ERP-06: validated and paid invoices within the days asked for, on each database."""
    party = office.customer(customer_code="C1", name="Ann")
    body = {"ref": "DESK", "name": "Desk", "unit_price": "20", "cost_price": "12", "vat_rate": "20"}
    desk = office.make("/products", body)["id"]
    lines = [{"product_id": desk, "quantity": "1"}, free_line("5")]
    for day in ("2026-09-30", "2026-10-01"):
        draft = office.make("/invoices", {"party_id": party, "date": day, "lines": lines})
        office.act(f"/invoices/{draft['id']}/validate")
    office.invoice("7", validated=False, party_id=party)
    names = ("customer", "product", "day", "month", "year")
    by = {name: office.get(f"/reports/sales?by={name}").body for name in names}
    sums = {"net": "50.00", "cost": "24.00", "margin": "26.00"}
    assert by["customer"]["rows"] == [{"code": "C1", "name": "Ann", "invoices": 2, **sums}]
    assert picked(by["product"], "code", "net", "margin") == [("", "10.00", "10.00"), ("DESK", "40.00", "16.00")]
    assert picked(by["day"], "code", "net") == [("2026-09-30", "25.00"), ("2026-10-01", "25.00")]
    assert picked(by["month"], "code", "net") == [("2026-09", "25.00"), ("2026-10", "25.00")]
    assert picked(by["year"], "code", "invoices") == [("2026", 2)]
    assert [(one["totals"], one["currency"]) for one in by.values()] == [(sums, "EUR")] * len(names)
    october = office.get("/reports/sales?by=month&date_from=2026-10-01&date_to=2026-10-31").body
    assert (october["totals"]["net"], len(october["rows"])) == ("25.00", 1)


def test_sales_are_summed_by_the_representative_an_invoice_names(office: Office) -> None:
    """ERP-06: not by who looks after the customer today; a credit note counts for who sold."""
    emails = [f"seller{n}-{office.company}@example.com" for n in range(2)]
    ann, bob = (office.make("/users", {"email": one, "name": one[:7], "role_ids": []})["id"] for one in emails)
    party = office.customer(representative_ids=[ann])
    sold = office.invoice("100", party_id=party)
    office.invoice("7", party_id=party, representative_id=bob)
    office.invoice("1")
    seen = office.get(f"/third-parties/{party}")
    office.patch(f"/third-parties/{party}", {"representative_ids": [bob]}, seen["version"])
    note = office.make(f"/invoices/{sold['id']}/credit-notes", {"amounts": [{"vat_rate": "0", "net": "30"}]})
    office.act(f"/invoices/{note['id']}/validate")
    assert picked(office.get("/reports/sales?by=representative").body, "code", "name", "invoices", "net") == [
        ("", "", 1, "1.00"),
        (emails[0], "seller0", 2, "70.00"),
        (emails[1], "seller1", 1, "7.00"),
    ]


@ON_SQLITE
def test_a_line_costs_what_its_product_cost_in_stock_when_it_was_entered(office: Office) -> None:
    body = {"ref": "OAK", "name": "Oak", "unit_price": "20", "cost_price": "12", "vat_rate": "20"}
    oak = office.make("/products", body)["id"]
    order = {"party_id": office.customer(), "lines": [{"product_id": oak, "quantity": "2"}]}
    before = office.make("/orders", order)["lines"][0]
    office.act("/stock-movements", {"kind": "receive", "product_id": oak, "quantity": "4", "unit_cost": "15"})
    after = office.make("/orders", order)
    assert (before["unit_cost"], before["company_cost"]) == ("12", "24.00")
    assert (after["lines"][0]["unit_cost"], after["lines"][0]["company_cost"]) == ("15", "30.00")
    office.act(f"/orders/{after['id']}/validate")
    office.act("/stock-movements", {"kind": "receive", "product_id": oak, "quantity": "4", "unit_cost": "25"})
    assert office.make(f"/orders/{after['id']}/invoices", {})["lines"][0]["company_cost"] == "30.00"


def test_receivables_are_aged_as_of_a_day(office: Office) -> None:
    """What was open at the end of the day, in the class of its delay; payments made later do not count yet."""
    ann, bob = office.customer(name="Ann", customer_code="A"), office.customer(name="Bob", customer_code="B")
    days = (
        "2026-11-20",
        "2026-11-19",
        "2026-10-21",
        "2026-10-20",
        "2026-09-21",
        "2026-09-20",
        "2026-08-22",
        "2026-08-21",
    )
    made = [invoice(office, ann, "2026-08-01", due, str(net)) for net, due in enumerate(days, 1)]
    usd = invoice(office, bob, "2026-08-01", "2026-12-01", "100", currency="USD", rate="0.9")
    pay(office, usd, "2026-11-20", "40", "1")
    pay(office, made[0], "2026-11-21")
    gone = invoice(office, bob, "2026-08-01", "2026-09-01", "77")
    office.act(f"/invoices/{gone}/abandon", {"reason": "badcustomer"})
    report = office.get("/reports/receivables?on=2026-11-20").body
    classes = ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90", "total")
    # Each line has 20 % VAT; the payment at a rate of 1 took 40 of the 108 euros that 120 dollars are.
    assert picked(report, "name", *classes) == [
        ("Ann", "1.20", "6.00", "10.80", "15.60", "9.60", "43.20"),
        ("Bob", "68.00", "0.00", "0.00", "0.00", "0.00", "68.00"),
    ]
    assert report["totals"]["total"] == "111.20"
    today = office.get("/reports/receivables").body
    assert picked(today, "name", "total") == [("Ann", "42.00"), ("Bob", "68.00")]
    assert office.get("/reports/receivables?on=2026-07-31")["rows"] == []
    unpaid = office.get("/reports/unpaid?on=2026-11-20").body
    assert unpaid["totals"] == {"company_due": "111.20"}
    assert len(unpaid["rows"]) == len(days) + 1
    assert picked(unpaid, "due_date", "due", "company_due", "days_overdue")[0] == ("2026-08-21", "9.60", "9.60", 91)
    assert picked(unpaid, "currency", "due", "company_due", "days_overdue")[-1] == ("USD", "80.00", "68.00", 0)


def test_vat_is_summed_by_rate_in_the_companys_currency(office: Office) -> None:
    party = office.customer()
    lines = [{**free_line("100"), "vat_rate": "20"}, {**free_line("50"), "vat_rate": "5.5"}]
    made = []
    for currency in ({}, {"currency": "USD", "rate": "0.5"}):
        draft = office.make("/invoices", {"party_id": party, "date": "2026-10-05", "lines": lines, **currency})
        made.append(office.act(f"/invoices/{draft['id']}/validate")["id"])
    office.act(f"/invoices/{made[-1]}/abandon", {"reason": "abandon"})
    report = office.get("/reports/vat?date_from=2026-10-01&date_to=2026-10-31").body
    assert picked(report, "rate", "invoices", "base", "vat") == [
        ("5.5", 2, "75.00", "4.13"),
        ("20", 2, "150.00", "30.00"),
    ]
    assert report["totals"] == {"base": "225.00", "vat": "34.13"}
    assert office.get("/reports/vat?date_from=2026-11-01")["rows"] == []


def test_a_statement_tells_what_was_owed_before_and_after(office: Office) -> None:
    """The balance at the end is what the customer owes as the receivables tell it."""
    party = office.customer()
    first = invoice(office, party, "2026-09-01", "2026-09-30", "100")
    pay(office, first, "2026-10-02", "20")
    dollars = invoice(office, party, "2026-10-03", "2026-11-30", "100", currency="USD", rate="0.9")
    pay(office, dollars, "2026-10-04", rate="1")
    invoice(office, office.customer(), "2026-10-03", "2026-11-30", "9")
    lost = invoice(office, party, "2026-10-05", "2026-11-30", "10")
    office.act(f"/invoices/{lost}/abandon", {"reason": "abandon"})
    october = office.get(f"/third-parties/{party}/statement?date_from=2026-10-01&date_to=2026-10-31").body
    assert picked(october, "date", "kind", "currency", "own_amount", "amount", "balance") == [
        ("2026-10-01", "opening", "EUR", "120.00", "120.00", "120.00"),
        ("2026-10-02", "payment", "EUR", "-20.00", "-20.00", "100.00"),
        ("2026-10-03", "invoice", "USD", "120.00", "108.00", "208.00"),
        ("2026-10-04", "payment", "USD", "-120.00", "-120.00", "88.00"),
        ("2026-10-04", "exchange_difference", "USD", "0.00", "12.00", "100.00"),
        ("2026-10-05", "invoice", "EUR", "12.00", "12.00", "112.00"),
        ("2026-10-05", "given_up", "EUR", "-12.00", "-12.00", "100.00"),
    ]
    whole = office.get(f"/third-parties/{party}/statement").body
    assert whole["totals"] == october["totals"] == {"amount": "100.00"}
    assert whole["rows"][0]["kind"] == "invoice"
    owed = office.get("/reports/receivables").body
    assert [row["total"] for row in owed["rows"] if row["party_id"] == party] == ["100.00"]
    november = office.get(f"/third-parties/{party}/statement?date_from=2026-11-01").body
    assert picked(november, "kind", "balance") == [("opening", "100.00")]


@ON_SQLITE
def test_a_report_comes_as_a_file_too(office: Office) -> None:
    """The rows of CSV, XLSX and NDJSON are those of JSON; what a spreadsheet would compute is neutral."""
    party = office.customer(name="=1+1", customer_code="C1")
    invoice(office, party, "2026-10-03", "2026-10-31", "100")
    row = office.get("/reports/sales?by=customer")["rows"][0]
    csv_file = office.get("/reports/sales?by=customer&format=csv")
    assert csv_file.headers["content-type"].startswith("text/csv")
    assert csv_file.headers["content-disposition"].startswith('attachment; filename="sales-20')
    (read,) = csv.DictReader(StringIO(csv_file.body.decode()))
    assert read == {**{name: str(value) for name, value in row.items()}, "name": "'=1+1"}
    book = CalamineWorkbook.from_filelike(BytesIO(office.get("/reports/sales?by=customer&format=xlsx").body))
    head, values = book.get_sheet_by_index(0).to_python()
    assert dict(zip(head, values, strict=True)) == {
        "code": "C1",
        "name": "'=1+1",
        "invoices": 1,
        "net": 100,
        "cost": 0,
        "margin": 100,
    }
    lines = office.get("/reports/sales?by=customer&format=ndjson").body
    assert lines.count(b"\n") == 1
    for path in ("/reports/vat", "/reports/receivables", "/reports/unpaid", f"/third-parties/{party}/statement"):
        assert office.get(f"{path}?format=csv").body.count(b"\r\n") == 2, path
        assert office.get(f"{path}?format=xlsx").body.startswith(b"PK"), path


@ON_SQLITE
def test_a_report_asked_for_wrongly_names_the_parameter(office: Office) -> None:
    for query in ("", "?by=colour", "?by=month&date_from=soon", "?by=month&zz=1", "?by=month&format=pdf"):
        reply = office.get(f"/reports/sales{query}")
        assert reply.status == 400
        assert reply["errors"][0]["parameter"] in {"by", "date_from", "zz", "format"}
    backwards = office.get("/reports/sales?by=month&date_from=2026-02-01&date_to=2026-01-01")
    assert backwards.refusal == (400, "reports.period_backwards")
    assert backwards["errors"][0]["parameter"] == "date_to"
    assert office.get("/third-parties/999999/statement").refusal == (404, "not_found")
    assert office.get("/reports/receivables?on=soon").status == 400


@ON_SQLITE
def test_a_company_reports_its_own_books_alone(office: Office) -> None:
    """ERP-08: another company's invoices are in none of the sums, and its customers have no statement here."""
    party = office.customer()
    invoice(office, party, "2026-10-03", "2026-10-31", "100")
    other = office.served.company()
    for path in ("/reports/vat", "/reports/receivables", "/reports/unpaid", "/reports/sales?by=month"):
        assert other.get(path)["rows"] == [], path
        assert len(office.get(path)["rows"]) == 1, path
    assert other.get(f"/third-parties/{party}/statement").refusal == (404, "not_found")


def test_what_stands_to_a_customers_credit_is_in_every_report(office: Office) -> None:
    """Credit notes count below zero, credits of payments until they are used; pro formas and rests given up do not."""
    party = office.customer(name="Ann", customer_code="A", credit_limit="1000")
    whole = invoice(office, party, "2026-10-01", "2026-10-31", "100")
    body = {"date": "2026-10-05", "amounts": [{"vat_rate": "20", "net": "10"}]}
    note = office.make(f"/invoices/{whole}/credit-notes", body)["id"]
    office.act(f"/invoices/{note}/validate")
    body = {"date": "2026-10-06", "amount": "150", "allocations": [{"invoice_id": whole}]}
    more = office.make("/payments", body)["id"]
    later = invoice(office, party, "2026-10-07", "2026-12-31", "50")
    invoice(office, party, "2026-10-07", "2026-12-31", "1000", kind="pro_forma")
    closed = invoice(office, party, "2026-10-08", "2026-10-31", "10")
    pay(office, closed, "2026-10-08", "11.76")
    office.act(f"/invoices/{closed}/close", {"reason": "discount_vat"})
    parts = [{"invoice_id": later, "amount": "42"}, {"invoice_id": note}, {"credit_of": more}]
    office.make("/payments", {"date": "2026-10-09", "method": "offset", "allocations": parts})
    classes = ("not_due", "days_1_30", "total")
    before = office.get("/reports/receivables?on=2026-10-06").body
    assert picked(before, *classes) == [("-30.00", "-12.00", "-42.00")]
    assert picked(office.get("/reports/receivables").body, *classes) == [("18.00", "0.00", "18.00")]
    assert picked(office.get("/reports/unpaid?on=2026-10-06").body, "due") == [("-12.00",)]
    assert picked(office.get("/reports/unpaid").body, "due") == [("18.00",)]
    statement = office.get(f"/third-parties/{party}/statement?date_from=2026-10-02").body
    assert picked(statement, "date", "kind", "amount", "balance") == [
        ("2026-10-02", "opening", "120.00", "120.00"),
        ("2026-10-05", "credit_note", "-12.00", "108.00"),
        ("2026-10-06", "payment", "-150.00", "-42.00"),
        ("2026-10-07", "invoice", "60.00", "18.00"),
        ("2026-10-08", "invoice", "12.00", "30.00"),
        ("2026-10-08", "given_up", "-0.24", "29.76"),
        ("2026-10-08", "payment", "-11.76", "18.00"),
    ]
    after = office.get(f"/third-parties/{party}/statement?date_from=2026-11-01").body
    assert picked(after, "kind", "balance") == [("opening", "18.00")]
    assert picked(office.get("/reports/vat").body, "base", "vat") == [("150.00", "30.00")]
    assert picked(office.get("/reports/sales?by=month").body, "net") == [("150.00",)]
    assert office.get(f"/third-parties/{party}/outstanding")["unpaid"] == "18.00"
    assert contradictions(office) == []


def test_a_credit_used_at_another_rate_leaves_nothing_on_the_account(office: Office) -> None:
    """The exchange difference of a credit stands on the account like that of an invoice."""
    party = office.customer(name="Bob")
    dollars = {"currency": "USD", "rate": "0.9"}
    first = invoice(office, party, "2026-10-01", "2026-10-31", "100", **dollars)
    second = invoice(office, party, "2026-10-02", "2026-10-31", "50", **dollars)
    body = {"date": "2026-10-03", "rate": "1", "amount": "180", "allocations": [{"invoice_id": first}]}
    credit = office.make("/payments", body)["id"]
    owed = office.get("/reports/receivables?on=2026-10-03").body
    assert picked(owed, "total") == [("-6.00",)]
    parts = [{"invoice_id": second}, {"credit_of": credit}]
    office.make("/payments", {"date": "2026-10-04", "rate": "0.95", "method": "offset", "allocations": parts})
    account = office.get(f"/third-parties/{party}/statement").body
    assert picked(account, "date", "kind", "amount")[-2:] == [
        ("2026-10-04", "exchange_difference", "3.00"),
        ("2026-10-04", "exchange_difference", "3.00"),
    ]
    assert account["totals"] == {"amount": "0.00"}
    assert office.get("/reports/receivables")["rows"] == []
    assert office.get(f"/third-parties/{party}/statement?date_from=2026-11-01")["rows"][0]["balance"] == "0.00"
