"""Static analysis: everything that is wrong with a definition, before anything is stored.

Codes, messages and locations are those of ValidateStateMachineDefinition where they are known from its answers; a
location names the fields from the top, ``/States/Order/Choices[0]/Next``, with names as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from . import check_data as data
from . import fields as f
from .check_own import compensate, texts
from .check_states import KINDS, choices, errors_and_catchers, numbers, processor, task
from .diagnostics import Diagnostic, Report
from .expressions import child, is_expression
from .maps import checks as maps

LANGUAGES: Final = ("JSONPath", "JSONata")
DEEPEST: Final = 50
"""Flows inside flows."""
_SIMPLE: Final = {"Next": "STRING", "End": "BOOLEAN", "Comment": "STRING", "Default": "STRING", "Pivot": "BOOLEAN"}
_TEMPLATES: Final = ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials")
_EVALUATED: Final = (
    *("Arguments", "ItemSelector", "Items", "Credentials"),
    *("Error", "Cause", "Timestamp", "ItemBatcher"),
)
_BAD_NAME: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BAD_LABEL: Final = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"/\x00-\x1f\x7f-\x9f]")


def check(document: Any, *, kind: str = "STANDARD", extended: bool = True) -> list[Diagnostic]:
    """Give all faults of a definition, and warnings; an empty list when there are none.

    ``kind`` is STANDARD or EXPRESS. Without ``extended`` our own state type and fields are refused, as AWS does, and
    resources have to be ARNs.
    """
    return _Check(kind, extended=extended).document(document)


def variable_references(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Give the variables that each state reads, by the name of the state; states that read none are left out.

    Source: ``variableReferences`` of DescribeStateMachine, sorted (recorded).
    """
    found: dict[str, list[str]] = {}
    machine = str(document.get("QueryLanguage", "JSONPath"))
    for name, state in _states(document):
        paths = f.language_of(state, machine) == "JSONPath"
        own = {field: value for field, value in state.items() if field not in {"ItemProcessor", "Iterator", "Branches"}}
        names = data.variables_of_paths(own) if paths else data.variables_of_expressions(own)
        read = sorted(set(names))
        if read:
            found[name] = read
    return found


def _states(flow: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    states = flow.get("States") if isinstance(flow, Mapping) else None
    for name, state in states.items() if isinstance(states, Mapping) else ():
        if isinstance(state, Mapping):
            yield name, state
            for inner, _ in inside(state):
                yield from _states(inner)


def inside(state: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Give the flows inside a state, and where they are."""
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield state[field], field
    branches = state.get("Branches")
    for place, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield branch, child("Branches", place)


def _objects(state: Mapping[str, Any], *fields: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Give the objects in fields that are lists, and where they are; nothing of what is malformed."""
    for field in fields:
        values = state.get(field)
        for place, value in enumerate(values if isinstance(values, list) else ()):
            if isinstance(value, Mapping):
                yield value, child(field, place)


class _Check:
    def __init__(self, kind: str, *, extended: bool) -> None:
        self.report = Report()
        self.kind = kind
        self.extended = extended
        self.fields = f.EXTENDED if extended else f.FIELDS
        self.machine = "JSONPath"
        self.names: set[str] = set()
        self.labels: set[str] = set()

    def document(self, document: Any) -> list[Diagnostic]:
        report = self.report
        if not isinstance(document, Mapping):
            report.fault("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object")
            return report.found
        self._query_language(document, "")
        if "QueryLanguage" in document:
            self.machine = f.language_of(document, "JSONPath")
        allowed = f.MACHINE | {"OnLate"} if self.extended else f.MACHINE
        report.only(document, allowed, "")
        report.one_of(document.get("Version", "1.0"), ("1.0",), "/Version")
        numbers(report, document, {"TimeoutSeconds": f.BOUNDS["TimeoutSeconds"]}, "", expressions=False)
        if self.extended:
            texts(report, document, "")
        self._flow(document, "", frozenset(), 0)
        return report.found

    def _query_language(self, raw: Mapping[str, Any], location: str) -> None:
        value, where = raw.get("QueryLanguage", "JSONPath"), f"{location}/QueryLanguage"
        if self.report.is_of(value, "STRING", where):
            self.report.one_of(value, LANGUAGES, where)

    def _flow(self, flow: Any, location: str, outer: frozenset[str], depth: int) -> None:
        report = self.report
        if not report.is_of(flow, "OBJECT", location):
            return
        if depth > DEEPEST:
            report.fault("TOO_DEEPLY_NESTED", "The states are too deeply nested.", location)
            return
        states = self._states(flow, location)
        visible = outer | self._assigned(states, location, outer)
        for name, state in states.items():
            self._state(name, state, f"{location}/States/{name}", visible, depth)
        if states and isinstance(flow.get("StartAt"), str):
            _transitions(report, flow["StartAt"], states, location, top=depth == 0)

    def _states(self, flow: Mapping[str, Any], location: str) -> Mapping[str, Any]:
        """Check what a flow consists of; give its states, none when they are not to be read."""
        report = self.report
        report.required(flow, ("States", "StartAt"), location)
        if "StartAt" in flow:
            report.is_of(flow["StartAt"], "STRING", f"{location}/StartAt")
        states: Mapping[str, Any] = flow.get("States", {})
        if not report.is_of(states, "OBJECT", f"{location}/States"):
            return {}
        if not states and "States" in flow:
            report.schema("Value cannot be empty", f"{location}/States")
        return states

    def _assigned(self, states: Mapping[str, Any], location: str, outer: frozenset[str]) -> frozenset[str]:
        """Check the names of all variables of a scope; give them."""
        names: set[str] = set()
        for state, raw in states.items():
            if not isinstance(raw, Mapping):
                continue
            paths = f.language_of(raw, self.machine) == "JSONPath"
            for assign, where in _assigns(raw, f"{location}/States/{state}"):
                own = data.assigned(self.report, assign, where, paths=paths)
                names |= own
                for name in sorted(own & outer):
                    told = f"The variable name '{name}' was already defined in a parent scope."
                    self.report.fault("DUPLICATE_VARIABLE_NAME", told, child(where, name))
        return frozenset(names)

    def _state(self, name: str, raw: Any, location: str, visible: frozenset[str], depth: int) -> None:
        report = self.report
        self._name(name, location)
        if not report.is_of(raw, "OBJECT", location) or not report.required(raw, ("Type",), location):
            return
        kind = raw["Type"]
        if not report.one_of(kind, self.fields, f"{location}/Type"):
            return
        self._languages(kind, raw, location)
        report.required(raw, f.REQUIRED.get(kind, ()), location)
        self._exclusive(kind, raw, location)
        self._simple(raw, location)
        self._contents(kind, raw, location)
        for flow, field in inside(raw):
            self._inner(kind, flow, f"{location}/{field}", visible, depth)

    def _inner(self, kind: str, flow: Any, location: str, visible: frozenset[str], depth: int) -> None:
        """Check a flow inside a state; in a distributed Map it sees no variables from outside."""
        if isinstance(flow, Mapping):
            self.report.only(flow, f.PROCESSOR if kind == "Map" else f.BRANCH, location)
            if kind == "Map" and processor(self.report, flow, location, self.kind):
                visible = frozenset()
        self._flow(flow, location, visible, depth + 1)

    def _name(self, name: str, location: str) -> None:
        if name in self.names:
            self.report.fault("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", location)
        self.names.add(name)
        if len(name) > 80:
            told = f"State name '{name}' exceeds the 80-character limit allowed by the service"
            self.report.fault("INVALID_STATE_NAME", told, location)
        elif not name or _BAD_NAME.search(name):
            self.report.fault("INVALID_STATE_NAME", f"State name '{name}' contains invalid characters", location)

    def _languages(self, kind: str, raw: Mapping[str, Any], location: str) -> None:
        """Check that every field is one of this type and of the state's query language."""
        report = self.report
        language = f.language_of(raw, self.machine)
        mixed = raw.get("QueryLanguage") == "JSONPath" and self.machine == "JSONata"
        if mixed:
            told = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            report.schema(told, location)
        for field in raw:
            if field not in self.fields[kind]:
                report.schema(f"Field '{field}' is not supported", location)
            elif not mixed:
                self._of_language(field, language, location)
        self._query_language(raw, location)

    def _of_language(self, field: str, language: str, location: str) -> None:
        other = {"JSONata": f.PATH_ONLY, "JSONPath": f.JSONATA_ONLY}[language]
        if field in other:
            wanted = "JSONPath" if language == "JSONata" else "JSONata"
            told = f"but field '{field}' is only supported for the '{wanted}' QueryLanguage"
            self.report.schema(f"The QueryLanguage is set to '{language}', {told}", location)

    def _exclusive(self, kind: str, raw: Mapping[str, Any], location: str) -> None:
        """Check that of fields which exclude one another there is one."""
        report = self.report
        for group, needed in _groups(kind):
            count = len(raw.keys() & set(group))
            if count > 1:
                report.schema(f"There should only be one of the following fields: [{', '.join(group)}]", location)
            elif count == 0 and needed:
                told = "This object should have only one of the following fields: "
                report.schema(f"{told}[{', '.join(group)}]", location)

    def _simple(self, raw: Mapping[str, Any], location: str) -> None:
        for field, wanted in _SIMPLE.items():
            if field in raw:
                self.report.is_of(raw[field], wanted, f"{location}/{field}")
        if raw.get("End") is False:
            self.report.schema("Value should be one of the following: [true]", f"{location}/End")

    def _contents(self, kind: str, raw: Mapping[str, Any], location: str) -> None:
        report = self.report
        paths = f.language_of(raw, self.machine) == "JSONPath"
        numbers(report, raw, f.BOUNDS, location, expressions=not paths)
        errors_and_catchers(report, raw, location, paths=paths)
        if kind in {"Task", "Message"}:
            task(report, raw, location, self.kind, extended=self.extended)
        if kind == "Choice":
            choices(report, raw, location, paths=paths)
        if kind in KINDS:
            KINDS[kind](report, raw, location)
        if kind == "Map":
            self._map(raw, location, paths=paths)
        self._own(raw, location, paths=paths)
        if paths:
            _paths(report, raw, location)
        else:
            _expressions(report, kind, raw, location)

    def _map(self, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
        maps.parts(self.report, raw, location, paths=paths)
        if not maps.is_distributed(raw):
            maps.inline(self.report, raw, location)

    def _own(self, raw: Mapping[str, Any], location: str, *, paths: bool) -> None:
        """Check what is named once in a machine, and what is our own."""
        if "Label" in raw:
            self._label(raw["Label"], f"{location}/Label")
        if self.extended:
            texts(self.report, raw, location)
        if self.extended and "Compensate" in raw:
            compensate(self.report, raw["Compensate"], f"{location}/Compensate", paths=paths)

    def _label(self, label: Any, location: str) -> None:
        if not self.report.is_of(label, "STRING", location):
            return
        if label in self.labels:
            self.report.fault("DUPLICATE_LABEL_NAME", f"Duplicate Label name: {label}", location)
        self.labels.add(label)
        if len(label) > 40:
            told = f"Label '{label}' exceeds the 40-character limit allowed by the service"
            self.report.fault("INVALID_LABEL_NAME", told, location)
        elif _BAD_LABEL.search(label) or not label:
            self.report.fault("INVALID_LABEL_NAME", f"Label '{label}' contains invalid characters", location)


def _groups(kind: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Give the fields that exclude one another in a state of this type, and whether one of them is needed."""
    for group in f.EXCLUSIVE:
        yield group, kind == "Wait" and "Seconds" in group
    if kind in f.LEADING_ON:
        yield ("Next", "End"), True
    if kind == "Map":
        yield ("ItemProcessor", "Iterator"), True


def _assigns(state: Mapping[str, Any], location: str) -> Iterator[tuple[Any, str]]:
    if "Assign" in state:
        yield state["Assign"], f"{location}/Assign"
    for rule, where in _objects(state, "Choices", "Catch"):
        if "Assign" in rule:
            yield rule["Assign"], f"{location}/{where}/Assign"


def _paths(report: Report, raw: Mapping[str, Any], location: str) -> None:
    for field in raw:
        if field in f.PATH_ONLY and field.endswith("Path"):
            _path(report, field, raw[field], f"{location}/{field}")
    for field in _TEMPLATES:
        if field in raw:
            data.template(report, raw[field], f"{location}/{field}")
    _catching_paths(report, raw, location)


def _catching_paths(report: Report, raw: Mapping[str, Any], location: str) -> None:
    for catcher, place in _objects(raw, "Catch"):
        data.template(report, catcher.get("Assign"), f"{location}/{place}/Assign")
        if catcher.get("ResultPath") is not None:
            _result_path(report, catcher["ResultPath"], f"{location}/{place}/ResultPath")
    if data.is_dynamic(raw.get("Result")):
        told = "The result of a Pass state is static: paths in it are not followed"
        report.warning("PASS_RESULT_IS_STATIC", told, f"{location}/Result")


def _path(report: Report, field: str, value: Any, location: str) -> None:
    if field in {"InputPath", "OutputPath"}:
        if value is not None:
            data.path(report, value, location)
    elif field == "ResultPath":
        if value is not None:
            _result_path(report, value, location)
    elif field in {"ErrorPath", "CausePath", "CorrelationValuePath"}:
        data.path_or_call(report, value, location)
    else:
        data.path(report, value, location, reference=True)


def _result_path(report: Report, value: Any, location: str) -> None:
    if isinstance(value, str) and re.match(r"\$[^.\[]", value):
        report.schema("Value is not a Reference Path", location)
    else:
        data.path(report, value, location, reference=True)


def _expressions(report: Report, kind: str, raw: Mapping[str, Any], location: str) -> None:
    for value, field in chain(_taken(raw), maps.expressions(raw)):
        data.payload(report, value, f"{location}/{field}", data.KNOWN)
    _outputs(report, raw, location, data.KNOWN | {"result"} if kind in f.RESULTING else data.KNOWN)
    for catcher, place in _objects(raw, "Catch"):
        _outputs(report, catcher, f"{location}/{place}", data.KNOWN | {"errorOutput"})


def _taken(raw: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Give what may be expressions that know the input and the context alone, and the fields."""
    for field in _EVALUATED:
        if field in raw:
            yield raw[field], field
    for field in f.BOUNDS:
        if is_expression(raw.get(field)):
            yield raw[field], field


def _outputs(report: Report, raw: Mapping[str, Any], location: str, known: frozenset[str]) -> None:
    for field in ("Output", "Assign"):
        if field in raw:
            data.payload(report, raw[field], f"{location}/{field}", known)


def _targets(state: Any, location: str) -> Iterator[tuple[Any, str]]:
    if not isinstance(state, Mapping):
        return
    for field in ("Next", "Default", "TimeoutPath"):
        if isinstance(state.get(field), str):
            yield state[field], f"{location}/{field}"
    for rule, place in _objects(state, "Choices", "Catch"):
        if isinstance(rule.get("Next"), str):
            yield rule["Next"], f"{location}/{place}/Next"


def _is_terminal(state: Any) -> bool:
    return isinstance(state, Mapping) and (state.get("End") is True or state.get("Type") in ("Succeed", "Fail"))


def _transitions(report: Report, start: str, states: Mapping[str, Any], location: str, *, top: bool) -> None:
    """Check that every transition leads to a state beside it, that some state ends, and that all are reached."""
    edges = {name: list(_targets(state, f"{location}/States/{name}")) for name, state in states.items()}
    for target, where in [(start, f"{location}/StartAt"), *chain.from_iterable(edges.values())]:
        if target not in states:
            report.fault("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", where)
    if top and not any(map(_is_terminal, states.values())):
        report.fault("MISSING_END_STATE", "Workflow has no terminal state")
    else:
        _unreachable(report, start, edges, states, location)


def _unreachable(
    report: Report,
    start: str,
    edges: Mapping[str, list[tuple[str, str]]],
    states: Mapping[str, Any],
    location: str,
) -> None:
    reached: set[str] = set()
    frontier = [start]
    while frontier:
        name = frontier.pop()
        if name not in reached:
            reached.add(name)
            frontier.extend(target for target, _ in edges.get(name, ()))
    for name in states:
        if name not in reached:
            told = f'State "{name}" is not reachable.'
            report.fault("MISSING_TRANSITION_TARGET", told, f"{location}/States/{name}")
