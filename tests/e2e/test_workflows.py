"""Workflows over HTTP: entered, judged, changed, published, rolled out, rolled back, removed."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.support.office import ON_SQLITE, Office
from tests.support.workflows import PASS, routed, workflow

pytestmark = [pytest.mark.fast, ON_SQLITE]

TWO: Final = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}}
LOST: Final = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}}
YAML: Final = "# a comment\nStartAt: A\nStates:\n  A: {Type: Pass, End: true}\n"


def entered(office: Office, name: str = "one", **more: Any) -> dict[str, Any]:
    """Enter a workflow."""
    return workflow(office, more.pop("definition", PASS), name, **more)


def two_versions(office: Office) -> tuple[str, int]:
    """Enter a workflow with two versions; give the path of its alias ``live``, and the version seen."""
    made = entered(office, publish=True)
    changed = office.patch(f"/workflows/{made['id']}", {"definition": TWO}, made["version"])
    office.make(f"/workflows/{made['id']}/versions", {})
    return f"/workflows/{made['id']}/aliases/live", changed["version"] + 1


def test_a_workflow_is_shown_as_it_was_entered(office: Office) -> None:
    """ASL-11: the definition as an object, with what was published of it."""
    made = entered(office, publish=True, description="first")
    shown = office.get(f"/workflows/{made['id']}")
    assert (shown.body, shown.headers["etag"]) == (made, '"1"')
    assert (made["name"], made["kind"], made["definition"]) == ("one", "STANDARD", PASS)
    assert [(one["number"], one["description"]) for one in made["versions"]] == [(1, "first")]
    assert office.items("/workflows") == [
        {
            **{name: made[name] for name in ("id", "name", "kind", "created_at", "updated_at", "version")},
            "last_version": 1,
        }
    ]
    again = office.post("/workflows", {"name": "one", "definition": PASS})
    assert (again.refusal, again.pointers) == ((409, "taken"), ["/name"])


@pytest.mark.parametrize("text", [YAML, json.dumps(PASS)], ids=["yaml", "json"])
def test_a_definition_may_be_a_text(office: Office, text: str) -> None:
    """ASL-01: YAML as well as JSON."""
    assert entered(office, definition=text)["definition"] == PASS


@pytest.mark.parametrize(
    ("given", "code", "pointers"),
    [
        ({"definition": LOST}, "processes.bad_definition", ["/definition/States/A/Next"]),
        ({"definition": "StartAt: [A"}, "processes.bad_definition", ["/definition"]),
        ({"definition": "{"}, "processes.bad_definition", ["/definition"]),
        ({"definition": YAML + "StartAt: B\n"}, "processes.bad_definition", ["/definition/StartAt"]),
        ({"definition": {}}, "processes.bad_definition", ["/definition"]),
        ({"name": "a b*"}, "processes.rejected", ["/name"]),
        ({"description": "of nothing"}, "processes.rejected", ["/description"]),
        ({"definition": 7}, "request.invalid_body", None),
        ({"name": ""}, "request.invalid_body", ["/name"]),
    ],
)
def test_what_cannot_be_a_workflow_is_refused_at_its_place(
    office: Office, given: dict[str, Any], code: str, pointers: list[str] | None
) -> None:
    """ASL-11: and nothing is stored."""
    refused = office.post("/workflows", {"name": "one", "definition": PASS, **given})
    assert refused.refusal == (422, code)
    assert pointers in (None, refused.pointers)
    assert office.items("/workflows") == []


def test_a_definition_is_judged_without_being_stored(office: Office) -> None:
    """ASL-12: all findings with code, text and pointer; what is sound says so."""
    judged = office.act("/workflows/validate", {"definition": LOST})
    assert not judged["sound"]
    assert [(one["severity"], one["pointer"]) for one in judged["findings"]][:1] == [("ERROR", "/States/A/Next")]
    assert all(one["code"] and one["message"] for one in judged["findings"])
    assert office.act("/workflows/validate", {"definition": YAML}) == {"sound": True, "findings": []}
    (unread,) = office.act("/workflows/validate", {"definition": "a: [", "kind": "EXPRESS"})["findings"]
    assert (unread["code"], unread["pointer"]) == ("INVALID_YAML_DESCRIPTION", None)
    assert office.items("/workflows") == []


def test_our_own_states_may_be_used_here_whatever_aws_clients_may(office: Office) -> None:
    """ASL-07: a Message state is part of our language."""
    state = {"Type": "Message", "CorrelationKey": "paid", "CorrelationValuePath": "$.id", "End": True}
    assert office.act("/workflows/validate", {"definition": {"StartAt": "M", "States": {"M": state}}})["sound"]


def test_a_change_is_based_on_what_was_seen(office: Office) -> None:
    made = entered(office)
    path = f"/workflows/{made['id']}"
    changed = office.patch(path, {"definition": TWO}, 1)
    assert (changed["definition"], changed["version"]) == (TWO, 2)
    assert changed["revision"] > made["revision"]
    assert office.patch(path, {"definition": PASS}, 1).refusal == (412, "stale")
    assert office.patch(path, {"definition": LOST}, 2).pointers == ["/definition/States/A/Next"]
    assert office.patch(path, {}, 2).body == changed.body
    assert office.delete(path, 1).refusal == (412, "stale")
    assert office.delete(path, 2).status == 204
    assert office.get(path).refusal == (404, "not_found")


def test_what_is_done_now_is_published_once(office: Office) -> None:
    made = entered(office)
    path = f"/workflows/{made['id']}/versions"
    first = office.make(path, {"description": "first"})
    assert office.make(path, {"description": "again"}) == first
    office.patch(f"/workflows/{made['id']}", {"definition": TWO}, 3)
    second = office.make(path, {})
    assert [one["number"] for one in office.items(path)] == [second["number"], first["number"]] == [2, 1]
    assert office.delete(f"{path}/9", 5).refusal == (404, "not_found")
    assert office.delete(f"{path}/1", 4).refusal == (412, "stale")
    assert office.delete(f"{path}/1", 5).status == 204
    assert [one["number"] for one in office.items(path)] == [2]


def test_a_version_is_rolled_out_step_by_step_and_back_at_once(office: Office) -> None:
    """ORC-08: 10, 50, 100 of a hundred; one call sends all starts where they went before the rollout began."""
    path, version = two_versions(office)
    alias = office.put(path, routed((1, 100)), version)
    assert (alias["routes"], alias["former"]) == ([{"version": 1, "weight": 100}], [])
    for step in (10, 50):
        alias = office.put(path, routed((1, 100 - step), (2, step)), alias["version"])
        assert alias["former"] == [{"version": 1, "weight": 100}]
    alias = office.put(path, routed((2, 100)), alias["version"])
    assert (alias["routes"], alias["former"]) == ([{"version": 2, "weight": 100}], [{"version": 1, "weight": 100}])
    back = office.act(f"{path}/rollback")
    assert (back["routes"], back["former"]) == ([{"version": 1, "weight": 100}], [])
    assert office.post(f"{path}/rollback").refusal == (409, "processes.nothing_to_roll_back")
    (listed,) = office.items(path.removesuffix("/live"))
    assert listed == back


def test_a_rollout_is_rolled_back_from_its_middle(office: Office) -> None:
    """ORC-08."""
    path, version = two_versions(office)
    alias = office.put(path, routed((1, 100)), version)
    office.put(path, routed((1, 50), (2, 50)), alias["version"])
    assert office.act(f"{path}/rollback")["routes"] == [{"version": 1, "weight": 100}]


def test_a_version_that_is_gone_is_not_gone_back_to(office: Office) -> None:
    path, version = two_versions(office)
    alias = office.put(path, routed((1, 100)), version)
    alias = office.put(path, routed((2, 100)), alias["version"])
    workflow = path.removesuffix("/aliases/live")
    assert office.delete(f"{workflow}/versions/2", alias["version"]).refusal == (409, "processes.refused")
    assert office.delete(f"{workflow}/versions/1", alias["version"]).status == 204
    assert office.post(f"{path}/rollback").refusal == (404, "not_found")


@pytest.mark.parametrize(
    ("routes", "code", "pointer"),
    [
        (routed((1, 60), (2, 60)), "processes.rejected", "/routes"),
        (routed((1, 50), (1, 50)), "processes.rejected", "/routes"),
        (routed((1, 50), (9, 50)), "unknown_reference", "/routes/1/version"),
        (routed(), "request.invalid_body", "/routes"),
    ],
)
def test_an_alias_leads_to_versions_there_are_by_weights_that_make_a_hundred(
    office: Office, routes: dict[str, Any], code: str, pointer: str
) -> None:
    path, version = two_versions(office)
    refused = office.put(path, routes, version)
    assert (refused.refusal, refused.pointers) == ((422, code), [pointer])


def test_an_alias_is_removed(office: Office) -> None:
    path, version = two_versions(office)
    alias = office.put(path, {**routed((1, 100)), "description": "For all"}, version)
    assert (alias["name"], alias["description"]) == ("live", "For all")
    assert office.put(path, routed((1, 100)), version).refusal == (412, "stale")
    assert office.delete(f"{path}x", alias["version"]).refusal == (404, "not_found")
    assert office.delete(path, alias["version"]).status == 204
    assert office.items(path.removesuffix("/live")) == []


def test_what_is_done_to_a_workflow_is_told(office: Office) -> None:
    """ERP-10: in the change feed and the audit, by the workflow's id."""
    path, version = two_versions(office)
    alias = office.put(path, routed((1, 100)), version)
    alias = office.put(path, routed((2, 100)), alias["version"])
    workflow = path.removesuffix("/aliases/live")
    office.act(f"{path}/rollback")
    office.delete(path, alias["version"] + 1)
    office.delete(f"{workflow}/versions/1", alias["version"] + 2)
    office.delete(workflow, alias["version"] + 3)
    office.served.container.dispatch()
    told = office.items(f"{workflow}/audit?limit=50&sort=sequence")
    assert [one["event"].removeprefix("processes.") for one in told] == [
        "workflow_created",
        "version_published",
        "workflow_changed",
        "version_published",
        "alias_set",
        "alias_set",
        "alias_set",
        "alias_deleted",
        "version_deleted",
        "workflow_deleted",
    ]
    assert told[4]["facts"] == {"id": int(workflow[11:]), "workflow": "one", "alias": "live", "routes": ["1:100"]}
