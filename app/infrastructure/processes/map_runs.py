"""Runs of distributed Maps, as the use cases see them, over the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from app.domain.processes import Execution, ExecutionState, Limits, MapRun
from app.domain.shared.ids import CompanyId
from app.infrastructure.processes.engine import Workflows, key_of
from app.infrastructure.processes.executions import shown_of
from app.workflow.asl.context import Surroundings
from app.workflow.asl.maps.state import RUN_SUFFIX
from app.workflow.maps import adjust_map_run, describe_map_run, map_runs_of, members_of
from app.workflow.runtime.store import Row

_STATES: Final = {"TIMED_OUT": "FAILED"}
"""What clients know no word for."""


class EngineMapRuns:
    """Shows map runs, and changes them."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    def of(self, company: CompanyId, execution: Execution) -> Sequence[MapRun]:
        """Give the map runs that an execution has started, the newest first."""
        rows = map_runs_of(self._workflows.engine.store, key_of(company, execution.id))
        return [run for row in rows if (run := self._shown(row)) is not None]

    def find(self, company: CompanyId, machine: str, run: str) -> MapRun | None:
        """Give a map run of the executions of ``<machine>/<label>``."""
        rows = self._workflows.engine.store.load([key_of(company, run)])
        return next((self._shown(row) for row in rows if row.machine == machine + RUN_SUFFIX), None)

    def members(
        self, company: CompanyId, run: MapRun, states: Sequence[ExecutionState], below: int | None, limit: int
    ) -> Sequence[tuple[int, Execution]]:
        """Give executions with their numbers, those below one, the last started first, without their data."""
        store = self._workflows.engine.store
        return [
            (one.number, replace(shown_of(one.row, one.frame), state=ExecutionState(one.status), items=one.items))
            for one in members_of(store, key_of(company, run.id), below, states, limit)
        ]

    def adjust(self, company: CompanyId, run: MapRun, limits: Limits) -> None:
        """Change what counts from now on."""
        adjust_map_run(
            self._workflows.engine,
            key_of(company, run.id),
            at_once=limits.at_once,
            count=limits.count,
            percentage=limits.percentage,
        )

    def _shown(self, row: Row) -> MapRun | None:
        told = describe_map_run(self._workflows.engine.store, row.key, Surroundings())
        return None if told is None else _map_run(row, told)


def _map_run(row: Row, told: dict[str, Any]) -> MapRun:
    *_, parent, execution = told["executionArn"].split(":", 7)
    redriven = told.get("redriveDate")
    return MapRun(
        id=row.key.id,
        machine=row.machine.removesuffix(RUN_SUFFIX),
        parent=parent,
        execution=execution,
        state=ExecutionState(_STATES.get(told["status"], told["status"])),
        started=row.created,
        stopped=row.ended,
        limits=Limits(
            at_once=told["maxConcurrency"],
            count=told["toleratedFailureCount"],
            percentage=told["toleratedFailurePercentage"],
        ),
        items=told["itemCounts"],
        executions=told["executionCounts"],
        redrives=told["redriveCount"],
        redriven=None if redriven is None else round(redriven * 1000),
    )
