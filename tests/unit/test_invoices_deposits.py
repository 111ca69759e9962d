"""Deposits: what is asked for, how it is split by VAT rate, and how it is deducted, once and to the cent."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    BadDeposit,
    CloseReason,
    CreditNoteLines,
    DepositDeducted,
    DepositDiffers,
    DepositNotPaid,
    DepositTooLarge,
    Invoice,
    InvoiceKind,
    InvoiceNotDraft,
    InvoiceState,
    NothingToCredit,
    Part,
    RatePart,
    WrongKind,
    deduct,
    deposit_of,
)
from app.domain.shared.errors import DomainError
from app.domain.shared.ids import InvoiceId, PartyId
from app.domain.shared.money import Amount, currency, quantity, rate
from app.domain.shared.totals import Totals, VatMode
from tests.support.invoices import deposit, invoice, money, note_of, taken_by, valued

pytestmark = pytest.mark.fast
TAXED: Final = [("1", "100", "0", "20"), ("2", "50", "0", "5.5")]
"""120.00 at 20 and 105.50 at 5.5 per cent: 225.50."""


def asked(percent: str | None = None, amount: str | None = None, code: str = "EUR", gross: str = "225.50") -> Amount:
    exact = [None if one is None else Decimal(one) for one in (percent, amount)]
    return deposit_of(exact[0], exact[1], Totals(gross=money(gross)), valued(code))


@pytest.mark.parametrize(
    ("percent", "code", "gross", "told"),
    [
        ("30", "EUR", "225.50", "67.65"),
        ("33.33", "EUR", "225.50", "75.16"),
        ("100", "EUR", "225.50", "225.50"),
        ("0.01", "EUR", "225.50", "0.02"),
        ("50", "EUR", "0.01", "0.01"),
        ("12.5", "JPY", "1004", "126"),
        ("12.5", "KWD", "1.004", "0.126"),
    ],
)
def test_a_percentage_is_of_the_gross_and_rounded_half_up(percent: str, code: str, gross: str, told: str) -> None:
    assert asked(percent, code=code, gross=gross) == Decimal(told)


@pytest.mark.parametrize("amount", ["0.01", "225.50", "100"])
def test_an_amount_is_taken_as_it_is(amount: str) -> None:
    assert asked(amount=amount) == Decimal(amount)


@pytest.mark.parametrize(
    ("percent", "amount", "at"),
    [
        ("0", None, "percent"),
        ("-10", None, "percent"),
        ("100.00000001", None, "percent"),
        ("0.001", None, "percent"),
        (None, "0", "amount"),
        (None, "-1", "amount"),
        (None, "225.51", "amount"),
        (None, "1.001", "amount"),
    ],
)
def test_a_deposit_is_above_zero_and_at_most_the_order(percent: str | None, amount: str | None, at: str) -> None:
    """The last percentage rounds to nothing; the refusal names the field and the most."""
    with pytest.raises(BadDeposit) as caught:
        asked(percent, amount)
    assert (caught.value.at, caught.value.facts["most"]) == ((at,), Decimal("225.50"))


def test_a_deposit_is_split_as_the_order_is() -> None:
    """100.00 of 225.50: 46.78 at 5.5 and 53.22 at 20 per cent, each with the tax in it."""
    found = deposit("100", invoice(valued(), TAXED))
    assert [(line.vat_rate, line.net, line.vat) for line in found.lines] == [
        (Decimal("5.5"), Decimal("44.34"), Decimal("2.44")), (20, Decimal("44.35"), Decimal("8.87")),
    ]  # fmt: skip
    assert [(line.position, line.description, line.quantity) for line in found.lines] == [
        (1, "Deposit", Decimal(1)), (2, "Deposit", Decimal(1)),
    ]  # fmt: skip
    assert found.totals.gross == 100


def test_what_is_free_in_the_order_asks_for_no_deposit() -> None:
    order = invoice(valued(), [("1", "0", "0", "20"), ("1", "80", "0", "0")])
    (line,) = deposit("40", order).lines
    assert (line.vat_rate, line.net) == (Decimal(0), Decimal(40))


def test_a_foreign_deposit_is_worth_its_own_rate() -> None:
    order = invoice(valued("USD", "0.9"), TAXED)
    (low, high) = deposit("100", order, valuation=valued("USD", "0.8")).lines
    assert (low.company_net, low.company_vat) == (Decimal("35.47"), Decimal("1.95"))
    assert (high.company_net, high.company_vat) == (Decimal("35.48"), Decimal("7.10"))


@pytest.mark.parametrize(
    ("gross", "nets"),
    [
        ("0.05", [("33.7", "0"), ("1.79", "20"), ("4.55", "2.1"), ("4.64", "7")]),
        ("0.01", [("5", "100"), ("5", "0")]),
        ("0.01", [("0.8", "100")]),
    ],
)
def test_a_few_cents_over_many_rates_are_split_without_a_line_below_zero(
    gross: str, nets: list[tuple[str, str]]
) -> None:
    """ERP-07: what rounding up gave to the first is not taken from the last; a cent that is all tax is not lost."""
    order = invoice(valued(), [("1", net, "0", percent) for net, percent in nets])
    found = deposit(gross, order)
    assert found.totals.gross == Decimal(gross)
    assert min(min(line.net, line.vat or Decimal(0)) for line in found.lines) >= 0


@given(
    st.lists(
        st.tuples(
            st.just("1"),
            st.decimals("0.01", "500", places=2).map(str),
            st.just("0"),
            st.sampled_from(["0", "2.1", "5.5", "10", "20", "100"]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([("EUR", "1"), ("JPY", "0.0061"), ("KWD", "3.0175")]),
    st.sampled_from(VatMode),
    st.integers(1, 5000),
)
def test_a_deposit_is_exactly_what_was_asked(
    lines: list[tuple[str, ...]], coin: tuple[str, str], mode: VatMode, units: int
) -> None:
    """ERP-07: gross of the lines, of the rates and of the whole, and nothing in it below zero."""
    order = invoice(valued(*coin, mode), lines)
    gross = min(order.totals.gross, units * order.valuation.currency.unit)
    if not gross:
        return
    found = deposit(str(gross), order)
    assert found.totals.gross == gross
    assert sum(tax.base + tax.vat for tax in found.vat) == gross
    assert all(line.net >= 0 and (line.vat or 0) >= 0 for line in found.lines)


def final(**others: Any) -> Invoice:
    return invoice(valued(), TAXED, **others)


def test_a_deduction_takes_the_very_amounts_of_the_deposit_by_rate() -> None:
    one = final()
    given = deposit("100", one)
    told = deduct(one, given, deducted=False)
    assert told.facts() == {"id": 1, "deposit": 2, "gross": Decimal(100)}
    assert [(line.position, line.net, line.vat, line.deposit_id, line.description) for line in one.lines[2:]] == [
        (3, Decimal("-44.34"), Decimal("-2.44"), 2, "AC2"), (4, Decimal("-44.35"), Decimal("-8.87"), 2, "AC2"),
    ]  # fmt: skip
    assert (one.totals.gross, one.due) == (Decimal("125.50"), Decimal("125.50"))
    assert [(tax.rate, tax.base, tax.vat) for tax in one.vat] == [
        (Decimal("5.5"), Decimal("55.66"), Decimal("3.06")), (20, Decimal("55.65"), Decimal("11.13")),
    ]  # fmt: skip


def test_deductions_stay_when_the_draft_is_priced_again() -> None:
    """A change of its note must not compute the tax of the deposit anew."""
    one = final()
    deduct(one, deposit("33.33", one), deducted=False)
    before = deepcopy((one.totals, one.vat))
    one.price()
    assert (one.totals, one.vat) == before


def test_several_deposits_are_deducted_until_nothing_is_due() -> None:
    """ERP-07: 100.00 and 125.50 of 225.50; the invoice is paid when it is validated."""
    one, order = final(), final()
    deduct(one, deposit("100", order), deducted=False)
    deduct(one, deposit("125.50", order, number=3), deducted=False)
    assert one.totals.gross == one.due == 0
    one.state = InvoiceState.VALIDATED
    assert one.pay_if_nothing_due() is not None
    assert one.state is InvoiceState.PAID


def test_a_second_deposit_is_held_against_what_the_first_left() -> None:
    one, order = final(), final()
    deduct(one, deposit("100", order), deducted=False)
    with pytest.raises(DepositTooLarge) as caught:
        deduct(one, deposit("125.51", order, number=3), deducted=False)
    assert caught.value.facts["gross"] == Decimal("125.50")


REFUSED: Final[dict[str, tuple[type[DomainError], dict[str, Any], dict[str, Any]]]] = {
    "final": (InvoiceNotDraft, {"state": InvoiceState.VALIDATED}, {}),
    "on a pro forma": (WrongKind, {"kind": InvoiceKind.PRO_FORMA}, {}),
    "on a credit note": (WrongKind, {"kind": InvoiceKind.CREDIT_NOTE}, {}),
    "on a deposit": (WrongKind, {"kind": InvoiceKind.DEPOSIT}, {}),
    "no deposit": (DepositDiffers, {}, {"kind": InvoiceKind.STANDARD}),
    "of another customer": (DepositDiffers, {}, {"party_id": PartyId(2)}),
    "in another currency": (DepositDiffers, {}, {"valuation": valued("USD", "0.9")}),
    "other books": (DepositDiffers, {}, {"valuation": replace(valued(), company_currency=currency("USD"))}),
    "a draft": (DepositNotPaid, {}, {"state": InvoiceState.DRAFT}),
    "unpaid": (DepositNotPaid, {}, {"state": InvoiceState.VALIDATED}),
    "given up": (DepositNotPaid, {}, {"state": InvoiceState.ABANDONED}),
    "closed with a rest": (DepositNotPaid, {}, {"close_reason": CloseReason.BANK_CHARGE}),
    "too large": (DepositTooLarge, {"totals": Totals(gross=money("99.99"))}, {}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_wrong_deduction_leaves_the_draft_as_it_was(why: str) -> None:
    """ERP-07: and names the deposit where that is to blame."""
    error, own, its = REFUSED[why]
    one = final()
    given = replace(deposit("100", one), **its)
    one = replace(one, **own)
    before = deepcopy(one)
    with pytest.raises(error) as caught:
        deduct(one, given, deducted=False)
    assert one == before
    assert caught.value.at == (() if error in {InvoiceNotDraft, WrongKind} else ("deposit_id",))


def test_a_deposit_is_not_deducted_twice() -> None:
    one = final()
    with pytest.raises(DepositDeducted) as caught:
        deduct(one, deposit("100", one), deducted=True)
    assert (caught.value.at, len(one.lines)) == (("deposit_id",), 2)


def test_a_replacement_deducts_as_an_invoice_does() -> None:
    one = final(kind=InvoiceKind.REPLACEMENT, source_id=InvoiceId(7))
    deduct(one, deposit("100", one), deducted=False)
    assert one.totals.gross == Decimal("125.50")


def test_only_what_is_not_credited_of_a_deposit_is_deducted() -> None:
    """ERP-07: 20.00 net at 20 per cent were given back, so 76.00 are left of 100.00."""
    one = final()
    given = deposit("100", one)
    back = note_of(given, CreditNoteLines(given, ()).amounts([RatePart(rate(Decimal(20)), money("20"))], ""))
    told = deduct(one, given, deducted=False, credited=taken_by([back]))
    assert told.gross == 76
    assert [(line.vat_rate, line.net, line.vat) for line in one.lines[2:]] == [
        (Decimal("5.5"), Decimal("-44.34"), Decimal("-2.44")), (20, Decimal("-24.35"), Decimal("-4.87")),
    ]  # fmt: skip


def test_a_rate_that_was_credited_whole_is_not_deducted() -> None:
    one = final()
    given = deposit("100", one)
    back = note_of(given, CreditNoteLines(given, ()).parts([Part(2, quantity(Decimal(1)))]))
    deduct(one, given, deducted=False, credited=taken_by([back]))
    assert [line.vat_rate for line in one.lines[2:]] == [Decimal("5.5")]


def test_a_deposit_that_was_credited_whole_is_not_deducted() -> None:
    """ERP-07: the customer has it back already."""
    one = final()
    given = deposit("100", one)
    back = note_of(given, CreditNoteLines(given, ()).whole())
    with pytest.raises(NothingToCredit) as caught:
        deduct(one, given, deducted=False, credited=taken_by([back]))
    assert (caught.value.at, len(one.lines)) == (("deposit_id",), 2)


def test_a_credit_note_makes_a_large_deposit_fit() -> None:
    """As the refusal says: a credit note pays back what is too much."""
    small, order = invoice(valued(), [("1", "50", "0", "0")]), invoice(valued(), [("1", "80", "0", "0")])
    given = deposit("80", order)
    with pytest.raises(DepositTooLarge):
        deduct(small, given, deducted=False)
    back = note_of(given, CreditNoteLines(given, ()).amounts([RatePart(rate(Decimal(0)), money("30"))], ""))
    deduct(small, given, deducted=False, credited=taken_by([back]))
    assert small.totals.gross == 0
