"""Chance that can be repeated: drawn from a seed and the place, never from a generator with a state."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_WORDS: Final = float(1 << 53)


def fraction(seed: str, *place: object) -> float:
    """Give a number in [0, 1), the same one for the same seed and place, whoever asks and how often."""
    return (_digest(seed, place) >> 11) / _WORDS


def _digest(seed: str, place: tuple[object, ...]) -> int:
    text = "\x1f".join((seed, *map(str, place)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
