"""What the engine does is told to whoever watches, and calls for a person reach the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from app.infrastructure.processes import watching
from app.infrastructure.processes.watching import EngineWatch, label_of
from app.infrastructure.watching.quiet import NoWatch
from app.workflow.kernel import events as e
from app.workflow.kernel.frames import Branch, Frame, Wait
from app.workflow.runtime.listeners import Returning
from app.workflow.runtime.store import Key
from tests.support.lines import lines_of

pytestmark = pytest.mark.fast
KEY = Key("7", "e1")
STATES = "arn:aws:states:us-east-1:000000000007"


@dataclass
class Heard(NoWatch):
    counts: ClassVar[bool] = True
    ends: list[str] = field(default_factory=list)
    tasks: list[tuple[str, str, float | None]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)

    def execution_ended(self, status: str) -> None:
        self.ends.append(status)

    def task_ended(self, resource: str, outcome: str, seconds: float | None) -> None:
        self.tasks.append((resource, outcome, seconds))

    def alert_raised(self, reason: str) -> None:
        self.alerts.append(reason)


def scheduled(branch: int, at: int, resource: str = "tramita:orders.validate") -> e.TaskScheduled:
    return e.TaskScheduled(branch, at, 1, resource, {})


def held(branch: Branch, **more: Any) -> Frame:
    return Frame("e1", "seed", branches={branch.id: branch}, **more)


@pytest.mark.parametrize(
    ("resource", "label"),
    [
        ("tramita:orders.validate", "tramita:orders.validate"),
        ("tramita:orders.await-approval.waitForTaskToken", "tramita:orders.await-approval"),
        (f"{STATES}:activity:anything", "activity"),
        ("arn:aws:lambda:us-east-1:000000000007:function:anything", "lambda"),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", "lambda:invoke"),
        ("arn:aws:states:::http:invoke", "http:invoke"),
        ("arn:aws:states:::states:startExecution.sync:2", "states:startExecution"),
        ("arn:aws:states:::anything:else", "other"),
        ("anything", "other"),
    ],
)
def test_a_label_is_a_word_of_the_program_whatever_a_definition_names(resource: str, label: str) -> None:
    """ERP-14: what users call their activities and functions makes no series."""
    assert label_of(resource) == label


def test_each_attempt_at_a_task_is_told_with_its_outcome_and_time() -> None:
    """ORC-07: by what it does; two lines of work do not get in each other's way."""
    heard = Heard()
    watch = EngineWatch(heard)
    watch.told(KEY, "m", [scheduled(0, 1000), scheduled(1, 1500, f"{STATES}:activity:a")])
    watch.told(KEY, "m", [e.TaskFailed(0, 3000, "Broken", ""), scheduled(0, 4000)])
    watch.told(KEY, "m", [e.TaskTimedOut(1, 61_500, "States.Timeout", ""), e.TaskSucceeded(0, 4250, {})])
    assert heard.tasks == [
        ("tramita:orders.validate", "failed", 2.0),
        ("activity", "timed_out", 60.0),
        ("tramita:orders.validate", "succeeded", 0.25),
    ]


def test_a_task_that_another_process_began_is_counted_without_a_time() -> None:
    """ORC-02: but keeps its own where it comes back to who began it; what nobody knows is not told."""
    heard = Heard()
    watch = EngineWatch(heard)
    assert isinstance(watch, Returning)
    task = Branch(0, -1, 0, "A", None, entered=True, wait=Wait("task", name="tramita:orders.validate"))
    watch.returned(KEY, "m", held(task))
    watch.told(KEY, "m", [e.TaskSucceeded(0, 5000, {}), e.TaskSucceeded(3, 5000, {})])
    watch.told(KEY, "m", [scheduled(0, 6000)])
    watch.returned(KEY, "m", held(task))
    watch.told(KEY, "m", [e.TaskSucceeded(0, 7000, {})])
    watch.returned(KEY, "m", held(Branch(0, -1, 0, "A", None, wait=Wait("timer", due=9))))
    watch.told(KEY, "m", [e.TaskSucceeded(0, 8000, {})])
    assert heard.tasks == [
        ("tramita:orders.validate", "succeeded", None),
        ("tramita:orders.validate", "succeeded", 1.0),
    ]


def test_no_more_tasks_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "OPEN", 2)
    heard = Heard()
    watch = EngineWatch(heard)
    watch.told(KEY, "m", [scheduled(branch, 1000) for branch in range(3)])
    watch.told(KEY, "m", [e.TaskSucceeded(branch, 2000, {}) for branch in range(3)])
    assert len(heard.tasks) == 2


def test_ends_are_told_by_how() -> None:
    heard = Heard()
    ends = [
        e.ExecutionSucceeded(1, {}),
        e.ExecutionFailed(1, "", ""),
        e.ExecutionTimedOut(1),
        e.ExecutionAborted(1, "", ""),
    ]
    EngineWatch(heard).told(KEY, "m", ends)
    assert heard.ends == ["succeeded", "failed", "timed_out", "aborted"]


def test_a_call_for_a_person_is_a_warning_even_where_nobody_counts() -> None:
    """SAGA-03: never silent; the line names the execution, and nothing of what people wrote."""
    with lines_of("WARNING") as lines:
        for watch in (EngineWatch(NoWatch()), EngineWatch(heard := Heard())):
            watch.told(KEY, "billing", [e.StepNotUndone(1, "Pay", "Broken", "Ann's card"), scheduled(0, 1)])
            watch.told(KEY, "billing", [e.AlertRaised(0, 1, "Ship", "States.Timeout", "")])
    about = {"level": "warning", "event": "a person must look", "company": 7, "execution": "e1", "workflow": "billing"}
    undone = {**about, "reason": "not_undone", "state": "Pay", "error": "Broken"}
    ahead = {**about, "reason": "no_way_back", "state": "Ship", "error": "States.Timeout"}
    assert [{name: line.get(name) for name in undone} for line in lines] == [undone, ahead] * 2
    assert "Ann" not in str(lines)
    assert heard.alerts == ["not_undone", "no_way_back"]


def test_what_a_crash_kept_from_being_said_is_said_when_the_execution_is_read_again() -> None:
    """SAGA-03: of one that has ended the row tells."""
    branch = Branch(0, -1, 0, "Ship", None, entered=True)
    with lines_of("WARNING") as lines:
        watch = EngineWatch(NoWatch())
        watch.returned(KEY, "billing", held(branch, alerts=2))
        watch.returned(KEY, "billing", held(branch, alerts=2, ended=5))
        watch.returned(KEY, "billing", held(branch))
    told = [(line["event"], line["execution"], line["alerts"]) for line in lines]
    assert told == [("a person must still look", "e1", 2)]
