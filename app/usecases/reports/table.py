"""What a report is: a table with named, typed columns, some of them summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, TypeVar

from app.domain.shared.errors import Invalid
from app.domain.shared.money import Amount, total
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing

# The range every database has dates for.
EARLIEST: Final = date(1000, 1, 1)
LATEST: Final = date(9999, 12, 31)
RowT = TypeVar("RowT", bound=tuple[Any, ...])


class PeriodBackwards(Invalid):
    """The period ends before it begins."""

    code = "reports.period_backwards"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From which day to which, both included; None is without bound."""

    date_from: date | None = None
    date_to: date | None = None

    def days(self) -> tuple[date, date]:
        """Give the first and the last day. Raises PeriodBackwards."""
        first, last = self.date_from or EARLIEST, self.date_to or LATEST
        if last < first:
            raise PeriodBackwards(at=("date_to",), date_from=first, date_to=last)
        return first, last


# Without slots: Python 3.11 and 3.12 cannot call a subscripted generic that is frozen and slotted.
@dataclass(frozen=True, kw_only=True)
class Table(Generic[RowT]):
    """The rows of a report, in the order of its columns, and the sums of its columns that are summed.

    ``currency`` is the company's, which amounts are in where a row names no other.
    """

    currency: str
    rows: Sequence[RowT]
    totals: Mapping[str, Amount]


def columns(name: str, *fields: tuple[str, FieldKind] | ListField) -> Listing:
    """Give the columns of the report called ``name``, whose rows come in one order."""
    return Listing(
        name=name,
        fields=tuple(
            field if isinstance(field, ListField) else ListField(name=field[0], kind=field[1]) for field in fields
        ),
        default_sort=(),
        key=(),
    )


def summed(context: Context, rows: Sequence[RowT], names: Sequence[str]) -> Table[RowT]:
    """Make a table of ``rows``, summing the attributes called ``names``."""
    totals = {name: total(getattr(row, name) for row in rows) for name in names}
    return Table(currency=context.settings.currency.code, rows=rows, totals=totals)
