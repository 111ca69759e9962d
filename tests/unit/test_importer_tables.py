"""Files as tables of text."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from app.importer.refusals import BadFile
from app.importer.tables import Format, Table, read_table

pytestmark = pytest.mark.fast


def csv_table(text: str, form: Format | None = None) -> Table:
    return read_table(Path("file.csv"), text.encode(), form or Format())


def xlsx_table(rows: list[list[Any]], form: Format | None = None, sheet: str = "Sheet1") -> Table:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet)
        for number, values in enumerate(rows):
            page.write_row(number, 0, values)
    return read_table(Path("file.XLSX"), target.getvalue(), form or Format())


def cells(table: Table) -> list[dict[str, str]]:
    return [dict(row.cells) for row in table.rows]


def test_values_are_found_by_their_heading_and_trimmed() -> None:
    assert cells(csv_table("ref, name\nA1 ,  Chai\n")) == [{"ref": "A1", "name": "Chai"}]


def test_a_byte_order_mark_is_no_part_of_the_first_heading() -> None:
    assert csv_table("\ufeffref,name\n1,a\n").columns == ("ref", "name")


def test_a_file_may_have_another_encoding_and_delimiter() -> None:
    table = read_table(Path("f.csv"), "ref;name\n1;Maçã\n".encode("cp1252"), Format(encoding="cp1252", delimiter=";"))
    assert cells(table) == [{"ref": "1", "name": "Maçã"}]


def test_rows_are_numbered_as_a_person_sees_them() -> None:
    """A quoted value that spans lines moves the numbers of the rows after it; empty lines count."""
    table = csv_table('ref,name\n1,"two\nlines"\n2,b\n\n,\n3,c\n')
    assert [(row.number, row.cells["ref"]) for row in table.rows] == [(2, "1"), (4, "2"), (7, "3")]


def test_a_row_with_too_many_values_is_put_together_in_the_column_that_overflows() -> None:
    table = csv_table("id,address,city\n1,Rua do Paço, 67,Rio\n2,a,b,c,d\n3,x,y\n", Format(overflow=("address",)))
    assert [row.cells["address"] for row in table.rows] == ["Rua do Paço, 67", "a,b,c", "x"]


def test_of_several_columns_that_overflow_the_one_before_a_blank_is_meant() -> None:
    table = csv_table(
        "id,name,address,city\n1,Pavlova, Ltd.,74 Rose St.,Melbourne\n2,Ma Maison,Viale Dante, 75,Ravenna\n",
        Format(overflow=("name", "address")),
    )
    assert cells(table) == [
        {"id": "1", "name": "Pavlova, Ltd.", "address": "74 Rose St.", "city": "Melbourne"},
        {"id": "2", "name": "Ma Maison", "address": "Viale Dante, 75", "city": "Ravenna"},
    ]


@pytest.mark.parametrize("overflow", [(), ("name", "city")])
def test_a_row_that_cannot_be_put_together_is_refused(overflow: tuple[str, ...]) -> None:
    table = csv_table("id,name,city\n1,a,b,c\n2,a\n3,a,b\n", Format(overflow=overflow))
    assert [row.error is None for row in table.rows] == [False, False, True]


def test_empty_columns_at_the_end_are_left_out() -> None:
    assert cells(csv_table("id,name,,\n1,a,,\n")) == [{"id": "1", "name": "a"}]


@pytest.mark.parametrize("heading", ["", "id,id", "id,,name"])
def test_a_heading_must_name_each_column_once(heading: str) -> None:
    with pytest.raises(BadFile):
        csv_table(f"{heading}\n1,2,3\n")


def test_a_column_that_overflows_must_be_there() -> None:
    with pytest.raises(BadFile) as refused:
        csv_table("id\n1\n", Format(overflow=("adress",)))
    assert "adress" in str(refused.value)


def test_text_of_another_encoding_is_refused() -> None:
    with pytest.raises(BadFile):
        read_table(Path("f.csv"), b"id\n\xff\n", Format())


def test_a_quote_that_never_ends_is_refused_with_its_row() -> None:
    with pytest.raises(BadFile) as refused:
        csv_table('id,name\n1,a\n2,"b\n')
    assert refused.value.facts["row"] == 3


def test_a_spreadsheet_reads_like_a_csv_file() -> None:
    """Numbers keep their digits, whole ones have no decimals, dates are in ISO 8601."""
    table = xlsx_table([["ref", "price", "on", "active"], [11, 9.8, date(1996, 7, 4), True], ["A", 0.05, "", False]])
    assert [row.number for row in table.rows] == [2, 3]
    first, second = cells(table)
    assert (first["ref"], first["price"], first["on"][:10], first["active"]) == ("11", "9.8", "1996-07-04", "true")
    assert second == {"ref": "A", "price": "0.05", "on": "", "active": "false"}


def test_rows_of_a_spreadsheet_keep_their_numbers_over_empty_ones() -> None:
    assert [row.number for row in xlsx_table([["ref"], ["a"], [""], ["b"]]).rows] == [2, 4]


def test_a_sheet_is_found_by_name() -> None:
    assert xlsx_table([["ref"], ["a"]], Format(sheet="Orders"), sheet="Orders").columns == ("ref",)
    with pytest.raises(BadFile):
        xlsx_table([["ref"], ["a"]], Format(sheet="Ordres"), sheet="Orders")


def test_what_is_no_spreadsheet_is_refused() -> None:
    with pytest.raises(BadFile):
        read_table(Path("file.xlsx"), b"id,name\n", Format())
