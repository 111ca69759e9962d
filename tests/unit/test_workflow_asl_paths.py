"""JSONPath as the language uses it: what a path finds, what it says when it finds nothing, and where it puts."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.asl.paths import MISSING, ConflictError, Path
from app.workflow.asl.query import InvalidDefinitionError

pytestmark = pytest.mark.fast

DATA: dict[str, Any] = {
    "a": {"b": [1, {"c": 2}, [3, 4]], "n": None},
    "list": [{"k": "x", "v": 1}, {"k": "y", "v": 2}],
    "with-dash": 5,
    "with space": 6,
    "quo'te": 7,
    "ñandú": 8,
}


def path(text: str) -> Path:
    return Path(text, text[1:])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$", DATA),
        ("$.a.b[0]", 1),
        ("$.a.b[1].c", 2),
        ("$.a.b[-1]", [3, 4]),
        ("$['a']['b'][2][1]", 4),
        ('$["a"].n', None),
        ("$.with-dash", 5),
        ("$['with space']", 6),
        ("$['quo\\'te']", 7),
        ("$.ñandú", 8),
        ("$.list[*].v", [1, 2]),
        ("$.list[?(@.k == 'y')].v", [2]),
        ("$.list[?(@.v > 5)]", []),
        ("$.list[0:1]", [DATA["list"][0]]),
        ("$.a.b[0,1]", [1, {"c": 2}]),
        ("$..c", [2]),
        ("$.list.length()", 2),
        ("$.nope", MISSING),
        ("$.a.n.x", MISSING),
        ("$.a.b.c", MISSING),
        ("$.a.b[7]", MISSING),
        ("$.nope[*]", MISSING),
        ("$.with-dash.length()", MISSING),
    ],
)
def test_a_path_finds(text: str, found: Any) -> None:
    """ASL-03: many values come as a list, one as itself."""
    assert path(text).find(DATA) == found


@pytest.mark.parametrize(
    "text", ["$.", "$.a[", "$.a[?(", "$a b", "$.a..", "$.a[?(@.b =~ /(x+)+$/)]", "$.a[?match(@.b, 'x')]"]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="Invalid path"):
        path(text)


@pytest.mark.parametrize(
    ("text", "reference"), [("$", True), ("$.a[0]['b']", True), ("$.a[*]", False), ("$..a", False), ("$.a[0:1]", False)]
)
def test_only_a_path_to_one_place_is_a_reference(text: str, *, reference: bool) -> None:
    assert path(text).is_reference is reference


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$.nope", "No results for path: $['nope']"),
        ("$.nope.x", "Missing property in path $['nope']"),
        ("$.a.n.x", "Missing property in path $['a']['n']['x']"),
        ("$.a.b[9]", "No results for path: $['a']['b'][9]"),
    ],
)
def test_a_path_says_where_it_gets_lost(text: str, said: str) -> None:
    assert path(text).find(DATA) is MISSING
    assert path(text).lost(DATA) == said


@pytest.mark.parametrize(
    ("text", "overruns"), [("$.a.b[9]", True), ("$.a.x[9]", False), ("$.nope", False), ("$.a[0]", False)]
)
def test_an_index_beyond_the_end_is_told_from_other_ways_to_get_lost(text: str, *, overruns: bool) -> None:
    assert path(text).overruns(DATA) is overruns


@pytest.mark.parametrize(
    ("text", "data", "made"),
    [
        ("$", {"a": 1}, "new"),
        ("$.b", {"a": 1}, {"a": 1, "b": "new"}),
        ("$.a", {"a": 1}, {"a": "new"}),
        ("$.b.c", {"a": 1}, {"a": 1, "b": {"c": "new"}}),
        ("$.a[1].x", {"a": [0, {"y": 1}]}, {"a": [0, {"y": 1, "x": "new"}]}),
    ],
)
def test_a_value_is_put_where_a_path_says_and_nothing_is_changed_in_place(text: str, data: Any, made: Any) -> None:
    before = repr(data)
    assert path(text).put(data, "new") == made
    assert repr(data) == before


@pytest.mark.parametrize(
    ("text", "data", "step"),
    [("$.a", [1], "a"), ("$.a.b", {"a": 5}, "b"), ("$.a[3]", {"a": [1]}, 3), ("$[0]", {}, 0), ("$.a", None, "a")],
)
def test_a_step_that_does_not_fit_is_a_conflict(text: str, data: Any, step: str | int) -> None:
    with pytest.raises(ConflictError) as caught:
        path(text).put(data, 1)
    assert caught.value.step == step
