"""What the use cases of proposals need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from app.domain.sales import Proposal
from app.domain.shared.ids import ProposalId


class Proposals(Protocol):
    """Proposals of the context's company, always whole: header, lines and what was made from them."""

    def get(self, proposal: ProposalId, *, lock: bool = False) -> Proposal:
        """Give a proposal, locked until the end of the transaction if asked. Raises NotFound."""
        ...

    def former(self, proposal: ProposalId) -> ProposalId | None:
        """Give the version that a proposal revises, without reading either; None also where there is no proposal."""
        ...

    def later(self, proposal: ProposalId) -> ProposalId | None:
        """Give the version that revises a proposal, whatever its state."""
        ...

    def add(self, proposal: Proposal) -> None:
        """Store a new proposal, set its id, and its ref to ``(PROV<id>)``."""
        ...

    def save(self, proposal: Proposal, *, lines: bool = True) -> None:
        """Store changes and move the version; ``lines=False`` when only state, ref and days changed. Raises Stale."""
        ...

    def delete(self, proposal: Proposal) -> None:
        """Remove a draft of that version. Raises Stale."""
        ...

    def lock_lapsed(self, today: date, most: int) -> Sequence[Proposal]:
        """Give up to ``most`` open proposals whose last day is before ``today``, without lines, locked by id."""
        ...

    def save_states(self, proposals: Iterable[Proposal]) -> None:
        """Store the states of locked proposals, set-wise, and move their versions. Raises Stale."""
        ...
