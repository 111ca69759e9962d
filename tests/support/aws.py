"""AWS's own client, boto3: against the application in this process, or against a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from app.domain.identity import CompanySettings
from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.databases import empty_database
from tests.support.office import Office, Served, serving
from tests.support.served import ROOT, program, running
from tests.support.servers import free_port

EMAIL: Final = "ann@example.com"
ROLE: Final = "arn:aws:iam::000000000001:role/any"
RIGHTS: Final = (Right.EXECUTIONS_READ, Right.EXECUTIONS_WRITE, Right.WORKFLOWS_READ, Right.WORKFLOWS_WRITE)
_PRINTED: Final = re.compile(r"^aws_access_key_id = (\S+)\naws_secret_access_key = (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key and its secret."""

    access_key: str
    secret: str = field(repr=False)


@cache
def _session() -> boto3.Session:
    """Give what loads the service's model, which takes a while, once."""
    return boto3.Session()


def client_of(keys: Keys, url: str, region: str = "us-east-1") -> Any:
    """Give a client that asks once, and checks nothing before it does."""
    return _session().client(
        "stepfunctions",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret,
        config=Config(
            retries={"total_max_attempts": 1}, read_timeout=70, parameter_validation=False, inject_host_prefix=False
        ),
    )


def code_of(call: Callable[..., Any], **given: Any) -> tuple[str, str]:
    """Give code and text of the error that a call is answered with."""
    try:
        call(**given)
    except ClientError as error:
        told = error.response["Error"]
        return told["Code"], told["Message"]
    raise AssertionError("no error")


def machine(*states: Mapping[str, Any], **more: Any) -> str:
    """Give the definition of a machine that does one state after the other; without any it passes."""
    chain = list(states) or [{"Type": "Pass"}]
    names = [f"S{place}" for place in range(len(chain))]
    follow: list[dict[str, Any]] = [*({"Next": name} for name in names[1:]), {"End": True}]
    made: dict[str, Any] = {}
    for name, state, after in zip(names, chain, follow, strict=True):
        made[name] = dict(state) if state["Type"] in {"Succeed", "Fail"} else {**state, **after}
    return json.dumps({"StartAt": "S0", "States": made, **more})


@dataclass
class Cloud:
    """One company of the application in this process, as AWS clients see it."""

    served: Served
    settings: CompanySettings | None = None
    office: Office = field(init=False)
    aws: Any = field(init=False)

    def __post_init__(self) -> None:
        self.office = self.served.company(self.settings)
        self.aws = self.client(self.keys())

    @property
    def account(self) -> str:
        """The account that stands for the company."""
        return f"{self.office.company:012d}"

    def arn(self, kind: str, name: str, region: str = "us-east-1") -> str:
        """Give an ARN of the company's."""
        return f"arn:aws:states:{region}:{self.account}:{kind}:{name}"

    def keys(self, *rights: Right, office: Office | None = None) -> Keys:
        """Make credentials over HTTP."""
        body = {"name": "k", "scopes": [right.value for right in rights or RIGHTS]}
        made = (office or self.office).make("/aws-credentials", body)
        return Keys(made["access_key"], made["secret"])

    def client(self, keys: Keys, region: str = "us-east-1") -> Any:
        """Give a client whose requests go to the application without a network."""
        made = client_of(keys, "http://tramita.test/aws/", region)
        made.meta.events.register("before-send.stepfunctions", self._answer)
        return made

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
        got = self.served.http.request(request.method, request.url, content=request.body, headers=headers)
        answer = AWSResponse(request.url, got.status_code, got.headers, None)
        answer._content = got.content
        return answer

    def create(self, definition: str = "", name: str = "one", **more: Any) -> str:
        """Enter a machine and give its ARN."""
        made = self.aws.create_state_machine(name=name, definition=definition or machine(), roleArn=ROLE, **more)
        return str(made["stateMachineArn"])

    def start(self, arn: str, **given: Any) -> str:
        """Start an execution and give its ARN."""
        return str(self.aws.start_execution(stateMachineArn=arn, **given)["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait until an execution has ended, and show it."""
        return self.until(execution, "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

    def until(self, execution: str, *states: str) -> dict[str, Any]:
        """Wait until an execution is in one of these states, and show it."""
        ending = self.served.container.workflows.engine._loop.ending
        shown: dict[str, Any] = {}
        for _ in range(200):
            shown = self.aws.describe_execution(executionArn=execution)
            if shown["status"] in states:
                return shown
            with ending:
                ending.wait(0.1)
        raise AssertionError(shown)


@contextmanager
def clouded(settings: Settings, **replacements: Any) -> Iterator[Served]:
    """Serve the application with executions that advance."""
    with serving(settings.model_copy(update={"workflows": True}), **replacements) as served:
        yield served


@dataclass(frozen=True, slots=True)
class Standing:
    """A fresh company in a database, with credentials of its administrator, and servers of it as processes."""

    keys: Keys
    profile: str = field(repr=False)
    data: Path
    env: Mapping[str, str]

    @contextmanager
    def serving(self, **env: str) -> Iterator[str]:
        """Serve until the block ends, in order; give the URL."""
        with running(self.data, **{**self.env, **env}) as url:
            yield url

    @contextmanager
    def killed(self) -> Iterator[str]:
        """Serve until the block ends, and then be killed; give the URL."""
        port = str(free_port())
        env = {**os.environ, "DATA_DIR": str(self.data), "PORT": port, **self.env}
        command = [sys.executable, "-m", "app", "serve"]
        with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                assert any("running on" in line for line in server.stdout), "the server did not start"
                reading = threading.Thread(target=server.stdout.read, daemon=True)
                reading.start()
                yield f"http://127.0.0.1:{port}"
            finally:
                server.kill()
        reading.join()

    def client(self, url: str) -> Any:
        """Give a boto3 client of a server."""
        return client_of(self.keys, url)


def standing(data: Path, url: str) -> Standing:
    """Enter a company into the database at ``url`` by the command line."""
    env = {"DATABASE_URL": url, "CHORES": "false", "JOBS": "false", "DRAIN_NOTICE_S": "0"}
    entered = ("init", "--company", "Acme", "--email", EMAIL, "--password-stdin")
    made = program(*entered, data=data, text="long enough words\n", **env)
    assert made.returncode == 0, made.stderr
    profile = printed_profile(data, **env)
    return Standing(keys_in(profile), profile, data, env)


def printed_profile(data: Path, **env: str) -> str:
    """Make credentials by the command line, and give what it prints."""
    done = program("aws-credentials", "create", "--email", EMAIL, data=data, **env)
    assert done.returncode == 0, done.stderr
    assert "disable_host_prefix_injection = true" in done.stdout
    return done.stdout


def keys_in(profile: str) -> Keys:
    """Find the credentials in a profile."""
    found = _PRINTED.search(profile)
    assert found is not None, profile
    return Keys(found[1], found[2])


@pytest.fixture(scope="module")
def house(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Give a company of its own and credentials, as the commands print them."""
    folder = tmp_path_factory.mktemp(database_kind)
    with empty_database(database_kind, folder) as url:
        yield standing(folder, url)
