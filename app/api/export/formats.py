"""Rows as lines of NDJSON, as CSV (RFC 4180) and as cells of an XLSX workbook."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
import xlsxwriter
from xlsxwriter.format import Format as Shown

from app.api.refusals import SpreadsheetLimit
from app.api.values import Show
from app.usecases.ports.listing import FieldKind, Listing

BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
MOST_ROWS: Final = 1_048_575
"""Rows of a sheet of Excel's, less the one with the names of the columns."""
LONGEST_CELL: Final = 32_767
EXACT_DIGITS: Final = 15
"""Spreadsheets keep numbers as doubles: with more digits than these they would show another one."""
FIRST_YEAR: Final = 1900
# What a spreadsheet takes for the beginning of a formula, in their full-width forms too (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - these are meant
_NUMBERS: Final = frozenset(
    {
        FieldKind.AMOUNT,
        FieldKind.COMPANY_AMOUNT,
        FieldKind.COUNT,
        FieldKind.QUANTITY,
        FieldKind.PRICE,
        FieldKind.RATE,
    }
)
Rows = Sequence[tuple[object, ...]]


class Format(StrEnum):
    """The forms an export comes in."""

    NDJSON = "ndjson"
    CSV = "csv"
    XLSX = "xlsx"


MEDIA: Final[Mapping[Format, str]] = {
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def contents(about: str) -> dict[str, Any]:
    """Give what OpenAPI says of an answer in any of the forms; ``about`` tells what is in a text."""
    text = {"type": "string", "description": about}
    return {
        MEDIA[Format.NDJSON]: {"schema": text},
        "text/csv": {"schema": text},
        MEDIA[Format.XLSX]: {"schema": {"type": "string", "format": "binary"}},
    }


class Lines(Protocol):
    """A form that is made of pieces, each sent as soon as it is made."""

    def head(self) -> bytes:
        """Give what comes before the first row."""
        ...

    def rows(self, rows: Rows) -> bytes:
        """Give some rows."""
        ...


class NdjsonLines:
    """A JSON object per row, as the list shows it, each on a line of its own."""

    def __init__(self, show: Show) -> None:
        self._show = show

    def head(self) -> bytes:
        """Give nothing."""
        return b""

    def rows(self, rows: Rows) -> bytes:
        """Give the lines of some rows."""
        option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        return b"".join(orjson.dumps(self._show(row), option=option) for row in rows)


class CsvLines:
    """Comma separated values with a line of names first, lines ending in CR LF, quoted where needed, in UTF-8.

    What is not there is empty. ``bom`` puts a byte order mark first, without which Excel takes UTF-8 for something
    else.
    """

    def __init__(self, listing: Listing, show: Show, *, bom: bool) -> None:
        self._show = show
        self._bom = bom
        self._names = [field.name for field in listing.fields]
        self._cells = [(field.name, _csv_cell(field.kind)) for field in listing.fields]

    def head(self) -> bytes:
        """Give the line of names."""
        return (BOM if self._bom else b"") + _csv([self._names])

    def rows(self, rows: Rows) -> bytes:
        """Give the lines of some rows."""
        cells = self._cells
        return _csv([cell(shown[name]) for name, cell in cells] for shown in map(self._show, rows))


def _csv(lines: Iterable[Iterable[str]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(lines)
    return written.getvalue().encode()


def neutral(text: str) -> str:
    """Give ``text`` so that no spreadsheet computes it: an apostrophe before what would begin a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv_cell(kind: FieldKind) -> Callable[[Any], str]:
    if kind in _NUMBERS or kind in {FieldKind.ID, FieldKind.CHOICE}:
        return lambda value: "" if value is None else str(value)
    return lambda value: "" if value is None else plain_text(value)


def plain_text(value: object) -> str:
    """Give a value as text: ISO 8601 for days and instants, JSON for what has parts, neutral for all else."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case str():
            return neutral(value)
        case dict() | list() | tuple():
            return neutral(orjson.dumps(value, option=orjson.OPT_UTC_Z, default=str).decode())
        case _:
            return str(value)


class Workbook:
    """One sheet with a row of names first, written to a file in ``folder`` as the rows come, in constant memory.

    Numbers are numbers with the decimals they are shown with, unless they have more than 15 digits; days and instants
    (in UTC) are Excel's, unless they are before 1900.
    """

    def __init__(self, folder: Path, listing: Listing, show: Show, created: datetime) -> None:
        self.path = folder / "export.xlsx"
        self._show = show
        self._book = xlsxwriter.Workbook(str(self.path), {"constant_memory": True, "tmpdir": str(folder)})
        self._book.set_properties({"created": created.astimezone(UTC).replace(tzinfo=None)})
        self._sheet = self._book.add_worksheet(listing.name[:31])
        self._decimals: dict[int, Shown] = {}
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._writers = [(field.name, self._writer(field.kind)) for field in listing.fields]
        self._written = 0
        self._names([field.name for field in listing.fields])

    def write(self, rows: Rows) -> None:
        """Append rows. Raises SpreadsheetLimit when a sheet cannot hold them."""
        for row in rows:
            self._written += 1
            if self._written > MOST_ROWS:
                raise SpreadsheetLimit(limit=MOST_ROWS)
            shown = self._show(row)
            for column, (name, write) in enumerate(self._writers):
                if shown[name] is not None:
                    write(self._written, column, shown[name])

    def close(self) -> None:
        """Write the file whole."""
        self._book.close()

    def drop(self) -> None:
        """Give up: let go of the file of rows, which the library closes only when it writes the whole."""
        self._sheet.row_data_fh.close()

    def _names(self, names: Sequence[str]) -> None:
        bold = self._book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(names):
            self._sheet.set_column(column, column, max(12, len(name) + 2))
            self._sheet.write_string(0, column, name, bold)

    def _writer(self, kind: FieldKind) -> Callable[[int, int, Any], None]:
        if kind in _NUMBERS or kind is FieldKind.ID:
            return self._number
        if kind is FieldKind.DATE:
            return lambda row, column, value: self._date(row, column, value, self._day)
        if kind is FieldKind.INSTANT:
            return lambda row, column, value: self._date(
                row, column, value.astimezone(UTC).replace(tzinfo=None), self._instant
            )
        if kind is FieldKind.FLAG:
            return lambda row, column, value: self._sheet.write_boolean(row, column, value) and None
        return self._text

    def _number(self, row: int, column: int, value: object) -> None:
        text = str(value)
        if len(text.strip("-").replace(".", "").lstrip("0")) > EXACT_DIGITS:
            self._sheet.write_string(row, column, text)
            return
        places = len(text.partition(".")[2])
        if places not in self._decimals:
            pattern = "0." + "0" * places if places else "0"
            self._decimals[places] = self._book.add_format({"num_format": pattern})
        self._sheet.write_number(row, column, float(text), self._decimals[places])

    def _date(self, row: int, column: int, value: date, shown: Shown) -> None:
        if value.year < FIRST_YEAR:
            self._sheet.write_string(row, column, value.isoformat())
            return
        self._sheet.write_datetime(row, column, value, shown)

    def _text(self, row: int, column: int, value: object) -> None:
        text = plain_text(value)
        if len(text) > LONGEST_CELL:
            raise SpreadsheetLimit(limit=LONGEST_CELL)
        self._sheet.write_string(row, column, text)
