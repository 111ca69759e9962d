"""Texts for people, from the JSON files in ``locales`` (ERP-17)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from babel import negotiate_locale

from app.resources import resource

DEFAULT: Final = "en"
PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_ACCEPTED: Final = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)
_LONGEST_HEADER: Final = 500


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Give the texts of a locale file by dotted key: ``{"a": {"b": "x"}}`` has ``a.b``."""
    flat: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, str):
            flat[prefix + name] = value
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
        self._texts: dict[str, dict[str, str]] = {}
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

    def text(self, locale: str, key: str, facts: Mapping[str, str]) -> str:
        """Give the text with its ``{placeholders}`` filled; the key itself when there is no such text.

        Only names are replaced, never ``str.format``: that would reach into attributes of what it is given.
        """
        texts = self._texts.get(locale, self._texts[DEFAULT])
        return PLACEHOLDER.sub(lambda name: facts.get(name[1], "?"), texts.get(key, key))
