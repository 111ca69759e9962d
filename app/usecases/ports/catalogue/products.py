"""Where products are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from app.domain.catalogue import Product
from app.domain.shared.ids import ProductId


class Products(Protocol):
    """Products of the context's company."""

    def get(self, product: ProductId) -> Product:
        """Give a product. Raises NotFound."""
        ...

    def of(self, products: Iterable[ProductId]) -> Mapping[ProductId, Product]:
        """Give those of ``products`` that exist with what they cost on average, by one statement."""
        ...

    def by_ref(self, refs: Iterable[str]) -> Mapping[str, Product]:
        """Give those of ``refs`` that exist, by one statement."""
        ...

    def add(self, product: Product) -> None:
        """Store a new product and set its id. Raises Taken for the ref."""
        ...

    def save(self, product: Product) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...
