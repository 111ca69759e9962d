"""Executions that have ended are retried from a state over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.aws import clouded
from tests.support.office import ON_SQLITE, Office, Served
from tests.support.workflows import ended, started, until, workflow

pytestmark = [pytest.mark.fast, ON_SQLITE]

CHECK: Final = {
    "Type": "Choice",
    "Choices": [{"Variable": "$.sound", "BooleanEquals": True, "Next": "Good"}],
    "Default": "Bad",
}
STATES: Final[dict[str, Any]] = {
    "Begin": {"Type": "Pass", "Next": "Check"},
    "Check": CHECK,
    "Good": {"Type": "Succeed"},
    "Bad": {"Type": "Fail", "Error": "Unsound"},
}
WORKFLOW: Final = {"StartAt": "Begin", "States": STATES}
MENDED: Final = {
    **WORKFLOW,
    "States": {name: STATES[name] for name in ("Begin", "Good")} | {"Check": {**CHECK, "Default": "Good"}},
}


@pytest.fixture(scope="module")
def running(database_settings: Settings) -> Iterator[Served]:
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def office(running: Served) -> Office:
    return running.company()


def _failed(office: Office) -> tuple[dict[str, Any], str]:
    """Let an execution fail; give its workflow and its path."""
    made = workflow(office, WORKFLOW, publish=True)
    execution = started(office, made["name"], input={"sound": False})
    assert ended(office, execution)["error"] == "Unsound"
    return made, f"/executions/{execution}"


def _again(office: Office, path: str, redrives: int = 1) -> dict[str, Any]:
    execution = path.rpartition("/")[2]
    return until(office, execution, lambda now: now["redrives"] == redrives and now["ended_at"] is not None)


def test_a_state_runs_again_with_what_it_had_or_with_what_is_given(office: Office) -> None:
    """ASL-11: what came before it does not happen again, and the input of the whole stays as it was."""
    _, path = _failed(office)
    office.act(f"{path}/retry", {"state": "Check"})
    assert _again(office, path)["error"] == "Unsound"
    office.act(f"{path}/retry", {"state": "Check", "input": {"sound": True}})
    shown = _again(office, path, 2)
    assert (shown["status"], shown["output"], shown["input"]) == ("succeeded", {"sound": True}, {"sound": False})
    stays = [one["state"] for one in office.items(f"{path}/timeline")]
    assert stays == ["Begin", "Check", "Bad", "Check", "Bad", "Check", "Good"]


def test_what_failed_by_a_faulty_definition_goes_on_by_the_mended_one(office: Office) -> None:
    """ORC-08: by what the workflow does now, or by a version of it."""
    made, path = _failed(office)
    execution = started(office, made["name"], input={"sound": False}, version=1)
    other = f"/executions/{execution}"
    ended(office, execution)
    assert office.patch(f"/workflows/{made['id']}", {"definition": MENDED}, made["version"]).status == 200
    before = office.get(path)["revision"]
    office.act(f"{path}/retry", {"state": "Check", "current": True})
    shown = _again(office, path)
    assert (shown["status"], shown["published"]) == ("succeeded", None)
    assert shown["revision"] > before
    office.make(f"/workflows/{made['id']}/versions", {})
    office.act(f"{other}/retry", {"state": "Check", "version": 2})
    assert _again(office, other)["published"] == 2
    told = [entry["type"] for entry in office.get(f"{other}/history")["items"]]
    assert told[-2:] == ["SucceedStateExited", "ExecutionSucceeded"]


def test_it_is_told(office: Office) -> None:
    """ERP-10."""
    made, path = _failed(office)
    office.act(f"{path}/retry", {"state": "Bad"})
    _again(office, path)
    office.served.container.dispatch()
    told = [one["event"] for one in office.items(f"/workflows/{made['id']}/audit?sort=sequence")]
    assert told.count("processes.execution_retried") == 1


@pytest.mark.parametrize(
    ("body", "refusal", "pointers"),
    [
        ({}, (422, "request.invalid_body"), ["/state"]),
        ({"state": "Check", "version": 1, "current": True}, (422, "request.invalid_body"), [""]),
        ({"state": "Check", "version": 9}, (422, "unknown_reference"), ["/version"]),
        ({"state": "Check", "input": "x" * 262_144}, (422, "processes.rejected"), ["/input"]),
        ({"state": "Nowhere"}, (409, "processes.not_retriable"), []),
        ({"state": "Good"}, (409, "processes.not_retriable"), []),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    office: Office, body: dict[str, Any], refusal: tuple[int, str], pointers: list[str]
) -> None:
    """ASL-11: with the field that is wrong, or why it cannot go on from there."""
    _, path = _failed(office)
    refused = office.post(f"{path}/retry", body)
    assert (refused.refusal, refused.pointers) == (refusal, pointers)
    assert office.get(path)["redrives"] == 0


def test_what_succeeded_or_runs_is_not_retried(office: Office) -> None:
    made = workflow(office, WORKFLOW)
    execution = started(office, made["name"], input={"sound": True})
    ended(office, execution)
    refused = office.post(f"/executions/{execution}/retry", {"state": "Check"})
    assert refused.refusal == (409, "processes.not_retriable")
    assert "the execution has succeeded" in refused["detail"]


def test_who_retries_may_do_what_the_steps_do(office: Office) -> None:
    """ORC-08: they act for whom they did before; nobody gets rights out of another's execution."""
    confirm = {"Type": "Task", "Resource": "tramita:orders.cancel", "End": True}
    made = workflow(office, {"StartAt": "Cancel", "States": {"Cancel": confirm}})
    execution = started(office, made["name"], input={"id": 987654})
    assert ended(office, execution)["status"] == "failed"
    path = f"/executions/{execution}/retry"
    runner = office.served.clerk(office.company, frozenset({Right.EXECUTIONS_READ, Right.EXECUTIONS_WRITE}))
    assert runner.post(path, {"state": "Cancel", "input": {"id": 1}}).refusal == (403, "rights.missing")
    assert office.get(f"/executions/{execution}")["redrives"] == 0
