"""Who writes where one transaction at a time can: the loop, or a handler whose transaction waits for the loop.

A handler in a transaction asks the loop to decide; the loop, waiting to write, would wait for that transaction. So each
takes the gate before it begins, and the loop goes on answering while it waits for it.
"""

from __future__ import annotations

import threading


class Gate:
    """Lets one through at a time; handlers stand back when the loop waits, for all executions hang on it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._loop_waits = False

    def enter(self) -> None:
        """Wait for it, as a handler."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken and not self._loop_waits)
            self._taken = True

    def try_enter(self) -> bool:
        """Take it as the loop if it is free; else it is the loop's turn next."""
        with self._changed:
            self._loop_waits = self._taken
            if self._taken:
                return False
            self._taken = True
            return True

    def leave(self) -> None:
        """Let the next one through."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()
