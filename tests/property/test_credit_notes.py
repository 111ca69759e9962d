"""Credit notes of random invoices: together they take back exactly what was charged, never more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import (
    CreditNoteLines,
    Invoice,
    NothingToCredit,
    OverCredited,
    Part,
    RatePart,
    deduct,
)
from app.domain.shared.money import amount, quantity, rate
from app.domain.shared.totals import Totals, VatMode
from tests.support.invoices import deposit, invoice, note_of, taken_by, valued

pytestmark = pytest.mark.fast
NONE: Final = Decimal(0)
PARTS: Final = st.decimals("0.01", "1", places=2)
CURRENCIES: Final = st.sampled_from([("EUR", "1"), ("USD", "0.913742"), ("JPY", "0.0061"), ("KWD", "3.0175")])
LINES: Final = st.lists(
    st.tuples(
        st.decimals("0.001", "999", places=3),
        st.decimals("0", "9999", places=4),
        st.sampled_from(["0", "0", "3", "12.5", "100"]),
        st.sampled_from(["0", "5.5", "20", "19"]),
    ),
    min_size=1,
    max_size=5,
)


def assert_zero(source: Invoice, notes: Sequence[Invoice]) -> None:
    """Check that the notes take back all: per total, per rate, and per line."""
    for name in Totals.__dataclass_fields__:
        assert getattr(source.totals, name) == -sum((getattr(one.totals, name) for one in notes), NONE), name
    for tax in source.vat:
        back = [other for one in notes for other in one.vat if other.rate == tax.rate]
        assert (tax.base, tax.vat) == (-sum(one.base for one in back), -sum(one.vat for one in back))
        company = -sum(one.company_base for one in back), -sum(one.company_vat for one in back)
        assert (tax.company_base, tax.company_vat) == company


@given(LINES, CURRENCIES, st.sampled_from(VatMode))
def test_a_full_credit_note_sums_to_zero_with_its_invoice(
    lines: list[tuple[Any, ...]], money: tuple[str, str], mode: VatMode
) -> None:
    """ERP-07: line by line and per VAT rate, in both currencies."""
    source = invoice(valued(*money, mode), lines)
    note = note_of(source, CreditNoteLines(source, ()).whole())
    assert_zero(source, [note])
    for mine, theirs in zip(note.lines, source.lines, strict=True):
        assert (mine.quantity, mine.net, mine.company_net) == (-theirs.quantity, -theirs.net, -theirs.company_net)
    if any(line.net for line in source.lines):
        with pytest.raises(NothingToCredit):
            CreditNoteLines(source, taken_by([note])).whole()


@given(
    LINES, CURRENCIES, st.sampled_from(VatMode), st.decimals("0.01", "1", places=2), st.decimals("0.5", "2", places=4)
)
def test_a_deposit_is_taken_back_to_the_cent_at_its_own_rate(
    lines: list[tuple[Any, ...]], money: tuple[str, str], mode: VatMode, part: Decimal, moved: Decimal
) -> None:
    """ERP-07: its gross is what was asked; deducted at another exchange rate it leaves nothing in either currency."""
    order = invoice(valued(*money, mode), lines)
    gross = order.valuation.currency.round(order.totals.gross * part)
    if gross <= 0:
        return
    own = order.valuation
    other = own if own.rate == 1 else replace(own, rate=rate((own.rate * moved).quantize(Decimal("1e-8"))))
    given = deposit(str(gross), order, valuation=other)
    assert given.totals.gross == gross
    before = order.totals
    deduct(order, given, deducted=False)
    for name in Totals.__dataclass_fields__:
        assert getattr(before, name) == getattr(order.totals, name) + getattr(given.totals, name), name
    note = note_of(order, CreditNoteLines(order, ()).whole())
    assert_zero(order, [note])


def test_no_more_than_was_invoiced_is_credited() -> None:
    source = invoice(valued("EUR", "1", VatMode.PER_RATE), [(Decimal(3), Decimal("0.335"), "0", "20")])
    first = note_of(source, CreditNoteLines(source, ()).parts([Part(1, quantity(Decimal(2)))]))
    with pytest.raises(OverCredited) as caught:
        CreditNoteLines(source, taken_by([first])).parts([Part(1, quantity(Decimal("1.000001")))])
    assert (caught.value.at, caught.value.facts["left"]) == (("lines", 0, "quantity"), 1)
    with pytest.raises(OverCredited):
        CreditNoteLines(source, taken_by([first])).amounts([RatePart(rate(Decimal(20)), amount(Decimal(1)))], "x")
    last = note_of(source, CreditNoteLines(source, taken_by([first])).parts([Part(1, quantity(Decimal(1)))]))
    assert_zero(source, [first, last])
