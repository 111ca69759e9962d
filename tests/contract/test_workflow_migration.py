"""Executions that wait are moved to another edition of their machine, the same on each store (ORC-08)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.workflow.runtime.engine import MigrationError
from tests.support.workflow.bed import NAMESPACE, Bed, bed_of
from tests.support.workflow.stores import KINDS

pytestmark = pytest.mark.fast
ASKS: Final = {"Type": "Message", "CorrelationKey": "go", "CorrelationValuePath": "$.id", "ResultPath": "$.said"}


@pytest.fixture(scope="module", params=KINDS)
def bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    with bed_of(request.param, tmp_path_factory.mktemp("migration")) as made:
        yield made


def _states(last: str) -> dict[str, Any]:
    return {"Asks": {**ASKS, "Next": last}, last: {"Type": "Task", "Resource": "note", "End": True}}


def test_what_waits_goes_on_by_the_other_edition_and_its_history_says_so(bed: Bed) -> None:
    """ORC-08: what it waits for comes still; others stay with their own edition."""
    machine = bed.machine(_states("Old"))
    moved, stays = (bed.engine.start(machine, {"id": name}, namespace=NAMESPACE) for name in ("moved", "stays"))
    bed.edition(machine, 2, _states("New"))
    for key in (moved, stays):
        bed.waits_at(key, "Asks")
    bed.engine.migrate(moved, 2)
    bed.until(lambda: bed.engine.describe(moved).edition == 2)
    bed.engine.migrate(moved, 2)
    for name in ("moved", "stays"):
        bed.say("go", name, name)
    assert bed.ended(moved).output == {"id": "moved", "said": "moved"}
    assert bed.ended(stays).output == {"id": "stays", "said": "stays"}
    names = [entry.get("stateEnteredEventDetails", {}).get("name") for entry in bed.history(moved)]
    assert [name for name in names if name] == ["Asks", "New"]
    assert bed.engine.describe(stays).edition == 1
    with pytest.raises(MigrationError, match="the execution has ended"):
        bed.engine.migrate(stays, 2)
