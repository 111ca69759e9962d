"""What is read of the stock in sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, NamedTuple

from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import ProductId, WarehouseId
from app.domain.shared.money import Amount, Quantity
from app.domain.shared.rights import Right
from app.domain.stock import spread
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, Listing
from app.usecases.ports.shared import Clock, Work
from app.usecases.ports.stock import ShortStock, StockSum
from app.usecases.reports.table import Table, columns, summed


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRequest:
    """Which value is wanted: at the end of which day (None is today), in which warehouse (None is all)."""

    on: date | None = None
    warehouse_id: WarehouseId | None = None


class ValueRow(NamedTuple):
    """How much of a product was in a warehouse, and what it was worth in the company's currency."""

    product_id: ProductId
    ref: str
    name: str
    warehouse_id: WarehouseId
    quantity: Quantity
    value: Amount


@dataclass(frozen=True, slots=True)
class StockValueReport:
    """Show what was in stock at the end of a day and what it was worth, from the movements until then.

    Each warehouse has its share of a product's value by quantity. Raises UnknownReference.
    """

    clock: Clock
    right: ClassVar[Right] = Right.STOCK_READ
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing] = columns(
        "stock-value",
        ("product_id", FieldKind.ID),
        ("ref", FieldKind.TEXT),
        ("name", FieldKind.TEXT),
        ("warehouse_id", FieldKind.ID),
        ("quantity", FieldKind.QUANTITY),
        ("value", FieldKind.AMOUNT),
    )

    def execute(self, work: Work, context: Context, request: ValueRequest) -> Table[ValueRow]:
        """Give the rows that have a quantity or a value, and the sum of their values."""
        if request.warehouse_id is not None:
            try:
                work.warehouses.get(request.warehouse_id)
            except NotFound as error:
                raise UnknownReference(at=("warehouse_id",), kind="warehouse", value=request.warehouse_id) from error
        on = request.on or self.clock.today(context.zone)
        by_product: defaultdict[ProductId, list[StockSum]] = defaultdict(list)
        for row in work.stock_reports.sums(on):
            by_product[row.product].append(row)
        rows = [
            row
            for sums in by_product.values()
            for row in _valued(sums)
            if (row.quantity or row.value) and request.warehouse_id in {None, row.warehouse_id}
        ]
        return summed(context, rows, ("value",))


def _valued(sums: Sequence[StockSum]) -> list[ValueRow]:
    value = Amount(sum((row.value for row in sums), Decimal(0)))
    shares = spread(value, [row.quantity for row in sums])
    return [
        ValueRow(row.product, row.ref, row.name, row.warehouse, row.quantity, share)
        for row, share in zip(sums, shares, strict=True)
    ]


class OrderRow(NamedTuple):
    """A product of which too little is available in a warehouse, and how much brings it up to what is desired."""

    product_id: ProductId
    ref: str
    name: str
    warehouse_id: WarehouseId
    available: Quantity
    minimum: Quantity
    desired: Quantity
    to_order: Quantity


@dataclass(frozen=True, slots=True)
class StockToOrder:
    """Show what is below its minimum and how much of it to order."""

    right: ClassVar[Right] = Right.STOCK_READ
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing] = columns(
        "stock-to-order",
        ("product_id", FieldKind.ID),
        ("ref", FieldKind.TEXT),
        ("name", FieldKind.TEXT),
        ("warehouse_id", FieldKind.ID),
        *((name, FieldKind.QUANTITY) for name in OrderRow._fields[4:]),
    )

    def execute(self, work: Work, context: Context, request: None) -> Table[OrderRow]:
        """Give the rows by product and warehouse."""
        return summed(context, [_to_order(short) for short in work.stock_reports.short()], ())


def _to_order(short: ShortStock) -> OrderRow:
    rule = short.rule
    return OrderRow(
        product_id=rule.product_id,
        ref=short.ref,
        name=short.name,
        warehouse_id=rule.warehouse_id,
        available=short.available,
        minimum=rule.minimum,
        desired=rule.desired,
        to_order=rule.to_order(short.available),
    )
