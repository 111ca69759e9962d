"""Throwaway servers for one run of the tests: started when asked for, durable as in production, then gone.

The process that runs pytest keeps them; its xdist workers, and whatever else inherits the environment, ask
it for a URL over a socket of its own. A server named by TEST_PG_URL, TEST_MARIADB_URL or TEST_REDIS_URL is
used instead.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Client, Listener
from pathlib import Path
from secrets import token_hex  # noqa: TID251 - a password of this run, no value of a test
from threading import Thread
from types import TracebackType
from typing import Final, NoReturn, Self

import psycopg
import pymysql
import pytest
import redis

from house.servers import ALLOW_MISSING, SERVERS, allowed_to_miss, program

ASK: Final = "TRAMITA_TEST_SERVERS"
NOBODY: Final = 65534
PATIENCE_S: Final = 60
POLL_S: Final = 0.02
_STOP: Final = "stop"


class ServerMissingError(Exception):
    """The server's programs are not on this machine."""


class ServerBrokenError(Exception):
    """The server is here and does not start; the text is the end of its log."""


@cache
def server_admin_url(name: str) -> str:
    """Give the URL of a server's administrator in SQLAlchemy's form, starting the server at the first call.

    ``name`` is ``postgresql``, ``mariadb`` or ``redis``. Raises ServerMissingError or ServerBrokenError.
    """
    if given := os.environ.get(SERVERS[name].variable):
        return given
    with Client(os.environ[ASK], family="AF_UNIX") as line:
        line.send(name)
        answer: str | Exception = line.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def require(name: str) -> str:
    """Give the URL of a server as `server_admin_url` does; one that is not here fails the test by name.

    Where the caller accepted missing servers the test is reported as NOT RUN instead.
    """
    try:
        return server_admin_url(name)
    except ServerMissingError:
        not_run(name)


def not_run(name: str) -> NoReturn:
    """End the test for want of ``name``: as a failure, or as a skip when that was accepted."""
    if allowed_to_miss():
        pytest.skip(f"NOT RUN: {name}")
    pytest.fail(f"NOT RUN: {name}; {ALLOW_MISSING}=1 accepts that", pytrace=False)


class ServerUrls(Mapping[str, str]):
    """The URLs by name; looking one up starts the server."""

    def __getitem__(self, name: str) -> str:
        return require(name)

    def __iter__(self) -> Iterator[str]:
        return iter(SERVERS)

    def __len__(self) -> int:
        return len(SERVERS)


class Keeper:
    """Keeps the servers while its ``with`` block runs; everything is on one thread, so each is started once.

    The servers get the kernel's word when that thread ends, even by SIGKILL, and end with it.
    """

    def __init__(self) -> None:
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=f"tramita-tests-{os.getpid()}-"))
        self.folder.chmod(0o711)
        self._running: dict[str, tuple[str, subprocess.Popen[bytes]]] = {}
        self._listener = Listener(str(self.folder / "ask"), family="AF_UNIX")
        self._thread = Thread(target=self._serve, name="servers", daemon=True)

    def __enter__(self) -> Self:
        os.environ[ASK] = str(self.folder / "ask")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with Client(str(self.folder / "ask"), family="AF_UNIX") as line:
            line.send(_STOP)
        self._thread.join(PATIENCE_S)
        os.environ.pop(ASK, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _serve(self) -> None:
        question = ""
        while question != _STOP:
            # A client that was killed while it asked is no reason to stop keeping.
            with suppress(EOFError, OSError), self._listener.accept() as line:
                question = line.recv()
                if question != _STOP:
                    line.send(self._answer(question))
        self._listener.close()
        for _, process in self._running.values():
            process.kill()
            process.wait()

    def _answer(self, name: str) -> str | Exception:
        """Give the URL of a server, or why there is none; one that has died meanwhile is started anew."""
        if name in self._running and self._running[name][1].poll() is None:
            return self._running[name][0]
        try:
            self._running[name] = START[name](_folder(self.folder, name))
        except (ServerMissingError, ServerBrokenError) as error:
            return error
        return self._running[name][0]


def _sweep() -> None:
    """Remove what runs that were killed have left behind."""
    for folder in Path(tempfile.gettempdir()).glob("tramita-tests-*-*"):
        owner = folder.name.split("-")[2]
        if not Path("/proc", owner).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _folder(parent: Path, name: str) -> Path:
    """Make an empty folder only the server's user can enter."""
    folder = parent / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


def _launch(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a server's program in ``folder``, without root's rights, its output going to ``log`` there.

    It has a session of its own, so that Ctrl-C reaches the tests and not their servers.
    """
    found = program(command[0])
    if found is None:
        raise ServerMissingError(command[0])
    until_we_die = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
    return _spawn([*until_we_die, str(found), *command[1:]], folder)


def _spawn(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    root = os.geteuid() == 0
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=NOBODY if root else None,
            group=NOBODY if root else None,
            extra_groups=[] if root else None,
        )


def _complete(command: Sequence[str], folder: Path) -> None:
    """Run a program to its end."""
    if _launch(command, folder).wait(PATIENCE_S):
        raise ServerBrokenError(_end_of_log(folder))


def _await(process: subprocess.Popen[bytes], folder: Path, answers: Callable[[], object]) -> None:
    """Return when ``answers`` no longer raises. A server that ends or stays mute is broken."""
    for _ in range(int(PATIENCE_S / POLL_S)):
        with suppress(psycopg.OperationalError, pymysql.err.OperationalError, redis.ConnectionError):
            answers()
            return
        # Waiting for its end is the pause: a server that dies at once is told at once.
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
            break
    process.kill()
    raise ServerBrokenError(_end_of_log(folder))


def _end_of_log(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:]


def free_port() -> int:
    """Give a TCP port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _secret(folder: Path, name: str, text: str) -> Path:
    """Write a file only the server's user can read: any other user of the machine can reach its port."""
    file = folder / name
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    if os.geteuid() == 0:
        os.chown(file, NOBODY, NOBODY)
    return file


def _postgresql(folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start PostgreSQL. Only the making of its files is unsynced: a crash later finds everything on disk."""
    password, port = token_hex(16), free_port()
    secret = _secret(folder, "password", password)
    initdb = ["initdb", "-D", "data", "-U", "tramita", "--auth=password", f"--pwfile={secret}"]
    _complete([*initdb, "--encoding=UTF8", "--locale=C", "--no-sync"], folder)
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "200",
        "timezone": "UTC",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = _launch(["postgres", "-D", "data", *options], folder)
    plain = f"postgresql://tramita:{password}@127.0.0.1:{port}/postgres"
    _await(process, folder, lambda: psycopg.connect(plain, connect_timeout=5).close())
    return plain.replace("postgresql://", "postgresql+psycopg://"), process


def _mariadb(folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start MariaDB. The accounts of the installation give way to one with a password."""
    password, port = token_hex(16), free_port()
    accounts = _secret(
        folder,
        "accounts.sql",
        "DELETE FROM mysql.global_priv WHERE User IN ('root', '');\n"
        "FLUSH PRIVILEGES;\n"
        f"CREATE USER IF NOT EXISTS tramita@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON *.* TO tramita@'127.0.0.1' WITH GRANT OPTION;\n",
    )
    data = f"--datadir={folder / 'data'}"
    _complete(["mariadb-install-db", "--no-defaults", data, "--skip-test-db", "--skip-name-resolve"], folder)
    settings = {
        "port": port,
        "bind-address": "127.0.0.1",
        "socket": "server.sock",
        "pid-file": folder / "pid",
        "init-file": accounts,
        "max-connections": 200,
        "character-set-server": "utf8mb4",
        "default-time-zone": "+00:00",
        "innodb-flush-log-at-trx-commit": 1,
        "innodb-doublewrite": 1,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    process = _launch(["mariadbd", "--no-defaults", data, "--skip-name-resolve", *options], folder)
    _await(
        process,
        folder,
        lambda: pymysql.connect(
            host="127.0.0.1", port=port, user="tramita", password=password, connect_timeout=5
        ).close(),
    )
    # It has no certificate; to read the machine's for every connection takes longer than to connect.
    asked = "charset=utf8mb4&ssl_disabled=true"
    return f"mysql+pymysql://tramita:{password}@127.0.0.1:{port}/mysql?{asked}", process


def _redis(folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start Redis, each write on disk before it is answered."""
    password, port = token_hex(16), free_port()
    settings = _secret(
        folder,
        "redis.conf",
        f"port {port}\nbind 127.0.0.1\nrequirepass {password}\nsave ''\nappendonly yes\nappendfsync always\n",
    )
    process = _launch(["redis-server", str(settings)], folder)
    with redis.Redis(port=port, password=password) as client:
        _await(process, folder, client.ping)
    return f"redis://:{password}@127.0.0.1:{port}/0", process


START: Final[dict[str, Callable[[Path], tuple[str, subprocess.Popen[bytes]]]]] = {
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "redis": _redis,
}


class OwnServer:
    """A server of one test's own, to be killed as a power cut would and started again on the same data and port."""

    def __init__(self, name: str) -> None:
        if not all(map(program, SERVERS[name].programs)):
            not_run(name)
        self._parent = Path(tempfile.mkdtemp(prefix=f"tramita-tests-{os.getpid()}-"))
        self._parent.chmod(0o711)
        self._folder = _folder(self._parent, name)
        self.url, self._process = START[name](self._folder)

    def kill(self) -> None:
        """End the server and all its processes at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def start(self) -> None:
        """Start it again; it recovers while its clients already knock."""
        arguments = self._process.args
        assert isinstance(arguments, list)
        self._process = _spawn(arguments, self._folder)

    def close(self) -> None:
        """End it for good."""
        self.kill()
        shutil.rmtree(self._parent, ignore_errors=True)
