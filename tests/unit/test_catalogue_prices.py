"""Price lists and prices: which are sound, which of several wins, and in which currency it counts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, Final

import pytest

from app.domain.catalogue import (
    BadPeriod,
    BadRate,
    Found,
    NegativeBreak,
    NegativePrice,
    Offered,
    PriceList,
    PriceOrDiscount,
    PriceRow,
    PriceSource,
    converted,
    pick,
)
from app.domain.shared.errors import Invalid, Required
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import Valuation
from app.domain.shared.money import Overflow, Price, Quantity, Rate, UnknownCurrency, currency
from app.domain.shared.totals import VatMode

pytestmark = pytest.mark.fast

ON: Final = date(2026, 11, 21)
DAY: Final = timedelta(days=1)
VAT: Final = Rate(Decimal(20))
OWN: Final = Price(Decimal(10))
EUR: Final = currency("EUR")


def valued(code: str = "EUR", rate: str = "1") -> Valuation:
    """Give a document of a company in euros."""
    return Valuation(currency=currency(code), rate=Rate(Decimal(rate)), company_currency=EUR, vat_mode=VatMode.PER_RATE)


def offer(id_: int = 1, price: str | None = "5", least: str = "0", **fields: Any) -> Offered:
    rest: dict[str, Any] = {"source": PriceSource.PARTY, "discount": None, "currency": "EUR", "includes_vat": False}
    rest |= {"valid_from": None, "valid_until": None, **fields}
    exact = None if price is None else Price(Decimal(price))
    return Offered(id=id_, product_id=ProductId(1), min_quantity=Quantity(Decimal(least)), price=exact, **rest)


def discount(percent: str, **fields: Any) -> Offered:
    return offer(price=None, discount=Rate(Decimal(percent)), **fields)


def listed(id_: int, price: str, least: str = "0", **fields: Any) -> Offered:
    return offer(id_, price, least, source=PriceSource.PRICE_LIST, **fields)


def found(*offers: Offered, much: str = "1", counts: Valuation | None = None, own: Price = OWN) -> Found:
    return pick(own, VAT, Quantity(Decimal(much)), ON, counts or valued(), offers)


# --- lists and rows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"name": " "}, Required, "name"),
        ({"currency": "EURO"}, UnknownCurrency, "currency"),
        ({"currency": "eur"}, UnknownCurrency, "currency"),
        ({"valid_from": ON, "valid_until": ON - DAY}, BadPeriod, "valid_until"),
    ],
    ids=repr,
)
def test_an_unsound_list_is_neither_made_nor_become(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    sound: dict[str, Any] = {"name": "Wholesale", "currency": "EUR"}
    with pytest.raises(error) as made:
        PriceList(**{**sound, **wrong})
    with pytest.raises(error) as changed:
        PriceList(**sound).change(wrong)
    assert made.value.at == changed.value.at == (field,)


def row(**fields: Any) -> PriceRow:
    return PriceRow(**{"product_id": ProductId(1), "price": Price(Decimal(1)), **fields})


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"price": None}, PriceOrDiscount, "price"),
        ({"discount": Decimal(0)}, PriceOrDiscount, "price"),
        ({"price": Decimal("-0.00000001")}, NegativePrice, "price"),
        ({"price": None, "discount": Decimal("-0.1")}, BadRate, "discount"),
        ({"price": None, "discount": Decimal("100.1")}, BadRate, "discount"),
        ({"min_quantity": Decimal("-0.000001")}, NegativeBreak, "min_quantity"),
        ({"currency": "XXY"}, UnknownCurrency, "currency"),
        ({"valid_from": ON, "valid_until": ON - DAY}, BadPeriod, "valid_until"),
    ],
    ids=repr,
)
def test_an_unsound_price_is_refused_at_its_field(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    """ERP-07: made so, or changed so."""
    with pytest.raises(error) as made:
        row(**wrong)
    with pytest.raises(error) as changed:
        row().change(wrong)
    assert made.value.at == changed.value.at == (field,)


@pytest.mark.parametrize(
    "sound",
    [{"price": Decimal(0)}, {"price": None, "discount": Decimal(0)}, {"price": None, "discount": Decimal(100)}],
    ids=repr,
)
def test_what_is_free_and_what_is_no_cheaper_are_sound(sound: dict[str, Any]) -> None:
    row(**sound)


# --- which one wins ---------------------------------------------------------------------------------------------------


def test_without_an_offer_the_product_s_own_price_counts() -> None:
    assert found() == Found(unit_price=OWN, source=PriceSource.PRODUCT)


def test_the_customers_price_wins_though_it_is_dearer_and_begins_lower() -> None:
    """ERP-07: what was agreed is charged, and not what would be cheapest."""
    offers = (listed(1, "4", "10"), offer(2, "9"))
    for order in permutations(offers):
        assert (found(*order, much="50").row, found(*order, much="50").unit_price) == (2, Decimal(9))


def test_a_list_price_counts_where_the_customers_does_not_begin_yet() -> None:
    offers = (listed(1, "8"), offer(2, "5", "10"))
    assert [found(*offers, much=much).row for much in ("9.999999", "10", "10.000001")] == [1, 2, 2]


def test_what_was_found_tells_its_break_and_discount() -> None:
    told = found(discount("12.5", least="3"), much="4")
    assert told == Found(
        unit_price=Price(Decimal("8.75")),
        source=PriceSource.PARTY,
        row=1,
        min_quantity=Quantity(Decimal(3)),
        discount=Rate(Decimal("12.5")),
    )


@pytest.mark.parametrize(
    ("first", "last", "counts"),
    [
        (0, 0, True),
        (1, None, False),
        (0, None, True),
        (None, 0, True),
        (None, -1, False),
        (-5, 5, True),
        (-5, -1, False),
    ],
)
def test_an_offer_counts_from_its_first_to_its_last_day(first: int | None, last: int | None, *, counts: bool) -> None:
    """ERP-07: days from today; both ends are in."""
    days: dict[str, int | None] = {"valid_from": first, "valid_until": last}
    dated: dict[str, Any] = {name: None if by is None else ON + by * DAY for name, by in days.items()}
    told = found(offer(**dated))
    assert told.source is (PriceSource.PARTY if counts else PriceSource.PRODUCT)


def test_an_offer_that_is_over_leaves_its_place_to_a_smaller_break() -> None:
    assert found(offer(1, "9"), offer(2, "5", "10", valid_until=ON - DAY), much="20").row == 1


# --- what it comes to -------------------------------------------------------------------------------------------------


def test_a_discount_is_off_the_products_own_price() -> None:
    prices = [found(discount(percent)).unit_price for percent in ("0", "100", "50", "33.33333333")]
    assert prices == [Decimal(10), Decimal(0), Decimal(5), Decimal("6.66666667")]


@pytest.mark.parametrize(("price", "net"), [("12", "10"), ("10", "8.33333333"), ("0", "0")])
def test_a_gross_offer_gives_its_net_price(price: str, net: str) -> None:
    assert found(offer(price=price, includes_vat=True)).unit_price == Decimal(net)


def test_a_discount_on_a_gross_list_is_taken_of_net_all_the_same() -> None:
    assert found(discount("10", includes_vat=True)).unit_price == 9


@pytest.mark.parametrize(
    ("code", "expected"),
    [("USD", "11"), ("EUR", "13.75"), (None, "13.75"), ("GBP", "12.5")],
)
def test_an_offer_counts_in_the_documents_currency_or_the_companys(code: str | None, expected: str) -> None:
    """ERP-07: at 0.80 EUR for a dollar; in pounds the product's own 10.00 EUR counts."""
    assert found(offer(price="11", currency=code), counts=valued("USD", "0.8")).unit_price == Decimal(expected)


def test_a_discount_has_no_currency_to_differ_in() -> None:
    """Its row was entered in dollars, the product's own price is in euros."""
    assert found(discount("50", currency="USD"), counts=valued("GBP", "1.25")).unit_price == 4


def test_an_offer_in_a_third_currency_leaves_its_place_to_a_smaller_break() -> None:
    assert found(offer(1, "9"), offer(2, "1", "10", currency="USD"), much="10").row == 1


def test_a_gross_offer_in_the_companys_currency_is_made_net_and_converted() -> None:
    assert found(offer(price="12", includes_vat=True), counts=valued("USD", "0.8")).unit_price == Decimal("12.5")


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("1", "10"), ("3", "3.33333333"), ("0.00000003", "333333333.33333333"), ("1000000000", "0.00000001")],
)
def test_a_price_is_converted_once_rounded_half_up(rate: str, expected: str) -> None:
    assert converted(OWN, valued("USD", rate)) == Decimal(expected)


def test_a_converted_price_too_large_to_keep_is_refused() -> None:
    with pytest.raises(Overflow):
        converted(Price(Decimal(1000)), valued("USD", "0.00000001"))
