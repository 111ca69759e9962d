"""Who is blamed for the death of a worker, and who is not."""

from __future__ import annotations

import pytest

from app.workflow.kernel.states import Task
from app.workflow.kernel.status import Status
from app.workflow.runtime.live import Command
from app.workflow.runtime.store import Key
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.hand import Hand, HandClock, done, machine

pytestmark = pytest.mark.fast
TWO = machine("two", Task("a", {"success": "b"}, "do.a"), Task("b", {"success": None}, "do.b"))


def test_a_step_that_killed_its_worker_five_times_fails() -> None:
    store, clock = MemoryStore(), HandClock()
    key = Hand(TWO, store=store, clock=clock).start("two")
    for _ in range(5):
        hand = Hand(TWO, store=store, clock=clock)
        assert len(hand.round()) == 1
        store.lose(hand.core.worker)
        store.bury(clock.now())
    last = Hand(TWO, store=store, clock=clock)
    assert last.round() == []
    ended = last.row(key)
    assert (ended.status, ended.error) == (Status.FAILED, "States.Runtime")


def test_neighbours_of_what_kills_its_worker_are_not_blamed() -> None:
    store, clock = MemoryStore(), HandClock()
    first = Hand(TWO, store=store, clock=clock)
    keys = [first.start("two", id=f"{number}") for number in range(20)]
    poison = keys[7]
    while first.row(poison).ended is None:
        hand = Hand(TWO, store=store, clock=clock)
        for _ in range(60):
            commands = hand.round()
            if any(command.step.key == poison for command in commands):
                store.lose(hand.core.worker)
                break
            # One at a time gets done; what else was handed out is still waiting for a thread when the end comes.
            hand.turn(*[done(command) for command in commands[:1]])
        store.bury(clock.now())
    assert first.row(poison).error == "States.Runtime"
    assert [key for key in keys if first.row(key).status is Status.FAILED] == [poison]


@pytest.mark.parametrize("names", [("1 long", "2 poison"), ("2 long", "1 poison")])
def test_a_long_step_beside_what_kills_its_worker_is_not_blamed(names: tuple[str, str]) -> None:
    """Held through every death, it has done nothing: two that are suspected are never held together."""
    store, clock = MemoryStore(), HandClock()
    first = Hand(TWO, store=store, clock=clock)
    long, poison = (first.start("two", id=name) for name in names)
    deaths = 0
    while first.row(poison).ended is None:
        hand = Hand(TWO, store=store, clock=clock)
        begun: dict[Key, Command] = {}
        for _ in range(20):
            begun |= {command.step.key: command for command in hand.round()}
            if poison in begun:
                break
            clock.pass_(500)
        if poison in begun:
            store.lose(hand.core.worker)
            deaths += 1
        else:
            # Ten seconds without it: this time the long step comes to its end.
            hand.turn(*map(done, begun.values()))
            hand.keeper.leave(clock.now())
        store.bury(clock.now())
        clock.pass_(1)
    assert (first.row(poison).error, deaths) == ("States.Runtime", 5)
    assert first.row(long).error == ""
    assert first.row(long).claims < 5


def test_what_kills_its_worker_slowly_is_found_among_others_that_come_and_go() -> None:
    store, clock = MemoryStore(), HandClock()
    first = Hand(TWO, store=store, clock=clock)
    poison = first.start("two", id="poison")
    others: list[Key] = []
    while first.row(poison).ended is None:
        hand = Hand(TWO, store=store, clock=clock)
        for _ in range(10):
            others.append(hand.start("two", id=f"other {len(others)}"))
            commands = hand.round()
            hand.turn(*[done(command) for command in commands if command.step.key != poison][:1])
            clock.pass_(1_000)
        store.lose(hand.core.worker)
        store.bury(clock.now())
    assert first.row(poison).error == "States.Runtime"
    assert [key for key in others if first.row(key).status is Status.FAILED] == []
