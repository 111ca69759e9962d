"""Executions here and now."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.builder import END, Machine, branch, task
from app.workflow.here import EndlessError, run_here
from app.workflow.kernel import events as e
from app.workflow.kernel.errors import DefinitionError, StepError
from app.workflow.kernel.fold import replay
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.status import Status

pytestmark = pytest.mark.fast


def single(**options: Any) -> Machine:
    return Machine("m").state("a", task("do", **options)).transition("a", END)


def test_a_handler_gets_a_copy_and_gives_one() -> None:
    """ORC-05: nothing is shared with the execution, as in the durable runtime."""
    kept: list[Any] = []

    def handle(given: Any) -> Any:
        given["n"] = 2
        kept.append(given)
        return given

    machine = Machine("m").state("a", task("do", result="r")).state("b", task("do", result="s"))
    run = run_here(machine.transition("a", "b").transition("b", END).build(), {"n": 1}, {"do": handle})
    for given in kept:
        given["n"] = 3
    assert run.output == {"n": 1, "r": {"n": 2}, "s": {"n": 2, "r": {"n": 2}}}


def test_what_json_cannot_say_is_no_result() -> None:
    run = run_here(single(retry=[]).build(), None, {"do": lambda _: object()})
    assert (run.status, run.error) == (Status.FAILED, "States.Runtime")
    with pytest.raises(StepError):
        run_here(single().build(), object(), {"do": lambda _: 1})


def test_handlers_are_checked_before_anything_runs() -> None:
    async def later(_given: Any) -> None:
        """Never called."""

    machine = single(compensate="undo").build()
    with pytest.raises(DefinitionError) as caught:
        run_here(machine, None, {"do": later})
    assert caught.value.faults == (
        "nothing handles 'undo'",
        "the handler of 'do' is async: only the durable runtime awaits",
    )


def test_time_that_nothing_happens_in_is_jumped_over() -> None:
    machine = Machine("m", timeout=100).state("a").transition("a", END, on="go").build()
    run = run_here(machine, now=5000)
    assert (run.status, run.frame.ended) == (Status.TIMED_OUT, 105_000)


def test_an_execution_whose_event_does_not_come_waits() -> None:
    machine = Machine("m").state("a").transition("a", END, on="go").build()
    run = run_here(machine, signals=[("other", 1)])
    assert (run.status, len(run.frame.kept)) == (Status.WAITING, 1)
    assert run_here(machine, signals=[("other", 1), ("go", 2)]).status is Status.SUCCEEDED


def test_a_machine_that_goes_round_and_round_is_stopped() -> None:
    machine = Machine("m").wait("a", seconds=1).wait("b", seconds=1).transition("a", "b").transition("b", "a").build()
    with pytest.raises(EndlessError):
        run_here(machine, longest=500)


def test_a_long_way_is_gone_in_pieces() -> None:
    machine = Machine("m").map("each", branch("x", task("do")), items=list, at_once=0).transition("each", END).build()
    run = run_here(machine, list(range(400)), {"do": lambda n: n})
    assert run.output == list(range(400))


def test_what_is_done_is_undone_in_reverse_and_what_cannot_be_is_told() -> None:
    """SAGA-01, SAGA-03: in the mode in memory as in the durable one."""
    done: list[str] = []

    def named(name: str, error: str = "") -> Any:
        def handle(_given: Any) -> str:
            done.append(name)
            if error:
                raise StepError(error)
            return name

        return handle

    machine = (
        Machine("m")
        .state("a", task("a", compensate="undo a"))
        .state("b", task("b", compensate="undo b"))
        .state("c", task("c", retry=[]))
        .transition("a", "b")
        .transition("b", "c")
        .transition("c", END)
        .build()
    )
    handlers = {"a": named("a"), "b": named("b"), "c": named("c", "Boom")}
    run = run_here(machine, None, {**handlers, "undo a": named("undo a"), "undo b": named("undo b", "Stuck")})
    assert done == ["a", "b", "c", *["undo b"] * 4, "undo a"]
    assert (run.status, run.error) == (Status.FAILED, "Boom")
    assert [event.state for event in run.events if isinstance(event, e.StepNotUndone)] == ["b"]


def test_past_the_pivot_what_fails_is_left_to_a_person() -> None:
    machine = Machine("m").state("a", task("a", pivot=True)).state("b", task("b", retry=[])).transition("a", "b")

    def broken(_given: Any) -> None:
        raise ValueError("no")

    run = run_here(machine.transition("b", END).build(), None, {"a": lambda _: 1, "b": broken})
    assert run.status is Status.RETRYING
    assert [event.state for event in run.events if isinstance(event, e.AlertRaised)] == ["b"]


def test_the_events_of_a_run_fold_into_what_it_has_come_to() -> None:
    """ORC-04: replay is live."""
    run = run_here(single().build(), 1, {"do": lambda n: n + 1}, seed="s")
    assert replay(Frame("", "s"), run.events) == run.frame
