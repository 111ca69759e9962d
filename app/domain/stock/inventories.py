"""Inventories: the stock of a warehouse, or of part of it, counted and set right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import InventoryId, LocationId, LotId, ProductId, UserId, WarehouseId
from app.domain.shared.money import Amount, Quantity, quantity
from app.domain.shared.states import advance
from app.domain.stock.movements import ZERO, NegativeQuantity
from app.workflow.kernel.lifecycle import Lifecycle, Transition


class InventoryState(StrEnum):
    """Where an inventory stands."""

    DRAFT = "draft"
    OPEN = "open"
    POSTED = "posted"
    CANCELED = "canceled"


class InventoryNotOpen(Conflict):
    """Counts are taken only while the inventory is open."""

    code = "stock.inventory_not_open"


class CountByLot(Invalid):
    """Only a tracked product is counted by lot, and each of its lots by itself."""

    code = "stock.count_by_lot"


class SerialCount(Invalid):
    """A piece with a serial number is there once or not at all."""

    code = "stock.serial_count"


class InventoryScope(Invalid):
    """An inventory is about named products or about a location, not both."""

    code = "stock.inventory_scope"


class CountedTwice(Invalid):
    """One product, or one lot of it, is counted twice in the request."""

    code = "stock.counted_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryEvent(Event):
    """What all events of an inventory share."""

    aggregate: ClassVar[str] = "inventory"
    id: InventoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryCreated(InventoryEvent):
    """An inventory was planned."""

    name: ClassVar[str] = "stock.inventory_created"
    warehouse: WarehouseId


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryOpened(InventoryEvent):
    """What ought to be there was written down, and counting began."""

    name: ClassVar[str] = "stock.inventory_opened"
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryCounted(InventoryEvent):
    """Lines of an inventory were counted; ``positions`` are theirs."""

    name: ClassVar[str] = "stock.inventory_counted"
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPosted(InventoryEvent):
    """What was counted became what is in stock; ``value`` is how much the stock's value grew."""

    name: ClassVar[str] = "stock.inventory_posted"
    variances: int
    value: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryCanceled(InventoryEvent):
    """An inventory was given up; nothing moved."""

    name: ClassVar[str] = "stock.inventory_canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What somebody counted on one line; the last count stands."""

    position: int
    quantity: Quantity
    by: UserId
    at: datetime


@dataclass(slots=True, kw_only=True)
class SheetLine:
    """One product, or one lot of a tracked one, on a count sheet.

    ``expected`` was in stock when the inventory was opened, ``booked`` when the line was counted: what moved after the
    count keeps its effect. ``variance`` and ``value`` are known once posted.
    """

    position: int
    product_id: ProductId
    lot_id: LotId | None = None
    location_id: LocationId | None = None
    expected: Quantity | None = None
    booked: Quantity | None = None
    counted: Quantity | None = None
    counted_by: UserId | None = None
    counted_at: datetime | None = None
    variance: Quantity | None = None
    value: Amount | None = None

    def count(self, counted: Quantity, booked: Quantity, by: UserId, at: datetime) -> Counted:
        """Note what was counted while ``booked`` was in the books. Raises NegativeQuantity."""
        if counted < 0:
            raise NegativeQuantity(at=("quantity",))
        self.counted, self.booked, self.counted_by, self.counted_at = counted, booked, by, at
        return Counted(position=self.position, quantity=counted, by=by, at=at)

    def difference(self, *, zero_uncounted: bool) -> Quantity | None:
        """Give what the count is above the books; None for a line that stays as it is.

        An uncounted line counts as nothing with ``zero_uncounted``: what was expected is missing.
        """
        if self.counted is not None:
            return quantity(self.counted - (self.booked or ZERO))
        return quantity(ZERO - self.expected) if zero_uncounted and self.expected else None


@dataclass(slots=True, kw_only=True)
class Inventory:
    """A session of counting in one warehouse. ``ref`` is ``(PROV<id>)`` until it is opened.

    It is about the products named when it was planned, those placed in a location, or all of the warehouse.
    """

    id: InventoryId = InventoryId(0)
    ref: str = ""
    warehouse_id: WarehouseId
    location_id: LocationId | None = None
    date: Day
    note: str = ""
    blind: bool = False
    zero_uncounted: bool = False
    state: InventoryState = InventoryState.DRAFT
    value: Amount | None = None
    version: int = 0

    def created(self) -> InventoryCreated:
        """Give the event of its entry, once it has an id."""
        return InventoryCreated(id=self.id, warehouse=self.warehouse_id)

    def can_open(self) -> None:
        """Pass only an inventory that may be opened. Raises InvalidTransition."""
        advance(INVENTORY, self.state, "open", self)

    def open(self, ref: str) -> InventoryOpened:
        """Begin counting under the inventory's number. Raises InvalidTransition."""
        self.state = advance(INVENTORY, self.state, "open", self)
        self.ref = ref
        return InventoryOpened(id=self.id, ref=ref)

    def takes_counts(self) -> None:
        """Pass only an inventory that is open. Raises InventoryNotOpen."""
        if self.state is not InventoryState.OPEN:
            raise InventoryNotOpen(inventory=self.id, state=self.state.value)

    def counts(self, positions: Iterable[int]) -> InventoryCounted:
        """Give the event of lines that were counted."""
        return InventoryCounted(id=self.id, positions=tuple(sorted(positions)))

    def can_post(self) -> None:
        """Pass only an inventory that may be posted. Raises InvalidTransition."""
        advance(INVENTORY, self.state, "post", self)

    def post(self, lines: Iterable[SheetLine]) -> InventoryPosted:
        """Close the session, its lines having their variances. Raises InvalidTransition."""
        self.state = advance(INVENTORY, self.state, "post", self)
        found = [line for line in lines if line.variance]
        self.value = Amount(sum((line.value or ZERO for line in found), Decimal(0)))
        return InventoryPosted(id=self.id, variances=len(found), value=self.value)

    def cancel(self) -> InventoryCanceled:
        """Give the session up. Raises InvalidTransition."""
        self.state = advance(INVENTORY, self.state, "cancel", self)
        return InventoryCanceled(id=self.id)


INVENTORY: Final = Lifecycle[InventoryState](
    "inventory",
    InventoryState,
    initial=InventoryState.DRAFT,
    transitions=(
        Transition("open", InventoryState.DRAFT, InventoryState.OPEN),
        Transition("post", InventoryState.OPEN, InventoryState.POSTED),
        Transition("cancel", InventoryState.DRAFT, InventoryState.CANCELED),
        Transition("cancel", InventoryState.OPEN, InventoryState.CANCELED),
    ),
)
