"""Random moves of every kind there is: levels, lots, promises and values follow from the ledger, always (ERP-07)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.catalogue import Component
from app.domain.sales import Order
from app.domain.shared.ids import OrderId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.money import Price, Quantity, plain, price, quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import Cost, LotPart, MovementKind, Warehouse
from app.infrastructure.database.engine import Database
from app.usecases import catalogue, sales, shipping, stock
from app.usecases.ports.listing import Query
from app.usecases.shared import Change, LineDraft
from tests.property import test_reservations as reservations
from tests.support.books import new_books
from tests.support.promises import orders_of
from tests.support.shop import Shop

ZERO: Final = Decimal(0)
COSTS: Final = ("0", "0.00006", "3.33333333", "7.00000001")
WHAT: Final = (
    *("receive", "receive", "debit", "count", "transfer", "inventory", "inventory"),
    *("order", "order", "ship", "ship", "cancel shipment", "return", "return", "cancel return", "cancel order"),
)
ACTS: Final = {"return": "return_"}
_names: Final = count(1)


@dataclass(frozen=True)
class Step(reservations.Step):
    """One thing to do: product, warehouse, lot and document by number."""

    @property
    def cost(self) -> Price:
        """What a unit costs that comes in."""
        return price(Decimal(COSTS[self.which % len(COSTS)]))

    def lots(self, moved: Quantity) -> tuple[LotPart, ...]:
        """Name one lot of the tracked product."""
        return (LotPart(code="ab"[self.which % 2], quantity=moved),) if self.product else ()


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
    min_size=3,
    max_size=12,
)
START: Final = [
    *(Step("receive", product, place, place + 2, 6, half=False) for product in range(2) for place in range(2)),
    *(Step("order", product, 0, 0, 2, half=bool(product)) for product in range(2)),
    Step("ship", 0, 0, 1, 1, half=False),
]


@dataclass
class Floor(reservations.Floor):
    """An untracked product, one of lots and a kit of both, in two warehouses of which the second is bottomless."""

    kit: ProductId = ProductId(0)
    ordered: list[OrderId] = field(default_factory=list)
    shipments: list[ShipmentId] = field(default_factory=list)
    returns: list[ReturnId] = field(default_factory=list)

    @classmethod
    def of(cls, shop: Shop) -> Floor:
        do, desk = shop.books.do, shop.books.desk
        first = max((order.id for order in orders_of(shop)), default=0)
        plain_one, tracked, kit = shop.goods(), shop.goods(), shop.goods()
        do(catalogue.ChangeProduct(desk.clock), Change(id=tracked, version=1, changes={"tracking": Tracking.LOT}))
        parts = [Component(component_id=plain_one, quantity=quantity(Decimal(2)))]
        parts.append(Component(component_id=tracked, quantity=quantity(Decimal("0.5"))))
        do(catalogue.SetComponents(), catalogue.Whole(id=kit, version=1, parts=parts))
        places = (shop.place, shop.warehouse(allow_negative=True))
        return cls(shop, (plain_one, tracked), places, first=first, kit=kit)

    def _do(self, step: Any) -> None:
        getattr(self, ACTS.get(step.what, step.what.replace(" ", "_")))(step)

    # --- each kind of movement

    def receive(self, step: Step) -> None:
        self._move(MovementKind.RECEIVE, step, unit_cost=step.cost, lots=step.lots(step.moved))

    def debit(self, step: Step) -> None:
        self._move(MovementKind.DEBIT, step, lots=step.lots(step.moved) if step.half else ())

    def count(self, step: Step) -> None:
        self._move(MovementKind.COUNT, step, lots=step.lots(step.moved))

    def _move(self, kind: MovementKind, step: Step, **how: Any) -> None:
        product, place = self.products[step.product], self.places[step.place]
        move = stock.StockMove(kind=kind, product_id=product, warehouse_id=place, quantity=step.moved, **how)
        self.shop.books.do(stock.MoveStock(self.shop.books.desk.clock), move)

    def transfer(self, step: Step) -> None:
        desk, source, target = self.shop.books.desk, self.places[step.place], self.places[1 - step.place]
        part = stock.TransferPart(product_id=self.products[step.product], quantity=step.moved)
        draft = stock.TransferDraft(from_warehouse_id=source, to_warehouse_id=target, lines=(part,))
        self.shop.books.do(stock.TransferStock(desk.clock, desk.numbering), draft)

    def inventory(self, step: Step) -> None:
        """Count one line of a sheet of both products, the rest of which is taken for missing or left."""
        do, desk = self.shop.books.do, self.shop.books.desk
        draft = stock.InventoryDraft(
            warehouse_id=self.places[step.place], product_ids=self.products, zero_uncounted=step.half
        )
        made = do(stock.CreateInventory(desk.clock), draft).id
        do(stock.OpenInventory(desk.numbering), made)
        lot = step.lots(step.moved)[0].code if step.product else None
        part = stock.CountPart(product_id=self.products[step.product], lot=lot, quantity=step.moved)
        do(stock.CountInventory(desk.clock), stock.CountRequest(inventory_id=made, lines=(part,)))
        do(stock.PostInventory(desk.clock), made)

    def order(self, step: Step) -> None:
        """Order one product from one warehouse, and a kit from the other one."""
        wanted = ((self.products[step.product], step.place), (self.kit, 1 - step.place))
        lines = tuple(
            LineDraft(product_id=product, quantity=step.moved, warehouse_id=self.places[place])
            for product, place in wanted[: 1 + step.half]
        )
        draft = sales.OrderDraft(party_id=self.shop.customer, lines=lines)
        made = self.shop.books.do(sales.CreateOrder(self.shop.books.desk.clock), draft).id
        self.ordered.append(made)
        self.shop.validate(made)

    def ship(self, step: Step) -> None:
        """Ship all that is open of an order, or some of a line from a warehouse that may be another."""
        if not self.ordered:
            return
        do, desk = self.shop.books.do, self.shop.books.desk
        order: Order = self.shop.order(self.ordered[step.which % len(self.ordered)])
        draft = shipping.ShipmentDraft(order_id=order.id)
        if step.half:
            line = order.lines[step.product % len(order.lines)]
            part = shipping.Part(position=line.position, quantity=step.moved, warehouse_id=self.places[step.place])
            draft = shipping.ShipmentDraft(order_id=order.id, lines=(part,))
        made = do(shipping.CreateShipment(desk.clock), draft).id
        do(shipping.ValidateShipment(desk.clock, desk.numbering), made)
        self.shipments.append(made)

    def cancel_shipment(self, step: Step) -> None:
        if self.shipments:
            self.shop.books.do(shipping.CancelShipment(self.shop.books.desk.clock), self._chosen(self.shipments, step))

    def return_(self, step: Step) -> None:
        """Take back all of a shipment, or some of its first line, into the warehouses it left or into one."""
        if not self.shipments:
            return
        do, desk = self.shop.books.do, self.shop.books.desk
        place = self.places[step.place] if step.half else None
        shipment = do(shipping.ReadShipment(), self._chosen(self.shipments, step))
        part = shipping.ReturnPart(position=shipment.lines[0].position, quantity=step.moved)
        lines = (part,) if step.product else None
        sent = shipping.ShipmentReturnDraft(shipment_id=shipment.id, reason="x", warehouse_id=place, lines=lines)
        made = do(shipping.ReturnShipment(desk.clock), sent).id
        do(shipping.ValidateReturn(desk.clock, desk.numbering), made)
        self.returns.append(made)

    def cancel_return(self, step: Step) -> None:
        if self.returns:
            self.shop.books.do(shipping.CancelReturn(self.shop.books.desk.clock), self._chosen(self.returns, step))

    def cancel_order(self, step: Step) -> None:
        if self.ordered:
            self.shop.books.do(sales.CancelOrder(), self._chosen(self.ordered, step))

    @staticmethod
    def _chosen(some: Sequence[Any], step: Step) -> Any:
        return some[step.which % len(some)]

    # --- what holds

    def check(self, allowed: frozenset[WarehouseId]) -> None:
        """Check lots and values too against the ledger and each other."""
        super().check(allowed)
        for product, cost in zip(self.products, self._costs(), strict=True):
            rows = self.shop.movements(product)
            assert cost.value == sum(row["value"] for row in rows)
            assert cost.quantity == sum(row["quantity"] for row in rows) == sum(self.shop.levels(product).values())
            assert cost.average >= 0
            assert (cost.value >= 0) if cost.quantity > 0 else (cost.value <= 0)
            assert sum(row["value"] for row in rows if row["kind"] == MovementKind.TRANSFER) == 0
        self._check_lots()
        self._check_worth()
        assert self.shop.levels(self.kit) == {}

    def _check_worth(self) -> None:
        """Check what the report of today tells against costs and levels."""
        told = self.shop.books.do(stock.StockValueReport(self.shop.books.desk.clock), stock.ValueRequest()).rows
        for product, cost in zip(self.products, self._costs(), strict=True):
            mine = {row.warehouse_id: row for row in told if row.product_id == product}
            assert cost.value == sum(row.value for row in mine.values())
            there = {place: level for place, level in self.shop.levels(product).items() if level}
            assert {place: row.quantity for place, row in mine.items() if row.quantity} == there

    def _check_lots(self) -> None:
        here: dict[WarehouseId, Decimal] = dict.fromkeys(self.shop.levels(self.products[1]), ZERO)
        for row in self._rows(stock.ListLotLevels()):
            if row["product_id"] == self.products[1]:
                assert row["quantity"] > 0
                here[row["warehouse_id"]] += row["quantity"]
        assert here == self.shop.levels(self.products[1])
        moved: Counter[int] = Counter()
        for row in self._rows(stock.ListLotMovements()):
            moved[row["movement_id"]] += row["quantity"]
        for row in self.shop.movements(self.products[1]):
            assert moved[row["id"]] == row["quantity"]

    def _rows(self, case: Any) -> list[dict[str, Any]]:
        page = self.shop.books.do(case, Query(sort=case.listing.default_sort, limit=100_000))
        return [dict(zip([one.name for one in case.listing.fields], row, strict=True)) for row in page.rows]

    def _costs(self) -> list[Cost]:
        desk = self.shop.books.desk
        with desk.runner.works.writing(desk.context()) as work:
            held = work.stock.hold(Warehouse(id=self.places[0], ref="w", name="w"), self.products)
        return [held[product].cost for product in self.products]

    def shown(self) -> list[tuple[str, ...]]:
        """Give the ledger as it is comparable with another floor's."""
        return [
            (row["kind"], *(plain(row[name]) for name in ("quantity", "level", "unit_cost", "value")))
            for product in self.products
            for row in self.shop.movements(product)
        ]


def play(database: Database, shop: Shop, steps: Sequence[Step]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Do it on one database, and check after each step; a shortage is told when, and only when, there is one."""
    floor = Floor.of(shop)
    told = []
    for step in [*START, *steps]:
        told.append(floor.carry_out(step))
        floor.check(frozenset(floor.places[1:]))
    assert told[: len(START)] == [""] * len(START)
    assert floor.told_short(database) == floor.short
    return told, floor.shown()


@pytest.mark.fast
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_whatever_moves_the_books_of_stock_agree(database: Database) -> None:
    """ERP-07: in, out, counted, transferred, ordered, shipped, called off, returned; one by one and in kits."""
    shop = Shop.of(new_books(database, f"all-{next(_names)}"))

    @settings(max_examples=6)
    @given(steps=STEPS)
    def holds(steps: list[Step]) -> None:
        play(database, shop, steps)

    holds()


@pytest.fixture(scope="module")
def shops(databases: Mapping[str, Database]) -> Mapping[str, Shop]:
    """Give a shop on each database."""
    return {kind: Shop.of(new_books(database, f"all-{kind}")) for kind, database in databases.items()}


@pytest.mark.full
@pytest.mark.timeout(900)  # three databases, one after the other, on a busy machine
@settings(max_examples=15)
@given(steps=STEPS)
def test_whatever_moves_the_books_of_stock_are_the_same_on_three_databases(
    shops: Mapping[str, Shop], databases: Mapping[str, Database], steps: list[Step]
) -> None:
    """ERP-07: the same entries, and the same refusals."""
    came = [play(databases[kind], shop, steps) for kind, shop in shops.items()]
    assert came[0] == came[1] == came[2]
