"""How invoices end: paid, paid with a reason, abandoned, written off; and how they are owed again."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    AbandonReason,
    CloseReason,
    CreditNoteLines,
    Invoice,
    InvoiceKind,
    InvoiceNotOpen,
    InvoiceState,
    InvoiceUnpaid,
    WrongKind,
    claimable,
    deduct,
    given_up,
    write_off,
)
from app.domain.shared.ids import InvoiceId
from app.domain.shared.money import Amount
from app.domain.shared.numbering import Number, canonical
from app.domain.shared.series import OF_INVOICES, SeriesKind
from app.domain.shared.states import InvalidTransition
from app.domain.shared.totals import VatMode
from tests.support.invoices import ON, deposit, invoice, money, note_of, valued

pytestmark = pytest.mark.fast
TWO: Final = [("1", "100", "0", "20"), ("1", "100", "0", "5.5")]
"""120.00 and 105.50."""
NUMBER: Final = Number(ref="AV2611-0001", number=1, period="2026-11", date=ON)


def open_one(paid: str = "0", code: str = "EUR", exchange: str = "1", **others: Any) -> Invoice:
    """Give a validated invoice of 225.50 of which so much is paid."""
    made = invoice(valued(code, exchange), TWO, **others)
    made.state = InvoiceState.VALIDATED
    made.paid = money(paid)
    made.company_paid = Amount(made.paid * made.valuation.rate)
    return made


def open_note() -> Invoice:
    source = open_one()
    note = note_of(source, CreditNoteLines(source, ()).whole())
    note.state = InvoiceState.VALIDATED
    return note


@pytest.mark.parametrize("kind", InvoiceKind)
def test_each_kind_has_a_series_of_its_own(kind: InvoiceKind) -> None:
    """ERP-07: all of them are series whose references must differ."""
    assert kind.series in OF_INVOICES
    assert [one.series for one in InvoiceKind].count(kind.series) == 1
    assert kind.sealed is (kind.series is not SeriesKind.PRO_FORMA)


@pytest.mark.parametrize(
    ("paid", "parts"),
    [
        ("0", [("5.5", "100.00", "5.50"), ("20", "100.00", "20.00")]),
        ("200", [("5.5", "11.31", "0.62"), ("20", "11.31", "2.26")]),
        ("225.49", [("5.5", "0", "0"), ("20", "0.01", "0")]),
        ("225.40", [("5.5", "0.05", "0"), ("20", "0.04", "0.01")]),
    ],
)
def test_a_rest_is_split_by_rate_with_the_tax_in_it(paid: str, parts: list[tuple[str, str, str]]) -> None:
    found = [(part.rate, part.base, part.vat) for part in open_one(paid).rest_by_rate()]
    assert found == [tuple(Decimal(value) for value in part) for part in parts]


@pytest.mark.parametrize("reason", CloseReason)
def test_closing_keeps_the_reason_and_the_rest(reason: CloseReason) -> None:
    one = open_one("225")
    told = one.close(reason)
    assert (told.reason, told.rest, one.due) == (reason, Decimal("0.50"), Decimal("0.50"))
    assert (one.state, one.close_reason, one.abandon_reason) == (InvoiceState.PAID, reason, None)


@pytest.mark.parametrize("paid", ["225.50", "0"])
def test_only_a_rest_of_what_is_owed_is_given_up(paid: str) -> None:
    """Nothing due, or a pro forma: there is nothing to close."""
    one = open_one(paid, kind=InvoiceKind.PRO_FORMA if paid == "0" else InvoiceKind.STANDARD)
    assert not claimable(one)
    with pytest.raises(InvalidTransition):
        one.close(CloseReason.BANK_CHARGE)
    assert one.close_reason is None


def test_a_credit_note_is_neither_closed_nor_abandoned() -> None:
    """What is owed to the customer is not ours to give up."""
    note = open_note()
    with pytest.raises(InvalidTransition):
        note.close(CloseReason.BANK_CHARGE)
    with pytest.raises(InvalidTransition):
        note.abandon(AbandonReason.ABANDON)
    assert (note.state, note.due) == (InvoiceState.VALIDATED, Decimal("-225.50"))


def test_a_pro_forma_may_be_abandoned() -> None:
    """An offer nobody took."""
    one = open_one(kind=InvoiceKind.PRO_FORMA)
    assert one.abandon(AbandonReason.ABANDON).reason is AbandonReason.ABANDON


@pytest.mark.parametrize("reason", [AbandonReason.ABANDON, AbandonReason.BAD_CUSTOMER])
def test_what_was_abandoned_is_owed_again_in_full(reason: AbandonReason) -> None:
    one = open_one("25.50")
    one.abandon(reason)
    assert given_up(one)
    assert one.reopen().reason == reason
    assert (one.state, one.abandon_reason, one.due) == (InvoiceState.VALIDATED, None, money("200"))
    assert not given_up(one)


def test_a_payment_taken_back_from_a_closed_invoice_makes_all_of_it_due() -> None:
    """The reason goes with the payment: it is owed like any other."""
    one = open_one("225")
    one.close(CloseReason.DISCOUNT_VAT)
    assert one.take_back(money("225"), money("225")) == InvoiceUnpaid(id=InvoiceId(1), due=money("225.50"))
    assert (one.state, one.close_reason, one.paid, one.company_paid) == (
        InvoiceState.VALIDATED,
        None,
        money("0"),
        money("0"),
    )


def test_a_payment_taken_back_from_an_open_invoice_tells_nothing() -> None:
    one = open_one("100")
    assert one.take_back(money("40"), money("40")) is None
    assert (one.state, one.paid, one.due) == (InvoiceState.VALIDATED, money("60"), money("165.50"))


def test_a_payment_is_not_taken_back_from_an_abandoned_invoice() -> None:
    """It was given up with that payment counted; it is reopened first."""
    one = open_one("100")
    one.abandon(AbandonReason.BAD_CUSTOMER)
    before = deepcopy(one)
    with pytest.raises(InvoiceNotOpen):
        one.take_back(money("40"), money("40"))
    assert one == before


def test_a_loss_tells_net_and_tax_of_each_rate_in_both_currencies() -> None:
    """Half of 225.50 at 0.9: 12.75 of tax was lost with it."""
    one = open_one("112.75", "USD", "0.9")
    abandoned, lost = write_off(one, date(2026, 12, 31))
    assert abandoned.reason is one.abandon_reason is AbandonReason.BAD_CUSTOMER
    assert (lost.date, lost.currency, lost.amount, lost.net, lost.vat) == (
        date(2026, 12, 31), "USD", money("112.75"), money("100"), money("12.75"),
    )  # fmt: skip
    assert (lost.company_amount, lost.company_vat) == (Decimal("101.475"), Decimal("11.48"))
    assert lost.rates == (("5.5", money("50"), money("2.75")), ("20", money("50"), money("10")))


def test_what_rounding_leaves_of_a_loss_is_net_of_the_highest_rate() -> None:
    _, lost = write_off(open_one("225.47"), ON)
    assert [(net, vat) for _, net, vat in lost.rates] == [
        (money("0.01"), money("0")), (money("0.02"), money("0")),
    ]  # fmt: skip
    assert lost.amount == Decimal("0.03")


@pytest.mark.parametrize("state", [state for state in InvoiceState if state is not InvoiceState.VALIDATED])
def test_only_what_is_owed_is_written_off(state: InvoiceState) -> None:
    one = open_one()
    one.state = state
    with pytest.raises(InvalidTransition):
        write_off(one, ON)
    assert (one.state, one.abandon_reason) == (state, None)


def test_a_pro_forma_is_no_loss() -> None:
    one = open_one(kind=InvoiceKind.PRO_FORMA)
    with pytest.raises(WrongKind):
        write_off(one, ON)
    assert one.state is InvoiceState.VALIDATED


@given(
    st.lists(
        st.tuples(
            st.just("1"),
            st.decimals("0.01", "500", places=2).map(str),
            st.just("0"),
            st.sampled_from(["0", "2.1", "5.5", "20"]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([("EUR", "1"), ("JPY", "0.0061"), ("KWD", "3.0175")]),
    st.sampled_from(VatMode),
    st.decimals("0", "0.999", places=3),
    st.sampled_from([0, 2]),
)
def test_what_is_given_up_adds_up_to_the_rest(
    lines: list[tuple[str, ...]], coin: tuple[str, str], mode: VatMode, part: Decimal, share: int
) -> None:
    """ERP-07: of a closed and of a lost invoice, with a deposit deducted or not, net and tax of all rates."""
    one = invoice(valued(*coin, mode), lines)
    if share and (half := one.valuation.currency.round(one.totals.gross / share)) > 0:
        deduct(one, deposit(str(half), one), deducted=False)
    one.state, one.paid = InvoiceState.VALIDATED, one.valuation.currency.round(one.totals.gross * part)
    if one.due <= 0:
        return
    rest = one.rest_by_rate()
    assert sum(share.base + share.vat for share in rest) == one.due
    due = one.due
    _, lost = write_off(one, ON)
    assert lost.net + lost.vat == lost.amount == due
    assert sum(net + vat for _, net, vat in lost.rates) == due
    assert [Decimal(percent) for percent, _, _ in lost.rates] == [tax.rate for tax in one.vat]


@pytest.mark.parametrize("name", ["vat", "company_net", "company_vat", "source_position", "deposit_id"])
def test_the_chain_covers_what_a_line_takes_back(name: str) -> None:
    """Whoever moves the tax of a credit note to another line breaks its link."""
    note = open_note()
    before = canonical(note.content())
    setattr(note.lines[0], name, (getattr(note.lines[0], name) or 0) + 1)
    assert canonical(note.content()) != before


def test_a_merged_customer_stays_in_the_chain_as_it_was_sealed() -> None:
    one = open_one()
    before = canonical(one.content())
    one.sealed_party_id, one.party_id = one.party_id, type(one.party_id)(9)
    assert canonical(one.content()) == before
