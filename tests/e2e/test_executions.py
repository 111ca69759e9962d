"""Executions over HTTP: started, found, followed, told, stopped, redriven, measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest

from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.aws import clouded
from tests.support.office import ON_SQLITE, Office, Served
from tests.support.workflows import OTHER, aliased, at, ended, routed, started, until, workflow

pytestmark = [pytest.mark.fast, ON_SQLITE]

PASS: Final = {"Type": "Pass", "End": True}
FAIL: Final = {"Type": "Fail", "Error": "Broken", "Cause": "It broke"}
WAITS: Final[dict[str, Any]] = {
    "StartAt": "Begin",
    "States": {
        "Begin": {"Type": "Pass", "Next": "Approve"},
        "Approve": {"Type": "Message", "CorrelationKey": "approval", "CorrelationValuePath": "$.ref", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}
RISKS: Final = {
    "StartAt": "Try",
    "States": {
        "Try": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "Fall", "States": {"Fall": FAIL}}],
            "Catch": [{"ErrorEquals": ["Broken"], "Next": "Sorry"}],
            "End": True,
        },
        "Sorry": FAIL,
    },
}


def one(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": state}}


@pytest.fixture(scope="module")
def running(database_settings: Settings) -> Iterator[Served]:
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def office(running: Served) -> Office:
    return running.company()


def waiting(office: Office, **more: Any) -> str:
    """Start an execution that waits for an approval of orders/7."""
    workflow(office, WAITS, "waits")
    execution = started(office, "waits", input={"ref": "orders/7"}, reference="orders/7", **more)
    at(office, execution, "Approve")
    return execution


def test_an_execution_is_started_and_shown_with_its_data(office: Office) -> None:
    """ASL-06, ASL-11: who started it, what it is about, what came of it."""
    made = workflow(office, one(PASS), "one")
    begun = office.post("/executions", {"workflow": "one", "input": {"n": 1}, "name": "first", "reference": "orders/7"})
    assert begun.status == 201
    assert begun.headers["location"] == f"/api/v1/executions/{begun['id']}"
    done = ended(office, begun["id"])
    told = ("workflow", "revision", "name", "reference", "status", "states", "input", "output", "error", "redrivable")
    assert {name: done[name] for name in told} == {
        "workflow": "one",
        "revision": made["revision"],
        "name": "first",
        "reference": "orders/7",
        "status": "succeeded",
        "states": [],
        "input": {"n": 1},
        "output": {"n": 1},
        "error": None,
        "redrivable": False,
    }
    assert done["started_by"] == office.get("/me")["user"]
    assert begun["started_by"] == done["started_by"]
    assert begun["started_at"] == done["started_at"] <= done["ended_at"]


def test_the_same_key_starts_one_execution(office: Office) -> None:
    """ERP-05: whoever asks twice is answered once."""
    workflow(office, one(PASS), "one")
    body = {"workflow": "one"}
    first, second = (office.post("/executions", body, idempotency_key="k1") for _ in range(2))
    assert (first.status, second.status, second.headers["idempotent-replay"]) == (201, 201, "true")
    assert second.body == first.body
    assert len(office.items("/executions")) == 1


@pytest.mark.parametrize(
    ("given", "refusal", "pointer"),
    [
        ({"workflow": "nobody"}, (422, "unknown_reference"), "/workflow"),
        ({"version": 9}, (422, "unknown_reference"), "/version"),
        ({"alias": "nowhere"}, (422, "unknown_reference"), "/alias"),
        ({"name": "a b*"}, (422, "processes.rejected"), "/name"),
        ({"name": "taken"}, (409, "taken"), "/name"),
        ({"input": "x" * 262_143}, (422, "processes.rejected"), "/input"),
        ({"reference": ""}, (422, "request.invalid_body"), "/reference"),
    ],
)
def test_what_cannot_be_started_is_refused_at_its_place(
    office: Office, given: dict[str, Any], refusal: tuple[int, str], pointer: str
) -> None:
    """ASL-11."""
    workflow(office, one({"Type": "Wait", "Seconds": 3600, "End": True}), "one")
    started(office, "one", name="taken", input={"n": 0})
    refused = office.post("/executions", {"workflow": "one", **given})
    assert (refused.refusal, refused.pointers) == (refusal, [pointer])
    assert len(office.items("/executions")) == 1


def test_an_execution_of_an_express_workflow_is_shown_like_any_other(office: Office) -> None:
    """ASL-11: by its id, in lists, with what happened; names may repeat."""
    workflow(office, one(PASS), "quick", kind="EXPRESS")
    both = [started(office, "quick", name="n", input={"n": n}) for n in range(2)]
    done = [ended(office, execution) for execution in both]
    assert [(shown["status"], shown["output"]) for shown in done] == [("succeeded", {"n": n}) for n in range(2)]
    assert [shown["name"] for shown in done] == [f"n:{execution}" for execution in both]
    assert {row["id"]: row["name"] for row in office.items("/executions?workflow=quick&name_prefix=n:")} == {
        shown["id"]: shown["name"] for shown in done
    }
    happened = [event["type"] for event in office.get(f"/executions/{both[0]}/history")["items"]]
    assert (happened[0], happened[-1]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert [stay["state"] for stay in office.get(f"/executions/{both[0]}/timeline")["items"]] == ["A"]


def test_an_express_execution_that_ran_is_not_stopped_again(office: Office) -> None:
    workflow(office, one(PASS), "quick", kind="EXPRESS")
    execution = started(office, "quick")
    ended(office, execution)
    assert office.post(f"/executions/{execution}/stop", {}).refusal == (409, "processes.execution_ended")


def test_starts_go_where_an_alias_leads_and_stay_there(office: Office) -> None:
    """ORC-08: what runs finishes on its version, whatever the alias does."""
    path = aliased(office)
    name = office.get(path.removesuffix("/aliases/live"))["name"]
    begun = office.make("/executions", {"workflow": name, "alias": "live"})
    assert (begun["published"], begun["alias"]) == (1, "live")
    version = office.items(path.removesuffix("/live"))[0]["version"]
    assert office.put(path, routed((2, 100)), version).status == 200
    assert office.make("/executions", {"workflow": name, "alias": "live"})["published"] == 2
    assert office.make("/executions", {"workflow": name, "version": 1})["published"] == 1
    assert ended(office, begun["id"])["revision"] == begun["revision"]
    office.act(f"{path}/rollback")
    assert office.make("/executions", {"workflow": name, "alias": "live"})["published"] == 1


def test_executions_are_found_by_what_is_known_of_them(office: Office) -> None:
    """ASL-06: workflow, status, name, time, current state, business reference; counted if so asked."""
    execution = waiting(office, name="order-7")
    workflow(office, one(FAIL), "fails")
    failed = started(office, "fails", name="other", reference="orders/8")
    ended(office, failed)

    def found(query: str) -> list[str]:
        return [row["id"] for row in office.items(f"/executions?{query}")]

    assert found("") == [failed, execution]
    assert found("workflow=waits") == found("status=waiting") == found("state=Approve") == [execution]
    assert found("reference=orders/7") == found("name_prefix=order-") == found("name=order-7") == [execution]
    assert found("status=failed") == found("error=Broken") == found("name_prefix=ot") == [failed]
    assert found("name_prefix=x") == found("state=Nowhere") == found("reference=orders/9") == []
    row = office.items("/executions?status=waiting")[0]
    moment = quote(row["started_at"])
    assert execution in found(f"started_at_gte={moment}")
    assert execution not in found(f"started_at_lt={moment}")
    page = office.get("/executions?limit=1&total=true")
    assert (page["total"], page["items"][0]["id"]) == (2, failed)
    assert [one["id"] for one in office.items(f"/executions?limit=1&after={page['next']}")] == [execution]
    assert (row["state"], row["reference"], row["name"], row["ended_at"]) == ("Approve", "orders/7", "order-7", None)


def test_a_message_moves_the_execution_that_waits_for_it(office: Office) -> None:
    """ASL-07, ASL-11: by key and value; what it says goes over the input."""
    execution = waiting(office)
    assert office.act("/messages", {"key": "approval", "value": "orders/8", "data": {}})["value"] == "orders/8"
    office.act("/messages", {"key": "approval", "value": "orders/7", "data": {"approved": True}})
    done = ended(office, execution)
    assert (done["status"], done["output"]) == ("succeeded", {"ref": "orders/7", "approved": True})


def test_a_message_is_sent_to_one_execution_once(office: Office) -> None:
    """ASL-11: a second one of the same id changes nothing; one that has ended takes none."""
    again = {**WAITS["States"]["Approve"], "CorrelationKey": "again"}
    twice = {**WAITS, "States": {**WAITS["States"], "Approve": {**WAITS["States"]["Approve"], "Next": "B"}, "B": again}}
    workflow(office, twice, "twice")
    execution = started(office, "twice", input={"ref": "orders/7"})
    path = f"/executions/{execution}/messages"
    message = {"key": "approval", "value": "orders/7", "data": {"by": 1}, "id": "m1"}
    assert office.act(path, message) == {"key": "approval", "value": "orders/7"}
    at(office, execution, "B")
    assert office.act(path, {**message, "key": "again"})["key"] == "again"
    assert office.act(path, {**message, "key": "again", "id": "m2", "data": {"by": 2}})["key"] == "again"
    assert ended(office, execution)["output"]["by"] == 2
    received = [event for event in office.items(f"/executions/{execution}/history") if "Received" in event["type"]]
    assert len(received) == 2
    assert office.post(path, {**message, "id": "m3"}).refusal == (409, "processes.execution_ended")


def test_history_is_told_in_stretches(office: Office) -> None:
    """ASL-06, ASL-11: oldest first, every event once."""
    execution = waiting(office)
    path = f"/executions/{execution}/history"
    whole = office.get(path)
    assert [event["type"] for event in whole["items"]][:4] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "MessageStateEntered",
    ]
    assert (whole["items"][1]["details"]["name"], whole["next"]) == ("Begin", None)
    told: list[Any] = []
    after: int | None = 0
    while after is not None:
        stretch = office.get(f"{path}?after={after}&limit=2")
        told += stretch["items"]
        after = stretch["next"]
    assert told == whole["items"]


def test_a_timeline_tells_of_each_stay_in_a_state(office: Office) -> None:
    """ORC-07: entered, left, how it ended."""
    execution = waiting(office)
    path = f"/executions/{execution}/timeline"
    assert [(one["state"], one["outcome"]) for one in office.items(path)] == [
        ("Begin", "succeeded"),
        ("Approve", "open"),
    ]
    office.act(f"/executions/{execution}/stop", {"error": "Cancelled"})
    ended(office, execution)
    begin, approve = office.items(path)
    assert begin["entered_at"] <= begin["left_at"] <= approve["entered_at"] <= approve["left_at"]
    assert (approve["outcome"], approve["attempts"], approve["error"]) == ("aborted", 0, None)


def test_the_figures_of_states_come_from_their_histories(office: Office) -> None:
    """ORC-07: visits, outcomes, durations, by state; the same on every server."""
    made = workflow(office, RISKS, "risks")
    executions = [started(office, "risks") for _ in range(2)]
    for execution in executions:
        assert ended(office, execution)["error"] == "Broken"
    figures = office.get(f"/workflows/{made['id']}/states")
    counts = ("state", "visits", "succeeded", "caught", "failed", "aborted", "open", "attempts")
    assert figures["executions"] == 2
    assert [tuple(one[name] for name in counts) for one in figures["items"]] == [
        ("Try", 2, 0, 2, 0, 0, 0, 0),
        ("Fall", 2, 0, 0, 2, 0, 0, 0),
        ("Sorry", 2, 0, 0, 2, 0, 0, 0),
    ]
    assert all(0 <= one["mean_ms"] <= one["p95_ms"] == one["longest_ms"] for one in figures["items"])


def test_statistics_are_by_status_and_stretch_of_time(office: Office) -> None:
    """ASL-06: count, mean and percentiles."""
    for name, state in (("good", PASS), ("bad", FAIL)):
        workflow(office, one(state), name)
        for _ in range(2):
            ended(office, started(office, name))
    whole = office.get("/executions/statistics")
    assert [(one["status"], one["count"]) for one in whole["items"]] == [("succeeded", 2), ("failed", 2)]
    assert (whole["considered"], whole["complete"]) == (4, True)
    for one_of in whole["items"]:
        assert 0 <= one_of["p50_ms"] <= one_of["p95_ms"] <= one_of["p99_ms"]
        assert one_of["p50_ms"] <= 2 * one_of["mean_ms"]
    (good,) = office.get("/executions/statistics?workflow=good")["items"]
    assert (good["status"], good["count"]) == ("succeeded", 2)
    last = quote(office.items("/executions?limit=1")[0]["started_at"])
    assert office.get(f"/executions/statistics?started_before={last}")["considered"] <= 3
    assert office.get("/executions/statistics?started_from=2099-01-01T00:00:00")["items"] == []


def test_an_execution_is_stopped_once(office: Office) -> None:
    """ASL-11."""
    execution = waiting(office)
    office.act(f"/executions/{execution}/stop", {"error": "Cancelled", "cause": "A change of mind"})
    done = ended(office, execution)
    assert (done["status"], done["error"], done["cause"]) == ("aborted", "Cancelled", "A change of mind")
    assert done["states"] == ["Approve"]
    assert office.post(f"/executions/{execution}/stop", {}).refusal == (409, "processes.execution_ended")


def test_what_failed_goes_on_from_there(office: Office) -> None:
    """ASL-11: redriven it waits again, where it was; what succeeded is not redriven."""
    execution = waiting(office)
    path = f"/executions/{execution}"
    assert office.post(f"{path}/redrive").refusal == (409, "processes.not_redrivable")
    office.act(f"{path}/stop", {})
    assert ended(office, execution)["redrivable"]
    office.act(f"{path}/redrive")
    assert at(office, execution, "Approve")["redrives"] == 1
    office.act(f"{path}/messages", {"key": "approval", "value": "orders/7", "data": {}})
    assert until(office, execution, lambda shown: shown["status"] == "succeeded")["redrivable"] is False
    assert [(one["state"], one["outcome"]) for one in office.items(f"{path}/timeline")] == [
        ("Begin", "succeeded"),
        ("Approve", "aborted"),
        ("Approve", "succeeded"),
        ("Done", "succeeded"),
    ]


def test_what_runs_of_a_workflow_that_is_removed_is_stopped_with_it(office: Office) -> None:
    execution = waiting(office)
    made = office.items("/workflows")[0]
    assert office.delete(f"/workflows/{made['id']}", made["version"]).status == 204
    assert ended(office, execution)["status"] == "aborted"
    assert office.post(f"/executions/{execution}/redrive").refusal == (404, "not_found")


def test_what_is_done_by_hand_is_told(office: Office) -> None:
    """ERP-10: by the workflow, with the execution among the facts."""
    execution = waiting(office)
    office.act(f"/executions/{execution}/stop", {})
    ended(office, execution)
    office.act(f"/executions/{execution}/redrive")
    office.served.container.dispatch()
    made = office.items("/workflows")[0]["id"]
    told = office.items(f"/workflows/{made}/audit?sort=sequence")
    assert [one["event"] for one in told][1:] == [
        "processes.execution_started",
        "processes.execution_stopped",
        "processes.execution_redriven",
        "processes.execution_aborted",
    ]
    assert told[1]["facts"] == {"id": made, "workflow": "waits", "execution": execution, "reference": "orders/7"}


@pytest.mark.parametrize("suffix", ["", ".svg", ".mmd"])
def test_a_workflow_is_drawn_as_the_path_or_the_header_asks(office: Office, suffix: str) -> None:
    """ASL-12: SVG and Mermaid."""
    made = workflow(office, WAITS, "waits")
    path = f"/workflows/{made['id']}/diagram{suffix}"
    drawn = {accept: office.get(path, accept=accept) for accept in ("*/*", "text/vnd.mermaid", "image/svg+xml")}
    kinds = [one.headers["content-type"].partition(";")[0] for one in drawn.values()]
    svg, text = "image/svg+xml", "text/vnd.mermaid"
    assert kinds == {"": [svg, text, svg], ".svg": [svg] * 3, ".mmd": [text] * 3}[suffix]
    for one in drawn.values():
        assert one.body.startswith(b"<svg" if "svg" in one.headers["content-type"] else b"stateDiagram-v2")
        assert b"Approve" in one.body
        assert b"class=" not in one.body


def test_a_drawing_of_an_execution_shows_where_it_has_been_and_is(office: Office) -> None:
    """ASL-12: visited, current, failed."""
    execution = waiting(office)
    path = f"/executions/{execution}/diagram"
    lines = office.get(f"{path}.mmd").body.decode().splitlines()
    names = dict(re.findall(r'state "(\w+)" as (s\d)', "\n".join(lines)))
    assert [line.strip() for line in lines if line.startswith("    class ")] == [
        f"class {names['Begin']} been",
        f"class {names['Approve']} now",
    ]
    drawn = office.get(f"{path}.svg").body.decode()
    assert (drawn.count('class="been"'), drawn.count('class="now"')) == (1, 1)
    workflow(office, one(FAIL), "fails")
    failed = started(office, "fails")
    ended(office, failed)
    assert office.get(f"/executions/{failed}/diagram").body.decode().count('class="failed"') == 1


def test_what_should_have_gone_on_is_found(served: Served) -> None:
    """ORC-07: where nothing advances executions, one is overdue at once."""
    office = served.company()
    workflow(office, OTHER, "idle")
    execution = started(office, "idle")
    assert [one["id"] for one in office.items("/executions/stuck?seconds=0")] in ([], [execution])
    office.served.container.workflows.engine.clock = _Later()
    try:
        assert [one["id"] for one in office.items("/executions/stuck")] == [execution]
        assert served.company().items("/executions/stuck") == []
    finally:
        office.served.container.workflows.end()
    assert office.items("/executions/stuck") == []


class _Later:
    """A clock of the far future."""

    def now(self) -> int:
        return 4_102_444_800_000


def test_who_may_only_look_changes_nothing(office: Office) -> None:
    """ERP-14: the rights are those of workflows and executions, to read and to write."""
    execution = waiting(office)
    reader = office.served.clerk(office.company, frozenset({Right.EXECUTIONS_READ}))
    assert reader.get(f"/executions/{execution}").status == 200
    for path, body in ((f"/executions/{execution}/stop", {}), ("/executions", {"workflow": "waits"})):
        assert reader.post(path, body).refusal == (403, "rights.missing")
    assert reader.get("/workflows").refusal == (403, "rights.missing")
    assert office.get(f"/executions/{execution}")["status"] == "waiting"
