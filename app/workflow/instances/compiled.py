"""Machines made ready for instances: nodes that hold their transitions by event, with what is told of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ..here import Handler, Here, check_handlers, copied
from ..kernel.errors import DefinitionError
from ..kernel.graph import Definition, State
from ..kernel.lifecycle import Guard, InvalidTransitionError
from ..kernel.states import Awaiting, Start, Wait
from ..steps import Giver, Put, no_key
from .crowd import Crowd
from .facts import (
    Fact,
    Hearing,
    Listener,
    Report,
    Spawned,
    StateEntered,
    StateExited,
    TransitionFired,
    is_async,
    log_problem,
)

KEYS: Final = 1_000
Told = tuple[tuple[Listener, Fact], ...]


class Node:
    """A state with the transitions out of it by event; ``put`` makes the model that an event's data leads to."""

    __slots__ = ("edges", "machine", "name", "put", "state")

    def __init__(self, machine: str, name: str, state: State, put: Put | None = None) -> None:
        self.machine = machine
        self.name = name
        self.state = state
        self.put = put
        self.edges: dict[str, Edge] = {}


class Edge:
    """A transition. ``other`` is tried when the guard refuses; ``told`` is whom it is told, and how.

    A ``plain`` one leads from one state that waits to another, so that the kernel need not be asked.
    """

    __slots__ = ("event", "guard", "other", "plain", "source", "target", "told", "transition")

    def __init__(
        self, source: str, event: str, transition: str, target: Node | None, guard: Guard | None, other: Edge | None
    ) -> None:
        self.source = source
        self.event = event
        self.transition = transition
        self.target = target
        self.guard = guard
        self.other = other
        self.plain = False
        self.told: Told = ()


def decide(node: Node, model: Any, event: str) -> Edge:
    """Give the transition that the event takes; changes nothing. Raises InvalidTransitionError when there is none."""
    found = edge = node.edges.get(event)
    while edge is not None:
        guard = edge.guard
        if guard is None or guard(model):
            return edge
        edge = edge.other
    refused = found.guard.__name__ if found is not None and found.guard is not None else None
    raise InvalidTransitionError(node.machine, node.name, event, tuple(node.edges), refused)


class Compiled:
    """A definition for instances: with the handlers of its tasks, and whoever listens.

    ``clock`` gives milliseconds since the epoch; a machine with sleeps or time limits needs one. ``pause`` is called
    with the seconds between attempts of a task; without it they follow each other at once. ``keys`` is how many
    idempotency keys an instance remembers, the newest. Raises DefinitionError for what instances cannot do.
    """

    def __init__(
        self,
        definition: Definition,
        handlers: Mapping[str, Handler] | None = None,
        *,
        listeners: Iterable[Listener | Hearing] = (),
        report: Report = log_problem,
        clock: Callable[[], int] | None = None,
        pause: Callable[[float], None] | None = None,
        keys: int = KEYS,
    ) -> None:
        self.definition = definition
        self.handlers = dict(handlers or {})
        faults = [*check_handlers(definition, self.handlers), *_unfit(definition, timed=clock is not None)]
        if faults:
            raise DefinitionError(definition.name, faults)
        self.report = report
        self.clock = clock
        self.pause = pause
        self.keys = keys
        self.crowd = Crowd()
        self.spawned: list[Spawned] = []
        self.hearings = tuple(self._hearing(listener) for listener in listeners)
        self.nodes, self.shut = self._compiled()
        self.initial = self.nodes[definition.flow.start]
        first = StateEntered(definition.name, self.initial.name)
        self.told_first = self.pairs([first]) if is_plain(self.initial.state) else ()

    def now(self) -> int:
        """Give the instant; 0 for a machine whose instances know no time."""
        return 0 if self.clock is None else self.clock()

    def here(self, *, copying: bool) -> Here:
        """Give what runs tasks in this thread. ``copying``: data is handed on as JSON would."""
        if copying:
            return Here(self.definition, self.handlers, pause=self.pause, copy=copied)
        return Here(self.definition, self.handlers, pause=self.pause)

    async def heard(self) -> None:
        """Return when the async listeners have heard all that was told so far in this loop."""
        for spawned in self.spawned:
            for task in list(spawned.pending):
                await task

    def pairs(self, facts: Iterable[Fact]) -> Told:
        """Give who is told what, in order."""
        return tuple((h.listener, fact) for fact in facts for h in self.hearings if isinstance(fact, h.kinds))

    def _hearing(self, listener: Listener | Hearing) -> Hearing:
        hearing = listener if isinstance(listener, Hearing) else Hearing(listener)
        if not is_async(hearing.listener):
            return hearing
        spawned = Spawned(hearing.listener, self.report)  # type: ignore[arg-type] # it is async
        self.spawned.append(spawned)
        return Hearing(spawned, hearing.kinds)

    def _compiled(self) -> tuple[dict[str, Node], dict[str, Node]]:
        states = self.definition.flow.states
        machine = self.definition.name
        nodes = {name: Node(machine, name, state, _put_of(state)) for name, state in states.items()}
        for node in nodes.values():
            for event in _events_of(node.state):
                node.edges[event] = self._edge(node, event, nodes)
        return nodes, {name: Node(machine, name, state) for name, state in states.items()}

    def _edge(self, node: Node, event: str, nodes: Mapping[str, Node]) -> Edge:
        state = node.state
        edge: Edge | None = None
        for guard, transition in reversed(_ways_of(state, event)):
            goal = state.transitions[transition]
            target = None if goal is None else nodes[goal]
            edge = Edge(node.name, event, transition, target, guard, edge)
            edge.plain = target is not None and is_plain(state) and is_plain(target.state)
            edge.told = self._told(node.name, transition, goal)
        assert edge is not None  # noqa: S101 - an event is one because there is a transition for it
        return edge

    def _told(self, source: str, transition: str, goal: str | None) -> Told:
        name = self.definition.name
        facts: list[Fact] = [StateExited(name, source, transition), TransitionFired(name, source, transition, goal)]
        if goal is not None:
            facts.append(StateEntered(name, goal))
        return self.pairs(facts)


def is_plain(state: State) -> bool:
    """Tell whether a state does nothing but wait for named events, as long as it takes."""
    return type(state) is Awaiting and state.timeout is None and state.key is no_key and isinstance(state.give, Giver)


def _put_of(state: State) -> Put | None:
    return state.give.put if isinstance(state, Awaiting) and isinstance(state.give, Giver) else None


def _events_of(state: State) -> tuple[str, ...]:
    if isinstance(state, Start):
        return tuple(name for name in state.transitions if "[" not in name)
    return _led_by(state) if isinstance(state, Awaiting) and is_plain(state) else ()


def _led_by(state: Awaiting) -> tuple[str, ...]:
    return tuple(name for name in state.names if name in state.transitions or name in state.alternatives)


def _ways_of(state: State, event: str) -> list[tuple[Guard | None, str]]:
    """Give the transitions by an event in the order they are tried."""
    ways: list[tuple[Guard | None, str]] = [*state.alternatives.get(event, ())]
    if event in state.transitions:
        ways.append((None, event))
    return ways


def _unfit(definition: Definition, *, timed: bool) -> list[str]:
    faults = []
    if definition.timeout is not None:
        faults.append("an instance has no time limit as a whole: only the durable runtime ends it")
    if definition.on_late is not None:
        faults.append("only the durable runtime starts a machine for late events")
    if not timed:
        faults.extend(
            f"{name!r} looks at the time: a clock is needed"
            for name, state in definition.states.items()
            if _is_timed(state)
        )
    return faults


def _is_timed(state: State) -> bool:
    return isinstance(state, Wait) or getattr(state, "timeout", None) is not None
