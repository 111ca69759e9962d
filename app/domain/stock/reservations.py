"""Back-orders: lines of orders that wait for stock, and who is served first when there is some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.domain.shared.ids import OrderId, ProductId, WarehouseId
from app.domain.shared.money import Quantity
from app.domain.stock.movements import Level

Place = tuple[WarehouseId, ProductId]
Levels = Mapping[Place, Level]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A line of an order of which ``back_ordered`` is not reserved yet."""

    order: OrderId
    position: int
    warehouse: WarehouseId
    product: ProductId
    reserved: Quantity
    back_ordered: Quantity


def serve(levels: Levels, waiting: Iterable[Waiting]) -> list[Waiting]:
    """Reserve what is available for who waits, in the order given; give the lines that got something, as they are now.

    A line gets what there is, if it is less than it waits for: who comes later gets nothing of that product then.
    """
    served = []
    for line in waiting:
        given = levels[line.warehouse, line.product].reserve(line.back_ordered)
        if given:
            served.append(
                replace(
                    line,
                    reserved=Quantity(line.reserved + given),
                    back_ordered=Quantity(line.back_ordered - given),
                )
            )
    return served
