"""The locks of instances: a slot each, there while nobody holds it, and one place per machine to wait at.

A lock of ``threading`` for each would cost more than the transition it guards, and half of the instance's memory.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from types import FrameType
from typing import Any, Final, Protocol

_HOLDERS: Final[set[str]] = {"next", "run", "tick", "goto", "rollback", "snapshot"}


class Crowd:
    """Where threads wait for instances that others hold.

    ``waiting`` is how many do. Whoever waits counts himself first and tries again then; whoever lets go does so first
    and looks at the count then: one of them sees the other.
    """

    __slots__ = ("_gate", "waiting")

    def __init__(self) -> None:
        self._gate = Condition()
        self.waiting = 0

    def take(self, instance: Lockable) -> None:
        """Wait until the instance is free, and hold it."""
        with self._gate:
            self.waiting += 1
            try:
                while not _taken(instance):
                    self._gate.wait()
            finally:
                self.waiting -= 1

    def wake(self) -> None:
        """Let those who wait try again."""
        with self._gate:
            self._gate.notify_all()


class Lockable(Protocol):
    """Has the slot, and a machine with its crowd."""

    _free: bool
    machine: Any


@contextmanager
def held(instance: Lockable) -> Iterator[None]:
    """Hold an instance; a thread that holds it already goes on."""
    if not _taken(instance):
        if _is_held_here(instance, sys._getframe(2)):  # noqa: SLF001 - beyond contextlib: who asks
            yield
            return
        instance.machine.crowd.take(instance)
    try:
        yield
    finally:
        instance._free = True  # noqa: SLF001 - its lock is this module's
        if instance.machine.crowd.waiting:
            instance.machine.crowd.wake()


def _taken(instance: Lockable) -> bool:
    try:
        del instance._free  # noqa: SLF001 - likewise
    except AttributeError:
        return False
    return True


def _is_held_here(instance: Lockable, asking: FrameType | None) -> bool:
    """Tell whether this thread holds the instance: whether a method that does is among the callers of ``asking``.

    Noting the holder would cost every transition what is asked only when two meet.
    """
    frame = asking.f_back if asking is not None else None
    while frame is not None:
        if frame.f_code.co_name in _HOLDERS and frame.f_locals.get("self") is instance:
            return True
        frame = frame.f_back
    return False
