"""Documents in Amazon States Language for the simulator, in both query languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_RETRY: Final = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 3}]


def _task(resource: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Retry": _RETRY, **({} if "Next" in more else {"End": True}), **more}


def _alone(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state}}


DOCUMENTS: Final[Mapping[str, dict[str, Any]]] = {
    "asl_paths": {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"v.$": "$.n"}, "Next": "B"},
            "B": {"Type": "Pass", "Result": {"list": [1, 2, 3]}, "Next": "P"},
            "P": {
                "Type": "Parallel",
                "Branches": [
                    _alone("L", _task("tx.l", Parameters={"v.$": "$v"})),
                    _alone("R", _task("out.fail1")),
                ],
                "ResultPath": "$.both",
                "Next": "M",
            },
            "M": {
                "Type": "Map",
                "ItemsPath": "$.list",
                "MaxConcurrency": 2,
                "ItemSelector": {"item.$": "$$.Map.Item.Value", "v.$": "$v"},
                "ItemProcessor": _alone("I", _task("tx.i")),
                "ResultPath": "$.each",
                "Next": "W",
            },
            "W": {"Type": "Wait", "Seconds": 7, "Next": "C"},
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.each[2][0]", "StringEquals": "i", "Next": "Z"}],
                "Default": "F",
            },
            "F": {"Type": "Fail", "Error": "Lost"},
            "Z": _task("tx.z", Parameters={"n.$": "States.ArrayLength($.each)"}),
        },
    },
    "asl_expressions": {
        "QueryLanguage": "JSONata",
        "StartAt": "T",
        "States": {
            "T": _task(
                "out.a",
                Arguments={"v": "{% $states.input.n + 1 %}"},
                Assign={"x": "{% $states.result[0] %}"},
                Next="M",
            ),
            "M": {
                "Type": "Map",
                "Items": "{% [1..3] %}",
                "MaxConcurrency": 1,
                "ItemProcessor": _alone("I", _task("tx.i", Arguments="{% {'x': $x, 'i': $states.input} %}")),
                "Assign": {"count": "{% $count($states.result) %}"},
                "Next": "N",
            },
            "N": _task(
                "tx.never",
                Retry=[],
                Catch=[
                    {
                        "ErrorEquals": ["Refused"],
                        "Output": "{% $states.errorOutput.Error & $string($count) %}",
                        "Next": "Z",
                    }
                ],
            ),
            "Z": _task("tx.z"),
        },
    },
    "asl_undone": {
        "StartAt": "A",
        "States": {
            "A": _task("tx.a", Compensate={"Resource": "tx.undo_a"}, Next="B"),
            "B": _task("out.b", Compensate={"Resource": "tx.undo_fail1", "Retry": _RETRY}, Next="F"),
            "F": {"Type": "Fail", "Error": "Lost"},
        },
    },
}
