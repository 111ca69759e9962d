"""How text becomes words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shared.search import (
    FIELDS,
    LONGEST_WORD,
    MOST_WANTED,
    MOST_WORDS,
    Searched,
    matches,
    wanted,
    words,
    words_of,
)

pytestmark = pytest.mark.fast
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FA2611-00001", ["fa2611", "00001"]),
        ("jean.dupont+x@example.com", ["jean", "dupont", "x", "example", "com"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("Łódź Ærø Œuvre Þór", ["lodz", "aero", "oeuvre", "thor"]),
        ("\u0130stanbul ISPARTA \u0131sparta", ["istanbul", "isparta", "isparta"]),
        ("e\u0301tude étude ÉTUDE", ["etude", "etude", "etude"]),
        ("ΣΊΣΥΦΟΣ Σίσυφος", ["σισυφοσ", "σισυφοσ"]),
        ("ﬁn ½ ① Ａ", ["fin", "1", "2", "1", "a"]),  # noqa: RUF001 - compatibility forms are what is tried
        ("東京 株式会社", ["東京", "株式会社"]),
        ('l\'Oréal "100%" a_b', ["l", "oreal", "100", "a", "b"]),
        (" -- %_ \0 😀 ", []),
        ("x" * 60, ["x" * LONGEST_WORD]),
    ],
)
def test_words_have_neither_case_nor_accents_nor_punctuation(text: str, expected: list[str]) -> None:
    """Demand 13: one reading of text, in one place, for every database."""
    assert words(text) == expected


@given(TEXTS)
def test_whatever_is_written_is_found_by_itself_in_any_case(text: str) -> None:
    """A row is found by its own text, shouted, and by the beginning of each of its words."""
    own = words_of(Searched.PRODUCT, ["R1", text])
    for query in (text, text.upper(), text.casefold(), *(word[:3] for word in words(text))):
        asked = wanted(query)
        if asked is not None and len(words(text)) < MOST_WORDS - 1:
            assert matches(asked, own) or any(len(word) >= LONGEST_WORD for word in words(query)), (query, own)


@given(TEXTS)
def test_words_are_letters_and_digits_that_come_back_as_they_are(text: str) -> None:
    for word in words(text):
        assert 1 <= len(word) <= LONGEST_WORD
        assert word.isalnum()
        assert word < word + "\U0010ffff"
        if len(word) < LONGEST_WORD:
            assert words(word) == [word]


def test_a_draft_s_reference_is_no_word_and_numbers_are_found_with_and_without_blanks() -> None:
    assert words_of(Searched.ORDER, ["(PROV17)", "PO-9"]) == {"po", "9"}
    assert words_of(Searched.ORDER, [None, None]) == frozenset()
    texts = {"phone": "+33 1 23", "tax_id": "FR 40 303"}
    own = words_of(Searched.PARTY, [texts.get(field) for field in FIELDS[Searched.PARTY]])
    assert own == {"33123", "33", "1", "23", "fr40303", "fr", "40", "303"}


def test_an_object_has_at_most_so_many_words_the_codes_first() -> None:
    long = " ".join(f"w{n}" for n in range(100))
    texts = {"customer_code": "C-1", "name": long, "email": "z@z.zz"}
    own = words_of(Searched.PARTY, [texts.get(field) for field in FIELDS[Searched.PARTY]])
    assert len(own) == MOST_WORDS
    assert {"c", "1", "w0"} <= own
    assert "zz" not in own


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("du Dupont", ("dupont",)),
        ("b a", ("a", "b")),
        ("a a A", ("a",)),
        ("", None),
        (" %_-", None),
        ("a\0b", None),
        ("x" * 201, None),
        (" ".join("abcdefgh"), tuple("abcdefgh")),
        (" ".join("abcdefghi"), None),
    ],
)
def test_what_is_asked_for_is_reduced_to_the_words_that_tell(text: str, expected: tuple[str, ...] | None) -> None:
    assert wanted(text) == expected
    assert MOST_WANTED == 8
