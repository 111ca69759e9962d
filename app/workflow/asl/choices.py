"""The rules of a Choice in the language JSONPath: comparisons, assertions on types, And, Or and Not."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from ..kernel.errors import RUNTIME
from .context import failed
from .intrinsics import same
from .paths import MISSING
from .query import InvalidDefinitionError
from .templates import Reference, Scope, compile_path

Test = Callable[[Scope], bool]
_Compare = Callable[[Any, Any], bool]
DEEPEST: Final = 100
"""How deep And, Or and Not may be nested."""
_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_timestamp(text: Any) -> int | None:
    """Give the nanoseconds since the epoch that an ISO 8601 instant with an offset says, None when it is none."""
    found = _TIMESTAMP.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, *zone = found.groups(default="0")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=_offset(*zone))
        whole = (moment - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return whole * 1_000_000_000 + int((fraction + "000000000")[:9])


def _offset(zulu: str, sign: str, hours: str, minutes: str) -> timezone:
    if zulu in "Zz":
        return UTC
    return timezone(timedelta(minutes=int(sign + "1") * (int(hours) * 60 + int(minutes))))


def compile_rule(raw: Mapping[str, Any], depth: int = 0) -> Test:
    """Read one rule, without its Next. Raises InvalidDefinitionError."""
    if depth > DEEPEST:
        raise InvalidDefinitionError(f"Rules are nested more than {DEEPEST} deep")
    for field, combine in _COMBINED.items():
        if field in raw:
            return combine([compile_rule(part, depth + 1) for part in raw[field]])
    if "Not" in raw:
        inner = compile_rule(raw["Not"], depth + 1)
        return lambda scope: not inner(scope)
    return _comparison(raw)


def _all_of(tests: list[Test]) -> Test:
    return lambda scope: all(test(scope) for test in tests)


def _one_of(tests: list[Test]) -> Test:
    return lambda scope: any(test(scope) for test in tests)


_COMBINED: Final[Mapping[str, Callable[[list[Test]], Test]]] = {"And": _all_of, "Or": _one_of}


def _comparison(raw: Mapping[str, Any]) -> Test:
    name = _operator(raw)
    expected = raw[name]
    find, _ = compile_path(raw["Variable"])
    if name == "IsPresent":
        return lambda scope: (find(scope) is not MISSING) is expected
    read = _present(find, raw["Variable"])
    if name in ASSERTIONS:
        holds = ASSERTIONS[name]
        return lambda scope: holds(read(scope)) is expected
    compare = COMPARISONS[name.removesuffix("Path")]
    if name not in COMPARISONS:
        other = _present(compile_path(expected)[0], expected)
        return lambda scope: compare(read(scope), other(scope))
    return lambda scope: compare(read(scope), expected)


def _operator(raw: Mapping[str, Any]) -> str:
    names = [name for name in raw if name.removesuffix("Path") in COMPARISONS or name in ASSERTIONS]
    if len(names) != 1 or "Variable" not in raw:
        raise InvalidDefinitionError("A rule needs a Variable and one operator")
    return names[0]


def _present(find: Reference, text: str) -> Reference:
    def read(scope: Scope) -> Any:
        value = find(scope)
        if value is MISSING:
            raise failed(
                scope.visit,
                RUNTIME,
                f"Invalid path '{text}': The choice state's condition path references an invalid value.",
            )
        return value

    return read


def _utf16(text: str) -> bytes:
    # AWS compares texts as Java does: by UTF-16 units.
    return text.encode("utf-16-be", "surrogatepass")


def _strings(compare: _Compare) -> _Compare:
    return lambda one, other: isinstance(one, str) and isinstance(other, str) and compare(_utf16(one), _utf16(other))


def is_number(value: Any) -> bool:
    """Tell whether a JSON value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _numbers(compare: _Compare) -> _Compare:
    return lambda one, other: is_number(one) and is_number(other) and compare(one, other)


def _timestamps(compare: _Compare) -> _Compare:
    def holds(one: Any, other: Any) -> bool:
        first, second = read_timestamp(one), read_timestamp(other)
        return first is not None and second is not None and compare(first, second)

    return holds


def _booleans(one: Any, other: Any) -> bool:
    return isinstance(one, bool) and same(one, other)


def matches(text: Any, pattern: Any) -> bool:
    r"""Tell whether a text fits a pattern, in which ``*`` stands for any letters and ``\*`` for itself.

    In time proportional to their lengths: the pattern may be hostile.
    """
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    first, *middle = _parts(pattern)
    if not middle:
        return text == first
    last = middle.pop()
    end = _after(text, middle, len(first)) if text.startswith(first) else -1
    return 0 <= end <= len(text) - len(last) and text.endswith(last)


def _after(text: str, parts: list[str], place: int) -> int:
    """Give the first place behind all parts, one after another, -1 when one of them is not there."""
    for part in parts:
        found = text.find(part, place)
        if found < 0:
            return -1
        place = found + len(part)
    return place


def _parts(pattern: str) -> list[str]:
    parts: list[list[str]] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            parts[-1].append(next(letters, "\\"))
        elif letter == "*":
            parts.append([])
        else:
            parts[-1].append(letter)
    return ["".join(part) for part in parts]


_ORDERS: Final[dict[str, _Compare]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
COMPARISONS: Final[dict[str, _Compare]] = {
    **{f"String{name}": _strings(compare) for name, compare in _ORDERS.items()},
    **{f"Numeric{name}": _numbers(compare) for name, compare in _ORDERS.items()},
    **{f"Timestamp{name}": _timestamps(compare) for name, compare in _ORDERS.items()},
    "BooleanEquals": _booleans,
    "StringMatches": matches,
}
"""Operators that compare a value with another; all but StringMatches also with the suffix ``Path``."""
ASSERTIONS: Final[dict[str, Callable[[Any], bool]]] = {
    "IsNull": lambda value: value is None,
    "IsPresent": lambda value: value is not MISSING,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: read_timestamp(value) is not None,
}
