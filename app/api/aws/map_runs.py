"""Actions on the runs of distributed Maps."""

from __future__ import annotations

from app.api.aws.call import Answer, Call
from app.api.aws.errors import AwsError
from app.domain.processes import Limits, MapRun
from app.usecases import processes
from app.usecases.processes import MapRunChange, OfMachine, OfMap


def list_(call: Call) -> Answer:
    """ListMapRuns."""
    machine, name = call.place.of_execution(call.given["executionArn"])
    case = processes.ListMapRuns(call.container.executions, call.container.map_runs)

    def show(run: MapRun) -> Answer:
        return {
            "executionArn": call.place.execution(run.parent, run.execution),
            "mapRunArn": call.place.map_run(run.machine, run.id),
            "stateMachineArn": call.place.machine(run.machine),
            **_instants(startDate=run.started, stopDate=run.stopped),
        }

    return call.part("mapRuns", call.run(case, OfMachine(machine=machine, name=name)), show)


def describe(call: Call) -> Answer:
    """DescribeMapRun."""
    run = call.run(processes.ReadMapRun(call.container.map_runs), of_map(call))
    return {
        "mapRunArn": call.place.map_run(run.machine, run.id),
        "executionArn": call.place.execution(run.parent, run.execution),
        "status": run.state,
        "maxConcurrency": run.limits.at_once,
        "toleratedFailureCount": run.limits.count,
        "toleratedFailurePercentage": run.limits.percentage,
        "itemCounts": run.items,
        "executionCounts": run.executions,
        "redriveCount": run.redrives,
        **_instants(startDate=run.started, stopDate=run.stopped, redriveDate=run.redriven),
    }


def update(call: Call) -> Answer:
    """UpdateMapRun."""
    given = call.given
    limits = Limits(
        at_once=given.get("maxConcurrency"),
        count=given.get("toleratedFailureCount"),
        percentage=given.get("toleratedFailurePercentage"),
    )
    if limits == Limits():
        names = "MaxConcurrency, ToleratedFailureCount or ToleratedFailurePercentage"
        raise AwsError("ValidationException", f"At least one of {names} must be specified")
    call.run(processes.AdjustMapRun(call.container.map_runs), MapRunChange(of=of_map(call), limits=limits))
    return {}


def of_map(call: Call) -> OfMap:
    """Give the map run that a call names. Raises AwsError."""
    machine, run = call.place.of_map_run(call.given["mapRunArn"])
    return OfMap(machine=machine, run=run)


def _instants(**instants: int | None) -> dict[str, float]:
    return {name: at / 1000 for name, at in instants.items() if at is not None}
