"""State machines as the product's own API has them: by id, with the version seen, and with faults by their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.processes import (
    Alias,
    BadDefinition,
    Machine,
    MachineId,
    MachineKind,
    Missing,
    Published,
    Rejected,
    Revision,
    Route,
    role_arn,
)
from app.domain.shared.errors import NotFound, Taken, UnknownReference
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.ports.workflows import Executions, Finding, Language
from app.usecases.processes.aliases import DeleteAlias, NewAlias, PutAlias, keep_alias
from app.usecases.processes.machines import (
    REGION,
    CreateMachine,
    DeleteMachine,
    MachineChange,
    NewMachine,
    UpdateMachine,
)
from app.usecases.processes.shared import ERROR, MachineRef, Names, revision_of
from app.usecases.processes.versions import DeleteVersion, Publish, PublishVersion
from app.usecases.shared import Change, ListCase, Versioned

WORKFLOWS: Final = Listing(
    name="workflows",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT, sortable=True),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(MachineKind)),
        ListField(name="last_version", kind=FieldKind.COUNT),
        ListField(name="created_at", kind=FieldKind.INSTANT),
        ListField(name="updated_at", kind=FieldKind.INSTANT),
        ListField(name="version", kind=FieldKind.COUNT),
    ),
    default_sort=(Sort(field="name"),),
)


class ListWorkflows(ListCase):
    """List workflows by name."""

    __slots__ = ()
    right = Right.WORKFLOWS_READ
    listing = WORKFLOWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a workflow does: the text of a definition in JSON or YAML, and how its executions are kept."""

    text: str
    kind: MachineKind = MachineKind.STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkflow:
    """A workflow to be; with ``publish`` its first version as well."""

    name: str
    definition: Definition
    publish: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A workflow with the revision that is shown, and what leads where."""

    machine: Machine
    revision: Revision
    versions: Sequence[Published]
    aliases: Sequence[Alias]


@dataclass(frozen=True, slots=True)
class JudgeWorkflow:
    """Judge a definition, stored or not: all that is wrong, and what may be."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False
    language: Language

    def execute(self, work: Work, context: Context, request: Definition) -> Sequence[Finding]:
        """Give what is wrong with it."""
        text = self.language.as_json(request.text)
        return [text] if isinstance(text, Finding) else self.language.findings(text, request.kind)


@dataclass(frozen=True, slots=True)
class CreateWorkflow:
    """Enter a workflow. Needs every right that its steps need. Raises Taken, BadDefinition, Rejected, MissingRight."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    language: Language

    def execute(self, work: Work, context: Context, request: NewWorkflow) -> Shown:
        """Give the workflow."""
        if work.machines.by_name(request.name) is not None:
            raise Taken(at=("name",), value=request.name)
        new = NewMachine(
            name=request.name,
            definition=_sound(self.language, request.definition),
            role=role_arn(context.company, request.name),
            kind=request.definition.kind,
            publish=request.publish,
            description=request.description,
        )
        try:
            CreateMachine(self.clock, self.language).execute(work, context, new)
        except Rejected as refused:
            raise refused.within("name" if refused.facts["what"] == "InvalidName" else "description") from refused
        return shown(work, _by_name(work, request.name))


@dataclass(frozen=True, slots=True)
class ReadWorkflow:
    """Show a workflow: what it does now, its versions and aliases. Raises NotFound."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: MachineId) -> Shown:
        """Give the workflow."""
        return shown(work, work.machines.get(request))


@dataclass(frozen=True, slots=True)
class ChangeWorkflow:
    """Change what a workflow does; executions that run go on as they are. Needs every right that its steps need.

    Raises NotFound, Stale, BadDefinition, MissingRight.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    language: Language
    names: Names

    def execute(self, work: Work, context: Context, request: Change) -> Shown:
        """Give the workflow as it is now."""
        machine = seen(work, request)
        text = request.changes.get("definition")
        if text is not None:
            given = Definition(text=str(text), kind=machine.kind)
            change = MachineChange(name=machine.name, region=REGION, definition=_sound(self.language, given))
            UpdateMachine(self.clock, self.language, self.names).execute(work, context, change)
        return shown(work, work.machines.get(machine.id))


@dataclass(frozen=True, slots=True)
class DeleteWorkflow:
    """Remove a workflow with its versions and aliases, and stop what of it runs. Raises NotFound, Stale."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    executions: Executions

    def execute(self, work: Work, context: Context, request: Versioned) -> None:
        """Remove it."""
        machine = seen(work, request)
        DeleteMachine(self.executions).execute(work, context, machine.name)


@dataclass(frozen=True, slots=True)
class PublishWorkflow:
    """Publish what a workflow does now under the next number; what is published already is given.

    Needs every right that its steps need. Raises NotFound, MissingRight.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    language: Language

    def execute(self, work: Work, context: Context, request: tuple[MachineId, str]) -> Published:
        """Give the version."""
        machine = work.machines.get(request[0])
        wanted = Publish(name=machine.name, description=request[1])
        return PublishVersion(self.clock, self.language).execute(work, context, wanted)


@dataclass(frozen=True, slots=True)
class ListWorkflowVersions:
    """List the versions of a workflow, newest first. Raises NotFound."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: MachineId) -> Sequence[Published]:
        """Give the versions."""
        return work.machines.versions(work.machines.get(request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Versioned):
    """What hangs on a workflow, by name or number; the version is the workflow's."""

    name: str


@dataclass(frozen=True, slots=True)
class DeleteWorkflowVersion:
    """Withdraw a version that no alias leads to. Raises NotFound, Stale, Refused."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Part) -> None:
        """Withdraw it."""
        machine = work.machines.get(MachineId(request.id))
        if work.machines.version(machine, int(request.name)) is None:
            raise NotFound(kind="version", id=request.name)
        request.matches(machine.version)
        DeleteVersion().execute(work, context, MachineRef(name=machine.name, qualifier=request.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """An alias with its workflow."""

    alias: Alias
    machine: Machine


@dataclass(frozen=True, slots=True)
class ListWorkflowAliases:
    """List the aliases of a workflow by name. Raises NotFound."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: MachineId) -> Sequence[Led]:
        """Give the aliases."""
        machine = work.machines.get(request)
        return [Led(alias=alias, machine=machine) for alias in work.machines.aliases(machine)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leading(Part):
    """Where an alias is to lead."""

    routes: tuple[Route, ...]
    description: str | None = None


@dataclass(frozen=True, slots=True)
class SetAlias:
    """Let an alias lead to one version, or to two by weight; a new one is made. Raises NotFound, Stale, Rejected.

    Executions that run stay on their version.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: Leading) -> Led:
        """Give the alias as it is now."""
        machine = seen(work, request)
        there = {alias.name for alias in work.machines.aliases(machine)}
        wanted = NewAlias(
            machine=machine.name,
            name=request.name,
            description=request.description,
            routes=request.routes,
            new=request.name not in there,
        )
        try:
            PutAlias(self.clock).execute(work, context, wanted)
        except Missing as missing:
            known = [one.number for one in work.machines.versions(machine)]
            place = next(at for at, route in enumerate(request.routes) if route.version not in known)
            unknown = request.routes[place].version
            raise UnknownReference(at=("routes", place, "version"), kind="version", value=unknown) from missing
        except Rejected as refused:
            raise refused.within("routes") from refused
        return _led(work, machine.id, request.name)


@dataclass(frozen=True, slots=True)
class RollBackAlias:
    """Let an alias lead where it led before, at once and for all. Raises NotFound, NothingToRollBack.

    Executions that run stay on their version.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: tuple[MachineId, str]) -> Led:
        """Give the alias as it is now."""
        led = _led(work, *request)
        led.alias.roll_back()
        known = {version.number for version in work.machines.versions(led.machine)}
        gone = [route.version for route in led.alias.routes if route.version not in known]
        if gone:
            raise NotFound(kind="version", id=gone[0])
        led.alias.updated_at = self.clock.now()
        keep_alias(work, led.machine, led.alias)
        return led


@dataclass(frozen=True, slots=True)
class DeleteWorkflowAlias:
    """Remove an alias. Raises NotFound, Stale."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Part) -> None:
        """Remove it."""
        led = _led(work, MachineId(request.id), request.name)
        request.matches(led.machine.version)
        DeleteAlias().execute(work, context, MachineRef(name=led.machine.name, qualifier=request.name))


def shown(work: Work, machine: Machine) -> Shown:
    """Give a machine with all that is shown of it."""
    return Shown(
        machine=machine,
        revision=revision_of(work, machine.revision),
        versions=work.machines.versions(machine),
        aliases=work.machines.aliases(machine),
    )


def seen(work: Work, request: Versioned) -> Machine:
    """Give a machine as the caller saw it. Raises NotFound, Stale."""
    machine = work.machines.get(MachineId(request.id))
    request.matches(machine.version)
    return machine


def _by_name(work: Work, name: str) -> Machine:
    machine = work.machines.by_name(name)
    assert machine is not None  # noqa: S101 - it was just stored
    return machine


def _led(work: Work, number: MachineId, name: str) -> Led:
    machine = work.machines.get(number)
    for alias in work.machines.aliases(machine):
        if alias.name == name:
            return Led(alias=alias, machine=machine)
    raise NotFound(kind="alias", id=name)


def _sound(language: Language, given: Definition) -> str:
    """Give a sound definition as JSON text. Raises BadDefinition, at the first fault, with all that was found."""
    text = language.as_json(given.text)
    if isinstance(text, Finding):
        raise _bad([text], text)
    found = language.findings(text, given.kind)
    first = next((one for one in found if one.severity == ERROR), None)
    if first is not None:
        raise _bad(found, first)
    return text


def _bad(found: Sequence[Finding], first: Finding) -> BadDefinition:
    path = [part.replace("~1", "/").replace("~0", "~") for part in (first.location or "").split("/") if part]
    findings = [
        {"severity": one.severity, "code": one.code, "message": one.message, "location": one.location} for one in found
    ]
    return BadDefinition(at=("definition", *path), reason=first.message, findings=findings)
