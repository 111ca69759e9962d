"""Invoices on the wire."""

from datetime import date
from typing import Literal

from pydantic import Field

from app.api.schemas.documents import LineIn, LineOut, PartIn, ValuedOut, VatOut, priced, valued
from app.api.schemas.shared import (
    CUSTOM_CHANGE,
    CUSTOM_IN,
    CUSTOM_OUT,
    Change,
    CustomValues,
    Day,
    Id,
    In,
    Number,
    RateIn,
    Text,
)
from app.domain.billing import (
    AbandonReason,
    CloseReason,
    Invoice,
    InvoiceKind,
    InvoiceState,
)
from app.domain.shared.ids import InvoiceId, OrderId, PartyId, UserId
from app.domain.shared.money import plain
from app.usecases.billing import Abandonment, Closing, CopyDraft, InvoiceDraft, OrderInvoiceDraft
from app.usecases.shared import Change as Changes

SOME_DAY = date.min
"""Never used: a change holds only the fields that were sent."""


class InvoiceIn(In):
    """A new invoice with all its lines; it is a draft until validated."""

    kind: Literal[InvoiceKind.STANDARD, InvoiceKind.DEPOSIT, InvoiceKind.PRO_FORMA] = Field(
        InvoiceKind.STANDARD, description="What it is for; credit notes and replacements are made of an invoice"
    )
    party_id: Id = Field(description="Id of the customer", examples=[7])
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    due_date: Day | None = Field(None, description="Day it is due; left out: after the customer's payment days")
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="ISO 4217 code; left out: the company's", examples=["EUR"]
    )
    rate: RateIn | None = Field(
        None, description="Company's currency per unit of a foreign currency; needed for one", examples=["1.1"]
    )
    representative_id: Id | None = Field(
        None, description="Id of the user who sold it; left out: the customer's first representative"
    )
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[LineIn] = Field(min_length=1, description="Lines, in order")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> InvoiceDraft:
        """Give the invoice asked for."""
        return InvoiceDraft(
            kind=self.kind,
            party_id=PartyId(self.party_id),
            date=self.date,
            due_date=self.due_date,
            currency=self.currency,
            rate=self.rate,
            representative_id=None if self.representative_id is None else UserId(self.representative_id),
            note=self.note,
            lines=tuple(line.to_domain() for line in self.lines),
            custom=self.custom,
        )


class OrderInvoiceIn(In):
    """A new invoice of an order."""

    kind: Literal[InvoiceKind.STANDARD, InvoiceKind.PRO_FORMA] = Field(
        InvoiceKind.STANDARD, description="What it is for; a pro forma leaves the order to be invoiced"
    )
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    due_date: Day | None = Field(None, description="Day it is due; left out: after the customer's payment days")
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[PartIn] | None = Field(None, min_length=1, description="What to invoice; left out: all that is left")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, order_id: int) -> OrderInvoiceDraft:
        """Give the invoice asked for."""
        return OrderInvoiceDraft(
            order_id=OrderId(order_id),
            kind=self.kind,
            date=self.date,
            due_date=self.due_date,
            note=self.note,
            lines=None if self.lines is None else tuple(part.to_domain() for part in self.lines),
            custom=self.custom,
        )


class InvoiceChange(Change):
    """New values for some fields of a draft; ``lines`` replaces all lines."""

    date: Day = Field(SOME_DAY, description="Legal date")
    due_date: Day = Field(SOME_DAY, description="Day it is due")
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[LineIn] = Field([], min_length=1, description="Lines, in order")
    custom: CustomValues | None = Field(None, description=CUSTOM_CHANGE)

    def to_domain(self, invoice_id: int, version: int) -> Changes:
        """Give the change to the draft seen at ``version``."""
        changes = self.sent()
        if "lines" in changes:
            changes["lines"] = tuple(line.to_domain() for line in self.lines)
        return Changes(id=invoice_id, version=version, changes=changes)


class AbandonIn(In):
    """Why the rest of an invoice is given up."""

    reason: AbandonReason = Field(description="Why", examples=["badcustomer"])

    def to_domain(self, invoice_id: int) -> Abandonment:
        """Give what is to be abandoned."""
        return Abandonment(invoice_id=InvoiceId(invoice_id), reason=self.reason)


class CloseIn(In):
    """Why an invoice counts as paid though a rest is due."""

    reason: CloseReason = Field(description="Why", examples=["discount_vat"])

    def to_domain(self, invoice_id: int) -> Closing:
        """Give what is to be closed."""
        return Closing(invoice_id=InvoiceId(invoice_id), reason=self.reason)


class InvoiceCopyIn(In):
    """An invoice made of another one."""

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    due_date: Day | None = Field(None, description="Day it is due; left out: after the customer's payment days")
    note: Text | None = Field(None, max_length=10_000, description="Note; left out: that of the other invoice")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, invoice_id: int) -> CopyDraft:
        """Give the invoice asked for."""
        return CopyDraft(
            invoice_id=InvoiceId(invoice_id),
            date=self.date,
            due_date=self.due_date,
            note=self.note,
            custom=self.custom,
        )


class InvoiceLineOut(LineOut):
    """One line of an invoice."""

    order_position: int | None = Field(description="Position of the order's line it charges for", examples=[1])
    source_position: int | None = Field(description="Position of the line that a credit note takes back")
    deposit_id: int | None = Field(description="Id of the deposit it deducts")
    vat: Number | None = Field(
        description="Tax of a line that takes back or deducts, in the document's currency; else null, it is per rate"
    )


class InvoiceOut(ValuedOut):
    """An invoice."""

    kind: InvoiceKind = Field(description="What it is for")
    source_id: int | None = Field(description="Id of the invoice it takes back, replaces or came from")
    template_id: int | None = Field(description="Id of the template that made it")
    occurrence: Day | None = Field(description="The template's day it was made for")
    order_id: int | None = Field(description="Id of the order", examples=[12])
    proposal_id: int | None = Field(description="Id of the proposal it was made from", examples=[11])
    due_date: Day = Field(description="Day it is due", examples=["2026-12-21"])
    status: InvoiceState = Field(description="Where the invoice stands; validated means unpaid", examples=["draft"])
    abandon_reason: AbandonReason | None = Field(description="Why its rest was given up")
    payment_terms_id: int | None = Field(description="Id of the terms it is paid by; null: all on the due date")
    representative_id: int | None = Field(description="Id of the user who sold it")
    close_reason: CloseReason | None = Field(description="Why it counts as paid though a rest is due")
    given_up: list[VatOut] = Field(description="The rest that was given up, split by VAT rate; its VAT may be claimed")
    note: str = Field(description="Note")
    lines: list[InvoiceLineOut] = Field(description="Lines, in order")
    paid: Number = Field(description="What was paid, in the document's currency", examples=["0.00"])
    due: Number = Field(description="What is left to pay, in the document's currency", examples=["886.92"])
    link: str | None = Field(description="Its link in the hash chain of its series, 64 hex digits")
    custom: CustomValues = Field(description=CUSTOM_OUT)
    version: int = Field(description="Version, as in the ETag", examples=[1])

    @classmethod
    def of(cls, invoice: Invoice) -> "InvoiceOut":
        """Show an invoice."""
        digits = invoice.valuation.currency.digits
        lines = [
            InvoiceLineOut.model_construct(
                **priced(line, invoice.valuation),
                order_position=line.order_position,
                source_position=line.source_position,
                deposit_id=line.deposit_id,
                vat=None if line.vat is None else plain(line.vat, digits),
            )
            for line in invoice.lines
        ]
        return cls.model_construct(
            **valued(invoice.valuation, invoice.totals, invoice.vat),
            id=invoice.id,
            ref=invoice.ref,
            party_id=invoice.party_id,
            kind=invoice.kind,
            source_id=invoice.source_id,
            template_id=invoice.template_id,
            occurrence=invoice.occurrence,
            order_id=invoice.order_id,
            proposal_id=invoice.proposal_id,
            date=invoice.date,
            due_date=invoice.due_date,
            status=invoice.state,
            abandon_reason=invoice.abandon_reason,
            payment_terms_id=invoice.payment_terms_id,
            representative_id=invoice.representative_id,
            close_reason=invoice.close_reason,
            given_up=_given_up(invoice, digits),
            note=invoice.note,
            lines=lines,
            custom=invoice.custom,
            paid=plain(invoice.paid, digits),
            due=plain(invoice.due, digits),
            link=invoice.link,
            version=invoice.version,
        )


def _given_up(invoice: Invoice, digits: int) -> list[VatOut]:
    if invoice.close_reason is None:
        return []
    return [
        VatOut.model_construct(rate=plain(part.rate), base=plain(part.base, digits), vat=plain(part.vat, digits))
        for part in invoice.rest_by_rate()
    ]
