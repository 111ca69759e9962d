"""JSONPath as Amazon States Language uses it: reading, and for reference paths writing.

Plain steps (names and indexes) are followed here, because nearly all paths have no others; the rest of a path, from its
first filter, wildcard, slice or descent on, is python-jsonpath's.
"""

from __future__ import annotations

import re
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

    __slots__ = ("length", "rest", "steps", "text")

    def __init__(self, text: str, below: str) -> None:
        """Take the whole text for messages and the part below the root. Raises InvalidDefinitionError."""
        self.text = text
        self.length = below.endswith(_LENGTH)
        below = below.removesuffix(_LENGTH)
        steps, place = _plain(below)
        self.steps = tuple(steps)
        self.rest: jsonpath.JSONPath | jsonpath.CompoundJSONPath | None = None
        if place < len(below):
            if "=~" in below:
                raise InvalidDefinitionError(f"Invalid path '{text}': regular expressions are not allowed in paths")
            try:
                self.rest = _LIBRARY.compile("$" + below[place:])
            except (jsonpath.JSONPathError, RecursionError, ValueError) as error:
                raise InvalidDefinitionError(f"Invalid path '{text}'") from error

    @property
    def is_reference(self) -> bool:
        """Tell whether the path leads to one place only, so that something can be put there."""
        return self.rest is None and not self.length

    def find(self, data: Any) -> Any:
        """Give the value, the list of all values for a path that may lead to many, or MISSING."""
        for step in self.steps:
            if isinstance(step, str):
                if not isinstance(data, dict) or step not in data:
                    return MISSING
            elif not isinstance(data, list) or not -len(data) <= step < len(data):
                return MISSING
            data = data[step]
        if self.rest is not None:
            data = self.rest.findall(data)
        if self.length:
            return len(data) if isinstance(data, (list, dict)) else MISSING
        return data

    def overruns(self, data: Any) -> bool:
        """Tell whether a path leads nowhere only because its last index is beyond the end of a list."""
        if self.rest is not None or not self.steps or not isinstance(self.steps[-1], int):
            return False
        for step in self.steps[:-1]:
            fits = isinstance(data, dict if isinstance(step, str) else list)
            if not fits:
                return False
            try:
                data = data[step]
            except (KeyError, IndexError):
                return False
        return isinstance(data, list)

    def lost(self, data: Any) -> str:
        """Say in the words AWS uses where a path that gives MISSING leads nowhere."""
        for place, step in enumerate(self.steps):
            fits = isinstance(data, dict if isinstance(step, str) else list)
            if (fits and type(step) is int and -len(data) <= step < len(data)) or (fits and step in data):
                data = data[step]
            elif fits and (place == len(self.steps) - 1 or isinstance(step, int)):
                break
            else:
                return f"Missing property in path {_bracketed(self.steps[: place + 1])}"
        return f"No results for path: {_bracketed(self.steps)}"

    def put(self, data: Any, value: Any) -> Any:
        """Give a copy of ``data`` with ``value`` at this place; objects on the way are made where they lack.

        Raises ConflictError where a step does not fit what is there.
        """
        return _put(data, self.steps, 0, value)


def _put(data: Any, steps: tuple[Step, ...], place: int, value: Any) -> Any:
    if place == len(steps):
        return value
    step = steps[place]
    if isinstance(step, str):
        if not isinstance(data, dict):
            raise ConflictError(step)
        below = data.get(step, MISSING)
        if below is MISSING:
            below = {}
        return {**data, step: _put(below, steps, place + 1, value)}
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
