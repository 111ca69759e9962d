"""What pages are filled with: text side by side, in lines that keep their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from app.infrastructure.papers.letters import Line, Style
from app.infrastructure.papers.pages import Page, Tag

HAIR = 0.4
"""The thickness of a thin line, in points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Lines of text in a column from ``left``; those of a figure end at ``right``. Points from the page's edge."""

    lines: Sequence[Line]
    style: Style
    left: float
    right: float | None = None
    tag: Tag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Cells side by side, ``above`` and ``below`` them some room, behind them ``fill``, under them a line ``rule``.

    ``span`` is from where to where fill and rule reach. ``carry`` is what is added to the sum so far once its last
    line stands on a page. ``bars`` are upright lines, between columns that are written into.
    """

    cells: Sequence[Cell] = ()
    leading: float = 0
    above: float = 0
    below: float = 0
    fill: str = ""
    rule: str = ""
    thick: float = HAIR
    span: tuple[float, float] = (0, 0)
    carry: Decimal | None = None
    bars: Sequence[float] = ()

    @property
    def count(self) -> int:
        """The lines of the cell that has most."""
        return max((len(cell.lines) for cell in self.cells), default=0)

    @property
    def height(self) -> float:
        """In points."""
        return self.above + self.count * self.leading + self.below

    def draw(self, page: Page, top: float, first: int, last: int) -> None:
        """Draw the lines from ``first`` to before ``last``; ``top`` is where the room above begins."""
        left, right = self.span
        height = (self.above if first == 0 else 0) + (last - first) * self.leading
        height += self.below if last == self.count else 0
        closes = bool(self.rule) and last == self.count
        if self.fill or closes:
            page.open(None)
            if self.fill:
                page.box(left, top, right - left, height, self.fill)
            if closes:
                page.box(left, top + height - self.thick, right - left, self.thick, self.rule)
            for bar in self.bars:
                page.box(bar, top, HAIR, height, self.rule)
            page.close()
        base = top + (self.above if first == 0 else 0)
        for cell in self.cells:
            if lines := cell.lines[first:last]:
                page.open(cell.tag)
                # A base line is where letters stand; what hangs below them needs about a quarter of the line.
                at = base + self.leading - (self.leading - cell.style.size) / 2 - cell.style.size * 0.22
                page.text(lines, (cell.left, at), cell.style, cell.right)
                page.close()


class Picture(Protocol):
    """What is drawn beside text: a logo, a code."""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points."""
        ...

    def draw(self, page: Page, left: float, top: float) -> None:
        """Draw it with its upper left corner there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Pieces that stay together on a page where one holds them; not ``whole``, they break as soon as they have to.

    ``aside`` are pieces that begin at the same height, beside the others; so does ``picture``, from ``beside`` on.
    ``frame`` is a colour behind all of them, within ``span``, and ``edge`` that of a line on its left.
    """

    pieces: Sequence[Piece]
    aside: Sequence[Piece] = ()
    picture: Picture | None = None
    beside: float = 0
    frame: str = ""
    edge: str = ""
    span: tuple[float, float] = (0, 0)
    whole: bool = True
    height: float = field(init=False)

    def __post_init__(self) -> None:
        height = max(sum(piece.height for piece in side) for side in (self.pieces, self.aside))
        object.__setattr__(self, "height", max(height, self.picture.size[1] if self.picture else 0))
