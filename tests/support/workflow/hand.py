"""An engine's parts held by hand: a core over the store in memory, its keeper, a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from app.workflow.kernel import stimuli as s
from app.workflow.kernel.events import Event
from app.workflow.kernel.graph import Definition, Flow, State
from app.workflow.runtime.children import Nested
from app.workflow.runtime.core import Core
from app.workflow.runtime.keeper import Keeper
from app.workflow.runtime.listeners import Listener
from app.workflow.runtime.live import Command, Item
from app.workflow.runtime.registry import Registry
from app.workflow.runtime.store import Key, NewExecution, Row
from app.workflow.stores.memory import MemoryStore


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: int = 1_000_000) -> None:
        self.at = now

    def now(self) -> int:
        """Give the instant."""
        return self.at

    def pass_(self, milliseconds: int) -> None:
        """Go on."""
        self.at += milliseconds


class Hand:
    """One worker, moved call by call. Several share a ``store`` and a ``clock``."""

    def __init__(
        self,
        *definitions: Definition,
        store: MemoryStore | None = None,
        clock: HandClock | None = None,
        listeners: Sequence[Listener] = (),
        activities: Sequence[str] = (),
        core: Callable[..., Core] = Core,
        keep: dict[str, int] | None = None,
        nested: Mapping[str, Nested] | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.clock = clock or HandClock()
        self.registry = Registry()
        self.registry.activities.update(activities)
        for definition in definitions:
            self.registry.add(definition)
        numbers = iter(range(1, 1_000))
        self.core = core(
            self.store,
            self.registry,
            0,
            new_id=lambda: f"new{next(numbers)}",
            new_seed=lambda: "seed",
            is_activity=self.registry.is_activity,
            nested=nested or {},
            listeners=listeners,
        )
        self.keeper = Keeper(self.store, self.core, "hand", retention=keep)
        self.keeper.enter(self.clock.now())

    def start(self, machine: str, data: Any = None, *, id: str = "1", namespace: str = "") -> Key:
        """Put an execution of version 0 into the store."""
        key = Key(namespace, id)
        text = msgspec.json.encode(data).decode()
        self.store.start(NewExecution(key, machine, 1, text, self.clock.now(), "seed"))
        return key

    def turn(self, *items: Item) -> list[Command]:
        """Do a turn with no look into the store."""
        return self.core.turn(items, self.clock.now())

    def round(self, *items: Item) -> list[Command]:
        """Look into the store until there is no more, and do a turn with what is there."""
        found, more = self.keeper.sweep(self.clock.now())
        while more:
            others, more = self.keeper.sweep(self.clock.now())
            found += others
        return self.turn(*found, *items)

    def row(self, key: Key) -> Row:
        """Give what is stored."""
        return self.store.load([key])[0]


class Ear:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def told(self, key: Key, machine: str, events: Sequence[Event]) -> None:
        """Remember."""
        del key, machine
        self.heard.extend(events)


def done(command: Command, output: Any = None) -> Item:
    """Answer well."""
    step = command.step
    return Item(step.key, s.TaskDone(step.branch, step.entry, step.attempt, output))


def failed(command: Command, error: str = "Trouble", cause: str = "") -> Item:
    """Answer with an error."""
    step = command.step
    return Item(step.key, s.TaskError(step.branch, step.entry, step.attempt, error, cause))


def machine(name: str, *states: State, **more: Any) -> Definition:
    """Make a machine that starts at its first state."""
    return Definition(name, Flow(states[0].name, {state.name: state for state in states}), **more)
