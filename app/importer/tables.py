"""Files as tables of text: CSV and XLSX read alike, with the row numbers a person sees."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from app.importer.refusals import BadFile, BadRow

XLSX: Final = ".xlsx"
BLANK: Final = " "


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a file is written.

    ``overflow`` names the columns whose text may contain delimiters nobody quoted: a row with too many values is put
    together again there. ``sheet`` is of XLSX, None the first; ``encoding`` and ``delimiter`` are of CSV.
    """

    encoding: str = "utf-8-sig"
    delimiter: str = ","
    sheet: str | None = None
    overflow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file, counted from 1 with the heading; its values by column, or why it has none."""

    number: int
    cells: Mapping[str, str]
    error: BadRow | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The heading and the rows that are not empty."""

    columns: tuple[str, ...]
    rows: Sequence[Row]


def read_table(path: Path, content: bytes, form: Format) -> Table:
    """Read ``content``, as XLSX when ``path`` ends so, otherwise as CSV. Raises BadFile."""
    rows = _xlsx(path, content, form) if path.suffix.lower() == XLSX else _csv(path, content, form)
    _, heading = next(rows, (0, []))
    columns = tuple(name.strip() for name in _without_tail(heading))
    if not columns or not all(columns) or len(set(columns)) != len(columns):
        raise BadFile(file=path.name, reason="the first row must name each column once")
    unknown = [name for name in form.overflow if name not in columns]
    if unknown:
        raise BadFile(file=path.name, reason=f"there is no column {unknown[0]} to overflow into")
    return Table(columns, [_row(number, values, columns, form) for number, values in rows if any(values)])


def _csv(path: Path, content: bytes, form: Format) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode(form.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise BadFile(file=path.name, reason=str(error)) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True)
    number = 1
    try:
        for values in reader:
            yield number, values
            # A quoted value may span lines, so the next row starts after the last line read.
            number = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(file=path.name, row=number, reason=str(error)) from error


def _xlsx(path: Path, content: bytes, form: Format) -> Iterator[tuple[int, list[str]]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0) if form.sheet is None else book.get_sheet_by_name(form.sheet)
    except (CalamineError, IndexError) as error:
        raise BadFile(file=path.name, reason=str(error) or f"there is no sheet {form.sheet}") from error
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
        yield number, [_text(value) for value in values]


def _text(value: object) -> str:
    """Give the text a cell stands for: a whole number without decimals, a date in ISO 8601."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case date() | datetime() | time():
            return value.isoformat()
        case _:
            return str(value)


def _row(number: int, values: list[str], columns: tuple[str, ...], form: Format) -> Row:
    whole = _joined(_without_tail(values, len(columns)), columns, form)
    if len(whole) != len(columns):
        return Row(number, {}, BadRow(values=len(values), columns=len(columns)))
    return Row(number, {name: value.strip() for name, value in zip(columns, whole, strict=True)})


def _without_tail(values: list[str], width: int = 0) -> list[str]:
    """Leave out empty values beyond ``width`` at the end: what a spreadsheet once used and emptied."""
    end = len(values)
    while end > width and not values[end - 1].strip():
        end -= 1
    return values[:end]


def _joined(values: list[str], columns: tuple[str, ...], form: Format) -> list[str]:
    """Put values together that unquoted delimiters tore apart.

    One overflow column takes all that is too much. Of several, the torn one is known by what follows it: nobody writes
    a blank after a delimiter between columns, but everybody does after a comma in a text.
    """
    surplus = len(values) - len(columns)
    if surplus <= 0 or not form.overflow:
        return values
    if len(form.overflow) == 1:
        first = columns.index(form.overflow[0])
        torn = values[first : first + surplus + 1]
        return [*values[:first], form.delimiter.join(torn), *values[first + surplus + 1 :]]
    whole: list[str] = []
    for value in values:
        torn_column = columns[len(whole) - 1] if 0 < len(whole) <= len(columns) else None
        if value.startswith(BLANK) and torn_column in form.overflow:
            whole[-1] += form.delimiter + value
        else:
            whole.append(value)
    return whole
