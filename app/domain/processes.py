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
from typing import Any, Final, NewType

from app.domain.shared.errors import Conflict, Invalid, NotFound
from app.domain.shared.ids import CompanyId, RoleId

MachineId = NewType("MachineId", int)
RevisionNumber = NewType("RevisionNumber", int)
MOST_TAGS: Final = 50
MOST_VERSIONS: Final = 1_000
MOST_ALIASES: Final = 100
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


def check_name(name: str) -> None:
    """Pass only names of machines, executions and activities. Raises Rejected."""
    if _FORBIDDEN.search(name):
        raise Rejected(what="InvalidName", reason=f"Invalid Name: '{name}'")


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
    """A name that stands for one or two versions."""

    name: str
    description: str
    routes: tuple[Route, ...]
    created_at: datetime
    updated_at: datetime

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

    ``alias`` and ``published`` are what it was started with, if anything; ``place`` continues a list after it.
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

    @property
    def place(self) -> tuple[int, str]:
        """Where a list goes on after this one."""
        return self.started, self.id
