"""Shipments: what each state allows, and which are sound."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.shared.errors import Invalid
from app.domain.shared.ids import OrderId, PartyId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import quantity
from app.domain.shared.states import InvalidTransition
from app.domain.shipping import (
    SHIPMENT,
    Shipment,
    ShipmentLine,
    ShipmentNotDraft,
    ShipmentState,
    ShippedQuantityNotPositive,
    ShippedTwice,
)
from tests.support.lifecycles import declared, refused

pytestmark = pytest.mark.fast


def line(position: int, shipped: str = "1") -> ShipmentLine:
    return ShipmentLine(position=position, product_id=ProductId(4), quantity=quantity(Decimal(shipped)))


def shipment(state: ShipmentState = ShipmentState.DRAFT, *lines: ShipmentLine) -> Shipment:
    return Shipment(
        id=ShipmentId(8),
        ref="(PROV8)",
        order_id=OrderId(5),
        party_id=PartyId(1),
        warehouse_id=WarehouseId(3),
        date=date(2026, 11, 21),
        state=state,
        lines=list(lines),
    )


STEPS: Final[dict[str, Callable[[Shipment], object]]] = {
    "validate": lambda one: one.validate("SH1"),
    "close": lambda one: one.close(),
}


@pytest.mark.parametrize(("state", "step"), refused(SHIPMENT))
def test_every_step_is_refused_from_every_other_state(state: ShipmentState, step: str) -> None:
    one = shipment(state, line(1))
    before = deepcopy(one)
    with pytest.raises(InvalidTransition):
        STEPS[step](one)
    assert one == before


@pytest.mark.parametrize(("state", "step", "target"), declared(SHIPMENT))
def test_every_declared_step_leads_to_its_state(state: ShipmentState, step: str, target: ShipmentState) -> None:
    one = shipment(state, line(1))
    STEPS[step](one)
    assert one.state is target


def test_every_step_has_a_method_and_closed_is_the_end() -> None:
    assert set(STEPS) == {transition.name for transition in SHIPMENT.transitions}
    assert SHIPMENT.finals == {ShipmentState.CLOSED}


def test_its_events_tell_the_order_and_the_number() -> None:
    one = shipment(ShipmentState.DRAFT, line(1))
    assert one.created().facts() == {"id": 8, "order": 5}
    assert one.validate("SH2611-0001").facts() == {"id": 8, "ref": "SH2611-0001", "order": 5}
    assert one.ref == "SH2611-0001"
    assert one.close().facts() == {"id": 8}


@pytest.mark.parametrize("state", [ShipmentState.VALIDATED, ShipmentState.CLOSED])
def test_only_a_draft_is_deleted(state: ShipmentState) -> None:
    shipment().editable()
    with pytest.raises(ShipmentNotDraft):
        shipment(state).editable()


@pytest.mark.parametrize(
    ("lines", "error", "at"),
    [
        ([], NoLines, ("lines",)),
        ([line(1), line(2), line(1)], ShippedTwice, ("lines", 2, "position")),
        ([line(1), line(2, "0")], ShippedQuantityNotPositive, ("lines", 1, "quantity")),
        ([line(1, "-1")], ShippedQuantityNotPositive, ("lines", 0, "quantity")),
    ],
    ids=["none", "twice", "zero", "negative"],
)
def test_an_unsound_shipment_is_refused_where_it_is_wrong(
    lines: list[ShipmentLine], error: type[Invalid], at: tuple[Any, ...]
) -> None:
    with pytest.raises(error) as caught:
        shipment(ShipmentState.DRAFT, *lines).check()
    assert caught.value.at == at


def test_one_product_may_stand_on_several_lines() -> None:
    shipment(ShipmentState.DRAFT, line(1), line(2)).check()
