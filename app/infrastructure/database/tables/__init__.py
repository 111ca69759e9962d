"""The schema, one module a capability; importing the package registers every table."""

from app.infrastructure.database.tables import (
    access,
    attachments,
    banking,
    billing,
    catalogue,
    chores,
    fields,
    identity,
    jobs,
    journal,
    parties,
    sales,
    search,
    shared,
    shipping,
    stock,
)

__all__ = [
    "access",
    "attachments",
    "banking",
    "billing",
    "catalogue",
    "chores",
    "fields",
    "identity",
    "jobs",
    "journal",
    "parties",
    "sales",
    "search",
    "shared",
    "shipping",
    "stock",
]
