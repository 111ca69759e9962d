"""What the use cases of reports need from outside.

Rows are tuples in the order of their report's fields. Amounts are in the company's currency unless another is named
beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Protocol

from app.domain.shared.dates import Day
from app.domain.shared.ids import InvoiceId, PartyId
from app.domain.shared.money import Amount, Rate


class SalesBy(StrEnum):
    """What sales are summed by; day, month and year are those of the invoice."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    REPRESENTATIVE = "representative"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class SalesRow(NamedTuple):
    """Sales of one customer, product, representative or period; ``margin`` is ``net`` less ``cost``.

    ``code`` is the customer code, the product ref (empty for lines without a product), the e-mail address of the
    representative whom the invoice names (empty where it names nobody) or ``2026-11``.
    """

    code: str
    name: str
    invoices: int
    net: Amount
    cost: Amount
    margin: Amount


class AgingRow(NamedTuple):
    """What one customer owes, by how many days it is overdue."""

    party_id: PartyId
    code: str | None
    name: str
    not_due: Amount
    days_1_30: Amount
    days_31_60: Amount
    days_61_90: Amount
    over_90: Amount
    total: Amount


class Unpaid(NamedTuple):
    """An invoice with what is left to pay of it, in its own and in the company's currency."""

    invoice_id: InvoiceId
    ref: str
    party_id: PartyId
    name: str
    date: Day
    due_date: Day
    currency: str
    gross: Amount
    due: Amount
    company_due: Amount


class VatRow(NamedTuple):
    """What was invoiced at one rate of VAT, and the tax on it."""

    rate: Rate
    invoices: int
    base: Amount
    vat: Amount


class EntryKind(StrEnum):
    """What stands on a customer's account."""

    OPENING = "opening"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    EXCHANGE_DIFFERENCE = "exchange_difference"
    GIVEN_UP = "given_up"


class Entry(NamedTuple):
    """One entry of a customer's account: what is owed grows by ``amount``."""

    date: Day
    kind: EntryKind
    ref: str
    currency: str
    own_amount: Amount
    amount: Amount


class Reports(Protocol):
    """Sums over the books of the context's company."""

    def sales(self, by: SalesBy, date_from: date, date_to: date) -> Sequence[SalesRow]:
        """Sum the lines of validated and paid invoices dated within both days, by code."""
        ...

    def aging(self, on: date, limits: tuple[date, date, date]) -> Sequence[AgingRow]:
        """Sum what was open at the end of ``on``; due before each of ``limits`` is a class older."""
        ...

    def aging_of(self, party: PartyId, on: date, limits: tuple[date, date, date]) -> AgingRow | None:
        """Give what ``aging`` tells of one customer, None of one who owes nothing."""
        ...

    def unpaid(self, on: date) -> Sequence[Unpaid]:
        """Give the invoices that were open at the end of ``on``, by due date."""
        ...

    def vat(self, date_from: date, date_to: date) -> Sequence[VatRow]:
        """Sum the taxes of invoices dated within both days, by rate."""
        ...

    def opening(self, party: PartyId, before: date) -> Amount:
        """Give what a customer owed before a day."""
        ...

    def entries(self, party: PartyId, date_from: date, date_to: date) -> Sequence[Entry]:
        """Give the entries of a customer's account within both days, in order."""
        ...
