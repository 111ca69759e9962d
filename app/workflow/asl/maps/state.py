"""The distributed Map: a state that asks for a map run and waits for its end, and the map run itself.

A map run is an execution of its own, of a machine with one state, ``MapRun``. It has tasks (a page of inputs is read,
members that failed are looked for, results are written) and members, executions that it starts with the commits in
which it decides so. Of these it knows by number only those that are open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final

import msgspec

from ...kernel import events as e
from ...kernel.errors import RUNTIME, StepError
from ...kernel.frames import Crowd
from ...kernel.graph import END, SUCCESS, Definition, Flow, State, Visit
from ..context import failed
from ..query import Number, Query
from ..states import AslState, Line, Ways, is_too_large, too_large
from .batches import Limits
from .datasets import Source
from .plan import Order, Plan, Seen
from .results import Writer

MAP_RUN: Final = "mapRun"
"""The resource of a distributed Map's own task."""
READ: Final = "mapRun:read"
AGAIN: Final = "mapRun:again"
WRITE: Final = "mapRun:write"
"""The resources of a map run's tasks."""
MOST_AT_ONCE: Final = 1_000
"""Members of one map run that are open at the same time at most."""
EXCEEDED: Final = "States.ExceedToleratedFailureThreshold"
TOO_MANY: Final = "The specified tolerated failure threshold was exceeded"
AWAY: Final = "StoreUnavailableError"
"""The error of a task that could not reach the executions."""
RUN_SUFFIX: Final = "/run"

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of a distributed Map give for a visit."""

    source: Callable[[Visit], Source]
    writer: Callable[[Visit], Writer]
    batch: Callable[[Visit], Limits] | None
    most: Number | None
    at_once: Number | None
    count: Number | None
    percentage: Number | None


class DistributedMap(AslState):
    """Map, distributed: asks for a map run, and goes on with what that has come to."""

    kind: ClassVar[str] = "map"
    type: ClassVar[str] = "Map"

    def __init__(self, name: str, ways: Ways, query: Query, machine: str, fields: Fields, plan: Plan) -> None:
        super().__init__(name, ways.transitions, retriers=ways.retriers, catchers=ways.catchers)
        self.query = query
        self.machine = machine
        self.fields = fields
        plan.state = self

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Ask for the map run, or make of its result what follows."""
        branch, now = visit.branch, visit.now
        if isinstance(cause, e.TaskSucceeded):
            if is_too_large(cause.output):
                raise too_large(self.name)
            return (e.ChildrenSucceeded(branch.id, now), *self.left(visit, cause.output))
        if isinstance(cause, e.TaskFailed):
            raise StepError(cause.error, cause.cause)
        # After a redrive the map run that was goes on; it is known by the attempt.
        again = cause is None and branch.attempt > 0
        attempt, shown = (branch.attempt, 0) if again else (branch.attempt + 1, 1)
        order = self._order(visit)
        return (e.TaskScheduled(branch.id, now, attempt, MAP_RUN, order, shown=shown),)

    def _order(self, visit: Visit) -> Any:
        fields = self.fields
        source = fields.source(visit)
        order = Order(
            self.machine,
            visit.definition.edition,
            Seen.of(visit),
            source,
            fields.writer(visit),
            _whole(fields.most, visit) or None,
            None if fields.batch is None else fields.batch(visit),
            _whole(fields.at_once, visit) or 0,
            (_whole(fields.count, visit), _percentage(fields.percentage, visit)),
            len(source.items or ()),
        )
        return _decode(_encode(order))

    def lines(self, visit: Visit, failure: e.StateFailed) -> list[Line]:
        """Tell of the failure; nothing when it is to be tried again."""
        lines = super().lines(visit, failure)
        if failure.outcome == "retried" or failure.error == RUNTIME:
            return lines
        return [*lines, ("MapStateFailed", {})]


def _whole(number: Number | None, visit: Visit) -> int | None:
    return None if number is None else int(number(visit))


def _percentage(number: Number | None, visit: Visit) -> float | None:
    if number is None:
        return None
    given = number(visit)
    if not 0 <= given <= 100:
        what = f"The ToleratedFailurePercentage must be between 0 and 100 but was: {given:g}"
        raise failed(visit, RUNTIME, what)
    return given


def _read(visit: Visit, cursor: list[Any] | None, total: int) -> e.Event:
    return _task(visit, READ, {"Cursor": cursor, "Total": total})


def _task(visit: Visit, resource: str, argument: Any) -> e.Event:
    branch = visit.branch
    return e.TaskScheduled(branch.id, visit.now, branch.attempt + 1, resource, argument)


class _Step:
    """One thing that happened to a map run, and what follows from it."""

    __slots__ = ("at", "branch", "crowd", "order", "visit")

    def __init__(self, visit: Visit, crowd: Crowd) -> None:
        self.visit = visit
        self.crowd = crowd
        self.branch = visit.branch
        self.at = (visit.branch.id, visit.now)
        # As it is: reading all of it would take its time at each step.
        self.order: dict[str, Any] = visit.frame.input

    # What happened

    def resumed(self, _cause: None) -> tuple[e.Event, ...]:
        """Go on after a redrive: first of all those that are still being stopped have to end."""
        turned = e.CrowdTurned(*self.at, "again")
        return (turned,) if self.crowd.open else (turned, self._look(0))

    def answered(self, cause: e.TaskSucceeded) -> tuple[e.Event, ...]:
        """Go on with what a task gives."""
        crowd, given = self.crowd, cause.output
        if crowd.phase == "write":
            return (e.ResultsWritten(*self.at, given),)
        if "Inputs" in given:
            taken = e.PageTaken(*self.at, given)
            if crowd.phase == "stop":
                return (taken, *self._stopping(given))
            over = given["Cursor"] is None
            return (taken, *self._started(len(given["Inputs"]), given, over=over))
        if crowd.phase == "stop":
            return (e.MembersFound(*self.at, [], crowd.marker), *self._stopping())
        found = [(number, items, status) for number, items, status in given["Found"]]
        return (e.MembersFound(*self.at, found, given["Marker"]), *self._redriven(found, given["Marker"]))

    def refused(self, cause: e.TaskFailed | e.TaskTimedOut) -> tuple[e.Event, ...]:
        """Give up what a task is needed for. Raises StepError when it was the last one.

        A store that was away is back when this is decided: the task is done again.
        """
        crowd = self.crowd
        if cause.error == AWAY and crowd.phase != "stop":
            return (self._repeated(),)
        if crowd.phase == "write":
            raise StepError(*(crowd.error or (cause.error, cause.cause)))
        return self._fail(*(crowd.error or (cause.error, cause.cause)), busy=False)

    def ended(self, _cause: e.MemberEnded | None) -> tuple[e.Event, ...]:
        """Start another one in the place of one that has ended."""
        crowd = self.crowd
        if crowd.phase == "stop":
            return () if self._is_busy else self._stopping()
        if crowd.phase == "again" and crowd.marker == 0 and not crowd.found:
            return () if crowd.open or self._is_busy else (self._look(0),)
        if crowd.phase == "again":
            # What failed before and is still to be started again says nothing of what may fail.
            return self._redriven(crowd.found, crowd.marker)
        if self._is_exceeded(crowd.total, over=crowd.over):
            return self._fail(EXCEEDED, TOO_MANY, busy=self._is_busy)
        return self._filled(len(crowd.open))

    def adjusted(self, _cause: e.CrowdAdjusted) -> tuple[e.Event, ...]:
        """Start more while there is room, or fail when more has failed than now may."""
        crowd = self.crowd
        if crowd.phase == "start":
            return self.ended(None)
        looking = crowd.marker == 0 and not crowd.found
        return () if crowd.phase != "again" or looking else self._redriven(crowd.found, crowd.marker)

    def written(self, cause: e.ResultsWritten) -> tuple[e.Event, ...]:
        """Leave, or fail. Raises StepError."""
        if self.crowd.error is not None:
            raise StepError(*self.crowd.error)
        return self.visit.leave(cause.output)

    # What follows

    @property
    def _is_busy(self) -> bool:
        wait = self.branch.wait
        return wait is not None and wait.kind == "task"

    @property
    def _most(self) -> int:
        return min(at_once(self.crowd, self.order["at_once"]) or MOST_AT_ONCE, MOST_AT_ONCE)

    def _filled(self, open_: int) -> tuple[e.Event, ...]:
        """Start members of the page that is there."""
        crowd, page = self.crowd, self.branch.data
        left = len(page["Inputs"]) - (crowd.begun - crowd.first) if _is_page(page) else 0
        return self._started(left, page, over=crowd.over, open_=open_)

    def _started(self, left: int, page: Any, *, over: bool, open_: int | None = None) -> tuple[e.Event, ...]:
        """Start as many as there is room for of those left on the page, and turn it when it is empty."""
        crowd = self.crowd
        taken = len(crowd.open) if open_ is None else open_
        count = max(min(self._most - taken, left), 0)
        started = (e.MembersStarted(*self.at, count),) if count else ()
        if count < left or self._is_busy:
            return started
        total = page["Total"] + sum(page["Items"]) if _is_page(page) else 0
        if not over:
            return (*started, _read(self.visit, page["Cursor"] if _is_page(page) else None, total))
        if taken + count:
            return started
        if self._is_exceeded(total, over=True):
            return self._fail(EXCEEDED, TOO_MANY, busy=False)
        return (e.CrowdTurned(*self.at, "write"), self._write())

    def _redriven(self, found: list[tuple[int, int, str]], marker: int | None) -> tuple[e.Event, ...]:
        """Start members again while there is room, look for others, then go on where the map run was."""
        crowd = self.crowd
        numbers = [number for number, _, _ in found[: max(self._most - len(crowd.open), 0)]]
        redriven = (e.MembersRedriven(*self.at, numbers),) if numbers else ()
        if len(numbers) < len(found) or self._is_busy:
            return redriven
        if marker is not None:
            return (*redriven, self._look(marker))
        return (*redriven, e.CrowdTurned(*self.at, "start"), *self._filled(len(crowd.open) + len(numbers)))

    def _fail(self, error: str, cause: str, *, busy: bool) -> tuple[e.Event, ...]:
        """Stop what is open, and have written what there is."""
        turned = e.CrowdTurned(*self.at, "stop", error, cause)
        if self.crowd.open or busy:
            return (turned,)
        return (turned, e.CrowdTurned(*self.at, "write"), self._write())

    def _repeated(self) -> e.Event:
        crowd, page = self.crowd, self.branch.data
        if crowd.phase == "start":
            there = _is_page(page)
            return _read(self.visit, page["Cursor"] if there else None, crowd.total if there else 0)
        return self._write() if crowd.phase == "write" else self._look(crowd.marker or 0)

    def _stopping(self, page: Any = None) -> tuple[e.Event, ...]:
        if self.crowd.open:
            return ()
        return (e.CrowdTurned(*self.at, "write"), self._write(page))

    def _look(self, marker: int) -> e.Event:
        return _task(self.visit, AGAIN, {"From": marker, "Begun": self.crowd.begun})

    def _write(self, fresh: Any = None) -> e.Event:
        """Have the results written, and what was never started: it begins with the page that is there.

        A ``fresh`` page, of which nothing was started, takes the place of that.
        """
        crowd = self.crowd
        page = self.branch.data if fresh is None else fresh
        there = _is_page(page)
        argument = {
            "Begun": crowd.begun,
            "From": page["From"] if there else None,
            "Total": page["Total"] if there else 0,
            "Skip": crowd.begun - crowd.first if fresh is None else 0,
        }
        return _task(self.visit, WRITE, argument)

    def _is_exceeded(self, total: int, *, over: bool) -> bool:
        """Tell whether more has failed than may; how many per cent that is, is known when all items are."""
        unwell = self.crowd.items.unwell
        count, percentage = tolerated(self.crowd, self.order["tolerated"])
        if percentage is None:
            return unwell > (count or 0)
        if over and unwell * 100 > percentage * total:
            return True
        return count is not None and unwell > count


def at_once(crowd: Crowd, given: int) -> int:
    """Give how many members may be open now (0: as many as there may be), where ``given`` was that to begin with."""
    return given if crowd.adjusted[0] is None else crowd.adjusted[0]


def tolerated(crowd: Crowd, given: Sequence[Any]) -> tuple[int | None, float | None]:
    """Give the number and the percentage of items that may fail now, where ``given`` were those to begin with."""
    _, count, percentage = crowd.adjusted
    return (given[0] if count is None else count), (given[1] if percentage is None else percentage)


def _is_page(data: Any) -> bool:
    return isinstance(data, dict) and "Inputs" in data


class MapRun(State):
    """Starts members while there is room, until there are no more inputs; then has the results written."""

    kind: ClassVar[str] = "map_run"
    final: ClassVar[bool] = True

    def __init__(self, members: str, plan: Plan) -> None:
        """Take the name of the machine that members run."""
        super().__init__("MapRun", {SUCCESS: END})
        self.members = members
        self.plan = plan

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Do what comes next."""
        crowd = visit.frame.crowd
        if crowd is None:
            return (e.CrowdStarted(visit.branch.id, visit.now), _read(visit, None, 0))
        return self._causes[type(cause)](_Step(visit, crowd), cause)

    _causes: ClassVar[Mapping[type[Any], Callable[[_Step, Any], tuple[e.Event, ...]]]] = MappingProxyType(
        {
            type(None): _Step.resumed,
            e.TaskSucceeded: _Step.answered,
            e.TaskFailed: _Step.refused,
            e.TaskTimedOut: _Step.refused,
            e.MemberEnded: _Step.ended,
            e.CrowdAdjusted: _Step.adjusted,
            e.ResultsWritten: _Step.written,
        }
    )


def map_run(machine: str, edition: int, plan: Plan) -> Definition:
    """Make the machine of the map runs whose members run ``machine``."""
    name = f"{machine}{RUN_SUFFIX}"
    return Definition(name, Flow("MapRun", {"MapRun": MapRun(machine, plan)}), edition=edition)
