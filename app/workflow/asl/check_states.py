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
_DEEPEST: Final = 100
_LANGUAGES: Final = {"ResultPath": "JSONPath", "Output": "JSONata", "Variable": "JSONPath", "Condition": "JSONata"}
_READERS: Final = re.compile(r"arn:[^:]+:states:::s3:(getObject|listObjectsV2)")
_WRITERS: Final = re.compile(r"arn:[^:]+:states:::s3:putObject")
_CREDENTIALS: Final = frozenset({"RoleArn", "RoleArn.$"})


def numbers(
    report: Report,
    raw: Mapping[str, Any],
    bounds: Mapping[str, tuple[float, float | None]],
    location: str,
    *,
    expressions: bool,
) -> None:
    """Check fields that are numbers, or with ``expressions`` expressions that give one."""
    for field, (least, most) in bounds.items():
        if field not in raw or (expressions and is_expression(raw[field])):
            continue
        value, where = raw[field], f"{location}/{field}"
        whole = field not in {"BackoffRate", "ToleratedFailurePercentage"}
        if not is_number(value) or (whole and not float(value).is_integer()):
            if expressions and isinstance(value, str) and value.startswith("{%"):
                report.schema("JSONata string must start with {% and end with %}", where)
            else:
                report.schema(f"Expected value of type {'Integer' if whole else 'Number'}", where)
        elif value < least:
            report.schema(f"Minimum value is {least:g}", where)
        elif most is not None and value > most:
            report.schema(f"Maximum value is {most:.0f}", where)


def errors_and_catchers(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    """Check Retry and Catch."""
    for field, allowed in (("Retry", f.RETRIER_FIELDS), ("Catch", f.CATCHER_FIELDS)):
        if field not in raw:
            continue
        rules = raw[field]
        if not isinstance(rules, list):
            report.schema("Expected value of type [ARRAY]", f"{location}/{field}")
            continue
        for place, rule in enumerate(rules):
            where = f"{location}/{child(field, place)}"
            if not isinstance(rule, Mapping):
                report.schema("Expected value of type [OBJECT]", where)
                continue
            for name in rule:
                if name not in allowed:
                    report.schema(f"Field '{name}' is not supported", where)
            _other_language(report, rule, where, paths=paths)
            required = ["ErrorEquals", "Next"] if field == "Catch" else ["ErrorEquals"]
            missing = [name for name in required if name not in rule]
            if missing:
                report.schema(f"These fields are required: [{', '.join(missing)}]", where)
            if "ErrorEquals" in rule:
                _names(report, rule["ErrorEquals"], f"{where}/ErrorEquals", last=place == len(rules) - 1)
            if field == "Retry":
                numbers(report, rule, f.RETRIER, where, expressions=False)
                if rule.get("JitterStrategy", "NONE") not in {"NONE", "FULL"}:
                    told = "Value should be one of the following: [NONE, FULL]"
                    report.schema(told, f"{where}/JitterStrategy")


def _other_language(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    for field, of in _LANGUAGES.items():
        if field in raw and paths is not (of == "JSONPath"):
            told = f"but field '{field}' is only supported for the '{of}' QueryLanguage"
            report.schema(f"The QueryLanguage is set to '{'JSONPath' if paths else 'JSONata'}', {told}", location)


def _names(report: Report, names: Any, location: str, *, last: bool) -> None:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        report.schema("Expected value of type [ARRAY]", location)
    elif not names:
        report.schema("Value cannot be empty", location)
    elif "States.ALL" in names and (len(names) > 1 or not last):
        report.schema("States.ALL must appear alone and at end of list", location)


def choices(report: Report, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
    """Check the rules of a Choice."""
    if "Choices" not in raw:
        return
    rules, where = raw["Choices"], f"{location}/Choices"
    if not isinstance(rules, list):
        report.schema("Expected value of type [ARRAY]", where)
    elif not rules:
        report.schema("Value cannot be empty", where)
    else:
        for place, rule in enumerate(rules):
            _rule(report, rule, child(where, place), paths=paths, depth=0)


def _rule(report: Report, rule: Any, location: str, *, paths: bool, depth: int) -> None:
    if not isinstance(rule, Mapping):
        report.schema("Expected value of type [OBJECT]", location)
        return
    if depth > _DEEPEST:
        report.fault("TOO_DEEPLY_NESTED", "The rules are too deeply nested.", location)
        return
    allowed = _RULE - {"Next", "Assign", "Output"} if depth else _RULE
    for field in rule:
        if field not in allowed:
            report.schema(f"Field '{field}' is not supported", location)
    if not depth and "Next" not in rule:
        report.schema("These fields are required: [Next]", location)
    _other_language(report, rule, location, paths=paths)
    if sum(field in rule for field in _SELECTING) != 1:
        report.schema(f"The object must have only one of the following fields, [{', '.join(_SELECTING)}]", location)
        return
    if paths:
        _test(report, rule, location, depth)
        if not depth:
            data.template(report, rule.get("Assign"), f"{location}/Assign")
        return
    _condition(report, rule, location)


def _condition(report: Report, rule: Mapping[str, Any], location: str) -> None:
    """Check a rule of the language JSONata."""
    for field in ("Condition", "Output", "Assign"):
        if field in rule:
            data.payload(report, rule[field], f"{location}/{field}", data.KNOWN)
    condition = rule.get("Condition")
    if "Condition" in rule and not isinstance(condition, bool) and not isinstance(condition, str):
        report.schema("Expected value of type [BOOLEAN]", f"{location}/Condition")
    elif isinstance(condition, str) and not is_expression(condition) and not condition.startswith("{%"):
        report.schema("JSONata string must start with {% and end with %}", f"{location}/Condition")


def _test(report: Report, rule: Mapping[str, Any], location: str, depth: int) -> None:
    if "Not" in rule:
        _rule(report, rule["Not"], f"{location}/Not", paths=True, depth=depth + 1)
        return
    for field in ("And", "Or"):
        if field not in rule:
            continue
        inner, where = rule[field], f"{location}/{field}"
        if not isinstance(inner, list):
            report.schema("Expected value of type [ARRAY]", where)
        elif not inner:
            report.schema("Value cannot be empty", where)
        else:
            for place, part in enumerate(inner):
                _rule(report, part, child(where, place), paths=True, depth=depth + 1)
    if "Variable" in rule:
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
    kind = next(
        (kind for kind in ("String", "Numeric", "Boolean", "Timestamp") if operator.startswith(kind)), "Boolean"
    )
    fits: dict[str, Callable[[Any], bool]] = {
        "String": lambda given: isinstance(given, str),
        "Numeric": is_number,
        "Boolean": lambda given: isinstance(given, bool),
        "Timestamp": lambda given: read_timestamp(given) is not None,
    }
    if kind == "Timestamp" and isinstance(value, str) and not fits[kind](value):
        report.schema("String does not match RFC3339 timestamp", location)
    elif not fits[kind](value):
        shown = {"String": "STRING", "Numeric": "NUMBER", "Boolean": "BOOLEAN", "Timestamp": "STRING"}[kind]
        report.schema(f"Expected value of type [{shown}]", location)


def task(report: Report, raw: Mapping[str, Any], location: str, kind: str, *, extended: bool) -> None:
    """Check Resource and Credentials."""
    resource, where = raw.get("Resource"), f"{location}/Resource"
    if "Resource" in raw:
        if not isinstance(resource, str) or not resource:
            report.schema("Expected value of type [STRING]", where)
        elif not extended and not resource.startswith("arn:"):
            report.schema("Value is not a valid resource ARN", where)
        elif kind == "EXPRESS":
            _express(report, resource, where)
    credentials = raw.get("Credentials")
    if isinstance(credentials, Mapping):
        if not _CREDENTIALS & credentials.keys():
            report.schema("The field 'RoleArn' is required but was missing", f"{location}/Credentials")
        if isinstance(resource, str) and _is_activity(resource):
            report.schema("The field 'Credentials' is not supported for activities", f"{location}/Credentials")


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
    if not isinstance(config, Mapping):
        report.schema("Expected value of type [OBJECT]", where)
        return False
    for field in config:
        if field not in {"Mode", "ExecutionType"}:
            report.schema(f"Field '{field}' is not supported", where)
    mode, execution = config.get("Mode", "INLINE"), config.get("ExecutionType")
    if mode not in {"INLINE", "DISTRIBUTED"}:
        report.schema("Value should be one of the following: [INLINE, DISTRIBUTED]", f"{where}/Mode")
    elif mode == "INLINE" and "ExecutionType" in config:
        report.schema("Field 'ExecutionType' is not supported", where)
    elif mode == "DISTRIBUTED":
        if "ExecutionType" not in config:
            report.schema("These fields are required: [ExecutionType]", where)
        elif execution not in {"STANDARD", "EXPRESS"}:
            report.schema("Value should be one of the following: [STANDARD, EXPRESS]", f"{where}/ExecutionType")
        if kind == "EXPRESS":
            told = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
            report.schema(told, f"{where}/Mode")
    return bool(mode == "DISTRIBUTED")


def _map(report: Report, raw: Mapping[str, Any], location: str) -> None:
    for field, resources, examples in (
        ("ItemReader", _READERS, "s3:getObject, arn:<partition>:states:::s3:listObjectsV2"),
        ("ResultWriter", _WRITERS, "s3:putObject"),
    ):
        holder, where = raw.get(field), f"{location}/{field}"
        if field not in raw:
            continue
        if not isinstance(holder, Mapping):
            report.schema("Expected value of type [OBJECT]", where)
        elif "Resource" in holder and not resources.fullmatch(str(holder["Resource"])):
            told = "The field 'Resource' does not match any of the allowed values. Examples: "
            report.schema(f"{told}[arn:<partition>:states:::{examples}]", f"{where}/Resource")


def _parallel(report: Report, raw: Mapping[str, Any], location: str) -> None:
    branches = raw.get("Branches", [{}])
    if not isinstance(branches, list):
        report.schema("Expected value of type [ARRAY]", f"{location}/Branches")
    elif not branches:
        report.schema("Value cannot be empty", f"{location}/Branches")


def _wait(report: Report, raw: Mapping[str, Any], location: str) -> None:
    stamp = raw.get("Timestamp")
    if "Timestamp" not in raw or is_expression(stamp):
        return
    if not isinstance(stamp, str):
        report.schema("Expected value of type [STRING]", f"{location}/Timestamp")
    elif read_timestamp(stamp) is None:
        report.schema("String does not match RFC3339 timestamp", f"{location}/Timestamp")


def _fail(report: Report, raw: Mapping[str, Any], location: str) -> None:
    for field in ("Error", "Cause"):
        if field in raw and not isinstance(raw[field], str):
            report.schema("Expected value of type [STRING]", f"{location}/{field}")


KINDS: Final[Mapping[str, Callable[[Report, Mapping[str, Any], str], None]]] = MappingProxyType(
    {"Map": _map, "Parallel": _parallel, "Wait": _wait, "Fail": _fail}
)
"""What is checked of some types alone."""
