"""What a customer has to their credit, and invoices given up as lost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.billing.invoices import AbandonReason, Invoice, InvoiceAbandoned, InvoiceEvent, InvoiceKind
from app.domain.shared.dates import Day
from app.domain.shared.money import EXACT, Amount, Currency, total

_SEALED: Final = tuple(kind for kind in InvoiceKind if kind.sealed)


class CreditKind(StrEnum):
    """Where a credit comes from."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCredit:
    """What is left of a payment's credit or of a credit note, above zero, in its currency."""

    kind: CreditKind
    id: int
    ref: str
    date: Day
    currency: str
    left: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceWrittenOff(InvoiceEvent):
    """What was due of an invoice is a loss: ``net`` and ``vat`` of it, in the invoice's and the company's currency.

    ``rates`` splits both by VAT rate: rate, net, vat.
    """

    name: ClassVar[str] = "billing.invoice_written_off"
    date: Day
    amount: Amount
    net: Amount
    vat: Amount
    currency: str
    company_amount: Amount
    company_vat: Amount
    rates: tuple[tuple[str, Amount, Amount], ...]


def write_off(invoice: Invoice, on: Day) -> tuple[InvoiceAbandoned, InvoiceWrittenOff]:
    """Give up what is due of a whole ``invoice`` as lost, with the part of it that is VAT.

    The VAT of each rate is lost in the proportion of what is due to the whole, rounded half up in either currency, so
    that of an invoice nothing was paid of exactly the VAT charged is lost; what rounding leaves is net, of the highest
    rate, so that all parts add up to the amount. Raises WrongKind, InvalidTransition.
    """
    invoice.must_be(*_SEALED)
    due, totals, valued = invoice.due, invoice.totals, invoice.valuation
    company_amount = Amount(totals.company_gross - invoice.company_paid)
    abandoned = invoice.abandon(AbandonReason.BAD_CUSTOMER)

    def lost(value: Amount, kept_in: Currency) -> Amount:
        return kept_in.round(EXACT.divide(EXACT.multiply(value, due), totals.gross))

    parts: list[tuple[str, Amount, Amount]] = []
    left = due
    for line in invoice.vat:
        vat = lost(line.vat, valued.currency)
        net = Amount(left - vat) if line is invoice.vat[-1] else lost(line.base, valued.currency)
        left = Amount(left - vat - net)
        parts.append((format(line.rate, "f"), net, vat))
    vat = Amount(sum((part[2] for part in parts), Amount(due - due)))
    written_off = InvoiceWrittenOff(
        id=invoice.id,
        date=on,
        amount=due,
        net=Amount(due - vat),
        vat=vat,
        currency=valued.currency.code,
        company_amount=company_amount,
        company_vat=total(lost(line.company_vat, valued.company_currency) for line in invoice.vat),
        rates=tuple(parts),
    )
    return abandoned, written_off
