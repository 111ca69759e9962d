"""What a company's papers say of it: changed by parts, kept as facts, known from of old."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.identity import BadColour, CompanySettings, Letterhead
from app.domain.papers import Format, Window

pytestmark = pytest.mark.fast

WHOLE: dict[str, Any] = {
    "legal_name": "Acme SARL",
    "street": ("12 rue des Lilas", "Bât. B"),
    "postal_code": "69003",
    "city": "Lyon",
    "vat_number": "FR40303265045",
    "registration": "RCS Lyon 303 265 045",
    "capital": "8 000 €",
    "phone": "+33 4",
    "email": "info@example.com",
    "website": "example.com",
    "accent": "c0ffee",
    "footer": ("Acme", "Lyon"),
    "window": Window.RIGHT,
    "format": Format.LETTER,
    "invoice_notes": ("Pas d'escompte.",),
    "no_vat_reason": "293 B",
    "bank_account": 7,
    "locale": "fr",
    "logo": "ab" * 32,
}


def test_each_field_is_kept_and_read_again() -> None:
    """ERP-16: as JSON keeps it."""
    head = Letterhead(**WHOLE)
    assert Letterhead.of_facts(json.loads(json.dumps(head.facts()))) == head
    assert set(WHOLE) == set(Letterhead.__dataclass_fields__)
    settings = CompanySettings().changed({"letterhead": WHOLE})
    assert CompanySettings.of_facts(json.loads(json.dumps(settings.facts())), 0) == settings


def test_settings_kept_before_there_were_letterheads_have_a_plain_one() -> None:
    facts = CompanySettings().facts()
    del facts["letterhead"]
    assert CompanySettings.of_facts(facts, 3).letterhead == Letterhead()


def test_a_plain_letterhead_costs_nothing_to_keep() -> None:
    """Settings are read with every request."""
    assert Letterhead().facts() == {}


def test_only_what_is_named_changes_and_none_takes_it_back() -> None:
    """ERP-16."""
    head = Letterhead(**WHOLE).changed({"city": "Paris", "accent": None, "street": None})
    assert (head.city, head.accent, head.street) == ("Paris", Letterhead().accent, ())
    assert head.legal_name == "Acme SARL"


@pytest.mark.parametrize("colour", ["", "red", "#1f3a5", "1f3a5f0", "12345g", "\uff11" * 6, "1f3a5\n"])
def test_a_colour_is_six_hexadecimal_digits(colour: str) -> None:
    with pytest.raises(BadColour) as caught:
        CompanySettings().changed({"letterhead": {"accent": colour}})
    assert caught.value.at == ("letterhead", "accent")


def test_a_colour_is_kept_in_small_letters() -> None:
    assert Letterhead().changed({"accent": "C0FFEE"}).accent == "c0ffee"
