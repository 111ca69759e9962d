"""The public history of an execution, as GetExecutionHistory of AWS gives it, made of the kernel's events.

The events are folded along the way, so that each is seen with the state of the execution it happened to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final

from ..kernel import events as e
from ..kernel.errors import RUNTIME
from ..kernel.fold import MAIN, fold
from ..kernel.frames import Branch, Frame
from ..kernel.graph import SUCCESS, Definition, Visit
from .context import Surroundings
from .maps.state import DistributedMap
from .resources import Service
from .states import AslState, Task, is_too_large, too_large
from .templates import text_of

_TRUNCATED: Final = {"truncated": False}


class History:
    """Turns events, given in order from the first one on, into AWS's; ``seed`` and ``execution`` are the frame's.

    ``definition`` is what the execution was started with, ``edition`` gives those that it was moved to.
    """

    def __init__(
        self,
        definition: Definition,
        execution: str,
        seed: str,
        around: Surroundings,
        edition: Callable[[int], Definition | None] = lambda _number: None,
    ) -> None:
        self._definition = definition
        self._edition = edition
        self._around = around
        self._frame = Frame(execution, seed)
        self._count = 0
        self._made: list[dict[str, Any]] = []
        self._last: dict[int, int] = {}
        """By branch: the id of the last event of its chain."""
        self._ends: dict[int, int] = {}
        """By branch: the last event of those of its children that have succeeded."""
        self._origins: dict[int, int] = {}
        """By branch: what the next turn of its Map follows."""
        self._before: dict[int, int] = {}
        """By branch: where its chain stood before its state was said to have failed."""

    def tell(self, events: Iterable[e.Event]) -> list[dict[str, Any]]:
        """Give the entries of the history that these events stand for."""
        self._made = []
        for event in events:
            teller = self._tellers.get(type(event))
            if teller is not None:
                teller(self, event)
            fold(self._frame, event)
        return self._made

    def _add(self, at: int, kind: str, previous: int, key: str = "", details: dict[str, Any] | None = None) -> int:
        self._count += 1
        entry: dict[str, Any] = {
            "timestamp": at / 1000,
            "type": kind,
            "id": self._count,
            "previousEventId": previous,
        }
        if details is not None:
            entry[key or f"{kind[0].lower()}{kind[1:]}EventDetails"] = details
        self._made.append(entry)
        return self._count

    def _next(self, branch: int, at: int, kind: str, key: str = "", details: dict[str, Any] | None = None) -> None:
        self._last[branch] = self._add(at, kind, self._last.get(branch, 0), key, details)

    def _branch(self, number: int) -> Branch:
        return self._frame.branches[number]

    def _state(self, name: str) -> tuple[AslState | None, str]:
        state = self._definition.states[name]
        return (state, state.type) if isinstance(state, AslState) else (None, state.kind.capitalize())

    # --- the execution ---------------------------------------------------------------------------------------------

    def _tell_started(self, event: e.ExecutionStarted) -> None:
        details = {**_data("input", event.input), "roleArn": self._around.role}
        self._add(event.at, "ExecutionStarted", 0, details=details)

    def _tell_succeeded(self, event: e.ExecutionSucceeded) -> None:
        self._add(event.at, "ExecutionSucceeded", self._last.get(MAIN, 0), details=_data("output", event.output))

    def _tell_failed(self, event: e.ExecutionFailed) -> None:
        self._add(event.at, "ExecutionFailed", self._last.get(MAIN, 0), details=_failure(event.error, event.cause))

    def _tell_timed_out(self, event: e.ExecutionTimedOut) -> None:
        self._add(event.at, "ExecutionTimedOut", self._last.get(MAIN, 0), details={})

    def _tell_aborted(self, event: e.ExecutionAborted) -> None:
        self._add(event.at, "ExecutionAborted", self._last.get(MAIN, 0), details=_failure(event.error, event.cause))

    def _tell_redriven(self, event: e.ExecutionRedriven | e.ExecutionRetried) -> None:
        self._add(event.at, "ExecutionRedriven", self._count, details={"redriveCount": self._frame.redrives + 1})

    def _tell_retried(self, event: e.ExecutionRetried) -> None:
        # AWS goes on where it ended and nowhere else: this is as near as its words come.
        self._tell_redriven(event)
        for known in (self._ends, self._origins, self._before):
            known.clear()
        self._last = {MAIN: self._count}
        if event.edition:
            self._definition = self._edition(event.edition) or self._definition

    def _tell_migrated(self, event: e.ExecutionMigrated) -> None:
        # AWS has no line for it: what follows is told as the other edition has it.
        self._definition = self._edition(event.edition) or self._definition

    # --- states ----------------------------------------------------------------------------------------------------

    def _tell_entered(self, event: e.StateEntered) -> None:
        _, kind = self._state(event.state)
        details = {"name": event.state, **_data("input", event.input)}
        self._next(event.branch, event.at, f"{kind}StateEntered", "stateEnteredEventDetails", details)

    def _tell_exited(self, event: e.StateExited) -> None:
        _, kind = self._state(event.state)
        details: dict[str, Any] = {"name": event.state, **_data("output", event.output)}
        if event.variables is not None:
            details["assignedVariables"] = {name: text_of(value) for name, value in event.variables.items()}
            details["assignedVariablesDetails"] = dict(_TRUNCATED)
        self._before.pop(event.branch, None)
        if event.transition == SUCCESS and event.branch in self._ends:
            # The children's success is passed by.
            self._last[event.branch] = self._ends[event.branch]
        self._ends.pop(event.branch, None)
        self._next(event.branch, event.at, f"{kind}StateExited", "stateExitedEventDetails", details)

    def _tell_state_failed(self, event: e.StateFailed) -> None:
        state, _ = self._state(event.state)
        if state is None:
            return
        number, at = event.branch, event.at
        if number in self._before:
            self._last[number] = self._before.pop(number)
        visit = Visit(self._definition, self._frame, at).at(self._branch(number))
        chain = self._last.get(number, 0)
        for kind, details in state.lines(visit, event):
            if kind.endswith("StateFailed"):
                self._before[number] = chain
            self._tell_line(number, at, kind, details)
        if event.outcome == "caught":
            self._before.pop(number, None)

    def _tell_line(self, number: int, at: int, kind: str, details: dict[str, Any]) -> None:
        """Tell a line of a failure; what is given up inside the state does not lead on."""
        if kind.endswith("Aborted"):
            self._add(at, kind, self._last.get(number, 0), details=details or None)
        else:
            self._next(number, at, kind, details=details or None)

    # --- lines of work ---------------------------------------------------------------------------------------------

    def _tell_children_started(self, event: e.ChildrenStarted) -> None:
        _, kind = self._state(self._branch(event.branch).state)
        details = {"length": event.count} if kind == "Map" else None
        self._next(event.branch, event.at, f"{kind}StateStarted", details=details)
        self._origins[event.branch] = self._ends[event.branch] = self._last[event.branch]

    def _tell_branch_started(self, event: e.BranchStarted) -> None:
        self._last[event.branch] = self._origins.get(event.parent, 0)
        if event.turn:
            details = {"name": self._branch(event.parent).state, "index": event.index}
            self._next(event.branch, event.at, "MapIterationStarted", details=details)

    def _turn(self, branch: Branch, at: int, how: str) -> None:
        details = {"name": self._branch(branch.parent).state, "index": branch.index}
        self._next(branch.id, at, f"MapIteration{how}", details=details)

    def _tell_branch_succeeded(self, event: e.BranchSucceeded) -> None:
        branch = self._branch(event.branch)
        if branch.turn:
            self._origins[branch.parent] = self._last[branch.id]
            self._turn(branch, event.at, "Succeeded")
        self._ends[branch.parent] = max(self._ends[branch.parent], self._last.pop(branch.id))

    def _tell_branch_failed(self, event: e.BranchFailed) -> None:
        branch = self._branch(event.branch)
        self._last[branch.parent] = self._last[branch.id]
        if branch.turn and event.error != RUNTIME:
            self._turn(branch, event.at, "Failed")

    def _tell_children_succeeded(self, event: e.ChildrenSucceeded) -> None:
        _, kind = self._state(self._branch(event.branch).state)
        self._last[event.branch] = self._add(event.at, f"{kind}StateSucceeded", self._ends[event.branch])

    # --- tasks -----------------------------------------------------------------------------------------------------

    def _is_map(self, branch: Branch) -> bool:
        return branch.undo is None and isinstance(self._definition.states[branch.state], DistributedMap)

    def _tell_map_scheduled(self, event: e.TaskScheduled) -> None:
        if event.shown:
            self._next(event.branch, event.at, "MapStateStarted", details={"length": event.argument["length"]})

    def _tell_map_submitted(self, event: e.TaskSubmitted) -> None:
        wait = self._branch(event.branch).wait
        details = dict(event.output)
        told = {"mapRunArn": details["MapRunArn"]}
        if wait is not None and not wait.shown:
            self._next(event.branch, event.at, "MapRunRedriven", details={**told, "redriveCount": self._frame.redrives})
        else:
            self._next(event.branch, event.at, "MapRunStarted", details=told)

    def _tell_scheduled(self, event: e.TaskScheduled) -> None:
        branch = self._branch(event.branch)
        if self._is_map(branch):
            self._tell_map_scheduled(event)
            return
        service = Service.of(event.resource)
        details = self._asked(event, service)
        role = self._role(branch, event.at)
        if role is not None and service.family != "Activity":
            details["taskCredentials"] = {"roleArn": role}
        self._next(branch.id, event.at, f"{service.family}Scheduled", details=details)
        if event.shown > 1:
            self._next(branch.id, event.at, f"{service.family}Started", details=_service(service))

    def _asked(self, event: e.TaskScheduled, service: Service) -> dict[str, Any]:
        details: dict[str, Any] = {}
        if service.family == "Task":
            details |= {"resourceType": service.kind, "resource": service.action, "region": self._around.region}
            details["parameters"] = text_of(event.argument)
        else:
            details |= {"resource": event.resource, **_data("input", event.argument)}
        limit = event.limit if event.due is None else event.due - event.at
        if limit is not None:
            details["timeoutInSeconds"] = limit // 1000
        if event.beat is not None and service.family != "LambdaFunction":
            details["heartbeatInSeconds"] = event.beat // 1000
        return details

    def _role(self, branch: Branch, at: int) -> Any:
        state = self._definition.states[branch.state]
        if branch.undo is not None or not isinstance(state, Task) or state.credentials is None:
            return None
        given = state.credentials(Visit(self._definition, self._frame, at).at(branch))
        return given.get("RoleArn") if isinstance(given, dict) else None

    def _tell_taken(self, event: e.TaskStarted) -> None:
        branch = self._branch(event.branch)
        if branch.wait is None or branch.wait.shown != 1:
            return
        family = Service.of(branch.wait.name).family
        details = {"workerName": event.worker} if family == "Activity" else None
        self._next(branch.id, event.at, f"{family}Started", details=details)

    def _tell_submitted(self, event: e.TaskSubmitted) -> None:
        if self._is_map(self._branch(event.branch)):
            self._tell_map_submitted(event)
            return
        self._answered(event.branch, event.at, "Submitted", _data("output", event.output))

    def _answered(self, number: int, at: int, how: str, details: dict[str, Any]) -> None:
        branch = self._branch(number)
        service = Service.of("" if branch.wait is None else branch.wait.name)
        self._next(number, at, service.family + how, details={**(_service(service) or {}), **details})

    def _tell_task_succeeded(self, event: e.TaskSucceeded) -> None:
        if self._is_map(self._branch(event.branch)):
            self._next(event.branch, event.at, "MapRunSucceeded")
            self._ends[event.branch] = self._last[event.branch]
            return
        if is_too_large(event.output):
            wait = self._branch(event.branch).wait
            error = too_large(Service.of("" if wait is None else wait.name).blamed)
            self._answered(event.branch, event.at, "Failed", _failure(error.error, error.cause))
            return
        self._answered(event.branch, event.at, "Succeeded", _data("output", event.output))

    def _tell_task_failed(self, event: e.TaskFailed) -> None:
        if self._is_map(self._branch(event.branch)):
            self._next(event.branch, event.at, "MapRunFailed", details=_failure(event.error, event.cause))
            return
        wait = self._branch(event.branch).wait
        not_begun = wait is not None and not wait.taken and Service.of(wait.name).is_submitted
        how = "SubmitFailed" if not_begun else "Failed"
        self._answered(event.branch, event.at, how, _failure(event.error, event.cause))

    def _tell_task_timed_out(self, event: e.TaskTimedOut) -> None:
        self._answered(event.branch, event.at, "TimedOut", {"error": "States.Timeout"})

    # --- messages, our own -----------------------------------------------------------------------------------------

    def _tell_awaited(self, event: e.SignalAwaited) -> None:
        details = {"correlationKey": event.names[0], "correlationValue": event.key}
        self._next(event.branch, event.at, "MessageAwaited", details=details)

    def _tell_received(self, event: e.SignalReceived) -> None:
        details = {"correlationKey": event.name, **_data("data", event.data)}
        self._next(event.branch, event.at, "MessageReceived", details=details)

    def _tell_message_timed_out(self, event: e.SignalTimedOut) -> None:
        details = {"correlationKey": event.names[0], "correlationValue": event.key}
        self._next(event.branch, event.at, "MessageTimedOut", details=details)

    _tellers: ClassVar[dict[type[e.Event], Callable[[History, Any], None]]] = {
        e.ExecutionStarted: _tell_started,
        e.ExecutionSucceeded: _tell_succeeded,
        e.ExecutionFailed: _tell_failed,
        e.ExecutionTimedOut: _tell_timed_out,
        e.ExecutionAborted: _tell_aborted,
        e.ExecutionRedriven: _tell_redriven,
        e.ExecutionRetried: _tell_retried,
        e.ExecutionMigrated: _tell_migrated,
        e.StateEntered: _tell_entered,
        e.StateExited: _tell_exited,
        e.StateFailed: _tell_state_failed,
        e.ChildrenStarted: _tell_children_started,
        e.BranchStarted: _tell_branch_started,
        e.BranchSucceeded: _tell_branch_succeeded,
        e.BranchFailed: _tell_branch_failed,
        e.ChildrenSucceeded: _tell_children_succeeded,
        e.TaskScheduled: _tell_scheduled,
        e.TaskStarted: _tell_taken,
        e.TaskSubmitted: _tell_submitted,
        e.TaskSucceeded: _tell_task_succeeded,
        e.TaskFailed: _tell_task_failed,
        e.TaskTimedOut: _tell_task_timed_out,
        e.SignalAwaited: _tell_awaited,
        e.SignalReceived: _tell_received,
        e.SignalTimedOut: _tell_message_timed_out,
    }
    """What tells of an event; the others are the engine's own and nothing to AWS."""


def _data(field: str, value: Any) -> dict[str, Any]:
    return {field: text_of(value), f"{field}Details": dict(_TRUNCATED)}


def _failure(error: str, cause: str) -> dict[str, Any]:
    return {name: value for name, value in (("error", error), ("cause", cause)) if value}


def _service(service: Service) -> dict[str, Any] | None:
    if service.family != "Task":
        return None
    return {"resourceType": service.kind, "resource": service.action}
