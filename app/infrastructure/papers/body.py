"""What a paper says, from its title down to the account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.domain.papers import Account, CellKind, Paper, PaperKind, Passage, Table, Total, VatRow
from app.infrastructure.papers.codes import Code, epc
from app.infrastructure.papers.flow import Flow
from app.infrastructure.papers.letters import Clean, Letters, Style
from app.infrastructure.papers.looks import BODY, CLOSING, LABEL, LINE, MM, SHADE, SMALL, TOTAL, VALUE, VAT_HEAD, Look
from app.infrastructure.papers.pages import Tag
from app.infrastructure.papers.pieces import Cell, Group, Piece
from app.infrastructure.papers.tables import PAD, TableLayout
from app.infrastructure.papers.words import Words

GAP: Final = 4 * MM
ROOM_TO_WRITE: Final = 4.0
"""More room above and below the rows of a sheet that is filled in by hand, in points."""
_SUMS: Final = 0.52
"""Where the sums begin, as a share of the width."""
_RATES: Final = (0.2, 0.6, 1.0)
"""Where rates, bases and taxes end, as shares of the width of the VAT summary."""
_KEPT_LINES: Final = 8
_SIGNED: Final = frozenset({"signature", "received", "counted_by"})
"""Passages below which somebody writes by hand."""
_HAND: Final = 14 * MM
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
            if table.columns:
                self._table(table)
        self._sums()
        self._flow.space(GAP / 2)
        for passage in self._paper.closing:
            self._passage(passage, CLOSING)
        if self._paper.account is not None:
            self._account(self._paper.account)

    def _paragraph(self, text: Clean, style: Style, kind: str, below: float) -> None:
        lines = self._letters.wrapped(text, style, self._right - self._left)
        if not lines:
            return
        cell = Cell(lines=lines, style=style, left=self._left, tag=self._root.under(kind))
        piece = Piece(cells=[cell], leading=style.leading, below=below)
        self._flow.place(Group(pieces=[piece], whole=len(lines) <= _KEPT_LINES))

    def _passage(self, passage: Passage, style: Style = BODY) -> None:
        self._paragraph(self._words.passage(passage), style, "P", below=1.2 * MM)
        if passage.key in _SIGNED:
            line = Piece(above=_HAND, below=1.2 * MM, rule=LINE, span=(self._left, self._left + 95 * MM))
            self._flow.place(Group(pieces=[line]))

    def _table(self, table: Table) -> None:
        self._flow.space(GAP / 2)
        roomy = ROOM_TO_WRITE if self._paper.kind is PaperKind.INVENTORY else 0
        tag = self._root.under("Table")
        TableLayout(table, self._words, self._letters, self._look, tag, roomy).place(self._flow)
        self._flow.space(GAP / 2)

    def _sums(self) -> None:
        """Place the sums on the right, all on one page, and what was charged at which rate of VAT beside them."""
        totals, vat = self._paper.totals, self._paper.vat
        if not totals and not vat:
            return
        table = self._root.under("Table") if totals else None
        pieces = [self._total(total, table) for total in totals] if table else []
        self._flow.space(GAP / 4)
        self._flow.place(Group(pieces=pieces, aside=self._vat() if vat else ()))
        self._flow.space(GAP / 2)

    def _total(self, total: Total, table: Tag) -> Piece:
        """Give one of the sums."""
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

    def _vat(self) -> list[Piece]:
        """Give the VAT summary: what was charged at each rate, and why none is where there is none."""
        table = self._root.under("Table")
        width = (self._right - self._left) * (_SUMS if self._paper.totals else 1) - GAP
        rights = [self._left + width * share for share in _RATES]
        span = (self._left, self._left + width)
        row = table.under("TR")
        heads = [self._words.label(f"vat.{name}") for name in ("rate", "base", "tax")]
        cells = [
            Cell(lines=self._letters.wrapped(text, VAT_HEAD, width / 4), style=VAT_HEAD, left=0, right=right, tag=tag)
            for text, right, tag in ((text, right, row.under("TH")) for text, right in zip(heads, rights, strict=True))
        ]
        pieces = [Piece(cells=cells, leading=VAT_HEAD.leading, above=2.2, below=2.2, rule=LINE, span=span)]
        for line in self._paper.vat:
            pieces += self._taxed(line, table.under("TR"), rights, span)
        return pieces

    def _taxed(self, line: VatRow, row: Tag, rights: list[float], span: tuple[float, float]) -> list[Piece]:
        kinds = (CellKind.PERCENT, CellKind.AMOUNT, CellKind.AMOUNT)
        cells = [
            Cell(
                lines=self._letters.wrapped(text, VALUE, (span[1] - span[0]) * 0.4),
                style=VALUE,
                left=0,
                right=right,
                tag=tag,
            )
            for text, right, tag in (
                (self._words.value(value, kind), right, row.under("TD"))
                for value, kind, right in zip((line.rate, line.base, line.tax), kinds, rights, strict=True)
            )
        ]
        reason = self._letters.wrapped(self._words.clean(line.reason), SMALL, span[1] - span[0])
        pieces = [
            Piece(
                cells=cells,
                leading=VALUE.leading,
                above=2.2,
                below=0.5 if reason else 2.2,
                span=span,
                rule="" if reason else LINE,
            )
        ]
        if reason:
            cell = Cell(lines=reason, style=SMALL, left=span[0], tag=row.under("TD"))
            pieces.append(Piece(cells=[cell], leading=SMALL.leading, below=2.2, rule=LINE, span=span))
        return pieces

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
        pieces = [Piece(cells=[head], leading=heading.leading, above=5, below=2)]
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
        pieces.append(Piece(below=4))
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
