"""Amazon States Language for the use cases: what is wrong with a definition, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.domain.processes import MachineKind
from app.domain.shared.rights import Right
from app.usecases.ports.resources import Offered
from app.usecases.ports.workflows import Finding
from app.workflow.asl.check import check, variable_references
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.diagnostics import ERROR, SCHEMA, Diagnostic, repeated
from app.workflow.asl.document import UnreadableDocumentError, read_json
from app.workflow.asl.query import InvalidDefinitionError
from app.workflow.asl.tasks import resources
from app.workflow.kernel.errors import DefinitionError


class StatesLanguage:
    """The language as AWS has it, with ``extended`` our own state type, fields and resources besides."""

    def __init__(self, offered: Offered, *, extended: bool) -> None:
        self._offered = offered
        self._extended = extended

    def findings(self, definition: str, kind: MachineKind) -> Sequence[Finding]:
        """Give all that is wrong with a definition; a sound one can be compiled."""
        return [Finding(**found._asdict()) for found in self._found(definition, kind)]

    def rights(self, definition: str) -> frozenset[Right]:
        """Give what whoever does the steps of a sound definition must hold."""
        return frozenset(
            right for _, name in self._ours(read_json(definition).data) if (right := self._offered().right(name))
        )

    def references(self, definition: str) -> Mapping[str, Sequence[str]]:
        """Give the variables that each state of a sound definition reads."""
        return variable_references(read_json(definition).data)

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


def _uncompilable(document: Any) -> Iterator[Diagnostic]:
    """Find what only the compiler sees: expressions and paths that cannot be read."""
    try:
        compile_machine(document, "checked")
    except InvalidDefinitionError as error:
        yield Diagnostic(ERROR, "SCHEMA_VALIDATION_FAILED", str(error), error.location)
    except DefinitionError as error:
        yield Diagnostic(ERROR, "SCHEMA_VALIDATION_FAILED", str(error), "/")
