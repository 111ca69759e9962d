"""Heavy reports: SQL by hand in ``reports/*.sql``, run on the same path as every other statement (ERP-06).

A report declares what it returns in comments of the form ``-- Columns: code text, net amount.`` so that SQLite's whole
numbers come back as Decimals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, TextualSelect, bindparam, column
from sqlalchemy import text as sql_text
from sqlalchemy.types import TypeEngine

from app.infrastructure.database.compiled import Prepared, Row
from app.infrastructure.database.session import Session
from app.infrastructure.database.types import AMOUNT, DAY, FLAG, INSTANT, KEY, LONG_TEXT, PRICE, QUANTITY, RATE

FOLDER: Final = Path(__file__).resolve().parent / "reports"
TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "amount": AMOUNT,
    "counter": BigInteger(),
    "day": DAY,
    "flag": FLAG,
    "instant": INSTANT,
    "key": KEY,
    "price": PRICE,
    "quantity": QUANTITY,
    "rate": RATE,
    "text": LONG_TEXT,
}
_COLUMNS: Final = re.compile(r"^-- Columns: (?P<columns>.*?)\.$", re.MULTILINE)
_COMMENT: Final = re.compile(r"--[^\n]*")


def run_report(session: Session, name: str, **given: Any) -> list[Row]:
    """Give the rows of ``reports/<name>.sql`` for the parameters it names.

    A parameter's type follows from its value: str, int, Decimal (an amount), date, datetime or bool. Plans that read
    whole tables, otherwise avoided, are allowed for the rest of the transaction.
    """
    kinds = tuple(sorted((parameter, type(value)) for parameter, value in given.items()))
    session.allow_scans()
    return session.all(_report(name, kinds), **given)


_KINDS: Final[Mapping[type, TypeEngine[Any]]] = {
    str: LONG_TEXT,
    int: KEY,
    bool: FLAG,
    Decimal: AMOUNT,
    date: DAY,
    datetime: INSTANT,
}


@cache
def _report(name: str, kinds: tuple[tuple[str, type], ...]) -> Prepared:
    return Prepared(report_statement(name, dict(kinds)), f"report {name}")


def report_statement(name: str, kinds: Mapping[str, type]) -> TextualSelect:
    """Give a report as a statement with typed parameters and columns. Raises FileNotFoundError, ValueError."""
    source = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    declared = _COLUMNS.search(source)
    if declared is None:
        raise ValueError(f"report {name} does not declare its columns")
    columns = [part.split() for part in declared.group("columns").split(", ")]
    parameters = [bindparam(parameter, type_=_kind(kind)) for parameter, kind in kinds.items()]
    query = sql_text(_COMMENT.sub("", source).strip()).bindparams(*parameters)
    return query.columns(*(column(called, TYPES[kind]) for called, kind in columns))


def _kind(kind: type) -> TypeEngine[Any]:
    """Give the type of a parameter by its value's class; a StrEnum is text."""
    return next(_KINDS[base] for base in kind.__mro__ if base in _KINDS)
