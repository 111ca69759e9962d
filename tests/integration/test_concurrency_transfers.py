"""Transfers, inventories, receipts of lots and shipments by real processes at once (ERP-07, CT-02)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.shared.ids import InventoryId, ProductId, WarehouseId
from app.domain.shared.tracking import Tracking
from app.infrastructure.database.engine import Database
from app.usecases.catalogue import ChangeProduct
from app.usecases.ports.listing import Query
from app.usecases.shared import Change, ListCase
from app.usecases.stock import (
    CreateInventory,
    InventoryDraft,
    ListLotLevels,
    ListLots,
    OpenInventory,
    ReadInventory,
)
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.databases import KINDS
from tests.support.processes import ON_EACH, Team, told_by
from tests.support.shop import Shop, check_ledger

EIGHT: Final = range(8)
IN_FULL: Final = pytest.mark.parametrize(
    "database_kind", [pytest.param(kind, marks=pytest.mark.full) for kind in KINDS], indirect=True
)


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def job(shop: Shop, *calls: Call, **how: str) -> Job:
    return Job(company=shop.company, calls=calls, **how)  # type: ignore[arg-type]


def transfer(source: WarehouseId, target: WarehouseId, *products: ProductId) -> Call:
    return ("transfer", {"source": source, "target": target, "products": products})


def opened(shop: Shop, *products: ProductId) -> InventoryId:
    """Open an inventory of products in the shop's first warehouse."""
    desk = shop.books.desk
    draft = InventoryDraft(warehouse_id=shop.place, product_ids=products)
    made = shop.books.do(CreateInventory(desk.clock), draft).id
    return shop.books.do(OpenInventory(desk.numbering), made).id


def tracked(shop: Shop) -> ProductId:
    product = shop.goods()
    change = Change(id=product, version=1, changes={"tracking": Tracking.LOT})
    shop.books.do(ChangeProduct(shop.books.desk.clock), change)
    return product


def rows(shop: Shop, case: ListCase, product: ProductId) -> list[Mapping[str, Any]]:
    page = shop.books.do(case, Query(sort=case.listing.default_sort, limit=500))
    names = [one.name for one in case.listing.fields]
    found = [dict(zip(names, row, strict=True)) for row in page.rows]
    return [row for row in found if row["product_id"] == product]


@ON_EACH
def test_goods_that_go_to_and_fro_are_neither_lost_nor_doubled(shop: Shop, team: Team) -> None:
    """CT-02, ERP-07: lines in opposite order, warehouses in opposite order; nobody deadlocks, nobody tries twice."""
    one, other, there = shop.goods("20"), shop.goods("20"), shop.warehouse()
    jobs = []
    for member in EIGHT:
        products = (one, other) if member % 2 else (other, one)
        jobs.append(job(shop, transfer(shop.place, there, *products), transfer(there, shop.place, *products)))
    heard = team.compete(jobs)
    assert len(told_by(heard, "done")) == 16
    assert told_by(heard, "again") == []
    assert len({told.facts["ref"] for told in told_by(heard, "done")}) == 16
    for product in (one, other):
        assert shop.levels(product) == {shop.place: 20, there: 0}
        assert sum(row["value"] for row in shop.movements(product)) == 20
        check_ledger(shop, product)


@IN_FULL
def test_an_inventory_posted_by_many_is_posted_once(shop: Shop, team: Team) -> None:
    """ERP-07: its variance is applied once; who comes second is told that it is over."""
    product = shop.goods("10")
    inventory = opened(shop, product)
    count = ("count", {"inventory": inventory, "product": product, "counted": "7"})
    team.compete([job(shop, count)])
    heard = team.compete([job(shop, ("post inventory", {"inventory": inventory})) for _ in EIGHT])
    assert [told.facts["value"] for told in told_by(heard, "done")] == [-3]
    assert [told.facts["code"] for told in told_by(heard, "refused")] == ["state.invalid_transition"] * 7
    assert shop.levels(product) == {shop.place: 7}
    check_ledger(shop, product)


@IN_FULL
def test_what_leaves_while_an_inventory_is_posted_keeps_its_effect(shop: Shop, team: Team, database: Database) -> None:
    """ERP-07: the variance is of the level as it is once it is locked, not as it was read before."""
    product = shop.goods("10")
    inventory = opened(shop, product)
    team.compete([job(shop, ("count", {"inventory": inventory, "product": product, "counted": "12"}))])
    posts: Call = ("post inventory", {"inventory": inventory})
    debits: Call = ("debit", {"product": product, "warehouse": shop.place})
    if database.dialect.row_locks:
        team.ready([job(shop, posts, holds_at="lock stock_costs"), job(shop, debits)])
        team.go(0)
        assert team.hear(0).what == "holding"
        team.go(1)
        assert [team.hear(1).what, team.hear(1).what] == ["done", "over"]
        team.go(0)
        assert [team.hear(0).what, team.hear(0).what] == ["done", "over"]
    else:
        team.compete([job(shop, posts), job(shop, debits)])
    assert shop.levels(product) == {shop.place: 11}
    check_ledger(shop, product)


@IN_FULL
def test_a_count_that_comes_while_the_inventory_is_posted_is_not_lost_unseen(shop: Shop, team: Team) -> None:
    """ERP-07: it is taken before, and then is what is posted, or refused after; never taken and forgotten."""
    product = shop.goods("10")
    inventory = opened(shop, product)
    counts = [("count", {"inventory": inventory, "product": product, "counted": str(at)}) for at in range(11, 18)]
    heard = team.compete([*(job(shop, one) for one in counts), job(shop, ("post inventory", {"inventory": inventory}))])
    refused = told_by(heard, "refused")
    assert {told.facts["code"] for told in refused} <= {"stock.inventory_not_open"}
    (posted,) = [told for told in told_by(heard, "done") if told.facts]
    taken = len(told_by(heard, "done")) - 1
    assert taken + len(refused) == 7
    level = shop.levels(product)[shop.place]
    assert level in ({Decimal(at) for at in range(11, 18)} if taken else {Decimal(10)})
    assert posted.facts["value"] == level - 10
    assert shop.books.do(ReadInventory(), inventory).value == level - 10


@IN_FULL
def test_a_lot_met_by_many_at_once_is_one_lot(shop: Shop, team: Team) -> None:
    """ERP-07: received in two warehouses and counted in an inventory; what was undone is done again."""
    product, there = tracked(shop), shop.warehouse()
    inventory = opened(shop, product)
    jobs = [
        job(shop, ("receive lot", {"product": product, "warehouse": place, "lot": "L1"}))
        for place in (shop.place, there) * 3
    ]
    jobs.append(job(shop, ("count", {"inventory": inventory, "product": product, "counted": "0", "lot": "L1"})))
    heard = team.compete(jobs)
    assert told_by(heard, "refused") == []
    assert [row["code"] for row in rows(shop, ListLots(), product)] == ["L1"]
    held = {row["warehouse_id"]: row["quantity"] for row in rows(shop, ListLotLevels(), product)}
    assert held == shop.levels(product) == {shop.place: 3, there: 3}
    check_ledger(shop, product)


@IN_FULL
def test_transfers_inventories_and_shipments_of_the_same_goods_end_in_sound_books(shop: Shop, team: Team) -> None:
    """CT-02, ERP-07: all that locks stock at once; refused only for want of stock, and nothing deadlocks for good."""
    goods, there = tuple(shop.goods("12") for _ in range(3)), shop.warehouse()
    jobs = [job(shop, *[transfer(shop.place, there, *(goods if member else goods[::-1]))] * 4) for member in range(2)]
    jobs.append(job(shop, *[transfer(there, shop.place, *goods)] * 4))
    for member in range(2):
        lines = [(product, 1) for product in (goods if member else goods[::-1])]
        jobs.append(job(shop, *(("ship", {"shipment": shop.shipment(lines)}) for _ in range(3))))
    for _ in range(2):
        inventory = opened(shop, *goods)
        counts = [("count", {"inventory": inventory, "product": one, "counted": "9"}) for one in goods]
        jobs.append(job(shop, *counts, ("post inventory", {"inventory": inventory})))
    heard = team.compete(jobs)
    assert {told.facts["code"] for told in told_by(heard, "refused")} <= {"stock.not_enough"}
    for product in goods:
        assert min(shop.levels(product).values()) >= 0
        ledger = shop.movements(product)
        assert sum(row["value"] for row in ledger) == sum(row["quantity"] for row in ledger)
        assert sum(row["quantity"] for row in ledger if row["kind"] == "transfer") == 0
        check_ledger(shop, product)
