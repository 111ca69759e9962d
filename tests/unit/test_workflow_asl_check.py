"""Static analysis: all faults at once, by AWS's codes, messages and locations."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.workflow.asl.check import check, variable_references
from app.workflow.asl.diagnostics import repeated

pytestmark = pytest.mark.fast
END: Final[dict[str, Any]] = {"Type": "Pass", "End": True}
SCHEMA: Final = "SCHEMA_VALIDATION_FAILED"
LAMBDA: Final = "arn:aws:states:::lambda:invoke"
Told = tuple[str, str, str | None]


def told(document: Any, **options: Any) -> list[Told]:
    """Give the faults as (code, message, location); warnings are left out."""
    return [
        (fault.code, fault.message, fault.location) for fault in check(document, **options) if fault.severity == "ERROR"
    ]


def schema(document: Any, **options: Any) -> list[tuple[str, str | None]]:
    """Give message and location of faults that are all ones of form."""
    found = told(document, **options)
    assert {code for code, _, _ in found} <= {SCHEMA}
    return [(message, location) for _, message, location in found]


def one(state: dict[str, Any], *beside: str, **machine: Any) -> dict[str, Any]:
    """Give a machine that starts at ``X``, with states that end beside it."""
    return {"StartAt": "X", "States": {"X": state, **dict.fromkeys(beside, END)}, **machine}


def jsonata(state: dict[str, Any], *beside: str) -> dict[str, Any]:
    return one(state, *beside, QueryLanguage="JSONata")


def test_a_good_machine_has_no_faults() -> None:
    """ASL-01: definitions are checked before anything is stored; retyped from the developer guide's state types."""
    states = {
        "T": {
            "Type": "Task",
            "Resource": LAMBDA,
            "Parameters": {"FunctionName": "f", "Payload.$": "$.a", "Id.$": "States.UUID()"},
            "ResultSelector": {"body.$": "$.Payload"},
            "ResultPath": "$.x.y",
            "TimeoutSecondsPath": "$.limit",
            "HeartbeatSeconds": 5,
            "Credentials": {"RoleArn": "arn:aws:iam::111122223333:role/x"},
            "Retry": [
                {"ErrorEquals": ["A"], "IntervalSeconds": 0, "BackoffRate": 1.5, "JitterStrategy": "FULL"},
                {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0, "MaxDelaySeconds": 9},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "F", "Assign": {"why.$": "$"}}],
            "Next": "C",
        },
        "C": {
            "Type": "Choice",
            "Choices": [
                {"And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.b", "NumericLessThan": 2.5}}],
                 "Next": "P"},
                {"Variable": "$.a[?(@.b==1)].length()", "NumericEquals": 1, "Next": "P"},
                {"Variable": "$$.Execution.Name", "StringEqualsPath": "$why", "Next": "W", "Assign": {"n": 1}},
            ],
            "Default": "M",
        },
        "P": {"Type": "Parallel", "Branches": [{"StartAt": "P1", "States": {"P1": END}}], "Next": "S"},
        "W": {"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z", "Next": "S"},
        "M": {
            "Type": "Map",
            "QueryLanguage": "JSONata",
            "Items": "{% $states.input.list[] %}",
            "ItemSelector": {"v": "{% $states.context.Map.Item.Value & $why %}"},
            "MaxConcurrency": "{% $states.input.n %}",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "M1",
                "States": {"M1": {"Type": "Pass", "Parameters": {"a.$": "$$.Map.Item.Index"}, "End": True}},
            },
            "Output": "{% $states.result %}",
            "Next": "S",
        },
        "F": {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "States.Format('{}', $.error)"},
        "S": {"Type": "Succeed"},
    }  # fmt: skip
    assert check({"StartAt": "T", "States": states, "TimeoutSeconds": 60, "Version": "1.0"}) == []


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        ([], [(SCHEMA, "Definition must be a valid JSON object", None)]),
        ({}, [(SCHEMA, "These fields are required: [States, StartAt]", "/")]),
        ({"States": {"X": END}}, [(SCHEMA, "These fields are required: [StartAt]", "/")]),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}},
            [("MISSING_END_STATE", "Workflow has no terminal state", None)],
        ),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "NOPE"}}},
            [
                ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: NOPE", "/States/A/Next"),
                ("MISSING_END_STATE", "Workflow has no terminal state", None),
            ],
        ),
        (
            {"StartAt": "Nope", "States": {"A": END}},
            [
                ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: Nope", "/StartAt"),
                ("MISSING_TRANSITION_TARGET", 'State "A" is not reachable.', "/States/A"),
            ],
        ),
        (
            {"StartAt": "S", "States": {"S": END, "a/b": END}},
            [("MISSING_TRANSITION_TARGET", 'State "a/b" is not reachable.', "/States/a/b")],
        ),
        (
            one({"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "N", "States": {"A": END}}}),
            [
                ("MISSING_TRANSITION_TARGET", "Missing 'Next' target: N", "/States/X/ItemProcessor/StartAt"),
                ("MISSING_TRANSITION_TARGET", 'State "A" is not reachable.', "/States/X/ItemProcessor/States/A"),
            ],
        ),
        (
            one({"Type": "Parallel", "End": True, "Branches": [{"StartAt": "X", "States": {"X": END}}]}),
            [("DUPLICATE_STATE_NAME", "Duplicate State name: X", "/States/X/Branches[0]/States/X")],
        ),
        (
            one({"Type": "Pass", "End": True, "Assign": {"states": 1, "1a": 2, "ok.$": "$.a"}}),
            [
                ("RESERVED_VARIABLE_NAME", "Cannot assign to reserved variable '$states'.", "/States/X/Assign/states"),
                (
                    "INVALID_VARIABLE_NAME",
                    "Invalid variable name '1a': the variable name contains invalid characters.",
                    "/States/X/Assign/1a",
                ),
            ],
        ),
    ],
)  # fmt: skip
def test_machines_that_do_not_hold_together(document: Any, faults: list[Told]) -> None:
    """Recorded from ValidateStateMachineDefinition."""
    assert told(document) == faults


def test_a_loop_inside_a_map_needs_no_end() -> None:
    """Recorded: only the machine itself has to end."""
    loop = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}
    assert told(one({"Type": "Map", "ItemProcessor": loop, "End": True})) == []


@pytest.mark.parametrize(
    ("document", "message", "location"),
    [
        (one({"Type": "Pass", "End": True, "Catch": []}), "Field 'Catch' is not supported", "/States/X"),
        (one({"Type": "Pass", "End": True, "TimeoutSeconds": 5}), "Field 'TimeoutSeconds' is not supported",
         "/States/X"),
        (one({"Type": "Pass", "End": True, "_x": 1}), "Field '_x' is not supported", "/States/X"),
        (one(END, Extra=1), "Field 'Extra' is not supported", "/"),
        (one(END, Version="2.0"), "Value should be one of the following: [1.0]", "/Version"),
        (one({"Type": "Pass"}, "Y"), "This object should have only one of the following fields: [Next, End]",
         "/States/X"),
        (one({"Type": "Pass", "Next": "Y", "End": True}, "Y"),
         "There should only be one of the following fields: [Next, End]", "/States/X"),
        (one({"Type": "Task", "End": True}), "These fields are required: [Resource]", "/States/X"),
        (one({"Type": "Wait", "Seconds": 1, "Timestamp": "2030-01-01T00:00:00Z", "End": True}),
         "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp]",
         "/States/X"),
        (one({"Type": "Wait", "Timestamp": "tomorrow", "End": True}), "String does not match RFC3339 timestamp",
         "/States/X/Timestamp"),
        (one({"Type": "Wait", "Seconds": -1, "End": True}), "Minimum value is 0", "/States/X/Seconds"),
        (one({"Type": "Wait", "Seconds": 100000000, "End": True}), "Maximum value is 99999999", "/States/X/Seconds"),
        (one({"Type": "Wait", "Seconds": "1", "End": True}), "Expected value of type Integer", "/States/X/Seconds"),
        (one({"Type": "Task", "Resource": "r", "End": True, "Retry": [{"ErrorEquals": ["A"], "BackoffRate": 0.5}]}),
         "Minimum value is 1", "/States/X/Retry[0]/BackoffRate"),
        (one({"Type": "Task", "Resource": "r", "End": True, "Retry": [{}]}),
         "These fields are required: [ErrorEquals]", "/States/X/Retry[0]"),
        (one({"Type": "Task", "Resource": "r", "End": True, "Retry": [{"ErrorEquals": []}]}),
         "Value cannot be empty", "/States/X/Retry[0]/ErrorEquals"),
        (one({"Type": "Task", "Resource": "r", "End": True,
              "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}]}),
         "States.ALL must appear alone and at end of list", "/States/X/Retry[0]/ErrorEquals"),
        (one({"Type": "Task", "Resource": "r", "End": True,
              "Retry": [{"ErrorEquals": ["A"], "JitterStrategy": "SOME"}]}),
         "Value should be one of the following: [NONE, FULL]", "/States/X/Retry[0]/JitterStrategy"),
        (one({"Type": "Task", "Resource": "r", "End": True, "Catch": [{"ErrorEquals": ["A"]}]}),
         "These fields are required: [Next]", "/States/X/Catch[0]"),
        (one({"Type": "Task", "Resource": LAMBDA, "Credentials": {}, "End": True}),
         "The field 'RoleArn' is required but was missing", "/States/X/Credentials"),
        (one({"Type": "Choice", "Choices": []}, Comment=""), "Value cannot be empty", "/States/X/Choices"),
        (one({"Type": "Map", "End": True}),
         "This object should have only one of the following fields: [ItemProcessor, Iterator]", "/States/X"),
        (one({"Type": "Pass", "InputPath": "a", "End": True}), "Value must be a valid JSONPath.",
         "/States/X/InputPath"),
        (one({"Type": "Pass", "ResultPath": "$.a[*]", "End": True}), "Value is not a Reference Path",
         "/States/X/ResultPath"),
        (one({"Type": "Wait", "SecondsPath": "a", "End": True}),
         "Value is not a Reference Path: Reference path didn't start with '$'", "/States/X/SecondsPath"),
        (one({"Type": "Pass", "Parameters": {"a": [{"b.$": "x"}]}, "End": True}),
         "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
         "/States/X/Parameters/a[0]/b.$"),
        (one({"Type": "Pass", "Parameters": {"b.$": "States.Nope(1)"}, "End": True}),
         "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
         "/States/X/Parameters/b.$"),
        (one({"Type": "Pass", "Output": 1, "End": True}), ("The QueryLanguage is set to 'JSONPath', but field 'Output' "
         "is only supported for the 'JSONata' QueryLanguage"), "/States/X"),
        (jsonata({"Type": "Pass", "InputPath": "$", "End": True}), ("The QueryLanguage is set to 'JSONata', but field "
         "'InputPath' is only supported for the 'JSONPath' QueryLanguage"), "/States/X"),
        (jsonata({"Type": "Pass", "QueryLanguage": "JSONPath", "Output": 1, "End": True}),
         "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", "/States/X"),
        (one({"Type": "Pass", "QueryLanguage": "jsonata", "Output": 1, "End": True}),
         "Value should be one of the following: [JSONPath, JSONata]", "/States/X/QueryLanguage"),
        (one(END, TimeoutSeconds=0), "Minimum value is 1", "/TimeoutSeconds"),
        (one({"Type": "Task", "Resource": "r", "End": True, "Catch": [{"ErrorEquals": ["A"], "Next": 5}]}),
         "Expected value of type [STRING]", "/States/X/Catch[0]/Next"),
        (one({"Type": "Map", "End": True, "ItemProcessor": {
            "ProcessorConfig": {"Mode": ["INLINE"]}, "StartAt": "P", "States": {"P": END}}}),
         "Value should be one of the following: [INLINE, DISTRIBUTED]", "/States/X/ItemProcessor/ProcessorConfig/Mode"),
        (one({"Type": "Task", "Resource": "r", "End": True, "Compensate": {"Resource": 5}}),
         "Expected value of type [STRING]", "/States/X/Compensate/Resource"),
        (one({"Type": "Task", "Resource": "r", "End": True, "Compensate": {"Resource": "u", "Arguments": 1}}),
         "Field 'Arguments' is not supported", "/States/X/Compensate"),
        (jsonata({"Type": "Task", "Resource": "r", "End": True,
                  "Compensate": {"Resource": "u", "Arguments": "{% $states.result", "Retry": []}}),
         "JSONata string must start with {% and end with %}", "/States/X/Compensate/Arguments"),
        (one({"Type": "Message", "CorrelationKey": 5, "End": True}), "Expected value of type [STRING]",
         "/States/X/CorrelationKey"),
        (one(END, OnLate=5), "Expected value of type [STRING]", "/OnLate"),
        (one(END, QueryLanguage=5), "Expected value of type [STRING]", "/QueryLanguage"),
        (one({"Type": "Map", "End": True,
              "ItemProcessor": {"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": END}}}),
         "Field 'QueryLanguage' is not supported", "/States/X/ItemProcessor"),
        (one({"Type": "Map", "QueryLanguage": "JSONata", "End": True, "ItemProcessor": {
            "StartAt": "P", "States": {"P": {"Type": "Pass", "Output": 1, "End": True}}}}),
         ("The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
         "QueryLanguage"), "/States/X/ItemProcessor/States/P"),
        (one({"Type": "Map", "End": True, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "P", "States": {"P": END}}}),
         "These fields are required: [ExecutionType]", "/States/X/ItemProcessor/ProcessorConfig"),
        (one({"Type": "Map", "End": True, "ItemReader": {"Resource": "arn:aws:states:::s3:putObject"},
              "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                                "StartAt": "P", "States": {"P": END}}}),
         ("The field 'Resource' does not match any of the allowed values. Examples: [arn:<partition>:states:::"
         "s3:getObject, arn:<partition>:states:::s3:listObjectsV2]"), "/States/X/ItemReader/Resource"),
        (jsonata({"Type": "Pass", "Output": {"a": "{% 1"}, "End": True}),
         "JSONata string must start with {% and end with %}", "/States/X/Output/a"),
    ],
)  # fmt: skip
def test_faults_of_form(document: Any, message: str, location: str) -> None:
    """By type, field and query language; the texts as measured on AWS."""
    found = [fault for fault in told(document) if fault[0] not in {"MISSING_END_STATE", "MISSING_TRANSITION_TARGET"}]
    assert found == [(SCHEMA, message, location)]


@pytest.mark.parametrize(
    ("rule", "message", "where"),
    [
        ({"Variable": "$.a", "NumericEquals": 1}, "These fields are required: [Next]", ""),
        ({"Next": "Y"},
         "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]", ""),
        ({"Variable": "$.a", "Next": "Y"}, "There should only be one of the following fields: [StringEquals, ...]",
         ""),
        ({"Variable": "a", "IsNull": True, "Next": "Y"},
         "Value is not a Reference Path: Reference path didn't start with '$'", "/Variable"),
        ({"Variable": "$.a", "NumericEquals": "1", "Next": "Y"}, "Expected value of type [NUMBER]", "/NumericEquals"),
        ({"Variable": "$.a", "BooleanEquals": 1, "Next": "Y"}, "Expected value of type [BOOLEAN]", "/BooleanEquals"),
        ({"Variable": "$.a", "TimestampEquals": "x", "Next": "Y"}, "String does not match RFC3339 timestamp",
         "/TimestampEquals"),
        ({"And": [], "Next": "Y"}, "Value cannot be empty", "/And"),
        ({"Not": {"Variable": "$.a", "IsNull": True, "Next": "Y"}, "Next": "Y"}, "Field 'Next' is not supported",
         "/Not"),
        ({"Condition": "{% true %}", "Next": "Y"}, ("The QueryLanguage is set to 'JSONPath', but field 'Condition' is "
         "only supported for the 'JSONata' QueryLanguage"), ""),
    ],
)  # fmt: skip
def test_faults_of_a_rule(rule: dict[str, Any], message: str, where: str) -> None:
    """The rules of a Choice."""
    machine = one({"Type": "Choice", "Choices": [rule], "Default": "Y"}, "Y")
    assert (message, f"/States/X/Choices[0]{where}") in schema(machine)


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        ("phone", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to 'phone' at the top level is not supported."),
        ("$.phone", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$' at the top level is not supported."),
        ("$map($states.input.a, function($x) { b })", "UNSUPPORTED_JSONATA_EXPRESSION",
         "Reference to 'b' at the top level is not supported."),
        ("$$", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$$' is not supported."),
        ("$states.errorOutput", "UNSUPPORTED_JSONATA_EXPRESSION", "Field '$states.errorOutput' does not exist."),
        ("$states.result", "UNSUPPORTED_JSONATA_EXPRESSION", "Field '$states.result' does not exist."),
        ("a[1,2)", "INVALID_JSONATA_EXPRESSION", 'Expected "]", got ","'),
    ],
)  # fmt: skip
def test_expressions_are_checked_in_every_field(expression: str, code: str, message: str) -> None:
    """Recorded from ValidateStateMachineDefinition."""
    text = f"{{% {expression} %}}"
    fields: dict[str, dict[str, Any]] = {
        "Output": {"Type": "Pass", "Output": {"a": {"b": [text]}}, "End": True},
        "Assign": {"Type": "Pass", "Assign": {"Next": text}, "End": True},
        "Seconds": {"Type": "Wait", "Seconds": text, "End": True},
        "Cause": {"Type": "Fail", "Cause": text},
        "Arguments": {"Type": "Task", "Resource": "r", "Arguments": {"Comment": text}, "End": True},
        "Choices[0]": {"Type": "Choice", "Choices": [{"Condition": text, "Next": "Y"}], "Default": "Y"},
    }
    ends = {"Output": "/a/b[0]", "Assign": "/Next", "Arguments": "/Comment", "Choices[0]": "/Condition"}
    for field, state in fields.items():
        found = told(jsonata(state, *(["Y"] if "Choices" in state else [])))
        assert found == [(code, message, f"/States/X/{field}{ends.get(field, '')}")]


@pytest.mark.parametrize(
    "expression",
    ["$states.input.items[phone > 3]", "$states.input.(a + b)", "$x", "$states.input.a^(b)", "$states.input.a{b: c}"],
)
def test_names_behind_a_first_step_are_allowed(expression: str) -> None:
    assert told(jsonata({"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True})) == []


def test_the_error_is_known_in_a_catcher_and_the_result_in_a_task() -> None:
    catcher = {"ErrorEquals": ["A"], "Next": "Y", "Output": "{% $states.errorOutput.Cause %}", "Assign": {"e": 1}}
    task = {"Type": "Task", "Resource": "r", "Catch": [catcher], "Output": "{% $states.result %}", "Next": "Y"}
    assert told(jsonata(task, "Y")) == []
    catcher["Assign"] = {"e": "{% $states.result %}"}
    assert told(jsonata(task, "Y")) == [
        (
            "UNSUPPORTED_JSONATA_EXPRESSION",
            "Field '$states.result' does not exist.",
            "/States/X/Catch[0]/Assign/e",
        )
    ]


def test_fields_that_are_texts_are_not_read_as_expressions() -> None:
    state = {"Type": "Task", "Resource": "r", "Comment": "{% a %}", "Retry": [{"ErrorEquals": ["{% a %}"]}]}
    assert told(jsonata({**state, "End": True})) == []


def test_a_variable_of_an_outer_scope_is_not_assigned_again_inside() -> None:
    def machine(mode: dict[str, Any]) -> Any:
        inner = {"Type": "Pass", "Assign": {"n": 2}, "End": True}
        processor = {"ProcessorConfig": mode, "StartAt": "I", "States": {"I": inner}}
        return one({"Type": "Map", "Assign": {"n": 1}, "ItemProcessor": processor, "End": True})

    assert told(machine({"Mode": "INLINE"})) == [
        (
            "DUPLICATE_VARIABLE_NAME",
            "The variable name 'n' was already defined in a parent scope.",
            "/States/X/ItemProcessor/States/I/Assign/n",
        )
    ]
    assert told(machine({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"})) == [], "it sees no outer variables"


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken",
         "Express state machine does not support '.waitForTaskToken' service integration "),
        ("arn:aws:states:::states:startExecution.sync:2",
         "Express state machine does not support '.sync' service integration "),
        ("arn:aws:states:us-east-1:111122223333:activity:a", "Express state machine does not support Activity ARN"),
    ],
)  # fmt: skip
def test_what_an_express_machine_cannot_do(resource: str, message: str) -> None:
    """The text with its space at the end is recorded."""
    machine = one({"Type": "Task", "Resource": resource, "End": True})
    assert schema(machine, kind="EXPRESS") == [(message, "/States/X/Resource")]
    assert schema(machine) == []


def test_our_extensions_are_refused_where_aws_would() -> None:
    machine = {
        "StartAt": "T",
        "OnLate": "M",
        "States": {
            "T": {"Type": "Task", "Resource": "orders.pay", "Compensate": {"Resource": "orders.undo"}, "Next": "M"},
            "M": {"Type": "Message", "CorrelationKey": "k", "TimeoutPath": "E", "Next": "E"},
            "E": END,
        },
    }
    assert told(machine) == []
    assert [location for _, location in schema(machine, extended=False)] == [
        "/", "/States/T", "/States/T/Resource", "/States/M/Type",
    ]  # fmt: skip


def test_names_have_limits() -> None:
    """Quotas: 80 characters for a state, 40 for a label, each once."""
    processor = {"StartAt": "P", "States": {"P": END}}
    label = {"Type": "Map", "Label": "l" * 41, "ItemProcessor": processor, "End": True}
    assert [code for code, _, _ in told(one(label))] == ["INVALID_LABEL_NAME"]
    long = "n" * 81
    assert [code for code, _, _ in told({"StartAt": long, "States": {long: END}})] == ["INVALID_STATE_NAME"]
    again = {"Type": "Map", "Label": "l", "ItemProcessor": {"StartAt": "Q", "States": {"Q": END}}, "End": True}
    first = {"Type": "Map", "Label": "l", "ItemProcessor": processor, "Next": "Y"}
    found = told({"StartAt": "X", "States": {"X": first, "Y": again}})
    assert found == [("DUPLICATE_LABEL_NAME", "Duplicate Label name: l", "/States/Y/Label")]


@pytest.mark.parametrize(
    ("beat", "limit", "fits"),
    [(5, 6, True), (5, None, True), (None, 5, True), (5, 5, False), (6, 5, False), (5.0, 4, False), ("5", 4, None)],
)
def test_a_heartbeat_is_shorter_than_the_time_there_is(beat: Any, limit: Any, fits: bool | None) -> None:  # noqa: FBT001
    """ASL-04: as the States Language asks; the text is our own."""
    given = {"HeartbeatSeconds": beat, "TimeoutSeconds": limit}
    state = {"Type": "Task", "Resource": LAMBDA, "End": True}
    found = schema(one(state | {field: value for field, value in given.items() if value is not None}))
    said = "The value of 'HeartbeatSeconds' must be smaller than the value of 'TimeoutSeconds'"
    assert ((said, "/States/X/HeartbeatSeconds") in found) is (fits is False)
    assert bool(found) is (fits is not True)


def test_a_heartbeat_that_is_an_expression_is_known_at_run_time_alone() -> None:
    state = {"Type": "Task", "Resource": LAMBDA, "HeartbeatSeconds": "{% 9 %}", "TimeoutSeconds": 5, "End": True}
    assert told(jsonata(state)) == []


def test_warnings_do_not_make_a_machine_wrong() -> None:
    found = check(one({"Type": "Pass", "Parameters": {"a": "$.b"}, "Result": {"c.$": "$.d"}, "End": True}))
    assert [(fault.severity, fault.code, fault.location) for fault in found] == [
        ("WARNING", "NO_DOLLAR", "/States/X/Parameters/a"),
        ("WARNING", "PASS_RESULT_IS_STATIC", "/States/X/Result"),
    ]


def test_hostile_definitions_are_refused_in_bounded_depth() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = {"a": [deep]}
    assert [code for code, _, _ in told(one({"Type": "Pass", "Parameters": deep, "End": True}))] == [
        "TOO_DEEPLY_NESTED"
    ]
    rule: Any = {"Variable": "$.a", "IsNull": True}
    for _ in range(400):
        rule = {"Not": rule}
    found = told(one({"Type": "Choice", "Choices": [{**rule, "Next": "Y"}]}, "Y"))
    assert [code for code, _, _ in found] == ["TOO_DEEPLY_NESTED"]
    flow: Any = {"StartAt": "0", "States": {"0": END}}
    for number in range(1, 100):
        state = {"Type": "Parallel", "Branches": [flow], "End": True}
        flow = {"StartAt": str(number), "States": {str(number): state}}
    assert [code for code, _, _ in told(flow)] == ["TOO_DEEPLY_NESTED"]


def test_repeated_fields_are_found_in_the_text() -> None:
    text = '{"States": {"A": {"Type": "Pass", "Type": "Fail"}, "A": [{"b": 1, "b": 2}]}}'
    assert [(fault.message, fault.location) for fault in repeated(text)] == [
        ("Duplicate field 'Type'", "/States/A/Type"),
        ("Duplicate field 'A'", "/States/A"),
        ("Duplicate field 'b'", "/States/A[0]/b"),
    ]
    assert repeated('{"a": {"b": 1}, "c": {"b": 1}}') == []
    assert repeated("{not json") == [], "reading it tells what is wrong"
    assert [fault.code for fault in repeated('"' + "x" * 1_048_576 + '"')] == ["INVALID_JSON_DESCRIPTION"]


def test_variables_that_each_state_reads() -> None:
    """As DescribeStateMachine reports them: recorded, sorted, without those bound inside an expression."""
    processor = {
        "StartAt": "Sum",
        "States": {"Sum": {"Type": "Pass", "Assign": {"s.$": "States.MathAdd($y, States.MathAdd($x.a, 1))"},
                           "End": True}},
    }  # fmt: skip
    states = {
        "Set": {"Type": "Pass", "Parameters": {"result": "$result", "q.$": "States.Format('$no {}', $yes)"}},
        "Check": {"Type": "Choice", "Choices": [{"Variable": "$guess", "StringEqualsPath": "$answer", "Next": "J"}]},
        "Loop": {"Type": "Map", "ItemsPath": "$list[0]", "ItemProcessor": processor},
        "J": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": "{% ($q := $r; $map($states.input.x, function($v) { $v + $q + $z })) %}",
        },
        "Plain": {"Type": "Pass", "Parameters": {"a.$": "$.a", "b.$": "$$.State"}},
    }
    assert variable_references({"StartAt": "Set", "States": states}) == {
        "Set": ["yes"],
        "Check": ["answer", "guess"],
        "Loop": ["list"],
        "Sum": ["x", "y"],
        "J": ["r", "z"],
    }
