"""What a builder's states do: how each kind is described, and the kernel's state that is made of the description."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .kernel import states as k
from .kernel.errors import ALL, HEARTBEAT_TIMEOUT, RUNTIME, StepError
from .kernel.errors import TIMEOUT as TIMED_OUT
from .kernel.graph import (
    FAILURE,
    SUCCESS,
    TIMEOUT,
    Catcher,
    Compensation,
    Flow,
    Retrier,
    State,
    Take,
    Visit,
    take_all,
)

Make = Callable[[Any], Any]
"""A pure function of the data."""
Put = Callable[[Any, Any], Any]
"""A pure function of the data and a result (or an event's data): the data that goes on."""
Result = str | Put | None
"""Where a result goes: under a key of the data, wherever a function puts it, or (None) in the data's place."""


class Retry(tuple[Retrier, ...]):
    """Retriers to try in order."""

    __slots__ = ()


STANDARD: Final = Retry((Retrier(),))
"""ORC-03: three retries after 1, 2 and 4 seconds. An error that has a transition of its own is an answer: not tried
again."""
NEVER: Final = Retry()
"""Not tried again."""


def _safely(function: Callable[..., Any], what: str, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except StepError:
        raise
    except Exception as error:
        raise StepError(RUNTIME, f"{what} failed: {error!r}") from error


class Giver:
    """A kernel's ``Give`` that looks at the data alone; ``put`` is that part of it."""

    __slots__ = ("put",)

    def __init__(self, put: Put) -> None:
        self.put = put

    def __call__(self, visit: Visit, result: Any) -> Any:
        """Put the result where it goes. A function that fails is a StepError, States.Runtime."""
        return _safely(self.put, f"what {visit.branch.state!r} makes of its result", visit.branch.data, result)


def _replace(data: Any, result: Any) -> Any:
    return data if result is None else result


def _under(key: str) -> Put:
    def put(data: Any, result: Any) -> Any:
        if data is None:
            return {key: result}
        if not isinstance(data, dict):
            raise StepError(RUNTIME, f"the result goes under {key!r}, but the data is no object")
        return {**data, key: result}

    return put


REPLACE: Final = Giver(_replace)


def giver(result: Result) -> Giver:
    """Give the function that puts a result where it is wanted."""
    if result is None:
        return REPLACE
    return Giver(_under(result) if isinstance(result, str) else result)


def _caught(data: Any, told: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {**data, "error": {"error": told["Error"], "cause": told["Cause"]}}


CAUGHT: Final = Giver(_caught)


def taker(make: Make | None) -> Take:
    """Give the kernel's form of a function of the data; None takes all of it."""
    if make is None:
        return take_all
    return lambda visit: _safely(make, f"what {visit.branch.state!r} takes of its data", visit.branch.data)


def no_key(_visit: Visit) -> str:
    """Tell apart nothing."""
    return ""


def _keyed(key: Make | None) -> Callable[[Visit], str]:
    if key is None:
        return no_key
    return lambda visit: str(_safely(key, f"the key of {visit.branch.state!r}", visit.branch.data))


@dataclass(frozen=True, slots=True)
class Ways:
    """The transitions out of one state: targets by name, and the names that were asked for, guards left aside."""

    targets: Mapping[str, str | None]
    asked: tuple[str, ...]
    faults: list[str]

    def check(self, name: str, *, needed: Sequence[str] = (SUCCESS,), known: Sequence[str] | None = None) -> None:
        """Note what is missing and, when all ``known`` ones are given, what is unknown."""
        self.faults.extend(f"{name!r} has no transition {way!r}" for way in needed if way not in self.asked)
        if known is not None:
            self.faults.extend(
                f"{name!r} never takes a transition {way!r}" for way in self.asked if way not in {*known, *needed}
            )

    def check_limit(self, name: str, timeout: float | None, heartbeat: float | None = None) -> None:
        """Note a time limit of no time, and a transition for one that there is not."""
        limits = {"timeout": timeout, "heartbeat": heartbeat}
        for what, value in limits.items():
            _positive(name, what, value, self.faults)
        if TIMEOUT in self.asked and not any(value is not None for value in limits.values()):
            self.faults.append(f"{name!r} has a transition {TIMEOUT!r} but no time limit")

    def catchers(self) -> tuple[Catcher, ...]:
        """Give the transitions taken by errors: named ones first, then time limits, then any other."""
        named = [Catcher((way,), way, CAUGHT) for way in self.asked if way not in {SUCCESS, FAILURE, TIMEOUT}]
        if TIMEOUT in self.asked:
            named.append(Catcher((TIMED_OUT, HEARTBEAT_TIMEOUT), TIMEOUT, CAUGHT))
        if FAILURE in self.asked:
            named.append(Catcher((ALL,), FAILURE, CAUGHT))
        return tuple(named)

    def retriers(self, retry: Retry) -> tuple[Retrier, ...]:
        """Give the retriers; of the standard ones those errors are left out that have a transition."""
        answers = tuple(way for way in self.asked if way not in {SUCCESS, FAILURE, TIMEOUT})
        if retry is STANDARD and answers:
            return (Retrier(answers, attempts=0), *retry)
        return retry


class Spec(Protocol):
    """How a state is described to the builder: makes the kernel's state of its name and its transitions."""

    def make(self, name: str, ways: Ways) -> State:
        """Give the state; note in ``ways.faults`` what is wrong."""


def _positive(name: str, what: str, value: float | None, faults: list[str]) -> None:
    if value is not None and value <= 0:
        faults.append(f"the {what} of {name!r} is {value}: it must be more than 0 seconds")


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A state that has a resource do something; made by ``task``."""

    resource: str
    argument: Make | None
    result: Result
    timeout: float | None
    heartbeat: float | None
    retry: Retry
    compensate: Compensation | None
    pivot: bool

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Task``."""
        ways.check(name)
        ways.check_limit(name, self.timeout, self.heartbeat)
        if not self.resource:
            ways.faults.append(f"{name!r} needs a resource")
        return k.Task(
            name,
            ways.targets,
            self.resource,
            take=taker(self.argument),
            give=giver(self.result),
            retriers=ways.retriers(self.retry),
            catchers=ways.catchers(),
            timeout=self.timeout,
            heartbeat=self.heartbeat,
            compensation=self.compensate,
            pivot=self.pivot,
        )


def task(
    resource: str,
    *,
    argument: Make | None = None,
    result: Result = None,
    timeout: float | None = None,
    heartbeat: float | None = None,
    retry: Retrier | Sequence[Retrier] = STANDARD,
    compensate: str | Compensation | None = None,
    pivot: bool = False,
) -> TaskSpec:
    """Describe a task: ``resource`` names what does it.

    ``argument`` makes what the resource gets of the data (default: all of it). ``result``: the key of the data that the
    result goes under, or a function of data and result; by default it takes the place of the data unless it is None.
    ``timeout`` and ``heartbeat`` are seconds. ``retry`` is ORC-03's unless given; ``NEVER`` for none. ``compensate``
    undoes the task when a later one fails; it gets the result. After a ``pivot`` there is no way back.

    Transitions: ``success``; ``timeout`` for its time limits; ``failure`` for any error; any other name for the error
    of that name. An error adds the key ``error`` to data that is an object, ``{"error": name, "cause": text}``.
    """
    undo = Compensation(compensate) if isinstance(compensate, str) else compensate
    return TaskSpec(resource, argument, result, timeout, heartbeat, retries(retry), undo, pivot)


def retries(retry: Retrier | Sequence[Retrier]) -> Retry:
    """Give retriers as one value, however they were given."""
    if isinstance(retry, Retry):
        return retry
    return Retry((retry,) if isinstance(retry, Retrier) else retry)


@dataclass(frozen=True, slots=True)
class EventsSpec:
    """A state that waits for named events; made by ``events``."""

    result: Result = None
    timeout: float | None = None
    key: Make | None = None

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Awaiting``."""
        ways.check_limit(name, self.timeout)
        names = [way for way in ways.asked if way != TIMEOUT]
        if not names:
            ways.faults.append(f"{name!r} waits for nothing: no event leads out of it")
        key = _keyed(self.key)
        return k.Awaiting(name, ways.targets, names=names, key=key, timeout=self.timeout, give=giver(self.result))


def events(*, result: Result = None, timeout: float | None = None, key: Make | None = None) -> EventsSpec:
    """Describe a state that waits for events: each transition out of it is the event of that name.

    ``result`` says where the event's data goes, as for ``task``. After ``timeout`` seconds the transition ``timeout``
    is taken, without one the state fails with States.Timeout. ``key`` makes of the data what an event must carry.
    """
    return EventsSpec(result, timeout, key)


@dataclass(frozen=True, slots=True)
class ReceiveSpec:
    """A state that waits for one event."""

    event: str
    result: Result
    timeout: float | None
    key: Make | None

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Receive``."""
        ways.check(name)
        ways.check_limit(name, self.timeout)
        catchers = tuple(catcher for catcher in ways.catchers() if catcher.transition != TIMEOUT)
        return k.Receive(
            name,
            ways.targets,
            names=[self.event],
            key=_keyed(self.key),
            timeout=self.timeout,
            give=giver(self.result),
            catchers=catchers,
        )


@dataclass(frozen=True, slots=True)
class StartSpec:
    """Where a machine begins."""

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Start``."""
        ways.check(name, known=())
        return k.Start(name, ways.targets)


@dataclass(frozen=True, slots=True)
class DecisionSpec:
    """A fork in the way: conditions by the transition each takes, and the one taken when none holds."""

    conditions: Mapping[str, k.Condition]
    otherwise: str | None

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Decision``."""
        otherwise = self.otherwise
        if otherwise is None and FAILURE in ways.asked and FAILURE not in self.conditions:
            otherwise = FAILURE
        ways.check(name, needed=[*self.conditions, *([otherwise] if otherwise else [])], known=())
        return k.Decision(name, ways.targets, tuple(self.conditions.items()), otherwise)


@dataclass(frozen=True, slots=True)
class JoinSpec:
    """Where results come together."""

    combine: Make | None

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Join``."""
        ways.check(name)
        return k.Join(name, ways.targets, take=taker(self.combine), catchers=ways.catchers())


@dataclass(frozen=True, slots=True)
class ParallelSpec:
    """Branches side by side."""

    flows: tuple[Flow, ...]
    needed: int | None
    argument: Make | None
    result: Result
    retry: Retry

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Parallel``."""
        ways.check(name)
        if not self.flows:
            ways.faults.append(f"{name!r} has no branches")
        if self.needed is not None and not 1 <= self.needed <= len(self.flows):
            ways.faults.append(f"{name!r} needs {self.needed} of {len(self.flows)} branches")
        return k.Parallel(
            name,
            ways.targets,
            self.flows,
            needed=self.needed,
            take=taker(self.argument),
            give=giver(self.result),
            retriers=self.retry,
            catchers=ways.catchers(),
        )


@dataclass(frozen=True, slots=True)
class MapSpec:
    """One branch for each item."""

    flow: Flow
    items: Make | None
    at_once: int
    tolerated: int
    result: Result
    retry: Retry

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Map``."""
        ways.check(name)
        if self.at_once < 0 or self.tolerated < 0:
            ways.faults.append(f"at_once and tolerated of {name!r} must not be less than 0")
        take = taker(self.items)

        def items(visit: Visit) -> Sequence[Any]:
            found = take(visit)
            if not isinstance(found, list):
                raise StepError(RUNTIME, f"the items of {name!r} are no list")
            return found

        return k.Map(
            name,
            ways.targets,
            self.flow,
            items=items,
            at_once=self.at_once,
            tolerated=self.tolerated,
            give=giver(self.result),
            retriers=self.retry,
            catchers=ways.catchers(),
        )


@dataclass(frozen=True, slots=True)
class WaitSpec:
    """A sleep of so many seconds, or until the instant that a function makes of the data."""

    seconds: float | None
    until: Make | None

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Wait``."""
        ways.check(name, known=())
        if (self.seconds is None) == (self.until is None):
            ways.faults.append(f"{name!r} waits either for seconds or until an instant")
        _positive(name, "wait", self.seconds, ways.faults)
        take = taker(self.until)
        pause = round(1000 * (self.seconds or 0))

        def until(visit: Visit) -> int:
            return visit.now + pause if self.until is None else int(take(visit))

        return k.Wait(name, ways.targets, until)


@dataclass(frozen=True, slots=True)
class EndSpec:
    """A good end."""

    output: Make | None

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``End``."""
        ways.check(name, needed=(), known=())
        return k.End(name, take=taker(self.output))


@dataclass(frozen=True, slots=True)
class FailSpec:
    """A bad end."""

    error: str
    cause: str

    def make(self, name: str, ways: Ways) -> State:
        """Give a kernel ``Fail``."""
        ways.check(name, needed=(), known=())
        return k.Fail(name, self.error, self.cause)


@dataclass(frozen=True, slots=True)
class KindSpec:
    """A state of a kind the library does not know; made by ``kind``."""

    made: Callable[..., State]
    options: Mapping[str, Any] = field(default_factory=dict)

    def make(self, name: str, ways: Ways) -> State:
        """Call the kind with the name, the transitions and its options."""
        return self.made(name, ways.targets, **self.options)


def kind(made: Callable[..., State], **options: Any) -> KindSpec:
    """Describe a state of one's own kind: ``made(name, transitions, **options)`` gives it."""
    return KindSpec(made, options)
