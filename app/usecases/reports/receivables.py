"""What customers owe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Final

from app.domain.shared.ids import PartyId
from app.domain.shared.money import Amount, total
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing
from app.usecases.ports.reports import AgingRow, Entry, EntryKind
from app.usecases.ports.shared import Clock, Work
from app.usecases.reports.table import EARLIEST, Period, Table, columns, summed

CLASSES: Final = (30, 60, 90)
"""After how many days of delay an open amount is a class older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDay:
    """The day whose end is looked at; None is today."""

    on: date | None = None


@dataclass(frozen=True, slots=True)
class AgeReceivables:
    """Sum what customers owed at the end of a day by how long it was overdue, in the company's currency.

    Of an invoice given up counts what was paid of it later; money that came before its invoice is owed to the customer.
    """

    clock: Clock
    right: ClassVar[Right] = Right.REPORTS_READ
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing] = columns(
        "receivables",
        ("party_id", FieldKind.ID),
        ListField(name="code", kind=FieldKind.TEXT, nullable=True),
        ("name", FieldKind.TEXT),
        *((name, FieldKind.AMOUNT) for name in AgingRow._fields[3:]),
    )

    def execute(self, work: Work, context: Context, request: OnDay) -> Table[AgingRow]:
        """Give a row for each customer with something open, by name, and the sums."""
        on = request.on or self.clock.today(context.zone)
        return summed(context, work.reports.aging(on, classes(on)), AgingRow._fields[3:])


@dataclass(frozen=True, slots=True)
class ListUnpaid:
    """List the invoices that were open at the end of a day, the longest due first, with the days they were overdue."""

    clock: Clock
    right: ClassVar[Right] = Right.REPORTS_READ
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing] = columns(
        "unpaid",
        ("invoice_id", FieldKind.ID),
        ("ref", FieldKind.TEXT),
        ("party_id", FieldKind.ID),
        ("name", FieldKind.TEXT),
        ("date", FieldKind.DATE),
        ("due_date", FieldKind.DATE),
        ("currency", FieldKind.TEXT),
        ("gross", FieldKind.AMOUNT),
        ("due", FieldKind.AMOUNT),
        ("company_due", FieldKind.COMPANY_AMOUNT),
        ("days_overdue", FieldKind.COUNT),
    )

    def execute(self, work: Work, context: Context, request: OnDay) -> Table[tuple[object, ...]]:
        """Give the invoices and the sum of what is due."""
        on = request.on or self.clock.today(context.zone)
        found = work.reports.unpaid(on)
        return Table(
            currency=context.settings.currency.code,
            rows=[(*row, max(0, (on - row.due_date).days)) for row in found],
            totals={"company_due": total(row.company_due for row in found)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRequest(Period):
    """Whose account is wanted, of which period."""

    party: PartyId


@dataclass(frozen=True, slots=True)
class Statement:
    """Show a customer's account: what was owed before, every invoice and payment of a period, and what is owed after.

    ``balance`` is what is owed after each entry. Raises NotFound, PeriodBackwards.
    """

    right: ClassVar[Right] = Right.REPORTS_READ
    writes: ClassVar[bool] = False
    listing: ClassVar[Listing] = columns(
        "statement",
        ("date", FieldKind.DATE),
        ListField(name="kind", kind=FieldKind.CHOICE, choices=tuple(EntryKind)),
        ("ref", FieldKind.TEXT),
        ("currency", FieldKind.TEXT),
        ("own_amount", FieldKind.AMOUNT),
        ("amount", FieldKind.COMPANY_AMOUNT),
        ("balance", FieldKind.COMPANY_AMOUNT),
    )

    def execute(self, work: Work, context: Context, request: StatementRequest) -> Table[tuple[object, ...]]:
        """Give the entries in order; the sum of their amounts is what is owed in the end."""
        first, last = request.days()
        work.parties.get(request.party)
        currency = context.settings.currency.code
        entries = list(work.reports.entries(request.party, first, last))
        if first > EARLIEST:
            before = work.reports.opening(request.party, first)
            entries.insert(0, Entry(first, EntryKind.OPENING, "", currency, before, before))
        rows, balance = [], Amount(total(()))
        for entry in entries:
            balance = Amount(balance + entry.amount)
            rows.append((*entry, balance))
        return Table(currency=currency, rows=rows, totals={"amount": balance})


def classes(on: date) -> tuple[date, date, date]:
    """Give the days before which what is due is a class older, looked at from ``on``."""
    first, second, third = (_before(on, days) for days in CLASSES)
    return first, second, third


def _before(day: date, days: int) -> date:
    return max(EARLIEST, day - timedelta(days=days)) if day.toordinal() > days else EARLIEST
