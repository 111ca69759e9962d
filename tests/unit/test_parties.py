"""Third parties: which are sound, what a change tells, and who buys."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.parties import (
    Address,
    CodeWithoutRole,
    NoPartyRole,
    NotACustomer,
    Party,
    PartyArchived,
)
from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import PartyId

pytestmark = pytest.mark.fast


def party(**fields: Any) -> Party:
    return Party(**{"id": PartyId(2), "name": "Client", "customer": True, **fields})


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"name": ""}, Required, "name"),
        ({"name": " \t"}, Required, "name"),
        ({"customer": False}, NoPartyRole, "customer"),
        ({"customer": False, "supplier": True, "customer_code": "C"}, CodeWithoutRole, "customer_code"),
        ({"supplier_code": "S"}, CodeWithoutRole, "supplier_code"),
    ],
    ids=repr,
)
def test_an_unsound_party_is_neither_made_nor_become(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    with pytest.raises(error) as made:
        party(**wrong)
    with pytest.raises(error) as changed:
        party().change(wrong)
    assert made.value.at == changed.value.at == (field,)


def test_a_party_may_be_both() -> None:
    both = party(supplier=True, customer_code="C1", supplier_code="S1")
    assert both.created().facts() == {"id": 2, "customer_code": "C1", "supplier_code": "S1"}


def test_a_change_tells_the_fields_that_differ() -> None:
    one = party()
    event = one.change({"name": "Client", "email": "a@example.com", "address": Address(city="Porto")})
    assert event is not None
    assert event.facts() == {"id": 2, "fields": ("email", "address")}
    assert (one.email, one.address.city) == ("a@example.com", "Porto")


def test_a_change_to_what_it_is_already_is_none() -> None:
    assert party().change({"name": "Client", "customer": True}) is None


def test_only_customers_in_use_buy() -> None:
    party().buys()
    with pytest.raises(NotACustomer):
        party(customer=False, supplier=True).buys()
    with pytest.raises(PartyArchived):
        party(archived=True).buys()
