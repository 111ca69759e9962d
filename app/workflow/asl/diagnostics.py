"""What is wrong with a definition, as ValidateStateMachineDefinition tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

ERROR: Final = "ERROR"
WARNING: Final = "WARNING"
SCHEMA: Final = "SCHEMA_VALIDATION_FAILED"
LARGEST: Final = 1_048_576
"""Bytes of UTF-8 that a definition may have."""


class Diagnostic(NamedTuple):
    """One fault, or with the severity WARNING one thing to look at. ``location`` is None where AWS gives none."""

    severity: str
    code: str
    message: str
    location: str | None = None


class Report:
    """The faults found so far."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def fault(self, code: str, message: str, location: str | None = None) -> None:
        """Note a fault."""
        self.found.append(Diagnostic(ERROR, code, message, location))

    def schema(self, message: str, location: str) -> None:
        """Note a fault of form."""
        self.fault(SCHEMA, message, location or "/")

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
