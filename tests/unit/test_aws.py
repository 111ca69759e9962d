"""Signature Version 4 held against AWS's own signer, and the shapes of requests against AWS's own model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import get_session

from app.api.aws.arns import Place
from app.api.aws.door import ACTIONS, WAITING
from app.api.aws.errors import AwsError
from app.api.aws.shapes import SHAPES, Flag, Many, Number, Record, Shape, Text, checked
from app.api.aws.signature import Signed, canonical_request, read_authorization

pytestmark = pytest.mark.fast

ACCESS_KEY: Final = "AKIDEXAMPLE"
SECRET: Final = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
PLACE: Final = Place("000000000007", "eu-west-1")


def signed_by_aws(url: str, body: bytes = b"{}", **headers: str) -> tuple[Signed, datetime]:
    """Give a request as botocore signs it, and when it did."""
    request = AWSRequest("POST", url, {"Content-Type": "application/x-amz-json-1.0", **headers}, body)
    SigV4Auth(Credentials(ACCESS_KEY, SECRET), "states", "us-east-1").add_auth(request)
    prepared = request.prepare()
    rest = prepared.url.split("://", 1)[1]
    host, _, tail = rest.partition("/")
    path, _, query = f"/{tail}".partition("?")
    named = [("host", host), *((name.lower(), value) for name, value in prepared.headers.items())]
    given = [(name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in named]
    at = datetime.strptime(dict(given)["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return Signed("POST", path, query, given, body), at


def changed(request: Signed, **changes: Any) -> Signed:
    """Give the request with some fields otherwise."""
    fields = {name: getattr(request, name) for name in ("method", "path", "query", "headers", "body")}
    return Signed(**{**fields, **changes})


def with_header(request: Signed, name: str, value: str | None) -> Signed:
    """Give the request with a header otherwise, or without it."""
    kept = [(key, old) for key, old in request.headers if key != name]
    return changed(request, headers=kept if value is None else [*kept, (name, value)])


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """Give code and text of the error."""
    with pytest.raises(AwsError) as told:
        call()
    return told.value.code, told.value.message


def verify(request: Signed, now: datetime, secret: str = SECRET) -> None:
    """Do all that is done before a request is believed."""
    authorization = read_authorization(request)
    authorization.check_time(now)
    authorization.check(request, secret)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/aws/",
        "http://127.0.0.1:8000/",
        "https://erp.example/a%20b/aws/?x=1&a=%2F&a=b%20c",
        "http://erp.example/%C3%A4/?b&a=",
    ],
)
@pytest.mark.parametrize("body", [b"", b"{}", '{"name": "ä"}'.encode()])
def test_what_aws_s_own_signer_signs_is_believed(url: str, body: bytes) -> None:
    """ASL-06: paths are encoded once more, queries are sorted, headers are trimmed."""
    request, at = signed_by_aws(url, body, **{"X-Amz-Target": "AWSStepFunctions.ListActivities", "X-Odd": " a   b "})
    verify(request, at)


def test_the_canonical_request_is_that_of_aws_s_example() -> None:
    """Source: AWS General Reference, signature version 4 test suite, get-vanilla-query-order-key-case."""
    headers = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")]
    request = Signed("GET", "/", "Param2=value2&Param1=value1", headers, b"")
    assert canonical_request(request, ("host", "x-amz-date")) == (
        "GET\n/\nParam1=value1&Param2=value2\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
        "host;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda request: changed(request, body=b'{"name": "other"}'),
        lambda request: changed(request, path="/aws/other"),
        lambda request: changed(request, query="a=1"),
        lambda request: changed(request, method="PUT"),
        lambda request: with_header(request, "host", "elsewhere"),
        lambda request: with_header(request, "content-type", "text/plain"),
    ],
    ids=["body", "path", "query", "method", "host", "media type"],
)
def test_whatever_was_signed_cannot_be_changed(change: Callable[[Signed], Signed]) -> None:
    """ASL-06: body, address, method and headers are all in the signature."""
    request, at = signed_by_aws("http://127.0.0.1:8000/aws/")
    assert refusal(lambda: verify(change(request), at))[0] == "InvalidSignatureException"


def test_another_secret_signs_nothing() -> None:
    request, at = signed_by_aws("http://127.0.0.1:8000/aws/")
    code, text = refusal(lambda: verify(request, at, SECRET + "x"))
    assert (code, text.partition(".")[0]) == (
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided",
    )


@pytest.mark.parametrize(("minutes", "believed"), [(-16, False), (-15, True), (0, True), (15, True), (16, False)])
def test_a_signature_is_believed_for_a_quarter_of_an_hour(minutes: int, believed: bool) -> None:  # noqa: FBT001 - a row
    """ASL-06: either way, as clocks go wrong either way."""
    request, at = signed_by_aws("http://127.0.0.1:8000/aws/")
    now = at + timedelta(minutes=minutes)
    if believed:
        verify(request, now)
        return
    code, text = refusal(lambda: verify(request, now))
    assert code == "InvalidSignatureException"
    assert text.startswith("Signature expired: " if minutes > 0 else "Signature not yet current: ")


def test_a_header_of_aws_s_own_that_nobody_signed_is_not_believed() -> None:
    """Else somebody in between could ask for another action."""
    request, at = signed_by_aws("http://127.0.0.1:8000/aws/")
    code, text = refusal(lambda: verify(with_header(request, "x-amz-target", "AWSStepFunctions.StopExecution"), at))
    assert (code, text) == (
        "InvalidSignatureException",
        "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    )


def _authorization(request: Signed, old: str, new: str) -> Signed:
    return with_header(request, "authorization", str(request.header("authorization")).replace(old, new))


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (
            lambda one: with_header(one, "authorization", None),
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        (
            lambda one: with_header(one, "authorization", "Bearer abc"),
            "IncompleteSignatureException",
            "Unsupported AWS 'algorithm': 'Bearer'.",
        ),
        (
            lambda one: with_header(one, "authorization", "AWS4-HMAC-SHA256 Credential=a"),
            "IncompleteSignatureException",
            (
                "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' "
                "parameter. Authorization=AWS4-HMAC-SHA256"
            ),
        ),
        (
            lambda one: with_header(one, "x-amz-date", None),
            "IncompleteSignatureException",
            (
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                "Authorization=AWS4-HMAC-SHA256"
            ),
        ),
        (
            lambda one: _authorization(one, "/states/", "/s3/"),
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'states'.",
        ),
        (
            lambda one: _authorization(one, "aws4_request", "aws9"),
            "InvalidSignatureException",
            "Credential should be scoped with a valid terminator: 'aws4_request'.",
        ),
        (
            lambda one: _authorization(one, "/us-east-1/", "/us east/"),
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.",
        ),
    ],
)
def test_a_signature_that_lacks_something_is_told_what(
    change: Callable[[Signed], Signed], code: str, text: str
) -> None:
    """ASL-06: with AWS's codes."""
    request, at = signed_by_aws("http://127.0.0.1:8000/aws/")
    assert refusal(lambda: verify(change(request), at)) == (code, text)


@pytest.mark.parametrize(("old", "new"), [("Credential=AKIDEXAMPLE/", "Credential="), ("Signature=", "Signature=zz")])
def test_a_signature_that_is_none_is_refused(old: str, new: str) -> None:
    request, at = signed_by_aws("http://127.0.0.1:8000/aws/")
    assert refusal(lambda: verify(_authorization(request, old, new), at))[0] in {
        "IncompleteSignatureException",
        "InvalidSignatureException",
    }


def test_a_day_that_is_not_the_date_s_and_a_date_that_is_none_are_refused() -> None:
    request, at = signed_by_aws("http://127.0.0.1:8000/aws/")
    other = with_header(request, "x-amz-date", "20010101T000000Z")
    assert refusal(lambda: verify(other, at))[1].startswith("Date in Credential scope does not match YYYYMMDD")
    stamp = str(request.header("x-amz-date"))
    assert refusal(lambda: verify(with_header(request, "x-amz-date", stamp[:8] + " noon"), at))[0] == (
        "IncompleteSignatureException"
    )


# --- shapes -------------------------------------------------------------------------------------------------------

MODEL: Final = get_session().get_service_model("stepfunctions")


def as_aws_has_it(shape: Any) -> Any:
    """Give a shape of the service's model in plain values."""
    facts = shape.metadata
    if shape.type_name == "structure":
        required = set(shape.required_members)
        return {name: (name in required, as_aws_has_it(member)) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [facts.get("min", 0), facts.get("max"), as_aws_has_it(shape.member)]
    if shape.type_name == "boolean":
        return "boolean"
    if shape.type_name in {"integer", "long", "float"}:
        return (facts["min"], facts.get("max"), shape.type_name == "float")
    choices = frozenset(facts.get("enum", ()))
    return (facts.get("min", 0), facts.get("max"), facts.get("sensitive", False), facts.get("pattern", ""), choices)


def as_we_have_it(shape: Shape) -> Any:
    """Give a shape of ours in the same values."""
    match shape:
        case Record():
            fields = {**shape.required, **shape.optional}
            return {name: (name in shape.required, as_we_have_it(member)) for name, member in fields.items()}
        case Many():
            return [shape.least, shape.most, as_we_have_it(shape.of)]
        case Flag():
            return "boolean"
        case Number():
            return (shape.least, shape.most, shape.broken)
        case Text():
            return (shape.least, shape.most, shape.sensitive, shape.pattern, frozenset(shape.choices))


@pytest.mark.parametrize("action", sorted(SHAPES))
def test_a_request_has_the_shape_that_aws_s_model_gives_it(action: str) -> None:
    """ASL-06: every field, length, choice and pattern."""
    assert as_we_have_it(SHAPES[action]) == as_aws_has_it(MODEL.operation_model(action).input_shape)


def test_every_action_of_the_model_is_served() -> None:
    assert set(ACTIONS) | WAITING == set(SHAPES)
    assert set(MODEL.operation_names) == set(SHAPES)


@pytest.mark.parametrize(
    ("action", "given", "text"),
    [
        (
            "DeleteStateMachine",
            {},
            (
                "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
        (
            "CreateActivity",
            {"name": "x" * 81},
            (
                f"1 validation error detected: Value '{'x' * 81}' at 'name' failed to satisfy constraint: "
                "Member must have length less than or equal to 80"
            ),
        ),
        (
            "ListActivities",
            {"maxResults": 1001, "nextToken": ""},
            (
                "2 validation errors detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must "
                "have value less than or equal to 1000; Value '' at 'nextToken' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
        (
            "CreateStateMachineAlias",
            {"name": "1", "routingConfiguration": [{"stateMachineVersionArn": "a", "weight": -1}]},
            (
                r"2 validation errors detected: Value '1' at 'name' failed to satisfy constraint: Member must satisfy "
                r"regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$; Value '-1' at "
                "'routingConfiguration.1.member.weight' failed to satisfy constraint: Member must have value greater "
                "than or equal to 0"
            ),
        ),
        (
            "StartExecution",
            {"stateMachineArn": "a", "input": "x" * 262_145},
            (
                "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                "Member must have length less than or equal to 262144"
            ),
        ),
        (
            "CreateStateMachineAlias",
            {"name": "a", "routingConfiguration": []},
            (
                "1 validation error detected: Value '[]' at 'routingConfiguration' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
        (
            "DescribeExecution",
            {"executionArn": "a", "includedData": "SOME"},
            (
                "1 validation error detected: Value 'SOME' at 'includedData' failed to satisfy constraint: "
                "Member must satisfy enum value set: [ALL_DATA, METADATA_ONLY]"
            ),
        ),
    ],
)
def test_a_request_of_another_shape_is_told_in_aws_s_words(action: str, given: dict[str, Any], text: str) -> None:
    """ASL-06: what is sensitive is not repeated."""
    assert refusal(lambda: checked(action, given)) == ("ValidationException", text)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"maxResults": "1"}, "STRING_VALUE can not be converted to a Integer"),
        ({"maxResults": True}, "TRUE_VALUE can not be converted to a Integer"),
        ({"maxResults": 1.5}, "DECIMAL_VALUE can not be converted to a Integer"),
        ({"nextToken": 1}, "NUMBER_VALUE can not be converted to a String"),
        ({"nextToken": [1]}, "START_ARRAY can not be converted to a String"),
        ({"nextToken": {}}, "START_OBJECT can not be converted to a String"),
        ([], "START_ARRAY can not be converted to a Structure"),
    ],
)
def test_another_kind_of_value_cannot_be_read(given: Any, text: str) -> None:
    assert refusal(lambda: checked("ListActivities", given)) == ("SerializationException", text)


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("GetExecutionHistory", {"executionArn": "a", "reverseOrder": "yes"}),
        ("TagResource", {"resourceArn": "a", "tags": {"key": "value"}}),
    ],
)
def test_flags_and_lists_are_just_that(action: str, given: dict[str, Any]) -> None:
    assert refusal(lambda: checked(action, given))[0] == "SerializationException"


def test_null_is_as_if_it_were_not_there_and_unknown_fields_are_passed_over() -> None:
    """ASL-06: newer clients send more than we know."""
    assert checked("ListActivities", {"maxResults": None, "later": 1}) == {"later": 1}


# --- names --------------------------------------------------------------------------------------------------------


def test_names_are_written_and_read_back() -> None:
    """ASL-06: a version or an alias follows the machine."""
    assert PLACE.of_machine(PLACE.machine("one")) == ("one", "")
    assert PLACE.of_machine(PLACE.machine("one", 3)) == ("one", "3")
    assert PLACE.of_execution(PLACE.execution("one", "e")) == ("one", "e")
    assert PLACE.of_activity(PLACE.activity("work")) == "work"


@pytest.mark.parametrize(
    ("arn", "text"),
    [
        ("one", "Invalid Arn: 'Invalid ARN prefix: one'"),
        ("arn:aws:states:eu-west-1:000000000007:stateMachine:a:b:c", None),
        ("arn:aws:s3:eu-west-1:000000000007:stateMachine:a", None),
        ("arn:aws:states:eu-west-1:000000000007:activity:a", "Resource type not valid in this context: activity"),
        ("arn:aws:states:us-east-1:000000000007:stateMachine:a", "The resource is of another region or account"),
        ("arn:aws:states:eu-west-1:000000000008:stateMachine:a", "The resource is of another region or account"),
    ],
)
def test_what_is_no_name_of_a_machine_here_is_refused(arn: str, text: str | None) -> None:
    """ASL-06: another company's least of all."""
    code, told = refusal(lambda: PLACE.of_machine(arn))
    assert code == "InvalidArn"
    assert (text or "Invalid ARN prefix") in told


def test_the_name_of_an_execution_has_two_parts() -> None:
    assert (
        refusal(lambda: PLACE.of_execution(PLACE.machine("one").replace("stateMachine", "execution")))[0]
        == "InvalidArn"
    )
