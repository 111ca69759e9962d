"""Checks of paths, payload templates and expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from .diagnostics import Report
from .expressions import child, inner, is_expression
from .intrinsics import compile_call
from .jsonata.compiled import compiled
from .jsonata.errors import JsonataError
from .jsonata.references import References, references
from .query import InvalidDefinitionError
from .templates import compile_path

DEEPEST: Final = 200
_VARIABLE: Final = re.compile(r"(?<![\w$'])\$([^\W\d]\w*)")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_LOOKS_DYNAMIC: Final = re.compile(r"\$$|\$\.|\$\[|\$\$\.|States\.[A-Z]\w*\(")
_NO_PATHS: Final = frozenset({"States", "Comment", "Result"})
_NO_EXPRESSIONS: Final = frozenset({"States", "Comment"})
NAME: Final = re.compile(r"[^\W\d]\w*")
KNOWN: Final = frozenset({"input", "context"})
"""What ``$states`` holds everywhere."""


def path(report: Report, value: Any, location: str, *, reference: bool = False) -> None:
    """Check a path; with ``reference`` it must lead to one place."""
    if report.is_of(value, "STRING", location):
        told = _wrong_path(value, reference=reference)
        if told is not None:
            report.schema(told, location)


def _wrong_path(value: str, *, reference: bool) -> str | None:
    if reference and not value.startswith("$"):
        return "Value is not a Reference Path: Reference path didn't start with '$'"
    try:
        read = compile_path(value)[1]
    except InvalidDefinitionError:
        return "Value must be a valid JSONPath."
    return "Value is not a Reference Path" if reference and not read.is_reference else None


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
    elif isinstance(raw, list):
        for place, value in enumerate(raw):
            template(report, value, child(location, place), depth + 1)
    elif isinstance(raw, Mapping):
        for name in raw:
            _template_field(report, raw, name, location, depth)


def _template_field(report: Report, raw: Mapping[str, Any], name: str, location: str, depth: int) -> None:
    value, where = raw[name], child(location, name)
    if name.endswith(".$"):
        if name[:-2] in raw:
            report.schema(f"Duplicate field: '{name[:-2]}'", location)
        call(report, value, where, name)
        return
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
    if raw.startswith("{%") and not raw.endswith("%}"):
        report.schema("JSONata string must start with {% and end with %}", location)
    if not is_expression(raw) or not report.reads(raw, location):
        return
    try:
        used = references(compiled(inner(raw)).tree)
    except JsonataError as error:
        report.fault("INVALID_JSONATA_EXPRESSION", error.message, location)
        return
    for what in _unsupported(used, states):
        report.fault("UNSUPPORTED_JSONATA_EXPRESSION", what, location)


def _unsupported(used: References, states: frozenset[str]) -> Iterator[str]:
    for name in used.outside:
        told = "is not supported." if name == "$$" else "at the top level is not supported."
        yield f"Reference to '{name}' {told}"
    for name in used.states:
        if name and name not in states:
            yield f"Field '$states.{name}' does not exist."


def assigned(report: Report, raw: Any, location: str, *, paths: bool) -> set[str]:
    """Check the names of an Assign, and give them."""
    if not isinstance(raw, Mapping):
        if paths or not is_expression(raw):
            report.is_of(raw, "OBJECT", location)
        return set()
    return {_variable(report, name, child(location, name), paths=paths) for name in raw}


def _variable(report: Report, written: str, location: str, *, paths: bool) -> str:
    name = written.removesuffix(".$") if paths else written
    if name == "states":
        report.fault("RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'.", location)
    elif not NAME.fullmatch(name):
        told = f"Invalid variable name '{name}': the variable name contains invalid characters."
        report.fault("INVALID_VARIABLE_NAME", told, location)
    elif len(name) > 80:
        told = f"Invalid variable name '{name}': exceeds the 80-character limit allowed by the service."
        report.fault("INVALID_VARIABLE_NAME", told, location)
    return name


def variables_of_paths(raw: Any) -> Iterator[str]:
    """Give the variables that a part of a JSONPath state reads; the states inside it are not looked into."""
    for field, text in _texts(raw, _NO_PATHS):
        if field.endswith((".$", "Path")) or field == "Variable":
            yield from _VARIABLE.findall(_QUOTED.sub("", text) if text.startswith("States.") else text)


def variables_of_expressions(raw: Any) -> Iterator[str]:
    """Give the variables that a part of a JSONata state reads; the states inside it are not looked into."""
    for _, text in _texts(raw, _NO_EXPRESSIONS):
        if is_expression(text):
            with suppress(JsonataError):
                yield from references(compiled(inner(text)).tree).variables


def _texts(raw: Any, skipped: frozenset[str], field: str = "") -> Iterator[tuple[str, str]]:
    """Give all texts in a part of a state, each with the field that it stands in if it stands in one."""
    if isinstance(raw, str):
        yield field, raw
    for name, value in _parts(raw):
        if name not in skipped:
            yield from _texts(value, skipped, name)


def _parts(raw: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(raw, Mapping):
        return raw.items()
    return (("", value) for value in raw) if isinstance(raw, list) else ()
