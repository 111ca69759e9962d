"""Payments and dealings with banks on the wire: what is left out, refused and where, and how amounts are written."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError

from app.api.schemas.banking import (
    ChequeDepositIn,
    OwnAccountChange,
    OwnAccountIn,
    SepaOrderIn,
    SepaSettlementIn,
)
from app.api.schemas.billing import CreditsOut, InvoicePaymentIn, PaymentIn, PaymentOut, ReversalIn, WriteOffIn
from app.domain.banking import SepaSequence
from app.domain.billing import CreditKind, OpenCredit, PaymentMethod
from tests.support.paying import ON, kept, money

pytestmark = pytest.mark.fast
OWN: Final[dict[str, Any]] = {"label": "L", "holder": "H", "iban": "GB29NWBK60161331926819"}
LINE: Final[dict[str, Any]] = {"invoice_id": 9, "amount": "12.5"}
ORDER: Final[dict[str, Any]] = {"kind": "direct_debit", "date": "2026-11-30", "account_id": 3, "lines": [LINE]}


def written(shown: BaseModel) -> dict[str, Any]:
    """Give what goes out as JSON."""
    told: dict[str, Any] = shown.model_dump(mode="json")
    return told


# --- payments in ----------------------------------------------------------------------------------------------------


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


# --- payments out ---------------------------------------------------------------------------------------------------


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


# --- banks ----------------------------------------------------------------------------------------------------------


def test_the_lines_of_an_order_are_counted_from_one() -> None:
    lines = [LINE, LINE | {"invoice_id": 10, "sequence": "FNAL", "mandate": "M'1 (a)/2", "mandate_date": "2026-01-15"}]
    one = SepaOrderIn.model_validate(ORDER | {"lines": lines}).to_domain()
    assert [(line.position, line.invoice_id) for line in one.lines] == [(1, 9), (2, 10)]
    assert (one.lines[1].sequence, one.lines[1].mandate_date) == (SepaSequence.LAST, date(2026, 1, 15))
    assert (one.lines[0].iban, one.lines[0].sequence, one.amount) == ("", None, money("25"))
