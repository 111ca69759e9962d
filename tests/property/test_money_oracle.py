"""Document amounts against a calculation of their own: plain fractions, written from the rules and not from the code.

The rules (EN 16931, and the company's side of it):

- a line's net is quantity x price less its discount, rounded (BT-131);
- per rate: the tax of a rate is that rate of the sum of its lines' nets, rounded (BT-117 = BT-116 x BT-119 / 100);
- per line: the tax of a line is that rate of the line's net, rounded, and a rate's tax the sum over its lines;
- net is the sum of the lines (BT-106, BT-109), tax the sum over the rates (BT-110), gross is net + tax (BT-112);
- in the company's currency each line's net and each rate's tax is converted at the document's rate and rounded, and
  the sums are sums of these;
- rounded is half up, away from zero, to the minor unit of the currency (ISO 4217).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random  # noqa: TID251 - seeded by the document's number: every run makes the same ones
from typing import Any, Final

import pytest

from app.domain.billing import AllocationKind, Invoice, InvoiceLine, InvoiceState, Payment, PaymentMethod
from app.domain.sales import Proposal, ProposalLine
from app.domain.shared.ids import InvoiceId, PartyId
from app.domain.shared.lines import LineKind, Valuation
from app.domain.shared.money import amount, currency, price, quantity, rate
from app.domain.shared.totals import VatMode

MINOR: Final = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
DAY: Final = date(2026, 11, 21)


@dataclass(frozen=True)
class Wanted:
    """One line as asked for, in fractions."""

    quantity: Fraction
    price: Fraction
    discount: Fraction
    vat: Fraction


@dataclass
class Sheet:
    """A document as somebody works it out with pencil and paper."""

    own: str
    company: str
    rate: Fraction
    per_line: bool
    nets: list[Fraction] = field(default_factory=list)
    company_nets: list[Fraction] = field(default_factory=list)
    bases: dict[Fraction, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    taxes: dict[Fraction, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def work_out(self, lines: list[Wanted]) -> None:
        """Fill the sheet in."""
        for line in lines:
            net = half_up(line.quantity * line.price * (1 - line.discount / 100), self.own)
            self.nets.append(net)
            self.company_nets.append(half_up(net * self.rate, self.company))
            self.bases[line.vat] += net
            if self.per_line:
                self.taxes[line.vat] += half_up(net * line.vat / 100, self.own)
        if not self.per_line:
            for vat, base in self.bases.items():
                self.taxes[vat] = half_up(base * vat / 100, self.own)

    @property
    def totals(self) -> tuple[Fraction, ...]:
        """Net, tax and gross, in the document's currency and in the company's."""
        net, tax = sum(self.nets, Fraction()), sum(self.taxes.values(), Fraction())
        company_net = sum(self.company_nets, Fraction())
        company_tax = sum((half_up(one * self.rate, self.company) for one in self.taxes.values()), Fraction())
        return net, tax, net + tax, company_net, company_tax, company_net + company_tax


def half_up(exact: Fraction, code: str) -> Fraction:
    """Round to the minor unit, a half up; amounts here are not below zero."""
    unit = Fraction(1, 10 ** MINOR[code])
    whole, rest = divmod(exact, unit)
    return (whole + (1 if rest * 2 >= unit else 0)) * unit


def decimal(value: Fraction) -> Decimal:
    """Give a fraction of tens exactly."""
    made = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(made) == value
    return made


def places(chance: Random, most: int, decimals: int) -> Fraction:
    """Give a number from 0 to ``most`` with up to so many decimals; halves and round numbers come often."""
    given = chance.choice((0, 1, 2, decimals))
    given = min(given, decimals)
    return Fraction(chance.randint(0, most * 10**given), 10**given)


def wanted(chance: Random) -> Wanted:
    """Give a line."""
    discount = Fraction(0) if chance.random() < 0.5 else min(places(chance, 100, 8), Fraction(100))
    return Wanted(
        quantity=max(places(chance, 500, 6), Fraction(1, 10**6)),
        price=places(chance, 1000, 8),
        discount=discount,
        vat=Fraction(chance.choice(("0", "2.1", "5.5", "7", "10", "19", "20", "21", "25", "33.33333333"))),
    )


def line_fields(position: int, line: Wanted) -> dict[str, Any]:
    """Give the line as the product takes it."""
    return {
        "position": position,
        "kind": LineKind.SERVICE,
        "description": "x",
        "quantity": quantity(decimal(line.quantity)),
        "unit_price": price(decimal(line.price)),
        "discount": rate(decimal(line.discount)),
        "vat_rate": rate(decimal(line.vat)),
    }


def exchange(chance: Random, own: str, company: str) -> Fraction:
    """Give a rate of exchange; a currency is worth itself."""
    return Fraction(1) if own == company else max(places(chance, 3, 8), Fraction(1, 100))


def sheet(chance: Random, own: str, company: str, lines: list[Wanted]) -> Sheet:
    """Give the sheet of a document of these lines, filled in."""
    made = Sheet(own=own, company=company, rate=exchange(chance, own, company), per_line=chance.random() < 0.5)
    made.work_out(lines)
    return made


def valuation(of: Sheet) -> Valuation:
    """Give how the document of a sheet counts."""
    return Valuation(
        currency=currency(of.own),
        rate=rate(decimal(of.rate)),
        company_currency=currency(of.company),
        vat_mode=VatMode.PER_LINE if of.per_line else VatMode.PER_RATE,
    )


def invoice(of: Sheet, lines: list[Wanted]) -> Invoice:
    """Give the invoice of a sheet, priced by the product."""
    made = Invoice(
        id=InvoiceId(1),
        party_id=PartyId(1),
        date=DAY,
        due_date=DAY,
        valuation=valuation(of),
        lines=[InvoiceLine(**line_fields(at, line)) for at, line in enumerate(lines, 1)],
    )
    made.price()
    return made


def totals_of(document: Invoice | Proposal) -> tuple[Fraction, ...]:
    """Give what the product says, in the order of the sheet."""
    said = document.totals
    six = (said.net, said.vat, said.gross, said.company_net, said.company_vat, said.company_gross)
    return tuple(Fraction(one) for one in six)


def check(document: Invoice | Proposal, of: Sheet) -> None:
    """Hold a document against its sheet: each line, each rate, each total."""
    assert totals_of(document) == of.totals
    counted = [line for line in document.lines if not isinstance(line, ProposalLine) or line.counted]
    assert [Fraction(line.net) for line in counted] == of.nets
    assert [Fraction(line.company_net) for line in counted] == of.company_nets
    said = {Fraction(one.rate): (Fraction(one.base), Fraction(one.vat)) for one in document.vat}
    assert said == {vat: (base, of.taxes[vat]) for vat, base in of.bases.items()}
    assert [one.rate for one in document.vat] == sorted(one.rate for one in document.vat)


def pay(chance: Random, bill: Invoice) -> None:
    """Pay an invoice in full, in up to four parts, each at a rate of its own, and see that nothing at all is left."""
    unit = Decimal(1).scaleb(-bill.valuation.currency.digits)
    own, company = bill.valuation.currency, bill.valuation.company_currency
    paid = company_paid = Decimal(0)
    for left in range(chance.randint(0, 3), -1, -1):
        part = None if left == 0 else (bill.due * chance.randint(1, 9) / 10).quantize(unit)
        if bill.state is not InvoiceState.VALIDATED or (part is not None and not 0 < part <= bill.due):
            continue
        received = Payment(
            party_id=bill.party_id,
            date=DAY,
            method=PaymentMethod.TRANSFER,
            currency=own,
            rate=rate(decimal(exchange(chance, own.code, company.code))),
            company_currency=company,
        )
        received.pay(bill, None if part is None else amount(part))
        paid += sum(one.amount for one in received.allocations)
        company_paid += sum(one.company_amount for one in received.allocations)
        settled = [one for one in received.allocations if one.kind is AllocationKind.SETTLEMENT]
        assert [one.company_amount for one in settled] == [received.company_amount]
    assert bill.state is InvoiceState.PAID
    assert bill.due == 0
    assert paid == bill.paid == bill.totals.gross
    assert company_paid == bill.company_paid == bill.totals.company_gross


def tried(seed: int, documents: int) -> None:
    """Make so many random documents and hold each against the sheet; then pay it."""
    for number in range(documents):
        chance = Random(f"{seed}-{number}")  # noqa: S311 - nothing here is secret
        own, company = chance.choice(list(MINOR)), chance.choice(list(MINOR))
        lines = [wanted(chance) for _ in range(chance.randint(1, 8))]
        of = sheet(chance, own, company, lines)
        bill = invoice(of, lines)
        check(bill, of)
        if bill.totals.gross:
            bill.state = InvoiceState.VALIDATED
            pay(chance, bill)
        check_options(chance, of, lines)


def check_options(chance: Random, of: Sheet, lines: list[Wanted]) -> None:
    """See that a proposal of the same lines comes to the same, with options between them that nobody chose."""
    made = [ProposalLine(**line_fields(1, line)) for line in lines]
    for _ in range(chance.randint(1, 3)):
        option = ProposalLine(**line_fields(1, wanted(chance)), optional=True)
        made.insert(chance.randint(0, len(made)), option)
    offer = Proposal(party_id=PartyId(1), date=DAY, valid_until=DAY, valuation=valuation(of), lines=made)
    offer.price()
    check(offer, of)


@pytest.mark.fast
def test_500_documents_come_to_what_pencil_and_paper_say() -> None:
    """ERP-07: both ways of rounding VAT, four currencies; paid in full leaves nothing in either currency."""
    tried(4, 500)


@pytest.mark.full
def test_10_000_documents_come_to_what_pencil_and_paper_say() -> None:
    """ERP-07."""
    tried(5, 10_000)


@pytest.mark.fast
def test_the_two_ways_of_rounding_differ_where_they_should() -> None:
    """The test of the test: a sheet worked out the other way is not what the product says."""
    lines = [Wanted(Fraction(1), Fraction("0.33"), Fraction(0), Fraction(20)) for _ in range(3)]
    sheets = {}
    for per_line in (False, True):
        sheets[per_line] = Sheet(own="EUR", company="EUR", rate=Fraction(1), per_line=per_line)
        sheets[per_line].work_out(lines)
    assert [sheets[one].totals[1] for one in (False, True)] == [Fraction("0.20"), Fraction("0.21")]
    for per_line, of in sheets.items():
        check(invoice(of, lines), of)
        with pytest.raises(AssertionError):
            check(invoice(of, lines), sheets[not per_line])
