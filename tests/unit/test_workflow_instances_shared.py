"""Instances that others look at and move: listeners, threads, tasks of a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from threading import Barrier, Thread
from typing import Any

import pytest

from app.workflow.builder import END, Machine, task
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
from tests.support.workflow.orders import Shop, door, order_machine

pytestmark = pytest.mark.fast


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
