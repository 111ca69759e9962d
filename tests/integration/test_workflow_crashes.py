"""Processes killed in the middle of executions, by the system and without a word: nothing is lost or done twice."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

import pytest

from app.workflow.kernel import events as e
from app.workflow.kernel.status import Status
from app.workflow.runtime.engine import Engine
from app.workflow.runtime.store import Query, Row
from app.workflow.stores.sql.schema import migrate
from tests.support.databases import empty_database
from tests.support.workflow import victim
from tests.support.workflow.dice import Dice
from tests.support.workflow.stores import plain_engine

# One process loads the engine and is forked for each worker, so that a new one costs milliseconds.
_STARTER: Final = multiprocessing.get_context("forkserver")
_STARTER.set_forkserver_preload([victim.__name__])
WORKERS: Final = 2
THREADS: Final = 4


@pytest.fixture(name="url")
def _url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with empty_database(request.param, tmp_path) as url:
        business = plain_engine(url)
        migrate(business)
        victim.prepare(business)
        yield url


class _Worker:
    """One process and the line to it."""

    def __init__(self, url: str) -> None:
        self.line: Connection
        self.line, other = _STARTER.Pipe()
        self.process: BaseProcess = _STARTER.Process(target=victim.work, args=(url, other))
        self.process.start()
        other.close()
        assert self.line.poll(60), "the worker does not come up"
        assert self.line.recv() == "works"

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self._forget()

    def leave(self) -> None:
        """Let it end as it should."""
        self.line.send("enough")
        self._forget()

    def _forget(self) -> None:
        self.process.join()
        self.process.close()
        self.line.close()


def _killed(url: str, executions: int, kills: int, machine: str = "chain") -> list[Row]:
    dice = Dice(kills)
    client = victim.opened(url)
    for number in range(executions):
        client.start(machine, 0, namespace=f"n{number % 2}")
    workers = [_Worker(url) for _ in range(WORKERS)]
    try:
        for _ in range(kills):
            which = dice.below(WORKERS)
            # It works for a while, and dies wherever it is.
            with suppress(EOFError):
                workers[which].line.poll((10 + dice.below(120)) / 1000)
            workers[which].kill()
            workers[which] = _Worker(url)
        _ended(client, machine, executions)
    finally:
        for worker in workers:
            worker.leave()
    rows = _ended(client, "chain", executions)
    _check_histories(client, rows)
    client.store.close()
    return rows


def _ended(client: Engine, machine: str, executions: int) -> list[Row]:
    rows: list[Row] = []
    for _ in range(1_200):
        rows = [
            row
            for name in ("n0", "n1")
            for row in client.executions(Query(name, machine=machine, limit=executions + 1))
        ]
        assert len(rows) == executions
        if all(row.ended is not None for row in rows):
            return rows
        with client._loop.ending:
            client._loop.ending.wait(0.1)
    raise TimeoutError(Counter(row.status.value for row in rows))


def _check_histories(client: Engine, rows: list[Row]) -> None:
    for row in rows:
        events = [event for _, event in client.history(row.key, limit=10_000)]
        assert sum(isinstance(event, e.TaskScheduled) for event in events) == victim.STEPS
        assert sum(isinstance(event, e.TaskSucceeded) for event in events) == victim.STEPS


def _check(url: str, rows: list[Row], kills: int, more: int = 0) -> None:
    assert {row.status for row in rows} == {Status.SUCCEEDED}
    each = victim.STEPS // 2
    with plain_engine(url).connect() as connection:
        effects, calls = (
            connection.exec_driver_sql(f"SELECT step, execution FROM {table}").all() for table in ("effects", "calls")
        )
    assert len(effects) == len(set(effects)) == each * len(rows) + more
    assert len(set(calls)) == each * len(rows)
    # Only what ran when its process died, and whose result was not on disk, may have run again.
    again = len(calls) - len(set(calls))
    assert again <= kills * THREADS


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite", marks=pytest.mark.fast),
        pytest.param("postgresql", marks=pytest.mark.fast),
        pytest.param("mariadb", marks=pytest.mark.full),
    ],
    indirect=True,
)
def test_a_few_deaths_lose_nothing_and_repeat_nothing(url: str) -> None:
    """ORC-02, ORC-06, SAGA-02: a crashed run resumes where it was; what is done is not done again."""
    _check(url, _killed(url, 40, 4), 4)


@pytest.mark.parametrize(
    "url",
    [pytest.param("sqlite", marks=pytest.mark.fast), pytest.param("postgresql", marks=pytest.mark.full)],
    indirect=True,
)
def test_parents_and_children_survive_the_death_of_who_does_their_work(url: str) -> None:
    """ASL-04, ORC-06: one child for each step, whose result its parent gets once."""
    _check(url, _killed(url, 12, 3, "family"), 3, more=12)


@pytest.mark.full
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_two_hundred_deaths_in_two_thousand_executions_lose_nothing(url: str) -> None:
    _check(url, _killed(url, 2_000, 200), 200)
