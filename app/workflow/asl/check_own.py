"""Checks of what is our own: the state type Message, Compensate and OnLate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from . import check_data as data
from . import fields as f
from .check_states import errors_and_catchers, numbers
from .diagnostics import Report

_FIELDS: Final = frozenset({"Resource", "TimeoutSeconds", "Retry"})
_BOUNDS: Final = {"TimeoutSeconds": f.BOUNDS["TimeoutSeconds"]}


def compensate(report: Report, raw: Any, location: str, *, paths: bool) -> None:
    """Check Compensate, whose payload is Parameters or Arguments, as the query language of its Task has it."""
    if not report.is_of(raw, "OBJECT", location):
        return
    payload = "Parameters" if paths else "Arguments"
    report.only(raw, _FIELDS | {payload}, location)
    if report.required(raw, ("Resource",), location):
        report.is_of(raw["Resource"], "STRING", f"{location}/Resource")
    numbers(report, raw, _BOUNDS, location, expressions=False)
    errors_and_catchers(report, raw, location, paths=paths)
    _payload(report, raw.get(payload), f"{location}/{payload}", paths=paths)


def _payload(report: Report, raw: Any, location: str, *, paths: bool) -> None:
    if paths:
        data.template(report, raw, location)
    else:
        data.payload(report, raw, location, data.KNOWN | {"result"})


def texts(report: Report, raw: Mapping[str, Any], location: str) -> None:
    """Check the fields of our own that are names: of a correlation, of a state, of a machine."""
    for field in ("CorrelationKey", "CorrelationValue", "TimeoutPath", "OnLate"):
        if field in raw:
            report.is_of(raw[field], "STRING", f"{location}/{field}")
