"""What listeners hear: a state was left, a transition fired, a state was entered."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from ..kernel import events as e

_log: Final = logging.getLogger(__name__)


class StateEntered(msgspec.Struct, frozen=True):
    """An instance of ``machine`` is in a state now."""

    machine: str
    state: str


class StateExited(msgspec.Struct, frozen=True):
    """An instance has left a state by the transition of this name."""

    machine: str
    state: str
    transition: str


class TransitionFired(msgspec.Struct, frozen=True):
    """An instance went from one state to another; ``target`` is None where its branch ended."""

    machine: str
    source: str
    transition: str
    target: str | None


Fact: TypeAlias = StateEntered | StateExited | TransitionFired
FACTS: Final[tuple[type[Fact], ...]] = (StateExited, TransitionFired, StateEntered)
Listener: TypeAlias = Callable[[Any, Any], object]
"""Is told the ``Instance``, as it is after the transition, and the ``Fact``. May be async."""


class Hearing(NamedTuple):
    """A listener and the kinds of facts it is told."""

    listener: Listener
    kinds: tuple[type[Fact], ...] = FACTS


def hears(listener: Listener, *kinds: type[Fact]) -> Hearing:
    """Tell a listener these kinds of facts and no other."""
    return Hearing(listener, kinds)


class ListenerFailed(msgspec.Struct, frozen=True):
    """A listener raised; the transition stands."""

    listener: str
    fact: Fact
    error: BaseException


Problem: TypeAlias = ListenerFailed | e.StepNotUndone | e.AlertRaised
"""What a person should look at: a listener failed, a step was not undone, a step past the pivot does not succeed."""
Report: TypeAlias = Callable[[Any, Problem], None]
"""Is told the ``Instance`` and the problem."""


def log_problem(instance: Any, problem: Problem) -> None:
    """Write a problem to the log as an error."""
    error = problem.error if isinstance(problem, ListenerFailed) else None
    _log.error("%s in %s: %s", type(problem).__name__, instance.machine.definition.name, problem, exc_info=error)


def facts_of(machine: str, events: Iterable[e.Event]) -> list[Fact]:
    """Give the facts that the kernel's events tell of, in order."""
    facts: list[Fact] = []
    for event in events:
        if isinstance(event, e.StateEntered):
            facts.append(StateEntered(machine, event.state))
        elif isinstance(event, e.StateExited):
            facts.append(StateExited(machine, event.state, event.transition))
            facts.append(TransitionFired(machine, event.state, event.transition, event.target))
    return facts


def name_of(listener: Any) -> str:
    """Give a name to find a listener by."""
    return getattr(listener, "__qualname__", type(listener).__qualname__)


def is_async(listener: Any) -> bool:
    """Tell whether what the listener gives is to be awaited."""
    return inspect.iscoroutinefunction(listener) or inspect.iscoroutinefunction(getattr(listener, "__call__", None))  # noqa: B004


class Spawned:
    """Makes a plain listener of an async one.

    Inside a running loop it becomes a task of that loop, outside one it is run to its end at once. ``pending`` are the
    tasks that are not done: the loop itself holds them weakly.
    """

    def __init__(self, listener: Callable[[Any, Any], Awaitable[object]], report: Report) -> None:
        self.__qualname__ = name_of(listener)
        self._listener = listener
        self._report = report
        self.pending: set[asyncio.Task[None]] = set()

    def __call__(self, instance: Any, fact: Fact) -> None:
        """Hand a fact to the listener."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._heard(instance, fact))
            return
        task = loop.create_task(self._heard(instance, fact))
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)

    async def _heard(self, instance: Any, fact: Fact) -> None:
        try:
            await self._listener(instance, fact)
        except Exception as error:  # noqa: BLE001 - whatever a listener does, the transition stands
            self._report(instance, ListenerFailed(self.__qualname__, fact, error))
