"""Merging of third parties that were entered twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.parties import Party, PartyMerged
from app.domain.shared.errors import NotFound, UnknownReference
from app.domain.shared.ids import PartyId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.parties.parties import take_codes
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Numbering


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Which third party goes, and which stands in its place."""

    party: PartyId
    into: PartyId


@dataclass(frozen=True, slots=True)
class MergeParty:
    """Merge a third party into another, for ever: documents, prices, contacts, accounts, files and the like follow.

    Fields and custom values that the other lacks are taken over. What is sealed still says whom it was made out to.

    Raises NotFound, UnknownReference, MergedWithItself, Anonymised, PartyGone, PartyArchived.
    """

    clock: Clock
    numbering: Numbering
    right: ClassVar[Right] = Right.THIRD_PARTIES_MERGE
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Merge) -> Party:
        """Give the third party that stands."""
        self._look(work, request)
        work.merging.move_documents(request.party, request.into)
        found = {key: work.parties.get(key, lock=True) for key in sorted({request.party, request.into})}
        gone, stands = found[request.party], found[request.into]
        merged = stands.merge(gone)  # again: somebody may have been quicker
        before = stands.custom
        stands.custom = {**gone.custom, **before}
        take_codes(work, context, self.numbering, stands, self.clock)
        self._unite_accounts(work, gone.id, stands.id)
        work.merging.move_belongings(gone.id, stands.id)
        work.parties.save(gone)
        work.parties.save(stands)
        self._index(work, stands, gone, changed=stands.custom != before)
        work.outbox.add(merged)
        return stands

    @staticmethod
    def _look(work: Work, request: Merge) -> PartyMerged:
        """Refuse before anything is moved."""
        gone = work.parties.get(request.party)
        try:
            into = work.parties.get(request.into)
        except NotFound as error:
            raise UnknownReference(at=("into",), kind="third party", value=request.into) from error
        return into.merge(gone)

    @staticmethod
    def _unite_accounts(work: Work, gone: PartyId, stands: PartyId) -> None:
        """Drop accounts that the other has already; a mandate that was given for one of them goes on."""
        theirs = work.party_accounts.of(gone)
        own = {one.iban: one for one in work.party_accounts.of(stands)} if theirs else {}
        chosen = any(one.preferred for one in own.values())
        for twin in (one for one in theirs if one.iban in own):
            if own[twin.iban].take_over(twin, chosen=chosen):
                work.party_accounts.save(own[twin.iban])
            work.party_accounts.delete(twin)

    @staticmethod
    def _index(work: Work, stands: Party, gone: Party, *, changed: bool) -> None:
        """Let the one that stands be found by the custom values it took over, and the other by none."""
        if changed:
            known = {field.name: field for field in work.fields.of(ObjectKind.THIRD_PARTIES)}
            entries = tuple(known[name].entry(value) for name, value in stands.custom.items())
            work.fields.index(ObjectKind.THIRD_PARTIES, stands.id, entries, fresh=False)
        if gone.custom:
            work.fields.index(ObjectKind.THIRD_PARTIES, gone.id, (), fresh=False)
