"""The QR code of the European Payments Council (EPC069-12), which fills in a transfer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from segno import QRCode
from segno.helpers import make_epc_qr

from app.domain.papers import Account
from app.infrastructure.papers.looks import MM
from app.infrastructure.papers.pages import Page, Tag

CURRENCY: Final = "EUR"
LEAST: Final = Decimal("0.01")
MOST: Final = Decimal("999999999.99")
_NAME: Final = 70
_TEXT: Final = 140
_QUIET: Final = 4  # modules around a code that stay white
_SIDE: Final = 30 * MM
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def _line(text: str) -> str:
    """Give a text that stays in its line of the payload; surrogates alone cannot be encoded."""
    return " ".join(_BREAKS.sub(" ", text).encode("utf-8", "replace").decode("utf-8").split())


def epc(account: Account, currency: str) -> QRCode | None:
    """Give the code of what is to be paid; None for what no transfer in euros can pay."""
    iban = re.sub(r"\s", "", account.iban).upper()
    amount = account.amount
    if currency != CURRENCY or not amount.is_finite() or not LEAST <= amount <= MOST or not _IBAN.fullmatch(iban):
        return None
    bic = re.sub(r"\s", "", account.bic).upper()
    try:
        return make_epc_qr(
            name=_line(account.holder)[:_NAME],
            iban=iban,
            amount=amount,
            text=_line(account.reference)[:_TEXT],
            bic=bic if re.fullmatch("[A-Z0-9]{8}(?:[A-Z0-9]{3})?", bic) else None,
        )
    except ValueError:
        return None  # nobody to pay, nothing to write into the transfer, or more bytes than a code holds


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
        places = [
            (left + (_QUIET + run.start()) * side, top + (_QUIET + at) * side, (run.end() - run.start()) * side, side)
            for at, row in enumerate(rows)
            for run in re.finditer(rb"\x01+", row)
        ]
        page.open(self.tag)
        page.box(left, top, _SIDE, _SIDE, "ffffff")
        page.boxes(places, "000000")
        page.close()
