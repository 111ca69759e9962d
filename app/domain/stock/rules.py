"""Rules of how much of a product is always to be in a warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.shared.errors import Invalid
from app.domain.shared.ids import ProductId, StockRuleId, WarehouseId
from app.domain.shared.money import Quantity, quantity


class NegativeMinimum(Invalid):
    """What is always to be there cannot be below zero."""

    code = "stock.negative_minimum"


class DesiredBelowMinimum(Invalid):
    """What is ordered up to cannot be below the minimum."""

    code = "stock.desired_below_minimum"


@dataclass(slots=True, kw_only=True)
class StockRule:
    """Below ``minimum`` of a product in a warehouse it is to be ordered, up to ``desired``."""

    id: StockRuleId = StockRuleId(0)
    warehouse_id: WarehouseId
    product_id: ProductId
    minimum: Quantity
    desired: Quantity
    version: int = 0

    def check(self) -> None:
        """Pass only a sound rule. Raises NegativeMinimum, DesiredBelowMinimum."""
        if self.minimum < 0:
            raise NegativeMinimum(at=("minimum",))
        if self.desired < self.minimum:
            raise DesiredBelowMinimum(at=("desired",), minimum=self.minimum, desired=self.desired)

    def change(self, changes: Mapping[str, object]) -> bool:
        """Set the named fields; say whether anything differs. Raises as ``check`` does."""
        changed = [name for name, value in changes.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, changes[name])
        self.check()
        return bool(changed)

    def to_order(self, available: Decimal) -> Quantity:
        """Give how much is missing up to ``desired``, nothing while the minimum is there."""
        return quantity(self.desired - available) if available < self.minimum else quantity(Decimal(0))
