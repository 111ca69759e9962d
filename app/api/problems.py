"""Errors as answers: the only table from error class to status, and the problem documents of RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.api import refusals
from app.api.container import Texts
from app.api.refusals import FieldProblem
from app.api.validation import refused
from app.api.visit import NOBODY_LOCALE, visit_of
from app.domain import journal
from app.domain.access import TooManyAttempts
from app.domain.attachments import StorageFull
from app.domain.shared import errors
from app.domain.shared.errors import DomainError

PROBLEM_JSON: Final = "application/problem+json"
STATUS: Final[Mapping[type[DomainError], int]] = {
    refusals.Refusal: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    refusals.NoSuchPath: 404,
    refusals.MethodNotAllowed: 405,
    errors.Conflict: 409,
    journal.TooOld: 410,
    errors.Stale: 412,
    refusals.BadPrecondition: 412,
    refusals.TooSlow: 408,
    refusals.TooLarge: 413,
    refusals.UnsupportedMediaType: 415,
    errors.Invalid: 422,
    refusals.BadInput: 422,
    refusals.PreconditionRequired: 428,
    TooManyAttempts: 429,
    errors.Unavailable: 503,
    StorageFull: 507,
}
CLIENT_CLOSED: Final = 499
INTERNAL: Final = 500
_EXTRA_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"www-authenticate": "Bearer"},
    408: {"connection": "close"},
    503: {"retry-after": "1"},
}
_log = structlog.get_logger(source="app.api")


def status_of(error: DomainError) -> int:
    """Give the HTTP status of ``error`` by its nearest listed class."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), INTERNAL)


def _status(request: Request, error: DomainError) -> int:
    """Give the status of the answer: what a GET is wrong about are parameters, which are 400, as it has no body."""
    status = status_of(error)
    return 400 if status == 422 and request.method == "GET" else status


def pointer(path: Sequence[str | int]) -> str:
    """Give the JSON pointer (RFC 6901) of ``path``; the empty one means the whole body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def fact(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Give ``value`` as it travels: decimals as plain strings, dates and instants in ISO 8601."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return fact(value.value)
        case str():
            return value
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): fact(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [fact(item) for item in value]
        case _:
            return str(value)


class Problems:
    """Writes problem documents in the caller's language."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def install(self, app: FastAPI) -> None:
        """Make ``app`` answer every error it can raise with a problem document."""
        app.add_exception_handler(DomainError, self._domain_error)
        app.add_exception_handler(RequestValidationError, self._validation_error)
        app.add_exception_handler(HTTPException, self._router_error)
        app.add_exception_handler(ClientDisconnect, self._gone)

    def response(self, request: Request, error: DomainError, headers: Mapping[str, str] | None = None) -> Response:
        """Give the problem document for ``error`` as the answer."""
        locale = self._locale(request)
        document = self.document(request, error)
        visit_of(request.scope).problem = error.code
        status: int = document["status"]
        all_headers = {
            **(headers or {}),
            **_EXTRA_HEADERS.get(status, {}),
            "content-language": locale,
            "vary": "Accept-Language",
        }
        if isinstance(error, TooManyAttempts):
            all_headers["retry-after"] = str(error.seconds)
        return Response(orjson.dumps(document), status, all_headers, PROBLEM_JSON)

    def _locale(self, request: Request) -> str:
        context = visit_of(request.scope).context
        if context is not None:
            return context.locale
        return self._texts.negotiate(request.headers.get("accept-language"), NOBODY_LOCALE)

    def document(self, request: Request, error: DomainError) -> dict[str, Any]:
        """Give the problem document for ``error`` as a value."""
        locale = self._locale(request)
        document: dict[str, Any] = {
            "type": f"urn:tramita:problem:{error.code}",
            "title": self._texts.text(locale, f"{error.code}.title", error.facts),
            "status": _status(request, error),
            "detail": self._texts.text(locale, f"{error.code}.detail", error.facts),
            "instance": request.scope["path"],
            "code": error.code,
            "request_id": visit_of(request.scope).request_id,
        }
        if error.facts:
            document["facts"] = fact(error.facts)
        if isinstance(error, refusals.BadInput | refusals.BadParameters):
            document["errors"] = [self._field(problem, locale) for problem in error.problems]
        elif error.at:
            place = {"parameter": str(error.at[0])} if request.method == "GET" else {"pointer": pointer(error.at)}
            document["errors"] = [{**place, "code": error.code, "detail": document["detail"]}]
        return document

    def _field(self, problem: FieldProblem, locale: str) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "code": problem.code,
            "detail": self._texts.text(locale, problem.code, problem.facts),
        }
        if problem.parameter is None:
            shown["pointer"] = pointer(problem.path)
        else:
            shown["parameter"] = problem.parameter
        if problem.facts:
            shown["facts"] = fact(problem.facts)
        return shown

    async def _domain_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
        if status_of(error) == INTERNAL:
            _log.error("unlisted error", code=error.code, exc_info=error)
            error = refusals.InternalError()
        return self.response(request, error)

    async def _validation_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        return self.response(request, refused(error.errors()))

    async def _router_error(self, request: Request, error: Exception) -> Response:
        """Answer what the router or FastAPI itself refused."""
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        match error.status_code:
            case 404:
                refusal: DomainError = refusals.NoSuchPath()
            case 405:
                refusal = refusals.MethodNotAllowed(method=request.method)
            case 408:
                refusal = refusals.TooSlow(seconds=error.detail)
            case 413:
                refusal = refusals.TooLarge(limit=int(error.detail))  # as ``Safety`` put it there
            case _:
                refusal = refusals.MalformedBody()
        return self.response(request, refusal, error.headers)

    async def _gone(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - a handler's signature
        """Nobody reads this answer; the status is for the log."""
        return Response(status_code=CLIENT_CLOSED)
