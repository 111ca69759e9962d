"""What one payment does to invoices and credits, to the cent in both currencies, and what it refuses."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.billing import (
    AllocatedMore,
    AllocationKind,
    CreditAlreadyUsed,
    DatedBefore,
    FractionOfMinorUnit,
    InvoiceNotOpen,
    InvoicePaid,
    InvoiceState,
    MixedPayment,
    OffsetNotZero,
    Overpaid,
    Payment,
    PaymentMethod,
    PaymentNotPositive,
    PaymentReversedBefore,
    RefundNotNegative,
    ReversalFinal,
)
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import BankAccountId, PartyId, PaymentId
from app.domain.shared.money import currency
from tests.support.paying import ON, credited, kept, money, owed, payment

pytestmark = pytest.mark.fast
DIFFERENCE: Final = AllocationKind.EXCHANGE_DIFFERENCE
BEFORE: Final = ON - timedelta(days=1)


def parts(one: Payment) -> list[tuple[int, str, str, str]]:
    return [(a.invoice_id, a.kind.value[:4], f"{a.amount:.2f}", f"{a.company_amount:.2f}") for a in one.allocations]


def uses(one: Payment) -> list[tuple[int, str, str, str]]:
    return [(u.credit_of, u.kind.value[:4], f"{u.amount:.2f}", f"{u.company_amount:.2f}") for u in one.uses]


# --- paying invoices ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "first", "second"),
    [("120", "100", "20"), ("150", "100", "50"), ("200", "100", "50"), ("100.01", "100", "0.01")],
)
def test_what_came_in_is_spread_over_the_invoices_in_their_order(moved: str, first: str, second: str) -> None:
    """A distributed payment: each gets all that is due of it while money is left."""
    paid, one, two = payment(), owed(number=1), owed(("50", "0"), number=2)
    for invoice in (one, two):
        paid.pay(invoice, None, money(moved) - paid.amount)  # type: ignore[arg-type]
    paid.close(money(moved))
    assert (one.paid, two.paid) == (money(first), money(second))
    assert paid.credit == money(moved) - money(first) - money(second)
    assert paid.amount == money(moved)


def test_nothing_left_for_an_invoice_is_refused() -> None:
    paid = payment()
    paid.pay(owed(number=1), None, money("100"))
    with pytest.raises(PaymentNotPositive) as refused:
        paid.pay(owed(number=2), None, money("0"))
    assert refused.value.at == ("amount",)
    assert len(paid.allocations) == 1


def test_a_refund_in_full_settles_the_credit_note() -> None:
    note = credited()
    assert payment().pay(note, money("-40")) is None
    assert payment(2).pay(note, None) == InvoicePaid(id=note.id)
    assert note.state is InvoiceState.PAID
    assert note.paid == -100


@pytest.mark.parametrize(
    ("part", "error"),
    [("0", RefundNotNegative), ("1", RefundNotNegative), ("-100.01", Overpaid), ("-0.001", FractionOfMinorUnit)],
)
def test_a_refund_that_cannot_be_made_changes_nothing(part: str, error: type[DomainError]) -> None:
    paid, note = payment(), credited()
    before = deepcopy((paid, note))
    with pytest.raises(error):
        paid.pay(note, money(part))
    assert (paid, note) == before


# --- both currencies ------------------------------------------------------------------------------------------------


def test_the_difference_of_all_parts_comes_with_the_last() -> None:
    invoice = owed(code="USD", exchange="0.9")
    first, last = payment(1, "USD", "1"), payment(2, "USD", "0.5")
    first.pay(invoice, money("60"))
    last.pay(invoice, None)
    assert parts(first) == [(6, "sett", "60.00", "60.00")]
    assert parts(last) == [(6, "sett", "40.00", "20.00"), (6, "exch", "0.00", "10.00")]


def test_a_refund_at_another_rate_leaves_its_difference_with_the_other_sign() -> None:
    note, paid = credited(code="USD", exchange="0.9"), payment(code="USD", exchange="1")
    paid.pay(note, None)
    assert parts(paid) == [(7, "sett", "-100.00", "-100.00"), (7, "exch", "0.00", "10.00")]
    assert note.company_paid == note.totals.company_gross


def test_an_offset_of_documents_of_different_rates_moves_nothing_in_either_currency() -> None:
    offset = payment(code="USD", exchange="1.1", method=PaymentMethod.OFFSET)
    offset.pay(owed(code="USD", exchange="0.9"), None)
    offset.pay(credited(code="USD", exchange="0.8"), None)
    offset.close(None)
    assert offset.amount == offset.company_amount == 0
    assert [part[1:] for part in parts(offset) if part[1] == "exch"] == [
        ("exch", "0.00", "-20.00"),
        ("exch", "0.00", "30.00"),
    ]


# --- what is left is credit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "error"),
    [
        ("59.99", AllocatedMore),
        ("0", PaymentNotPositive),
        ("-60", PaymentNotPositive),
        ("60.001", FractionOfMinorUnit),
    ],
)
def test_the_amount_moved_is_whole_and_not_below_the_parts(moved: str, error: type[DomainError]) -> None:
    paid = payment()
    paid.pay(owed(), money("60"))
    with pytest.raises(error) as refused:
        paid.close(money(moved))
    assert (refused.value.at, paid.credit, paid.amount) == (("amount",), money("0"), money("60"))


@pytest.mark.parametrize("moved", [None, "100", "130"])
def test_an_offset_keeps_no_rest(moved: str | None) -> None:
    """Neither what an invoice gets without a credit, nor what is named on top, is money."""
    offset = payment(method=PaymentMethod.OFFSET)
    offset.pay(owed(), None)
    with pytest.raises(OffsetNotZero):
        offset.close(None if moved is None else money(moved))


# --- using credits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "others", [{"party_id": PartyId(2)}, {"code": "USD"}], ids=["another customer", "another currency"]
)
def test_a_credit_of_another_customer_or_currency_is_refused(others: dict[str, Any]) -> None:
    source, user = kept("10", **others), payment(2)
    with pytest.raises(MixedPayment):
        user.use(source, None)
    assert (source.credit_left, user.uses, user.amount) == (money("10"), [], money("0"))


@pytest.mark.parametrize(("on", "passes"), [(BEFORE, False), (ON, True), (ON + timedelta(days=1), True)])
def test_a_credit_is_not_used_before_it_came_in(on: date, *, passes: bool) -> None:
    """On every day the account of the customer says what was owed."""
    source, user = kept("10"), payment(2, date=on)
    if not passes:
        with pytest.raises(DatedBefore) as refused:
            user.use(source, None)
        assert (refused.value.at, refused.value.facts["date"]) == (("credit_of",), ON)
    else:
        user.use(source, None)
    assert source.credit_left == (0 if passes else 10)


# --- undoing --------------------------------------------------------------------------------------------------------


def test_a_reversal_is_the_payment_with_every_sign_turned() -> None:
    whole = payment(
        4, "USD", "0.7", method=PaymentMethod.CHEQUE, reference="77", account_id=BankAccountId(3), custom={"a": 1}
    )
    source = kept("30", 9, code="USD", exchange="0.6")
    whole.use(source, None)
    whole.pay(owed(code="USD", exchange="0.5"), None)
    whole.close(money("90"))
    undone = whole.reverse(ON, "Bounced")
    assert parts(undone) == [(6, "sett", "-100.00", "-70.00"), (6, "exch", "0.00", "20.00")]
    assert uses(undone) == [
        (9, "sett", "30.00", "21.00"),
        (9, "exch", "0.00", "-3.00"),
        (4, "sett", "-20.00", "-14.00"),
    ]
    assert (undone.amount, undone.company_amount) == (money("-90"), money("-63"))
    assert (whole.amount, whole.company_amount) == (money("90"), money("63"))
    assert (undone.credit, undone.reverses_id, undone.reason) == (money("0"), whole.id, "Bounced")
    kept_as_it_was = ("party_id", "method", "reference", "account_id", "currency", "rate")
    assert all(getattr(undone, name) == getattr(whole, name) for name in kept_as_it_was)


@pytest.mark.parametrize(
    ("others", "on", "error"),
    [
        ({"reversed_by_id": PaymentId(5)}, ON, PaymentReversedBefore),
        ({"reverses_id": PaymentId(5)}, ON, ReversalFinal),
        ({"credit_left": money("9.99")}, ON, CreditAlreadyUsed),
        ({}, BEFORE, DatedBefore),
    ],
)
def test_what_is_not_to_be_undone_is_refused(others: dict[str, Any], on: date, error: type[DomainError]) -> None:
    paid = kept("10")
    for name, value in others.items():
        setattr(paid, name, value)
    with pytest.raises(error):
        paid.reverse(on, "Wrong")


@pytest.mark.parametrize("state", [InvoiceState.DRAFT, InvoiceState.ABANDONED])
def test_nothing_is_taken_back_from_an_invoice_given_up(state: InvoiceState) -> None:
    invoice = owed(state=state)
    invoice.paid = invoice.company_paid = money("30")
    with pytest.raises(InvoiceNotOpen):
        invoice.take_back(money("30"), money("30"))
    assert invoice.paid == 30


# --- what is told and sealed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ref", "PAY9"),
        ("date", BEFORE),
        ("method", PaymentMethod.CASH),
        ("currency", currency("USD")),
        ("rate", Decimal("1.1")),
        ("amount", money("9")),
        ("company_amount", money("9")),
        ("company_currency", currency("USD")),
        ("credit", money("9")),
        ("company_credit", money("9")),
        ("reference", "99"),
        ("account_id", BankAccountId(9)),
        ("reverses_id", PaymentId(9)),
        ("reason", "Other"),
        ("party_id", PartyId(9)),
        ("allocations", []),
        ("uses", []),
    ],
)
def test_the_seal_breaks_when_what_was_entered_is_changed(field: str, value: object) -> None:
    """The hash chain covers all that a payment says; only what comes later is outside of it."""
    whole = payment(reference="77", account_id=BankAccountId(3), reverses_id=PaymentId(2), reason="Bounced")
    whole.use(kept("30", 9), money("-10"))
    whole.pay(owed(), money("50"))
    whole.close(money("60"))
    before = whole.content()
    setattr(whole, field, value)
    assert whole.content() != before
