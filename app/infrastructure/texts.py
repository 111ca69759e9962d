"""Texts for people, from the JSON files in ``locales`` (ERP-17)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from babel import negotiate_locale

from app.domain.shared.errors import DomainError
from app.infrastructure.languages import Language, language
from app.resources import resource

DEFAULT: Final = "en"
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)(?::(number|percent|currency|and|or))?\}")
"""``{fact}`` or ``{fact:style}``; the styles are those of ``Language.written``."""
PLURAL: Final = "plural"
_ACCEPTED: Final = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)
_LONGEST_HEADER: Final = 500


@dataclass(frozen=True, slots=True)
class Plural:
    """A text with one form for each plural category (CLDR) of its language; the fact called ``counted`` decides."""

    counted: str
    forms: Mapping[str, str]

    def form(self, speaker: Language, facts: Mapping[str, object]) -> str:
        """Give the form for these facts, ``other`` for what is not a number."""
        return self.forms.get(speaker.plural(facts.get(self.counted)), self.forms["other"])


Text = str | Plural


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Text]:
    """Give the texts of a locale file by dotted key: ``{"a": {"b": "x"}}`` has ``a.b``.

    ``{"a": {"plural": "count", "one": "x", "other": "y"}}`` is one text, ``a``, whose form depends on ``count``.
    """
    flat: dict[str, Text] = {}
    for name, value in tree.items():
        if isinstance(value, str):
            flat[prefix + name] = value
        elif isinstance(counted := value.get(PLURAL), str):
            flat[prefix + name] = Plural(counted, {form: text for form, text in value.items() if form != PLURAL})
        else:
            flat.update(flattened(value, f"{prefix}{name}."))
    return flat


def preferred(accept_language: str) -> list[str]:
    """Give the languages of an Accept-Language header (RFC 9110, 12.5.4), most wanted first, without refused ones."""
    wanted = []
    for part in accept_language[:_LONGEST_HEADER].split(","):
        found = _ACCEPTED.fullmatch(part)
        if found and found[1] != "*" and (quality := float(found[2] or "1")) > 0:
            wanted.append((quality, found[1]))
    return [tag for _, tag in sorted(wanted, key=lambda item: -item[0])]


class Texts:
    """All locales, read once.

    ``directory`` holds a folder for each language, with one JSON file for each capability; the default is the packaged
    one. A key that stands in two files of one language raises ValueError.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._texts: dict[str, dict[str, Text]] = {}
        for file in sorted((directory or resource("locales")).glob("*/*.json")):
            texts = self._texts.setdefault(file.parent.name, {})
            more = flattened(json.loads(file.read_text(encoding="utf-8")))
            if twice := texts.keys() & more.keys():
                raise ValueError(f"{file} says again: {', '.join(sorted(twice))}")
            texts.update(more)
        self._negotiated = lru_cache(maxsize=256)(self._negotiate)

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages there are."""
        return tuple(self._texts)

    def negotiate(self, accept_language: str | None, default: str) -> str:
        """Give the language that serves the header best, ``default`` (or else English) when it names none of ours."""
        fallback = default if default in self._texts else DEFAULT
        return (self._negotiated(accept_language) if accept_language else None) or fallback

    def _negotiate(self, accept_language: str) -> str | None:
        # Babel finds en for en-GB, but not pt-BR for pt or pt-PT, which serves them better than English does.
        for tag in preferred(accept_language):
            language = tag.partition("-")[0].lower()
            found = negotiate_locale([tag], self.locales, sep="-")
            for name in self._texts:
                if name.lower() == (found or "").lower() or (not found and name.partition("-")[0].lower() == language):
                    return name
        return None

    def text(self, locale: str, key: str, facts: Mapping[str, object]) -> str:
        """Give the text with its ``{placeholders}`` filled as the language writes them.

        What a language lacks is said in English; the key itself when there is no such text. A fact whose value is a
        word of ours (``words.<fact>.<value>``) is translated. Only names are replaced, never ``str.format``: that
        would reach into attributes of what it is given.
        """
        texts = self._texts.get(locale)
        if texts is None:
            locale, texts = DEFAULT, self._texts[DEFAULT]  # a language that is no longer shipped
        found = texts.get(key) or self._texts[DEFAULT].get(key, key)
        if isinstance(found, str) and "{" not in found:
            return found
        speaker = language(locale)

        def said(place: re.Match[str]) -> str:
            name, style = place.groups()
            return speaker.written(self._worded(locale, name, facts[name]), style, facts) if name in facts else "?"

        return PLACEHOLDER.sub(said, found if isinstance(found, str) else found.form(speaker, facts))

    def digest(self, prefix: str) -> str:
        """Give what changes whenever a text whose key begins with ``prefix`` does, in any language: 16 hex digits."""
        found = sorted((name, key, repr(text)) for name, all_ in self._texts.items() for key, text in all_.items())
        said = "\n".join(map(repr, (entry for entry in found if entry[1].startswith(prefix))))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def told(self, locale: str, error: DomainError) -> str:
        """Give the sentence that tells what ``error`` found."""
        return self.text(locale, f"{error.code}.detail", error.facts)

    def _worded(self, locale: str, name: str, value: object) -> object:
        """Give what is said for ``value``: our word for it, or the sentence of an error that is the reason of one."""
        if isinstance(value, DomainError):
            return self.told(locale, value).removesuffix(".")
        word = self._texts[locale].get(f"words.{name}.{value}") if isinstance(value, str) else None
        return word if isinstance(word, str) else value
