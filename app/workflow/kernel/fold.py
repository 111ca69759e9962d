"""The only place where the state of an execution changes: a table from the type of an event to what it does.

Each function gives the number of the branch that can go on now, None when the event leaves nobody with work. Live runs
and replays both come through here, so a replayed history gives the live state by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from . import events as e
from .crowds import CROWD_FOLDERS
from .errors import RUNTIME
from .frames import Branch, Frame, Kept, Undo, Wait
from .status import LIFE, Status

_E = TypeVar("_E", bound=e.Event)
_Folder = Callable[[Frame, Any], int | None]

FOLDERS: Final[dict[type[e.Event], _Folder]] = {**CROWD_FOLDERS}
_ASLEEP: Final = frozenset({Status.WAITING, Status.RETRYING})
MAIN: Final = 0
"""The number of the branch an execution begins with."""


def fold(frame: Frame, event: e.Event) -> int | None:
    """Apply one event; give the branch that has work now, if any. Raises InvalidTransitionError and changes nothing."""
    folder, lines, counted = _KINDS[type(event)]
    frame.lines += lines if counted is None else counted(frame, event)
    ready = folder(frame, event)
    frame.events += 1
    return ready


def replay(frame: Frame, events: Iterable[e.Event]) -> Frame:
    """Fold all events into a frame and settle its status: what a live run of the same events has come to.

    The frame is a new one, or that of a checkpoint that the events follow.
    """
    wake(frame)
    for event in events:
        fold(frame, event)
    settle(frame)
    return frame


def wake(frame: Frame) -> None:
    """Let a sleeping execution run, so that something can happen to it."""
    if frame.status in _ASLEEP:
        frame.status = LIFE.fire(frame.status, "wake")


def settle(frame: Frame) -> None:
    """Say whether an execution that is not over runs, waits or backs off, by what its branches wait for."""
    if frame.status is not Status.RUNNING and frame.status not in _ASLEEP:
        return
    wake(frame)
    change = "wait"
    for branch in frame.branches.values():
        wait = branch.wait
        if branch.failure is not None:
            continue
        if wait is None or wait.kind == "task":
            return
        if wait.kind == "retry":
            change = "back_off"
    # What waits for its children waits for what they wait for.
    frame.status = LIFE.fire(frame.status, change)


def _folds(*kinds: type[Any]) -> Callable[[Callable[[Frame, _E], int | None]], Callable[[Frame, _E], int | None]]:
    def register(function: Callable[[Frame, _E], int | None]) -> Callable[[Frame, _E], int | None]:
        FOLDERS.update(dict.fromkeys(kinds, function))
        return function

    return register


@_folds(e.ExecutionStarted)
def _started(frame: Frame, event: e.ExecutionStarted) -> int | None:
    frame.status = LIFE.fire(frame.status, "start")
    frame.started = event.at
    frame.deadline = event.deadline
    frame.input = event.input
    frame.name = event.name
    return None


@_folds(e.ExecutionSucceeded)
def _succeeded(frame: Frame, event: e.ExecutionSucceeded) -> int | None:
    frame.status = LIFE.fire(frame.status, "succeed")
    frame.ended = event.at
    frame.output = event.output
    frame.branches.clear()
    return None


@_folds(e.ExecutionFailed)
def _failed(frame: Frame, event: e.ExecutionFailed) -> int | None:
    frame.status = LIFE.fire(frame.status, "fail")
    frame.ended = event.at
    frame.error, frame.cause = event.error, event.cause
    return None


@_folds(e.ExecutionTimedOut)
def _timed_out(frame: Frame, event: e.ExecutionTimedOut) -> int | None:
    frame.status = LIFE.fire(frame.status, "time_out")
    frame.ended = event.at
    return None


@_folds(e.ExecutionAborted)
def _aborted(frame: Frame, event: e.ExecutionAborted) -> int | None:
    frame.status = LIFE.fire(frame.status, "abort")
    frame.ended = event.at
    frame.error, frame.cause = event.error, event.cause
    return None


@_folds(e.ExecutionMigrated)
def _migrated(frame: Frame, event: e.ExecutionMigrated) -> int | None:
    frame.edition = event.edition
    return None


def _take_up(frame: Frame, event: e.ExecutionRedriven | e.ExecutionRetried) -> None:
    """Let an execution that has ended run again."""
    frame.status = LIFE.fire(frame.status, "redrive")
    frame.ended = None
    frame.deadline = event.deadline
    frame.error = frame.cause = ""
    frame.redrives += 1
    frame.redriven = event.at


@_folds(e.ExecutionRedriven)
def _redriven(frame: Frame, event: e.ExecutionRedriven) -> int | None:
    _take_up(frame, event)
    for branch in frame.branches.values():
        _made_ready(frame, branch)
    for branch in frame.branches.values():
        if branch.open:
            branch.wait = Wait("children")
    return None


@_folds(e.ExecutionRetried)
def _retried(frame: Frame, event: e.ExecutionRetried) -> int | None:
    _take_up(frame, event)
    frame.edition = event.edition or frame.edition
    frame.branches.clear()
    frame.branches[MAIN] = Branch(MAIN, -1, 0, event.state, event.input, variables=event.variables)
    return MAIN


def _made_ready(frame: Frame, branch: Branch) -> None:
    """Let a branch go on that has failed, or waits for what nobody answers any more."""
    if branch.failure is not None:
        branch.failure = None
        _reopen(frame, branch.parent)
    if branch.wait is not None and (branch.wait.kind != "children" or not branch.open):
        branch.wait = None
    branch.tries = None


def _reopen(frame: Frame, number: int) -> None:
    """Count a line of work of a branch as one that runs, no longer as one that has failed."""
    parent = frame.branches.get(number)
    if parent is not None:
        parent.open += 1
        parent.failures -= 1


@_folds(e.ExecutionFollowed)
def _followed(frame: Frame, event: e.ExecutionFollowed) -> int | None:
    frame.followers.append(event.parent)
    return None


@_folds(e.StateEntered)
def _entered(frame: Frame, event: e.StateEntered) -> int | None:
    branch = frame.branches.get(event.branch)
    if branch is None:
        branch = frame.branches[event.branch] = Branch(event.branch, -1, 0, event.state, event.input)
    frame.entries += 1
    branch.entry = frame.entries
    branch.entered = True
    branch.since = event.at
    branch.line = frame.lines
    branch.data = event.input
    return event.branch


@_folds(e.StateExited)
def _exited(frame: Frame, event: e.StateExited) -> int | None:
    branch = frame.branches[event.branch]
    if branch.results is not None:
        _forget_children(frame, branch)
    branch.data = event.output
    branch.entered = branch.alerted = False
    branch.wait = None
    branch.tries = None
    branch.attempt = 0
    if event.variables is not None:
        branch.variables = {**(branch.variables or {}), **event.variables}
    if event.target is None:
        return None
    branch.state = event.target
    return event.branch


@_folds(e.StateFailed)
def _state_failed(frame: Frame, event: e.StateFailed) -> int | None:
    frame.branches[event.branch].wait = None
    return None


@_folds(e.TaskScheduled)
def _scheduled(frame: Frame, event: e.TaskScheduled) -> int | None:
    branch = frame.branches[event.branch]
    branch.attempt = event.attempt
    branch.wait = Wait(
        "task",
        event.due,
        event.resource,
        argument=event.argument,
        beat_every=event.beat,
        shown=event.shown,
        limit=event.limit,
    )
    return None


@_folds(e.TaskStarted, e.TaskSubmitted)
def _taken(frame: Frame, event: e.TaskStarted | e.TaskSubmitted) -> int | None:
    wait = _wait(frame, event.branch)
    wait.taken = True
    if wait.limit is not None:
        wait.due = event.at + wait.limit
    if wait.beat_every is not None:
        wait.beat = event.at + wait.beat_every
    return None


@_folds(e.TaskBeat)
def _beat(frame: Frame, event: e.TaskBeat) -> int | None:
    wait = _wait(frame, event.branch)
    if wait.beat_every is not None:
        wait.beat = event.at + wait.beat_every
    return None


@_folds(e.TaskSucceeded, e.TaskFailed, e.TaskTimedOut, e.WaitEnded)
def _no_longer_waits(frame: Frame, event: e.TaskSucceeded | e.TaskFailed | e.TaskTimedOut | e.WaitEnded) -> int | None:
    frame.branches[event.branch].wait = None
    return event.branch


@_folds(e.SignalTimedOut)
def _signal_timed_out(frame: Frame, event: e.SignalTimedOut) -> int | None:
    frame.branches[event.branch].wait = None
    frame.lapsed.extend((name, event.key) for name in event.names)
    return event.branch


@_folds(e.RetryScheduled)
def _retry(frame: Frame, event: e.RetryScheduled) -> int | None:
    branch = frame.branches[event.branch]
    if branch.results is not None:
        _forget_children(frame, branch)
    tries = dict(branch.tries or {})
    tries[event.retrier] = tries.get(event.retrier, 0) + 1
    branch.tries = tries
    branch.wait = Wait("retry", event.due)
    return None


@_folds(e.WaitStarted)
def _wait_started(frame: Frame, event: e.WaitStarted) -> int | None:
    frame.branches[event.branch].wait = Wait("timer", event.due)
    return None


@_folds(e.SignalAwaited)
def _signal_awaited(frame: Frame, event: e.SignalAwaited) -> int | None:
    frame.branches[event.branch].wait = Wait("signal", event.due, key=event.key, names=event.names)
    if frame.lapsed:
        # Asked for again: what comes now is in time.
        asked = {(name, event.key) for name in event.names}
        frame.lapsed = [pair for pair in frame.lapsed if pair not in asked]
    return None


@_folds(e.SignalReceived)
def _signal_received(frame: Frame, event: e.SignalReceived) -> int | None:
    frame.kept.pop(event.id, None)
    frame.seen[event.id] = event.at
    frame.branches[event.branch].wait = None
    return event.branch


@_folds(e.SignalKept)
def _signal_kept(frame: Frame, event: e.SignalKept) -> int | None:
    frame.seen[event.id] = event.at
    frame.kept[event.id] = Kept(event.name, event.key, event.data, event.expires)
    return None


@_folds(e.SignalExpired)
def _signal_expired(frame: Frame, event: e.SignalExpired) -> int | None:
    del frame.kept[event.id]
    return None


@_folds(e.SignalLate)
def _signal_late(frame: Frame, event: e.SignalLate) -> int | None:
    frame.seen[event.id] = event.at
    return None


@_folds(e.ChildrenStarted)
def _children_started(frame: Frame, event: e.ChildrenStarted) -> int | None:
    branch = frame.branches[event.branch]
    branch.results = []
    branch.count = event.count
    branch.wait = Wait("children")
    return None


@_folds(e.ChildrenSucceeded)
def _children_succeeded(frame: Frame, event: e.ChildrenSucceeded) -> int | None:
    del frame
    return event.branch


@_folds(e.BranchStarted)
def _branch_started(frame: Frame, event: e.BranchStarted) -> int | None:
    if event.parent >= 0:
        parent = frame.branches[event.parent]
        if parent.results is None:
            parent.results = []
        while len(parent.results) <= event.index:
            parent.results.append(None)
        parent.open += 1
        parent.wait = Wait("children")
    frame.branches[event.branch] = Branch(
        event.branch, event.parent, event.index, event.state, event.input, turn=event.turn
    )
    frame.next_branch = max(frame.next_branch, event.branch + 1)
    return event.branch


@_folds(e.BranchSucceeded)
def _branch_succeeded(frame: Frame, event: e.BranchSucceeded) -> int | None:
    branch = frame.branches.pop(event.branch)
    parent = frame.branches[branch.parent]
    assert parent.results is not None  # noqa: S101 - it has a child
    parent.results[branch.index] = event.output
    parent.open -= 1
    return branch.parent


@_folds(e.BranchFailed)
def _branch_failed(frame: Frame, event: e.BranchFailed) -> int | None:
    branch = frame.branches[event.branch]
    branch.failure = (event.error, event.cause)
    branch.wait = None if branch.results is None else branch.wait
    parent = frame.branches[branch.parent]
    parent.open -= 1
    parent.failures += 1
    return branch.parent


@_folds(e.BranchAborted)
def _branch_aborted(frame: Frame, event: e.BranchAborted) -> int | None:
    branch = frame.branches[event.branch]
    _forget_children(frame, branch)
    del frame.branches[event.branch]
    parent = frame.branches.get(branch.parent)
    if parent is not None:
        parent.open -= 1
    return None


@_folds(e.CompensationNoted)
def _noted(frame: Frame, event: e.CompensationNoted) -> int | None:
    frame.done.append(Undo(event.state, event.resource, event.argument))
    return None


@_folds(e.PivotPassed)
def _pivot(frame: Frame, event: e.PivotPassed) -> int | None:
    del event
    frame.pivot = True
    frame.done.clear()
    return None


@_folds(e.CompensationStarted)
def _compensation_started(frame: Frame, event: e.CompensationStarted) -> int | None:
    frame.status = LIFE.fire(frame.status, "compensate")
    frame.ending = event.ending
    frame.error, frame.cause = event.error, event.cause
    frame.deadline = None
    frame.branches.clear()
    return _next_undo(frame)


@_folds(e.StepUndone, e.StepNotUndone)
def _undone(frame: Frame, event: e.StepUndone | e.StepNotUndone) -> int | None:
    if isinstance(event, e.StepNotUndone):
        frame.alerts += 1
    frame.done.pop()
    return _next_undo(frame)


@_folds(e.AlertRaised)
def _alert(frame: Frame, event: e.AlertRaised) -> int | None:
    frame.alerts += 1
    frame.branches[event.branch].alerted = True
    return None


def _succeeded_lines(frame: Frame, event: e.BranchSucceeded) -> int:
    return int(frame.branches[event.branch].turn)


def _failed_lines(frame: Frame, event: e.BranchFailed) -> int:
    # A definition that does not fit its data ends the whole execution, and nothing is told of what is around it.
    return int(frame.branches[event.branch].turn and event.error != RUNTIME)


LINES: Final[dict[type[e.Event], int | Callable[[Frame, Any], int]]] = {
    **dict.fromkeys(CROWD_FOLDERS, 0),
    e.ExecutionMigrated: 0,
    e.ExecutionFollowed: 0,
    e.StateFailed: lambda _frame, event: event.shown,
    e.TaskScheduled: lambda _frame, event: event.shown,
    # What shows its start with its scheduling does not show it again.
    e.TaskStarted: lambda frame, event: int(_wait(frame, event.branch).shown == 1),
    e.TaskBeat: 0,
    e.RetryScheduled: 0,
    e.WaitStarted: 0,
    e.WaitEnded: 0,
    e.SignalKept: 0,
    e.SignalExpired: 0,
    e.SignalLate: 0,
    e.BranchStarted: lambda _frame, event: int(event.turn),
    e.BranchSucceeded: _succeeded_lines,
    e.BranchFailed: _failed_lines,
    e.BranchAborted: 0,
    e.CompensationNoted: 0,
    e.PivotPassed: 0,
    e.CompensationStarted: 0,
    e.StepUndone: 0,
    e.StepNotUndone: 0,
    e.AlertRaised: 0,
}
"""How many lines of the public history an event stands for, where that is not one."""


_KINDS: Final[dict[type[e.Event], tuple[_Folder, int, Callable[[Frame, Any], int] | None]]] = {
    kind: (folder, lines, None) if isinstance(lines := LINES.get(kind, 1), int) else (folder, 0, lines)
    for kind, folder in FOLDERS.items()
}
"""By kind of event: how it is folded, and how many lines it stands for, or what counts them."""


def _next_undo(frame: Frame) -> int | None:
    frame.branches.clear()
    if not frame.done:
        return None
    undo = frame.done[-1]
    number = frame.next_branch
    frame.next_branch += 1
    frame.entries += 1
    frame.branches[number] = Branch(
        number, -1, 0, undo.state, undo.argument, entry=frame.entries, entered=True, undo=undo
    )
    return number


def _wait(frame: Frame, branch: int) -> Wait:
    wait = frame.branches[branch].wait
    assert wait is not None  # noqa: S101 - events of tasks are decided for branches that wait for one
    return wait


def _forget_children(frame: Frame, branch: Branch) -> None:
    if branch.results is None:
        return
    for child in frame.children(branch.id):
        _forget_children(frame, child)
        del frame.branches[child.id]
    branch.results = None
    branch.open = branch.failures = 0
