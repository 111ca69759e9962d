"""Random machines and data: replayed is live, the history counts, and nothing raises but what the language names."""

from __future__ import annotations

import fnmatch
from functools import partial
from typing import Any

import jsonpath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.asl.choices import matches
from app.workflow.asl.intrinsics import FUNCTIONS
from app.workflow.asl.paths import MISSING, ConflictError, Path
from tests.support.workflow.asl import ACTIVITY, LAMBDA, Asl, drive, one

pytestmark = pytest.mark.fast

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
REFERENCES = st.lists(st.sampled_from("abc") | st.integers(0, 2), max_size=3).map(
    lambda steps: "$" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in steps)
)
VALUES = REFERENCES | st.sampled_from(["$v", "$v.a", "$$.State.Name", "$$.Map.Item.Index", "States.UUID()", "$.l[*]"])
PAYLOADS = st.dictionaries(st.sampled_from(["a.$", "b.$"]), VALUES, min_size=1)
RETRY = [{"ErrorEquals": ["Odd"], "MaxAttempts": 1, "JitterStrategy": "FULL"}]


@st.composite
def flows(draw: st.DrawFn, depth: int = 0, names: Any = None) -> dict[str, Any]:
    """Draw a line of up to four states, with lines inside them."""
    fresh = iter(f"s{number}" for number in range(10_000)) if names is None else names
    own = [next(fresh) for _ in range(draw(st.integers(1, 4 if depth == 0 else 2)))]
    states = {name: draw(_state(own[place + 1 :], depth, fresh)) for place, name in enumerate(own)}
    return {"StartAt": own[0], "States": states}


@st.composite
def _state(draw: st.DrawFn, later: list[str], depth: int, names: Any) -> dict[str, Any]:
    way: dict[str, Any] = {"Next": later[0]} if later else {"End": True}
    kinds = ["Pass", "Task", "Wait"] + (["Choice"] if later else ["Succeed", "Fail"])
    kind = draw(st.sampled_from(kinds + (["Parallel", "Map"] if depth < 2 else [])))
    flow = {"InputPath": draw(st.sampled_from(["$", "$.a"]))} if draw(st.integers(0, 9)) == 0 else {}
    results = {"ResultPath": draw(st.sampled_from(["$.a", "$.b.c", "$", None]))}
    if kind == "Pass":
        return {"Type": kind, **flow, **results, "Parameters": draw(PAYLOADS), "Assign": draw(_variables()), **way}
    if kind == "Task":
        resource = draw(st.sampled_from([LAMBDA, ACTIVITY]))
        caught = [{"ErrorEquals": ["States.ALL"], "Next": later[-1], "ResultPath": "$.e"}] if later else []
        return {
            "Type": kind,
            "Resource": resource,
            "TimeoutSeconds": 9,
            **results,
            "Retry": RETRY,
            "Catch": caught,
            **way,
        }
    if kind == "Wait":
        return {"Type": kind, "Seconds": draw(st.integers(0, 3)), **way}
    if kind == "Choice":
        rule = {"Variable": draw(REFERENCES), "IsPresent": draw(st.booleans()), "Next": later[-1]}
        return {"Type": kind, "Choices": [rule], "Default": later[0]}
    if kind == "Parallel":
        branches = [draw(flows(depth + 1, names)) for _ in range(draw(st.integers(1, 2)))]
        return {"Type": kind, "Branches": branches, **results, "Retry": RETRY, **way}
    if kind == "Map":
        selector = {"ItemSelector": draw(PAYLOADS)} if draw(st.booleans()) else {}
        at_once = draw(st.integers(0, 2))
        return {
            "Type": kind,
            "ItemsPath": "$.l",
            "MaxConcurrency": at_once,
            "ItemProcessor": draw(flows(depth + 1, names)),
            **selector,
            **results,
            **way,
        }
    return {"Type": kind} if kind == "Succeed" else {"Type": kind, "Error": "Odd", "Cause": "of its own"}


def _variables() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{"v": {"a": 1}}, {"v.$": "$"}, {}])


def _answer(run: Asl, state: str, number: int) -> None:
    if number % 7 == 0:
        run.failed(state, "Odd")
    else:
        run.done(state, {"l": [number]})


@given(flows(), st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_any_machine_replays_as_it_ran_and_its_history_counts(document: dict[str, Any], answers: list[int]) -> None:
    """ORC-04, ASL-06: ``Driven`` replays every step; the history's ids are the lines counted while it ran."""
    try:
        run = Asl(document)
    except ValueError as error:
        assert "nothing leads to" in str(error)  # noqa: PT017 - a Choice may jump over what nothing else leads to
        return
    drive(run, {"l": [1, {"a": 2}], "a": {"b": 3}}, answers, partial(_answer, run))
    told = run.history()
    assert all(entry["previousEventId"] < entry["id"] for entry in told)
    assert not run.frame.cause.startswith(tuple(run.definition.states)), run.frame.cause


@given(REFERENCES, JSON, JSON)
def test_what_is_put_at_a_reference_is_found_there(text: str, data: Any, value: Any) -> None:
    path = Path(text, text[1:])
    before = repr(data)
    try:
        made = path.put(data, value)
    except ConflictError:
        assert path.steps
    else:
        found = path.find(made)
        assert found is value
    assert repr(data) == before


@given(REFERENCES, JSON)
def test_a_path_finds_what_the_library_finds(text: str, data: Any) -> None:
    """The plain steps followed here give what python-jsonpath gives for them."""
    found = Path(text, text[1:]).find(data)
    assert ([] if found is MISSING else [found]) == jsonpath.findall(text, data)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_patterns_fit_as_those_of_a_shell_do(pattern: str, text: str) -> None:
    assert matches(text, pattern) is fnmatch.fnmatchcase(text, pattern)


@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(JSON, max_size=4))
def test_an_intrinsic_function_gives_a_value_or_fails_as_the_language_says(name: str, given_values: list[Any]) -> None:
    """Whatever it is given: the execution fails with the function named, never with a crash."""
    _, least, most = FUNCTIONS[name]
    values = (given_values + [None] * least)[:most]
    text = f"{name}({', '.join(f'$.v[{place}]' for place in range(len(values)))})"
    run = one({"Type": "Pass", "Parameters": {"r.$": text}}, {"v": values})
    if run.status() == "failed":
        assert f"The function '{text}' had the following error: " in run.failure()[1]
    else:
        assert set(run.output()) == {"r"}
