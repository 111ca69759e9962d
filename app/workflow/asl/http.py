"""``http:invoke``: a call of an HTTPS API, through a client that is given.

Source: AWS developer guide, "Call HTTPS APIs in Step Functions workflows".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec

from ..kernel.errors import RUNTIME, StepError
from .templates import text_of

RESOURCE: Final = "arn:aws:states:::http:invoke"
SECONDS: Final = 60.0
"""How long AWS waits for an answer."""
LARGEST: Final = 262_144
"""Bytes of an answer that are taken."""
METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"})
FORBIDDEN: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "www-authenticate",
        "x-forwarded-for",
    }
)
"""Headers that a definition may not set, in small letters, as are all that begin with ``x-amz-`` or ``x-amzn-``."""


class Request(NamedTuple):
    """What is to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class Response(NamedTuple):
    """What came back; ``headers`` by their names in small letters."""

    status: int
    reason: str
    headers: Mapping[str, list[str]]
    body: bytes


class Client(Protocol):
    """Sends requests to the world outside; it alone knows where one may call."""

    def send(self, request: Request, seconds: float, most: int) -> Response:
        """Give the answer, with ``most`` bytes of its body. Raises OSError when there is none in time."""


class Connections(Protocol):
    """What requests carry to be let in, by the ARN of a connection."""

    def parameters(self, namespace: str, arn: str) -> Parameters | None:
        """Give what a connection adds to a request, None when there is no such connection."""


class Parameters(NamedTuple):
    """What a connection adds: it wins over what the definition says."""

    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    body: Mapping[str, Any] = {}


class HttpInvoke:
    """The handler: ``engine.task(http.RESOURCE)(HttpInvoke(client, connections))``."""

    def __init__(self, client: Client, connections: Connections) -> None:
        self._client = client
        self._connections = connections

    def __call__(self, argument: Any, step: Any) -> dict[str, Any]:
        """Send it and give the answer. Raises StepError as AWS names what goes wrong."""
        asked = argument if isinstance(argument, dict) else {}
        request = request_of(asked, self._known(asked, step.namespace))
        try:
            response = self._client.send(request, SECONDS, LARGEST + 1)
        except OSError as error:
            raise StepError("States.Http.Socket", str(error)) from error
        if not 200 <= response.status < 300:
            raise StepError(f"States.Http.StatusCode.{response.status}", response.reason)
        return {
            "Headers": {name: list(values) for name, values in response.headers.items()},
            "ResponseBody": _read(response),
            "StatusCode": response.status,
            "StatusText": response.reason,
        }

    def _known(self, asked: Mapping[str, Any], namespace: str) -> Parameters:
        holder = next((asked[field] for field in ("Authentication", "InvocationConfig") if field in asked), None)
        arn = holder.get("ConnectionArn") if isinstance(holder, dict) else None
        if not isinstance(arn, str):
            raise StepError(RUNTIME, "The field 'Authentication.ConnectionArn' is required but was missing")
        found = self._connections.parameters(namespace, arn)
        if found is None:
            raise StepError("Events.ConnectionResource.NotFound", f"Connection '{arn}' does not exist")
        return found


def request_of(asked: Mapping[str, Any], known: Parameters) -> Request:
    """Make the request of a task's argument and of what its connection adds. Raises StepError."""
    method, url = _needed(asked, "Method"), _needed(asked, "ApiEndpoint")
    if method not in METHODS:
        raise StepError(RUNTIME, f"The value '{method}' of 'Method' is none of {', '.join(sorted(METHODS))}")
    if not _is_https(url):
        raise StepError(RUNTIME, f"The value '{url}' of 'ApiEndpoint' is no https URL")
    ours = (pair for pair in _pairs(_object(asked, "QueryParameters")) if pair[0] not in known.query)
    query = [*ours, *known.query.items()]
    body, kind = _body(asked, known)
    headers = _headers(_object(asked, "Headers"), known.headers)
    if kind and "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = kind
    return Request(method, _with_query(url, query), headers, body)


def _is_https(url: str) -> bool:
    try:
        return urlsplit(url).scheme == "https"
    except ValueError:
        # A host in brackets that is no address.
        return False


def _needed(asked: Mapping[str, Any], field: str) -> str:
    given = asked.get(field)
    if not isinstance(given, str):
        raise StepError(RUNTIME, f"The field '{field}' is required but was missing")
    return given


def _object(asked: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    given = asked.get(field, {})
    if not isinstance(given, dict):
        raise StepError(RUNTIME, f"The value of '{field}' must be an object")
    return given


def _headers(given: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    for name in given:
        small = name.lower()
        if small in FORBIDDEN or small.startswith(("x-amz-", "x-amzn-")):
            raise StepError(RUNTIME, f"The header '{name}' may not be set")
    # A name means the same in capitals.
    theirs = set(map(str.lower, known))
    ours = {name: ", ".join(_texts(value)) for name, value in given.items() if name.lower() not in theirs}
    return {**ours, **known}


def _pairs(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        for text in _texts(value):
            yield name, text


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [inner if isinstance(inner, str) else text_of(inner) for inner in values]


def _with_query(url: str, query: list[tuple[str, str]]) -> str:
    if not query:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"


def _body(asked: Mapping[str, Any], known: Parameters) -> tuple[bytes | None, str]:
    """Give the body and its type: JSON, or pairs as a form sends them."""
    given = asked.get("RequestBody")
    if known.body:
        given = {**_fields(given), **known.body}
    if given is None:
        return None, ""
    transform = _object(asked, "Transform")
    if transform.get("RequestBodyEncoding", "NONE") == "URL_ENCODED":
        way = _object(transform, "RequestEncodingOptions").get("ArrayFormat", "INDICES")
        if not isinstance(way, str) or way not in _LISTS:
            raise StepError(RUNTIME, f"The value '{way}' of 'ArrayFormat' is none of {', '.join(_LISTS)}")
        return _form(_fields(given), way).encode(), "application/x-www-form-urlencoded"
    return (given if isinstance(given, str) else text_of(given)).encode(), "application/json"


def _fields(given: Any) -> Mapping[str, Any]:
    """Give the fields of a body that something is added to, or that is sent as a form."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise StepError(RUNTIME, "The RequestBody must be an object to be sent as a form, or by this connection")
    return given


def _form(given: Mapping[str, Any], way: str) -> str:
    pairs = [pair for name, value in given.items() for pair in _flat(name, value, way)]
    return "&".join(f"{quote_plus(name, safe='[]')}={quote_plus(text)}" for name, text in pairs)


def _flat(name: str, value: Any, way: str) -> Iterator[tuple[str, str]]:
    """Give a value as pairs: objects by their fields in brackets, lists as ``ArrayFormat`` says."""
    if isinstance(value, dict):
        for field, inner in value.items():
            yield from _flat(f"{name}[{field}]", inner, way)
    elif isinstance(value, list):
        yield from _LISTS[way](name, value, way)
    else:
        yield name, value if isinstance(value, str) else text_of(value)


def _indexed(name: str, values: list[Any], way: str) -> Iterator[tuple[str, str]]:
    for place, inner in enumerate(values):
        yield from _flat(f"{name}[{place}]", inner, way)


def _repeated(name: str, values: list[Any], way: str) -> Iterator[tuple[str, str]]:
    for inner in values:
        yield from _flat(name, inner, way)


def _bracketed(name: str, values: list[Any], way: str) -> Iterator[tuple[str, str]]:
    for inner in values:
        yield from _flat(f"{name}[]", inner, way)


def _joined(name: str, values: list[Any], _way: str) -> Iterator[tuple[str, str]]:
    yield name, ",".join(_texts(values))


_LISTS: Final[Mapping[str, Callable[[str, list[Any], str], Iterator[tuple[str, str]]]]] = {
    "INDICES": _indexed,
    "REPEAT": _repeated,
    "BRACKETS": _bracketed,
    "COMMAS": _joined,
}


def _read(response: Response) -> Any:
    """Give the body: JSON as such, anything else as text."""
    if len(response.body) > LARGEST:
        raise StepError("States.DataLimitExceeded", f"The answer has more than {LARGEST} bytes")
    text = response.body.decode("utf-8", "replace")
    if "json" not in ",".join(response.headers.get("content-type", ())):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
