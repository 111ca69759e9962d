"""The server of the HTTP API, and the processes it runs in; a signal lets them end without losing anything (CT-04).

On SIGTERM or SIGINT the process says so at /ready and claims no more jobs, and those it has are worked off from that
moment on. It goes on serving for DRAIN_NOTICE_S, so that whoever sends it requests hears of it first; then it takes no
new connection, ends what is under way, and leaves. Further signals change nothing.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from functools import partial
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn
from uvicorn.supervisors import multiprocess

from app.bootstrap import Container
from app.settings import Settings

LONGEST_STOP_S: Final = 25.0
SPARE_S: Final = 1.0
_log = structlog.get_logger(source="app.server")


class DrainingServer(uvicorn.Server):
    """A server that tells first and leaves later, and exits with 0 when it was asked to end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._asked = False
        self._leaves_at: float | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to serve; uvicorn does not tell it of ports that it was given."""
        await super().startup(sockets)
        if sockets is not None and self.started and self.config.workers == 1:
            _log.info("running on several ports", ports=[one.getsockname()[1] for one in sockets])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as uvicorn calls it
        """Take note: the loop sees it within 0.1 s."""
        self._asked = True

    async def on_tick(self, counter: int) -> bool:
        """Begin to stop when asked; tell when to leave."""
        over = await super().on_tick(counter)
        now = asyncio.get_running_loop().time()
        if self._asked and self._leaves_at is None:
            container = _container(self.config)
            self._leaves_at = now + container.settings.drain_notice_s
            _log.info("stopping", notice_s=container.settings.drain_notice_s, jobs=container.pool.held)
            container.drain()
        return over or (self._leaves_at is not None and now >= self._leaves_at)


def _container(config: uvicorn.Config) -> Container:
    app: Any = config.loaded_app
    container: Container = app.state.shell.container
    return container


class DrainingProcess(multiprocess.Process):
    """A server process whose server drains."""

    @property
    def server(self) -> uvicorn.Server:
        """The server, made in the process itself."""
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server


class Fleet(multiprocess.Multiprocess):
    """Several server processes, and one that does jobs beside them if the settings say so."""

    def __init__(self, config: uvicorn.Config, sockets: list[Any], *, jobs: bool) -> None:
        # uvicorn names the class of its processes only here.
        multiprocess.Process = DrainingProcess  # type: ignore[misc]
        super().__init__(config, sockets)
        self._jobs = jobs
        self._worker: subprocess.Popen[bytes] | None = None

    def init_processes(self) -> None:
        """Start the servers and the worker."""
        super().init_processes()
        self._start_worker()

    def keep_subprocess_alive(self) -> None:
        """Start anew what died."""
        super().keep_subprocess_alive()
        if self._worker is not None and self._worker.poll() is not None and not self.should_exit.is_set():
            _log.warning("the process that does jobs died", code=self._worker.returncode)
            self._start_worker()

    def terminate_all(self) -> None:
        """Let all come to their end at the same time."""
        if self._worker is not None:
            self._worker.terminate()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for all."""
        super().join_all()
        if self._worker is not None:
            self._worker.wait()

    def _start_worker(self) -> None:
        if self._jobs:
            self._worker = subprocess.Popen([sys.executable, "-m", "app", "worker"])


def config_of(settings: Settings, host: str, port: int, workers: int) -> uvicorn.Config:
    """Give uvicorn's settings. Requests under way when the notice is over have until 25 s after the signal."""
    return uvicorn.Config(
        "app.bootstrap:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe anybody on this machine; TRUSTED_PROXIES decides
        timeout_graceful_shutdown=int(LONGEST_STOP_S - settings.drain_notice_s - SPARE_S),
    )


def run(config: uvicorn.Config, *, jobs: bool, aws_port: int = 0) -> bool:
    """Serve until a signal, by ``aws_port`` as well if there is one; tell whether it ever served."""
    if config.workers > 1:
        more = [_bound(config.host, aws_port)] if aws_port else []
        Fleet(config, [config.bind_socket(), *more], jobs=jobs).run()
        return True
    server = DrainingServer(config)
    # uvicorn takes one port itself.
    server.run([_bound(config.host, port) for port in (config.port, aws_port)] if aws_port else None)
    return server.started


def _bound(host: str, port: int) -> socket:
    bound = socket(AF_INET6 if ":" in host else AF_INET)
    bound.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.set_inheritable(True)
    return bound


def work(container: Container) -> None:
    """Do jobs until a signal."""

    async def working() -> None:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, partial(_stop, container))
        await container.pool.run()

    container.listener.start()
    container.background.start()
    if container.settings.workflows:
        container.workflows.begin()
    asyncio.run(working())


def _stop(container: Container) -> None:
    if not container.draining.is_set():
        _log.info("stopping", jobs=container.pool.held)
    container.drain()
