"""Amazon States Language for the use cases: what is wrong with a definition, and what it says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.domain.processes import MachineKind
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from app.infrastructure.processes.engine import EngineClock
from app.infrastructure.processes.trials import tried, whole_of
from app.usecases.ports.resources import Offered
from app.usecases.ports.shared import Clock
from app.usecases.ports.workflows import Finding, StateTest, TestedState
from app.workflow.asl.check import check, variable_references
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.diagnostics import ERROR, SCHEMA, Diagnostic, repeated
from app.workflow.asl.document import UnreadableDocumentError, read_json, read_yaml
from app.workflow.asl.maps.fields import label_of
from app.workflow.asl.query import InvalidDefinitionError, Raw
from app.workflow.asl.tasks import resources
from app.workflow.kernel.errors import DefinitionError


class StatesLanguage:
    """The language as AWS has it, with ``extended`` our own state type, fields and resources besides."""

    def __init__(self, offered: Offered, clock: Clock, *, extended: bool) -> None:
        """Take the clock of the states that are tried."""
        self._offered = offered
        self._clock = EngineClock(clock)
        self._extended = extended

    def findings(self, definition: str, kind: MachineKind) -> Sequence[Finding]:
        """Give all that is wrong with a definition; a sound one can be compiled."""
        return [Finding(**found._asdict()) for found in self._found(definition, kind)]

    def as_json(self, text: str) -> str | Finding:
        """Give a definition in YAML as one in JSON, one in JSON as it is; what is wrong when it cannot be read."""
        if text.lstrip().startswith("{"):
            return text
        try:
            document = read_yaml(text)
        except UnreadableDocumentError as error:
            return Finding(severity=ERROR, code="INVALID_YAML_DESCRIPTION", message=str(error), location=None)
        if document.duplicates:
            place = document.duplicates[0]
            return Finding(severity=ERROR, code="DUPLICATE_FIELD", message="The field is given twice", location=place)
        return json.dumps(document.data, ensure_ascii=False, separators=(",", ":"))

    def rights(self, definition: str) -> frozenset[Right]:
        """Give what whoever does the steps of a sound definition must hold."""
        return frozenset(
            right for _, name in self._ours(read_json(definition).data) if (right := self._offered().right(name))
        )

    def references(self, definition: str) -> Mapping[str, Sequence[str]]:
        """Give the variables that each state of a sound definition reads."""
        return variable_references(read_json(definition).data)

    def whole(self, test: StateTest) -> str:
        """Give the machine that a state to try is of. Raises Rejected for what cannot be read."""
        return whole_of(test)

    def try_state(self, test: StateTest, company: CompanyId, region: str) -> TestedState:
        """Try a state of a sound definition. Raises Rejected for a test that cannot be made."""
        return tried(test, company, region, self._clock.now())

    def processor(self, definition: str, label: str) -> str:
        """Give the definition of what the executions of a distributed Map run, by the Map's label."""
        found = dict(_processors(read_json(definition).data))[label]
        return json.dumps(found, ensure_ascii=False)

    def _found(self, definition: str, kind: MachineKind) -> Iterator[Diagnostic]:
        twice = repeated(definition)
        yield from twice
        try:
            document = read_json(definition).data
        except UnreadableDocumentError as error:
            if not twice:
                yield Diagnostic(ERROR, "INVALID_JSON_DESCRIPTION", str(error))
            return
        found = check(document, kind=kind.value, extended=self._extended)
        yield from found
        if not twice and all(one.severity != ERROR for one in found):
            yield from _uncompilable(document)
            yield from self._unknown(document)

    def _unknown(self, document: Any) -> Iterator[Diagnostic]:
        """Find resources that nothing here does; what an ARN names may come later."""
        for location, name in self._ours(document):
            if self._offered().right(name) is None:
                yield Diagnostic(ERROR, SCHEMA, f"There is no resource '{name}'", location)

    @staticmethod
    def _ours(document: Any) -> Iterator[tuple[str, str]]:
        return (found for found in resources(document) if not found[1].startswith("arn:"))


def _processors(flow: Raw) -> Iterator[tuple[str, Raw]]:
    """Give what the executions of distributed Maps run, by label; also of Maps inside of others."""
    for name, state in flow["States"].items():
        inner = state.get("ItemProcessor", state.get("Iterator"))
        if inner is not None:
            if inner.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
                yield label_of(name, state), inner
            yield from _processors(inner)
        for branch in state.get("Branches", ()):
            yield from _processors(branch)


def _uncompilable(document: Any) -> Iterator[Diagnostic]:
    """Find what only the compiler sees: expressions and paths that cannot be read."""
    try:
        compile_machine(document, "checked")
    except InvalidDefinitionError as error:
        yield Diagnostic(ERROR, "SCHEMA_VALIDATION_FAILED", str(error), error.location)
    except DefinitionError as error:
        yield Diagnostic(ERROR, "SCHEMA_VALIDATION_FAILED", str(error), "/")
