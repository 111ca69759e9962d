"""Operators, literals, constructors, conditions and blocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from .errors import JsonataError
from .machine import Bindings, Compile, Evaluate
from .paths import grouping
from .run import Run
from .values import (
    MEMORY,
    UNDEFINED,
    Items,
    Undefined,
    append,
    equal,
    is_number,
    is_real,
    limited,
    listed,
    number,
    out_of_memory,
    sequence,
    text,
    truth,
)


def binary(node: Any, compile_: Compile) -> Evaluate:
    """Compile an operator between two operands."""
    sign = str(node.value)
    left, right = compile_(node.lhs), compile_(node.rhs)
    if sign in _LOGICAL:
        return _LOGICAL[sign](left, right)
    if sign in _SEARCHING:
        search = _SEARCHING[sign]
        return lambda run, given, bindings: search(run, left(run, given, bindings), right(run, given, bindings))
    if sign in _GROWING:
        return _growing(_GROWING[sign], left, right)
    operate = _OPERATORS[sign]
    return lambda run, given, bindings: operate(left(run, given, bindings), right(run, given, bindings))


def _both(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda run, given, bindings: truth(left(run, given, bindings)) and truth(right(run, given, bindings))


def _either(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda run, given, bindings: truth(left(run, given, bindings)) or truth(right(run, given, bindings))


def _growing(operate: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        one = left(run, given, bindings)
        result = operate(one, right(run, given, bindings))
        run.handle(result)
        return result

    return evaluate


def _reckoned(sign: str, reckon: Callable[[float, float], float]) -> Callable[[Any, Any], Any]:
    def operate(left: Any, right: Any) -> Any:
        if is_number(left) and is_number(right):
            return number(reckon(float(left), float(right)))
        return _not_reckoned(sign, left, right)

    return operate


def _not_reckoned(sign: str, left: Any, right: Any) -> Any:
    """Give nothing, as something is missing. Raises JsonataError for what is no number."""
    for value, code in ((left, "T2001"), (right, "T2002")):
        if value is not UNDEFINED and not is_number(value):
            raise JsonataError(code, token=sign, value=value)
    return UNDEFINED


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if not left:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: float, right: float) -> float:
    return math.fmod(left, right) if right else math.nan


def _comparing(sign: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def operate(left: Any, right: Any) -> Any:
        if is_real(left) and is_real(right):
            return compare(left, right)
        if isinstance(left, str) and isinstance(right, str):
            return compare(*_ranked(left, right))
        return _not_compared(sign, left, right)

    return operate


def _not_compared(sign: str, left: Any, right: Any) -> Any:
    """Give nothing, as something is missing. Raises JsonataError for what has no order, or not the same."""
    for value in (left, right):
        if not (is_real(value) or isinstance(value, (str, Undefined))):
            raise JsonataError("T2010", token=sign, value=value)
    if UNDEFINED in (left, right):
        return UNDEFINED
    raise JsonataError("T2009", token=sign, value=left, value2=right)


def _ranked(left: str, right: str) -> tuple[Any, Any]:
    if left.isascii() and right.isascii():
        return left, right
    # The reference compares UTF-16 code units, which order some characters otherwise than code points.
    return _units(left), _units(right)


def _units(value: str) -> bytes:
    return value.encode("utf-16-be", "surrogatepass")


def _same(run: Run, left: Any, right: Any) -> bool:
    return left is not UNDEFINED and right is not UNDEFINED and equal(run, left, right)


def _different(run: Run, left: Any, right: Any) -> bool:
    return left is not UNDEFINED and right is not UNDEFINED and not equal(run, left, right)


def _join(left: Any, right: Any) -> Any:
    one, other = text(left), text(right)
    return limited(("" if one is UNDEFINED else one) + ("" if other is UNDEFINED else other))


def _range(left: Any, right: Any) -> Any:
    for value, code in ((left, "T2003"), (right, "T2004")):
        if not (value is UNDEFINED or _is_whole(value)):
            raise JsonataError(code, value=value)
    if UNDEFINED in (left, right) or left > right:
        return UNDEFINED
    return _numbers(int(left), int(right))


def _is_whole(value: Any) -> bool:
    return is_real(value) and float(value).is_integer()


def _numbers(first: int, last: int) -> Items:
    size = last - first + 1
    if size > 10_000_000:
        raise JsonataError("D2014", value=size)
    if size * 8 > MEMORY:
        raise out_of_memory()
    return Items(range(first, last + 1), sequence=True)


def _among(run: Run, left: Any, right: Any) -> bool:
    if UNDEFINED in (left, right):
        return False
    items = listed(right)
    if isinstance(left, (list, dict)):
        return any(left is item for item in items)
    run.handle(right)
    return any(equal(run, left, item) for item in items)


_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": _reckoned("+", lambda left, right: left + right),
    "-": _reckoned("-", lambda left, right: left - right),
    "*": _reckoned("*", lambda left, right: left * right),
    "/": _reckoned("/", _divide),
    "%": _reckoned("%", _remainder),
    "<": _comparing("<", lambda left, right: bool(left < right)),
    "<=": _comparing("<=", lambda left, right: bool(left <= right)),
    ">": _comparing(">", lambda left, right: bool(left > right)),
    ">=": _comparing(">=", lambda left, right: bool(left >= right)),
}
_LOGICAL: Final[dict[str, Callable[[Evaluate, Evaluate], Evaluate]]] = {"and": _both, "or": _either}
_GROWING: Final[dict[str, Callable[[Any, Any], Any]]] = {"&": _join, "..": _range}
"""Those whose result may be large."""
_SEARCHING: Final[dict[str, Callable[[Run, Any, Any], bool]]] = {"=": _same, "!=": _different, "in": _among}


def unary(node: Any, compile_: Compile) -> Evaluate:
    """Compile a negation, an array or an object."""
    sign = str(node.value)
    if sign == "[":
        return _array(node, compile_)
    if sign == "{":
        return grouping(node, compile_)
    operand = compile_(node.expression)

    def negate(run: Run, given: Any, bindings: Bindings) -> Any:
        value = operand(run, given, bindings)
        if value is UNDEFINED:
            return UNDEFINED
        if not is_number(value):
            raise JsonataError("D1002", token="-", value=value)  # noqa: S106 - a sign
        return number(-value)

    return negate


def _array(node: Any, compile_: Compile) -> Evaluate:
    items = [(compile_(item), item.type == "unary" and item.value == "[") for item in node.expressions]
    cons = bool(node.consarray)

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        made: list[Any] = []
        for item, nested in items:
            value = item(run, given, bindings)
            if value is UNDEFINED:
                continue
            if nested or not isinstance(value, list):
                made.append(value)
            else:
                made += value
        run.handle(made)
        return Items(limited(made), cons=True) if cons else limited(made)

    return evaluate


def literal(node: Any, _compile: Compile) -> Evaluate:
    """Compile a number, a text, true, false or null."""
    value = node.value
    return lambda _run, _given, _bindings: value


def variable(node: Any, _compile: Compile) -> Evaluate:
    """Compile ``$name``, or ``$`` for what stands here."""
    name = str(node.value)
    if not name:
        return lambda _run, given, _bindings: given
    return lambda _run, _given, bindings: bindings.look_up(name)


def parent(node: Any, _compile: Compile) -> Evaluate:
    """Compile ``%``."""
    label = node.slot.label
    return lambda _run, _given, bindings: bindings.look_up(label)


def condition(node: Any, compile_: Compile) -> Evaluate:
    """Compile ``a ? b : c``."""
    test, then = compile_(node.condition), compile_(node.then)
    otherwise = None if node._else is None else compile_(node._else)  # noqa: SLF001 - the parser's name for it

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        if truth(test(run, given, bindings)):
            return then(run, given, bindings)
        return UNDEFINED if otherwise is None else otherwise(run, given, bindings)

    return evaluate


def block(node: Any, compile_: Compile) -> Evaluate:
    """Compile ``(a; b)``: a scope of its own, the last value counts."""
    parts = [compile_(part) for part in node.expressions]

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        inner = Bindings(bindings)
        result: Any = UNDEFINED
        for part in parts:
            result = part(run, given, inner)
        return result

    return evaluate


def bind(node: Any, compile_: Compile) -> Evaluate:
    """Compile ``$name := value``."""
    name, value = str(node.lhs.value), compile_(node.rhs)

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        result = value(run, given, bindings)
        bindings.bind(name, result)
        return result

    return evaluate


def wildcard(_node: Any, _compile: Compile) -> Evaluate:
    """Compile ``*``."""

    def evaluate(run: Run, given: Any, _bindings: Bindings) -> Any:
        if not isinstance(given, (dict, list)):
            return sequence()
        found: Any = sequence()
        for value in given.values() if isinstance(given, dict) else given:
            run.spend(100)
            run.handle(value)
            if isinstance(value, list):
                found = append(found, _deep(value))
            else:
                found.append(value)
        return found

    return evaluate


def _deep(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [inner for item in value for inner in _deep(item)]


def descendant(_node: Any, _compile: Compile) -> Evaluate:
    """Compile ``**``."""

    def evaluate(run: Run, given: Any, _bindings: Bindings) -> Any:
        if given is UNDEFINED:
            return UNDEFINED
        found = sequence()
        _descend(given, found)
        run.spend(len(found) * 200)
        return found[0] if len(found) == 1 else found

    return evaluate


def _descend(value: Any, found: Items) -> None:
    if not isinstance(value, list):
        found.append(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _descend(inner, found)
