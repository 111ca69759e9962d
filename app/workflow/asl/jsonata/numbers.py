"""The library's functions over numbers and instants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from .errors import JsonataError
from .regex import Pattern
from .run import Run
from .syntax import library, pattern_of
from .values import UNDEFINED, number

_PLAIN: Final = re.compile(r"-?(0|([1-9][0-9]*))(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_BASES: Final = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
_TIMESTAMP: Final = re.compile(
    r"(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?(?:T([0-2]\d):([0-5]\d):([0-5]\d))?(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LEAST: Final = (1, 1, 1, 0, 0, 0)
_COMPONENT: Final = re.compile(r"\[\s*([YMDdFWwXxHhPmsf])")
_WEEKS: Final = frozenset("FWwXx")
_LARGER: Final = (
    (frozenset("Y"), "[Y0001]", "%Y"),
    (frozenset("Md"), "[M01]", "%m"),
    (frozenset("D"), "[D01]", "%d"),
    (frozenset("HhP"), "[H01]", "%H"),
    (frozenset("m"), "[m01]", "%M"),
    (frozenset("s"), "[s01]", "%S"),
)
"""From the year down: the components of a picture that say it, and how it is written."""


def total(_run: Run, values: Any) -> Any:
    """Give the sum."""
    if values is UNDEFINED:
        return UNDEFINED
    result: float = 0
    for value in values:
        result += value
    return number(result)


def highest(_run: Run, values: Any) -> Any:
    """Give the highest."""
    return max(values) if values is not UNDEFINED and values else UNDEFINED


def lowest(_run: Run, values: Any) -> Any:
    """Give the lowest."""
    return min(values) if values is not UNDEFINED and values else UNDEFINED


def average(run: Run, values: Any) -> Any:
    """Give the mean."""
    return number(total(run, values) / len(values)) if values is not UNDEFINED and values else UNDEFINED


def cast(_run: Run, value: Any) -> Any:
    """As a number."""
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    found = _as_number(value)
    if not math.isfinite(found):
        raise JsonataError("D3030", value=value, index=1)
    return number(found)


def _as_number(value: str) -> float:
    """Read a number as the reference does; NaN when it is none."""
    if _PLAIN.fullmatch(value):
        return float(value)
    return float(int(value, 0)) if _BASES.fullmatch(value) else math.nan


def absolute(_run: Run, value: Any) -> Any:
    """Without its sign."""
    return UNDEFINED if value is UNDEFINED else abs(value)


def floor(_run: Run, value: Any) -> Any:
    """Give the whole number below."""
    return UNDEFINED if value is UNDEFINED else _whole(value, math.floor)


def ceil(_run: Run, value: Any) -> Any:
    """Give the whole number above."""
    return UNDEFINED if value is UNDEFINED else _whole(value, math.ceil)


def _whole(value: float, cut: Callable[[float], int]) -> float:
    return cut(value) if math.isfinite(value) else value


def rounded(_run: Run, value: Any, precision: Any) -> Any:
    """To so many places, halves to the even digit."""
    if value is UNDEFINED or not math.isfinite(value):
        return value
    return _to_places(value, 0 if precision is UNDEFINED else int(precision))


def _to_places(value: float, places: int) -> float:
    if abs(places) > 400:
        return value if places > 0 else 0
    exact = Decimal(repr(value))
    if -exact.as_tuple().exponent <= places:  # type: ignore[operator]  # it is finite
        return value
    return number(float(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)))


def root(_run: Run, value: Any) -> Any:
    """Give the square root."""
    if value is UNDEFINED:
        return UNDEFINED
    if value < 0:
        raise JsonataError("D3060", value=value, index=1)
    return number(math.sqrt(value))


def power(_run: Run, base: Any, exponent: Any) -> Any:
    """Give the base to the power of the exponent."""
    if base is UNDEFINED:
        return UNDEFINED
    try:
        result = math.pow(base, exponent)
    except (OverflowError, ValueError, TypeError):
        result = math.inf
    if not math.isfinite(result):
        raise JsonataError("D3061", value=base, exp=exponent, index=1)
    return number(result)


def based(run: Run, value: Any, radix: Any) -> Any:
    """In another base."""
    if value is UNDEFINED:
        return UNDEFINED
    whole = int(rounded(run, value, UNDEFINED))
    base = 10 if radix is UNDEFINED else int(rounded(run, radix, UNDEFINED))
    if not 2 <= base <= 36:
        raise JsonataError("D3100", value=base)
    return ("-" if whole < 0 else "") + _ciphers(abs(whole), base)


def _ciphers(rest: int, base: int) -> str:
    written = ""
    while rest:
        rest, digit = divmod(rest, base)
        written = _DIGITS[digit] + written
    return written or "0"


def formatted(_run: Run, value: Any, picture: Any, options: Any) -> Any:
    """By a picture of XPath."""
    if value is UNDEFINED:
        return UNDEFINED
    if options is UNDEFINED and not any(sign in picture for sign in "0123456789#.,;"):
        raise JsonataError("D3086")
    return library("format_number", value, picture, None if options is UNDEFINED else options)


def written(_run: Run, value: Any, picture: Any) -> Any:
    """Give a whole number, by a picture of XPath."""
    return UNDEFINED if value is UNDEFINED else library("format_integer", math.floor(value), picture)


def read(_run: Run, value: Any, picture: Any) -> Any:
    """Give a whole number that was written by a picture of XPath."""
    return UNDEFINED if value is UNDEFINED else library("parse_integer", value, picture)


def shown(_run: Run, millis: Any, picture: Any, zone: Any) -> Any:
    """Give an instant as a text."""
    if millis is UNDEFINED:
        return UNDEFINED
    if picture is UNDEFINED and zone is UNDEFINED:
        return iso(millis)
    return library(
        "datetime_from_millis",
        millis,
        None if picture is UNDEFINED else picture,
        None if zone is UNDEFINED else zone,
    )


def iso(millis: float) -> str:
    """Write an instant as ISO 8601 in UTC, to the millisecond. Raises JsonataError outside the years 1 to 9999."""
    try:
        instant = _EPOCH + timedelta(milliseconds=math.trunc(millis))
    except OverflowError:
        raise JsonataError("", "Invalid time value") from None
    return instant.strftime("%Y-%m-%dT%H:%M:%S.").zfill(20) + f"{instant.microsecond // 1000:03d}Z"


def millis(run: Run, timestamp: Any, picture: Any) -> Any:
    """Give a text as an instant."""
    if timestamp is UNDEFINED:
        return UNDEFINED
    if picture is not UNDEFINED:
        return _by_picture(run, timestamp, picture)
    parts = _TIMESTAMP.fullmatch(timestamp)
    if parts is None:
        raise JsonataError("D3110", value=timestamp)
    try:
        return _since_epoch(*parts.groups())
    except ValueError:
        raise JsonataError("D3110", value=timestamp) from None


def _by_picture(run: Run, timestamp: str, picture: str) -> Any:
    # Python's regular expressions have no bounds: what ours finds in so many steps, they find in as many.
    pattern = Pattern(f"^{pattern_of(picture)}$", ignore_case=True, multiline=False)
    if pattern.search(timestamp, 0, run.spend) is None:
        return UNDEFINED
    known, how = _larger(run.now, picture)
    found = library("datetime_to_millis", known + timestamp, how + picture)
    return UNDEFINED if found is None else found


def _larger(now: float, picture: str) -> tuple[str, str]:
    """Give what a picture leaves open before the first thing it says, as of ``now``, and the picture of that.

    The library would take it from the machine's clock.
    """
    asked = set(_COMPONENT.findall(picture))
    texts, pictures = [], []
    instant = _EPOCH + timedelta(milliseconds=math.trunc(now))
    if asked and not asked & _WEEKS:
        for component, how, code in _LARGER:
            if asked & component:
                break
            texts.append(instant.strftime(code).zfill(2))
            pictures.append(how)
    if "h" in asked and "P" not in asked:
        texts.append(instant.strftime("%p"))
        pictures.append("[P]")
    return "".join(f"{text} " for text in texts), "".join(f"{how} " for how in pictures)


def _since_epoch(*parts: str | None) -> int:
    """Give the milliseconds of a year, month, day, hour, minute, second, fraction and zone; None for one left out."""
    year, month, day, hour, minute, second = (int(part or least) for part, least in zip(parts, _LEAST, strict=False))
    fraction, zone = parts[6:]
    instant = datetime(year, month, day, hour, minute, tzinfo=UTC)
    since = int((instant - _EPOCH) / timedelta(milliseconds=1)) + 1000 * second
    return since + int(Decimal(fraction or 0) * 1000) - _ahead(zone)


def _ahead(zone: str | None) -> int:
    """Give by how many milliseconds clocks of a zone are ahead."""
    if not zone or zone == "Z":
        return 0
    minutes = 60 * int(zone[1:3]) + int(zone[-2:])
    return (1 if zone[0] == "+" else -1) * minutes * 60_000


def now(run: Run, picture: Any, zone: Any) -> Any:
    """Give this instant as a text; the same one throughout."""
    return shown(run, run.now, picture, zone)


def instant(run: Run) -> int:
    """Give this instant in milliseconds; the same one throughout."""
    return run.now
