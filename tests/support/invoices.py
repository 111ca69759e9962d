"""Invoices in memory, their credit notes, and the sums a database gives of these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.domain.billing import Credited, Invoice, InvoiceKind, InvoiceLine, InvoiceState, Share, deposit_lines
from app.domain.shared.ids import InvoiceId, PartyId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import Amount, amount, currency, price, quantity, rate
from app.domain.shared.totals import VatMode

ON: Final = date(2026, 11, 21)


def money(text: str) -> Amount:
    """Give an amount."""
    return amount(Decimal(text))


def valued(code: str = "EUR", exchange: str = "1", mode: VatMode = VatMode.PER_RATE) -> Valuation:
    """Give how a document counts in a company that keeps its books in euros."""
    return Valuation(
        currency=currency(code),
        rate=rate(Decimal(exchange)),
        company_currency=currency("EUR"),
        vat_mode=mode,
    )


def invoice(valuation: Valuation, lines: Sequence[tuple[Any, ...]], **others: Any) -> Invoice:
    """Give a priced draft; a line is quantity, unit price, discount and VAT rate."""
    made = Invoice(
        **{
            "id": InvoiceId(1),
            "party_id": PartyId(1),
            "date": ON,
            "due_date": ON,
            "valuation": valuation,
            "ref": "FA1",
            **others,
        },
        lines=[
            InvoiceLine(
                position=position,
                kind=LineKind.SERVICE,
                description="Work",
                quantity=quantity(Decimal(many)),
                unit_price=price(Decimal(each)),
                discount=rate(Decimal(off)),
                vat_rate=rate(Decimal(percent)),
            )
            for position, (many, each, off, percent) in enumerate(lines, 1)
        ],
    )
    made.price()
    return made


def deposit(gross: str, of: Invoice, *, number: int = 2, valuation: Valuation | None = None) -> Invoice:
    """Give a paid deposit of ``gross``, split as ``of`` is."""
    own = valuation or of.valuation
    made = Invoice(
        id=InvoiceId(number),
        ref=f"AC{number}",
        kind=InvoiceKind.DEPOSIT,
        party_id=of.party_id,
        date=ON,
        due_date=ON,
        valuation=own,
        lines=deposit_lines(money(gross), of.vat, own, "Deposit"),
    )
    made.price()
    made.state, made.paid = InvoiceState.PAID, made.totals.gross
    return made


def note_of(source: Invoice, lines: list[InvoiceLine]) -> Invoice:
    """Give the credit note of these lines as a draft, priced as it is stored."""
    made = Invoice(
        id=source.id,
        kind=InvoiceKind.CREDIT_NOTE,
        source_id=source.id,
        ref=source.ref,
        party_id=source.party_id,
        date=source.date,
        due_date=source.due_date,
        valuation=source.valuation,
        lines=lines,
    )
    made.price()
    return made


def taken_by(notes: Sequence[Invoice]) -> list[Credited]:
    """Sum the lines of credit notes as the database does."""
    sums: dict[tuple[Any, ...], tuple[Decimal, Share]] = {}
    for line in (line for note in notes for line in note.lines):
        key = (line.source_position, line.vat_rate, line.deposit_id)
        many, share = sums.get(key, (Decimal(0), Share()))
        assert line.vat is not None
        assert line.company_vat is not None
        own = Share(net=line.net, vat=line.vat, company_net=line.company_net, company_vat=line.company_vat)
        sums[key] = (many + line.quantity, share + own)
    return [
        Credited(position=position, group=(percent, given), quantity=many, share=share)
        for (position, percent, given), (many, share) in sums.items()
    ]
