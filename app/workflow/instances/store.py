"""What a store of instances must do: keep a log for each, appended at an expected version, and its snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from ..runtime.store import Key


class Written(msgspec.Struct, frozen=True):
    """A text of the log or a snapshot, and the version it stands for."""

    version: int
    text: str


class Found(msgspec.Struct, frozen=True):
    """What is kept of an instance: its newest snapshot, and the entries of the log after it, in order."""

    machine: str
    snapshot: Written
    entries: Sequence[Written]


class InstanceExistsError(Exception):
    """The namespace has an instance of this id already."""


class UnknownInstanceError(Exception):
    """The namespace has no instance of this id, or one of another machine."""


class StaleError(Exception):
    """Another has written the version meanwhile: load the instance again."""


class InstanceStore(Protocol):
    """Logs of instances of all namespaces. Nothing of one namespace is ever seen from another.

    Each method is a transaction of its own; where a store has transactions, ``connection`` is one to take part in
    instead: then the caller commits.
    """

    def create(self, key: Key, machine: str, snapshot: str, connection: Any = None) -> None:
        """Keep a new instance with its first snapshot, of version 0. Raises InstanceExistsError."""

    def append(self, key: Key, entry: Written, snapshot: str | None = None, connection: Any = None) -> None:
        """Add an entry, and the snapshot of its version. Raises StaleError unless the version before is the last."""

    def read(self, key: Key, connection: Any = None) -> Found | None:
        """Give what an instance is rebuilt from, None when it is not there."""

    def log(self, key: Key, after: int, limit: int) -> list[Written]:
        """Give the entries of versions beyond ``after``, the oldest first, at most so many."""

    def find(self, namespace: str, machine: str, after: str, limit: int) -> list[str]:
        """Give ids of a machine's instances beyond ``after``, in the order of their UTF-8 bytes, at most so many."""

    def remove(self, key: Key, connection: Any = None) -> bool:
        """Forget an instance with its log; false when it is not there."""
