"""Products with a gross price, a VAT category or a tracking: what follows, and what a change replaces."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.catalogue import (
    BadVatCategory,
    NegativePrice,
    NotStocked,
    Product,
    ProductArchived,
    ProductKind,
    RateOrCategory,
)
from app.domain.shared.errors import Invalid
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Rate
from app.domain.shared.tracking import Tracking
from app.usecases.catalogue import replaced

pytestmark = pytest.mark.fast
TWENTY: Final = Rate(Decimal(20))
TEN: Final = Rate(Decimal(10))


def product(**fields: Any) -> Product:
    given = {"ref": "P", "name": "Thing", "unit_price": Decimal(10), "vat_rate": TWENTY, **fields}
    return Product(id=ProductId(4), **given)


def by_category(**fields: Any) -> Product:
    return product(vat_rate=None, vat_category="standard", **fields)


# --- what is sound ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"vat_rate": None}, RateOrCategory, "vat_rate"),
        ({"vat_category": "standard"}, RateOrCategory, "vat_rate"),
        ({"vat_rate": None, "vat_category": "Standard"}, BadVatCategory, "vat_category"),
        ({"gross_unit_price": Decimal("-0.01")}, NegativePrice, "gross_unit_price"),
        ({"kind": ProductKind.SERVICE, "tracking": Tracking.LOT}, NotStocked, "tracking"),
        ({"kind": ProductKind.SERVICE, "tracking": Tracking.SERIAL}, NotStocked, "tracking"),
    ],
    ids=repr,
)
def test_an_unsound_product_is_refused_at_its_field(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    with pytest.raises(error) as made:
        product(**wrong)
    with pytest.raises(error) as changed:
        product().change(wrong)
    assert made.value.at == changed.value.at == (field,)


def test_what_is_tracked_cannot_become_a_service() -> None:
    """Its lots would be in stock of what has none."""
    with pytest.raises(NotStocked):
        product(tracking=Tracking.LOT).change({"kind": ProductKind.SERVICE})


def test_a_tracked_product_may_become_a_service_with_its_tracking_given_up() -> None:
    one = product(tracking=Tracking.LOT)
    one.change({"kind": ProductKind.SERVICE, "tracking": Tracking.NONE})
    assert not one.stocked


# --- rates, net and gross ---------------------------------------------------------------------------------------------


def test_a_rate_of_its_own_asks_nobody() -> None:
    assert product().rate({"standard": TEN}) == TWENTY


@pytest.mark.parametrize(("rates", "rate"), [({"standard": TEN}, TEN), ({"reduced": TEN}, None), ({}, None)])
def test_a_category_has_the_rate_of_the_day_or_none(rates: dict[str, Rate], rate: Rate | None) -> None:
    """ERP-07: none is not 0 %."""
    assert by_category().rate(rates) == rate


@pytest.mark.parametrize(
    ("gross", "vat_rate", "net", "shown"),
    [(None, TWENTY, "10", "12"), ("12", TWENTY, "10", "12"), ("12", TEN, "10.90909091", "12"), ("0", TWENTY, "0", "0")],
)
def test_net_follows_from_gross_and_gross_from_net(gross: str | None, vat_rate: Rate, net: str, shown: str) -> None:
    """ERP-07: a gross price of nothing is a price, and no missing one."""
    one = product(gross_unit_price=None if gross is None else Decimal(gross))
    assert (one.net(vat_rate), one.gross(vat_rate)) == (Decimal(net), Decimal(shown))
    assert one.price_includes_vat is (gross is not None)


def test_settling_leaves_a_net_price_alone() -> None:
    one = product()
    one.settle(TEN)
    assert (one.unit_price, one.gross_unit_price) == (Decimal(10), None)


@pytest.mark.parametrize(("average", "cost"), [(None, "4"), ("0", "4"), ("6.5", "6.5")])
def test_a_unit_costs_its_average_in_stock_else_what_the_catalogue_says(average: str | None, cost: str) -> None:
    one = product(cost_price=Decimal(4), average_cost=None if average is None else Decimal(average))
    assert one.unit_cost == Decimal(cost)


# --- changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        ({}, {}),
        ({"name": "N"}, {"name": "N"}),
        ({"unit_price": 9}, {"unit_price": 9, "gross_unit_price": None}),
        ({"gross_unit_price": 12}, {"gross_unit_price": 12}),
        ({"gross_unit_price": None}, {"gross_unit_price": None}),
        ({"unit_price": 9, "gross_unit_price": None}, {"unit_price": 9, "gross_unit_price": None}),
        ({"vat_rate": 7}, {"vat_rate": 7, "vat_category": None}),
        ({"vat_rate": 0}, {"vat_rate": 0, "vat_category": None}),
        ({"vat_category": "a"}, {"vat_category": "a", "vat_rate": None}),
        ({"vat_category": None}, {"vat_category": None}),
        ({"vat_rate": 7, "vat_category": "a"}, {"vat_rate": 7, "vat_category": "a"}),
        ({"vat_rate": None, "vat_category": "a"}, {"vat_rate": None, "vat_category": "a"}),
    ],
    ids=repr,
)
def test_one_of_two_that_exclude_each_other_takes_the_others_place(
    sent: dict[str, object], whole: dict[str, object]
) -> None:
    """ERP-07: what a client names itself is never overruled: two at once are then refused."""
    assert replaced(sent) == whole


def test_what_was_sent_is_not_changed() -> None:
    """The same patch is applied again when the transaction is."""
    sent: dict[str, object] = {"unit_price": 9}
    replaced(sent)
    assert sent == {"unit_price": 9}


@pytest.mark.parametrize("sent", [{"vat_rate": None}, {"vat_category": "a", "vat_rate": TEN}], ids=repr)
def test_a_change_to_no_rate_or_to_two_is_refused(sent: dict[str, object]) -> None:
    with pytest.raises(RateOrCategory):
        product().change(replaced(sent))


def test_a_change_to_a_category_tells_both_fields() -> None:
    event = product().change(replaced({"vat_category": "standard"}))
    assert event is not None
    assert set(event.fields) == {"vat_category", "vat_rate"}


def test_an_archived_product_says_where_it_was_named() -> None:
    with pytest.raises(ProductArchived) as refused:
        product(archived=True).sells()
    assert (refused.value.at, refused.value.facts) == (("product_id",), {"product": 4})
