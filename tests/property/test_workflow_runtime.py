"""What holds for every machine and everything that can happen to it, not only for those somebody thought of."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflow import codec
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.fold import fold, replay, settle, wake
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.graph import Catcher, Compensation, Definition, Flow, Retrier, State
from app.workflow.kernel.states import Decision, Map, Parallel, Pass, Receive, Task, Wait
from app.workflow.runtime.live import Command, Item
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.dice import Dice
from tests.support.workflow.hand import Hand, HandClock

pytestmark = pytest.mark.fast

RUNS = settings(max_examples=150, deadline=None)
_encode = msgspec.json.Encoder().encode
_DATA = [None, 1, {"a": [1, 2]}, "text", {"big": "x" * 1_500}, ["y" * 5_000, {"z": 1}]]


class _Maker:
    """Makes machines: lines of states of all kinds, lines within them, two deep."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.count = 0

    def definition(self) -> Definition:
        timeout = 50 if self.dice.one_in(4) else None
        return Definition("m", self.flow(2), timeout=timeout, on_late=None)

    def flow(self, depth: int) -> Flow:
        names = [self._name() for _ in range(1 + self.dice.below(4))]
        states = {
            name: self._state(name, target, depth) for name, target in zip(names, [*names[1:], None], strict=True)
        }
        return Flow(names[0], states)

    def _name(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def _state(self, name: str, target: str | None, depth: int) -> State:
        dice, ways = self.dice, {"success": target}
        kind = dice.below(8 if depth else 6)
        retriers = (Retrier(attempts=dice.below(3), jitter=dice.one_in(2)),) if dice.one_in(2) else ()
        catchers = (Catcher(transition="success"),) if dice.one_in(3) else ()
        if kind <= 1:
            compensation = Compensation("undo") if dice.one_in(2) else None
            timeout = 5 if dice.one_in(3) else None
            return Task(
                name,
                ways,
                "work",
                retriers=retriers,
                catchers=catchers,
                timeout=timeout,
                compensation=compensation,
                pivot=dice.one_in(12),
            )
        if kind == 2:
            return Pass(name, ways)
        if kind == 3:
            return Wait(name, ways, lambda visit: visit.now + 3_000)
        if kind == 4:
            timed = {**ways, "timeout": target} if dice.one_in(2) else ways
            return Receive(name, timed, names=["go"], timeout=4 if dice.one_in(2) else None, retriers=retriers)
        if kind == 5:
            return Decision(name, {"left": target, "right": target}, [("left", bool)], "right")
        if kind == 6:
            branches = [self.flow(depth - 1) for _ in range(dice.below(3))]
            return Parallel(name, ways, branches, retriers=retriers, catchers=catchers)
        return Map(
            name, ways, self.flow(depth - 1), items=lambda _visit: [1, "two", None], at_once=dice.below(3), tolerated=1
        )


def _stimulus(dice: Dice, definition: Definition, frame: Frame, now: int) -> s.Stimulus:
    tasks = [branch for branch in frame.branches.values() if branch.wait is not None and branch.wait.kind == "task"]
    kind = dice.below(16)
    if tasks and kind < 9:
        branch = dice.pick(tasks)
        told = (branch.id, branch.entry, branch.attempt)
        answers: list[s.Stimulus] = [
            s.TaskDone(*told, dice.pick(_DATA)),
            s.TaskDone(*told, dice.pick(_DATA)),
            s.TaskError(*told, "Trouble", "as told"),
            s.TaskTaken(*told, "eva"),
            s.Heartbeat(*told),
            s.TaskDone(told[0], told[1] + 1, told[2], "of another visit"),
        ]
        return dice.pick(answers)
    if kind < 12:
        return s.Tick()
    if kind < 14:
        return s.Signal(f"n{dice.below(6)}", "go", dice.pick(_DATA), now + 2_000)
    if kind == 14:
        retry = s.Retry(dice.pick(sorted(definition.flow.states)), dice.pick(_DATA), {"seen": now}, 0, frame.redrives)
        return dice.pick([s.Redrive(), retry, s.Continue(), s.Start(None)])
    return s.Stop("Enough") if dice.one_in(6) else s.Rollback() if dice.one_in(4) else s.Tick()


@given(st.integers(0, 2**32))
@RUNS
def test_history_replayed_is_the_checkpoint_is_the_live_state(seed: int) -> None:
    """SM-07, ORC-02: an execution is rebuilt from its history, at any version, or from its checkpoint alone."""
    dice = Dice(seed)
    definition, now = _Maker(dice).definition(), 0
    live, homes, rows = Frame("1", "seed"), codec.Homes(), dict[int, str]()
    replayed = Frame("1", "seed")
    stimulus: s.Stimulus = s.Start(dice.pick(_DATA))
    for version in range(1, 25):
        events = run(definition, live, stimulus, now, longest=dice.pick([1_000, 7]))
        packed = codec.pack(live, events, version, homes)
        homes, rows[version] = packed.homes, packed.history
        replay(replayed, codec.unpack_history(packed.history))
        restored, _ = codec.unpack_checkpoint(packed.checkpoint, lambda wanted: {n: rows[n] for n in wanted})
        assert _encode(restored) == _encode(live) == _encode(replayed)
        now += dice.below(3_000)
        stimulus = _stimulus(dice, definition, live, now)


@given(st.integers(0, 2**32))
@RUNS
def test_the_same_stimulus_twice_changes_nothing_the_second_time(seed: int) -> None:
    """SM-09: the same event delivered twice takes effect once."""
    dice = Dice(seed)
    definition, now = _Maker(dice).definition(), 0
    frame = Frame("1", "seed")
    stimulus: s.Stimulus = s.Start(dice.pick(_DATA))
    for _ in range(25):
        run(definition, frame, stimulus, now)
        if not isinstance(stimulus, (s.Redrive, s.Heartbeat)):
            before = _encode(frame)
            assert run(definition, frame, stimulus, now) == []
            assert _encode(frame) == before
        now += dice.below(3_000)
        stimulus = _stimulus(dice, definition, frame, now)


@given(st.integers(0, 2**32))
@RUNS
def test_no_interleaving_of_two_workers_applies_a_step_twice(seed: int) -> None:
    """ORC-05, ORC-06: whoever believes what, each answer is in the history once, and a history can be replayed."""
    dice = Dice(seed)
    definition = _Maker(dice).definition()
    store, clock = MemoryStore(), HandClock()
    hands = [Hand(definition, store=store, clock=clock) for _ in range(2)]
    key = hands[0].start("m", dice.pick(_DATA))
    commands: list[list[Command]] = [[], []]
    for _ in range(40):
        which = dice.below(2)
        hand, mine = hands[which], commands[which]
        items = []
        if mine and dice.one_in(2):
            command = dice.pick(mine)
            step = command.step
            told = (step.branch, step.entry, step.attempt)
            items = [Item(key, s.TaskError(*told, "Trouble") if dice.one_in(4) else s.TaskDone(*told, which))]
        mine.extend(hand.round(*items) if dice.one_in(2) else hand.turn(*items))
        if dice.one_in(5):
            # Taken for dead, and knows nothing of it.
            store.lose(hand.core.worker)
            store.bury(clock.now())
        clock.pass_(dice.below(1_500))
    _check_history(store, key)


def _check_history(store: MemoryStore, key: Any) -> None:
    row = store.load([key])[0]
    pages = store.history(key, 0, 10_000)
    assert [page.version for page in pages] == list(range(1, row.version + 1))
    frame = Frame(key.id, "seed")
    answered: set[tuple[int, int, int]] = set()
    for page in pages:
        wake(frame)
        for event in codec.unpack_history(page.events):
            if type(event).__name__ in {"TaskSucceeded", "TaskFailed", "TaskTimedOut"}:
                branch = frame.branches[event.branch]  # type: ignore[attr-defined]
                step = (branch.id, branch.entry, branch.attempt)
                assert step not in answered
                answered.add(step)
            fold(frame, event)
        settle(frame)
    if row.version:
        restored, _ = codec.unpack_checkpoint(row.checkpoint, lambda wanted: store.pages(key, wanted))
        assert _encode(restored) == _encode(frame)
