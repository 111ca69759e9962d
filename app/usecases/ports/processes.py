"""What the workflow side keeps in rows: machines and what hangs on them, activities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.processes import Activity, Alias, Machine, MachineId, Published, Revision, RevisionNumber, Stage
from app.domain.shared.ids import CompanyId


class Machines(Protocol):
    """Machines of the context's company, and what hangs on them.

    What changes a machine's versions or aliases saves the machine as well: its version is what orders them.
    """

    def by_name(self, name: str) -> Machine | None:
        """Give the machine of this name."""
        ...

    def held(self, name: str) -> Machine | None:
        """Give the machine of this name, which is not removed before the transaction is over."""
        ...

    def get(self, number: MachineId) -> Machine:
        """Give the machine of this id. Raises NotFound."""
        ...

    def add(self, machine: Machine) -> None:
        """Store a new machine and set its id. Raises RolledBack when the name was taken meanwhile."""
        ...

    def save(self, machine: Machine) -> None:
        """Store changes. Raises RolledBack when somebody else has changed it meanwhile."""
        ...

    def remove(self, machine: Machine) -> None:
        """Remove it with its versions and aliases; revisions stay for the executions that run them."""
        ...

    def page(self, after: str, limit: int) -> Sequence[Machine]:
        """Give machines by name, those beyond ``after``."""
        ...

    def revise(self, revision: Revision) -> RevisionNumber:
        """Store a new revision and give its number."""
        ...

    def revision(self, number: RevisionNumber) -> Revision | None:
        """Give a revision."""
        ...

    def published_role(self, number: RevisionNumber) -> str:
        """Give the role ARN of a revision that is published as a version now, else nothing."""
        ...

    def publish(self, machine: Machine, version: Published) -> None:
        """Store a new version."""
        ...

    def versions(self, machine: Machine) -> Sequence[Published]:
        """Give the versions, newest first."""
        ...

    def version(self, machine: Machine, number: int) -> Published | None:
        """Give the version of this number."""
        ...

    def withdraw(self, machine: Machine, number: int) -> None:
        """Remove a version."""
        ...

    def aliases(self, machine: Machine) -> Sequence[Alias]:
        """Give the aliases by name."""
        ...

    def put_alias(self, machine: Machine, alias: Alias) -> None:
        """Store an alias, in place of one of this name if there is one."""
        ...

    def remove_alias(self, machine: Machine, name: str) -> None:
        """Remove an alias."""
        ...


class Activities(Protocol):
    """Activities of the context's company."""

    def by_name(self, name: str) -> Activity | None:
        """Give the activity of this name."""
        ...

    def add(self, activity: Activity) -> None:
        """Store a new one and set its id. Raises RolledBack when the name was taken meanwhile."""
        ...

    def tag(self, activity: Activity) -> None:
        """Store its tags."""
        ...

    def remove(self, activity: Activity) -> None:
        """Remove it."""
        ...

    def page(self, after: str, limit: int) -> Sequence[Activity]:
        """Give activities by name, those beyond ``after``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyQuery:
    """Which executions to measure: of a workflow, started in a stretch of time; None is no condition."""

    workflow: str | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many executions are in a status, and how long they took, in milliseconds; None of what has not ended.

    A percentile is the shortest time that so many of a hundred did not exceed.
    """

    stage: Stage
    count: int
    mean: float | None
    p50: int | None
    p95: int | None
    p99: int | None


class Tallies(Protocol):
    """Sums over the executions of the context's company."""

    def companies_with_ends(self) -> Sequence[CompanyId]:
        """Give the companies, all of them looked at, that have ends of executions nobody was told of; in order."""
        ...

    def durations(self, query: TallyQuery, most: int) -> Sequence[Tally]:
        """Measure the newest executions, at most so many, by status."""
        ...
