"""The context object and the variables a state sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from ..kernel.errors import StepError
from ..kernel.frames import Branch, Frame
from ..kernel.graph import Visit
from ..kernel.tokens import Place, token_of
from .query import Item

QUERY_EVALUATION: Final = "States.QueryEvaluationError"
EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_RETRIED: Final = frozenset({"task", "parallel", "map"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant(milliseconds: int) -> str:
    """Write an instant as the context object does: ISO 8601, UTC, with milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the context object tells of the world around an execution.

    ``name_of`` gives by its id the name of one that was given none.
    """

    account: str = "000000000000"
    region: str = "us-east-1"
    role: str = "arn:aws:iam::000000000000:role/workflow"
    name_of: Callable[[str], str] = str

    def machine(self, name: str) -> str:
        """Give the ARN of a machine."""
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{name}"

    def execution(self, machine: str, name: str) -> str:
        """Give the ARN of an execution; of an express machine it is called ``<name>:<id>``."""
        kind = "express" if ":" in name else "execution"
        return f"arn:aws:states:{self.region}:{self.account}:{kind}:{machine}:{name}"


Around = Callable[[str, int], Surroundings]
"""Gives, by namespace and edition, the world around the executions of a machine."""


def everywhere(around: Surroundings | Around) -> Around:
    """Let one world be that of all executions, or leave each its own."""
    if not isinstance(around, Surroundings):
        return around
    return lambda _namespace, _edition: around


class Context:
    """What a visit sees beyond the input of its state."""

    __slots__ = ("_around",)

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def whole(self, visit: Visit, item: Item | None = None) -> dict[str, Any]:
        """Give the context object. ``item`` is the one a Map prepares; inside a turn of a Map it is found itself."""
        frame, branch, machine = visit.frame, visit.branch, visit.definition.name
        state: dict[str, Any] = {"Name": branch.state, "EnteredTime": instant(branch.since)}
        if visit.state.kind in _RETRIED:
            state["RetryCount"] = sum((branch.tries or {}).values())
        context: dict[str, Any] = {
            "Execution": self._execution(frame, machine),
            "StateMachine": {"Id": self._around.machine(machine), "Name": machine},
            "State": state,
        }
        if getattr(visit.state, "resource", "").endswith(".waitForTaskToken"):
            context["Task"] = {"Token": token(frame, branch)}
        turn = item if item is not None else _turn(visit)
        if turn is not None:
            context["Map"] = {"Item": turn.shown()}
        return context

    def _execution(self, frame: Frame, machine: str) -> dict[str, Any]:
        name = frame.name or self._around.name_of(frame.id)
        execution = {
            "Id": self._around.execution(machine, name),
            "Input": frame.input,
            "StartTime": instant(frame.started),
            "Name": name.partition(":")[0],
            "RoleArn": self._around.role,
            "RedriveCount": frame.redrives,
        }
        if frame.redriven is not None:
            execution["RedriveTime"] = instant(frame.redriven)
        return execution


def variables(visit: Visit) -> Mapping[str, Any]:
    """Give the variables that a visit sees: its branch's own, and those of the branches around it."""
    branch, branches = visit.branch, visit.frame.branches
    if branch.parent < 0:
        return branch.variables or EMPTY
    seen: dict[str, Any] = {}
    around: Branch | None = branch
    while around is not None:
        if around.variables:
            seen = {**around.variables, **seen}
        around = branches.get(around.parent)
    return seen


def _turn(visit: Visit) -> Item | None:
    """Find the innermost Map around a visit and the item of its turn."""
    branches = visit.frame.branches
    inner = visit.branch
    while inner.parent >= 0:
        outer = branches[inner.parent]
        if inner.turn:
            of = getattr(visit.definition.states[outer.state], "turn_of", None)
            if of is None:
                return None
            found: Item = of(Visit(visit.definition, visit.frame, visit.now).at(outer), inner.index)
            return found
        inner = outer
    return None


def failed(visit: Visit, error: str, what: str, location: str = "") -> StepError:
    """Make the error of a state whose definition did not fit its data, in AWS's words.

    ``location`` is given for expressions: the history then shows an EvaluationFailed.
    """
    branch = visit.branch
    cause = f"An error occurred while executing the state '{branch.state}' (entered at the event id #{branch.line}). "
    return StepError(error, cause + what, location)


def token(frame: Frame, branch: Branch) -> str:
    """Give the token of the task that a branch is about to schedule; the same one in a replay."""
    return token_of(Place(frame.id, branch.id, branch.entry, branch.attempt + 1), frame.seed)
