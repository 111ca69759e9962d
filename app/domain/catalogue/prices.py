"""What a customer pays: price lists, prices agreed with one customer, quantity breaks; and which of them wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import ClassVar, Final

from app.domain.catalogue.records import NegativePrice, Record, named, percentage, period, within
from app.domain.catalogue.vat import HUNDRED, PRICE_UNIT, net_of
from app.domain.shared.dates import Day
from app.domain.shared.errors import Invalid
from app.domain.shared.ids import PartyId, ProductId
from app.domain.shared.lines import Valuation
from app.domain.shared.money import EXACT, Price, Quantity, Rate, currency, price

ZERO: Final = Quantity(Decimal(0))


class PriceOrDiscount(Invalid):
    """A row has a price or a discount, one of them."""

    code = "catalogue.price_or_discount"


class NegativeBreak(Invalid):
    """The quantity a price begins at is below zero."""

    code = "catalogue.negative_break"


class PriceSource(StrEnum):
    """Where a price comes from, the first that has one."""

    PARTY = "party"
    PRICE_LIST = "price_list"
    PRODUCT = "product"


@dataclass(slots=True, kw_only=True)
class PriceList(Record):
    """A list of prices in one currency, gross when it ``includes_vat``; both days of its time are in it."""

    noun: ClassVar[str] = "price list"
    name: str
    currency: str
    includes_vat: bool = False
    valid_from: Day | None = None
    valid_until: Day | None = None

    def check(self) -> None:
        """Pass only a sound one. Raises Required, UnknownCurrency, BadPeriod."""
        named(self.name)
        _currency(self.currency)
        period(self.valid_from, self.valid_until)


@dataclass(slots=True, kw_only=True)
class PriceRow(Record):
    """What a product costs from ``min_quantity`` stock units on: a price, or so many per cent less than its own.

    It is of a list or of a customer. One of a list has the list's currency, VAT and time, and none of its own.
    """

    noun: ClassVar[str] = "price"
    price_list_id: int | None = None
    party_id: PartyId | None = None
    product_id: ProductId
    min_quantity: Quantity = ZERO
    price: Price | None = None
    discount: Rate | None = None
    currency: str | None = None
    includes_vat: bool = False
    valid_from: Day | None = None
    valid_until: Day | None = None

    def check(self) -> None:
        """Pass only a sound one.

        Raises PriceOrDiscount, NegativePrice, NegativeBreak, BadRate, UnknownCurrency, BadPeriod.
        """
        if (self.price is None) is (self.discount is None):
            raise PriceOrDiscount(at=("price",))
        if self.price is not None and self.price < 0:
            raise NegativePrice(at=("price",))
        if self.discount is not None:
            percentage("discount", self.discount)
        if self.min_quantity < 0:
            raise NegativeBreak(at=("min_quantity",), value=self.min_quantity)
        if self.currency is not None:
            _currency(self.currency)
        period(self.valid_from, self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A row as it counts, its list's currency, VAT and time filled in."""

    id: int
    source: PriceSource
    product_id: ProductId
    min_quantity: Quantity
    price: Price | None
    discount: Rate | None
    currency: str | None
    includes_vat: bool
    valid_from: Day | None
    valid_until: Day | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A net unit price in a document's currency, and why it is that: ``row`` is the price's id, if it is one."""

    unit_price: Price
    source: PriceSource
    row: int | None = None
    min_quantity: Quantity | None = None
    discount: Rate | None = None


def pick(
    own: Price, vat_rate: Rate, quantity: Quantity, on: Day, valued: Valuation, offers: Iterable[Offered]
) -> Found:
    """Give the price of so much of one product on that day; ``own`` is the product's net price in company currency.

    The customer's own price wins over the list, the list over the product; within one of them the largest break not
    above ``quantity``. A price in the company's currency is converted at the document's rate; one in a third currency
    does not count.
    """
    fitting = [
        one
        for one in offers
        if one.min_quantity <= quantity
        and within(on, one.valid_from, one.valid_until)
        and (one.price is None or one.currency in {None, valued.currency.code, valued.company_currency.code})
    ]
    for source in (PriceSource.PARTY, PriceSource.PRICE_LIST):
        best = max((one for one in fitting if one.source is source), key=lambda one: one.min_quantity, default=None)
        if best is not None:
            return Found(
                unit_price=_charged(best, own, vat_rate, valued),
                source=source,
                row=best.id,
                min_quantity=best.min_quantity,
                discount=best.discount,
            )
    return Found(unit_price=converted(own, valued), source=PriceSource.PRODUCT)


def _charged(offer: Offered, own: Price, vat_rate: Rate, valued: Valuation) -> Price:
    if offer.price is None:
        left = EXACT.divide(EXACT.multiply(own, HUNDRED - (offer.discount or 0)), HUNDRED)
        return converted(price(left.quantize(PRICE_UNIT, ROUND_HALF_UP, EXACT)), valued)
    net = net_of(offer.price, vat_rate) if offer.includes_vat else offer.price
    return net if offer.currency == valued.currency.code else converted(net, valued)


def converted(own: Price, valued: Valuation) -> Price:
    """Give a price in the company's currency in that of the document, rounded half up to 8 decimals."""
    if valued.rate == 1:
        return own
    return price(EXACT.divide(own, valued.rate).quantize(PRICE_UNIT, ROUND_HALF_UP, EXACT))


def _currency(code: str) -> None:
    try:
        currency(code)
    except Invalid as error:
        raise error.within("currency") from None
