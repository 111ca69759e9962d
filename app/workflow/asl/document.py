"""Reads the text of a definition, JSON or YAML, into plain data; fields given twice are told, not lost."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NamedTuple

import yaml

LARGEST: Final = 1_048_576
"""Characters of a definition."""
DEEPEST: Final = 250
"""How deep a definition may be nested."""
MOST: Final = 200_000
"""Values that a YAML definition may come to once its aliases are followed."""


_COLLECTIONS: Final = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class UnreadableDocumentError(ValueError):
    """The text is no JSON or YAML that a definition could be."""


class Document(NamedTuple):
    """A definition as plain data; ``duplicates`` are the JSON pointers of fields that are given more than once."""

    data: Any
    duplicates: tuple[str, ...]


def read_json(text: str) -> Document:
    """Read JSON. Raises UnreadableDocumentError."""
    _check_length(text)
    try:
        raw = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_refuse, parse_int=_whole, parse_float=_real)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocumentError(f"The definition is not valid JSON: {error}") from None
    return _Plain().document(raw)


def read_yaml(text: str) -> Document:
    """Read YAML, of which only what JSON can say is taken. Raises UnreadableDocumentError."""
    _check_length(text)
    try:
        node = yaml.compose(text, Loader=_Loader)
        raw = _Composed().value(node)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableDocumentError(f"The definition is not valid YAML: {error}") from None
    return _Plain().document(raw)


def _check_length(text: str) -> None:
    if len(text) > LARGEST:
        raise UnreadableDocumentError(f"The definition has more than {LARGEST} characters")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _whole(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{digits} is too large")
    return number


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


class _Pairs(list[tuple[str, Any]]):
    """The fields of an object, in order, before anything is lost."""


class _Plain:
    """Makes objects of lists of fields."""

    def __init__(self) -> None:
        self._duplicates: list[str] = []

    def document(self, raw: Any) -> Document:
        data = self._value(raw, "", 0)
        return Document(data, tuple(self._duplicates))

    def _value(self, raw: Any, where: str, depth: int) -> Any:
        if depth > DEEPEST:
            raise UnreadableDocumentError(f"The definition is nested more than {DEEPEST} deep")
        if isinstance(raw, _Pairs):
            return self._object(raw, where, depth)
        if isinstance(raw, list):
            return [self._value(value, f"{where}/{place}", depth + 1) for place, value in enumerate(raw)]
        return raw

    def _object(self, pairs: _Pairs, where: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            place = f"{where}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in made:
                self._duplicates.append(place)
            made[name] = self._value(value, place, depth + 1)
        return made


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML is untyped
    """Reads scalars as YAML 1.2's JSON schema does: ``yes`` is a text, and so is a date."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's way


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", "n~\0"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), ["" if letter == "\0" else letter for letter in _first]
    )


class _Composed:
    """Makes values of the nodes of a YAML document."""

    def __init__(self) -> None:
        self._count = 0

    def value(self, node: yaml.Node | None, depth: int = 0) -> Any:
        self._count += 1
        if self._count > MOST or depth > DEEPEST:
            raise ValueError("it is too large or nested too deep")
        if isinstance(node, yaml.CollectionNode):
            return self._collection(node, depth)
        return None if node is None else _scalar(node)

    def _collection(self, node: yaml.CollectionNode, depth: int) -> Any:
        if node.tag not in _COLLECTIONS:
            raise ValueError(f"the tag {node.tag} is not known here")
        if isinstance(node, yaml.MappingNode):
            return _Pairs((self._name(key), self.value(value, depth + 1)) for key, value in node.value)
        return [self.value(value, depth + 1) for value in node.value]

    def _name(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise UnreadableDocumentError("names of fields must be texts")
        return str(node.value)


def _scalar(node: yaml.Node) -> Any:
    kind, text = node.tag.rpartition(":")[2], node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text == "true"
    if kind == "int":
        return _whole(text)
    if kind == "float":
        return _real(text)
    if kind == "str":
        return text
    raise ValueError(f"the tag {node.tag} is not known here")
