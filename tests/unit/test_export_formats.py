"""Rows as NDJSON, CSV and XLSX."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from app.api.export import formats
from app.api.export.formats import BOM, CsvLines, NdjsonLines, Workbook, neutral, plain_text
from app.api.refusals import SpreadsheetLimit
from app.api.values import shows
from tests.support.api import NOTES

pytestmark = pytest.mark.fast
SEEN = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
SHOW = shows(NOTES, 2)
NAMES = [field.name for field in NOTES.fields]
Row = tuple[Any, ...]


def row(number: int = 1, title: str = "t", worth: Decimal = Decimal("-12.5"), **others: Any) -> Row:
    """Give a row of notes: id, title, state, day, worth, share, pinned, seen_at, hidden."""
    given = {"day": date(2026, 11, 21), "share": None, "pinned": True, "seen_at": SEEN, "hidden": "", **others}
    return (number, title, "open", given["day"], worth, given["share"], given["pinned"], given["seen_at"], "h")


def cells(rows: Sequence[Row], *, bom: bool = False) -> list[list[str]]:
    form = CsvLines(NOTES, SHOW, bom=bom)
    written = form.head() + form.rows(rows)
    return list(csv.reader(StringIO(written.decode("utf-8-sig"), newline="")))


def sheet(folder: Path, rows: Sequence[Row]) -> list[list[Any]]:
    book = Workbook(folder, NOTES, SHOW, SEEN)
    book.write(rows)
    book.close()
    return CalamineWorkbook.from_path(str(book.path)).get_sheet_by_index(0).to_python()


def test_ndjson_has_one_object_per_line_as_the_list_shows_it() -> None:
    form = NdjsonLines(SHOW)
    lines = (form.head() + form.rows([row(1), row(2, "line\nbreak")])).split(b"\n")
    assert lines.pop() == b""
    assert [orjson.loads(line)["id"] for line in lines] == [1, 2]
    assert orjson.loads(lines[1]) == {
        "id": 2,
        "title": "line\nbreak",
        "state": "open",
        "day": "2026-11-21",
        "worth": "-12.50",
        "share": None,
        "pinned": True,
        "seen_at": "2026-11-21T08:30:00Z",
        "hidden": "h",
    }


def test_csv_is_rfc_4180_with_names_first() -> None:
    written = CsvLines(NOTES, SHOW, bom=False)
    text = (written.head() + written.rows([row(1, 'say "a, b"')])).decode()
    assert text == (f'{",".join(NAMES)}\r\n1,"say ""a, b""",open,2026-11-21,-12.50,,true,2026-11-21T08:30:00Z,h\r\n')
    assert CsvLines(NOTES, SHOW, bom=True).head() == BOM + f"{','.join(NAMES)}\r\n".encode()


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])  # noqa: RUF001 - full width is meant
def test_a_text_that_a_spreadsheet_would_compute_is_made_harmless(begin: str, tmp_path: Path) -> None:
    """OWASP CSV injection: in CSV and XLSX; a negative amount stays a number."""
    title = f"{begin}cmd|' /C calc'!A0"
    assert cells([row(1, title)])[1][1] == f"'{title}"
    assert cells([row(1, title)])[1][4] == "-12.50"
    found = sheet(tmp_path, [row(1, title)])[1]
    assert str(found[1]).startswith("'")
    assert found[4] == -12.5
    assert neutral(f"a{begin}") == f"a{begin}"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), min_size=1, max_size=5))
def test_any_text_comes_back_from_csv(titles: list[str]) -> None:
    assert [found[1] for found in cells([row(1, title) for title in titles])[1:]] == [neutral(one) for one in titles]


def test_a_workbook_has_numbers_days_and_truths_as_such(tmp_path: Path) -> None:
    names, first, second = sheet(tmp_path, [row(7, "Ünïcode", share=Decimal("0.5")), row(8, pinned=False)])
    assert names == NAMES
    assert first == [7.0, "Ünïcode", "open", date(2026, 11, 21), -12.5, 0.5, True, SEEN.replace(tzinfo=None), "h"]
    assert second[5:7] == ["", False]
    with zipfile.ZipFile(tmp_path / "export.xlsx") as archive:
        styles = archive.read("xl/styles.xml").decode()
        cells_written = archive.read("xl/worksheets/sheet1.xml").decode()
    assert 'formatCode="yyyy-mm-dd"' in styles
    assert "<f>" not in cells_written


def test_what_a_double_cannot_hold_is_text_in_a_workbook(tmp_path: Path) -> None:
    """No digit is lost silently: an amount of 18 digits, an id beyond 2**53, a day before 1900."""
    large = Decimal("12345678901234.5678")
    _, found = sheet(tmp_path, [row(2**53 + 1, worth=large, day=date(1899, 12, 31), share=Decimal(123456789012345))])
    assert found[0] == str(2**53 + 1)
    assert found[3] == "1899-12-31"
    assert found[4] == SHOW(row(worth=large))["worth"]
    assert found[5] == 123456789012345.0


def test_a_sheet_that_is_full_is_refused_instead_of_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Workbook(tmp_path, NOTES, SHOW, SEEN)
    with pytest.raises(SpreadsheetLimit):
        book.write([row(1, "x" * 32_768)])
    monkeypatch.setattr(formats, "MOST_ROWS", 3)
    book.write([row(1), row(2)])
    with pytest.raises(SpreadsheetLimit) as caught:
        book.write([row(4)])
    assert caught.value.facts == {"limit": 3}
    book.close()


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (SEEN, "2026-11-21T08:30:00Z"), ({"a": [1]}, '{"a":[1]}'), (["=x"], '["=x"]'), (3, "3")],
)
def test_values_of_any_type_have_a_text(value: object, text: str) -> None:
    assert plain_text(value) == text
