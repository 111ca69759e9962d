"""Files on their way in and out: multipart bodies written to disk as they arrive, contents sent as they are read.

Bodies are read on the event loop and written in threads of their own, so that a slow client holds neither a request's
thread nor more than a piece of its file in memory.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from anyio import to_thread
from fastapi import Depends
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.api.provide import Provided, Run, context_of, expressed_key
from app.api.refusals import BadInput, BadParameters, FieldProblem, MalformedMultipart, TooLarge, UnsupportedMediaType
from app.api.respond import names_tag
from app.api.shell import Shell, shell_of
from app.api.visit import visit_of
from app.domain.attachments import HEAD_BYTES
from app.domain.shared.objects import ObjectKind
from app.usecases.attachments import AddAttachment, Announced, Content, MeetOwner, ReadContent, Upload, case_of
from app.usecases.context import Context, Deadline
from app.usecases.ports.attachments import Staged
from app.usecases.ports.shared import IdempotencyKey

MULTIPART: Final = "multipart/form-data"
FILE: Final = "file"
OVERHEAD_BYTES: Final = 65_536
"""What a form may have around its file: boundaries and headers."""
_PIECE: Final = 262_144
_LARGEST_ID: Final = 2**63 - 1
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()+,")


@dataclass(slots=True)
class _Part:
    """The headers of one part of a form."""

    field: bytes = b""
    value: bytes = b""
    disposition: bytes = b""
    declared: bytes = b""

    def header(self) -> None:
        """Take the header that was read note of, if it is one that matters."""
        name = self.field.lower()
        if name == b"content-disposition":
            self.disposition = self.value
        elif name == b"content-type":
            self.declared = self.value
        self.field = self.value = b""


class Form:
    """The one file of a multipart form, taken out of its body piece by piece."""

    def __init__(self, boundary: bytes, limit: int) -> None:
        self.name: str | None = None
        self.declared = ""
        self.head = b""
        self.size = 0
        self._limit = limit
        self._ended = False
        self._part = _Part()
        self._pending = bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begun,
                "on_header_field": self._field,
                "on_header_value": self._value,
                "on_header_end": self._headed_one,
                "on_headers_finished": self._headed,
                "on_part_data": self._data,
                "on_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Read on. Raises MalformedMultipart, BadInput for a part that is not the file, TooLarge."""
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise MalformedMultipart from error

    def taken(self, least: int = 1) -> bytes:
        """Give what came of the file since the last time, once it is at least so much."""
        if len(self._pending) < least:
            return b""
        data = bytes(self._pending)
        self._pending.clear()
        return data

    def finish(self) -> None:
        """Pass only a form that ended and had its file. Raises MalformedMultipart, BadInput."""
        if not self._ended:
            raise MalformedMultipart
        if self.name is None:
            raise BadInput([FieldProblem("validation.missing", (FILE,))])

    def _begun(self) -> None:
        self._part = _Part()

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._part.field += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _headed_one(self) -> None:
        self._part.header()

    def _headed(self) -> None:
        _, options = parse_options_header(self._part.disposition)
        field = _text(options.get(b"name", b""))
        if field != FILE or b"filename" not in options or self.name is not None:
            code = "validation.type" if field == FILE and self.name is None else "validation.unknown_field"
            raise BadInput([FieldProblem(code, (field[:100],))])
        self.name = _unescaped(_text(options[b"filename"]))
        self.declared = _text(self._part.declared)[:200]

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.size += end - start
        if self.size > self._limit:
            raise TooLarge(limit=self._limit)
        if len(self.head) < HEAD_BYTES:
            self.head += data[start : min(end, start + HEAD_BYTES - len(self.head))]
        self._pending += data[start:end]

    def _end(self) -> None:
        self._ended = True


def _text(raw: bytes) -> str:
    """Read a header's value as browsers write it, UTF-8; else as HTTP once said, Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _unescaped(name: str) -> str:
    """Give a file's name as it was before a browser wrote it into a form (HTML, multipart/form-data encoding)."""
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


async def receive(shell: Shell, pieces: AsyncIterator[bytes], form: Form, staged: Staged) -> Upload:
    """Write the file of ``form`` to ``staged`` as it arrives, and seal it; the owner is left to the caller.

    Raises as ``Form`` does, and StorageFull. How long the body may take is kept by ``Safety``, for every request.
    """
    in_thread: Callable[..., Any] = partial(to_thread.run_sync, limiter=shell.writers)
    async for piece in pieces:
        form.feed(piece)
        if data := form.taken(_PIECE):
            await in_thread(staged.write, data)
    form.finish()
    if data := form.taken():
        await in_thread(staged.write, data)
    digest, size = await in_thread(staged.seal)
    return Upload(
        owner=0, name=form.name or "", declared=form.declared, head=form.head, digest=digest, size=size, staged=staged
    )


class UploadRun(Run):
    """A use case that takes a file, bound to a request whose file has arrived."""

    __slots__ = ("_upload",)

    def __init__(self, request: Request, case: type[Any], key: IdempotencyKey | None, upload: Upload) -> None:
        super().__init__(request, case, key)
        self._upload = upload

    def store(self, present: Callable[[Any], Any]) -> Response:
        """Run the use case on the file and show what it made; what was not kept is thrown away."""
        try:
            return self(build=lambda: self._upload, present=present)
        finally:
            self._upload.staged.drop()


class UploadProvided(Provided):
    """Entry for those who may attach a file to an object of one kind.

    That the object is there is seen before the body is read: nobody sends 25 MB to learn it is not. The key of a
    repeated request stands for object, name, declared type and SHA-256 of the file.
    """

    def __init__(self, kind: ObjectKind) -> None:
        super().__init__(case_of(AddAttachment, kind))
        self._meet = case_of(MeetOwner, kind)

    async def __call__(self, request: Request) -> UploadRun:
        """Receive the file. Raises NotFound, UnsupportedMediaType, BadIdempotencyKey, and as ``receive``."""
        key = expressed_key(request)
        owner = _owner(request)
        shell, container = shell_of(request), shell_of(request).container
        meet, context = container.cases[self._meet], context_of(request)
        announced = Announced(owner=owner, again=key is not None)
        await to_thread.run_sync(container.runner.call, context, meet, lambda: announced)
        form = Form(boundary_of(request), container.settings.attachment_limit_bytes)
        staged = await to_thread.run_sync(container.files.stage, context.company, limiter=shell.writers)
        try:
            upload = replace(await receive(shell, request.stream(), form, staged), owner=owner)
            _start_anew(request, context, shell)
            return UploadRun(request, self.case, _named(request, key, upload), upload)
        except BaseException:
            staged.drop()
            raise


def _owner(request: Request) -> int:
    """Give the object's id from the path, which is judged here because the body cannot be read twice."""
    ((name, text),) = request.path_params.items()
    if not text.isdecimal() or not text.isascii() or len(text) > 19:
        raise BadParameters([FieldProblem("validation.number", parameter=name)])
    if not 1 <= int(text) <= _LARGEST_ID:
        facts = {"relation": "≥", "limit": 1} if int(text) < 1 else {"relation": "≤", "limit": _LARGEST_ID}
        raise BadParameters([FieldProblem("validation.range", parameter=name, facts=facts)])
    return int(text)


def boundary_of(request: Request) -> bytes:
    """Give the boundary of a multipart body. Raises UnsupportedMediaType, MalformedMultipart."""
    declared, options = parse_options_header(request.headers.get("content-type"))
    if declared != MULTIPART.encode():
        raise UnsupportedMediaType(sent=_text(declared), wanted=MULTIPART)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046, 5.1.1
        raise MalformedMultipart
    return boundary


def _start_anew(request: Request, context: Context, shell: Shell) -> None:
    """Give what follows the usual time: the request's own may have gone into the upload."""
    container = shell.container
    deadline = Deadline(container.settings.request_timeout_s, container.clock.monotonic)
    visit_of(request.scope).context = replace(context, deadline=deadline)


def _named(request: Request, key: str | None, upload: Upload) -> IdempotencyKey | None:
    if key is None:
        return None
    said = "\0".join((request.scope["path"], upload.name, upload.declared, upload.digest))
    return IdempotencyKey(
        key=key,
        route=f"{request.method} {request.scope['route'].path}",
        body_hash=sha256(said.encode("utf-8", "surrogatepass")).hexdigest(),
    )


class DownloadRun(Run):
    """A use case that gives a file, bound to one request."""

    __slots__ = ()

    def send(self, build: Callable[[], Any]) -> Response:
        """Give the file, to be kept and not to be shown: whatever it is, no browser runs it on our origin."""
        self._shell.in_time(self._queued)
        content: Content = self._shell.container.runner.call(self.context, self._case, build)
        found = content.attachment
        tag = f'"{found.digest}"'
        if self._if_none_match is not None and names_tag(self._if_none_match, tag):
            return Response(status_code=304, headers={"etag": tag})
        headers = {"etag": tag, "content-length": str(found.size), "content-disposition": disposition(found.name)}
        return StreamingResponse(content.pieces, 200, headers, found.media_type)


class FileRun(Run):
    """A use case that makes a file, bound to one request: its result has ``name`` and ``content``."""

    __slots__ = ()

    def send(self, build: Callable[[], Any], media_type: str) -> Response:
        """Give the file, to be kept and not to be shown."""
        self._shell.in_time(self._queued)
        made = self._shell.container.runner.call(self.context, self._case, build)
        headers = {"content-disposition": disposition(made.name)}
        return Response(made.content, 200, headers, media_type)


def disposition(name: str) -> str:
    """Give the Content-Disposition of a file called ``name`` (RFC 6266): plain for old readers, and in full."""
    plain = "".join(char if char in _PLAIN else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class DownloadProvided(Provided):
    """Entry for those who may read the attachments of objects of one kind."""

    def __init__(self, kind: ObjectKind) -> None:
        super().__init__(case_of(ReadContent, kind))

    async def __call__(self, request: Request) -> DownloadRun:
        """Give the use case bound to the request."""
        return DownloadRun(request, self.case, None)


class FileProvided(Provided):
    """Entry for those who may have a file made."""

    async def __call__(self, request: Request) -> FileRun:
        """Give the use case bound to the request."""
        return FileRun(request, self.case, None)


def provide_file(case: type[Any]) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that lets in whom ``case`` allows and provides a ``FileRun`` of it."""
    return Depends(FileProvided(case))


def gives_file(media_type: str, about: str) -> dict[str, Any]:
    """Give the route options of an endpoint that answers a file of ``media_type``."""
    name = {"description": "attachment, with its name (RFC 6266)", "schema": {"type": "string"}}
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    answer = {"description": about, "content": content, "headers": {"Content-Disposition": name}}
    return {"status_code": 200, "response_model": None, "response_class": Response, "responses": {200: answer}}


def provide_upload(kind: ObjectKind) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that receives a file for an object of ``kind`` and provides an ``UploadRun``."""
    return Depends(UploadProvided(kind))


def provide_download(kind: ObjectKind) -> Any:  # noqa: ANN401 - as above
    """Give the dependency that provides a ``DownloadRun`` of an attachment of an object of ``kind``."""
    return Depends(DownloadProvided(kind))
