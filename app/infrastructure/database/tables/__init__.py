"""The schema, one module a capability; importing the package registers every table."""

from app.infrastructure.database.tables import (
    access,
    billing,
    catalogue,
    chores,
    identity,
    journal,
    papers,
    parties,
    sales,
    search,
    shared,
    shipping,
    stock,
)

__all__ = ["access", "billing", "catalogue", "identity", "parties", "sales", "search", "shared", "shipping", "stock"]
__all__ = [
    "billing",
    "catalogue",
    "chores",
    "identity",
    "journal",
    "papers",
    "parties",
    "sales",
    "shared",
    "shipping",
    "stock",
]
