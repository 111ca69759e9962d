"""The question whether a server lives, as an engine asks it inside the container."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final

import pytest

from app import alive
from app.settings import Settings
from tests.support.command import command
from tests.support.served import ROOT, program, running
from tests.support.servers import free_port

pytestmark = pytest.mark.fast

HEAVY: Final = ("typer", "pydantic", "fastapi", "sqlalchemy", "app.settings", "app.cli", "logging")


@contextmanager
def answering(status: int, raw: bytes = b"") -> Iterator[str]:
    """Serve one answer at any path, or ``raw`` instead of HTTP, and give the base URL."""

    class One(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if raw:
                self.wfile.write(raw)
                return
            self.send_response(status)
            self.send_header("content-length", str(len(self.path)))
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), One) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_listens_everywhere_is_found_on_loopback(tmp_path: Path) -> None:
    """ERP-15, CT-01: the image's own variables are all it takes; 0 while it serves, 1 with the reason afterwards."""
    assert program("migrate", data=tmp_path).returncode == 0
    assert program("init", "--company", "A", "--email", "a@example.com", data=tmp_path).returncode == 0
    with running(tmp_path, HOST="0.0.0.0") as url:  # noqa: S104 - as in the image
        port = url.rpartition(":")[2]
        asked = program("healthcheck", data=tmp_path, HOST="0.0.0.0", PORT=port)  # noqa: S104 - likewise
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, '{"status":"alive"}\n', "")
    gone = program("healthcheck", data=tmp_path, HOST="0.0.0.0", PORT=port)  # noqa: S104 - likewise
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr.startswith(f"error: http://127.0.0.1:{port}/health does not answer: ")


def test_the_question_imports_next_to_nothing() -> None:
    """An engine asks every few seconds: neither the command line nor the settings may be paid for each time."""
    text = f"""
import sys
sys.argv = ["app", "healthcheck", "--url", "http://127.0.0.1:{free_port()}"]
from app.__main__ import main
try:
    main()
except SystemExit as left:
    print(left.code, [name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "1 []\n"


def test_its_defaults_are_those_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ERP-05: it reads HOST and PORT without the settings' help, so that both have to agree."""
    for name in ("HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings(data_dir=tmp_path)
    monkeypatch.setattr(alive, "ask", lambda base: f"asked {base}")
    assert alive.main([alive.COMMAND]) == 0
    assert capsys.readouterr().out == f"asked {alive.beside(settings.host, settings.port)}\n"


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - only told apart
        ("::", "http://[::1]:8000"),
        ("[::]", "http://[::1]:8000"),
        ("fe80::1", "http://[fe80::1]:8000"),
        ("10.0.0.5", "http://10.0.0.5:8000"),
        ("erp.local", "http://erp.local:8000"),
    ],
)
def test_a_server_is_asked_where_it_listens(host: str, base: str) -> None:
    assert alive.beside(host, 8000) == base


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        (["healthcheck"], True),
        (["healthcheck", "--url", "http://a"], True),
        (["healthcheck", "--help"], False),
        (["healthcheck", "--url"], False),
        (["serve"], False),
        ([], False),
    ],
)
def test_only_the_plain_question_is_taken_from_the_command_line(words: list[str], *, taken: bool) -> None:
    """The rest, its help among it, is the command line's."""
    assert alive.asked(words) is taken


@pytest.mark.parametrize("status", [204, 404, 500, 503])
def test_an_answer_that_is_not_200_is_not_alive(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(status) as url:
        assert alive.main([alive.COMMAND, "--url", url]) == 1
    assert capsys.readouterr().err == f"error: {url}/health answers {status}\n"


def test_what_does_not_speak_http_is_not_alive(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(200, raw=b"SSH-2.0-x\r\n") as url:
        assert alive.main([alive.COMMAND, "--url", url]) == 1
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "127.0.0.1:8000", "ftp://a", "http://", "http://a:port", "http://127.0.0.1:0"]
)
def test_what_is_no_address_of_a_server_is_refused_in_one_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert alive.main([alive.COMMAND, "--url", url]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1


def test_a_base_with_a_path_keeps_it() -> None:
    """A server behind a proxy may live under a path."""
    with answering(200) as url:
        assert alive.ask(f"{url}/erp/") == "/erp/health"


def test_the_command_line_knows_the_question_too(tmp_path: Path) -> None:
    """``--url=...`` and ``--help`` come this way."""
    with answering(200) as url:
        assert command("healthcheck", f"--url={url}", data=tmp_path).stdout == "/health\n"
    gone = command("healthcheck", f"--url={url}", data=tmp_path)
    assert gone.returncode == 1
    assert "does not answer" in gone.stderr
