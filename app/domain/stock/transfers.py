"""Transfers: goods that go from one warehouse to another at one value."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from app.domain.shared.dates import Day
from app.domain.shared.errors import Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import ProductId, TransferId, WarehouseId
from app.domain.shared.lines import NoLines
from app.domain.shared.money import Amount, Quantity
from app.domain.stock.lots import LotPart
from app.domain.stock.movements import ZERO, QuantityNotPositive


class SameWarehouse(Invalid):
    """Goods are transferred between two different warehouses."""

    code = "stock.same_warehouse"


class TransferredTwice(Invalid):
    """One product stands twice in the transfer."""

    code = "stock.transferred_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTransferred(Event):
    """Goods went from one warehouse to another."""

    name: ClassVar[str] = "stock.transferred"
    aggregate: ClassVar[str] = "stock_transfer"
    id: TransferId
    ref: str
    source: WarehouseId
    target: WarehouseId


@dataclass(slots=True, kw_only=True)
class TransferLine:
    """So much of one product; ``value`` is what it took along, ``lots`` names some to take."""

    position: int
    product_id: ProductId
    quantity: Quantity
    value: Amount = Amount(ZERO)
    lots: tuple[LotPart, ...] = ()


@dataclass(slots=True, kw_only=True)
class Transfer:
    """Goods that went from one warehouse to another; done when it is entered, and never changed."""

    id: TransferId = TransferId(0)
    ref: str
    from_warehouse_id: WarehouseId
    to_warehouse_id: WarehouseId
    date: Day
    reason: str = ""
    lines: list[TransferLine] = field(default_factory=list)
    version: int = 0

    def check(self) -> None:
        """Pass only a sound transfer. Raises SameWarehouse, NoLines, TransferredTwice, QuantityNotPositive."""
        if self.from_warehouse_id == self.to_warehouse_id:
            raise SameWarehouse(at=("to_warehouse_id",), warehouse=self.to_warehouse_id)
        if not self.lines:
            raise NoLines(at=("lines",))
        seen: defaultdict[ProductId, int] = defaultdict(int)
        for index, line in enumerate(self.lines):
            seen[line.product_id] += 1
            if seen[line.product_id] > 1:
                raise TransferredTwice(at=("lines", index, "product_id"), product=line.product_id)
            if line.quantity <= 0:
                raise QuantityNotPositive(at=("lines", index, "quantity"), value=line.quantity)

    @property
    def value(self) -> Decimal:
        """The value of what went."""
        return sum((line.value for line in self.lines), ZERO)

    def done(self) -> StockTransferred:
        """Give the event of its entry, once it has an id."""
        return StockTransferred(id=self.id, ref=self.ref, source=self.from_warehouse_id, target=self.to_warehouse_id)
