"""Executions as they are stored, read back."""

from __future__ import annotations

from ..codec import unpack_checkpoint
from ..kernel.frames import Frame
from .store import Row, Store


def frame_of(store: Store, row: Row) -> Frame:
    """Give the state of an execution from its checkpoint, or that of one that has not begun. Raises UnreadableError."""
    if row.version == 0:
        return Frame(row.key.id, row.seed)
    return unpack_checkpoint(row.checkpoint, lambda versions: store.pages(row.key, versions))[0]
