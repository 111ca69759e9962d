"""The kinds of states the kernel comes with. Each decides by looking at its visit and says so in events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from . import events as e
from .errors import BRANCH_FAILED, NO_CHOICE, TIMEOUT, StepError
from .graph import (
    SUCCESS,
    Catcher,
    Compensation,
    Flow,
    Give,
    Retrier,
    State,
    Take,
    Visit,
    give_result,
    holds,
    take_all,
)
from .graph import TIMEOUT as ON_TIMEOUT

Condition = Callable[[Any], bool]
"""A pure predicate over the data of a branch."""


class Start(State):
    """Where a machine begins when it says so itself: passes its input on."""

    kind: ClassVar[str] = "start"

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Leave at once."""
        del cause
        return visit.leave(visit.branch.data)


class Pass(State):
    """Makes its output of its input, and nothing else."""

    kind: ClassVar[str] = "pass"

    def __init__(
        self,
        name: str,
        transitions: Mapping[str, str | None],
        *,
        take: Take = take_all,
        catchers: Sequence[Catcher] = (),
    ) -> None:
        super().__init__(name, transitions, catchers=catchers)
        self.take = take

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Leave with what ``take`` makes."""
        del cause
        return visit.leave(self.take(visit))


class Join(Pass):
    """Puts the results of the branches before it together: its input is their list."""

    kind: ClassVar[str] = "join"


class Task(State):
    """Has a resource do something, within a time limit if there is one.

    ``heartbeat``: seconds within which an activity must show that it lives. A ``compensation`` is noted when the task
    is done; a ``pivot`` makes the way back impossible.
    """

    kind: ClassVar[str] = "task"

    def __init__(  # noqa: PLR0913 - what a state can say, by keyword
        self,
        name: str,
        transitions: Mapping[str, str | None],
        resource: str,
        *,
        take: Take = take_all,
        give: Give = give_result,
        retriers: Sequence[Retrier] = (),
        catchers: Sequence[Catcher] = (),
        timeout: float | None = None,
        heartbeat: float | None = None,
        compensation: Compensation | None = None,
        pivot: bool = False,
    ) -> None:
        super().__init__(name, transitions, retriers=retriers, catchers=catchers)
        self.resource = resource
        self.take = take
        self.give = give
        self.timeout = timeout
        self.heartbeat = heartbeat
        self.compensation = compensation
        self.pivot = pivot

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Schedule the task, or make of its result what follows."""
        if isinstance(cause, e.TaskSucceeded):
            return (*self._settled(visit, cause.output), *visit.leave(self.give(visit, cause.output)))
        if isinstance(cause, (e.TaskFailed, e.TaskTimedOut)):
            raise StepError(cause.error, cause.cause)
        now = visit.now
        due = None if self.timeout is None else now + round(1000 * self.timeout)
        beat = None if self.heartbeat is None else round(1000 * self.heartbeat)
        attempt = visit.branch.attempt + 1
        return (e.TaskScheduled(visit.branch.id, now, attempt, self.resource, self.take(visit), due, beat),)

    def _settled(self, visit: Visit, result: Any) -> tuple[e.Event, ...]:
        if self.pivot:
            return (e.PivotPassed(visit.branch.id, visit.now, self.name),)
        if self.compensation is None or visit.frame.pivot:
            return ()
        argument = self.compensation.take(visit, result)
        return (e.CompensationNoted(visit.branch.id, self.name, self.compensation.resource, argument),)


class Decision(State):
    """Takes the transition of the first condition that holds, else ``default``; without one States.NoChoiceMatched."""

    kind: ClassVar[str] = "decision"

    def __init__(
        self,
        name: str,
        transitions: Mapping[str, str | None],
        conditions: Sequence[tuple[str, Condition]],
        default: str | None = None,
    ) -> None:
        super().__init__(name, transitions)
        self.conditions = tuple(conditions)
        self.default = default

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Leave by the transition found. A condition that raises anything but StepError is States.Runtime."""
        del cause
        data = visit.branch.data
        for transition, condition in self.conditions:
            if holds(condition, data, f"the condition of {transition!r}"):
                return visit.leave(data, transition)
        if self.default is None:
            raise StepError(NO_CHOICE, f"no condition of {self.name!r} holds")
        return visit.leave(data, self.default)


class Wait(State):
    """Sleeps; ``until`` gives the instant to wake at, in milliseconds since the epoch."""

    kind: ClassVar[str] = "wait"

    def __init__(
        self, name: str, transitions: Mapping[str, str | None], until: Callable[[Visit], int], take: Take = take_all
    ) -> None:
        super().__init__(name, transitions)
        self.until = until
        self.take = take

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Lie down, or leave: at once when the instant is over already."""
        if isinstance(cause, e.WaitEnded) or (until := self.until(visit)) <= visit.now:
            return visit.leave(self.take(visit))
        return (e.WaitStarted(visit.branch.id, visit.now, until),)


class Awaiting(State):
    """Waits for one of several named signals and leaves by the transition of that name, ``timeout`` seconds at most.

    A signal that came before is taken at once. When none comes the transition ``timeout`` is taken if there is one,
    with the input as it was; otherwise the state fails with States.Timeout. ``key`` tells apart what this execution
    waits for.
    """

    kind: ClassVar[str] = "state"

    def __init__(
        self,
        name: str,
        transitions: Mapping[str, str | None],
        *,
        names: Sequence[str] | None = None,
        key: Callable[[Visit], str] = lambda _visit: "",
        timeout: float | None = None,
        give: Give = give_result,
        retriers: Sequence[Retrier] = (),
        catchers: Sequence[Catcher] = (),
    ) -> None:
        """Wait for ``names``, by default those of all transitions but ``timeout`` and those of the catchers."""
        super().__init__(name, transitions, retriers=retriers, catchers=catchers)
        others = {ON_TIMEOUT, *(catcher.transition for catcher in self.catchers)}
        self.names = [name for name in transitions if name not in others] if names is None else list(names)
        self.key = key
        self.timeout = timeout
        self.give = give

    def signals(self) -> tuple[str, ...]:
        """Give the names."""
        return tuple(self.names)

    def accepts(self, visit: Visit, signal: str, data: Any) -> bool:
        """Tell whether a guard lets the signal through; where one fails, receiving the signal fails the state."""
        if signal in self.transitions or signal not in self.alternatives:
            return True
        try:
            return self.choose(self.give(visit, data), signal) != signal
        except StepError:
            return True

    def received(self, visit: Visit, signal: e.SignalReceived) -> tuple[e.Event, ...]:
        """Leave with the signal's data, by the transition of its name."""
        return visit.leave(self.give(visit, signal.data), signal.name)

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Wait, or go on with what came or did not come."""
        if isinstance(cause, e.SignalReceived):
            return self.received(visit, cause)
        if isinstance(cause, e.SignalTimedOut):
            if ON_TIMEOUT in self.transitions:
                return visit.leave(visit.branch.data, ON_TIMEOUT)
            raise StepError(TIMEOUT, f"{', '.join(self.names)} did not come in time")
        branch, now = visit.branch, visit.now
        key = self.key(visit)
        due = None if self.timeout is None else now + round(1000 * self.timeout)
        awaited = e.SignalAwaited(branch.id, now, self.names, key, due)
        for number, kept in visit.frame.kept.items():
            fits = kept.name in self.names and kept.key == key and kept.expires > now
            if fits and self.accepts(visit, kept.name, kept.data):
                return (awaited, e.SignalReceived(branch.id, now, number, kept.name, kept.data))
        return (awaited,)


class Receive(Awaiting):
    """Waits for one named signal and goes on with it: leaves by ``success`` whatever the signal's name."""

    kind: ClassVar[str] = "receive"

    def received(self, visit: Visit, signal: e.SignalReceived) -> tuple[e.Event, ...]:
        """Leave with the signal's data."""
        return visit.leave(self.give(visit, signal.data))


class Parallel(State):
    """Runs its flows side by side, each with the input; its result is the list of their outputs.

    ``needed`` of them are enough when it is given: the others are then given up and leave None. The state fails with
    the error of the branch whose failure leaves too few.
    """

    kind: ClassVar[str] = "parallel"

    def __init__(
        self,
        name: str,
        transitions: Mapping[str, str | None],
        branches: Sequence[Flow],
        *,
        needed: int | None = None,
        take: Take = take_all,
        give: Give = give_result,
        retriers: Sequence[Retrier] = (),
        catchers: Sequence[Catcher] = (),
    ) -> None:
        super().__init__(name, transitions, retriers=retriers, catchers=catchers)
        self.branches = tuple(branches)
        self.needed = len(self.branches) if needed is None else needed
        self.take = take
        self.give = give

    def flows(self) -> tuple[Flow, ...]:
        """Give the branches."""
        return self.branches

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Start the branches, or see whether enough of them are done."""
        branch = visit.branch
        if branch.results is None:
            return self._begin(visit)
        finished = len(self.branches) - branch.open - branch.failures
        if finished >= self.needed:
            children = visit.frame.children(branch.id)
            aborted = [e.BranchAborted(child.id, visit.now) for child in children if child.failure is None]
            return (*aborted, *visit.leave(self.give(visit, list(branch.results))))
        if finished + branch.open < self.needed:
            raise one_too_many(cause)
        return ()

    def _begin(self, visit: Visit) -> tuple[e.Event, ...]:
        given = self.take(visit)
        if not self.branches:
            return visit.leave(self.give(visit, []))
        first, now = visit.frame.next_branch, visit.now
        return tuple(
            e.BranchStarted(first + index, visit.branch.id, index, now, flow.start, given)
            for index, flow in enumerate(self.branches)
        )


class Map(State):
    """Runs one flow for each item, ``at_once`` at a time (0: all); its result is the list of the outputs by item.

    ``items`` gives the list of inputs. Up to ``tolerated`` items may fail; their results are None.
    """

    kind: ClassVar[str] = "map"

    def __init__(  # noqa: PLR0913 - likewise
        self,
        name: str,
        transitions: Mapping[str, str | None],
        flow: Flow,
        *,
        items: Callable[[Visit], Sequence[Any]],
        at_once: int = 0,
        tolerated: int = 0,
        give: Give = give_result,
        retriers: Sequence[Retrier] = (),
        catchers: Sequence[Catcher] = (),
    ) -> None:
        super().__init__(name, transitions, retriers=retriers, catchers=catchers)
        self.flow = flow
        self.items = items
        self.at_once = at_once
        self.tolerated = tolerated
        self.give = give

    def flows(self) -> tuple[Flow, ...]:
        """Give the one flow."""
        return (self.flow,)

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Start items while there is room, or see that all are done."""
        branch = visit.branch
        if branch.failures > self.tolerated:
            raise one_too_many(cause)
        items = self.items(visit)
        results = branch.results or []
        if len(results) != len(items):
            return self._begin(visit, items, len(results))
        return () if branch.open else visit.leave(self.give(visit, list(results)))

    def _begin(self, visit: Visit, items: Sequence[Any], begun: int) -> tuple[e.Event, ...]:
        branch = visit.branch
        room = len(items) if self.at_once <= 0 else self.at_once - branch.open
        first, now = visit.frame.next_branch, visit.now
        return tuple(
            e.BranchStarted(first + place, branch.id, begun + place, now, self.flow.start, items[begun + place])
            for place in range(min(room, len(items) - begun))
        )


class End(State):
    """Ends its branch well; the output of the main one is the execution's."""

    kind: ClassVar[str] = "end"

    def __init__(self, name: str, *, take: Take = take_all) -> None:
        super().__init__(name, {SUCCESS: None})
        self.take = take

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Leave to nowhere."""
        del cause
        return visit.leave(self.take(visit))


class Fail(State):
    """Ends its branch with an error, which the states around it may catch."""

    kind: ClassVar[str] = "fail"
    final: ClassVar[bool] = True

    def __init__(
        self, name: str, error: str | Callable[[Visit], str], cause: str | Callable[[Visit], str] = ""
    ) -> None:
        super().__init__(name, {})
        self.error = error
        self.cause = cause

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Raise the error."""
        del cause
        error = self.error if isinstance(self.error, str) else self.error(visit)
        reason = self.cause if isinstance(self.cause, str) else self.cause(visit)
        raise StepError(error, reason)


def one_too_many(cause: e.Event | None) -> StepError:
    """Give the error of the child whose failure left too few."""
    return StepError(cause.error, cause.cause) if isinstance(cause, e.BranchFailed) else StepError(BRANCH_FAILED)
