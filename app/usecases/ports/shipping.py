"""What the use cases of shipments need from outside."""

from __future__ import annotations

from typing import Protocol

from app.domain.shared.ids import OrderId, ShipmentId
from app.domain.shipping import Shipment


class Shipments(Protocol):
    """Shipments of the context's company, always whole."""

    def get(self, shipment: ShipmentId, *, lock: bool = False) -> Shipment:
        """Give a shipment, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def order_of(self, shipment: ShipmentId) -> OrderId:
        """Give the order a shipment belongs to, which never changes. Raises NotFound."""
        ...

    def all_closed(self, order: OrderId, *, but: ShipmentId) -> bool:
        """Tell whether every validated shipment of ``order``, leaving ``but`` out, is closed."""
        ...

    def add(self, shipment: Shipment) -> None:
        """Store a new shipment, set its id, and its ref to ``(PROV<id>)``."""
        ...

    def save(self, shipment: Shipment) -> None:
        """Store state, ref and date and move the version; lines never change. Raises Stale."""
        ...

    def delete(self, shipment: Shipment) -> None:
        """Remove a draft of that version. Raises Stale."""
        ...
