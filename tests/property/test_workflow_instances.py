"""Instances: what is rebuilt is what was live, and the table of transitions says what the kernel says."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.builder import Machine
from app.workflow.here import copied, run_here
from app.workflow.instances import Compiled, Instance, Keeper, KeptInstance
from app.workflow.kernel.graph import Definition
from app.workflow.kernel.lifecycle import InvalidTransitionError
from app.workflow.kernel.status import Status
from app.workflow.stores.memory_instances import MemoryInstances
from tests.support.workflow.orders import Shop, order_machine

pytestmark = pytest.mark.fast

EVENTS = ("change", "confirm", "rush", "reopen", "ship", "nothing")
STATES = ("draft", "charge", "large", "both", "packed", "done", "refused", "nowhere")
KEYS = st.none() | st.sampled_from("abc")
ORDERS = st.none() | st.builds(
    lambda total, note: {"total": total, "note": note}, st.integers(0, 300), st.text(max_size=3)
)
STEPS = st.one_of(
    st.tuples(st.just("next"), st.sampled_from(EVENTS), KEYS, ORDERS),
    st.tuples(st.just("goto"), st.sampled_from(STATES), KEYS),
    st.tuples(st.just("rollback")),
)
ERRORS = st.dictionaries(
    st.sampled_from(["card_charge", "stock_free", "mail_send"]), st.sampled_from(["Declined", "Down"])
)


def step(instance: Instance, what: tuple[Any, ...]) -> None:
    with suppress(InvalidTransitionError):
        getattr(instance, what[0])(*what[1:])


@given(steps=st.lists(STEPS, max_size=12), failing=ERRORS, every=st.integers(1, 5))
def test_an_instance_rebuilt_at_any_time_is_the_live_one(
    steps: list[tuple[Any, ...]], failing: dict[str, str], every: int
) -> None:
    """SM-07: snapshot and replay give the live instance; one that was never kept comes to the same."""
    store = MemoryInstances()
    keeper = Keeper(Compiled(order_machine(), Shop(**failing).handlers, keys=2), store, every=every)
    kept = keeper.begin("1", {"total": 50})
    live = Instance(Compiled(order_machine(), Shop(**failing).handlers, keys=2), {"total": 50})
    rebuilt: KeptInstance = kept
    for what in steps:
        step(rebuilt, what)
        step(live, what)
        again = keeper.load("1")
        assert again.snapshot() == rebuilt.snapshot() == live.snapshot()
        assert (again.allowed, again.status, again.not_undone) == (live.allowed, live.status, live.not_undone)
        rebuilt = again
    assert [entry.version for entry in keeper.log("1")] == list(range(1, live.version + 1))


def is_odd(model: Any) -> bool:
    return bool(model % 2 == 1)


def is_small(model: Any) -> bool:
    return bool(model < 5)


NAMES = "abcd"
GUARDS = st.sampled_from([None, is_odd, is_small])
WAYS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from("xyz"), GUARDS), max_size=12)


def machine(ways: list[tuple[Any, ...]]) -> Definition:
    """Give a machine of states that wait: a ring that reaches all of them, and the transitions that are allowed."""
    made = Machine("m")
    for name, following in zip(NAMES, NAMES[1:] + NAMES[0], strict=True):
        made.state(name).transition(name, following, on="ring")
    seen: set[tuple[str, str, Any]] = set()
    ended: set[tuple[str, str]] = set()
    for source, target, event, guard in ways:
        if (source, event) in ended or (source, event, guard) in seen:
            continue
        seen.add((source, event, guard))
        if guard is None:
            ended.add((source, event))
        made.transition(source, target, on=event, guard=guard)
    return made.build()


@given(ways=WAYS, events=st.lists(st.tuples(st.sampled_from(["x", "y", "z", "ring"]), st.none() | st.integers(0, 9))))
def test_the_table_of_transitions_says_what_the_kernel_says(
    ways: list[tuple[Any, ...]], events: list[tuple[str, Any]]
) -> None:
    """SM-02, SM-04: the short way and the long one come to the same, and so does a durable execution."""
    heard: dict[str, list[Any]] = {"short": [], "long": []}
    definition = machine(ways)
    short = Compiled(definition, listeners=[lambda _, fact: heard["short"].append(fact)])
    long = Compiled(definition, listeners=[lambda _, fact: heard["long"].append(fact)])
    for node in long.nodes.values():
        for edge in node.edges.values():
            following = edge
            while following is not None:
                following.plain = False
                following = following.other  # type: ignore[assignment]
    one, other = Instance(short, 3), Instance(long, 3)
    taken = []
    for event, data in events:
        step(other, ("next", event, None, data))
        before = one.version
        step(one, ("next", event, None, data))
        if one.version > before:
            taken.append((event, data))
        assert one.snapshot() == other.snapshot()
    assert heard["short"] == heard["long"]
    run = run_here(definition, 3, signals=taken)
    assert (run.status, run.frame.branches[0].state, run.frame.branches[0].data) == (
        Status.WAITING,
        one.state,
        one.model,
    )


@given(steps=st.lists(STEPS, max_size=6))
def test_what_is_refused_changes_nothing(steps: list[tuple[Any, ...]]) -> None:
    one = Instance(Compiled(order_machine(), Shop().handlers), {"total": 50})
    for what in steps:
        before = copied(one.snapshot())
        try:
            getattr(one, what[0])(*what[1:])
        except InvalidTransitionError:
            assert copied(one.snapshot()) == before
