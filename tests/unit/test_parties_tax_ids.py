"""Tax numbers country by country, and when a third party's is looked at again."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parties import Address, BadTaxId, Party, PartyChanged, tax_id
from app.domain.shared.ids import PartyId

pytestmark = pytest.mark.fast

FRENCH: Final = "FR40303265045"
GERMAN: Final = "DE136695976"


@pytest.mark.parametrize(
    ("country", "sent", "kept"),
    [
        ("US", "91-1144442", "911144442"),
        ("IT", "rccmnl83s18d969h", "RCCMNL83S18D969H"),
        ("IT", "IT 00743110157", "IT00743110157"),
        ("DE", "36 574 261 809", "36574261809"),
        ("DE", "136 695 976", GERMAN),
        ("FR", "732 829 320", "732829320"),
        ("FR", "732 829 320 00074", "73282932000074"),
        ("GB", "GB 980 7806 84", "980780684"),
        ("NO", "NO 995 525 828 MVA", "995525828MVA"),
        ("PT", "501 964 843", "PT501964843"),
        ("ES", "54362315K", "ES54362315K"),
        ("NL", "nl004495445b01", "NL004495445B01"),
        ("AT", "U12345675", "ATU12345675"),
        ("BE", "BE 0428.759.497", "BE0428759497"),
        ("LU", "LU 150 274 42", "LU15027442"),
    ],
)
def test_a_good_number_is_kept_in_one_form(country: str, sent: str, kept: str) -> None:
    """ERP-07: separators and case go; in the EU the prefix of VIES comes, to a national number it does not."""
    assert tax_id(country, sent) == kept
    assert tax_id(country, kept) == kept


@pytest.mark.parametrize("sent", ["094259216", "EL094259216", "GR094259216", "el 094 259 216", "gr-094259216"])
def test_a_greek_number_is_kept_under_the_prefix_of_vies_however_it_is_written(sent: str) -> None:
    """Kept in two forms, one taxable person would look like two."""
    assert tax_id("GR", sent) == "EL094259216"
    assert tax_id("FR", "GR094259216") == "EL094259216"


@pytest.mark.parametrize("country", ["FR", "DE", "ES", "GR", "IT"])
@pytest.mark.parametrize("wrong", ["", " ", "0", "x", "FR", "12345678901234567890", "é", "\N{SNOWMAN}", "'; --"])
def test_what_is_no_number_at_all_is_refused_with_a_good_one(country: str, wrong: str) -> None:
    with pytest.raises(BadTaxId) as refused:
        tax_id(country, wrong)
    assert refused.value.at == ("tax_id",)
    assert tax_id(country, str(refused.value.facts["expected"])) == refused.value.facts["expected"]


@pytest.mark.parametrize(("country", "number"), [("GB", GERMAN), ("CH", FRENCH), ("US", GERMAN), ("NO", FRENCH)])
def test_a_number_of_the_union_is_none_outside_of_it(country: str, number: str) -> None:
    with pytest.raises(BadTaxId):
        tax_id(country, number)


@given(st.text(max_size=40), st.sampled_from(["FR", "GR", "DE", "BR", "US", "GB", "CH"]))
def test_any_text_is_a_number_in_its_settled_form_or_a_refusal(text: str, country: str) -> None:
    """Nothing a client may send breaks the rules of a country, and what is kept needs no second settling."""
    try:
        kept = tax_id(country, text)
    except BadTaxId:
        return
    assert tax_id(country, kept) == kept


# --- of a third party -----------------------------------------------------------------------------------------------


def party(country: str = "FR", number: str | None = FRENCH, **fields: Any) -> Party:
    given = {"id": PartyId(2), "name": "P", "customer": True, "tax_id": number, "address": Address(country=country)}
    return Party(**{**given, **fields})


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"tax_id": "fr 40 303 265 045"}, FRENCH),
        ({"tax_id": "303 265 045"}, "303265045"),
        ({"tax_id": GERMAN}, GERMAN),
        ({"tax_id": None}, None),
        ({"address": {"country": "DE"}}, FRENCH),
        ({"address": {"country": ""}}, FRENCH),
        ({"address": {"country": "BR"}, "tax_id": "390.533.447-05"}, "39053344705"),
        ({"address": {"country": "BR"}, "tax_id": None}, None),
        ({"address": Address()}, FRENCH),
        ({"address": {"city": "Lyon"}}, FRENCH),
    ],
    ids=repr,
)
def test_a_number_and_its_country_may_change_together(changes: dict[str, Any], kept: str | None) -> None:
    one = party()
    one.change(changes)
    assert one.tax_id == kept


@pytest.mark.parametrize(
    "changes",
    [
        {"tax_id": "FR41303265045"},
        {"address": {"country": "BR"}},
        {"address": Address(country="GB")},
        {"address": {"country": "BR"}, "tax_id": GERMAN},
        {"tax_id": "39053344705"},
    ],
    ids=repr,
)
def test_a_number_that_is_none_of_its_country_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadTaxId) as refused:
        party().change(changes)
    assert refused.value.at == ("tax_id",)


@pytest.mark.parametrize("changes", [{"name": "Q"}, {"email": "q@example.com"}, {"address": {"city": "Lyon"}}, {}])
def test_a_bad_number_of_old_stands_in_nobodys_way(changes: dict[str, Any]) -> None:
    """ERP-07: what is stored already is never refused, whatever else of the party changes."""
    one = party(number="of old")
    one.change(changes)
    assert one.tax_id == "of old"


def test_a_bad_number_of_old_may_be_sent_back_as_it_is() -> None:
    """Who reads a third party and writes all of it back changes nothing."""
    assert party(number="of old").change({"tax_id": "of old", "address": {"country": "FR"}}) is None


def test_the_same_number_in_other_dress_is_no_change() -> None:
    assert party().change({"tax_id": "FR 40-303 265 045"}) is None


def test_a_country_that_comes_later_settles_the_number_that_was_there() -> None:
    one = party(country="", number="40 303 265 045")
    assert one.change({"address": {"country": "FR"}}) == PartyChanged(id=PartyId(2), fields=("address",))
    assert one.tax_id == FRENCH
