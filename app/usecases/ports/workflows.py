"""What the workflow side needs of the engine: the language, executions, work for others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.processes import Execution, ExecutionState, MachineKind, RevisionNumber
from app.domain.shared.ids import CompanyId
from app.usecases.ports.shared import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with a definition, or with the severity WARNING may be."""

    severity: str
    code: str
    message: str
    location: str | None


class Language(Protocol):
    """Amazon States Language."""

    def findings(self, definition: str, kind: MachineKind) -> Sequence[Finding]:
        """Give all that is wrong with a definition."""
        ...

    def references(self, definition: str) -> Mapping[str, Sequence[str]]:
        """Give the variables that each state of a sound definition reads."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution:
    """An execution to be; ``input`` is JSON text. One without a ``name`` is called by its id."""

    machine: str
    revision: RevisionNumber
    name: str | None
    input: str
    actor: int
    alias: str = ""
    published: int | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionQuery:
    """Which executions of a machine to list, the newest first; ``since`` and ``after`` are milliseconds.

    ``alias`` and ``published`` leave those that were started with them.
    """

    machine: str
    states: tuple[ExecutionState, ...] = ()
    since: int = 0
    after: tuple[int, str] | None = None
    limit: int = 100
    alias: str = ""
    published: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedTask:
    """What a worker gets: a token to answer with, and JSON text."""

    token: str
    input: str


class Executions(Protocol):
    """The engine, as far as executions go. Machine and revision are names to it."""

    def chance(self) -> int:
        """Give a number from 0 to 99."""
        ...

    def start(self, work: Work, company: CompanyId, new: NewExecution) -> Execution:
        """Start an execution when ``work`` commits; give the one of this name and input if it runs already.

        Raises Refused for another one of this name, Rejected for an input that is no JSON.
        """
        ...

    def find(self, company: CompanyId, machine: str, name: str) -> Execution | None:
        """Give an execution."""
        ...

    def page(self, company: CompanyId, query: ExecutionQuery) -> Sequence[Execution]:
        """Give at most ``limit`` executions, without their data."""
        ...

    def history(self, company: CompanyId, execution: Execution) -> Sequence[Mapping[str, Any]]:
        """Give all that happened, in AWS's words."""
        ...

    def stop(self, company: CompanyId, execution: Execution, error: str, cause: str) -> int:
        """End it unless it has ended, and give the instant in milliseconds."""
        ...

    def redrive(self, company: CompanyId, execution: Execution) -> int:
        """Let it go on, and give the instant in milliseconds. Raises Refused when it cannot."""
        ...

    def stop_all(self, company: CompanyId, machine: str) -> None:
        """End whatever of the machine runs."""
        ...

    def purge(self, before: int, limit: int) -> int:
        """Remove executions of all companies that ended before an instant in milliseconds; give how many."""
        ...


class Tasks(Protocol):
    """The engine, as far as work for others goes."""

    def listen(self, told: Callable[[], None]) -> None:
        """Have ``told`` called, from any thread and quickly, whenever there is a task to take."""
        ...

    def take(self, company: CompanyId, activity: str, worker: str) -> HandedTask | None:
        """Give a task of the activity if there is one, now taken by ``worker``."""
        ...

    def succeed(self, company: CompanyId, token: str, output: str) -> None:
        """Answer for a task with JSON text. Raises Rejected, Missing."""
        ...

    def fail(self, company: CompanyId, token: str, error: str, cause: str) -> None:
        """Let a task fail. Raises Rejected, Missing."""
        ...

    def heartbeat(self, company: CompanyId, token: str) -> None:
        """Show that a task is worked on. Raises Rejected, Missing."""
        ...
