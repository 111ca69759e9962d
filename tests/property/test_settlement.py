"""Whatever is paid, refunded, offset, kept, used and reversed: the sums hold in both currencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.billing import Invoice, InvoiceLine, InvoiceState, Payment, PaymentMethod
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import InvoiceId, PartyId, PaymentId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import Amount, convert, currency, price, quantity, rate
from app.domain.shared.numbering import Number
from app.domain.shared.totals import Totals, VatMode

pytestmark = pytest.mark.fast
ON: Final = date(2026, 11, 21)
RATES: Final = st.sampled_from(["0.37", "0.5", "0.913377", "1.08123456", "7.3"])
CENTS: Final = st.integers(1, 30_000)


def document(number: int, cents: int, code: str, exchange: str, *, note: bool) -> Invoice:
    """Give a validated invoice, or a credit note, valued at its own rate."""
    foreign = code != "EUR"
    valued = Valuation(
        currency=currency(code),
        rate=rate(Decimal(exchange if foreign else 1)),
        company_currency=currency("EUR"),
        vat_mode=VatMode.PER_RATE,
    )
    line = InvoiceLine(
        position=1,
        kind=LineKind.SERVICE,
        description="Work",
        quantity=quantity(Decimal(1)),
        unit_price=price(Decimal(cents) / 100),
        vat_rate=rate(Decimal(20)),
    )
    made = Invoice(
        id=InvoiceId(number), party_id=PartyId(1), date=ON, due_date=ON + timedelta(9), valuation=valued, lines=[line]
    )
    made.price()
    made.validate(Number(ref=f"FA{number}", number=number, period="2026-11", date=ON))
    if note:
        totals = {name: Amount(-getattr(made.totals, name)) for name in Totals.__dataclass_fields__}
        made.totals = Totals(**totals)
    return made


@dataclass
class Desk:
    """One customer's documents in one currency, and the payments entered for them."""

    code: str
    invoices: dict[InvoiceId, Invoice] = field(default_factory=dict)
    payments: dict[PaymentId, Payment] = field(default_factory=dict)

    def start(self, exchange: str, method: PaymentMethod = PaymentMethod.TRANSFER) -> Payment:
        return Payment(
            party_id=PartyId(1),
            date=ON,
            method=method,
            currency=currency(self.code),
            rate=rate(Decimal(exchange if self.code != "EUR" else 1)),
            company_currency=currency("EUR"),
        )

    def keep(self, payment: Payment) -> None:
        payment.id = PaymentId(len(self.payments) + 1)
        payment.ref = f"PAY{payment.id}"
        self.payments[payment.id] = payment

    def of(self, which: int, *, note: bool) -> Invoice | None:
        found = [
            one
            for one in self.invoices.values()
            if (one.totals.gross < 0) == note and one.state is InvoiceState.VALIDATED
        ]
        return found[which % len(found)] if found else None

    def pay(self, which: int, cents: int, exchange: str, *, note: bool = False, keeps: bool = False) -> None:
        """Pay a part of an invoice, all of it and more, or give back of a credit note."""
        invoice = self.of(which, note=note)
        if invoice is None:
            return
        payment = self.start(exchange)
        part: Decimal = Decimal(cents) / 100
        if keeps and not note:
            payment.pay(invoice, None)
            payment.close(Amount(payment.amount + part))
        else:
            part = min(part, abs(invoice.due))
            payment.pay(invoice, Amount(-part if note else part))
            payment.close(None)
        self.keep(payment)

    def offset(self, which: int, cents: int, exchange: str, *, credit: bool) -> None:
        """Settle of an invoice with a credit note, or with what an earlier payment left."""
        invoice, note = self.of(which, note=False), self.of(which, note=True)
        left = [one for one in self.payments.values() if one.credit_left]
        source = left[which % len(left)] if left and credit else None
        if invoice is None or (source is None and (credit or note is None)):
            return
        there = source.credit_left if source is not None else abs(note.due) if note is not None else Amount(Decimal(0))
        part = Amount(min(Decimal(cents) / 100, invoice.due, there))
        payment = self.start(exchange, PaymentMethod.OFFSET)
        payment.pay(invoice, part)
        if source is not None:
            payment.use(source, Amount(-part))
        elif note is not None:
            payment.pay(note, Amount(-part))
        payment.close(None)
        assert not payment.amount
        assert not payment.company_amount
        self.keep(payment)

    def reverse(self, which: int) -> None:
        """Undo a payment, unless the books refuse."""
        if not self.payments:
            return
        payment = list(self.payments.values())[which % len(self.payments)]
        try:
            undone = payment.reverse(ON, "Wrong")
        except DomainError:
            return
        sums: dict[InvoiceId, list[Decimal]] = {}
        for part in payment.allocations:
            own = sums.setdefault(part.invoice_id, [Decimal(0), Decimal(0)])
            own[0], own[1] = own[0] + part.amount, own[1] + part.company_amount
        for invoice, (own_amount, company_amount) in sums.items():
            self.invoices[invoice].take_back(Amount(own_amount), Amount(company_amount))
        for use in undone.uses:
            self.payments[use.credit_of].spend(use.amount, use.company_amount)
        self.keep(undone)
        payment.reversed(undone)

    def check(self) -> None:
        """Add everything up anew."""
        paid: dict[InvoiceId, Decimal] = dict.fromkeys(self.invoices, Decimal(0))
        company_paid: dict[InvoiceId, Decimal] = dict.fromkeys(self.invoices, Decimal(0))
        left = {one.id: [one.credit, one.company_credit] for one in self.payments.values()}
        for payment in self.payments.values():
            uses = sum(use.amount for use in payment.uses)
            assert payment.amount == sum(part.amount for part in payment.allocations) + uses + payment.credit
            if payment.reverses_id is None:
                assert payment.company_amount == convert(payment.amount, payment.rate, payment.company_currency)
            for part in payment.allocations:
                paid[part.invoice_id] += part.amount
                company_paid[part.invoice_id] += part.company_amount
            for use in payment.uses:
                left[use.credit_of][0] = Amount(left[use.credit_of][0] + use.amount)
                left[use.credit_of][1] = Amount(left[use.credit_of][1] + use.company_amount)
        for invoice in self.invoices.values():
            assert (invoice.paid, invoice.company_paid) == (paid[invoice.id], company_paid[invoice.id])
            assert 0 <= abs(invoice.due) <= abs(invoice.totals.gross)
            assert (invoice.state is InvoiceState.PAID) == (invoice.due == 0)
            if invoice.due == 0:
                assert invoice.company_paid == invoice.totals.company_gross
        for payment in self.payments.values():
            assert [payment.credit_left, payment.company_credit_left] == left[payment.id]
            assert 0 <= payment.credit_left <= payment.credit
            assert payment.credit_left or not payment.company_credit_left


STEP: Final = st.tuples(
    st.sampled_from(["pay", "keep", "refund", "offset", "use", "use", "reverse"]), st.integers(0, 20), CENTS, RATES
)


@settings(max_examples=150, deadline=None)
@given(
    code=st.sampled_from(["EUR", "USD", "JPY"]),
    documents=st.lists(st.tuples(CENTS, RATES, st.booleans()), min_size=2, max_size=6),
    steps=st.lists(STEP, max_size=25),
)
def test_the_sums_hold_whatever_is_paid_used_and_reversed(
    code: str, documents: list[tuple[int, str, bool]], steps: list[tuple[str, int, int, str]]
) -> None:
    """Paid in full leaves exactly zero in both currencies; a credit is never used beyond what is left."""
    desk = Desk(code)
    for number, (cents, exchange, note) in enumerate(documents, 1):
        desk.invoices[InvoiceId(number)] = document(number, whole(cents, code), code, exchange, note=note)
    for what, which, cents, exchange in steps:
        cents = whole(cents, code)  # noqa: PLW2901 - in the currency's unit
        todo: Mapping[str, Any] = {
            "pay": lambda: desk.pay(which, cents, exchange),  # noqa: B023 - called at once
            "keep": lambda: desk.pay(which, cents, exchange, keeps=True),  # noqa: B023 - likewise
            "refund": lambda: desk.pay(which, cents, exchange, note=True),  # noqa: B023 - likewise
            "offset": lambda: desk.offset(which, cents, exchange, credit=False),  # noqa: B023 - likewise
            "use": lambda: desk.offset(which, cents, exchange, credit=True),  # noqa: B023 - likewise
            "reverse": lambda: desk.reverse(which),  # noqa: B023 - likewise
        }
        todo[what]()
        desk.check()


def whole(cents: int, code: str) -> int:
    """Give an amount in hundredths that the currency has."""
    return cents if code != "JPY" else -(-cents // 100) * 100
