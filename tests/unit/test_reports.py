"""Reports as tables: periods, columns, sums."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pytest

from app.api.listing_schema import row_schema
from app.api.reporting import ReportFormat, report_answer, report_schemas
from app.api.values import shows
from app.domain.shared.money import Amount
from app.usecases.context import system_context
from app.usecases.ports.listing import FieldKind, ListField
from app.usecases.reports import Period, PeriodBackwards
from app.usecases.reports.receivables import AgeReceivables, Statement, _before
from app.usecases.reports.table import EARLIEST, LATEST, columns, summed

pytestmark = pytest.mark.fast


class Row(NamedTuple):
    currency: str
    own: Amount
    amount: Amount
    pieces: int


THINGS = columns(
    "things",
    ("currency", FieldKind.TEXT),
    ("own", FieldKind.AMOUNT),
    ListField(name="amount", kind=FieldKind.COMPANY_AMOUNT, nullable=True),
    ("pieces", FieldKind.COUNT),
)


def test_a_period_without_bounds_is_all_days_a_database_has() -> None:
    assert Period().days() == (EARLIEST, LATEST)
    day = date(2026, 2, 1)
    assert Period(date_from=day, date_to=day).days() == (day, day)
    with pytest.raises(PeriodBackwards) as caught:
        Period(date_from=day, date_to=date(2026, 1, 31)).days()
    assert caught.value.at == ("date_to",)


def test_classes_of_delay_never_begin_before_all_days() -> None:
    assert _before(date(2026, 3, 31), 30) == date(2026, 3, 1)
    assert _before(EARLIEST, 90) == EARLIEST
    assert _before(date.min, 90) == EARLIEST


def test_an_amount_has_the_digits_of_its_row_and_one_of_the_company_those_of_the_company() -> None:
    show = shows(THINGS, 2)
    row = ("JPY", Amount(Decimal(5)), Amount(Decimal("0.03")), 3)
    assert show(row) == {"currency": "JPY", "own": "5", "amount": "0.03", "pieces": 3}
    assert show(("KWD", Amount(Decimal(5)), None, 0)) == {
        "currency": "KWD",
        "own": "5.000",
        "amount": None,
        "pieces": 0,
    }


def test_a_table_sums_what_it_is_told_to_and_nothing_of_no_rows() -> None:
    rows = [Row("EUR", Amount(Decimal(1)), Amount(Decimal("0.10")), 1) for _ in range(3)]
    table = summed(system_context("test"), rows, ("amount",))
    assert table.totals == {"amount": Decimal("0.30")}
    assert summed(system_context("test"), [], ("amount", "own")).totals == {"amount": 0, "own": 0}


def test_openapi_tells_rows_sums_and_every_form() -> None:
    schemas = report_schemas(THINGS)
    assert schemas["ThingsRow"] == row_schema(THINGS)
    assert schemas["ThingsRow"]["properties"]["amount"]["type"] == ["string", "null"]
    assert schemas["ThingsRow"]["properties"]["pieces"] == {"type": "integer", "minimum": 0}
    assert schemas["ThingsReport"]["required"] == ["currency", "rows", "totals"]
    assert len(report_answer(THINGS)["content"]) == len(ReportFormat)


def test_columns_of_reports_are_those_of_their_rows() -> None:
    names = [field.name for field in AgeReceivables.listing.fields]
    assert names[3:] == ["not_due", "days_1_30", "days_31_60", "days_61_90", "over_90", "total"]
    assert [field.name for field in Statement.listing.fields][-1] == "balance"
