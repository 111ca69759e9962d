"""Every transition of every document is refused from every other state, and changes nothing (ERP-07)."""

from __future__ import annotations

import sys
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any, Final

import pytest

from app.domain.shared.states import InvalidTransition, advance
from app.workflow.kernel.lifecycle import Lifecycle, Transition
from tests.support.machines import NoMachineError, entity_of, lifecycles, refusals, step_of

pytestmark = pytest.mark.fast
REFUSALS: Final = refusals()


def _named(value: object) -> str | None:
    return value.name if isinstance(value, Lifecycle) else "" if isinstance(value, ModuleType) else None


@pytest.mark.parametrize(("module", "lifecycle", "state", "transition"), REFUSALS, ids=_named)
def test_a_transition_is_refused_from_every_other_state(
    module: ModuleType, lifecycle: Lifecycle[Any], state: StrEnum, transition: str
) -> None:
    """ERP-07: generated from the tables, so that a new document kind is tested without a line of test."""
    entity = entity_of(module, lifecycle, state)
    before = deepcopy(entity)
    with pytest.raises(InvalidTransition) as caught:
        step_of(lifecycle, entity, transition)(entity)
    assert entity == before
    assert (caught.value.facts["document"], caught.value.facts["state"]) == (lifecycle.name, state.value)


def test_all_documents_are_found() -> None:
    names = [lifecycle.name for _, lifecycle in lifecycles()]
    assert {"order", "shipment", "invoice"} <= set(names)
    assert len(names) == len(set(names))
    assert {lifecycle.name for _, lifecycle, _, _ in REFUSALS} == set(names)


class Lamp(StrEnum):
    ON = "on"
    OFF = "off"


LAMP: Final = Lifecycle[Lamp](
    "lamp",
    Lamp,
    initial=Lamp.OFF,
    transitions=(Transition("switch_on", Lamp.OFF, Lamp.ON), Transition("switch_off", Lamp.ON, Lamp.OFF)),
)


@dataclass(slots=True, kw_only=True)
class Bulb:
    state: Lamp
    watts: int

    def switch_on(self, by: str) -> str:
        self.watts += 1
        self.state = advance(LAMP, self.state, "switch_on", self)
        return by


def test_a_method_that_changes_something_before_it_refuses_is_seen() -> None:
    """The test of the test, on an entity nobody has told about."""
    bulb = entity_of(sys.modules[__name__], LAMP, Lamp.ON)
    with pytest.raises(InvalidTransition):
        step_of(LAMP, bulb, "switch_on")(bulb)
    assert bulb.watts == 2


def test_a_life_cycle_that_cannot_be_led_through_says_what_to_do() -> None:
    with pytest.raises(NoMachineError, match="lamp: no single entity in lamps has a field of Lamp; give its make in"):
        entity_of(ModuleType("lamps"), LAMP, Lamp.ON)
    with pytest.raises(NoMachineError, match="lamp: Bulb has no method switch_off; give its step in"):
        step_of(LAMP, Bulb(state=Lamp.OFF, watts=1), "switch_off")
