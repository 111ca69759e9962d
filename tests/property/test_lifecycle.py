"""Random tables of states: what is declared fires, and nothing else does."""

from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.kernel.lifecycle import InvalidTransitionError, Lifecycle, LifecycleError, Transition

pytestmark = pytest.mark.fast


class State(StrEnum):
    A = "a"
    B = "b"
    C = "c"
    D = "d"


NAMES = ("go", "stay", "leave")
EDGES = st.dictionaries(
    st.tuples(st.sampled_from(State), st.sampled_from(NAMES)), st.sampled_from(State), min_size=1, max_size=12
)


def reachable(edges: dict[tuple[State, str], State]) -> set[State]:
    """Give what can be reached from A, by growing the set until it stays."""
    reached = {State.A}
    while grown := {target for (source, _), target in edges.items() if source in reached} - reached:
        reached |= grown
    return reached


def build(edges: dict[tuple[State, str], State]) -> Lifecycle[State]:
    transitions = [Transition(name, source, target) for (source, name), target in edges.items()]
    return Lifecycle[State]("random", State, initial=State.A, transitions=transitions)


def completed(edges: dict[tuple[State, str], State]) -> dict[tuple[State, str], State]:
    """Add a way from A to each state that has none, so that the table is sound."""
    return edges | {(State.A, f"to_{state.value}"): state for state in set(State) - reachable(edges)}


@given(EDGES)
def test_a_table_is_built_exactly_when_every_state_can_be_reached(edges: dict[tuple[State, str], State]) -> None:
    if reachable(edges) == set(State):
        build(edges)
    else:
        with pytest.raises(LifecycleError, match="nothing leads to"):
            build(edges)


@given(EDGES)
def test_what_is_declared_fires_and_everything_else_is_refused(edges: dict[tuple[State, str], State]) -> None:
    sound = completed(edges)
    lifecycle = build(sound)
    for state in State:
        for name in (*NAMES, *(f"to_{other.value}" for other in State), "unheard_of"):
            if (state, name) in sound:
                assert lifecycle.fire(state, name) is sound[state, name]
            else:
                with pytest.raises(InvalidTransitionError) as caught:
                    lifecycle.fire(state, name)
                assert caught.value.allowed == lifecycle.allowed(state)


@given(EDGES, st.lists(st.sampled_from(NAMES), max_size=20))
def test_a_walk_never_leaves_a_final_state(edges: dict[tuple[State, str], State], walk: list[str]) -> None:
    lifecycle = build(completed(edges))
    state = lifecycle.initial
    for name in walk:
        if name not in lifecycle.allowed(state):
            continue
        assert state not in lifecycle.finals
        state = lifecycle.fire(state, name)
    assert (state in lifecycle.finals) == (not lifecycle.allowed(state))
