"""Real processes, scraped as Prometheus does, and judged by its own tool (ERP-14)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from house.base import ROOT
from house.servers import PROMTOOL
from house.servers import program as found
from tests.support.otlp import collector
from tests.support.served import DEMO_EMAIL, printed_password, program
from tests.support.servers import free_port, not_run

pytestmark = pytest.mark.full
PROMETHEUS: Final = ROOT / "docs" / "deploy" / "prometheus"


@pytest.fixture(scope="module")
def promtool() -> str:
    """Give Prometheus' own tool."""
    return str(found(PROMTOOL) or not_run(PROMTOOL))


@dataclass
class Running:
    """A server and what it said."""

    process: subprocess.Popen[str]
    port: int
    metrics: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def listen(self) -> None:
        """Keep every line, telling those who wait for one."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.news:
                self.lines.append(json.loads(line))
                self.news.notify_all()

    def heard(self, event: str, times: int = 1) -> None:
        """Wait until the log has said so."""

        def said() -> bool:
            return sum(event in line["event"] for line in self.lines) >= times

        with self.news:
            assert self.news.wait_for(said, 60), f"never said: {event}"


@contextmanager
def running(data: Path, *arguments: str, metrics: int, **more: str) -> Iterator[Running]:
    """Serve from ``data``; SIGTERM at the end."""
    port = free_port()
    env = {**os.environ, "DATA_DIR": str(data), "LOG_LEVEL": "INFO", "METRICS_PORT": str(metrics), **more}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        server = Running(process, port, metrics)
        ear = threading.Thread(target=server.listen, daemon=True)
        ear.start()
        try:
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            ear.join(10)


def get(url: str, token: str = "", body: dict[str, str] | None = None) -> str:
    """Ask for a page."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, headers)  # noqa: S310 - our own
    with closing(urllib.request.urlopen(asked, timeout=20)) as answer:  # noqa: S310 - likewise
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a demo company's folder and its password."""
    data = tmp_path_factory.mktemp("demo")
    made = program("demo", data=data)
    assert made.returncode == 0, made.stderr
    return data, printed_password(made.stdout)


def test_promtool_accepts_a_scrape_of_a_server_that_has_served(demo: tuple[Path, str], promtool: str) -> None:
    """ERP-14: names, types, helps and units, as Prometheus' own linter wants them."""
    data, password = demo
    with running(data, metrics=free_port()) as server:
        server.heard("running on")
        base = f"http://127.0.0.1:{server.port}"
        token = json.loads(get(f"{base}/auth/token", body={"email": DEMO_EMAIL, "password": password}))["access_token"]
        get(f"{base}/api/v1/third-parties/1", token)
        scraped = get(f"http://127.0.0.1:{server.metrics}/metrics")
        ready = json.loads(get(f"http://127.0.0.1:{server.metrics}/ready"))
    judged = subprocess.run([promtool, "check", "metrics"], input=scraped, capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")
    assert ready["checks"] == {"serving": True, "database": True, "migrations": True}
    families = {family.name: family for family in text_string_to_metric_families(scraped)}
    assert {sample.labels["outcome"] for sample in families["tramita_dispatch_rounds"].samples} == {"done"}
    assert families["tramita_journal_events_waiting"].samples
    assert families["process_resident_memory_bytes"].samples[0].value > 1_000_000
    assert [line["status"] for line in server.lines if line["event"] == "request"] == [200, 200]


def test_several_server_processes_are_several_targets(demo: tuple[Path, str]) -> None:
    """ERP-14: each answers for itself, on the next port."""
    data, _ = demo
    metrics = free_port()
    with running(data, "--workers", "2", metrics=metrics) as server:
        server.heard("startup complete", times=2)
        for port in (metrics, metrics + 1):
            told = {family.name: family for family in text_string_to_metric_families(get_metrics(port))}
            assert told["tramita_build_info"].samples[0].value == 1
        assert len({listener(port) for port in (metrics, metrics + 1)}) == 2


def listener(port: int) -> str:
    """Give the id of the process that listens on a port of this machine, as proc(5) has it."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    inode = next(row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A")
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it ended meanwhile
            if str(opened.readlink()) == f"socket:[{inode}]":
                return opened.parts[2]
    raise AssertionError(f"nobody listens on {port}")


def get_metrics(port: int) -> str:
    return get(f"http://127.0.0.1:{port}/metrics")


def test_a_server_that_is_stopped_sends_its_last_spans_and_its_log_tells_their_traces(demo: tuple[Path, str]) -> None:
    """ERP-14: SIGTERM comes before the batch is full."""
    data, _ = demo
    with collector() as received:
        with running(data, metrics=free_port(), OTEL_EXPORTER_OTLP_ENDPOINT=received.url) as server:
            server.heard("running on")
            with pytest.raises(urllib.error.HTTPError) as refused:
                get(f"http://127.0.0.1:{server.port}/api/v1/third-parties/1", "nonsense")
            refused.value.close()
            server.heard("request")
        (span,) = [one for one in received.spans if one.name == "GET /api/v1/third-parties/{party_id}"]
    (line,) = [one for one in server.lines if one["event"] == "request"]
    assert (line["trace_id"], line["span_id"]) == (span.trace_id.hex(), span.span_id.hex())
    assert (line["status"], line["problem"]) == (401, "identity.token_refused")


@pytest.mark.parametrize(
    ("check", "file"), [("rules", "alerts.yml"), ("config", "prometheus.yml")], ids=["rules", "config"]
)
def test_promtool_accepts_what_is_handed_to_prometheus(promtool: str, check: str, file: str) -> None:
    judged = subprocess.run(
        [promtool, "check", check, file], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_alerts_fire_when_they_should_and_only_then(promtool: str) -> None:
    """ERP-14: tried on series that promtool makes up."""
    support = ROOT / "tests" / "support"
    judged = subprocess.run(
        [promtool, "test", "rules", "alerts.yml"], cwd=support, capture_output=True, text=True, check=False
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
