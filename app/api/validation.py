"""What pydantic and the query string refuse, in our own stable codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.api.refusals import BadInput, BadParameters, FieldProblem, MalformedBody, Refusal

MOST_PROBLEMS: Final = 100
_RELATIONS: Final = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_LIMITS: Final = {
    "validation.too_short": "min_length",
    "validation.too_long": "max_length",
    "validation.decimals": "decimal_places",
}


CODES: Final[Mapping[str, str]] = {
    "missing": "validation.missing",
    "extra_forbidden": "validation.unknown_field",
    "greater_than": "validation.range",
    "greater_than_equal": "validation.range",
    "less_than": "validation.range",
    "less_than_equal": "validation.range",
    "string_too_short": "validation.too_short",
    "too_short": "validation.too_short",
    "string_too_long": "validation.too_long",
    "too_long": "validation.too_long",
    "string_pattern_mismatch": "validation.pattern",
    "enum": "validation.choice",
    "literal_error": "validation.choice",
    "decimal_max_digits": "validation.digits",
    "decimal_max_places": "validation.decimals",
    "decimal_whole_digits": "validation.digits",
    "finite_number": "validation.number",
    "decimal_parsing": "validation.number",
    "decimal_type": "validation.number",
    "int_parsing": "validation.number",
    "int_type": "validation.number",
    "int_from_float": "validation.number",
    "int_parsing_size": "validation.number",
}
"""pydantic's error type -> ours; dates are ``validation.date``, other wrong types ``validation.type``."""


def code_of(kind: str) -> str:
    """Give our code for pydantic's error type; ``validation.value`` for those that say nothing a client could use."""
    if kind in CODES:
        return CODES[kind]
    if kind.startswith(("date", "time")):
        return "validation.date"
    return "validation.type" if kind.endswith(("_type", "_parsing")) else "validation.value"


def refused(errors: Sequence[Any]) -> Refusal:
    """Give the refusal for pydantic's ``errors``: parameters before the body, broken JSON before both.

    Values are never repeated: they may be secrets.
    """
    if any(error["type"] == "json_invalid" for error in errors):
        return MalformedBody()
    problems = [_problem(error) for error in errors[:MOST_PROBLEMS]]
    parameters = [problem for problem in problems if problem.parameter is not None]
    return BadParameters(parameters) if parameters else BadInput(problems)


def _problem(error: Mapping[str, Any]) -> FieldProblem:
    place, *path = error["loc"]
    code = code_of(error["type"])
    facts = _facts(code, error.get("ctx", {}))
    if place == "body":
        return FieldProblem(code, tuple(path), facts=facts)
    return FieldProblem(code, parameter=str(path[0]) if path else place, facts=facts)


def _facts(code: str, given: Mapping[str, Any]) -> dict[str, object]:
    if code in _LIMITS:
        return {"limit": given[_LIMITS[code]]}
    match code:
        case "validation.range":
            name = next(name for name in _RELATIONS if name in given)
            return {"relation": _RELATIONS[name], "limit": given[name]}
        case "validation.choice":
            return {"allowed": str(given["expected"]).replace("'", "").replace(" or ", ", ")}
        case "validation.digits":
            return {"limit": given.get("max_digits", given.get("whole_digits"))}
        case _:
            return {}


def unknown_parameters(given: Iterable[str], known: frozenset[str]) -> None:
    """Pass only query parameters that exist. Raises BadParameters naming those that do not."""
    strangers = [name for name in dict.fromkeys(given) if name not in known]
    if strangers:
        allowed = ", ".join(sorted(known)) or "-"
        raise BadParameters(
            FieldProblem("validation.unknown_parameter", parameter=name[:100], facts={"allowed": allowed})
            for name in strangers[:MOST_PROBLEMS]
        )
