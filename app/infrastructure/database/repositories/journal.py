"""The journal in SQL: events that wait, entries, heads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, bindparam, delete, select, type_coerce, update

from app.domain.journal import Entry, Head, Waiting, aggregate
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.numbering import GENESIS
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import insert_missing, insert_rows, keys
from app.infrastructure.database.tables.identity import users
from app.infrastructure.database.tables.journal import journal as t
from app.infrastructure.database.tables.journal import journal_heads as h
from app.infrastructure.database.tables.shared import outbox
from app.infrastructure.database.types import LONG_TEXT
from app.usecases.context import Context

WALK: Final = 1000
ERASED: Final = "{}"
# Rows of a batch go in by powers of four: a text for each number of rows there may be would never be used twice.
_PORTIONS: Final = (64, 16, 4, 1)
_WAITING: Final = (
    "id",
    "event",
    "aggregate",
    "object_id",
    "version",
    "deleted",
    "actor",
    "api_key",
    "address",
    "request_id",
    "at",
    "facts",
    "changes",
)
_ENTRY: Final[Mapping[str, str]] = {
    "sequence": "sequence",
    "event": "event",
    "kind": "kind",
    "object_id": "object_id",
    "version": "version",
    "deleted": "deleted",
    "actor_id": "actor",
    "api_key_id": "api_key",
    "address": "address",
    "request_id": "request_id",
    "at": "at",
    "facts": "facts",
    "changes": "changes",
    "digest": "digest",
    "link": "link",
}
_LIMIT: Final = bindparam("most", type_=Integer())
_MINE: Final = t.c.company_id == bindparam("company")
_OBJECT: Final = (t.c.kind == bindparam("kind"), t.c.object_id == bindparam("object"))
_HEAD: Final = ("next", "last_link", "first", "first_link")

_COMPANIES = prepare(select(outbox.c.company_id).distinct().order_by(outbox.c.company_id), "select waiting companies")
_CLAIM = prepare(
    select(*(h.c[name] for name in _HEAD))
    .where(h.c.company_id == bindparam("company"))
    .with_for_update(skip_locked=True),
    "lock journal_heads",
)
_HOLD = prepare(
    select(*(h.c[name] for name in _HEAD)).where(h.c.company_id == bindparam("company")).with_for_update(),
    "hold journal_heads",
)
_GET_HEAD = prepare(select(*(h.c[name] for name in _HEAD)).where(h.c.company_id == bindparam("company")))
_MAKE_HEAD = prepare(
    lambda dialect: insert_missing(
        dialect, h, {name: bindparam(name, type_=h.c[name].type) for name in ("company_id", *_HEAD)}
    ),
    "make journal_heads",
)
_SAVE_HEAD = prepare(
    update(h)
    .where(h.c.company_id == bindparam("company"))
    .values({name: bindparam(f"new_{name}", type_=h.c[name].type) for name in _HEAD})
)
_TAKE = prepare(
    select(
        outbox.c.id,
        outbox.c.name,
        outbox.c.aggregate,
        outbox.c.aggregate_id,
        outbox.c.version,
        outbox.c.deleted,
        outbox.c.actor_id,
        outbox.c.api_key_id,
        outbox.c.address,
        outbox.c.request_id,
        outbox.c.occurred_at,
        type_coerce(outbox.c.payload, LONG_TEXT),
        type_coerce(outbox.c.changes, LONG_TEXT),
    )
    .where(outbox.c.company_id == bindparam("company"))
    .order_by(outbox.c.id)
    .limit(_LIMIT),
    "select outbox",
)
_DROP_WAITING = prepare_many(lambda n: delete(outbox).where(keys(outbox.c.id, "id", n)), pads=True)
_INSERT = prepare_many(insert_rows(t, tuple(_ENTRY)), max_rows=_PORTIONS[0])
_AFTER = prepare(
    select(*(t.c[name] for name in _ENTRY))
    .where(_MINE, t.c.sequence > bindparam("after"))
    .order_by(t.c.sequence)
    .limit(_LIMIT),
    "select journal after",
)
_AFTER_OF_KIND = prepare(
    select(*(t.c[name] for name in _ENTRY))
    .where(_MINE, t.c.sequence > bindparam("after"), t.c.kind == bindparam("kind"))
    .order_by(t.c.sequence)
    .limit(_LIMIT),
    "select journal after, of a kind",
)
_KNOWN = prepare(select(t.c.sequence).where(_MINE, *_OBJECT).limit(1), "select journal.object")
_PEOPLE = prepare_many(lambda n: select(users.c.id, users.c.name, users.c.email).where(keys(users.c.id, "user", n)))
_ERASE = prepare(
    update(t)
    .where(_MINE, *_OBJECT)
    .values(facts=bindparam("facts"), changes=bindparam("changes"), address=bindparam("address")),
    "update journal.erased",
)
_ERASE_WAITING = prepare(
    update(outbox)
    .where(
        outbox.c.company_id == bindparam("company"),
        outbox.c.aggregate == bindparam("aggregate"),
        outbox.c.aggregate_id == bindparam("object"),
    )
    .values(payload=bindparam("payload"), changes=bindparam("changes"), address=bindparam("address")),
    "update outbox.erased",
)
_OLDEST = prepare(
    select(t.c.sequence, t.c.link, t.c.at).where(_MINE).order_by(t.c.sequence).limit(_LIMIT), "select journal oldest"
)
_DROP = prepare(delete(t).where(_MINE, t.c.sequence < bindparam("first")))


class SqlJournal:
    """The journal of the context's company, in rows of ``outbox``, ``journal`` and ``journal_heads``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def companies_waiting(self) -> Sequence[CompanyId]:
        """Give the companies whose events wait for a number."""
        return [CompanyId(row[0]) for row in self._session.all(_COMPANIES)]

    def claim(self) -> Head | None:
        """Give the head, locked until the end of the transaction; None when another process has it."""
        row = self._claimed()
        if row is None and self._session.one(_GET_HEAD, company=self._company) is None:
            self._make_head()
            row = self._claimed()
        return None if row is None else self._head(row)

    def waiting(self, most: int) -> Sequence[Waiting]:
        """Give committed events in the order in which their aggregates saw them."""
        rows = self._session.all(_TAKE, company=self._company, most=most)
        return [Waiting(**dict(zip(_WAITING, row, strict=True))) for row in rows]

    def move(self, head: Head, waiting: Sequence[Waiting], entries: Sequence[Entry]) -> None:
        """Store ``entries`` and the head they end at, and drop what waited."""
        rows = [{column: getattr(entry, name) for column, name in _ENTRY.items()} for entry in entries]
        for portion in _portions(rows):
            self._session.many(_INSERT, portion, company_id=self._company)
        self._session.many(_DROP_WAITING, [{"id": one.id} for one in waiting])
        self._save(head)

    def head(self) -> Head:
        """Give the head as it is now; that of a company without events is a new one."""
        row = self._session.one(_GET_HEAD, company=self._company)
        return Head(company=self._company) if row is None else self._head(row)

    def after(self, sequence: int, most: int, kind: str | None = None) -> Sequence[Entry]:
        """Give entries behind ``sequence``, in order, of one kind if asked."""
        given: dict[str, Any] = {"company": self._company, "after": sequence, "most": most}
        if kind is None:
            rows = self._session.all(_AFTER, **given)
        else:
            rows = self._session.all(_AFTER_OF_KIND, kind=kind, **given)
        names = tuple(_ENTRY.values())
        return [Entry(company=self._company, **dict(zip(names, row, strict=True))) for row in rows]

    def knows(self, kind: str, object_id: int) -> bool:
        """Tell whether there is an entry about an object."""
        return self._session.one(_KNOWN, company=self._company, kind=kind, object=object_id) is not None

    def people(self, users: Iterable[UserId]) -> Mapping[UserId, tuple[str, str]]:
        """Give name and e-mail address of those of ``users`` that exist, by one statement."""
        rows = self._session.all_of(_PEOPLE, [{"user": user} for user in sorted(set(users))])
        return {UserId(row[0]): (row[1], row[2]) for row in rows}

    def walk(self, head: Head) -> Iterator[Entry]:
        """Give all entries kept up to ``head``, in order, in batches: what a verification walks."""
        after = 0
        while found := self.after(after, WALK):
            for entry in found:
                if entry.sequence >= head.next and self._numbered_since(head):
                    return
                yield entry
            after = found[-1].sequence

    def erase(self, kind: str, object_id: int) -> int:
        """Empty facts, changes and address of every entry about an object; digests and links stay. Give their number.

        Events that wait for their number are emptied too. Whoever is about to number them is waited for: it may have
        read them as they were.
        """
        if self._held() is None:  # nothing was numbered yet, or it is being numbered for the first time
            self._make_head()
            self._held()
        given = {"company": self._company, "object": object_id, "address": ""}
        self._session.run(_ERASE_WAITING, aggregate=aggregate(kind), payload={}, changes={}, **given)
        return self._session.run(_ERASE, kind=kind, facts=None, changes=None, **given)

    def drop(self, head: Head, before: datetime, most: int) -> int:
        """Drop the oldest entries from before an instant, at most so many, and move the first of the locked head."""
        dropped = 0
        for sequence, link, at in self._session.all(_OLDEST, company=self._company, most=most):
            if at >= before:
                break
            head.first, head.first_link = sequence + 1, link
            dropped += 1
        if dropped:
            self._session.run(_DROP, company=self._company, first=head.first)
            self._save(head)
        return dropped

    def _make_head(self) -> None:
        self._session.run(_MAKE_HEAD, company_id=self._company, next=1, last_link=GENESIS, first=1, first_link=GENESIS)

    def _claimed(self) -> tuple[Any, ...] | None:
        return self._session.one(_CLAIM, lock=self._lock(), company=self._company)

    def _held(self) -> tuple[Any, ...] | None:
        return self._session.one(_HOLD, lock=self._lock(), company=self._company)

    def _lock(self) -> Lock:
        return Lock.series("journal", str(self._company))

    def _head(self, row: tuple[Any, ...]) -> Head:
        return Head(company=self._company, **dict(zip(_HEAD, row, strict=True)))

    def _save(self, head: Head) -> None:
        self._session.run(_SAVE_HEAD, company=self._company, **{f"new_{name}": getattr(head, name) for name in _HEAD})

    def _numbered_since(self, head: Head) -> bool:
        """Tell whether the head moved on: then what lies behind the one in hand is simply newer."""
        return self.head().next > head.next


def _portions(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    at = 0
    for size in _PORTIONS:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size
