"""Which price wins, how net follows from gross, and how units convert: rules without a database."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalogue import (
    BadBarcode,
    Barcode,
    Component,
    Dimension,
    InexactQuantity,
    Offered,
    Packaging,
    PriceSource,
    Unit,
    UnitDoesNotFit,
    VatRate,
    VatRatesOverlap,
    barcode,
    exploded,
    gross_of,
    in_stock_units,
    net_of,
    pick,
)
from app.domain.shared.errors import Invalid
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import Valuation
from app.domain.shared.money import Price, Quantity, Rate, currency
from app.domain.shared.totals import LineInput, VatMode, compute

pytestmark = pytest.mark.fast

EUR: Final = currency("EUR")
ONE: Final = Rate(Decimal(1))
ON: Final = date(2026, 11, 21)
VALUED: Final = Valuation(currency=EUR, rate=ONE, company_currency=EUR, vat_mode=VatMode.PER_RATE)
CENTS = st.integers(1, 10_000_000).map(lambda cents: Price(Decimal(cents) / 100))
RATES = st.sampled_from(["0", "2.1", "5.5", "7", "10", "19", "19.6", "20", "25", "27"]).map(lambda r: Rate(Decimal(r)))


@given(gross=CENTS, vat_rate=RATES)
def test_a_net_price_gives_its_gross_price_again(gross: Price, vat_rate: Rate) -> None:
    """ERP-07: with 8 decimals to the cent, whatever the rate; and the shown gross is the entered one exactly."""
    net = net_of(gross, vat_rate)
    again = Fraction(net) * (100 + Fraction(vat_rate)) / 100
    assert abs(again - Fraction(gross)) < Fraction(1, 10**7)
    assert gross_of(net, vat_rate) == gross


@given(gross=CENTS, vat_rate=RATES, mode=st.sampled_from(VatMode))
def test_one_piece_comes_to_the_gross_price_whenever_any_net_amount_does(
    gross: Price, vat_rate: Rate, mode: VatMode
) -> None:
    """ERP-07: to the cent; where EN 16931's rounding of net first leaves a gap (9.99 at 20 %), by one cent at most."""
    line = LineInput(Quantity(Decimal(1)), net_of(gross, vat_rate), Rate(Decimal(0)), vat_rate)
    charged = compute([line], EUR, mode, rate=ONE, company_currency=EUR).totals.gross
    near = int(gross * 100 * 100 / (100 + vat_rate))
    reachable = set()
    for cents in range(near - 2, near + 3):
        tax = (cents * vat_rate / 100).quantize(Decimal(1), ROUND_HALF_UP)
        reachable.add(Decimal(cents + tax) / 100)
    assert abs(charged - gross) <= Decimal("0.01")
    assert (charged == gross) is (gross in reachable)


def offer(source: PriceSource, least: str, **fields: Any) -> Offered:
    values = {"price": Price(Decimal(5)), "discount": None, "currency": "EUR", "includes_vat": False, **fields}
    days = {"valid_from": None, "valid_until": None}
    where = {"id": 1, "source": source, "product_id": ProductId(1), "min_quantity": Quantity(Decimal(least))}
    return Offered(**{**days, **where, **values})


@given(
    breaks=st.lists(st.tuples(st.sampled_from(["party", "price_list"]), st.integers(0, 20)), unique=True),
    wanted=st.integers(1, 25),
)
def test_the_largest_break_of_the_first_source_that_has_one_wins(breaks: list[tuple[str, int]], wanted: int) -> None:
    """ERP-07: held against a plain search."""
    offers = [offer(PriceSource(source), str(least), price=Price(Decimal(least))) for source, least in breaks]
    found = pick(Price(Decimal(99)), Rate(Decimal(20)), Quantity(Decimal(wanted)), ON, VALUED, offers)
    for source in ("party", "price_list"):
        fitting = [least for name, least in breaks if name == source and least <= wanted]
        if fitting:
            assert found.source == PriceSource(source)
            assert found.unit_price == found.min_quantity == Decimal(max(fitting))
            return
    assert found.source is PriceSource.PRODUCT
    assert found.unit_price == Decimal(99)


# --- VAT rates --------------------------------------------------------------------------------------------------------


@given(spans=st.lists(st.tuples(st.integers(1, 28), st.one_of(st.none(), st.integers(1, 28))), max_size=6))
def test_rates_that_pass_never_share_a_day(spans: list[tuple[int, int | None]]) -> None:
    """ERP-07: held against the days themselves."""
    kept: list[VatRate] = []
    for number, (first, last) in enumerate(spans, 1):
        if last is not None and last < first:
            continue
        day = {"valid_from": date(2026, 1, first), "valid_until": None if last is None else date(2026, 1, last)}
        one = VatRate(id=number, country="FR", category="standard", rate=ONE, **day)  # type: ignore[arg-type]
        days = set(range(first, (last or 28) + 1))
        taken = [set(range(k.valid_from.day, (k.valid_until or date(2026, 1, 28)).day + 1)) for k in kept]
        free = not any(days & other for other in taken)
        if free:
            one.apart(kept)
            kept.append(one)
        else:
            with pytest.raises(VatRatesOverlap):
                one.apart(kept)


# --- units ------------------------------------------------------------------------------------------------------------


def measure(code: str, factor: str = "1", decimals: int = 0, dimension: Dimension = Dimension.MASS) -> Unit:
    return Unit(code=code, name=code, dimension=dimension, factor=Rate(Decimal(factor)), decimals=decimals)


UNITS: Final = {
    one.code: one
    for one in (
        measure("KGM", decimals=3),
        measure("GRM", "0.001"),
        measure("LBR", "0.45359237", 2),
        measure("LTR", dimension=Dimension.VOLUME),
        measure("CS", dimension=Dimension.COUNT),
    )
}


@pytest.mark.parametrize(
    ("entered", "named", "own", "expected"),
    [("1500", "GRM", "KGM", "1.5"), ("1.5", "KGM", "GRM", "1500"), ("3", "CS", "KGM", "7.5"), ("2", "CS", None, "5")],
)
def test_a_quantity_is_converted_exactly(entered: str, named: str, own: str | None, expected: str) -> None:
    packed = [Packaging(unit="CS", quantity=Quantity(Decimal("2.5")))]
    assert in_stock_units(Quantity(Decimal(entered)), named, own, packed, UNITS) == Decimal(expected)


@pytest.mark.parametrize(
    ("entered", "named", "own", "error"),
    [
        ("1.5", "GRM", "KGM", InexactQuantity),
        ("1", "LBR", "KGM", InexactQuantity),
        ("1", "KGM", "LBR", InexactQuantity),
        ("1", "LTR", "KGM", UnitDoesNotFit),
        ("1", "KGM", None, UnitDoesNotFit),
        ("1", "CS", "KGM", UnitDoesNotFit),
    ],
)
def test_a_quantity_that_does_not_come_out_even_is_refused(
    entered: str, named: str, own: str | None, error: type[Invalid]
) -> None:
    """ERP-07: never rounded in silence."""
    with pytest.raises(error):
        in_stock_units(Quantity(Decimal(entered)), named, own, [], UNITS)


@given(entered=st.integers(1, 10**9), there=st.sampled_from(["GRM", "KGM", "LBR"]))
def test_what_is_converted_keeps_its_measure(entered: int, there: str) -> None:
    """Held against fractions: refused or exact."""
    wanted = Fraction(entered, 10 ** UNITS[there].decimals)
    try:
        found = in_stock_units(Quantity(Decimal(entered).scaleb(-UNITS[there].decimals)), there, "KGM", [], UNITS)
    except Invalid:
        assert (wanted * Fraction(UNITS[there].factor) * 1000).denominator != 1
        return
    assert Fraction(found) == wanted * Fraction(UNITS[there].factor)


# --- barcodes and kits ------------------------------------------------------------------------------------------------


@given(digits=st.integers(0, 10**13 - 1), length=st.sampled_from([8, 12, 13, 14]), place=st.integers(0, 13))
def test_one_wrong_digit_is_always_noticed(digits: int, length: int, place: int) -> None:
    """ERP-07: GS1's check digit, worked out here by the standard's own words."""
    body = str(digits % 10 ** (length - 1)).zfill(length - 1)
    weighed = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body)))
    code = f"{body}{-weighed % 10}"
    assert barcode(code) == Barcode(code=code, gtin=code.zfill(14))
    at = place % length
    wrong = code[:at] + str((int(code[at]) + 1) % 10) + code[at + 1 :]
    with pytest.raises(BadBarcode):
        barcode(wrong)


def of(*parts: tuple[int, str]) -> list[Component]:
    return [Component(component_id=ProductId(one), quantity=Quantity(Decimal(much))) for one, much in parts]


def test_a_kit_of_kits_comes_to_its_goods() -> None:
    contents = {ProductId(1): of((2, "2"), (3, "1.5")), ProductId(2): of((3, "4"), (4, "1"))}
    assert exploded(ProductId(1), Quantity(Decimal(2)), contents) == [(3, Decimal(19)), (4, Decimal(4))]
