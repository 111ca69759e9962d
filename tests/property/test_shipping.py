"""Random shipments, cancellations and returns: order, stock and values always say the same (ERP-07)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.sales import OrderState
from app.domain.shared.errors import Conflict
from app.domain.shared.ids import OrderId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.money import price, quantity
from app.domain.shipping import Return, ReturnState, Shipment, ShipmentState
from app.domain.stock import Cost, MovementKind, Warehouse
from app.infrastructure.database.engine import Database
from app.usecases.sales import CreateOrder, OrderDraft, ValidateOrder
from app.usecases.shared import LineDraft
from app.usecases.shipping import (
    CancelReturn,
    CancelShipment,
    CloseReturn,
    CloseShipment,
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
from tests.support.books import new_books
from tests.support.shop import Shop, check_ledger

pytestmark = [pytest.mark.fast, pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]

_names: Final = count(1)
STEPS: Final = st.sampled_from(
    ("ship", "ship", "ship", "cancel", "return", "return", "cancel return", "close", "close return", "receive")
)
SENT: Final = {ShipmentState.VALIDATED, ShipmentState.CLOSED}
BACK: Final = {ReturnState.VALIDATED, ReturnState.CLOSED}
REFUSALS: Final = {
    "state.invalid_transition",
    "sales.over_shipped",
    "shipping.over_returned",
    "shipping.shipment_not_sent",
    "stock.not_enough",
}


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop.of(new_books(database, f"shipping-{next(_names)}"))


@dataclass
class Trade:
    """One order of two lines of one product and one of another, and all that becomes of it."""

    shop: Shop
    order: OrderId
    products: tuple[ProductId, ProductId]
    places: tuple[WarehouseId, WarehouseId]
    shipments: list[ShipmentId] = field(default_factory=list)
    returns: list[ReturnId] = field(default_factory=list)

    @classmethod
    def of(cls, shop: Shop) -> Trade:
        """Order 5, 5 and 5; each product is in both places, at costs that divide badly."""
        desk = shop.books.desk
        products, places = (shop.goods(), shop.goods()), (shop.place, shop.warehouse())
        for product in products:
            for place, cost in zip(places, ("3.33333333", "7.00000001"), strict=True):
                shop.move(MovementKind.RECEIVE, product, "7", place, price(Decimal(cost)))
        five = quantity(Decimal(5))
        lines = tuple(LineDraft(product_id=product, quantity=five) for product in (*products, products[0]))
        order = shop.books.do(CreateOrder(desk.clock), OrderDraft(party_id=shop.customer, lines=lines))
        shop.books.do(ValidateOrder(desk.numbering), order.id)
        return cls(shop, order.id, products, places)

    def step(self, what: str, which: int, wanted: Decimal) -> str:
        """Do one thing, and give the code of its refusal, or nothing."""
        try:
            self._step(what, which, quantity(wanted))
        except Conflict as refused:
            return refused.code
        return ""

    def _step(self, what: str, which: int, wanted: Any) -> None:
        do, desk = self.shop.books.do, self.shop.books.desk
        if what == "receive":
            place = self.places[which % 2]
            self.shop.move(MovementKind.RECEIVE, self.products[which % 2], "1.5", place, price(Decimal("0.7")))
        elif what == "ship":
            lines = tuple(
                Part(position=position, quantity=wanted, warehouse_id=self.places[(which + position) % 2])
                for position in (1 + which % 3, 1 + (which + 1) % 3)
            )
            draft = do(CreateShipment(desk.clock), ShipmentDraft(order_id=self.order, lines=lines))
            self.shipments.append(draft.id)
            do(ValidateShipment(desk.clock, desk.numbering), draft.id)
        elif not self.shipments:
            return
        else:
            self._after(what, which, wanted, self.shipments[which % len(self.shipments)])

    def _after(self, what: str, which: int, wanted: Any, shipment: ShipmentId) -> None:
        do, desk = self.shop.books.do, self.shop.books.desk
        if what == "cancel":
            do(CancelShipment(desk.clock), shipment)
        elif what == "close":
            do(CloseShipment(desk.clock), shipment)
        elif what == "return":
            scrap = which % 3 == 0
            part = ReturnPart(position=1 + which % 2, quantity=wanted, scrap=scrap)
            sent = ShipmentReturnDraft(shipment_id=shipment, reason="x", lines=(part,))
            draft = do(ReturnShipment(desk.clock), sent)
            self.returns.append(draft.id)
            do(ValidateReturn(desk.clock, desk.numbering), draft.id)
        elif self.returns:
            back = self.returns[which % len(self.returns)]
            do(CancelReturn(desk.clock) if what == "cancel return" else CloseReturn(), back)

    def check(self) -> None:
        """Compare order, shipments, returns, levels and values."""
        do = self.shop.books.do
        shipments: list[Shipment] = [do(ReadShipment(), one) for one in self.shipments]
        returns: list[Return] = [do(ReadReturn(), one) for one in self.returns]
        sent = [line for one in shipments if one.state in SENT for line in one.lines]
        order = self.shop.order(self.order)
        for line in order.lines:
            mine = [one for one in sent if one.order_position == line.position]
            assert line.shipped == sum(one.quantity for one in mine) <= line.quantity
            assert line.returned == sum(one.returned for one in mine) <= line.shipped
        for shipment in shipments:
            back = [one for one in returns if one.shipment_id == shipment.id and one.state in BACK]
            for place in shipment.lines:
                counted = sum(part.quantity for one in back for part in one.parts() if part.position == place.position)
                assert place.returned == counted <= place.quantity
        if order.state is not OrderState.DELIVERED:
            assert (order.state is OrderState.IN_SHIPMENT) == bool(sent)
        self._check_stock(shipments)

    def _check_stock(self, shipments: Sequence[Shipment]) -> None:
        for product, cost in zip(self.products, self._costs(), strict=True):
            check_ledger(self.shop, product)
            rows = self.shop.movements(product)
            assert cost.value == sum(row["value"] for row in rows)
            assert cost.quantity == sum(row["quantity"] for row in rows)
            assert min(self.shop.levels(product).values()) >= 0
            for shipment in shipments:
                kinds = (MovementKind.SHIPMENT, MovementKind.SHIPMENT_CANCEL)
                own = [row for row in rows if row["shipment_id"] == shipment.id and row["kind"] in kinds]
                if shipment.state is ShipmentState.CANCELED:
                    assert sum(row["value"] for row in own) == sum(row["quantity"] for row in own) == 0

    def _costs(self) -> list[Cost]:
        desk = self.shop.books.desk
        place = Warehouse(id=self.shop.place, ref="w", name="w")
        with desk.runner.works.writing(desk.context()) as work:
            held = work.stock.hold(place, self.products)
        return [held[product].cost for product in self.products]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(STEPS, st.integers(0, 11), st.sampled_from(["1", "2.5", "0.000001", "3"])), min_size=2, max_size=14
    )
)
def test_whatever_is_shipped_called_off_and_sent_back_the_books_agree(
    shop: Shop, steps: list[tuple[str, int, str]]
) -> None:
    """ERP-07: shipped less canceled is what the order counts; levels are movements; a cancel undoes its value."""
    trade = Trade.of(shop)
    told = {trade.step(what, which, Decimal(wanted)) for what, which, wanted in steps}
    assert told <= {"", *REFUSALS}
    trade.check()
