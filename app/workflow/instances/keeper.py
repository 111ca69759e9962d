"""Instances that outlive the process: each step is in the log before it counts, snapshots shorten the reading."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ..here import copied
from ..runtime.store import Key
from .compiled import Compiled
from .instance import KeptInstance, tell
from .store import InstanceStore, UnknownInstanceError, Written
from .written import Entry, Upgrade, read_entry, read_snapshot, write

EVERY: Final = 50
LONGEST_KEY: Final = 200


class Keeper:
    """Makes, loads and finds the instances of one machine in one namespace.

    A snapshot is written ``every`` so many steps. ``schema`` numbers the versions of the machine's states and models;
    ``upgrades`` make of each version the next, when an older one is read.
    """

    def __init__(
        self,
        machine: Compiled,
        store: InstanceStore,
        namespace: str = "",
        *,
        every: int = EVERY,
        schema: int = 1,
        upgrades: Mapping[int, Upgrade] = MappingProxyType({}),
    ) -> None:
        if every < 1:
            raise ValueError("a snapshot is written every 1 steps or more")
        missing = [old for old in range(1, schema) if old not in upgrades]
        if missing:
            raise ValueError(f"nothing upgrades the versions {missing} of the machine")
        _check(namespace, "namespace")
        self.machine = machine
        self._store = store
        self._namespace = namespace
        self._every = every
        self._schema = schema
        self._upgrades = upgrades

    def begin(self, id: str, model: Any = None, connection: Any = None) -> KeptInstance:
        """Keep a new instance in the initial state. Raises InstanceExistsError, and StepError for no JSON value."""
        made = self._blank(id, copied(model), connection)
        name = self.machine.definition.name
        self._store.create(self._key(id), name, write(made.snapshot(), self._schema), connection)
        tell(made, self.machine.told_first)
        return made

    def load(self, id: str, connection: Any = None) -> KeptInstance:
        """Rebuild an instance from its snapshot and what was logged since. Raises UnknownInstanceError.

        With a ``connection`` its steps are written there, for the caller to commit: leave it alone after that.
        """
        found = self._store.read(self._key(id), connection)
        if found is None or found.machine != self.machine.definition.name:
            raise UnknownInstanceError(id)
        made = self._blank(id, None, connection)
        made.restore(
            read_snapshot(found.snapshot.text, self._schema, self._upgrades),
            [read_entry(entry.text, self._schema, self._upgrades) for entry in found.entries],
        )
        return made

    def log(self, id: str, after: int = 0, limit: int = 100) -> list[Entry]:
        """Give the steps of versions beyond ``after``, the oldest first, at most so many."""
        entries = self._store.log(self._key(id), after, limit)
        return [read_entry(entry.text, self._schema, self._upgrades) for entry in entries]

    def find(self, after: str = "", limit: int = 100) -> list[str]:
        """Give the ids of the machine's instances beyond ``after``, in the order of their bytes, at most so many."""
        return self._store.find(self._namespace, self.machine.definition.name, after, limit)

    def remove(self, id: str, connection: Any = None) -> bool:
        """Forget an instance with its log; false when it is not there."""
        return self._store.remove(self._key(id), connection)

    def _key(self, id: str) -> Key:
        _check(id, "id")
        return Key(self._namespace, id)

    def _blank(self, id: str, model: Any, connection: Any) -> KeptInstance:
        key = self._key(id)

        def save(instance: KeptInstance, entry: Entry) -> None:
            written = Written(entry.version, write(entry, self._schema))
            snapshot = None
            if entry.version % self._every == 0:
                snapshot = write(instance.snapshot_after(entry), self._schema)
            self._store.append(key, written, snapshot, connection)

        return KeptInstance(self.machine, model, id, save)


def _check(text: str, what: str) -> None:
    # No store may cut one off, or take two for one: what is no text, too long or not printable is refused here.
    if len(text) > LONGEST_KEY or not text.isprintable() or text != text.strip():
        raise ValueError(f"{text!r} is no {what}: at most {LONGEST_KEY} printable characters, no space at either end")
