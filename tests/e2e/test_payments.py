"""Payments over HTTP: refunds, offsets, customers' credit and its use, reversals."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.domain.shared.rights import Right
from tests.support.credits import credit_note
from tests.support.office import ON_SQLITE, Office

pytestmark = [pytest.mark.fast, ON_SQLITE]
CASHIER: Final = frozenset({Right.PAYMENTS_READ, Right.PAYMENTS_WRITE, Right.INVOICES_READ})


def state(office: Office, invoice: int) -> tuple[str, str]:
    found = office.get(f"/invoices/{invoice}")
    return found["status"], found["due"]


def open_credits(office: Office, party: int) -> list[tuple[str, int, str]]:
    items = office.get(f"/third-parties/{party}/credits")["items"]
    return [(one["kind"], one["id"], one["left"]) for one in items]


def sound(office: Office) -> bool:
    return all(not chain["flaws"] for chain in office.get("/chains/verification?kind=payment")["chains"])


@pytest.fixture
def party(office: Office) -> int:
    return office.customer()


def invoice(office: Office, party: int, gross: str = "100", **fields: Any) -> int:
    return int(office.invoice(gross, party_id=party, **fields)["id"])


def test_a_payment_of_a_credit_note_is_a_refund_below_zero(office: Office, party: int) -> None:
    """ERP-13: it pays money out."""
    note = credit_note(office, "80", party_id=party)
    assert open_credits(office, party) == [("credit_note", note, "80.00")]
    refused = office.post(f"/invoices/{note}/payments", {"amount": "30"})
    assert (*refused.refusal, refused.pointers) == (422, "billing.refund_not_negative", ["/amount"])
    part = office.make(f"/invoices/{note}/payments", {"amount": "-30", "reference": "TX-1"})
    assert (part["amount"], part["reference"], state(office, note)) == ("-30.00", "TX-1", ("validated", "-50.00"))
    assert office.post(f"/invoices/{note}/payments", {"amount": "-50.01"}).refusal == (409, "billing.overpaid")
    assert office.make(f"/invoices/{note}/payments", {})["amount"] == "-50.00"
    assert (state(office, note), open_credits(office, party)) == (("paid", "0.00"), [])


def test_who_may_enter_payments_may_not_pay_out(office: Office, party: int) -> None:
    """ERP-13: the right is read again when money goes out; nothing is left behind."""
    note, one = credit_note(office, "80", party_id=party), invoice(office, party)
    paid = office.make(f"/invoices/{one}/payments", {"amount": "150", "keep_rest": True})
    cashier = office.served.clerk(office.company, CASHIER)
    for path, body in (
        (f"/invoices/{note}/payments", {}),
        ("/payments", {"allocations": [{"credit_of": paid["id"]}]}),
        (f"/payments/{paid['id']}/reverse", {"reason": "Wrong"}),
    ):
        refused = cashier.post(path, body)
        assert refused.refusal == (403, "rights.missing"), path
    assert state(office, note) == ("validated", "-80.00")
    assert len(office.items("/payments")) == 1
    assert cashier.make(f"/invoices/{invoice(office, party)}/payments", {})["amount"] == "100.00"


def test_an_offset_settles_an_invoice_with_a_credit_note_without_money(office: Office, party: int) -> None:
    one, note = invoice(office, party), credit_note(office, "40", party_id=party)
    both = [{"invoice_id": one, "amount": "40"}, {"invoice_id": note}]
    made = office.make("/payments", {"method": "offset", "allocations": both})
    assert (made["amount"], made["company_amount"]) == ("0.00", "0.00")
    assert state(office, one) == ("validated", "60.00")
    assert state(office, note) == ("paid", "0.00")
    other = [{"invoice_id": one}, {"invoice_id": credit_note(office, "40", party_id=party)}]
    unbalanced = office.post("/payments", {"method": "offset", "allocations": other})
    assert (*unbalanced.refusal, unbalanced["facts"]["amount"]) == (422, "billing.offset_not_zero", "20.0000")
    money = office.make("/payments", {"allocations": other})
    assert money["amount"] == "20.00"


def test_what_is_paid_above_the_allocations_is_credit_to_be_used_later(office: Office, party: int) -> None:
    one, two = invoice(office, party), invoice(office, party)
    assert office.post(f"/invoices/{one}/payments", {"amount": "130"}).refusal == (409, "billing.overpaid")
    paid = office.make("/payments", {"amount": "130", "allocations": [{"invoice_id": one}]})
    assert (paid["amount"], paid["credit"], paid["credit_left"]) == ("130.00", "30.00", "30.00")
    assert open_credits(office, party) == [("payment", paid["id"], "30.00")]
    use = [{"credit_of": paid["id"], "amount": "-20"}, {"invoice_id": two, "amount": "20"}]
    used = office.make("/payments", {"method": "offset", "allocations": use})
    assert [(u["credit_of"], u["amount"]) for u in used["uses"]] == [(paid["id"], "-20.00")]
    again = office.post("/payments", {"method": "offset", "allocations": use})
    assert (*again.refusal, again.pointers) == (409, "billing.credit_exceeded", ["/allocations/0/amount"])
    assert open_credits(office, party) == [("payment", paid["id"], "10.00")]
    assert office.items("/payments?credit_left_gt=0")[0]["id"] == paid["id"]
    back = office.make("/payments", {"allocations": [{"credit_of": paid["id"]}]})
    assert (back["amount"], open_credits(office, party)) == ("-10.00", [])
    assert office.get(f"/payments/{paid['id']}")["version"] == 3
    assert (state(office, two), sound(office)) == (("validated", "80.00"), True)


def test_a_payment_is_reversed_once_by_another(office: Office, party: int) -> None:
    one = invoice(office, party)
    paid = office.make(f"/invoices/{one}/payments", {"method": "cheque", "reference": "77, Bank"})
    undone = office.post(f"/payments/{paid['id']}/reverse", {"reason": "Bounced"})
    assert (undone.status, undone.headers["location"]) == (201, f"/api/v1/payments/{undone['id']}")
    assert (undone["amount"], undone["reverses_id"], undone["reason"]) == ("-100.00", paid["id"], "Bounced")
    assert office.get(f"/payments/{paid['id']}")["reversed_by_id"] == undone["id"]
    assert state(office, one) == ("validated", "100.00")
    again = office.post(f"/payments/{paid['id']}/reverse", {"reason": "Bounced"})
    assert again.refusal == (409, "billing.payment_reversed_before")
    both = office.post(f"/payments/{undone['id']}/reverse", {"reason": "No"})
    assert both.refusal == (409, "billing.reversal_final")
    assert office.make(f"/invoices/{one}/payments", {})["amount"] == "100.00"
    assert (state(office, one), sound(office)) == (("paid", "0.00"), True)


def test_a_payment_whose_credit_was_used_is_reversed_after_what_used_it(office: Office, party: int) -> None:
    one, two = invoice(office, party), invoice(office, party)
    paid = office.make(f"/invoices/{one}/payments", {"amount": "150", "keep_rest": True})
    use = [{"credit_of": paid["id"]}, {"invoice_id": two, "amount": "50"}]
    used = office.make("/payments", {"method": "offset", "allocations": use})
    refused = office.post(f"/payments/{paid['id']}/reverse", {"reason": "Bounced"})
    assert (*refused.refusal, refused["facts"]["used"]) == (409, "billing.credit_already_used", "50.0000")
    office.make(f"/payments/{used['id']}/reverse", {"reason": "Wrong"})
    assert (state(office, two), open_credits(office, party)) == (
        ("validated", "100.00"),
        [("payment", paid["id"], "50.00")],
    )
    undone = office.make(f"/payments/{paid['id']}/reverse", {"reason": "Bounced"})
    assert (undone["amount"], open_credits(office, party), state(office, one)) == (
        "-150.00",
        [],
        ("validated", "100.00"),
    )
    assert sound(office)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"amount": "99", "allocations": [{"invoice_id": 1, "amount": "100"}]}, "billing.allocated_more", "/amount"),
        ({"method": "offset", "allocations": [{"invoice_id": 1}]}, "billing.offset_not_zero", "/allocations"),
        ({"allocations": [{"invoice_id": 1}, {"credit_of": 99999}]}, "unknown_reference", "/allocations/1/credit_of"),
        ({"allocations": [{"invoice_id": 1}], "account_id": 99999}, "unknown_reference", "/account_id"),
        ({"allocations": [{"invoice_id": 1, "credit_of": 5}]}, "request.invalid_body", "/allocations/0"),
        ({"allocations": [{}]}, "request.invalid_body", "/allocations/0"),
    ],
)
def test_what_is_wrong_with_a_payment_is_named(
    office: Office, party: int, body: dict[str, Any], code: str, pointer: str
) -> None:
    one = invoice(office, party)
    parts = [{**part, "invoice_id": one} if "invoice_id" in part else part for part in body["allocations"]]
    refused = office.post("/payments", {**body, "allocations": parts})
    assert (*refused.refusal, refused.pointers) == (422, code, [pointer])
    assert office.items("/payments") == []


def test_what_moves_nothing_is_no_payment(office: Office, party: int) -> None:
    one, note = invoice(office, party, "40"), credit_note(office, "40", party_id=party)
    both = [{"invoice_id": one}, {"invoice_id": note}]
    assert office.post("/payments", {"allocations": both}).refusal == (422, "billing.nothing_moved")


def test_the_credit_of_another_customer_is_not_used(office: Office, party: int) -> None:
    paid = office.make(f"/invoices/{invoice(office, party)}/payments", {"amount": "150", "keep_rest": True})
    other = invoice(office, office.customer())
    use = [{"credit_of": paid["id"], "amount": "-50"}, {"invoice_id": other, "amount": "50"}]
    refused = office.post("/payments", {"method": "offset", "allocations": use})
    assert (*refused.refusal, refused.pointers) == (422, "billing.mixed_payment", ["/allocations/1/invoice_id"])
    twice = office.post("/payments", {"allocations": [use[0], {"credit_of": paid["id"], "amount": "-1"}]})
    assert twice.refusal == (422, "billing.credit_twice")


def test_a_bad_debt_is_written_off_with_its_vat(office: Office, party: int) -> None:
    lines = [
        {"description": "A", "quantity": "1", "unit_price": "100", "vat_rate": "20"},
        {"description": "B", "quantity": "1", "unit_price": "100", "vat_rate": "5.5"},
    ]
    one = office.make("/invoices", {"party_id": party, "lines": lines})["id"]
    office.act(f"/invoices/{one}/validate")
    office.make(f"/invoices/{one}/payments", {"amount": "75.50"})
    lost = office.act(f"/invoices/{one}/write-off", {"date": "2026-12-01"})
    assert (lost["status"], lost["abandon_reason"], lost["due"]) == ("abandoned", "badcustomer", "150.00")
    office.served.container.dispatch()
    (facts,) = [
        entry["facts"]
        for entry in office.items(f"/invoices/{one}/audit")
        if entry["event"] == "billing.invoice_written_off"
    ]
    assert (facts["date"], facts["amount"], facts["net"], facts["vat"]) == (
        "2026-12-01",
        "150.0000",
        "133.0400",
        "16.9600",
    )
    again = office.post(f"/invoices/{one}/write-off", {})
    assert again.refusal == (409, "state.invalid_transition")
