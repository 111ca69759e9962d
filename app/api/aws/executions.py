"""Actions on executions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.api.aws.call import BAD_TOKEN, Answer, Call, cut
from app.api.aws.errors import invalid
from app.api.aws.map_runs import of_map
from app.domain.processes import Execution, ExecutionState
from app.usecases import processes
from app.usecases.ports.workflows import ExecutionQuery
from app.usecases.processes import MachineRef, OfMachine

_DATA: Final = frozenset(
    {
        "input",
        "inputDetails",
        "output",
        "outputDetails",
        "parameters",
        "assignedVariables",
        "assignedVariablesDetails",
        "data",
        "dataDetails",
    }
)
_INCLUDED: Final = {"included": True}
_LATEST: Final = 2**53


def start(call: Call) -> Answer:
    """StartExecution."""
    execution = started(call, processes.StartExecution(call.container.executions))
    arn = call.place.execution(execution.machine, execution.name)
    return {"executionArn": arn, "startDate": execution.started / 1000}


def started(call: Call, case: processes.StartExecution) -> Execution:
    """Start what the call asks for."""
    name, qualifier = call.place.of_machine(call.given["stateMachineArn"])
    wanted = processes.Start(
        of=MachineRef(name=name, qualifier=qualifier),
        name=call.given.get("name"),
        input=call.given.get("input", "{}"),
        trace=call.given.get("traceHeader", ""),
    )
    return call.run(case, wanted)


def stop(call: Call) -> Answer:
    """StopExecution."""
    given = call.given
    wanted = processes.Stop(of=_meant(call), error=given.get("error", ""), cause=given.get("cause", ""))
    return {"stopDate": call.run(processes.StopExecution(call.container.executions), wanted) / 1000}


def redrive(call: Call) -> Answer:
    """RedriveExecution."""
    return {"redriveDate": call.run(processes.RedriveExecution(call.container.executions), _meant(call)) / 1000}


def describe(call: Call) -> Answer:
    """DescribeExecution."""
    execution = call.run(processes.ReadExecution(call.container.executions), _meant(call))
    traced = {"traceHeader": execution.trace} if execution.trace else {}
    return {**_shown(call, execution), **data_of(call, execution), **traced, **_redrivable(execution)}


def data_of(call: Call, execution: Execution) -> Answer:
    """Give what went in and came out, unless the call wants to know only about it."""
    if call.given.get("includedData") == "METADATA_ONLY":
        return {}
    data: dict[str, Any] = {"input": execution.input, "inputDetails": _INCLUDED}
    if execution.output is not None:
        data |= {"output": execution.output, "outputDetails": _INCLUDED}
    return data | {name: value for name, value in (("error", execution.error), ("cause", execution.cause)) if value}


def _redrivable(execution: Execution) -> Answer:
    if execution.redrivable:
        return {"redriveStatus": "REDRIVABLE"}
    reason = f"Execution is {execution.state} and cannot be redriven"
    return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}


def _shown(call: Call, execution: Execution) -> dict[str, Any]:
    place, machine = call.place, execution.machine
    shown: dict[str, Any] = {
        "executionArn": place.execution(machine, execution.name),
        "stateMachineArn": place.machine(machine),
        "name": execution.name,
        "status": execution.state,
        "startDate": execution.started / 1000,
        "redriveCount": execution.redrives,
    }
    if execution.stopped is not None:
        shown["stopDate"] = execution.stopped / 1000
    if execution.redriven is not None:
        shown["redriveDate"] = execution.redriven / 1000
    if execution.published is not None:
        shown["stateMachineVersionArn"] = place.machine(machine, execution.published)
    if execution.alias:
        shown["stateMachineAliasArn"] = place.machine(machine, execution.alias)
    if execution.map_run:
        shown["mapRunArn"] = place.map_run(machine, execution.map_run)
    return shown


def list_(call: Call) -> Answer:
    """ListExecutions."""
    if ("mapRunArn" in call.given) == ("stateMachineArn" in call.given):
        raise invalid("1 validation error detected: Must provide a StateMachine ARN or MapRun ARN")
    status = call.given.get("statusFilter")
    return _of_map_run(call, status) if "mapRunArn" in call.given else _of_machine(call, status)


def _of_machine(call: Call, status: str | None) -> Answer:
    found = call.run(processes.ListExecutions(call.container.executions), _query(call, status))
    if status == "PENDING_REDRIVE":
        return {"executions": []}  # only children of map runs wait for it
    shown, more = cut(found, call.limit)
    redriven = call.given.get("redriveFilter")
    wanted = [_shown(call, one) for one in shown if _is_wanted(one, redriven)]
    return call.page("executions", wanted, shown[-1].place if more else None)


def _of_map_run(call: Call, status: str | None) -> Answer:
    """List executions of a map run; a list goes on below the number of the last one."""
    wanted = processes.MemberQuery(
        of=of_map(call),
        states=() if status is None else (ExecutionState(status),),
        below=call.continued(),
        limit=call.limit + 1,
    )
    found = call.run(processes.ListMapRunExecutions(call.container.map_runs), wanted)
    shown, more = cut(found, call.limit)
    redriven = call.given.get("redriveFilter")
    items = [{**_shown(call, one), "itemCount": one.items} for _, one in shown if _is_wanted(one, redriven)]
    return call.page("executions", items, shown[-1][0] if more else None)


def _query(call: Call, status: str | None) -> ExecutionQuery:
    name, qualifier = call.place.of_machine(call.given["stateMachineArn"])
    number = int(qualifier) if qualifier.isdecimal() else None
    return ExecutionQuery(
        machine=name,
        states=() if status in {None, "PENDING_REDRIVE"} else (ExecutionState(status),),
        after=_after(call),
        limit=call.limit + 1,
        published=number,
        alias="" if number is not None else qualifier,
    )


def _after(call: Call) -> tuple[int, str] | None:
    """Give the place that a list goes on after. Raises AwsError for one that no list has ended with."""
    match call.continued():
        case None:
            return None
        case [int() as started, str() as execution] if 0 <= started < _LATEST and "\x00" not in execution:
            return int(started), execution
    raise BAD_TOKEN


def _is_wanted(execution: Execution, redriven: str | None) -> bool:
    return redriven is None or (redriven == "REDRIVEN") == (execution.redrives > 0)


def history(call: Call) -> Answer:
    """GetExecutionHistory."""
    found = call.run(processes.ReadHistory(call.container.executions), _meant(call))
    events = found.events[::-1] if call.given.get("reverseOrder") else found.events
    whole = call.given.get("includeExecutionData", True)
    return call.part("events", events, (lambda event: event) if whole else _bare)


def _bare(event: Mapping[str, Any]) -> Answer:
    """Give an event without the data in it."""
    return {
        name: {key: part for key, part in value.items() if key not in _DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }


def _meant(call: Call) -> OfMachine:
    machine, name = call.place.of_execution(call.given["executionArn"])
    return OfMachine(machine=machine, name=name)
