"""What an expression refers to, found without evaluating it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from .library import FUNCTIONS

_KEEPING: Final = ("lhs", "rhs", "expression", "condition", "then", "_else", "procedure", "body")
_KEEPING_BUT_CALLED: Final = tuple(field for field in _KEEPING if field != "procedure")
_ALL: Final = (*_KEEPING, "pattern", "update", "delete", "expr", "group")
_READING: Final[dict[str, Callable[[Any], tuple[str, ...]]]] = {
    "name": lambda node: (str(node.value),),
    "wildcard": lambda _node: ("*",),
    "descendant": lambda _node: ("**",),
    "variable": lambda node: (f"${node.value}",) if node.value in {"", "$"} else (),
}


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
        yield from _READING[node.type](node)
    else:
        for part in _beside(node):
            yield from _outside(part)


def _beside(node: Any) -> Iterator[Any]:
    """Give the parts that have the same context as the whole."""
    # A name without its dollar sign that is called: that is said when it is called.
    fields = _KEEPING_BUT_CALLED if _is_called_by_name(node) else _KEEPING
    yield from (getattr(node, field) for field in fields)
    if node.type != "lambda":
        yield from node.arguments or ()
        yield from node.expressions or ()


def _is_called_by_name(node: Any) -> bool:
    return node.type in {"function", "partial"} and node.procedure.type == "path"


def _variables(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    """Note the variables read that are not bound; give the names bound from here on."""
    return bound if node is None else _SCOPES.get(node.type, _other)(node, bound, found)


def _variable(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    name = str(node.value)
    if name == "states":
        found["states"].append("")
    elif name and name != "$" and name not in bound:
        found["variables"].append(name)
    return _parts(node, bound, found, ("predicate", "stages"))


def _binding(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    _variables(node.rhs, bound, found)
    return bound | {str(node.lhs.value)}


def _function(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    own = frozenset(str(argument.value) for argument in node.arguments or ())
    _variables(node.body, bound | own, found)
    return bound


def _block(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    inner = bound
    for part in node.expressions:
        inner = _variables(part, inner, found)
    return bound


def _other(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    return _parts(node, bound, found, ("arguments", "expressions", "stages", "predicate", "terms"))


def _path(node: Any, bound: frozenset[str], found: dict[str, list[str]]) -> frozenset[str]:
    inner, steps = bound, list(node.steps)
    if _reads_a_field_of_states(steps):
        found["states"].append(str(steps[1].value))
        inner = _parts(steps.pop(0), inner, found, ("predicate", "stages"))
    for step in steps:
        inner = _variables(step, inner.union(_bound_by(step)), found)
    _variables(node.group, inner, found)
    return bound


def _reads_a_field_of_states(steps: list[Any]) -> bool:
    first, *rest = steps
    return first.type == "variable" and first.value == "states" and bool(rest) and rest[0].type == "name"


def _bound_by(step: Any) -> Iterator[str]:
    """Give the names that ``@`` and ``#`` bind at a step of a path."""
    if step.type != "parent":
        yield from map(str, {step.focus, step.index} - {None})
    yield from (str(stage.value) for stage in step.stages or () if stage.type == "index")


def _parts(node: Any, bound: frozenset[str], found: dict[str, list[str]], lists: tuple[str, ...]) -> frozenset[str]:
    inner = bound
    for part in _inside(node, lists):
        inner = _variables(part, inner, found)
    return inner


def _inside(node: Any, lists: tuple[str, ...]) -> Iterator[Any]:
    yield from (getattr(node, field) for field in _ALL)
    for field in lists:
        yield from getattr(node, field) or ()
    for pair in node.lhs_object or ():
        yield from pair


_Scope = Callable[[Any, frozenset[str], dict[str, list[str]]], frozenset[str]]
_SCOPES: Final[dict[str, _Scope]] = {
    "variable": _variable,
    "bind": _binding,
    "lambda": _function,
    "block": _block,
    "path": _path,
}
