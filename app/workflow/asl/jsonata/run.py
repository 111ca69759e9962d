"""One evaluation of an expression: what it may cost, and where time and chance come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .errors import JsonataError

DEEPEST: Final = 100
"""Levels that evaluations may nest, as on AWS (measured there: 1+1+...+1 of 100 terms runs, of 101 does not)."""
LONGEST: Final = 300_000
"""Evaluations of one expression. AWS stops by the clock; a count gives the same end in every replay."""
_MEASURE: Final = 1_000
_ITEM: Final = 40
"""Small steps that an item of an array or a field of an object costs wherever all are looked at, its room included."""


class Run:
    """One evaluation of an expression: how deep and how long it is by now, and where time and chance come from.

    ``now`` is in milliseconds since the epoch; ``chance`` gives a number in [0, 1) for each place it is asked for.
    """

    __slots__ = ("_chance", "_drawn", "_small", "count", "depth", "now")

    def __init__(self, now: int, chance: Callable[[int], float]) -> None:
        self.now = now
        self._chance = chance
        self._drawn = 0
        self.depth = 0
        self.count = 0
        self._small = 0

    def draw(self) -> float:
        """Give a number in [0, 1), another one each time."""
        self._drawn += 1
        return self._chance(self._drawn - 1)

    def handle(self, value: Any) -> None:
        """Count the work of going once over a text or an array."""
        if isinstance(value, str):
            self.spend(len(value))
        elif isinstance(value, (list, dict)):
            self.spend(_ITEM * len(value))

    def make(self, count: int = 1) -> None:
        """Count the making of so many values that are neither texts nor numbers, or the calls of functions."""
        self.count += count
        if self.count > LONGEST:
            raise too_long()

    def spend(self, steps: float) -> None:
        """Count work that is not an evaluation, of which ``_MEASURE`` small steps count as one."""
        self._small += int(steps)
        if self._small >= _MEASURE:
            more, self._small = divmod(self._small, _MEASURE)
            self.make(more)


def too_long() -> JsonataError:
    """Give the error for an expression that does not end."""
    return JsonataError("", "Expression evaluation timeout: Check for infinite loop")


def too_deep(depth: int) -> JsonataError:
    """Give the error for evaluations nested too deeply."""
    advice = "Check for non-terminating recursive function. Consider rewriting as tail-recursive."
    return JsonataError("", f"Stack overflow error: {advice} Depth={depth} max={DEEPEST}")
