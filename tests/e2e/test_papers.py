"""Papers over HTTP: what is printed says what the API says, is printed once, and stays as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from sqlalchemy import text

from app.domain.papers import Mark, PaperKind
from app.infrastructure.database.migrate import plain_engine
from app.settings import Settings
from app.usecases.papers.reports import AGES
from tests.support.databases import statements, tracing
from tests.support.office import ON_SQLITE, Office, Served, free_line, serving, together
from tests.support.printers import RecordingPrinter, column, facts, passages, totals

pytestmark = pytest.mark.fast
LETTERHEAD: Final = {
    "legal_name": "Acme SARL",
    "street": ["12 rue des Lilas"],
    "postal_code": "69003",
    "city": "Lyon",
    "vat_number": "FR 40 303 265 045",
    "registration": "RCS Lyon 303 265 045",
    "capital": "8 000 €",
    "email": "Info@Acme.example",
    "accent": "C0FFEE",
    "footer": ["Acme SARL, Lyon"],
    "window": "right",
    "invoice_notes": ["Pas d'escompte pour paiement anticipé."],
    "no_vat_reason": "TVA non applicable, art. 293 B du CGI",
}


@dataclass
class Press:
    """A company whose papers are recorded."""

    office: Office
    printer: RecordingPrinter

    def head(self, **fields: Any) -> dict[str, Any]:
        """Change the letterhead."""
        settings = self.office.get("/company/settings").body
        reply = self.office.patch("/company/settings", {"letterhead": fields}, settings["version"])
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.body
        return found

    def rows(self, columns: str, table: str = "papers") -> list[tuple[Any, ...]]:
        """Read the company's rows past the application."""
        with plain_engine(self.office.served.container.settings.database_url).connect() as connection:
            found = connection.execute(
                text(f"SELECT {columns} FROM {table} WHERE company_id = :company ORDER BY 1"),
                {"company": self.office.company},
            )
            return [tuple(row) for row in found]


@pytest.fixture(scope="module")
def printer() -> RecordingPrinter:
    """Give the printer that all tests here share."""
    return RecordingPrinter()


@pytest.fixture(scope="module")
def printing(database_settings: Settings, printer: RecordingPrinter) -> Iterator[Served]:
    """Give the application with that printer."""
    with serving(database_settings, printer=printer) as made:
        yield made


@pytest.fixture
def press(printing: Served, printer: RecordingPrinter) -> Press:
    """Give a company of the test's own."""
    office = printing.company()
    office.warehouse()
    printer.papers.clear()
    return Press(office, printer)


def money(given: Iterable[str]) -> list[Decimal]:
    """Give what the API wrote as numbers."""
    return [Decimal(one) for one in given]


def lines(office: Office) -> list[dict[str, Any]]:
    """Give lines at two rates, one with a discount."""
    return [
        {"product_id": office.product(name="Chair"), "quantity": "3"},
        {"product_id": office.product(name="Table\nOak, oiled", unit_price="99.99"), "quantity": "2", "discount": "5"},
        free_line("12.34", vat_rate="5.5"),
    ]


def test_an_invoice_is_printed_with_what_the_law_asks_for(press: Press) -> None:
    """ERP-16: EN 16931, French and German rules: who, to whom, when, what, VAT by rate, what is open, where to pay."""
    office = press.office
    account = office.make(
        "/bank-accounts",
        {"label": "Main", "holder": "Acme SARL", "iban": "FR7630006000011234567890189", "currency": "EUR"},
    )
    press.head(**LETTERHEAD, bank_account_id=account["id"])
    settings = office.get("/company/settings").body
    late = {"late_fee_percent": "8.5", "late_fee_fixed": "40"}
    assert office.patch("/company/settings", late, settings["version"]).status == 200
    party = office.customer(
        name="Müller GmbH",
        tax_id="DE136695976",
        locale="de",
        address={"street": "Hauptstr. 1\nHof 2", "postal_code": "10115", "city": "Berlin", "country": "DE"},
    )
    order = office.order(lines(office), party_id=party, external_ref=f"PO-{party}")
    made = office.make(f"/orders/{order['id']}/invoices", {"note": "Thank you."})
    invoice = office.act(f"/invoices/{made['id']}/validate")
    reply = office.get(f"/invoices/{invoice['id']}/pdf")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/pdf")
    assert reply.headers["content-disposition"].startswith(f'attachment; filename="{invoice["ref"]}.pdf"')
    paper = press.printer.last
    assert (paper.kind, paper.ref, paper.locale, paper.mark) == (PaperKind.INVOICE, invoice["ref"], "de", None)
    assert (paper.issuer.name, paper.issuer.address) == ("Acme SARL", ["12 rue des Lilas", "69003 Lyon"])
    said = {fact.label: fact.value for fact in paper.issuer.facts}
    assert (said["vat_number"], said["email"]) == ("FR40303265045", "info@acme.example")
    assert paper.recipient == ("Müller GmbH", "Hauptstr. 1", "Hof 2", "10115 Berlin")
    assert paper.country == "DE"
    assert (paper.appearance.accent, paper.appearance.window) == ("c0ffee", "right")
    known = facts(paper)
    assert str(known["date"]) == invoice["date"]
    assert str(known["due_date"]) == invoice["due_date"]
    assert (known["customer_vat_number"], known["order"], known["customer_reference"]) == (
        "DE136695976",
        order["ref"],
        f"PO-{party}",
    )
    assert column(paper, "description") == ["Chair", "Table", "Work"]
    assert paper.tables[0].rows[1].text == "Oak, oiled"
    assert column(paper, "net") == money(one["net"] for one in invoice["lines"])
    assert sum(row.carry or Decimal(0) for row in paper.tables[0].rows) == Decimal(invoice["total_net"])
    sums = totals(paper)
    assert [sums["net"], sums["gross"], sums["due"]] == money(
        [invoice["total_net"], invoice["total_gross"], invoice["due"]]
    )
    assert [(one.rate, one.base, one.tax) for one in paper.vat] == [
        tuple(money([one["rate"], one["base"], one["vat"]])) for one in invoice["vat"]
    ]
    told = passages(paper)
    assert told["late_interest"]["percent"] == Decimal("8.5")
    assert told["late_sum"] == {"amount": Decimal(40), "currency": "EUR"}
    assert told["delivered_on_date"] == {}
    assert paper.opening[0].text == "Thank you."
    assert paper.closing[-1].text == LETTERHEAD["invoice_notes"][0]
    assert paper.account is not None
    assert (paper.account.iban, paper.account.reference) == (account["iban"], invoice["ref"])
    assert paper.account.amount == Decimal(invoice["due"])


def test_a_paper_is_printed_once_for_each_version_and_language(press: Press) -> None:
    """ERP-16: whoever asks again gets the same bytes without printing, and nothing at all when they have them."""
    invoice = press.office.invoice("100")
    first = press.office.get(f"/invoices/{invoice['id']}/pdf")
    again = press.office.get(f"/invoices/{invoice['id']}/pdf")
    assert (first.body, first.headers["etag"]) == (again.body, again.headers["etag"])
    assert len(press.printer.papers) == 1
    known = press.office.get(f"/invoices/{invoice['id']}/pdf", if_none_match=first.headers["etag"])
    assert (known.status, known.body, known.headers["etag"]) == (304, None, first.headers["etag"])
    other = press.office.get(f"/invoices/{invoice['id']}/pdf?locale=fr")
    assert other.headers["etag"] != first.headers["etag"]
    press.office.make(f"/invoices/{invoice['id']}/payments", {"amount": "30"})
    paid = press.office.get(f"/invoices/{invoice['id']}/pdf")
    assert paid.headers["etag"] != first.headers["etag"]
    sums = totals(press.printer.last)
    assert [sums[name] for name in ("gross", "paid", "due")] == [100, 30, 70]
    assert [row[1] for row in press.rows("document_version, locale")].count("fr") == 1
    assert len(press.rows("digest")) == 3


def test_what_was_printed_stays_when_the_company_changes(press: Press) -> None:
    """ERP-16: a final document keeps the letterhead of its first paper, whatever its version; a draft follows."""
    press.head(**LETTERHEAD)
    invoice, draft = press.office.invoice("100"), press.office.invoice("50", validated=False)
    first = press.office.get(f"/invoices/{invoice['id']}/pdf")
    old = press.office.get(f"/invoices/{draft['id']}/pdf")
    press.head(legal_name="Acme SAS", accent=None)
    assert press.office.get(f"/invoices/{invoice['id']}/pdf").headers["etag"] == first.headers["etag"]
    press.office.get(f"/invoices/{invoice['id']}/pdf?locale=es")
    assert (press.printer.last.issuer.name, press.printer.last.appearance.accent) == ("Acme SARL", "c0ffee")
    press.office.make(f"/invoices/{invoice['id']}/payments", {"amount": "30"})
    press.office.get(f"/invoices/{invoice['id']}/pdf")
    assert press.printer.last.issuer.name == "Acme SARL"
    new = press.office.get(f"/invoices/{draft['id']}/pdf")
    assert new.headers["etag"] != old.headers["etag"]
    assert (press.printer.last.issuer.name, press.printer.last.mark) == ("Acme SAS", Mark.DRAFT)


def test_a_draft_has_no_number_and_its_paper_goes_with_the_next(press: Press) -> None:
    """ERP-16: of what may still change only the newest paper is kept, and nothing of it once the document is final."""
    office = press.office
    draft = office.invoice("100", validated=False)
    office.get(f"/invoices/{draft['id']}/pdf")
    paper = press.printer.last
    assert (paper.ref, paper.mark, paper.account) == ("", Mark.DRAFT, None)
    assert "due" not in totals(paper)
    office.patch(f"/invoices/{draft['id']}", {"note": "Changed"}, draft["version"])
    office.get(f"/invoices/{draft['id']}/pdf")
    ((version, expires),) = press.rows("document_version, expires_at")
    assert (version, expires is None) == (draft["version"] + 1, False)
    office.act(f"/invoices/{draft['id']}/validate")
    office.get(f"/invoices/{draft['id']}/pdf")
    assert press.rows("edition, expires_at") == [("", None)]


def test_a_name_of_the_customer_changed_since_shows_on_a_draft_alone(press: Press) -> None:
    """A draft's paper is found by all that it says, also by what no version of the document moves with."""
    office = press.office
    party = office.customer(name="Before")
    draft = office.invoice("1", party_id=party, validated=False)
    final = office.invoice("1", party_id=party)
    for one in (draft, final):
        office.get(f"/invoices/{one['id']}/pdf")
    seen = office.get(f"/third-parties/{party}").body["version"]
    office.patch(f"/third-parties/{party}", {"name": "After"}, seen)
    press.printer.papers.clear()
    for one in (draft, final):
        office.get(f"/invoices/{one['id']}/pdf")
    assert [paper.recipient for paper in press.printer.papers] == [("After",)]


def test_a_second_paper_of_a_final_document_goes_to_whom_the_first_one_went(press: Press) -> None:
    """ERP-16: name, VAT number and address are those of the day the document became final; drafts follow."""
    office = press.office
    product = office.product("5", name="Screw")
    home = {"street": "Quay 1", "postal_code": "29200", "city": "Brest", "country": "FR"}
    party = office.customer(name="Before", tax_id="DE136695976", address=home)
    path = f"/third-parties/{party}/addresses"
    bills = {"label": "Books", "kind": "billing", "preferred": True}
    first = office.make(path, {**bills, "address": {"street": "Box 7", "city": "Bonn", "country": "DE"}})
    order = office.order([{"product_id": product, "quantity": "1"}], party_id=party)
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    office.act(f"/shipments/{shipment['id']}/validate")
    proposal = office.proposal([free_line("1")], party_id=party)
    invoice = office.invoice("100", party_id=party)
    draft = office.invoice("1", party_id=party, validated=False)
    changes = {"name": "After", "tax_id": "DE129273398", "address": {"city": "Lyon", "country": "FR"}}
    assert office.patch(f"/third-parties/{party}", changes, 1).status == 200
    assert office.patch(f"{path}/{first['id']}", {"address": {"street": "Box 8"}}, first["version"]).status == 200
    was = ("Before", "Quay 1", "29200 Brest")
    for kind, one, recipient, country in (
        ("proposals", proposal["id"], was, ""),
        ("orders", order["id"], was, ""),
        ("shipments", shipment["id"], was, ""),
        ("invoices", invoice["id"], ("Before", "Box 7", "Bonn"), "DE"),
        ("invoices", draft["id"], ("After", "Box 8", "Bonn"), "DE"),
    ):
        assert office.get(f"/{kind}/{one}/pdf").status == 200
        assert (press.printer.last.recipient, press.printer.last.country) == (recipient, country), kind
        known = facts(press.printer.last)
        number = "DE136695976" if "Before" in recipient else "DE129273398"
        assert known.get("customer_vat_number", number) == number
    office.make(f"/invoices/{invoice['id']}/payments", {"amount": "30"})
    office.get(f"/invoices/{invoice['id']}/pdf")
    assert totals(press.printer.last)["due"] == 70
    assert press.printer.last.recipient == ("Before", "Box 7", "Bonn")
    assert facts(press.printer.last)["customer_vat_number"] == "DE136695976"


def test_an_order_that_was_a_draft_again_goes_to_whom_its_customer_is_then(press: Press) -> None:
    """ERP-16."""
    office = press.office
    party = office.customer(name="Before")
    order = office.order([free_line("1")], party_id=party)["id"]
    office.act(f"/orders/{order}/redraft")
    assert office.patch(f"/third-parties/{party}", {"name": "After"}, 1).status == 200
    office.act(f"/orders/{order}/validate")
    assert office.patch(f"/third-parties/{party}", {"name": "Later"}, 2).status == 200
    office.get(f"/orders/{order}/pdf")
    assert press.printer.last.recipient == ("After",)


def test_a_paper_printed_after_erasure_tells_nothing_of_the_person(press: Press) -> None:
    """Design 3: what was printed before stays; nothing is kept from which it could be told anew."""
    office = press.office
    party = office.customer(name="Zoe", address={"city": "Brest", "country": "FR"})
    invoice = office.invoice("100", party_id=party)["id"]
    office.make(f"/invoices/{invoice}/payments", {"method": "cash"})
    assert press.rows("name", "addressees") == [("Zoe",)]
    office.act(f"/third-parties/{party}/anonymise")
    assert press.rows("name", "addressees") == []
    office.get(f"/invoices/{invoice}/pdf")
    assert press.printer.last.recipient == (f"Anonymised {party}",)


def test_many_who_ask_first_at_once_get_the_same_bytes(press: Press) -> None:
    """ERP-16: one row, one file."""
    invoice = press.office.invoice("100")
    replies = together(6, lambda _: press.office.get(f"/invoices/{invoice['id']}/pdf"))
    assert {reply.status for reply in replies} == {200}
    assert len({(reply.headers["etag"], reply.body) for reply in replies}) == 1
    assert len(press.rows("digest")) == 1


def test_a_credit_note_names_its_invoice(press: Press) -> None:
    """ERP-16."""
    office = press.office
    invoice = office.invoice("100")
    note = office.make(f"/invoices/{invoice['id']}/credit-notes", {})
    note = office.act(f"/invoices/{note['id']}/validate")
    office.get(f"/invoices/{note['id']}/pdf")
    paper = press.printer.last
    assert paper.kind is PaperKind.CREDIT_NOTE
    assert facts(paper)["credits"] == invoice["ref"]
    assert passages(paper)["credits"]["ref"] == invoice["ref"]
    assert totals(paper)["to_give_back"] == Decimal(note["total_gross"]) == -100
    assert paper.account is None


def test_an_invoice_tells_of_the_deposit_it_deducts(press: Press) -> None:
    """ERP-16: its reference, its day and its gross."""
    office = press.office
    order = office.order([free_line("100", vat_rate="20")])
    deposit = office.make(f"/orders/{order['id']}/deposits", {"percent": "30"})
    deposit = office.act(f"/invoices/{deposit['id']}/validate")
    office.get(f"/invoices/{deposit['id']}/pdf")
    assert press.printer.last.kind is PaperKind.DEPOSIT
    office.make(f"/invoices/{deposit['id']}/payments", {"amount": "36"})
    made = office.make(f"/orders/{order['id']}/invoices", {})
    office.act(f"/invoices/{made['id']}/deductions", {"deposit_id": deposit["id"]})
    invoice = office.act(f"/invoices/{made['id']}/validate")
    office.get(f"/invoices/{invoice['id']}/pdf")
    paper = press.printer.last
    told = passages(paper)["deposit_deducted"]
    assert (told["ref"], told["amount"]) == (deposit["ref"], 36)
    assert totals(paper)["due"] == Decimal(invoice["due"]) == 84


def test_an_abandoned_invoice_and_a_canceled_order_say_so(press: Press) -> None:
    """ERP-16."""
    office = press.office
    invoice = office.invoice("100")
    office.act(f"/invoices/{invoice['id']}/abandon", {"reason": "badcustomer"})
    office.get(f"/invoices/{invoice['id']}/pdf")
    assert (press.printer.last.mark, press.printer.last.account) == (Mark.ABANDONED, None)
    order = office.order([free_line("10")])
    office.act(f"/orders/{order['id']}/cancel")
    office.get(f"/orders/{order['id']}/pdf")
    assert (press.printer.last.mark, press.printer.last.ref) == (Mark.CANCELED, order["ref"])


def test_an_invoice_in_another_currency_tells_its_vat_in_the_companys(press: Press) -> None:
    """ERP-16: EN 16931, BT-6 and BT-111."""
    invoice = press.office.make(
        "/invoices",
        {
            "party_id": press.office.customer(),
            "currency": "USD",
            "rate": "0.9",
            "lines": [free_line("100", vat_rate="20")],
        },
    )
    press.office.get(f"/invoices/{invoice['id']}/pdf")
    paper = press.printer.last
    (company,) = [one for one in paper.totals if one.currency is not None]
    assert paper.currency.code == "USD"
    assert (company.label, company.amount, company.currency.code) == ("company_vat", Decimal("18.00"), "EUR")  # type: ignore[union-attr]


def test_instalments_are_told_one_by_one(press: Press) -> None:
    """ERP-16: what the API says of them."""
    office = press.office
    plan = [{"percent": "33.33", "days": 0}, {"percent": "66.67", "days": 30}]
    terms = office.make("/payment-terms", {"name": "Two", "instalments": plan})
    invoice = office.invoice("100", party_id=office.customer(payment_terms_id=terms["id"]))
    office.get(f"/invoices/{invoice['id']}/pdf")
    told = [dict(one.facts) for one in press.printer.last.closing if one.key == "instalment"]
    asked = office.get(f"/invoices/{invoice['id']}/instalments").body["items"]
    assert [(str(one["due_date"]), one["amount"]) for one in told] == [
        (one["due_date"], Decimal(one["amount"])) for one in asked
    ]


def test_options_of_a_proposal_stand_apart_and_in_no_sum(press: Press) -> None:
    """ERP-16."""
    offered = [free_line("100"), free_line("7", optional=True)]
    proposal = press.office.proposal(offered)
    press.office.get(f"/proposals/{proposal['id']}/pdf")
    paper = press.printer.last
    assert [table.title for table in paper.tables] == ["", "options"]
    assert paper.tables[1].rows[0].carry is None
    assert totals(paper)["gross"] == Decimal(proposal["total_gross"]) == 100


def test_a_delivery_note_has_quantities_lots_and_parcels_but_no_prices(press: Press) -> None:
    """ERP-16."""
    office = press.office
    product = office.product(name="Drill", tracking="serial")
    received = {"kind": "receive", "product_id": product, "quantity": "2"}
    office.act(
        "/stock-movements", {**received, "lots": [{"code": "SN-1", "quantity": "1"}, {"code": "SN-2", "quantity": "1"}]}
    )
    carrier = office.make("/carriers", {"name": "Quick"})
    party = office.customer(address={"street": "Quay 1", "city": "Brest", "country": "FR"})
    order = office.order([{"product_id": product, "quantity": "2"}], party_id=party)
    parcels = [
        {"weight": "1.5", "length": "30", "tracking_number": "T-9", "contents": [{"position": 1, "quantity": "2"}]}
    ]
    made = office.make(f"/orders/{order['id']}/shipments", {"carrier_id": carrier["id"], "parcels": parcels})
    shipment = office.act(f"/shipments/{made['id']}/validate")
    assert office.get(f"/shipments/{shipment['id']}/pdf").status == 200
    paper = press.printer.last
    assert not {"unit_price", "net", "vat_rate"} & {one.name for table in paper.tables for one in table.columns}
    assert (paper.totals, paper.vat, paper.account) == ((), (), None)
    assert column(paper, "quantity") == [Decimal(2)]
    assert column(paper, "lots") == ["SN-1, SN-2"]
    assert column(paper, "tracking_number", 1) == ["T-9"]
    assert column(paper, "size", 1) == ["30 x ? x ?"]
    assert (facts(paper)["carrier"], facts(paper)["order"]) == ("Quick", order["ref"])
    assert paper.recipient == ("Client", "Quay 1", "Brest")


def test_a_statement_says_what_the_report_says_and_how_old_it_is(press: Press) -> None:
    """ERP-16: entries, balance, and ages that sum up to what is owed."""
    office = press.office
    party = office.customer(name="Buyer", customer_code="C-1")
    invoice = office.invoice("100", party_id=party)
    office.make(f"/invoices/{invoice['id']}/payments", {"amount": "30"})
    reply = office.get(f"/third-parties/{party}/statement/pdf?date_to=2099-01-01")
    assert reply.status == 200
    paper = press.printer.last
    report = office.get(f"/third-parties/{party}/statement?date_to=2099-01-01").body
    assert column(paper, "balance") == money(row["balance"] for row in report["rows"])
    sums = totals(paper)
    assert sums.pop("balance") == sum(sums.values()) == 70
    ages = office.get("/reports/receivables").body["rows"]
    assert sums == {name: Decimal(amount) for name, amount in ages[0].items() if name in sums}
    again = office.get(f"/third-parties/{party}/statement/pdf?date_to=2099-01-01")
    assert again.headers["etag"] == reply.headers["etag"]
    assert len(press.printer.papers) == 1


def test_the_ages_on_a_statement_are_those_of_the_report_on_any_day(press: Press) -> None:
    """ERP-16: open, partly paid and paid invoices, and money that came in advance."""
    office, today = press.office, press.office.served.container.clock.today(UTC)
    parties = [office.customer(name=f"Client {n}") for n in range(3)]

    def ago(days: int) -> str:
        return str(today - timedelta(days=days))

    for party, gross, due, paid in (
        (parties[0], "100", 100, [("30", 90), ("20", 5)]),
        (parties[0], "50", 10, []),
        (parties[1], "70", 40, [("70", 1)]),
    ):
        made = office.invoice(gross, party_id=party, date=ago(due), due_date=ago(due))
        for amount, when in paid:
            office.make(f"/invoices/{made['id']}/payments", {"amount": amount, "date": ago(when)})
    for days in (101, 100, 60, 30, 1, 0):
        report = {row["party_id"]: row for row in office.get(f"/reports/receivables?on={ago(days)}").body["rows"]}
        for party in parties:
            assert office.get(f"/third-parties/{party}/statement/pdf?date_to={ago(days)}").status == 200
            told = {name: amount for name, amount in totals(press.printer.last).items() if name != "balance"}
            row = report.get(party, {})
            assert told == {name: Decimal(row[name]) for name in row if name in AGES and Decimal(row[name])}


def test_a_sheet_to_count_by_has_room_to_write_and_a_blind_one_tells_nothing(press: Press) -> None:
    """ERP-16."""
    office = press.office
    product = office.product("7", name="Screw")
    made = office.make("/inventories", {"product_ids": [product], "blind": True})
    office.get(f"/inventories/{made['id']}/pdf")
    assert press.printer.last.mark is Mark.DRAFT
    opened = office.act(f"/inventories/{made['id']}/open")
    office.get(f"/inventories/{made['id']}/pdf")
    paper = press.printer.last
    assert (paper.ref, paper.mark) == (opened["ref"], None)
    assert [one.name for one in paper.tables[0].columns] == ["ref", "description", "counted", "remark"]
    assert column(paper, "counted") == [None]
    office.act(f"/inventories/{made['id']}/counts", {"lines": [{"product_id": product, "quantity": "6"}]})
    office.act(f"/inventories/{made['id']}/post")
    office.get(f"/inventories/{made['id']}/pdf")
    paper = press.printer.last
    assert (column(paper, "expected"), column(paper, "variance")) == ([Decimal(7)], [Decimal(-1)])


@pytest.mark.parametrize("query", ["?locale=xx", "?unknown=1"])
def test_a_wrong_parameter_is_told(press: Press, query: str) -> None:
    reply = press.office.get(f"/invoices/{press.office.invoice('1')['id']}/pdf{query}")
    assert reply.status == 400


def test_a_paper_of_nothing_is_not_found(press: Press) -> None:
    for path in ("invoices", "orders", "proposals", "shipments", "inventories"):
        assert press.office.get(f"/{path}/987654/pdf").refusal == (404, "not_found")
    assert press.office.get("/third-parties/987654/statement/pdf").refusal == (404, "not_found")


@ON_SQLITE
def test_a_kept_paper_costs_as_few_statements_however_long_it_is(press: Press) -> None:
    """ERP-16: a paper that is kept is found without describing it again."""
    office = press.office
    counts = []
    for many in (2, 40):
        made = office.make("/invoices", {"party_id": office.customer(), "lines": [free_line("1")] * many})
        invoice = office.act(f"/invoices/{made['id']}/validate")
        runs = []
        for _ in range(2):
            with tracing(office.served.container.database) as seen:
                assert office.get(f"/invoices/{invoice['id']}/pdf").status == 200
            runs.append(len(statements(seen)))
        counts.append(runs)
    assert counts[0] == counts[1]
    assert counts[0][1] <= 6
