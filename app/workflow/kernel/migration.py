"""Whether an execution can go on elsewhere: one that waits by another edition (ORC-08), one that ended from a state."""

from __future__ import annotations

from .frames import Branch, Frame
from .graph import Definition, Flow
from .status import Status


def unfit(frame: Frame, old: Definition, new: Definition) -> str:
    """Say why an execution cannot go on by ``new``, in a sentence; nothing when it can.

    What is done stays done, what it waits for stays as it is: each of its branches must stand in a state that ``new``
    has in the same place, of the same kind, and that waits for the same signals. A handler at work is waited for first.
    """
    if frame.is_over:
        return "the execution has ended"
    if frame.status is Status.COMPENSATING:
        return "the execution is being undone"
    if frame.crowd is not None:
        return "a map run stays with the edition of the execution that it belongs to"
    lost = _lost(frame, new)
    if lost:
        return lost
    whys = (_stays_behind(frame, branch, old, new) for branch in frame.branches.values())
    return next((why for why in whys if why), "")


def unready(frame: Frame, definition: Definition, state: str) -> str:
    """Say why an execution cannot be retried by ``definition`` from ``state``, in a sentence; nothing when it can."""
    if not frame.is_over:
        return "the execution has not ended"
    if frame.status is Status.SUCCEEDED:
        return "the execution has succeeded"
    if frame.ending:
        return "what the execution had done is undone"
    if frame.crowd is not None:
        return "a map run goes on with the execution that it belongs to"
    if state not in definition.flow.states:
        return f"{state!r} is no state of the main line"
    return _lost(frame, definition)


def _lost(frame: Frame, new: Definition) -> str:
    lost = next((undo.state for undo in frame.done if undo.state not in new.states), None)
    if lost is None:
        return ""
    return f"{lost!r}, which is done and may have to be undone, is no state of the other edition"


def _stays_behind(frame: Frame, branch: Branch, old: Definition, new: Definition) -> str:
    name, wait = branch.state, branch.wait
    flow = _flow(frame, branch, new)
    if flow is None or name not in flow.states:
        return f"the other edition has no state {name!r} in this place"
    before, after = old.states[name], new.states[name]
    if before.kind != after.kind:
        return f"{name!r} is a {before.kind} here and a {after.kind} in the other edition"
    if len(before.flows()) != len(after.flows()):
        return f"{name!r} has {len(before.flows())} branches here and {len(after.flows())} in the other edition"
    if wait is None:
        return "" if branch.failure is not None else f"{name!r} is at work"
    if wait.kind == "task" and not wait.taken:
        return f"{name!r} is at work"
    if wait.kind == "signal" and not set(wait.names) <= set(after.signals()):
        return f"{name!r} does not wait for {', '.join(wait.names)} in the other edition"
    return ""


def _flow(frame: Frame, branch: Branch, new: Definition) -> Flow | None:
    """Give the line of states of the new edition that a branch would be in."""
    if branch.parent < 0:
        return new.flow
    around = new.states.get(frame.branches[branch.parent].state)
    flows = () if around is None else around.flows()
    # All turns of a Map go through its one flow.
    place = branch.index if len(flows) > 1 else 0
    return flows[place] if place < len(flows) else None
