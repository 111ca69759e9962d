"""The state type Message: what comes of a message, of none, and of the wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.workflow.asl import LAMBDA, Asl, one

pytestmark = pytest.mark.fast

INPUT: dict[str, Any] = {"order": 7, "note": "old", "deep": {"a": 1}}
END: dict[str, Any] = {"Type": "Pass", "End": True}


def message(**fields: Any) -> dict[str, Any]:
    return {"Type": "Message", "CorrelationKey": "paid", **fields}


@pytest.mark.parametrize(
    ("fields", "given", "data", "output"),
    [
        ({}, INPUT, {"note": "new", "sum": 5}, {**INPUT, "note": "new", "sum": 5}),
        ({}, INPUT, None, INPUT),
        ({}, INPUT, [{"a": 1}, 2], {**INPUT, "message": [{"a": 1}, 2]}),
        ({}, INPUT, [], {**INPUT, "message": []}),
        ({}, INPUT, 5, {**INPUT, "message": 5}),
        ({}, None, {"a": 1}, {"a": 1}),
        ({}, None, None, None),
        ({"ResultPath": "$.m"}, INPUT, {"sum": 5}, {**INPUT, "m": {"sum": 5}}),
        ({"ResultPath": "$.m"}, INPUT, [{"sum": 5}], {**INPUT, "m": [{"sum": 5}]}),
        ({"ResultPath": "$.m"}, INPUT, None, {**INPUT, "m": None}),
        ({"ResultPath": None}, INPUT, {"sum": 5}, INPUT),
        ({"ResultPath": "$"}, INPUT, {"sum": 5}, {"sum": 5}),
        ({"ResultSelector": {"s.$": "$.sum"}}, INPUT, {"sum": 5}, {**INPUT, "s": 5}),
        ({"ResultSelector": {"s.$": "$.sum"}, "ResultPath": "$.m"}, INPUT, {"sum": 5}, {**INPUT, "m": {"s": 5}}),
        ({"InputPath": "$.deep", "ResultPath": "$.m"}, INPUT, 5, {**INPUT, "m": 5}),
        ({"OutputPath": "$.sum"}, INPUT, {"sum": 5}, 5),
    ],
)
def test_the_data_of_a_message_goes_over_the_input(fields: dict[str, Any], given: Any, data: Any, output: Any) -> None:
    """ASL-07: merged shallowly, beside it as ``message``, or where ResultPath says."""
    run = one(message(**fields), given)
    run.signal("paid", data)
    assert run.output() == output


def test_the_history_tells_of_a_message() -> None:
    run = one(message(CorrelationValuePath="$.order"), {"order": "o7"})
    run.signal("paid", {"sum": 5}, key="o7")
    assert run.types()[1:5] == ["MessageStateEntered", "MessageAwaited", "MessageReceived", "MessageStateExited"]
    history = run.history()
    assert history[2]["messageAwaitedEventDetails"] == {"correlationKey": "paid", "correlationValue": "o7"}
    assert history[3]["messageReceivedEventDetails"]["data"] == '{"sum":5}'


def test_only_the_message_with_the_value_of_the_data_is_taken() -> None:
    run = one(message(CorrelationValuePath="$.order"), {"order": "o7"})
    run.signal("paid", 1, key="o8")
    assert run.status() == "waiting"
    run.signal("paid", 2, number="2", key="o7")
    assert run.output() == {"order": "o7", "message": 2}


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, INPUT),
        ({"InputPath": "$.deep"}, INPUT),
        (
            {"ResultPath": "$.late", "CorrelationValue": "v"},
            {
                **INPUT,
                "late": {
                    "timeoutInfo": {"correlationKey": "paid", "correlationValue": "v", "at": "1970-01-01T00:16:46.000Z"}
                },
            },
        ),
    ],
)
def test_when_none_comes_the_timeouts_way_is_taken_with_the_whole_input(fields: dict[str, Any], output: Any) -> None:
    """ASL-07: neither InputPath nor a selector changes what goes on."""
    state = message(TimeoutSeconds=6, TimeoutPath="Late", Next="Paid", **fields)
    run = one(state, INPUT, Paid=END, Late={"Type": "Pass", "Parameters": {"late.$": "$"}, "End": True})
    run.later(6)
    assert run.output() == {"late": output}
    assert "MessageTimedOut" in run.types()


def test_without_a_way_for_it_a_timeout_is_an_error_that_may_be_caught() -> None:
    state = message(TimeoutSeconds=5)
    run = one(state, {})
    run.later(5)
    assert run.failure() == ("States.Timeout", "")
    run = one({**state, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "T", "ResultPath": "$.e"}]}, {}, T=END)
    run.later(5)
    assert run.output() == {"e": {"Error": "States.Timeout", "Cause": ""}}


def test_a_message_that_comes_before_its_state_waits_for_it() -> None:
    first = {"Type": "Task", "Resource": LAMBDA, "ResultPath": "$.t", "Next": "M"}
    run = one(first, {"x": 1}, M={**message(ResultPath="$.m"), "End": True})
    run.signal("paid", "early")
    run.done("S", "done")
    assert run.output() == {"x": 1, "t": "done", "m": "early"}


def test_one_message_satisfies_one_state_only() -> None:
    """ASL-07: two states with the same correlation key; the second waits for its own, and its timeout is its own."""
    second = {**message(ResultPath="$.second", TimeoutSeconds=9, TimeoutPath="Late"), "Next": "Z"}
    run = one(message(ResultPath="$.first", Next="M2"), {}, M2=second, Late={**END, "Result": "late"}, Z=END)
    run.signal("paid", 1)
    assert run.status() == "waiting"
    assert run.signal("paid", 1) == [], "the same message again changes nothing"
    run.signal("paid", 2, number="2")
    assert run.output() == {"first": 1, "second": 2}


def test_messages_inside_a_parallel_go_to_the_branch_that_waits_for_them() -> None:
    def branch(name: str) -> dict[str, Any]:
        rule = {"Variable": "$.x", "NumericEquals": 1, "Next": name}
        state = {**message(CorrelationValue=name, ResultPath="$.m"), "End": True}
        return {"StartAt": f"C{name}", "States": {f"C{name}": {"Type": "Choice", "Choices": [rule]}, name: state}}

    run = one({"Type": "Parallel", "Branches": [branch("A"), branch("B")]}, {"x": 1})
    run.signal("paid", "b", number="1", key="B")
    run.signal("paid", "a", number="2", key="A")
    assert run.output() == [{"x": 1, "m": "a"}, {"x": 1, "m": "b"}]


def test_what_comes_too_late_is_known_as_late() -> None:
    """OnLate names the machine that takes it."""
    run = Asl(
        {
            "StartAt": "S",
            "OnLate": "refund",
            "States": {"S": {**message(TimeoutSeconds=5, TimeoutPath="T"), "Next": "T"}, "T": END},
        }
    )
    assert run.definition.on_late == "refund"
    run.start({})
    run.later(5)
    assert [type(event).__name__ for event in run.signal("paid", 1)] == ["SignalLate"]


def test_later_states_still_see_the_keys_from_before() -> None:
    """A Task that gives only new keys, with a ResultPath; and the next state gets this one's output."""
    run = one(
        {"Type": "Task", "Resource": LAMBDA, "ResultPath": "$.t", "Next": "M"},
        {"old": 1},
        M={**message(), "Next": "B"},
        B={"Type": "Task", "Resource": LAMBDA, "End": True},
    )
    run.done("S", {"new": 2})
    run.signal("paid", {"more": 3})
    wait = run.at("B").wait
    assert wait is not None
    assert wait.argument == {"old": 1, "t": {"new": 2}, "more": 3}
