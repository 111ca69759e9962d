"""Tasks for workers outside: handed out by polling, answered by token, from whichever process.

What waits is in the store, so that a worker gets it wherever it asks, and only one does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any, Final

import msgspec

from ..codec import pack_stimulus, unpack_checkpoint
from ..kernel import stimuli as s
from ..kernel.frames import Wait
from .children import answer_id
from .live import Command, StepKey
from .steps import copied
from .store import Letter, Offer, Row, Store, StoreUnavailableError
from .tokens import token_of

LONGEST_RESOURCE: Final = 255
LOOK: Final = 1.0
"""Seconds between looks for tasks of other processes while somebody waits; those of this one ring."""
RUNG: Final = 0.01
"""Seconds that a wait is taken for that a ring has ended."""
PAUSE: Final = 0.2
_log: Final = logging.getLogger(__name__)


class ActivityTask(msgspec.Struct, frozen=True):
    """What an outside worker gets. ``id`` is the idempotency key; ``due`` and ``beat`` are those of the task."""

    token: str
    id: str
    argument: Any
    due: int | None
    beat: int | None


class Activities:
    """What waits for an outside worker to ask for it, by namespace and resource; asked by many threads.

    Tasks are put into the store by a thread of their own, so that executions never wait for that.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._rings = 0
        self._closing = threading.Event()
        self._told: list[Callable[[], None]] = []
        self._new: SimpleQueue[list[Offer]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def listen(self, told: Callable[[], None]) -> None:
        """Have a function called whenever a task waits for a worker."""
        self._told.append(told)

    def offer(self, commands: Sequence[Command]) -> None:
        """Have tasks wait for workers."""
        # Nobody can ask for a longer one.
        offers = [_offer(command) for command in commands if len(command.resource) <= LONGEST_RESOURCE]
        if not offers:
            return
        self._new.put(offers)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="workflow-offers", daemon=True)
            self._thread.start()

    def take(self, namespace: str, resource: str, worker: str, seconds: float) -> tuple[StepKey, ActivityTask] | None:
        """Give the oldest task, waiting so long for one; None when there was none.

        It is on disk then that it was taken.
        """
        left = seconds
        while True:
            with self._changed:
                seen = self._rings
            found = _Taking(worker)
            offer = self._store.take(namespace, resource, found.judge)
            if offer is not None:
                return _step(offer), found.handed(offer)
            if left <= 0 or self._closing.is_set():
                return None
            left -= self._waited(seen, min(left, LOOK))

    def _waited(self, seen: int, seconds: float) -> float:
        """Wait for a ring, and give about how long that was."""
        with self._changed:
            return RUNG if self._changed.wait_for(lambda: self._rings != seen, seconds) else seconds

    def close(self) -> None:
        """Let everybody go who waits; what is not in the store yet is put there by who goes on with the execution."""
        self._closing.set()
        self._new.put([])
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout=1.0)
        self._ring()

    def _ring(self) -> None:
        with self._changed:
            self._rings += 1
            self._changed.notify_all()
        for told in self._told:
            told()

    def _work(self) -> None:
        while offers := self._new.get():
            if self._put(offers):
                self._ring()

    def _put(self, offers: list[Offer]) -> bool:
        while not self._closing.is_set():
            try:
                self._store.offer(offers)
            except StoreUnavailableError:
                self._closing.wait(PAUSE)
            except Exception:  # noqa: BLE001 - what cannot be stored must not keep the others waiting
                _log.exception("%d tasks cannot be offered", len(offers))
                return False
            else:
                return True
        return False


class _Taking:
    """A worker that takes a task, and what it was found to be."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._row: Row | None = None
        self._state = ""
        self._wait = Wait("")

    def judge(self, offer: Offer, row: Row, pages: Callable[[Sequence[int]], Mapping[int, str]]) -> Letter | None:
        """Give the letter that takes the task, None when nobody waits for it or it was taken."""
        frame = unpack_checkpoint(row.checkpoint, pages)[0] if row.version else None
        branch = None if frame is None or frame.is_over else frame.waits_for(offer.branch, offer.entry, offer.attempt)
        if branch is None or branch.wait is None or branch.wait.taken:
            return None
        self._row, self._state, self._wait = row, branch.state, branch.wait
        taken = s.TaskTaken(offer.branch, offer.entry, offer.attempt, self._worker)
        return Letter(offer.key, f"{answer_id(_step(offer))}/taken", pack_stimulus(taken))

    def handed(self, offer: Offer) -> ActivityTask:
        """Give what the worker gets."""
        row, wait = self._row, self._wait
        assert row is not None  # noqa: S101 - it was judged
        number = f"{offer.key.id}/{self._state}/{offer.entry}/{offer.attempt}"
        return ActivityTask(token_of(_step(offer), row.seed), number, copied(wait.argument), wait.due, wait.beat_every)


def _offer(command: Command) -> Offer:
    step = command.step
    return Offer(step.key, step.branch, step.entry, step.attempt, command.resource)


def _step(offer: Offer) -> StepKey:
    return StepKey(offer.key, offer.branch, offer.entry, offer.attempt)
