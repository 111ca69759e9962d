"""Where events wait for their number, and where they stand once they have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.journal import Entry, Head, Waiting
from app.domain.shared.ids import CompanyId, UserId


class Journal(Protocol):
    """The journal of the context's company."""

    def companies_waiting(self) -> Sequence[CompanyId]:
        """Give the companies whose events wait for a number."""
        ...

    def claim(self) -> Head | None:
        """Give the head, locked until the end of the transaction; None when another process has it."""
        ...

    def waiting(self, most: int) -> Sequence[Waiting]:
        """Give committed events in the order in which their aggregates saw them."""
        ...

    def move(self, head: Head, waiting: Sequence[Waiting], entries: Sequence[Entry]) -> None:
        """Store ``entries`` and the head they end at, and drop what waited."""
        ...

    def head(self) -> Head:
        """Give the head as it is now; that of a company without events is a new one."""
        ...

    def after(self, sequence: int, most: int, kind: str | None = None) -> Sequence[Entry]:
        """Give entries behind ``sequence``, in order, of one kind if asked."""
        ...

    def knows(self, kind: str, object_id: int) -> bool:
        """Tell whether there is an entry about an object."""
        ...

    def people(self, users: Iterable[UserId]) -> Mapping[UserId, tuple[str, str]]:
        """Give name and e-mail address of those of ``users`` that exist, by one statement."""
        ...

    def walk(self, head: Head) -> Iterator[Entry]:
        """Give all entries kept up to ``head``, in order, in batches: what a verification walks."""
        ...

    def erase(self, kind: str, object_id: int) -> int:
        """Empty facts, changes and address of every entry about an object; digests and links stay. Give their number.

        Events that wait for their number are emptied too.
        """
        ...

    def drop(self, head: Head, before: datetime, most: int) -> int:
        """Drop the oldest entries from before an instant, at most so many, and move the first of the locked head."""
        ...
