"""Express machines through AWS's own client, on each kind of database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from app.settings import Settings
from tests.support.aws import Cloud, clouded, code_of, machine
from tests.support.office import Served, serving

pytestmark = pytest.mark.fast

ODD: Final = {"Type": "Fail", "Error": "Broken", "Cause": "It broke"}
UNSUPPORTED: Final = "StateMachineTypeNotSupported"


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance."""
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def cloud(served: Served) -> Cloud:
    """Give a company of the test's own."""
    return Cloud(served)


def express(cloud: Cloud, *states: Any, name: str = "quick") -> str:
    """Enter an express machine and give its ARN."""
    return cloud.create(machine(*states), name, type="EXPRESS")


def test_whoever_waits_for_an_express_execution_is_told_its_end(cloud: Cloud) -> None:
    """ASL-06: StartSyncExecution, with the bill and all that goes with it; a name may be used again."""
    arn = express(cloud, {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name"}})
    traced = "Root=1-5759e988-bd862e3fe1be46a994272793"
    shown = cloud.aws.start_sync_execution(stateMachineArn=arn, name="e", input='{"a": 1}', traceHeader=traced)
    assert re.fullmatch(re.escape(cloud.arn("express", "quick:e:")) + r"[0-9a-f-]{36}", shown["executionArn"])
    assert json.loads(shown["output"]) == {"id": shown["executionArn"], "name": "e"}
    bill = shown["billingDetails"]
    assert (bill["billedMemoryUsedInMB"], bill["billedDurationInMilliseconds"] % 100) == (64, 0)
    assert bill["billedDurationInMilliseconds"] > 0
    assert shown["startDate"] <= shown["stopDate"]
    left = {"executionArn", "output", "billingDetails", "startDate", "stopDate", "ResponseMetadata"}
    assert {name: shown[name] for name in shown if name not in left} == {
        "stateMachineArn": arn,
        "name": "e",
        "status": "SUCCEEDED",
        "input": '{"a": 1}',
        "inputDetails": {"included": True},
        "outputDetails": {"included": True},
        "traceHeader": traced,
    }
    again = cloud.aws.start_sync_execution(stateMachineArn=arn, name="e", input='{"a": 1}')
    assert again["executionArn"] != shown["executionArn"]


def test_an_express_execution_that_fails_is_an_answer_like_any_other(cloud: Cloud) -> None:
    arn = express(cloud, ODD)
    shown = cloud.aws.start_sync_execution(stateMachineArn=arn)
    assert (shown["status"], shown["error"], shown["cause"]) == ("FAILED", "Broken", "It broke")
    assert "output" not in shown
    assert re.fullmatch(r"[0-9a-f-]{36}", shown["name"])
    bare = cloud.aws.start_sync_execution(stateMachineArn=arn, includedData="METADATA_ONLY")
    assert not {"input", "inputDetails", "error", "cause"} & bare.keys()


def test_an_express_execution_is_over_when_its_time_is(cloud: Cloud) -> None:
    arn = cloud.create(machine({"Type": "Wait", "Seconds": 60}, TimeoutSeconds=1), "slow", type="EXPRESS")
    shown = cloud.aws.start_sync_execution(stateMachineArn=arn)
    assert shown["status"] == "TIMED_OUT"
    assert shown["billingDetails"]["billedDurationInMilliseconds"] >= 1000


def test_only_express_machines_are_waited_for(cloud: Cloud) -> None:
    """ASL-06: a standard one is refused, as are a name, an input and an ARN that are none."""
    standard, arn = cloud.create(), express(cloud)
    call = cloud.aws.start_sync_execution
    assert code_of(call, stateMachineArn=standard)[0] == UNSUPPORTED
    assert code_of(call, stateMachineArn=cloud.arn("stateMachine", "none"))[0] == "StateMachineDoesNotExist"
    assert code_of(call, stateMachineArn=arn, name="a b")[0] == "InvalidName"
    assert code_of(call, stateMachineArn=arn, input="{")[0] == "InvalidExecutionInput"
    assert code_of(call, stateMachineArn="quick")[0] == "InvalidArn"
    assert cloud.aws.list_executions(stateMachineArn=standard)["executions"] == []


def test_a_version_and_an_alias_of_an_express_machine_are_waited_for(cloud: Cloud) -> None:
    arn = cloud.create(machine({"Type": "Pass", "Result": 1}), "quick", type="EXPRESS", publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    cloud.aws.create_state_machine_alias(name="live", routingConfiguration=routes)
    cloud.aws.update_state_machine(stateMachineArn=arn, definition=machine({"Type": "Pass", "Result": 2}))
    found = [cloud.aws.start_sync_execution(stateMachineArn=f"{arn}{tail}")["output"] for tail in ("", ":1", ":live")]
    assert found == ["2", "1", "1"]


def test_nobody_waits_for_an_express_execution_that_is_just_started(cloud: Cloud) -> None:
    """ASL-06: each start is a new execution, and none can be looked at, as on AWS."""
    activity = cloud.aws.create_activity(name="work")["activityArn"]
    arn = express(cloud)
    first, second = (cloud.start(arn, name="e") for _ in range(2))
    assert first != second
    told = ("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
    for call in ("describe_execution", "stop_execution", "get_execution_history", "redrive_execution"):
        assert code_of(getattr(cloud.aws, call), executionArn=first) == told
    hidden = cloud.arn("execution", f"quick:{first.rpartition(':')[2]}")
    assert code_of(cloud.aws.describe_execution, executionArn=hidden)[0] == "ExecutionDoesNotExist"
    assert code_of(cloud.aws.list_executions, stateMachineArn=arn)[0] == UNSUPPORTED
    waiting = machine({"Type": "Task", "Resource": activity})
    assert code_of(cloud.aws.create_state_machine, name="w", definition=waiting, roleArn="r", type="EXPRESS")[0] == (
        "InvalidDefinition"
    )


def test_more_wait_than_there_are_request_threads(cloud: Cloud) -> None:
    """ASL-06: a caller that waits holds no thread."""
    arn = express(cloud, {"Type": "Wait", "Seconds": 1})
    with ThreadPoolExecutor(24) as callers:
        calls = [callers.submit(cloud.aws.start_sync_execution, stateMachineArn=arn) for _ in range(24)]
        assert {call.result(timeout=30)["status"] for call in calls} == {"SUCCEEDED"}


def test_an_end_that_another_process_brings_about_is_seen(served: Served, database_settings: Settings) -> None:
    """ASL-06, ORC-02: the process that is asked does not advance executions itself."""
    idle = database_settings.model_copy(update={"workflows": False, "data_dir": served.container.settings.data_dir})
    with serving(idle) as other:
        assert not other.container.workflows.running
        cloud = Cloud(other)
        shown = cloud.aws.start_sync_execution(stateMachineArn=express(cloud), input="7")
        assert (shown["status"], shown["output"]) == ("SUCCEEDED", "7")


def test_a_process_that_stops_lets_its_callers_go(database_settings: Settings) -> None:
    idle = database_settings.model_copy(update={"workflows": False})
    with serving(idle) as other:
        cloud = Cloud(other)
        arn = express(cloud)
        other.container.draining.set()
        assert code_of(cloud.aws.start_sync_execution, stateMachineArn=arn)[0] == "ServiceUnavailable"
