"""What executions do in this process, for whoever watches: calls for a person in the log, the rest as figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import structlog

from app.infrastructure.watching.quiet import NoWatch
from app.usecases.ports.resources import PREFIX
from app.workflow.asl.resources import Service
from app.workflow.kernel import events as e
from app.workflow.kernel.frames import Frame
from app.workflow.runtime.store import Key

OPEN: Final = 100_000
"""Tasks under way that are remembered; beyond it the oldest are counted nowhere."""
SERVICES: Final = frozenset({"activity", "http:invoke", "lambda", "lambda:invoke", "states:startExecution"})
"""What the resources that are not use cases of ours are told as."""
NOT_UNDONE: Final = "not_undone"
NO_WAY_BACK: Final = "no_way_back"
_log: Final = structlog.get_logger(source="app.workflows")


@lru_cache(maxsize=1024)
def label_of(resource: str) -> str:
    """Give the word that a resource is told as: a use case by its name, anything else by its kind.

    The names of use cases are those of the program, else a definition is not sound; what is in an ARN is the user's.
    """
    if resource.startswith(PREFIX):
        return resource.removesuffix(".waitForTaskToken")
    service = Service.of(resource)
    action = service.action.partition(".")[0]
    found = f"{service.kind}:{action}" if action else service.kind
    return found if found in SERVICES else "other"


class EngineWatch:
    """A listener of the engine.

    Each call for a person is a warning with the execution's id, whether anybody counts or not (SAGA-03); what a crash
    kept from being said is said when the execution is read again.
    """

    def __init__(self, watch: NoWatch) -> None:
        self._watch = watch
        self._tasks: dict[tuple[Key, int], tuple[str, int | None]] = {}
        self._heard = _COUNTED if watch.counts else _CALLS

    def told(self, key: Key, machine: str, events: Sequence[e.Event]) -> None:
        """Take note of a commit."""
        heard = self._heard
        for event in events:
            hear = heard.get(type(event))
            if hear is not None:
                hear(self, key, machine, event)

    def returned(self, key: Key, machine: str, frame: Frame) -> None:
        """Say again that a person must look, and know the tasks that another process, or an earlier time, has begun."""
        if frame.alerts and not frame.is_over:
            _log.warning("a person must still look", **_about(key, machine), alerts=frame.alerts)
        if self._watch.counts:
            self._find_tasks(key, frame)

    def _find_tasks(self, key: Key, frame: Frame) -> None:
        for branch in frame.branches.values():
            if branch.wait is not None and branch.wait.kind == "task":
                self._remember((key, branch.id), (branch.wait.name, None))

    def called(self, key: Key, machine: str, event: e.StepNotUndone | e.AlertRaised) -> None:
        """Tell that a person must look."""
        reason = NOT_UNDONE if isinstance(event, e.StepNotUndone) else NO_WAY_BACK
        told = {"state": event.state, "error": event.error, "reason": reason}
        _log.warning("a person must look", **_about(key, machine), **told)
        self._watch.alert_raised(reason)

    def scheduled(self, key: Key, machine: str, event: e.TaskScheduled) -> None:
        """Remember since when a task is under way."""
        del machine
        place = (key, event.branch)
        self._tasks.pop(place, None)
        self._remember(place, (event.resource, event.at))

    def succeeded(self, key: Key, machine: str, event: e.TaskSucceeded) -> None:
        """Note a task that was done."""
        del machine
        self._ended(key, event, "succeeded")

    def failed(self, key: Key, machine: str, event: e.TaskFailed) -> None:
        """Note a task that has failed."""
        del machine
        self._ended(key, event, "failed")

    def timed_out(self, key: Key, machine: str, event: e.TaskTimedOut) -> None:
        """Note a task whose time was over."""
        del machine
        self._ended(key, event, "timed_out")

    def over(self, key: Key, machine: str, event: e.Event) -> None:
        """Note the end of an execution."""
        del key, machine
        self._watch.execution_ended(_ENDS[type(event)])

    def _remember(self, place: tuple[Key, int], task: tuple[str, int | None]) -> None:
        self._tasks.setdefault(place, task)
        if len(self._tasks) > OPEN:
            del self._tasks[next(iter(self._tasks))]

    def _ended(self, key: Key, event: e.TaskSucceeded | e.TaskFailed | e.TaskTimedOut, outcome: str) -> None:
        task = self._tasks.pop((key, event.branch), None)
        if task is not None:
            resource, since = task
            took = None if since is None else (event.at - since) / 1000
            self._watch.task_ended(label_of(resource), outcome, took)


def _about(key: Key, machine: str) -> dict[str, Any]:
    return {"company": int(key.namespace), "execution": key.id, "workflow": machine}


_Hear = Callable[[EngineWatch, Key, str, Any], None]
_ENDS: Final[Mapping[type[e.Event], str]] = {
    e.ExecutionSucceeded: "succeeded",
    e.ExecutionFailed: "failed",
    e.ExecutionTimedOut: "timed_out",
    e.ExecutionAborted: "aborted",
}
_CALLS: Final[Mapping[type[e.Event], _Hear]] = {
    e.StepNotUndone: EngineWatch.called,
    e.AlertRaised: EngineWatch.called,
}
_COUNTED: Final[Mapping[type[e.Event], _Hear]] = {
    **_CALLS,
    e.TaskScheduled: EngineWatch.scheduled,
    e.TaskSucceeded: EngineWatch.succeeded,
    e.TaskFailed: EngineWatch.failed,
    e.TaskTimedOut: EngineWatch.timed_out,
    **dict.fromkeys(_ENDS, EngineWatch.over),
}
