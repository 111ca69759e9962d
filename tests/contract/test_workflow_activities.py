"""Tasks for workers outside with two engines on one store: handed out once, by whichever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.kernel.events import TaskStarted
from app.workflow.kernel.status import Status
from app.workflow.runtime.activities import Activities
from app.workflow.runtime.engine import Engine, StaleTokenError
from app.workflow.runtime.live import Command, StepKey
from app.workflow.runtime.store import Key, Letter, Offer, Row, StoreUnavailableError
from app.workflow.stores.memory import MemoryStore
from tests.support.workflow.stores import KINDS, NOW, Bench, bench_of, letter, new

pytestmark = pytest.mark.fast

WORK = {"Type": "Task", "Resource": "work", "HeartbeatSeconds": 600, "End": True}
ONE = compile_machine({"StartAt": "W", "States": {"W": WORK}}, "one")


@pytest.fixture(scope="module", params=KINDS)
def kind_bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give a bench of each kind."""
    with bench_of(request.param, tmp_path_factory.mktemp("activities")) as bench:
        yield bench


@pytest.fixture
def bench(kind_bench: Bench) -> Iterator[Bench]:
    """Give it empty."""
    yield kind_bench
    kind_bench.clear()


def engine_of(bench: Bench) -> Engine:
    """Give an engine that knows the machine and what is done outside."""
    engine = Engine(bench.open(), workers=1, poll=50)
    engine.register(ONE)
    engine.activity("work")
    return engine


def offer(number: int, attempt: int = 1) -> Offer:
    """Give an offer of an execution."""
    return Offer(Key("a", f"e{number}"), 0, 1, attempt, "work")


def taken(one: Offer, _row: Row, _pages: Any) -> Letter:
    """Take whatever is offered."""
    return letter(f"taken {one.key.id} {one.attempt}", int(one.key.id[1:]))


def test_an_offer_is_taken_once_the_oldest_first(bench: Bench) -> None:
    """ORC-05: with the letter that says so, which no second one of its id follows."""
    store = bench.open()
    for number in (1, 2):
        store.start(new(number))
    store.offer([offer(2), offer(1)])
    store.offer([offer(2), offer(1, attempt=2)])
    assert store.take("b", "work", taken) is None
    assert store.take("a", "other", taken) is None
    assert [store.take("a", "work", taken) for _ in range(4)] == [offer(2), offer(1), offer(1, attempt=2), None]
    store.offer([offer(2)])
    assert store.take("a", "work", taken) is None
    worker = store.enter(NOW, NOW + 10_000, "w")
    store.claim(worker, NOW, 10)
    assert sorted(one.id for one in store.letters(worker, 10)) == ["taken e1 1", "taken e1 2", "taken e2 1"]


def test_an_offer_that_no_longer_holds_is_passed_over(bench: Bench) -> None:
    store = bench.open()
    store.start(new(2))
    store.offer([offer(1), offer(2), offer(2, attempt=2)])
    seen: list[Offer] = []

    def judge(one: Offer, row: Row, pages: Any) -> Letter | None:
        seen.append(one)
        return taken(one, row, pages) if one.attempt == 2 else None

    assert store.take("a", "work", judge) == offer(2, attempt=2)
    assert seen == [offer(2), offer(2, attempt=2)]
    assert store.take("a", "work", judge) is None


def test_many_who_ask_at_once_get_a_task_each(bench: Bench) -> None:
    """ORC-02: no task is handed out twice, whichever engine is asked, and all are handed out."""
    with engine_of(bench) as first, engine_of(bench) as second:
        keys = [first.start("one", number) for number in range(12)]
        with ThreadPoolExecutor(6) as workers:
            asked = [
                workers.submit(engine.poll, "work", worker="w", seconds=20)
                for _ in range(6)
                for engine in (first, second)
            ]
            tasks = [one.result(timeout=60) for one in asked]
        found = [task for task in tasks if task is not None]
        assert sorted(task.argument for task in found) == list(range(12))
        assert len({task.token for task in found}) == 12
        for task in found:
            second.succeed(task.token, task.argument)
        for number, key in enumerate(keys):
            assert first.wait_for(key, 30).output == number
            started = [event for _, event in first.history(key) if isinstance(event, TaskStarted)]
            assert [event.worker for event in started] == ["w"]


def test_an_engine_that_runs_nothing_hands_out_tasks_of_one_that_does(bench: Bench) -> None:
    """ASL-06: the worker beats and answers there too."""
    client = engine_of(bench)
    with engine_of(bench) as engine:
        key = engine.start("one", {"a": 1})
        task = client.poll("work", worker="Ann", seconds=20)
        assert task is not None
        assert task.argument == {"a": 1}
        client.heartbeat(task.token)
        client.succeed(task.token, "done")
        assert engine.wait_for(key, 30).output == "done"
        assert client.poll("work") is None


def test_a_task_of_an_execution_that_was_stopped_is_handed_to_nobody(bench: Bench) -> None:
    with engine_of(bench) as engine:
        key, other = engine.start("one", 1), engine.start("one", 2)
        client = engine_of(bench)
        engine.stop(key)
        assert engine.wait_for(key, 30).status is Status.ABORTED
        task = client.poll("work", seconds=20)
        assert task is not None
        assert (task.argument, client.poll("work")) == (2, None)
        engine.stop(other)
        engine.wait_for(other, 30)
        with pytest.raises(StaleTokenError):
            client.succeed(task.token)


def test_a_task_that_waits_is_there_after_its_worker_has_gone(bench: Bench) -> None:
    """ORC-02: and one that was taken is not handed out again."""
    with engine_of(bench) as engine:
        keys = [engine.start("one", number) for number in range(2)]
        first = engine.poll("work", seconds=20)
    with engine_of(bench) as engine:
        second = engine.poll("work", seconds=20)
        assert first is not None
        assert second is not None
        assert {first.argument, second.argument} == {0, 1}
        assert engine.poll("work") is None
        for task in (first, second):
            engine.succeed(task.token, task.argument)
        assert [engine.wait_for(key, 30).output for key in keys] == [0, 1]


class _Away(MemoryStore):
    """A store that is away once, and then refuses a task for what is in it."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[Exception] = [StoreUnavailableError("away"), ValueError("odd")]

    def offer(self, offers: Any) -> None:
        """Offer, once the faults are over."""
        if self.faults and offers[0].resource == "odd":
            raise self.faults.pop(0)
        super().offer(offers)


def test_a_task_that_cannot_be_stored_does_not_keep_others_waiting() -> None:
    store = _Away()
    activities = Activities(store)
    key = Key("", "e")

    def command(resource: str) -> Command:
        return Command(StepKey(key, 0, 1, 1), resource, None, "m", 1, "S", "", "seed")

    activities.offer([command("x" * 256)])
    activities.offer([command("odd")])
    activities.offer([command("work")])
    for _ in range(100):
        if store._offers:
            break
        activities._waited(activities._rings, 0.05)
    assert [resource for _, resource in store._offers] == ["work"]
    assert store.faults == []
    activities.close()
    assert activities.take("", "work", "w", 30) is None
