"""What the kernel decides, kind by kind; every step is also replayed and read back from what is written (ORC-04)."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.kernel import events as e
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import is_cut
from app.workflow.kernel.errors import DefinitionError, StepError, matches
from app.workflow.kernel.graph import Catcher, Compensation, Definition, Flow, Retrier, State, Visit
from app.workflow.kernel.lifecycle import InvalidTransitionError
from app.workflow.kernel.states import (
    Awaiting,
    Decision,
    End,
    Fail,
    Join,
    Map,
    Parallel,
    Pass,
    Receive,
    Start,
    Task,
    Wait,
)
from app.workflow.kernel.status import AWS, ENDED, LIFE, Status
from tests.support.workflow.driven import Driven, names

pytestmark = pytest.mark.fast


def flow(*states: State) -> Flow:
    return Flow(states[0].name, {state.name: state for state in states})


def machine(*states: State, **more: Any) -> Definition:
    return Definition("m", flow(*states), **more)


def task(name: str, target: str | None = None, **more: Any) -> Task:
    return Task(name, {"success": target, **more.pop("to", {})}, f"do.{name}", **more)


# --- the life of an execution -------------------------------------------------------------------------------------


def test_every_change_of_status_is_in_the_table_and_any_other_is_refused() -> None:
    """ORC-01: what is not allowed raises InvalidTransitionError."""
    allowed = {(t.source, t.name) for t in LIFE.transitions}
    for status in Status:
        for name in {t.name for t in LIFE.transitions}:
            if (status, name) not in allowed:
                with pytest.raises(InvalidTransitionError):
                    LIFE.fire(status, name)
    assert {status for status in Status if not LIFE.allowed(status)} == {Status.SUCCEEDED}
    assert set(AWS) == set(Status)
    assert {AWS[status] for status in ENDED} == {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
    assert {AWS[status] for status in set(Status) - ENDED} == {"RUNNING"}


def test_an_execution_runs_waits_backs_off_and_ends() -> None:
    """ORC-01: the status follows what the branches wait for."""
    run = Driven(
        machine(task("a", "w", retriers=[Retrier(attempts=1)]), Wait("w", {"success": None}, lambda v: v.now + 5000))
    )
    assert run.status() is Status.PENDING
    run.start()
    assert run.status() is Status.RUNNING
    run.failed("a")
    assert run.status() is Status.RETRYING
    run.later(1)
    assert run.status() is Status.RUNNING
    run.done("a")
    assert run.status() is Status.WAITING
    run.later(5)
    assert run.status() is Status.SUCCEEDED


def test_what_is_told_to_an_ended_execution_changes_nothing() -> None:
    """ORC-06, SM-09: late answers, timers, stops and second starts."""
    run = Driven(machine(task("a")))
    run.start(1)
    assert run.start(2) == []
    branch = run.at("a")
    run.done("a", "out")
    for stimulus in (
        s.Start(3),
        s.TaskDone(branch.id, branch.entry, 1, "again"),
        s.TaskError(branch.id, branch.entry, 1, "Late"),
        s.Heartbeat(branch.id, branch.entry, 1),
        s.TaskTaken(branch.id, branch.entry, 1),
        s.Tick(),
        s.Signal("1", "any", None, run.now + 1),
        s.Stop(),
        s.Rollback(),
        s.Redrive(),
        s.Continue(),
    ):
        assert run.apply(stimulus) == []
    assert run.frame.output == "out"


def test_a_stopped_execution_says_by_whom_and_runs_no_compensation() -> None:
    run = Driven(machine(task("a", "b", compensation=Compensation("undo.a")), task("b")))
    run.start()
    run.done("a")
    assert names(run.apply(s.Stop("Asked", "by Ann"))) == ["ExecutionAborted"]
    assert (run.status(), run.frame.error, run.frame.cause) == (Status.ABORTED, "Asked", "by Ann")


# --- definitions --------------------------------------------------------------------------------------------------


def test_all_faults_of_a_definition_are_told_at_once() -> None:
    """SM-02: transitions to nowhere, states nobody reaches, names twice, catchers without a transition."""
    inner = Flow("gone", {"a": Pass("a", {"success": None})})
    with pytest.raises(DefinitionError) as refused:
        Definition(
            "",
            Flow(
                "a",
                {
                    "a": Task("a", {"success": "nowhere"}, "r", catchers=[Catcher(transition="oops")]),
                    "b": Pass("c", {"success": None}),
                    "p": Parallel("p", {"success": None}, [inner]),
                },
            ),
            timeout=0,
        )
    assert set(refused.value.faults) == {
        "a machine needs a name",
        "timeout is 0: it must be more than 0 seconds",
        "'success' of 'a' leads to 'nowhere', which is no state beside it",
        "'a' catches errors by 'oops', which is no transition of it",
        "'b' holds a state named 'c'",
        "nothing leads to 'b'",
        "nothing leads to 'p'",
        "branch 0 of 'p' starts at 'gone', which is none of its states",
        "two states are named 'a'",
        "nothing leads to 'a'",
    }


def test_a_kind_of_state_of_ones_own_needs_nothing_but_execute() -> None:
    """SM-01: and a transition it does not have is told when it is taken."""

    class Odd(State):
        kind = "odd"

        def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
            del cause
            return visit.leave(visit.branch.data, "odd" if visit.branch.data % 2 else "even")

    run = Driven(machine(Odd("o", {"odd": "x"}), End("x")))
    run.start(3)
    assert run.frame.output == 3
    run = Driven(machine(Odd("o", {"odd": "x"}), End("x")))
    run.start(2)
    assert (run.status(), run.frame.error) == (Status.FAILED, "States.Runtime")
    assert "no even from o" in run.frame.cause


def test_a_start_state_a_pass_a_join_and_an_end_hand_data_on() -> None:
    """SM-01."""
    run = Driven(
        machine(
            Start("s", {"success": "p"}),
            Pass("p", {"success": "q"}, take=lambda visit: [visit.branch.data, 1]),
            Parallel("q", {"success": "j"}, [flow(Pass("l", {"success": None})), flow(Pass("r", {"success": None}))]),
            Join("j", {"success": "e"}, take=lambda visit: visit.branch.data[0] + visit.branch.data[1]),
            End("e", take=lambda visit: {"all": visit.branch.data}),
        )
    )
    run.start(0)
    assert run.frame.output == {"all": [0, 1, 0, 1]}


# --- tasks --------------------------------------------------------------------------------------------------------


def test_a_task_is_tried_again_after_one_two_and_four_seconds() -> None:
    """ORC-03: three retries after the first attempt; then the execution fails with the error as it was."""
    run = Driven(machine(task("a", retriers=[Retrier()])))
    run.start()
    for attempt, pause in enumerate((1, 2, 4), 1):
        assert names(run.failed("a")) == ["TaskFailed", "StateFailed", "RetryScheduled"]
        assert run.later(pause - 0.001) == []
        assert names(run.later(0.001)) == ["WaitEnded", "TaskScheduled"]
        assert run.at("a").attempt == attempt + 1
    assert names(run.failed("a", "Boom", "at last"))[-1] == "ExecutionFailed"
    assert (run.frame.error, run.frame.cause) == ("Boom", "at last")


def test_retriers_count_for_themselves_and_the_first_that_fits_decides() -> None:
    """ASL-04: MaxAttempts 0 never retries, States.ALL takes neither States.Runtime nor States.DataLimitExceeded."""
    retriers = [Retrier(("A",), attempts=1, interval=5), Retrier(("B",), attempts=0), Retrier(attempts=1, interval=9)]
    run = Driven(machine(task("a", retriers=retriers)))
    run.start()
    run.failed("a", "A")
    run.later(5)
    run.failed("a", "C")
    assert run.later(8.999) == []
    run.later(0.001)
    run.failed("a", "A")
    assert run.frame.error == "A"
    for error in ("B", "States.Runtime", "States.DataLimitExceeded"):
        run = Driven(machine(task("a", retriers=retriers)))
        run.start()
        run.failed("a", error)
        assert run.frame.error == error


def test_pauses_grow_to_the_longest_and_jitter_takes_a_part_that_is_the_same_on_every_replay() -> None:
    plain, most = Retrier(rate=3, interval=2), Retrier(rate=3, interval=2, longest=7)
    assert [plain.pause(used, 0.5) for used in range(3)] == [2000, 6000, 18000]
    assert [most.pause(used, 0.5) for used in range(3)] == [2000, 6000, 7000]
    assert Retrier(rate=1e6).pause(10_000, 0) == 31_536_000_000
    assert Retrier(jitter=True, interval=8).pause(0, 0.25) == 2000
    dues = set()
    for _ in range(2):
        run = Driven(machine(task("a", retriers=[Retrier(jitter=True, interval=1000)])))
        run.start()
        run.failed("a")
        wait = run.at("a").wait
        assert wait is not None
        assert wait.due is not None
        assert 0 < wait.due - run.now < 1_000_000
        dues.add(wait.due)
    assert len(dues) == 1


def test_an_error_is_caught_by_the_first_catcher_that_names_it_with_error_and_cause() -> None:
    """SM-02, ASL-04."""
    catchers = [
        Catcher(("Refused",), "no", give=lambda visit, told: {**visit.branch.data, "why": told["Cause"]}),
        Catcher(("States.Timeout",), "late"),
        Catcher(("States.TaskFailed",), "failure", assign=lambda _visit, told: {"error": told["Error"]}),
    ]
    to = {"no": "n", "late": "l", "failure": "f"}
    ends = [End("e"), End("n"), End("l"), End("f")]
    for error, end, output in (
        ("Refused", "n", {"x": 1, "why": "why"}),
        ("States.Timeout", "l", {"Error": "States.Timeout", "Cause": "why"}),
        ("Other", "f", {"Error": "Other", "Cause": "why"}),
    ):
        run = Driven(machine(task("a", "e", to=to, catchers=catchers), *ends))
        run.start({"x": 1})
        run.failed("a", error)
        assert run.frame.output == output
        left = [event for event in run.events if isinstance(event, e.StateExited)]
        assert left[0].target == end
        assert left[0].variables == ({"error": "Other"} if end == "f" else None)


def test_a_task_out_of_time_fails_with_a_timeout_and_its_answer_is_late() -> None:
    """SAGA-04."""
    run = Driven(machine(task("a", timeout=30)))
    run.start()
    branch = run.at("a")
    assert run.later(29) == []
    assert names(run.later(1))[0] == "TaskTimedOut"
    assert run.frame.error == "States.Timeout"
    assert run.apply(s.TaskDone(branch.id, branch.entry, 1, None)) == []


def test_an_activity_must_show_that_it_lives_once_it_is_taken() -> None:
    """ASL-04 HeartbeatSeconds: it counts from the hand-out, each beat begins it anew."""
    run = Driven(machine(task("a", heartbeat=10, timeout=100)))
    run.start()
    branch = run.at("a")
    assert run.later(50) == []
    taken = s.TaskTaken(branch.id, branch.entry, 1, "w")
    assert names(run.apply(taken)) == ["TaskStarted"]
    assert run.apply(taken) == []
    run.later(9)
    assert names(run.apply(s.Heartbeat(branch.id, branch.entry, 1))) == ["TaskBeat"]
    assert run.later(9.999) == []
    run.later(0.001)
    assert run.frame.error == "States.HeartbeatTimeout"


def test_a_task_handed_over_must_show_that_it_lives_and_is_told_before_its_end() -> None:
    run = Driven(machine(task("a", heartbeat=10, timeout=100)))
    run.start()
    assert names(run.submitted("a", {"Id": 1})) == ["TaskSubmitted"]
    branch = run.at("a")
    assert branch.wait is not None
    assert (branch.wait.taken, branch.wait.beat) == (True, run.now + 10_000)
    answer = s.TaskDone(branch.id, branch.entry, 1, 5, submitted={"Id": 1})
    assert names(run.apply(answer))[0] == "TaskSucceeded"
    for ending in (s.TaskDone(0, 1, 1, 5, submitted={"Id": 1}), s.TaskError(0, 1, 1, "E", "c", submitted={"Id": 1})):
        run = Driven(machine(task("a", heartbeat=10, timeout=100)))
        run.start()
        assert names(run.apply(ending))[0] == "TaskSubmitted"
        assert run.frame.is_over


def test_a_function_of_the_definition_that_fails_fails_its_state_alone() -> None:
    """ORC-05: StepError with its name, anything else as States.Runtime, which nothing but its own name catches."""

    def refuse(_visit: Visit) -> Any:
        raise StepError("Mine", "so")

    run = Driven(machine(Pass("p", {"success": None, "failure": "f"}, take=refuse, catchers=[Catcher()]), End("f")))
    run.start()
    assert run.frame.output == {"Error": "Mine", "Cause": "so"}
    run = Driven(
        machine(task("a", to={"failure": "f"}, take=lambda v: v.branch.data["no"], catchers=[Catcher()]), End("f"))
    )
    run.start({})
    assert (run.frame.error, run.frame.cause) == ("States.Runtime", "a: KeyError: 'no'")
    bad = Catcher(give=lambda visit, _told: refuse(visit))
    run = Driven(machine(task("a", to={"failure": "f"}, catchers=[bad]), End("f")))
    run.start()
    run.failed("a")
    assert run.frame.error == "Mine"


# --- decisions and waits ------------------------------------------------------------------------------------------


def test_a_decision_takes_the_first_condition_that_holds_or_the_default() -> None:
    conditions = [("big", lambda data: data > 10), ("some", lambda data: data > 0)]
    for given, end in ((11, "b"), (1, "s"), (0, "n")):
        ends = [End("b"), End("s"), End("n")]
        run = Driven(machine(Decision("d", {"big": "b", "some": "s", "none": "n"}, conditions, "none"), *ends))
        run.start(given)
        assert run.events[3].target == end  # type: ignore[attr-defined]
    run = Driven(machine(Decision("d", {"big": "b", "some": "s"}, conditions), End("b"), End("s")))
    run.start(-1)
    assert run.frame.error == "States.NoChoiceMatched"
    run = Driven(machine(Decision("d", {"big": "b", "some": "s"}, conditions), End("b"), End("s")))
    run.start("x")
    assert run.frame.error == "States.Runtime"
    assert "'big'" in run.frame.cause


def test_a_wait_ends_when_it_is_due_and_at_once_when_that_was_before() -> None:
    run = Driven(
        machine(Wait("w", {"success": "x"}, lambda v: v.now + 3000), Wait("x", {"success": None}, lambda _v: 0))
    )
    run.start("in")
    assert run.later(2.999) == []
    assert names(run.later(0.001)) == ["WaitEnded", "StateExited", "StateEntered", "StateExited", "ExecutionSucceeded"]
    assert run.frame.output == "in"


def test_the_whole_execution_is_out_of_time_wherever_it_is() -> None:
    """SAGA-04: what was done is undone first."""
    run = Driven(machine(task("a", "b", compensation=Compensation("undo.a")), task("b"), timeout=60))
    run.start()
    run.done("a")
    assert run.frame.next_due() == run.now + 60_000
    assert names(run.later(60)) == ["CompensationStarted", "TaskScheduled"]
    assert run.status() is Status.COMPENSATING
    run.done("a")
    assert run.status() is Status.TIMED_OUT


# --- signals ------------------------------------------------------------------------------------------------------


def test_a_named_event_takes_the_transition_of_its_name() -> None:
    """SM-04: a state without a task waits for the events its transitions are named after."""
    run = Driven(machine(Awaiting("draft", {"send": "sent", "drop": None}), Awaiting("sent", {"pay": None})))
    run.start()
    run.signal("send", {"by": "Ann"})
    assert run.at("sent").data == {"by": "Ann"}
    run.signal("pay", {"eur": 5}, number="2")
    assert run.frame.output == {"eur": 5}


def test_a_signal_that_comes_early_waits_for_its_state_and_no_longer_than_it_says() -> None:
    """ASL-07: "a message for a state not yet reached waits"."""
    run = Driven(machine(task("a", "r"), Receive("r", {"success": None}, names=["go"])))
    run.start()
    assert names(run.signal("go", 1, number="short", keep=5)) == ["SignalKept"]
    run.signal("go", 2, number="long", keep=50)
    assert names(run.later(5)) == ["SignalExpired"]
    run.done("a")
    assert run.frame.output == 2
    run = Driven(machine(Receive("r", {"success": None}, names=["go"])))
    run.start()
    assert run.signal("other", keep=0) == []


def test_message_and_timeout_are_decided_once_and_the_other_is_late() -> None:
    """ASL-07, SAGA-06: the input survives the timeout."""
    states = Receive("r", {"success": None, "timeout": "t"}, names=["money"], timeout=30), task("t")
    run = Driven(machine(*states))
    run.start({"order": 1})
    run.signal("money", 5)
    assert run.frame.output == 5
    assert run.later(30) == []
    run = Driven(machine(*states))
    run.start({"order": 1})
    run.later(30)
    assert run.at("t").data == {"order": 1}
    assert names(run.signal("money", 5)) == ["SignalLate"]
    run = Driven(machine(Receive("r", {"success": None}, names=["money"], timeout=30)))
    run.start()
    run.later(30)
    assert run.frame.error == "States.Timeout"


def test_keys_are_per_state() -> None:
    """ASL-07: "message 1 never satisfies state 2", and a timeout belongs to its state only."""
    one = flow(Receive("one", {"success": None}, names=["m"], key=lambda _v: "1", timeout=10))
    two = flow(Receive("two", {"success": None}, names=["m"], key=lambda _v: "2"))
    run = Driven(machine(Parallel("p", {"success": None, "failure": "f"}, [one, two], catchers=[Catcher()]), End("f")))
    run.start()
    run.signal("m", "for two", key="2")
    assert [branch.state for branch in run.frame.branches.values()] == ["p", "one"]
    run.signal("m", "for one", key="1", number="2")
    assert run.frame.output == ["for one", "for two"]


def test_of_two_waits_for_the_same_signal_the_first_gets_it() -> None:
    waits = [flow(Receive(name, {"success": None}, names=["m"])) for name in ("one", "two")]
    run = Driven(machine(Parallel("p", {"success": None}, waits)))
    run.start()
    run.signal("m", 1)
    assert run.at("two").wait is not None
    run.signal("m", 2, number="2")
    assert run.frame.output == [1, 2]


# --- parallel and map ---------------------------------------------------------------------------------------------


def sides(*others: str, needed: int | None = None, **more: Any) -> Driven:
    branches = [flow(task(name)) for name in ("l", "r", *others)]
    to = {"success": "e", **({"failure": "f"} if "catchers" in more else {})}
    ends = [End("e")] + ([End("f")] if "catchers" in more else [])
    run = Driven(machine(Parallel("p", to, branches, needed=needed, **more), *ends))
    run.start(7)
    return run


def test_branches_run_side_by_side_and_their_results_stand_in_their_order() -> None:
    run = sides()
    assert run.tasks() == ["do.l", "do.r"]
    run.done("r", "R")
    run.done("l", "L")
    assert run.frame.output == ["L", "R"]


def test_one_branch_that_fails_fails_all_and_what_the_others_answer_is_late() -> None:
    run = sides(catchers=[Catcher()])
    other = run.at("r")
    assert "BranchAborted" in names(run.failed("l", "Boom", "left"))
    assert run.frame.output == {"Error": "Boom", "Cause": "left"}
    assert run.apply(s.TaskDone(other.id, other.entry, 1, None)) == []


def test_a_parallel_that_is_retried_begins_all_its_branches_anew() -> None:
    run = sides(retriers=[Retrier(interval=3, attempts=1)])
    run.done("r", "first")
    run.failed("l")
    assert run.tasks() == []
    run.later(3)
    assert run.tasks() == ["do.l", "do.r"]
    run.done("l", 1)
    run.done("r", 2)
    assert run.frame.output == [1, 2]


def test_enough_branches_are_enough_and_the_rest_is_given_up() -> None:
    run = sides("x", needed=2)
    run.failed("r")
    assert run.status() is Status.RUNNING
    run.done("x", "X")
    run.done("l", "L")
    assert run.frame.output == ["L", None, "X"]
    run = sides("x", needed=2)
    run.done("x", "X")
    assert "BranchAborted" in names(run.done("r", "R"))
    assert run.frame.output == [None, "R", "X"]
    run = sides("x", needed=2)
    run.failed("x", "One")
    run.failed("l", "Two")
    assert run.frame.error == "Two"


def test_branches_that_end_in_one_run_let_the_next_state_begin_once() -> None:
    """ORC-06: whoever was told of the last is not told again of the others in the state that follows."""
    both = [flow(Pass("l", {"success": None})), flow(Pass("r", {"success": None}))]
    run = Driven(machine(Parallel("p", {"success": "t"}, both), task("t")))
    assert names(run.start()).count("TaskScheduled") == 1
    assert run.at("t").attempt == 1
    run = Driven(
        machine(Map("p", {"success": "t"}, flow(Pass("i", {"success": None})), items=lambda _v: [1, 2]), task("t"))
    )
    assert names(run.start()).count("TaskScheduled") == 1
    assert run.at("t").data == [1, 2]


@pytest.mark.parametrize("caught", [False, True])
def test_branches_that_fail_in_one_run_fail_their_state_once(*, caught: bool) -> None:
    """ORC-03: the second neither cuts the pause short nor is answered in the state that catches."""
    late = [flow(task(name, timeout=1)) for name in ("l", "r")]
    more: dict[str, Any] = {"catchers": [Catcher()]} if caught else {"retriers": [Retrier(interval=50)]}
    run = Driven(machine(Parallel("p", {"success": "t", "failure": "t"}, late, **more), task("t")))
    run.start()
    got = names(run.later(1))
    assert got.count("BranchAborted") == 1
    if caught:
        assert got.count("TaskScheduled") == 1
        assert run.tasks() == ["do.t"]
    else:
        assert run.status() is Status.RETRYING
        assert run.later(49) == []
        run.later(1)
        assert run.tasks() == ["do.l", "do.r"]


def test_a_parallel_of_nothing_is_done() -> None:
    run = Driven(machine(Parallel("p", {"success": None}, [])))
    run.start()
    assert run.frame.output == []


def each(count: int, **more: Any) -> Driven:
    run = Driven(machine(Map("m", {"success": None}, flow(task("i")), items=lambda visit: visit.branch.data, **more)))
    run.start([f"i{n}" for n in range(count)])
    return run


def test_a_map_runs_so_many_items_at_once_and_keeps_their_order() -> None:
    run = each(5, at_once=2)
    order: list[str] = []
    while run.tasks():
        branches = [branch for branch in run.frame.branches.values() if branch.state == "i"]
        assert len(branches) == min(2, 5 - len(order))
        last = branches[-1]
        order.append(last.data)
        run.apply(s.TaskDone(last.id, last.entry, 1, last.data.upper()))
    assert order == ["i1", "i2", "i3", "i4", "i0"]
    assert run.frame.output == ["I0", "I1", "I2", "I3", "I4"]


def test_a_map_tolerates_so_many_failures_and_no_more() -> None:
    run = each(3, tolerated=1)
    run.failed("i")
    assert run.status() is Status.RUNNING
    for branch in [b for b in run.frame.branches.values() if b.wait is not None and b.wait.kind == "task"]:
        run.apply(s.TaskDone(branch.id, branch.entry, 1, "ok"))
    assert run.frame.output == [None, "ok", "ok"]
    run = each(3)
    run.failed("i", "Boom")
    assert run.frame.error == "Boom"
    run = each(0)
    assert run.frame.output == []


# --- sagas --------------------------------------------------------------------------------------------------------


def saga(**more: Any) -> Driven:
    first = Compensation("undo.a", take=lambda visit, result: [visit.branch.data, result])
    last = Compensation("undo.b", retriers=(Retrier(attempts=1),), timeout=20)
    pivot = more.pop("pivot", False)
    run = Driven(
        machine(
            task("a", "b", compensation=first),
            task("b", "c", compensation=None if pivot else last, pivot=pivot),
            task("c", "d"),
            Fail("d", "Wanted", "so"),
        )
    )
    run.start("in")
    run.done("a", "A")
    run.done("b", "B")
    return run


def test_what_was_done_is_undone_the_last_first() -> None:
    """SAGA-01: each with what it was done with; then the execution fails with the error that began it."""
    run = saga()
    assert names(run.failed("c", "Boom", "bad")) == [
        "TaskFailed",
        "StateFailed",
        "CompensationStarted",
        "TaskScheduled",
    ]
    assert run.tasks() == ["undo.b"]
    assert names(run.done("b")) == ["TaskSucceeded", "StepUndone", "TaskScheduled"]
    assert run.tasks() == ["undo.a"]
    wait = run.at("a").wait
    assert wait is not None
    assert wait.argument == ["in", "A"]
    run.done("a")
    assert (run.status(), run.frame.error, run.frame.cause) == (Status.FAILED, "Boom", "bad")
    assert run.apply(s.Redrive()) == [], "what is undone cannot go on"


def test_a_compensation_is_retried_then_told_to_a_person_and_the_others_still_run() -> None:
    """SAGA-03: never dropped silently; its own time limit counts too."""
    run = saga()
    run.failed("c")
    run.failed("b", "Down")
    assert names(run.later(1)) == ["WaitEnded", "TaskScheduled"]
    assert names(run.later(20)) == ["TaskTimedOut", "StepNotUndone", "TaskScheduled"]
    assert run.frame.alerts == 1
    assert run.tasks() == ["undo.a"]
    run.done("a")
    assert run.status() is Status.FAILED


def test_past_the_pivot_there_is_no_way_back_only_forward_with_an_alert() -> None:
    """SAGA-03: pauses grow from a second to a quarter of an hour, one alert for a visit."""
    run = saga(pivot=True)
    assert run.apply(s.Rollback()) == []
    assert names(run.failed("c")) == ["TaskFailed", "AlertRaised", "StateFailed", "RetryScheduled"]
    pauses = []
    for _ in range(12):
        due = run.frame.next_due()
        assert due is not None
        pauses.append((due - run.now) // 1000)
        run.later((due - run.now) / 1000)
        assert "AlertRaised" not in names(run.failed("c"))
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert run.frame.alerts == 1
    due = run.frame.next_due()
    assert due is not None
    run.later((due - run.now) / 1000)
    run.done("c")
    assert (run.status(), run.frame.error) == (Status.FAILED, "Wanted"), "a Fail state is what the definition wants"


def test_a_rollback_on_demand_undoes_what_was_done() -> None:
    """SM-04."""
    run = saga()
    assert run.apply(s.Rollback("Asked", "by Ann"))
    assert run.tasks() == ["undo.b"]
    run.done("b")
    run.done("a")
    assert (run.status(), run.frame.error) == (Status.FAILED, "Asked")


# --- redrive and long runs ----------------------------------------------------------------------------------------


def test_a_redrive_goes_on_where_it_failed_and_repeats_nothing_that_is_done() -> None:
    """ORC-06: only what had not succeeded is asked for again, with the attempts of a fresh visit."""
    run = Driven(
        machine(
            task("a", "p"),
            Parallel("p", {"success": "z"}, [flow(task("l")), flow(task("r", retriers=[Retrier(attempts=1)]))]),
            task("z"),
            timeout=600,
        )
    )
    run.start()
    run.done("a", "A")
    run.done("l", "L")
    run.failed("r")
    run.later(1)
    run.failed("r")
    assert run.status() is Status.FAILED
    assert run.frame.next_due() is None
    run.now += 1_000_000
    got = run.apply(s.Redrive())
    assert names(got) == ["ExecutionRedriven", "TaskScheduled"]
    assert run.tasks() == ["do.r"]
    assert run.apply(s.Redrive()) == []
    run.failed("r")
    run.later(1)
    run.done("r", "R")
    run.done("z", "Z")
    assert (run.frame.output, run.frame.redrives) == ("Z", 1)


@pytest.mark.parametrize("end", ["stop", "timeout"])
def test_a_redrive_of_what_was_stopped_or_out_of_time_asks_again_for_what_was_running(end: str) -> None:
    run = Driven(machine(Parallel("p", {"success": None}, [flow(task("l")), flow(task("r"))]), timeout=60))
    run.start()
    before = run.at("l").attempt
    run.done("r", "R")
    if end == "stop":
        run.apply(s.Stop())
    else:
        run.later(60)
    assert run.frame.is_over
    run.apply(s.Redrive())
    assert run.tasks() == ["do.l"]
    assert run.at("l").attempt == before + 1
    run.done("l", "L")
    assert run.frame.output == ["L", "R"]


def test_a_long_run_is_cut_and_goes_on() -> None:
    """Engine.md 6: a loop of choices does not hold the turn for ever."""
    count = Pass("p", {"success": "d"}, take=lambda visit: visit.branch.data + 1)
    again = Decision("d", {"more": "p", "done": None}, [("more", lambda data: data < 300)], "done")
    run = Driven(machine(count, again), longest=100)
    run.start(0)
    cuts = 0
    while is_cut(run.frame):
        assert run.status() is Status.RUNNING
        went = len(run.apply(s.Continue()))
        assert went <= 105
        assert went >= 100 or run.frame.is_over
        cuts += 1
    assert run.frame.output == 300
    assert cuts == 12


def test_a_fan_out_of_a_thousand_is_started_and_joined() -> None:
    run = each(1000)
    assert is_cut(run.frame)
    while is_cut(run.frame):
        run.apply(s.Continue())
    waiting = [
        branch for branch in run.frame.branches.values() if branch.wait is not None and branch.wait.kind == "task"
    ]
    assert len(waiting) == 1000


def test_each_event_says_how_many_lines_of_the_public_history_it_stands_for() -> None:
    """A state knows the line of its own arrival."""

    def broken(_visit: Visit) -> None:
        raise StepError("Bad", "no such field", "Output")

    first = Pass("a", {"success": "b"})
    second = Pass("b", {"success": None, "failure": None}, take=broken, catchers=[Catcher()])
    run = Driven(Definition("m", Flow("a", {"a": first, "b": second})))
    events = run.start()
    assert [event.location for event in events if isinstance(event, e.StateFailed)] == ["Output"]
    assert [event.outcome for event in events if isinstance(event, e.StateFailed)] == ["caught"]
    # Started, two arrivals, two departures, succeeded.
    assert run.frame.lines == 6


def test_no_wildcard_takes_what_states_all_does_not_take() -> None:
    """ASL: States.TaskFailed takes any error but States.Timeout; States.Runtime must be named."""
    assert matches(("States.TaskFailed",), "States.Permissions")
    assert matches(("States.TaskFailed",), "Own")
    assert not matches(("States.TaskFailed",), "States.Timeout")
    assert not matches(("States.TaskFailed",), "States.Runtime")
    assert matches(("States.Runtime",), "States.Runtime")


def test_the_first_branch_that_fails_fails_its_state_before_others_go_on() -> None:
    """Of lines of work that time out at the same instant only one is told to have failed."""
    both = [flow(task("a", timeout=5)), flow(task("b", timeout=5))]
    run = Driven(machine(Parallel("p", {"success": None, "failure": None}, both, catchers=[Catcher()])))
    run.start()
    events = names(run.later(5))
    assert events[:2] == ["TaskTimedOut", "TaskTimedOut"]
    assert events.count("BranchFailed") == 1
    assert events.count("BranchAborted") == 1
    assert run.status() is Status.SUCCEEDED


def test_a_redriven_state_waits_for_those_inside_it_that_run_again() -> None:
    """It has nothing to do itself, so the run has not been cut."""
    run = Driven(machine(Parallel("p", {"success": None}, [flow(task("a")), flow(task("b"))])))
    run.start()
    run.failed("a")
    run.redriven()
    assert not is_cut(run.frame)
    run.done("a", 1)
    run.done("b", 2)
    assert run.frame.output == [1, 2]
