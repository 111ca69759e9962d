"""Reports over HTTP: a table as JSON, or as a file in one of the forms lists are exported in."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Query, Request
from starlette.responses import Response

from app.api.export.formats import MEDIA, CsvLines, Format, Lines, NdjsonLines, Workbook, contents
from app.api.listing_schema import noun, row_name, row_schema
from app.api.provide import Provided, Run
from app.api.respond import JSON
from app.api.values import Show, shows
from app.domain.shared.money import currency, plain
from app.usecases.ports.listing import Listing
from app.usecases.reports import Table


class ReportFormat(StrEnum):
    """The forms a report comes in."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    XLSX = "xlsx"


Form = Annotated[ReportFormat, Query(alias="format", description="The form: JSON with sums, or the rows as a file")]
FILES: Final = {form: Format(form.value) for form in ReportFormat if form is not ReportFormat.JSON}


class ReportRun(Run):
    """One report bound to one request; calling it makes the table and gives it in the form asked for."""

    __slots__ = ("_listing",)

    def __init__(self, request: Request, case: type[Any], listing: Listing) -> None:
        super().__init__(request, case, None)
        self._listing = listing

    def table(self, build: Callable[[], Any], form: ReportFormat) -> Response:
        """Run the report on ``build()``. Raises its errors, SpreadsheetLimit, Overloaded.

        The form is made when the transaction is over: a workbook takes its time, and no connection meanwhile.
        """
        self._shell.in_time(self._queued)
        container = self._shell.container
        table: Table[Any] = container.runner.call(self.context, self._case, build)
        show = shows(self._listing, currency(table.currency).digits)
        if form is ReportFormat.JSON:
            return Response(_json(table, show), 200, None, JSON)
        name = f"{self._listing.name}-{container.clock.today(self.context.zone).isoformat()}.{form.value}"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(self._file(table, show, form), 200, headers, MEDIA[FILES[form]])

    def _file(self, table: Table[Any], show: Show, form: ReportFormat) -> bytes:
        if form is ReportFormat.XLSX:
            return self._workbook(table, show)
        lines: Lines = CsvLines(self._listing, show, bom=False) if form is ReportFormat.CSV else NdjsonLines(show)
        return lines.head() + lines.rows(table.rows)

    def _workbook(self, table: Table[Any], show: Show) -> bytes:
        with TemporaryDirectory(prefix="tramita-report-") as folder:
            book = Workbook(Path(folder), self._listing, show, self._shell.container.clock.now())
            try:
                book.write(table.rows)
            except BaseException:
                book.drop()
                raise
            book.close()
            return book.path.read_bytes()


def _json(table: Table[Any], show: Show) -> bytes:
    digits = currency(table.currency).digits
    shown = {
        "currency": table.currency,
        "rows": [show(row) for row in table.rows],
        "totals": {name: plain(value, digits) for name, value in table.totals.items()},
    }
    return orjson.dumps(shown, option=orjson.OPT_UTC_Z)


class ReportProvided(Provided):
    """Entry for those who may read a report."""

    def __init__(self, case: type[Any]) -> None:
        super().__init__(case, keyed=False)
        self.listing: Listing = case.listing

    async def __call__(self, request: Request) -> ReportRun:
        """Give the report bound to the request."""
        return ReportRun(request, self.case, self.listing)


def provide_report(case: type[Any]) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that lets in whom the report ``case`` allows and provides a ``ReportRun`` of it."""
    return Depends(ReportProvided(case))


def report_schemas(listing: Listing) -> dict[str, Any]:
    """Give the schemas of one row and of the report, by name."""
    number = {"type": "string", "description": "An amount in the currency of the report", "examples": ["739.10"]}
    report = {
        "type": "object",
        "title": f"{noun(listing)}Report",
        "description": f"The report {listing.name}",
        "required": ["currency", "rows", "totals"],
        "properties": {
            "currency": {"type": "string", "description": "ISO 4217 code of the company's currency"},
            "rows": {
                "type": "array",
                "items": {"$ref": f"#/components/schemas/{row_name(listing)}"},
                "description": "The rows, in order",
            },
            "totals": {"type": "object", "additionalProperties": number, "description": "Sums of columns by name"},
        },
    }
    return {row_name(listing): row_schema(listing), f"{noun(listing)}Report": report}


def report_answer(listing: Listing) -> dict[str, Any]:
    """Give what OpenAPI says of the answer."""
    shown = {"schema": {"$ref": f"#/components/schemas/{noun(listing)}Report"}}
    return {"description": "The report", "content": {JSON: shown, **contents("A line for each row")}}
