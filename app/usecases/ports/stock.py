"""What the use cases of stock need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from app.domain.shared.ids import (
    InventoryId,
    LocationId,
    LotId,
    MovementId,
    ProductId,
    ReturnId,
    ShipmentId,
    StockRuleId,
    TransferId,
    WarehouseId,
)
from app.domain.shared.money import Amount, Quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    Counted,
    Holding,
    Inventory,
    Level,
    Levels,
    Location,
    Lot,
    LotMoved,
    Movement,
    SheetLine,
    Shelf,
    StockRule,
    Transfer,
    Waiting,
    Warehouse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What left with a shipment: so much of a product from a warehouse, for so much of the company's currency."""

    warehouse: WarehouseId
    product: ProductId
    quantity: Quantity
    value: Amount


class Warehouses(Protocol):
    """Warehouses of the context's company."""

    def get(self, warehouse: WarehouseId) -> Warehouse:
        """Give a warehouse. Raises NotFound."""
        ...

    def of(self, warehouses: Iterable[WarehouseId]) -> Mapping[WarehouseId, Warehouse]:
        """Give those of ``warehouses`` that exist, by one statement."""
        ...

    def by_ref(self, ref: str) -> Warehouse | None:
        """Give the warehouse called ``ref``."""
        ...

    def add(self, warehouse: Warehouse) -> None:
        """Store a new warehouse and set its id. Raises Taken for the ref."""
        ...

    def save(self, warehouse: Warehouse) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...


class Stock(Protocol):
    """Levels, costs and the ledger of the context's company."""

    def hold(self, warehouse: Warehouse, products: Iterable[ProductId]) -> Mapping[ProductId, Holding]:
        """Give each product's level and cost locked until the end of the transaction.

        Rows that are not there yet are made first, set-wise in key order; then the cost rows are locked by product,
        then the level rows by (warehouse, product), so that two debits never deadlock (ERP-07).
        """
        ...

    def hold_all(
        self, wanted: Iterable[tuple[Warehouse, ProductId]]
    ) -> Mapping[tuple[WarehouseId, ProductId], Holding]:
        """Give levels in several warehouses with their costs, locked as ``hold`` does, by two statements.

        Holdings of one product share its cost.
        """
        ...

    def gone(self, shipment: ShipmentId) -> Sequence[Gone]:
        """Give what left with a shipment, in the order of its movements."""
        ...

    def lock(self, wanted: Mapping[WarehouseId, Iterable[ProductId]]) -> None:
        """Lock the costs and levels of products in several warehouses; holding them again then waits for nobody.

        The order is that of ``hold``: all costs by product, then all levels by (warehouse, product).
        """
        ...

    def levels(self, wanted: Mapping[WarehouseId, Iterable[ProductId]]) -> Levels:
        """Give the levels of products in several warehouses, locked by (warehouse, product); no costs are locked.

        What is reserved, in a level and in the lines of orders, is only changed by who has the level locked.
        """
        ...

    def save_levels(self, levels: Iterable[Level]) -> None:
        """Store what locked levels became without a movement: only what is reserved may differ."""
        ...

    def waiting(self, levels: Iterable[Level]) -> Sequence[Waiting]:
        """Give lines of orders that wait for the products of locked levels, by (date, order, position).

        At most 500 for each warehouse; whoever raises the level next goes on with those after.
        """
        ...

    def promise(self, served: Sequence[Waiting]) -> None:
        """Store what lines that waited for locked levels have reserved now."""
        ...

    def post(self, holdings: Iterable[Holding], movements: Sequence[Movement]) -> Sequence[Movement]:
        """Store what the held levels and costs became and append ``movements``; they come back with their ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LotAway:
    """So much of one lot that a document took from a warehouse, less what it put back there."""

    warehouse: WarehouseId
    lot: Lot
    quantity: Quantity


class Lots(Protocol):
    """Lots of the context's company, and how much of them is where."""

    def away(self, shipment: ShipmentId) -> Sequence[LotAway]:
        """Give the lots that left with a shipment and did not come back by its returns; those put back are below zero.

        What a return put into another warehouse than it left from counts there.
        """
        ...

    def came(self, back: ReturnId) -> Sequence[LotAway]:
        """Give the lots that a return put into stock, below zero."""
        ...

    def get(self, lot: LotId) -> Lot:
        """Give a lot. Raises NotFound."""
        ...

    def add(self, lot: Lot) -> None:
        """Store a new lot and set its id. Raises Taken for the code."""
        ...

    def add_many(self, lots: Sequence[Lot]) -> None:
        """Store lots met for the first time and set their ids. Raises RolledBack when somebody else was first."""
        ...

    def save(self, lot: Lot) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...

    def track(self, product: ProductId, tracking: Tracking) -> bool:
        """Say from now on how a product is tracked, its cost locked; False when some of it is in stock."""
        ...

    def shelves(
        self, holdings: Iterable[Holding], codes: Mapping[ProductId, Iterable[str]]
    ) -> Mapping[tuple[WarehouseId, ProductId], Shelf]:
        """Give the lots of held tracked products: those that are there, and those called by ``codes``."""
        ...

    def save_shelves(self, shelves: Iterable[Shelf], moved: Mapping[MovementId, Sequence[LotMoved]]) -> None:
        """Store what became of lots, and what each movement did to them."""
        ...

    def levels(self, warehouse: WarehouseId, lots: Iterable[LotId]) -> Mapping[LotId, Quantity]:
        """Give how much of each lot is in a warehouse; those of which there is nothing are left out."""
        ...

    def by_codes(self, codes: Mapping[ProductId, Iterable[str]]) -> Sequence[Lot]:
        """Give the lots of products that are called so."""
        ...

    def of(self, lots: Iterable[LotId]) -> Mapping[LotId, Lot]:
        """Give lots by id."""
        ...


class Transfers(Protocol):
    """Transfers of the context's company."""

    def get(self, transfer: TransferId) -> Transfer:
        """Give a transfer with its lines. Raises NotFound."""
        ...

    def add(self, transfer: Transfer) -> None:
        """Store a new transfer with its lines and set its id."""
        ...


class Locations(Protocol):
    """Locations in the warehouses of the context's company, and the places of products."""

    def get(self, location: LocationId) -> Location:
        """Give a location. Raises NotFound."""
        ...

    def tree(self, warehouse: WarehouseId) -> Mapping[LocationId, LocationId | None]:
        """Give the parent of each location of a warehouse."""
        ...

    def add(self, location: Location) -> None:
        """Store a new location and set its id. Raises Taken for the code."""
        ...

    def save(self, location: Location) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...

    def place(self, location: Location, products: Iterable[ProductId]) -> None:
        """Give products their place in the location, instead of where they had it in its warehouse."""
        ...


class StockRules(Protocol):
    """Rules of minimum stock of the context's company."""

    def get(self, rule: StockRuleId) -> StockRule:
        """Give a rule. Raises NotFound."""
        ...

    def add(self, rule: StockRule) -> None:
        """Store a new rule, set its id, and tell the held level. Raises Taken for the product there."""
        ...

    def save(self, rule: StockRule) -> None:
        """Store changes, move the version, and tell the held level. Raises Stale."""
        ...

    def remove(self, rule: StockRule) -> None:
        """Remove a rule of that version, from the held level too. Raises Stale."""
        ...


class Inventories(Protocol):
    """Sessions of counting in the context's company; lines are read apart, for there are many."""

    def get(self, inventory: InventoryId, *, lock: bool = False) -> Inventory:
        """Give an inventory, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def add(self, inventory: Inventory, lines: Sequence[SheetLine]) -> None:
        """Store a new inventory with the products it is about; set its id, and its ref to ``(PROV<id>)``."""
        ...

    def save(self, inventory: Inventory) -> None:
        """Store state, ref and value and move the version. Raises Stale."""
        ...

    def lines(self, inventory: InventoryId, products: Iterable[ProductId] | None = None) -> list[SheetLine]:
        """Give the lines of an inventory by position, or those of some products."""
        ...

    def expected(self, inventory: Inventory, locations: Iterable[LocationId] | None) -> list[SheetLine]:
        """Give a line, without a position, for each product and lot that ought to be there now.

        They are those of the products named when it was planned; else of those placed in ``locations``; else of all.
        """
        ...

    def write(self, inventory: InventoryId, lines: Sequence[SheetLine]) -> None:
        """Put ``lines`` in the place of all there were."""
        ...

    def append(self, inventory: InventoryId, lines: Sequence[SheetLine]) -> None:
        """Add lines to the sheet."""
        ...

    def last_position(self, inventory: InventoryId) -> int:
        """Give the position of the last line, 0 without lines."""
        ...

    def save_counts(self, inventory: InventoryId, lines: Sequence[SheetLine], counted: Sequence[Counted]) -> None:
        """Store what was counted on lines, and keep each count."""
        ...

    def save_variances(self, inventory: InventoryId, lines: Sequence[SheetLine]) -> None:
        """Store the variances of lines and their values."""
        ...

    def booked(self, warehouse: WarehouseId, products: Iterable[ProductId]) -> Mapping[ProductId, Quantity]:
        """Give how much of each product is in a warehouse, without a lock."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSum:
    """What moved of one product in one warehouse up to a day: the sums of quantities and of values."""

    product: ProductId
    ref: str
    name: str
    warehouse: WarehouseId
    quantity: Quantity
    value: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortStock:
    """A product of which less is in a warehouse than its rule asks for."""

    ref: str
    name: str
    rule: StockRule
    available: Quantity


class StockReports(Protocol):
    """Sums over the stock of the context's company."""

    def sums(self, on: date) -> Sequence[StockSum]:
        """Give what moved until the end of a day, by product and warehouse."""
        ...

    def short(self) -> Sequence[ShortStock]:
        """Give what is below its minimum now, by product and warehouse."""
        ...
