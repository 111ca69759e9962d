"""What a client may send of third parties: what is refused, where, and what an omission or a null means."""

from __future__ import annotations

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
)
from app.domain.parties import Address, Outstanding, Party
from app.domain.shared.ids import PartyId, UserId
from app.domain.shared.money import amount
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
BAD_PARTY: Final[dict[str, list[Any]]] = {
    "name": ["", "x" * 201, None, 7],
    "customer": ["true", 1, None],
    "customer_code": ["", "x" * 41],
    "supplier_code": [""],
    "email": ["x" * 255],
    "tax_id": ["x" * 41],
    "payment_days": [-1, 3651, "30", 1.5, True],
    "price_list_id": [0],
    "payment_terms_id": [-1, 2**63],
    "credit_limit": ["1.00001", 1.5, "NaN", "1e3", "100000000000000"],
    "representative_ids": [list(range(1, 12)), ["1"], None],
    **{ours: [3] for ours in ("merged_into_id", "version", "id", "own_prices", "anonymised_at")},
}
BAD: Final[dict[type[BaseModel], dict[str, list[Any]]]] = {
    PartyIn: {**BAD_PARTY, "archived": [True]},
    PartyChange: BAD_PARTY,
    TermsIn: {"name": [""], "instalments": [[], [{"percent": "1", "days": 0}] * 61], "archived": [False]},
    TermsChange: {"instalments": [[{"percent": "100", "days": 0}]], "name": [""], "archived": [None]},
    ContactIn: {"name": [""], "roles": [["friend"], ["billing"] * 21], "active": ["yes"], "party_id": [3]},
    ContactChange: {"roles": [None], "name": [None], "party_id": [3]},
    PartyAddressIn: {"kind": ["home"], "label": ["", "x" * 101], "address": [None]},
    PartyAddressChange: {"kind": [None], "preferred": [None]},
    BankAccountIn: {
        "holder": [""],
        "iban": ["x" * 51],
        "bic": ["x" * 12],
        "mandate_ref": ["", "x" * 36],
        "mandate_date": ["21/11/2026", "2026-02-29", 20261121],
    },
    BankAccountChange: {"iban": [None, ""], "party_id": [3]},
    MergeIn: {"into": [0, "9", None], "party": [3]},
}
WRONG: Final = [(kind, field, one) for kind, bad in BAD.items() for field, many in bad.items() for one in many]


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


# --- what is shown --------------------------------------------------------------------------------------------------


def test_a_third_party_is_shown_without_what_only_we_know() -> None:
    shown = PartyOut.of(Party(id=PartyId(7), name="P", customer=True, representatives=(UserId(2),), own_prices=True))
    body = shown.model_dump()
    assert not {"own_prices", "anonymised_at", "representatives"} & set(body)
    assert (body["representative_ids"], body["credit_limit"], body["merged_into_id"]) == ([2], None, None)


def test_what_is_owed_is_shown_in_the_digits_of_the_currency() -> None:
    owed = Outstanding(unpaid=amount(Decimal(60)), overdue=amount(Decimal("0.5")), ordered=amount(Decimal(-10)))
    party = Party(id=PartyId(7), name="P", customer=True, credit_limit=amount(Decimal(40)))
    body = OutstandingOut.of(Owing(party=party, outstanding=owed, currency="KWD", digits=3)).model_dump()
    assert (body["unpaid"], body["overdue"], body["ordered"]) == ("60.000", "0.500", "-10.000")
    assert (body["total"], body["credit_limit"], body["left"], body["currency"]) == ("50.000", "40", "-10", "KWD")
