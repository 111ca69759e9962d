"""``{% ... %}``: JSONata expressions in the fields of a state, and payloads that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..kernel.errors import StepError
from ..kernel.graph import Visit
from .context import QUERY_EVALUATION, Context, failed, variables
from .jsonata.compiled import compiled
from .jsonata.errors import JsonataError, shown
from .jsonata.run import Run
from .jsonata.values import UNDEFINED, plain, symbol
from .query import InvalidDefinitionError, Item

DEEPEST: Final = 200
"""How deep a payload may be."""
_WITHOUT_CONTEXT: Final = re.compile(r"\$states\s*\.\s*(input|result|errorOutput)\b")
_STATES: Final = re.compile(r"\$states\b")
_TYPES: Final = {"s": "string", "n": "number", "b": "boolean", "l": "null", "a": "array", "o": "object"}


def is_expression(text: Any) -> bool:
    """Tell whether a value is an expression: a text that begins with ``{%`` and ends with ``%}``, nothing around."""
    return isinstance(text, str) and text.startswith("{%") and text.endswith("%}") and len(text) >= 4


def inner(text: str) -> str:
    """Give the expression without its signs and the space around it."""
    return text[2:-2].strip()


def child(field: str, name: str | int) -> str:
    """Give the location of a part of a field, as AWS writes it."""
    return f"{field}[{name}]" if isinstance(name, int) else f"{field}/{name}"


def described(value: Any) -> str:
    """Name the type of a value as AWS does."""
    return _TYPES.get(symbol(value), "object")


class Scope:
    """What an expression sees: the visit and what ``$states`` holds besides input and context."""

    __slots__ = ("context", "item", "more", "visit")

    def __init__(self, visit: Visit, context: Context, more: Mapping[str, Any], item: Item | None = None) -> None:
        self.visit = visit
        self.context = context
        self.more = more
        self.item = item

    def states(self, *, context: bool) -> dict[str, Any]:
        """Give ``$states``; the context object is left out where it is not asked for, as it takes time to make."""
        made = {"input": self.visit.branch.data, **self.more}
        if context:
            made["context"] = self.context.whole(self.visit, self.item)
        return made


class Expression:
    """One expression in a field. Raises InvalidDefinitionError when it is none."""

    __slots__ = ("_compiled", "_context", "field", "text")

    def __init__(self, text: str, field: str) -> None:
        self.text = inner(text)
        self.field = field
        self._context = len(_STATES.findall(text)) > len(_WITHOUT_CONTEXT.findall(text))
        try:
            self._compiled = compiled(self.text)
        except JsonataError as error:
            raise InvalidDefinitionError(error.message, field) from None

    def __call__(self, scope: Scope) -> Any:
        """Give the value. Raises StepError (States.QueryEvaluationError), also when there is none."""
        visit = scope.visit
        run = Run(visit.now, lambda nth: self._chance(scope, nth))
        bound = {**variables(visit), "states": scope.states(context=self._context)}
        try:
            value = self._compiled.evaluate(bound, run)
            if value is not UNDEFINED:
                return plain(value)
        except JsonataError as error:
            raise self.failed(visit, f"threw an error during evaluation. {error}") from None
        except (TypeError, RecursionError):
            raise self.failed(visit, "returned an unsupported result type.") from None
        raise self.failed(visit, "returned nothing (undefined).")

    def _chance(self, scope: Scope, nth: int) -> float:
        turn = "" if scope.item is None else f".{scope.item.index}"
        return scope.visit.chance(f"asl.{self.field}{turn}", nth)

    def failed(self, visit: Visit, what: str) -> StepError:
        """Make the error of this expression."""
        told = f"The JSONata expression '{self.text}' specified for the field '{self.field}' {what}"
        return failed(visit, QUERY_EVALUATION, told, self.field)

    def of_type(self, scope: Scope, *types: str) -> Any:
        """Give the value, which must be of one of the types. Raises StepError."""
        value = self(scope)
        if described(value) in types:
            return value
        wanted = "' or '".join(types)
        told = f"Expected '{wanted}', but was '{described(value)}' for value: {shown(value)}"
        raise self.failed(scope.visit, f"returned an unexpected result type. {told}")


Payload = Callable[[Scope], Any]


def compile_payload(raw: Any, field: str, depth: int = 0) -> Payload | None:
    """Read a payload; None when there is no expression in it. Raises InvalidDefinitionError."""
    if depth > DEEPEST:
        raise InvalidDefinitionError(f"A payload is nested more than {DEEPEST} deep", field)
    if isinstance(raw, Mapping):
        return _object(raw, field, depth)
    if isinstance(raw, list):
        return _list(raw, field, depth)
    return Expression(raw, field) if is_expression(raw) else None


def _object(raw: Mapping[str, Any], field: str, depth: int) -> Payload | None:
    fields = [(name, compile_payload(part, child(field, name), depth + 1), part) for name, part in raw.items()]
    if all(made is None for _, made, _ in fields):
        return None
    return lambda scope: {name: part if made is None else made(scope) for name, made, part in fields}


def _list(raw: list[Any], field: str, depth: int) -> Payload | None:
    parts = [(compile_payload(part, child(field, place), depth + 1), part) for place, part in enumerate(raw)]
    if all(made is None for made, _ in parts):
        return None
    return lambda scope: [part if made is None else made(scope) for made, part in parts]
