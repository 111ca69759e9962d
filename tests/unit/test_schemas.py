"""What the schemas of the API promise about texts, held against the columns that keep them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from pydantic import BaseModel
from sqlalchemy import String, Table

from app.api.schemas import billing, parties, sales, stock
from app.api.schemas.catalogue import categories, hanging, prices, products, units, variants, vat
from app.infrastructure.database.tables import billing as billing_tables
from app.infrastructure.database.tables import catalogue as catalogue_tables
from app.infrastructure.database.tables import parties as parties_tables
from app.infrastructure.database.tables import sales as sales_tables
from app.infrastructure.database.tables import stock as stock_tables

pytestmark = pytest.mark.fast

KEPT: Final[list[tuple[type[BaseModel], Table]]] = [
    (parties.PartyIn, parties_tables.third_parties),
    (parties.PartyChange, parties_tables.third_parties),
    (parties.AddressIn, parties_tables.third_parties),
    (parties.AddressChange, parties_tables.third_parties),
    (products.ProductIn, catalogue_tables.products),
    (products.ProductChange, catalogue_tables.products),
    (prices.PriceListIn, catalogue_tables.price_lists),
    (prices.PriceListChange, catalogue_tables.price_lists),
    (prices.PartyPriceIn, catalogue_tables.prices),
    (vat.VatRateIn, catalogue_tables.vat_rates),
    (units.UnitIn, catalogue_tables.units),
    (units.UnitChange, catalogue_tables.units),
    (categories.CategoryIn, catalogue_tables.categories),
    (categories.CategoryChange, catalogue_tables.categories),
    (variants.AttributeIn, catalogue_tables.attributes),
    (variants.ValueIn, catalogue_tables.attribute_values),
    (hanging.PackagingIn, catalogue_tables.product_packagings),
    (hanging.SupplierPriceIn, catalogue_tables.product_suppliers),
    (stock.WarehouseIn, stock_tables.warehouses),
    (stock.WarehouseChange, stock_tables.warehouses),
    (stock.StockMoveIn, stock_tables.stock_movements),
    (sales.OrderIn, sales_tables.orders),
    (sales.OrderChange, sales_tables.orders),
    (billing.InvoiceIn, billing_tables.invoices),
    (billing.InvoiceChange, billing_tables.invoices),
]
LONGEST: Final = 10_000
CODES: Final = {"^([A-Z]{2})?$", "^[A-Z]{2}$", "^[A-Z]{3}$", "^[A-Z0-9]{2,8}$", "^[a-z][a-z0-9_]{0,19}$"}


def texts(schema: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Give the fields that take free text."""
    found = {}
    for name, field in schema.model_json_schema()["properties"].items():
        kinds = [field, *field.get("anyOf", ())]
        text = next((one for one in kinds if one.get("type") == "string" and not one.keys() & {"format", "enum"}), None)
        if text is not None:
            found[name] = text
    return found


def length_of(table: Table, name: str) -> int:
    """Give how many characters a column takes; long texts take what the API allows."""
    kept = table.c[name].type
    short = getattr(kept, "impl", kept)
    return short.length or LONGEST if isinstance(short, String) else LONGEST


@pytest.mark.parametrize(("schema", "table"), KEPT, ids=lambda one: getattr(one, "__name__", ""))
def test_a_text_may_be_as_long_as_its_column(schema: type[BaseModel], table: Table) -> None:
    """Design 4: refused with a pointer, never cut off nor by an error of the database."""
    found = texts(schema)
    lengths = {name: text["maxLength"] for name, text in found.items() if "pattern" not in text}
    assert lengths == {name: length_of(table, name) for name in lengths}
    for name, text in found.items():
        # What has a pattern is a code that its column has room for.
        assert name in lengths or text["pattern"] in CODES
