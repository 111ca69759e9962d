"""What the use cases of shipping need from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.domain.parties import Address
from app.domain.shared.dates import Day
from app.domain.shared.ids import CarrierId, InvoiceId, OrderId, ReturnId, ShipmentId
from app.domain.shipping import Carrier, Return, Shipment


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a shipment is of: its order, which never changes, and where the customer lives now."""

    order: OrderId
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What goods come back of; both None for a return that names no shipment."""

    order: OrderId | None
    shipment: ShipmentId | None


class Carriers(Protocol):
    """Carriers of the context's company."""

    def get(self, carrier: CarrierId) -> Carrier:
        """Give a carrier. Raises NotFound."""
        ...

    def add(self, carrier: Carrier) -> None:
        """Store a new carrier and set its id. Raises Taken for the name."""
        ...

    def save(self, carrier: Carrier) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...


class Shipments(Protocol):
    """Shipments of the context's company, always whole."""

    def get(self, shipment: ShipmentId, *, lock: bool = False) -> Shipment:
        """Give a shipment, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def order_of(self, shipment: ShipmentId) -> OrderId:
        """Give the order a shipment belongs to, which never changes. Raises NotFound."""
        ...

    def last_date(self, order: OrderId) -> Day | None:
        """Give the day on which goods of ``order`` left last, None when none did."""
        ...

    def origin(self, shipment: ShipmentId) -> Origin:
        """Give the order a shipment belongs to, and where its customer lives now. Raises NotFound."""
        ...

    def all_closed(self, order: OrderId, *, but: ShipmentId) -> bool:
        """Tell whether every validated shipment of ``order``, leaving ``but`` out, is closed."""
        ...

    def add(self, shipment: Shipment) -> None:
        """Store a new shipment, set its id, and its ref to ``(PROV<id>)``."""
        ...

    def save(self, shipment: Shipment, *, lines: bool = False, parcels: bool = False) -> None:
        """Store all but the lines and parcels, and these too if asked, and move the version. Raises Stale."""
        ...

    def save_returned(self, shipment: Shipment) -> None:
        """Store what came back of each line, and move the version. Raises Stale."""
        ...

    def delete(self, shipment: Shipment) -> None:
        """Remove a draft of that version. Raises Stale."""
        ...


class Returns(Protocol):
    """Returns of the context's company, always whole."""

    def get(self, back: ReturnId, *, lock: bool = False) -> Return:
        """Give a return, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def source(self, back: ReturnId) -> Source:
        """Give the order and shipment that goods come back of, which never change. Raises NotFound."""
        ...

    def credited_by(self, note: InvoiceId) -> ReturnId | None:
        """Give the return that names a credit note, if one does."""
        ...

    def add(self, back: Return) -> None:
        """Store a new return, set its id, and its ref to ``(PROV<id>)``."""
        ...

    def save(self, back: Return, *, values: bool = False) -> None:
        """Store state, ref and credit note, the lines' values if asked, and move the version. Raises Stale."""
        ...

    def delete(self, back: Return) -> None:
        """Remove a draft of that version. Raises Stale."""
        ...
