"""New versions of a workflow, and what waits in old ones (ORC-08)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.settings import Settings
from tests.support.aws import clouded
from tests.support.office import ON_SQLITE, Office, Served
from tests.support.workflows import at, ended, started, until, workflow

pytestmark = [pytest.mark.fast, ON_SQLITE]
ASKS: Final = {"Type": "Message", "CorrelationKey": "approval", "CorrelationValuePath": "$.ref", "ResultPath": "$.said"}


def asking(last: str, first: str = "Approve") -> dict[str, Any]:
    """Give a workflow that waits for an approval and then goes where it says."""
    said = {"Type": "Pass", "Result": last, "ResultPath": "$.went", "End": True}
    return {"StartAt": first, "States": {first: {**ASKS, "Next": last}, last: said}}


@pytest.fixture(scope="module")
def running(database_settings: Settings) -> Iterator[Served]:
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def office(running: Served) -> Office:
    return running.company()


def published(office: Office, *definitions: dict[str, Any]) -> str:
    """Publish a version of each definition; give the path of the workflow."""
    made = workflow(office, definitions[0], "asks", publish=True)
    path, seen = f"/workflows/{made['id']}", made["version"]
    for definition in definitions[1:]:
        changed = office.patch(path, {"definition": definition}, seen)
        seen = changed["version"] + 1
        office.make(f"{path}/versions", {})
    return path


def waiting(office: Office, version: int) -> str:
    """Start an execution of a version that waits for an approval."""
    execution = started(office, "asks", version=version, input={"ref": f"orders/{version}"})
    at(office, execution, "Approve")
    return execution


def approved(office: Office, execution: str, version: int) -> Any:
    """Send the approval, and give where the execution went."""
    office.act(f"/executions/{execution}/messages", {"key": "approval", "value": f"orders/{version}", "data": "yes"})
    return ended(office, execution)["output"]["went"]


def test_what_waits_goes_on_by_the_version_it_is_moved_to(office: Office) -> None:
    """ORC-08: one that nobody moves finishes on its version; one that is moved shows by which it goes."""
    path = published(office, asking("Old"), asking("New"))
    stays, moved = waiting(office, 1), waiting(office, 1)
    before = office.get(f"/executions/{moved}").body
    office.act(f"/executions/{moved}/migrate", {"version": 2})
    shown = until(office, moved, lambda now: now["revision"] != before["revision"])
    assert (before["published"], shown["published"], shown["states"]) == (1, 2, ["Approve"])
    assert approved(office, moved, 1) == "New"
    assert approved(office, stays, 1) == "Old"
    told = [one["details"].get("name") for one in office.get(f"/executions/{moved}/history")["items"]]
    assert [name for name in told if name] == ["Approve", "Approve", "New", "New"]
    office.served.container.dispatch()
    events = [one["event"] for one in office.items(f"{path}/audit?sort=sequence")]
    assert events.count("processes.execution_migrated") == 1


def test_what_stands_where_the_other_version_does_not_lead_stays(office: Office) -> None:
    """ORC-08: refused with the reason, in five languages around it; nothing has changed."""
    published(office, asking("Old"), asking("New", first="Ask"))
    execution = waiting(office, 1)
    refused = office.post(f"/executions/{execution}/migrate", {})
    assert refused.refusal == (409, "processes.not_migratable")
    assert "the other edition has no state 'Approve' in this place" in refused["detail"]
    missing = office.post(f"/executions/{execution}/migrate", {"version": 9})
    assert (missing.refusal, missing.pointers) == ((422, "unknown_reference"), ["/version"])
    assert office.get(f"/executions/{execution}")["published"] == 1
    assert approved(office, execution, 1) == "Old"
    over = office.post(f"/executions/{execution}/migrate", {"version": 2})
    assert "the execution has ended" in over["detail"]


def test_executions_of_others_are_not_there(office: Office, running: Served) -> None:
    """ERP-13."""
    published(office, asking("Old"), asking("New"))
    execution = waiting(office, 1)
    assert running.company().post(f"/executions/{execution}/migrate", {"version": 2}).status == 404
    assert approved(office, execution, 1) == "Old"
