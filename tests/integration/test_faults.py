"""Connections that are all taken, clients that stall, disks that are full, clocks that jump: told, and survived."""

from __future__ import annotations

import json
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text

from app.domain.shared.ids import UserId
from app.infrastructure import clock as clocks
from app.infrastructure.clock import OffsetClock
from app.infrastructure.database.migrate import plain_engine
from app.settings import Settings
from app.usecases.sales import ReadOrder
from tests.support.databases import context_of, settings_for
from tests.support.office import Office, free_line, serving
from tests.support.served import Served as Demo
from tests.support.served import served_demo

pytestmark = pytest.mark.fast
stopwatch = OffsetClock().monotonic
NOW: Final = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


# --- everything is taken --------------------------------------------------------------------------------------------


def test_with_all_connections_taken_a_request_is_turned_away_and_probes_are_not(database_settings: Settings) -> None:
    """Design 7: 503 with Retry-After after the pool's time-out (2 s unless set); /health and /ready are well."""
    assert Settings.model_fields["db_pool_timeout_s"].default == 2.0
    few = database_settings.model_copy(update={"db_pool_size": 2})
    with serving(few, patience=0.3) as served:
        office = served.company()
        database = served.container.database
        held = [database.connection() for _ in range(2)]
        try:
            began = stopwatch()
            reply = office.get("/orders")
            took = stopwatch() - began
            assert (reply.status, reply["code"], reply.headers["retry-after"]) == (503, "busy", "1")
            assert 0.25 < took < 10
            assert served.http.get("/health").status_code == 200
            assert served.http.get("/ready").json()["status"] == "ready"
        finally:
            for connection in held:
                connection.close()
        assert office.get("/orders").status == 200


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_with_all_threads_taken_a_request_is_turned_away_in_time(
    database_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design 7: it does not wait for a thread longer than for a connection, and never touches the database."""
    few = database_settings.model_copy(update={"db_pool_size": 2})
    entered, go_on = threading.Semaphore(0), threading.Event()
    execute: Callable[..., Any] = ReadOrder.execute

    def stuck(self: ReadOrder, *arguments: Any) -> Any:
        entered.release()
        assert go_on.wait(30)
        return execute(self, *arguments)

    with serving(few, patience=0.3) as served, ThreadPoolExecutor(2) as pool:
        office = served.company()
        order = office.order([free_line("1")], validated=False)["id"]
        monkeypatch.setattr(ReadOrder, "execute", stuck)
        readers = [pool.submit(office.get, f"/orders/{order}") for _ in range(2)]
        assert all(entered.acquire(timeout=10) for _ in readers)
        try:
            for path in ("/orders", "/reports/sales?by=month", f"/orders/{order}"):
                began = stopwatch()
                reply = office.get(path)
                assert reply.refusal == (503, "request.overloaded"), path
                assert stopwatch() - began < 10
            assert office.get("/orders?zz=1").status == 400
            assert served.http.get("/ready").json()["status"] == "ready"
        finally:
            go_on.set()
        assert [reader.result(30).status for reader in readers] == [200, 200]
        assert office.get("/orders").status == 200


# --- clients that take their time -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Serve a demo company in a process of its own, bodies having two seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUEST_TIMEOUT_S", "2")
        patch.setenv("DB_POOL_SIZE", "2")
        with served_demo(tmp_path_factory.mktemp("demo")) as made:
            yield made


@pytest.fixture
def token(demo: Demo) -> str:
    answer = httpx.post(f"{demo.url}/auth/token", json={"email": demo.email, "password": demo.password})
    return str(answer.json()["access_token"])


def connect(demo: Demo) -> socket.socket:
    """Open a raw connection to the server."""
    host, _, port = demo.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def head(verb: str, path: str, token: str, *more: str) -> bytes:
    """Give the head of a request."""
    lines = [f"{verb} {path} HTTP/1.1", "host: x", f"authorization: Bearer {token}", *more, "", ""]
    return "\r\n".join(lines).encode()


def test_a_client_that_stalls_in_its_body_holds_nobody_up_and_is_told_off(demo: Demo, token: str) -> None:
    """Twenty stall, with two threads: others are served meanwhile, and the twenty get 408 after the time allowed."""
    start = head("POST", "/api/v1/orders", token, "content-type: application/json", "content-length: 100")
    stalled = [connect(demo) for _ in range(20)]
    try:
        for one in stalled:
            one.sendall(start + b'{"party_id"')
        with httpx.Client(base_url=demo.url, headers={"authorization": f"Bearer {token}"}) as http:
            for _ in range(5):
                began = stopwatch()
                assert http.get("/api/v1/orders").status_code == 200
                assert stopwatch() - began < 2
        for one in stalled:
            told = one.makefile("rb").read()
            assert told.startswith(b"HTTP/1.1 408 ")
            assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "request.too_slow"
    finally:
        for one in stalled:
            one.close()


def test_a_client_that_does_not_read_its_answer_holds_nobody_up(demo: Demo, token: str) -> None:
    """Ten ask for far more than their windows take, with two threads, and read nothing."""
    ask = head("GET", "/openapi.json", token) * 50 + head("GET", "/api/v1/products?limit=200", token) * 50
    slow = [connect(demo) for _ in range(10)]
    try:
        for one in slow:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.sendall(ask)
        with httpx.Client(base_url=demo.url, headers={"authorization": f"Bearer {token}"}, timeout=10) as http:
            for _ in range(5):
                assert http.get("/api/v1/orders").status_code == 200
    finally:
        for one in slow:
            one.close()


def test_a_body_that_is_too_large_is_refused_however_it_is_sent(demo: Demo, token: str) -> None:
    """413 with Content-Length before a byte of it, and 413 in chunks at the limit, over a real connection."""
    with closing(connect(demo)) as one:
        large = ("content-type: application/json", "content-length: 999999999")
        one.sendall(head("POST", "/api/v1/orders", token, *large))
        assert one.recv(100).startswith(b"HTTP/1.1 413 ")
    with httpx.Client(base_url=demo.url, headers={"authorization": f"Bearer {token}"}) as http:
        pieces = (b" " * 65_536 for _ in range(40))
        headers = {"content-type": "application/json"}
        assert http.post("/api/v1/orders", content=pieces, headers=headers).status_code == 413
        assert http.get("/api/v1/orders").status_code == 200


# --- a database that cannot write -----------------------------------------------------------------------------------


@contextmanager
def own(sqlite_url: str, folder: Path) -> Iterator[Office]:
    """Give a company in a SQLite file of the test's own."""
    with serving(settings_for(sqlite_url, folder, db_pool_size=2)) as served:
        office = served.company()
        office.warehouse()
        yield office


@contextmanager
def no_space(office: Office, folder: Path) -> Iterator[None]:
    """Let no file of this process grow, as a full disk would: SQLite meets a write that fails."""
    del office
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in folder.glob("*.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def no_pages(office: Office, folder: Path) -> Iterator[None]:
    """Let the database have no more pages than it has: SQLite says that the disk is full."""
    del folder
    with pragma(office, "max_page_count = 1", "max_page_count = 1073741823"):
        yield


@contextmanager
def read_only(office: Office, folder: Path) -> Iterator[None]:
    """Let every connection refuse to write: SQLite says that the file is read-only."""
    del folder
    with pragma(office, "query_only = ON", "query_only = OFF"):
        yield


@contextmanager
def pragma(office: Office, during: str, after: str) -> Iterator[None]:
    """Set every connection of the pool."""

    def tell(words: str) -> None:
        database = office.served.container.database
        held = [database.connection() for _ in range(2)]
        for connection in held:
            connection.dbapi_connection.execute(f"PRAGMA {words}").close()  # type: ignore[union-attr]
            connection.close()

    tell(during)
    yield
    tell(after)


@pytest.mark.parametrize("fault", [no_space, no_pages, read_only])
def test_a_database_that_cannot_write_stores_nothing_by_halves(fault: Any, sqlite_url: str, tmp_path: Path) -> None:
    """Design 3: 503, reads go on, nothing is half there, and it works again when there is space."""
    with own(sqlite_url, tmp_path) as office:
        party, product = office.customer(), office.product("5")
        body = {"party_id": party, "lines": [{**free_line("1"), "description": "x" * 5000} for _ in range(200)]}
        before = len(office.make("/orders", body)["lines"])
        path = f"/orders/{office.items('/orders')[0]['id']}"
        with fault(office, tmp_path):
            refused = [office.post("/orders", body, idempotency_key=f"k{number}") for number in range(3)]
            assert {reply.refusal for reply in refused} == {(503, "unavailable")}
            assert all("retry-after" in reply.headers for reply in refused)
            assert len(office.get(path)["lines"]) == before == 200
            assert len(office.items("/orders")) == 1
            assert office.served.http.get("/health").status_code == 200
        again = [office.post("/orders", body, idempotency_key=f"k{number}") for number in range(3)]
        assert [reply.status for reply in again] == [201] * 3
        assert len(office.items("/orders")) == 4
        assert office.level(product) == "5"
    with plain_engine(sqlite_url).connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


# --- clocks that jump -----------------------------------------------------------------------------------------------


class Jumping:
    """A reference clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        """Give what it was set to."""
        return self.at

    def jump(self, clock: OffsetClock, at: datetime) -> None:
        """Go to ``at``, and return when ``clock`` has followed."""
        self.at = at
        while abs(clock.now() - at) > timedelta(minutes=1):
            threading.Event().wait(0.001)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_database_clock_that_jumps_an_hour_asks_for_a_new_token_at_most(
    database_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design 3: back and forth; who signs in again finds kept answers, and deadlines never looked at that clock."""
    monkeypatch.setattr(clocks, "REMEASURE_SECONDS", 0.0)
    reference = Jumping()
    clock = OffsetClock(reference)
    with serving(database_settings.model_copy(update={"request_timeout_s": 20.0}), clock=clock) as served:
        office = served.company()
        user = UserId(office.get("/me")["user"])
        with served.container.works.reading(context_of(office.company)) as work:
            email = work.users.get(user).email
        body = {"party_id": office.customer(), "lines": [free_line("1")]}
        made = office.post("/orders", body, idempotency_key="k")
        for hours in (1, 0, -1, 1, -1, 0):
            before = office
            reference.jump(clock, NOW + timedelta(hours=hours))
            assert before.get("/orders").status in {200, 401}  # a token of another hour is refused, once looked at
            office = served.signed_in(office.company, email)
            replay = office.post("/orders", body, idempotency_key="k")
            assert (replay.status, replay.body) == (201, made.body)
            assert replay.headers["idempotent-replay"] == "true"
        assert len(office.items("/orders")) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_token_of_an_hour_to_come_is_refused(database_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """ERP-13: after a jump back a token issued before is not yet valid, and after one forth it has expired."""
    monkeypatch.setattr(clocks, "REMEASURE_SECONDS", 0.0)
    reference = Jumping()
    clock = OffsetClock(reference)
    with serving(database_settings, clock=clock) as served:
        issued = [served.company() for _ in range(2)]
        reference.jump(clock, NOW - timedelta(hours=1))
        assert issued[0].get("/me").refusal == (401, "identity.token_refused")
        reference.jump(clock, NOW + timedelta(hours=2))
        assert issued[1].get("/me").refusal == (401, "identity.token_refused")
