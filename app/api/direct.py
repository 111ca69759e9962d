"""The short way into an endpoint: what every one of ours needs, without asking FastAPI what it might need.

FastAPI finds out at each request which of everything it offers an endpoint uses, which took 0.15 ms of the loop's CPU
(measured). Here it is found out once. A request that is not plainly right goes FastAPI's way, so that what is refused,
and how, has one home.
"""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from orjson import JSONDecodeError, loads
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.provide import Entry, expected_version
from app.api.shell import shell_of
from app.api.threads import in_thread

_NOT_RIGHT: Final = object()
Check = Callable[[Request], None]


class Direct:
    """Serves one endpoint: admit, check, read the body, call in a thread, answer."""

    def __init__(self, endpoint: Callable[..., Response], dependant: Dependant, check: Check, usual: ASGIApp) -> None:
        self._call = endpoint
        self._dependant = dependant
        self._check = check
        self._usual = usual
        self._entry = next(call for call in _calls(dependant) if isinstance(call, Entry))

    @staticmethod
    def serves(endpoint: Callable[..., Any], dependant: Dependant, *, embedded: bool) -> bool:
        """Tell whether an endpoint takes no more than an entry, a version, path parameters and one body."""
        calls = _calls(dependant)
        known = all(isinstance(call, Entry) or call is expected_version for call in calls)
        entries = sum(isinstance(call, Entry) for call in calls)
        others = (dependant.query_params, dependant.header_params, dependant.cookie_params)
        special = (
            dependant.request_param_name,
            dependant.http_connection_param_name,
            dependant.background_tasks_param_name,
            dependant.response_param_name,
            dependant.security_scopes_param_name,
        )
        plain = known and entries == 1 and not any(others) and not any(special)
        return plain and not iscoroutinefunction(endpoint) and not embedded and len(dependant.body_params) <= 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        await self._entry.admit(request)
        self._check(request)
        body = await request.body() if self._dependant.body_params else b""
        values = await self._values(request, body)
        if values is None:
            # The body was read, here or by the entry, and comes but once.
            await self._usual(scope, _again(await request.body(), receive), send)
            return
        response: Response = await in_thread(partial(self._call, **values), shell_of(request).patience)
        await response(scope, receive, send)

    async def _values(self, request: Request, body: bytes) -> Mapping[str, Any] | None:
        """Give the endpoint's arguments; None when one is not plainly right. Raises what the dependencies raise."""
        values: dict[str, Any] = {}
        for dependency in self._dependant.dependencies:
            if dependency.call is expected_version:
                solved: Any = await expected_version(request.headers.get("if-match"))
            else:
                solved = await dependency.call(request)  # type: ignore[misc]  # an entry takes the request
            if dependency.name is not None:
                values[dependency.name] = solved
        for field in self._dependant.path_params:
            values[field.name], wrong = field.validate(
                request.path_params[field.alias], values, loc=("path", field.alias)
            )
            if wrong:
                return None
        for field in self._dependant.body_params:
            given = _parsed(body)
            if given is _NOT_RIGHT:
                return None
            values[field.name], wrong = field.validate(given, values, loc=("body",))
            if wrong:
                return None
        return values


def _calls(dependant: Dependant) -> list[object]:
    return [dependency.call for dependency in dependant.dependencies]


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Give the body's value; an empty or broken one is for FastAPI to judge, and so is null."""
    try:
        value = loads(body)
    except JSONDecodeError:
        return _NOT_RIGHT
    return _NOT_RIGHT if value is None else value


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a receive that gives the body read already, and then what comes."""
    waiting = [body]

    async def read() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return read
