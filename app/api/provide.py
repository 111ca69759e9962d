"""What endpoints are given: the caller's context, their use case ready to run, the version a change is based on."""

import re
from collections.abc import Callable, Sized
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from app.api.refusals import BadIdempotencyKey, BadPrecondition, PreconditionRequired, TooManyLines
from app.api.respond import renderer, respond
from app.api.shell import Shell, shell_of
from app.api.visit import visit_of
from app.domain.access import PersonRequired
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Answer, IdempotencyKey

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_TAG: Final = re.compile(r'"(0|[1-9][0-9]{0,17})"')


class Run:
    """One use case bound to one request; calling it runs the use case and gives the response."""

    __slots__ = ("_case", "_if_none_match", "_key", "_path", "_queued", "_shell", "_status", "context")

    def __init__(self, request: Request, case: type[Any], key: IdempotencyKey | None) -> None:
        self._shell: Shell = shell_of(request)
        self._case = self._shell.container.cases[case]
        self._key = key
        self._path: str = request.scope["path"]
        self._status: int = request.scope["route"].status_code or 200
        self._if_none_match = request.headers.get("if-none-match") if request.method == "GET" else None
        self._queued = self._shell.container.clock.monotonic()
        self.context = context_of(request)

    @property
    def case(self) -> Any:  # noqa: ANN401 - of the class the endpoint asked for
        """The use case itself, for what it prepares before its transaction."""
        return self._case

    def limit(self, lines: Sized | None, name: str = "lines") -> None:
        """Pass only a document of at most LINES_LIMIT lines. Raises TooManyLines at ``name``."""
        most = self._shell.container.settings.lines_limit
        if lines is not None and len(lines) > most:
            raise TooManyLines(at=(name,), limit=most)

    def __call__(
        self,
        build: Callable[[], Any],
        present: Callable[[Any], BaseModel | None],
        *,
        location: str | None = None,
    ) -> Response:
        """Run the use case on ``build()`` and show ``present(result)``; None shows no body.

        A 201 has its ``location``: a path with ``{id}``, by default the one posted to followed by the id. Raises the
        use case's errors, and Overloaded when the request waited too long for its thread.
        """
        return respond(self._answer(build, present, location), self._status, self._if_none_match)

    def _answer(
        self, build: Callable[[], Any], present: Callable[[Any], BaseModel | None], location: str | None
    ) -> Answer:
        self._shell.in_time(self._queued)
        if location is None and self._status == 201:
            location = self._path + "/{id}"
        return self._shell.container.runner.run(self.context, self._case, build, renderer(present, location), self._key)


class Entry:
    """How an endpoint is entered. The route asks ``admit`` before it reads the body; FastAPI calls the entry after.

    ``right`` is what the caller must hold, ``public`` says that nobody needs to be signed in, ``keyed`` that an
    Idempotency-Key is honoured. ``lists`` says that the query string is read against a listing instead of declared
    parameters. ``about`` describes the endpoint when it does not do so itself. ``personal`` keeps API keys out,
    ``anyway`` lets those in who must change their password first, ``limited`` says that failed attempts are counted.
    """

    right: Right | None = None
    public: bool = False
    keyed: bool = False
    lists: bool = False
    about: str = ""
    personal: bool = False
    anyway: bool = False
    limited: bool = False

    async def admit(self, request: Request) -> None:
        """Find out who calls. Raises TokenRefused, MissingRight, PersonRequired, PasswordChangeRequired."""
        callers = shell_of(request).callers
        if self.public:
            callers.anonymous(request)
            return
        context = await callers.identified(request, anyway=self.anyway)
        if self.personal and context.api_key is not None:
            raise PersonRequired
        if self.right is not None:
            context.require(self.right)


class Identified(Entry):
    """Entry for everybody who is signed in; gives the context."""

    def __init__(self, *, personal: bool = False, anyway: bool = False, limited: bool = False) -> None:
        self.personal = personal
        self.anyway = anyway
        self.limited = limited

    async def __call__(self, request: Request) -> Context:
        """Give the caller's context."""
        return context_of(request)


class Anybody(Identified):
    """Entry for everybody; the context is that of nobody in particular."""

    public = True


class Provided(Entry):
    """Entry for those who hold the right of a use case; gives it ready to run.

    A use case without a right is public, except a ``personal`` one: it is about the caller alone. The
    answer of one that is ``secret`` is stored under no Idempotency-Key.
    """

    def __init__(self, case: type[Any], *, keyed: bool = True, personal: bool = False) -> None:
        self.case = case
        self.right = case.right
        self.public = case.right is None and not personal
        self.keyed = keyed and not getattr(case, "secret", False)
        self.personal = personal
        self.about = case.__doc__ or ""

    async def __call__(self, request: Request) -> Run:
        """Give the use case bound to the request. Raises BadIdempotencyKey."""
        return Run(request, self.case, await self.key(request))

    async def key(self, request: Request) -> IdempotencyKey | None:
        """Give what the caller calls the request, None for no name. Raises BadIdempotencyKey."""
        key = expressed_key(request) if self.keyed else None
        if key is None:
            return None
        # The template names the route; which object was meant is part of what must be the same on a replay.
        digest = sha256(request.scope["path"].encode() + b"\0" + await request.body())
        return IdempotencyKey(
            key=key, route=f"{request.method} {request.scope['route'].path}", body_hash=digest.hexdigest()
        )


def provide(case: type[Any], *, keyed: bool = True, personal: bool = False) -> Any:  # noqa: ANN401 - what Depends is
    """Give the dependency that lets in whom ``case`` allows and provides a ``Run`` of it.

    ``keyed=False`` is for answers that hold a secret, which must not be kept for an Idempotency-Key; ``personal`` for
    what no API key may do.
    """
    return Depends(Provided(case, keyed=keyed, personal=personal))


def expressed_key(request: Request) -> str | None:
    """Give the Idempotency-Key of a POST, if it has one. Raises BadIdempotencyKey."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return None
    if not _KEY.fullmatch(key):
        raise BadIdempotencyKey
    return key


def context_of(request: Request) -> Context:
    """Give the context that ``admit`` found."""
    context = visit_of(request.scope).context
    assert context is not None  # noqa: S101 - the route admits before anything else runs
    return context


async def expected_version(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description='The version seen, as its ETag gave it: `"3"`')
    ] = None,
) -> int:
    """Give the version a change is based on. Raises PreconditionRequired, BadPrecondition (weak tags and ``*`` too)."""
    if if_match is None:
        raise PreconditionRequired
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise BadPrecondition
    return int(found[1])


IfMatch = Annotated[int, Depends(expected_version)]
Caller = Annotated[Context, Depends(Identified())]
AnyCaller = Annotated[Context, Depends(Identified(anyway=True))]
Person = Annotated[Context, Depends(Identified(personal=True, limited=True))]
AnyPerson = Annotated[Context, Depends(Identified(personal=True, anyway=True, limited=True))]
Stranger = Annotated[Context, Depends(Anybody(limited=True))]
