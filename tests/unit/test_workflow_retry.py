"""What has ended goes on from a state of its main line, when it can."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow import codec
from app.workflow.asl.compile import compile_machine
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.fold import replay
from app.workflow.kernel.frames import Crowd, Frame, Undo
from app.workflow.kernel.graph import Definition
from app.workflow.kernel.migration import unready
from app.workflow.kernel.status import Status
from app.workflow.runtime.store import Letter
from tests.support.workflow.hand import Hand

pytestmark = pytest.mark.fast

FAILS: dict[str, Any] = {"Type": "Task", "Resource": "do", "Next": "Z"}
LAST: dict[str, Any] = {"Type": "Pass", "End": True}
BESIDE: dict[str, Any] = {
    "Type": "Parallel",
    "Branches": [{"StartAt": "In", "States": {"In": {"Type": "Task", "Resource": "do", "End": True}}}],
    "Next": "Z",
}


def _machine(edition: int = 1, **states: Any) -> Definition:
    flow = {**states, "Z": LAST}
    return compile_machine({"StartAt": next(iter(flow)), "States": flow}, "m", edition=edition)


def _failed(definition: Definition, data: Any = None) -> tuple[Frame, list[Any]]:
    """Give an execution whose first task has failed, and what has happened."""
    frame = Frame("1", "seed")
    events = run(definition, frame, s.Start(data), 0)
    asking = next(branch for branch in frame.branches.values() if branch.wait and branch.wait.kind == "task")
    events += run(definition, frame, s.TaskError(asking.id, asking.entry, asking.attempt, "Boom", ""), 1)
    assert frame.status is Status.FAILED
    return frame, events


FALLS = _machine(A=FAILS)


def test_it_goes_on_from_the_state_with_what_it_is_given_and_replays() -> None:
    """SM-07, ORC-02: what it was in is left behind, branches included; said twice it happens once."""
    frame, events = _failed(_machine(P=BESIDE))
    retry = s.Retry("P", "again", {"x": 1})
    events += run(_machine(P=BESIDE), frame, retry, 5)
    assert run(_machine(P=BESIDE), frame, retry, 6) == []
    assert (frame.status, frame.redrives, frame.redriven, frame.error) == (Status.RUNNING, 1, 5, "")
    assert [(branch.state, branch.data) for branch in frame.branches.values()] == [("P", "again"), ("In", "again")]
    assert frame.branches[0].variables == {"x": 1}
    packed = codec.pack(frame, events, 1, codec.Homes())
    again = replay(Frame("1", "seed"), codec.unpack_history(packed.history))
    assert again == frame


def test_it_means_one_end_and_no_later_one() -> None:
    """SM-09: whoever asks for it twice gets one more try, not two."""
    frame, _ = _failed(FALLS)
    assert run(FALLS, frame, s.Retry("Z", 7), 5)
    assert (frame.status, frame.output) == (Status.SUCCEEDED, 7)
    frame, _ = _failed(FALLS)
    run(FALLS, frame, s.Retry("A", 7), 5)
    asking = frame.branches[0]
    run(FALLS, frame, s.TaskError(0, asking.entry, asking.attempt, "Boom", ""), 6)
    assert run(FALLS, frame, s.Retry("A", 7), 7) == []
    assert run(FALLS, frame, s.Retry("A", 7, None, 2, 1), 7) == [], "only by the edition that it is about"
    assert run(FALLS, frame, s.Retry("A", 7, redrives=1), 7)


def test_a_time_limit_of_the_whole_counts_anew() -> None:
    """SAGA-04."""
    limited = compile_machine({"StartAt": "A", "TimeoutSeconds": 10, "States": {"A": FAILS, "Z": LAST}}, "m")
    frame = Frame("1", "seed")
    run(limited, frame, s.Start(None), 0)
    run(limited, frame, s.Tick(), 10_000)
    assert frame.status is Status.TIMED_OUT
    run(limited, frame, s.Retry("A", None), 20_000)
    assert frame.deadline == 30_000


def test_what_cannot_go_on_stays_as_it_is_and_says_why() -> None:
    """ORC-01."""
    running = Frame("1", "seed")
    run(FALLS, running, s.Start(None), 0)
    assert unready(running, FALLS, "A") == "the execution has not ended"
    done = Frame("1", "seed")
    run(_machine(), done, s.Start(None), 0)
    assert unready(done, _machine(), "Z") == "the execution has succeeded"
    failed, _ = _failed(FALLS)
    assert unready(failed, FALLS, "A") == ""
    assert unready(failed, FALLS, "B") == "'B' is no state of the main line"
    inside, _ = _failed(_machine(P=BESIDE))
    assert unready(inside, _machine(P=BESIDE), "In") == "'In' is no state of the main line"
    failed.done.append(Undo("Paid", "refund", None))
    assert unready(failed, FALLS, "A").startswith("'Paid', which is done and may have to be undone,")
    failed.ending = "fail"
    assert unready(failed, FALLS, "A") == "what the execution had done is undone"
    many, _ = _failed(FALLS)
    many.crowd = Crowd()
    assert unready(many, FALLS, "A").startswith("a map run goes on")
    for frame in (running, done, many):
        before = codec.pack(frame, [], 1, codec.Homes()).checkpoint
        assert run(FALLS, frame, s.Retry("A", 7), 9) == []
        assert codec.pack(frame, [], 1, codec.Homes()).checkpoint == before


def test_a_letter_that_does_not_fit_any_more_is_used_up() -> None:
    """ORC-08: of an edition that is not there, or has not the state."""
    hand = Hand(FALLS, _machine(2, B=FAILS))
    key = hand.start("m", {})
    hand.round()
    hand.store.post([Letter(key, "stop", codec.pack_stimulus(s.Stop()))])
    hand.round()
    for number, retry in enumerate((s.Retry("A", 1, edition=2), s.Retry("B", 1, edition=9), s.Retry("B", 1))):
        hand.store.post([Letter(key, f"{number}", codec.pack_stimulus(retry))])
        hand.round()
        assert hand.row(key).status is Status.ABORTED
    hand.store.post([Letter(key, "fits", codec.pack_stimulus(s.Retry("B", 1, edition=2)))])
    (command,) = hand.round()
    assert (command.state, command.edition) == ("B", 2)


def test_a_letter_about_an_earlier_end_moves_nothing_to_its_edition() -> None:
    """ORC-08: what goes on afterwards goes by what is on disk."""
    hand = Hand(FALLS, _machine(2, A={**FAILS, "Resource": "other"}))
    key = hand.start("m", {})
    hand.round()
    stop, redrive = codec.pack_stimulus(s.Stop()), codec.pack_stimulus(s.Redrive())
    late = codec.pack_stimulus(s.Retry("A", 1, edition=2))
    bodies = (stop, redrive, stop, late, redrive)
    hand.store.post([Letter(key, f"{number}", body) for number, body in enumerate(bodies)])
    (command,) = hand.round()
    assert (command.resource, command.edition) == ("do", 1)
