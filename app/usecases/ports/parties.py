"""What the use cases of third parties need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from app.domain.parties import Belonging, Outstanding, Party, PaymentTerms
from app.domain.shared.dates import Day
from app.domain.shared.ids import PartyId, PaymentTermsId

Kept = TypeVar("Kept", bound=Belonging)


class Parties(Protocol):
    """Third parties of the context's company."""

    def get(self, party: PartyId, *, hold: bool = False, lock: bool = False) -> Party:
        """Give a third party. Raises NotFound.

        Until the end of the transaction ``hold`` keeps it from being anonymised, and ``lock`` whoever holds it waiting.
        """
        ...

    def find(self, *, customer_code: str | None = None, supplier_code: str | None = None) -> Party | None:
        """Give the third party with the one code named."""
        ...

    def merged(self, into: PartyId) -> Sequence[Party]:
        """Give those that were merged into a third party, by id."""
        ...

    def add(self, party: Party) -> None:
        """Store a new third party and set its id. Raises Taken for a code."""
        ...

    def save(self, party: Party) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...


class Belongings(Protocol[Kept]):
    """What belongs to third parties of the context's company, of one kind."""

    def of(self, party: PartyId) -> Sequence[Kept]:
        """Give what belongs to a third party, oldest first."""
        ...

    def get(self, party: PartyId | None, key: int) -> Kept:
        """Give one of them, of the third party if that is said. Raises NotFound."""
        ...

    def add(self, one: Kept) -> None:
        """Store a new one and set its id. Raises Taken."""
        ...

    def save(self, one: Kept) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...

    def delete(self, one: Kept) -> None:
        """Remove one of that version. Raises Stale."""
        ...

    def prefer(self, one: Kept) -> None:
        """Let no other of its group be the preferred one."""
        ...

    def forget(self, party: PartyId) -> None:
        """Remove all that belongs to a third party."""
        ...


class Terms(Protocol):
    """Payment terms of the context's company."""

    def get(self, terms: PaymentTermsId) -> PaymentTerms:
        """Give payment terms. Raises NotFound."""
        ...

    def add(self, terms: PaymentTerms) -> None:
        """Store new terms and set their id. Raises Taken for the name."""
        ...

    def save(self, terms: PaymentTerms) -> None:
        """Store name and whether they are archived, and move the version. Raises Stale, Taken."""
        ...


class Credits(Protocol):
    """What customers of the context's company owe."""

    def lock(self, party: PartyId) -> None:
        """Let nobody else sell to the customer on credit until the transaction ends; before series, after all else."""
        ...

    def outstanding(self, party: PartyId, today: Day) -> Outstanding:
        """Give what a customer owes; ``overdue`` is what was due before ``today``."""
        ...


class Merging(Protocol):
    """Moves what names one third party to another, set-wise."""

    def move_documents(self, party: PartyId, into: PartyId) -> None:
        """Let the documents name ``into``; sealed ones keep whom their link names. Locks them, before any party."""
        ...

    def move_belongings(self, party: PartyId, into: PartyId) -> None:
        """Let what is no document name ``into``. Raises RolledBack when a document was entered meanwhile.

        Both are locked by then, and have no bank account in common. Of prices agreed on a product those of ``into`` go
        before, and the others are dropped.
        """
        ...
