"""Instances in memory: events, keys, tasks in this thread, rollback."""

from __future__ import annotations

from typing import Any

import pytest

from app.workflow.builder import END, FAILURE, TIMEOUT, Branch, Machine, events, kind, task
from app.workflow.instances import (
    Compiled,
    Instance,
)
from app.workflow.instances.facts import Problem
from app.workflow.kernel import events as e
from app.workflow.kernel.errors import DefinitionError, StepError
from app.workflow.kernel.lifecycle import InvalidTransitionError
from app.workflow.kernel.status import Status
from tests.support.workflow.kinds import Audit
from tests.support.workflow.orders import Shop, door, has_key, order_machine

pytestmark = pytest.mark.fast


def order(shop: Shop | None = None, total: int = 500, **options: Any) -> Instance:
    return Instance(Compiled(order_machine(), (shop or Shop()).handlers, **options), {"total": total})


def test_an_instance_is_created_in_the_initial_state_and_events_move_it() -> None:
    """SM-04."""
    one = Instance(Compiled(door()), ())
    assert (one.state, one.version, one.status, one.allowed) == ("shut", 0, Status.WAITING, ("push", "turn"))
    assert one.next("push")
    assert (one.state, one.version) == ("open", 1)
    assert one.next("pull")
    assert (one.state, one.version, one.due, one.is_over, one.error) == ("shut", 2, None, False, None)


@pytest.mark.parametrize(("event", "guard"), [("pull", None), ("turn", "has_key"), ("", None)])
def test_an_event_that_does_not_fit_is_refused_and_changes_nothing(event: str, guard: str | None) -> None:
    """SM-02: checked again at run time; ORC-01's manner of refusing."""
    heard: list[Any] = []
    one = Instance(Compiled(door(), listeners=[lambda _, fact: heard.append(fact)]), ())
    before, heard[:] = one.snapshot(), []
    with pytest.raises(InvalidTransitionError) as caught:
        one.next(event, key="k")
    assert (caught.value.machine, caught.value.state, caught.value.guard) == ("door", "shut", guard)
    assert caught.value.allowed == ("push", "turn")
    assert one.snapshot() == before
    assert not heard


def test_guards_are_asked_about_the_model_that_the_event_leads_to() -> None:
    one = Instance(Compiled(door()), ())
    with pytest.raises(InvalidTransitionError):
        one.next("turn")
    one.next("turn", data=("key",))
    assert (one.state, one.model) == ("locked", ("key",))


def test_the_first_guard_that_holds_decides() -> None:
    machine = Machine("m").state("a").state("b").state("c").transition("a", "b", on="go", guard=has_key)
    built = machine.transition("a", "c", on="go").transition("b", "a", on="x").transition("c", "a", on="x").build()
    for model, state in (({"key"}, "b"), (set[str](), "c")):
        one = Instance(Compiled(built), model)
        one.next("go")
        assert one.state == state


def test_a_guard_or_a_result_that_fails_changes_nothing() -> None:
    def fails(_model: Any) -> bool:
        raise ZeroDivisionError

    machine = Machine("m").state("a", events(result="x")).transition("a", "a", on="go", guard=fails)
    one = Instance(Compiled(machine.build()), 5)
    with pytest.raises(ZeroDivisionError):
        one.next("go")
    with pytest.raises(StepError):
        one.next("go", data=1)
    assert (one.model, one.version) == (5, 0)


def test_an_event_under_a_key_takes_effect_once() -> None:
    """SM-09: plain transitions and those with work, events with data and without."""
    one = Instance(Compiled(door(), keys=2), ())
    assert one.next("push", key="1")
    assert not one.next("push", key="1")
    assert not one.next("anything", key="1")
    assert one.version == 1
    shop = Shop()
    other = order(shop)
    assert other.next("change", key="a", data={"total": 1})
    assert other.next("confirm", key="b")
    assert not other.next("change", key="a", data={"total": 2})
    assert not other.next("confirm", key="b")
    assert not other.goto("draft", key="b")
    assert shop.done == ["card.charge"]
    assert other.goto("draft", key="c")
    assert not other.goto("packed", key="c")


def test_the_newest_keys_are_remembered() -> None:
    """SM-10: memory is bounded."""
    one = Instance(Compiled(door(), keys=2), ())
    for key in ("1", "2", "3"):
        one.next("pull" if one.state == "open" else "push", key=key)
    assert one.snapshot().keys == ["2", "3"]


def test_tasks_decisions_and_branches_run_between_events() -> None:
    """SM-01: every kind with plain functions in this thread."""
    shop = Shop()
    one = order(shop)
    one.next("confirm")
    assert (one.state, one.version, one.allowed) == ("packed", 1, ("reopen", "ship"))
    assert one.model == {"total": 500, "payment": "card.charge 1", "both": ["stock.reserve 2", "mail.send 3"]}
    one.next("ship")
    assert (one.state, one.status, one.model, one.allowed) == ("done", Status.SUCCEEDED, 500, ())
    with pytest.raises(InvalidTransitionError):
        one.next("ship")


def test_the_model_is_the_callers_own_value() -> None:
    class Cart:
        def __init__(self) -> None:
            self.lines = 0

    def add(cart: Cart) -> None:
        cart.lines += 1

    machine = Machine("m").state("a").state("b", task("add")).transition("a", "b", on="go").transition("b", "a")
    cart = Cart()
    one = Instance(Compiled(machine.build(), {"add": add}), cart)
    one.next("go")
    one.next("go")
    assert one.model is cart
    assert (cart.lines, one.state) == (2, "a")


def test_an_answer_that_has_a_transition_is_taken_and_a_failure_ends_the_instance() -> None:
    one = order(Shop(card_charge="Declined"))
    one.next("confirm")
    assert (one.state, one.status) == ("refused", Status.FAILED)
    assert one.error == ("Refused", "the card was refused")
    with pytest.raises(InvalidTransitionError):
        one.rollback()


def test_a_failure_undoes_what_was_done() -> None:
    """SM-04, SAGA-01: retried first, compensated then, in reverse order."""
    pauses: list[float] = []
    shop = Shop(mail_send="Down")
    one = order(shop, pause=pauses.append)
    one.next("confirm")
    assert (one.status, one.error) == (Status.FAILED, ("Down", "as the test wants"))
    assert shop.done == ["card.charge", "stock.reserve", *["mail.send"] * 4, "stock.free", "card.refund"]
    assert pauses == [1.0, 2.0, 4.0]


def test_rollback_undoes_the_last_step_first() -> None:
    """SM-04."""
    shop = Shop()
    one = order(shop)
    one.next("confirm")
    one.rollback("Changed", "the customer's mind")
    assert shop.done[-2:] == ["stock.free", "card.refund"]
    assert (one.status, one.error, one.allowed) == (Status.FAILED, ("Changed", "the customer's mind"), ())
    for attempt in (one.rollback, one.run, lambda: one.next("ship")):
        with pytest.raises(InvalidTransitionError):
            attempt()


def test_a_compensation_that_fails_is_retried_then_reported_and_never_dropped() -> None:
    """SAGA-03."""
    problems: list[Problem] = []
    shop = Shop(stock_free="Stuck")
    one = order(shop, report=lambda _, problem: problems.append(problem))
    one.next("confirm")
    one.rollback()
    assert shop.done[-5:] == [*["stock.free"] * 4, "card.refund"]
    assert one.not_undone == (("reserve", "Stuck", "as the test wants"),)
    assert [type(problem) for problem in problems] == [e.StepNotUndone]


def test_past_the_pivot_there_is_no_way_back() -> None:
    """SAGA-03: what fails is reported, and tried again when somebody says so."""
    problems: list[Problem] = []
    broken = [True]

    def ship(_given: Any) -> None:
        if broken:
            raise ValueError("no truck")

    machine = Machine("m").state("a").state("b", task("pay", pivot=True)).state("c", task("ship", retry=[]))
    machine.transition("a", "b", on="go").transition("b", "c").transition("c", "a")
    now = [1000]
    compiled = Compiled(
        machine.build(),
        {"pay": lambda _: 1, "ship": ship},
        clock=lambda: now[0],
        report=lambda _, problem: problems.append(problem),
    )
    one = Instance(compiled)
    one.next("go")
    assert (one.state, one.status, [type(problem) for problem in problems]) == ("c", Status.RETRYING, [e.AlertRaised])
    with pytest.raises(InvalidTransitionError):
        one.rollback()
    assert not one.tick()
    broken.clear()
    now[0] = one.due or 0
    assert one.tick()
    assert (one.state, one.status) == ("a", Status.WAITING)
    with pytest.raises(InvalidTransitionError):
        one.rollback()


def test_goto_goes_anywhere_and_runs_on_from_there() -> None:
    """SM-04: also out of branches and after an end."""
    shop = Shop()
    one = order(shop)
    one.goto("large")
    assert (one.state, shop.done) == ("packed", ["stock.reserve", "mail.send"])
    one.next("ship")
    one.goto("draft")
    assert (one.status, one.state, one.model) == (Status.WAITING, "draft", 500)
    with pytest.raises(InvalidTransitionError):
        one.goto("reserve")
    assert one.state == "draft"


def test_events_inside_branches_reach_the_branch_that_waits() -> None:
    waits = (
        Branch().state("x", events(result="x")).transition("x", END, on="left"),
        Branch().state("y").transition("y", END, on="right"),
    )
    machine = Machine("m").state("a").parallel("both", *waits).state("b").transition("b", "a", on="again")
    compiled = Compiled(machine.transition("a", "both", on="go").transition("both", "b").build())
    one = Instance(compiled, {})
    one.next("go")
    assert (one.state, one.allowed, one.status) == ("both", ("left", "right"), Status.WAITING)
    one.next("right", data=2)
    with pytest.raises(InvalidTransitionError):
        one.next("right")
    assert (one.state, one.allowed) == ("both", ("left",))
    one.next("left", data=1)
    assert (one.state, one.model) == ("b", [{"x": 1}, 2])
    one.next("again")
    one.next("go")
    one.goto("a")
    assert (one.state, one.allowed) == ("a", ("go",))


def test_sleeps_and_time_limits_pass_by_the_clock() -> None:
    now = [1000]
    machine = Machine("m").wait("nap", seconds=5).state("a", events(timeout=10)).state("late")
    machine.transition("nap", "a").transition("a", "late", on=TIMEOUT).transition("a", END, on="go")
    machine.transition("late", "a", on="more")
    compiled = Compiled(machine.build(), clock=lambda: now[0])
    one = Instance(compiled)
    assert (one.status, one.tick()) == (Status.PENDING, False)
    one.run()
    assert (one.state, one.due, one.tick()) == ("nap", 6000, False)
    now[0] = 6000
    assert one.tick()
    assert (one.state, one.due, one.allowed) == ("a", 16000, ("go",))
    now[0] = 16000
    assert one.tick()
    assert (one.state, one.due, one.allowed) == ("late", None, ("more",))
    with pytest.raises(InvalidTransitionError):
        one.next("go")
    one.next("more")
    one.next("go")
    assert one.status is Status.SUCCEEDED


def test_a_task_that_takes_too_long_has_timed_out() -> None:
    now = [0]

    def slow(_given: Any) -> str:
        now[0] += 2000
        return "too late"

    machine = Machine("m").state("a", task("do", timeout=1, retry=[])).transition("a", END)
    one = Instance(Compiled(machine.build(), {"do": slow}, clock=lambda: now[0]))
    one.run()
    assert one.error is not None
    assert one.error[0] == "States.Timeout"


def test_a_machine_that_begins_by_itself_is_run_once() -> None:
    machine = Machine("m").state("a").transition("start", "a").transition("a", "a", on="go").build()
    first, second = Instance(Compiled(machine)), Instance(Compiled(machine))
    assert (first.state, first.status, first.allowed) == ("start", Status.PENDING, ("success",))
    first.run()
    second.next("success")
    assert first.snapshot() == second.snapshot()
    with pytest.raises(InvalidTransitionError):
        first.run()


def test_a_kind_of_ones_own_works_in_an_instance() -> None:
    """SM-01: enter, execute, exit."""
    machine = (
        Machine("m").state("a").state("b", kind(Audit, level=3)).transition("a", "b", on="go").transition("b", "a")
    )
    one = Instance(Compiled(machine.build()), [1])
    one.next("go")
    assert (one.state, one.model) == ("a", [1, 3])


def test_what_instances_cannot_do_is_refused() -> None:
    machine = Machine("m", timeout=5, on_late="other").state("a", task("do", timeout=1)).wait("b", 1)
    with pytest.raises(DefinitionError) as caught:
        Compiled(machine.transition("a", "b").transition("b", END).build())
    assert caught.value.faults == (
        "nothing handles 'do'",
        "an instance has no time limit as a whole: only the durable runtime ends it",
        "only the durable runtime starts a machine for late events",
        "'a' looks at the time: a clock is needed",
        "'b' looks at the time: a clock is needed",
    )


def test_a_handler_cannot_change_the_instance_it_works_for() -> None:
    machine = Machine("m").state("a").state("b", task("do", retry=[])).end("c").transition("a", "b", on="go")
    machine.transition("b", "a").transition("b", "c", on=FAILURE)
    one = Instance(Compiled(machine.build(), {"do": lambda _: one.next("go")}), {})
    one.next("go")
    assert one.model["error"]["error"] == "RuntimeError"


def test_a_step_that_cannot_be_finished_changes_nothing() -> None:
    """A cancellation inside a handler goes through, and the instance stays as it was."""

    def cancelled(_given: Any) -> None:
        raise KeyboardInterrupt

    machine = Machine("m").state("a").state("b", task("do")).transition("a", "b", on="go").transition("b", "a")
    one = Instance(Compiled(machine.build(), {"do": cancelled}), {})
    with pytest.raises(KeyboardInterrupt):
        one.next("go")
    assert (one.state, one.version, one.allowed) == ("a", 0, ("go",))
