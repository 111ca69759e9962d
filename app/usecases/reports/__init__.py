"""What is read from the books in sums."""

from __future__ import annotations

from app.usecases.reports.receivables import (
    AgeReceivables,
    ListUnpaid,
    OnDay,
    Statement,
    StatementRequest,
    classes,
)
from app.usecases.reports.sales import SalesReport, SalesRequest, VatReport
from app.usecases.reports.table import Period, PeriodBackwards, Table

__all__ = [
    "AgeReceivables",
    "ListUnpaid",
    "OnDay",
    "Period",
    "PeriodBackwards",
    "SalesReport",
    "SalesRequest",
    "Statement",
    "StatementRequest",
    "Table",
    "VatReport",
    "classes",
]
