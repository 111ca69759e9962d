"""Invoices of customers, from draft to paid or given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import InvoiceId, OrderId, PartyId
from app.domain.shared.lines import PricedLine, Valuation, price_lines
from app.domain.shared.money import Amount
from app.domain.shared.numbering import Number
from app.domain.shared.states import advance
from app.domain.shared.totals import Totals, VatLine
from app.workflow.kernel.lifecycle import Lifecycle, Transition

ZERO: Final = Decimal(0)


class InvoiceState(StrEnum):
    """Where an invoice stands; ``validated`` means unpaid or partly paid."""

    DRAFT = "draft"
    VALIDATED = "validated"
    PAID = "paid"
    ABANDONED = "abandoned"


class AbandonReason(StrEnum):
    """Why the rest of an invoice will not be paid."""

    BAD_CUSTOMER = "badcustomer"
    ABANDON = "abandon"
    REPLACED = "replaced"


class InvoiceNotDraft(Conflict):
    """Only a draft can be changed or deleted; a validated invoice is corrected by a credit note."""

    code = "billing.invoice_not_draft"


class LinesOfOrder(Conflict):
    """The lines charge for an order and follow it; an invoice of other lines is a new one."""

    code = "billing.lines_of_order"


class NothingToInvoice(Conflict):
    """Nothing of the order is left to invoice."""

    code = "billing.nothing_to_invoice"


class InvoiceNotOpen(Conflict):
    """The invoice takes no payment: it is a draft, paid or abandoned."""

    code = "billing.invoice_not_open"


class Overpaid(Conflict):
    """The payment is more than what is due."""

    code = "billing.overpaid"


class DueBeforeDate(Invalid):
    """The due date lies before the invoice date."""

    code = "billing.due_before_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEvent(Event):
    """What all events of an invoice share."""

    aggregate: ClassVar[str] = "invoice"
    id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCreated(InvoiceEvent):
    """An invoice was entered as a draft."""

    name: ClassVar[str] = "billing.invoice_created"
    party: PartyId
    order: OrderId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceChanged(InvoiceEvent):
    """A draft was changed."""

    name: ClassVar[str] = "billing.invoice_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDeleted(InvoiceEvent):
    """A draft was deleted."""

    name: ClassVar[str] = "billing.invoice_deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceValidated(InvoiceEvent):
    """An invoice became final and got its number."""

    name: ClassVar[str] = "billing.invoice_validated"
    ref: str
    party: PartyId
    gross: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaid(InvoiceEvent):
    """An invoice was paid in full."""

    name: ClassVar[str] = "billing.invoice_paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceAbandoned(InvoiceEvent):
    """The rest of an invoice was given up."""

    name: ClassVar[str] = "billing.invoice_abandoned"
    reason: AbandonReason


@dataclass(slots=True, kw_only=True)
class InvoiceLine(PricedLine):
    """A line of an invoice; ``order_position`` is the position of the order's line it charges for."""

    order_position: int | None = None


def nothing_due(invoice: Invoice) -> bool:
    """Tell whether the invoice is settled."""
    return invoice.due == 0


def something_due(invoice: Invoice) -> bool:
    """Tell whether something is left to pay."""
    return invoice.due > 0


@dataclass(slots=True, kw_only=True)
class Invoice:
    """A standard invoice. ``ref`` is ``(PROV<id>)`` until validated; then it has its place in the chain.

    ``paid`` and ``company_paid`` are what allocations have settled, in the document's and the company's currency.
    """

    id: InvoiceId = InvoiceId(0)
    ref: str = ""
    party_id: PartyId
    order_id: OrderId | None = None
    date: Day
    due_date: Day
    valuation: Valuation
    state: InvoiceState = InvoiceState.DRAFT
    abandon_reason: AbandonReason | None = None
    note: str = ""
    custom: Mapping[str, object] = field(default_factory=dict)
    lines: list[InvoiceLine] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    vat: tuple[VatLine, ...] = ()
    paid: Amount = Amount(ZERO)
    company_paid: Amount = Amount(ZERO)
    number: int | None = None
    period: str | None = None
    link: str | None = None
    version: int = 0

    @property
    def due(self) -> Amount:
        """What is left to pay, in the document's currency."""
        return Amount(self.totals.gross - self.paid)

    def price(self) -> None:
        """Check dates and lines, and compute every amount of the invoice. Raises Invalid leaves with ``at``."""
        if self.due_date < self.date:
            raise DueBeforeDate(at=("due_date",), date=self.date, due_date=self.due_date)
        amounts = price_lines(self.lines, self.valuation)
        self.totals, self.vat = amounts.totals, amounts.vat

    def created(self) -> InvoiceCreated:
        """Give the event of its entry, once it has an id."""
        return InvoiceCreated(id=self.id, party=self.party_id, order=self.order_id)

    def editable(self) -> None:
        """Pass only a draft. Raises InvoiceNotDraft."""
        if self.state is not InvoiceState.DRAFT:
            raise InvoiceNotDraft(invoice=self.id, state=self.state.value)

    def can_validate(self) -> None:
        """Pass only an invoice that may be validated. Raises InvalidTransition."""
        advance(INVOICE, self.state, "validate", self)

    def validate(self, number: Number) -> InvoiceValidated:
        """Make the draft final under its number, moving its dates when the number's date was moved."""
        self.state = advance(INVOICE, self.state, "validate", self)
        self.due_date += timedelta(days=max(0, (number.date - self.date).days))
        self.date = number.date
        self.ref, self.number, self.period = number.ref, number.number, number.period
        return InvoiceValidated(id=self.id, ref=self.ref, party=self.party_id, gross=self.totals.gross)

    def pay_if_nothing_due(self) -> InvoicePaid | None:
        """Call the validated invoice paid when nothing is due: after its last payment, or at once when it is free."""
        if not nothing_due(self):
            return None
        self.state = advance(INVOICE, self.state, "pay", self)
        return InvoicePaid(id=self.id)

    def content(self) -> dict[str, object]:
        """Give the legal content the hash chain covers: no contact data, so that erasure does not break the chain."""
        return {
            "kind": "invoice",
            "ref": self.ref,
            "party": self.party_id,
            "date": self.date,
            "due_date": self.due_date,
            "currency": self.valuation.currency.code,
            "rate": self.valuation.rate,
            "net": self.totals.net,
            "vat": self.totals.vat,
            "gross": self.totals.gross,
            "company": [
                self.valuation.company_currency.code,
                self.totals.company_net,
                self.totals.company_vat,
                self.totals.company_gross,
            ],
            "rates": [[line.rate, line.base, line.vat] for line in self.vat],
            "lines": [
                [
                    line.position,
                    line.description,
                    line.quantity,
                    line.unit_price,
                    line.discount,
                    line.vat_rate,
                    line.net,
                ]
                for line in self.lines
            ],
        }

    def payable(self) -> None:
        """Pass only an invoice that takes payments. Raises InvoiceNotOpen."""
        if self.state is not InvoiceState.VALIDATED:
            raise InvoiceNotOpen(invoice=self.id, state=self.state.value)

    def settle(self, amount: Amount, company_amount: Amount) -> InvoicePaid | None:
        """Count ``amount`` as paid; the event when nothing is left due. Raises InvoiceNotOpen, Overpaid."""
        self.payable()
        if amount > self.due:
            currency = self.valuation.currency.code
            raise Overpaid(at=("amount",), invoice=self.id, amount=amount, due=self.due, currency=currency)
        self.paid = Amount(self.paid + amount)
        self.company_paid = Amount(self.company_paid + company_amount)
        return self.pay_if_nothing_due()

    def abandon(self, reason: AbandonReason) -> InvoiceAbandoned:
        """Give up what is left due. Raises InvalidTransition."""
        self.state = advance(INVOICE, self.state, "abandon", self)
        self.abandon_reason = reason
        return InvoiceAbandoned(id=self.id, reason=reason)


INVOICE: Final = Lifecycle[InvoiceState](
    "invoice",
    InvoiceState,
    initial=InvoiceState.DRAFT,
    transitions=(
        Transition("validate", InvoiceState.DRAFT, InvoiceState.VALIDATED),
        Transition("pay", InvoiceState.VALIDATED, InvoiceState.PAID, guard=nothing_due),
        Transition("abandon", InvoiceState.VALIDATED, InvoiceState.ABANDONED, guard=something_due),
    ),
)
