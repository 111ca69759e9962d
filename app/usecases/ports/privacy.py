"""What erasing a third party needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.shared.ids import PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDocument:
    """A document that is still being worked on: order, shipment or invoice."""

    document: str
    id: int
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Whose traces go: the id, the name it has from now on, and the words that told who it was."""

    party: PartyId
    name: str
    words: tuple[str, ...]


class Privacy(Protocol):
    """Where third parties of the context's company are, and where they have left traces."""

    def open_documents(self, party: PartyId, most: int) -> Sequence[OpenDocument]:
        """Give up to ``most`` documents of the party that are not done."""
        ...

    def forget(self, erasure: Erasure) -> None:
        """Remove what the party has left outside its own row: kept answers, events on their way out."""
        ...
