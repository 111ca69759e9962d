"""What being late costs: simple interest, actual/365, on what was due each day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from app.domain.billing import (
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceNotIssued,
    InvoiceState,
    LateFee,
    Settled,
    WrongKind,
    late_fee,
)
from app.domain.shared.ids import PartyId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import amount, currency, price, quantity, rate
from app.domain.shared.totals import VatMode

pytestmark = pytest.mark.fast
DUE: Final = date(2026, 11, 30)
NOTHING: Final = amount(Decimal(0))


def invoice(gross: str = "1000", code: str = "EUR", **others: Any) -> Invoice:
    valuation = Valuation(
        currency=currency(code),
        rate=rate(Decimal("0.8") if code != "EUR" else Decimal(1)),
        company_currency=currency("EUR"),
        vat_mode=VatMode.PER_RATE,
    )
    line = InvoiceLine(
        position=1,
        kind=LineKind.SERVICE,
        description="Work",
        quantity=quantity(Decimal(1)),
        unit_price=price(Decimal(gross)),
        vat_rate=rate(Decimal(0)),
    )
    fields: dict[str, Any] = {"party_id": PartyId(1), "date": date(2026, 11, 1), "due_date": DUE}
    made = Invoice(**fields, valuation=valuation, lines=[line])
    made.price()
    made.state = others.pop("state", InvoiceState.VALIDATED)
    made.kind = others.pop("kind", InvoiceKind.STANDARD)
    return made


def fee(on: date, *settled: tuple[date, str], one: Invoice | None = None, charged: str = "0") -> LateFee:
    parts = [Settled(date=day, amount=amount(Decimal(value))) for day, value in settled]
    percent, fixed = rate(Decimal(8)), amount(Decimal(40))
    return late_fee(one or invoice(), parts, on, percent, fixed, amount(Decimal(charged)))


def told(found: LateFee) -> tuple[int, str, str]:
    return found.days, str(found.interest), str(found.fixed)


def test_nothing_is_late_until_the_due_date_has_passed() -> None:
    for on in (date(2026, 11, 1), DUE):
        assert told(fee(on)) == (0, "0.00", "0")
        assert fee(on).left == 0


def test_interest_is_simple_and_counts_real_days() -> None:
    """1000 at 8 per cent: 31 days are 6.794..., a year is 80, the leap day one more."""
    assert told(fee(date(2026, 12, 1))) == (1, "0.22", "40.00")
    assert told(fee(date(2026, 12, 31))) == (31, "6.79", "40.00")
    assert told(fee(date(2027, 11, 30))) == (365, "80.00", "40.00")
    assert told(fee(date(2028, 11, 30))) == (731, "160.22", "40.00")


def test_what_was_paid_bears_no_interest_from_its_day_on() -> None:
    assert told(fee(date(2026, 12, 30), (DUE, "1000"))) == (0, "0.00", "0")
    assert told(fee(date(2026, 12, 30), (date(2026, 11, 5), "400"), (date(2026, 12, 10), "300"))) == (
        30,
        "2.63",
        "40.00",
    )
    assert told(fee(date(2027, 5, 1), (date(2026, 12, 10), "1000"))) == (10, "2.19", "40.00")


def test_money_paid_back_is_due_again() -> None:
    days = (date(2026, 12, 10), "1000"), (date(2026, 12, 20), "-1000")
    assert told(fee(date(2026, 12, 30), *days)) == (20, "4.38", "40.00")


def test_what_is_charged_already_is_not_charged_again() -> None:
    found = fee(date(2026, 12, 31), charged="46.79")
    assert (found.total, found.left) == (amount(Decimal("46.79")), NOTHING)
    assert fee(date(2027, 1, 31), charged="46.79").left == Decimal("6.80")


def test_the_fixed_sum_is_told_in_the_invoice_currency() -> None:
    assert told(fee(date(2026, 12, 31), one=invoice(code="USD"))) == (31, "6.79", "50.00")


def test_only_what_was_issued_and_is_owed_can_be_late() -> None:
    with pytest.raises(InvoiceNotIssued):
        fee(DUE, one=invoice(state=InvoiceState.DRAFT))
    for kind in (InvoiceKind.CREDIT_NOTE, InvoiceKind.PRO_FORMA):
        with pytest.raises(WrongKind):
            fee(DUE, one=invoice(kind=kind))
