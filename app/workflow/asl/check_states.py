"""Checks of what only some state types have: numbers, retriers, catchers, rules, resources, the processor of a Map."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from . import check_data as data
from . import fields as f
from .choices import ASSERTIONS, COMPARISONS, is_number, read_timestamp
from .diagnostics import Report
from .expressions import child, is_expression

_LOGIC: Final = ("And", "Or", "Not")
_SELECTING: Final = (*_LOGIC, "Variable", "Condition")
_OPERATORS: Final = frozenset(
    {*COMPARISONS, *ASSERTIONS, *(f"{name}Path" for name in COMPARISONS if name != "StringMatches")}
)
_RULE: Final = frozenset({"Comment", *_SELECTING, "Next", "Assign", "Output"}) | _OPERATORS
_INNER_RULE: Final = _RULE - {"Next", "Assign", "Output"}
_DEEPEST: Final = 100
_BROKEN: Final = frozenset({"BackoffRate", "ToleratedFailurePercentage"})
"""Fields whose numbers need not be whole."""
_COMPARED: Final = re.compile("String|Numeric|Timestamp")
_OPERANDS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "String": (lambda given: isinstance(given, str), "STRING"),
    "Numeric": (is_number, "NUMBER"),
    "Boolean": (lambda given: isinstance(given, bool), "BOOLEAN"),
    "Timestamp": (lambda given: read_timestamp(given) is not None, "STRING"),
}
"""What an operator compares with, and the type's name."""
_LANGUAGES: Final = {"ResultPath": "JSONPath", "Output": "JSONata", "Variable": "JSONPath", "Condition": "JSONata"}
_CREDENTIALS: Final = frozenset({"RoleArn", "RoleArn.$"})


def numbers(
    report: Report,
    raw: Mapping[str, Any],
    bounds: Mapping[str, tuple[float, float]],
    location: str,
    *,
    expressions: bool,
) -> None:
    """Check fields that are numbers, or with ``expressions`` expressions that give one."""
    for field, (least, most) in bounds.items():
        if field in raw and not (expressions and is_expression(raw[field])):
            told = _wrong_number(raw[field], field, least, most, expressions=expressions)
            if told:
                report.schema(told, f"{location}/{field}")


def _wrong_number(value: Any, field: str, least: float, most: float, *, expressions: bool) -> str:
    if not _is_fit(value, field):
        return _no_number(value, field, expressions=expressions)
    if value < least:
        return f"Minimum value is {least:g}"
    return f"Maximum value is {most:.0f}" if value > most else ""


def _is_fit(value: Any, field: str) -> bool:
    return is_number(value) and (field in _BROKEN or isinstance(value, int) or value.is_integer())


def _no_number(value: Any, field: str, *, expressions: bool) -> str:
    if expressions and isinstance(value, str) and value.startswith("{%"):
        return "JSONata string must start with {% and end with %}"
    return f"Expected value of type {'Number' if field in _BROKEN else 'Integer'}"


def errors_and_catchers(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    """Check Retry and Catch."""
    for field in ("Retry", "Catch"):
        if field not in raw or not report.is_of(raw[field], "ARRAY", f"{location}/{field}"):
            continue
        rules = raw[field]
        for place, rule in enumerate(rules):
            where = f"{location}/{child(field, place)}"
            if report.is_of(rule, "OBJECT", where):
                _handler(report, field, rule, where, paths=paths, last=place == len(rules) - 1)


def _handler(report: Report, field: str, rule: Mapping[str, Any], location: str, *, paths: bool, last: bool) -> None:
    """Check a retrier or a catcher."""
    report.only(rule, f.HANDLER_FIELDS[field], location)
    _other_language(report, rule, location, paths=paths)
    report.required(rule, ("ErrorEquals", "Next") if field == "Catch" else ("ErrorEquals",), location)
    _next(report, rule, location)
    if "ErrorEquals" in rule:
        _names(report, rule["ErrorEquals"], f"{location}/ErrorEquals", last=last)
    if field == "Retry":
        numbers(report, rule, f.RETRIER, location, expressions=False)
        report.one_of(rule.get("JitterStrategy", "NONE"), ("NONE", "FULL"), f"{location}/JitterStrategy")


def _next(report: Report, rule: Mapping[str, Any], location: str) -> None:
    if "Next" in rule:
        report.is_of(rule["Next"], "STRING", f"{location}/Next")


def _other_language(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    for field, of in _LANGUAGES.items():
        if field in raw and paths is not (of == "JSONPath"):
            told = f"but field '{field}' is only supported for the '{of}' QueryLanguage"
            report.schema(f"The QueryLanguage is set to '{'JSONPath' if paths else 'JSONata'}', {told}", location)


def _names(report: Report, names: Any, location: str, *, last: bool) -> None:
    if not _are_texts(names):
        report.schema("Expected value of type [ARRAY]", location)
    elif report.is_filled(names, location) and "States.ALL" in names and (len(names) > 1 or not last):
        report.schema("States.ALL must appear alone and at end of list", location)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def choices(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    """Check the rules of a Choice."""
    if "Choices" in raw:
        _rules(report, raw["Choices"], f"{location}/Choices", paths=paths, depth=0)


def _rules(report: Report, rules: Any, location: str, *, paths: bool, depth: int) -> None:
    if report.is_filled(rules, location):
        for place, rule in enumerate(rules):
            _rule(report, rule, child(location, place), paths=paths, depth=depth)


def _rule(report: Report, rule: Any, location: str, *, paths: bool, depth: int) -> None:
    if not _is_rule(report, rule, location, paths=paths, depth=depth):
        return
    if not paths:
        _condition(report, rule, location)
        return
    _test(report, rule, location, depth)
    if not depth:
        data.template(report, rule.get("Assign"), f"{location}/Assign")


def _is_rule(report: Report, rule: Any, location: str, *, paths: bool, depth: int) -> bool:
    """Check the fields of a rule; tell whether there is one thing it says, so that this can be looked at."""
    if not report.is_of(rule, "OBJECT", location):
        return False
    if depth > _DEEPEST:
        report.fault("TOO_DEEPLY_NESTED", "The rules are too deeply nested.", location)
        return False
    report.only(rule, _INNER_RULE if depth else _RULE, location)
    if not depth:
        report.required(rule, ("Next",), location)
        _next(report, rule, location)
    _other_language(report, rule, location, paths=paths)
    if len(rule.keys() & set(_SELECTING)) == 1:
        return True
    report.schema(f"The object must have only one of the following fields, [{', '.join(_SELECTING)}]", location)
    return False


def _condition(report: Report, rule: Mapping[str, Any], location: str) -> None:
    """Check a rule of the language JSONata."""
    for field in ("Condition", "Output", "Assign"):
        if field in rule:
            data.payload(report, rule[field], f"{location}/{field}", data.KNOWN)
    condition, where = rule.get("Condition", True), f"{location}/Condition"
    if not isinstance(condition, (bool, str)):
        report.schema("Expected value of type [BOOLEAN]", where)
    elif isinstance(condition, str) and not condition.startswith("{%"):
        report.schema("JSONata string must start with {% and end with %}", where)


def _test(report: Report, rule: Mapping[str, Any], location: str, depth: int) -> None:
    if "Not" in rule:
        _rule(report, rule["Not"], f"{location}/Not", paths=True, depth=depth + 1)
        return
    for field in ("And", "Or"):
        if field in rule:
            _rules(report, rule[field], f"{location}/{field}", paths=True, depth=depth + 1)
    if "Variable" in rule:
        _comparison(report, rule, location)


def _comparison(report: Report, rule: Mapping[str, Any], location: str) -> None:
    data.path(report, rule["Variable"], f"{location}/Variable", reference=not _is_wide(rule["Variable"]))
    operators = [field for field in rule if field in _OPERATORS]
    if len(operators) != 1:
        report.schema("There should only be one of the following fields: [StringEquals, ...]", location)
    for field in operators:
        _operand(report, field, rule[field], f"{location}/{field}")


def _is_wide(path: Any) -> bool:
    """Tell whether a Variable may lead to many places, which AWS allows, as the developer guide's filters show."""
    return isinstance(path, str) and path.startswith("$") and bool(re.search(r"[*?@:,]|\.\.|\.length\(\)", path))


def _operand(report: Report, operator: str, value: Any, location: str) -> None:
    if operator.endswith("Path"):
        data.path(report, value, location, reference=True)
        return
    kind = _COMPARED.match(operator)
    fits, shown = _OPERANDS[kind[0] if kind else "Boolean"]
    if fits(value):
        return
    if operator.startswith("Timestamp") and isinstance(value, str):
        report.schema("String does not match RFC3339 timestamp", location)
    else:
        report.schema(f"Expected value of type [{shown}]", location)


def task(report: Report, raw: Mapping[str, Any], location: str, kind: str, *, extended: bool) -> None:
    """Check Resource and Credentials, and that a heartbeat can be lost before the time is over."""
    resource = raw.get("Resource", "arn:")
    _heartbeat(report, raw, location)
    _resource(report, resource, f"{location}/Resource", kind, extended=extended)
    if isinstance(raw.get("Credentials"), Mapping):
        _credentials(report, raw["Credentials"], resource, f"{location}/Credentials")


def _heartbeat(report: Report, raw: Mapping[str, Any], location: str) -> None:
    beat: Any = raw.get("HeartbeatSeconds")
    limit: Any = raw.get("TimeoutSeconds")
    if is_number(beat) and is_number(limit) and beat >= limit:
        told = "The value of 'HeartbeatSeconds' must be smaller than the value of 'TimeoutSeconds'"
        report.schema(told, f"{location}/HeartbeatSeconds")


def _resource(report: Report, resource: Any, location: str, kind: str, *, extended: bool) -> None:
    if not isinstance(resource, str) or not resource:
        report.schema("Expected value of type [STRING]", location)
    elif not extended and not resource.startswith("arn:"):
        report.schema("Value is not a valid resource ARN", location)
    elif kind == "EXPRESS":
        _express(report, resource, location)


def _credentials(report: Report, credentials: Mapping[str, Any], resource: Any, location: str) -> None:
    if not _CREDENTIALS & credentials.keys():
        report.schema("The field 'RoleArn' is required but was missing", location)
    if isinstance(resource, str) and _is_activity(resource):
        report.schema("The field 'Credentials' is not supported for activities", location)


def _is_activity(resource: str) -> bool:
    return re.match(r"arn:[^:]+:states:[^:]*:[^:]*:activity:", resource) is not None


def _express(report: Report, resource: str, location: str) -> None:
    if _is_activity(resource):
        report.schema("Express state machine does not support Activity ARN", location)
    for pattern in (".sync", ".waitForTaskToken"):
        if resource.removesuffix(":2").endswith(pattern):
            # The space at the end is AWS's (recorded).
            report.schema(f"Express state machine does not support '{pattern}' service integration ", location)


def processor(report: Report, raw: Mapping[str, Any], location: str, kind: str) -> bool:
    """Check the ProcessorConfig of a Map; tell whether it is distributed."""
    config = raw.get("ProcessorConfig", {})
    where = f"{location}/ProcessorConfig"
    if not report.is_of(config, "OBJECT", where):
        return False
    report.only(config, {"Mode", "ExecutionType"}, where)
    mode = config.get("Mode", "INLINE")
    if not report.one_of(mode, ("INLINE", "DISTRIBUTED"), f"{where}/Mode"):
        return False
    if mode == "DISTRIBUTED":
        _distributed(report, config, where, kind)
    elif "ExecutionType" in config:
        report.schema("Field 'ExecutionType' is not supported", where)
    return bool(mode == "DISTRIBUTED")


def _distributed(report: Report, config: Mapping[str, Any], location: str, kind: str) -> None:
    if report.required(config, ("ExecutionType",), location):
        report.one_of(config["ExecutionType"], ("STANDARD", "EXPRESS"), f"{location}/ExecutionType")
    if kind == "EXPRESS":
        told = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
        report.schema(told, f"{location}/Mode")


def _parallel(report: Report, raw: Mapping[str, Any], location: str) -> None:
    if "Branches" in raw:
        report.is_filled(raw["Branches"], f"{location}/Branches")


def _wait(report: Report, raw: Mapping[str, Any], location: str) -> None:
    stamp, where = raw.get("Timestamp"), f"{location}/Timestamp"
    if "Timestamp" not in raw or is_expression(stamp):
        return
    if report.is_of(stamp, "STRING", where) and read_timestamp(stamp) is None:
        report.schema("String does not match RFC3339 timestamp", where)


def _fail(report: Report, raw: Mapping[str, Any], location: str) -> None:
    for field in ("Error", "Cause"):
        if field in raw:
            report.is_of(raw[field], "STRING", f"{location}/{field}")


KINDS: Final[Mapping[str, Callable[[Report, Mapping[str, Any], str], None]]] = MappingProxyType(
    {"Parallel": _parallel, "Wait": _wait, "Fail": _fail}
)
"""What is checked of some types alone."""
