"""The public history: types, details and what follows what, as recorded from AWS."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.asl.context import failed
from app.workflow.asl.jsonpath_query import JsonPath
from app.workflow.asl.query import Raw
from app.workflow.kernel.graph import Visit
from tests.support.workflow.asl import ACTIVITY, LAMBDA, QUEUE, Asl, details, one, plain

pytestmark = pytest.mark.fast

PASS: dict[str, Any] = {"Type": "Pass", "End": True}
BOOM: dict[str, Any] = {"Type": "Fail", "Error": "MyError", "Cause": "my cause"}
MISFIT: dict[str, Any] = {"Type": "Pass", "Parameters": {"m.$": "$.nope"}, "End": True}


def flow(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def parallel(*branches: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": list(branches), **more}


def each(processor: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, **more}


def run(state: dict[str, Any], given: Any = None) -> Asl:
    return one({**state, "Next": "After"}, {"x": "a", "items": [1, 2]} if given is None else given, After=PASS)


def test_a_chain_of_states_follows_itself() -> None:
    """ASL-06: ids from 1 without gaps; the first state follows 0; data is text, and said to be whole."""
    told = one({"Type": "Pass", "Result": {"b": 1}, "Assign": {"v.$": "$.b"}}, {"a": "ñ"}).history()
    assert [entry["type"] for entry in told] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [entry["previousEventId"] for entry in told] == [0, 0, 2, 3]
    assert details(told[0]) == {
        "input": '{"a":"ñ"}',
        "inputDetails": {"truncated": False},
        "roleArn": "arn:aws:iam::000000000000:role/workflow",
    }
    assert told[1]["stateEnteredEventDetails"]["name"] == "S"
    assert told[2]["stateExitedEventDetails"] == {
        "name": "S",
        "output": '{"b":1}',
        "outputDetails": {"truncated": False},
        "assignedVariables": {"v": "1"},
        "assignedVariablesDetails": {"truncated": False},
    }
    assert told[3]["executionSucceededEventDetails"]["output"] == '{"b":1}'
    assert told[0]["timestamp"] == 1_000


def test_branches_have_chains_of_their_own() -> None:
    """ASL-06: each follows ParallelStateStarted; the Parallel goes on from the last event of any branch."""
    told = run(parallel(flow(A1={"Type": "Pass", "Next": "A2"}, A2=PASS), flow(B1=PASS))).history()
    at = {(entry["type"], details(entry).get("name")): entry for entry in told}
    started = at["ParallelStateStarted", None]["id"]
    assert at["PassStateEntered", "A1"]["previousEventId"] == started
    assert at["PassStateEntered", "B1"]["previousEventId"] == started
    assert at["PassStateExited", "A1"]["previousEventId"] == at["PassStateEntered", "A1"]["id"]
    assert at["PassStateEntered", "A2"]["previousEventId"] == at["PassStateExited", "A1"]["id"]
    last = max(at["PassStateExited", name]["id"] for name in ("A2", "B1"))
    succeeded, exited = at["ParallelStateSucceeded", None], at["ParallelStateExited", "S"]
    assert [succeeded["previousEventId"], exited["previousEventId"]] == [last, last]
    assert details(succeeded) == {}
    assert at["PassStateEntered", "After"]["previousEventId"] == exited["id"]


def test_turns_of_a_map_are_told() -> None:
    """ASL-06: with MaxConcurrency 1 a turn follows the last event of the one before it, passing its end by."""
    told = run(each(flow(I=PASS), MaxConcurrency=1)).history()
    assert [entry["type"] for entry in told[2:14]] == [
        "MapStateStarted",
        *["MapIterationStarted", "PassStateEntered", "PassStateExited", "MapIterationSucceeded"] * 2,
        "MapStateSucceeded",
        "MapStateExited",
        "PassStateEntered",
    ]
    assert [entry["previousEventId"] for entry in told[2:14]] == [2, 3, 4, 5, 6, 6, 8, 9, 10, 11, 11, 13]
    assert details(told[2]) == {"length": 2}
    assert details(told[7]) == {"name": "S", "index": 1}


def test_turns_that_start_together_follow_the_start_of_the_map() -> None:
    told = run(each(flow(I=PASS))).history()
    assert [entry["previousEventId"] for entry in told if entry["type"] == "MapIterationStarted"] == [3, 3]
    entered = [entry for entry in told if entry["type"] == "PassStateEntered"]
    assert [entry["previousEventId"] for entry in entered[:2]] == [4, 5]


def test_a_map_over_nothing_leaves_from_its_start() -> None:
    told = one(each(flow(I=PASS)), {"items": []})
    assert told.types() == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert told.chain() == [0, 0, 2, 3, 3, 5]


def test_a_definition_that_does_not_fit_ends_all_without_a_word_of_what_is_around() -> None:
    """ASL-06: States.Runtime inside a branch or a turn; the cause names the inner state and its arrival."""
    told = one(parallel(flow(Fast=MISFIT)), {"x": "a"})
    assert told.types() == [
        "ExecutionStarted",
        "ParallelStateEntered",
        "ParallelStateStarted",
        "PassStateEntered",
        "ExecutionFailed",
    ]
    assert told.chain() == [0, 0, 2, 3, 4]
    error, cause = told.failure()
    assert error == "States.Runtime"
    assert cause == (
        "An error occurred while executing the state 'Fast' (entered at the event id #4). "
        "The JSONPath '$.nope' specified for the field 'm.$' could not be found in the input '{\"x\":\"a\"}'"
    )
    told = one(each(flow(Fast=MISFIT), MaxConcurrency=1), {"items": [1, 2]})
    assert told.types()[3:] == ["MapIterationStarted", "PassStateEntered", "ExecutionFailed"]
    assert "'Fast' (entered at the event id #5)" in told.failure()[1]


def test_a_branch_that_fails_fails_its_parallel() -> None:
    told = one(parallel(flow(Boom=BOOM)), {"x": "a"})
    assert told.types()[2:] == ["ParallelStateStarted", "FailStateEntered", "ParallelStateFailed", "ExecutionFailed"]
    assert told.chain() == [0, 0, 2, 3, 4, 5]
    assert details(told.history()[4]) == {}
    assert details(told.history()[5]) == {"error": "MyError", "cause": "my cause"}


def test_a_parallel_tried_again_tells_of_its_failure_once_it_is_over() -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 1}]
    told = one(parallel(flow(Boom=BOOM), Retry=retry), {"x": "a"})
    told.later(1)
    assert told.types()[2:] == [
        "ParallelStateStarted",
        "FailStateEntered",
        "ParallelStateStarted",
        "FailStateEntered",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    assert told.chain() == [0, 0, 2, 3, 4, 5, 6, 7]


def test_a_parallel_that_fails_by_itself_after_its_branches_have_succeeded() -> None:
    told = one(parallel(flow(Ok=PASS), ResultSelector={"m.$": "$.nope"}), {"x": "a"})
    assert told.types()[5:] == ["ParallelStateSucceeded", "ExecutionFailed"]
    assert told.chain()[5:] == [5, 6]
    assert told.failure()[1] == (
        "An error occurred while executing the state 'S' (entered at the event id #2). "
        "The JSONPath '$.nope' specified for the field 'm.$' could not be found in the input '[{\"x\":\"a\"}]'"
    )


def test_a_task_that_ends_a_branch_is_told_as_given_up() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "After"}]
    send = {"Type": "Task", "Resource": QUEUE, "Parameters": {"QueueUrl": "q"}, "End": True}
    told = run(parallel(flow(Send=send), Catch=catch))
    told.failed("Send", "SQS.QueueDoesNotExistException", "The specified queue does not exist.")
    assert told.types() == [
        "ExecutionStarted",
        "ParallelStateEntered",
        "ParallelStateStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskFailed",
        "TaskStateAborted",
        "ParallelStateFailed",
        "ParallelStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert told.chain() == [0, 0, 2, 3, 4, 5, 6, 7, 7, 9, 10, 11, 12]
    output = details(told.history()[9])["output"]
    assert plain(output)["Error"] == "SQS.QueueDoesNotExistException"


def test_turns_of_a_map_that_fails_are_given_up_one_by_one() -> None:
    """ASL-06: recorded from AWS for four turns that time out."""
    call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 5, "End": True}
    told = one(each(flow(L=call)), {"items": [1, 2, 3, 4]})
    told.later(5)
    assert told.types()[-10:] == [
        "MapIterationFailed",
        "TaskStateAborted",
        *["MapIterationAborted", "TaskStateAborted"] * 3,
        "MapStateFailed",
        "ExecutionFailed",
    ]
    failed = told.history()[-10]["previousEventId"]
    assert told.chain()[-10:] == [failed] * 9 + [told.frame.lines - 1]
    assert [details(entry).get("index") for entry in told.history()[-10:-2:2]] == [0, 1, 2, 3]
    assert details(told.history()[-1]) == {"error": "States.Timeout"}


def test_a_map_inside_a_branch_is_part_of_its_chain() -> None:
    told = run(parallel(flow(M={**each(flow(I=PASS)), "End": True}), flow(B=PASS))).history()
    at = {(entry["type"], details(entry).get("name")): entry for entry in told}
    assert at["MapStateEntered", "M"]["previousEventId"] == at["ParallelStateStarted", None]["id"]
    ends = [entry["id"] for entry in told if entry["type"] == "MapIterationSucceeded"]
    assert at["MapStateExited", "M"]["previousEventId"] == max(ends)
    assert at["ParallelStateExited", "S"]["previousEventId"] == at["MapStateExited", "M"]["id"]


def test_a_lambda_function_is_told() -> None:
    """ASL-06: the resource's ARN, its input, the time limit and the role; a result, an error."""
    state = {
        "Type": "Task",
        "Resource": LAMBDA,
        "TimeoutSeconds": 9,
        "Credentials": {"RoleArn.$": "$.role"},
        "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
    }
    told = one(state, {"role": "arn:r"})
    told.failed("S", "E", "c")
    told.later(1)
    told.done("S", 5)
    assert told.types()[2:-2] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
    ]
    history = told.history()
    assert history[2]["lambdaFunctionScheduledEventDetails"] == {
        "resource": LAMBDA,
        "input": '{"role":"arn:r"}',
        "inputDetails": {"truncated": False},
        "timeoutInSeconds": 9,
        "taskCredentials": {"roleArn": "arn:r"},
    }
    assert "lambdaFunctionStartedEventDetails" not in history[3]
    assert history[4]["lambdaFunctionFailedEventDetails"] == {"error": "E", "cause": "c"}
    assert history[7]["lambdaFunctionSucceededEventDetails"]["output"] == "5"


def test_a_service_is_told_and_one_that_answers_later_is_submitted() -> None:
    state = {
        "Type": "Task",
        "Resource": f"{QUEUE}.waitForTaskToken",
        "Parameters": {"MessageBody.$": "$"},
        "HeartbeatSeconds": 5,
        "TimeoutSeconds": 600,
    }
    told = one(state, 1)
    told.submitted("S", {"MessageId": "1"})
    told.done("S", {"ok": True})
    history = told.history()
    service = {"resourceType": "sqs", "resource": "sendMessage.waitForTaskToken"}
    names = ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert [entry["type"] for entry in history[2:6]] == names
    assert history[2]["taskScheduledEventDetails"] == {
        **service,
        "region": "us-east-1",
        "parameters": '{"MessageBody":1}',
        "timeoutInSeconds": 600,
        "heartbeatInSeconds": 5,
    }
    assert history[3]["taskStartedEventDetails"] == service
    output = {"output": '{"MessageId":"1"}', "outputDetails": {"truncated": False}}
    assert history[4]["taskSubmittedEventDetails"] == {**service, **output}


def test_a_service_that_does_not_take_its_task_was_not_submitted() -> None:
    told = one({"Type": "Task", "Resource": f"{QUEUE}.waitForTaskToken"}, 1)
    told.failed("S", "SQS.QueueDoesNotExistException", "no such queue")
    assert told.types()[2:5] == ["TaskScheduled", "TaskStarted", "TaskSubmitFailed"]
    assert details(told.history()[4])["error"] == "SQS.QueueDoesNotExistException"
    told = one({"Type": "Task", "Resource": f"{QUEUE}.waitForTaskToken"}, 1)
    told.submitted("S", {})
    told.failed("S", "Own", "refused")
    assert told.types()[4:6] == ["TaskSubmitted", "TaskFailed"]


def test_an_activity_is_started_when_a_worker_takes_it() -> None:
    """ASL-05: a worker that asks for its work; a heartbeat that is lost is a time limit that is over."""
    told = one({"Type": "Task", "Resource": ACTIVITY, "HeartbeatSeconds": 5}, {})
    assert told.types()[2:] == ["ActivityScheduled"]
    told.taken("S", "worker-1")
    told.later(6)
    assert told.types()[2:] == ["ActivityScheduled", "ActivityStarted", "ActivityTimedOut", "ExecutionFailed"]
    history = told.history()
    assert history[3]["activityStartedEventDetails"] == {"workerName": "worker-1"}
    assert history[4]["activityTimedOutEventDetails"] == {"error": "States.Timeout"}


def test_a_stopped_execution_says_why() -> None:
    told = one({"Type": "Wait", "Seconds": 5}, {})
    told.stopped("E", "c")
    assert told.types() == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    assert details(told.history()[-1]) == {"error": "E", "cause": "c"}


def test_a_redriven_execution_goes_on_in_the_same_history() -> None:
    told = one({"Type": "Task", "Resource": LAMBDA}, {})
    told.failed("S", "E", "c")
    told.redriven()
    told.done("S", 1)
    assert told.output() == 1
    assert told.types()[5:8] == ["ExecutionFailed", "ExecutionRedriven", "LambdaFunctionScheduled"]


def test_a_redriven_parallel_goes_on_with_its_branches() -> None:
    call = {"Type": "Task", "Resource": LAMBDA, "End": True}
    told = one(parallel(flow(A=call), flow(B=call)), {})
    told.failed("A", "E")
    told.redriven()
    told.done("A", 1)
    told.done("B", 2)
    assert told.output() == [1, 2]
    types = told.types()
    assert types.count("ParallelStateStarted") == 1
    assert types[-3:] == ["ParallelStateSucceeded", "ParallelStateExited", "ExecutionSucceeded"]


def test_a_catcher_that_fails_itself_is_told_from_before_the_failure() -> None:
    """Recorded from AWS: the state is told to have failed twice, the second time for the catcher."""

    class Broken(JsonPath):
        def catcher(self, state: Raw, place: int) -> Any:
            return Refusing(super().catcher(state, place))

    class Refusing:
        def __init__(self, query: Any) -> None:
            self.assign = query.assign

        def give(self, visit: Visit, _result: Any) -> Any:
            raise failed(visit, "States.QueryEvaluationError", "nothing", "Catch[0]/Output/v")

    catch = [{"ErrorEquals": ["States.ALL"], "Next": "D"}]
    states = {"P": {**parallel(flow(Boom=BOOM), Catch=catch), "End": True}, "D": PASS}
    told = Asl({"StartAt": "P", "States": states}, languages={"JSONPath": Broken})
    told.start({})
    assert told.types()[3:] == [
        "FailStateEntered",
        "ParallelStateFailed",
        "EvaluationFailed",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    assert told.chain() == [0, 0, 2, 3, 4, 4, 6, 7]
    assert details(told.history()[5]) == {
        "error": "States.QueryEvaluationError",
        "cause": "An error occurred while executing the state 'P' (entered at the event id #2). nothing",
        "location": "Catch[0]/Output/v",
        "state": "P",
    }
