"""The product as a user runs it: migrated, initialised and served by its own commands, on a database of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, make_url, text

from benchmarks import ROOT
from benchmarks.machine import parent, pin
from benchmarks.wire import Account
from tests.support.databases import create_database, drop_database, unique_name
from tests.support.servers import free_port

PATIENCE_S: Final = 60
EMAIL: Final = "bench@example.com"
PASSWORD: Final = "a password for figures only"  # noqa: S105 - of a database that lives for minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How the server process is set: ``threads`` is connections too, ``loop`` and ``http`` are uvicorn's names."""

    threads: int | None = None
    loop: str = "auto"
    http: str = "auto"

    def command(self, port: int) -> list[str]:
        """Give the command that serves."""
        if self.loop == self.http == "auto":
            return [sys.executable, "-m", "app", "serve", "--port", str(port)]
        return [
            *(sys.executable, "-m", "uvicorn", "app.bootstrap:application", "--factory", "--port", str(port)),
            *("--loop", self.loop, "--http", self.http, "--no-access-log", "--no-server-header"),
        ]

    def environment(self) -> dict[str, str]:
        """Give the settings as environment variables."""
        return {} if self.threads is None else {"DB_POOL_SIZE": str(self.threads)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service: where it is, its database, and the processes whose CPU time it costs, the server first."""

    account: Account
    url: str
    roots: tuple[int, ...]


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database, removed afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    name = unique_name("bench")
    try:
        yield create_database(kind, name)
    finally:
        drop_database(kind, name)


def set_up(url: str, folder: Path) -> None:
    """Make schema, keys, company and administrator."""
    words = ("init", "--company", "Bench", "--email", EMAIL, "--password-stdin")
    done = subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=ROOT,
        env=_environment(url, folder),
        input=PASSWORD + "\n",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"init failed:\n{done.stdout}{done.stderr}")


def verified(url: str, folder: Path) -> list[str]:
    """Give what ``tramita verify`` finds wrong with chains, journal and balances; nothing when all is sound."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "verify"],
        cwd=ROOT,
        env=_environment(url, folder),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return [] if done.returncode == 0 else [f"verify: {done.stdout[-1000:]}{done.stderr[-1000:]}"]


@contextmanager
def serving(url: str, folder: Path, cores: set[int], tuning: Tuning) -> Iterator[Service]:
    """Serve the database at ``url`` while the block runs, on ``cores``, log lines going to a file as they would."""
    port = free_port()
    database = database_process(url)
    log = folder / "service.log"
    with log.open("ab") as output:
        server = subprocess.Popen(
            tuning.command(port),
            cwd=ROOT,
            env={**_environment(url, folder), **tuning.environment()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    roots = (server.pid, *([] if database is None else [database]))
    try:
        pin(roots, cores)
        _await(server, port, log)
        yield Service(account=Account(port=port, email=EMAIL, password=PASSWORD), url=url, roots=roots)
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def database_process(url: str) -> int | None:
    """Give the database server's main process on this machine; None for SQLite, which runs in ours."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            match make_url(url).get_backend_name():
                case "postgresql":
                    return parent(int(connection.scalar(text("SELECT pg_backend_pid()")) or 0))
                case "sqlite":
                    return None
                case _:
                    return int(Path(str(connection.scalar(text("SELECT @@pid_file")))).read_text(encoding="ascii"))
    finally:
        engine.dispose()


def _environment(url: str, folder: Path) -> Mapping[str, str]:
    return {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder)}


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the service is ready. Raises RuntimeError with its log when it never is."""
    for _ in range(PATIENCE_S * 10):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=PATIENCE_S):
                return
        except OSError:
            pass
        try:
            # Waiting for its end is the pause: a server that dies at once is told at once.
            server.wait(0.1)
            break
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"the service does not start:\n{log.read_text(encoding='utf-8')[-4000:]}")
