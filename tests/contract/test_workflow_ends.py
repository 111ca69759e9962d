"""Ends of executions wait in the store for who is told of them, the same on each store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.nested import nested
from app.workflow.asl.services import Services
from app.workflow.kernel.status import Status
from app.workflow.runtime.engine import Engine
from app.workflow.runtime.store import End, RefusedError
from tests.support.workflow.hand import HandClock
from tests.support.workflow.stores import KINDS, LATER, Bench, append, benches, ended, key, new, undone

pytestmark = pytest.mark.fast
shared_bench, bench = benches(*KINDS, scope="module")
CHILD: Final = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
MACHINES: Final[dict[str, dict[str, Any]]] = {
    "good": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
    "bad": {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Broken", "Cause": "why"}}},
    "parent": {
        "StartAt": "A",
        "States": {
            "A": {
                **CHILD,
                "Parameters": {
                    "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:good",
                    "Input": {},
                },
            }
        },
    },
    "many": {
        "StartAt": "A",
        "States": {
            "A": {
                "Type": "Map",
                "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}},
                "End": True,
            }
        },
    },
}


@pytest.fixture
def store(bench: Bench) -> Any:
    return bench.open()


@pytest.fixture
def engine(store: Any) -> Iterator[Engine]:
    around = Surroundings()
    made = Engine(store, clock=HandClock(), announces=True, nested=nested(around), routes=Services())
    for name, document in MACHINES.items():
        made.register(compile_machine(document, name))
    with made:
        yield made


def _announce(store: Any, *numbers: int, namespace: str = "a") -> None:
    for number in numbers:
        store.start(new(number, namespace))
        store.commit([ended(number, 1, namespace=namespace, announced=True)])


def test_an_end_is_given_once_and_to_its_own_namespace(store: Any) -> None:
    """ERP-09: the oldest first; nobody else's are seen."""
    _announce(store, 1, 2, 3)
    _announce(store, 1, namespace="b")
    store.start(new(9))
    store.commit([ended(9, 1)])
    assert store.announcing() == ["a", "b"]
    assert store.take_ends("a", 2) == [End(key(number), Status.SUCCEEDED, LATER) for number in (1, 2)]
    assert store.take_ends("a", 2) == [End(key(3), Status.SUCCEEDED, LATER)]
    assert store.take_ends("a", 2) == []
    assert store.announcing() == ["b"]


@pytest.mark.parametrize("shape", ["connection", "raw", "cursor"])
def test_what_is_taken_is_gone_when_the_transaction_commits_and_not_before(
    bench: Bench, store: Any, shape: str
) -> None:
    """ERP-09: whoever is told and dies is told again."""
    _announce(store, 1)
    with undone(bench.transaction(shape)) as connection:
        assert len(store.take_ends("a", 10, connection)) == 1
    with bench.transaction(shape) as connection:
        assert len(store.take_ends("a", 10, connection)) == 1
    assert store.take_ends("a", 10) == []


def test_an_end_that_is_not_written_is_not_announced(bench: Bench, store: Any) -> None:
    """ORC-06: neither by who was fenced off, nor in a transaction that came to nothing, nor with what is refused."""
    store.start(new(1))
    assert store.commit([ended(1, 2, announced=True)]) == set()
    with undone(bench.transaction()) as connection:
        assert store.commit([ended(1, 1, announced=True)], connection) == {key(1)}
    with pytest.raises(RefusedError):
        store.commit([ended(1, 1, error="x" * 200, announced=True)])
    assert store.announcing() == []


def test_many_ends_are_written_with_what_else_is_written(store: Any) -> None:
    """ORC-02: in one commit, beside those that go on."""
    for number in range(40):
        store.start(new(number))
    written = [
        ended(number, 1, status=Status.FAILED, error="Broken", announced=True) if number % 2 else append(number, 1)
        for number in range(40)
    ]
    assert len(store.commit(written)) == 40
    taken = store.take_ends("a", 100)
    assert sorted(end.key for end in taken) == sorted(key(number) for number in range(1, 40, 2))
    assert {(end.status, end.error) for end in taken} == {(Status.FAILED, "Broken")}


def test_the_ends_of_executions_that_no_other_has_started_are_announced(engine: Engine) -> None:
    """SAGA-07: each once, however it ended; one that goes on and ends again is announced again."""
    store = engine.store
    for name, data in (("good", {}), ("bad", {}), ("parent", {}), ("many", [1, 2])):
        engine.run(name, data, namespace="a")
    told = {engine.describe(end.key).machine: (end.status.value, end.error) for end in store.take_ends("a", 100)}
    assert told == {
        "good": ("succeeded", ""),
        "bad": ("failed", "Broken"),
        "parent": ("succeeded", ""),
        "many": ("succeeded", ""),
    }
    bad = engine.run("bad", namespace="a").key
    assert [end.key for end in store.take_ends("a", 100)] == [bad]
    engine.redrive(bad)
    while engine.describe(bad).redrives == 0 or engine.describe(bad).ended is None:
        with engine._loop.ending:
            engine._loop.ending.wait(0.005)
    assert [end.key for end in store.take_ends("a", 100)] == [bad]
    assert store.announcing() == []


def test_nothing_is_announced_that_nobody_asked_for(store: Any) -> None:
    made = Engine(store, clock=HandClock())
    made.register(compile_machine(MACHINES["good"], "good"))
    with made:
        made.run("good", namespace="a")
    assert store.announcing() == []
