"""Expressions: parsed and compiled once, evaluated as often as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final

from . import calls as c
from . import operators as o
from .errors import JsonataError
from .library import ROOT
from .machine import Bindings, Compile, Evaluate, counted, leaf
from .paths import filtered, grouping, look_up, path
from .run import Run, too_deep
from .syntax import parse
from .values import UNDEFINED

_COMPILERS: Final[dict[str, Callable[[Any, Compile], Evaluate]]] = {
    "path": path,
    "binary": o.binary,
    "unary": o.unary,
    "string": o.literal,
    "number": o.literal,
    "value": o.literal,
    "variable": o.variable,
    "parent": o.parent,
    "condition": o.condition,
    "block": o.block,
    "bind": o.bind,
    "wildcard": o.wildcard,
    "descendant": o.descendant,
    "regex": c.regex,
    "function": c.call,
    "lambda": c.function,
    "partial": c.partial,
    "apply": c.chain,
    "transform": c.transform,
}


_LEAVES: Final = frozenset({"string", "number", "value", "variable"})


class Compiled:
    """One expression. Raises JsonataError (S0...) when it is none; ``tree`` is what was parsed."""

    __slots__ = ("_evaluate", "text", "tree")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parse(text)
        try:
            self._evaluate = _compile(self.tree)
        except RecursionError:
            raise JsonataError("", "Expression is nested too deeply") from None

    def evaluate(self, variables: dict[str, Any], run: Run, given: Any = UNDEFINED) -> Any:
        """Give the value, which may be UNDEFINED; ``variables`` are this evaluation's own. Raises JsonataError."""
        try:
            return self._evaluate(run, given, Bindings(ROOT, variables))
        except RecursionError:
            raise too_deep(run.depth) from None
        except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
            # The reference stumbles over the same: positions that are infinite, groups of nothing that binds.
            raise JsonataError("", "Expression cannot be evaluated") from None


@lru_cache(maxsize=512)
def compiled(text: str) -> Compiled:
    """Give an expression that may have been compiled before: it is checked first, and then used."""
    return Compiled(text)


def _compile(node: Any) -> Evaluate:
    inner = _name(node) if node.type == "name" else _COMPILERS[node.type](node, _compile)
    for stage in _stages(node):
        inner = _then(inner, stage)
    keep = bool(node.keep_array)
    return leaf(inner) if node.type in _LEAVES and not keep else counted(inner, keep=keep)


def _stages(node: Any) -> Iterator[Callable[[Run, Any, Bindings], Any]]:
    yield from (filtered(predicate.expr, _compile) for predicate in node.predicate or ())
    if node.type != "path" and node.group is not None:
        yield grouping(node.group, _compile)


def _name(node: Any) -> Evaluate:
    name = str(node.value)
    return lambda _run, given, _bindings: look_up(given, name)


def _then(inner: Evaluate, stage: Callable[[Run, Any, Bindings], Any]) -> Evaluate:
    return lambda run, given, bindings: stage(run, inner(run, given, bindings), bindings)
