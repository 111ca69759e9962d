"""Answers that are made while they are sent: one page of rows at a time, and no connection held between two."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from anyio import CancelScope, create_task_group, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.export.formats import Lines, Rows, Workbook
from app.api.shell import Shell
from app.usecases.context import Context, Deadline
from app.usecases.ports.listing import Listing, Page, Query
from app.usecases.run import UseCase

PAGE_ROWS: Final = 1000
PIECE: Final = 256 * 1024
Made = TypeVar("Made")
Pieces = Callable[[], AsyncGenerator[bytes, None]]


class Walk:
    """All rows of a list, page by page by keyset, each page in a transaction of its own and with a deadline of its own.

    A row that is there all the while comes exactly once as long as what it is sorted by does not change; one that comes
    in meanwhile may come or not.
    """

    def __init__(
        self, shell: Shell, context: Context, case: UseCase[Query, Page], listing: Listing, query: Query
    ) -> None:
        self._shell = shell
        self._context = context
        self._case = case
        names = [field.name for field in listing.fields]
        self._keys = [names.index(key.field) for key in query.sort]
        self._query: Query | None = replace(query, limit=PAGE_ROWS)
        self._queued: float | None = shell.container.clock.monotonic()

    @property
    def more(self) -> bool:
        """Whether there is, or may be, another page."""
        return self._query is not None

    async def page(self, make: Callable[[Rows], Made]) -> Made:
        """Read the next page and give ``make(rows)``, made in the same thread.

        Raises what the list raises, Cancelled, and Overloaded when the first page waited too long for its thread.
        """
        # Exports take their turn among themselves first: many of them leave threads to everybody else.
        async with self._shell.exports:
            return await to_thread.run_sync(partial(self._read, make))

    def _read(self, make: Callable[[Rows], Made]) -> Made:
        if self._queued is not None:
            self._shell.in_time(self._queued)
            self._queued = None
        container, query = self._shell.container, self._query
        assert query is not None  # noqa: S101 - the caller asks for more while there is
        limit = Deadline(container.settings.request_timeout_s, container.clock.monotonic)
        page: Page = container.runner.call(replace(self._context, deadline=limit), self._case, lambda: query)
        last = page.rows[-1] if page.more else None
        self._query = None if last is None else replace(query, after=tuple(last[key] for key in self._keys))
        return make(page.rows)


async def lines(walk: Walk, form: Lines) -> AsyncGenerator[bytes, None]:
    """Give a form of lines, a page at a time: nothing is read before what came before it was taken."""
    yield await walk.page(lambda rows: form.head() + form.rows(rows))
    while walk.more:
        yield await walk.page(form.rows)


async def workbook(walk: Walk, book: Callable[[Path], Workbook]) -> AsyncGenerator[bytes, None]:
    """Give a workbook, which is whole on disk before its first byte is given: the format does not allow another way."""
    with TemporaryDirectory(prefix="tramita-export-") as folder:
        made = await to_thread.run_sync(book, Path(folder))
        try:
            while walk.more:
                await walk.page(made.write)
        except BaseException:
            made.drop()
            raise
        await to_thread.run_sync(made.close)
        with made.path.open("rb") as file:
            while piece := await to_thread.run_sync(file.read, PIECE):
                yield piece


class Streamed(Response):
    """An answer in pieces. The first piece is made before the status is sent, so that what is refused is a problem.

    Whatever goes wrong later breaks the connection off before the last chunk: the client sees that the file is not
    whole. When the client leaves, the page being read is stopped and none follows.
    """

    def __init__(self, pieces: Pieces, context: Context, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._pieces = pieces
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the answer. Raises what the making of a piece raises."""
        failed: Exception | None = None
        async with create_task_group() as group:
            group.start_soon(self._watch, receive, group.cancel_scope)
            try:
                await self._send(send)
            except Exception as error:  # noqa: BLE001 - raised below, where no group wraps it
                failed = error
            group.cancel_scope.cancel()
        if failed is not None and not self._context.token.cancelled:
            raise failed

    async def _send(self, send: Send) -> None:
        started = False
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                if not started:
                    started = True
                    await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _watch(self, receive: Receive, scope: CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._context.token.cancel()
        scope.cancel()
