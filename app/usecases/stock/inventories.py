"""What is done with inventories: plan, open, count, post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import NotStocked, Product
from app.domain.shared.dates import Day
from app.domain.shared.errors import DomainError, UnknownReference
from app.domain.shared.ids import InventoryId, LocationId, LotId, ProductId, WarehouseId
from app.domain.shared.money import Amount, Quantity
from app.domain.shared.rights import Right
from app.domain.shared.series import SeriesKind
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    ZERO,
    CountByLot,
    Counted,
    CountedTwice,
    Holding,
    Inventory,
    InventoryScope,
    InventoryState,
    Location,
    LocationElsewhere,
    Lot,
    MovementKind,
    NegativeQuantity,
    Occasion,
    SerialCount,
    SheetLine,
    Shelf,
    within,
)
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, Numbering, warehouse
from app.usecases.stock.locations import check_stocked, named_location
from app.usecases.stock.recording import Entry, enter, record

INVENTORIES = Listing(
    name="inventories",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="ref", kind=FieldKind.TEXT, sortable=True),
        ListField(name="warehouse_id", kind=FieldKind.ID),
        ListField(name="location_id", kind=FieldKind.ID, nullable=True),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="note", kind=FieldKind.TEXT),
        ListField(name="blind", kind=FieldKind.FLAG),
        ListField(name="zero_uncounted", kind=FieldKind.FLAG),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(InventoryState)),
        ListField(name="value", kind=FieldKind.AMOUNT, nullable=True),
    ),
    default_sort=(Sort(field="id", descending=True),),
)
SHEETS = Listing(
    name="inventory-lines",
    fields=(
        ListField(name="inventory_id", kind=FieldKind.ID, sortable=True),
        ListField(name="position", kind=FieldKind.ID, sortable=True),
        ListField(name="product_id", kind=FieldKind.ID),
        ListField(name="lot_id", kind=FieldKind.ID, nullable=True),
        ListField(name="location_id", kind=FieldKind.ID, nullable=True),
        ListField(name="expected", kind=FieldKind.QUANTITY, nullable=True),
        ListField(name="booked", kind=FieldKind.QUANTITY, nullable=True),
        ListField(name="counted", kind=FieldKind.QUANTITY, nullable=True),
        ListField(name="counted_by", kind=FieldKind.ID, nullable=True),
        ListField(name="counted_at", kind=FieldKind.INSTANT, nullable=True),
        ListField(name="variance", kind=FieldKind.QUANTITY, nullable=True),
        ListField(name="value", kind=FieldKind.AMOUNT, nullable=True),
    ),
    default_sort=(Sort(field="inventory_id"), Sort(field="position")),
    key=("inventory_id", "position"),
)
COUNTS = Listing(
    name="inventory-counts",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="inventory_id", kind=FieldKind.ID),
        ListField(name="position", kind=FieldKind.ID),
        ListField(name="quantity", kind=FieldKind.QUANTITY),
        ListField(name="counted_by", kind=FieldKind.ID),
        ListField(name="counted_at", kind=FieldKind.INSTANT),
    ),
    default_sort=(Sort(field="id"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryDraft:
    """An inventory as asked for: ``warehouse_id`` None is the default one, ``date`` None today."""

    warehouse_id: WarehouseId | None = None
    location_id: LocationId | None = None
    product_ids: tuple[ProductId, ...] = ()
    date: Day | None = None
    note: str = ""
    blind: bool = False
    zero_uncounted: bool = False


@dataclass(frozen=True, slots=True)
class CreateInventory:
    """Plan to count a warehouse, the products placed in one of its locations, or named products.

    Raises UnknownReference, NotStocked, LocationElsewhere, InventoryScope, NoWarehouse, WarehouseArchived.
    """

    clock: Clock
    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InventoryDraft) -> Inventory:
        """Give the draft with its id."""
        if request.location_id is not None and request.product_ids:
            raise InventoryScope(at=("product_ids",))
        place = warehouse(work, context, request.warehouse_id)
        if request.location_id is not None:
            _location(work, place.id, request.location_id)
        check_stocked(work, request.product_ids)
        inventory = Inventory(
            warehouse_id=place.id,
            location_id=request.location_id,
            date=request.date or self.clock.today(context.zone),
            note=request.note,
            blind=request.blind,
            zero_uncounted=request.zero_uncounted,
        )
        lines = [SheetLine(position=at, product_id=one) for at, one in enumerate(_distinct(request.product_ids), 1)]
        work.inventories.add(inventory, lines)
        work.outbox.add(inventory.created())
        return inventory


def _distinct(products: Sequence[ProductId]) -> list[ProductId]:
    return list(dict.fromkeys(products))


def _location(work: Work, place: WarehouseId, wanted: LocationId) -> Location:
    found = named_location(work, wanted, "location_id")
    if found.warehouse_id != place:
        raise LocationElsewhere(at=("location_id",), location=found.id, warehouse=place)
    return found


@dataclass(frozen=True, slots=True)
class ReadInventory:
    """Show one inventory. Raises NotFound."""

    right: ClassVar[Right] = Right.STOCK_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: InventoryId) -> Inventory:
        """Give the inventory without its lines."""
        return work.inventories.get(request)


@dataclass(frozen=True, slots=True)
class OpenInventory:
    """Write down what ought to be there and begin to count. Raises NotFound, InvalidTransition."""

    numbering: Numbering
    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InventoryId) -> Inventory:
        """Give the open inventory."""
        inventory = work.inventories.get(request, lock=True)
        inventory.can_open()
        places = None
        if inventory.location_id is not None:
            places = within(inventory.location_id, work.locations.tree(inventory.warehouse_id))
        lines = work.inventories.expected(inventory, places)
        found = {line.product_id for line in lines}
        for named in work.inventories.lines(inventory.id):
            if named.product_id not in found:
                lines.append(SheetLine(position=0, product_id=named.product_id, expected=Quantity(ZERO)))
        for position, line in enumerate(lines, 1):
            line.position = position
        opened = inventory.open(self.numbering.fast(work, context, SeriesKind.INVENTORY, inventory.date))
        work.inventories.write(inventory.id, lines)
        work.inventories.save(inventory)
        work.outbox.add(opened)
        return inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPart:
    """What was counted of a product, or of one of its lots; the place counts for what nobody expected."""

    product_id: ProductId
    lot: str | None = None
    location_id: LocationId | None = None
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRequest:
    """Counts of several lines of one inventory."""

    inventory_id: InventoryId
    lines: tuple[CountPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTaken:
    """The lines counted."""

    inventory: Inventory
    lines: Sequence[SheetLine]


@dataclass(frozen=True, slots=True)
class CountInventory:
    """Enter counts of an open inventory; the last count of a line stands, what nobody expected is added.

    Raises NotFound, InventoryNotOpen, UnknownReference, NotStocked, CountByLot, SerialCount, CountedTwice,
    NegativeQuantity, LocationElsewhere.
    """

    clock: Clock
    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: CountRequest) -> CountTaken:
        """Give the lines counted."""
        inventory = work.inventories.get(request.inventory_id, lock=True)
        inventory.takes_counts()
        products = _counted_products(work, request.lines)
        lots = _lots(work, request.lines)
        keys = [(part.product_id, _lot_id(lots, part)) for part in request.lines]
        known = {(line.product_id, line.lot_id): line for line in work.inventories.lines(inventory.id, products)}
        position = work.inventories.last_position(inventory.id)
        booked = work.inventories.booked(inventory.warehouse_id, products)
        held = work.lots.levels(inventory.warehouse_id, [lot for _, lot in keys if lot is not None])
        now, seen = self.clock.now(), set()
        new: list[SheetLine] = []
        lines: list[SheetLine] = []
        counted: list[Counted] = []
        for index, (part, key) in enumerate(zip(request.lines, keys, strict=True)):
            try:
                if key in seen:
                    raise CountedTwice(at=("product_id",), product=part.product_id)
                seen.add(key)
                line = known.get(key)
                if line is None:
                    position += 1
                    line = SheetLine(position=position, product_id=key[0], lot_id=key[1], expected=Quantity(ZERO))
                    if part.location_id is not None:
                        line.location_id = _location(work, inventory.warehouse_id, part.location_id).id
                    new.append(line)
                here = booked.get(key[0]) if key[1] is None else held.get(key[1])
                counted.append(line.count(part.quantity, here or Quantity(ZERO), context.actor, now))
                lines.append(line)
            except DomainError as error:
                raise error.within("lines", index) from None
        work.inventories.append(inventory.id, new)
        work.inventories.save_counts(inventory.id, lines, counted)
        work.outbox.add(inventory.counts(one.position for one in counted))
        return CountTaken(inventory=inventory, lines=lines)


def _counted_products(work: Work, parts: Sequence[CountPart]) -> Mapping[ProductId, Product]:
    known = work.products.of({part.product_id for part in parts})
    for index, part in enumerate(parts):
        product = known.get(part.product_id)
        if product is None:
            raise UnknownReference(at=("lines", index, "product_id"), kind="product", value=part.product_id)
        if not product.stocked:
            raise NotStocked(at=("lines", index, "product_id"), product=product.id)
        if (part.lot is None) != (product.tracking is Tracking.NONE):
            raise CountByLot(at=("lines", index, "lot"), product=product.id)
        if part.quantity < 0:
            raise NegativeQuantity(at=("lines", index, "quantity"))
        if product.tracking is Tracking.SERIAL and part.quantity not in {0, 1}:
            raise SerialCount(at=("lines", index, "quantity"), value=part.quantity)
    return known


def _lots(work: Work, parts: Sequence[CountPart]) -> Mapping[tuple[ProductId, str], Lot]:
    """Give the lots counted by product and code; those that nobody knew are entered."""
    wanted: dict[ProductId, set[str]] = {}
    for part in parts:
        if part.lot is not None:
            wanted.setdefault(part.product_id, set()).add(part.lot)
    if not wanted:
        return {}
    found = {(lot.product_id, lot.code): lot for lot in work.lots.by_codes(wanted)}
    missing = [
        Lot(product_id=product, code=code)
        for product, codes in wanted.items()
        for code in sorted(codes)
        if (product, code) not in found
    ]
    found.update({(lot.product_id, lot.code): lot for lot in enter(work, missing)})
    return found


def _lot_id(lots: Mapping[tuple[ProductId, str], Lot], part: CountPart) -> LotId | None:
    return None if part.lot is None else lots[part.product_id, part.lot].id


@dataclass(frozen=True, slots=True)
class PostInventory:
    """Make what was counted what is in stock: each line's variance is applied to the level as it is now.

    Raises NotFound, InvalidTransition, NotEnoughStock, LotShort, SerialInStock, WarehouseArchived, and CountByLot for a
    product that was counted before it was tracked, or the other way round.
    """

    clock: Clock
    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InventoryId) -> Inventory:
        """Give the posted inventory."""
        inventory = work.inventories.get(request, lock=True)
        inventory.can_post()
        counted: list[SheetLine] = []
        for line in work.inventories.lines(inventory.id):
            line.variance = line.difference(zero_uncounted=inventory.zero_uncounted)
            if line.variance is not None:
                line.value = Amount(ZERO)
                counted.append(line)
        self._move(work, context, inventory, [line for line in counted if line.variance])
        posted = inventory.post(counted)
        work.inventories.save_variances(inventory.id, counted)
        work.inventories.save(inventory)
        work.outbox.add(posted)
        return inventory

    def _move(self, work: Work, context: Context, inventory: Inventory, lines: Sequence[SheetLine]) -> None:
        place = warehouse(work, context, inventory.warehouse_id)
        held = work.stock.hold(place, {line.product_id for line in lines})
        _price(work, held)
        shelves = _shelves(work, held, lines)
        occasion = Occasion(
            kind=MovementKind.COUNT,
            on=inventory.date,
            at=self.clock.now(),
            reason=inventory.note or inventory.ref,
            inventory=inventory.id,
        )
        entries = []
        # What was found before what was missed: a lot taken for another leaves nobody short in between.
        for line in sorted(lines, key=lambda one: (one.variance or ZERO) < 0):
            variance = line.variance or Quantity(ZERO)
            if (line.lot_id is None) != (held[line.product_id].cost.tracking is Tracking.NONE):
                raise CountByLot(at=("lines",), product=line.product_id)
            movement = held[line.product_id].adjust(variance, occasion)
            moved = []
            if line.lot_id is not None:
                shelf = shelves[place.id, line.product_id]
                moved = shelf.adjust(shelf.lots[line.lot_id], variance)
            line.value = movement.value
            entries.append(Entry(movement=movement, lots=moved))
        record(work, held.values(), entries, shelves.values())


def _price(work: Work, held: Mapping[ProductId, Holding]) -> None:
    """Let products that never had a cost enter at the one the catalogue knows."""
    fresh = [one for one, holding in held.items() if holding.cost.average == 0 and holding.cost.quantity == 0]
    for product in work.products.of(fresh).values() if fresh else ():
        held[product.id].cost.average = product.cost_price


def _shelves(
    work: Work, held: Mapping[ProductId, Holding], lines: Sequence[SheetLine]
) -> Mapping[tuple[WarehouseId, ProductId], Shelf]:
    """Give the lots of the products counted by lot."""
    by_lot = {line.lot_id for line in lines if line.lot_id is not None}
    if not by_lot:
        return {}
    codes: dict[ProductId, set[str]] = {}
    for lot in work.lots.of(by_lot).values():
        codes.setdefault(lot.product_id, set()).add(lot.code)
    return work.lots.shelves(held.values(), codes)


@dataclass(frozen=True, slots=True)
class CancelInventory:
    """Give an inventory up; nothing moves. Raises NotFound, InvalidTransition."""

    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: InventoryId) -> Inventory:
        """Give the canceled inventory."""
        inventory = work.inventories.get(request, lock=True)
        canceled = inventory.cancel()
        work.inventories.save(inventory)
        work.outbox.add(canceled)
        return inventory


class ListInventories(ListCase):
    """List inventories, newest first."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = INVENTORIES


class ListSheets(ListCase):
    """List the lines of inventories: the count sheets. A blind one hides what is expected until it is posted."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = SHEETS


class ListCounts(ListCase):
    """List who counted what, and when."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = COUNTS
