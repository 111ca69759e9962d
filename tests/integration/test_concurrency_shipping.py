"""Shipments called off, arrived and sent back by real processes at once: one of each pair wins (CT-02, ERP-07)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import pytest

from app.domain.shared.ids import ProductId, ReturnId, ShipmentId
from app.domain.shipping import ReturnState, ShipmentState
from app.usecases.shipping import (
    ReadReturn,
    ReadShipment,
    ReturnShipment,
    ShipmentReturnDraft,
    ValidateShipment,
)
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.processes import ON_EACH, Team, told_by
from tests.support.shop import Shop, check_ledger

pytestmark = ON_EACH
ROUNDS: Final = 4


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def sent(shop: Shop, product: ProductId) -> ShipmentId:
    """Ship one."""
    desk = shop.books.desk
    return shop.books.do(ValidateShipment(desk.clock, desk.numbering), shop.shipment([(product, 1)])).id


def coming_back(shop: Shop, shipment: ShipmentId) -> ReturnId:
    """Enter all of a shipment as a return."""
    draft = ShipmentReturnDraft(shipment_id=shipment, reason="x")
    return shop.books.do(ReturnShipment(shop.books.desk.clock), draft).id


def jobs(shop: Shop, *calls: Sequence[Call]) -> list[Job]:
    return [Job(company=shop.company, calls=tuple(one)) for one in calls]


def check(shop: Shop, product: ProductId, shipments: Sequence[ShipmentId], stock: int) -> None:
    """Compare the level with what is out, and orders with shipments."""
    check_ledger(shop, product)
    read = [shop.books.do(ReadShipment(), one) for one in shipments]
    out = sum(
        line.quantity - line.returned for one in read if one.state is not ShipmentState.CANCELED for line in one.lines
    )
    assert shop.levels(product)[shop.place] == stock - out
    for one in read:
        (line,) = shop.order(one.order_id).lines
        assert line.shipped == (0 if one.state is ShipmentState.CANCELED else 1)
        assert line.returned == one.lines[0].returned <= 1


def test_a_shipment_arrives_or_is_called_off(shop: Shop, team: Team) -> None:
    """CT-02: of four who close and four who cancel each shipment one is told that it is done."""
    product = shop.goods("9")
    shipments = [sent(shop, product) for _ in range(ROUNDS)]
    names = ("cancel shipment", "close shipment") * 4
    heard = team.compete(jobs(shop, *([(name, {"shipment": one}) for one in shipments] for name in names)))
    assert sorted(one.index for one in told_by(heard, "done")) == list(range(ROUNDS))
    assert {one.facts["code"] for one in told_by(heard, "refused")} == {"state.invalid_transition"}
    assert told_by(heard, "again") == []
    check(shop, product, shipments, 9)


def test_the_last_one_comes_back_once(shop: Shop, team: Team) -> None:
    """CT-02: of eight returns of one thing one is taken; the others are told that nothing is left."""
    product = shop.goods("9")
    shipments = [sent(shop, product) for _ in range(ROUNDS)]
    drafts = [[coming_back(shop, one) for one in shipments] for _ in range(8)]
    heard = team.compete(jobs(shop, *([("take back", {"back": one}) for one in mine] for mine in drafts)))
    assert sorted(one.index for one in told_by(heard, "done")) == list(range(ROUNDS))
    assert {one.facts["code"] for one in told_by(heard, "refused")} == {"shipping.over_returned"}
    assert {Decimal(one.facts["left"]) for one in told_by(heard, "refused")} == {0}
    assert told_by(heard, "again") == []
    states = [shop.books.do(ReadReturn(), one).state for mine in drafts for one in mine]
    assert states.count(ReturnState.VALIDATED) == ROUNDS
    check(shop, product, shipments, 9)


def test_a_shipment_is_called_off_or_comes_back(shop: Shop, team: Team) -> None:
    """CT-02: its goods are put into stock once, whoever is first."""
    product = shop.goods("9")
    shipments = [sent(shop, product) for _ in range(ROUNDS)]
    drafts = [[coming_back(shop, one) for one in shipments] for _ in range(4)]
    taking = [[("take back", {"back": one}) for one in mine] for mine in drafts]
    canceling: list[list[Call]] = [[("cancel shipment", {"shipment": one}) for one in shipments] for _ in range(4)]
    heard = team.compete(jobs(shop, *taking, *canceling))
    assert sorted(one.index for one in told_by(heard, "done")) == list(range(ROUNDS))
    refused = {one.facts["code"] for one in told_by(heard, "refused")}
    assert refused <= {"state.invalid_transition", "shipping.over_returned", "shipping.shipment_not_sent"}
    assert told_by(heard, "again") == []
    assert shop.levels(product)[shop.place] == 9
    check(shop, product, shipments, 9)
