"""Executions: started, shown, listed, stopped, redriven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from app.domain.processes import (
    Execution,
    ExecutionState,
    Machine,
    MachineKind,
    Missing,
    Rejected,
    RevisionNumber,
    check_name,
)
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import ExecutionQuery, Executions, NewExecution
from app.usecases.processes.shared import MachineRef, machine_of

UNSUPPORTED: Final = "This operation is not supported by this type of state machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An execution to start, of a machine or a version of it; ``input`` is JSON text."""

    of: MachineRef
    name: str | None
    input: str
    trace: str = ""
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class StartExecution:
    """Start an execution, once this is committed. Raises Missing, Rejected, Refused.

    One of this name and input that runs already is given as it is; of an express machine each start is a new one.
    With ``sync`` only an express machine may be meant: somebody waits for the end.
    """

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    executions: Executions
    sync: bool = False

    def execute(self, work: Work, context: Context, request: Start) -> Execution:
        """Give the execution."""
        if request.name is not None:
            check_name(request.name)
        # Held: who removes the machine stops what was started before, and finds it.
        machine = work.machines.held(request.of.name)
        if machine is None:
            raise Missing(what="StateMachineDoesNotExist")
        if self.sync and machine.kind is not MachineKind.EXPRESS:
            raise Rejected(what="StateMachineTypeNotSupported", reason=UNSUPPORTED)
        revision, number, alias = self._chosen(work, machine, request.of)
        new = NewExecution(
            machine=machine.name,
            revision=revision,
            name=request.name,
            input=request.input,
            actor=context.actor,
            api_key=context.api_key,
            aws_credential=context.aws_credential,
            alias=alias,
            published=number,
            trace=request.trace,
            express=machine.kind is MachineKind.EXPRESS,
            reference=request.reference,
        )
        return self.executions.start(work, context.company, new)

    def _chosen(self, work: Work, machine: Machine, of: MachineRef) -> tuple[RevisionNumber, int | None, str]:
        """Give revision, version and alias to start with."""
        if not of.qualifier:
            return machine.revision, None, ""
        number, alias = of.number, ""
        for one in work.machines.aliases(machine):
            if one.name == of.qualifier:
                number, alias = one.version_at(self.executions.chance()), one.name
        version = None if number is None else work.machines.version(machine, number)
        if version is None:
            raise Missing(what="StateMachineDoesNotExist")
        return version.revision, version.number, alias


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMachine:
    """What names an execution: its machine's name and its own."""

    machine: str
    name: str


@dataclass(frozen=True, slots=True)
class ReadExecution:
    """Show an execution. Raises Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    executions: Executions

    def execute(self, work: Work, context: Context, request: OfMachine) -> Execution:
        """Give the execution; one that was moved shows the version it goes by."""
        return with_version(work, _found(self.executions, context, request))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The history of an execution, whole and in order, in AWS's words."""

    execution: Execution
    events: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Show what has happened in an execution. Raises Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    executions: Executions

    def execute(self, work: Work, context: Context, request: OfMachine) -> History:
        """Give the history."""
        found = _found(self.executions, context, request)
        return History(execution=found, events=self.executions.history(context.company, found))


@dataclass(frozen=True, slots=True)
class ListExecutions:
    """List executions of a state machine, the newest first, without their data. Raises Missing, Rejected."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    executions: Executions

    def execute(self, work: Work, context: Context, request: ExecutionQuery) -> Sequence[Execution]:
        """Give the executions of the page; those of an earlier machine of this name are not its own."""
        machine = machine_of(work, request.machine)
        if machine.kind is MachineKind.EXPRESS:
            raise Rejected(what="StateMachineTypeNotSupported", reason=UNSUPPORTED)
        since = int(machine.created_at.timestamp() * 1000)
        return self.executions.page(context.company, replace(request, since=since))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An execution to stop, and why."""

    of: OfMachine
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class StopExecution:
    """Stop an execution; one that has ended is left as it is. Raises Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = False
    executions: Executions

    def execute(self, work: Work, context: Context, request: Stop) -> int:
        """Give the instant, in milliseconds."""
        found = _found(self.executions, context, request.of)
        if found.state is not ExecutionState.RUNNING and found.stopped is not None:
            return found.stopped
        return self.executions.stop(context.company, found, request.error, request.cause)


@dataclass(frozen=True, slots=True)
class RedriveExecution:
    """Let an execution that ended other than well go on from there. Raises Missing, Refused."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = False
    executions: Executions

    def execute(self, work: Work, context: Context, request: OfMachine) -> int:
        """Give the instant, in milliseconds."""
        return self.executions.redrive(context.company, _found(self.executions, context, request))


def with_version(work: Work, execution: Execution) -> Execution:
    """Give an execution with the version it goes by when it is not the one it was started with."""
    if not execution.moved:
        return execution
    machine = work.machines.by_name(execution.machine)
    versions = () if machine is None else work.machines.versions(machine)
    number = next((one.number for one in versions if one.revision == execution.revision), None)
    return replace(execution, published=number)


def _found(executions: Executions, context: Context, wanted: OfMachine) -> Execution:
    found = executions.find(context.company, wanted.machine, wanted.name)
    if found is None:
        raise Missing(what="ExecutionDoesNotExist")
    return found
