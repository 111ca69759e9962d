"""Running what was compiled: bounds, bindings, and the one function every part of an expression goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .errors import JsonataError
from .values import UNDEFINED, Items

DEEPEST: Final = 100
"""Levels that evaluations may nest, as on AWS (measured there: 1+1+...+1 of 100 terms runs, of 101 does not)."""
LONGEST: Final = 300_000
"""Evaluations of one expression. AWS stops by the clock; a count gives the same end in every replay."""
_MEASURE: Final = 1_000


class Run:
    """One evaluation of an expression: how deep and how long it is by now, and where time and chance come from.

    ``now`` is in milliseconds since the epoch; ``chance`` gives a number in [0, 1) for each place it is asked for.
    """

    __slots__ = ("_chance", "_drawn", "count", "depth", "now")

    def __init__(self, now: int, chance: Callable[[int], float]) -> None:
        self.now = now
        self._chance = chance
        self._drawn = 0
        self.depth = 0
        self.count = 0

    def draw(self) -> float:
        """Give a number in [0, 1), another one each time."""
        self._drawn += 1
        return self._chance(self._drawn - 1)

    def handle(self, value: Any) -> None:
        """Count the work of going once over a text or an array."""
        if isinstance(value, str):
            self.spend(len(value))
        elif isinstance(value, (list, dict)):
            self.spend(10 * len(value))

    def spend(self, steps: float) -> None:
        """Count work that is not an evaluation, of which ``_MEASURE`` small steps count as one."""
        self.count += int(steps) // _MEASURE
        if self.count > LONGEST:
            raise too_long()


def too_long() -> JsonataError:
    """Give the error for an expression that does not end."""
    return JsonataError("", "Expression evaluation timeout: Check for infinite loop")


def too_deep(depth: int) -> JsonataError:
    """Give the error for evaluations nested too deeply."""
    advice = "Check for non-terminating recursive function. Consider rewriting as tail-recursive."
    return JsonataError("", f"Stack overflow error: {advice} Depth={depth} max={DEEPEST}")


class Bindings:
    """Variables, and those around them."""

    __slots__ = ("_around", "_own")

    def __init__(self, around: Bindings | None = None, own: dict[str, Any] | None = None) -> None:
        self._around = around
        self._own: dict[str, Any] = {} if own is None else own

    def bind(self, name: str, value: Any) -> None:
        """Set a variable here."""
        self._own[name] = value

    def look_up(self, name: str) -> Any:
        """Give the value of a variable; nothing when there is none."""
        scope: Bindings | None = self
        while scope is not None:
            if name in scope._own:  # noqa: SLF001 - its own kind
                return scope._own[name]  # noqa: SLF001
            scope = scope._around  # noqa: SLF001
        return UNDEFINED


Evaluate: TypeAlias = Callable[[Run, Any, Bindings], Any]
Compile: TypeAlias = Callable[[Any], Evaluate]
"""From a node of the parsed expression to the function that evaluates it."""


def counted(inner: Evaluate, *, keep: bool) -> Evaluate:
    """Count evaluations and their depth, and unwrap a sequence of one."""

    def evaluate(run: Run, given: Any, bindings: Bindings) -> Any:
        run.depth += 1
        run.count += 1
        if run.depth > DEEPEST:
            raise too_deep(run.depth)
        if run.count > LONGEST:
            raise too_long()
        result = inner(run, given, bindings)
        run.depth -= 1
        if type(result) is Items and result.sequence and not result.stream:
            if keep:
                result.keep = True
            if len(result) < 2:
                return _unwrapped(result)
        return result

    return evaluate


def _unwrapped(result: Items) -> Any:
    if not result:
        return UNDEFINED
    return result if result.keep else result[0]
