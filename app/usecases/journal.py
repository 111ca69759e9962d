"""Events get their numbers; who changed what is told in the order of these numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from app.domain.journal import Entry, Fault, Head, TooOld, faults
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.rights import Right
from app.usecases.context import Context, system_context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Operator, Page, Query, Sort
from app.usecases.ports.shared import Clock, Seal, Work
from app.usecases.run import Runner
from app.usecases.shared import ListCase

BATCH: Final = 256
NOBODY: Final = UserId(0)
Subscriber = Callable[[Work, Context, Sequence[Entry]], None]
"""Hears of newly numbered entries within the transaction that numbers them; what it raises undoes the batch."""

_STORED: Final = (
    ListField(name="sequence", kind=FieldKind.ID, sortable=True),
    ListField(name="at", kind=FieldKind.INSTANT),
    ListField(name="event", kind=FieldKind.TEXT),
    ListField(name="kind", kind=FieldKind.TEXT),
    ListField(name="object_id", kind=FieldKind.ID),
    ListField(name="version", kind=FieldKind.ID, nullable=True, filterable=False),
    ListField(name="deleted", kind=FieldKind.FLAG),
    ListField(name="actor_id", kind=FieldKind.ID, nullable=True),
    ListField(name="api_key_id", kind=FieldKind.ID, nullable=True),
    ListField(name="address", kind=FieldKind.TEXT),
    ListField(name="request_id", kind=FieldKind.TEXT),
    ListField(name="facts", kind=FieldKind.JSON, nullable=True, filterable=False),
    ListField(name="changes", kind=FieldKind.JSON, nullable=True, filterable=False),
)
_NEWEST_FIRST: Final = (Sort(field="sequence", descending=True),)
JOURNAL: Final = Listing(name="audit", fields=_STORED, default_sort=_NEWEST_FIRST, key=("sequence",))
AUDIT: Final = replace(
    JOURNAL,
    fields=(
        *_STORED,
        ListField(name="actor_name", kind=FieldKind.TEXT, nullable=True, filterable=False),
        ListField(name="actor_email", kind=FieldKind.TEXT, nullable=True, filterable=False),
    ),
)


@dataclass(frozen=True, slots=True)
class CompaniesWaiting:
    """Find the companies whose events wait for a number."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[CompanyId]:
        """Give their ids, in order."""
        return work.journal.companies_waiting()


@dataclass(frozen=True, slots=True)
class NumberEvents:
    """Give numbers to the events of one company that committed, and link them to the journal's chain.

    Under the lock of the company's head no two processes number the same event, and none before an earlier one of the
    same aggregate: an outbox row is written under its aggregate's lock, with an id counted by the database, so who sees
    the later row sees the earlier one too, or finds it numbered.
    """

    seal: Seal
    subscribers: tuple[Subscriber, ...] = ()
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: int) -> int:
        """Give how many of at most ``request`` events were numbered; 0 as well when another process is at it."""
        head = work.journal.claim()
        waiting = work.journal.waiting(request) if head is not None else ()
        if head is None or not waiting:
            return 0
        entries = []
        for one in waiting:
            entry = head.number(one)
            head.last_link = self.seal.link(head.last_link, entry.content())
            entries.append(replace(entry, link=head.last_link))
        for subscriber in self.subscribers:
            subscriber(work, context, entries)
        work.journal.move(head, waiting, entries)
        return len(entries)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Numbers whatever waits in all companies, each batch in a transaction of its own."""

    runner: Runner
    numbering: NumberEvents
    sources: Sequence[Callable[[], object]] = ()
    """What else leaves events behind when it is asked to, before they are numbered."""

    def __call__(self) -> int:
        """Give how many events were numbered. What a source raises is raised behind that."""
        try:
            for source in self.sources:
                source()
        finally:
            done = self._numbered()
        return done

    def _numbered(self) -> int:
        system = system_context("dispatch")
        done = 0
        for company in self.runner.call(system, CompaniesWaiting(), lambda: None):
            context = replace(system, company=company)
            while numbered := self.runner.call(context, self.numbering, lambda: BATCH):
                done += numbered
                if numbered < BATCH:
                    break
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesAfter:
    """Asks for the feed behind ``after``, of one kind if named."""

    after: int
    limit: int
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A stretch of the feed; ``next`` is what to ask for next."""

    entries: Sequence[Entry]
    next: int


@dataclass(frozen=True, slots=True)
class ReadChanges:
    """Show what changed behind a sequence, oldest first. Raises TooOld when the feed no longer goes back that far."""

    right: ClassVar[Right] = Right.CHANGES_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ChangesAfter) -> Changes:
        """Give the entries and where to go on."""
        entries = work.journal.after(request.after, request.limit, request.kind)
        # Read behind the entries: a purge in between must not go unnoticed.
        first = work.journal.head().first
        if request.after + 1 < first:
            raise TooOld(first=first)
        return Changes(entries=entries, next=entries[-1].sequence if entries else request.after)


class ListAudit(ListCase):
    """List who did what, when and from where, newest first; the latest second may be missing."""

    __slots__ = ()
    right = Right.AUDIT_READ
    listing = AUDIT

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give one page with the names of those who acted."""
        page = work.lists.page(JOURNAL, query)
        at = [field.name for field in _STORED].index("actor_id")
        people = work.journal.people({UserId(int(str(row[at]))) for row in page.rows} - {NOBODY})
        return replace(page, rows=[_with_actor(row, at, people) for row in page.rows])


def _with_actor(row: tuple[object, ...], at: int, people: Mapping[UserId, tuple[str, str]]) -> tuple[object, ...]:
    """Give the row with name and address of who acted; the command line and the program itself are nobody."""
    actor = UserId(int(str(row[at])))
    shown = None if actor == NOBODY else actor
    return (*row[:at], shown, *row[at + 1 :], *people.get(actor, (None, None)))


class ListObjectAudit(ListAudit):
    """List who did what to one object, newest first. Raises NotFound for one that nothing is known of."""

    __slots__ = ()

    def execute(self, work: Work, context: Context, query: Query) -> Page:
        """Give one page; the query names kind and id."""
        wanted = {one.field: one.value for one in query.filters if one.operator is Operator.EQ}
        kind, key = str(wanted["kind"]), int(str(wanted["object_id"]))
        if not work.journal.knows(kind, key):
            raise NotFound(kind=kind, id=key)
        return ListAudit.execute(self, work, context, query)


@dataclass(frozen=True, slots=True)
class VerifyJournal:
    """Walk the journal's chain and tell what was changed, removed or inserted."""

    seal: Seal
    right: ClassVar[Right | None] = Right.CHAINS_VERIFY
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> tuple[Head, Sequence[Fault]]:
        """Give the head it was held against and the faults found, in order."""
        head = work.journal.head()
        return head, list(faults(head, work.journal.walk(head), self.seal.link))


@dataclass(frozen=True, slots=True)
class DropEntries:
    """Drop a company's oldest entries; the feed then begins later and the chain at the first one kept."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: datetime) -> int:
        """Drop at most a batch from before ``request`` and give how many; 0 as well when the head is taken."""
        head = work.journal.claim()
        return 0 if head is None else work.journal.drop(head, request, BATCH)


@dataclass(frozen=True, slots=True)
class ForgetJournal:
    """Drops entries older than so many days, company by company, a batch at a time."""

    runner: Runner
    clock: Clock
    days: int

    def __call__(self, contexts: Sequence[Context]) -> int:
        """Give how many were dropped."""
        before = self.clock.now() - timedelta(days=self.days)
        done = 0
        for context in contexts:
            while dropped := self.runner.call(context, DropEntries(), lambda: before):
                done += dropped
        return done
