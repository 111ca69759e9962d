"""What the kernel does with signals after the end, and with functions of a definition that raise."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.kernel import events as e
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.graph import Definition, Flow, Visit
from app.workflow.kernel.states import Pass, Receive
from app.workflow.kernel.status import Status

pytestmark = pytest.mark.fast

PAID = Definition(
    "paid",
    Flow(
        "pay",
        {"pay": Receive("pay", {"success": None, "timeout": None}, names=["payment"], timeout=1)},
    ),
)


def _payment(name: str = "payment") -> s.Signal:
    return s.Signal("money", name, {"cents": 1}, 1_000_000)


def test_a_signal_that_was_given_up_is_late_even_after_the_end() -> None:
    """SAGA-06: money that arrives after the limit starts its own flow, never nothing."""
    frame = Frame("1", "seed")
    run(PAID, frame, s.Start(None), 0)
    run(PAID, frame, s.Tick(), 1_000)
    assert frame.status is Status.SUCCEEDED
    assert run(PAID, frame, _payment(), 2_000) == [e.SignalLate(2_000, "money", "payment", "", {"cents": 1})]
    assert frame.status is Status.SUCCEEDED
    assert run(PAID, frame, _payment(), 3_000) == []


def test_a_signal_nobody_ever_waited_for_changes_nothing_after_the_end() -> None:
    frame = Frame("1", "seed")
    run(PAID, frame, s.Start(None), 0)
    run(PAID, frame, s.Tick(), 1_000)
    assert run(PAID, frame, _payment("another"), 2_000) == []


def test_what_a_function_of_the_definition_raises_fails_its_state() -> None:
    def take(visit: Visit) -> Any:
        return visit.branch.data["absent"]

    frame = Frame("1", "seed")
    machine = Definition("m", Flow("a", {"a": Pass("a", {"success": None}, take=take)}))
    run(machine, frame, s.Start({}), 0)
    assert (frame.status, frame.error, frame.cause) == (Status.FAILED, "States.Runtime", "a: KeyError: 'absent'")
