"""Payments and dealings with banks on the wire: what is left out, refused and where, and how amounts are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError

from app.api.schemas.banking import (
    ChequeDepositIn,
    ChequeDepositOut,
    OwnAccountChange,
    OwnAccountIn,
    OwnAccountOut,
    SepaOrderIn,
    SepaOrderOut,
    SepaSettlementIn,
)
from app.api.schemas.billing import CreditsOut, InvoicePaymentIn, PaymentIn, PaymentOut, ReversalIn, WriteOffIn
from app.domain.banking import BankAccount, ChequeDeposit, SepaSequence
from app.domain.billing import CreditKind, OpenCredit, PaymentMethod
from app.domain.shared.ids import BankAccountId
from app.domain.shared.money import currency
from tests.support.paying import ON, kept, money, owed, payment

pytestmark = pytest.mark.fast
OWN: Final[dict[str, Any]] = {"label": "L", "holder": "H", "iban": "GB29NWBK60161331926819"}
LINE: Final[dict[str, Any]] = {"invoice_id": 9, "amount": "12.5"}
ORDER: Final[dict[str, Any]] = {"kind": "direct_debit", "date": "2026-11-30", "account_id": 3, "lines": [LINE]}


def written(shown: BaseModel) -> dict[str, Any]:
    """Give what goes out as JSON."""
    told: dict[str, Any] = shown.model_dump(mode="json")
    return told


# --- payments in ------------------------------------------------------------------------------------------------------


def test_a_payment_of_an_invoice_left_empty_is_all_that_is_due_by_transfer() -> None:
    draft = InvoicePaymentIn().to_domain(9)
    (part,) = draft.parts
    assert (part.invoice_id, part.credit_of, part.amount) == (9, None, None)
    assert (draft.amount, draft.date, draft.rate, draft.account_id) == (None, None, None, None)
    assert (draft.method, draft.reference) == (PaymentMethod.TRANSFER, "")


@pytest.mark.parametrize(
    ("fields", "whole", "part"),
    [
        ({"amount": "150"}, None, "150"),
        ({"amount": "150", "keep_rest": False}, None, "150"),
        ({"amount": "150", "keep_rest": True}, "150", None),
        ({"keep_rest": True}, None, None),
    ],
)
def test_only_a_named_amount_has_a_rest_to_keep(fields: dict[str, Any], whole: str | None, part: str | None) -> None:
    draft = InvoicePaymentIn(**fields).to_domain(9)
    told = (draft.amount, draft.parts[0].amount)
    assert told == tuple(None if one is None else money(one) for one in (whole, part))


def test_the_parts_of_a_payment_keep_their_order_and_their_signs() -> None:
    parts = [{"invoice_id": 9, "amount": "40"}, {"credit_of": 5, "amount": "-40.5"}, {"invoice_id": 2}]
    draft = PaymentIn.model_validate({"allocations": parts, "account_id": 3, "method": "offset"}).to_domain()
    assert [(one.invoice_id, one.credit_of, one.amount) for one in draft.parts] == [
        (9, None, 40),
        (None, 5, money("-40.5")),
        (2, None, None),
    ]
    assert (draft.account_id, draft.method, draft.amount) == (3, PaymentMethod.OFFSET, None)


@pytest.mark.parametrize(
    ("schema", "body", "where"),
    [
        (PaymentIn, {"allocations": []}, ("allocations",)),
        (PaymentIn, {"allocations": [{"amount": "1"}]}, ("allocations", 0)),
        (PaymentIn, {"allocations": [{"invoice_id": 1, "credit_of": 2}]}, ("allocations", 0)),
        (PaymentIn, {"allocations": [{"invoice_id": 0}]}, ("allocations", 0, "invoice_id")),
        (PaymentIn, {"allocations": [{"credit_of": -1}]}, ("allocations", 0, "credit_of")),
        (PaymentIn, {"allocations": [{"invoice_id": 1, "amount": 1.5}]}, ("allocations", 0, "amount")),
        (PaymentIn, {"allocations": [{"invoice_id": 1, "amount": "0.00001"}]}, ("allocations", 0, "amount")),
        (PaymentIn, {"allocations": [{"invoice_id": 1, "amount": "1e2"}]}, ("allocations", 0, "amount")),
        (PaymentIn, {"allocations": [{"invoice_id": 1}], "method": "barter"}, ("method",)),
        (PaymentIn, {"allocations": [{"invoice_id": 1}], "party_id": 1}, ("party_id",)),
        (InvoicePaymentIn, {"amount": "NaN"}, ("amount",)),
        (InvoicePaymentIn, {"date": "2026-02-30"}, ("date",)),
        (InvoicePaymentIn, {"date": "21.11.2026"}, ("date",)),
        (InvoicePaymentIn, {"keep_rest": "yes"}, ("keep_rest",)),
        (InvoicePaymentIn, {"reference": "x" * 101}, ("reference",)),
        (InvoicePaymentIn, {"account_id": 0}, ("account_id",)),
        (ReversalIn, {}, ("reason",)),
        (ReversalIn, {"reason": "  "}, ("reason",)),
        (ReversalIn, {"reason": "x" * 201}, ("reason",)),
        (WriteOffIn, {"date": "soon"}, ("date",)),
        (OwnAccountIn, OWN | {"holder": "n" * 71}, ("holder",)),
        (OwnAccountIn, OWN | {"label": " "}, ("label",)),
        (OwnAccountIn, OWN | {"currency": "eur"}, ("currency",)),
        (OwnAccountIn, OWN | {"archived": True}, ("archived",)),
        (OwnAccountChange, {"label": ""}, ("label",)),
        (OwnAccountChange, {"currency": "USD"}, ("currency",)),
        (OwnAccountChange, {"archived": 1}, ("archived",)),
        (ChequeDepositIn, {"account_id": 3, "payments": []}, ("payments",)),
        (ChequeDepositIn, {"account_id": 3, "payments": [5, "x"]}, ("payments", 1)),
        (SepaOrderIn, ORDER | {"kind": "cheque"}, ("kind",)),
        (SepaOrderIn, ORDER | {"lines": []}, ("lines",)),
        (SepaOrderIn, ORDER | {"lines": [LINE | {"amount": "0"}]}, ("lines", 0, "amount")),
        (SepaOrderIn, ORDER | {"lines": [LINE | {"amount": "-1"}]}, ("lines", 0, "amount")),
        (SepaOrderIn, ORDER | {"lines": [LINE | {"mandate": "M&1"}]}, ("lines", 0, "mandate")),
        (SepaOrderIn, ORDER | {"lines": [LINE | {"mandate": "é"}]}, ("lines", 0, "mandate")),
        (SepaOrderIn, ORDER | {"lines": [LINE | {"mandate": "m" * 36}]}, ("lines", 0, "mandate")),
        (SepaOrderIn, ORDER | {"lines": [LINE, LINE | {"sequence": "frst"}]}, ("lines", 1, "sequence")),
        (SepaOrderIn, ORDER | {"lines": [LINE | {"holder": "n" * 71}]}, ("lines", 0, "holder")),
        (SepaSettlementIn, {"returned": [1, "two"]}, ("returned", 1)),
        (SepaSettlementIn, {"returned": [1] * 1001}, ("returned",)),
    ],
)
def test_what_is_sent_wrongly_is_refused_where_it_stands(
    schema: type[BaseModel], body: dict[str, Any], where: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        schema.model_validate(body)
    assert [problem["loc"] for problem in refused.value.errors()] == [where]


def test_a_reason_is_kept_without_the_blanks_around_it() -> None:
    reversal = ReversalIn(reason="  Bounced ").to_domain(5)
    assert (reversal.payment_id, reversal.reason, reversal.date) == (5, "Bounced", None)


def test_a_loss_is_dated_as_asked_for() -> None:
    assert WriteOffIn.model_validate({"date": "2026-11-21"}).to_domain(9).date == ON
    assert WriteOffIn().to_domain(9).date is None


# --- payments out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "exchange", "told"),
    [
        ("EUR", "1", ("120.50", "120.50", "1")),
        ("JPY", "0.5", ("120", "60.00", "0.5")),
        ("KWD", "3", ("120.500", "361.50", "3")),
    ],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(
    code: str, exchange: str, told: tuple[str, str, str]
) -> None:
    shown = written(PaymentOut.of(kept("120" if code == "JPY" else "120.5", code=code, exchange=exchange)))
    assert (shown["amount"], shown["company_amount"], shown["rate"]) == told
    assert shown["credit"] == shown["credit_left"] == told[0]


def test_a_payment_shows_what_it_settled_and_what_it_took() -> None:
    made = payment(4, "USD", "1")
    made.use(kept("30", 9, code="USD", exchange="1"), None)
    made.pay(owed(code="USD", exchange="0.9"), None)
    shown = written(PaymentOut.of(made))
    assert [tuple(part.values()) for part in shown["allocations"]] == [
        (6, "settlement", "100.00", "100.00"),
        (6, "exchange_difference", "0.00", "-10.00"),
    ]
    assert [tuple(use.values()) for use in shown["uses"]] == [(9, "settlement", "-30.00", "-30.00")]
    assert (shown["amount"], shown["reverses_id"], shown["reversed_by_id"]) == ("70.00", None, None)


def test_open_credits_are_written_in_their_own_currency() -> None:
    found = [
        OpenCredit(kind=CreditKind.PAYMENT, id=5, ref="PAY1", date=ON, currency="JPY", left=money("40")),
        OpenCredit(kind=CreditKind.CREDIT_NOTE, id=6, ref="AV1", date=ON, currency="EUR", left=money("0.5")),
    ]
    items = written(CreditsOut.of(found))["items"]
    assert [(one["kind"], one["id"], one["left"]) for one in items] == [
        ("payment", 5, "40"),
        ("credit_note", 6, "0.50"),
    ]


# --- banks ------------------------------------------------------------------------------------------------------------


def test_an_account_is_kept_in_euros_unless_said_otherwise() -> None:
    assert OwnAccountIn(**OWN).to_domain().currency.code == "EUR"
    account = OwnAccountIn(**OWN | {"currency": "USD", "bic": "nwbkgb2l"}).to_domain()
    assert (account.currency.code, account.bic, account.archived) == ("USD", "NWBKGB2L", False)


def test_a_change_carries_only_what_was_sent() -> None:
    change = OwnAccountChange.model_validate({"bic": "", "archived": False}).to_domain(3, 7)
    assert (change.id, change.version, change.changes) == (3, 7, {"bic": "", "archived": False})


def test_an_account_shows_its_currency_by_code() -> None:
    account = BankAccount(**OWN, id=BankAccountId(3), currency=currency("JPY"), version=2)
    shown = written(OwnAccountOut.of(account))
    assert (shown["id"], shown["currency"], shown["archived"], shown["version"]) == (3, "JPY", False, 2)


def test_a_slip_is_asked_for_in_the_order_of_its_cheques() -> None:
    draft = ChequeDepositIn(account_id=3, payments=[6, 5]).to_domain()
    assert (draft.account_id, draft.date, draft.payments) == (3, None, (6, 5))


def test_a_slip_is_written_with_the_decimals_of_its_currency() -> None:
    own = BankAccount(**OWN, id=BankAccountId(3), currency=currency("JPY"))
    cheques = [kept("40", key, code="JPY", method=PaymentMethod.CHEQUE) for key in (5, 6)]
    shown = written(ChequeDepositOut.of(ChequeDeposit.of(own, cheques, ON)))
    assert (shown["amount"], [one["amount"] for one in shown["lines"]]) == ("80", ["40", "40"])


def test_the_lines_of_an_order_are_counted_from_one() -> None:
    lines = [LINE, LINE | {"invoice_id": 10, "sequence": "FNAL", "mandate": "M'1 (a)/2", "mandate_date": "2026-01-15"}]
    one = SepaOrderIn.model_validate(ORDER | {"lines": lines}).to_domain()
    assert [(line.position, line.invoice_id) for line in one.lines] == [(1, 9), (2, 10)]
    assert (one.lines[1].sequence, one.lines[1].mandate_date) == (SepaSequence.LAST, date(2026, 1, 15))
    assert (one.lines[0].iban, one.lines[0].sequence, one.amount) == ("", None, 25)


def test_an_order_is_written_in_euros_and_cents() -> None:
    one = SepaOrderIn.model_validate(ORDER).to_domain()
    one.generate(datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    shown = written(SepaOrderOut.of(one))
    assert (shown["amount"], shown["lines"][0]["amount"], shown["status"]) == ("12.50", "12.50", "generated")
    assert (shown["message_id"], shown["lines"][0]["payment_id"]) == ("TRAMITA-0-20261121093000", None)


def test_what_the_bank_did_left_empty_is_all_of_it_today() -> None:
    settlement = SepaSettlementIn().to_domain(4)
    told = (settlement.order_id, settlement.date, settlement.rate, settlement.returned)
    assert told == (4, None, None, ())
