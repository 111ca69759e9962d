"""Executions as they are stored, read back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..codec import unpack_checkpoint, unpack_history
from ..kernel.events import Event
from ..kernel.frames import Frame
from .store import Key, Row, Store

PAGES: Final = 100
"""Rows of history that are read at once."""


def frame_of(store: Store, row: Row) -> Frame:
    """Give the state of an execution from its checkpoint, or that of one that has not begun. Raises UnreadableError."""
    if row.version == 0:
        return Frame(row.key.id, row.seed)
    return unpack_checkpoint(row.checkpoint, lambda versions: store.pages(row.key, versions))[0]


def events_of(store: Store, key: Key) -> Iterator[Event]:
    """Give all that happened to an execution, in order, read by the page. Raises UnreadableError."""
    after = 0
    while pages := store.history(key, after, PAGES):
        for page in pages:
            events = unpack_history(page.events)
            after = page.first + len(events) - 1
            yield from events
