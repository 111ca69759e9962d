"""Answers that are drawn: described in a request's thread, drawn in one of a few others, stopped with the client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from anyio import CancelScope, create_task_group
from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.provide import Provided, Run
from app.api.respond import names_tag
from app.api.schemas.shared import Language
from app.api.shell import Shell
from app.api.threads import in_thread
from app.api.uploads import disposition
from app.usecases.context import CancellationToken, Context, Deadline
from app.usecases.papers import Printing, Wanted
from app.usecases.ports.papers import KeptPaper

PDF: Final = "application/pdf"
PRINT_SECONDS: Final = 30
"""How long a paper may take from the request on: the limit of all work outside the database."""
AT_ONCE: Final = 2
"""Papers drawn at once: each takes a core, and requests are to be served beside them."""
Value = TypeVar("Value")

Locale = Annotated[
    Language | None, Query(description="Language of the paper; left out: that of whom it is for, else the caller's")
]


class PaperRun(Run):
    """A use case that describes a paper, bound to one request."""

    __slots__ = ()

    def send(self, build: Callable[[], Any]) -> Response:
        """Give the answer that prints the paper, or sends the one that is kept."""
        clock = self._shell.container.clock
        # A token of its own: whoever still waits for this request's other work is not stopped by it.
        limit = Deadline(PRINT_SECONDS, clock.monotonic)
        context = replace(self.context, deadline=limit, token=CancellationToken())
        ask = partial(self._shell.container.runner.call, context, self._case, build)
        return Drawn(self._shell, context, ask, self._if_none_match)


class PaperProvided(Provided):
    """Entry for those who may read a document, to its paper."""

    async def __call__(self, request: Request) -> PaperRun:
        """Give the use case bound to the request."""
        return PaperRun(request, self.case, None)


def provide_paper(case: type[Any]) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that lets in whom ``case`` allows and provides a ``PaperRun`` of it."""
    return Depends(PaperProvided(case))


class Drawn(Response):
    """A paper, drawn before its first byte is sent, so that what is refused is a problem.

    Between two of its steps it holds neither a thread nor a connection. When the client leaves while it is drawn, or
    its time is over, drawing stops at its next look, and nothing is kept.
    """

    def __init__(self, shell: Shell, context: Context, ask: Callable[[], Wanted], if_none_match: str | None) -> None:
        super().__init__()
        self._shell = shell
        self._context = context
        self._ask = ask
        self._if_none_match = if_none_match

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer. Raises what the use case and the printer raise, Overloaded."""
        failed: Exception | None = None
        answer: Response | None = None
        async with create_task_group() as group:
            group.start_soon(self._watch, receive, group.cancel_scope)
            try:
                answer = await self._answer()
            except Exception as error:  # noqa: BLE001 - raised below, where no group wraps it
                failed = error
            group.cancel_scope.cancel()
        if self._context.token.cancelled:
            return  # there is nobody to tell
        if failed is not None:
            raise failed
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(self) -> Response:
        wanted = await self._threaded(self._ask)
        kept = wanted.kept or await self._printed(wanted)
        tag = f'"{kept.digest}"'
        if self._if_none_match is not None and names_tag(self._if_none_match, tag):
            return Response(status_code=304, headers={"etag": tag})
        return await self._threaded(partial(self._file, wanted, kept, tag))

    async def _printed(self, wanted: Wanted) -> KeptPaper:
        """Draw a paper when it is its turn, and keep it."""
        container = self._shell.container
        printing = Printing(container.runner, container.files, container.printer, container.clock)
        printed = await in_thread(
            partial(printing.draw, self._context, wanted), self._shell.patience, self._shell.printers
        )
        try:
            return await self._threaded(partial(printing.keep, self._context, printed))
        finally:
            printed.staged.drop()

    async def _threaded(self, call: Callable[[], Value]) -> Value:
        return await in_thread(call, self._shell.patience)

    def _file(self, wanted: Wanted, kept: KeptPaper, tag: str) -> Response:
        pieces: Iterator[bytes] = self._shell.container.files.read(self._context.company, kept.digest)
        headers = {
            "etag": tag,
            "content-length": str(kept.size),
            "content-disposition": disposition(f"{wanted.name}.pdf"),
        }
        return StreamingResponse(pieces, 200, headers, PDF)

    async def _watch(self, receive: Receive, scope: CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._context.token.cancel()
        scope.cancel()
