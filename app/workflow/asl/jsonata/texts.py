"""The library's functions over texts."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from .calls import apply, match
from .errors import JsonataError
from .run import Run
from .values import UNDEFINED, Items, limited, sequence, text

_ENDLESS: Final = float("inf")


def string(_run: Run, value: Any, pretty: Any) -> Any:
    """As a text: JSON, unless it is one."""
    return text(value, pretty=pretty is True)


def _limit(limit: Any, code: str) -> float:
    if limit is UNDEFINED:
        return _ENDLESS
    if limit < 0:
        raise JsonataError(code, value=limit, index=4 if code == "D3011" else 3)
    return float(limit)


def substring(_run: Run, value: Any, start: Any, length: Any) -> Any:
    """Give a part, by characters; a negative start counts from the end."""
    if value is UNDEFINED:
        return UNDEFINED
    if start is UNDEFINED:
        return value if length is UNDEFINED else ""
    first = 0 if len(value) + start < 0 else start
    return value[int(first) :] if length is UNDEFINED else _part(value, first, length)


def _part(value: str, start: float, length: float) -> str:
    if length <= 0:
        return ""
    end = start + length if start >= 0 else len(value) + start + length
    return value[int(start) : int(end)]


def before(_run: Run, value: Any, part: Any) -> Any:
    """Give what comes before the part; all of it when the part is not there."""
    return value if value is UNDEFINED or part is UNDEFINED else value.split(part, 1)[0] if part else ""


def after(_run: Run, value: Any, part: Any) -> Any:
    """Give what comes after the part; all of it when the part is not there."""
    if value is UNDEFINED or part is UNDEFINED:
        return value
    head, found, tail = value.partition(part) if part else ("", "", value)
    return tail if found or not part else head


def lower(_run: Run, value: Any) -> Any:
    """In small letters."""
    return value if value is UNDEFINED else value.lower()


def upper(_run: Run, value: Any) -> Any:
    """In capital letters."""
    return value if value is UNDEFINED else value.upper()


def length(_run: Run, value: Any) -> Any:
    """How many characters."""
    return UNDEFINED if value is UNDEFINED else len(value)


def trim(_run: Run, value: Any) -> Any:
    """Without space at the ends, and one space between words."""
    if value is UNDEFINED:
        return UNDEFINED
    return re.sub(r"[ \t\n\r]+", " ", value).removeprefix(" ").removesuffix(" ")


def pad(_run: Run, value: Any, width: Any, character: Any) -> Any:
    """To a width, at the end; at the start for a negative one."""
    if value is UNDEFINED:
        return UNDEFINED
    missing = int(abs(width)) - len(value)
    if missing <= 0:
        return value
    with_ = character if character is not UNDEFINED and character else " "
    limited(_Sized(len(value) + missing))
    padding = (with_ * (missing // len(with_) + 1))[:missing]
    return value + padding if width > 0 else padding + value


class _Sized:
    """Something as long as it says: to ask for room before it is taken."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size


def _wide(value: str) -> int:
    """Count the characters that are two UTF-16 code units, which the reference counts."""
    return 0 if value.isascii() else sum(character > "\uffff" for character in value)


def _matches(run: Run, pattern: Any, value: str, most: float) -> Iterator[dict[str, Any]]:
    """Give the matches, as many as wanted at most."""
    done = 0
    found: Any = match(run, pattern, [value]) if most > 0 else UNDEFINED
    while found is not UNDEFINED:
        yield found
        done += 1
        found = match(run, found["next"], []) if done < most else UNDEFINED


def matched(run: Run, value: Any, pattern: Any, limit: Any) -> Any:
    """All matches of a pattern."""
    if value is UNDEFINED:
        return UNDEFINED
    result = sequence()
    place = wide = 0
    for found in _matches(run, pattern, value, _limit(limit, "D3040")):
        start = int(found["start"])
        place, wide = start, wide + _wide(value[place:start])
        result.append({"match": found["match"], "index": start + wide, "groups": found["groups"]})
    return result


def contains(run: Run, value: Any, token: Any) -> Any:
    """Whether the text, or a match of the pattern, is there."""
    if value is UNDEFINED or token is UNDEFINED:
        return UNDEFINED if value is UNDEFINED else False
    return token in value if isinstance(token, str) else match(run, token, [value]) is not UNDEFINED


def split(run: Run, value: Any, separator: Any, limit: Any) -> Any:
    """Give the parts between the separators."""
    if value is UNDEFINED:
        return UNDEFINED
    most = _limit(limit, "D3020")
    if not isinstance(separator, str):
        return _split_at(run, value, separator, most)
    parts = value.split(separator) if separator else list(value)
    return limited(parts if most == _ENDLESS else parts[: int(most)])


def _split_at(run: Run, value: str, pattern: Any, most: float) -> list[str]:
    result: list[str] = []
    start = 0
    for found in _matches(run, pattern, value, most):
        result.append(value[start : int(found["start"])])
        start = int(found["end"])
    if len(result) < most:
        result.append(value[start:])
    limited(result)
    return result


def join(_run: Run, values: Any, separator: Any) -> Any:
    """Give the texts as one."""
    if values is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    size = sum(map(len, values)) + len(between) * len(values)
    limited(_Sized(size))
    return between.join(values)


def replace(run: Run, value: Any, pattern: Any, replacement: Any, limit: Any) -> Any:
    """With something else in place of each match."""
    if value is UNDEFINED:
        return UNDEFINED
    if pattern == "":
        raise JsonataError("D3010", value=pattern, index=2)
    most = _limit(limit, "D3011")
    if isinstance(pattern, str):
        return _replaced(run, value, pattern, replacement, most)
    parts: list[str] = []
    place = 0
    for found in _matches(run, pattern, value, most):
        parts += [value[place : int(found["start"])], _replacing(run, replacement, found)]
        place = int(found["start"]) + len(found["match"])
    limited(_Sized(sum(map(len, parts))))
    return "".join([*parts, value[place:]])


def _replacing(run: Run, replacement: Any, found: dict[str, Any]) -> str:
    if isinstance(replacement, str):
        return _filled(replacement, found)
    new = apply(run, replacement, [found], None)
    if not isinstance(new, str):
        raise JsonataError("D3012", value=new)
    return new


def _replaced(run: Run, value: str, pattern: str, replacement: Any, most: float) -> Any:
    times = value.count(pattern) if most == _ENDLESS else min(value.count(pattern), math.ceil(most))
    run.spend(times)
    new = replacement if isinstance(replacement, str) else text(replacement)
    limited(_Sized(len(value) + times * (len(new) - len(pattern))))
    return value.replace(pattern, new, times)


def _filled(replacement: str, found: dict[str, Any]) -> str:
    """Fill ``$0``, ``$1`` ... with what the groups have matched."""
    parts: list[str] = []
    place = 0
    while (sign := replacement.find("$", place)) >= 0:
        filled, end = _reference(replacement, sign + 1, found)
        parts += [replacement[place:sign], filled]
        place = end
    return "".join([*parts, replacement[place:]])


def _reference(replacement: str, place: int, found: dict[str, Any]) -> tuple[str, int]:
    """Give what the ``$`` before the place stands for, and where it ends."""
    if replacement.startswith("$", place):
        return "$", place + 1
    if replacement.startswith("0", place):
        return found["match"], place + 1
    groups = found["groups"]
    number = _group_number(replacement, place, len(groups))
    if number is None:
        return "$", place
    return groups[number - 1] or "" if 0 < number <= len(groups) else "", place + len(str(number))


def _group_number(replacement: str, place: int, groups: int) -> int | None:
    """Read the number of a group: of as many digits as the highest one has, or one less when there is no such group."""
    widest = len(str(groups)) if groups else 1
    digits = "".join(takewhile(str.isdecimal, replacement[place : place + widest]))
    if widest > 1 and digits and int(digits) > groups:
        digits = digits[: widest - 1]
    return int(digits) if digits else None


def encoded(_run: Run, value: Any) -> Any:
    """In Base64, each character as the byte of its lowest bits, as ``btoa`` of the reference does."""
    if value is UNDEFINED:
        return UNDEFINED
    units = value.encode("utf-16-le", "surrogatepass")[::2]
    return base64.b64encode(units).decode("ascii")


def decoded(_run: Run, value: Any) -> Any:
    """Out of Base64, each byte a character."""
    if value is UNDEFINED:
        return UNDEFINED
    letters = re.sub(r"[^A-Za-z0-9+/]", "", value.replace("-", "+").replace("_", "/").split("=", 1)[0])
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


_COMPONENT: Final = "-_.!~*'()"
_WHOLE: Final = _COMPONENT + ";,/?:@&=+$#"
_RESERVED: Final = re.compile("%(?=" + "|".join(f"{ord(sign):02X}" for sign in ";/?:@&=+$,#") + ")", re.IGNORECASE)


def _quoted(value: Any, safe: str, name: str) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    try:
        return quote(value, safe=safe)
    except UnicodeEncodeError:
        raise JsonataError("D3140", value=value, token=name) from None


def url_component(_run: Run, value: Any) -> Any:
    """As a part of a URL."""
    return _quoted(value, _COMPONENT, "encodeUrlComponent")


def url(_run: Run, value: Any) -> Any:
    """As a URL."""
    return _quoted(value, _WHOLE, "encodeUrl")


def _unquoted(value: Any, kept: re.Pattern[str] | None, name: str) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if re.search(r"%(?![0-9a-fA-F]{2})", value):
        raise JsonataError("D3140", value=value, token=name)
    shielded = kept.sub("%25", value) if kept else value
    try:
        return unquote_to_bytes(shielded.encode("utf-8", "surrogatepass")).decode("utf-8")
    except UnicodeDecodeError:
        raise JsonataError("D3140", value=value, token=name) from None


def from_url_component(_run: Run, value: Any) -> Any:
    """From a part of a URL."""
    return _unquoted(value, None, "decodeUrlComponent")


def from_url(_run: Run, value: Any) -> Any:
    """From a URL; what has a meaning in one stays encoded."""
    return _unquoted(value, _RESERVED, "decodeUrl")


def clone(_run: Run, value: Any) -> Any:
    """Give the same; values never change, so that no copy is needed."""
    return Items(value, sequence=value.sequence) if isinstance(value, Items) else value
