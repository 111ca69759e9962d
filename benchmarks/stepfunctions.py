"""Measure the Step Functions protocol: a chain of ten Pass states, started and watched to its end through boto3.

``python -m benchmarks.stepfunctions [sqlite|postgresql|mariadb ...] [--times N] [--peers PYTHON]``. The product runs by
its own commands, with fsync on; CPU is that of its process and of the database's, from StartExecution to the answer
that says SUCCEEDED, those before it included. What the engine takes of it is the last row of ``benchmarks.asl``.
``--peers`` names the Python of an environment with moto, whose server is measured alike; it is no dependency of ours.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from benchmarks.asl import CHAIN
from benchmarks.machine import cpu_ms, describe, halves, pin
from benchmarks.service import EMAIL, PATIENCE_S, Tuning, new_database, serving, set_up
from tests.support.aws import ROLE, Keys, client_of, keys_in
from tests.support.served import program
from tests.support.servers import Keeper, free_port

STORES: Final = ("sqlite", "postgresql")
OURS: Final = "tramita serve"
TARGET_MS: Final = 8.0
WARMING: Final = 20
PAUSE_S: Final = 0.001
NOBODY: Final = Keys("any", "any")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stepfunctions", description=__doc__)
    parser.add_argument("stores", nargs="*", metavar="store", default=STORES)
    parser.add_argument("--times", type=int, default=300, help="executions measured")
    parser.add_argument("--peers", help="the Python of an environment with moto's server")
    given = parser.parse_args()
    print(f"{describe()}; fsync on\n")
    print("| StartExecution to SUCCEEDED | store | ms | CPU-ms | answers asked for | target | |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    with Keeper(), tempfile.TemporaryDirectory() as folder:
        for kind in given.stores:
            _ours(kind, Path(folder, kind), given.times)
        if given.peers:
            with _moto(given.peers, Path(folder)) as (url, process):
                _measure("moto's server", "memory", client_of(NOBODY, url), [process], given.times)


def _ours(kind: str, folder: Path, times: int) -> None:
    folder.mkdir()
    cores, own = halves()
    with new_database(kind, folder) as url:
        set_up(url, folder)
        made = program("aws-credentials", "create", "--email", EMAIL, data=folder, DATABASE_URL=url)
        with serving(url, folder, cores, Tuning()) as service:
            pin([os.getpid()], own)
            client = client_of(keys_in(made.stdout), f"http://127.0.0.1:{service.account.port}/aws/")
            _measure(OURS, kind, client, service.roots, times)


def _measure(name: str, kind: str, client: Any, roots: Sequence[int], times: int) -> None:  # noqa: ANN401 - boto's
    made = client.create_state_machine(name="chain", definition=json.dumps(CHAIN), roleArn=ROLE)
    machine = made["stateMachineArn"]
    _repeat(client, machine, WARMING)
    used, began = cpu_ms(roots), time.perf_counter()
    asked = _repeat(client, machine, times)
    wall, cost = 1000 * (time.perf_counter() - began) / times, (cpu_ms(roots) - used) / times
    judged = f"{TARGET_MS:g} | {'met' if cost <= TARGET_MS else 'NOT MET'}" if name == OURS else "|"
    print(f"| {name} | {kind} | {wall:.1f} | {cost:.2f} | {asked / times:.1f} | {judged} |", flush=True)


def _repeat(client: Any, machine: str, times: int) -> int:  # noqa: ANN401 - boto's
    """Run so many executions one after the other, and give how often one was asked whether it had ended."""
    asked = 0
    for _ in range(times):
        # Named: moto's server takes two without a name for the same one.
        name, status = uuid4().hex, "RUNNING"
        execution = client.start_execution(stateMachineArn=machine, name=name, input='{"a": 1}')
        while status == "RUNNING":
            time.sleep(PAUSE_S)
            status = client.describe_execution(executionArn=execution["executionArn"])["status"]
            asked += 1
        if status != "SUCCEEDED":
            raise RuntimeError(status)
    return asked


@contextmanager
def _moto(python: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Serve with moto, which runs state machines; give the URL and the process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "moto.log").open("wb") as log:
        server = subprocess.Popen([python, "-m", "moto.server", "-p", str(port)], stdout=log, stderr=log)
    try:
        _configure(f"{url}/moto-api/config")
        yield url, server.pid
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def _configure(url: str) -> None:
    """Have state machines run for real, as soon as somebody listens. Raises RuntimeError."""
    body = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 - of this machine
    for _ in range(PATIENCE_S * 10):
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S):  # noqa: S310 - of this machine
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError("moto does not answer")


if __name__ == "__main__":
    main()
