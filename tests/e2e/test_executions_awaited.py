"""Executions that are started and waited for in one request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest

from app.api.starting import Awaited
from app.domain.shared.rights import Right
from app.settings import Settings
from app.usecases.ports.shared import Answer
from tests.support.aws import clouded
from tests.support.clock import FakeClock
from tests.support.office import ON_SQLITE, Office, Reply, Served, serving
from tests.support.workflows import at, workflow

pytestmark = pytest.mark.fast

MANY: Final = 100
FAILS: Final = {"Type": "Fail", "Error": "Broken", "Cause": "It broke"}
ASKS: Final = {"Type": "Message", "CorrelationKey": "approval", "CorrelationValuePath": "$.ref", "End": True}


@pytest.fixture(scope="module")
def running(database_settings: Settings) -> Iterator[Served]:
    with clouded(database_settings) as made:
        yield made


@pytest.fixture
def office(running: Served) -> Office:
    return running.company()


def entered(office: Office, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Enter a workflow of one state."""
    return workflow(office, {"StartAt": "A", "States": {"A": state}}, "one", **more)


def begin(office: Office, wait: int = 60, **headers: str) -> Reply:
    """Start the workflow and wait."""
    return office.post("/executions", {"workflow": "one", "input": {"ref": "7"}, "wait": wait}, **headers)


@contextmanager
def begun(office: Office, wait: int = 60) -> Iterator[tuple[str, Future[Reply]]]:
    """Start the workflow from a thread of its own, which waits; give the execution, and the answer to come."""
    with ThreadPoolExecutor(1) as callers:
        coming = callers.submit(begin, office, wait)
        while not (items := office.items("/executions")):
            pause()
        yield items[0]["id"], coming


def pause() -> None:
    """Let others go on."""
    threading.Event().wait(0.02)


@contextmanager
def elsewhere(office: Office, settings: Settings, **replacements: Any) -> Iterator[Office]:
    """Give the office as another process serves it, where no executions advance."""
    shared = office.served.container.settings
    idle = settings.model_copy(update={"workflows": False, "data_dir": shared.data_dir})
    with serving(idle, **replacements) as other:
        yield Office(other, office.company, office.headers)


@ON_SQLITE
def test_the_answer_comes_with_the_end(office: Office) -> None:
    """ASL-06, ASL-11: what came of it is in the answer to the start, whatever the kind of the workflow."""
    entered(office, {"Type": "Pass", "End": True})
    reply = begin(office)
    assert (reply.status, reply["status"], reply["output"]) == (201, "succeeded", {"ref": "7"})
    assert reply.headers["location"] == f"/api/v1/executions/{reply['id']}"
    assert office.get(f"/executions/{reply['id']}").body == reply.body


@ON_SQLITE
def test_an_execution_that_fails_is_an_answer_like_any_other(office: Office) -> None:
    entered(office, FAILS, kind="EXPRESS")
    reply = begin(office)
    told = ("status", "error", "cause", "output")
    assert (reply.status, [reply[name] for name in told]) == (201, ["failed", "Broken", "It broke", None])


@ON_SQLITE
def test_what_has_not_ended_in_time_is_shown_as_it_stands(database_settings: Settings) -> None:
    """ASL-11: and goes on."""

    class Hasty(FakeClock):
        def monotonic(self) -> float:
            self.advance(0.2)
            return super().monotonic()

    with clouded(database_settings, clock=Hasty()) as served:
        office = served.company()
        entered(office, ASKS)
        reply = begin(office, wait=1)
        assert (reply.status, reply["ended_at"], reply["output"]) == (201, None, None)
        at(office, reply["id"], "A")


@ON_SQLITE
def test_the_same_key_waits_for_the_same_execution(office: Office, database_settings: Settings) -> None:
    """ERP-02: whoever lost the answer asks again, and is shown what has become of it since."""
    entered(office, {"Type": "Pass", "End": True})
    office.served.container.workflows.end()
    with elsewhere(office, database_settings) as idle:
        idle.served.container.draining.set()
        first = begin(idle, idempotency_key="once")
    assert (first.status, first["status"]) == (201, "pending")
    office.served.container.workflows.begin()
    again = begin(office, idempotency_key="once")
    assert (again.status, again["id"], again["status"]) == (201, first["id"], "succeeded")
    assert (again.headers["location"], again.headers["idempotent-replay"]) == (first.headers["location"], "true")
    assert len(office.items("/executions")) == 1
    assert begin(office, wait=59, idempotency_key="once").refusal[1] == "idempotency.key_reused"


@ON_SQLITE
def test_of_an_execution_that_is_kept_no_more_the_start_is_shown_again(
    office: Office, database_settings: Settings
) -> None:
    """ERP-02: the key is remembered for longer than what it stood for."""
    entered(office, {"Type": "Pass", "End": True})
    first = begin(office, idempotency_key="once")
    office.served.container.executions.purge(2**53, 1_000)
    with elsewhere(office, database_settings) as idle:
        idle.served.container.draining.set()
        again = begin(idle, idempotency_key="once")
    assert (again.status, again["id"], again["status"]) == (201, first["id"], "pending")


@ON_SQLITE
def test_a_process_that_stops_answers_those_who_wait(database_settings: Settings) -> None:
    """ERP-09: they are told of the execution as it stands, and ask another process for the rest."""
    with clouded(database_settings) as served:
        office = served.company()
        entered(office, ASKS)
        with begun(office) as (execution, coming):
            at(office, execution, "A")
            served.container.draining.set()
            reply = coming.result(timeout=30)
    assert (reply.status, reply["id"], reply["states"], reply["ended_at"]) == (201, execution, ["A"], None)


@ON_SQLITE
def test_a_hundred_wait_and_others_are_served(office: Office) -> None:
    """ERP-08: there are four request threads and connections; who waits holds none of either."""
    made = entered(office, ASKS)
    database = office.served.container.database
    with ThreadPoolExecutor(MANY) as callers:
        coming = [callers.submit(begin, office) for _ in range(MANY)]
        while office.get("/executions?total=true&limit=1")["total"] < MANY:
            pause()
        assert database.connections()[0] < MANY
        while database.connections()[1]:
            pause()
        assert not any(one.done() for one in coming)
        assert office.delete(f"/workflows/{made['id']}", made["version"]).status == 204
        found = [one.result(timeout=60) for one in coming]
    assert {(reply.status, reply["status"]) for reply in found} == {(201, "aborted")}
    assert len({reply["id"] for reply in found}) == MANY


def test_an_end_that_another_process_brings_about_is_seen(office: Office, database_settings: Settings) -> None:
    """ORC-02: the process that is asked does not advance executions itself."""
    entered(office, {"Type": "Pass", "End": True})
    with elsewhere(office, database_settings) as idle:
        assert begin(idle)["status"] == "succeeded"


@ON_SQLITE
def test_who_may_start_is_shown_the_end(office: Office) -> None:
    """ASL-11: and who may only look starts nothing."""
    entered(office, {"Type": "Pass", "End": True})
    starter = office.served.clerk(office.company, frozenset({Right.EXECUTIONS_WRITE}))
    assert begin(starter)["status"] == "succeeded"
    reader = office.served.clerk(office.company, frozenset({Right.EXECUTIONS_READ}))
    assert begin(reader).refusal == (403, "rights.missing")


@ON_SQLITE
@pytest.mark.parametrize("wait", [0, 61, "10", 1.5])
def test_nobody_waits_for_longer_than_a_minute(office: Office, wait: Any) -> None:
    entered(office, {"Type": "Pass", "End": True})
    refused = begin(office, wait)
    assert (refused.status, refused.pointers) == (422, ["/wait"])
    assert office.items("/executions") == []


@ON_SQLITE
def test_who_has_left_is_sent_nothing(office: Office) -> None:
    """CT-03: and nobody waits on for them."""
    app: Any = office.served.http.app
    container, portal = office.served.container, office.served.http.portal
    assert portal is not None
    sent: list[Any] = []

    async def left() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def wait() -> None:
        answer = Answer(body=b'{"id": "none"}')
        context = container.context_of(office.company)
        await Awaited(app.state.shell, context, answer, lambda shown: shown, 60)({"type": "http"}, left, send)

    portal.call(wait)
    assert sent == []
