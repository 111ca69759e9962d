"""Steps that share a transaction: how groups form, and what becomes of one that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from app.workflow.kernel.errors import StepError
from app.workflow.kernel.states import Task
from app.workflow.kernel.status import Status
from app.workflow.runtime.batches import GROUP, TAKERS, Batches, Job
from app.workflow.runtime.core import BusyError, UnfitError
from app.workflow.runtime.engine import Description, Engine
from app.workflow.runtime.live import Command, StepKey
from app.workflow.runtime.steps import Handler, Step
from app.workflow.runtime.store import Append, Key, RefusedError
from app.workflow.stores.memory import MemoryStore, MemoryTransaction
from tests.support.workflow.hand import Hand, done, machine

pytestmark = pytest.mark.fast
ONE = machine("one", Task("a", {"success": None}, "do.a"))
MANY = 40


def _job(execution: str, branch: int = 0) -> Job:
    handler = Handler.of(lambda data: data, inline=False, transactional=True, batch=True)
    command = Command(StepKey(Key("", execution), branch, 1, 1), "do.a", None, "one", 1, "a", "", "seed")
    return handler, command


def _taken(batches: Batches) -> list[tuple[str, int]]:
    return [(command.step.key.id, command.step.branch) for _, command in batches.take()]


def test_a_group_is_of_those_that_have_waited_longest() -> None:
    batches = Batches(1)
    batches.put([_job(f"{number}") for number in range(GROUP + 2)])
    assert _taken(batches) == [(f"{number}", 0) for number in range(GROUP)]
    assert _taken(batches) == [(f"{GROUP}", 0), (f"{GROUP + 1}", 0)]
    assert _taken(batches) == []


def test_an_execution_is_in_a_group_once() -> None:
    """It moves step by step: its second step in one transaction would wait for the first one's end."""
    batches = Batches(1)
    batches.put([_job("x", 1), _job("x", 2), _job("y"), _job("x", 3)])
    assert _taken(batches) == [("x", 1), ("y", 0)]
    assert _taken(batches) == [("x", 2)]
    assert _taken(batches) == [("x", 3)]


def test_takers_begin_while_there_is_work_and_end_when_there_is_none() -> None:
    batches = Batches(8)
    assert batches.put([_job("1"), _job("2")]) == 2
    assert batches.put([_job(f"{number}") for number in range(3, 30)]) == TAKERS - 2
    assert batches.put([_job("30")]) == 0
    while batches.take():
        pass
    assert [batches.goes_on() for _ in range(TAKERS)] == [False] * TAKERS
    assert batches.put([_job("31")]) == 1
    assert batches.goes_on()


def test_there_are_no_more_takers_than_threads() -> None:
    assert Batches(2).put([_job(f"{number}") for number in range(9)]) == 2


class _Bank:
    """Business that takes part in the store's transactions, and counts them."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.booked: list[int] = []
        self.groups: list[list[int]] = []
        self.fail_commit = 0

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        self.groups.append([])
        with self.store.transaction() as transaction:
            yield transaction
            if self.fail_commit and len(self.groups[-1]) > 1:
                self.fail_commit -= 1
                raise ConnectionError

    def book(self, transaction: MemoryTransaction, number: int) -> None:
        self.groups[-1].append(number)
        transaction.work.append(lambda: self.booked.append(number))


def _all(bank: _Bank, work: Callable[..., Any]) -> list[Description]:
    # One thread: what one claim brings waits for it together.
    engine = Engine(bank.store, workers=1, transactions=bank.transaction)
    engine.register(ONE)
    engine.task("do.a", transactional=True, batch=True)(work)
    keys = [engine.start("one", number) for number in range(MANY)]
    with engine:
        return [engine.wait_for(key) for key in keys]


def test_several_steps_share_a_transaction_and_each_is_done_once() -> None:
    bank = _Bank()

    def work(number: int, connection: MemoryTransaction) -> int:
        bank.book(connection, number)
        return number * 2

    described = _all(bank, work)
    assert [one.output for one in described] == [number * 2 for number in range(MANY)]
    assert sorted(bank.booked) == list(range(MANY))
    assert max(map(len, bank.groups)) == GROUP
    assert len(bank.groups) < MANY


def test_one_that_fails_in_the_middle_harms_nobody() -> None:
    bank = _Bank()

    def work(number: int, connection: MemoryTransaction) -> None:
        bank.book(connection, number)
        if number % 5 == 3:
            raise StepError("Odd", f"{number}")

    described = _all(bank, work)
    bad = [number for number in range(MANY) if number % 5 == 3]
    assert [number for number, one in enumerate(described) if one.status is Status.FAILED] == bad
    assert [one.cause for one in described if one.error] == [f"{number}" for number in bad]
    assert sorted(bank.booked) == [number for number in range(MANY) if number not in bad]


def test_a_commit_nobody_heard_of_is_looked_up_before_a_step_runs_again() -> None:
    bank = _Bank()
    bank.fail_commit = 2
    ids: list[str] = []

    def work(number: int, connection: MemoryTransaction, step: Step) -> None:
        ids.append(step.id)
        bank.book(connection, number)

    described = _all(bank, work)
    assert {one.status for one in described} == {Status.SUCCEEDED}
    assert sorted(bank.booked) == list(range(MANY))
    assert (bank.fail_commit, len(set(ids))) == (0, MANY), "the same step ids again"
    assert len(ids) > MANY


class _Picky(MemoryStore):
    """Refuses one result, and all that is committed with it."""

    def commit(self, appends: Sequence[Append], connection: Any = None) -> set[Key]:
        if connection is not None and any("poison" in append.history for append in appends):
            raise RefusedError({append.key: "it does not fit" for append in appends})
        return super().commit(appends, connection)


@pytest.mark.parametrize("batch", [False, True])
def test_a_result_the_store_refuses_fails_its_step_alone(*, batch: bool) -> None:
    bank = _Bank(_Picky())
    engine = Engine(bank.store, workers=1, transactions=bank.transaction)
    engine.register(ONE)

    @engine.task("do.a", transactional=True, batch=batch)
    def work(number: int, connection: MemoryTransaction) -> str:
        bank.book(connection, number)
        return "poison" if number == 5 else "sound"

    keys = [engine.start("one", number) for number in range(12)]
    with engine:
        described = [engine.wait_for(key) for key in keys]
    assert [number for number, one in enumerate(described) if one.output != "sound"] == [5]
    assert (described[5].error, described[5].cause.endswith("it does not fit")) == ("States.DataLimitExceeded", True)
    assert sorted(bank.booked) == [number for number in range(12) if number != 5]


def test_a_function_that_shares_a_transaction_has_one() -> None:
    with pytest.raises(ValueError, match=r"only a transactional function shares"):
        Engine(MemoryStore()).task("do.a", batch=True)(lambda data: data)


# The turn


def test_all_of_a_group_are_decided_or_none() -> None:
    """ORC-06: what does not fit any more is found before anything is committed; the others answer again."""
    hand = Hand(ONE)
    keys = [hand.start("one", id=f"{number}") for number in range(3)]
    first, second, third = sorted(hand.round(), key=lambda command: command.step.key.id)
    hand.turn(done(second, "by itself"))
    with pytest.raises(UnfitError):
        hand.core.prepare_all([done(first), done(second), done(third)], hand.clock.now())
    assert hand.turn() == [], "whoever answered goes on with it: nothing is handed out again"
    (append,) = hand.core.prepare_all([done(first, "again")], hand.clock.now())
    assert hand.store.commit([append]) == {keys[0]}
    assert hand.core.confirm(keys[0], committed=True) == []
    assert hand.row(keys[0]).status is Status.SUCCEEDED
    assert hand.row(keys[2]).status is Status.RUNNING


def test_a_group_waits_for_a_transaction_that_one_of_it_is_in() -> None:
    hand = Hand(ONE)
    keys = [hand.start("one", id=f"{number}") for number in range(2)]
    first, second = sorted(hand.round(), key=lambda command: command.step.key.id)
    assert hand.core.prepare(done(second), hand.clock.now()) is not None
    with pytest.raises(BusyError) as busy:
        hand.core.prepare_all([done(first), done(second)], hand.clock.now())
    assert busy.value.key == keys[1]
    hand.core.withdraw(keys[1])
    hand.turn()
    appends = hand.core.prepare_all([done(first), done(second)], hand.clock.now())
    assert [append.key for append in appends] == keys


def test_what_is_in_no_transaction_is_not_withdrawn() -> None:
    hand = Hand(ONE)
    key = hand.start("one")
    (command,) = hand.round()
    frame = hand.core.frame(key)
    hand.core.withdraw(key)
    hand.core.withdraw(Key("", "nobody"))
    assert hand.core.frame(key) is frame
    assert hand.turn(done(command)) == []
    assert hand.row(key).status is Status.SUCCEEDED
