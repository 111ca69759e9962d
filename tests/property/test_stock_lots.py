"""Random moves of tracked and other goods: levels, lots and values follow from the ledger on each database (ERP-07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.shared.errors import DomainError
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import LotPart, MovementKind, Warehouse
from app.infrastructure.database.engine import Database
from app.usecases.catalogue import ChangeProduct
from app.usecases.ports.listing import Query
from app.usecases.shared import Change
from app.usecases.stock import (
    CountInventory,
    CountPart,
    CountRequest,
    CreateInventory,
    InventoryDraft,
    ListLotLevels,
    ListLotMovements,
    ListMovements,
    MoveStock,
    OpenInventory,
    PostInventory,
    StockMove,
    StockValueReport,
    TransferDraft,
    TransferPart,
    TransferStock,
    ValueRequest,
)
from tests.support.books import new_books
from tests.support.shop import Shop, check_ledger

pytestmark = pytest.mark.full
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Step:
    """One thing to do with product and place by number; the second product is tracked, the second place bottomless."""

    what: str
    product: int
    place: int
    moved: Decimal
    lot: str

    @property
    def lots(self) -> tuple[LotPart, ...]:
        """The lot, of the tracked product."""
        return (LotPart(code=self.lot, quantity=quantity(self.moved)),) if self.product else ()


STEPS: Final = st.lists(
    st.builds(
        Step,
        st.sampled_from(["receive", "debit", "debit named", "count", "transfer", "inventory"]),
        st.integers(0, 1),
        st.integers(0, 1),
        st.decimals("0.000001", 20, places=6) | st.integers(1, 9).map(Decimal),
        st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=10,
)


@dataclass(frozen=True)
class Floor:
    """Two products in two warehouses of one shop."""

    shop: Shop
    products: tuple[ProductId, ProductId]
    places: tuple[WarehouseId, WarehouseId]

    @classmethod
    def of(cls, shop: Shop) -> Floor:
        tracked = shop.goods()
        change = Change(id=tracked, version=1, changes={"tracking": Tracking.LOT})
        shop.books.do(ChangeProduct(shop.books.desk.clock), change)
        return cls(shop, (shop.goods(), tracked), (shop.warehouse(), shop.warehouse(allow_negative=True)))

    def carry_out(self, step: Step) -> str:
        """Do it, and give the code of its refusal or nothing."""
        try:
            getattr(self, step.what.partition(" ")[0])(step)
        except DomainError as refused:
            return refused.code
        return ""

    def receive(self, step: Step) -> None:
        self._move(MovementKind.RECEIVE, step, step.lots)

    def debit(self, step: Step) -> None:
        self._move(MovementKind.DEBIT, step, step.lots if step.what == "debit named" else ())

    def count(self, step: Step) -> None:
        self._move(MovementKind.COUNT, step, step.lots)

    def _move(self, kind: MovementKind, step: Step, lots: tuple[LotPart, ...]) -> None:
        product, place = self.products[step.product], self.places[step.place]
        move = StockMove(kind=kind, product_id=product, warehouse_id=place, quantity=quantity(step.moved), lots=lots)
        self.shop.books.do(MoveStock(self.shop.books.desk.clock), move)

    def transfer(self, step: Step) -> None:
        source, target = self.places[step.place], self.places[1 - step.place]
        part = TransferPart(product_id=self.products[step.product], quantity=quantity(step.moved))
        draft = TransferDraft(from_warehouse_id=source, to_warehouse_id=target, lines=(part,))
        desk = self.shop.books.desk
        self.shop.books.do(TransferStock(desk.clock, desk.numbering), draft)

    def inventory(self, step: Step) -> None:
        do, desk = self.shop.books.do, self.shop.books.desk
        draft = InventoryDraft(warehouse_id=self.places[step.place], product_ids=self.products)
        made = do(CreateInventory(desk.clock), draft).id
        do(OpenInventory(desk.numbering), made)
        part = CountPart(
            product_id=self.products[step.product],
            lot=step.lot if step.product else None,
            quantity=quantity(step.moved),
        )
        do(CountInventory(desk.clock), CountRequest(inventory_id=made, lines=(part,)))
        do(PostInventory(desk.clock), made)

    def check(self) -> None:
        """Check levels, lots, transfers and values against the ledger."""
        for product in self.products:
            check_ledger(self.shop, product)
        lots: dict[tuple[Any, Any], Decimal] = {}
        for row in self._rows(ListLotLevels()):
            assert row["quantity"] > 0
            key = (row["warehouse_id"], row["product_id"])
            lots[key] = lots.get(key, ZERO) + row["quantity"]
        tracked = self.products[1]
        levels = self.shop.levels(tracked)
        assert {place: lots.get((place, tracked), ZERO) for place in levels} == levels
        assert all(level >= 0 for level in levels.values())
        self._check_values()

    def _check_values(self) -> None:
        rows = [row for row in self._rows(ListMovements()) if row["product_id"] in self.products]
        moved: dict[Any, Decimal] = {}
        for part in self._rows(ListLotMovements()):
            moved[part["movement_id"]] = moved.get(part["movement_id"], ZERO) + part["quantity"]
        tracked = {row["id"]: row["quantity"] for row in rows if row["product_id"] == self.products[1]}
        assert {key: moved.get(key, ZERO) for key in tracked} == tracked
        assert sum((row["value"] for row in rows if row["kind"] == "transfer"), ZERO) == 0
        place = Warehouse(id=self.places[0], ref="w", name="w")
        desk = self.shop.books.desk
        with desk.runner.works.writing(desk.context()) as work:
            held = work.stock.hold(place, self.products)
        worth = self.shop.books.do(StockValueReport(desk.clock), ValueRequest())
        for product in self.products:
            cost = held[product].cost
            assert cost.value == sum((row["value"] for row in rows if row["product_id"] == product), ZERO)
            assert cost.value == sum((row.value for row in worth.rows if row.product_id == product), ZERO)
            told = {row.warehouse_id: row.quantity for row in worth.rows if row.product_id == product and row.quantity}
            assert told == {key: level for key, level in self.shop.levels(product).items() if level}

    def _rows(self, case: Any) -> list[dict[str, Any]]:
        page = self.shop.books.do(case, Query(sort=case.listing.default_sort, limit=100_000))
        names = [field.name for field in case.listing.fields]
        return [dict(zip(names, row, strict=True)) for row in page.rows]


@pytest.fixture(scope="module")
def shops(databases: Mapping[str, Database]) -> Mapping[str, Shop]:
    """Give a shop on each database."""
    return {kind: Shop.of(new_books(database, "lots")) for kind, database in databases.items()}


@settings(max_examples=20)
@given(steps=STEPS)
def test_levels_lots_and_values_follow_from_the_ledger_on_three_databases(
    shops: Mapping[str, Shop], steps: Sequence[Step]
) -> None:
    """ERP-07: level = movements = lots, value = sum of values, transfers sum to zero, no lot below zero."""
    floors = {kind: Floor.of(shop) for kind, shop in shops.items()}
    told = {kind: [floor.carry_out(step) for step in steps] for kind, floor in floors.items()}
    assert len({tuple(codes) for codes in told.values()}) == 1, told
    for floor in floors.values():
        floor.check()
