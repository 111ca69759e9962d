"""Hash chains under examination: what may be wrong with one, and how the rows of a chain tell it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.domain.shared.errors import Invalid
from app.domain.shared.numbering import GENESIS
from app.domain.shared.series import SeriesKind

Linker = Callable[[str, Mapping[str, object]], str]
"""Gives the link over the link before and a content: what a ``Seal`` does."""

SEALED: Final = (
    SeriesKind.INVOICE,
    SeriesKind.CREDIT_NOTE,
    SeriesKind.DEPOSIT,
    SeriesKind.REPLACEMENT,
    SeriesKind.PAYMENT,
)
"""The series whose documents are linked."""


class NoChain(Invalid):
    """The series has no hash chain: only invoices and payments are linked."""

    code = "chains.no_chain"


class FlawKind(StrEnum):
    """What is wrong at one place of a chain.

    ``changed``: the row's content, or what came before it, is not what was linked. ``link_changed``: the content is
    right, the link is not. ``missing``: rows are gone. ``inserted``: the row was put there without the key.
    ``swapped``: two neighbours stand in each other's place. ``head_changed``: the counter or last link of the series
    is not that of its last row. ``not_as_exported``: the chain holds together, but it is not the one whose head was
    signed.
    """

    CHANGED = "changed"
    LINK_CHANGED = "link_changed"
    MISSING = "missing"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    HEAD_CHANGED = "head_changed"
    NOT_AS_EXPORTED = "not_as_exported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """One row of a chain: its number, what its link is to cover, and the link stored."""

    number: int
    content: Mapping[str, object]
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a chain as its series row tells it; ``rows_to`` is the last number any row had at that moment."""

    kind: str
    period: str
    next: int
    last_hash: str
    last_date: date | None = None
    rows_to: int = 0

    @property
    def last(self) -> int:
        """The last number given, 0 when there is none."""
        return self.next - 1

    @property
    def end(self) -> int:
        """The last number worth looking at."""
        return max(self.last, self.rows_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong with the rows numbered ``number`` to ``to`` of one chain."""

    kind: FlawKind
    number: int
    to: int


def walk(rows: Iterable[Linked], link: Linker, head: Head) -> Iterator[Flaw]:
    """Give what is wrong with a chain, in order of its numbers, holding two rows at a time.

    ``rows`` come by number and reach to ``head.end``. After a gap the next row cannot be proved, its link being made
    over one that is gone; the rows after it can. Source: design, section 3.
    """
    walked = _Walk(link, head)
    waiting = iter(rows)
    row = next(waiting, None)
    while row is not None:
        following = next(waiting, None)
        yield from walked.gap(row)
        found, taken = walked.step(row, following)
        yield from found
        row = next(waiting, None) if taken else following
    yield from walked.end()


class _Walk:
    """Where a walk stands: the last number, the link it ends in, and whether that link is the true one."""

    def __init__(self, link: Linker, head: Head) -> None:
        self._link = link
        self._head = head
        self._number = 0
        self._previous: str | None = GENESIS

    def gap(self, row: Linked) -> Iterator[Flaw]:
        """Tell the numbers left out before ``row``."""
        if row.number > self._number + 1:
            yield Flaw(kind=FlawKind.MISSING, number=self._number + 1, to=row.number - 1)
            self._previous = None

    def step(self, row: Linked, following: Linked | None) -> tuple[tuple[Flaw, ...], bool]:
        """Judge ``row``; true when ``following`` was judged with it."""
        previous, self._number = self._previous, row.number
        if previous is None or _same(right := self._link(previous, row.content), row.link):
            self._previous = row.link
            return (), False
        beside = following if following is not None and following.number == row.number + 1 else None
        if beside is not None and self._follows(previous, beside):
            return self._stranger(row, beside, previous)
        kind = FlawKind.CHANGED
        self._previous = row.link
        if self._leads_on(right, beside) and not (beside is not None and self._follows(row.link, beside)):
            kind, self._previous = FlawKind.LINK_CHANGED, right
        if row.number > self._head.last:
            return (), False  # rows behind the head are told at the end
        return (Flaw(kind=kind, number=row.number, to=row.number),), False

    def _stranger(self, row: Linked, beside: Linked, previous: str) -> tuple[tuple[Flaw, ...], bool]:
        """Judge a row whose successor continues from the row before it: exchanged with it, or never linked at all."""
        if self._follows(beside.link, row):
            self._number, self._previous = beside.number, row.link
            return (Flaw(kind=FlawKind.SWAPPED, number=row.number, to=beside.number),), True
        self._previous = previous
        return (Flaw(kind=FlawKind.INSERTED, number=row.number, to=row.number),), False

    def end(self) -> Iterator[Flaw]:
        """Compare what was walked with the head."""
        head, number = self._head, self._number
        reached = self._previous is not None and _same(self._previous, head.last_hash)
        if number == head.last:
            if not reached:
                yield Flaw(kind=FlawKind.HEAD_CHANGED, number=number, to=number)
        elif reached:
            yield Flaw(kind=FlawKind.HEAD_CHANGED, number=number, to=number)
        elif number < head.last:
            yield Flaw(kind=FlawKind.MISSING, number=number + 1, to=head.last)
        else:
            yield Flaw(kind=FlawKind.INSERTED, number=head.next, to=number)

    def _follows(self, previous: str, row: Linked) -> bool:
        return _same(self._link(previous, row.content), row.link)

    def _leads_on(self, right: str, beside: Linked | None) -> bool:
        """Tell whether the chain goes on from the link that would be right."""
        if beside is not None:
            return self._follows(right, beside)
        return _same(right, self._head.last_hash)


def _same(one: str, other: str) -> bool:
    # As bytes: a stored link that somebody put other letters into is to be found, not to fail the walk.
    return hmac.compare_digest(one.encode(), other.encode())
