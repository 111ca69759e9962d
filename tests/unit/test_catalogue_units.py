"""Units and packagings: which are sound, and how a quantity in one is counted in another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.catalogue import (
    BadDecimals,
    BadFactor,
    BadUnitCode,
    Dimension,
    DoubleUnit,
    InexactQuantity,
    Packaging,
    Unit,
    UnitDoesNotFit,
    UnknownUnit,
    check_packagings,
    in_stock_units,
)
from app.domain.shared.errors import Invalid, Required
from app.domain.shared.money import Overflow, Quantity, quantity, rate

pytestmark = pytest.mark.fast


def unit(code: str = "KGM", factor: str = "1", **fields: Any) -> Unit:
    given = {"name": code, "dimension": Dimension.MASS, "factor": rate(Decimal(factor)), "decimals": 3, **fields}
    return Unit(code=code, **given)


def packed(code: str, much: str) -> Packaging:
    return Packaging(unit=code, quantity=Quantity(Decimal(much)))


KNOWN: Final = {
    one.code: one
    for one in (
        unit("KGM"),
        unit("GRM", "0.001", decimals=0),
        unit("TNE", "1000", decimals=6),
        unit("SCK", "25", decimals=0),
        unit("MTR", dimension=Dimension.LENGTH),
        unit("CS", dimension=Dimension.COUNT, decimals=0),
        unit("PF", dimension=Dimension.COUNT, decimals=1),
    )
}


def counted(much: str, code: str, stock_unit: str | None, *packagings: Packaging) -> Quantity:
    return in_stock_units(quantity(Decimal(much)), code, stock_unit, packagings, KNOWN)


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        ({"code": "K"}, BadUnitCode, "code"),
        ({"code": "KILOGRAMS"}, BadUnitCode, "code"),
        ({"code": "kgm"}, BadUnitCode, "code"),
        ({"code": "KG\n"}, BadUnitCode, "code"),
        ({"code": "K-G"}, BadUnitCode, "code"),
        ({"code": "ÅÅ"}, BadUnitCode, "code"),
        ({"name": "\t "}, Required, "name"),
        ({"factor": "0"}, BadFactor, "factor"),
        ({"factor": "-0.001"}, BadFactor, "factor"),
        ({"decimals": -1}, BadDecimals, "decimals"),
        ({"decimals": 7}, BadDecimals, "decimals"),
    ],
    ids=repr,
)
def test_an_unsound_unit_is_refused_at_its_field(wrong: dict[str, Any], error: type[Invalid], field: str) -> None:
    with pytest.raises(error) as refused:
        unit(**wrong)
    assert refused.value.at == (field,)


@pytest.mark.parametrize("edge", [{"code": "KG"}, {"code": "8CHARS00"}, {"decimals": 0}, {"decimals": 6}], ids=repr)
def test_the_edges_of_a_unit_are_in(edge: dict[str, Any]) -> None:
    unit(**edge)


def test_a_change_to_an_unsound_unit_is_refused_as_one_made_so() -> None:
    with pytest.raises(BadDecimals):
        unit().change({"name": "Kilo", "decimals": 9})


@pytest.mark.parametrize(
    ("changes", "differs"),
    [({}, False), ({"name": "KGM"}, False), ({"name": "Kilo"}, True), ({"name": "KGM", "decimals": 2}, True)],
    ids=repr,
)
def test_a_change_tells_whether_anything_differs(changes: dict[str, object], differs: bool) -> None:  # noqa: FBT001
    one = unit()
    assert one.change(changes) is differs
    assert {name: getattr(one, name) for name in changes} == changes


# --- conversion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("much", "code", "stock_unit", "expected"),
    [
        ("2500", "GRM", "KGM", "2.5"),
        ("0.000001", "TNE", "GRM", "1"),
        ("1", "TNE", "KGM", "1000"),
        ("0", "GRM", "KGM", "0"),
        ("-500", "GRM", "KGM", "-0.5"),
        ("1.234", "KGM", "KGM", "1.234"),
    ],
)
def test_units_of_one_dimension_convert_by_their_factors(much: str, code: str, stock_unit: str, expected: str) -> None:
    """ERP-07."""
    assert counted(much, code, stock_unit) == Decimal(expected)


def test_a_large_whole_result_has_no_exponent() -> None:
    """Rows and JSON would show 1E+3."""
    assert str(counted("1", "TNE", "KGM")) == "1000"


@pytest.mark.parametrize(
    ("much", "code", "stock_unit"),
    [("1.2345", "KGM", "KGM"), ("0.5", "GRM", "KGM"), ("30", "KGM", "SCK"), ("1.5", "CS", None)],
)
def test_what_the_smallest_parts_do_not_measure_is_refused_at_the_quantity(
    much: str, code: str, stock_unit: str | None
) -> None:
    """ERP-07: too fine for the unit named (also when it is the product's own), or for the product's."""
    with pytest.raises(InexactQuantity) as refused:
        counted(much, code, stock_unit, packed("CS", "2"))
    assert refused.value.at == ("quantity",)


def test_inexact_tells_the_unit_that_is_too_coarse() -> None:
    with pytest.raises(InexactQuantity) as entered:
        counted("0.5", "GRM", "KGM")
    with pytest.raises(InexactQuantity) as stored:
        counted("30", "KGM", "SCK")
    assert [one.value.facts for one in (entered, stored)] == [
        {"unit": "GRM", "decimals": 0},
        {"unit": "SCK", "decimals": 0},
    ]


def test_a_packaging_wins_over_its_dimension() -> None:
    """A case of this product holds 12, whatever a case is elsewhere."""
    assert counted("2", "CS", "PF", packed("CS", "12")) == 24
    assert counted("2", "CS", "PF") == 2


def test_the_products_own_unit_is_never_a_packaging() -> None:
    """A product packed in cases of 12 that is counted in cases from today on: 2 cases are 2."""
    assert counted("2", "CS", "CS", packed("CS", "12")) == 2


def test_a_product_counted_in_pieces_comes_in_packagings_of_any_fraction() -> None:
    assert counted("3", "CS", None, packed("CS", "0.333333")) == Decimal("0.999999")


def test_a_product_counted_in_pieces_has_no_dimension() -> None:
    with pytest.raises(UnitDoesNotFit) as refused:
        counted("1", "PF", None, packed("CS", "2"))
    assert (refused.value.at, refused.value.facts) == (("unit",), {"value": "PF"})


def test_a_unit_of_another_dimension_does_not_fit() -> None:
    with pytest.raises(UnitDoesNotFit):
        counted("1", "MTR", "KGM")


def test_an_unknown_unit_is_told_before_anything_else() -> None:
    with pytest.raises(UnknownUnit) as refused:
        counted("0.0001", "XYZ", "KGM", packed("XYZ", "2"))
    assert refused.value.at == ("unit",)


def test_a_quantity_too_large_to_keep_is_refused_where_it_was_entered() -> None:
    with pytest.raises(Overflow) as refused:
        counted("999999999999", "TNE", "GRM")
    assert refused.value.at == ("quantity",)


# --- packagings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "error", "field"),
    [
        (packed("XYZ", "1"), UnknownUnit, "unit"),
        (packed("CS", "6"), DoubleUnit, "unit"),
        (packed("KGM", "2"), DoubleUnit, "unit"),
        (packed("PF", "0"), BadFactor, "quantity"),
        (packed("PF", "-1"), BadFactor, "quantity"),
    ],
    ids=repr,
)
def test_an_unsound_packaging_is_refused_at_its_place(second: Packaging, error: type[Invalid], field: str) -> None:
    """ERP-07: the stock unit itself is no packaging."""
    with pytest.raises(error) as refused:
        check_packagings("KGM", [packed("CS", "12"), second], KNOWN)
    assert refused.value.at == (1, field)


def test_packagings_in_different_units_pass_and_so_do_none() -> None:
    check_packagings("KGM", [packed("CS", "12"), packed("PF", "0.000001")], KNOWN)
    check_packagings(None, [packed("KGM", "1")], KNOWN)
    check_packagings(None, [], {})
