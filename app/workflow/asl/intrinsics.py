"""The intrinsic functions of the language JSONPath (developer guide, "Intrinsics for JSONPath states")."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from .paths import MISSING, Path
from .query import InvalidDefinitionError

DEEPEST: Final = 10
"""How deep calls may be nested."""
LONGEST_TEXT: Final = 10_000
"""Characters that States.Base64Encode, Base64Decode and Hash take."""
LONGEST_RANGE: Final = 1_000
_NAME: Final = re.compile(r"States\.[A-Za-z0-9]+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ESCAPED: Final = re.compile(r"""\\(['"{}\\])""")
_WORD: Final = re.compile(r"true|false|null")
_PIECE: Final = re.compile(r"""'[^']*'?|"[^"]*"?|[^'"]""")
_DEEPER: Final = {"(": 1, "[": 1, ")": -1, "]": -1}
_HOLE: Final = re.compile(r"\\(['{}\\])|\{\}")
_DIGESTS: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class IntrinsicError(Exception):
    """A function cannot do what is asked of it; ``path`` is that of an argument that leads nowhere."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class Draws(Protocol):
    """What a function may ask of the place it stands at."""

    def draw(self, purpose: str) -> float:
        """Draw chance in [0, 1)."""
        ...


Argument = Callable[[Any], Any]
PathCompiler = Callable[[str], tuple[Argument, Path]]


def compile_call(text: str, path: PathCompiler) -> Argument:
    """Read a call; ``path`` reads a path among its arguments. Raises InvalidDefinitionError."""
    reader = _Reader(text, path)
    call = reader.call(1)
    if reader.place != len(text):
        raise reader.wrong()
    return call


class _Reader:
    """Reads one call, from left to right."""

    def __init__(self, text: str, path: PathCompiler) -> None:
        self.text = text
        self.place = 0
        self.path = path

    def wrong(self) -> InvalidDefinitionError:
        return InvalidDefinitionError(f"Invalid intrinsic function '{self.text}'")

    def blanks(self) -> None:
        while self.place < len(self.text) and self.text[self.place] in " \t\r\n":
            self.place += 1

    def take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.place)
        if found is None:
            return None
        self.place = found.end()
        return found[0]

    def call(self, depth: int) -> Argument:
        name = self.take(_NAME) or ""
        known = FUNCTIONS.get(name)
        if known is None or depth > DEEPEST:
            raise self.wrong()
        function, least, most = known
        given = list(self.arguments(depth, raw=name == "States.Format"))
        if not least <= len(given) <= most:
            raise InvalidDefinitionError(f"Invalid number of arguments for {name} in '{self.text}'")
        return lambda scope: function(scope, [argument(scope) for argument in given])

    def arguments(self, depth: int, *, raw: bool) -> Iterator[Argument]:
        """Read the arguments of a call; with ``raw`` the first of them as it is written."""
        self.blanks()
        self.mark("(")
        first = True
        while not self.text.startswith(")", self.place):
            if not first:
                self.mark(",")
            yield self.argument(depth, raw=raw and first)
            self.blanks()
            first = False
        self.place += 1

    def mark(self, letter: str) -> None:
        if not self.text.startswith(letter, self.place):
            raise self.wrong()
        self.place += 1
        self.blanks()

    def argument(self, depth: int, *, raw: bool) -> Argument:
        letter = self.text[self.place : self.place + 1]
        if letter == "$":
            return self.reference()
        if letter == "S":
            return self.call(depth + 1)
        value = self.literal()
        if letter == "'" and not raw:
            value = _ESCAPED.sub(r"\1", value)
        return lambda _scope: value

    def literal(self) -> Any:
        """Read a number, a word or a text in quotes, that as it is written."""
        if self.text.startswith("'", self.place):
            return self.quoted()
        literal = self.take(_NUMBER) or self.take(_WORD)
        if literal is None:
            raise self.wrong()
        try:
            return json.loads(literal, parse_int=_whole_number, parse_float=_real_number)
        except (ValueError, IntrinsicError):
            raise self.wrong() from None

    def quoted(self) -> str:
        """Read a text in quotes, as it is written."""
        begin = self.place = self.place + 1
        text = self.text
        while self.place < len(text) and text[self.place] != "'":
            self.place += 2 if text[self.place] == "\\" else 1
        if self.place >= len(text):
            raise self.wrong()
        self.place += 1
        return text[begin : self.place - 1]

    def reference(self) -> Argument:
        begin = self.place
        self.place = _end_of_path(self.text, begin)
        text = self.text[begin : self.place]
        find, _ = self.path(text)

        def read(scope: Any) -> Any:
            value = find(scope)
            if value is MISSING:
                raise IntrinsicError("", text)
            return value

        return read


def _end_of_path(text: str, place: int) -> int:
    """Give where a path among arguments ends: at what parts them, outside brackets and quotes."""
    depth = 0
    for found in _PIECE.finditer(text, place):
        piece = found[0]
        if piece in ",) " and not depth:
            return found.start()
        depth += _DEEPER.get(piece, 0)
    return len(text)


def _want(value: Any, kind: type | tuple[type, ...], what: str) -> Any:
    if isinstance(value, bool) and kind is not bool:
        raise IntrinsicError(f"Invalid arguments: {what}")
    if not isinstance(value, kind):
        raise IntrinsicError(f"Invalid arguments: {what}")
    return value


def _whole(value: Any, what: str) -> int:
    if type(value) is int:
        return _bounded(value)
    _want(value, (int, float), what)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise IntrinsicError(f"Invalid arguments: {what}")
        # Java's Math.round: halves go up.
        value = math.floor(value + 0.5)
    return _bounded(value)


def _bounded(number: int) -> int:
    """Give a number that fits 64 bits: no store and no client takes more."""
    if not -(2**63) <= number < 2**63:
        raise IntrinsicError("the number is too large")
    return number


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _format(_scope: Draws, given: Sequence[Any]) -> Any:
    template = _want(given[0], str, "the template must be a string")
    values = iter(given[1:])

    def fill(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        value = next(values, MISSING)
        if value is MISSING:
            raise IntrinsicError("the template has more {} than there are arguments")
        return value if isinstance(value, str) else _json(value)

    text = _HOLE.sub(fill, template)
    if next(values, MISSING) is not MISSING:
        raise IntrinsicError("there are more arguments than {} in the template")
    return text


def _string_to_json(_scope: Draws, given: Sequence[Any]) -> Any:
    text = _want(given[0], str, "a string is needed")
    try:
        return json.loads(text, parse_constant=_refused, parse_int=_whole_number, parse_float=_real_number)
    except (ValueError, RecursionError) as error:
        raise IntrinsicError("the string is not valid JSON") from error


def _refused(name: str) -> Any:
    raise ValueError(name)


def _whole_number(digits: str) -> int:
    return _bounded(int(digits))


def _real_number(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refused(digits)


def _json_to_string(_scope: Draws, given: Sequence[Any]) -> Any:
    return _json(given[0])


def _array(_scope: Draws, given: Sequence[Any]) -> Any:
    return list(given)


def _partition(_scope: Draws, given: Sequence[Any]) -> Any:
    values = _want(given[0], list, "an array is needed")
    size = _whole(given[1], "the size of a part must be a number")
    if size <= 0:
        raise IntrinsicError("the size of a part must be more than 0")
    return [values[place : place + size] for place in range(0, len(values), size)]


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal: true is not 1, and 1 is 1.0."""
    kinds = (type(one), type(other))
    if kinds == (list, list):
        return len(one) == len(other) and all(map(same, one, other))
    if kinds == (dict, dict):
        return one.keys() == other.keys() and all(map(same, one.values(), map(other.__getitem__, one)))
    return (bool in kinds) is (kinds == (bool, bool)) and bool(one == other)


def _contains(_scope: Draws, given: Sequence[Any]) -> Any:
    values = _want(given[0], list, "an array is needed")
    return any(same(value, given[1]) for value in values)


def _range(_scope: Draws, given: Sequence[Any]) -> Any:
    first, last, step = (_whole(value, "numbers are needed") for value in given)
    if step == 0:
        raise IntrinsicError("the step must not be 0")
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > LONGEST_RANGE:
        raise IntrinsicError(f"the array would have more than {LONGEST_RANGE} elements")
    return list(numbers)


def _item(_scope: Draws, given: Sequence[Any]) -> Any:
    values = _want(given[0], list, "an array is needed")
    place = _whole(given[1], "the index must be a number")
    if not 0 <= place < len(values):
        raise IntrinsicError(f"the index {place} is out of bounds")
    return values[place]


def _length(_scope: Draws, given: Sequence[Any]) -> Any:
    return len(_want(given[0], list, "an array is needed"))


def _unique(_scope: Draws, given: Sequence[Any]) -> Any:
    values = _want(given[0], list, "an array is needed")
    seen: dict[str, Any] = {}
    for value in values:
        seen.setdefault(json.dumps(value, sort_keys=True), value)
    return list(seen.values())


def _short(value: Any) -> str:
    text: str = _want(value, str, "a string is needed")
    if len(text) > LONGEST_TEXT:
        raise IntrinsicError(f"the string has more than {LONGEST_TEXT} characters")
    return text


def _encode(_scope: Draws, given: Sequence[Any]) -> Any:
    return base64.b64encode(_short(given[0]).encode("utf-8", "surrogatepass")).decode()


def _decode(_scope: Draws, given: Sequence[Any]) -> Any:
    try:
        return base64.b64decode(_short(given[0]), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise IntrinsicError("the string is not valid Base64") from error


def _hash(_scope: Draws, given: Sequence[Any]) -> Any:
    text = _short(given[0] if isinstance(given[0], str) else _json(given[0]))
    name = _DIGESTS.get(_want(given[1], str, "the algorithm must be a string"))
    if name is None:
        raise IntrinsicError(f"the algorithm must be one of {', '.join(_DIGESTS)}")
    return hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _merge(_scope: Draws, given: Sequence[Any]) -> Any:
    one = _want(given[0], dict, "two objects are needed")
    other = _want(given[1], dict, "two objects are needed")
    if given[2] is not False:
        raise IntrinsicError("only shallow merging is supported: the third argument must be false")
    return {**one, **other}


def _random(scope: Draws, given: Sequence[Any]) -> Any:
    first = _whole(given[0], "numbers are needed")
    last = _whole(given[1], "numbers are needed")
    if first >= last:
        raise IntrinsicError("the end must be more than the start")
    if len(given) > 2:
        seed = _whole(given[2], "the seed must be a number")
        digest = hashlib.blake2b(f"{seed}".encode(), digest_size=8).digest()
        return first + int.from_bytes(digest, "big") % (last - first)
    return first + int(scope.draw("random") * (last - first))


def _add(_scope: Draws, given: Sequence[Any]) -> Any:
    return _bounded(_whole(given[0], "numbers are needed") + _whole(given[1], "numbers are needed"))


def _split(_scope: Draws, given: Sequence[Any]) -> Any:
    text = _want(given[0], str, "strings are needed")
    separators = _want(given[1], str, "strings are needed")
    if not separators:
        return [text]
    # Each character of the second argument separates, and empty parts are left out.
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


def _uuid(scope: Draws, _given: Sequence[Any]) -> Any:
    number = 0
    for _ in range(3):
        number = number << 48 | int(scope.draw("uuid") * (1 << 48))
    digits = f"{number & (1 << 128) - 1:032x}"
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


_Function = Callable[[Any, Sequence[Any]], Any]
FUNCTIONS: Final[dict[str, tuple[_Function, int, int]]] = {
    "States.Format": (_format, 1, 1_000),
    "States.StringToJson": (_string_to_json, 1, 1),
    "States.JsonToString": (_json_to_string, 1, 1),
    "States.Array": (_array, 0, 1_000),
    "States.ArrayPartition": (_partition, 2, 2),
    "States.ArrayContains": (_contains, 2, 2),
    "States.ArrayRange": (_range, 3, 3),
    "States.ArrayGetItem": (_item, 2, 2),
    "States.ArrayLength": (_length, 1, 1),
    "States.ArrayUnique": (_unique, 1, 1),
    "States.Base64Encode": (_encode, 1, 1),
    "States.Base64Decode": (_decode, 1, 1),
    "States.Hash": (_hash, 2, 2),
    "States.JsonMerge": (_merge, 3, 3),
    "States.MathRandom": (_random, 2, 3),
    "States.MathAdd": (_add, 2, 2),
    "States.StringSplit": (_split, 2, 2),
    "States.UUID": (_uuid, 0, 0),
}
"""By name: the function, and how many arguments it takes at least and at most."""
