"""Paths: steps, predicates, order, grouping, and the bindings that ``@``, ``#`` and ``%`` carry along."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from .errors import JsonataError
from .machine import Bindings, Compile, Evaluate
from .run import Run
from .values import UNDEFINED, Items, Undefined, append, is_number, is_numbers, limited, sequence, truth

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
        items = given if isinstance(given, list) else [given]
        for place, item in enumerate(items):
            answer = holds(run, item["@"], _inside(bindings, item)) if stream else holds(run, item, bindings)
            if is_number(answer):
                answer = [answer]
            if is_numbers(answer):
                results += [item for wanted in answer if _position(wanted, len(items)) == place]
            elif truth(answer):
                results.append(item)
        return results

    return stage


def _position(wanted: float, size: int) -> int:
    place = math.floor(wanted)
    return size + place if place < 0 else place


def _at(given: Any, position: int) -> Any:
    items = given if isinstance(given, list) else [given]
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

    __slots__ = ("ancestor", "array", "compile", "evaluate", "focus", "index", "sort", "stages", "tuple")

    def __init__(self, node: Any, compile_: Compile) -> None:
        self.tuple = node.tuple is not None
        self.array = bool(node.consarray)
        self.focus = node.focus
        self.index = node.index
        self.ancestor = None if node.ancestor is None else node.ancestor.label
        self.sort = _sorting(node, compile_) if node.type == "sort" else None
        self.evaluate: Evaluate = _nothing if node.type == "sort" else compile_(node)
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

    def apply(self, run: Run, given: Any, bindings: Bindings, *, last: bool) -> Any:
        """Take the step from every item of the sequence."""
        if self.sort is not None:
            return self._staged(run, self.sort(run, given, bindings), bindings)
        results = []
        for item in given:
            result = self._staged(run, self.evaluate(run, item, bindings), bindings)
            if result is not UNDEFINED:
                results.append(result)
        if last and len(results) == 1 and isinstance(results[0], list):
            first = results[0]
            if not (isinstance(first, Items) and first.sequence):
                return first
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
            if found is UNDEFINED:
                continue
            for place, item in enumerate(found if isinstance(found, list) else [found]):
                result.append(self._bound(tuple_, item, place, stream=_is_stream(found)))
        made: Items = self._staged(run, limited(result), bindings)
        return made

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

    def _bound(self, tuple_: dict[str, Any], item: Any, place: int, *, stream: bool) -> dict[str, Any]:
        bound = dict(tuple_)
        if stream:
            return {**bound, **item}
        if self.focus is not None:
            bound[self.focus] = item
            bound["@"] = tuple_["@"]
        else:
            bound["@"] = item
        if self.index is not None:
            bound[self.index] = place
        if self.ancestor is not None:
            bound[self.ancestor] = tuple_["@"]
        return bound


def _nothing(_run: Run, _given: Any, _bindings: Bindings) -> Any:
    return UNDEFINED


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
    steps = [_Step(step, compile_) for step in node.steps]
    absolute = node.steps[0].type == "variable"
    keeps_stream, keep, group = node.tuple is not None, bool(node.keep_singleton_array), None
    if node.group is not None:
        group = grouping(node.group, compile_)

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        result = given if isinstance(given, list) and not absolute else sequence(given)
        found, tuples = _walk(steps, run, result, bindings)
        if tuples is not None:
            found = tuples if keeps_stream else sequence(*(tuple_["@"] for tuple_ in tuples))
        if keep and not isinstance(found, Undefined):
            if not isinstance(found, Items):
                found = Items(found)
            if found.cons and not found.sequence:
                found = sequence(found)
            found.keep = True
        if group is not None:
            return group(run, tuples if tuples is not None else found, bindings)
        return found

    return evaluate


def _walk(steps: list[_Step], run: Run, given: Any, bindings: Bindings) -> tuple[Any, Any]:
    """Take all steps; give the result and, once a step binds something, the stream of bindings."""
    result: Any = UNDEFINED
    tuples: Any = None
    streaming = False
    last = len(steps) - 1
    for place, step in enumerate(steps):
        streaming = streaming or step.tuple
        if place == 0 and step.array:
            result = step.evaluate(run, given, bindings)
        elif streaming:
            tuples = step.stream(run, given, tuples, bindings)
        else:
            result = step.apply(run, given, bindings, last=place == last)
        if not streaming and (result is UNDEFINED or not result):
            break
        if step.focus is None:
            given = result
    return result, tuples


def grouping(node: Any, compile_: Compile) -> Stage:
    """Compile an object: by each key, what the value gives for all items that have that key."""
    pairs = [(compile_(key), compile_(value)) for key, value in node.lhs_object]

    def stage(run: Run, given: Any, bindings: Bindings) -> Any:
        stream = _is_stream(given)
        items = given if isinstance(given, list) else [given]
        groups: dict[str, tuple[Any, int]] = {}
        for item in items or [UNDEFINED]:
            inner = _inside(bindings, item) if stream else bindings
            for place, (key, _) in enumerate(pairs):
                name = key(run, item["@"] if stream else item, inner)
                if name is UNDEFINED:
                    continue
                if not isinstance(name, str):
                    raise JsonataError("T1003", value=name)
                if name not in groups:
                    groups[name] = (item, place)
                    continue
                before, first = groups[name]
                if first != place:
                    raise JsonataError("D1009", value=name)
                groups[name] = (append(before, item), place)
        made = {}
        for name, (data, place) in groups.items():
            value = _value(run, pairs[place][1], data, bindings, stream=stream)
            if value is not UNDEFINED:
                made[name] = value
        return made

    return stage


def _value(run: Run, value: Evaluate, data: Any, bindings: Bindings, *, stream: bool) -> Any:
    if not stream:
        return value(run, data, bindings)
    tuples = data if isinstance(data, list) else [data]
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
    for value in (one, other):
        if not isinstance(value, str) and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise JsonataError("T2008", value=one, value2=other)
    if isinstance(one, str) is not isinstance(other, str):
        raise JsonataError("T2007", value=one, value2=other)
    return direction * (int(one > other) - int(one < other))
