"""JSONata: what the npm reference gives, what Step Functions adds, and where it ends."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from app.workflow.asl.jsonata.compiled import Compiled
from app.workflow.asl.jsonata.errors import JsonataError
from app.workflow.asl.jsonata.run import DEEPEST
from tests.support.workflow.expressions import NOW, RECORDED, evaluate, value

pytestmark = pytest.mark.fast
NOTHING = {"undefined": True}
TOO_LONG = "Expression evaluation timeout: Check for infinite loop"
TOO_LARGE = "Expression evaluation memory limit exceeded"


def test_expressions_give_what_the_npm_reference_gives() -> None:
    """ASL-03: JSONata is that of the reference, its error codes and messages included."""
    different = {text: (evaluate(text), wanted) for text, wanted in RECORDED if evaluate(text) != wanted}
    assert different == {}
    assert len(RECORDED) > 300


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([1,2,3])", [[1, 2, 3]]),
        ("$partition([1,2,3,4,5], 2.9)", [[1, 2], [3, 4], [5]]),
        ("$partition([1,2,3], -1)", "D3137: Second argument must be zero or greater"),
        ("$range(0, 10, 2)", [0, 2, 4, 6, 8, 10]),
        ("$range(10, 0, -2)", [10, 8, 6, 4, 2, 0]),
        ("$range(1.7, 5, 1)", [1, 2, 3, 4, 5]),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
        ("$range(3, 3, 1)", 3),
        ("$range(1)", 'T0410: Argument 2 of function "range" does not match function signature'),
        ("$range(1, 360146, 1)", TOO_LARGE),
        ("$hash('Hello', 'MD5')", "8b1a9953c4611296a827abf8c47804d7"),
        ("$hash('Hello', 'SHA-1')", "f7ff9e8b7bb2e09b70935a5d785e0cc5d9d0abf0"),
        ("$hash('ñ', 'MD5')", "94e9342ecbb1458b6043ecd3bfcbc192"),
        ("$length($hash('a', 'SHA-512'))", 128),
        ("$hash('a', 5)", 'T0410: Argument 2 of function "hash" does not match function signature'),
        ("$random(42)", 0.7275636800328681),
        ("$random(0)", 0.730967787376657),
        ("$random(7)", 0.7306990420600421),
        ("$random(0.9) = $random(0)", True),
        ("$random() = $random()", False),
        ("$uuid() = $uuid()", False),
        ("$contains($uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)", True),
        ("$uuid('seed')", 'T0410: Argument 1 of function "uuid" does not match function signature'),
        ('$parse(\'{"b":1,"a":[null,2.0]}\')', {"b": 1, "a": [None, 2]}),
        ("$exists($parse('null'))", True),
        ("$parse('9223372036854775807')", 9223372036854775807),
        ("$string($parse('9223372036854775808'))", "9223372036854776000"),
        ("$string(999999999999999868928)", "999999999999999900000"),
        ("$parse(null)", 'T0410: Argument 1 of function "parse" does not match function signature'),
        ("$millis()", NOW),
        ("$now()", "2025-11-21T06:40:00.123Z"),
    ],
)
def test_the_functions_of_step_functions(text: str, wanted: Any) -> None:
    """ASL-03: measured on AWS."""
    assert value(text) == wanted


@pytest.mark.parametrize(
    ("text", "picture", "wanted"),
    [
        ("10:30", "[H]:[m]", "2025-11-21T10:30:00.000Z"),
        ("03-04", "[M01]-[D01]", "2025-03-04T00:00:00.000Z"),
        ("7", "[D]", "2025-11-07T00:00:00.000Z"),
        ("15", "[m]", "2025-11-21T06:15:00.000Z"),
        ("9 pm", "[h] [P]", "2025-11-21T21:00:00.000Z"),
        ("9", "[h]", "2025-11-21T09:00:00.000Z"),
        ("2024", "[Y]", "2024-01-01T00:00:00.000Z"),
    ],
)
def test_what_a_picture_leaves_open_is_taken_from_the_instant_of_the_stimulus(
    text: str, picture: str, wanted: str
) -> None:
    """ORC-04: a replay on another day gives the same."""
    assert value(f"$fromMillis($toMillis('{text}', '{picture}'))") == wanted


@pytest.mark.parametrize(
    "text", ["''", "'  '", '\'{"a":1}{"b":2}\'', "'[1,2] [3,4]'", '\'{"a":1,"a":2}\'', "'1e400'", "'NaN'"]
)
def test_json_that_aws_refuses_is_refused(text: str) -> None:
    assert value(f"$parse({text})") == "D3137: Invalid JSON"


@pytest.mark.parametrize(
    "text",
    ["$partition([], 2)", "$partition([1], 0)", "$range(5, 1, 1)", "$range(1, 5, 0)", "$range(1, 5)", "$hash('a')"],
)
def test_some_arguments_give_nothing(text: str) -> None:
    assert evaluate(text) == NOTHING


def test_eval_is_not_offered() -> None:
    assert value("$eval('1')") == "T1006: Attempted to invoke a non-function"


def test_evaluations_nest_a_hundred_deep() -> None:
    """Measured on AWS: a sum of 100 terms and a recursion of 31 run, one more does not."""
    recursion = "($f := function($n) { $n <= 0 ? 0 : 1 + $f($n - 1) }; $f(%d))"
    deep = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive."
    assert value("+".join(["1"] * 100)) == 100
    assert value("+".join(["1"] * 101)) == f"{deep} Depth=101 max={DEEPEST}"
    assert value(recursion % 31) == 31
    assert value(recursion % 32).startswith(deep)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("($f := function($x) { $f($x + 1) }; $f(1))", TOO_LONG),
        ('$match($pad("", 30, "a") & "b", /(a+)+c/)', TOO_LONG),
        ('$contains($pad("", 200000, "a"), /a*b/)', TOO_LONG),
        ("[1..900000] ~> $count()", TOO_LARGE),
        ('($f := function($s) { $f($s & $s) }; $f("ab"))', TOO_LARGE),
        ("$reduce([1..30], function($a, $b) { $append($a, $a) }, [1..10])", TOO_LARGE),
        ('$pad("", 1e9)', TOO_LARGE),
    ],
)
def test_what_does_not_end_is_stopped_by_counting(text: str, wanted: str) -> None:
    """The same end in every replay: no clock is asked."""
    assert value(text) == wanted


def test_tail_calls_do_not_nest() -> None:
    assert value("($t := function($n, $sum) { $n = 0 ? $sum : $t($n - 1, $sum + $n) }; $t(2000, 0))") == 2001000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a[1,2)", 'Expected "]", got ","'),
        ('"unterminated', "String literal must be terminated by a matching quote"),
        ("1 +", "Unexpected end of expression"),
        ('{"a":}', 'The symbol "}" cannot be used as a unary operator'),
        ("$x :=", "Unexpected end of expression"),
        ('$match("a", /abc', "No terminating / in regular expression"),
        ("phone %.other", 'The symbol "." cannot be used as a unary operator'),
        ("", "Unexpected end of expression"),
        ("(" * 5000 + ")" * 5000, "Expression is nested too deeply"),
        ("$match('a', /(/)", "No terminating / in regular expression"),
        ("$match('a', /[b-a]/)", "Invalid regular expression: Range out of order in character class"),
        ("$match('a', /a{2000}/)", "Invalid regular expression: quantifier too large"),
    ],
)
def test_syntax_errors_are_told_in_the_words_of_aws(text: str, message: str) -> None:
    """The first eight were recorded from ValidateStateMachineDefinition."""
    with pytest.raises(JsonataError) as refused:
        Compiled(text)
    assert refused.value.message == message


def test_the_library_does_not_change_the_interpreter() -> None:
    """jsonata-python sets the recursion limit when it is imported."""
    assert sys.getrecursionlimit() < 10_000


def test_values_of_variables_are_never_changed() -> None:
    given = {"a": {"b": 1, "c": [3, 1, 2]}}
    assert value('$v ~> |a|{"d": 1}, "b"|', {"v": given}) == {"a": {"c": [3, 1, 2], "d": 1}}
    assert value("$sort($v.a.c)", {"v": given}) == [1, 2, 3]
    assert given == {"a": {"b": 1, "c": [3, 1, 2]}}


def test_null_is_a_value_and_nothing_is_none() -> None:
    given = {"v": {"none": None}}
    assert evaluate("$v.none", given) == {"value": None}
    assert evaluate("$v.absent", given) == NOTHING
    assert value("[$type($v.none), $exists($v.none), $exists($v.absent)]", given) == ["null", True, False]


def test_infinite_numbers_become_texts_as_on_aws() -> None:
    assert value('[1/0, -1/0, 0/0, {"k": 1/0}]') == ["Infinity", "-Infinity", "NaN", {"k": "Infinity"}]
