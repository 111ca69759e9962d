"""The QR code of the European Payments Council (EPC069-12), which fills in a transfer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from segno import QRCode, make_qr

from app.domain.papers import Account
from app.infrastructure.papers.looks import MM
from app.infrastructure.papers.pages import Page, Tag

CURRENCY: Final = "EUR"
LEAST: Final = Decimal("0.01")
MOST: Final = Decimal("999999999.99")
_NAME: Final = 70
_TEXT: Final = 140
_BYTES: Final = 331
_MASK: Final = 3
_QUIET: Final = 4  # modules around a code that stay white
_SIDE: Final = 30 * MM
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_BIC: Final = re.compile("[A-Z0-9]{8}(?:[A-Z0-9]{3})?")
_RUN: Final = re.compile(rb"\x01+")
_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def _line(text: str) -> str:
    """Give a text that stays in its line of the payload; surrogates alone cannot be encoded."""
    return " ".join(_BREAKS.sub(" ", text).encode("utf-8", "replace").decode("utf-8").split())


def payload(account: Account, currency: str) -> bytes | None:
    """Give what the code says; None for what no transfer in euros can pay, or where a field is longer than allowed."""
    iban = re.sub(r"\s", "", account.iban).upper()
    bic = re.sub(r"\s", "", account.bic).upper()
    name, reference = _line(account.holder)[:_NAME], _line(account.reference)[:_TEXT]
    amount = account.amount
    if currency != CURRENCY or not amount.is_finite() or not LEAST <= amount <= MOST:
        return None
    if not _IBAN.fullmatch(iban) or not name or not reference:
        return None
    fields = (
        "BCD",
        "002",
        "1",  # UTF-8
        "SCT",
        bic if _BIC.fullmatch(bic) else "",  # may be left out within the EEA
        name,
        iban,
        f"{CURRENCY}{amount:.2f}",
        "",  # purpose
        "",  # a structured reference
        reference,
    )
    found = "\n".join(fields).encode()
    return found if len(found) <= _BYTES else None


def epc(account: Account, currency: str) -> QRCode | None:
    """Give the code of what is to be paid, if there is one.

    The mask is a fixed one: to try all eight costs more than all the rest of an invoice, and readers take any.
    """
    found = payload(account, currency)
    return None if found is None else make_qr(found, error="m", boost_error=False, mask=_MASK)


@dataclass(frozen=True, slots=True)
class Code:
    """A code on a page, drawn as rectangles: sharp at any size."""

    code: QRCode
    tag: Tag

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points, with the white around it."""
        return _SIDE, _SIDE

    def draw(self, page: Page, left: float, top: float) -> None:
        """Draw it with its upper left corner there."""
        rows = [bytes(row) for row in self.code.matrix]
        side = _SIDE / (len(rows) + 2 * _QUIET)
        runs = [
            (_QUIET + run.start(), _QUIET + at, run.end() - run.start())
            for at, row in enumerate(rows)
            for run in _RUN.finditer(row)
        ]
        page.open(self.tag)
        page.box(left, top, _SIDE, _SIDE, "ffffff")
        page.squares((left, top), side, runs, "000000")
        page.close()
