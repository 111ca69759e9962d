"""What persons see of jobs over HTTP and may do about them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.domain.identity import ReadyRole, ready_roles
from app.domain.jobs import NewJob, Priority
from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.texts import Texts
from tests.support.jobs import asked, fresh, kill
from tests.support.office import ON_SQLITE, Office, Served

pytestmark = pytest.mark.fast
LOCALES: Final = ("en", "pt-BR", "fr", "es", "de")


def told(office: Office, job: int, event: str) -> list[dict[str, Any]]:
    """Give what the audit has of one job and one event, once all events have their numbers."""
    office.served.container.dispatch()
    return office.items(f"/audit?kind=jobs&object_id={job}&event={event}")


def test_a_job_is_shown_as_it_was_asked_for(office: Office) -> None:
    """ERP-09: who looks finds what is done beside the requests, by id and in the list."""
    kind = fresh("shown")
    (job,) = asked(office, NewJob(kind=kind, payload={"mail": 7}, priority=Priority.HIGH))
    reply = office.get(f"/jobs/{job}")
    shown = reply.body
    assert reply.headers["etag"] == '"1"'
    assert (shown["kind"], shown["status"], shown["payload"], shown["priority"]) == (kind, "waiting", {"mail": 7}, 0)
    assert (shown["attempts"], shown["error"], shown["started_at"], shown["ended_at"]) == (0, "", None, None)
    assert shown["actor_id"] == office.get("/me")["user"]
    (row,) = office.items(f"/jobs?kind={kind}")
    assert {name: shown[name] for name in row} == row


def test_what_the_program_asked_for_is_nobody_s(office: Office) -> None:
    """The list says null as the job itself does."""
    (job,) = asked(office, NewJob(kind=fresh("own")), by=0)
    assert office.get(f"/jobs/{job}")["actor_id"] is None
    assert office.items("/jobs")[0]["actor_id"] is None


def test_the_list_is_newest_first_and_filters_by_kind_state_and_time(office: Office) -> None:
    one, other = fresh("one"), fresh("other")
    (first,) = asked(office, NewJob(kind=one))
    (second,) = asked(office, NewJob(kind=other))
    _, third = asked(office, NewJob(kind=one))
    kill(office, first, "mail.refused")

    def ids(query: str) -> list[int]:
        return [row["id"] for row in office.items(f"/jobs?{query}")]

    assert ids("") == [third, second, first]
    assert ids(f"kind={one}") == [third, first]
    assert ids("status=dead") == [first]
    assert ids("status_ne=dead&sort=id") == [second, third]
    assert ids("error=mail.refused") == [first]
    assert ids("attempts=1") == [first]
    assert ids(f"attempts_lt={2**63 - 1}&priority_gte=1") == [third, second, first]
    assert ids("due_at_gt=2099-01-01T00:00:00Z") == []
    assert office.get("/jobs?status=asleep").status == 400
    assert office.get("/jobs?payload=x").status == 400


def test_jobs_that_are_not_done_are_counted(office: Office) -> None:
    """ERP-15: what piles up is seen by kind and state, with the time the first of them was due."""
    kind = fresh("counted")
    first, *_ = asked(office, *[NewJob(kind=kind) for _ in range(3)])
    due = office.get(f"/jobs/{first}")["due_at"]
    kill(office, first)
    assert office.get("/jobs/counts")["items"] == [
        {"kind": kind, "status": "dead", "count": 1, "oldest_due_at": due},
        {"kind": kind, "status": "waiting", "count": 2, "oldest_due_at": due},
    ]


def test_a_dead_job_is_told_and_has_all_its_attempts_again_when_retried(office: Office) -> None:
    """ERP-09: what failed for good waits for a person, who is told and can have it done after all."""
    kind = fresh("died")
    (job,) = asked(office, NewJob(kind=kind))
    kill(office, job, "mail.refused")
    (died,) = told(office, job, "jobs.died")
    assert died["facts"] == {"id": job, "kind": kind, "attempts": 1, "error": "mail.refused"}
    dead = office.get(f"/jobs/{job}").body
    assert (dead["status"], dead["error"], dead["attempts"]) == ("dead", "mail.refused", 1)
    assert dead["ended_at"] is not None
    waiting = office.act(f"/jobs/{job}/retry")
    assert (waiting["status"], waiting["attempts"], waiting["ended_at"]) == ("waiting", 0, None)
    assert waiting["version"] == dead["version"] + 1
    (retried,) = told(office, job, "jobs.retried")
    assert retried["actor_id"] == office.get("/me")["user"]


def test_a_waiting_job_is_called_off_and_the_audit_says_by_whom(office: Office) -> None:
    (job,) = asked(office, NewJob(kind=fresh("called off")))
    canceled = office.act(f"/jobs/{job}/cancel")
    assert canceled["status"] == "canceled"
    assert canceled["ended_at"] is not None
    (row,) = told(office, job, "jobs.canceled")
    assert row["actor_id"] == office.get("/me")["user"]
    assert office.act(f"/jobs/{job}/retry")["status"] == "waiting"


@pytest.mark.parametrize("locale", LOCALES)
@ON_SQLITE
def test_a_step_that_the_state_forbids_is_refused_in_the_caller_s_language(office: Office, locale: str) -> None:
    """ERP-04: 409 with code and words; nothing changes."""
    (job,) = asked(office, NewJob(kind=fresh("forbidden")))
    for steps in (("retry",), ("cancel", "cancel")):
        for step in steps[:-1]:
            office.act(f"/jobs/{job}/{step}")
        before = office.get(f"/jobs/{job}").body
        reply = office.post(f"/jobs/{job}/{steps[-1]}", accept_language=locale)
        assert reply.refusal == (409, "state.invalid_transition")
        assert reply["title"] == Texts().text(locale, "state.invalid_transition.title", {})
        assert office.get(f"/jobs/{job}").body == before


@pytest.mark.parametrize("locale", LOCALES)
@ON_SQLITE
def test_a_job_is_not_retried_beside_another_for_the_same_thing(office: Office, locale: str) -> None:
    """409: two that do the same at once are what the unique text is there against."""
    kind = fresh("beside")
    (first,) = asked(office, NewJob(kind=kind, unique="order:7"))
    office.act(f"/jobs/{first}/cancel")
    asked(office, NewJob(kind=kind, unique="order:7"))
    reply = office.post(f"/jobs/{first}/retry", accept_language=locale)
    assert reply.refusal == (409, "jobs.already_there")
    assert reply["title"] == Texts().text(locale, "jobs.already_there.title", {})
    assert kind in reply["detail"]
    assert office.get(f"/jobs/{first}")["status"] == "canceled"


def test_a_job_that_never_was_is_not_found(office: Office) -> None:
    for reply in (
        office.get("/jobs/999999999"),
        office.post("/jobs/999999999/retry"),
        office.post("/jobs/999999999/cancel"),
    ):
        assert reply.refusal == (404, "not_found")
    assert office.get("/jobs/0").status == 400


@ON_SQLITE
def test_who_may_look_may_not_touch_and_readers_may_neither(served: Served, office: Office) -> None:
    """ERP-13: jobs are an administrator's; a ready reader sees none of them."""
    (job,) = asked(office, NewJob(kind=fresh("guarded")))
    steps = [f"/jobs/{job}/retry", f"/jobs/{job}/cancel"]
    looks = ["/jobs", "/jobs/counts", f"/jobs/{job}"]
    watcher = served.clerk(office.company, frozenset({Right.JOBS_READ}))
    for path in looks:
        assert watcher.get(path).status == 200
    for path in steps:
        refused = watcher.post(path)
        assert refused.refusal == (403, "rights.missing")
        assert refused["facts"] == {"right": "jobs.write"}
    roles = {role.name: role.rights for role in ready_roles()}
    reader = served.clerk(office.company, roles[ReadyRole.READER])
    assert {reader.get(path).status for path in looks} | {reader.post(path).status for path in steps} == {403}
    granted = {name for name, rights in roles.items() if rights & {Right.JOBS_READ, Right.JOBS_WRITE}}
    assert granted == {ReadyRole.ADMINISTRATOR}
    assert {Right.JOBS_READ, Right.JOBS_WRITE} <= ALL_RIGHTS
    assert office.get(f"/jobs/{job}")["status"] == "waiting"
