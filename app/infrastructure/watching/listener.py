"""The internal port of a process: /metrics for Prometheus, /health and /ready for those who cannot ask the API.

It runs in threads of its own, on the standard library's server: it is the same in a process without an event loop,
answers when the loop is held up, and a look into the database holds up nobody.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, ClassVar, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog

from app.infrastructure.watching.quiet import Flag, NoListener
from app.usecases.ports.shared import Clock

FRESH_S: Final = 1.0
PATIENCE_S: Final = 10.0
POLL_S: Final = 0.1
Checks = Callable[[], Mapping[str, bool]]
_JSON: Final = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
_log = structlog.get_logger(source="app.metrics")


class Pages:
    """What is answered on the internal port, as a WSGI application. ``checks`` are asked at most once a second."""

    def __init__(self, figures: WSGIApplication, checks: Checks, draining: Flag, clock: Clock) -> None:
        self._figures = figures
        self._checks = checks
        self._draining = draining
        self._clock = clock
        self._turn = threading.Lock()
        self._known: Mapping[str, bool] = {}
        self._until = float("-inf")

    def __call__(self, asked: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if asked["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self._say(start, "405 Method Not Allowed", {"status": "only GET"})
        match asked.get("PATH_INFO", ""):
            case "/metrics":
                return self._figures(asked, start)
            case "/health":
                return self._say(start, "200 OK", {"status": "alive"})
            case "/ready":
                checks = self._ready()
                passed = all(checks.values())
                told = {"status": "ready" if passed else "not ready", "checks": checks}
                return self._say(start, "200 OK" if passed else "503 Service Unavailable", told)
            case _:
                return self._say(start, "404 Not Found", {"status": "/metrics, /health, /ready"})

    @staticmethod
    def _say(start: StartResponse, status: str, told: Mapping[str, Any]) -> Iterable[bytes]:
        start(status, list(_JSON))
        return [json.dumps(told).encode()]

    def _ready(self) -> Mapping[str, bool]:
        if self._draining.is_set():
            return {"serving": False}
        with self._turn:
            if self._clock.monotonic() >= self._until:
                try:
                    self._known = self._checks()
                except Exception:  # noqa: BLE001 - whatever keeps the checks from answering, work will meet it too
                    _log.warning("readiness cannot be told", exc_info=True)
                    self._known = {"checked": False}
                self._until = self._clock.monotonic() + FRESH_S
            return {"serving": True, **self._known}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking the name service what we are called, which may take long."""
        TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the library's signature
        """Log what the answer to a client broke on, in our own form."""
        _log.warning("the internal port could not answer", exc_info=True)


class _Handler(WSGIRequestHandler):
    timeout: ClassVar[float | None] = PATIENCE_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Write no line: Prometheus and probes come every few seconds."""


class Listener(NoListener):
    """Answers on the first of ``ports`` that is free: each process of one server takes the next, and is watched there.

    0 is any free port. A port that is not to be had is logged and no more: nobody is
    sold nothing because nobody watches.
    """

    def __init__(self, host: str, ports: Sequence[int], pages: WSGIApplication) -> None:
        self._host = host
        self._ports = ports
        self._pages = pages
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it answers on; 0 when it does not."""
        return 0 if self._server is None else self._server.server_port

    def start(self) -> None:
        """Answer from now on."""
        if self._server is not None:
            return
        self._server = next((bound for port in self._ports if (bound := self._bound(port)) is not None), None)
        if self._server is None:
            _log.error("no port for metrics", host=self._host, ports=list(self._ports))
            return
        self._server.set_app(self._pages)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), name="metrics", daemon=True)
        self._thread.start()
        _log.info("metrics", host=self._host, port=self.port)

    def stop(self) -> None:
        """Answer no more; a second call does nothing."""
        server, self._server = self._server, None
        thread, self._thread = self._thread, None
        if server is not None and thread is not None:
            server.shutdown()
            thread.join()
            server.server_close()

    def _bound(self, port: int) -> _Server | None:
        try:
            family, _, _, _, address = socket.getaddrinfo(self._host, port, type=socket.SOCK_STREAM)[0]
            kind = type("_Bound", (_Server,), {"address_family": family})
            bound: _Server = kind((address[0], port), _Handler)
        except OSError:
            return None
        return bound
