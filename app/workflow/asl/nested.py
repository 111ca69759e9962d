"""``states:startExecution``: executions that a Task starts, in the words of AWS.

Source: AWS developer guide, "Start workflow executions from a task state", and answers recorded from AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from ..kernel.errors import RUNTIME, TASK_FAILED, StepError
from ..kernel.status import AWS
from ..runtime.children import Child, Until, Wanted
from .context import Around, Surroundings, everywhere, instant
from .templates import text_of

RESOURCE: Final = "arn:aws:states:::states:startExecution"
EMPTY_INPUT: Final = "{}"
_MACHINE: Final = re.compile(r"arn:[^:]+:states:([^:]*):([^:]*):stateMachine:([^:]+)(?::([^:]+))?")
_NAME: Final = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class Found(NamedTuple):
    """A machine that an ARN names, of an edition (None: the newest).

    ``apart``: its executions may share a name, as those of an express machine do. ``principal`` makes the principal of
    a child of its parent's.
    """

    machine: str
    edition: int | None = None
    apart: bool = False
    principal: Callable[[str], str] = str


Machines = Callable[[str, str], Found | None]
"""Finds a machine by namespace and ARN; None when there is none."""


def nested(around: Surroundings | Around, machines: Machines | None = None) -> Mapping[str, StartExecution]:
    """Give what the resources of ``startExecution`` mean, for an ``Engine``.

    Without ``machines``, which a world of one's own for each machine needs, an ARN names the machine of its last part;
    a number behind that is the edition.
    """
    if machines is None:
        if not isinstance(around, Surroundings):
            raise ValueError("what ARNs mean depends on who asks: say it by ``machines``")
        machines = by_name(around)
    places = everywhere(around)
    return {
        RESOURCE: StartExecution(places, machines, "begun"),
        f"{RESOURCE}.sync": StartExecution(places, machines, "ended"),
        f"{RESOURCE}.sync:2": StartExecution(places, machines, "ended", parsed=True),
        f"{RESOURCE}.waitForTaskToken": StartExecution(places, machines, "token"),
    }


def arn_parts(arn: str) -> tuple[str, str, str, str] | None:
    """Give region, account, machine and qualifier (empty without one) of a machine's ARN, None for anything else."""
    found = _MACHINE.fullmatch(arn)
    return None if found is None else (found[1], found[2], found[3], found[4] or "")


def by_name(around: Surroundings) -> Machines:
    """Give the machines of an account and region, known by the name in their ARN."""

    def find(_namespace: str, arn: str) -> Found | None:
        parts = arn_parts(arn)
        if parts is None or parts[:2] != (around.region, around.account):
            return None
        *_, machine, version = parts
        if not version:
            return Found(machine)
        return Found(machine, int(version)) if version.isdecimal() else None

    return find


class StartExecution:
    """One of the four ways to start an execution. ``parsed``: its input and output are given as JSON, not as text."""

    resumes: bool = False

    def __init__(self, around: Around, machines: Machines, until: Until, *, parsed: bool = False) -> None:
        self.until: Until = until
        self._around = around
        self._machines = machines
        self._parsed = parsed

    def wanted(self, namespace: str, argument: Any) -> Wanted:
        """Read StateMachineArn, Input and Name. Raises StepError."""
        asked = argument if isinstance(argument, dict) else {}
        arn, name = _arn(asked.get("StateMachineArn")), _name(asked.get("Name"))
        given = _input(asked.get("Input"))
        found = self._machines(namespace, arn)
        if found is None:
            raise _missing(arn)
        return Wanted(found.machine, given, name, found.edition, found.apart, found.principal)

    def begun(self, child: Child) -> dict[str, Any]:
        """Give the answer of StartExecution."""
        return {"ExecutionArn": self._arn(child), "StartDate": instant(child.created)}

    def ended(self, child: Child) -> dict[str, Any]:
        """Give the answer of DescribeExecution. Raises States.TaskFailed, with the same as its cause."""
        frame = child.frame
        assert frame is not None  # noqa: S101 - it has ended
        status = AWS[frame.status]
        told = {
            "Cause": frame.cause,
            "Error": frame.error,
            "ExecutionArn": self._arn(child),
            "Input": self._payload(frame.input),
            "InputDetails": {"Included": True},
            "Name": (child.name or child.key.id).partition(":")[0],
            "Output": self._payload(frame.output),
            "OutputDetails": {"Included": True},
            "StartDate": child.created,
            "StateMachineArn": self._place(child).machine(child.machine),
            "Status": status,
            "StopDate": frame.ended,
        }
        if status != "SUCCEEDED":
            missing = [field for field in ("Cause", "Error") if not told[field]]
            raise StepError(TASK_FAILED, text_of(_without(told, "Output", "OutputDetails", *missing)))
        return _without(told, "Cause", "Error")

    def refused(self, namespace: str, argument: Any, wanted: Wanted, *, known: bool) -> StepError:
        """Give the error of StartExecution."""
        del namespace
        asked = argument["StateMachineArn"]
        parts = arn_parts(asked)
        if not known or parts is None:
            return _missing(asked)
        arn = Surroundings(parts[1], parts[0]).execution(wanted.machine, wanted.name or "")
        return _refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")

    def _arn(self, child: Child) -> str:
        return self._place(child).execution(child.machine, child.name or child.key.id)

    def _place(self, child: Child) -> Surroundings:
        return self._around(child.key.namespace, child.edition)

    def _payload(self, value: Any) -> Any:
        return value if self._parsed else text_of(value)


def _arn(given: Any) -> str:
    if not isinstance(given, str):
        raise StepError(RUNTIME, "The field 'StateMachineArn' is required but was missing")
    if _MACHINE.fullmatch(given) is None:
        raise _refusal("InvalidArn", f"Invalid Arn: '{given}'")
    return given


def _name(given: Any) -> str | None:
    if given is None or (isinstance(given, str) and _NAME.fullmatch(given)):
        return given
    raise _refusal("InvalidName", f"Invalid Name: '{given}'")


def _input(given: Any) -> str:
    """Give the text of an Input, which may be JSON as it is or text of its own."""
    if given is None:
        return EMPTY_INPUT
    if not isinstance(given, str):
        return text_of(given)
    try:
        msgspec.json.decode(given)
    except msgspec.DecodeError as error:
        what = f"Invalid State Machine Execution Input: '{error}'"
        raise _refusal("InvalidExecutionInput", what) from error
    return given


def _missing(arn: str) -> StepError:
    return _refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def _refusal(code: str, message: str) -> StepError:
    """Give an error as the service's own client tells it."""
    told = f"{message} (Service: AWSStepFunctions; Status Code: 400; Error Code: {code}; Proxy: null)"
    return StepError(f"StepFunctions.{code}Exception", told)


def _without(told: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in fields}
