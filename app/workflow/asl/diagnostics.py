"""What is wrong with a definition, as ValidateStateMachineDefinition tells it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

ERROR: Final = "ERROR"
WARNING: Final = "WARNING"
SCHEMA: Final = "SCHEMA_VALIDATION_FAILED"
LARGEST: Final = 1_048_576
"""Bytes of UTF-8 that a definition may have."""
MOST_EXPRESSIONS: Final = 262_144
"""Characters that all expressions of a definition may have together."""
_TYPES: Final[Mapping[str, Any]] = {"STRING": str, "BOOLEAN": bool, "ARRAY": list, "OBJECT": Mapping}


class Diagnostic(NamedTuple):
    """One fault, or with the severity WARNING one thing to look at. ``location`` is None where AWS gives none."""

    severity: str
    code: str
    message: str
    location: str | None = None


class Report:
    """The faults found so far, and the characters of expressions that were read to find them."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self._read = 0

    def fault(self, code: str, message: str, location: str | None = None) -> None:
        """Note a fault."""
        self.found.append(Diagnostic(ERROR, code, message, location))

    def schema(self, message: str, location: str) -> None:
        """Note a fault of form."""
        self.fault(SCHEMA, message, location or "/")

    def reads(self, text: str, location: str) -> bool:
        """Tell whether an expression may still be read; note the first that goes beyond what all may have."""
        before, self._read = self._read, self._read + len(text)
        if before <= MOST_EXPRESSIONS < self._read:
            told = f"The expressions of a definition have more than {MOST_EXPRESSIONS} characters"
            self.fault("INVALID_JSONATA_EXPRESSION", told, location)
        return self._read <= MOST_EXPRESSIONS

    def is_of(self, value: Any, kind: str, location: str) -> bool:
        """Tell whether a value is a STRING, a BOOLEAN, an ARRAY or an OBJECT; note it when it is not."""
        fits = isinstance(value, _TYPES[kind])
        if not fits:
            self.schema(f"Expected value of type [{kind}]", location)
        return fits

    def is_filled(self, value: Any, location: str) -> bool:
        """Tell whether a value is a list with something in it; note it when it is not."""
        if not self.is_of(value, "ARRAY", location):
            return False
        if not value:
            self.schema("Value cannot be empty", location)
        return bool(value)

    def one_of(self, value: Any, allowed: Collection[str], location: str) -> bool:
        """Tell whether a value is one of some texts; note it when it is not."""
        fits = isinstance(value, str) and value in allowed
        if not fits:
            self.schema(f"Value should be one of the following: [{', '.join(allowed)}]", location)
        return fits

    def required(self, raw: Mapping[str, Any], fields: Collection[str], location: str) -> bool:
        """Tell whether an object has some fields; note those it lacks."""
        missing = [field for field in fields if field not in raw]
        if missing:
            self.schema(f"These fields are required: [{', '.join(missing)}]", location)
        return not missing

    def only(self, raw: Mapping[str, Any], allowed: Collection[str], location: str) -> None:
        """Note the fields of an object that it must not have."""
        for field in raw:
            if field not in allowed:
                self.schema(f"Field '{field}' is not supported", location)

    def warning(self, code: str, message: str, location: str) -> None:
        """Note what may not be meant."""
        self.found.append(Diagnostic(WARNING, code, message, location))


class _Pairs(list[tuple[str, Any]]):
    """An object of a JSON text with all its fields, those written twice as well."""


def repeated(text: str) -> list[Diagnostic]:
    """Find the fields that a JSON text has twice, and a text that is too large.

    A text that is not JSON has none; reading it tells what is wrong.
    """
    if len(text.encode("utf-8", "replace")) > LARGEST:
        message = f"State Machine definition exceeds the maximum length of {LARGEST} bytes"
        return [Diagnostic(ERROR, "INVALID_JSON_DESCRIPTION", message)]
    try:
        tree = json.loads(text, object_pairs_hook=_Pairs)
        return [
            Diagnostic(ERROR, "INVALID_JSON_DESCRIPTION", f"Duplicate field '{name}'", location)
            for name, location in _twice(tree, "")
        ]
    except (ValueError, RecursionError):
        return []


def _twice(tree: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, _Pairs):
        seen = set()
        for name, value in tree:
            if name in seen:
                yield name, f"{where}/{name}"
            seen.add(name)
            yield from _twice(value, f"{where}/{name}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from _twice(value, f"{where}[{place}]")
