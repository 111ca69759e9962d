"""Credit notes, and accounts and orders to the bank, for tests."""

from __future__ import annotations

from typing import Any, Final

from tests.support.office import Office


def credit_note(office: Office, gross: str = "100", **fields: Any) -> int:
    """Give the id of a validated credit note of all of an invoice, which stays as it is."""
    made = office.invoice(gross, **fields)["id"]
    note = int(office.make(f"/invoices/{made}/credit-notes", {})["id"])
    office.act(f"/invoices/{note}/validate")
    return note


OWN_ACCOUNT: Final = {
    "label": "Current",
    "holder": "Acme SARL",
    "iban": "FR7630006000011234567890189",
    "creditor_id": "DE98ZZZ09999999999",
}


def debit_of(account: int, *invoices: int, amount: str = "1") -> dict[str, Any]:
    """Give an order that collects ``amount`` of each invoice."""
    mandate = {"mandate": "MND-7", "mandate_date": "2026-01-15", "sequence": "RCUR"}
    debtor = {"holder": "Client", "iban": "DE89370400440532013000", "amount": amount, **mandate}
    lines = [{"invoice_id": invoice, **debtor} for invoice in invoices]
    return {"kind": "direct_debit", "date": "2026-11-30", "account_id": account, "lines": lines}
