"""Levels, costs, movements and lots on every database: held together, written set-wise, and told apart exactly."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.shared.ids import (
    MovementId,
)
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    Lot,
    LotMoved,
)
from app.infrastructure.database.engine import Database
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context
from tests.support.databases import statements, tracing
from tests.support.store import RECEIPT, TODAY, Store, p, q

pytestmark = pytest.mark.fast


@pytest.fixture
def store(works: SqlWorks, context: Context) -> Store:
    return Store.of(works, context)


# --- levels, costs and movements ------------------------------------------------------------------------------------


def test_holdings_in_several_warehouses_share_one_cost(store: Store, database: Database) -> None:
    """ERP-07: by two statements, in the order of the keys, however they are asked for."""
    one, two = store.goods(), store.goods()
    for product in (one, two):
        store.receive(product, "5")
        store.receive(product, "2", store.there)
    wanted = [(store.there, two), (store.here, one), (store.here, two), (store.there, one), (store.here, one)]
    with tracing(database) as traces, store.works.writing(store.context) as work:
        held = work.stock.hold_all(wanted)
    assert [name.partition("[")[0] for name in statements(traces)] == ["lock stock_costs", "lock stock_levels.places"]
    assert list(held) == [(place.id, product) for place in (store.here, store.there) for product in (one, two)]
    assert held[store.here.id, one].cost is held[store.there.id, one].cost
    assert held[store.here.id, one].cost is not held[store.here.id, two].cost
    assert [each.level.quantity for each in held.values()] == [5, 5, 2, 2]


def test_levels_in_several_warehouses_are_saved_each_with_its_own(store: Store) -> None:
    one, two = store.goods(), store.goods()
    places = [(place, product) for place in (store.here, store.there) for product in (one, two)]
    with store.writing() as work:
        held = work.stock.hold_all(places)
        movements = [each.receive(q(str(at)), p("1"), RECEIPT) for at, each in enumerate(held.values(), 1)]
        work.stock.post(held.values(), movements[::-1])
    with store.writing() as work:
        levels = work.stock.levels({store.here.id: [one, two], store.there.id: [two]})
        for level in levels.values():
            level.reserve(q("0.5"))
        work.stock.save_levels(levels.values())
    with store.works.writing(store.context) as work:
        kept = [(each.level.quantity, each.level.reserved) for each in work.stock.hold_all(places).values()]
    assert kept == [(q("1"), q("0.5")), (q("2"), q("0.5")), (q("3"), q("0")), (q("4"), q("0.5"))]


# --- lots -----------------------------------------------------------------------------------------------------------


def test_a_lot_keeps_all_it_was_entered_with(store: Store) -> None:
    product = store.goods(Tracking.LOT)
    lot = Lot(product_id=product, code="Ümlaut/1", expires_on=date(2999, 12, 31), made_on=TODAY, blocked=True)
    with store.writing() as work:
        work.lots.add(lot)
    assert store.read(lambda work: work.lots.get(lot.id)) == lot
    lot.expires_on, lot.blocked = None, False
    with store.writing() as work:
        work.lots.save(lot)
    assert store.read(lambda work: work.lots.of([lot.id])) == {lot.id: lot}


def test_a_shelf_has_what_is_here_and_what_was_named_and_nothing_else(store: Store) -> None:
    product = store.goods(Tracking.LOT, a="3", gone="1")
    store.receive_lots(product, store.here, {"gone": "-1"})
    store.receive_lots(product, store.there, {"b": "5", "c": "1"})
    with store.works.writing(store.context) as work:
        held = work.stock.hold(store.here, [product])[product]
        shelf = work.lots.shelves([held], {product: ["b", "x", "A"]})[store.here.id, product]
    assert sorted(shelf.by_code()) == ["a", "b"]
    assert [f"{here.normalize():f}" for here in shelf.here.values()] == ["3"]


def test_a_lot_of_which_nothing_is_left_takes_no_row(store: Store) -> None:
    """What is listed is there; what is emptied and filled again is there once."""
    product = store.goods(Tracking.LOT, a="3", b="1")
    store.receive_lots(product, store.here, {"a": "-3"})
    assert store.lots(product) == {"b": "1"}
    store.receive_lots(product, store.here, {"a": "2", "b": "0.5", "c": "1"})
    assert store.lots(product) == {"a": "2", "b": "1.5", "c": "1"}


def test_codes_are_told_apart_by_case_accent_and_product(store: Store) -> None:
    """On every database alike, whatever its collation makes of them."""
    product = store.goods(Tracking.LOT, a="1", A="2", é="3", e="4")
    second = store.goods(Tracking.LOT, a="9")
    found = store.read(lambda work: work.lots.by_codes({product: ["A", "é"], second: ["a", "e"]}))
    assert sorted((lot.product_id, lot.code) for lot in found) == [(product, "A"), (product, "é"), (second, "a")]


def test_how_a_product_is_tracked_changes_only_while_nothing_of_it_is_anywhere(store: Store) -> None:
    product = store.goods()

    def track(tracking: Tracking) -> bool:
        with store.writing() as work:
            return work.lots.track(product, tracking)

    assert track(Tracking.LOT)
    assert track(Tracking.NONE)
    store.receive(product, "0.000001", store.there)
    assert not track(Tracking.SERIAL)
    store.move(product, "-0.000001", store.there)
    assert track(Tracking.SERIAL)
    assert store.held(product).cost.tracking is Tracking.SERIAL


def test_where_a_piece_is_counts_over_all_warehouses_and_is_known_on_each_shelf(store: Store) -> None:
    product = store.goods(Tracking.SERIAL, S1="1")
    store.receive_lots(product, store.there, {"S2": "1"})
    with store.works.writing(store.context) as work:
        held = work.stock.hold_all([(store.here, product), (store.there, product)])
        shelves = work.lots.shelves(held.values(), {product: ["S1", "S2"]})
    for shelf in shelves.values():
        codes = {lot.code: shelf.anywhere.get(lot.id) for lot in shelf.lots.values()}
        assert codes == {"S1": 1, "S2": 1}


def test_one_movement_may_move_many_lots(store: Store) -> None:
    """More than one statement takes: none is left out, and none comes twice."""
    codes = {f"L{at:04}": "1" for at in range(300)}
    product = store.goods(Tracking.LOT, **codes)
    assert store.lots(product) == codes
    store.receive_lots(product, store.here, dict.fromkeys(codes, "-1"))
    assert store.lots(product) == {}


def test_the_rows_of_a_shelf_are_written_set_wise(store: Store, database: Database) -> None:
    """One statement each for lots that went, that changed and that are new, however many."""
    product = store.goods(Tracking.LOT, a="1", b="1", c="1", d="1")
    with store.works.writing(store.context) as work:
        held = work.stock.hold(store.here, [product])[product]
        work.lots.add_many([Lot(product_id=product, code=code) for code in "ef"])
        shelf = work.lots.shelves([held], {product: "ef"})[store.here.id, product]
        lots = shelf.by_code()
        for code, by in zip("abcdef", ("-1", "-1", "2", "3", "4", "5"), strict=True):
            shelf.adjust(lots[code], q(by))
        (posted,) = work.stock.post([held], [held.adjust(q("12"), RECEIPT)])
        with tracing(database) as traces:
            work.lots.save_shelves([shelf], {posted.id: [LotMoved(lot=lots["c"], quantity=q("2"))]})
        work.commit()
    assert len(statements(traces)) <= 4
    assert store.lots(product) == {"c": "3", "d": "4", "e": "4", "f": "5"}
    assert posted.id > MovementId(0)
