"""Bank accounts, addresses and contacts: which are sound, what a change is, and what goes on in a twin."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parties import (
    Address,
    AddressKind,
    BadBic,
    BadIban,
    BadMandate,
    Contact,
    ContactRole,
    PartyAccount,
    PartyAddress,
    iban,
)
from app.domain.shared.ids import AddressId, ContactId, PartyAccountId, PartyId

pytestmark = pytest.mark.fast

GERMAN: Final = "DE89370400440532013000"
BRITISH: Final = "GB82WEST12345698765432"
SIGNED: Final = date(2026, 1, 2)


def account(**fields: Any) -> PartyAccount:
    given = {"id": PartyAccountId(5), "party_id": PartyId(2), "holder": "H", "iban": GERMAN, **fields}
    made = PartyAccount(**given)
    made.check()
    return made


# --- IBAN and BIC ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("de89 3704 0044 0532 0130 00", GERMAN),
        ("  DE89370400440532013000  ", GERMAN),
        ("gb82west12345698765432", BRITISH),
        ("MC58 1122 2000 0101 2345 6789 030", "MC5811222000010123456789030"),
        ("QA58DOHB00001234567890ABCDEFG", "QA58DOHB00001234567890ABCDEFG"),
        ("NO93 8601 1117 947", "NO9386011117947"),
        ("MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S"),
    ],
)
def test_an_iban_is_kept_without_blanks_in_capitals(sent: str, kept: str) -> None:
    """ERP-07, ISO 13616."""
    assert account(iban=sent).iban == kept
    assert account(iban=kept).iban == kept


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        " ",
        "DE",
        "DE8937040044053201300",
        "DE893704004405320130000",
        "DE89370400440532013001",
        "DE98370400440532013000",
        "DE89370400440532031000",
        "XX89370400440532013000",
        "DE89-3704-0044-0532-0130-00",
        "DE\N{FULLWIDTH DIGIT EIGHT}9370400440532013000",
        "DE\N{ARABIC-INDIC DIGIT EIGHT}9370400440532013000",
        "GB82WEST1234569876543A",
        "370400440532013000",
    ],
)
def test_what_is_no_iban_is_refused_and_not_repeated(wrong: str) -> None:
    """The form of the country is named; the number, which is personal, is not."""
    with pytest.raises(BadIban) as refused:
        account(iban=wrong)
    assert refused.value.at == ("iban",)
    assert set(refused.value.facts) == {"expected"}
    assert "3704" not in repr(refused.value)


@pytest.mark.parametrize(
    ("wrong", "form"), [("de1", "DE2!n8!n10!n"), (" gb00", "GB2!n4!a6!n8!n"), ("XX1", "XX2!n30c"), ("", "XX2!n30c")]
)
def test_a_refused_iban_is_told_the_form_of_its_country(wrong: str, form: str) -> None:
    with pytest.raises(BadIban) as refused:
        iban(wrong)
    assert refused.value.facts["expected"] == form


@given(st.integers(4, len(GERMAN) - 1), st.integers(1, 9))
def test_one_digit_misread_is_always_noticed(place: int, off: int) -> None:
    """Mod 97 finds every single wrong digit."""
    digit = (int(GERMAN[place]) + off) % 10
    with pytest.raises(BadIban):
        iban(f"{GERMAN[:place]}{digit}{GERMAN[place + 1 :]}")


@given(st.text(max_size=50))
def test_any_text_is_an_iban_or_a_refusal(text: str) -> None:
    try:
        kept = str(iban(text).compact)
    except BadIban:
        return
    assert str(iban(kept).compact) == kept


@pytest.mark.parametrize(("sent", "kept"), [("deutdeff", "DEUTDEFF"), ("DEUT DE FF 500", "DEUTDEFF500")])
def test_a_bic_that_is_given_is_kept_as_such(sent: str, kept: str) -> None:
    assert account(bic=sent).bic == kept


@pytest.mark.parametrize("wrong", ["", "X", "DEUTDEFFX", "DEUTDEFF50", "DEUTZZFF", "DEUT-DE-FF", "1EUTDEFFXXXX"])
def test_what_is_no_bic_is_refused_with_the_country_of_the_account(wrong: str) -> None:
    with pytest.raises(BadBic) as refused:
        account(bic=wrong)
    assert (refused.value.at, refused.value.facts) == (("bic",), {"country": "DE"})


# --- mandates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["", "x" * 36, "é", "M_1", "M\n", "M;1", "M\t1", "\N{EN DASH}"])
def test_a_mandate_that_no_bank_would_read_is_refused(reference: str) -> None:
    with pytest.raises(BadMandate) as refused:
        account(mandate_ref=reference, mandate_date=SIGNED)
    assert refused.value.at == ("mandate_ref",)


@pytest.mark.parametrize(
    ("own", "other", "kept"),
    [
        ((None, None), ("M-1", SIGNED), ("M-1", SIGNED)),
        (("M-2", date(2025, 5, 5)), ("M-1", SIGNED), ("M-2", date(2025, 5, 5))),
        (("M-2", date(2025, 5, 5)), (None, None), ("M-2", date(2025, 5, 5))),
        ((None, None), (None, None), (None, None)),
    ],
    ids=repr,
)
def test_a_twin_leaves_its_mandate_to_who_has_none(own: tuple[Any, Any], other: tuple[Any, Any], kept: Any) -> None:
    """ERP-07: a signature is not lost because an account was entered twice."""
    one = account(mandate_ref=own[0], mandate_date=own[1])
    twin = account(mandate_ref=other[0], mandate_date=other[1], holder="Other", bic="DEUTDEFF")
    took = one.take_over(twin, chosen=False)
    assert (one.mandate_ref, one.mandate_date) == kept
    assert took == (own != kept)
    assert (one.holder, one.bic) == ("H", "COBADEFFXXX")


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("other", [True, False])
@pytest.mark.parametrize("chosen", [True, False])
def test_a_twin_leaves_its_place_where_none_is_chosen(own: bool, other: bool, chosen: bool) -> None:  # noqa: FBT001
    one = account(preferred=own)
    assert one.take_over(account(preferred=other), chosen=chosen) == (other and not own and not chosen)
    assert one.preferred == (own or (other and not chosen))


# --- changes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "bic"),
    [
        ({"iban": "DE02120300000000202051"}, "BYLADEM1001"),
        ({"iban": "DE02120300000000202051", "bic": "DEUTDEFF"}, "DEUTDEFF"),
        ({"iban": GERMAN}, "DEUTDEFF"),
        ({"iban": "de89 3704 0044 0532 0130 00"}, "DEUTDEFF"),
        ({"bic": None}, "COBADEFFXXX"),
        ({"holder": "I"}, "DEUTDEFF"),
    ],
    ids=repr,
)
def test_only_another_iban_derives_the_bic_anew(changes: dict[str, Any], bic: str) -> None:
    """Who sends the account back as it was keeps the bank that was entered by hand."""
    one = account(bic="DEUTDEFF")
    one.change(changes)
    assert one.bic == bic


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"holder": "H"},
        {"iban": "de89 3704 0044 0532 0130 00"},
        {"bic": "cobadeffxxx"},
        {"bic": None},
        {"preferred": False, "mandate_ref": None},
    ],
    ids=repr,
)
def test_what_settles_to_the_same_account_is_no_change(same: dict[str, Any]) -> None:
    """No version moves and nothing is told for blanks in a number."""
    assert not account().change(same)


def address(**fields: Any) -> PartyAddress:
    place = Address(street="1 rue A", postal_code="69003", city="Lyon", country="FR")
    given = {"id": AddressId(4), "party_id": PartyId(2), "label": "Depot", "kind": AddressKind.SHIPPING}
    return PartyAddress(**{**given, "address": place, **fields})


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"city": "Nice"}, Address(street="1 rue A", postal_code="69003", city="Nice", country="FR")),
        ({"street": "", "country": ""}, Address(postal_code="69003", city="Lyon")),
        (Address(city="Nice"), Address(city="Nice")),
        (Address(), Address()),
    ],
    ids=repr,
)
def test_an_address_changes_in_part_or_whole(sent: Any, place: Address) -> None:
    one = address()
    assert one.change({"address": sent})
    assert one.address == place


@pytest.mark.parametrize("same", [{"city": "Lyon"}, {}, address().address], ids=repr)
def test_the_same_address_is_no_change(same: Any) -> None:
    assert not address().change({"address": same})


def contact(**fields: Any) -> Contact:
    made = Contact(**{"id": ContactId(6), "party_id": PartyId(2), "name": "Ana", **fields})
    made.check()
    return made


def test_roles_are_kept_once_each_in_one_order() -> None:
    every = tuple(ContactRole)
    assert contact(roles=(*every[::-1], *every)).roles == every
    assert contact(roles=()).roles == ()


def test_roles_in_another_order_are_no_change() -> None:
    one = contact(roles=(ContactRole.SALES, ContactRole.BILLING))
    assert not one.change({"roles": (ContactRole.BILLING, ContactRole.SALES, ContactRole.BILLING)})
    assert one.change({"roles": (ContactRole.BILLING,)})


@pytest.mark.parametrize("one", [contact(), address(), account()], ids=lambda one: type(one).__name__)
def test_events_name_the_third_party_and_the_belonging_and_nothing_else(one: Any) -> None:
    """ERP-12: all of it is personal data, which no journal keeps."""
    for event in (one.added(), one.changed(), one.removed()):
        facts = dict(event.facts())
        assert facts.pop("id") == 2
        assert list(facts.values()) == [one.id]
        assert event.aggregate == "third_party"
