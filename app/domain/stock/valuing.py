"""What the stock of a product is worth in each warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.domain.shared.money import EXACT, Amount, Quantity, amount
from app.domain.stock.movements import ZERO

_UNIT: Final = Decimal("0.0001")


def spread(value: Amount, quantities: Sequence[Quantity]) -> list[Amount]:
    """Share the value of a product among warehouses as they share its quantity.

    All of a product has one average cost, wherever it is. The shares have four decimals and sum exactly to ``value``:
    the last warehouse that has any takes what rounding leaves.
    """
    total = sum(quantities, ZERO)
    shares = [ZERO if not total else EXACT.divide(EXACT.multiply(value, one), total) for one in quantities]
    rounded = [share.quantize(_UNIT, ROUND_HALF_UP, EXACT) for share in shares]
    last = max((at for at, one in enumerate(quantities) if one), default=len(quantities) - 1)
    rounded[last] += value - sum(rounded, ZERO)
    return [amount(share) for share in rounded]
