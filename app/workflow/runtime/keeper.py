"""What a worker does by the clock: stay alive, claim what is due, fetch letters, deliver messages, bury the dead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..codec import unpack_stimulus
from .core import Core
from .live import Item
from .store import Store

LEASE: Final = 30_000
"""Milliseconds for which a worker is taken for alive after it was last heard of; it says so three times as often."""
BATCH: Final = 256
"""Rows asked for at once."""
MOST: Final = 50_000
"""Executions held in memory beyond which nothing more is claimed."""


class Keeper:
    """The sweeps of one worker. No threads, no clock: whoever drives it brings the instant.

    ``enter`` comes first and ``leave`` last.
    """

    def __init__(
        self,
        store: Store,
        core: Core,
        name: str,
        *,
        lease: int = LEASE,
        most: int = MOST,
        retention: Mapping[str, int] | None = None,
    ) -> None:
        """Take by machine, in ``retention``, for how many milliseconds executions are kept after their end."""
        self._store = store
        self._core = core
        self._name = name
        self._lease = lease
        self._most = most
        self._retention = dict(retention or {})
        self._renewal = 0
        self._in_doubt = False

    def enter(self, now: int) -> None:
        """Become a worker, one never known before."""
        self._core.forget(self._store.enter(now, now + self._lease, self._name))
        self._in_doubt = False
        # The first sweep looks for the dead: after a crash what they held goes on at once.
        self._renewal = now

    def sweep(self, now: int) -> tuple[list[Item], bool]:
        """Look what there is to do; tell also whether there is more than was taken."""
        if now >= self._renewal:
            self._renew(now)
        core, store = self._core, self._store
        delivered = store.deliver(now, BATCH)
        claimed = 0
        if self._in_doubt:
            self._find_claimed(now)
        if len(core) < self._most:
            self._in_doubt = True
            rows = store.claim(core.worker, now, BATCH)
            self._in_doubt = False
            claimed = len(rows)
            core.adopt(rows)
        letters = store.letters(core.worker, BATCH)
        items = [
            Item(letter.key, unpack_stimulus(letter.body), letter.id)
            for letter in letters
            if core.read(letter.key.namespace, letter.id)
        ]
        return items, BATCH in {claimed, delivered} or (len(letters) == BATCH and bool(items))

    def leave(self, now: int) -> None:
        """Let go of everything; another worker goes on at once."""
        self._store.leave(self._core.worker, now)

    def _renew(self, now: int) -> None:
        if not self._store.renew(self._core.worker, now + self._lease):
            # Taken for dead while it slept: others go on with what it held.
            self.enter(now)
        self._renewal = now + self._lease // 3
        self._store.bury(now)
        self._core.try_unreadable()
        for machine, kept in self._retention.items():
            self._store.purge(now - kept, BATCH, machine)

    def _find_claimed(self, now: int) -> None:
        """Take up what a claim took whose answer was lost.

        It was due then, and nothing has changed that; what had letters instead is found by them.
        """
        rows = self._store.stuck(now + 1, 0)
        mine = [row.key for row in rows if row.owner == self._core.worker and not self._core.holds(row.key)]
        self._core.adopt(self._store.load(mine))
        self._in_doubt = False
