"""What the use cases of orders need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.domain.sales import Order, Revision
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

    def save_reserved(self, order: Order, *, header: bool = True) -> None:
        """Store state and version, and of each line of goods what is shipped, reserved and back-ordered.

        The levels of the goods are locked. Raises Stale, and RolledBack when stock that came before they were was
        reserved for the order. ``header=False`` leaves state and version, which are stored already.
        """
        ...

    def still_held(self, order: Order) -> None:
        """Pass only an order of which nothing was reserved since it was read. Raises RolledBack otherwise.

        Asked when stock seems not to be enough: it may have been reserved for this very order.
        """
        ...

    def followed(self, order: OrderId) -> bool:
        """Tell whether there is a shipment or an invoice of the order, a draft or not."""
        ...

    def keep(self, revision: Revision) -> None:
        """Keep what an order was before an amendment."""
        ...

    def revisions(self, order: OrderId, *, before: int | None, limit: int) -> Sequence[Revision]:
        """Give at most ``limit`` revisions, newest first, those below ``before`` when it is given."""
        ...

    def delete(self, order: Order) -> None:
        """Remove a draft of that version. Raises Stale."""
        ...
