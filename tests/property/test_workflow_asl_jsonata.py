"""JSONata and the static analysis on what nobody would write: they answer, and never anything but an answer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.asl.check import check, variable_references
from app.workflow.asl.jsonata.aws import chance
from app.workflow.asl.jsonata.regex import Pattern
from app.workflow.asl.jsonata.run import Run
from app.workflow.asl.jsonata.values import digits, text
from tests.support.workflow.expressions import evaluate, value

pytestmark = pytest.mark.fast

PIECES = [
    *"()[]{}.,;:?+-*/%|=<>^&!~@#$ '\"`\\",
    *("$x", "$states", "$sum", "$map", "function($v){", "and", "or", "in", "null", "true", "1", "2.5", "'a'", "a", "b"),
    *(":=", "..", "~>", "??", "?:", "**", "/a+/", "!=", "[0]", "[]", "{'k': 1}"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
NAMES = st.sampled_from(
    ["Type", "States", "StartAt", "Next", "End", "Choices", "Catch", "Retry", "Assign", "Output", "ItemProcessor",
     "Branches", "QueryLanguage", "ErrorEquals", "Variable", "And", "Not", "Parameters", "ResultPath", "Seconds", "A"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["Pass", "Task", "Map", "Choice", "Parallel", "Wait", "JSONata", "A", "$.a", "$x", "{% a %}", "{% $x", "States.X("]
)
DEFINITIONS = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_every_text_is_an_expression_or_refused(expression: str) -> None:
    assert evaluate(expression, {"x": [1, {"a": None}]}).keys() <= {"value", "undefined", "function", "error"}


@given(JSON)
def test_values_survive_being_read_and_written(given_value: Any) -> None:
    assert value("$v", {"v": given_value}) == given_value or given_value is None
    written = value("$string($v)", {"v": given_value})
    assert isinstance(written, str)
    if not isinstance(given_value, str):
        json.loads(written)
    assert value("$v = $w", {"v": given_value, "w": json.loads(json.dumps(given_value))}) is True


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_so_that_they_read_back(number: float) -> None:
    """To fifteen digits where they have a fraction, exactly where they are whole."""
    read = float(digits(number))
    assert read == (number if number.is_integer() else float(f"{number:.15g}"))


@given(st.integers(-(2**62), 2**62))
def test_seeded_chance_is_in_its_range_and_the_same_again(seed: int) -> None:
    run = Run(0, lambda _nth: 0.5)
    assert 0 <= chance(run, seed) < 1
    assert chance(run, seed) == chance(run, seed)


ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\w", r"\d", r"\."])
REGEXES = st.recursive(
    st.tuples(ATOMS, st.sampled_from(["", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?"])).map("".join),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")
        | inner.map(lambda part: f"({part})")
        | inner.map(lambda part: f"(?:c{part}){{1,2}}")
        | inner.map(lambda part: f"(?={part})")
        | inner.map(lambda part: f"(?!{part})")
    ),
    max_leaves=6,
)


@given(REGEXES, st.text("abc.1", max_size=9))
def test_regular_expressions_match_what_pythons_match(source: str, subject: str) -> None:
    """Where the two languages mean the same: no groups in loops, no anchors, ASCII."""
    spent: list[float] = []
    found = Pattern(source, ignore_case=False, multiline=False).search(subject, 0, spent.append)
    wanted = re.compile(source, re.ASCII).search(subject)
    assert (None if found is None else (found.start, found.end)) == (None if wanted is None else wanted.span())


@given(DEFINITIONS)
def test_every_document_is_checked_to_the_end(document: Any) -> None:
    """All faults have a code and a message, the same ones each time."""
    found = check(document)
    assert found == check(document)
    assert all(fault.code and fault.message and fault.severity in {"ERROR", "WARNING"} for fault in found)
    if isinstance(document, dict):
        assert all(variable_references(document).values()), "a state that reads none is left out"


@given(JSON)
def test_texts_of_json_are_json(given_value: Any) -> None:
    assert json.loads(text([given_value], pretty=True)) == json.loads(text([given_value]))
