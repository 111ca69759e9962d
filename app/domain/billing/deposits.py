"""Deposits: charged before the sale, split by the VAT rates of an order, and deducted from the invoice that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from app.domain.billing.credit_notes import Credited, NothingToCredit, Share, left_of
from app.domain.billing.invoices import Invoice, InvoiceEvent, InvoiceKind, InvoiceLine, InvoiceState
from app.domain.shared.errors import Conflict, Invalid
from app.domain.shared.ids import InvoiceId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import EXACT, Amount, Price, Quantity, convert
from app.domain.shared.totals import Totals, VatLine

ZERO: Final = Decimal(0)
ONE: Final = Quantity(Decimal(1))
HUNDRED: Final = Decimal(100)


class BadDeposit(Invalid):
    """A deposit is above zero and at most what the order comes to."""

    code = "billing.bad_deposit"


class DepositNotPaid(Conflict):
    """Only a deposit that was paid in full is deducted."""

    code = "billing.deposit_not_paid"


class DepositDeducted(Conflict):
    """The deposit is deducted already."""

    code = "billing.deposit_deducted"


class DepositDiffers(Conflict):
    """The deposit is of another customer or currency."""

    code = "billing.deposit_differs"


class DepositTooLarge(Conflict):
    """The deposit is more than the invoice; a credit note pays back what is too much."""

    code = "billing.deposit_too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTaken(InvoiceEvent):
    """A paid deposit was deducted on a draft."""

    name: ClassVar[str] = "billing.deposit_taken"
    deposit: InvoiceId
    gross: Amount


def deposit_of(percent: Decimal | None, amount: Decimal | None, totals: Totals, valuation: Valuation) -> Amount:
    """Give the gross of a deposit: ``percent`` of the order, or ``amount``. Raises BadDeposit with ``at``."""
    if amount is not None:
        gross, at = Amount(amount), "amount"
    else:
        exact = EXACT.divide(EXACT.multiply(totals.gross, percent or ZERO), HUNDRED)
        gross, at = valuation.currency.round(exact), "percent"
    beyond = percent is not None and percent > HUNDRED
    if beyond or not 0 < gross <= totals.gross or gross != valuation.currency.round(gross):
        raise BadDeposit(at=(at,), most=totals.gross, currency=valuation.currency.code)
    return gross


def deposit_lines(gross: Amount, vat: Sequence[VatLine], valuation: Valuation, description: str) -> list[InvoiceLine]:
    """Give one line for each VAT rate, in proportion to what the order charges at it; together exactly ``gross``."""
    whole = sum((line.base + line.vat for line in vat), ZERO)
    left = Decimal(gross)
    lines: list[InvoiceLine] = []
    charged = [line for line in vat if line.base]
    for line in charged:
        share = EXACT.divide(EXACT.multiply(gross, line.base + line.vat), whole)
        part = left if line is charged[-1] else min(left, valuation.currency.round(share))
        left -= part
        tax = valuation.currency.round(EXACT.divide(EXACT.multiply(part, line.rate), HUNDRED + line.rate))
        net = Amount(part - tax)
        if part:
            lines.append(_line(len(lines) + 1, description, net, tax, line, valuation))
    return lines


def _line(position: int, description: str, net: Amount, tax: Amount, at: VatLine, valuation: Valuation) -> InvoiceLine:
    return InvoiceLine(
        position=position,
        kind=LineKind.SERVICE,
        description=description,
        quantity=ONE,
        unit_price=Price(net),
        vat_rate=at.rate,
        net=net,
        vat=tax,
        company_net=convert(net, valuation.rate, valuation.company_currency),
        company_vat=convert(tax, valuation.rate, valuation.company_currency),
    )


def deduct(invoice: Invoice, deposit: Invoice, *, deducted: bool, credited: Sequence[Credited] = ()) -> DepositTaken:
    """Deduct a paid deposit from a draft: a line for each VAT rate, with the very amounts that the deposit charged.

    The amounts in the company's currency are the deposit's own too, at its own rate: so what was charged with it is
    taken back to the cent. ``deducted`` tells that some invoice has deducted it; what credit notes have ``credited`` of
    it is not deducted as well. Raises InvoiceNotDraft, WrongKind, DepositDiffers, DepositNotPaid, DepositDeducted,
    NothingToCredit, DepositTooLarge with ``at``.
    """
    invoice.editable()
    invoice.must_be(InvoiceKind.STANDARD, InvoiceKind.REPLACEMENT)
    at = ("deposit_id",)
    own, other = invoice.valuation, deposit.valuation
    if deposit.kind is not InvoiceKind.DEPOSIT or invoice.party_id != deposit.party_id:
        raise DepositDiffers(at=at, deposit=deposit.id, invoice=invoice.id)
    if (own.currency, own.company_currency) != (other.currency, other.company_currency):
        raise DepositDiffers(at=at, deposit=deposit.id, invoice=invoice.id)
    if deposit.state is not InvoiceState.PAID or deposit.close_reason is not None:
        raise DepositNotPaid(at=at, deposit=deposit.id, state=deposit.state.value)
    if deducted:
        raise DepositDeducted(at=at, deposit=deposit.id)
    left = {rate: share for (rate, _), share in left_of(deposit, credited).items() if share != Share()}
    if not left:
        raise NothingToCredit(at=at, invoice=deposit.id)
    gross = Amount(sum((share.net + share.vat for share in left.values()), ZERO))
    if gross > invoice.totals.gross:
        raise DepositTooLarge(at=at, deposit=deposit.id, gross=invoice.totals.gross, currency=own.currency.code)
    for rate, share in left.items():
        invoice.lines.append(
            InvoiceLine(
                position=len(invoice.lines) + 1,
                kind=LineKind.SERVICE,
                description=deposit.ref,
                quantity=Quantity(-ONE),
                unit_price=Price(share.net),
                vat_rate=rate,
                net=Amount(-share.net),
                vat=Amount(-share.vat),
                company_net=Amount(-share.company_net),
                company_vat=Amount(-share.company_vat),
                deposit_id=deposit.id,
            )
        )
    invoice.price()
    return DepositTaken(id=invoice.id, deposit=deposit.id, gross=gross)
