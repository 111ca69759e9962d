"""What a result must look like that stands for the work of a state: as the service would have answered.

Source: AWS API reference, "MockInput"; the answers are those of the services' own models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from .query import Raw
from .resources import Service

STRICT: Final = "STRICT"
PRESENT: Final = "PRESENT"
NONE: Final = "NONE"
_STRING: Final = (str,)
_NUMBER: Final = (int, float)
_INSTANT: Final = (str, int, float)
_ANY: Final = (object,)
_NAMES: Final[Mapping[tuple[type, ...], str]] = {
    _STRING: "a string",
    _NUMBER: "a number",
    _INSTANT: "a timestamp",
    (dict,): "an object",
}


class Answer(NamedTuple):
    """The fields of an answer, and which of them are always there."""

    fields: Mapping[str, tuple[type, ...]]
    required: tuple[str, ...] = ()


_LAMBDA: Final = Answer(
    {
        "ExecutedVersion": _STRING,
        "FunctionError": _STRING,
        "LogResult": _STRING,
        "Payload": _ANY,
        "StatusCode": _NUMBER,
    }
)
_STARTED: Final = Answer({"ExecutionArn": _STRING, "StartDate": _INSTANT}, ("ExecutionArn", "StartDate"))
_ENDED: Final = Answer(
    {
        **dict.fromkeys(("ExecutionArn", "StateMachineArn", "Name", "Status", "Error", "Cause"), _STRING),
        **dict.fromkeys(("StateMachineVersionArn", "StateMachineAliasArn", "MapRunArn", "TraceHeader"), _STRING),
        **dict.fromkeys(("RedriveStatus", "RedriveStatusReason"), _STRING),
        **dict.fromkeys(("StartDate", "StopDate", "RedriveDate"), _INSTANT),
        **dict.fromkeys(("Input", "Output"), _ANY),
        **dict.fromkeys(("InputDetails", "OutputDetails"), (dict,)),
        "RedriveCount": _NUMBER,
    },
    ("ExecutionArn", "StateMachineArn", "StartDate", "Status"),
)
_HTTP: Final = Answer({"Headers": (dict,), "ResponseBody": _ANY, "StatusCode": _NUMBER, "StatusText": _STRING})
_ANSWERS: Final[Mapping[tuple[str, str], Answer]] = {
    ("lambda", "invoke"): _LAMBDA,
    ("states", "startExecution"): _STARTED,
    ("states", "startExecution.sync"): _ENDED,
    ("states", "startExecution.sync:2"): _ENDED,
    ("http", "invoke"): _HTTP,
}
"""By kind and action of a service. What another one answers is not known here."""


def fault(state: Raw, result: Any, mode: str) -> str:
    """Say what is wrong with a result that is to stand for the work of a state; empty when nothing is."""
    if mode == NONE:
        return ""
    if state["Type"] in {"Map", "Parallel"}:
        is_list = isinstance(result, list) or "ResultWriter" in state
        return "" if is_list else f"The result of a {state['Type']} state must be an array"
    service = Service.of(state.get("Resource", ""))
    answer = _ANSWERS.get((service.kind, service.action))
    return "" if answer is None else next(_faults(answer, result, mode), "")


def _faults(answer: Answer, result: Any, mode: str) -> Iterator[str]:
    if not isinstance(result, dict):
        yield "The result must be an object"
        return
    for name, value in result.items():
        types = answer.fields.get(name, _ANY)
        if name not in answer.fields and mode == STRICT:
            yield f"Unknown field '{name}'"
        elif types != _ANY and (isinstance(value, bool) or not isinstance(value, types)):
            yield f"Field '{name}' must be {_NAMES[types]}"
    if mode == STRICT:
        yield from (f"Required field '{name}' is missing" for name in answer.required if name not in result)
