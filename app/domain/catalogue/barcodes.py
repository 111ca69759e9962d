"""Barcodes: EAN-8, UPC-A, EAN-13 and GTIN-14, each with its check digit (GS1 General Specifications 7.9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from stdnum import ean

from app.domain.shared.errors import Invalid

LENGTHS: Final = (8, 12, 13, 14)
GTIN: Final = 14


class BadBarcode(Invalid):
    """A barcode has 8, 12, 13 or 14 digits, the last of which follows from the others."""

    code = "catalogue.bad_barcode"


class DoubleBarcode(Invalid):
    """The barcode is named twice."""

    code = "catalogue.double_barcode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """A barcode as printed, and as a number of 14 digits, by which short and long forms of one are the same."""

    code: str
    gtin: str


def barcode(code: str) -> Barcode:
    """Give the barcode written ``code``. Raises BadBarcode."""
    if len(code) not in LENGTHS or not (code.isascii() and code.isdigit()):
        raise BadBarcode(at=("code",), value=code)
    if ean.calc_check_digit(code[:-1]) != code[-1]:
        raise BadBarcode(at=("code",), value=code)
    return Barcode(code=code, gtin=code.zfill(GTIN))


def barcodes(codes: Iterable[str]) -> tuple[Barcode, ...]:
    """Give the barcodes of one product. Raises BadBarcode, DoubleBarcode at their index."""
    found: list[Barcode] = []
    for index, code in enumerate(codes):
        try:
            one = barcode(code)
        except Invalid as error:
            raise error.within(index) from None
        if any(one.gtin == other.gtin for other in found):
            raise DoubleBarcode(at=(index, "code"), value=code)
        found.append(one)
    return tuple(found)
