"""Column types that hold the same values, in the same order, on PostgreSQL, MariaDB/MySQL and SQLite.

Numbers never lose a digit silently: a value with more decimals than its column, or more than 18 digits, is refused when
bound. Text compares by code point everywhere, without padding. Instants are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Identity,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    event,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

DIGITS: Final = 18
CHOICE_LENGTH: Final = 32
MYSQL_FAMILY: Final = frozenset({"mysql", "mariadb"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Traps instead of flags: a lost digit or a nineteenth one raises. Whatever flags threads set in it mean nothing.
_EXACT: Final = Context(
    prec=DIGITS, rounding=ROUND_HALF_UP, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero]
)
# Sums of many rows may have more digits than a column.
_WIDE: Final = Context(prec=38, traps=[Inexact, InvalidOperation])

Converter = Callable[[Any], Any]


class NotStorableError(ValueError):
    """A value does not fit its column; the domain should have refused it before."""


class _CastNumeric(Numeric[Decimal]):
    """NUMERIC whose bound values say so: PostgreSQL would take them for text inside CASE."""

    render_bind_cast = True

    def adapt(self, cls: Any, **kw: Any) -> Any:  # noqa: ARG002 - SQLAlchemy's hook
        """Give its like: the driver's own class would lose the cast."""
        return _CastNumeric(self.precision, self.scale)


class Scaled(TypeDecorator[Decimal]):
    """A number with a fixed count of decimals: NUMERIC(18, n), on SQLite a whole number of the smallest unit.

    SQL may add, subtract, negate and compare such columns, never multiply, divide or average them.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Numeric
    cache_ok: bool | None = True

    def __init__(self, decimals: int) -> None:
        super().__init__(DIGITS, decimals)
        self.decimals = decimals

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give INTEGER for SQLite, NUMERIC otherwise."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.INTEGER())
        if dialect.name == "postgresql":
            return _CastNumeric(DIGITS, self.decimals)
        return dialect.type_descriptor(Numeric(DIGITS, self.decimals))

    def bind_processor(self, dialect: Dialect) -> Converter:
        """Give what turns a Decimal into the driver's value. The converter raises NotStorableError."""
        unit = Decimal(1).scaleb(-self.decimals)
        quantize, decimals, whole = _EXACT.quantize, self.decimals, dialect.name == "sqlite"

        def convert(value: Decimal | None) -> Decimal | int | None:
            if value is None:
                return None
            try:
                exact = quantize(value, unit)
            except (Inexact, InvalidOperation, TypeError) as error:
                raise NotStorableError(f"{value!r} has no place in {DIGITS} digits, {decimals} decimals") from error
            if not exact.is_finite():
                raise NotStorableError(f"{value!r} is no number")
            return int(exact.scaleb(decimals)) if whole else exact

        return convert

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns SQLite's whole number into a Decimal; the servers' drivers give Decimals themselves."""
        if dialect.name != "sqlite":
            return None
        decimals = -self.decimals
        return lambda value: None if value is None else Decimal(value).scaleb(decimals, _WIDE)


class Moment(TypeDecorator[datetime]):
    """An instant: TIMESTAMPTZ, DATETIME(6) in UTC, on SQLite microseconds since 1970."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = DateTime
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give the type each database sorts instants by."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.INTEGER())
        if dialect.name in MYSQL_FAMILY:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Converter:
        """Give what turns an aware datetime into the driver's value; a naive one is refused."""
        if dialect.name == "sqlite":
            return lambda value: None if value is None else (_aware(value) - _EPOCH) // _MICROSECOND
        if dialect.name in MYSQL_FAMILY:
            return lambda value: None if value is None else _aware(value).astimezone(UTC).replace(tzinfo=None)
        return lambda value: None if value is None else _aware(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns the driver's value into an aware datetime in UTC."""
        if dialect.name == "sqlite":
            return lambda value: None if value is None else _EPOCH + timedelta(microseconds=value)
        if dialect.name in MYSQL_FAMILY:
            return lambda value: None if value is None else value.replace(tzinfo=UTC)
        return None


class Day(TypeDecorator[date]):
    """A legal date: DATE, on SQLite ISO 8601 text, which sorts the same."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Date
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give CHAR-like text for SQLite, DATE otherwise."""
        return dialect.type_descriptor(String(10) if dialect.name == "sqlite" else Date())

    def bind_processor(self, dialect: Dialect) -> Converter | None:
        """Give what turns a date into SQLite's text."""
        if dialect.name != "sqlite":
            return None
        return lambda value: None if value is None else value.isoformat()

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns SQLite's text into a date."""
        if dialect.name != "sqlite":
            return None
        return lambda value: None if value is None else date.fromisoformat(value)


class Identifier(TypeDecorator[UUID]):
    """A UUID in 16 bytes: UUID, BINARY(16), BLOB; version 7 sorts by time on all of them."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Uuid
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give the native type, or 16 bytes."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.BLOB())
        if dialect.name in MYSQL_FAMILY:
            return dialect.type_descriptor(mysql.BINARY(16))
        return dialect.type_descriptor(Uuid())

    def bind_processor(self, dialect: Dialect) -> Converter | None:
        """Give what turns a UUID into bytes where there is no native type."""
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else value.bytes

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns bytes into a UUID."""
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else UUID(bytes=value)


class CodePoint(TypeDecorator[str]):
    """Text compared, sorted and told apart by code point; without ``length`` it is long text, not for indexes.

    The collations are those that neither fold case nor pad with blanks: "C", utf8mb4_nopad_bin (MySQL's
    utf8mb4_0900_bin), SQLite's BINARY.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = String
    cache_ok: bool | None = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give the type with the database's collation by code point."""
        if dialect.name == "postgresql":
            plain: TypeEngine[Any] = Text(collation="C") if self.length is None else String(self.length, collation="C")
        elif dialect.name in MYSQL_FAMILY:
            collation = "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
            plain = (
                mysql.MEDIUMTEXT(collation=collation)
                if self.length is None
                else mysql.VARCHAR(self.length, collation=collation)
            )
        else:
            plain = Text() if self.length is None else String(self.length)
        return dialect.type_descriptor(plain)

    def bind_processor(self, dialect: Dialect) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give nothing: every driver takes str."""
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter | None:  # noqa: ARG002 - as above
        """Give nothing: every driver gives str."""
        return None


class Choice(CodePoint):
    """Short text that is one member of a StrEnum; a CHECK holds the database to it, if ``checked``."""

    cache_ok: bool | None = True

    def __init__(self, members: type[StrEnum], *, checked: bool = True) -> None:
        super().__init__(CHOICE_LENGTH)
        self.members = members
        self.checked = checked

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns text into the member; unknown text raises KeyError."""
        member = {item.value: item for item in self.members}
        return lambda value: None if value is None else member[value]


class JsonText(CodePoint):
    """A JSON document in long text; Decimals are written as strings, dates in ISO 8601."""

    cache_ok: bool | None = True

    def bind_processor(self, dialect: Dialect) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what writes a document."""
        return lambda value: None if value is None else to_json(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what reads a document."""
        return lambda value: None if value is None else orjson.loads(value)


class CustomText(JsonText):
    """Custom values as a JSON object in long text; NULL, in a row that costs nothing, stands for none."""

    cache_ok: bool | None = True

    def bind_processor(self, dialect: Dialect) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what writes the values."""
        return lambda value: to_json(dict(value)) if value else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what reads the values."""
        return lambda value: {} if value is None else orjson.loads(value)


class Flag(TypeDecorator[bool]):
    """True or false: BOOLEAN, TINYINT(1), on SQLite 0 or 1."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Boolean
    cache_ok: bool | None = True

    def bind_processor(self, dialect: Dialect) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give nothing: every driver takes bool."""
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns the number of MariaDB and SQLite into bool."""
        if dialect.name == "postgresql":
            return None
        return lambda value: None if value is None else bool(value)


class Bytes(TypeDecorator[bytes]):
    """Bytes up to 16 MB: BYTEA, MEDIUMBLOB, BLOB."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = LargeBinary
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Give MEDIUMBLOB where a plain BLOB ends at 64 KB."""
        if dialect.name in MYSQL_FAMILY:
            return dialect.type_descriptor(mysql.MEDIUMBLOB())
        return dialect.type_descriptor(LargeBinary())

    def bind_processor(self, dialect: Dialect) -> Converter | None:  # noqa: ARG002 - SQLAlchemy's hook
        """Give nothing: every driver takes bytes."""
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter | None:  # noqa: ARG002 - as above
        """Give nothing: every driver gives bytes."""
        return None


class Epoch(TypeDecorator[datetime]):
    """An instant as the workflow engine keeps it: milliseconds since 1970."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = BigInteger
    cache_ok: bool | None = True

    def bind_processor(self, dialect: Dialect) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns an aware datetime into milliseconds."""
        return lambda value: None if value is None else (_aware(value) - _EPOCH) // _MILLISECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what turns milliseconds into an aware datetime in UTC."""
        return lambda value: None if value is None else _EPOCH + value * _MILLISECOND


class Namespace(CodePoint):
    """A company as the workflow engine names it: its id as text."""

    cache_ok: bool | None = True

    def bind_processor(self, dialect: Dialect) -> Converter:  # noqa: ARG002 - SQLAlchemy's hook
        """Give what writes an id."""
        return str


KEY: Final = BigInteger().with_variant(Integer(), "sqlite")
COUNTER: Final = Integer()
AMOUNT: Final = Scaled(4)
QUANTITY: Final = Scaled(6)
PRICE: Final = Scaled(8)
RATE: Final = Scaled(8)
INSTANT: Final = Moment()
EPOCH: Final = Epoch()
DAY: Final = Day()
UUID_KEY: Final = Identifier()
LONG_TEXT: Final = CodePoint()
JSON_TEXT: Final = JsonText()
CUSTOM: Final = CustomText()
FLAG: Final = Flag()
BYTES: Final = Bytes()


def text(length: int) -> CodePoint:
    """Give short text of at most ``length`` characters."""
    return CodePoint(length)


def choice(members: type[StrEnum], *, checked: bool = True) -> Choice:
    """Give the type of a column that holds one of ``members``; ``checked`` gives its table the CHECK of them."""
    return Choice(members, checked=checked)


def identity() -> Column[int]:
    """Give the column ``id``: a key the database counts up and never gives twice."""
    return Column("id", KEY, Identity(), primary_key=True, info={"identity": True})


def to_json(value: object) -> str:
    """Write ``value`` as JSON: Decimals as strings, sets and tuples as lists."""
    return orjson.dumps(value, default=_plain).decode()


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not written as JSON")


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise NotStorableError(f"{value!r} is naive: an instant needs its time zone")
    return value


@event.listens_for(Column, "after_parent_attach")
def _complete_table(column: Column[Any], table: Table) -> None:
    """Give the table what a column's type asks of it."""
    if isinstance(column.type, Choice) and column.type.checked:
        values = ", ".join(f"'{item.value}'" for item in column.type.members)
        table.append_constraint(CheckConstraint(f"{column.name} IN ({values})", name=column.name))
    if column.info.get("identity"):
        # Without AUTOINCREMENT SQLite gives the id of a deleted last row again.
        table.dialect_options["sqlite"]["autoincrement"] = True
