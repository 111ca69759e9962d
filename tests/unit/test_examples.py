"""Examples of bodies, put together from those of their fields."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.api.examples import example_of

pytestmark = pytest.mark.fast

SCHEMAS: Final[dict[str, Any]] = {
    "Line": {"type": "object", "properties": {"quantity": {"type": "string", "examples": ["2"]}}},
    "Place": {"type": "object", "properties": {"town": {"type": "string"}}},
    "State": {"enum": ["draft", "done"]},
}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "examples": ["a", "b"]}, "a"),
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "date"}, "2026-11-21"),
        ({"type": "integer"}, 1),
        ({"type": ["string", "integer"]}, "text"),
        ({"type": "boolean"}, True),
        ({"const": 3}, 3),
        ({"enum": ["x", "y"]}, "x"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"type": "array"}, []),
        ({"type": "array", "items": ref("Line")}, [{"quantity": "2"}]),
        (ref("State"), "draft"),
    ],
)
def test_a_value_follows_from_its_schema(schema: dict[str, Any], example: object) -> None:
    assert example_of(schema, SCHEMAS) == example


def test_an_object_shows_what_it_needs_and_what_has_an_example() -> None:
    """What nobody can guess is left out, unless it must be there."""
    schema = {
        "type": "object",
        "required": ["needed"],
        "properties": {
            "needed": {"type": "string"},
            "shown": {"type": "string", "examples": ["seen"]},
            "day": {"type": "string", "format": "date"},
            "guess": {"type": "string"},
            "lines": {"type": "array", "items": ref("Line")},
            "maybe": {"anyOf": [ref("Line"), {"type": "null"}]},
            "place": ref("Place"),
            "state": ref("State"),
        },
    }
    assert example_of(schema, SCHEMAS) == {
        "needed": "text",
        "shown": "seen",
        "day": "2026-11-21",
        "lines": [{"quantity": "2"}],
        "maybe": {"quantity": "2"},
    }
