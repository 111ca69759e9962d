"""Bank accounts, slips of cheques and orders to banks over HTTP."""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from app.domain.shared.rights import Right
from tests.support.credits import credit_note
from tests.support.office import ON_SQLITE, Office, Reply, free_line

pytestmark = [pytest.mark.fast, ON_SQLITE]
IBAN: Final = "FR7630006000011234567890189"
OWN_ACCOUNT: Final = {"label": "Current", "holder": "Acmé SARL", "iban": "fr76 3000 6000 0112 3456 7890 189"}
CREDITOR: Final = "DE98ZZZ09999999999"
MANDATE: Final = {
    "holder": "Élan GmbH",
    "iban": "DE89370400440532013000",
    "mandate": "MND-7",
    "mandate_date": "2026-01-15",
    "sequence": "RCUR",
}
TELLER: Final = frozenset({Right.PAYMENTS_READ, Right.PAYMENTS_WRITE})


@pytest.fixture
def account(office: Office) -> int:
    return int(office.make("/bank-accounts", {**OWN_ACCOUNT, "creditor_id": CREDITOR})["id"])


def debit(office: Office, account: int, *lines: dict[str, Any], **fields: Any) -> Reply:
    whole = [{**MANDATE, **line} for line in lines]
    body = {"kind": "direct_debit", "date": "2026-11-30", "account_id": account, "lines": whole, **fields}
    return office.post("/sepa-orders", body)


def values(content: bytes, name: str) -> list[str]:
    return [str(node.text) for node in ET.fromstring(content).iter() if node.tag.endswith("}" + name)]  # noqa: S314 - ours


def test_a_bank_account_is_written_in_one_form_and_kept_once(office: Office) -> None:
    made = office.make("/bank-accounts", OWN_ACCOUNT)
    assert (made["iban"], made["bic"], made["currency"], made["version"]) == (IBAN, "", "EUR", 1)
    twice = office.post("/bank-accounts", {**OWN_ACCOUNT, "label": "Other"})
    assert (*twice.refusal, twice.pointers) == (409, "taken", ["/iban"])
    path = f"/bank-accounts/{made['id']}"
    changed = office.patch(path, {"bic": "agrifrpp", "archived": True}, 1)
    assert (changed["bic"], changed["archived"], changed["version"]) == ("AGRIFRPP", True, 2)
    assert office.patch(path, {"label": "Old"}, 1).status == 412
    assert [one["label"] for one in office.items("/bank-accounts?archived=true")] == ["Current"]


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"iban": "FR7630006000011234567890188"}, "banking.bad_iban", "/iban"),
        ({"iban": "FR76"}, "banking.bad_iban", "/iban"),
        ({"bic": "NOBANK"}, "banking.bad_bic", "/bic"),
        ({"creditor_id": "DE99ZZZ09999999999"}, "banking.bad_creditor_id", "/creditor_id"),
        ({"creditor_id": "ZZZ"}, "banking.bad_creditor_id", "/creditor_id"),
        ({"label": " "}, "request.invalid_body", "/label"),
        ({"currency": "XXZ"}, "money.unknown_currency", ""),
    ],
)
def test_what_is_wrong_with_an_account_is_named(
    office: Office, fields: dict[str, str], code: str, pointer: str
) -> None:
    refused = office.post("/bank-accounts", {**OWN_ACCOUNT, **fields})
    assert refused.refusal == (422, code)
    assert not pointer or refused.pointers == [pointer]


def test_a_payment_names_an_account_in_its_currency(office: Office, account: int) -> None:
    one = office.invoice("100", currency="USD", rate="0.9")["id"]
    refused = office.post(f"/invoices/{one}/payments", {"account_id": account})
    assert (*refused.refusal, refused.pointers) == (409, "banking.account_currency", ["/account_id"])
    two = office.invoice("100")["id"]
    assert office.make(f"/invoices/{two}/payments", {"account_id": account})["account_id"] == account
    office.patch(f"/bank-accounts/{account}", {"archived": True}, 1)
    three = office.invoice("100")["id"]
    late = office.post(f"/invoices/{three}/payments", {"account_id": account})
    assert late.refusal == (409, "banking.account_archived")


def test_cheques_are_deposited_on_one_slip_only(office: Office, account: int) -> None:
    cheques = [
        office.make(f"/invoices/{office.invoice(gross)['id']}/payments", {"method": "cheque", "reference": gross})["id"]
        for gross in ("100", "50.5", "7")
    ]
    slip = office.make("/cheque-deposits", {"account_id": account, "payments": cheques[:2], "date": "2026-11-21"})
    assert (slip["ref"], slip["amount"]) == ("CHQ2611-0001", "150.50")
    assert [line["payment_id"] for line in slip["lines"]] == cheques[:2]
    assert office.get(f"/cheque-deposits/{slip['id']}").body == slip
    again = office.post("/cheque-deposits", {"account_id": account, "payments": [cheques[2], cheques[0]]})
    assert (*again.refusal, again.pointers) == (409, "banking.cheque_deposited", ["/payments/1"])
    twice = office.post("/cheque-deposits", {"account_id": account, "payments": [cheques[2], cheques[2]]})
    assert (*twice.refusal, twice.pointers) == (422, "banking.cheque_twice", ["/payments/1"])
    bounced = office.make(f"/payments/{cheques[0]}/reverse", {"reason": "Bounced"})
    assert (bounced["method"], bounced["reference"]) == ("cheque", "100")
    office.make(f"/payments/{cheques[2]}/reverse", {"reason": "Bounced"})
    for payment in (bounced["id"], cheques[2]):
        late = office.post("/cheque-deposits", {"account_id": account, "payments": [payment]})
        assert (*late.refusal, late.pointers) == (422, "banking.no_cheque", ["/payments/0"])
    assert [one["ref"] for one in office.items("/cheque-deposits")] == ["CHQ2611-0001"]


def test_a_direct_debit_goes_from_draft_to_its_payments(office: Office, account: int) -> None:
    first, second = office.invoice("100.10"), office.invoice("50")
    lines = ({"invoice_id": first["id"], "amount": "100.10"}, {"invoice_id": second["id"], "amount": "20"})
    made = debit(office, account, *lines)
    path = f"/sepa-orders/{made['id']}"
    assert (made.status, made["status"], made["amount"], made["message_id"]) == (201, "draft", "120.10", None)
    assert office.get(path + "/file").refusal == (404, "banking.no_file")
    assert office.post(path + "/settle", {}).refusal == (409, "state.invalid_transition")
    generated = office.act(path + "/generate")
    assert (generated["status"], generated["message_id"][:8]) == ("generated", "TRAMITA-")
    file, again = office.get(path + "/file"), office.get(path + "/file")
    assert file.body == again.body
    assert file.headers["content-type"] == "application/xml"
    assert file.headers["cache-control"] == "no-store"
    assert values(file.body, "MsgId") == [generated["message_id"]]
    assert values(file.body, "InstdAmt") == ["100.10", "20.00"]
    assert values(file.body, "Ustrd") == [first["ref"], second["ref"]]
    assert values(file.body, "MndtId") == ["MND-7", "MND-7"]
    assert values(file.body, "CtrlSum") == ["120.10", "120.10"]
    assert values(file.body, "EndToEndId") == [f"{generated['message_id']}-{n}" for n in (1, 2)]
    assert "Elan GmbH" in values(file.body, "Nm")
    settled = office.act(path + "/settle", {"returned": [2], "date": "2026-11-30"})
    assert settled["status"] == "settled"
    payment, none = (line["payment_id"] for line in settled["lines"])
    assert none is None
    paid = office.get(f"/payments/{payment}")
    assert (paid["amount"], paid["method"], paid["date"]) == ("100.10", "direct_debit", "2026-11-30")
    assert (paid["reference"], paid["account_id"]) == (generated["message_id"], account)
    assert office.get(f"/invoices/{first['id']}")["status"] == "paid"
    assert office.get(f"/invoices/{second['id']}")["due"] == "50.00"
    assert office.post(path + "/cancel").refusal == (409, "state.invalid_transition")
    assert office.get(path + "/file").body == file.body
    assert debit(office, account, {"invoice_id": second["id"], "amount": "50"}).status == 201


def test_an_invoice_is_in_one_open_order_only(office: Office, account: int) -> None:
    one = office.invoice("100")["id"]
    line = {"invoice_id": one, "amount": "40"}
    made = debit(office, account, line)
    taken = debit(office, account, line)
    assert (*taken.refusal, taken.pointers) == (409, "banking.invoice_in_order", ["/lines/0/invoice_id"])
    office.act(f"/sepa-orders/{made['id']}/cancel")
    twice = debit(office, account, line, line)
    assert (*twice.refusal, twice.pointers) == (409, "banking.invoice_in_order", ["/lines/1/invoice_id"])
    assert debit(office, account, line).status == 201
    assert [row["status"] for row in office.items("/sepa-orders")] == ["draft", "canceled"]


def test_a_credit_transfer_pays_a_credit_note_and_needs_the_right_to_pay_out(office: Office, account: int) -> None:
    """ERP-13."""
    note = credit_note(office, "80")
    line = {"invoice_id": note, "amount": "80", "holder": "Client", "iban": MANDATE["iban"], "bic": "COBADEFF"}
    body = {"kind": "credit_transfer", "date": "2026-11-30", "account_id": account, "lines": [line]}
    teller = office.served.clerk(office.company, TELLER)
    assert teller.post("/sepa-orders", body).refusal == (403, "rights.missing")
    path = f"/sepa-orders/{office.make('/sepa-orders', body)['id']}"
    assert teller.post(path + "/generate").refusal == (403, "rights.missing")
    office.act(path + "/generate")
    assert teller.get(path + "/file").refusal == (403, "rights.missing")
    file = office.get(path + "/file")
    assert (values(file.body, "InstdAmt"), values(file.body, "BICFI")) == (["80.00"], ["COBADEFF"])
    assert teller.post(path + "/settle", {}).refusal == (403, "rights.missing")
    settled = office.act(path + "/settle", {"date": "2026-12-01"})
    paid = office.get(f"/payments/{settled['lines'][0]['payment_id']}")
    assert (paid["amount"], paid["method"], paid["date"]) == ("-80.00", "transfer", "2026-12-01")
    assert office.get(f"/invoices/{note}")["status"] == "paid"


@pytest.mark.parametrize(
    ("line", "status", "code", "pointer"),
    [
        ({"amount": "100.01"}, 409, "billing.overpaid", "/lines/0/amount"),
        ({"amount": "0"}, 422, "request.invalid_body", "/lines/0/amount"),
        ({"iban": "DE88370400440532013000"}, 422, "banking.bad_iban", "/lines/0/iban"),
        ({"mandate": ""}, 422, "required", "/lines/0/mandate"),
        ({"mandate_date": None}, 422, "required", "/lines/0/mandate_date"),
        ({"invoice_id": 99999}, 422, "unknown_reference", "/lines/0/invoice_id"),
    ],
)
def test_what_is_wrong_with_an_order_to_the_bank_is_named(
    office: Office, account: int, line: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    one = office.invoice("100")["id"]
    refused = debit(office, account, {"invoice_id": one, "amount": "100", **line})
    assert (*refused.refusal, refused.pointers) == (status, code, [pointer])
    assert office.items("/sepa-orders") == []


def test_an_order_moves_euros_the_way_of_its_invoices(office: Office, account: int) -> None:
    dollars = office.invoice("100", currency="USD", rate="0.9")["id"]
    foreign = debit(office, account, {"invoice_id": dollars, "amount": "10"})
    assert foreign.refusal == (422, "banking.not_in_euro")
    note = debit(office, account, {"invoice_id": credit_note(office), "amount": "10"})
    assert note.refusal == (422, "banking.wrong_way")
    draft = office.make("/invoices", {"party_id": office.customer(), "lines": [free_line("5")]})["id"]
    early = debit(office, account, {"invoice_id": draft, "amount": "5"})
    assert (*early.refusal, early["facts"]["state"]) == (409, "billing.invoice_not_open", "draft")
    plain = office.make("/bank-accounts", {**OWN_ACCOUNT, "iban": "DE89370400440532013000"})["id"]
    nameless = debit(office, plain, {"invoice_id": office.invoice("9")["id"], "amount": "9"})
    assert (*nameless.refusal, nameless.pointers) == (422, "required", ["/account_id"])


def test_what_was_paid_meanwhile_is_not_settled_again(office: Office, account: int) -> None:
    one = office.invoice("100")["id"]
    made = debit(office, account, {"invoice_id": one, "amount": "100"})
    office.act(f"/sepa-orders/{made['id']}/generate")
    office.make(f"/invoices/{one}/payments", {"amount": "30"})
    refused = office.post(f"/sepa-orders/{made['id']}/settle", {})
    assert (*refused.refusal, refused.pointers) == (409, "billing.overpaid", ["/lines/0/amount"])
    unknown = office.post(f"/sepa-orders/{made['id']}/settle", {"returned": [2]})
    assert (*unknown.refusal, unknown.pointers) == (422, "banking.no_such_position", ["/returned/0"])
    assert office.get(f"/sepa-orders/{made['id']}")["status"] == "generated"
    assert office.act(f"/sepa-orders/{made['id']}/settle", {"returned": [1]})["status"] == "settled"


def test_a_line_without_an_account_takes_the_customers_preferred_one(office: Office, account: int) -> None:
    """ERP-09: with its mandate; the line keeps both as they were."""
    one = office.invoice("100")
    path = f"/third-parties/{one['party_id']}/bank-accounts"
    order = {"kind": "direct_debit", "date": "2026-11-30", "account_id": account}
    body = {**order, "lines": [{"invoice_id": one["id"], "amount": "100", "sequence": "RCUR"}]}
    without = office.post("/sepa-orders", body)
    assert (*without.refusal, without.pointers) == (422, "required", ["/lines/0/iban"])
    theirs = {"holder": "Client", "iban": MANDATE["iban"], "mandate_ref": "M-1", "mandate_date": "2026-02-01"}
    kept = office.make(path, {**theirs, "preferred": True})
    made = office.make("/sepa-orders", body)
    assert office.patch(f"{path}/{kept['id']}", {"holder": "Other"}, 1).status == 200
    (line,) = office.get(f"/sepa-orders/{made['id']}")["lines"]
    told = ("holder", "iban", "mandate", "mandate_date")
    assert tuple(line[name] for name in told) == ("Client", MANDATE["iban"], "M-1", "2026-02-01")


def test_an_erased_customers_account_is_gone_and_the_file_with_it(office: Office, account: int) -> None:
    """Design 3: an order copies what it moved money with; erasure reaches the copy."""
    one = office.invoice("100")
    path = f"/sepa-orders/{debit(office, account, {'invoice_id': one['id'], 'amount': '100'})['id']}"
    office.act(path + "/generate")
    office.act(path + "/settle", {})
    assert office.get(path + "/file").status == 200
    office.act(f"/third-parties/{one['party_id']}/anonymise")
    (line,) = office.get(path)["lines"]
    assert [line[name] for name in ("holder", "iban", "mandate", "mandate_date")] == ["", "", "", None]
    assert line["amount"] == "100.00"
    assert office.get(path + "/file").refusal == (404, "banking.no_file")
