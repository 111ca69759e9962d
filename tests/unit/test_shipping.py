"""Shipments: what each state allows, and which are sound."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.parties import Address
from app.domain.sales import LineQuantity
from app.domain.shared.errors import DomainError, Invalid, UnknownReference
from app.domain.shared.ids import InvoiceId, OrderId, PartyId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import plain, quantity
from app.domain.shared.states import InvalidTransition
from app.domain.shipping import (
    RETURN,
    SHIPMENT,
    OverReturned,
    Return,
    ReturnLine,
    ReturnNotDraft,
    ReturnState,
    Shipment,
    ShipmentLine,
    ShipmentNotDraft,
    ShipmentNotSent,
    ShipmentState,
    ShippedQuantityNotPositive,
    ShippedTwice,
    Worth,
)
from tests.support.lifecycles import declared, refused

pytestmark = pytest.mark.fast


TODAY: Final = date(2026, 11, 21)
HOME: Final = Address(city="Lyon")


def line(position: int, shipped: str = "1", place: int = 3) -> ShipmentLine:
    return ShipmentLine(
        position=position,
        order_position=position,
        product_id=ProductId(4),
        warehouse_id=WarehouseId(place),
        quantity=quantity(Decimal(shipped)),
    )


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
    "validate": lambda one: one.validate("SH1", HOME),
    "close": lambda one: one.close(TODAY),
    "cancel": lambda one: one.cancel(),
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


def test_every_step_has_a_method_and_closed_or_canceled_is_the_end() -> None:
    assert set(STEPS) == {transition.name for transition in SHIPMENT.transitions}
    assert SHIPMENT.finals == {ShipmentState.CLOSED, ShipmentState.CANCELED}


def test_its_events_tell_the_order_and_the_number() -> None:
    one = shipment(ShipmentState.DRAFT, line(1))
    assert one.created().facts() == {"id": 8, "order": 5}
    assert one.validate("SH2611-0001", HOME).facts() == {"id": 8, "ref": "SH2611-0001", "order": 5}
    assert one.ref == "SH2611-0001"
    assert one.close(TODAY).facts() == {"id": 8}
    assert shipment(ShipmentState.VALIDATED, line(1)).cancel().facts() == {"id": 8, "order": 5}


@pytest.mark.parametrize("state", [ShipmentState.VALIDATED, ShipmentState.CLOSED, ShipmentState.CANCELED])
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


def test_one_line_of_the_order_may_come_from_two_warehouses() -> None:
    one, other = line(1), line(2, place=9)
    other.order_position = 1
    shipment(ShipmentState.DRAFT, one, other).check()


def test_the_address_is_frozen_and_the_day_of_arrival_never_before_the_shipment() -> None:
    one = shipment(ShipmentState.DRAFT, line(1))
    one.validate("SH1", HOME)
    one.close(date(2026, 1, 1))
    assert (one.delivery_address, one.delivered_on) == (HOME, TODAY)
    given = shipment(ShipmentState.DRAFT, line(1))
    given.delivery_address = Address(city="Nice")
    given.validate("SH1", HOME)
    assert given.delivery_address.city == "Nice"


def part(position: int, back: str) -> LineQuantity:
    return LineQuantity(position=position, quantity=quantity(Decimal(back)))


@pytest.mark.parametrize(
    ("state", "parts", "error"),
    [
        (ShipmentState.DRAFT, [part(1, "1")], ShipmentNotSent),
        (ShipmentState.CANCELED, [part(1, "1")], ShipmentNotSent),
        (ShipmentState.CLOSED, [part(1, "3")], OverReturned),
        (ShipmentState.VALIDATED, [part(1, "1"), part(1, "1.5")], OverReturned),
        (ShipmentState.VALIDATED, [part(7, "1")], UnknownReference),
    ],
)
def test_no_more_comes_back_than_left(
    state: ShipmentState, parts: list[LineQuantity], error: type[DomainError]
) -> None:
    one = shipment(state, line(1, "2"))
    with pytest.raises(error):
        one.take_back(parts)
    assert one.lines[0].returned == 0


def test_what_came_back_is_counted_and_keeps_the_shipment_from_being_canceled() -> None:
    one = shipment(ShipmentState.VALIDATED, line(1, "2"))
    one.take_back([part(1, "2")])
    assert one.lines[0].to_return == 0
    with pytest.raises(InvalidTransition):
        one.cancel()
    one.send_again([part(1, "2")])
    one.cancel()


def test_only_how_it_travels_changes_once_it_left() -> None:
    one = shipment(ShipmentState.VALIDATED, line(1))
    one.changeable(("carrier_id", "method", "parcels"))
    with pytest.raises(ShipmentNotDraft) as caught:
        one.changeable(("method", "lines"))
    assert caught.value.at == ("lines",)
    with pytest.raises(ShipmentNotDraft):
        shipment(ShipmentState.CANCELED, line(1)).changeable(("method",))


def back(state: ReturnState = ReturnState.DRAFT) -> Return:
    kept = ReturnLine(position=1, product_id=ProductId(4), warehouse_id=None, quantity=quantity(Decimal(1)))
    return Return(id=ReturnId(6), party_id=PartyId(1), date=TODAY, reason="x", state=state, lines=[kept])


BACK: Final[dict[str, Callable[[Return], object]]] = {
    "validate": lambda one: one.validate("RE1"),
    "close": lambda one: one.close(),
    "cancel": lambda one: one.cancel(),
}


@pytest.mark.parametrize(("state", "step"), refused(RETURN))
def test_every_step_of_a_return_is_refused_from_every_other_state(state: ReturnState, step: str) -> None:
    one = back(state)
    with pytest.raises(InvalidTransition):
        BACK[step](one)
    assert one == back(state)


@pytest.mark.parametrize(("state", "step", "target"), declared(RETURN))
def test_every_declared_step_of_a_return_leads_to_its_state(state: ReturnState, step: str, target: ReturnState) -> None:
    one = back(state)
    BACK[step](one)
    assert one.state is target


def test_a_return_that_was_credited_is_not_called_off() -> None:
    one = back(ReturnState.VALIDATED)
    one.credit_note_id = InvoiceId(3)
    with pytest.raises(InvalidTransition):
        one.cancel()
    with pytest.raises(ReturnNotDraft):
        one.editable()


def test_the_parts_of_a_value_add_up_to_it() -> None:
    worth = Worth(quantity=Decimal(7), value=Decimal(10))
    parts = [worth.take(quantity(Decimal(n))) for n in (1, 2, 3, 1)]
    assert sum(parts) == 10
    assert [plain(part) for part in parts] == ["1.4286", "2.8571", "4.2857", "1.4286"]
