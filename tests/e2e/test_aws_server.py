"""The Step Functions protocol of a real server process, on SQLite and PostgreSQL, killed in between."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.aws import ROLE, Standing, code_of, house, machine
from tests.support.servers import free_port

__all__ = ["house"]
# What the third of the databases does otherwise is not in how processes die.
ON_TWO = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
pytestmark = [pytest.mark.fast, pytest.mark.slow_on_servers, ON_TWO]


def ended(aws: Any, execution: str) -> dict[str, Any]:
    """Wait until an execution has ended, and show it."""
    look = threading.Event()
    shown: dict[str, Any] = {}
    for _ in range(600):
        shown = aws.describe_execution(executionArn=execution)
        if shown["status"] != "RUNNING":
            return shown
        look.wait(0.05)
    raise AssertionError(shown)


def test_what_a_killed_server_acknowledged_is_done_by_the_next_one(house: Standing) -> None:
    """ASL-06, ORC-02: machine, execution and task are on disk when they are answered."""
    with house.killed() as url:
        aws = house.client(f"{url}/aws/")
        activity = aws.create_activity(name="work")["activityArn"]
        definition = machine({"Type": "Task", "Resource": activity, "ResultPath": "$.work"}, {"Type": "Pass"})
        arn = aws.create_state_machine(name="one", definition=definition, roleArn=ROLE)["stateMachineArn"]
        taken, waiting = (
            aws.start_execution(stateMachineArn=arn, name=name, input='{"a": 1}')["executionArn"]
            for name in ("taken", "waiting")
        )
        tasks = [aws.get_activity_task(activityArn=activity, workerName="Ann") for _ in range(2)]
    with house.serving() as url:
        aws = house.client(f"{url}/aws/")
        for task in tasks:
            aws.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
        for execution in (taken, waiting):
            assert json.loads(ended(aws, execution)["output"]) == {"a": 1, "work": {"done": True}}
            types = [one["type"] for one in aws.get_execution_history(executionArn=execution)["events"]]
            assert types.count("ActivityScheduled") == types.count("ActivitySucceeded") == 1


def test_a_port_of_its_own_speaks_nothing_else_and_a_worker_waits_there_for_work(house: Standing) -> None:
    """ASL-06: a long poll is answered as soon as there is something, and holds up nobody meanwhile."""
    port = str(free_port())
    with house.serving(AWS_PORT=port) as url:
        aws = house.client(f"http://127.0.0.1:{port}")
        activity = aws.create_activity(name="later")["activityArn"]
        definition = machine({"Type": "Task", "Resource": activity})
        arn = aws.create_state_machine(name="later", definition=definition, roleArn=ROLE)["stateMachineArn"]
        with ThreadPoolExecutor(12) as workers:
            polls = [workers.submit(aws.get_activity_task, activityArn=activity) for _ in range(12)]
            # More wait than there are request threads.
            executions = [aws.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(12)]
            tokens = {poll.result(timeout=30)["taskToken"] for poll in polls}
        assert len(tokens) == 12
        for token in tokens:
            aws.send_task_success(taskToken=token, output="1")
        assert {ended(aws, execution)["output"] for execution in executions} == {"1"}
        assert house.client(f"{url}/aws/").list_activities()["activities"]
        assert code_of(house.client(url).list_activities)[0] == "404"
