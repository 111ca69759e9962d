"""What suppliers ask for a product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.domain.catalogue.records import NegativePrice
from app.domain.shared.errors import Invalid, UnknownReference
from app.domain.shared.ids import PartyId
from app.domain.shared.money import Price, Quantity, currency

ZERO: Final = Quantity(Decimal(0))


class NotASupplier(Invalid):
    """The third party is not a supplier."""

    code = "catalogue.not_a_supplier"


class DoubleSupplierPrice(Invalid):
    """The supplier's price from that quantity on is named twice."""

    code = "catalogue.double_supplier_price"


class BadLeadTime(Invalid):
    """A quantity or a number of days is below zero."""

    code = "catalogue.bad_lead_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierPrice:
    """What one supplier asks for one stock unit, net, from ``min_quantity`` on, and after how many days it is there."""

    supplier_id: PartyId
    ref: str = ""
    price: Price
    currency: str
    min_quantity: Quantity = ZERO
    lead_days: int = 0


def check_suppliers(prices: Iterable[SupplierPrice], suppliers: Mapping[int, bool]) -> None:
    """Pass only sound prices of suppliers; ``suppliers`` tells of each third party whether it is one.

    Raises UnknownReference, NotASupplier, NegativePrice, UnknownCurrency, BadLeadTime, DoubleSupplierPrice at an index.
    """
    seen: set[tuple[int, Decimal]] = set()
    for index, one in enumerate(prices):
        if one.supplier_id not in suppliers:
            raise UnknownReference(at=(index, "supplier_id"), kind="third party", value=one.supplier_id)
        if not suppliers[one.supplier_id]:
            raise NotASupplier(at=(index, "supplier_id"), party=one.supplier_id)
        if one.price < 0:
            raise NegativePrice(at=(index, "price"))
        if one.min_quantity < 0 or one.lead_days < 0:
            raise BadLeadTime(at=(index, "min_quantity" if one.min_quantity < 0 else "lead_days"))
        try:
            currency(one.currency)
        except Invalid as error:
            raise error.within(index, "currency") from None
        if (one.supplier_id, one.min_quantity) in seen:
            raise DoubleSupplierPrice(at=(index, "min_quantity"), party=one.supplier_id)
        seen.add((one.supplier_id, one.min_quantity))
