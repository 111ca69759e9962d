"""Reports in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.domain.shared.ids import PartyId
from app.domain.shared.money import Amount
from app.infrastructure.database.compiled import Row
from app.infrastructure.database.reporting import run_report
from app.infrastructure.database.session import Session
from app.usecases.context import Context
from app.usecases.ports.reports import AgingRow, Entry, EntryKind, SalesBy, SalesRow, Unpaid, VatRow


class SqlReports:
    """Sums over the books of the context's company."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def sales(self, by: SalesBy, date_from: date, date_to: date) -> Sequence[SalesRow]:
        """Sum the lines of validated and paid invoices dated within both days, by code."""
        return [SalesRow(*row) for row in self._run("sales", by=by.value, date_from=date_from, date_to=date_to)]

    def aging(self, on: date, limits: tuple[date, date, date]) -> Sequence[AgingRow]:
        """Sum what was open at the end of ``on``; due before each of ``limits`` is a class older."""
        first, second, third = limits
        rows = self._run("aging", day=on, limit_1=first, limit_2=second, limit_3=third)
        return [AgingRow(*row) for row in rows]

    def aging_of(self, party: PartyId, on: date, limits: tuple[date, date, date]) -> AgingRow | None:
        """Give what ``aging`` tells of one customer, None of one who owes nothing."""
        first, second, third = limits
        rows = self._run("aging_of", party=party, day=on, limit_1=first, limit_2=second, limit_3=third)
        return AgingRow(*rows[0]) if rows else None

    def unpaid(self, on: date) -> Sequence[Unpaid]:
        """Give the invoices that were open at the end of ``on``, by due date."""
        return [Unpaid(*row) for row in self._run("unpaid", day=on)]

    def vat(self, date_from: date, date_to: date) -> Sequence[VatRow]:
        """Sum the taxes of invoices dated within both days, by rate."""
        return [VatRow(*row) for row in self._run("vat", date_from=date_from, date_to=date_to)]

    def opening(self, party: PartyId, before: date) -> Amount:
        """Give what a customer owed before a day."""
        ((amount,),) = self._run("opening", party=party, day=before)
        return Amount(amount)

    def entries(self, party: PartyId, date_from: date, date_to: date) -> Sequence[Entry]:
        """Give the entries of a customer's account within both days, in order."""
        rows = self._run("statement", party=party, date_from=date_from, date_to=date_to)
        return [Entry(on, EntryKind(kind), *others) for on, kind, *others in rows]

    def _run(self, name: str, **given: Any) -> list[Row]:
        return run_report(self._session, name, company=self._company, **given)
