"""Running what was compiled: bindings, and the one function every part of an expression goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .run import DEEPEST, LONGEST, Run, too_deep, too_long
from .values import UNDEFINED, Items


class Bindings:
    """Variables, and those around them."""

    __slots__ = ("_around", "_own")

    def __init__(self, around: Bindings | None = None, own: dict[str, Any] | None = None) -> None:
        self._around = around
        self._own: dict[str, Any] = {} if own is None else own

    def bind(self, name: str, value: Any) -> None:
        """Set a variable here."""
        self._own[name] = value

    def look_up(self, name: str) -> Any:
        """Give the value of a variable; nothing when there is none."""
        scope: Bindings | None = self
        while scope is not None:
            if name in scope._own:  # noqa: SLF001 - its own kind
                return scope._own[name]  # noqa: SLF001
            scope = scope._around  # noqa: SLF001
        return UNDEFINED


Evaluate: TypeAlias = Callable[[Run, Any, Bindings], Any]
Compile: TypeAlias = Callable[[Any], Evaluate]
"""From a node of the parsed expression to the function that evaluates it."""


def counted(inner: Evaluate, *, keep: bool) -> Evaluate:
    """Count evaluations and their depth, and unwrap a sequence of one."""

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        run.depth += 1
        run.count += 1
        if run.depth > DEEPEST:
            raise too_deep(run.depth)
        if run.count > LONGEST:
            raise too_long()
        result = inner(run, given, bindings)
        run.depth -= 1
        return _unwrapped(result, keep=keep) if type(result) is Items else result

    return evaluate


def leaf(inner: Evaluate) -> Evaluate:
    """Do the same for what has no parts: a literal, a variable."""

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        if run.depth >= DEEPEST:
            raise too_deep(run.depth + 1)
        run.count += 1
        if run.count > LONGEST:
            raise too_long()
        result = inner(run, given, bindings)
        return _unwrapped(result, keep=False) if type(result) is Items else result

    return evaluate


def _unwrapped(result: Items, *, keep: bool) -> Any:
    if not result.sequence or result.stream:
        return result
    if keep:
        result.keep = True
    return result if len(result) > 1 else _only(result)


def _only(result: Items) -> Any:
    if not result:
        return UNDEFINED
    return result if result.keep else result[0]
