"""Payments of customers and what they settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from app.domain.billing.invoices import ZERO, Invoice, InvoicePaid
from app.domain.shared.dates import Day
from app.domain.shared.errors import Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import InvoiceId, PartyId, PaymentId
from app.domain.shared.money import Amount, Currency, Rate, convert
from app.domain.shared.numbering import Number


class PaymentMethod(StrEnum):
    """How money came."""

    TRANSFER = "transfer"
    CARD = "card"
    CASH = "cash"
    CHEQUE = "cheque"
    DIRECT_DEBIT = "direct_debit"


class AllocationKind(StrEnum):
    """What an allocation does to its invoice; a difference settles no money, only the company's currency."""

    SETTLEMENT = "settlement"
    EXCHANGE_DIFFERENCE = "exchange_difference"


class PaymentNotPositive(Invalid):
    """A payment must be above zero."""

    code = "billing.payment_not_positive"


class PaidTwice(Invalid):
    """One invoice stands twice in the payment."""

    code = "billing.invoice_twice"


class MixedPayment(Invalid):
    """The invoices of one payment must be of one customer and one currency."""

    code = "billing.mixed_payment"


class NothingPaid(Invalid):
    """A payment needs at least one invoice."""

    code = "billing.nothing_paid"


class FractionOfMinorUnit(Invalid):
    """The amount has more decimals than its currency."""

    code = "billing.fraction_of_minor_unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceived(Event):
    """Money came in for one or more invoices."""

    name: ClassVar[str] = "billing.payment_received"
    aggregate: ClassVar[str] = "payment"
    id: PaymentId
    ref: str
    party: PartyId
    amount: Amount
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a payment does to one invoice, in the payment's and the company's currency."""

    invoice_id: InvoiceId
    kind: AllocationKind = AllocationKind.SETTLEMENT
    amount: Amount
    company_amount: Amount


@dataclass(slots=True, kw_only=True)
class Payment:
    """Money from one customer for one or more invoices; final as soon as it is entered."""

    id: PaymentId = PaymentId(0)
    ref: str = ""
    party_id: PartyId
    date: Day
    method: PaymentMethod
    currency: Currency
    rate: Rate
    company_currency: Currency
    amount: Amount = Amount(ZERO)
    company_amount: Amount = Amount(ZERO)
    allocations: list[Allocation] = field(default_factory=list)
    custom: Mapping[str, object] = field(default_factory=dict)
    number: int | None = None
    period: str | None = None
    link: str | None = None
    version: int = 0

    def pay(self, invoice: Invoice, part: Amount | None) -> InvoicePaid | None:
        """Allocate ``part`` (None: all that is due) to ``invoice``; the event when that settles it.

        A settled invoice whose company amount was reached by other rates than its own gets the rest as an
        ``exchange_difference``. Raises PaidTwice, MixedPayment, InvoiceNotOpen, PaymentNotPositive,
        FractionOfMinorUnit, Overpaid.
        """
        self._check(invoice)
        amount = invoice.due if part is None else self._whole(part)
        company_amount = convert(amount, self.rate, self.company_currency)
        paid = invoice.settle(amount, company_amount)
        self.amount = Amount(self.amount + amount)
        self.company_amount = Amount(self.company_amount + company_amount)
        self.allocations.append(Allocation(invoice_id=invoice.id, amount=amount, company_amount=company_amount))
        difference = Amount(invoice.totals.company_gross - invoice.company_paid)
        if paid is not None and difference:
            invoice.company_paid = invoice.totals.company_gross
            self.allocations.append(
                Allocation(
                    invoice_id=invoice.id,
                    kind=AllocationKind.EXCHANGE_DIFFERENCE,
                    amount=Amount(ZERO),
                    company_amount=difference,
                )
            )
        return paid

    def _check(self, invoice: Invoice) -> None:
        if any(allocation.invoice_id == invoice.id for allocation in self.allocations):
            raise PaidTwice(at=("invoice_id",), invoice=invoice.id)
        if (invoice.party_id, invoice.valuation.currency) != (self.party_id, self.currency):
            raise MixedPayment(at=("invoice_id",), invoice=invoice.id)
        invoice.payable()

    def _whole(self, amount: Amount) -> Amount:
        if amount <= 0:
            raise PaymentNotPositive(at=("amount",), amount=amount, currency=self.currency.code)
        if self.currency.round(amount) != amount:
            raise FractionOfMinorUnit(at=("amount",), amount=amount, currency=self.currency.code)
        return amount

    def take(self, number: Number) -> None:
        """Take the number, and its date when that was moved."""
        self.ref, self.number, self.period, self.date = number.ref, number.number, number.period, number.date

    def received(self) -> PaymentReceived:
        """Give the event of its entry, once it has a number and an id."""
        return PaymentReceived(
            id=self.id, ref=self.ref, party=self.party_id, amount=self.amount, currency=self.currency.code
        )

    def content(self) -> dict[str, object]:
        """Give the legal content the hash chain covers."""
        return {
            "kind": "payment",
            "ref": self.ref,
            "party": self.party_id,
            "date": self.date,
            "method": self.method.value,
            "currency": self.currency.code,
            "rate": self.rate,
            "amount": self.amount,
            "company": [self.company_currency.code, self.company_amount],
            "allocations": [[a.invoice_id, a.kind.value, a.amount, a.company_amount] for a in self.allocations],
        }
