"""Who runs the handlers: threads for plain functions, an event loop for async ones, the turn itself for inline ones."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import SimpleQueue
from typing import Any, Final

from ..kernel import stimuli as s
from ..kernel.errors import DATA_LIMIT, RUNTIME, StepError
from .activities import Activities
from .batches import Batches, Job
from .live import Command, Item
from .loop import ClosedError, Loop
from .registry import Registry
from .steps import Handler, checked, failure
from .store import Append, RefusedError, Store, StoreUnavailableError

AGAIN: Final = 10
"""How often a transaction that failed for no fault of its own runs again before its step fails."""
FIRST_PAUSE: Final = 0.005
LONGEST_PAUSE: Final = 1.0

Transactions = Callable[[], AbstractContextManager[Any]]
"""Gives a connection with a transaction, committed at the end of the block and rolled back when the block raises."""

_log: Final = logging.getLogger(__name__)


class _Unwanted(Exception):
    """The execution went on without this step: roll back."""


class _Fenced(Exception):
    """Another worker has the execution: roll back."""


class Crew:
    """Runs what the turn commands, and brings the answers to the loop."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        activities: Activities,
        *,
        workers: int,
        transactions: Transactions | None,
        is_transient: Callable[[BaseException], bool],
    ) -> None:
        self.loop: Loop
        self._store = store
        self._registry = registry
        self._activities = activities
        self._transactions = transactions
        self._is_transient = is_transient
        self._jobs: SimpleQueue[Job | Batches | None] = SimpleQueue()
        self._batches = Batches(workers)
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._async: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = threading.Event()

    def begin(self) -> None:
        """Start the threads; that of the event loop only when something is async."""
        # Threads of the library's own, daemons: a handler that hangs must not keep the process from ending.
        for number in range(self._workers):
            self._spawn(self._work, f"workflow-{number}")
        if any(handler.is_async for handler in self._registry.handlers.values()):
            self._async = asyncio.new_event_loop()
            self._spawn(self._async.run_forever, "workflow-async")

    def end(self) -> None:
        """Let the threads go once they have finished what they do; those that hang are left behind."""
        self._closing.set()
        for _ in self._threads:
            self._jobs.put(None)
        loop, self._async = self._async, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(_cancel(self._tasks), loop).result()
            loop.call_soon_threadsafe(loop.stop)
        for thread in self._threads:
            thread.join(timeout=1.0)
        if loop is not None and not loop.is_running():
            loop.close()
        self._threads.clear()

    def dispatch(self, commands: list[Command]) -> list[Item]:
        """Start each; give the answers that are there at once."""
        answers: list[Item] = []
        started: list[Job] = []
        shared: list[Job] = []
        outside: list[Command] = []
        for asked in commands:
            handler, command = self._registry.way(asked)
            if handler is None:
                answers.extend(self._left(command, outside))
            elif handler.inline:
                answers.append(self._attempt(handler, command))
            elif handler.is_async:
                started.append((handler, command))
            elif handler.batch:
                shared.append((handler, command))
            else:
                self._jobs.put((handler, command))
        if outside:
            self._activities.offer(outside)
        if started:
            answers.extend(self._hand_over(started))
        for _ in range(self._batches.put(shared) if shared else 0):
            self._jobs.put(self._batches)
        return answers

    def _left(self, command: Command, outside: list[Command]) -> list[Item]:
        """Leave a task to the workers outside; one that is nobody's fails."""
        if self._registry.is_activity(command.resource):
            outside.append(command)
            return []
        return [_failed(command, RUNTIME, f"nothing does {command.resource}")]

    def _hand_over(self, started: list[Job]) -> list[Item]:
        """Give tasks to the event loop; without one they fail."""
        if self._async is None:
            return [_failed(command, RUNTIME, "registered after the start") for _, command in started]
        self._async.call_soon_threadsafe(self._start_async, started)
        return []

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if isinstance(job, Batches):
                self._share()
                continue
            handler, command = job
            if handler.transactional:
                self._transact(handler, command)
            else:
                self.loop.put(self._attempt(handler, command))

    def _attempt(self, handler: Handler, command: Command) -> Item:
        try:
            return _done(command, checked(handler.call(command, self._beats(command))))
        except BaseException as error:  # noqa: BLE001 - the step fails, nothing else
            return _failed(command, *failure(error))

    def _beats(self, command: Command) -> Callable[[], None]:
        step = command.step
        return lambda: self.loop.put(Item(step.key, s.Heartbeat(step.branch, step.entry, step.attempt)))

    def _start_async(self, started: list[Job]) -> None:
        for handler, command in started:
            task = asyncio.get_running_loop().create_task(self._attempt_async(handler, command))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _attempt_async(self, handler: Handler, command: Command) -> None:
        try:
            answer = _done(command, checked(await handler.call(command, self._beats(command))))
        except asyncio.CancelledError:
            # The engine stops: the step is not done, another worker does it.
            raise
        except BaseException as error:  # noqa: BLE001 - likewise
            answer = _failed(command, *failure(error))
        self.loop.put(answer)

    def _share(self) -> None:
        """Run a group in one transaction; when that fails, each in its own."""
        group = self._batches.take()
        if len(group) < 2 or not self._try_together(group):
            for handler, command in group:
                self._transact(handler, command)
        if self._batches.goes_on():
            self._jobs.put(self._batches)

    def _try_together(self, group: list[Job]) -> bool:
        """Tell whether all of it is on disk for certain."""
        prepared: list[Append] = []
        try:
            with self.loop.writing(), self._begin() as connection:
                answers = [self._called(handler, command, connection) for handler, command in group]
                prepared = self.loop.prepare_all(answers)
                self._append(prepared, connection)
        except BaseException:  # noqa: BLE001 - whose fault it was shows when each runs alone
            _log.debug("a transaction of %d steps is taken apart", len(group), exc_info=True)
            if prepared:
                self.loop.withdraw(prepared)
            return False
        self.loop.confirm(*(append.key for append in prepared), committed=True)
        return True

    def _called(self, handler: Handler, command: Command, connection: Any) -> Item:
        return _done(command, checked(handler.call(command, self._beats(command), connection)))

    def _begin(self) -> AbstractContextManager[Any]:
        transactions = self._transactions
        assert transactions is not None  # noqa: S101 - checked when the handler was registered
        return transactions()

    def _transact(self, handler: Handler, command: Command) -> None:
        """Run the handler in a transaction of its own whose last statement is the step's result."""
        for attempt in range(AGAIN):
            try:
                self._try(handler, command)
            except (_Unwanted, ClosedError):
                self.loop.give_up(command.step)
            except BaseException as error:  # noqa: BLE001 - likewise
                if self._may_pass(error) and attempt + 1 < AGAIN:
                    self._closing.wait(min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE))
                    continue
                self.loop.put(_failed(command, *failure(error)))
            return

    def _may_pass(self, error: BaseException) -> bool:
        return isinstance(error, StoreUnavailableError) or self._is_transient(error)

    def _try(self, handler: Handler, command: Command) -> None:
        key = command.step.key
        prepared: list[Append] = []
        try:
            with self.loop.writing(), self._begin() as connection:
                self._inside(handler, command, connection, prepared)
        except BaseException as error:
            if not prepared:
                raise
            if isinstance(error, RefusedError):
                # Rolled back, and it would be refused again: the step fails.
                self.loop.withdraw(prepared)
                raise StepError(DATA_LIMIT, str(error)) from error
            # Rolled back, or nobody knows: the execution is read again, and the step runs again unless it is done.
            if not isinstance(error, _Fenced):
                _log.info("the transaction of %s of %s is in doubt", command.state, key, exc_info=True)
            self.loop.confirm(key, committed=False)
            return
        self.loop.confirm(key, committed=True)

    def _inside(self, handler: Handler, command: Command, connection: Any, prepared: list[Append]) -> None:
        append = self.loop.prepare(self._called(handler, command, connection))
        if append is None:
            raise _Unwanted
        prepared.append(append)
        self._append(prepared, connection)

    def _append(self, prepared: list[Append], connection: Any) -> None:
        if len(self._store.commit(prepared, connection)) != len(prepared):
            raise _Fenced


def _done(command: Command, output: Any) -> Item:
    step = command.step
    if command.submits:
        return Item(step.key, s.TaskSubmitted(step.branch, step.entry, step.attempt, output))
    return Item(step.key, s.TaskDone(step.branch, step.entry, step.attempt, output))


def _failed(command: Command, error: str, cause: str) -> Item:
    step = command.step
    return Item(step.key, s.TaskError(step.branch, step.entry, step.attempt, error, cause))


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
