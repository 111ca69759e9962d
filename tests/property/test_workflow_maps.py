"""Map runs under a scheduler that plays every order, death and delay."""

from __future__ import annotations

import pytest

from app.workflow.runtime.crowds import member_of
from app.workflow.runtime.store import Key
from tests.support.workflow.crowds import DOCUMENTS, simulate, undisturbed

FAST_SEEDS = 60
FULL_SEEDS = 3_000


def _play(flow: str, seeds: range) -> None:
    for seed in seeds:
        try:
            simulate(seed, flow)
        except Exception as error:
            raise AssertionError(f"seed {seed} of {flow}: {error}") from error


@pytest.mark.fast
@pytest.mark.parametrize("flow", DOCUMENTS)
def test_every_item_has_its_effect_and_is_counted_once_whatever_dies_when(flow: str) -> None:
    """ASL-02, ORC-06: distributed Maps; deaths and lost connections before and after each call of the store."""
    _play(flow, range(FAST_SEEDS))


@pytest.mark.full
@pytest.mark.parametrize("flow", DOCUMENTS)
def test_the_same_holds_for_many_more_seeds(flow: str) -> None:
    _play(flow, range(FAST_SEEDS, FAST_SEEDS + FULL_SEEDS))


@pytest.mark.fast
def test_flows_are_what_they_are_meant_to_be_when_nothing_happens() -> None:
    ended = {flow: [told[0] for told in undisturbed(flow)["executions"].values()][:2] for flow in DOCUMENTS}
    assert ended == {
        "all": ["succeeded", "succeeded"],
        "outside": ["succeeded", "succeeded"],
        "tried": ["succeeded", "succeeded"],
        "some": ["succeeded", "succeeded"],
        "many": ["succeeded", "failed"],
        "files": ["succeeded", "succeeded"],
        "missing": ["succeeded", "failed"],
        "stopped": ["aborted", "aborted"],
        "redriven": ["succeeded", "succeeded"],
    }


@pytest.mark.fast
def test_a_planted_loss_of_a_member_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof above can fail: a map run that forgets to tell one member is caught."""

    def mute(run: Key, number: int) -> Key:
        return member_of(run, max(number, 1))

    monkeypatch.setattr("app.workflow.runtime.crowds.member_of", mute)
    with pytest.raises(AssertionError):
        simulate(1, "all")
