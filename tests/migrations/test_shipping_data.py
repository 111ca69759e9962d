"""Shipments and orders that were there before parcels, returns and promises come through whole, up and down.

Each database makes the journey once; the tests look at what was there at each stop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_costs_data import scaled
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

KINDS: Final = ["sqlite", "postgresql", "mariadb"]
pytestmark = [by_age("0012"), pytest.mark.parametrize("kind", KINDS, scope="module")]

BEFORE: Final = "0011"
HERE: Final = "0012"
NEXT: Final = "0013"
DAY: Final = "2026-11-21"
MONEY: Final = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")
SOLD: Final = ["orders.read", "shipments.read", "shipments.validate"]
NEW: Final = {"returns.read", "returns.validate"}
OWN: Final = ["shipments.read", "shipments.write"]
CANCELED: Final = "UPDATE shipments SET status = 'canceled' WHERE id = 7"
BROUGHT_BACK: Final = "UPDATE stock_movements SET kind = 'return' WHERE company_id = 2"
LOST: Final = "UPDATE shipments SET status = 'lost' WHERE id = 7"

Rows = list[tuple[Any, ...]]
LOOKS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    BEFORE: {
        "sent": ("shipment_lines", "company_id, shipment_id, position, quantity"),
        "shipments": ("shipments", "id, status"),
        "movements": ("stock_movements", "kind"),
        "rights": ("roles", "company_id, name, rights"),
        "roles": ("roles", "name, version"),
        "companies": ("companies", "id, rights_version"),
    },
    HERE: {
        "places": ("shipment_lines", "shipment_id, position, order_position, warehouse_id, returned"),
        "returned": ("order_lines", "returned"),
        "returns": ("returns", "id"),
        "carriers": ("carriers", "id"),
        "ordered": ("order_lines", "company_id, order_id, position, quantity, shipped, invoiced"),
    },
    NEXT: {
        "promised": ("order_lines", "warehouse_id, reserved, back_ordered"),
        "levels": ("stock_levels", "warehouse_id, quantity, reserved, available"),
        "billed": ("orders", "id, billed"),
        "revisions": ("order_revisions", "number"),
    },
}


@dataclass(frozen=True)
class Journey:
    """One database, and what was seen of it at each stop."""

    kind: str
    url: str
    steps: Migrations
    stops: dict[str, Mapping[str, Rows]] = field(default_factory=dict)

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """Give a connection whose work is kept."""
        engine = plain_engine(self.url)
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def look(self, stop: str, revision: str) -> None:
        """Keep what is there now; a revision has what those before it had."""
        looks = {name: look for at, each in LOOKS.items() if at <= revision for name, look in each.items()}
        with self.open() as connection:
            self.stops[stop] = {name: _rows(connection, *look) for name, look in looks.items()}

    def refuses(self, *wrong: str) -> list[bool]:
        """Tell of each statement whether a CHECK of the database refuses it; what it lets in is not kept."""
        return [self._refuses(one) for one in wrong]

    def _refuses(self, wrong: str) -> bool:
        engine = plain_engine(self.url)
        try:
            with engine.connect() as connection:
                connection.execute(text(wrong))
        except DBAPIError as error:  # of which kind, each driver has its own opinion
            return "ck_" in str(error.orig)
        finally:
            engine.dispose()
        return False

    def rights(self, stop: str) -> dict[tuple[int, str], set[str]]:
        """Give what each role might do then."""
        return {(row[0], row[1]): set(json.loads(row[2])) for row in self.stops[stop]["rights"]}

    def sent(self, stop: str) -> list[tuple[Any, ...]]:
        """Give shipment, position and quantity of each line as they were then, in units."""
        unit = 10**6 if self.kind == "sqlite" else 1
        return [(row[1], row[2], float(row[3]) / unit) for row in self.stops[stop]["sent"]]


def _rows(connection: Connection, table: str, columns: str) -> Rows:
    return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY {columns}"))]


def at(kind: str) -> Any:
    return 1_700_000_000_000_000 if kind == "sqlite" else "2026-11-21 00:00:00"


def fill(connection: Connection, kind: str) -> None:
    """Enter two companies of two warehouses, each with an order of two lines shipped from its second one."""
    place = {"street": "1 rue A", "postal_code": "", "city": "Lyon", "region": "", "country": "FR"}
    buys = {"customer": True, "supplier": False, "customer_code": "C1", "archived": False, "version": 1}
    goods = {"kind": "goods", "description": "", "unit_price": 0, "cost_price": 0, "vat_rate": 0, "archived": False}
    valued = {"currency": "EUR", "rate": 0, "company_currency": "EUR", "vat_mode": "per_rate", "note": ""}
    for own in (1, 2):
        mine = {"company_id": own}
        put(connection, "companies", id=own, name="C", country="FR", settings=SETTINGS, settings_version=1, version=1)
        put(connection, "third_parties", id=own, name="P", **mine, **buys, **place)
        put(connection, "products", id=own, ref="P", name="P", version=1, **mine, **goods)
        for house in (own * 10, own * 10 + 1):
            shelf = {"ref": f"W{house}", "name": "W", "allow_negative": False, "archived": False, "version": 1}
            put(connection, "warehouses", id=house, **mine, **shelf)
            put(connection, "stock_levels", warehouse_id=house, product_id=own, quantity=scaled(kind, "5", 6), **mine)
        order = {"ref": "CO1", "party_id": own, "date": DAY, "status": "in_shipment", "version": 3}
        put(connection, "orders", id=own, **mine, **order, **valued, **dict.fromkeys(MONEY, 0))
        _ship(connection, kind, own)
    _forget_the_last(connection)
    put(connection, "roles", id=1, company_id=1, name="sales", rights=SOLD, ready="sales", version=4)
    put(connection, "roles", id=2, company_id=1, name="dock", rights=OWN, version=1)
    put(connection, "roles", id=3, company_id=2, name="buyer", rights=["orders.read"], ready="sales", version=1)


def _ship(connection: Connection, kind: str, own: int) -> None:
    """Ship lines 1 and 3 of the order from the company's second warehouse."""
    mine = {"company_id": own}
    line = {"product_id": own, "kind": "goods", "description": "x", "unit_price": 0, "vat_rate": 0, "discount": 0}
    header = {"order_id": own, "party_id": own, "warehouse_id": own * 10 + 1, "date": DAY, "version": 2}
    put(connection, "shipments", id=own * 7, ref="SH1", status="validated", **mine, **header)
    for position in (1, 3):
        much = {"quantity": scaled(kind, str(position), 6)}
        counted = {"shipped": much["quantity"], "invoiced": 0, "net": 0, "company_net": 0}
        put(connection, "order_lines", order_id=own, position=position, **mine, **line, **much, **counted)
        sent = {"position": position, "product_id": own, **much}
        put(connection, "shipment_lines", shipment_id=own * 7, **mine, **sent)
    moved = {"kind": "shipment", "level": 0, "unit_cost": 0, "value": 0, "reason": "SH1", "date": DAY, "at": at(kind)}
    there = {"warehouse_id": own * 10 + 1, "product_id": own, "shipment_id": own * 7}
    put(connection, "stock_movements", quantity=scaled(kind, "-4", 6), **mine, **there, **moved)


def _forget_the_last(connection: Connection) -> None:
    """Let a shipment have had the id 99, and be deleted."""
    header = {"order_id": 1, "party_id": 1, "warehouse_id": 10, "date": DAY, "status": "draft", "version": 1}
    put(connection, "shipments", id=99, company_id=1, **header)
    connection.execute(text("DELETE FROM shipments WHERE id = 99"))
    if connection.dialect.name == "postgresql":  # rows that name their id do not move its counter
        connection.execute(text("SELECT setval(pg_get_serial_sequence('shipments', 'id'), 99)"))


def use(connection: Connection, kind: str) -> None:
    """Do what only the newer version can: two warehouses for one line, a parcel, a cancellation, a return."""
    mine = {"company_id": 1}
    put(connection, "carriers", id=1, name="R", tracking_url="", archived=False, version=1, **mine)
    header = {"order_id": 1, "party_id": 1, "warehouse_id": 10, "date": DAY, "version": 2, "carrier_id": 1}
    travels = {"method": "fast", "parcels": 1, "delivered_on": DAY}
    put(connection, "shipments", id=90, ref="SH2", status="canceled", **mine, **header, **travels)
    # Line 3 of the order from two warehouses, then line 1: their places are not those of the order.
    for position, order_position, house, much in ((1, 3, 10, "2"), (2, 3, 11, "0.5"), (3, 1, 10, "1")):
        line = {"position": position, "order_position": order_position, "warehouse_id": house, "returned": 0}
        sent = {"product_id": 1, "quantity": scaled(kind, much, 6)}
        put(connection, "shipment_lines", shipment_id=90, **mine, **line, **sent)
    put(connection, "shipment_parcels", shipment_id=90, position=1, contents=[], **mine)
    came = {"party_id": 1, "shipment_id": 7, "order_id": 1, "date": DAY, "reason": "x", "status": "validated"}
    put(connection, "returns", id=5, ref="RE1", version=1, **mine, **came)
    back = {"shipment_position": 1, "product_id": 1, "warehouse_id": 10, "quantity": scaled(kind, "1", 6), "value": 0}
    put(connection, "return_lines", return_id=5, position=1, **mine, **back)
    moved = {"warehouse_id": 10, "product_id": 1, "level": 0, "unit_cost": 0, "value": 0, "reason": "", "date": DAY}
    draft = {"order_id": 1, "party_id": 1, "warehouse_id": 10, "date": DAY, "version": 1}
    put(connection, "shipments", status="draft", **mine, **draft)
    granted = json.dumps(["returns.write", *OWN])
    connection.execute(text("UPDATE roles SET rights = :rights WHERE name = 'dock'"), {"rights": granted})
    for which in ("shipment_cancel", "return", "return_cancel"):
        of = {"return_id": None if which == "shipment_cancel" else 5, "at": at(kind)}
        put(connection, "stock_movements", kind=which, quantity=scaled(kind, "1", 6), **mine, **moved, **of)


def promise(connection: Connection, kind: str) -> None:
    """Promise stock to the first order, amend it and bill it."""
    held = {"three": scaled(kind, "3", 6)}
    connection.execute(text("UPDATE stock_levels SET reserved = :three WHERE warehouse_id = 10"), held)
    promised = "UPDATE order_lines SET warehouse_id = 10, reserved = 2, back_ordered = 1 WHERE company_id = 1"
    connection.execute(text(promised))
    connection.execute(text("UPDATE orders SET billed = :yes WHERE id = 1"), {"yes": True})
    revision = {"reason": "x", "actor_id": 1, "at": at(kind), "content": {}}
    put(connection, "order_revisions", company_id=1, order_id=1, number=1, **revision)


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Go up with shipments, use what is new, go down, and up again; then the same with promises."""
    folder = tmp_path_factory.mktemp(kind)
    with empty_database(kind, folder) as url:
        made = Journey(kind, url, Migrations(settings_for(url, folder)))
        made.steps.upgrade(BEFORE)
        with made.open() as connection:
            fill(connection, kind)
        made.look("before", BEFORE)
        made.stops["refused before"] = {"all": [tuple(made.refuses(CANCELED, BROUGHT_BACK))]}
        made.steps.upgrade(HERE)
        made.look("up", HERE)
        made.stops["refused up"] = {"all": [tuple(made.refuses(CANCELED, BROUGHT_BACK, LOST))]}
        with made.open() as connection:
            use(connection, kind)
        made.look("used", HERE)
        made.steps.downgrade(BEFORE)
        made.look("down", BEFORE)
        made.stops["refused down"] = {"all": [tuple(made.refuses(CANCELED, BROUGHT_BACK))]}
        made.steps.upgrade(NEXT)
        with made.open() as connection:
            promise(connection, kind)
        made.look("promised", NEXT)
        made.steps.downgrade(HERE)
        made.look("unpromised", HERE)
        made.steps.upgrade(NEXT)
        made.look("again", NEXT)
        yield made


def test_each_line_comes_from_its_shipments_warehouse_and_is_of_its_own_line_of_the_order(journey: Journey) -> None:
    """ERP-03: in each company its own; nothing came back yet."""
    assert journey.sent("up") == journey.sent("before") == [(7, 1, 1.0), (7, 3, 3.0), (14, 1, 1.0), (14, 3, 3.0)]
    places = [(7, 1, 1, 11, 0), (7, 3, 3, 11, 0), (14, 1, 1, 21, 0), (14, 3, 3, 21, 0)]
    assert journey.stops["up"]["places"] == places
    assert set(journey.stops["up"]["returned"]) == {(0,)}


def test_ready_roles_may_do_with_returns_what_they_may_with_shipments(journey: Journey) -> None:
    """ERP-13: a company's own roles stay as it made them."""
    assert journey.rights("up") == {(1, "sales"): {*SOLD, *NEW}, (1, "dock"): set(OWN), (2, "buyer"): {"orders.read"}}
    assert journey.stops["up"]["roles"] == [("buyer", 1), ("dock", 1), ("sales", 5)]


def test_who_is_signed_in_where_rights_changed_is_asked_anew_and_nobody_else(journey: Journey) -> None:
    """ERP-13."""
    (_, one), (_, other) = journey.stops["before"]["companies"]
    assert journey.stops["up"]["companies"] == [(1, one + 1), (2, other)]


def test_the_states_and_kinds_of_the_newer_version_are_let_in_by_it_alone(journey: Journey) -> None:
    """What the CHECKs allow is widened on the way up and narrowed on the way down."""
    told = {stop: journey.stops[f"refused {stop}"]["all"][0] for stop in ("before", "up", "down")}
    assert told == {"before": (True, True), "up": (False, False, True), "down": (True, True)}


def test_no_id_is_given_twice_after_the_tables_were_made_anew(journey: Journey) -> None:
    """SQLite counts in a table of its own, which a rebuilt table would begin again."""
    assert [row[0] for row in journey.stops["used"]["shipments"]] == [7, 14, 90, 100]


def test_a_line_from_two_warehouses_becomes_one_under_its_place_in_the_order(journey: Journey) -> None:
    """ERP-03: as much left as had left; lines that change places do not meet on the way."""
    of_one = [row[1:] for row in journey.sent("used") if row[0] == 90]
    assert of_one == [(1, 2.0), (2, 0.5), (3, 1.0)]
    assert [row[1:] for row in journey.sent("down") if row[0] == 90] == [(1, 1.0), (3, 2.5)]
    assert [row for row in journey.sent("down") if row[0] != 90] == journey.sent("before")


def test_what_only_the_newer_version_knows_is_told_in_the_older_ones_words(journey: Journey) -> None:
    """Goods stay where they went: the ledger keeps every movement."""
    down = journey.stops["down"]
    assert down["shipments"] == [(7, "validated"), (14, "validated"), (90, "closed"), (100, "draft")]
    assert [row[0] for row in down["movements"]] == ["debit", "receive", "receive", "shipment", "shipment"]


def test_rights_that_the_older_version_does_not_know_are_taken_from_all_roles(journey: Journey) -> None:
    """It would refuse to read a role with such a right, the company's own among them."""
    assert "returns.write" in journey.rights("used")[1, "dock"]
    assert journey.rights("down") == {(1, "sales"): set(SOLD), (1, "dock"): set(OWN), (2, "buyer"): {"orders.read"}}


def test_up_again_finds_every_line_and_nothing_of_what_went(journey: Journey) -> None:
    """A line that came from two warehouses comes from the shipment's; carriers and returns are gone."""
    again = journey.stops["promised"]
    assert [row[:4] for row in again["places"] if row[0] == 90] == [(90, 1, 1, 10), (90, 3, 3, 10)]
    assert again["returns"] == again["carriers"] == []


def test_promises_taken_away_leave_what_was_ordered_shipped_and_invoiced(journey: Journey) -> None:
    """0013."""
    assert len(journey.stops["promised"]["ordered"]) == 4
    for stop in ("unpromised", "again"):
        assert journey.stops[stop]["ordered"] == journey.stops["used"]["ordered"]


def test_after_the_way_back_all_that_is_there_is_available_and_nobody_waits(journey: Journey) -> None:
    """0013: a promise nobody kept an account of in the meantime is none."""
    _, there, held, free = journey.stops["promised"]["levels"][0]
    assert (there - held, held > 0) == (free, True)
    assert journey.stops["again"]["levels"] == [(house, there, 0, there) for house in (10, 11, 20, 21)]
    assert set(journey.stops["again"]["promised"]) == {(None, 0, 0)}


def test_what_0013_alone_knows_of_an_order_is_gone_for_good(journey: Journey) -> None:
    """Billed by hand, and what it was before it was amended."""
    stops = journey.stops
    assert [bool(row[1]) for row in stops["promised"]["billed"]] == [True, False]
    assert stops["promised"]["revisions"] == [(1,)]
    assert [bool(row[1]) for row in stops["again"]["billed"]] == [False, False]
    assert stops["again"]["revisions"] == []
