"""What customers owe, told the same by statement, aging and list of unpaid invoices, whatever was done with money."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.office import ON_SQLITE, Office

pytestmark = [pytest.mark.fast, ON_SQLITE]
FIRST: Final = "2026-10-01"
DAYS: Final = tuple(f"2026-10-{day:02}" for day in range(1, 8))


def invoice(office: Office, party: int, gross: str, day: str = FIRST, **fields: Any) -> int:
    return int(office.invoice(gross, party_id=party, date=day, **fields)["id"])


def pay(office: Office, invoice: int, day: str, **fields: Any) -> int:
    return int(office.make(f"/invoices/{invoice}/payments", {"date": day, **fields})["id"])


def owed(office: Office, party: int, day: str) -> tuple[str, str, str]:
    """Give what a customer owed at the end of a day by each of the three reports; credits are not in the last."""
    account = office.get(f"/third-parties/{party}/statement?date_to={day}").body
    aged = office.get(f"/reports/receivables?on={day}").body
    unpaid = office.get(f"/reports/unpaid?on={day}").body
    return account["totals"]["amount"], aged["totals"]["total"], unpaid["totals"]["company_due"]


def test_a_pro_forma_that_was_given_up_is_on_no_account(office: Office) -> None:
    party = office.customer()
    offer = invoice(office, party, "100", kind="pro_forma")
    office.act(f"/invoices/{offer}/abandon", {"reason": "abandon"})
    assert office.get(f"/third-parties/{party}/statement")["rows"] == []
    assert owed(office, party, DAYS[0]) == ("0.00", "0.00", "0.00")
