"""Sums over the stock in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.domain.stock import StockRule
from app.infrastructure.database.reporting import run_report
from app.infrastructure.database.session import Session
from app.usecases.context import Context
from app.usecases.ports.stock import ShortStock, StockSum


class SqlStockReports:
    """Sums over the stock of the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def sums(self, on: date) -> Sequence[StockSum]:
        """Give what moved until the end of a day, by product and warehouse."""
        rows = run_report(self._session, "stock_sums", company=self._company, until=on)
        return [
            StockSum(product=row[0], ref=row[1], name=row[2], warehouse=row[3], quantity=row[4], value=row[5])
            for row in rows
        ]

    def short(self) -> Sequence[ShortStock]:
        """Give what is below its minimum now, by product and warehouse."""
        rows = run_report(self._session, "stock_short", company=self._company)
        return [
            ShortStock(
                ref=row[2],
                name=row[3],
                rule=StockRule(warehouse_id=row[0], product_id=row[1], minimum=row[5], desired=row[6]),
                available=row[4],
            )
            for row in rows
        ]
