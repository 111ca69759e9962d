"""Tables by capability, all in one metadata: importing one of them fills it with all."""

from app.infrastructure.database.tables import (
    access,
    billing,
    catalogue,
    identity,
    parties,
    sales,
    search,
    shared,
    shipping,
    stock,
)

__all__ = ["access", "billing", "catalogue", "identity", "parties", "sales", "search", "shared", "shipping", "stock"]
