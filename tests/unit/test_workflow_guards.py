"""Guards of the kernel: several transitions of one name, tried in order."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from app.workflow.kernel import events as e
from app.workflow.kernel import states as k
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.graph import Catcher, Definition, Flow, Retrier, State
from app.workflow.kernel.status import Status

pytestmark = pytest.mark.fast

FAR = 1 << 40


def is_big(data: Any) -> bool:
    return bool(data["n"] > 10)


def machine(first: State) -> Definition:
    states = [first, k.End("big"), k.End("small")]
    return Definition("m", Flow(first.name, {state.name: state for state in states}))


def guarded(state: State, **alternatives: str) -> State:
    state.alternatives = MappingProxyType({name: ((is_big, way),) for name, way in alternatives.items()})
    return state


def started(definition: Definition, given: Any) -> Frame:
    frame = Frame("1", "")
    run(definition, frame, s.Start(given), 1)
    return frame


def awaiting(**others: Any) -> State:
    give = others.pop("give", lambda visit, _data: visit.branch.data)
    state = k.Awaiting("first", {"go [is_big]": "big", **others}, names=["go"], give=give)
    return guarded(state, go="go [is_big]")


def test_the_first_transition_whose_guard_holds_is_taken_else_the_one_without() -> None:
    """SM-02: several transitions of one name."""
    task = guarded(k.Task("first", {"success [is_big]": "big", "success": "small"}, "do"), success="success [is_big]")
    for number, end in ((11, "big"), (10, "small")):
        frame = started(machine(task), None)
        happened = run(machine(task), frame, s.TaskDone(0, 1, 1, {"n": number}), 2)
        assert frame.status is Status.SUCCEEDED
        assert [event.state for event in happened if isinstance(event, e.StateEntered)] == [end]


def test_a_signal_no_guard_lets_through_waits_as_one_too_early_does() -> None:
    definition = machine(awaiting(other="small"))
    frame = started(definition, {"n": 1})
    happened = run(definition, frame, s.Signal("a", "go", None, FAR), 2)
    assert [type(event) for event in happened] == [e.SignalKept]
    assert frame.status is Status.WAITING
    assert not run(definition, frame, s.Signal("b", "go", None, 2), 2), "an expired one is dropped"


def test_a_signal_kept_for_its_guard_is_taken_where_the_guard_holds() -> None:
    again = k.Awaiting("first", {"more": "second"}, give=lambda _visit, data: data)
    waits = k.Awaiting("second", {"go [is_big]": None}, names=["go"], give=lambda visit, _data: visit.branch.data)
    second = guarded(waits, go="go [is_big]")
    definition = Definition("m", Flow("first", {"first": again, "second": second}))
    for number, status in ((1, Status.WAITING), (11, Status.SUCCEEDED)):
        frame = started(definition, None)
        run(definition, frame, s.Signal("a", "go", None, FAR), 2)
        run(definition, frame, s.Signal("b", "more", {"n": number}, FAR), 3)
        assert frame.status is status


def test_a_guard_that_fails_fails_the_state_and_not_whoever_sent_the_signal() -> None:
    definition = machine(awaiting(other="small"))
    frame = started(definition, "no object")
    run(definition, frame, s.Signal("a", "go", None, FAR), 2)
    assert (frame.status, frame.error) == (Status.FAILED, "States.Runtime")


def test_a_guard_on_the_way_of_an_error_that_fails_fails_the_state() -> None:
    task = k.Task("first", {"success": "small", "failure [is_big]": "big", "failure": "small"}, "do")
    task.catchers = (Catcher(),)
    definition = machine(guarded(task, failure="failure [is_big]"))
    frame = started(definition, None)
    run(definition, frame, s.TaskError(0, 1, 1, "Boom"), 2)
    assert (frame.status, frame.error) == (Status.FAILED, "States.Runtime")


def test_a_guard_is_no_reason_to_do_a_task_again() -> None:
    """What a guard says of a result that is there does not change by asking the resource once more."""
    task = k.Task("first", {"success": "small", "success [is_big]": "big"}, "do", retriers=[Retrier()])
    definition = machine(guarded(task, success="success [is_big]"))
    frame = started(definition, None)
    run(definition, frame, s.TaskDone(0, 1, 1, "no object"), 2)
    assert (frame.status, frame.error) == (Status.FAILED, "States.Runtime")
