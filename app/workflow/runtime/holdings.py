"""What one worker holds in memory: read from the store, handed out as tasks, woken by timers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappush
from typing import Final

import msgspec

from ..codec import Homes, UnreadableError, pack_stimulus, unpack_checkpoint
from ..kernel import stimuli as s
from ..kernel.decide import is_cut
from ..kernel.errors import RUNTIME
from ..kernel.frames import Branch, Frame, Wait
from ..kernel.migration import unfit, unready
from ..kernel.status import ENDED, Status
from .children import Children, Nested, answer_id, child_of, kin_of
from .live import Command, Definitions, Item, Live, StepKey
from .rows import frame_of
from .store import Key, Letter, Query, Row, Store, StoreUnavailableError

CLAIMS: Final = 5
"""How often a step may cost its worker its life before it fails."""
SPARE_TIMERS: Final = 1_000
"""Timers that may lie about beside those that count."""

_log: Final = logging.getLogger(__name__)


class Holdings:
    """Executions in memory by their keys, the tasks handed out of them, and their timers.

    ``deferred`` holds what the next turn has to do first; ``unavailable`` tells that the store could not be reached,
    so that the next turn may wait a little; ``born`` and ``refused`` hold keys of births since the turn began.
    """

    def __init__(
        self,
        store: Store,
        definitions: Definitions,
        worker: int,
        is_activity: Callable[[str], bool],
        nested: Mapping[str, Nested],
    ) -> None:
        self.store = store
        self.definitions = definitions
        self.children = Children(nested, definitions)
        self.worker = worker
        self.deferred: list[Item] = []
        self.unavailable = False
        self.born: set[Key] = set()
        self.refused: set[Key] = set()
        self._live: dict[Key, Live] = {}
        self._running: set[StepKey] = set()
        self._begun: list[StepKey] = []
        self._reading: set[tuple[str, str]] = set()
        self._timers: list[tuple[int, Key]] = []
        self._unreadable: set[Key] = set()
        self._is_activity = is_activity

    def __len__(self) -> int:
        """Count the executions held."""
        return len(self._live)

    @property
    def running(self) -> int:
        """Count the tasks handed to handlers that have not been answered."""
        return len(self._running)

    def next_due(self) -> int | None:
        """Give the instant of the earliest timer of what is held."""
        return self._timers[0][0] if self._timers else None

    def frame(self, key: Key) -> Frame | None:
        """Give the state of an execution held, for whoever compares; nobody may change it."""
        live = self._live.get(key)
        return None if live is None else live.frame

    def forget(self, worker: int) -> None:
        """Give up everything: this worker was taken for dead, and is ``worker`` from now on.

        Handlers still run; what they answer counts only if the execution is held again by then, and still waits for it.
        """
        self.worker = worker
        self._live.clear()
        self._running.clear()
        self._reading.clear()
        self._timers.clear()
        self._unreadable.clear()
        self._begun.clear()
        self.deferred.clear()

    def version(self, key: Key) -> int | None:
        """Give the version of an execution held, None for another."""
        live = self._live.get(key)
        return None if live is None else live.version

    def try_unreadable(self) -> None:
        """Look again at what could not be read: its machine may be known by now."""
        self.deferred.extend(Item(key, s.Tick()) for key in sorted(self._unreadable))
        self._unreadable.clear()

    def holds(self, key: Key) -> bool:
        """Tell whether an execution is in memory, or left alone for good reason."""
        return key in self._live or key in self._unreadable

    def give_up(self, step: StepKey) -> None:
        """Say that a task handed out will not be answered: it runs again when its execution is read next."""
        self._running.discard(step)

    def is_waiting_for(self, step: StepKey) -> bool:
        """Tell whether an execution held waits for just this step, and no activity worker has taken it."""
        live = self._live.get(step.key)
        if live is None:
            return False
        branch = live.frame.waits_for(step.branch, step.entry, step.attempt)
        return branch is not None and branch.wait is not None and not branch.wait.taken

    def read(self, namespace: str, letter: str) -> bool:
        """Take a letter up; false when it was taken up before and its commit is still to come."""
        if (namespace, letter) in self._reading:
            return False
        self._reading.add((namespace, letter))
        return True

    def _lost(self, items: list[Item]) -> None:
        """Drop what is for an execution that another worker holds: it will come to the same by itself."""
        for item in items:
            if item.letter is not None:
                self._reading.discard((item.key.namespace, item.letter))

    def _is_ours(self, wait: Wait) -> bool:
        return (
            wait.kind == "task"
            and not wait.taken
            and not self._is_activity(wait.name)
            and self.children.of(wait.name) is None
        )

    def _wake_at(self, live: Live, due: int | None) -> None:
        """See to it that what is held is looked at again at its next timer."""
        if due != live.due:
            live.due = due
            if due is not None:
                heappush(self._timers, (due, live.key))
                if len(self._timers) > SPARE_TIMERS + 2 * len(self._live):
                    self._forget_timers()

    def _go_on_if_cut(self, live: Live) -> None:
        if is_cut(live.frame):
            self.deferred.append(Item(live.key, s.Continue()))

    def _forget_timers(self) -> None:
        """Drop timers that no longer count: a time limit leaves one behind whenever its task was quicker."""
        self._timers = [(live.due, live.key) for live in self._live.values() if live.due is not None]
        heapify(self._timers)

    def _commands(self, live: Live, branches: Iterable[Branch]) -> list[Command]:
        commands: list[Command] = []
        for branch in branches:
            wait = branch.wait
            if wait is None or wait.kind != "task" or wait.taken:
                continue
            step = StepKey(live.key, branch.id, branch.entry, branch.attempt)
            if not self._set_off(step, wait.name):
                continue
            commands.append(
                Command(
                    step,
                    wait.name,
                    wait.argument,
                    live.definition.name,
                    live.definition.edition,
                    branch.state,
                    live.principal,
                    live.frame.seed,
                    wait.due,
                    wait.beat_every,
                )
            )
        return commands

    def _greet(self) -> None:
        """Tell steps of the executions they have started, which the next turn takes up."""
        begun, self._begun = [step for step in self._begun if self.is_waiting_for(step)], []
        if not begun:
            return
        keys = [child_of(step, self._live[step.key].frame.seed) for step in begun]
        try:
            rows = {row.key: row for row in self.store.load(keys)}
            for step, key in zip(begun, keys, strict=True):
                if key not in rows:
                    rows.update((key, row) for row in self._adopted(step))
        except StoreUnavailableError:
            # What is read again is greeted again.
            self.unavailable = True
            for parent in {step.key for step in begun}:
                self._drop(self._live[parent])
                self.deferred.append(Item(parent, s.Tick()))
            return
        for step, key in zip(begun, keys, strict=True):
            live = self._live[step.key]
            row = rows.get(key)
            ended = self._ended_well(row) if row is not None else None
            stimulus = self.children.greeting(live, live.frame.branches[step.branch], row, ended)
            if stimulus is not None:
                self.deferred.append(Item(step.key, stimulus))

    def _adopted(self, step: StepKey) -> list[Row]:
        """Give the execution that runs already by the name and with the input that a step asks for, if one does.

        Source: AWS, StartExecution is idempotent. Who waits for its end is told of it as its own parent is.
        """
        meant = self.children.meant(step, self._live[step.key].frame.branches[step.branch])
        if meant is None:
            return []
        wanted, parent = meant
        found = self.store.find(Query(step.key.namespace, wanted.machine, name=wanted.name, limit=1))
        rows = [row for row in self.store.load([row.key for row in found]) if row.input == wanted.input]
        # One that has ended since it was asked to tell does so: this worker may have died in between.
        rows = [row for row in rows if row.status not in ENDED or parent in frame_of(self.store, row).followers]
        if parent:
            follow = pack_stimulus(s.Follow(parent))
            self.store.post([Letter(row.key, f"{answer_id(step)}/follows", follow) for row in rows])
        return rows

    def _ended_well(self, row: Row) -> Frame | None:
        if row.status is not Status.SUCCEEDED:
            return None
        return frame_of(self.store, row)

    def _set_off(self, step: StepKey, resource: str) -> bool:
        """Note that a task is handed out; false when it runs already, or is an execution that is only to be greeted."""
        if self.children.of(resource) is not None:
            self._begun.append(step)
            return False
        if step in self._running:
            return False
        if not self._is_activity(resource):
            # An outside worker's task is not this process's to wait for.
            self._running.add(step)
        return True

    def _drop(self, live: Live) -> None:
        if self._live.get(live.key) is live:
            del self._live[live.key]

    def _reload(self, keys: list[Key]) -> None:
        """Read again what is still this worker's; when the store is away the next turn does it."""
        try:
            self._load(keys, {})
        except StoreUnavailableError:
            self.unavailable = True
            self.deferred.extend(Item(key, s.Tick()) for key in keys)

    def _load(self, keys: list[Key], posts: dict[Key, list[Item]]) -> None:
        rows = {row.key: row for row in self.store.load(keys)}
        for key in keys:
            row = rows.get(key)
            if row is None:
                self._refuse(key, posts)
            elif row.owner == self.worker:
                if row.version == 1:
                    self.born.add(key)
                self._take_up(row, posts)

    def _take_up(self, row: Row, posts: dict[Key, list[Item]]) -> None:
        live = self._read(row)
        if live is None:
            return
        first = self._beginning(live, row)
        if row.key in posts:
            # In place: whoever has posts goes on with them.
            posts[row.key][:0] = first
        else:
            self.deferred.extend(first or [Item(row.key, s.Tick())])

    def _refuse(self, key: Key, posts: dict[Key, list[Item]]) -> None:
        """Tell of a birth that is not there; anything else for an execution that is gone has no meaning."""
        self._lost(posts.pop(key, []))
        self.refused.add(key)

    def _fits(self, live: Live, stimulus: s.Migrate | s.Retry) -> bool:
        """Have an execution go by the edition of its machine that is meant; false when it cannot go on by that one."""
        if not stimulus.edition:
            return True
        new = self.definitions.find(live.key.namespace, live.definition.name, stimulus.edition)
        if new is None:
            return False
        if isinstance(stimulus, s.Retry):
            fits = stimulus.redrives == live.frame.redrives and not unready(live.frame, new, stimulus.state)
        else:
            fits = new is not live.definition and not unfit(live.frame, live.definition, new)
        if not fits:
            return False
        live.definition = new
        return True

    def _read(self, row: Row) -> Live | None:
        frame, homes = Frame(row.key.id, row.seed), Homes()
        if row.version:
            try:
                frame, homes = unpack_checkpoint(row.checkpoint, lambda versions: self.store.pages(row.key, versions))
            except UnreadableError as error:
                self._leave_alone(row.key, str(error))
                return None
        edition = frame.edition or row.edition
        definition = self.definitions.find(row.key.namespace, row.machine, edition)
        if definition is None:
            self._leave_alone(row.key, f"{row.machine} edition {edition} is not known here")
            return None
        live = Live(row.key, definition, frame, row.principal, row.version)
        if row.version:
            live.homes = homes
            live.awaits = live.awaited()
            live.asked = self.children.asked(row.key, frame)
        live.kin = kin_of(row)
        live.fresh = True
        self._live[row.key] = live
        return live

    def _leave_alone(self, key: Key, why: str) -> None:
        """Hold it without touching it, so that a worker that can read it gets it when this one leaves."""
        if key not in self._unreadable:
            _log.error("execution %s is left alone: %s", key, why)
        self._unreadable.add(key)

    def _beginning(self, live: Live, row: Row) -> list[Item]:
        """Say what has to be done to an execution just read."""
        key, frame = live.key, live.frame
        if row.claims >= CLAIMS:
            cause = f"its worker died {row.claims} times"
            waiting = [b for b in frame.branches.values() if b.wait is not None and self._is_ours(b.wait)]
            if waiting:
                return [Item(key, s.TaskError(b.id, b.entry, b.attempt, RUNTIME, cause)) for b in waiting]
            if row.version == 0 or is_cut(frame):
                return [Item(key, s.Stop(RUNTIME, cause))]
        if row.version == 0:
            return [Item(key, s.Start(msgspec.json.decode(row.input), row.name or ""))]
        if is_cut(frame):
            return [Item(key, s.Continue())]
        return [Item(key, s.Tick())]
