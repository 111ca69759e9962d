"""Instances kept in this process: for tests, and for what need not outlive it."""

from __future__ import annotations

from threading import Lock
from typing import Any

from ..instances.store import Found, InstanceExistsError, StaleError, Written
from ..runtime.store import Key


class _Kept:
    __slots__ = ("entries", "machine", "snapshot")

    def __init__(self, machine: str, snapshot: Written) -> None:
        self.machine = machine
        self.snapshot = snapshot
        self.entries: list[Written] = []


class MemoryInstances:
    """An ``InstanceStore`` in memory. It has no transactions: a ``connection`` is of no use here."""

    def __init__(self) -> None:
        self._kept: dict[Key, _Kept] = {}
        self._lock = Lock()

    def create(self, key: Key, machine: str, snapshot: str, connection: Any = None) -> None:
        """Keep a new instance. Raises InstanceExistsError."""
        del connection
        with self._lock:
            if key in self._kept:
                raise InstanceExistsError(key.id)
            self._kept[key] = _Kept(machine, Written(0, snapshot))

    def append(self, key: Key, entry: Written, snapshot: str | None = None, connection: Any = None) -> None:
        """Add an entry, and the snapshot of its version. Raises StaleError."""
        del connection
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or len(kept.entries) != entry.version - 1:
                raise StaleError(key.id)
            kept.entries.append(entry)
            if snapshot is not None:
                kept.snapshot = Written(entry.version, snapshot)

    def read(self, key: Key, connection: Any = None) -> Found | None:
        """Give what an instance is rebuilt from."""
        del connection
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            return Found(kept.machine, kept.snapshot, tuple(kept.entries[kept.snapshot.version :]))

    def log(self, key: Key, after: int, limit: int) -> list[Written]:
        """Give entries, the oldest first."""
        with self._lock:
            kept = self._kept.get(key)
            return [] if kept is None else kept.entries[after : after + limit]

    def find(self, namespace: str, machine: str, after: str, limit: int) -> list[str]:
        """Give ids in the order of their bytes."""
        with self._lock:
            ids = [k.id for k, kept in self._kept.items() if k.namespace == namespace and kept.machine == machine]
        return sorted((id for id in ids if id.encode() > after.encode()), key=str.encode)[:limit]

    def remove(self, key: Key, connection: Any = None) -> bool:
        """Forget an instance with its log."""
        del connection
        with self._lock:
            return self._kept.pop(key, None) is not None
