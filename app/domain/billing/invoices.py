"""Invoices of customers, from draft to paid or given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final, NamedTuple

from app.domain.shared.dates import Day
from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import InvoiceId, InvoiceTemplateId, OrderId, PartyId, PaymentTermsId, ProposalId, UserId
from app.domain.shared.lines import PricedLine, Valuation, price_lines
from app.domain.shared.money import EXACT, Amount, Rate
from app.domain.shared.numbering import Number
from app.domain.shared.series import SeriesKind
from app.domain.shared.states import advance
from app.domain.shared.totals import Totals, VatLine
from app.workflow.kernel.lifecycle import Lifecycle, Transition

ZERO: Final = Decimal(0)


class InvoiceKind(StrEnum):
    """What an invoice is for.

    A credit note takes back what its source charged and has negative amounts. A deposit is charged before the sale and
    deducted from its invoice. A replacement takes the place of an unpaid invoice. A pro forma asks for nothing: it has
    a number, but no place in a chain, and is never paid.
    """

    STANDARD = "standard"
    CREDIT_NOTE = "credit_note"
    DEPOSIT = "deposit"
    REPLACEMENT = "replacement"
    PRO_FORMA = "pro_forma"

    @property
    def series(self) -> SeriesKind:
        """The series that numbers it."""
        return SeriesKind.INVOICE if self is InvoiceKind.STANDARD else SeriesKind(self.value)

    @property
    def sealed(self) -> bool:
        """Whether it is numbered without a hole and linked by the hash chain."""
        return self is not InvoiceKind.PRO_FORMA


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


class CloseReason(StrEnum):
    """Why an invoice counts as paid though a rest of it never will be.

    ``discount_vat``: a discount for early payment, whose VAT share is given back; ``badcustomer``: the customer does
    not pay the rest; ``bankcharge``: a bank kept it; ``withholdingtax``: the customer paid it to the tax office.
    """

    DISCOUNT_VAT = "discount_vat"
    BAD_CUSTOMER = "badcustomer"
    BANK_CHARGE = "bankcharge"
    WITHHOLDING_TAX = "withholdingtax"


class InvoiceNotDraft(Conflict):
    """Only a draft can be changed or deleted; a validated invoice is corrected by a credit note."""

    code = "billing.invoice_not_draft"


class LinesOfOrder(Conflict):
    """The lines charge for an order and follow it; an invoice of other lines is a new one."""

    code = "billing.lines_of_order"


class LinesOfSource(Conflict):
    """The lines follow another document; other lines are another document."""

    code = "billing.lines_of_source"


class WrongKind(Conflict):
    """This is not done with an invoice of that kind."""

    code = "billing.wrong_kind"


class NothingToInvoice(Conflict):
    """Nothing of the order is left to invoice."""

    code = "billing.nothing_to_invoice"


class InvoiceNotOpen(Conflict):
    """The invoice takes no payment: it is a draft, paid or abandoned."""

    code = "billing.invoice_not_open"


class InvoiceNotIssued(Conflict):
    """Only an invoice that is validated or paid can be the source of another."""

    code = "billing.invoice_not_issued"


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
    kind: InvoiceKind
    source: InvoiceId | None


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
class InvoiceUnpaid(InvoiceEvent):
    """A paid invoice is due again: a payment of it was reversed."""

    name: ClassVar[str] = "billing.invoice_unpaid"
    due: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceAbandoned(InvoiceEvent):
    """The rest of an invoice was given up."""

    name: ClassVar[str] = "billing.invoice_abandoned"
    reason: AbandonReason


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceClosed(InvoiceEvent):
    """An invoice counts as paid with a reason; ``rest`` was given up.

    ``rates`` splits the rest by VAT rate: rate, base and tax, in the document's currency. For ``discount_vat`` the tax
    is what may be claimed back.
    """

    name: ClassVar[str] = "billing.invoice_closed"
    reason: CloseReason
    rest: Amount
    rates: list[list[Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceReopened(InvoiceEvent):
    """An invoice that was given up, or closed with a reason, is owed again."""

    name: ClassVar[str] = "billing.invoice_reopened"
    reason: str


@dataclass(slots=True, kw_only=True)
class InvoiceLine(PricedLine):
    """A line of an invoice.

    ``order_position`` is the position of the order's line it charges for. A line of a credit note takes back that of
    its source at ``source_position``; one with a ``deposit_id`` deducts that deposit, or on a credit note no longer.
    """

    order_position: int | None = None
    source_position: int | None = None
    deposit_id: InvoiceId | None = None

    def content(self) -> list[object]:
        """Give what the hash chain covers."""
        told: list[object] = [
            self.position,
            self.description,
            self.quantity,
            self.unit_price,
            self.discount,
            self.vat_rate,
            self.net,
        ]
        if self.vat is not None:
            told += [self.vat, self.company_net, self.company_vat, self.source_position, self.deposit_id]
        return told


class RestPart(NamedTuple):
    """What is left due of one VAT rate, in the document's currency: net, and the tax in it."""

    rate: Rate
    base: Amount
    vat: Amount


def nothing_due(invoice: Invoice) -> bool:
    """Tell whether the invoice is settled."""
    return invoice.due == 0


def something_due(invoice: Invoice) -> bool:
    """Tell whether something is left to pay."""
    return invoice.due > 0


def claimable(invoice: Invoice) -> bool:
    """Tell whether a rest may be given up as paid: something is owed, which on a pro forma nothing is."""
    return something_due(invoice) and invoice.kind.sealed


def given_up(invoice: Invoice) -> bool:
    """Tell whether the invoice was closed with a rest, or abandoned though nothing took its place."""
    return invoice.close_reason is not None or invoice.abandon_reason in {
        AbandonReason.BAD_CUSTOMER,
        AbandonReason.ABANDON,
    }


@dataclass(slots=True, kw_only=True)
class Invoice:
    """An invoice of any kind. ``ref`` is ``(PROV<id>)`` until validated; then it has its place in the chain.

    ``paid`` and ``company_paid`` are what allocations have settled, in the document's and the company's currency.
    ``payment_terms_id`` is whose instalments it is paid in, None for one payment on the due date. ``sealed_party_id``
    is whom the link names, once that third party was merged into ``party_id``. ``credit_limit`` is the customer's, told
    to whoever locks the invoice.
    ``source_id`` is the invoice that a credit note corrects, a replacement replaces, or that this one came from.
    ``template_id`` and ``occurrence`` tell which template made it, and for which of its dates.
    """

    id: InvoiceId = InvoiceId(0)
    kind: InvoiceKind = InvoiceKind.STANDARD
    source_id: InvoiceId | None = None
    template_id: InvoiceTemplateId | None = None
    occurrence: Day | None = None
    ref: str = ""
    party_id: PartyId
    order_id: OrderId | None = None
    proposal_id: ProposalId | None = None
    date: Day
    due_date: Day
    payment_terms_id: PaymentTermsId | None = None
    representative_id: UserId | None = None
    valuation: Valuation
    state: InvoiceState = InvoiceState.DRAFT
    abandon_reason: AbandonReason | None = None
    close_reason: CloseReason | None = None
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
    sealed_party_id: PartyId | None = None
    credit_limit: Amount | None = None
    version: int = 0

    @property
    def due(self) -> Amount:
        """What is left to pay, in the document's currency; below zero for a credit note: what is left to give back."""
        return Amount(self.totals.gross - self.paid)

    def price(self) -> None:
        """Check dates and lines, and compute every amount of the invoice. Raises Invalid leaves with ``at``."""
        if self.due_date < self.date:
            raise DueBeforeDate(at=("due_date",), date=self.date, due_date=self.due_date)
        amounts = price_lines(self.lines, self.valuation)
        self.totals, self.vat = amounts.totals, amounts.vat

    def created(self) -> InvoiceCreated:
        """Give the event of its entry, once it has an id."""
        return InvoiceCreated(
            id=self.id, party=self.party_id, order=self.order_id, kind=self.kind, source=self.source_id
        )

    def editable(self) -> None:
        """Pass only a draft. Raises InvoiceNotDraft."""
        if self.state is not InvoiceState.DRAFT:
            raise InvoiceNotDraft(invoice=self.id, state=self.state.value)

    def relined(self) -> None:
        """Pass only an invoice whose lines are its own. Raises LinesOfOrder, LinesOfSource with ``at``."""
        if self.order_id is not None:
            raise LinesOfOrder(at=("lines",), invoice=self.id, order=self.order_id)
        if self.kind is InvoiceKind.CREDIT_NOTE:
            raise LinesOfSource(at=("lines",), invoice=self.id, source=self.source_id)

    def must_be(self, *kinds: InvoiceKind) -> None:
        """Pass only an invoice of one of these kinds. Raises WrongKind."""
        if self.kind not in kinds:
            raise WrongKind(invoice=self.id, is_kind=self.kind.value, kinds=[kind.value for kind in kinds])

    def issued(self) -> None:
        """Pass only an invoice that was validated and not given up. Raises InvoiceNotIssued."""
        if self.state not in {InvoiceState.VALIDATED, InvoiceState.PAID}:
            raise InvoiceNotIssued(invoice=self.id, state=self.state.value)

    def can_validate(self) -> None:
        """Pass only an invoice that may be validated. Raises InvalidTransition."""
        advance(INVOICE, self.state, "validate", self)

    def validate(self, number: Number) -> InvoiceValidated:
        """Make the draft final under its number, moving its dates when the number's date was moved."""
        self.state = advance(INVOICE, self.state, "validate", self)
        self.due_date += timedelta(days=max(0, (number.date - self.date).days))
        self.date = number.date
        self.ref = number.ref
        if self.kind.sealed:
            self.number, self.period = number.number, number.period
        return InvoiceValidated(id=self.id, ref=self.ref, party=self.party_id, gross=self.totals.gross)

    def pay_if_nothing_due(self) -> InvoicePaid | None:
        """Call the validated invoice paid when nothing is due: after its last payment, or at once when it is free."""
        if not nothing_due(self) or not self.kind.sealed:
            return None
        self.state = advance(INVOICE, self.state, "pay", self)
        return InvoicePaid(id=self.id)

    def content(self) -> dict[str, object]:
        """Give the legal content the hash chain covers: no contact data, so that erasure does not break the chain."""
        standard = self.kind is InvoiceKind.STANDARD
        return {
            **({"kind": "invoice"} if standard else {"kind": self.kind.value, "source": self.source_id}),
            "ref": self.ref,
            "party": self.sealed_party_id or self.party_id,
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
            "lines": [line.content() for line in self.lines],
        }

    def payable(self) -> None:
        """Pass only an invoice that takes payments. Raises InvoiceNotOpen."""
        if self.state is not InvoiceState.VALIDATED or not self.kind.sealed:
            raise InvoiceNotOpen(invoice=self.id, state=self.state.value)

    def settle(self, amount: Amount, company_amount: Amount) -> InvoicePaid | None:
        """Count ``amount`` as paid; the event when nothing is left due. It has the sign of what is due.

        Raises InvoiceNotOpen, Overpaid when it is further from zero than what is due.
        """
        self.payable()
        if abs(amount) > abs(self.due) or (amount < 0) != (self.due < 0):
            currency = self.valuation.currency.code
            raise Overpaid(at=("amount",), invoice=self.id, amount=amount, due=self.due, currency=currency)
        self.paid = Amount(self.paid + amount)
        self.company_paid = Amount(self.company_paid + company_amount)
        return self.pay_if_nothing_due()

    def take_back(self, amount: Amount, company_amount: Amount) -> InvoiceUnpaid | None:
        """Count a reversed payment as not made; the event when that makes a paid invoice due again.

        Raises InvoiceNotOpen for an abandoned invoice.
        """
        if self.state is not InvoiceState.PAID:
            self.payable()
        self.paid = Amount(self.paid - amount)
        self.company_paid = Amount(self.company_paid - company_amount)
        return self.unpay() if self.state is InvoiceState.PAID else None

    def unpay(self) -> InvoiceUnpaid:
        """Call the paid invoice due again. Raises InvalidTransition."""
        self.state = advance(INVOICE, self.state, "unpay", self)
        self.close_reason = None
        return InvoiceUnpaid(id=self.id, due=self.due)

    def abandon(self, reason: AbandonReason) -> InvoiceAbandoned:
        """Give up what is left due. Raises InvalidTransition."""
        self.state = advance(INVOICE, self.state, "abandon", self)
        self.abandon_reason = reason
        return InvoiceAbandoned(id=self.id, reason=reason)

    def rest_by_rate(self) -> tuple[RestPart, ...]:
        """Split what is left due by VAT rate, in proportion to the gross of each; the last rate takes the remainder."""
        left, whole = Decimal(self.due), Decimal(self.totals.gross)
        parts: list[RestPart] = []
        rounded = self.valuation.currency.round
        for line in self.vat:
            last = len(parts) + 1 == len(self.vat)
            gross = left if last or not whole else rounded(EXACT.divide(self.due * (line.base + line.vat), whole))
            tax = rounded(EXACT.divide(EXACT.multiply(gross, line.rate), 100 + line.rate))
            parts.append(RestPart(line.rate, Amount(gross - tax), tax))
            left -= gross
        return tuple(parts)

    def close(self, reason: CloseReason) -> InvoiceClosed:
        """Count the invoice as paid and give up what is left due. Raises InvalidTransition."""
        self.state = advance(INVOICE, self.state, "close", self)
        self.close_reason = reason
        rates: list[list[Decimal]] = [[part.rate, part.base, part.vat] for part in self.rest_by_rate()]
        return InvoiceClosed(id=self.id, reason=reason, rest=self.due, rates=rates)

    def reopen(self) -> InvoiceReopened:
        """Claim again what was given up. Raises InvalidTransition, also for an invoice that was paid or replaced."""
        self.state = advance(INVOICE, self.state, "reopen", self)
        reason = str(self.close_reason or self.abandon_reason)
        self.close_reason = self.abandon_reason = None
        return InvoiceReopened(id=self.id, reason=reason)


INVOICE: Final = Lifecycle[InvoiceState](
    "invoice",
    InvoiceState,
    initial=InvoiceState.DRAFT,
    transitions=(
        Transition("validate", InvoiceState.DRAFT, InvoiceState.VALIDATED),
        Transition("pay", InvoiceState.VALIDATED, InvoiceState.PAID, guard=nothing_due),
        Transition("close", InvoiceState.VALIDATED, InvoiceState.PAID, guard=claimable),
        Transition("unpay", InvoiceState.PAID, InvoiceState.VALIDATED),
        Transition("abandon", InvoiceState.VALIDATED, InvoiceState.ABANDONED, guard=something_due),
        Transition("reopen", InvoiceState.PAID, InvoiceState.VALIDATED, guard=given_up),
        Transition("reopen", InvoiceState.ABANDONED, InvoiceState.VALIDATED, guard=given_up),
    ),
)
