"""State machines and what hangs on them: revisions, versions, aliases; activities; and how they refuse.

A machine has one current revision; a revision is immutable and is what executions run. A version is a revision that was
published under a number, an alias sends what starts with it to one or two versions by weight.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, NewType

from app.domain.shared.errors import Conflict, Invalid, NotFound
from app.domain.shared.events import Event
from app.domain.shared.ids import CompanyId, RoleId

MachineId = NewType("MachineId", int)
RevisionNumber = NewType("RevisionNumber", int)
MOST_TAGS: Final = 50
MOST_VERSIONS: Final = 1_000
MOST_ALIASES: Final = 100
LONGEST_NUMBER: Final = 9
ACCOUNT_DIGITS: Final = 12
WHOLE: Final = 100
_ROLE: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/tramita/(\d{1,18})")
_FORBIDDEN: Final = re.compile(r"[\s?*<>{}\[\]\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


class Rejected(Invalid):
    """The workflow service does not accept this; ``what`` is its name for the reason."""

    code = "processes.rejected"


class Missing(NotFound):
    """The workflow service knows no such thing; ``what`` is its name for the reason."""

    code = "processes.missing"


class Refused(Conflict):
    """The workflow service cannot do this as things stand; ``what`` is its name for the reason."""

    code = "processes.refused"


class BadDefinition(Invalid):
    """The definition of the workflow is not sound."""

    code = "processes.bad_definition"


class NothingToRollBack(Conflict):
    """The alias has led nowhere else before."""

    code = "processes.nothing_to_roll_back"


class ExecutionEnded(Conflict):
    """The execution has ended."""

    code = "processes.execution_ended"


class NotRedrivable(Conflict):
    """The execution runs, has succeeded or has been undone: there is nothing that it could go on with."""

    code = "processes.not_redrivable"


class NotRetriable(Conflict):
    """The execution cannot go on from that state; ``reason`` says why, in the engine's words."""

    code = "processes.not_retriable"


class NotMigratable(Conflict):
    """The execution cannot go on by that version; ``reason`` says why, in the engine's words."""

    code = "processes.not_migratable"


class MachineKind(StrEnum):
    """How executions are kept: for a year with every step, or for minutes without."""

    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"


class ExecutionState(StrEnum):
    """What has become of an execution."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    PENDING_REDRIVE = "PENDING_REDRIVE"


class Stage(StrEnum):
    """Where an execution is, in more detail than AWS tells; the life of an execution is the engine's."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    RETRYING = "retrying"
    COMPENSATING = "compensating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ABORTED = "aborted"


def check_name(name: str) -> None:
    """Pass only names of machines, executions and activities. Raises Rejected."""
    if _FORBIDDEN.search(name):
        raise Rejected(what="InvalidName", reason=f"Invalid Name: '{name}'")


def version_number(qualifier: str) -> int | None:
    """Give the number of the version that is meant by what stands behind a machine's name; None for an alias."""
    # No machine has more versions than digits of these can count, and a column of the database can hold them.
    return int(qualifier) if qualifier.isdecimal() and len(qualifier) <= LONGEST_NUMBER else None


def account_of(company: CompanyId) -> str:
    """Give the account that stands for a company in ARNs: its id in 12 digits."""
    return f"{company:0{ACCOUNT_DIGITS}d}"


def role_arn(company: CompanyId, name: str) -> str:
    """Give the ARN of a role; ``tramita/<id>`` names one of the company's, any other name says nothing here."""
    return f"arn:aws:iam::{account_of(company)}:role/{name}"


def role_of(arn: str, company: CompanyId) -> RoleId | None:
    """Give the role of the company's that a machine is to act in: ``arn:aws:iam::<account>:role/tramita/<id>``.

    None for any other ARN, which says nothing here; 0, which no role has, for one of another company.
    """
    found = _ROLE.fullmatch(arn)
    if found is None:
        return None
    return RoleId(int(found[2]) if int(found[1]) == company else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a machine does, as of one change. ``token`` is its public id, ``number`` counts up in the installation.

    ``logging``, ``tracing`` and ``encryption`` are shown back as they were given.
    """

    number: RevisionNumber = RevisionNumber(0)
    machine: str
    token: str
    definition: str
    role: str
    region: str
    kind: MachineKind
    logging: Mapping[str, Any]
    tracing: Mapping[str, Any]
    encryption: Mapping[str, Any]
    created_at: datetime

    def does_as(self, other: Revision) -> bool:
        """Tell whether creating the other would be creating this once more: role and tags do not count."""
        return (self.definition, self.kind, self.logging, self.tracing, self.encryption) == (
            other.definition,
            other.kind,
            other.logging,
            other.tracing,
            other.encryption,
        )


@dataclass(slots=True, kw_only=True)
class Machine:
    """A state machine. ``last_version`` is the highest number ever published."""

    id: MachineId = MachineId(0)
    name: str
    kind: MachineKind
    revision: RevisionNumber
    tags: dict[str, str] = field(default_factory=dict)
    last_version: int = 0
    created_at: datetime
    updated_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version: a revision under a number."""

    number: int
    revision: RevisionNumber
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which version gets how many of a hundred starts."""

    version: int
    weight: int


@dataclass(slots=True, kw_only=True)
class Alias:
    """A name that stands for one or two versions.

    ``former`` is where it led, whole, before it began to lead where it does: what a rollback goes back to.
    """

    name: str
    description: str
    routes: tuple[Route, ...]
    former: tuple[Route, ...] = ()
    created_at: datetime
    updated_at: datetime

    def lead(self, routes: tuple[Route, ...]) -> None:
        """Send starts elsewhere; while two versions share them, what came before stays what is gone back to."""
        if len(self.routes) == 1 and routes != self.routes:
            self.former = self.routes
        self.routes = routes

    def roll_back(self) -> None:
        """Send all starts where they went before. Raises NothingToRollBack."""
        if not self.former:
            raise NothingToRollBack(alias=self.name)
        self.routes, self.former = self.former, ()

    def leads_to(self, number: int) -> bool:
        """Tell whether a version is among its routes."""
        return any(route.version == number for route in self.routes)

    def version_at(self, place: int) -> int:
        """Give the version of the start at ``place``, from 0 to 99."""
        below = 0
        for route in self.routes:
            below += route.weight
            if place < below:
                return route.version
        raise ValueError(place)


@dataclass(slots=True, kw_only=True)
class Activity:
    """Work that is done by whoever asks for it."""

    id: int = 0
    name: str
    encryption: Mapping[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    created_at: datetime


def tagged(tags: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Give the tags with ``more`` put in. Raises Rejected when they are too many."""
    all_of_them = {**tags, **more}
    if len(all_of_them) > MOST_TAGS:
        raise Rejected(what="TooManyTags", reason=f"Number of tags exceeds the limit of {MOST_TAGS}")
    return all_of_them


def check_routes(routes: Sequence[Route]) -> None:
    """Pass only weights that make a hundred. Raises Rejected."""
    weights = [route.weight for route in routes]
    if sum(weights) != WHOLE:
        given = ", ".join(map(str, weights))
        reason = f"Sum of routing configuration weights must equal {WHOLE}. Received: [{given}]"
        raise Rejected(what="ValidationException", reason=reason)
    if len({route.version for route in routes}) != len(routes):
        reason = "Routing configuration must contain distinct state machine version ARNs."
        raise Rejected(what="ValidationException", reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution as it stands; instants are milliseconds since the epoch, UTC.

    ``map_run`` is the id of the map run that it is of, if any, and ``items`` how many items it is for. ``alias`` and
    ``published`` are what it was started with, if anything; ``moved`` tells that it goes by another ``revision`` since.
    ``place`` continues a list after it.
    """

    id: str
    machine: str
    name: str
    revision: RevisionNumber
    state: ExecutionState
    started: int
    stopped: int | None
    alias: str
    published: int | None
    input: str = "{}"
    output: str | None = None
    error: str = ""
    cause: str = ""
    trace: str = ""
    redrives: int = 0
    redriven: int | None = None
    redrivable: bool = False
    moved: bool = False
    map_run: str = ""
    items: int | None = None

    @property
    def place(self) -> tuple[int, str]:
        """Where a list goes on after this one."""
        return self.started, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineEvent(Event):
    """What all events of a workflow share; ``id`` is the machine's."""

    aggregate: ClassVar[str] = "workflow"
    id: MachineId
    workflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineCreated(MachineEvent):
    """A workflow was entered."""

    name: ClassVar[str] = "processes.workflow_created"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineChanged(MachineEvent):
    """A workflow does something else from now on; ``revision`` says since which."""

    name: ClassVar[str] = "processes.workflow_changed"
    revision: RevisionNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineDeleted(MachineEvent):
    """A workflow was removed; what of it ran is stopped."""

    name: ClassVar[str] = "processes.workflow_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPublished(MachineEvent):
    """A revision was published under a number."""

    name: ClassVar[str] = "processes.version_published"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDeleted(MachineEvent):
    """A version was withdrawn."""

    name: ClassVar[str] = "processes.version_deleted"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasSet(MachineEvent):
    """An alias leads to these versions, as ``version:weight``, from now on."""

    name: ClassVar[str] = "processes.alias_set"
    alias: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasDeleted(MachineEvent):
    """An alias was removed."""

    name: ClassVar[str] = "processes.alias_deleted"
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionEvent(MachineEvent):
    """What all events of an execution share."""

    execution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStarted(ExecutionEvent):
    """Somebody started an execution by hand."""

    name: ClassVar[str] = "processes.execution_started"
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStopped(ExecutionEvent):
    """Somebody stopped an execution."""

    name: ClassVar[str] = "processes.execution_stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionMigrated(ExecutionEvent):
    """Somebody let an execution go on by another revision of its workflow."""

    name: ClassVar[str] = "processes.execution_migrated"
    revision: RevisionNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRedriven(ExecutionEvent):
    """Somebody let an execution that had ended go on."""

    name: ClassVar[str] = "processes.execution_redriven"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRetried(ExecutionEvent):
    """Somebody let an execution that had ended go on from a state, by a revision of its workflow."""

    name: ClassVar[str] = "processes.execution_retried"
    state: str
    revision: RevisionNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionEnd(ExecutionEvent):
    """An execution has come to an end; ``reference`` is what it is about, ``error`` the name of what ended it.

    ``alerts`` counts its calls for a person.
    """

    reference: str
    error: str
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSucceeded(ExecutionEnd):
    """An execution has done what it was for."""

    name: ClassVar[str] = "processes.execution_succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFailed(ExecutionEnd):
    """An execution has met an error that nothing caught."""

    name: ClassVar[str] = "processes.execution_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionTimedOut(ExecutionEnd):
    """An execution has taken longer than it may."""

    name: ClassVar[str] = "processes.execution_timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionAborted(ExecutionEnd):
    """An execution was stopped."""

    name: ClassVar[str] = "processes.execution_aborted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many executions of a map run may be open, and how many items may fail; None leaves what is."""

    at_once: int | None = None
    count: int | None = None
    percentage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRun:
    """The executions for the items of one visit of a Map, as they stand; instants as those of an execution.

    ``machine`` is what they run, ``<machine>/<label>``; ``parent`` and ``execution`` name the execution whose Map it
    is. ``items`` and ``executions`` count by status, as AWS names the counts.
    """

    id: str
    machine: str
    parent: str
    execution: str
    state: ExecutionState
    started: int
    stopped: int | None
    limits: Limits
    items: Mapping[str, int]
    executions: Mapping[str, int]
    redrives: int
    redriven: int | None
