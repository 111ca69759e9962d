"""What the static analysis lets through can be compiled: a definition is refused before it is stored, or it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.asl.check import check, variable_references
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.fields import EXTENDED
from app.workflow.asl.maps.checks import BATCH, READER_CONFIG
from tests.support.workflow.asl import ACTIVITY, LAMBDA, Asl

pytestmark = pytest.mark.fast

END: Final[dict[str, Any]] = {"Type": "Pass", "End": True}
RETRY: Final = [{"ErrorEquals": ["A"], "IntervalSeconds": 1, "BackoffRate": 1.5, "JitterStrategy": "FULL"}]
STATES: Final[dict[str, Any]] = {
    "T": {
        "Type": "Task",
        "Resource": LAMBDA,
        "Parameters": {"F": "f", "P.$": "$.a"},
        "ResultPath": "$.x.y",
        "TimeoutSecondsPath": "$.l",
        "Credentials": {"RoleArn": "x"},
        "Retry": RETRY,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "F", "Assign": {"w.$": "$"}}],
        "Compensate": {"Resource": "u", "Parameters": {"a.$": "$"}, "TimeoutSeconds": 5, "Retry": RETRY},
        "Next": "C",
    },
    "C": {
        "Type": "Choice",
        "Choices": [
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.b", "NumericLessThan": 2}}],
             "Next": "P"},
            {"Variable": "$.a", "StringEqualsPath": "$.b", "Next": "W", "Assign": {"n": 1}},
        ],
        "Default": "M",
    },
    "P": {"Type": "Parallel", "Branches": [{"StartAt": "P1", "States": {"P1": END}}], "Next": "S"},
    "W": {"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z", "Next": "G"},
    "G": {"Type": "Message", "CorrelationKey": "k", "CorrelationValuePath": "$.a", "TimeoutSeconds": 3,
          "TimeoutPath": "S", "ResultPath": "$.m", "Next": "J"},
    "M": {"Type": "Map", "ItemsPath": "$.l", "ItemSelector": {"v.$": "$$.Map.Item.Value"}, "MaxConcurrency": 3,
          "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "M1", "States": {"M1": END}},
          "Next": "S"},
    "J": {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input %}", "MaxConcurrency": "{% 2 %}",
          "ItemProcessor": {"StartAt": "M2", "States": {"M2": END}}, "Output": "{% $states.result %}", "Next": "K"},
    "K": {"Type": "Choice", "QueryLanguage": "JSONata", "Default": "S",
          "Choices": [{"Condition": "{% true %}", "Next": "N", "Output": {"a": 1}, "Assign": {"z": 1}}]},
    "N": {"Type": "Task", "QueryLanguage": "JSONata", "Resource": LAMBDA, "TimeoutSeconds": "{% 5 %}",
          "Arguments": {"a": "{% 1 %}"}, "Next": "S",
          "Catch": [{"ErrorEquals": ["A"], "Next": "S", "Output": "{% $states.errorOutput %}"}]},
    "F": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.error)"},
    "S": {"Type": "Succeed", "OutputPath": "$.a"},
}  # fmt: skip
MACHINE: Final[dict[str, Any]] = {"StartAt": "T", "States": STATES, "TimeoutSeconds": 60, "OnLate": "m"}
_DISTRIBUTED: Final = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
_PLACE: Final = {"Bucket.$": "$.b", "Key": "k", "Prefix": "p"}
MAPS: Final[dict[str, Any]] = {"StartAt": "D", "States": {
    "D": {
        "Type": "Map", "Label": "d", "MaxConcurrencyPath": "$.n", "ToleratedFailurePercentage": 2.5, "Next": "E",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "Parameters": _PLACE,
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "MaxItems": 5,
                             "CSVDelimiter": "TAB"},
        },
        "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "ItemBatcher": {"MaxItemsPerBatchPath": "$.n", "MaxInputBytesPerBatch": 100, "BatchInput": {"a.$": "$.a"}},
        "ItemProcessor": {"ProcessorConfig": _DISTRIBUTED, "StartAt": "D1", "States": {"D1": END}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": _PLACE,
                         "WriterConfig": {"OutputType": "JSONL", "Transformation": "FLATTEN"}},
        "Catch": [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "E"}],
    },
    "E": {
        "Type": "Map", "QueryLanguage": "JSONata", "ToleratedFailureCount": "{% 1 %}", "Next": "L",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "{% 'b' %}", "Key": "k"},
            "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/b", "MaxItems": "{% 1 + 1 %}"},
        },
        "ItemBatcher": {"MaxItemsPerBatch": "{% 2 %}", "BatchInput": {"a": "{% 1 %}"}},
        "ItemProcessor": {"ProcessorConfig": {**_DISTRIBUTED, "ExecutionType": "EXPRESS"}, "StartAt": "E1",
                          "States": {"E1": END}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "{% 'b' %}"}},
        "Output": "{% $states.result %}",
    },
    "L": {
        "Type": "Map", "End": True, "ResultWriter": {"WriterConfig": {"Transformation": "COMPACT"}},
        "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"},
                       "ReaderConfig": {"MaxItemsPath": "$.n", "Transformation": "LOAD_AND_FLATTEN",
                                        "InputType": "JSONL", "ManifestType": "ATHENA_DATA"}},
        "ItemProcessor": {"ProcessorConfig": _DISTRIBUTED, "StartAt": "L1", "States": {"L1": END}},
    },
}}  # fmt: skip
WRITTEN: Final = [json.dumps(MACHINE), json.dumps(MAPS)]
FIELDS: Final = sorted(
    {"And", "BackoffRate", "Condition", "ErrorEquals", "MaxAttempts", "Mode", "Not", "ProcessorConfig", "StartAt"}
    | {"States", "StringEquals", "Variable", "a.$"}.union(*EXTENDED.values())
)
MAP_FIELDS: Final = sorted(
    {"Bucket", "Bucket.$", "Key", "Prefix", "Mode", "ExecutionType", "WriterConfig", "OutputType", "ReaderConfig"}
    | READER_CONFIG | BATCH | EXTENDED["Map"]
)  # fmt: skip
VALUES: Final[list[Any]] = [
    *(None, True, 0, -1, 1.5, 10**9, "", "x", "$", "$.a", "$$.b", "$x", "$.a[*]", "$.a[?(@.b==1)]", "$.a.length()"),
    *("{% 1 %}", "{% $x %}", "{% 1 + %}", "{% ", "States.UUID()", "States.Format(", "S", "JSONata", "Task", ACTIVITY),
    *([], ["A"], [{}], [None], {}, {"a": 1}, {"a.$": "$.b"}, {"a.$": 5}, {"Mode": ["x"]}, {"Resource": 5}),
    *("JSONL", "CSV", "MANIFEST", "PARQUET", "GIVEN", "TAB", "FLATTEN", "LOAD_AND_FLATTEN", "DISTRIBUTED", "INLINE"),
    *({"Resource": "x", "Retry": 5}, [{"ErrorEquals": ["A"], "Next": "S"}], [{"Condition": True, "Next": "S"}]),
]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one of the machines with one or two fields of any of its objects set to something, or left out."""
    written = draw(st.sampled_from(WRITTEN))
    fields = FIELDS if written is WRITTEN[0] else MAP_FIELDS
    machine: dict[str, Any] = json.loads(written)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.sampled_from(list(_objects(machine))))
        field = draw(st.sampled_from([*place, *fields]))
        if draw(st.integers(0, 5)):
            place[field] = json.loads(json.dumps(draw(st.sampled_from(VALUES))))
        else:
            place.pop(field, None)
    return machine


@pytest.mark.parametrize("machine", [MACHINE, MAPS])
def test_the_machines_that_are_changed_are_good_ones(machine: dict[str, Any]) -> None:
    assert check(machine) == []
    assert compile_machine(machine, "m").flow.start in machine["States"]


@given(changed())
def test_what_has_no_faults_can_be_compiled_and_begins(machine: dict[str, Any]) -> None:
    """ASL-01: checked before anything is stored; what then fails does so by a name of the language."""
    if not any(fault.severity == "ERROR" for fault in check(machine)):
        run = Asl(machine)
        run.start({"a": 1, "b": "b", "l": [1], "n": 3})
        assert run.definition.flow.start in machine["States"]
        # What no state foresaw is told by the state's name and the exception's.
        assert not run.frame.cause.startswith(tuple(f"{state}: " for state in run.definition.states))
    assert all(variable_references(machine).values())
