"""Paths: steps, predicates, order, grouping, and the bindings that ``@``, ``#`` and ``%`` carry along."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import Any, Final, TypeAlias

from .errors import JsonataError
from .machine import Bindings, Compile, Evaluate
from .run import DEEPEST, Run, too_deep
from .values import (
    UNDEFINED,
    Items,
    append,
    is_number,
    is_numbers,
    is_real,
    is_sequence,
    limited,
    listed,
    sequence,
    truth,
)

Stage = Callable[[Run, Any, Bindings], Any]


def look_up(value: Any, name: str) -> Any:
    """Give the field of an object, or those of the objects of an array."""
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if not isinstance(value, list):
        return UNDEFINED
    found = sequence()
    for item in value:
        inner = look_up(item, name)
        if isinstance(inner, list):
            found.extend(inner)
        elif inner is not UNDEFINED:
            found.append(inner)
    return found


def _is_stream(value: Any) -> bool:
    return isinstance(value, Items) and value.stream


def _inside(bindings: Bindings, tuple_: dict[str, Any]) -> Bindings:
    return Bindings(bindings, dict(tuple_))


def filtered(node: Any, compile_: Compile) -> Stage:
    """Compile a predicate: a position, positions, or a condition."""
    if node.type == "number":
        position = math.floor(node.value)
        return lambda _run, given, _bindings: _at(given, position)
    holds = compile_(node)

    def stage(run: Run, given: Any, bindings: Bindings) -> Any:
        results = sequence()
        stream = _is_stream(given)
        results.stream = stream
        items = listed(given)
        for place, item in enumerate(items):
            answer = holds(run, item["@"], _inside(bindings, item)) if stream else holds(run, item, bindings)
            results += [item] * _times(answer, place, len(items))
        return results

    return stage


def _times(answer: Any, place: int, size: int) -> int:
    """Tell how often an item is taken: as often as its position is named, or once when the condition holds."""
    if is_number(answer):
        return int(_position(answer, size) == place)
    if is_numbers(answer):
        return sum(_position(wanted, size) == place for wanted in answer)
    return int(truth(answer))


def _position(wanted: float, size: int) -> int:
    place = math.floor(wanted)
    return size + place if place < 0 else place


def _at(given: Any, position: int) -> Any:
    items = listed(given)
    results = sequence()
    results.stream = _is_stream(given)
    place = _position(position, len(items))
    if not 0 <= place < len(items) or items[place] is UNDEFINED:
        return results
    if isinstance(items[place], list):
        return items[place]
    results.append(items[place])
    return results


class _Step:
    """One step of a path, compiled."""

    __slots__ = ("_last", "ancestor", "array", "evaluate", "focus", "index", "sort", "stages", "tuple")

    def __init__(self, node: Any, compile_: Compile, *, first: bool, last: bool) -> None:
        self.tuple = node.tuple is not None
        self.array = first and bool(node.consarray)
        self._last = last
        self.focus = node.focus
        self.index = node.index
        self.ancestor = getattr(node.ancestor, "label", None)
        self.sort: Stage | None = None
        self.evaluate: Evaluate = _nothing
        if node.type == "sort":
            self.sort = _sorting(node, compile_)
        else:
            self.evaluate = compile_(node)
        self.stages: list[Stage] = [self._stage(stage, compile_) for stage in node.stages or ()]

    @staticmethod
    def _stage(node: Any, compile_: Compile) -> Stage:
        if node.type == "filter":
            return filtered(node.expr, compile_)
        name = str(node.value)

        def number(_run: Run, given: Any, _bindings: Bindings) -> Any:
            for place, tuple_ in enumerate(given):
                tuple_[name] = place
            return given

        return number

    def apply(self, run: Run, given: Any, bindings: Bindings) -> Any:
        """Take the step from every item of the sequence."""
        if self.sort is not None:
            return self._staged(run, self.sort(run, given, bindings), bindings)
        results = []
        for item in given:
            result = self._staged(run, self.evaluate(run, item, bindings), bindings)
            if result is not UNDEFINED:
                results.append(result)
        if self._last and _is_one_array(results):
            return results[0]
        flat = _flat(results)
        run.handle(flat)
        return flat

    def _staged(self, run: Run, result: Any, bindings: Bindings) -> Any:
        for stage in self.stages:
            result = stage(run, result, bindings)
        return result

    def stream(self, run: Run, given: Any, tuples: Any, bindings: Bindings) -> Items:
        """Take the step from every tuple of bindings, or from every item when there are none yet."""
        if self.sort is not None:
            return self._sorted(run, given, tuples, bindings)
        result = sequence()
        result.stream = True
        for tuple_ in [{"@": item} for item in given] if tuples is None else tuples:
            found = self.evaluate(run, tuple_["@"], _inside(bindings, tuple_))
            if found is not UNDEFINED:
                run.make(len(listed(found)))
                result += self._each_bound(tuple_, found)
        made: Items = self._staged(run, limited(result), bindings)
        return made

    def _each_bound(self, tuple_: dict[str, Any], found: Any) -> Iterator[dict[str, Any]]:
        stream = _is_stream(found)
        for place, item in enumerate(listed(found)):
            yield {**tuple_, **item} if stream else self._bound(tuple_, item, place)

    def _sorted(self, run: Run, given: Any, tuples: Any, bindings: Bindings) -> Items:
        assert self.sort is not None  # noqa: S101 - asked before
        if tuples is not None:
            result = self.sort(run, tuples, bindings)
        else:
            ordered = self.sort(run, given, bindings)
            result = sequence(*({"@": item, self.index: place} for place, item in enumerate(ordered)))
            result.stream = True
        made: Items = self._staged(run, result, bindings)
        return made

    def _bound(self, tuple_: dict[str, Any], item: Any, place: int) -> dict[str, Any]:
        bound = dict(tuple_)
        bound["@" if self.focus is None else self.focus] = item
        if self.index is not None:
            bound[self.index] = place
        if self.ancestor is not None:
            bound[self.ancestor] = tuple_["@"]
        return bound


def _nothing(_run: Run, _given: Any, _bindings: Bindings) -> Any:
    return UNDEFINED


def _is_one_array(results: list[Any]) -> bool:
    """Tell whether a step has led to one array only, which was there as it is."""
    return len(results) == 1 and isinstance(results[0], list) and not is_sequence(results[0])


def _flat(results: list[Any]) -> Items:
    flat = sequence()
    for result in results:
        if not isinstance(result, list) or (isinstance(result, Items) and result.cons):
            flat.append(result)
        else:
            flat.extend(result)
    return flat


def path(node: Any, compile_: Compile) -> Evaluate:
    """Compile a path of steps."""
    last = len(node.steps) - 1
    steps = [_Step(step, compile_, first=place == 0, last=place == last) for place, step in enumerate(node.steps)]
    return _plain([str(step.value) for step in node.steps], steps) if _is_plain(node) else _any(node, steps, compile_)


def _any(node: Any, steps: list[_Step], compile_: Compile) -> Evaluate:
    begin = sequence if node.steps[0].type == "variable" else _begun
    finish = _as_stream if node.tuple is not None else _as_items
    keep = bool(node.keep_singleton_array)
    group = None if node.group is None else grouping(node.group, compile_)

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        found, tuples = _walk(steps, run, begin(given), bindings)
        if tuples is not None:
            found = finish(tuples)
        if keep:
            found = _kept(found)
        if group is not None:
            return group(run, found if tuples is None else tuples, bindings)
        return found

    return evaluate


def _is_plain(node: Any) -> bool:
    """Tell whether a path is a variable and names behind it, as nearly all are: ``$states.input.name``."""
    first, *rest = node.steps
    marked = (node.tuple, node.group) != (None, None) or node.keep_singleton_array
    return not marked and first.type == "variable" and all(step.type == "name" for step in rest) and _unmarked(node)


def _unmarked(node: Any) -> bool:
    return not any(getattr(step, mark) for step in node.steps for mark in _MARKS)


_MARKS: Final = ("stages", "predicate", "group", "consarray", "keep_array", "focus", "index", "ancestor")


def _plain(names: list[str], steps: list[_Step]) -> Evaluate:
    """Look the names up one in the other; as soon as something is no object, take the steps as usual."""
    first, *rest = names

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        if run.depth >= DEEPEST:
            raise too_deep(run.depth + 1)
        value = bindings.look_up(first) if first else given
        for name in rest:
            if type(value) is not dict:
                return _walk(steps, run, sequence(given), bindings)[0]
            value = value.get(name, UNDEFINED)
        run.count += len(rest)
        return value if type(value) is not Items else _walk(steps, run, sequence(given), bindings)[0]

    return evaluate


def _as_stream(tuples: Items) -> Items:
    return tuples


def _as_items(tuples: Items) -> Items:
    return sequence(*(tuple_["@"] for tuple_ in tuples))


def _begun(given: Any) -> Any:
    return given if isinstance(given, list) else sequence(given)


def _kept(found: Any) -> Any:
    """Make it stay an array even when it is one of a single item."""
    if found is UNDEFINED:
        return found
    kept = found if isinstance(found, Items) else Items(found)
    if kept.cons and not kept.sequence:
        kept = sequence(kept)
    kept.keep = True
    return kept


def _walk(steps: list[_Step], run: Run, given: Any, bindings: Bindings) -> tuple[Any, Any]:
    """Take all steps; give the result and, once a step binds something, the stream of bindings."""
    result: Any = UNDEFINED
    for place, step in enumerate(steps):
        if step.tuple:
            return _stream(steps[place:], run, (given, result), bindings)
        result = step.evaluate(run, given, bindings) if step.array else step.apply(run, given, bindings)
        if result is UNDEFINED or not result:
            break
        given = result
    return result, None


def _stream(steps: list[_Step], run: Run, before: tuple[Any, Any], bindings: Bindings) -> tuple[Any, Any]:
    """Take the steps from the first that binds something on."""
    given, result = before
    tuples: Any = None
    for step in steps:
        if step.array:
            result = step.evaluate(run, given, bindings)
        else:
            tuples = step.stream(run, given, tuples, bindings)
        if step.focus is None:
            given = result
    return result, tuples


def grouping(node: Any, compile_: Compile) -> Stage:
    """Compile an object: by each key, what the value gives for all items that have that key."""
    pairs = [(compile_(key), compile_(value)) for key, value in node.lhs_object]

    def stage(run: Run, given: Any, bindings: Bindings) -> Any:
        stream = _is_stream(given)
        groups: _Groups = {}
        for item in listed(given) or [UNDEFINED]:
            inner, context = (_inside(bindings, item), item["@"]) if stream else (bindings, item)
            for place, (key, _) in enumerate(pairs):
                _group(groups, key(run, context, inner), item, place)
        made = {}
        for name, (data, place) in groups.items():
            made[name] = _value(run, pairs[place][1], data, bindings, stream=stream)
        return _without_nothing(made)

    return stage


def _without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not UNDEFINED}


_Groups: TypeAlias = dict[str, tuple[Any, int]]
"""By key, the items that have it, and which of the written keys it was."""


def _group(groups: _Groups, name: Any, item: Any, place: int) -> None:
    if name is UNDEFINED:
        return
    if not isinstance(name, str):
        raise JsonataError("T1003", value=name)
    before, first = groups.get(name, (UNDEFINED, place))
    if first != place:
        raise JsonataError("D1009", value=name)
    groups[name] = (append(before, item), place)


def _value(run: Run, value: Evaluate, data: Any, bindings: Bindings, *, stream: bool) -> Any:
    if not stream:
        return value(run, data, bindings)
    tuples = listed(data)
    together = dict(tuples[0])
    for tuple_ in tuples[1:]:
        for name, bound in tuple_.items():
            together[name] = append(together.get(name, UNDEFINED), bound)
    context = together.pop("@")
    return value(run, context, _inside(bindings, together))


def _sorting(node: Any, compile_: Compile) -> Stage:
    terms = [(compile_(term.expression), -1 if term.descending else 1) for term in node.terms]

    def stage(run: Run, given: Any, bindings: Bindings) -> Any:
        stream = _is_stream(given)

        def keyed(item: Any) -> tuple[list[Any], Any]:
            inner = _inside(bindings, item) if stream else bindings
            context = item["@"] if stream else item
            return [term(run, context, inner) for term, _ in terms], item

        def compare(left: tuple[list[Any], Any], right: tuple[list[Any], Any]) -> int:
            run.spend(500)
            for (_, direction), one, other in zip(terms, left[0], right[0], strict=True):
                order = _order(one, other, direction)
                if order:
                    return order
            return 0

        ordered = [item for _, item in sorted(map(keyed, given), key=cmp_to_key(compare))]
        result = Items(ordered, sequence=isinstance(given, Items) and given.sequence)
        result.stream = stream
        return result

    return stage


def _order(one: Any, other: Any, direction: int) -> int:
    if one is UNDEFINED or other is UNDEFINED:
        return (one is UNDEFINED) - (other is UNDEFINED)
    if not (_has_order(one) and _has_order(other)):
        raise JsonataError("T2008", value=one, value2=other)
    if isinstance(one, str) is not isinstance(other, str):
        raise JsonataError("T2007", value=one, value2=other)
    return direction * (int(one > other) - int(one < other))


def _has_order(value: Any) -> bool:
    return isinstance(value, str) or is_real(value)
