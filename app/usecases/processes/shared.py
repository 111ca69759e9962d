"""What the use cases of machines have in common: finding, judging, publishing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.processes import (
    MOST_VERSIONS,
    Machine,
    MachineEvent,
    MachineKind,
    Missing,
    Published,
    Refused,
    Rejected,
    Revision,
    RevisionNumber,
    VersionPublished,
    role_of,
    version_number,
)
from app.domain.shared.errors import NotFound
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Language

Names = Callable[[], str]
"""Gives a name never given before."""
ERROR = "ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRef:
    """A machine, and maybe a version of it (a number) or an alias."""

    name: str
    qualifier: str = ""

    @property
    def number(self) -> int | None:
        """The number of the version that is meant, if one is."""
        return version_number(self.qualifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list: beyond a name, at most so many."""

    after: str = ""
    limit: int = 100


def tell(work: Work, machine: Machine, event: type[MachineEvent], **facts: object) -> None:
    """Tell of something that happened to a machine."""
    work.outbox.add(event(id=machine.id, workflow=machine.name, **facts))


def machine_of(work: Work, name: str) -> Machine:
    """Give a machine. Raises Missing."""
    machine = work.machines.by_name(name)
    if machine is None:
        raise Missing(what="StateMachineDoesNotExist")
    return machine


def revision_of(work: Work, number: RevisionNumber) -> Revision:
    """Give a revision that a row refers to. Raises Missing when it went with its machine meanwhile."""
    revision = work.machines.revision(number)
    if revision is None:
        raise Missing(what="StateMachineDoesNotExist")
    return revision


def check_definition(language: Language, definition: str, kind: MachineKind) -> None:
    """Pass only a sound definition. Raises Rejected with all that is wrong."""
    faults = [one for one in language.findings(definition, kind) if one.severity == ERROR]
    if faults:
        told = ", ".join(
            f"{one.code}: {one.message}" + (f" at {one.location}" if one.location else "") for one in faults
        )
        raise Rejected(what="InvalidDefinition", reason=f"Invalid State Machine Definition: '{told}'")


def check_rights(work: Work, context: Context, language: Language, revision: Revision) -> None:
    """Pass only whose rights are enough for every step, and a role that there is. Raises MissingRight, Rejected.

    Who writes a definition decides what others will do by starting it.
    """
    for right in sorted(language.rights(revision.definition)):
        context.require(right)
    role = role_of(revision.role, context.company)
    if role is None:
        return
    try:
        work.roles.get(context.company, role)
    except NotFound as error:
        raise Rejected(what="InvalidArn", reason=f"Invalid Arn: '{revision.role}'") from error


def publish(work: Work, machine: Machine, description: str, now: datetime) -> Published:
    """Give the version of the machine's current revision, published now if it is not yet; the caller saves."""
    versions = work.machines.versions(machine)
    found = next((one for one in versions if one.revision == machine.revision), None)
    if found is not None:
        return found
    if len(versions) >= MOST_VERSIONS:
        reason = f"The number of versions of a state machine must not exceed {MOST_VERSIONS}"
        raise Refused(what="ServiceQuotaExceededException", reason=reason)
    machine.last_version += 1
    version = Published(number=machine.last_version, revision=machine.revision, description=description, created_at=now)
    work.machines.publish(machine, version)
    tell(work, machine, VersionPublished, number=version.number)
    return version
