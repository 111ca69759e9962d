"""Lists over HTTP: query string to ``Query``, page to JSON, and what OpenAPI says of both."""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Request
from starlette.responses import Response

from app.api.cursor import read_cursor, write_cursor
from app.api.provide import Entry, context_of
from app.api.refusals import BadParameters, FieldProblem
from app.api.respond import JSON
from app.api.shell import Shell, shell_of
from app.api.values import Show, read_value, shows
from app.domain.shared.search import LONGEST_WANTED, MOST_WANTED, wanted
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, Filter, ListField, Listing, Operator, Page, Query, Sort
from app.usecases.ports.shared import Answer

DEFAULT_LIMIT: Final = 50
MOST: Final = 200
RESERVED: Final = frozenset({"sort", "limit", "after", "total"})
CUSTOM_PREFIX: Final = "custom."
SEARCH: Final = "q"
_SUFFIXED: Final = re.compile(r"(.+)_(ne|lt|lte|gt|gte)")
_LIMIT: Final = re.compile(r"[1-9][0-9]{0,2}")


SEARCHABLE: Final = f"1..{MOST_WANTED} words of letters and digits, 1..{LONGEST_WANTED} characters"


def wrong(parameter: str, code: str, **facts: object) -> BadParameters:
    """Give the refusal of one parameter of the query string."""
    return BadParameters([FieldProblem(code, parameter=parameter[:100], facts=facts)])


def parse_query(listing: Listing, given: Iterable[tuple[str, str]], others: AbstractSet[str] = RESERVED) -> Query:
    """Give the query that the name and value pairs of a query string ask for.

    ``others`` are the parameters told to be there besides filters and the search.

    Raises BadParameters naming the first parameter that is unknown, doubled or has a bad value, and what would be
    right.
    """
    values: dict[str, str] = {}
    for name, value in given:
        if name in values:
            raise wrong(name, "validation.repeated")
        values[name] = value
    sort = _sort(listing, values.get("sort"))
    after = values.get("after")
    words = _words(values.pop(SEARCH)) if listing.search and SEARCH in values else ()
    return Query(
        filters=tuple(
            _filter(listing, name, text, others)
            for name, text in values.items()
            if name not in RESERVED and not _custom(listing, name)
        ),
        custom=tuple(
            (name.removeprefix(CUSTOM_PREFIX), text) for name, text in values.items() if _custom(listing, name)
        ),
        words=words,
        sort=sort,
        after=None if after is None else _after(listing, sort, after),
        limit=_limit(values.get("limit")),
        total=_total(values.get("total", "false")),
    )


def _custom(listing: Listing, name: str) -> bool:
    """Tell whether a parameter asks for a custom field, which only the company's definitions can judge."""
    return listing.customized and name.startswith(CUSTOM_PREFIX)


def _words(text: str) -> tuple[str, ...]:
    found = wanted(text)
    if found is None:
        raise wrong(SEARCH, "validation.expected", expected=SEARCHABLE)
    return found


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not _LIMIT.fullmatch(text) or int(text) > MOST:
        raise wrong("limit", "validation.expected", expected=f"1..{MOST}")
    return int(text)


def _total(text: str) -> bool:
    if text not in {"true", "false"}:
        raise wrong("total", "validation.expected", expected="true, false")
    return text == "true"


def _sort(listing: Listing, text: str | None) -> tuple[Sort, ...]:
    """Read ``-date,ref``; whatever is asked ends with the listing's key so that the order is total."""
    if text is None:
        return _ending_with_key(listing, listing.default_sort)
    keys: list[Sort] = []
    sortable = listing.sortable
    for part in text.split(","):
        name = part.removeprefix("-")
        if name not in sortable or any(key.field == name for key in keys):
            raise wrong("sort", "validation.expected", expected=", ".join(sortable))
        keys.append(Sort(field=name, descending=part.startswith("-")))
    return _ending_with_key(listing, tuple(keys))


def _ending_with_key(listing: Listing, keys: tuple[Sort, ...]) -> tuple[Sort, ...]:
    missing = set(listing.key)
    for place, key in enumerate(keys, 1):
        missing.discard(key.field)
        if not missing:
            return keys[:place]  # the key is unique: what follows it never decides
    descending = bool(keys) and keys[-1].descending
    return (*keys, *(Sort(field=name, descending=descending) for name in listing.key if name in missing))


def _filter(listing: Listing, name: str, text: str, others: AbstractSet[str]) -> Filter:
    field, operator = _field(listing, name, others)
    operators = listing.operators(field)
    if operator not in operators:
        allowed = ", ".join(_parameter(field, each) for each in Operator if each in operators)
        raise wrong(name, "validation.unknown_parameter", allowed=allowed)
    value = read_value(field, text)
    if value is None:
        raise wrong(name, "validation.expected", expected=expectation(field))
    return Filter(field=field.name, operator=operator, value=value)


def _field(listing: Listing, name: str, others: AbstractSet[str]) -> tuple[ListField, Operator]:
    field = listing.field(name)
    operator = Operator.EQ
    if field is None and (split := _SUFFIXED.fullmatch(name)):
        field, operator = listing.field(split[1]), Operator(split[2])
    if field is None or not field.filterable:
        raise unknown(listing, name, others)
    return field, operator


def unknown(listing: Listing, name: str, others: AbstractSet[str]) -> BadParameters:
    """Give the refusal of a parameter that is none, telling the fields to filter by and the ``others``."""
    reserved = sorted(others | {SEARCH} if listing.search else others)
    allowed = ", ".join((*(each.name for each in (*listing.fields, *listing.links) if each.filterable), *reserved))
    return wrong(name, "validation.unknown_parameter", allowed=allowed)


def _parameter(field: ListField, operator: Operator) -> str:
    return field.name if operator is Operator.EQ else f"{field.name}_{operator.value}"


def _after(listing: Listing, sort: tuple[Sort, ...], text: str) -> tuple[object, ...]:
    values = read_cursor(listing, sort, text)
    if values is None:
        raise wrong("after", "validation.cursor")
    return values


EXPECTED: Final[Mapping[FieldKind, str]] = {
    FieldKind.ID: "1..9223372036854775807",
    FieldKind.TEXT: "0..1000 characters",
    FieldKind.FLAG: "true, false",
    FieldKind.DATE: "YYYY-MM-DD",
    FieldKind.INSTANT: "YYYY-MM-DDThh:mm:ssZ",
    FieldKind.AMOUNT: "0.0000",
    FieldKind.COMPANY_AMOUNT: "0.0000",
    FieldKind.COUNT: "0..9223372036854775807",
    FieldKind.QUANTITY: "0.000000",
    FieldKind.PRICE: "0.00000000",
    FieldKind.RATE: "0.00000000",
    FieldKind.TEXTS: "-",
    FieldKind.CUSTOM: "-",
    FieldKind.JSON: "{}",
}


def expectation(field: ListField) -> str:
    """Give what a value of ``field`` looks like."""
    return ", ".join(field.choices) if field.kind is FieldKind.CHOICE else EXPECTED[field.kind]


class ListRun:
    """One list bound to one request; calling it gives the page as a response."""

    __slots__ = ("_provided", "_query", "_queued", "_request", "_shell", "context")

    def __init__(self, request: Request, provided: "ListProvided", query: Query) -> None:
        self._shell: Shell = shell_of(request)
        self._provided = provided
        self._query = query
        self._request = request
        self._queued = self._shell.container.clock.monotonic()
        self.context: Context = context_of(request)

    def within(self, **wanted: object) -> "ListRun":
        """Narrow the list to rows with these values, which the path gave."""
        filters = tuple(Filter(field=name, operator=Operator.EQ, value=value) for name, value in wanted.items())
        self._query = replace(self._query, filters=(*self._query.filters, *filters))
        return self

    def __call__(self) -> Response:
        """Read the page. Raises Overloaded when the request waited too long for its thread."""
        self._shell.in_time(self._queued)
        container = self._shell.container
        case = container.cases[self._provided.case]
        following: list[str] = []

        def present(page: Page) -> Answer:
            show = self._provided.shows(self.context)
            body, cursor = page_bytes(self._provided.listing, self._query, page, show)
            following.extend([] if cursor is None else [cursor])
            return Answer(body=body)

        answer = container.runner.run(self.context, case, lambda: self._query, present)
        headers = {"link": self._link(following[0])} if following else None
        return Response(answer.body, 200, headers, JSON)

    def _link(self, cursor: str) -> str:
        given = self._request.query_params.multi_items()
        kept = [(name, value) for name, value in given if name != "after"]
        return f'<{self._request.scope["path"]}?{urlencode([*kept, ("after", cursor)])}>; rel="next"'


def page_bytes(listing: Listing, query: Query, page: Page, show: Show) -> tuple[bytes, str | None]:
    """Give the JSON of ``page`` and the cursor of the next one."""
    cursor = write_cursor(listing, query.sort, page.rows[-1]) if page.more else None
    shown: dict[str, Any] = {"items": [show(row) for row in page.rows], "next": cursor}
    if page.total is not None:
        shown["total"] = page.total
    return orjson.dumps(shown, option=orjson.OPT_UTC_Z), cursor


class ListProvided(Entry):
    """Entry for those who may read a list; reads the query string against its listing."""

    lists = True

    def __init__(self, case: type[Any]) -> None:
        self.case = case
        self.listing: Listing = case.listing
        self.right = case.right
        self.about = case.__doc__ or ""
        self._shows: dict[int, Show] = {}

    async def __call__(self, request: Request) -> ListRun:
        """Give the list bound to the request. Raises BadParameters."""
        return ListRun(request, self, parse_query(self.listing, request.query_params.multi_items()))

    def shows(self, context: Context) -> Show:
        """Give the row formatter for the company's currency; there are few, so they are kept."""
        digits = context.settings.currency.digits
        if digits not in self._shows:
            self._shows[digits] = shows(self.listing, digits)
        return self._shows[digits]


def provide_list(case: type[Any]) -> Any:  # noqa: ANN401 - what FastAPI's Depends is
    """Give the dependency that lets in whom the list ``case`` allows and provides a ``ListRun`` of it."""
    return Depends(ListProvided(case))
