"""What the use cases of reports need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from app.domain.shared.money import Amount


class SalesBy(StrEnum):
    """What sales are summed by; a month is that of the invoice."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRow:
    """Sales of one customer, product or month, net, in the company's currency.

    ``code`` is the customer code, the product ref (empty for lines without a product) or ``2026-11``.
    """

    code: str
    name: str
    invoices: int
    net: Amount


class Reports(Protocol):
    """Sums over the books of the context's company."""

    def sales(self, by: SalesBy, date_from: date, date_to: date) -> Sequence[SalesRow]:
        """Sum the lines of validated and paid invoices dated within both days, by code."""
        ...
