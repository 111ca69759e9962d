"""Lists: what may be filtered and sorted, and one page of rows.

A ``Listing`` is the public face of one list; the API parses query strings against it, the database maps its fields to
columns. Pages are by keyset: ``after`` holds the sort values and the id of the last row seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.domain.fields import Entry
from app.domain.shared.search import FIELDS, Searched


class FieldKind(StrEnum):
    """The type of a field, which decides how a filter value is read and a row value is shown."""

    ID = "id"
    TEXT = "text"
    CHOICE = "choice"
    FLAG = "flag"
    DATE = "date"
    INSTANT = "instant"
    AMOUNT = "amount"
    COMPANY_AMOUNT = "company_amount"  # in the company's currency, whatever the row's is
    COUNT = "count"
    QUANTITY = "quantity"
    PRICE = "price"
    RATE = "rate"
    TEXTS = "texts"
    CUSTOM = "custom"
    JSON = "json"  # a document, stored as text; neither filtered nor sorted by


class Operator(StrEnum):
    """How a filter compares; the suffix of its name, none for equality (``total_gross_gte=100``)."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"


ORDERED = frozenset(Operator)
EQUALITY = frozenset({Operator.EQ, Operator.NE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListField:
    """One column of a list. ``choices`` are the values of a CHOICE; only never-null fields are sortable."""

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()
    filterable: bool = True
    sortable: bool = False
    nullable: bool = False

    @property
    def operators(self) -> frozenset[Operator]:
        """Give the comparisons that make sense for the kind."""
        equality_only = {FieldKind.ID, FieldKind.CHOICE, FieldKind.FLAG, FieldKind.JSON}
        return EQUALITY if self.kind in equality_only else ORDERED


@dataclass(frozen=True, slots=True)
class Found:
    """A way `q` finds a row: by the words of the ``kind`` of object whose id stands in its ``column``."""

    kind: Searched
    column: str = "id"


CUSTOM_VALUES = ListField(name="custom", kind=FieldKind.CUSTOM, filterable=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One sort key."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list by name (``orders``): its fields in the order shown, its default sort; ``key`` tells rows apart.

    ``search`` are the ways `q` finds rows, none for a list without it; each word may be found in another way.
    ``links`` are filters by what hangs on a row and is not shown, by equality only.
    """

    name: str
    fields: tuple[ListField, ...]
    default_sort: tuple[Sort, ...]
    key: tuple[str, ...] = ("id",)
    search: tuple[Found, ...] = ()
    links: tuple[ListField, ...] = ()

    def field(self, name: str) -> ListField | None:
        """Give the field called ``name``, if there is one."""
        return next((field for field in (*self.fields, *self.links) if field.name == name), None)

    def operators(self, field: ListField) -> frozenset[Operator]:
        """Give the comparisons that a filter by ``field`` may make."""
        return frozenset({Operator.EQ}) if field in self.links else field.operators

    @property
    def sortable(self) -> list[str]:
        """The fields that rows may be sorted by."""
        return [field.name for field in self.fields if field.sortable]

    @property
    def customized(self) -> bool:
        """Whether the rows have custom values."""
        return any(field.kind is FieldKind.CUSTOM for field in self.fields)

    @property
    def searched(self) -> str:
        """What `q` looks at: ``ref, external_ref of the order; name ... of the party``."""
        return "; ".join(f"{', '.join(FIELDS[way.kind])} of the {way.kind.value}" for way in self.search)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One condition; all of a query's conditions must hold."""

    field: str
    operator: Operator
    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFilter:
    """One condition on a custom field; ``entry`` says which, and holds the value it is compared with."""

    operator: Operator
    entry: Entry

    @property
    def column(self) -> str:
        """The kind of value that is compared: text, number or day."""
        return next(name for name in ("text", "number", "day") if getattr(self.entry, name) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What one page is asked for: ``sort`` ends with the fields of ``Listing.key``, ``after`` has a value for each.

    ``custom`` are conditions on custom fields as they were asked for, name (with its operator) and text; whoever runs
    the query resolves them into ``matching`` first.
    ``words`` are those every row must have (``app.domain.shared.search``), the longest first.
    """

    filters: tuple[Filter, ...] = ()
    words: tuple[str, ...] = ()
    sort: tuple[Sort, ...]
    after: tuple[object, ...] | None = None
    limit: int = 50
    total: bool = False
    custom: tuple[tuple[str, str], ...] = ()
    matching: tuple[CustomFilter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows with values as ``Listing.fields``; ``more``: another page follows; ``total`` counts all, if asked."""

    rows: Sequence[tuple[object, ...]]
    more: bool
    total: int | None = None


class Lists(Protocol):
    """Readers of flat rows, within the context's company."""

    def page(self, listing: Listing, query: Query) -> Page:
        """Give one page of ``listing``."""
        ...
