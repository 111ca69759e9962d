"""Definitions as text: JSON and YAML give the same data, and what is given twice is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.workflow.asl.document import LARGEST, Document, UnreadableDocumentError, read_json, read_yaml

pytestmark = pytest.mark.fast


def test_json_and_yaml_give_the_same() -> None:
    """ASL-01: YAML is read as JSON would be: ``yes``, dates and ``0x10`` are texts."""
    data = {
        "StartAt": "A",
        "States": {"A": {"n": 1, "f": 1.5, "e": 1e3, "t": True, "z": None, "y": "yes", "d": "2024-01-01", "h": "0x10"}},
        "List": [1, "two", [], {}],
    }
    json = """{"StartAt": "A", "States": {"A": {"n": 1, "f": 1.5, "e": 1e3, "t": true, "z": null, "y": "yes",
    "d": "2024-01-01", "h": "0x10"}}, "List": [1, "two", [], {}]}"""
    yaml = """
StartAt: A
States:
  A: &a
    n: 1
    f: 1.5
    e: 1e3
    t: true
    z:
    y: yes
    d: 2024-01-01
    h: 0x10
List: [1, two, [], {}]
"""
    assert read_json(json) == Document(data, ())
    assert read_yaml(yaml) == Document(data, ())


def test_fields_that_are_given_twice_are_told_by_their_place() -> None:
    """ASL-01: the last one counts, as for AWS; the checks refuse the definition."""
    assert read_json('{"a": 1, "b/c": {"d": 1, "d": 2, "d": 3}, "a": [{"~": 1, "~": 2}]}') == Document(
        {"a": [{"~": 2}], "b/c": {"d": 3}}, ("/b~1c/d", "/b~1c/d", "/a", "/a/0/~0")
    )
    assert read_yaml("a: 1\nb: {c: 1, c: 2}\na: 2").duplicates == ("/b/c", "/a")


def test_aliases_are_followed() -> None:
    assert read_yaml("a: &x {b: 1}\nc: *x").data == {"a": {"b": 1}, "c": {"b": 1}}


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_json, ""),
        (read_json, "{"),
        (read_json, '{"a": NaN}'),
        (read_json, "[" * 100_000),
        (read_json, '{"a":' * 300 + "1" + "}" * 300),
        (read_json, " " * (LARGEST + 1)),
        (read_json, '{"a": 1e999}'),
        (read_json, '{"a": 9223372036854775808}'),
        (read_yaml, "a: 9223372036854775808"),
        (read_yaml, "a: [1"),
        (read_yaml, "a: !!python/object:os.system {}"),
        (read_yaml, "a: !own 5"),
        (read_yaml, "? [1]\n: 2"),
        (read_yaml, "a: 1e999"),
        (read_yaml, "a: &a [*a]"),
        (read_yaml, BOMB),
        (read_yaml, "[" * 5_000),
        (read_yaml, "a: *nope"),
        (read_yaml, "a\x00b"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else value.__name__,
)
def test_what_is_hostile_or_none_is_refused(read: Callable[[str], Document], text: str) -> None:
    """ASL-01: in bounded time and memory."""
    with pytest.raises(UnreadableDocumentError):
        read(text)
