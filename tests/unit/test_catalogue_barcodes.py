"""Barcodes: which have their check digit, and which two are one."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalogue import BadBarcode, DoubleBarcode, barcode, barcodes

pytestmark = pytest.mark.fast


CODES: Final = [
    "73513537",
    "40170725",
    "614141000036",
    "036000291452",
    "5901234123457",
    "9780201379624",
    "10614141000415",
]
WRONG: Final = (
    ",0,7351353,735135377,5901234123458,5901243123457,059012341234570, 73513537,-7351353,735135.7,97802013796X4"
)


@pytest.mark.parametrize("code", CODES)
def test_a_printed_code_is_known_by_its_fourteen_digits(code: str) -> None:
    """ERP-07: examples of GS1 and from packets: EAN-8, UPC-A, EAN-13, GTIN-14."""
    assert (barcode(code).code, barcode(code).gtin) == (code, f"{code:0>14}")


@pytest.mark.parametrize("wrong", [*WRONG.split(","), "7351353\N{ARABIC-INDIC DIGIT SEVEN}"])
def test_what_is_no_barcode_is_refused(wrong: str) -> None:
    """Too short, too long, a wrong check digit, two digits swapped, digits of other scripts."""
    with pytest.raises(BadBarcode) as refused:
        barcode(wrong)
    assert (refused.value.at, refused.value.facts) == (("code",), {"value": wrong})


def test_the_short_and_the_long_form_of_a_code_are_one() -> None:
    forms = ("036000291452", "0036000291452", "00036000291452")
    assert {barcode(one).gtin for one in forms} == {forms[-1]}
    assert barcode("96385074").gtin == barcode("00000096385074").gtin


@pytest.mark.parametrize("second", ["036000291452", "0036000291452", "00036000291452"])
def test_one_code_in_two_forms_is_named_twice(second: str) -> None:
    with pytest.raises(DoubleBarcode) as refused:
        barcodes(["96385074", "036000291452", second])
    assert (refused.value.at, refused.value.facts) == ((2, "code"), {"value": second})


def test_the_first_wrong_code_is_told_at_its_place() -> None:
    with pytest.raises(BadBarcode) as refused:
        barcodes(["96385074", "96385075", "96385074"])
    assert refused.value.at == (1, "code")


@given(st.lists(st.integers(0, 9_999_999).map("{:07}".format), unique=True, max_size=6))
def test_different_codes_are_kept_in_their_order(bodies: list[str]) -> None:
    codes = [body + str(-sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(body)) % 10) for body in bodies]
    assert [one.code for one in barcodes(codes)] == codes


def test_no_codes_are_none() -> None:
    assert barcodes([]) == ()
