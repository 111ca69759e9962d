"""What the use cases of orders need from outside."""

from __future__ import annotations

from typing import Protocol

from app.domain.sales import Order
from app.domain.shared.ids import OrderId


class Orders(Protocol):
    """Orders of the context's company, always whole: header and lines."""

    def get(self, order: OrderId, *, lock: bool = False) -> Order:
        """Give an order, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def by_external_ref(self, external_ref: str) -> Order | None:
        """Give the order an importer or customer calls ``external_ref``."""
        ...

    def add(self, order: Order) -> None:
        """Store a new order, set its id, and its ref to ``(PROV<id>)``. Raises Taken for the external ref."""
        ...

    def save(self, order: Order, *, lines: bool = True) -> None:
        """Store changes and move the version; ``lines=False`` when only the header changed. Raises Stale, Taken."""
        ...

    def save_progress(self, order: Order) -> None:
        """Store state, version and what was shipped and invoiced of each line. Raises Stale."""
        ...

    def delete(self, order: Order) -> None:
        """Remove a draft of that version. Raises Stale."""
        ...
