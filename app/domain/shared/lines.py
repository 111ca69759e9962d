"""Priced lines, which orders and invoices share, and how a document's amounts are put on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import ProductId
from app.domain.shared.money import EXACT, Amount, Currency, Price, Quantity, Rate
from app.domain.shared.totals import DocumentAmounts, Given, LineInput, VatMode, compute

ZERO: Final = Decimal(0)
PERCENT: Final = Decimal(100)


class LineKind(StrEnum):
    """What a line charges for; only goods are shipped."""

    GOODS = "goods"
    SERVICE = "service"
    FREIGHT = "freight"


class NoLines(Invalid):
    """A document needs at least one line."""

    code = "lines.none"


class QuantityNotPositive(Invalid):
    """The quantity of a line must be above zero."""

    code = "lines.quantity_not_positive"


class NegativePrice(Invalid):
    """The unit price of a line is below zero."""

    code = "lines.negative_price"


class BadPercentage(Invalid):
    """A discount or VAT rate lies outside 0 to 100."""

    code = "lines.bad_percentage"


@dataclass(slots=True, kw_only=True)
class PricedLine:
    """One position of a document, counted from 1. Prices are net in the document's currency; percentages 0 to 100.

    ``quantity`` is in the product's stock unit; ``unit`` and ``entered_quantity`` say how it was asked for, if in
    another. ``kit_position`` is that of the kit a line belongs to. ``unit_cost`` is what a unit cost when the line was
    entered, in the company's currency; 0 where nothing is known. ``net``, ``company_net`` and ``company_cost`` are put
    there by ``price_lines`` and are rounded. A line that takes back what another document charged has its amounts from
    there: ``vat`` and ``company_vat`` are set, and nothing but its cost is computed.
    """

    position: int
    product_id: ProductId | None = None
    kind: LineKind
    description: str
    quantity: Quantity
    unit: str | None = None
    entered_quantity: Quantity | None = None
    kit_position: int | None = None
    unit_price: Price
    discount: Rate = Rate(ZERO)
    vat_rate: Rate
    unit_cost: Price = Price(ZERO)
    net: Amount = Amount(ZERO)
    company_net: Amount = Amount(ZERO)
    company_cost: Amount = Amount(ZERO)
    vat: Amount | None = None
    company_vat: Amount | None = None

    def input(self) -> LineInput:
        """Give what the line's amounts follow from."""
        if self.vat is None or self.company_vat is None:
            return LineInput(self.quantity, self.unit_price, self.discount, self.vat_rate)
        given = Given(self.net, self.vat, self.company_net, self.company_vat)
        return LineInput(self.quantity, self.unit_price, self.discount, self.vat_rate, given)

    def check(self) -> None:
        """Pass only a sound line. Raises QuantityNotPositive, NegativePrice, BadPercentage, Required."""
        if self.quantity <= 0 and self.vat is None:
            raise QuantityNotPositive(at=("quantity",), value=self.quantity)
        if self.unit_price < 0:
            raise NegativePrice(at=("unit_price",), value=self.unit_price)
        for name in ("discount", "vat_rate"):
            if not 0 <= getattr(self, name) <= PERCENT:
                raise BadPercentage(at=(name,), value=getattr(self, name))
        if not self.description.strip():
            raise Required(at=("description",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Valuation:
    """How a document counts: its currency, the rate to the company's, and how VAT is rounded; frozen when made."""

    currency: Currency
    rate: Rate
    company_currency: Currency
    vat_mode: VatMode


def price_lines(lines: Sequence[PricedLine], valuation: Valuation) -> DocumentAmounts:
    """Put the amounts on ``lines`` and give the document's. Raises NoLines and the lines' own errors with ``at``."""
    if not lines:
        raise NoLines(at=("lines",))
    for index, line in enumerate(lines):
        try:
            line.check()
        except Invalid as error:
            raise error.within("lines", index) from None
    amounts = compute(
        [line.input() for line in lines],
        valuation.currency,
        valuation.vat_mode,
        rate=valuation.rate,
        company_currency=valuation.company_currency,
    )
    for line, computed in zip(lines, amounts.lines, strict=True):
        line.net = computed.net
        line.company_net = computed.company_net
        line.company_cost = valuation.company_currency.round(EXACT.multiply(line.quantity, line.unit_cost))
    return amounts
