"""What a role may allow: one right per thing that can be done."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """A single permission; a role is a set of them."""

    THIRD_PARTIES_READ = "third_parties.read"
    THIRD_PARTIES_WRITE = "third_parties.write"
    PRODUCTS_READ = "products.read"
    PRODUCTS_WRITE = "products.write"
    WAREHOUSES_READ = "warehouses.read"
    WAREHOUSES_WRITE = "warehouses.write"
    STOCK_READ = "stock.read"
    STOCK_MOVE = "stock.move"
    ORDERS_READ = "orders.read"
    ORDERS_WRITE = "orders.write"
    ORDERS_VALIDATE = "orders.validate"
    ORDERS_CANCEL = "orders.cancel"
    SHIPMENTS_READ = "shipments.read"
    SHIPMENTS_WRITE = "shipments.write"
    SHIPMENTS_VALIDATE = "shipments.validate"
    INVOICES_READ = "invoices.read"
    INVOICES_WRITE = "invoices.write"
    INVOICES_VALIDATE = "invoices.validate"
    INVOICES_ABANDON = "invoices.abandon"
    PAYMENTS_READ = "payments.read"
    PAYMENTS_WRITE = "payments.write"
    REPORTS_READ = "reports.read"


ALL_RIGHTS = frozenset(Right)
