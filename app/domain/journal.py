"""The journal of a company: every event numbered, with what it changed, each entry linked to the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from app.domain.shared.errors import DomainError
from app.domain.shared.ids import ApiKeyId, CompanyId, UserId
from app.domain.shared.numbering import GENESIS


class TooOld(DomainError):
    """The feed no longer goes back that far."""

    code = "journal.too_old"


@cache
def noun(aggregate: str) -> str:
    """Give what the API calls the objects of an aggregate: ``third_party`` is ``third-parties``."""
    changes = aggregate.endswith("y") and aggregate[-2] not in "aeiou"  # parties, but keys
    many = aggregate[:-1] + "ies" if changes else aggregate + "s"
    return many.replace("_", "-")


@cache
def aggregate(noun: str) -> str:
    """Give the aggregate whose objects the API calls ``noun``: ``third-parties`` are each a ``third_party``."""
    one = noun[:-3] + "y" if noun.endswith("ies") else noun.removesuffix("s")
    return one.replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event that committed and has no number yet. ``facts`` and ``changes`` are JSON texts, kept as they are."""

    id: int
    event: str
    aggregate: str
    object_id: int
    version: int | None
    deleted: bool
    actor: UserId
    api_key: ApiKeyId | None
    address: str
    request_id: str
    at: datetime
    facts: str
    changes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One numbered event. Erased, ``facts`` and ``changes`` are None and ``address`` is empty; the digest stays."""

    company: CompanyId
    sequence: int
    event: str
    kind: str
    object_id: int
    version: int | None
    deleted: bool
    actor: UserId
    api_key: ApiKeyId | None
    address: str
    request_id: str
    at: datetime
    facts: str | None
    changes: str | None
    digest: str
    link: str = ""

    def content(self) -> dict[str, object]:
        """Give what the link is over: the erasable part stands in it as its digest."""
        return {
            "company": self.company,
            "sequence": self.sequence,
            "kind": self.kind,
            "id": self.object_id,
            "version": self.version,
            "deleted": self.deleted,
            "event": self.event,
            "actor": self.actor,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "digest": self.digest,
        }

    @property
    def erased(self) -> bool:
        """Whether the personal part was emptied."""
        return self.facts is None and self.changes is None

    def genuine(self) -> bool:
        """Tell whether the erasable part is the one the digest was made of, or was erased."""
        return self.erased or self.digest == digest(
            self.facts or "", self.changes or "", self.address, self.request_id, self.api_key
        )


def digest(facts: str, changes: str, address: str, request_id: str, api_key: ApiKeyId | None) -> str:
    """Give the SHA-256 of the erasable part of an entry, in hex."""
    parts = (facts, changes, address, request_id, "" if api_key is None else str(api_key))
    return sha256("\n".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


@dataclass(slots=True, kw_only=True)
class Head:
    """Where a company's journal stands: the next number, the last link, and the first entry still kept."""

    company: CompanyId
    next: int = 1
    last_link: str = GENESIS
    first: int = 1
    first_link: str = GENESIS

    def number(self, waiting: Waiting) -> Entry:
        """Give the next number to an event; the link is for the keeper of the key to add."""
        entry = Entry(
            company=self.company,
            sequence=self.next,
            event=waiting.event,
            kind=noun(waiting.aggregate),
            object_id=waiting.object_id,
            version=waiting.version,
            deleted=waiting.deleted,
            actor=waiting.actor,
            api_key=waiting.api_key,
            address=waiting.address,
            request_id=waiting.request_id,
            at=waiting.at,
            facts=waiting.facts,
            changes=waiting.changes,
            digest=digest(waiting.facts, waiting.changes, waiting.address, waiting.request_id, waiting.api_key),
        )
        self.next += 1
        return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a journal: at which sequence, and what."""

    company: CompanyId
    sequence: int
    what: str


def faults(head: Head, entries: Iterable[Entry], link: Callable[[str, Mapping[str, object]], str]) -> Iterator[Fault]:
    """Walk entries in order from ``head.first`` and tell what does not follow; ``link`` is the Seal's.

    Found are a changed entry (link or digest do not follow), a missing one (the sequence has a gap or ends before the
    head) and an inserted one (a sequence seen before, or beyond the head), each by its sequence. Read the head first:
    what was numbered since is beyond it and must be left out of ``entries``.
    """
    expected, previous = head.first, head.first_link
    for entry in entries:
        if entry.sequence < expected or entry.sequence >= head.next:
            yield Fault(company=head.company, sequence=entry.sequence, what="inserted")
            continue
        if entry.sequence > expected:
            yield Fault(company=head.company, sequence=expected, what="missing")
        elif link(previous, entry.content()) != entry.link:
            yield Fault(company=head.company, sequence=entry.sequence, what="changed")
        elif not entry.genuine():
            yield Fault(company=head.company, sequence=entry.sequence, what="content changed")
        expected, previous = entry.sequence + 1, entry.link
    if expected < head.next:
        yield Fault(company=head.company, sequence=expected, what="missing")
    elif previous != head.last_link:
        yield Fault(company=head.company, sequence=head.next - 1, what="changed")
