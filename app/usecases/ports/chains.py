"""What verifying the books needs from outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from app.domain.chains import Head, Linked
from app.domain.shared.series import SeriesKind


class Balance(StrEnum):
    """What two places of the books must say alike."""

    STOCK_LEVELS = "stock_levels"
    STOCK_COSTS = "stock_costs"
    STOCK_VALUES = "stock_values"
    SETTLEMENTS = "settlements"
    PAYMENTS = "payments"
    TOTALS = "totals"
    STATES = "states"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two places that say different things of one object: ``what`` with ``id``, told and counted, as plain numbers."""

    balance: Balance
    what: str
    id: int
    told: str
    counted: str


class Chains(Protocol):
    """The series and sealed documents of the context's company."""

    def heads(self) -> Sequence[Head]:
        """Give the end of every series, by kind and period; ``rows_to`` is not looked for."""
        ...

    def ends(self, kind: SeriesKind, period: str | None) -> Sequence[Head]:
        """Give the ends of a kind's chains by period, with ``rows_to``, as they were at one moment.

        ``period`` of None means all. Numbered documents whose series row is gone have a head that says 0 documents.
        """
        ...

    def rows(self, kind: SeriesKind, period: str, to: int) -> Iterator[Linked]:
        """Give the documents numbered 1 to ``to``, in order, read in batches by number."""
        ...

    def link_at(self, kind: SeriesKind, period: str, number: int) -> str | None:
        """Give the link of one document, None when it is not there."""
        ...

    def disagreements(self, balance: Balance, most: int) -> Sequence[Disagreement]:
        """Give up to ``most`` places where the books contradict themselves, each as it was at one moment."""
        ...


class Notary(Protocol):
    """Signs with a key of the installation; who has the public key can check it without us."""

    def sign(self, document: bytes) -> bytes:
        """Give the Ed25519 signature (RFC 8032): 64 bytes."""
        ...

    def signed(self, document: bytes, signature: bytes) -> bool:
        """Tell whether the signature is ours over exactly these bytes."""
        ...

    def public_pem(self) -> bytes:
        """Give the public key as PEM (SubjectPublicKeyInfo)."""
        ...


class Archive(Protocol):
    """Where signed heads are kept: one document a day, never overwritten."""

    def keep(self, on: date, document: bytes, signature: bytes, public_pem: bytes) -> str | None:
        """Store the document of a day durably and give its place; None when that day has one already."""
        ...

    def has(self, on: date) -> bool:
        """Tell whether that day has a document."""
        ...
