"""What happens around every request, in pure ASGI: identity and log line, body limit, the last resort."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import structlog
from anyio import current_time, move_on_after
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.api.addresses import Proxies
from app.api.problems import Problems
from app.api.refusals import InternalError, TooLarge
from app.api.visit import SCOPE_KEY, Visit
from app.usecases.ports.shared import Clock

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LONGEST_PATH: Final = 200
_NO_ANSWER: Final = 499
_BROKEN: Final = 500
_log = structlog.get_logger(source="app.http")

SAFE_HEADERS: Final = (
    (b"api-version", b"1"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


def header(scope: Scope, name: bytes) -> bytes | None:
    """Give the first header called ``name``, in lower case."""
    return next((value for key, value in scope["headers"] if key == name), None)


def _declared(scope: Scope) -> int:
    """Give how many bytes the body is said to have; 0 when nothing is said, or nothing that could be meant."""
    length = header(scope, b"content-length")
    return int(length) if length is not None and length.isdigit() else 0


class Reception:
    """Names each request, puts its id into the log context and the answer, and writes one log line when it is over.

    That line says more than info when the service failed (5xx), and names the ``problem`` that was answered, if any.

    An incoming X-Request-ID is kept when it is sane, so that a trace can start at a proxy. The log line has neither
    query string nor headers nor bodies: they may hold secrets.
    """

    def __init__(self, app: ASGIApp, clock: Clock, request_ids: Callable[[], str], proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies
        self._request_ids = request_ids
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = header(scope, b"x-request-id")
        request_id = sent.decode() if sent and _REQUEST_ID.fullmatch(sent) else self._request_ids()
        client = scope.get("client")
        address = self._proxies.client(client[0], scope["headers"]) if client else ""
        visit = Visit(request_id, self._clock.monotonic(), address)
        scope[SCOPE_KEY] = visit
        status = _NO_ANSWER

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    *SAFE_HEADERS,
                    *visit.notices,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        # What is bound stays: the server runs each request in a context of its own, and logs there what went past us.
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, answered)
        finally:
            self._record(scope, visit, status)

    def _record(self, scope: Scope, visit: Visit, status: int) -> None:
        route = scope.get("route")
        context = visit.context
        more = {} if visit.problem is None else {"problem": visit.problem}
        write = _log.info if status < _BROKEN else _log.warning
        write(
            "request",
            method=scope["method"],
            path=getattr(route, "path", None) or scope["path"][:_LONGEST_PATH],
            status=status,
            ms=round((self._clock.monotonic() - visit.arrived) * 1000, 1),
            actor=context.actor if context is not None else None,
            company=context.company if context is not None else None,
            **more,
        )


class Safety:
    """Caps the body in bytes and seconds; turns what nobody handled into a 500 without detail, and logs the trace.

    ``most`` gives the largest body of a request in bytes and the longest time it may take in seconds.
    """

    def __init__(self, app: ASGIApp, problems: Problems, most: Callable[[Scope], tuple[int, float]]) -> None:
        self._app = app
        self._problems = problems
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, patience = self._most(scope)
        if _declared(scope) > limit:
            response = self._problems.response(Request(scope), TooLarge(limit=limit))
            await response(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, self._counted(receive, limit, patience), noting)
        except Exception:
            _log.exception("unhandled error")
            if started:
                raise
            response = self._problems.response(Request(scope), InternalError())
            await response(scope, receive, send)

    @staticmethod
    def _counted(receive: Receive, limit: int, patience: float) -> Callable[[], Any]:
        """Give ``receive`` with a running count, for bodies that do not declare their length, and an end to waiting."""
        read, whole = 0, False
        until = current_time() + patience

        async def counted() -> Message:
            nonlocal read, whole
            if whole:
                return await receive()
            with move_on_after(until - current_time()) as waiting:
                message = await receive()
            if waiting.cancelled_caught:
                raise HTTPException(408, detail=f"{patience:g}")
            whole = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > limit:
                # FastAPI turns other errors raised while it reads the body into 400.
                raise HTTPException(413, detail=str(limit))
            return message

        return counted
