"""Invoices on the wire."""

from datetime import date

from pydantic import Field

from app.api.schemas.documents import LineIn, LineOut, PartIn, ValuedOut, priced, valued
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
    Invoice,
    InvoiceState,
)
from app.domain.shared.ids import InvoiceId, OrderId, PartyId
from app.domain.shared.money import plain
from app.usecases.billing import Abandonment, InvoiceDraft, OrderInvoiceDraft
from app.usecases.shared import Change as Changes

SOME_DAY = date.min
"""Never used: a change holds only the fields that were sent."""


class InvoiceIn(In):
    """A new invoice with all its lines; it is a draft until validated."""

    party_id: Id = Field(description="Id of the customer", examples=[7])
    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    due_date: Day | None = Field(None, description="Day it is due; left out: after the customer's payment days")
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="ISO 4217 code; left out: the company's", examples=["EUR"]
    )
    rate: RateIn | None = Field(
        None, description="Company's currency per unit of a foreign currency; needed for one", examples=["1.1"]
    )
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[LineIn] = Field(min_length=1, description="Lines, in order")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self) -> InvoiceDraft:
        """Give the invoice asked for."""
        return InvoiceDraft(
            party_id=PartyId(self.party_id),
            date=self.date,
            due_date=self.due_date,
            currency=self.currency,
            rate=self.rate,
            note=self.note,
            lines=tuple(line.to_domain() for line in self.lines),
            custom=self.custom,
        )


class OrderInvoiceIn(In):
    """A new invoice of an order."""

    date: Day | None = Field(None, description="Legal date; left out: today", examples=["2026-11-21"])
    due_date: Day | None = Field(None, description="Day it is due; left out: after the customer's payment days")
    note: Text = Field("", max_length=10_000, description="Note")
    lines: list[PartIn] | None = Field(None, min_length=1, description="What to invoice; left out: all that is left")
    custom: CustomValues = Field(default_factory=dict, description=CUSTOM_IN)

    def to_domain(self, order_id: int) -> OrderInvoiceDraft:
        """Give the invoice asked for."""
        return OrderInvoiceDraft(
            order_id=OrderId(order_id),
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


class InvoiceLineOut(LineOut):
    """One line of an invoice."""

    order_position: int | None = Field(description="Position of the order's line it charges for", examples=[1])


class InvoiceOut(ValuedOut):
    """An invoice."""

    order_id: int | None = Field(description="Id of the order", examples=[12])
    due_date: Day = Field(description="Day it is due", examples=["2026-12-21"])
    status: InvoiceState = Field(description="Where the invoice stands; validated means unpaid", examples=["draft"])
    abandon_reason: AbandonReason | None = Field(description="Why its rest was given up")
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
            InvoiceLineOut.model_construct(**priced(line, invoice.valuation), order_position=line.order_position)
            for line in invoice.lines
        ]
        return cls.model_construct(
            **valued(invoice.valuation, invoice.totals, invoice.vat),
            id=invoice.id,
            ref=invoice.ref,
            party_id=invoice.party_id,
            order_id=invoice.order_id,
            date=invoice.date,
            due_date=invoice.due_date,
            status=invoice.state,
            abandon_reason=invoice.abandon_reason,
            note=invoice.note,
            lines=lines,
            custom=invoice.custom,
            paid=plain(invoice.paid, digits),
            due=plain(invoice.due, digits),
            link=invoice.link,
            version=invoice.version,
        )
