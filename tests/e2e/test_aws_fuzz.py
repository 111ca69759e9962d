"""Whatever is sent to the Step Functions address, the answer is one of AWS's, and what is refused leaves no trace."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.api.aws import activities
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.tables.processes import (
    activities as activity_rows,
)
from app.infrastructure.database.tables.processes import (
    machine_aliases,
    machine_revisions,
    machine_versions,
    state_machines,
)
from app.settings import Settings
from tests.support.aws import ROLE, Cloud, clouded, machine
from tests.support.aws_model import JSON, ODD, Requests, codes_of, service, strange
from tests.support.office import ON_SQLITE, Served

ACTIONS: Final = tuple(service().operation_names)
KINDS: Final = ("sqlite", "postgresql", "mariadb")
TABLES: Final = (state_machines, machine_revisions, machine_versions, machine_aliases, activity_rows)
URL: Final = "http://tramita.test/aws/"
JSON_10: Final = "application/x-amz-json-1.0"
FEW: Final = 8
MANY: Final = 60
ON_EACH: Final = pytest.mark.parametrize("database_kind", KINDS, indirect=True)


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance; who asks for work is not kept waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activities, "POLL_SECONDS", 0.005)
        patch.setattr(activities, "LOOK_SECONDS", 0.005)
        with clouded(database_settings) as made:
            yield made


DEEP: Final = "[" * 5_000 + "]" * 5_000


class Sender:
    """A company that has one of each thing, and sends requests as they are."""

    def __init__(self, served: Served) -> None:
        self.cloud = Cloud(served)
        self._keys = self.cloud.keys()
        arn = self.cloud.create(machine({"Type": "Wait", "Seconds": 3600}), publish=True)
        activity = self.cloud.aws.create_activity(name="one")["activityArn"]
        works = self.cloud.create(machine({"Type": "Task", "Resource": activity}), "works")
        brief = self.cloud.create(name="brief", type="EXPRESS")
        routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
        self.cloud.aws.create_state_machine_alias(name="live", routingConfiguration=routes)
        execution = self.cloud.start(arn, name="one")
        self.arn, self.execution, self.activity = arn, execution, activity
        qualified = (f"{arn}:{qualifier}" for qualifier in ("1", "live", "²", "9" * 60, "gone", "1:1"))
        arns = (arn, *qualified, works, brief, activity, execution, arn[:-3] + "gone", arn + "\x00", arn * 2)
        self.known: Mapping[str, tuple[Any, ...]] = {
            "name": ("one", "live", "new", "a b", *ODD),
            "roleArn": (ROLE, "role"),
            "definition": (machine(), machine({"Type": "Task", "Resource": activity}), "{}", "[" * 5_000, "1", "\x00"),
            "input": ("{}", "[1]", "{", DEEP, "1e999", '"\\u0000"', '"\\ud800"'),
            "output": ("{}", "{", DEEP, "NaN", '"\\u0000"', '"\\ud800"'),
            "nextToken": TOKENS,
            **dict.fromkeys(ARNS, arns),
        }
        self._stored = self.stored()

    def send(self, action: str, body: bytes, **headers: str) -> Any:
        """Send a request with a good signature."""
        request = AWSRequest(
            "POST",
            URL,
            headers={"content-type": JSON_10, "x-amz-target": f"AWSStepFunctions.{action}", **headers},
            data=body,
        )
        SigV4Auth(Credentials(self._keys.access_key, self._keys.secret), "states", "us-east-1").add_auth(request)
        return self.cloud.served.http.post(URL, headers=dict(request.headers), content=body)

    def stored(self) -> list[Any]:
        """Give what the company has, as it is stored."""
        engine = plain_engine(self.cloud.served.container.settings.database_url)
        try:
            with engine.connect() as connection:
                mine = self.cloud.office.company
                rows = [connection.execute(one.select().where(one.c.company_id == mine)).all() for one in TABLES]
        finally:
            engine.dispose()
        return [sorted(map(repr, found)) for found in rows]

    def check(self, action: str, answer: Any) -> None:
        """Fail for an answer that AWS would not give, and for a refusal that has left something behind."""
        told = answer.json()
        assert answer.headers["content-type"] == JSON_10
        before, self._stored = self._stored, self.stored()
        if answer.status_code == 200:
            assert not strange(action, told)
            return
        assert answer.status_code == 400, (answer.status_code, told)
        assert told["__type"].partition("#")[2] in codes_of(action), told
        assert isinstance(told["message"], str)
        assert self._stored == before


def _token(*parts: Any) -> str:
    """Give a token as our own pages end with, forged."""
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


AFTER: Final[tuple[Any, ...]] = (5, [1], 2**63, {}, "\x00")
TOKENS: Final = (
    "bad",
    "bnVsbA==",
    _token(),
    *(_token(action, after) for action in ACTIONS if action.startswith("List") for after in AFTER),
    *(_token("ListExecutions", after) for after in ([2**64, "a"], [-1, "a"], [1, 2], [1, "\x00"])),
)
ARNS: Final = frozenset(
    name
    for action in ACTIONS
    for name in service().operation_model(action).input_shape.members
    if name.endswith("Arn") and name != "roleArn"
) | {"stateMachineVersionArn"}


@pytest.fixture(scope="module")
def sender(served: Served) -> Sender:
    """Give a company to send requests of."""
    return Sender(served)


@pytest.mark.fast
@pytest.mark.on_one_database
@ON_EACH
def test_what_has_too_much_depth_or_a_forged_place_is_refused(sender: Sender) -> None:
    """ASL-06: texts that break readers, pages that no list has ended with, numbers that no database holds."""
    start, answer = {"stateMachineArn": sender.arn}, {"taskToken": "x"}
    requests: list[tuple[str, Any, str]] = [
        *(
            ("StartExecution", {**start, "input": text}, "InvalidExecutionInput")
            for text in (DEEP, "1e999", "NaN", "[")
        ),
        *(("SendTaskSuccess", {**answer, "output": text}, "InvalidOutput") for text in (DEEP, "Infinity", "[")),
        *(("ListExecutions", {**start, "nextToken": token}, "InvalidToken") for token in TOKENS),
        ("ListExecutions", {**start, "nextToken": _token("ListExecutions", [True, ""])}, ""),
        ("ListStateMachines", {"nextToken": _token("ListStateMachines", "\x00")}, "InvalidToken"),
        ("ListActivities", {"nextToken": _token("ListActivities", [])}, "InvalidToken"),
        ("ListStateMachineVersions", {**start, "nextToken": _token("ListStateMachineVersions", 1.5)}, "InvalidToken"),
        ("ListStateMachineVersions", {"stateMachineArn": sender.arn[:-3] + "gone"}, "InvalidArn"),
        ("DeleteStateMachineVersion", {"stateMachineVersionArn": f"{sender.arn}:{'9' * 1_900}"}, "InvalidArn"),
        ("ValidateStateMachineDefinition", {"definition": DEEP}, ""),
        ("TagResource", {"resourceArn": sender.arn, "tags": [{"key": "a\x00", "value": ""}]}, "ValidationException"),
        ("StopExecution", {"executionArn": sender.execution, "cause": "a\x00"}, "ValidationException"),
        ("ListExecutions", {**start, "maxResults": 10**30}, "SerializationException"),
    ]
    for action, body, code in requests:
        answered = sender.send(action, json.dumps(body).encode())
        assert answered.status_code < 500, (action, body)
        sender.check(action, answered)
        assert answered.json().get("__type", "#").partition("#")[2] == code, (action, answered.text[:300])


BODIES: Final = st.one_of(
    st.binary(max_size=40),
    JSON.map(json.dumps).map(str.encode),
    st.sampled_from([DEEP.encode(), b'{"a":' * 5_000, b"{} {}", b'{"name": "a", "name": "b"}', "{}".encode("utf-16")]),
)
HEADERS: Final = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(
            ("application/json", "", "application/x-amz-json-1.1", f"{JSON_10}; charset=utf-8")
        ),
        "x-amz-target": st.sampled_from(
            ("", ".", "AWSStepFunctions", "AWSStepFunctions.", "Other.ListActivities", "a" * 500)
        ),
    },
)


@pytest.mark.fast
@ON_SQLITE
def test_bodies_that_are_no_requests_are_refused(sender: Sender) -> None:
    """ASL-06: bytes of any kind, under any name."""

    @settings(max_examples=MANY, suppress_health_check=list(HealthCheck))
    @given(body=BODIES, headers=HEADERS)
    def send(body: bytes, headers: dict[str, str]) -> None:
        answer = sender.send("ListActivities", body, **headers)
        sender.check("ListActivities", answer)

    send()


def fuzz(sender: Sender, action: str, examples: int) -> None:
    """Send ``examples`` requests of one action, most of them wrong."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(body=Requests(sender.known).of(action))
    def send(body: Any) -> None:
        sender.check(action, sender.send(action, json.dumps(body).encode()))

    send()


@pytest.mark.fast
@pytest.mark.on_one_database
@ON_EACH
@pytest.mark.parametrize("action", ACTIONS)
def test_no_request_is_answered_otherwise_than_by_aws(sender: Sender, action: str) -> None:
    """ASL-06: codes and shapes are those of AWS's model, and what is refused is not half done."""
    fuzz(sender, action, FEW)


@pytest.mark.full
@ON_EACH
@pytest.mark.parametrize("action", ACTIONS)
def test_nor_are_many(sender: Sender, action: str) -> None:
    """ASL-06: the same with more requests, on every database."""
    fuzz(sender, action, MANY)
