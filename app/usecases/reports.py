"""What is read from the books in sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from app.domain.shared.errors import Invalid
from app.domain.shared.money import Amount
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.reports import SalesBy, SalesRow
from app.usecases.ports.shared import Work

# The range every database has dates for.
EARLIEST: Final = date(1000, 1, 1)
LATEST: Final = date(9999, 12, 31)


class PeriodBackwards(Invalid):
    """The period ends before it begins."""

    code = "reports.period_backwards"


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRequest:
    """Which sales are wanted: by what, and from which day to which, both included; None is without bound."""

    by: SalesBy
    date_from: date | None = None
    date_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """The rows of the report by code, and their sum, in the currency named."""

    by: SalesBy
    currency: str
    rows: Sequence[SalesRow]
    total: Amount


@dataclass(frozen=True, slots=True)
class SalesReport:
    """Sum net sales by customer, product or month over validated and paid invoices. Raises PeriodBackwards."""

    right: ClassVar[Right] = Right.REPORTS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: SalesRequest) -> Sales:
        """Give the rows and the total, in the company's currency."""
        first, last = request.date_from or EARLIEST, request.date_to or LATEST
        if last < first:
            raise PeriodBackwards(at=("date_to",), date_from=first, date_to=last)
        rows = work.reports.sales(request.by, first, last)
        total = sum((row.net for row in rows), Decimal(0))
        return Sales(by=request.by, currency=context.settings.currency.code, rows=rows, total=Amount(total))
