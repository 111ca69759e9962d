"""What a running service tells: figures on the internal port, and lines in the log (ERP-14)."""

from __future__ import annotations

import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from app.api.addresses import Proxies
from app.api.callers import Callers
from app.api.middleware import Reception, Safety
from app.api.problems import Problems
from app.infrastructure.calendar import CronCalendar
from app.infrastructure.watching.metrics import Metrics
from app.infrastructure.watching.requests import Load, RequestWatch
from app.usecases.jobs import PlanJobs
from app.usecases.ports.jobs import Depth
from house.base import ROOT
from tests.support import scrapes
from tests.support.api import FakeContainer, container
from tests.support.clock import FakeClock
from tests.support.databases import settings_for
from tests.support.lines import lines_of
from tests.support.office import Office, Served, serving
from tests.support.servers import free_port
from tests.support.works import MemoryWorks

pytestmark = pytest.mark.fast
REQUESTS: Final = "tramita_http_requests_total"
PARTY: Final = "/api/v1/third-parties/{party_id}"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path, port: int) -> Iterator[Served]:
    """Give the real application with its internal port, on a database of its own."""
    with serving(settings_for(sqlite_url, tmp_path, metrics_port=port, log_level="INFO")) as running:
        yield running


@pytest.fixture
def house() -> FakeContainer:
    return container()


@pytest.fixture
def office(served: Served) -> Office:
    return served.company()


def scrape(port: int, path: str = "/metrics", **headers: str) -> tuple[int, str, str]:
    """Ask the internal port, as Prometheus does; give status, media type and body."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with closing(urllib.request.urlopen(asked, timeout=10)) as answer:  # noqa: S310 - our own
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with closing(error):
            return error.code, error.headers["content-type"], error.read().decode()


def counted(port: int, name: str, **labels: str) -> float:
    """Give one sample from a scrape; 0 when there is none."""
    for family in text_string_to_metric_families(scrape(port)[2]):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return 0.0


def registry(served: Served) -> Any:
    watch = served.container.watch
    assert isinstance(watch, Metrics)
    return watch.registry


# --- figures ---------------------------------------------------------------------------------------------------------


def test_requests_are_counted_by_template_method_and_status(office: Office, port: int) -> None:
    """ERP-14: real scrapes of a real port."""
    party = office.send("POST", "/third-parties", {"name": "Client", "customer": True})
    for _ in range(3):
        assert office.send("GET", f"/third-parties/{party['id']}").status == 200
    assert office.send("GET", "/third-parties/999999").status == 404
    assert counted(port, REQUESTS, route=PARTY, method="GET", status="200") == 3
    assert counted(port, REQUESTS, route=PARTY, method="GET", status="404") == 1
    assert counted(port, REQUESTS, route="/api/v1/third-parties", method="POST", status="201") == 1
    assert counted(port, "tramita_http_request_duration_seconds_count", route=PARTY, method="GET") == 4
    assert counted(port, "tramita_http_requests_in_flight") == 0


def test_whatever_is_asked_makes_no_series_of_its_own(served: Served, office: Office) -> None:
    """ERP-14: neither ids, nor paths that are none, nor made-up methods can fill the memory of whoever watches."""
    office.send("GET", "/third-parties/1")
    served.http.get("/nothing")
    served.http.request("BREW", "/nothing")
    before = scrapes.samples(scrapes.read(registry(served)))
    for number in range(2, 40):
        office.send("GET", f"/third-parties/{number}")
        served.http.get(f"/nothing/{number}")
        served.http.request(f"BREW{number}", f"/nothing/{number}")
    assert scrapes.samples(scrapes.read(registry(served))) == before
    for method in ("GET", "OTHER"):
        assert scrapes.value(registry(served), REQUESTS, route="none", method=method, status="404") == 39


def test_no_series_tells_of_a_company_or_a_person(served: Served, office: Office) -> None:
    """ERP-14: labels are words of the code."""
    other = served.company()
    for each in (office, other):
        each.send("POST", "/third-parties", {"name": "Mme Untel", "customer": True})
    families = scrapes.read(registry(served))
    assert scrapes.faults(families.values()) == []
    labels = {name for family in families.values() for sample in family.samples for name in sample.labels}
    always = {"route", "method", "status", "le", "kind", "generation", "version", "python", "database", "reason"}
    assert labels - {"schedule"} == always  # other tests have entered schedules, or not


def test_a_client_that_left_is_counted_as_such_and_is_in_flight_no_more() -> None:
    """ERP-14: 499, as in the log."""
    told: list[tuple[str, str, int, float]] = []
    load, clock, during = Load(), FakeClock(), list[int]()

    async def leaves(_scope: Any, _receive: Any, _send: Any) -> None:
        during.append(load.in_flight)
        clock.advance(2)
        raise ConnectionError

    async def nothing(*_: Any) -> Any:
        return None

    watched = RequestWatch(leaves, answered=lambda *one: told.append(one), load=load, clock=clock)
    with pytest.raises(ConnectionError):
        anyio.run(watched, {"type": "http", "method": "GET", "path": "/x"}, nothing, nothing)
    assert told == [("none", "GET", 499, 2.0)]
    assert (during, load.in_flight) == ([1], 0)


def test_requests_that_wait_for_a_thread_are_seen(sqlite_url: str, tmp_path: Path) -> None:
    """ERP-14: saturation, before anybody is turned away."""
    settings = settings_for(sqlite_url, tmp_path, metrics_port=free_port(), db_pool_size=1)
    with serving(settings) as narrow, ThreadPoolExecutor(2) as clients, ExitStack() as held:
        office = narrow.company()
        held.enter_context(narrow.container.works.reading(narrow.container.context_of(office.company)))
        asked = [clients.submit(office.send, "GET", "/third-parties/1") for _ in range(2)]
        while scrapes.value(registry(narrow), "tramita_http_requests_waiting") < 1:
            assert not all(one.done() for one in asked)
        assert scrapes.value(registry(narrow), "tramita_http_threads_busy") == 1
        assert scrapes.value(registry(narrow), "tramita_http_requests_in_flight") == 2
        held.close()
        assert {one.result(30).status for one in asked} == {404}
        assert scrapes.value(registry(narrow), "tramita_http_requests_waiting") == 0


@pytest.mark.usefixtures("served")
def test_prometheus_may_ask_for_either_format(port: int) -> None:
    status, kind, text = scrape(port)
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    assert "# TYPE tramita_http_requests_total counter" in text
    assert scrape(port, accept="application/openmetrics-text; version=1.0.0")[1].startswith("application/openmetrics")


def test_the_internal_port_is_probed_like_the_api_and_ends_with_it(served: Served, port: int) -> None:
    """ERP-15: the same checks; 503 while draining, with the port still open."""
    assert scrape(port, "/health")[0] == 200
    status, _, body = scrape(port, "/ready")
    assert (status, json.loads(body)["checks"]) == (200, {"serving": True, "database": True, "migrations": True})
    served.container.draining.set()
    assert scrape(port, "/ready")[0] == 503
    assert served.http.get("/ready").status_code == 503
    served.container.unwatch()
    with pytest.raises(urllib.error.URLError):
        scrape(port)


def test_each_process_takes_the_next_port_and_one_without_serves_all_the_same(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ERP-14: nobody is sold nothing because nobody watches."""
    settings = settings_for(sqlite_url, tmp_path, metrics_port=free_port(), workers=1)
    several = settings.model_copy(update={"workers": 2})
    with serving(several) as first, serving(several) as second, serving(several) as jobs:
        ports = [one.container.listener.port for one in (first, second, jobs)]
        assert ports == list(several.metrics_ports())
        capsys.readouterr()
        with serving(settings) as another:
            assert another.container.listener.port == 0
            assert another.http.get("/health").status_code == 200
    assert "no port for metrics" in capsys.readouterr().out


def test_without_a_port_there_is_no_listener_and_nothing_is_counted(sqlite_url: str, tmp_path: Path) -> None:
    with serving(settings_for(sqlite_url, tmp_path)) as plain:
        assert plain.container.listener.port == 0
        assert not isinstance(plain.container.watch, Metrics)


def test_the_documentation_lists_every_metric_and_no_other(served: Served, office: Office) -> None:
    """ERP-14: name, type and labels as they are exposed."""
    watch = served.container.watch
    watch.job_ended("mail", "done", 1.0)
    watch.queue_of(lambda: [Depth(kind="mail", state="waiting", count=1)])
    watch.mail_ended("sent")
    watch.paper_printed("invoice", 0.01, 1)
    watch.dispatch_ended(well=True)
    watch.execution_ended("succeeded")
    watch.task_ended("activity", "succeeded", 0.5)
    chore = served.container.chores.named("purge").planned
    container = served.container
    container.call(PlanJobs(container.clock, CronCalendar()), lambda: [chore])
    office.send("GET", "/me")
    known: dict[str, tuple[str, set[str]]] = {}
    for family in registry(served).collect():
        if family.name.startswith("tramita_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            known[name] = (family.type, set(family.samples[0].labels) - {"le"})
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \|([^|]*)\|", page, re.MULTILINE)
    assert {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows} == known


# --- lines ------------------------------------------------------------------------------------------------------------


def who(line: dict[str, Any]) -> Sequence[Any]:
    return [line.get(name) for name in ("request_id", "actor", "company")]


def test_a_line_written_by_a_use_case_in_its_thread_tells_request_actor_and_company(
    served: Served, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERP-14: whatever is logged on the way of a request, by our logger or the standard library's."""
    actor = office.send("GET", "/me")["user"]
    works = served.container.works
    reading = type(works).reading

    def talkative(self: Any, context: Any) -> Any:
        structlog.get_logger("test").info("within")
        logging.getLogger("test").warning("beside")
        return reading(self, context)

    monkeypatch.setattr(type(works), "reading", talkative)
    with lines_of() as lines:
        answer = office.send("GET", "/third-parties/999999", x_request_id="r-77")
    assert answer.status == 404
    assert [line["event"] for line in lines] == ["within", "beside", "request"]
    assert all(who(line) == ["r-77", actor, office.company] for line in lines)
    assert lines[-1]["problem"] == answer["code"]


def test_what_one_caller_left_in_the_log_is_not_told_of_the_next(served: Served, office: Office) -> None:
    """ERP-14: who has not signed in is nobody."""
    with lines_of() as lines:
        office.send("GET", "/third-parties/999999")
        served.http.get("/health")
        served.http.get("/nothing")
    assert [(line["actor"] is None, line["company"]) for line in lines] == [
        (False, office.company),
        (True, None),
        (True, None),
    ]


def test_an_error_nobody_handled_is_told_with_who_met_it_and_its_trace(
    served: Served, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERP-14: a 500 says nothing to the client and everything to the log; its line is more than info."""

    def broken(_self: Any, _context: Any) -> MemoryWorks:
        raise ZeroDivisionError

    office.send("GET", "/me")
    monkeypatch.setattr(type(served.container.works), "reading", broken)
    with lines_of("WARNING") as lines:
        answer = served.http.get("/api/v1/third-parties/7", headers={**office.headers, "x-request-id": "r-500"})
    assert answer.status_code == 500
    assert [line["event"] for line in lines] == ["unhandled error", "request"]
    assert all(who(line)[0] == "r-500" and who(line)[2] == office.company for line in lines)
    assert lines[1]["problem"] == answer.json()["code"]
    assert "ZeroDivisionError" in lines[0]["exception"]
    assert lines[1]["level"] == "warning"


def test_what_the_server_logs_after_an_answer_broke_off_still_tells_the_request(house: FakeContainer) -> None:
    """ERP-14: an error past the first byte goes on to the server, which logs it when all of ours is left."""

    async def breaks(scope: Any, _receive: Any, send: Any) -> None:
        Callers(house).anonymous(Request(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    async def nothing(*_: Any) -> Any:
        return None

    async def server() -> None:
        layers = Safety(breaks, Problems(house.texts), lambda _scope: (1, 1.0))
        reception = Reception(layers, house.clock, lambda: "r-8", Proxies(()))
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/x", "headers": [], "client": None}
        try:
            await reception(scope, nothing, nothing)
        except ZeroDivisionError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")

    with lines_of() as lines:
        anyio.run(server)
    assert [line["event"] for line in lines] == ["unhandled error", "request", "Exception in ASGI application"]
    assert {line["request_id"] for line in lines} == {"r-8"}
    assert lines[2]["actor"] == 0
