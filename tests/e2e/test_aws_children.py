"""Executions that steps start, through AWS's own client, on each kind of database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.settings import Settings
from tests.support.aws import Cloud, clouded, machine
from tests.support.office import Served

pytestmark = pytest.mark.fast

RESOURCE: Final = "arn:aws:states:::states:startExecution"
DOUBLE: Final = {"Type": "Pass", "Parameters": {"got.$": "$.n"}}
WORK: Final = {"Type": "Task", "Resource": ""}


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance."""
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """Give a company of the test's own."""
    return Cloud(served)


def starting(cloud: Cloud, how: str, arn: str, name: str = "parent", **more: Any) -> str:
    """Enter a machine that starts another one."""
    asked = {"StateMachineArn": arn, "Input": {"n": 7}, **more}
    return cloud.create(machine({"Type": "Task", "Resource": f"{RESOURCE}{how}", "Parameters": asked}), name)


def test_a_step_starts_a_machine_of_its_company_and_waits_for_it(cloud: Cloud) -> None:
    """ASL-04, ASL-06: with AWS's history; the child is shown like any other execution."""
    child = cloud.create(machine(DOUBLE), "child")
    shown = cloud.ended(cloud.start(starting(cloud, ".sync:2", child, Name="own")))
    answer = json.loads(shown["output"])
    assert (answer["Output"], answer["Input"], answer["Status"]) == ({"got": 7}, {"n": 7}, "SUCCEEDED")
    assert answer["ExecutionArn"] == cloud.arn("execution", "child:own")
    assert answer["StateMachineArn"] == child
    own = cloud.aws.describe_execution(executionArn=answer["ExecutionArn"])
    assert (json.loads(own["input"]), json.loads(own["output"])) == ({"n": 7}, {"got": 7})
    events = cloud.aws.get_execution_history(executionArn=shown["executionArn"])["events"]
    told = {one["type"]: one for one in events}
    assert [one["type"] for one in events] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    scheduled = told["TaskScheduled"]["taskScheduledEventDetails"]
    kind = {"resourceType": "states", "resource": "startExecution.sync:2"}
    assert {name: scheduled[name] for name in ("resourceType", "resource", "region")} == {**kind, "region": "us-east-1"}
    assert json.loads(scheduled["parameters"]) == {"StateMachineArn": child, "Input": {"n": 7}, "Name": "own"}
    submitted = told["TaskSubmitted"]["taskSubmittedEventDetails"]
    assert json.loads(submitted["output"])["ExecutionArn"] == answer["ExecutionArn"]
    assert {name: submitted[name] for name in kind} == kind


def test_a_step_that_does_not_wait_gets_the_arn(cloud: Cloud) -> None:
    child = cloud.create(machine(DOUBLE), "child")
    output = json.loads(cloud.ended(cloud.start(starting(cloud, "", child)))["output"])
    assert re.fullmatch(re.escape(cloud.arn("execution", "child:")) + r"[0-9a-f-]{36}", output["ExecutionArn"])
    assert cloud.ended(output["ExecutionArn"])["status"] == "SUCCEEDED"


def test_a_step_starts_a_version_and_an_alias(cloud: Cloud) -> None:
    """ASL-06: the child tells its own version and alias, not those that its parent was started with."""
    child = cloud.create(machine({"Type": "Pass", "Result": 1}), "child", publish=True)
    routes = [{"stateMachineVersionArn": f"{child}:1", "weight": 100}]
    alias = cloud.aws.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    cloud.aws.update_state_machine(stateMachineArn=child, definition=machine({"Type": "Pass", "Result": 2}))
    seen = []
    for place, arn in enumerate((child, f"{child}:1", alias)):
        parent = starting(cloud, ".sync:2", arn, f"p{place}")
        cloud.aws.publish_state_machine_version(stateMachineArn=parent)
        output = json.loads(cloud.ended(cloud.start(f"{parent}:1"))["output"])
        shown = cloud.aws.describe_execution(executionArn=output["ExecutionArn"])
        versions = [shown.get(name) for name in ("stateMachineVersionArn", "stateMachineAliasArn")]
        seen.append((output["Output"], *versions))
    assert seen == [(2, None, None), (1, f"{child}:1", None), (1, f"{child}:1", alias)]


def test_a_step_starts_an_express_machine(cloud: Cloud) -> None:
    child = cloud.create(machine(DOUBLE), "quick", type="EXPRESS")
    output = json.loads(cloud.ended(cloud.start(starting(cloud, "", child, Name="e")))["output"])
    assert output["ExecutionArn"].startswith(cloud.arn("express", "quick:e:"))


@pytest.mark.parametrize(
    "arn", ["stateMachine:nobody", "stateMachine:child:7", "stateMachine:child:live", "stateMachine:gone"]
)
def test_a_step_that_asks_for_what_is_not_there_fails(cloud: Cloud, arn: str) -> None:
    cloud.create(machine(DOUBLE), "child")
    cloud.aws.delete_state_machine(stateMachineArn=cloud.create(machine(DOUBLE), "gone"))
    wanted = cloud.arn(*arn.split(":", 1))
    shown = cloud.ended(cloud.start(starting(cloud, ".sync", wanted)))
    assert shown["error"] == "StepFunctions.StateMachineDoesNotExistException"
    assert shown["cause"].startswith(f"State Machine Does Not Exist: '{wanted}'")


def test_no_step_starts_a_machine_of_another_company(cloud: Cloud, served: Served) -> None:
    """ERP-13: its account in the ARN leads nowhere."""
    other = Cloud(served)
    theirs = other.create(machine(DOUBLE), "child")
    shown = cloud.ended(cloud.start(starting(cloud, ".sync", theirs)))
    assert shown["error"] == "StepFunctions.StateMachineDoesNotExistException"
    assert other.aws.list_executions(stateMachineArn=theirs)["executions"] == []


def test_a_step_waits_for_an_execution_of_the_name_and_input_that_runs_already(cloud: Cloud) -> None:
    """ASL-04: as StartExecution gives the one there is; with another input the name is taken."""
    activity = cloud.aws.create_activity(name="work")["activityArn"]
    child = cloud.create(machine({**WORK, "Resource": activity}), "child")
    running = cloud.start(child, name="own", input='{"n":7}')
    parent = cloud.start(starting(cloud, ".sync:2", child, Name="own"))
    refused = cloud.ended(cloud.start(starting(cloud, ".sync:2", child, "other", Name="own", Input={"n": 8})))
    assert refused["error"] == "StepFunctions.ExecutionAlreadyExistsException"
    token = cloud.aws.get_activity_task(activityArn=activity)["taskToken"]
    cloud.aws.send_task_success(taskToken=token, output='"done"')
    output = json.loads(cloud.ended(parent)["output"])
    assert (output["ExecutionArn"], output["Output"]) == (running, "done")
    assert len(cloud.aws.list_executions(stateMachineArn=child)["executions"]) == 1
