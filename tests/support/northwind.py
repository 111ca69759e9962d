"""The Northwind files as outside input: what they add up to, by arithmetic of their own, and a smaller set of them."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """One line of the order details."""

    product: str
    net: Decimal


@dataclass(frozen=True)
class OrderRow:
    """One row of the orders with its lines; ``shipped`` is the day, or None."""

    number: str
    customer: str
    shipped: str | None
    freight: Decimal
    lines: tuple[Line, ...]

    @property
    def goods(self) -> Decimal:
        """Net of all lines, each rounded half up."""
        return sum((line.net for line in self.lines), Decimal(0))


def read_orders(folder: Path) -> list[OrderRow]:
    """Give the orders; the columns read stand before the address that tears rows apart."""
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for order, product, price, count, discount in _rows(folder / "order-details.csv"):
        net = Decimal(price) * Decimal(count) * (1 - Decimal(discount))
        lines[order].append(Line(f"NW{product}", net.quantize(CENT, ROUND_HALF_UP)))
    return [
        OrderRow(row[0], row[1], None if row[5] == "NULL" else row[5][:10], Decimal(row[7]), tuple(lines[row[0]]))
        for row in _rows(folder / "orders.csv")
    ]


def sales(orders: list[OrderRow], by: str) -> Mapping[str, Decimal]:
    """Give what the shipped orders come to by customer, product (freight under no name) or month."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        if order.shipped is None:
            continue
        if by == "product":
            sums[""] += order.freight
            for line in order.lines:
                sums[line.product] += line.net
        else:
            sums[order.customer if by == "customer" else order.shipped[:7]] += order.goods + order.freight
    return sums


def first_orders(folder: Path, target: Path, count: int) -> Path:
    """Write the first ``count`` orders with their lines, and all the other files, to ``target``."""
    target.mkdir(exist_ok=True)
    for name in ("customers", "suppliers", "products"):
        shutil.copy(folder / f"{name}.csv", target)
    kept = (folder / "orders.csv").read_text(encoding="utf-8").splitlines()[: count + 1]
    numbers = {line.split(",", 1)[0] for line in kept}
    details = (folder / "order-details.csv").read_text(encoding="utf-8").splitlines()
    (target / "orders.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (target / "order-details.csv").write_text(
        "\n".join(line for line in details if line.split(",", 1)[0] in numbers) + "\n", encoding="utf-8"
    )
    return target


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
