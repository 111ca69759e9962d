"""Where things stand on pages: what stays together, what breaks, what is below what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pypdfium2
import pytest

from app.domain.papers import CellKind, Column, Fact, Format, Paper, Passage, Row, Table, Total
from app.infrastructure.papers.flow import Area, Flow
from app.infrastructure.papers.letterhead import LEFT, RIGHT, SIZES
from app.infrastructure.papers.letters import Style, letters
from app.infrastructure.papers.looks import MM
from app.infrastructure.papers.pieces import Cell, Group, Piece
from tests.support.papers import PRICED, inventory, invoice, nothing, printed, proposal, rows, words_of

pytestmark = pytest.mark.fast

AREA: Final = Area(width=200, height=300, left=10, right=190, first=200, top=20, bottom=280)
STYLE: Final = Style(10)


def piece(lines: int, **more: float) -> Piece:
    """Give a piece of so many lines, 13 points each."""
    line = letters().line(letters().text("x"), STYLE)
    return Piece(cells=[Cell(lines=[line] * lines, style=STYLE, left=10)], leading=STYLE.leading, **more)  # type: ignore[arg-type]


def flow(*groups: Group, at: float = 200) -> Flow:
    """Give what comes of placing groups, the first page beginning at ``at``."""
    made = Flow(replace(AREA, first=at), nothing)
    for group in groups:
        made.place(group)
    return made


def test_what_fits_stays_and_what_does_not_goes_to_the_next_page_whole() -> None:
    made = flow(Group(pieces=[piece(3)]), Group(pieces=[piece(3), piece(2)]))
    assert [len(page) for page in made.pages] == [1, 2]
    assert made.at == pytest.approx(20 + 5 * 13)


def test_what_need_not_stay_whole_fills_the_page_first() -> None:
    made = flow(Group(pieces=[piece(3)]), Group(pieces=[piece(5)], whole=False))
    assert [len(page) for page in made.pages] == [2, 1]
    assert made.at == pytest.approx(20 + 2 * 13), "three lines below the first three, two on the next page"


def test_what_no_page_holds_is_broken_by_lines() -> None:
    """ERP-16: 256 points hold 19 lines; nothing is lost, and the room below comes once, at the end."""
    made = flow(Group(pieces=[piece(50, below=4)]))
    assert len(made.pages) == 4
    assert made.at == pytest.approx(20 + (50 - 5 - 19 - 19) * 13 + 4)


def test_a_page_too_small_for_a_line_takes_one_all_the_same() -> None:
    """ERP-16: whatever the size of things, printing comes to an end."""
    made = Flow(Area(width=50, height=50, left=0, right=50, first=45, top=45, bottom=46), nothing)
    made.place(Group(pieces=[piece(4)]))
    assert len(made.pages) == 4


def test_what_stands_aside_takes_no_room_of_its_own() -> None:
    made = flow(Group(pieces=[piece(2)], aside=[piece(4)]))
    assert made.at == pytest.approx(200 + 4 * 13)
    made = flow(Group(pieces=[piece(5)], aside=[piece(4)]))
    assert made.at == pytest.approx(200 + 5 * 13)


def test_a_page_begins_without_the_room_between_two_things() -> None:
    made = flow()
    made.space(30)
    assert made.at == 200
    made.place(Group(pieces=[piece(1)]))
    made.space(30)
    assert made.at == pytest.approx(243)


def test_what_ends_a_page_finds_its_room_and_is_told_the_sum_so_far() -> None:
    """ERP-16: the line with the sum is kept free until the last row, which needs none."""
    told: list[Decimal] = []
    made = Flow(replace(AREA, first=20), nothing)

    def foot() -> Sequence[Piece]:
        told.append(made.carried)
        return [piece(1)]

    made.foot, made.head, made.reserve = foot, lambda: [piece(1)], 13
    for number in range(1, 21):
        made.place(Group(pieces=[replace(piece(1), carry=Decimal(number))]), last=number == 20)
    assert told == []
    assert len(made.pages) == 1, "the last row stands where the sum would have stood"
    made = Flow(replace(AREA, first=20), nothing)
    made.foot, made.head, made.reserve = foot, lambda: [piece(1)], 13
    for number in range(1, 22):
        made.place(Group(pieces=[replace(piece(1), carry=Decimal(number))]), last=number == 21)
    assert told == [Decimal(190)], "nineteen rows, then the sum"
    assert len(made.pages) == 2


def boxes(paper: Paper, text: str, page: int = 0) -> tuple[float, float, float, float]:
    """Give where a text stands on a page: left, top, right, bottom in points from the upper left corner."""
    document = pypdfium2.PdfDocument(printed(paper))
    try:
        sheet = document[page]
        found = sheet.get_textpage()
        at = found.search(text, match_case=True).get_next()
        assert at is not None, text
        chars = [found.get_charbox(number) for number in range(at[0], at[0] + at[1])]
        height = sheet.get_height()
        found.close()
    finally:
        document.close()
    lefts, bottoms, rights, tops = zip(*chars, strict=True)
    return min(lefts), height - max(tops), max(rights), height - min(bottoms)


def test_figures_end_below_each_other_and_texts_begin_so() -> None:
    """ERP-16: right-aligned amounts; digits are all as wide."""
    columns = (Column(name="description", kind=CellKind.TEXT), Column(name="net", kind=CellKind.AMOUNT))
    amounts = (Decimal("1.11"), Decimal("22222.22"), Decimal("-333.33"))
    table = Table(columns=columns, rows=[Row(cells=(f"row {at}", one)) for at, one in enumerate(amounts)])
    paper = replace(invoice(0), tables=(table,), totals=(), vat=(), closing=(), account=None)
    ends = [boxes(paper, one) for one in ("22,222.22", "-333.33")]
    assert ends[0][2] == pytest.approx(ends[1][2], abs=0.7)
    assert ends[0][2] <= SIZES[Format.A4][0] - RIGHT
    starts = [boxes(paper, f"row {at}")[0] for at in range(3)]
    assert max(starts) - min(starts) < 0.01


def test_parts_of_a_kit_stand_further_in_and_deeper_ones_further_still() -> None:
    paper = proposal("en")
    whole, part, deeper = (boxes(paper, name)[0] for name in ("Office chair", "Chair frame", "Screw M6"))
    assert whole + 5 < part < deeper - 5


def test_a_figure_wider_than_its_column_is_set_smaller() -> None:
    """ERP-16: an amount is not broken while there is another way."""
    wide = Decimal("99999999999999.99")
    columns = [Column(name="net", kind=CellKind.AMOUNT, share=1) for _ in range(5)]
    table = Table(columns=columns, rows=[Row(cells=[wide] * 5)])
    paper = replace(invoice(0), tables=(table,))
    left, top, right, bottom = boxes(paper, "99,999,999,999,999.99")
    assert bottom - top < 10
    assert right - left < (SIZES[Format.A4][0] - LEFT - RIGHT) / 5


def test_a_word_of_a_head_is_not_broken_where_a_neighbour_has_room() -> None:
    paper = replace(invoice(1, "de"), tables=(Table(columns=PRICED, rows=rows(1)),))
    for head in ("Einheit", "Beschreibung", "Einzelpreis"):
        _, top, _, bottom = boxes(paper, head)
        assert bottom - top < 9


def test_the_address_begins_where_the_window_does() -> None:
    """ERP-16: DIN 5008 form B: text 25 mm from the left, the zone of the address from 62.7 to 90 mm."""
    left, top, _, bottom = boxes(invoice(), "Müller Büromöbel GmbH")
    assert left == pytest.approx(25 * MM, abs=1.5)
    assert top > 60 * MM
    assert bottom < 90 * MM
    left, top, _, _ = boxes(proposal(), "Müller Büromöbel GmbH")
    assert left == pytest.approx(110 * MM, abs=1.5), "the window on the right"
    assert top > 50 * MM


def test_columns_that_are_too_many_are_narrow_but_there() -> None:
    columns = [Column(name="ref", kind=CellKind.TEXT, share=0) for _ in range(60)]
    table = Table(columns=columns, rows=[Row(cells=[f"{at}" for at in range(60)])])
    assert words_of(printed(replace(invoice(0), tables=(table,))))


def test_cells_beyond_the_columns_are_not_printed_and_missing_ones_are_blank() -> None:
    columns = (Column(name="description", kind=CellKind.TEXT), Column(name="net", kind=CellKind.AMOUNT))
    table = Table(columns=columns, rows=[Row(cells=("one", Decimal(1), "beyond")), Row(cells=("two",)), Row()])
    said = " ".join(words_of(printed(replace(invoice(0), tables=(table,)))))
    assert "beyond" not in said
    assert "two" in said


def test_a_heading_does_not_end_a_page() -> None:
    """ERP-16: it stays with the row below it."""
    base = proposal("en")
    for count in range(18, 30):
        table = replace(base.tables[0], rows=[*rows(count), *base.tables[0].rows[:2]])
        pages = [" ".join(page.split()) for page in words_of(printed(replace(base, tables=(table,))))]
        for page in pages:
            if "First floor" in page:
                assert page.index("First floor") < page.rindex("Desk lamp")


def test_a_long_passage_goes_on_on_the_next_page() -> None:
    """ERP-16: legal mentions may be long."""
    words = " ".join(f"w{number}" for number in range(3_000))
    pages = words_of(printed(replace(invoice(3), closing=(Passage(text=words),))))
    assert len(pages) > 2
    assert " ".join(pages).count("w2999") == 1


def test_a_sheet_to_count_by_leaves_room_to_write() -> None:
    """ERP-16: lines between the columns, and rows a pen can fill."""
    paper = inventory(count=3)
    first, second = (boxes(paper, name)[1] for name in ("LMP-0042", "CHR-1180"))
    assert second - first > 7 * MM


def test_long_labels_of_sums_leave_the_amount_its_place() -> None:
    total = Total(label="company_vat", amount=Decimal("123456789.99"), facts=(("rate", Decimal("1.23456789")),))
    paper = replace(invoice(1, "de"), totals=(total,), vat=(), closing=(), account=None)
    _, _, label, _ = boxes(paper, "Umsatzsteuer in EUR")
    amount, _, _, _ = boxes(paper, "123.456.789,99")
    assert label < amount


def test_a_long_fact_is_printed_whole_below_the_title() -> None:
    paper = replace(invoice(1), facts=(Fact(label="order", value="fact " * 80), Fact(label="to", value="last")))
    _, top, _, _ = boxes(paper, "fact fact fact")
    _, title, _, _ = boxes(paper, "Invoice FA2611-0042")
    assert top > title
    assert " ".join(words_of(printed(paper))).count("fact") == 80
