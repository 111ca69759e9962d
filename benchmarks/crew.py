"""Client processes doing one operation at once, and what that cost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import IO
from uuid import uuid4

import orjson

from benchmarks import ROOT
from benchmarks.client import Outcome, Task
from benchmarks.machine import cpu_ms, pin
from benchmarks.operations import Book
from benchmarks.service import Service

WARM_UP_SHARE = 8
"""One round is not measured for each so many that are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measurement.

    CPU-ms per operation, ``served_ms`` of them in the server process; how many were done, warm-up too; operations a
    second; the median wait in milliseconds.
    """

    operation: str
    clients: int
    cpu_ms: float
    served_ms: float
    done: int
    per_second: float
    wait_ms: float
    failures: Sequence[str]


def measure(service: Service, book: Book, operation: str, clients: int, rounds: int, cores: set[int]) -> Measure:
    """Let ``clients`` processes on ``cores`` share ``rounds`` of an operation, after a warm-up."""
    each = max(1, rounds // clients)
    run = uuid4().hex
    with ExitStack() as stack:
        crew = [
            stack.enter_context(
                _hired(
                    Task(
                        operation=operation,
                        account=service.account,
                        book=book,
                        name=f"{run}-{number}",
                        first=number,
                        step=clients,
                        warm_up=max(1, each // WARM_UP_SHARE),
                        rounds=each,
                    ),
                    cores,
                )
            )
            for number in range(clients)
        ]
        warm = [_outcome(client) for client in crew]
        before, began = _used(service), time.perf_counter()
        for client in crew:
            _go_on(client)
        outcomes = [_outcome(client) for client in crew]
        seconds, used = (
            time.perf_counter() - began,
            [now - then for now, then in zip(_used(service), before, strict=True)],
        )
        for client in crew:
            _go_on(client)
    done = sum(outcome.done for outcome in outcomes)
    return Measure(
        operation=operation,
        clients=clients,
        cpu_ms=sum(used) / max(1, done),
        served_ms=used[0] / max(1, done),
        done=done + sum(outcome.done for outcome in warm),
        per_second=done / seconds,
        wait_ms=median([wait for outcome in outcomes for wait in outcome.waits] or [0.0]),
        failures=[failure for outcome in (*warm, *outcomes) for failure in outcome.failures],
    )


def _used(service: Service) -> list[float]:
    return [cpu_ms([root]) for root in service.roots]


def _hired(task: Task, cores: set[int]) -> subprocess.Popen[str]:
    client = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.client"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    pin([client.pid], cores)
    _input(client).write(task.write())
    _input(client).flush()
    return client


def _go_on(client: subprocess.Popen[str]) -> None:
    _input(client).write("\n")
    _input(client).flush()


def _input(client: subprocess.Popen[str]) -> IO[str]:
    if client.stdin is None:
        raise RuntimeError("a client is spoken to through a pipe")
    return client.stdin


def _outcome(client: subprocess.Popen[str]) -> Outcome:
    if client.stdout is None:
        raise RuntimeError("a client answers through a pipe")
    line = client.stdout.readline()
    if not line:
        raise RuntimeError(f"a client ended with exit code {client.wait()}")
    return Outcome(**orjson.loads(line))
