"""From where to where pages are filled, and what goes on which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.infrastructure.papers.pages import Page
from app.infrastructure.papers.pieces import Group, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where the text of a paper stands, in points from the left and the top: that of the first page begins lower."""

    width: float
    height: float
    left: float
    right: float
    first: float
    top: float
    bottom: float

    @property
    def span(self) -> tuple[float, float]:
        """From the left to the right edge of the text."""
        return self.left, self.right


@dataclass(slots=True)
class Flow:
    """Fills page after page; nothing is drawn before it is known how many there are.

    While a table is placed, ``foot`` and ``head`` are what stands at the end of a page it leaves and at the beginning
    of the next, and ``reserve`` the height of the former.
    """

    area: Area
    check: Callable[[], None]
    pages: list[list[Callable[[Page], None]]] = field(default_factory=lambda: [[]])
    at: float = 0
    fresh: bool = True
    foot: Callable[[], Sequence[Piece]] | None = None
    head: Callable[[], Sequence[Piece]] | None = None
    reserve: float = 0
    carried: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        self.at = self.area.first

    def space(self, height: float) -> None:
        """Leave room, but not at the top of a page."""
        if not self.fresh:
            self.at += height

    def room(self, *, last: bool = True) -> float:
        """Give the height that is left, less what ``foot`` takes where more is to come."""
        return self.area.bottom - self.at - (0 if last else self.reserve)

    def turn(self) -> None:
        """Go to the next page."""
        self.check()
        for piece in self.foot() if self.foot else ():
            self._set(piece)
        self.pages.append([])
        self.at = self.area.top
        for piece in self.head() if self.head else ():
            self._set(piece)
        self.fresh = True

    def place(self, group: Group, *, last: bool = True) -> None:
        """Place pieces where they fit whole, or else line by line; ``last`` when nothing of a table comes after."""
        if group.whole and group.height > self.room(last=last) and not self.fresh:
            whole_page = self.area.bottom - self.area.top - (0 if last else self.reserve)
            if group.height <= whole_page:
                self.turn()
        if group.height <= self.room(last=last):
            self._set_group(group)
            return
        for piece in (*group.pieces, *group.aside):
            self._pour(piece, last=last)

    def _set_group(self, group: Group) -> None:
        top, height = self.at, group.height
        left, right = group.span
        if group.frame:

            def frame(page: Page) -> None:
                page.open(None)
                page.box(left, top, right - left, height, group.frame)
                page.box(left, top, 2, height, group.edge)
                page.close()

            self.pages[-1].append(frame)
        for piece in group.aside:
            self._set(piece)
        self.at = top
        for piece in group.pieces:
            self._set(piece)
        if picture := group.picture:
            self.pages[-1].append(lambda page: picture.draw(page, group.beside, top))
        self.at = top + height

    def _pour(self, piece: Piece, *, last: bool) -> None:
        first = 0
        while first < piece.count:
            edges = (0 if first else piece.above) + piece.below
            fitting = int((self.room(last=last) - edges) / piece.leading)
            if fitting < 1 and not self.fresh:
                self.turn()
                continue
            until = min(piece.count, first + max(1, fitting))
            self._set(piece, first, until)
            first = until
            if first < piece.count:
                self.turn()

    def _set(self, piece: Piece, first: int = 0, until: int | None = None) -> None:
        top = self.at
        end = piece.count if until is None else until
        self.pages[-1].append(lambda page: piece.draw(page, top, first, end))
        self.at += (end - first) * piece.leading
        self.at += piece.above if first == 0 else 0
        self.fresh = False
        if end == piece.count:
            self.at += piece.below
            self.carried += piece.carry or 0
