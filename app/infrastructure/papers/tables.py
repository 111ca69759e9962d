"""Tables over as many pages as they take: heads repeated, sums carried, figures below figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from app.domain.papers import CellKind, Column, Row, RowKind, Table
from app.infrastructure.papers.flow import Flow
from app.infrastructure.papers.letters import Clean, Letters, Line, Style
from app.infrastructure.papers.looks import CARRIED, CELL, CELL_BOLD, LINE, SHADE, SMALL, Look
from app.infrastructure.papers.pages import Tag
from app.infrastructure.papers.pieces import Cell, Group, Piece
from app.infrastructure.papers.words import Words, is_figure

CHUNK: Final = 50
"""How many rows are measured or placed between two looks at whether anybody still wants the paper."""
PAD: Final = 4.0
INDENT: Final = 9.0
DEEPEST: Final = 6
_HEAD_LINES: Final = 3
_LEAST: Final = 0.5  # the widest column of text keeps so much of its share when others need more than theirs
_SMALLEST: Final = 0.7  # a figure that is wider than its column is set smaller, down to this
_PARTS: Final = 0.72  # of the table's width, for what is said below the first column


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a column stands: from ``left`` to ``right``, padding included."""

    column: Column
    left: float
    right: float

    @property
    def width(self) -> float:
        """The width of its text."""
        return max(1.0, self.right - self.left - 2 * PAD)

    @property
    def figure(self) -> bool:
        """Tell whether its text stands on the right."""
        return is_figure(self.column.kind)


class TableLayout:
    """Lays one table out and places it row by row."""

    def __init__(self, table: Table, words: Words, letters: Letters, look: Look, tag: Tag, roomy: float = 0) -> None:
        self._table = table
        self._words = words
        self._letters = letters
        self._look = look
        self._tag = tag
        self._roomy = roomy
        self._lanes: list[Lane] = []
        self._span = (0.0, 0.0)
        self._first = 0
        self._head: list[Piece] = []

    def place(self, flow: Flow) -> None:
        """Place the table, row by row."""
        self._span = flow.area.span
        written = self._written(flow.check)
        labels = [self._words.label(f"columns.{column.name}") for column in self._table.columns]
        self._lanes = self._laid(written, labels)
        texts = [at for at, column in enumerate(self._table.columns) if column.kind is CellKind.TEXT]
        self._first = texts[0] if texts else 0
        self._head = [self._headed(labels, None)]
        first = [*self._titled(), self._headed(labels, self._tag.under("TR"))]
        carried = any(column.carried for column in self._table.columns)
        flow.carried = Decimal(0)
        flow.head = lambda: [*self._head, *([self._carry(flow, "brought")] if carried else [])]
        if carried:
            flow.reserve = self._carry(flow, "carried").height
            flow.foot = lambda: [self._carry(flow, "carried")]
        for group, last in _told(self._groups(written, first, flow.check)):
            flow.place(group, last=last)
        flow.head = flow.foot = None
        flow.reserve = 0

    def _written(self, check: Callable[[], None]) -> list[list[Clean]]:
        """Give the text of each cell; a row that is too short has blank ones."""
        kinds = [column.kind for column in self._table.columns]
        written = []
        for number, row in enumerate(self._table.rows):
            if number % CHUNK == 0:
                check()
            cells = [self._words.value(value, kind) for value, kind in zip(row.cells, kinds, strict=False)]
            written.append(cells + [self._words.value(None, CellKind.TEXT)] * (len(kinds) - len(cells)))
        return written

    def _laid(self, written: list[list[Clean]], labels: list[Clean]) -> list[Lane]:
        """Share the width out; columns that need more than their share get it from the widest of text."""
        columns = self._table.columns
        left, right = self._span
        total = sum(max(1, column.share) for column in columns) or 1
        widths = [(right - left) * max(1, column.share) / total for column in columns]
        giver = max(range(len(columns)), key=lambda at: (not is_figure(columns[at].kind), widths[at]))
        lacking = [
            0.0 if at == giver else max(0.0, self._needed(column, labels[at], [row[at] for row in written]) - width)
            for at, (column, width) in enumerate(zip(columns, widths, strict=True))
        ]
        share = min(1.0, widths[giver] * (1 - _LEAST) / sum(lacking)) if sum(lacking) else 0.0
        widths[giver] -= sum(lacking) * share
        edges = [left]
        for width, lack in zip(widths, lacking, strict=True):
            edges.append(edges[-1] + width + lack * share)
        return [Lane(column, *edge) for column, edge in zip(columns, pairwise(edges), strict=True)]

    def _needed(self, column: Column, label: Clean, written: list[Clean]) -> float:
        """Give the width without which a word of the head is broken, or a figure."""
        head = max(label.split(), key=len, default="")
        needed = self._letters.width(Clean(head), self._look.head)
        if column.kind not in {CellKind.TEXT, CellKind.LABEL}:
            longest = Clean(max(written, key=len, default="").replace("\n", " "))
            needed = max(needed, self._letters.width(longest, CELL_BOLD if column.carried else CELL))
        return needed + 2 * PAD + 0.1  # what rounding may take

    def _headed(self, labels: list[Clean], row: Tag | None) -> Piece:
        style = self._look.head
        cells = []
        for label, lane in zip(labels, self._lanes, strict=True):
            lines = self._letters.wrapped(label, style, lane.width)
            if len(lines) > _HEAD_LINES:
                rest = Clean(" ".join(line.text for line in lines[_HEAD_LINES - 1 :]))
                lines = [*lines[: _HEAD_LINES - 1], self._letters.short(rest, style, lane.width)]
            cells.append(self._cell(lines, style, lane, row.under("TH") if row else None))
        return Piece(cells=cells, leading=style.leading, above=3, below=3, fill=self._look.accent, span=self._span)

    def _titled(self) -> list[Piece]:
        if not self._table.title:
            return []
        title = self._words.label(f"tables.{self._table.title}")
        style = self._look.heading
        lines = self._letters.wrapped(title, style, self._span[1] - self._span[0])
        tag = self._tag.under("Caption")
        return [
            Piece(cells=[Cell(lines=lines, style=style, left=self._span[0], tag=tag)], leading=style.leading, below=3)
        ]

    def _carry(self, flow: Flow, label: str) -> Piece:
        """Give the line with the sum so far."""
        lane = next(lane for lane in self._lanes if lane.column.carried)
        line = self._letters.line(self._words.value(flow.carried, lane.column.kind), CELL_BOLD)
        room = lane.right - PAD - line.width - self._lanes[0].left - 2 * PAD
        said = self._letters.short(self._words.label(f"table.{label}"), CARRIED, max(room, 60))
        left = self._lanes[0].left + PAD
        return Piece(
            cells=[
                Cell(lines=[said], style=CARRIED, left=left),
                Cell(lines=[line], style=CELL_BOLD, left=lane.left, right=lane.right - PAD),
            ],
            leading=CELL.leading,
            above=2.5,
            below=2.5,
            fill=SHADE,
            span=self._span,
        )

    def _groups(self, written: list[list[Clean]], first: list[Piece], check: Callable[[], None]) -> Iterator[Group]:
        """Give the rows; a heading stays with the row below it, and the head with the first."""
        waiting = list(first)
        for number, (row, cells) in enumerate(zip(self._table.rows, written, strict=True)):
            if number % CHUNK == 0:
                check()
            pieces = self._row(row, cells)
            if row.kind is RowKind.TITLE and len(waiting) < CHUNK:
                waiting += pieces
                continue
            yield Group(pieces=[*waiting, *pieces])
            waiting = []
        if waiting:
            yield Group(pieces=waiting)

    def _row(self, row: Row, written: list[Clean]) -> list[Piece]:
        tag = self._tag.under("TR")
        if row.kind in {RowKind.TITLE, RowKind.TEXT} and not row.cells:
            return [self._words_only(row, tag)]
        cells, below = list(written), row.text
        if row.kind is RowKind.SUBTOTAL and not cells[self._first]:
            cells[self._first], below = self._words.clean(row.text), ""
        style = {RowKind.TITLE: self._look.heading, RowKind.SUBTOTAL: CELL_BOLD}.get(row.kind, CELL)
        fill = SHADE if row.kind is RowKind.SUBTOTAL else ""
        main = self._cells(row, cells, style, tag, fill=fill, closed=not below)
        return [main, self._described(row, main.cells[self._first].tag)] if below else [main]

    def _cells(self, row: Row, written: list[Clean], style: Style, tag: Tag, *, fill: str, closed: bool) -> Piece:
        """Give the line of a row; one that is not ``closed`` goes on with a description below it."""
        cells = []
        for at, (text, lane) in enumerate(zip(written, self._lanes, strict=True)):
            shift = self._shift(row) if at == self._first else 0
            found = style
            if lane.figure:
                found, lines = self._figure(text, style, lane.width)
            else:
                lines = self._letters.wrapped(text, style, max(1.0, lane.width - shift))
            cells.append(self._cell(lines, found, lane, tag.under("TD"), shift))
        return Piece(
            cells=cells,
            leading=style.leading,
            above=3 + self._roomy,
            below=3 + self._roomy if closed else 0,
            fill=fill,
            rule=LINE if closed else "",
            span=self._span,
            carry=row.carry,
            bars=[lane.left for lane in self._lanes[1:]] if self._roomy else (),
        )

    def _figure(self, text: Clean, style: Style, width: float) -> tuple[Style, list[Line]]:
        """Give a figure on one line, smaller if need be; broken only where even that is too wide."""
        wide = self._letters.width(text, style) if "\n" not in text else 0
        if wide > width:
            smaller = Style(max(style.size * _SMALLEST, style.size * width / wide - 0.05), style.bold, style.colour)
            return smaller, self._letters.wrapped(text, smaller, width)
        return style, self._letters.wrapped(text, style, width)

    def _described(self, row: Row, tag: Tag | None) -> Piece:
        lane = self._lanes[self._first]
        left = lane.left + PAD + self._shift(row)
        table_left, table_right = self._span
        right = max(lane.right - PAD, table_left + (table_right - table_left) * _PARTS)
        lines = self._letters.wrapped(self._words.clean(row.text), SMALL, max(1.0, right - left))
        return Piece(
            cells=[Cell(lines=lines, style=SMALL, left=left, tag=tag)],
            leading=SMALL.leading,
            below=3 + self._roomy,
            rule=LINE,
            span=self._span,
        )

    def _words_only(self, row: Row, tag: Tag) -> Piece:
        title = row.kind is RowKind.TITLE
        style = self._look.heading if title else CELL
        left = self._span[0] + PAD + self._shift(row)
        lines = self._letters.wrapped(self._words.clean(row.text), style, max(1.0, self._span[1] - PAD - left))
        cell = Cell(lines=lines, style=style, left=left, tag=tag.under("TD"))
        return Piece(
            cells=[cell],
            leading=style.leading,
            above=5 if title else 3,
            below=3,
            rule=LINE,
            span=self._span,
            carry=row.carry,
        )

    def _shift(self, row: Row) -> float:
        return INDENT * min(max(row.depth, 0), DEEPEST)

    def _cell(self, lines: Sequence[Line], style: Style, lane: Lane, tag: Tag | None, shift: float = 0) -> Cell:
        right = lane.right - PAD if lane.figure else None
        return Cell(lines=lines, style=style, left=lane.left + PAD + shift, right=right, tag=tag)


def _told(groups: Iterator[Group]) -> Iterator[tuple[Group, bool]]:
    """Give each group with whether it is the last."""
    held = next(groups, None)
    while held is not None:
        following = next(groups, None)
        yield held, following is None
        held = following
