"""How executions end is told in the change feed and the audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.settings import Settings
from tests.support.aws import clouded
from tests.support.office import Office, Served, together
from tests.support.workflows import ended, started, until, workflow

pytestmark = [
    pytest.mark.fast,
    pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True),
]

WAIT: Final = {"Type": "Wait", "Seconds": 3600, "End": True}
CHILD: Final = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}


@pytest.fixture(scope="module")
def running(database_settings: Settings) -> Iterator[Served]:
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def office(running: Served) -> Office:
    return running.company()


def one(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": state}}


def told(office: Office) -> list[tuple[str, dict[str, Any]]]:
    """Have what waits numbered, and give the ends with their facts."""
    office.served.container.dispatch()
    entries = office.items("/audit?kind=workflows&sort=sequence")
    names = ("succeeded", "failed", "timed_out", "aborted")
    found = ((one["event"].removeprefix("processes.execution_"), one["facts"]) for one in entries)
    return [(event, facts) for event, facts in found if event in names]


def test_each_way_to_end_is_told_once_with_what_it_was_about(office: Office) -> None:
    """SAGA-07, ERP-09: for whoever reacts to it; nothing is lost and nothing is told twice."""
    made = workflow(office, one({"Type": "Pass", "End": True}))
    good = started(office, made["name"], reference="orders/7")
    ended(office, good)
    assert told(office) == [
        (
            "succeeded",
            {
                "id": made["id"],
                "workflow": made["name"],
                "execution": good,
                "reference": "orders/7",
                "error": "",
                "alerts": 0,
            },
        )
    ]
    failed = started(office, workflow(office, one({"Type": "Fail", "Error": "Broken"}))["name"])
    ended(office, failed)
    late = started(office, workflow(office, {**one(WAIT), "TimeoutSeconds": 1})["name"])
    ended(office, late)
    stopped = started(office, workflow(office, one(WAIT))["name"])
    until(office, stopped, lambda shown: shown["status"] == "waiting")
    office.act(f"/executions/{stopped}/stop", {"error": "Enough"})
    ended(office, stopped)
    assert [(event, facts["execution"], facts["error"]) for event, facts in told(office)[1:]] == [
        ("failed", failed, "Broken"),
        ("timed_out", late, ""),
        ("aborted", stopped, "Enough"),
    ]
    assert len(told(office)) == 4


def test_two_processes_that_tell_at_once_tell_once(office: Office) -> None:
    """ERP-09."""
    made = workflow(office, one({"Type": "Pass", "End": True}))
    executions = [started(office, made["name"]) for _ in range(20)]
    for execution in executions:
        ended(office, execution)
    dispatch = office.served.container.dispatch
    together(4, lambda _: dispatch())  # type: ignore[arg-type, return-value] # what it gives is nothing to us
    assert sorted(facts["execution"] for _, facts in told(office)) == sorted(executions)


def test_what_steps_have_started_and_express_ones_are_told_of_by_nobody(office: Office) -> None:
    """ASL-11: as on AWS, where they send no events."""
    inner = workflow(office, one({"Type": "Pass", "End": True}), publish=True)
    arn = f"arn:aws:states:us-east-1:{office.company:012}:stateMachine:{inner['name']}"
    outer = workflow(office, one({**CHILD, "Parameters": {"StateMachineArn": arn, "Input": {}}}))
    execution = started(office, outer["name"])
    assert ended(office, execution)["status"] == "succeeded"
    express = workflow(office, one({"Type": "Pass", "End": True}), kind="EXPRESS")
    ended(office, started(office, express["name"]))
    assert [facts["execution"] for _, facts in told(office)] == [execution]


def test_an_end_of_a_workflow_that_is_gone_is_dropped(office: Office) -> None:
    made = workflow(office, one(WAIT))
    execution = started(office, made["name"])
    until(office, execution, lambda shown: shown["status"] == "waiting")
    assert office.delete(f"/workflows/{made['id']}", made["version"]).status == 204
    assert ended(office, execution)["status"] == "aborted"
    assert told(office) == []
    assert told(office) == []
