"""Orders and proposals are stored whole, once, for one company, and by the version that was read (ERP-07, ERP-03)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

import pytest

from app.domain.catalogue import Product
from app.domain.parties import Party
from app.domain.sales import (
    FollowerKind,
    Order,
    OrderLine,
    OrderState,
    Proposal,
    ProposalLine,
    ProposalState,
    Revision,
    content_of,
)
from app.domain.shared.errors import NotFound, Stale, Taken
from app.domain.shared.ids import OrderId, PartyId, ProductId, ProposalId, UserId, WarehouseId
from app.domain.shared.lines import LineKind
from app.domain.shared.money import amount, currency, price, rate
from app.domain.stock import Warehouse
from app.infrastructure.clock import pause
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.billing import InvoiceOrder, OrderInvoiceDraft
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack
from app.usecases.run import Runner
from app.usecases.sales import ExpireProposals
from app.usecases.shipping import CreateShipment, ShipmentDraft
from tests.support.clock import FakeClock
from tests.support.databases import company_context
from tests.support.sales import DAY, LAST, much, order_line, priced_order, proposal, proposal_line, valuation

pytestmark = pytest.mark.fast
Result = TypeVar("Result")
DOLLARS: Final = valuation(currency=currency("USD"), rate=rate(Decimal("0.9")))
NO_VAT: Final = rate(Decimal(0))
AT: Final = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Trade:
    """A company with a customer, a warehouse and two products."""

    works: SqlWorks
    context: Context
    party: PartyId
    place: WarehouseId
    products: tuple[ProductId, ProductId]

    def do(self, act: Callable[[SqlWork], Result]) -> Result:
        """Do something in a transaction of its own."""
        with self.works.writing(self.context) as work:
            done = act(work)
            work.commit()
        return done

    def order(self, state: OrderState = OrderState.VALIDATED, *lines: OrderLine, **others: Any) -> Order:
        """Store an order of that state, and give it as it is stored."""
        one = priced_order(OrderState.DRAFT, *(lines or (self.line(),)), party_id=self.party, **others)
        self.do(lambda work: work.orders.add(one))
        one.state = state
        self.do(lambda work: work.orders.save(one, lines=False))
        return self.read(one.id)

    def line(self, position: int = 1, **others: Any) -> OrderLine:
        """Give a line of goods that come from the warehouse."""
        fields: dict[str, Any] = {"product_id": self.products[0], "warehouse_id": self.place, "vat_rate": NO_VAT}
        return order_line(position, **fields | others)

    def offer(self, state: ProposalState = ProposalState.VALIDATED, *lines: ProposalLine, **others: Any) -> Proposal:
        """Store a proposal of that state, and give it as it is stored."""
        bought = lines or (proposal_line(1, product_id=self.products[0]),)
        one = proposal(ProposalState.DRAFT, *bought, party_id=self.party, **others)
        self.do(lambda work: work.proposals.add(one))
        one.state = state
        self.do(lambda work: work.proposals.save(one, lines=False))
        return self.read_offer(one.id)

    def read(self, key: OrderId) -> Order:
        with self.works.reading(self.context) as work:
            return work.orders.get(key)

    def read_offer(self, key: ProposalId) -> Proposal:
        with self.works.reading(self.context) as work:
            return work.proposals.get(key)

    def ordered(self) -> Decimal:
        """Give what counts of the customer's orders against its credit limit."""
        with self.works.reading(self.context) as work:
            return work.credits.outstanding(self.party, DAY).ordered


def _trade(works: SqlWorks, context: Context) -> Trade:
    party = Party(name="Client", customer=True, credit_limit=amount(Decimal(500)))
    place = Warehouse(ref="MAIN", name="Main")
    both = [Product(ref=ref, name=ref, unit_price=price(Decimal(1)), vat_rate=NO_VAT) for ref in ("A", "B")]
    with works.writing(context) as work:
        work.parties.add(party)
        work.warehouses.add(place)
        for product in both:
            work.products.add(product)
        work.commit()
    return Trade(works, context, party.id, place.id, (both[0].id, both[1].id))


@pytest.fixture
def trade(works: SqlWorks, context: Context) -> Trade:
    return _trade(works, context)


@pytest.fixture
def other(works: SqlWorks) -> Trade:
    """Give another company's."""
    return _trade(works, company_context(works))


@pytest.fixture
def runner(works: SqlWorks) -> Runner:
    return Runner(works, pause)


# --- orders ---------------------------------------------------------------------------------------------------------


def test_an_order_is_read_as_it_was_stored(trade: Trade) -> None:
    """ERP-03: every field, to the last decimal."""
    goods = trade.line(
        1, quantity="0.000001", unit_price=price(Decimal("99999.12345678")), discount=rate(Decimal("0.5"))
    )
    case = order_line(
        2,
        LineKind.SERVICE,
        product_id=trade.products[1],
        unit="CS",
        entered_quantity=much("2"),
        quantity="24",
        unit_cost=price(Decimal("1.5")),
    )
    inside = trade.line(3, kit_position=2, cost="0", shipped="1", invoiced="0.5", returned="0.25", reserved="1")
    said = {"delivery_date": LAST, "external_ref": "Réf 1", "note": "a\nb", "valuation": DOLLARS, "billed": True}
    one = priced_order(OrderState.DRAFT, goods, case, inside, party_id=trade.party, **said)
    trade.do(lambda work: work.orders.add(one))
    found = trade.read(one.id)
    assert found == one
    assert (found.ref, found.version) == (f"(PROV{one.id})", 1)
    assert [line.held for line in found.lines] == [0, 0, 1]


def test_lines_come_by_position_whatever_their_order_was(trade: Trade) -> None:
    one = trade.order(OrderState.VALIDATED, trade.line(1), trade.line(4), trade.line(2))
    assert [line.position for line in trade.read(one.id).lines] == [1, 2, 4]


SAVES: Final[dict[str, Callable[[SqlWork, Order], object]]] = {
    "all": lambda work, one: work.orders.save(one),
    "state": lambda work, one: work.orders.save(one, lines=False),
    "progress": lambda work, one: work.orders.save_progress(one),
    "reserved": lambda work, one: work.orders.save_reserved(one),
    "delete": lambda work, one: work.orders.delete(one),
}


@pytest.mark.parametrize("how", SAVES)
def test_an_order_that_changed_since_it_was_read_is_not_stored_over(trade: Trade, how: str) -> None:
    """ERP-07: compare and set; nothing of the late one is stored."""
    late = trade.order()
    newer = trade.read(late.id)
    trade.do(lambda work: work.orders.save(newer, lines=False))
    late.state, late.lines[0].shipped = OrderState.CANCELED, much("2")
    with pytest.raises(Stale) as caught:
        trade.do(lambda work: SAVES[how](work, late))
    assert caught.value.facts["seen"] == 2
    found = trade.read(late.id)
    assert (found.state, found.version) == (OrderState.VALIDATED, 3)
    assert found.lines[0].shipped == 0


@pytest.mark.parametrize("how", SAVES)
def test_a_foreign_companys_order_is_neither_stored_nor_deleted(trade: Trade, other: Trade, how: str) -> None:
    """ERP-03: even by who knows its id and version."""
    one = trade.order()
    with pytest.raises(Stale):
        other.do(lambda work: SAVES[how](work, replace(one)))
    assert trade.read(one.id) == one


def test_a_foreign_companys_order_is_not_there(trade: Trade, other: Trade) -> None:
    one = trade.order(external_ref="X")
    for lock in (False, True):
        with pytest.raises(NotFound) as caught:
            other.do(lambda work, lock=lock: work.orders.get(one.id, lock=lock))  # type: ignore[misc]
        assert caught.value.facts == {"kind": "order", "id": one.id}
    assert other.do(lambda work: work.orders.by_external_ref("X")) is None
    assert not other.do(lambda work: work.orders.followed(one.id))
    assert other.do(lambda work: work.orders.revisions(one.id, before=None, limit=9)) == []


def test_an_external_reference_is_one_orders_within_a_company(trade: Trade, other: Trade) -> None:
    first, second = trade.order(external_ref="X"), trade.order(external_ref="Y")
    other.order(external_ref="X")
    with pytest.raises(Taken) as added:
        trade.order(external_ref="X")
    second.external_ref = "X"
    with pytest.raises(Taken) as saved:
        trade.do(lambda work: work.orders.save(second))
    for caught in (added, saved):
        assert caught.value.at == ("external_ref",)
    assert trade.do(lambda work: work.orders.by_external_ref("X")) == first
    assert trade.read(second.id).external_ref == "Y"


def test_what_is_reserved_by_who_brings_stock_stays_when_progress_is_stored(trade: Trade) -> None:
    """ERP-07: an invoice is counted on an order while stock is promised to it; neither undoes the other."""
    one = trade.order(OrderState.VALIDATED, trade.line(back_ordered="2"))
    served = trade.read(one.id)
    served.lines[0].reserved, served.lines[0].back_ordered = much("1"), much("1")
    trade.do(lambda work: work.orders.save_reserved(served, header=False))
    one.lines[0].invoiced = much("2")
    trade.do(lambda work: work.orders.save_progress(one))
    line = trade.read(one.id).lines[0]
    assert [line.invoiced, line.reserved, line.back_ordered] == [2, 1, 1]


def test_what_was_reserved_since_it_was_read_is_not_stored_over(trade: Trade) -> None:
    late = trade.order(OrderState.VALIDATED, trade.line(back_ordered="2"))
    served = trade.read(late.id)
    served.lines[0].reserved = much("1")
    trade.do(lambda work: work.orders.still_held(late))
    trade.do(lambda work: work.orders.save_reserved(served, header=False))
    assert trade.read(late.id).version == late.version, "a promise is no change of the order"
    for act in (SAVES["reserved"], lambda work, one: work.orders.still_held(one)):
        with pytest.raises(RolledBack):
            trade.do(lambda work, act=act: act(work, late))  # type: ignore[misc]
    assert [trade.read(late.id).lines[0].reserved, trade.read(late.id).version] == [1, served.version]


@pytest.mark.parametrize("how", ["all", "state", "progress", "reserved"])
def test_what_is_not_invoiced_counts_against_the_limit_however_the_order_is_stored(trade: Trade, how: str) -> None:
    one = trade.order(OrderState.DRAFT)
    assert trade.ordered() == 0
    one.state = OrderState.VALIDATED
    trade.do(lambda work: SAVES[how](work, one))
    assert trade.ordered() == 20
    one.lines[0].invoiced = much("0.5")
    trade.do(lambda work: SAVES[how](work, one))
    assert trade.ordered() == 15
    one.state = OrderState.CANCELED
    trade.do(lambda work: SAVES[how](work, one))
    assert trade.ordered() == 0


def test_a_draft_of_a_shipment_or_of_an_invoice_follows_on_an_order(
    trade: Trade, runner: Runner, clock: FakeClock
) -> None:
    shipped, invoiced, alone = (trade.order() for _ in range(3))
    runner.call(
        trade.context, CreateShipment(clock), lambda: ShipmentDraft(order_id=shipped.id, warehouse_id=trade.place)
    )
    runner.call(trade.context, InvoiceOrder(clock), lambda: OrderInvoiceDraft(order_id=invoiced.id))
    assert [trade.do(lambda work, one=one: work.orders.followed(one.id)) for one in (shipped, invoiced, alone)] == [  # type: ignore[misc]
        True,
        True,
        False,
    ]


# --- revisions ------------------------------------------------------------------------------------------------------


def revision(one: Order, number: int) -> Revision:
    return Revision(
        order=one.id, number=number, reason=f"é{number}", actor=UserId(3), at=AT, content=content_of(one, number)
    )


def test_a_revision_is_read_as_it_was_kept(trade: Trade) -> None:
    """ERP-07: to the microsecond, numbers as texts."""
    one = trade.order(OrderState.VALIDATED, trade.line(quantity="0.10", cost="1.10"), delivery_date=LAST)
    kept = revision(one, 1)
    trade.do(lambda work: work.orders.keep(kept))
    assert trade.do(lambda work: work.orders.revisions(one.id, before=None, limit=1)) == [kept]


@pytest.mark.parametrize(
    ("before", "limit", "numbers"),
    [(None, 9, [4, 3, 2, 1]), (None, 2, [4, 3]), (3, 9, [2, 1]), (4, 1, [3]), (1, 9, []), (99, 1, [4])],
)
def test_revisions_come_newest_first_below_a_number(
    trade: Trade, before: int | None, limit: int, numbers: list[int]
) -> None:
    one, beside = trade.order(), trade.order()
    for number in (1, 3, 2, 4):
        trade.do(lambda work, number=number: work.orders.keep(revision(one, number)))  # type: ignore[misc]
    trade.do(lambda work: work.orders.keep(revision(beside, 1)))
    found = trade.do(lambda work: work.orders.revisions(one.id, before=before, limit=limit))
    assert [each.number for each in found] == numbers


# --- proposals ------------------------------------------------------------------------------------------------------


def test_a_proposal_is_read_as_it_was_stored(trade: Trade) -> None:
    """ERP-03: options, chosen or not, among its lines; totals of what counts."""
    lines = [
        proposal_line(1, "3.333", product_id=trade.products[0]),
        proposal_line(2, kind=LineKind.FREIGHT, product_id=None, optional=True),
        proposal_line(3, product_id=trade.products[1], optional=True, chosen=True, discount=rate(Decimal("12.5"))),
    ]
    said = {"external_ref": "INQ", "refusal": "trop cher", "signed_on": DAY, "note": "n", "valuation": DOLLARS}
    one = proposal(ProposalState.DRAFT, *lines, party_id=trade.party, **said)
    trade.do(lambda work: work.proposals.add(one))
    assert trade.read_offer(one.id) == one
    assert (one.ref, one.version, len(one.vat)) == (f"(PROV{one.id})", 1, 1)


OFFER_SAVES: Final[dict[str, Callable[[SqlWork, Proposal], object]]] = {
    "all": lambda work, one: work.proposals.save(one),
    "state": lambda work, one: work.proposals.save(one, lines=False),
    "states": lambda work, one: work.proposals.save_states([one]),
    "delete": lambda work, one: work.proposals.delete(one),
}


@pytest.mark.parametrize("how", OFFER_SAVES)
def test_a_proposal_that_changed_since_it_was_read_is_not_stored_over(trade: Trade, how: str) -> None:
    late = trade.offer()
    newer = trade.read_offer(late.id)
    newer.state = ProposalState.SIGNED
    trade.do(lambda work: work.proposals.save(newer, lines=False))
    late.state = ProposalState.EXPIRED
    with pytest.raises(Stale):
        trade.do(lambda work: OFFER_SAVES[how](work, late))
    found = trade.read_offer(late.id)
    assert (found.state, found.version, len(found.lines)) == (ProposalState.SIGNED, newer.version, 1)


@pytest.mark.parametrize("how", OFFER_SAVES)
def test_a_foreign_companys_proposal_is_neither_stored_nor_deleted(trade: Trade, other: Trade, how: str) -> None:
    one = trade.offer()
    with pytest.raises(Stale):
        other.do(lambda work: OFFER_SAVES[how](work, replace(one)))
    assert trade.read_offer(one.id) == one


def test_a_foreign_companys_proposal_is_not_there(trade: Trade, other: Trade) -> None:
    first = trade.offer()
    later = trade.offer(ProposalState.DRAFT, revises_id=first.id, revision=2)
    for key in (first.id, later.id):
        with pytest.raises(NotFound):
            other.read_offer(key)
    assert other.do(lambda work: work.proposals.former(later.id)) is None
    assert other.do(lambda work: work.proposals.later(first.id)) is None
    assert other.do(lambda work: work.proposals.lock_lapsed(LAST + timedelta(days=1), 9)) == []


def test_versions_know_each_other(trade: Trade) -> None:
    first = trade.offer()
    second = trade.offer(ProposalState.DRAFT, revises_id=first.id, revision=2)
    assert trade.do(lambda work: (work.proposals.former(second.id), work.proposals.later(first.id))) == (
        first.id,
        second.id,
    )
    assert trade.do(lambda work: (work.proposals.former(first.id), work.proposals.later(second.id))) == (None, None)
    assert trade.do(lambda work: work.proposals.former(ProposalId(second.id + 999))) is None
    trade.do(lambda work: work.proposals.delete(second))
    assert trade.do(lambda work: work.proposals.later(first.id)) is None


def test_followers_are_told_by_kind_with_their_states(trade: Trade) -> None:
    one = trade.offer(ProposalState.SIGNED)
    orders = [trade.order(state, proposal_id=one.id) for state in (OrderState.CANCELED, OrderState.DRAFT)]
    trade.order(proposal_id=trade.offer(ProposalState.SIGNED).id)
    found = trade.read_offer(one.id).followers
    assert [(each.kind, each.id, each.state) for each in found] == [
        (FollowerKind.ORDER, orders[0].id, "canceled"),
        (FollowerKind.ORDER, orders[1].id, "draft"),
    ]


def test_a_step_stores_what_it_decides_and_leaves_the_lines(trade: Trade) -> None:
    one = trade.offer()
    one.ref, one.valid_until, one.refusal, one.signed_on = "PR1", LAST + timedelta(days=9), "no", DAY
    one.note, one.lines = "not stored", []
    trade.do(lambda work: work.proposals.save(one, lines=False))
    found = trade.read_offer(one.id)
    assert (found.ref, found.valid_until, found.refusal, found.signed_on) == (
        "PR1",
        LAST + timedelta(days=9),
        "no",
        DAY,
    )
    assert (found.note, len(found.lines), found.version) == ("", 1, 3)


# --- expiry ---------------------------------------------------------------------------------------------------------


def ending(trade: Trade, day: date, state: ProposalState = ProposalState.VALIDATED) -> ProposalId:
    """Store an offer whose last day is ``day``."""
    return trade.offer(state, date=date(2026, 1, 1), valid_until=day).id


def test_offers_lapse_the_day_after_their_last_the_longest_past_first(trade: Trade) -> None:
    """ERP-07: only open ones, so many at most, locked in the order of their ids."""
    today = date(2026, 6, 2)
    days = [today, today - timedelta(days=1), today - timedelta(days=9), today - timedelta(days=2)]
    keys = [ending(trade, day) for day in days]
    for state in ProposalState:
        if state is not ProposalState.VALIDATED:
            ending(trade, date(2026, 1, 2), state)
    assert [one.id for one in trade.do(lambda work: work.proposals.lock_lapsed(today, 9))] == keys[1:]
    two = trade.do(lambda work: work.proposals.lock_lapsed(today, 2))
    assert [(one.id, one.lines) for one in two] == [(keys[2], []), (keys[3], [])]


def test_states_are_stored_together_and_nothing_else_of_the_offers(trade: Trade) -> None:
    today = date(2026, 6, 2)
    keys = [ending(trade, date(2026, 6, 1)) for _ in range(3)]
    before = [trade.read_offer(key) for key in keys]

    def expire(work: SqlWork) -> None:
        found = work.proposals.lock_lapsed(today, 9)
        for one in found:
            one.expire(today)
        work.proposals.save_states(found)

    trade.do(expire)
    after = [replace(one, state=ProposalState.EXPIRED, version=one.version + 1) for one in before]
    assert [trade.read_offer(key) for key in keys] == after


def test_the_chore_closes_in_batches_until_none_is_left(trade: Trade, runner: Runner) -> None:
    keys = [ending(trade, date(2026, 6, 1)) for _ in range(5)]
    case = ExpireProposals(most=2)
    assert [runner.call(trade.context, case, lambda: date(2026, 6, 2)) for _ in range(4)] == [2, 2, 1, 0]
    assert {trade.read_offer(key).state for key in keys} == {ProposalState.EXPIRED}
