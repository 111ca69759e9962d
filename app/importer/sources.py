"""Where the value of a field comes from: a column, a constant, a template, several columns; and what is done to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from app.domain.shared.money import plain
from app.importer.fields import Field, Notation, decimal
from app.importer.refusals import BadMapping, UnknownWord

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
FORMS: Final = ("column", "constant", "template", "join")
OPTIONS: Final = frozenset({*FORMS, "with", "map", "transform"})


def _percent(text: str, notation: Notation) -> str:
    return plain(decimal(text, notation) * Decimal(100)).replace(".", notation.decimal)


TRANSFORMS: Final[Mapping[str, Callable[[str, Notation], str]]] = MappingProxyType(
    {
        "percent": _percent,
        "upper": lambda text, _: text.upper(),
        "lower": lambda text, _: text.lower(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one field is filled. ``columns`` are those it reads; an error is shown at the first."""

    columns: tuple[str, ...]
    text: Callable[[Mapping[str, str], frozenset[str]], str | None]
    words: Mapping[str, str] | None = None
    transform: str | None = None

    def value(self, field: Field, cells: Mapping[str, str], notation: Notation) -> object:
        """Give the value of ``field``, for an empty cell its ``empty`` one. Raises UnknownWord, and as the field."""
        text = self.text(cells, notation.null)
        if text is None:
            return field.empty
        if self.words is not None:
            if text not in self.words:
                raise UnknownWord(value=text)
            text = self.words[text]
        if self.transform is not None:
            text = TRANSFORMS[self.transform](text, notation)
        return field.read(text, notation)


def source(where: str, told: object) -> Source:
    """Read what the mapping says of one field: a column's name or a table. Raises BadMapping naming ``where``."""
    if isinstance(told, str):
        return Source(columns=(told,), text=_column(told))
    if not isinstance(told, dict):
        raise BadMapping(at=(where,), reason="must be a column's name or a table")
    unknown = sorted(set(told) - OPTIONS)
    forms = [form for form in FORMS if form in told]
    if unknown:
        raise BadMapping(at=(where,), reason=f"unknown option {unknown[0]}; there are {', '.join(sorted(OPTIONS))}")
    if len(forms) != 1:
        raise BadMapping(at=(where,), reason=f"needs exactly one of {', '.join(FORMS)}")
    columns, text = _form(where, forms[0], told)
    return Source(columns=columns, text=text, words=_words(where, told), transform=_transform(where, told))


def _form(
    where: str, form: str, told: Mapping[str, Any]
) -> tuple[tuple[str, ...], Callable[[Mapping[str, str], frozenset[str]], str | None]]:
    given = told[form]
    if form == "join":
        if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
            raise BadMapping(at=(where,), reason="join must be a list of columns")
        return tuple(given), _join(given, str(told.get("with", " ")))
    if not isinstance(given, str):
        raise BadMapping(at=(where,), reason=f"{form} must be text")
    if form == "constant":
        return (), lambda _cells, _null: given
    if form == "template":
        return tuple(_PLACE.findall(given)), _template(given)
    return (given,), _column(given)


def _column(name: str) -> Callable[[Mapping[str, str], frozenset[str]], str | None]:
    def text(cells: Mapping[str, str], null: frozenset[str]) -> str | None:
        value = cells[name]
        return None if not value or value in null else value

    return text


def _join(names: list[str], between: str) -> Callable[[Mapping[str, str], frozenset[str]], str | None]:
    columns = [_column(name) for name in names]

    def text(cells: Mapping[str, str], null: frozenset[str]) -> str | None:
        found = [value for column in columns if (value := column(cells, null)) is not None]
        return between.join(found) or None

    return text


def _template(pattern: str) -> Callable[[Mapping[str, str], frozenset[str]], str | None]:
    """Fill ``{column}`` in a pattern; nothing at all when one of its columns is empty."""
    columns = {name: _column(name) for name in _PLACE.findall(pattern)}

    def text(cells: Mapping[str, str], null: frozenset[str]) -> str | None:
        found = {name: column(cells, null) for name, column in columns.items()}
        if None in found.values():
            return None
        return _PLACE.sub(lambda place: found[place[1]] or "", pattern)

    return text


def _words(where: str, told: Mapping[str, Any]) -> Mapping[str, str] | None:
    words = told.get("map")
    if words is None:
        return None
    if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
        raise BadMapping(at=(where,), reason="map must be a table of texts")
    return words


def _transform(where: str, told: Mapping[str, Any]) -> str | None:
    name = told.get("transform")
    if name is not None and name not in TRANSFORMS:
        raise BadMapping(at=(where,), reason=f"unknown transform {name}; there are {', '.join(TRANSFORMS)}")
    return name
