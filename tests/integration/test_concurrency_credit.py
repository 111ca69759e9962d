"""Credit limits under real processes that sell to one customer at once (CT-02, ERP-07)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from app.domain.parties import Party
from app.domain.shared.ids import PartyId
from app.domain.shared.money import amount, price, quantity
from app.usecases.parties import CreateParty, ReadOutstanding
from app.usecases.sales import CreateOrder, OrderDraft
from app.usecases.shared import LineDraft
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.processes import ON_EACH, Team, told_by
from tests.support.shop import NO_VAT, Shop, check_chain

pytestmark = ON_EACH
EIGHT: Final = range(8)
LIMIT: Final = Decimal(100)


def test_eight_who_sell_to_one_customer_never_pass_its_limit(books: Books, team: Team) -> None:
    """CT-02: of 16 invoices and 16 orders of 10 exactly ten are accepted; the others are told why."""
    shop = Shop.of(books)
    desk = books.desk
    party = Party(name="Limited", customer=True, credit_limit=amount(LIMIT))
    limited = books.do(CreateParty(desk.clock, desk.numbering), party).id
    drafts = [replace(shop, customer=limited).draft("10") for _ in range(16)]
    orders = [_order(books, limited) for _ in range(16)]
    jobs = []
    for member in EIGHT:
        calls: list[Call] = [("validate", {"invoice": one}) for one in drafts[member::8]]
        calls += [("validate order", {"order": one}) for one in orders[member::8]]
        jobs.append(Job(company=shop.company, calls=tuple(calls if member % 2 else calls[::-1])))
    heard = team.compete(jobs)
    refused = told_by(heard, "refused")
    assert len(told_by(heard, "done")) == 10
    assert {one.facts["code"] for one in refused} == {"parties.credit_limit_exceeded"}
    assert len(refused) == 22
    assert books.do(ReadOutstanding(desk.clock), limited).outstanding.total == LIMIT
    check_chain(shop.invoices())


def _order(books: Books, party: PartyId) -> int:
    line = LineDraft(description="Work", quantity=quantity(Decimal(1)), unit_price=price(Decimal(10)), vat_rate=NO_VAT)
    return int(books.do(CreateOrder(books.desk.clock), OrderDraft(party_id=party, lines=(line,))).id)
