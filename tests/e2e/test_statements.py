"""What customers owe, told the same by statement, aging and list of unpaid invoices, whatever was done with money."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.credits import OWN_ACCOUNT, credit_note, debit_of
from tests.support.office import ON_SQLITE, Office, free_line

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


def agree(office: Office, party: int, *amounts: str) -> None:
    """Check what was owed at the end of each day from the first on, by statement and aging alike."""
    told = [owed(office, party, day)[:2] for day in DAYS[: len(amounts)]]
    assert told == [(amount, amount) for amount in amounts]


def account(office: Office, party: int) -> list[tuple[str, str, str]]:
    rows = office.get(f"/third-parties/{party}/statement")["rows"]
    return [(row["date"][-2:], row["kind"], row["amount"]) for row in rows]


# --- the same on each day -------------------------------------------------------------------------------------------


def test_parts_refunds_and_reversals_are_owed_from_their_days_on(office: Office) -> None:
    party = office.customer()
    one = invoice(office, party, "100")
    first = pay(office, one, DAYS[1], amount="30")
    note = credit_note(office, "50", party_id=party, date=DAYS[2])
    pay(office, note, DAYS[4], amount="-20")
    office.make(f"/payments/{first}/reverse", {"date": DAYS[5], "reason": "Bounced"})
    whole = office.get(f"/invoices/{note}")
    assert whole["date"] not in DAYS
    agree(office, party, "100.00", "70.00", "120.00", "120.00", "140.00", "170.00")
    assert owed(office, party, whole["date"])[:2] == ("120.00", "120.00")


def test_money_that_came_before_its_invoice_is_to_the_customers_credit_until_then(office: Office) -> None:
    """Paid in advance, entered once the invoice was there: in between the company owes."""
    party = office.customer()
    later = invoice(office, party, "100", DAYS[3])
    pay(office, later, DAYS[1], amount="60")
    agree(office, party, "0.00", "-60.00", "-60.00", "40.00")
    assert owed(office, party, DAYS[2])[2] == "0.00"


def test_an_overpayment_is_the_customers_until_it_is_used(office: Office) -> None:
    party = office.customer()
    first = invoice(office, party, "100")
    more = pay(office, first, DAYS[1], amount="130", keep_rest=True)
    second = invoice(office, party, "50", DAYS[2])
    use = [{"credit_of": more}, {"invoice_id": second, "amount": "30"}]
    offset = office.make("/payments", {"date": DAYS[3], "method": "offset", "allocations": use})["id"]
    office.make(f"/payments/{offset}/reverse", {"date": DAYS[4], "reason": "Wrong"})
    office.make("/payments", {"date": DAYS[5], "allocations": [{"credit_of": more}]})
    agree(office, party, "100.00", "-30.00", "20.00", "20.00", "20.00", "50.00")
    assert account(office, party)[-1] == ("06", "payment", "30.00")


def test_what_was_paid_at_other_rates_is_owed_at_none(office: Office) -> None:
    """Design 3: the difference stands beside the payment that settles, on its day and no other."""
    party = office.customer()
    dollars = invoice(office, party, "100", currency="USD", rate="0.9")
    pay(office, dollars, DAYS[1], amount="60", rate="1")
    last = pay(office, dollars, DAYS[2], rate="0.8")
    agree(office, party, "90.00", "30.00", "0.00")
    assert account(office, party)[1:] == [
        ("02", "payment", "-60.00"),
        ("03", "payment", "-32.00"),
        ("03", "exchange_difference", "2.00"),
    ]
    office.make(f"/payments/{last}/reverse", {"date": DAYS[3], "reason": "Recalled"})
    agree(office, party, "90.00", "30.00", "0.00", "30.00")
    assert owed(office, party, DAYS[3])[2] == "30.00"


def test_a_bad_debt_leaves_what_was_paid_of_it(office: Office) -> None:
    """Given up as of the invoice's day: what was received stays."""
    party = office.customer()
    lost = invoice(office, party, "100")
    pay(office, lost, DAYS[1], amount="25")
    office.act(f"/invoices/{lost}/write-off", {"date": DAYS[4]})
    assert account(office, party) == [
        ("01", "invoice", "100.00"),
        ("01", "given_up", "-75.00"),
        ("02", "payment", "-25.00"),
    ]
    agree(office, party, "25.00", "0.00", "0.00")


def test_what_was_paid_at_a_discount_was_owed_until_it_was_paid(office: Office) -> None:
    """An invoice closed with a rest is not gone from the months before."""
    party = office.customer()
    one = invoice(office, party, "100")
    pay(office, one, DAYS[2], amount="98")
    office.act(f"/invoices/{one}/close", {"reason": "discount_vat"})
    assert owed(office, party, DAYS[1]) == ("98.00", "98.00", "98.00")
    assert owed(office, party, DAYS[2]) == ("0.00", "0.00", "0.00")
    assert office.get(f"/reports/unpaid?on={DAYS[2]}")["rows"] == []


def test_a_deposit_is_owed_paid_and_deducted_once(office: Office) -> None:
    party = office.customer()
    order = office.order([free_line("200")], party_id=party)["id"]
    deposit = office.make(f"/orders/{order}/deposits", {"percent": "25", "date": DAYS[0], "due_date": DAYS[0]})["id"]
    office.act(f"/invoices/{deposit}/validate")
    pay(office, deposit, DAYS[1])
    final = office.make("/invoices", {"party_id": party, "date": DAYS[2], "lines": [free_line("200")]})["id"]
    office.act(f"/invoices/{final}/deductions", {"deposit_id": deposit})
    office.act(f"/invoices/{final}/validate")
    agree(office, party, "50.00", "0.00", "150.00")


# --- who is asked, and how late they are ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "days", "column"),
    [
        ("2026-10-31", 0, "not_due"),
        ("2026-11-01", 1, "days_1_30"),
        ("2026-11-30", 30, "days_1_30"),
        ("2026-12-01", 31, "days_31_60"),
        ("2026-12-30", 60, "days_31_60"),
        ("2026-12-31", 61, "days_61_90"),
        ("2027-01-29", 90, "days_61_90"),
        ("2027-01-30", 91, "over_90"),
    ],
)
def test_what_is_open_is_aged_by_the_day(office: Office, on: str, days: int, column: str) -> None:
    """On its due day nothing is late yet; a class ends with its last day."""
    party = office.customer()
    invoice(office, party, "100", due_date="2026-10-31")
    (row,) = office.get(f"/reports/receivables?on={on}")["rows"]
    classes = ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90")
    assert {name: row[name] for name in classes if row[name] != "0.00"} == {column: "100.00"}
    assert office.get(f"/reports/unpaid?on={on}")["rows"][0]["days_overdue"] == days


def test_the_unpaid_come_with_what_was_left_that_day_the_longest_due_first(office: Office) -> None:
    party = office.customer()
    young = invoice(office, party, "10", due_date="2026-12-31")
    old = invoice(office, party, "20", due_date="2026-10-31")
    pay(office, old, DAYS[2], amount="19.99")
    pay(office, young, DAYS[4])
    for day, expected in ((DAYS[1], ["20.00", "10.00"]), (DAYS[2], ["0.01", "10.00"]), (DAYS[4], ["0.01"])):
        assert [row["due"] for row in office.get(f"/reports/unpaid?on={day}")["rows"]] == expected
    assert office.get(f"/reports/unpaid?on={DAYS[2]}")["totals"] == {"company_due": "10.01"}


def test_an_order_to_the_bank_is_no_money_until_it_is_settled(office: Office) -> None:
    party = office.customer()
    one, two = (invoice(office, party, gross) for gross in ("100", "50"))
    bank = office.make("/bank-accounts", OWN_ACCOUNT)["id"]
    order = debit_of(bank, one, two, amount="50")
    path = f"/sepa-orders/{office.make('/sepa-orders', order)['id']}"
    office.act(f"{path}/generate")
    assert owed(office, party, DAYS[3])[0] == "150.00"
    office.act(f"{path}/settle", {"date": DAYS[2], "returned": [2]})
    agree(office, party, "150.00", "150.00", "100.00")


# --- dates that would contradict each other -------------------------------------------------------------------------


def test_a_payment_is_not_undone_before_it_was_made(office: Office) -> None:
    party = office.customer()
    paid = pay(office, invoice(office, party, "100"), DAYS[4])
    refused = office.post(f"/payments/{paid}/reverse", {"date": DAYS[3], "reason": "Wrong"})
    assert (*refused.refusal, refused.pointers) == (422, "billing.dated_before", ["/date"])
    assert refused["facts"]["date"] == DAYS[4]
    office.make(f"/payments/{paid}/reverse", {"date": DAYS[4], "reason": "Wrong"})
    agree(office, party, *["100.00"] * 6)


def test_a_reversal_without_a_date_is_of_today_or_of_the_payments_own_day_when_that_is_later(office: Office) -> None:
    party = office.customer()
    paid = pay(office, invoice(office, party, "100"), "2099-01-05")
    assert office.make(f"/payments/{paid}/reverse", {"reason": "Wrong"})["date"] == "2099-01-05"


def test_a_credit_is_not_used_before_it_came_in(office: Office) -> None:
    party = office.customer()
    more = pay(office, invoice(office, party, "100"), DAYS[4], amount="150", keep_rest=True)
    two = invoice(office, party, "50")
    parts = [{"invoice_id": two}, {"credit_of": more}]
    body: dict[str, Any] = {"method": "offset", "allocations": parts}
    refused = office.post("/payments", {**body, "date": DAYS[3]})
    assert (*refused.refusal, refused.pointers) == (422, "billing.dated_before", ["/allocations/1/credit_of"])
    assert office.get(f"/invoices/{two}")["due"] == "50.00"
    office.make("/payments", {**body, "date": DAYS[4]})
    agree(office, party, *["150.00"] * 4, "0.00")


def test_a_pro_forma_that_was_given_up_is_on_no_account(office: Office) -> None:
    party = office.customer()
    offer = invoice(office, party, "100", kind="pro_forma")
    office.act(f"/invoices/{offer}/abandon", {"reason": "abandon"})
    assert office.get(f"/third-parties/{party}/statement")["rows"] == []
    assert owed(office, party, DAYS[0]) == ("0.00", "0.00", "0.00")
