"""Lines of orders: what is reserved, shipped and invoiced of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.lines import LineKind, PricedLine
from app.domain.shared.money import Quantity
from app.domain.stock import Levels

ZERO: Final = Decimal(0)


@dataclass(slots=True, kw_only=True)
class OrderLine(PricedLine):
    """A line of an order with what has become of it so far.

    Of what is left to ship ``reserved`` is promised in the warehouse and ``back_ordered`` waits for stock. ``held`` is
    what was reserved when the line was read.
    """

    shipped: Quantity = Quantity(ZERO)
    invoiced: Quantity = Quantity(ZERO)
    returned: Quantity = Quantity(ZERO)
    warehouse_id: WarehouseId | None = None
    reserved: Quantity = Quantity(ZERO)
    back_ordered: Quantity = Quantity(ZERO)
    held: Quantity = field(default=Quantity(ZERO), compare=False)

    @property
    def to_ship(self) -> Quantity:
        """What is left to ship; always 0 for what is not goods."""
        return Quantity(self.quantity - self.shipped) if self.kind is LineKind.GOODS else Quantity(ZERO)

    @property
    def to_invoice(self) -> Quantity:
        """What is left to invoice."""
        return Quantity(self.quantity - self.invoiced)

    @property
    def place(self) -> tuple[WarehouseId, ProductId] | None:
        """Where the goods are to come from, None for what is not goods or comes from nowhere in particular."""
        if self.kind is not LineKind.GOODS or self.warehouse_id is None or self.product_id is None:
            return None
        return self.warehouse_id, self.product_id

    @property
    def awaited(self) -> bool:
        """Whether goods are promised to it, or it waits for some."""
        return bool(self.reserved or self.back_ordered)

    def reserve(self, levels: Levels) -> None:
        """Reserve what is available of what is left to ship; the rest is back-ordered."""
        if self.place is not None:
            given = levels[self.place].reserve(Quantity(self.to_ship - self.reserved))
            self.reserved = Quantity(self.reserved + given)
        self.wait()

    def wait(self) -> None:
        """Wait for all that is left to ship and not reserved."""
        self.back_ordered = Quantity(self.to_ship - self.reserved)

    def free(self, levels: Levels) -> None:
        """Wait for nothing any more, and give back what is reserved."""
        if self.place is not None:
            levels[self.place].release(self.reserved)
        self.reserved = self.back_ordered = Quantity(ZERO)

    def ship(self, gone: Quantity, warehouse: WarehouseId | None) -> Quantity:
        """Count ``gone`` as shipped from ``warehouse``; give what of it was reserved there.

        Shipped from elsewhere, what waits for stock is shipped first; what is then reserved beyond what is left to ship
        is no longer the line's.
        """
        self.shipped = Quantity(self.shipped + gone)
        used = Quantity(min(self.reserved, gone)) if warehouse == self.warehouse_id else Quantity(ZERO)
        self.reserved = Quantity(min(self.reserved - used, self.to_ship))
        self.back_ordered = Quantity(min(self.back_ordered, self.to_ship - self.reserved))
        return used

    def unship(self, taken_back: Quantity) -> None:
        """Count ``taken_back``, shipped before, as to be shipped again: it waits for stock."""
        self.shipped = Quantity(self.shipped - taken_back)
        self.back_ordered = Quantity(self.back_ordered + taken_back)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuantity:
    """So much of one line of an order, named by its position; the amounts of a shipment or invoice.

    ``warehouse`` is where it leaves from, None where that does not matter.
    """

    position: int
    quantity: Quantity
    warehouse: WarehouseId | None = None
