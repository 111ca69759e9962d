"""What is done with the stock in warehouses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.catalogue import NotStocked, Product
from app.domain.shared.errors import DomainError, NotFound, UnknownReference
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import Price, Quantity
from app.domain.shared.rights import Right
from app.domain.shared.search import Searched
from app.domain.stock import CostOnlyOnReceipt, Holding, Movement, MovementKind, Occasion
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, Found, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase, warehouse

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a movement did; a count that found the level right moved nothing."""

    movement: Movement | None
    warehouse: WarehouseId
    product: ProductId
    level: Quantity


@dataclass(frozen=True, slots=True)
class MoveStock:
    """Receive, debit or count one product in one warehouse.

    Raises UnknownReference, NotStocked, NotEnoughStock, WarehouseArchived, NoWarehouse, CostOnlyOnReceipt.
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
        movement = self._move(holding, product, request, context)
        if movement is not None:
            (movement,) = work.stock.post([holding], [movement])
            work.outbox.add(movement.moved())
        return Moved(movement=movement, warehouse=place.id, product=product.id, level=holding.level.quantity)

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

    def _move(self, holding: Holding, product: Product, request: StockMove, context: Context) -> Movement | None:
        occasion = Occasion(
            kind=request.kind, on=self.clock.today(context.zone), at=self.clock.now(), reason=request.reason
        )
        if request.kind is MovementKind.DEBIT:
            return holding.debit(request.quantity, occasion)
        # A product that never had a cost enters at the one the catalogue knows.
        fresh = product.cost_price if holding.cost.average == 0 and holding.cost.quantity == 0 else None
        if request.kind is MovementKind.COUNT:
            holding.cost.average = holding.cost.average if fresh is None else fresh
            return holding.count(request.quantity, occasion)
        return holding.receive(request.quantity, fresh if request.unit_cost is None else request.unit_cost, occasion)


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
