"""Payments on the wire."""

from collections.abc import Sequence
from typing import Final

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.schemas.shared import (
    CUSTOM_IN,
    CUSTOM_OUT,
    AmountIn,
    CustomValues,
    Day,
    Flag,
    Id,
    In,
    Number,
    Out,
    RateIn,
    Text,
)
from app.domain.billing import (
    AllocationKind,
    CreditKind,
    OpenCredit,
    Payment,
    PaymentMethod,
)
from app.domain.shared.ids import BankAccountId, InvoiceId, PaymentId
from app.domain.shared.money import currency, plain
from app.usecases.billing import Part, PaymentDraft, Reversal, WriteOff

REFERENCE: Final = "Number and bank of a cheque, id of a transaction"
ACCOUNT: Final = "Id of the company's bank account the money came to or went from"


class InvoicePaymentIn(In):
    """A payment of one invoice; of a credit note it is a refund."""

    amount: AmountIn | None = Field(
        None,
        description="Amount in the invoice's currency, below zero for a credit note; left out: all that is due",
        examples=["120.50"],
    )
    keep_rest: Flag = Field(default=False, description="Keep what is above the amount due as the customer's credit")
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    method: PaymentMethod = Field(PaymentMethod.TRANSFER, description="How the money came")
    rate: RateIn | None = Field(None, description="Company's currency per unit that day; left out: the invoice's")
    reference: Text = Field("", max_length=100, description=REFERENCE, examples=["TX-77"])
    account_id: Id | None = Field(None, description=ACCOUNT)
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, invoice_id: int) -> PaymentDraft:
        """Give the payment asked for."""
        keeps = self.keep_rest and self.amount is not None
        part = Part(invoice_id=InvoiceId(invoice_id), amount=None if keeps else self.amount)
        return PaymentDraft(
            date=self.date,
            method=self.method,
            rate=self.rate,
            amount=self.amount if keeps else None,
            reference=self.reference,
            account_id=None if self.account_id is None else BankAccountId(self.account_id),
            parts=(part,),
            custom=self.custom,
        )


class AllocationIn(In):
    """What one invoice gets of a payment, or what is taken of the credit an earlier payment left: one of both."""

    invoice_id: Id | None = Field(None, description="Id of the invoice", examples=[9])
    credit_of: Id | None = Field(None, description="Id of the payment whose credit is used")
    amount: AmountIn | None = Field(
        None,
        description="Amount in the payment's currency, below zero for a credit note or a credit; left out: all",
        examples=["120.50"],
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "AllocationIn":
        if (self.invoice_id is None) == (self.credit_of is None):
            raise PydanticCustomError("missing", "either invoice_id or credit_of")
        return self

    def to_domain(self) -> Part:
        """Give the part asked for."""
        return Part(
            invoice_id=None if self.invoice_id is None else InvoiceId(self.invoice_id),
            credit_of=None if self.credit_of is None else PaymentId(self.credit_of),
            amount=self.amount,
        )


class PaymentIn(In):
    """A payment of several invoices of one customer and currency; an ``offset`` settles them with credits."""

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    method: PaymentMethod = Field(PaymentMethod.TRANSFER, description="How the money came")
    rate: RateIn | None = Field(None, description="Company's currency per unit that day; left out: the first invoice's")
    amount: AmountIn | None = Field(
        None,
        description="What came in; above the sum of the allocations the rest is the customer's credit",
        examples=["120.50"],
    )
    reference: Text = Field("", max_length=100, description=REFERENCE, examples=["TX-77"])
    account_id: Id | None = Field(None, description=ACCOUNT)
    allocations: list[AllocationIn] = Field(min_length=1, description="The invoices paid, and the credits used")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> PaymentDraft:
        """Give the payment asked for."""
        return PaymentDraft(
            date=self.date,
            method=self.method,
            rate=self.rate,
            amount=self.amount,
            reference=self.reference,
            account_id=None if self.account_id is None else BankAccountId(self.account_id),
            parts=tuple(allocation.to_domain() for allocation in self.allocations),
            custom=self.custom,
        )


class ReversalIn(In):
    """Why and when a payment is undone."""

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    reason: Text = Field(min_length=1, max_length=200, description="Why", examples=["Cheque bounced"])

    def to_domain(self, payment_id: int) -> Reversal:
        """Give the reversal asked for."""
        return Reversal(payment_id=PaymentId(payment_id), date=self.date, reason=self.reason)


class AllocationOut(Out):
    """What a payment did to one invoice."""

    invoice_id: int = Field(description="Id of the invoice", examples=[9])
    kind: AllocationKind = Field(description="Settlement, or a difference of exchange rates")
    amount: Number = Field(description="Amount in the payment's currency", examples=["886.92"])
    company_amount: Number = Field(description="Amount in the company's currency", examples=["886.92"])


class CreditUseOut(Out):
    """What a payment took of the credit an earlier one left."""

    credit_of: int = Field(description="Id of the payment that left the credit", examples=[5])
    kind: AllocationKind = Field(description="Settlement, or a difference of exchange rates")
    amount: Number = Field(description="Amount in the payment's currency, below zero", examples=["-40.00"])
    company_amount: Number = Field(description="Amount in the company's currency", examples=["-40.00"])


class PaymentOut(Out):
    """A payment."""

    id: int = Field(description="Id", examples=[5])
    ref: str = Field(description="Number", examples=["PAY2611-0001"])
    party_id: int = Field(description="Id of the customer", examples=[7])
    date: Day = Field(description="Legal date", examples=["2026-11-21"])
    method: PaymentMethod = Field(description="How the money came")
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])
    rate: Number = Field(description="Company's currency per unit", examples=["1"])
    company_currency: str = Field(description="ISO 4217 code of the company's currency", examples=["EUR"])
    amount: Number = Field(description="Amount in the payment's currency", examples=["886.92"])
    company_amount: Number = Field(description="Amount in the company's currency", examples=["886.92"])
    reference: str = Field(description=REFERENCE, examples=["TX-77"])
    account_id: int | None = Field(description=ACCOUNT)
    allocations: list[AllocationOut] = Field(description="What it settled")
    uses: list[CreditUseOut] = Field(description="What it took of credits")
    credit: Number = Field(description="What it left to the customer's credit", examples=["0.00"])
    credit_left: Number = Field(description="What is left of that", examples=["0.00"])
    reverses_id: int | None = Field(description="Id of the payment it undoes")
    reversed_by_id: int | None = Field(description="Id of the payment that undid it")
    reason: str = Field(description="Why it undoes another")
    link: str | None = Field(description="Its link in the hash chain of its series, 64 hex digits")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, payment: Payment) -> "PaymentOut":
        """Show a payment."""
        own, company = payment.currency.digits, payment.company_currency.digits
        allocations = [
            AllocationOut.model_construct(
                invoice_id=a.invoice_id,
                kind=a.kind,
                amount=plain(a.amount, own),
                company_amount=plain(a.company_amount, company),
            )
            for a in payment.allocations
        ]
        uses = [
            CreditUseOut.model_construct(
                credit_of=use.credit_of,
                kind=use.kind,
                amount=plain(use.amount, own),
                company_amount=plain(use.company_amount, company),
            )
            for use in payment.uses
        ]
        return cls.model_construct(
            id=payment.id,
            ref=payment.ref,
            party_id=payment.party_id,
            date=payment.date,
            method=payment.method,
            currency=payment.currency.code,
            rate=plain(payment.rate),
            company_currency=payment.company_currency.code,
            amount=plain(payment.amount, own),
            company_amount=plain(payment.company_amount, company),
            reference=payment.reference,
            account_id=payment.account_id,
            allocations=allocations,
            uses=uses,
            credit=plain(payment.credit, own),
            credit_left=plain(payment.credit_left, own),
            reverses_id=payment.reverses_id,
            reversed_by_id=payment.reversed_by_id,
            reason=payment.reason,
            custom=payment.custom,
            link=payment.link,
            version=payment.version,
        )


class OpenCreditOut(Out):
    """What is left of a payment's credit or of a credit note."""

    kind: CreditKind = Field(description="Where it comes from")
    id: int = Field(description="Id of the payment or credit note", examples=[5])
    ref: str = Field(description="Its number", examples=["PAY2611-0001"])
    date: Day = Field(description="Its date", examples=["2026-11-21"])
    currency: str = Field(description="ISO 4217 code", examples=["EUR"])
    left: Number = Field(description="What is left, above zero", examples=["40.00"])


class CreditsOut(Out):
    """What a customer has to their credit."""

    items: list[OpenCreditOut] = Field(description="At most 200 payments and 200 credit notes, oldest first")

    @classmethod
    def of(cls, found: Sequence[OpenCredit]) -> "CreditsOut":
        """Show open credits."""
        items = [
            OpenCreditOut.model_construct(
                kind=one.kind,
                id=one.id,
                ref=one.ref,
                date=one.date,
                currency=one.currency,
                left=plain(one.left, currency(one.currency).digits),
            )
            for one in found
        ]
        return cls.model_construct(items=items)


class WriteOffIn(In):
    """When a bad debt is given up."""

    date: Day | None = Field(None, description="Date of the loss; left out: today", examples=["2026-11-21"])

    def to_domain(self, invoice_id: int) -> WriteOff:
        """Give what is asked for."""
        return WriteOff(invoice_id=InvoiceId(invoice_id), date=self.date)
