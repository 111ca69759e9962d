"""Credit notes, deposits, replacements and pro formas through HTTP, and what the books say of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from app.usecases.chains import CompareBalances, VerifyChains, Which
from tests.support.office import ON_SQLITE, Office, free_line

pytestmark = [pytest.mark.fast, ON_SQLITE]
MIXED: Final = [
    {"description": "A", "quantity": "3", "unit_price": "0.335", "vat_rate": "20"},
    {"description": "B", "quantity": "7", "unit_price": "13.37", "discount": "3", "vat_rate": "5.5"},
    {"description": "C", "quantity": "1.5", "unit_price": "99.99", "vat_rate": "20"},
]
AMOUNTS: Final = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")


def sound(office: Office) -> None:
    """Check that every chain and every sum of the company's books is right."""
    container = office.served.container
    context = container.context_of(office.company)
    verified = container.runner.call(context, VerifyChains(container.seal), Which)
    assert verified.sound, verified
    assert container.runner.call(context, CompareBalances(), lambda: None) == []


def issued(office: Office, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make a draft at ``path`` and validate it."""
    made = office.make(path, body or {})
    return office.act(f"/invoices/{made['id']}/validate")


def paid(office: Office, invoice: int, **fields: Any) -> dict[str, Any]:
    """Pay all of an invoice and give it as it is then."""
    office.make(f"/invoices/{invoice}/payments", {"method": "transfer", **fields})
    return office.get(f"/invoices/{invoice}").body  # type: ignore[no-any-return]


def test_a_full_credit_note_takes_back_every_cent(office: Office) -> None:
    """ERP-07: in both currencies, line by line and per VAT rate; in a series of its own."""
    fields = {"party_id": office.customer(), "currency": "USD", "rate": "0.9137"}
    source = issued(office, "/invoices", {**fields, "lines": MIXED})
    path = f"/invoices/{source['id']}"
    note = issued(office, f"{path}/credit-notes")
    assert (source["ref"][:2], note["ref"][:2], note["kind"], note["source_id"]) == (
        "FA",
        "AV",
        "credit_note",
        source["id"],
    )
    for name in AMOUNTS:
        assert Decimal(note[name]) == -Decimal(source[name])
    assert [(tax["rate"], Decimal(tax["vat"])) for tax in note["vat"]] == [
        (tax["rate"], -Decimal(tax["vat"])) for tax in source["vat"]
    ]
    for mine, theirs in zip(note["lines"], source["lines"], strict=True):
        assert Decimal(mine["net"]) == -Decimal(theirs["net"])
        assert Decimal(mine["quantity"]) == -Decimal(theirs["quantity"])
        assert mine["source_position"] == theirs["position"]
    assert Decimal(note["due"]) == -Decimal(source["due"])
    assert office.post(f"{path}/credit-notes", {}).refusal == (409, "billing.nothing_to_credit")
    assert [row["id"] for row in office.items(f"/invoices?kind=credit_note&source_id={source['id']}")] == [note["id"]]
    sound(office)


def test_parts_and_amounts_are_credited_until_nothing_is_left(office: Office) -> None:
    """ERP-07: drafts count; more than is left is refused at its place; a deleted draft gives its part back."""
    source = issued(office, "/invoices", {"party_id": office.customer(), "lines": MIXED})
    path = f"/invoices/{source['id']}/credit-notes"
    first = office.make(path, {"lines": [{"position": 1, "quantity": "2"}]})
    assert [Decimal(line["quantity"]) for line in first["lines"]] == [-2]
    assert first["ref"].startswith("(PROV")
    refused = office.post(path, {"lines": [{"position": 1, "quantity": "1.5"}]})
    assert (refused.refusal, refused.pointers) == ((409, "billing.over_credited"), ["/lines/0/quantity"])
    changed = {"lines": [free_line("1")]}
    assert office.patch(f"/invoices/{first['id']}", changed, 1).refusal == (409, "billing.lines_of_source")
    second = issued(office, path, {"amounts": [{"vat_rate": "20", "net": "10.50"}], "description": "Discount"})
    assert (second["total_net"], second["total_vat"]) == ("-10.50", "-2.10")
    for body, pointer in (
        ({"amounts": [{"vat_rate": "20", "net": "1000"}]}, "/amounts/0/net"),
        ({"amounts": [{"vat_rate": "7", "net": "1"}]}, "/amounts/0/vat_rate"),
        ({"amounts": [{"vat_rate": "20", "net": "-1"}]}, "/amounts/0/net"),
        ({"lines": [{"position": 9, "quantity": "1"}]}, "/lines/0/position"),
        ({"lines": [{"position": 2, "quantity": "1"}, {"position": 2, "quantity": "1"}]}, "/lines/1/position"),
        ({"lines": [], "amounts": []}, "/lines"),
    ):
        refused = office.post(path, body)
        assert refused.status in {409, 422}
        assert refused.pointers[:1] == [pointer]
    assert office.delete(f"/invoices/{first['id']}", 1).status == 204
    last = issued(office, path)
    assert Decimal(second["total_gross"]) + Decimal(last["total_gross"]) == -Decimal(source["total_gross"])
    sound(office)


def test_a_credit_note_lets_the_order_be_invoiced_again(office: Office) -> None:
    """Only when that is asked for, and only what was taken back."""
    order = office.order([free_line("10", quantity="4")])
    path = f"/orders/{order['id']}/invoices"
    invoice = issued(office, path)
    assert office.post(path, {}).refusal == (409, "billing.nothing_to_invoice")
    one = {"lines": [{"position": 1, "quantity": "1"}]}
    plain = issued(office, f"/invoices/{invoice['id']}/credit-notes", one)
    assert plain["order_id"] is None
    assert office.post(path, {}).refusal == (409, "billing.nothing_to_invoice")
    opening = issued(office, f"/invoices/{invoice['id']}/credit-notes", {"reopen_order": True})
    assert (opening["order_id"], opening["total_net"]) == (order["id"], "-30.00")
    assert issued(office, path)["total_net"] == "30.00"
    sound(office)


def test_a_deposit_is_charged_paid_and_deducted_once(office: Office) -> None:
    """ERP-07: VAT is charged once, and the deposit's own exchange rate leaves no cent behind."""
    order = office.order(MIXED, currency="USD", rate="0.9")
    deposit = issued(office, f"/orders/{order['id']}/deposits", {"percent": "30", "rate": "0.83"})
    gross = (Decimal(order["total_gross"]) * 3 / 10).quantize(Decimal("0.01"))
    assert (deposit["ref"][:2], deposit["kind"], Decimal(deposit["total_gross"])) == ("AC", "deposit", gross)
    assert [tax["rate"] for tax in deposit["vat"]] == ["5.5", "20"]
    final = office.make(f"/orders/{order['id']}/invoices", {})
    body = {"deposit_id": deposit["id"]}
    path = f"/invoices/{final['id']}/deductions"
    refused = office.post(path, body)
    assert (refused.refusal, refused.pointers) == ((409, "billing.deposit_not_paid"), ["/deposit_id"])
    assert paid(office, deposit["id"], rate="0.85")["status"] == "paid"
    deducted = office.act(path, body)
    for name in AMOUNTS:
        assert Decimal(deducted[name]) == Decimal(final[name]) - Decimal(deposit[name])
    assert {line["deposit_id"] for line in deducted["lines"][3:]} == {deposit["id"]}
    assert office.post(path, body).refusal == (409, "billing.deposit_deducted")
    final = office.act(f"/invoices/{final['id']}/validate")
    assert paid(office, final["id"], rate="0.97")["due"] == "0.00"
    note = issued(office, f"/invoices/{final['id']}/credit-notes")
    assert Decimal(note["total_gross"]) == -Decimal(final["total_gross"])
    other = office.make("/invoices", {"party_id": order["party_id"], "currency": "USD", "rate": "1", "lines": MIXED})
    assert office.act(f"/invoices/{other['id']}/deductions", body)["lines"][3]["deposit_id"] == deposit["id"]
    sound(office)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"percent": "100.01"}, "/percent"),
        ({"percent": "0"}, "/percent"),
        ({"amount": "12.01"}, "/amount"),
        ({"amount": "1.001"}, "/amount"),
        ({"amount": "-1"}, "/amount"),
    ],
)
def test_a_deposit_beyond_the_order_is_refused(office: Office, body: dict[str, Any], pointer: str) -> None:
    order = office.order([free_line("10", vat_rate="20")])
    refused = office.post(f"/orders/{order['id']}/deposits", body)
    assert (refused.refusal, refused.pointers) == ((422, "billing.bad_deposit"), [pointer])


def test_a_deposit_of_somebody_else_or_too_large_is_not_deducted(office: Office) -> None:
    party = office.customer()
    deposit = issued(office, "/invoices", {"kind": "deposit", "party_id": party, "lines": [free_line("50")]})
    paid(office, deposit["id"])
    body = {"deposit_id": deposit["id"]}

    def refusal(invoice: dict[str, Any]) -> tuple[int, str]:
        return office.post(f"/invoices/{invoice['id']}/deductions", body).refusal

    small = office.make("/invoices", {"party_id": party, "lines": [free_line("49.99")]})
    assert refusal(small) == (409, "billing.deposit_too_large")
    assert refusal(office.invoice("100", validated=False)) == (409, "billing.deposit_differs")
    assert refusal(office.invoice("100", party_id=party)) == (409, "billing.invoice_not_draft")
    pro_forma = office.make("/invoices", {"kind": "pro_forma", "party_id": party, "lines": [free_line("100")]})
    assert refusal(pro_forma) == (409, "billing.wrong_kind")


def test_a_replacement_abandons_what_it_replaces(office: Office) -> None:
    """ERP-07: in one transaction, once, and only while nothing was paid or credited."""
    source = office.invoice("80")
    path = f"/invoices/{source['id']}"
    draft, twin = office.make(f"{path}/replacement", {"note": "new"}), office.make(f"{path}/replacement", {})
    assert (draft["kind"], draft["source_id"], draft["total_gross"], draft["note"]) == (
        "replacement", source["id"], "80.00", "new",
    )  # fmt: skip
    made = office.act(f"/invoices/{draft['id']}/validate")
    assert made["ref"].startswith("FR")
    gone = office.get(path)
    assert (gone["status"], gone["abandon_reason"]) == ("abandoned", "replaced")
    assert office.post(f"/invoices/{twin['id']}/validate").refusal == (409, "billing.not_replaceable")
    assert office.get(f"/invoices/{twin['id']}")["status"] == "draft"
    assert office.post(f"{path}/reopen").refusal == (409, "state.invalid_transition")
    again = issued(office, f"/invoices/{made['id']}/replacement")
    part = office.invoice("80")
    office.make(f"/invoices/{part['id']}/payments", {"amount": "1"})
    assert office.post(f"/invoices/{part['id']}/replacement", {}).refusal == (409, "billing.not_replaceable")
    issued(office, f"/invoices/{again['id']}/credit-notes", {"amounts": [{"vat_rate": "0", "net": "1"}]})
    assert office.post(f"/invoices/{again['id']}/replacement", {}).refusal == (409, "billing.not_replaceable")
    sound(office)


def test_a_rest_is_given_up_and_claimed_again(office: Office) -> None:
    """ERP-07: paid with a reason shows the rest and its VAT; reopened it is due again."""
    line = {"description": "W", "quantity": "1", "unit_price": "100", "vat_rate": "20"}
    invoice = issued(office, "/invoices", {"party_id": office.customer(), "lines": [line]})
    path = f"/invoices/{invoice['id']}"
    office.make(f"{path}/payments", {"amount": "117.60"})
    closed = office.act(f"{path}/close", {"reason": "discount_vat"})
    assert (closed["status"], closed["close_reason"], closed["due"]) == ("paid", "discount_vat", "2.40")
    assert closed["given_up"] == [{"rate": "20", "base": "2.00", "vat": "0.40"}]
    assert office.post(f"{path}/close", {"reason": "bankcharge"}).refusal == (409, "state.invalid_transition")
    sound(office)
    opened = office.act(f"{path}/reopen")
    assert (opened["status"], opened["close_reason"], opened["given_up"]) == ("validated", None, [])
    assert paid(office, invoice["id"])["status"] == "paid"
    assert office.post(f"{path}/reopen").refusal == (409, "state.invalid_transition")
    lost = office.invoice("9")["id"]
    office.act(f"/invoices/{lost}/abandon", {"reason": "badcustomer"})
    assert office.act(f"/invoices/{lost}/reopen")["abandon_reason"] is None
    sound(office)


def test_a_pro_forma_is_never_paid_and_becomes_an_invoice(office: Office) -> None:
    """It has a number of its own series, is in no chain and no sum, and leaves the order to be invoiced."""
    order = office.order([free_line("70")])
    offer = issued(office, f"/orders/{order['id']}/invoices", {"kind": "pro_forma"})
    assert (offer["ref"][:2], offer["status"], offer["link"]) == ("PF", "validated", None)
    path = f"/invoices/{offer['id']}"
    assert office.post(f"{path}/payments", {}).refusal == (409, "billing.invoice_not_open")
    assert office.post(f"{path}/credit-notes", {}).refusal == (409, "billing.wrong_kind")
    assert office.get("/reports/sales?by=month")["rows"] == []
    invoice = issued(office, f"{path}/invoice")
    assert (invoice["ref"][:2], invoice["kind"], invoice["source_id"]) == ("FA", "standard", offer["id"])
    assert office.post(f"/orders/{order['id']}/invoices", {}).refusal == (409, "billing.nothing_to_invoice")
    assert office.post(f"/invoices/{invoice['id']}/invoice", {}).refusal == (409, "billing.wrong_kind")
    free = issued(office, "/invoices", {"kind": "pro_forma", "party_id": order["party_id"], "lines": [free_line("0")]})
    assert free["status"] == "validated"
    sound(office)


def test_a_late_fee_is_computed_and_charged_once(office: Office) -> None:
    """Interest and the fixed sum by the company's settings; what was charged is not charged again."""
    version = office.get("/company/settings")["version"]
    settings = {"late_fee_percent": "8", "late_fee_fixed": "40"}
    assert office.patch("/company/settings", settings, version).status == 200
    refused = office.patch("/company/settings", {"late_fee_percent": "101"}, version + 1)
    assert (refused.refusal, refused.pointers) == ((422, "identity.bad_late_fee"), ["/late_fee_percent"])
    today = office.served.container.clock.now().date()
    invoice = office.invoice("1000", date="2026-01-01", due_date="2026-01-31")
    path = f"/invoices/{invoice['id']}"
    fee = office.get(f"{path}/late-fee?on=2026-03-02")
    assert (fee["days"], fee["interest"], fee["fixed"], fee["total"]) == (30, "6.58", "40.00", "46.58")
    assert office.get(f"{path}/late-fee?on=2026-01-31")["total"] == "0.00"
    assert office.get(f"{path}/late-fee")["on"] == today.isoformat()
    charge = office.make(f"{path}/late-fee-invoice", {"on": "2026-03-02"})
    assert (charge["kind"], charge["source_id"], charge["total_gross"], charge["total_vat"]) == (
        "standard", invoice["id"], "46.58", "0.00",
    )  # fmt: skip
    assert office.post(f"{path}/late-fee-invoice", {"on": "2026-03-02"}).refusal == (409, "billing.nothing_late")
    assert office.make(f"{path}/late-fee-invoice", {"on": "2026-03-03"})["total_gross"] == "0.21"
    assert office.get(f"{path}/late-fee?on=2026-03-03")["charged"] == "46.79"


def test_kinds_of_invoices_cannot_share_their_references(office: Office) -> None:
    """One mask for two series would write a reference twice."""
    version = office.get("/company/settings")["version"]
    mask = {"pattern": "FA{yy}{mm}-{0000}", "reset": "month"}
    refused = office.patch("/company/settings", {"masks": {"credit_note": mask}}, version)
    assert (refused.refusal, refused.pointers) == ((409, "identity.refs_collide"), ["/masks/credit_note/pattern"])
