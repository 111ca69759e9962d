"""The state types of Amazon States Language, as states of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec

from ..kernel import events as e
from ..kernel import states as kernel
from ..kernel.errors import DATA_LIMIT, HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT, StepError
from ..kernel.frames import Branch
from ..kernel.graph import END, SUCCESS, Catcher, Compensation, Flow, Retrier, State, Visit
from .choices import read_timestamp
from .context import failed
from .query import Item, Number, Query, Rule, Text
from .resources import Service

LARGEST: Final = 262_144
"""Bytes of UTF-8 that the input, the output and the result of a state may have."""
MOST_STORED: Final = 10_485_760
"""Bytes of UTF-8 that all variables of an execution may have together."""
LONGEST_HISTORY: Final = 25_000
"""Lines of public history that an execution may have."""
INLINE_AT_ONCE: Final = 40
"""Turns of a Map that run at the same time at most."""
_ABORTED: Final = frozenset({"Task", "Wait", "Parallel", "Map"})

_encode: Final = msgspec.json.Encoder().encode
Line = tuple[str, dict[str, Any]]
"""A line of the public history: its type, and its details."""


def is_too_large(value: Any) -> bool:
    """Tell whether a value has more bytes than the quota allows."""
    if value is None or isinstance(value, (bool, int, float)):
        return False
    return len(_encode(value)) > LARGEST


def too_large(what: str) -> StepError:
    """Make the error of data beyond the quota; ``what`` is the resource or the state it comes from."""
    return StepError(
        DATA_LIMIT,
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def checked(visit: Visit, output: Any) -> Any:
    """Give an output back. Raises StepError when it is too large."""
    if output is not visit.branch.data and is_too_large(output):
        raise too_large(visit.branch.state)
    return output


def checked_variables(visit: Visit, variables: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give variables back. Raises StepError when they are too large, or all of the execution would be."""
    if variables is None:
        return None
    if is_too_large(variables):
        raise too_large(visit.branch.state)
    if len(_encode(_stored(visit, variables))) > MOST_STORED:
        raise StepError(DATA_LIMIT, f"The variables of the execution have more than {MOST_STORED} bytes.")
    return variables


def _stored(visit: Visit, variables: dict[str, Any]) -> list[dict[str, Any] | None]:
    """Give the variables of all branches, as they will be."""
    own = visit.branch
    others = [branch.variables for branch in visit.frame.branches.values() if branch is not own]
    return [{**(own.variables or {}), **variables}, *others]


@dataclass(frozen=True, slots=True)
class Ways:
    """Where a state leads, and what it does about errors."""

    transitions: Mapping[str, str | None]
    retriers: tuple[Retrier, ...] = ()
    catchers: tuple[Catcher, ...] = ()

    def names(self, error: str) -> bool:
        """Tell whether a retrier or a catcher names an error itself."""
        rules: tuple[Retrier | Catcher, ...] = (*self.retriers, *self.catchers)
        return any(error in rule.errors for rule in rules)


class AslState(State):
    """What all types have in common. ``type`` is AWS's name of the type, ``lines_allowed`` the quota of the history."""

    type: ClassVar[str]
    query: Query
    lines_allowed: int | None = LONGEST_HISTORY

    def enter(self, visit: Visit) -> tuple[e.Event, ...]:
        """Arrive, unless the history would grow beyond what AWS allows."""
        most = self.lines_allowed
        if most is not None and visit.frame.lines >= most - 1:
            raise StepError(RUNTIME, f"The execution reached the maximum number of history events ({most}).")
        # What Visit.entered gives, without the call: each arrival comes by here.
        branch = visit.branch
        return (e.StateEntered(branch.id, visit.now, branch.state, branch.data),)

    def left(
        self, visit: Visit, result: Any, transition: str = SUCCESS, query: Query | None = None
    ) -> tuple[e.Event, ...]:
        """Leave with what the data flow makes of the result."""
        flow = self.query if query is None else query
        output = flow.give(visit, result)
        if output is not visit.branch.data:
            checked(visit, output)
        variables = flow.assign(visit, result)
        if variables is not None:
            checked_variables(visit, variables)
        return visit.exited(output, transition, variables)

    def lines(self, visit: Visit, failure: e.StateFailed) -> list[Line]:
        """Give the lines of public history that a failure of this state stands for."""
        del visit
        if not failure.location:
            return []
        return [
            (
                "EvaluationFailed",
                {
                    "error": failure.error,
                    "cause": failure.cause,
                    "location": failure.location,
                    "state": failure.state,
                },
            )
        ]

    def shown(self, visit: Visit, failed: e.StateFailed) -> tuple[str, ...]:
        """Give the names of those lines."""
        return tuple(name for name, _ in self.lines(visit, failed))


class Pass(AslState):
    """Pass: its Result, or what it takes."""

    kind: ClassVar[str] = "pass"
    type: ClassVar[str] = "Pass"

    def __init__(self, name: str, ways: Ways, query: Query, result: Callable[[Visit], Any] | None = None) -> None:
        super().__init__(name, ways.transitions)
        self.query = query
        self.result = result

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Leave at once."""
        del cause
        return self.left(visit, self.query.take(visit) if self.result is None else self.result(visit))


class Succeed(AslState):
    """Succeed: ends its flow well."""

    kind: ClassVar[str] = "end"
    type: ClassVar[str] = "Succeed"

    def __init__(self, name: str, query: Query) -> None:
        super().__init__(name, {SUCCESS: END})
        self.query = query

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Leave to nowhere."""
        del cause
        return self.left(visit, self.query.take(visit))


class Fail(AslState):
    """Fail: ends its flow with an error."""

    kind: ClassVar[str] = "fail"
    type: ClassVar[str] = "Fail"
    final: ClassVar[bool] = True

    def __init__(self, name: str, error: Text | None, cause: Text | None) -> None:
        super().__init__(name, {})
        self.error = error
        self.cause = cause

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Raise the error."""
        del cause
        error = "" if self.error is None else self.error(visit)
        raise StepError(error, "" if self.cause is None else self.cause(visit))


class Choice(AslState):
    """Choice: the first rule that holds says where to go, else Default."""

    kind: ClassVar[str] = "decision"
    type: ClassVar[str] = "Choice"

    def __init__(self, name: str, transitions: Mapping[str, str | None], query: Query, rules: Sequence[Rule]) -> None:
        """Take the rules in order; the transition of the n-th is named ``n``, that of none ``default``."""
        super().__init__(name, transitions)
        self.query = query
        self.rules = tuple((str(place), rule) for place, rule in enumerate(rules))

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Leave by the rule found."""
        del cause
        taken = self.query.take(visit)
        for transition, rule in self.rules:
            if rule.holds(visit, taken):
                return self.left(visit, taken, transition, rule)
        if "default" not in self.transitions:
            what = "Failed to transition out of the state. The state does not point to a next state."
            raise failed(visit, RUNTIME, what)
        return self.left(visit, taken, "default")


class Wait(AslState):
    """Wait: for seconds, or until an instant."""

    kind: ClassVar[str] = "wait"
    type: ClassVar[str] = "Wait"

    def __init__(self, name: str, ways: Ways, query: Query, seconds: Number | None, timestamp: Text | None) -> None:
        super().__init__(name, ways.transitions)
        self.query = query
        self.seconds = seconds
        self.timestamp = timestamp

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Lie down, or leave: at once when the instant is over already."""
        if isinstance(cause, e.WaitEnded) or (until := self._until(visit)) <= visit.now:
            return self.left(visit, self.query.take(visit))
        return (e.WaitStarted(visit.branch.id, visit.now, until),)

    def _until(self, visit: Visit) -> int:
        if self.seconds is not None:
            return visit.now + round(1000 * self.seconds(visit))
        text = "" if self.timestamp is None else self.timestamp(visit)
        moment = read_timestamp(text)
        if moment is None:
            what = "The Timestamp parameter is not a valid ISO-8601 extended offset date-time format string: "
            raise failed(visit, RUNTIME, what + text)
        # Rounded up, so that nobody wakes before the instant.
        return -(-moment // 1_000_000)


class Task(AslState, kernel.Task):
    """Task: what a resource does. ``shown``: how many lines of history its scheduling is."""

    type: ClassVar[str] = "Task"

    def __init__(  # noqa: PLR0913 - what a Task can say, by keyword
        self,
        name: str,
        ways: Ways,
        query: Query,
        resource: str,
        *,
        limit: Number | None = None,
        beat: Number | None = None,
        credentials: Callable[[Visit], Any] | None = None,
        compensation: Compensation | None = None,
        pivot: bool = False,
    ) -> None:
        kernel.Task.__init__(
            self,
            name,
            ways.transitions,
            resource,
            retriers=ways.retriers,
            catchers=ways.catchers,
            compensation=compensation,
            pivot=pivot,
        )
        self.query = query
        self.limit = limit
        self.beat = beat
        self.credentials = credentials
        self.tells_beats = ways.names(HEARTBEAT_TIMEOUT)
        self.service = Service.of(resource)

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Schedule the task, or make of its result what follows."""
        if isinstance(cause, e.TaskSucceeded):
            if is_too_large(cause.output):
                raise too_large(self.service.blamed)
            return (*self._settled(visit, cause.output), *self.left(visit, cause.output))
        if isinstance(cause, e.TaskFailed):
            raise StepError(cause.error, cause.cause)
        if isinstance(cause, e.TaskTimedOut):
            raise StepError(self._lateness(cause.error))
        return (self._scheduled(visit),)

    def _lateness(self, error: str) -> str:
        # AWS reports a lost heartbeat as States.Timeout too (recorded); its own name is for those who ask for it.
        return error if error == HEARTBEAT_TIMEOUT and self.tells_beats else TIMEOUT

    def _scheduled(self, visit: Visit) -> e.Event:
        branch, now = visit.branch, visit.now
        argument = self.query.take(visit)
        if argument is not branch.data and is_too_large(argument):
            raise too_large(self.name)
        limit, beat = _milliseconds(self.limit, visit), _milliseconds(self.beat, visit)
        attempt, lines = branch.attempt + 1, self.service.lines
        if self.service.family == "Activity":
            # The time of an activity begins when a worker takes it (developer guide, "Task state", TimeoutSeconds).
            return e.TaskScheduled(branch.id, now, attempt, self.resource, argument, None, beat, lines, limit)
        due = None if limit is None else now + limit
        return e.TaskScheduled(branch.id, now, attempt, self.resource, argument, due, beat, lines)


def _milliseconds(seconds: Number | None, visit: Visit) -> int | None:
    return None if seconds is None else round(1000 * seconds(visit))


class _Parent(AslState):
    """A state with lines of work inside."""

    def settled(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...] | None:
        """Fail, say that all have succeeded, leave, or give None because some are still to run."""
        branch = visit.branch
        results = branch.results or ()
        if isinstance(cause, e.ChildrenSucceeded):
            return self.left(visit, list(results))
        if branch.failures:
            raise kernel.one_too_many(cause)
        if branch.open == 0 and len(results) == branch.count:
            return (e.ChildrenSucceeded(branch.id, visit.now),)
        return None

    def lines(self, visit: Visit, failure: e.StateFailed) -> list[Line]:
        """Tell what is given up inside, then of the failure; nothing when it is to be tried again."""
        lines = super().lines(visit, failure)
        if failure.outcome == "retried" or failure.error == RUNTIME:
            return lines
        children = visit.frame.children(failure.branch)
        for child in sorted(children, key=lambda child: (child.failure is None, child.index)):
            lines += _aborted(visit, child, self.name)
        return [*lines, (f"{self.type}StateFailed", {})]


def _aborted(visit: Visit, child: Branch, around: str) -> list[Line]:
    lines: list[Line] = []
    if child.turn and child.failure is None:
        lines.append(("MapIterationAborted", {"name": around, "index": child.index}))
    for inner in visit.frame.children(child.id):
        lines += _aborted(visit, inner, child.state)
    kind = getattr(visit.definition.states[child.state], "type", "")
    if child.entered and kind in _ABORTED:
        lines.append((f"{kind}StateAborted", {}))
    return lines


class Parallel(_Parent):
    """Parallel: all branches side by side; the first that fails fails the state."""

    kind: ClassVar[str] = "parallel"
    type: ClassVar[str] = "Parallel"

    def __init__(self, name: str, ways: Ways, query: Query, branches: Sequence[Flow]) -> None:
        super().__init__(name, ways.transitions, retriers=ways.retriers, catchers=ways.catchers)
        self.query = query
        self.branches = tuple(branches)

    def flows(self) -> tuple[Flow, ...]:
        """Give the branches."""
        return self.branches

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Start the branches, or see whether they are done."""
        if visit.branch.results is not None:
            return self.settled(visit, cause) or ()
        taken = self.query.take(visit)
        number, now, first = visit.branch.id, visit.now, visit.frame.next_branch
        return (
            e.ChildrenStarted(number, now, len(self.branches)),
            *(
                e.BranchStarted(first + index, number, index, now, flow.start, taken)
                for index, flow in enumerate(self.branches)
            ),
        )


class Map(_Parent):
    """Map, inline: the same flow for each item."""

    kind: ClassVar[str] = "map"
    type: ClassVar[str] = "Map"

    def __init__(
        self,
        name: str,
        ways: Ways,
        query: Query,
        flow: Flow,
        items: Callable[[Visit], Sequence[Item]],
        item: Callable[[Visit, Item], Any],
        at_once: Number | None = None,
    ) -> None:
        super().__init__(name, ways.transitions, retriers=ways.retriers, catchers=ways.catchers)
        self.query = query
        self.flow = flow
        self.items = items
        self.item = item
        self.at_once = at_once

    def flows(self) -> tuple[Flow, ...]:
        """Give the one flow."""
        return (self.flow,)

    def turn_of(self, visit: Visit, index: int) -> Item:
        """Give the item of a turn; ``visit`` is at this state."""
        return self.items(visit)[index]

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Start turns while there is room, or see that all are done."""
        branch = visit.branch
        if branch.results is None:
            items = self.items(visit)
            if not items:
                number, now = branch.id, visit.now
                return (e.ChildrenStarted(number, now, 0), e.ChildrenSucceeded(number, now))
            return (e.ChildrenStarted(branch.id, visit.now, len(items)), *self._turns(visit, items, 0))
        settled = self.settled(visit, cause)
        if settled is not None:
            return settled
        begun = len(branch.results)
        return self._turns(visit, self.items(visit), begun) if begun < branch.count else ()

    def _turns(self, visit: Visit, items: Sequence[Item], begun: int) -> tuple[e.Event, ...]:
        branch, now, first = visit.branch, visit.now, visit.frame.next_branch
        wanted = 0 if self.at_once is None else int(self.at_once(visit))
        room = min(wanted or INLINE_AT_ONCE, INLINE_AT_ONCE) - branch.open
        return tuple(
            e.BranchStarted(
                first + place - begun,
                branch.id,
                place,
                now,
                self.flow.start,
                self.item(visit, items[place]),
                turn=True,
            )
            for place in range(begun, min(len(items), begun + max(room, 0)))
        )
