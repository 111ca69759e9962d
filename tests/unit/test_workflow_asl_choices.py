"""Every operator of a Choice, over every type of value."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.asl.choices import ASSERTIONS, COMPARISONS, matches, read_timestamp
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.query import InvalidDefinitionError
from tests.support.workflow.asl import Asl, one

pytestmark = pytest.mark.fast

DATA: dict[str, Any] = {
    "s": "b",
    "n": 2,
    "t": "2024-02-29T12:00:00Z",
    "later": "2024-02-29T14:00:00.5+01:00",
    "b": True,
    "z": None,
    "l": [{"by": "me"}],
    "astral": "\U0001f600",
    "high": "\uffff",
}
SAID = "An error occurred while executing the state 'S' (entered at the event id #2). "
YES: dict[str, Any] = {"Type": "Pass", "Result": True, "End": True}
NO: dict[str, Any] = {"Type": "Pass", "Result": False, "End": True}


def choose(rule: dict[str, Any], data: Any = None) -> Asl:
    state = {"Type": "Choice", "Choices": [{**rule, "Next": "Y"}], "Default": "N"}
    return one(state, DATA if data is None else data, Y=YES, N=NO)


@pytest.mark.parametrize(
    ("variable", "operator", "value", "holds"),
    [
        ("$.s", "StringEquals", "b", True),
        ("$.s", "StringEquals", "B", False),
        ("$.n", "StringEquals", "2", False),
        ("$.s", "StringLessThan", "c", True),
        ("$.s", "StringLessThan", "b", False),
        ("$.s", "StringGreaterThan", "a", True),
        ("$.s", "StringLessThanEquals", "b", True),
        ("$.s", "StringGreaterThanEquals", "c", False),
        ("$.astral", "StringLessThan", "\uffff", True),
        ("$.n", "NumericEquals", 2.0, True),
        ("$.b", "NumericEquals", 1, False),
        ("$.s", "NumericEquals", 2, False),
        ("$.n", "NumericLessThan", 3, True),
        ("$.n", "NumericGreaterThan", 2, False),
        ("$.n", "NumericLessThanEquals", 2, True),
        ("$.n", "NumericGreaterThanEquals", 2.5, False),
        ("$.t", "TimestampEquals", "2024-02-29T13:00:00+01:00", True),
        ("$.t", "TimestampLessThan", "2024-02-29T12:00:00.001Z", True),
        ("$.t", "TimestampGreaterThan", "2024-02-29T11:59:59Z", True),
        ("$.t", "TimestampLessThanEquals", "2024-02-29T12:00:00Z", True),
        ("$.t", "TimestampGreaterThanEquals", "2024-03-01T00:00:00Z", False),
        ("$.s", "TimestampEquals", "2024-02-29T12:00:00Z", False),
        ("$.b", "BooleanEquals", True, True),
        ("$.b", "BooleanEquals", False, False),
        ("$.n", "BooleanEquals", True, False),
        ("$.s", "StringEqualsPath", "$.s", True),
        ("$.n", "NumericLessThanPath", "$.n", False),
        ("$.t", "TimestampLessThanPath", "$.later", True),
        ("$.b", "BooleanEqualsPath", "$.b", True),
        ("$.s", "StringMatches", "?", False),
        ("$.t", "StringMatches", "2024-*T*Z", True),
        ("$.z", "IsNull", True, True),
        ("$.s", "IsNull", False, True),
        ("$.nope", "IsPresent", False, True),
        ("$.z", "IsPresent", True, True),
        ("$.n", "IsNumeric", True, True),
        ("$.b", "IsNumeric", True, False),
        ("$.s", "IsString", True, True),
        ("$.b", "IsBoolean", True, True),
        ("$.t", "IsTimestamp", True, True),
        ("$.s", "IsTimestamp", True, False),
        ("$.l[0].by", "StringEquals", "me", True),
        ("$$.State.Name", "StringEquals", "S", True),
    ],
)
def test_an_operator_holds_or_not(variable: str, operator: str, value: Any, *, holds: bool) -> None:
    """ASL-02: each operator, and the false that values of another type give."""
    assert choose({"Variable": variable, operator: value}).output() is holds


def test_the_table_has_every_operator_of_the_language() -> None:
    """Five orders for each of three types, BooleanEquals, StringMatches, and six assertions."""
    assert len(COMPARISONS) == 17
    assert len(ASSERTIONS) == 6


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"And": [{"Variable": "$.n", "NumericEquals": 2}, {"Variable": "$.s", "StringEquals": "b"}]}, True),
        ({"And": [{"Variable": "$.n", "NumericEquals": 2}, {"Variable": "$.s", "StringEquals": "c"}]}, False),
        ({"Or": [{"Variable": "$.n", "NumericEquals": 3}, {"Variable": "$.s", "StringEquals": "b"}]}, True),
        ({"Not": {"Or": [{"Variable": "$.n", "NumericEquals": 3}]}}, True),
        ({"And": [{"Variable": "$.x", "IsPresent": True}, {"Variable": "$.x", "NumericEquals": 3}]}, False),
    ],
)
def test_rules_are_combined_and_the_rest_is_not_looked_at(rule: dict[str, Any], *, holds: bool) -> None:
    assert choose(rule).output() is holds


@pytest.mark.parametrize("rule", [{"Variable": "$.l[5].by"}, {"Variable": "$.nope"}, {"Variable": "$.s.x"}])
def test_a_variable_that_is_not_there_fails_the_execution(rule: dict[str, Any]) -> None:
    """ASL-04: an index out of range is an error, not a crash."""
    said = f"Invalid path '{rule['Variable']}': The choice state's condition path references an invalid value."
    assert choose({**rule, "StringEquals": "x"}).failure() == ("States.Runtime", SAID + said)


def test_without_a_rule_that_holds_and_without_default_the_execution_fails() -> None:
    """ASL-04: AWS reports States.NoChoiceMatched as States.Runtime."""
    state = {"Type": "Choice", "Choices": [{"Variable": "$.x", "StringEquals": "never", "Next": "Y"}]}
    run = one(state, {"x": "a"}, Y=YES)
    assert run.types() == ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]
    said = "Failed to transition out of the state. The state does not point to a next state."
    assert run.failure() == ("States.Runtime", SAID + said)


def test_the_variables_of_the_rule_that_holds_take_the_place_of_the_states() -> None:
    rules = [{"Variable": "$.n", "NumericEquals": 1, "Next": "Y", "Assign": {"v": "rule"}}]
    state = {"Type": "Choice", "Choices": rules, "Default": "Y", "Assign": {"v": "state"}}
    shown = {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": True}
    assert one(state, {"n": 1}, Y=shown).output() == {"v": "rule"}
    assert one(state, {"n": 2}, Y=shown).output() == {"v": "state"}


@pytest.mark.parametrize(
    ("text", "pattern", "holds"),
    [
        ("foo23.log", "foo*.log", True),
        ("zebra.log", "*.log", True),
        ("foobar.zebra", "foo*.*", True),
        ("log", "log", True),
        ("log", "logs", False),
        ("a*b", "a\\*b", True),
        ("axb", "a\\*b", False),
        ("a\\b", "a\\\\b", True),
        ("aba", "ab*ba", False),
        ("abba", "ab*ba", True),
        ("", "*", True),
        ("x\ny", "x*y", True),
        (5, "*", False),
    ],
)
def test_a_pattern_fits(text: Any, pattern: str, *, holds: bool) -> None:
    assert matches(text, pattern) is holds


def test_a_hostile_pattern_is_decided_in_bounded_time() -> None:
    """A backtracking matcher would need more steps than there are atoms."""
    assert matches("a" * 100_000, "*a" * 5_000 + "b") is False


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("2024-02-30T00:00:00Z", None),
        ("2024-02-29T00:00:00", None),
        ("2024-02-29", None),
        ("0001-01-01T00:00:00+99:99", None),
        (5, None),
    ],
)
def test_a_timestamp_needs_an_offset(text: Any, nanoseconds: int | None) -> None:
    assert read_timestamp(text) == nanoseconds


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$.a"},
        {"StringEquals": "a"},
        {"Variable": "$.a", "StringEquals": "a", "NumericEquals": 1},
        {"Variable": "$.a[", "StringEquals": "a"},
        {"Variable": "a", "StringEquals": "a"},
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(rule: dict[str, Any]) -> None:
    state = {"Type": "Choice", "Choices": [{**rule, "Next": "Y"}]}
    with pytest.raises(InvalidDefinitionError):
        compile_machine({"StartAt": "S", "States": {"S": state, "Y": YES}}, "m")


def test_rules_nested_without_end_are_refused() -> None:
    rule: dict[str, Any] = {"Variable": "$.a", "IsNull": True}
    for _ in range(200):
        rule = {"Not": rule}
    state = {"Type": "Choice", "Choices": [{**rule, "Next": "Y"}]}
    with pytest.raises(InvalidDefinitionError, match="nested"):
        compile_machine({"StartAt": "S", "States": {"S": state, "Y": YES}}, "m")
