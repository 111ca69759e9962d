"""The route of an export, made of the route of its list; and what OpenAPI says of it."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from fastapi import Depends, Request
from starlette.responses import Response

from app.api.export.formats import MEDIA, CsvLines, Format, NdjsonLines, Workbook, contents
from app.api.export.stream import Streamed, Walk, lines, workbook
from app.api.listing import ListProvided, parse_query, unknown, wrong
from app.api.listing_schema import list_parameters, row_name
from app.api.provide import Entry, context_of
from app.api.route import Endpoint
from app.api.shell import Shell, shell_of
from app.usecases.context import Context
from app.usecases.ports.listing import Listing, Query, Sort

ACTION: Final = ":export"
FORMAT: Final = "format"
MARK: Final = "bom"
_OTHERS: Final = frozenset({FORMAT, MARK, "sort"})
_PAGED: Final = frozenset({"limit", "after", "total"})
_ABOUT: Final = """\
Give all rows of the list as a file, with the same filters and sort.

Rows are read a page at a time while they are sent, so the file is not one snapshot. Without `sort` rows come in the
order of their key, which never changes: then each row that is there all the while comes exactly once. A file that ends
without its last chunk is not whole. In CSV and XLSX texts that a spreadsheet would compute have an apostrophe in
front."""


class ExportProvided(Entry):
    """Entry for those who may read a list, to all of it."""

    lists = True

    def __init__(self, provided: ListProvided) -> None:
        self.provided = provided
        self.listing: Listing = provided.listing
        self.right = provided.right
        self.about = _ABOUT

    async def __call__(self, request: Request) -> Response:
        """Give the answer that streams the list. Raises BadParameters."""
        given = request.query_params.multi_items()
        form, bom, query = _asked(self.listing, given)
        return self._response(shell_of(request), context_of(request), form, query, bom=bom)

    def _response(self, shell: Shell, context: Context, form: Format, query: Query, *, bom: bool) -> Response:
        container, listing, show = shell.container, self.listing, self.provided.shows(context)
        walk = Walk(shell, context, container.cases[self.provided.case], listing, query)

        def book(folder: Path) -> Workbook:
            return Workbook(folder, listing, show, container.clock.now())

        def pieces() -> AsyncGenerator[bytes, None]:
            match form:
                case Format.NDJSON:
                    return lines(walk, NdjsonLines(show))
                case Format.CSV:
                    return lines(walk, CsvLines(listing, show, bom=bom))
                case Format.XLSX:
                    return workbook(walk, book)

        name = f"{listing.name}-{container.clock.today(context.zone).isoformat()}.{form.value}"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Streamed(pieces, context, headers, MEDIA[form])


def _asked(listing: Listing, given: Iterable[tuple[str, str]]) -> tuple[Format, bool, Query]:
    """Give form, byte order mark and query of a query string. Raises BadParameters as ``parse_query`` does."""
    own, others = _parted(listing, given)
    if all(name != "sort" for name, _ in others):
        others.append(("sort", _by_key(listing)))
    return _form(own.get(FORMAT)), _marked(own), parse_query(listing, others, _OTHERS)


def _parted(listing: Listing, given: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Give the parameters of an export's own, and those of its list."""
    own: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for name, value in given:
        if name in own:
            raise wrong(name, "validation.repeated")
        if name in _PAGED:
            raise unknown(listing, name, _OTHERS)
        if name in {FORMAT, MARK}:
            own[name] = value
        else:
            others.append((name, value))
    return own, others


def _form(text: str | None) -> Format:
    if text not in set(Format):
        raise wrong(FORMAT, "validation.expected", expected=", ".join(Format))
    return Format(text)


def _marked(own: dict[str, str]) -> bool:
    if MARK not in own:
        return False
    if own[MARK] not in {"true", "false"} or own.get(FORMAT) != Format.CSV:
        raise wrong(MARK, "validation.expected", expected="true, false; format=csv")
    return own[MARK] == "true"


def _by_key(listing: Listing) -> str:
    descending = listing.default_sort[0] == Sort(field=listing.key[0], descending=True)
    return ",".join(f"-{name}" if descending else name for name in listing.key)


def exports(routes: Iterable[Endpoint]) -> Iterator[Endpoint]:
    """Give the export of each list among ``routes``: ``/orders:export`` beside ``/orders``."""
    for route in routes:
        if isinstance(route.entry, ListProvided) and "{" not in route.path:
            yield _export_of(route, route.entry)


def _export_of(route: Endpoint, entry: ListProvided) -> Endpoint:
    provided = Depends(ExportProvided(entry))

    async def export(answer: Response = provided) -> Response:
        return answer

    name = f"export_{route.name.removeprefix('list_')}"
    return Endpoint(
        route.path + ACTION, export, methods=["GET"], name=name, tags=route.tags, response_model=None, status_code=200
    )


def export_parameters(listing: Listing) -> list[dict[str, Any]]:
    """Give the query parameters of an export: the form, and those of the list but the ones about pages."""
    form = {"type": "string", "enum": list(Format)}
    mark = {"type": "boolean", "default": False}
    return [
        {"name": FORMAT, "in": "query", "required": True, "description": "The form of the file", "schema": form},
        {
            "name": MARK,
            "in": "query",
            "required": False,
            "description": "Put a byte order mark first, for Excel; with `format=csv` only",
            "schema": mark,
        },
        *(each for each in list_parameters(listing) if each["name"] not in _PAGED),
    ]


def export_responses(listing: Listing) -> dict[str, Any]:
    """Give the answer of an export."""
    named = {"type": "string", "examples": [f'attachment; filename="{listing.name}-2026-11-21.csv"']}
    return {
        "description": "The file",
        "headers": {"Content-Disposition": {"description": "Its name", "schema": named}},
        "content": contents(f"A line for each row; in NDJSON each is a {row_name(listing)}"),
    }
