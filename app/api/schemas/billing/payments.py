"""Payments on the wire."""

from pydantic import Field

from app.api.schemas.shared import (
    CUSTOM_IN,
    CUSTOM_OUT,
    AmountIn,
    CustomValues,
    Day,
    Id,
    In,
    Number,
    Out,
    RateIn,
)
from app.domain.billing import (
    AllocationKind,
    Payment,
    PaymentMethod,
)
from app.domain.shared.ids import InvoiceId
from app.domain.shared.money import plain
from app.usecases.billing import Part, PaymentDraft


class InvoicePaymentIn(In):
    """A payment of one invoice."""

    amount: AmountIn | None = Field(None, description="Amount in the invoice's currency; left out: all that is due")
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    method: PaymentMethod = Field(PaymentMethod.TRANSFER, description="How the money came")
    rate: RateIn | None = Field(None, description="Company's currency per unit that day; left out: the invoice's")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, invoice_id: int) -> PaymentDraft:
        """Give the payment asked for."""
        part = Part(invoice_id=InvoiceId(invoice_id), amount=self.amount)
        return PaymentDraft(date=self.date, method=self.method, rate=self.rate, parts=(part,), custom=self.custom)


class AllocationIn(In):
    """What one invoice gets of a payment."""

    invoice_id: Id = Field(description="Id of the invoice", examples=[9])
    amount: AmountIn | None = Field(None, description="Amount in the invoice's currency; left out: all that is due")


class PaymentIn(In):
    """A payment of several invoices of one customer and currency."""

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    method: PaymentMethod = Field(PaymentMethod.TRANSFER, description="How the money came")
    rate: RateIn | None = Field(None, description="Company's currency per unit that day; left out: the first invoice's")
    allocations: list[AllocationIn] = Field(min_length=1, description="The invoices paid")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> PaymentDraft:
        """Give the payment asked for."""
        parts = tuple(Part(invoice_id=InvoiceId(a.invoice_id), amount=a.amount) for a in self.allocations)
        return PaymentDraft(date=self.date, method=self.method, rate=self.rate, parts=parts, custom=self.custom)


class AllocationOut(Out):
    """What a payment did to one invoice."""

    invoice_id: int = Field(description="Id of the invoice", examples=[9])
    kind: AllocationKind = Field(description="Settlement, or a difference of exchange rates")
    amount: Number = Field(description="Amount in the payment's currency", examples=["886.92"])
    company_amount: Number = Field(description="Amount in the company's currency", examples=["886.92"])


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
    allocations: list[AllocationOut] = Field(description="What it settled")
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
            allocations=allocations,
            custom=payment.custom,
            link=payment.link,
            version=payment.version,
        )
