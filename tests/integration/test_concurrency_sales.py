"""Amendments, shipments, invoices and decisions on the same orders and offers by real processes at once (CT-02)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from app.domain.parties import Party
from app.domain.sales import FollowerKind, OrderState, Proposal, ProposalState
from app.domain.shared.ids import InvoiceId, OrderId, ProductId, ProposalId
from app.domain.shared.money import amount, price, quantity
from app.usecases.billing import InvoiceOrder, OrderInvoiceDraft
from app.usecases.parties import CreateParty, ReadOutstanding
from app.usecases.sales import (
    CancelOrder,
    CreateOrder,
    CreateProposal,
    ListOrderRevisions,
    ListProposals,
    OrderDraft,
    OrderProposal,
    ProposalDraft,
    ProposalLineDraft,
    ProposalOrderDraft,
    ReadProposal,
    RevisionsQuery,
    Signature,
    SignProposal,
    ValidateProposal,
)
from app.usecases.shared import LineDraft
from tests.support.books import Books
from tests.support.contender import Call, Job
from tests.support.databases import KINDS
from tests.support.processes import ON_EACH, Heard, Team, told_by
from tests.support.promises import check_promises, orders_of, reserved
from tests.support.shop import NO_VAT, Shop, check_ledger

ON_FULL: Final = pytest.mark.parametrize(
    "database_kind",
    [pytest.param(kind, marks=pytest.mark.full) for kind in KINDS],
    indirect=True,
)
ON_SERVERS: Final = pytest.mark.parametrize(
    "database_kind",
    [pytest.param(kind, marks=pytest.mark.full) for kind in ("postgresql", "mariadb")],
    indirect=True,
)
LATER: Final = date(2099, 1, 1)


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop.of(books)


def validated(shop: Shop, product: ProductId, wanted: int = 4) -> OrderId:
    """Enter and validate an order of one line."""
    lines = (LineDraft(product_id=product, quantity=quantity(Decimal(wanted))),)
    made = shop.books.do(CreateOrder(shop.books.desk.clock), OrderDraft(party_id=shop.customer, lines=lines))
    return shop.validate(made.id).id


def billing(shop: Shop, order: OrderId) -> InvoiceId:
    """Enter the invoice of all of an order, as a draft."""
    return shop.books.do(InvoiceOrder(shop.books.desk.clock), OrderInvoiceDraft(order_id=order)).id


def drafted(shop: Shop) -> ProposalId:
    """Enter an offer that stands for long."""
    line = ProposalLineDraft(
        description="Work", quantity=quantity(Decimal(1)), unit_price=price(Decimal(1)), vat_rate=NO_VAT
    )
    draft = ProposalDraft(party_id=shop.customer, valid_until=date(2098, 1, 1), lines=(line,))
    return shop.books.do(CreateProposal(shop.books.desk.clock), draft).id


def offered(shop: Shop, *, signed: bool = False) -> ProposalId:
    """Make an offer."""
    desk = shop.books.desk
    made = shop.books.do(ValidateProposal(desk.numbering, desk.clock), drafted(shop)).id
    if signed:
        shop.books.do(SignProposal(desk.clock), Signature(proposal_id=made))
    return made


def offer(shop: Shop, key: ProposalId) -> Proposal:
    return shop.books.do(ReadProposal(), key)


def jobs(shop: Shop, *calls: Sequence[Call]) -> list[Job]:
    return [Job(company=shop.company, calls=tuple(one)) for one in calls]


def codes(heard: list[Heard]) -> set[str]:
    """Give why calls were refused."""
    return {one.facts["code"] for one in told_by(heard, "refused")}


def done_of(heard: list[Heard], members: Sequence[int], index: int) -> int:
    """Give how many of some members did their call of that index."""
    return sum(
        one.told is not None and one.what == "done" and one.told.index == index
        for one in heard
        if one.member in members
    )


def revisions(shop: Shop, order: OrderId) -> list[int]:
    found = shop.books.do(ListOrderRevisions(), RevisionsQuery(order_id=order, before=None, limit=100))
    return [one.number for one in found]


# --- orders ---------------------------------------------------------------------------------------------------------


@ON_EACH
def test_an_amendment_and_a_shipment_of_the_same_goods_leave_no_more_shipped_than_ordered(
    shop: Shop, team: Team
) -> None:
    """CT-02: 4 are cut down to 1 while all 4 are shipped; whoever is second is told, and every promise holds."""
    product = shop.goods("40")
    orders = [validated(shop, product) for _ in range(3)]
    shipments = [shop.ship_draft(one, {1: "4"}) for one in orders]
    cutting: list[Call] = [("amend", {"order": one, "version": 0, "quantity": "1"}) for one in orders]
    shipping: list[Call] = [("ship", {"shipment": one}) for one in shipments]
    heard = team.compete(jobs(shop, cutting, shipping[::-1]))
    assert codes(heard) <= {"sales.below_progress", "sales.over_shipped", "stale", "state.invalid_transition"}
    for order in orders_of(shop):
        line = order.lines[0]
        assert (line.quantity, line.shipped) in {(Decimal(4), Decimal(4)), (Decimal(1), Decimal(0))}
        assert bool(revisions(shop, order.id)) == (line.quantity == 1)
    check_promises(shop, [product], orders_of(shop))
    check_ledger(shop, product)


@ON_FULL
def test_an_amendment_and_an_invoice_of_the_same_line_leave_no_more_invoiced_than_ordered(
    shop: Shop, team: Team
) -> None:
    """CT-02."""
    product = shop.goods("40")
    orders = [validated(shop, product) for _ in range(6)]
    drafts = [billing(shop, one) for one in orders]
    cutting: list[Call] = [("amend", {"order": one, "version": 0, "quantity": "1"}) for one in orders]
    charging: list[Call] = [("validate", {"invoice": one}) for one in drafts]
    heard = team.compete(jobs(shop, cutting, charging, cutting[::-1], charging[::-1]))
    assert codes(heard) <= {"sales.below_progress", "sales.over_invoiced", "stale", "state.invalid_transition"}
    for order in orders_of(shop):
        line = order.lines[0]
        assert (line.quantity, line.invoiced) in {(Decimal(4), Decimal(4)), (Decimal(1), Decimal(0))}
        assert order.billed is (line.invoiced == 4)
    check_promises(shop, [product], orders_of(shop))


@ON_FULL
def test_of_amendments_of_one_version_one_is_taken(shop: Shop, team: Team) -> None:
    """ERP-07: the others are told that the order has changed; revisions are numbered without a gap."""
    product = shop.goods("40")
    orders = [validated(shop, product) for _ in range(3)]
    calls: list[list[Call]] = [
        [("amend", {"order": one, "version": shop.order(one).version, "quantity": str(member)}) for one in orders]
        for member in range(1, 7)
    ]
    heard = team.compete(jobs(shop, *calls))
    assert len(told_by(heard, "done")) == 3
    assert codes(heard) == {"stale"}
    assert [revisions(shop, one) for one in orders] == [[1]] * 3
    check_promises(shop, [product], orders_of(shop))


@ON_FULL
def test_stock_that_comes_while_orders_are_amended_is_promised_once(shop: Shop, team: Team) -> None:
    """ERP-07: orders wait, are made larger and smaller, and served; nothing is lost and nobody waits beside stock."""
    product = shop.goods("5")
    orders = [validated(shop, product) for _ in range(4)]
    calls: list[list[Call]] = [
        [("amend", {"order": one, "version": 0, "quantity": wanted}) for wanted in ("6", "2", "5")] for one in orders
    ]
    receive: list[Call] = [("receive", {"product": product, "quantity": "2"})] * 5
    heard = team.compete(jobs(shop, *calls, receive))
    assert codes(heard) == set()
    ((held, promised),) = reserved(shop, product).values()
    assert [held, promised] == [15, 15]
    assert sum(one.lines[0].back_ordered for one in orders_of(shop)) == 5
    check_promises(shop, [product], orders_of(shop))
    check_ledger(shop, product)


@ON_FULL
def test_amendments_and_new_orders_never_pass_the_customers_limit(books: Books, team: Team) -> None:
    """CT-02: ten orders of 5 are made 10 while ten more of 5 are validated, under a limit of 100."""
    shop, desk = Shop.of(books), books.desk
    party = Party(name="Limited", customer=True, credit_limit=amount(Decimal(100)))
    limited = replace(shop, customer=books.do(CreateParty(desk.clock, desk.numbering), party).id)
    product = shop.goods("500")
    orders = [validated(limited, product, 5) for _ in range(10)]
    lines = (LineDraft(product_id=product, quantity=quantity(Decimal(5))),)
    draft = OrderDraft(party_id=limited.customer, lines=lines)
    drafts = [books.do(CreateOrder(desk.clock), draft).id for _ in range(12)]
    growing: list[Call] = [("amend", {"order": one, "version": 0, "quantity": "10"}) for one in orders]
    adding: list[Call] = [("validate order", {"order": one}) for one in drafts]
    heard = team.compete(jobs(shop, growing[:5], growing[5:], adding[:6], adding[6:]))
    assert len(told_by(heard, "done")) == 10
    assert codes(heard) == {"parties.credit_limit_exceeded"}
    assert books.do(ReadOutstanding(desk.clock), limited.customer).outstanding.total == 100


# --- offers ---------------------------------------------------------------------------------------------------------


@ON_FULL
def test_an_offer_is_signed_or_refused_and_never_both(shop: Shop, team: Team) -> None:
    """CT-02: of four who sign and four who refuse each offer one is told that it is done, and that is what it is."""
    offers = [offered(shop) for _ in range(3)]
    names = ("sign", "refuse") * 4
    heard = team.compete(jobs(shop, *([(name, {"proposal": one}) for one in offers] for name in names)))
    assert sorted(one.index for one in told_by(heard, "done")) == [0, 1, 2]
    assert codes(heard) == {"state.invalid_transition"}
    told = {one.index: one.facts["state"] for one in told_by(heard, "done")}
    for index, key in enumerate(offers):
        found = offer(shop, key)
        assert found.state == told[index]
        assert (found.refusal, found.signed_on is None) == (("no", True) if told[index] == "refused" else ("", False))


@ON_FULL
def test_an_offer_that_lapses_is_closed_by_one_chore_or_signed_in_time(shop: Shop, team: Team) -> None:
    """ERP-07: two rounds of the chore and two who sign; each offer has one end, and each closing is counted once."""
    offers = [offered(shop) for _ in range(8)]
    signing: list[Call] = [("sign", {"proposal": one}) for one in offers]
    closing: list[Call] = [("expire", {"on": LATER})] * 3
    heard = team.compete(jobs(shop, signing[:4], closing, signing[::-1][:4], closing))
    assert codes(heard) <= {"state.invalid_transition"}
    states = [offer(shop, one).state for one in offers]
    closed = sum(one.facts["closed"] for one in told_by(heard, "done") if "closed" in one.facts)
    signed = sum("state" in one.facts for one in told_by(heard, "done"))
    assert (states.count(ProposalState.EXPIRED), states.count(ProposalState.SIGNED)) == (closed, signed)
    assert closed + signed == 8


@ON_SERVERS
def test_who_signs_while_the_chore_has_found_the_offer_is_not_overruled(shop: Shop, team: Team) -> None:
    """ERP-07: the chore looks again under the lock; it would close what the customer has just accepted."""
    one, beside = offered(shop), offered(shop)
    chore = Job(company=shop.company, calls=(("expire", {"on": LATER}),), holds_at="lock proposals")
    team.ready([chore, *jobs(shop, [("sign", {"proposal": one})])])
    team.go(0)
    assert team.hear(0).what == "holding"
    team.go(1)
    assert [team.hear(1).what, team.hear(1).what] == ["done", "over"]
    team.go(0)
    assert team.hear(0).facts == {"closed": 1}
    assert [offer(shop, key).state for key in (one, beside)] == [ProposalState.SIGNED, ProposalState.EXPIRED]


@ON_FULL
def test_an_offer_is_revised_once_at_a_time_and_its_versions_share_a_number(shop: Shop, team: Team) -> None:
    first = offered(shop)
    heard = team.compete(jobs(shop, *([("revise", {"proposal": first})] for _ in range(6))))
    assert len(told_by(heard, "done")) == 1
    assert codes(heard) == {"sales.being_revised"}
    (second,) = (ProposalId(row["id"]) for row in shop.books.rows(ListProposals()) if row["id"] != first)
    names: Sequence[tuple[str, ProposalId]] = (("offer", second), ("sign", first)) * 3
    heard = team.compete(jobs(shop, *([(name, {"proposal": key})] for name, key in names)))
    assert len(told_by(heard, "done")) == 1
    states = (offer(shop, first).state, offer(shop, second).state)
    assert states in {
        (ProposalState.SIGNED, ProposalState.DRAFT),
        (ProposalState.SUPERSEDED, ProposalState.VALIDATED),
    }
    if states[1] is ProposalState.VALIDATED:
        assert offer(shop, second).ref == f"{offer(shop, first).ref}-2"


@ON_FULL
def test_a_signed_offer_is_ordered_once_or_stands_again(shop: Shop, team: Team) -> None:
    """CT-02: what has an order is not reopened, and what was reopened is not ordered."""
    offers = [offered(shop, signed=True) for _ in range(4)]
    names = ("order offer", "reopen offer") * 3
    heard = team.compete(jobs(shop, *([(name, {"proposal": one}) for one in offers] for name in names)))
    assert codes(heard) <= {"state.invalid_transition", "sales.proposal_followed", "sales.proposal_not_signed"}
    for index, key in enumerate(offers):
        found = offer(shop, key)
        assert len(found.followers) == (found.state is ProposalState.SIGNED)
        assert done_of(heard, range(6), index) == 1


@ON_FULL
def test_a_canceled_order_comes_back_or_another_is_made_of_the_offer(shop: Shop, team: Team) -> None:
    """ERP-07: an offer has one order that stands, whoever is first."""
    desk = shop.books.desk
    made: list[tuple[ProposalId, OrderId]] = []
    for _ in range(4):
        key = offered(shop, signed=True)
        order = shop.books.do(OrderProposal(desk.clock), ProposalOrderDraft(proposal_id=key)).id
        shop.validate(order)
        shop.books.do(CancelOrder(), order)
        made.append((key, order))
    again: list[Call] = [("reopen", {"order": order}) for _, order in made]
    new: list[Call] = [("order offer", {"proposal": key}) for key, _ in made]
    heard = team.compete(jobs(shop, again, new, again[::-1], new[::-1]))
    assert codes(heard) <= {"sales.proposal_followed", "state.invalid_transition"}
    for key, order in made:
        live = [one for one in offer(shop, key).followers if one.live]
        assert [one.kind for one in live] == [FollowerKind.ORDER]
        assert (live[0].id == order) == (shop.order(order).state is OrderState.VALIDATED)
