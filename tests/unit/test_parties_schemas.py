"""What a client may send of third parties: what is refused, where, and what an omission or a null means."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from pydantic import BaseModel, ValidationError

from app.api.schemas.parties import (
    BankAccountChange,
    BankAccountIn,
    ContactChange,
    ContactIn,
    MergeIn,
    OutstandingOut,
    PartyAddressChange,
    PartyAddressIn,
    PartyChange,
    PartyIn,
    PartyOut,
    TermsChange,
    TermsIn,
    TermsOut,
)
from app.domain.parties import Address, AddressKind, ContactRole, Instalment, Outstanding, Party, PaymentTerms
from app.domain.shared.ids import PartyId, UserId
from app.domain.shared.money import amount, rate
from app.usecases.parties import Owing

pytestmark = pytest.mark.fast

GOOD: Final[dict[type[BaseModel], dict[str, Any]]] = {
    PartyIn: {"name": "P", "customer": True},
    PartyChange: {},
    TermsIn: {"name": "T", "instalments": [{"percent": "100", "days": 0}]},
    TermsChange: {},
    ContactIn: {"name": "C"},
    ContactChange: {},
    PartyAddressIn: {"label": "L", "kind": "other"},
    PartyAddressChange: {},
    BankAccountIn: {"holder": "H", "iban": "DE89370400440532013000"},
    BankAccountChange: {},
    MergeIn: {"into": 9},
}
PARTY_WRONG: Final[list[tuple[str, Any]]] = [
    ("name", ""),
    ("name", "x" * 201),
    ("name", None),
    ("name", 7),
    ("customer", "true"),
    ("customer", 1),
    ("customer", None),
    ("customer_code", ""),
    ("customer_code", "x" * 41),
    ("supplier_code", ""),
    ("email", "x" * 255),
    ("phone", "x" * 41),
    ("tax_id", "x" * 41),
    ("payment_days", -1),
    ("payment_days", 3651),
    ("payment_days", "30"),
    ("payment_days", 1.5),
    ("payment_days", True),
    ("price_list_id", 0),
    ("payment_terms_id", -1),
    ("payment_terms_id", 2**63),
    ("credit_limit", "1.00001"),
    ("credit_limit", 1.5),
    ("credit_limit", "NaN"),
    ("credit_limit", "1e3"),
    ("credit_limit", "100000000000000"),
    ("representative_ids", list(range(1, 12))),
    ("representative_ids", ["1"]),
    ("representative_ids", None),
    ("merged_into_id", 3),
    ("version", 3),
    ("id", 3),
    ("own_prices", True),
    ("anonymised_at", None),
]
WRONG: Final[list[tuple[type[BaseModel], str, Any]]] = [
    *((kind, field, value) for kind in (PartyIn, PartyChange) for field, value in PARTY_WRONG),
    (PartyIn, "archived", True),
    (TermsIn, "name", ""),
    (TermsIn, "instalments", []),
    (TermsIn, "instalments", [{"percent": "1", "days": 0}] * 61),
    (TermsIn, "archived", False),
    (TermsChange, "instalments", [{"percent": "100", "days": 0}]),
    (TermsChange, "name", ""),
    (TermsChange, "archived", None),
    (ContactIn, "name", ""),
    (ContactIn, "roles", ["friend"]),
    (ContactIn, "roles", ["billing"] * 21),
    (ContactIn, "active", "yes"),
    (ContactIn, "party_id", 3),
    (ContactChange, "roles", None),
    (ContactChange, "name", None),
    (ContactChange, "party_id", 3),
    (PartyAddressIn, "kind", "home"),
    (PartyAddressIn, "label", ""),
    (PartyAddressIn, "label", "x" * 101),
    (PartyAddressIn, "address", None),
    (PartyAddressChange, "kind", None),
    (PartyAddressChange, "preferred", None),
    (BankAccountIn, "holder", ""),
    (BankAccountIn, "iban", "x" * 51),
    (BankAccountIn, "bic", "x" * 12),
    (BankAccountIn, "mandate_ref", ""),
    (BankAccountIn, "mandate_ref", "x" * 36),
    (BankAccountIn, "mandate_date", "21/11/2026"),
    (BankAccountIn, "mandate_date", "2026-02-29"),
    (BankAccountIn, "mandate_date", 20261121),
    (BankAccountChange, "iban", None),
    (BankAccountChange, "iban", ""),
    (BankAccountChange, "party_id", 3),
    (MergeIn, "into", 0),
    (MergeIn, "into", "9"),
    (MergeIn, "into", None),
    (MergeIn, "party", 3),
]


@pytest.mark.parametrize("kind", GOOD, ids=lambda kind: kind.__name__)
def test_the_least_that_is_good_passes(kind: type[BaseModel]) -> None:
    assert kind.model_validate(GOOD[kind]).model_fields_set == GOOD[kind].keys()


@pytest.mark.parametrize(("kind", "field", "value"), WRONG, ids=lambda part: str(getattr(part, "__name__", part))[:30])
def test_what_is_wrong_is_refused_at_its_field_alone(kind: type[BaseModel], field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.model_validate({**GOOD[kind], field: value})
    assert {one["loc"][0] for one in refused.value.errors()} == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("percent", "0.000000001"),
        ("percent", 33.3),
        ("percent", None),
        ("days", -1),
        ("days", 3651),
        ("days", "30"),
        ("end_of_month", "yes"),
        ("day_of_month", 0),
        ("day_of_month", 32),
        ("due_date", "2026-01-01"),
    ],
)
def test_a_bad_instalment_is_refused_at_its_place(field: str, value: Any) -> None:
    whole = {"percent": "50", "days": 0}
    with pytest.raises(ValidationError) as refused:
        TermsIn.model_validate({"name": "T", "instalments": [whole, {**whole, field: value}]})
    assert [one["loc"] for one in refused.value.errors()] == [("instalments", 1, field)]


@pytest.mark.parametrize("wrong", [{"country": "fr"}, {"country": "FRA"}, {"country": "F"}, {"town": "x"}, {"city": 7}])
def test_a_bad_part_of_an_address_is_refused_in_every_body(wrong: dict[str, Any]) -> None:
    for kind in (PartyIn, PartyChange, PartyAddressIn, PartyAddressChange):
        with pytest.raises(ValidationError) as refused:
            kind.model_validate({**GOOD[kind], "address": wrong})
        assert [one["loc"] for one in refused.value.errors()] == [("address", *wrong)]


# --- what omissions and nulls mean ----------------------------------------------------------------------------------


def changes(kind: Any, body: dict[str, Any], *path: int) -> dict[str, Any]:
    found: dict[str, Any] = kind.model_validate(body).to_domain(*path, 4).changes
    return found


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ({}, {}),
        ({"email": None}, {"email": None}),
        ({"customer": False}, {"customer": False}),
        ({"credit_limit": None}, {"credit_limit": None}),
        ({"credit_limit": "0"}, {"credit_limit": Decimal(0)}),
        ({"address": None}, {"address": Address()}),
        ({"address": {}}, {"address": {}}),
        ({"address": {"city": None}}, {"address": {"city": ""}}),
        ({"address": {"city": "Lyon"}}, {"address": {"city": "Lyon"}}),
        ({"representative_ids": []}, {"representatives": ()}),
        ({"representative_ids": [3, 1, 3, 2, 1]}, {"representatives": (3, 1, 2)}),
    ],
    ids=repr,
)
def test_a_change_holds_what_was_sent_and_nothing_else(body: dict[str, Any], meant: dict[str, Any]) -> None:
    assert changes(PartyChange, body, 7) == meant


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ({"preferred": True}, {"preferred": True}),
        ({"address": None}, {"address": Address()}),
        ({"address": {"region": None}}, {"address": {"region": ""}}),
        ({"kind": "billing"}, {"kind": AddressKind.BILLING}),
    ],
    ids=repr,
)
def test_a_change_of_an_address_holds_its_parts(body: dict[str, Any], meant: dict[str, Any]) -> None:
    assert changes(PartyAddressChange, body, 7, 3) == meant


def test_changes_of_belongings_name_what_and_of_whom() -> None:
    """A contact is found by its own id; the others only below their third party."""
    contact = ContactChange.model_validate({"roles": ["sales"]}).to_domain(5, 4)
    assert (contact.party, contact.id, contact.version) == (None, 5, 4)
    assert contact.changes == {"roles": (ContactRole.SALES,)}
    account = BankAccountChange.model_validate({"mandate_date": "2026-01-02", "bic": None}).to_domain(7, 5, 4)
    assert (account.party, account.id, account.version) == (7, 5, 4)
    assert account.changes == {"mandate_date": date(2026, 1, 2), "bic": None}


def test_a_user_named_twice_is_one_representative() -> None:
    made = PartyIn.model_validate({**GOOD[PartyIn], "representative_ids": [2, 1, 2]}).to_domain()
    assert made.representatives == (2, 1)


def test_a_new_party_without_an_address_has_an_empty_one() -> None:
    made = PartyIn.model_validate(GOOD[PartyIn]).to_domain()
    assert made == Party(name="P", customer=True, address=Address())


def test_terms_are_read_in_order_with_their_days() -> None:
    plan = [{"percent": "33.33333333", "days": 0, "day_of_month": 31}, {"percent": "66.66666667", "days": 3650}]
    made = TermsIn.model_validate({"name": "T", "instalments": plan}).to_domain()
    assert made.instalments == (
        Instalment(percent=rate(Decimal("33.33333333")), days=0, day_of_month=31),
        Instalment(percent=rate(Decimal("66.66666667")), days=3650),
    )


# --- what is shown --------------------------------------------------------------------------------------------------


def test_a_third_party_is_shown_without_what_only_we_know() -> None:
    shown = PartyOut.of(Party(id=PartyId(7), name="P", customer=True, representatives=(UserId(2),), own_prices=True))
    body = shown.model_dump()
    assert not {"own_prices", "anonymised_at", "representatives"} & set(body)
    assert (body["representative_ids"], body["credit_limit"], body["merged_into_id"]) == ([2], None, None)


@pytest.mark.parametrize(("limit", "shown"), [("0", "0"), ("1000.5000", "1000.5"), ("0.0001", "0.0001")])
def test_a_limit_is_shown_as_a_plain_decimal(limit: str, shown: str) -> None:
    party = Party(name="P", customer=True, credit_limit=amount(Decimal(limit)))
    assert PartyOut.of(party).credit_limit == shown


def test_what_is_owed_is_shown_in_the_digits_of_the_currency() -> None:
    owed = Outstanding(unpaid=amount(Decimal(60)), overdue=amount(Decimal("0.5")), ordered=amount(Decimal(-10)))
    party = Party(id=PartyId(7), name="P", customer=True, credit_limit=amount(Decimal(40)))
    body = OutstandingOut.of(Owing(party=party, outstanding=owed, currency="KWD", digits=3)).model_dump()
    assert (body["unpaid"], body["overdue"], body["ordered"]) == ("60.000", "0.500", "-10.000")
    assert (body["total"], body["credit_limit"], body["left"], body["currency"]) == ("50.000", "40", "-10", "KWD")


def test_percentages_are_shown_without_idle_zeros() -> None:
    plan = (Instalment(percent=rate(Decimal("50.00000000")), days=0), Instalment(percent=rate(Decimal("50.0")), days=9))
    assert [one.percent for one in TermsOut.of(PaymentTerms(name="T", instalments=plan)).instalments] == ["50", "50"]
