"""The engine under a scheduler that plays every order, death and delay: what comes of it is what was meant."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.workflow.runtime.core import Core
from app.workflow.runtime.live import Command, Item, Live, Run
from app.workflow.runtime.store import Key
from tests.support.workflow.simulator import Flaw, simulate

FAST_SEEDS = 10_000
FULL_SEEDS = 50_000
SHARES = 10


def _play(share: int, seeds: int) -> None:
    for seed in range(share, seeds, SHARES):
        try:
            simulate(seed)
        except Exception as error:
            raise AssertionError(f"python -m benchmarks.simulate --seed {seed}: {error}") from error


@pytest.mark.fast
@pytest.mark.parametrize("share", range(SHARES))
def test_every_execution_has_the_effects_and_the_result_of_an_undisturbed_run(share: int) -> None:
    """ORC-02, ORC-05, ORC-06, SM-08, SM-09: nothing lost, nothing done twice, whatever dies when."""
    _play(share, FAST_SEEDS)


@pytest.mark.full
@pytest.mark.parametrize("share", range(SHARES))
def test_the_same_holds_for_many_more_seeds(share: int) -> None:
    _play(share + FAST_SEEDS, FAST_SEEDS + FULL_SEEDS)


@pytest.mark.fast
def test_a_seed_does_the_same_each_time() -> None:
    def found() -> tuple[int, str]:
        return _first_found(Flaw(fenced=False))

    assert found() == found()


class _Eager(Core):
    """Starts what a turn commands before that is on disk."""

    def _commit(self, runs: list[Run], commands: list[Command]) -> dict[Key, list[Any]]:
        for made in runs:
            commands.extend(self._commands(made.live, made.live.frame.branches.values()))
        return super()._commit(runs, commands)


class _Forgetful(Core):
    """Loses the timers of what it holds."""

    def _wake_at(self, live: Live, due: int | None) -> None:
        super()._wake_at(live, due)
        self._timers.clear()


class _Silent(Core):
    """Loses the letters that go with its commits."""

    def _decide(self, live: Live, items: list[Item], now: int) -> Run | None:
        made = super()._decide(live, items, now)
        return made and msgspec.structs.replace(made, append=msgspec.structs.replace(made.append, posts=()))


class _Barren(Core):
    """Loses the executions that its commits start."""

    def _decide(self, live: Live, items: list[Item], now: int) -> Run | None:
        made = super()._decide(live, items, now)
        return made and msgspec.structs.replace(made, append=msgspec.structs.replace(made.append, starts=()))


class _Careless(Core):
    """Goes on from what a shared transaction decided, though that was rolled back."""

    def withdraw(self, key: Key) -> None:
        live = self._live.get(key)
        if live is not None:
            live.busy = None


@pytest.mark.fast
@pytest.mark.parametrize(
    ("flaw", "what"),
    [
        pytest.param(Flaw(fenced=False), "", id="no fencing"),
        pytest.param(Flaw(core=_Eager), "before it is on disk", id="effect before append"),
        pytest.param(Flaw(core=_Forgetful), "stuck", id="lost timer"),
        pytest.param(Flaw(core=_Silent), "stuck", id="lost letter"),
        pytest.param(Flaw(core=_Barren), "", id="lost child"),
        pytest.param(Flaw(core=_Careless), "", id="shared transaction half undone"),
    ],
)
def test_a_planted_bug_is_found_within_a_thousand_seeds(flaw: Flaw, what: str) -> None:
    seed, message = _first_found(flaw)
    assert seed < 1_000
    assert what in message


def _first_found(flaw: Flaw) -> tuple[int, str]:
    for seed in range(1_000):
        try:
            simulate(seed, flaw)
        except AssertionError as error:
            return seed, str(error)
    return 1_000, ""
