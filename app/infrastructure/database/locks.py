"""The one written order in which rows are locked, so that two transactions never wait for each other in a circle.

The company, by who changes its members, roles or settings; templates, then documents by (kind, id), an invoice before
the one that it replaces; third parties; cost rows by product; stock levels by (warehouse, product); customer credit;
last the series row, after which only set-wise writes follow. Jobs come behind all of these.
Statements that lock say what; it costs nothing unless somebody traces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Self

LockKey = tuple[int | str, ...]
Position = tuple["LockRank", LockKey]


class LockRank(IntEnum):
    """What is locked, in the order in which it may be."""

    COMPANY = 1
    ATTEMPTS = 5
    TEMPLATE = 8
    INVOICE = 9
    REPLACED = 10
    ORDER = 11
    PAYMENT = 12
    PROPOSAL = 13
    SHIPMENT = 14
    RETURN = 15
    SEPA_ORDER = 16
    MAIL = 19
    PARTY = 17
    INVENTORY = 18
    COST = 20
    LEVEL = 30
    CREDIT = 40
    SERIES = 50
    JOB = 60


_DOCUMENTS: Final = {
    "proposal": LockRank.PROPOSAL,
    "invoice template": LockRank.TEMPLATE,
    "order": LockRank.ORDER,
    "shipment": LockRank.SHIPMENT,
    "return": LockRank.RETURN,
    "invoice": LockRank.INVOICE,
    "payment": LockRank.PAYMENT,
    "inventory": LockRank.INVENTORY,
    "sepa order": LockRank.SEPA_ORDER,
    "mail": LockRank.MAIL,
}


@dataclass(frozen=True, slots=True)
class Lock:
    """What one statement locks: keys of one rank, in the order in which the statement takes them."""

    rank: LockRank
    keys: tuple[LockKey, ...]

    @classmethod
    def company(cls, company: int) -> Self:
        """Give the lock on who belongs to a company and how it works, the first of all."""
        return cls(LockRank.COMPANY, ((company,),))

    @classmethod
    def document(cls, kind: str, ids: Iterable[int]) -> Self:
        """Give the lock on documents; ``kind`` is the name its events give one."""
        return cls(_DOCUMENTS[kind], tuple((key,) for key in ids))

    @classmethod
    def replaced(cls, invoice: int) -> Self:
        """Give the lock on the invoice that another replaces, which is locked before it is known which it replaces."""
        return cls(LockRank.REPLACED, ((invoice,),))

    @classmethod
    def attempts(cls, subjects: Iterable[str]) -> Self:
        """Give the lock on counters of attempts, in a transaction that locks nothing else."""
        return cls(LockRank.ATTEMPTS, tuple((subject,) for subject in subjects))

    @classmethod
    def party(cls, ids: Iterable[int]) -> Self:
        """Give the lock on third parties, which a document in the making shares and anonymising has alone."""
        return cls(LockRank.PARTY, tuple((key,) for key in ids))

    @classmethod
    def cost(cls, products: Iterable[int]) -> Self:
        """Give the lock on the cost rows of ``products``."""
        return cls(LockRank.COST, tuple((key,) for key in products))

    @classmethod
    def level(cls, warehouse: int, products: Iterable[int]) -> Self:
        """Give the lock on the level rows of ``products`` in one warehouse."""
        return cls(LockRank.LEVEL, tuple((warehouse, key) for key in products))

    @classmethod
    def places(cls, keys: Iterable[tuple[int, int]]) -> Self:
        """Give the lock on level rows by (warehouse, product)."""
        return cls(LockRank.LEVEL, tuple(keys))

    @classmethod
    def credit(cls, customer: int) -> Self:
        """Give the lock on a customer's credit."""
        return cls(LockRank.CREDIT, ((customer,),))

    @classmethod
    def series(cls, kind: str, period: str) -> Self:
        """Give the lock on a series row, the last of all."""
        return cls(LockRank.SERIES, ((kind, period),))

    @classmethod
    def job(cls, ids: Iterable[int]) -> Self:
        """Give the lock on jobs, behind what their end changes."""
        return cls(LockRank.JOB, tuple((key,) for key in ids))

    def positions(self) -> tuple[Position, ...]:
        """Give the positions in the lock order."""
        return tuple((self.rank, key) for key in self.keys)


class TraceKind(StrEnum):
    """What a trace tells of."""

    BEGIN = "begin"
    STATEMENT = "statement"
    COMMIT = "commit"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One thing a session did. ``session`` tells transactions apart; ``locks`` are positions in the lock order."""

    session: int
    kind: TraceKind
    name: str = ""
    sql: str = ""
    locks: tuple[Position, ...] = ()


Tracer = Callable[[Trace], None]


@dataclass(slots=True)
class LockOrder:
    """Watches traces for a lock taken out of order; what it found is in ``breaches``.

    A lock already held may be noted again: it waits for nobody.
    """

    breaches: list[str] = field(default_factory=list)
    taken: dict[int, list[Position]] = field(default_factory=dict)
    done: list[tuple[Position, ...]] = field(default_factory=list)

    def __call__(self, trace: Trace) -> None:
        """Take note of one trace."""
        if trace.locks:
            held = self.taken.setdefault(trace.session, [])
            for lock in trace.locks:
                self._take(held, lock, trace.session)
        elif trace.kind in {TraceKind.COMMIT, TraceKind.ROLLBACK}:
            held = self.taken.pop(trace.session, [])
            if held:
                self.done.append(tuple(held))

    def _take(self, held: list[tuple[LockRank, LockKey]], lock: tuple[LockRank, LockKey], session: int) -> None:
        if lock in held:
            return
        if held and lock < held[-1]:
            before, now = held[-1], lock
            self.breaches.append(
                f"transaction {session} locked {now[0].name} {now[1]} after {before[0].name} {before[1]}"
            )
        held.append(lock)
