"""Random documents on paper: rows, VAT, sums and instalments add up to what the document says, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing import Invoice, InvoiceKind, InvoiceState
from app.domain.billing.credit_notes import CreditNoteLines, NothingToCredit
from app.domain.billing.deposits import deduct
from app.domain.papers import CellKind, Paper
from app.domain.parties import DueAmount, Instalment, instalments
from app.domain.shared.money import Rate, amount
from app.domain.shared.totals import VatMode
from app.usecases.papers import InvoiceFacts, ProposalFacts, invoice_paper, proposal_paper
from tests.support.invoices import deposit, invoice, note_of, valued
from tests.support.printers import account, addressee, column, frame, party, passages, totals
from tests.support.sales import proposal, proposal_line

pytestmark = pytest.mark.fast
ZERO: Final = Decimal(0)
LINES: Final = st.lists(
    st.tuples(
        st.decimals("0.000001", 300, places=6),
        st.decimals(0, 900, places=8),
        st.just(ZERO) | st.decimals(0, 100, places=8),
        st.sampled_from(["0", "2.1", "5.5", "10", "20"]),
    ),
    min_size=1,
    max_size=30,
)
VALUATIONS: Final = st.builds(
    lambda told, mode: valued(told[0], told[1], mode),
    st.sampled_from([("EUR", "1"), ("USD", "0.92"), ("JPY", "0.00663"), ("KWD", "3.25407")]),
    st.sampled_from(VatMode),
)
INVOICES: Final = st.builds(invoice, VALUATIONS, LINES)
SPLITS: Final = st.lists(st.integers(1, 99), max_size=5, unique=True).map(sorted)


def plan(cuts: list[int]) -> list[Instalment]:
    """Give instalments that end at these percentages of the whole."""
    ends = [*cuts, 100]
    starts = [0, *cuts]
    return [
        Instalment(percent=Rate(Decimal(end - start)), days=10 * at)
        for at, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def printed(of: Invoice, **others: Any) -> Paper:
    """Give the paper of an invoice."""
    given = {"party": party(), "addressee": addressee(), "products": {}, "account": account(), **others}
    return invoice_paper(frame(), InvoiceFacts(invoice=of, **given))


def check_sums(paper: Paper, of: Invoice) -> None:
    """Fail where paper and invoice tell different sums, or the paper's own do not add up."""
    table = paper.tables[0]
    (carried,) = [one for one in table.columns if one.carried]
    assert (carried.name, carried.kind) == ("net", CellKind.AMOUNT)
    assert column(paper, "net") == [line.net for line in of.lines]
    assert sum((row.carry or ZERO for row in table.rows), ZERO) == of.totals.net
    assert sum((one.base for one in paper.vat), ZERO) == of.totals.net
    assert sum((one.tax for one in paper.vat), ZERO) == of.totals.vat
    sums = totals(paper)
    assert sums["net"] == of.totals.net
    assert sum((value for name, value in sums.items() if name.startswith("vat ")), sums["net"]) == sums["gross"]
    assert sums["gross"] == of.totals.gross
    assert sums.get("company_vat", of.totals.company_vat) == of.totals.company_vat
    assert ("company_vat" in sums) == (of.valuation.currency != of.valuation.company_currency)


@given(INVOICES, SPLITS, st.integers(0, 100))
def test_an_invoice_adds_up_and_asks_for_what_is_open(of: Invoice, cuts: list[int], percent: int) -> None:
    """ERP-16: what is paid and what is open are the gross, the instalments too, and the transfer is what is open."""
    of.state = InvoiceState.VALIDATED
    of.paid = of.valuation.currency.round(of.totals.gross * percent / 100)
    split: list[DueAmount] = instalments(plan(cuts), of.totals.gross, of.date, of.valuation.currency)
    paper = printed(of, plan=split)
    check_sums(paper, of)
    sums = totals(paper)
    assert sums.get("paid", ZERO) + sums["due"] == sums["gross"]
    assert (paper.account.amount if paper.account else ZERO) == of.due
    told = [dict(one.facts)["amount"] for one in paper.closing if one.key == "instalment"]
    assert not told or sum(Decimal(str(one)) for one in told) == of.totals.gross
    assert len(told) == (0 if not cuts else len(cuts) + 1)


@given(INVOICES)
def test_a_credit_note_takes_back_on_paper_what_its_invoice_charged(of: Invoice) -> None:
    """ERP-16: to the last digit, below zero."""
    of.state = InvoiceState.VALIDATED
    try:
        note = note_of(of, CreditNoteLines(of, ()).whole())
    except NothingToCredit:
        assert not of.totals.gross
        return
    note.state = InvoiceState.VALIDATED
    paper = printed(note, source=of)
    check_sums(paper, note)
    charged, back = totals(printed(of)), totals(paper)
    assert {name: -amount for name, amount in back.items() if name in {"net", "gross", "company_vat"}} == {
        name: amount for name, amount in charged.items() if name in {"net", "gross", "company_vat"}
    }
    assert back["to_give_back"] == note.due
    assert paper.account is None


@given(INVOICES, st.integers(1, 100))
def test_a_deposit_is_deducted_on_paper_with_what_it_charged(of: Invoice, percent: int) -> None:
    """ERP-16: the sums are those after it, and the passage tells its gross."""
    gross = of.valuation.currency.round(of.totals.gross * percent / 100)
    if not gross:
        return
    taken = deposit(str(amount(gross)), of)
    deduct(of, taken, deducted=False)
    of.state = InvoiceState.VALIDATED
    paper = printed(of, deposits=[taken])
    check_sums(paper, of)
    assert passages(paper)["deposit_deducted"]["amount"] == taken.totals.gross
    check_sums(printed(taken), taken)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 900), st.booleans()), min_size=1, max_size=20))
def test_a_proposal_adds_up_without_its_options(asked: list[tuple[int, int, bool]]) -> None:
    """ERP-16."""
    lines = [
        proposal_line(at, quantity=Decimal(many), unit_price=Decimal(each), optional=optional)
        for at, (many, each, optional) in enumerate(asked, 1)
    ]
    of = proposal(lines=lines)
    of.price()
    paper = proposal_paper(frame(), ProposalFacts(proposal=of, party=party(), addressee=addressee(), products={}))
    rows = [row for table in paper.tables for row in table.rows]
    assert len(rows) == len(lines)
    assert sum((row.carry or ZERO for row in rows), ZERO) == of.totals.net
    assert (totals(paper).get("gross", ZERO)) == of.totals.gross
    assert [table.title for table in paper.tables].count("options") == int(any(one[2] for one in asked))


@given(INVOICES)
def test_a_pro_forma_claims_nothing(of: Invoice) -> None:
    """ERP-16: it has sums, and nothing to pay or to pay into."""
    of.kind, of.state = InvoiceKind.PRO_FORMA, InvoiceState.VALIDATED
    paper = printed(of)
    check_sums(paper, of)
    assert not {"due", "paid"} & totals(paper).keys()
    assert (paper.account, "pro_forma" in passages(paper)) == (None, True)
