"""The turn: stimuli in, one commit for all the executions they concern, commands out.

There are no threads here and no clock: whoever drives it, a loop or a simulator, brings stimuli and the instant. A
worker decides from version v and writes v + 1; what the store does not confirm is thrown away, read again and decided
again while it is still this worker's. Commands are given only for what is on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from ..codec import UnreadableError, pack, unpack_checkpoint
from ..kernel import events as e
from ..kernel import stimuli as s
from ..kernel.decide import is_cut, run
from ..kernel.errors import DATA_LIMIT, RUNTIME
from ..kernel.frames import Branch, Frame, Wait
from .listeners import Listener, tell
from .live import Command, Definitions, Item, Live, Run, StepKey
from .store import Append, Key, NewExecution, RefusedError, Row, Store, StoreUnavailableError

CLAIMS: Final = 5
"""How often a step may cost its worker its life before it fails."""
LINGER: Final = 5_000
"""Milliseconds for which an execution that only waits is kept in memory; for longer waits it is let go of."""
SPARE_TIMERS: Final = 1_000
"""Timers that may lie about beside those that count."""
ROUNDS: Final = 3
"""How often in one turn an unconfirmed commit is decided again."""

_log: Final = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode


class Core:
    """Executions held by one worker, and the turn that advances them.

    Not for several threads. ``deferred`` holds what the next turn has to do first; ``unavailable`` tells that the store
    could not be reached in the last one, so that the next may wait a little. After each turn ``born`` and ``refused``
    hold the keys of births, ``taken`` the steps that activity workers have taken, ``ended`` what has come to its end.
    """

    def __init__(
        self,
        store: Store,
        definitions: Definitions,
        worker: int,
        *,
        new_id: Callable[[], str],
        new_seed: Callable[[], str],
        is_activity: Callable[[str], bool] = lambda _resource: False,
        listeners: Sequence[Listener] = (),
        linger: int = LINGER,
    ) -> None:
        self.store = store
        self.definitions = definitions
        self.worker = worker
        self.linger = linger
        self.deferred: list[Item] = []
        self.unavailable = False
        self.born: set[Key] = set()
        self.refused: set[Key] = set()
        self.taken: set[StepKey] = set()
        self.ended: set[Key] = set()
        self.started = 0
        """How many executions commits of the last turn have started as rows of their own."""
        self._live: dict[Key, Live] = {}
        self._running: set[StepKey] = set()
        self._reading: set[tuple[str, str]] = set()
        self._timers: list[tuple[int, Key]] = []
        self._unborn: list[NewExecution] = []
        self._unreadable: set[Key] = set()
        self._new_id = new_id
        self._new_seed = new_seed
        self._is_activity = is_activity
        self._listeners = listeners

    # What it holds

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

    # What comes in

    def adopt(self, rows: Iterable[Row]) -> None:
        """Hold executions that were claimed; the next turn goes on with them."""
        for row in rows:
            live = self._read(row)
            if live is None:
                continue
            self.deferred.extend(self._beginning(live, row))

    def read(self, namespace: str, letter: str) -> bool:
        """Take a letter up; false when it was taken up before and its commit is still to come."""
        if (namespace, letter) in self._reading:
            return False
        self._reading.add((namespace, letter))
        return True

    def turn(self, items: Iterable[Item], now: int, births: Iterable[NewExecution] = ()) -> list[Command]:
        """Apply stimuli, and whatever is due, in one commit; give the tasks that may start now."""
        self.born, self.refused, self.taken, self.ended = set(), set(), set(), set()
        self.started = 0
        self.unavailable = False
        posts: dict[Key, list[Item]] = {}
        unborn, self._unborn = self._unborn, []
        for new in (*unborn, *births):
            self._bear(new, posts)
        deferred, self.deferred = self.deferred, []
        for batch in (deferred, items, self._due(now)):
            for item in batch:
                posts.setdefault(item.key, []).append(item)
                if isinstance(item.stimulus, (s.TaskDone, s.TaskError)):
                    answer = item.stimulus
                    self._running.discard(StepKey(item.key, answer.branch, answer.entry, answer.attempt))
        return self._work(posts, now)

    def prepare(self, item: Item, now: int) -> Append | None:
        """Decide for a handler's own transaction; it commits the append as its last statement and then ``confirm``s.

        Until then the execution is busy: what comes for it waits. None when the answer does not fit any more; the
        transaction is then rolled back. Raises BusyError when another transaction is in between, and StepError when the
        result cannot be worked with.
        """
        live = self._live.get(item.key)
        if live is None:
            return None
        if live.busy is not None:
            raise BusyError(item.key)
        try:
            made = self._decide(live, [item], now)
        except Exception:
            self._drop(live)
            self._reload([item.key])
            raise
        if made is None or not made.events:
            return None
        live.busy = made
        return made.append

    def confirm(self, key: Key, *, committed: bool) -> list[Command]:
        """Say how the transaction of ``prepare`` ended: for certain, or else the execution is read again.

        Then the step runs again if it is not done. Give the tasks that may start now.
        """
        live = self._live.get(key)
        if live is None or live.busy is None:
            return []
        made, live.busy = live.busy, None
        self.deferred.extend(live.mailbox)
        live.mailbox.clear()
        for item in made.items:
            stimulus = item.stimulus
            assert isinstance(stimulus, s.TaskDone)  # noqa: S101 - transactions end in results
            self._running.discard(StepKey(key, stimulus.branch, stimulus.entry, stimulus.attempt))
        if committed:
            return self._confirmed(made)
        self._drop(live)
        self._reload([key])
        return []

    # The turn

    def _bear(self, new: NewExecution, posts: dict[Key, list[Item]]) -> None:
        definition = self.definitions.find(new.key.namespace, new.machine, new.edition)
        if definition is None:
            self.refused.add(new.key)
            return
        live = Live(new.key, definition, Frame(new.key.id, new.seed), new.principal, 0)
        live.new = new
        self._live[new.key] = live
        posts[new.key] = [Item(new.key, s.Start(msgspec.json.decode(new.input)))]

    def _due(self, now: int) -> list[Item]:
        due: list[Item] = []
        while self._timers and self._timers[0][0] <= now:
            at, key = heappop(self._timers)
            live = self._live.get(key)
            if live is not None and live.due == at:
                live.due = None
                due.append(Item(key, s.Tick()))
        return due

    def _work(self, posts: dict[Key, list[Item]], now: int) -> list[Command]:
        commands: list[Command] = []
        try:
            for _ in range(ROUNDS):
                runs = self._decided(posts, now, commands)
                posts = self._commit(runs, commands) if runs else {}
                if not posts:
                    return commands
        except StoreUnavailableError:
            # What was written may be on disk or not: only reading tells. What is read again takes the same stimuli
            # again, and those that were applied no longer fit.
            self.unavailable = True
            for key in posts:
                live = self._live.get(key)
                if live is not None and live.busy is None:
                    self._drop(live)
                    if live.new is not None:
                        self._unborn.append(live.new)
        # Locked by a stranger, or the store is away: the next turn tries again, and asks first whose they are.
        for items in posts.values():
            self.deferred.extend(items)
        return commands

    def _decided(self, posts: dict[Key, list[Item]], now: int, commands: list[Command]) -> list[Run]:
        runs: list[Run] = []
        missing = [key for key in posts if key not in self._live and key not in self._unreadable]
        if missing:
            self._load(missing, posts)
        for key, items in posts.items():
            live = self._live.get(key)
            if live is None:
                self._lost(items)
            elif live.busy is not None:
                live.mailbox.extend(items)
            else:
                made = self._decide_or_stop(live, items, now)
                if made is not None:
                    runs.append(made)
                else:
                    self._hold(live)
                    if live.fresh:
                        live.fresh = False
                        commands.extend(self._commands(live, live.frame.branches.values()))
        return runs

    def _lost(self, items: list[Item]) -> None:
        """Drop what is for an execution that another worker holds: it will come to the same by itself."""
        for item in items:
            if item.letter is not None:
                self._reading.discard((item.key.namespace, item.letter))

    def _decide_or_stop(self, live: Live, items: list[Item], now: int) -> Run | None:
        try:
            return self._decide(live, items, now)
        except Exception as error:  # noqa: BLE001 - one execution must not stop the others
            _log.exception("execution %s of %s cannot be decided", live.key, live.definition.name)
            # What was decided so far is half a run: only what is on disk counts.
            again: Live | None
            row = next(iter(self.store.load([live.key])), None)
            if live.new is not None:
                again = Live(live.key, live.definition, Frame(live.key.id, live.frame.seed), live.principal, 0)
                again.new = live.new
                self._live[live.key] = again
            else:
                again = self._read(row) if row is not None and row.owner == self.worker else None
            if again is None:
                self._drop(live)
                self._lost(items)
                return None
            return self._decide(again, _stopping(items, RUNTIME, f"{type(error).__name__}: {error}"), now)

    def _decide(self, live: Live, items: list[Item], now: int) -> Run | None:
        frame, definition = live.frame, live.definition
        events: list[e.Event] = []
        letters: list[str] = []
        for item in items:
            got = run(definition, frame, item.stimulus, now)
            if got:
                events = [*events, *got] if events else got
            if item.letter is not None:
                letters.append(item.letter)
        rests = live.rests(now, self.linger, self._is_activity)
        if not events and not letters and not (rests and live.fresh):
            return None
        awaits = live.awaited()
        version = live.version + 1
        packed = pack(frame, events, version, live.homes)
        append = Append(
            live.key,
            version,
            frame.status,
            None if rests else self.worker,
            frame.next_due(),
            packed.checkpoint,
            packed.history,
            len(events),
            frame.started or None,
            frame.ended,
            frame.error,
            live.new,
            tuple(letters),
            tuple(sorted(awaits - live.awaits)),
            tuple(sorted(live.awaits - awaits)),
            self._starts(live, events, now),
        )
        return Run(live, items, events, append, packed, awaits)

    def _is_ours(self, wait: Wait) -> bool:
        return wait.kind == "task" and not self._is_activity(wait.name)

    def _starts(self, live: Live, events: list[e.Event], now: int) -> tuple[NewExecution, ...]:
        """Start ``on_late`` for each signal that came too late, in the same commit."""
        machine = live.definition.on_late
        if machine is None:
            return ()
        late = [event for event in events if isinstance(event, e.SignalLate)]
        if not late:
            return ()
        definition = self.definitions.newest(live.key.namespace, machine)
        if definition is None:
            _log.error("%s came late to %s, and %s is not known", late[0].name, live.key, machine)
            return ()
        return tuple(
            NewExecution(
                Key(live.key.namespace, self._new_id()),
                machine,
                definition.edition,
                _encode(
                    {
                        "Machine": live.definition.name,
                        "Execution": live.key.id,
                        "Signal": event.name,
                        "Key": event.key,
                        "Data": event.data,
                    }
                ).decode(),
                now,
                self._new_seed(),
                principal=live.principal,
            )
            for event in late
        )

    def _commit(self, runs: list[Run], commands: list[Command]) -> dict[Key, list[Item]]:
        """Write them; give what was not confirmed, with what was to be done to it."""
        runs.sort(key=_key)
        refused: dict[Key, str] = {}
        try:
            confirmed = self.store.commit([made.append for made in runs])
        except RefusedError as error:
            confirmed, refused = error.written, error.refused
        lost: dict[Key, list[Item]] = {}
        for made in runs:
            key = made.live.key
            if key in confirmed:
                commands.extend(self._confirmed(made))
                continue
            self._drop(made.live)
            if key not in refused:
                lost[key] = made.items
            elif any(isinstance(item.stimulus, s.Stop) for item in made.items) or made.live.new is not None:
                self._leave_alone(key, refused[key])
            else:
                lost[key] = _stopping(made.items, DATA_LIMIT, refused[key])
        return lost

    def _confirmed(self, made: Run) -> list[Command]:
        live, append = made.live, made.append
        live.version = append.version
        live.homes = made.packed.homes
        live.awaits = made.awaits
        self.started += len(append.starts)
        for letter in append.consumed:
            self._reading.discard((live.key.namespace, letter))
        if live.new is not None:
            self.born.add(live.key)
            live.new = None
        if append.owner is None:
            self._drop(live)
        if append.ended is not None:
            self.ended.add(live.key)
        if made.events:
            tell(self._listeners, live.key, live.definition.name, made.events)
        for event in made.events:
            if isinstance(event, e.TaskStarted):
                branch = live.frame.branches.get(event.branch)
                if branch is not None:
                    self.taken.add(StepKey(live.key, branch.id, branch.entry, branch.attempt))
        if append.owner is None:
            return []
        self._hold(live)
        if live.fresh:
            live.fresh = False
            return self._commands(live, live.frame.branches.values())
        scheduled = {event.branch for event in made.events if isinstance(event, e.TaskScheduled)}
        if not scheduled:
            return []
        branches = live.frame.branches
        return self._commands(live, [branches[number] for number in sorted(scheduled) if number in branches])

    def _hold(self, live: Live) -> None:
        """See to it that what is held is looked at again: at its next timer, or at once when its run was cut."""
        due = live.frame.next_due()
        if due != live.due:
            live.due = due
            if due is not None:
                heappush(self._timers, (due, live.key))
                if len(self._timers) > SPARE_TIMERS + 2 * len(self._live):
                    self._forget_timers()
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
            if step in self._running:
                continue
            if not self._is_activity(wait.name):
                # An outside worker's task is not this process's to wait for.
                self._running.add(step)
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

    # Reading

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
                live = self._read(row)
                if live is not None:
                    first = self._beginning(live, row)
                    if key in posts:
                        # In place: whoever has posts goes on with them.
                        posts[key][:0] = first
                    else:
                        self.deferred.extend(first or [Item(key, s.Tick())])

    def _refuse(self, key: Key, posts: dict[Key, list[Item]]) -> None:
        """Tell of a birth that is not there; anything else for an execution that is gone has no meaning."""
        self._lost(posts.pop(key, []))
        self.refused.add(key)

    def _read(self, row: Row) -> Live | None:
        definition = self.definitions.find(row.key.namespace, row.machine, row.edition)
        if definition is None:
            self._leave_alone(row.key, f"{row.machine} edition {row.edition} is not known here")
            return None
        if row.version == 0:
            live = Live(row.key, definition, Frame(row.key.id, row.seed), row.principal, 0)
        else:
            try:
                frame, homes = unpack_checkpoint(row.checkpoint, lambda versions: self.store.pages(row.key, versions))
            except UnreadableError as error:
                self._leave_alone(row.key, str(error))
                return None
            live = Live(row.key, definition, frame, row.principal, row.version)
            live.homes = homes
            live.awaits = live.awaited()
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
            return [Item(key, s.Start(msgspec.json.decode(row.input)))]
        if is_cut(frame):
            return [Item(key, s.Continue())]
        return [Item(key, s.Tick())]


class BusyError(Exception):
    """The execution is in the middle of another transaction; ask again when that is over."""

    def __init__(self, key: Key) -> None:
        super().__init__(f"{key} is in the middle of a transaction")
        self.key = key


def _stopping(items: list[Item], error: str, cause: str) -> list[Item]:
    """End an execution that cannot go on, and take the letters along that it had got."""
    key = items[0].key
    letters = [Item(key, s.Tick(), item.letter) for item in items if item.letter is not None]
    return [Item(key, s.Stop(error, cause)), *letters]


def _key(made: Run) -> Key:
    return made.live.key
