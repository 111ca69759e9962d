"""Document arithmetic: the one place where net, VAT and gross are computed.

Two ways of rounding VAT (demand: "VAT totals that add up, in a chosen, documented way"): per rate, as EN 16931 BG-23
requires (BT-117 = BT-116 x BT-119 / 100, rounded), or per line. Everything is rounded half up to the minor unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.shared.errors import DomainError
from app.domain.shared.money import EXACT, Amount, Currency, Price, Quantity, Rate, convert, total

ZERO: Final = Decimal(0)
HUNDRED: Final = Decimal(100)


class VatMode(StrEnum):
    """Where VAT is rounded; chosen by the company and stored on each document."""

    PER_RATE = "per_rate"
    PER_LINE = "per_line"


class Given(NamedTuple):
    """Amounts of a line that takes back what another document charged: they are taken over, not computed again."""

    net: Amount
    vat: Amount
    company_net: Amount
    company_vat: Amount


class LineInput(NamedTuple):
    """What a line's amounts follow from: percentages are 0 to 100; those ``given`` stand as they are."""

    quantity: Quantity
    unit_price: Price
    discount: Rate
    vat_rate: Rate
    given: Given | None = None


class LineAmounts(NamedTuple):
    """A line's rounded amounts; ``vat`` only when VAT is rounded per line, or was given."""

    net: Amount
    company_net: Amount
    vat: Amount | None


@dataclass(frozen=True, slots=True)
class VatLine:
    """VAT at one rate: what it is taken of, and the tax, in the document's and in the company's currency."""

    rate: Rate
    base: Amount
    vat: Amount
    company_base: Amount
    company_vat: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A document's sums in its own and in the company's currency; gross is always net + VAT."""

    net: Amount = Amount(ZERO)
    vat: Amount = Amount(ZERO)
    gross: Amount = Amount(ZERO)
    company_net: Amount = Amount(ZERO)
    company_vat: Amount = Amount(ZERO)
    company_gross: Amount = Amount(ZERO)


@dataclass(frozen=True, slots=True)
class DocumentAmounts:
    """All amounts of a document: per line in order, per VAT rate ascending, and in all."""

    lines: tuple[LineAmounts, ...]
    vat: tuple[VatLine, ...]
    totals: Totals


def compute(
    lines: Sequence[LineInput],
    currency: Currency,
    mode: VatMode,
    *,
    rate: Decimal,
    company_currency: Currency,
) -> DocumentAmounts:
    """Compute a document. ``rate`` is the company's currency per unit of the document's.

    Company net is the sum of the lines' company nets, company VAT the sum of each rate's converted tax, so that sums
    over lines, rates and documents agree to the cent. The tax of lines whose amounts are given is added to that of the
    others, in both currencies. Raises Overflow, with ``at`` of the line that is to blame.
    """
    foreign = None if company_currency == currency and rate == 1 else (rate, company_currency)
    amounts = tuple(_line(line, currency, mode, foreign, index) for index, line in enumerate(lines))
    vat = _per_rate(lines, amounts, currency, mode, foreign)
    net = total(line.net for line in amounts)
    tax = total(line.vat for line in vat)
    company_net = net if foreign is None else total(line.company_net for line in amounts)
    company_tax = tax if foreign is None else total(line.company_vat for line in vat)
    totals = Totals(
        net=net,
        vat=tax,
        gross=total((net, tax)),
        company_net=company_net,
        company_vat=company_tax,
        company_gross=total((company_net, company_tax)),
    )
    return DocumentAmounts(amounts, vat, totals)


def _per_rate(
    lines: Sequence[LineInput],
    amounts: Sequence[LineAmounts],
    currency: Currency,
    mode: VatMode,
    foreign: tuple[Decimal, Currency] | None,
) -> tuple[VatLine, ...]:
    """Sum the lines of each rate, lowest rate first; VAT is rounded on the sum unless each line was rounded."""
    found: dict[Decimal, _Sums] = {}
    for line, computed in zip(lines, amounts, strict=True):
        sums = found.setdefault(line.vat_rate, _Sums())
        sums.base += computed.net
        sums.company_base += computed.company_net
        if line.given is not None:
            sums.given += line.given.vat
            sums.company_given += line.given.company_vat
        else:
            sums.taxed += computed.net
            sums.tax += computed.vat or ZERO
    taxed = []
    for percent, sums in sorted(found.items()):
        tax = total((sums.tax,)) if mode is VatMode.PER_LINE else _percent(sums.taxed, percent, currency)
        vat = total((sums.given, tax))
        company_vat = vat if foreign is None else total((sums.company_given, convert(tax, *foreign)))
        taxed.append(VatLine(Rate(percent), total((sums.base,)), vat, total((sums.company_base,)), company_vat))
    return tuple(taxed)


@dataclass(slots=True)
class _Sums:
    """Sums over the lines of one rate; ``taxed`` and ``tax`` are of those whose amounts are not given."""

    base: Decimal = ZERO
    company_base: Decimal = ZERO
    given: Decimal = ZERO
    company_given: Decimal = ZERO
    taxed: Decimal = ZERO
    tax: Decimal = ZERO


def _line(
    line: LineInput, currency: Currency, mode: VatMode, foreign: tuple[Decimal, Currency] | None, index: int
) -> LineAmounts:
    try:
        return _rounded(line, currency, mode, foreign)
    except DomainError as error:
        raise error.within("lines", index) from None


def _rounded(
    line: LineInput, currency: Currency, mode: VatMode, foreign: tuple[Decimal, Currency] | None
) -> LineAmounts:
    if line.given is not None:
        return LineAmounts(line.given.net, line.given.company_net, line.given.vat)
    exact = EXACT.multiply(line.quantity, line.unit_price)
    if line.discount:
        exact = EXACT.divide(EXACT.multiply(exact, HUNDRED - line.discount), HUNDRED)
    net = currency.round(exact)
    return LineAmounts(
        net,
        net if foreign is None else convert(net, *foreign),
        _percent(net, line.vat_rate, currency) if mode is VatMode.PER_LINE else None,
    )


def _percent(base: Decimal, percent: Decimal, currency: Currency) -> Amount:
    return currency.round(EXACT.divide(EXACT.multiply(base, percent), HUNDRED))
