"""Pictures on their way in and out: read whole, made anew, and only then kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.api.provide import Provided, Run, context_of
from app.api.respond import names_tag
from app.api.threads import in_thread
from app.api.uploads import Form, boundary_of
from app.domain.identity import LOGO_BYTES
from app.usecases.papers import LogoFile, NewLogo


class LogoRun(Run):
    """A use case of the logo, bound to one request; ``picture`` is the file that was sent, if one was."""

    __slots__ = ("_picture",)

    def __init__(self, request: Request, case: type[Any], picture: bytes) -> None:
        super().__init__(request, case, None)
        self._picture = picture

    async def store(self, version: int, present: Callable[[Any], BaseModel]) -> Response:
        """Make the logo and keep it, and show what that made of the settings seen at ``version``.

        Raises BadLogo, LogoTooLarge, StorageFull, Overloaded, and the use case's errors.
        """
        new = await in_thread(partial(self._made, version), self._shell.patience, self._shell.writers)
        try:
            return await in_thread(lambda: self(build=lambda: new, present=present), self._shell.patience)
        finally:
            new.staged.drop()

    def _made(self, version: int) -> NewLogo:
        container, company = self._shell.container, self.context.company
        data = container.images.logo(self._picture)
        staged = container.files.stage(company)
        try:
            staged.write(data)
            digest, size = staged.seal()
        except BaseException:
            staged.drop()
            raise
        return NewLogo(id=company, version=version, digest=digest, size=size, staged=staged)

    def send(self, media_type: str) -> Response:
        """Give the logo's file, to be shown: whatever was sent, it is a picture made here."""
        self._shell.in_time(self._queued)
        found: LogoFile = self._shell.container.runner.call(self.context, self._case, lambda: None)
        tag = f'"{found.digest}"'
        if self._if_none_match is not None and names_tag(self._if_none_match, tag):
            return Response(status_code=304, headers={"etag": tag})
        headers = {"etag": tag, "content-length": str(found.size)}
        return StreamingResponse(found.pieces, 200, headers, media_type)


class LogoProvided(Provided):
    """Entry for those who may see or set the logo. A body is a form with one file, read into memory."""

    async def __call__(self, request: Request) -> LogoRun:
        """Receive the file. Raises UnsupportedMediaType, MalformedMultipart, BadInput, TooLarge."""
        if request.method == "GET":
            return LogoRun(request, self.case, b"")
        form, data = Form(boundary_of(request), LOGO_BYTES), bytearray()
        async for piece in request.stream():
            form.feed(piece)
            data += form.taken()
        form.finish()
        context_of(request).check()
        return LogoRun(request, self.case, bytes(data))


def provide_logo(case: type[Any]) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that lets in whom ``case`` allows and provides a ``LogoRun`` of it."""
    return Depends(LogoProvided(case))
