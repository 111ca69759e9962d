"""Orders, receipts and shipments of the same scarce goods by real processes at once (ERP-07, CT-02)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.shared.ids import OrderId, ProductId
from app.domain.shared.money import quantity
from app.infrastructure.database.engine import Database
from app.usecases.sales import CreateOrder, OrderDraft
from app.usecases.shared import LineDraft
from tests.support.books import Books
from tests.support.contender import Job, Told
from tests.support.processes import ON_EACH, Heard, Team, told_by
from tests.support.promises import check_promises, orders_of, reserved
from tests.support.shop import Shop, check_ledger

pytestmark = ON_EACH
EIGHT: Final = range(8)


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def drafts(shop: Shop, count: int, lines: Mapping[ProductId, int]) -> list[OrderId]:
    """Enter as many orders alike, as drafts."""
    wanted = tuple(LineDraft(product_id=one, quantity=quantity(Decimal(n))) for one, n in lines.items())
    draft = OrderDraft(party_id=shop.customer, lines=wanted)
    return [shop.books.do(CreateOrder(shop.books.desk.clock), draft).id for _ in range(count)]


def job(shop: Shop, *calls: tuple[str, Mapping[str, Any]]) -> Job:
    return Job(company=shop.company, calls=calls)


def unexpected(heard: list[Heard]) -> list[Told]:
    """Give what was refused for anything but what somebody else was promised or did first."""
    fine = {"stock.not_enough", "state.invalid_transition", "shipping.nothing_to_ship", "sales.over_shipped"}
    return [one for one in told_by(heard, "refused") if one.facts["code"] not in fine]


def test_eight_who_order_a_scarce_product_are_promised_what_there_is_and_no_more(shop: Shop, team: Team) -> None:
    """ERP-07: 16 orders of 2 and a stock of 11; the level has what the lines have, the rest is back-ordered."""
    product = shop.goods("11")
    orders = drafts(shop, 16, {product: 2})
    jobs = [job(shop, *(("order", {"order": one}) for one in orders[member::8])) for member in EIGHT]
    heard = team.compete(jobs)
    assert len(told_by(heard, "done")) == 16
    assert told_by(heard, "again") == []
    assert reserved(shop, product) == {shop.place: (Decimal(11), Decimal(11))}
    lines = [order.lines[0] for order in orders_of(shop)]
    assert sorted(line.reserved for line in lines) == [0] * 10 + [1] + [2] * 5
    assert sum(line.back_ordered for line in lines) == 32 - 11
    check_promises(shop, [product], orders_of(shop))


def test_receipts_shipments_and_cancellations_at_once_keep_every_promise(shop: Shop, team: Team) -> None:
    """ERP-07: two products in opposite order of lines; nothing below zero, nothing lost, no deadlock shown."""
    one, other = shop.goods("6"), shop.goods("6")
    orders = [
        order
        for pair in zip(drafts(shop, 12, {one: 2, other: 1}), drafts(shop, 12, {other: 2, one: 1}), strict=True)
        for order in pair
    ]
    jobs = []
    for member in range(4):
        mine = orders[member::4]
        calls: list[tuple[str, Mapping[str, Any]]] = []
        for order in mine:
            calls += [("order", {"order": order}), ("ship reserved", {"order": order})]
        calls += [("ship reserved", {"order": order}) for order in mine]
        jobs.append(job(shop, *calls))
    jobs += [job(shop, *(("receive", {"product": each, "quantity": "2"}),) * 8) for each in (one, other)]
    jobs.append(job(shop, *(("cancel", {"order": order}) for order in orders[::3])))
    jobs.append(job(shop, *(("debit", {"product": one, "warehouse": shop.place}),) * 4))
    heard = team.compete(jobs)
    assert unexpected(heard) == []
    assert {one.what for one in heard} <= {"done", "refused", "again", "over"}
    for product in (one, other):
        ((held, promised),) = reserved(shop, product).values()
        assert 0 <= promised <= held
        check_ledger(shop, product)
        waits = sum(
            line.back_ordered for order in orders_of(shop) for line in order.lines if line.product_id == product
        )
        assert waits == 0 or held == promised, "something is available and somebody waits"
    check_promises(shop, [one, other], orders_of(shop))


def test_a_shipment_and_a_receipt_for_the_same_order_lose_nothing(shop: Shop, team: Team, database: Database) -> None:
    """ERP-07: the shipment has read its order when stock comes and is promised to it; it begins again."""
    product = shop.goods("1")
    (order,) = drafts(shop, 1, {product: 2})
    shop.validate(order)
    shipment = shop.ship_draft(order, {1: "1"})
    ship = Job(company=shop.company, calls=(("ship", {"shipment": shipment}),), holds_at="lock stock_costs")
    receive = job(shop, ("receive", {"product": product, "quantity": "1"}))
    if database.dialect.row_locks:
        team.ready([ship, receive])
        team.go(0)
        assert team.hear(0).what == "holding"
        team.go(1)
        assert [team.hear(1).what, team.hear(1).what] == ["done", "over"]
        team.go(0)
        told = [team.hear(0).what for _ in range(3)]
        assert told == ["again", "done", "over"]
    else:
        team.compete([receive])
        team.compete([Job(company=shop.company, calls=ship.calls)])
    assert reserved(shop, product) == {shop.place: (Decimal(1), Decimal(1))}
    check_promises(shop, [product], orders_of(shop))
    check_ledger(shop, product)
