"""Searching by words: what `q` looks at, and how text becomes words, the same for every database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final
from unicodedata import category, normalize

LONGEST_WORD: Final = 40
MOST_WORDS: Final = 64
MOST_WANTED: Final = 8
LONGEST_WANTED: Final = 200


class Searched(StrEnum):
    """What has words of its own; other rows are found through these (a stock level through its product)."""

    PARTY = "party"
    CONTACT = "contact"
    PRODUCT = "product"
    WAREHOUSE = "warehouse"
    PROPOSAL = "proposal"
    ORDER = "order"
    SHIPMENT = "shipment"
    RETURN = "return"
    INVOICE = "invoice"
    PAYMENT = "payment"


FIELDS: Final[Mapping[Searched, tuple[str, ...]]] = {
    Searched.PARTY: ("customer_code", "supplier_code", "tax_id", "phone", "name", "city", "email"),
    Searched.CONTACT: ("phone", "name", "job", "email"),
    Searched.PRODUCT: ("ref", "name"),
    Searched.WAREHOUSE: ("ref", "name"),
    Searched.PROPOSAL: ("ref", "external_ref"),
    Searched.ORDER: ("ref", "external_ref"),
    Searched.SHIPMENT: ("ref",),
    Searched.RETURN: ("ref",),
    Searched.INVOICE: ("ref",),
    Searched.PAYMENT: ("ref",),
}
"""The fields whose words an object has, those people know by heart first: of more than 64 words the last are left."""

# Numbers people write with or without their blanks: the whole is a word too.
_JOINED: Final = frozenset({"phone", "tax_id"})
_PROVISIONAL: Final = re.compile(r"\(PROV[0-9]+\)")
# Letters that Unicode does not take apart, though who searches writes them without their stroke.
_PLAIN: Final = str.maketrans(
    {
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ħ": "h",
        "ŧ": "t",
    }
)


def words(text: str) -> list[str]:
    """Give the words of ``text`` in their order: runs of letters and digits, without case and without accents.

    Compatibility forms are taken apart (Unicode NFKD), case is folded (ß becomes ss), marks are dropped, strokes too
    (ł becomes l), and the dot of the i. A word longer than 40 characters ends there. Text without blanks between its
    words, as Chinese is written, is one word.
    """
    folded = normalize("NFKD", normalize("NFKD", text).casefold()).translate(_PLAIN)
    if not folded.isascii():
        folded = _unmarked(folded)
    parted = "".join(letter if letter.isalnum() else " " for letter in folded)
    return [word[:LONGEST_WORD] for word in parted.split()]


def _unmarked(text: str) -> str:
    return "".join(letter for letter in text if category(letter)[0] != "M")


def words_of(kind: Searched, texts: Sequence[str | None]) -> frozenset[str]:
    """Give the words of an object whose ``FIELDS`` are ``texts``; the reference of a draft has none."""
    found: dict[str, None] = {}
    for field, text in zip(FIELDS[kind], texts, strict=True):
        if not text or _PROVISIONAL.fullmatch(text):
            continue
        parts = words(text)
        if field in _JOINED and len(parts) > 1:
            found["".join(parts)[:LONGEST_WORD]] = None
        found.update(dict.fromkeys(parts))
    return frozenset(list(found)[:MOST_WORDS])


def wanted(text: str) -> tuple[str, ...] | None:
    """Give the words a row must have, each as the beginning of one of its own, the longest first.

    None for what cannot be searched: no letter and no digit, NUL, more than 8 different words or 200 characters. A word
    that another one begins with is not asked for twice.
    """
    if len(text) > LONGEST_WANTED or "\0" in text:
        return None
    kept = _telling(words(text))
    return kept if 1 <= len(kept) <= MOST_WANTED else None


def _telling(found: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for word in sorted(set(found), key=lambda word: (-len(word), word)):
        if not any(other.startswith(word) for other in kept):
            kept.append(word)
    return tuple(kept)


def matches(query: Iterable[str], own: Iterable[str]) -> bool:
    """Tell whether each word of ``query`` is the beginning of one of the words ``own``: what every database answers."""
    having = tuple(own)
    return all(any(word.startswith(one) for word in having) for one in query)
