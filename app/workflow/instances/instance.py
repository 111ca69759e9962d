"""Instances: machines that events drive, in memory.

Between states that do nothing but wait, a transition is a look into a table. Everything else, tasks, decisions,
branches, sleeps, states of one's own kind, is decided and folded by the kernel, as in the durable runtime.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from ..here import copied
from ..kernel import events as e
from ..kernel import stimuli as s
from ..kernel.fold import MAIN, fold
from ..kernel.frames import Branch, Frame, Wait
from ..kernel.lifecycle import InvalidTransitionError
from ..kernel.states import Awaiting
from ..kernel.status import Status
from .compiled import Compiled, Edge, Node, Told, decide, is_plain
from .crowd import held
from .facts import Fact, Listener, ListenerFailed, facts_of, name_of
from .written import Entry, Rest, Result, Snapshot, twin

GOTO: Final = "goto"
_NOTHING: Final = Rest()


class Instance:
    """One run of a machine over a model, which is any value: guards are asked about it, tasks work on it.

    It is created in the initial state. A lock of its own lets many threads use it. A listener may call it again; a
    handler may not. What raises changes nothing.
    """

    __slots__ = ("_busy", "_free", "_keys", "_node", "_rest", "machine", "model", "version")

    def __init__(self, machine: Compiled, model: Any = None) -> None:
        self._begin(machine, model)
        if machine.told_first:
            tell(self, machine.told_first)

    def _begin(self, machine: Compiled, model: Any) -> None:
        self.machine = machine
        self.model = model
        self.version = 0
        self._node = machine.initial
        self._rest: Rest | None = None
        self._keys: dict[str, None] | None = None
        self._free = True
        self._busy = False

    @property
    def state(self) -> str:
        """The name of the state it is in; while branches run side by side, of the state they belong to."""
        return self._node.name

    @property
    def status(self) -> Status:
        """Pending before a machine that begins by itself was run; waiting for events; or how it has ended."""
        if self._rest is not None:
            return self._rest.status
        waits = self.version or is_plain(self._node.state)
        return Status.WAITING if waits else Status.PENDING

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended."""
        return self._more.status in {Status.SUCCEEDED, Status.FAILED}

    @property
    def error(self) -> tuple[str, str] | None:
        """The error and the cause that it failed by, None when it has not."""
        rest = self._more
        return (rest.error, rest.cause) if rest.status is Status.FAILED else None

    @property
    def not_undone(self) -> Sequence[tuple[str, str, str]]:
        """State, error and cause of the steps that could not be undone: a person must see to them."""
        return tuple(self._more.not_undone)

    @property
    def allowed(self) -> tuple[str, ...]:
        """The events that lead somewhere from here, guards not asked."""
        frame = self._more.frame
        if frame is None:
            return tuple(self._node.edges)
        return tuple(dict.fromkeys(name for wait in _signal_waits(frame) for name in wait.names))

    @property
    def due(self) -> int | None:
        """When ``tick`` has something to do, in milliseconds since the epoch; None when it never has."""
        frame = self._more.frame
        return None if frame is None else frame.next_due()

    def next(self, event: str, key: str | None = None, data: Any = None) -> bool:
        """Let an event happen: take its transition, and run on until the machine waits or ends.

        ``key`` is an idempotency key: an event under a key that was taken before changes nothing and gives False.
        ``data`` goes where the state's ``result`` says, by default in the model's place. Raises InvalidTransitionError.
        """
        # Spelled out, because it is what machines do all day: a lock of ``threading`` is a third of the speed, a call a
        # tenth. The lock is a slot that is there or not: deleting it is one step of the interpreter, and frees no code
        # to run. Between that and ``try`` nothing is called, so that no signal can leave it locked.
        try:
            del self._free
        except AttributeError:
            with held(self):
                return self._consider(event, key, data)
        try:
            edge = self._node.edges.get(event)
            if edge is not None and edge.plain and key is None and data is None:
                guard = edge.guard
                if guard is None or guard(self.model):
                    self._node = edge.target  # type: ignore[assignment] # a plain transition has a target
                    self.version += 1
                    for listener, fact in edge.told:
                        try:
                            listener(self, fact)
                        except Exception as error:  # noqa: BLE001 - whatever a listener does, the transition stands
                            self._failed(listener, fact, error)
                    return True
            return self._consider(event, key, data)
        finally:
            self._free = True
            if self.machine.crowd.waiting:
                self.machine.crowd.wake()

    def _consider(self, event: str, key: str | None, data: Any) -> bool:
        if key is not None and self._keys is not None and key in self._keys:
            return False
        model = self.model
        edge: Edge | None = None
        if self._more.frame is None and not self._busy:
            if data is not None and self._node.put is not None:
                model = self._node.put(model, data)
            edge = decide(self._node, model, event)
        if edge is not None and edge.plain:
            self._take(edge, key, model)
        else:
            self._ask(event, key, data)
        return True

    def _take(self, edge: Edge, key: str | None, model: Any) -> None:
        """Take a plain transition."""
        self.model = model
        self._node = edge.target  # type: ignore[assignment] # likewise
        self.version += 1
        if key is not None:
            self._remember(key)
        tell(self, edge.told)

    def run(self) -> None:
        """Begin, where the first state is not one that waits for events. Raises InvalidTransitionError if it has."""
        with held(self):
            if self.status is not Status.PENDING:
                raise self._invalid("run")
            self._work("run", None, s.Continue())

    def tick(self) -> bool:
        """Let happen what is due by the clock: sleeps end, time limits pass. False when nothing was due."""
        with held(self):
            due = self.due
            if due is None or due > self.machine.now():
                return False
            self._work("tick", None, s.Tick())
        return True

    def goto(self, state: str, key: str | None = None) -> bool:
        """Go to any state of the machine, whatever the transitions say, and run on from there; the model stays.

        Work under way in branches is given up. Raises InvalidTransitionError for a state that there is not.
        """
        with held(self):
            if key is not None and self._keys is not None and key in self._keys:
                return False
            if state not in self.machine.nodes:
                raise self._invalid(f"{GOTO} {state}")
            self._work(GOTO, key, s.Continue(), to=state)
        return True

    def rollback(self, error: str = "Rollback", cause: str = "") -> None:
        """Undo what was done, the last step first, and end as failed.

        A compensation that fails is retried as its definition says, then reported and listed in ``not_undone``. Raises
        InvalidTransitionError for an instance that has ended or has passed its pivot.
        """
        with held(self):
            if self.is_over or self._more.pivot:
                raise self._invalid("rollback")
            self._work("rollback", None, s.Rollback(error, cause))

    @property
    def _more(self) -> Rest:
        return _NOTHING if self._rest is None else self._rest

    def _invalid(self, what: str) -> InvalidTransitionError:
        return InvalidTransitionError(self.machine.definition.name, self.state, what, self.allowed, None)

    def _ask(self, event: str, key: str | None, data: Any) -> None:
        """Have the kernel take a transition."""
        if self._more.frame is None and not isinstance(self._node.state, Awaiting):
            self._work(event, key, s.Continue())
            return
        # The instance sees to keys; the kernel needs an id it has not seen. A signal that nobody waits for is refused
        # rather than kept: it expires as it comes.
        signal = s.Signal(f"{self.version}", event, data, self.machine.now(), self._key_of(event))
        self._work(event, key, signal)

    def _key_of(self, event: str) -> str:
        frame = self._more.frame
        if frame is None:
            return ""
        return next((wait.key for wait in _signal_waits(frame) if event in wait.names), "")

    def _work(self, event: str, key: str | None, stimulus: s.Stimulus, to: str | None = None) -> None:
        if self._busy:
            raise RuntimeError("a handler cannot change the instance it works for")
        self._busy = True
        standing, self._node = self._node, self.machine.shut[self._node.name]
        try:
            now = self.machine.now()
            frame = self._frame(now)
            happened = [] if to is None else self._left(frame, to, now)
            here = self.machine.here(copying=self._copying)
            happened += here.run(frame, stimulus, now, jump=False, clock=self.machine.clock)
            entry = self._entry(event, key, frame, happened)
            self._save(entry)
        except BaseException:
            self._node = standing
            raise
        finally:
            self._busy = False
        self._apply(entry)
        self._report(happened)
        tell(self, self.machine.pairs(facts_of(self.machine.definition.name, happened)))

    _copying = False

    def _save(self, entry: Entry) -> None:
        """Write a step down before it counts; whatever this raises, nothing has changed."""

    def _frame(self, now: int) -> Frame:
        """Give a frame of the kernel's for where the instance stands; changing it changes nothing here."""
        rest = self._more
        if rest.frame is not None:
            return twin(rest.frame)
        state = self._node.state
        frame = Frame("", f"{self.version}", status=Status.RUNNING, started=now)
        frame.done = list(rest.done)
        frame.pivot = rest.pivot
        frame.entries = 1
        main = frame.branches[MAIN] = Branch(MAIN, -1, 0, state.name, self.model, entry=1)
        if isinstance(state, Awaiting) and is_plain(state):
            main.entered = True
            main.wait = Wait("signal", names=list(state.names))
        return frame

    def _left(self, frame: Frame, to: str, now: int) -> list[e.Event]:
        main = frame.branches[MAIN]
        left = e.StateExited(MAIN, now, main.state, main.data, GOTO, to)
        fold(frame, left)
        return [left]

    def _entry(self, event: str, key: str | None, frame: Frame, happened: list[e.Event]) -> Entry:
        if not _effective(happened):
            raise self._invalid(event)
        state, model = self.state, self.model
        for what in happened:
            if isinstance(what, e.StateEntered) and what.branch == MAIN:
                state, model = what.state, what.input
        if frame.status is Status.SUCCEEDED:
            model = frame.output
        elif MAIN in frame.branches:
            model = frame.branches[MAIN].data
        rest = Rest(frame.status, frame.done, frame.pivot, frame.error, frame.cause, list(self._more.not_undone))
        rest.not_undone += [(w.state, w.error, w.cause) for w in happened if isinstance(w, e.StepNotUndone)]
        if not frame.is_over and not _stands(frame, self.machine.nodes[state]):
            frame.seen.clear()
            rest.frame = frame
        result = Result(model, None if rest == _NOTHING else rest)
        return Entry(
            self.version + 1, self.machine.now(), event, state, key, result, cast("list[e.AnyEvent]", happened)
        )

    def _apply(self, entry: Entry) -> None:
        """Become what an entry says: the only way of changing but ``_take``, which is the same for plain ones."""
        if entry.result is not None:
            self.model = entry.result.model
            self._rest = entry.result.rest
        rest = self._more
        free = rest.frame is None and not self.is_over
        self._node = (self.machine.nodes if free else self.machine.shut)[entry.state]
        self.version = entry.version
        if entry.key is not None:
            self._remember(entry.key)

    def _remember(self, key: str) -> None:
        if self._keys is None:
            self._keys = {}
        self._keys[key] = None
        if len(self._keys) > self.machine.keys:
            del self._keys[next(iter(self._keys))]

    def _failed(self, listener: Listener, fact: Fact, error: Exception) -> None:
        self.machine.report(self, ListenerFailed(name_of(listener), fact, error))

    def _report(self, happened: list[e.Event]) -> None:
        for what in happened:
            if isinstance(what, (e.StepNotUndone, e.AlertRaised)):
                self.machine.report(self, what)

    def snapshot(self) -> Snapshot:
        """Give all of the instance, to be written down."""
        with held(self):
            return Snapshot(self.version, self.state, self.model, self._rest, list(self._keys or ()))


class KeptInstance(Instance):
    """An instance of which every step is on disk before it counts; made by a ``Keeper``.

    Its model is a JSON value. Raises StaleError when another has changed it meanwhile: load it again.
    """

    __slots__ = ("_write", "id")
    _copying = True

    def __init__(self, machine: Compiled, model: Any, id: str, write: Any) -> None:
        self._begin(machine, model)
        self.id = id
        self._write = write

    def next(self, event: str, key: str | None = None, data: Any = None) -> bool:
        """Do as ``Instance.next`` does; the data is copied as JSON."""
        with held(self):
            return self._consider(event, key, None if data is None else copied(data))

    def _take(self, edge: Edge, key: str | None, model: Any) -> None:
        assert edge.target is not None  # noqa: S101 - a plain transition has one
        same = model is self.model
        result = None if same else Result(copied(model), self._rest)
        entry = Entry(self.version + 1, self.machine.now(), edge.event, edge.target.name, key, result)
        self._save(entry)
        self._apply(entry)
        tell(self, edge.told)

    def _save(self, entry: Entry) -> None:
        self._write(self, entry)

    def restore(self, snapshot: Snapshot, entries: Sequence[Entry]) -> None:
        """Become what a snapshot and the entries after it say; nobody is told."""
        self._apply(Entry(snapshot.version, 0, "", snapshot.state, None, Result(snapshot.model, snapshot.rest)))
        self._keys = dict.fromkeys(snapshot.keys) if snapshot.keys else None
        for entry in entries:
            self._apply(entry)

    def snapshot_after(self, entry: Entry) -> Snapshot:
        """Give the snapshot of what the entry will make of the instance."""
        result = entry.result or Result(self.model, self._rest)
        keys = list(self._keys or ())
        if entry.key is not None:
            keys = [*keys, entry.key][-self.machine.keys :]
        return Snapshot(entry.version, entry.state, result.model, result.rest, keys)


def tell(instance: Instance, told: Told) -> None:
    """Tell listeners; one that fails is reported and harms nobody."""
    for listener, fact in told:
        try:
            listener(instance, fact)
        except Exception as error:  # noqa: BLE001 - whatever a listener does, the transition stands
            instance._failed(listener, fact, error)  # noqa: SLF001 - beside it


def _effective(happened: list[e.Event]) -> bool:
    return any(not isinstance(event, e.SignalLate) for event in happened)


def _stands(frame: Frame, node: Node) -> bool:
    """Tell whether nothing is under way but the wait of one plain state."""
    main = frame.branches.get(MAIN)
    if main is None or len(frame.branches) > 1 or not _waits_at(main, node):
        return False
    return not (main.variables or frame.kept or frame.lapsed)


def _waits_at(branch: Branch, node: Node) -> bool:
    there = is_plain(node.state) and branch.state == node.name
    return there and branch.wait is not None and branch.wait.kind == "signal"


def _signal_waits(frame: Frame) -> list[Wait]:
    return [b.wait for b in frame.branches.values() if b.wait is not None and b.wait.kind == "signal"]
