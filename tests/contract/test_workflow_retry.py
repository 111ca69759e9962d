"""Executions that have ended are retried from a state, the same on each store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.workflow.runtime.engine import UnknownExecutionError, UnknownMachineError
from app.workflow.runtime.retrying import RetryError
from app.workflow.runtime.store import Key
from tests.support.workflow.bed import NAMESPACE, Bed, bed_of
from tests.support.workflow.stores import KINDS

pytestmark = pytest.mark.fast
NOTE: Final = {"Type": "Task", "Resource": "note", "Arguments": "{% $x %}", "Output": "{% $states.input %}"}
FAIL: Final = {"Type": "Task", "Resource": "fail", "End": True}


@pytest.fixture(scope="module", params=KINDS)
def bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    with bed_of(request.param, tmp_path_factory.mktemp("retry")) as made:
        yield made


def _states(last: dict[str, Any]) -> dict[str, Any]:
    return {
        "First": {"Type": "Pass", "Assign": {"x": "first"}, "Output": {"n": 1}, "Next": "Second"},
        "Second": {**NOTE, "Assign": {"x": "second"}, "Next": "Last"},
        "Last": last,
    }


def _failed(bed: Bed) -> tuple[str, Key]:
    machine = bed.machine(_states(FAIL), QueryLanguage="JSONata")
    key = bed.engine.start(machine, {"n": 0}, namespace=NAMESPACE)
    assert bed.ended(key).status.value == "failed"
    return machine, key


def _again(bed: Bed, key: Key, redrives: int) -> Any:
    bed.until(lambda: bed.engine.describe(key).redrives == redrives)
    return bed.ended(key)


def test_a_state_runs_again_with_what_it_had_variables_included(bed: Bed) -> None:
    """ASL-06: what happened before it does not happen again; the history goes on."""
    _, key = _failed(bed)
    bed.calls.clear()
    bed.engine.retry(key, "Second")
    assert _again(bed, key, 1).status.value == "failed"
    assert bed.calls == ["first"], "as it was when the state was entered, not as it is at the end"
    bed.engine.retry(key, "Second", {"n": 2})
    assert _again(bed, key, 2).status.value == "failed"
    told = bed.history(key)
    names = [entry.get("stateEnteredEventDetails", {}).get("name") for entry in told]
    assert [name for name in names if name] == ["First", "Second", "Last", "Second", "Last", "Second", "Last"]
    again = [entry for entry in told if entry["type"] == "ExecutionRedriven"]
    assert [entry["executionRedrivenEventDetails"] for entry in again] == [{"redriveCount": 1}, {"redriveCount": 2}]
    after = [entry for entry in told if entry["previousEventId"] == again[-1]["id"]]
    assert [entry["stateEnteredEventDetails"]["input"] for entry in after] == ['{"n":2}']


def test_it_goes_on_by_another_edition_when_it_is_told_to(bed: Bed) -> None:
    """ORC-08: what failed by a faulty definition goes on by the mended one, its own done steps kept."""
    machine, key = _failed(bed)
    bed.edition(machine, 2, {**_states({"Type": "Pass", "Output": "mended", "End": True})}, QueryLanguage="JSONata")
    bed.engine.retry(key, "Last", edition=2)
    ended = _again(bed, key, 1)
    assert (ended.status.value, ended.output, ended.edition) == ("succeeded", "mended", 2)
    assert bed.history(key)[-1]["type"] == "ExecutionSucceeded"


def test_a_state_that_was_never_reached_needs_something_to_go_on_with(bed: Bed) -> None:
    machine = bed.machine({"A": {**FAIL, "End": False, "Next": "B"}, "B": {"Type": "Succeed"}})
    key = bed.engine.start(machine, {}, namespace=NAMESPACE)
    bed.ended(key)
    with pytest.raises(RetryError, match="has never been in 'B': what it goes on with must be given"):
        bed.engine.retry(key, "B")
    bed.engine.retry(key, "B", {"skipped": True})
    assert _again(bed, key, 1).output == {"skipped": True}


def test_the_engine_says_why_it_refuses(bed: Bed) -> None:
    """ORC-01: and nothing has changed."""
    _, key = _failed(bed)
    with pytest.raises(RetryError, match="'Nowhere' is no state of the main line"):
        bed.engine.retry(key, "Nowhere")
    with pytest.raises(UnknownMachineError, match="edition 9"):
        bed.engine.retry(key, "Last", edition=9)
    with pytest.raises(UnknownExecutionError):
        bed.engine.retry(Key("other", key.id), "Last")
    assert bed.engine.describe(key).redrives == 0
    bed.engine.retry(key, "Last", 1)
    _again(bed, key, 1)


def test_there_is_no_way_back_behind_the_pivot(bed: Bed) -> None:
    """SAGA-03: from a state after it one may go on."""
    states = {
        "Pay": {"Type": "Pass", "Next": "Ship"},
        "Ship": {"Type": "Task", "Resource": "echo", "Pivot": True, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }
    key = bed.start(states, {})
    bed.waits_at(key, "Wait")
    bed.engine.stop(key)
    bed.ended(key)
    with pytest.raises(RetryError, match="'Pay' lies before the pivot"):
        bed.engine.retry(key, "Pay")
    bed.engine.retry(key, "Done", "sent")
    assert _again(bed, key, 1).output == "sent"
