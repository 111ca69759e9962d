"""What can go wrong with payments, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.events import Event
from app.domain.shared.ids import PartyId, PaymentId
from app.domain.shared.money import Amount


class PaymentNotPositive(Invalid):
    """A payment must be above zero."""

    code = "billing.payment_not_positive"


class RefundNotNegative(Invalid):
    """What is given back, or taken from a credit, is written below zero."""

    code = "billing.refund_not_negative"


class PaidTwice(Invalid):
    """One invoice stands twice in the payment."""

    code = "billing.invoice_twice"


class CreditTwice(Invalid):
    """One credit stands twice in the payment."""

    code = "billing.credit_twice"


class MixedPayment(Invalid):
    """The invoices of one payment must be of one customer and one currency."""

    code = "billing.mixed_payment"


class NothingPaid(Invalid):
    """A payment needs at least one invoice."""

    code = "billing.nothing_paid"


class NothingMoved(Invalid):
    """The parts of a payment that is no offset add up to nothing."""

    code = "billing.nothing_moved"


class OffsetNotZero(Invalid):
    """The parts of an offset must add up to nothing."""

    code = "billing.offset_not_zero"


class AllocatedMore(Invalid):
    """The parts of a payment are more than its amount."""

    code = "billing.allocated_more"


class FractionOfMinorUnit(Invalid):
    """The amount has more decimals than its currency."""

    code = "billing.fraction_of_minor_unit"


class DatedBefore(Invalid):
    """A payment is not dated before the one it undoes, or whose credit it uses."""

    code = "billing.dated_before"


class CreditExceeded(Conflict):
    """Less is left of the credit than is to be used."""

    code = "billing.credit_exceeded"


class PaymentReversedBefore(Conflict):
    """A payment is reversed only once."""

    code = "billing.payment_reversed_before"


class ReversalFinal(Conflict):
    """A reversal is not reversed itself: enter the payment again."""

    code = "billing.reversal_final"


class CreditAlreadyUsed(Conflict):
    """The payment left a credit that has been used: what used it is reversed first."""

    code = "billing.credit_already_used"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent(Event):
    """What all events of a payment share."""

    aggregate: ClassVar[str] = "payment"
    id: PaymentId


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceived(PaymentEvent):
    """Money came in for one or more invoices."""

    name: ClassVar[str] = "billing.payment_received"
    ref: str
    party: PartyId
    amount: Amount
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(PaymentEvent):
    """Money was given back: ``amount`` is below zero."""

    name: ClassVar[str] = "billing.payment_refunded"
    ref: str
    party: PartyId
    amount: Amount
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOffset(PaymentEvent):
    """Invoices were settled with credits, without money."""

    name: ClassVar[str] = "billing.payment_offset"
    ref: str
    party: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalEntered(PaymentEvent):
    """A payment was entered that undoes an earlier one."""

    name: ClassVar[str] = "billing.reversal_entered"
    ref: str
    party: PartyId
    amount: Amount
    currency: str
    payment: PaymentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReversed(PaymentEvent):
    """A payment was undone by another."""

    name: ClassVar[str] = "billing.payment_reversed"
    reversal: PaymentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUsed(PaymentEvent):
    """Of the credit a payment left, another used ``amount``, which is above zero; below when that was taken back."""

    name: ClassVar[str] = "billing.credit_used"
    payment: PaymentId
    amount: Amount
    left: Amount
