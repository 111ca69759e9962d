"""Who is told what happened, once it is on disk. A listener that fails is reported and harms nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final, Protocol, runtime_checkable

from ..kernel.events import Event
from ..kernel.frames import Frame
from .store import Key

_log: Final = logging.getLogger(__name__)


class Listener(Protocol):
    """Is told the events of each commit after it, in order, on the thread that all executions advance on: be quick.

    What a crash keeps from being told is not told later; whoever must not miss anything reads the history.
    """

    def told(self, key: Key, machine: str, events: Sequence[Event]) -> None:
        """Take note."""


@runtime_checkable
class Returning(Protocol):
    """A listener that is also shown what it was not told from the beginning."""

    def returned(self, key: Key, machine: str, frame: Frame) -> None:
        """Look at an execution just read from the store, without changing it: its commits are told from here on."""


def show(listeners: Iterable[Returning], key: Key, machine: str, frame: Frame) -> None:
    """Show it to all of them, whatever some of them do."""
    for listener in listeners:
        try:
            listener.returned(key, machine, frame)
        except Exception:  # noqa: BLE001 - whatever it does, the execution goes on
            _log.exception("a listener failed at the return of %s of %s", key, machine)


def tell(listeners: Iterable[Listener], key: Key, machine: str, events: Sequence[Event]) -> None:
    """Tell all of them, whatever some of them do."""
    for listener in listeners:
        try:
            listener.told(key, machine, events)
        except Exception:  # noqa: BLE001 - whatever it does, what happened has happened
            _log.exception("a listener failed at %s of %s", key, machine)
