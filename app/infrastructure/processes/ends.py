"""Who waits in this process for executions to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from app.workflow.kernel import events as e
from app.workflow.runtime.store import Key

_ENDS: Final = frozenset({e.ExecutionSucceeded, e.ExecutionFailed, e.ExecutionTimedOut, e.ExecutionAborted})


class Ends:
    """A listener of the engine: passes on which executions have ended, once that is on disk."""

    def __init__(self) -> None:
        self._told: list[Callable[[Key], None]] = []

    def listen(self, told: Callable[[Key], None]) -> None:
        """Have a function called for each end, on the thread that all executions advance on."""
        self._told.append(told)

    def told(self, key: Key, machine: str, events: Sequence[e.Event]) -> None:
        """Take note of a commit."""
        del machine
        # Every commit comes by here: a generator costs three times as much as this.
        for event in events:
            if type(event) in _ENDS:
                self._tell(key)
                return

    def _tell(self, key: Key) -> None:
        for told in self._told:
            told(key)
