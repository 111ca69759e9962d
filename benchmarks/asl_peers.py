"""Run state machines in moto's memory: read cases as JSON, write what they took. Needs moto and boto3, nothing of ours.

Each case is ``{"title", "document", "input", "times"}``. Written is ``{"name", "took"}``, by title the milliseconds and
the CPU-milliseconds of one execution, null for a machine that moto does not run well.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from importlib import metadata
from typing import Any

import boto3  # type: ignore[import-not-found,import-untyped,unused-ignore]  # of the peers' environment
from moto import mock_aws  # type: ignore[import-not-found,unused-ignore]

CONFIG: Any = {"stepfunctions": {"execute_state_machine": True}}
ROLE = "arn:aws:iam::123456789012:role/any"


def main() -> None:
    """Measure every case."""
    cases = json.load(sys.stdin)
    with mock_aws(config=CONFIG):
        client = boto3.client("stepfunctions", "us-east-1", aws_access_key_id="any", aws_secret_access_key="any")  # noqa: S106 - nobody's
        took = {case["title"]: measured(client, place, case) for place, case in enumerate(cases)}
    json.dump({"name": f"moto {metadata.version('moto')}", "took": took}, sys.stdout)


def measured(client: Any, place: int, case: dict[str, Any]) -> tuple[float | None, float]:  # noqa: ANN401 - boto's
    """Give the milliseconds and the CPU-milliseconds of one execution."""
    made = client.create_state_machine(name=f"m{place}", definition=json.dumps(case["document"]), roleArn=ROLE)
    if not succeeds(client, made["stateMachineArn"], case["input"]):
        return None, 0.0
    times, wall, used = case["times"], time.perf_counter(), time.process_time()
    for _ in range(times):
        succeeds(client, made["stateMachineArn"], case["input"])
    return 1000 * (time.perf_counter() - wall) / times, 1000 * (time.process_time() - used) / times


def succeeds(client: Any, machine: str, data: Any) -> bool:  # noqa: ANN401 - boto's
    """Run once, and tell whether it went well."""
    name = str(uuid.uuid4())
    started = client.start_execution(stateMachineArn=machine, input=json.dumps(data), name=name)
    while True:
        status = client.describe_execution(executionArn=started["executionArn"])["status"]
        if status != "RUNNING":
            return bool(status == "SUCCEEDED")
        time.sleep(0.001)


if __name__ == "__main__":
    main()
