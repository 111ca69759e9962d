"""What the script that runs machines on other interpreters counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import asl_peers

pytestmark = pytest.mark.fast

CASE: dict[str, Any] = {"title": "one", "document": {"StartAt": "a"}, "input": {"n": 1}, "times": 3}


class Scripted:
    """A peer whose executions are seen to run once, and then to have ended in one way."""

    name = "scripted"

    def __init__(self, end: str = "SUCCEEDED", *, able: bool = True) -> None:
        self.end, self.able = end, able
        self.started: list[tuple[str, Any]] = []
        self.seen: set[str] = set()

    def create(self, name: str, definition: str) -> str | None:
        assert json.loads(definition) == CASE["document"]
        return f"arn:{name}" if self.able else None

    def start(self, arn: str, data: str, name: str) -> str:
        self.started.append((arn, json.loads(data)))
        return name

    def status(self, execution: str) -> str:
        if execution in self.seen:
            return self.end
        self.seen.add(execution)
        return "RUNNING"


def test_a_machine_is_run_once_to_warm_up_and_then_as_often_as_asked() -> None:
    peer = Scripted()
    wall, used = asl_peers.measured(peer, 7, CASE)
    assert peer.started == [("arn:m7", {"n": 1})] * 4
    assert len(peer.seen) == 4, "each under a name of its own"
    assert wall is not None
    assert wall > 0 <= used


@pytest.mark.parametrize(
    ("peer", "runs"), [(Scripted("FAILED"), 1), (Scripted("ABORTED"), 1), (Scripted(able=False), 0)]
)
def test_a_machine_that_a_peer_does_not_run_well_has_no_figure(peer: Scripted, runs: int) -> None:
    assert asl_peers.measured(peer, 0, CASE) == (None, 0.0)
    assert len(peer.started) == runs
