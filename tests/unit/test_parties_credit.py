"""What a customer owes, how much more it may, and what a change of a third party is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parties import (
    CreditLimitExceeded,
    NegativeLimit,
    NotACustomer,
    Outstanding,
    Party,
    PartyChanged,
)
from app.domain.shared.ids import PartyId, UserId
from app.domain.shared.money import Amount, amount, currency

pytestmark = pytest.mark.fast

EURO: Final = currency("EUR")
SUMS: Final = st.integers(-(10**8), 10**8).map(lambda cents: Amount(Decimal(cents).scaleb(-2)))


def owing(unpaid: str = "0", ordered: str = "0", overdue: str = "0") -> Outstanding:
    return Outstanding(
        unpaid=amount(Decimal(unpaid)), ordered=amount(Decimal(ordered)), overdue=amount(Decimal(overdue))
    )


@pytest.mark.parametrize(
    ("owed", "more", "limit"),
    [
        (owing(), "100", "100"),
        (owing("60", "30"), "10", "100"),
        (owing("60", "30", "60"), "10", "100"),
        (owing("-50"), "150", "100"),
        (owing("99.99"), "0.01", "100"),
        (owing("0.0001"), "99.9999", "100"),
        (owing("-0.01"), "0.01", "0"),
    ],
)
def test_up_to_the_limit_a_customer_buys(owed: Outstanding, more: str, limit: str) -> None:
    """ERP-07: to the last of four decimals; what is overdue is not counted twice, and credit counts."""
    owed.admit(PartyId(7), amount(Decimal(more)), amount(Decimal(limit)), EURO)


@pytest.mark.parametrize(
    ("owed", "more", "limit"),
    [
        (owing(), "0.01", "0"),
        (owing(), "100.0001", "100"),
        (owing("60", "30"), "10.01", "100"),
        (owing("0", "100"), "0.01", "100"),
        (owing("200"), "0.01", "100"),
        (owing("-50"), "150.01", "100"),
    ],
)
def test_above_the_limit_a_customer_does_not(owed: Outstanding, more: str, limit: str) -> None:
    with pytest.raises(CreditLimitExceeded) as refused:
        owed.admit(PartyId(7), amount(Decimal(more)), amount(Decimal(limit)), EURO)
    assert refused.value.facts == {
        "party": 7,
        "amount": Decimal(more),
        "outstanding": owed.total,
        "limit": Decimal(limit),
        "currency": "EUR",
    }


@given(SUMS, SUMS, SUMS, SUMS)
def test_what_is_left_is_exactly_what_is_admitted(
    unpaid: Amount, ordered: Amount, overdue: Amount, limit: Amount
) -> None:
    """The number that is shown and the rule that is held are one."""
    owed = Outstanding(unpaid=unpaid, ordered=ordered, overdue=overdue)
    left = owed.left(limit)
    assert left is not None
    owed.admit(PartyId(1), left, limit, EURO)
    with pytest.raises(CreditLimitExceeded):
        owed.admit(PartyId(1), Amount(left + Decimal("0.0001")), limit, EURO)


# --- changes --------------------------------------------------------------------------------------------------------


def party(**fields: Any) -> Party:
    return Party(**{"id": PartyId(2), "name": "P", "customer": True, "customer_code": "C", **fields})


@pytest.mark.parametrize("limit", ["-0.0001", "-1"])
def test_a_limit_below_zero_is_refused(limit: str) -> None:
    with pytest.raises(NegativeLimit) as refused:
        party().change({"credit_limit": amount(Decimal(limit))})
    assert refused.value.at == ("credit_limit",)


def test_a_role_goes_with_its_code() -> None:
    one = party(supplier=True, supplier_code="S")
    event = one.change({"customer": False, "customer_code": None})
    assert event == PartyChanged(id=PartyId(2), fields=("customer", "customer_code"))
    with pytest.raises(NotACustomer) as refused:
        one.buys()
    assert (refused.value.at, refused.value.facts) == (("party_id",), {"party": 2})


def test_who_is_archived_and_no_customer_is_told_the_latter() -> None:
    """It would not help to take the party into use again."""
    with pytest.raises(NotACustomer):
        party(customer=False, supplier=True, customer_code=None, archived=True).buys()


def test_the_first_representative_is_who_documents_name() -> None:
    one = party(representatives=(UserId(4), UserId(3)))
    assert one.representative_id == 4
    one.change({"representatives": (UserId(3), UserId(4))})
    assert one.representative_id == 3
    one.change({"representatives": ()})
    assert one.representative_id is None
