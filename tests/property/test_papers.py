"""Random papers: what is carried from page to page is right, nothing is lost, and nothing leaves its place."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.papers import CellKind, Column, Format, Row, RowKind, Table
from app.domain.shared.money import currency
from tests.support.papers import invoice, printed, words_of

pytestmark = pytest.mark.fast

COLUMNS: Final = (
    Column(name="description", kind=CellKind.TEXT, share=60),
    Column(name="quantity", kind=CellKind.NUMBER, share=15),
    Column(name="net", kind=CellKind.AMOUNT, share=25, carried=True),
)
AMOUNTS: Final = st.one_of(st.none(), st.decimals("-99999", "99999999", places=2))
ROWS: Final = st.lists(
    st.tuples(
        st.sampled_from(RowKind),
        AMOUNTS,
        st.integers(0, 30),  # words of the description
        st.integers(0, 300),  # words below it
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=60,
)
FIGURE: Final = r"(-?[\d,]+(?:\.\d+)?)"


def rows(drawn: list[tuple[RowKind, Decimal | None, int, int, int]]) -> list[Row]:
    """Give rows, each marked by its number so that it is found on the pages."""
    found = []
    for number, (kind, carry, words, below, depth) in enumerate(drawn):
        text = f"«{number}» " + "word " * words
        if kind in {RowKind.TITLE, RowKind.TEXT}:
            found.append(Row(kind=kind, text=text, depth=depth))
            continue
        cells = (text, Decimal(number), carry)
        found.append(Row(kind=kind, cells=cells, text="more " * below, carry=carry, depth=depth))
    return found


@given(drawn=ROWS, money=st.sampled_from(["EUR", "JPY", "KWD"]), size=st.sampled_from(Format))
@settings(max_examples=40)
def test_the_sums_that_are_carried_are_those_of_the_rows_above(
    drawn: list[tuple[RowKind, Decimal | None, int, int, int]], money: str, size: Format
) -> None:
    """ERP-16: at the foot of each page that a table leaves, and at the head of the next."""
    listed = rows(drawn)
    base = invoice(0)
    paper = replace(
        base,
        currency=currency(money),
        appearance=replace(base.appearance, format=size),
        tables=(Table(columns=COLUMNS, rows=listed),),
    )
    pages = [" ".join(page.split()) for page in words_of(printed(paper))]
    assert sorted(map(int, re.findall(r"«(\d+)»", " ".join(pages)))) == list(range(len(listed))), "each row once"
    unit = Decimal(1).scaleb(-paper.currency.digits)
    total = Decimal(0)
    for page, following in zip(pages, [*pages[1:], ""], strict=True):
        total += sum((listed[int(one)].carry or Decimal(0) for one in re.findall(r"«(\d+)»", page)), Decimal(0))
        foot = re.search(rf"Carried forward {FIGURE}", page)
        head = re.search(rf"Brought forward {FIGURE}", following)
        assert (foot is None) == (head is None)
        if foot and head:
            assert foot[1] == head[1]
            assert abs(Decimal(foot[1].replace(",", "")) - total) <= unit / 2
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page


@given(count=st.integers(1, 130), below=st.integers(0, 60), size=st.sampled_from(Format))
@settings(max_examples=25)
def test_heads_are_repeated_and_the_sums_stay_together(count: int, below: int, size: Format) -> None:
    """ERP-16: repeated heads; the block of sums is on one page."""
    base = invoice(count)
    rows = [replace(row, text="more " * below) for row in base.tables[0].rows]
    table = replace(base.tables[0], rows=rows)
    paper = replace(base, tables=(table,), appearance=replace(base.appearance, format=size))
    pages = [" ".join(page.split()) for page in words_of(printed(paper))]
    for page in pages:
        listed = re.search("LMP-0042|CHR-1180|DSK-7|SRV-01|CT-9", page)
        assert bool(listed) == ("Net amount" in page)
    (sums,) = [page for page in pages if "Net total" in page]
    for label in ("VAT 20%", "Total", "Paid", "To be paid"):
        assert label in sums
