"""What the use cases of the catalogue need from outside."""

from __future__ import annotations

from app.usecases.ports.catalogue.products import Products
from app.usecases.ports.catalogue.records import Catalogue, Pricing

__all__ = ["Catalogue", "Pricing", "Products"]
