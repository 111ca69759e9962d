"""What is done with the stock in warehouses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import NotStocked, Product
from app.domain.shared.errors import DomainError, NotFound, UnknownReference
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import Price, Quantity, quantity
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.shared.tracking import Tracking
from app.domain.stock import (
    ZERO,
    CostOnlyOnReceipt,
    Holding,
    LotMoved,
    LotPart,
    LotsNotTracked,
    Movement,
    MovementKind,
    Occasion,
    Shelf,
    check_parts,
)
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, warehouse
from app.usecases.stock.recording import Entry, record, shelves_of

MOVEMENTS = Listing(
    name="stock-movements",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="warehouse_id", kind=FieldKind.ID),
        ListField(name="product_id", kind=FieldKind.ID),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(MovementKind)),
        ListField(name="quantity", kind=FieldKind.QUANTITY),
        ListField(name="level", kind=FieldKind.QUANTITY),
        ListField(name="unit_cost", kind=FieldKind.PRICE),
        ListField(name="value", kind=FieldKind.AMOUNT),
        ListField(name="reason", kind=FieldKind.TEXT),
        ListField(name="shipment_id", kind=FieldKind.ID, nullable=True),
        ListField(name="transfer_id", kind=FieldKind.ID, nullable=True),
        ListField(name="inventory_id", kind=FieldKind.ID, nullable=True),
        ListField(name="return_id", kind=FieldKind.ID, nullable=True),
        ListField(name="date", kind=FieldKind.DATE, sortable=True),
        ListField(name="at", kind=FieldKind.INSTANT),
    ),
    default_sort=(Sort(field="id", descending=True),),
    search=(Found(Searched.PRODUCT, "product_id"),),
)

LEVELS = Listing(
    name="stock-levels",
    fields=(
        ListField(name="warehouse_id", kind=FieldKind.ID, sortable=True),
        ListField(name="product_id", kind=FieldKind.ID, sortable=True),
        ListField(name="quantity", kind=FieldKind.QUANTITY),
        ListField(name="reserved", kind=FieldKind.QUANTITY),
        ListField(name="available", kind=FieldKind.QUANTITY),
    ),
    default_sort=(Sort(field="warehouse_id"), Sort(field="product_id")),
    key=("warehouse_id", "product_id"),
    search=(Found(Searched.PRODUCT, "product_id"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMove:
    """A movement as asked for. For COUNT ``quantity`` is what was counted; ``warehouse_id`` None is the default one."""

    kind: MovementKind
    product_id: ProductId
    warehouse_id: WarehouseId | None = None
    quantity: Quantity
    unit_cost: Price | None = None
    reason: str = ""
    lots: tuple[LotPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a movement did; a count that found the level right moved nothing. ``lots`` are those that moved."""

    movement: Movement | None
    warehouse: WarehouseId
    product: ProductId
    level: Quantity
    lots: Sequence[LotMoved] = ()


@dataclass(frozen=True, slots=True)
class MoveStock:
    """Receive, debit or count one product in one warehouse; of a tracked one lots come, are counted, and leave.

    Raises UnknownReference, NotStocked, NotEnoughStock, WarehouseArchived, NoWarehouse, CostOnlyOnReceipt; and for
    lots LotsRequired, LotsNotTracked, LotsDiffer, LotTwice, LotQuantityNotPositive, SerialNotOne, SerialInStock,
    LotUnusable, LotShort, NotEnoughInLots, LotDatesDiffer.
    """

    clock: Clock
    right: ClassVar[Right] = Right.STOCK_MOVE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: StockMove) -> Moved:
        """Give the movement and the level it left."""
        if request.unit_cost is not None and request.kind is not MovementKind.RECEIVE:
            raise CostOnlyOnReceipt(at=("unit_cost",), kind=request.kind.value)
        place = warehouse(work, context, request.warehouse_id)
        product = self._product(work, request.product_id)
        holding = work.stock.hold(place, [product.id])[product.id]
        entry, shelves = self._entry(work, holding, product, request, context)
        if entry is None:
            return Moved(movement=None, warehouse=place.id, product=product.id, level=holding.level.quantity)
        (movement,) = record(work, [holding], [entry], shelves).movements
        return Moved(
            movement=movement,
            warehouse=place.id,
            product=product.id,
            level=holding.level.quantity,
            lots=entry.lots,
        )

    def lock_all(self, work: Work, context: Context, requests: Sequence[StockMove]) -> None:
        """Lock the costs, then the levels, that ``requests`` move; what they name in error has none."""
        wanted: defaultdict[WarehouseId, set[ProductId]] = defaultdict(set)
        known = work.products.of({request.product_id for request in requests})
        stocked = {product.id for product in known.values() if product.stocked}
        for named in {request.warehouse_id for request in requests}:
            try:
                place = warehouse(work, context, named).id
            except DomainError:
                continue
            wanted[place] |= stocked & {request.product_id for request in requests if request.warehouse_id == named}
        work.stock.lock(wanted)

    def _product(self, work: Work, product_id: ProductId) -> Product:
        try:
            product = work.products.get(product_id)
        except NotFound as error:
            raise UnknownReference(at=("product_id",), kind="product", value=product_id) from error
        if not product.stocked:
            raise NotStocked(at=("product_id",), product=product.id)
        return product

    def _entry(
        self, work: Work, holding: Holding, product: Product, request: StockMove, context: Context
    ) -> tuple[Entry | None, Collection[Shelf]]:
        """Move the level, and of a tracked product its lots; None when nothing was to move."""
        if holding.cost.tracking is Tracking.NONE:
            if request.lots:
                raise LotsNotTracked(at=("lots",), product=product.id)
            movement = self._move(holding, product, request, context)
            return None if movement is None else Entry(movement=movement), ()
        meets = request.kind is not MovementKind.DEBIT
        check_parts(request.lots, serial=holding.cost.tracking is Tracking.SERIAL)
        shelves = shelves_of(work, [holding], {product.id: request.lots}, meet=meets)
        shelf = shelves[holding.level.warehouse, product.id]
        if request.kind is MovementKind.COUNT:
            lots = shelf.count(request.quantity, request.lots)
            difference = quantity(sum((one.quantity for one in lots), ZERO))
            self._price(holding, product)
            moved = holding.adjust(difference, self._occasion(request, context)) if lots else None
            return None if moved is None else Entry(movement=moved, lots=lots), shelves.values()
        movement = self._move(holding, product, request, context)
        assert movement is not None  # noqa: S101 - tells mypy; only a count may move nothing
        if meets:
            return Entry(movement=movement, lots=shelf.put(request.quantity, request.lots)), shelves.values()
        lots = shelf.take(request.quantity, request.lots, movement.on)
        return Entry(movement=movement, lots=lots), shelves.values()

    def _occasion(self, request: StockMove, context: Context) -> Occasion:
        return Occasion(
            kind=request.kind, on=self.clock.today(context.zone), at=self.clock.now(), reason=request.reason
        )

    @staticmethod
    def _price(holding: Holding, product: Product) -> None:
        """Let a product that never had a cost enter at the one the catalogue knows."""
        if not holding.cost.average and not holding.cost.quantity:
            holding.cost.average = product.cost_price

    def _move(self, holding: Holding, product: Product, request: StockMove, context: Context) -> Movement | None:
        occasion = self._occasion(request, context)
        if request.kind is MovementKind.DEBIT:
            return holding.debit(request.quantity, occasion)
        if request.kind is MovementKind.COUNT:
            self._price(holding, product)
            return holding.count(request.quantity, occasion)
        unit_cost = request.unit_cost
        if unit_cost is None and not holding.cost.average and not holding.cost.quantity:
            unit_cost = product.cost_price
        return holding.receive(request.quantity, unit_cost, occasion)


class ListMovements(ListCase):
    """List the stock ledger, newest first."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = MOVEMENTS


class ListLevels(ListCase):
    """List what is in stock, where."""

    __slots__ = ()
    right = Right.STOCK_READ
    listing = LEVELS
