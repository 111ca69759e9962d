"""The turn: stimuli in, one commit for all the executions they concern, commands out.

There are no threads here and no clock: whoever drives it, a loop or a simulator, brings stimuli and the instant. A
worker decides from version v and writes v + 1; what the store does not confirm is thrown away, read again and decided
again while it is still this worker's. Commands are given only for what is on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop
from operator import attrgetter
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec

from ..codec import pack
from ..kernel import events as e
from ..kernel import stimuli as s
from ..kernel.decide import LONGEST_RUN, run
from ..kernel.errors import DATA_LIMIT, RUNTIME
from ..kernel.frames import Frame
from .children import Nested, kin_of
from .holdings import Holdings
from .listeners import Listener, Returning, show, tell
from .live import Command, Definitions, Item, Live, Run, StepKey
from .store import Append, Key, NewExecution, RefusedError, Row, Store, StoreUnavailableError

LINGER: Final = 5_000
"""Milliseconds for which an execution that only waits is kept in memory; for longer waits it is let go of."""
ROUNDS: Final = 3
"""How often in one turn an unconfirmed commit is decided again."""

_E = TypeVar("_E", bound=e.Event)
_log: Final = logging.getLogger(__name__)
_ANSWERS: Final = (s.TaskDone, s.TaskError, s.TaskSubmitted)
_by_key: Final = attrgetter("live.key")
_encode: Final = msgspec.json.Encoder().encode


class Core(Holdings):
    """Executions held by one worker, and the turn that advances them. Not for several threads.

    After each turn ``born`` and ``refused`` hold the keys of births, ``taken`` the steps that activity workers have
    taken, ``ended`` what has come to its end.
    """

    def __init__(  # noqa: PLR0913 - what it is driven by, by keyword
        self,
        store: Store,
        definitions: Definitions,
        worker: int,
        *,
        new_id: Callable[[], str],
        new_seed: Callable[[], str],
        is_activity: Callable[[str], bool] = lambda _resource: False,
        nested: Mapping[str, Nested] = MappingProxyType({}),
        listeners: Sequence[Listener] = (),
        linger: int = LINGER,
    ) -> None:
        super().__init__(store, definitions, worker, is_activity, nested)
        self.linger = linger
        self.taken: set[StepKey] = set()
        self.ended: set[Key] = set()
        self.sent = 0
        """How many executions, as rows of their own, and letters went out with commits of the last turn."""
        self._unborn: list[NewExecution] = []
        self._new_id = new_id
        self._new_seed = new_seed
        self._listeners = listeners
        self._returning = [listener for listener in listeners if isinstance(listener, Returning)]

    # What comes in

    def adopt(self, rows: Iterable[Row]) -> None:
        """Hold executions that were claimed; the next turn goes on with them."""
        for row in rows:
            live = self._read(row)
            if live is None:
                continue
            self.deferred.extend(self._beginning(live, row))

    def turn(self, items: Iterable[Item], now: int, births: Iterable[NewExecution] = ()) -> list[Command]:
        """Apply stimuli, and whatever is due, in one commit; give the tasks that may start now."""
        self.born, self.refused, self.taken, self.ended = set(), set(), set(), set()
        self.sent = 0
        self.unavailable = False
        posts: dict[Key, list[Item]] = {}
        unborn, self._unborn = self._unborn, []
        for new in (*unborn, *births):
            self._bear(new, posts)
        deferred, self.deferred = self.deferred, []
        for batch in (deferred, items, self._due(now)):
            for item in batch:
                posts.setdefault(item.key, []).append(item)
                answer = item.stimulus
                if isinstance(answer, _ANSWERS):
                    self._running.discard(StepKey(item.key, answer.branch, answer.entry, answer.attempt))
        commands = self._work(posts, now)
        self._greet()
        return commands

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

    def prepare_all(self, items: Sequence[Item], now: int) -> list[Append]:
        """Decide for a transaction of several executions: like ``prepare`` for each, and for none if one does not fit.

        Raises UnfitError then, and what ``prepare`` raises.
        """
        appends: list[Append] = []
        try:
            for item in items:
                appends.append(self._prepared(item, now))  # noqa: PERF401 - those before a failure are withdrawn
        except Exception:
            for append in appends:
                self.withdraw(append.key)
            raise
        return appends

    def _prepared(self, item: Item, now: int) -> Append:
        append = self.prepare(item, now)
        if append is None:
            raise UnfitError(item.key)
        return append

    def withdraw(self, key: Key) -> None:
        """Say that the transaction of ``prepare`` came to nothing, or perhaps to something: what is on disk counts.

        The handler runs again, and answers for its step as if it had not been asked before.
        """
        live = self._live.get(key)
        if live is None or live.busy is None:
            return
        self.deferred.extend(live.mailbox)
        self._drop(live)
        self._reload([key])

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
            assert isinstance(stimulus, (s.TaskDone, s.TaskSubmitted))  # noqa: S101 - transactions end in results
            self._running.discard(StepKey(key, stimulus.branch, stimulus.entry, stimulus.attempt))
        if committed:
            commands = self._confirmed(made)
            self._greet()
            return commands
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
        live.kin = kin_of(new)
        self._live[new.key] = live
        posts[new.key] = [Item(new.key, s.Start(msgspec.json.decode(new.input), new.name or ""))]

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
                    self._wake_at(live, live.frame.next_due())
                    self._go_on_if_cut(live)
                    if live.fresh:
                        live.fresh = False
                        commands.extend(self._commands(live, live.frame.branches.values()))
        return runs

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
                again.new, again.kin = live.new, live.kin
                self._live[live.key] = again
            else:
                again = self._read(row) if row is not None and row.owner == self.worker else None
            if again is None:
                self._drop(live)
                self._lost(items)
                return None
            return self._decide(again, _stopping(items, RUNTIME, f"{type(error).__name__}: {error}"), now)

    def _decide(self, live: Live, items: list[Item], now: int) -> Run | None:
        frame = live.frame
        events: list[e.Event] = []
        letters: list[str] = []
        for item in items:
            got = self._applied(live, item.stimulus, now)
            if got:
                events = [*events, *got] if events else got
            if item.letter is not None:
                letters.append(item.letter)
        rests = live.rests(now, self.linger)
        if not events and not letters and not (rests and live.fresh):
            return None
        awaits, before = live.awaited(), live.awaits
        starts, posts = self.children.look(live, events, now)
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
            tuple(sorted(awaits - before)) if awaits is not before else (),
            tuple(sorted(before - awaits)) if awaits is not before else (),
            (*starts, *self._refunds(live, events, now)) if live.definition.on_late is not None else starts,
            posts,
            frame.main_state,
        )
        return Run(live, items, events, append, packed, awaits)

    def _applied(self, live: Live, stimulus: s.Stimulus, now: int) -> list[e.Event]:
        if type(stimulus) is s.Migrate and not self._moved(live, stimulus.edition):
            return []
        return run(live.definition, live.frame, stimulus, now)

    def _refunds(self, live: Live, events: list[e.Event], now: int) -> tuple[NewExecution, ...]:
        """Start ``on_late`` for each signal that came too late, in the same commit."""
        machine = live.definition.on_late or ""
        late = _of_type(events, e.SignalLate)
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
        runs.sort(key=_by_key)
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
            again = self._again(made, refused.get(key))
            if again is not None:
                lost[key] = again
        return lost

    def _again(self, made: Run, refusal: str | None) -> list[Item] | None:
        """Give what is to be done to an execution that was not confirmed, None when it is left alone."""
        if refusal is None:
            return made.items
        if _stops(made.items) or made.live.new is not None:
            self._leave_alone(made.live.key, refusal)
            return None
        return _stopping(made.items, DATA_LIMIT, refusal)

    def _confirmed(self, made: Run) -> list[Command]:
        """Go on from what is on disk; give the tasks that may start."""
        live, append = made.live, made.append
        live.version = append.version
        live.homes = made.packed.homes
        live.awaits = made.awaits
        self._note(made)
        if append.owner is None:
            self._drop(live)
            return []
        self._wake_at(live, append.due)
        if len(made.events) >= LONGEST_RUN:
            self._go_on_if_cut(live)
        branches = live.frame.branches
        if live.fresh:
            live.fresh = False
            return self._commands(live, branches.values())
        scheduled = _scheduled(made.events)
        return self._commands(live, [branches[number] for number in scheduled if number in branches])

    def _note(self, made: Run) -> None:
        """Keep for those who wait what a commit has done, and tell the listeners."""
        live, append = made.live, made.append
        self.sent += len(append.starts) + len(append.posts)
        for letter in append.consumed:
            self._reading.discard((live.key.namespace, letter))
        if live.new is not None:
            self.born.add(live.key)
            live.new = None
        if append.ended is not None:
            self.ended.add(live.key)
        if made.events:
            tell(self._listeners, live.key, live.definition.name, made.events)
            self._note_taken(live, made.events)

    def _read(self, row: Row) -> Live | None:
        live = super()._read(row)
        if live is not None and live.version and self._returning:
            show(self._returning, live.key, live.definition.name, live.frame)
        return live

    def _note_taken(self, live: Live, events: list[e.Event]) -> None:
        for event in events:
            branch = live.frame.branches.get(event.branch) if type(event) is e.TaskStarted else None
            if branch is not None:
                self.taken.add(StepKey(live.key, branch.id, branch.entry, branch.attempt))


class BusyError(Exception):
    """The execution is in the middle of another transaction; ask again when that is over."""

    def __init__(self, key: Key) -> None:
        super().__init__(f"{key} is in the middle of a transaction")
        self.key = key


class UnfitError(Exception):
    """The execution went on without this step."""


def _of_type(events: list[e.Event], kind: type[_E]) -> list[_E]:
    # No isinstance: events have no subclasses.
    return [event for event in events if type(event) is kind]


def _scheduled(events: list[e.Event]) -> list[int]:
    """Give the branches that tasks were scheduled in, in order."""
    found = [event.branch for event in events if type(event) is e.TaskScheduled]
    return sorted(set(found)) if len(found) > 1 else found


def _stops(items: list[Item]) -> bool:
    return any(isinstance(item.stimulus, s.Stop) for item in items)


def _stopping(items: list[Item], error: str, cause: str) -> list[Item]:
    """End an execution that cannot go on, and take the letters along that it had got."""
    key = items[0].key
    letters = [Item(key, s.Tick(), item.letter) for item in items if item.letter is not None]
    return [Item(key, s.Stop(error, cause)), *letters]
