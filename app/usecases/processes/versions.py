"""Versions: published, listed, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.processes import Machine, Published, Refused, VersionDeleted
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.ports.workflows import Language
from app.usecases.processes.shared import (
    MachineRef,
    check_rights,
    machine_of,
    publish,
    revision_of,
    tell,
)

INITIAL: Final = "INITIAL"
"""How the first revision is called by those who must call it something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """A version to publish; with ``token`` only of that revision."""

    name: str
    token: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class PublishVersion:
    """Publish the current revision; one that is published already is given as it is.

    Needs every right that its steps need. Raises MissingRight, Missing, Rejected, Refused.
    """

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    language: Language

    def execute(self, work: Work, context: Context, request: Publish) -> Published:
        """Give the version."""
        machine = machine_of(work, request.name)
        revision = revision_of(work, machine.revision)
        now = revision.token or INITIAL
        if request.token is not None and request.token != now:
            reason = (
                f"Failed to publish the State Machine version for revision {request.token}. "
                f"The current State Machine revision is {now}."
            )
            raise Refused(what="ConflictException", reason=reason)
        check_rights(work, context, self.language, revision)
        version = publish(work, machine, request.description, self.clock.now())
        work.machines.save(machine)
        return version


@dataclass(frozen=True, slots=True)
class ListVersions:
    """List the versions of a state machine, newest first. Raises Missing."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: str) -> Sequence[Published]:
        """Give the versions."""
        return work.machines.versions(machine_of(work, request))


@dataclass(frozen=True, slots=True)
class DeleteVersion:
    """Remove a version that no alias refers to; one that is gone already is no error. Raises Refused."""

    right: ClassVar[Right] = Right.WORKFLOWS_WRITE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: MachineRef) -> None:
        """Remove it."""
        machine = work.machines.by_name(request.name)
        number = request.number
        if machine is None or number is None or work.machines.version(machine, number) is None:
            return
        _check_unused(work, machine, number)
        work.machines.withdraw(machine, number)
        work.machines.save(machine)
        tell(work, machine, VersionDeleted, number=number)


def _check_unused(work: Work, machine: Machine, number: int) -> None:
    """Pass only a version that no alias refers to. Raises Refused."""
    users = [alias.name for alias in work.machines.aliases(machine) if alias.leads_to(number)]
    if users:
        reason = (
            "Version to be deleted must not be referenced by an alias. "
            f"Current list of aliases referencing this version: [{', '.join(users)}]"
        )
        raise Refused(what="ConflictException", reason=reason)
