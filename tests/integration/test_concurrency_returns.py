"""Shipments of one line, returns of one shipment, and kits, by real processes at once: counted once (CT-02)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.catalogue import Component
from app.domain.shared.ids import OrderId, ProductId, ReturnId, ShipmentId
from app.domain.shared.money import price, quantity
from app.domain.shipping import ReturnState, ShipmentState
from app.domain.stock import MovementKind
from app.usecases.catalogue import ReadProduct, SetComponents
from app.usecases.catalogue.hanging import Whole
from app.usecases.sales import CreateOrder, OrderDraft
from app.usecases.shared import LineDraft
from app.usecases.shipping import (
    CreateShipment,
    Part,
    ReadReturn,
    ReadShipment,
    ReturnPart,
    ReturnShipment,
    ShipmentDraft,
    ShipmentReturnDraft,
    ValidateReturn,
    ValidateShipment,
)
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.processes import ON_EACH, Heard, Team, told_by
from tests.support.promises import check_promises, orders_of, reserved
from tests.support.shop import Shop, check_ledger

EACH: Final = ["sqlite", "postgresql", "mariadb"]
ROUNDS: Final = 4
EIGHT: Final = range(8)


def on_each_in_full(test: Any) -> Any:
    """Run a test on each kind of database when everything is run."""
    return pytest.mark.full(pytest.mark.parametrize("database_kind", EACH, indirect=True)(test))


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def q(value: str | int) -> Any:
    return quantity(Decimal(value))


def order(shop: Shop, *lines: tuple[ProductId, str]) -> OrderId:
    """Enter and validate an order."""
    wanted = tuple(LineDraft(product_id=product, quantity=q(much)) for product, much in lines)
    draft = OrderDraft(party_id=shop.customer, lines=wanted)
    return shop.validate(shop.books.do(CreateOrder(shop.books.desk.clock), draft).id).id


def sent(shop: Shop, draft: ShipmentId) -> ShipmentId:
    return shop.books.do(ValidateShipment(shop.books.desk.clock, shop.books.desk.numbering), draft).id


def coming_back(shop: Shop, shipment: ShipmentId, much: str = "1") -> ReturnId:
    """Enter so much of the first line of a shipment as a return."""
    draft = ShipmentReturnDraft(shipment_id=shipment, reason="x", lines=(ReturnPart(position=1, quantity=q(much)),))
    return shop.books.do(ReturnShipment(shop.books.desk.clock), draft).id


def taken(shop: Shop, back: ReturnId) -> ReturnId:
    return shop.books.do(ValidateReturn(shop.books.desk.clock, shop.books.desk.numbering), back).id


def compete(shop: Shop, team: Team, *calls: Sequence[Call]) -> list[Heard]:
    """Let each do its calls, all at once."""
    return team.compete([Job(company=shop.company, calls=tuple(one)) for one in calls])


def each(name: str, what: str, ids: Sequence[int]) -> list[Call]:
    """Give one call for each id."""
    return [(name, {what: one}) for one in ids]


def codes(heard: Sequence[Heard]) -> set[str]:
    """Give why something was refused."""
    return {one.facts["code"] for one in told_by(heard, "refused")}


@ON_EACH
def test_eight_shipments_of_one_line_send_what_was_ordered_and_no_more(shop: Shop, team: Team) -> None:
    """CT-02, ERP-07: each fits alone; five of them leave, three are told that nothing is left."""
    product = shop.goods("9")
    mine = order(shop, (product, "5"))
    drafts = [shop.ship_draft(mine, {1: "1"}) for _ in EIGHT]
    heard = compete(shop, team, *(each("ship", "shipment", [one]) for one in drafts))
    assert (len(told_by(heard, "done")), codes(heard)) == (5, {"sales.over_shipped"})
    states = [shop.books.do(ReadShipment(), one).state for one in drafts]
    assert (states.count(ShipmentState.VALIDATED), states.count(ShipmentState.DRAFT)) == (5, 3)
    assert shop.order(mine).lines[0].shipped == 5
    assert reserved(shop, product) == {shop.place: (Decimal(4), Decimal(0))}
    check_ledger(shop, product)


@on_each_in_full
def test_returns_of_one_shipment_in_parts_bring_back_what_left_for_what_it_left_with(shop: Shop, team: Team) -> None:
    """CT-02: of eight returns of one of five, five are taken; their values add up to the last ten-thousandth."""
    product = shop.goods()
    shop.move(MovementKind.RECEIVE, product, "7", cost=price(Decimal("3.33333333")))
    shipment = sent(shop, shop.ship_draft(order(shop, (product, "5")), {1: "5"}))
    backs = [coming_back(shop, shipment) for _ in EIGHT]
    heard = compete(shop, team, *(each("take back", "back", [one]) for one in backs))
    assert (len(told_by(heard, "done")), codes(heard)) == (5, {"shipping.over_returned"})
    rows = shop.movements(product)
    assert sum(row["value"] for row in rows) == rows[0]["value"]
    assert shop.books.do(ReadShipment(), shipment).lines[0].returned == 5
    check_ledger(shop, product)


@on_each_in_full
def test_a_return_is_called_off_or_closed_by_one_of_eight(shop: Shop, team: Team) -> None:
    """CT-02: its goods leave again once or never."""
    product = shop.goods("9")
    backs = []
    for _ in range(ROUNDS):
        shipment = sent(shop, shop.ship_draft(order(shop, (product, "1")), {1: "1"}))
        backs.append(taken(shop, coming_back(shop, shipment)))
    heard = compete(shop, team, *(each(name, "back", backs) for name in ("cancel return", "close return") * 4))
    assert sorted(one.index for one in told_by(heard, "done")) == list(range(ROUNDS))
    assert codes(heard) == {"state.invalid_transition"}
    found = [shop.books.do(ReadReturn(), one) for one in backs]
    canceled = [one for one in found if one.state is ReturnState.CANCELED]
    assert shop.levels(product)[shop.place] == 9 - len(canceled)
    for one in found:
        (line,) = shop.order(one.order_id or OrderId(0)).lines
        assert line.returned == (0 if one in canceled else 1)
    check_ledger(shop, product)


@on_each_in_full
def test_one_shipment_is_called_off_while_another_of_the_order_leaves(shop: Shop, team: Team) -> None:
    """CT-02, ERP-07: whoever is first, the order has what left and is promised the rest."""
    product = shop.goods("40")
    orders = [order(shop, (product, "4")) for _ in range(ROUNDS)]
    first = [sent(shop, shop.ship_draft(one, {1: "2"})) for one in orders]
    second = [shop.ship_draft(one, {1: "2"}) for one in orders]
    canceling, shipping = each("cancel shipment", "shipment", first), each("ship", "shipment", second)
    heard = compete(shop, team, canceling, shipping, canceling[::-1], shipping[::-1])
    assert (len(told_by(heard, "done")), codes(heard)) == (2 * ROUNDS, {"state.invalid_transition"})
    found = [shop.order(one).lines[0] for one in orders]
    assert {(line.shipped, line.reserved, line.back_ordered) for line in found} == {(q(2), q(2), q(0))}
    assert reserved(shop, product) == {shop.place: (Decimal(32), Decimal(8))}
    check_promises(shop, [product], orders_of(shop))
    check_ledger(shop, product)


@on_each_in_full
def test_goods_shipped_from_elsewhere_and_called_off_meet_new_orders_where_they_were_promised(
    shop: Shop, team: Team
) -> None:
    """CT-02, design 3: nobody waits for what is there, and nobody is promised what another was."""
    product, there = shop.goods("8"), shop.warehouse()
    shop.move(MovementKind.RECEIVE, product, "8", there)
    gone = []
    for _ in range(ROUNDS):
        line = Part(position=1, quantity=q(2), warehouse_id=there)
        draft = ShipmentDraft(order_id=order(shop, (product, "2")), lines=(line,))
        gone.append(sent(shop, shop.books.do(CreateShipment(shop.books.desk.clock), draft).id))
    new = [_draft(shop, product) for _ in range(ROUNDS * 2)]
    canceling = each("cancel shipment", "shipment", gone)
    heard = compete(
        shop, team, canceling[:2], canceling[2:], each("order", "order", new[:4]), each("order", "order", new[4:])
    )
    assert (len(told_by(heard, "done")), codes(heard)) == (3 * ROUNDS, set())
    levels = reserved(shop, product)
    assert levels == {shop.place: (Decimal(8), Decimal(8)), there: (Decimal(8), Decimal(0))}
    check_promises(shop, [product], orders_of(shop))
    assert sum(line.back_ordered for one in orders_of(shop) for line in one.lines) == 3 * ROUNDS * 2 - 8


def _draft(shop: Shop, product: ProductId) -> OrderId:
    draft = OrderDraft(party_id=shop.customer, lines=(LineDraft(product_id=product, quantity=q(2)),))
    return shop.books.do(CreateOrder(shop.books.desk.clock), draft).id


def kit(shop: Shop, parts: Mapping[ProductId, str]) -> ProductId:
    """Enter a kit of these parts, in this order."""
    made = shop.goods()
    inside = tuple(Component(component_id=product, quantity=q(much)) for product, much in parts.items())
    version = shop.books.do(ReadProduct(), made).version
    shop.books.do(SetComponents(), Whole(id=made, version=version, parts=inside))
    return made


@on_each_in_full
def test_kits_with_the_same_parts_in_another_order_leave_whole_or_not_at_all(shop: Shop, team: Team) -> None:
    """CT-02, ERP-07: of eight kits of 4 and 1 there are parts for five; no deadlock is shown, no part leaves alone."""
    leg, top = shop.goods("20"), shop.goods("9")
    one, other = kit(shop, {leg: "4", top: "1"}), kit(shop, {top: "1", leg: "4"})
    drafts = []
    for product in (one, other) * 4:
        draft = ShipmentDraft(order_id=order(shop, (product, "1")))
        drafts.append(shop.books.do(CreateShipment(shop.books.desk.clock), draft).id)
    heard = compete(shop, team, *(each("ship", "shipment", [draft]) for draft in drafts))
    assert (len(told_by(heard, "done")), codes(heard)) == (5, {"stock.not_enough"})
    assert (shop.levels(leg)[shop.place], shop.levels(top)[shop.place]) == (Decimal(0), Decimal(4))
    for product in (leg, top):
        check_ledger(shop, product)
    check_promises(shop, [leg, top], orders_of(shop))
