"""The catalogue in SQL."""

from __future__ import annotations

from app.infrastructure.database.repositories.catalogue.pricing import SqlPricing
from app.infrastructure.database.repositories.catalogue.products import SqlProducts
from app.infrastructure.database.repositories.catalogue.records import SqlCatalogue

__all__ = ["SqlCatalogue", "SqlPricing", "SqlProducts"]
