"""The turn, held by hand: what is written when, what follows from it, and what happens when it is not written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.workflow.codec import pack_stimulus
from app.workflow.kernel import events as e
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.graph import Flow, Visit
from app.workflow.kernel.states import Decision, Parallel, Pass, Receive, Task, Wait
from app.workflow.kernel.status import Status
from app.workflow.runtime.core import BusyError
from app.workflow.runtime.live import Item
from app.workflow.runtime.store import Append, Key, Letter, Message, RefusedError, Row, StoreUnavailableError
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.hand import Ear, Hand, HandClock, done, failed, machine

pytestmark = pytest.mark.fast

TWO = machine("two", Task("a", {"success": "b"}, "do.a"), Task("b", {"success": None}, "do.b"))
BOTH = machine(
    "both",
    Parallel(
        "p",
        {"success": None},
        [Flow(name, {name: Task(name, {"success": None}, f"do.{name}")}) for name in ("x", "y")],
    ),
)
PAID = machine(
    "paid",
    Receive("pay", {"success": None, "timeout": None}, names=["money"], key=lambda visit: visit.frame.id, timeout=60),
    on_late="refund",
)
REFUND = machine("refund", Task("r", {"success": None}, "do.refund"))


def _letter(key: Key, number: str, stimulus: s.Stimulus) -> Letter:
    return Letter(key, number, pack_stimulus(stimulus))


class _Away(MemoryStore):
    """A store that is not there at the calls named: nothing happens, or it happens and nobody hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[str] = []
        self.after: list[str] = []

    def _fail(self, where: list[str], name: str) -> None:
        if name in where:
            where.remove(name)
            raise StoreUnavailableError

    def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
        self._fail(self.before, "commit")
        written = super().commit(appends, connection)
        self._fail(self.after, "commit")
        return written

    def claim(self, worker: int, now: int, limit: int, *, suspects: bool = True) -> list[Row]:
        self._fail(self.before, "claim")
        rows = super().claim(worker, now, limit, suspects=suspects)
        self._fail(self.after, "claim")
        return rows


def test_a_step_is_commanded_once_what_led_to_it_is_on_disk() -> None:
    """ORC-02: the checkpoint is written at each step, before the next one starts."""
    hand = Hand(TWO)
    key = hand.start("two", {"n": 1})
    (first,) = hand.round()
    assert (first.resource, first.argument, hand.row(key).version) == ("do.a", {"n": 1}, 1)
    (second,) = hand.turn(done(first, {"n": 2}))
    assert (second.resource, second.argument, hand.row(key).version) == ("do.b", {"n": 2}, 2)
    assert hand.turn(done(second, "end")) == []
    row = hand.row(key)
    assert (row.status, row.version, row.owner) == (Status.SUCCEEDED, 3, None)
    assert len(hand.core) == 0


def test_the_same_answer_twice_changes_nothing_the_second_time() -> None:
    """SM-09, ORC-06: a step that is done never runs again."""
    hand = Hand(TWO)
    key = hand.start("two")
    (first,) = hand.round()
    (second,) = hand.turn(done(first), done(first))
    assert hand.turn(done(first), failed(first)) == []
    assert hand.row(key).version == 2
    assert hand.core.is_waiting_for(second.step)


def test_another_worker_s_commit_fences_this_one_off() -> None:
    """ORC-05: of two workers that believe they hold an execution one advances it."""
    clock, store = HandClock(), MemoryStore()
    old, new = Hand(TWO, store=store, clock=clock), Hand(TWO, store=store, clock=clock)
    key = old.start("two")
    (mine,) = old.round()
    store.lose(old.core.worker)
    store.bury(clock.now())
    (theirs,) = new.round()
    assert mine.step == theirs.step
    assert len(new.turn(done(theirs, 1))) == 1
    assert old.turn(done(mine, 2)) == []
    assert old.core.frame(key) is None
    assert new.row(key).version == 2


def test_a_worker_that_was_taken_for_dead_becomes_another_one() -> None:
    clock, store = HandClock(), MemoryStore()
    old, new = Hand(TWO, store=store, clock=clock), Hand(TWO, store=store, clock=clock)
    old.start("two")
    old.round()
    number = old.core.worker
    clock.pass_(31_000)
    new.keeper.enter(clock.now())
    new.round()
    clock.pass_(11_000)
    new.round()
    assert old.round() == []
    assert old.core.worker != number
    assert len(old.core) == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_nobody_heard_of_is_read_again(when: str) -> None:
    store = _Away()
    hand = Hand(TWO, store=store)
    key = hand.start("two")
    (first,) = hand.round()
    getattr(store, when).append("commit")
    assert hand.turn(done(first, 1)) == []
    assert hand.core.unavailable
    (second,) = hand.turn()
    assert second.resource == "do.b"
    assert hand.row(key).version == 2


def test_what_a_claim_took_whose_answer_was_lost_is_found_again() -> None:
    store = _Away()
    hand = Hand(TWO, store=store)
    hand.start("two")
    store.after.append("claim")
    with pytest.raises(StoreUnavailableError):
        hand.keeper.sweep(hand.clock.now())
    assert [command.resource for command in hand.round()] == ["do.a"]


def test_a_row_locked_by_a_stranger_is_tried_again_in_the_next_turn() -> None:
    class Locked(MemoryStore):
        locked = False

        def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
            return set() if self.locked else super().commit(appends, connection)

    store = Locked()
    hand = Hand(TWO, store=store)
    hand.start("two")
    (first,) = hand.round()
    store.locked = True
    assert hand.turn(done(first, 1)) == []
    store.locked = False
    assert [command.resource for command in hand.turn()] == ["do.b"]


def test_a_neighbour_s_running_task_is_not_started_again_when_the_execution_is_read_again() -> None:
    store = _Away()
    hand = Hand(BOTH, store=store)
    hand.start("both")
    x, y = hand.round()
    store.before.append("commit")
    assert hand.turn(done(x)) == []
    assert hand.turn() == []
    assert hand.core.running == 1
    assert hand.turn(done(y)) == []
    assert hand.row(x.step.key).status is Status.SUCCEEDED


def test_what_only_waits_long_is_let_go_of_and_comes_back_when_due() -> None:
    """SM-10: what waits costs no memory."""
    hand = Hand(machine("nap", Wait("w", {"success": "a"}, lambda visit: visit.now + 60_000), *_only("a")))
    key = hand.start("nap")
    assert hand.round() == []
    assert (hand.row(key).owner, hand.row(key).due, len(hand.core)) == (None, hand.clock.now() + 60_000, 0)
    hand.clock.pass_(59_999)
    assert hand.round() == []
    hand.clock.pass_(1)
    assert [command.resource for command in hand.round()] == ["do.a"]


def test_what_waits_shortly_stays_in_memory_and_wakes_by_its_timer() -> None:
    hand = Hand(machine("nap", Wait("w", {"success": "a"}, lambda visit: visit.now + 3_000), *_only("a")))
    hand.start("nap")
    assert hand.round() == []
    assert (len(hand.core), hand.core.next_due()) == (1, hand.clock.now() + 3_000)
    hand.clock.pass_(3_000)
    assert [command.resource for command in hand.turn()] == ["do.a"]


def test_timers_that_no_longer_count_are_forgotten() -> None:
    hand = Hand(machine("loop", Task("a", {"success": "a"}, "do.a", timeout=3_600)))
    hand.start("loop")
    (command,) = hand.round()
    for _ in range(1_100):
        hand.clock.pass_(1)
        (command,) = hand.turn(done(command))
    assert len(hand.core._timers) < 1_010


def test_a_long_run_is_cut_and_goes_on_by_itself() -> None:
    hand = Hand(
        machine(
            "many",
            Pass("count", {"success": "enough"}, take=lambda visit: visit.branch.data + 1),
            Decision("enough", {"no": "count", "yes": "a"}, [("no", lambda data: data < 600)], "yes"),
            *_only("a"),
        )
    )
    key = hand.start("many", 0)
    assert hand.round() == []
    assert hand.row(key).version == 1
    assert hand.turn() == []
    commands = hand.turn()
    assert [command.argument for command in commands] == [600]
    assert hand.row(key).version == 3


def test_a_machine_that_is_not_known_here_is_left_alone_until_it_is() -> None:
    hand = Hand(TWO)
    key = hand.start("both")
    assert hand.round() == []
    assert hand.row(key).version == 0
    hand.registry.add(BOTH)
    hand.clock.pass_(10_000)
    assert len(hand.round()) == 2


def test_what_the_store_refuses_fails_alone() -> None:
    class Picky(MemoryStore):
        def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
            bad = [append for append in appends if "poison" in append.history]
            written = super().commit([append for append in appends if append not in bad], connection)
            if bad:
                raise RefusedError({append.key: "it does not fit" for append in bad}, written)
            return written

    hand = Hand(TWO, store=Picky())
    good, bad = hand.start("two", id="good"), hand.start("two", id="bad")
    first, second = sorted(hand.round(), key=lambda command: command.step.key.id)
    commands = hand.turn(done(first, "poison"), done(second, "sound"))
    assert [command.step.key for command in commands] == [good]
    row = hand.row(bad)
    assert (row.status, row.error) == (Status.ABORTED, "States.DataLimitExceeded")


def test_an_execution_that_cannot_be_decided_ends_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Pass):
        def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
            del cause
            return (e.ExecutionStarted(visit.now, None),)  # it runs already: folding this is refused

    hand = Hand(TWO, machine("broken", Task("a", {"success": "b"}, "do.a"), Broken("b", {"success": None})))
    good, bad = hand.start("two", id="good"), hand.start("broken", id="bad")
    first, second = sorted(hand.round(), key=lambda command: command.step.key.id)
    commands = hand.turn(done(first), done(second))
    assert [command.step.key for command in commands] == [good]
    assert (hand.row(bad).status, hand.row(bad).error) == (Status.ABORTED, "States.Runtime")
    assert "cannot be decided" in caplog.text


def test_a_letter_goes_with_the_commit_it_led_to() -> None:
    hand = Hand(machine("s", Receive("r", {"success": None}, names=["go"])))
    key = hand.start("s")
    hand.store.post([_letter(key, "l", s.Signal("l", "go", 1, 9_000_000))])
    hand.round()
    assert hand.row(key).status is Status.SUCCEEDED
    assert hand.store._inbox == {}


def test_a_signal_sent_twice_counts_once_though_its_letter_comes_again() -> None:
    hand = Hand(
        machine("s", Receive("r", {"success": "q"}, names=["go"]), Receive("q", {"success": None}, names=["go"]))
    )
    key = hand.start("s")
    for _ in range(2):
        hand.store.post([_letter(key, "l", s.Signal("l", "go", 1, 9_000_000))])
        hand.round()
    assert hand.row(key).status is Status.WAITING
    assert hand.store._inbox == {}


def test_a_message_finds_whoever_waits_for_its_key() -> None:
    hand = Hand(PAID, REFUND)
    one, other = hand.start("paid", id="1"), hand.start("paid", id="2")
    hand.round()
    body = pack_stimulus(s.Signal("m", "money", 5, 9_000_000, "2"))
    hand.store.publish(Message("", "m", "money", "2", body, 9_000_000))
    hand.round()
    assert (hand.row(one).status, hand.row(other).status) == (Status.WAITING, Status.SUCCEEDED)


def test_a_signal_that_came_too_late_starts_a_machine_of_its_own_in_the_same_commit() -> None:
    """SAGA-06: money that arrives after the limit starts its own flow, never nothing."""
    hand = Hand(PAID, REFUND)
    key = hand.start("paid")
    hand.round()
    hand.clock.pass_(60_000)
    hand.round()
    assert hand.row(key).status is Status.SUCCEEDED
    hand.store.post([_letter(key, "l", s.Signal("l", "money", {"cents": 5}, 9_000_000, "1"))])
    hand.round()
    (command,) = hand.round()
    assert command.resource == "do.refund"
    assert command.argument == {
        "Machine": "paid",
        "Execution": "1",
        "Signal": "money",
        "Key": "1",
        "Data": {"cents": 5},
    }


def test_while_a_transaction_is_under_way_its_execution_waits() -> None:
    hand = Hand(BOTH)
    hand.start("both")
    x, y = hand.round()
    append = hand.core.prepare(done(x, 1), hand.clock.now())
    assert append is not None
    with pytest.raises(BusyError):
        hand.core.prepare(done(y, 2), hand.clock.now())
    assert hand.turn(done(y, 2)) == []
    assert hand.row(x.step.key).version == 1
    hand.store.commit([append])
    hand.core.confirm(x.step.key, committed=True)
    hand.turn()
    assert hand.row(x.step.key).status is Status.SUCCEEDED


def test_a_transaction_that_failed_has_its_step_run_again() -> None:
    hand = Hand(TWO)
    key = hand.start("two")
    (first,) = hand.round()
    assert hand.core.prepare(done(first, 1), hand.clock.now()) is not None
    hand.core.confirm(key, committed=False)
    (again,) = hand.turn()
    assert again.step == first.step
    assert hand.row(key).version == 1


def test_a_transaction_whose_commit_was_not_heard_of_is_not_run_again() -> None:
    hand = Hand(TWO)
    key = hand.start("two")
    (first,) = hand.round()
    append = hand.core.prepare(done(first, 1), hand.clock.now())
    assert append is not None
    hand.store.commit([append])
    hand.core.confirm(key, committed=False)
    assert [command.resource for command in hand.turn()] == ["do.b"]


def test_a_transaction_for_a_step_that_has_timed_out_is_rolled_back() -> None:
    hand = Hand(machine("quick", Task("a", {"success": None}, "do.a", timeout=1)))
    hand.start("quick")
    (command,) = hand.round()
    hand.clock.pass_(1_000)
    hand.turn()
    assert hand.core.prepare(done(command, 1), hand.clock.now()) is None


def test_listeners_hear_what_is_on_disk_and_a_failing_one_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """SM-05: a failing listener never breaks a transition."""

    class Deaf:
        def told(self, *_told: object) -> None:
            raise ValueError("deaf")

    ear, store = Ear(), _Away()
    hand = Hand(TWO, store=store, listeners=[Deaf(), ear])
    hand.start("two")
    (first,) = hand.round()
    heard = len(ear.heard)
    store.before.append("commit")
    hand.turn(done(first))
    assert len(ear.heard) == heard
    hand.turn()
    assert any(isinstance(event, e.TaskSucceeded) for event in ear.heard[heard:])
    assert "a listener failed" in caplog.text


def test_ended_executions_are_removed_when_their_time_is_over() -> None:
    hand = Hand(machine("p", Pass("a", {"success": None})), keep={"p": 60_000})
    key = hand.start("p")
    hand.round()
    hand.clock.pass_(59_000)
    hand.round()
    assert hand.store.load([key])
    hand.clock.pass_(12_000)
    hand.round()
    assert hand.store.load([key]) == []


def test_nothing_of_one_namespace_moves_another() -> None:
    hand = Hand(TWO)
    mine, theirs = hand.start("two", namespace="a"), hand.start("two", namespace="b")
    first, _ = sorted(hand.round(), key=lambda command: command.step)
    assert first.step.key == mine
    hand.turn(done(first))
    assert (hand.row(mine).version, hand.row(theirs).version) == (2, 1)


def test_an_activity_is_held_until_it_is_taken_and_let_go_of_then() -> None:
    hand = Hand(TWO, activities=["do.a"])
    key = hand.start("two")
    (command,) = hand.round()
    assert hand.row(key).owner == hand.core.worker
    step = command.step
    hand.turn(Item(key, s.TaskTaken(step.branch, step.entry, step.attempt, "somebody")))
    assert hand.core.taken == {step}
    assert hand.row(key).owner is None
    hand.store.post([_letter(key, "l", done(command, 1).stimulus)])
    assert [command.resource for command in hand.round()] == ["do.b"]


def _only(name: str) -> tuple[Task]:
    return (Task(name, {"success": None}, f"do.{name}"),)
