"""Runs of distributed Maps: shown, listed, changed while they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.processes import Execution, ExecutionState, Limits, MapRun, Missing, Rejected
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Executions, MapRuns
from app.usecases.processes.executions import OfMachine, ReadExecution


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMap:
    """What names a map run: what its executions run, ``<machine>/<label>``, and its id."""

    machine: str
    run: str


@dataclass(frozen=True, slots=True)
class ListMapRuns:
    """List the map runs of an execution, the newest first. Raises Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    executions: Executions
    map_runs: MapRuns

    def execute(self, work: Work, context: Context, request: OfMachine) -> Sequence[MapRun]:
        """Give all of them."""
        return self.map_runs.of(context.company, ReadExecution(self.executions).execute(work, context, request))


@dataclass(frozen=True, slots=True)
class ReadMapRun:
    """Show a map run. Raises Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    map_runs: MapRuns

    def execute(self, work: Work, context: Context, request: OfMap) -> MapRun:
        """Give the map run."""
        return _found(self.map_runs, context, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberQuery:
    """Which executions of a map run to list: those of these states, with numbers below one."""

    of: OfMap
    states: tuple[ExecutionState, ...] = ()
    below: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ListMapRunExecutions:
    """List the executions of a map run, the last started first, without their data. Raises Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    map_runs: MapRuns

    def execute(self, work: Work, context: Context, request: MemberQuery) -> Sequence[tuple[int, Execution]]:
        """Give those of the page, each with its number."""
        run = _found(self.map_runs, context, request.of)
        return self.map_runs.members(context.company, run, request.states, request.below, request.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRunChange:
    """A map run, and what is to count from now on."""

    of: OfMap
    limits: Limits


@dataclass(frozen=True, slots=True)
class AdjustMapRun:
    """Change how many executions of a map run may be open and how many items may fail. Raises Missing, Rejected."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = False
    map_runs: MapRuns

    def execute(self, work: Work, context: Context, request: MapRunChange) -> None:
        """Change it."""
        run = _found(self.map_runs, context, request.of)
        if run.state is not ExecutionState.RUNNING:
            raise Rejected(what="ValidationException", reason="Map Run must be RUNNING to be updated")
        self.map_runs.adjust(context.company, run, request.limits)


def _found(map_runs: MapRuns, context: Context, wanted: OfMap) -> MapRun:
    found = map_runs.find(context.company, wanted.machine, wanted.run)
    if found is None:
        raise Missing(what="ResourceNotFound")
    return found
