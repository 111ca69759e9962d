"""Around every request, from outside all else: what it took and how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from anyio import CapacityLimiter, to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.usecases.ports.shared import Clock

if TYPE_CHECKING:
    from fastapi import FastAPI

NO_ROUTE: Final = "none"
NO_ANSWER: Final = 499
OTHER_METHOD: Final = "OTHER"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
Answered = Callable[[str, str, int, float], None]


def route_of(scope: Scope) -> str:
    """Give the template of the route that served a request; one name for all paths there are not."""
    return getattr(scope.get("route"), "path", None) or NO_ROUTE


def method_of(scope: Scope) -> str:
    """Give the method, and one name for all that a client may have made up."""
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD


class RequestWatch:
    """Tells ``answered`` the route, method, status and seconds of each request.

    Requests in flight are counted in ``load``. The event loop alone counts them, so a plain number does.
    """

    def __init__(self, app: ASGIApp, answered: Answered, load: Load, clock: Clock) -> None:
        self._app = app
        self._answered = answered
        self._load = load
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes pass through."""
        load = self._load
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                load.threads = to_thread.current_default_thread_limiter()
            await self._app(scope, receive, send)
            return
        status = NO_ANSWER

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        load.in_flight += 1
        began = self._clock.monotonic()
        try:
            await self._app(scope, receive, noting)
        finally:
            load.in_flight -= 1
            self._answered(route_of(scope), method_of(scope), status, self._clock.monotonic() - began)


class Load:
    """What this process has to do now."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.threads: CapacityLimiter | None = None

    def busy(self) -> int:
        """Give how many request threads are taken."""
        return 0 if self.threads is None else self.threads.borrowed_tokens

    def waiting(self) -> int:
        """Give how many requests wait for a thread."""
        return 0 if self.threads is None else self.threads.statistics().tasks_waiting


def alongside(app: FastAPI, begin: Callable[[], None], end: Callable[[], None]) -> None:
    """Make ``app`` call ``begin`` before it starts, and ``end`` in a thread when everything else has stopped."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def watched(app: FastAPI) -> AsyncIterator[Any]:
        begin()
        try:
            async with inner(app) as state:
                yield state
        finally:
            await to_thread.run_sync(end)

    app.router.lifespan_context = watched
