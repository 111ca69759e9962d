"""The data flow of each state type in the language JSONata, and what AWS says when an expression fails."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.query import InvalidDefinitionError
from tests.support.workflow.asl import LAMBDA, Asl, details, one

pytestmark = pytest.mark.fast
ERROR: Final = "States.QueryEvaluationError"
SAID: Final = "An error occurred while executing the state 'S' (entered at the event id #2). "
INPUT: Final[dict[str, Any]] = {"n": 2, "list": [1, 2, 3], "text": "ab", "none": None}
END: Final = {"Type": "Pass", "QueryLanguage": "JSONata", "End": True}


def run(state: dict[str, Any], given: Any = None, **others: Any) -> Asl:
    """Start a machine of one JSONata state."""
    return one({"QueryLanguage": "JSONata", **state}, INPUT if given is None else given, **others)


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        ("{% $states.input.n * 2 %}", 4),
        ("{%$states.input.n%}", 2),
        (" {% $states.input.n %}", " {% $states.input.n %}"),
        ("{% $states.input.none %}", None),
        ("$states.input", "$states.input"),
        ({"a.$": "$.n", "b": [None, "{% $states.input.list[-1] %}", {"c": "{% 'x' %}"}]},
         {"a.$": "$.n", "b": [None, 3, {"c": "x"}]}),
        ("{% $states.context.State.Name %}", "S"),
        ("{% $states.context.Execution.Input.n %}", 2),
        ("{% $states.input.list[$ > 1] %}", [2, 3]),
        ("{% $states.input.list[$ > 2] %}", 3),
        ("{% $states.input.list[$ > 2][] %}", [3]),
        ("{% $merge([$states.input, {'n': 9}]).n %}", 9),
        ("{% $now() %}", "1970-01-01T00:16:40.000Z"),
    ],
)  # fmt: skip
def test_a_pass_makes_its_output(output: Any, wanted: Any) -> None:
    """ASL-03: JSONata mode, Output."""
    assert run({"Type": "Pass", "Output": output}).output() == wanted


def test_without_an_output_the_input_goes_on() -> None:
    assert run({"Type": "Pass"}).output() == INPUT


@pytest.mark.parametrize(
    ("state", "location", "what"),
    [
        ({"Type": "Pass", "Output": {"v": ["{% $states.input.absent %}"]}}, "Output/v[0]",
         ("The JSONata expression '$states.input.absent' specified for the field 'Output/v[0]' returned nothing "
         "(undefined).")),
        ({"Type": "Pass", "Assign": {"x": "{% $nope %}"}}, "Assign/x",
         "The JSONata expression '$nope' specified for the field 'Assign/x' returned nothing (undefined)."),
        ({"Type": "Pass", "Output": "{% $states.input.n + 'a' %}"}, "Output",
         ("The JSONata expression '$states.input.n + 'a'' specified for the field 'Output' threw an error during "
         'evaluation. T2002: The right side of the "+" operator must evaluate to a number')),
        ({"Type": "Pass", "Output": "{% $split('a', 'b', -1) %}"}, "Output",
         ("The JSONata expression '$split('a', 'b', -1)' specified for the field 'Output' threw an error during "
         "evaluation. D3020: Third argument of split function must evaluate to a positive number")),
        ({"Type": "Pass", "Output": "{% $sum %}"}, "Output",
         "The JSONata expression '$sum' specified for the field 'Output' returned an unsupported result type."),
        ({"Type": "Wait", "Seconds": "{% $states.input.text %}"}, "Seconds",
         ("The JSONata expression '$states.input.text' specified for the field 'Seconds' returned an unexpected result "
         "type. Expected 'number', but was 'string' for value: \"ab\"")),
        ({"Type": "Wait", "Seconds": "{% -1 %}"}, "Seconds", "Seconds must be between 0 and 99999999 but was: -1"),
        ({"Type": "Task", "Resource": LAMBDA, "TimeoutSeconds": "{% 1.5 %}"}, "TimeoutSeconds",
         "The TimeoutSeconds field cannot be parsed as an integer: 1.5"),
        ({"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "E"}], "Default": "E"},
         "Choices[0]/Condition", ("The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned "
         "an unexpected result type. Expected 'boolean', but was 'number' for value: 1")),
        ({"Type": "Map", "Items": "{% 'x' %}", "ItemProcessor": {"StartAt": "I", "States": {"I": END}}}, "Items",
         ("The JSONata expression ''x'' specified for the field 'Items' returned an unexpected result type. Expected "
         "'array' or 'object', but was 'string' for value: \"x\"")),
        ({"Type": "Fail", "Cause": "{% 5 %}"}, "Cause", ("The JSONata expression '5' specified for the field 'Cause' "
         "returned an unexpected result type. Expected 'string', but was 'number' for value: 5")),
    ],
)  # fmt: skip
def test_a_failing_expression_fails_the_state(state: dict[str, Any], location: str, what: str) -> None:
    """ASL-03: the error's name, the words of its cause and the event before the failure are AWS's."""
    started = run(state, E=END) if state["Type"] == "Choice" else run(state)
    assert started.failure() == (ERROR, SAID + what)
    told = next(entry for entry in started.history() if entry["type"] == "EvaluationFailed")
    assert details(told) == {"error": ERROR, "cause": SAID + what, "location": location, "state": "S"}


def test_a_task_shapes_its_arguments_and_its_result() -> None:
    state = {
        "Type": "Task",
        "Resource": LAMBDA,
        "Arguments": {"twice": "{% $states.input.n * 2 %}"},
        "Output": {"in": "{% $states.input.n %}", "out": "{% $states.result.r %}"},
        "Assign": {"kept": "{% $states.result %}"},
        "Next": "E",
    }
    started = run(state, E={**END, "Output": "{% [$kept, $states.input] %}"})
    assert started.at("S").wait.argument == {"twice": 4}  # type: ignore[union-attr]  # it waits
    started.done("S", {"r": 7})
    assert started.output() == [{"r": 7}, {"in": 2, "out": 7}]


def test_without_an_output_a_task_gives_its_result() -> None:
    started = run({"Type": "Task", "Resource": LAMBDA})
    started.done("S", [1])
    assert started.output() == [1]


def test_a_catcher_knows_the_error() -> None:
    catcher = {
        "ErrorEquals": ["Trouble"],
        "Next": "E",
        "Output": {"why": "{% $states.errorOutput.Cause %}", "n": "{% $states.input.n %}"},
        "Assign": {"name": "{% $states.errorOutput.Error %}"},
    }
    state = {"Type": "Task", "Resource": LAMBDA, "Catch": [catcher], "Next": "E"}
    started = run(state, E={**END, "Output": "{% [$name, $states.input] %}"})
    started.failed("S", "Trouble", "why")
    assert started.output() == ["Trouble", {"why": "why", "n": 2}]


def test_an_expression_that_failed_is_caught_and_retried_like_any_error() -> None:
    catcher = {"ErrorEquals": [ERROR], "Next": "E"}
    retrier = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}
    state = {"Type": "Task", "Resource": LAMBDA, "Arguments": "{% $no %}", "Retry": [retrier], "Catch": [catcher]}
    started = run({**state, "Next": "E"}, E=END)
    assert started.status() == "retrying"
    started.later(1)
    assert started.output()["Error"] == ERROR
    assert started.types().count("EvaluationFailed") == 2


def test_all_right_sides_see_the_variables_as_they_were() -> None:
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Output": "{% $x %}", "Next": "C"},
            "C": {"Type": "Succeed", "Output": "{% [$states.input, $x, $y] %}"},
        },
    }
    started = Asl(machine)
    started.start({})
    assert started.output() == [1, 2, 1]


def test_the_first_condition_that_holds_decides() -> None:
    rules = [
        {"Condition": "{% $states.input.n > 5 %}", "Next": "E"},
        {"Condition": "{% $states.input.n = 2 %}", "Next": "E", "Output": "{% 'rule' %}", "Assign": {"v": 1}},
        {"Condition": "{% $states.input.absent.x %}", "Next": "E"},
    ]
    state = {"Type": "Choice", "Choices": rules, "Default": "E", "Output": "default", "Assign": {"v": 2}}
    follow = {**END, "Output": "{% [$states.input, $v] %}"}
    assert run(state, E=follow).output() == ["rule", 1], "an undefined condition after it is not asked"
    assert run({**state, "Choices": rules[:1]}, E=follow).output() == ["default", 2]
    assert run({**state, "Choices": [{"Condition": True, "Next": "E"}]}, E=follow).output() == ["default", 2]


def test_a_wait_until_an_instant_that_an_expression_gives() -> None:
    started = run({"Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 5000) %}", "Output": "{% 'late' %}"})
    assert started.status() == "waiting"
    started.later(5)
    assert started.output() == "late"


def test_a_fail_state_may_say_why_by_expressions() -> None:
    state = {"Type": "Fail", "Error": "{% $states.input.text %}", "Cause": "{% 'n is ' & $states.input.n %}"}
    assert run(state).failure() == ("ab", "n is 2")


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        ("{% $states.input.list %}", [["0", 1, 2], ["1", 2, 2], ["2", 3, 2]]),
        ([5, "{% $states.input.n %}"], [["0", 5, 2], ["1", 2, 2]]),
        ("{% {'a': 7} %}", [["0", 7, 2]]),
        ([], []),
    ],
)
def test_a_map_goes_over_items(items: Any, wanted: Any) -> None:
    selector = {
        "i": "{% $string($states.context.Map.Item.Index) %}",
        "v": "{% $states.context.Map.Item.Value %}",
        "n": "{% $states.input.n %}",
    }
    inner = {**END, "Output": "{% [$states.input.i, $states.input.v, $states.input.n] %}"}
    state = {
        "Type": "Map",
        "Items": items,
        "ItemSelector": selector,
        "MaxConcurrency": "{% 1 %}",
        "ItemProcessor": {"StartAt": "I", "States": {"I": inner}},
        "Output": "{% $states.result %}",
    }
    assert run(state).output() == wanted


def test_a_map_over_an_object_shows_the_keys() -> None:
    inner = {**END, "Output": "{% $states.context.Map.Item.Key & '=' & $states.input %}"}
    state = {
        "Type": "Map",
        "Items": "{% {'a': 1, 'b': 2} %}",
        "ItemProcessor": {"StartAt": "I", "States": {"I": inner}},
    }
    assert run(state).output() == ["a=1", "b=2"]


def test_a_state_inside_has_the_language_of_the_machine() -> None:
    """Measured on AWS: that of the Map around it does not count."""
    inner = {"Type": "Pass", "Parameters": {"v.$": "$"}, "End": True}
    state = {"Type": "Map", "Items": "{% [1, 2] %}", "ItemProcessor": {"StartAt": "I", "States": {"I": inner}}}
    assert run(state).output() == [{"v": 1}, {"v": 2}]


def test_the_languages_share_variables() -> None:
    machine = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"},
            "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"y": "{% $x + 1 %}"}, "Next": "C"},
            "C": {"Type": "Pass", "Parameters": {"y.$": "$y"}, "End": True},
        },
    }
    started = Asl(machine)
    started.start({"n": 1})
    assert started.output() == {"y": 2}


def test_chance_is_the_same_in_a_replay_and_another_in_each_place() -> None:
    """The driver replays every step and compares."""
    draws = {"a": "{% $uuid() %}", "b": "{% $uuid() %}", "c": "{% [$random(), $random()] %}"}
    first, second = run({"Type": "Pass", "Output": draws}), run({"Type": "Pass", "Output": draws})
    assert first.output() == second.output()
    output = first.output()
    assert len({output["a"], output["b"], *output["c"]}) == 4


def test_a_branch_and_a_message_take_expressions() -> None:
    state = {
        "Type": "Parallel",
        "Arguments": {"k": "{% $states.input.text %}"},
        "Branches": [{"StartAt": "P", "States": {"P": {**END, "Output": "{% $states.input.k %}"}}}],
        "Output": {"first": "{% $states.result[0] %}"},
    }
    assert run(state).output() == {"first": "ab"}
    message = {"Type": "Message", "CorrelationKey": "k", "CorrelationValue": "{% $states.input.text %}"}
    started = run({**message, "Output": "{% $states.result.paid & $states.input.n %}"})
    assert started.at("S").wait is not None
    assert started.status() == "waiting"


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ({"Type": "Pass", "Output": {"a": "{% 1 + %}"}}, "/States/S/Output/a"),
        ({"Type": "Wait", "Seconds": "{% ( %}"}, "/States/S/Seconds"),
    ],
)
def test_an_expression_that_cannot_be_read_is_refused_when_compiled(state: dict[str, Any], location: str) -> None:
    document = {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": {**state, "End": True}}}
    with pytest.raises(InvalidDefinitionError) as refused:
        compile_machine(document, "m")
    assert refused.value.location == location
