"""Whether an execution can go on by another edition of its machine (ORC-08)."""

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
from app.workflow.kernel.migration import unfit
from app.workflow.runtime.engine import Engine, MigrationError, UnknownExecutionError, UnknownMachineError
from app.workflow.runtime.live import Item
from app.workflow.runtime.store import Key, Letter
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.hand import Hand, HandClock, done

pytestmark = pytest.mark.fast

WAIT: dict[str, Any] = {"Type": "Wait", "Seconds": 3600, "Next": "Z"}
TASK: dict[str, Any] = {"Type": "Task", "Resource": "do", "Next": "Z"}
ASKS: dict[str, Any] = {"Type": "Message", "CorrelationKey": "paid", "CorrelationValuePath": "$.id", "Next": "Z"}
END: dict[str, Any] = {"Type": "Pass", "End": True}


def _machine(edition: int = 1, **states: Any) -> Definition:
    flow = {**states, "Z": END}
    return compile_machine({"StartAt": next(iter(flow)), "States": flow}, "m", edition=edition)


def _parallel(*branches: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [_flow(one) for one in branches], "Next": "Z"}


def _flow(states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": {name: _last(state) for name, state in states.items()}}


def _last(state: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in state.items() if name != "Next"}, "End": True}


def _started(definition: Definition) -> Frame:
    frame = Frame("1", "seed")
    run(definition, frame, s.Start({"id": "1"}), 0)
    return frame


SLEEPS = _machine(A=WAIT)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ({"A": WAIT}, {"A": {**WAIT, "Seconds": 5}}, ""),
        ({"A": WAIT}, {"First": {"Type": "Pass", "Next": "A"}, "A": WAIT}, ""),
        ({"A": WAIT}, {"B": WAIT}, "the other edition has no state 'A' in this place"),
        ({"A": WAIT}, {"A": TASK}, "'A' is a wait here and a task in the other edition"),
        ({"A": TASK}, {"A": TASK}, "'A' is at work"),
        ({"A": ASKS}, {"A": {**ASKS, "TimeoutSeconds": 9}}, ""),
        ({"A": ASKS}, {"A": {**ASKS, "CorrelationKey": "sent"}}, "'A' does not wait for paid in the other edition"),
        ({"A": _parallel({"B": WAIT}, {"C": WAIT})}, {"A": _parallel({"B": WAIT}, {"C": WAIT})}, ""),
        (
            {"A": _parallel({"B": WAIT}, {"C": WAIT})},
            {"A": _parallel({"C": WAIT}, {"B": WAIT})},
            "the other edition has no state 'B' in this place",
        ),
        (
            {"A": _parallel({"B": WAIT})},
            {"A": _parallel({"B": WAIT}, {"C": WAIT})},
            "'A' has 1 branches here and 2 in the other edition",
        ),
        (
            {"A": _parallel({"B": WAIT})},
            {"A": {**WAIT, "Next": "B"}, "B": WAIT},
            "'A' is a parallel here and a wait in the other edition",
        ),
    ],
)
def test_what_waits_can_move_to_where_its_states_are(old: dict[str, Any], new: dict[str, Any], why: str) -> None:
    """ORC-08: refused with a reason otherwise."""
    before, after = _machine(**old), _machine(2, **new)
    assert unfit(_started(before), before, after) == why


def test_turns_of_a_map_move_with_it() -> None:
    """ORC-08: all of them go through its one flow."""
    each = {"Type": "Map", "ItemsPath": "$.ids", "ItemProcessor": _flow({"B": WAIT}), "Next": "Z"}
    before, after = _machine(A=each), _machine(2, A={**each, "MaxConcurrency": 5})
    frame = Frame("1", "seed")
    run(before, frame, s.Start({"ids": [1, 2, 3]}), 0)
    assert len(frame.branches) == 4
    assert not unfit(frame, before, after)
    moved = _machine(2, A={**each, "ItemProcessor": _flow({"C": WAIT})})
    assert unfit(frame, before, moved) == "the other edition has no state 'B' in this place"


def test_what_has_ended_is_undone_or_is_one_of_many_stays() -> None:
    """ORC-08."""
    after = _machine(2, A=WAIT)
    ended = _started(SLEEPS)
    run(SLEEPS, ended, s.Stop(), 1)
    assert unfit(ended, SLEEPS, after) == "the execution has ended"
    crowded = _started(SLEEPS)
    crowded.crowd = Crowd()
    assert unfit(crowded, SLEEPS, after).startswith("a map run stays")
    done_before = _started(SLEEPS)
    done_before.done.append(Undo("Paid", "refund", None))
    assert unfit(done_before, SLEEPS, after).startswith("'Paid', which is done and may have to be undone,")
    done_before.done[:] = [Undo("A", "refund", None)]
    run(SLEEPS, done_before, s.Rollback(), 1)
    assert unfit(done_before, SLEEPS, after) == "the execution is being undone"


def test_a_move_is_in_the_history_once_and_replays() -> None:
    """ORC-08, SM-07: the second time nothing happens, and what is on disk tells which edition it goes by."""
    after = _machine(2, A={**WAIT, "Next": "Y"}, Y={"Type": "Pass", "Next": "Z"})
    frame, events = _started(SLEEPS), []
    first = run(SLEEPS, Frame("1", "seed"), s.Start({"id": "1"}), 0)
    events += first + run(after, frame, s.Migrate(2), 5)
    assert [type(event).__name__ for event in events[-1:]] == ["ExecutionMigrated"]
    assert run(after, frame, s.Migrate(2), 6) == []
    packed = codec.pack(frame, events, 1, codec.Homes())
    again = replay(Frame("1", "seed"), codec.unpack_history(packed.history))
    assert (again.edition, again.lines) == (2, frame.lines)
    assert codec.unpack_checkpoint(packed.checkpoint, lambda _: {1: packed.history})[0].edition == 2
    assert run(SLEEPS, _started(SLEEPS), s.Migrate(2), 5) == [], "only by the edition it is about"


def _letter(key: Key, number: str, edition: int) -> Letter:
    return Letter(key, number, codec.pack_stimulus(s.Migrate(edition)))


def test_what_went_elsewhere_meanwhile_stays_with_its_edition() -> None:
    """ORC-08: the letter is used up, and nothing else has happened."""
    before = _machine(A={**TASK, "Next": "B"}, B=WAIT)
    hand = Hand(before, _machine(2, A={**TASK, "Next": "C"}, C=WAIT))
    key = hand.start("m", {})
    (command,) = hand.round()
    hand.store.post([_letter(key, "1", 2)])
    hand.round()
    hand.turn(done(command, {}))
    assert hand.core._live == {}, "it waits for an hour"
    hand.store.post([_letter(key, "2", 2), _letter(key, "3", 7)])
    hand.round()
    found = codec.unpack_checkpoint(hand.row(key).checkpoint, lambda wanted: hand.store.pages(key, wanted))[0]
    assert (found.edition, [branch.state for branch in found.branches.values()]) == (0, ["B"])
    assert hand.keeper.sweep(hand.clock.now()) == ([], False), "no letter is left"


def test_another_worker_reads_it_by_the_edition_it_was_moved_to() -> None:
    """ORC-08: also in a process that knows the old edition no more."""
    store, clock = MemoryStore(), HandClock()
    first = Hand(SLEEPS, _machine(2, A={**WAIT, "Next": "Y"}, Y=TASK), store=store, clock=clock)
    key = first.start("m", {})
    first.round()
    store.post([_letter(key, "1", 2)])
    first.round()
    clock.pass_(3_600_000)
    second = Hand(_machine(2, A={**WAIT, "Next": "Y"}, Y=TASK), store=store, clock=clock)
    (command,) = second.round()
    assert (command.state, command.edition) == ("Y", 2)
    second.turn(Item(key, s.Stop()))


def test_the_engine_says_why_it_refuses() -> None:
    """ORC-08."""
    engine = Engine(MemoryStore())
    engine.register(SLEEPS)
    engine.register(_machine(2, B=WAIT))
    key = engine.start("m", {})
    with pytest.raises(UnknownMachineError, match="m edition 9"):
        engine.migrate(key, 9)
    with pytest.raises(MigrationError, match="the execution has not begun"):
        engine.migrate(key, 1)
    with pytest.raises(UnknownExecutionError):
        engine.migrate(Key("other", key.id), 2)
    with engine:
        run_on = engine.start("m", {})
        while engine.describe(run_on).status.value != "waiting":
            with engine._loop.ending:
                engine._loop.ending.wait(0.005)
        with pytest.raises(MigrationError, match="the other edition has no state 'B' in this place"):
            engine.migrate(run_on, 1)
        engine.migrate(run_on, 2)
    assert "ExecutionMigrated" not in [type(event).__name__ for _, event in engine.history(run_on)], (
        "its own edition is none to move to"
    )
