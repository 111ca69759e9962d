"""Definitions: states and the named transitions between them, checked as a whole, immutable after."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any, ClassVar, Final

from . import events as e
from .chance import fraction
from .errors import RUNTIME, DefinitionError, StepError, matches
from .events import Event
from .frames import Branch, Frame
from .lifecycle import Guard, InvalidTransitionError

SUCCESS: Final = "success"
FAILURE: Final = "failure"
TIMEOUT: Final = "timeout"
END: Final = None
"""The target of a transition that ends its branch."""


class Visit:
    """What a state may know while it decides: the execution, the branch that visits it, and the instant."""

    __slots__ = ("branch", "definition", "frame", "now", "state")

    def __init__(self, definition: Definition, frame: Frame, now: int) -> None:
        self.definition = definition
        self.frame = frame
        self.now = now
        self.branch: Branch
        self.state: State

    def at(self, branch: Branch) -> Visit:
        """Turn to another branch."""
        self.branch = branch
        self.state = self.definition.states[branch.state]
        return self

    def entered(self) -> e.Event:
        """Give the event of an arrival."""
        return e.StateEntered(self.branch.id, self.now, self.branch.state, self.branch.data)

    def leave(self, output: Any, transition: str = SUCCESS) -> tuple[e.Event, ...]:
        """Leave the state by a named transition."""
        return self.state.exit(self, output, transition)

    def exited(self, output: Any, transition: str, variables: dict[str, Any] | None = None) -> tuple[e.Event, ...]:
        """Give the events of leaving. Raises InvalidTransitionError for a transition the state does not have."""
        branch, state = self.branch, self.state
        if state.alternatives:
            transition = state.choose(output, transition)
        try:
            target = state.transitions[transition]
        except KeyError:
            raise InvalidTransitionError(
                self.definition.name, branch.state, transition, tuple(state.transitions), None
            ) from None
        left = e.StateExited(branch.id, self.now, branch.state, output, transition, target, variables)
        if target is not None:
            return (left,)
        if branch.parent >= 0:
            return (left, e.BranchSucceeded(branch.id, self.now, output))
        return (left, e.ExecutionSucceeded(self.now, output))

    def chance(self, purpose: str, nth: int = 0) -> float:
        """Draw a number in [0, 1): the same one whenever this visit draws it for this purpose."""
        return fraction(self.frame.seed, self.branch.entry, self.branch.attempt, purpose, nth)


Take = Callable[[Visit], Any]
"""Makes what a state works on of its input; may raise StepError."""
Give = Callable[[Visit, Any], Any]
"""Makes the output of a state of its input and its result; may raise StepError."""


def take_all(visit: Visit) -> Any:
    """Work on the input as it is."""
    return visit.branch.data


def give_result(visit: Visit, result: Any) -> Any:
    """Let the result take the place of the input."""
    del visit
    return result


@dataclass(frozen=True, slots=True)
class Retrier:
    """When a state is tried again: at most ``attempts`` times for the errors named.

    The n-th pause lasts ``interval * rate ** (n - 1)`` seconds, ``longest`` at most; with ``jitter`` a random part of
    that (ASL "JitterStrategy": FULL). The default is ORC-03's: three retries after 1, 2 and 4 seconds.
    """

    errors: tuple[str, ...] = ("States.ALL",)
    interval: float = 1.0
    attempts: int = 3
    rate: float = 2.0
    longest: float | None = None
    jitter: bool = False

    def pause(self, used: int, chance: float) -> int:
        """Give the milliseconds to wait when it was ``used`` that many times before; ``chance`` is in [0, 1)."""
        try:
            seconds = self.interval * self.rate**used
        except OverflowError:
            seconds = float("inf")
        # A pause of more than a year would not fit the execution anyway.
        seconds = min(seconds, 31_536_000.0 if self.longest is None else self.longest)
        return round(1000 * (seconds * chance if self.jitter else seconds))


@dataclass(frozen=True, slots=True)
class Catcher:
    """Which transition an error takes. ``give`` makes the data it takes along of ``{"Error", "Cause"}``.

    ``assign`` makes the variables that are set, None when there are none.
    """

    errors: tuple[str, ...] = ("States.ALL",)
    transition: str = FAILURE
    give: Give = give_result
    assign: Give | None = None


@dataclass(frozen=True, slots=True)
class Compensation:
    """What undoes a step: a task of its own, retried as said and after that a person's work."""

    resource: str
    take: Give = give_result
    retriers: tuple[Retrier, ...] = (Retrier(),)
    timeout: float | None = None


def holds(condition: Guard, data: Any, what: str) -> bool:
    """Ask a predicate about data. One that raises anything but StepError is a StepError, States.Runtime."""
    try:
        return condition(data)
    except StepError:
        raise
    except Exception as error:
        raise StepError(RUNTIME, f"{what} failed: {error!r}") from error


class State(ABC):
    """A kind of state (SM-01). A new kind implements ``execute``; nothing else of the kernel needs to know it.

    The methods decide and change nothing: they give events, which the kernel folds before it calls the next method. A
    StepError raised by any of them is retried or caught as the state says.
    """

    kind: ClassVar[str]
    final: ClassVar[bool] = False
    """Whether a failure here is what the definition wants, so that trying again is of no use."""
    alternatives: Mapping[str, tuple[tuple[Guard, str], ...]] = MappingProxyType({})
    """By the name of a transition: guards with the transitions, each of its own name, that are taken if they hold."""

    def __init__(
        self,
        name: str,
        transitions: Mapping[str, str | None],
        *,
        retriers: Sequence[Retrier] = (),
        catchers: Sequence[Catcher] = (),
    ) -> None:
        """Take the targets by the transitions' names; the target None (END) ends the branch."""
        self.name = name
        self.transitions: Mapping[str, str | None] = MappingProxyType(dict(transitions))
        self.retriers = tuple(retriers)
        self.catchers = tuple(catchers)

    def enter(self, visit: Visit) -> tuple[Event, ...]:
        """Say that the branch has arrived."""
        return (visit.entered(),)

    @abstractmethod
    def execute(self, visit: Visit, cause: Event | None) -> tuple[Event, ...]:
        """Do what the state is for. ``cause`` is None on arrival, later the event that gave the branch something to do.

        Give either what the branch now waits for, or how it leaves: ``visit.leave(output)``.
        """

    def exit(self, visit: Visit, output: Any, transition: str) -> tuple[Event, ...]:
        """Say that the branch leaves by the named transition, and where to."""
        return visit.exited(output, transition)

    def choose(self, data: Any, transition: str) -> str:
        """Give the first alternative to the transition whose guard lets ``data`` through, else the transition."""
        for guard, way in self.alternatives.get(transition, ()):
            if holds(guard, data, f"the guard of {way!r}"):
                return way
        return transition

    def accepts(self, visit: Visit, signal: str, data: Any) -> bool:
        """Tell whether a signal that this state waits for may be received: if not, it is kept as one too early."""
        del visit, signal, data
        return True

    def flows(self) -> tuple[Flow, ...]:
        """Give the flows inside this state, by the number of the branch; most kinds have none."""
        return ()

    def signals(self) -> tuple[str, ...]:
        """Give the names of the signals that this state waits for."""
        return ()

    def shown(self, visit: Visit, failed: e.StateFailed) -> tuple[str, ...]:
        """Give the names of the lines that the public history shows for a failure; none but for a front end's."""
        del visit, failed
        return ()

    def retrier(self, error: str, tries: Mapping[int, int]) -> int | None:
        """Give the place of the retrier that takes the error and has attempts left, None if none does.

        Source: ASL "Retrying After Error": the first that names the error decides.
        """
        for place, retrier in enumerate(self.retriers):
            if matches(retrier.errors, error):
                return place if tries.get(place, 0) < retrier.attempts else None
        return None

    def catcher(self, error: str) -> Catcher | None:
        """Give the first catcher that takes the error."""
        return next((catcher for catcher in self.catchers if matches(catcher.errors, error)), None)


@dataclass(frozen=True, slots=True)
class Flow:
    """A line of states inside a state, or the main one: where it starts, and all its states by name."""

    start: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Definition:
    """A machine, checked. ``states`` holds those of all flows: a name is unique in the whole machine, as on AWS.

    ``timeout``: seconds for a whole execution. ``on_late``: the machine that is started with a signal that came too
    late. ``edition`` numbers the published versions of one name. ``parts`` are machines that belong to this one, of
    the same edition: those that its states start on their own.
    """

    name: str
    flow: Flow
    timeout: float | None = None
    on_late: str | None = None
    edition: int = 1
    parts: tuple[Definition, ...] = ()
    states: Mapping[str, State] = field(init=False)
    awaited: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Raise DefinitionError with every fault found."""
        states: dict[str, State] = {}
        faults: list[str] = []
        _collect(self.flow, "the machine", states, faults)
        if not self.name:
            faults.append("a machine needs a name")
        if self.timeout is not None and self.timeout <= 0:
            faults.append(f"timeout is {self.timeout}: it must be more than 0 seconds")
        if faults:
            raise DefinitionError(self.name, faults)
        object.__setattr__(self, "states", MappingProxyType(states))
        names = frozenset(chain.from_iterable(state.signals() for state in states.values()))
        object.__setattr__(self, "awaited", names)


def _collect(flow: Flow, where: str, states: dict[str, State], faults: list[str]) -> None:
    if flow.start not in flow.states:
        faults.append(f"{where} starts at {flow.start!r}, which is none of its states")
    for name, state in flow.states.items():
        if name in states:
            faults.append(f"two states are named {name!r}")
        states[name] = state
        _check_state(name, state, flow, faults)
        for number, inner in enumerate(state.flows()):
            _collect(inner, f"branch {number} of {name!r}", states, faults)
    faults.extend(f"nothing leads to {name!r}" for name in _lost(flow))


def _check_state(name: str, state: State, flow: Flow, faults: list[str]) -> None:
    if state.name != name:
        faults.append(f"{name!r} holds a state named {state.name!r}")
    for transition, target in state.transitions.items():
        if target is not END and target not in flow.states:
            faults.append(f"{transition!r} of {name!r} leads to {target!r}, which is no state beside it")
    faults.extend(
        f"{name!r} catches errors by {catcher.transition!r}, which is no transition of it"
        for catcher in state.catchers
        if catcher.transition not in state.transitions
    )


def _lost(flow: Flow) -> list[str]:
    reached = _reached(flow)
    return [name for name in flow.states if name not in reached]


def _reached(flow: Flow) -> set[str]:
    reached: set[str] = set()
    frontier: list[str] = [flow.start]
    while frontier:
        name = frontier.pop()
        if name in reached or name not in flow.states:
            continue
        reached.add(name)
        frontier.extend(_targets(flow.states[name]))
    return reached


def _targets(state: State) -> Iterable[str]:
    return (target for target in state.transitions.values() if target is not None)
