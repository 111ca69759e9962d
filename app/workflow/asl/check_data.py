"""Checks of paths, payload templates and expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .diagnostics import Report
from .expressions import child, inner, is_expression
from .intrinsics import compile_call
from .jsonata.compiled import compiled
from .jsonata.errors import JsonataError
from .jsonata.references import references
from .query import InvalidDefinitionError
from .templates import compile_path

DEEPEST: Final = 200
_VARIABLE: Final = re.compile(r"(?<![\w$'])\$([^\W\d]\w*)")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_LOOKS_DYNAMIC: Final = re.compile(r"\$$|\$\.|\$\[|\$\$\.|States\.[A-Z]\w*\(")
NAME: Final = re.compile(r"[^\W\d]\w*")
KNOWN: Final = frozenset({"input", "context"})
"""What ``$states`` holds everywhere."""


def path(report: Report, value: Any, location: str, *, reference: bool = False) -> None:
    """Check a path; with ``reference`` it must lead to one place."""
    if not isinstance(value, str):
        report.schema("Expected value of type [STRING]", location)
        return
    if not value.startswith("$"):
        report.schema(
            "Value is not a Reference Path: Reference path didn't start with '$'"
            if reference
            else "Value must be a valid JSONPath.",
            location,
        )
        return
    try:
        read = compile_path(value)[1]
    except InvalidDefinitionError:
        report.schema("Value must be a valid JSONPath.", location)
        return
    if reference and not read.is_reference:
        report.schema("Value is not a Reference Path", location)


def path_or_call(report: Report, value: Any, location: str) -> None:
    """Check a path or an intrinsic function."""
    if isinstance(value, str) and value.startswith("States."):
        call(report, value, location, location.rpartition("/")[2])
    else:
        path(report, value, location)


def call(report: Report, value: Any, location: str, name: str) -> None:
    """Check what stands in a field whose name ends in ``.$``."""
    try:
        if isinstance(value, str) and value.startswith("States."):
            compile_call(value, compile_path)
        else:
            compile_path(value)
    except InvalidDefinitionError:
        what = "must be a valid JSONPath or a valid intrinsic function call"
        report.schema(f"The value for the field '{name}' {what}", location)


def template(report: Report, raw: Any, location: str, depth: int = 0) -> None:
    """Check a payload template of the language JSONPath."""
    if depth > DEEPEST:
        report.fault("TOO_DEEPLY_NESTED", f"The payload is nested more than {DEEPEST} deep.", location)
        return
    if isinstance(raw, list):
        for place, value in enumerate(raw):
            template(report, value, child(location, place), depth + 1)
    if not isinstance(raw, Mapping):
        return
    for name, value in raw.items():
        where = child(location, name)
        if name.endswith(".$"):
            if name[:-2] in raw:
                report.schema(f"Duplicate field: '{name[:-2]}'", location)
            call(report, value, where, name)
            continue
        if isinstance(value, str) and _LOOKS_DYNAMIC.match(value):
            told = f"The value of '{name}' looks like a JSONPath or an intrinsic function: '{name}.$' evaluates it"
            report.warning("NO_DOLLAR", told, where)
        template(report, value, where, depth + 1)


def is_dynamic(raw: Any) -> bool:
    """Tell whether a static value looks as if a path in it were meant to be followed."""
    if isinstance(raw, Mapping):
        return any(name.endswith(".$") or is_dynamic(value) for name, value in raw.items())
    if isinstance(raw, list):
        return any(map(is_dynamic, raw))
    return isinstance(raw, str) and _LOOKS_DYNAMIC.match(raw) is not None


def payload(report: Report, raw: Any, location: str, states: frozenset[str], depth: int = 0) -> None:
    """Check a payload of the language JSONata; ``states`` is what ``$states`` holds here."""
    if depth > DEEPEST:
        report.fault("TOO_DEEPLY_NESTED", f"The payload is nested more than {DEEPEST} deep.", location)
    elif isinstance(raw, str):
        expression(report, raw, location, states)
    elif isinstance(raw, (Mapping, list)):
        for name, value in raw.items() if isinstance(raw, Mapping) else enumerate(raw):
            payload(report, value, child(location, name), states, depth + 1)


def expression(report: Report, raw: str, location: str, states: frozenset[str]) -> None:
    """Check a text that may be an expression."""
    if raw.startswith("{%") is not raw.endswith("%}") and raw.startswith("{%"):
        report.schema("JSONata string must start with {% and end with %}", location)
    if not is_expression(raw):
        return
    try:
        used = references(compiled(inner(raw)).tree)
    except JsonataError as error:
        report.fault("INVALID_JSONATA_EXPRESSION", error.message, location)
        return
    for name in used.outside:
        told = "is not supported." if name == "$$" else "at the top level is not supported."
        report.fault("UNSUPPORTED_JSONATA_EXPRESSION", f"Reference to '{name}' {told}", location)
    for name in used.states:
        if name and name not in states:
            report.fault("UNSUPPORTED_JSONATA_EXPRESSION", f"Field '$states.{name}' does not exist.", location)


def assigned(report: Report, raw: Any, location: str, *, paths: bool) -> set[str]:
    """Check the names of an Assign, and give them."""
    if not isinstance(raw, Mapping):
        if not (isinstance(raw, str) and is_expression(raw) and not paths):
            report.schema("Expected value of type [OBJECT]", location)
        return set()
    names = set()
    for written in raw:
        name = written.removesuffix(".$") if paths else written
        where = child(location, written)
        if name == "states":
            report.fault("RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'.", where)
        elif not NAME.fullmatch(name):
            told = f"Invalid variable name '{name}': the variable name contains invalid characters."
            report.fault("INVALID_VARIABLE_NAME", told, where)
        elif len(name) > 80:
            told = f"Invalid variable name '{name}': exceeds the 80-character limit allowed by the service."
            report.fault("INVALID_VARIABLE_NAME", told, where)
        names.add(name)
    return names


def variables_of_paths(raw: Any, *, dynamic: bool = False) -> Iterator[str]:
    """Give the variables that a part of a JSONPath state reads; the states inside it are not looked into."""
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            if name not in {"States", "Comment", "Result"}:
                reads = name.endswith((".$", "Path")) or name == "Variable"
                yield from variables_of_paths(value, dynamic=reads)
    elif isinstance(raw, list):
        for value in raw:
            yield from variables_of_paths(value)
    elif dynamic and isinstance(raw, str):
        yield from _VARIABLE.findall(_QUOTED.sub("", raw) if raw.startswith("States.") else raw)


def variables_of_expressions(raw: Any) -> Iterator[str]:
    """Give the variables that a part of a JSONata state reads; the states inside it are not looked into."""
    if isinstance(raw, Mapping):
        for name, value in raw.items():
            if name not in {"States", "Comment"}:
                yield from variables_of_expressions(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from variables_of_expressions(value)
    elif is_expression(raw):
        try:
            yield from references(compiled(inner(raw)).tree).variables
        except JsonataError:
            return
