"""Distributed Maps through AWS's own client, on each kind of database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from app.settings import Settings
from tests.support.aws import Cloud, clouded, code_of, machine
from tests.support.office import Served

pytestmark = pytest.mark.fast

NONE: Final = dict.fromkeys(("pending", "running", "succeeded", "failed", "timedOut", "aborted"), 0)


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance."""
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """Give a company of the test's own."""
    return Cloud(served)


def mapping(cloud: Cloud, state: Mapping[str, Any], **fields: Any) -> str:
    """Enter a machine of one distributed Map."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    flow = {"ProcessorConfig": config, **json.loads(machine(state).replace('"S0"', '"T0"'))}
    return cloud.create(machine({"Type": "Map", "Label": "each", "ItemProcessor": flow, **fields}))


def until(cloud: Cloud, look: Callable[[], Any]) -> Any:
    """Look until there is something to be seen, and give it."""
    ending = cloud.served.container.workflows.engine._loop.ending
    for _ in range(200):
        if seen := look():
            return seen
        with ending:
            ending.wait(0.05)
    raise AssertionError("it did not come to that")


def run_of(cloud: Cloud, execution: str) -> str:
    """Give the ARN of the one map run of an execution."""
    (run,) = until(cloud, lambda: cloud.aws.list_map_runs(executionArn=execution)["mapRuns"])
    return str(run["mapRunArn"])


def test_a_map_run_and_its_executions_are_shown(cloud: Cloud) -> None:
    """ASL-06: ListMapRuns, DescribeMapRun with all counts, ListExecutions by map run, and each of these."""
    arn = mapping(cloud, {"Type": "Pass", "Parameters": {"n.$": "$"}}, MaxConcurrency=2, ToleratedFailurePercentage=10)
    execution = cloud.start(arn, name="e", input="[1, 2, 3]")
    assert json.loads(cloud.ended(execution)["output"]) == [{"n": 1}, {"n": 2}, {"n": 3}]
    run = run_of(cloud, execution)
    assert run.startswith(cloud.arn("mapRun", "one/each:"))
    (listed,) = cloud.aws.list_map_runs(executionArn=execution)["mapRuns"]
    assert {name: listed[name] for name in ("executionArn", "mapRunArn", "stateMachineArn")} == {
        "executionArn": execution,
        "mapRunArn": run,
        "stateMachineArn": f"{arn}/each",
    }
    assert listed["startDate"] <= listed["stopDate"]
    shown = cloud.aws.describe_map_run(mapRunArn=run)
    counts = {**NONE, "succeeded": 3, "total": 3, "resultsWritten": 0, "failuresNotRedrivable": 0, "pendingRedrive": 0}
    left = {"startDate", "stopDate", "ResponseMetadata"}
    assert {name: shown[name] for name in shown if name not in left} == {
        "mapRunArn": run,
        "executionArn": execution,
        "status": "SUCCEEDED",
        "maxConcurrency": 2,
        "toleratedFailurePercentage": 10.0,
        "toleratedFailureCount": 0,
        "itemCounts": counts,
        "executionCounts": counts,
        "redriveCount": 0,
    }
    members = cloud.aws.list_executions(mapRunArn=run)["executions"]
    assert [(one["mapRunArn"], one["itemCount"], one["status"]) for one in members] == [(run, 1, "SUCCEEDED")] * 3
    child = cloud.aws.describe_execution(executionArn=members[0]["executionArn"])
    assert (child["mapRunArn"], child["stateMachineArn"], child["input"]) == (run, f"{arn}/each", "3")
    assert "mapRunArn" not in cloud.aws.describe_execution(executionArn=execution)
    events = cloud.aws.get_execution_history(executionArn=members[0]["executionArn"])["events"]
    assert [one["type"] for one in events][:2] == ["ExecutionStarted", "PassStateEntered"]


def test_the_machine_of_a_map_run_s_execution_is_the_map_s_processor(cloud: Cloud) -> None:
    """ASL-06: DescribeStateMachineForExecution with label and map run."""
    arn = mapping(cloud, {"Type": "Pass"})
    execution = cloud.start(arn, input="[1]")
    cloud.ended(execution)
    run = run_of(cloud, execution)
    (member,) = cloud.aws.list_executions(mapRunArn=run)["executions"]
    shown = cloud.aws.describe_state_machine_for_execution(executionArn=member["executionArn"])
    assert (shown["label"], shown["mapRunArn"], shown["name"]) == ("each", run, "one/each")
    assert shown["stateMachineArn"] == f"{arn}/each"
    assert json.loads(shown["definition"])["StartAt"] == "T0"
    whole = cloud.aws.describe_state_machine_for_execution(executionArn=execution)
    assert not {"label", "mapRunArn"} & whole.keys()


def test_executions_of_a_map_run_are_listed_in_pages_and_by_status(cloud: Cloud) -> None:
    odd = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericGreaterThan": 3, "Next": "T1"}], "Default": "T2"}
    flow = {"StartAt": "T0", "States": {"T0": odd, "T1": {"Type": "Fail", "Error": "Odd"}, "T2": {"Type": "Succeed"}}}
    flow["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    state = {"Type": "Map", "Label": "each", "ItemProcessor": flow, "ToleratedFailureCount": 9, "MaxConcurrency": 1}
    execution = cloud.start(cloud.create(machine(state)), input="[1, 2, 3, 4, 5]")
    cloud.ended(execution)
    call, run = cloud.aws.list_executions, run_of(cloud, execution)
    everything = [one["executionArn"] for one in call(mapRunArn=run)["executions"]]
    first = call(mapRunArn=run, maxResults=3)
    rest = call(mapRunArn=run, maxResults=3, nextToken=first["nextToken"])
    assert [one["executionArn"] for one in first["executions"] + rest["executions"]] == everything
    assert ("nextToken" in rest, len(everything)) == (False, 5)
    failed = [one["executionArn"] for one in call(mapRunArn=run, statusFilter="FAILED")["executions"]]
    assert failed == everything[:2]
    assert call(mapRunArn=run, statusFilter="PENDING_REDRIVE")["executions"] == []
    assert len(call(mapRunArn=run, redriveFilter="NOT_REDRIVEN")["executions"]) == 5
    assert call(mapRunArn=run, redriveFilter="REDRIVEN")["executions"] == []


def test_a_map_run_takes_other_limits_while_it_runs(cloud: Cloud) -> None:
    """ASL-06: UpdateMapRun; one that has ended is refused."""
    arn = mapping(cloud, {"Type": "Wait", "Seconds": 3600}, MaxConcurrency=1)
    execution = cloud.start(arn, input="[1, 2, 3]")
    run, call = run_of(cloud, execution), cloud.aws.update_map_run
    assert code_of(call, mapRunArn=run)[0] == "ValidationException"
    assert code_of(call, mapRunArn=run, toleratedFailurePercentage=101)[0] == "ValidationException"
    call(mapRunArn=run, maxConcurrency=2, toleratedFailureCount=1, toleratedFailurePercentage=2.5)

    def running(count: int) -> Any:
        shown = cloud.aws.describe_map_run(mapRunArn=run)
        return shown if shown["executionCounts"]["running"] == count else None

    shown = until(cloud, lambda: running(2))
    assert (shown["maxConcurrency"], shown["toleratedFailureCount"]) == (2, 1)
    assert (shown["toleratedFailurePercentage"], shown["executionCounts"]["running"]) == (2.5, 2)
    assert (shown["status"], shown["itemCounts"]["pending"]) == ("RUNNING", 1)
    cloud.aws.stop_execution(executionArn=execution)
    cloud.ended(execution)
    until(cloud, lambda: cloud.aws.describe_map_run(mapRunArn=run)["status"] == "ABORTED")
    assert code_of(call, mapRunArn=run, maxConcurrency=1) == (
        "ValidationException",
        "Map Run must be RUNNING to be updated",
    )


def test_map_runs_of_nobody_do_not_exist(cloud: Cloud, served: Served) -> None:
    """ERP-13: one of another company is as if it were not there."""
    other = Cloud(served)
    execution = other.start(mapping(other, {"Type": "Pass"}), input="[1]")
    other.ended(execution)
    theirs = run_of(other, execution).replace(other.account, cloud.account)
    for given in (theirs, cloud.arn("mapRun", "one/each:nobody")):
        told = ("ResourceNotFound", f"Resource not found: '{given}'")
        assert code_of(cloud.aws.describe_map_run, mapRunArn=given) == told
        assert code_of(cloud.aws.update_map_run, mapRunArn=given, maxConcurrency=1) == told
        assert code_of(cloud.aws.list_executions, mapRunArn=given) == told
    nobody = cloud.arn("execution", "one:nobody")
    assert code_of(cloud.aws.list_map_runs, executionArn=nobody)[0] == "ExecutionDoesNotExist"
    assert code_of(cloud.aws.describe_map_run, mapRunArn=cloud.arn("mapRun", "one"))[0] == "InvalidArn"
    both = {"mapRunArn": theirs, "stateMachineArn": cloud.arn("stateMachine", "one")}
    assert code_of(cloud.aws.list_executions, **both)[0] == "ValidationException"


def test_items_come_from_a_file_of_the_company_and_results_go_to_another(cloud: Cloud, served: Served) -> None:
    """ASL-02: each company has a folder of its own."""
    folder = served.container.settings.data_dir / "objects" / str(cloud.office.company)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "items.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": "data", "Key": "items.jsonl"},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "jobs"}}
    batches = {"MaxItemsPerBatch": 2}
    arn = mapping(cloud, {"Type": "Pass"}, ItemReader=reader, ResultWriter=writer, ItemBatcher=batches)
    execution = cloud.start(arn)
    output = json.loads(cloud.ended(execution)["output"])
    assert output["MapRunArn"] == run_of(cloud, execution)
    manifest = json.loads((folder / "out" / output["ResultWriterDetails"]["Key"]).read_text())
    assert len(manifest["ResultFiles"]["SUCCEEDED"]) == 1
    (member,) = cloud.aws.list_executions(mapRunArn=output["MapRunArn"])["executions"]
    assert member["itemCount"] == 2
