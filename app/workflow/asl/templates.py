"""References (``$.a``, ``$$.State.Name``, ``$variable.a``, intrinsics) and payload templates, in the language JSONPath.

A reference is read from a scope, which holds what ``$`` means at this place. All closures are made once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..kernel.errors import RUNTIME, StepError
from ..kernel.graph import Visit
from .context import Context, failed, variables
from .intrinsics import IntrinsicError, compile_call
from .paths import MISSING, Path
from .query import InvalidDefinitionError, Item

_VARIABLE: Final = re.compile(r"\$([^\W\d]\w*)")
DEEPEST: Final = 200
"""How deep a payload template may be."""


class Scope:
    """What references mean at one place: the visit, the value that ``$`` stands for, and the item of a Map."""

    __slots__ = ("context", "data", "item", "uses", "visit")

    def __init__(self, visit: Visit, data: Any, context: Context, item: Item | None = None) -> None:
        self.visit = visit
        self.data = data
        self.context = context
        self.item = item
        self.uses = 0

    def draw(self, purpose: str) -> float:
        """Draw chance in [0, 1), another number at each draw of a scope, the same ones in a replay."""
        self.uses += 1
        return self.visit.chance(f"asl.{purpose}", self.uses + 1000 * (0 if self.item is None else self.item.index + 1))


Reference = Callable[[Scope], Any]
"""Reads a value; MISSING when the path leads nowhere."""
Template = Callable[[Scope], Any]


def text_of(value: Any) -> str:
    """Write a value as AWS does in its messages: JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def compile_path(text: Any) -> tuple[Reference, Path]:
    """Read a path below the input, the context object or a variable. Raises InvalidDefinitionError."""
    if not isinstance(text, str) or not text.startswith("$"):
        raise InvalidDefinitionError(f"Invalid path '{text}'")
    if text.startswith("$$"):
        path = Path(text, text[2:])
        return lambda scope: path.find(scope.context.whole(scope.visit, scope.item)), path
    named = _VARIABLE.match(text)
    if named is not None:
        return _compile_variable(named[1], Path(text, text[named.end() :]))
    path = Path(text, text[1:])
    if path.is_root:
        return lambda scope: scope.data, path
    return lambda scope: path.find(scope.data), path


def _compile_variable(name: str, path: Path) -> tuple[Reference, Path]:
    def find(scope: Scope) -> Any:
        value = variables(scope.visit).get(name, MISSING)
        return value if value is MISSING else path.find(value)

    return find, path


def compile_payload(raw: Any, depth: int = 0) -> Template | None:
    """Read a payload template: fields whose names end in ``.$`` are replaced. None when nothing in it is."""
    if depth > DEEPEST:
        raise InvalidDefinitionError(f"A payload template is nested more than {DEEPEST} deep")
    if isinstance(raw, Mapping):
        return _object(raw, depth)
    return _list(raw, depth) if isinstance(raw, list) else None


def _list(raw: list[Any], depth: int) -> Template | None:
    parts = [(compile_payload(part, depth + 1), part) for part in raw]
    if all(made is None for made, _ in parts):
        return None
    return lambda scope: [plain if made is None else made(scope) for made, plain in parts]


def _object(raw: Mapping[str, Any], depth: int) -> Template | None:
    parts = [_part(name, value, depth) for name, value in raw.items()]
    made_once: set[str] = set()
    for name, _, _ in parts:
        if name in made_once:
            raise InvalidDefinitionError(f"The field '{name}' is given twice", name)
        made_once.add(name)
    if all(made is None for _, made, _ in parts):
        return None
    return _filled(parts)


def _part(name: str, value: Any, depth: int) -> tuple[str, Template | None, Any]:
    """Read a field of a template: its name in what is made, what makes it, else its plain value."""
    if name.endswith(".$"):
        return name[:-2], compile_field(name, value), None
    return name, compile_payload(value, depth + 1), value


def _filled(parts: list[tuple[str, Template | None, Any]]) -> Template:
    return lambda scope: {name: plain if made is None else made(scope) for name, made, plain in parts}


def compile_field(field: str, text: Any) -> Template:
    """Read what stands in a field whose name ends in ``.$``: a path or an intrinsic function."""
    if isinstance(text, str) and text.startswith("States."):
        return compile_intrinsic(text, field)
    find, path = compile_path(text)

    def read(scope: Scope) -> Any:
        value = find(scope)
        if value is not MISSING:
            return value
        if text.startswith(("$.", "$[")):
            # Written directly in a template, an index beyond the end gives null on AWS.
            if path.overruns(scope.data):
                return None
            if scope.data is None:
                raise failed(scope.visit, RUNTIME, "Unable to apply Path transformation to null or empty input.")
        raise failed(
            scope.visit,
            RUNTIME,
            f"The JSONPath '{text}' specified for the field '{field}' could not be found in the input "
            f"'{text_of(scope.data)}'",
        )

    return read


def compile_intrinsic(text: str, field: str) -> Template:
    """Read an intrinsic function. Raises InvalidDefinitionError."""
    call = compile_call(text, compile_path)

    def run(scope: Scope) -> Any:
        try:
            return call(scope)
        except IntrinsicError as error:
            raise _intrinsic_failed(scope, text, error) from None

    del field
    return run


def _intrinsic_failed(scope: Scope, text: str, error: IntrinsicError) -> StepError:
    reason = str(error)
    if error.path is not None:
        reason = (
            f"The JsonPath argument for the field '{error.path}' could not be found in the input "
            f"'{text_of(scope.data)}'"
        )
    return failed(scope.visit, RUNTIME, f"The function '{text}' had the following error: {reason}")
