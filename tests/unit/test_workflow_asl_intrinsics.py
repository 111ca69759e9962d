"""The eighteen intrinsic functions: what each gives, and what AWS says when it cannot."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.intrinsics import FUNCTIONS
from app.workflow.asl.query import InvalidDefinitionError
from tests.support.workflow.asl import one

pytestmark = pytest.mark.fast

DATA = {
    "n": 5,
    "text": "abc",
    "list": [1, 2, 2, 1.0, "1", True],
    "o": {"a": 1, "b": 2},
    "p": {"b": 3},
    "json": '{"x": [1]}',
    "nul": None,
    "long": "x" * 10_001,
}


def call(text: str, data: Any = None) -> Any:
    run = one({"Type": "Pass", "Parameters": {"v.$": text}}, DATA if data is None else data)
    return run.output()["v"]


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("States.Format('plain')", "plain"),
        ("States.Format('{} and {}', $.text, $.n)", "abc and 5"),
        ("States.Format('{}{}', $.o, $.nul)", '{"a":1,"b":2}null'),
        (r"States.Format('\'{}\' \{\} \\', $.text)", r"'abc' {} \ ".strip()),
        ("States.Format('{}', true)", "true"),
        ("States.Format($.text)", "abc"),
        ("States.StringToJson($.json)", {"x": [1]}),
        (r"""States.StringToJson('{\"a\": 1}')""", {"a": 1}),
        ("States.JsonToString($.o)", '{"a":1,"b":2}'),
        ("States.Array()", []),
        ("States.Array(1, -2.5, 'a', null, false, $.o)", [1, -2.5, "a", None, False, {"a": 1, "b": 2}]),
        (r"States.Array('it\'s')", ["it's"]),
        ("States.ArrayPartition($.list, 4)", [[1, 2, 2, 1.0], ["1", True]]),
        ("States.ArrayContains($.list, 2)", True),
        ("States.ArrayContains($.list, 'z')", False),
        ("States.ArrayRange(1, 9, 4)", [1, 5, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.list, 4)", "1"),
        ("States.ArrayLength($.list)", 6),
        ("States.ArrayUnique(States.Array(1, 2, 1, 'a', 'a'))", [1, 2, "a"]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YSB0byBkZWNvZGU=')", "Data to decode"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.Hash('', 'MD5')", "d41d8cd98f00b204e9800998ecf8427e"),
        ("States.JsonMerge($.o, $.p, false)", {"a": 1, "b": 3}),
        ("States.MathAdd($.n, -1)", 4),
        ("States.MathAdd(1.5, 1)", 3),
        ("States.StringSplit('1,2,3', ',')", ["1", "2", "3"]),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
        ("States.ArrayLength(States.ArrayRange(0, 999, 1))", 1_000),
        ("States.Format('{}', $.list[?(@ == '1')])", '["1"]'),
    ],
)
def test_a_function_gives(text: str, gives: Any) -> None:
    """ASL-03: each function as the developer guide shows it."""
    assert call(text) == gives


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("States.Format('{}', $.nope)", "The JsonPath argument for the field '$.nope' could not be found"),
        ("States.Format('{}', $.list[99])", "The JsonPath argument for the field '$.list[99]' could not be found"),
        ("States.Format('{} {}', 1)", "more {} than"),
        ("States.Format('{}', 1, 2)", "more arguments than"),
        ("States.StringToJson('{')", "not valid JSON"),
        ("States.StringToJson('NaN')", "not valid JSON"),
        ("States.StringToJson('1e999')", "not valid JSON"),
        ("States.StringToJson('9223372036854775808')", "too large"),
        ("States.MathAdd(9223372036854775807, 1)", "too large"),
        ("States.MathAdd(1e300, 1)", "too large"),
        ("States.ArrayPartition($.list, 0)", "more than 0"),
        ("States.ArrayPartition($.text, 1)", "an array is needed"),
        ("States.ArrayRange(0, 1000, 1)", "more than 1000 elements"),
        ("States.ArrayRange(0, 10, 0)", "must not be 0"),
        ("States.ArrayRange(0, 10, true)", "numbers are needed"),
        ("States.ArrayGetItem($.list, 99)", "out of bounds"),
        ("States.Base64Encode($.long)", "more than 10000 characters"),
        ("States.Base64Decode('%')", "not valid Base64"),
        ("States.Hash('a', 'SHA-2')", "must be one of"),
        ("States.JsonMerge($.o, $.p, true)", "must be false"),
        ("States.JsonMerge($.o, $.list, false)", "two objects"),
        ("States.MathAdd('1', 1)", "numbers are needed"),
        ("States.MathRandom(5, 5)", "the end must be more"),
        ("States.StringSplit(1, ',')", "strings are needed"),
    ],
)
def test_a_function_that_cannot_fails_as_states_runtime(text: str, reason: str) -> None:
    """ASL-04: AWS names the whole expression, and reports States.IntrinsicFailure as States.Runtime."""
    run = one({"Type": "Pass", "Parameters": {"v.$": text}}, DATA)
    error, cause = run.failure()
    assert error == "States.Runtime"
    begin = "An error occurred while executing the state 'S' (entered at the event id #2). "
    assert cause.startswith(f"{begin}The function '{text}' had the following error: ")
    assert reason in cause


def test_a_failing_call_inside_another_names_the_whole_expression() -> None:
    text = "States.Format('{}', States.Format('{}', $.nope))"
    _, cause = one({"Type": "Pass", "Parameters": {"v.$": text}}, {"other": 1}).failure()
    assert cause == (
        "An error occurred while executing the state 'S' (entered at the event id #2). "
        f"The function '{text}' had the following error: "
        "The JsonPath argument for the field '$.nope' could not be found in the input '{\"other\":1}'"
    )


def test_chance_is_the_same_in_a_replay_and_another_at_each_place() -> None:
    """ORC-04: every execution here is replayed and compared, so chance can only come from the visit."""
    state = {"Type": "Pass", "Parameters": {f"{name}.$": "States.UUID()" for name in "ab"}}
    made = one(state).output()
    assert made["a"] != made["b"]
    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(form.fullmatch(value) for value in made.values())
    assert one(state).output() == made


def test_turns_of_a_map_draw_different_chance() -> None:
    state = {
        "Type": "Map",
        "ItemSelector": {"id.$": "States.UUID()"},
        "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
    }
    made = [item["id"] for item in one(state, [1, 2, 3]).output()]
    assert len(set(made)) == 3


def test_random_numbers_are_within_their_bounds_and_repeat_with_a_seed() -> None:
    many = [f"States.MathRandom(-3, {end})" for end in range(-2, 8)]
    values = [call(text) for text in many]
    assert all(-3 <= value < end for value, end in zip(values, range(-2, 8), strict=True))
    assert call("States.MathRandom(1, 1000000, 7)") == call("States.MathRandom(1, 1000000, 7)")


def test_all_eighteen_are_there() -> None:
    assert len(FUNCTIONS) == 18


@pytest.mark.parametrize(
    "text",
    [
        "States.Nope()",
        "States.Format('a'",
        "States.Format('a)",
        "States.Format('a') x",
        "States.Array(1 2)",
        "States.Array(,)",
        "States.Array(01x)",
        "States.MathAdd(1)",
        "States.Array(1e999)",
        "States.Array(9223372036854775808)",
        "States.UUID(1)",
        "States.Array($.a[?(",
        "States.Array(" * 11 + ")" * 11,
    ],
)
def test_what_is_no_call_is_refused_when_the_machine_is_compiled(text: str) -> None:
    state = {"Type": "Pass", "Parameters": {"v.$": text}, "End": True}
    with pytest.raises(InvalidDefinitionError) as caught:
        compile_machine({"StartAt": "S", "States": {"S": state}}, "m")
    assert caught.value.location == "/States/S"


def test_ten_calls_deep_is_allowed() -> None:
    text = "States.Array(" * 10 + ")" * 10
    assert call(text) == [[[[[[[[[[]]]]]]]]]]
