"""Payments that were there before refunds and credits come through the migration whole, and go back so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_costs_data import scaled
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

IN_FULL: Final = [pytest.param(kind, marks=pytest.mark.full) for kind in ("postgresql", "mariadb")]
ON_EACH: Final = pytest.mark.parametrize("kind", [pytest.param("sqlite", marks=by_age("0016")), *IN_FULL])

BEFORE: Final = "0015"
HERE: Final = "0016"
TOTALS: Final = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")


@dataclass(frozen=True)
class Old:
    """A database of the revision before, with two payments of one invoice."""

    kind: str
    url: str
    steps: Migrations

    def run(self, sql: str, **values: Any) -> None:
        """Run a statement with foreign keys on."""
        with plain_engine(self.url).connect() as connection:
            if self.kind == "sqlite":
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]
            connection.execute(text(sql), values)
            connection.commit()

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        """Give rows, amounts of them as they would be written."""
        with plain_engine(self.url).connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def amount(self, value: str) -> Any:
        """Give an amount as the database keeps it."""
        return scaled(self.kind, value, 4)


def fill(connection: Connection, kind: str) -> None:
    """Enter an invoice paid by transfer in dollars, with its exchange difference, and by cheque."""
    put(connection, "companies", id=1, name="C", country="FR", settings=SETTINGS, settings_version=1, version=1)
    place = {"street": "", "postal_code": "", "city": "", "region": "", "country": "FR"}
    kinds = {"customer": True, "supplier": False, "archived": False}
    put(connection, "third_parties", id=1, company_id=1, name="Ann", version=1, **kinds, **place)
    header: dict[str, Any] = {name: scaled(kind, "120", 4) for name in (*TOTALS, "paid", "company_paid")}
    header |= {"ref": "FA1", "party_id": 1, "date": "2026-01-31", "due_date": "2026-02-28", "note": ""}
    header |= {"currency": "USD", "rate": scaled(kind, "1", 8), "company_currency": "EUR", "kind": "standard"}
    put(connection, "invoices", id=1, company_id=1, status="paid", vat_mode="per_rate", version=1, **header)
    money = {"currency": "USD", "rate": scaled(kind, "0.95", 8), "company_currency": "EUR", "version": 1}
    for number, method, moved in ((1, "transfer", "100"), (2, "cheque", "20")):
        numbers = {"ref": f"PAY{number}", "number": number, "period": "2026", "link": str(number) * 64}
        sums = {name: scaled(kind, moved, 4) for name in ("amount", "company_amount")}
        own = {"party_id": 1, "date": "2026-02-01", "method": method}
        put(connection, "payments", id=number, company_id=1, **own, **money, **numbers, **sums)
    for payment, position, part, moved in ((1, 1, "settlement", "100"), (2, 1, "settlement", "20")):
        of = {"company_id": 1, "payment_id": payment, "position": position, "invoice_id": 1, "kind": part}
        put(connection, "payment_allocations", **of, amount=scaled(kind, moved, 4), company_amount=scaled(kind, "7", 4))
    of = {"company_id": 1, "payment_id": 2, "position": 2, "invoice_id": 1, "kind": "exchange_difference"}
    put(connection, "payment_allocations", **of, amount=0, company_amount=scaled(kind, "-0.07", 4))


@pytest.fixture
def old(kind: str, tmp_path: Path) -> Iterator[Old]:
    with empty_database(kind, tmp_path) as url:
        steps = Migrations(settings_for(url, tmp_path))
        steps.upgrade(BEFORE)
        with plain_engine(url).begin() as connection:
            fill(connection, kind)
        yield Old(kind, url, steps)


WHOLE: Final = "SELECT id, ref, method, amount, company_amount, number, period, link, version FROM payments ORDER BY id"
PARTS: Final = "SELECT payment_id, position, kind, amount, company_amount FROM payment_allocations ORDER BY 1, 2"
OFFSET: Final = "UPDATE payments SET method = 'offset' WHERE id = 2"


WRONG: Final = (
    "UPDATE payments SET method = 'barter' WHERE id = 2",
    "UPDATE payments SET account_id = 99 WHERE id = 1",
    "UPDATE payments SET reverses_id = 99 WHERE id = 1",
    "UPDATE payments SET reversed_by_id = 99 WHERE id = 1",
    "UPDATE payments SET reverses_id = 1",
    "INSERT INTO payment_uses VALUES (1, 1, 1, 99, 'settlement', 0, 0)",
    "INSERT INTO payment_uses VALUES (1, 1, 1, 2, 'gift', 0, 0)",
    "DELETE FROM payments WHERE id = 1",
)


@by_age("0016")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_payments_keep_what_they_say_up_and_down_and_up(old: Old, kind: str) -> None:
    """ERP-04: numbers, links, amounts and allocations are the chain's; a table made anew must not lose one."""
    payments, parts = old.all(WHOLE), old.all(PARTS)
    assert (len(payments), len(parts)) == (2, 3)
    for _ in range(2):
        old.steps.upgrade(HERE)
        assert (old.all(WHOLE), old.all(PARTS)) == (payments, parts)
        left = old.all("SELECT credit, company_credit, credit_left, company_credit_left FROM payments")
        assert {Decimal(value) for row in left for value in row} == {Decimal(0)}
        assert old.all("SELECT reference, reason, account_id, reverses_id FROM payments") == [("", "", None, None)] * 2
        old.steps.downgrade(BEFORE)
        assert (old.all(WHOLE), old.all(PARTS)) == (payments, parts)
    old.steps.upgrade()
    assert old.steps.check() == []


@ON_EACH
def test_what_payments_refer_to_is_there_and_once(old: Old, kind: str) -> None:
    """ERP-13: the database sees to it; of SQLite too, where the table is made anew with its keys."""
    with pytest.raises(DBAPIError):
        old.run(OFFSET)
    old.steps.upgrade(HERE)
    for wrong in WRONG:
        with pytest.raises(DBAPIError):
            old.run(wrong)
    old.run(OFFSET)
    old.steps.downgrade(BEFORE)
    assert old.all("SELECT method FROM payments ORDER BY id") == [("transfer",), ("transfer",)]
    with pytest.raises(DBAPIError):
        old.run(OFFSET)


@ON_EACH
def test_what_was_made_since_goes_and_the_payments_stay(old: Old, kind: str) -> None:
    """Down with accounts, slips, orders, credits, uses and a reversal: nothing of them stands in the way."""
    old.steps.upgrade(HERE)
    zero, one = old.amount("0"), old.amount("1")
    old.run(
        "INSERT INTO bank_accounts (company_id, label, holder, iban, bic, currency, creditor_id, archived, version)"
        " VALUES (1, 'L', 'H', 'I', '', 'EUR', '', false, 1)"
    )
    old.run(
        "UPDATE payments SET account_id = (SELECT id FROM bank_accounts), credit = :one, credit_left = :one", one=one
    )
    old.run("UPDATE payments SET reverses_id = 1 WHERE id = 2")
    old.run("UPDATE payments SET reversed_by_id = 2 WHERE id = 1")
    old.run("INSERT INTO payment_uses VALUES (1, 2, 1, 1, 'settlement', :one, :zero)", one=one, zero=zero)
    old.run(
        "INSERT INTO cheque_deposits (company_id, ref, date, account_id, currency, amount, version)"
        " SELECT 1, 'CHQ1', '2026-02-02', id, 'EUR', 0, 1 FROM bank_accounts"
    )
    old.run("INSERT INTO cheque_deposit_lines SELECT 1, id, 1, 2, 0 FROM cheque_deposits")
    old.steps.downgrade(BEFORE)
    assert [row[:3] for row in old.all(WHOLE)] == [(1, "PAY1", "transfer"), (2, "PAY2", "cheque")]
    assert len(old.all(PARTS)) == 3
    old.steps.upgrade()
    assert old.steps.check() == []
    assert {Decimal(row[0]) for row in old.all("SELECT credit FROM payments")} == {Decimal(0)}
