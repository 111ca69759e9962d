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
    CreditTwice,
    DatedBefore,
    FractionOfMinorUnit,
    InvoiceNotOpen,
    InvoicePaid,
    InvoiceState,
    InvoiceUnpaid,
    MixedPayment,
    NothingMoved,
    OffsetNotZero,
    Overpaid,
    PaidTwice,
    Payment,
    PaymentMethod,
    PaymentNotPositive,
    PaymentReversedBefore,
    RefundNotNegative,
    ReversalFinal,
)
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import BankAccountId, InvoiceId, PartyId, PaymentId
from app.domain.shared.money import currency
from app.domain.shared.numbering import Number
from tests.support.paying import ON, credited, kept, money, owed, payment

pytestmark = pytest.mark.fast
DIFFERENCE: Final = AllocationKind.EXCHANGE_DIFFERENCE
BEFORE: Final = ON - timedelta(days=1)


def parts(one: Payment) -> list[tuple[int, str, str, str]]:
    return [(a.invoice_id, a.kind.value[:4], f"{a.amount:.2f}", f"{a.company_amount:.2f}") for a in one.allocations]


def uses(one: Payment) -> list[tuple[int, str, str, str]]:
    return [(u.credit_of, u.kind.value[:4], f"{u.amount:.2f}", f"{u.company_amount:.2f}") for u in one.uses]


# --- paying invoices --------------------------------------------------------------------------------------------------


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


def test_what_is_at_most_to_be_paid_does_not_lessen_a_refund() -> None:
    note = credited()
    paid = payment()
    paid.pay(note, None, money("1"))
    assert (paid.amount, note.due) == (-100, 0)


def test_a_part_pays_nothing_off_and_the_last_cent_does() -> None:
    invoice = owed()
    assert payment().pay(invoice, money("99.99")) is None
    assert (invoice.state, invoice.due) == (InvoiceState.VALIDATED, money("0.01"))
    assert payment(2).pay(invoice, None) == InvoicePaid(id=invoice.id)
    assert (invoice.state, invoice.due) == (InvoiceState.PAID, 0)


def test_a_refund_in_full_settles_the_credit_note() -> None:
    note = credited()
    assert payment().pay(note, money("-40")) is None
    assert payment(2).pay(note, None) == InvoicePaid(id=note.id)
    assert (note.state, note.paid) == (InvoiceState.PAID, -100)


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("0", PaymentNotPositive),
        ("-1", PaymentNotPositive),
        ("100.01", Overpaid),
        ("0.001", FractionOfMinorUnit),
        ("99.999", FractionOfMinorUnit),
    ],
)
def test_a_part_that_cannot_be_paid_changes_nothing(part: str, error: type[DomainError]) -> None:
    paid, invoice = payment(), owed()
    before = deepcopy((paid, invoice))
    with pytest.raises(error) as refused:
        paid.pay(invoice, money(part))
    assert refused.value.at == ("amount",)
    assert (paid, invoice) == before


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


@pytest.mark.parametrize(("code", "least", "too_fine"), [("JPY", "1", "0.5"), ("KWD", "0.001", "0.0005")])
def test_the_minor_unit_is_the_currencys_own(code: str, least: str, too_fine: str) -> None:
    invoice, paid = owed(code=code), payment(code=code)
    with pytest.raises(FractionOfMinorUnit):
        paid.pay(invoice, money(too_fine))
    paid.pay(invoice, money(least))
    assert invoice.paid == money(least)


@pytest.mark.parametrize(
    "others", [{"party_id": PartyId(2)}, {"code": "USD"}], ids=["another customer", "another currency"]
)
def test_an_invoice_of_another_customer_or_currency_is_refused(others: dict[str, Any]) -> None:
    paid, other = payment(), owed(**others)
    with pytest.raises(MixedPayment) as refused:
        paid.pay(other, None)
    assert (refused.value.at, paid.allocations, other.paid) == (("invoice_id",), [], 0)


@pytest.mark.parametrize("state", [InvoiceState.DRAFT, InvoiceState.PAID, InvoiceState.ABANDONED])
def test_only_a_validated_invoice_takes_money(state: InvoiceState) -> None:
    paid, invoice = payment(), owed(state=state)
    with pytest.raises(InvoiceNotOpen):
        paid.pay(invoice, money("1"))
    assert (paid.allocations, invoice.paid, paid.amount) == ([], 0, 0)


def test_an_invoice_stands_in_a_payment_once() -> None:
    paid, invoice = payment(), owed()
    paid.pay(invoice, money("1"))
    with pytest.raises(PaidTwice):
        paid.pay(invoice, money("1"))
    assert invoice.paid == 1


# --- both currencies --------------------------------------------------------------------------------------------------


def test_parts_in_company_currency_are_exactly_the_whole_at_the_rate() -> None:
    """Three thirds of 0.01 at 0.5 round to 0.01 each; together they are what 0.03 is worth, not more."""
    paid = payment(code="USD", exchange="0.5")
    for number in (1, 2, 3):
        paid.pay(owed(("10", "0"), number=number, code="USD", exchange="0.5"), money("0.01"))
    assert [a.company_amount for a in paid.allocations] == [money("0.01"), 0, money("0.01")]
    assert paid.company_amount == money("0.02")


@pytest.mark.parametrize(
    ("exchange", "difference"), [("0.91", "-1.00"), ("0.89", "1.00"), ("0.90000001", None), ("0.9", None)]
)
def test_paid_at_another_rate_the_difference_is_told_beside_the_money(exchange: str, difference: str | None) -> None:
    """Design 3: a settlement difference is an allocation of kind exchange_difference."""
    invoice, paid = owed(code="USD", exchange="0.9"), payment(code="USD", exchange=exchange)
    paid.pay(invoice, None)
    assert invoice.company_paid == invoice.totals.company_gross == 90
    expected = [] if difference is None else [(6, "exch", "0.00", difference)]
    assert parts(paid)[1:] == expected
    assert paid.company_amount == money(parts(paid)[0][3])


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
    assert (offset.amount, offset.company_amount) == (0, 0)
    assert [part[1:] for part in parts(offset) if part[1] == "exch"] == [
        ("exch", "0.00", "-20.00"),
        ("exch", "0.00", "30.00"),
    ]


# --- what is left is credit -------------------------------------------------------------------------------------------


def test_what_is_above_the_parts_is_credit_valued_with_them() -> None:
    """0.01 of 0.03 is left: both together are worth what 0.03 is."""
    paid = payment(code="USD", exchange="0.5")
    paid.pay(owed(code="USD", exchange="0.5"), money("0.02"))
    paid.close(money("0.03"))
    assert (paid.credit, paid.credit_left, paid.company_credit) == (money("0.01"), money("0.01"), money("0.01"))
    assert paid.company_amount == sum(a.company_amount for a in paid.allocations) + paid.company_credit


def test_exactly_what_was_allocated_leaves_no_credit() -> None:
    paid = payment()
    paid.pay(owed(), money("60"))
    paid.close(money("60"))
    assert (paid.amount, paid.credit, paid.company_credit_left) == (60, 0, 0)


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
    assert (refused.value.at, paid.credit, paid.amount) == (("amount",), 0, 60)


def test_money_that_balances_out_must_be_called_an_offset() -> None:
    paid = payment()
    paid.pay(owed(), None)
    paid.pay(credited(), None)
    with pytest.raises(NothingMoved):
        paid.close(None)


@pytest.mark.parametrize("moved", [None, "100", "130"])
def test_an_offset_keeps_no_rest(moved: str | None) -> None:
    """Neither what an invoice gets without a credit, nor what is named on top, is money."""
    offset = payment(method=PaymentMethod.OFFSET)
    offset.pay(owed(), None)
    with pytest.raises(OffsetNotZero):
        offset.close(None if moved is None else money(moved))


def test_a_refund_may_take_a_credit_note_and_a_credit_together() -> None:
    source, out = kept("30"), payment(2)
    out.pay(credited(), None)
    out.use(source, None)
    out.close(None)
    assert (out.amount, source.credit_left) == (-130, 0)


# --- using credits ----------------------------------------------------------------------------------------------------


def test_a_credit_is_used_in_parts_until_nothing_is_left() -> None:
    source = kept("10")
    payment(2).use(source, money("-9.99"))
    assert (source.credit_left, source.company_credit_left, source.credit) == (money("0.01"), money("0.01"), 10)
    payment(3).use(source, None)
    assert (source.credit_left, source.company_credit_left) == (0, 0)


def test_a_part_of_a_credit_at_another_rate_leaves_no_difference_yet() -> None:
    source, user = kept("10", code="USD", exchange="0.5"), payment(2, "USD", "1")
    user.use(source, money("-4"))
    assert uses(user) == [(1, "sett", "-4.00", "-4.00")]
    assert (source.credit_left, source.company_credit_left) == (6, 1)


def test_a_credit_that_is_worth_less_than_was_taken_gives_the_rest_back() -> None:
    source, user = kept("10", code="USD", exchange="0.5"), payment(2, "USD", "1")
    user.use(source, None)
    assert uses(user) == [(1, "sett", "-10.00", "-10.00"), (1, "exch", "0.00", "5.00")]
    assert source.company_credit_left == 0


def test_a_credit_stands_in_a_payment_once() -> None:
    source, user = kept("10"), payment(2)
    user.use(source, money("-1"))
    with pytest.raises(CreditTwice) as refused:
        user.use(source, money("-1"))
    assert (refused.value.at, source.credit_left) == (("credit_of",), 9)


@pytest.mark.parametrize(
    "others", [{"party_id": PartyId(2)}, {"code": "USD"}], ids=["another customer", "another currency"]
)
def test_a_credit_of_another_customer_or_currency_is_refused(others: dict[str, Any]) -> None:
    source, user = kept("10", **others), payment(2)
    with pytest.raises(MixedPayment):
        user.use(source, None)
    assert (source.credit_left, user.uses, user.amount) == (10, [], 0)


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


# --- undoing ----------------------------------------------------------------------------------------------------------


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
    assert (undone.amount, undone.company_amount) == (-whole.amount, -whole.company_amount) == (-90, -63)
    assert (undone.credit, undone.reverses_id, undone.reason) == (0, whole.id, "Bounced")
    kept_as_it_was = ("party_id", "method", "reference", "account_id", "currency", "rate")
    assert all(getattr(undone, name) == getattr(whole, name) for name in kept_as_it_was)


def test_reversing_counts_nothing_until_it_is_entered() -> None:
    paid, invoice = payment(), owed()
    paid.pay(invoice, None)
    before = deepcopy((paid, invoice))
    paid.reverse(ON, "Wrong")
    assert (paid, invoice) == before


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


def test_who_dates_a_reversal_too_early_is_told_where() -> None:
    with pytest.raises(DatedBefore) as refused:
        kept("10").reverse(BEFORE, "Wrong")
    assert refused.value.at == ("date",)


def test_a_reversed_payment_makes_its_invoice_due_again() -> None:
    invoice = owed(code="USD", exchange="0.9")
    paid = payment(code="USD", exchange="1")
    paid.pay(invoice, None)
    told = invoice.take_back(money("100"), money("90"))
    assert told == InvoiceUnpaid(id=invoice.id, due=money("100"))
    assert (invoice.state, invoice.paid, invoice.company_paid) == (InvoiceState.VALIDATED, 0, 0)


def test_a_reversed_part_is_due_again_without_a_word_as_nothing_was_paid_off() -> None:
    invoice = owed()
    payment().pay(invoice, money("30"))
    assert invoice.take_back(money("30"), money("30")) is None
    assert invoice.due == 100


@pytest.mark.parametrize("state", [InvoiceState.DRAFT, InvoiceState.ABANDONED])
def test_nothing_is_taken_back_from_an_invoice_given_up(state: InvoiceState) -> None:
    invoice = owed(state=state)
    invoice.paid = invoice.company_paid = money("30")
    with pytest.raises(InvoiceNotOpen):
        invoice.take_back(money("30"), money("30"))
    assert invoice.paid == 30


# --- what is told and sealed ------------------------------------------------------------------------------------------


def test_a_payment_takes_the_date_its_number_was_moved_to() -> None:
    paid = payment()
    paid.take(Number(ref="PAY2612-0001", number=1, period="2026-12", date=date(2026, 12, 1)))
    assert (paid.ref, paid.number, paid.period, paid.date) == ("PAY2612-0001", 1, "2026-12", date(2026, 12, 1))


def test_who_undid_a_payment_is_noted_and_told_with_the_reason() -> None:
    paid = kept("10", 4)
    undone = paid.reverse(ON, "Bounced")
    undone.id = PaymentId(8)
    told = paid.reversed(undone)
    assert (paid.reversed_by_id, told.id, told.reversal, told.reason) == (8, 4, 8, "Bounced")


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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("credit_left", money("9")),
        ("company_credit_left", money("9")),
        ("reversed_by_id", PaymentId(9)),
        ("version", 7),
    ],
)
def test_the_seal_holds_when_what_comes_later_comes(field: str, value: object) -> None:
    whole = kept("30")
    before = whole.content()
    setattr(whole, field, value)
    assert whole.content() == before


def test_the_seal_names_whom_the_payment_was_sealed_for_after_a_merge() -> None:
    one = payment(party_id=PartyId(4), sealed_party_id=PartyId(1))
    assert one.content()["party"] == 1


def test_two_parts_of_one_invoice_add_up() -> None:
    """What a reversal takes back at once: the settlement and its exchange difference."""
    paid = payment(code="USD", exchange="1")
    paid.pay(owed(code="USD", exchange="0.9"), None)
    settlement, difference = paid.allocations
    both = settlement.plus(difference)
    assert (both.invoice_id, both.amount, both.company_amount) == (InvoiceId(6), 100, 90)
    assert difference.kind is DIFFERENCE
