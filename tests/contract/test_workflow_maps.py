"""Distributed Maps run by the real engine, the same on each store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.workflow.asl.history import History
from app.workflow.kernel.status import ENDED
from app.workflow.maps import adjust_map_run, describe_map_run, map_runs_of, members_of
from app.workflow.objects.files import FolderStores
from app.workflow.objects.memory import MemoryStores
from app.workflow.runtime.engine import Engine
from app.workflow.runtime.store import Key, Query
from tests.support.workflow.maps import AROUND, READER, WRITER, engine_of, machine
from tests.support.workflow.stores import KINDS, Bench, benches

pytestmark = pytest.mark.fast
shared_bench, bench = benches(*(kind for kind in KINDS if kind != "mariadb"), scope="module")
WAITING = {"Type": "Wait", "Seconds": 100_000, "End": True}


def run_of(engine: Engine, key: Key) -> dict[str, Any]:
    """Describe the one map run of an execution."""
    (row,) = map_runs_of(engine.store, key)
    described = describe_map_run(engine.store, row.key, AROUND)
    assert described is not None
    return described


def until(engine: Engine, condition: Callable[[], bool]) -> None:
    """Wait for something that follows of itself."""
    for _ in range(400):
        if condition():
            return
        with engine._loop.ending:
            engine._loop.ending.wait(0.025)
    raise AssertionError("it did not come to that")


def test_a_file_is_worked_off_in_batches_and_its_results_are_written(bench: Bench) -> None:
    """ASL-02: ItemReader, ItemBatcher, ItemSelector, ResultWriter, map runs with counts."""
    objects = MemoryStores()
    files = objects.of("")
    files.put("data", "items.jsonl", [b"".join(b'{"n":%d}\n' % number for number in range(700))])
    made = machine(
        ItemReader=READER,
        ResultWriter=WRITER,
        ItemSelector={"n.$": "$$.Map.Item.Value.n"},
        ItemBatcher={"MaxItemsPerBatch": 10},
        MaxConcurrency=8,
    )
    engine = engine_of(bench.open(), made, objects=objects)
    done: list[int] = []

    @engine.task("work")
    def work(given: Any) -> int:
        done.extend(item["n"] for item in given["Items"])
        return len(given["Items"])

    with engine:
        key = engine.start("m", {})
        ended = engine.wait_for(key, 30)
        described = run_of(engine, key)
        told = History(made, key.id, "s", AROUND).tell([event for _, event in engine.history(key)])
    assert sorted(done) == list(range(700))
    manifest = msgspec.json.decode(b"".join(files.get("out", ended.output["ResultWriterDetails"]["Key"])))
    assert manifest["MapRunArn"] == ended.output["MapRunArn"] == described["mapRunArn"]
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    written = msgspec.json.decode(b"".join(files.get("out", file["Key"])))
    assert [one["Output"] for one in written] == ["10"] * 70
    assert msgspec.json.decode(written[3]["Input"])["Items"][0] == {"n": 30}
    assert described["status"] == "SUCCEEDED"
    assert described["maxConcurrency"] == 8
    assert described["itemCounts"] == {
        "pending": 0,
        "running": 0,
        "succeeded": 700,
        "failed": 0,
        "timedOut": 0,
        "aborted": 0,
        "total": 700,
        "resultsWritten": 700,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
    assert described["executionCounts"]["succeeded"] == described["executionCounts"]["resultsWritten"] == 70
    assert [entry["type"] for entry in told] == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert told[3]["mapRunStartedEventDetails"] == {"mapRunArn": described["mapRunArn"]}


def test_a_redrive_runs_what_failed_and_what_was_never_started_and_nothing_else(bench: Bench) -> None:
    # One at a time: what is stopped at work is done again, as it should be, and would be counted here.
    made = machine(ToleratedFailureCount=2, MaxConcurrency=1)
    engine = engine_of(bench.open(), made)
    bad, done = {3, 5, 7, 8}, []

    @engine.task("work")
    def work(given: Any) -> int:
        if given in bad:
            raise ValueError(given)
        done.append(given)
        return int(given) * 2

    with engine:
        key = engine.start("m", list(range(20)))
        failed = engine.wait_for(key, 30)
        assert (failed.error, failed.cause) == (
            "States.ExceedToleratedFailureThreshold",
            "The specified tolerated failure threshold was exceeded",
        )
        before = run_of(engine, key)
        assert before["status"] == "FAILED"
        counts = before["itemCounts"]
        assert [counts[name] for name in ("succeeded", "failed", "pending", "total")] == [5, 3, 12, 20]
        first = list(done)
        bad.clear()
        engine.redrive(key)
        until(engine, lambda: engine.describe(key).status == "succeeded")
        after = run_of(engine, key)
        assert engine.describe(key).output == [number * 2 for number in range(20)]
    assert first == [0, 1, 2, 4, 6]
    assert sorted(done) == list(range(20))
    assert after["mapRunArn"] == before["mapRunArn"]
    assert (after["status"], after["redriveCount"], after["itemCounts"]["succeeded"]) == ("SUCCEEDED", 1, 20)


def test_a_stop_of_the_execution_stops_the_run_and_its_members(bench: Bench) -> None:
    engine = engine_of(bench.open(), machine(state=WAITING, MaxConcurrency=4))

    def members() -> list[str]:
        return [row.status.value for row in engine.executions(Query("", "m/each"))]

    with engine:
        key = engine.start("m", list(range(9)))
        until(engine, lambda: members() == ["waiting"] * 4)
        counts = run_of(engine, key)["itemCounts"]
        assert (counts["running"], counts["pending"], counts["total"]) == (4, 5, 9)
        engine.stop(key, "Enough")
        until(engine, lambda: members() == ["aborted"] * 4 and run_of(engine, key)["itemCounts"]["aborted"] == 4)
        described = run_of(engine, key)
    assert engine.describe(key).status == "aborted"
    assert (described["status"], described["itemCounts"]["pending"]) == ("ABORTED", 5)


def _held(engine: Engine) -> list[str]:
    return [row.status.value for row in engine.executions(Query("", "m/each"))]


def test_more_executions_are_open_once_more_may_be(bench: Bench) -> None:
    """ASL-02, ASL-06: UpdateMapRun while it runs; what it does not name stays, and 0 lets all be open."""
    engine = engine_of(bench.open(), machine(state=WAITING, MaxConcurrency=2, ToleratedFailureCount=3))
    with engine:
        key = engine.start("m", list(range(9)))
        until(engine, lambda: _held(engine) == ["waiting"] * 2)
        (run,) = map_runs_of(engine.store, key)
        adjust_map_run(engine, run.key, at_once=5)
        until(engine, lambda: _held(engine) == ["waiting"] * 5)
        described = run_of(engine, key)
        assert (described["maxConcurrency"], described["toleratedFailureCount"]) == (5, 3)
        adjust_map_run(engine, run.key, at_once=0, percentage=12.5)
        until(engine, lambda: _held(engine) == ["waiting"] * 9)
        described = run_of(engine, key)
        assert (described["maxConcurrency"], described["toleratedFailurePercentage"]) == (0, 12.5)
        engine.stop(key)
        until(engine, lambda: run_of(engine, key)["itemCounts"]["aborted"] == 9)
        adjust_map_run(engine, run.key, at_once=1)
        engine.stop(engine.start("m", []))
        assert run_of(engine, key)["maxConcurrency"] == 0


def test_a_run_fails_once_less_may_fail_than_has(bench: Bench) -> None:
    """ASL-02, ASL-06: and goes on where more may."""
    engine = engine_of(bench.open(), machine(MaxConcurrency=1, ToleratedFailureCount=9))
    engine.activity("work")
    with engine:
        key = engine.start("m", list(range(4)))
        for _ in range(2):
            task = engine.poll("work", seconds=10)
            assert task is not None
            engine.fail(task.token, "Odd")
        assert engine.poll("work", seconds=10) is not None
        (run,) = map_runs_of(engine.store, key)
        adjust_map_run(engine, run.key, count=2)
        until(engine, lambda: run_of(engine, key)["toleratedFailureCount"] == 2)
        assert engine.describe(key).status not in ENDED
        adjust_map_run(engine, run.key, count=1)
        ended = engine.wait_for(key, 30)
        assert (ended.status, ended.error) == ("failed", "States.ExceedToleratedFailureThreshold")
        assert run_of(engine, key)["itemCounts"]["failed"] == 2


def test_members_are_listed_the_last_one_first_in_pages_and_by_status(bench: Bench) -> None:
    engine = engine_of(bench.open(), machine(MaxConcurrency=1, ToleratedFailureCount=9))

    @engine.task("work")
    def work(given: int) -> int:
        if given % 3 == 0:
            raise ValueError("odd")
        return given

    with engine:
        key = engine.start("m", list(range(7)))
        engine.wait_for(key, 30)
        (run,) = map_runs_of(engine.store, key)
    store = engine.store

    def numbers(below: int | None = None, *statuses: str, limit: int = 100) -> list[int]:
        return [one.number for one in members_of(store, run.key, below, statuses, limit)]

    assert numbers() == [6, 5, 4, 3, 2, 1, 0]
    assert (numbers(limit=3), numbers(4, limit=3), numbers(1)) == ([6, 5, 4], [3, 2, 1], [0])
    assert (numbers(None, "FAILED"), numbers(6, "FAILED", limit=1)) == ([6, 3, 0], [3])
    assert numbers(None, "RUNNING", "PENDING_REDRIVE") == []
    assert members_of(store, Key("", "nobody"), None, (), 10) == []


def test_a_run_is_described_in_its_namespace_alone(bench: Bench) -> None:
    engine = engine_of(bench.open(), machine(state={"Type": "Pass", "End": True}))
    with engine:
        key = engine.start("m", [1], namespace="a")
        engine.wait_for(key, 30)
        (row,) = map_runs_of(engine.store, key)
    assert describe_map_run(engine.store, Key("b", row.key.id), AROUND) is None
    assert describe_map_run(engine.store, key, AROUND) is None
    assert map_runs_of(engine.store, Key("b", key.id)) == []


def test_what_failed_and_what_was_never_started_is_written_too(bench: Bench, tmp_path: Path) -> None:
    stores = FolderStores(tmp_path)
    engine = engine_of(bench.open(), machine(ResultWriter=WRITER, MaxConcurrency=1), objects=stores)

    @engine.task("work")
    def work(given: int) -> int:
        if given == 2:
            raise ValueError("odd")
        return given

    with engine:
        key = engine.start("m", [1, 2, 3, 4], namespace="a")
        assert engine.wait_for(key, 30).error == "States.ExceedToleratedFailureThreshold"
        described = run_of(engine, key)
    objects = stores.of("a")
    files = {
        one.key.rpartition("/")[2]: msgspec.json.decode(b"".join(objects.get("out", one.key)))
        for one in objects.list("out")
    }
    assert sorted(files) == ["FAILED_0.json", "PENDING_0.json", "SUCCEEDED_0.json", "manifest.json"]
    assert [one["Output"] for one in files["SUCCEEDED_0.json"]] == ["1"]
    assert [(one["Input"], one["Error"], one["Cause"]) for one in files["FAILED_0.json"]] == [
        ("2", "ValueError", "odd")
    ]
    assert [(one["Input"], one["Status"]) for one in files["PENDING_0.json"]] == [("3", "PENDING"), ("4", "PENDING")]
    assert described["executionCounts"]["resultsWritten"] == 2
    assert not (tmp_path / "+default").exists()


def test_a_redrive_of_a_state_whose_run_has_succeeded_is_answered_at_once(bench: Bench) -> None:
    """What fails behind a map run is done again; the run itself is not."""
    state = {"Type": "Pass", "End": True}
    engine = engine_of(bench.open(), machine(state=state, ResultSelector={"n.$": "States.ArrayGetItem($, 9)"}))
    with engine:
        key = engine.start("m", [1])
        assert engine.wait_for(key, 30).error == "States.Runtime"
        engine.redrive(key)
        until(engine, lambda: engine.describe(key).redrives == 1 and engine.describe(key).status == "failed")
        described = run_of(engine, key)
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 0)
