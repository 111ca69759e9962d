"""How executions have ended is told to the change feed, the audit and whoever follows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from app.domain.processes import (
    ExecutionAborted,
    ExecutionEnd,
    ExecutionFailed,
    ExecutionState,
    ExecutionSucceeded,
    ExecutionTimedOut,
    Machine,
    MachineKind,
    RevisionNumber,
)
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from app.usecases.context import Context, system_context
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Ended, Executions
from app.usecases.run import Runner

BATCH: Final = 256
EVENTS: Final[Mapping[ExecutionState, type[ExecutionEnd]]] = {
    ExecutionState.SUCCEEDED: ExecutionSucceeded,
    ExecutionState.FAILED: ExecutionFailed,
    ExecutionState.TIMED_OUT: ExecutionTimedOut,
    ExecutionState.ABORTED: ExecutionAborted,
}


@dataclass(frozen=True, slots=True)
class CompaniesWithEnds:
    """Find the companies with ends that nobody was told of."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[CompanyId]:
        """Give their ids, in order."""
        return work.tallies.companies_with_ends()


@dataclass(frozen=True, slots=True)
class TellEnds:
    """Tell of ends of one company, each once: it is taken from the engine in the transaction that tells of it.

    Nothing is told of what an express machine did, as on AWS, nor of executions whose machine is gone.
    """

    executions: Executions
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: int) -> int:
        """Give how many of at most ``request`` ends were taken."""
        ends = self.executions.take_ends(work, context.company, request)
        told_of = {place: _machine(work, *place) for place in {(end.machine, end.revision) for end in ends}}
        for end in ends:
            machine = told_of[end.machine, end.revision]
            if machine is not None:
                self._tell(work, machine, end)
        return len(ends)

    def _tell(self, work: Work, machine: Machine, end: Ended) -> None:
        event = EVENTS[end.state]
        work.outbox.add(
            event(
                id=machine.id,
                workflow=machine.name,
                execution=end.execution,
                reference=end.reference,
                error=end.error,
                alerts=end.alerts,
            )
        )


def _machine(work: Work, name: str, number: RevisionNumber) -> Machine | None:
    """Give the machine whose ends are told, None for one that is gone, or was an express one then."""
    revision = work.machines.revision(number)
    if revision is None or revision.kind is MachineKind.EXPRESS:
        return None
    return work.machines.by_name(name)


@dataclass(frozen=True, slots=True)
class DispatchEnds:
    """Tells of the ends in all companies, each batch in a transaction of its own."""

    runner: Runner
    telling: TellEnds

    def __call__(self) -> int:
        """Give how many ends were taken."""
        system = system_context("dispatch")
        done = 0
        for company in self.runner.call(system, CompaniesWithEnds(), lambda: None):
            context = replace(system, company=company)
            while taken := self.runner.call(context, self.telling, lambda: BATCH):
                done += taken
                if taken < BATCH:
                    break
        return done
