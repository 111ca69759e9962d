"""Reports in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.infrastructure.database.reporting import run_report
from app.infrastructure.database.session import Session
from app.usecases.context import Context
from app.usecases.ports.reports import SalesBy, SalesRow


class SqlReports:
    """Sums over the books of the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def sales(self, by: SalesBy, date_from: date, date_to: date) -> Sequence[SalesRow]:
        """Sum the lines of validated and paid invoices dated within both days, by code."""
        rows = run_report(
            self._session, "sales", company=self._company, by=by.value, date_from=date_from, date_to=date_to
        )
        return [SalesRow(code=code, name=name, invoices=invoices, net=net) for code, name, invoices, net in rows]
