"""What an expression refers to, found without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .library import FUNCTIONS

_KEEPING = ("lhs", "rhs", "expression", "condition", "then", "_else", "procedure", "body")
_READING = {"name": "", "wildcard": "*", "descendant": "**"}
_ALL = (*_KEEPING, "pattern", "update", "delete", "expr", "group")


class References(NamedTuple):
    """``outside``: what is read of the context, which a state does not have. ``variables``: those not bound inside.

    ``states``: the fields of ``$states`` that are read; empty text where it is read as a whole.
    """

    outside: tuple[str, ...]
    variables: tuple[str, ...]
    states: tuple[str, ...]


def references(tree: Any) -> References:
    """Give what a parsed expression refers to, each once, in the order it is written."""
    found: dict[str, list[str]] = {"variables": [], "states": []}
    _variables(tree, frozenset(FUNCTIONS), found)
    return References(_once(_outside(tree)), _once(iter(found["variables"])), _once(iter(found["states"])))


def _once(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _outside(node: Any) -> Iterator[str]:
    """Give the names read at the top level. What follows the first step of a path has a context of its own."""
    if node is None:
        return
    if node.type == "path":
        yield from _outside(node.steps[0])
    elif node.type in _READING:
        yield _READING[node.type] or str(node.value)
    elif node.type == "variable":
        if node.value in {"", "$"}:
            yield f"${node.value}"
    else:
        yield from _outside_parts(node)


def _outside_parts(node: Any) -> Iterator[str]:
    called = node.type in {"function", "partial"} and node.procedure.type == "path"
    for field in _KEEPING:
        # A name without its dollar sign that is called: that is said when it is called.
        if not (called and field == "procedure"):
            yield from _outside(getattr(node, field))
    if node.type != "lambda":
        for part in (*(node.arguments or ()), *(node.expressions or ())):
            yield from _outside(part)


def _variables(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    """Note the variables read that are not bound; give the names bound from here on."""
    if node is None:
        return bound
    if node.type == "variable":
        name = str(node.value)
        if name == "states":
            found["states"].append("")
        elif name and name != "$" and name not in bound:
            found["variables"].append(name)
        return _parts(node, bound, found, ("predicate", "stages"))
    if node.type == "bind":
        _variables(node.rhs, bound, found)
        return bound | {str(node.lhs.value)}
    if node.type == "lambda":
        own = frozenset(str(argument.value) for argument in node.arguments or ())
        _variables(node.body, bound | own, found)
        return bound
    if node.type == "block":
        inner = bound
        for part in node.expressions:
            inner = _variables(part, inner, found)
        return bound
    if node.type == "path":
        return _path(node, bound, found)
    return _parts(node, bound, found, ("arguments", "expressions", "stages", "predicate", "terms"))


def _path(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    inner, steps = bound, list(node.steps)
    if steps[0].type == "variable" and steps[0].value == "states" and len(steps) > 1 and steps[1].type == "name":
        found["states"].append(str(steps[1].value))
        inner = _parts(steps.pop(0), inner, found, ("predicate", "stages"))
    for step in steps:
        inner |= {str(name) for name in (step.focus, step.index) if name is not None and step.type != "parent"}
        inner |= {str(stage.value) for stage in step.stages or () if stage.type == "index"}
        inner = _variables(step, inner, found)
    _variables(node.group, inner, found)
    return bound


def _parts(node: Any, bound: frozenset[str], found: dict[str, list[str]], lists: tuple[str, ...]) -> frozenset[str]:
    inner = bound
    for field in _ALL:
        inner = _variables(getattr(node, field), inner, found)
    for field in lists:
        for part in getattr(node, field) or ():
            inner = _variables(part, inner, found)
    for pair in node.lhs_object or ():
        for part in pair:
            inner = _variables(part, inner, found)
    return inner
