"""The kinds of objects that carry custom fields and attachments."""

from __future__ import annotations

from enum import StrEnum


class ObjectKind(StrEnum):
    """A kind of object, by the noun of its path."""

    THIRD_PARTIES = "third-parties"
    PRODUCTS = "products"
    WAREHOUSES = "warehouses"
    PROPOSALS = "proposals"
    ORDERS = "orders"
    SHIPMENTS = "shipments"
    INVOICES = "invoices"
    PAYMENTS = "payments"

    @property
    def aggregate(self) -> str:
        """The name events give one such object: ``third_party``."""
        return "third_party" if self is ObjectKind.THIRD_PARTIES else self.value.removesuffix("s")

    @property
    def noun(self) -> str:
        """What errors call one such object: ``third party``."""
        return self.aggregate.replace("_", " ")
