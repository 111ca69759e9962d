"""A small company to try things on: customers, a supplier, products, and stock on the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from app.domain.catalogue import Product, ProductKind
from app.domain.identity import CompanySettings, User
from app.domain.parties import Address, Party
from app.domain.shared.money import currency, price, quantity, rate
from app.domain.stock import MovementKind, Warehouse
from app.usecases.catalogue import CreateProduct
from app.usecases.context import Context
from app.usecases.identity import NewCompany
from app.usecases.parties import CreateParty
from app.usecases.run import Runner
from app.usecases.stock import CreateWarehouse, MoveStock, StockMove

PRODUCTS: Final = (
    ("DESK-140", "Oak desk 140 cm", ProductKind.GOODS, "389.00", "210.50", "20"),
    ("CHAIR-01", "Swivel chair", ProductKind.GOODS, "149.90", "71.25", "20"),
    ("LAMP-07", "Desk lamp", ProductKind.GOODS, "39.95", "14.10", "20"),
    ("BOOK-ERP", "Handbook, printed", ProductKind.GOODS, "24.00", "9.00", "5.5"),
    ("SETUP", "Assembly on site", ProductKind.SERVICE, "65.00", "0", "20"),
)
PARTIES: Final = (
    ("Atelier Lumière SARL", "12 rue des Lilas", "69003", "Lyon", "FR"),
    ("Padaria São João Lda", "Rua da Boavista 41", "4050-107", "Porto", "PT"),
    ("Brennhof Möbel GmbH", "Hafenstr. 9", "20457", "Hamburg", "DE"),
)
STOCK: Final = quantity(Decimal(40))


def demo_company(admin: User) -> NewCompany:
    """Give the demo company administered by ``admin``."""
    return NewCompany(
        name="Tramita Demo",
        country="FR",
        settings=CompanySettings(zone_name="Europe/Paris", currency=currency("EUR")),
        admin=admin,
    )


def fill_demo(context: Context, runner: Runner, cases: Mapping[type[Any], Any]) -> None:
    """Enter a warehouse, products with stock, and third parties in the context's company, through the use cases."""
    place = runner.call(context, cases[CreateWarehouse], partial(Warehouse, ref="MAIN", name="Main warehouse"))
    for ref, name, kind, unit_price, cost_price, vat_rate in PRODUCTS:
        product = partial(
            Product,
            ref=ref,
            name=name,
            kind=kind,
            unit_price=price(Decimal(unit_price)),
            cost_price=price(Decimal(cost_price)),
            vat_rate=rate(Decimal(vat_rate)),
        )
        made = runner.call(context, cases[CreateProduct], product)
        if made.stocked:
            move = partial(StockMove, kind=MovementKind.RECEIVE, product_id=made.id, quantity=STOCK, reason="demo")
            runner.call(context, cases[MoveStock], partial(move, warehouse_id=place.id))
    for name, street, postal_code, city, country in PARTIES:
        address = Address(street=street, postal_code=postal_code, city=city, country=country)
        party = partial(Party, name=name, customer=True, supplier=country == "DE", address=address)
        runner.call(context, cases[CreateParty], party)
