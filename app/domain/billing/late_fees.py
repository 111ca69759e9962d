"""Late fees: simple interest on what was due and not paid, and a fixed sum for the trouble (EU directive 2011/7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from app.domain.billing.invoices import Invoice, InvoiceKind
from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict
from app.domain.shared.money import EXACT, Amount, Rate

ZERO: Final = Decimal(0)
YEAR: Final = Decimal(36500)
"""Days of a year times a hundred per cent: interest is actual/365."""
CHARGEABLE: Final = (InvoiceKind.STANDARD, InvoiceKind.DEPOSIT, InvoiceKind.REPLACEMENT)


class NothingLate(Conflict):
    """There is no late fee to charge: nothing was late, it is charged already, or the company takes none."""

    code = "billing.nothing_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an invoice was paid on one day, in its currency; below zero for money paid back."""

    date: Day
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFee:
    """What being late costs to a day; amounts are in the invoice's currency.

    ``days`` are those since the due date with something due, ``charged`` is what invoices of late fees ask for already.
    """

    on: Day
    days: int
    percent: Rate
    interest: Amount
    fixed: Amount
    charged: Amount = Amount(ZERO)

    @property
    def total(self) -> Amount:
        """Interest and fixed sum."""
        return Amount(self.interest + self.fixed)

    @property
    def left(self) -> Amount:
        """What is not charged yet."""
        return Amount(max(ZERO, self.total - self.charged))


def late_fee(
    invoice: Invoice, settled: Iterable[Settled], on: Day, percent: Rate, fixed: Amount, charged: Amount
) -> LateFee:
    """Compute the late fee of an invoice to the day ``on``.

    Interest runs from the day after the due date, on what was due at the end of each day, and is rounded once. A
    payment counts from its day on; a rest that was given up when the invoice was closed was never due. ``fixed`` is in
    the company's currency, once for an invoice that was late.
    """
    invoice.must_be(*CHARGEABLE)
    invoice.issued()
    due = Decimal(invoice.totals.gross if invoice.close_reason is None else invoice.paid)
    by_day: dict[Day, Decimal] = {}
    for one in settled:
        by_day[one.date] = by_day.get(one.date, ZERO) + one.amount
    due -= sum((amount for day, amount in by_day.items() if day <= invoice.due_date), ZERO)
    weighted, days, since = ZERO, 0, invoice.due_date
    for day in sorted({day for day in by_day if invoice.due_date < day < on} | {on}):
        passed = max(0, (day - since) // timedelta(days=1))
        if due > 0:
            weighted += due * passed
            days += passed
        due -= by_day.get(day, ZERO)
        since = day
    valuation = invoice.valuation
    interest = valuation.currency.round(EXACT.divide(EXACT.multiply(weighted, percent), YEAR))
    own = valuation.currency.round(EXACT.divide(fixed, valuation.rate)) if days else Amount(ZERO)
    return LateFee(on=on, days=days, percent=percent, interest=interest, fixed=own, charged=charged)
