"""What is on its way out: told in the answers to those who use it (RFC 9745, RFC 8594), and in OpenAPI to all.

Mark a route, or one of its parameters, by the decorator ``deprecated`` under the route's own; a field of a body by
``Annotated[..., Deprecation(...)]``. Whoever sends a parameter or field that is on its way out, or uses such a route,
is answered as before, with ``Deprecation``, ``Sunset`` and ``Link`` headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import wraps
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.visit import visit_of

_MARK: Final = "__deprecations__"
Headers = Sequence[tuple[bytes, bytes]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """Since when something is on its way out, when it goes, and where to read what to use instead.

    ``since`` and ``sunset`` are aware instants; ``sunset`` None means that the day is not known yet.
    """

    since: datetime
    link: str
    sunset: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse instants without a zone, and an end before the beginning."""
        if self.since.tzinfo is None or (self.sunset is not None and not self.since < self.sunset):
            raise ValueError("since must be aware, and sunset after it")

    def headers(self) -> Headers:
        """Give the headers that tell of it."""
        told = [
            (b"deprecation", b"@%d" % int(self.since.timestamp())),
            (b"link", f'<{self.link}>; rel="deprecation"; type="text/html"'.encode()),
        ]
        if self.sunset is not None:
            told.append((b"sunset", format_datetime(self.sunset, usegmt=True).encode()))
        return told

    def schema(self) -> dict[str, Any]:
        """Give what OpenAPI says of it."""
        told: dict[str, Any] = {"deprecated": True, "x-deprecated-since": self.since.date().isoformat()}
        if self.sunset is not None:
            told["x-sunset"] = self.sunset.date().isoformat()
        return {**told, "x-deprecation-link": self.link}

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Mark the schema of the field this annotates; pydantic's hook."""
        return {**handler(core), **self.schema()}


def deprecated(deprecation: Deprecation, *, parameter: str | None = None) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint, or its query parameter called ``parameter``, as on its way out."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, {**deprecations(endpoint), parameter: deprecation})
        return endpoint

    return mark


def deprecations(endpoint: Callable[..., Any]) -> Mapping[str | None, Deprecation]:
    """Give what is on its way out of an endpoint: by parameter, under None the endpoint itself."""
    marked: Mapping[str | None, Deprecation] = getattr(endpoint, _MARK, {})
    return marked


def telling_of_fields(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Give the endpoint with its response telling of the fields sent that are on their way out.

    An endpoint whose bodies have none comes back as it is, and costs nothing more.
    """
    bodies = {
        name: kind
        for name, kind in get_type_hints(endpoint).items()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and _has_any(kind, set())
    }
    if not bodies:
        return endpoint

    @wraps(endpoint)
    def tells(**arguments: Any) -> Response:  # noqa: ANN401 - whatever the endpoint takes
        response: Response = endpoint(**arguments)
        found = dict.fromkeys(one for name in bodies for one in _sent(arguments[name]))
        response.raw_headers.extend(header for one in found for header in one.headers())
        return response

    return tells


def _of(model: type[BaseModel]) -> Mapping[str, Deprecation]:
    return {
        name: one
        for name, field in model.model_fields.items()
        for one in field.metadata
        if isinstance(one, Deprecation)
    }


def _has_any(model: type[BaseModel], known: set[type[BaseModel]]) -> bool:
    known.add(model)
    inner = {kind for field in model.model_fields.values() for kind in _models(field.annotation) if kind not in known}
    return bool(_of(model)) or any(_has_any(kind, known) for kind in inner)


def _models(annotation: Any) -> Iterable[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _sent(value: object) -> Iterable[Deprecation]:
    """Give what was sent, within ``value``, that is on its way out."""
    if isinstance(value, BaseModel):
        marked = _of(type(value))
        for name in value.model_fields_set:
            if name in marked:
                yield marked[name]
            yield from _sent(getattr(value, name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _sent(one)


class Telling:
    """Serves a route, every answer telling that the route, or a parameter in its query, is on its way out."""

    def __init__(self, app: ASGIApp, marked: Mapping[str | None, Deprecation]) -> None:
        self._app = app
        self._route = marked.get(None)
        self._parameters = {name: one for name, one in marked.items() if name is not None}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the headers go out with its answer, a problem too."""
        visit_of(scope).notices = [header for one in dict.fromkeys(self._used(scope)) for header in one.headers()]
        await self._app(scope, receive, send)

    def _used(self, scope: Scope) -> Iterable[Deprecation]:
        if self._route is not None:
            yield self._route
        if self._parameters and scope["query_string"]:
            yield from (one for name, one in self._parameters.items() if name in QueryParams(scope["query_string"]))


def telling(app: ASGIApp, marked: Mapping[str | None, Deprecation]) -> ASGIApp:
    """Give ``app`` telling of what is ``marked``; with nothing marked it comes back as it is."""
    return Telling(app, marked) if marked else app
