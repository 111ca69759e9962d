"""Random sales of scarce goods: whatever comes next, levels, values and promises follow from each other (ERP-07)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.domain.sales import LineQuantity, Order, OrderState
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import Quantity, plain, quantity
from app.domain.stock import MovementKind
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.usecases import sales
from app.usecases.shared import LineDraft
from app.usecases.shipping import CreateShipment, ShipmentDraft, ValidateShipment
from tests.support.books import new_books
from tests.support.promises import check_promises, orders_of, reserved
from tests.support.shop import Shop, check_ledger

WHAT: Final = (
    "receive",
    "receive",
    "count",
    "debit",
    "order",
    "order",
    "ship",
    "ship",
    "cancel",
    "close short",
    "reopen",
    "redraft",
    "amend",
)


@dataclass(frozen=True)
class Step:
    """One thing to do; product, warehouse and order are chosen by number, the second warehouse allows negative."""

    what: str
    product: int
    place: int
    which: int
    amount: int
    half: bool

    @property
    def moved(self) -> Quantity:
        """How much."""
        return quantity(Decimal(self.amount) / (2 if self.half else 1))


STEPS: Final = st.lists(
    st.builds(
        Step,
        st.sampled_from(WHAT),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(0, 5),
        st.integers(1, 7),
        st.booleans(),
    ),
    min_size=4,
    max_size=16,
)


@dataclass
class Floor:
    """Two products in two warehouses of one shop, and the orders for them."""

    shop: Shop
    products: tuple[ProductId, ProductId]
    places: tuple[WarehouseId, WarehouseId]
    short: Counter[ProductId] = field(default_factory=Counter)
    first: int = 0

    @classmethod
    def of(cls, shop: Shop) -> Floor:
        """Give new products and warehouses; what was ordered before is left alone."""
        places = (shop.warehouse(), shop.warehouse(allow_negative=True))
        floor = cls(shop, (shop.goods(), shop.goods()), places)
        floor.first = max((order.id for order in orders_of(shop)), default=0)
        return floor

    def orders(self) -> list[Order]:
        """Give the orders of this floor, by id."""
        return orders_of(self.shop, self.first)

    def available(self) -> dict[tuple[ProductId, WarehouseId], Decimal]:
        """Give what is promised to nobody, by product and warehouse."""
        return {
            (product, place): there - held
            for product in self.products
            for place, (there, held) in reserved(self.shop, product).items()
        }

    def carry_out(self, step: Step) -> str:
        """Do one thing and give what came of it: nothing, or the code of the refusal."""
        before = self.available()
        told = ""
        try:
            self._do(step)
        except DomainError as refused:
            told = refused.code
        for key, after in self.available().items():
            if after < 0 and after < before.get(key, Decimal(0)):
                self.short[key[0]] += 1
        return told

    def _do(self, step: Step) -> None:
        product, place = self.products[step.product], self.places[step.place]
        if step.what in {"receive", "count", "debit"}:
            self.shop.move(MovementKind(step.what), product, str(step.moved), place)
        elif step.what == "order":
            self._order(step)
        elif orders := self.orders():
            self._act(step, orders[step.which % len(orders)])

    def _order(self, step: Step) -> None:
        lines = [
            LineDraft(product_id=product, quantity=step.moved, warehouse_id=self.places[(step.place + at) % 2])
            for at, product in enumerate(self.products[step.product :])
        ]
        draft = sales.OrderDraft(party_id=self.shop.customer, lines=tuple(lines))
        self.shop.validate(self.shop.books.do(sales.CreateOrder(self.shop.books.desk.clock), draft).id)

    def _act(self, step: Step, order: Order) -> None:
        do, clock = self.shop.books.do, self.shop.books.desk.clock
        acts: dict[str, Callable[[], object]] = {
            "ship": lambda: self._ship(step, order),
            "cancel": lambda: do(sales.CancelOrder(), order.id),
            "close short": lambda: do(sales.CloseOrderShort(), sales.ShortClosing(order_id=order.id, reason="r")),
            "reopen": lambda: do(sales.ReopenOrder(self.shop.books.desk.clock), order.id),
            "redraft": lambda: do(sales.RedraftOrder(), order.id),
            "amend": lambda: do(sales.AmendOrder(clock), self._amendment(step, order)),
        }
        acts[step.what]()
        if step.what == "redraft":
            self.shop.validate(order.id)

    def _ship(self, step: Step, order: Order) -> None:
        desk = self.shop.books.desk
        line = order.lines[step.product % len(order.lines)]
        part = LineQuantity(position=line.position, quantity=quantity(min(step.moved, line.to_ship or step.moved)))
        draft = ShipmentDraft(order_id=order.id, warehouse_id=self.places[step.place], lines=(part,))
        shipment = self.shop.books.do(CreateShipment(desk.clock), draft)
        self.shop.books.do(ValidateShipment(desk.clock, desk.numbering), shipment.id)

    def _amendment(self, step: Step, order: Order) -> sales.Amendment:
        position = order.lines[0].position
        changes = {"quantity": step.moved, "warehouse_id": self.places[step.place]}
        lines = [sales.LineChange(position=position, changes=changes)]
        lines += [sales.LineChange(position=line.position, changes={}) for line in order.lines[1:] if step.half]
        return sales.Amendment(id=order.id, version=order.version, changes={"lines": tuple(lines)})

    def check(self, allowed: frozenset[WarehouseId]) -> None:
        """Check ledger and promises, and that nobody was promised what is not there without being told."""
        orders = self.orders()
        check_promises(self.shop, self.products, orders)
        for product in self.products:
            check_ledger(self.shop, product)
            for place, (there, held) in reserved(self.shop, product).items():
                assert held >= 0
                assert there >= 0 or place in allowed
                assert there >= held or self.short[product]
        waiting = [
            line
            for order in orders
            for line in order.lines
            if line.back_ordered and order.state in {OrderState.VALIDATED, OrderState.IN_SHIPMENT}
        ]
        free = self.available()
        assert not [line for line in waiting if free[line.product_id, line.warehouse_id] > 0]  # type: ignore[index]

    def told_short(self, database: Database) -> Counter[int]:
        """Give how often it was told that a product is short."""
        engine = plain_engine(database.settings.database_url)
        found = text("SELECT aggregate_id FROM outbox WHERE company_id = :company AND name = 'stock.short'")
        with engine.connect() as connection:
            rows = connection.execute(found, {"company": self.shop.company}).scalars().all()
        engine.dispose()
        return Counter(int(row) for row in rows if row in self.products)

    def shown(self) -> list[tuple[Any, ...]]:
        """Give what is comparable with another floor."""
        found: list[tuple[Any, ...]] = [
            (order.state.value, line.position, *map(plain, (line.quantity, line.shipped, line.reserved)))
            for order in self.orders()
            for line in order.lines
        ]
        for product in self.products:
            rows = reserved(self.shop, product)
            found += [(self.places.index(place), *map(plain, rows[place])) for place in sorted(rows)]
        return found


def play(shops: Mapping[str, Shop], databases: Mapping[str, Database], steps: Sequence[Step]) -> None:
    """Do the same on each database, checking after each step; all come to the same."""
    came: list[tuple[list[str], list[tuple[Any, ...]]]] = []
    for kind, shop in shops.items():
        floor = Floor.of(shop)
        told = []
        for step in steps:
            told.append(floor.carry_out(step))
            floor.check(frozenset(floor.places[1:]))
        assert floor.told_short(databases[kind]) == floor.short
        came.append((told, floor.shown()))
    assert all(one == came[0] for one in came)


def on(databases: Mapping[str, Database], *kinds: str) -> dict[str, Shop]:
    """Give a shop on each of these databases."""
    return {kind: Shop.of(new_books(databases[kind], f"promises {len(kinds)}")) for kind in kinds}


@pytest.fixture(scope="module")
def one_shop(databases: Mapping[str, Database]) -> dict[str, Shop]:
    return on(databases, "sqlite")


@pytest.fixture(scope="module")
def shops(databases: Mapping[str, Database]) -> dict[str, Shop]:
    return on(databases, "sqlite", "postgresql", "mariadb")


@pytest.mark.fast
@settings(max_examples=8)
@given(steps=STEPS)
def test_promises_are_kept_whatever_comes_next(
    one_shop: dict[str, Shop], databases: Mapping[str, Database], steps: list[Step]
) -> None:
    """ERP-07: reserved = sum of open reservations; available below zero is told; nobody waits for what is there."""
    play(one_shop, databases, steps)


@pytest.mark.full
@settings(max_examples=25)
@given(steps=STEPS)
def test_promises_are_the_same_on_three_databases(
    shops: dict[str, Shop], databases: Mapping[str, Database], steps: list[Step]
) -> None:
    """ERP-07: the same moves come to the same promises, and the same refusals, on each."""
    play(shops, databases, steps)
