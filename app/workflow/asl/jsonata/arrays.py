"""The library's functions over arrays and objects, and those that take functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from .calls import call_with
from .errors import JsonataError
from .paths import look_up
from .run import Run
from .values import UNDEFINED, Items, append, is_numbers, is_sequence, limited, sequence, symbol, truth

_TYPES = {"s": "string", "n": "number", "b": "boolean", "l": "null", "a": "array", "f": "function", "o": "object"}


def count(_run: Run, values: Any) -> Any:
    """How many there are; nothing is none."""
    return 0 if values is UNDEFINED else len(values)


def appended(_run: Run, left: Any, right: Any) -> Any:
    """Both, one after the other."""
    return append(left, right)


def exists(_run: Run, value: Any) -> bool:
    """Whether there is something."""
    return value is not UNDEFINED


def spread(run: Run, value: Any) -> Any:
    """Give an object as an array of objects of one field each."""
    if isinstance(value, dict):
        return sequence(*_fields(value))
    if not isinstance(value, list):
        return value
    run.spend(len(value))
    result: list[Any] = []
    for item in value:
        parts = spread(run, item)
        result += parts if isinstance(parts, list) else [parts]
    return result or sequence()


def _fields(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return ({key: item} for key, item in value.items())


def merge(_run: Run, objects: Any) -> Any:
    """Objects as one, the later fields first."""
    if objects is UNDEFINED:
        return UNDEFINED
    return {key: value for part in objects for key, value in part.items()}


def reverse(_run: Run, values: Any) -> Any:
    """From the end to the start."""
    return values if values is UNDEFINED or len(values) < 2 else values[::-1]


def keys(run: Run, value: Any) -> Any:
    """Give the names of the fields, each once."""
    found: dict[str, None] = {}
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            inner = keys(run, item)
            found.update(dict.fromkeys(inner))
        elif isinstance(item, dict):
            found.update(dict.fromkeys(item))
    return sequence(*found)


def lookup(_run: Run, value: Any, name: Any) -> Any:
    """Give the field of that name."""
    return look_up(value, name)


def kind(_run: Run, value: Any) -> Any:
    """Give what type it is of."""
    return UNDEFINED if value is UNDEFINED else _TYPES[symbol(value)]


def boolean(_run: Run, value: Any) -> Any:
    """Cast to true or false."""
    return UNDEFINED if value is UNDEFINED else truth(value)


def negated(_run: Run, value: Any) -> Any:
    """Cast to false or true."""
    return UNDEFINED if value is UNDEFINED else not truth(value)


def distinct(run: Run, values: Any) -> Any:
    """Each value once."""
    if not isinstance(values, list) or len(values) < 2:
        return values
    results: list[Any] = sequence() if is_sequence(values) else []
    seen: set[Any] = set()
    for value in values:
        mark = _mark(run, value)
        if mark not in seen:
            seen.add(mark)
            results.append(value)
    return results


def _mark(run: Run, value: Any) -> Any:
    """Give what is the same for equal values, and can be looked up."""
    run.spend(500)
    if isinstance(value, list):
        return ("a", *(_mark(run, item) for item in value))
    if isinstance(value, dict):
        return ("o", frozenset((key, _mark(run, item)) for key, item in value.items()))
    return (symbol(value), value)


def zipped(run: Run, *arrays: Any) -> Any:
    """Give the first of each, the second of each, as far as the shortest goes."""
    if not all(isinstance(array, list) for array in arrays):
        return []
    run.make(min(map(len, arrays), default=0))
    return [list(group) for group in zip(*arrays, strict=False)]


def shuffle(run: Run, values: Any) -> Any:
    """In an order left to chance."""
    if values is UNDEFINED or len(values) < 2:
        return values
    mixed = list(values)
    for place in range(len(mixed) - 1, 0, -1):
        run.spend(300)
        other = int(run.draw() * (place + 1))
        mixed[place], mixed[other] = mixed[other], mixed[place]
    return mixed


def mapped(run: Run, values: Any, function: Any) -> Any:
    """Give what the function gives for each."""
    if values is UNDEFINED:
        return UNDEFINED
    results = (call_with(run, function, value, place, values) for place, value in enumerate(values))
    return limited(Items((result for result in results if result is not UNDEFINED), sequence=True))


def kept(run: Run, values: Any, function: Any) -> Any:
    """Those for which the function gives true."""
    if values is UNDEFINED:
        return UNDEFINED
    return Items((value for _, value in _chosen(run, values, function)), sequence=True)


def _chosen(run: Run, values: list[Any], function: Any) -> Iterator[tuple[int, Any]]:
    """Give those for which the function gives true, each with its place."""
    for place, value in enumerate(values):
        if truth(call_with(run, function, value, place, values)):
            yield place, value


def single(run: Run, values: Any, function: Any) -> Any:
    """Give the only one for which the function gives true."""
    if values is UNDEFINED:
        return UNDEFINED
    chosen = enumerate(values) if function is UNDEFINED else _chosen(run, values, function)
    found = list(islice(chosen, 2))
    if len(found) > 1:
        raise JsonataError("D3138", index=found[1][0])
    if not found:
        raise JsonataError("D3139")
    return found[0][1]


def reduced(run: Run, values: Any, function: Any, start: Any) -> Any:
    """Give what the function makes of one value after the other."""
    if values is UNDEFINED:
        return UNDEFINED
    if function.arity < 2:
        raise JsonataError("D3050", index=1)
    first, result = 0, start
    if start is UNDEFINED and values:
        first, result = 1, values[0]
    for place in range(first, len(values)):
        result = call_with(run, function, result, values[place], place, values)
    return result


def each(run: Run, value: Any, function: Any) -> Any:
    """Give what the function gives for each field."""
    if value is UNDEFINED:
        return UNDEFINED
    results = (call_with(run, function, item, key, value) for key, item in value.items())
    return Items((result for result in results if result is not UNDEFINED), sequence=True)


def sift(run: Run, value: Any, function: Any) -> Any:
    """Give the fields for which the function gives true; nothing when there are none."""
    if value is UNDEFINED:
        return UNDEFINED
    fields = {key: item for key, item in value.items() if truth(call_with(run, function, item, key, value))}
    return fields or UNDEFINED


def ordered(run: Run, values: Any, comparator: Any) -> Any:
    """In order: of numbers or texts by themselves, of others by a function that tells whether two change places."""
    if values is UNDEFINED or len(values) < 2:
        return values
    if comparator is UNDEFINED:
        return _by_themselves(run, values)

    def after(one: Any, other: Any) -> bool:
        return truth(call_with(run, comparator, one, other))

    return _merged(values, after)


def _by_themselves(run: Run, values: list[Any]) -> list[Any]:
    if not is_numbers(values) and not all(isinstance(value, str) for value in values):
        raise JsonataError("D3070", index=1)
    run.spend(len(values))
    return sorted(values)


def _merged(values: list[Any], after: Callable[[Any, Any], bool]) -> list[Any]:
    """Merge sort, as the reference does it: the comparator is asked in the same order for the same pairs."""
    if len(values) < 2:
        return list(values)
    middle = len(values) // 2
    left, right = _merged(values[:middle], after), _merged(values[middle:], after)
    result: list[Any] = []
    one = other = 0
    while one < len(left) and other < len(right):
        if after(left[one], right[other]):
            result.append(right[other])
            other += 1
        else:
            result.append(left[one])
            one += 1
    return result + left[one:] + right[other:]


def failing(_run: Run, message: Any) -> Any:
    """Fail."""
    raise JsonataError("D3137", "$error() function evaluated" if message is UNDEFINED else message)


def asserted(_run: Run, condition: Any, message: Any) -> Any:
    """Fail unless the condition holds."""
    if not truth(condition):
        raise JsonataError("D3141", "$assert() statement failed" if message is UNDEFINED else message)
    return UNDEFINED
