"""Carriers, shipments and returns are read as they were written on every database, and only by their own company."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any, Final

import pytest

from app.domain.parties import Address
from app.domain.shared.errors import NotFound, Stale, Taken
from app.domain.shared.ids import CarrierId, OrderId, ProductId, ReturnId, ShipmentId, WarehouseId
from app.domain.shared.money import Quantity, amount, plain, price, quantity
from app.domain.shipping import (
    Carrier,
    Packed,
    Parcel,
    Return,
    ReturnLine,
    ReturnState,
    Shipment,
    ShipmentLine,
    ShipmentState,
)
from app.infrastructure.database.engine import Database
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.sales import CreateOrder, OrderDraft
from app.usecases.shared import LineDraft
from tests.support.books import new_books
from tests.support.databases import context_of
from tests.support.shop import Shop

pytestmark = pytest.mark.fast

_names: Final = count(1)
TODAY: Final = date(2026, 11, 21)
LEAST: Final = Decimal("0.000001")
MOST: Final = Decimal("999999999999.999999")
UGLY: Final = "Élan \"1\" 'x' \\ {tracking} 北 😀"


@dataclass(frozen=True)
class Store:
    """One company's repositories; each block is a transaction of its own."""

    shop: Shop
    works: SqlWorks

    @contextmanager
    def work(self) -> Iterator[SqlWork]:
        """Open a transaction that is kept unless the block fails."""
        with self.works.writing(context_of(self.shop.company)) as work:
            yield work
            work.commit()

    def order(self, wanted: str = "5", on: date | None = None) -> OrderId:
        """Enter and validate an order of goods of which there are none."""
        line = LineDraft(product_id=self.shop.goods(), quantity=quantity(Decimal(wanted)))
        draft = OrderDraft(party_id=self.shop.customer, date=on, lines=(line,))
        return self.shop.validate(self.shop.books.do(CreateOrder(self.shop.books.desk.clock), draft).id).id

    def shipment(self, order: OrderId | None = None, **fields: Any) -> Shipment:
        """Store a shipment of two lines."""
        order = order or self.order()
        product = self.shop.order(order).lines[0].product_id or ProductId(0)
        kept = {"order_id": order, "party_id": self.shop.customer, "warehouse_id": self.shop.place, "date": TODAY}
        lines = [self.line(at, product, self.shop.place) for at in (1, 2)]
        made = Shipment(**{"lines": lines, **kept, **fields})
        with self.work() as work:
            work.shipments.add(made)
        return made

    def line(self, at: int, product: ProductId, place: WarehouseId, much: Decimal = LEAST) -> ShipmentLine:
        """Give a line of a shipment."""
        return ShipmentLine(
            position=at, order_position=1, product_id=product, warehouse_id=place, quantity=Quantity(much)
        )

    def back(self, **fields: Any) -> Return:
        """Store a return of loose goods."""
        line = ReturnLine(position=1, product_id=self.shop.goods(), warehouse_id=None, quantity=Quantity(LEAST))
        made = Return(**{"party_id": self.shop.customer, "date": TODAY, "reason": UGLY, "lines": [line], **fields})
        with self.work() as work:
            work.returns.add(made)
        return made

    def read(self, key: ShipmentId) -> Shipment:
        """Read a shipment anew."""
        with self.work() as work:
            return work.shipments.get(key)

    def read_back(self, key: ReturnId) -> Return:
        """Read a return anew."""
        with self.work() as work:
            return work.returns.get(key)


@pytest.fixture
def store(database: Database, works: SqlWorks) -> Store:
    return Store(Shop.of(new_books(database, f"contract-shipping-{next(_names)}")), works)


@pytest.fixture
def other(database: Database, works: SqlWorks) -> Store:
    """Give another company."""
    return Store(Shop.of(new_books(database, f"contract-shipping-{next(_names)}")), works)


def rapid(name: str = "Rapid") -> Carrier:
    return Carrier(name=name, tracking_url="https://rapid.example/{tracking}")


def added(store: Store, name: str = "Rapid") -> Carrier:
    made = rapid(name)
    with store.work() as work:
        work.carriers.add(made)
    return made


def test_a_carrier_is_read_as_it_was_written_and_changed(store: Store) -> None:
    made = added(store, "Élan 北 😀")
    assert made.version == 1
    made.change({"name": "Slow", "tracking_url": "", "archived": True})
    with store.work() as work:
        work.carriers.save(made)
    with store.work() as work:
        assert work.carriers.get(made.id) == Carrier(id=made.id, name="Slow", archived=True, version=2)


def test_a_carriers_name_is_taken_in_its_own_company_only(store: Store, other: Store) -> None:
    """By its letters as they are: RAPID is another."""
    first = added(store)
    assert added(other).name == added(store, "RAPID").name.title() == "Rapid"
    with pytest.raises(Taken) as caught:
        added(store)
    assert caught.value.at == ("name",)
    second = added(store, "Slow")
    second.name = "Rapid"
    with pytest.raises(Taken), store.work() as work:
        work.carriers.save(second)
    with store.work() as work:
        assert work.carriers.get(second.id).name == "Slow"
        assert work.carriers.get(first.id).name == "Rapid"


def test_a_carrier_seen_at_another_version_is_not_saved(store: Store) -> None:
    made = added(store)
    with store.work() as work:
        work.carriers.save(replace(made, name="Slow"))
    with pytest.raises(Stale) as caught, store.work() as work:
        work.carriers.save(replace(made, name="Slower"))
    assert caught.value.facts == {"seen": 1}
    with store.work() as work:
        assert (work.carriers.get(made.id).name, work.carriers.get(made.id).version) == ("Slow", 2)


def test_a_shipment_is_read_as_it_was_written(store: Store) -> None:
    """Every field, the least and the largest number, and texts that want to be escaped."""
    carrier, there = added(store), store.shop.warehouse()
    packed = (Packed(position=1, quantity=Quantity(MOST)), Packed(position=2, quantity=Quantity(LEAST)))
    parcels = (
        Parcel(
            position=1, weight=Quantity(LEAST), length=Quantity(MOST), tracking_number=UGLY, tracking_url="https://x"
        ),
        Parcel(position=2, width=quantity(Decimal(2)), height=quantity(Decimal(3)), contents=packed),
    )
    order = store.order()
    product = store.shop.order(order).lines[0].product_id or ProductId(0)
    lines = [store.line(1, product, store.shop.place, MOST), store.line(2, product, there)]
    address = Address(street='1 rue "A"\n\\', postal_code="06000", city="Niçe", region="", country="FR")
    fields = {"carrier_id": carrier.id, "method": UGLY, "parcels": parcels, "delivery_address": address}
    made = store.shipment(order, lines=lines, delivered_on=date(2026, 12, 31), **fields)
    assert (made.ref, made.version, made.state) == (f"(PROV{made.id})", 1, ShipmentState.DRAFT)
    assert store.read(made.id) == made


def test_lines_and_parcels_are_replaced_only_when_asked(store: Store) -> None:
    """More, fewer and none: what was there before is gone."""
    made = store.shipment(parcels=(Parcel(position=1, tracking_number="A"), Parcel(position=2)))
    kept = store.read(made.id)
    kept.method, kept.lines[0].quantity = "slow", quantity(Decimal(7))
    with store.work() as work:
        work.shipments.save(kept)
    assert store.read(made.id) == replace(made, method="slow", version=2)
    kept.lines, kept.parcels = kept.lines[:1], (Parcel(position=1, tracking_number="B"),)
    with store.work() as work:
        work.shipments.save(kept, lines=True, parcels=True)
    read = store.read(made.id)
    assert read == kept
    assert (read.version, *(plain(line.quantity) for line in read.lines)) == (3, "7")
    read.parcels = ()
    with store.work() as work:
        work.shipments.save(read, parcels=True)
    assert store.read(made.id).parcels == ()


def test_what_came_back_is_stored_on_its_own_line(store: Store) -> None:
    made = store.shipment()
    made.lines[1].returned = Quantity(LEAST)
    with store.work() as work:
        work.shipments.save_returned(made)
    read = store.read(made.id)
    assert ([line.returned for line in read.lines], read.version) == ([0, LEAST], 2)


SAVES: Final[dict[str, Callable[[SqlWork, Shipment], None]]] = {
    "save": lambda work, one: work.shipments.save(one),
    "save whole": lambda work, one: work.shipments.save(one, lines=True, parcels=True),
    "save returned": lambda work, one: work.shipments.save_returned(one),
    "delete": lambda work, one: work.shipments.delete(one),
}


@pytest.mark.parametrize("way", SAVES)
def test_a_shipment_seen_at_another_version_is_left_alone(store: Store, way: str) -> None:
    made = store.shipment(parcels=(Parcel(position=1),))
    with store.work() as work:
        work.shipments.save(replace(made))
    stale = replace(made, method="x", lines=[], parcels=())
    with pytest.raises(Stale), store.work() as work:
        SAVES[way](work, stale)
    assert store.read(made.id) == replace(made, version=2)


def test_a_deleted_shipment_is_gone_with_its_lines_and_parcels(store: Store) -> None:
    made = store.shipment(parcels=(Parcel(position=1),))
    with store.work() as work:
        work.shipments.delete(made)
    with pytest.raises(NotFound) as caught:
        store.read(made.id)
    assert caught.value.facts == {"kind": "shipment", "id": made.id}


def test_a_shipment_knows_its_order_and_where_its_customer_lives_now(store: Store) -> None:
    """Not where it said when the shipment was entered."""
    order = store.order()
    made = store.shipment(order)
    with store.work() as work:
        party = work.parties.get(store.shop.customer)
        party.address = Address(street="2 rue B", city="Paris", country="FR")
        work.parties.save(party)
    with store.work() as work:
        assert work.shipments.order_of(made.id) == order
        origin = work.shipments.origin(made.id)
    assert (origin.order, origin.address) == (order, Address(street="2 rue B", city="Paris", country="FR"))


@pytest.mark.parametrize(
    ("state", "all_closed"),
    [
        (ShipmentState.DRAFT, True),
        (ShipmentState.VALIDATED, False),
        (ShipmentState.CLOSED, True),
        (ShipmentState.CANCELED, True),
    ],
)
def test_an_order_waits_for_what_is_on_its_way_and_for_nothing_else(
    store: Store, state: ShipmentState, *, all_closed: bool
) -> None:
    """ERP-07, SH: a draft, or what was called off, keeps no order open; nor do other orders' shipments."""
    order = store.order()
    mine = store.shipment(order, state=ShipmentState.VALIDATED)
    store.shipment(state=ShipmentState.VALIDATED)
    store.shipment(order, state=state)
    with store.work() as work:
        assert work.shipments.all_closed(order, but=mine.id) is all_closed
        assert work.shipments.all_closed(order, but=ShipmentId(0)) is False


def test_a_return_of_a_shipment_is_read_as_it_was_written(store: Store) -> None:
    shipment = store.shipment()
    product, place = shipment.lines[0].product_id, store.shop.place
    lines = [
        ReturnLine(
            position=1,
            shipment_position=2,
            product_id=product,
            warehouse_id=place,
            quantity=Quantity(MOST),
            unit_cost=price(Decimal("0.00000001")),
            value=amount(Decimal("99999999999999.9999")),
        ),
        ReturnLine(position=2, shipment_position=1, product_id=product, warehouse_id=None, quantity=Quantity(LEAST)),
    ]
    made = store.back(shipment_id=shipment.id, order_id=shipment.order_id, lines=lines)
    assert (made.ref, made.version) == (f"(PROV{made.id})", 1)
    assert store.read_back(made.id) == made
    with store.work() as work:
        source = work.returns.source(made.id)
    assert (source.order, source.shipment) == (shipment.order_id, shipment.id)


def test_what_a_return_was_worth_is_stored_only_when_asked(store: Store) -> None:
    made = store.back()
    made.state, made.ref, made.lines[0].value = ReturnState.VALIDATED, "RE1", amount(Decimal("3.3334"))
    with store.work() as work:
        work.returns.save(made)
    read = store.read_back(made.id)
    assert (read.state, read.ref, read.version, plain(read.lines[0].value)) == (ReturnState.VALIDATED, "RE1", 2, "0")
    with store.work() as work:
        work.returns.save(made, values=True)
    assert store.read_back(made.id) == made


@pytest.mark.parametrize("way", ["save", "delete"])
def test_a_return_seen_at_another_version_is_left_alone(store: Store, way: str) -> None:
    made = store.back()
    with store.work() as work:
        work.returns.save(replace(made))
    made.lines[0].value = amount(Decimal(9))
    with pytest.raises(Stale), store.work() as work:
        work.returns.save(made, values=True) if way == "save" else work.returns.delete(made)
    read = store.read_back(made.id)
    assert (read.version, plain(read.lines[0].value)) == (2, "0")


READS: Final[dict[str, Callable[[SqlWork, Any], object]]] = {
    "shipment": lambda work, keys: work.shipments.get(keys[0]),
    "shipment to lock": lambda work, keys: work.shipments.get(keys[0], lock=True),
    "order of a shipment": lambda work, keys: work.shipments.order_of(keys[0]),
    "origin of a shipment": lambda work, keys: work.shipments.origin(keys[0]),
    "return": lambda work, keys: work.returns.get(keys[1]),
    "return to lock": lambda work, keys: work.returns.get(keys[1], lock=True),
    "source of a return": lambda work, keys: work.returns.source(keys[1]),
    "carrier": lambda work, keys: work.carriers.get(keys[2]),
}


@pytest.mark.parametrize("what", READS)
def test_another_companys_shipping_is_not_there(store: Store, other: Store, what: str) -> None:
    """ERP-13."""
    keys = (store.shipment().id, store.back().id, added(store).id)
    with store.work() as work:
        READS[what](work, keys)
    with pytest.raises(NotFound), other.work() as work:
        READS[what](work, keys)


def test_another_companys_shipping_is_not_changed_by_its_id(store: Store, other: Store) -> None:
    """ERP-13: not even by who knows the version."""
    shipment, back, carrier = store.shipment(), store.back(), added(store)
    for way in SAVES.values():
        with pytest.raises(Stale), other.work() as work:
            way(work, replace(shipment))
    with pytest.raises(Stale), other.work() as work:
        work.returns.delete(replace(back))
    with pytest.raises(Stale), other.work() as work:
        work.carriers.save(Carrier(id=CarrierId(carrier.id), name="Mine now", version=1))
    assert (store.read(shipment.id), store.read_back(back.id)) == (shipment, back)


def test_who_waits_is_found_by_date_of_order_then_by_id(store: Store) -> None:
    """Design 3: back-orders are served in order date; what has all it wants is not among them."""
    days = (date(2026, 11, 21), date(2026, 11, 19), date(2026, 11, 21))
    product = store.shop.goods("1")

    def ordered(on: date) -> OrderId:
        line = LineDraft(product_id=product, quantity=quantity(Decimal(1)))
        draft = OrderDraft(party_id=store.shop.customer, date=on, lines=(line,))
        return store.shop.validate(store.shop.books.do(CreateOrder(store.shop.books.desk.clock), draft).id).id

    served, *waiting = ordered(date(2026, 11, 20)), *map(ordered, days)
    with store.work() as work:
        levels = work.stock.levels({store.shop.place: [product]})
        found = work.stock.waiting(levels.values())
        assert [one.order for one in found] == [waiting[1], waiting[0], waiting[2]]
        assert {(plain(one.reserved), plain(one.back_ordered), one.warehouse) for one in found} == {
            ("0", "1", store.shop.place)
        }
        work.stock.promise([replace(found[0], reserved=Quantity(LEAST), back_ordered=Quantity(Decimal(0)))])
    with store.work() as work:
        assert [one.order for one in work.stock.waiting(levels.values())] == [waiting[0], waiting[2]]
    (line,) = store.shop.order(waiting[1]).lines
    assert (line.reserved, line.back_ordered) == (LEAST, Decimal(0))
    assert store.shop.order(served).lines[0].reserved == 1
