"""How what is promised to orders is audited: levels against lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from app.domain.sales import Order, OrderLine, OrderState
from app.domain.shared.ids import ProductId, WarehouseId
from app.usecases.sales import ListOrders
from app.usecases.stock import ListLevels
from tests.support.shop import Shop

OPEN = frozenset({OrderState.VALIDATED, OrderState.IN_SHIPMENT})


def orders_of(shop: Shop, above: int = 0) -> list[Order]:
    """Give all orders with an id above that, by id."""
    return [shop.order(row["id"]) for row in shop.books.rows(ListOrders()) if row["id"] > above]


def reserved(shop: Shop, product: ProductId) -> dict[WarehouseId, tuple[Decimal, Decimal]]:
    """Give what is there and what is reserved of a product, by warehouse."""
    return {row["warehouse_id"]: (row["quantity"], row["reserved"]) for row in shop._of(ListLevels(), product)}


def lines_of(orders: Iterable[Order]) -> list[tuple[Order, OrderLine]]:
    """Give the lines that come from somewhere, each with its order."""
    return [(order, line) for order in orders for line in order.lines if line.place is not None]


def check_promises(shop: Shop, products: Iterable[ProductId], orders: Iterable[Order]) -> None:
    """Check that each level has reserved what the lines of open orders have, and that no open line lacks anything."""
    promised: defaultdict[tuple[WarehouseId, ProductId], Decimal] = defaultdict(Decimal)
    for order, line in lines_of(orders):
        assert line.reserved >= 0
        assert line.back_ordered >= 0
        if order.state in OPEN:
            assert line.reserved + line.back_ordered == line.to_ship, (order.id, line)
        else:
            assert line.reserved == line.back_ordered == 0, (order.id, line)
        if line.place is not None:
            promised[line.place] += line.reserved
    for product in products:
        for place, (_, held) in reserved(shop, product).items():
            assert held == promised[place, product]
