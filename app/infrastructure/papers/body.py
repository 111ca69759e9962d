"""What a paper says, from its title down to the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.domain.papers import Account, CellKind, Column, Paper, PaperKind, Passage, Row, Table, Total
from app.infrastructure.papers.codes import Code, epc
from app.infrastructure.papers.flow import Flow
from app.infrastructure.papers.letters import Clean, Letters, Style
from app.infrastructure.papers.looks import BODY, LABEL, LINE, MM, SHADE, TOTAL, VALUE, Look
from app.infrastructure.papers.pages import Tag
from app.infrastructure.papers.pieces import Cell, Group, Piece
from app.infrastructure.papers.tables import PAD, TableLayout
from app.infrastructure.papers.words import Words

GAP: Final = 4 * MM
ROOM_TO_WRITE: Final = 4.0
"""More room above and below the rows of a sheet that is filled in by hand, in points."""
_SUMS: Final = 0.52
"""Where the sums begin, as a share of the width."""
_KEPT_LINES: Final = 8
_INSET: Final = 10.0


class Body:
    """Lays the text of one paper out and places it."""

    def __init__(self, paper: Paper, words: Words, letters: Letters, look: Look, flow: Flow, root: Tag) -> None:
        self._paper = paper
        self._words = words
        self._letters = letters
        self._look = look
        self._flow = flow
        self._root = root
        self._left, self._right = flow.area.span

    def place(self, title: Clean, rest: Sequence[Piece]) -> None:
        """Place all of it, below the title first the facts of ``rest``."""
        self._paragraph(title, self._look.title, "H1", below=2 * MM)
        for piece in rest:
            self._flow.place(Group(pieces=[piece], whole=False))
        for passage in self._paper.opening:
            self._passage(passage)
        for table in self._paper.tables:
            self._table(table)
        self._totals(self._paper.totals)
        self._vat()
        self._flow.space(GAP)
        for passage in self._paper.closing:
            self._passage(passage)
        if self._paper.account is not None:
            self._account(self._paper.account)

    def _paragraph(self, text: Clean, style: Style, kind: str, below: float) -> None:
        lines = self._letters.wrapped(text, style, self._right - self._left)
        if not lines:
            return
        cell = Cell(lines=lines, style=style, left=self._left, tag=self._root.under(kind))
        piece = Piece(cells=[cell], leading=style.leading, below=below)
        self._flow.place(Group(pieces=[piece], whole=len(lines) <= _KEPT_LINES))

    def _passage(self, passage: Passage) -> None:
        self._paragraph(self._words.passage(passage), BODY, "P", below=1.5 * MM)

    def _table(self, table: Table, head: str = "columns") -> None:
        self._flow.space(GAP / 2)
        roomy = ROOM_TO_WRITE if self._paper.kind is PaperKind.INVENTORY else 0
        tag = self._root.under("Table")
        TableLayout(table, self._words, self._letters, self._look, tag, roomy).place(self._flow, head=head)
        self._flow.space(GAP / 2)

    def _totals(self, totals: Sequence[Total]) -> None:
        """Place the sums on the right, all on one page."""
        if totals:
            table = self._root.under("Table")
            self._flow.space(GAP / 4)
            self._flow.place(Group(pieces=[self._total(total, table) for total in totals]))
            self._flow.space(GAP / 2)

    def _total(self, total: Total, table: Tag) -> Piece:
        label, amount = self._words.total(total)
        style = self._look.due if total.strong else TOTAL
        row = table.under("TR")
        left = self._left + (self._right - self._left) * _SUMS
        figure = self._letters.wrapped(amount, style, (self._right - left) * 0.6)
        widest = max((line.width for line in figure), default=0)
        lines = self._letters.wrapped(label, style, self._right - left - widest - 4 * PAD)
        cells = [
            Cell(lines=lines, style=style, left=left + PAD, tag=row.under("TD")),
            Cell(lines=figure, style=style, left=left, right=self._right - PAD, tag=row.under("TD")),
        ]
        room = 4.5 if total.strong else 2.2
        return Piece(
            cells=cells,
            leading=style.leading,
            above=room,
            below=room,
            fill=SHADE if total.strong else "",
            rule=self._look.accent if total.strong else LINE,
            thick=1.0 if total.strong else 0.4,
            span=(left, self._right),
        )

    def _vat(self) -> None:
        """Place the VAT summary: what was charged at each rate, and why none is where there is none."""
        if not self._paper.vat:
            return
        reasons = any(row.reason for row in self._paper.vat)
        columns = [
            Column(name="rate", kind=CellKind.PERCENT, share=12),
            Column(name="base", kind=CellKind.AMOUNT, share=22),
            Column(name="tax", kind=CellKind.AMOUNT, share=22),
            Column(name="reason", kind=CellKind.TEXT, share=44),
        ]
        rows = [Row(cells=(row.rate, row.base, row.tax, row.reason)) for row in self._paper.vat]
        if not reasons:
            columns = columns[:-1]
            rows = [Row(cells=row.cells[:-1]) for row in rows]
        title = self._words.label("table.vat")
        self._table(Table(columns=columns, rows=rows, title=title), head="vat")

    def _account(self, account: Account) -> None:
        """Place the account in a box, with the code beside what it says."""
        left = self._left + _INSET
        values = [
            ("holder", account.holder),
            ("iban", spaced(account.iban)),
            ("bic", account.bic),
            ("bank", account.bank),
            ("reference", account.reference),
        ]
        told = [(self._words.label(f"account.{name}"), self._words.clean(value)) for name, value in values if value]
        told.append((self._words.label("account.amount"), self._words.money(account.amount)))
        code = epc(account, self._paper.currency.code)
        heading = self._look.heading
        title = self._letters.wrapped(self._words.label("account.title"), heading, self._right - left)
        tag = self._root.under("Sect")
        head = Cell(lines=title, style=heading, left=left, tag=tag.under("P"))
        pieces = [Piece(cells=[head], leading=heading.leading, above=7, below=3)]
        picture = Code(code, tag.under("Figure", self._words.label("account.code"))) if code else None
        beside = self._right - _INSET / 2 - (picture.size[0] if picture else 0)
        values_left = left + 32 * MM
        for label, value in told:
            held = tag.under("P")
            cells = [
                Cell(lines=self._letters.wrapped(label, LABEL, 30 * MM), style=LABEL, left=left, tag=held),
                Cell(
                    lines=self._letters.wrapped(value, VALUE, beside - PAD - values_left),
                    style=VALUE,
                    left=values_left,
                    tag=held,
                ),
            ]
            pieces.append(Piece(cells=cells, leading=VALUE.leading, below=1))
        if picture:
            words = self._letters.wrapped(self._words.label("account.scan"), LABEL, beside - PAD - left)
            cell = Cell(lines=words, style=LABEL, left=left, tag=tag.under("P"))
            pieces.append(Piece(cells=[cell], leading=LABEL.leading, above=2))
        pieces.append(Piece(below=6))
        self._flow.space(GAP / 2)
        self._flow.place(
            Group(
                pieces=pieces,
                picture=picture,
                beside=beside,
                frame=SHADE,
                edge=self._look.accent,
                span=(self._left, self._right),
            )
        )


def spaced(iban: str) -> str:
    """Give an IBAN in groups of four, as ISO 13616 wants it on paper."""
    bare = "".join(iban.split())
    return " ".join(bare[at : at + 4] for at in range(0, len(bare), 4))
