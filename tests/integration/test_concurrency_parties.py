"""A merge meets whoever else is at work on the same third party (CT-02, ERP-07)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Final

import pytest
from sqlalchemy import func, select

from app.domain.parties import Contact, Party, PartyAccount, PartyArchived, PartyGone
from app.domain.shared.errors import DomainError, Stale
from app.domain.shared.ids import PartyId
from app.domain.shared.money import amount, price, quantity
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import Trace
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.tables.shared import metadata
from app.usecases.billing import CreateInvoice, InvoiceDraft
from app.usecases.parties import (
    AddBankAccount,
    AddContact,
    ChangeParty,
    CreateParty,
    Merge,
    MergeParty,
    ReadOutstanding,
    ReadParty,
)
from app.usecases.sales import (
    CreateOrder,
    CreateProposal,
    ListOrders,
    OrderDraft,
    ProposalDraft,
    ProposalLineDraft,
    ValidateOrder,
)
from app.usecases.shared import Change, LineDraft
from tests.support.books import Books
from tests.support.processes import ON_EACH
from tests.support.shop import NO_VAT

FULL: Final = (
    pytest.mark.full,
    pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True),
)
Act = Callable[[], Any]


def full(test: Any) -> Any:
    """Run a test on each database, and never in the quick run."""
    for mark in FULL:
        test = mark(test)
    return test


@dataclass
class Crossing:
    """Holds the first where it is about to run ``at``, until the second is about to run ``until`` or cannot begin."""

    at: str
    until: str
    first: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)

    def __call__(self, trace: Trace) -> None:
        mine = threading.get_ident() == self.first
        if mine and trace.name.startswith(self.at) and not self.reached.is_set():
            self.reached.set()
            self.arrived.wait(0.5)  # on SQLite the second waits for the first to end
        if not mine and trace.name.startswith(self.until):
            self.arrived.set()


@contextmanager
def watched(database: Database, crossing: Crossing) -> Iterator[None]:
    before, database.trace = database.trace, crossing
    try:
        yield
    finally:
        database.trace = before


def outcome(act: Act) -> Any:
    """Give what an act gives, or how it is refused."""
    try:
        return act()
    except DomainError as refused:
        return refused


def cross(database: Database, crossing: Crossing, first: Act, second: Act) -> tuple[Any, Any]:
    """Let ``second`` begin while ``first`` is held in the middle; give what came of both."""

    def held() -> Any:
        crossing.first = threading.get_ident()
        return outcome(first)

    with watched(database, crossing), ThreadPoolExecutor(2) as pool:
        one = pool.submit(held)
        assert crossing.reached.wait(30), f"nobody came to {crossing.at}"
        two = pool.submit(outcome, second)
        return one.result(60), two.result(60)


@dataclass(frozen=True)
class Twins:
    """A customer entered twice, in books of its own."""

    books: Books
    party: PartyId
    into: PartyId

    @classmethod
    def of(cls, books: Books, **fields: Any) -> Twins:
        """Enter both; ``fields`` are those of the one that stands."""
        case = CreateParty(books.desk.clock, books.desk.numbering)
        gone = books.do(case, Party(name="Twin", customer=True))
        return cls(books, gone.id, books.do(case, Party(name="Client", customer=True, **fields)).id)

    def merge(self, party: PartyId | None = None, into: PartyId | None = None) -> Party:
        """Merge the one into the other, or others."""
        wanted = Merge(party=party or self.party, into=into or self.into)
        return self.books.do(MergeParty(self.books.desk.clock, self.books.desk.numbering), wanted)

    def read(self, party: PartyId) -> Party:
        """Read a third party."""
        return self.books.do(ReadParty(), party)

    def order(self, gross: int = 1) -> Any:
        """Enter an order of the one that goes."""
        return self.books.do(CreateOrder(self.books.desk.clock), OrderDraft(party_id=self.party, lines=(line(gross),)))

    def entering(self) -> dict[str, Act]:
        """Give what may be entered for the one that goes, by the statement that stores it."""
        do, clock, mine = self.books.do, self.books.desk.clock, self.party
        offer = ProposalDraft(party_id=mine, lines=(ProposalLineDraft(**asdict(line())),))
        account = PartyAccount(party_id=mine, holder="H", iban="DE89370400440532013000")
        return {
            "orders": self.order,
            "invoices": lambda: do(CreateInvoice(clock), InvoiceDraft(party_id=mine, lines=(line(),))),
            "proposals": lambda: do(CreateProposal(clock), offer),
            "contacts": lambda: do(AddContact(), Contact(party_id=mine, name="Ana")),
            "party_accounts": lambda: do(AddBankAccount(), account),
        }


def line(gross: int = 1) -> LineDraft:
    return LineDraft(
        description="Work", quantity=quantity(Decimal(1)), unit_price=price(Decimal(gross)), vat_rate=NO_VAT
    )


def named(database: Database, what: str, *parties: PartyId) -> list[int]:
    """Give how many rows of a table name each of the third parties."""
    table = metadata.tables[what]
    with plain_engine(database.url.render_as_string(hide_password=False)).connect() as connection:
        mine = [select(func.count()).select_from(table).where(table.c.party_id == one) for one in parties]
        return [connection.scalar(one) or 0 for one in mine]


@ON_EACH
def test_an_order_that_is_being_entered_follows_the_merge(books: Books, database: Database) -> None:
    """CT-02: the merge has looked for documents already when this one comes; it looks again."""
    twins = Twins.of(books)
    crossing = Crossing(at="insert orders", until="lock third_parties")
    entered, merged = cross(database, crossing, twins.order, twins.merge)
    assert isinstance(merged, Party), merged
    assert entered.party_id == twins.party
    assert [row["party_id"] for row in books.rows(ListOrders())] == [twins.into]


@full
@pytest.mark.parametrize("what", ["orders", "invoices", "proposals", "contacts", "party_accounts"])
def test_whatever_is_entered_first_follows(books: Books, database: Database, what: str) -> None:
    """CT-02: nothing is left with somebody who is gone, in whichever order the two end."""
    twins = Twins.of(books)
    crossing = Crossing(at=f"insert {what}", until="lock third_parties")
    entered, merged = cross(database, crossing, twins.entering()[what], twins.merge)
    assert isinstance(merged, Party), merged
    assert not isinstance(entered, DomainError), entered
    assert named(database, what, twins.party, twins.into) == [0, 1]


@full
@pytest.mark.parametrize("what", ["orders", "invoices", "proposals", "contacts", "party_accounts"])
def test_whatever_comes_to_a_merge_under_way_is_refused(books: Books, database: Database, what: str) -> None:
    """CT-02: it waits for the merge, and then sees who is gone."""
    twins = Twins.of(books)
    document = what in {"orders", "invoices", "proposals"}
    crossing = Crossing(at="merge contacts", until="hold third_parties" if document else "lock third_parties")
    merged, entered = cross(database, crossing, twins.merge, twins.entering()[what])
    assert isinstance(merged, Party), merged
    assert isinstance(entered, PartyArchived if document else PartyGone), entered
    assert named(database, what, twins.party, twins.into) == [0, 0]


@full
def test_a_change_and_a_merge_never_undo_each_other(books: Books, database: Database) -> None:
    """Of either third party: the change is kept whole, or refused as one of an older version."""
    for changed in ("party", "into"):
        twins = Twins.of(books)
        key = getattr(twins, changed)
        change = Change(id=key, version=1, changes={"phone": "1"})
        case = ChangeParty(books.desk.clock, books.desk.numbering)
        crossing = Crossing(at="update third_parties", until="merge third_parties")
        kept, merged = cross(database, crossing, partial(books.do, case, change), twins.merge)
        assert isinstance(merged, Party), merged
        gone, stands = twins.read(twins.party), twins.read(twins.into)
        assert (gone.archived, gone.merged_into_id, stands.archived) == (True, twins.into, False)
        assert isinstance(kept, Stale) or stands.phone == "1"


@full
def test_of_two_merges_that_cross_one_is_refused(books: Books, database: Database) -> None:
    """Neither ends in the other: somebody is left standing."""
    twins = Twins.of(books)
    crossing = Crossing(at="merge contacts", until="lock third_parties")
    one, two = cross(database, crossing, twins.merge, lambda: twins.merge(twins.into, twins.party))
    assert isinstance(one, Party), one
    assert isinstance(two, PartyGone), two
    assert [twins.read(key).merged_into_id for key in (twins.party, twins.into)] == [twins.into, None]


@full
def test_a_limit_holds_for_what_both_twins_owe(books: Books, database: Database) -> None:
    """ERP-07: an order validated while its customer is merged counts for the one that stands, once."""
    twins = Twins.of(books, credit_limit=amount(Decimal(100)))
    order = twins.order(60)
    case = ValidateOrder(books.desk.numbering)
    crossing = Crossing(at="merge contacts", until="lock orders")
    merged, validated = cross(database, crossing, twins.merge, lambda: books.do(case, order.id))
    assert isinstance(merged, Party), merged
    assert validated.party_id == twins.into
    assert books.do(ReadOutstanding(books.desk.clock), twins.into).outstanding.total == 60
    assert books.do(ReadOutstanding(books.desk.clock), twins.party).outstanding.total == 0
