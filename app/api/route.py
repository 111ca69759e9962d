"""The one kind of route: who calls is settled first, then the query, then the body; and what OpenAPI says of it."""

from collections.abc import Callable, Coroutine, Iterable
from inspect import iscoroutinefunction
from typing import Any, Final

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from orjson import loads
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from app.api.deprecation import deprecations, telling, telling_of_fields
from app.api.direct import Direct
from app.api.provide import Entry
from app.api.refusals import UnsupportedMediaType
from app.api.shell import shell_of
from app.api.threads import turn
from app.api.validation import unknown_parameters

API: Final = "/api/v1"
PROBLEM_JSON: Final = "application/problem+json"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_JSON_TYPES: Final = frozenset({"application/json", "application/merge-patch+json"})


class JsonRequest(Request):
    """A request whose body is read by orjson: faster, and refuses NaN, Infinity and broken UTF-8 as JSON does."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """Give the body's value. Raises JSONDecodeError."""
        return loads(await self.body())


class Endpoint(APIRoute):
    """A route that is entered through an ``Entry``, or is public and listed as such in ``tests``."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        marked = deprecations(endpoint)
        options["deprecated"] = None in marked or None
        endpoint = telling_of_fields(endpoint)
        super().__init__(path, endpoint, **options)
        self.marked = marked
        self.verb: str = min(self.methods or ())  # the decorators of a router give each route one method
        entry = self.entry
        self.operation_id = self.operation_id or self.name
        self.unique_id = self.operation_id
        self.responses = {**self.responses, **problem_responses(self, entry)}
        self.openapi_extra = {**(self.openapi_extra or {}), **_extra(self, entry)}
        if entry is not None:
            self.description = _describe(self.description, entry)
        if Direct.serves(endpoint, self.dependant, embedded=self._embed_body_fields):
            self.app = Direct(endpoint, self.dependant, self._checked(), self.app)
        self.app = telling(self.app, marked)

    def _checked(self) -> Callable[[Request], None]:
        """Give the check of query and media type, made before a body is read."""
        entry = self.entry
        known = None if entry is not None and entry.lists else frozenset(_query_names(self.dependant))
        has_body = self.body_field is not None

        def check(request: Request) -> None:
            if known is not None and request.scope["query_string"]:
                unknown_parameters(request.query_params, known)
            if has_body:
                _check_media_type(request)

        return check

    @property
    def entry(self) -> Entry | None:
        """How this route is entered; None for a route that asks nothing (probes)."""
        calls: Iterable[object] = (dependency.call for dependency in self.dependant.dependencies)
        return next((call for call in calls if isinstance(call, Entry)), None)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the handler with admission, query and media type checked before FastAPI reads the body."""
        handle = super().get_route_handler()
        entry = self.entry
        check = self._checked()
        has_body = self.body_field is not None
        waits_nowhere = iscoroutinefunction(self.endpoint)

        async def admitted(request: Request) -> Response:
            if entry is not None:
                await entry.admit(request)
            check(request)
            whole = JsonRequest(request.scope, request.receive)
            if has_body:
                # Read here, because FastAPI would call a client that left in the middle a malformed body.
                await whole.body()
            if entry is not None and not waits_nowhere:
                # FastAPI would wait for its thread without end: what is still asked for has waited here first.
                async with turn(shell_of(request).patience):
                    pass
            return await handle(whole)

        return admitted


def router(tag: str, prefix: str = API) -> APIRouter:
    """Give an empty router for one group of endpoints; ``create_app`` takes its routes over as they are."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=Endpoint)


def gives(shown: type[BaseModel] | None = None, status: int = 200) -> dict[str, Any]:
    """Give the route options of an endpoint that answers ``shown`` (None: nothing, 204) with ``status``."""
    if shown is None:
        return {"status_code": _NO_CONTENT, "response_model": None, "response_description": "Done"}
    return {
        "status_code": status,
        "response_model": None,
        "response_description": shown.__doc__ or "The answer",
        "responses": {status: {"model": shown}},
    }


def _check_media_type(request: Request) -> None:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in _JSON_TYPES:
        raise UnsupportedMediaType(sent=declared, wanted="application/json")


def _query_names(dependant: Dependant) -> Iterable[str]:
    yield from (field.alias for field in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _query_names(dependency)


_MEANING: Final = {
    400: "The request is malformed",
    401: "Not signed in",
    403: "The caller lacks the right",
    404: "There is no such object",
    408: "The body did not arrive in time",
    409: "The object's state does not allow this",
    412: "The object was changed in the meantime",
    413: "The body is too large",
    415: "The body is not of the media type taken here",
    422: "A value is not acceptable",
    428: "If-Match is missing",
    429: "Too many failed attempts; Retry-After tells for how long to wait",
    503: "Not now; try again",
    507: "There is no space left",
}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Give what OpenAPI says of problems with these statuses."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


def problem_responses(route: Endpoint, entry: Entry | None) -> dict[int | str, dict[str, Any]]:
    """Give the problem answers a route can have, by status."""
    if entry is None:
        return problem_answers(400)  # an unknown parameter is refused here too
    statuses = {400, 401, 503}
    if not (entry.public or (entry.anyway and not entry.personal)):
        statuses.add(403)
    if entry.limited:
        statuses.add(429)
    if "{" in route.path:
        statuses.add(404)
    if route.verb in _WRITES:
        statuses.add(409)
    if route.body_field is not None:
        statuses |= {408, 413, 415, 422}
    elif route.verb in _WRITES:
        statuses.add(422)  # an idempotency key used for something else
    if _needs_version(route):
        statuses |= {412, 428}
    return problem_answers(*sorted(statuses))


def _needs_version(route: APIRoute) -> bool:
    headers = (field.alias for d in route.dependant.dependencies for field in d.header_params)
    return "If-Match" in headers


def _extra(route: Endpoint, entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {}
    extra: dict[str, Any] = {} if entry.public else {"security": [{"bearer": []}]}
    if entry.right is not None:
        extra["x-right"] = entry.right.value
    if entry.keyed and route.verb == "POST":
        extra["parameters"] = [{"$ref": "#/components/parameters/IdempotencyKey"}]
    return extra


def _describe(written: str, entry: Entry) -> str:
    about = written or " ".join(entry.about.split())
    return f"{about}\n\nNeeds the right `{entry.right.value}`." if entry.right is not None else about
