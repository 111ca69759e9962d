"""What happened to an execution: frozen facts, each stored under its own name, which fold into its state.

Instants are milliseconds since the epoch, UTC. ``branch`` numbers a line of work inside the execution; 0 is the main
one. New fields go last and have a default; any other change raises ``codec.SCHEMA`` and comes with an upcaster there.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=True):
    """Base of all: its stored name is its class's."""


class ExecutionStarted(Event, frozen=True, tag="ExecutionStarted"):
    """The execution began; ``deadline`` is when it times out as a whole, ``name`` what it is called, if it has one."""

    at: int
    input: Any
    deadline: int | None = None
    name: str = ""


class ExecutionSucceeded(Event, frozen=True, tag="ExecutionSucceeded"):
    """The main branch reached its end."""

    at: int
    output: Any


class ExecutionFailed(Event, frozen=True, tag="ExecutionFailed"):
    """Nothing caught an error; what had to be compensated is."""

    at: int
    error: str
    cause: str


class ExecutionTimedOut(Event, frozen=True, tag="ExecutionTimedOut"):
    """The time for the whole execution is over."""

    at: int


class ExecutionAborted(Event, frozen=True, tag="ExecutionAborted"):
    """Somebody stopped it; ``given_up``: the step that had started it."""

    at: int
    error: str
    cause: str
    given_up: bool = False


class ExecutionRedriven(Event, frozen=True, tag="ExecutionRedriven"):
    """Somebody let it go on from where it had ended; ``deadline`` counts anew."""

    at: int
    deadline: int | None = None


class ExecutionRetried(Event, frozen=True, tag="ExecutionRetried"):
    """Somebody let it go on, after it had ended, from a state of its main line; where it stood is left behind.

    ``deadline`` counts anew. ``variables`` are those that are known there. ``edition`` is that of the machine that it
    goes by from here on, 0 the one before.
    """

    at: int
    state: str
    input: Any
    deadline: int | None = None
    variables: dict[str, Any] | None = None
    edition: int = 0


class ExecutionMigrated(Event, frozen=True, tag="ExecutionMigrated"):
    """From here on it goes by another edition of its machine."""

    at: int
    edition: int


class ExecutionFollowed(Event, frozen=True, tag="ExecutionFollowed"):
    """A step that has not started it waits for its end too; ``parent`` is whom that is told."""

    at: int
    parent: str


class StateEntered(Event, frozen=True, tag="StateEntered"):
    """A branch arrived at a state."""

    branch: int
    at: int
    state: str
    input: Any


class StateExited(Event, frozen=True, tag="StateExited"):
    """A branch left a state by the named transition; without a ``target`` the branch has come to its end.

    ``variables`` are those that the state assigned, None when it assigned none.
    """

    branch: int
    at: int
    state: str
    output: Any
    transition: str
    target: str | None
    variables: dict[str, Any] | None = None


class StateFailed(Event, frozen=True, tag="StateFailed"):
    """A state ended with an error; ``outcome`` tells what follows: ``retried``, ``caught`` or nothing of the two.

    ``location`` names the field of the definition whose evaluation failed, if that was it. ``shown``: how many lines of
    the public history it stands for.
    """

    branch: int
    at: int
    state: str
    error: str
    cause: str
    location: str = ""
    outcome: str = ""
    shown: int = 0


class TaskScheduled(Event, frozen=True, tag="TaskScheduled"):
    """A task may start as soon as this is on disk.

    ``attempt`` counts from 1 within the visit of the state. ``due`` is its time limit, ``beat`` the milliseconds within
    which an activity must show that it lives. ``shown``: how many lines of the public history it stands for. ``limit``:
    the milliseconds that a worker has from the instant it takes the task.
    """

    branch: int
    at: int
    attempt: int
    resource: str
    argument: Any
    due: int | None = None
    beat: int | None = None
    shown: int = 1
    limit: int | None = None


class TaskStarted(Event, frozen=True, tag="TaskStarted"):
    """An activity worker took the task."""

    branch: int
    at: int
    worker: str


class TaskSubmitted(Event, frozen=True, tag="TaskSubmitted"):
    """The task was handed to something outside, which answers later; ``output`` is what it said to that."""

    branch: int
    at: int
    output: Any


class TaskBeat(Event, frozen=True, tag="TaskBeat"):
    """The task showed that it lives."""

    branch: int
    at: int


class TaskSucceeded(Event, frozen=True, tag="TaskSucceeded"):
    """The task gave its result."""

    branch: int
    at: int
    output: Any


class TaskFailed(Event, frozen=True, tag="TaskFailed"):
    """The task gave an error."""

    branch: int
    at: int
    error: str
    cause: str


class TaskTimedOut(Event, frozen=True, tag="TaskTimedOut"):
    """The task's time, or that of its heartbeat, is over."""

    branch: int
    at: int
    error: str
    cause: str


class RetryScheduled(Event, frozen=True, tag="RetryScheduled"):
    """The state is tried again at ``due``; ``retrier`` is the place of the rule that says so, -1 past the pivot."""

    branch: int
    at: int
    retrier: int
    due: int


class WaitStarted(Event, frozen=True, tag="WaitStarted"):
    """The branch sleeps until ``due``."""

    branch: int
    at: int
    due: int


class WaitEnded(Event, frozen=True, tag="WaitEnded"):
    """A sleep, or the pause before another attempt, is over."""

    branch: int
    at: int


class SignalAwaited(Event, frozen=True, tag="SignalAwaited"):
    """The branch waits for a signal of one of these names and this key, until ``due`` if that is given."""

    branch: int
    at: int
    names: list[str]
    key: str
    due: int | None = None


class SignalReceived(Event, frozen=True, tag="SignalReceived"):
    """The signal came, or had come before."""

    branch: int
    at: int
    id: str
    name: str
    data: Any


class SignalTimedOut(Event, frozen=True, tag="SignalTimedOut"):
    """None of the signals came in time; one that comes now is late."""

    branch: int
    at: int
    names: list[str]
    key: str


class SignalKept(Event, frozen=True, tag="SignalKept"):
    """A signal came that no branch waits for yet."""

    at: int
    id: str
    name: str
    key: str
    data: Any
    expires: int


class SignalExpired(Event, frozen=True, tag="SignalExpired"):
    """A kept signal was never asked for."""

    at: int
    id: str


class SignalLate(Event, frozen=True, tag="SignalLate"):
    """A signal came after the wait for it had timed out."""

    at: int
    id: str
    name: str
    key: str
    data: Any


class ChildrenStarted(Event, frozen=True, tag="ChildrenStarted"):
    """A state is about to start ``count`` lines of work, all at once or one after another."""

    branch: int
    at: int
    count: int


class ChildrenSucceeded(Event, frozen=True, tag="ChildrenSucceeded"):
    """As many lines of work of a state have succeeded as it needs."""

    branch: int
    at: int


class CrowdStarted(Event, frozen=True, tag="CrowdStarted"):
    """The branch is about to start executions of their own, page by page."""

    branch: int
    at: int


class PageTaken(Event, frozen=True, tag="PageTaken"):
    """The inputs of the next members are known.

    ``page`` holds ``Inputs``, how many ``Items`` each of them is, and the ``Cursor`` of the next page, null behind the
    last one.
    """

    branch: int
    at: int
    page: Any


class MembersStarted(Event, frozen=True, tag="MembersStarted"):
    """So many inputs of the page were given to executions that begin with this commit."""

    branch: int
    at: int
    count: int


class MemberEnded(Event, frozen=True, tag="MemberEnded"):
    """A member has ended, in a ``status`` of executions."""

    branch: int
    at: int
    number: int
    status: str


class MembersFound(Event, frozen=True, tag="MembersFound"):
    """Members to start again: (number, items, how they ended); others may be from ``marker`` on, if it is given."""

    branch: int
    at: int
    found: list[tuple[int, int, str]]
    marker: int | None = None


class MembersRedriven(Event, frozen=True, tag="MembersRedriven"):
    """These members go on, told so with this commit."""

    branch: int
    at: int
    numbers: list[int]


class CrowdTurned(Event, frozen=True, tag="CrowdTurned"):
    """The branch does something else with its members now; ``stop`` stops those that are open with this commit.

    An ``error`` is what it will fail with in the end.
    """

    branch: int
    at: int
    phase: str
    error: str = ""
    cause: str = ""


class CrowdAdjusted(Event, frozen=True, tag="CrowdAdjusted"):
    """Somebody has changed how many members may be open, and how many items may fail; None leaves what was."""

    branch: int
    at: int
    at_once: int | None = None
    count: int | None = None
    percentage: float | None = None


class ResultsWritten(Event, frozen=True, tag="ResultsWritten"):
    """What the members have come to is where it was to go; ``output`` is what to say of it."""

    branch: int
    at: int
    output: Any


class BranchStarted(Event, frozen=True, tag="BranchStarted"):
    """The branch ``parent`` started the line of work ``branch``, the one of number ``index`` of those of its state.

    ``turn``: it is one of many through the same flow.
    """

    branch: int
    parent: int
    index: int
    at: int
    state: str
    input: Any
    turn: bool = False


class BranchSucceeded(Event, frozen=True, tag="BranchSucceeded"):
    """A line of work reached its end."""

    branch: int
    at: int
    output: Any


class BranchFailed(Event, frozen=True, tag="BranchFailed"):
    """Nothing inside a line of work caught an error."""

    branch: int
    at: int
    error: str
    cause: str


class BranchAborted(Event, frozen=True, tag="BranchAborted"):
    """A line of work was given up, with all that it had started, because its result is not needed any more."""

    branch: int
    at: int


class CompensationNoted(Event, frozen=True, tag="CompensationNoted"):
    """Should the execution fail, what this state has done is undone by ``resource`` with ``argument``."""

    branch: int
    state: str
    resource: str
    argument: Any


class PivotPassed(Event, frozen=True, tag="PivotPassed"):
    """From here there is no way back: what was done is no longer undone, what fails is retried until it succeeds."""

    branch: int
    at: int
    state: str


class CompensationStarted(Event, frozen=True, tag="CompensationStarted"):
    """All lines of work are given up and what was done is undone; ``ending`` names the change at the end."""

    at: int
    ending: str
    error: str
    cause: str


class StepUndone(Event, frozen=True, tag="StepUndone"):
    """A compensation succeeded."""

    at: int
    state: str


class StepNotUndone(Event, frozen=True, tag="StepNotUndone"):
    """A compensation could not be done after all its attempts: a person must see to it."""

    at: int
    state: str
    error: str
    cause: str


class AlertRaised(Event, frozen=True, tag="AlertRaised"):
    """A person must look: ``state`` cannot go on by itself."""

    branch: int
    at: int
    state: str
    error: str
    cause: str


AnyEvent: TypeAlias = (
    ExecutionStarted
    | ExecutionSucceeded
    | ExecutionFailed
    | ExecutionTimedOut
    | ExecutionAborted
    | ExecutionRedriven
    | ExecutionRetried
    | ExecutionMigrated
    | ExecutionFollowed
    | StateEntered
    | StateExited
    | StateFailed
    | TaskScheduled
    | TaskStarted
    | TaskSubmitted
    | TaskBeat
    | TaskSucceeded
    | TaskFailed
    | TaskTimedOut
    | RetryScheduled
    | WaitStarted
    | WaitEnded
    | SignalAwaited
    | SignalReceived
    | SignalTimedOut
    | SignalKept
    | SignalExpired
    | SignalLate
    | ChildrenStarted
    | ChildrenSucceeded
    | CrowdStarted
    | PageTaken
    | MembersStarted
    | MemberEnded
    | MembersFound
    | MembersRedriven
    | CrowdTurned
    | CrowdAdjusted
    | ResultsWritten
    | BranchStarted
    | BranchSucceeded
    | BranchFailed
    | BranchAborted
    | CompensationNoted
    | PivotPassed
    | CompensationStarted
    | StepUndone
    | StepNotUndone
    | AlertRaised
)

PAYLOADS: Final[dict[type[Event], str]] = {
    ExecutionStarted: "input",
    ExecutionRetried: "input",
    ExecutionSucceeded: "output",
    StateEntered: "input",
    StateExited: "output",
    TaskScheduled: "argument",
    TaskSubmitted: "output",
    TaskSucceeded: "output",
    SignalReceived: "data",
    SignalKept: "data",
    SignalLate: "data",
    PageTaken: "page",
    ResultsWritten: "output",
    BranchStarted: "input",
    BranchSucceeded: "output",
    CompensationNoted: "argument",
}
"""The field of each event that holds a value of the definition's own, which may be large."""
