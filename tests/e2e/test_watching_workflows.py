"""What a service that advances executions tells of them: figures, calls for a person in the log and over REST."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.infrastructure.watching.metrics import Metrics
from app.settings import Settings
from tests.support import scrapes
from tests.support.aws import clouded
from tests.support.lines import lines_of
from tests.support.office import Office, Served
from tests.support.servers import free_port
from tests.support.workflows import ended, started, until, workflow

pytestmark = pytest.mark.fast
TASKS: Final = "tramita_execution_tasks_total"
ALERTS: Final = "tramita_execution_alerts_total"
CREATE: Final = "tramita:third-parties.create"
CHANGE: Final = "tramita:third-parties.change"
NEW: Final = {"name": "Client", "customer": True}
LOST: Final = {"party_id": 999_999, "version": 1, "name": "Nobody"}


@pytest.fixture(scope="module")
def watched(database_settings: Settings) -> Iterator[Served]:
    """Serve with executions that advance, and figures of them."""
    with clouded(database_settings.model_copy(update={"metrics_port": free_port()})) as made:
        yield made


@pytest.fixture
def office(watched: Served) -> Office:
    return watched.company()


def figure(office: Office, name: str, **labels: str) -> float:
    watch = office.served.container.watch
    assert isinstance(watch, Metrics)
    return scrapes.value(watch.registry, name, **labels)


def of_alerts(office: Office) -> tuple[float, float]:
    return figure(office, ALERTS, reason="not_undone"), figure(office, ALERTS, reason="no_way_back")


def saga(last: dict[str, Any], **first: Any) -> dict[str, Any]:
    """Give a workflow that enters a customer and then does something else."""
    does = {"Type": "Task", "Resource": CREATE, "Parameters": NEW, **first}
    return {"StartAt": "Enter", "States": {"Enter": {**does, "Next": "Last"}, "Last": last}}


def test_ends_and_tasks_are_counted_by_what_they_are(office: Office) -> None:
    """ORC-07, ERP-14: by words of the program, with how long the tasks took."""
    before = (
        figure(office, "tramita_executions_ended_total", status="failed"),
        figure(office, TASKS, resource=CREATE, outcome="succeeded"),
        figure(office, TASKS, resource=CHANGE, outcome="failed"),
        figure(office, "tramita_execution_task_duration_seconds_count", resource=CREATE),
    )
    change = {"Type": "Task", "Resource": CHANGE, "Parameters": LOST, "End": True}
    workflow(office, saga(change), "plain")
    assert ended(office, started(office, "plain"))["status"] == "failed"
    assert figure(office, "tramita_executions_ended_total", status="failed") == before[0] + 1
    assert figure(office, TASKS, resource=CREATE, outcome="succeeded") == before[1] + 1
    assert figure(office, TASKS, resource=CHANGE, outcome="failed") == before[2] + 1
    assert figure(office, "tramita_execution_task_duration_seconds_count", resource=CREATE) == before[3] + 1


def test_a_compensation_that_cannot_be_done_calls_for_a_person(office: Office) -> None:
    """SAGA-03: in the log with the execution's id, in the figures, and on the execution."""
    undo = {"Resource": CHANGE, "Parameters": LOST, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]}
    workflow(office, saga({"Type": "Fail", "Error": "Refused"}, Compensate=undo), "saga")
    before = of_alerts(office)
    with lines_of("WARNING") as lines:
        done = ended(office, started(office, "saga"))
    assert (done["status"], done["error"], done["alerts"]) == ("failed", "Refused", 1)
    (line,) = [line for line in lines if line["event"] == "a person must look"]
    told = ("execution", "company", "workflow", "state", "error", "reason")
    assert [line[name] for name in told] == [done["id"], office.company, "saga", "Enter", "not_found", "not_undone"]
    assert of_alerts(office) == (before[0] + 1, before[1])
    office.served.container.dispatch()
    (told_of,) = office.items("/audit?event=processes.execution_failed")
    assert (told_of["facts"]["execution"], told_of["facts"]["alerts"]) == (done["id"], 1)


def test_a_step_behind_the_pivot_that_fails_calls_for_a_person(office: Office) -> None:
    """SAGA-03: it is tried again, and meanwhile somebody looks."""
    change = {"Type": "Task", "Resource": CHANGE, "Parameters": LOST, "End": True}
    workflow(office, saga(change, Pivot=True), "ahead")
    before = of_alerts(office)
    with lines_of("WARNING") as lines:
        execution = started(office, "ahead")
        shown = until(office, execution, lambda shown: shown["alerts"] > 0)
        office.act(f"/executions/{execution}/stop", {})
        assert ended(office, execution)["alerts"] == 1
    assert (shown["alerts"], shown["states"], shown["ended_at"]) == (1, ["Last"], None)
    found = [(line["execution"], line["reason"]) for line in lines if line["event"] == "a person must look"]
    assert found == [(execution, "no_way_back")]
    assert of_alerts(office) == (before[0], before[1] + 1)


def test_a_process_tells_whether_executions_advance_in_it(office: Office) -> None:
    """ERP-14: one that was told not to, or whose engine has ended, is none."""
    assert figure(office, "tramita_workflows_running") == 1
    office.served.container.workflows.end()
    assert figure(office, "tramita_workflows_running") == 0
    office.served.container.workflows.begin()
    assert figure(office, "tramita_workflows_running") == 1


def test_no_series_is_made_by_what_a_company_calls_things(office: Office) -> None:
    """ERP-14: names of workflows, states and activities are data."""
    workflow(office, {"StartAt": "Secret", "States": {"Secret": {"Type": "Pass", "End": True}}}, "mystery")
    ended(office, started(office, "mystery"))
    watch = office.served.container.watch
    assert isinstance(watch, Metrics)
    families = scrapes.read(watch.registry)
    assert scrapes.faults(families.values()) == []
    values = {value for family in families.values() for sample in family.samples for value in sample.labels.values()}
    assert not {"Secret", "mystery", str(office.company)} & values
