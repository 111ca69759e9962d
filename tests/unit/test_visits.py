"""Stays in states, out of events that are given by hand."""

from __future__ import annotations

import pytest

from app.infrastructure.processes.visits import Visits
from app.usecases.ports.workflows import Visit
from app.usecases.processes.runs import figures
from app.workflow.kernel import events as e

pytestmark = pytest.mark.fast


def followed(*events: e.Event) -> list[tuple[str, int, int | None, str, int, str]]:
    visits = Visits()
    visits.follow(events)
    return [(one.state, one.entered, one.left, one.outcome, one.attempts, one.error) for one in visits.shown()]


def entered(at: int = 1, state: str = "A", branch: int = 0) -> e.StateEntered:
    return e.StateEntered(branch, at, state, None)


def exited(at: int, state: str = "A", transition: str = "success", branch: int = 0) -> e.StateExited:
    return e.StateExited(branch, at, state, None, transition, None)


def failed(at: int, outcome: str = "", branch: int = 0) -> e.StateFailed:
    return e.StateFailed(branch, at, "A", "Broken", "", outcome=outcome)


def scheduled(at: int, attempt: int = 1) -> e.TaskScheduled:
    return e.TaskScheduled(0, at, attempt, "r", None)


def test_a_stay_counts_its_attempts_until_it_ends() -> None:
    """ORC-07: an attempt that failed is part of the stay."""
    events = (entered(), scheduled(1), failed(2, "retried"), e.RetryScheduled(0, 2, 0, 5), scheduled(5, 2), exited(7))
    assert followed(*events) == [("A", 1, 7, "succeeded", 2, "Broken")]
    assert followed(*events[:3]) == [("A", 1, None, "open", 1, "Broken")]


def test_an_error_that_is_caught_is_an_outcome_of_its_own() -> None:
    """ORC-07."""
    assert followed(entered(), failed(2, "caught"), exited(2, transition="catch:0"), entered(2, "B")) == [
        ("A", 1, 2, "caught", 0, "Broken"),
        ("B", 2, None, "open", 0, ""),
    ]


def test_what_is_open_ends_with_the_execution_or_with_its_siblings() -> None:
    aborted = e.BranchAborted(1, 3)
    events = (entered(), entered(2, "B", branch=1), aborted, aborted, e.ExecutionAborted(9, "", ""))
    assert followed(*events) == [("A", 1, 9, "aborted", 0, ""), ("B", 2, 3, "aborted", 0, "")]


@pytest.mark.parametrize("going_on", [scheduled(8), e.WaitStarted(0, 8, 9), e.SignalAwaited(0, 8, ["n"], "k")])
def test_a_redrive_makes_another_stay_of_one_that_had_ended(going_on: e.Event) -> None:
    events = (entered(), failed(2), e.ExecutionFailed(2, "Broken", ""), e.ExecutionRedriven(8), going_on, exited(9))
    first, second = followed(*events)
    assert first == ("A", 1, 2, "failed", 0, "Broken")
    assert second[:4] == ("A", 8, 9, "succeeded")


def test_what_no_stay_is_known_of_is_passed_over() -> None:
    """ORC-07: compensations are steps in no state."""
    assert followed(scheduled(1), exited(2), failed(3), e.BranchAborted(4, 4)) == []


def visit(took: int | None, outcome: str = "succeeded") -> Visit:
    left = None if took is None else 100 + took
    return Visit(state="A", branch=0, entered=100, left=left, outcome=outcome, attempts=1, error="")


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    """ORC-07: the shortest time that 95 of 100 did not exceed."""
    found = figures("A", [visit(n) for n in range(20, 0, -1)])
    assert (found.visits, found.mean, found.p95, found.longest, found.attempts) == (20, 10.5, 19, 20, 20)
    one = figures("A", [visit(7), visit(None, "open")])
    assert (one.visits, one.open, one.mean, one.p95) == (2, 1, 7.0, 7)
    none = figures("A", [visit(None, "open")])
    assert (none.mean, none.p95, none.longest) == (None, None, None)
