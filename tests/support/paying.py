"""Invoices, payments and credits in memory, for tests of what payments do to them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.domain.billing import Invoice, InvoiceLine, InvoiceState, Payment, PaymentMethod
from app.domain.shared.ids import InvoiceId, PartyId, PaymentId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import Amount, amount, currency, price, quantity, rate
from app.domain.shared.totals import Totals, VatMode

ON: Final = date(2026, 11, 21)


def money(text: str) -> Amount:
    """Read an amount."""
    return amount(Decimal(text))


def owed(*nets: tuple[str, str], number: int = 6, code: str = "EUR", exchange: str = "1", **others: Any) -> Invoice:
    """Give a validated invoice of lines of a net amount at a VAT rate; of 100 without VAT when none is given."""
    lines = [
        InvoiceLine(
            position=position,
            kind=LineKind.SERVICE,
            description="Work",
            quantity=quantity(Decimal(1)),
            unit_price=price(Decimal(net)),
            vat_rate=rate(Decimal(percent)),
        )
        for position, (net, percent) in enumerate(nets or (("100", "0"),), 1)
    ]
    valuation = Valuation(
        currency=currency(code),
        rate=rate(Decimal(exchange)),
        company_currency=currency("EUR"),
        vat_mode=VatMode.PER_RATE,
    )
    fields: dict[str, Any] = {"ref": f"FA{number}", "party_id": PartyId(1), "date": ON, "due_date": ON}
    made = Invoice(**fields | {"id": InvoiceId(number), "valuation": valuation, "lines": lines} | others)
    made.price()
    made.state = others.get("state", InvoiceState.VALIDATED)
    return made


def credited(*nets: tuple[str, str], number: int = 7, **others: Any) -> Invoice:
    """Give a validated credit note of as much."""
    made = owed(*nets, number=number, **others)
    made.totals = Totals(**{name: Amount(-getattr(made.totals, name)) for name in Totals.__dataclass_fields__})
    return made


def payment(key: int = 1, code: str = "EUR", exchange: str = "1", **others: Any) -> Payment:
    """Give a payment of nothing yet."""
    fields: dict[str, Any] = {"party_id": PartyId(1), "date": ON, "method": PaymentMethod.TRANSFER}
    fields |= {"currency": currency(code), "rate": rate(Decimal(exchange)), "company_currency": currency("EUR")}
    return Payment(**fields | {"id": PaymentId(key), "ref": f"PAY{key}"} | others)


def kept(moved: str, key: int = 1, **others: Any) -> Payment:
    """Give a payment all of which is the customer's credit."""
    made = payment(key, **others)
    made.close(money(moved))
    return made
