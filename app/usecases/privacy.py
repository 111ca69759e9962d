"""Erasing personal data of those who ask for it, as far as the law on documents allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.papers import PaperKind
from app.domain.parties import Party
from app.domain.privacy import OpenDocuments
from app.domain.shared.ids import PartyId
from app.domain.shared.objects import ObjectKind
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.privacy import Erasure
from app.usecases.ports.shared import Clock, Work

MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class AnonymiseParty:
    """Empty a third party of personal data, for ever, and archive it.

    Issued documents stay as the law asks: they name the third party by its id. Its custom values and attachments, its
    contacts, addresses and bank accounts, and its traces in kept answers, search and journal go too. So does whoever
    was merged into it.

    Raises NotFound, Anonymised, OpenDocuments with the documents to finish first.
    """

    clock: Clock
    right: ClassVar[Right] = Right.THIRD_PARTIES_ERASE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: PartyId) -> Party:
        """Give the third party as it is from now on."""
        party = work.parties.get(request, lock=True)
        party.known()
        # Locked, so that a document in the making either is seen here or sees the party archived.
        self._nothing_open(work, party.id)
        # Who was merged into it is the same person: their rows still say who that is.
        for one in (party, *(gone for gone in work.parties.merged(party.id) if gone.anonymised_at is None)):
            self._empty(work, one)
        return party

    @staticmethod
    def _nothing_open(work: Work, party: PartyId) -> None:
        waiting = work.privacy.open_documents(party, MOST_NAMED)
        if waiting:
            raise OpenDocuments(
                party=party,
                refs=[one.ref for one in waiting],
                documents=[{"document": one.document, "id": one.id, "ref": one.ref} for one in waiting],
            )

    def _empty(self, work: Work, party: Party) -> None:
        words = told_by(party)
        event = party.anonymise(self.clock.now())
        work.parties.save(party)
        work.contacts.forget(party.id)
        work.party_addresses.forget(party.id)
        work.party_accounts.forget(party.id)
        work.fields.index(ObjectKind.THIRD_PARTIES, party.id, (), fresh=False)
        work.attachments.forget(ObjectKind.THIRD_PARTIES, party.id)
        work.papers.forget(PaperKind.STATEMENT, party.id)
        work.journal.erase(ObjectKind.THIRD_PARTIES.value, party.id)
        work.privacy.forget(Erasure(party=party.id, name=party.name, words=words))
        work.outbox.add(event)


def told_by(party: Party) -> tuple[str, ...]:
    """Give the words that tell who a third party is and hardly ever stand for another; not its name or its city."""
    known = (party.email, party.phone, party.tax_id, party.address.street, party.customer_code, party.supplier_code)
    return tuple(word for word in known if word)
