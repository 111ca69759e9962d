"""``http:invoke``: what is sent, what comes back, and how it fails, as the developer guide has it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.workflow.asl import http
from app.workflow.asl.compile import compile_machine
from app.workflow.asl.http import HttpInvoke, Parameters, Request, Response
from app.workflow.asl.services import Services
from app.workflow.kernel.errors import StepError
from app.workflow.runtime.engine import Engine
from app.workflow.stores.memory import MemoryStore

pytestmark = pytest.mark.fast

CONNECTION: Final = "arn:aws:events:us-east-1:000000000000:connection/shop/1"
JSON: Final = {"content-type": ["application/json"]}


class _World:
    """A client and connections that remember what they were asked."""

    def __init__(self, response: Response | OSError | None = None, known: Parameters | None = None) -> None:
        self.response = response or Response(200, "OK", JSON, b'{"id":1}')
        self.known = known or Parameters()
        self.sent: list[Request] = []
        self.namespaces: list[str] = []

    def send(self, request: Request, seconds: float, most: int) -> Response:
        assert (seconds, most) == (60.0, 262_145)
        self.sent.append(request)
        if isinstance(self.response, OSError):
            raise self.response
        return self.response

    def parameters(self, namespace: str, arn: str) -> Parameters | None:
        self.namespaces.append(namespace)
        return self.known if arn == CONNECTION else None

    def ask(self, **asked: Any) -> Any:
        class Told:
            namespace = "n"

        given = {"ApiEndpoint": "https://api.test/v1", "Method": "GET", "Authentication": {"ConnectionArn": CONNECTION}}
        return HttpInvoke(self, self)({**given, **asked}, Told())

    def request(self, **asked: Any) -> Request:
        self.ask(**asked)
        return self.sent[-1]


def test_an_answer_has_its_headers_status_and_body() -> None:
    """ASL-04 http:invoke."""
    world = _World(Response(201, "Created", {**JSON, "x-a": ["1", "2"]}, b'{"id":1}'))
    assert world.ask() == {
        "Headers": {"content-type": ["application/json"], "x-a": ["1", "2"]},
        "ResponseBody": {"id": 1},
        "StatusCode": 201,
        "StatusText": "Created",
    }
    assert world.namespaces == ["n"]
    assert world.sent == [Request("GET", "https://api.test/v1", {}, None)]


@pytest.mark.parametrize(
    ("headers", "body", "read"),
    [({"content-type": ["text/plain"]}, b"7", "7"), ({}, b"", ""), (JSON, b"{", "{"), (JSON, b"7", 7)],
)
def test_a_body_is_json_when_it_says_so_and_is_some(headers: dict[str, list[str]], body: bytes, read: Any) -> None:
    assert _World(Response(200, "OK", headers, body)).ask()["ResponseBody"] == read


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_status_that_is_not_well_fails_by_its_number(status: int) -> None:
    with pytest.raises(StepError) as failed:
        _World(Response(status, "So It Is", {}, b"secret")).ask()
    assert (failed.value.error, failed.value.cause) == (f"States.Http.StatusCode.{status}", "So It Is")


def test_no_answer_is_a_failure_of_the_socket() -> None:
    with pytest.raises(StepError) as failed:
        _World(TimeoutError("too late")).ask()
    assert (failed.value.error, failed.value.cause) == ("States.Http.Socket", "too late")


def test_an_answer_that_is_too_large_is_refused() -> None:
    with pytest.raises(StepError) as failed:
        _World(Response(200, "OK", {}, b"x" * 262_145)).ask()
    assert failed.value.error == "States.DataLimitExceeded"


def test_what_is_sent_is_what_the_definition_says() -> None:
    request = _World().request(
        Method="POST",
        Headers={"X-One": "1", "X-Two": ["a", 2]},
        QueryParameters={"q": "a b", "l": [1, "x"]},
        RequestBody={"a": [1]},
    )
    assert request.url == "https://api.test/v1?q=a+b&l=1&l=x"
    assert request.headers == {"X-One": "1", "X-Two": "a, 2", "Content-Type": "application/json"}
    assert request.body == b'{"a":[1]}'
    assert _World().request(ApiEndpoint="https://api.test/?x=1", QueryParameters={"y": 2}).url.endswith("?x=1&y=2")
    assert _World().request(RequestBody="as it is", Headers={"content-type": "text/plain"}).body == b"as it is"


def test_a_connection_adds_what_lets_a_request_in_and_wins() -> None:
    known = Parameters({"Authorization": "Bearer t"}, {"key": "k"}, {"tenant": 1})
    request = _World(known=known).request(RequestBody={"tenant": 2, "b": 3}, QueryParameters={"q": 1, "key": "mine"})
    assert request.headers["Authorization"] == "Bearer t"
    keyed = Parameters({"X-Api-Key": "theirs"})
    assert _World(known=keyed).request(Headers={"x-api-key": "mine"}).headers == {"X-Api-Key": "theirs"}
    assert request.url.endswith("?q=1&key=k")
    assert request.body == b'{"tenant":1,"b":3}'


@pytest.mark.parametrize(
    ("way", "body"),
    [
        ("INDICES", "a=1&b%5B0%5D=x&b%5B1%5D=y&c%5Bd%5D=z+z"),
        ("REPEAT", "a=1&b=x&b=y&c%5Bd%5D=z+z"),
        ("BRACKETS", "a=1&b%5B%5D=x&b%5B%5D=y&c%5Bd%5D=z+z"),
        ("COMMAS", "a=1&b=x%2Cy&c%5Bd%5D=z+z"),
    ],
)
def test_a_body_may_be_sent_as_a_form(way: str, body: str) -> None:
    """Transform.RequestBodyEncoding URL_ENCODED, with each ArrayFormat."""
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": way}}
    given = {"a": 1, "b": ["x", "y"], "c": {"d": "z z"}}
    request = _World().request(RequestBody=given, Transform=transform)
    assert request.body is not None
    assert request.body.decode() == body.replace("%5B", "[").replace("%5D", "]")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "asked",
    [
        {"ApiEndpoint": None},
        {"ApiEndpoint": "http://api.test"},
        {"ApiEndpoint": "https://[::1"},
        {"ApiEndpoint": "https://[api.test]/"},
        {"Method": "TRACE"},
        {"Method": None},
        {"Headers": {"Host": "other"}},
        {"Headers": {"X-Amz-Date": "now"}},
        {"Authentication": {}},
        {"Headers": "Accept: text/plain"},
        {"QueryParameters": [1]},
        {"Transform": "URL_ENCODED", "RequestBody": {}},
        {"RequestBody": [1], "Transform": {"RequestBodyEncoding": "URL_ENCODED"}},
        {
            "RequestBody": {},
            "Transform": {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "SPACES"}},
        },
    ],
)
def test_what_cannot_be_sent_is_not(asked: dict[str, Any]) -> None:
    world = _World()
    with pytest.raises(StepError, match=r"States\.Runtime"):
        world.ask(**asked)
    assert world.sent == []


def test_a_connection_nobody_knows_lets_nothing_out() -> None:
    world = _World()
    with pytest.raises(StepError, match="does not exist"):
        world.ask(Authentication={"ConnectionArn": "arn:other"})
    assert world.sent == []


def test_an_engine_calls_through_the_client_it_was_given() -> None:
    world = _World()
    engine = Engine(MemoryStore(), workers=1, routes=Services())
    engine.task(http.RESOURCE)(HttpInvoke(world, world))
    asked = {
        "ApiEndpoint.$": "$.url",
        "Method": "GET",
        "InvocationConfig": {"ConnectionArn": CONNECTION},
    }
    call = {"Type": "Task", "Resource": http.RESOURCE, "Parameters": asked, "OutputPath": "$.ResponseBody", "End": True}
    engine.register(compile_machine({"StartAt": "C", "States": {"C": call}}, "m"))
    with engine:
        assert engine.run("m", {"url": "https://api.test/1"}, namespace="n").output == {"id": 1}
    assert world.sent[0].url == "https://api.test/1"
