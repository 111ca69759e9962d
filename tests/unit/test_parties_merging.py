"""What a third party takes over from one that is merged into it, and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parties import Address, MergedWithItself, Party, PartyArchived, PartyGone
from app.domain.privacy import Anonymised
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import PartyId, PaymentTermsId, UserId
from app.domain.shared.money import amount

pytestmark = pytest.mark.fast

NOW: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
HELD: Final[dict[str, Any]] = {
    "email": "a@example.com",
    "phone": "+33 1",
    "tax_id": "FR40303265045",
    "price_list_id": 4,
    "credit_limit": amount(Decimal(500)),
    "payment_days": 45,
    "payment_terms_id": PaymentTermsId(3),
}
OTHERS: Final[dict[str, Any]] = {
    "email": "b@example.com",
    "phone": "+33 2",
    "tax_id": "DE136695976",
    "price_list_id": 5,
    "credit_limit": amount(Decimal(0)),
    "payment_days": 0,
    "payment_terms_id": PaymentTermsId(8),
}
UNTOUCHED: Final = ("id", "name", "customer_code", "supplier_code", "archived", "merged_into_id", "anonymised_at")


def party(key: int, **given: Any) -> Party:
    return Party(**{"id": PartyId(key), "name": f"P{key}", "customer": True, **given})


@pytest.mark.parametrize("field", HELD)
def test_what_is_empty_is_taken_over(field: str) -> None:
    """ERP-07."""
    stands = party(2)
    stands.merge(party(1, **{field: HELD[field]}))
    assert getattr(stands, field) == HELD[field]


@pytest.mark.parametrize("field", HELD)
def test_what_is_there_stays_even_when_it_is_nothing(field: str) -> None:
    """No days to pay and a limit of zero were meant: they are not the same as none."""
    stands = party(2, **{field: OTHERS[field]})
    stands.merge(party(1, **{field: HELD[field]}))
    assert getattr(stands, field) == OTHERS[field]


@pytest.mark.parametrize(
    ("own", "taken"),
    [
        ({}, (PaymentTermsId(3), 45)),
        ({"payment_days": 10}, (None, 10)),
        ({"payment_days": 0}, (None, 0)),
        ({"payment_terms_id": PaymentTermsId(8)}, (PaymentTermsId(8), None)),
        ({"payment_days": 10, "payment_terms_id": PaymentTermsId(8)}, (PaymentTermsId(8), 10)),
    ],
    ids=repr,
)
def test_terms_of_a_duplicate_do_not_go_before_days_agreed(own: dict[str, Any], taken: tuple[Any, Any]) -> None:
    """Terms go before days: taken over beside them they would change when invoices are due."""
    stands = party(2, **own)
    stands.merge(party(1, payment_terms_id=PaymentTermsId(3), payment_days=45))
    assert (stands.payment_terms_id, stands.payment_days) == taken


PLACE: Final = Address(street="1 rue A", postal_code="69003", city="Lyon", region="Rhône", country="FR")


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        (Address(), PLACE),
        (Address(country="FR"), Address(country="FR")),
        (Address(city="Nice"), Address(city="Nice")),
        (PLACE, PLACE),
    ],
    ids=repr,
)
def test_an_address_is_taken_whole_or_not_at_all(own: Address, kept: Address) -> None:
    """The street of one in the city of the other would be nowhere."""
    stands = party(2, address=own)
    stands.merge(party(1, address=PLACE))
    assert stands.address == kept


@pytest.mark.parametrize("own", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("other", [(True, False), (False, True), (True, True)])
def test_roles_are_united(own: tuple[bool, bool], other: tuple[bool, bool]) -> None:
    stands = party(2, customer=own[0], supplier=own[1])
    stands.merge(party(1, customer=other[0], supplier=other[1]))
    assert (stands.customer, stands.supplier) == (own[0] or other[0], own[1] or other[1])
    stands.check()


def test_codes_stay_with_whom_they_were_given() -> None:
    """A code is unique: the one that is gone keeps its own, by which it is still found."""
    gone = party(1, supplier=True, customer_code="C1", supplier_code="S1")
    stands = party(2, customer_code="C2")
    stands.merge(gone)
    assert (stands.customer_code, stands.supplier_code) == ("C2", None)
    assert (gone.customer_code, gone.supplier_code) == ("C1", "S1")


@given(st.lists(st.integers(1, 6), unique=True, max_size=5), st.lists(st.integers(1, 6), unique=True, max_size=5))
def test_representatives_are_united_and_the_first_stays_the_first(own: list[int], other: list[int]) -> None:
    """New documents name the first one: whose it was before, if it had any."""
    stands = party(2, representatives=tuple(UserId(one) for one in own))
    stands.merge(party(1, representatives=tuple(UserId(one) for one in other)))
    assert list(stands.representatives) == own + [one for one in other if one not in own]
    assert stands.representative_id == next(iter(own or other), None)


def test_the_one_that_goes_is_archived_and_keeps_what_it_was() -> None:
    """Sealed documents were made out to it under its name."""
    gone = party(1, address=PLACE, representatives=(UserId(1),), **HELD)
    before = replace(gone)
    party(2).merge(gone)
    differing = {one.name for one in fields(Party) if getattr(gone, one.name) != getattr(before, one.name)}
    assert differing == {"archived", "merged_into_id"}
    assert (gone.archived, gone.merged_into_id) == (True, 2)


def test_the_one_that_stands_keeps_its_name_and_is_not_archived() -> None:
    stands = party(2, customer_code="C2")
    before = replace(stands)
    stands.merge(party(1, supplier=True, address=PLACE, **HELD))
    assert [getattr(stands, name) for name in UNTOUCHED] == [getattr(before, name) for name in UNTOUCHED]


def test_an_archived_duplicate_may_still_be_merged() -> None:
    """Who archived the duplicate first has not lost the way to merge it."""
    assert party(2).merge(party(1, archived=True)) is not None


ANONYMISED: Final = {"archived": True, "anonymised_at": NOW}
MERGED: Final = {"archived": True, "merged_into_id": PartyId(9)}


@pytest.mark.parametrize(
    ("own", "other", "error"),
    [
        ({"id": PartyId(1)}, {}, MergedWithItself),
        ({"archived": True}, {}, PartyArchived),
        (ANONYMISED, {}, Anonymised),
        ({}, ANONYMISED, Anonymised),
        (MERGED, {}, PartyGone),
        ({}, MERGED, PartyGone),
        (MERGED, MERGED, PartyGone),
        ({**MERGED, **ANONYMISED}, {}, Anonymised),
    ],
    ids=repr,
)
def test_a_merge_that_is_refused_changes_neither(
    own: dict[str, Any], other: dict[str, Any], error: type[DomainError]
) -> None:
    stands, gone = party(2, **own), party(1, supplier=True, **{**HELD, **other})
    before = replace(stands), replace(gone)
    with pytest.raises(error):
        stands.merge(gone)
    assert (stands, gone) == before


# --- afterwards -----------------------------------------------------------------------------------------------------


def merged() -> Party:
    gone = party(1, representatives=(UserId(1),), custom={"a": 1}, supplier=True, **HELD)
    party(2).merge(gone)
    return gone


@pytest.mark.parametrize("changes", [{}, {"name": "P1"}, {"archived": False}, {"email": None}], ids=repr)
def test_who_is_gone_takes_no_change_not_even_none(changes: dict[str, Any]) -> None:
    with pytest.raises(PartyGone) as refused:
        merged().change(changes)
    assert refused.value.facts == {"party": 1, "into": 2}


def test_who_is_gone_can_be_emptied_and_still_points_to_who_stands() -> None:
    """Anonymising the one empties those merged into it: sums by customer still find their way."""
    gone = merged()
    gone.anonymise(NOW)
    told = [gone.email, gone.phone, gone.tax_id, gone.custom, gone.representatives]
    assert told == [None, None, None, {}, ()]
    assert (gone.merged_into_id, gone.customer_code, gone.supplier_code) == (2, "ANON-1", "ANON-1")
    with pytest.raises(Anonymised):
        gone.change({})
