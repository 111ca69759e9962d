"""Invoices and payments on the wire."""

from __future__ import annotations

from app.api.schemas.billing.credit_notes import CreditAmountIn, CreditNoteIn, CreditPartIn
from app.api.schemas.billing.deposits import DeductionIn, DepositIn
from app.api.schemas.billing.invoices import (
    SOME_DAY,
    AbandonIn,
    CloseIn,
    InvoiceChange,
    InvoiceCopyIn,
    InvoiceIn,
    InvoiceLineOut,
    InvoiceOut,
    OrderInvoiceIn,
)
from app.api.schemas.billing.late_fees import LateFeeIn, LateFeeOut
from app.api.schemas.billing.payments import (
    AllocationIn,
    AllocationOut,
    CreditsOut,
    CreditUseOut,
    InvoicePaymentIn,
    PaymentIn,
    PaymentOut,
    ReversalIn,
    WriteOffIn,
)
from app.api.schemas.billing.proposals import ProposalInvoiceIn
from app.api.schemas.billing.templates import (
    InvoiceTemplateChange,
    InvoiceTemplateIn,
    InvoiceTemplateOut,
    TemplateLineOut,
)

__all__ = [
    "SOME_DAY",
    "AbandonIn",
    "AllocationIn",
    "AllocationOut",
    "CloseIn",
    "CreditAmountIn",
    "CreditNoteIn",
    "CreditPartIn",
    "CreditUseOut",
    "CreditsOut",
    "DeductionIn",
    "DepositIn",
    "InvoiceChange",
    "InvoiceCopyIn",
    "InvoiceIn",
    "InvoiceLineOut",
    "InvoiceOut",
    "InvoicePaymentIn",
    "InvoiceTemplateChange",
    "InvoiceTemplateIn",
    "InvoiceTemplateOut",
    "LateFeeIn",
    "LateFeeOut",
    "OrderInvoiceIn",
    "PaymentIn",
    "PaymentOut",
    "ProposalInvoiceIn",
    "ReversalIn",
    "TemplateLineOut",
    "WriteOffIn",
]
