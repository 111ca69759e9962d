"""Sales and the VAT on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, Listing
from app.usecases.ports.reports import SalesBy, SalesRow, VatRow
from app.usecases.ports.shared import Work
from app.usecases.reports.table import Period, Table, columns, summed


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRequest(Period):
    """Which sales are wanted, and by what."""

    by: SalesBy


@dataclass(frozen=True, slots=True)
class SalesReport:
    """Sum net sales, what they cost and the margin over the lines of validated and paid invoices.

    The cost of a line is what its product cost when the line was entered. Raises PeriodBackwards.
    """

    right: ClassVar[Right] = Right.REPORTS_READ
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing] = columns(
        "sales",
        ("code", FieldKind.TEXT),
        ("name", FieldKind.TEXT),
        ("invoices", FieldKind.COUNT),
        ("net", FieldKind.AMOUNT),
        ("cost", FieldKind.AMOUNT),
        ("margin", FieldKind.AMOUNT),
    )

    def execute(self, work: Work, context: Context, request: SalesRequest) -> Table[SalesRow]:
        """Give the rows by code, and their sums."""
        return summed(context, work.reports.sales(request.by, *request.days()), ("net", "cost", "margin"))


@dataclass(frozen=True, slots=True)
class VatReport:
    """Sum the VAT of final invoices by rate, by the day of the invoice, in the company's currency.

    Invoices given up count too: what was not paid does not make their VAT undue by itself. Raises PeriodBackwards.
    """

    right: ClassVar[Right] = Right.REPORTS_READ
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing] = columns(
        "vat",
        ("rate", FieldKind.RATE),
        ("invoices", FieldKind.COUNT),
        ("base", FieldKind.AMOUNT),
        ("vat", FieldKind.AMOUNT),
    )

    def execute(self, work: Work, context: Context, request: Period) -> Table[VatRow]:
        """Give the rows by rate, and their sums."""
        return summed(context, work.reports.vat(*request.days()), ("base", "vat"))
