"""Late fees at the edges: the day a payment counts, rests given up, other currencies, fees charged before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    CloseReason,
    Invoice,
    InvoiceState,
    LateFee,
    Settled,
    late_fee,
)
from app.domain.shared.money import rate
from tests.support.invoices import invoice, money, valued

pytestmark = pytest.mark.fast
DUE: Final = date(2026, 11, 30)
YEAR: Final = date(2027, 11, 30)
ISSUED: Final = {InvoiceState.VALIDATED, InvoiceState.PAID}


def owed(gross: str = "1000", code: str = "EUR", exchange: str = "1", **others: Any) -> Invoice:
    made = invoice(valued(code, exchange), [("1", gross, "0", "0")], due_date=DUE)
    made.state = InvoiceState.VALIDATED
    for name, value in others.items():
        setattr(made, name, value)
    return made


def settled(*parts: tuple[date, str]) -> list[Settled]:
    return [Settled(date=day, amount=money(amount)) for day, amount in parts]


def fee(
    one: Invoice, on: date, paid: Iterable[Settled] = (), percent: str = "10", fixed: str = "40", charged: str = "0"
) -> LateFee:
    return late_fee(one, paid, on, rate(Decimal(percent)), money(fixed), money(charged))


@pytest.mark.parametrize(("paid_on", "days"), [(0, 0), (1, 1), (2, 2)])
def test_the_day_of_a_payment_bears_interest_and_the_next_none(paid_on: int, days: int) -> None:
    """Paid on the due date nothing was late; paid the day after it was one day late."""
    found = fee(owed(), YEAR, settled((DUE + timedelta(days=paid_on), "1000")))
    assert (found.days, found.fixed) == (days, money("40" if days else "0"))


@pytest.mark.parametrize("reason", CloseReason)
def test_a_rest_given_up_when_it_was_closed_bears_no_interest(reason: CloseReason) -> None:
    """ERP-07: who took the discount and paid in time owes no fee on the discount."""
    one = owed(paid=money("980"), state=InvoiceState.PAID, close_reason=reason)
    assert fee(one, YEAR, settled((DUE, "980"))).total == 0


def test_what_was_paid_late_of_a_closed_invoice_bears_interest() -> None:
    one = owed(paid=money("980"), state=InvoiceState.PAID, close_reason=CloseReason.BANK_CHARGE)
    found = fee(one, YEAR, settled((DUE + timedelta(days=73), "980")))
    assert (found.days, found.interest) == (73, Decimal("19.60"))


@pytest.mark.parametrize(
    ("code", "exchange", "interest", "fixed"),
    [("EUR", "1", "100", "40"), ("JPY", "0.0061", "100", "6557"), ("KWD", "3.0175", "100", "13.256")],
)
def test_the_fixed_sum_has_the_digits_of_the_invoice_currency(
    code: str, exchange: str, interest: str, fixed: str
) -> None:
    found = fee(owed(code=code, exchange=exchange), YEAR)
    assert (found.interest, found.fixed) == (Decimal(interest), Decimal(fixed))


@pytest.mark.parametrize(
    ("percent", "fixed", "total"), [("0", "0", "0"), ("0", "40", "40"), ("10", "0", "100"), ("0.01", "0", "0.10")]
)
def test_a_company_may_ask_for_interest_a_fixed_sum_or_neither(percent: str, fixed: str, total: str) -> None:
    assert fee(owed(), YEAR, percent=percent, fixed=fixed).total == Decimal(total)


@pytest.mark.parametrize(("charged", "left"), [("0", "140"), ("139.99", "0.01"), ("140", "0"), ("150", "0")])
def test_what_was_charged_before_is_taken_off_and_never_given_back(charged: str, left: str) -> None:
    """A lower percentage since may leave more charged than there is now."""
    assert fee(owed(), YEAR, charged=charged).left == Decimal(left)


@given(st.lists(st.tuples(st.integers(-20, 400), st.sampled_from([10, 90, 400])), max_size=5), st.integers(0, 300))
def test_interest_is_the_sum_over_each_day_of_what_was_due(parts: list[tuple[int, int]], reach: int) -> None:
    """Counted day by day at a thousandth; amounts are tens, so that nothing is rounded."""
    paid = settled(*((DUE + timedelta(days=day), str(amount)) for day, amount in parts))
    found = fee(owed(), DUE + timedelta(days=reach), paid, percent="36.5")
    due = [1000 - sum(amount for day, amount in parts if day < passed) for passed in range(1, reach + 1)]
    assert found.interest == Decimal(sum(rest for rest in due if rest > 0)) / 1000
    assert found.days == len([rest for rest in due if rest > 0])
