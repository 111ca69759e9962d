"""Run state machines in the memory of LocalStack or moto: read cases as JSON, write what they took.

Needs localstack-core[runtime], or moto and boto3, and nothing of ours; which is there is measured, LocalStack first: it
brings a moto of its own. Each case is ``{"title", "document", "input", "times"}``. Written is ``{"name", "took"}``, by
title the milliseconds and the CPU-milliseconds of one execution, null for a machine that does not run well.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import uuid
from importlib import metadata
from typing import Any, Protocol

CONFIG: Any = {"stepfunctions": {"execute_state_machine": True}}
ROLE = "arn:aws:iam::123456789012:role/any"


class Peer(Protocol):
    """What runs machines."""

    name: str

    def create(self, name: str, definition: str) -> str | None:
        """Enter a machine and give its ARN; none for one that cannot run."""

    def start(self, arn: str, data: str, name: str) -> str:
        """Start an execution and give its ARN."""

    def status(self, execution: str) -> str:
        """Tell how an execution stands."""


class Moto:
    """Moto's interpreter, asked through boto3 and answering in this process."""

    def __init__(self) -> None:
        import boto3  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - of the peers' environment
        from moto import mock_aws  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - likewise

        mock_aws(config=CONFIG).start()
        self.name = f"moto {metadata.version('moto')}"
        self._client = boto3.client("stepfunctions", "us-east-1", aws_access_key_id="any", aws_secret_access_key="any")  # noqa: S106 - nobody's

    def create(self, name: str, definition: str) -> str | None:
        """Enter a machine."""
        return str(self._client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"])

    def start(self, arn: str, data: str, name: str) -> str:
        """Start an execution."""
        return str(self._client.start_execution(stateMachineArn=arn, input=data, name=name)["executionArn"])

    def status(self, execution: str) -> str:
        """Tell how an execution stands."""
        return str(self._client.describe_execution(executionArn=execution)["status"])


class LocalStack:
    """LocalStack's provider of Step Functions, called as its gateway calls it: no HTTP, no other service.

    Its executions tell EventBridge of themselves, which is not there: that is left out. JSONata runs in a JVM that
    LocalStack would download: without it such a machine cannot run.
    """

    def __init__(self) -> None:
        home = "localstack.services.stepfunctions"
        self._jsonata = importlib.import_module(f"{home}.packages").jpype_jsonata_package.get_installer()
        executions = importlib.import_module(f"{home}.backend.execution")
        executions.Execution.publish_execution_status_change_event = lambda _: None
        self.name = f"LocalStack {metadata.version('localstack-core')}"
        self._provider = importlib.import_module(f"{home}.provider").StepFunctionsProvider()
        self._context = importlib.import_module("localstack.aws.api").RequestContext(None)
        self._context.account_id, self._context.region = "123456789012", "us-east-1"

    def create(self, name: str, definition: str) -> str | None:
        """Enter a machine."""
        if '"JSONata"' in definition and not self._jsonata.is_installed():
            return None
        asked = {"name": name, "definition": definition, "roleArn": ROLE}
        return str(self._provider.create_state_machine(self._context, asked)["stateMachineArn"])

    def start(self, arn: str, data: str, name: str) -> str:
        """Start an execution."""
        return str(self._provider.start_execution(self._context, arn, name, data)["executionArn"])

    def status(self, execution: str) -> str:
        """Tell how an execution stands."""
        return str(self._provider.describe_execution(self._context, execution)["status"])


def main() -> None:
    """Measure every case."""
    cases = json.load(sys.stdin)
    peer = LocalStack() if importlib.util.find_spec("localstack") else Moto()
    took = {case["title"]: measured(peer, place, case) for place, case in enumerate(cases)}
    json.dump({"name": peer.name, "took": took}, sys.stdout)


def measured(peer: Peer, place: int, case: dict[str, Any]) -> tuple[float | None, float]:
    """Give the milliseconds and the CPU-milliseconds of one execution."""
    arn, data = peer.create(f"m{place}", json.dumps(case["document"])), json.dumps(case["input"])
    if arn is None or not succeeds(peer, arn, data):
        return None, 0.0
    times, wall, used = case["times"], time.perf_counter(), time.process_time()
    for _ in range(times):
        succeeds(peer, arn, data)
    return 1000 * (time.perf_counter() - wall) / times, 1000 * (time.process_time() - used) / times


def succeeds(peer: Peer, arn: str, data: str) -> bool:
    """Run once, and tell whether it went well."""
    execution = peer.start(arn, data, str(uuid.uuid4()))
    while (status := peer.status(execution)) == "RUNNING":
        time.sleep(0.001)
    return status == "SUCCEEDED"


if __name__ == "__main__":
    main()
