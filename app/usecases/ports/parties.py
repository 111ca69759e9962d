"""What the use cases of third parties need from outside."""

from __future__ import annotations

from typing import Protocol

from app.domain.parties import Party
from app.domain.shared.ids import PartyId


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

    def add(self, party: Party) -> None:
        """Store a new third party and set its id. Raises Taken for a code."""
        ...

    def save(self, party: Party) -> None:
        """Store changes and move the version. Raises Stale, Taken."""
        ...
