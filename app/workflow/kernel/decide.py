"""Decisions: what one stimulus means for an execution, until every branch waits or has ended.

Nothing here looks at a clock, draws chance or does I/O: the instant comes with the stimulus, chance from the seed of
the execution and the place it is drawn at. Deciding reads the frame, ``fold`` alone changes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from . import events as e
from . import stimuli as s
from .errors import HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT, StepError
from .fold import MAIN, fold, settle, wake
from .frames import Branch, Frame
from .graph import Definition, Visit
from .migration import unready
from .status import Status
from .undo import Undoing

LONGEST_RUN: Final = 1_000
"""Events after which a run is cut, so that what one execution does at once stays small; ``Continue`` goes on with
it."""
FORWARD_FIRST: Final = 1_000
FORWARD_LONGEST: Final = 900_000
"""Milliseconds of the first and the longest pause between attempts past the pivot."""


def run(
    definition: Definition, frame: Frame, stimulus: s.Stimulus, now: int, longest: int = LONGEST_RUN
) -> list[e.Event]:
    """Apply a stimulus at the instant ``now`` and run on; give what happened, in order.

    Empty when the stimulus does not fit any more: a second answer, a timer that is not due. When the run is cut after
    ``longest`` events, branches are left that wait for nothing: ``is_cut`` tells, ``Continue`` goes on.
    """
    return _Run(definition, frame, now, longest).apply(stimulus)


def is_cut(frame: Frame) -> bool:
    """Tell whether a run was cut, so that branches are left with work to do at once."""
    return not frame.is_over and any(b.wait is None and b.failure is None for b in frame.branches.values())


_OF_CHILDREN: Final = frozenset({e.BranchSucceeded, e.BranchFailed, e.ChildrenSucceeded})
_OF_MEMBERS: Final = frozenset({e.MemberEnded, e.CrowdAdjusted})
_ARRIVALS: Final = frozenset({e.StateExited, e.BranchStarted, e.ExecutionRetried})
"""What brings a branch to a state."""


class _Run:
    """One stimulus worked off."""

    __slots__ = ("definition", "done", "frame", "longest", "now", "ready", "visit")

    def __init__(self, definition: Definition, frame: Frame, now: int, longest: int) -> None:
        self.definition = definition
        self.frame = frame
        self.now = now
        self.longest = longest
        self.visit = Visit(definition, frame, now)
        self.done: list[e.Event] = []
        self.ready: deque[tuple[int, e.Event | None]] = deque()

    def apply(self, stimulus: s.Stimulus) -> list[e.Event]:
        wake(self.frame)
        try:
            _DECIDERS[type(stimulus)](self, stimulus)
            self._run_on()
        finally:
            settle(self.frame)
        return self.done

    def record(self, *events: e.Event) -> None:
        frame, ready = self.frame, self.ready
        for event in events:
            branch = fold(frame, event)
            if branch is None:
                continue
            if type(event) is e.BranchFailed:
                # The state around it is asked before the lines of work beside it go on in vain.
                ready.appendleft((branch, event))
            else:
                ready.append((branch, event))
        self.done += events

    def _run_on(self) -> None:
        frame, ready = self.frame, self.ready
        while ready and frame.ended is None:
            if len(self.done) >= self.longest and _resumable(ready):
                return
            number, cause = ready.popleft()
            branch = frame.branches.get(number)
            if branch is None or not _has_work(branch, cause):
                continue
            if branch.undo is not None:
                self.record(*Undoing(self.visit, branch).execute(cause))
                if frame.status is Status.COMPENSATING and not frame.done:
                    self._end()
                continue
            self._step(branch, cause)

    def _step(self, branch: Branch, cause: e.Event | None) -> None:
        visit = self.visit.at(branch)
        state = visit.state
        try:
            if not branch.entered:
                cause = None
                for event in state.enter(visit):
                    # The arrival itself gives the branch nothing to do beyond what follows here.
                    fold(self.frame, event)
                    self.done.append(event)
            events = state.execute(visit, cause)
        except StepError as error:
            self.fail(branch, error.error, error.cause, error.location)
        except Exception as error:  # noqa: BLE001 - what a definition's own functions raise is theirs
            self.fail(branch, RUNTIME, f"{state.name}: {type(error).__name__}: {error}")
        else:
            self.record(*events)

    def fail(self, branch: Branch, error: str, cause: str, location: str = "") -> None:
        """Retry, catch, or let the failure rise: to the state around the branch, at last to the execution."""
        visit = self.visit.at(branch)
        state = visit.state
        tries = branch.tries or {}
        place = state.retrier(error, tries)
        if place is not None:
            used = tries.get(place, 0)
            pause = state.retriers[place].pause(used, visit.chance("retry"))
            self.record(
                self._failed(branch, error, cause, location, "retried"),
                *self._without_children(branch),
                e.RetryScheduled(branch.id, self.now, place, self.now + pause),
            )
            return
        catcher = state.catcher(error)
        if catcher is not None:
            try:
                told = {"Error": error, "Cause": cause}
                output = catcher.give(visit, told)
                variables = catcher.assign(visit, told) if catcher.assign is not None else None
                left = visit.exited(output, catcher.transition, variables)
            except StepError as worse:
                self.record(self._failed(branch, error, cause, location, ""))
                self._give_up(branch, worse.error, worse.cause, worse.location)
                return
            self.record(
                self._failed(branch, error, cause, location, "caught"),
                *self._without_children(branch),
                *left,
            )
            return
        self._give_up(branch, error, cause, location)

    def _give_up(self, branch: Branch, error: str, cause: str, location: str) -> None:
        state = self.definition.states[branch.state]
        if self.frame.pivot and not state.final:
            self._forward(branch, error, cause, location)
            return
        self.record(self._failed(branch, error, cause, location, ""))
        if branch.parent >= 0:
            self.record(e.BranchFailed(branch.id, self.now, error, cause))
        else:
            self.compensate("fail", error, cause)

    def _forward(self, branch: Branch, error: str, cause: str, location: str) -> None:
        """Past the pivot there is no way back: call a person, and try again with ever longer pauses."""
        used = (branch.tries or {}).get(-1, 0)
        pause = min(FORWARD_FIRST * 2 ** min(used, 20), FORWARD_LONGEST)
        if not branch.alerted:
            self.record(e.AlertRaised(branch.id, self.now, branch.state, error, cause))
        self.record(
            self._failed(branch, error, cause, location, "retried"),
            *self._without_children(branch),
            e.RetryScheduled(branch.id, self.now, -1, self.now + pause),
        )

    def _failed(self, branch: Branch, error: str, cause: str, location: str, outcome: str) -> e.StateFailed:
        state = self.definition.states[branch.state]
        failed = e.StateFailed(branch.id, self.now, state.name, error, cause, location, outcome)
        shown = state.shown(self.visit.at(branch), failed)
        return msgspec.structs.replace(failed, shown=len(shown)) if shown else failed

    def _without_children(self, branch: Branch) -> list[e.Event]:
        if branch.results is None:
            return []
        return [e.BranchAborted(child.id, self.now) for child in self.frame.children(branch.id) if not child.failure]

    def compensate(self, ending: str, error: str, cause: str) -> None:
        """End the execution, but undo first what was done."""
        if self.frame.done:
            self.record(e.CompensationStarted(self.now, ending, error, cause))
        else:
            self._end(ending, error, cause)

    def _end(self, ending: str = "", error: str = "", cause: str = "") -> None:
        frame = self.frame
        if (ending or frame.ending) == "time_out":
            self.record(e.ExecutionTimedOut(self.now))
        else:
            self.record(e.ExecutionFailed(self.now, error or frame.error, cause or frame.cause))


def _has_work(branch: Branch, cause: e.Event | None) -> bool:
    """Tell whether what gave a branch work still does.

    Several children may have ended before the state around them is asked; the first answer may have been to leave it,
    or to lie down before another attempt.
    """
    if branch.failure is not None:
        return False
    kind = type(cause)
    if kind in _ARRIVALS:
        return not branch.entered
    if kind in _OF_CHILDREN:
        return branch.results is not None
    return branch.entered if kind in _OF_MEMBERS else branch.wait is None


def _resumable(ready: deque[tuple[int, e.Event | None]]) -> bool:
    """Tell whether all that is left can be found again by looking at the branches.

    What a state has yet to make of a result is known by its event alone.
    """
    return all(type(cause) in _ARRIVALS for _, cause in ready)


def _start(run: _Run, stimulus: s.Start) -> None:
    if run.frame.status is not Status.PENDING:
        return
    run.record(e.ExecutionStarted(run.now, stimulus.input, _deadline(run), stimulus.name))
    run.record(e.BranchStarted(MAIN, -1, 0, run.now, run.definition.flow.start, stimulus.input))


def _deadline(run: _Run) -> int | None:
    timeout = run.definition.timeout
    return None if timeout is None else run.now + round(timeout * 1000)


def _task_done(run: _Run, stimulus: s.TaskDone) -> None:
    branch = run.frame.waits_for(stimulus.branch, stimulus.entry, stimulus.attempt)
    if branch is not None and run.frame.ended is None:
        _say_submitted(run, branch, stimulus.submitted)
        run.record(e.TaskSucceeded(branch.id, run.now, stimulus.output))


def _member_ended(run: _Run, stimulus: s.MemberEnded) -> None:
    frame = run.frame
    if frame.crowd is not None and stimulus.number in frame.crowd.open and stimulus.branch in frame.branches:
        # Counted even when nobody waits any more: what a redrive goes on from must be right.
        run.record(e.MemberEnded(stimulus.branch, run.now, stimulus.number, stimulus.status))


def _adjust(run: _Run, stimulus: s.Adjust) -> None:
    if run.frame.crowd is not None and not run.frame.is_over:
        given = (stimulus.at_once, stimulus.count, stimulus.percentage)
        run.record(e.CrowdAdjusted(MAIN, run.now, *given))


def _follow(run: _Run, stimulus: s.Follow) -> None:
    # One that has ended tells of it with the commit of this.
    if stimulus.parent not in run.frame.followers:
        run.record(e.ExecutionFollowed(run.now, stimulus.parent))


def _task_error(run: _Run, stimulus: s.TaskError) -> None:
    branch = run.frame.waits_for(stimulus.branch, stimulus.entry, stimulus.attempt)
    if branch is not None and not run.frame.is_over:
        _say_submitted(run, branch, stimulus.submitted)
        run.record(e.TaskFailed(branch.id, run.now, stimulus.error, stimulus.cause))


def _say_submitted(run: _Run, branch: Branch, said: Any) -> None:
    """Record what was said when a task was handed over, unless that is told already."""
    if said is not None and branch.wait is not None and not branch.wait.taken:
        run.record(e.TaskSubmitted(branch.id, run.now, said))


def _task_submitted(run: _Run, stimulus: s.TaskSubmitted) -> None:
    branch = run.frame.waits_for(stimulus.branch, stimulus.entry, stimulus.attempt)
    if branch is not None and not run.frame.is_over and branch.wait is not None and not branch.wait.taken:
        run.record(e.TaskSubmitted(branch.id, run.now, stimulus.output))


def _task_taken(run: _Run, stimulus: s.TaskTaken) -> None:
    branch = run.frame.waits_for(stimulus.branch, stimulus.entry, stimulus.attempt)
    if branch is not None and not run.frame.is_over and branch.wait is not None and not branch.wait.taken:
        run.record(e.TaskStarted(branch.id, run.now, stimulus.worker))


def _heartbeat(run: _Run, stimulus: s.Heartbeat) -> None:
    branch = run.frame.waits_for(stimulus.branch, stimulus.entry, stimulus.attempt)
    if branch is not None and not run.frame.is_over:
        run.record(e.TaskBeat(branch.id, run.now))


def _tick(run: _Run, stimulus: s.Tick) -> None:
    del stimulus
    frame = run.frame
    if frame.is_over:
        return
    if frame.deadline is not None and frame.deadline <= run.now:
        run.compensate("time_out", TIMEOUT, "")
        return
    for signal in [signal for signal, kept in frame.kept.items() if kept.expires <= run.now]:
        run.record(e.SignalExpired(run.now, signal))
    for _, number in sorted((due, b.id) for b in frame.branches.values() if (due := _due(b, run.now)) is not None):
        _branch_due(run, frame.branches[number])


def _due(branch: Branch, now: int) -> int | None:
    if branch.wait is None:
        return None
    dues = [due for due in (branch.wait.due, branch.wait.beat) if due is not None and due <= now]
    return min(dues, default=None)


def _branch_due(run: _Run, branch: Branch) -> None:
    wait = branch.wait
    assert wait is not None  # noqa: S101 - it is due
    if wait.kind == "task":
        late = wait.due is not None and wait.due <= run.now
        error, what = (TIMEOUT, "time limit") if late else (HEARTBEAT_TIMEOUT, "heartbeat")
        run.record(e.TaskTimedOut(branch.id, run.now, error, f"the {what} of {wait.name} is over"))
    elif wait.kind == "signal":
        run.record(e.SignalTimedOut(branch.id, run.now, wait.names, wait.key))
    else:
        run.record(e.WaitEnded(branch.id, run.now))


def _signal(run: _Run, stimulus: s.Signal) -> None:
    frame = run.frame
    if stimulus.id in frame.seen:
        return
    if frame.is_over:
        # What an execution gave up waiting for is late even when it has ended meanwhile: money must not vanish.
        _record_late(run, stimulus)
        return
    first = _first_awaiting(run, stimulus)
    if first is not None:
        run.record(e.SignalReceived(first.id, run.now, stimulus.id, stimulus.name, stimulus.data))
    elif not _record_late(run, stimulus) and stimulus.expires > run.now:
        kept = e.SignalKept(run.now, stimulus.id, stimulus.name, stimulus.key, stimulus.data, stimulus.expires)
        run.record(kept)


def _record_late(run: _Run, signal: s.Signal) -> bool:
    """Record a signal whose wait was given up as late; tell whether it is."""
    late = (signal.name, signal.key) in run.frame.lapsed
    if late:
        run.record(e.SignalLate(run.now, signal.id, signal.name, signal.key, signal.data))
    return late


def _first_awaiting(run: _Run, signal: s.Signal) -> Branch | None:
    waiting = [branch for branch in run.frame.branches.values() if _awaits(run, branch, signal)]
    return min(waiting, key=lambda branch: branch.entry, default=None)


def _awaits(run: _Run, branch: Branch, signal: s.Signal) -> bool:
    wait = branch.wait
    if wait is None or wait.kind != "signal" or wait.key != signal.key or signal.name not in wait.names:
        return False
    return run.definition.states[branch.state].accepts(run.visit.at(branch), signal.name, signal.data)


def _stop(run: _Run, stimulus: s.Stop) -> None:
    if not run.frame.is_over:
        run.record(e.ExecutionAborted(run.now, stimulus.error, stimulus.cause, stimulus.given_up))


def _rollback(run: _Run, stimulus: s.Rollback) -> None:
    if run.frame.is_over or run.frame.status in {Status.COMPENSATING, Status.PENDING} or run.frame.pivot:
        return
    run.compensate("fail", stimulus.error, stimulus.cause)


def _redrive(run: _Run, stimulus: s.Redrive) -> None:
    del stimulus
    # What was compensated is undone: there is nothing to go on from.
    if not run.frame.is_over or run.frame.status is Status.SUCCEEDED or run.frame.ending or not run.frame.branches:
        return
    run.record(e.ExecutionRedriven(run.now, _deadline(run)))
    _continue(run, s.Continue())


def _retry(run: _Run, stimulus: s.Retry) -> None:
    frame, definition = run.frame, run.definition
    if stimulus.redrives != frame.redrives or stimulus.edition not in {0, definition.edition}:
        return
    if unready(frame, definition, stimulus.state):
        return
    given = (stimulus.input, _deadline(run), stimulus.variables, stimulus.edition)
    run.record(e.ExecutionRetried(run.now, stimulus.state, *given))


def _migrate(run: _Run, stimulus: s.Migrate) -> None:
    """Note that what follows is decided by the definition of this run, which ``migration.unfit`` has let through."""
    frame, edition = run.frame, stimulus.edition
    if not frame.is_over and run.definition.edition == edition != frame.edition:
        run.record(e.ExecutionMigrated(run.now, edition))


def _continue(run: _Run, stimulus: s.Continue) -> None:
    del stimulus
    for branch in run.frame.branches.values():
        if branch.wait is None and branch.failure is None:
            run.ready.append((branch.id, None))


_DECIDERS: Final[dict[type[s.Stimulus], Callable[[_Run, Any], None]]] = {
    s.Start: _start,
    s.TaskDone: _task_done,
    s.TaskError: _task_error,
    s.TaskTaken: _task_taken,
    s.MemberEnded: _member_ended,
    s.Adjust: _adjust,
    s.Follow: _follow,
    s.TaskSubmitted: _task_submitted,
    s.Heartbeat: _heartbeat,
    s.Tick: _tick,
    s.Signal: _signal,
    s.Stop: _stop,
    s.Rollback: _rollback,
    s.Redrive: _redrive,
    s.Retry: _retry,
    s.Migrate: _migrate,
    s.Continue: _continue,
}
