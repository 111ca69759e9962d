"""Payments of customers and what they settle: money in, money given back, and what is offset without money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from app.domain.billing.invoices import ZERO, Invoice, InvoicePaid
from app.domain.billing.paying import (
    AllocatedMore,
    CreditAlreadyUsed,
    CreditExceeded,
    CreditTwice,
    DatedBefore,
    FractionOfMinorUnit,
    MixedPayment,
    NothingMoved,
    OffsetNotZero,
    PaidTwice,
    PaymentNotPositive,
    PaymentOffset,
    PaymentReceived,
    PaymentRefunded,
    PaymentReversed,
    PaymentReversedBefore,
    RefundNotNegative,
    ReversalEntered,
    ReversalFinal,
)
from app.domain.shared.dates import Day
from app.domain.shared.ids import BankAccountId, InvoiceId, PartyId, PaymentId
from app.domain.shared.money import Amount, Currency, Rate, convert
from app.domain.shared.numbering import Number


class PaymentMethod(StrEnum):
    """How money came or went; an offset moves none."""

    TRANSFER = "transfer"
    CARD = "card"
    CASH = "cash"
    CHEQUE = "cheque"
    DIRECT_DEBIT = "direct_debit"
    OFFSET = "offset"


class AllocationKind(StrEnum):
    """What an allocation does to its invoice; a difference settles no money, only the company's currency."""

    SETTLEMENT = "settlement"
    EXCHANGE_DIFFERENCE = "exchange_difference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a payment does to one invoice, in the payment's and the company's currency."""

    invoice_id: InvoiceId
    kind: AllocationKind = AllocationKind.SETTLEMENT
    amount: Amount
    company_amount: Amount

    def plus(self, other: Allocation) -> Allocation:
        """Give both as one."""
        return replace(
            self,
            amount=Amount(self.amount + other.amount),
            company_amount=Amount(self.company_amount + other.company_amount),
        )

    def undone(self) -> Allocation:
        """Give what takes it back."""
        return replace(self, amount=Amount(-self.amount), company_amount=Amount(-self.company_amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUse:
    """What a payment takes from the credit that an earlier one left: below zero; above when a use is taken back."""

    credit_of: PaymentId
    kind: AllocationKind = AllocationKind.SETTLEMENT
    amount: Amount
    company_amount: Amount

    def undone(self) -> CreditUse:
        """Give what takes it back."""
        return replace(self, amount=Amount(-self.amount), company_amount=Amount(-self.company_amount))


@dataclass(slots=True, kw_only=True)
class Payment:
    """Money from one customer for one or more invoices; final as soon as it is entered.

    Its amount is what its allocations, the credits it uses and the ``credit`` it leaves add up to: below zero when
    money is given back, zero for an offset. What is left of the credit is all that changes later. ``sealed_party_id``
    is whom the link names, once that third party was merged into ``party_id``.
    """

    id: PaymentId = PaymentId(0)
    ref: str = ""
    party_id: PartyId
    date: Day
    method: PaymentMethod
    reference: str = ""
    account_id: BankAccountId | None = None
    currency: Currency
    rate: Rate
    company_currency: Currency
    amount: Amount = Amount(ZERO)
    company_amount: Amount = Amount(ZERO)
    allocations: list[Allocation] = field(default_factory=list)
    uses: list[CreditUse] = field(default_factory=list)
    credit: Amount = Amount(ZERO)
    company_credit: Amount = Amount(ZERO)
    credit_left: Amount = Amount(ZERO)
    company_credit_left: Amount = Amount(ZERO)
    reverses_id: PaymentId | None = None
    reversed_by_id: PaymentId | None = None
    reason: str = ""
    custom: Mapping[str, object] = field(default_factory=dict)
    number: int | None = None
    period: str | None = None
    link: str | None = None
    sealed_party_id: PartyId | None = None
    version: int = 0

    def pay(self, invoice: Invoice, part: Amount | None, at_most: Amount | None = None) -> InvoicePaid | None:
        """Allocate ``part`` (None: all that is due, up to ``at_most``) to ``invoice``; the event when that settles it.

        The part has the sign of what is due. A settled invoice whose company amount was reached by other rates than
        its own gets the rest as an ``exchange_difference``. Raises PaidTwice, MixedPayment, InvoiceNotOpen,
        PaymentNotPositive, RefundNotNegative, FractionOfMinorUnit, Overpaid.
        """
        self._check(invoice)
        due = invoice.due
        if part is None:
            part = due if at_most is None or due < 0 else min(due, at_most)
        amount = self._money_out(part) if due < 0 else self._money_in(part)
        company_amount = self._valued(amount)
        paid = invoice.settle(amount, company_amount)
        self._add(amount, company_amount)
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

    def use(self, source: Payment, part: Amount | None) -> None:
        """Take ``part``, below zero (None: all that is left), from the credit of ``source``.

        A credit used up at other rates than its own gets the rest as an ``exchange_difference``. Raises CreditTwice,
        MixedPayment, DatedBefore, RefundNotNegative, FractionOfMinorUnit, CreditExceeded.
        """
        if any(use.credit_of == source.id for use in self.uses):
            raise CreditTwice(at=("credit_of",), payment=source.id)
        if (source.party_id, source.currency) != (self.party_id, self.currency):
            raise MixedPayment(at=("credit_of",), invoice=source.ref)
        if self.date < source.date:
            raise DatedBefore(at=("credit_of",), payment=source.ref, date=source.date)
        left = Amount(-source.credit_left)
        amount = left if part is None and left else self._money_out(left if part is None else part)
        if amount < left:
            raise CreditExceeded(
                at=("amount",), payment=source.id, amount=-amount, left=-left, currency=self.currency.code
            )
        company_amount = self._valued(amount)
        source.spend(amount, company_amount)
        self._add(amount, company_amount)
        self.uses.append(CreditUse(credit_of=source.id, amount=amount, company_amount=company_amount))
        if not source.credit_left and source.company_credit_left:
            difference = Amount(-source.company_credit_left)
            source.spend(Amount(ZERO), difference)
            kind = AllocationKind.EXCHANGE_DIFFERENCE
            self.uses.append(CreditUse(credit_of=source.id, kind=kind, amount=Amount(ZERO), company_amount=difference))

    def spend(self, amount: Amount, company_amount: Amount) -> None:
        """Lessen what is left of this payment's credit by what a use takes, which is below zero."""
        self.credit_left = Amount(self.credit_left + amount)
        self.company_credit_left = Amount(self.company_credit_left + company_amount)

    def close(self, amount: Amount | None) -> None:
        """End a payment whose parts are in: what is above them of the ``amount`` moved is the customer's credit.

        Raises AllocatedMore, PaymentNotPositive, FractionOfMinorUnit; OffsetNotZero for an offset with a rest, and
        NothingMoved for what is no offset and yet moves nothing.
        """
        if amount is not None:
            self._keep(self._money_in(amount))
        if self.method is PaymentMethod.OFFSET:
            if self.amount:
                raise OffsetNotZero(at=("allocations",), amount=self.amount, currency=self.currency.code)
        elif not self.amount:
            raise NothingMoved(at=("method",))

    def reverse(self, on: Day, reason: str) -> Self:
        """Give the payment that undoes this one; it is not counted on invoices and credits yet.

        Raises PaymentReversedBefore, ReversalFinal, DatedBefore, CreditAlreadyUsed.
        """
        self._reversible(on)
        made = type(self)(
            party_id=self.party_id,
            date=on,
            method=self.method,
            reference=self.reference,
            account_id=self.account_id,
            currency=self.currency,
            rate=self.rate,
            company_currency=self.company_currency,
            amount=Amount(-self.amount),
            company_amount=Amount(-self.company_amount),
            reverses_id=self.id,
            reason=reason,
        )
        made.allocations = [allocation.undone() for allocation in self.allocations]
        made.uses = [use.undone() for use in self.uses]
        if self.credit:
            amount, company_amount = Amount(-self.credit), Amount(-self.company_credit)
            made.uses.append(CreditUse(credit_of=self.id, amount=amount, company_amount=company_amount))
        return made

    def _reversible(self, on: Day) -> None:
        if self.reversed_by_id is not None:
            raise PaymentReversedBefore(payment=self.ref)
        if self.reverses_id is not None:
            raise ReversalFinal(payment=self.ref)
        if on < self.date:
            raise DatedBefore(at=("date",), payment=self.ref, date=self.date)
        if self.credit_left != self.credit:
            used = Amount(self.credit - self.credit_left)
            raise CreditAlreadyUsed(payment=self.ref, used=used, currency=self.currency.code)

    def _valued(self, amount: Amount) -> Amount:
        """Give ``amount``, the next part, in company currency: all parts are exactly the whole at the rate."""
        whole = convert(Amount(self.amount + amount), self.rate, self.company_currency)
        return Amount(whole - self.company_amount)

    def _add(self, amount: Amount, company_amount: Amount) -> None:
        self.amount = Amount(self.amount + amount)
        self.company_amount = Amount(self.company_amount + company_amount)

    def _keep(self, moved: Amount) -> None:
        rest = Amount(moved - self.amount)
        if rest < 0:
            code = self.currency.code
            raise AllocatedMore(at=("amount",), amount=moved, allocated=self.amount, currency=code)
        company_rest = self._valued(rest)
        self.credit = self.credit_left = rest
        self.company_credit = self.company_credit_left = company_rest
        self._add(rest, company_rest)

    def _check(self, invoice: Invoice) -> None:
        if any(allocation.invoice_id == invoice.id for allocation in self.allocations):
            raise PaidTwice(at=("invoice_id",), invoice=invoice.id)
        if (invoice.party_id, invoice.valuation.currency) != (self.party_id, self.currency):
            raise MixedPayment(at=("invoice_id",), invoice=invoice.id)
        invoice.payable()

    def _money_in(self, amount: Amount) -> Amount:
        if amount <= 0:
            raise PaymentNotPositive(at=("amount",), amount=amount, currency=self.currency.code)
        return self._whole(amount)

    def _money_out(self, amount: Amount) -> Amount:
        if amount >= 0:
            raise RefundNotNegative(at=("amount",), amount=amount, currency=self.currency.code)
        return self._whole(amount)

    def _whole(self, amount: Amount) -> Amount:
        if self.currency.round(amount) != amount:
            raise FractionOfMinorUnit(at=("amount",), amount=amount, currency=self.currency.code)
        return amount

    def used_of(self, source: PaymentId) -> Amount:
        """Give how much of the credit of ``source`` it uses; below zero when it takes a use back."""
        return Amount(-sum((use.amount for use in self.uses if use.credit_of == source), ZERO))

    def take(self, number: Number) -> None:
        """Take the number, and its date when that was moved."""
        self.ref, self.number, self.period, self.date = number.ref, number.number, number.period, number.date

    def received(self) -> PaymentReceived | PaymentRefunded | PaymentOffset | ReversalEntered:
        """Give the event of its entry, once it has a number and an id."""
        told = {"id": self.id, "ref": self.ref, "party": self.party_id}
        money = {**told, "amount": self.amount, "currency": self.currency.code}
        if self.reverses_id is not None:
            return ReversalEntered(**money, payment=self.reverses_id, reason=self.reason)  # type: ignore[arg-type]
        if self.method is PaymentMethod.OFFSET:
            return PaymentOffset(**told)  # type: ignore[arg-type]
        return (PaymentReceived if self.amount > 0 else PaymentRefunded)(**money)  # type: ignore[arg-type]

    def reversed(self, reversal: Payment) -> PaymentReversed:
        """Note what undid it; the event."""
        self.reversed_by_id = reversal.id
        return PaymentReversed(id=self.id, reversal=reversal.id, reason=reversal.reason)

    def content(self) -> dict[str, object]:
        """Give the legal content the hash chain covers; keys of what a payment has not are left out.

        What is left of its credit and what reversed it are not in it: they come later.
        """
        extra: dict[str, object] = {}
        if self.credit:
            extra["credit"] = [self.credit, self.company_credit]
        if self.uses:
            extra["uses"] = [[u.credit_of, u.kind.value, u.amount, u.company_amount] for u in self.uses]
        if self.reverses_id is not None:
            extra["reverses"] = [self.reverses_id, self.reason]
        if self.reference:
            extra["reference"] = self.reference
        if self.account_id is not None:
            extra["account"] = self.account_id
        return {
            "kind": "payment",
            "ref": self.ref,
            "party": self.sealed_party_id or self.party_id,
            "date": self.date,
            "method": self.method.value,
            "currency": self.currency.code,
            "rate": self.rate,
            "amount": self.amount,
            "company": [self.company_currency.code, self.company_amount],
            "allocations": [[a.invoice_id, a.kind.value, a.amount, a.company_amount] for a in self.allocations],
            **extra,
        }
