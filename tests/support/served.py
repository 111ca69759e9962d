"""The program itself as a process: a demo company on SQLite, served over HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
DEMO_EMAIL = "demo@example.com"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server and how to sign in there."""

    url: str
    password: str = field(repr=False)
    email: str = DEMO_EMAIL


def program(*arguments: str, data: Path, text: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, with ``text`` on its standard input and ``data`` for its files."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(data), "LOG_LEVEL": "WARNING", "LC_ALL": "C.UTF-8", **env},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def printed_password(output: str) -> str:
    """Find the password a command printed once."""
    found = re.search(r"^password (\S+)$", output, re.MULTILINE)
    assert found is not None, output
    return found[1]


@contextmanager
def served_demo(data: Path) -> Iterator[Served]:
    """Serve a fresh demo company from ``data``; afterwards the server must have stopped well on SIGTERM."""
    demo = program("demo", data=data)
    assert demo.returncode == 0, demo.stderr
    with running(data) as url:
        yield Served(url, printed_password(demo.stdout))


@contextmanager
def running(data: Path, **env: str) -> Iterator[str]:
    """Serve what ``env`` says from ``data``, and give the URL; afterwards it must have stopped well on SIGTERM."""
    port = str(free_port())
    settings = {**os.environ, "DATA_DIR": str(data), "LOG_LEVEL": "INFO", "PORT": port, **env}
    command = [sys.executable, "-m", "app", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            assert any("running on" in line for line in server.stdout), "the server did not start"
            drain = threading.Thread(target=server.stdout.read, daemon=True)
            drain.start()
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
        drain.join()
    # Uvicorn shuts down in order and then lets the signal end the process.
    assert server.returncode in {0, -signal.SIGTERM}
