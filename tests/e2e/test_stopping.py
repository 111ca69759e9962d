"""Real processes, stopped and killed in the middle of their jobs: nothing is lost, nothing is done twice (CT-04)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from sqlalchemy import text

from tests.support.databases import empty_database, looking
from tests.support.served import DEMO_EMAIL, ROOT, printed_password, program, running
from tests.support.smtp import SmtpSink

pytestmark = [
    pytest.mark.slow_on_servers,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True),
]
JOBS: Final = 50
AT_ONCE: Final = 5
WAIT_S: Final = 60
FILE: Final = "tramita.db"
ENV: Final = {
    "SMTP_HOST": "127.0.0.1",
    "SMTP_TLS": "off",
    "MAIL_FROM": "books@acme.example",
    "CHORES": "false",
    "DRAIN_NOTICE_S": "0",
}


def either(fast: signal.Signals) -> pytest.MarkDecorator:
    """Give each signal in turn: at every change one of them, the other in the full run; both end in one handler."""
    marks = {signal.SIGTERM: pytest.mark.full, signal.SIGINT: pytest.mark.full, fast: pytest.mark.fast}
    return pytest.mark.parametrize("stop", [pytest.param(stop, marks=mark) for stop, mark in marks.items()])


@dataclass(frozen=True)
class House:
    """An installation with letters waiting, none of them begun."""

    data: Path
    url: str
    env: dict[str, str]

    def look(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the database past the application."""
        with looking(self.url).connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def states(self) -> Counter[str]:
        """Count the letters' jobs by state."""
        return Counter(row[0] for row in self.look("SELECT status FROM jobs WHERE kind = 'mail.send'"))

    def letters(self) -> Counter[str]:
        """Count the letters by state."""
        return Counter(row[0] for row in self.look("SELECT status FROM mails"))

    @contextmanager
    def working(self, **env: str) -> Iterator[subprocess.Popen[str]]:
        """Run a process that does jobs."""
        given = {**os.environ, **self.env, "LOG_LEVEL": "INFO", **env}
        command = [sys.executable, "-m", "app", "worker"]
        with subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            reading = threading.Thread(target=worker.stdout.read, daemon=True)
            reading.start()
            try:
                yield worker
            finally:
                worker.kill()
                worker.wait()
                reading.join()

    def claimed(self, mail: SmtpSink) -> None:
        """Wait until five letters are at the mail server and all others are claimed."""
        for _ in range(AT_ONCE):
            assert mail.arrived.acquire(timeout=WAIT_S)
        look = threading.Event()
        while self.states() != {"running": AT_ONCE, "claimed": JOBS - AT_ONCE}:
            look.wait(0.02)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of such an installation on SQLite, to be copied."""
    folder = tmp_path_factory.mktemp("letters")
    _fill(folder, f"sqlite:///{folder / FILE}")
    return folder


def _fill(data: Path, url: str) -> None:
    demo = program("demo", data=data, DATABASE_URL=url)
    assert demo.returncode == 0, demo.stderr
    given = {**ENV, "DATABASE_URL": url, "JOBS": "false"}
    with running(data, **given) as served, httpx2.Client(base_url=served, timeout=WAIT_S) as http:
        _ask_for_letters(http, printed_password(demo.stdout))


@pytest.fixture
def house(database_kind: str, tmp_path: Path, mail: SmtpSink, request: pytest.FixtureRequest) -> Iterator[House]:
    """Give an invoice, and fifty letters that are to take it to its customer."""
    with ExitStack() as stack:
        if database_kind == "sqlite":
            shutil.copytree(request.getfixturevalue("template"), tmp_path, dirs_exist_ok=True)
            url = f"sqlite:///{tmp_path / FILE}"
        else:
            url = stack.enter_context(empty_database(database_kind, tmp_path))
            _fill(tmp_path, url)
        env = {**ENV, "DATABASE_URL": url, "DATA_DIR": str(tmp_path), "SMTP_PORT": str(mail.port)}
        made = House(tmp_path, url, env)
        assert made.states() == {"waiting": JOBS}
        mail.open.clear()
        yield made
        mail.open.set()


def _ask_for_letters(http: httpx2.Client, password: str) -> None:
    tokens = http.post("/auth/token", json={"email": DEMO_EMAIL, "password": password}).json()
    http.headers["authorization"] = f"Bearer {tokens['access_token']}"

    def make(path: str, body: dict[str, Any]) -> Any:
        answer = http.post(f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    party = make("/third-parties", {"name": "Reader", "customer": True, "email": "reader@example.org"})
    line = {"description": "Advice", "quantity": "1", "unit_price": "10", "vat_rate": "20"}
    invoice = make("/invoices", {"party_id": party["id"], "lines": [line]})
    make(f"/invoices/{invoice['id']}/validate", {})
    for _ in range(JOBS):
        make(f"/invoices/{invoice['id']}/send", {})


def ids_of(mail: SmtpSink) -> Counter[str]:
    """Count the messages taken by their Message-ID."""
    return Counter(str(message["Message-ID"]) for message in mail.messages)


@either(signal.SIGTERM)
def test_all_that_was_claimed_is_done_after_the_signal(house: House, mail: SmtpSink, stop: signal.Signals) -> None:
    """CT-04, ERP-09: fifty claimed, five of them running; each letter once at the server and once in the books."""
    with house.working() as worker:
        house.claimed(mail)
        worker.send_signal(stop)
        worker.send_signal(stop)  # a second one changes nothing
        mail.open.set()
        assert worker.wait(WAIT_S) == 0
    assert sorted(ids_of(mail).values()) == [1] * JOBS
    assert house.states() == {"done": JOBS}
    assert house.letters() == {"sent": JOBS}
    assert house.look("SELECT count(*) FROM job_workers") == [(0,)]


@pytest.mark.fast
def test_what_does_not_fit_is_handed_back_and_done_by_the_next(house: House, mail: SmtpSink) -> None:
    """CT-04, ERP-09: after the drain a job waits again; only letters that were at the server may come twice."""
    with house.working(DRAIN_S="0.5") as worker:
        house.claimed(mail)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WAIT_S) == 0
    assert house.states() == {"waiting": JOBS}
    _done_by_another(house, mail)


@pytest.mark.fast
def test_what_a_killed_process_held_is_taken_over_at_once(house: House, mail: SmtpSink) -> None:
    """CT-04: kill -9; effects in the database once, every letter at least once, and again only what was in flight."""
    with house.working() as worker:
        house.claimed(mail)
        worker.kill()
        worker.wait()
    assert house.states() == {"running": AT_ONCE, "claimed": JOBS - AT_ONCE}
    took_over = _done_by_another(house, mail)
    again = house.look("SELECT attempts, count(*) FROM jobs WHERE kind = 'mail.send' GROUP BY attempts ORDER BY 1")
    assert again == [(1, JOBS - AT_ONCE), (2, AT_ONCE)]
    assert took_over < 1.0


def _done_by_another(house: House, mail: SmtpSink) -> float:
    """Let a second process do all that is left, and see that nothing is lost nor needlessly repeated.

    Gives the seconds from its entry to the first job it began again, by the clock of the database.
    """
    mail.open.set()
    with house.working() as worker:
        look = threading.Event()
        while house.states() != {"done": JOBS}:
            look.wait(0.02)
        ((entered,),) = house.look("SELECT max(started_at) FROM job_workers")
        ((began,),) = house.look("SELECT min(started_at) FROM jobs WHERE attempts = 2")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WAIT_S) == 0
    counted = ids_of(mail)
    assert len(counted) == JOBS
    assert sum(counted.values()) - JOBS <= AT_ONCE
    assert house.letters() == {"sent": JOBS}
    if began is None:
        return 0.0
    taken = began - entered  # SQLite keeps microseconds
    return float(taken.total_seconds() if isinstance(taken, timedelta) else taken / 1e6)


@either(signal.SIGINT)
def test_a_server_says_that_it_stops_before_it_does(house: House, mail: SmtpSink, stop: signal.Signals) -> None:
    """ERP-15, CT-04: /ready answers 503 while the socket is open and requests are served; then all jobs are done."""
    given = {**os.environ, **house.env, "LOG_LEVEL": "INFO", "DRAIN_NOTICE_S": "2", "PORT": "0"}
    command = [sys.executable, "-m", "app", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            url = next(line for line in server.stdout if "running on" in line).partition("running on ")[2].split()[0]
            reading = threading.Thread(target=server.stdout.read, daemon=True)
            reading.start()
            with httpx2.Client(base_url=url, timeout=WAIT_S) as http:
                house.claimed(mail)
                assert http.get("/ready").json()["checks"]["jobs"] is True
                server.send_signal(stop)
                while (ready := http.get("/ready")).status_code == 200:
                    pass
                assert ready.status_code == 503
                assert ready.json()["checks"]["serving"] is False
                assert http.get("/health").status_code == 200
                with httpx2.Client(base_url=url, timeout=WAIT_S) as newcomer:
                    assert newcomer.get("/health").status_code == 200  # the socket is open to others too
            mail.open.set()
            assert server.wait(WAIT_S) == 0
        finally:
            server.kill()
    assert sorted(ids_of(mail).values()) == [1] * JOBS
    assert house.states() == {"done": JOBS}
