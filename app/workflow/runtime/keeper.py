"""What a worker does by the clock: stay alive, claim what is due, fetch letters, deliver messages, bury the dead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..codec import unpack_stimulus
from .core import Core
from .live import Item
from .store import SUSPECT, Row, Store

LEASE: Final = 30_000
"""Milliseconds for which a worker is taken for alive after it was last heard of; it says so three times as often."""
BATCH: Final = 256
"""Rows asked for at once."""
SUSPENSE: Final = 1_000
"""Milliseconds within which a suspect shows whether it kills."""
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
        at_once: int = BATCH,
        retention: Mapping[str, int] | None = None,
    ) -> None:
        """Take by machine, in ``retention``, for how many milliseconds executions are kept after their end.

        While ``at_once`` handlers run nothing is claimed.
        """
        self._store = store
        self._core = core
        self._name = name
        self._lease = lease
        self._most = most
        self._at_once = at_once
        self._retention = dict(retention or {})
        self._renewal = 0
        self._in_doubt = False
        self._limit = 1
        self._suspect: Row | None = None
        self._alone = False
        self._patience = 0
        self._more = False

    def enter(self, now: int) -> None:
        """Become a worker, one never known before."""
        self._core.forget(self._store.enter(now, now + self._lease, self._name))
        self._in_doubt = False
        self._limit, self._suspect, self._alone = 1, None, False
        # The first sweep looks for the dead: after a crash what they held goes on at once.
        self._renewal = now

    def sweep(self, now: int) -> tuple[list[Item], bool]:
        """Look what there is to do; tell also whether there is more than was taken."""
        if now >= self._renewal:
            self._renew(now)
        delivered = self._store.deliver(now, BATCH)
        if self._in_doubt:
            self._find_claimed(now)
        limit = self._room(now)
        claimed = self._claim(now, limit) if limit else 0
        self._more = claimed == limit
        items, more = self._fetch()
        return items, (0 < claimed == limit) or delivered == BATCH or more

    @property
    def is_eager(self) -> bool:
        """Tell whether more may be claimed at once: hands are free again, or a suspect has done its step."""
        if self._is_free():
            return self._suspect is not None or self._has_hands()
        return not self._alone and self._has_hands()

    def _has_hands(self) -> bool:
        return self._more and self._core.running <= self._at_once // 2

    def _is_free(self) -> bool:
        """Tell whether no suspect is held that has still to show whether it kills."""
        suspect = self._suspect
        return suspect is None or self._core.version(suspect.key) != suspect.version

    def _room(self, now: int) -> int:
        """Give how many may be claimed: never more than there are hands for, so that others get their share."""
        core = self._core
        self._alone = now < self._patience and not self._is_free()
        if self._alone:
            return 0
        return max(0, min(self._limit, self._most - len(core), self._at_once - core.running))

    def _claim(self, now: int, limit: int) -> int:
        """Claim; after deaths one by one, so that what kills its worker dies alone and its neighbours are not blamed.

        A worker begins with one and doubles that while nothing it gets was held by two that died. Of those it takes no
        second one before the first has done its step: of two in one death neither could be told guilty.
        """
        is_free = self._is_free()
        self._in_doubt = True
        rows = self._store.claim(self._core.worker, now, limit, suspects=is_free)
        self._in_doubt = False
        self._core.adopt(rows)
        if is_free:
            self._suspect = next((row for row in rows if row.claims >= SUSPECT), None)
        if is_free and self._suspect is not None:
            self._alone = True
            self._limit = 1
            self._patience = now + SUSPENSE
        elif len(rows) == self._limit:
            self._limit = min(2 * self._limit, BATCH)
        return len(rows)

    def _fetch(self) -> tuple[list[Item], bool]:
        """Take up the letters that have come; tell also whether there may be more."""
        core = self._core
        letters = self._store.letters(core.worker, BATCH)
        items = [
            Item(letter.key, unpack_stimulus(letter.body), letter.id)
            for letter in letters
            if core.read(letter.key.namespace, letter.id)
        ]
        return items, len(letters) == BATCH and bool(items)

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
