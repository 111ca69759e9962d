"""What the repositories of stock promise, on every database: rows of one company, whole, in order, at one version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.domain.shared.errors import NotFound, Stale, Taken
from app.domain.shared.ids import (
    LocationId,
    ProductId,
)
from app.domain.shared.money import amount
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    Inventory,
    InventoryState,
    Location,
    Lot,
    SheetLine,
    StockRule,
    Transfer,
)
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack
from tests.support.databases import company_context
from tests.support.store import TODAY, Store, q

pytestmark = pytest.mark.fast


@pytest.fixture
def store(works: SqlWorks, context: Context) -> Store:
    return Store.of(works, context)


@pytest.fixture
def other(works: SqlWorks) -> Store:
    """Give the store of another company."""
    return Store.of(works, company_context(works))


# --- what belongs to somebody else----------------------------------------------------------------------------------


def things(store: Store) -> dict[str, Callable[[SqlWork], object]]:
    """Enter one of each, and give how each is read."""
    product = store.goods(Tracking.LOT, a="3")
    transfer = Transfer(ref="TR1", from_warehouse_id=store.here.id, to_warehouse_id=store.there.id, date=TODAY)
    location = Location(warehouse_id=store.here.id, code="A")
    rule = StockRule(warehouse_id=store.here.id, product_id=product, minimum=q("1"), desired=q("2"))
    lot = Lot(product_id=product, code="b")
    inventory = Inventory(warehouse_id=store.here.id, date=TODAY)
    with store.writing() as work:
        work.transfers.add(transfer)
        work.locations.add(location)
        work.stock_rules.add(rule)
        work.lots.add(lot)
        work.inventories.add(inventory, [])
    return {
        "warehouse": lambda work: work.warehouses.get(store.here.id),
        "transfer": lambda work: work.transfers.get(transfer.id),
        "location": lambda work: work.locations.get(location.id),
        "rule": lambda work: work.stock_rules.get(rule.id),
        "lot": lambda work: work.lots.get(lot.id),
        "inventory": lambda work: work.inventories.get(inventory.id),
    }


def test_what_belongs_to_another_company_is_not_there(store: Store, other: Store) -> None:
    """Design 3: by id, and by every way round."""
    for read in things(store).values():
        store.read(read)
        with pytest.raises(NotFound):
            other.read(read)
    assert other.read(lambda work: work.warehouses.of([store.here.id])) == {}
    assert other.read(lambda work: work.warehouses.by_ref(store.here.ref)) is None
    assert other.read(lambda work: work.locations.tree(store.here.id)) == {}


def test_lots_and_levels_of_another_company_are_nobodys_here(store: Store, other: Store) -> None:
    product = store.goods(Tracking.LOT, a="3")
    (lot,) = store.read(lambda work: work.lots.by_codes({product: ["a"]}))
    assert other.read(lambda work: work.lots.by_codes({product: ["a"]})) == []
    assert other.read(lambda work: work.lots.of([lot.id])) == {}
    assert other.read(lambda work: work.lots.levels(store.here.id, [lot.id])) == {}
    assert other.read(lambda work: work.inventories.booked(store.here.id, [product])) == {}
    assert other.read(lambda work: work.stock_reports.sums(date.max)) == []
    assert store.read(lambda work: work.lots.levels(store.here.id, [lot.id])) == {lot.id: 3}


def test_nobody_holds_stock_in_a_warehouse_of_another_company(store: Store, other: Store) -> None:
    """The foreign key is of company and warehouse together."""
    product = other.goods()
    with other.works.writing(other.context) as work, pytest.raises(RolledBack):
        work.stock.hold(store.here, [product])
    assert store.read(lambda work: work.inventories.booked(store.here.id, [product])) == {}


# --- versions, and codes that are taken -----------------------------------------------------------------------------


def test_a_stale_change_is_refused_whatever_it_is_of(store: Store) -> None:
    """Compare and set: what was read twice is saved once."""
    read = things(store)
    saves: dict[str, Callable[[SqlWork, Any], None]] = {
        "warehouse": lambda work, one: work.warehouses.save(one),
        "location": lambda work, one: work.locations.save(one),
        "rule": lambda work, one: work.stock_rules.save(one),
        "lot": lambda work, one: work.lots.save(one),
        "inventory": lambda work, one: work.inventories.save(one),
    }
    for name, save in saves.items():
        first, second = store.read(read[name]), store.read(read[name])
        with store.writing() as work:
            save(work, first)
        assert first.version == second.version + 1
        with store.works.writing(store.context) as work, pytest.raises(Stale) as caught:
            save(work, second)
        assert caught.value.facts == {"seen": second.version}
        assert store.read(read[name]).version == first.version


def test_a_rule_that_was_changed_meanwhile_is_not_removed(store: Store) -> None:
    rule: Any = store.read(things(store)["rule"])
    with store.writing() as work:
        work.stock_rules.save(replace(rule))
    with store.works.writing(store.context) as work, pytest.raises(Stale):
        work.stock_rules.remove(rule)
    rule.version += 1
    with store.writing() as work:
        work.stock_rules.remove(rule)
    with pytest.raises(NotFound):
        store.read(lambda work: work.stock_rules.get(rule.id))


def test_a_code_is_taken_within_its_own_place_only(store: Store) -> None:
    """A location's in its warehouse, a lot's of its product; case counts."""
    product, second = store.goods(Tracking.LOT, a="1"), store.goods(Tracking.LOT)
    with store.writing() as work:
        for place in (store.here, store.there):
            work.locations.add(Location(warehouse_id=place.id, code="A"))
        work.locations.add(Location(warehouse_id=store.here.id, code="a"))
        work.lots.add(Lot(product_id=second, code="a"))
        work.lots.add(Lot(product_id=product, code="A"))
    adds: list[Callable[[SqlWork], None]] = [
        lambda work: work.locations.add(Location(warehouse_id=store.here.id, code="A")),
        lambda work: work.lots.add(Lot(product_id=product, code="A")),
    ]
    for add in adds:
        with pytest.raises(Taken) as caught, store.works.writing(store.context) as work:
            add(work)
        assert caught.value.at == ("code",)


def test_lots_met_by_two_at_once_are_entered_once(store: Store) -> None:
    """Who comes second begins again, and finds the lot."""
    product = store.goods(Tracking.LOT, a="1")
    with pytest.raises(RolledBack), store.works.writing(store.context) as work:
        work.lots.add_many([Lot(product_id=product, code="new"), Lot(product_id=product, code="a")])
    assert store.read(lambda work: work.lots.by_codes({product: ["new"]})) == []


# --- rules and their levels -----------------------------------------------------------------------------------------


def test_the_minimum_of_a_rule_stands_in_the_level_it_is_about(store: Store) -> None:
    """ERP-07: movements find it with the row they lock; it goes with the rule, and others' stay."""
    product = store.goods()
    for place in (store.here, store.there):
        store.receive(product, "5", place)
    rule = StockRule(warehouse_id=store.here.id, product_id=product, minimum=q("2.5"), desired=q("9"))

    def minima() -> list[Decimal | None]:
        return [store.held(product, place).level.minimum for place in (store.here, store.there)]

    with store.writing() as work:
        work.stock_rules.add(rule)
    assert minima() == [q("2.5"), None]
    rule.minimum = q("0")
    with store.writing() as work:
        work.stock_rules.save(rule)
    assert minima() == [0, None]
    store.receive(product, "1")
    assert minima() == [0, None]
    with store.writing() as work:
        work.stock_rules.remove(rule)
    assert minima() == [None, None]


@pytest.mark.parametrize(("there", "reserved", "short"), [("5", "0", False), ("5", "0.000001", True), ("4", "0", True)])
def test_what_orders_were_promised_is_not_available_for_the_minimum(
    store: Store, there: str, reserved: str, *, short: bool
) -> None:
    product = store.goods()
    store.receive(product, there)
    rule = StockRule(warehouse_id=store.here.id, product_id=product, minimum=q("5"), desired=q("9"))
    with store.writing() as work:
        work.stock_rules.add(rule)
        level = work.stock.levels({store.here.id: [product]})[store.here.id, product]
        level.reserved = q(reserved)
        work.stock.save_levels([level])
    found = store.read(lambda work: work.stock_reports.short())
    assert [(one.rule.product_id, one.available) for one in found] == (
        [(product, q(there) - q(reserved))] if short else []
    )


# --- sums -----------------------------------------------------------------------------------------------------------


def test_what_moved_until_a_day_is_of_that_day_and_those_before(store: Store) -> None:
    """ERP-07: by product and warehouse; what came and went is there with nothing."""
    product = store.goods()
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2)]
    for on, place in zip(days, (store.here, store.there, store.here), strict=True):
        store.receive(product, "1.5", place, on)
    store.move(product, "-3", on=days[2])

    def sums(on: date) -> list[tuple[object, ...]]:
        return [
            (row.warehouse, row.quantity, row.value) for row in store.read(lambda work: work.stock_reports.sums(on))
        ]

    here, there = store.here.id, store.there.id
    assert sums(date(2025, 12, 30)) == []
    assert sums(days[0]) == [(here, q("1.5"), 3)]
    assert sums(days[1]) == [(here, q("1.5"), 3), (there, q("1.5"), 3)]
    assert sums(days[2]) == [(here, 0, 0), (there, q("1.5"), 3)]


# --- places ---------------------------------------------------------------------------------------------------------


def test_a_product_has_one_place_in_each_warehouse(store: Store) -> None:
    """What is placed anew leaves where it was, here and not elsewhere."""
    one, two = store.goods(), store.goods()
    for product in (one, two):
        store.receive(product, "1")
    first, second, far = (
        Location(warehouse_id=place.id, code=code)
        for place, code in ((store.here, "A"), (store.here, "B"), (store.there, "A"))
    )
    with store.writing() as work:
        for location in (first, second, far):
            work.locations.add(location)
        work.locations.place(first, [two, one, two])
        work.locations.place(far, [one])
    with store.writing() as work:
        work.locations.place(second, [one])
    inventory = Inventory(warehouse_id=store.here.id, date=TODAY)
    with store.works.writing(store.context) as work:
        work.inventories.add(inventory, [])
        expected = work.inventories.expected(inventory, None)
    assert {line.product_id: line.location_id for line in expected} == {one: second.id, two: first.id}


# --- inventories ----------------------------------------------------------------------------------------------------


def planned(store: Store, products: Sequence[ProductId] = (), **fields: Any) -> Inventory:
    """Enter an inventory of these products, or of all."""
    made = Inventory(warehouse_id=store.here.id, date=TODAY, **fields)
    lines = [SheetLine(position=at, product_id=one) for at, one in enumerate(products, 1)]
    with store.writing() as work:
        work.inventories.add(made, lines)
    return made


def test_an_inventory_is_read_as_it_was_entered_and_as_it_was_left(store: Store) -> None:
    made = planned(store, note="Ü", blind=True, zero_uncounted=True)
    assert (made.ref, made.version) == (f"(PROV{made.id})", 1)
    assert store.read(lambda work: work.inventories.get(made.id)) == made
    made.ref, made.state, made.value = "IN1", InventoryState.POSTED, amount(Decimal("-0.0001"))
    with store.writing() as work:
        work.inventories.save(made)
    assert store.read(lambda work: work.inventories.get(made.id)) == made


def sheet(store: Store, inventory: Inventory, places: Sequence[LocationId] | None = None) -> list[tuple[Any, ...]]:
    lines = store.read(lambda work: work.inventories.expected(inventory, places))
    return [(line.product_id, line.lot_id, line.expected) for line in lines]


def test_what_ought_to_be_there_is_of_this_warehouse_by_lot_where_there_are_lots(store: Store) -> None:
    """ERP-07: a product emptied is looked for too, and a tracked one of which nothing is there has no lot to count."""
    desk, empty, elsewhere = store.goods(), store.goods(), store.goods()
    milk, sold_out = store.goods(Tracking.LOT, b="2", a="3"), store.goods(Tracking.LOT, x="1")
    store.receive(desk, "10")
    store.receive(empty, "1")
    store.move(empty, "-1")
    store.receive(elsewhere, "4", store.there)
    store.receive_lots(sold_out, store.here, {"x": "-1"})
    store.receive_lots(milk, store.there, {"c": "7"})
    lots = {lot.code: lot.id for lot in store.read(lambda work: work.lots.by_codes({milk: "ab"}))}
    assert sheet(store, planned(store)) == [
        (desk, None, 10),
        (empty, None, 0),
        *sorted([(milk, lots["a"], 3), (milk, lots["b"], 2)]),
    ]
    assert sheet(store, planned(store, [milk, elsewhere])) == sorted([(milk, lots["a"], 3), (milk, lots["b"], 2)])
    assert sheet(store, planned(store), []) == []


def test_lines_are_kept_in_the_order_of_their_positions(store: Store) -> None:
    one, two = store.goods(), store.goods()
    made = planned(store, [two, one])
    with store.writing() as work:
        work.inventories.append(
            made.id, [SheetLine(position=12, product_id=one), SheetLine(position=3, product_id=two)]
        )
    assert [line.position for line in store.read(lambda work: work.inventories.lines(made.id))] == [1, 2, 3, 12]
    assert [line.position for line in store.read(lambda work: work.inventories.lines(made.id, [two]))] == [1, 3]
    assert store.read(lambda work: work.inventories.last_position(made.id)) == 12
    with store.writing() as work:
        work.inventories.write(made.id, [SheetLine(position=1, product_id=one, expected=q("4.5"))])
    (line,) = store.read(lambda work: work.inventories.lines(made.id))
    assert (line.product_id, line.expected, line.counted) == (one, q("4.5"), None)
