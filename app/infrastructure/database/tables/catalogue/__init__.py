"""The catalogue: products and all that is said about them."""

from __future__ import annotations

from app.infrastructure.database.tables.catalogue.categories import categories, party_categories
from app.infrastructure.database.tables.catalogue.prices import price_lists, prices
from app.infrastructure.database.tables.catalogue.products import (
    product_barcodes,
    product_categories,
    product_components,
    product_packagings,
    product_suppliers,
    products,
)
from app.infrastructure.database.tables.catalogue.units import units
from app.infrastructure.database.tables.catalogue.variants import attribute_values, attributes, product_values
from app.infrastructure.database.tables.catalogue.vat import vat_rates

__all__ = [
    "attribute_values",
    "attributes",
    "categories",
    "party_categories",
    "price_lists",
    "prices",
    "product_barcodes",
    "product_categories",
    "product_components",
    "product_packagings",
    "product_suppliers",
    "product_values",
    "products",
    "units",
    "vat_rates",
]
