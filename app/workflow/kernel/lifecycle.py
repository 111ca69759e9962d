"""Life cycles: pure tables of states, named transitions and guards, checked when built.

DOOR = Lifecycle("door", Door, initial=Door.SHUT, transitions=(Transition("open", Door.SHUT, Door.OPEN),))
DOOR.fire(Door.SHUT, "open")  # Door.OPEN
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
Guard = Callable[[Any], bool]


class LifecycleError(ValueError):
    """A life cycle is declared wrongly; raised while it is built, never later."""


class InvalidTransitionError(Exception):
    """The state has no such transition, or its guard refused; nothing changed.

    ``guard`` is the name of the guard that refused, None when the transition is not there at all.
    """

    def __init__(self, machine: str, state: str, transition: str, allowed: Sequence[str], guard: str | None) -> None:
        reason = f"guard {guard} refused" if guard else f"allowed: {', '.join(allowed) or 'nothing'}"
        super().__init__(f"{machine}: no {transition} from {state} ({reason})")
        self.machine = machine
        self.state = state
        self.transition = transition
        self.allowed = tuple(allowed)
        self.guard = guard


# Without slots: Python 3.11 and 3.12 cannot call a subscripted generic that is frozen and slotted.
@dataclass(frozen=True)
class Transition(Generic[S]):
    """One way from one state to another.

    ``guard`` is a pure predicate over the subject given to ``fire``; a function with a name, which is its reason.
    """

    name: str
    source: S
    target: S
    guard: Guard | None = None


class Lifecycle(Generic[S]):
    """A finite table of states and transitions; immutable once built."""

    __slots__ = ("_edges", "finals", "initial", "name", "states", "transitions")

    def __init__(self, name: str, states: type[S], *, initial: S, transitions: Sequence[Transition[S]]) -> None:
        """Check and index the table. Raises LifecycleError for strangers, duplicates and lost states."""
        self.name = name
        self.states = tuple(states)
        self.initial = initial
        self.transitions = tuple(transitions)
        if type(initial) is not states:
            raise LifecycleError(f"{name}: unknown initial state {initial!r}")
        for transition in self.transitions:
            self._check(transition, states)
        self._edges = self._index()
        self._check_reachable()
        sources = {transition.source for transition in self.transitions}
        self.finals = frozenset(state for state in self.states if state not in sources)

    def _check(self, transition: Transition[S], states: type[S]) -> None:
        # By class: members of two StrEnums with the same text are equal.
        for state in (transition.source, transition.target):
            if type(state) is not states:
                raise LifecycleError(f"{self.name}: {transition.name} names the unknown state {state!r}")
        if not transition.name.isidentifier():
            raise LifecycleError(f"{self.name}: {transition.name!r} is no name for a transition")
        if transition.guard is not None:
            self._check_guard(transition)

    def _check_guard(self, transition: Transition[S]) -> None:
        if not callable(transition.guard):
            raise LifecycleError(f"{self.name}: the guard of {transition.name} cannot be called")
        if not getattr(transition.guard, "__name__", "").isidentifier():
            raise LifecycleError(f"{self.name}: the guard of {transition.name} has no name to refuse by")

    def _index(self) -> dict[tuple[S, str], Transition[S]]:
        edges: dict[tuple[S, str], Transition[S]] = {}
        for transition in self.transitions:
            key = (transition.source, transition.name)
            if key in edges:
                raise LifecycleError(f"{self.name}: two transitions {transition.name} from {transition.source}")
            edges[key] = transition
        return edges

    def _check_reachable(self) -> None:
        reached = self._reached()
        lost = [state.value for state in self.states if state not in reached]
        if lost:
            raise LifecycleError(f"{self.name}: nothing leads to {', '.join(lost)}")

    def _reached(self) -> set[S]:
        reached = {self.initial}
        frontier = [self.initial]
        while frontier:
            state = frontier.pop()
            targets = {t.target for t in self.transitions if t.source == state} - reached
            reached |= targets
            frontier.extend(targets)
        return reached

    def fire(self, state: S, name: str, subject: object = None) -> S:
        """Give the state that transition ``name`` leads to. Raises InvalidTransitionError and changes nothing."""
        edge = self._edges.get((state, name))
        if edge is None:
            raise InvalidTransitionError(self.name, state.value, name, self.allowed(state), None)
        if edge.guard is not None and not edge.guard(subject):
            raise InvalidTransitionError(self.name, state.value, name, self.allowed(state), edge.guard.__name__)
        return edge.target

    def allowed(self, state: S) -> tuple[str, ...]:
        """Give the names of the transitions out of ``state`` in the order declared, guards not asked."""
        return tuple(transition.name for transition in self.transitions if transition.source == state)

    def table(self) -> list[tuple[str, str, str, str]]:
        """Give a row for each transition: source, name, target, guard's name or nothing; for documentation."""
        return [(t.source.value, t.name, t.target.value, t.guard.__name__ if t.guard else "") for t in self.transitions]

    def mermaid(self) -> str:
        """Draw the table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial.value}"]
        lines += [f"    {source} --> {target}: {name}" for source, name, target, _ in self.table()]
        lines += [f"    {state.value} --> [*]" for state in self.states if state in self.finals]
        return "\n".join(lines) + "\n"
