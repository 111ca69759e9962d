"""What JSONata computes with: JSON values, ``UNDEFINED`` for nothing, sequences that unwrap, functions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .errors import JsonataError

if TYPE_CHECKING:
    from .run import Run

MEMORY: Final = 6_990_256
"""Bytes that one value may take, a number counted as eight and a character as one (measured on AWS)."""
EXACT: Final = 2**63
"""Integers below this (and not below its negative) stay exact, as on AWS; beyond it a number is a double."""


class Undefined:
    """Nothing: what a path gives that leads nowhere. JSON null is None."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class Items(list[Any]):
    """An array that knows where it comes from.

    ``sequence``: the result of a path, which is its only item when it has one. ``keep``: it stays an array even so
    (``[]`` was written). ``cons``: written as ``[...]``, so it is not flattened. ``stream``: of tuples of bindings.
    """

    __slots__ = ("cons", "keep", "sequence", "stream")

    def __init__(self, items: Any = (), *, sequence: bool = False, cons: bool = False) -> None:
        super().__init__(items)
        self.sequence = sequence
        self.cons = cons
        self.keep = False
        self.stream = False


class Function:
    """Anything that can be called. ``arity`` is how many arguments it looks at."""

    __slots__ = ("arity", "name")

    def __init__(self, name: str, arity: int) -> None:
        self.name = name
        self.arity = arity

    def call(self, run: Run, args: list[Any], context: Any) -> Any:
        """Give the result for these arguments; ``context`` stands in for those that may be left out."""
        raise NotImplementedError


Native = Callable[..., Any]


def sequence(*items: Any) -> Items:
    """Give a sequence of the items."""
    return Items(items, sequence=True)


def is_sequence(value: Any) -> bool:
    """Tell whether the value unwraps when it holds one item."""
    return isinstance(value, Items) and value.sequence


def is_number(value: Any) -> bool:
    """Tell whether the value is a number to reckon with. Raises D1001 for an infinite one; NaN is none."""
    kind = type(value)
    if kind is not float:
        return kind is int
    if math.isinf(value):
        raise JsonataError("D1001", value=value)
    return not math.isnan(value)


def is_numbers(value: Any) -> bool:
    """Tell whether the value is an array of numbers only."""
    return isinstance(value, list) and all(map(is_number, value))


def is_real(value: Any) -> bool:
    """Tell whether the value is a number, be it infinite or NaN."""
    return type(value) in _REAL


def listed(value: Any) -> list[Any]:
    """Give the value as an array: itself, or the only item of one."""
    return value if isinstance(value, list) else [value]


def number(value: Any) -> float:
    """Give a number as JSON shows it: whole ones below 1e21 as integers."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    made: float = value
    return made


def symbol(value: Any) -> str:
    """Give the letter that a signature has for a value: s, n, b, l, a, o, f, or m when it is missing."""
    return _SYMBOLS.get(type(value)) or ("f" if isinstance(value, Function) else "o")


_REAL: Final = frozenset({int, float})
_PLAIN: Final = frozenset({type(None), bool, str, int})
_SYMBOLS: Final[dict[type, str]] = {
    type(None): "l",
    bool: "b",
    str: "s",
    int: "n",
    float: "n",
    list: "a",
    Items: "a",
    dict: "o",
    Undefined: "m",
}


def truth(value: Any) -> bool:
    """Cast to a boolean as ``$boolean`` does; nothing is false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return any(map(truth, value))
    if isinstance(value, (int, float)):
        return is_number(value) and value != 0
    return isinstance(value, (str, dict)) and bool(value)


def equal(run: Run, left: Any, right: Any) -> bool:
    """Compare deeply; unlike in Python a boolean is never a number."""
    if isinstance(left, list):
        return _equal_arrays(run, left, right)
    if isinstance(left, dict):
        return _equal_objects(run, left, right)
    if is_real(left):
        return is_real(right) and float(left) == float(right)
    return type(left) is type(right) and bool(left == right)


def _equal_arrays(run: Run, left: list[Any], right: Any) -> bool:
    if left is right or not isinstance(right, list) or len(left) != len(right):
        return left is right
    run.spend(200 * len(left))
    return all(equal(run, one, other) for one, other in zip(left, right, strict=True))


def _equal_objects(run: Run, left: dict[str, Any], right: Any) -> bool:
    if left is right or not isinstance(right, dict) or left.keys() != right.keys():
        return left is right
    run.spend(200 * len(left))
    return all(equal(run, value, right[key]) for key, value in left.items())


def append(left: Any, right: Any) -> Any:
    """Put two values into one array, as ``$append``: nothing adds nothing."""
    if left is UNDEFINED:
        return right
    if right is UNDEFINED:
        return left
    return limited([*listed(left), *listed(right)])


def limited(value: Any) -> Any:
    """Give the value back when it is small enough.

    Raises JsonataError for one that AWS has no memory for.
    """
    size = len(value) * 8 if isinstance(value, list) else len(value)
    if size > MEMORY:
        raise out_of_memory()
    return value


def out_of_memory() -> JsonataError:
    """Give the error for a value that would be too large."""
    return JsonataError("", "Expression evaluation memory limit exceeded")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of the pairs of a JSON text. Raises ValueError for a key that is there twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")
    return made


def text(value: Any, *, pretty: bool = False) -> Any:
    """Cast to a string as ``$string`` does: JSON, with fractions of fifteen digits; nothing stays nothing."""
    if value is UNDEFINED or isinstance(value, str):
        return value
    if isinstance(value, Function):
        return ""
    return limited(_json(value, "\n" if pretty else ""))


def _json(value: Any, line: str) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if is_real(value):
        return digits(value)
    if isinstance(value, list):
        return _list(value, line)
    if isinstance(value, Mapping):
        return _object(value, line)
    return _WORDS.get(value, '""')


_WORDS: Final[dict[Any, str]] = {None: "null", True: "true", False: "false"}


def _list(value: list[Any], line: str) -> str:
    if not value:
        return "[]"
    inner = line and line + "  "
    return f"[{inner}{f',{inner}'.join(_json(item, inner) for item in value)}{line}]"


def _object(value: Mapping[str, Any], line: str) -> str:
    if not value:
        return "{}"
    inner, colon = (line + "  ", ": ") if line else ("", ":")
    pairs = (f"{json.dumps(key, ensure_ascii=False)}{colon}{_json(item, inner)}" for key, item in value.items())
    return f"{{{inner}{f',{inner}'.join(pairs)}{line}}}"


def digits(value: float) -> str:
    """Write a number as JavaScript does, fractions cut to fifteen digits, whole numbers in full below 1e21."""
    if isinstance(value, int):
        if -EXACT <= value < EXACT:
            return str(value)
        value = float(value)
    if not math.isfinite(value):
        return _endless(value)
    return javascript(value if value.is_integer() else float(f"{value:.15g}"))


def _endless(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def javascript(value: float) -> str:
    """Write a finite double by the shortest digits that read back as itself, laid out as ECMAScript says."""
    if value == 0:
        return "0"
    sign, ciphers, exponent = Decimal(repr(value)).normalize().as_tuple()
    shown = "".join(map(str, ciphers))
    return ("-" if sign else "") + _laid_out(shown, len(shown) + int(exponent))


def _laid_out(shown: str, point: int) -> str:
    """Write digits with the point behind so many of them."""
    if len(shown) <= point <= 21:
        return shown + "0" * (point - len(shown))
    if 0 < point <= 21:
        return f"{shown[:point]}.{shown[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{shown}"
    fraction = f".{shown[1:]}" if len(shown) > 1 else ""
    return f"{shown[0]}{fraction}e{point - 1:+d}"


def plain(value: Any) -> Any:
    """Give the value as plain JSON: infinite numbers become texts, as on AWS. Raises TypeError for a function."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list):
        return list(map(plain, value))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return _finite(value)
    raise TypeError("function")


def _finite(value: float) -> Any:
    return value if math.isfinite(value) else digits(value)
