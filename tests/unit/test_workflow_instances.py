"""Instances in memory: events, keys, listeners, tasks in this thread, rollback, threads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from threading import Barrier, Thread
from typing import Any

import pytest

from app.workflow.builder import END, FAILURE, TIMEOUT, Branch, Machine, events, kind, task
from app.workflow.instances import (
    Compiled,
    Hearing,
    Instance,
    Listener,
    ListenerFailed,
    StateEntered,
    StateExited,
    TransitionFired,
    hears,
)
from app.workflow.instances.facts import Problem
from app.workflow.kernel import events as e
from app.workflow.kernel.errors import DefinitionError, StepError
from app.workflow.kernel.graph import Definition
from app.workflow.kernel.lifecycle import InvalidTransitionError
from app.workflow.kernel.status import Status
from tests.support.workflow.kinds import Audit
from tests.support.workflow.orders import Shop, order_machine

pytestmark = pytest.mark.fast


def has_key(holder: Any) -> bool:
    return "key" in holder


def door() -> Definition:
    return (
        Machine("door")
        .state("shut")
        .state("open")
        .state("locked")
        .transition("shut", "open", on="push")
        .transition("open", "shut", on="pull")
        .transition("shut", "locked", on="turn", guard=has_key)
        .transition("locked", "shut", on="turn", guard=has_key)
        .build()
    )


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


def test_listeners_hear_what_was_left_fired_and_entered() -> None:
    """SM-05: plain transitions and those with work."""
    heard: list[Any] = []
    fired: list[Any] = []
    listeners: list[Listener | Hearing] = [
        lambda _, fact: heard.append(fact),
        hears(lambda one, fact: fired.append((one.version, fact)), TransitionFired),
    ]
    machine = Machine("m").state("a").state("b").state("c", task("do")).transition("a", "b", on="go")
    machine.transition("b", "c", on="go").transition("c", END)
    one = Instance(Compiled(machine.build(), {"do": lambda _: 1}, listeners=listeners))
    one.next("go")
    one.next("go")
    expected: list[Any] = [StateEntered("m", "a")]
    for source, name, target in (("a", "go", "b"), ("b", "go", "c"), ("c", "success", None)):
        expected += [StateExited("m", source, name), TransitionFired("m", source, name, target)]
        expected += [StateEntered("m", target)] if target else []
    assert heard == expected
    assert [version for version, _ in fired] == [1, 2, 2]
    assert [fact for _, fact in fired] == [fact for fact in heard if isinstance(fact, TransitionFired)]


def test_a_listener_that_fails_is_reported_and_breaks_nothing() -> None:
    """SM-05: the others hear, the transition stands; plain transitions, those with a key and those with work."""
    problems: list[Problem] = []
    heard: list[Any] = []

    def fails(_one: Instance, _fact: Any) -> None:
        raise ZeroDivisionError

    listeners = [hears(fails, StateEntered), hears(lambda _, fact: heard.append(fact.state), StateEntered)]
    machine = Machine("m").state("a").state("b", task("do")).transition("a", "a", on="go").transition("a", "b", on="do")
    one = Instance(
        Compiled(
            machine.transition("b", "a").build(),
            {"do": lambda _: None},
            listeners=listeners,
            report=lambda _, problem: problems.append(problem),
        )
    )
    one.next("go")
    one.next("go", key="k")
    one.next("do")
    assert (one.state, one.version) == ("a", 3)
    assert heard == ["a", "a", "a", "b", "a"]
    assert len(problems) == 5
    assert all(isinstance(problem, ListenerFailed) and "fails" in problem.listener for problem in problems)


def test_problems_are_written_to_the_log_unless_somebody_asks_for_them(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_one: Instance, _fact: Any) -> None:
        raise ZeroDivisionError

    Instance(Compiled(door(), listeners=[fails]))
    assert [(record.levelname, "ListenerFailed in door" in record.message) for record in caplog.records] == [
        ("ERROR", True)
    ]


def test_async_listeners_are_tasks_of_the_running_loop() -> None:
    """SM-05: sync or async."""
    heard: list[str] = []
    problems: list[Problem] = []

    async def listen(_one: Instance, fact: Any) -> None:
        heard.append(fact.state)

    class Failing:
        async def __call__(self, _one: Instance, _fact: Any) -> None:
            raise ZeroDivisionError

    listeners = [hears(listen, StateEntered), hears(Failing(), StateEntered)]
    compiled = Compiled(door(), listeners=listeners, report=lambda _, problem: problems.append(problem))

    async def main() -> None:
        one = Instance(compiled, ())
        one.next("push")
        assert (one.state, heard) == ("open", [])
        await compiled.heard()

    asyncio.run(main())
    assert heard == ["shut", "open"]
    assert [type(problem) for problem in problems] == [ListenerFailed, ListenerFailed]
    Instance(compiled, ()).next("push")
    assert heard == ["shut", "open", "shut", "open"], "without a loop it has heard when next returns"


def test_a_listener_may_let_the_instance_go_on() -> None:
    def again(one: Instance, fact: Any) -> None:
        if fact.state == "open":
            one.next("pull")

    one = Instance(Compiled(door(), listeners=[hears(again, StateEntered)]), ())
    one.next("push")
    assert (one.state, one.version) == ("shut", 2)


def _together(works: Iterable[Any]) -> None:
    threads = [Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_threads_move_one_instance_without_losing_a_transition() -> None:
    """SM-08: one lock per instance."""
    machine = (
        Machine("m").state("a").state("b", task("count")).transition("a", "a", on="go").transition("a", "b", on="do")
    )
    counted = [0]

    def count(_given: Any) -> None:
        before = counted[0]
        counted[0] = before + 1

    one = Instance(Compiled(machine.transition("b", "a").build(), {"count": count}))
    barrier = Barrier(4)

    def work() -> None:
        barrier.wait()
        for _ in range(50):
            one.next("go")
            one.next("do")

    _together([work] * 4)
    assert (one.version, counted[0]) == (400, 200)


def test_a_thread_waits_while_another_is_in_the_middle_of_a_transition() -> None:
    """SM-08: whoever comes second finds what the first has done, in the short way and in the long one."""
    met: list[tuple[int, str]] = []

    def listen(one: Instance, fact: Any) -> None:
        # The first transition does not end before the second has been asked for.
        while one.version == 1 and not compiled.crowd.waiting:
            pass
        met.append((one.version, fact.state))

    compiled = Compiled(door(), listeners=[hears(listen, StateEntered)])
    one = Instance(compiled, ())
    met.clear()
    first = Thread(target=one.next, args=("push",))
    first.start()
    while not one.version:
        pass
    second = Thread(target=one.goto, args=("shut",))
    second.start()
    first.join()
    second.join()
    assert met == [(1, "open"), (2, "shut")]
    assert not compiled.crowd.waiting
    assert one.next("push"), "and it is free again"


def test_of_many_threads_with_one_key_one_takes_effect() -> None:
    """SM-08, SM-09."""
    one = Instance(Compiled(door()), ())
    barrier, taken = Barrier(4), []

    def work() -> None:
        barrier.wait()
        taken.append(one.next("push", key="k"))

    _together([work] * 4)
    assert sorted(taken) == [False, False, False, True]


def test_many_tasks_of_a_loop_move_separate_instances() -> None:
    """SM-08: separate instances share nothing."""
    compiled = Compiled(order_machine(), Shop().handlers)

    async def one(total: int) -> tuple[str, Any]:
        instance = Instance(compiled, {"total": total})
        for event in ("change", "confirm", "ship"):
            instance.next(event)
            await asyncio.to_thread(lambda: None)
        return instance.state, instance.model

    async def main() -> list[tuple[str, Any]]:
        return await asyncio.gather(*(one(total) for total in range(90, 110)))

    assert asyncio.run(main()) == [("done", total) for total in range(90, 110)]
