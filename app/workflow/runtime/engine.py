"""The engine as its user holds it.

engine = Engine(MemoryStore())
engine.register(definition)
engine.task("charge.card")(lambda order: {"charged": order["total"]})
with engine:
print(engine.wait_for(engine.start("order", {"total": 5})).output)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Self, TypeVar

import msgspec

from ..codec import pack_stimulus, unpack_history
from ..kernel import stimuli as s
from ..kernel.errors import StepError
from ..kernel.events import Event
from ..kernel.graph import Definition
from ..kernel.lifecycle import InvalidTransitionError
from ..kernel.migration import unfit
from ..kernel.status import ENDED, LIFE, Status
from .activities import Activities, ActivityTask
from .children import Nested, answer_id
from .clock import Clock, SystemClock, new_id, new_seed
from .core import LINGER, Core
from .crew import Crew, Transactions
from .gate import Gate
from .keeper import LEASE, Keeper
from .listeners import Listener
from .live import Definitions, StepKey
from .loop import Loop
from .registry import Registry, Routes
from .retrying import retry_of
from .rows import frame_of
from .steps import checked
from .store import Key, Letter, Message, NewExecution, Page, Query, Row, Statistic, Store
from .tokens import InvalidTokenError, prove, step_in

KEEP_SIGNALS: Final = 14 * 24 * 3_600_000
"""Milliseconds for which a signal or message waits for somebody who wants it, unless its sender says otherwise."""

_F = TypeVar("_F", bound=Callable[..., Any])
_encode: Final = msgspec.json.Encoder().encode


class UnknownMachineError(LookupError):
    """No machine of this name is known."""


class UnknownExecutionError(LookupError):
    """The namespace has no such execution."""


class MigrationError(Exception):
    """An execution cannot go on by another edition; the text says why."""


class StaleTokenError(Exception):
    """The task is answered, has timed out, or its execution has gone on without it."""


class Description(msgspec.Struct, frozen=True):
    """An execution as it stands. ``at`` are the states its branches are in; ``alerts`` counts calls for a person.

    Instants are milliseconds since the epoch, UTC.
    """

    key: Key
    machine: str
    edition: int
    name: str | None
    status: Status
    created: int
    started: int | None
    ended: int | None
    input: Any
    output: Any
    error: str
    cause: str
    at: tuple[str, ...]
    alerts: int
    redrives: int


class Engine:
    """Starts, advances and shows executions of one store.

    Used as a context manager it also runs them, with ``workers`` threads for plain functions; without, it is a client:
    what it starts and signals is done by the processes that run. ``transactions`` gives connections for transactional
    handlers, ``is_transient`` tells which of their errors are worth another try. ``definitions`` knows machines that
    are not registered here, ``nested`` says by resource which steps start executions, ``routes`` what a resource means
    that is not simply the name of a handler. An engine ``beside`` another shares its machines, handlers and activities:
    over a store in memory it runs what need not survive. ``retention`` says by machine how many milliseconds ended
    executions are kept. While ``at_once`` handlers run, executions started elsewhere are left to others. ``poll`` is
    how long what other processes have put into the store may take to be seen, ``drain`` how long the end waits for
    handlers, both in milliseconds. ``announces``: the end of each execution that no other one has started waits in the
    store until somebody takes it (``Store.take_ends``).
    """

    def __init__(  # noqa: PLR0913 - what can be chosen, by keyword
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        workers: int = 8,
        definitions: Definitions | None = None,
        transactions: Transactions | None = None,
        is_transient: Callable[[BaseException], bool] = lambda _error: False,
        nested: Mapping[str, Nested] = MappingProxyType({}),
        routes: Routes | None = None,
        beside: Engine | None = None,
        listeners: Sequence[Listener] = (),
        retention: Mapping[str, int] | None = None,
        name: str = "",
        at_once: int = 256,
        poll: int = 1_000,
        lease: int = LEASE,
        linger: int = LINGER,
        drain: int = 30_000,
        announces: bool = False,
    ) -> None:
        self.store = store
        self.clock = clock or SystemClock()
        self._registry: Registry = Registry(definitions, routes) if beside is None else beside._registry  # noqa: SLF001 - one of these
        self._activities = Activities(store)
        self._transactions = transactions
        self._drain = drain
        self._crew = Crew(
            store,
            self._registry,
            self._activities,
            workers=workers,
            transactions=transactions,
            is_transient=is_transient,
        )
        core = Core(
            store,
            self._registry,
            0,
            new_id=new_id,
            new_seed=new_seed,
            is_activity=self._registry.is_activity,
            nested=nested,
            listeners=tuple(listeners),
            linger=linger,
            announces=announces,
        )
        keeper = Keeper(store, core, name, lease=lease, at_once=at_once, retention=retention)
        gate = Gate() if store.one_writer and transactions is not None else None
        self._loop = self._crew.loop = Loop(core, keeper, self.clock, self._crew.dispatch, poll=poll, gate=gate)

    def __enter__(self) -> Self:
        """Run."""
        self._loop.begin()
        self._crew.begin()
        return self

    def __exit__(self, *_error: object) -> None:
        """Start nothing more, wait for the handlers that run, let go of everything."""
        self._activities.close()
        self._loop.end(self._drain)
        self._crew.end()

    # What there is

    def register(self, definition: Definition) -> None:
        """Know a machine. Raises ValueError for another one of the same name and edition."""
        self._registry.add(definition)

    def machine(self, name: str, edition: int, namespace: str = "") -> Definition | None:
        """Give a machine of a namespace, None when this process does not know it."""
        return self._registry.find(namespace, name, edition)

    def task(
        self, resource: str, *, inline: bool = False, transactional: bool = False, batch: bool = False
    ) -> Callable[[_F], _F]:
        """Have the function below do what a resource is for, sync or async.

        It gets its own copy of the data, a ``Step`` if it has a parameter ``step``, and a ``connection`` if it is
        transactional and asks for one; what it returns is the result. What it raises is the step's error by its class's
        name; a StepError names its own. ``inline`` runs it on the thread that all executions share: for a few
        microseconds of work only. ``transactional`` runs it in a transaction that its result is the last statement of:
        both happen, once, or neither. ``batch`` lets up to eight such steps, of different executions, share one: for
        functions that only do short SQL, may run again after another one failed, and do not commit themselves.
        """
        if transactional and self._transactions is None:
            raise ValueError(f"{resource} is transactional, and the engine was not given transactions")

        def register(function: _F) -> _F:
            self._registry.handle(resource, function, inline=inline, transactional=transactional, batch=batch)
            return function

        return register

    def activity(self, resource: str) -> None:
        """Have outside workers do what a resource is for: ``poll``, ``succeed``, ``fail``, ``heartbeat``."""
        self._registry.activities.add(resource)

    # Executions

    def start(
        self,
        machine: str,
        data: Any = None,
        *,
        name: str | None = None,
        id: str | None = None,
        namespace: str = "",
        principal: str = "",
        reference: str | None = None,
        connection: Any = None,
    ) -> Key:
        """Start an execution; it is on disk when this returns, or with ``connection`` when that commits.

        One whose ``id`` is there already is left as it is. Raises UnknownMachineError, NameTakenError, and ValueError
        for data that is no JSON value.
        """
        definition = self._registry.newest(namespace, machine)
        if definition is None:
            raise UnknownMachineError(machine)
        key = Key(namespace, id or new_id())
        text = _json(data)
        new = NewExecution(
            key, machine, definition.edition, text, self.clock.now(), new_seed(), name, principal, reference=reference
        )
        at_once = connection is None and name is None and id is None and self._can_bear()
        if not (at_once and self._loop.bear(new)):
            self.store.start(new, connection)
            self.nudge()
        return key

    def run(self, machine: str, data: Any = None, *, seconds: float = 300.0, **how: Any) -> Description:
        """Start an execution, with what ``start`` takes, and wait for its end. Raises TimeoutError."""
        return self.wait_for(self.start(machine, data, **how), seconds)

    @property
    def is_running(self) -> bool:
        """Tell whether executions advance here."""
        return self._loop.is_running

    def nudge(self) -> None:
        """Look into the store at once: call it after the commit of what was given a ``connection``."""
        if self._loop.is_running:
            self._loop.nudge()

    def signal(
        self,
        key: Key,
        name: str,
        data: Any = None,
        *,
        id: str | None = None,
        correlation: str = "",
        keep: int = KEEP_SIGNALS,
        connection: Any = None,
    ) -> None:
        """Send a named event to one execution; a second one of the same ``id`` has no effect.

        Without a ``connection`` raises UnknownExecutionError, and InvalidTransitionError when it has ended and had not
        given up waiting for it.
        """
        if connection is None:
            row = self._row(key)
            if row.status in ENDED and (name, correlation) not in frame_of(self.store, row).lapsed:
                raise InvalidTransitionError("execution", row.status.value, "signal", LIFE.allowed(row.status), None)
        number = id or new_id()
        signal = s.Signal(number, name, checked(data), self.clock.now() + keep, correlation)
        self._post(key, number, signal, connection)

    def publish(
        self,
        name: str,
        data: Any = None,
        *,
        correlation: str,
        id: str | None = None,
        namespace: str = "",
        keep: int = KEEP_SIGNALS,
        connection: Any = None,
    ) -> None:
        """Send a named event to whichever execution waits, now or within ``keep`` milliseconds, for it and its key."""
        number = id or new_id()
        expires = self.clock.now() + keep
        body = pack_stimulus(s.Signal(number, name, checked(data), expires, correlation))
        self.store.publish(Message(namespace, number, name, correlation, body, expires), connection)
        if connection is None:
            self.nudge()

    def stop(self, key: Key, error: str = "", cause: str = "", *, connection: Any = None) -> None:
        """End an execution as aborted. Raises InvalidTransitionError when it has ended."""
        LIFE.fire(self._row(key).status, "abort")
        self._post(key, new_id(), s.Stop(error, cause), connection)

    def rollback(self, key: Key, error: str = "Rollback", cause: str = "") -> None:
        """Undo what an execution has done, and end it as failed.

        Raises InvalidTransitionError when it has ended, undoes already, or is past its pivot.
        """
        row = self._row(key)
        LIFE.fire(row.status, "compensate")
        if frame_of(self.store, row).pivot:
            raise _refused(row, "compensate", "not_past_the_pivot")
        self._post(key, new_id(), s.Rollback(error, cause))

    def redrive(self, key: Key, *, connection: Any = None) -> None:
        """Let an execution that ended other than well go on from there.

        Raises InvalidTransitionError for one that runs, succeeded, or has been undone.
        """
        row = self._row(key)
        LIFE.fire(row.status, "redrive")
        frame = frame_of(self.store, row)
        if frame.ending or not frame.branches:
            raise _refused(row, "redrive", "not_undone")
        self._post(key, new_id(), s.Redrive(), connection)

    def retry(
        self, key: Key, state: str, data: Any = msgspec.UNSET, *, edition: int = 0, connection: Any = None
    ) -> None:
        """Let an execution that ended other than well go on from a state of its main line, which runs anew.

        It goes on with what the state was last entered with, or with ``data``, and by its own edition of the machine
        or the one given. What had been done stays noted as done: an undoing undoes that too. Raises
        UnknownMachineError for an edition that is not known, and RetryError with the reason when it cannot.
        """
        row = self._row(key)
        frame = frame_of(self.store, row)
        number = edition or frame.edition or row.edition
        definition = self._registry.find(key.namespace, row.machine, number)
        if definition is None:
            raise UnknownMachineError(f"{row.machine} edition {number}")
        self._post(key, new_id(), retry_of(self.store, row, frame, definition, state, data), connection)

    def migrate(self, key: Key, edition: int, *, connection: Any = None) -> None:
        """Let an execution that waits go on by another edition of its machine (ORC-08); the same one has no effect.

        Raises UnknownMachineError for an edition that is not known, and MigrationError with the reason when it cannot.
        An execution that goes elsewhere before it hears of it stays with its own: ``describe`` tells.
        """
        row = self._row(key)
        frame = frame_of(self.store, row)
        new = self._registry.find(key.namespace, row.machine, edition)
        old = self._registry.find(key.namespace, row.machine, frame.edition or row.edition)
        if new is None or old is None:
            raise UnknownMachineError(f"{row.machine} edition {edition}")
        if new is old:
            return
        why = "the execution has not begun" if row.version == 0 else unfit(frame, old, new)
        if why:
            raise MigrationError(why)
        self._post(key, new_id(), s.Migrate(edition), connection)

    # Looking

    def describe(self, key: Key) -> Description:
        """Show an execution. Raises UnknownExecutionError."""
        row = self._row(key)
        frame = frame_of(self.store, row)
        return Description(
            key,
            row.machine,
            frame.edition or row.edition,
            row.name,
            row.status,
            row.created,
            row.started,
            row.ended,
            msgspec.json.decode(row.input),
            frame.output,
            frame.error,
            frame.cause,
            tuple(dict.fromkeys(branch.state for branch in frame.branches.values())),
            frame.alerts,
            frame.redrives,
        )

    def history(self, key: Key, after: int = 0, limit: int = 1_000) -> list[tuple[int, Event]]:
        """Give what happened, in order, each with its number from 1: those beyond ``after``, at most ``limit``."""
        found: list[tuple[int, Event]] = []
        while len(found) < limit:
            pages = self.store.history(key, after, 100)
            found.extend((number, event) for number, event in _numbered(pages) if number > after)
            if not pages or not found:
                break
            after = found[-1][0]
        return found[:limit]

    def executions(self, query: Query) -> list[Row]:
        """List executions of one namespace, the newest first."""
        return self.store.find(query)

    def statistics(self, namespace: str = "", machine: str | None = None) -> Mapping[Status, Statistic]:
        """Count executions by status, and tell how long they took."""
        return self.store.statistics(namespace, machine)

    def stuck(self, milliseconds: int) -> list[Row]:
        """Find executions that should have gone on so long ago, or whose workers died with them."""
        return self.store.stuck(self.clock.now(), milliseconds)

    def wait_for(self, key: Key, seconds: float = 10.0) -> Description:
        """Wait until an execution has ended. Raises TimeoutError."""
        ending = self._loop.ending
        with ending:
            # The patience of each wait is for executions that other processes end.
            rounds = max(1, round(seconds / 0.25))
            for _ in range(rounds):
                if self._row(key).status in ENDED:
                    return self.describe(key)
                ending.wait(seconds / rounds)
        described = self.describe(key)
        if described.status in ENDED:
            return described
        raise TimeoutError(f"{key.id} is {described.status.value} at {', '.join(described.at)}")

    # Activities

    def poll(
        self, resource: str, *, worker: str = "", namespace: str = "", seconds: float = 0.0
    ) -> ActivityTask | None:
        """Take a task for an outside worker, waiting so long for one, whichever process holds its execution.

        When this returns it is on disk that it was taken.
        """
        while (found := self._activities.take(namespace, resource, worker, seconds)) is not None:
            step, task = found
            if not self._loop.is_running or self._loop.is_handed(step):
                return task
        return None

    def listen(self, told: Callable[[], None]) -> None:
        """Have a function called whenever a task waits for ``poll``: on the thread of all executions, so be quick."""
        self._activities.listen(told)

    def succeed(self, token: str, output: Any = None, *, namespace: str = "", connection: Any = None) -> None:
        """Answer for a task. Raises InvalidTokenError, and StaleTokenError when nobody waits for the answer."""
        step = self._proved(token, namespace)
        self._answer(step, s.TaskDone(step.branch, step.entry, step.attempt, checked(output)), connection)

    def fail(self, token: str, error: str, cause: str = "", *, namespace: str = "", connection: Any = None) -> None:
        """Let a task fail. Raises InvalidTokenError, StaleTokenError."""
        step = self._proved(token, namespace)
        self._answer(step, s.TaskError(step.branch, step.entry, step.attempt, error, cause), connection)

    def heartbeat(self, token: str, *, namespace: str = "") -> None:
        """Show that a task is worked on. Raises InvalidTokenError, StaleTokenError."""
        step = self._proved(token, namespace)
        self._post(step.key, new_id(), s.Heartbeat(step.branch, step.entry, step.attempt))

    # Inside

    def _can_bear(self) -> bool:
        return self._loop.is_running and not self._loop.is_here

    def _row(self, key: Key) -> Row:
        row = next(iter(self.store.load([key])), None)
        if row is None:
            raise UnknownExecutionError(key.id)
        return row

    def _post(self, key: Key, number: str, stimulus: s.Stimulus, connection: Any = None) -> None:
        self.store.post([Letter(key, number, pack_stimulus(stimulus))], connection)
        if connection is None:
            self.nudge()

    def _proved(self, token: str, namespace: str) -> StepKey:
        step = step_in(token, namespace)
        row = next(iter(self.store.load([step.key])), None)
        if row is None:
            raise InvalidTokenError("this is no token")
        prove(token, step, row.seed)
        if frame_of(self.store, row).waits_for(step.branch, step.entry, step.attempt) is None or row.status in ENDED:
            raise StaleTokenError(step.key.id)
        return step

    def _answer(self, step: StepKey, stimulus: s.Stimulus, connection: Any) -> None:
        # One answer for each step: the first counts, whichever way it goes.
        self._post(step.key, answer_id(step), stimulus, connection)


def _numbered(pages: list[Page]) -> Iterator[tuple[int, Event]]:
    for page in pages:
        yield from enumerate(unpack_history(page.events), page.first)


def _json(value: Any) -> str:
    try:
        return _encode(checked(value)).decode()
    except StepError as error:
        raise ValueError(error.cause) from error


def _refused(row: Row, transition: str, guard: str) -> InvalidTransitionError:
    return InvalidTransitionError("execution", row.status.value, transition, LIFE.allowed(row.status), guard)
