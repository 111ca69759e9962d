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
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    ROLES_READ = "roles.read"
    ROLES_WRITE = "roles.write"
    API_KEYS_READ = "api_keys.read"
    API_KEYS_WRITE = "api_keys.write"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    CUSTOM_FIELDS_READ = "custom_fields.read"
    CUSTOM_FIELDS_WRITE = "custom_fields.write"
    CHANGES_READ = "changes.read"
    AUDIT_READ = "audit.read"
    CHAINS_VERIFY = "chains.verify"
    THIRD_PARTIES_ERASE = "third_parties.erase"


ALL_RIGHTS = frozenset(Right)
