"""Random stock moves: levels and values follow from the ledger to the last digit, on three databases (ERP-07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.shared.errors import DomainError
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import Price, plain, price, quantity
from app.domain.stock import (
    Cost,
    Holding,
    Level,
    Movement,
    MovementKind,
    NotEnoughStock,
    Occasion,
    Warehouse,
)
from app.infrastructure.database.engine import Database
from tests.support.books import new_books
from tests.support.shop import Shop, check_ledger

pytestmark = pytest.mark.fast
ZERO: Final = Decimal(0)
QUANTITIES: Final = st.decimals("0.000001", 5000, places=6).map(quantity) | st.integers(1, 9).map(
    lambda whole: quantity(Decimal(whole))
)
COSTS: Final = st.none() | st.decimals(0, 900, places=8).map(price)
KINDS: Final = st.sampled_from([MovementKind.RECEIVE, MovementKind.DEBIT, MovementKind.COUNT])


@dataclass(frozen=True)
class Move:
    """One thing to do to the stock; product and warehouse are chosen by number, the second one allows negative."""

    kind: MovementKind
    product: int
    place: int
    moved: Decimal
    cost: Price | None

    @property
    def unit_cost(self) -> Price | None:
        """What is paid for it, where something is."""
        return self.cost if self.kind is MovementKind.RECEIVE else None


MOVES: Final = st.lists(
    st.builds(Move, KINDS, st.integers(0, 1), st.integers(0, 1), QUANTITIES, COSTS), min_size=1, max_size=14
)


def carry_out(move: Move, holding: Holding) -> Movement | None:
    """Do it to a product held, None where nothing moved."""
    occasion = Occasion(kind=move.kind, on=date(2026, 11, 21), at=datetime(2026, 11, 21, tzinfo=UTC))
    moved = quantity(move.moved)
    try:
        if move.kind is MovementKind.RECEIVE:
            return holding.receive(moved, move.cost, occasion)
        return holding.debit(moved, occasion) if move.kind is MovementKind.DEBIT else holding.count(moved, occasion)
    except NotEnoughStock:
        return None


@given(MOVES)
def test_value_is_the_sum_of_the_movements_and_nothing_when_nothing_is_left(moves: Sequence[Move]) -> None:
    cost = Cost(product=ProductId(1))
    places = [Warehouse(id=WarehouseId(at), ref="w", name="w", allow_negative=bool(at)) for at in range(2)]
    holdings = [Holding(place, Level(warehouse=place.id, product=ProductId(1)), cost) for place in places]
    value = counted = ZERO
    for move in moves:
        movement = carry_out(move, holdings[move.place])
        if movement is not None:
            value, counted = value + movement.value, counted + movement.quantity
        assert (cost.value, cost.quantity) == (value, counted)
        assert cost.quantity == sum(holding.level.quantity for holding in holdings)
        assert cost.average >= 0
        assert cost.quantity != 0 or cost.value == 0
        assert holdings[0].level.quantity >= 0
        if cost.quantity < 0:
            assert cost.value <= 0


@given(st.lists(st.tuples(QUANTITIES, st.decimals(0, 900, places=8).map(price)), min_size=1, max_size=20))
def test_the_average_of_receipts_is_their_exact_mean_rounded(receipts: list[tuple[Any, Price]]) -> None:
    """Computed again in fractions: no drift beyond what the value, kept to four decimals, has been rounded by."""
    cost = Cost(product=ProductId(1))
    for moved, paid in receipts:
        cost.move(moved, paid)
    total = sum((Fraction(moved) * Fraction(paid) for moved, paid in receipts), Fraction(0))
    count = sum((Fraction(moved) for moved, _ in receipts), Fraction(0))
    rounding = Fraction(len(receipts), 20_000)
    assert abs(Fraction(cost.value) - total) <= rounding
    assert abs(Fraction(cost.average) - total / count) <= rounding / count + Fraction(1, 10**8)


@given(QUANTITIES, QUANTITIES, COSTS.filter(lambda cost: cost is not None))
def test_a_receipt_that_crosses_zero_revalues_only_what_is_above(missing: Any, moved: Any, paid: Price) -> None:
    cost = Cost(product=ProductId(1), average=Price(Decimal(7)))
    cost.move(quantity(-missing), None)
    cost.move(moved, paid)
    if moved > missing:
        assert cost.average == paid
        assert abs(Fraction(cost.value) - Fraction(moved - missing) * Fraction(paid)) <= Fraction(1, 20_000)
    else:
        assert cost.average == 7


@pytest.fixture(scope="module")
def shops(databases: Mapping[str, Database]) -> Mapping[str, Shop]:
    """Give a shop on each database."""
    return {kind: Shop.of(new_books(database, "stock")) for kind, database in databases.items()}


@dataclass(frozen=True)
class Shelf:
    """Two products in two warehouses of one shop."""

    shop: Shop
    products: tuple[ProductId, ProductId]
    places: tuple[WarehouseId, WarehouseId]

    def carry_out(self, moves: Sequence[Move]) -> list[str]:
        """Do the moves and give what each came to: nothing, or the code of its refusal."""
        return [self._one(move) for move in moves]

    def _one(self, move: Move) -> str:
        product, place = self.products[move.product], self.places[move.place]
        try:
            self.shop.move(move.kind, product, str(move.moved), place, move.unit_cost)
        except DomainError as refused:
            return refused.code
        return ""

    def ledger(self) -> list[tuple[str, ...]]:
        """Give what is comparable of the ledger, every number as it is shown."""
        return [
            (
                row["kind"],
                str(self.places.index(row["warehouse_id"])),
                *(plain(row[name]) for name in ("quantity", "level", "unit_cost", "value")),
            )
            for product in self.products
            for row in self.shop.movements(product)
        ]

    def costs(self) -> list[Cost]:
        """Give the cost rows."""
        desk = self.shop.books.desk
        place = Warehouse(id=self.places[0], ref="w", name="w")
        with desk.runner.works.writing(desk.context()) as work:
            held = work.stock.hold(place, self.products)
        return [held[product].cost for product in self.products]

    def check(self) -> None:
        """Check levels and costs against the ledger."""
        for product, cost in zip(self.products, self.costs(), strict=True):
            check_ledger(self.shop, product)
            rows = self.shop.movements(product)
            assert cost.quantity == sum(row["quantity"] for row in rows)
            assert cost.value == sum(row["value"] for row in rows)


@settings(max_examples=20)
@given(moves=MOVES)
def test_the_same_moves_give_the_same_rows_on_three_databases_and_return_to_zero(
    shops: Mapping[str, Shop], moves: list[Move]
) -> None:
    """ERP-07: level = sum of movements, cost = sum of their values; emptied, all of them are exactly zero."""
    shelves = {
        kind: Shelf(shop, (shop.goods(), shop.goods()), (shop.warehouse(), shop.warehouse(allow_negative=True)))
        for kind, shop in shops.items()
    }
    told = {kind: shelf.carry_out(moves) for kind, shelf in shelves.items()}
    assert told["sqlite"] == told["postgresql"] == told["mariadb"]
    for shelf in shelves.values():
        shelf.check()
    empty = [Move(MovementKind.COUNT, product, place, ZERO, None) for product in range(2) for place in range(2)]
    for shelf in shelves.values():
        shelf.carry_out(empty)
        shelf.check()
        assert {number for cost in shelf.costs() for number in (cost.quantity, cost.value)} == {ZERO}
        for product in shelf.products:
            assert set(shelf.shop.levels(product).values()) == {ZERO}
    ledgers = [shelf.ledger() for shelf in shelves.values()]
    assert ledgers[0] == ledgers[1] == ledgers[2]
