"""Transactions shared by several steps: one commit to disk for all of them.

Handlers that only do short SQL may agree to it. Up to ``GROUP`` of them run one after the other in one transaction that
their results are the last statement of. That is optimistic: whatever goes wrong undoes all of it, and then each runs in
a transaction of its own, so that one that fails is done with alone and its neighbours go on.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

from .live import Command
from .steps import Handler
from .store import Key

GROUP: Final = 8
"""Steps in one transaction at most."""
TAKERS: Final = 4
"""Threads that run such transactions at most: while they are busy groups form by themselves."""

Job: TypeAlias = tuple[Handler, Command]


class Batches:
    """Steps that wait for a transaction to share. Any thread may ask.

    A taker is somebody who takes a group, runs it, and asks whether it goes on.
    """

    def __init__(self, takers: int) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._most = max(1, min(TAKERS, takers))
        self._takers = 0

    def put(self, jobs: Iterable[Job]) -> int:
        """Let steps wait; give how many takers have to begin."""
        with self._lock:
            self._waiting.extend(jobs)
            wanted = max(0, min(len(self._waiting), self._most) - self._takers)
            self._takers += wanted
        return wanted

    def take(self) -> list[Job]:
        """Give those that have waited longest, perhaps none; of each execution one, for it moves step by step."""
        group: dict[Key, Job] = {}
        later: list[Job] = []
        with self._lock:
            while self._waiting and len(group) < GROUP:
                job = self._waiting.popleft()
                key = job[1].step.key
                if key in group:
                    later.append(job)
                else:
                    group[key] = job
            self._waiting.extendleft(reversed(later))
        return list(group.values())

    def goes_on(self) -> bool:
        """Tell a taker whether to take again; else it is one no more."""
        with self._lock:
            if self._waiting:
                return True
            self._takers -= 1
            return False
