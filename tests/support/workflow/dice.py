"""Chance that can be repeated: a small generator, quick to make anew for each of a million seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

_T = TypeVar("_T")
_MASK: Final = (1 << 64) - 1


class Dice:
    """Numbers from a seed (splitmix64, public domain: Vigna 2015)."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = (seed * 0x9E3779B97F4A7C15 + 0x1234567) & _MASK

    def _next(self) -> int:
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, end: int) -> int:
        """Give a whole number from 0 to ``end`` - 1."""
        return self._next() % end

    def one_in(self, n: int) -> bool:
        """Tell yes once in ``n`` times."""
        return self._next() % n == 0

    def pick(self, things: Sequence[_T]) -> _T:
        """Give one of them."""
        return things[self._next() % len(things)]
