"""Levels, average cost, and the movements that are the truth behind both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import InventoryId, MovementId, ProductId, ReturnId, ShipmentId, TransferId, WarehouseId
from app.domain.shared.money import EXACT, Amount, Price, Quantity, amount, price, quantity
from app.domain.shared.tracking import Tracking
from app.domain.stock.warehouses import Warehouse

ZERO: Final = Decimal(0)
NOTHING: Final = Quantity(ZERO)
_VALUE: Final = Decimal("0.0001")
_COST: Final = Decimal("0.00000001")


class MovementKind(StrEnum):
    """Why stock moved."""

    RECEIVE = "receive"
    DEBIT = "debit"
    COUNT = "count"
    SHIPMENT = "shipment"
    TRANSFER = "transfer"
    SHIPMENT_CANCEL = "shipment_cancel"
    RETURN = "return"
    RETURN_CANCEL = "return_cancel"


class NotEnoughStock(Conflict):
    """There is less in stock than is to leave."""

    code = "stock.not_enough"


class QuantityNotPositive(Invalid):
    """A quantity must be above zero."""

    code = "stock.quantity_not_positive"


class NegativeQuantity(Invalid):
    """A counted quantity cannot be below zero."""

    code = "stock.negative_quantity"


class NegativeCost(Invalid):
    """A unit cost cannot be below zero."""

    code = "stock.negative_cost"


class CostOnlyOnReceipt(Invalid):
    """Only a receipt has a unit cost of its own; everything else moves at average cost."""

    code = "stock.cost_only_on_receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMoved(Event):
    """Stock of one product came, went or was counted."""

    name: ClassVar[str] = "stock.moved"
    aggregate: ClassVar[str] = "product"
    key: ClassVar[str] = "product"
    product: ProductId
    warehouse: WarehouseId
    kind: MovementKind
    quantity: Quantity
    level: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class StockBelowMinimum(Event):
    """Stock of one product in one warehouse fell below what is always to be there."""

    name: ClassVar[str] = "stock.below_minimum"
    aggregate: ClassVar[str] = "product"
    key: ClassVar[str] = "product"
    product: ProductId
    warehouse: WarehouseId
    level: Quantity
    minimum: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class StockShort(Event):
    """A movement left less than is reserved: ``short_by`` of what orders were promised is not there."""

    name: ClassVar[str] = "stock.short"
    aggregate: ClassVar[str] = "product"
    key: ClassVar[str] = "product"
    product: ProductId
    warehouse: WarehouseId
    short_by: Quantity


@dataclass(slots=True, kw_only=True)
class Cost:
    """Weighted average cost of one product over all warehouses, in the company's currency.

    ``value`` is the sum of the values of all its movements, and is zero whenever ``quantity`` is.
    """

    product: ProductId
    quantity: Quantity = Quantity(ZERO)
    value: Amount = Amount(ZERO)
    average: Price = Price(ZERO)
    tracking: Tracking = Tracking.NONE

    def move(self, moved: Quantity, unit_cost: Price | None) -> Amount:
        """Take ``moved`` in (or out, below zero) and give the movement's value: how much ``value`` grew.

        ``unit_cost`` of None moves at the average. At or below zero stock the last cost stands; a receipt that crosses
        zero revalues only the part above it.
        """
        before = self.value
        after = self.quantity + moved
        if unit_cost is not None and moved > 0 and after > 0:
            if self.quantity >= 0:
                self.value = _value(self.value + moved * unit_cost)
                # The average is taken before rounding the value: many small receipts would otherwise let it drift.
                self.average = _cost((before + moved * unit_cost) / after)
            else:
                self.average = unit_cost
                self.value = _value(after * unit_cost)
        else:
            # What is left is never worth less than nothing, however often rounding took a little too much.
            left = after * self.average if after <= 0 else max(self.value + moved * self.average, ZERO)
            self.value = _value(left)
        self.quantity = quantity(after)
        if self.quantity == 0:
            self.value = Amount(ZERO)
        return amount(self.value - before)

    def take_back(self, moved: Quantity, value: Amount) -> Amount:
        """Take ``moved`` in again for the ``value`` it left with, and give the movement's value.

        That is ``value`` itself unless the stock is below zero, where the rules of ``move`` hold.
        """
        if self.quantity < 0:
            return self.move(moved, _cost(EXACT.divide(value, moved)))
        self.quantity = quantity(self.quantity + moved)
        self.value = amount(self.value + value)
        self.average = _cost(EXACT.divide(self.value, self.quantity))
        return value


@dataclass(slots=True, kw_only=True)
class Level:
    """How much of one product is in one warehouse, how much of it is promised to orders, and its ``minimum``.

    Below that, if there is one, somebody wants to hear of it.
    """

    warehouse: WarehouseId
    product: ProductId
    quantity: Quantity = Quantity(ZERO)
    minimum: Quantity | None = None
    reserved: Quantity = Quantity(ZERO)

    @property
    def available(self) -> Quantity:
        """What is promised to nobody; below zero when more is promised than there is."""
        return Quantity(self.quantity - self.reserved)

    def reserve(self, wanted: Quantity) -> Quantity:
        """Promise what is available of ``wanted``, and give how much that was; never below zero."""
        given = quantity(max(min(self.available, wanted), ZERO))
        self.reserved = quantity(self.reserved + given)
        return given

    def release(self, freed: Quantity) -> None:
        """Take a promise of ``freed`` back."""
        self.reserved = quantity(self.reserved - freed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One entry of the ledger, never changed. ``quantity`` and ``value`` are signed, ``level`` is what was left."""

    id: MovementId = MovementId(0)
    warehouse: WarehouseId
    product: ProductId
    kind: MovementKind
    quantity: Quantity
    level: Quantity
    unit_cost: Price
    value: Amount
    reason: str = ""
    shipment: ShipmentId | None = None
    transfer: TransferId | None = None
    inventory: InventoryId | None = None
    return_id: ReturnId | None = None
    on: date
    at: datetime

    def moved(self) -> StockMoved:
        """Give the event of this entry."""
        return StockMoved(
            product=self.product,
            warehouse=self.warehouse,
            kind=self.kind,
            quantity=self.quantity,
            level=self.level,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why and when stock moves; shared by all movements of one document."""

    kind: MovementKind
    on: date
    at: datetime
    reason: str = ""
    shipment: ShipmentId | None = None
    transfer: TransferId | None = None
    inventory: InventoryId | None = None
    return_id: ReturnId | None = None


@dataclass(slots=True)
class Holding:
    """One product in one warehouse with its cost, locked together; every movement goes through here.

    ``told`` collects what has to be told beside the movements themselves.
    """

    warehouse: Warehouse
    level: Level
    cost: Cost
    told: list[StockShort] = field(default_factory=list)

    def receive(self, received: Quantity, unit_cost: Price | None, occasion: Occasion) -> Movement:
        """Put ``received`` in, at ``unit_cost`` or at the average. Raises QuantityNotPositive, NegativeCost."""
        _positive(received)
        if unit_cost is not None and unit_cost < 0:
            raise NegativeCost(at=("unit_cost",))
        return self._move(received, unit_cost, occasion)

    def debit(self, taken: Quantity, occasion: Occasion, own: Quantity = NOTHING) -> Movement:
        """Take ``taken`` out at average cost, ``own`` of it from what is reserved for who takes it.

        Raises QuantityNotPositive, and NotEnoughStock for what others were promised.
        """
        _positive(taken)
        self._suffices(taken, own)
        before = self.level.available
        self.level.release(Quantity(min(own, taken)))
        return self._move(Quantity(-taken), None, occasion, before)

    def take_back(self, moved: Quantity, value: Amount, occasion: Occasion) -> Movement:
        """Put ``moved`` back for the ``value`` it left with. Raises QuantityNotPositive, NegativeCost."""
        _positive(moved)
        if value < 0:
            raise NegativeCost(at=("value",))
        return self._entry(moved, _cost(EXACT.divide(value, moved)), self.cost.take_back(moved, value), occasion)

    def count(self, counted: Quantity, occasion: Occasion) -> Movement | None:
        """Set the level to what was counted, None when it was right already. Raises NegativeQuantity."""
        if counted < 0:
            raise NegativeQuantity(at=("quantity",))
        difference = counted - self.level.quantity
        return self._move(Quantity(difference), None, occasion) if difference else None

    def adjust(self, difference: Quantity, occasion: Occasion) -> Movement:
        """Move the level by ``difference``, also by nothing, at average cost.

        A count may take what is promised, and then tells of it. Raises NotEnoughStock below zero.
        """
        self._there(Quantity(-difference))
        return self._move(difference, None, occasion)

    def hand_over(self, to: Holding, moved: Quantity, occasion: Occasion) -> tuple[Movement, Movement]:
        """Take ``moved`` from here and put it there, at one value: the product's cost stays as it is.

        Raises QuantityNotPositive, NotEnoughStock.
        """
        _positive(moved)
        self._suffices(moved)
        value = _value(moved * self.cost.average)
        out = self._entry(Quantity(-moved), self.cost.average, Amount(ZERO - value), occasion)
        return out, to._entry(moved, self.cost.average, value, occasion)

    def fell(self, movement: Movement) -> StockBelowMinimum | None:
        """Give the event of a movement here that took the level below its minimum; one that was below says nothing."""
        least = self.level.minimum
        if least is None or movement.level >= least or movement.level - movement.quantity < least:
            return None
        return StockBelowMinimum(
            product=self.level.product, warehouse=self.level.warehouse, level=movement.level, minimum=least
        )

    @property
    def _bottomless(self) -> bool:
        """Whether more may leave than is there; of a tracked product never."""
        return self.warehouse.allow_negative and self.cost.tracking is Tracking.NONE

    def _there(self, taken: Quantity) -> None:
        """Pass only what is there, or may be missing. Raises NotEnoughStock."""
        self._pass(taken, self.level.quantity)

    def _suffices(self, taken: Quantity, own: Quantity = NOTHING) -> None:
        """Pass only what is promised to nobody else, or may be missing. Raises NotEnoughStock."""
        self._pass(taken, min(self.level.quantity, Quantity(max(self.level.available, ZERO) + own)))

    def _pass(self, taken: Quantity, free: Quantity) -> None:
        if taken > 0 and taken > free and not self._bottomless:
            raise NotEnoughStock(
                at=("quantity",),
                product=self.level.product,
                warehouse=self.level.warehouse,
                wanted=taken,
                available=free,
            )

    def _move(
        self, moved: Quantity, unit_cost: Price | None, occasion: Occasion, before: Quantity | None = None
    ) -> Movement:
        value = self.cost.move(moved, unit_cost)
        return self._entry(moved, self.cost.average if unit_cost is None else unit_cost, value, occasion, before)

    def _entry(
        self, moved: Quantity, unit_cost: Price, value: Amount, occasion: Occasion, before: Quantity | None = None
    ) -> Movement:
        """Move, and tell when it took what is promised; ``before`` is what was available, the level's when None."""
        before = self.level.available if before is None else before
        self.level.quantity = quantity(self.level.quantity + moved)
        after = self.level.available
        if after < 0 and after < before:
            short = StockShort(product=self.level.product, warehouse=self.level.warehouse, short_by=Quantity(-after))
            self.told.append(short)
        return Movement(
            warehouse=self.level.warehouse,
            product=self.level.product,
            kind=occasion.kind,
            quantity=moved,
            level=self.level.quantity,
            unit_cost=unit_cost,
            value=value,
            reason=occasion.reason,
            shipment=occasion.shipment,
            transfer=occasion.transfer,
            inventory=occasion.inventory,
            return_id=occasion.return_id,
            on=occasion.on,
            at=occasion.at,
        )


def _positive(value: Quantity) -> None:
    if value <= 0:
        raise QuantityNotPositive(at=("quantity",), value=value)


def _value(exact: Decimal) -> Amount:
    return amount(exact.quantize(_VALUE, ROUND_HALF_UP))


def _cost(exact: Decimal) -> Price:
    return price(exact.quantize(_COST, ROUND_HALF_UP))
