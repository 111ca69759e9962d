"""Orders: what each state allows, and what may be shipped and invoiced of them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.sales import (
    ORDER,
    DeliveryBeforeOrder,
    LineNotShippable,
    Order,
    OrderNotDraft,
    OrderNotOpen,
    OrderState,
    OverInvoiced,
    OverShipped,
)
from app.domain.shared.errors import Invalid, Required, UnknownReference
from app.domain.shared.lines import BadPercentage, LineKind, NegativePrice, NoLines, QuantityNotPositive
from app.domain.shared.money import plain, quantity, rate
from app.domain.shared.states import InvalidTransition
from tests.support.lifecycles import declared, refused
from tests.support.sales import order, part
from tests.support.sales import order_line as line

pytestmark = pytest.mark.fast
STEPS: Final[dict[str, Callable[[Order], object]]] = {
    "validate": lambda one: one.validate("CO1"),
    "cancel": lambda one: one.cancel(),
    "ship": lambda one: one.ship([part(1, "1")]),
    "unship": lambda one: one.unship([part(1, "1")]),
    "unship_all": lambda one: one.unship([part(1, "2")]),
    "close": lambda one: one.close(),
    "close_short": lambda one: one.close_short("gone"),
    "redraft": lambda one: one.redraft(),
    "amend": lambda one: one.amend(),
    "reopen": lambda one: one.reopen(),
    "resume": lambda one: one.reopen(),
}
CHOSEN: Final = {(OrderState.DELIVERED, "reopen"), (OrderState.CANCELED, "resume")}
"""``reopen`` chooses between two transitions by what was shipped."""


def ripe(state: OrderState, step: str) -> Order:
    """Give an order whose lines let ``step`` pass its guard."""
    shipped = quantity(Decimal({"close": 2, "unship": 2, "unship_all": 2, "resume": 1}.get(step, 0)))
    return order(state, line(shipped=shipped), ref="CO7")


def test_every_step_has_a_method() -> None:
    assert set(STEPS) == {transition.name for transition in ORDER.transitions}


@pytest.mark.parametrize(("state", "step"), [one for one in refused(ORDER) if one not in CHOSEN])
def test_every_step_is_refused_from_every_other_state(state: OrderState, step: str) -> None:
    one = ripe(state, step)
    before = deepcopy(one)
    with pytest.raises(InvalidTransition) as caught:
        STEPS[step](one)
    assert one == before
    assert caught.value.facts == {
        "document": "order",
        "state": state.value,
        "transition": caught.value.facts["transition"],
        "allowed": list(ORDER.allowed(state)),
    }


@pytest.mark.parametrize(("state", "step", "target"), declared(ORDER))
def test_every_declared_step_leads_to_its_state(state: OrderState, step: str, target: OrderState) -> None:
    one = ripe(state, step)
    STEPS[step](one)
    assert one.state is target


def test_what_is_unshipped_is_to_be_shipped_again_and_what_came_back_is_not() -> None:
    one = order(OrderState.IN_SHIPMENT, line(shipped=quantity(Decimal(2))))
    one.take_back([part(1, "1")])
    assert [one.lines[0].returned, one.lines[0].to_ship] == [1, 0]
    one.unship([part(1, "1")])
    assert one.state is OrderState.IN_SHIPMENT
    assert [one.lines[0].shipped, one.lines[0].to_ship, one.lines[0].back_ordered] == [1, 1, 1]
    assert one.unship([part(1, "1")]).facts() == {"id": 5}
    assert one.lines[0].to_ship == 2
    assert ORDER.allowed(one.state)[0] == "cancel"


def test_a_line_shipped_from_two_places_at_once_has_no_more_than_it_has() -> None:
    one = order(OrderState.VALIDATED, line())
    one.ship([part(1, "1"), part(1, "1")])
    assert one.lines[0].shipped == 2
    with pytest.raises(OverShipped) as caught:
        order(OrderState.VALIDATED, line()).ship([part(1, "1"), part(1, "2")])
    assert (caught.value.at, caught.value.facts["left"]) == (("lines", 1, "quantity"), 1)


def test_a_delivered_order_is_reopened_or_unshipped_and_a_canceled_one_only_reopened() -> None:
    assert ORDER.finals == frozenset()
    assert set(ORDER.allowed(OrderState.DELIVERED)) == {"reopen", "resume", "unship", "unship_all"}
    assert ORDER.allowed(OrderState.CANCELED) == ("reopen",)


def test_an_order_is_priced_whole() -> None:
    one = order(
        OrderState.DRAFT,
        line(1, discount=rate(Decimal(25))),
        line(2, LineKind.FREIGHT, product_id=None, vat_rate=rate(Decimal(0))),
    )
    one.price()
    assert [one.net for one in one.lines] == [15, 20]
    assert [plain(sum_) for sum_ in (one.totals.net, one.totals.vat, one.totals.gross)] == ["35", "3", "38"]
    assert [[plain(part) for part in (vat.rate, vat.base, vat.vat)] for vat in one.vat] == [
        ["0", "20", "0"],
        ["20", "15", "3"],
    ]


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"quantity": Decimal(0)}, QuantityNotPositive, "quantity"),
        ({"quantity": Decimal(-1)}, QuantityNotPositive, "quantity"),
        ({"unit_price": Decimal("-0.01")}, NegativePrice, "unit_price"),
        ({"discount": Decimal("100.01")}, BadPercentage, "discount"),
        ({"discount": Decimal(-1)}, BadPercentage, "discount"),
        ({"vat_rate": Decimal(101)}, BadPercentage, "vat_rate"),
        ({"description": "  "}, Required, "description"),
    ],
    ids=repr,
)
def test_a_line_that_is_unsound_is_pointed_at(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    one = order(OrderState.DRAFT, line(1), line(2, **wrong))
    with pytest.raises(error) as caught:
        one.price()
    assert caught.value.at == ("lines", 1, field)


def test_an_order_needs_a_line_and_a_delivery_after_its_date() -> None:
    with pytest.raises(NoLines) as none:
        order(lines=[]).price()
    assert none.value.at == ("lines",)
    with pytest.raises(DeliveryBeforeOrder) as early:
        order(delivery_date=date(2026, 11, 20)).price()
    assert early.value.at == ("delivery_date",)
    order(delivery_date=date(2026, 11, 21)).price()


def test_validation_gives_the_number_and_tells_the_total() -> None:
    one = order()
    one.price()
    event = one.validate("CO2611-0001")
    assert one.ref == "CO2611-0001"
    assert event.facts() == {"id": 5, "ref": "CO2611-0001", "party": 1, "gross": Decimal(24)}
    assert one.created().facts() == {"id": 5, "party": 1}


@pytest.mark.parametrize("state", [state for state in OrderState if state is not OrderState.DRAFT])
def test_only_a_draft_is_edited(state: OrderState) -> None:
    order().editable()
    with pytest.raises(OrderNotDraft):
        order(state).editable()


@pytest.mark.parametrize("done", [{"shipped": Decimal(1)}, {"invoiced": Decimal(1)}], ids=repr)
def test_what_was_shipped_or_invoiced_is_not_canceled(done: dict[str, Any]) -> None:
    with pytest.raises(InvalidTransition):
        order(OrderState.VALIDATED, line(1), line(2, **done)).cancel()


def test_goods_left_to_ship_keep_an_order_open_and_services_do_not() -> None:
    service = line(2, LineKind.SERVICE)
    with pytest.raises(InvalidTransition):
        order(OrderState.VALIDATED, line(1), service).close()
    one = order(OrderState.IN_SHIPMENT, line(1, shipped=Decimal(2)), service)
    one.close()
    assert one.state is OrderState.DELIVERED


def test_an_order_is_shipped_in_parts_to_the_last_one() -> None:
    one = order(OrderState.VALIDATED, line(1), line(2))
    assert one.ship([part(2, "0.5"), part(1, "2")])[0].complete is False
    assert [one.to_ship for one in one.lines] == [0, Decimal("1.5")]
    assert one.ship([part(2, "1.5")])[0].complete is True
    assert one.complete


def test_no_more_is_shipped_than_was_ordered() -> None:
    one = order(OrderState.VALIDATED, line(1), line(2, shipped=Decimal("1.5")))
    before = deepcopy(one)
    with pytest.raises(OverShipped) as caught:
        one.ship([part(1, "1"), part(2, "0.500001")])
    assert (caught.value.at, caught.value.facts["left"]) == (("lines", 1, "quantity"), Decimal("0.5"))
    assert one == before


@pytest.mark.parametrize("kind", [LineKind.SERVICE, LineKind.FREIGHT])
def test_only_goods_are_shipped(kind: LineKind) -> None:
    one = order(OrderState.VALIDATED, line(1, kind))
    assert one.lines[0].to_ship == 0
    with pytest.raises(LineNotShippable):
        one.ship([part(1, "1")])


@pytest.mark.parametrize("position", [0, 2, -1])
def test_a_line_that_is_not_there_is_pointed_at(position: int) -> None:
    one = order(OrderState.VALIDATED)
    for act in (one.ship, one.invoice):
        with pytest.raises(UnknownReference) as caught:
            act([part(position, "1")])
        assert caught.value.at == ("lines", 0, "position")


def test_everything_is_invoiced_in_parts_and_no_more() -> None:
    one = order(OrderState.DELIVERED, line(1), line(2, LineKind.FREIGHT))
    one.invoice([part(2, "2"), part(1, "0.5")])
    with pytest.raises(OverInvoiced) as caught:
        one.invoice([part(1, "1.6")])
    assert (caught.value.at, caught.value.facts["left"]) == (("lines", 0, "quantity"), Decimal("1.5"))
    assert [one.to_invoice for one in one.lines] == [Decimal("1.5"), 0]


@pytest.mark.parametrize("state", [OrderState.DRAFT, OrderState.CANCELED])
def test_an_order_that_is_not_open_is_not_invoiced(state: OrderState) -> None:
    with pytest.raises(OrderNotOpen):
        order(state).invoice([part(1, "1")])
