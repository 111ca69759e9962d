"""Products: which are sound, what a change tells, and which are sold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.domain.catalogue import BadRate, NegativePrice, Product, ProductArchived, ProductKind
from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import ProductId

pytestmark = pytest.mark.fast


def product(**fields: Any) -> Product:
    return Product(
        **{
            "id": ProductId(4),
            "ref": "P",
            "name": "Thing",
            "unit_price": Decimal(10),
            "vat_rate": Decimal(20),
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"ref": " "}, Required, "ref"),
        ({"name": ""}, Required, "name"),
        ({"unit_price": Decimal("-0.00000001")}, NegativePrice, "unit_price"),
        ({"cost_price": Decimal(-1)}, NegativePrice, "cost_price"),
        ({"vat_rate": Decimal("100.1")}, BadRate, "vat_rate"),
        ({"vat_rate": Decimal(-1)}, BadRate, "vat_rate"),
    ],
    ids=repr,
)
def test_an_unsound_product_is_neither_made_nor_become(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    with pytest.raises(error) as made:
        product(**wrong)
    with pytest.raises(error) as changed:
        product().change(wrong)
    assert made.value.at == changed.value.at == (field,)


def test_a_product_may_be_free_and_without_vat() -> None:
    free = product(unit_price=Decimal(0), vat_rate=Decimal(0))
    assert free.created().facts() == {"id": 4, "ref": "P"}


def test_goods_are_kept_in_stock_and_services_are_not() -> None:
    assert product().stocked
    assert not product(kind=ProductKind.SERVICE).stocked


def test_a_change_tells_the_fields_that_differ() -> None:
    one = product()
    event = one.change({"name": "Thing", "unit_price": Decimal(12)})
    assert event is not None
    assert event.facts() == {"id": 4, "fields": ("unit_price",)}
    assert one.change({"unit_price": Decimal("12.00")}) is None


def test_an_archived_product_is_not_sold() -> None:
    product().sells()
    with pytest.raises(ProductArchived):
        product(archived=True).sells()
