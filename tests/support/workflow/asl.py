"""Executions of documents in Amazon States Language, driven by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import cycle
from typing import Any, Final

from app.workflow.asl.compile import LANGUAGES, Languages, compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.history import History
from tests.support.workflow.driven import Driven

LAMBDA: Final = "arn:aws:lambda:us-east-1:000000000000:function:f"
ACTIVITY: Final = "arn:aws:states:us-east-1:000000000000:activity:a"
QUEUE: Final = "arn:aws:states:::sqs:sendMessage"


class Asl(Driven):
    """An execution of a document; its history is built and counted anew whenever it is asked for."""

    def __init__(self, document: Mapping[str, Any], *, languages: Languages = LANGUAGES) -> None:
        super().__init__(compile_machine(document, "m", languages=languages))

    def history(self) -> list[dict[str, Any]]:
        """Give the public history; it has as many lines as the execution has counted."""
        told = History(self.definition, "x1", "seed", Surroundings()).tell(self.events)
        assert [entry["id"] for entry in told] == list(range(1, self.frame.lines + 1))
        return told

    def types(self) -> list[str]:
        """Give the types of the history's entries."""
        return [entry["type"] for entry in self.history()]

    def chain(self) -> list[int]:
        """Give what each entry of the history follows."""
        return [entry["previousEventId"] for entry in self.history()]

    def output(self) -> Any:
        """Give the output of an execution that must have succeeded."""
        assert self.frame.status == "succeeded", (self.frame.error, self.frame.cause)
        return self.frame.output

    def failure(self) -> tuple[str, str]:
        """Give error and cause of an execution that must have failed."""
        assert self.frame.status == "failed"
        return self.frame.error, self.frame.cause


def one(state: Mapping[str, Any], given: Any = None, **others: Mapping[str, Any]) -> Asl:
    """Start a machine of the state ``S``, which ends it unless it says where to go, and others beside it."""
    ends = state["Type"] in {"Choice", "Fail", "Succeed"} or "Next" in state
    first = {**state} if ends else {**state, "End": True}
    run = Asl({"StartAt": "S", "States": {"S": first, **others}})
    run.start(given)
    return run


def drive(run: Asl, given: Any, answers: Iterable[int], answer: Callable[[str, int], object]) -> None:
    """Answer waiting tasks, by state and number, or let time pass, as the numbers say, until the execution is over."""
    run.start(given)
    for number in cycle(answers):
        if run.frame.is_over:
            return
        waiting = [branch for branch in run.frame.branches.values() if branch.wait and branch.wait.kind == "task"]
        due = run.frame.next_due()
        # An activity that nobody has taken has all the time there is.
        if waiting and (number % 5 or due is None):
            answer(waiting[number % len(waiting)].state, number)
        else:
            assert due is not None, "an execution that waits for nothing has been forgotten"
            run.later(max(0, due - run.now) / 1000)


def details(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give the details of an entry of the history."""
    found: list[dict[str, Any]] = [value for key, value in entry.items() if key.endswith("EventDetails")]
    return found[0] if found else {}


def plain(text: str) -> Any:
    """Read what the history holds as text."""
    return json.loads(text)
