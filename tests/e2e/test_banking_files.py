"""Orders to banks, slips and credits over HTTP: what a careless client, a stranger or a second click would do."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.domain.shared.rights import Right
from tests.support.credits import OWN_ACCOUNT, credit_note, debit_of
from tests.support.office import ON_SQLITE, Office
from tests.support.people import events

pytestmark = [pytest.mark.fast, ON_SQLITE]
THEIRS: Final = "DE89370400440532013000"
READER: Final = frozenset({Right.PAYMENTS_READ})


@pytest.fixture
def account(office: Office) -> int:
    return int(office.make("/bank-accounts", OWN_ACCOUNT)["id"])


@pytest.fixture
def party(office: Office) -> int:
    return office.customer()


def invoices(office: Office, party: int, *grosses: str) -> list[int]:
    return [int(office.invoice(gross, party_id=party)["id"]) for gross in grosses]


def ordered(office: Office, body: dict[str, Any]) -> str:
    """Enter an order and make its file; its path."""
    path = f"/sepa-orders/{office.make('/sepa-orders', body)['id']}"
    office.act(f"{path}/generate")
    return path


def transfer_of(account: int, note: int, amount: str, **fields: Any) -> dict[str, Any]:
    line = {"invoice_id": note, "amount": amount, "holder": "Client", "iban": THEIRS}
    return {"kind": "credit_transfer", "date": "2026-11-30", "account_id": account, "lines": [line], **fields}


def due(office: Office, *found: int) -> list[str]:
    return [office.get(f"/invoices/{one}")["due"] for one in found]


# --- files ----------------------------------------------------------------------------------------------------------


def test_the_file_says_what_the_order_says_whatever_changed_since(office: Office, account: int, party: int) -> None:
    """The bank gets the same bytes again: neither the company's account nor a payment changes them."""
    (one,) = invoices(office, party, "100")
    path = ordered(office, debit_of(account, one, amount="99.99"))
    file = office.get(f"{path}/file")
    office.patch(f"/bank-accounts/{account}", {"holder": "Other", "archived": True}, 1)
    office.make(f"/invoices/{one}/payments", {"amount": "0.01"})
    office.act(f"{path}/settle", {})
    again = office.get(f"{path}/file")
    assert again.body == file.body
    assert f'filename="{office.get(path)["message_id"]}.xml"' in again.headers["content-disposition"]


@pytest.mark.parametrize("kind", ["direct_debit", "credit_transfer"])
def test_a_fraction_of_a_cent_is_not_ordered(office: Office, account: int, party: int, kind: str) -> None:
    """It was cut off in the file, and no settlement could enter it."""
    if kind == "direct_debit":
        body = debit_of(account, *invoices(office, party, "10"), amount="9.999")
    else:
        body = transfer_of(account, credit_note(office, "10", party_id=party), "9.999")
    refused = office.post("/sepa-orders", body)
    assert (*refused.refusal, refused.pointers) == (422, "billing.fraction_of_minor_unit", ["/lines/0/amount"])
    assert office.items("/sepa-orders") == []


# --- what the bank did ----------------------------------------------------------------------------------------------


def test_what_the_bank_returned_stays_due_and_may_be_ordered_again(office: Office, account: int, party: int) -> None:
    found = invoices(office, party, "10", "20", "30")
    path = ordered(office, debit_of(account, *found, amount="10"))
    settled = office.act(f"{path}/settle", {"returned": [1, 3, 3], "date": "2026-11-30"})
    assert [line["payment_id"] is None for line in settled["lines"]] == [True, False, True]
    assert due(office, *found) == ["10.00", "10.00", "30.00"]
    assert office.post("/sepa-orders", debit_of(account, *found, amount="10")).status == 201


def test_when_one_line_cannot_be_settled_none_is(office: Office, account: int, party: int) -> None:
    """The second was abandoned meanwhile: the first is not paid either, and no number is lost."""
    found = invoices(office, party, "10", "20")
    path = ordered(office, debit_of(account, *found, amount="10"))
    office.act(f"/invoices/{found[1]}/abandon", {"reason": "abandon"})
    refused = office.post(f"{path}/settle", {})
    assert (*refused.refusal, refused["facts"]["state"]) == (409, "billing.invoice_not_open", "abandoned")
    assert (due(office, found[0]), office.items("/payments")) == (["10.00"], [])
    settled = office.act(f"{path}/settle", {"returned": [2]})
    assert office.get(f"/payments/{settled['lines'][0]['payment_id']}")["ref"].endswith("-0001")


@pytest.mark.parametrize("position", [0, -1, 2])
def test_a_position_that_is_not_in_the_order_settles_nothing(
    office: Office, account: int, party: int, position: int
) -> None:
    (one,) = invoices(office, party, "10")
    path = ordered(office, debit_of(account, one))
    refused = office.post(f"{path}/settle", {"returned": [1, position]})
    assert (*refused.refusal, refused.pointers) == (422, "banking.no_such_position", ["/returned/1"])
    assert (office.get(path)["status"], due(office, one)) == ("generated", ["10.00"])


def test_a_debit_the_customer_recalls_later_is_due_again(office: Office, account: int, party: int) -> None:
    """The bank takes it back after weeks: the payment is reversed, and the invoice may be collected again."""
    (one,) = invoices(office, party, "10")
    path = ordered(office, debit_of(account, one, amount="10"))
    paid = office.act(f"{path}/settle", {"date": "2026-11-21"})["lines"][0]["payment_id"]
    undone = office.make(f"/payments/{paid}/reverse", {"reason": "MD06"})
    assert (undone["method"], undone["account_id"], undone["amount"]) == ("direct_debit", account, "-10.00")
    assert due(office, one) == ["10.00"]
    assert office.post("/sepa-orders", debit_of(account, one, amount="10")).status == 201


def test_what_was_done_with_an_order_is_told(office: Office, account: int, party: int) -> None:
    path = ordered(office, debit_of(account, *invoices(office, party, "10")))
    settled = office.act(f"{path}/settle", {})
    steps = ("created", "generated", "settled")
    created, generated, ended = (events(office, f"sepa_order_{step}", "banking")[0] for step in steps)
    assert (created["kind"], generated["message"]) == ("direct_debit", settled["message_id"])
    assert ended["payments"] == [settled["lines"][0]["payment_id"]]


# --- strangers ------------------------------------------------------------------------------------------------------


# --- accounts and slips ---------------------------------------------------------------------------------------------


def test_a_change_that_changes_nothing_is_no_event_and_no_version(office: Office, account: int) -> None:
    same = office.patch(f"/bank-accounts/{account}", {"iban": OWN_ACCOUNT["iban"].lower()}, 1)
    assert (same.status, same["version"]) == (200, 1)
    assert events(office, "account_changed", "banking") == []
    office.patch(f"/bank-accounts/{account}", {"label": "Other", "iban": OWN_ACCOUNT["iban"]}, 1)
    assert [one["fields"] for one in events(office, "account_changed", "banking")] == [["label"]]


# --- credits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("-0.001", "billing.fraction_of_minor_unit"),
        ("1", "billing.refund_not_negative"),
        ("-30.01", "billing.credit_exceeded"),
    ],
)
def test_a_credit_used_wrongly_is_left_as_it_was(office: Office, party: int, amount: str, code: str) -> None:
    one, two = invoices(office, party, "10", "40")
    paid = office.make(f"/invoices/{one}/payments", {"amount": "40", "keep_rest": True})["id"]
    parts = [{"invoice_id": two, "amount": "1"}, {"credit_of": paid, "amount": amount}]
    refused = office.post("/payments", {"method": "offset", "allocations": parts})
    assert (refused["code"], refused.pointers) == (code, ["/allocations/1/amount"])
    assert office.get(f"/payments/{paid}")["credit_left"] == "30.00"
    assert due(office, two) == ["40.00"]


def test_no_rest_is_kept_of_a_refund(office: Office, party: int) -> None:
    note = credit_note(office, "80", party_id=party)
    refused = office.post(f"/invoices/{note}/payments", {"amount": "-90", "keep_rest": True})
    assert (*refused.refusal, refused.pointers) == (422, "billing.payment_not_positive", ["/amount"])
    assert due(office, note) == ["-80.00"]


def test_what_used_a_credit_is_told_and_told_again_when_it_is_taken_back(office: Office, party: int) -> None:
    one, two = invoices(office, party, "10", "40")
    paid = office.make(f"/invoices/{one}/payments", {"amount": "40", "keep_rest": True})["id"]
    parts = [{"invoice_id": two, "amount": "12"}, {"credit_of": paid, "amount": "-12"}]
    used = office.make("/payments", {"method": "offset", "allocations": parts})["id"]
    office.make(f"/payments/{used}/reverse", {"reason": "Wrong"})
    told = [(float(one["amount"]), float(one["left"])) for one in events(office, "credit_used", "billing")]
    assert told == [(12.0, 18.0), (-12.0, 30.0)]
