"""The AWS CLI and AWS's JavaScript client, unchanged and as processes of their own, against a real server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.aws import ROLE, Standing, house, machine
from tests.support.aws_cli import CommandLine
from tests.support.node import FOLDER, start_node

__all__ = ["house"]
pytestmark = [
    pytest.mark.slow_on_servers,
    pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True),
]
PATIENCE_S: Final = 120
WORKED: Final = [
    "ExecutionStarted",
    "TaskStateEntered",
    "ActivityScheduled",
    "ActivityStarted",
    "ActivitySucceeded",
    "TaskStateExited",
    "SucceedStateEntered",
    "SucceedStateExited",
    "ExecutionSucceeded",
]


def command_line(house: Standing, url: str) -> CommandLine:
    """Give the CLI with the profile as it was printed."""
    config = Path(house.data, "aws-config")
    config.write_text(house.profile, encoding="utf-8")
    return CommandLine(config, f"{url}/aws/")


@pytest.mark.fast
def test_the_cli_works_with_the_profile_that_is_printed(house: Standing) -> None:
    """ASL-06: entered, started, and an error of AWS's by its name."""
    with house.serving() as url:
        aws = command_line(house, url)
        made = aws.run("create-state-machine", name="brief", definition=machine(), role_arn=ROLE)
        started = aws.run("start-execution", state_machine_arn=made["stateMachineArn"], input="[1]")
        told = aws.refused("describe-state-machine", state_machine_arn=made["stateMachineArn"] + "gone")
        assert "(StateMachineDoesNotExist) when calling the DescribeStateMachine operation: State Machine Does" in told
        assert started["executionArn"].startswith(made["stateMachineArn"].replace(":stateMachine:", ":execution:"))


@pytest.mark.full
def test_the_cli_ends_on_one_server_what_it_began_on_another_that_was_killed(house: Standing) -> None:
    """ASL-06, ORC-02: published, started by alias, worked on, killed in between, read in pages."""
    with house.killed() as url:
        aws = command_line(house, url)
        activity = aws.run("create-activity", name="cli")["activityArn"]
        definition = machine({"Type": "Task", "Resource": activity, "ResultPath": "$.work"}, {"Type": "Succeed"})
        made = aws.run("create-state-machine", name="cli", definition=definition, role_arn=ROLE, publish=True)
        routes = [{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}]
        alias = aws.run("create-state-machine-alias", name="live", routing_configuration=routes)
        live = alias["stateMachineAliasArn"]
        started = aws.run("start-execution", state_machine_arn=live, name="one", input='{"a": 1}')["executionArn"]
        task = aws.run("get-activity-task", activity_arn=activity, worker_name="cli")
        assert json.loads(task["input"]) == {"a": 1}
    with house.serving() as url:
        aws = command_line(house, url)
        aws.run("send-task-success", task_token=task["taskToken"], task_output='"done"')
        events = _history(aws, started)
        shown = aws.run("describe-execution", execution_arn=started)
        assert (shown["status"], json.loads(shown["output"])) == ("SUCCEEDED", {"a": 1, "work": "done"})
        assert shown["stateMachineAliasArn"] == live
        assert [event["type"] for event in events] == WORKED
        assert "(TaskTimedOut)" in aws.refused("send-task-heartbeat", task_token=task["taskToken"])
        names = [one["name"] for one in aws.run("list-state-machines", page_size=1)["stateMachines"]]
        assert sorted(names) == names
        assert "cli" in names


def _history(aws: CommandLine, execution: str) -> list[dict[str, Any]]:
    """Give the history once the execution has ended, read in pages of two."""
    events: list[dict[str, Any]] = []
    for _ in range(20):
        events = aws.run("get-execution-history", execution_arn=execution, page_size=2)["events"]
        if events[-1]["type"] == WORKED[-1]:
            break
    return events


@pytest.mark.full
def test_a_worker_with_the_javascript_client_outlives_the_server(house: Standing) -> None:
    """ASL-06, ORC-02: it holds a task when the server is killed, answers it to the next one, and nothing runs twice."""
    with house.killed() as url:
        worker = start_node("sfn.mjs", f"{url}/aws/", house.keys.access_key, house.keys.secret, folder=FOLDER)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "taken\n", _wrong(worker)
    with house.serving() as url:
        told, wrong = worker.communicate(f"{url}/aws/\n", timeout=PATIENCE_S)
    assert worker.returncode == 0, wrong
    seen = json.loads(told)
    assert sorted(seen["handed"]) == ["a", "b", "c"]
    assert [(one["status"], one["isWhole"]) for one in seen["executions"]] == [("SUCCEEDED", True)] * 3
    assert [one["types"] for one in seen["executions"]] == [WORKED] * 3
    outputs = {one["output"]["name"]: one["output"]["work"] for one in seen["executions"]}
    assert outputs == {name: place for place, name in enumerate(seen["handed"], 1)}
    assert sorted(seen["listed"]) == [["a"], ["b"], ["c"]]
    assert seen["errors"] == ["StateMachineDoesNotExist", "TaskTimedOut", "InvalidDefinition"]


def _wrong(worker: subprocess.Popen[str]) -> str:
    return worker.communicate(timeout=PATIENCE_S)[1]
