"""What can be imported: the fields of each kind of document, and how the text of a cell becomes a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from app.domain.catalogue import ProductKind
from app.domain.fields import CustomField, FieldType
from app.domain.shared.lines import LineKind
from app.domain.shared.money import price, quantity, rate
from app.importer.refusals import BadValue

Choice = TypeVar("Choice", bound=StrEnum)
TRUE: Final = frozenset({"1", "true", "yes", "y", "x"})
FALSE: Final = frozenset({"0", "false", "no", "n"})


class Kind(StrEnum):
    """What a file holds."""

    THIRD_PARTIES = "third-parties"
    PRODUCTS = "products"
    STOCK = "stock"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notation:
    """How a file writes what is not plain text; a date is also read in ISO 8601."""

    null: frozenset[str] = frozenset()
    dates: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""


Read = Callable[[str, Notation], object]


@dataclass(frozen=True, slots=True)
class Field:
    """A field: how its text is read, whether every row needs it, and what an empty cell means when it does not."""

    read: Read
    required: bool = False
    empty: object = None


def _text(text: str, _: Notation) -> str:
    return text


def _flag(text: str, _: Notation) -> bool:
    word = text.lower()
    if word not in TRUE | FALSE:
        raise BadValue(value=text, expected="yes or no")
    return word in TRUE


def _whole(text: str, _: Notation) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadValue(value=text, expected="a whole number") from None


def _day(text: str, notation: Notation) -> date:
    for pattern in notation.dates:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a legal date has no zone
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise BadValue(value=text, expected=["2026-11-21", *notation.dates]) from None


def decimal(text: str, notation: Notation) -> Decimal:
    """Read a number as the file writes it. Raises BadValue, also for what is not finite."""
    plain = text.replace(notation.thousands, "") if notation.thousands else text
    if notation.decimal != ".":
        plain = plain.replace(".", "?").replace(notation.decimal, ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise BadValue(value=text, expected="a number") from None
    if not number.is_finite() or "_" in plain:
        raise BadValue(value=text, expected="a number")
    return number


def _number(check: Callable[[Decimal], object]) -> Read:
    return lambda text, notation: check(decimal(text, notation))


def _choice(kind: type[Choice]) -> Read:
    def read(text: str, _: Notation) -> Choice:
        try:
            return kind(text.lower())
        except ValueError:
            raise BadValue(value=text, expected=[choice.value for choice in kind]) from None

    return read


_PRICE: Final = _number(price)
_QUANTITY: Final = _number(quantity)
_RATE: Final = _number(rate)
_ZERO: Final = rate(Decimal(0))

FIELDS: Final[Mapping[Kind, Mapping[str, Field]]] = MappingProxyType(
    {
        Kind.THIRD_PARTIES: {
            "customer_code": Field(_text),
            "supplier_code": Field(_text),
            "name": Field(_text, required=True),
            "customer": Field(_flag, empty=False),
            "supplier": Field(_flag, empty=False),
            "email": Field(_text),
            "phone": Field(_text),
            "tax_id": Field(_text),
            "street": Field(_text, empty=""),
            "postal_code": Field(_text, empty=""),
            "city": Field(_text, empty=""),
            "region": Field(_text, empty=""),
            "country": Field(_text, empty=""),
            "payment_days": Field(_whole),
            "archived": Field(_flag, empty=False),
        },
        Kind.PRODUCTS: {
            "ref": Field(_text, required=True),
            "name": Field(_text, required=True),
            "kind": Field(_choice(ProductKind), empty=ProductKind.GOODS),
            "description": Field(_text, empty=""),
            "unit_price": Field(_PRICE, required=True),
            "cost_price": Field(_PRICE, empty=price(Decimal(0))),
            "vat_rate": Field(_RATE, required=True),
            "archived": Field(_flag, empty=False),
        },
        Kind.STOCK: {
            "product_ref": Field(_text, required=True),
            "warehouse_ref": Field(_text),
            "quantity": Field(_QUANTITY, required=True),
            "reason": Field(_text, empty=""),
        },
        Kind.ORDERS: {
            "external_ref": Field(_text, required=True),
            "customer_code": Field(_text, required=True),
            "date": Field(_day, required=True),
            "delivery_date": Field(_day),
            "currency": Field(_text),
            "rate": Field(_RATE),
            "note": Field(_text, empty=""),
        },
    }
)

PREFIX: Final = "custom."
CUSTOMIZED: Final = frozenset({Kind.THIRD_PARTIES, Kind.PRODUCTS, Kind.ORDERS})
"""Kinds of files that can fill custom fields."""

LINE_FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "product_ref": Field(_text),
        "kind": Field(_choice(LineKind)),
        "description": Field(_text),
        "quantity": Field(_QUANTITY, required=True),
        "unit_price": Field(_PRICE),
        "discount": Field(_RATE, empty=_ZERO),
        "vat_rate": Field(_RATE),
    }
)


_CUSTOM: Final[Mapping[FieldType, Read]] = MappingProxyType(
    {
        FieldType.TEXT: _text,
        FieldType.CHOICE: _text,
        FieldType.FLAG: _flag,
        FieldType.INTEGER: _whole,
        FieldType.DECIMAL: lambda text, notation: format(decimal(text, notation), "f"),
        FieldType.DATE: lambda text, notation: _day(text, notation).isoformat(),
    }
)


def custom_fields(definitions: Iterable[CustomField]) -> Mapping[str, Field]:
    """Give the fields a mapping can name beside ours, ``custom.<name>``; values are checked when they are stored."""
    return {PREFIX + one.name: Field(_CUSTOM[one.type]) for one in definitions if not one.archived}
