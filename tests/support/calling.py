"""The application called in process, with one change of threads a request; starlette's own client makes eight."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import anyio
import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message


class OneHop(httpx2.BaseTransport):
    """Runs a request on the loop of a client that is open, and gives the answer when it is whole."""

    def __init__(self, client: TestClient, app: ASGIApp, peer: tuple[str, int]) -> None:
        self._client = client
        self._app = app
        self._peer = peer

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Call the application. What it raises is raised here."""
        portal = self._client.portal
        assert portal is not None, "the client is used inside its with block"
        exchange = _Exchange(request.read())
        portal.call(exchange.run, self._app, self._scope(request))
        assert exchange.status, "the application gave no answer"
        body = b"" if request.method == "HEAD" else b"".join(exchange.chunks)
        return httpx2.Response(exchange.status, headers=exchange.headers, content=body, request=request)

    def _scope(self, request: httpx2.Request) -> dict[str, Any]:
        url = request.url
        return {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": url.raw_path.split(b"?", 1)[0],
            "root_path": "",
            "scheme": url.scheme,
            "query_string": url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": self._peer,
            "server": [url.host, url.port or 80],
            "state": self._client.app_state.copy(),
        }


class _Exchange:
    """One request and its answer, as ASGI tells them; the client stays until the answer is complete."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self._body: bytes | None = body

    async def run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        self._complete = anyio.Event()
        await app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self._body is None:
            await self._complete.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body}

    async def _send(self, message: Message) -> None:
        assert not self._complete.is_set(), f"{message['type']} after the answer was complete"
        if message["type"] == "http.response.start":
            assert not self.status, "a second answer"
            self.status = message["status"]
            self.headers = list(message.get("headers", ()))
            return
        assert self.status, f"{message['type']} before the answer began"
        self.chunks.append(bytes(message.get("body", b"")))
        if not message.get("more_body", False):
            self._complete.set()


class Caller(TestClient):
    """Starlette's client with that transport; what it does besides, its life span above all, stays."""

    def __init__(self, app: ASGIApp, *, base_url: str, peer: str = "testclient") -> None:
        super().__init__(app, base_url=base_url, client=(peer, 50000))
        self._transport = OneHop(self, self.app, (peer, 50000))
