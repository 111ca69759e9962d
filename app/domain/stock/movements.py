"""Levels, average cost, and the movements that are the truth behind both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import MovementId, ProductId, ShipmentId, WarehouseId
from app.domain.shared.money import Amount, Price, Quantity, amount, price, quantity
from app.domain.stock.warehouses import Warehouse

ZERO: Final = Decimal(0)
_VALUE: Final = Decimal("0.0001")
_COST: Final = Decimal("0.00000001")


class MovementKind(StrEnum):
    """Why stock moved."""

    RECEIVE = "receive"
    DEBIT = "debit"
    COUNT = "count"
    SHIPMENT = "shipment"


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


@dataclass(slots=True, kw_only=True)
class Cost:
    """Weighted average cost of one product over all warehouses, in the company's currency.

    ``value`` is the sum of the values of all its movements, and is zero whenever ``quantity`` is.
    """

    product: ProductId
    quantity: Quantity = Quantity(ZERO)
    value: Amount = Amount(ZERO)
    average: Price = Price(ZERO)

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
            self.value = _value(after * self.average) if after <= 0 else _value(self.value + moved * self.average)
        self.quantity = quantity(after)
        if self.quantity == 0:
            self.value = Amount(ZERO)
        return amount(self.value - before)


@dataclass(slots=True, kw_only=True)
class Level:
    """How much of one product is in one warehouse."""

    warehouse: WarehouseId
    product: ProductId
    quantity: Quantity = Quantity(ZERO)


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


@dataclass(slots=True)
class Holding:
    """One product in one warehouse with its cost, locked together; every movement goes through here."""

    warehouse: Warehouse
    level: Level
    cost: Cost

    def receive(self, received: Quantity, unit_cost: Price | None, occasion: Occasion) -> Movement:
        """Put ``received`` in, at ``unit_cost`` or at the average. Raises QuantityNotPositive, NegativeCost."""
        _positive(received)
        if unit_cost is not None and unit_cost < 0:
            raise NegativeCost(at=("unit_cost",))
        return self._move(received, unit_cost, occasion)

    def debit(self, taken: Quantity, occasion: Occasion) -> Movement:
        """Take ``taken`` out at average cost. Raises QuantityNotPositive, NotEnoughStock."""
        _positive(taken)
        if taken > self.level.quantity and not self.warehouse.allow_negative:
            raise NotEnoughStock(
                at=("quantity",),
                product=self.level.product,
                warehouse=self.level.warehouse,
                wanted=taken,
                available=self.level.quantity,
            )
        return self._move(Quantity(-taken), None, occasion)

    def count(self, counted: Quantity, occasion: Occasion) -> Movement | None:
        """Set the level to what was counted, None when it was right already. Raises NegativeQuantity."""
        if counted < 0:
            raise NegativeQuantity(at=("quantity",))
        difference = counted - self.level.quantity
        return self._move(Quantity(difference), None, occasion) if difference else None

    def _move(self, moved: Quantity, unit_cost: Price | None, occasion: Occasion) -> Movement:
        value = self.cost.move(moved, unit_cost)
        self.level.quantity = quantity(self.level.quantity + moved)
        return Movement(
            warehouse=self.level.warehouse,
            product=self.level.product,
            kind=occasion.kind,
            quantity=moved,
            level=self.level.quantity,
            unit_cost=unit_cost if unit_cost is not None else self.cost.average,
            value=value,
            reason=occasion.reason,
            shipment=occasion.shipment,
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
