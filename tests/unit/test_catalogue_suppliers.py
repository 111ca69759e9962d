"""What suppliers ask: which prices are sound, and whose."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.catalogue import (
    BadLeadTime,
    DoubleSupplierPrice,
    NegativePrice,
    NotASupplier,
    SupplierPrice,
    check_suppliers,
)
from app.domain.shared.errors import Invalid, UnknownReference
from app.domain.shared.ids import PartyId
from app.domain.shared.money import Price, Quantity, UnknownCurrency

pytestmark = pytest.mark.fast
KNOWN: Final = {1: True, 2: True, 3: False}


def price(supplier: int = 1, **fields: Any) -> SupplierPrice:
    return SupplierPrice(**{"supplier_id": PartyId(supplier), "price": Price(Decimal(4)), "currency": "EUR", **fields})


@pytest.mark.parametrize(
    ("second", "error", "field"),
    [
        (price(9), UnknownReference, "supplier_id"),
        (price(3), NotASupplier, "supplier_id"),
        (price(2, price=Decimal("-0.01")), NegativePrice, "price"),
        (price(2, min_quantity=Decimal(-1)), BadLeadTime, "min_quantity"),
        (price(2, lead_days=-1), BadLeadTime, "lead_days"),
        (price(2, min_quantity=Decimal(-1), lead_days=-1), BadLeadTime, "min_quantity"),
        (price(2, currency="EU"), UnknownCurrency, "currency"),
        (price(1), DoubleSupplierPrice, "min_quantity"),
        (price(1, ref="OTHER", price=Decimal(3), currency="USD"), DoubleSupplierPrice, "min_quantity"),
        (price(1, min_quantity=Decimal("0.000")), DoubleSupplierPrice, "min_quantity"),
    ],
    ids=repr,
)
def test_an_unsound_price_is_refused_at_its_place(second: SupplierPrice, error: type[Invalid], field: str) -> None:
    """ERP-07."""
    with pytest.raises(error) as refused:
        check_suppliers([price(), second], KNOWN)
    assert refused.value.at == (1, field)


def test_a_break_that_was_named_is_remembered_past_others() -> None:
    more = [price(), price(2), price(1, min_quantity=Quantity(Decimal(5))), price(2)]
    with pytest.raises(DoubleSupplierPrice) as refused:
        check_suppliers(more, KNOWN)
    assert (refused.value.at, refused.value.facts) == ((3, "min_quantity"), {"party": 2})


def test_each_supplier_has_its_own_breaks_and_may_ask_nothing() -> None:
    free = price(1, min_quantity=Quantity(Decimal("0.000001")), price=Price(Decimal(0)), lead_days=0)
    check_suppliers([price(1), price(2), free], KNOWN)
    check_suppliers([], {})
