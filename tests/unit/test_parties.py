"""Third parties: which are sound, what a change tells, and who buys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from app.domain.parties import (
    Address,
    CodeWithoutRole,
    NoPartyRole,
    NotACustomer,
    Party,
    PartyArchived,
)
from app.domain.privacy import Anonymised
from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import PartyId
from app.infrastructure.database.repositories.privacy import _without
from app.usecases.ports.privacy import Erasure
from app.usecases.privacy import told_by

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


# --- erasure --------------------------------------------------------------------------------------------------------

AT: Final = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


def known() -> Party:
    """Give a customer of whom much is known."""
    return Party(
        id=PartyId(7),
        name="Ann",
        customer=True,
        customer_code="ANN",
        email="ann@example.com",
        phone="1",
        tax_id="2",
        address=Address(street="3", postal_code="4", city="5", region="6", country="FR"),
        payment_days=30,
    )


def test_an_anonymised_party_keeps_its_id_role_terms_and_country() -> None:
    """Design 3: and nothing that tells who it is."""
    one = known()
    event = one.anonymise(AT)
    assert event.facts() == {"id": 7}
    assert one == Party(
        id=PartyId(7),
        name="Anonymised 7",
        customer=True,
        customer_code="ANON-7",
        address=Address(country="FR"),
        payment_days=30,
        archived=True,
        anonymised_at=AT,
    )
    one.check()


def test_an_anonymised_party_is_never_anything_else_again() -> None:
    one = known()
    one.anonymise(AT)
    acts: list[Callable[[], object]] = [
        lambda: one.anonymise(AT),
        lambda: one.change({"name": "Ann"}),
        lambda: one.change({}),
    ]
    for act in acts:
        with pytest.raises(Anonymised):
            act()
    with pytest.raises(PartyArchived):
        one.buys()


def test_the_words_that_tell_who_somebody_is_are_those_few_share() -> None:
    """A name or a city may be another's too: its answers are not to be touched for that."""
    assert told_by(known()) == ("ann@example.com", "1", "2", "3", "ANN")
    assert told_by(Party(name="Bob", customer=True)) == ()


def test_a_kept_answer_loses_the_party_and_nothing_else() -> None:
    """An amount that reads like the telephone number stays, and so does whoever shares it."""
    erasure = Erasure(party=PartyId(7), name="Anonymised 7", words=("ann@example.com", "100"))
    codes = {"customer_code": "C", "supplier_code": None}
    mine = {"id": 7, "name": "Ann", **codes, "phone": "100", "address": {"city": "X"}, "archived": False, "tags": ["a"]}
    other = {"id": 8, "name": "Ann", **codes, "phone": "100"}
    order = {"id": 7, "ref": "CO1", "total": "100", "contact": {"invoice_email": "ann@example.com", "n": None}}
    assert _without({"items": [mine, other, order]}, erasure) == {
        "items": [
            {
                "id": 7,
                "name": "Anonymised 7",
                "customer_code": "",
                "supplier_code": None,
                "phone": "",
                "address": {"city": ""},
                "archived": True,
                "tags": [""],
            },
            other,
            {"id": 7, "ref": "CO1", "total": "100", "contact": {"invoice_email": "", "n": None}},
        ]
    }
