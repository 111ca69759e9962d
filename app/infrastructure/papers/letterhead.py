"""What stands around the text: who writes, to whom in the window of the envelope, and the edges of every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, sin
from typing import Final

from app.domain.papers import Fact, Format, Paper, Window
from app.infrastructure.papers.flow import Area
from app.infrastructure.papers.letters import Clean, Letters, Line, Style
from app.infrastructure.papers.logos import Logo
from app.infrastructure.papers.looks import FOOT, LABEL, LINE, MARK, MM, VALUE, Look, address, issuer, sender
from app.infrastructure.papers.pages import Page, Tag
from app.infrastructure.papers.pieces import HAIR, Cell, Piece
from app.infrastructure.papers.words import Words

SIZES: Final = {Format.A4: (210 * MM, 297 * MM), Format.LETTER: (612.0, 792.0)}
LEFT: Final = 25 * MM
RIGHT: Final = 17 * MM
HEAD: Final = 12 * MM
HEAD_END: Final = 43 * MM
FACTS: Final = 50 * MM
BESIDE: Final = 125 * MM
"""Where what stands beside the address begins: the information block of DIN 5008."""
BODY: Final = 95 * MM
NEXT: Final = 24 * MM
FOOT_LINES: Final = 6
_FOOT_GAP: Final = 4 * MM
_EDGE: Final = 9 * MM
_FACT_LINES: Final = 4
_LABELS: Final = 0.42
_LOGO: Final = (60 * MM, 22 * MM)
_MARK_SIZE: Final = 130.0
_MARK_REACH: Final = 0.75  # of the diagonal


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle in points: where the address has to stand to be seen through the window."""

    left: float
    top: float
    width: float
    height: float


WINDOWS: Final = {
    # DIN 5008 form B: 85 x 45 mm from 20 and 45 mm, of which the upper 17.7 mm are for sender and remarks.
    Window.LEFT: Zone(25 * MM, 45 * MM, 80 * MM, 45 * MM),
    # NF Z 11-001 on a DL envelope: 100 x 45 mm from 100 and 45 mm; the sheet slips by up to 10 mm.
    Window.RIGHT: Zone(110 * MM, 45 * MM, 80 * MM, 43 * MM),
}
_SENDER: Final = 7 * MM
_REMARKS: Final = 16 * MM


class Letterhead:
    """Draws what surrounds the text of one paper, and says where the text may stand."""

    def __init__(self, paper: Paper, words: Words, letters: Letters, look: Look, title: Clean) -> None:
        self._paper = paper
        self._words = words
        self._letters = letters
        self._look = look
        self._title = title
        self._name = words.clean(paper.issuer.name)
        self._window = WINDOWS[paper.appearance.window]
        self.size = SIZES[paper.appearance.format]
        width, self._height = self.size
        self._edges = (LEFT, width - RIGHT)
        # With the window on the right, what stands beside it is on the left, and the head follows the window.
        self._right = paper.appearance.window is Window.RIGHT
        self._second = self._window.left if self._right else BESIDE
        texts = [words.clean(line) for line in paper.appearance.footer]
        self._foot_style, self._foot = letters.fitted(
            texts,
            lambda size: Style(size, colour=FOOT.colour),
            (7, 6),
            (width - LEFT - RIGHT, FOOT_LINES * FOOT.leading),
        )
        self._facts = [words.fact(fact) for fact in paper.facts]

    def area(self, first: float) -> Area:
        """Give where the text stands; on the first page from ``first``."""
        width, height = self.size
        foot = (len(self._foot) + 1) * FOOT.leading + _EDGE
        left, right = self._edges
        return Area(
            width=width, height=height, left=left, right=right, first=first, top=NEXT, bottom=height - foot - _FOOT_GAP
        )

    def first(self, page: Page, tag: Tag, logo: Logo | None) -> None:
        """Draw the head of the first page: logo or name, what the company says of itself, sender and address."""
        left, right = self._edges
        told = [self._words.clean(line) for line in self._paper.issuer.address]
        told += [self._said(fact) for fact in self._paper.issuer.facts]
        if logo is None:
            box = (self._second - left - 6 * MM, HEAD_END - HEAD)
            style, lines = self._letters.fitted([self._name], self._look.name, (16, 14, 12, 10, 8), box)
            self._block(page, tag, lines, style, (left, HEAD))
        else:
            logo.fit(_LOGO).draw(page, left, HEAD)
            bold = Style(9, bold=True)
            page.open(tag.under("P"))
            page.text([self._letters.short(self._name, bold, right - self._second)], (self._second, HEAD + 8), bold)
            page.close()
        top = HEAD if logo is None else HEAD + 12
        style, lines = self._letters.fitted(
            told, issuer, (8, 7.5, 7, 6.5, 6, 5.5), (right - self._second, HEAD_END - top)
        )
        self._block(page, tag, lines, style, (self._second, top))
        if self._paper.recipient:
            self._address(page, tag)

    def _said(self, fact: Fact) -> Clean:
        label, value = self._words.fact(fact)
        return Clean(f"{label} {value}")

    def _address(self, page: Page, tag: Tag) -> None:
        zone = self._window
        parts = [self._name, *(self._words.clean(line) for line in self._paper.issuer.address)]
        line = Clean(" \N{MIDDLE DOT} ".join(part.replace("\n", " ") for part in parts if part))
        small = sender()
        said = self._letters.short(line, small, zone.width)
        top = zone.top + _SENDER - small.leading
        self._block(page, None, [said], small, (zone.left, top))
        page.open(None)
        page.box(zone.left, zone.top + _SENDER + 1, zone.width, HAIR, LINE)
        page.close()
        lines = [self._words.clean(line) for line in self._paper.recipient]
        if self._paper.country:
            lines.append(self._words.country(self._paper.country))
        # As few lines as usual begin below the remarks, more of them higher.
        high = zone.height - _SENDER - 2 * MM
        style, found = self._letters.fitted(lines, address, (10, 9.5, 9, 8.5, 8, 7, 6), (zone.width, high))
        start = min(zone.top + _REMARKS, zone.top + zone.height - len(found) * style.leading)
        self._block(page, tag, found, style, (zone.left, start))

    def facts(self, tag: Tag) -> tuple[list[Piece], float]:
        """Give the facts beside the address as pieces to be drawn from ``FACTS`` on, and where they end.

        What does not find room there is left for ``rest``.
        """
        left = self._edges[0] if self._right else self._second
        width = (self._window.left - 10 * MM - left) if self._right else (self._edges[1] - left)
        pieces: list[Piece] = []
        end = FACTS
        while self._facts:
            piece = self._fact(self._facts[0], left, width, tag)
            if piece.count > _FACT_LINES or end + piece.height > BODY - 2 * MM:
                break
            self._facts.pop(0)
            pieces.append(piece)
            end += piece.height
        return pieces, end

    def rest(self, tag: Tag) -> list[Piece]:
        """Give the facts for which there was no room beside the address."""
        left, right = self._edges
        return [self._fact(fact, left, right - left, tag) for fact in self._facts]

    def _fact(self, fact: tuple[Clean, Clean], left: float, width: float, tag: Tag) -> Piece:
        label, value = fact
        split = min(width * _LABELS, 45 * MM)
        held = tag.under("P")
        cells = [
            Cell(lines=self._letters.wrapped(label, LABEL, split - 4), style=LABEL, left=left, tag=held),
            Cell(lines=self._letters.wrapped(value, VALUE, width - split), style=VALUE, left=left + split, tag=held),
        ]
        return Piece(cells=cells, leading=VALUE.leading, below=1)

    def again(self, page: Page) -> None:
        """Draw the head of a page after the first."""
        left, right = self._edges
        half = (right - left) / 2 - 6
        bold = Style(8, bold=True, colour=self._look.ink)
        said = self._letters.short(self._title, LABEL, half)
        page.open(None)
        page.text([self._letters.short(self._name, bold, half)], (left, HEAD + 8), bold)
        page.text([said], (left, HEAD + 8), LABEL, right)
        page.box(left, HEAD + 14, right - left, 0.8, self._look.accent)
        page.close()

    def foot(self, page: Page, total: int) -> None:
        """Draw the foot: the company's lines, and which page of how many this is."""
        left, right = self._edges
        top = self._height - _EDGE - (len(self._foot) + 1) * FOOT.leading
        page.open(None)
        page.box(left, top - 4, right - left, HAIR, LINE)
        page.text(self._foot, (left, top + FOOT.size), self._foot_style)
        facts = [("page", page.number + 1), ("pages", total)]
        said = self._letters.line(self._words.label("page", facts), FOOT)
        page.text([said], (left, top + FOOT.size + len(self._foot) * FOOT.leading), FOOT, right)
        if ref := self._words.clean(self._paper.ref):
            base = top + FOOT.size + len(self._foot) * FOOT.leading
            page.text([self._letters.short(ref, FOOT, (right - left) / 2)], (left, base), FOOT)
        page.close()

    def mark(self, page: Page, word: Clean) -> None:
        """Write a word across the page, over everything, as large as it fits."""
        width, height = self.size
        wide = self._letters.width(word, Style(1, bold=True)) or 1
        style = Style(min(_MARK_SIZE, hypot(width, height) * _MARK_REACH / wide), bold=True, colour=MARK)
        line = self._letters.line(Clean(word.replace("\n", " ")), style)
        angle = atan2(height, width)
        cosine, sine = cos(angle), sin(angle)
        deep = style.size * 0.35  # half of a capital
        place = (
            width / 2 - cosine * line.width / 2 + sine * deep,
            height / 2 + sine * line.width / 2 + cosine * deep,
        )
        page.open(None)
        page.across(line, style, place, (cosine, sine))
        page.close()

    def _block(
        self, page: Page, tag: Tag | None, lines: Sequence[Line], style: Style, place: tuple[float, float]
    ) -> None:
        """Draw lines below each other, their upper left corner at ``place``."""
        if lines:
            page.open(tag.under("P") if tag else None)
            page.text(lines, (place[0], place[1] + style.size), style)
            page.close()
