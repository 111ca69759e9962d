"""Values of list fields: read from text, written as text, shown as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from app.domain.shared.errors import Invalid
from app.domain.shared.money import amount, currency, plain, price, quantity, rate
from app.usecases.ports.listing import FieldKind, ListField, Listing

LONGEST_TEXT: Final = 1000
LARGEST_ID: Final = 2**63 - 1
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,8})?")
_INTEGER: Final = re.compile(r"[0-9]{1,19}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
Show = Callable[[Sequence[object]], dict[str, Any]]


def read_value(field: ListField, text: str) -> object | None:
    """Give the value ``text`` means for ``field``; None when it means none."""
    try:
        return _READERS[field.kind](field, text)
    except (ValueError, Invalid):
        return None


def _id(_field: ListField, text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) and 1 <= int(text) <= LARGEST_ID else None


def _count(_field: ListField, text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) and int(text) <= LARGEST_ID else None


def _text(_field: ListField, text: str) -> str | None:
    return text if len(text) <= LONGEST_TEXT and "\0" not in text else None


def _choice(field: ListField, text: str) -> str | None:
    return text if text in field.choices else None


def _flag(_field: ListField, text: str) -> bool | None:
    return {"true": True, "false": False}.get(text)


def _date(_field: ListField, text: str) -> date | None:
    return date.fromisoformat(text) if _DATE.fullmatch(text) else None


def _instant(_field: ListField, text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if _INSTANT.fullmatch(text) else None


def _unread(_field: ListField, _text: str) -> None:
    """Give None: what is no single value can neither be filtered nor sorted by."""


def _number(check: Callable[[Decimal], Decimal]) -> Callable[[ListField, str], Decimal | None]:
    return lambda _field, text: check(Decimal(text)) if _NUMBER.fullmatch(text) else None


_READERS: Final[Mapping[FieldKind, Callable[[ListField, str], object | None]]] = {
    FieldKind.ID: _id,
    FieldKind.TEXT: _text,
    FieldKind.CHOICE: _choice,
    FieldKind.FLAG: _flag,
    FieldKind.DATE: _date,
    FieldKind.INSTANT: _instant,
    FieldKind.AMOUNT: _number(amount),
    FieldKind.COMPANY_AMOUNT: _number(amount),
    FieldKind.COUNT: _count,
    FieldKind.QUANTITY: _number(quantity),
    FieldKind.PRICE: _number(price),
    FieldKind.RATE: _number(rate),
    FieldKind.TEXTS: _unread,
    FieldKind.CUSTOM: _unread,
    FieldKind.JSON: _text,
}


def write_value(value: object) -> str:
    """Give ``value`` as text that ``read_value`` reads back to the same."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _own_currency(listing: Listing, names: Sequence[str]) -> int | None:
    """Give which column holds the currency of the row's amounts, if it has amounts in a currency of its own."""
    amounts = any(field.kind is FieldKind.AMOUNT for field in listing.fields)
    return names.index("currency") if amounts and "currency" in names else None


def shows(listing: Listing, digits: int) -> Show:
    """Give the function from a row to its JSON object.

    Amounts have the digits of the row's own ``currency`` where the listing has one, else the company's ``digits``, as
    amounts of the company always have; other numbers have as many as they need. Dates and instants are left to orjson.
    """
    names = [field.name for field in listing.fields]
    own = _own_currency(listing, names)
    told = [(field.name, writer) for field in listing.fields if (writer := _writer(field.kind, digits)) is not None]

    def show(row: Sequence[object]) -> dict[str, Any]:
        shown: dict[str, Any] = dict(zip(names, row, strict=True))
        places = digits if own is None else currency(str(row[own])).digits
        for name, write in told:
            if shown[name] is not None:
                shown[name] = write(shown[name], places)
        return shown

    return show


def _writer(kind: FieldKind, digits: int) -> Callable[[Any, int], object] | None:
    """Give how values of a kind are shown, told the digits of the row's currency; None for as they are."""
    if kind is FieldKind.AMOUNT:
        return plain
    if kind is FieldKind.COMPANY_AMOUNT:
        return lambda value, _: plain(value, digits)
    if kind in _PLAIN:
        return lambda value, _: plain(value)
    if kind is FieldKind.JSON:
        # Some tables keep the text as it came, others give it read.
        return lambda value, _: orjson.loads(value) if isinstance(value, str) else value
    return None


_PLAIN: Final = frozenset({FieldKind.QUANTITY, FieldKind.PRICE, FieldKind.RATE})
