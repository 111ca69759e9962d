"""Machines in words: states, the named transitions between them, and a definition checked as a whole.

    order = (
        Machine("order-process")
        .state("charge", task("card.charge", timeout=30, compensate="card.refund"))
        .state("refused", task("mail.send"))
        .end("done")
        .transition("start", "charge", on=SUCCESS)
        .transition("charge", "done", on=SUCCESS)
        .transition("charge", "refused", on=FAILURE)
        .transition("refused", "done", on=SUCCESS)
        .build()
    )

A machine begins at the state given to ``start``, else at ``start`` when a transition leaves from a state of that name,
else at its first state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from . import steps
from .kernel.errors import DefinitionError
from .kernel.graph import END, FAILURE, SUCCESS, TIMEOUT, Definition, Flow, Retrier, State
from .kernel.lifecycle import Guard
from .kernel.states import Awaiting, Condition, Receive
from .steps import NEVER, Make, Result, Spec, Ways, events, kind, task

__all__ = ["END", "FAILURE", "NEVER", "SUCCESS", "TIMEOUT", "Branch", "Machine", "branch", "events", "kind", "task"]

START: Final = "start"


class _Way(NamedTuple):
    target: str | None
    guard: Guard | None

    def name(self, on: str) -> str:
        """Give the transition's own name: with a guard as UML writes it."""
        return on if self.guard is None else f"{on} [{self.guard.__name__}]"


class Branch:
    """A line of states: the main one, or one inside a parallel or a map. Every method gives the branch itself."""

    def __init__(self) -> None:
        self._specs: dict[str, Spec] = {}
        self._ways: dict[str, dict[str, list[_Way]]] = {}
        self._start: str | None = None
        self._faults: list[str] = []

    def start(self, name: str = START) -> Self:
        """Begin with a state of this name that passes its input on."""
        self._begin(name)
        return self.state(name, steps.StartSpec())

    def begin(self, name: str) -> Self:
        """Begin with the state of this name, whatever its kind."""
        self._begin(name)
        return self

    def _begin(self, name: str) -> None:
        if self._start is not None:
            self._faults.append(f"it begins at {self._start!r} and at {name!r}")
        self._start = name

    def state(self, name: str, does: Spec | None = None) -> Self:
        """Add a state that does what ``task``, ``events`` or ``kind`` describes; by default it waits for events."""
        if not name:
            self._faults.append("a state needs a name")
        if name in self._specs:
            self._faults.append(f"two states are named {name!r}")
        self._specs[name] = steps.EventsSpec() if does is None else does
        return self

    def decision(self, name: str, when: Condition | Mapping[str, Condition], *, otherwise: str | None = None) -> Self:
        """Add a fork: the transition of the first condition that holds is taken, else ``otherwise``.

        A single condition takes ``success``. ``failure`` is taken when none holds, if there is such a transition.
        """
        conditions = when if isinstance(when, Mapping) else {SUCCESS: when}
        return self.state(name, steps.DecisionSpec(dict(conditions), otherwise))

    def parallel(
        self,
        name: str,
        *branches: Branch,
        needed: int | None = None,
        argument: Make | None = None,
        result: Result = None,
        retry: Retrier | Sequence[Retrier] = NEVER,
    ) -> Self:
        """Add branches that run side by side on the data; the result is the list of their outputs.

        ``needed`` of them are enough when it is given: the others are given up and leave None.
        """
        flows = tuple(self._inner(branch, f"branch {number} of {name!r}") for number, branch in enumerate(branches))
        return self.state(name, steps.ParallelSpec(flows, needed, argument, result, steps.retries(retry)))

    def join(self, name: str, combine: Make | None = None) -> Self:
        """Add a state where the results of branches come together: ``combine`` makes the data of their list."""
        return self.state(name, steps.JoinSpec(combine))

    def map(
        self,
        name: str,
        each: Branch,
        *,
        items: Make | None = None,
        at_once: int = 0,
        tolerated: int = 0,
        result: Result = None,
        retry: Retrier | Sequence[Retrier] = NEVER,
    ) -> Self:
        """Add a branch that runs for each item of the list ``items`` makes of the data; the result is the list.

        ``at_once`` run together (0: all); up to ``tolerated`` may fail and leave None.
        """
        flow = self._inner(each, f"the branch of {name!r}")
        return self.state(name, steps.MapSpec(flow, items, at_once, tolerated, result, steps.retries(retry)))

    def wait(self, name: str, seconds: float | None = None, *, until: Make | None = None) -> Self:
        """Add a sleep: of so many seconds, or until an instant made of the data, in milliseconds since the epoch."""
        return self.state(name, steps.WaitSpec(seconds, until))

    def receive(
        self,
        name: str,
        event: str,
        *,
        key: Make | None = None,
        result: Result = None,
        timeout: float | None = None,
    ) -> Self:
        """Add a state that waits for one event and leaves by ``success``, or by ``timeout``."""
        return self.state(name, steps.ReceiveSpec(event, result, timeout, key))

    def end(self, name: str, output: Make | None = None) -> Self:
        """Add a good end; ``output`` makes the result of the data."""
        return self.state(name, steps.EndSpec(output))

    def fail(self, name: str, error: str, cause: str = "") -> Self:
        """Add a bad end: the branch fails with this error."""
        return self.state(name, steps.FailSpec(error, cause))

    def transition(self, source: str, target: str | None, *, on: str = SUCCESS, guard: Guard | None = None) -> Self:
        """Lead from ``source`` to ``target`` (END: the branch ends) by the name ``on``.

        A ``guard``, a pure predicate with a name, is asked about the data that goes along. Several transitions of one
        name are tried in the order given. An event that no guard lets through is refused; any other state needs a last
        transition without a guard.
        """
        if guard is not None and not getattr(guard, "__name__", "").isidentifier():
            self._faults.append(f"the guard of {on!r} from {source!r} has no name to refuse by")
            return self
        self._ways.setdefault(source, {}).setdefault(on, []).append(_Way(target, guard))
        return self

    def _inner(self, branch: Branch, where: str) -> Flow:
        flow, faults = branch._flow()
        self._faults.extend(f"{where}: {fault}" for fault in faults)
        return flow

    def _flow(self) -> tuple[Flow, list[str]]:
        specs = dict(self._specs)
        start = self._start
        if start is None:
            if START in self._ways and START not in specs:
                specs = {START: steps.StartSpec(), **specs}
            start = START if START in specs else next(iter(specs), "")
        faults = list(self._faults)
        if not specs:
            faults.append("it has no states")
        faults.extend(
            f"{on!r} leads from {source!r}, which is none of the states"
            for source, ways in self._ways.items()
            if source not in specs
            for on in ways
        )
        return Flow(start, {name: self._made(name, spec, faults) for name, spec in specs.items()}), faults

    def _made(self, name: str, spec: Spec, faults: list[str]) -> State:
        ways = self._ways.get(name, {})
        targets: dict[str, str | None] = {}
        alternatives: dict[str, tuple[tuple[Guard, str], ...]] = {}
        for on, several in ways.items():
            _check_order(name, on, several, faults)
            targets.update({way.name(on): way.target for way in several})
            guarded = tuple((way.guard, way.name(on)) for way in several if way.guard is not None)
            if guarded:
                alternatives[on] = guarded
        state = spec.make(name, Ways(targets, tuple(ways), faults))
        state.alternatives = MappingProxyType(alternatives)
        events_only = set(state.signals()) if isinstance(state, Awaiting) and not isinstance(state, Receive) else set()
        faults.extend(
            f"{on!r} from {name!r} needs a transition without a guard, for when none holds"
            for on in alternatives
            if on not in targets and on not in events_only
        )
        return state


def _check_order(source: str, on: str, several: Sequence[_Way], faults: list[str]) -> None:
    own = [way.name(on) for way in several]
    faults.extend(f"{twice!r} leads from {source!r} twice" for twice in _repeated(own))
    if any(way.guard is None for way in several[:-1]):
        faults.append(f"{on!r} from {source!r} has transitions after the one without a guard")


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


class Machine(Branch):
    """A machine to be: ``build`` checks everything and gives the definition.

    ``timeout``: seconds for a whole execution. ``on_late``: the machine started with an event that came too late.
    ``edition`` numbers the published versions of one name.
    """

    def __init__(
        self, name: str, *, timeout: float | None = None, on_late: str | None = None, edition: int = 1
    ) -> None:
        super().__init__()
        self.name = name
        self.timeout = timeout
        self.on_late = on_late
        self.edition = edition

    def build(self) -> Definition:
        """Give the definition. Raises DefinitionError with every fault found, states nothing leads to included."""
        flow, faults = self._flow()
        try:
            definition = Definition(self.name, flow, self.timeout, self.on_late, self.edition)
        except DefinitionError as error:
            # What was found here already says the same in the words of the builder.
            raise DefinitionError(self.name, [*faults, *(f for f in error.faults if f not in faults)]) from None
        if faults:
            raise DefinitionError(self.name, faults)
        return definition


def branch(name: str | None = None, does: Spec | None = None) -> Branch:
    """Give a branch for a parallel or a map: empty, or of one state that ends it."""
    made = Branch()
    return made if name is None else made.state(name, does).transition(name, END)
