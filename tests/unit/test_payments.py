"""What the chain covers of payments, and what is told of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from app.domain.billing import (
    CreditAlreadyUsed,
    CreditExceeded,
    FractionOfMinorUnit,
    Payment,
    PaymentOffset,
    PaymentReceived,
    PaymentRefunded,
    RefundNotNegative,
    ReversalEntered,
)
from app.domain.billing import PaymentMethod as Method
from app.domain.shared.ids import PartyId, PaymentId
from app.domain.shared.money import Amount, amount, currency, rate

pytestmark = pytest.mark.fast
PLAIN: Final = {
    *("kind", "ref", "party", "date", "method", "currency", "rate", "amount", "company", "allocations"),
}


def money(text: str) -> Amount:
    return amount(Decimal(text))


def payment(key: int = 1, exchange: str = "1", method: Method = Method.TRANSFER, moved: str = "") -> Payment:
    """Give a payment of nothing yet; with ``moved`` all of it is credit."""
    made = Payment(
        id=PaymentId(key),
        party_id=PartyId(1),
        date=date(2026, 11, 21),
        method=method,
        currency=currency("USD"),
        rate=rate(Decimal(exchange)),
        company_currency=currency("EUR"),
    )
    if moved:
        made.close(money(moved))
    return made


def test_the_chain_of_a_plain_payment_covers_what_it_always_did() -> None:
    """Chains written before there were credits stay sound: keys come only with what they tell of."""
    assert payment().content().keys() == PLAIN
    whole = payment(moved="10")
    whole.reference, whole.reverses_id = "77", PaymentId(9)
    user = payment(2, method=Method.OFFSET)
    user.use(payment(3, moved="5"), None)
    assert whole.content().keys() - PLAIN == {"credit", "reference", "reverses"}
    assert user.content().keys() - PLAIN == {"uses"}


def test_what_is_left_of_a_credit_is_not_in_the_chain() -> None:
    source = payment(moved="10")
    before = source.content()
    payment(2).use(source, money("-4"))
    assert (source.credit_left, source.content()) == (money("6"), before)


def test_a_credit_used_up_at_another_rate_leaves_nothing_in_either_currency() -> None:
    source = payment(exchange="0.5", moved="10")
    first, second = payment(2, "0.7"), payment(3, "0.33")
    first.use(source, money("-3.33"))
    second.use(source, None)
    assert not source.credit_left
    assert not source.company_credit_left
    told = [(use.kind.value, use.amount, use.company_amount) for use in (*first.uses, *second.uses)]
    assert told == [
        ("settlement", money("-3.33"), money("-2.33")),
        ("settlement", money("-6.67"), money("-2.20")),
        ("exchange_difference", 0, money("-0.47")),
    ]


@pytest.mark.parametrize(
    ("part", "error"),
    [("1", RefundNotNegative), ("0", RefundNotNegative), ("-10.01", CreditExceeded), ("-0.001", FractionOfMinorUnit)],
)
def test_a_use_is_below_zero_and_within_what_is_left(part: str, error: type[Exception]) -> None:
    source = payment(moved="10")
    with pytest.raises(error):
        payment(2).use(source, money(part))
    assert source.credit_left == 10


def test_a_used_up_credit_has_nothing_to_take() -> None:
    source = payment(moved="10")
    payment(2).use(source, None)
    with pytest.raises(RefundNotNegative):
        payment(3).use(source, None)


def test_a_reversal_takes_the_whole_credit_or_is_refused() -> None:
    source = payment(moved="10")
    assert [(use.credit_of, use.amount) for use in source.reverse(source.date, "x").uses] == [(source.id, money("-10"))]
    payment(2).use(source, money("-1"))
    with pytest.raises(CreditAlreadyUsed):
        source.reverse(source.date, "x")


def test_each_kind_of_payment_is_told_by_its_event() -> None:
    source = payment(moved="10")
    out, offset = payment(2), payment(3, method=Method.OFFSET)
    out.use(source, money("-1"))
    kinds = [type(one.received()) for one in (source, out, offset, payment(4, moved="1").reverse(source.date, "x"))]
    assert kinds == [PaymentReceived, PaymentRefunded, PaymentOffset, ReversalEntered]
