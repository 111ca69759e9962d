"""The database server dies under load and comes back: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import make_url

from tests.support.served import printed_password, program, running
from tests.support.servers import OwnServer

CLIENTS = 8
EMAIL = "fault@example.com"
LONGEST_S = 60
ON_EACH = [
    pytest.param("postgresql", 1, marks=pytest.mark.fast),
    pytest.param("postgresql", 5, marks=pytest.mark.full),
    pytest.param("mariadb", 5, marks=pytest.mark.full),
]


@dataclass
class Load:
    """Clients that each send one order after the other, the same again until it is acknowledged."""

    url: str
    headers: dict[str, str]
    party: int
    lock: Any = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: dict[str, int] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    changed: Any = None

    def __post_init__(self) -> None:
        self.changed = threading.Condition(self.lock)

    def client(self, number: int) -> None:
        """Send until told to stop."""
        with httpx.Client(base_url=self.url, timeout=LONGEST_S, headers=self.headers) as http:
            turn = 0
            while not self.stop.is_set():
                turn += 1
                self.one(http, f"c{number}-{turn}")

    def one(self, http: httpx.Client, name: str) -> None:
        """Send one order until it is there."""
        line = {"description": "Work", "quantity": "1", "unit_price": "1", "vat_rate": "0"}
        body = {"party_id": self.party, "note": name, "lines": [line]}
        while True:
            answer = http.post("/api/v1/orders", json=body, headers={"idempotency-key": name})
            with self.changed:
                self.answers[answer.status_code] += 1
                if answer.status_code == 201:
                    self.acknowledged[name] = answer.json()["id"]
                elif answer.status_code != 503 or "retry-after" not in answer.headers:
                    self.wrong.append(f"{answer.status_code} {answer.text}")
                self.changed.notify_all()
                if answer.status_code == 201 or self.wrong:
                    return

    def reached(self, count: int) -> None:
        """Return when so many orders are acknowledged."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.acknowledged) >= count or self.wrong, LONGEST_S), self.answers

    def refused(self, count: int) -> None:
        """Return when so many requests were turned away."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.answers[503] >= count or self.wrong, LONGEST_S), self.answers


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    made = OwnServer(request.param)
    yield made
    made.close()


@pytest.mark.parametrize(("server", "deaths"), ON_EACH, indirect=["server"])
def test_a_server_that_dies_and_comes_back_costs_nothing_but_time(
    server: OwnServer, deaths: int, tmp_path: Path
) -> None:
    """Design 3, 7: 503 with Retry-After while it is gone, no wrong 2xx, and recovery without a restart of ours."""
    url = make_url(server.url).render_as_string(hide_password=False)
    words = ("init", "--company", "Acme", "--email", EMAIL)
    made = program(*words, data=tmp_path, DATABASE_URL=url)
    assert made.returncode == 0, made.stderr
    password = printed_password(made.stdout)
    with running(tmp_path, DATABASE_URL=url, JWT_LIFETIME_S="3600") as base, httpx.Client(base_url=base) as http:
        token = http.post("/auth/token", json={"email": EMAIL, "password": password}).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        party = http.post("/api/v1/third-parties", json={"name": "C", "customer": True}, headers=headers).json()["id"]
        load = Load(base, headers, party)
        clients = [threading.Thread(target=load.client, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for _ in range(deaths):
                load.reached(len(load.acknowledged) + 50)
                server.kill()
                load.refused(load.answers[503] + 30)
                assert http.get("/health").status_code == 200
                assert _until(http, ready=False)["database"] is False
                server.start()
                load.reached(len(load.acknowledged) + 50)
        finally:
            load.stop.set()
            for client in clients:
                client.join(LONGEST_S)
        assert not load.wrong
        assert set(load.answers) == {201, 503}
        assert _until(http, ready=True)["database"] is True
        assert sorted(_ids(http, headers)) == sorted(load.acknowledged.values())


def _until(http: httpx.Client, *, ready: bool) -> dict[str, bool]:
    """Ask the readiness probe, which remembers its last answer for a second, until it says so."""
    while True:
        answer = http.get("/ready")
        if (answer.status_code == 200) == ready:
            checks: dict[str, bool] = answer.json()["checks"]
            return checks


def _ids(http: httpx.Client, headers: dict[str, str]) -> Iterator[int]:
    """Give the id of every order there is."""
    after: dict[str, str] = {}
    while True:
        page = http.get("/api/v1/orders", params={"limit": "200", **after}, headers=headers).json()
        yield from (row["id"] for row in page["items"])
        if page["next"] is None:
            return
        after = {"after": page["next"]}
