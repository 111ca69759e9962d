"""Executions that are started and waited for: the answer comes with their end, or when its time is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.provide import Provided, Run
from app.api.respond import renderer, respond
from app.api.shell import Shell
from app.api.threads import in_thread
from app.domain.shared.errors import NotFound, Unavailable
from app.usecases.context import Context, Deadline
from app.usecases.ports.shared import Answer
from app.usecases.processes import FollowRun, StartRun

Present = Callable[[Any], BaseModel]


class StartingRun(Run):
    """The use case that starts an execution, bound to one request."""

    __slots__ = ()

    def start(self, build: Callable[[], Any], present: Present, wait: int | None) -> Response:
        """Start, and answer at once, or with the end when that comes within ``wait`` seconds. Raises what Run does."""
        begun = self._answer(build, present, None)
        if wait is None:
            return respond(begun, self._status)
        return Awaited(self._shell, self.context, begun, present, wait)


class StartingProvided(Provided):
    """Entry for those who may start executions."""

    async def __call__(self, request: Request) -> StartingRun:
        """Give the use case bound to the request. Raises BadIdempotencyKey."""
        return StartingRun(request, self.case, await self.key(request))


def provide_start() -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that lets in who may start executions and provides a ``StartingRun``."""
    return Depends(StartingProvided(StartRun))


class Awaited(Response):
    """The answer to a start, sent once the execution has ended or the wait is over; it shows how things stand then.

    Meanwhile it holds neither a thread nor a connection. Where how things stand cannot be read, it is what was answered
    when the execution began: that it did must not be lost.
    """

    def __init__(self, shell: Shell, context: Context, begun: Answer, present: Present, seconds: int) -> None:
        super().__init__(status_code=201)
        self._shell = shell
        self._context = context
        self._begun = begun
        self._present = present
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, and send the answer unless the client has left."""
        execution: str = orjson.loads(self._begun.body)["id"]
        gone, shown = Request(scope, receive).is_disconnected, self._begun
        try:
            await self._shell.ends.wait(self._context.company, execution, self._seconds, gone)
            shown = replace(shown, body=await self._body(execution))
        except (NotFound, Unavailable):
            pass
        if not await gone():
            await respond(shown, self.status_code)(scope, receive, send)

    async def _body(self, execution: str) -> bytes:
        """Give what shows an execution as it stands."""
        container = self._shell.container
        # The request's own deadline may have passed with the wait.
        limit = Deadline(container.settings.request_timeout_s, container.clock.monotonic)
        context, case = replace(self._context, deadline=limit), container.cases[FollowRun]
        shown = renderer(self._present, None)
        look = partial(container.runner.run, context, case, lambda: execution, shown)
        return (await in_thread(look, self._shell.patience)).body
