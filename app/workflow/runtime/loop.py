"""The thread on which all executions of a process advance: what has come, one turn, what follows from it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeAlias, TypeVar

from .clock import Clock
from .core import BusyError, Core
from .gate import Gate
from .keeper import Keeper
from .live import Command, Item, StepKey
from .store import Append, Key, NewExecution, StoreUnavailableError

GROUP: Final = 256
"""What one turn takes at most."""

_log: Final = logging.getLogger(__name__)


class ClosedError(RuntimeError):
    """The engine does not run, or has stopped meanwhile."""


class _Ask:
    """Something to be done on the loop's thread, and where its result goes."""

    __slots__ = ("do", "future")

    def __init__(self, do: Callable[[], Any], future: Future[Any]) -> None:
        self.do = do
        self.future = future


_Thing: TypeAlias = Item | NewExecution | _Ask | Callable[[], None] | None
_T = TypeVar("_T")


class Loop:
    """One queue, one thread.

    ``dispatch`` starts what a turn commands and gives what is answered at once. ``poll`` is how many milliseconds may
    pass until something that others have put into the store is seen; what this process puts there is seen at once.
    """

    def __init__(
        self,
        core: Core,
        keeper: Keeper,
        clock: Clock,
        dispatch: Callable[[list[Command]], list[Item]],
        *,
        poll: int,
        gate: Gate | None = None,
    ) -> None:
        self.gate = gate
        self._core = core
        self._keeper = keeper
        self._clock = clock
        self._dispatch = dispatch
        self._poll = poll
        self._queue: SimpleQueue[_Thing] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._births: dict[Key, Future[bool]] = {}
        self._handed: dict[StepKey, Future[bool]] = {}
        self._blocked: dict[Key, list[_Ask]] = {}
        self._answered: list[Item] = []
        self._unborn: list[NewExecution] = []
        self._swept = -1
        self._nudged = False
        self._stop_at: int | None = None
        self._closed = False
        self._deciding = threading.Lock()
        """Held by whoever touches the core: the loop, or the thread of a transaction that wants its result decided."""
        self.ending = threading.Condition()
        """Notified whenever an execution has ended."""

    # From any thread

    @property
    def is_here(self) -> bool:
        """Tell whether this is the loop's own thread, which must not wait for itself."""
        return threading.current_thread() is self._thread

    @property
    def is_running(self) -> bool:
        """Tell whether executions advance."""
        return self._thread is not None and not self._closed

    def begin(self) -> None:
        """Enter as a worker and start the thread."""
        self._keeper.enter(self._clock.now())
        self._thread = threading.Thread(target=self._run, name="workflow")
        self._thread.start()

    def end(self, patience: int) -> None:
        """Start no step any more, wait so many milliseconds for those that run, let go of everything."""
        if self._thread is None:
            return
        self.ask(lambda: self._stop(patience))
        self._thread.join()

    def put(self, item: Item) -> None:
        """Bring a stimulus."""
        self._queue.put(item)

    def nudge(self) -> None:
        """Look into the store at once."""
        self._nudged = True
        self._queue.put(None)

    def bear(self, new: NewExecution) -> bool:
        """Start an execution here; tell whether it is on disk. Raises ClosedError."""
        future: Future[bool] = Future()
        self._births[new.key] = future
        self._queue.put(new)
        if self._closed:
            self._refuse_all()
        return future.result()

    def ask(self, do: Callable[[], Any]) -> Future[Any]:
        """Have something done on the loop's thread."""
        future: Future[Any] = Future()
        self._queue.put(_Ask(do, future))
        if self._closed:
            self._refuse_all()
        return future

    def prepare(self, item: Item) -> Append | None:
        """Decide for a transaction; waits while another one of the same execution is in between. Raises ClosedError."""
        return self._decide(lambda: self._core.prepare(item, self._clock.now()))

    def prepare_all(self, items: list[Item]) -> list[Append]:
        """Decide for a transaction of several, all or none. Raises UnfitError, and what ``prepare`` raises."""
        return self._decide(lambda: self._core.prepare_all(items, self._clock.now()))

    def confirm(self, *keys: Key, committed: bool) -> None:
        """Say how a transaction ended."""
        self._queue.put(lambda: self._confirm(keys, committed=committed))

    def withdraw(self, appends: list[Append]) -> None:
        """Say that a transaction came to nothing, and that its steps are tried again by whoever tried."""
        self._queue.put(lambda: self._withdraw([append.key for append in appends]))

    def _decide(self, do: Callable[[], _T]) -> _T:
        # On the thread that asks: to hand it to the loop and wait would cost two switches of threads for each step.
        try:
            with self._deciding:
                self._refuse_if_closed()
                return do()
        except BusyError:
            # Whoever is in between ends on the loop's thread, which then asks again.
            decided: _T = self.ask(do).result()
            return decided
        except BaseException:
            # What was read again meanwhile is the next turn's.
            self._queue.put(None)
            raise

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ClosedError("the engine has stopped")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep the loop from writing meanwhile, where there is one writer at a time."""
        gate = self.gate
        if gate is None:
            yield
            return
        gate.enter()
        try:
            yield
        finally:
            gate.leave()
            self._queue.put(None)

    def give_up(self, step: StepKey) -> None:
        """Say that a task will not be answered."""
        self.ask(lambda: self._core.give_up(step))

    def is_handed(self, step: StepKey) -> bool:
        """Tell whether a task was still waited for when the letter came that an activity worker has taken it.

        Of an execution that is not held here that is for its worker to see: then it is taken for granted, as when this
        one stops meanwhile.
        """
        try:
            expected: Future[bool] | None = self.ask(lambda: self._expect(step)).result()
            return expected is None or expected.result()
        except ClosedError:
            return True

    def _expect(self, step: StepKey) -> Future[bool] | None:
        if not self._core.is_waiting_for(step):
            return None
        self._nudged = True
        return self._handed.setdefault(step, Future())

    # On its own thread

    def _run(self) -> None:
        try:
            while self._stop_at is None or self._goes_on(self._stop_at):
                try:
                    self._round()
                except StoreUnavailableError:
                    _log.warning("the store of executions cannot be reached", exc_info=True)
                    self._core.unavailable = True
                except Exception:  # noqa: BLE001 - all executions hang on this thread
                    _log.exception("a turn failed; what was held is read again")
                    self._begin_again()
            with self._deciding:
                # Nothing is decided any more for what is let go of.
                self._closed = True
                self._keeper.leave(self._clock.now())
        except StoreUnavailableError:
            _log.warning("left without a word: the lease will tell", exc_info=True)
        finally:
            self._closed = True
            self._refuse_all()

    def _goes_on(self, stop_at: int) -> bool:
        return (self._core.running > 0 or bool(self._answered)) and self._clock.now() < stop_at

    def _round(self) -> None:
        # A transaction that asks is answered before the gate: it may be the one that is through it.
        for thing in self._drain():
            self._receive(thing)
        if self.gate is not None:
            self._pass(self.gate)
        try:
            with self._deciding:
                self._turn()
        finally:
            if self.gate is not None:
                self.gate.leave()

    def _pass(self, gate: Gate) -> None:
        """Answer transactions until it is the loop's turn to write; whoever leaves the gate puts something down."""
        while not gate.try_enter():
            self._receive(self._queue.get())

    def _receive(self, thing: _Thing) -> None:
        if isinstance(thing, Item):
            self._answered.append(thing)
        elif isinstance(thing, NewExecution):
            self._unborn.append(thing)
        elif thing is not None:
            with self._deciding:
                if isinstance(thing, _Ask):
                    self._do(thing)
                else:
                    thing()

    def _turn(self) -> None:
        now = self._clock.now()
        items, self._answered = self._answered, []
        births, self._unborn = self._unborn, []
        if self._nudged or now >= self._swept + self._poll or now < self._swept:
            self._nudged = False
            self._swept = now
            if self._stop_at is None:
                found, more = self._keeper.sweep(now)
                items.extend(found)
                if more:
                    # Never False here: who nudged while the store was asked has put down what it did not see.
                    self._nudged = True
        core = self._core
        if items or births or core.deferred or core.next_due() is not None:
            commands = core.turn(items, now, births)
            self._told()
            if commands:
                self._start(commands)
            if self._keeper.is_eager:
                self._nudged = True

    def _drain(self) -> list[_Thing]:
        queue, core = self._queue, self._core
        things: list[_Thing] = []
        try:
            things.append(queue.get(timeout=self._patience() / 1000))
            while len(things) < GROUP:
                things.append(queue.get_nowait())
        except Empty:
            pass
        if core.unavailable and not things:
            core.unavailable = False
        return things

    def _patience(self) -> float:
        """Give the milliseconds until something is to be done by the clock."""
        core = self._core
        if core.unavailable:
            return 50.0
        if self._is_behind():
            return 0.0
        now = self._clock.now()
        until = self._swept + self._poll
        due = core.next_due()
        if due is not None:
            until = min(until, due)
        return float(min(max(until - now, 0), self._poll))

    def _is_behind(self) -> bool:
        return bool(self._answered or self._unborn or self._nudged or self._core.deferred)

    def _do(self, ask: _Ask) -> None:
        try:
            ask.future.set_result(ask.do())
        except BusyError as error:
            self._blocked.setdefault(error.key, []).append(ask)
        except BaseException as error:  # noqa: BLE001 - whoever asked gets it
            ask.future.set_exception(error)

    def _confirm(self, keys: Iterable[Key], *, committed: bool) -> None:
        commands = [command for key in keys for command in self._core.confirm(key, committed=committed)]
        self._told()
        self._start(commands)
        self._unblock(keys)

    def _withdraw(self, keys: list[Key]) -> None:
        for key in keys:
            self._core.withdraw(key)
        self._unblock(keys)

    def _unblock(self, keys: Iterable[Key]) -> None:
        for key in keys:
            for ask in self._blocked.pop(key, []):
                self._do(ask)

    def _start(self, commands: list[Command]) -> None:
        if self._stop_at is not None:
            for command in commands:
                self._core.give_up(command.step)
            return
        self._answered.extend(self._dispatch(commands))

    def _told(self) -> None:
        core = self._core
        if self._births:
            self._settle_births()
        if self._handed:
            self._settle_handed()
        if core.sent:
            self._nudged = True
        if core.ended:
            with self.ending:
                self.ending.notify_all()

    def _settle_births(self) -> None:
        for key in self._core.born:
            self._settle(key, born=True)
        for key in self._core.refused:
            self._settle(key, born=False)

    def _settle(self, key: Key, *, born: bool) -> None:
        future = self._births.pop(key, None)
        if future is not None:
            future.set_result(born)

    def _settle_handed(self) -> None:
        core = self._core
        for step in list(self._handed):
            # While it is not taken the stimulus is still to come, or its commit is to be tried again.
            if step in core.taken or not core.is_waiting_for(step):
                self._handed.pop(step).set_result(step in core.taken)

    def _begin_again(self) -> None:
        now = self._clock.now()
        try:
            with self._deciding:
                self._keeper.leave(now)
                self._keeper.enter(now)
        except StoreUnavailableError:
            self._core.unavailable = True

    def _stop(self, patience: int) -> None:
        self._stop_at = self._clock.now() + patience

    def _refuse_all(self) -> None:
        for waiting in (self._births, self._handed):
            for name in list(waiting):
                future = waiting.pop(name, None)  # type: ignore[call-overload]
                if future is not None:
                    future.set_exception(ClosedError("the engine has stopped"))
        asks = [ask for blocked in self._blocked.values() for ask in blocked]
        self._blocked.clear()
        try:
            while True:
                thing = self._queue.get_nowait()
                if isinstance(thing, _Ask):
                    asks.append(thing)
        except Empty:
            pass
        for ask in asks:
            ask.future.set_exception(ClosedError("the engine has stopped"))
