"""Sizes, weights and colours: all of a paper that is a matter of taste, and what a company's own colour does to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.infrastructure.papers.letters import Style

MM: Final = 72 / 25.4
"""A millimetre in points."""
INK: Final = "1a1a1a"
GREY: Final = "5f6670"
LINE: Final = "c9ced6"
SHADE: Final = "f2f4f7"
WHITE: Final = "ffffff"
MARK: Final = "2b2f36"
DEFAULT_ACCENT: Final = "1f3a5f"
_COLOUR: Final = re.compile("[0-9a-fA-F]{6}")
_READABLE: Final = 4.5
"""The contrast that text needs (WCAG 2.1, 1.4.3)."""


def _luminance(colour: str) -> float:
    """Give how light a colour is, from 0 to 1 (WCAG 2.1)."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=256)
def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, from 1 to 21 (WCAG 2.1)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@dataclass(frozen=True, slots=True)
class Look:
    """Styles in a company's colour; one too light to be read is kept for surfaces, and text is dark."""

    accent: str

    @property
    def ink(self) -> str:
        """The colour of what stands out on white."""
        return self.accent if contrast(self.accent, WHITE) >= _READABLE else INK

    @property
    def on_accent(self) -> str:
        """The colour of text on the company's colour."""
        return max(WHITE, INK, key=lambda colour: contrast(colour, self.accent))

    def name(self, size: float = 16) -> Style:
        """Give the style of the company's name where there is no logo."""
        return Style(size, bold=True, colour=self.ink)

    @property
    def title(self) -> Style:
        """The style of the paper's title."""
        return Style(15, bold=True, colour=self.ink)

    @property
    def head(self) -> Style:
        """The style of the heads of columns."""
        return Style(7.5, bold=True, colour=self.on_accent)

    @property
    def heading(self) -> Style:
        """The style of headings above a table, and within."""
        return Style(9, bold=True, colour=self.ink)

    @property
    def due(self) -> Style:
        """The style of what is to be paid."""
        return Style(10.5, bold=True, colour=self.ink)


def look(accent: str) -> Look:
    """Give the look of a colour in hex; of one that is none, the default."""
    return Look(accent.lower() if _COLOUR.fullmatch(accent) else DEFAULT_ACCENT)


BODY: Final = Style(9)
CLOSING: Final = Style(8.5)
CELL: Final = Style(8.5)
CELL_BOLD: Final = Style(8.5, bold=True)
SMALL: Final = Style(7.5, colour=GREY)
CARRIED: Final = Style(8, colour=GREY)
FOOT: Final = Style(7, colour=GREY)
TOTAL: Final = Style(9)
VAT_HEAD: Final = Style(7.5, bold=True, colour=GREY)
VALUE: Final = Style(8.5)
LABEL: Final = Style(8, colour=GREY)


def address(size: float = 10) -> Style:
    """Give the style of the address in the window."""
    return Style(size)


def sender(size: float = 6.5) -> Style:
    """Give the style of the sender above it."""
    return Style(size, colour=GREY)


def issuer(size: float = 8) -> Style:
    """Give the style of what the company says of itself at the head."""
    return Style(size, colour=GREY)
