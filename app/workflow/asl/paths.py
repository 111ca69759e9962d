"""JSONPath as Amazon States Language uses it: reading, and for reference paths writing.

Plain steps (names and indexes) are followed here, because nearly all paths have no others; the rest of a path, from its
first filter, wildcard, slice or descent on, is python-jsonpath's.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import Any, Final, TypeAlias

import jsonpath

from .query import InvalidDefinitionError


class Missing:
    """The type of what a path gives that leads nowhere."""


MISSING: Final = Missing()
Step: TypeAlias = str | int
_STEP: Final = re.compile(
    r"""\.(?P<name>[^\W\d][\w-]*|[\w-]+)(?!\() | \[\s*(?P<index>-?\d+)\s*\] |
    \[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\] | \[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)")
_LENGTH: Final = ".length()"


def _library() -> jsonpath.JSONPathEnvironment:
    """Give the library without regular expressions: they take time without bounds."""
    library = jsonpath.JSONPathEnvironment()
    for name in ("match", "search"):
        del library.function_extensions[name]
    return library


_LIBRARY: Final = _library()


class ConflictError(Exception):
    """A value cannot be put where a reference path says; ``step`` is the one that cannot be taken."""

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.step = step


class Path:
    """A compiled path below a root: ``find`` follows it from any value."""

    __slots__ = ("_below", "is_reference", "length", "rest", "steps", "text")
    is_reference: bool
    """Whether the path leads to one place only, so that something can be put there."""

    def __init__(self, text: str, below: str) -> None:
        """Take the whole text for messages and the part below the root. Raises InvalidDefinitionError."""
        self.text = text
        self.length = below.endswith(_LENGTH)
        below = below.removesuffix(_LENGTH)
        steps, place = _plain(below)
        self.steps = tuple(steps)
        taken: list[tuple[type[Any], Any]] = [(dict if isinstance(step, str) else list, step) for step in steps]
        self._below = tuple(taken)
        self.rest: jsonpath.JSONPath | jsonpath.CompoundJSONPath | None = None
        self.is_reference = place == len(below) and not self.length
        if place < len(below):
            if "=~" in below:
                raise InvalidDefinitionError(f"Invalid path '{text}': regular expressions are not allowed in paths")
            try:
                self.rest = _LIBRARY.compile("$" + below[place:])
            except (jsonpath.JSONPathError, RecursionError, ValueError) as error:
                raise InvalidDefinitionError(f"Invalid path '{text}'") from error

    @property
    def is_root(self) -> bool:
        """Tell whether the path leads to where it begins."""
        return self.is_reference and not self.steps

    def find(self, data: Any) -> Any:
        """Give the value, the list of all values for a path that may lead to many, or MISSING."""
        try:
            for kind, step in self._below:
                if not isinstance(data, kind):
                    return MISSING
                data = data[step]
        except LookupError:
            return MISSING
        return data if self.is_reference else self._beyond(data)

    def _beyond(self, data: Any) -> Any:
        """Follow what comes after the plain steps."""
        if self.rest is not None:
            data = self.rest.findall(data)
        if self.length:
            return len(data) if isinstance(data, (list, dict)) else MISSING
        return data

    def overruns(self, data: Any) -> bool:
        """Tell whether a path leads nowhere only because its last index is beyond the end of a list."""
        if self.rest is not None or not self.steps or not isinstance(self.steps[-1], int):
            return False
        return isinstance(reduce(_stepped, self.steps[:-1], data), list)

    def lost(self, data: Any) -> str:
        """Say in the words AWS uses where a path that gives MISSING leads nowhere."""
        for place, (kind, step) in enumerate(self._below, 1):
            below = _stepped(data, step)
            if below is not MISSING:
                data = below
            elif isinstance(data, kind) and (kind is list or place == len(self.steps)):
                break
            else:
                return f"Missing property in path {_bracketed(self.steps[:place])}"
        return f"No results for path: {_bracketed(self.steps)}"

    def put(self, data: Any, value: Any) -> Any:
        """Give a copy of ``data`` with ``value`` at this place; objects on the way are made where they lack.

        Raises ConflictError where a step does not fit what is there.
        """
        return _put(data, self.steps, 0, value)


def _stepped(data: Any, step: Any) -> Any:
    """Take one plain step; give MISSING when it cannot be taken."""
    if not isinstance(data, dict if isinstance(step, str) else list):
        return MISSING
    try:
        return data[step]
    except LookupError:
        return MISSING


def _put(data: Any, steps: tuple[Step, ...], place: int, value: Any) -> Any:
    if place == len(steps):
        return value
    step = steps[place]
    if isinstance(step, str):
        if not isinstance(data, dict):
            raise ConflictError(step)
        return {**data, step: _put(data.get(step, {}), steps, place + 1, value)}
    if not isinstance(data, list) or not 0 <= step < len(data):
        raise ConflictError(step)
    return [*data[:step], _put(data[step], steps, place + 1, value), *data[step + 1 :]]


def _plain(below: str) -> tuple[list[Step], int]:
    """Read the plain steps at the beginning; give them and where they end."""
    steps: list[Step] = []
    place = 0
    while place < len(below):
        found = _STEP.match(below, place)
        if found is None:
            break
        index, name = found["index"], found["name"]
        if index is not None:
            steps.append(int(index))
        elif name is not None:
            steps.append(name)
        else:
            quoted = found["single"] if found["single"] is not None else found["double"]
            steps.append(_ESCAPE.sub(r"\1", quoted))
        place = found.end()
    return steps, place


def _bracketed(steps: tuple[Step, ...]) -> str:
    return "$" + "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in steps)
