"""States tried out through AWS's own client; nothing is stored, so one kind of database is enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.aws import Cloud, clouded, code_of, machine
from tests.support.office import Served

pytestmark = [
    pytest.mark.fast,
    pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True, scope="session"),
]

LAMBDA: Final = "arn:aws:states:::lambda:invoke"
NESTED: Final = "arn:aws:states:::states:startExecution"
TASK: Final = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000001:function:f", "Next": "After"}
RETRY: Final = [
    {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2},
    {"ErrorEquals": ["Odd"], "MaxAttempts": 0},
]
CATCH: Final = [
    {"ErrorEquals": ["Other"], "Next": "Never"},
    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"},
]


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application."""
    with clouded(database_settings) as made:
        yield made


@pytest.fixture(scope="module")
def cloud(served: Served) -> Cloud:
    """Give a company."""
    return Cloud(served)


def tried(cloud: Cloud, state: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Try a state and give the answer, with the data in it read."""
    for name in ("input", "variables", "context"):
        if name in given:
            given[name] = json.dumps(given[name])
    shown = dict(cloud.aws.test_state(definition=json.dumps(state), **given))
    del shown["ResponseMetadata"]
    return {name: _read(name, value) for name, value in shown.items()}


def _read(name: str, value: Any) -> Any:
    if name == "inspectionData":
        return {part: _read("data" if isinstance(one, str) else part, one) for part, one in value.items()}
    return json.loads(value) if name in {"output", "data"} else value


def refusal(cloud: Cloud, state: dict[str, Any], **given: Any) -> tuple[str, str]:
    """Give code and text of the error."""
    return code_of(cloud.aws.test_state, definition=json.dumps(state), **given)


def mocked(value: Any, **more: Any) -> dict[str, Any]:
    """Give a mock of a result."""
    return {"mock": {"result": json.dumps(value), **more}}


FAILING: Final = {"mock": {"errorOutput": {"error": "Odd", "cause": "Because"}}}


def test_a_state_is_tried_with_an_input(cloud: Cloud) -> None:
    """ASL-06: TestState tells output, next state and status; of the last state there is no next one."""
    state = {"Type": "Pass", "Parameters": {"b.$": "$.a"}, "Next": "After"}
    assert tried(cloud, state, input={"a": 1}) == {"status": "SUCCEEDED", "output": {"b": 1}, "nextState": "After"}
    assert tried(cloud, {"Type": "Succeed"}) == {"status": "SUCCEEDED", "output": {}}
    assert tried(cloud, {"Type": "Wait", "Seconds": 3600, "Next": "W"})["nextState"] == "W"
    ended = tried(cloud, {"Type": "Fail", "Error": "Own", "Cause": "So"}, inspectionLevel="DEBUG")
    assert ended == {"status": "FAILED", "error": "Own", "cause": "So", "inspectionData": {"input": {}}}


def test_a_choice_tells_where_it_goes(cloud: Cloud) -> None:
    choices = [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Big"}]
    state = {"Type": "Choice", "Choices": choices, "Default": "Small"}
    assert [tried(cloud, state, input={"n": n})["nextState"] for n in (9, 1)] == ["Big", "Small"]
    lost = tried(cloud, {**state, "Default": "Small"}, input={})
    assert (lost["status"], lost["error"]) == ("FAILED", "States.Runtime")


def test_every_step_of_the_data_is_shown(cloud: Cloud) -> None:
    """ASL-06: inspection level DEBUG, JSONPath."""
    state = {
        **TASK,
        "Resource": LAMBDA,
        "InputPath": "$.in",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "ResultSelector": {"got.$": "$.Payload"},
        "ResultPath": "$.out",
        "OutputPath": "$.out",
        "Assign": {"seen.$": "$.Payload"},
    }
    given = {"input": {"in": {"a": 1}}, "variables": {"kept": True}, "inspectionLevel": "DEBUG"}
    assert tried(cloud, state, **given, **mocked({"Payload": 7, "StatusCode": 200})) == {
        "status": "SUCCEEDED",
        "output": {"got": 7},
        "nextState": "After",
        "inspectionData": {
            "input": {"in": {"a": 1}},
            "afterInputPath": {"a": 1},
            "afterParameters": {"FunctionName": "f", "Payload": {"a": 1}},
            "result": {"Payload": 7, "StatusCode": 200},
            "afterResultSelector": {"got": 7},
            "afterResultPath": {"in": {"a": 1}, "out": {"got": 7}},
            "variables": {"kept": True, "seen": 7},
        },
    }


def test_every_step_of_the_data_is_shown_in_jsonata(cloud: Cloud) -> None:
    """ASL-06: inspection level DEBUG, JSONata, with variables and context."""
    state = {
        **TASK,
        "QueryLanguage": "JSONata",
        "Arguments": {"x": "{% $states.input.a + $more %}"},
        "Output": "{% {'r': $states.result, 'by': $states.context.Execution.Name} %}",
        "Assign": {"more": "{% $more + 1 %}"},
    }
    given = {"variables": {"more": 2}, "context": {"Execution": {"Name": "mine"}}, "inspectionLevel": "DEBUG"}
    assert tried(cloud, state, input={"a": 1}, **given, **mocked([5])) == {
        "status": "SUCCEEDED",
        "output": {"r": [5], "by": "mine"},
        "nextState": "After",
        "inspectionData": {"input": {"a": 1}, "afterArguments": {"x": 3}, "result": [5], "variables": {"more": 3}},
    }


def test_what_was_seen_before_a_failure_is_shown(cloud: Cloud) -> None:
    state = {"Type": "Pass", "InputPath": "$.a", "Parameters": {"b.$": "$.gone"}, "Next": "After"}
    told = tried(cloud, state, input={"a": {"c": 1}}, inspectionLevel="DEBUG")
    assert (told["status"], told["error"]) == ("FAILED", "States.Runtime")
    assert told["inspectionData"] == {"input": {"a": {"c": 1}}, "afterInputPath": {"c": 1}}


def test_an_error_is_retried_caught_or_fails_the_state(cloud: Cloud) -> None:
    """ASL-06: with the index of what took it, and the pause that follows from the attempts before."""
    state = {**TASK, "Retry": RETRY, "Catch": CATCH}
    busy = {"mock": {"errorOutput": {"error": "Busy", "cause": "Later"}}, "inspectionLevel": "DEBUG"}
    again = tried(cloud, state, **busy)
    assert (again["status"], again["error"], again["cause"]) == ("RETRIABLE", "Busy", "Later")
    assert not {"output", "nextState"} & again.keys()
    assert again["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 2}
    second = tried(cloud, state, **busy, stateConfiguration={"retrierRetryCount": 1})
    assert second["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}
    caught = tried(cloud, state, **busy, input={"a": 1}, stateConfiguration={"retrierRetryCount": 2})
    assert (caught["status"], caught["nextState"]) == ("CAUGHT_ERROR", "Caught")
    assert caught["output"] == {"a": 1, "error": {"Error": "Busy", "Cause": "Later"}}
    assert caught["inspectionData"]["errorDetails"] == {"catchIndex": 1}
    failed = tried(cloud, {**TASK, "Retry": RETRY}, **FAILING)
    assert failed == {"status": "FAILED", "error": "Odd", "cause": "Because"}


def test_a_state_of_a_machine_is_tried_by_its_name(cloud: Cloud) -> None:
    """ASL-06: one inside of another too, in the machine's query language."""
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $states.input + 1 %}", "End": True}}}
    whole = {
        "QueryLanguage": "JSONata",
        "StartAt": "P",
        "States": {
            "P": {"Type": "Parallel", "Branches": [inner], "Next": "Q"},
            "Q": {"Type": "Pass", "Output": "{% $states.context.State.Name %}", "End": True},
        },
    }
    assert tried(cloud, whole, stateName="Q")["output"] == "Q"
    assert tried(cloud, whole, stateName="I", input=4)["output"] == 5
    assert refusal(cloud, whole, stateName="X")[0] == "ValidationException"
    assert refusal(cloud, whole)[0] == "ValidationException"


def test_what_goes_round_is_tried_once(cloud: Cloud) -> None:
    rule = {"Variable": "$.n", "NumericEquals": 1, "Next": "Done"}
    again = {"Type": "Choice", "Choices": [rule], "Default": "Same"}
    whole = {"StartAt": "Same", "States": {"Same": again, "Done": {"Type": "Succeed"}}}
    told = tried(cloud, whole, stateName="Same", input={"n": 2})
    assert told == {"status": "SUCCEEDED", "output": {"n": 2}, "nextState": "Same"}


def map_state(**fields: Any) -> dict[str, Any]:
    """Give a Map of one Pass."""
    flow = json.loads(machine({"Type": "Pass"}))
    return {"Type": "Map", "ItemProcessor": flow, "Next": "After", **fields}


def test_a_map_is_tried_with_the_results_of_its_turns(cloud: Cloud) -> None:
    """ASL-06: items, selector and limits are shown; what is inside is not run."""
    state = map_state(
        ItemsPath="$.list",
        ItemSelector={"v.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"},
        MaxConcurrency=3,
        ResultPath="$.done",
    )
    told = tried(cloud, state, input={"list": [7, 8]}, inspectionLevel="DEBUG", **mocked(["x", "y"]))
    assert told["output"] == {"list": [7, 8], "done": ["x", "y"]}
    seen = told["inspectionData"]
    assert (seen["afterItemsPath"], seen["maxConcurrency"]) == ([7, 8], 3)
    assert seen["afterItemSelector"] == [{"v": 7, "at": 0}, {"v": 8, "at": 1}]
    assert (seen["result"], seen["afterResultSelector"]) == (["x", "y"], ["x", "y"])


def test_a_distributed_map_is_tried_with_what_its_reader_read(cloud: Cloud) -> None:
    """ASL-06: mapItemReaderData, mapIterationFailureCount, errorCausedByState."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/rows"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    flow = {"ProcessorConfig": config, **json.loads(machine({"Type": "Pass"}))}
    state = map_state(
        ItemProcessor=flow, ItemReader=reader, ItemBatcher={"MaxItemsPerBatch": 2}, ToleratedFailurePercentage=40
    )
    data = {"mapItemReaderData": json.dumps({"rows": [1, 2, 3]})}
    told = tried(cloud, state, inspectionLevel="DEBUG", stateConfiguration=data, **mocked([1, 2]))
    seen = told["inspectionData"]
    assert (told["status"], told["output"]) == ("SUCCEEDED", [1, 2])
    assert seen["afterItemsPointer"] == [1, 2, 3]
    assert seen["afterItemBatcher"] == [{"Items": [1, 2]}, {"Items": [3]}]
    assert seen["toleratedFailurePercentage"] == 40.0
    one, two = ({**data, "mapIterationFailureCount": failed, "errorCausedByState": "S0"} for failed in (1, 2))
    assert tried(cloud, state, stateConfiguration=one, **mocked([1, 2]))["status"] == "SUCCEEDED"
    over = tried(cloud, state, stateConfiguration=two, **mocked([1, 2]))
    assert (over["status"], over["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    gone = {"errorCausedByState": "S9"}
    assert refusal(cloud, state, stateConfiguration=gone, **mocked([]))[0] == "ValidationException"


def test_a_parallel_is_tried_with_the_results_of_its_branches(cloud: Cloud) -> None:
    branch = json.loads(machine({"Type": "Pass"}))
    state = {"Type": "Parallel", "Branches": [branch], "Parameters": {"p.$": "$.a"}, "Next": "After"}
    told = tried(cloud, state, input={"a": 1}, inspectionLevel="DEBUG", **mocked([{"x": 1}]))
    assert (told["output"], told["inspectionData"]["afterParameters"]) == ([{"x": 1}], {"p": 1})
    assert tried(cloud, {**state, "Catch": CATCH}, input={"a": 1}, **FAILING)["nextState"] == "Caught"


def test_a_call_of_an_api_is_shown_with_its_answer(cloud: Cloud) -> None:
    """ASL-06: inspection level TRACE; what the connection adds is not known, so no secret is."""
    arn = "arn:aws:events:us-east-1:000000000001:connection/c/x"
    asked = {
        "ApiEndpoint": "https://api.example/v1",
        "Method": "POST",
        "RequestBody": {"a": 1},
        "QueryParameters": {"q": "1"},
        "Authentication": {"ConnectionArn": arn},
    }
    state = {**TASK, "Resource": "arn:aws:states:::http:invoke", "Parameters": asked}
    answer = {"Headers": {"x": ["1"]}, "ResponseBody": {"ok": True}, "StatusCode": 201, "StatusText": "Created"}
    told = cloud.aws.test_state(
        definition=json.dumps(state), inspectionLevel="TRACE", revealSecrets=True, **mocked(answer)
    )
    seen = told["inspectionData"]
    assert seen["request"] == {
        "protocol": "https",
        "method": "POST",
        "url": "https://api.example/v1?q=1",
        "headers": '{"Content-Type":"application/json"}',
        "body": '{"a":1}',
    }
    assert seen["response"] == {
        "protocol": "https",
        "statusCode": "201",
        "statusMessage": "Created",
        "headers": '{"x":["1"]}',
        "body": '{"ok":true}',
    }
    assert "request" not in tried(cloud, state, inspectionLevel="DEBUG", **mocked(answer))["inspectionData"]


@pytest.mark.parametrize(
    ("resource", "result", "strict", "present"),
    [
        (LAMBDA, {"Payload": 1, "StatusCode": 200}, "", ""),
        (LAMBDA, {"payload": 1}, "Unknown field 'payload'", ""),
        (LAMBDA, {"StatusCode": "200"}, "Field 'StatusCode' must be a number", "Field 'StatusCode' must be a number"),
        (NESTED, {"ExecutionArn": "a"}, "Required field 'StartDate' is missing", ""),
        (NESTED, [], "The result must be an object", "The result must be an object"),
        (f"{NESTED}.sync:2", {"ExecutionArn": True}, "Field 'ExecutionArn' must be a string", "Field"),
        ("arn:aws:states:::sqs:sendMessage", {"any": 1}, "", ""),
    ],
)
def test_a_mock_looks_like_the_answer_of_its_service(
    cloud: Cloud, resource: str, result: Any, strict: str, present: str
) -> None:
    """ASL-06: STRICT by default, PRESENT looks at what is there, NONE at nothing."""
    state = {**TASK, "Resource": resource, "Parameters": {"FunctionName": "f", "StateMachineArn": "a"}}

    def told(**mode: str) -> str:
        try:
            tried(cloud, state, **mocked(result, **mode))
        except cloud.aws.exceptions.ValidationException as error:
            return str(error.response["Error"]["Message"]).removeprefix("Mock result schema validation error: ")
        return ""

    assert told() == told(fieldValidationMode="STRICT") == strict
    assert told(fieldValidationMode="PRESENT").startswith(present)
    assert bool(told(fieldValidationMode="PRESENT")) == bool(present)
    assert told(fieldValidationMode="NONE") == ""


@pytest.mark.parametrize(
    ("state", "given", "code"),
    [
        (TASK, {}, "ValidationException"),
        (map_state(), {}, "ValidationException"),
        ({"Type": "Pass", "Next": "A"}, mocked(1), "ValidationException"),
        (TASK, {"mock": {"result": "1", "errorOutput": {"error": "E"}}}, "ValidationException"),
        (TASK, {"mock": {"errorOutput": {"error": "E"}, "fieldValidationMode": "NONE"}}, "ValidationException"),
        (TASK, {"mock": {"result": "{"}}, "ValidationException"),
        (map_state(), mocked({"no": "list"}), "ValidationException"),
        (TASK, {**mocked(1), "variables": "[]"}, "ValidationException"),
        (TASK, {**mocked(1), "context": "7"}, "ValidationException"),
        (TASK, {**mocked(1), "stateConfiguration": {"mapIterationFailureCount": 1}}, "ValidationException"),
        (map_state(), {**mocked([]), "stateConfiguration": {"mapItemReaderData": "[]"}}, "ValidationException"),
        (TASK, {**mocked(1), "input": "{"}, "InvalidExecutionInput"),
        ({"Type": "Pass"}, {}, "InvalidDefinition"),
        ({"Type": "Nothing", "End": True}, {}, "InvalidDefinition"),
    ],
)
def test_a_test_that_cannot_be_made_is_refused(
    cloud: Cloud, state: dict[str, Any], given: dict[str, Any], code: str
) -> None:
    assert refusal(cloud, state, **given)[0] == code


def test_a_definition_that_is_none_is_refused(cloud: Cloud) -> None:
    for text in ("{", "[]", '"Pass"'):
        assert code_of(cloud.aws.test_state, definition=text)[0] == "InvalidDefinition"


def test_who_may_not_see_machines_may_not_try_states(cloud: Cloud) -> None:
    other = cloud.client(cloud.keys(Right.EXECUTIONS_WRITE))
    assert code_of(other.test_state, definition='{"Type":"Succeed"}')[0] == "AccessDeniedException"
