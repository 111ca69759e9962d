"""The language run by the real engine, the same on each store: scenarios that engines have got wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import pytest

from app.workflow.asl.nested import RESOURCE
from app.workflow.runtime.store import Key, NameTakenError, Query, Row
from tests.support.workflow.bed import AROUND, NAMESPACE, Bed, bed_of
from tests.support.workflow.stores import KINDS

pytestmark = pytest.mark.fast

ACTIVITY: Final = "arn:aws:states:us-east-1:000000000000:activity:"
END: Final = {"Type": "Pass", "End": True}
ECHO: Final = {"Type": "Task", "Resource": "echo"}
_numbers = count(1)


@pytest.fixture(scope="module", params=KINDS)
def bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    with bed_of(request.param, tmp_path_factory.mktemp("asl")) as made:
        yield made


def _message(**more: Any) -> dict[str, Any]:
    return {"Type": "Message", "CorrelationKey": "order", "CorrelationValuePath": "$.id", "Next": "E", **more}


def _fresh(**more: Any) -> dict[str, Any]:
    """Give an input with a correlation value of its own."""
    return {"id": f"o{next(_numbers)}", "keep": [1], **more}


# Data


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_a_state_gets_the_output_of_the_one_before_it(bed: Bed, language: str) -> None:
    """ASL-01."""
    shape = {"Parameters": {"b.$": "$.a"}} if language == "JSONPath" else {"Output": {"b": "{% $states.input.a %}"}}
    states = {"A": {"Type": "Pass", **shape, "Next": "B"}, "B": {**ECHO, "End": True}}
    assert bed.output(states, {"a": [1]}, QueryLanguage=language) == {"b": [1]}


ACCOUNTS: Final = {"accounts": [{"createdBy": "x"}, {"createdBy": "y"}]}


def test_paths_go_into_lists_of_objects_and_a_place_that_is_not_there_is_an_error(bed: Bed) -> None:
    rule = {"Variable": "$.accounts[0].createdBy", "StringEquals": "x", "Next": "E"}
    choice = {"C": {"Type": "Choice", "Choices": [rule], "Default": "F"}, "E": END, "F": {"Type": "Fail"}}
    assert bed.output(choice, ACCOUNTS) == ACCOUNTS
    path = {"P": {"Type": "Pass", "InputPath": "$.accounts[1].createdBy", "End": True}}
    assert bed.output(path, ACCOUNTS) == "y"
    beyond = {"P": {"Type": "Pass", "Parameters": {"a.$": "$.accounts[2].createdBy"}, "End": True}}
    error, cause = bed.failure(beyond, ACCOUNTS)
    assert error == "States.Runtime"
    assert "'$.accounts[2].createdBy'" in cause


@pytest.mark.parametrize("data", [None, {}, [], 0, "", [{"a": 1}, {"b": None}], [1, "a", None, {}, []], {"a": None}])
def test_any_value_survives_tasks_lists_and_the_disk(bed: Bed, data: Any) -> None:
    states = {
        "T": {**ECHO, "Next": "M"},
        "M": {
            "Type": "Map",
            "Parameters": {"v.$": "$$.Map.Item.Value"},
            "ItemsPath": "$.all",
            "ItemProcessor": {"StartAt": "I", "States": {"I": {**ECHO, "End": True}}},
            "End": True,
        },
    }
    assert bed.output(states, {"all": [data, data]}) == [{"v": data}, {"v": data}]
    assert bed.output({"T": {**ECHO, "End": True}}, data) == data


def test_a_task_with_a_result_path_keeps_what_it_does_not_give(bed: Bed) -> None:
    states = {
        "T": {"Type": "Task", "Resource": "fresh", "ResultPath": "$.got", "Next": "U"},
        "U": {"Type": "Task", "Resource": "fresh", "ResultPath": None, "Next": "E"},
        "E": END,
    }
    assert bed.output(states, {"old": 1}) == {"old": 1, "got": {"fresh": 1}}


def test_variables_are_read_after_the_disk_in_both_languages(bed: Bed) -> None:
    """ASL-02."""
    states = {
        "A": {"Type": "Pass", "Assign": {"n.$": "$.n"}, "Next": "T"},
        "T": {**ECHO, "Next": "W"},
        "W": {"Type": "Wait", "Seconds": 10, "Next": "J"},
        "J": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $n + 1 %}", "End": True},
    }
    key = bed.start(states, {"n": 1})
    bed.waits_at(key, "W")
    bed.later(10)
    assert bed.ended(key).output == 2


# Messages


@pytest.mark.parametrize("come", [True, False], ids=["by message", "by timeout"])
def test_a_message_and_its_timeout_keep_the_input_and_shape_it_alike(bed: Bed, come: object) -> None:
    """ASL-07."""
    states = {
        "M": _message(ResultPath="$.got", TimeoutSeconds=60, TimeoutPath="L"),
        "L": {"Type": "Pass", "Result": "late", "ResultPath": "$.late", "Next": "E"},
        "E": {**END, "OutputPath": "$.keep"},
    }
    given = _fresh()
    key = bed.start(states, given)
    bed.waits_at(key, "M")
    if come:
        bed.say("order", {"paid": True}, given["id"])
    else:
        bed.later(61)
    assert bed.ended(key).output == [1]
    entered = [entry["stateEnteredEventDetails"] for entry in bed.history(key) if "stateEnteredEventDetails" in entry]
    seen = json.loads(entered[-1]["input"])
    assert (seen["id"], seen["keep"]) == (given["id"], [1])
    assert list(seen["got"]) == (["paid"] if come else ["timeoutInfo"])
    assert ("late" in seen) is (not come)
    kinds = bed.types(key)
    assert ("MessageReceived" in kinds, "MessageTimedOut" in kinds) == (bool(come), not come)


@pytest.mark.parametrize(
    ("data", "made"),
    [
        (None, {}),
        ({"keep": 2, "new": 3}, {"keep": 2, "new": 3}),
        ([1, None], {"message": [1, None]}),
        (0, {"message": 0}),
        ({}, {}),
    ],
)
def test_what_a_message_brings_goes_over_the_input(bed: Bed, data: Any, made: dict[str, Any]) -> None:
    given = _fresh()
    key = bed.start({"M": _message(), "E": END}, given)
    bed.say("order", data, given["id"])
    assert bed.ended(key).output == {**given, **made}


def test_a_message_for_a_state_not_yet_reached_waits(bed: Bed) -> None:
    given = _fresh()
    bed.say("order", {"early": True}, given["id"])
    states = {"W": {"Type": "Wait", "Seconds": 30, "Next": "M"}, "M": _message(), "E": END}
    key = bed.start(states, given)
    bed.waits_at(key, "W")
    bed.later(30)
    assert bed.ended(key).output == {**given, "early": True}


def test_two_states_with_one_value_take_a_message_each(bed: Bed) -> None:
    given = _fresh()
    states = {"M": _message(ResultPath="$.one", Next="N"), "N": _message(ResultPath="$.two"), "E": END}
    key = bed.start(states, given)
    bed.waits_at(key, "M")
    bed.say("order", 1, given["id"])
    bed.waits_at(key, "N")
    bed.say("order", 2, given["id"])
    assert bed.ended(key).output == {**given, "one": 1, "two": 2}


def test_a_timeout_belongs_to_its_state_alone(bed: Bed) -> None:
    given = _fresh()
    states = {
        "M": _message(ResultPath="$.one", TimeoutSeconds=60, Next="N"),
        "N": _message(ResultPath="$.two"),
        "E": END,
    }
    key = bed.start(states, given)
    bed.waits_at(key, "M")
    bed.say("order", 1, given["id"])
    bed.waits_at(key, "N")
    bed.later(120)
    bed.waits_at(key, "N")
    bed.say("order", 2, given["id"])
    assert bed.ended(key).output["two"] == 2


def test_a_message_that_does_not_come_leads_to_the_end_with_the_whole_input(bed: Bed) -> None:
    given = _fresh(inner={"a": "x"})
    message = _message(CorrelationValuePath="$.a", InputPath="$.inner", ResultPath="$.got")
    states = {"M": {**message, "TimeoutSeconds": 5, "TimeoutPath": "L"}, "L": {"Type": "Succeed"}, "E": END}
    key = bed.start(states, given)
    bed.waits_at(key, "M")
    bed.later(5)
    output = bed.ended(key).output
    assert {name: output[name] for name in given} == given
    unhandled = bed.start({"M": _message(TimeoutSeconds=5), "E": END}, _fresh())
    bed.waits_at(unhandled, "M")
    bed.later(5)
    assert bed.ended(unhandled).error == "States.Timeout"


def test_choices_and_messages_work_inside_branches(bed: Bed) -> None:
    given = _fresh(go=True)
    rule = {"Variable": "$.go", "BooleanEquals": True, "Next": "M"}
    inside = {
        "StartAt": "C",
        "States": {
            "C": {"Type": "Choice", "Choices": [rule], "Default": "X"},
            "M": _message(ResultPath="$.got", Next="X"),
            "X": {"Type": "Succeed"},
        },
    }
    beside = {"StartAt": "T", "States": {"T": {**ECHO, "End": True}}}
    key = bed.start({"P": {"Type": "Parallel", "Branches": [inside, beside], "End": True}}, given)
    bed.waits_at(key, "M")
    bed.say("order", 7, given["id"])
    assert bed.ended(key).output == [{**given, "got": 7}, given]


# Errors


def test_a_fail_state_ends_once_with_error_cause_and_time(bed: Bed) -> None:
    """ASL-05."""
    key = bed.start({"F": {"Type": "Fail", "Error": "Own", "Cause": "so"}}, {})
    ended = bed.ended(key)
    assert (ended.status.value, ended.error, ended.cause) == ("failed", "Own", "so")
    assert ended.ended is not None
    assert bed.types(key) == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def test_what_may_not_be_tried_again_is_caught_at_once(bed: Bed) -> None:
    retry = [{"ErrorEquals": ["LookupError"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "E"}]
    task = {"Type": "Task", "Resource": "fail", "Retry": retry, "Catch": catch, "Next": "E"}
    output = bed.output({"T": task, "E": END}, {"a": 1})
    assert output == {"a": 1, "error": {"Error": "LookupError", "Cause": "as always"}}


def test_what_may_be_is_tried_again_after_its_pause(bed: Bed) -> None:
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 20, "MaxAttempts": 2}]
    key = bed.start({"T": {"Type": "Task", "Resource": "flaky", "Retry": retry, "End": True}}, 5)
    bed.until(lambda: bed.engine.describe(key).status.value == "retrying")
    bed.later(20)
    assert bed.ended(key).output == 5
    assert bed.types(key).count("LambdaFunctionFailed") == 1


def test_a_batch_goes_on_behind_items_that_fail(bed: Bed) -> None:
    """A failing worker frees its place as one that is done does."""
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "O"}]
    choice = {"Variable": "$", "NumericEquals": 2, "Next": "F"}
    item = {
        "StartAt": "C",
        "States": {
            "C": {"Type": "Choice", "Choices": [choice], "Default": "T"},
            "F": {"Type": "Task", "Resource": "fail", "Catch": catch, "Next": "O"},
            "T": {**ECHO, "Next": "O"},
            "O": {"Type": "Succeed"},
        },
    }
    for at_once in (1, 2, 0):
        states = {"M": {"Type": "Map", "MaxConcurrency": at_once, "ItemProcessor": item, "End": True}}
        output = bed.output(states, [1, 2, 3, 4])
        assert [given if isinstance(given, int) else given["Error"] for given in output] == [1, "LookupError", 3, 4]


def test_items_run_one_after_another_when_one_at_once_is_all(bed: Bed) -> None:
    item = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "note", "End": True}}}
    bed.calls.clear()
    states = {"M": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": item, "End": True}}
    assert bed.output(states, list(range(6))) == bed.calls == list(range(6))


def test_a_name_is_given_once(bed: Bed) -> None:
    machine = bed.machine({"E": END})
    first = bed.engine.start(machine, 1, name="one", namespace=NAMESPACE)
    with pytest.raises(NameTakenError) as refused:
        bed.engine.start(machine, 2, name="one", namespace=NAMESPACE)
    assert (refused.value.holder, refused.value.given) == (first.id, "1")
    assert bed.ended(first).output == 1


# Workers outside


def test_an_activity_nobody_hears_of_is_given_to_another(bed: Bed) -> None:
    """ASL-04 HeartbeatSeconds."""
    activity = f"{ACTIVITY}a{next(_numbers)}"
    retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1}]
    key = bed.start(
        {"A": {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 30, "Retry": retry, "End": True}}, 1
    )
    first = bed.engine.poll(activity, worker="w1", namespace=NAMESPACE, seconds=10)
    assert first is not None
    bed.later(31)
    bed.until(lambda: bed.engine.describe(key).status.value == "retrying")
    bed.later(1)
    second = bed.engine.poll(activity, worker="w2", namespace=NAMESPACE, seconds=10)
    assert second is not None
    bed.engine.succeed(second.token, "done", namespace=NAMESPACE)
    assert bed.ended(key).output == "done"
    assert bed.types(key).count("ActivityTimedOut") == 1


def test_a_task_is_answered_by_its_token(bed: Bed) -> None:
    """ASL-04 waitForTaskToken."""
    resource = f"arn:aws:states:::sqs:sendMessage{next(_numbers)}.waitForTaskToken"
    sent: list[str] = []
    bed.engine.task(resource)(lambda data: sent.append(data["token"]))
    state = {"Type": "Task", "Resource": resource, "Parameters": {"token.$": "$$.Task.Token"}, "End": True}
    key = bed.start({"T": state}, {})
    bed.until(lambda: "TaskSubmitted" in bed.types(key))
    bed.engine.succeed(sent[0], {"ok": 1}, namespace=NAMESPACE)
    assert bed.ended(key).output == {"ok": 1}


# Children


def _child(how: str, machine: str, **more: Any) -> dict[str, Any]:
    asked = {"StateMachineArn": AROUND.machine(machine), "Input.$": "$"}
    return {"Type": "Task", "Resource": f"{RESOURCE}{how}", "Parameters": asked, "End": True, **more}


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_a_child_is_waited_for(bed: Bed, language: str) -> None:
    """ASL-04 startExecution.sync:2."""
    child = bed.machine({"T": {**ECHO, "Next": "W"}, "W": {"Type": "Wait", "Seconds": 60, "End": True}})
    step = _child(".sync:2", child)
    if language == "JSONata":
        del step["Parameters"]
        step["Arguments"] = {"StateMachineArn": AROUND.machine(child), "Input": "{% $states.input %}"}
    key = bed.start({"S": step}, {"n": 1}, QueryLanguage=language)
    waits = _waiting_child(bed, child)
    bed.later(60)
    output = bed.ended(key).output
    assert (output["Output"], output["Status"], output["Name"]) == ({"n": 1}, "SUCCEEDED", waits)
    assert bed.types(key)[4:6] == ["TaskSubmitted", "TaskSucceeded"]


def _waiting_child(bed: Bed, machine: str) -> str:
    """Give the id of the one execution of a machine, once it waits."""

    def rows() -> list[Row]:
        return bed.engine.executions(Query(NAMESPACE, machine=machine))

    bed.until(lambda: [row.status.value for row in rows()] == ["waiting"])
    return rows()[0].key.id


def test_a_child_is_given_up_with_its_parent(bed: Bed) -> None:
    child = bed.machine({"W": {"Type": "Wait", "Seconds": 9_000, "End": True}})
    key = bed.start({"S": _child(".sync", child)}, {})
    waits = _waiting_child(bed, child)
    bed.engine.stop(key, "Enough", "by hand")
    assert bed.ended(key).error == "Enough"
    assert bed.ended(Key(NAMESPACE, waits)).status.value == "aborted"


def test_a_failed_parent_goes_on_with_another_child_when_it_is_redriven(bed: Bed) -> None:
    child = bed.machine({"F": {"Type": "Fail", "Error": "Own"}})
    key = bed.start({"S": _child(".sync", child)}, {})
    assert bed.ended(key).error == "States.TaskFailed"
    bed.engine.redrive(key)
    bed.until(lambda: bed.types(key).count("ExecutionFailed") == 2)
    assert len(bed.engine.executions(Query(NAMESPACE, machine=child))) == 2
