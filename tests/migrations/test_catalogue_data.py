"""Products, customers and lines that were there before the catalogue grew come through it, up and down and up again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Engine, Table, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from app.infrastructure.database.migrate import Migrations, plain_engine
from app.infrastructure.database.tables import catalogue as tables
from app.infrastructure.database.tables.identity import companies
from app.infrastructure.database.tables.parties import third_parties
from app.infrastructure.database.tables.sales import order_lines, orders
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

pytestmark = [by_age("0010"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])]

BEFORE: Final = "0009"
HERE: Final = "0010"
DAY: Final = date(2026, 11, 1)
ONE: Final = Decimal(1)
COMPANY: Final = {"company_id": 1}


def put(connection: Connection, table: Table, **values: Any) -> None:
    """Insert a row of columns that are there at this revision."""
    connection.execute(insert(table).values(**values))


def product(connection: Connection, id_: int, **fields: Any) -> None:
    rest = {"kind": "goods", "description": "", "cost_price": ONE, "archived": False, "version": 1}
    given = {
        "ref": f"P{id_}",
        "name": f"P{id_}",
        "unit_price": Decimal("8.33333333"),
        "vat_rate": Decimal("5.5"),
        **rest,
    }
    put(connection, tables.products, id=id_, **COMPANY, **(given | fields))


def fill_before(connection: Connection) -> None:
    """Enter a company with a customer, a product and an order of it."""
    put(connection, companies, id=1, name="A", country="FR", settings={}, settings_version=1, version=1)
    place = dict.fromkeys(("street", "postal_code", "city", "region", "country"), "")
    roles = {"customer": True, "supplier": True, "archived": False, "version": 1}
    put(connection, third_parties, id=1, name="C", **COMPANY, **place, **roles)
    product(connection, 1)
    money = {"currency": "EUR", "rate": ONE, "company_currency": "EUR", "vat_mode": "per_rate", "note": ""}
    names = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross", "uncharged")
    zero = dict.fromkeys(names, Decimal(0))
    put(connection, orders, id=1, party_id=1, date=DAY, status="draft", version=1, **COMPANY, **money, **zero)
    put_line(connection, 1)


def put_line(connection: Connection, position: int, **fields: Any) -> None:
    """Enter a line of the order, of 1.5 of the product."""
    prices = {"unit_price": ONE, "discount": Decimal(0), "vat_rate": ONE, "net": ONE, "company_net": ONE}
    costs = {"unit_cost": Decimal(0), "company_cost": Decimal(0), "shipped": Decimal(0), "invoiced": Decimal(0)}
    what = {"product_id": 1, "kind": "goods", "description": "x", "quantity": Decimal("1.5")}
    place = {"order_id": 1, "position": position, **COMPANY}
    put(connection, order_lines, **place, **what, **prices, **costs, **fields)


def fill_here(connection: Connection) -> None:
    """Use all that came: a unit, a list, a variant of a kit without a rate of its own, and what hangs on them."""
    record = {"version": 1, **COMPANY}
    put(connection, tables.units, code="KGM", name="K", dimension="mass", factor=ONE, decimals=3, **record)
    put(connection, tables.price_lists, id=1, name="L", currency="EUR", includes_vat=False, **record)
    put(connection, tables.vat_rates, country="FR", category="standard", rate=ONE, valid_from=DAY, **record)
    put(connection, tables.attributes, id=1, name="A", **record)
    put(connection, tables.categories, id=1, kind="product", name="top", **record)
    put(connection, tables.categories, id=2, kind="product", name="below", parent_id=1, **record)
    category = {"vat_rate": None, "vat_category": "standard"}
    product(connection, 2, unit="KGM", kit=True, gross_unit_price=Decimal(10), **category)
    product(connection, 3, parent_id=2, combination="1=red", kit=False, **category)
    put(connection, tables.product_components, product_id=2, position=1, component_id=1, quantity=ONE, **COMPANY)
    put(connection, tables.product_barcodes, product_id=2, position=1, code="96385074", gtin="0" * 14, **COMPANY)
    put(connection, tables.product_values, product_id=3, position=1, attribute_id=1, value="red", **COMPANY)
    put(connection, tables.product_categories, product_id=1, position=1, category_id=2, **COMPANY)
    put(connection, tables.attribute_values, attribute_id=1, position=1, value="red", price_extra=ONE, **COMPANY)
    row = {"product_id": 1, "min_quantity": ONE, "price": ONE, "includes_vat": False}
    put(connection, tables.prices, price_list_id=1, **row, **record)
    connection.execute(update(third_parties).values(price_list_id=1))
    put_line(connection, 2, unit="KGM", entered_quantity=ONE, kit_position=1)


@pytest.fixture
def migrations(kind: str, tmp_path: Path) -> Any:
    """Give a database as it was before, with data."""
    with empty_database(kind, tmp_path) as url:
        made = Migrations(settings_for(url, tmp_path))
        made.upgrade(BEFORE)
        engine = plain_engine(url)
        with engine.begin() as connection:
            fill_before(connection)
        yield made, engine
        engine.dispose()


def test_what_was_there_stays_and_is_nothing_new(migrations: tuple[Migrations, Engine]) -> None:
    """ERP-03: no product is a kit, a variant or gross by itself, and lines are in stock units."""
    moves, engine = migrations
    moves.upgrade(HERE)
    names = ("ref", "unit_price", "vat_rate", "gross_unit_price", "vat_category", "unit", "kit", "parent_id")
    with engine.connect() as connection:
        row = connection.execute(select(*(tables.products.c[name] for name in names))).one()
        assert tuple(row) == ("P1", Decimal("8.33333333"), Decimal("5.5"), None, None, None, False, None)
        kept = ("quantity", "unit", "entered_quantity", "kit_position")
        line = connection.execute(select(*(order_lines.c[name] for name in kept))).one()
        assert tuple(line) == (Decimal("1.5"), None, None, None)
        assert connection.scalar(select(third_parties.c.price_list_id)) is None


def test_going_back_keeps_products_customers_and_lines_and_forward_again_finds_them(
    migrations: tuple[Migrations, Engine],
) -> None:
    """ERP-03: a product without a rate of its own is left with 0 %; what the catalogue kept beside is gone."""
    moves, engine = migrations
    moves.upgrade(HERE)
    with engine.begin() as connection:
        fill_here(connection)
    moves.downgrade(BEFORE)
    with engine.connect() as connection:
        rates = connection.execute(select(tables.products.c.id, tables.products.c.vat_rate)).tuples().all()
        assert dict(rates) == {1: Decimal("5.5"), 2: 0, 3: 0}
        assert connection.scalar(text("SELECT count(*) FROM order_lines")) == 2
        assert connection.scalar(text("SELECT count(*) FROM third_parties")) == 1
    moves.upgrade()
    assert moves.check() == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM units")) == 0
        assert not any(connection.scalars(select(tables.products.c.kit)))


def test_what_came_holds_its_references_and_its_names(migrations: tuple[Migrations, Engine]) -> None:
    """ERP-07: on columns that were added to tables with rows: a unit, a parent and a list that are not there."""
    moves, engine = migrations
    moves.upgrade(HERE)
    with engine.begin() as connection:
        fill_here(connection)
    refused(engine, tables.products, unit="NO")
    refused(engine, tables.products, parent_id=99)
    refused(engine, tables.products, parent_id=2, combination="1=red")
    refused(engine, third_parties, price_list_id=99)


def refused(engine: Engine, table: Table, **wrong: object) -> None:
    """Expect that the first row of a table cannot become so, with foreign keys on."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]
        with pytest.raises(IntegrityError):
            connection.execute(update(table).where(table.c.id == 1).values(**wrong))
        connection.rollback()
