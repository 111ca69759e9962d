"""What Step Functions adds to JSONata. Source: developer guide, "Step Functions JSONata functions"; measured there.

Fractions are cut towards zero; several arguments give nothing rather than an error, and so fail the field.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Final

from .errors import JsonataError
from .run import Run
from .values import EXACT, UNDEFINED, Items, number, out_of_memory, unique

_HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_RANGE: Final = 360_145
_MULTIPLIER: Final = 0x5DEECE66D
_48: Final = (1 << 48) - 1


def partition(run: Run, values: Any, size: Any) -> Any:
    """Give the values in chunks."""
    if values is UNDEFINED or not values:
        return UNDEFINED
    if values == [None]:
        raise JsonataError("T0412", index=1, value=None, type="arrays")
    return [list(values)] if size is UNDEFINED else _chunks(run, values, math.trunc(size))


def _chunks(run: Run, values: list[Any], size: int) -> Any:
    if size < 0:
        raise JsonataError("D3137", "Second argument must be zero or greater")
    if size == 0:
        return UNDEFINED
    run.make(len(values) // size)
    return [list(values[start : start + size]) for start in range(0, len(values), size)]


def ranged(_run: Run, start: Any, end: Any, step: Any) -> Any:
    """Give the numbers from one to another."""
    if UNDEFINED in (start, end, step):
        return UNDEFINED
    first, last, by = math.trunc(start), math.trunc(end), math.trunc(step)
    if by == 0:
        return UNDEFINED
    numbers = range(first, last + (1 if by > 0 else -1), by)
    if numbers and (last - first) // by + 1 > _RANGE:
        raise out_of_memory()
    return Items(numbers, sequence=True)


def hashed(_run: Run, value: Any, algorithm: Any) -> Any:
    """Give the hash of a text, in hexadecimal."""
    if value is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    name = _HASHES.get(algorithm)
    if name is None:
        raise JsonataError("D3137", f"Invalid algorithm. Supported algorithms: {', '.join(_HASHES)}")
    return hashlib.new(name, value.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def chance(run: Run, seed: Any) -> float:
    """Give a number from 0 to below 1; with a seed always the same one, which is that of java.util.Random."""
    if seed is UNDEFINED:
        return run.draw()
    state = (math.trunc(seed) ^ _MULTIPLIER) & _48
    bits = 0
    for size in (26, 27):
        state = (state * _MULTIPLIER + 0xB) & _48
        bits = (bits << size) + (state >> (48 - size))
    return bits / (1 << 53)


def uuid(run: Run) -> str:
    """Give a random UUID (version 4)."""
    bits = int(run.draw() * (1 << 53)) << 75 | int(run.draw() * (1 << 53)) << 22 | int(run.draw() * (1 << 22))
    digits = f"{bits & ~(0xF << 76) & ~(0x3 << 62) | 4 << 76 | 2 << 62:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def parse(_run: Run, value: Any) -> Any:
    """Give the value that a JSON text stands for."""
    if value is UNDEFINED:
        return UNDEFINED
    try:
        return json.loads(
            value, parse_int=_integer, parse_float=_fraction, parse_constant=_refused, object_pairs_hook=unique
        )
    except (ValueError, RecursionError):
        raise JsonataError("D3137", "Invalid JSON") from None


def _integer(digits: str) -> float:
    read = int(digits) if len(digits) < 25 else EXACT
    return read if -EXACT <= read < EXACT else _fraction(digits)


def _fraction(digits: str) -> float:
    read = float(digits)
    if not math.isfinite(read):
        raise ValueError(digits)
    return number(read)


def _refused(name: str) -> Any:
    raise ValueError(name)
