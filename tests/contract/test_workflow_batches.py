"""Steps that share a transaction with business, the same over every store: all of it happens once, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import make_url

from app.workflow.kernel.states import Task
from app.workflow.kernel.status import Status
from app.workflow.runtime.engine import Description, Engine
from app.workflow.runtime.steps import Step
from app.workflow.runtime.store import Key
from app.workflow.stores.sql.server import write_lock
from tests.support.workflow.hand import machine
from tests.support.workflow.stores import KINDS, Bench, append, benches, key, new, row, undone

pytestmark = pytest.mark.fast
shared_bench, bench = benches(*KINDS)
THREE = machine("three", *(Task(f"s{n}", {"success": f"s{n + 1}" if n < 2 else None}, "book") for n in range(3)))
MANY: Final = 24


class Ledger:
    """What business has written down, in transactions of the store's database."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.groups: list[int] = []
        self._lines: list[str] = []
        if bench.url:
            with bench.engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE ledger (step VARCHAR(200) PRIMARY KEY)")

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Give a transaction that waits for its turn to write where there is one writer."""
        file = make_url(self.bench.url).database if self.bench.kind == "sqlite" else None
        turn: AbstractContextManager[Any] = write_lock(Path(file)) if file else nullcontext()
        with turn, self.bench.transaction() as connection:
            self.groups.append(0)
            yield connection

    def write(self, connection: Any, step: str) -> None:
        """Write a line that can be written once."""
        self.groups[-1] += 1
        if self.bench.url:
            connection.exec_driver_sql(f"INSERT INTO ledger VALUES ('{step}')")
        else:
            connection.work.append(lambda: self._lines.append(step))

    def lines(self) -> list[str]:
        """Give what is written."""
        if not self.bench.url:
            return sorted(self._lines)
        with self.bench.engine.connect() as connection:
            return sorted(connection.exec_driver_sql("SELECT step FROM ledger").scalars())

    def close(self) -> None:
        """Leave nothing behind."""
        if self.bench.url:
            with self.bench.engine.begin() as connection:
                connection.exec_driver_sql("DROP TABLE ledger")


@pytest.fixture
def ledger(bench: Bench) -> Iterator[Ledger]:
    ledger = Ledger(bench)
    yield ledger
    ledger.close()


def _run(ledger: Ledger, work: Callable[..., Any]) -> dict[Key, Description]:
    engine = Engine(ledger.bench.open(), workers=1, transactions=ledger.transaction)
    engine.register(THREE)
    engine.task("book", transactional=True, batch=True)(work)
    keys = [engine.start("three", number, namespace="ab"[number % 2]) for number in range(MANY)]
    with engine:
        return {key: engine.wait_for(key, 30) for key in keys}


def _steps(described: dict[Key, Description]) -> list[str]:
    return [f"{key.id}/s{state}/{state + 1}/1" for key in described for state in range(3)]


def test_shared_transactions_do_each_step_once(ledger: Ledger) -> None:
    """SAGA-02: exactly once, with the business of all of them."""

    def work(number: int, step: Step, connection: Any) -> int:
        ledger.write(connection, step.id)
        return number + 1

    described = _run(ledger, work)
    assert [one.output for one in described.values()] == [number + 3 for number in range(MANY)]
    assert ledger.lines() == sorted(_steps(described))
    assert max(ledger.groups) > 1
    assert len(ledger.groups) < 3 * MANY


def test_a_statement_that_fails_in_the_middle_of_a_shared_transaction_harms_nobody(ledger: Ledger) -> None:
    """SAGA-02: what the database refuses fails its own step; the neighbours' lines are there, each once."""

    def work(number: int, step: Step, connection: Any) -> int:
        ledger.write(connection, step.id)
        if number == 7 and step.state == "s1":
            ledger.write(connection, step.id)
            raise ValueError("twice")
        return number if step.state == "s0" else number + 1

    described = _run(ledger, work)
    (bad,) = [key for key, one in described.items() if one.status is not Status.SUCCEEDED]
    assert described[bad].status is Status.FAILED
    lost = {f"{bad.id}/s1/2/1", f"{bad.id}/s2/3/1"}
    assert ledger.lines() == sorted(set(_steps(described)) - lost)


@pytest.mark.parametrize("shape", ["connection", "raw", "cursor"])
def test_several_commits_are_the_last_of_one_transaction(bench: Bench, shape: str) -> None:
    store = bench.open()
    for number in range(3):
        store.start(new(number))
    with bench.transaction(shape) as connection:
        assert store.commit([append(number) for number in range(2)], connection) == {key(0), key(1)}
    with undone(bench.transaction(shape)) as connection:
        # One of them has moved on: the caller is told, and rolls back.
        assert store.commit([append(0), append(2)], connection) == {key(2)}
    assert [row(store, number).version for number in range(3)] == [1, 1, 0]
