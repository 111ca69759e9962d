"""The company's own accounts and its slips of cheques: numbers in one form, what changes, what is no cheque."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.banking import (
    BadBic,
    BadCreditorId,
    BadIban,
    BankAccount,
    ChequeDeposit,
    NoCheque,
    bic,
    creditor_id,
    iban,
)
from app.domain.billing import Payment, PaymentMethod
from app.domain.shared.errors import DomainError, Required
from app.domain.shared.ids import BankAccountId, PaymentId
from app.domain.shared.money import currency
from tests.support.paying import ON, credited, kept, payment

pytestmark = pytest.mark.fast
BRITISH: Final = "GB29NWBK60161331926819"
ODD: Final = st.text(st.sampled_from("DE89 37ßé٩²\uff21\u00a0\t-?&/aZ"), max_size=36)


def account(**fields: Any) -> BankAccount:
    given: dict[str, Any] = {"id": BankAccountId(3), "label": "Current", "holder": "Acme", "iban": BRITISH}
    return BankAccount(**given | {"currency": currency("EUR")} | fields)


def cheque(moved: str = "10", key: int = 1, **others: Any) -> Payment:
    return kept(moved, key, method=PaymentMethod.CHEQUE, **others)


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("read", "error"), [(iban, BadIban), (bic, BadBic), (creditor_id, BadCreditorId)])
@given(text=ODD)
def test_odd_letters_are_refused_or_written_plainly(read: Any, error: type[DomainError], text: str) -> None:
    """Whatever somebody pastes, it is a number in capitals, nothing, or a refusal that says where."""
    told, where = "", read.__name__
    try:
        told = read(text)
    except error as refused:
        (where,) = refused.at
    assert where == read.__name__
    assert told == told.upper()
    assert told.isascii()
    assert " " not in told


@pytest.mark.parametrize("text", ["FR73ZZZ123456", "FR72ZZZ123457", "DE72ZZZ123456", "FR72ZZ", "FR7ZZZZ123456", "?"])
def test_a_mistyped_creditor_identifier_is_refused(text: str) -> None:
    with pytest.raises(BadCreditorId) as refused:
        creditor_id(text)
    assert refused.value.at == ("creditor_id",)


# --- accounts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "where"),
    [
        ({"label": "  "}, Required, "label"),
        ({"holder": ""}, Required, "holder"),
        ({"iban": ""}, BadIban, "iban"),
        ({"bic": "NWBK"}, BadBic, "bic"),
        ({"creditor_id": "FR73ZZZ123456"}, BadCreditorId, "creditor_id"),
    ],
)
def test_a_change_is_checked_as_a_new_account_is(changes: dict[str, Any], error: type[DomainError], where: str) -> None:
    with pytest.raises(error) as refused:
        account().change(changes)
    assert refused.value.at == (where,)


def test_a_change_tells_what_differs_in_its_one_form() -> None:
    one = account(bic="NWBKGB2L")
    told = one.change({"label": "Other", "holder": "Acme", "bic": "nwbkgb2l", "archived": True})
    assert told is not None
    assert (told.fields, told.id, one.bic) == (("archived", "label"), 3, "NWBKGB2L")


# --- slips of cheques -----------------------------------------------------------------------------------------------


def refunded() -> Payment:
    """Give a cheque that the company wrote."""
    out = payment(1, method=PaymentMethod.CHEQUE)
    out.pay(credited(), None)
    return out


@pytest.mark.parametrize(
    "other",
    [
        kept("10", method=PaymentMethod.CASH),
        kept("10", method=PaymentMethod.TRANSFER),
        cheque(reversed_by_id=PaymentId(9)),
        cheque().reverse(ON, "Bounced"),
        cheque(code="USD"),
        refunded(),
    ],
    ids=["cash", "transfer", "bounced", "a reversal", "of another currency", "written by us"],
)
def test_only_a_cheque_that_came_in_and_stands_goes_to_the_bank(other: Payment) -> None:
    with pytest.raises(NoCheque) as refused:
        ChequeDeposit.of(account(), [cheque("1", 8), other], ON)
    assert refused.value.at == ("payments", 1)
