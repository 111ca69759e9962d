"""Static analysis: everything that is wrong with a definition, before anything is stored.

Codes, messages and locations are those of ValidateStateMachineDefinition where they are known from its answers; a
location names the fields from the top, ``/States/Order/Choices[0]/Next``, with names as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from . import check_data as data
from . import fields as f
from .check_states import KINDS, choices, errors_and_catchers, numbers, processor, task
from .diagnostics import Diagnostic, Report
from .expressions import child, is_expression

LANGUAGES: Final = "[JSONPath, JSONata]"
DEEPEST: Final = 50
"""Flows inside flows."""
_BAD_NAME: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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
            for inner, _ in _inside(state):
                yield from _states(inner)


def _inside(state: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Give the flows inside a state, and where they are."""
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield state[field], field
    branches = state.get("Branches")
    for place, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield branch, child("Branches", place)


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
        self._unknown(document, allowed, "")
        if document.get("Version", "1.0") != "1.0":
            report.schema("Value should be one of the following: [1.0]", "/Version")
        numbers(report, document, {"TimeoutSeconds": (0, 99_999_999)}, "", expressions=False)
        self._flow(document, "", frozenset(), 0)
        return report.found

    def _unknown(self, raw: Mapping[str, Any], allowed: frozenset[str], location: str) -> None:
        for field in raw:
            if field not in allowed:
                self.report.schema(f"Field '{field}' is not supported", location)

    def _query_language(self, raw: Mapping[str, Any], location: str) -> None:
        value = raw.get("QueryLanguage", "JSONPath")
        if not isinstance(value, str):
            self.report.schema("Expected value of type [STRING]", f"{location}/QueryLanguage")
        elif value not in {"JSONPath", "JSONata"}:
            told = f"Value should be one of the following: {LANGUAGES}"
            self.report.schema(told, f"{location}/QueryLanguage")

    def _flow(self, flow: Any, location: str, outer: frozenset[str], depth: int) -> None:
        report = self.report
        if not isinstance(flow, Mapping):
            report.schema("Expected value of type [OBJECT]", location)
            return
        if depth > DEEPEST:
            report.fault("TOO_DEEPLY_NESTED", "The states are too deeply nested.", location)
            return
        missing = [field for field in ("States", "StartAt") if field not in flow]
        if missing:
            report.schema(f"These fields are required: [{', '.join(missing)}]", location)
        if "StartAt" in flow and not isinstance(flow["StartAt"], str):
            report.schema("Expected value of type [STRING]", f"{location}/StartAt")
        states = flow.get("States", {})
        if not isinstance(states, Mapping):
            report.schema("Expected value of type [OBJECT]", f"{location}/States")
            return
        if not states and "States" in flow:
            report.schema("Value cannot be empty", f"{location}/States")
        visible = outer | self._assigned(states, location, outer)
        for name, state in states.items():
            self._state(name, state, f"{location}/States/{name}", visible, depth)
        if states and isinstance(flow.get("StartAt"), str):
            _transitions(report, flow["StartAt"], states, location, top=depth == 0)

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
        if not isinstance(raw, Mapping):
            report.schema("Expected value of type [OBJECT]", location)
            return
        if "Type" not in raw:
            report.schema("These fields are required: [Type]", location)
            return
        kind = raw["Type"]
        if not isinstance(kind, str) or kind not in self.fields:
            report.schema(f"Value should be one of the following: [{', '.join(self.fields)}]", f"{location}/Type")
            return
        self._languages(kind, raw, location)
        required = [field for field in f.REQUIRED.get(kind, ()) if field not in raw]
        if required:
            report.schema(f"These fields are required: [{', '.join(required)}]", location)
        self._exclusive(kind, raw, location)
        self._contents(kind, raw, location)
        inner = visible
        for flow, field in _inside(raw):
            inside = f"{location}/{field}"
            if kind == "Map" and isinstance(flow, Mapping):
                self._unknown(flow, f.PROCESSOR, inside)
                if processor(report, flow, inside, self.kind):
                    inner = frozenset()
            elif isinstance(flow, Mapping):
                self._unknown(flow, f.BRANCH, inside)
            self._flow(flow, inside, inner, depth + 1)

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
        report = self.report
        groups = [*f.EXCLUSIVE, ("Next", "End")] if kind in f.LEADING_ON else [*f.EXCLUSIVE]
        if kind == "Map":
            groups.append(("ItemProcessor", "Iterator"))
        for group in groups:
            shown = f"[{', '.join(group)}]"
            count = sum(field in raw for field in group)
            if count > 1:
                report.schema(f"There should only be one of the following fields: {shown}", location)
            elif count == 0 and (group[-1] in {"End", "Iterator"} or (kind == "Wait" and len(group) == 4)):
                report.schema(f"This object should have only one of the following fields: {shown}", location)
        for field, wanted in (("Next", str), ("End", bool), ("Comment", str), ("Default", str), ("Pivot", bool)):
            if field in raw and not isinstance(raw[field], wanted):
                name = "BOOLEAN" if wanted is bool else "STRING"
                report.schema(f"Expected value of type [{name}]", f"{location}/{field}")
        if raw.get("End") is False:
            report.schema("Value should be one of the following: [true]", f"{location}/End")

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
        if "Label" in raw:
            self._label(raw["Label"], f"{location}/Label")
        if paths:
            _paths(report, raw, location)
        else:
            _expressions(report, kind, raw, location)

    def _label(self, label: Any, location: str) -> None:
        if not isinstance(label, str):
            self.report.schema("Expected value of type [STRING]", location)
            return
        if label in self.labels:
            self.report.fault("DUPLICATE_LABEL_NAME", f"Duplicate Label name: {label}", location)
        self.labels.add(label)
        if len(label) > 40:
            told = f"Label '{label}' exceeds the 40-character limit allowed by the service"
            self.report.fault("INVALID_LABEL_NAME", told, location)
        elif re.search(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"/\x00-\x1f\x7f-\x9f]", label) or not label:
            self.report.fault("INVALID_LABEL_NAME", f"Label '{label}' contains invalid characters", location)


def _assigns(state: Mapping[str, Any], location: str) -> Iterator[tuple[Any, str]]:
    if "Assign" in state:
        yield state["Assign"], f"{location}/Assign"
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for place, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, Mapping) and "Assign" in rule:
                yield rule["Assign"], f"{location}/{child(field, place)}/Assign"


def _paths(report: Report, raw: Mapping[str, Any], location: str) -> None:
    for field in raw:
        if field in f.PATH_ONLY and field.endswith("Path"):
            _path(report, field, raw[field], f"{location}/{field}")
    for field in ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials"):
        if field in raw:
            data.template(report, raw[field], f"{location}/{field}")
    for place, catcher in enumerate(raw["Catch"] if isinstance(raw.get("Catch"), list) else ()):
        if isinstance(catcher, Mapping):
            where = f"{location}/{child('Catch', place)}"
            data.template(report, catcher.get("Assign"), f"{where}/Assign")
            if catcher.get("ResultPath") is not None:
                _result_path(report, catcher["ResultPath"], f"{where}/ResultPath")
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
    result = data.KNOWN | {"result"} if kind in f.RESULTING else data.KNOWN
    for field in ("Arguments", "ItemSelector", "Items", "Credentials", "Error", "Cause", "Timestamp", "ItemBatcher"):
        if field in raw:
            data.payload(report, raw[field], f"{location}/{field}", data.KNOWN)
    for field in ("ItemReader", "ResultWriter"):
        holder = raw.get(field)
        if isinstance(holder, Mapping) and "Arguments" in holder:
            data.payload(report, holder["Arguments"], f"{location}/{field}/Arguments", data.KNOWN)
    for field in ("Output", "Assign"):
        if field in raw:
            data.payload(report, raw[field], f"{location}/{field}", result)
    for field in f.BOUNDS:
        if is_expression(raw.get(field)):
            data.payload(report, raw[field], f"{location}/{field}", data.KNOWN)
    _catchers(report, raw, location)


def _catchers(report: Report, raw: Mapping[str, Any], location: str) -> None:
    for place, catcher in enumerate(raw["Catch"] if isinstance(raw.get("Catch"), list) else ()):
        for field in ("Output", "Assign"):
            if isinstance(catcher, Mapping) and field in catcher:
                where = f"{location}/{child('Catch', place)}/{field}"
                data.payload(report, catcher[field], where, data.KNOWN | {"errorOutput"})


def _targets(state: Mapping[str, Any], location: str) -> Iterator[tuple[Any, str]]:
    for field in ("Next", "Default", "TimeoutPath"):
        if isinstance(state.get(field), str):
            yield state[field], f"{location}/{field}"
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for place, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, Mapping) and isinstance(rule.get("Next"), str):
                yield rule["Next"], f"{location}/{child(field, place)}/Next"


def _is_terminal(state: Mapping[str, Any]) -> bool:
    return state.get("End") is True or state.get("Type") in {"Succeed", "Fail"}


def _transitions(report: Report, start: str, states: Mapping[str, Any], location: str, *, top: bool) -> None:
    """Check that every transition leads to a state beside it, that some state ends, and that all are reached."""
    known = {name: state for name, state in states.items() if isinstance(state, Mapping)}
    edges = {name: list(_targets(state, f"{location}/States/{name}")) for name, state in known.items()}
    for target, where in [(start, f"{location}/StartAt"), *(edge for found in edges.values() for edge in found)]:
        if target not in states:
            report.fault("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", where)
    if top and not any(map(_is_terminal, known.values())):
        report.fault("MISSING_END_STATE", "Workflow has no terminal state")
        return
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
