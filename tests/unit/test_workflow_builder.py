"""The fluent builder: what it makes, and everything it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.builder import END, FAILURE, NEVER, SUCCESS, TIMEOUT, Branch, Machine, branch, events, kind, task
from app.workflow.here import run_here
from app.workflow.kernel import states as k
from app.workflow.kernel.errors import DefinitionError, StepError
from app.workflow.kernel.graph import Compensation, Definition, Retrier
from app.workflow.kernel.status import Status
from tests.support.workflow.kinds import Audit

pytestmark = pytest.mark.fast


def is_large(data: Any) -> bool:
    return bool(data["total"] > 100)


def faults(machine: Machine) -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as caught:
        machine.build()
    return caught.value.faults


def failing(error: str) -> Any:
    def handle(_given: Any) -> Any:
        raise StepError(error, "as wanted")

    return handle


def test_the_machine_of_the_requirement_is_built_and_runs() -> None:
    """SM-03, SM-02: states, a decision and named transitions in one chain of calls."""
    order = (
        Machine("order-process")
        .state("charge", task("card.charge", result="payment"))
        .decision("approved", is_large)
        .end("done")
        .fail("refused", "Refused")
        .transition("start", "charge", on=SUCCESS)
        .transition("charge", "approved", on=SUCCESS)
        .transition("approved", "done", on=SUCCESS)
        .transition("approved", "refused", on=FAILURE)
        .build()
    )
    kinds = {name: type(state).kind for name, state in order.states.items()}
    assert kinds == {"start": "start", "charge": "task", "approved": "decision", "done": "end", "refused": "fail"}
    run = run_here(order, {"total": 101}, {"card.charge": lambda given: f"paid {given['total']}"})
    assert (run.status, run.output) == (Status.SUCCEEDED, {"total": 101, "payment": "paid 101"})
    run = run_here(order, {"total": 100}, {"card.charge": lambda _: None})
    assert (run.status, run.error) == (Status.FAILED, "Refused")


def test_every_fault_is_found_at_once() -> None:
    """SM-02, SM-03: unknown states and transitions, missing ones, states nobody reaches."""
    found = faults(
        Machine("", timeout=0)
        .state("", task("a"))
        .state("a", task("", timeout=0, heartbeat=-1))
        .state("a", task(""))
        .state("waits", events(timeout=-5))
        .state("dead")
        .state("limit", task("x"))
        .decision("fork", {"yes": is_large}, otherwise="no")
        .wait("sleep")
        .wait("naps", seconds=1, until=len)
        .parallel("none")
        .parallel("few", branch("p", task("x")), needed=2)
        .map("each", branch("q", task("x")), at_once=-1)
        .end("done")
        .transition("a", "nowhere")
        .transition("limit", "done", on=TIMEOUT)
        .transition("fork", "done", on="maybe")
        .transition("done", "a")
        .transition("stranger", "a", on="go")
    )
    for expected in (
        "a machine needs a name",
        "a state needs a name",
        "timeout is 0: it must be more than 0 seconds",
        "two states are named 'a'",
        "'a' needs a resource",
        "the timeout of 'waits' is -5: it must be more than 0 seconds",
        "'dead' waits for nothing: no event leads out of it",
        "'limit' has a transition 'timeout' but no time limit",
        "'limit' has no transition 'success'",
        "'fork' has no transition 'yes'",
        "'fork' has no transition 'no'",
        "'fork' never takes a transition 'maybe'",
        "'sleep' waits either for seconds or until an instant",
        "'naps' waits either for seconds or until an instant",
        "'none' has no branches",
        "'few' needs 2 of 1 branches",
        "at_once and tolerated of 'each' must not be less than 0",
        "'success' of 'a' leads to 'nowhere', which is no state beside it",
        "'done' never takes a transition 'success'",
        "'go' leads from 'stranger', which is none of the states",
        "nothing leads to 'dead'",
    ):
        assert expected in found, found


def test_faults_of_branches_say_where_they_are() -> None:
    inner = Branch().state("x", task("a")).transition("x", "y")
    found = faults(Machine("m").parallel("both", branch("ok", task("a")), inner).transition("both", END))
    assert found == ("'success' of 'x' leads to 'y', which is no state beside it",)
    inner = Branch().transition("z", END, on="go")
    found = faults(Machine("m").map("each", inner).transition("each", END))
    assert "the branch of 'each': it has no states" in found
    assert "the branch of 'each': 'go' leads from 'z', which is none of the states" in found


def test_a_name_is_unique_in_the_whole_machine() -> None:
    machine = Machine("m").parallel("both", branch("x", task("a")), branch("x", task("b"))).transition("both", END)
    assert faults(machine) == ("two states are named 'x'",)


@pytest.mark.parametrize("option", ["seconds", "heartbeat"])
def test_time_limits_are_more_than_nothing(option: str) -> None:
    what = {"seconds": Machine("m").wait("x", seconds=0), "heartbeat": Machine("m").state("x", task("a", heartbeat=0))}
    assert any("must be more than 0 seconds" in fault for fault in faults(what[option].transition("x", END)))


def test_a_machine_begins_where_it_is_told_else_at_start_else_at_its_first_state() -> None:
    def two() -> Machine:
        return Machine("m").state("a").state("b").transition("a", "b", on="go").transition("b", "a", on="go")

    assert two().build().flow.start == "a"
    assert two().begin("b").build().flow.start == "b"
    assert two().transition("start", "b").build().flow.start == "start"
    assert two().start("here").transition("here", "b").build().flow.start == "here"
    assert "it begins at 'a' and at 'b'" in faults(two().begin("a").begin("b"))
    assert "the machine starts at 'c', which is none of its states" in faults(two().begin("c"))


def test_a_task_is_tried_again_three_times_by_default() -> None:
    """ORC-03: after 1, 2 and 4 seconds."""
    machine = Machine("m").state("a", task("do")).transition("a", END).build()
    pauses: list[float] = []
    run = run_here(machine, None, {"do": failing("Boom")}, pause=pauses.append)
    assert (run.status, run.error, pauses) == (Status.FAILED, "Boom", [1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("retry", "attempts"), [(NEVER, 1), ([], 1), (Retrier(attempts=1), 2), ([Retrier(("Other",)), Retrier()], 4)]
)
def test_a_task_is_tried_again_as_it_says(retry: Any, attempts: int) -> None:
    calls: list[Any] = []

    def handle(given: Any) -> Any:
        calls.append(given)
        raise ValueError("no")

    run = run_here(Machine("m").state("a", task("do", retry=retry)).transition("a", END).build(), 1, {"do": handle})
    assert (run.error, run.cause, len(calls)) == ("ValueError", "no", attempts)


def test_an_error_takes_the_transition_of_its_name_at_once_any_other_that_of_failure_in_the_end() -> None:
    """SM-02: an error with a transition of its own is an answer and not tried again."""
    machine = (
        Machine("m")
        .state("a", task("do", timeout=5))
        .end("declined", lambda data: ["declined", data["error"]])
        .end("late", lambda data: ["late", data["error"]["error"]])
        .end("failed", lambda data: ["failed", data["error"]["error"]])
        .transition("a", END)
        .transition("a", "failed", on=FAILURE)
        .transition("a", "late", on=TIMEOUT)
        .transition("a", "declined", on="Declined")
        .build()
    )
    for error, output, attempts in (
        ("Declined", ["declined", {"error": "Declined", "cause": "as wanted"}], 1),
        ("States.Timeout", ["late", "States.Timeout"], 4),
        ("States.HeartbeatTimeout", ["late", "States.HeartbeatTimeout"], 4),
        ("Boom", ["failed", "Boom"], 4),
    ):
        run = run_here(machine, {"n": 1}, {"do": failing(error)})
        assert (run.output, sum(type(event).__name__ == "TaskScheduled" for event in run.events)) == (output, attempts)


def test_an_error_leaves_data_that_is_no_object_as_it_was() -> None:
    machine = Machine("m").state("a", task("do", retry=NEVER)).end("e").transition("a", END)
    run = run_here(machine.transition("a", "e", on=FAILURE).build(), 5, {"do": failing("Boom")})
    assert run.output == 5


@pytest.mark.parametrize(
    ("result", "answer", "output"),
    [
        (None, 2, 2),
        (None, None, {"n": 1}),
        ("key", 2, {"n": 1, "key": 2}),
        ("key", None, {"n": 1, "key": None}),
        ("n", 2, {"n": 2}),
        (lambda data, result: data["n"] + result, 2, 3),
    ],
)
def test_a_result_goes_where_it_is_wanted(result: Any, answer: Any, output: Any) -> None:
    machine = Machine("m").state("a", task("do", result=result)).transition("a", END).build()
    assert run_here(machine, {"n": 1}, {"do": lambda _: answer}).output == output


def test_a_result_under_a_key_makes_an_object_of_nothing_and_cannot_of_anything_else() -> None:
    machine = Machine("m").state("a", task("do", result="key")).transition("a", END).build()
    assert run_here(machine, None, {"do": lambda _: 2}).output == {"key": 2}
    assert run_here(machine, [1], {"do": lambda _: 2}).error == "States.Runtime"


@pytest.mark.parametrize("option", ["argument", "result"])
def test_a_function_that_fails_fails_its_state_and_says_which(option: str) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("total")

    options: dict[str, Any] = {option: broken}
    machine = Machine("m").state("pay", task("do", **options)).transition("pay", END).build()
    run = run_here(machine, {}, {"do": lambda _: 1})
    assert run.error == "States.Runtime"
    assert "'pay'" in run.cause
    assert "total" in run.cause


def test_guards_are_tried_in_order_and_named_as_uml_writes_them() -> None:
    def is_huge(data: Any) -> bool:
        return bool(data["total"] > 1000)

    machine = (
        Machine("m")
        .state("a", task("do"))
        .end("huge", lambda _: "huge")
        .end("large", lambda _: "large")
        .end("small", lambda _: "small")
        .transition("a", "huge", guard=is_huge)
        .transition("a", "large", guard=is_large)
        .transition("a", "small")
        .build()
    )
    assert list(machine.states["a"].transitions) == ["success [is_huge]", "success [is_large]", "success"]
    for total, end in ((1001, "huge"), (1000, "large"), (100, "small")):
        assert run_here(machine, {"total": total}, {"do": lambda given: given}).output == end


def test_guards_need_a_name_an_order_and_a_way_for_when_none_holds() -> None:
    machine = Machine("m").state("a", task("do")).state("b").end("c")
    machine.transition("b", "c", on="x", guard=lambda _: True)
    machine.transition("a", "b", guard=is_large)
    machine.transition("b", "c", on="go").transition("b", "a", on="go", guard=is_large)
    machine.transition("b", "c", on="twice", guard=is_large).transition("b", "a", on="twice", guard=is_large)
    assert faults(machine) == (
        "the guard of 'x' from 'b' has no name to refuse by",
        "'success' from 'a' needs a transition without a guard, for when none holds",
        "'go' from 'b' has transitions after the one without a guard",
        "'twice [is_large]' leads from 'b' twice",
    )


def test_a_decision_takes_the_first_condition_that_holds() -> None:
    conditions = {"large": is_large, "any": lambda data: data["total"] > 0}
    machine = (
        Machine("m")
        .decision("fork", conditions, otherwise="none")
        .end("e", lambda data: data)
        .end("f", lambda _: "any")
        .end("g", lambda _: "none")
        .transition("fork", "e", on="large")
        .transition("fork", "f", on="any")
        .transition("fork", "g", on="none")
        .build()
    )
    assert [run_here(machine, {"total": total}).output for total in (101, 1, 0)] == [{"total": 101}, "any", "none"]


def test_a_decision_without_a_way_out_fails_as_on_aws() -> None:
    machine = Machine("m").decision("fork", is_large).transition("fork", END).build()
    assert run_here(machine, {"total": 1}).error == "States.NoChoiceMatched"


def test_branches_come_together_in_a_join() -> None:
    """SM-01: parallel and join."""
    machine = (
        Machine("m")
        .parallel("both", branch("x", task("one")), branch("y", task("two")), argument=lambda data: data["n"])
        .join("sum", sum)
        .transition("both", "sum")
        .transition("sum", END)
        .build()
    )
    assert run_here(machine, {"n": 3}, {"one": lambda n: n + 1, "two": lambda n: n * 2}).output == 10


def test_enough_branches_are_enough() -> None:
    machine = Machine("m").parallel("any", branch("x", task("one")), branch("y", task("two")), needed=1)
    run = run_here(machine.transition("any", END).build(), 0, {"one": lambda _: "first", "two": failing("Boom")})
    assert run.output == ["first", None]


def test_a_map_runs_its_branch_for_each_item() -> None:
    machine = (
        Machine("m")
        .map("each", branch("x", task("do", retry=NEVER)), items=lambda data: data["lines"], tolerated=1, result="done")
        .transition("each", END)
        .build()
    )
    run = run_here(machine, {"lines": [1, 0, 2]}, {"do": lambda n: 10 // n})
    assert run.output == {"lines": [1, 0, 2], "done": [10, None, 5]}
    assert run_here(machine, {"lines": 5}, {"do": lambda n: n}).error == "States.Runtime"


def test_a_sleep_lasts_as_long_as_it_says() -> None:
    machine = Machine("m").wait("a", seconds=1.5).wait("b", until=lambda data: data).transition("a", "b")
    pauses: list[float] = []
    run = run_here(machine.transition("b", END).build(), 5000, pause=pauses.append, now=1000)
    assert (run.status, pauses) == (Status.SUCCEEDED, [1.5, 2.5])


def test_events_take_the_transitions_of_their_names_and_bring_data() -> None:
    """SM-02: any other name."""
    machine = (
        Machine("m")
        .state("draft", events(result="by", timeout=60))
        .receive("paid", "payment", result="payment", timeout=60)
        .end("late", lambda _: "late")
        .transition("draft", "paid", on="confirm")
        .transition("draft", "late", on=TIMEOUT)
        .transition("paid", END)
        .transition("paid", "late", on=TIMEOUT)
        .build()
    )
    run = run_here(machine, {}, signals=[("payment", 5), ("confirm", "ann")])
    assert run.output == {"by": "ann", "payment": 5}
    assert run_here(machine, {}).output == "late"
    assert run_here(machine, {}, signals=[("confirm", "ann")]).output == "late"


def test_an_event_can_be_told_apart_by_a_key() -> None:
    machine = Machine("m").receive("a", "paid", key=lambda data: data["order"]).state("b", events(key=lambda _: 7))
    built = machine.transition("a", "b").transition("b", END, on="go").build()
    frame = run_here(built, {"order": 5}).frame
    wait = frame.branches[0].wait
    assert wait is not None
    assert (wait.names, wait.key) == (["paid"], "5")


def test_options_of_a_task_reach_the_kernel() -> None:
    undo = Compensation("refund", timeout=5)
    machine = Machine("m", timeout=60, on_late="late", edition=3)
    machine.state("a", task("do", timeout=1, heartbeat=2, compensate=undo)).state("b", task("do", pivot=True))
    built = machine.transition("a", "b").transition("b", END).build()
    a, b = built.states["a"], built.states["b"]
    assert isinstance(a, k.Task)
    assert isinstance(b, k.Task)
    assert (a.timeout, a.heartbeat, a.compensation, a.pivot) == (1, 2, undo, False)
    assert (b.timeout, b.heartbeat, b.compensation, b.pivot) == (None, None, None, True)
    assert (built.timeout, built.on_late, built.edition) == (60, "late", 3)


def audited() -> Definition:
    machine = Machine("m").state("a", kind(Audit, level=1)).state("b", kind(Audit, level=2))
    return machine.transition("a", "b").transition("b", END).build()


def test_a_kind_of_ones_own_is_built_like_any_other() -> None:
    """SM-01: new kinds by implementing the interface."""
    assert run_here(audited(), []).output == [1, 2]
