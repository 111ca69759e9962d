"""Tasks for workers outside: handed out by polling, answered by token, from whichever process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from .live import Command
from .steps import copied, step_id
from .tokens import token_of


class ActivityTask(msgspec.Struct, frozen=True):
    """What an outside worker gets. ``id`` is the idempotency key; ``due`` and ``beat`` are those of the task."""

    token: str
    id: str
    argument: Any
    due: int | None
    beat: int | None


class Activities:
    """What waits for an outside worker to ask for it, by namespace and resource; asked by many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._offers: dict[tuple[str, str], deque[Command]] = {}
        self._closed = False
        self._told: list[Callable[[], None]] = []

    def listen(self, told: Callable[[], None]) -> None:
        """Have a function called whenever a task waits for a worker."""
        self._told.append(told)

    def offer(self, command: Command) -> None:
        """Have a task wait for a worker."""
        with self._changed:
            place = (command.step.key.namespace, command.resource)
            self._offers.setdefault(place, deque()).append(command)
            self._changed.notify_all()
        for told in self._told:
            told()

    def take(self, namespace: str, resource: str, seconds: float) -> Command | None:
        """Give the oldest task, waiting so long for one; None when there was none."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._offers.get((namespace, resource)), seconds)
            offers = self._offers.get((namespace, resource))
            return offers.popleft() if offers else None

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self._closed = True
            self._offers.clear()
            self._changed.notify_all()


def handed(command: Command) -> ActivityTask:
    """Make of a command what an outside worker gets."""
    token = token_of(command.step, command.seed)
    return ActivityTask(token, step_id(command), copied(command.argument), command.due, command.beat)
