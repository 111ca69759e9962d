"""The benchmark of the engine's core runs its executions to their ends and says what a step took."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from app.workflow.runtime.store import Append, Key
from benchmarks import engine_core
from benchmarks.engine_line import STEPS

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("executions", "at_once"), [(1, 4), (5, 2)])
def test_each_execution_commits_its_start_and_each_of_its_steps(
    executions: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed: list[Append] = []

    class Counting(engine_core.Agreeable):
        def commit(self, appends: Sequence[Append], connection: object = None) -> set[Key]:
            committed.extend(appends)
            return super().commit(appends, connection)

    monkeypatch.setattr(engine_core, "Agreeable", Counting)
    assert engine_core.microseconds(executions, at_once) > 0
    assert len(committed) == executions * (1 + STEPS)
    assert sum(append.ended is not None for append in committed) == executions


def test_it_says_the_best_round_and_the_middle_one() -> None:
    found = re.fullmatch(
        r"core alone, 32 at once: ([\d.]+) CPU-us a step at best of 7, ([\d.]+) midway", engine_core.told(1)
    )
    assert found is not None
    assert 0 < float(found[1]) <= float(found[2])
