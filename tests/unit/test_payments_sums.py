"""Bad debts split by VAT rate, and the one sum that always holds: paid + given up + credited + remaining = total."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    CloseReason,
    Invoice,
    InvoiceKind,
    InvoiceState,
    InvoiceWrittenOff,
    PaymentMethod,
    WrongKind,
    write_off,
)
from app.domain.shared.money import Amount, currency
from app.domain.shared.states import InvalidTransition
from tests.support.paying import ON, credited, kept, money, owed, payment

pytestmark = pytest.mark.fast
CODES: Final = st.sampled_from(["EUR", "USD", "JPY", "KWD"])
RATES: Final = st.sampled_from(["0.37", "0.5", "0.913377", "1.08123456", "7.3"])
PERCENTS: Final = st.sampled_from(["0", "5.5", "10", "20"])
NETS: Final = st.lists(st.tuples(st.integers(1, 9_999_999), PERCENTS), min_size=1, max_size=4)
SHARES: Final = st.lists(st.tuples(st.integers(1, 100), RATES), max_size=4)


def charged(code: str, exchange: str, nets: list[tuple[int, str]]) -> Invoice:
    """Give an invoice of amounts in the currency's minor unit; the company's own currency has no other rate than 1."""
    unit = currency(code).unit
    lines = [(str(net * unit), percent) for net, percent in nets]
    return owed(*lines, code=code, exchange=exchange if code != "EUR" else "1")


def share(of: Amount, percent: int, code: str) -> Amount:
    """Give so many hundredths of an amount, at least the minor unit."""
    return Amount(max(currency(code).unit, currency(code).round(of * percent / 100)))


def lose(*nets: tuple[str, str], paid: str = "0", **others: Any) -> InvoiceWrittenOff:
    """Pay a part of an invoice and give up the rest."""
    invoice = owed(*nets, **others)
    if paid != "0":
        payment(code=invoice.valuation.currency.code, exchange=str(invoice.valuation.rate)).pay(invoice, money(paid))
    return write_off(invoice, ON)[1]


def split(lost: InvoiceWrittenOff) -> list[tuple[str, str, str]]:
    return [(percent, f"{net:.2f}", f"{vat:.2f}") for percent, net, vat in lost.rates]


# --- bad debts ------------------------------------------------------------------------------------------------------


def test_of_an_invoice_nothing_was_paid_of_all_is_lost_as_it_was_charged() -> None:
    lost = lose(("100", "20"), ("50", "5.5"), ("10", "0"))
    assert lost.amount == lost.company_amount == money("182.75")
    assert (lost.net, lost.vat) == (money("160"), money("22.75"))
    assert split(lost) == [("0", "10.00", "0.00"), ("5.5", "50.00", "2.75"), ("20", "100.00", "20.00")]
    assert (lost.date, lost.currency) == (ON, "EUR")


def test_what_rounding_leaves_is_net_of_the_highest_rate() -> None:
    """Two cents are left of 3.56: the lower rates round up to all of it, and nothing is left for the last."""
    lost = lose(("1", "10"), ("1", "10"), ("0.3", "20"), ("1", "0"), paid="3.54")
    assert (lost.amount, sum(net + vat for _, net, vat in lost.rates)) == (money("0.02"), money("0.02"))
    assert split(lost) == [("0", "0.01", "0.00"), ("10", "0.01", "0.00"), ("20", "0.00", "0.00")]


def test_the_vat_lost_in_company_currency_is_what_was_charged_there() -> None:
    """Converted by rate as the invoice was: converting the sum once would claim a cent more than was charged."""
    invoice = owed(("1.13", "20"), ("1.37", "5.5"), ("1.77", "10"), code="USD", exchange="0.913377")
    _, lost = write_off(invoice, ON)
    assert lost.company_vat == invoice.totals.company_vat == money("0.44")


@pytest.mark.parametrize("state", [one for one in InvoiceState if one is not InvoiceState.VALIDATED])
def test_only_what_is_owed_is_written_off(state: InvoiceState) -> None:
    invoice = owed(state=state)
    with pytest.raises(InvalidTransition):
        write_off(invoice, ON)
    assert (invoice.state, invoice.abandon_reason) == (state, None)


def test_a_pro_forma_is_no_debt() -> None:
    with pytest.raises(WrongKind):
        write_off(owed(kind=InvoiceKind.PRO_FORMA), ON)


def test_what_a_credit_note_owes_is_not_written_off() -> None:
    note = credited(kind=InvoiceKind.CREDIT_NOTE)
    with pytest.raises(InvalidTransition):
        write_off(note, ON)


@given(code=CODES, exchange=RATES, nets=NETS, paid=st.integers(0, 99))
def test_the_parts_of_a_loss_add_up_in_every_currency(
    code: str, exchange: str, nets: list[tuple[int, str]], paid: int
) -> None:
    invoice = charged(code, exchange, nets)
    if paid and (part := share(invoice.due, paid, code)) < invoice.due:
        payment(code=code, exchange=str(invoice.valuation.rate)).pay(invoice, part)
    _, lost = write_off(invoice, ON)
    unit, company = invoice.valuation.currency, invoice.valuation.company_currency
    assert lost.net + lost.vat == lost.amount == invoice.totals.gross - invoice.paid
    assert sum(vat for _, _, vat in lost.rates) == lost.vat
    assert sum(net for _, net, _ in lost.rates) == lost.net
    assert [Decimal(rate) for rate, _, _ in lost.rates] == [line.rate for line in invoice.vat]
    assert all(unit.round(part) == part for _, *parts in lost.rates for part in parts)
    assert 0 <= lost.company_vat <= invoice.totals.company_vat
    assert company.round(lost.company_vat) == lost.company_vat
    if not invoice.paid:
        assert (lost.vat, lost.company_vat) == (invoice.totals.vat, invoice.totals.company_vat)


# --- the sum that always holds --------------------------------------------------------------------------------------


class Ledger:
    """What was done to one invoice, by kind, in its own and in the company's currency."""

    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        self.code = invoice.valuation.currency.code
        self.paid = [Decimal(0), Decimal(0)]
        self.credited = [Decimal(0), Decimal(0)]
        self.given_up = [Decimal(0), Decimal(0)]

    def pay(self, part: Amount, exchange: str) -> None:
        """Pay a part with money, or all of it and more."""
        made = payment(code=self.code, exchange=self._rate(exchange))
        made.pay(self.invoice, min(part, self.invoice.due))
        made.close(part)
        self._count(self.paid, made)

    def credit(self, part: Amount, exchange: str, *, by_note: bool) -> None:
        """Settle a part with a credit note, or with what another payment left."""
        part = min(part, self.invoice.due)
        offset = payment(2, self.code, self._rate(exchange), method=PaymentMethod.OFFSET)
        offset.pay(self.invoice, part)
        if by_note:
            offset.pay(credited((str(part), "0"), code=self.code, exchange=self._rate("0.77")), None)
        else:
            offset.use(kept(str(part), code=self.code, exchange=self._rate("0.77")), None)
        offset.close(None)
        assert offset.amount == offset.company_amount == 0
        self._count(self.credited, offset)

    def give_up(self, how: str) -> None:
        """Write the rest off, or close the invoice with it."""
        if how == "write off":
            lost = write_off(self.invoice, ON)[1]
            self.given_up = [lost.amount, lost.company_amount]
        elif how == "close":
            rest = self.invoice.close(CloseReason.DISCOUNT_VAT)
            assert sum(base + vat for _, base, vat in rest.rates) == rest.rest
            self.given_up = [rest.rest, self.invoice.totals.company_gross - self.invoice.company_paid]

    def check(self) -> None:
        """Add up what was done, and what remains."""
        one, totals = self.invoice, self.invoice.totals
        remaining = [Decimal(0), Decimal(0)]
        if not any(self.given_up):
            remaining = [one.due, totals.company_gross - one.company_paid]
        done = zip(self.paid, self.credited, self.given_up, remaining, strict=True)
        assert [sum(parts) for parts in done] == [totals.gross, totals.company_gross]
        assert one.due or one.company_paid == totals.company_gross

    def _rate(self, exchange: str) -> str:
        return exchange if self.code != "EUR" else "1"

    def _count(self, kind: list[Decimal], made: Any) -> None:
        for part in made.allocations:
            if part.invoice_id == self.invoice.id:
                kind[0] += part.amount
                kind[1] += part.company_amount


@given(
    code=CODES,
    exchange=RATES,
    nets=NETS,
    steps=st.lists(st.tuples(st.sampled_from(["pay", "note", "use"]), st.integers(1, 120), RATES), max_size=5),
    end=st.sampled_from(["", "write off", "close"]),
)
def test_paid_and_credited_and_given_up_and_remaining_are_the_total(
    code: str, exchange: str, nets: list[tuple[int, str]], steps: list[tuple[str, int, str]], end: str
) -> None:
    """In both currencies, whatever the order, the rates and the currency's minor unit."""
    ledger = Ledger(charged(code, exchange, nets))
    for what, percent, at in steps:
        if ledger.invoice.due:
            part = share(ledger.invoice.totals.gross, percent, code)
            if what == "pay":
                ledger.pay(part, at)
            else:
                ledger.credit(part, at, by_note=what == "note")
            ledger.check()
    if ledger.invoice.due:
        ledger.give_up(end)
    ledger.check()
