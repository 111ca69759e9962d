"""Deposits through HTTP: whoever pays one gets it back once, by deduction or by credit note."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.office import ON_SQLITE, Office, free_line

pytestmark = [pytest.mark.fast, ON_SQLITE]


def paid_deposit(office: Office, party: int, gross: str = "50") -> int:
    """Enter, validate and pay a deposit, and give its id."""
    made = office.make("/invoices", {"kind": "deposit", "party_id": party, "lines": [free_line(gross)]})["id"]
    office.act(f"/invoices/{made}/validate")
    office.make(f"/invoices/{made}/payments", {"method": "cash"})
    return int(made)


def draft(office: Office, party: int, gross: str = "100") -> int:
    return int(office.invoice(gross, validated=False, party_id=party)["id"])


def deduct(office: Office, invoice: int, deposit: int) -> dict[str, Any]:
    return office.act(f"/invoices/{invoice}/deductions", {"deposit_id": deposit})


def refusal(office: Office, invoice: int, deposit: int) -> tuple[int, str]:
    return office.post(f"/invoices/{invoice}/deductions", {"deposit_id": deposit}).refusal


@pytest.fixture
def party(office: Office) -> int:
    return office.customer()


def test_a_deducted_deposit_is_not_paid_back_as_well(office: Office, party: int) -> None:
    """ERP-07: a credit note of it is refused and not stored, until the invoice that took it was credited."""
    deposit, invoice = paid_deposit(office, party), draft(office, party)
    deduct(office, invoice, deposit)
    path = f"/invoices/{deposit}/credit-notes"
    assert office.post(path, {}).refusal == (409, "billing.deposit_deducted")
    assert office.items(f"/invoices?source_id={deposit}") == []
    office.act(f"/invoices/{invoice}/validate")
    back = office.make(f"/invoices/{invoice}/credit-notes", {})["id"]
    assert office.post(path, {}).refusal == (409, "billing.deposit_deducted")
    office.act(f"/invoices/{back}/validate")
    assert office.make(path, {})["total_gross"] == "-50.00"


def test_a_deposit_that_is_paid_back_is_not_deducted_as_well(office: Office, party: int) -> None:
    """ERP-07: from the draft of the credit note on; only the rest of it is taken off, or nothing."""
    deposit, invoice = paid_deposit(office, party), draft(office, party)
    path = f"/invoices/{deposit}/credit-notes"
    office.make(path, {"amounts": [{"vat_rate": "0", "net": "20"}]})
    assert deduct(office, invoice, deposit)["total_gross"] == "70.00"
    office.delete(f"/invoices/{invoice}", 2)
    office.make(path, {})
    assert refusal(office, draft(office, party), deposit) == (409, "billing.nothing_to_credit")


def test_a_draft_that_is_deleted_or_gets_other_lines_frees_its_deposit(office: Office, party: int) -> None:
    deposit, one, other = paid_deposit(office, party), draft(office, party), draft(office, party)
    deduct(office, one, deposit)
    assert refusal(office, other, deposit) == (409, "billing.deposit_deducted")
    changed = office.patch(f"/invoices/{one}", {"lines": [free_line("80")]}, 2)
    assert changed["total_gross"] == "80.00"
    deduct(office, other, deposit)
    office.delete(f"/invoices/{other}", 2)
    assert deduct(office, one, deposit)["total_gross"] == "30.00"


def test_a_replacement_takes_the_deposit_over(office: Office, party: int) -> None:
    """ERP-07: it is deducted once before, while and after the invoice is replaced."""
    deposit, invoice, other = paid_deposit(office, party), draft(office, party), draft(office, party)
    deduct(office, invoice, deposit)
    office.act(f"/invoices/{invoice}/validate")
    new = office.make(f"/invoices/{invoice}/replacement", {})
    assert new["total_gross"] == "50.00"
    assert refusal(office, other, deposit) == (409, "billing.deposit_deducted")
    office.act(f"/invoices/{new['id']}/validate")
    assert refusal(office, other, deposit) == (409, "billing.deposit_deducted")


def test_a_deposit_of_another_company_is_as_unknown_as_one_that_is_not_there(office: Office, party: int) -> None:
    """ERP-13: the answer does not tell that it is there."""
    stranger = office.served.company()
    foreign = paid_deposit(stranger, stranger.customer())
    invoice = draft(office, party)
    for unknown in (foreign, 10**9):
        refused = office.post(f"/invoices/{invoice}/deductions", {"deposit_id": unknown})
        assert (refused.status, refused.pointers) == (422, ["/deposit_id"])
    assert stranger.post(f"/invoices/{invoice}/deductions", {"deposit_id": foreign}).status == 404


@pytest.mark.parametrize("body", [{}, {"percent": "10", "amount": "1"}])
def test_a_deposit_is_asked_for_in_one_way(office: Office, body: dict[str, str]) -> None:
    order = office.order([free_line("10")])
    assert office.post(f"/orders/{order['id']}/deposits", body).status == 422
    assert office.items("/invoices") == []


def test_a_deposit_is_asked_only_of_an_order_in_force(office: Office) -> None:
    order = office.order([free_line("10")], validated=False)
    assert office.post(f"/orders/{order['id']}/deposits", {"percent": "10"}).refusal == (409, "sales.order_not_open")
