"""State machines: created, changed, shown, listed, removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Final

from app.domain.processes import (
    Execution,
    Machine,
    MachineChanged,
    MachineCreated,
    MachineDeleted,
    MachineKind,
    Missing,
    Published,
    Refused,
    Rejected,
    Revision,
    VersionPublished,
    check_name,
    tagged,
)
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.ports.workflows import Executions, Finding, Language
from app.usecases.processes.shared import (
    MachineRef,
    Names,
    Page,
    check_definition,
    check_rights,
    machine_of,
    publish,
    revision_of,
    tell,
)

REGION: Final = "us-east-1"
"""Where a definition that was not entered through AWS's protocol says it is."""
NO_LOGGING: Final = MappingProxyType[str, Any]({"level": "OFF", "includeExecutionData": False})
NO_TRACING: Final = MappingProxyType[str, Any]({"enabled": False})
OWNED_KEY: Final = MappingProxyType[str, Any]({"type": "AWS_OWNED_KEY"})

__all__ = [
    "NO_LOGGING",
    "NO_TRACING",
    "OWNED_KEY",
    "REGION",
    "CreateMachine",
    "DeleteMachine",
    "ListMachines",
    "MachineChange",
    "MachineRef",
    "NewMachine",
    "Page",
    "ReadMachine",
    "ReadMachineOfExecution",
    "Seen",
    "UpdateMachine",
    "ValidateDefinition",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMachine:
    """A machine to be; with ``publish`` its first version as well. What is not said is as AWS has it by default."""

    name: str
    definition: str
    role: str
    region: str = REGION
    kind: MachineKind = MachineKind.STANDARD
    logging: Mapping[str, Any] = field(default_factory=NO_LOGGING.copy)
    tracing: Mapping[str, Any] = field(default_factory=NO_TRACING.copy)
    encryption: Mapping[str, Any] = field(default_factory=OWNED_KEY.copy)
    tags: Mapping[str, str] = field(default_factory=dict)
    publish: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A machine with the revision that is meant, and the version if it has to do with one.

    ``references`` are the variables by state, where they were asked for. ``label`` is that of the distributed Map
    whose executions run this.
    """

    machine: Machine
    revision: Revision
    version: Published | None = None
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True, slots=True)
class CreateMachine:
    """Enter a state machine. One that is there already and does the same is given.

    Needs every right that its steps need. Raises MissingRight, Rejected, Refused.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    language: Language

    def execute(self, work: Work, context: Context, request: NewMachine) -> Seen:
        """Give the machine."""
        check_name(request.name)
        _check_description(request.description, published=request.publish)
        check_definition(self.language, request.definition, request.kind)
        now = self.clock.now()
        revision = Revision(
            machine=request.name,
            token="",  # AWS gives the first revision none
            definition=request.definition,
            role=request.role,
            region=request.region,
            kind=request.kind,
            logging=dict(request.logging),
            tracing=dict(request.tracing),
            encryption=dict(request.encryption),
            created_at=now,
        )
        check_rights(work, context, self.language, revision)
        known = work.machines.by_name(request.name)
        if known is not None:
            return self._known(work, known, revision, request)
        number = work.machines.revise(revision)
        machine = Machine(
            name=request.name,
            kind=request.kind,
            revision=number,
            tags=tagged({}, request.tags),
            last_version=int(request.publish),
            created_at=now,
            updated_at=now,
        )
        work.machines.add(machine)
        tell(work, machine, MachineCreated)
        version = None
        if request.publish:
            version = Published(number=1, revision=number, description=request.description, created_at=now)
            work.machines.publish(machine, version)
            tell(work, machine, VersionPublished, number=1)
        return Seen(machine=machine, revision=replace(revision, number=number), version=version)

    def _known(self, work: Work, machine: Machine, revision: Revision, request: NewMachine) -> Seen:
        there = revision_of(work, machine.revision)
        if not there.does_as(revision):
            raise Refused(what="StateMachineAlreadyExists", reason=request.name)
        if not request.publish:
            return Seen(machine=machine, revision=there)
        version = publish(work, machine, request.description, self.clock.now())
        work.machines.save(machine)
        return Seen(machine=machine, revision=there, version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineChange:
    """New values for a machine; None leaves what is there."""

    name: str
    region: str
    definition: str | None = None
    role: str | None = None
    logging: Mapping[str, Any] | None = None
    tracing: Mapping[str, Any] | None = None
    encryption: Mapping[str, Any] | None = None
    publish: bool = False
    description: str = ""

    def values(self) -> dict[str, Any]:
        """Give what is given."""
        named = ("definition", "role", "logging", "tracing", "encryption")
        return {name: getattr(self, name) for name in named if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True)
class UpdateMachine:
    """Change a state machine; executions that run go on as they are. Needs every right that its steps need.

    Raises MissingRight, Missing, Rejected, Refused.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    language: Language
    names: Names

    def execute(self, work: Work, context: Context, request: MachineChange) -> Seen:
        """Give the machine as it is now."""
        _check_description(request.description, published=request.publish)
        values = request.values()
        machine = machine_of(work, request.name)
        if not values:
            raise Rejected(
                what="MissingRequiredParameter",
                reason="Either the definition, the role ARN, the LoggingConfiguration, "
                "or the TracingConfiguration must be specified",
            )
        if "definition" in values:
            check_definition(self.language, values["definition"], machine.kind)
        now = self.clock.now()
        there = revision_of(work, machine.revision)
        revision = replace(there, **values)
        check_rights(work, context, self.language, revision)
        if revision != there:
            revision = replace(revision, token=self.names(), region=request.region, created_at=now)
            machine.revision = work.machines.revise(revision)
            tell(work, machine, MachineChanged, revision=machine.revision)
        machine.updated_at = now
        version = publish(work, machine, request.description, now) if request.publish else None
        work.machines.save(machine)
        return Seen(machine=machine, revision=revision, version=version)


@dataclass(frozen=True, slots=True)
class ReadMachine:
    """Show a state machine or a version of it. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False
    language: Language

    def execute(self, work: Work, context: Context, request: MachineRef) -> Seen:
        """Give the machine."""
        machine = machine_of(work, request.name)
        version = None
        if request.qualifier:
            version = work.machines.version(machine, request.number) if request.number is not None else None
            if version is None:
                raise Missing(what="StateMachineDoesNotExist")
        revision = revision_of(work, machine.revision if version is None else version.revision)
        references = self.language.references(revision.definition)
        return Seen(machine=machine, revision=revision, version=version, references=references)


@dataclass(frozen=True, slots=True)
class ReadMachineOfExecution:
    """Show the revision that an execution runs, even when its machine is gone. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False
    language: Language

    def execute(self, work: Work, context: Context, request: Execution) -> Seen:
        """Give the revision with its machine."""
        revision = revision_of(work, request.revision)
        _, _, label = request.machine.partition("/")
        if label:
            revision = replace(revision, definition=self.language.processor(revision.definition, label))
        machine = Machine(
            name=request.machine,
            kind=revision.kind,
            revision=revision.number,
            created_at=revision.created_at,
            updated_at=revision.created_at,
        )
        references = self.language.references(revision.definition)
        return Seen(machine=machine, revision=revision, references=references, label=label)


@dataclass(frozen=True, slots=True)
class ListMachines:
    """List state machines by name."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Page) -> Sequence[Machine]:
        """Give the machines of the page."""
        return work.machines.page(request.after, request.limit)


@dataclass(frozen=True, slots=True)
class DeleteMachine:
    """Remove a state machine with its versions and aliases, and stop what of it runs; one that is gone is no error."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    executions: Executions

    def execute(self, work: Work, context: Context, request: str) -> None:
        """Remove it."""
        machine = work.machines.by_name(request)
        if machine is None:
            return
        # Whoever publishes or adds an alias in between is the one who runs again.
        work.machines.save(machine)
        # This waits for starts that hold the machine: what they have started is found below.
        work.machines.remove(machine)
        self.executions.stop_all(work, context.company, machine.name)
        tell(work, machine, MachineDeleted)


@dataclass(frozen=True, slots=True)
class ValidateDefinition:
    """Judge a definition."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False
    language: Language

    def execute(self, work: Work, context: Context, request: tuple[str, MachineKind]) -> Sequence[Finding]:
        """Give what is wrong with it."""
        return self.language.findings(*request)


def _check_description(description: str, *, published: bool) -> None:
    if description and not published:
        reason = "Version description can only be set when publish is true"
        raise Rejected(what="ValidationException", reason=reason)
